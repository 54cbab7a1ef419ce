"""Records with members of several types, or with pointers: a variable of such a type is its members, kept apart.

In memory (arrays, shared or global) such a record is so many words without a type, and each member a view of some.
"""

from __future__ import annotations

from collections.abc import Iterator

from xpiler.ir.nodes import Const, Expr
from xpiler.text.arithmetic import int_const
from xpiler.text.clang import Node
from xpiler.text.ctype import CType
from xpiler.text.reading.places import Places
from xpiler.text.reading.values import (
    NULL, NOT_SCALAR, Binding, Each, Fields, Items, Member, Nothing, Place, Pointer, Roaming, Slot, Value,
)


class Records(Places):
    """Reading records."""

    symbolic = False  # pointers among the members are values of the reader, not variables

    # ------------------------------------------------------------ variables

    def new_fields(self, stem: str, ctype: CType) -> Fields:
        """A new variable of a record type."""
        names = [name or str(k) for k, (name, _, _) in enumerate(ctype.fields)]
        return Fields({
            name: self._new_member(f"{stem}_{name}", t) for name, (_, _, t) in zip(names, ctype.fields, strict=True)
        }, ctype)

    def _new_member(self, stem: str, t: CType) -> Binding:
        if t.is_scalar and t.dtype is not None:
            var = self.variable(stem, t.dtype)
            self.moving.add(var.name)
            self.declare(var, None)
            return Slot(var)
        if t.kind == "pointer" and t.inner is not None and not self.symbolic:
            return Roaming(stem, t.inner, home=self.out, at=len(self.out), key=hash(stem))
        if t.has_parts:
            return self.new_fields(stem, t)
        return Nothing(t.name) if t.dtype is None else self.allocate(stem, t)

    # ------------------------------------------------------------ members

    def member_of(self, base: Place | Fields, name: str, n: Node) -> Binding:
        """Where a member of a record lies."""
        if isinstance(base, Fields):
            found = _member(base, name)
            if found is None:
                raise self.unsupported(n, f"member `{name}` of `{base.type.name}`")
            held = found.fields.members[found.name]
            return held if isinstance(held, Slot | Place | Roaming | Fields) else found
        member = base.type.member(name)
        if member is None:
            raise self.unsupported(n, f"member `{name}` of `{base.type.name}`")
        return Place(base.buffer, self.math.add(base.index, int_const(member[0])), member[1])

    def members(self, v: Value, n: Node) -> dict[str, Value]:
        """What each member of a record holds."""
        match v:
            case Fields(members):
                return {name: self.loaded(b, n) for name, b in members.items()}
            case Place():
                return {
                    name or str(k): self.loaded(Place(v.buffer, self.math.add(v.index, int_const(at)), t), n)
                    for k, (name, at, t) in enumerate(v.type.fields)
                }
        raise self.unsupported(n, f"{n.pretty} as a record")

    def assign_members(self, to: Place | Fields, v: Value, n: Node) -> None:
        """Assign a record to another, member by member; all are read before any is written."""
        if to is v:
            return
        values = self.members(v, n)
        if len(values) > 1 and not (isinstance(v, Fields) and isinstance(to, Place)):
            values = {name: self.steadied(x, name) for name, x in values.items()}
        for name, x in values.items():
            if isinstance(to, Fields):
                self.store(self.member_of(to, name, n), x, n)
            else:
                _, at, t = next(f for k, f in enumerate(to.type.fields) if (f[0] or str(k)) == name)
                self.store(Place(to.buffer, self.math.add(to.index, int_const(at)), t), x, n)

    def steadied(self, v: Value, stem: str = "t") -> Value:
        """A value that does not change with what it was read from, as far as it is scalars and pointers."""
        match v:
            case Pointer():
                v = self.frozen(v, self.functions[-1])
                return Pointer(v.buffer, self.steady(v.index, stem), v.to)
            case Fields():
                parts = {k: self.steadied(self.loaded(b, self.functions[-1]), k) for k, b in v.members.items()}
                return Fields(dict(parts), v.type)
            case _ if isinstance(v, NOT_SCALAR):
                return v
        return self.steady(v, stem)

    # ------------------------------------------------------------ values

    def listed(self, n: Node) -> Fields:
        """A record's initializer list; what is not said is zero."""
        given = list(n.children)
        members: dict[str, Binding] = {}
        for k, (name, _, t) in enumerate(n.type.fields):
            child = given[k] if k < len(given) else None
            if child is not None and child.kind == "UNEXPOSED_EXPR" and not child.children and child.constant is None:
                child = None
            members[name or str(k)] = self._zero(t, n) if child is None else self._given(child, t)
        return Fields(members, n.type)

    def listed_union(self, n: Node) -> Place:
        """A union's initializer list: its first member, or the one it names."""
        place = self.allocate("v", n.type)
        named = next((c.spelling for c in n.every_child if c.kind == "MEMBER_REF"), n.type.fields[0][0])
        found = n.type.member(named)
        assert found is not None, "a union has the members it names"
        at = Place(place.buffer, self.math.add(place.index, int_const(found[0])), found[1])
        if n.children:
            self.store(at, self.coerced(self.initial(n.children[-1], None), found[1], n), n)
        else:
            self.store(at, self._zero(found[1], n), n)  # type: ignore[arg-type]
        return place

    def _given(self, child: Node, t: CType) -> Binding:
        v = self.initial(child, None)
        return self.coerced(v, t, child)

    def _zero(self, t: CType, n: Node) -> Binding:
        if t.has_parts:
            return Fields({name or str(k): self._zero(m, n) for k, (name, _, m) in enumerate(t.fields)}, t)
        if t.dtype is None:
            return NULL
        zero = Const(0.0 if t.dtype.is_float else 0, t.dtype)
        return zero if t.is_scalar else Items((zero,) * t.count, t)

    def chosen(self, cond: Expr, a: Value, b: Value, ctype: CType, n: Node) -> Fields:
        """cond ? a : b of records."""
        x, y = self.members(a, n), self.members(b, n)
        types = {name or str(k): t for k, (name, _, t) in enumerate(ctype.fields)}
        return Fields({name: self._choice_of(cond, x[name], y[name], types[name], n) for name in x}, ctype)

    def _choice_of(self, cond: Expr, a: Value, b: Value, t: CType, n: Node) -> Binding:
        if t.has_parts:
            return self.chosen(cond, a, b, t, n)
        if isinstance(a, Pointer) and isinstance(b, Pointer):
            return self.choose_pointer(n, cond, a, b)
        if isinstance(a, Place | Items | Each) or isinstance(b, Place | Items | Each):
            p, q = self.parts(a, n), self.parts(b, n)
            return Each(lambda i: self.math.select(cond, self.part(p, i), self.part(q, i)), t)
        return self.math.select(cond, self.scalar_of(a, n), self.scalar_of(b, n))

    def leaves(self, v: Value, t: CType, n: Node) -> Iterator[Value]:
        """The scalars and pointers of a record or aggregate, in the order of `leaf_types`."""
        if t.has_parts or t.kind == "record" and isinstance(v, Fields):
            values = self.members(v, n)
            for k, (name, _, member) in enumerate(t.fields):
                yield from self.leaves(values[name or str(k)], member, n)
        elif t.kind in ("array", "vector", "record"):
            if isinstance(v, Pointer):  # an array that decayed
                v = Place(v.buffer, v.index, t)
            parts = self.parts(v, n)
            yield from (self.part(parts, int_const(k)) for k in range(t.count))
        elif t.kind != "opaque":
            yield v

    def initial(self, n: Node, into: Place | None) -> Value:
        """A value about to be stored; see `exprs`."""
        raise NotImplementedError

    def coerced(self, v: Value, to: CType, n: Node) -> Value:
        """A conversion; see `exprs`."""
        raise NotImplementedError

    def choose_pointer(self, n: Node, cond: Expr, a: Pointer, b: Pointer) -> Pointer:
        """cond ? a : b of pointers."""
        raise NotImplementedError


