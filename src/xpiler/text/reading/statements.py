"""Statements: declarations, choices, loops and returns."""

from __future__ import annotations

from xpiler.ir.nodes import Alloc, Break, Buffer, Const, Continue, Expr, Let, Return, Var
from xpiler.ir.types import DType
from xpiler.text.arithmetic import ZERO, int_const
from xpiler.text.clang import Node
from xpiler.text.ctype import CType, scalar
from xpiler.text.inline import returns
from xpiler.text.reading.lambdas import given
from xpiler.text.reading.parts import read_part
from xpiler.text.reading.roles import Roles
from xpiler.text.reading.values import (
    Binding, Closure, Fields, Items, Nothing, Place, Pointer, Raw, Roaming, Slot, Table,
)
from xpiler.text.sizes import elements

_IGNORED = frozenset({
    "NULL_STMT", "TYPEDEF_DECL", "TYPE_ALIAS_DECL", "USING_DIRECTIVE", "USING_DECLARATION",
    "STATIC_ASSERT", "STRUCT_DECL", "ENUM_DECL", "UNION_DECL", "CLASS_DECL", "FUNCTION_DECL",
})


class Statements(Roles):
    """Reading statements."""

    def sequence(self, statements: tuple[Node, ...]) -> None:
        for k, s in enumerate(statements):
            if self.targets and returns(s) and not (s.kind == "IF_STMT" and self.role(s.children[0])):
                self.here = s.span if s.in_text else self.here
                self.return_early(s, statements[k + 1:])
                return
            read_part(self, s)

    def statement(self, n: Node) -> None:
        if n.in_text and n.kind != "COMPOUND_STMT":
            self.here = n.span
        match n.kind:
            case "COMPOUND_STMT":
                self.sequence(n.children)
            case "DECL_STMT":
                for d in n.children:
                    if d.kind == "VAR_DECL":
                        self.declared(d)
                    elif d.kind not in _IGNORED:
                        raise self.unsupported(d)
            case "VAR_DECL":
                self.declared(n)
            case "IF_STMT":
                self._if(n)
            case "FOR_STMT":
                self.for_loop(n)
            case "WHILE_STMT":
                self.while_loop(n)
            case "DO_STMT":
                self.do_loop(n)
            case "CXX_FOR_RANGE_STMT":
                self.range_loop(n)
            case "SWITCH_STMT":
                self.switch(n)
            case "RETURN_STMT":
                self._return(n)
            case "BREAK_STMT":
                self.leave(n)
            case "CONTINUE_STMT":
                self.again(n)
            case "UNEXPOSED_STMT" if n.children:
                self.statement(n.children[-1])
            case "GOTO_STMT" | "LABEL_STMT" | "CXX_TRY_STMT":
                raise self.unsupported(n)
            case kind if kind.startswith("ASM") or kind.endswith("ASM_STMT"):
                raise self.unsupported(n, "inline assembly")
            case kind if kind in _IGNORED:
                pass
            case _:
                self.effect(n)

    def _if(self, n: Node) -> None:
        children = list(n.children)
        while children and children[0].kind in ("DECL_STMT", "VAR_DECL") and len(children) > 2:
            self.statement(children.pop(0))
        role = self.role(children[0])
        if role is not None:
            self.by_role(n, role)
            return
        cond = self.condition(children[0])
        self.choice(
            cond,
            lambda: self.sequence((children[1],)),
            (lambda: self.sequence((children[2],))) if len(children) > 2 else None,
        )

    def _return(self, n: Node) -> None:
        if self.targets:
            self.finish(n, self.targets[-1])
        else:
            self.emit(Return(self.here))

    def leave(self, n: Node) -> None:
        self.emit(Break(self.here))

    def again(self, n: Node) -> None:
        loop = self.loops[-1] if self.loops else None
        if loop is not None and loop.update is not None:
            loop.update()
        self.emit(Continue(self.here))

    # ------------------------------------------------------------ declarations

    def declared(self, d: Node) -> None:
        """A variable of a function. A static one is there once, for all iterations around it, and keeps its value."""
        if not d.is_static or d.type.const or self.space_of(d) is not None:
            self.local(d)
        elif self.platform.model == "serial" and d.type.kind == "array" and d.initializer is None:
            if d.key not in self.env:
                self._at_top(d)
        else:
            raise self.unsupported(d, f"the static variable `{d.spelling}`, which keeps its value from call to call")

    def local(self, d: Node) -> None:
        """A local variable."""
        ctype, init = d.type, d.initializer
        if d.in_text:
            self.here = d.span if not self.here.comment or d.span.line != self.here.line else self.here
        if d.key in self.env and self.targets and self.env[d.key] == self.targets[-1].result:
            place = self.env[d.key]
            if init is not None and isinstance(place, Place) and not _default(init):
                self.copy(place, self.initial(init, place), d)
            return
        if d.key in self.env and self.is_shared(self.space_of(d) or ""):
            return  # one array, however often its declaration is read
        if init is not None and given(init).kind == "LAMBDA_EXPR":
            closure = self.value(init)
            assert isinstance(closure, Closure), "that is what a lambda is read as"
            self.env[d.key] = closure
        elif ctype.reference and init is not None:
            self.env[d.key] = self._reference(d, init)
        elif ctype.is_scalar:
            self.env[d.key] = self._scalar_local(d, ctype, init)
        elif ctype.kind == "pointer":
            self.env[d.key] = self._pointer_local(d, ctype, init)
        elif ctype.has_parts and self._is_apart(d, ctype):
            self.env[d.key] = self._record_local(d, ctype, init)
        elif ctype.dtype is not None:
            self.env[d.key] = self._buffer_local(d, ctype, init)
        elif ctype.kind == "array" and ctype.inner is not None and ctype.inner.kind == "pointer":
            self.env[d.key] = self._pointers(d, init)
        elif ctype.kind in ("opaque", "record", "function"):
            self.env[d.key] = Nothing(ctype.name)
        else:
            raise self.unsupported(d, f"a variable of type `{ctype.name}`")

    def _reference(self, d: Node, init: Node) -> Binding:
        where = self.place(init)
        if isinstance(where, Place):
            return Place(where.buffer, self.steady(where.index, d.spelling), where.type)
        return where

    def _scalar_local(self, d: Node, ctype: CType, init: Node | None) -> Binding:
        dtype = ctype.dtype or DType.I32
        space = self.space_of(d)
        if space not in (None, "local") or d.key in self.addressed:
            place = self.allocate(d.spelling, ctype, space or "local")
            if init is not None:
                self.store(place, self.math.convert(self.scalar(init), dtype), d)
            return place
        known = d.constant if ctype.const and init is not None else None
        if known is not None:
            return Const(float(known) if dtype.is_float else int(known), dtype)
        value = None if init is None else self.math.convert(self._first(init), dtype)
        if ctype.const and isinstance(value, Const):
            return value
        var = self.variable(d.spelling, dtype)
        if d.key in self.mutated:
            self.moving.add(var.name)
        elif value is not None and self.math.nonnegative(value):
            self.math.counters.add(var.name)
        self.declare(var, value)
        return Slot(var)

    def _is_apart(self, d: Node, ctype: CType) -> bool:
        """Whether a record variable is kept member by member: nobody asks where it lies in memory."""
        return ctype.dtype is None or self.symbolic or (
            self.space_of(d) in (None, "local") and d.key not in self.addressed)

    def _record_local(self, d: Node, ctype: CType, init: Node | None) -> Binding:
        if init is not None and not _default(init):
            v = self.initial(init, None)
            if isinstance(v, Closure):
                return v
            if isinstance(v, Fields) and d.key not in self.mutated:
                return self.steadied(v, d.spelling)
            own = self.new_fields(d.spelling, ctype)
            self.assign_members(own, v, d)
            return own
        own = self.new_fields(d.spelling, ctype)
        if init is not None:
            self.set_members(own, d)
        return own

    def _first(self, init: Node) -> Expr:
        if init.kind == "INIT_LIST_EXPR":
            return self.scalar(init.children[0]) if init.children else int_const(0)
        return self.scalar(init)

    def declare(self, var: Var, value: Expr | None) -> None:
        self.emit(Let(var, value, self.here))

    def _pointer_local(self, d: Node, ctype: CType, init: Node | None) -> Binding:
        to = ctype.inner or ctype
        v = None if init is None else self.value(init)
        if isinstance(v, Pointer):
            if to.dtype is not None:
                v = self.pointing(v, to)
            if d.key not in self.mutated:
                v = self.frozen(v, d)
                return Pointer(v.buffer, self.steady(v.index, d.spelling), v.to)
            roaming = Roaming(d.spelling, v.to, key=d.key)
            self.bind_roaming(roaming, v, d)
            return roaming
        if isinstance(v, Raw) and to.dtype is not None:
            return self._scratch(d, to, v)
        if v is None or isinstance(v, Nothing):
            if to.dtype is None:
                return Nothing(ctype.name)
            return Roaming(d.spelling, to, home=self.out, at=len(self.out), key=d.key)
        raise self.unsupported(d, f"a pointer of type `{ctype.name}` made from this")

    def _pointers(self, d: Node, init: Node | None) -> Binding:
        """An array of pointers, all given where it is declared."""
        rows = [] if init is None or init.kind != "INIT_LIST_EXPR" else [self.value(c) for c in init.children]
        if d.key in self.mutated or not rows or not all(isinstance(r, Pointer) for r in rows):
            raise self.unsupported(d, "an array of pointers that are not all given where it is declared")
        return Table(tuple(
            Pointer(p.buffer, self.steady(p.index, d.spelling), p.to)
            for r in rows if isinstance(r, Pointer) for p in (self.frozen(r, d),)
        ))

    def _scratch(self, d: Node, to: CType, v: Raw) -> Pointer:
        """Memory allocated for a pointer: a local buffer."""
        assert to.dtype is not None, "the caller has checked"
        name = self.fresh(d.spelling)
        buffer = Buffer(name, to.dtype, elements(self.math, v.bytes, to.dtype.bytes), "local")
        self.buffers[name] = buffer
        self.emit(Alloc(buffer, (), self.here))
        return Pointer(name, ZERO, to)

    def _buffer_local(self, d: Node, ctype: CType, init: Node | None) -> Binding:
        space = self.space_of(d) or "local"
        if d.is_extern or ctype.count == 0:
            return self._dynamic(d, ctype, space)
        if init is None or _default(init):
            place = self.allocate(d.spelling, self._as_used(d, ctype), space)
            if ctype.kind == "record" and init is not None:
                self.set_members(place, d)
            return place
        if ctype.mixed:
            return self._raw_local(d, ctype, init, space)
        if ctype.kind == "array" and init.kind == "INIT_LIST_EXPR":
            return self.allocate(d.spelling, ctype, space, self.items(init).items)
        with self.captured() as before:
            place = self.allocate(d.spelling, ctype, space)
        self.out.extend(before)
        v = self.initial(init, place)
        if isinstance(v, Items) and ctype.kind == "vector" and space == "local":
            self._set_init(place, v)
        elif v != place:
            self.copy(place, v, d)
        return place

    def _raw_local(self, d: Node, ctype: CType, init: Node, space: str) -> Place:
        """A record, or an array of records, as words in memory."""
        place = self.allocate(d.spelling, ctype, space)
        if ctype.kind != "array":
            self.store(place, self.initial(init, None), d)
            return place
        assert ctype.inner is not None, "an array has elements"
        each = ctype.inner
        for k in range(ctype.count // max(each.count, 1)):
            at = Place(place.buffer, int_const(k * each.count), each)
            given = init.children[k] if k < len(init.children) else None
            v = self._zero(each, d) if given is None else self.initial(given, None)
            self.store(at, v, d)  # type: ignore[arg-type]
        return place

    def _as_used(self, d: Node, ctype: CType) -> CType:
        """The type of an array that the text uses only as an array of another type of the same size."""
        dtype = self.seen_as.get(d.key)
        if dtype is None or ctype.dtype is None or ctype.count * ctype.dtype.bytes % dtype.bytes:
            return ctype
        count = ctype.count * ctype.dtype.bytes // dtype.bytes
        return CType("array", f"{dtype}[]", dtype, count, ctype.const, inner=scalar(dtype))

    def _set_init(self, place: Place, v: Items) -> None:
        self.copy(place, v, self.unit.top[0])

    def _dynamic(self, d: Node, ctype: CType, space: str) -> Place:
        """An array whose size the launch gives."""
        if self.dynamic_shared is None or ctype.dtype is None:
            raise self.fault(
                "XP1006", f"the size of `{d.spelling}` is not known", d,
                "no launch says how many bytes of dynamic memory there are",
            )
        ctype = self._as_used(d, ctype)
        assert ctype.dtype is not None, "an array has elements"
        extent = self.math.index(self.math.binary("/", self.dynamic_shared, int_const(ctype.dtype.bytes)))
        return self.dynamic_buffer(d, ctype, space, extent)

    def dynamic_buffer(self, d: Node, ctype: CType, space: str, extent: Expr) -> Place:
        raise NotImplementedError

    def space_of(self, d: Node) -> str | None:
        """The space a variable is declared in, None where its declaration says nothing."""
        if (space := d.note("xp.space:")) is not None:
            return space
        if "CUDASHARED_ATTR" in d.attributes:
            return next((s.name for s in self.platform.spaces if s.scope == "block"), "shared")
        return None

    def foreign(self, decl: Node, n: Node) -> Binding:
        """A variable of the file used in a kernel: a constant or a table."""
        init, ctype = decl.initializer, decl.type
        if decl.spelling in self.builtins and ctype.is_scalar:
            return self.builtins[decl.spelling]
        space = self.space_of(decl)
        if decl.is_extern or space not in (None, "constant", "local"):
            if space is not None and ctype.dtype is not None and not ctype.is_scalar:
                return self._at_top(decl)
            raise self.unsupported(n, f"the file-scope variable `{decl.spelling}`")
        # Of a static array nobody outside sees anything; before it is written it holds what differs between runs.
        scratch = self.platform.model == "serial" and ctype.kind == "array" and init is None and decl.is_static
        if ctype.dtype is None or not scratch and (init is None or not ctype.const and space is None):
            raise self.unsupported(n, f"the file-scope variable `{decl.spelling}`")
        return self._at_top(decl)

    def _at_top(self, decl: Node) -> Binding:
        """Declare a variable of the file at the top of the kernel."""
        with self.captured() as before:
            self.local(decl)
        self.tables.extend(before)
        return self.env[decl.key]


def _default(init: Node) -> bool:
    """A default constructor that does nothing."""
    if init.kind != "CALL_EXPR" or init.children or init.arguments:
        return False
    made = None if init.referenced is None else init.referenced.definition
    if made is None:
        return True
    members = any(c.kind == "MEMBER_REF" for c in made.every_child)
    return not members and (made.body is None or not made.body.children)


