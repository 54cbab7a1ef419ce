"""One equation between two sums as several: 128 * b + t == 128 * c + u with t and u below 128 means b == c and t == u.

What is below the greatest common divisor of the other terms' coefficients is 0 by itself. Solvers find this slowly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import gcd

from xpiler.verify.argue.terms import Atom, Poly

SHARED = 0


@dataclass(frozen=True)
class Term:
    """coefficient * (the atom in one copy), or, with `minus`, * (the first copy's less the second's)."""

    coefficient: int
    atom: Atom
    copy: int
    minus: bool = False

    @property
    def low(self) -> int:
        a = self.atom
        least, most = (a.low - a.high, a.high - a.low) if self.minus else (a.low, a.high)
        return self.coefficient * (least if self.coefficient > 0 else most)

    @property
    def high(self) -> int:
        a = self.atom
        least, most = (a.low - a.high, a.high - a.low) if self.minus else (a.low, a.high)
        return self.coefficient * (most if self.coefficient > 0 else least)


@dataclass(frozen=True)
class Equation:
    """The sum of the terms and the constant is 0."""

    terms: tuple[Term, ...]
    constant: int

    @property
    def same(self) -> Atom | None:
        """The atom that it says is the same in both copies."""
        alone = len(self.terms) == 1 and self.terms[0].minus and not self.constant
        return self.terms[0].atom if alone else None


def digits(p: Poly, q: Poly, apart: Callable[[Atom], bool]) -> list[Equation] | None:
    """What p in the first copy == q in the second means, the smallest digits first; None where it cannot be."""
    terms = sorted(_terms(p, q, apart), key=lambda t: abs(t.coefficient))
    return _split(terms, p.constant - q.constant)


def _terms(p: Poly, q: Poly, apart: Callable[[Atom], bool]) -> list[Term]:
    first, second = dict(p.parts), dict(q.parts)
    out = []
    for a in dict.fromkeys((*first, *second)):
        k, j = first.get(a, 0), second.get(a, 0)
        if not apart(a):
            out += [Term(k - j, a, SHARED)] if k != j else []
        elif k == j:
            out.append(Term(k, a, 1, minus=True))
        else:
            out += [Term(k, a, 1)] if k else []
            out += [Term(-j, a, 2)] if j else []
    return out


def _split(terms: Sequence[Term], constant: int) -> list[Equation] | None:
    if not terms:
        return None if constant else []
    whole = gcd(*(t.coefficient for t in terms))
    if constant % whole:
        return None
    for n in range(len(terms)):
        low, high = terms[:n], terms[n:]
        g = gcd(*(t.coefficient for t in high))
        rest = constant % g
        least, most = sum(t.low for t in low) + rest, sum(t.high for t in low) + rest
        if most >= g and least - g > -g and most - g < g:  # the constant may as well be counted down
            rest, least, most = rest - g, least - g, most - g
        if n == 0 and rest:
            return None
        if n and least > -g and most < g:
            smaller = _split(low, rest)
            larger = _split(high, constant - rest)
            return None if smaller is None or larger is None else [*smaller, *larger]
    if sum(t.low for t in terms) + constant > 0 or sum(t.high for t in terms) + constant < 0:
        return None
    return [Equation(tuple(terms), constant)]
