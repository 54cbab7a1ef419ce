"""Lvalues: where a variable, element, member or dereferenced pointer lies, and loading and storing there."""

from __future__ import annotations

from xpiler.ir.nodes import Addr, Assign, Binary, Cast, Const, Expr, For, Let, Load, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import subexpressions
from xpiler.text.arithmetic import ONE, ZERO, int_const
from xpiler.text.clang import Node
from xpiler.text.ctype import CType, scalar
from xpiler.text.reading.copies import ByteCopies
from xpiler.text.reading.values import (
    NOT_SCALAR, NULL, Aggregate, Binding, Closure, Each, Fields, Items, Lvalue, Member, Nothing, Place, Pointer, Raw,
    Roaming, Slot, Table, Value,
)
from xpiler.text.reading.views import Either, Several, word_of

_UNROLLED = 4
_NO_OPS = frozenset({
    "PAREN_EXPR", "UNEXPOSED_EXPR", "CXX_CONST_CAST_EXPR", "CXX_STATIC_CAST_EXPR",
    "CXX_FUNCTIONAL_CAST_EXPR",
})


class Places(ByteCopies):
    """Reading and writing storage."""

    # ------------------------------------------------------------ finding

    def place(self, n: Node) -> Lvalue | Binding:
        """Where an lvalue lies; a value that has no place is put into one."""
        match n.kind:
            case "DECL_REF_EXPR" if n.referenced is not None and n.referenced.key in self.env:
                return self.env[n.referenced.key]
            case "DECL_REF_EXPR" if n.referenced is not None and n.referenced.kind == "VAR_DECL":
                return self.foreign(n.referenced, n)
            case "ARRAY_SUBSCRIPT_EXPR":
                return self._element(n)
            case "UNARY_OPERATOR" if n.unary == "*" and _is_this(n.children[-1]):
                return self.this[-1]
            case "UNARY_OPERATOR" if n.unary == "*":
                return self.pointee(self.pointer(n.children[-1]), n)
            case "UNARY_OPERATOR" if n.unary in ("++x", "--x"):
                return self.stepped(n)
            case "MEMBER_REF_EXPR":
                return self._member(n)
            case "CXX_THIS_EXPR":
                return self.this[-1]
            case "CALL_EXPR":
                found = self.call(n)
                return found if isinstance(found, Slot | Roaming) else self.housed(found, n)
            case "CXX_REINTERPRET_CAST_EXPR" | "CSTYLE_CAST_EXPR" if n.type.reference:
                inside = self.place(n.children[-1])
                if isinstance(inside, Place):
                    return Place(inside.buffer, inside.index, n.type)
            case "BINARY_OPERATOR" | "COMPOUND_ASSIGNMENT_OPERATOR" if n.binary.endswith("="):
                if n.binary not in ("==", "!=", "<=", ">="):
                    return self.assign(n) if n.binary == "=" else self.compound(n)
            case kind if kind in _NO_OPS and n.children:
                child = n.children[-1]
                same = child.type.kind == n.type.kind and child.type.dtype == n.type.dtype
                if same and n.type.kind != "pointer":
                    return self.place(child)
        return self.housed(self.value(n), n)

    def call(self, n: Node, into: Place | None = None) -> Value:
        """A call; see `calls`. A function that gives a reference back gives what it refers to."""
        raise NotImplementedError

    def stepped(self, n: Node) -> Lvalue | Binding:
        """++x or --x as an lvalue; see `exprs`."""
        raise NotImplementedError

    def assign(self, n: Node) -> Lvalue:
        """x = y as an lvalue; see `exprs`."""
        raise NotImplementedError

    def compound(self, n: Node) -> Lvalue:
        """x += y as an lvalue; see `exprs`."""
        raise NotImplementedError

    def foreign(self, decl: Node, n: Node) -> Binding:
        """A variable declared outside the kernel; see `statements`."""
        raise NotImplementedError

    def housed(self, v: Value, n: Node) -> Lvalue:
        """A value put into storage of its own."""
        match v:
            case Place() | Fields():
                return v
            case Items() | Each():
                place = self.allocate("v", v.type)
                self.copy(place, v, n)
                return place
            case Pointer() | Nothing() | Raw() | Closure() | Table():
                raise self.unsupported(n)
        return Slot(self.kept(v))

    def aggregate_place(self, n: Node) -> Place:
        found = self.place(n)
        if isinstance(found, Items | Each):
            found = self.housed(found, n)
        if isinstance(found, Place):
            return found
        raise self.unsupported(n)

    def record_place(self, n: Node) -> Place | Fields:
        """Where a record lies, in memory or member by member."""
        found = self.place(n)
        return found if isinstance(found, Fields) else self.aggregate_place(n)

    def member_of(self, base: Place | Fields, name: str, n: Node) -> Binding:
        """Where a member of a record lies; see `records`."""
        raise NotImplementedError

    def assign_members(self, to: Place | Fields, v: Value, n: Node) -> None:
        """Assign a record; see `records`."""
        raise NotImplementedError

    def _element(self, n: Node) -> Binding:
        base, at = n.children[0], n.children[1]
        if (table := self.table(base)) is not None:
            return self.chosen_pointer(table, self.scalar(at), n)
        if base.type.kind == "vector":
            where = self.aggregate_place(base)
            index = self.scalar(at)
            return Place(where.buffer, self.math.add(where.index, self.math.index(index)), n.type)
        pointer = self.pointer(base)
        return self.pointee(self.advanced(pointer, self.scalar(at), n), n)

    def _member(self, n: Node) -> Binding:
        if not n.spelling:  # an unnamed inner struct or union: its members are looked for by name
            return self.record_owner(n)
        return self.member_of(self.record_owner(n), n.spelling, n)

    def record_owner(self, n: Node) -> Place | Fields:
        """The record that a member expression or a method call is about."""
        owner = n.children[0] if n.children else None
        while owner is not None and owner.kind in ("UNEXPOSED_EXPR", "PAREN_EXPR") and len(owner.children) == 1:
            if owner.type.kind != "pointer":
                break
            owner = owner.children[0]
        if owner is None or owner.kind == "CXX_THIS_EXPR":
            return self.this[-1]
        if owner.type.kind == "pointer":
            v = self.value(owner)
            return v if isinstance(v, Fields) else self.pointee(self.pointing_somewhere(v, owner), n)
        return self.record_place(owner)

    # ------------------------------------------------------------ pointers

    def pointer(self, n: Node) -> Pointer:
        return self.pointing_somewhere(self.value(n), n)

    def pointing_somewhere(self, v: Value, n: Node) -> Pointer:
        if isinstance(v, Pointer):
            return v
        if v == NULL:
            raise self.fault("XP1009", "what is read or written here is behind a null pointer", n,
                             "a launch passes nullptr, and nothing the kernel asks keeps it from here",
                             "memory for it, or a choice by the pointer itself")
        raise self.fault("XP1005", "this pointer does not point into a known buffer", n)

    def pointee(self, p: Pointer, n: Node) -> Place:
        return Place(p.buffer, p.index, p.to)

    def advanced(self, p: Pointer, by: Expr, n: Node, op: str = "+") -> Pointer:
        """p + by, or p - by."""
        step = self.math.binary("*", self.math.index(by), int_const(self.stride(p, n)))
        index = self.math.add(p.index, step) if op == "+" else self.math.binary("-", p.index, step)
        return Pointer(p.buffer, index, p.to)

    def stride(self, p: Pointer, n: Node) -> int:
        """How many elements of its buffer a pointer passes over in one step."""
        dtype = self.buffers[p.buffer].dtype
        if p.to.dtype is None or p.to.count == 0:
            return 1
        if p.to.dtype.bytes * p.to.count % dtype.bytes:
            raise self.fault(
                "XP1011", f"`{p.buffer}` holds {dtype} and is stepped through as {p.to.name}", n
            )
        return p.to.dtype.bytes * p.to.count // dtype.bytes

    def pointing(self, p: Pointer, to: CType) -> Pointer:
        """A pointer as one to things of another type; to parts of elements, it is counted in bytes."""
        if to.dtype is None:
            return p
        p = self.in_stretch(p, to)
        p = self.out_of_bytes(Pointer(p.buffer, p.index, to))
        if to.count and to.dtype.bytes * to.count % self.buffers[p.buffer].dtype.bytes:
            p = self.in_bytes(p)
        return p

    def table(self, n: Node) -> Table | None:
        """The array of pointers an expression names."""
        while n.kind in ("PAREN_EXPR", "UNEXPOSED_EXPR") and len(n.children) == 1:
            n = n.children[0]
        if n.kind not in ("DECL_REF_EXPR", "MEMBER_REF_EXPR") or n.type.kind != "array" or n.type.dtype is not None:
            return None
        found = self.place(n)
        if isinstance(found, Member):
            found = found.fields.members[found.name]
        return found if isinstance(found, Table) else None

    def chosen_pointer(self, table: Table, at: Expr, n: Node) -> Pointer:
        """A pointer of an array of pointers."""
        rows = table.rows
        if isinstance(at, Const):
            if not 0 <= int(at.value) < len(rows):
                raise self.unsupported(n, f"element {at.value} of {len(rows)} pointers")
            return rows[int(at.value)]
        which = self.steady(self.math.index(at), "which")
        index = rows[-1].index
        for k in reversed(range(len(rows) - 1)):
            index = self.math.select(self.math.binary("==", which, int_const(k)), rows[k].index, index)
        names = tuple(r.buffer for r in rows)
        buffer = names[0] if len(set(names)) == 1 else self.either("row", which, names, n)
        return Pointer(buffer, index, rows[0].to)

    def bind_roaming(self, slot: Roaming, p: Pointer, n: Node) -> None:
        """Assign to a pointer variable."""
        if slot.offset is None:
            self._first_bound(slot, p, n)
            return
        which = self.which_of(p.buffer, slot.of) if slot.of else None
        if slot.of and which is None or not slot.of and slot.buffer != p.buffer:
            raise self._elsewhere(slot, p, n)
        offset = self.math.convert(p.index, slot.offset.dtype)
        if which is not None and slot.which is not None:
            which = self.steady(which)
            self.emit(Assign(slot.offset, offset, self.here))
            self.emit(Assign(slot.which, which, self.here))
            return
        self.emit(Assign(slot.offset, offset, self.here))

    def _first_bound(self, slot: Roaming, p: Pointer, n: Node) -> None:
        """Where a pointer variable points at first, and among which buffers it will move."""
        slot.to = p.to if slot.to.dtype is None else slot.to
        known = () if self.several is None else sorted(self.several.get(slot.key, ()))
        slot.of = tuple(name for name in known if name in self.buffers)
        if not slot.of and isinstance(self.views.get(p.buffer), Either):
            slot.of = self.bases((p.buffer,))
        dtype = DType.I32 if p.index.dtype.bits <= 32 else DType.I64
        slot.offset = self.variable(slot.name, dtype)
        self.moving.add(slot.offset.name)
        variables = [(slot.offset, self.math.convert(p.index, dtype))]
        slot.buffer = p.buffer
        if slot.of:
            which = self.which_of(p.buffer, slot.of)
            if which is None:
                raise self._elsewhere(slot, p, n)
            slot.which = self.variable("which", DType.I32)
            self.moving.add(slot.which.name)
            slot.buffer = self.either(f"{slot.name}_at", slot.which, slot.of, n)
            variables.append((slot.which, which))
        for var, value in variables:
            if slot.home is None or slot.home is self.out:
                self.declare(var, value)
            else:  # it outlives this block
                slot.home.insert(slot.at, Let(var, None, self.here))
                self.emit(Assign(var, value, self.here))

    def _elsewhere(self, slot: Roaming, p: Pointer, n: Node) -> Exception:
        """A pointer variable is given a buffer that it was not known to point into."""
        buffers = frozenset(self.bases((slot.buffer, p.buffer))) | frozenset(slot.of)
        known: frozenset[str] = frozenset() if self.several is None else self.several.get(slot.key, frozenset())
        if self.several is not None and slot.key and not buffers <= known:
            return Several(slot.key, buffers | known)
        return self.fault(
            "XP1007", f"`{slot.name}` may point into {' or '.join(f'`{b}`' for b in sorted(buffers))}", n,
            "the buffers a pointer variable moves between must be known when the text is read",
            "two variables, one for each buffer",
        )

    def declare(self, var: Var, value: Expr | None) -> None:
        raise NotImplementedError

    def address(self, p: Pointer | Place) -> Addr:
        return Addr(p.buffer, self.math.index(p.index), self.buffers[p.buffer].dtype)

    # ------------------------------------------------------------ loading

    def scalar(self, n: Node) -> Expr:
        """The value of an expression that must be a scalar."""
        v = self.value(n)
        match v:
            case Place():
                if v.type.dtype is not None and v.type.count == 1:
                    return self.load(Place(v.buffer, v.index, scalar(v.type.dtype)), n)
        return self.scalar_of(v, n)

    def scalar_of(self, v: Value, n: Node) -> Expr:
        if isinstance(v, NOT_SCALAR):
            raise self.unsupported(n, f"{n.pretty} of type `{n.type.name}` here")
        return v

    def loaded(self, where: Lvalue | Binding, n: Node) -> Value:
        """What a place holds: arrays decay, aggregates stay where they are."""
        match where:
            case Slot(var):
                return var
            case Place(type=CType(kind="array", inner=CType() as inner)):
                return Pointer(where.buffer, where.index, inner)
            case Place() if where.type.is_scalar:
                return self.load(where, n)
            case Place():
                return where
            case Member(fields, name):
                return self.loaded(fields.members[name], n)
            case Roaming(offset=None, name=name):
                raise self.unsupported(n, f"`{name}`, a pointer used before it points anywhere,")
            case Roaming(buffer=buffer, offset=Var() as offset, to=to):
                return Pointer(buffer, offset, to)
            case Roaming():
                raise self.unsupported(n, "a pointer without an offset")
        return where

    def load(self, where: Place, n: Node) -> Expr:
        """A scalar of a buffer; a wider integer is put together from narrower ones, lowest first."""
        held, want = self.buffers[where.buffer].dtype, where.type.dtype
        assert want is not None, "a scalar has a type"
        index = self.math.index(where.index)
        whole = self.fetch(where.buffer, index)
        if held == want:
            return whole
        if held.bits == want.bits:
            return self.same_bits(whole, want)
        if held.bits > want.bits:  # the lowest bytes come first
            return self.same_bits(self.math.convert(self.same_bits(whole, word_of(held)), word_of(want)), want)
        return self.same_bits(self._joined(where.buffer, index, held, want), want)

    def _joined(self, buffer: str, index: Expr, held: DType, want: DType) -> Expr:
        """The bits of several neighbours, as one unsigned number of the size of `want`."""
        wide = DType.U32 if want.bits <= 32 else DType.U64
        total: Expr | None = None
        for k in range(want.bits // held.bits):
            part: Expr = self.fetch(buffer, self.math.add(index, int_const(k)))
            part = self.math.convert(self.same_bits(part, word_of(held)), wide)
            part = self.math.binary("<<", part, int_const(k * held.bits))
            total = part if total is None else self.math.binary("|", total, part)
        assert total is not None, "a wider type has parts"
        return self.math.convert(total, word_of(want))

    # ------------------------------------------------------------ storing

    def store(self, where: Lvalue | Binding, v: Value, n: Node) -> None:
        match where, v:
            case Slot(var), _ if isinstance(v, NOT_SCALAR):
                raise self.unsupported(n, f"this value for `{var.name}`")
            case Fields(), _:
                self.assign_members(where, v, n)
            case Place(), Fields():
                self.assign_members(where, v, n)
            case Member(fields, name), (Pointer() | Nothing() | Fields() | Closure()):
                fields.members[name] = v
            case Slot(var), _:
                e = self.math.convert(self.scalar_of(v, n), var.dtype)
                self.emit(Assign(var, e, self.here))
            case Roaming(), Pointer():
                self.bind_roaming(where, v, n)
            case Place(), _ if where.type.is_scalar:
                self._store_scalar(where, v, n)
            case Place(), _:
                self.copy(where, v, n)
            case _:
                raise self.unsupported(n, "an assignment to this")

    def _store_scalar(self, where: Place, v: Value, n: Node) -> None:
        if isinstance(v, NOT_SCALAR):
            raise self.unsupported(n, "this value")
        held, want = self.buffers[where.buffer].dtype, where.type.dtype
        assert want is not None, "a scalar has a type"
        index = self.math.index(where.index)
        v = self.math.convert(v, want)
        if held.bits == want.bits:
            self.put(where.buffer, index, self.same_bits(v, held))
            return
        if held.bits > want.bits:
            self._store_low(where.buffer, index, held, self.same_bits(v, word_of(want)))
            return
        many = want.bits // held.bits
        joined = unjoined(v, held.bits, many)
        if joined is not None:  # a copy by wider words
            for k, e in enumerate([self.kept(self.same_bits(e, held)) for e in joined]):
                self.put(where.buffer, self.math.add(index, int_const(k)), e)
            return
        v = self.steady(self.same_bits(v, word_of(want)))
        for k in range(many):
            part = self.math.convert(self.math.binary(">>", v, int_const(k * held.bits)), word_of(held))
            at = self.math.add(index, int_const(k))
            self.put(where.buffer, at, self.same_bits(part, held))

    def _store_low(self, buffer: str, index: Expr, held: DType, v: Expr) -> None:
        """Replace the lowest bytes of an element."""
        word = word_of(held)
        old = self.same_bits(self.fetch(buffer, index), word)
        rest = self.math.binary("&", old, Const(((1 << held.bits) - 1) ^ ((1 << v.dtype.bits) - 1), word))
        new = self.math.convert(self.math.binary("|", rest, self.math.convert(v, word)), word)
        self.put(buffer, index, self.same_bits(new, held))

    # ------------------------------------------------------------ aggregates

    def parts(self, v: Value, n: Node) -> Aggregate:
        """An aggregate seen scalar by scalar; one scalar stands for all."""
        match v:
            case Items() | Each():
                return v
            case Place() if v.type.dtype is not None:
                one = scalar(v.type.dtype)

                def at(i: Expr) -> Expr:
                    return self.load(self.nth(v, i, one), n)

                return Each(at, v.type)
            case _ if isinstance(v, NOT_SCALAR):
                raise self.unsupported(n)
        e = v
        return Each(lambda i: e, scalar(e.dtype))

    def nth(self, where: Place, i: Expr, one: CType) -> Place:
        """Scalar number i of an aggregate; a view of another type counts its own scalars."""
        assert one.dtype is not None, "elements are scalars"
        held = self.buffers[where.buffer].dtype
        step = max(one.dtype.bytes // held.bytes, 1)
        index = self.math.add(where.index, self.math.binary("*", i, int_const(step)))
        return Place(where.buffer, index, one)

    def part(self, v: Aggregate, i: Expr) -> Expr:
        match v:
            case Each(at):
                return at(i)
            case Items(items):
                assert isinstance(i, Const), "a list is read item by item"
                return items[int(i.value)]

    def copy(self, to: Place, v: Value, n: Node) -> None:
        """Assign an aggregate, scalar by scalar; long ones in a loop."""
        if v == to:
            return
        if isinstance(v, Fields):
            self.assign_members(to, v, n)
            return
        source, one = self.parts(v, n), scalar(to.type.dtype or DType.F32)
        count = to.type.count
        if isinstance(source, Each) and count > _UNROLLED and not (isinstance(v, Place) and v.buffer == to.buffer):
            i = self.variable("i", DType.I32)
            self.math.counters.add(i.name)
            with self.captured() as body:
                self._store_scalar(self.nth(to, i, one), self.part(source, i), n)
            self.emit(For(i, ZERO, int_const(count), ONE, tuple(body), "serial", self.here))
            return
        items = [self.part(source, int_const(k)) for k in range(count)]
        places = [self.nth(to, int_const(k), one) for k in range(count)]
        items = [self._saved(e, at) for e, at in zip(items, places, strict=True)]
        for e, at in zip(items, places, strict=True):
            self._store_scalar(at, e, n)

    def _saved(self, e: Expr, to: Place) -> Expr:
        """Read before the copy overwrites it, when an item mentions another element of its destination."""
        own = self.math.index(to.index)
        crossed = any(
            isinstance(x, Load) and x.buffer == to.buffer and x.index != own
            for x in subexpressions(e)
        )
        return self.kept(e) if crossed else e


def _is_this(n: Node) -> bool:
    while n.kind in ("PAREN_EXPR", "UNEXPOSED_EXPR") and len(n.children) == 1:
        n = n.children[0]
    return n.kind == "CXX_THIS_EXPR"


def unjoined(e: Expr, bits: int, many: int) -> list[Expr] | None:
    """The parts of a word that was put together from `many` unsigned numbers of so many bits, lowest first; None where
    it was not."""
    parts: dict[int, Expr] = {}
    todo = [e]
    while todo:
        match _uncast(todo.pop(), bits * many):
            case Binary("|", a, b):
                todo += [a, b]
                continue
            case Binary("<<", a, Const(n)):
                part, at = a, int(n)
            case other:
                part, at = other, 0
        part = _uncast(part, bits + 1)
        k, rest = divmod(at, bits)
        if rest or k >= many or k in parts or part.dtype.bits != bits or part.dtype.is_float or part.dtype.is_signed:
            return None
        parts[k] = part
    return [parts[k] for k in range(many)] if len(parts) == many else None


def _uncast(e: Expr, bits: int) -> Expr:
    """e without conversions between integers of at least so many bits."""
    while isinstance(e, Cast) and not e.dtype.is_float and not e.a.dtype.is_float and e.dtype.bits >= bits:
        e = e.a
    return e
