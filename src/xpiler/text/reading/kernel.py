"""One kernel: parameters, axis loops and body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from xpiler.fault import Fault
from xpiler.ir.nodes import (
    Addr, Alloc, Atomic, Barrier, Buffer, Const, Expr, Intrinsic, Kernel, Param, Return, Stmt, Store, Var,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import buffers_used, statements
from xpiler.platforms.platform import Platform
from xpiler.text import axes
from xpiler.text.arithmetic import ZERO, int_const
from xpiler.text.clang import Node, Unit
from xpiler.text.ctype import CType
from xpiler.text.lone import without_lone_elements
from xpiler.text.reading.cuts import Cuts
from xpiler.text.reading.lambdas import captured_by_copy, class_of
from xpiler.text.reading.records import leaf_types
from xpiler.text.reading.untyped import Typed, Untyped
from xpiler.text.reading.values import (
    NULL, Binding, Closure, Fields, Items, Nothing, Place, Pointer, Roaming, Slot, Table,
)
from xpiler.text.reading.views import Several


@dataclass(frozen=True)
class Shape:
    """How a kernel is launched, over its own parameters: extents by axis kind, and bytes of dynamic memory.

    `extra` are scalars the geometry needs that the kernel's own parameters do not give, `null` are the places of the
    parameters that are null pointers in this launch and `absent` the members of structures that are, `held` what the
    memory holds that pointers of another type are given: bytes that the kernel takes for words."""

    extents: Mapping[str, Expr]
    dynamic: Expr | None = None
    extra: tuple[Var, ...] = ()
    null: frozenset[int] = frozenset()
    held: Mapping[str, DType] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Reading:
    """A kernel, the intrinsics it calls, and the parameters of the text that it does without."""

    kernel: Kernel
    intrinsics: Mapping[tuple[str, str], Node]
    skipped: tuple[Node, ...] = ()


class KernelReader(Untyped):
    """Reads one kernel."""

    def __init__(self, unit: Unit, platform: Platform, fn: Node, let: Mapping[str, int] | None = None) -> None:
        super().__init__(unit, platform)
        self.fn, self.let, self.types, self.untyped = fn, let or {}, {}, {}
        self.prologue: list[Stmt] = []
        self.held: Mapping[str, DType] = {}
        self.absent: frozenset[str] = frozenset()

    def read(self, name: str, shape: Shape, clustered: bool = False) -> Reading:
        """Read the kernel; again, if a pointer variable turns out to point into several buffers, or pointers of several
        types into one."""
        self.several = self.several or {}
        gathered = self.unit.faults
        before = gathered.state()
        try:
            return self._with_arrays(self._read(name, shape, clustered), name, shape, clustered)
        except (Several, Cuts, Typed) as found:
            gathered.restore(before)
            again = self._again()
            match found:
                case Several():
                    again.several = {**self.several, found.key: found.buffers}
                case Cuts():
                    again.known_cuts = {**self.known_cuts, found.buffer: found.cuts}
                case Typed():
                    again.types = {**self.types, found.buffer: found.held}
            return again.read(name, shape, clustered)

    def _again(self) -> KernelReader:
        """Another reader, that knows what this one was told."""
        again = KernelReader(self.unit, self.platform, self.fn, self.let)
        again.several, again.known_cuts, again.types = self.several, self.known_cuts, self.types
        return again

    def _with_arrays(self, whole: Reading, name: str, shape: Shape, clustered: bool) -> Reading:
        """The kernel with an array for each stretch of memory that has a type of its own, where it can be read so."""
        cuts = {} if self.known_cuts else self.typed_stretches()
        if not cuts:
            return whole
        before = self.unit.faults.state()
        again = self._again()
        again.known_cuts = cuts
        with suppress(Fault):
            apart = again.read(name, shape, clustered)
            if self.unit.faults.state() == before:
                return apart
        self.unit.faults.restore(before)
        return whole

    def _read(self, name: str, shape: Shape, clustered: bool) -> Reading:
        where = self.fn.definition or self.fn
        body = where.body
        assert body is not None, "a kernel has a body"
        self.functions.append(where)
        self.study(where)
        self.here = replace(where.span, comment="")
        self.held, self.absent = shape.held, shape.absent
        for k, p in enumerate(where.params):
            if k in shape.null:
                self.env[p.key] = NULL
            else:
                self._parameter(p)
        for var in shape.extra:
            self.fresh(var.name)
            self.params.append(var)
        self.dynamic_shared = shape.dynamic
        loops = self._axes(shape, clustered)
        self.builtins, self.reach = loops.builtins, loops.reach
        with self.captured() as inner:
            self._unpack(where)
            self.sequence(body.children)
        while inner and isinstance(inner[-1], Return):
            inner.pop()
        if not clustered and self.platform.model == "task" and self._needs_clusters(inner):
            return KernelReader(self.unit, self.platform, self.fn, self.let).read(name, shape, True)
        self.refuse_whole(tuple(inner))
        self._refuse_untyped(inner)
        plain = without_lone_elements((*self.tables, *inner))
        whole = loops.enclose(tuple(self.shared), plain, where.span)
        params = tuple(self._sealed(p, whole) for p in self.params)
        skipped = tuple(p for p in where.params if isinstance(self.env.get(p.key), Nothing) or self._is_unused(p))
        return Reading(Kernel(name, params, whole, where.span), self.intrinsics, skipped)


    def _refuse_untyped(self, body: list[Stmt]) -> None:
        """Fault where a `void*` is used that nothing says the elements of."""
        used = buffers_used(tuple(body))
        for name in sorted(used & self.untyped.keys() - self.types.keys()):
            raise self.unsupported(self.untyped[name], f"a `void*` that is cast to nothing, `{name}`,")

    def _is_unused(self, p: Node) -> bool:
        return any(p.key == n.key for name, n in self.untyped.items() if name not in self.types)

    def _axes(self, shape: Shape, clustered: bool) -> axes.Axes:
        match self.platform.model:
            case "simt":
                return axes.simt(self.platform, shape.extents, self.fresh, self.math)
            case "task":
                return axes.tasks(self.platform, shape.extents, self.fresh, self.math, clustered)
        return axes.serial()

    def _needs_clusters(self, inner: list[Stmt]) -> bool:
        meets = any(isinstance(s, Barrier) and s.scope == "cluster" for s in statements(tuple(inner)))
        return bool(self.shared) or meets

    # ------------------------------------------------------------ parameters

    def _parameter(self, p: Node) -> None:
        ctype = p.type
        name = self.fresh(p.spelling or "arg")
        if ctype.kind in ("pointer", "array") and ctype.inner is not None:
            self._buffer(p, name, ctype)
        elif ctype.is_scalar and ctype.dtype is not None:
            var = Var(name, ctype.dtype)
            self.params.append(var)
            self.env[p.key] = Slot(var) if name not in self.let else Const(self.let[name], var.dtype)
        elif not ctype.reference and (made := self.unit.lambdas.get(class_of(p))) is not None:
            self.env[p.key] = self._closure(p, made)
        elif (ctype.is_aggregate or ctype.has_parts) and not ctype.reference:
            self.env[p.key] = self._by_value(p, p.spelling or "arg", ctype)
        elif ctype.kind == "opaque":
            self.env[p.key] = Nothing(ctype.name)
        else:
            raise self.unsupported(p, f"a parameter of type `{ctype.name}`")

    def _closure(self, p: Node, made: Node) -> Closure:
        """A lambda passed by value: a parameter for each scalar and pointer it has a copy of."""
        return Closure({decl.key: self._by_value(p, f"{p.spelling or 'arg'}_{decl.spelling}", decl.type)
                        for decl in captured_by_copy(made) or ()})

    def _by_value(self, p: Node, stem: str, ctype: CType) -> Binding:
        """A record or vector passed by value: a parameter for each scalar and pointer in it."""
        if ctype.is_scalar and ctype.dtype is not None:
            var = Var(self.fresh(stem), ctype.dtype)
            self.params.append(var)
            return Slot(var)
        if ctype.kind == "pointer":
            return NULL if stem in self.absent else self._pointed(p, self.fresh(stem), ctype)
        if ctype.has_parts:
            named = [(name or str(k), t) for k, (name, _, t) in enumerate(ctype.fields)]
            return Fields({name: self._by_value(p, f"{stem}_{name}", t) for name, t in named}, ctype)
        if ctype.kind == "array" and ctype.inner is not None and ctype.inner.kind == "pointer":
            pointed = [self._pointed(p, self.fresh(f"{stem}_{k}"), ctype.inner) for k in range(ctype.length)]
            return Table(tuple(pointed))
        if ctype.dtype is None or ctype.mixed:
            raise self.unsupported(p, f"a member of type `{ctype.name}` in a parameter")
        items = [Var(self.fresh(name), ctype.dtype) for name, _ in leaf_types(stem, ctype)]
        self.params.extend(items)
        return Items(tuple(items), ctype)

    def _pointed(self, p: Node, name: str, ctype: CType) -> Pointer:
        inner = ctype.inner
        if inner is None or inner.dtype is None:
            raise self.unsupported(p, f"a parameter of type `{ctype.name}`")
        return self._whole(Buffer(name, self.held.get(name, inner.dtype), None, "global", "", inner.const), inner)

    def _whole(self, buffer: Buffer, inner: CType) -> Pointer:
        """A pointer to the memory of a parameter, which may hold elements of another type than it says."""
        self.buffers[buffer.name] = buffer
        self.params.append(buffer)
        whole = Pointer(buffer.name, ZERO, inner)
        return whole if buffer.dtype is inner.dtype else self.pointing(whole, inner)

    def _own_parts(self, v: Fields, changed: bool, p: Node) -> Fields:
        """A record parameter with its arrays in storage, and copied if the body changes it."""
        members = {
            name: self._own_parts(b, False, p) if isinstance(b, Fields)
            else self.housed(b, p) if isinstance(b, Items) else b
            for name, b in v.members.items()
        }
        if not changed:
            return Fields(dict(members), v.type)
        own = self.new_fields(p.spelling, v.type)
        self.assign_members(own, v, p)
        return own

    def _buffer(self, p: Node, name: str, ctype: CType) -> None:
        inner = ctype.inner
        assert inner is not None, "a pointer points to something"
        dtype = self.types[name].dtype if name in self.types else self.held.get(p.spelling, inner.dtype)
        if inner.kind == "void":
            self.untyped[name] = p
            self.buffers[name] = Buffer(name, DType.U8, None, "global", "", inner.const)
            self.env[p.key] = Pointer(name, ZERO, inner)
        if dtype is None:
            if inner.kind == "void":
                return
            if inner.kind in ("opaque", "function"):
                self.env[p.key] = Nothing(ctype.name)
                return
            raise self.unsupported(p, f"a parameter of type `{ctype.name}`")
        extent = int_const(ctype.count) if ctype.kind == "array" and ctype.count else None
        self.env[p.key] = self._whole(Buffer(name, dtype, extent, "global", "", inner.const), inner)

    def _unpack(self, where: Node) -> None:
        """Parameters that the body changes become locals of each thread."""
        for p in where.params:
            match self.env.get(p.key):
                case Fields() as fields:
                    self.env[p.key] = self._own_parts(fields, p.key in self.mutated, p)
                case Items() as items if p.type.kind == "record":
                    self.env[p.key] = self.housed(items, p)
            if p.key not in self.mutated:
                continue
            match self.env.get(p.key):
                case Slot(value) | (Const() as value):
                    local = self.kept(value, p.spelling)
                    self.math.counters.discard(local.name)
                    self.moving.add(local.name)
                    self.env[p.key] = Slot(local)
                case Pointer() as pointer if self._moves(p, where):
                    roaming = Roaming(p.spelling, pointer.to, key=p.key)
                    self.bind_roaming(roaming, pointer, p)
                    self.env[p.key] = roaming

    def _moves(self, p: Node, where: Node) -> bool:
        return p.key in self.study(where).mutated

    def foreign(self, decl: Node, n: Node) -> Binding:
        """A variable of the file that the host or a kernel writes is passed by whoever launches."""
        ctype = decl.type
        if not self.unit.hosted or ctype.dtype is None or not is_symbol(decl):
            return super().foreign(decl, n)
        name = self.fresh(decl.spelling)
        buffer = Buffer(name, ctype.dtype, int_const(max(ctype.count, 1)), "global")
        self.buffers[name] = buffer
        self.params.append(buffer)
        self.env[decl.key] = Place(name, ZERO, ctype)
        return self.env[decl.key]

    def dynamic_buffer(self, d: Node, ctype: CType, space: str, extent: Expr) -> Place:
        name = self.fresh(d.spelling)
        buffer = Buffer(name, ctype.dtype or DType.F32, extent, space)
        self.buffers[name] = buffer
        self.shared.append(Alloc(buffer, (), self.here))
        if isinstance(extent, Const):
            self.cut_up_as_known(name, int(extent.value))
        return Place(name, ZERO, ctype)

    # ------------------------------------------------------------ afterwards

    def _sealed(self, p: Param, body: tuple[Stmt, ...]) -> Param:
        """A buffer parameter that is never written is const."""
        if not isinstance(p, Buffer):
            return p
        return replace(p, const=not any(self.writes(s, p.name) for s in statements(body)))

    def writes(self, s: Stmt, buffer: str) -> bool:
        match s:
            case Store(buffer=b) | Atomic(buffer=b):
                return b == buffer
            case Intrinsic(name, args, result, key):
                if isinstance(result, Addr) and result.buffer == buffer:
                    return True
                params = self.intrinsics[name, key].params
                return any(
                    isinstance(a, Addr) and a.buffer == buffer and _may_write(p.type)
                    for a, p in zip(args, params, strict=False)
                )
        return False


def is_symbol(decl: Node) -> bool:
    """Whether a variable of the file lives on the device and is written somewhere."""
    if "CUDADEVICE_ATTR" not in decl.attributes and "CUDACONSTANT_ATTR" not in decl.attributes:
        return False
    if decl.type.const or decl.initializer is None:
        return not decl.type.const
    written = re.search(rf"ToSymbol\w*\s*\(\s*(?:\w+\s*\(\s*)?&?\s*{re.escape(decl.spelling)}\b", decl.unit.text)
    return "CUDACONSTANT_ATTR" not in decl.attributes or written is not None


def _may_write(t: CType) -> bool:
    if t.kind == "pointer":
        return t.inner is None or not t.inner.const
    return t.reference and not t.const
