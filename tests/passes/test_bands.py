"""Bands: rows that a task takes together, on a toy machine whose copies are counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.passes import toy
from tests.passes.interpret import run
from tests.passes.programs import ex, var
from tests.passes.test_bulk import MOVER, Copied
from xpiler import platforms
from xpiler.ir.nodes import If, Kernel, Let
from xpiler.ir.walk import loads, statements, stores
from xpiler.passes.lanes.vectors import VectorLoops
from xpiler.passes.machine.asked import within_condition
from xpiler.passes.machine.share import BindTasks
from xpiler.passes.near.ahead import Ahead
from xpiler.passes.near.bands import Bands
from xpiler.passes.near.bulk import InBulk, held
from xpiler.passes.split import Split
from xpiler.text.read import read
from xpiler.to_pivot import sequential

SCALED = """
void k(const float* x, float* y{param}) {{
  for (int i = 0; i < {rows}; ++i) {{
    float s = 0.0f;
    for (int j = 0; j < {cols}; ++j) s += x[i * {cols} + j];
    for (int j = 0; j < {cols}; ++j) y[i * {cols} + j] = x[i * {cols} + j] * s;
  }}
}}"""
SUMS = """
void k(const float* x, float* y{param}) {{
  for (int i = 0; i < {rows}; ++i) {{
    float s = 0.0f;
    for (int j = 0; j < {cols}; ++j) s += x[i * {cols} + j] * x[i * {cols} + j];
    y[i] = s;
  }}
}}"""
GROUPS = """
void k(const float* x, float* y) {
  for (int g = 0; g < 3; ++g) for (int i = 0; i < 11; ++i) {
    float s = 0.0f;
    for (int j = 0; j < 32; ++j) s += x[g * 640 + i * 32 + j];
    for (int j = 0; j < 32; ++j) y[(g * 11 + i) * 32 + j] = x[g * 640 + i * 32 + j] * s;
  }
}"""
ROOM = 1 << 18


def vectors(text: str) -> Kernel:
    c = platforms.get("c")
    pivot = sequential(read(text, c, "k.c"), c)[0].kernels[0]
    return VectorLoops(toy.COUNTED_UNIT, 4096).apply(pivot)


def bound(k: Kernel, tasks: int, room: int) -> Kernel:
    return InBulk(MOVER, room).apply(BindTasks(tasks).shared(k))


def compared(k: Kernel, sizes: dict[str, int], tasks: int = 2, room: int = ROOM, **n: int) -> tuple[Kernel, list[int]]:
    """The kernel in bands, which computes what it did, and how much each of its copies carries."""
    made = bound(Bands(InBulk(MOVER, room), BindTasks(tasks)).apply(k), tasks, room)
    got = []
    for one, copied in (bound(k, tasks, room), Copied()), (made, Copied()):
        rng = np.random.default_rng(7)
        arrays = {name: rng.normal(size=size) for name, size in sizes.items()}
        run(one, arrays, meanings=toy.MEANINGS | {("copy", ""): copied}, IN=0, OUT=1, OVER=2, **n)
        got.append((arrays, copied.elements))
    for name in sizes:
        np.testing.assert_array_equal(got[0][0][name], got[1][0][name])
    assert held(made, "pad") <= room
    return made, sorted(got[1][1])


def test_each_task_copies_its_rows_in_and_out_once() -> None:
    text = SCALED.format(rows=9, cols=32, param="")
    _, copies = compared(vectors(text), {"x": 288, "y": 288})
    assert copies == [4 * 32, 4 * 32, 5 * 32, 5 * 32]


def test_rows_that_bands_divide_have_no_last_band() -> None:
    made, copies = compared(vectors(SCALED.format(rows=12, cols=32, param="")), {"x": 384, "y": 384}, tasks=3)
    assert copies == 6 * [4 * 32]
    assert not any(isinstance(s, Let) and s.var.name == "count" for s in statements(made.body))


def test_a_scalar_for_each_row_goes_with_those_of_its_band() -> None:
    made, copies = compared(vectors(SUMS.format(rows=9, cols=32, param="")), {"x": 288, "y": 9})
    assert copies == [4, 5, 4 * 32, 5 * 32]
    assert not any(s.buffer == "y" for s in stores(made.body))


def test_scalars_go_together_where_rows_are_long_enough_alone() -> None:
    k = Bands(InBulk(MOVER, ROOM), BindTasks(2)).apply(vectors(SUMS.format(rows=32, cols=3072, param="")))
    made = bound(k, 2, ROOM)
    assert not any(x.buffer in ("x", "y") for x in (*loads(made), *stores(made.body)))


@pytest.mark.parametrize("rows", [1, 63, 64, 65, 128, 300])
def test_the_number_of_rows_may_be_known_at_run_time(rows: int) -> None:
    text = SCALED.format(rows="n", cols=32, param=", int n")
    _, copies = compared(vectors(text), {"x": rows * 32, "y": rows * 32}, n=rows)
    whole = 2 * (rows // 64) * [64 * 32]
    assert copies == sorted(whole + (2 * [rows % 64 * 32] if rows % 64 else []))


def test_rows_of_an_inner_loop_are_split_where_the_outer_one_is_too_short() -> None:
    _, copies = compared(vectors(GROUPS), {"x": 1920, "y": 3 * 11 * 32}, tasks=6)
    assert copies == sorted(6 * [6 * 32] + 6 * [5 * 32])


def test_what_does_not_fit_at_once_comes_in_a_few_rounds_and_early() -> None:
    k, room = vectors(SCALED.format(rows=40, cols=32, param="")), 5 << 10
    made, copies = compared(k, {"x": 1280, "y": 1280}, room=room)
    assert copies == 2 * [5 * 32] + 10 * [7 * 32]
    assert held(Ahead(("copy", "start"), (("pad", room),)).apply(made), "pad") > held(made, "pad")


@pytest.mark.parametrize(("rows", "early"), [(2, False), (4, True)])
def test_a_loop_of_two_iterations_at_most_brings_in_none_early(rows: int, early: bool) -> None:
    split = Split("i", rows, "shorter").apply(vectors(SCALED.format(rows=9, cols=3072, param="")))
    k = BindTasks(2).shared(split)
    assert (Ahead(("copy", "start"), (("pad", ROOM),)).apply(k) != k) is early


@pytest.mark.parametrize(("rows", "cols", "room"), [(40, 4096, 1 << 30), (40, 32, 600), (2, 32, ROOM)])
def test_what_gains_nothing_or_has_no_room_stays(rows: int, cols: int, room: int) -> None:
    k = vectors(SCALED.format(rows=rows, cols=cols, param=""))
    assert Bands(InBulk(MOVER, room), BindTasks(2)).apply(k) == k


def test_rows_under_a_condition_on_parameters_are_taken_together_under_it() -> None:
    rows = vectors(SCALED.format(rows="n", cols=32, param=", int n"))
    condition = (ex(2) < var("n")).e
    k = replace(rows, body=(If(condition, rows.body),))
    bands = Bands(InBulk(MOVER, ROOM), BindTasks(2))
    assert within_condition(bands.apply)(k).body == (If(condition, bands.apply(rows).body),)
    assert bands.apply(rows) != rows
