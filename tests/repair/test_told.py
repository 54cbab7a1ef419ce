"""Values that candidates are asked for: what tells, what a run had of them, and which mistake shows in between."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from xpiler import platforms
from xpiler.emulate.build import build
from xpiler.emulate.entry import Entry, Limits, Run, Seen
from xpiler.emulate.many import LATE, rounded, run_many
from xpiler.ir.nodes import Program
from xpiler.repair.hole import Hole
from xpiler.repair.holes import gaps, holes
from xpiler.repair.instrument import instrumented
from xpiler.repair.mend import mend
from xpiler.repair.nodes import Node, United
from xpiler.repair.score import Run as Tried
from xpiler.repair.score import Score, Trials
from xpiler.repair.sketch import Sketch
from xpiler.repair.told import Had, Wanted, wanted
from xpiler.repair.sparing import sparing
from xpiler.text.read import read
from xpiler.text.sites import Sites
from xpiler.verify.signature import signature

# The right one is (x + 1) * 2 - 3; this one has a mistake in each step, so no change alone makes anything right.
WRONG = """void f(const float *x, float *y) {
    for (int i = 0; i < 32; ++i) {
        float a = x[i] + 2.0f;
        float b = a * 4.0f;
        y[i] = b - 6.0f;
    }
}
"""
X = np.linspace(0.3, 9.7, 32, dtype=np.float32)


@pytest.fixture(scope="module")
def at() -> Sites:
    platform = platforms.get("c")
    return Sites(WRONG, platform, read(WRONG, platform, "t"), "t")


@pytest.fixture(scope="module")
def asked(at: Sites) -> Wanted:
    """What the right program would tell, by the places of this one."""
    values = {"x[i]": X, "x[i] + 2.0f": X + 1, "a * 4.0f": (X + 1) * 2, "b - 6.0f": (X + 1) * 2 - 3}
    told = [(Seen(32, 1, np.asarray(values[w.spelled], np.float64)), w) for w in instrumented(at).watched
            if w.spelled in values]
    assert len(told) == len(values)
    made = wanted(told, rounded)
    assert made is not None
    return made


def runs(at: Sites, sketch: Sketch, asked: Wanted, picks: list[dict[int, int]], **more: float) -> list[Run]:
    params = signature(at.program).params
    entry = Entry("f", params)
    made = build(sketch.text, platforms.get("c"), entry, many=True)
    inputs = {"x": X, "y": np.zeros(32, np.float32)}
    return run_many(made, entry, inputs, Limits(), picks, each=1.0, wanted=asked.keys, **more)


def picked(at: Sites, found: tuple[Hole, ...], spelled: str, new: str) -> dict[int, int]:
    return next({k: c} for k, h in enumerate(found) if at.data[h.start:h.end].decode() == spelled
                for c, choice in enumerate(h.choices, 1) if choice.spelled == new)


def test_a_mistake_that_others_hide_shows_in_between(at: Sites, asked: Wanted) -> None:
    sketch = Sketch(at.data, holes(at), places=instrumented(at).places)
    add, factor = (picked(at, sketch.holes, *x) for x in (("2.0f", "1.0f"), ("4.0f", "2.0f")))
    done = runs(at, sketch, asked, [{}, add, factor, add | factor])
    had = [asked.had(r.met).share for r in done if r.met is not None]
    assert len(had) == 4 and had[1] >= had[0] + 0.2 and had[3] >= had[1] + 0.2
    assert abs(had[2] - had[0]) < 0.1, "a right factor of a wrong sum makes nothing right"


def test_mistakes_that_hide_each_other_are_undone_one_by_one() -> None:
    """By a search that sees no right result before the last one, but the values on the way there."""
    right = [("x[i] + 1.0f",), ("a * 2.0f", "a * (4.0f / 2)"), ("b - 3.0f", "b - (6.0f / 2)")]
    three = Wanted(np.arange(3, dtype=np.uint64), np.arange(3), np.arange(3))
    platform = platforms.get("c")

    def score(text: str) -> Score:
        good = [any(t in text.replace("(1.0f)", "1.0f") for t in some) for some in right]
        bits = np.logical_and.accumulate(good)
        return Score(float(bits.all()), near=0.4, had=Had(three, bits), mark=hash(text))

    def sketch(text: str, beside: Sequence[str]) -> Tried | tuple[int, ...]:
        at = sites[-1]
        both = (Sketch(at.data, find(at), places=instrumented(at).places, besides=sparing(at)) for find in (holes, gaps))
        now = next(s for s in both if s.text == text)
        return lambda many: [score(now.filled(picks) or "") for picks in many]

    sites: list[Sites] = []

    def reading(text: str) -> Program:
        sites.append(Sites(text, platform, read(text, platform, "t"), "t"))
        return sites[-1].program

    trials = Trials(sketch, score, lambda text: score(text).perfect, lambda text: ((), ()))
    done = mend(WRONG.replace("2.0f", "0.5f", 1), platform, reading, trials, seconds=30)
    assert done.accepted and len(done.changes) == 3, done


def test_a_choice_tells_what_it_is_made_of(at: Sites) -> None:
    """`x[i]` of `x[i] - 2.0f`, which stands for `x[i] + 2.0f`."""
    text = Sketch(at.data, holes(at), places=instrumented(at).places).text
    k = next(k for k, w in enumerate(instrumented(at).watched) if w.spelled == "x[i]")
    assert f"(xp::seen({k}, x[i]) - 2.0f)" in text


def test_what_was_lost_is_told(asked: Wanted) -> None:
    everything, half = (np.full(asked.keys.size // 8 + 1, bits, np.uint8) for bits in (0xFF, 0x55))
    all_of_it, some = asked.had(everything), asked.had(half)
    assert all_of_it.share == pytest.approx(1.0) and 0.4 < some.share < 0.6
    assert some.lost(all_of_it) == pytest.approx(1.0 - some.share) and all_of_it.lost(some) == 0.0


def test_what_is_only_read_counts_little(asked: Wanted) -> None:
    """It has three places that compute, and one that reads."""
    reads = np.packbits(np.isin(asked.keys, rounded(X.astype(np.float64))), bitorder="little")
    assert 0.25 / 3.25 <= asked.had(reads).share < 0.15


def test_what_is_not_run_in_time_is_late(at: Sites, asked: Wanted) -> None:
    sketch = Sketch(at.data, holes(at), places=instrumented(at).places)
    assert {r.status for r in runs(at, sketch, asked, [{}, {}], until=0.0)} == {LATE}


def test_what_came_nearer_alone_is_tried_together(at: Sites) -> None:
    sketch = Sketch(at.data, holes(at))
    add, factor = (picked(at, sketch.holes, *x) for x in (("2.0f", "1.0f"), ("4.0f", "2.0f")))
    nodes = [Node(add, Score(0.4), 4.0), Node(factor, Score(0.2), 4.0)]
    united = United(nodes, sketch)
    assert [picks for _, picks in united] == [add | factor]
    assert united.parent(add | factor) is nodes[0]
