"""Sums of products on tiles: the platforms' own tile products are found, and a kernel on them multiplies matrices."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from xpiler.emulate.build import build
from xpiler.emulate.entry import Entry
from xpiler.emulate.run import run
from xpiler.facts.tiles import TileUnit, tile_units
from xpiler.ir.nodes import (
    Assign, Binary, Buffer, Cast, Const, Expr, For, Intrinsic, Kernel, Let, Load, Program, Stmt, Store, Var,
)
from xpiler.ir.types import DType as T
from xpiler.ir.walk import statements
from xpiler.passes.tiles.matrix import TileProducts
from xpiler.passes.step import NotApplicable
from xpiler.platforms import get
from xpiler.text.read import library
from xpiler.text.write import write


@cache
def units(platform: str) -> tuple[TileUnit, ...]:
    return tile_units(library(get(platform)))


def c(value: int) -> Const:
    return Const(value, T.I32)


def loop(var: Var, stop: int, *body: Stmt) -> For:
    return For(var, c(0), c(stop), c(1), body)


def index(row: Expr, pitch: int, column: Expr) -> Expr:
    return Binary("+", Binary("*", row, c(pitch), T.I32), column, T.I32)


def product(m: int, n: int, k: int, dtype: T, turned: bool = False) -> Kernel:
    """c[i, j] = sum of a[i, q] * b[q, j], or of a[i, q] * b[j, q]."""
    i, j, q, total = Var("i", T.I32), Var("j", T.I32), Var("q", T.I32), Var("total", T.F32)
    a = Load("a", index(i, k, q), dtype)
    b = Load("b", index(j, k, q) if turned else index(q, n, j), dtype)
    x, y = (e if dtype is T.F32 else Cast(e, T.F32) for e in (a, b))
    term = Binary("*", x, y, T.F32)
    body = (Let(total, Const(0.0, T.F32)), loop(q, k, Assign(total, Binary("+", total, term, T.F32))),
            Store("c", index(i, n, j), total))
    params = (Buffer("a", dtype, c(m * k), const=True), Buffer("b", dtype, c(k * n), const=True),
              Buffer("c", T.F32, c(m * n)))
    return Kernel("product", params, (loop(i, m, loop(j, n, *body)),))


def on_tiles(kernel: Kernel, platform: str) -> Kernel:
    target = get(platform)
    (out,) = TileProducts(units(platform), target.warp, tuple(target.enumerators.items())).apply(kernel)
    return out


def extents(kernel: Kernel) -> dict[str, int]:
    return {s.kind: int(s.stop.value) for s in statements(kernel)
            if isinstance(s, For) and "." in s.kind and isinstance(s.stop, Const)}


@pytest.mark.parametrize(("platform", "dtype", "turned", "shape"), [
    ("cuda", T.F16, False, (32, 64, 48)), ("cuda", T.F16, True, (16, 32, 32)),
    ("hip", T.F16, False, (32, 32, 32)), ("hip", T.F16, True, (16, 48, 16)), ("hip", T.F32, False, (32, 32, 20)),
])
def test_tiles_multiply_matrices(platform: str, dtype: T, turned: bool, shape: tuple[int, int, int]) -> None:
    m, n, k = shape
    kernel = on_tiles(product(m, n, k, dtype, turned), platform)
    text = write(Program(platform, (kernel,), None), get(platform))
    source = np.random.default_rng(3)
    held = np.float16 if dtype is T.F16 else np.float32
    a, b = (source.uniform(-1, 1, count).astype(held) for count in (m * k, k * n))
    params = tuple(replace(p, extent=None) for p in kernel.params if isinstance(p, Buffer))
    entry = Entry("product", params, kernel=True, extents=extents(kernel))
    done = run(build(text, get(platform), entry), entry, {"a": a, "b": b, "c": np.zeros(m * n, np.float32)})
    assert not done.findings
    right = b.reshape(n, k).T if turned else b.reshape(k, n)
    expected = a.reshape(m, k).astype(np.float64) @ right.astype(np.float64)
    np.testing.assert_allclose(done.outputs["c"].reshape(m, n), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("shape", "threads", "blocks"), [
    ((64, 96, 16), (32, 4), (3, 2)), ((48, 64, 16), (32, None), (4, 3)),
])
def test_a_block_has_four_warps_where_tiles_come_in_squares(
    shape: tuple[int, int, int], threads: tuple[int, int | None], blocks: tuple[int, int]
) -> None:
    found = extents(on_tiles(product(*shape, T.F16), "cuda"))
    assert (found["thread.x"], found.get("thread.y")) == threads
    assert (found["block.x"], found["block.y"]) == blocks


def test_the_load_follows_the_layout_of_the_operand() -> None:
    def loads(turned: bool) -> set[str]:
        kernel = on_tiles(product(16, 16, 16, T.F16, turned), "hip")
        return {s.name for s in statements(kernel) if isinstance(s, Intrinsic)}

    assert "tile_load_b_row" in loads(turned=False)
    assert "tile_load_b_col" in loads(turned=True)


@pytest.mark.parametrize(("kernel", "why"), [
    (product(20, 16, 16, T.F16), "20 iterations is not made of tiles of 16"),
    (product(16, 16, 24, T.F16), "24 iterations is not made of tiles of 16"),
    (product(16, 16, 16, T.F32), "no tile product of f32 and f32 into f32"),
    (Kernel("fill", (Buffer("c", T.F32, c(16)),),
            (loop(Var("i", T.I32), 16, Store("c", Var("i", T.I32), Const(1.0, T.F32))),)), "not a sum of products"),
])
def test_what_does_not_fit_the_tiles_is_refused(kernel: Kernel, why: str) -> None:
    with pytest.raises(NotApplicable, match=why):
        on_tiles(kernel, "cuda")
