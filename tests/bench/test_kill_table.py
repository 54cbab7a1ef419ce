"""The kill table counts what each judge found, goes on where it stopped, and makes no mutants of what is wrong itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from xpiler import platforms
from xpiler.bench import mutants as bench
from xpiler.bench.mutants import Options, Row, Subject, Examined
from xpiler.fault import Fault
from xpiler.verify.ladder import Level, Question
from xpiler.verify.runs.observe import Effort
from xpiler.verify.verdict import CLEAN, COMPILES, EQUAL, READS, WATCHED, Evidence, Refuted, Witness

C = platforms.get("c")
COPY = """void copied(const float* x, float* y) {
  for (int i = 0; i < 20; ++i) {
    y[i] = x[i] - 0.5f;
  }
}
"""
PAST_THE_END = """void past(const float* x, float* y) {
  float t[8];
  for (int i = 0; i < 20; ++i) t[i] = x[i];
  for (int i = 0; i < 20; ++i) y[i] = t[i];
}
"""
QUICK = Options(each=5, effort=Effort(seeds=1, level=0, double=False), level=Level.TESTS)


def row(kind: str, family: str, outcome: str, rungs: dict[str, str], shown: str = "") -> Row:
    return Row(kind, family, 3, 5, "what", outcome, {READS: "spared", **rungs}, shown)


RESULTS = (
    Examined("a.c", "c", (
        row("guard deleted", "memory", "killed", {CLEAN: "killed", WATCHED: "killed"}),
        row("guard deleted", "memory", "killed", {CLEAN: "spared", EQUAL: "killed", WATCHED: "undecided"}),
        row("guard deleted", "memory", "invalid", {READS: "killed"}),
        row("zeros", "whole result", "equivalent", {CLEAN: "spared", EQUAL: "spared", WATCHED: "spared"}, "an argument"),
    )),
    Examined("b.c", "c", (
        row("zeros", "whole result", "survived", {CLEAN: "spared", EQUAL: "spared", WATCHED: "spared"}),
        row("zeros", "whole result", "broken", {}),
    )),
    Examined("c.c", "c", skipped="it does not run"),
)


def test_each_cell_is_what_a_judge_killed_of_what_it_decided() -> None:
    header, rows = bench.table(RESULTS)
    assert header == ("kind", "mutants", "invalid", CLEAN, EQUAL, WATCHED, "killed", "equivalent", "survived")
    by_kind = {r[0]: r[1:] for r in rows}
    assert by_kind["guard deleted"] == ("3", "1", "1/2", "1/1", "1/1", "2", "0", "0")
    assert by_kind["zeros"] == ("3", "0", "0/2", "0/2", "0/2", "0", "1", "2")
    assert by_kind["MEMORY"] == by_kind["guard deleted"] and by_kind["WHOLE RESULT"] == by_kind["zeros"]
    assert by_kind["ALL"] == ("6", "1", "1/4", "1/3", "1/3", "2", "1", "2")
    assert "PARALLELISM" not in by_kind


def test_what_only_one_judge_finds_is_counted() -> None:
    assert bench.alone(RESULTS) == [(CLEAN, "0"), (EQUAL, "1"), (WATCHED, "0")]


def test_survivors_have_a_place_and_equivalents_a_reason() -> None:
    told = list(bench.survivors(RESULTS))
    assert told == ["b.c:3:5: zeros: what (survived)", "b.c:3:5: zeros: what (broken)"]
    assert bench.shown(RESULTS) == [("an argument", "1")]
    assert bench.skipped(RESULTS) == [("c.c", "it does not run")]


def test_a_proof_that_a_run_contradicts_is_told() -> None:
    fooled = row("zeros", "whole result", "killed", {EQUAL: "killed", "equal for all inputs": "spared"})
    raced = row("zeros", "whole result", "killed", {EQUAL: "spared", WATCHED: "killed", "equal for all inputs": "spared"})
    told = list(bench.contradictions((Examined("d.c", "c", (fooled, raced)),)))
    assert len(told) == 1 and told[0].startswith("d.c:3:5: zeros: what (proved by equal for all inputs")


@pytest.mark.slow
def test_a_file_is_measured_and_the_next_time_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "kept.json"
    subject = Subject("copied.c", COPY, C)
    said: list[str] = []
    first = bench.measure([subject], QUICK, 1, kept, said.append)
    assert len(first[0].rows) == 5 and not first[0].skipped
    outcomes = {r.outcome for r in first[0].rows}
    assert "killed" in outcomes and outcomes <= {"killed", "survived", "invalid"}
    assert said[-1].startswith("1 of 1: copied.c ")
    assert len(json.loads(kept.read_text())[0]["rows"]) == 5

    def never(*_: object) -> Examined:
        raise AssertionError("it was measured already")

    monkeypatch.setattr(bench, "examine", never)
    assert bench.measure([subject], QUICK, 1, kept) == first


def test_what_is_wrong_itself_has_no_mutants() -> None:
    for name, text, why in (
        ("past.c", PAST_THE_END, "source runs clean"), ("no.c", "int x;\n", "no kernel"),
    ):
        tested = bench.examine(Subject(name, text, C), QUICK)
        assert not tested.rows and why in tested.skipped, tested


def test_a_compiler_that_refuses_the_source_says_nothing_of_its_mutants(monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(question: Question, *, every: bool = False) -> Iterator[Evidence]:
        yield Evidence(refused, Refuted(Witness("another dialect")))

    monkeypatch.setattr(bench, "climb", refusing)
    refused = COMPILES
    tested = bench.examine(Subject("copied.c", COPY, C), replace(QUICK, each=2, level=Level.USUAL))
    assert len(tested.rows) == 2 and not any(COMPILES in r.rungs for r in tested.rows)
    refused = CLEAN
    tested = bench.examine(Subject("copied.c", COPY, C), QUICK)
    assert not tested.rows and "another dialect" in tested.skipped


def test_a_judge_that_breaks_is_a_row_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise ValueError("what now")

    monkeypatch.setattr(bench, "judged", breaks)
    tested = bench.examine(Subject("copied.c", COPY, C), QUICK)
    assert {r.outcome for r in tested.rows} == {"broken"} and "what now" in tested.rows[0].why


def test_a_directory_is_a_suite_and_an_empty_one_is_not(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text(COPY)
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "b.cu").write_text("")
    assert [(s.name, s.platform.name) for s in bench.subjects(tmp_path)] == [("a.c", "c"), ("b.cu", "cuda")]
    assert [s.name for s in bench.subjects(tmp_path, "*.c")] == ["a.c"]
    assert [s.name for s in bench.subjects(tmp_path, limit=1)] == ["a.c"]
    with pytest.raises(Fault) as fault:
        bench.subjects(tmp_path, "*.mlu")
    assert fault.value.code == "XP3020"


def test_results_that_are_none_are_told(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    kept.write_text('[{"name": "a"}]')
    with pytest.raises(Fault) as fault:
        bench.measure([], QUICK, 1, kept)
    assert fault.value.code == "XP3020"
