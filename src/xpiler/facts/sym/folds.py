"""Reductions over bound variables in normal form."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from xpiler.facts.sym.associative import combine, identity_of, is_identity, outdone, reduce_pair
from xpiler.facts.sym.extents import tidy
from xpiler.facts.sym.leaves import ONE, TRUE, ZERO, integer, is_const, var
from xpiler.facts.sym.logic import conjoin, conjuncts
from xpiler.facts.sym.nodes import Sym, extent_of, fold_op, fold_vars, make, name_of, value_of
from xpiler.facts.sym.padding import or_neutral, padded, padded_apart
from xpiler.facts.sym.rewriting import collect, substitute
from xpiler.facts.sym.rolling import concat, extend
from xpiler.facts.sym.selection import assume
from xpiler.facts.sym.sums import scale, sub, terms_of
from xpiler.facts.sym.tails import with_tail
from xpiler.ir.types import DType

_BOUND = "@"  # prefix of canonical bound variables; no source name has it


def _runs(v: Sym) -> bool:
    """A loop over v has an iteration, whatever the sizes."""
    return extent_of(v).lo >= 1


def fold(op: str, vars_: Iterable[Sym], body: Sym, init: Sym, dtype: DType) -> Sym:
    """init op (op over vars of body): one reduction, its variables canonical and its nest flattened."""
    live = list(vars_)
    guards: list[Sym] = []
    if len(live) == 1 and "bit" in body.has and is_const(extent_of(live[0])):
        count = value_of(extent_of(live[0]))
        if count <= 8 and collect(body, lambda n: n.op == "bit" and live[0] in n.args[1].free):
            terms = [substitute(body, {live[0]: integer(n)}) for n in range(count)]
            total = terms[0]  # bytes of a word, one by one: the shifts resolve, and the sum rolls up again
            for t in terms[1:]:
                total = reduce_pair(op, total, t, dtype)
            return reduce_pair(op, init, total, dtype) if not is_identity(op, init) else total
    tail = with_tail(op, live[0], body) if len(live) == 1 else None
    if tail is not None:
        longer, body = tail
        live.append(longer)
    if op in ("max", "min") and body.op == "sel" and body.args[2] is init:
        body = make("sel", (*body.args[:2], identity_of(op, dtype)), None, dtype)  # with which it begins anyhow
    if (op in ("max", "min") and body.op == "sel" and not body.args[2].free & set(live)
            and all(_runs(v) for v in live) and outdone(op, *body.args[1:]) is body.args[1]):
        init = combine(op, init, body.args[2], dtype)  # what others reach anyhow
        body = make("sel", (body.args[0], body.args[1], identity_of(op, dtype)), None, dtype)
    while (within := padded(body) if op == "+" else or_neutral(op, body)) is not None:
        guards += conjuncts(within[0])
        body = within[1]
    if op == "+" and not guards and (terms := padded_apart(body)):
        parts = [fold(op, live, x, identity_of(op, dtype), dtype) for x in terms]
        total = functools.reduce(lambda x, y: reduce_pair(op, x, y, dtype), parts)
        return total if is_identity(op, init) else reduce_pair(op, init, total, dtype)
    if op in ("max", "min") and body.op == "call" and body.data == op and not guards and all(_runs(v) for v in live):
        for p, rest in (body.args, body.args[::-1]):
            if not p.free & set(live):
                return fold(op, live, rest, combine(op, init, p, dtype), dtype)  # once or many times is the same
    if (op in ("max", "min") and body.op == "fold" and fold_op(body) == op
            and not is_identity(op, body.args[1]) and not body.args[1].free & set(live)
            and (not guards or combine(op, init, body.args[1], dtype) is init)
            and all(_runs(v) for v in live)):
        init = combine(op, init, body.args[1], dtype)  # once or many times is the same
        body = make("fold", (body.args[0], identity_of(op, dtype)), body.data, dtype)
    if op in ("max", "min") and body.op == "fold" and fold_op(body) == op and _begins_with(body, guards):
        body = make("fold", (body.args[0], identity_of(op, dtype)), body.data, dtype)
    if (body.op == "fold" and fold_op(body) == op and body.dtype is dtype
            and is_identity(op, body.args[1])):
        apart = {v: var(f"{name_of(v)}~{len(live)}", extent_of(v)) for v in fold_vars(body)}
        inner = substitute(body.args[0], apart)
        if inner.op == "sel" and is_identity(op, inner.args[2]):
            guards += conjuncts(inner.args[0])
            inner = inner.args[1]
        live += apart.values()
        body = inner
    if len(guards) > 1:
        guards = [g for g in guards if not any(h is not g and _implies(h, g) for h in guards)]
    if op == "+" and is_identity(op, body):
        return init  # however often
    live, body, guards = tidy(live, body, guards)
    for v in [v for v in live if extent_of(v) is ONE] if len(live) > 1 else []:
        live.remove(v)
        body = substitute(body, {v: ZERO})
        guards = [g for h in guards for g in conjuncts(substitute(h, {v: ZERO}))]
    pinned = _pinned(live, guards)
    while pinned and len(live) > 1:  # one iteration of a loop is meant
        live = [v for v in live if v not in pinned]
        body = substitute(body, pinned)
        guards = [h for g in guards for h in conjuncts(substitute(g, pinned)) if h is not TRUE]
        pinned = _pinned(live, guards)
    dead = [v for v in live if v not in body.free and not any(v in g.free for g in guards) and _runs(v)]
    if op in ("max", "min") and dead:
        live = [v for v in live if v not in dead]
    if len(live) == 1 and is_const(extent_of(live[0])) and value_of(extent_of(live[0])) == 1 and not guards:
        return combine(op, init, substitute(body, {live[0]: ZERO}), dtype)
    if not live and not guards:
        return combine(op, init, body, dtype)
    if init.op == "fold" and fold_op(init) == op and not guards:
        joined = concat(op, init, fold(op, live, body, identity_of(op, dtype), dtype))
        if joined is not None:
            return joined
    if not guards and not is_identity(op, init) and init.has & {"ld", "pld"}:
        first = substitute(body, dict.fromkeys(live, ZERO))
        if op in ("max", "min") and first is init and all(_runs(v) for v in live):
            init = identity_of(op, dtype)  # the first element once more
        elif len(live) == 1:
            joined = extend(op, fold(op, live, body, identity_of(op, dtype), dtype), init, dtype)
            if joined is not None:
                return joined
    if guards:
        identity = identity_of(op, dtype)
        guard = conjoin(*guards)
        body = make("sel", (guard, assume(body, guard), identity), None, dtype)
    base = max([body.depth, *(_rank(v) + 1 for v in body.free if v not in live)])
    canonical: list[Sym] = []
    mapping: dict[Sym, Sym] = {}
    for n, v in enumerate(live):
        e = substitute(extent_of(v), mapping)
        c = var(f"{_BOUND}{base + len(live) - 1 - n}", e)
        mapping[v] = c
        canonical.append(c)
    body = substitute(body, mapping)
    return make("fold", (body, init), (op, tuple(canonical)), dtype)


def _begins_with(x: Sym, given: Iterable[Sym]) -> bool:
    """Whether a fold begins with what its first iteration adds anyhow, where these conditions hold."""
    start, init = dict.fromkeys(fold_vars(x), ZERO), x.args[1]
    if not init.has & {"ld", "pld"}:
        return False
    first, held = substitute(x.args[0], start), set(given)
    if first.op == "sel" and is_identity(fold_op(x), first.args[2]) and held.issuperset(conjuncts(first.args[0])):
        first = first.args[1]
    return first is init and all(map(_runs, fold_vars(x)))


def _implies(h: Sym, g: Sym) -> bool:
    """Whether h < 0 says that g < 0, as a - 1 + b < 0 does of a - 1 < 0 where b is not negative."""
    return h.op == g.op == "lt" and sub(h.args[0], g.args[0]).lo >= 0


def _pinned(live: list[Sym], guards: list[Sym]) -> dict[Sym, Sym]:
    """The first of these loops of which a condition leaves one iteration, with that: sum(t < 64, k < 256) of what has
    k % 64 == t is a sum over k alone."""
    for g in guards:
        _, terms = terms_of(g.args[0]) if g.op == "eq" else (0, {})
        for v, c in terms.items():
            if v not in live or abs(c) != 1 or any(v in extent_of(w).free for w in live):
                continue
            only = scale(sub(g.args[0], scale(v, c)), -c)
            if v not in only.free and 0 <= only.lo and only.hi < extent_of(v).lo:
                return {v: only}
    return {}


def _rank(v: Sym) -> int:
    name = name_of(v)
    digits = name[1:].rstrip("'")
    return int(digits) if name.startswith(_BOUND) and digits.isdigit() else -1
