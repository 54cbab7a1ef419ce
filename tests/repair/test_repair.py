"""Repair: what stands in holes, one program for all choices, what is tried next, and whole repairs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from xpiler import platforms
from xpiler.emulate.build import build
from xpiler.emulate.entry import Entry, Limits
from xpiler.emulate.many import run_many
from xpiler.locating import known_as
from xpiler.repair.holes import Hole, Kind, around, gaps, holes
from xpiler.repair.instrument import instrumented
from xpiler.repair.leaner import leaner
from xpiler.repair.localise import FAR, distances
from xpiler.repair.mend import _Search, mend
from xpiler.repair.mended import Changed
from xpiler.repair.nodes import Deeper, Node, best, weighed
from xpiler.repair.offers import table
from xpiler.repair.opened import Open, Text, following
from xpiler.repair.parts import named_sizes
from xpiler.repair.score import Score, Trials
from xpiler.repairing import judges_of, repair
from xpiler.repair.sketch import Sketch
from xpiler.repair.solve import combinations
from xpiler.repair.sparing import sparing
from xpiler.text.offered import alike
from xpiler.text.read import read
from xpiler.text.sites import Sites
from xpiler.verify.ladder import Level
from xpiler.verify.runs.inputs import Point
from xpiler.verify.runs.nearness import written
from xpiler.verify.runs.trial import Trial, machine
from xpiler.verify.signature import signature
from xpiler.verify.verdict import WATCHED

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
    open_ = machine(sketch.text, platform, sig, file="t", beside=sketch.beside)
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


def test_masks_are_no_narrow_numbers() -> None:
    at = sites("""#include <immintrin.h>
void f(const float *x, float *y) {
    short n = 16;
    __mmask16 some = (1 << n) - 1;
    _mm512_mask_storeu_ps(y, some, _mm512_loadu_ps(x));
}
""", "vnni")
    sketch = Sketch(at.data, holes(at))
    wide = sketch.filled(sketch.widened)
    assert wide is not None and "int n = 16" in wide and "__mmask16 some" in wide


def test_what_wrote_more_is_nearer() -> None:
    """Where nothing is right in either."""
    x, y = np.full(4, -1, np.int32), np.array([1, -1, -1, 2], np.int32)  # memory that nobody wrote is all ones
    arrays = [SimpleNamespace(name="a", written=True), SimpleNamespace(name="b", written=False)]
    reference: Any = SimpleNamespace(signature=SimpleNamespace(arrays=arrays))
    shares = [written(reference, Trial({"c": values}, (), "ok", 0.0), {"a": "c", "b": "d"}) for values in (x, y)]
    assert shares == [0.0, 0.5]
    less, more = (Score(near=0.1, written=share) for share in shares)
    assert more.better(less)


def test_kernels_have_names_for_what_is_copied() -> None:
    assert known_as(sites(BLOCKS, "cuda"), "scale", "x") == ["x"]
    other = BLOCKS.replace("const float *x, float *y) {\n    __shared", "const float *in, float *y) {\n    __shared")
    assert known_as(sites(other.replace("= x[", "= in["), "cuda"), "scale", "x") == ["in", "x"]


def test_distances_grow_along_what_values_come_from() -> None:
    at = sites(BLOCKS, "cuda")
    near = distances(at, [7])
    assert near[7] == 0 < near[4] < FAR
    assert distances(at, [])[4] == FAR


def test_what_leaves_and_what_is_called_lead_on() -> None:
    """A branch that leaves is around what comes behind it, and a function's lines are on the way to its calls."""
    at = sites("""static int half(int n) {
    int both = n;
    return both / 2;
}
void f(const int *x, int *y) {
    for (int i = 0; i < 8; ++i) {
        if (i > 6)
            continue;
        int v = x[i];
        y[i] = half(v);
    }
    y[8] = 0;
}
""", "c")
    near = distances(at, [10])
    assert near[7] == near[3] == near[9] == 1 and near[2] == 2
    assert distances(at, [12])[7] > 1


