"""What a launcher's copies and fills become: flags of its device buffers where that says it, else kernels.

A whole copy before the launches, or after them, is `copy_in` or `copy_out` of the device buffer; also where all that
is launched and copied is behind the same checks of sizes, and then what comes out is copied in too, unless it is empty
where a check fails: it stays what it was. Any other copy is a small kernel between device buffers, and a host array in
one of those has a device buffer of its own that mirrors it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeGuard

from xpiler.fault import Fault
from xpiler.ir.nodes import (
    Addr, Binary, Buffer, Call, Const, Expr, For, If, Kernel, Launch, Load, Param, Stmt, Store, Var,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import bodies, map_stmts, substitute_expr
from xpiler.platforms.platform import Platform
from xpiler.text import sizes
from xpiler.text.arithmetic import ONE, ZERO, Arithmetic, int_const
from xpiler.text.clang import Node
from xpiler.text.hosts.events import ON_DEVICE, TO_DEVICE, TO_HOST, Device, Move, Ran, Touched
from xpiler.text.hosts.values import HostArray

_THREADS = 256


@dataclass
class Copies:
    """The memory events of one launcher, and what they become."""

    math: Arithmetic
    platform: Platform
    fresh: Callable[[str], str]
    kernel_name: Callable[[str], str]
    fault: Callable[[str, str, Node, str, str], Fault]
    devices: dict[str, Device]
    hosts: Mapping[str, HostArray]
    events: list[Move | Ran | Touched]
    dtypes: Mapping[str, DType]
    kernels: dict[str, Kernel] = field(default_factory=dict)
    _behind: tuple[Expr, ...] = ()
    _flagged: list[Move | Ran | Touched] = field(default_factory=list)  # fills
    _known: dict[object, str] = field(default_factory=dict)

    def settle(self, body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        """The body without marks."""
        self._direct = self._device_pointers()
        self._behind = _common([e.under for e in self.events if not isinstance(e, Touched)])
        self._check_untouched()
        given: dict[str, tuple[Stmt, ...]] = {}
        left = [m for m in self.events if isinstance(m, Move)]
        for m in list(left):
            if self._plain_fill(m):
                left.remove(m)
        for host in self._hosts(left):
            mine = [m for m in left if host in (m.dst.buffer, m.src.buffer if m.src else "")]
            if all(m.src is not None and self._device(m) for m in mine) and self._plain(host, mine):
                left = [m for m in left if m not in mine]
        mirrors = {h: self._mirror(h, left, body) for h in self._hosts(left)}
        for m in left:
            given[m.mark] = self._kernel_for(m, mirrors)
        starts = tuple(s for d in self.devices.values() if d.start and not d.copy_in for s in self._started(d))
        return (*starts, *map_stmts(body, lambda s: given.get(s.kernel, ()) if _marked(s) else s))

    def _started(self, d: Device) -> tuple[Stmt, ...]:
        """A variable of the file given the values it was declared with."""
        dst = Buffer("dst", d.dtype, None, "global")
        stores = tuple(Store("dst", int_const(k), self.math.convert(v, d.dtype)) for k, v in enumerate(d.start))
        name = self.kernel_name(f"init_{d.symbol}")
        self.kernels[name] = Kernel(name, (dst,), self._looped(stores, ONE, ONE))
        return (Launch(name, (Addr(d.name, ZERO, d.dtype),)),)

    def _looped(self, body: tuple[Stmt, ...], blocks: Expr, threads: Expr) -> tuple[Stmt, ...]:
        if self.platform.model == "simt":
            inner = For(Var("thread", DType.I32), ZERO, threads, ONE, body, "thread.x")
            return (For(Var("block", DType.I32), ZERO, blocks, ONE, (inner,), "block.x"),)
        return (For(Var("task", DType.I32), ZERO, ONE, ONE, body, "task"),)

    # ------------------------------------------------------------ which is where

    def _device_pointers(self) -> set[str]:
        """Parameters that are pointers into device memory already."""
        found: set[str] = set()
        for e in self.events:
            match e:
                case Ran(touches=names):
                    found |= {n for n in names if n in self.hosts}
                case Move(dst=dst, src=src, direction=direction):
                    if src is None and not direction or direction.endswith((*TO_DEVICE, *ON_DEVICE)):
                        found |= {dst.buffer} & set(self.hosts)
                    if src is not None and direction.endswith((*TO_HOST, *ON_DEVICE)):
                        found |= {src.buffer} & set(self.hosts)
        return found

    @property
    def device_pointers(self) -> set[str]:
        return self._direct

    def _on_device(self, name: str) -> bool:
        return name in self.devices or name in self._direct

    def _hosts(self, moves: list[Move]) -> list[str]:
        """The host arrays that take part in copies, in the order of their declarations."""
        ends = {e.buffer for m in moves for e in (m.dst, m.src) if e is not None}
        return [h for h in self.hosts if h in ends and not self._on_device(h)]

    def _device(self, m: Move) -> str:
        """The device buffer at one end of a copy whose other end is the host's; "" where there is none."""
        assert m.src is not None, "a copy has two ends"
        here, there = m.dst.buffer, m.src.buffer
        if self._on_device(here) == self._on_device(there):
            return ""
        name = here if self._on_device(here) else there
        return name if name in self.devices else ""

    def _check_untouched(self) -> None:
        """What the host does to an array between its copies would be lost."""
        copied: set[str] = set()
        used: set[str] = set()  # by launches
        changed: dict[str, Touched] = {}
        looped = [e for e in self.events if isinstance(e, Touched) and not self._once(e)]
        for e in self.events:
            match e:
                case Touched(arrays):
                    changed |= dict.fromkeys(arrays & (copied | used), e)
                case Ran(touches=names):
                    used |= names
                    late = next((t for n, t in changed.items() if n in names and n in self.devices), None)
                    if late is not None:
                        raise self._lost("memory that a kernel uses too", late.node)
                case Move(dst=dst, src=src):
                    name = "" if src is None else src.buffer
                    again = [] if self._once(e) else looped
                    lost = changed.get(name) or next((t for t in again if name in t.arrays), None)
                    if lost is not None and name in self.hosts:
                        raise self._lost(f"`{name}` between its copies", lost.node)
                    copied |= {dst.buffer, name}

    def _lost(self, what: str, node: Node) -> Fault:
        return self.fault(
            "XP1009", f"the host may change {what}", node,
            "a launcher copies what its caller gave; what the host computes in between is no part of it",
            "`xpiler run --main`, or a kernel for what the host does here",
        )

    # ------------------------------------------------------------ what flags can say

    def _once(self, e: Move | Touched) -> bool:
        """Whether something happens once wherever anything is launched or copied."""
        return not e.in_loop and e.under == self._behind[:len(e.under)]

    def _touches(self, e: Move | Ran | Touched, name: str, write: bool = False) -> bool:
        match e:
            case Ran(writes, touches):
                return name in (writes if write else touches)
            case Move(dst=dst, src=src):
                return name == dst.buffer or not write and src is not None and name == src.buffer
        return False

    def _plain_fill(self, m: Move) -> bool:
        if not m.fill or m.dst.buffer not in self.devices or not self._once(m) or m.dst.index != ZERO:
            return False
        if self._behind and any(isinstance(e, Move) and e.src and e.src.buffer == m.dst.buffer for e in self.events):
            return False
        device, at = self.devices[m.dst.buffer], self.events.index(m)
        if any(self._touches(e, device.name) for e in self.events[:at]) or device.symbol:
            return False
        if not isinstance(m.value, Const) or not sizes.same(self.math, m.count, device.extent):
            return False
        device.fill = int(m.value.value)
        self._flagged.append(m)
        return True

    def _plain(self, host: str, moves: list[Move]) -> bool:
        """Whether flags say all copies of a host array; if so they are set."""
        ins = [m for m in moves if m.src is not None and m.src.buffer == host]
        outs = [m for m in moves if m.dst.buffer == host]
        where = {m.mark: self.events.index(m) for m in moves}
        if len(outs) > 1 or outs and any(where[m.mark] > where[outs[0].mark] for m in ins):
            return False
        names = [self._device(m) for m in moves]
        if len(set(names[: len(ins)])) != len(ins) or any(self.devices[n].host not in ("", host) for n in names):
            return False
        for m in moves:
            device, at = self.devices[self._device(m)], where[m.mark]
            whole = m.rows == ONE and m.dst.index == ZERO and m.src is not None and m.src.index == ZERO
            if not (self._once(m) and whole and sizes.same(self.math, m.count, device.extent)):
                return False
            before = [e for e in self.events[:at] if e not in self._flagged]
            if m in ins and any(self._touches(e, device.name) for e in before):
                return False
            if m in outs and any(self._touches(e, device.name, write=True) for e in self.events[at + 1:]):
                return False
        for m in moves:
            device = self.devices[self._device(m)]
            device.host = host
            device.copy_in |= m in ins or not sizes.empty_without(self.math, self._behind, device.extent)
            device.copy_out |= m in outs
        return True

    # ------------------------------------------------------------ mirrors

    def _mirror(self, host: str, moves: list[Move], body: tuple[Stmt, ...]) -> str:
        mine = [m for m in moves if host in (m.dst.buffer, m.src.buffer if m.src else "")]
        name = self.fresh(f"all_{host}")
        array = self.hosts[host]
        extent = array.extent if array.extent is not None else self._reach(host, mine, body)
        self.devices[name] = Device(
            name, self._held(host, mine), extent, host, copy_in=True, copy_out=any(m.dst.buffer == host for m in mine),
        )
        return name

    def _held(self, host: str, moves: list[Move]) -> DType:
        """What the device takes the elements of a host array for, if that is as wide: halves the host has as words."""
        own = self.hosts[host].dtype
        ends = (e.buffer for m in moves for e in (m.dst, m.src) if e is not None and e.buffer in self.devices)
        found = {self.devices[name].dtype for name in ends}
        return found.pop() if len(found) == 1 and {d.bits for d in found} == {own.bits} else own

    def _reach(self, host: str, moves: list[Move], body: tuple[Stmt, ...]) -> Expr:
        """How many elements of a host array copies touch."""
        best: Expr | None = None
        for m in moves:
            end = m.dst if m.dst.buffer == host else m.src
            other = m.src if end is m.dst else m.dst
            assert end is not None, "one of the ends is the host array"
            far = self.math.add(end.index, m.count)
            if m.rows != ONE:
                rows = self.math.binary("-", m.rows, ONE)
                far = self.math.add(far, self.math.binary("*", rows, end.stride))
            device = None if other is None else self.devices.get(other.buffer)
            if device is not None and m.rows == ONE and other is not None and other.index == end.index:
                far = device.extent
            far = _outside(self.math, sizes.narrowed(self.math, far), _enclosing(body, m.mark) or ())
            if best is not None and not sizes.same(self.math, best, far):
                far = self.math.select(self.math.binary("<", best, far), far, best)
            best = far
        assert best is not None, "a mirrored array takes part in a copy"
        return best

    # ------------------------------------------------------------ kernels

    def _kernel_for(self, m: Move, mirrors: Mapping[str, str]) -> tuple[Stmt, ...]:
        if m.src is not None and not (self._on_device(m.dst.buffer) or self._on_device(m.src.buffer)):
            raise self.fault("XP1009", "a copy between these places is not followed", m.node,
                             "both are memory of the host", "a loop, or memcpy, outside the launcher")
        dst = mirrors.get(m.dst.buffer, m.dst.buffer)
        dtype = self.devices[dst].dtype if dst in self.devices else self.dtypes.get(dst, DType.F32)
        args: list[Expr] = [Addr(dst, ZERO, dtype)]
        params: list[Param] = [Buffer("dst", dtype, None, "global")]
        to, at, count = Var("i", DType.I32), Var("i", DType.I32), Var("n", DType.I32)
        x: Expr = to
        y: Expr = at
        value: Expr
        scalars: list[tuple[Var, Expr]] = [(count, self._whole(m))]
        if m.rows != ONE:
            assert m.src is not None, "only copies have rows"
            width, a, b = Var("width", DType.I32), Var("dst_stride", DType.I32), Var("src_stride", DType.I32)
            row, column = Binary("/", to, width, DType.I32), Binary("%", to, width, DType.I32)
            x = Binary("+", Binary("*", row, a, DType.I32), column, DType.I32)
            y = Binary("+", Binary("*", row, b, DType.I32), column, DType.I32)
            scalars += [(width, m.count), (a, m.dst.stride), (b, m.src.stride)]
        if m.dst.index != ZERO:
            first = Var("to", DType.I32)
            x = Binary("+", first, x, DType.I32)
            scalars.append((first, m.dst.index))
        if m.src is None:
            value, extra = self._filled(m, dtype)
            scalars += extra
        else:
            src = mirrors.get(m.src.buffer, m.src.buffer)
            params.append(Buffer("src", dtype, None, "global", "", True))
            args.append(Addr(src, ZERO, dtype))
            if m.src.index != ZERO:
                first = Var("from", DType.I32)
                y = Binary("+", first, y, DType.I32)
                scalars.append((first, m.src.index))
            value = Load("src", y, dtype)
        params += [v for v, _ in scalars]
        args += [self.math.convert(sizes.narrowed(self.math, e), v.dtype) for v, e in scalars]
        stem = "copy" if m.src is not None else "fill" if m.fill else "set"
        name = self._kernel(stem, tuple(params), Store("dst", x, value), count)
        return (Launch(name, tuple(args), m.node.span),)

    def _whole(self, m: Move) -> Expr:
        return m.count if m.rows == ONE else self.math.binary("*", m.count, m.rows)

    def _filled(self, m: Move, dtype: DType) -> tuple[Expr, list[tuple[Var, Expr]]]:
        """The value a fill or a copied scalar gives, and the parameter that brings it."""
        assert m.value is not None, "a fill has a value"
        if not m.fill:
            if isinstance(m.value, Const):
                return m.value, []
            var = Var("value", dtype)
            return var, [(var, m.value)]
        byte = int(m.value.value) & 0xFF if isinstance(m.value, Const) else 0
        bits = int.from_bytes(bytes([byte]) * dtype.bytes, "little", signed=dtype.is_signed and not dtype.is_float)
        if not dtype.is_float:
            return Const(bits, dtype), []
        if not byte:
            return Const(0.0, dtype), []
        word = DType(f"u{dtype.bits}")
        return Call(f"bits.{word}.{dtype}", (Const(bits, word),), dtype), []

    def _kernel(self, stem: str, params: tuple[Param, ...], store: Stmt, count: Var) -> str:
        key = (params, store)
        if key in self._known:
            return self._known[key]
        i = Var("i", DType.I32)
        if self.platform.model == "simt":
            at = Binary("+", Binary("*", Var("block", DType.I32), int_const(_THREADS), DType.I32),
                        Var("thread", DType.I32), DType.I32)
            guard = If(Binary("<", at, count, DType.BOOL), (_substituted(store, i, at),))
            blocks = self.math.binary("/", self.math.add(count, int_const(_THREADS - 1)), int_const(_THREADS))
            body = self._looped((guard,), blocks, int_const(_THREADS))
        else:
            body = self._looped((For(i, ZERO, count, ONE, (store,), "serial"),), ONE, ONE)
        name = self._known[key] = self.kernel_name(f"{stem}_{params[0].dtype}")
        self.kernels[name] = Kernel(name, params, body)
        return name


