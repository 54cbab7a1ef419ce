"""Which elements a sequential kernel may touch, for kernels whose results have no closed form.

Only indices and the conditions around them are followed; whatever comes from memory, or changes from one iteration to
the next, is unknown. An array with an index that depends on something unknown, and that no condition bounds, has no
reach."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from xpiler.facts import sym
from xpiler.facts.state import Array
from xpiler.facts.summary import STEPS, Machine
from xpiler.facts.sym import ONE, Sym
from xpiler.facts.decided import one_sided
from xpiler.facts.writes import Unsummarised
from xpiler.ir.nodes import (
    Addr, Alloc, Assign, Atomic, Barrier, Binary, Break, Buffer, Continue, Expr, For, If, Kernel, Let, Return,
    Select, Shuffle, Stmt, Store, Var, While,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import buffers_written, scalars_written


@dataclass(frozen=True)
class Touch:
    """An access: its index over loop variables and scalars, and the conditions under which it is made."""

    index: Sym
    path: frozenset[Sym]
    reads: bool


def reach(kernel: Kernel) -> tuple[dict[str, list[Touch]], frozenset[Sym]]:
    """Every access to each array parameter, and the symbols that stand for something unknown."""
    walk = _Walk(kernel)
    limit = sym.METER.allow(STEPS)
    try:
        walk.body(kernel.body)
    except sym.Exhausted:
        return {}, frozenset()
    finally:
        sym.METER.limit = limit
    return walk.touched, frozenset(walk.unknown)


class _Walk(Machine):
    """The machine of `summarise`, but that memory gives unknown values and every access is noted."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel)
        self.touched: dict[str, list[Touch]] = {}
        self.unknown: set[Sym] = set()
        self.outer = {p.name for p in kernel.params if isinstance(p, Buffer)}

    def anything(self, dtype: DType) -> Sym:
        made = sym.fresh("unknown", None, dtype)
        self.unknown.add(made)
        return made

    def touch(self, buffer: str, index: Sym, reads: bool) -> None:
        if buffer in self.outer:
            path = frozenset(sym.conjuncts(self.path))
            self.touched.setdefault(buffer, []).append(Touch(index, path, reads))

    def read(self, buffer: str, index: Sym) -> Sym:
        if buffer in self.inner:
            try:
                return super().read(buffer, index)
            except Unsummarised:
                return self.anything(self.arrays[buffer].dtype)
        self.touch(buffer, index, reads=True)
        return self.anything(self.arrays[buffer].dtype)

    def value(self, e: Expr) -> Sym:
        match e:
            case Binary("&&", a, b, dtype):
                x = self.value(a)
                return sym.binary("&&", x, self.under(x, b), dtype)
            case Select(c, a, b, _):
                cond = self.value(c)
                return sym.select(cond, self.under(cond, a), self.under(sym.negate(cond), b))
            case Var(name, dtype) if name not in self.scalars:
                return self.anything(dtype)
        try:
            return super().value(e)
        except Unsummarised:
            return self.anything(e.dtype)

    def under(self, cond: Sym, e: Expr) -> Sym:
        """The value of e where cond holds."""
        outer, self.path = self.path, sym.conjoin(self.path, one_sided(self.here(cond)))
        found = self.value(e)
        self.path = outer
        return found

    # ------------------------------------------------------------ statements

    def body(self, stmts: Iterable[Stmt]) -> None:
        """What follows an `if` that leaves runs where its condition does not hold."""
        outer = self.path
        for s in stmts:
            self.statement(s)
            if isinstance(s, If) and s.then and not s.orelse and isinstance(s.then[-1], Return | Break | Continue):
                self.path = sym.conjoin(self.path, sym.negate(self.value(s.cond)))
        self.path = outer

    def statement(self, s: Stmt) -> None:
        match s:
            case Let(v, None):
                self.scalars[v.name] = self.anything(v.dtype)
            case Let(v, value) | Assign(v, value):
                assert value is not None
                self.scalars[v.name] = self.value(value)
            case Store(buffer, index, value):
                held, at = self.value(value), self.value(index)
                self.touch(buffer, at, reads=False)
                if buffer in self.inner:
                    self.keep(buffer, at, held)
            case Atomic(_, buffer, index, value, result, _):
                self.value(value)
                self.read(buffer, self.value(index))
                if result is not None:
                    self.scalars[result.name] = self.anything(result.dtype)
            case Alloc(buffer, init):
                for e in init:
                    self.value(e)
                super().statement(Alloc(buffer))
            case If(cond, then, orelse):
                self.either(self.value(cond), then, orelse)
            case For():
                self.loop(s)
            case While(cond, inside):
                self.forget(inside)
                self.either(self.value(cond), inside, ())
                self.forget(inside)
            case Shuffle(result, _, value, lane, _, _, mask):
                for e in (value, lane, mask):
                    self.value(e)
                self.scalars[result.name] = self.anything(result.dtype)
            case Return() | Break() | Continue() | Barrier():
                pass
            case _:
                self.handed_on(s)
                self.forget((s,))

    def keep(self, buffer: str, at: Sym, value: Sym) -> None:
        """An element of an array of the kernel's own."""
        try:
            self.store(buffer, at, value)
        except Unsummarised:
            self.arrays[buffer] = Array("lost", self.arrays[buffer].dtype)

    def handed_on(self, s: Stmt) -> None:
        """An array given to a function that was not looked into may be touched anywhere."""
        for a in getattr(s, "args", ()):
            if isinstance(a, Addr):
                self.touch(a.buffer, self.anything(DType.I32), reads=True)
            else:
                self.value(a)

    def either(self, cond: Sym, then: tuple[Stmt, ...], orelse: tuple[Stmt, ...]) -> None:
        outer, before, cond = self.path, dict(self.scalars), one_sided(self.here(cond))
        for holds, body in ((cond, then), (sym.negate(cond), orelse)):
            self.scalars = dict(before)
            self.path = sym.conjoin(outer, holds)
            self.body(body)
        self.scalars, self.path = before, outer
        self.forget((*then, *orelse))

    def forget(self, stmts: tuple[Stmt, ...]) -> None:
        """The scalars these statements give a value have one that nobody knows, and so have the kernel's own arrays."""
        for name in self.inner & buffers_written(stmts):
            self.arrays[name] = Array("lost", self.arrays[name].dtype)
        for v in scalars_written(stmts):
            if v.name in self.scalars:
                self.scalars[v.name] = self.anything(v.dtype)

    def loop(self, s: For) -> None:
        start, stop, step = (self.value(e) for e in (s.start, s.stop, s.step))
        trips = sym.div(sym.sub(sym.add(stop, step), sym.add(start, ONE)), step)
        self.forget(s.body)
        outer = self.path
        at = sym.add(start, sym.mul(sym.fresh(s.var.name, trips), step))
        self.scalars[s.var.name] = at
        self.path = sym.conjoin(outer, sym.compare("<", at, stop))
        self.body(s.body)
        self.path = outer
        self.forget(s.body)
