"""Launches of a host function: the kernels, their sizes in the kernels' own words, their arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from xpiler.fault import Fault
from xpiler.ir.nodes import (
    Addr, Buffer, Const, Expr, Kernel, Launch, Var,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh, map_expr, scalars_read, substitute_expr
from xpiler.text import sizes
from xpiler.text.arithmetic import ONE, ZERO
from xpiler.text.clang import Node
from xpiler.text.ctype import CType
from xpiler.text.gathering import Gathering
from xpiler.text.hosts.bearing import changed, is_launch
from xpiler.text.hosts.control import HostControl
from xpiler.text.hosts.events import Ran
from xpiler.text.hosts.values import Alias, Bag, is_dim
from xpiler.text.inline import returns
from xpiler.text.opaque import opaque
from xpiler.text.reading.base import root
from xpiler.text.reading.kernel import KernelReader, Shape
from xpiler.text.reading.lambdas import captured_by_copy, class_of, given, is_lambda
from xpiler.text.reading.records import leaf_types
from xpiler.text.reading.values import NULL, Closure, Items, Lvalue, Nothing, Place, Pointer, Raw, Slot, Value

_MARK = "launch "


@dataclass(frozen=True)
class Callee:
    """How a kernel is called in the text: its name with template arguments, the types of what it takes, each with how
    many arguments of the kernel as it was read make one, and the bytes of dynamic memory, over its parameters."""

    spelled: str
    takes: tuple[tuple[str, int], ...]
    dynamic: Expr | None = None


@dataclass
class Arguments:
    """What a launch passes, as a kernel that was read takes it: which of its scalars have which values, what the memory
    holds whose elements are not what the kernel's pointer to it says, and which members of structures are null."""

    values: list[Expr] = field(default_factory=list)
    pairs: dict[Expr, Var] = field(default_factory=dict)
    held: dict[str, DType] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)


