"""Bits that are flipped, as arithmetic where they are digits.

    x[32 * j + i ^ 32], where j is 0 or 1        is        x[32 * (1 - j) + i]

Not before trees over lanes have been found, of which a flipped bit is the sign.
"""

from __future__ import annotations

from xpiler.facts import sym
from xpiler.facts.sym import ONE, Sym


def without_flips(x: Sym) -> Sym:
    """x without bits that are flipped, where they are digits."""
    def rule(n: Sym) -> Sym | None:
        if n.op != "bit" or n.data != "^" or not sym.is_const(n.args[1]):
            return None
        c = sym.value_of(n.args[1])
        return _flipped(n.args[0], c) if c > 0 and c & (c - 1) == 0 else None

    return sym.rewrite(x, rule) if "bit" in x.has else x


def _flipped(a: Sym, c: int) -> Sym | None:
    """a ^ c for a power of two c, where a is high * 2c + digit * c + low: high * 2c + (1 - digit) * c + low."""
    const, terms = sym.terms_of(a)
    digit, low = [x for x, k in terms.items() if k == c], {x: k for x, k in terms.items() if k % c}
    if const % c or any(k % (2 * c) for x, k in terms.items() if x not in low and k != c) or len(digit) > 1:
        return None
    rest = sym.add(*(sym.scale(x, k) for x, k in low.items()))
    if rest.lo < 0 or rest.hi >= c or any(x.lo < 0 or x.hi > 1 for x in digit):
        return None
    odd = const // c % 2
    if not digit:
        return sym.add(a, sym.integer(-c if odd else c))
    one = sym.scale(sym.sub(ONE, sym.scale(digit[0], 2)), c)  # from 0 to 1 or from 1 to 0
    return None if odd else sym.add(a, one)
