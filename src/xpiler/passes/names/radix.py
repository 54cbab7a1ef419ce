"""Mixed radix: an index into rows of rows is written row by row, as an array of several dimensions would have it.

    x[b * 4096 + h * 512 + w * 64 + c]        ->        x[(b * 8 + h) * 512 + w * 64 + c]
    x[b * h * w + y * w + i]                  ->        x[(b * h + y) * w + i]

The lengths of rows are read off the index: below a weight that divides all larger ones stands what stays inside a row,
for as many iterations as the loops have. What is inside is written in the same way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from xpiler.facts.hulls import Hulls, hull_of, hulls
from xpiler.facts.polynomial import I32, Poly, expression, made, polynomial
from xpiler.ir.nodes import Addr, Binary, Const, Expr, For, Kernel, Load, Stmt, Store, Var
from xpiler.ir.walk import Body, map_expr, map_own, statements, subexpressions, with_bodies


@dataclass(frozen=True)
class MixedRadix:
    """Nests every index of a kernel that has three terms or more, or two of which both count rows."""

    def apply(self, kernel: Kernel) -> Kernel:
        sizes = frozenset(p for p in kernel.params if isinstance(p, Var))
        steps: dict[Expr, int] = {
            s.var: int(s.step.value) for s in statements(kernel) if isinstance(s, For) and isinstance(s.step, Const)}
        loops = [s for s in statements(kernel) if isinstance(s, For)]
        threads = frozenset(s.var for s in loops if s.kind.startswith("thread"))
        unrolled = frozenset(s.var for s in loops if s.kind == "unroll")
        return replace(kernel, body=_Body(sizes, hulls(kernel), steps, threads, unrolled).body(kernel.body))


@dataclass(frozen=True)
class _Body:
    """The scalars a kernel is given, between what its counters stay, and the steps of those that loops count; which of
    these are threads, and which count what each thread has."""

    sizes: frozenset[Var]
    hulls: Hulls
    steps: Mapping[Expr, int]
    threads: frozenset[Expr]
    unrolled: frozenset[Expr]

    def body(self, body: Body) -> Body:
        return tuple(self.statement(s) for s in body)

    def statement(self, s: Stmt) -> Stmt:
        own = map_own(s, lambda e: map_expr(e, self.access))
        if isinstance(own, Store):
            own = replace(own, index=self.nested(own.index))
        return with_bodies(own, self.body)

    def access(self, e: Expr) -> Expr:
        return replace(e, index=self.nested(e.index)) if isinstance(e, Load | Addr) else e

    def nested(self, index: Expr) -> Expr:
        """The index, its rows one in the other; as it stands where it has none."""
        if any(x.dtype is not I32 for x in subexpressions(index)):
            return index
        p = polynomial(index, {})
        made_of = self.written(p)
        return index if made_of == self.summed(p) else made_of

    def summed(self, p: Poly) -> Expr:
        """A sum, the longest steps first: where a block begins, and then what is counted within."""
        return expression(p, weight=lambda m, c: abs(c) * (self.steps.get(m[0], 1) if len(m) == 1 else 1))

    def written(self, p: Poly) -> Expr:
        split = self.by_weight(p) or self.by_size(p)
        if split is None:
            return self.summed(p)
        rows, length, rest = split
        out: Expr = Binary("*", self.written(rows), length, I32)
        if rest.value is None:
            return _plus(out, self.written(rest))
        return out if rest.value == 0 else _plus(out, Const(rest.value, I32))

    def by_size(self, p: Poly) -> tuple[Poly, Expr, Poly] | None:
        """Rows as long as a scalar says: one that several terms are multiples of."""
        uses = Counter(a for m, _ in p.terms for a in dict.fromkeys(m) if a in self.sizes)
        if not uses or max(uses.values()) < 2:
            return None
        length = max(uses, key=lambda a: uses[a])
        rows, rest = dict[tuple[Expr, ...], int](), dict[tuple[Expr, ...], int]()
        for m, c in p.terms:
            if length in m:
                at = m.index(length)
                rows[m[:at] + m[at + 1:]] = c
            else:
                rest[m] = c
        return made(rows), length, made(rest)

    def by_weight(self, p: Poly) -> tuple[Poly, Expr, Poly] | None:
        """Rows whose length is a number: the largest that larger weights are multiples of and the rest stays below."""
        for length in sorted({abs(c) for m, c in p.terms if m and abs(c) > 1}, reverse=True):
            rows = {m: c // length for m, c in p.terms if m and c % length == 0}
            rest = made({m: c for m, c in p.terms if m and c % length})
            if len(rest.terms) == 1 and rest.atoms <= self.threads and any({*m} & self.unrolled for m in rows):
                continue  # elements of one row that threads have in turns
            hull = hull_of(rest, self.hulls)
            if len(rows) < 2 or hull is None or hull[1] - hull[0] >= length:
                continue
            above, within = divmod(p.constant, length)
            if hull[1] + within >= length:
                above, within = above + 1, within - length
            return made({**rows, (): above}), Const(length, I32), rest + within
        return None


def _plus(a: Expr, b: Expr) -> Expr:
    """a + b, from left to right."""
    match b:
        case Binary("+" | "-" as op, c, d, _):
            return Binary(op, _plus(a, c), d, I32)
        case Const(n, _) if n < 0:
            return Binary("-", a, Const(-n, I32), I32)
    return Binary("+", a, b, I32)