def test_no_array_is_chosen_within_sizeof() -> None:
    """Of one of several arrays `sizeof` would tell the size of a pointer, and the text with its holes open would be
    another one."""
    text = """void f(const float *x, float *y) {
    float a[64], b[64];
    __builtin_memcpy(a, x, sizeof(a));
    __builtin_memcpy(y, b, sizeof(b));
}
"""
    at = sites(text, "c")
    inside = text.index("sizeof(a") + len("sizeof(")
    assert any(at.data[h.start:h.end] == b"a" for h in holes(at))
    assert not [h for h in holes(at) if h.start == inside]


def test_a_change_is_as_likely_as_what_makes_it_likeliest() -> None:
    """An index of another axis is one, also where the text has that axis in other places."""
    at = sites(BLOCKS.replace("blockIdx.x", "threadIdx.x"), "cuda")
    found = [c.cost for h in holes(at) for c in h.choices if c.what == "threadIdx.x is blockIdx.x"]
    assert found and set(found) == {1}


def test_other_components_are_offered() -> None:
    text = """__global__ void k(const float4 *x, float4 *y) {
    float4 v = x[threadIdx.x];
    y[threadIdx.x] = make_float4(fmaxf(v.x, 0.f), fmaxf(v.y, 0.f), fmaxf(v.z, 0.f), 0.f);
}
"""
    at = Sites(text, platforms.get("cuda"), read(BLOCKS, platforms.get("cuda"), "t"), "t")
    assert {"v.w is v.x", "v.x is v.w"} & {c.what for h in holes(at) for c in h.choices} == {"v.x is v.w"}
    assert "fmaxf(0.f, v.w)" in {c.spelled for h in around(at) for c in h.choices}


NAMED = """#define W 5
#define H (W + 2)
#define EPS 1e-5f
#define CHECK(x) x
constexpr int N = 4 * W;
__global__ void k(const float4 *x, const float4 *y, float4 *z, int n) {
    const int local = 3;
    const int i = (threadIdx.x * W) * H + (blockIdx.x * local);
    float4 a = x[i], b = y[i], c;
    c.x = a.x;
    if (true) z[i] = c;
}
"""


def test_other_sizes_with_a_name_are_offered() -> None:
    """A pitch is one of them, also where it stands nowhere else; the integers of the whole text."""
    at = Sites(NAMED, platforms.get("cuda"), read(BLOCKS, platforms.get("cuda"), "t"), "t")
    assert tuple(named_sizes(at)) == ("N", "W", "H")
    told = {c.what for h in holes(at) for c in h.choices}
    assert {"W is N", "W is H", "H is W"} <= told


def test_what_a_template_is_given_is_offered_in_it_alone() -> None:
    """It has no name elsewhere, and nothing of a text compiled with its holes open."""
    text = BLOCKS.replace("__global__ void scale_kernel", "template <int WIDTH>\n__global__ void scale_kernel") \
        .replace("blockIdx.x * 64 + t", "blockIdx.x * (4 * WIDTH) + t").replace("scale_kernel<<<", "scale_kernel<16><<<")
    assert "4 * WIDTH" in text and "scale_kernel<16>" in text
    at = sites(text, "cuda")
    inside = [h.start < text.index('extern "C"') for h in holes(at) for c in h.choices if "WIDTH" in c.spelled]
    assert inside and all(inside)


def test_whole_products_change_places() -> None:
    at = Sites(NAMED, platforms.get("cuda"), read(BLOCKS, platforms.get("cuda"), "t"), "t")
    spelled = {c.spelled for h in holes(at) for c in h.choices}
    assert "((blockIdx.x * local) * H + (threadIdx.x * W))" in spelled


def test_what_nobody_reads_is_offered_where_it_may_be_missing() -> None:
    """A size as the bound of a guard that is gone, a structure's component as an operand."""
    at = Sites(NAMED, platforms.get("cuda"), read(BLOCKS, platforms.get("cuda"), "t"), "t")
    assert {"true is i < n", "true is i >= n"} <= {c.what for h in holes(at) for c in h.choices}
    assert "(a.x + b.x)" in {c.spelled for h in around(at) for c in h.choices}


