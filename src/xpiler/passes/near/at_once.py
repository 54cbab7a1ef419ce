"""At once: loops of instructions that all together do what one instruction with other parameters does.

    for w in 26:                                            ->      maxpool(acc, near, 128, 5, 55, 5, 5, 2, 1)
        fill acc[w * 128 ..] with -inf, 128
        for k in 5: for l in 5:
            acc[w * 128 ..] = max(acc[w * 128 ..], near[(k * 55 + w * 2 + l) * 128 ..]), 128

What the loops compute is read off their instructions' bodies, and computed anew: a reduction by an instruction of its
shape, and what is left to do with its results by instructions element by element, on all of them. A reduction that has
no instruction may be a product of matrices, on the unit for these:

    for i in 128: for j in 64:                              ->      weight = the rows of b, in the unit's order
        t = a[i * 32 ..] * b[j * 32 ..], 32                         product(c, a, weight, 128, 32, 64)
        c[i * 64 + j] = sum of t, 32

Else it is added up term by term, where each term is one for all elements, so that fewer are called:

    for w in 26: for l in 3: acc[w * 128 ..] += near[(w + l) * 128 ..] * weights[l * 128 ..], 128
    ->
    for l in 3: t = near[l * 128 ..] * weights[l * 128 ..] again and again, 3328;  acc += t, 3328
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from xpiler.facts.summary import summarise
from xpiler.facts.writes import Unsummarised, Write
from xpiler.ir.nodes import PLAIN, Addr, Alloc, Assign, For, Intrinsic, Kernel, Let, Stmt, Store, Var
from xpiler.ir.walk import Body, bodies, buffers_used, free_vars, scalars_read, scalars_written, statements
from xpiler.passes.detensorize import Detensorize
from xpiler.passes.near.anew import Anew, Instructions
from xpiler.passes.near.bulk import held
from xpiler.passes.near.moves import length
from xpiler.passes.near.staged import swapped


LEAST = 8  # elements made one by one that an instruction is worth


@dataclass(frozen=True)
class AtOnce(Instructions):
    """Replace loops of instructions by single ones."""

    def apply(self, kernel: Kernel) -> Kernel:
        for body, n in _loops(kernel.body):
            made = self._replaced(kernel, body, n) if self._near(kernel, body[n]) else None
            if made is not None:
                return self.apply(made)
        return kernel

    def _near(self, kernel: Kernel, loop: Stmt) -> bool:
        """Whether a loop has nothing in it but what is done with arrays near by, and scalars of its own."""
        near = {s.buffer.name for s in statements(kernel.body) if isinstance(s, Alloc) and s.buffer.space == self.space}
        own = {s.var for s in statements((loop,)) if isinstance(s, Let)}
        return buffers_used((loop,)) <= near and all(self._plain(s, near, own) for s in statements((loop,)))

    def _plain(self, s: Stmt, near: Collection[str], own: Collection[Var]) -> bool:
        match s:
            case For(kind=kind):
                return kind in PLAIN
            case Alloc(buffer, init):
                return buffer.name in near and not init
            case Intrinsic(result=Var() as result):
                return result in own and self._known(s)
            case Assign(var):
                return var in own
            case Intrinsic():
                return self._known(s)
        return isinstance(s, Let | Store)

    def _known(self, s: Intrinsic) -> bool:
        return s.name != self.copy and not isinstance(s.result, Addr) and (s.name, s.key) in self.meanings

    def _replaced(self, kernel: Kernel, body: Body, n: int) -> Kernel | None:
        fills = self._fills(body, n)
        part = (*(body[k] for k in fills), body[n])
        rest = swapped(kernel.body, body, tuple(s for k, s in enumerate(body) if k not in (n, *fills)))
        try:
            ((out, w),) = self._computed(kernel, part, rest)
            if scalars_written(part) & scalars_read(rest):
                return None
            gone = buffers_used(part) - buffers_used(rest)
            made = Anew(self, kernel, part, out, w, gone, _around(kernel.body, body))
        except (Unsummarised, ValueError):
            return None
        if made.takes > self.room - held(kernel, self.space):
            return None
        if any(isinstance(s, For) for s in made.stmts) and 2 * _calls(tuple(made.stmts)) > _calls(part):
            return None
        if made.size < LEAST and not any(isinstance(s, Intrinsic) for s in statements(part)):
            return None
        there = {s.buffer.name for s in statements(rest) if isinstance(s, Alloc)}
        stmts = (*(Alloc(b) for b in made.own if b.name not in there), *made.stmts)
        new = tuple(x for k, s in enumerate(body) if k not in fills for x in (stmts if k == n else (s,)))
        return replace(kernel, body=made.declared(swapped(kernel.body, body, new)))

    def _fills(self, body: Body, n: int) -> tuple[int, ...]:
        """The statements before a loop that set arrays it uses and read none, with nothing between that uses them."""
        used, between, out = buffers_used((body[n],)), frozenset[str](), []
        for k in range(n - 1, -1, -1):
            s = body[k]
            arrays = buffers_used((s,))
            known = isinstance(s, Intrinsic) and self._known(s) and s.result is None
            alone = known and len(arrays) == 1 and not scalars_read(s) & scalars_written(body[k + 1:n])
            if alone and arrays <= used - between:
                out.append(k)
            else:
                between |= arrays
        return tuple(sorted(out))

    def _computed(self, kernel: Kernel, part: Body, rest: Body) -> Iterator[tuple[str, Write]]:
        """What statements leave in the arrays that others use; an array with several writes is none."""
        declared = {s.buffer.name: s.buffer for s in statements(kernel.body) if isinstance(s, Alloc)}
        inner = {s.buffer.name for s in statements(part) if isinstance(s, Alloc)}
        arrays = [declared[b] for b in sorted(buffers_used(part) - inner)]
        scalars = sorted(free_vars(part), key=lambda v: v.name)
        plain = Detensorize(self.meanings).apply(Kernel("part", (*arrays, *scalars), part))
        elsewhere = buffers_used(rest)
        for name, writes in summarise(plain).items():
            if name in elsewhere:
                (w,) = writes
                yield name, w


def _calls(body: Body) -> int:
    """How many instructions are called and scalars made, or a guess."""
    def of(s: Stmt) -> int:
        if isinstance(s, Intrinsic | Assign | Store):
            return 1
        return sum(map(_calls, bodies(s))) * (length(s) if isinstance(s, For) else 1)

    return sum(map(of, body))


def _around(body: Body, part: Body, loop: For | None = None) -> For | None:
    """The innermost loop around a list of statements that is no axis."""
    if body is part:
        return loop
    found = (_around(b, part, s if isinstance(s, For) and s.kind in PLAIN else loop) for s in body for b in bodies(s))
    return next((f for f in found if f is not None), None)


def _loops(body: Body) -> Iterator[tuple[Body, int]]:
    """The loops of a kernel and the lists they are in, the outermost first."""
    for n, s in enumerate(body):
        if isinstance(s, For):
            yield body, n
    for s in body:
        for b in bodies(s):
            yield from _loops(b)
