"""The loops of a fold: conditions become extents, and loops that are digits of one number become one."""

from __future__ import annotations

from functools import reduce
from math import isfinite

from xpiler.facts.sym.evaluation import likely_le
from xpiler.facts.sym.bounds import prove_lt
from xpiler.facts.sym.comparisons import compare
from xpiler.facts.sym.leaves import ONE, TRUE, ZERO, integer, is_const, var
from xpiler.facts.sym.logic import conjuncts
from xpiler.facts.sym.nodes import I32, Sym, bounded, extent_of, name_of, value_of
from xpiler.facts.sym.operations import call
from xpiler.facts.sym.quotients import div, mod
from xpiler.facts.sym.rewriting import rewrite, substitute
from xpiler.facts.sym.sums import add, linear, mul, scale, sub, terms_of


def tidy(live: list[Sym], body: Sym, guards: list[Sym]) -> tuple[list[Sym], Sym, list[Sym]]:
    """Merge variables that occur only as digits of one number; turn guards into extents."""
    again = True
    while again:
        again = False
        for v in live:
            for g in guards:
                tightened = tighten(v, g)
                if tightened is not None:
                    new = var(name_of(v), tightened)
                    live = [new if w is v else w for w in live]
                    body = substitute(body, {v: new})
                    guards = [substitute(h, {v: new}) for h in guards if h is not g]
                    guards = [h for h in guards if h is not TRUE]
                    again = True
                    break
            if again:
                break
        if again:
            continue
        fewer = next(((v, n) for v in live for g in guards if (n := _at_most(v, g)) is not None), None)
        if fewer is not None:
            v, n = fewer
            new = var(name_of(v), integer(n))
            live = [new if w is v else w for w in live]
            body = substitute(body, {v: new})
            guards = [h for g in guards for h in conjuncts(substitute(g, {v: new})) if h is not TRUE]
            again = True
            continue
        merged = merge_digits(live, [body, *guards])
        if merged is not None:
            live, (body, *guards) = merged
            guards = [h for h in guards if h is not TRUE]
            again = True
    return live, body, guards


