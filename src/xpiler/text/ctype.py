"""What the reader needs to know of a type: one scalar, so many of one kind, a pointer, or nothing it can use."""

from __future__ import annotations

from dataclasses import dataclass, field

from xpiler.ir.types import DType


@dataclass(frozen=True)
class CType:
    """kind: scalar void pointer array vector record function opaque.

    `dtype` and `count` describe the flattened scalars of a scalar, array, vector or record; `inner` is a pointer's
    pointee or an element; `fields` are a record's members as (name, offset in scalars, type). A `mixed` record has
    members of several types: its scalars are words without a type, as wide as its members allow. A record that holds
    pointers has no scalars, only members."""

    kind: str
    name: str
    dtype: DType | None = None
    count: int = 0
    const: bool = False
    reference: bool = False
    inner: CType | None = None
    fields: tuple[tuple[str, int, CType], ...] = field(default=(), compare=False, repr=False)
    mixed: bool = False
    union: bool = False
    length: int = 0  # of an array

    @property
    def is_scalar(self) -> bool:
        return self.kind == "scalar"

    @property
    def is_aggregate(self) -> bool:
        return self.kind in ("record", "vector") and self.dtype is not None

    @property
    def has_parts(self) -> bool:
        """A record that is more than so many scalars of one type: its members are kept apart."""
        return self.kind == "record" and not self.union and (self.mixed or self.dtype is None)

    def member(self, name: str) -> tuple[int, CType] | None:
        """Offset (in scalars) and type of a member, looked for in unnamed inner records too."""
        for spelled, offset, ctype in self.fields:
            if spelled == name:
                return offset, ctype
            if not spelled and (found := ctype.member(name)) is not None:
                return offset + found[0], found[1]
        if self.kind == "vector" and name in ("x", "y", "z", "w") and self.inner is not None:
            return "xyzw".index(name), self.inner
        return None


def scalar(dtype: DType) -> CType:
    """The type of one scalar."""
    return CType("scalar", dtype.value, dtype, 1)


VOID = CType("void", "void")

_WORDS = (DType.U64, DType.U32, DType.U16, DType.U8)


def made_of(members: list[tuple[str, int, CType]], size: int) -> tuple[DType | None, bool]:
    """The scalar type a record is made of, and whether its members are of several; None where some have none."""
    types = [t.dtype for _, _, t in members]
    if not types or None in types:
        return None, False
    if len(set(types)) == 1 and types[0] is not None and not any(t.mixed for _, _, t in members):
        return types[0], False
    steps = [size, *(at for _, at, _ in members), *(t.dtype.bytes for _, _, t in members if t.dtype is not None)]
    return next(w for w in _WORDS if all(step % w.bytes == 0 for step in steps)), True
