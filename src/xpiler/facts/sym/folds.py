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
from xpiler.facts.sym.quotients import div
from xpiler.facts.sym.selection import assume, select
from xpiler.facts.sym.sums import add, linear, scale, sub, terms_of
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
    extreme = op in ("max", "min")
    if len(live) == 1:
        total = _byte_by_byte(op, live[0], body, init, dtype)
        if total is not None:
            return total
        tail = with_tail(op, live[0], body)
        if tail is not None:
            longer, body = tail
            live.append(longer)
    if extreme and body.op == "sel":
        init, body = _reached_anyhow(op, live, body, init, dtype)
    while (within := padded(body) if op == "+" else or_neutral(op, body)) is not None:
        guards += conjuncts(within[0])
        body = within[1]
    if op == "+" and not guards and (terms := padded_apart(body)):
        parts = [fold(op, live, x, identity_of(op, dtype), dtype) for x in terms]
        total = functools.reduce(lambda x, y: reduce_pair(op, x, y, dtype), parts)
        return total if is_identity(op, init) else reduce_pair(op, init, total, dtype)
    if extreme and body.op == "call" and body.data == op and not guards and all(map(_runs, live)):
        for p, rest in (body.args, body.args[::-1]):
            if not p.free & set(live):
                return fold(op, live, rest, combine(op, init, p, dtype), dtype)  # once or many times is the same
    if body.op == "fold" and fold_op(body) == op:
        if extreme:
            init, body = _begun_outside(op, live, body, init, guards, dtype)
        if body.dtype is dtype and is_identity(op, body.args[1]):
            live, body, guards = _flattened(op, live, body, guards)
    if len(guards) > 1:
        guards = [g for g in guards if not any(h is not g and _implies(h, g) for h in guards)]
    if op == "+" and is_identity(op, body):
        return init  # however often
    live, body, guards = _without_single_iterations(*tidy(live, body, guards))
    if extreme:
        live = [v for v in live if v in body.free or any(v in g.free for g in guards) or not _runs(v)]
    if guards and init.op == "fold" and fold_op(init) == op and is_identity(op, init.args[1]):
        whole = _one_more(op, live, body, guards, init, dtype)
        if whole is not None:
            return whole
    if guards:
        guard = conjoin(*guards)
        body = make("sel", (guard, assume(body, guard), identity_of(op, dtype)), None, dtype)
        return _canonical(op, live, body, init, dtype)
    if not live:
        return combine(op, init, body, dtype)
    if len(live) == 1 and is_const(extent_of(live[0])) and value_of(extent_of(live[0])) == 1:
        return combine(op, init, substitute(body, {live[0]: ZERO}), dtype)
    if init.op == "fold" and fold_op(init) == op:
        joined = concat(op, init, fold(op, live, body, identity_of(op, dtype), dtype))
        if joined is not None:
            return joined
    if init.has & {"ld", "pld"}:
        first = substitute(body, dict.fromkeys(live, ZERO))
        if extreme and first is init and all(map(_runs, live)):
            init = identity_of(op, dtype)  # the first element once more
        elif len(live) == 1:
            joined = extend(op, fold(op, live, body, identity_of(op, dtype), dtype), init, dtype)
            if joined is not None:
                return joined
    return _canonical(op, live, body, init, dtype)


def _byte_by_byte(op: str, v: Sym, body: Sym, init: Sym, dtype: DType) -> Sym | None:
    """Bytes of a word, one by one: the shifts resolve, and the sum rolls up again."""
    if "bit" not in body.has or not is_const(extent_of(v)):
        return None
    count = value_of(extent_of(v))
    if count > 8 or not collect(body, lambda n: n.op == "bit" and v in n.args[1].free):
        return None
    terms = [substitute(body, {v: integer(n)}) for n in range(count)]
    total = functools.reduce(lambda x, y: reduce_pair(op, x, y, dtype), terms)
    return reduce_pair(op, init, total, dtype) if not is_identity(op, init) else total


