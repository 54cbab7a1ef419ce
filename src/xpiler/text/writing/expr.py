"""Expressions of the IR as C: few parentheses, typed literals, and the casts that C would not do by itself."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from functools import reduce

from xpiler.fault import NOWHERE, Span
from xpiler.ir.nodes import (
    Addr, Binary, Call, Cast, Const, Expr, Load, Select, Unary, Var,
)
from xpiler.ir.show import PRECEDENCE, PRIMARY, TERNARY, UNARY, digits
from xpiler.ir.types import DType, common, promote
from xpiler.text.writing.error import NotExpressible
from xpiler.text.writing.scope import Scope

_HALVES = (DType.F16, DType.BF16)
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
_LOGIC = ("&&", "||")
_BITS = ("&", "|", "^", "<<", ">>")
_INT_MAX = 2**31 - 1


@dataclass(frozen=True)
class Spelled:
    """Text, how tightly its outermost operator binds, and the type C gives it."""

    text: str
    binds: int
    dtype: DType


@dataclass(frozen=True)
class Speller:
    """Spells the expressions of one function; `span` is the statement they stand in."""

    scope: Scope
    span: Span = NOWHERE

    def at(self, span: Span) -> Speller:
        return replace(self, span=span)

    def no(self, what: str, why: str) -> NotExpressible:
        return NotExpressible(self.span, what, why)

    def ctype(self, dtype: DType) -> str:
        if dtype not in self.scope.platform.types:
            raise self.no(f"a value of type {dtype}", f"{self.scope.platform.title} has no such type")
        return self.scope.platform.types[dtype]

    def spelling(self, owned: str) -> str:
        """An aggregate type or a qualified name as the dialect writes it."""
        for canonical, written in self.scope.platform.aliases.items():
            owned = re.sub(rf"\b{re.escape(canonical)}" + (r"\b" if canonical[-1].isalnum() else ""), written, owned)
        return owned

    # ------------------------------------------------------------ what statements ask for

    def text(self, e: Expr, least: int = 0) -> str:
        """`e`, in parentheses if its operator binds less than `least`."""
        spelled = self.spell(e)
        return f"({spelled.text})" if spelled.binds < least else spelled.text

    def value(self, e: Expr, dtype: DType) -> str:
        """`e` where C converts it to `dtype` by itself: an initialiser, an assignment, a store."""
        return self.text(_small(_unwrapped(e, dtype)))

    def index(self, e: Expr) -> str:
        """`e` as a subscript or an offset: any integer type will do."""
        while isinstance(e, Cast) and _widens(e.a, e.dtype):
            e = e.a
        return self.text(_small(e))

    def condition(self, e: Expr, least: int = 0) -> str:
        """`e` where C asks only whether it is zero."""
        while isinstance(e, Cast) and e.dtype is DType.BOOL and type_of(e.a) not in _HALVES:
            e = e.a
        return self.text(e, least)

    def element(self, buffer: str, index: Expr) -> str:
        """The scalar buffer[index] as an expression that can be assigned to."""
        name = self.scope.names[buffer]
        lanes = self.scope.aggregates.get(buffer)
        if lanes is None:
            return f"{name}[{self.index(index)}]"
        held = self.scope.buffers[buffer]
        which, lane = _split(index, lanes, held.extent == Const(lanes, DType.I32))
        pattern = next((p for p in self.scope.platform.elements if re.fullmatch(p, held.ctype)), None)
        if pattern is None or lane is None:
            raise self.no(f"an element of `{name}`", f"a {held.ctype} has no elements in {self.scope.platform.title}")
        template = self.scope.platform.elements[pattern]
        if "{letter}" in template and not (isinstance(lane, Const) and 0 <= lane.value < 4):
            raise self.no(f"an element of `{name}`", "its index is not a constant")
        base = name if which is None else f"{name}[{self.index(which)}]"
        letter = "xyzw"[int(lane.value)] if isinstance(lane, Const) and 0 <= lane.value < 4 else ""
        return template.format(name=base, index=self.index(lane), letter=letter)

    def aggregate(self, a: Addr) -> str:
        """The whole aggregate that starts at buffer[index]."""
        name, lanes = self.scope.names[a.buffer], self.scope.aggregates[a.buffer]
        single = self.scope.buffers[a.buffer].extent == Const(lanes, DType.I32)
        which, lane = _split(a.index, lanes, single)
        if not (isinstance(lane, Const) and lane.value == 0):
            raise self.no(f"a part of `{name}`", f"it starts inside a {self.scope.buffers[a.buffer].ctype}")
        return name if which is None else f"{name}[{self.index(which)}]"

    def pointer(self, a: Addr) -> Spelled:
        """The address of a plain buffer's element."""
        name = self.scope.names[a.buffer]
        if isinstance(a.index, Const) and a.index.value == 0:
            return Spelled(name, PRIMARY, a.dtype)
        index = a.index
        while isinstance(index, Cast) and _widens(index.a, index.dtype):
            index = index.a
        return Spelled(f"{name} + {self.text(_small(index), PRECEDENCE['+'])}", PRECEDENCE["+"], a.dtype)

    def fill(self, template: str, **fields: Expr | str | int) -> str:
        """A template with expressions put in, each in parentheses unless commas or parentheses surround it."""

        def put(m: re.Match[str]) -> str:
            given = fields[m[1]] if not m[1].isdigit() else fields[f"_{m[1]}"]
            if not isinstance(given, Expr):
                return str(given)
            before, after = template[: m.start()].rstrip()[-1:], template[m.end() :].lstrip()[:1]
            return self.text(given, 0 if before in "(," and after in ",)" else PRIMARY)

        return re.sub(r"\{(\w+)\}", put, template)

    # ------------------------------------------------------------ one expression

    def spell(self, e: Expr) -> Spelled:
        match e:
            case Const(value, dtype):
                return self._constant(value, dtype)
            case Var(name, dtype):
                instead = self.scope.built_in.get(name) or self.scope.inlined.get(name)
                if instead is None and name in self.scope.platform.constants:
                    instead = name
                return Spelled(instead or self.scope.names[name], PRIMARY, dtype)
            case Load(buffer, index, dtype):
                return Spelled(self.element(buffer, index), PRIMARY, dtype)
            case Addr():
                return self.pointer(e)
            case Unary("!", a):
                return Spelled(f"!{self.condition(a, UNARY)}", UNARY, DType.BOOL)
            case Unary(op, a, dtype):
                text = self.text(a, UNARY)
                text = f"{op}({text})" if text.startswith(op) else f"{op}{text}"
                if not dtype.is_float and dtype.bits < 32:  # C computes in int
                    text = f"({self.ctype(dtype)}){text}"
                return Spelled(text, UNARY, dtype)
            case Binary():
                return self._binary(e)
            case Select(cond, a, b, dtype):
                x, y = self._operands(a, b, dtype)
                arms = self._held(x, TERNARY + 1), self._held(y, TERNARY)
                return Spelled(f"{self.condition(cond, TERNARY + 1)} ? {arms[0]} : {arms[1]}", TERNARY, dtype)
            case Cast(a, dtype):
                return self._cast(a, dtype)
            case Call():
                return self._call(e)

    def _constant(self, value: int | float, dtype: DType) -> Spelled:
        if dtype is DType.BOOL:
            return Spelled("true" if value else "false", PRIMARY, dtype)
        if dtype in _HALVES:
            inner = self._constant(value, DType.F32)
            return Spelled(f"({self.ctype(dtype)}){inner.text}", UNARY, dtype)
        if dtype.is_float:
            if math.isnan(value):
                return Spelled("NAN", PRIMARY, DType.F32)
            if math.isinf(value):
                return Spelled("INFINITY" if value > 0 else "-INFINITY", PRIMARY if value > 0 else UNARY, DType.F32)
            text = digits(float(value), dtype) + ("f" if dtype is DType.F32 else "")
            return Spelled(text, UNARY if text.startswith("-") else PRIMARY, dtype)
        return self._integer(int(value), dtype)

    def _integer(self, value: int, dtype: DType) -> Spelled:
        if dtype.bits < 32 or dtype is DType.I32:
            if value == -_INT_MAX - 1:
                return Spelled(f"(-{_INT_MAX} - 1)", PRIMARY, DType.I32)
            return Spelled(str(value), UNARY if value < 0 else PRIMARY, DType.I32)
        wide = "LL" if "long long" in self.ctype(dtype) else "L"
        suffix = {DType.U32: "u", DType.I64: wide, DType.U64: f"U{wide}"}[dtype]
        if value == -(2**63):
            return Spelled(f"(-{2**63 - 1}{suffix} - 1)", PRIMARY, dtype)
        text = f"0x{value:x}" if not dtype.is_signed and value > 0xFFFF else str(value)
        return Spelled(f"{text}{suffix}", UNARY if value < 0 else PRIMARY, dtype)

    def _binary(self, e: Binary) -> Spelled:
        op, p = e.op, PRECEDENCE[e.op]
        if op in _LOGIC:
            sides = [self.condition(x, p if isinstance(x, Binary) and x.op == op else PRECEDENCE["|"])
                     for x in (e.a, e.b)]
            return Spelled(f"{sides[0]} {op} {sides[1]}", p, DType.BOOL)
        if op in ("<<", ">>"):
            a, b = self._shifted(e.a, e.dtype), self.spell(_small(_unwrapped(e.b, type_of(e.b))))
        else:
            a, b = self._operands(e.a, e.b, type_of(e.a) if op in _COMPARISONS else e.dtype)
        if op in ("+", "-") and b.text.startswith("-") and isinstance(e.b, Const) and b.text[1:2].isdigit():
            op, b = ("-" if op == "+" else "+"), Spelled(b.text[1:], PRIMARY, b.dtype)
        left, right = self._least(e.a, op, p), self._least(e.b, op, p + 1)
        if e.op == "+" and isinstance(e.b, Binary) and e.b.op == "+" and not e.dtype.is_float:
            right = p  # integer addition is associative
        if e.op != op and op == "-":
            left, right = p, p + 1
        sides = [self._held(a, left), self._held(b, right)]
        if sides[1].startswith(("-", "&")) and sides[1][0] == op[0]:
            sides[1] = f"({sides[1]})"
        dtype = DType.BOOL if op in _COMPARISONS else e.dtype
        text = f"{sides[0]} {op} {sides[1]}"
        if dtype is not DType.BOOL and not dtype.is_float and dtype.bits < 32:  # C computes in int
            return Spelled(f"({self.ctype(dtype)})({text})", UNARY, dtype)
        return Spelled(text, p, dtype)

    @staticmethod
    def _least(operand: Expr, op: str, p: int) -> int:
        """Bit operations and shifts keep the parentheses that C does not need but readers do."""
        mixed = isinstance(operand, Binary) and operand.op != op
        if mixed and (op in _BITS or (isinstance(operand, Binary) and operand.op in _BITS)):
            return UNARY
        return p

    @staticmethod
    def _held(s: Spelled, least: int) -> str:
        return f"({s.text})" if s.binds < least else s.text

    def _shifted(self, a: Expr, dtype: DType) -> Spelled:
        bare = self.spell(_small(a.a if isinstance(a, Cast) and a.dtype is dtype else a))
        return bare if promote(bare.dtype) is dtype else self.spell(a)

    def _operands(self, a: Expr, b: Expr, dtype: DType) -> tuple[Spelled, Spelled]:
        """Both operands, without the conversions to `dtype` that C does by itself."""
        tries = [(_bare(a, dtype), _bare(b, dtype)), (a, _bare(b, dtype)), (_bare(a, dtype), b)]
        for x, y in tries:
            s, t = self.spell(x), self.spell(y)
            if common(s.dtype, t.dtype) is dtype:
                return s, t
        return self.spell(a), self.spell(b)

    def _cast(self, a: Expr, dtype: DType) -> Spelled:
        inner = self.spell(a)
        if inner.dtype is dtype and not isinstance(a, Const):
            return inner
        if (dtype in _HALVES and not inner.dtype.is_float) or (inner.dtype in _HALVES and dtype is not DType.F32):
            # The half classes convert from and to float alone without ambiguity.
            inner = Spelled(f"(float){self._held(inner, UNARY)}", UNARY, DType.F32)
        return Spelled(f"({self.ctype(dtype)}){self._held(inner, UNARY)}", UNARY, dtype)

    def _call(self, e: Call) -> Spelled:
        if e.name in ("min", "max") and not e.dtype.is_float:  # overloaded: of two types there is none
            wide = reduce(common, map(type_of, e.args), e.dtype)
            e = replace(e, args=tuple(a if type_of(a) is wide else _as(a, wide) for a in e.args), dtype=wide)
        over = type_of(e.args[0]) if e.args else e.dtype
        if e.name.startswith("bits."):
            over = DType(e.name.split(".")[1])
        template = self.scope.platform.math.get((e.name, over))
        if template is not None:
            if "{" not in template:
                template = f"{template}({', '.join(f'{{{i}}}' for i in range(len(e.args)))})"
            text = self.fill(template, **{f"_{i}": a for i, a in enumerate(e.args)})
            if template.startswith("("):  # an expression, not a call
                return Spelled(text[1:-1], TERNARY, e.dtype)
            return Spelled(text, PRIMARY, e.dtype)
        if over in _HALVES and (e.name, DType.F32) in self.scope.platform.math:
            widened = Call(e.name, tuple(Cast(a, DType.F32) for a in e.args),
                           DType.F32 if e.dtype in _HALVES else e.dtype)
            return self.spell(Cast(widened, e.dtype) if e.dtype in _HALVES else widened)
        if not over.is_float and e.name in ("min", "max") and len(e.args) == 2:
            a, b = e.args
            test = Binary("<" if e.name == "min" else ">", a, b, DType.BOOL)
            return self.spell(Select(test, a, b, e.dtype))
        if not over.is_float and e.name == "abs":
            a = e.args[0]
            return self.spell(Select(Binary("<", a, Const(0, over), DType.BOOL), Unary("-", a, over), a, e.dtype))
        raise self.no(f"{e.name} of {over}", f"{self.scope.platform.title} has no such function")


