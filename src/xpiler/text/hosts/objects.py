"""Variables of a host function: scalars as values, pointers, arrays, structures and containers."""

from __future__ import annotations

from itertools import pairwise

from xpiler.ir.nodes import Buffer, Const, Expr, Var
from xpiler.ir.types import DType
from xpiler.text import sizes
from xpiler.text.arithmetic import ONE, ZERO, int_const
from xpiler.text.clang import Node
from xpiler.text.ctype import CType
from xpiler.text.hosts.bearing import changed
from xpiler.text.hosts.values import (
    UNKNOWN, UNSET, Address, Alias, Bag, Cell, Container, HostArray, Key, Thing, is_container, is_dim,
)
from xpiler.text.reading.lambdas import given, is_lambda
from xpiler.text.reading.statements import Statements
from xpiler.text.reading.values import NULL, Binding, Items, Nothing, Place, Pointer, Raw, Slot, Value

_SHELLS = frozenset({
    "PAREN_EXPR", "UNEXPOSED_EXPR", "CSTYLE_CAST_EXPR", "CXX_STATIC_CAST_EXPR", "CXX_REINTERPRET_CAST_EXPR",
    "CXX_CONST_CAST_EXPR", "CXX_FUNCTIONAL_CAST_EXPR",
})


def bare(n: Node) -> Node:
    """An expression without parentheses and casts."""
    while n.kind in _SHELLS and n.children:
        n = n.children[-1]
    return n


