"""The compilers' rung: verdicts in words, and answers that are kept."""

from __future__ import annotations

import shutil
from importlib import import_module
from pathlib import Path

import pytest

from xpiler import platforms
from xpiler.platforms.toolchain import Checked, Outcome, Rejected, Unavailable, Workshop
from xpiler.verify.compiles import compiles
from xpiler.verify.verdict import COMPILES, Proved, Refuted, Unknown

C = platforms.get("c")
pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="no g++ on PATH")


class Asked:
    """A toolchain's `compile` that counts how often it is asked."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome, self.times = outcome, 0

    def __call__(self, text: str, target: str, shop: Workshop) -> Outcome:
        self.times += 1
        return self.outcome


@pytest.fixture
def identity(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found = ["cc 1"]
    monkeypatch.setattr(import_module("xpiler.platforms.c.toolchain"), "identity", lambda: found[0])
    return found


def _plant(monkeypatch: pytest.MonkeyPatch, outcome: Outcome) -> Asked:
    asked = Asked(outcome)
    monkeypatch.setattr(import_module("xpiler.platforms.c.toolchain"), "compile", asked)
    return asked


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc on PATH")
def test_the_scope_names_compiler_and_version(tmp_path: Path) -> None:
    found = compiles("int f(void) { return 1; }\n", C, cache=tmp_path)
    assert found.rung == COMPILES
    assert isinstance(found.verdict, Proved)
    assert found.verdict.scope.startswith("gcc ")
    assert any(letter.isdigit() for letter in found.verdict.scope.split(",")[0])


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc on PATH")
def test_a_refusal_has_the_compilers_words(tmp_path: Path) -> None:
    verdict = compiles("int f(void) { return x; }\n", C, cache=tmp_path).verdict
    assert isinstance(verdict, Refuted)
    assert "gcc" in verdict.witness.what
    assert any("undeclared" in line for line in verdict.witness.findings)


@pytest.mark.parametrize("outcome", [Checked("ISA", "cc 1", ("a",)), Rejected("k.c:1: error: no\nmore", "cc 1")])
def test_answers_are_kept_by_text_and_compiler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, identity: list[str], outcome: Outcome
) -> None:
    asked = _plant(monkeypatch, outcome)
    first = compiles("one", C, cache=tmp_path).verdict
    assert compiles("one", C, cache=tmp_path).verdict == first
    assert asked.times == 1
    compiles("two", C, cache=tmp_path)
    assert asked.times == 2
    identity[0] = "cc 2"
    compiles("one", C, cache=tmp_path)
    assert asked.times == 3


def test_what_was_not_decided_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, identity: list[str]
) -> None:
    asked = _plant(monkeypatch, Unavailable("late"))
    assert compiles("one", C, cache=tmp_path).verdict == Unknown("late")
    asked.outcome = Checked("ISA", "cc 1")
    assert isinstance(compiles("one", C, cache=tmp_path).verdict, Proved)


def test_a_damaged_answer_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, identity: list[str]
) -> None:
    asked = _plant(monkeypatch, Checked("ISA", "cc 1"))
    compiles("one", C, cache=tmp_path)
    for kept in (tmp_path / "compiled").iterdir():
        kept.write_bytes(kept.read_bytes()[:-1] + b"?")
    assert isinstance(compiles("one", C, cache=tmp_path).verdict, Proved)
    assert asked.times == 2
