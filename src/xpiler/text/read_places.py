"""Lvalues: where a variable, element, member or dereferenced pointer lies, and loading and storing there."""

from __future__ import annotations

from xpiler.ir.nodes import Addr, Assign, Call, Const, Expr, For, Let, Load, Store, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import subexpressions
from xpiler.text.arithmetic import ONE, ZERO, int_const
from xpiler.text.clang import CType, Node, scalar
from xpiler.text.read_base import Reader
from xpiler.text.read_values import (
    Aggregate, Binding, Each, Items, Lvalue, Nothing, Place, Pointer, Raw, Roaming, Slot, Value,
)

_UNROLLED = 16
_NO_OPS = frozenset({
    "PAREN_EXPR", "UNEXPOSED_EXPR", "CXX_CONST_CAST_EXPR", "CXX_STATIC_CAST_EXPR",
    "CXX_FUNCTIONAL_CAST_EXPR",
})


class Places(Reader):
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
            case "UNARY_OPERATOR" if n.unary == "*":
                return self.pointee(self.pointer(n.children[-1]), n)
            case "UNARY_OPERATOR" if n.unary in ("++x", "--x"):
                self.value(n)
                return self.place(n.children[0])
            case "MEMBER_REF_EXPR":
                return self._member(n)
            case "CXX_THIS_EXPR":
                return self.this[-1]
            case "CXX_REINTERPRET_CAST_EXPR" | "CSTYLE_CAST_EXPR" if n.type.reference:
                inside = self.place(n.children[-1])
                if isinstance(inside, Place):
                    return Place(inside.buffer, inside.index, n.type)
            case "BINARY_OPERATOR" | "COMPOUND_ASSIGNMENT_OPERATOR" if n.binary.endswith("="):
                if n.binary not in ("==", "!=", "<=", ">="):
                    self.value(n)
                    return self.place(n.children[0])
            case kind if kind in _NO_OPS and n.children:
                child = n.children[-1]
                same = child.type.kind == n.type.kind and child.type.dtype == n.type.dtype
                if same and n.type.kind != "pointer":
                    return self.place(child)
        return self.housed(self.value(n), n)

    def foreign(self, decl: Node, n: Node) -> Binding:
        """A variable declared outside the kernel; see `read_statements`."""
        raise NotImplementedError

    def housed(self, v: Value, n: Node) -> Lvalue:
        """A value put into storage of its own."""
        match v:
            case Place():
                return v
            case Items() | Each():
                place = self.allocate("v", v.type)
                self.copy(place, v, n)
                return place
            case Pointer() | Nothing() | Raw():
                raise self.unsupported(n)
        return Slot(self.kept(v))

    def aggregate_place(self, n: Node) -> Place:
        found = self.place(n)
        if isinstance(found, Place):
            return found
        raise self.unsupported(n)

    def _element(self, n: Node) -> Place:
        base, at = n.children[0], n.children[1]
        if base.type.kind == "vector":
            where = self.aggregate_place(base)
            index = self.scalar(at)
            return Place(where.buffer, self.math.add(where.index, self.math.index(index)), n.type)
        pointer = self.pointer(base)
        return self.pointee(self.advanced(pointer, self.scalar(at), n), n)

    def _member(self, n: Node) -> Place:
        if not n.children:
            base = self.this[-1]
        elif n.children[0].type.kind == "pointer":
            base = self.pointee(self.pointer(n.children[0]), n)
        else:
            base = self.aggregate_place(n.children[0])
        member = base.type.member(n.spelling)
        if member is None:
            raise self.unsupported(n, f"member `{n.spelling}` of `{base.type.name}`")
        offset, ctype = member
        return Place(base.buffer, self.math.add(base.index, int_const(offset)), ctype)

    # ------------------------------------------------------------ pointers

    def pointer(self, n: Node) -> Pointer:
        v = self.value(n)
        if isinstance(v, Pointer):
            return v
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

    def bind_roaming(self, slot: Roaming, p: Pointer, n: Node) -> None:
        """Assign to a pointer variable."""
        if slot.offset is None:
            slot.buffer, slot.to = p.buffer, p.to if slot.to.dtype is None else slot.to
            dtype = DType.I32 if p.index.dtype.bits <= 32 else DType.I64
            slot.offset = self.variable(slot.name, dtype)
            self.moving.add(slot.offset.name)
            if slot.home is None or slot.home is self.out:
                self.declare(slot.offset, self.math.convert(p.index, dtype))
                return
            slot.home.insert(slot.at, Let(slot.offset, None, self.here))  # it outlives this block
        if slot.buffer != p.buffer:
            raise self.fault(
                "XP1007", f"`{slot.name}` may point into `{slot.buffer}` or `{p.buffer}`", n,
                "each pointer variable must stay in one buffer", "two variables, one for each buffer",
            )
        self.emit(Assign(slot.offset, self.math.convert(p.index, slot.offset.dtype), self.here))

    def declare(self, var: Var, value: Expr | None) -> None:
        raise NotImplementedError

    def address(self, p: Pointer | Place) -> Addr:
        return Addr(p.buffer, self.math.index(p.index), self.buffers[p.buffer].dtype)

    # ------------------------------------------------------------ loading

    def scalar(self, n: Node) -> Expr:
        """The value of an expression that must be a scalar."""
        v = self.value(n)
        match v:
            case Pointer() | Items() | Each() | Nothing() | Raw():
                raise self.unsupported(n, f"{n.pretty} of type `{n.type.name}` here")
            case Place():
                if v.type.dtype is not None and v.type.count == 1:
                    return self.load(Place(v.buffer, v.index, scalar(v.type.dtype)), n)
                raise self.unsupported(n, f"{n.pretty} of type `{n.type.name}` here")
        return v

    def scalar_of(self, v: Value, n: Node) -> Expr:
        if isinstance(v, Pointer | Place | Items | Each | Nothing | Raw):
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
        if held == want:
            return Load(where.buffer, index, held)
        if held.bits == want.bits:
            return self._same_bits(Load(where.buffer, index, held), want)
        if held.is_float or want.is_float or held.bits > want.bits:
            raise self._punned(where, n)
        return self._joined(where.buffer, index, held, want)

    def _same_bits(self, e: Expr, want: DType) -> Expr:
        """A value as another type of the same size."""
        if e.dtype == want:
            return e
        if e.dtype.is_float or want.is_float:
            return Call(f"bits.{e.dtype}.{want}", (e,), want)
        return self.math.convert(e, want)

    def _joined(self, buffer: str, index: Expr, held: DType, want: DType) -> Expr:
        wide = DType.U32 if want.bits <= 32 else DType.U64
        total: Expr | None = None
        for k in range(want.bits // held.bits):
            part: Expr = Load(buffer, self.math.add(index, int_const(k)), held)
            unsigned = DType(f"u{held.bits}")
            part = self.math.convert(self.math.convert(part, unsigned), wide)
            part = self.math.binary("<<", part, int_const(k * held.bits))
            total = part if total is None else self.math.binary("|", total, part)
        assert total is not None, "a wider type has parts"
        return self.math.convert(total, want)

    def _punned(self, where: Place, n: Node) -> Exception:
        held = self.buffers[where.buffer].dtype
        return self.fault(
            "XP1011", f"`{where.buffer}` holds {held} and is used as {where.type.name}", n
        )

    # ------------------------------------------------------------ storing

    def store(self, where: Lvalue | Binding, v: Value, n: Node) -> None:
        match where, v:
            case Slot(var), (Pointer() | Place() | Items() | Each() | Nothing() | Raw()):
                raise self.unsupported(n, f"this value for `{var.name}`")
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
        if isinstance(v, Pointer | Place | Items | Each | Nothing | Raw):
            raise self.unsupported(n, "this value")
        held, want = self.buffers[where.buffer].dtype, where.type.dtype
        assert want is not None, "a scalar has a type"
        index = self.math.index(where.index)
        v = self.math.convert(v, want)
        if held.bits == want.bits:
            self.emit(Store(where.buffer, index, self._same_bits(v, held), self.here))
            return
        if held.is_float or want.is_float or held.bits > want.bits:
            raise self._punned(where, n)
        v = self.steady(v)
        for k in range(want.bits // held.bits):
            part = self.math.convert(self.math.binary(">>", v, int_const(k * held.bits)), held)
            at = self.math.add(index, int_const(k))
            self.emit(Store(where.buffer, at, part, self.here))

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
            case Pointer() | Nothing() | Place() | Raw():
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
        source, one = self.parts(v, n), scalar(to.type.dtype or DType.F32)
        count = to.type.count
        if isinstance(source, Each) and count > _UNROLLED:
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
