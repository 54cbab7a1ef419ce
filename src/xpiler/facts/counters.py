"""Loops as counters: 0, 1, .. up to a number of trips that a constant bounds where one can be seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xpiler.facts.accesses import Constancy
from xpiler.facts.polynomial import Poly, atom, expression, least_of, number, polynomial
from xpiler.facts.writes import Unsummarised
from xpiler.ir.nodes import Binary, Const, Expr, For, Var
from xpiler.ir.types import DType

I32 = DType.I32


@dataclass(frozen=True)
class Counter:
    """A loop as k = 0, 1, .. < trips.

    `value` is the loop's variable over k, `back` is k over the variable; `most` is a constant and `tops` are other
    values that trips does not exceed."""

    loop: For
    k: Var
    value: Poly
    back: Poly
    trips: Poly
    most: int | None
    tops: tuple[Poly, ...]


def counter(f: For, whole: For, lets: Mapping[Var, Expr], fixed: Constancy) -> Counter:
    """The counter of `f`, which stands in `whole` or is it; its bounds must be fixed there."""
    start, stop, step = polynomial(f.start, lets), polynomial(f.stop, lets), polynomial(f.step, lets).value
    if step is None or step < 1 or f.var.dtype is not I32:
        raise Unsummarised(f"`{f.var.name}` does not count by a constant", f.span)
    if not (fixed.all(start) and fixed.all(stop)):
        raise Unsummarised(f"the bounds of `{f.var.name}` change in `{whole.var.name}`", f.span)
    trips = stop - start
    tops = tuple(p - start for p in least_of(f.stop, lets))
    values = [v for p in tops if (v := p.value) is not None]
    most = max(min(values), 0) if values else None
    k = f.var if step == 1 and start == Poly() else Var(f"{f.var.name}~", I32)
    if step > 1:
        if trips.value is None:
            raise Unsummarised(f"how often `{f.var.name}` runs is known at run time, and it counts by {step}", f.span)
        most = max(-(-trips.value // step), 0)
        trips, tops = number(most), (number(most),)
        back = atom(Binary("/", expression(atom(f.var) - start), Const(step, I32), I32))
        return Counter(f, k, start + atom(k) * step, back, trips, most, tops)
    return Counter(f, k, start + atom(k), atom(f.var) - start, trips, most, tops)
