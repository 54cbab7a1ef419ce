"""Comparisons that the conditions they stand under decide."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from xpiler.facts import sym
from xpiler.facts.sym import ONE, ZERO, Sym
from xpiler.facts.sym.nodes import BOOL


def most(x: Sym, path: frozenset[Sym]) -> float:
    """What x does not exceed where these conditions hold; each side of a choice in it under its own."""
    terms = sym.terms_of(x)[1]
    choice = x if x.op == "sel" else next((a for a in terms if a.op == "sel" or a.dtype is BOOL), None)
    if choice is not None:
        cond, yes, no = choice.args if choice.op == "sel" else (choice, ONE, ZERO)
        times = 1 if choice is x else terms[choice]
        rest = ZERO if choice is x else sym.sub(x, sym.scale(choice, times))
        sides = ((yes, cond), (no, sym.negate(cond)))
        top = max(most(sym.add(rest, sym.scale(side, times)), path.union(sym.conjuncts(told)))
                  for side, told in sides)
        return min(top, _as_it_stands(x, path))
    either = next((c for c in path if c.op == "or"), None)
    if either is not None:
        return max(most(x, (path - {either}).union(sym.conjuncts(one))) for one in either.args)
    end = next((a for a in terms if a.op == "call" and a.data in ("min", "max")), None)
    if end is not None:
        w = terms[end]
        rest = sym.sub(x, sym.scale(end, w))
        tops = [most(sym.add(rest, sym.scale(a, w)), path) for a in end.args]
        return min(tops) if (end.data == "min") == (w > 0) else max(tops)
    return _as_it_stands(x, path)


def _as_it_stands(x: Sym, path: frozenset[Sym]) -> float:
    """What x does not exceed, without a look at the choices in it; a quotient is as large as what it is of."""
    top = x.hi
    const, terms = sym.terms_of(x)
    for c in path:
        if c.op != "lt":
            continue
        for atom, k in sym.terms_of(c.args[0])[1].items():  # c says that its argument is at most -1
            w = terms.get(atom, 0)
            if w * k > 0 and w % k == 0:
                top = min(top, sym.sub(x, sym.scale(sym.add(c.args[0], ONE), w // k)).hi)
    if len(terms) == 1:
        ((atom, w),) = terms.items()
        if atom.op == "div" and sym.is_const(atom.args[1]) and atom.args[0].lo >= 0:
            sign = 1 if w > 0 else -1
            end = sign * most(sym.scale(atom.args[0], sign), path)
            top = min(top, const + w * (end // sym.value_of(atom.args[1]))) if abs(end) != inf else top
    return top


def same(a: Sym, b: Sym) -> bool:
    """Two numbers are one, whichever of their choices are made: min(3, n) - min(2, n) and n > 2 ? 1 : 0."""
    apart = sym.sub(a, b)
    return apart is ZERO or all(most(d, frozenset()) <= 0 for d in (apart, sym.scale(apart, -1)))


def one_sided(g: Sym) -> Sym:
    """x < (c ? a : b) as x < a, where both are so without c: the last chunk of many is as long as what is left.

    Likewise a || b as b, where a is never so without b."""
    if g.op == "or":
        for p in g.args:
            if p.op == "lt" and all(
                    q is p or most(p.args[0], frozenset(sym.conjuncts(q))) < 0 for q in g.args):
                return p
        return g
    if g.op != "lt":
        return g
    d = g.args[0]
    choice = next((a for a in sym.terms_of(d)[1] if a.op == "sel"), None)
    if choice is None:
        return g
    times = sym.terms_of(d)[1][choice]
    cond, yes, no = choice.args
    rest = sym.sub(d, sym.scale(choice, times))
    first, second = (sym.add(rest, sym.scale(side, times)) for side in (yes, no))
    for one, other, where in ((first, second, sym.negate(cond)), (second, first, cond)):
        path = frozenset(sym.conjuncts(where))
        if most(one, path) < 0 and most(other, path) < 0:
            return sym.compare("<", one, ZERO)
    return g


def settled(c: Sym, path: Sym) -> Sym:
    """c without its comparisons that one on the path decides: i + k < 12 where i < 10 and k < 3."""
    if c.op not in ("lt", "and"):
        return c
    known = [sym.add(p.args[0], ONE) for p in sym.conjuncts(path) if p.op == "lt"]  # none of these is positive
    left = []
    for p in sym.conjuncts(c):
        rests = [_beside(x, q) for x in _multiples(p.args[0]) for q in known] if p.op == "lt" else []
        if any(r < 0 and rest.lo >= 0 for r, rest in rests):
            return sym.FALSE
        if not any(r > 0 and rest.hi < 0 for r, rest in rests):
            left.append(p)
    return c if len(left) == len(sym.conjuncts(c)) else sym.conjoin(*left)


def _multiples(x: Sym) -> Iterator[Sym]:
    """x, and multiples of it without a quotient: 4 * (n + i / 4) is 4 * n + i - i % 4."""
    yield x
    for atom, c in sym.terms_of(x)[1].items():
        if atom.op == "div" and sym.is_const(atom.args[1]):
            a, m = atom.args
            whole = sym.scale(sym.sub(a, sym.mod(a, m)), c)
            yield sym.add(sym.scale(sym.sub(x, sym.scale(atom, c)), sym.value_of(m)), whole)


def _beside(x: Sym, q: Sym) -> tuple[int, Sym]:
    """x as r * q + rest, r from a term that both have; r is 0 where it is no whole number."""
    _, terms = sym.terms_of(x)
    for atom, c in sym.terms_of(q)[1].items():
        if atom in terms:
            r = terms[atom] // c if terms[atom] % c == 0 else 0
            return r, sym.sub(x, sym.scale(q, r)) if r else x
    return 0, x