def leaf_types(stem: str, t: CType) -> Iterator[tuple[str, CType]]:
    """The scalars and pointers that a record or aggregate is passed as, each with a name."""
    if t.has_parts:
        for k, (name, _, member) in enumerate(t.fields):
            yield from leaf_types(f"{stem}_{name or k}", member)
    elif t.kind == "record":
        names = [name for name, _, member in t.fields if member.is_scalar]
        for k in range(t.count):
            assert t.dtype is not None, "a plain record has a scalar type"
            spelled = names[k] if len(names) == t.count else str(k)
            yield f"{stem}_{spelled}", CType("scalar", t.dtype.value, t.dtype, 1)
    elif t.kind in ("array", "vector") and t.dtype is not None:
        for k in range(t.count):
            yield f"{stem}_{k}", CType("scalar", t.dtype.value, t.dtype, 1)
    elif t.kind == "array" and t.inner is not None:
        for k in range(t.length):
            yield from leaf_types(f"{stem}_{k}", t.inner)
    elif t.kind != "opaque":
        yield stem, t


def leaf_paths(t: CType) -> Iterator[tuple[str | int, ...]]:
    """Where in a record or aggregate each of `leaf_types` lies: member names and element numbers."""
    if t.kind == "record":
        for k, (name, _, member) in enumerate(t.fields):
            yield from ((name or k, *path) for path in leaf_paths(member))
    elif t.kind == "vector":
        yield from ((k,) for k in range(t.count))
    elif t.kind == "array" and t.inner is not None:
        for k in range(t.length):
            yield from ((k, *path) for path in leaf_paths(t.inner))
    elif t.kind != "opaque":
        yield ()


def _member(base: Fields, name: str) -> Member | None:
    """A member by name, looked for in unnamed inner records and base classes too."""
    if name in base.members:
        return Member(base, name)
    for key, held in base.members.items():
        if not key.isdigit():
            continue
        if isinstance(held, Fields) and (found := _member(held, name)) is not None:
            return found
        if isinstance(held, Place) and (at := held.type.member(name)) is not None:
            return _viewed(held, at, name)
    return None


def _viewed(held: Place, at: tuple[int, CType], name: str) -> Member:
    """A member of an unnamed union or struct that lies in memory."""
    index = held.index
    assert isinstance(index, Const), "a member variable starts at a known place"
    place = Place(held.buffer, int_const(int(index.value) + at[0]), at[1])
    return Member(Fields({name: place}, held.type), name)
