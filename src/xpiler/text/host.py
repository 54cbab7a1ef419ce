"""Host code: device memory, copies and launches of a function that callers use, or of `main`.

The host side is read by running it on symbols: pointers, grid sizes and scalars are values of the reader, and only
launches and the loops and choices around them are left as statements. From `main` a launcher is made: the host arrays
it copies in and out become parameters, what it computes on the host itself is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from xpiler.fault import Fault, Span
from xpiler.ir.nodes import (
    Addr, Assign, Buffer, Const, DeviceBuffer, For, If, Kernel, Launch, Launcher, Let, Load, Param, Stmt, Var,
    While,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import expressions, scalars_read, statements, subexpressions
from xpiler.platforms.platform import Platform
from xpiler.text.arithmetic import ONE, ZERO
from xpiler.text.clang import Node, Unit
from xpiler.text.gathering import Gathering
from xpiler.text.hosts.bearing import pruned
from xpiler.text.hosts.broken import unresolved
from xpiler.text.hosts.copies import Copies
from xpiler.text.hosts.launch import Callee, HostLaunches
from xpiler.text.hosts.objects import bare_is_address
from xpiler.text.hosts.values import Address, Alias, Bag, HostArray, is_dim
from xpiler.text.reading.base import Target
from xpiler.text.reading.values import Binding, Fields, Items, Nothing, Place, Pointer, Raw, Value

_LEGAL = (Let, Assign, For, While, If, Launch)


@dataclass(frozen=True)
class HostReading:
    """A launcher, its kernels, and the intrinsics these call.

    `callees` says how the text calls each kernel (those made for copies are not in it), `symbols` which device
    buffers stand for variables of the file, `unread` the kernels whose bodies were not understood, and why, `aligned`
    the arrays of the caller that are taken to be aligned."""

    launcher: Launcher
    kernels: tuple[Kernel, ...]
    intrinsics: Mapping[tuple[str, str], Node]
    callees: Mapping[str, Callee]
    symbols: Mapping[str, str]
    unread: Mapping[str, Fault]
    left_out: tuple[Span, ...]
    skipped: tuple[Node, ...]
    fixed: tuple[str, ...]
    aligned: tuple[str, ...]


class HostReader(HostLaunches):
    """Reads one launcher."""

    def __init__(
        self, unit: Unit, platform: Platform, fn: Node, let: Mapping[str, int], lenient: bool = False,
        types: Mapping[str, DType] | None = None,
    ) -> None:
        super().__init__(unit, platform)
        self.fn, self.let = fn, let
        self.is_main = fn.spelling == "main"
        self.skipped: list[Node] = []
        self.start_host()
        self.lenient, self.types = lenient, types or {}

    def read(self) -> HostReading:
        where = self.fn.definition or self.fn
        body = where.body
        assert body is not None, "a launcher has a body"
        self.unit.hosted = True
        if (fault := unresolved(where)) is not None:
            raise fault
        self.functions.append(where)
        params = [] if self.is_main else [p for n in where.params if (p := self._parameter(n)) is not None]
        if self.is_main:
            self._arguments_of_main(where)
        self.targets.append(Target(where.result))
        with self.captured() as inner:
            self.sequence(body.children)
        copies = Copies(
            self.math, self.platform, self.fresh, self.kernel_names,
            lambda code, what, n, why, try_: self.fault(code, what, n, why, try_),
            self.devices, self.hosts, self.events, {b.name: b.dtype for b in self.buffers.values()},
        )
        made = copies.settle(tuple(inner))
        self._check_types(made)
        params = [p for p in params if p.name not in self.untyped]
        if self.is_main:
            params = self._made_params()
        self._check_device_pointers(copies.device_pointers)
        used = frozenset(v for d in self.devices.values() for v in scalars_read(d.extent))
        made = pruned(made, used)
        self._check(made, copies.device_pointers, frozenset(p.name for p in params))
        kernels = {k.name: (k, callee) for k, callee in self.read_kernels.values()}
        launched = {s.kernel for s in statements(made) if isinstance(s, Launch)}
        free = [v for v in self.free if v in _scalars(made, tuple(d.done() for d in self.devices.values()))]
        launcher = Launcher(
            f"{where.spelling}_launcher" if self.is_main else where.spelling,
            tuple(self._sealed(p, copies.device_pointers) for p in (*params, *free)),
            tuple(d.done() for d in self.devices.values()), made, where.span,
        )
        own = tuple(k for k, _ in kernels.values() if k.name in launched)
        return HostReading(
            launcher, (*own, *copies.kernels.values()), self.found,
            {name: callee for name, (_, callee) in kernels.items()},
            {d.name: d.symbol for d in self.devices.values() if d.symbol},
            {k.name: self.unread[k.name] for k in own if k.name in self.unread},
            tuple(n.span for n in self.left_out), tuple(self.skipped), tuple(self.fixed),
            tuple(sorted(self.aligned)),
        )

    def let_values(self) -> dict[str, int]:
        return dict(self.let)

    def inline(
        self, fn: Node, args: tuple[Node, ...], n: Node, into: Place | None = None,
        this: Place | Fields | None = None, bound: dict[int, Binding] | None = None,
    ) -> Value:
        where = fn.definition
        if where is not None and where.in_text and (fault := unresolved(where)) is not None:
            raise fault
        return super().inline(fn, args, n, into, this, bound)

    # ------------------------------------------------------------ parameters

    def _parameter(self, p: Node) -> Param | None:
        ctype, name = p.type, p.spelling or "arg"
        inner = ctype.inner
        self.level[p.key] = 0
        if ctype.kind in ("pointer", "array") and inner is not None and (inner.dtype or inner.kind == "void"):
            name = self.fresh(name)
            dtype = self.types.get(name, inner.dtype) or self.type_of_untyped(name, p)
            buffer = Buffer(name, dtype, None, "global", "", inner.const)
            self.buffers[buffer.name] = buffer
            self.hosts[buffer.name] = HostArray(buffer.name, buffer.dtype, None, True, buffer.const)
            self.env[p.key] = Pointer(buffer.name, ZERO, inner)
            return buffer
        if ctype.is_scalar and ctype.dtype is not None and not ctype.reference:
            var = Var(self.fresh(name), ctype.dtype)
            self.env[p.key] = Const(self.let[name], var.dtype) if name in self.let else var
            return var
        self.env[p.key] = Nothing(ctype.name)
        self.skipped.append(p)
        return None

    def _check_types(self, made: tuple[Stmt, ...]) -> None:
        """Untyped memory is of no use to kernels and copies; a parameter of which nothing is used is left out."""
        used = {d.host for d in self.devices.values()}
        used |= {x.buffer for s in statements(made) for e in expressions(s) for x in subexpressions(e)
                 if isinstance(x, Addr)}
        for name, node in self.untyped.items():
            if name in used:
                raise self.without_type(node)
            if name in self.hosts:
                self.skipped.append(node)

    def _arguments_of_main(self, where: Node) -> None:
        """A program that is started without arguments."""
        for k, p in enumerate(where.params):
            self.env[p.key] = ONE if k == 0 else Nothing("the arguments of the program")

    def _made_params(self) -> list[Param]:
        """The host arrays that a launcher made from main takes."""
        for d in self.devices.values():
            if d.managed and not d.host:
                name = self.new_array(f"h_{d.name}", d.dtype, d.extent)
                d.host, d.copy_in, d.copy_out = name, True, d.name in self.stored
        hosts = [d.host for d in self.devices.values() if d.host]
        return [Buffer(h.name, h.dtype, None, "global") for h in self.hosts.values() if h.name in hosts]

    def _check_device_pointers(self, names: set[str]) -> None:
        if self.is_main and names:
            raise self.unit.fault(
                "XP1009", f"a kernel is given `{min(names)}`, which is memory of the host", self.fn,
                "only device memory may be passed to a kernel", "a device buffer and a copy",
            )

    def _sealed(self, p: Param, direct: set[str]) -> Param:
        """Host memory nothing is copied to is const; a pointer into device memory says so."""
        if not isinstance(p, Buffer):
            return p
        copied = any(d.host == p.name and d.copy_out for d in self.devices.values())
        const = p.const or not copied and p.name not in self.stored
        return replace(p, const=const, space="device" if p.name in direct else p.space)

    def _check(self, body: tuple[Stmt, ...], direct: set[str], given: frozenset[str]) -> None:
        computed = {*direct, *self.devices, *(d.host for d in self.devices.values() if d.copy_out)}
        for s in statements(body):
            for e in expressions(s):
                for x in subexpressions(e):
                    if isinstance(x, Load) and x.buffer in computed:
                        raise self.unit.fault(
                            "XP1009", f"the host decides by what kernels put into `{x.buffer}`",
                            getattr(s, "span", self.fn.span),
                            "what a launcher does may depend on its scalars and on arrays that no kernel writes",
                            "the choice in a kernel, or `xpiler run --main`",
                        )
                    if isinstance(x, Load) and x.buffer not in given:
                        raise self.unit.fault(
                            "XP1009", f"what `{x.buffer}` holds here is not known", getattr(s, "span", self.fn.span),
                            "it is an array of the host that the launcher's caller does not give", "a scalar",
                        )
            if not isinstance(s, _LEGAL):
                raise self.unit.fault(
                    "XP1009", "this host statement is not part of a launcher's vocabulary",
                    getattr(s, "span", self.fn.span),
                    "launchers allocate, copy, launch and free; they do not compute on buffers",
                    "move it out of the function that launches",
                )

    def _bound(self, param: Node, arg: Node, once: bool, n: Node) -> Binding:
        self.level[param.key] = self.depth
        self.objects.pop(param.key, None)
        cell = self.cell(arg) if param.type.kind != "pointer" or param.type.reference else None
        if is_dim(param.type) and not (param.type.reference and not param.type.const):
            return Items(self.dims(arg), param.type)
        if param.type.reference and cell is not None:
            self.objects[param.key] = Alias(cell)
            return Nothing("another name")
        if param.type.kind == "pointer":
            pointed = self.pointed(arg)
            known = None if pointed is None else self.in_cell(pointed)
            if pointed is not None and isinstance(known, Bag | Pointer | Nothing):
                self.objects[param.key] = Address(pointed)
                return Nothing("an address")
            if pointed is not None and bare_is_address(arg):
                self.objects[param.key] = Address(pointed)
        held = None if cell is None else self.in_cell(cell)
        if isinstance(held, Bag):
            self.objects[param.key] = held
            return Nothing("a structure")
        try:
            v = self.coerced(self.value(arg), param.type, arg)
        except Fault:
            if not self.is_main and param.type.kind != "pointer":
                raise
            return Nothing("an argument that is not followed")
        match v:
            case Pointer() | Nothing() | Raw() | Place() | Items():
                return v
            case _ if param.type.is_scalar:
                return self.steady(self.scalar_of(v, arg), param.spelling or "arg")
        return super()._bound(param, arg, once, n)


def read_launcher(unit: Unit, platform: Platform, fn: Node, let: Mapping[str, int], lenient: bool) -> HostReading:
    """Read one launcher, again as long as that tells more of what untyped memory holds."""
    types: Mapping[str, DType] = {}
    while True:
        reader, reading = HostReader(unit, platform, fn, let, lenient, types), None
        gathered, unit.faults = unit.faults, Gathering()
        try:
            reading = reader.read()
        except Fault:
            pass
        finally:
            unit.faults = gathered
        if (found := reader.types_found()) != types:
            types = found
            continue
        if (fault := reader.type_chosen_late()) is not None:
            raise fault
        return reading if reading is not None else HostReader(unit, platform, fn, let, lenient, types).read()


def _scalars(body: tuple[Stmt, ...], buffers: tuple[DeviceBuffer, ...]) -> set[Var]:
    from_body = {v for s in statements(body) for v in scalars_read(s)}
    return from_body | {x for b in buffers for x in subexpressions(b.extent) if isinstance(x, Var)}
