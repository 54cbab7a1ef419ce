"""Element types of the IR and C's rules for combining them."""

from __future__ import annotations

from enum import StrEnum


class DType(StrEnum):
    """A scalar element type; the value is its name in traces and messages."""

    BOOL = "bool"
    I8 = "i8"
    U8 = "u8"
    I16 = "i16"
    U16 = "u16"
    I32 = "i32"
    U32 = "u32"
    I64 = "i64"
    U64 = "u64"
    F16 = "f16"
    BF16 = "bf16"
    F32 = "f32"
    F64 = "f64"

    def __reduce_ex__(self, protocol: object) -> tuple[type[DType], tuple[str]]:
        """Pickled as its value by every Python; 3.11.0 to 3.11.3 would ask for `getattr`."""
        return type(self), (self.value,)

    @property
    def is_float(self) -> bool:
        return self in _FLOATS

    @property
    def is_signed(self) -> bool:
        return self.is_float or self.value[0] == "i"

    @property
    def bits(self) -> int:
        return 8 if self is DType.BOOL else int(self.value.lstrip("biuf"))

    @property
    def bytes(self) -> int:
        return self.bits // 8


_FLOATS = frozenset({DType.F16, DType.BF16, DType.F32, DType.F64})


def promote(a: DType) -> DType:
    """C's integer promotion: anything narrower than int becomes int."""
    return DType.I32 if not a.is_float and a.bits < 32 else a


def common(a: DType, b: DType) -> DType:
    """C's usual arithmetic conversions."""
    a, b = promote(a), promote(b)
    if a == b:
        return a
    if a.is_float or b.is_float:
        return max((t for t in (a, b) if t.is_float), key=lambda t: t.bits)
    wide, narrow = (a, b) if a.bits >= b.bits else (b, a)
    if wide.bits == narrow.bits:
        return wide if not wide.is_signed else narrow
    return wide
