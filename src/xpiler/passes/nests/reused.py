"""What several reductions of a nest compute for the same iterations, found so that it is computed once, into an array.

    top = max(k: q . K[k])                                       for k: s[k] = q . K[k]
    out = sum(k: exp(q . K[k] - top) * V[k])            ->       top = max(k: s[k])
        / sum(k: exp(q . K[k] - top))                            for k: e[k] = exp(s[k] - top)
                                                                 out = sum(k: e[k] * V[k]) / sum(k: e[k])
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xpiler.facts import sym
from xpiler.facts.sym import TRUE, Sym
from xpiler.facts.writes import Write

MOST = 1 << 12  # elements of such an array
Key = tuple[Sym, Sym]  # a value and the condition it is computed under, whatever the name of its iteration


def reused(w: Write) -> frozenset[Key]:
    """The values of an output that more than one of its loops computes in every iteration."""
    uses: dict[Key, set[Sym]] = {}
    for f in sym.collect(w.value, lambda n: n.op == "fold"):
        body, guard = term(f)
        for v in sym.fold_vars(f):
            for x in values(body, v, sym.fold_vars(f)):
                uses.setdefault(key(x, v, guard), set()).add(f)
    for v in w.vars[-1:]:
        for x in values(w.value, v, w.vars[-1:]):
            uses.setdefault(key(x, v, w.guard), set()).add(w.value)
    return frozenset(k for k, found in uses.items() if len(found) > 1)


def term(f: Sym) -> tuple[Sym, Sym]:
    """What a reduction takes in, and where it takes it."""
    body = f.args[0]
    if body.op == "sel" and (sym.is_identity(sym.fold_op(f), body.args[2]) or body.args[2].op == "undef"):
        return body.args[1], body.args[0]
    return body, TRUE


def key(x: Sym, v: Sym, guard: Sym) -> Key:
    """A value of iteration v, as any loop of as many iterations would say it."""
    slot = {v: sym.var("~0", sym.extent_of(v))}
    return sym.substitute(x, slot), sym.substitute(guard, slot)


def values(x: Sym, v: Sym, loops: Sequence[Sym]) -> Iterator[Sym]:
    """The parts of x that a loop over v computes anew, at some cost, in every iteration; larger ones first.

    They hang on v alone of these loops, and hold a reduction that does."""
    extent = sym.extent_of(v)
    if not sym.is_const(extent) or not 1 < sym.value_of(extent) <= MOST:
        return
    others = {u for u in loops if u is not v}
    todo, seen = [x], {x}
    while todo:
        n = todo.pop(0)
        if n.op in ("fold", "call") and v in n.free and not n.free & others and _reduces(n, v):
            yield n
        for a in () if n.op == "fold" else n.args:
            if a not in seen and "fold" in a.has:
                seen.add(a)
                todo.append(a)


def _reduces(x: Sym, v: Sym) -> bool:
    return "fold" in x.has and bool(sym.collect(x, lambda n: n.op == "fold" and v in n.free))