# ---------------------------------------------------------------- conversions


def type_of(e: Expr) -> DType:
    """The IR's own type of an expression."""
    return e.dtype


def _widens(a: Expr, dtype: DType) -> bool:
    source = type_of(a)
    return not source.is_float and not dtype.is_float and source.bits <= dtype.bits and dtype is not DType.BOOL


def _implicit(source: DType, target: DType) -> bool:
    """Whether C's own conversion says all there is to say, so that a cast would be noise."""
    if source.is_float:
        return target.is_float and source.bits <= target.bits
    if target in _HALVES:
        return False
    return target.is_float or (source.bits <= target.bits and target is not DType.BOOL)


def _unwrapped(e: Expr, dtype: DType) -> Expr:
    """`e` without an outermost cast to `dtype` that an assignment does by itself."""
    while isinstance(e, Cast) and e.dtype is dtype and _implicit(type_of(e.a), dtype):
        e = e.a
    return e


def _bare(e: Expr, dtype: DType) -> Expr:
    """`e` without the cast to `dtype` or the suffix that the usual arithmetic conversions may make superfluous."""
    if isinstance(e, Cast) and e.dtype is dtype and dtype not in _HALVES and type_of(e.a) not in _HALVES:
        return e.a
    return _small(e)


def _as(e: Expr, dtype: DType) -> Expr:
    return Const(int(e.value), dtype) if isinstance(e, Const) else Cast(e, dtype)


def _small(e: Expr) -> Expr:
    """An integer constant that fits an int, as an int."""
    if isinstance(e, Const) and not e.dtype.is_float and e.dtype is not DType.BOOL and abs(e.value) <= _INT_MAX:
        return Const(int(e.value), DType.I32)
    return e


def _split(index: Expr, lanes: int, single: bool) -> tuple[Expr | None, Expr | None]:
    """An index into an array of aggregates as (which aggregate, which lane); no `which` for a single one."""
    zero = Const(0, DType.I32)
    if single:
        return None, index
    match index:
        case Const(value, dtype):
            return Const(int(value) // lanes, dtype), Const(int(value) % lanes, dtype)
        case Binary("*", a, Const(value), _) if value == lanes:
            return a, zero
        case Binary("*", Const(value), a, _) if value == lanes:
            return a, zero
        case Binary("+", a, b, dtype):
            which, lane = _split(a, lanes, single)
            if lane == zero and which is not None:
                if isinstance(b, Const) and 0 <= b.value < lanes:
                    return which, b
                if not isinstance(b, Const):
                    return which, b
    return None, None