def test_a_pointer_is_moved_by_pieces_that_are_as_long_as_the_call_says() -> None:
    text = """#include <bang.h>
__mlu_entry__ void k(const float *x, float *y) {
    __nram__ float a[64];
    for (int r = 0; r < 4; ++r) {
        __memcpy(a, x + r * 64, 64 * sizeof(float), GDRAM2NRAM);
        __memcpy(y, a, 64 * sizeof(float), NRAM2GDRAM);
    }
}
"""
    platform = platforms.get("bang")
    at = Sites(text, platform, read(text, platform, "t", geometry={"task": "1"}), "t")
    assert "(y + (r * 64))" in {c.spelled for h in holes(at) for c in h.choices}


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

    def sketch(text: str, beside: Sequence[str]):  # type: ignore[no-untyped-def]
        both = (Sketch(at[0].data, find(at[0]), places=instrumented(at[0]).places, besides=sparing(at[0]))
                for find in (holes, gaps))
        now = next(s for s in both if s.text == text)
        return lambda many: [score(now.filled(picks) or "") for picks in many]

    at: list[Sites] = []

    def reading(text: str):  # type: ignore[no-untyped-def]
        nonlocal opened
        opened += 1  # a second choice is made where the first was
        at[:] = [sites(text, "c")]
        return at[0].program

    opened = 0
    trials = Trials(sketch, score, lambda text: score(text).perfect, lambda text: ((3,), ()))
    done = mend(wrong, platforms.get("c"), reading, trials)
    assert done.accepted and len(done.changes) == 2 and opened == 1, done
    assert {c.line for c in done.changes} == {2, 3}


def test_the_place_is_looked_for_when_no_small_change_is_right() -> None:
    """It takes longer than a few hundred runs."""
    wrong = PLAIN.replace("< 64", "< 63")
    at, looked = list[Sites](), list[str]()

    def sketch(text: str, beside: Sequence[str]):  # type: ignore[no-untyped-def]
        now = Sketch(at[0].data, holes(at[0]))
        return lambda many: [Score(float("< 64" in (now.filled(picks) or ""))) for picks in many]

    def reading(text: str):  # type: ignore[no-untyped-def]
        at[:] = [sites(text, "c")]
        return at[0].program

    trials = Trials(sketch, lambda text: Score(0.0), lambda _: True, lambda text: (looked.append(text) or (), ()))
    assert mend(wrong, platforms.get("c"), reading, trials).accepted and not looked


def test_all_choices_alone_are_tried_of_what_is_nearly_right() -> None:
    """Where a run takes long, before another bound that leads away from the right one is followed."""
    at, clock = list[Sites](), [0.0]
    first = sites(PLAIN, "c")
    last = max(weighed(holes(first), distances(first, (2,))), key=lambda w: w[0])
    right = Sketch(first.data, holes(first)).filled({last[1]: last[2]})

    def score(text: str) -> Score:
        clock[0] += 0.05
        return Score(1.0 if text == right else 0.96 if "< 65" in text else 0.9)

    def sketch(text: str, beside: Sequence[str]):  # type: ignore[no-untyped-def]
        now = Sketch(at[-1].data, holes(at[-1]))
        return lambda many: [score(now.filled(picks) or "") for picks in many]

    def reading(text: str):  # type: ignore[no-untyped-def]
        at.append(sites(text, "c"))
        return at[-1].program

    trials = Trials(sketch, score, lambda _: True, lambda text: ((2,), ()))
    search = _Search(platforms.get("c"), reading, trials, time.monotonic() + 60, lambda _: None, clock=lambda: clock[0])
    assert search.mend(PLAIN).accepted and len(at) == 1


