"""Integers of a program as polynomials over symbols and floor divisions, and conditions on them, in a normal form.

Floor division obeys floor((c*q + r) / c) = q + floor(r / c) and
floor((z + floor(x / a)) / b) = floor((a*z + x) / (a*b)) for all integers, so
digits of an index cancel without a question to a solver: 64 * (i / 64) + i % 64 is i.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

R = TypeVar("R")


class kept(Generic[R]):
    """A property worked out once. Unlike functools.cached_property, which locks up to Python 3.11, it costs nothing; a
    proof has one thread."""

    def __init__(self, make: Callable[[Any], R]) -> None:
        self.make, self.__doc__ = make, make.__doc__

    def __get__(self, of: Any, owner: type | None = None) -> R:
        found = of.__dict__[self.make.__name__] = self.make(of)
        return found


@dataclass(frozen=True, eq=False)
class Atom:
    """Something a polynomial is made of: `sym` (a name), `div` (two polynomials, floor; the divisor is positive),
    `tdiv` (C's division where signs are not known), `ite` (a condition, two polynomials), `pow2` (1 << polynomial).

    `lo` and `hi` are constant bounds of a symbol, inclusive, where it has any."""

    kind: str
    key: str
    args: tuple[Poly, ...] = ()
    cond: Formula | None = None
    lo: int | None = None
    hi: int | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Atom) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    @kept
    def symbols(self) -> frozenset[Atom]:
        """The symbols in it, however deep."""
        if self.kind == "sym":
            return frozenset({self})
        found = frozenset[Atom]().union(*(a.symbols for a in self.args))
        return found | self.cond.symbols if self.cond is not None else found

    @kept
    def divisions(self) -> frozenset[tuple[Atom, int]]:
        """The symbols divided by numbers in it."""
        found = {d for p in self.args for d in p.divisions}
        if self.cond is not None:
            found |= self.cond.divisions
        if self.kind == "div" and (c := self.args[1].constant) is not None:
            terms = self.args[0].terms
            alone = [m[0] for m, k in terms.items() if len(m) == 1 and k == 1 and m[0].kind == "sym"]
            if len(terms) == 1 and alone:
                found.add((alone[0], c))
        return frozenset(found)


Mono = tuple[Atom, ...]


@dataclass(frozen=True, eq=False)
class Poly:
    """A sum of integer multiples of products of atoms; equal ones have equal keys."""

    terms: Mapping[Mono, int]

    @kept
    def key(self) -> str:
        return "+".join(f"{c}*{'.'.join(a.key for a in m)}" if m else str(c) for m, c in self.sorted) or "0"

    @kept
    def sorted(self) -> tuple[tuple[Mono, int], ...]:
        return tuple(sorted(self.terms.items(), key=lambda t: tuple(a.key for a in t[0])))

    @kept
    def symbols(self) -> frozenset[Atom]:
        return frozenset[Atom]().union(*(a.symbols for m in self.terms for a in m))

    @kept
    def divisions(self) -> frozenset[tuple[Atom, int]]:
        """The symbols divided by numbers in it, however deep."""
        found: set[tuple[Atom, int]] = set()
        for m in self.terms:
            for a in m:
                found |= a.divisions
        return frozenset(found)

    @kept
    def interval(self) -> tuple[int | None, int | None]:
        return _interval(self)

    @property
    def constant(self) -> int | None:
        """Its value where it is a number."""
        if not self.terms:
            return 0
        return self.terms.get((), None) if len(self.terms) == 1 else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Poly) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __add__(self, other: Poly | int) -> Poly:
        out = dict(self.terms)
        for m, c in poly(other).terms.items():
            out[m] = out.get(m, 0) + c
        return _poly(out)

    def __sub__(self, other: Poly | int) -> Poly:
        return self + poly(other) * -1

    def __mul__(self, other: Poly | int) -> Poly:
        if isinstance(other, int):
            return Poly({m: c * other for m, c in self.terms.items()} if other else {})
        out: dict[Mono, int] = {}
        for m, c in self.terms.items():
            for n, d in other.terms.items():
                both = tuple(sorted((*m, *n), key=lambda a: a.key))
                out[both] = out.get(both, 0) + c * d
        return _poly(out)

    def __neg__(self) -> Poly:
        return self * -1

    def __str__(self) -> str:
        return self.key


def _poly(terms: Mapping[Mono, int]) -> Poly:
    return Poly({m: c for m, c in terms.items() if c})


def poly(x: Poly | int | Atom) -> Poly:
    """A number or an atom as a polynomial."""
    match x:
        case Poly():
            return x
        case Atom():
            return Poly({(x,): 1})
        case _:
            return Poly({(): int(x)} if x else {})


def symbol(name: str, lo: int | None = None, hi: int | None = None) -> Atom:
    return Atom("sym", name, lo=lo, hi=hi)


def interval(p: Poly) -> tuple[int | None, int | None]:
    """Constant bounds of a polynomial, from those of its symbols alone, digit by digit where it divides them."""
    return p.interval


def _interval(p: Poly) -> tuple[int | None, int | None]:
    spread = digits([p])
    return _terms_interval(put(p, spread) if spread else p)


def _terms_interval(p: Poly) -> tuple[int | None, int | None]:
    low: int | None = 0
    high: int | None = 0
    for m, c in p.terms.items():
        lo, hi = _mono_interval(m)
        if c < 0:
            lo, hi = hi, lo
        low = None if low is None or lo is None else low + c * lo
        high = None if high is None or hi is None else high + c * hi
    return low, high


def _mono_interval(m: Mono) -> tuple[int | None, int | None]:
    lo: int | None = 1
    hi: int | None = 1
    for a in m:
        alo, ahi = _atom_interval(a)
        if lo is None or lo < 0 or alo is None or alo < 0:
            return None, None
        lo, hi = lo * alo, None if hi is None or ahi is None else hi * ahi
    return lo, hi


def _atom_interval(a: Atom) -> tuple[int | None, int | None]:
    match a.kind:
        case "sym":
            return a.lo, a.hi
        case "div":
            lo, hi = _terms_interval(a.args[0])
            c = a.args[1].constant
            if c is not None:
                return None if lo is None else lo // c, None if hi is None else hi // c
            return (0, hi) if lo is not None and lo >= 0 else (None, None)
        case "ite":
            (alo, ahi), (blo, bhi) = _terms_interval(a.args[0]), _terms_interval(a.args[1])
            return (
                None if alo is None or blo is None else min(alo, blo),
                None if ahi is None or bhi is None else max(ahi, bhi),
            )
        case "pow2":
            return 1, None
    return None, None


def floor_div(p: Poly, c: Poly) -> Poly:
    """floor(p / c) for c > 0, multiples of c pulled out."""
    number = c.constant
    if number is not None:
        return _div_number(p, number)
    if len(c.terms) == 1:
        quotient, rest = split_by(p, c)
        if not rest.terms:
            return quotient
        lo, hi = interval(rest)
        if lo is not None and lo >= 0 and hi is not None and hi < 1:
            return quotient
        return quotient + _div_atom(rest, c)
    if p == c:
        return poly(1)
    return _div_atom(p, c) if p.terms else poly(0)


def split_by(p: Poly, c: Poly) -> tuple[Poly, Poly]:
    """p = c * quotient + rest for a `c` of one term, with no term of the rest a multiple of it."""
    ((mono, number),) = c.terms.items()
    quotient: dict[Mono, int] = {}
    rest: dict[Mono, int] = {}
    for m, k in p.terms.items():
        left = _without(m, mono)
        if left is None:
            rest[m] = rest.get(m, 0) + k
            continue
        q, r = divmod(k, number)
        quotient[left] = quotient.get(left, 0) + q
        rest[m] = rest.get(m, 0) + r
    return _poly(quotient), _poly(rest)


def _without(m: Mono, part: Mono) -> Mono | None:
    left = list(m)
    for a in part:
        if a not in left:
            return None
        left.remove(a)
    return tuple(left)


def _div_number(p: Poly, c: int) -> Poly:
    if c == 1:
        return p
    quotient: dict[Mono, int] = {}
    rest: dict[Mono, int] = {}
    for m, k in p.terms.items():
        q, r = divmod(k, c)
        quotient[m] = q
        rest[m] = r
    out, left = _poly(quotient), _poly(rest)
    lo, hi = interval(left)
    if lo is not None and hi is not None and lo // c == hi // c:
        return out + lo // c
    # A common factor of all but the constant, and of the divisor, divides out: floor((g*x + k) / (g*c)).
    nested = next(
        (m[0] for m, k in left.terms.items() if k == 1 and len(m) == 1 and _constant_div(m[0])), None
    )
    if nested is not None:
        x, a = nested.args[0], nested.args[1].constant
        assert a is not None
        return out + _div_number((left - poly(nested)) * a + x, a * c)
    g = c
    for m, k in left.terms.items():
        if m:
            g = _gcd(g, k)
    if g > 1:
        scaled = _poly({m: k // g for m, k in left.terms.items()})  # floor of the constant: it is below g in effect
        return out + _div_number(scaled, c // g)
    if not left.terms:
        return out
    return out + (_by_digits(left, c) or _div_atom(left, poly(c)))


def _by_digits(p: Poly, c: int) -> Poly | None:
    """floor(p / c) where the digits of the symbols in p show it; None where they do not."""
    spread = digits([p])
    if not spread:
        return None
    quotient = floor_div(put(p, spread), poly(c))
    if any(a.kind != "sym" for m in quotient.terms for a in m):
        return None
    return put(quotient, {d: x for s, total in spread.items() for d, x in undone(s, total).items()})


def undone(s: Atom, total: Poly) -> dict[Atom, Poly]:
    """The digits of a symbol, said by divisions."""
    weights = sorted((c, m[0]) for m, c in total.terms.items()) if total.terms else []
    out = {}
    for n, (w, d) in enumerate(weights):
        own = floor_div(poly(s), poly(w))
        above = weights[n + 1][0] if n + 1 < len(weights) else None
        out[d] = own if above is None else own - floor_div(poly(s), poly(above)) * (above // w)
    return out


def digits(polys: Iterable[Poly | Formula]) -> dict[Atom, Poly]:
    """The symbols that are divided by numbers, each as the sum of its digits: s = s % a + a * (s / a % b) + ...

    Every integer is such a sum, in one way, so that the digits may stand for it."""
    divided: dict[Atom, set[int]] = {}
    for p in polys:
        for s, c in p.divisions:
            divided.setdefault(s, set()).add(c)
    return {s: digit_sum(s, cs) for s, cs in divided.items()}


def digit_sum(s: Atom, divisors: Iterable[int]) -> Poly:
    """A symbol as the sum of its digits for those divisors that divide one another."""
    weights = [1]
    for c in sorted(divisors):
        if c % weights[-1] == 0 and c > weights[-1]:
            weights.append(c)
    out = poly(0)
    for n, w in enumerate(weights):
        last = n + 1 == len(weights)
        high = (None if s.hi is None else s.hi // w) if last else weights[n + 1] // w - 1
        if not last and s.hi is not None and s.lo is not None and s.lo >= 0:
            high = min(high, s.hi // w) if high is not None else None
        low = (None if s.lo is None else s.lo // w) if last else 0
        name = f"{s.key}%{w}" if last else f"{s.key}%{w}..{weights[n + 1]}"
        out = out + poly(symbol(name, low, high)) * w
    return out


def _constant_div(a: Atom) -> bool:
    return a.kind == "div" and a.args[1].constant is not None


def _gcd(a: int, b: int) -> int:
    while b:
        a, b = b, a % b
    return abs(a)


def _div_atom(p: Poly, c: Poly) -> Poly:
    return poly(Atom("div", f"[({p.key})/({c.key})]", (p, c)))


def floor_mod(p: Poly, c: Poly) -> Poly:
    return p - c * floor_div(p, c)


def trunc_div(p: Poly, c: Poly) -> Poly:
    """C's quotient where the signs are not known."""
    return poly(Atom("tdiv", f"[({p.key})//({c.key})]", (p, c)))


def power_of_two(p: Poly) -> Poly:
    n = p.constant
    return poly(1 << n) if n is not None and 0 <= n < 64 else poly(Atom("pow2", f"[1<<({p.key})]", (p,)))


def ite(cond: Formula, a: Poly, b: Poly) -> Poly:
    """cond ? a : b"""
    if a == b:
        return a
    match cond:
        case Formula("true"):
            return a
        case Formula("false"):
            return b
    return poly(Atom("ite", f"[{cond.key}?{a.key}:{b.key}]", (a, b), cond))


# ---------------------------------------------------------------- conditions


@dataclass(frozen=True, eq=False)
class Formula:
    """A condition on integers: `ge` (p >= 0), `eq` (p == 0), `not`, `and`, `or`, `true`, `false`."""

    op: str
    p: Poly | None = None
    parts: tuple[Formula, ...] = ()
    _: None = field(default=None, repr=False)

    @kept
    def key(self) -> str:
        inner = self.p.key if self.p is not None else ",".join(f.key for f in self.parts)
        return f"{self.op}({inner})"

    @kept
    def symbols(self) -> frozenset[Atom]:
        own = self.p.symbols if self.p is not None else frozenset[Atom]()
        return own.union(*(f.symbols for f in self.parts))

    @kept
    def divisions(self) -> frozenset[tuple[Atom, int]]:
        own = self.p.divisions if self.p is not None else frozenset[tuple[Atom, int]]()
        return own.union(*(f.divisions for f in self.parts))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Formula) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


