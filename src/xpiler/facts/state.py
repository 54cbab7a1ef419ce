"""What a kernel's scalars and arrays hold at one point of it: what expressions are worth, what is read and stored."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from xpiler.facts import sym
from xpiler.facts.apart import never_meet
from xpiler.facts.choices import united
from xpiler.facts.closing import at_level
from xpiler.facts.decided import most, one_sided, settled
from xpiler.facts.deferred import Deferred
from xpiler.facts.few import chosen
from xpiler.facts.joining import rolled_up
from xpiler.facts.reductions import reduction
from xpiler.facts.rescaled import telescoped
from xpiler.facts.ring import turned
from xpiler.facts.solving import solve, supersedes
from xpiler.facts.sym import FALSE, TRUE, Sym
from xpiler.facts.typed import DATA, as_int, mixed, of_two, signed_word, wraps
from xpiler.facts.writes import Unsummarised, Write
from xpiler.fault import NOWHERE
from xpiler.ir.nodes import Binary, Buffer, Call, Cast, Const, Expr, Kernel, Load, Select, Unary, Var
from xpiler.ir.types import DType

LARGEST = 200_000  # nodes of one value, counted as a tree


@dataclass
class Array:
    """An array's content: `base` (init, undef, prev, or lost) overlaid with writes, the latest last.

    `level` of a base "prev": of the loop at the start of whose iteration it was so."""

    base: str
    dtype: DType
    writes: list[Write] = field(default_factory=list)
    level: int = 0

    def copy(self) -> Array:
        return Array(self.base, self.dtype, list(self.writes), self.level)


class State:
    """Symbolic state: scalars, arrays, and the condition under which the current statement runs."""

    def __init__(self, kernel: Kernel, deferred: Deferred | None = None) -> None:
        self.deferred = deferred
        self.scalars: dict[str, Sym] = {}
        self.level = 0  # how many loops are being summarised, one within the other
        self.arrays: dict[str, Array] = {}
        self.inner: set[str] = set()  # arrays the kernel declares itself
        self.wide: set[str] = set()  # 64-bit scalars that hold what a 32-bit integer held
        self.path = TRUE
        self.span = NOWHERE
        for p in kernel.params:
            if isinstance(p, Buffer):
                self.arrays[p.name] = Array("init", p.dtype)
            else:
                self.scalars[p.name] = sym.var(p.name, None, p.dtype)

    # ------------------------------------------------------------ expressions

    def value(self, e: Expr) -> Sym:
        match e:
            case Const(v, dtype):
                return sym.boolean(bool(v)) if dtype is DType.BOOL else sym.number(v, dtype)
            case Var(name, dtype):
                if name not in self.scalars:
                    return sym.undefined(dtype)
                got = self.scalars[name]
                if got.op == "poison":
                    raise Unsummarised(f"`{name}` is used after a loop that may not set it", self.span)
                return got
            case Load(buffer, index, dtype):
                return self.read(buffer, self.value(index))
            case Unary(op, a, dtype):
                return sym.unary(op, self.value(a), dtype)
            case Binary(op, a, b, dtype):
                x, y = self.value(a), self.value(b)
                known = sym.is_const(y) and 0 < sym.value_of(y) < 32 and (bool(x.has & DATA) or not mixed(x))
                if op == ">>" and dtype is DType.U32 and known:
                    return sym.shifted_in_zeros(x, sym.value_of(y))
                if op == ">>" and known and signed_word(a.dtype, x):
                    return sym.make("bit", (x, y), op, DType.I32)  # ones are shifted in where the highest bit is one
                number = sym.is_const(x) and sym.is_const(y) and 0 <= sym.value_of(x) < 1 << 31
                shifted = sym.make("bit", (x, y), op, DType.I32) if op == ">>" and not number else None
                if shifted is not None and sym.mask_bit(shifted) is not None:
                    return shifted  # lanes that take part: 1 << n, less one
                of_mask = op == "&" and sym.mask_bit(x) is not None
                if not of_mask and any(wraps(op, e.dtype, s) and not self._widened(e) for e, s in ((a, x), (b, y))):
                    raise Unsummarised(f"`{op}` of {a.dtype} numbers that may not fit a signed one", self.span)
                if op == "<<" and dtype.bits == 32:
                    return sym.low_word(sym.binary(op, x, y, dtype))
                if op in ("&&", "||") or dtype is not DType.BOOL or x.dtype.is_float:
                    return sym.binary(op, x, y, dtype)
                return self.here(sym.compare(op, as_int(x), as_int(y)))
            case Select(c, a, b, _):
                cond = one_sided(self.here(self.value(c)))
                if sym.is_const(cond):
                    return self.value(a if sym.value_of(cond) else b)
                return sym.select(cond, self.value(a), self.value(b))
            case Cast(Binary(">>", a, Const(32), _), dtype) if of_two(a, dtype) and (
                    word := sym.half(self.value(a), upper=True)) is not None:
                return sym.cast(word, dtype)
            case Cast(a, dtype):
                x = self.value(a)
                if of_two(a, dtype) and (word := sym.half(x, upper=False)) is not None:
                    return sym.cast(word, dtype)
                if (dtype.is_float or dtype.bits > 32) and signed_word(a.dtype, x):
                    raise Unsummarised("a word whose highest bit is its sign, as a longer number", self.span)
                if dtype.is_float and a.dtype is DType.U32:
                    x = sym.cast(x, DType.U32)  # integers are signed here; as a number it is not
                return sym.cast(x, dtype)
            case Call(name, args, dtype):
                return sym.call(name, tuple(self.value(a) for a in args), dtype)
        raise Unsummarised(f"an expression of kind {type(e).__name__}", self.span)

    def _widened(self, e: Expr) -> bool:
        """Whether a 64-bit number is one that a signed 32-bit integer holds: it was one."""
        match e:
            case Var(name, DType.I64):
                return name in self.wide
            case Cast(a, DType.I64):
                return a.dtype.is_signed and a.dtype.bits <= 32 and not a.dtype.is_float
        return False

    def here(self, c: Sym) -> Sym:
        """c simplified by the path condition."""
        return settled(sym.assume(c, self.path), self.path) if self.path is not TRUE else c

    # ------------------------------------------------------------ memory

    def read(self, buffer: str, index: Sym) -> Sym:
        array = self.arrays[buffer]
        return self._resolve(buffer, array, len(array.writes) - 1, turned(self.here(index), self.path))

    def _resolve(self, buffer: str, array: Array, last: int, index: Sym) -> Sym:
        self.afford(index)
        for n in range(last, -1, -1):
            w = array.writes[n]
            cond, mapping = solve(w, index, self.path)
            cond = self.here(cond)
            if cond is FALSE or not sym.is_const(cond) and _beyond(w, index):
                continue
            value = self.deferred.named(w, mapping) if self.deferred and array.base == "undef" else None
            if value is None:
                value = sym.substitute(w.value, mapping) if mapping else w.value
            if cond is TRUE:
                return value
            older = self._resolve(buffer, array, n - 1, index)
            return chosen(cond, value, older, self.path)
        match array.base:
            case "init":
                return sym.load(buffer, index, array.dtype)
            case "prev":
                return sym.previous_load(at_level(buffer, array.level), index, array.dtype)
            case "lost":
                raise Unsummarised(f"what `{buffer}` holds after a loop is not known", self.span)
        return sym.undefined(array.dtype)

    def final(self, w: Write) -> Write:
        """A write of the whole kernel, with all that was put off."""
        value, guard = w.value, w.guard
        if self.deferred is not None:
            value, guard = self.deferred.expanded(value), self.deferred.expanded(guard)
        return replace(w, value=united(telescoped(value)), guard=guard)

    def afford(self, value: Sym) -> None:
        """Give up on kernels whose closed form would be larger than anyone wants to read."""
        if value.size > LARGEST:
            raise Unsummarised("the closed form grows too large", self.span)

    def store(self, buffer: str, index: Sym, value: Sym) -> None:
        self.afford(value)
        array = self.arrays[buffer]
        new = Write((), turned(self.here(index), self.path), self.path, value, self._more(buffer, index, value))
        while array.writes and supersedes(new, array.writes[-1]):
            array.writes.pop()
        if array.writes:
            rolled = rolled_up(array.writes[-1], new)
            if rolled is not None:
                array.writes[-1] = rolled
                return
        array.writes.append(new)

    def _more(self, buffer: str, index: Sym, value: Sym) -> tuple[str, Sym] | None:
        """What a value adds to one that an earlier statement of the same iteration left in the element."""
        array = self.arrays[buffer]
        if not self.level or array.base != "prev" or not array.writes:
            return None
        before = self.read(buffer, index)
        if before.op not in ("sel", "bin", "call"):
            return None
        held = sym.previous_load(f"~{buffer}", index, value.dtype)
        return reduction(sym.rewrite(value, lambda n: held if n is before else None), held)


def _beyond(w: Write, index: Sym) -> bool:
    """Whether an element is none of those that are written, wherever it is or as the writes' condition has it."""
    told = frozenset(sym.conjuncts(w.guard))
    if never_meet(w.index, index, w.guard):
        return True
    return any(most(gap, told) < 0 for gap in (sym.sub(w.index, index), sym.sub(index, w.index)))
