"""The operations on bits, as arithmetic where that says the same."""

from __future__ import annotations

from collections.abc import Callable
from math import gcd

from xpiler.facts import sym
from xpiler.facts.sym.fields import mask_bit, read_off, taken_out, whole_field
from xpiler.facts.sym.leaves import ZERO, integer, is_const
from xpiler.facts.sym.nodes import I32, LOGICAL, Sym, make, value_of
from xpiler.facts.sym.quotients import div_const, mod_const
from xpiler.facts.sym.sums import add, linear, scale, terms_of
from xpiler.ir.types import DType


def bit(op: str, a: Sym, b: Sym) -> Sym:
    """a op b for op in & | ^ << >>, turned into arithmetic where a constant allows it."""
    if op in ("<<", ">>") and is_const(b) and not 0 <= value_of(b) < 64:
        return make("bit", (a, b), op, I32)  # C gives it no meaning
    if is_const(a) and is_const(b):
        x, y = value_of(a), value_of(b)
        table: dict[str, Callable[[], int]] = {
            "&": lambda: x & y, "|": lambda: x | y, "^": lambda: x ^ y,
            "<<": lambda: x << y, ">>": lambda: x >> y,
        }
        return integer(table[op]())
    if op in ("&", "|", "^") and is_const(a):
        a, b = b, a
    if op in (">>", "&") and is_const(b) and a.op == "sel" and any(map(is_const, a.args[1:])):
        return sym.select(a.args[0], bit(op, a.args[1], b), bit(op, a.args[2], b))
    if is_const(b):
        c = value_of(b)
        if op == "<<":
            return scale(a, 1 << c)
        if c == 0:
            return ZERO if op == "&" else a
        if op == ">>" and a.lo >= 0:
            return div_const(a, 1 << c)
        if op == "&" and c == 1:
            told = mask_bit(a)
            if told is not None:
                return told
        if op == "&" and a.op == "bit" and a.data == ">>" and is_const(a.args[0]):
            read = read_off(value_of(a.args[0]), a.args[1], c)
            if read is not None:
                return read
        if op == "&" and a.op == "bit" and a.data == ">>":
            part = taken_out(a.args[0], a.args[1], c) or whole_field(a.args[0], a.args[1], c)
            if part is not None:
                return part
        if op == "&" and c > 0 and c & (c + 1) == 0 and a.lo >= 0:
            return mod_const(a, c + 1)
        if op == "&" and c < -1 and -c & (-c - 1) == 0:  # x & -16 is x >> 4 << 4, of whatever sign x is
            shift = (-c).bit_length() - 1
            return scale(bit(">>", a, integer(shift)), -c)
    if op == "|" and a.lo >= 0 and b.lo >= 0:
        for low, high in ((a, b), (b, a)):
            const, terms = terms_of(high)
            g = const
            for k in terms.values():
                g = gcd(g, k)
            if g and low.hi < (g & -g):
                return add(low, high)  # no bit in common
    return make("bit", (a, b), op, I32)


def shifted_in_zeros(x: Sym, by: int) -> Sym:
    """The unsigned 32-bit number that x is read as, >> by."""
    if x.lo >= 0 and x.hi < 1 << 31:
        return bit(">>", x, integer(by))
    const, terms = terms_of(x)
    upper = {a: c >> by for a, c in terms.items() if c % (1 << by) == 0}
    lower = linear(const, {a: c for a, c in terms.items() if a not in upper})
    whole = linear(0, upper)
    if upper and lower.lo >= 0 and lower.hi < 1 << by and whole.lo >= 0 and whole.hi < 1 << (32 - by):
        return whole  # a word put together from parts
    return make("call", (x, integer(by)), LOGICAL, DType.U32)


def low_word(x: Sym) -> Sym:
    """x without the parts that lie beyond its lowest 32 bits."""
    const, terms = terms_of(x)
    if not any(c % (1 << 32) == 0 for c in terms.values()):
        return x
    return linear(const, {t: c for t, c in terms.items() if c % (1 << 32)})
