"""Sums of integers in normal form: a constant and whole multiples of distinct atoms."""

from __future__ import annotations

from collections.abc import Mapping

from xpiler.facts import sym
from xpiler.facts.sym.leaves import ZERO, integer, is_const
from xpiler.facts.sym.nodes import I32, Sym, make, sum_of, value_of


def terms_of(x: Sym) -> tuple[int, dict[Sym, int]]:
    """x as constant + {atom: coefficient}."""
    if x.op == "int":
        return value_of(x), {}
    if x.op == "lin":
        const, coefs = sum_of(x)
        return const, dict(zip(x.args, coefs, strict=True))
    return 0, {x: 1}


def linear(const: int, terms: Mapping[Sym, int]) -> Sym:
    live = {a: c for a, c in terms.items() if c}
    if any(a.op in ("div", "mod") for a in live):
        live, more = sym.recombine(live)
        const += more
    if len(live) > 1 and any(a.op == "prod" and any(f.op == "mod" for f in a.args) for a in live):
        live, more = sym.recombine_multiples(live)
        const += more
    if not live:
        return integer(const)
    if const == 0 and len(live) == 1:
        atom, c = next(iter(live.items()))
        if c == 1:
            return atom
    atoms = tuple(sorted(live, key=lambda a: a.uid))
    return make("lin", atoms, (const, tuple(live[a] for a in atoms)), I32)


def add(*xs: Sym) -> Sym:
    const = 0
    terms: dict[Sym, int] = {}
    for x in xs:
        if x.dtype.is_float:
            raise TypeError("integer sum of floats")
        c, more = terms_of(x)
        const += c
        for a, k in more.items():
            terms[a] = terms.get(a, 0) + k
    return linear(const, terms)


def scale(x: Sym, factor: int) -> Sym:
    const, terms = terms_of(x)
    return linear(const * factor, {a: c * factor for a, c in terms.items()})


def sub(a: Sym, b: Sym) -> Sym:
    if a.dtype.is_float or b.dtype.is_float:
        raise TypeError("integer difference of floats")
    const, terms = terms_of(a)
    less, minus = terms_of(b)
    for x, k in minus.items():
        terms[x] = terms.get(x, 0) - k
    return linear(const - less, terms)


def mul(a: Sym, b: Sym) -> Sym:
    if a.op == b.op == "sel" and (alike := sym.padded_alike((a, b))) is not None:
        return sym.select(alike[0], mul(*alike[1]), ZERO)
    if is_const(a):
        return scale(b, value_of(a))
    if is_const(b):
        return scale(a, value_of(b))
    ca, ta = terms_of(a)
    cb, tb = terms_of(b)
    out: dict[Sym, int] = {}
    for x, i in ta.items():
        for y, j in tb.items():
            factors = (x.args if x.op == "prod" else (x,)) + (y.args if y.op == "prod" else (y,))
            atom = make("prod", tuple(sorted(factors, key=lambda s: s.uid)), None, I32)
            out[atom] = out.get(atom, 0) + i * j
        if cb:
            out[x] = out.get(x, 0) + i * cb
    if ca:
        for y, j in tb.items():
            out[y] = out.get(y, 0) + ca * j
    return linear(ca * cb, out)