TRUE, FALSE = Formula("true"), Formula("false")


def at_least(a: Poly, b: Poly | int) -> Formula:
    """a >= b"""
    p = a - b
    lo, hi = interval(p)
    if lo is not None and lo >= 0:
        return TRUE
    return FALSE if hi is not None and hi < 0 else Formula("ge", p)


def below(a: Poly, b: Poly | int) -> Formula:
    """a < b"""
    return at_least(poly(b) - a, 1)


def equal(a: Poly, b: Poly | int) -> Formula:
    p = a - b
    n = p.constant
    if n is not None:
        return FALSE if n else TRUE
    lo, hi = interval(p)
    if (lo is not None and lo > 0) or (hi is not None and hi < 0):
        return FALSE
    return Formula("eq", -p if p.sorted[-1][1] < 0 else p)


def negated(f: Formula) -> Formula:
    match f.op:
        case "true":
            return FALSE
        case "false":
            return TRUE
        case "not":
            return f.parts[0]
        case "ge":
            assert f.p is not None
            return at_least(-f.p, 1)
    return Formula("not", parts=(f,))


def both(parts: Iterable[Formula]) -> Formula:
    """All of them."""
    kept = [f for f in dict.fromkeys(parts) if f.op != "true"]
    if any(f.op == "false" for f in kept):
        return FALSE
    return TRUE if not kept else kept[0] if len(kept) == 1 else Formula("and", parts=tuple(kept))


