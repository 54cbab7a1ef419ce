"""Accesses of loops in chunks, the last of them shorter, as accesses of one loop.

    for b in 3: for e in min(64, 150 - 64 * b): x[64 * b + e]            ->            for f in 150: x[f]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import permutations

from xpiler.facts.accesses import Access
from xpiler.facts.polynomial import Poly, atom, least_of, number
from xpiler.ir.nodes import Const, Expr, For, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import scalars_read

I32 = DType.I32


def in_one(a: Access, lets: Mapping[Var, Expr]) -> tuple[Access, dict[Expr, Poly]]:
    """The access with each such pair of loops as one, and what the variables of these are."""
    meant: dict[Expr, Poly] = {}
    for outer, inner in permutations(a.loops, 2):
        size = _chunk(outer, inner, lets)
        if size is None or outer not in a.loops or inner not in a.loops or not _together(a, outer, inner, size):
            continue
        chunk, length = size
        whole = Var(f"{outer.var.name}~{inner.var.name}", I32)
        loops = tuple(replace(f, var=whole, stop=Const(length, I32)) if f is outer else f
                      for f in a.loops if f is not inner)
        a = replace(a, index=a.index.replaced({outer.var: number(0), inner.var: atom(whole)}), loops=loops)
        meant[whole] = atom(outer.var) * chunk + atom(inner.var)
    return a, meant


def _chunk(outer: For, inner: For, lets: Mapping[Var, Expr]) -> tuple[int, int] | None:
    """How many iterations of the inner loop a whole chunk has, and how many there are in all."""
    match outer, inner:
        case For(v, Const(0), Const(int(many)), Const(1)), For(_, Const(0), stop, Const(1)):
            tops = [p for p in least_of(stop, lets) if p.value is not None or p.atoms == {v}]
            for chunk in (p.value for p in tops if p.value is not None):
                for left in tops:
                    n = left.constant
                    if chunk > 0 and left == number(n) - atom(v) * chunk and many == -(-n // chunk):
                        return chunk, n
    return None


def _together(a: Access, outer: For, inner: For, size: tuple[int, int]) -> bool:
    """Whether an index depends on nothing but on which iteration of them all it is."""
    rest = a.index - a.index.replaced({outer.var: number(0), inner.var: number(0)})
    step = a.index.coefficients.get((inner.var,), 0)
    guarded = {v for g in a.guards for v in scalars_read(g)}
    return (step != 0 and rest == (atom(outer.var) * size[0] + atom(inner.var)) * step
            and not guarded & {outer.var, inner.var})
