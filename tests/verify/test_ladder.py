"""The ladder: who is asked, in which order, and when it stops."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import ROOT
from xpiler import platforms
from xpiler.ir.nodes import Buffer, Program, Var
from xpiler.text.read import read
from xpiler.verify import ladder
from xpiler.verify.ladder import LADDER, Level, Question, Rung, Side, climb, meanings, not_tried
from xpiler.verify.runs.observe import Effort, observe
from xpiler.verify.verdict import CLEAN, Evidence, Proved, Refuted, Unknown, Witness

C = platforms.get("c")
TEXT = "void f(const float* x, float* y, int n) { for (int i = 0; i < n; ++i) y[i] = 2.0f * x[i]; }\n"
OTHER = "void g(float* out, int count, const float* in) { for (int i = 0; i < count; ++i) out[i] = 2.0f * in[i]; }\n"


def question(target: str = TEXT, level: Level = Level.USUAL, **more: object) -> Question:
    source, other = (Side(t, C, read(t, C, "f.c"), "f.c") for t in (TEXT, target))
    source = replace(source, program=sized(source.program))
    reference = observe(TEXT, C, source.program, effort=Effort(seeds=1, level=0), let={"n": 7})
    return Question(source, other, reference, level=level, **more)  # type: ignore[arg-type]


def sized(program: Program) -> Program:
    """With arrays of n elements, which nothing in the text says."""
    assert program.launcher is not None
    n = next(p for p in program.launcher.params if isinstance(p, Var))
    params = tuple(replace(p, extent=n) if isinstance(p, Buffer) else p for p in program.launcher.params)
    return replace(program, launcher=replace(program.launcher, params=params))


def rung(name: str, verdict: Proved | Refuted | Unknown, seen: list[str], level: Level = Level.TESTS) -> Rung:
    def ask(q: Question) -> tuple[Evidence, ...]:
        seen.append(name)
        return (Evidence(name, verdict),)

    return Rung({name: name}, level, ask)


WRONG = Refuted(Witness("it differs"))


def names(evidence: object) -> list[str]:
    return [e.rung for e in evidence]  # type: ignore[attr-defined]


def test_it_stops_at_the_first_refutation(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = list[str]()
    steps = (rung("a", Proved("a"), seen), rung("b", WRONG, seen), rung("c", Proved("c"), seen))
    monkeypatch.setattr(ladder, "LADDER", steps)
    assert names(climb(question())) == ["a", "b"]
    assert names(climb(question(), every=True)) == ["a", "b", "c"]
    monkeypatch.setattr(ladder, "LADDER", steps[1:])
    seen.clear()
    assert names(climb(question())) == ["b"] and seen == ["b"]


def test_unknown_does_not_stop_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "LADDER", (rung("a", Unknown("why"), []), rung("b", Proved("b"), [])))
    assert names(climb(question())) == ["a", "b"]


def test_levels_add_rungs(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = tuple(rung(level.name, Proved("x"), [], level) for level in Level)
    monkeypatch.setattr(ladder, "LADDER", steps)
    for level in Level:
        assert names(climb(question(level=level))) == [other.name for other in Level if other <= level]


def test_every_rung_climbs_on_two_files_with_other_names_and_order() -> None:
    asked = question(OTHER, Level.FULL, pairs={"x": "in", "y": "out", "n": "count"}, let={"n": 7})
    found = list(climb(asked, every=True))
    assert not [e for e in found if isinstance(e.verdict, Refuted)]
    assert names(found) == [name for r in LADDER for name in r.means]
    shown = {e.rung for e in found if isinstance(e.verdict, Proved)}
    assert {"runs clean", "equal on tests", "in bounds", "free of races", "sane when watched"} <= shown


def test_every_rung_is_told_of_in_the_manual_with_its_own_words() -> None:
    rows = (ROOT / "docs" / "evidence.md").read_text().splitlines()
    levels = {name: r.level.name.lower() for r in LADDER for name in r.means}
    for name, text in meanings().items():
        assert any(row.startswith(f"| {name} | {text} | {levels.get(name, 'tests')} |") for row in rows), name
    assert sum(row.startswith("| ") and row.count("|") == 5 for row in rows) - 1 == len(meanings())


def test_what_was_not_tried_is_known() -> None:
    assert "equal on tests" in not_tried([Evidence("reads back", Proved("x"))])
    assert not not_tried([Evidence(name, Unknown("x")) for name in meanings()])


DIES = """\
extern "C" void _exit(int);
void f(const float* x, float* y, int n) { for (int i = 0; i < n; ++i) y[i] = 2.0f * x[i]; LAST }
"""


def test_what_the_machine_does_to_a_run_or_a_build_refutes_nothing(tmp_path: Path) -> None:
    """126 is how a run ends that could not even be started."""
    for asked in (question(TEXT, Level.TESTS, cache=Path("/dev/null")), _ends("_exit(126);")):
        (clean, *_) = climb(asked)
        assert clean.rung == CLEAN and isinstance(clean.verdict, Unknown), clean


def test_what_a_text_does_to_its_run_does() -> None:
    (clean, *_) = climb(_ends("_exit(3);"))
    assert clean.rung == CLEAN and isinstance(clean.verdict, Refuted)


def _ends(last: str) -> Question:
    """A question about a target that leaves its run in this way."""
    asked = question(TEXT, Level.TESTS)
    return replace(asked, target=replace(asked.target, text=DIES.replace("LAST", last), platform=platforms.get("vnni")))


def test_a_judge_whose_machine_fails_has_not_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Question) -> tuple[Evidence, ...]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ladder, "LADDER", (Rung({"a": "a"}, Level.TESTS, full),))
    (found,) = climb(question())
    assert isinstance(found.verdict, Unknown) and "No space left" in found.verdict.reason