def test_narrow_types_are_wide_before_anything_is_tried() -> None:
    """And narrow again in the end, where that was right."""
    wrong = PLAIN.replace("    for (int i", "    short n = 64;\n    for (short i").replace("2.0f", "4.0f")
    at, seen = list[Sites](), list[str]()

    def score(text: str) -> Score:
        seen.append(text)
        return Score(1.0 if "int i" in text and ("2.0f" in text or "(4.0f / 2)" in text) else 0.5)

    def sketch(text: str, beside: Sequence[str]):  # type: ignore[no-untyped-def]
        now = Sketch(at[-1].data, holes(at[-1]))
        return lambda many: [score(now.filled(picks) or "") for picks in many]

    def reading(text: str):  # type: ignore[no-untyped-def]
        at.append(sites(text, "c"))
        return at[-1].program

    trials = Trials(sketch, score, lambda _: True, lambda text: ((2,), ()))
    done = mend(wrong, platforms.get("c"), reading, trials)
    assert done.accepted and "short n" in done.text and "int i" in done.text, done
    assert "int n" in seen[1] and "int i" in seen[1]


def test_what_a_judge_refuses_is_gone_on_with() -> None:
    """What ran right and was refused is right but for what another input shows: that is looked for in it, not again in
    the text that was given."""
    wrong = PLAIN.replace("< 64", "< 63").replace("2.0f", "4.0f")
    refused, at = [], list[Sites]()

    def score(text: str) -> Score:
        bound, factor = "< 64" in text, "2.0f" in text or "(4.0f / 2)" in text
        return Score(float(bound and (factor or not refused)), near=0.3)  # alone the factor shows nowhere

    def confirm(text: str) -> bool:
        if "4.0f / 2" in text or "2.0f" in text:
            return True
        refused.append(text)
        return False

    def sketch(text: str, beside: Sequence[str]):  # type: ignore[no-untyped-def]
        now = next(s for find in (holes, gaps) for p in (instrumented(at[-1]).places, ())
                   for s in [Sketch(at[-1].data, find(at[-1]), places=p, besides=sparing(at[-1]))] if s.text == text)
        return lambda many: [score(now.filled(picks) or "") for picks in many]

    def reading(text: str):  # type: ignore[no-untyped-def]
        at.append(sites(text, "c"))
        return at[-1].program

    trials = Trials(sketch, score, confirm, lambda text: ((2,), ()))
    done = mend(wrong, platforms.get("c"), reading, trials)
    assert done.accepted and refused, done
    assert [c.line for c in done.changes] == [2, 3]
    assert done.runs < 300, done.runs


def node(picks: dict[int, int], value: float) -> Node:
    return Node(picks, Score(value), float(sum(picks.values())))


def test_few_wrong_elements_that_come_close_are_nearer() -> None:
    """As many elements are right, and all of a large array hides what the others do."""
    unwritten, written = Score(0.995, near=0.995), Score(0.995, near=0.9999)
    assert round(unwritten.value, 3) == round(written.value, 3)
    assert written.better(unwritten) and not unwritten.better(written)
    assert not Score(0.005, near=0.29).better(Score(0.005, near=0.0051))


def test_changes_that_only_helped_on_the_way_are_taken_out() -> None:
    changes = tuple(Changed(n, f"{c} is {c.upper()}") for n, c in enumerate("abc", 1))
    found = Text("A\nB\nC", Score(1.0), changes)
    done = leaner(found, "a\nb\nc", lambda text: "B" in text)
    assert (done.text, done.changes) == ("a\nB\nc", changes[1:2])
    assert leaner(found, "a\nb", lambda _: True) == found, "lines are others"
    assert leaner(found, "a\nb\nc", lambda text: text == "A\nB\nC") == found
    needed = Text("A\nB\nC", Score(1.0), changes, needed=frozenset({1}))
    assert leaner(needed, "a\nb\nc", lambda _: True).text == "A\nb\nc", "what is known to be needed is not asked of"


def test_what_luck_brought_nearer_is_left_out() -> None:
    one, luck, both = node({1: 1}, 0.5), node({1: 1, 2: 1}, 0.52), node({1: 1, 3: 1}, 0.9)
    assert set(map(id, best([luck, one, both]))) == {id(one), id(both)}
    assert best([luck]) == [luck]  # nothing says that it is


