"""The proposer that makes mistakes: seeded, so many, of the families asked for, and really made."""

from __future__ import annotations

from collections import Counter

from tests.conftest import ROOT
from xpiler import platforms
from xpiler.bench.ablation import GIVEN_UP, REPAIRED, UNTOUCHED, Outcome, kinds, mistakes, rows
from xpiler.propose.faulty import RATES, faulty

BANG = platforms.get("bang")
TEXT = (ROOT / "examples" / "softmax.mlu").read_text()


def made(count: int, seed: int, rates: dict[str, float] | None = None):  # type: ignore[no-untyped-def]
    return faulty(TEXT, lambda *a: mistakes(BANG, *a), count, seed, rates or dict(RATES))


def test_equal_seeds_make_equal_mistakes_and_others_do_not() -> None:
    assert made(2, 7) == made(2, 7)
    assert len({made(1, seed).text for seed in range(6)}) > 2


def test_so_many_mistakes_are_made() -> None:
    for count in (1, 2, 3):
        proposal = made(count, 3)
        assert len(proposal.mistakes) == count and proposal.text == proposal.mistakes[-1].text != TEXT


def test_families_come_as_often_as_asked() -> None:
    assert {m.family for seed in range(6) for m in made(1, seed, {"memory": 1.0}).mistakes} == {"memory"}
    seen = Counter(m.family for seed in range(24) for m in made(1, seed).mistakes)
    assert set(seen) <= set(RATES) and seen["memory"] < seen["instruction"] + seen["parallelism"]


def test_the_tables_count_what_was_broken() -> None:
    results = [
        Outcome("a", 1, ("half the length",), ("w",), REPAIRED, off=0, seconds=1.0),
        Outcome("b", 1, ("half the length",), ("w",), GIVEN_UP, seconds=9.0),
        Outcome("c", 2, ("short array", "wrong pitch"), ("w", "v"), UNTOUCHED),
    ]
    table = {row[0]: row for row in rows(results)}
    assert table["1"][1:5] == ("2", "0", "1 (50%)", "1") and table["2"][1:3] == ("1", "1")
    assert table["all"][5] == "67%"
    assert kinds(results) == [("half the length", "2", "1", "1")]
