"""How much of an array a kernel touches: no more than its guards admit."""

from __future__ import annotations

import pytest

from tests.passes.programs import E, ex, kernel, load, loop, store, var, when
from xpiler.ir.nodes import Binary, Call, Cast, Const, Kernel, Select
from xpiler.ir.types import DType
from xpiler.passes.plain.ranges import accessed, ranges
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


def op(name: str, a: E, b: E) -> E:
    return E(Binary(name, a.e, b.e, a.e.dtype))


def function(name: str, *args: object) -> E:
    given = [ex(a) for a in args]
    return E(Call(name, tuple(a.e for a in given), given[0].e.dtype))


@pytest.mark.parametrize("n", [1, 16, 31, 4097])
def test_a_tail_after_a_multiple_of_a_power_of_two_ends_where_the_array_does(n: int) -> None:
    whole = op("&", var("n"), ex(-16))
    i, k = var("i") * 16 + var("k"), var("j")
    body = (
        loop("i", (whole + 15) / 16, loop("k", 16, store("y", i, load("x", i)))),
        loop("j", var("n"), when(op("<=", whole, k), store("y", k, load("x", k))), start=whole),
    )
    found = accessed(kernel("tailed", "x y n:i", *body))
    assert {name: evaluate(e, {"n": n}) for name, e in found.items()} == {"x": n, "y": n}


@pytest.mark.parametrize("n", [1, 15, 1024, 1039])
def test_a_tail_of_each_chunk_ends_where_the_array_does(n: int) -> None:
    """Where the tail of a chunk begins is a maximum: of where vectors ended, and of where the chunk begins."""
    size, k, begin = var("n"), var("k"), var("c") * 1024
    vectors = function("max", begin, function("min", begin + 1024, size) / 16 * 16)
    at = vectors + k
    inner = when(at < size, when(vectors < size, when(begin + k < size, store("y", at, load("x", at)))))
    found = accessed(kernel("chunks", "x y n:i", loop("c", (size + 1023) / 1024, loop("k", 16, inner))))
    assert {name: evaluate(e, {"n": n}) for name, e in found.items()} == {"x": n, "y": n}


def test_an_index_made_of_floats_is_bounded_where_they_are() -> None:
    """The row above a pixel of a picture twice as high: (i + 1/2) / 2 - 1/2, no less than zero, rounded down."""
    place = (E(Cast(var("i").e, DType.F32)) + 0.5) * 0.5 - 0.5
    above = E(Cast(function("max", place, 0.0).e, DType.I32))
    found = accessed(kernel("rows", "x y", loop("i", 40, store("y", var("i"), load("x", above)))))
    assert found["x"] == ex(20).e


def test_an_index_made_of_data_is_bounded_by_nothing() -> None:
    at = E(Cast(function("max", load("x", var("i")), 0.0).e, DType.I32))
    assert "z" not in accessed(kernel("taken", "x y z", loop("i", 40, store("y", var("i"), load("z", at)))))


def test_coordinates_made_of_data_are_one_place_in_their_row() -> None:
    """A map among others in a row: where it starts, a row of it, and a column."""
    i, j = var("i"), var("j")
    start, row, column, width = (E(Cast(load(x, j).e, DType.I32)) for x in "abcd")
    for beside in (ex(0), ex(1), ex(-1), var("l")):
        at = (i * 77 + start + row * width + column + beside) * 8 + var("k")
        body = loop("l", 2, loop("k", 8, store("y", (i * 3 + j) * 8 + var("k"), load("z", at))))
        found = accessed(kernel("maps", "x y z a b c d", loop("i", 4, loop("j", 3, body))))
        assert evaluate(found["z"], {}) == 4 * 77 * 8