class HostLaunches(HostControl):
    """Reading launches."""

    fn: Node

    def start_host(self) -> None:
        super().start_host()
        self.lenient = False
        self.read_kernels: dict[tuple[int, str], tuple[Kernel, Callee]] = {}
        self.kernel_names = Fresh()
        self.found: dict[tuple[str, str], Node] = {}
        self.unread: dict[str, Fault] = {}
        self.stored: set[str] = set()

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
            decl = n.referenced
            if known is None and is_dim(n.type) and decl.initializer is not None and self._stays(decl):
                return self.dims(decl.initializer)
        if n.kind == "CALL_EXPR" and n.type.is_aggregate:
            args = n.arguments or n.children
            if len(args) == 1 and args[0].type.kind == "record":
                return self.dims(args[0])
            if n.referenced is None or n.referenced.kind == "CONSTRUCTOR":
                return self._three(tuple(self.size(a) for a in args if not _defaulted(a)))
            made = self._returned(n, n.referenced.definition or n.referenced)
            if made is not None:
                return self.dims(made)
            v = self.value(n)
            if isinstance(v, Items):
                return v.items
        if n.kind == "INIT_LIST_EXPR":
            return self._three(tuple(self.size(a) for a in n.children if a.children or a.constant is not None))
        if n.type.is_scalar:
            return self._three((self.size(n),))
        raise self.fault("XP1006", "the sizes of this launch are not known", n)

    def _returned(self, n: Node, fn: Node) -> Node | None:
        """What a function or lambda returns at its end alone, behind what it does before that with its parameters bound
        to the arguments of a call."""
        body = () if fn.body is None else fn.body.children
        if not body or body[-1].kind != "RETURN_STMT" or not body[-1].children or any(map(returns, body[:-1])):
            return None
        given = n.arguments
        if fn.spelling == "operator()" and given and is_lambda(given[0]):
            given = given[1:]
        elif fn.kind != "FUNCTION_DECL":
            return None  # of an object, whose members it may use
        if len(given) != len(fn.params):
            return None
        for p, a in zip(fn.params, given, strict=True):
            self.env[p.key] = Items(self.dims(a), p.type) if is_dim(p.type) else self.coerced(self.value(a), p.type, a)
            self.level[p.key] = self.depth
        self.functions.append(fn)
        for s in body[:-1]:
            self.statement(s)
        self.functions.pop()
        return body[-1].children[0]

    def _stays(self, decl: Node) -> bool:
        """Whether a variable of the file has what it was made with for ever."""
        if decl.is_local or decl.type.const:
            return decl.type.const
        bodies = (f.body for f in self.unit.top if f.body is not None and f.in_text)
        return decl.is_static and not any(decl.key in self.unit.once(changed, body) for body in bodies)

    def _three(self, given: tuple[Expr, ...]) -> tuple[Expr, ...]:
        return (*given, ONE, ONE, ONE)[:3]

    def size(self, n: Node) -> Expr:
        return self.math.convert(sizes.narrowed(self.math, self.scalar(n)), DType.I32)

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
        if callee is not None and callee.kind == "VAR_DECL" and callee.initializer is not None:  # auto kernel = ...;
            named = (c.referenced for c in callee.initializer.walk() if c.kind == "DECL_REF_EXPR")
            callee = next((c for c in named if c is not None and c.kind == "FUNCTION_DECL"), callee)
        if callee is None or callee.body is None:
            raise self.fault("XP1002", "the kernel launched here has no body in this text", n)
        fn = callee.definition or callee
        config = n.children[1].arguments
        out = Arguments()
        args, pairs = out.values, out.pairs
        takes: list[tuple[str, int]] = []
        null: set[int] = set()
        for k, (p, node) in enumerate(zip(fn.params, n.children[2:], strict=False)):
            before = len(args)
            self._argument_of_launch(p, node, out)
            if p.type.kind == "pointer" and len(args) == before:
                null.add(k)
            spelled = str(p.cursor.type.get_canonical().spelling)
            takes.append((spelled if p.type.kind != "opaque" and k not in null else "", len(args) - before))
        shape, extra = self._shape(fn, config, pairs)
        shape = replace(shape, null=frozenset(null), held=out.held, absent=frozenset(out.absent))
        key = (fn.key, repr(shape))
        if key not in self.read_kernels:
            called = Callee(_called_as(callee), tuple(takes), shape.dynamic)
            self.read_kernels[key] = self._kernel(fn, shape), called
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

    def _argument_of_launch(self, p: Node, n: Node, out: Arguments) -> None:
        made = self.value(given(n)) if is_lambda(p) else None
        if isinstance(made, Closure):
            self._captured_of_launch(p, made, n, out)
            return
        cell = self.cell(n) if p.type.kind == "record" else None
        held = None if cell is None else self.in_cell(cell)
        if cell is None and p.type.kind == "record" and not is_dim(p.type):
            held = self.made_of(p.spelling, p.type, n)  # made where it is passed
        if isinstance(held, Bag):
            self._members_of_launch(p.spelling, p.type, held, n, out)
            return
        v = self.value(n)
        if v == NULL and p.type.kind == "pointer":
            return  # the kernel is read for this launch, where nothing is behind it
        if isinstance(v, Items) and p.type.kind in ("record", "vector"):
            out.values.extend(v.items)
            return
        self._plain_argument(p.spelling, p.type, v, n, out)

    def _captured_of_launch(
        self, p: Node, made: Closure, n: Node, out: Arguments
    ) -> None:
        """A lambda by value: what it has copies of, one by one."""
        copies = captured_by_copy(self.unit.lambdas[class_of(p)])
        if copies is None:
            raise self.fault("XP1009", f"a lambda for `{p.spelling}` that captures more than copies of variables", n,
                             "a kernel runs elsewhere, where what it refers to is not", "capture by copy: [=]")
        for decl in copies:
            held = made.captured.get(decl.key, self.env.get(decl.key))
            if held is None:
                raise self.fault("XP1009", f"what `{p.spelling}` captured as `{decl.spelling}` is not known", n)
            stem = f"{p.spelling or 'arg'}_{decl.spelling}"
            self._plain_argument(stem, decl.type, self.loaded(held, n), n, out)

    def _members_of_launch(
        self, stem: str, ctype: CType, bag: Bag, n: Node, out: Arguments
    ) -> None:
        """A structure by value: its scalars and pointers one by one."""
        for k, (name, _, t) in enumerate(ctype.fields):
            held, inner = bag.at((name,)), f"{stem}_{name or k}"
            if isinstance(held, Bag):
                self._members_of_launch(inner, t, held, n, out)
            elif held is None:
                raise self.fault("XP1009", f"member `{name}` of this argument is not known", n)
            elif held == NULL and t.kind == "pointer" and not self.is_main:  # main's are written out
                out.absent.add(inner)
            else:
                self._plain_argument(inner, t, self.loaded(held, n), n, out)

    def _plain_argument(
        self, stem: str, ctype: CType, v: Value, n: Node, out: Arguments
    ) -> None:
        match v:
            case Pointer() if (v := self.in_elements(v)).buffer not in self.devices and v.buffer not in self.hosts:
                raise self.fault(
                    "XP1009", f"this argument for `{stem}` is one pointer or another", n,
                    "which memory a kernel is given must be known where it is launched", "a launch for each of them",
                )
            case Pointer():
                address, of = self.address(v), ctype.inner
                if of is not None and of.dtype not in (None, address.dtype):
                    out.held[stem] = address.dtype
                out.values.append(address)
            case Nothing() if ctype.kind == "opaque":
                pass
            case Items(items) if ctype.kind in ("array", "vector", "record"):
                for (name, t), e in zip(leaf_types(stem, ctype), items, strict=True):
                    self._plain_argument(name, t, e, n, out)
            case Nothing() | Place() | Items() | Raw():
                raise self.fault(
                    "XP1009", f"this argument for `{stem}` is not known", n, v.what if isinstance(v, Nothing) else "",
                )
            case _:
                e = self.math.convert(self.scalar_of(v, n), ctype.dtype or DType.I32)
                out.values.append(e)
                if not isinstance(e, Const) and ctype.dtype is not None:
                    out.pairs.setdefault(e, Var(stem, ctype.dtype))

    def _note_launch(self, kernel: Kernel, args: list[Expr]) -> None:
        writes: set[str] = set()
        touches: set[str] = set()
        for p, a in zip(kernel.params, args, strict=False):
            if isinstance(p, Buffer) and isinstance(a, Addr):
                touches.add(a.buffer)
                if not p.const:
                    writes.add(a.buffer)
        self.stored |= writes
        self.events.append(Ran(frozenset(writes), frozenset(touches), self.under))

    def _shape(
        self, fn: Node, config: tuple[Node, ...], pairs: Mapping[Expr, Var]
    ) -> tuple[Shape, list[Expr]]:
        """The launch's sizes over the kernel's parameters, and what must be passed besides for that."""
        grid = self.dims(config[0])
        dynamic: Expr | None = None
        if self.platform.model == "task":
            total = self.math.binary("*", self.math.binary("*", grid[0], grid[1]), grid[2])
            extents = {"task": total} | {f"task.{x}": e for x, e in zip("yz", grid[1:], strict=True) if e != ONE}
            job = self.size(config[1])
            extents["job"] = job if isinstance(job, Const) else ZERO
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


def _unmarked(e: Expr) -> Expr:
    if isinstance(e, Var) and e.name.startswith(_MARK):
        return Var(e.name[len(_MARK):], e.dtype)
    return e