def _common(of: list[tuple[Expr, ...]]) -> tuple[Expr, ...]:
    """What they all begin with."""
    first = min(of, key=len, default=())
    return first[:next((k for k in range(len(first)) if any(x[k] != first[k] for x in of)), len(first))]


def _marked(s: Stmt) -> TypeGuard[Launch]:
    return isinstance(s, Launch) and s.kernel.startswith("?")


def _substituted(s: Stmt, var: Var, by: Expr) -> Stmt:
    assert isinstance(s, Store), "the body of a copy is one store"
    return replace(s, index=substitute_expr(s.index, {var: by}), value=substitute_expr(s.value, {var: by}))


def _enclosing(body: tuple[Stmt, ...], mark: str) -> tuple[For, ...] | None:
    """The loops around a mark, outermost first; None where it is not inside."""
    for s in body:
        if isinstance(s, Launch) and s.kernel == mark:
            return ()
        for inner in bodies(s):
            found = _enclosing(inner, mark)
            if found is not None:
                return (s, *found) if isinstance(s, For) else found
    return None


def _outside(math: Arithmetic, e: Expr, loops: tuple[For, ...]) -> Expr:
    """The value of a growing size in the last iteration of its loops."""
    for loop in reversed(loops):
        far = math.binary("-", loop.stop, ONE) if loop.step == ONE else math.binary("-", loop.stop, loop.step)
        e = substitute_expr(e, {loop.var: math.convert(far, loop.var.dtype)})
    return e
