"""Values that are zero, or neutral for an operation, outside a condition."""

from __future__ import annotations

import functools

from xpiler.facts import sym
from xpiler.facts.sym.associative import is_identity
from xpiler.facts.sym.logic import negate
from xpiler.facts.sym.nodes import Sym, make, word_of
from xpiler.facts.sym.sums import add, scale, terms_of


def padded(x: Sym) -> tuple[Sym, Sym] | None:
    """(c, a) where x is a while c holds and otherwise zero: (c ? p : 0) + (c ? q : 0) is c ? p + q : 0.

    Every factor of a product is zero where c is false: zero times an infinity would not be. The same of other
    operations and functions that make zero of zeros."""
    if (chosen := or_neutral("+", x)) is not None:
        return chosen
    const, terms = terms_of(x) if not x.dtype.is_float else (0, {})
    if x.op == "lin" and const == 0:
        parts = padded_alike(tuple(terms))
        return parts and (parts[0], add(*(scale(p, c) for p, c in zip(parts[1], terms.values(), strict=True))))
    if x.op == "prod" or x.op == "bin" and x.data in ("*", "+", "-"):
        parts, op = padded_alike(x.args), "*" if x.op == "prod" else word_of(x)
        return parts and (parts[0], functools.reduce(lambda p, q: sym.binary(op, p, q, x.dtype), parts[1]))
    if x.op == "un" and x.data == "-" or x.op == "call" and x.data in ("abs", "sqrt", "fma"):
        parts = padded_alike(x.args)
        return parts and (parts[0], make(x.op, tuple(parts[1]), x.data, x.dtype))
    return None


def or_neutral(op: str, x: Sym) -> tuple[Sym, Sym] | None:
    """(c, a) where x is a while c holds and otherwise neutral for an operation."""
    if x.op != "sel":
        return None
    c, a, b = x.args
    return (c, a) if is_identity(op, b) else (negate(c), b) if is_identity(op, a) else None


def padded_apart(x: Sym) -> list[Sym]:
    """What x is the sum of, where that is one term for each of several conditions outside which it is zero."""
    terms = _addends(x)
    found = [p for t in terms if (p := padded(t)) is not None]
    if len(terms) < 2 or len(found) < len(terms) or len({c for c, _ in found}) < len(terms):
        return []
    return terms


def _addends(x: Sym) -> list[Sym]:
    return [t for a in x.args for t in _addends(a)] if x.op == "bin" and word_of(x) == "+" else [x]


def padded_alike(xs: tuple[Sym, ...]) -> tuple[Sym, list[Sym]] | None:
    """The condition outside which each of them is zero, and what they are inside."""
    found = [p for x in xs if (p := padded(x)) is not None]
    conditions = {c for c, _ in found}
    if len(found) < len(xs) or len(conditions) != 1:
        return None
    return conditions.pop(), [a for _, a in found]
