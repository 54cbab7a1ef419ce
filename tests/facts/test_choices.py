"""One value for each iteration of a short loop, where numbers are all that differs."""

from __future__ import annotations

from xpiler.facts import sym
from xpiler.facts.choices import united
from xpiler.facts.sym import ONE, Sym
from xpiler.ir.types import DType

F = DType.F32
V, K = sym.var("v", sym.integer(4)), sym.var("k", sym.integer(9))


def total(at: Sym | int) -> Sym:
    """The sum of x[k][at]."""
    index = sym.add(sym.scale(K, 4), at if isinstance(at, Sym) else sym.integer(at))
    return sym.fold("+", [K], sym.load("x", index, F), sym.number(0.0, F), F)


def chosen(values: list[Sym]) -> Sym:
    out = values[-1]
    for k in reversed(range(len(values) - 1)):
        out = sym.select(sym.compare("==", V, sym.integer(k)), values[k], out)
    return out


def test_sums_that_stand_side_by_side_are_one() -> None:
    assert united(chosen([total(k) for k in range(4)])) is total(V)
    assert united(chosen([total(3 - k) for k in range(4)])) is total(sym.sub(sym.integer(3), V))


def test_they_are_found_by_halves_too() -> None:
    low = sym.compare("<", V, sym.integer(2))
    odd = sym.compare("==", sym.mod(V, sym.integer(2)), ONE)
    halves = sym.select(low, sym.select(odd, total(1), total(0)), sym.select(odd, total(3), total(2)))
    assert united(halves) is total(V)
    inside = sym.binary("*", halves, sym.load("y", V, F), F)
    assert united(inside) is sym.binary("*", total(V), sym.load("y", V, F), F)


def test_values_in_another_order_stay_a_choice() -> None:
    for order in ((0, 1, 3, 2), (0, 1, 2, 4), (0, 0, 0, 1)):
        x = chosen([total(k) for k in order])
        assert united(x) is x


def test_values_of_other_kinds_stay_a_choice() -> None:
    other = sym.fold("max", [K], sym.load("x", sym.add(sym.scale(K, 4), ONE), F), sym.number(0.0, F), F)
    x = chosen([total(0), other, total(2), total(3)])
    assert united(x) is x