CALLS = """#include <bang.h>
__mlu_entry__ void k(const float *x, float *y) {
    __nram__ float a[64];
    __nram__ float b[64];
    __memcpy(a, x, 64 * sizeof(float), GDRAM2NRAM);
    __memcpy(b, x, 64 * sizeof(float), GDRAM2NRAM);
    __bang_mul_scalar(b, b, 3.0f, 64);
    __bang_add(a, b, a, 64);
    __memcpy(y, a, 64 * sizeof(float), NRAM2GDRAM);
}
"""


def test_of_what_only_stops_a_broken_rule_more_than_one_is_kept() -> None:
    """What the right one makes shows no sooner than what the others make."""
    same = [Node({k: 1}, Score(0.5), 3.0 + k) for k in range(9)]
    assert [n.picks for n in best(same)] == [{k: 1} for k in range(5)]
    other = Node({20: 1}, Score(0.4), 9.0)
    assert other in best([*same, other])


def test_of_alike_nodes_those_that_are_larger_changes_are_added_to_later() -> None:
    """And what was tried is left out."""
    nodes = [Node({k: 1}, Score(0.5), 3.0 + k / 4) for k in range(2)] + [Node({2: 1}, Score(0.6), 4.0)]
    tried = {frozenset({(0, 1), (8, 1)})}
    deeper = Deeper(nodes, lambda n: iter([(n.weight + 1.0, {**n.picks, 7: 1}), (n.weight + 1.5, {**n.picks, 8: 1})]),
                    tried)
    found = [picks for _, picks in deeper]
    assert found == [{0: 1, 7: 1}, {2: 1, 7: 1}, {2: 1, 8: 1}, {1: 1, 7: 1}, {1: 1, 8: 1}]
    assert frozenset({(1, 1), (8, 1)}) in tried


def test_copies_to_and_from_the_host_are_the_likeliest_ways_of_one() -> None:
    hip = platforms.get("hip")
    text = CHECKED.replace("cuda_runtime.h", "hip/hip_runtime.h").replace("cuda", "hip").replace(
        "CHECK(hipMemcpy(y, b, 256, hipMemcpyDeviceToHost))", "hipMemcpy(y, b, 256, hipMemcpyHostToDevice)")
    at = Sites(text, hip, read(text, hip, "t"), "t")
    costs = {c.spelled: c.cost for h in holes(at) for c in h.choices if c.spelled.startswith("hipMemcpy")}
    assert min(costs, key=lambda c: costs[c]) == "hipMemcpyDeviceToHost" and costs["hipMemcpyHostToHost"] > 1


def test_a_number_that_is_added_is_left_out_before_others_change_places() -> None:
    at = Sites("void f(float *y) { for (int i = 0; i < 8; ++i) y[i * (3 + 1) + 2] = 0; }", platforms.get("c"),
               read("void f(float *y) { for (int i = 0; i < 8; ++i) y[i * (3 + 1) + 2] = 0; }", platforms.get("c"), "t"),
               "t")
    costs = {c.what: c.cost for h in holes(at) for c in h.choices}
    assert costs["3 + 1 is 3"] < costs["i * (3 + 1) + 2 is 1 * (3 + i) + 2"]


CHECKED = """#include <cuda_runtime.h>
#define CHECK(call) do { cudaError_t e = call; if (e != cudaSuccess) return; } while (false)
__global__ void k(const float *x, float *y, int n) {
  const int i = threadIdx.x;
  if (i < n) y[i] = x[i] + 1.0f;
}
extern "C" void f(const float *x, float *y) {
  float *a, *b;
  CHECK(cudaMalloc(&a, 256));
  CHECK(cudaMalloc(&b, 256));
  CHECK(cudaMemcpy(a, x, 256, cudaMemcpyHostToDevice));
  k<<<1, 64 - 1>>>(a, b, 64);
  CHECK(cudaMemcpy(y, b, 256, cudaMemcpyDeviceToHost));
}
"""


