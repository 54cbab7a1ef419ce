"""What types say of symbolic values, which are mathematical integers: what is held, what wraps, what is a sign."""

from __future__ import annotations

from xpiler.facts import sym
from xpiler.facts.sym import ONE, ZERO, Sym
from xpiler.ir.nodes import Expr
from xpiler.ir.types import DType


_TELLING = frozenset({">>", "/", "%", "&", "<", "<=", ">", ">="})  # what depends on how a number is read
DATA = frozenset({"ld", "pld", "call", "fold"})  # what a value has that comes of arrays


def typed(x: Sym, dtype: DType) -> Sym:
    """x as a variable of this type holds it."""
    if x.op == "undef" or x.dtype is dtype:
        return x
    if not x.dtype.is_float and not dtype.is_float and DType.BOOL not in (x.dtype, dtype):
        return sym.cast(x, dtype) if dtype.bits < 32 else x
    return sym.cast(x, dtype)


def wraps(op: str, dtype: DType, x: Sym) -> bool:
    """Whether an operand is not the same number as a signed 32-bit integer: data, or what is mixed as for a hash."""
    if signed_word(dtype, x):
        return op in _TELLING and op not in (">>", "&")
    if dtype not in (DType.U32, DType.I64, DType.U64) or op not in _TELLING:
        return False
    if not x.has & DATA and not (dtype is DType.U32 and mixed(x)):
        return False
    return not (x.lo >= -(1 << 31) and x.hi < 1 << 31)


def of_two(a: Expr, dtype: DType) -> bool:
    """Whether a number of two words becomes one of one."""
    return a.dtype in (DType.I64, DType.U64) and dtype in (DType.I32, DType.U32)


def signed_word(dtype: DType, x: Sym) -> bool:
    """Whether an int may be a word of bits, here a number without a sign, the highest of which is its sign."""
    made = x.op == "bit" or mixed(x)
    return made and dtype is DType.I32 and bool(x.has & DATA) and x.lo >= 0 and 1 << 31 <= x.hi < 1 << 32


def mixed(x: Sym) -> bool:
    """Whether a sum has factors larger than strides are."""
    const, terms = sym.terms_of(x)
    return any(abs(c) >= 1 << 20 for c in (const, *terms.values()))


def as_int(x: Sym) -> Sym:
    """A truth as 0 or 1."""
    return sym.select(x, ONE, ZERO) if x.dtype is DType.BOOL and x.op != "int" else x


def as_bool(x: Sym) -> Sym:
    """Whether it is not 0."""
    return x if x.dtype is DType.BOOL else sym.negate(sym.compare("==", x, ZERO))
