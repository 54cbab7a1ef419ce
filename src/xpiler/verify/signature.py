"""What a caller must know of a program: its entry, its scalars, and for every array its size and its direction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from xpiler.fault import NOWHERE, Fault, Span
from xpiler.ir.nodes import (
    PLAIN, Addr, Alloc, Atomic, Buffer, Expr, For, Intrinsic, Kernel, Launch, Load, Meaning, Param,
    Program, Stmt, Store, Var,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import defines, expressions, statements, subexpressions, walk
from xpiler.verify.evaluate import NoValue, Number, evaluate, run_scalars
from xpiler.verify.said import how_to_say, size_of


@dataclass(frozen=True)
class Array:
    """A pointer parameter of the entry. `extents` are expressions over the entry's scalars; the largest one counts.

    `steers`: its values reach an index or a loop bound, so they cannot be just any number."""

    name: str
    dtype: DType
    extents: tuple[Expr, ...]
    read: bool
    written: bool
    steers: bool = False


@dataclass(frozen=True)
class Signature:
    """The entry as its caller sees it; `params` keep their order, `prologue` computes the host's own scalars."""

    name: str
    params: tuple[Param, ...]
    arrays: tuple[Array, ...]
    scalars: tuple[Var, ...]
    is_kernel: bool
    prologue: tuple[Stmt, ...] = ()
    axes: tuple[tuple[str, Expr], ...] = ()
    span: Span = field(default=NOWHERE, compare=False)

    def geometry(self, values: Mapping[str, Number]) -> dict[str, int]:
        """Extents of a kernel's parallel axes. NoValue when one cannot be computed."""
        return {kind: int(evaluate(stop, values)) for kind, stop in self.axes}

    def sizes(self, values: Mapping[str, Number]) -> dict[str, int]:
        """Elements of every array when the scalars have `values`. NoValue when one cannot be computed.

        Fault XP2011 when nothing says how large an array is."""
        if unknown := [a.name for a in self.arrays if not a.extents]:
            raise Fault(
                "XP2011", f"the size of {' and '.join(f'`{name}`' for name in unknown)} is not known", self.span,
                why="nothing in the file allocates it and its accesses do not bound it",
                try_=f"{how_to_say(unknown, self.scalars)}, or --let for the scalars its indices use",
            )
        env = run_scalars(self.prologue, values)
        return {a.name: max(int(evaluate(e, env)) for e in a.extents) for a in self.arrays}


def signature(program: Program, kernel: str = "") -> Signature:
    """The launcher of a program, or its one kernel (or the one named)."""
    if program.launcher is not None and not kernel:
        return _of_launcher(program)
    found = [k for k in program.kernels if kernel in ("", k.name)]
    if not found:
        raise Fault("XP2013", f"no kernel `{kernel}`", Span(program.file), why=_which(program.kernels))
    if len(found) > 1:
        raise Fault(
            "XP2013", f"{len(found)} kernels and no function that launches them", Span(program.file),
            why=_which(found), try_="--kernel with one of them, or the host code that launches them",
        )
    return _of_kernel(found[0], program)


def given_sizes(program: Program, sizes: Mapping[str, int | str]) -> Program:
    """The program with sizes the user gave for arrays nothing else sizes; Fault XP2011 for a name it does not have."""

    def sized(params: tuple[Param, ...]) -> tuple[Param, ...]:
        scalars = {p.name: p for p in params if isinstance(p, Var) and not p.dtype.is_float}
        return tuple(
            replace(p, extent=size_of(sizes[p.name], p.name, scalars))
            if isinstance(p, Buffer) and p.name in sizes else p
            for p in params
        )

    entries = (program.launcher,) if program.launcher is not None else program.kernels
    known = {p.name for e in entries for p in e.params if isinstance(p, Buffer)}
    for name in sorted(set(sizes) - known):
        raise Fault("XP2011", f"there is no array `{name}`", Span(program.file),
                    f"the arrays are {', '.join(sorted(known))}")
    if program.launcher is not None:
        return replace(program, launcher=replace(program.launcher, params=sized(program.launcher.params)))
    return replace(program, kernels=tuple(replace(k, params=sized(k.params)) for k in program.kernels))


