"""Blocks: a loop over blocks counts elements, and its variable is where a block begins.

    for b < 16:                 loads B[(k * 16 + b) * 64 + c * 16], stores C[(i * 4 + r) * 1024 + (b * 4 + c) * 16]
    ->
    for b < 1024 step 64:       loads B[k * 1024 + b + c * 16], stores C[(i * 4 + r) * 1024 + b + c * 16]

What a block is, indices say: loops that are unrolled within it count what stands in it one behind the other, and so do
the lanes of a vector, and several vectors that are taken one behind the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from math import gcd

from xpiler.facts.polynomial import I32, Monomial, Poly, expression, made, polynomial
from xpiler.ir.nodes import Addr, Binary, Const, Expr, For, Intrinsic, Kernel, Load, Stmt, Store, Unary, Var
from xpiler.ir.show import show
from xpiler.ir.walk import Body, bodies, expressions, map_exprs, statements, subexpressions, walk, with_bodies


@dataclass(frozen=True)
class Blocks:
    """Rewrites every loop of a kernel whose variable counts blocks of one length wherever it is used. `bits`: as wide
    is a vector."""

    bits: int

    def apply(self, kernel: Kernel) -> Kernel:
        unrolled = {s.var: int(s.stop.value) for s in statements(kernel)
                    if isinstance(s, For) and s.kind == "unroll" and isinstance(s.stop, Const)}
        return replace(kernel, body=_Body(self.bits, unrolled).body(kernel.body))


@dataclass(frozen=True)
class _Body:
    bits: int
    unrolled: Mapping[Var, int]

    def body(self, body: Body) -> Body:
        return tuple(self.statement(s) for s in body)

    def statement(self, s: Stmt) -> Stmt:
        if isinstance(s, For) and s.kind in ("serial", "parallel"):
            s = self.in_elements(s)
        return with_bodies(s, self.body)

    def in_elements(self, loop: For) -> For:
        """The loop in steps of what all places say a block is; as it stands where one says nothing."""
        block = 0
        found = [(polynomial(index, {}), width) for index, width in _indices(loop.body)]
        for p, width in found:
            if loop.var in p.atoms:
                behind = {q.constant for q, other in found if other == width and (q - p).value is not None}
                block = gcd(block, self.block(loop.var, p, width, behind))
        start, step = loop.start, loop.step
        if block < 2 or not isinstance(start, Const) or not isinstance(step, Const):
            return loop
        body = _divided(loop.body, loop.var, block)
        if body is None:
            return loop
        return replace(loop, start=Const(int(start.value) * block, I32), step=Const(int(step.value) * block, I32),
                       stop=expression(polynomial(loop.stop, {}) * block), body=body)

    def block(self, var: Var, p: Poly, width: int, behind: Set[int]) -> int:
        """How many elements, or rows, a variable passes over at once, as far as one index says; `width` in bits is
        that of elements of which an instruction takes many, `behind` where others take such from the same place on."""
        weights = {m[0]: c for m, c in p.terms if len(m) == 1 and isinstance(m[0], Var)}
        weight = weights.get(var, 0)
        below = sorted((c, v.name, v) for v, c in weights.items() if 0 < c < weight)
        block = 1
        while below and (inner := below[-1][2]) in self.unrolled and below[-1][0] * self.unrolled[inner] == weight:
            block *= self.unrolled[inner]
            weight = below.pop()[0]
        vectors = [self.bits, self.bits // 2, self.bits // 4]
        step = weight // max(len(behind), 1)
        in_order = sorted(behind) == [min(behind) + n * step for n in range(len(behind))]
        return block * weight if in_order and step * len(behind) == weight and step * width in vectors else block


def _indices(body: Body) -> Iterator[tuple[Expr, int]]:
    """Where elements of memory lie, and how wide those are that an instruction takes, with those behind them."""
    for s in body:
        if isinstance(s, Store):
            yield s.index, 0
        taken = {id(a) for a in s.args} if isinstance(s, Intrinsic) else set()
        for e in expressions(s):
            for x in subexpressions(e):
                if isinstance(x, Load | Addr):
                    yield x.index, x.dtype.bits if isinstance(x, Addr) and id(x) in taken else 0
        for inner in bodies(s):
            yield from _indices(inner)


def _divided(body: Body, var: Var, block: int) -> Body | None:
    """The same with a variable that is as many times what it was; None where it is not used in multiples alone."""
    before = Binary("/", var, Const(block, I32), I32)  # exact: what it counts now are whole blocks

    def inside_out(e: Expr) -> Expr:
        if e == var:
            return before
        if not isinstance(e, Binary | Unary) or e.dtype is not I32 or before not in (p := polynomial(e, {})).atoms:
            return e
        if any(x.dtype is not I32 for x in subexpressions(e)):
            return e
        terms = dict[Monomial, int]()
        for m, c in p.terms:
            if m.count(before) == 1 and c % block == 0:
                m, c = tuple(sorted((var if a == before else a for a in m), key=show)), c // block
            terms[m] = c
        return expression(made(terms))

    out = map_exprs(body, inside_out)
    return None if any(x == before for s in out for x in walk(s)) else out
