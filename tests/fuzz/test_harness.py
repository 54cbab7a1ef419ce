"""The fuzzer does the same again for the same seed, and notices what it is there to notice."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from fuzz.cases import Case, case, corpus
from fuzz.grammar import SUFFIXES, make
from fuzz.minimise import minimise
from fuzz.mutate import mutate, tokens
from fuzz.outcome import Outcome, of_exception
from xpiler import platforms
from xpiler.fault import Fault
from xpiler.text.read import read


def test_a_campaign_is_a_function_of_its_seed(tmp_path: Path) -> None:
    known = corpus(tmp_path)
    first, second, other = ([case(seed, k, known) for k in range(40)] for seed in (7, 7, 8))
    assert first == second != other


def test_the_corpus_grows_and_is_found_again(tmp_path: Path) -> None:
    known = corpus(tmp_path)
    odd = Case("int \x00 \r\n\ud800;", ".cu")
    known.add(3, odd)
    assert corpus(tmp_path).cases == known.cases and odd in known.cases


@pytest.mark.slow
def test_the_grammar_makes_kernels_of_every_language() -> None:
    made = [make(Random(k)) for k in range(60)]
    assert {suffix for _, suffix in made} == set(SUFFIXES.values())
    legal = 0
    for text, suffix in made[:30]:
        dialect = next(d for d, s in SUFFIXES.items() if s == suffix)
        geometry = {"cuda": {"block.x": "4", "thread.x": "64"}, "bang": {"task": "4"}}
        try:
            read(text, platforms.get(dialect), geometry=geometry.get("cuda" if dialect == "hip" else dialect))
            legal += 1
        except Fault:
            continue
    assert legal >= 6


def test_a_mutation_changes_pieces_of_the_text() -> None:
    text = "__global__ void k(float* a) { a[threadIdx.x] += 1.0f; }\n"
    assert "".join(tokens(text)) == text
    assert len({mutate(Random(k), text, [text]) for k in range(50)}) > 30


class Fake:
    """A bench where one word is the bug."""

    def attempt(self, tried: Case) -> Outcome:
        return Outcome("signal", "SIGSEGV") if "bad" in tried.text else Outcome("fine", "")


def test_a_find_is_made_smaller() -> None:
    text = "".join(f"int x{k} = {k};\n" for k in range(20)) + "int y = bad + 3;\n" + "int z;\n" * 9
    small = minimise(Fake(), Case(text, ".c"), Outcome("signal", "SIGSEGV"), 10)  # type: ignore[arg-type]
    assert small.text == "bad"


def test_an_exception_is_known_by_its_place() -> None:
    with pytest.raises(AttributeError) as caught:
        read(None, platforms.get("c"))  # type: ignore[arg-type]
    outcome = of_exception(caught.value)
    assert outcome.is_find and outcome.what == "AttributeError in text/read.py:read"
    assert not Outcome("fault", "XP1001").is_find
    assert Outcome("fault", "XP1004 `a7` is 7").shape == Outcome("fault", "XP1004 `b` is 12").shape