def either(parts: Iterable[Formula]) -> Formula:
    """One of them at least."""
    return negated(both(negated(f) for f in parts))


# ---------------------------------------------------------------- substitution


def put(p: Poly, values: Mapping[Atom, Poly]) -> Poly:
    """The polynomial with symbols replaced."""
    if not values or not p.symbols & values.keys():
        return p
    out = poly(0)
    for m, c in p.terms.items():
        product = poly(c)
        for a in m:
            product = product * _put_atom(a, values)
        out = out + product
    return out


def _put_atom(a: Atom, values: Mapping[Atom, Poly]) -> Poly:
    if a in values:
        return values[a]
    if a.kind == "sym" or not a.symbols & values.keys():
        return poly(a)
    args = tuple(put(x, values) for x in a.args)
    match a.kind:
        case "div":
            return floor_div(args[0], args[1])
        case "tdiv":
            return trunc_div(args[0], args[1])
        case "pow2":
            return power_of_two(args[0])
        case "ite":
            assert a.cond is not None
            return ite(put_in(a.cond, values), args[0], args[1])
    raise TypeError(f"not an atom: {a.kind}")


def put_in(f: Formula, values: Mapping[Atom, Poly]) -> Formula:
    """The condition with symbols replaced."""
    if not f.symbols & values.keys():
        return f
    match f.op:
        case "ge":
            assert f.p is not None
            return at_least(put(f.p, values), 0)
        case "eq":
            assert f.p is not None
            return equal(put(f.p, values), 0)
        case "not":
            return negated(put_in(f.parts[0], values))
        case "and":
            return both(put_in(g, values) for g in f.parts)
        case "or":
            return either(put_in(g, values) for g in f.parts)
    return f