def test_a_coordinate_made_of_data_stays_in_its_row() -> None:
    """x[(i * rows + lengths[i] - 1) * 8 + k]: what has no bound is below the next larger stride, if there is one."""
    rows, i = var("rows"), var("i")
    place = E(Cast(load("x", i).e, DType.I32))
    inner = loop("t", place, loop("k", 8, store("y", (i * rows + var("t")) * 8 + var("k"), load("z", place * 8))))
    found = accessed(kernel("cached", "x y z rows:i", loop("i", 5, inner)))
    assert evaluate(found["y"], {"rows": 7}) == 5 * 7 * 8
    assert "z" not in found


def test_a_number_shifted_by_a_number_is_one() -> None:
    """A scalar that every launch gives as 64, halved by a shift: not the lanes of a mask."""
    at = var("i") * E(Binary(">>", Const(64, DType.I32), Const(1, DType.I32), DType.I32))
    found = ranges(kernel("halved", "x y", loop("i", 5, store("y", at, load("x", var("i"))))))
    assert evaluate(found["y"].extent, {}) == 4 * 32 + 1


@pytest.mark.parametrize(("rows", "columns"), [(96, 130), (3, 5), ("h", "w")])
def test_what_a_stencil_reads_of_its_last_row(rows: int | str, columns: int | str) -> None:
    """The conditions on both loops count: the last element of the last row is not among a cross's."""
    h, w = (var(n) if isinstance(n, str) else ex(n) for n in (rows, columns))
    y, x = var("y"), var("x")
    cross = load("u", (y + 1) * w + x) + load("u", y * w + x + 1)
    inner = when(ex(0) < y, when(y < h - 1, when(ex(0) < x, when(x < w - 1, store("v", y * w + x, cross)))))
    found = accessed(kernel("cross", "u v h:i w:i", loop("y", h, loop("x", w, inner))))
    sizes = {"h": 96, "w": 130} if rows == "h" else {}
    last = (96, 130) if rows == "h" else (rows, columns)
    assert evaluate(found["u"], sizes) == last[0] * last[1] - 1
    assert evaluate(found["v"], sizes) == (last[0] - 1) * last[1] - 1


def test_a_window_over_rows_columns_and_channels_stays_inside() -> None:
    """A row, a column and a chunk of channels have a condition each, and sizes multiply two of them."""
    h, w, c = var("h"), var("w"), var("c")
    y, x, k = var("y") + var("p") + (-1), var("x") + var("q") + (-1), var("z") * 16 + var("k")
    seen = when(ex(-1) < y, when(y < h, when(ex(-1) < x, when(x < w, when(
        k < c, store("v", k, load("u", (y * w + x) * c + k)))))))
    body = loop("z", (c + 15) / 16, loop("p", 3, loop("q", 3, loop("k", 16, seen))))
    found = accessed(kernel("window", "u v h:i w:i c:i", loop("y", h, loop("x", w, body))))
    for size in ({"h": 37, "w": 23, "c": 19}, {"h": 1, "w": 2, "c": 16}):
        assert evaluate(found["u"], size) == size["h"] * size["w"] * size["c"]


def test_the_row_below_and_the_column_behind_are_the_last_ones_or_before() -> None:
    """Bilinear: the second row and the second column are the next ones where there is a next one, else the last."""
    h, w = var("h"), var("w")

    def two(v: str, size: E) -> tuple[E, E]:
        place = E(Cast(function("max", E(Cast(var(v).e, DType.F32)) * 0.5, 0.0).e, DType.I32))
        return function("min", place, size - 1), either(place + 1 < size, function("min", place, size - 1) + 1, size - 1)

    (y0, y1), (x0, x1) = two("i", h), two("j", w)
    corners = load("u", y0 * w + x0) + load("u", y0 * w + x1) + load("u", y1 * w + x0) + load("u", y1 * w + x1)
    body = loop("i", var("m"), loop("j", var("n"), store("v", var("i") * var("n") + var("j"), corners)))
    found = ranges(kernel("corner", "u v h:i w:i m:i n:i", body))
    assert evaluate(found["u"].extent, {"h": 7, "w": 5, "m": 40, "n": 40}) == 7 * 5
