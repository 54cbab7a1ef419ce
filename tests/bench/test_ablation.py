"""The tables of ablation and of localisation: what is counted, and that each row does what it says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.propose.test_neural_road import RIGHT, WRONG, Script, fenced
from tests.test_bad_input import GOOD
from xpiler import engine, platforms
from xpiler.bench import ablation, asked, matrix, precision
from xpiler.bench.ablation import MENDED, RULES, STEPS, WHOLE, Went, corrected, parts
from xpiler.bench.case import Case
from xpiler.bench.matrix import Item
from xpiler.cli import app
from xpiler.neural_road import Stage
from xpiler.propose.exchange import Reply, Request, Use
from xpiler.propose.neural import Model, WholeProgram
from xpiler.verify.ladder import Level

SUITE = Path(__file__).parents[2] / "benchmarks"
QUICK = engine.Options(seeds=1, budget=20.0, level=Level.TESTS, repair=0.0)


def item(folder: Path, **more: int) -> Item:
    path = folder / "twice.cu"
    path.write_text(GOOD)
    return Item(Case(path, "twice", {"n": 300}), "cuda", "c", **more)


def test_a_case_with_mistakes_has_a_name_of_its_own(tmp_path: Path) -> None:
    assert item(tmp_path).name == "cuda -> c twice"
    assert len({item(tmp_path, mistakes=n, seed=s).name for n in (0, 1, 2) for s in (0, 1)}) == 5


def test_parts_are_counted_in_the_order_of_the_paper_and_beside_it() -> None:
    def one(**went: bool) -> ablation.Outcome:
        names = {"whole": WHOLE, "mended": f"{WHOLE}, {MENDED}", "steps": STEPS, "rules": RULES}
        return ablation.Outcome("a", 1, (), (), "", went={names[k]: Went(v, 2.0) for k, v in went.items()})

    table = parts([one(rules=True, mended=True, whole=False), one(rules=True, mended=False, whole=False, steps=True)],
                  [("cuda", "bang")])
    assert [r[0] for r in table] == [WHOLE, f"{WHOLE}, {MENDED}", STEPS, RULES]
    assert [r[1:3] for r in table] == [("2", "0%"), ("2", "50%"), ("1", "100%"), ("2", "100%")]
    assert table[0][4] == "48.2" and table[2][4] == "54.2" and table[3][4] == ""


def test_outcomes_come_back_from_a_file() -> None:
    outcome = ablation.Outcome("a", 1, ("k",), ("w",), "repaired", ("3: x",), 0, went={WHOLE: Went(False, 1.5)})
    plain = ablation.Outcome.from_json(outcome.to_json())
    assert plain == outcome
    mutant = precision.Mutant("k", "f", "w", 3, precision.MEASURED, 0, {precision.WRITER: precision.Found((4,), 2)})
    located = precision.Outcome("a", precision.MEASURED, (mutant,))
    assert precision.Outcome.from_json(located.to_json()) == located


def test_it_is_an_option_of_bench_too(tmp_path: Path) -> None:
    """What was measured before is shown again, under either name."""
    done = ablation.Outcome("cuda -> hip sign_12_3_128", 1, ("k",), ("w",), ablation.UNTOUCHED,
                            went={WHOLE: Went(True, 1.5)})
    every = [replace(done, name=item.name) for item in (
        replace(i, mistakes=n, seed=3) for i in matrix.chosen(SUITE, [("cuda", "hip")], "sign", "*", 1, 3)
        for n in range(1, 5))]
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps([o.to_json() for o in every]))
    asked = ["--suite", str(SUITE), "-d", "cuda:hip", "--operator", "sign", "--each", "1", "--seed", "3"]
    two, one = (CliRunner().invoke(app, ["bench", *form, *asked, "--out", str(kept), "--json"])
                for form in (["--ablation"], ["ablation"]))
    assert (two.exit_code, two.stdout) == (0, one.stdout) and len(json.loads(one.stdout)) == 4


def test_what_is_shown_is_corrected_and_nothing_else() -> None:
    right = "void f(const float *x, float *y) {\n  for (int i = 0; i < 64; ++i)\n    y[i] = x[i] +\n      2.0f;\n}\n"
    wrong = right.replace("i < 64", "i < 63").replace("2.0f", "3.0f")
    c = platforms.get("c")
    assert corrected(wrong, right, c, (2,)) == wrong.replace("i < 63", "i < 64")
    assert corrected(wrong, right, c, (3,)) == wrong.replace("3.0f", "2.0f"), "a statement is one, on however many lines"
    assert corrected(wrong, right, c, ()) == wrong and corrected(wrong, "void f();", c, (2,)) == wrong


def test_distances_and_ranks_are_counted() -> None:
    def mutant(line: int, first: int, rank: int, rule: int = 0) -> precision.Mutant:
        found = {m: precision.Found((first,), rank) for m in precision.METHODS}
        return precision.Mutant("half the length", "memory", "", line, precision.MEASURED, rule, found)

    outcome = precision.Outcome("a", precision.MEASURED, (
        mutant(5, 5, 1), mutant(5, 7, 2), mutant(5, 12, 0), mutant(5, 6, 4, rule=6),
        precision.Mutant("half the length", "memory", "", 1, precision.EQUAL)))
    every = {(r[0], r[1]): r[2:] for r in precision.rows([outcome])}
    assert every["all", precision.WRITER] == ("4", "25", "50", "75", "2", "2", "25", "75", "25")
    assert every["a rule is broken", precision.WRITER][:3] == ("1", "0", "100")
    assert precision.kinds([outcome])[0][:3] == ("half the length", precision.WRITER, "4")


@pytest.mark.slow
def test_every_row_of_the_faulty_proposer(tmp_path: Path) -> None:
    """Repair follows where the proposal is wrong; the rules alone are right, since it breaks what they made."""
    (done,) = ablation.measure([item(tmp_path, mistakes=2, seed=3)], ablation.Options(QUICK, 45.0), 1)
    assert done.outcome in (ablation.REPAIRED, ablation.GIVEN_UP, ablation.UNTOUCHED) and len(done.what) == 2
    assert set(done.went) == set(ablation.ROWS) and done.went[RULES].correct
    assert done.went[f"{WHOLE}, {MENDED}"].correct == (done.outcome != ablation.GIVEN_UP)
    assert done.went[WHOLE].correct == (done.outcome == ablation.UNTOUCHED)


@pytest.mark.slow
def test_localisation_is_measured_on_single_mistakes(tmp_path: Path) -> None:
    (done,) = precision.measure([item(tmp_path, mistakes=4, seed=1)], QUICK, 1)
    assert done.outcome == precision.MEASURED
    for m in done.mutants:
        assert m.outcome != precision.MEASURED or m.found is not None and set(m.found) == set(precision.METHODS)


@pytest.mark.slow
def test_a_model_is_asked_the_same_only_once_for_all_rows(tmp_path: Path) -> None:
    """Alone it is wrong; told why, it is right. Rules never stand in for it."""
    script = Script(fenced(WRONG), fenced(RIGHT))
    options = asked.Options(QUICK, Model("stub", script), lambda s, t: [(WHOLE, (Stage(WholeProgram()),))], tries=2,
                            repair=0.0)
    (done,) = asked.measure([item(tmp_path)], options, 1)
    assert {row: w.correct for row, w in done.went.items()} == {
        WHOLE: False, f"{WHOLE}, {ablation.DEBUGGED}": True, f"{WHOLE}, {MENDED}": False, RULES: True}
    assert len(script.asked) == 2 and done.outcome == asked.ASKED and "must be" not in done.name


def test_once_keeps_answers_by_what_was_asked() -> None:
    given: list[int] = []

    def ask(request: Request, seconds: float) -> Reply:
        given.append(request.nth)
        return Reply(str(request.nth), "stop", Use(1, 1))

    once = asked.Once(ask)
    said = [once(Request("m", (), nth=n), 1.0) for n in (0, 1, 0)]
    assert given == [0, 1] and said[0] is said[2]
