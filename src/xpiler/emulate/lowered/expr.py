"""Expressions in C++ over exact numbers."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field

from xpiler.emulate.lowered.constant import constant
from xpiler.emulate.lowered.halves import is_word, packed, unpacked
from xpiler.fault import NOWHERE, Span
from xpiler.ir.nodes import Addr, Alloc, Binary, Call, Cast, Const, Expr, Load, Select, Store, Unary, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import Body, statements

CTYPE = {
    DType.BOOL: "bool", DType.I8: "std::int8_t", DType.U8: "std::uint8_t", DType.I16: "std::int16_t",
    DType.U16: "std::uint16_t", DType.I32: "std::int32_t", DType.U32: "std::uint32_t", DType.I64: "std::int64_t",
    DType.U64: "std::uint64_t", DType.F16: "Exact", DType.BF16: "Exact", DType.F32: "Exact", DType.F64: "Exact",
}
# Functions of reals that exact.h has, with the number of their arguments.
_REAL = {
    1: ("exp exp2 exp10 expm1 sinh cosh tanh log log2 log10 log1p sqrt rsqrt rcp cbrt erf erfc sin cos tan asin acos "
        "atan asinh acosh atanh lgamma tgamma abs floor ceil trunc round rint nearbyint"),
    2: "min max fmod copysign hypot atan2 pow",
    3: "fma",
}
REAL = {name: n for n, names in _REAL.items() for name in names.split()}
_TESTS = ("isnan", "isinf", "isfinite", "signbit")
_TO_INTEGER = {"lrint": "rint", "llrint": "rint", "lround": "round", "llround": "round"}
_BITS = re.compile(r"bits\.(\w+)\.(\w+)")
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
_UNPACK = {DType.F16: ("<e", "<H"), DType.F32: ("<f", "<I"), DType.F64: ("<d", "<Q")}


class NotLowered(Exception):
    """A program, or a part of it, that has no form over exact numbers, and where."""

    def __init__(self, reason: str, span: Span = NOWHERE) -> None:
        super().__init__(reason)
        self.reason, self.span = reason, span

    def __str__(self) -> str:
        return f"{self.reason} (line {self.span.line})" if self.span.line else self.reason


def mixed(body: Body) -> frozenset[str]:
    """The arrays of 32-bit integers, declared in a body, that floats are stored to as their bits."""
    own = {s.buffer.name for s in statements(body) if isinstance(s, Alloc) and s.buffer.dtype in (DType.I32, DType.U32)}
    return frozenset(
        s.buffer for s in statements(body)
        if isinstance(s, Store) and s.buffer in own and isinstance(s.value, Call) and _BITS.fullmatch(s.value.name)
        and s.value.args[0].dtype is DType.F32
    )


@dataclass
class Constants:
    """The float constants of a text, each made once, before the program begins."""

    fine: bool
    made: dict[str, str] = field(default_factory=dict)

    def name(self, value: float, dtype: DType) -> str:
        return self.made.setdefault(constant(value, dtype, self.fine), f"c_{len(self.made)}")


@dataclass
class Scope:
    """The C++ names and the element types of what a body may use; `span` is where it is now.

    `mixed` are its own arrays of integers some of whose words are floats."""

    constants: Constants
    buffers: dict[str, DType] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    span: Span = NOWHERE
    mixed: frozenset[str] = frozenset()
    words: frozenset[str] | None = None  # what may hold the bits of halves; None where none are looked at

    def ctype(self, name: str, dtype: DType) -> str:
        """The C++ type of a variable, or of the elements of an array."""
        return "xp::exact::Halves" if self.words and name in self.words else CTYPE[dtype]

    def name(self, name: str, kind: str = "v") -> str:
        """The C++ name of a scalar (v) or a buffer (b)."""
        key = f"{kind} {name}"
        if key not in self.names:
            plain = f"{kind}_{re.sub(r'[^A-Za-z0-9_]', '_', name)}"
            taken = plain in self.names.values()
            self.names[key] = f"{plain}__{len(self.names)}" if taken else plain
        return self.names[key]

    def refuse(self, reason: str) -> NotLowered:
        return NotLowered(reason, self.span)

    # ------------------------------------------------------------ expressions

    def text(self, e: Expr) -> str:
        """A value of its C++ type."""
        if self.words is not None and is_word(e, self.words):
            return f"xp::exact::plain<{CTYPE[e.dtype]}>({self.word(e)})"
        match e:
            case Const(value, dtype):
                return self._const(value, dtype)
            case Var(name):
                return self.name(name)
            case Load(buffer, index, dtype) if buffer in self.mixed:
                return f"xp::exact::integer({self.place(buffer, dtype)}[{self.text(index)}])"
            case Load(buffer, index, dtype):
                return f"{self.place(buffer, dtype)}[{self.text(index)}]"
            case Unary("!", a):
                return f"(!{self.condition(a)})"
            case Unary(op, a, dtype):
                return f"(-{self.text(a)})" if dtype.is_float else f"({CTYPE[dtype]})({op}{self.text(a)})"
            case Binary(op, a, b, dtype):
                return self._binary(op, a, b, dtype)
            case Select(cond, a, b, dtype):
                both = f"({self.condition(cond)} ? {self.converted(a, dtype)} : {self.converted(b, dtype)})"
                return self._spoilt(cond, both) if dtype.is_float else both
            case Cast(a, dtype):
                return self.converted(a, dtype)
            case Call(name, args, dtype):
                return self._call(name, args, dtype)
            case Addr():
                raise self.refuse("an address where a number is wanted")
        raise TypeError(f"not an expression: {e!r}")

    def word(self, e: Expr) -> str:
        """An integer that may have the bits of halves in it, with these floats."""
        if self.words is None or not is_word(e, self.words):
            return f"xp::exact::halves_of(std::uint32_t({self.text(e)}))"
        match e:
            case Call(_, (half,)):
                return f"xp::exact::halves_of({self.text(half)})"
            case Binary("|", a, b) if (pair := packed(a, b)) is not None:
                return f"xp::exact::packed({self.text(pair[0])}, {self.text(pair[1])})"
            case Var(name):
                return self.name(name)
            case Load(buffer, index, dtype):
                return f"{self.place(buffer, dtype)}[{self.text(index)}]"
            case Cast(a, dtype):
                return f"xp::exact::as<{CTYPE[dtype]}>({self.word(a)})"
            case Binary("<<", a, b):
                return f"xp::exact::left({self.word(a)}, int({self.text(b)}))"
            case Binary(">>", a, b):
                return f"xp::exact::right<{CTYPE[a.dtype]}>({self.word(a)}, int({self.text(b)}))"
            case Binary(op, a, b):
                return f"xp::exact::{'both' if op == '&' else 'either'}({self.word(a)}, {self.word(b)})"
            case Select(cond, a, b):
                return f"({self.condition(cond)} ? {self.word(a)} : {self.word(b)})"
        raise TypeError(f"not a word: {e!r}")

    def given(self, name: str, value: Expr, dtype: DType) -> str:
        """What a variable of this name, or an element of this array, is given."""
        if self.words is None or name not in self.words:
            return self.converted(value, dtype)
        return self.word(value if value.dtype is dtype else Cast(value, dtype))

    def condition(self, e: Expr) -> str:
        return f"xp::exact::truth({self.text(e)})" if e.dtype.is_float else f"({self.text(e)} != 0)"

    def converted(self, e: Expr, dtype: DType) -> str:
        """C's conversion; between types of floats it is none, over the reals."""
        text = self.text(e)
        if e.dtype.is_float and dtype.is_float or e.dtype is dtype:
            return text
        if dtype is DType.BOOL:
            return self.condition(e)
        if dtype.is_float:
            return f"xp::exact::of({text})"
        return f"xp::exact::to<{CTYPE[dtype]}>({text})" if e.dtype.is_float else f"({CTYPE[dtype]})({text})"

    def place(self, buffer: str, dtype: DType) -> str:
        """The array of a name, seen with elements of `dtype`."""
        if buffer not in self.buffers:
            raise self.refuse(f"the array `{buffer}` has no declaration")
        if buffer in self.mixed and dtype.bits != self.buffers[buffer].bits:
            raise self.refuse(f"`{buffer}`, which holds floats and integers, is seen as {dtype}")
        if self.words and buffer in self.words and dtype.bits == self.buffers[buffer].bits:
            return self.name(buffer, "b")
        return self.seen_as(self.name(buffer, "b"), self.buffers[buffer], dtype, buffer)

    def seen_as(self, text: str, own: DType, dtype: DType, called: str) -> str:
        """A pointer to elements of `own` as one to `dtype`."""
        if own is dtype:
            return text
        if own.is_float or dtype.is_float or self.words and called in self.words:
            raise self.refuse(f"`{called}`, which holds {own}, is seen as {dtype}")
        return f"reinterpret_cast<{CTYPE[dtype]}*>({text})"

    def address(self, a: Addr, dtype: DType) -> str:
        if a.buffer not in self.buffers:
            raise self.refuse(f"the array `{a.buffer}` has no declaration")
        if a.buffer in self.mixed:
            raise self.refuse(f"`{a.buffer}`, which holds floats and integers, is handed on")
        own = self.buffers[a.buffer]
        if self.words and a.buffer in self.words and dtype.bits == own.bits:
            return f"({self.name(a.buffer, 'b')} + ({self.text(a.index)}))"
        return self.seen_as(f"({self.name(a.buffer, 'b')} + ({self.text(a.index)}))", own, dtype, a.buffer)

    def _const(self, value: float, dtype: DType) -> str:
        if dtype.is_float:
            return self.constants.name(float(value), dtype)
        if dtype is DType.BOOL:
            return "true" if value else "false"
        n = int(value) & ((1 << dtype.bits) - 1)
        if dtype is DType.I32 and n < 1 << 31:
            return str(n)
        return f"({CTYPE[dtype]}){n}ull"

    def _spoilt(self, cond: Expr, chosen: str) -> str:
        """A choice by numbers of which one was never set is not set, and decides nothing."""
        match cond:
            case Binary(op, a, b) if op in _COMPARISONS and a.dtype.is_float and b.dtype.is_float:
                pair = f"({self.text(a)}, {self.text(b)})"
                return f"(xp::exact::wanting{pair} ? xp::exact::spoilt{pair} : {chosen})"
        return chosen

    def _binary(self, op: str, a: Expr, b: Expr, dtype: DType) -> str:
        if op in ("&&", "||"):
            return f"({self.condition(a)} {op} {self.condition(b)})"
        if a.dtype.is_float != b.dtype.is_float:
            raise self.refuse(f"`{op}` of {a.dtype} and {b.dtype}")
        both = f"({self.text(a)} {op} {self.text(b)})"
        if op in _COMPARISONS:
            return both
        if dtype.is_float:
            if op not in ("+", "-", "*", "/"):
                raise self.refuse(f"`{op}` of floats")
            return both
        return f"({CTYPE[dtype]}){both}"

    def _call(self, name: str, args: tuple[Expr, ...], dtype: DType) -> str:
        if bits := _BITS.fullmatch(name):
            return self._bits(DType(bits[1]), DType(bits[2]), args[0])
        texts = [self.text(a) for a in args]
        if args and all(a.dtype.is_float for a in args):
            call = f"xp::exact::{name}({', '.join(texts)})"
            if dtype.is_float and REAL.get(name) == len(args) or name in _TESTS:
                return call
            if name in _TO_INTEGER and not dtype.is_float:
                return f"xp::exact::to<{CTYPE[dtype]}>(xp::exact::{_TO_INTEGER[name]}({texts[0]}))"
        elif not dtype.is_float and name in ("min", "max", "abs"):
            t = CTYPE[dtype]
            given = ", ".join(f"({t})({x})" for x in texts)
            return f"({t})std::abs({given})" if name == "abs" else f"std::{name}<{t}>({given})"
        raise self.refuse(f"the function `{name}` of {', '.join(a.dtype for a in args)}")

    def stored(self, buffer: str, value: Expr, own: DType) -> str:
        """What an array gets; a float as a word where that is one of its own."""
        match value:
            case Call(name, (inner,)) if buffer in self.mixed and _BITS.fullmatch(name) and inner.dtype is DType.F32:
                return f"xp::exact::word({self.text(inner)})"
        return self.given(buffer, value, own)

    def _bits(self, own: DType, dtype: DType, a: Expr) -> str:
        """Bits are no matter of reals: only those of a constant, and those that become the same float again."""
        match a:
            case Const(value) if dtype in _UNPACK:
                real, word = _UNPACK[dtype]
                raw = struct.pack(word, int(value) & ((1 << dtype.bits) - 1))
                return self._const(struct.unpack(real, raw)[0], dtype)
            case Call(name, (inner,)) if name == f"bits.{dtype}.{own}":
                return self.text(inner)
            case Load(buffer, index) if buffer in self.mixed and dtype is DType.F32:
                return f"xp::exact::number({self.place(buffer, own)}[{self.text(index)}])"
            case _ if dtype is DType.F16 and self.words is not None and is_word(a, self.words):
                of, at = unpacked(a)
                return f"xp::exact::half_at({self.word(of)}, {'0' if at is None else f'int({self.text(at)})'})"
        raise self.refuse("it looks at the bits of a float")