def _at_most(v: Sym, guard: Sym) -> int | None:
    """How many iterations of v a guard leaves at most, whatever the other loops do; None where that is all."""
    if guard.op != "lt" or not is_const(extent_of(v)):
        return None
    const, terms = terms_of(guard.args[0])
    c = terms.get(v, 0)
    least = linear(const, {a: k for a, k in terms.items() if a is not v}).lo
    if c < 1 or any(v in a.free for a in terms if a is not v) or not isfinite(least):
        return None
    most = int(-(least // c)) if least < 0 else 0
    return most if 1 <= most < value_of(extent_of(v)) else None


def tighten(v: Sym, guard: Sym) -> Sym | None:
    """The new extent of v if the guard is exactly v < e with e free of other loops."""
    if guard.op != "lt":
        return None
    const, terms = terms_of(guard.args[0])
    c = terms.get(v, 0)
    if c < 1 or any(v in a.free for a in terms if a is not v):
        return None
    others = {a: k for a, k in terms.items() if a is not v}
    low = {a: k for a, k in others.items() if k % c}
    rest = linear(0, low)
    if low and not (rest.lo >= 0 and rest.hi < c and const % c == 0):
        if c > 1 and any(_loops(a) for a in low):
            return None
        low, rest = {}, ZERO
    # c * v + rest < top, 0 <= rest < c  and c divides top:  v < top / c;  without rest: v < ceil(top / c)
    top = scale(linear(const, {a: k for a, k in others.items() if a not in low}), -1)
    limit = div(top, integer(c)) if low else _ceil(top, c)
    extent = extent_of(v)
    if any(_loops(a) and a not in extent.free for a in limit.free):
        return None  # depends on another loop: keep it a guard
    if limit is extent:
        return None
    return limit if likely_le(limit, extent) else _least((limit, *_sides(extent)))


def _sides(e: Sym) -> tuple[Sym, ...]:
    """What a minimum is the least of."""
    return tuple(x for a in e.args for x in _sides(a)) if e.op == "call" and e.data == "min" else (e,)


def _least(found: tuple[Sym, ...]) -> Sym:
    """The minimum of these, without those that are no less than that of the others."""
    for x in found:
        rest = tuple(y for y in found if y is not x)
        if rest and any(prove_lt(_min(r), add(_pushed(x), ONE)) for r in (rest, rest[::-1])):
            return _least(rest)
    return _min(found)


def _pushed(x: Sym) -> Sym:
    """x with what is added to a minimum added to either of its sides, where that makes one shorter: min(a + b, n) - a
    as min(b, n - a); and a quotient and one more where something is left as one rounded up."""

    def rule(n: Sym) -> Sym | None:
        const, terms = terms_of(n)
        for a, c in terms.items() if n.op == "lin" else ():
            up = _rounded_up(a) if a.op == "div" else None
            if up is not None and terms.get(up[0]) == c:
                return _pushed(add(sub(sub(n, scale(a, c)), scale(up[0], c)), scale(up[1], c)))
            if c == 1 and a.op == "call" and a.data == "min":
                rest = linear(const, {b: k for b, k in terms.items() if b is not a})
                sides = tuple(add(_pushed(y), rest) for y in a.args)
                if any(len(terms_of(s)[1]) < len(terms_of(y)[1]) for s, y in zip(sides, a.args, strict=True)):
                    return call("min", sides, I32)
        return None

    return rewrite(x, rule)


def _rounded_up(quotient: Sym) -> tuple[Sym, Sym] | None:
    """That something is left of x / m, and what both are together: (x + m - 1) / m."""
    x, m = quotient.args
    if not is_const(m) or value_of(m) < 2 or x.lo < 0:
        return None
    return compare("<", ZERO, mod(x, m)), div(add(x, integer(value_of(m) - 1)), m)


def _min(found: tuple[Sym, ...]) -> Sym:
    return reduce(lambda a, b: call("min", (a, b), I32), found)


def _ceil(top: Sym, c: int) -> Sym:
    return top if c == 1 else div(add(top, integer(c - 1)), integer(c))


def _loops(x: Sym) -> bool:
    return any(bounded(u) for u in x.free)


def merge_digits(live: list[Sym], exprs: list[Sym]) -> tuple[list[Sym], list[Sym]] | None:
    """If h and l occur only as n*h + l with n the extent of l, one variable over both replaces them."""
    if len(live) < 2:
        return None
    uses = _linear_uses([*exprs, *map(extent_of, live)], frozenset(live))
    for low in live:
        n = extent_of(low)
        for high in live:
            if high is low or low in extent_of(high).free or high in n.free:
                continue
            if is_const(n) and not _digits(uses, high, low, value_of(n)):
                continue
            merged = var(f"{name_of(high)}_{name_of(low)}", mul(extent_of(high), n))
            mapping = _renamed(live, {low: merged, high: ZERO})
            out = [substitute(e, mapping) for e in exprs]
            if not is_const(n):
                back = {merged: add(mul(high, n), low)}
                together = any(high in e.free and low in e.free for e in exprs)
                same = all(substitute(o, back) is e for o, e in zip(out, exprs, strict=True))
                if not together or not same or len(mapping) > 2:
                    continue
            return [merged if v is high else mapping.get(v, v) for v in live if v is not low], out
    return None


def _renamed(live: list[Sym], mapping: dict[Sym, Sym]) -> dict[Sym, Sym]:
    """What variables become, and with them those whose extents they are in."""
    others = (v for v in live if v not in mapping and extent_of(v).free & mapping.keys())
    again = {v: substitute(extent_of(v), mapping) for v in others}
    return mapping | {v: var(name_of(v), extent) for v, extent in again.items()}


def _linear_uses(exprs: list[Sym], watch: frozenset[Sym]) -> list[dict[Sym, int]]:
    """Every place one of the watched variables occurs: as the coefficients of the sum it stands in."""
    found: list[dict[Sym, int]] = []
    seen: set[Sym] = set()

    def visit(x: Sym) -> None:
        if x in seen or not (x.free & watch):
            return
        seen.add(x)
        if x.op == "var":
            found.append({x: 1})
            return
        if x.op == "lin":
            _, terms = terms_of(x)
            rows: dict[tuple[Sym, ...], dict[Sym, int]] = {}  # by what else they are multiplied by
            for a, c in terms.items():
                factors = a.args if a.op == "prod" else (a,)
                mine = [f for f in factors if f in watch]
                others = tuple(f for f in factors if f not in watch)
                if len(mine) == 1 and not any(f.free & watch for f in others):
                    rows.setdefault(others, {})[mine[0]] = c
                else:
                    visit(a)
            found.extend(rows.values())
            return
        for a in x.args:
            visit(a)

    for e in exprs:
        visit(e)
    return found


def _digits(uses: list[dict[Sym, int]], high: Sym, low: Sym, n: int) -> bool:
    together = False
    for use in uses:
        upper, lower = use.get(high, 0), use.get(low, 0)
        if upper == 0 and lower == 0:
            continue
        if upper != n * lower:
            return False
        together = True
    return together