def _one_more(
    op: str, live: list[Sym], body: Sym, guards: list[Sym], init: Sym, dtype: DType
) -> Sym | None:
    """A fold of rows whose init is the row in front of the first of them, as one of all: thread 0 keeps its own sum and
    adds what the others left. Of the row in front a condition may say what the lengths of the others' loops say."""
    none = identity_of(op, dtype)
    for v in live if len(live) > 1 else ():
        others = [u for u in live if u is not v]
        if not is_const(extent_of(v)) or any(v in extent_of(u).free for u in others):
            continue
        front = {v: integer(-1)}
        asked = [g for g in (substitute(g, front) for g in guards) if not any(_ends_with(g, u) for u in others)]
        if fold(op, others, select(conjoin(*asked), substitute(body, front), none), none, dtype) is not init:
            continue
        all_rows = var("~rows", add(extent_of(v), ONE))
        moved = {v: sub(all_rows, ONE)}
        within = conjoin(*(substitute(g, moved) for g in guards))
        return fold(op, [all_rows, *others], select(within, substitute(body, moved), none), none, dtype)
    return None


def _ends_with(guard: Sym, v: Sym) -> bool:
    """Whether 8 * v < n for a loop of (n + 7) / 8 iterations: it holds in each of them."""
    if guard.op != "lt":
        return False
    const, terms = terms_of(guard.args[0])
    step = terms.get(v, 0)
    if step < 1:
        return False
    end = linear(-const, {a: -c for a, c in terms.items() if a is not v})
    return extent_of(v) is div(add(end, integer(step - 1)), integer(step))


def _reached_anyhow(op: str, live: list[Sym], body: Sym, init: Sym, dtype: DType) -> tuple[Sym, Sym]:
    """What an extreme begins with and the choice it is taken of, that neutral on its other side where what stands there
    is what it begins with, or what no iteration outdoes."""
    condition, inside, outside = body.args
    if outside is not init:
        if outside.free & set(live) or not all(map(_runs, live)) or outdone(op, inside, outside) is not inside:
            return init, body
        init = combine(op, init, outside, dtype)
    return init, make("sel", (condition, inside, identity_of(op, dtype)), None, dtype)


def _begun_outside(
    op: str, live: list[Sym], body: Sym, init: Sym, guards: list[Sym], dtype: DType,
) -> tuple[Sym, Sym]:
    """What an extreme of extremes begins with, and these with a neutral beginning: once or many times is the same."""
    begin = body.args[1]
    apart = not is_identity(op, begin) and not begin.free & set(live)
    if apart and (not guards or combine(op, init, begin, dtype) is init) and all(map(_runs, live)):
        init = combine(op, init, begin, dtype)
    elif not _begins_with(body, guards):
        return init, body
    return init, make("fold", (body.args[0], identity_of(op, dtype)), body.data, dtype)


def _flattened(op: str, live: list[Sym], body: Sym, guards: list[Sym]) -> tuple[list[Sym], Sym, list[Sym]]:
    """The loops of a fold of folds together, what is folded, and under which conditions."""
    apart = {v: var(f"{name_of(v)}~{len(live)}", extent_of(v)) for v in fold_vars(body)}
    inner = substitute(body.args[0], apart)
    if inner.op == "sel" and is_identity(op, inner.args[2]):
        guards = [*guards, *conjuncts(inner.args[0])]
        inner = inner.args[1]
    return [*live, *apart.values()], inner, guards


def _without_single_iterations(
    live: list[Sym], body: Sym, guards: list[Sym],
) -> tuple[list[Sym], Sym, list[Sym]]:
    """The loops but those of one iteration, or of which the conditions leave one, as long as there are others."""
    for v in [v for v in live if extent_of(v) is ONE] if len(live) > 1 else []:
        live = [w for w in live if w is not v]
        body = substitute(body, {v: ZERO})
        guards = [g for h in guards for g in conjuncts(substitute(h, {v: ZERO}))]
    pinned = _pinned(live, guards)
    while pinned and len(live) > 1:
        live = [v for v in live if v not in pinned]
        body = substitute(body, pinned)
        guards = [h for g in guards for h in conjuncts(substitute(g, pinned)) if h is not TRUE]
        pinned = _pinned(live, guards)
    return live, body, guards


def _canonical(op: str, live: list[Sym], body: Sym, init: Sym, dtype: DType) -> Sym:
    """The fold with its variables named by how deep they are bound."""
    base = max([body.depth, *(_rank(v) + 1 for v in body.free if v not in live)])
    mapping: dict[Sym, Sym] = {}
    for n, v in enumerate(live):
        mapping[v] = var(f"{_BOUND}{base + len(live) - 1 - n}", substitute(extent_of(v), mapping))
    return make("fold", (substitute(body, mapping), init), (op, tuple(mapping.values())), dtype)


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
