"""Nests over blocks and threads come back as nests over rows and columns."""

from __future__ import annotations

import numpy as np
import pytest

from tests.passes.programs import E, F, I, array, assign, kernel, let, load, loop, store, var, when
from tests.passes.test_down import results
from xpiler.facts import sym
from xpiler.facts.sym import ZERO
from xpiler.ir.nodes import Binary, Break, Const, For, If, Kernel, Let, Stmt, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import expressions, statements, subexpressions
from xpiler.passes.contract import Contract
from xpiler.passes.step import NotApplicable

b, t, k, i = (var(v) for v in "btki")


def plain(k: Kernel) -> bool:
    """Nothing is divided, and nothing compared."""
    return not [s for s in statements(k.body) if isinstance(s, If)] and not [
        x for s in statements(k.body) for e in expressions(s) for x in subexpressions(e)
        if isinstance(x, Binary) and x.op in ("/", "%")]


def element(*body: Stmt, blocks: int, threads: int, size: int) -> Kernel:
    at = Let(Var("i", I), (b * threads + t).e)
    return kernel("pixels", "x y", loop("b", blocks, loop("t", threads, at, when(i < size, *body), kind="parallel"), kind="parallel"))


CASES = {
    "rows and columns": element(store("y", i, load("x", i // 15 * 20 + i % 15)), blocks=5, threads=16, size=75),
    "a whole grid": element(store("y", i, load("x", i // 24 * 30 + i % 24)), blocks=6, threads=20, size=120),
    "three digits": element(
        store("y", i, load("x", i // 18 * 40 + i // 3 % 6 * 5 + i % 3)), blocks=6, threads=16, size=90),
    "what a thread finds for itself, stored elsewhere": element(
        store("y", i // 15 * 20 + i % 15, load("x", i)), blocks=5, threads=16, size=75),
    "rows of a plane, each by a block of its own": kernel(
        "planes", "x y", loop("b", 4, loop("t", 16, when(
            t // 3 < 3, store("y", b * 9 + t, load("x", b * 64 + t // 3 * 8 + t % 3)))), kind="parallel")),
    "pixels by blocks of four": kernel(
        "planes", "x y", loop("k", 3, loop("b", 3, loop("t", 4, when(b * 4 + t < 9, store(
            "y", k * 9 + b * 4 + t, load("x", k * 64 + (b * 4 + t) // 3 * 8 + (b * 4 + t) % 3))), kind="parallel")))),
}


@pytest.mark.parametrize("case", CASES)
def test_a_grid_is_forgotten(case: str) -> None:
    made = Contract().apply(CASES[case])
    assert plain(made)
    want, got = (results(k, {"x": 512, "y": 128}, {})["y"] for k in (CASES[case], made))
    np.testing.assert_array_equal(got, want)


def test_threads_that_share_a_tile_out() -> None:
    """Each of 4 threads fills every fourth element of 6: the next tile begins where the last one ends."""
    fill = loop("t", 4, loop("i", 6, store("s", i, load("x", b * 6 + i)), start=t, step=4))
    use = loop("t", 6, store("y", b * 6 + t, load("s", t) + load("s", E(Const(5, I)) - t)))
    given = kernel("tiles", "x y", loop("b", 3, array("s", 6), fill, use, kind="parallel"))
    made = Contract().apply(given)
    assert plain(made)
    want, got = (results(k, {"x": 18, "y": 18}, {})["y"] for k in (given, made))
    np.testing.assert_array_equal(got, want)


def leaving(cond: E) -> Kernel:
    at = Let(Var("i", I), (b * 8 + t + k * 16).e)
    body = loop("k", 4, at, If(cond.e, (Break(),)), store("y", i, load("x", i) * 2.0))
    return kernel("rounds", "x y", loop("b", 2, loop("t", 8, body, kind="parallel"), kind="parallel"))


def test_a_loop_left_where_the_elements_end() -> None:
    made = Contract().apply(leaving(E(Binary(">=", i.e, Const(50, I), DType.BOOL))))
    x = results(made, {"x": 64, "y": 64}, {})
    before = np.random.default_rng(7).normal(size=128)[64:]
    np.testing.assert_array_equal(x["y"][:50], x["x"][:50] * 2)
    np.testing.assert_array_equal(x["y"][50:], before[50:])


def test_a_loop_that_data_ends_stays() -> None:
    with pytest.raises(NotApplicable, match="Break"):
        Contract().apply(leaving(load("x", i) < 0.0))
    with pytest.raises(NotApplicable, match="Break"):
        Contract().apply(leaving(i < 10))  # it starts again after it has ended


def test_a_remainder_of_a_sum_of_digits() -> None:
    n = sym.integer
    x = sym.var("x", n(1000))
    digits = sym.add(sym.scale(sym.div(x, n(256)), 16), sym.mod(x, n(256)))
    assert sym.mod(digits, n(30)) is sym.mod(x, n(30))  # 256 and 16 are the same up to 30
    assert sym.mod(digits, n(7)) is not sym.mod(x, n(7))
    high = sym.add(sym.scale(sym.div(sym.add(x, n(3)), n(5)), 5), sym.mod(sym.add(x, n(3)), n(5)))
    assert high is sym.add(x, n(3))


def test_a_sum_that_nothing_is_added_to() -> None:
    body = (let("s", 0.0), loop("k", 3, assign("s", var("s", F) + 0.0)), store("y", b, load("x", b) + var("s", F)))
    made = Contract().apply(kernel("zeros", "x y", loop("b", 4, *body)))
    assert sum(isinstance(s, For) for s in statements(made.body)) == 1


def test_a_quotient_below_or_at_a_number_is_an_interval() -> None:
    n = sym.integer
    x = sym.var("x", n(100))
    assert sym.compare("<", sym.div(x, n(7)), n(3)) is sym.compare("<", x, n(21))
    assert sym.compare(">", sym.div(x, n(7)), n(3)) is sym.compare(">=", x, n(28))
    assert sym.compare("==", sym.div(x, n(7)), ZERO) is sym.compare("<", x, n(7))
    inside = sym.compare("==", sym.div(x, n(7)), n(3))
    held = [v for v in range(100) if all(sym.substitute(c, {x: n(v)}) is sym.TRUE for c in sym.conjuncts(inside))]
    assert held == list(range(21, 28))


def test_bits_there_and_back() -> None:
    x = sym.load("x", ZERO, F)
    assert sym.call("bits.i32.f32", (sym.call("bits.f32.i32", (x,), I),), F) is x
    assert sym.call("bits.u32.f32", (sym.call("bits.f32.i32", (x,), I),), F) is not x