class HostObjects(Statements):
    """Reading variables of the host: what straight-line code computes is kept as values, not as statements."""

    is_main = False

    def start_host(self) -> None:
        self.objects: dict[int, Thing] = {}
        self.hosts: dict[str, HostArray] = {}
        self.level: dict[int, int] = {}  # declaration -> how deep among loops and branches
        self.depth = 0
        self.fixed: list[str] = []  # scalars whose values were given
        self.free: list[Var] = []  # scalars nobody computes: parameters of a launcher made from main

    # ------------------------------------------------------------ cells

    def cell(self, n: Node) -> Cell | None:
        """The variable or member an lvalue names."""
        n = bare(n)
        match n.kind:
            case "DECL_REF_EXPR" if n.referenced is not None and n.referenced.kind in ("VAR_DECL", "PARM_DECL"):
                alias = self.objects.get(n.referenced.key)
                return alias.cell if isinstance(alias, Alias) else Cell(n.referenced.key)
            case "MEMBER_REF_EXPR" if n.children:
                base = n.children[0]
                inner = self.pointed(base) if base.type.kind == "pointer" else self.cell(base)
                return None if inner is None or not isinstance(self.in_cell(inner), Bag) else inner / n.spelling
            case "CALL_EXPR" if len(n.arguments) == 1 and n.type.kind == "record":  # a copy
                return self.cell(n.arguments[0]) if _of_one_type(n, n.arguments[0]) else None
            case "ARRAY_SUBSCRIPT_EXPR":
                inner = self.cell(n.children[0])
                if inner is None or not isinstance(self.in_cell(inner), Bag):
                    return None
                at = self.scalar(n.children[1])
                return inner / int(at.value) if isinstance(at, Const) else None
            case "UNARY_OPERATOR" if n.unary == "*":
                return self.pointed(n.children[-1])
        return None

    def pointed(self, n: Node) -> Cell | None:
        """The variable a pointer-valued expression is the address of."""
        n = bare(n)
        if n.kind == "UNARY_OPERATOR" and n.unary == "&":
            return self.cell(n.children[-1])
        cell = self.cell(n)
        found = None if cell is None or cell.path else self.objects.get(cell.key)
        if isinstance(found, Address):
            return found.cell
        return cell if isinstance(found, Bag) and n.type.kind == "array" else None

    def in_cell(self, cell: Cell) -> Binding | Thing | None:
        thing = self.objects.get(cell.key)
        if isinstance(thing, Bag):
            return thing.at(cell.path)
        return thing if thing is not None else self.env.get(cell.key)

    def set_cell(self, cell: Cell, what: Binding | Bag) -> None:
        thing = self.objects.get(cell.key)
        if isinstance(thing, Bag):
            self.objects[cell.key] = thing.put(cell.path, what)
        elif not isinstance(what, Bag):
            self.env[cell.key] = what
        else:
            self.objects[cell.key] = what

    # ------------------------------------------------------------ host arrays

    def new_array(self, stem: str, dtype: DType, extent: Expr | None, const: bool = False) -> str:
        name = self.fresh(stem)
        self.hosts[name] = HostArray(name, dtype, extent, const=const)
        self.buffers[name] = Buffer(name, dtype, extent)
        return name

    def _array_of(self, stem: str, raw: Raw, inner: CType) -> Binding:
        if inner.dtype is None:
            return Nothing("memory")
        extent = sizes.elements(self.math, raw.bytes, inner.dtype.bytes)
        return Pointer(self.new_array(stem, inner.dtype, extent), ZERO, inner)

    def _container_array(self, cell: Cell, inner: CType) -> Value:
        """The elements of a container as a host array."""
        found = self.objects.get(cell.key)
        if not isinstance(found, Container) or inner.dtype is None:
            return Nothing("a container")
        if not found.buffer:
            found = Container(found.name, found.count, self.new_array(found.name, inner.dtype, found.count))
            self.objects[cell.key] = found
        return Pointer(found.buffer, ZERO, inner)

    def declared(self, d: Node) -> None:
        """A variable of a host function; a launcher is called once, so that a static one is as any other."""
        self.local(d)

    def foreign(self, decl: Node, n: Node) -> Binding:
        """A variable of the file: an array of the host, a constant, or something the host sets."""
        ctype = decl.type
        if ctype.kind == "array" and ctype.dtype is not None:
            self.env[decl.key] = self._array_local(decl, ctype)
            return self.env[decl.key]
        if decl.is_local and not decl.is_static and not ctype.const:
            return Nothing(UNKNOWN)
        known = decl.constant if ctype.is_scalar and ctype.dtype is not None else None
        if known is not None and ctype.dtype is not None:
            return Const(float(known) if ctype.dtype.is_float else int(known), ctype.dtype)
        return Nothing(UNKNOWN)

    def _array_local(self, d: Node, ctype: CType) -> Binding:
        assert ctype.dtype is not None, "an array of scalars"
        name = self.new_array(d.spelling, ctype.dtype, int_const(ctype.count) if ctype.count else None)
        return Place(name, ZERO, ctype)

    # ------------------------------------------------------------ declarations

    def local(self, d: Node) -> None:
        ctype, init = d.type, d.initializer
        self.level[d.key] = self.depth
        self.objects.pop(d.key, None)
        if d.in_text:
            self.here = d.span
        if ctype.reference and init is not None and (cell := self.cell(init)) is not None:
            self.objects[d.key] = Alias(cell)
        elif is_container(ctype) and not ctype.reference:
            self.objects[d.key] = Container(d.spelling, self._container_count(init))
        elif is_dim(ctype) or ctype.is_scalar or ctype.reference:
            super().local(d)
        elif ctype.kind == "pointer":
            cell = None if init is None else self.pointed(init)
            if cell is not None and bare_is_address(init):
                self.objects[d.key] = Address(cell)
            else:
                self.env[d.key] = self._pointer_local(d, ctype, init)
        elif ctype.kind == "array" and ctype.dtype is not None and not _of_records(ctype):
            self.env[d.key] = self._array_local(d, ctype)
        elif init is not None and is_lambda(d):
            self.env[d.key] = self.value(given(init))
        elif ctype.kind in ("array", "record"):
            self.objects[d.key] = self._bag(d, ctype, init)
        else:
            self.env[d.key] = Nothing(ctype.name)

    def _container_count(self, init: Node | None) -> Expr | None:
        """How many elements a container is made with."""
        inner = None if init is None else bare(init)
        if inner is None:
            return None
        args = inner.arguments or inner.children
        if args and args[0].type.is_scalar:
            return sizes.narrowed(self.math, self.scalar(args[0]))
        lists = [c for a in inner.walk() for c in (a,) if a.kind == "INIT_LIST_EXPR"]
        return int_const(len(lists[0].children)) if lists else None

    def _bag(self, d: Node, ctype: CType, init: Node | None) -> Bag:
        source = None if init is None else self.cell(init)
        held = None if source is None else self.in_cell(source)
        if isinstance(held, Bag):
            return held
        return (None if init is None else self.made_of(d.spelling, ctype, init)) or Bag()

    def made_of(self, stem: str, ctype: CType, init: Node) -> Bag | None:
        """A structure or array made from a list, or by a constructor that does no more than set members."""
        inner, made = bare(init), Bag()
        if inner.kind == "INIT_LIST_EXPR":
            numbers: list[Key] = list(range(len(inner.children)))
            names: list[Key] = [f for f, _, _ in ctype.fields] if ctype.kind == "record" else numbers
            for name, child in zip(names, inner.children, strict=False):
                made = made.put((name,), self._member_init(f"{stem}_{name}", child))
            return made
        if inner.kind != "CALL_EXPR" or inner.referenced is None or inner.referenced.kind != "CONSTRUCTOR":
            return None
        fn = inner.referenced.definition or inner.referenced
        args = inner.arguments or inner.children
        if len(args) == 1 and _of_one_type(inner, args[0]):  # a copy
            return self.made_of(stem, ctype, args[0])
        if fn.body is not None and fn.body.children or len(args) != len(fn.params):
            return None
        for p, a in zip(fn.params, args, strict=True):
            self.env[p.key] = self.coerced(self.value(a), p.type, a)
        parts = [c for c in fn.every_child if c.kind != "PARM_DECL"]
        for member, child in pairwise(parts):
            if member.kind == "MEMBER_REF":
                made = made.put((member.spelling,), self._member_init(f"{stem}_{member.spelling}", child))
        return made

    def _member_init(self, name: str, child: Node) -> Binding:
        v = self.value(child)
        if isinstance(v, Raw):
            inner = child.type.inner
            return Nothing("memory") if inner is None else self._array_of(name, v, inner)
        known = isinstance(v, Pointer | Nothing) or isinstance(v, Expr) and self.stable(v)
        return v if known or not self.depth else Nothing(UNKNOWN)

    def _scalar_local(self, d: Node, ctype: CType, init: Node | None) -> Binding:
        dtype = ctype.dtype or DType.I32
        if self.is_main and d.spelling in self.let_values():
            self.fixed.append(d.spelling)
            return Const(self.let_values()[d.spelling], dtype)
        if d.is_static and not ctype.const and self._changes_static(d):
            return Nothing("a variable that keeps its value from call to call")
        if init is None:
            return Nothing(UNSET)
        v = self.value(init.children[0] if init.kind == "INIT_LIST_EXPR" and init.children else init)
        if d.is_enum:
            return v if isinstance(v, Expr) and self.stable(v) else ZERO
        if isinstance(v, Nothing):
            return v
        e = self.math.convert(self.scalar_of(v, init), dtype)
        return e if self.stable(e) else Slot(self.kept(e, d.spelling))

    def _changes_static(self, d: Node) -> bool:
        body = self.functions[-1].body if self.functions else None
        return not self.is_main and body is not None and d.key in self.unit.once(changed, body)

    def may_change(self, decl: Node) -> bool:
        return isinstance(self.env.get(decl.key), Slot | Expr | Pointer)

    def _copied(self, v: Value, decl: Node) -> Binding:
        """A copy of a captured variable: as it is now, which for values that stay is what it is."""
        stays = isinstance(v, Pointer | Nothing) or isinstance(v, Expr) and self.stable(v)
        return v if stays else super()._copied(v, decl)

    def let_values(self) -> dict[str, int]:
        return {}

    def _buffer_local(self, d: Node, ctype: CType, init: Node | None) -> Binding:
        if not is_dim(ctype):
            return super()._buffer_local(d, ctype, init)
        return Items((ONE, ONE, ONE) if init is None else self.dims(init), ctype)

    def dims(self, n: Node) -> tuple[Expr, ...]:
        raise NotImplementedError

    def _pointer_local(self, d: Node, ctype: CType, init: Node | None) -> Binding:
        v = None if init is None else self.value(init)
        inner = ctype.inner
        if isinstance(v, Raw) and inner is not None:
            return self._array_of(d.spelling, v, inner)
        if isinstance(v, Pointer):
            return v if inner is None or inner.dtype is None else Pointer(v.buffer, v.index, inner)
        return NULL if v == NULL else Nothing(ctype.name)

    def space_of(self, d: Node) -> str | None:
        return None

    # ------------------------------------------------------------ values

    def value(self, n: Node) -> Value:
        match n.kind:
            case "MEMBER_REF_EXPR" | "ARRAY_SUBSCRIPT_EXPR" | "DECL_REF_EXPR":
                cell = self.cell(n)
                held = None if cell is None else self.in_cell(cell)
                if held is not None and cell is not None and (cell.path or self._aliased(n)):
                    if isinstance(held, Bag | Container | Address | Alias):
                        return Nothing("a structure")
                    return self.loaded(held, n)
            case "UNARY_OPERATOR" if n.unary == "*" and (cell := self.pointed(n.children[-1])) is not None:
                held = self.in_cell(cell)
                if held is not None and not isinstance(held, Bag | Container | Address | Alias):
                    return self.loaded(held, n)
            case "UNARY_OPERATOR" if n.unary == "&" and (first := self._first_of(n.children[-1])) is not None:
                return first
            case "STRING_LITERAL":
                return Nothing("text")
            case "CXX_NEW_EXPR":
                return self._new_array_of(n)
        return super().value(n)

    def scalar_of(self, v: Value, n: Node) -> Expr:
        if isinstance(v, Nothing) and v != NULL and bare(n).kind in ("DECL_REF_EXPR", "MEMBER_REF_EXPR"):
            raise self.fault("XP1009", f"the value of `{cell_name(n)}` is not known here", n, v.what,
                             "a parameter for it, or a value that follows from the parameters")
        return super().scalar_of(v, n)

    def _aliased(self, n: Node) -> bool:
        """Whether an lvalue names a variable by another name, or through its address."""
        decl = bare(n).referenced
        if bare(n).kind == "UNARY_OPERATOR":
            return True
        return decl is not None and isinstance(self.objects.get(decl.key), Alias)

    def _first_of(self, n: Node) -> Value | None:
        """&v[i] of a container."""
        n = bare(n)
        if n.kind != "CALL_EXPR" or n.spelling != "operator[]" or not n.arguments:
            return None
        cell = self.cell(n.arguments[0])
        if cell is None or not isinstance(self.in_cell(cell), Container):
            return None
        base = self._container_array(cell, n.type)
        return self.advanced(base, self.scalar(n.arguments[1]), n) if isinstance(base, Pointer) else base

    def _new_array_of(self, n: Node) -> Value:
        """new T[count]"""
        inner = n.type.inner
        counts = [c for c in n.children if c.type.is_scalar]
        if inner is None or inner.dtype is None:
            return Nothing("memory")
        count = self.scalar(counts[0]) if counts else ONE
        return Raw(self.math.binary("*", self.math.convert(count, DType.U64), Const(inner.dtype.bytes, DType.U64)))

    def _method(self, fn: Node, n: Node, into: Place | None) -> Value:
        callee = bare(n.children[0]) if n.children else n
        base = callee.children[0] if callee.kind == "MEMBER_REF_EXPR" and callee.children else None
        cell = None if base is None else self.cell(base)
        held = None if cell is None else self.in_cell(cell)
        if isinstance(held, Container) and cell is not None:
            return self._asked(held, cell, fn.spelling, n)
        if base is not None and is_container(base.type):
            raise self.fault("XP1009", f"`{fn.spelling}` of this container is not known", n,
                             "its caller gives it, or the host computes what it holds: containers are followed from "
                             "where they are declared", "a pointer and a count")
        return super()._method(fn, n, into)

    def _asked(self, held: Container, cell: Cell, what: str, n: Node) -> Value:
        match what:
            case "data" | "begin" | "get" if n.type.inner is not None:
                return self._container_array(cell, n.type.inner)
            case "size" if held.count is not None:
                return self.math.convert(held.count, DType.U64)
            case "resize" | "assign" if n.arguments:
                self.objects[cell.key] = Container(held.name, sizes.narrowed(self.math, self.scalar(n.arguments[0])))
                return Nothing()
        raise self.unsupported(n)

    def forget(self, keys: set[int], nodes: dict[int, Node]) -> None:
        raise NotImplementedError


def _of_one_type(a: Node, b: Node) -> bool:
    """Whether two expressions are of one type, however the text names it, const or not."""
    x, y = (n.cursor.type.get_canonical().spelling.removeprefix("const ") for n in (a, b))
    return bool(x == y)


def _of_records(t: CType) -> bool:
    return t.inner is not None and t.inner.kind == "record"


def bare_is_address(n: Node | None) -> bool:
    """Whether an initializer is &x."""
    inner = None if n is None else bare(n)
    return inner is not None and inner.kind == "UNARY_OPERATOR" and inner.unary == "&"


def cell_name(n: Node) -> str:
    """What to call what an lvalue names."""
    n = bare(n)
    return n.spelling or (cell_name(n.children[0]) if n.children else "t")
