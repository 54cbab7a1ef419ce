"""Down to the pivot: the sequential program of a kernel file, and the sizes of the arrays it touches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from xpiler.facts.independence import independent
from xpiler.facts.writes import Unsummarised
from xpiler.fault import BROKEN, Fault, NOWHERE
from xpiler.ir.check import check
from xpiler.ir.nodes import Addr, Alloc, Buffer, Call, Const, Expr, For, Kernel, Launch, Program, Stmt, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import buffers_used, buffers_written, statements, substitute_expr, walk
from xpiler.passes.contract import Contract, closed_form
from xpiler.passes.detensorize import Detensorize
from xpiler.passes.names.source import named_after
from xpiler.passes.plain.count import Count
from xpiler.passes.plain.launched import launched_under
from xpiler.passes.plain.ranges import Range, accessed, ranges
from xpiler.passes.plain.sections import Sections
from xpiler.passes.plain.specialize import specialize
from xpiler.passes.recover import Recover
from xpiler.passes.step import NotApplicable
from xpiler.platforms.platform import Platform

ZERO, ONE = Const(0, DType.I32), Const(1, DType.I32)


def sequential(program: Program, source: Platform, contracted: bool = True) -> tuple[Program, tuple[str, ...]]:
    """The sequential program of the same meaning: intrinsics inlined, parallel axes recovered, nests contracted."""
    program = specialize(program)
    meanings = {(m.name, m.key): m for m in program.meanings}
    lanes = tuple(a.kind for a in source.axes if a.kind.startswith("thread") or a.kind == "core")
    steps: list[str] = []
    kernels: list[Kernel] = []
    for kernel in program.kernels:
        try:
            flat = Recover(lanes).apply(Count().apply(Detensorize(meanings).apply(kernel)))
        except NotApplicable as e:
            raise Fault("XP3002", f"no sequential form of `{kernel.name}` was found", e.span or NOWHERE, e.why,
                        "rewrite this part of the kernel, or report it with the file") from e
        steps += [f"detensorize({kernel.name})", f"recover({kernel.name})"]
        if not contracted:
            kernels.append(flat)
            continue
        try:
            clean = named_after(_contracted(flat, launched_under(program, kernel.name)), kernel)
            check(Program(program.platform, (clean,), None))
            flat = clean
            steps.append(f"contract({kernel.name})")
        except NotApplicable as e:
            steps.append(f"-- contract({kernel.name}) does not apply: {e.why}")
        except (*BROKEN, Fault) as e:  # what was recovered is good enough
            steps.append(f"-- contract({kernel.name}) failed: {type(e).__name__}: {e}")
        if steps[-1].startswith("--"):
            flat = told_apart(flat)
        kernels.append(flat)
    return replace(program, kernels=tuple(kernels), meanings=()), tuple(steps)


def _contracted(kernel: Kernel, given: Expr | None) -> Kernel:
    """The closed form of a kernel, or of the one whose arrays fall apart into sections; with what it is launched under,
    where that makes it shorter."""
    found: list[Kernel] = []
    refused: list[NotApplicable] = []
    for assumed in dict.fromkeys((None, given)):
        for apart in (False, True):
            try:
                cut = Sections().apply(kernel) if apart else kernel
                found.append(Contract().apply(cut) if assumed is None else closed_form(cut, assumed))
                break
            except NotApplicable as e:
                refused.append(e)
    if not found:
        raise refused[0]
    return min(found, key=lambda k: sum(1 for _ in walk(k)))


def told_apart(kernel: Kernel) -> Kernel:
    """The kernel with its outermost loops marked where no iteration needs another one."""
    return replace(kernel, body=tuple(_parallel(kernel, s) for s in kernel.body))


def _parallel(kernel: Kernel, s: Stmt) -> Stmt:
    """An outermost loop, marked where no iteration needs another one. One that fills an array of the kernel's own is
    not shared out: whoever needs that array needs all of it."""
    if not isinstance(s, For) or s.kind not in ("serial", "parallel") or s.start != ZERO or s.step != ONE:
        return s
    own = {a.buffer.name for a in kernel.body if isinstance(a, Alloc)}
    if own & buffers_written(s.body):
        return replace(s, kind="serial")
    try:
        independent(kernel, s)
    except Unsummarised:
        return s
    return replace(s, kind="parallel")


# Kernel -> each array it touches -> its range, None where that cannot be told.
Known = Mapping[str, Mapping[str, Range | None]]


def accesses(program: Program) -> Known:
    """The ranges of all accesses a program makes, those whose value nothing comes of too; only where it matters."""
    launcher = program.launcher
    if launcher is not None and not any(isinstance(p, Buffer) and p.extent is None for p in launcher.params):
        return {}
    meanings = {(m.name, m.key): m for m in program.meanings}
    found: dict[str, dict[str, Range | None]] = {}
    for kernel in specialize(program).kernels:
        try:
            flat = Count().apply(Detensorize(meanings).apply(kernel))
        except NotApplicable:
            continue
        extents = accessed(flat)
        found[kernel.name] = _touched(flat, {name: Range(e, True, False) for name, e in extents.items()})
    return found


def _touched(kernel: Kernel, known: Mapping[str, Range]) -> dict[str, Range | None]:
    names = buffers_used(kernel.body)
    return {p.name: known.get(p.name) for p in kernel.params if isinstance(p, Buffer) and p.name in names}


def with_extents(pivot: Program, known: Known | None = None) -> Program:
    """The launcher's array parameters with the extents their accesses need, where nothing else says; `known` are the
    accesses of the program the pivot was made from, which makes more of them."""
    launcher = pivot.launcher
    if launcher is None:
        return pivot
    found = joined(launcher_ranges(pivot), launcher_ranges(pivot, known or {}))
    params = tuple(
        replace(p, extent=found[p.name].extent)
        if isinstance(p, Buffer) and p.extent is None and p.name in found
        and not any(b.host == p.name for b in launcher.buffers) else p
        for p in launcher.params)
    return replace(pivot, launcher=replace(launcher, params=params))


def joined(results: Mapping[str, Range], touched: Mapping[str, Range]) -> dict[str, Range]:
    """What the accesses of a program need, and no less than its results, where both are numbers: of an index that is
    looked up nobody knows more than that it stays in its row, but what is stored is."""
    out = {**results, **touched}
    for name in results.keys() & touched.keys():
        a, b = results[name].extent, touched[name].extent
        if isinstance(a, Const) and isinstance(b, Const):
            out[name] = replace(touched[name], extent=_larger(a, b))
    return out


def _larger(a: Expr, b: Expr) -> Expr:
    if a == b:
        return a
    if isinstance(a, Const) and isinstance(b, Const):
        return a if int(a.value) >= int(b.value) else b
    return Call("max", (a, b), DType.I32)


def launcher_ranges(pivot: Program, known: Known | None = None) -> dict[str, Range]:
    """Ranges of the arrays a launcher hands to its kernels, in the launcher's own scalars; of the kernels' by
    themselves unless they are given. Arrays that one of several launches touches in an unknown range are left out."""
    assert pivot.launcher is not None
    if known is None:
        known = {k.name: _touched(k, ranges(k)) for k in pivot.kernels}
    unknown: set[str] = set()
    out: dict[str, Range] = {}
    for s in statements(pivot.launcher.body):
        if not isinstance(s, Launch):
            continue
        kernel = pivot.kernel(s.kernel)
        args = dict(zip([p.name for p in kernel.params], s.args, strict=True))
        values: dict[Var, Expr] = {
            p: args[p.name] for p in kernel.params if isinstance(p, Var)}
        held = known.get(kernel.name, {})
        for name, arg in args.items():
            if not isinstance(arg, Addr) or name not in held:
                continue
            r, seen = held[name], out.get(arg.buffer)
            if r is None:
                unknown.add(arg.buffer)
                continue
            extent = substitute_expr(r.extent, values)
            out[arg.buffer] = Range(extent, r.read, r.covered) if seen is None else Range(
                _larger(seen.extent, extent), seen.read or r.read, seen.covered and r.covered)
    return {name: r for name, r in out.items() if name not in unknown}
