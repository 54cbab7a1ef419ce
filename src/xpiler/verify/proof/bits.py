"""Masks: integers whose bit k is whether something holds of lane k, and what one bit of them is."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from xpiler.ir.types import DType
from xpiler.verify.proof.index import Atom, Formula, Poly, at_least, below, both, poly
from xpiler.verify.proof.solver import Facts
from xpiler.verify.proof.terms import Term, Terms

TRUTHS = frozenset({"<", "<=", ">", ">=", "==", "!=", "&&", "||", "!", "isnan", "isinf", "isfinite", "signbit"})


def is_truth(t: Term) -> bool:
    """Whether a term is 1 or 0."""
    return t.kind == "op" and t.data[0] in TRUTHS


def set_one_by_one(k: Atom, domain: Formula, prev: int, first: Term, body: Term) -> Term | None:
    """What bit k is of a mask that iteration k of a loop sets bit k of: `m |= (a[k] < b[k]) << k`."""
    if domain.op != "true" or k.hi is None or first.kind != "const" or first.data != 0:
        return None
    match body.kind:
        case "select" if body.data is None and body.args[2].kind == "prev":
            test, grown, _ = body.args
            one = _shifted(grown, k, prev)
            return test if one is not None and one.kind == "const" and one.data == 1 and is_truth(test) else None
        case "op":
            one = _shifted(body, k, prev)
            return one if one is not None and is_truth(one) else None
    return None


def _shifted(t: Term, k: Atom, prev: int) -> Term | None:
    """x of `prev | x << k`, where x does not hang on what was before."""
    t = _unwrapped(t, k)
    if t.kind != "op" or t.data[0] != "|":
        return None
    others = [a for a in t.args if not (a.kind == "prev" and a.data == prev)]
    if len(others) != 1:
        return None
    x = _unwrapped(others[0], k)
    if x.kind != "op" or x.data[0] != "<<" or prev in x.prevs:
        return None
    value, by = x.args
    return value if by.kind == "index" and by.data == poly(k) else None


def _unwrapped(t: Term, k: Atom) -> Term:
    """A number before it was made one of a type that has all bits up to k."""
    while t.kind == "op" and t.data[0] == "wrap" and k.hi is not None and DType(t.data[1]).bits > k.hi:
        t = t.args[0]
    return t


def bit(t: Term, at: Poly, facts: Facts, terms: Terms, again: Callable[[Term], Term]) -> Term | None:
    """Bit `at` of a mask, as 1 or 0; None where that is not known. `again` makes a term normal."""
    match t.kind:
        case "rec":
            k, domain, prev = t.data
            made = set_one_by_one(k, domain, prev, *t.args)
            if made is not None and facts.entails(both([at_least(at, 0), below(at, k.hi + 1)])):
                return again(terms.put(made, {k: at}))
        case "op" if t.data[0] == "wrap" and facts.entails(both([at_least(at, 0), below(at, DType(t.data[1]).bits)])):
            return bit(t.args[0], at, facts, terms, again)
        case "op" if t.data[0] == ">>" and t.args[1].kind == "index":
            by = t.args[1].data
            return bit(t.args[0], at + by, facts, terms, again) if facts.entails(at_least(by, 0)) else None
        case "op" if t.data[0] == ">>" and t.args[1].kind == "const" and t.args[1].data >= 0:
            return bit(t.args[0], at + poly(int(t.args[1].data)), facts, terms, again)
        case "const" if at.constant is not None and isinstance(t.data, Fraction) and t.data.denominator == 1:
            return terms.make("const", Fraction(int(t.data) >> at.constant & 1))
    return None
