"""Digits: a loop whose variable is taken apart again is a loop for each of its digits.

    for j in 256: p[j] = x[(j / 4 * 8 + j / 2 % 2) * 8 + j % 2]
    ->
    for j in 64: for j_1 in 2: for j_2 in 2: p[j * 4 + j_1 * 2 + j_2] = x[(j * 8 + j_1) * 8 + j_2]
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from xpiler.facts.polynomial import I32, Poly, atom, expression
from xpiler.ir.nodes import Binary, Break, Const, Continue, Expr, For, Kernel, Return, Stmt, Var
from xpiler.ir.walk import Body, Fresh, map_exprs, map_stmts, names, scalars_read, statements, substitute
from xpiler.passes.names.source import stem

ZERO, ONE = Const(0, I32), Const(1, I32)


@dataclass(frozen=True)
class Digits:
    """Splits every loop of a kernel that counts up to a number, and of which digits are used that make it up."""

    def apply(self, kernel: Kernel) -> Kernel:
        supply = Fresh(names(kernel))
        return replace(kernel, body=map_stmts(kernel.body, lambda s: _apart(s, supply) if isinstance(s, For) else s))


def _apart(loop: For, supply: Fresh) -> Stmt:
    if loop.kind not in ("serial", "parallel") or (loop.start, loop.step) != (ZERO, ONE) or any(
            isinstance(s, Break | Continue | Return) for s in statements(loop.body)):
        return loop
    match loop.stop:
        case Const(int(n)):
            body, taken = _marked(loop.body, loop.var)
        case _:
            return loop
    ends = sorted({1, n} | {end or n for two in taken for end in two})
    if len(ends) < 3 or ends[-1] != n or any(b % a for a, b in pairwise(ends)):
        return loop
    first, *others = reversed(list(pairwise(ends)))
    digits = [(loop.var, *first), *((Var(supply(stem(loop.var)), I32), *two) for two in others)]

    def total(low: int, high: int) -> Expr:
        p = Poly()
        for v, lo, hi in digits:
            if low <= lo and hi <= high:
                p = p + atom(v) * (lo // low)
        return expression(p)

    body = substitute(body, {loop.var: total(1, n)} | {v: total(lo, hi or n) for (lo, hi), v in taken.items()})
    for v, lo, hi in reversed(digits):
        body = (replace(loop, var=v, stop=Const(hi // lo, I32), body=body),)
    return body[0]


def _marked(body: Body, v: Var) -> tuple[Body, dict[tuple[int, int], Var]]:
    """The body with a name for each digit, and these by what lower digits count to, and it with them; 0 is all."""
    taken: dict[tuple[int, int], Var] = {}

    def name(low: int, high: int) -> Var:
        return taken.setdefault((low, high), Var(f"{v.name}~{low}~{high}", I32))

    def inside_out(e: Expr) -> Expr:
        match e:
            case Binary("/", Var() as x, Const(int(by))) if x == v and by > 0:
                return name(by, 0)
            case Binary("%", Var() as x, Const(int(by))) if x == v and by > 0:
                return name(1, by)
            case Binary("%", Var() as x, Const(int(by))) if by > 0:
                low = next((lo for (lo, hi), d in taken.items() if d == x and not hi), 0)
                return name(low, low * by) if low else e
        return e

    marked = map_exprs(body, inside_out)
    used = scalars_read(marked)
    return marked, {ends: d for ends, d in taken.items() if d in used}
