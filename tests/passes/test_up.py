"""From the sequential program to a machine: binding and tensorizing, against the interpreter."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np
import pytest

from tests.passes import toy
from tests.passes.interpret import run
from tests.passes.programs import F, array, assign, call, ex, kernel, let, load, loop, store, var, when
from tests.passes.test_down import CASES, results
from xpiler import platforms
from xpiler.ir.check import check
from xpiler.ir.nodes import (
    Addr, Alloc, Barrier, Const, For, If, Intrinsic, Kernel, Let, Load, Program, Shuffle, Stmt, Store,
)
from xpiler.ir.show import show
from xpiler.ir.types import DType
from xpiler.ir.walk import buffers_used, buffers_written, statements
from xpiler.passes.bind import BindRows, BindTasks, BindThreads, nests
from xpiler.passes.contract import Contract
from xpiler.passes.detensorize import Detensorize
from xpiler.passes.lanes.vectors import VectorLoops, VectorUnit
from xpiler.passes.machine.asked import asking_first
from xpiler.passes.recover import Recover
from xpiler.passes.step import NotApplicable
from xpiler.text.read import read
from xpiler.to_pivot import sequential
from xpiler.to_target import vector_unit


def pivot(case: str) -> Kernel:
    return Contract().apply(Recover().apply(CASES[case][0]()))


def same(case: str, *made: Kernel) -> None:
    _, sizes, scalars = CASES[case]
    want = results(CASES[case][0](), sizes, scalars)
    got = None
    for k in made:
        got = results(k, sizes, scalars)
    assert got is not None
    for name in sizes:
        np.testing.assert_allclose(got[name], want[name], rtol=1e-9)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("width", [4, 32])
def test_threads(case: str, width: int) -> None:
    bound = BindThreads(threads=width, warp=4).apply(pivot(case))
    assert {"block.x", "thread.x"} <= {s.kind for s in statements(bound) if isinstance(s, For)}
    same(case, bound)


@pytest.mark.parametrize("case", ["softmax", "softmax with a tail", "tree"])
def test_rows_share_a_block(case: str) -> None:
    try:
        bound = BindRows(threads=16).apply(pivot(case))
    except NotApplicable:
        assert case == "softmax with a tail"  # loops too short to share
        return
    assert any(isinstance(s, For) and s.kind == "thread.x" for s in statements(bound))
    same(case, bound)


def test_loops_of_one_trip_and_second_names_of_a_thread_are_gone() -> None:
    i, j, k = var("i"), var("j"), var("k")
    at = (i * 3 + j) * 32 + k
    body: Stmt = store("y", at, load("x", at) * 2.0)
    for name, extent in (("k", 32), ("j", 3), ("i", 1)):
        body = replace(loop(name, extent, body), kind="parallel")
    plain = kernel("twice", "x y", body)
    bound = BindThreads().apply(plain)
    assert [(s.kind, s.stop) for s in statements(bound) if isinstance(s, For)] == [
        ("block.x", Const(3, DType.I32)), ("thread.x", Const(32, DType.I32))]
    (stored,) = (s for s in statements(bound) if not isinstance(s, For))
    assert isinstance(stored, Store) and stored.index == (j * 32 + k).e
    size = {"x": 96, "y": 96}
    np.testing.assert_array_equal(results(bound, size, {})["y"], results(plain, size, {})["y"])


@pytest.mark.parametrize("lanes", [0, 32])
@pytest.mark.parametrize("columns", [13, 32, 40])
def test_rows_of_a_warp(columns: int, lanes: int) -> None:
    """No loop of one trip is left, no second start of a sum, and a warp needs no shared memory."""
    text = f"""
void k(const float* x, float* y) {{
  for (int i = 0; i < 3; ++i) {{
    float sum = 0.0f, top = x[i * {columns}];
    for (int j = 0; j < {columns}; ++j) sum += x[i * {columns} + j];
    for (int j = 0; j < {columns}; ++j) top = top > x[i * {columns} + j] ? top : x[i * {columns} + j];
    for (int j = 0; j < {columns}; ++j) y[i * {columns} + j] = x[i * {columns} + j] / sum - top;
  }}
}}"""
    c = platforms.get("c")
    plain = sequential(read(text, c, "k.c"), c)[0].kernels[0]
    bound = BindRows(lanes=lanes).apply(plain)
    loops = [s for s in statements(bound) if isinstance(s, For) and s.kind == "serial"]
    assert any(isinstance(s, Alloc) for s in statements(bound)) is not bool(lanes)
    assert len(loops) == 2 + (3 if lanes and columns > lanes else 0)  # of the halves, and of what each lane takes
    assert sum(isinstance(s, Shuffle) for s in statements(bound)) == (2 if lanes else 0)
    started = [s.value for s in statements(bound) if isinstance(s, Let) and s.var.name in ("sum", "part")]
    assert any(isinstance(v, Load) and v.buffer == "x" for v in started) is (columns == 32)  # the only one a lane takes
    size = {"x": 3 * columns, "y": 3 * columns}
    np.testing.assert_allclose(results(bound, size, {})["y"], results(plain, size, {})["y"], rtol=1e-5)


def test_warps_of_a_long_row_meet_once_a_reduction() -> None:
    """Within a warp lanes exchange what they have; the second reduction waits until the first has been read."""
    text = """
