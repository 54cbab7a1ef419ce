"""Detensorize: a call of an intrinsic becomes the body of its definition.

    c = _mm512_add_ps(a, b);        ->        for i in 16: c[i] = a[i] + b[i]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from xpiler.ir.nodes import (
    Addr, Alloc, Assign, Atomic, Binary, Buffer, Cast, Const, Expr, For, Intrinsic, Kernel, Let, Load, Meaning,
    Stmt, Store, Var,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import (
    Fresh, buffers_written, defines, map_exprs, map_stmts, names, rename, scalars_written, statements, subexpressions,
    substitute,
)
from xpiler.passes.step import NotApplicable
from xpiler.platforms.platform import Platform

ALONE = 15  # most intrinsics that are offered one by one


@dataclass(frozen=True)
class Detensorize:
    """Inline every intrinsic of a kernel, or only those called `name`; `meanings` says what they do."""

    meanings: Mapping[tuple[str, str], Meaning] = field(default_factory=dict)
    name: str = ""
    stage: ClassVar[str] = "read"

    @classmethod
    def of_machine(cls, machine: Platform) -> Mapping[str, Any]:
        return {"meanings": {(m.name, m.key): m for m in machine.intrinsics}}

    @classmethod
    def space(cls, kernel: Kernel, machine: Platform) -> Iterator[Detensorize]:
        """All intrinsics of the kernel at once, then each of them alone."""
        given = cls.of_machine(machine)["meanings"]
        calls = [s for s in statements(kernel) if isinstance(s, Intrinsic)]
        names = sorted({s.name for s in calls if _explained(s, given)})
        if calls and all(_explained(s, given) for s in calls):
            yield cls(given)
        if len({s.name for s in calls}) > 1:
            alone = [n for n in names if all(_explained(s, given) for s in calls if s.name == n)]
            yield from (cls(given, n) for n in alone[:ALONE])

    def apply(self, kernel: Kernel) -> Kernel:
        called = sorted({s.name for s in statements(kernel) if isinstance(s, Intrinsic)})
        if self.name and self.name not in called:
            calls = ", ".join(called) or "no intrinsic"
            raise NotApplicable(f"`{kernel.name}` does not call `{self.name}`; it calls {calls}", kernel.span)
        fresh = Fresh(names(kernel))
        buffers = {p.name: p for p in kernel.params if isinstance(p, Buffer)}
        buffers |= {s.buffer.name: s.buffer for s in statements(kernel) if isinstance(s, Alloc)}

        def one(s: Stmt) -> Stmt | tuple[Stmt, ...]:
            if not isinstance(s, Intrinsic) or self.name not in ("", s.name):
                return s
            meaning = self.meanings.get((s.name, s.key))
            if meaning is None:
                raise NotApplicable(f"nothing says what `{s.name}` does", s.span)
            if not meaning.body and any(isinstance(p, Buffer) and not p.const for p in meaning.params):
                raise NotApplicable(f"nothing says what `{s.name}` does with elements of these types", s.span)
            return inline(meaning, s, fresh, buffers)

        return replace(kernel, body=map_stmts(kernel.body, one))


def _explained(s: Intrinsic, meanings: Mapping[tuple[str, str], Meaning]) -> bool:
    """Whether `inline` can do it."""
    meaning = meanings.get((s.name, s.key))
    return meaning is not None and len(meaning.params) == len(s.args) and all(
        isinstance(a, Addr) for p, a in zip(meaning.params, s.args, strict=True) if isinstance(p, Buffer))


def inline(
    meaning: Meaning, call: Intrinsic, fresh: Fresh, buffers: Mapping[str, Buffer]
) -> tuple[Stmt, ...]:
    """The statements of a call: parameters bound to arguments, locals renamed apart."""
    local = {s.buffer.name for s in statements(meaning) if isinstance(s, Alloc)}
    local |= {v.name for s in statements(meaning) if isinstance(s, Let | For) and (v := defines(s))}
    body = rename(meaning.body, {n: fresh(n) for n in local})
    before: list[Stmt] = []
    after: list[Stmt] = []
    values: dict[Var, Expr] = {}
    places: dict[str, Addr] = {}
    assigned = scalars_written(meaning.body)
    params = list(zip(meaning.params, call.args, strict=True))
    changed = {a.buffer for p, a in params if isinstance(a, Addr) and p.name in buffers_written(meaning.body)}
    if isinstance(call.result, Addr):
        changed.add(call.result.buffer)

    def once(e: Expr) -> Expr:
        """An operand is evaluated before the call: here, where it reads what the call writes."""
        if not any(isinstance(x, Load) and x.buffer in changed for x in subexpressions(e)):
            return e
        v = Var(fresh("operand"), e.dtype)
        before.append(Let(v, e, call.span))
        return v

    params = [(p, replace(a, index=once(a.index)) if isinstance(a, Addr) else once(a)) for p, a in params]
    to = call.result
    if isinstance(to, Addr):
        to = replace(to, index=once(to.index))
    for param, arg in params:
        if isinstance(param, Buffer):
            if not isinstance(arg, Addr):
                raise NotApplicable(f"argument `{param.name}` of `{call.name}` is not an address", call.span)
            places[param.name] = arg
        elif param in assigned:
            v = Var(fresh(param.name), param.dtype)
            before.append(Let(v, arg, call.span))
            body = rename(body, {param.name: v.name})
        else:
            values[param] = arg
    match meaning.result, to:
        case Buffer() as r, Addr() as to:
            if any(p.buffer == to.buffer for p in places.values()):
                before.append(Alloc(Buffer(name := fresh("r"), r.dtype, r.extent, "local"), (), call.span))
                places[r.name] = Addr(name, Const(0, DType.I32), r.dtype)
                after.append(_copy(fresh, to, places[r.name], r, call))
            else:
                places[r.name] = to
        case Var() as r, Var() as to:
            v = Var(fresh(r.name), r.dtype)
            before.append(Let(v, None, call.span))
            body = rename(body, {r.name: v.name})
            after.append(Assign(to, v, call.span))
        case Var(), None:
            v = Var(fresh(meaning.result.name), meaning.result.dtype)
            before.append(Let(v, None, call.span))
            body = rename(body, {meaning.result.name: v.name})
    body = _relocate(substitute(body, values), places)
    return (*before, *_respan(body, call), *after)


def _copy(fresh: Fresh, to: Addr, source: Addr, shape: Buffer, call: Intrinsic) -> Stmt:
    i = Var(fresh("i"), DType.I32)
    assert shape.extent is not None
    load = Load(source.buffer, i, shape.dtype)
    store = Store(to.buffer, _plus(to.index, i), load, call.span)
    return For(i, Const(0, DType.I32), shape.extent, Const(1, DType.I32), (store,), "serial", call.span)


def _relocate(body: tuple[Stmt, ...], places: Mapping[str, Addr]) -> tuple[Stmt, ...]:
    def moved(e: Expr) -> Expr:
        match e:
            case Load(buffer, index, dtype) if buffer in places:
                return Load(places[buffer].buffer, _plus(places[buffer].index, index), dtype)
            case Addr(buffer, index, dtype) if buffer in places:
                return Addr(places[buffer].buffer, _plus(places[buffer].index, index), dtype)
        return e

    def one(s: Stmt) -> Stmt:
        if isinstance(s, Store | Atomic) and s.buffer in places:
            to = places[s.buffer]
            return replace(s, buffer=to.buffer, index=_plus(to.index, s.index))
        return s

    return map_stmts(map_exprs(body, moved), one)


def _respan(body: tuple[Stmt, ...], call: Intrinsic) -> tuple[Stmt, ...]:
    return map_stmts(body, lambda s: replace(s, span=call.span))


def _plus(a: Expr, b: Expr) -> Expr:
    if a == Const(0, DType.I32):
        return b
    if b == Const(0, DType.I32):
        return a
    wide = max(a.dtype, b.dtype, key=lambda d: d.bits)
    x, y = (e if e.dtype is wide else Cast(e, wide) for e in (a, b))
    return Binary("+", x, y, wide)
