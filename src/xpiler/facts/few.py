"""Choices of which one side is what the other one is wherever it is taken, as few values of a number are left there.

    n > 2 ? x[n - 1] : x[n % 2 == 0 ? 1 : 0]        ->        x[n - 1], where n > 0

as what is left of a pipeline's first turns, which stand before its loop."""

from __future__ import annotations

from xpiler.facts import sym
from xpiler.facts.decided import most, settled
from xpiler.facts.sym import Sym
from xpiler.ir.types import DType

FEW = 4  # values that are tried
LONGEST = 1000  # nodes of a choice that is looked at


def chosen(cond: Sym, a: Sym, b: Sym, path: Sym) -> Sym:
    """cond ? a : b where `path` holds."""
    made = sym.select(cond, a, b)
    if made.op != "sel" or made.dtype is DType.BOOL or made.size > LONGEST:
        return made
    cond, a, b = made.args
    if _alike(a, b, sym.conjoin(path, sym.negate(cond))):
        return a
    return b if _alike(b, a, sym.conjoin(path, cond)) else made


def _alike(x: Sym, y: Sym, path: Sym) -> bool:
    """Whether x is y wherever `path` holds, for a number of which that leaves few values."""
    for n in sym.collect(x, _number) + sym.collect(y, _number):
        told = frozenset(sym.conjuncts(path))
        low, high = -most(sym.scale(n, -1), told), most(n, told)
        if 0 <= high - low < FEW and all(_alike_at(x, y, n, v, path) for v in range(int(low), int(high) + 1)):
            return True
    return False


def _number(n: Sym) -> bool:
    return n.op == "div" and sym.is_const(n.args[1]) and n.args[0].lo >= 0 or n.op == "var" and not sym.bounded(n)


def _alike_at(x: Sym, y: Sym, n: Sym, value: int, path: Sym) -> bool:
    """Whether x is y where `path` holds and n has a value."""
    here = sym.compare("==", n, sym.integer(value))
    known = sym.conjoin(path, here)
    one, other = (_settled(sym.rewrite(e, lambda m: sym.integer(value) if m is n else None), known) for e in (x, y))
    return one is other


def _settled(x: Sym, path: Sym) -> Sym:
    """x with the choices in it that `path` makes."""

    def rule(n: Sym) -> Sym | None:
        if n.op != "sel":
            return None
        cond = settled(sym.assume(n.args[0], path), path)
        return _settled(n.args[1 if sym.value_of(cond) else 2], path) if sym.is_const(cond) else None

    return sym.rewrite(x, rule)