def unsized(program: Program) -> frozenset[str]:
    """Arrays of the caller's whose sizes nobody says."""
    launcher = program.launcher
    if launcher is None:
        return frozenset(
            p.name for k in program.kernels for p in k.params if isinstance(p, Buffer) and p.extent is None)
    copied = {b.host for b in launcher.buffers}
    return frozenset(p.name for p in launcher.params
                     if isinstance(p, Buffer) and p.extent is None and p.name not in copied)


def _which(kernels: Iterable[Kernel]) -> str:
    return "the kernels are " + ", ".join(k.name for k in kernels)


def _of_kernel(k: Kernel, program: Program) -> Signature:
    flow = _Flow(k, program)
    arrays = tuple(
        Array(p.name, p.dtype, _known(p), p.name in flow.read, p.name in flow.written, p.name in flow.steering)
        for p in k.params
        if isinstance(p, Buffer)
    )
    scalars = tuple(p for p in k.params if isinstance(p, Var))
    return Signature(k.name, k.params, arrays, scalars, True, axes=_axes(k), span=replace(k.span, comment=""))


def _axes(k: Kernel) -> tuple[tuple[str, Expr], ...]:
    """The extents of the loops that enclose the whole kernel, as expressions over its scalars."""
    return tuple((s.kind, s.stop) for s in statements(k) if isinstance(s, For) and s.kind not in PLAIN)


def _of_launcher(program: Program) -> Signature:
    launcher = program.launcher
    assert launcher is not None, "asked for the launcher of a file that has one"
    read, written, steering = set[str](), set[str](), set[str]()
    for s in statements(launcher):
        if not isinstance(s, Launch):
            continue
        k = program.kernel(s.kernel)
        flow = _Flow(k, program)
        for p, a in zip(k.params, s.args, strict=True):
            if isinstance(a, Addr):
                for names, out in ((flow.read, read), (flow.written, written), (flow.steering, steering)):
                    if p.name in names:
                        out.add(a.buffer)
    arrays = []
    for p in launcher.params:
        if not isinstance(p, Buffer):
            continue
        mirrors = [b for b in launcher.buffers if b.host == p.name]
        extents = tuple(b.extent for b in mirrors) or _known(p)
        goes_in = any(b.name in read for b in mirrors if b.copy_in) or p.name in read
        # What the host sends has values even if nothing was seen to read it: a run then shows what was overlooked.
        goes_in = goes_in or p.const and any(b.copy_in for b in mirrors)
        comes_out = any(b.out == p.name for b in launcher.buffers) or p.name in written
        steers = any(b.name in steering for b in mirrors) or p.name in steering
        arrays.append(Array(p.name, p.dtype, extents, goes_in, comes_out, steers))
    scalars = tuple(p for p in launcher.params if isinstance(p, Var))
    return Signature(launcher.name, launcher.params, tuple(arrays), scalars, False, launcher.body,
                     span=replace(launcher.span, comment=""))


def _known(p: Buffer) -> tuple[Expr, ...]:
    return () if p.extent is None else (p.extent,)


