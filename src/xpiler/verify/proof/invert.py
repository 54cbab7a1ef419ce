"""Which iteration has a given index: digits of a mixed radix. What comes out is a guess, to be checked by a solver."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from xpiler.verify.proof.index import (
    Atom, Formula, Mono, Poly, at_least, below, digit_sum, digits, equal, floor_div, interval, poly, put, split_by,
    symbol, undone,
)
from xpiler.verify.proof.solver import Facts


def invert(index: Poly, unknown: Iterable[Atom], target: Poly) -> dict[Atom, Poly]:
    """Values of the unknown symbols that may make `index` equal `target`; none where it is not a sum of digits."""
    wanted = [s for s in unknown if s in index.symbols]
    digits = {s: _digits(index, s) for s in wanted}
    spread = {s: _sum(d) for s, d in digits.items() if d}
    if spread:
        index = put(index, spread)
    small = {x for s in wanted for _, x in digits[s]} | {s for s in wanted if not digits[s]}
    turned = {s: symbol(f"{s.key}~", 0, s.hi) for s in small if s.hi is not None and index.terms.get((s,), 0) < 0}
    index = put(index, {s: poly(s.hi or 0) - poly(t) for s, t in turned.items()})
    found = _linear(index, (small - turned.keys()) | set(turned.values()), target)
    found |= {s: poly(s.hi or 0) - found[t] for s, t in turned.items() if t in found}
    out = {s: found[s] for s in wanted if s in found}
    for s, d in digits.items():
        if d and any(x in found for _, x in d):
            out[s] = _sum_of((c, found.get(x, poly(0))) for c, x in d)
    return out


def _linear(index: Poly, unknown: set[Atom], target: Poly) -> dict[Atom, Poly]:
    groups: dict[Mono, list[tuple[int, Atom]]] = {}
    rest: dict[Mono, int] = {}
    for m, c in index.terms.items():
        inside = [a for a in m if a.symbols & unknown]
        if not inside:
            rest[m] = c
            continue
        if len(inside) > 1 or inside[0] not in unknown or c < 0:
            return {}
        groups.setdefault(tuple(a for a in m if a not in inside), []).append((c, inside[0]))
    left = target - Poly(rest)
    out: dict[Atom, Poly] = {}
    for mono in sorted(groups, key=lambda m: (-len(m), tuple(a.key for a in m))):
        part = left
        if mono:
            part, left = split_by(left, Poly({mono: 1}))
        for c, s in sorted(groups[mono], key=lambda t: (-t[0], t[1].key)):
            out[s] = floor_div(part, poly(c))
            part = part - out[s] * c
    return out


def _digits(index: Poly, s: Atom) -> list[tuple[int, Atom]]:
    """The digits a symbol is taken apart into by divisions in the index, as (weight, digit)."""
    divisors = sorted(_divisors(index, s))
    if not divisors or any(b % a for a, b in pairwise(divisors)):
        return []
    weights = [1, *divisors]
    out = []
    for w, above in zip(weights, [*divisors, None], strict=True):
        top = None if above is None else above // w - 1
        if above is None and s.hi is not None:
            top = s.hi // w
        out.append((w, symbol(f"{s.key}/{w}", 0, top)))
    return out


def _divisors(p: Poly, s: Atom) -> set[int]:
    found: set[int] = set()
    for m in p.terms:
        for a in m:
            if a.kind == "div" and a.args[1].constant is not None and s in a.symbols:
                if a.args[0] == poly(s):
                    found.add(a.args[1].constant)
                else:
                    found |= _divisors(a.args[0], s)
    return found


def _sum(digits: Iterable[tuple[int, Atom]]) -> Poly:
    return _sum_of((c, poly(x)) for c, x in digits)


def _sum_of(parts: Iterable[tuple[int, Poly]]) -> Poly:
    out = poly(0)
    for c, p in parts:
        out = out + p * c
    return out


def named(s: Atom, facts: Facts) -> list[Poly]:
    """The values that conditions give a symbol outright."""
    out = []
    for f in facts.known:
        if f.op == "eq" and f.p is not None and abs(f.p.terms.get((s,), 0)) == 1:
            rest = f.p - poly(s) * f.p.terms[(s,)]
            if s not in rest.symbols:
                out.append(rest * -f.p.terms[(s,)])
    return out


def equations(a: Poly, b: Poly, facts: Facts) -> tuple[Formula, ...]:
    """What follows from a == b without products of unknowns, where a symbolic stride separates high and low digits.

    h*N + l == k*N + m with l and m in [0, N) means h == k and l == m."""
    strides = {n.key: n for p in (a, b) for n in _strides(p)}
    out: list[Formula] = []
    for n in sorted(strides.values(), key=lambda n: (-max(map(len, n.terms)), n.key)):
        (ha, la), (hb, lb) = split_by(a, n), split_by(b, n)
        if (ha.terms or hb.terms) and all(
            facts.entails(f) for p in (la, lb) for f in (at_least(p, 0), below(p, n))
        ):
            out.append(equal(ha, hb))
            a, b = la, lb
    return (*out, equal(a, b), *_radix(a - b, facts))


def _radix(p: Poly, facts: Facts) -> list[Formula]:
    """What follows from p == 0 digit by digit: m*h + l == 0 with |l| < m means h == 0 and l == 0."""
    weights = {abs(c) for k, c in p.terms.items() if k and abs(c) > 1}
    spread = digits([p])
    for k, c in p.terms.items():
        if len(k) == 1 and k[0].kind == "sym" and abs(c) == 1 and k[0].hi is None:
            spread[k[0]] = digit_sum(k[0], weights | {w for s, w in p.divisions if s == k[0]})
    back = {d: x for s, total in spread.items() for d, x in undone(s, total).items()}
    return [equal(put(q, back), 0) for q in _parts(put(p, spread), facts)]


def _parts(p: Poly, facts: Facts) -> list[Poly]:
    out: list[Poly] = []
    for m in sorted({abs(c) for k, c in p.terms.items() if k and abs(c) > 1}, reverse=True):
        low = Poly({k: c for k, c in p.terms.items() if c % m})
        lo, hi = interval(low)
        if low.terms and not (lo is not None and hi is not None and -m < lo and hi < m):
            if not facts.entails(at_least(low, 1 - m)) or not facts.entails(below(low, m)):
                continue
        high = Poly({k: c // m for k, c in p.terms.items() if not c % m})
        out += [high, *_parts(high, facts)]
        p = low
    return [*out, p] if out else []


def _strides(p: Poly) -> list[Poly]:
    """The symbolic factors of a sum's products: every way to leave one atom of a product out."""
    return [Poly({m[:i] + m[i + 1 :]: abs(c)}) for m, c in p.terms.items() if len(m) > 1 for i in range(len(m))]
