"""Split, reorder and count by hand, against the interpreter."""

from __future__ import annotations

import numpy as np
import pytest

from tests.passes.interpret import run
from tests.passes.programs import I, assign, call, kernel, let, load, loop, store, var
from xpiler.ir.nodes import Assign, For, Kernel, Let, Var, While
from xpiler.ir.walk import statements
from xpiler.passes.plain.count import Count
from xpiler.passes.reorder import Reorder
from xpiler.passes.split import Split
from xpiler.passes.step import NotApplicable

M, N, K = 3, 5, 7


def product() -> Kernel:
    """C = A B, accumulated in place."""
    i, j, k = var("i"), var("j"), var("k")
    at = i * N + j
    return kernel("product", "A B C", loop("i", M, loop("j", N, store("C", at, 0.0), kind="parallel"), kind="parallel"),
                  loop("m", M, loop("n", N, loop("k", K, store(
                      "C", var("m") * N + var("n"),
                      load("C", var("m") * N + var("n")) + load("A", var("m") * K + k) * load("B", k * N + var("n")))))))


def results(k: Kernel, sizes: dict[str, int], **scalars: float) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    arrays = {name: rng.normal(size=n) for name, n in sizes.items()}
    run(k, arrays, **scalars)
    return arrays


def same(a: Kernel, b: Kernel, sizes: dict[str, int], **scalars: float) -> None:
    want, got = results(a, sizes, **scalars), results(b, sizes, **scalars)
    for name in sizes:
        np.testing.assert_allclose(got[name], want[name], rtol=1e-12)


SIZES = {"A": M * K, "B": K * N, "C": M * N}


@pytest.mark.parametrize("factor", [1, 2, 3, 7, 10])
def test_split_guards_the_tail(factor: int) -> None:
    split = Split("k", factor).apply(product())
    assert any(isinstance(s, For) and s.var.name == "k_i" for s in statements(split))
    same(product(), split, SIZES)


def test_split_of_a_loop_whose_length_is_known_when_it_runs() -> None:
    scale = kernel("scale", "x y n:i", loop("i", var("n"), store("y", var("i"), load("x", var("i")) * 3.0)))
    same(scale, Split("i", 4).apply(scale), {"x": 11, "y": 11}, n=11)


def test_a_perfect_split_must_divide() -> None:
    with pytest.raises(NotApplicable, match='3 does not divide the extent of `k` and tail="perfect"'):
        Split("k", 3, "perfect").apply(product())
    with pytest.raises(NotApplicable, match="no loop `z`; its loops are i, j, m, n, k"):
        Split("z", 3).apply(product())


def test_reorder_of_a_reduction_into_an_element() -> None:
    moved = Reorder("n").apply(product())
    order = [s.var.name for s in statements(moved) if isinstance(s, For)]
    assert order == ["i", "j", "m", "k", "n"]
    same(product(), moved, SIZES)


def test_reorder_refuses_a_recurrence() -> None:
    i, j = var("i"), var("j")
    scan = kernel("scan", "x", loop("i", 3, loop("j", 4, store("x", i * 4 + j + 1, load("x", i * 4 + j)))))
    with pytest.raises(NotApplicable, match="depend on each other"):
        Reorder("i").apply(scan)
    triangle = kernel("triangle", "x", loop("i", 3, loop("j", i, store("x", i * 3 + j, 1.0))))
    with pytest.raises(NotApplicable, match="bounds of `j` depend on `i`"):
        Reorder("i").apply(triangle)


def test_a_counting_while_loop_becomes_a_for_loop() -> None:
    i = Var("i", I)
    add = assign("s", call("max", var("s", load("x", 0).e.dtype), load("x", var("i"))))
    body = (Let(i, var("z").e), let("s", -9.0), While((var("i") + 4 < var("n")).e, (add, Assign(i, (var("i") + 4).e))),
            store("y", 0, var("s", add.var.dtype)), store("y", 1, load("x", var("i"))))
    kern = kernel("count", "x y n:i z:i", *body)
    counted = Count().apply(kern)
    assert not any(isinstance(s, While) for s in statements(counted))
    for n in (5, 8, 17, 20):
        same(kern, counted, {"x": 32, "y": 2}, n=n, z=0)
