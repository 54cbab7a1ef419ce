"""Conditions that say no more of a write than that it has an iteration: n > 0 of a loop over 16 * (n / 16) elements."""

from __future__ import annotations

from dataclasses import replace

from xpiler.facts import sym
from xpiler.facts.sym import ONE, TRUE, ZERO, Sym
from xpiler.facts.decided import settled
from xpiler.facts.writes import Write


def spared(w: Write) -> Write:
    """w without the conditions that hold wherever one of its loops has an iteration."""
    known = sym.conjoin(*(_some(sym.extent_of(v)) for v in w.vars if not sym.extent_of(v).free & {*w.vars}))
    left = [c for c in sym.conjuncts(w.guard) if c.free & {*w.vars} or settled(c, known) is not TRUE]
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
    return sym.compare("<=", ONE, part)
