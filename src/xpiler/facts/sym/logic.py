"""Conditions made of others: not, and, or."""

from __future__ import annotations

from xpiler.facts import sym
from xpiler.facts.sym.leaves import FALSE, ONE, TRUE, boolean, integer, is_const
from xpiler.facts.sym.nodes import BOOL, Sym, make, value_of
from xpiler.facts.sym.sums import add, scale, sub

_opposites: dict[Sym, Sym] = {}


def negate(c: Sym) -> Sym:
    """The opposite of a condition, remembered as nodes are."""
    known = _opposites.get(c)
    if known is None:
        known = _opposites[c] = _negated(c)
    return known


def _negated(c: Sym) -> Sym:
    match c.op:
        case "int":
            return boolean(not value_of(c))
        case "not":
            return c.args[0]
        case "lt":
            return sym.negative(sub(scale(c.args[0], -1), ONE))
        case "and":
            return disjoin(*[negate(a) for a in c.args])
        case "or":
            return conjoin(*[negate(a) for a in c.args])
    return make("not", (c,), None, BOOL)


def conjoin(*cs: Sym) -> Sym:
    parts: dict[Sym, None] = {}
    for c in cs:
        for p in c.args if c.op == "and" else (c,):
            if p is FALSE or (is_const(p) and not value_of(p)):
                return FALSE
            if not is_const(p):
                parts[p] = None
    if not parts:
        return TRUE
    if len(parts) == 1:
        return next(iter(parts))
    if any(negate(p) in parts for p in parts if p.op != "and"):
        return FALSE
    lines = {p.args[0]: p for p in parts if p.op == "lt"}
    for d in lines if len(lines) > 1 else ():
        other = lines.get(sub(integer(-2), d))
        if other is not None:  # d is -1: it is negative, and so is -2 - d
            return conjoin(sym.zero(add(d, ONE)), *(p for p in parts if p is not lines[d] and p is not other))
    return make("and", tuple(sorted(parts, key=lambda p: p.uid)), None, BOOL)


def conjuncts(c: Sym) -> tuple[Sym, ...]:
    return c.args if c.op == "and" else () if c is TRUE else (c,)


def disjoin(*cs: Sym) -> Sym:
    parts: dict[Sym, None] = {}
    for c in cs:
        for p in c.args if c.op == "or" else (c,):
            if is_const(p) and value_of(p):
                return TRUE
            if not is_const(p):
                parts[p] = None
    if not parts:
        return FALSE
    if len(parts) == 1:
        return next(iter(parts))
    if any(p.op != "and" and negate(p) in parts for p in parts):
        return TRUE
    orders = [p for p in parts if p.op == "lt"]
    for p in parts if orders else ():
        if any(q is not p and _follows(q, p) for q in orders):
            return disjoin(*(q for q in parts if q is not p))
    return make("or", tuple(sorted(parts, key=lambda p: p.uid)), None, BOOL)


def _follows(less: Sym, given: Sym) -> bool:
    """Whether something is negative wherever something else is 0 or negative too: i < n where n is 32, or more than
    that, and i is less."""
    if given.op == "eq":
        return any(add(less.args[0], scale(given.args[0], way)).hi < 0 for way in (1, -1))
    return given.op == "lt" and sub(less.args[0], given.args[0]).hi <= 0
