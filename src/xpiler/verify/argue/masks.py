"""One bit of a mask: `m >> i & 1`, where m says of each lane whether it takes part.

Masks are made as people make them: constants, `(1 << n) - 1`, a constant shifted, one of two by a condition."""

from __future__ import annotations

from collections.abc import Mapping

from xpiler.verify.argue.terms import (
    FALSE, ONE, THREAD, ZERO, Atom, Cond, Poly, Terms, at_most, below, both, either, equal, negate, number,
)

Shifts = Mapping[Atom, tuple[str, Poly, Poly]]  # atoms that stand for `a << b` and `a >> b`
_RUNS, _DEEP = 8, 40


def bit(terms: Terms, shifts: Shifts, m: Poly, i: Poly, deep: int = 0) -> Cond | None:
    """Whether bit i of m is set; None where m is no mask of those. Further down i is not negative where it matters."""
    if (i.low < 0 and not deep) or deep > _DEEP:
        return None
    if m.known is not None:
        return _of_number(m.known, i)
    if len(m.parts) != 1 or m.parts[0][1] != 1:
        return None
    a, k = m.parts[0][0], m.constant
    match a.kind, a.args:
        case "ite", (Cond() as c, Poly() as p, Poly() as q):
            yes, no = (bit(terms, shifts, x + number(k), i, deep + 1) for x in (p, q))
            if yes is None or no is None:
                return None
            return either((both((c, yes)), both((negate(c), no))))
        case "mod", (Poly() as p, Poly(parts=(), constant=most)) if k == 0 and most & (most - 1) == 0:
            width = most.bit_length() - 1
            inner = _ones(terms, shifts, p, width, i) or bit(terms, shifts, p, i, deep + 1)
            return None if inner is None else both((inner, below(i, number(width))))
        case "div", (Poly() as p, Poly(parts=(), constant=by)) if k == 0 and by & (by - 1) == 0:
            return bit(terms, shifts, p, i + number(by.bit_length() - 1), deep + 1) if p.low >= 0 else None
    if k == -1:
        return _ones(terms, shifts, m, 63, i)
    if k != 0 or a not in shifts:
        return None
    op, x, amount = shifts[a]
    if op == "<<":
        return _sound(terms, amount, equal(i, amount)) if x == ONE else None
    inner = bit(terms, shifts, x, i + amount, deep + 1) if x.low >= 0 else None
    return None if inner is None else _sound(terms, amount, inner)


def _ones(terms: Terms, shifts: Shifts, p: Poly, width: int, i: Poly) -> Cond | None:
    """(1 << n) - 1, modulo a power of two or not: the bits below n."""
    if len(p.parts) != 1 or p.parts[0][1] != 1 or (p.constant + 1) % (1 << width):
        return None
    op, x, n = shifts.get(p.parts[0][0], ("", ZERO, ZERO))
    return _sound(terms, n, below(i, n)) if op == "<<" and x == ONE else None


def _sound(terms: Terms, amount: Poly, c: Cond) -> Cond:
    """What holds where an amount to shift by is one; anything may where it is less than nothing."""
    if _least(terms, amount) >= 0:
        return c
    wild = terms.truth("a bit of what was shifted by less than nothing", THREAD)
    return either((both((at_most(ZERO, amount), c)), both((below(amount, ZERO), wild))))


def _least(terms: Terms, p: Poly) -> int:
    """A number that a sum is not below; n - 16 * (n / 16) is what a division leaves."""
    for a, c in p.parts:
        match a.kind, a.args:
            case "div", (Poly() as of, Poly(parts=(), constant=by)) if c < 0 and c % by == 0:
                return max(p.low, (p - of.times(-c // by) + Poly(((a, -c),)) + terms.mod(of, by).times(-c // by)).low)
    return p.low


def _of_number(m: int, i: Poly) -> Cond | None:
    """The runs of ones of a constant."""
    if m < 0:
        inside = _of_number(~m, i)
        return None if inside is None else negate(inside)
    runs, at = list[Cond](), 0
    while m >> at:
        if not m >> at & 1:
            at += 1
            continue
        end = at
        while m >> end & 1:
            end += 1
        runs.append(both((at_most(number(at), i), below(i, number(end)))))
        at = end
    return None if len(runs) > _RUNS else either(runs) if runs else FALSE
