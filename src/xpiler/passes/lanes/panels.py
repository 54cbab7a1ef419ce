"""Panels: what every row of blocks converts again is converted once, into an array that its rows share.

    for i in 32: for j in 8:                                   for j in 8:
        acc[16] = 0                                                b_panel[256 * 64]
        for k in 256:                                              for k in 256: for c in 4:
            for c in 4: v[c] = float(b[k, 4*j + c])      ->            b_panel[k, c] = float(b[k, 4*j + c])
            for r in 4: for c in 4: acc[r, c] += ...               for i in 32:
        ...                                                            acc[16] = 0
                                                                       for k in 256:
                                                                           for c in 4: v[c] = b_panel[k, c]
                                                                           for r in 4: for c in 4: acc[r, c] += ...
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from xpiler.facts.offers import Offer, is_memory, unbound
from xpiler.facts.polynomial import atom, expression
from xpiler.facts.sym import ZERO as NONE
from xpiler.ir.nodes import Addr, Alloc, Buffer, Const, Expr, For, Intrinsic, Kernel, Load, Stmt, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import (
    Body, Fresh, bodies, declared, free_vars, map_stmts, names, rename, statements, substitute, walk, with_bodies,
)
from xpiler.passes.lanes.memory import VectorUnit

I32 = DType.I32
ZERO, ONE = Const(0, I32), Const(1, I32)
AGAIN = 8  # times that a panel is read, at least
SHARED = 16  # panels that processors share, at least: rows are theirs no more
LARGEST = 1 << 15  # elements of one: what a processor has near it


def in_panels(kernel: Kernel, unit: VectorUnit) -> Kernel:
    """The kernel with its conversions in panels, where it has such."""
    moves = _moves(unit)
    if moves is None:
        return kernel
    fresh = Fresh(names(kernel))
    given = {p.name for p in kernel.params if isinstance(p, Buffer) and p.const}

    def one(s: Stmt, times: int) -> Stmt:
        """A statement that runs so many times at once."""
        if isinstance(s, For) and s.kind == "parallel":
            if (found := _found(s, given)) is not None and times * _length(found.columns) >= SHARED:
                return found.made(fresh, *moves)
            times *= _length(s)
        return with_bodies(s, lambda b: tuple(one(x, times) for x in b))

    return replace(kernel, body=tuple(one(s, 1) for s in kernel.body))


def _length(loop: For) -> int:
    """How many iterations a loop has; many, where that is not known."""
    return int(loop.stop.value) if isinstance(loop.stop, Const) else SHARED


def _moves(unit: VectorUnit) -> tuple[Offer, Offer] | None:
    """What loads and what stores a register of floats."""
    plain = [o for o in unit.offers if o.lane is not None and o.width == unit.width and o.value.op == "ld"
             and o.dtype is DType.F32 and not unbound(o, {str(o.value.data): NONE})]
    loads = [o for o in plain if o.result and is_memory(o.param(str(o.value.data)))]
    stores = [o for o in plain if not o.result and is_memory(o.param(o.out))
              and not is_memory(o.param(str(o.value.data)))]
    return (loads[0], stores[0]) if loads and stores else None


@dataclass(frozen=True)
class _Panel:
    """Rows of blocks and their columns; in the loop `steps` of a block, `each` converts into the registers `into`."""

    rows: For
    columns: For
    steps: For
    into: Buffer
    each: For

    @property
    def lanes(self) -> int:
        assert isinstance(self.into.extent, Const) and isinstance(self.each.stop, Const)
        return int(self.into.extent.value) // int(self.each.stop.value)

    @property
    def size(self) -> int:
        assert isinstance(self.into.extent, Const) and isinstance(self.steps.stop, Const)
        return int(self.into.extent.value) * int(self.steps.stop.value)

    def made(self, fresh: Fresh, load: Offer, store: Offer) -> Stmt:
        far = next(a.buffer for s in statements(self.each.body) if isinstance(s, Intrinsic) for a in s.args
                   if isinstance(a, Addr) and a.buffer not in declared(self.each.body))
        panel = fresh(f"{far}_panel")

        def place(step: Var, column: Var) -> Addr:
            assert isinstance(self.each.stop, Const)
            at = (atom(step) * int(self.each.stop.value) + atom(column)) * self.lanes
            return Addr(panel, expression(at), DType.F32)

        k, c = Var(fresh(self.steps.var.name), I32), Var(fresh(self.each.var.name), I32)
        made = replace(self.into, name=fresh(self.into.name), extent=Const(self.lanes, I32))
        own = {n: fresh(n) for n in declared(self.each.body)}
        convert = map_stmts(
            rename(substitute(self.each.body, {self.steps.var: k, self.each.var: c}), own),
            lambda s: replace(s, result=Addr(made.name, ZERO, made.dtype))
            if isinstance(s, Intrinsic) and isinstance(s.result, Addr) and s.result.buffer == self.into.name else s)
        keep = _called(store, {store.out: place(k, c), str(store.value.data): Addr(made.name, ZERO, made.dtype)})
        filled = replace(self.steps, var=k, body=(
            replace(self.each, var=c, body=(*_declared_first(convert, made), keep)),))
        back = _called(load, {str(load.value.data): place(self.steps.var, self.each.var)}, Addr(
            self.into.name, expression(atom(self.each.var) * self.lanes), self.into.dtype))
        block = map_stmts(self.columns.body, lambda s: replace(s, body=(back,)) if s is self.each else s)
        held = Alloc(Buffer(panel, DType.F32, Const(self.size, I32), "local"))
        return replace(self.columns, body=(held, filled, replace(self.rows, body=block)))


def _declared_first(body: Body, made: Buffer) -> Body:
    """A body with the register that it leaves its result in."""
    return (*body[:-1], Alloc(made), body[-1])


def _called(offer: Offer, given: dict[str, Expr], result: Addr | None = None) -> Intrinsic:
    return Intrinsic(offer.meaning.name, tuple(given[p.name] for p in offer.meaning.params), result, offer.meaning.key)


def _found(rows: For, given: set[str]) -> _Panel | None:
    """The panel of a nest of rows and columns, if it is worth one."""
    columns = rows.body[0] if len(rows.body) == 1 else None
    if not isinstance(columns, For) or columns.kind != "parallel" or rows.var in free_vars(columns.stop):
        return None
    if not isinstance(rows.stop, Const) or int(rows.stop.value) < AGAIN:
        return None
    for steps in (s for s in columns.body if isinstance(s, For) and s.kind == "serial"):
        for into, each in _conversions(steps):
            panel = _Panel(rows, columns, steps, into, each)
            outside = free_vars(each.body) - {steps.var, each.var, columns.var}
            inside = {v for s in statements(columns.body) if isinstance(s, For) for v in (s.var,)} | {rows.var}
            arrays = {x.buffer for x in walk(each) if isinstance(x, Addr | Load)} - {into.name, *declared(each.body)}
            if not outside & inside and arrays <= given and panel.size <= LARGEST:
                return panel
    return None


def _conversions(steps: For) -> Iterator[tuple[Buffer, For]]:
    """Register arrays of a step that a loop fills by more than loading, and that loop."""
    if (steps.start, steps.step) != (ZERO, ONE) or not isinstance(steps.stop, Const):
        return
    for s in steps.body:
        match s:
            case For(_, Const(0), Const(), Const(1), body, "unroll"):
                calls = [x for x in body if isinstance(x, Intrinsic)]
                plain = all(isinstance(x, Alloc | Intrinsic) for x in body) and not any(bodies(x) for x in body)
                last = calls[-1].result if calls and calls[-1] is body[-1] else None
                if not plain or len(calls) < 2 or not isinstance(last, Addr):
                    continue
                into = next((a.buffer for a in steps.body if isinstance(a, Alloc) and a.buffer.name == last.buffer
                             and a.buffer.ctype and a.buffer.dtype is DType.F32), None)
                written = [x for x in walk(steps) if isinstance(x, Intrinsic) and isinstance(x.result, Addr)
                           and x.result.buffer == last.buffer]
                if into is not None and isinstance(into.extent, Const) and len(written) == 1:
                    yield into, s
