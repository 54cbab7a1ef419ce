"""The normal form of a write: conditions become extents, and its index is a number whose digits are its loops."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from xpiler.facts import sym
from xpiler.facts.chunk_rows import in_a_row
from xpiler.facts.decided import most, one_sided
from xpiler.facts.strides import quotient
from xpiler.facts.sym import FALSE, ONE, ZERO, Sym
from xpiler.facts.writes import Write


def normal(w: Write) -> Write:
    """Guards turned into extents and digits split, so that indices stay solvable."""
    vars_, index, value = list(w.vars), w.index, w.value
    guards = [h for g in sym.conjuncts(w.guard) for h in sym.conjuncts(one_sided(g))]
    guards = [g for g in guards if not _apart_anyhow(g, guards)]
    row = in_a_row(vars_, guards, index, value)
    if row is not None:
        return normal(row)
    for v in [v for v in vars_ if not sym.is_const(sym.extent_of(v)) and sym.extent_of(v).hi <= 1]:
        vars_.remove(v)  # no more than one iteration, where a condition holds
        index, value = (sym.substitute(x, {v: ZERO}) for x in (index, value))
        guards = [sym.substitute(g, {v: ZERO}) for g in guards]
        guards += sym.conjuncts(sym.compare("<", ZERO, sym.extent_of(v)))
    again = True
    while again:
        again = False
        for g in guards:
            step = _eliminate(vars_, g, index)
            if step is None:
                continue
            vars_, mapping, spent = step
            index, value = sym.substitute(index, mapping), sym.substitute(value, mapping)
            kept = [g2 for g2 in guards if not (spent and g2 is g)]
            guards = [h for g2 in kept for h in sym.conjuncts(sym.substitute(g2, mapping))]
            if FALSE in guards:
                return Write((), index, FALSE, value)
            again = True
            break
    guard = sym.conjoin(*(g for g in _strongest(guards) if not _implied(g, vars_)))
    value = sym.assume(value, guard)
    # Iterations that write the same values to the same places are one, where there is one at all.
    idle = [v for v in vars_ if v not in index.free | guard.free | value.free and sym.likely_le(ONE, sym.extent_of(v))
            and not any(v in sym.extent_of(u).free for u in vars_)]
    w = Write(tuple(v for v in vars_ if v not in idle), index, guard, value)
    split = split_digits(w, (w.index,))
    return w if split is None else normal(split)


def shaped(w: Write) -> Write:
    """w with its digits merged, and split where its value needs them."""
    live, exprs = list(w.vars), [w.index, w.guard, w.value]
    while True:
        merged = sym.merge_digits(live, exprs)
        if merged is not None:
            live, exprs = merged
            continue
        before = Write(tuple(live), exprs[0], exprs[1], exprs[2])
        w = normal(before)
        if w == before:
            split = split_digits(w, w.parts())
            if split is None:
                return w
            w = split
        live, exprs = list(w.vars), [w.index, w.guard, w.value]


def _implied(guard: Sym, vs: Iterable[Sym]) -> bool:
    """The guard only says that one of the loops runs at all."""
    if guard.op != "lt":
        return False
    for v in vs:
        gap = sym.sub(guard.args[0], sym.sub(ONE, sym.extent_of(v)))
        if sym.is_const(gap) and sym.value_of(gap) < 0:
            return True
    return False


def _apart_anyhow(guard: Sym, guards: list[Sym]) -> bool:
    """The guard only says that two numbers differ, of which others say that one is larger: n != 0 where i < n."""
    if guard.op != "not" or guard.args[0].op != "eq":
        return False
    others = frozenset(g for g in guards if g is not guard)
    return any(most(sym.scale(guard.args[0].args[0], sign), others) < 0 for sign in (1, -1))


def _strongest(guards: list[Sym]) -> list[Sym]:
    """The guards without those that another one implies."""
    out: list[Sym] = []
    for g in guards:
        weaker = g.op == "lt" and any(
            h is not g and h.op == "lt" and (d := sym.sub(g.args[0], h.args[0])).hi <= 0 and d is not ZERO
            for h in guards)
        if not weaker:
            out.append(g)
    return out


def _raise(vars_: list[Sym], guard: Sym) -> tuple[list[Sym], dict[Sym, Sym]] | None:
    """v >= e with e free of other loops: count from e."""
    const, terms = sym.terms_of(guard.args[0])
    for v in vars_:
        c = -terms.get(v, 0)
        if c < 1 or any(v in a.free for a in terms if a is not v):
            continue
        rest = sym.linear(const, {a: k for a, k in terms.items() if a is not v})
        if rest.free & set(vars_) or any(sym.bounded(u) for u in rest.free):
            continue
        first = sym.add(sym.div(sym.add(rest, sym.integer(c)), sym.integer(c)))  # rest < c v
        if first is ZERO or not sym.likely_le(ZERO, first):
            continue
        new = sym.fresh(sym.name_of(v).split("#")[0], sym.sub(sym.extent_of(v), first))
        return [new if u is v else u for u in vars_], {v: sym.add(first, new)}
    return None


def _relax(vars_: list[Sym], guard: Sym) -> tuple[list[Sym], dict[Sym, Sym]] | None:
    """c v + (something not negative) < e also bounds v; the guard stays."""
    const, terms = sym.terms_of(guard.args[0])
    for v in vars_:
        c = terms.get(v, 0)
        if c < 1 or any(v in a.free for a in terms if a is not v):
            continue
        loops = {a: k for a, k in terms.items() if a is not v and a.free & set(vars_)}
        if not loops or sym.linear(0, loops).lo < 0:
            continue
        top = sym.scale(sym.linear(const, {a: k for a, k in terms.items() if a is not v and a not in loops}), -1)
        limit = sym.div(sym.add(top, sym.integer(c - 1)), sym.integer(c)) if c > 1 else top
        if limit.hi != float("inf") and limit.hi < sym.extent_of(v).hi:
            if limit.hi <= 1:
                return [u for u in vars_ if u is not v], {v: ZERO}
            new = sym.fresh(sym.name_of(v).split("#")[0], sym.integer(int(limit.hi)))
            return [new if u is v else u for u in vars_], {v: new}
    return None


def renumbered(w: Write) -> Write | None:
    """A write over the digits of its elements' numbers, b * 256 + t, as one over those numbers; None where that does
    not make what it takes of them, (b * 256 + t) / 30 % 30, digits of one number.

    How a grid was cut into blocks and threads says nothing of the rows and columns its threads find for themselves."""
    _, terms = sym.terms_of(w.index)
    digits = sorted(((c, v) for v, c in terms.items()), key=lambda d: d[0])
    if len(digits) < 2 or {v for _, v in digits} != {*w.vars} or not _taken_apart(w, frozenset(w.vars)):
        return None
    unit, size, strides = digits[0][0], 1, dict[Sym, int]()
    for c, v in digits:
        if c != unit * size or not sym.is_const(sym.extent_of(v)):
            return None
        strides[v] = size
        size *= sym.value_of(sym.extent_of(v))
    whole = sym.fresh(sym.name_of(digits[-1][1]).split("#")[0], sym.integer(size))
    mapping = {v: sym.mod(sym.div(whole, sym.integer(strides[v])), sym.extent_of(v)) for v in w.vars}

    made = Write((whole,), *w.at(mapping).parts())
    return None if _taken_apart(made, frozenset({whole})) else made


def _taken_apart(w: Write, vs: frozenset[Sym]) -> bool:
    """Whether a quotient or remainder of several loops, or of one and something else, is in a write."""
    def odd(n: Sym) -> bool:
        if n.op not in ("div", "mod") or not n.args[0].free & vs:
            return False
        const, terms = sym.terms_of(n.args[0])
        return len(terms) > 1 or const != 0
    return any(sym.collect(p, odd) for p in w.parts())


def split_digits(w: Write, parts: tuple[Sym, ...]) -> Write | None:
    """A variable that `parts` use as v / c and v % c becomes two: v = c * high + low."""
    for v in w.vars:
        found = digits(w, v, parts)
        if found is not None:
            pair, number = found
            moved = w.at({v: number})
            return Write((*(u for u in w.vars if u is not v), *pair), *moved.parts())
    return None


def digits(w: Write, v: Sym, parts: tuple[Sym, ...] = ()) -> tuple[tuple[Sym, Sym], Sym] | None:
    """(high, low) and c * high + low, where `parts`, or else the index, use a variable as v / c and v % c."""
    cuts: set[Sym] = set()
    for part in parts or (w.index,):
        for node in sym.collect(part, lambda x: x.op in ("div", "mod") and v in x.free):
            inner, by = node.args
            const, terms = sym.terms_of(inner)
            one = set(terms) == {v} and terms[v] == 1 and const == 0
            if one and (sym.is_const(by) or sym.of_sizes(by)):
                cuts.add(by)
    for c in sorted(cuts, key=lambda c: (not sym.is_const(c), c.size, c.lo, c.uid)):
        rows = quotient(sym.extent_of(v), c)
        if rows is not None and rows is not ONE and c is not ONE:
            high, low = sym.fresh("i", rows), sym.fresh("i", c)
            return (high, low), sym.add(sym.mul(high, c), low)
    return None


def _eliminate(vars_: list[Sym], guard: Sym, index: Sym) -> tuple[list[Sym], dict[Sym, Sym], bool] | None:
    """Use one guard to bound or fix a quantified variable; True where its extent says then all that the guard did."""
    for v in vars_:
        if v not in guard.free:
            continue
        tight = sym.tighten(v, guard)
        if tight is not None:
            new = sym.fresh(sym.name_of(v).split("#")[0], tight)
            return [new if u is v else u for u in vars_], {v: new}, True
    whole = _gathered(vars_, guard, index) if guard.op == "lt" else None
    if whole is not None:
        return (*whole, True)
    step = _raise(vars_, guard) or _relax(vars_, guard) if guard.op == "lt" else _fixed(vars_, guard)
    return None if step is None else (*step, False)


def _gathered(vars_: list[Sym], guard: Sym, index: Sym) -> tuple[list[Sym], dict[Sym, Sym]] | None:
    """4 b + t < 9, where t runs over 4: b and t are the digits of one number below 9, if the index takes them so.

    The extents of b and t alone do not say that the rows of `index` stay apart; that of the number does."""
    terms = sym.terms_of(guard.args[0])[1]
    mine = {a: c for a, c in terms.items() if a in vars_ and c > 0}
    places = sorted(mine.items(), key=lambda t: t[1])
    if len(places) < 2:
        return None
    unit, (top, _), size = places[0][1], places[-1], 1
    for v, c in places:
        if c != unit * size:
            return None
        if v is not top:
            if not sym.is_const(sym.extent_of(v)):
                return None
            size *= sym.value_of(sym.extent_of(v))
    extent = _below(guard.args[0], mine, unit, sym.scale(sym.extent_of(top), size))
    if extent is None:
        return None
    whole = sym.fresh(sym.name_of(top).split("#")[0], extent)
    mapping = {v: sym.div(whole, sym.integer(c // unit)) for v, c in places}
    mapping |= {v: sym.mod(mapping[v], sym.extent_of(v)) for v, _ in places[:-1]}
    taken = sym.substitute(index, mapping)
    parts = [a for a in sym.terms_of(taken)[1] if whole in a.free and a is not whole]
    if any(a.op not in ("div", "mod") or a.args[0] is not whole for a in parts):
        return None
    if parts and digits(Write((whole,), taken, sym.TRUE, ZERO), whole) is None:  # nor do its own digits make them
        return None
    return [whole if v is top else v for v in vars_ if v not in mapping or v is top], mapping


def _below(d: Sym, digits: Mapping[Sym, int], unit: int, all_: Sym) -> Sym | None:
    """What a number with these digits is less than where d < 0, if that is less than all there are."""
    const, terms = sym.terms_of(d)
    rest = sym.scale(sym.linear(const, {a: c for a, c in terms.items() if a not in digits}), -1)
    if sym.is_const(rest):  # unit * x < rest
        extent = sym.div(sym.add(rest, sym.integer(unit - 1)), sym.integer(unit))
        fewer = sym.is_const(all_) and 0 < sym.value_of(extent) < sym.value_of(all_)
        return extent if fewer else None
    apart = unit == 1 and not rest.free & digits.keys()
    return rest if apart and sym.prove_lt(rest, sym.add(all_, ONE)) else None


def _fixed(vars_: list[Sym], guard: Sym) -> tuple[list[Sym], dict[Sym, Sym]] | None:
    """Solve an equation for a quantified variable."""
    if guard.op != "eq":
        return None
    const, terms = sym.terms_of(guard.args[0])
    for v in vars_:
        if terms.get(v) in (1, -1) and not any(v in a.free for a in terms if a is not v):
            rest = sym.linear(const, {a: c for a, c in terms.items() if a is not v})
            if not rest.free & set(vars_):
                return [u for u in vars_ if u is not v], {v: sym.scale(rest, -terms[v])}
        for atom, c in terms.items():
            if len(terms) == 1 and atom.op == "mod" and atom.args[0] is v and sym.is_const(atom.args[1]):
                m, r = sym.value_of(atom.args[1]), -const * c
                n = sym.extent_of(v)
                if 0 <= r < m:
                    count = sym.div(sym.add(n, sym.integer(m - 1 - r)), sym.integer(m))
                    new = sym.fresh(sym.name_of(v).split("#")[0], count)
                    return [new if u is v else u for u in vars_], {
                        v: sym.add(sym.scale(new, m), sym.integer(r))}
    return None
