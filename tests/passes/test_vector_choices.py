"""Vectors of more than plain loops: choices between lanes, last lanes, short loops, loads out of order."""

from __future__ import annotations

import numpy as np
import pytest

from tests.passes import toy
from tests.passes.programs import E, F, I, array, assign, call, ex, kernel, let, load, loop, store, var, when
from tests.passes.test_down import results
from xpiler.facts.offers import offers
from xpiler.ir.nodes import (
    Assign, Binary, Buffer, Call, Cast, Const, Expr, For, If, Intrinsic, Kernel, Let, Load, Meaning, Select, Store, Unary, Var,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import expressions, statements, subexpressions
from xpiler.passes.contract import Contract
from xpiler.passes.detensorize import Detensorize
from xpiler.passes.lanes.vectors import VectorLoops, VectorUnit

U16, BOOL = DType.U16, DType.BOOL
i, k, r, c, n = (var(v) for v in "ikrcn")


def below(a: E, b: E) -> E:
    return E(Binary("<", a.e, b.e, BOOL))


def either(cond: E, a: object, b: object) -> E:
    return E(Select(cond.e, ex(a).e, ex(b).e, F))


def _bit(mask: str) -> E:
    shifted = Binary("&", Binary(">>", Cast(Var(mask, U16), I), i.e, I), Const(1, I), I)
    return E(Binary("!=", shifted, Const(0, I), BOOL))


def _reg(name: str) -> Buffer:
    return Buffer(name, F, Const(toy.WIDTH, I), "local", "vec4")


def _lane(name: str, params: tuple[Buffer | Var, ...], value: E) -> Meaning:
    return Meaning(name, name, params, _reg("r"), (loop("i", toy.WIDTH, store("r", i, value)),))


_memory, _mask = Buffer("p", F, None), Var("m", U16)
_told = Cast(Select(below(load("a", i), load("b", i)).e, Const(1, I), Const(0, I), I), I)
_or = Binary("|", Var("k", I), Binary("<<", _told, i.e, I), I)
MASKED = (
    *toy.REGISTERS,
    Meaning("vlt", "vlt", (_reg("a"), _reg("b")), _mask,
            (let("k", 0, I), loop("i", toy.WIDTH, Assign(Var("k", I), _or)), Assign(_mask, Cast(Var("k", I), U16)))),
    _lane("vblend", (_mask, _reg("a"), _reg("b")), either(_bit("m"), load("b", i), load("a", i))),
    _lane("vloadz", (_mask, _memory), either(_bit("m"), load("p", i), 0.0)),
    Meaning("vput", "vput", (_memory, _mask, _reg("a")), None,
            (loop("i", toy.WIDTH, when(_bit("m"), store("p", i, load("a", i)))),)),
)
_count = (Buffer("dst", F, None), Buffer("a", F, None), Buffer("b", F, None), Var("n", I))
CHOOSING = (
    *toy.COUNTED,
    Meaning("plt", "plt", _count, None,
            (loop("i", n, store("dst", i, either(below(load("a", i), load("b", i)), 1.0, 0.0))),)),
    Meaning("pmove", "pmove", _count, None, (
        loop("i", n, when(E(Binary("!=", load("b", i).e, Const(0.0, F), BOOL)), store("dst", i, load("a", i)))),)),
)
UNITS = {
    "registers": VectorUnit(offers(MASKED), toy.WIDTH),
    "counted": VectorUnit(offers(CHOOSING), 0, "pad", "copy", (
        (("global", "pad"), "IN"), (("pad", "global"), "OUT"), (("pad", "pad"), "WITHIN"))),
}
MEANINGS = {(m.name, m.key): m for m in (*MASKED, *CHOOSING, toy.COPY)}


def vectorized(k: Kernel, unit: str, chunk: int = 64) -> Kernel:
    return VectorLoops(UNITS[unit], chunk).apply(Contract().apply(k))


def agree(given: Kernel, made: Kernel, sizes: dict[str, int], out: str = "y") -> None:
    want, got = results(given, sizes, {}), results(Detensorize(MEANINGS).apply(made), sizes, {})
    np.testing.assert_allclose(got[out], want[out], rtol=1e-12)


def operations(k: Kernel) -> int:
    """Operations on floats that are not left to an intrinsic."""
    return sum(isinstance(x, Binary | Select | Unary) and x.dtype.is_float
               for s in statements(k.body) for e in expressions(s) for x in subexpressions(e))


def calls(k: Kernel) -> list[str]:
    return [s.name for s in statements(k.body) if isinstance(s, Intrinsic)]


both = pytest.mark.parametrize("unit", UNITS)


@both
def test_a_choice_between_constants(unit: str) -> None:
    x = load("x", i)
    k = kernel("steps", "x y", loop("i", 32, store("y", i, either(below(ex(0.0), x), 1.0, either(below(x, ex(-1.0)), -2.0, 0.0)))))
    made = vectorized(k, unit)
    assert operations(made) == 0 and ("vlt" if unit == "registers" else "plt") in calls(made)
    agree(k, made, {"x": 32, "y": 32})


@pytest.mark.parametrize("values", [(1.0, -1.0, 0.0), (-3.0, 2.0, 1.0)])
def test_constants_of_conditions_that_exclude_each_other_are_a_sum(values: tuple[float, float, float]) -> None:
    x = load("x", i)
    more, less, none = values
    k = kernel("sign", "x y", loop("i", 32, store("y", i, either(below(ex(0.0), x), more, either(below(x, ex(0.0)), less, none)))))
    made = vectorized(k, "counted")
    assert operations(made) == 0 and "pmove" not in calls(made) and calls(made).count("plt") == 2
    agree(k, made, {"x": 32, "y": 32})


def test_an_odd_number_of_lanes_is_folded_in_halves() -> None:
    inner = (let("s", 0.0), loop("i", 77, assign("s", var("s", F) + load("x", r * 77 + i))), store("y", r, var("s", F)))
    k = kernel("sums", "x y", loop("r", 3, *inner))
    made = vectorized(k, "counted", chunk=96)
    assert calls(made).count("padd") == 2, "77, 39, 20"
    agree(k, made, {"x": 231, "y": 3})


def test_a_fused_product_is_a_product_and_a_sum_where_nothing_fuses() -> None:
    k = kernel("axpy", "x z y", loop("i", 32, store("y", i, call("fma", load("x", i), load("z", i), load("x", i)))))
    made = vectorized(k, "counted")
    assert operations(made) == 0 and {"pmul", "padd"} <= set(calls(made))
    agree(k, made, {"x": 32, "z": 32, "y": 32})


@both
def test_a_choice_between_vectors(unit: str) -> None:
    chosen = either(below(load("x", i), load("z", i)), load("z", i) * 2.0, load("x", i))
    k = kernel("pick", "x z y", loop("i", 32, store("y", i, chosen)))
    made = vectorized(k, unit)
    assert operations(made) == 0 and ("vblend" if unit == "registers" else "pmove") in calls(made)
    agree(k, made, {"x": 32, "z": 32, "y": 32})


@both
def test_statements_that_write_one_element_are_one_choice(unit: str) -> None:
    x = load("x", i)
    k = kernel("sign", "x y", loop("i", 32, when(
        below(ex(0.0), x), store("y", i, 1.0), orelse=(when(below(x, ex(0.0)), store("y", i, -1.0), orelse=(store("y", i, 0.0),)),))))
    assert sum(isinstance(s, Store) for s in statements(Contract().apply(k).body)) == 1
    agree(k, vectorized(k, unit), {"x": 32, "y": 32})


@both
def test_elements_left_as_they_are(unit: str) -> None:
    k = kernel("clip", "y", loop("i", 32, when(below(load("y", i), ex(0.0)), store("y", i, 0.0))))
    made = vectorized(k, unit)
    assert calls(made)
    agree(k, made, {"y": 32})


@both
def test_what_is_loaded_under_a_condition_of_all_lanes_stays_there(unit: str) -> None:
    """The rows past the end are never read: the interpreter would say so."""
    term = either(below(r + k, ex(6)), load("x", (r + k) * 16 + c), 0.0)
    body = (let("s", 0.0), loop("k", 3, assign("s", var("s", F) + term * 0.5)), store("y", r * 16 + c, var("s", F)))
    given = kernel("rows", "x y", loop("r", 6, loop("c", 16, *body)))
    made = vectorized(given, unit)
    assert any(isinstance(s, If) for s in statements(made.body))
    agree(given, made, {"x": 96, "y": 96})


@both
def test_a_scalar_needed_twice_has_a_name(unit: str) -> None:
    w = load("w", r) * 3.0
    given = kernel("axpy", "w x y", loop("r", 4, loop("c", 16, store("y", r * 16 + c, load("x", c) * w + w))))
    made = vectorized(given, unit)
    assert operations(made) == 1
    agree(given, made, {"w": 4, "x": 16, "y": 64})


def test_the_last_lanes_are_masked() -> None:
    given = kernel("tail", "x y", loop("i", 11, store("y", i, load("x", i) * 2.0)))
    made = vectorized(given, "registers")
    assert operations(made) == 0 and {"vloadz", "vput"} <= set(calls(made))
    agree(given, made, {"x": 11, "y": 11})


def test_last_lanes_that_were_not_computed_are_not_loaded() -> None:
    """tanh of each of the last three lanes goes through an array, whose fourth element nothing sets."""
    tanh = E(Call("tanh", (load("x", i).e,), F))
    given = kernel("tail", "x y", loop("i", 11, store("y", i, tanh + load("x", i))))
    made = vectorized(given, "registers")
    assert calls(made).count("vloadz") == 2
    agree(given, made, {"x": 11, "y": 11})


def test_a_sum_of_few_is_masked() -> None:
    body = (let("s", 0.0), loop("k", 7, assign("s", var("s", F) + load("x", r * 7 + k))), store("y", r, var("s", F)))
    given = kernel("sums", "x y", loop("r", 3, *body))
    made = vectorized(given, "registers")
    assert "vloadz" in calls(made)
    agree(given, made, {"x": 21, "y": 3})


@both
def test_short_loops_run_in_lanes_together(unit: str) -> None:
    """Rows of 30 pixels of 3 channels: 90 lanes, with the weights of the channels in their order."""
    body = (let("s", 0.0),
            loop("k", 2, assign("s", var("s", F) + load("x", r * 96 + (i + k) * 3 + c) * load("w", k * 3 + c))),
            store("y", (r * 30 + i) * 3 + c, var("s", F)))
    given = kernel("channels", "x w y", loop("r", 8, loop("i", 30, loop("c", 3, *body))))
    made = vectorized(given, unit, 256)
    widest = max(int(s.stop.value) for s in statements(made.body) if isinstance(s, For) and isinstance(s.stop, Const))
    assert operations(made) == 0 and widest >= 90
    agree(given, made, {"x": 8 * 96, "w": 6, "y": 720})


@both
def test_a_reduction_over_windows_is_packed_for_those_that_read_it_again(unit: str) -> None:
    """Each of 8 outputs reads every window: their elements are put in the order of the weights once."""
    term = load("x", c * 36 + (r * 2 + k) * 6 + i) * load("w", n * 36 + c * 4 + k * 2 + i)
    body = (let("s", 0.0),
            loop("c", 9, loop("k", 2, loop("i", 2, assign("s", var("s", F) + term)))),
            store("y", n * 2 + r, var("s", F)))
    given = kernel("windows", "x w y", loop("n", 8, loop("r", 2, *body)))
    made = vectorized(given, unit, 64)
    packed = [s for s in made.body if isinstance(s, For) and any(
        isinstance(x, Load) and x.buffer == "x" for t in statements((s,)) for e in expressions(t) for x in subexpressions(e))]
    assert len(packed) == 1 and not calls(Kernel("k", (), tuple(packed)))
    agree(given, made, {"x": 9 * 36, "w": 8 * 36, "y": 16})


@both
def test_a_reduction_of_which_the_rest_is_one_term(unit: str) -> None:
    term = either(below(k, ex(20)), load("x", r * 20 + k), 2.0)
    body = (let("s", 0.0), loop("k", 32, assign("s", var("s", F) + term)), store("y", r, var("s", F)))
    given = kernel("padded", "x y", loop("r", 5, *body))
    agree(given, vectorized(given, unit), {"x": 100, "y": 5})


def _expr(e: E) -> Expr:
    return e.e


def test_a_mask_of_several_conditions() -> None:
    x = load("x", i)
    inside = E(Binary("&&", _expr(below(ex(-1.0), x)), _expr(below(x, ex(1.0))), BOOL))
    given = kernel("band", "x y", loop("i", 32, store("y", i, either(inside, x, 5.0))))
    for unit in UNITS:
        made = vectorized(given, unit)
        assert operations(made) == 0
        agree(given, made, {"x": 32, "y": 32})


def test_sums_in_several_guarded_steps() -> None:
    """Elements of a small array, each added to twice in an iteration, under conditions of their own."""
    def add(at: int, when_: E, what: E) -> If:
        return when(when_, store("a", at, load("a", at) + what))
    first, second = below(load("w", k), ex(0.0)), below(load("w", k + 1), ex(0.0))
    steps = [add(at, cond, load("x", k * 2 + at) * f) for cond, f in ((first, 2.0), (second, 3.0)) for at in (0, 1)]
    body = (array("a", 2), store("a", 0, 0.0), store("a", 1, 0.0), loop("k", 7, *steps),
            store("y", 0, load("a", 0)), store("y", 1, load("a", 1)))
    given = kernel("twice", "w x y", *body)
    made = Contract().apply(given)
    assert not [s for s in statements(made.body) if not isinstance(s, For | If | Let | Assign | Store)]
    agree(given, made, {"w": 8, "x": 14, "y": 2})


@both
def test_a_sum_backwards_and_across_runs_forwards(unit: str) -> None:
    """Rows from the last to the first, the long steps inside: lanes go along memory all the same."""
    term = load("x", r * 64 + i * 16 + (ex(15) - k)) * load("w", i * 16 + (ex(15) - k))
    body = (let("s", 0.0), loop("k", 16, loop("i", 4, assign("s", var("s", F) + term))), store("y", r, var("s", F)))
    given = kernel("back", "x w y", loop("r", 3, *body))
    made = vectorized(given, unit)
    assert "vmul" in calls(made) or "pmul" in calls(made)
    agree(given, made, {"x": 192, "w": 64, "y": 3})


@both
def test_a_negated_vector(unit: str) -> None:
    given = kernel("minus", "x y", loop("i", 32, store("y", i, E(Unary("-", load("x", i).e, F)))))
    made = vectorized(given, unit)
    assert operations(made) == 0 and calls(made)
    agree(given, made, {"x": 32, "y": 32})


@both
def test_a_reduction_of_columns_may_begin_with_another_one(unit: str) -> None:
    """The largest of a column, if not its sum: what the first loop left in a register begins the second, in the lanes
    of a tail too."""
    at = load("x", k * 10 + r)
    largest = E(Call("max", (var("s", F).e, (at * 2.0).e), F))
    body = (let("s", 0.0), loop("k", 5, assign("s", var("s", F) + at)), loop("k", 5, assign("s", largest)),
            store("y", r, var("s", F)))
    given = kernel("columns", "x y", loop("r", 10, *body))
    made = vectorized(given, unit)
    assert operations(made) == 0 and calls(made)
    agree(given, made, {"x": 50, "y": 10})
