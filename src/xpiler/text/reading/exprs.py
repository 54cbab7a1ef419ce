"""Expressions: operators, conversions and the statements that their side effects become, in C's order."""

from __future__ import annotations

from collections.abc import Callable

from xpiler.ir.nodes import Assign, Const, Expr, If, Stmt, Var
from xpiler.ir.types import DType, common
from xpiler.text.arithmetic import COMPARE, FALSE, ONE, TRUE, ZERO, int_const
from xpiler.text.clang import Node
from xpiler.text.ctype import CType
from xpiler.text.reading.records import Records
from xpiler.text.reading.values import (
    NULL, Binding, Closure, Each, Fields, Items, Lvalue, Member, Nothing, Place, Pointer, Raw, Roaming, Slot, Value,
)

_CASTS = frozenset({
    "CSTYLE_CAST_EXPR", "CXX_STATIC_CAST_EXPR", "CXX_REINTERPRET_CAST_EXPR", "CXX_CONST_CAST_EXPR",
    "CXX_FUNCTIONAL_CAST_EXPR", "UNEXPOSED_EXPR",
})
_LITERALS = frozenset({
    "INTEGER_LITERAL", "FLOATING_LITERAL", "CHARACTER_LITERAL", "CXX_BOOL_LITERAL_EXPR",
    "CXX_UNARY_EXPR",
})
_STEPS = {"x++": "+", "++x": "+", "x--": "-", "--x": "-"}


