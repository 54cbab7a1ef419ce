"""Cache: what a loop touches of an array lives in a nearer memory while the loop runs.

    for i in 64: for k in 128:               ->      for c in 64: y_near[c] = y[c]
        y[i] += x[128*i + k]                         for i in 64: for k in 128:
                                                         y_near[i] += x[128*i + k]
                                                     for c in 64: y[c] = y_near[c]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import Self

from xpiler.facts.accesses import Access, accesses, exchange, names_of_values
from xpiler.facts.footprint import footprint
from xpiler.facts.independence import naturals
from xpiler.facts.pieces import Footprint, Piece, q
from xpiler.facts.polynomial import Poly, atom, expression, number, renamed
from xpiler.facts.writes import Unsummarised
from xpiler.ir.nodes import (
    PLAIN, Alloc, Assign, Buffer, Const, Expr, For, If, Kernel, Let, Load, Return, Stmt, Store, Var,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import Body, Fresh, buffers_used, buffers_written, map_exprs, map_stmts, names, statements
from xpiler.passes.nests.nest import conjunction
from xpiler.passes.split import loop_named
from xpiler.passes.step import NotApplicable
from xpiler.platforms.platform import Platform

I32, I64, BOOL = DType.I32, DType.I64, DType.BOOL
ZERO, STEP, ONE = Const(0, I32), Const(1, I32), number(1)
OWN = "local"  # where a thread's own scalars and arrays live
AROUND, WITHIN = "around", "within"
OFFERED = 32  # instances, at most
GUESS = 16  # iterations of a loop whose length is known at run time


@dataclass(frozen=True)
class Cache:
    """Keep the elements of `buffer` that `loop` touches in the space `memory`: copied in before the loop where it reads
    them, and back after it where it stores to them. A single element in the thread's own memory becomes a scalar.

    `where` is "around" the loop, or "within" it: each iteration has a copy of what it touches itself."""

    buffer: str
    loop: str
    memory: str = OWN
    where: str = AROUND

    def apply(self, kernel: Kernel) -> Kernel:
        loop = loop_named(kernel, self.loop)
        if self.where not in (AROUND, WITHIN):
            raise NotApplicable(f'a copy is "{AROUND}" a loop or "{WITHIN}" it, not "{self.where}"', loop.span)
        region = _region(kernel, loop, self.where)
        self._check(kernel, region)
        seen = _with(kernel, loop, region)
        near = _Near(kernel, self.buffer, self.memory, *_touched(seen, region, self.buffer))
        made = near.around(region)
        if self.where == WITHIN:
            inside = map_stmts(made, lambda s: s.body if isinstance(s, For) and _is(s, region) else s)
            made = (replace(loop, body=inside),)
        return replace(kernel, body=map_stmts(kernel.body, lambda s: made if _is(s, loop) else s))

    def _check(self, kernel: Kernel, region: For) -> None:
        """Nobody else sees the near copy, or changes what it is a copy of."""
        axes = [s for s in statements(kernel.body) if isinstance(s, For) and s.kind not in PLAIN]
        inside = next((s for s in statements((region,)) if s in axes), None)
        if isinstance(inside, For):
            raise NotApplicable(f"`{inside.var.name}` runs along {inside.kind}, and an axis has nothing in front of it",
                                inside.span)
        if axes and self.memory != OWN:
            raise NotApplicable(
                f"all that run along {axes[0].kind} might share the copy in {self.memory} memory: cache before binding",
                region.span)
        met = exchange(region)
        if met is not None:
            raise NotApplicable(f"others may change `{self.buffer}` while `{self.loop}` runs", met.span)

    @classmethod
    def space(cls, kernel: Kernel, machine: Platform) -> Iterator[Self]:
        """Copies that fit what is left of the machine's memories and are touched more than once an element on average,
        those touched most often first."""
        offers: list[tuple[int, int, Self]] = []
        near = [s for s in machine.spaces if s.scope != "device"]
        loops = [s for s in statements(kernel.body) if isinstance(s, For)]
        for loop, where in product(loops, (AROUND, WITHIN)):
            region = _region(kernel, loop, where)
            for buffer in sorted(buffers_used(loop.body)):
                try:
                    found, touched = _touched(_with(kernel, loop, region), region, buffer)
                except NotApplicable:
                    continue
                size = touched.size * found[0].element.bytes
                reuse = sum(prod(_length(f) for f in a.loops) for a in found) // touched.size
                for s in near:
                    left = size if s.capacity is None and s.name == OWN and touched.size == 1 else (
                        (s.capacity or 0) - _held(kernel, s.name))
                    if size <= left and s.name != _space_of(kernel, buffer) and reuse > 1:
                        offers.append((-reuse, size, cls(buffer, loop.var.name, s.name, where)))
        kept = 0
        for _, _, offer in sorted(offers, key=lambda o: (o[0], o[1], str(o[2]))):
            try:
                offer.apply(kernel)
            except NotApplicable:
                continue
            yield offer
            kept += 1
            if kept == OFFERED:
                return


def _region(kernel: Kernel, loop: For, where: str) -> For:
    """What the copy is made around: the loop, or one of its iterations as a loop that runs once."""
    if where == AROUND:
        return loop
    once = Var(Fresh(names(kernel))(f"{loop.var.name}_once"), I32)
    return For(once, ZERO, STEP, STEP, loop.body, "serial", loop.span)


def _with(kernel: Kernel, loop: For, region: For) -> Kernel:
    """The kernel with that loop of one iteration in it."""
    if region is loop:
        return kernel
    held = replace(loop, body=(region,))
    return replace(kernel, body=map_stmts(kernel.body, lambda s: held if _is(s, loop) else s))


def _is(s: Stmt, loop: For) -> bool:
    return isinstance(s, For) and s.var == loop.var


def _length(f: For) -> int:
    match f:
        case For(start=Const(first), stop=Const(last), step=Const(by)):
            return len(range(int(first), int(last), int(by)))
    return GUESS


def _held(kernel: Kernel, space: str) -> int:
    """Bytes the kernel has in a memory already."""
    held = [s.buffer for s in statements(kernel.body) if isinstance(s, Alloc) and s.buffer.space == space]
    return sum(int(b.extent.value) * b.dtype.bytes for b in held if isinstance(b.extent, Const))


def _space_of(kernel: Kernel, buffer: str) -> str:
    allocs = {s.buffer.name: s.buffer.space for s in statements(kernel.body) if isinstance(s, Alloc)}
    return allocs.get(buffer, "global")


def _touched(kernel: Kernel, loop: For, buffer: str) -> tuple[list[Access], Footprint]:
    """The accesses of the loop to the array, and the elements."""
    lets = names_of_values(kernel.body)
    declared = {p.name: p for p in kernel.params if isinstance(p, Buffer)}
    declared |= {s.buffer.name: s.buffer for s in statements(kernel.body) if isinstance(s, Alloc)}
    inside = {s.buffer.name for s in statements(loop.body) if isinstance(s, Alloc)}
    if buffer not in declared or buffer in inside:
        raise NotApplicable(f"no array `{buffer}` lives longer than `{loop.var.name}`", loop.span)
    # An element only the copy reads might be in the middle of being stored to by another iteration.
    extent = None if buffer in buffers_written(kernel.body) else declared[buffer].extent
    try:
        found = accesses(kernel, loop, buffer)
        if not found:
            raise NotApplicable(f"`{loop.var.name}` does not touch `{buffer}`", loop.span)
        leaving = next((s for s in statements(loop.body) if isinstance(s, Return)), None)
        if leaving is not None and any(a.stores for a in found):
            raise NotApplicable("the kernel may be left before the copy is written back", leaving.span)
        return found, footprint(loop, found, lets, extent, naturals(kernel))
    except Unsummarised as e:
        raise NotApplicable(e.why, e.span if e.span.line else loop.span) from e


class _Near:
    """The near copy of an array around a loop."""

    def __init__(self, kernel: Kernel, buffer: str, space: str, found: list[Access], touched: Footprint) -> None:
        self.fresh = Fresh(names(kernel))
        self.far, self.touched = buffer, touched
        dtype = found[0].element
        self.name = self.fresh(f"{buffer}_near")
        alone = touched.size == 1 and space == OWN and all(
            s.size == ONE for p in (*touched.reads, *touched.writes) for s in p.sides) and not any(
            f.kind != "serial" for a in found for f in a.loops if a.stores)
        self.scalar = Var(self.name, dtype) if alone else None
        self.copy = Buffer(self.name, dtype, Const(touched.size, I32), space)
        self.wide = I64 if any(a.place.index.dtype is not I32 for a in found) else I32
        self.places = {a.place.index: self.flat(p) for a, p in zip(found, touched.places, strict=True)}

    def flat(self, place: tuple[Poly, ...]) -> Expr:
        """The index into the copy."""
        at = number(0)
        for p, low, count in zip(place, self.touched.low, self.touched.count, strict=True):
            at = at * count + p - low
        return expression(at)

    def around(self, loop: For) -> Body:
        reads, writes = self.touched.reads, self.touched.writes
        first: list[Stmt] = [Alloc(self.copy)]
        if self.scalar is not None:
            whole = len(reads) == 1 and not (reads[0].always or reads[0].guards)
            at = tuple(map(number, self.touched.low))
            first = [Let(self.scalar, self.original(at) if whole else None)]
            reads = () if whole else reads
        return (*first, *(self.moved(p, inwards=True) for p in reads), replace(loop, body=self.near(loop.body)),
                *(self.moved(p, inwards=False) for p in writes))

    def original(self, at: tuple[Poly, ...]) -> Load:
        index = self.touched.base
        for d, p in zip(self.touched.dims, at, strict=True):
            index = index + d.step * p
        return Load(self.far, expression(index, self.wide), self.copy.dtype)

    def moved(self, piece: Piece, *, inwards: bool) -> Stmt:
        """The elements of a piece copied."""
        counters = [Var(self.fresh("c"), I32) if s.size != ONE else None for s in piece.sides]
        at = tuple(number(s.low) if c is None else atom(c) + s.low
                   for s, c in zip(piece.sides, counters, strict=True))
        far = self.original(at)
        near: Expr = self.scalar or Load(self.name, self.flat(at), self.copy.dtype)
        out: Stmt
        if inwards:
            out = Assign(self.scalar, far) if self.scalar else Store(self.name, self.flat(at), far)
        else:
            out = Store(self.far, far.index, near)
        named: dict[Expr, Expr] = {q(n): expression(p) for n, p in enumerate(at)}
        if piece.guards:
            out = If(conjunction(tuple(renamed(g, named) for g in piece.guards)), (out,))
        for s, c in zip(reversed(piece.sides), reversed(counters), strict=True):
            if c is not None:
                out = For(c, ZERO, expression(s.size), STEP, (out,), "parallel")
        return If(conjunction(piece.always), (out,)) if piece.always else out

    def near(self, body: Body) -> Body:
        """A body on the copy instead of the array."""
        def load(e: Expr) -> Expr:
            if isinstance(e, Load) and e.buffer == self.far:
                return self.scalar or Load(self.name, self.places[e.index], e.dtype)
            return e

        def store(s: Stmt) -> Stmt:
            if isinstance(s, Store) and s.buffer == self.far:
                if self.scalar is not None:
                    return Assign(self.scalar, s.value, s.span)
                return Store(self.name, self.places[s.index], s.value, s.span)
            return s

        return map_stmts(map_exprs(body, load), store)
