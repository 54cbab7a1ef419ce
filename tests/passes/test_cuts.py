"""Loops in pieces, at the points where what they test changes its answer."""

from __future__ import annotations

import numpy as np
import pytest

from tests.passes.programs import F, assign, call, ex, kernel, let, load, loop, store, var, when
from tests.passes.test_down import results
from tests.passes.test_vector_choices import MEANINGS, UNITS, below, calls, either
from xpiler.facts import sym
from xpiler.facts.sym import TRUE, ZERO
from xpiler.facts.writes import Write
from xpiler.ir.nodes import For, Kernel, Stmt
from xpiler.ir.types import DType
from xpiler.ir.walk import statements
from xpiler.passes.contract import Contract, groups_of
from xpiler.passes.detensorize import Detensorize
from xpiler.passes.lanes.cuts import pieces
from xpiler.passes.lanes.vectors import VectorLoops

r, c, k, n = (var(v) for v in "rckn")
at = r * n + c


def rows(*body: Stmt, size: object = n) -> Kernel:
    """A kernel over the two rows of x and y."""
    return kernel("k", "x w y n:i", loop("r", 2, loop("c", size, *body)))


def stencil() -> Kernel:
    left = either(below(ex(0), c), load("x", at - 1), 0.0)
    right = either(below(c, n - 1), load("x", at + 1), 0.0)
    return rows(store("y", at, left + load("x", at) + right))


def dilated() -> Kernel:
    """A sum over taps, of which those before the row count nothing."""
    place = c + k * 3 - 6
    tap = when(below(ex(-1), place), assign("s", var("s", F) + load("w", k) * load("x", r * n + place)))
    return rows(let("s", 0.0), loop("k", 3, tap), store("y", at, var("s", F)))


def digits() -> Kernel:
    """The same taps as digits of one number."""
    place = c + k % 3 * 3 - 6
    tap = when(below(ex(-1), place), assign("s", var("s", F) + load("w", k // 3) * load("x", r * n + place)))
    return rows(let("s", 0.0), loop("k", 9, tap), store("y", at, var("s", F)))


def padded() -> Kernel:
    inside = either(below(ex(1), c), load("x", at - 2), 0.0)
    return rows(store("y", at, either(below(ex(0), r), inside, 0.0)))


def border() -> Kernel:
    return rows(when(below(r, ex(1)), store("y", at, load("x", at)), orelse=(
        when(below(c, ex(1)), store("y", at, load("x", at))),)))


def clamped() -> Kernel:
    return rows(store("y", at, load("x", r * n + call("max", c - 1, 0)) + load("x", r * n + call("min", c + 1, n - 1))))


def window() -> Kernel:
    """A sum over neighbours, those beyond the ends the last ones before."""
    near = call("min", call("max", c + k - 1, 0), 29)
    tap = assign("s", var("s", F) + load("w", k) * load("x", r * 30 + near))
    return rows(let("s", 0.0), loop("k", 3, tap), store("y", r * 30 + c, var("s", F)), size=30)


def rolled() -> Kernel:
    return rows(store("y", r * 30 + c, load("x", r * 30 + (c + 23) % 30)), size=30)


def causal() -> Kernel:
    return rows(store("y", r * 30 + c, either(below(c, r * 7 + 5), load("x", r * 30 + c), -9.0)), size=30)


SHAPES = {"stencil": stencil, "dilated": dilated, "digits": digits, "padded": padded, "border": border,
          "clamped": clamped, "window": window, "rolled": rolled, "causal": causal}


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("shape", SHAPES)
def test_most_of_a_loop_tests_nothing(shape: str, unit: str) -> None:
    given = SHAPES[shape]()
    made = VectorLoops(UNITS[unit], 8).apply(Contract().apply(given))
    assert calls(made)
    back = Detensorize(MEANINGS).apply(made)
    for size in (1, 2, 3, 9, 40) if shape not in ("window", "rolled", "causal") else (30,):
        sizes = {"x": 2 * size, "w": 3, "y": 2 * size}
        want, got = results(given, sizes, {"n": size}), results(back, sizes, {"n": size})
        np.testing.assert_allclose(got["y"], want["y"], rtol=1e-12, err_msg=f"n={size}")


def test_where_a_loop_is_cut() -> None:
    ((_, w),), = groups_of(dilated())
    (low, high) = pieces(w)
    assert (low.start, high.start, high.stop) == (sym.ZERO, sym.integer(6), sym.var("n"))
    assert sym.value_of(low.most) == 6
    assert not sym.collect(high.w.value, lambda x: x.op == "sel"), "nothing is left to test"
    assert sym.collect(low.w.value, lambda x: x.op == "sel")


def test_ends_that_a_loop_is_held_between_are_as_short_as_can_be() -> None:
    ((_, w),), = groups_of(window())
    assert [sym.value_of(p.start) for p in pieces(w)] == [0, 1, 29]


def test_what_is_cut_where_is_not_known() -> None:
    """Which of two sizes is the larger one is not known: what they say is asked again behind the second."""
    m = var("m")
    choice = either(below(c, m), load("x", c), 0.0) + either(below(c, n), load("w", c), 0.0)
    ((_, w),), = groups_of(kernel("k", "x w y n:i m:i l:i", loop("c", var("l"), store("y", c, choice))))
    asked = [sym.collect(p.w.value, lambda x: x.op == "lt") for p in pieces(w)]
    assert [len(tests) for tests in asked] == [1, 0, 0]


def test_as_few_iterations_as_are_left_run_one_after_the_other() -> None:
    made = VectorLoops(UNITS["registers"], 8).apply(Contract().apply(stencil()))
    alone = [s for s in statements(made.body) if isinstance(s, For) and not calls(Kernel("", (), s.body))]
    assert len(alone) == 2, "the first and the last element of a row"
    assert calls(made).count("vput") == 1


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_loop_of_fewer_iterations_than_none_has_no_lanes(size: int) -> None:
    inner = loop("c", n - 2, store("y", at, load("x", at + 2)))
    given = kernel("k", "x y n:i", loop("r", 2, inner))
    made = VectorLoops(UNITS["registers"], 8).apply(Contract().apply(given))
    sizes = {"x": 2 * size, "y": 2 * size}
    want, got = results(given, sizes, {"n": size}), results(Detensorize(MEANINGS).apply(made), sizes, {"n": size})
    np.testing.assert_allclose(got["y"], want["y"], rtol=1e-12)


def test_a_piece_that_ends_where_the_loop_may_tests_nothing() -> None:
    """k < 20 - j in pieces that begin behind 1 - j and end at the lesser of 20 - j and 19."""
    j, k = sym.var("j", sym.integer(3)), sym.var("k", sym.integer(19))
    inside = sym.conjoin(sym.compare("<", ZERO, sym.add(j, k)), sym.compare("<", sym.add(j, k), sym.integer(20)))
    zero, x = sym.number(0.0, DType.F32), sym.load("x", sym.add(j, k), DType.F32)
    found = pieces(Write((j, k), sym.add(sym.scale(j, 19), k), TRUE, sym.select(inside, x, zero)))
    assert [p.w.value for p in found] == [zero, x, zero]