void k(const float* x, float* y) {
  for (int i = 0; i < 2; ++i) {
    float sum = 0.0f, top = x[i * 300];
    for (int j = 0; j < 300; ++j) sum += x[i * 300 + j];
    for (int j = 0; j < 300; ++j) top = top > x[i * 300 + j] / sum ? top : x[i * 300 + j] / sum;
    for (int j = 0; j < 300; ++j) y[i * 300 + j] = x[i * 300 + j] / sum - top;
  }
}"""
    c = platforms.get("c")
    plain = sequential(read(text, c, "k.c"), c)[0].kernels[0]
    bound = BindRows(lanes=32).apply(plain)
    (parts,) = (s.buffer for s in statements(bound) if isinstance(s, Alloc))
    assert parts.extent == Const(8, DType.I32)
    assert sum(isinstance(s, Shuffle) for s in statements(bound)) == 2
    assert sum(isinstance(s, Barrier) for s in statements(bound)) == 3
    size = {"x": 600, "y": 600}
    np.testing.assert_allclose(results(bound, size, {})["y"], results(plain, size, {})["y"], rtol=1e-5)


@pytest.mark.parametrize(("rows", "several"), [(8, 4), (6, 2), (5, 1)])
def test_short_rows_of_many_share_a_block(rows: int, several: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each row a warp of its own; as many a block as leave blocks enough."""
    monkeypatch.setattr("xpiler.passes.machine.rows.BLOCKS", 2)
    text = f"""
void k(const float* x, float* y) {{
  for (int i = 0; i < {rows}; ++i) {{
    float sum = 0.0f;
    for (int j = 0; j < 32; ++j) sum += x[i * 32 + j];
    for (int j = 0; j < 32; ++j) y[i * 32 + j] = x[i * 32 + j] / sum;
  }}
}}"""
    c = platforms.get("c")
    plain = sequential(read(text, c, "k.c"), c)[0].kernels[0]
    bound = BindRows(lanes=32).apply(plain)
    axes = {s.kind: s.stop for s in statements(bound) if isinstance(s, For)}
    assert axes["block.x"] == Const(rows // several, DType.I32) and axes["thread.x"] == Const(32, DType.I32)
    assert axes.get("thread.y", Const(1, DType.I32)) == Const(several, DType.I32)
    size = {"x": rows * 32, "y": rows * 32}
    np.testing.assert_allclose(results(bound, size, {})["y"], results(plain, size, {})["y"], rtol=1e-5)


@pytest.mark.parametrize("case", CASES)
def test_tasks(case: str) -> None:
    same(case, BindTasks(tasks=3).apply(pivot(case)))


@pytest.mark.parametrize(("extents", "busy"), [((3, 5, 2), 16), ((3, 5, 1), 15), ((3, 5, 20), 16), ((1, 1, 4), 4), ((20, 5, 2), 16)])
def test_loops_that_are_too_short_alone_are_shared_together(extents: tuple[int, int, int], busy: int) -> None:
    i, j, k = var("i"), var("j"), var("k")
    at = (i * extents[1] + j) * extents[2] + k
    body: Stmt = store("y", at, load("x", at) * 2.0)
    for name, extent in zip("kji", reversed(extents), strict=True):
        body = replace(loop(name, extent, body), kind="parallel")
    plain = kernel("twice", "x y", body)
    bound = BindTasks().apply(plain)
    (axis,) = (s for s in statements(bound) if isinstance(s, For) and s.kind == "task")
    assert axis.stop == Const(busy, DType.I32)
    size = {"x": prod(extents), "y": prod(extents)}
    np.testing.assert_array_equal(results(bound, size, {})["y"], results(plain, size, {})["y"])


@pytest.mark.sampled(2)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("unit", ["registers", "counted"])
@pytest.mark.parametrize("chunk", [8, 4096])
def test_vectors(case: str, unit: str, chunk: int) -> None:
    machine = toy.REGISTER_UNIT if unit == "registers" else toy.COUNTED_UNIT
    vectors = VectorLoops(machine, chunk).apply(pivot(case))
    calls = [s for s in statements(vectors) if isinstance(s, Intrinsic)]
    assert calls, "nothing was tensorized"
    same(case, Detensorize(toy.MEANINGS).apply(vectors))


def test_a_kernel_per_nest() -> None:
    both = kernel("two", "x y z", *pivot("scale").body, *pivot("scale").body)
    assert len(nests(both)) == 2


def test_a_kernel_per_nest_whose_stores_are_instructions() -> None:
    """Tasks share one nest of a kernel; the other would be computed, and written, by all of them."""
    text = """
void k(const float* x, const float* w, float* y, float* z) {
  for (int i = 0; i < 4; ++i) for (int j = 0; j < 64; ++j) y[i * 64 + j] = x[i * 64 + j] + 1.0f;
  for (int i = 0; i < 4; ++i) for (int j = 0; j < 64; ++j) z[i * 64 + j] = w[i * 64 + j] * 2.0f;
}"""
    c = platforms.get("c")
    vectors = VectorLoops(toy.COUNTED_UNIT, 64).apply(sequential(read(text, c, "k.c"), c)[0].kernels[0])
    assert not any(isinstance(s, Store) for s in statements(vectors))
    apart = nests(vectors)
    assert [buffers_written(k.body) & {"y", "z"} for k in apart] == [{"y"}, {"z"}]


@pytest.mark.parametrize("unit", [toy.REGISTER_UNIT, toy.COUNTED_UNIT])
def test_lanes_of_outputs_made_of_each_other_are_all_read_first(unit: VectorUnit) -> None:
    text = """
void k(float* x, float* y) {
  for (int i = 0; i < 70; ++i) { float a = x[i], b = y[i]; x[i] = a * 2.0f + b; y[i] = a + b; }
}"""
    c = platforms.get("c")
    plain = sequential(read(text, c, "k.c"), c, contracted=False)[0].kernels[0]
    vectors = VectorLoops(unit, 32).apply(plain)
    assert [s for s in statements(vectors) if isinstance(s, Intrinsic)]
    sizes = {"x": 70, "y": 70}
    want, got = results(plain, sizes, {}), results(Detensorize(toy.MEANINGS).apply(vectors), sizes, {})
    for name in sizes:
        np.testing.assert_allclose(got[name], want[name], rtol=1e-9)


@pytest.mark.parametrize(("text", "apart"), [
    # the count comes of what the loop changes: computed twice, y would grow twice
    ("for (int i = 0; i < 30; ++i) { y[i] += x[i]; if (y[i] > 0.0f) at = at * 3 + i; } z[0] = at;", 1),
    # the scalar is what y[0] was
    ("at = y[0]; for (int i = 0; i < 30; ++i) y[i] = x[i] + 1.0f; for (int i = 0; i < 30; ++i) z[i] = x[i] * at;", 1),
    # what the second nest needs, memory holds
    ("for (int i = 1; i < 30; ++i) y[i] = y[i - 1] + x[i]; for (int i = 0; i < 30; ++i) z[i] = y[i] * 2.0f;", 2),
    ("at = x[3]; for (int i = 0; i < 30; ++i) y[i] = x[i] + at; for (int i = 0; i < 30; ++i) z[i] = x[i] * at;", 2),
])
def test_what_changes_memory_is_done_once(text: str, apart: int) -> None:
    c = platforms.get("c")
    program = read(f"void k(const float* x, float* y, float* z) {{ float at = 0.0f; {text} }}", c, "k.c")
    whole = sequential(program, c, contracted=False)[0].kernels[0]
    parts = nests(whole)
    assert len(parts) == apart
    sizes = {"x": 30, "y": 30, "z": 30}
    want, got = (dict(zip(sizes, np.random.default_rng(5).normal(size=(3, 30)), strict=True)) for _ in range(2))
    run(whole, want)
    for part in parts:
        assert sum(bool(buffers_written(s.body)) for s in part.body if isinstance(s, For) and s.kind == "parallel") <= 1
        run(part, got)
    for name in sizes:
        np.testing.assert_array_equal(got[name], want[name])


@pytest.mark.parametrize("op", ["max", "min"])
def test_a_row_is_reduced_with_an_instruction_or_without_one(op: str) -> None:
    """The toy has a maximum of registers and no minimum: its accumulator is a register across the loop all the same."""
    i, k = var("i"), var("k")
    rows = kernel("rows", "x y", loop(
        "i", 3, let("s", 1e30 if op == "min" else -1e30),
        loop("k", 12, assign("s", call(op, var("s", F), load("x", i * 12 + k)))), store("y", i, var("s", F))))
    vectors = VectorLoops(toy.REGISTER_UNIT).apply(rows)
    check(Program("c", (vectors,), None))
    sizes = {"x": 36, "y": 3}
    want, got = results(rows, sizes, {}), results(Detensorize(toy.MEANINGS).apply(vectors), sizes, {})
    np.testing.assert_allclose(got["y"], want["y"])


def test_numbers_that_fit_fewer_bytes_are_narrowed_before_they_are_copied() -> None:
    """A clamp to bytes is one of ints in lanes; as many bytes of those are other numbers."""
    text = """
void k(const float* x, signed char* q) {
  for (int i = 0; i < 70; ++i) { int v = (int)(x[i] * 99.0f); q[i] = v < -5 ? -5 : v > 7 ? 7 : v; }
}"""
    c = platforms.get("c")
    plain = sequential(read(text, c, "k.c"), c, contracted=False)[0].kernels[0]
    vectors = VectorLoops(vector_unit(platforms.get("bang")), 32).apply(plain)
    assert [s for s in statements(vectors) if isinstance(s, Intrinsic)]
    copied = {a.buffer for s in statements(vectors) if isinstance(s, Intrinsic) for a in s.args if isinstance(a, Addr)}
    types = {s.buffer.name: s.buffer.dtype for s in statements(vectors) if isinstance(s, Alloc)}
    last = [s for s in statements(vectors) if isinstance(s, Intrinsic)][-1]
    assert "q" in copied and isinstance(last.args[1], Addr) and types[last.args[1].buffer] is DType.I8


@pytest.mark.parametrize("bind", [BindTasks(tasks=3), BindThreads(threads=8, warp=4)])
@pytest.mark.parametrize("step", [0, 2])
def test_a_condition_over_all_is_asked_by_everybody(bind: BindTasks | BindThreads, step: int) -> None:
    twice = replace(loop("i", 20, store("y", var("i"), load("x", var("i")) * 2.0)), kind="parallel")
    plain = kernel("twice", "x y step:i", when(ex(0) < var("step"), twice))
    bound = asking_first(bind.apply)(plain)
    axes = [s for s in statements(bound) if isinstance(s, For) and s.kind != "serial"]
    assert prod(int(s.stop.value) for s in axes if isinstance(s.stop, Const)) > 1
    size, scalars = {"x": 20, "y": 20}, {"step": step}
    np.testing.assert_array_equal(results(bound, size, scalars)["y"], results(plain, size, scalars)["y"])


def test_nests_under_a_condition_are_each_under_it() -> None:
    """Whichever side they are on; a scalar that is set there for what comes behind keeps them in one kernel."""
    one, two = (replace(loop("i", 8, store(y, var("i"), load("x", var("i")))), kind="parallel") for y in ("y", "z"))
    inner = when(var("n") < ex(9), one, two)
    plain = kernel("sides", "x y z n:i", when(ex(0) < var("n"), inner, orelse=(two,)))
    parts = nests(plain)
    shown = [[show(s.cond) for s in statements(k) if isinstance(s, If)] for k in parts]
    assert shown == [["0 < n && n < 9"], ["0 < n && n < 9"], ["0 >= n"]]
    sizes = {"x": 8, "y": 8, "z": 8}
    for n in (-1, 3, 20):
        want = results(plain, sizes, {"n": n})
        rng = np.random.default_rng(7)
        got = {name: rng.normal(size=size) for name, size in sizes.items()}
        for part in parts:
            run(part, got, n=n)
        for name in sizes:
            np.testing.assert_array_equal(got[name], want[name])
    later = kernel("later", "x y z n:i", let("m", 0, DType.I32), when(ex(0) < var("n"), one, assign("m", 1, DType.I32)),
                   store("z", 0, load("x", var("m"))))
    assert [buffers_written(k.body) & {"y", "z"} for k in nests(later)] == [{"y", "z"}]
    filled = when(ex(0) < var("n"), loop("i", 8, store("own", var("i"), load("x", var("i")))), one, two)
    kept = kernel("kept", "x y z n:i", array("own", 8), filled, store("z", 0, load("own", 3)))
    assert all("own" in buffers_written(k.body) for k in nests(kept) if "own" in buffers_used(k.body))
