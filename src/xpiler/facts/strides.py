"""Iterations that workers take in turns: `for (i = worker; i < n; i += workers)`, of which i says what it computes."""

from __future__ import annotations

from xpiler.facts import sym
from xpiler.facts.sym import ONE, Sym
from xpiler.ir.nodes import Binary, For
from xpiler.ir.walk import expressions, free_vars, statements, subexpressions


def turn(i: Sym, start: Sym, by: Sym) -> Sym | None:
    """The condition under which iteration i falls to the worker that begins with `start`, a number whose digits are
    loops: i % 16 == task; i % 128 == thread and i / 128 % 4 == block. None if these are not `by` workers."""
    const, terms = sym.terms_of(start)
    if const or not terms or not sym.is_const(by):
        return None
    conditions, unit = [], 1
    for v, weight in sorted(terms.items(), key=lambda term: term[1]):
        if v.op != "var" or weight != unit or not sym.is_const(sym.extent_of(v)):
            return None
        digit = sym.mod(sym.div(i, sym.integer(unit)), sym.extent_of(v))
        conditions.append(sym.compare("==", digit, v))
        unit *= sym.value_of(sym.extent_of(v))
    return sym.conjoin(*conditions) if sym.integer(unit) is by and by is not ONE else None


def taken_apart(loop: For) -> bool:
    """The loop's variable is divided: it stands for several."""
    found = (e for s in statements(loop.body) for x in expressions(s) for e in subexpressions(x))
    return any(isinstance(e, Binary) and e.op in ("/", "%") and loop.var in free_vars(e.a) for e in found)
