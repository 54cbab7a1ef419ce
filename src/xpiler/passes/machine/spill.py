"""Spill: arrays of a thread or task that its own memory cannot have move to global memory, a part for each.

They are larger than it, or nobody knows how large they are when the target is compiled.

    block b in 8: thread t in 64:                 block b in 8: thread t in 64:
        local x[50000]                   ->           part = (b * 64 + t) * 50000
        x[i] = ...                                    scratch[part + i] = ...
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from xpiler.ir.nodes import (
    PLAIN, Addr, Alloc, Assign, Binary, Buffer, Const, DeviceBuffer, Expr, For, Kernel, Launch, Let, Load, Program,
    Stmt, Store, Var,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh, free_vars, map_exprs, map_stmts, names, statements, subexpressions, substitute_expr
from xpiler.passes.step import NotApplicable

I32 = DType.I32
LARGEST = (1 << 31) - 1


def spilled(program: Program, most: int | None) -> Program:
    """The program with no more than `most` bytes of arrays in a thread, the largest moved out first, and none whose
    size is not known; None: as many bytes as there are."""
    if program.launcher is None:
        return program
    moved = {k.name: _moved(k, most) for k in program.kernels}
    if not any(scratch for _, scratch in moved.values()):
        return program
    taken = Fresh([b.name for b in program.launcher.buffers] + [p.name for p in program.launcher.params])
    buffers: list[DeviceBuffer] = []

    def launched(s: Stmt) -> Stmt:
        if not isinstance(s, Launch) or not moved[s.kernel][1]:
            return s
        old = program.kernel(s.kernel)
        values = {p: a for p, a in zip(old.params, s.args, strict=True) if isinstance(p, Var)}
        more = []
        for b in moved[s.kernel][1]:
            assert b.extent is not None
            made = DeviceBuffer(taken(f"d_{b.name}"), b.dtype, substitute_expr(b.extent, values))
            buffers.append(made)
            more.append(Addr(made.name, Const(0, I32), b.dtype))
        return replace(s, args=(*s.args, *more))

    body = map_stmts(program.launcher.body, launched)
    kernels = tuple(
        replace(k, params=(*k.params, *scratch)) for k, scratch in (moved[old.name] for old in program.kernels))
    launcher = replace(program.launcher, body=body, buffers=(*program.launcher.buffers, *buffers))
    return replace(program, kernels=kernels, launcher=launcher)


def _moved(kernel: Kernel, most: int | None) -> tuple[Kernel, tuple[Buffer, ...]]:
    """The kernel with arrays in memory it is handed, and what that is."""
    own = [s for s in statements(kernel) if isinstance(s, Alloc) and s.buffer.space == "local" and not s.buffer.ctype]
    sizes = {s.buffer.name: (s, int(s.buffer.extent.value) * s.buffer.dtype.bytes) for s in own
             if isinstance(s.buffer.extent, Const)}
    scalars = {p for p in kernel.params if isinstance(p, Var)} - {
        s.var for s in statements(kernel) if isinstance(s, Assign)}
    known = _fixed(kernel)
    out = {s.buffer.name: replace(s, buffer=replace(s.buffer, extent=extent))
           for s in own if s.buffer.name not in sizes and (extent := _known(s.buffer.extent, known)) is not None
           and free_vars(extent) <= scalars and not any(isinstance(e, Load) for e in subexpressions(extent))}
    total = sum(n for _, n in sizes.values())
    for name, (alloc, n) in sorted(sizes.items(), key=lambda x: -x[1][1]):
        if most is None or total <= most:
            break
        out[name] = alloc
        total -= n
    if not out:
        return kernel, ()
    axes = _axes(kernel)
    if not axes and any(isinstance(s, For) and s.kind not in PLAIN for s in statements(kernel)):
        raise NotApplicable("arrays that a thread cannot have, outside all threads", kernel.span)
    fresh = Fresh(names(kernel))
    lane: Expr = axes[0].var if axes else Const(0, I32)
    threads: Expr = axes[0].stop if axes else Const(1, I32)
    for a in axes[1:]:
        lane = _plus(_times(lane, a.stop), a.var)
        threads = _times(threads, a.stop)
    parts = {name: Var(fresh("part"), I32) for name in out}
    scratch = []
    lets: list[Stmt] = []
    for name, alloc in out.items():
        extent = alloc.buffer.extent
        assert extent is not None, "an array has a size"
        each = Const(int(extent.value), I32) if isinstance(extent, Const) else extent
        whole = _times(threads, each)
        if isinstance(whole, Const) and int(whole.value) > LARGEST:
            raise NotApplicable(f"`{name}` for all threads is more than an index reaches", alloc.span)
        lets.append(Let(parts[name], _times(lane, each)))
        scratch.append(replace(alloc.buffer, extent=whole, space="global"))
    inner = axes[-1] if axes else None

    def placed(s: Stmt) -> Stmt | tuple[Stmt, ...]:
        if isinstance(s, Alloc) and s.buffer.name in out:
            return tuple(Store(s.buffer.name, _plus(parts[s.buffer.name], Const(n, I32)), e)
                         for n, e in enumerate(s.init))
        if isinstance(s, Store) and s.buffer in out:
            return replace(s, index=_plus(parts[s.buffer], s.index))
        if inner is not None and isinstance(s, For) and s.var == inner.var:
            return replace(s, body=(*lets, *s.body))
        return s

    body = map_stmts(_reading(kernel.body, parts), placed)
    return replace(kernel, body=body if axes else (*lets, *body)), tuple(scratch)


def _fixed(kernel: Kernel) -> dict[Var, Expr]:
    """What the scalars are that are set once."""
    again = {s.var for s in statements(kernel) if isinstance(s, Assign)}
    lets = [s for s in statements(kernel) if isinstance(s, Let)]
    return {s.var: s.value for s in lets if s.value is not None and s.var not in again
            and sum(t.var == s.var for t in lets) == 1}


def _known(extent: Expr | None, fixed: Mapping[Var, Expr]) -> Expr | None:
    """A size by what it is made of."""
    for _ in range(len(fixed)):
        if extent is None or not free_vars(extent) & fixed.keys():
            break
        extent = substitute_expr(extent, fixed)
    return extent


def _reading(body: tuple[Stmt, ...], parts: Mapping[str, Var]) -> tuple[Stmt, ...]:
    def one(e: Expr) -> Expr:
        if isinstance(e, Load | Addr) and e.buffer in parts:
            return replace(e, index=_plus(parts[e.buffer], e.index))
        return e

    return map_exprs(body, one)


def _axes(kernel: Kernel) -> list[For]:
    """The axis loops, outermost first; their lengths must not depend on each other."""
    found = [s for s in statements(kernel) if isinstance(s, For) and s.kind not in PLAIN]
    inside = {a.var for a in found}
    return [] if any(free_vars(a.stop) & inside for a in found) else found


def _times(a: Expr, b: Expr) -> Expr:
    if isinstance(a, Const) and isinstance(b, Const):
        return Const(int(a.value) * int(b.value), I32)
    return Binary("*", a, b, I32)


def _plus(a: Expr, b: Expr) -> Expr:
    return a if isinstance(b, Const) and b.value == 0 else Binary("+", a, b, I32)
