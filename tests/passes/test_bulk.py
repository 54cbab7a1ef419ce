"""Bulk: copies of pieces as one, on a toy machine whose copies are counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from tests.passes import toy
from tests.passes.interpret import run
from tests.passes.programs import F, I, array, ex, kernel, load, loop, var, when
from xpiler import platforms, to_target
from xpiler.ir.nodes import Addr, Alloc, Const, Intrinsic, Kernel, Stmt, Var
from xpiler.ir.walk import loads, statements
from xpiler.passes.bind import BindTasks
from xpiler.passes.near.bulk import InBulk
from xpiler.passes.near.moves import Mover, results_of
from xpiler.passes.lanes.vectors import VectorLoops, VectorUnit
from xpiler.text.read import read
from xpiler.to_pivot import sequential

WAYS = (("global", "pad"), "IN"), (("pad", "global"), "OUT"), (("pad", "pad"), "OVER")
MOVER = Mover("copy", WAYS, "pad", results_of(toy.COUNTED_UNIT.offers))

POOL = """
void k(const float* x, float* y) {
  for (int i = 0; i < 6; ++i) for (int j = 0; j < 5; ++j) for (int c = 0; c < 32; ++c) {
    float s = 0.0f;
    for (int k = 0; k < 3; ++k) for (int l = 0; l < 3; ++l) s += x[((2 * i + k) * 11 + 2 * j + l) * 32 + c];
    y[(i * 5 + j) * 32 + c] = s;
  }
}"""
TWICE = """
void k(const float* x, float* y) {
  for (int i = 0; i < 4; ++i) {
    float s = 0.0f;
    for (int j = 0; j < 128; ++j) s += x[i * 128 + j] * x[i * 128 + j];
    for (int j = 0; j < 128; ++j) y[i * 128 + j] = x[i * 128 + j] * s;
  }
}"""
PACKED = """
void k(const float* x, const float* w, float* y) {
  for (int i = 0; i < 20; ++i) for (int j = 0; j < 24; ++j) for (int c = 0; c < 3; ++c) {
    float s = 0.0f;
    for (int k = 0; k < 3; ++k) s += x[i * 78 + (j + k) * 3 + c] * w[c * 3 + k];
    y[i * 72 + j * 3 + c] = s;
  }
}"""


@dataclass
class Copied:
    """What the copies of a run carried."""

    elements: list[int] = field(default_factory=list)
    within: int = 0

    def __call__(self, s: Intrinsic, operands: list[Any]) -> None:
        to, source, size, way, *rest = operands
        down, across, more = (n // 4 for n in (*rest[:2], 4 * rest[2])) if rest else (0, 0, 0)
        for r in range(more + 1):
            to[r * down: r * down + size // 4] = source[r * across: r * across + size // 4]
        self.within += way == 2
        if way != 2:
            self.elements.append((more + 1) * (size // 4))


def lowered(text: str, chunk: int = 64) -> Kernel:
    c = platforms.get("c")
    pivot = sequential(read(text, c, "k.c"), c)[0].kernels[0]
    return BindTasks(tasks=2).apply(VectorLoops(toy.COUNTED_UNIT, chunk).apply(pivot))


def ran(k: Kernel, sizes: dict[str, int]) -> tuple[dict[str, np.ndarray], Copied]:
    rng, copied = np.random.default_rng(7), Copied()
    arrays = {name: rng.normal(size=n) for name, n in sizes.items()}
    run(k, arrays, meanings=toy.MEANINGS | {("copy", ""): copied}, IN=0, OUT=1, OVER=2)
    return arrays, copied


def compared(k: Kernel, sizes: dict[str, int], room: int = 1 << 18) -> tuple[Copied, Copied]:
    """What is copied without and with the pass, which changes nothing else."""
    want, before = ran(k, sizes)
    got, after = ran(InBulk(MOVER, room).apply(k), sizes)
    for name in sizes:
        np.testing.assert_array_equal(got[name], want[name])
    return before, after


def test_the_rows_of_all_windows_of_a_row_come_at_once() -> None:
    before, after = compared(lowered(POOL), {"x": 13 * 11 * 32, "y": 6 * 5 * 32})
    assert len(before.elements) == 6 * 5 * 10
    assert sorted(after.elements) == 6 * [5 * 32] + 6 * [3 * 11 * 32]  # a row of results; three rows of the input
    assert not after.within


def test_less_is_brought_where_there_is_less_room() -> None:
    """A row's windows do not fit, the rows of one window do."""
    k = lowered(POOL)
    held = sum(int(s.buffer.extent.value) * 4 for s in statements(k.body) if isinstance(s, Alloc))
    _, after = compared(k, {"x": 13 * 11 * 32, "y": 6 * 5 * 32}, held + 9 * 32 * 4)
    assert 3 * 3 * 32 in after.elements and max(after.elements) < 11 * 32 * 3


def test_nothing_is_brought_where_there_is_no_room() -> None:
    k = lowered(POOL)
    assert InBulk(MOVER, 0).apply(k) == k


