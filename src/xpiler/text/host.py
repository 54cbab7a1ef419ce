"""Host code: device memory, copies and launches of a function that callers use, or of `main`.

The host side is read by running it on symbols: pointers, grid sizes and scalars are values of the reader, and only
launches and the loops and choices around them are left as statements. From `main` a launcher is made: the host arrays
it copies in and out become parameters, what it computes on the host itself is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from xpiler.fault import Fault, Span
from xpiler.ir.nodes import (
    Addr, Assign, Buffer, Const, DeviceBuffer, Expr, For, If, Kernel, Launch, Launcher, Let, Load, Param, Stmt, Var,
    While,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh, expressions, map_expr, scalars_read, statements, subexpressions, substitute_expr
from xpiler.platforms.platform import Platform
from xpiler.text import sizes
from xpiler.text.arithmetic import ONE, ZERO
from xpiler.text.clang import CType, Node, Unit
from xpiler.text.gathering import Gathering
from xpiler.text.host_control import HostControl, is_launch, pruned
from xpiler.text.host_copies import Copies
from xpiler.text.host_memory import Ran
from xpiler.text.host_objects import bare_is_address
from xpiler.text.host_values import Address, Alias, Bag, HostArray, is_dim
from xpiler.text.opaque import opaque
from xpiler.text.read_base import Target, root
from xpiler.text.read_kernel import KernelReader, Shape
from xpiler.text.read_records import leaf_types
from xpiler.text.read_values import Binding, Items, Lvalue, Nothing, Place, Pointer, Raw, Slot, Value

__all__ = ["HostReader", "HostReading", "is_launch"]

_LEGAL = (Let, Assign, For, While, If, Launch)
_MARK = "launch "


@dataclass(frozen=True)
class Callee:
    """How a kernel is called in the text: its name with template arguments, and the types of what it takes, each with
    how many arguments of the kernel as it was read make one."""

    spelled: str
    takes: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class HostReading:
    """A launcher, its kernels, and the intrinsics these call.

    `callees` says how the text calls each kernel (those made for copies are not in it), `symbols` which device
    buffers stand for variables of the file, `unread` the kernels whose bodies were not understood, and why."""

    launcher: Launcher
    kernels: tuple[Kernel, ...]
    intrinsics: Mapping[tuple[str, str], Node]
    callees: Mapping[str, Callee]
    symbols: Mapping[str, str]
    unread: Mapping[str, Fault]
    left_out: tuple[Span, ...]
    skipped: tuple[Node, ...]
    fixed: tuple[str, ...]


class HostReader(HostControl):
    """Reads one launcher."""

    def __init__(
        self, unit: Unit, platform: Platform, fn: Node, let: Mapping[str, int], lenient: bool = False
    ) -> None:
        super().__init__(unit, platform)
        self.fn, self.let, self.lenient = fn, let, lenient
        self.is_main = fn.spelling == "main"
        self.read_kernels: dict[tuple[int, str], tuple[Kernel, Callee]] = {}
        self.kernel_names = Fresh()
        self.found: dict[tuple[str, str], Node] = {}
        self.unread: dict[str, Fault] = {}
        self.stored: set[str] = set()
        self.skipped: list[Node] = []
        self.start_host()

    def read(self) -> HostReading:
        where = self.fn.definition or self.fn
        body = where.body
        assert body is not None, "a launcher has a body"
        self.unit.hosted = True
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
        if self.is_main:
            params = self._made_params()
        self._check_device_pointers(copies.device_pointers)
        used = frozenset(v for d in self.devices.values() for v in scalars_read(d.extent))
        made = pruned(made, used)
        self._check(made, copies.device_pointers)
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
        )

    def let_values(self) -> dict[str, int]:
        return dict(self.let)

    # ------------------------------------------------------------ parameters

    def _parameter(self, p: Node) -> Param | None:
        ctype, name = p.type, p.spelling or "arg"
        self.level[p.key] = 0
        if ctype.kind in ("pointer", "array") and ctype.inner is not None and ctype.inner.dtype:
            buffer = Buffer(self.fresh(name), ctype.inner.dtype, None, "global", "", ctype.inner.const)
            self.buffers[buffer.name] = buffer
            self.hosts[buffer.name] = HostArray(buffer.name, buffer.dtype, None, True, buffer.const)
            self.env[p.key] = Pointer(buffer.name, ZERO, ctype.inner)
            return buffer
        if ctype.is_scalar and ctype.dtype is not None and not p.is_enum and not ctype.reference:
            var = Var(self.fresh(name), ctype.dtype)
            self.env[p.key] = Const(self.let[name], var.dtype) if name in self.let else var
            return var
        self.env[p.key] = Nothing(ctype.name)
        self.skipped.append(p)
        return None

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

    def _check(self, body: tuple[Stmt, ...], direct: set[str]) -> None:
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
        cell = self.cell(arg) if param.type.kind != "pointer" else None
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

    # ------------------------------------------------------------ dimensions

    def dims(self, n: Node) -> tuple[Expr, ...]:
        """The three sizes of a grid or block expression."""
        while n.kind in ("PAREN_EXPR", "UNEXPOSED_EXPR", "CXX_FUNCTIONAL_CAST_EXPR") and n.children:
            n = n.children[-1]
        if n.kind == "DECL_REF_EXPR" and n.referenced is not None:
            alias = self.objects.get(n.referenced.key)
            known = self.in_cell(alias.cell) if isinstance(alias, Alias) else self.env.get(n.referenced.key)
            if isinstance(known, Items):
                return known.items
        if n.kind == "CALL_EXPR" and n.type.is_aggregate:
            args = n.arguments or n.children
            if len(args) == 1 and args[0].type.kind == "record":
                return self.dims(args[0])
            if n.referenced is None or n.referenced.kind == "CONSTRUCTOR":
                return self._three(tuple(self.size(a) for a in args if not _defaulted(a)))
            v = self.value(n)
            if isinstance(v, Items):
                return v.items
        if n.kind == "INIT_LIST_EXPR":
            return self._three(tuple(self.size(a) for a in n.children if a.children or a.constant is not None))
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
        key = 0 if variable is None else variable.key
        alias = self.objects.get(key)
        if isinstance(alias, Alias) and not alias.cell.path:
            key = alias.cell.key
        known = self.env.get(key)
        if variable is None or not isinstance(known, Items):
            return None
        return known, "xyz".index(n.spelling), key

    def assign(self, n: Node) -> Lvalue:
        left, right = n.children
        if (found := self._dim_member(left)) is not None:
            items, at, key = found
            sizes_ = list(items.items)
            sizes_[at] = self.size(right)
            self.env[key] = Items(tuple(sizes_), items.type)
            return Slot(Var("unused", DType.I32))
        return super().assign(n)

    def call_for_effect(self, n: Node) -> None:
        if n.spelling == "operator=" and n.arguments and is_dim(n.arguments[0].type):
            variable = root(n.arguments[0])
            if variable is not None:
                self.env[variable.key] = Items(self.dims(n.arguments[1]), variable.type)
                return
        super().call_for_effect(n)

    # ------------------------------------------------------------ calls and launches

    def _call(self, n: Node, into: Place | None, used: bool) -> Value:
        if is_launch(n):
            self._launch(n)
            return Nothing()
        if n.spelling == "swap" and len(n.arguments) == 2 and self._swap(*n.arguments):
            return Nothing()
        if n.spelling == "operator=" and len(n.arguments) == 2:
            to, source = (self.cell(a) for a in n.arguments)
            held = None if source is None else self.in_cell(source)
            if to is not None and isinstance(held, Bag):
                self.set_cell(to, held)
                return Nothing()
        return super()._call(n, into, used)

    def _swap(self, a: Node, b: Node) -> bool:
        x, y = self.cell(a), self.cell(b)
        if x is None or y is None:
            return False
        p, q = self.in_cell(x), self.in_cell(y)
        if not isinstance(p, Pointer) or not isinstance(q, Pointer):
            return False
        self.set_cell(x, q)
        self.set_cell(y, p)
        return True

    def _launch(self, n: Node) -> None:
        callee = next((c.referenced for c in n.children[0].walk() if c.kind == "DECL_REF_EXPR"), None)
        if callee is None or callee.body is None:
            raise self.fault("XP1002", "the kernel launched here has no body in this text", n)
        fn = callee.definition or callee
        config = n.children[1].arguments
        args: list[Expr] = []
        pairs: dict[Expr, Var] = {}
        takes: list[tuple[str, int]] = []
        for p, node in zip(fn.params, n.children[2:], strict=False):
            before = len(args)
            self._argument_of_launch(p, node, args, pairs)
            spelled = str(p.cursor.type.get_canonical().spelling)
            takes.append((spelled if p.type.kind != "opaque" else "", len(args) - before))
        shape, extra = self._shape(fn, config, pairs)
        key = (fn.key, repr(shape))
        if key not in self.read_kernels:
            self.read_kernels[key] = self._kernel(fn, shape), Callee(_called_as(callee), tuple(takes))
        kernel = self.read_kernels[key][0]
        hidden = self._hidden(kernel, len(args) + len(extra))
        self._note_launch(kernel, [*args, *extra, *hidden])
        self.emit(Launch(kernel.name, (*args, *extra, *hidden), self.here))

    def _kernel(self, fn: Node, shape: Shape) -> Kernel:
        name = self.kernel_names(fn.spelling)
        gathered, self.unit.faults = self.unit.faults, Gathering()
        try:
            reading = KernelReader(self.unit, self.platform, fn).read(name, shape)
        except Fault as fault:
            if not self.lenient:
                raise
            made = opaque(fn, name, shape, self.platform)
            self.unread[name] = fault
            if made is None:
                raise
            return made
        finally:
            self.unit.faults = gathered
        self.found |= reading.intrinsics
        return reading.kernel

    def _hidden(self, kernel: Kernel, given: int) -> list[Expr]:
        """Arguments for the variables of the file that a kernel uses, which are parameters of what was read."""
        by_name = {n.spelling: n for n in self.unit.top if n.kind == "VAR_DECL" and n.in_text}
        out: list[Expr] = []
        for p in kernel.params[given:]:
            decl = by_name.get(p.name) or by_name.get(re.sub(r"_\d+$", "", p.name))
            if not isinstance(p, Buffer) or decl is None:
                raise self.fault("XP1009", f"the argument for `{p.name}` is not known", self.fn)
            out.append(Addr(self.symbol_buffer(decl), ZERO, p.dtype))
        return out

    def _argument_of_launch(self, p: Node, n: Node, args: list[Expr], pairs: dict[Expr, Var]) -> None:
        cell = self.cell(n) if p.type.kind == "record" else None
        held = None if cell is None else self.in_cell(cell)
        if isinstance(held, Bag):
            self._members_of_launch(p.spelling, p.type, held, n, args, pairs)
            return
        v = self.value(n)
        if isinstance(v, Items) and p.type.kind in ("record", "vector"):
            args.extend(v.items)
            return
        self._plain_argument(p.spelling, p.type, v, n, args, pairs)

    def _members_of_launch(
        self, stem: str, ctype: CType, bag: Bag, n: Node, args: list[Expr], pairs: dict[Expr, Var]
    ) -> None:
        """A structure by value: its scalars and pointers one by one."""
        for k, (name, _, t) in enumerate(ctype.fields):
            held, inner = bag.at((name,)), f"{stem}_{name or k}"
            if isinstance(held, Bag):
                self._members_of_launch(inner, t, held, n, args, pairs)
            elif held is None:
                raise self.fault("XP1009", f"member `{name}` of this argument is not known", n)
            else:
                self._plain_argument(inner, t, self.loaded(held, n), n, args, pairs)

    def _plain_argument(
        self, stem: str, ctype: CType, v: Value, n: Node, args: list[Expr], pairs: dict[Expr, Var]
    ) -> None:
        match v:
            case Pointer():
                args.append(self.address(v))
            case Nothing() if ctype.kind == "opaque":
                pass
            case Items(items) if ctype.kind in ("array", "vector", "record"):
                for (name, t), e in zip(leaf_types(stem, ctype), items, strict=True):
                    self._plain_argument(name, t, e, n, args, pairs)
            case Nothing() | Place() | Items() | Raw():
                raise self.fault(
                    "XP1009", f"this argument for `{stem}` is not known", n, v.what if isinstance(v, Nothing) else "",
                )
            case _:
                e = self.math.convert(self.scalar_of(v, n), ctype.dtype or DType.I32)
                args.append(e)
                if not isinstance(e, Const) and ctype.dtype is not None:
                    pairs.setdefault(e, Var(stem, ctype.dtype))

    def _note_launch(self, kernel: Kernel, args: list[Expr]) -> None:
        writes: set[str] = set()
        touches: set[str] = set()
        for p, a in zip(kernel.params, args, strict=False):
            if isinstance(p, Buffer) and isinstance(a, Addr):
                touches.add(a.buffer)
                if not p.const:
                    writes.add(a.buffer)
        self.stored |= writes
        self.events.append(Ran(frozenset(writes), frozenset(touches)))

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


def _called_as(fn: Node) -> str:
    """A function's name with its template arguments."""
    c, args = fn.cursor, []
    for k in range(max(c.get_num_template_arguments(), 0)):
        match c.get_template_argument_kind(k).name:
            case "TYPE":
                args.append(str(c.get_template_argument_type(k).get_canonical().spelling))
            case "INTEGRAL":
                args.append(str(c.get_template_argument_value(k)))
    return f"{fn.qualified}<{', '.join(args)}>" if args else fn.qualified


def _defaulted(n: Node) -> bool:
    return n.kind == "UNEXPOSED_EXPR" and not n.children and n.constant is None


def _scalars(body: tuple[Stmt, ...], buffers: tuple[DeviceBuffer, ...]) -> set[Var]:
    from_body = {v for s in statements(body) for v in scalars_read(s)}
    return from_body | {x for b in buffers for x in subexpressions(b.extent) if isinstance(x, Var)}


def _unmarked(e: Expr) -> Expr:
    if isinstance(e, Var) and e.name.startswith(_MARK):
        return Var(e.name[len(_MARK):], e.dtype)
    return e


