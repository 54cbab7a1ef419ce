"""What integer expressions are at given values of their variables, and what seems to hold at many."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from xpiler.facts.sym.bounds import prove_lt
from xpiler.facts.sym.leaves import ONE, var
from xpiler.facts.sym.nodes import METER, Sym, bounded, sum_of, value_of
from xpiler.facts.sym.rewriting import rewrite
from xpiler.facts.sym.sums import add


def evaluate(x: Sym, values: Mapping[Sym, int]) -> int | None:
    """The value of an integer expression; None if it reads memory or is not an integer."""
    return _value(x, dict(values))


def _value(x: Sym, known: dict[Sym, int | None]) -> int | None:
    """As `evaluate`; parts that an expression shares are worked out once, as there may be exponentially many paths."""
    if x not in known:
        known[x] = _worked_out(x, known)
    return known[x]


def _worked_out(x: Sym, known: dict[Sym, int | None]) -> int | None:
    parts = [_value(y, known) for y in x.args]
    if any(p is None for p in parts):
        return None
    p = [q for q in parts if q is not None]
    match x.op:
        case "int":
            return value_of(x)
        case "lin":
            const, coefs = sum_of(x)
            return int(const + sum(c * q for c, q in zip(coefs, p, strict=True)))
        case "prod":
            out = 1
            for q in p:
                out *= q
            return out
        case "div":
            return int(p[0] / p[1]) if p[1] else None
        case "mod":
            return p[0] - p[1] * int(p[0] / p[1]) if p[1] else None
        case "call" if x.data in ("min", "max"):
            return min(p) if x.data == "min" else max(p)
        case "bit" if x.data == ">>" and 0 <= p[1] < 64:
            return p[0] >> p[1]
        case "lt" | "eq":
            return int(p[0] < 0 if x.op == "lt" else p[0] == 0)
        case "and" | "or":
            return int(all(p) if x.op == "and" else any(p))
        case "not":
            return 1 - p[0]
        case "sel":
            return p[1] if p[0] else p[2]
    return None


_PARTS = 60
_WITHOUT = 12  # places without a value, the first ones, before there is none to be expected


def likely_le(a: Sym, b: Sym) -> bool:
    """a <= b wherever it can be seen, else on many sizes, but for the few at which something is divided by nothing: a
    guess for a proposal, never for a judge."""
    if prove_lt(a, add(b, ONE)):
        return True
    a, b = (rewrite(x, lambda n: var(f"ld{n.uid}") if n.op == "ld" else None) for x in (a, b))
    symbols = sorted(a.free | b.free, key=lambda s: s.uid)
    if len(symbols) > 3 or any(bounded(s) for s in symbols) or not _small((a, b)):
        return False
    orders = (symbols, symbols[::-1]) if len(symbols) > 1 else (symbols,)
    seen, without = 0, 0
    for n in (*range(1, 70), *range(100, 5000, 61), 65_537, 1_000_003, 20_000_003):
        for order, stretch in itertools.product(orders, (1, 3, 17)):
            METER.spend()
            values = {s: n + i * stretch for i, s in enumerate(order)}
            x, y = evaluate(a, values), evaluate(b, values)
            if x is None or y is None:
                without += 1
            elif x > y:
                return False
            else:
                seen += 1
        if without > max(seen, _WITHOUT):
            return False
    return seen > without


def _small(exprs: Sequence[Sym]) -> bool:
    """Whether expressions have few enough parts to be worked out at a thousand places."""
    seen: set[Sym] = set()
    left = list(exprs)
    while left and len(seen) < _PARTS:
        x = left.pop()
        if x not in seen:
            seen.add(x)
            left += x.args
    return not left