def test_a_row_that_two_loops_read_comes_once() -> None:
    before, after = compared(lowered(TWICE, 32), {"x": 512, "y": 512})
    assert sum(before.elements) == 3 * 512
    assert sorted(after.elements) == 4 * [128] + 4 * [128]


def test_a_row_in_chunks_of_which_the_last_is_shorter_comes_once() -> None:
    before, after = compared(lowered(TWICE.replace("128", "150")), {"x": 600, "y": 600})
    assert sum(before.elements) == 3 * 600
    assert after.elements.count(150) >= 4 and sum(after.elements) == 2 * 600


def test_what_is_packed_element_by_element_comes_first_and_at_once() -> None:
    """w[c * 3 + k] for a lane j * 3 + c, of which only the last digit counts."""
    k = lowered(PACKED, 4096)
    _, after = compared(k, {"x": 20 * 78, "w": 9, "y": 20 * 72})
    assert after.elements.count(9) == 2  # once for each task
    assert not any(e.buffer == "w" for e in loads(InBulk(MOVER, 1 << 18).apply(k)))


def copy(to: Addr, source: Addr, n: int, way: str) -> Intrinsic:
    return Intrinsic("copy", (to, source, Const(4 * n, I), Var(way, I)))


def at(buffer: str, index: object = 0) -> Addr:
    return Addr(buffer, ex(index).e, F)


def tile(*work: Stmt) -> Kernel:
    """Eight tiles of 32 of x, worked on near by."""
    return kernel("tiles", "x y", array("near", 32, "pad"), loop("i", 8, copy(at("near"), at("x", var("i") * 32), 32, "IN"), *work))


ADD = Intrinsic("padd", (at("near"), at("near"), at("near"), Const(32, I)), None, "padd")
OUT = copy(at("y", var("i") * 32), at("near"), 32, "OUT")


def test_an_array_that_is_changed_is_copied_near_by() -> None:
    _, after = compared(tile(ADD, OUT), {"x": 256, "y": 256})
    assert after.elements == [256, 256]
    assert after.within == 8  # from all of x to its place in all of y, where it is changed


def test_an_array_that_is_used_after_the_loop_stays_one() -> None:
    last = copy(at("y", 256), at("near"), 32, "OUT")
    k = tile(OUT)
    _, after = compared(Kernel(k.name, k.params, (*k.body, last)), {"x": 256, "y": 288})
    assert after.elements[0] == 256


def test_what_nobody_wrote_is_not_written() -> None:
    """Between the tiles there are elements that the kernel leaves alone."""
    _, after = compared(tile(copy(at("y", var("i") * 40), at("near"), 32, "OUT")), {"x": 256, "y": 320})
    assert after.elements == [256, 256]


@pytest.mark.parametrize("what", ["condition", "both ways", "length"])
def test_what_stays(what: str) -> None:
    """Copies that data decides on, of what the kernel writes as well, and as many as nobody knows."""
    first = copy(at("near"), at("x", var("i") * 32), 32, "IN")
    body: tuple[Stmt, ...] = {
        "condition": (loop("i", 8, when(load("x", 0) < 0.5, first, OUT)),),
        "both ways": (loop("i", 8, first, copy(at("x", var("i") * 32), at("near"), 32, "OUT")),),
        "length": (loop("i", var("m"), first, OUT),),
    }[what]
    k = kernel("tiles", "x y m:i", array("near", 32, "pad"), *body)
    assert InBulk(MOVER, 1 << 18).apply(k) == k


def test_a_machine_that_refuses_places_between_can_have_the_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address in the middle of an array is none an instruction of every machine takes."""
    c, bang = platforms.get("c"), platforms.get("bang")
    unit = VectorUnit(toy.COUNTED_UNIT.offers, 0, bang.vector_space, bang.copy, tuple(bang.transfers.items()))
    monkeypatch.setitem(to_target._units, ("bang", bang.target), unit)
    program = read(POOL, c, "k.c")
    pivot, steps = sequential(program, c)
    found = {r.name: r.trace for r in to_target.roads(program, pivot, steps, c, bang, [])}
    assert [name for name, trace in found.items() if "bulk(k)" in trace] == ["vectors of 4096"]
    assert "vectors of 4096, copied piece by piece" in found


@pytest.mark.parametrize("rows", [7, 1])
def test_what_all_rows_read_comes_once_however_many_there_are(rows: int) -> None:
    text = """void k(const float* x, const float* w, float* y, int n) {
      for (int i = 0; i < n; ++i) for (int c = 0; c < 64; ++c) y[i * 64 + c] = x[i * 64 + c] * w[c];
    }"""
    bound = lowered(text)
    made = InBulk(MOVER, 1 << 18).apply(bound)
    sizes, copied = {"x": rows * 64, "w": 64, "y": rows * 64}, Copied()
    rng = np.random.default_rng(7)
    arrays = {name: rng.normal(size=n) for name, n in sizes.items()}
    run(made, arrays, meanings=toy.MEANINGS | {("copy", ""): copied}, n=rows, IN=0, OUT=1, OVER=2)
    np.testing.assert_allclose(arrays["y"].reshape(rows, 64), arrays["x"].reshape(rows, 64) * arrays["w"])
    assert len(copied.elements) == 2 * rows + 2  # once for each of two tasks
