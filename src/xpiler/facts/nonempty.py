"""Conditions that say no more of a write than that it has an iteration: n > 0 of a loop over 16 * (n / 16) elements."""

from __future__ import annotations

from dataclasses import replace

from xpiler.facts import sym
from xpiler.facts.sym import ONE, TRUE, ZERO, Sym
from xpiler.facts.decided import settled
from xpiler.facts.writes import Write


def spared(w: Write) -> Write:
    """w without the conditions that hold wherever one of its loops has an iteration."""
    extents = [sym.extent_of(v) for v in w.vars if not sym.extent_of(v).free & {*w.vars}]
    known = sym.conjoin(*map(_some, extents))
    left = [c for c in sym.conjuncts(w.guard) if c.free & {*w.vars}
            or settled(c, known) is not TRUE and not any(_more_is_left(c, e) for e in extents)]
    return replace(w, guard=sym.conjoin(*left))


def _some(extent: Sym) -> Sym:
    """What an extent that is not 0 says of what it is made of."""
    const, terms = sym.terms_of(extent)
    if const or len(terms) != 1 or min(terms.values()) < 0:
        return sym.compare("<", ZERO, extent)
    (part,) = terms
    if part.op == "div" and sym.is_const(part.args[1]):
        return sym.compare("<=", part.args[1], part.args[0])
    if part.op == "mod" and part.args[0].op == "div" and all(map(sym.is_const, (part.args[1], part.args[0].args[1]))):
        x, size = part.args[0].args
        whole = sym.make("mod", (x, sym.integer(sym.value_of(size) * sym.value_of(part.args[1]))), None, part.dtype)
        return sym.compare("<=", size, whole)
    if part.op == "mod" and sym.is_const(part.args[1]):
        return sym.conjoin(sym.compare("<=", ONE, part), sym.compare("<=", ONE, part.args[0]))
    return sym.compare("<=", ONE, part)


def _more_is_left(c: Sym, extent: Sym) -> bool:
    """Whether a condition is 0 < n % 64, or n % 64 != 0, where an extent, which is not 0, is n % 16."""
    match c.op, c.args:
        case "lt", (less,):
            whole = sym.scale(less, -1)
        case "not", (Sym(op="eq", args=(zero,)),):
            whole = zero
        case _:
            return False
    if {whole.op, extent.op} != {"mod"} or whole.args[0] is not extent.args[0]:
        return False
    few, many = extent.args[1], whole.args[1]
    return sym.is_const(few) and sym.is_const(many) and sym.value_of(many) % sym.value_of(few) == 0