def test_a_statement_that_is_written_as_a_macro_is_no_expression() -> None:
    """It was offered where numbers stand, and nothing of the text compiled with its holes open."""
    cuda = platforms.get("cuda")
    at = Sites(CHECKED, cuda, read(CHECKED, cuda, "t"), "t")
    found = holes(at)
    assert not any("CHECK(" in c.spelled for h in found for c in h.choices)
    assert "64 - 1 is 64" in {c.what for h in found for c in h.choices}


def test_another_way_is_tried_where_the_nearest_text_leads_nowhere() -> None:
    stuck, fresh = Text("a", Score(0.9), stage=4), Text("b", Score(0.2))
    assert [following([stuck, fresh], n).text for n in (3, 4, 5, 6)] == ["b", "a", "a", "b"]
    assert following([Text("a", Score(0.9), stage=1), fresh], 3).text == "a"
    begun = Text("c", Score(0.3), stage=1)  # less was tried on it
    assert following([stuck, fresh, begun], 3).text == "c"


def test_a_function_of_the_header_and_the_order_of_its_arguments_are_chosen_together() -> None:
    """The functions come from a program that is compiled beside it."""
    bang = platforms.get("bang")
    program = read(CALLS, bang, "t", geometry={"task": "1"})
    at = Sites(CALLS, bang, program, "t")
    sketch = Sketch(at.data, holes(at))
    start = CALLS.index("__bang_add")
    function, order = (next(k for k, h in enumerate(sketch.holes) if h.start == start and h.kind is kind)
                       for kind in (Kind.FUNCTION, Kind.ORDER))
    assert sketch.holes[function].table is not None and sketch.beside and not sketch.nested(function, order)
    names = [c.spelled for c in sketch.holes[function].choices]
    swapped = next(n for n, c in enumerate(sketch.holes[order].choices, 1) if "(a, a, b, 64)" in c.spelled)
    sig = signature(program)
    entry = Entry(sig.name, sig.params, kernel=True, extents={"task": 1})
    given = {a.name: np.linspace(0.5, 2, 64, dtype=np.float32) for a in sig.arrays}
    some = [{function: names.index("__bang_sub") + 1}, {order: swapped},
            {function: names.index("__bang_sub") + 1, order: swapped}]
    spelled = ["__bang_sub(a, b, a, 64)", "__bang_add(a, a, b, 64)", "__bang_sub(a, a, b, 64)"]
    open_ = build(sketch.text, bang, entry, many=True, beside=sketch.beside)
    done = run_many(open_, entry, given, Limits(), some, each=0.5)
    x = given["x"]
    for picks, call, run_, right in zip(some, spelled, done, (2 * x, 4 * x, -2 * x), strict=True):
        assert call in (sketch.filled(picks) or "")
        assert np.allclose(run_.outputs["y"], right, rtol=1e-6), call


@pytest.mark.slow
@pytest.mark.parametrize("name", ["c", "cuda", "hip", "bang", "vnni"])
def test_all_that_a_header_offers_of_a_type_compiles(name: str) -> None:
    """In one program, since every one is compiled when it is first used."""
    platform = platforms.get(name)
    tables = [t for t in (table(platform, kind) for kind in alike(platform)) if t is not None]
    assert tables
    at = sites("void f(float *y) { y[0] = 1.0f; }", "c")
    sig = signature(at.program)
    text = "void f(float *y) { y[0] = 1.0f; }" if name in ("c", "vnni") else 'extern "C" void f(float *y) { y[0] = 1.0f; }'
    machine(text, platform, sig, file="t", many=True, beside=["\n".join(t.text for t in tables)])


