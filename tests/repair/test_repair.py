"""Repair: what stands in holes, one program for all choices, what is tried next, and whole repairs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xpiler import platforms
from xpiler.emulate.entry import Limits
from xpiler.repair.holes import Hole, Kind, gaps, holes
from xpiler.repair.instrument import instrumented
from xpiler.repair.localise import FAR, distances
from xpiler.repair.mend import mend
from xpiler.repair.score import Score, Trials
from xpiler.repairing import repair
from xpiler.repair.sketch import Sketch
from xpiler.repair.solve import combinations
from xpiler.text.read import read
from xpiler.text.sites import Sites
from xpiler.verify.ladder import Level
from xpiler.verify.runs.inputs import Point
from xpiler.verify.runs.trial import machine
from xpiler.verify.signature import signature

PLAIN = """void scale(const float *x, float *y) {
    for (int i = 0; i < 64; ++i)
        y[i] = x[i] * 2.0f;
}
"""
BLOCKS = """__global__ void scale_kernel(const float *x, float *y) {
    __shared__ float row[64];
    int t = threadIdx.x;
    row[t] = x[blockIdx.x * 64 + t];
    __syncthreads();
    if (t < 64)
        y[blockIdx.x * 64 + t] = row[63 - t] * 2.0f;
}

extern "C" void scale(const float *x, float *y) {
    float *d_x, *d_y;
    cudaMalloc(&d_x, 256 * sizeof(float));
    cudaMalloc(&d_y, 256 * sizeof(float));
    cudaMemcpy(d_x, x, 256 * sizeof(float), cudaMemcpyHostToDevice);
    scale_kernel<<<4, 64>>>(d_x, d_y);
    cudaMemcpy(y, d_y, 256 * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_x);
    cudaFree(d_y);
}
"""


def sites(text: str, name: str) -> Sites:
    platform = platforms.get(name)
    return Sites(text, platform, read(text, platform, "t"), "t")


def hole(found: tuple[Hole, ...], at: Sites, spelled: str, kind: Kind) -> Hole:
    return next(h for h in found if at.data[h.start:h.end].decode() == spelled and h.kind is kind)


def test_a_bound_has_its_neighbours_and_its_multiples() -> None:
    at = sites(PLAIN, "c")
    offered = {c.spelled for c in hole(holes(at), at, "64", Kind.NUMBER).choices}
    assert {"63", "65", "128", "32"} <= offered


def test_small_changes_come_before_large_ones() -> None:
    at = sites(PLAIN, "c")
    cost = {c.spelled: c.cost for c in hole(holes(at), at, "64", Kind.NUMBER).choices}
    assert cost["63"] < cost["32"] < cost["2"] if "2" in cost else cost["63"] < cost["32"]


def test_barriers_memories_and_guards_are_holes() -> None:
    at = sites(BLOCKS, "cuda")
    found = holes(at)
    words = {c.spelled for h in found for c in h.choices}
    assert any("__syncthreads" in w for w in words)
    assert any(h.kind is Kind.FIXED and "row has" in c.what for h in found for c in h.choices)
    assert "true" in words


def test_a_variable_is_offered_only_where_it_can_be_named() -> None:
    at = sites("void f(const int *x, int *y) { for (int i = 0; i < 8; ++i) y[i] = x[i]; int late = x[0]; y[0] = late; }", "c")
    inside = [c.spelled for h in holes(at) if h.start < at.text.index("late") for c in h.choices]
    assert "late" not in inside


@pytest.mark.parametrize(("text", "name"), [(PLAIN, "c"), (BLOCKS, "cuda")])
def test_one_program_is_all_the_texts(text: str, name: str) -> None:
    """A choice made when the sketch is run gives what the text with that choice gives."""
    at = sites(text, name)
    platform = at.platform
    sketch = Sketch(at.data, holes(at))
    sig = signature(read(text, platform, "t"))
    open_ = machine(sketch.text, platform, sig, file="t")
    point = Point({}, {a.name: 256 if name == "cuda" else 64 for a in sig.arrays})
    given = {a.name: np.arange(point.sizes[a.name], dtype=np.float32) for a in sig.arrays}
    limits = Limits(seconds=5)
    assert open_.run(point, given, limits).clean
    values = [(k, 1) for k, h in enumerate(sketch.holes) if h.kind in (Kind.NUMBER, Kind.VALUE)]
    for k, choice in values[:: max(1, len(values) // 4)]:
        filled = sketch.filled({k: choice})
        assert filled is not None
        alone = machine(filled, platform, sig, file="t").run(point, given, limits)
        chosen = open_.run(point, given, limits, picks={k: choice})
        assert alone.status == chosen.status, filled  # of two rules that are broken either may be told
        for array, values_ in alone.outputs.items():
            assert np.array_equal(values_, chosen.outputs[array], equal_nan=True), filled


def test_of_nested_choices_the_outer_one_counts() -> None:
    at = sites(PLAIN, "c")
    sketch = Sketch(at.data, holes(at))
    index = {at.data[h.start:h.end].decode(): k for k, h in enumerate(sketch.holes)}
    outer, inner = index["x[i] * 2.0f"], index["2.0f"]
    both = sketch.filled({outer: 1, inner: 1})
    assert both == sketch.filled({outer: 1})
    assert sketch.nested(outer, inner)


def test_distances_grow_along_what_values_come_from() -> None:
    at = sites(BLOCKS, "cuda")
    near = distances(at, [7])
    assert near[7] == 0 < near[4] < FAR
    assert distances(at, [])[4] == FAR


def test_combinations_are_small_first_and_never_nested() -> None:
    at = sites(PLAIN, "c")
    sketch = Sketch(at.data, holes(at))
    weights = {(k, 1): float(1 + k) for k in range(6)}
    given = list(combinations(sketch, weights))
    assert given and all(2 <= len(p) <= 3 for p in given)
    assert len({tuple(sorted(p.items())) for p in given}) == len(given)
    assert all(not sketch.nested(a, b) for p in given for a in p for b in p if a < b)
    size = [sum(weights[i] for i in p.items()) for p in given]
    assert size[0] == min(size)


def test_two_mistakes_are_undone_one_after_the_other() -> None:
    """By a search that sees nothing but scores."""
    wrong = PLAIN.replace("< 64", "< 63").replace("2.0f", "4.0f")
    asked: list[str] = []

    def score(text: str) -> Score:
        asked.append(text)
        good = ("< 64" in text) + ("2.0f" in text or "(4.0f / 2)" in text)
        return Score(good / 2)

    def sketch(text: str):  # type: ignore[no-untyped-def]
        both = (Sketch(at[0].data, find(at[0]), places=instrumented(at[0]).places) for find in (holes, gaps))
        now = next(s for s in both if s.text == text)
        return lambda many: [score(now.filled(picks) or "") for picks in many]

    at: list[Sites] = []

    def reading(text: str):  # type: ignore[no-untyped-def]
        at[:] = [sites(text, "c")]
        return at[0].program

    trials = Trials(sketch, score, lambda text: score(text).perfect, lambda text: ((3,), ()))
    done = mend(wrong, platforms.get("c"), reading, trials)
    assert done.accepted and len(done.changes) == 2, done
    assert {c.line for c in done.changes} == {2, 3}


def test_it_gives_up_and_says_why() -> None:
    trials = Trials(lambda _: lambda many: [Score(0.5) for _ in many], lambda _: Score(0.5), lambda _: False, lambda _: ((), ()))
    done = mend(PLAIN, platforms.get("c"), lambda t: read(t, platforms.get("c"), "t"), trials, seconds=20)
    assert not done.accepted and "no small change" in done.why


def test_what_the_judge_refuses_is_not_accepted() -> None:
    """A search that finds a text that runs right is not believed."""
    trials = Trials(lambda _: lambda many: [Score(1.0) for _ in many], lambda _: Score(1.0), lambda _: False, lambda _: ((), ()))
    done = mend(PLAIN, platforms.get("c"), lambda t: read(t, platforms.get("c"), "t"), trials, seconds=20)
    assert not done.accepted and "judge" in done.why


@pytest.mark.slow
@pytest.mark.parametrize(("right", "wrong"), [
    ("row[63 - t]", "row[64 - t]"), ("blockIdx.x * 64 + t];", "blockIdx.x * 32 + t];"), ("* 2.0f", "+ 2.0f"),
    ("    __syncthreads();\n", ""), ("<<<4, 64>>>", "<<<3, 64>>>"), ("row[64]", "row[63]"),
    ("x, x, 256 * sizeof(float)", "x, x, 256"), ("cudaMemcpyDeviceToHost", "cudaMemcpyHostToDevice"),
])
def test_a_mistake_is_undone(right: str, wrong: str, tmp_path: Path) -> None:
    assert right in BLOCKS
    source = """void scale(const float *x, float *y) {
    for (int r = 0; r < 4; ++r)
        for (int i = 0; i < 64; ++i)
            y[r * 64 + i] = x[r * 64 + 63 - i] * 2.0f;
}
"""
    done = repair(source, platforms.get("c"), BLOCKS.replace(right, wrong), platforms.get("cuda"), level=Level.USUAL)
    assert done.confirmed, done.mended
    assert done.mended.changes
