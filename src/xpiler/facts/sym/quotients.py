"""Quotients and remainders in normal form: what is a multiple leaves them, what is small enough vanishes."""

from __future__ import annotations

from math import gcd, inf

from xpiler.facts import sym
from xpiler.facts.sym.bounds import prove_lt
from xpiler.facts.sym.leaves import ONE, ZERO, integer, is_const
from xpiler.facts.sym.nodes import I32, Sym, bounded, make, value_of
from xpiler.facts.sym.sums import add, linear, mul, scale, sub, terms_of

_BITWISE = ("&", "|", "^")  # they work on the bits above and below a place alone


def div(a: Sym, b: Sym) -> Sym:
    """a / b for b > 0; floor and C agree because a >= 0 where rules apply."""
    if is_const(b) and value_of(b) > 0:
        return div_const(a, value_of(b))
    if a is b:
        return ONE
    quotient = _whole_times(a, b)
    return quotient if quotient is not None else make("div", (a, b), None, I32)


def _whole_times(a: Sym, b: Sym) -> Sym | None:
    """(b*q + r) / b = q for a b that only a run knows, a size or what is made of several, when 0 <= r < b can be seen
    from the extents in r."""
    if b.op != "var" and not of_sizes(b):
        return None
    _, of_b = terms_of(b)
    for lead, k in of_b.items():
        q = times_of(a, lead, k)
        if q is ZERO:
            continue
        r = sub(a, mul(q, b))
        if (r.lo >= 0 or b.op != "var" and prove_lt(integer(-1), r)) and prove_lt(r, b):
            return q
    return None


def of_sizes(b: Sym) -> bool:
    """Whether b is made of sizes, and of nothing that loops or computes."""
    factors = [f for t in terms_of(b)[1] for f in (t.args if t.op == "prod" else (t,))]
    return bool(factors) and all(f.op == "var" and not bounded(f) for f in factors)