RACING = """#include <bang.h>
#include <cnrt.h>
__mlu_entry__ void k(const float *x, float *y) {
    __nram__ float a[64];
    for (int i = taskId; i < 4; i += 2) {
        __memcpy(a, x + i * 64, 64 * sizeof(float), GDRAM2NRAM);
        __bang_add(a, a, a, 64);
        __memcpy(y + i * 64, a, 64 * sizeof(float), NRAM2GDRAM);
    }
}

extern "C" void scale(const float *x, float *y) {
    float *d_x, *d_y;
    cnrtMalloc((void**)&d_x, 256 * sizeof(float));
    cnrtMalloc((void**)&d_y, 256 * sizeof(float));
    cnrtMemcpy(d_x, (void*)x, 256 * sizeof(float), cnrtMemcpyHostToDev);
    cnrtQueue_t queue;
    cnrtQueueCreate(&queue);
    cnrtDim3_t dim = {4, 1, 1};
    k<<<dim, cnrtFuncTypeUnion1, queue>>>(d_x, d_y);
    cnrtQueueSync(queue);
    cnrtMemcpy(y, d_y, 256 * sizeof(float), cnrtMemcpyDevToHost);
}
"""


def test_a_race_that_changes_nothing_is_refused_before_all_else() -> None:
    source = """void scale(const float *x, float *y) {
    for (int r = 0; r < 4; ++r)
        for (int i = 0; i < 64; ++i)
            y[r * 64 + i] = x[r * 64 + i] * 2.0f;
}
"""
    judges = judges_of(source, platforms.get("c"), platforms.get("bang"))
    assert judges.apart(RACING.replace("i += 2", "i += 4")) and not judges.apart(RACING)
    assert not judges.confirm(RACING)
    assert [e.rung for e in judges.evidence] == [WATCHED]


def test_it_gives_up_and_says_why() -> None:
    trials = Trials(lambda *_: lambda many: [Score(0.5) for _ in many], lambda _: Score(0.5), lambda _: False, lambda _: ((), ()))
    done = mend(PLAIN, platforms.get("c"), lambda t: read(t, platforms.get("c"), "t"), trials, seconds=120)
    assert not done.accepted and "no small change" in done.why


def test_what_the_judge_refuses_is_not_accepted() -> None:
    """A search that finds a text that runs right is not believed."""
    trials = Trials(lambda *_: lambda many: [Score(1.0) for _ in many], lambda _: Score(1.0), lambda _: False, lambda _: ((), ()))
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


DOT = """#include <immintrin.h>
void dot(const float *a, const float *b, float *out) {
    __m512 acc = _mm512_setzero_ps();
    int i;
    for (i = 0; i + 16 <= 100; i += 16 + 1)
        acc = _mm512_fmadd_ps(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i + 1), acc);
    float sum = _mm512_reduce_add_ps(acc);
    for (; i < 100; i++)
        sum += a[i] * b[i];
    out[0] = sum;
}
"""


def test_what_leaves_something_out_is_for_the_end() -> None:
    at = sites(PLAIN, "c")
    sketch = Sketch(at.data, holes(at))
    apart = next((a, b) for a in range(len(sketch.holes)) for b in range(a) if not sketch.nested(a, b))
    base = Score(0.5, reached=frozenset(apart))
    o = Open(Text(PLAIN, base), at, sketch, None, base, distances(at, ()))
    none = Trials(lambda *_: (), lambda _: Score(), lambda _: False, lambda _: ((), ()))
    search = _Search(at.platform, lambda _: at.program, none, time.monotonic() + 60, lambda _: None)
    for reached, skips in ((apart, False), (apart[:1], True)):
        assert search._skips(o, {apart[0]: 1}, Score(1.0, reached=frozenset(reached))) is skips
    assert not search._skips(o, {apart[1]: 1}, Score(1.0, reached=frozenset(apart[:1])))


@pytest.mark.slow
def test_a_loop_in_vectors_is_not_passed_by() -> None:
    """That would be one small change, and right: the loop behind it takes what is left."""
    source = "void dot(const float *a, const float *b, float *out) {\n    float sum = 0.0f;\n" \
             "    for (int i = 0; i < 100; ++i)\n        sum += a[i] * b[i];\n    out[0] = sum;\n}\n"
    done = repair(source, platforms.get("c"), DOT, platforms.get("vnni"), level=Level.USUAL)
    assert done.confirmed, done.mended
    assert "i + 16 <= 100" in done.mended.text, done.mended.text