class _Flow:
    """Which buffers of a kernel are read, written, and steer an index; an over-approximation, for choosing inputs."""

    def __init__(self, k: Kernel, program: Program) -> None:
        meanings = {(m.name, m.key): m for m in program.meanings}
        self.read: set[str] = set()
        self.written: set[str] = set()
        self._reaches: dict[str, set[str]] = {}  # scalar or buffer -> the buffers whose values it may carry
        for s in statements(k):
            self._note(s, meanings)
        names = {p.name for p in k.params if isinstance(p, Buffer)} | {
            s.buffer.name for s in statements(k) if isinstance(s, Alloc)
        }
        for b in names:
            self._reaches.setdefault(b, set()).add(b)
        while self._spread(k):
            pass
        self.steering = {b for s in statements(k) for e in _steered(s, meanings) for b in self._carried(e)}

    def _note(self, s: Stmt, meanings: Mapping[tuple[str, str], Meaning]) -> None:
        self.read |= {e.buffer for x in expressions(s) for e in subexpressions(x) if isinstance(e, Load)}
        match s:
            case Store(buffer=b):
                self.written.add(b)
            case Atomic(buffer=b):
                self.read.add(b)
                self.written.add(b)
            case Intrinsic(name, args, result, key):
                m = meanings.get((name, key))
                for i, a in enumerate(args):
                    if isinstance(a, Addr):
                        reads, writes = _touches(m, i)
                        self.read |= {a.buffer} if reads else set()
                        self.written |= {a.buffer} if writes else set()
                if isinstance(result, Addr):
                    self.written.add(result.buffer)

    def _spread(self, k: Kernel) -> bool:
        """One round of data flow; whether anything was learnt."""
        before = sum(map(len, self._reaches.values()))
        for s in statements(k):
            carried = {b for e in expressions(s) for b in self._carried(e)}
            targets = [v.name] if (v := defines(s)) is not None else []
            match s:
                case Store(buffer=b) | Atomic(buffer=b):
                    targets.append(b)
                case Intrinsic(args=args):
                    targets += [a.buffer for a in args if isinstance(a, Addr)]
            for t in targets:
                self._reaches.setdefault(t, set()).update(carried)
        return sum(map(len, self._reaches.values())) > before

    def _carried(self, e: Expr) -> set[str]:
        out: set[str] = set()
        for x in subexpressions(e):
            name = x.name if isinstance(x, Var) else x.buffer if isinstance(x, Load | Addr) else ""
            out |= self._reaches.get(name, set())
        return out


def _touches(m: Meaning | None, i: int) -> tuple[bool, bool]:
    """Whether an intrinsic reads and writes through its i-th argument; both when its meaning is not known."""
    if m is None or i >= len(m.params):
        return True, True
    name = m.params[i].name
    reads = any(isinstance(n, Load | Addr | Atomic) and n.buffer == name for n in walk(m))
    writes = any(
        (isinstance(n, Store | Atomic | Addr) and n.buffer == name) for n in walk(m)
    )
    return reads, writes


def _steered(s: Stmt, meanings: Mapping[tuple[str, str], Meaning]) -> list[Expr]:
    """The expressions of a statement that choose where or how often, rather than what."""
    out = [x.index for e in expressions(s) for x in subexpressions(e) if isinstance(x, Load | Addr)]
    match s:
        case Store(index=i) | Atomic(index=i):
            out.append(i)
        case For(_, start, stop, step):
            out += [start, stop, step]
        case Intrinsic(name, args, key=key):
            m = meanings.get((name, key))
            steer = [True] * len(args) if m is None else [p.name in _steering(m) for p in m.params]
            out += [a for a, there in zip(args, steer, strict=True)
                    if there and not isinstance(a, Addr) and not a.dtype.is_float]
    return out


def _steering(m: Meaning) -> set[str]:
    """The scalars among an instruction's parameters that reach an index or a loop's length in what it does: a mask does
    not, a number of elements does."""
    reaches = {p.name: {p.name} for p in m.params if isinstance(p, Var)}

    def carried(e: Expr) -> set[str]:
        names = [x.name if isinstance(x, Var) else x.buffer for x in subexpressions(e) if isinstance(x, Var | Load)]
        return set[str]().union(*(reaches.get(n, ()) for n in names))

    inside, known = list(statements(m)), -1
    while known < (known := sum(map(len, reaches.values()))):
        for s in inside:
            v = defines(s)
            target = v.name if v is not None else s.buffer if isinstance(s, Store) else None
            if target is not None:
                reaches.setdefault(target, set()).update(*(carried(e) for e in expressions(s)))
    return {name for s in inside for e in _steered(s, {}) for name in carried(e)}


__all__ = ["Array", "NoValue", "Signature", "signature"]
