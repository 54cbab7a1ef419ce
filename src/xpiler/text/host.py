"""Host code: device memory, copies and launches of a function that callers use.

The host side is read by running it on symbols: pointers to device memory, grid sizes and scalars are values of the
reader, and only launches and the loops and choices around them are left as statements.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from xpiler.ir.nodes import (
    Addr, Assign, Buffer, Const, DeviceBuffer, Expr, For, If, Kernel, Launch, Launcher, Let, Param,
    Stmt, Var, While,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh, map_expr, scalars_read, statements, substitute_expr
from xpiler.platforms.platform import Platform
from xpiler.text import sizes
from xpiler.text.arithmetic import ONE, ZERO
from xpiler.text.clang import CType, Node, Unit
from xpiler.text.read_base import Target, root, usage_of
from xpiler.text.read_kernel import KernelReader, Shape
from xpiler.text.read_statements import Statements
from xpiler.text.read_values import (
    Binding, Items, Lvalue, Nothing, Place, Pointer, Raw, Slot, Value,
)

# How the names of copy directions end, whatever the vendor.
_TO_DEVICE = ("HostToDevice", "HostToDev", "HOST2DEV")
_TO_HOST = ("DeviceToHost", "DevToHost", "DEV2HOST")
_GUESSED = ("Default",)  # the direction follows from the pointers
_CONFIGURE = ("PushCallConfiguration", "ConfigureCall")
_LEGAL = (Let, Assign, For, While, If, Launch)
_MARK = "launch "


@dataclass
class _Device:
    """A device allocation while its launcher is read."""

    name: str
    dtype: DType
    extent: Expr
    host: str = ""
    copy_in: bool = False
    copy_out: bool = False
    fill: int | None = None

    def done(self) -> DeviceBuffer:
        return DeviceBuffer(
            self.name, self.dtype, self.extent, self.host, self.copy_in, self.copy_out, self.fill
        )


@dataclass(frozen=True)
class HostReading:
    """A launcher, its kernels, and the intrinsics these call."""

    launcher: Launcher
    kernels: tuple[Kernel, ...]
    intrinsics: Mapping[tuple[str, str], Node]


def is_launch(n: Node) -> bool:
    """kernel<<<...>>>(...)"""
    return (
        n.kind == "CALL_EXPR" and len(n.children) > 1
        and n.children[1].kind == "CALL_EXPR" and n.children[1].spelling.endswith(_CONFIGURE)
    )


class HostReader(Statements):
    """Reads one launcher."""

    def __init__(self, unit: Unit, platform: Platform, fn: Node, let: Mapping[str, int]) -> None:
        super().__init__(unit, platform)
        self.fn, self.let = fn, let
        self.devices: dict[str, _Device] = {}
        self.kernels: dict[tuple[int, str], Kernel] = {}
        self.kernel_names = Fresh()
        self.found: dict[tuple[str, str], Node] = {}
        self.launched = False
        self.stored: set[str] = set()

    def read(self) -> HostReading:
        where = self.fn.definition or self.fn
        body = where.body
        assert body is not None, "a launcher has a body"
        self.functions.append(where)
        self.study(where)
        params = tuple(p for n in where.params if (p := self._parameter(n)) is not None)
        self.targets.append(Target(where.result))
        with self.captured() as inner:
            self.sequence(body.children)
        self._check(tuple(inner))
        launcher = Launcher(
            where.spelling, tuple(map(self._sealed, params)),
            tuple(d.done() for d in self.devices.values()), tuple(inner), where.span,
        )
        return HostReading(launcher, tuple(self.kernels.values()), self.found)

    def _parameter(self, p: Node) -> Param | None:
        ctype, name = p.type, p.spelling or "arg"
        if ctype.kind in ("pointer", "array") and ctype.inner is not None and ctype.inner.dtype:
            buffer = Buffer(self.fresh(name), ctype.inner.dtype, None, "global", "", ctype.inner.const)
            self.buffers[buffer.name] = buffer
            self.env[p.key] = Pointer(buffer.name, ZERO, ctype.inner)
            return buffer
        if ctype.is_scalar and ctype.dtype is not None and not p.is_enum:
            var = Var(self.fresh(name), ctype.dtype)
            self.env[p.key] = Const(self.let[name], var.dtype) if name in self.let else var
            if p.key in self.mutated:
                self.env[p.key] = Slot(self.kept(var, name))
            return var
        self.env[p.key] = Nothing(ctype.name)
        return None

    def _sealed(self, p: Param) -> Param:
        """Host memory nothing is copied to is const."""
        if not isinstance(p, Buffer) or p.const:
            return p
        copied = any(d.host == p.name and d.copy_out for d in self.devices.values())
        return replace(p, const=not copied and p.name not in self.stored)

    def _check(self, body: tuple[Stmt, ...]) -> None:
        for s in statements(body):
            if not isinstance(s, _LEGAL):
                raise self.unit.fault(
                    "XP1009", "this host statement is not part of a launcher's vocabulary",
                    getattr(s, "span", self.fn.span),
                    "launchers allocate, copy, launch and free; they do not compute on buffers",
                    "move it out of the function that launches",
                )

    # ------------------------------------------------------------ scalars and dimensions

    def _scalar_local(self, d: Node, ctype: CType, init: Node | None) -> Binding:
        if d.is_enum:
            v = None if init is None else self.value(init)
            return v if isinstance(v, Const) else ZERO
        if d.key in self.mutated or init is None:
            return super()._scalar_local(d, ctype, init)
        e = self.math.convert(self.scalar(init), ctype.dtype or DType.I32)
        return e if self.stable(e) else Slot(self.kept(e, d.spelling))

    def _buffer_local(self, d: Node, ctype: CType, init: Node | None) -> Binding:
        if not _is_dim(ctype):
            return super()._buffer_local(d, ctype, init)
        return Items((ONE, ONE, ONE) if init is None else self.dims(init), ctype)

    def _bound(self, param: Node, arg: Node, once: bool, n: Node) -> Binding:
        if _is_dim(param.type):
            return Items(self.dims(arg), param.type)
        return super()._bound(param, arg, once, n)

    def dims(self, n: Node) -> tuple[Expr, ...]:
        """The three sizes of a grid or block expression."""
        while n.kind in ("PAREN_EXPR", "UNEXPOSED_EXPR", "CXX_FUNCTIONAL_CAST_EXPR") and n.children:
            n = n.children[-1]
        if n.kind == "DECL_REF_EXPR" and n.referenced is not None:
            known = self.env.get(n.referenced.key)
            if isinstance(known, Items):
                return known.items
        if n.kind == "CALL_EXPR" and n.type.is_aggregate:
            args = n.arguments or n.children
            if len(args) == 1 and args[0].type.kind == "record":
                return self.dims(args[0])
            if n.referenced is None or n.referenced.kind == "CONSTRUCTOR":
                return self._three(tuple(self.size(a) for a in args))
            v = self.value(n)
            if isinstance(v, Items):
                return v.items
        if n.kind == "INIT_LIST_EXPR":
            return self._three(tuple(self.size(a) for a in n.children if a.children or a.constant))
        if n.type.is_scalar:
            return self._three((self.size(n),))
        raise self.fault("XP1006", "the sizes of this launch are not known", n)

    def _three(self, given: tuple[Expr, ...]) -> tuple[Expr, ...]:
        return (*given, ONE, ONE, ONE)[:3]

    def size(self, n: Node) -> Expr:
        return sizes.narrowed(self.math, self.scalar(n))

    def _member_value(self, n: Node) -> Value:
        found = self._dim_member(n)
        if found is None:
            return super()._member_value(n)
        items, at, _ = found
        return self.math.convert(items.items[at], n.type.dtype or DType.U32)

    def _dim_member(self, n: Node) -> tuple[Items, int, int] | None:
        if n.kind != "MEMBER_REF_EXPR" or not n.children:
            return None
        variable = root(n)
        known = None if variable is None else self.env.get(variable.key)
        if variable is None or not isinstance(known, Items):
            return None
        return known, "xyz".index(n.spelling), variable.key

    def assign(self, n: Node) -> Lvalue:
        left, right = n.children
        if (found := self._dim_member(left)) is not None:
            items, at, key = found
            sizes_ = list(items.items)
            sizes_[at] = self.size(right)
            self.env[key] = Items(tuple(sizes_), items.type)
            return Slot(self.unused)
        variable = root(left)
        if variable is not None and variable.is_enum:
            v = self.value(right)
            if isinstance(v, Const):
                self.env[variable.key] = v
            return Slot(self.unused)
        return super().assign(n)

    def call_for_effect(self, n: Node) -> None:
        if n.spelling == "operator=" and n.arguments and _is_dim(n.arguments[0].type):
            variable = root(n.arguments[0])
            if variable is not None:
                self.env[variable.key] = Items(
                    self.dims(n.arguments[1]), variable.type
                )
                return
        super().call_for_effect(n)

    @property
    def unused(self) -> Var:
        return Var("unused", DType.I32)

    # ------------------------------------------------------------ launches

    def _call(self, n: Node, into: Place | None, used: bool) -> Value:
        if is_launch(n):
            self._launch(n)
            return Nothing()
        return super()._call(n, into, used)

    def _launch(self, n: Node) -> None:
        callee = next((c.referenced for c in n.children[0].walk() if c.kind == "DECL_REF_EXPR"), None)
        if callee is None or callee.body is None:
            raise self.fault("XP1002", "the kernel launched here has no body in this text", n)
        fn = callee.definition or callee
        config = n.children[1].arguments
        values = [self.value(a) for a in n.children[2:]]
        args: list[Expr] = []
        pairs: dict[Expr, Var] = {}
        for p, v, node in zip(fn.params, values, n.children[2:], strict=False):
            self._argument_of_launch(p, v, node, args, pairs)
        shape, extra = self._shape(fn, config, pairs)
        key = (fn.key, repr(shape))
        if key not in self.kernels:
            name = self.kernel_names(fn.spelling)
            reading = KernelReader(self.unit, self.platform, fn).read(name, shape)
            self.kernels[key] = reading.kernel
            self.found |= reading.intrinsics
        self.launched = True
        kernel = self.kernels[key]
        self._note_written(kernel, args)
        self.emit(Launch(kernel.name, (*args, *extra), self.here))

    def _argument_of_launch(
        self, p: Node, v: Value, n: Node, args: list[Expr], pairs: dict[Expr, Var]
    ) -> None:
        match v:
            case Pointer():
                args.append(self.address(v))
            case Nothing() if p.type.kind == "opaque":
                pass
            case Nothing() | Place() | Items() | Raw():
                raise self.fault("XP1009", f"this argument for `{p.spelling}` is not known", n)
            case _:
                e = self.math.convert(self.scalar_of(v, n), p.type.dtype or DType.I32)
                args.append(e)
                if not isinstance(e, Const) and p.type.dtype is not None:
                    pairs.setdefault(e, Var(p.spelling, p.type.dtype))

    def _note_written(self, kernel: Kernel, args: list[Expr]) -> None:
        for p, a in zip(kernel.params, args, strict=False):
            if isinstance(p, Buffer) and isinstance(a, Addr) and not p.const:
                self.stored.add(a.buffer)

    def _shape(
        self, fn: Node, config: tuple[Node, ...], pairs: Mapping[Expr, Var]
    ) -> tuple[Shape, list[Expr]]:
        """The launch's sizes over the kernel's parameters, and what must be passed besides for that."""
        grid = self.dims(config[0])
        dynamic: Expr | None = None
        if self.platform.model == "task":
            total = self.math.binary("*", self.math.binary("*", grid[0], grid[1]), grid[2])
            extents = {"task": total}
        else:
            extents = {f"block.{x}": e for x, e in zip("xyz", grid, strict=True)}
            block = self.dims(config[1])
            extents |= {f"thread.{x}": e for x, e in zip("xyz", block, strict=True)}
            if len(config) > 2:
                dynamic = self.size(config[2])
        taken = Fresh(p.spelling for p in fn.params)
        extra: dict[Var, Var] = {}

        def in_kernel(e: Expr) -> Expr:
            marked = map_expr(e, lambda x: Var(_MARK + pairs[x].name, x.dtype) if x in pairs else x)
            for v in sorted(scalars_read(marked), key=lambda v: v.name):
                if not v.name.startswith(_MARK) and v not in extra:
                    extra[v] = Var(_MARK + taken(v.name), v.dtype)
            marked = substitute_expr(marked, dict(extra))
            return map_expr(marked, _unmarked)

        extents = {kind: in_kernel(e) for kind, e in extents.items()}
        over = None if dynamic is None else in_kernel(dynamic)
        names = tuple(_unmarked(v) for v in extra.values())
        shape = Shape(extents, over, tuple(v for v in names if isinstance(v, Var)))
        return shape, list(extra)

    # ------------------------------------------------------------ device memory

    def _primitive(self, name: str, fn: Node, n: Node, used: bool) -> Value:
        group, _, kind = name.partition(".")
        if group != "host":
            return super()._primitive(name, fn, n, used)
        done: Value = Nothing() if n.type.dtype is None else Const(0, n.type.dtype)
        actions: dict[str, Callable[[Node], None]] = {
            "malloc": self._malloc, "copy": self._copy, "fill": self._fill_device,
        }
        if kind in actions:
            actions[kind](n)
        return done

    def _malloc(self, n: Node) -> None:
        if len(n.arguments) < 2:
            raise self.fault("XP1009", "memory allocated on the host is not followed", n)
        target = n.arguments[0]
        while target.kind not in ("DECL_REF_EXPR",) and target.children:
            target = target.children[-1]
        decl = target.referenced
        if decl is None or decl.type.inner is None or decl.type.inner.dtype is None:
            raise self.fault("XP1009", "the pointer that gets this memory is not a plain variable", n)
        dtype, name = decl.type.inner.dtype, self.fresh(decl.spelling)
        extent = sizes.elements(self.math, self.scalar(n.arguments[1]), dtype.bytes)
        self.devices[name] = _Device(name, dtype, extent)
        self.buffers[name] = Buffer(name, dtype, extent)
        self.env[decl.key] = Pointer(name, ZERO, decl.type.inner)

    def _copy(self, n: Node) -> None:
        dst, src = self._end(n.arguments[0]), self._end(n.arguments[1])
        size = self.scalar(n.arguments[2])
        direction = next(
            (c.spelling for a in n.arguments[3:] for c in a.walk()
             if c.kind == "DECL_REF_EXPR" and c.referenced is not None
             and c.referenced.kind == "ENUM_CONSTANT_DECL"), "",
        )
        to_device = direction.endswith(_TO_DEVICE) or (
            direction.endswith(_GUESSED) and dst in self.devices and src not in self.devices
        )
        to_host = direction.endswith(_TO_HOST) or (
            direction.endswith(_GUESSED) and src in self.devices and dst not in self.devices
        )
        if to_device and dst in self.devices and src not in self.devices:
            device, host = self.devices[dst], src
            if self.launched:
                raise self.fault("XP1009", "a copy to the device after a launch is not followed", n)
            device.copy_in = True
        elif to_host and src in self.devices and dst not in self.devices:
            device, host = self.devices[src], dst
            device.copy_out = True
        else:
            raise self.fault("XP1009", "a copy between these places is not followed", n)
        if device.host not in ("", host):
            raise self.fault(
                "XP1009", f"`{device.name}` mirrors both `{device.host}` and `{host}`", n,
                "a device buffer mirrors one host pointer", "a device buffer for each",
            )
        device.host = host
        copied = sizes.elements(self.math, size, device.dtype.bytes)
        if not sizes.same(self.math, copied, device.extent):
            raise self.fault("XP1009", f"a copy of a part of `{device.name}` is not followed", n)

    def _end(self, n: Node) -> str:
        p = self.value(n)
        if isinstance(p, Pointer) and p.index == ZERO:
            return p.buffer
        raise self.fault("XP1009", "a copy from or to here is not followed", n)

    def _fill_device(self, n: Node) -> None:
        name = self._end(n.arguments[0])
        value = self.scalar(n.arguments[1])
        device = self.devices.get(name)
        if device is None or not isinstance(value, Const) or self.launched:
            raise self.fault("XP1009", "this fill is not followed", n)
        device.fill = int(value.value)

    # ------------------------------------------------------------ control

    def statement(self, n: Node) -> None:
        if n.kind in ("FOR_STMT", "WHILE_STMT", "DO_STMT", "IF_STMT"):
            self._open(n)
        super().statement(n)

    def _open(self, n: Node) -> None:
        """Values that change inside a loop or branch become variables before it."""
        for key in usage_of(n).mutated:
            known = self.env.get(key)
            if isinstance(known, Var):
                var = self.kept(known, known.name)
                self.moving.add(var.name)
                self.env[key] = Slot(var)

    def _pointer_local(self, d: Node, ctype: CType, init: Node | None) -> Binding:
        v = None if init is None else self.value(init)
        if isinstance(v, Pointer):
            inner = ctype.inner
            return v if inner is None or inner.dtype is None else Pointer(v.buffer, v.index, inner)
        return Nothing(ctype.name)

    def space_of(self, d: Node) -> str | None:
        return None


def _is_dim(t: CType) -> bool:
    return t.kind == "record" and tuple(name for name, _, _ in t.fields) == ("x", "y", "z")


def _unmarked(e: Expr) -> Expr:
    if isinstance(e, Var) and e.name.startswith(_MARK):
        return Var(e.name[len(_MARK):], e.dtype)
    return e