class Expressions(Records):
    """Reading expressions for their value."""

    def value(self, n: Node) -> Value:
        kind = n.kind
        if kind in _LITERALS:
            return self.constant(n)
        if kind == "PAREN_EXPR":
            return self.value(n.children[0])
        if kind in _CASTS:
            return self._cast(n)
        match kind:
            case "DECL_REF_EXPR":
                return self._name(n)
            case "MEMBER_REF_EXPR":
                return self._member_value(n)
            case "ARRAY_SUBSCRIPT_EXPR" | "CXX_THIS_EXPR":
                return self.loaded(self.place(n), n)
            case "UNARY_OPERATOR":
                return self._unary(n)
            case "BINARY_OPERATOR":
                return self._binary(n)
            case "COMPOUND_ASSIGNMENT_OPERATOR":
                return self.loaded(self.compound(n), n)
            case "CONDITIONAL_OPERATOR":
                return self._conditional(n)
            case "CALL_EXPR":
                v = self.call(n)
                referred = isinstance(v, Slot | Roaming) or isinstance(v, Place) and v.type.is_scalar
                return self.loaded(v, n) if referred else v
            case "INIT_LIST_EXPR" if n.type.has_parts:
                return self.listed(n)
            case "INIT_LIST_EXPR" if n.type.mixed and n.type.kind == "record":
                return self.listed_union(n)
            case "INIT_LIST_EXPR":
                return self.items(n)
            case "LAMBDA_EXPR":
                return self.closure(n)
            case "COMPOUND_LITERAL_EXPR" if n.children:
                return self.value(n.children[-1])
            case "CXX_NULL_PTR_LITERAL_EXPR" | "GNU_NULL_EXPR":
                return NULL
        raise self.unsupported(n)

    def call(self, n: Node, into: Place | None = None) -> Value:
        """A call of any function; `into` is a fresh place that an aggregate result may be put in."""
        raise NotImplementedError

    def closure(self, n: Node) -> Value:
        """A lambda as a value."""
        raise NotImplementedError

    def is_intrinsic(self, n: Node) -> bool:
        """Whether an expression is a call that stays a call."""
        raise NotImplementedError

    def constant(self, n: Node) -> Expr:
        known = n.constant
        if known is None or n.type.dtype is None:
            raise self.unsupported(n)
        value = float(known) if n.type.dtype.is_float else int(known)
        return Const(value, n.type.dtype)

    # ------------------------------------------------------------ names

    def _name(self, n: Node) -> Value:
        decl = n.referenced
        if decl is None or decl.kind == "TEMPLATE_NON_TYPE_PARAMETER":
            return self.value(n.children[-1]) if n.children else self.constant(n)
        if decl.key in self.env:
            return self.loaded(self.env[decl.key], n)
        if decl.spelling in self.builtins and not decl.in_text:
            return self.math.convert(self.builtins[decl.spelling], n.type.dtype or DType.I32)
        if decl.kind == "ENUM_CONSTANT_DECL":
            return Const(decl.enum_value, DType.I32)
        if decl.kind == "VAR_DECL" and n.type.is_scalar and n.type.const:
            known = n.constant
            if known is not None:
                return self.constant(n)
        if decl.kind == "VAR_DECL":
            return self.loaded(self.foreign(decl, n), n)
        if n.children:
            return self.value(n.children[-1])
        raise self.unsupported(n)

    def _member_value(self, n: Node) -> Value:
        if n.children:
            base = n.children[0]
            while base.kind == "UNEXPOSED_EXPR" and base.children:
                base = base.children[-1]
            decl = base.referenced if base.kind == "DECL_REF_EXPR" else None
            if decl is not None and decl.key not in self.env:
                built_in = self.builtins.get(f"{decl.spelling}.{n.spelling}")
                if built_in is not None:
                    return self.math.convert(built_in, n.type.dtype or DType.U32)
        known = n.constant
        if known is not None and n.type.is_scalar and (
            n.referenced is None or n.referenced.kind == "VAR_DECL"
        ):
            return self.constant(n)
        return self.loaded(self.place(n), n)

    # ------------------------------------------------------------ conversions

    def _cast(self, n: Node) -> Value:
        if not n.children:
            known = n.constant
            return self.constant(n) if known is not None and n.type.is_scalar else Nothing()
        if n.type.reference:
            return self.loaded(self.place(n), n)
        return self.coerced(self.value(n.children[-1]), n.type, n)

    def coerced(self, v: Value, to: CType, n: Node) -> Value:
        """A value converted to a type, implicitly or by a cast."""
        match to.kind, v:
            case "scalar", Pointer():
                if to.dtype is DType.BOOL:
                    return TRUE
                raise self.unsupported(n, "an address as a number")
            case "scalar", (Nothing() | Raw()):
                return v
            case "scalar", (Items(items=(only,)) | (Const() as only)):
                return self.math.convert(only, to.dtype or DType.I32)
            case "scalar", (Place() | Items() | Each() | Fields()):
                raise self.unsupported(n, f"`{v.type.name}` as a number")
            case "scalar", _:
                return self.math.convert(self.scalar_of(v, n), to.dtype or DType.I32)
            case "pointer", Pointer():
                return self.pointing(v, to.inner if to.inner is not None else v.to)
            case "pointer", Const():
                return NULL
            case "pointer", Fields():
                return v
            case "vector", (Place() | Items() | Each()) if v.type.count == to.count:
                if v.type.dtype == to.dtype:
                    return v
                return Place(v.buffer, v.index, to) if isinstance(v, Place) else v
            case ("vector" | "record"), (Place() | Fields() | Closure()):
                return v
            case "vector", (Pointer() | Nothing() | Place() | Items() | Each() | Raw()):
                return v
            case "vector", _:
                e = self.math.convert(self.scalar_of(v, n), to.dtype or DType.F32)
                return Each(lambda i: e, to)
            case "void", _:
                return Nothing()
        return v

    def condition(self, n: Node) -> Expr:
        v = self.value(n)
        if isinstance(v, Pointer) or v == NULL:
            return FALSE if v == NULL else TRUE
        return self.math.truth(self.scalar_of(v, n))

    # ------------------------------------------------------------ operators

    def _unary(self, n: Node) -> Value:
        child = n.children[-1]
        match n.unary:
            case "&":
                return self._address_of(child, n)
            case "*":
                return self.loaded(self.place(n), n)
            case "x++" | "x--":
                return self.step(n, keep=True)
            case "++x" | "--x":
                return self.step(n, keep=False)
            case "-" | "~" | "+" | "!" if n.type.kind == "vector":
                op, parts = n.unary, self.parts(self.value(child), n)
                return Each(lambda i: self.math.unary(op, self.part(parts, i)), n.type)
            case "-" | "~" | "+" | "!":
                v = self.value(child)
                if isinstance(v, Nothing) or isinstance(v, Pointer) and n.unary == "!":
                    return TRUE if isinstance(v, Nothing) else FALSE
                return self.math.convert(
                    self.math.unary(n.unary, self.scalar_of(v, child)), n.type.dtype or DType.I32
                )
        raise self.unsupported(n)

    def _address_of(self, child: Node, n: Node) -> Value:
        where = self.place(child)
        if isinstance(where, Place):
            if where.type.kind == "array" and n.type.inner is not None:
                return Pointer(where.buffer, where.index, n.type.inner)
            return Pointer(where.buffer, where.index, where.type)
        if isinstance(where, Fields):  # what points to it stands for it
            return where
        raise self.unsupported(n, "the address of this")

    def step(self, n: Node, keep: bool) -> Value:
        """++ and --; with `keep` the value before."""
        where = self.place(n.children[0])
        before = self._advance(n, where, keep)
        return before if keep else self.loaded(where, n)

    def stepped(self, n: Node) -> Lvalue | Binding:
        """++x or --x as an lvalue: x, changed once."""
        where = self.place(n.children[0])
        self._advance(n, where, keep=False)
        return where

    def _advance(self, n: Node, where: Lvalue | Binding, keep: bool) -> Value:
        """Change what lies in a place by one; its value before, a copy of it with `keep`."""
        old, op = self.loaded(where, n), _STEPS[n.unary]
        if isinstance(old, Pointer):
            before = Pointer(old.buffer, self.kept(old.index), old.to) if keep else old
            self.store(where, self.advanced(old, ONE, n, op), n)
            return before
        e = self.scalar_of(old, n)
        if keep:
            e = self.kept(e)
        one = Const(1.0 if e.dtype.is_float else 1, e.dtype)
        self.store(where, self.math.binary(op, e, one), n)
        return e

    def _binary(self, n: Node) -> Value:
        left, right = n.children
        match n.binary:
            case "=":
                return self.loaded(self.assign(n), n)
            case ",":
                self.effect(left)
                return self.value(right)
            case "&&" | "||":
                return self._short_circuit(n)
            case "+" | "-" if "pointer" in (left.type.kind, right.type.kind):
                return self._pointer_sum(n, left, right)
        if n.type.kind == "vector":
            a, b = self.value(left), self.value(right)
            x, y, op = self.parts(a, left), self.parts(b, right), n.binary
            if op in COMPARE:  # each lane all ones or zero
                yes, no = Const(-1, n.type.dtype or DType.I32), Const(0, n.type.dtype or DType.I32)
                return Each(lambda i: self.math.select(
                    self.math.binary(op, self.part(x, i), self.part(y, i)), yes, no), n.type)
            return Each(lambda i: self.math.binary(op, self.part(x, i), self.part(y, i)), n.type)
        a, b = self.value(left), self.value(right)
        if isinstance(a, Pointer | Nothing) or isinstance(b, Pointer | Nothing):
            return self._compare_pointers(n, a, b)
        result = self.math.binary(n.binary, self.scalar_of(a, left), self.scalar_of(b, right))
        return result if n.binary in COMPARE else self.math.convert(result, n.type.dtype or result.dtype)

    def _compare_pointers(self, n: Node, a: Value, b: Value) -> Value:
        if isinstance(a, Pointer) and isinstance(b, Pointer):
            a, b = self.in_one_unit(a, b)
            places = self.math.binary(n.binary, a.index, b.index)
            of = self.bases((a.buffer, b.buffer))
            if a.buffer == b.buffer or n.binary not in ("==", "!=") and of == self.bases((a.buffer,)):
                return places
            x, y = self.which_of(a.buffer, of), self.which_of(b.buffer, of)
            if n.binary in ("==", "!=") and x is not None and y is not None:
                buffers = self.math.binary(n.binary, x, y)
                return self.math.binary("&&" if n.binary == "==" else "||", places, buffers)
        elif n.binary in ("==", "!="):
            null = isinstance(a, Nothing) and isinstance(b, Nothing)
            return TRUE if null == (n.binary == "==") else FALSE
        raise self.unsupported(n, "a comparison of these pointers")

    def _pointer_sum(self, n: Node, left: Node, right: Node) -> Value:
        a, b = self.value(left), self.value(right)
        match a, b:
            case Pointer(), Pointer() if self.bases((a.buffer,)) == self.bases((b.buffer,)):
                a, b = self.in_one_unit(a, b)
                far = self.math.binary("-", a.index, b.index)
                gap = self.math.binary("/", far, int_const(self.stride(a, n)))
                return self.math.convert(gap, DType.I64)
            case Pointer(), _:
                return self.advanced(a, self.scalar_of(b, right), n, n.binary)
            case _, Pointer():
                return self.advanced(b, self.scalar_of(a, left), n)
        raise self.unsupported(n)

    def _short_circuit(self, n: Node) -> Expr:
        a = self.condition(n.children[0])
        if isinstance(a, Const):
            decided = bool(a.value) == (n.binary == "||")
            return a if decided else self.condition(n.children[1])
        with self.captured() as extra:
            b = self.condition(n.children[1])
        if not extra:
            return self.math.binary(n.binary, a, b)
        var = self.kept(a, "ok")
        self.moving.add(var.name)
        extra.append(Assign(var, b, self.here))
        cond: Expr = var if n.binary == "&&" else self.math.unary("!", var)
        self.emit(If(cond, tuple(extra), (), self.here))
        return var

    # ------------------------------------------------------------ choice

    def _conditional(self, n: Node) -> Value:
        test, yes, no = n.children
        cond = self.condition(test)
        if isinstance(cond, Const):
            return self.value(yes if cond.value else no)
        with self.captured() as before_a:
            a = self.value(yes)
        with self.captured() as before_b:
            b = self.value(no)
        if isinstance(a, Pointer) and isinstance(b, Pointer):
            return self.choose_pointer(n, cond, a, b)
        if n.type.has_parts and not before_a and not before_b:
            return self.chosen(cond, a, b, n.type, n)
        if n.type.has_parts:
            return self._branched(n, cond, (before_a, a), (before_b, b))
        if n.type.kind in ("vector", "record"):
            if before_a or before_b:
                return self._branched(n, cond, (before_a, a), (before_b, b))
            p, q = self.parts(a, yes), self.parts(b, no)
            return Each(
                lambda i: self.math.select(cond, self.part(p, i), self.part(q, i)), n.type
            )
        if n.type.kind == "void":
            self.emit(If(cond, tuple(before_a), tuple(before_b), self.here))
            return Nothing()
        x, y = self.scalar_of(a, yes), self.scalar_of(b, no)
        if not before_a and not before_b:
            return self.math.select(cond, x, y)
        dtype = n.type.dtype or common(x.dtype, y.dtype)
        return self._branches(cond, dtype, (before_a, x), (before_b, y))

    def _branched(
        self, n: Node, cond: Expr, a: tuple[list[Stmt], Value], b: tuple[list[Stmt], Value]
    ) -> Place | Fields:
        """A choice between aggregates or records that take statements to make."""
        result = self.new_fields("choice", n.type) if n.type.has_parts else self.allocate("choice", n.type)
        bodies: list[tuple[Stmt, ...]] = []
        for before, v in (a, b):
            with self.captured() as inside:
                self.out.extend(before)
                self.store(result, v, n)
            bodies.append(tuple(inside))
        self.emit(If(cond, bodies[0], bodies[1], self.here))
        return result

    def _branches(
        self, cond: Expr, dtype: DType, a: tuple[list[Stmt], Expr], b: tuple[list[Stmt], Expr]
    ) -> Var:
        var = self.variable("choice", dtype)
        self.moving.add(var.name)
        self.declare(var, None)
        bodies = [
            (*before, Assign(var, self.math.convert(e, dtype), self.here)) for before, e in (a, b)
        ]
        self.emit(If(cond, bodies[0], bodies[1], self.here))
        return var

    def choose_pointer(self, n: Node, cond: Expr, a: Pointer, b: Pointer) -> Pointer:
        cond = self.steady(cond, "chosen") if a.buffer != b.buffer else cond
        index = self.math.select(cond, a.index, b.index)
        if a.buffer == b.buffer:
            return Pointer(a.buffer, index, a.to)
        which = self.math.select(cond, ZERO, ONE)
        return Pointer(self.either("at", which, (a.buffer, b.buffer), n), index, a.to)

    # ------------------------------------------------------------ assignment

    def assign(self, n: Node) -> Lvalue:
        """left = right; the place assigned to."""
        left, right = n.children
        where = self.place_to_write(left)
        direct = isinstance(where, Place) and self.is_intrinsic(right)
        v = self.initial(right, where if direct and isinstance(where, Place) else None)
        if left.type.is_scalar:
            v = self.coerced(v, left.type, right)
        self.store(where, v, n)
        return where

    def place_to_write(self, n: Node) -> Lvalue:
        where = self.place(n)
        if isinstance(where, Slot | Place | Roaming | Fields | Member):
            return where
        raise self.unsupported(n, f"an assignment to {n.pretty}")

    def initial(self, n: Node, into: Place | None) -> Value:
        """A value that is about to be stored; aggregates may be built in the fresh place `into`."""
        inner = n
        while inner.kind in ("PAREN_EXPR", "UNEXPOSED_EXPR") and len(inner.children) == 1:
            inner = inner.children[0]
        if inner.kind == "CALL_EXPR" and (n.type.is_aggregate or n.type.has_parts):
            return self.call(inner, into)
        return self.value(n)

    def compound(self, n: Node) -> Lvalue:
        """left op= right; the place assigned to."""
        left, right = n.children
        op = n.binary[:-1]
        where = self.place_to_write(left)
        by = self.value(right)
        old = self.loaded(where, n)
        if isinstance(old, Pointer):
            self.store(where, self.advanced(old, self.scalar_of(by, right), n, op), n)
        elif left.type.kind == "vector" and isinstance(where, Place):
            x, y = self.parts(where, left), self.parts(by, right)
            dtype = left.type.dtype or DType.F32
            self.copy(where, Each(
                lambda i: self.math.convert(
                    self.math.binary(op, self.part(x, i), self.part(y, i)), dtype
                ), left.type,
            ), n)
        else:
            e = self.math.binary(op, self.scalar_of(old, left), self.scalar_of(by, right))
            self.store(where, e, n)
        return where

    def items(self, n: Node) -> Items:
        """An initializer list, flattened; what is not said is zero."""
        ctype = n.type
        if ctype.dtype is None:
            raise self.unsupported(n, f"an initializer of type `{ctype.name}`")
        dtype = ctype.dtype
        found = [Const(0.0 if dtype.is_float else 0, dtype)] * max(ctype.count, 1)
        self._fill(n, 0, found)  # type: ignore[arg-type]
        return Items(tuple(found), ctype)

    def _fill(self, n: Node, at: int, found: list[Expr]) -> None:
        for child in n.children:
            inner = child
            while inner.kind == "UNEXPOSED_EXPR" and len(inner.children) == 1:
                inner = inner.children[0]
            if inner.kind == "INIT_LIST_EXPR" and inner.type.kind != "scalar":
                self._fill(inner, at, found)
            elif child.type.is_scalar or inner.kind == "INIT_LIST_EXPR":
                found[at] = self.math.convert(self._item(inner, child), found[at].dtype)
            elif child.type.dtype is not None and not (inner.kind == "UNEXPOSED_EXPR" and not inner.children):
                parts = self.parts(self.value(child), child)
                for k in range(child.type.count):
                    found[at + k] = self.part(parts, int_const(k))
            at += max(child.type.count, 1)

    def _item(self, inner: Node, child: Node) -> Expr:
        if inner.kind == "INIT_LIST_EXPR":
            if not inner.children:
                return int_const(0)
            return self.scalar(inner.children[0])
        if child.kind == "UNEXPOSED_EXPR" and not child.children and child.constant is None:
            return int_const(0)
        return self.scalar(child)

    # ------------------------------------------------------------ statements

    def effect(self, n: Node) -> None:
        """An expression for its side effects alone."""
        while n.kind == "PAREN_EXPR" or n.kind in _CASTS and len(n.children) == 1:
            n = n.children[-1]
        match n.kind:
            case "BINARY_OPERATOR" if n.binary == "=":
                self.assign(n)
            case "BINARY_OPERATOR" if n.binary == ",":
                self.effect(n.children[0])
                self.effect(n.children[1])
            case "COMPOUND_ASSIGNMENT_OPERATOR":
                self.compound(n)
            case "UNARY_OPERATOR" if n.unary in _STEPS:
                self.step(n, keep=False)
            case "CONDITIONAL_OPERATOR":
                self._either(n)
            case "CALL_EXPR":
                self.call_for_effect(n)
            case "DECL_REF_EXPR" | "MEMBER_REF_EXPR":
                pass
            case _:
                self.value(n)

    def call_for_effect(self, n: Node) -> None:
        self.call(n)

    def _either(self, n: Node) -> None:
        cond = self.condition(n.children[0])
        self.choice(cond, lambda: self.effect(n.children[1]), lambda: self.effect(n.children[2]))

    def choice(
        self, cond: Expr, then: Callable[[], None], orelse: Callable[[], None] | None
    ) -> None:
        """If(cond) with bodies read by two functions; a known condition leaves one of them."""
        if isinstance(cond, Const):
            chosen = then if cond.value else orelse
            if chosen is not None:
                chosen()
            return
        with self.captured() as yes:
            then()
        with self.captured() as no:
            if orelse is not None:
                orelse()
        if yes:
            self.emit(If(cond, tuple(yes), tuple(no), self.here))
        elif no:
            self.emit(If(self.math.negated(cond), tuple(no), (), self.here))
