"""How much of an array a kernel touches: no more than its guards admit."""

from __future__ import annotations

import pytest

from tests.passes.programs import E, ex, kernel, load, loop, store, var, when
from xpiler.ir.nodes import Kernel, Select
from xpiler.passes.ranges import accessed, ranges
from xpiler.verify.evaluate import evaluate


def either(cond: E, a: E, b: E) -> E:
    return E(Select(cond.e, a.e, b.e, a.e.dtype))


def masked(rows: str, columns: str) -> Kernel:
    """y[r] = the tail of row r, read by sixteen lanes under a mask."""
    r, k, n = var("r"), var("k"), var(columns)
    at = r * n + n // 16 * 16 + k
    lane = either(k < n % 16, load("x", at), ex(0.0))
    return kernel("tail", f"x y {rows}:i {columns}:i", loop("r", var(rows), loop("k", 16, store("y", r * 16 + k, lane))))


@pytest.mark.parametrize(("m", "n"), [(3, 37), (2, 17), (5, 31)])
def test_a_masked_read_stays_inside_the_array(m: int, n: int) -> None:
    found = ranges(masked("m", "n"))["x"]
    assert evaluate(found.extent, {"m": m, "n": n}) == m * n


@pytest.mark.parametrize("n", [1, 63, 64, 65])
def test_a_guarded_write_stays_inside_the_array(n: int) -> None:
    i = var("b") * 8 + var("t")
    inner = when(i * 3 + 1 < var("n"), store("y", i * 3 + 1, load("x", i * 3)))
    found = ranges(kernel("some", "x y n:i", loop("b", (var("n") + 7) // 8, loop("t", 8, inner))))
    assert evaluate(found["y"].extent, {"n": n}) <= n
    assert evaluate(found["x"].extent, {"n": n}) <= n


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (3, 5), (16, 2)])
def test_a_flat_number_taken_apart_by_sizes_stays_inside(rows: int, columns: int) -> None:
    """Rows and columns from one number and unknown sizes: one less than a divisor, less than a quotient."""
    i, r, n = var("i"), var("r"), var("n")
    inner = when(i < r * n, store("y", i % n * r + i / n, load("x", i)))
    found = ranges(kernel("turned", "x y r:i n:i", loop("i", 4096, inner)))
    assert evaluate(found["y"].extent, {"r": rows, "n": columns}) == rows * columns


@pytest.mark.parametrize(("rows", "whole"), [(12, True), (11, False)])
def test_a_loop_over_rows_of_several_images_is_taken_apart(rows: int, whole: bool) -> None:
    """Overlapping windows: row r / 4 of an image of 9 and r % 4 in it. A part of an image is left to the results."""
    r, k = var("r"), var("k")
    at = r / 4 * 9 + r % 4 * 2 + k
    found = accessed(kernel("windows", "x y", loop("r", rows, loop("k", 3, store("y", r, load("x", at))))))
    assert found["y"] == ex(rows).e
    assert found.get("x") == (ex(2 * 9 + 3 * 2 + 3).e if whole else None)
