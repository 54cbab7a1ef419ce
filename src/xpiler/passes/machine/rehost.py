"""Rehost: a launcher written for one kind of machine becomes the launcher of another.

Callers keep the same function: only where the arrays live and how kernels are started changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from xpiler.facts.summary import always_runs
from xpiler.ir.nodes import (
    PLAIN, Addr, Binary, Buffer, Const, DeviceBuffer, Expr, For, If, Kernel, Launch, Load, Param, Program,
    Stmt, Store, Var,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import (
    Fresh, buffers_used, buffers_written, map_exprs, map_stmts, scalars_read, statements, substitute_expr,
)
from xpiler.passes.step import NotApplicable


ANY = Var("?", DType.I32)  # a size nobody knows


def on_host_memory(program: Program) -> Program:
    """Kernels work on the caller's arrays directly: what a device buffer mirrored is the caller's own array, or a
    copy of it where kernels change it and the caller does not see that.

    A device buffer that was filled with bytes before the launches is filled by a kernel of its own."""
    launcher = program.launcher
    assert launcher is not None
    mirrored: dict[str, str] = {}
    kept: list[DeviceBuffer] = []
    copied: list[DeviceBuffer] = []  # copies that the kernels change and the caller does not see
    written = _written(program)
    for b in launcher.buffers:
        if b.host and (b.copy_out or b.name not in written) and b.host not in mirrored.values():
            mirrored[b.name] = b.host
        elif b.host and b.copy_out:
            raise NotApplicable(f"`{b.name}` is a second copy of the caller's `{b.host}`", launcher.span)
        elif b.host:
            copied.append(b)
            kept.append(replace(b, host="", copy_in=False))
        else:
            kept.append(b)

    def moved(e: Expr) -> Expr:
        return replace(e, buffer=mirrored[e.buffer]) if isinstance(e, Addr) and e.buffer in mirrored else e

    body = map_exprs(launcher.body, moved)
    filled = [b for b in launcher.buffers if b.name in mirrored and b.fill is not None and not b.copy_in]
    taken = Fresh([k.name for k in program.kernels] + [p.name for p in launcher.params])
    fills = [(_fill(taken(f"fill_{mirrored[b.name]}"), b), b) for b in filled]
    copies = [(_copy(taken(f"copy_{b.host}"), b), b) for b in copied]
    starts = (*(
        Launch(k.name, (Addr(mirrored[b.name], Const(0, DType.I32), b.dtype), *sorted_scalars(b.extent)))
        for k, b in fills), *(
        Launch(k.name, (
            Addr(b.name, Const(0, DType.I32), b.dtype), Addr(b.host, Const(0, DType.I32), b.dtype),
            *sorted_scalars(b.extent)))
        for k, b in copies))
    return replace(
        program, kernels=(*(k for k, _ in fills), *(k for k, _ in copies), *program.kernels),
        launcher=replace(launcher, buffers=tuple(kept), body=(*starts, *body)))


def sorted_scalars(e: Expr) -> tuple[Var, ...]:
    """The scalars an expression reads, in a fixed order."""
    return tuple(sorted(scalars_read(e), key=lambda v: v.name))


def _fill(name: str, b: DeviceBuffer) -> Kernel:
    """Every byte of the buffer becomes b.fill."""
    byte = int(b.fill or 0) & 0xFF
    if b.dtype.is_float and byte:
        raise NotApplicable(f"`{b.name}` is filled with bytes that are not a number of {b.dtype}")
    bits = int.from_bytes(bytes([byte]) * b.dtype.bytes, "little", signed=b.dtype.is_signed)
    value = Const(0.0, b.dtype) if b.dtype.is_float else Const(bits, b.dtype)
    i = Var("i", DType.I32)
    loop = For(i, Const(0, DType.I32), b.extent, Const(1, DType.I32), (Store("a", i, value),), "parallel")
    return Kernel(name, (Buffer("a", b.dtype, None), *sorted_scalars(b.extent)), (loop,))


def _copy(name: str, b: DeviceBuffer) -> Kernel:
    """The buffer becomes what its host array is."""
    i = Var("i", DType.I32)
    loop = For(i, Const(0, DType.I32), b.extent, Const(1, DType.I32), (Store("to", i, Load("from", i, b.dtype)),),
               "parallel")
    params: tuple[Param, ...] = (
        Buffer("to", b.dtype, None), Buffer("from", b.dtype, None, const=True), *sorted_scalars(b.extent),
    )
    return Kernel(name, params, (loop,))


def copies(pivot: Program) -> Mapping[str, Expr]:
    """The kernels of a sequential program that copy one array to another, and how many elements, in their own words."""
    return {k.name: count for k in pivot.kernels if (count := _copied(k)) is not None}


def _copied(kernel: Kernel) -> Expr | None:
    match kernel.params[:2], kernel.body:
        case (Buffer() as to, Buffer() as from_), (
            For(i, Const(0), count, Const(1), (Store(target, at, Load(source, of)),)),
        ) if (target, source, at, of) == (to.name, from_.name, i, i) and to.dtype is from_.dtype:
            return count
    return None


def returned(program: Program, copying: Mapping[str, Expr]) -> Program:
    """What the last launch, of one of these kernels, only puts where the caller's array is copied out from, is copied
    out from where it is."""
    launcher = program.launcher
    if launcher is None or not launcher.body or not isinstance(launch := launcher.body[-1], Launch):
        return program
    if launch.kernel not in copying:
        return program
    kernel = program.kernel(launch.kernel)
    given = {p: a for p, a in zip(kernel.params, launch.args, strict=True) if isinstance(p, Var)}
    count = substitute_expr(copying[launch.kernel], given)
    match launch.args[:2]:
        case Addr(to, Const(0)), Addr(from_, Const(0)):
            pass
        case _:
            return program
    held = {b.name: b for b in launcher.buffers}
    mirror, source = held.get(to), held.get(from_)
    before = launcher.body[:-1]
    used = {e.buffer for s in statements(before) if isinstance(s, Launch) for e in s.args if isinstance(e, Addr)}
    if mirror is None or source is None or source.out or not mirror.out or to in used:
        return program
    if not _same(count, mirror.extent) or mirror.extent != source.extent or mirror.dtype is not source.dtype:
        return program
    back = replace(source, host=source.host or mirror.out, copy_out=True, back=mirror.out if source.host else "")
    buffers = tuple(back if b is source else b for b in launcher.buffers if b is not mirror)
    out = replace(program, launcher=replace(launcher, buffers=buffers, body=before))
    launched = {s.kernel for s in statements(before) if isinstance(s, Launch)}
    return replace(out, kernels=tuple(k for k in out.kernels if k.name != launch.kernel or k.name in launched))


def _same(count: Expr, extent: Expr) -> bool:
    if isinstance(count, Const) and isinstance(extent, Const):
        return count.value == extent.value
    return count == extent


def on_device_memory(
    program: Program, extents: Mapping[str, Expr], complete: Callable[[str], bool]
) -> Program:
    """Every array of the caller gets a device buffer of `extents` elements; `complete(name)` says that the kernels
    overwrite all of these without reading them first, so that nothing need be copied there before."""
    launcher = program.launcher
    assert launcher is not None
    names: dict[str, str] = {}
    written = _written(program)
    buffers = [replace(b, copy_in=b.copy_in and not (b.name in written and _same(extents.get(b.name, ANY), b.extent)
                                                     and complete(b.name))) for b in launcher.buffers]
    taken = {p.name for p in launcher.params} | {b.name for b in buffers}
    for p in launcher.params:
        if not isinstance(p, Buffer) or p.space == "device" or any(p.name in (b.host, b.out) for b in buffers):
            continue
        extent = extents.get(p.name, p.extent)
        if extent is None:
            raise NotApplicable(f"the size of `{p.name}` is not known", launcher.span)
        names[p.name] = f"d_{p.name}" if f"d_{p.name}" not in taken else f"device_{p.name}"
        out = p.name in written
        buffers.append(DeviceBuffer(
            names[p.name], p.dtype, extent, p.name, copy_in=not (out and complete(p.name)), copy_out=out))

    def moved(e: Expr) -> Expr:
        return replace(e, buffer=names[e.buffer]) if isinstance(e, Addr) and e.buffer in names else e

    body = map_exprs(launcher.body, moved)
    return replace(program, launcher=replace(launcher, buffers=tuple(buffers), body=body))


def _written(program: Program) -> set[str]:
    """Launcher-side names of the arrays some kernel stores to."""
    out: set[str] = set()
    assert program.launcher is not None
    for s in statements(program.launcher.body):
        if not isinstance(s, Launch):
            continue
        kernel = program.kernel(s.kernel)
        stored = buffers_written(kernel.body)
        for p, a in zip(kernel.params, s.args, strict=True):
            if isinstance(a, Addr) and p.name in stored:
                out.add(a.buffer)
    return out


def split_launches(program: Program, parts: Mapping[str, tuple[Kernel, ...]]) -> Program:
    """Each kernel replaced by the sequence of kernels it became; parameters nobody uses are dropped."""
    launcher = program.launcher
    assert launcher is not None
    slim = {k.name: tuple(_slim(p) for p in parts.get(k.name, (k,))) for k in program.kernels}

    def one(s: Stmt) -> Stmt | tuple[Stmt, ...]:
        if not isinstance(s, Launch):
            return s
        kernel = program.kernel(s.kernel)
        args = dict(zip([p.name for p in kernel.params], s.args, strict=True))
        return tuple(_launch(k, args, s) for k in slim[s.kernel])

    kernels = tuple(k for ks in slim.values() for k in ks)
    return replace(program, kernels=kernels, launcher=replace(launcher, body=map_stmts(launcher.body, one)))


def _launch(kernel: Kernel, args: Mapping[str, Expr], s: Launch) -> Stmt:
    """A launch, under a condition where its grid may be empty."""
    launch = Launch(kernel.name, tuple(args[p.name] for p in kernel.params), s.span)
    values = {p: args[p.name] for p in kernel.params if isinstance(p, Var)}
    body: tuple[Stmt, ...] = kernel.body
    empty: list[Expr] = []
    while len(body) >= 1 and isinstance(body[-1], For) and body[-1].kind not in PLAIN:
        if not always_runs(kernel, body[-1].stop):
            some = Binary(">", substitute_expr(body[-1].stop, values), Const(0, DType.I32), DType.BOOL)
            empty.append(some)
        body = body[-1].body
    if not empty:
        return launch
    cond = empty[0]
    for e in empty[1:]:
        cond = Binary("&&", cond, e, DType.BOOL)
    return If(cond, (launch,), (), s.span)


def _slim(kernel: Kernel) -> Kernel:
    used = buffers_used(kernel.body) | {v.name for v in scalars_read(kernel.body)}
    stored = buffers_written(kernel.body)
    params: list[Param] = []
    for p in kernel.params:
        if p.name not in used | stored:
            continue
        params.append(replace(p, const=p.name not in stored) if isinstance(p, Buffer) else p)
    return replace(kernel, params=tuple(params))