def times_of(a: Sym, lead: Sym, k: int) -> Sym:
    """How often k * lead is in the terms of a, as far as it is a factor of them."""
    out = ZERO
    for atom, c in terms_of(a)[1].items():
        left = list(atom.args if atom.op == "prod" else (atom,))
        for f in lead.args if lead.op == "prod" else (lead,):
            if f not in left:
                break
            left.remove(f)
        else:
            if c % k == 0:
                part = integer(c // k)
                for f in left:
                    part = mul(part, f)
                out = add(out, part)
    return out


def div_const(a: Sym, m: int) -> Sym:
    if m == 1:
        return a
    if a.op == "sel" and any(map(is_const, a.args[1:])):
        return sym.select(a.args[0], div_const(a.args[1], m), div_const(a.args[2], m))
    if is_const(a):
        return integer(value_of(a) // m) if value_of(a) >= 0 else integer(-((-value_of(a)) // m))
    if 0 <= a.lo and a.hi < m:
        return ZERO
    const, terms = terms_of(a)
    whole = {x: c // m for x, c in terms.items() if c % m == 0}
    rest = {x: c for x, c in terms.items() if c % m}
    if whole and a.lo >= 0 or (whole and linear(const, rest).lo >= 0):
        high, low = (const // m, const % m)
        return add(linear(high, whole), div_const(linear(low, rest), m))
    if a.lo >= 0:
        if const >= m and linear(const % m, terms).lo >= 0:
            return add(integer(const // m), div_const(linear(const % m, terms), m))
        g = m
        big = {}
        for c in terms.values():
            if gcd(c, m) > 1:
                g = gcd(g, c)
        if g == 1 or g == m:
            g = max((gcd(c, m) for c in terms.values() if gcd(c, m) not in (1, m)), default=1)
        if g > 1:
            big = {x: c // g for x, c in terms.items() if c % g == 0}
            small = linear(const % g, {x: c for x, c in terms.items() if c % g})
            if big and 0 <= small.lo and small.hi < g:
                return div_const(linear(const // g, big), m // g)
        if a.op == "div" and is_const(a.args[1]):
            return div_const(a.args[0], m * value_of(a.args[1]))
        if a.op == "mod" and is_const(a.args[1]) and value_of(a.args[1]) % m == 0:
            return mod(div_const(a.args[0], m), integer(value_of(a.args[1]) // m))
        if a.op == "bit" and a.data in _BITWISE and m & (m - 1) == 0 and min(x.lo for x in a.args) >= 0:
            return sym.bit(str(a.data), div_const(a.args[0], m), div_const(a.args[1], m))
    return make("div", (a, integer(m)), None, I32)


def mod(a: Sym, b: Sym) -> Sym:
    if is_const(b) and value_of(b) > 0:
        return mod_const(a, value_of(b))
    quotient = _whole_times(a, b)
    if quotient is not None:
        return sub(a, mul(quotient, b))
    return make("mod", (a, b), None, I32)


def mod_const(a: Sym, m: int) -> Sym:
    if m == 1:
        return ZERO
    if a.op == "sel" and any(map(is_const, a.args[1:])):
        return sym.select(a.args[0], mod_const(a.args[1], m), mod_const(a.args[2], m))
    if is_const(a):
        v = value_of(a)
        return integer(v % m if v >= 0 else -((-v) % m))
    if 0 <= a.lo and a.hi < m:
        return a
    if m == 2:
        picked = sym.mask_bit(a)
        if picked is not None:
            return picked
    if a.lo < 0:
        return make("mod", (a, integer(m)), None, I32)
    whole = _up_to(a, m)
    if whole is not None:
        return mod_const(whole, m)
    const, terms = terms_of(a)
    rest = {x: c % m if c > 0 else c for x, c in terms.items() if c % m}
    reduced = linear(const % m, rest)
    if reduced is not a and reduced.lo >= 0:
        return mod_const(reduced, m)
    since = _less_whole_rounds(a, m)
    if since is not None:
        return mod_const(since, m)
    g = max((gcd(c, m) for c in terms.values() if gcd(c, m) not in (1, m)), default=1)
    if g > 1:
        big = {x: c // g for x, c in terms.items() if c % g == 0}
        small = linear(const % g, {x: c for x, c in terms.items() if c % g})
        if big and 0 <= small.lo and small.hi < g:
            return add(scale(mod_const(linear(const // g, big), m // g), g), small)
    if a.op == "mod" and is_const(a.args[1]) and value_of(a.args[1]) % m == 0:
        return mod_const(a.args[0], m)
    if a.op == "bit" and a.data in _BITWISE and m & (m - 1) == 0:
        return sym.bit(str(a.data), mod_const(a.args[0], m), mod_const(a.args[1], m))
    return make("mod", (a, integer(m)), None, I32)


def _less_whole_rounds(a: Sym, m: int) -> Sym | None:
    """a with x for a remainder x % (c*m) that is taken from it, and as many m as keep it from being negative: what that
    leaves out the remainder of a by m does not see."""
    const, terms = terms_of(a)
    for low, c in terms.items():
        if c < 0 and low.op == "mod" and is_const(low.args[1]) and value_of(low.args[1]) % m == 0 <= low.args[0].lo:
            whole = add(linear(const, {t: k for t, k in terms.items() if t is not low}), scale(low.args[0], c))
            if whole.lo != -inf:
                return add(whole, integer(max(-(int(whole.lo) // m), 0) * m))
    return None


def _up_to(a: Sym, m: int) -> Sym | None:
    """a with c*(x%q) + d*(x/q) as c*x where c*q and d are the same up to a multiple of m, which the remainder of a by m
    does not see; likewise of a digit (x/q)%p."""
    const, terms = terms_of(a)
    for low, c in terms.items():
        if low.op != "mod" or not is_const(low.args[1]):
            continue
        x, q = low.args
        high = div(x, q)
        for other, d in terms.items():
            digit = other.op == "mod" and other.args[0] is high and is_const(other.args[1])
            if other is not high and not digit or (c * value_of(q) - d) % m:
                continue
            merged = mod(x, integer(value_of(q) * value_of(other.args[1]))) if digit else x
            rest = linear(const, {t: k for t, k in terms.items() if t is not low and t is not other})
            whole = add(rest, scale(merged, c))
            return whole if whole is not a and whole.lo >= 0 else None
    return None
