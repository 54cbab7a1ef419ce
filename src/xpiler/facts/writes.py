"""Quantified writes: which elements of an array get which values, and how such writes combine.

A write is solved for the iteration that made an element, brought into a normal form in which its index is a number
whose digits are its loops, and joined with others that continue or repeat it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from xpiler.facts import sym
from xpiler.facts.strides import quotient
from xpiler.facts.sym import FALSE, ONE, TRUE, ZERO, Sym
from xpiler.fault import NOWHERE, Span
from xpiler.ir.types import DType


CHUNKS = 64  # most chunks of a row that are looked at one by one


class Unsummarised(Exception):
    """The kernel has no closed form here; `why` says what stood in the way."""

    def __init__(self, why: str, span: Span = NOWHERE) -> None:
        super().__init__(why)
        self.why, self.span = why, span


@dataclass(frozen=True)
class Write:
    """For every value of `vars` that satisfies `guard`: buffer[index] = value.

    `more`: (op, term) where the value is that of an earlier write to the element op term."""

    vars: tuple[Sym, ...]
    index: Sym
    guard: Sym
    value: Sym
    more: tuple[str, Sym] | None = field(default=None, compare=False)

    def at(self, mapping: Mapping[Sym, Sym]) -> Write:
        return Write(
            self.vars, sym.substitute(self.index, mapping), sym.substitute(self.guard, mapping),
            sym.substitute(self.value, mapping),
        )

    def parts(self) -> tuple[Sym, Sym, Sym]:
        return self.index, self.guard, self.value


def solve(w: Write, index: Sym, path: Sym = TRUE) -> tuple[Sym, dict[Sym, Sym]]:
    """(condition, values of w.vars) under which w writes element `index`, asked for where `path` holds.

    w.index must be a number whose digits are the quantified variables."""
    if not w.vars:
        return sym.conjoin(sym.compare("==", w.index, index), w.guard), {}
    quantified = frozenset(w.vars)
    const, terms = sym.terms_of(w.index)
    rest = sym.linear(const, {a: c for a, c in terms.items() if not (a.free & quantified)})
    digits = [(c, a) for a, c in terms.items() if a.free & quantified]
    d = sym.sub(index, rest)
    mapping: dict[Sym, Sym] = {}
    conds: list[Sym] = []
    matched = _match_symbolic(digits, d, quantified, path)
    sure = True
    if matched is not None:
        mapping, d, digits, sure = matched
        for v, row in mapping.items():
            conds += [sym.compare(">=", row, ZERO), sym.compare("<", row, sym.extent_of(v))]
    if any(a not in quantified for _, a in digits):
        raise Unsummarised("an array is written at an index that is not a number in its loop variables")
    ordered = sorted(((abs(c), c, a) for c, a in digits), key=lambda t: t[0], reverse=True)
    if any(c < 0 for _, c, _ in ordered):
        shift = sym.ZERO
        flipped = {a for _, c, a in ordered if c < 0}
        for _, c, a in ordered:
            if c < 0:
                shift = sym.add(shift, sym.scale(sym.sub(sym.extent_of(a), ONE), c))
        d = sym.sub(d, shift)
    else:
        flipped = set()
    span: Sym = ONE
    shifts: list[int] | None = []  # what the constant adds to each digit, where it carries into none
    for size, _, a in reversed(ordered):  # each digit must fit below the next
        if not sym.prove_lt(sym.sub(span, ONE), sym.integer(size)):
            raise Unsummarised("two iterations may write the same element")
        low = sym.add(sym.sub(span, ONE), sym.integer(const % size))
        if shifts is not None and sym.prove_lt(low, sym.integer(size)):
            shifts.append(const % size)
        else:
            shifts = None
        span = sym.add(sym.scale(sym.sub(sym.extent_of(a), ONE), size), span)
    if shifts and const > 0 and not flipped and matched is None:
        return _by_digits(w, sym.add(d, sym.integer(const)), const, ordered, quantified)
    if ordered or matched is not None:
        conds.append(sym.compare(">=", d, ZERO))
    left = d
    for size, _, a in ordered:
        digit = sym.div(left, sym.integer(size))
        left = sym.mod(left, sym.integer(size))
        conds.append(sym.compare("<", digit, sym.extent_of(a)))
        mapping[a] = sym.sub(sym.sub(sym.extent_of(a), ONE), digit) if a in flipped else digit
    conds.append(sym.compare("==", left, ZERO))
    for v in w.vars:
        if v not in mapping:
            raise Unsummarised("an array is written at an index that forgets an iteration")
    if not sure and settled(sym.assume(sym.conjoin(*conds), path), path) is not TRUE:
        raise Unsummarised("where an element is in rows of a size that is not known is not clear")
    conds.append(sym.substitute(w.guard, mapping))
    return sym.conjoin(*conds), mapping


def _by_digits(
    w: Write, d: Sym, const: int, ordered: list[tuple[int, int, Sym]], quantified: frozenset[Sym]
) -> tuple[Sym, dict[Sym, Sym]]:
    """`solve` where d is the digits and a constant that has a digit's part for each of them and carries nowhere: the
    digits of d can be read off it as it stands, which keeps it free of negative numbers."""
    mapping: dict[Sym, Sym] = {}
    conds = [sym.compare(">=", d, ZERO)]
    left = d
    for size, _, a in ordered:
        digit = sym.sub(sym.div(left, sym.integer(size)), sym.integer(const // size))
        left, const = sym.mod(left, sym.integer(size)), const % size
        conds += [sym.compare(">=", digit, ZERO), sym.compare("<", digit, sym.extent_of(a))]
        mapping[a] = digit
    conds.append(sym.compare("==", left, sym.integer(const)))
    if quantified - mapping.keys():
        raise Unsummarised("an array is written at an index that forgets an iteration")
    return sym.conjoin(*conds, sym.substitute(w.guard, mapping)), mapping


def _match_symbolic(
    digits: list[tuple[int, Sym]], d: Sym, quantified: frozenset[Sym], path: Sym
) -> tuple[dict[Sym, Sym], Sym, list[tuple[int, Sym]], bool] | None:
    """Digits whose weight is symbolic (row * n) are read off d term by term; and whether what is left is below the
    weight, whatever that is. Where rows may be longer than they are apart, only an element that has its row is told."""
    products = [(c, a) for c, a in digits if a.op == "prod"]
    if not products:
        return None
    mapping: dict[Sym, Sym] = {}
    sure = True
    for c, a in sorted(products, key=lambda p: len(p[1].args), reverse=True):
        mine = [f for f in a.args if f in quantified]
        if len(mine) != 1:
            return None
        (v,) = mine
        if v in mapping:
            continue
        whole = sym.add(*(sym.scale(_without(x, v), n) for n, x in digits if v in x.free))  # 128 * n + 256
        mapping[v] = _quotient(d, [f for f in a.args if f is not v], c)
        d = sym.sub(d, sym.mul(whole, mapping[v]))
        inside = _negative_on(path, sym.sub(sym.scale(d, -1), ONE)) and _negative_on(path, sym.sub(d, whole))
        sure = sure and inside
    return mapping, d, [(c, a) for c, a in digits if a.op != "prod" and a not in mapping], sure


def _without(x: Sym, v: Sym) -> Sym:
    """A product without one of its factors."""
    rest = ONE
    for f in x.args if x.op == "prod" else ():
        rest = rest if f is v else sym.mul(rest, f)
    return rest


def _negative_on(path: Sym, d: Sym) -> bool:
    """d < 0 wherever path holds; a choice in d is either of its sides."""
    choice = next((a for a in sym.terms_of(d)[1] if a.op == "sel"), None)
    if choice is None:
        return settled(sym.assume(sym.compare("<", d, ZERO), path), path) is TRUE
    rest, c = sym.sub(d, sym.scale(choice, sym.terms_of(d)[1][choice])), sym.terms_of(d)[1][choice]
    cond, a, b = choice.args
    return all(_negative_on(sym.conjoin(path, holds), sym.add(rest, sym.scale(side, c)))
               for holds, side in ((cond, a), (sym.negate(cond), b)))


def _quotient(d: Sym, weight: list[Sym], c: int) -> Sym:
    """What the terms of d that are multiples of c * weight are multiples by."""
    quotient: dict[Sym, int] = {}
    for t, k in sym.terms_of(d)[1].items():
        factors = list(t.args) if t.op == "prod" else [t]
        if all(f in factors for f in weight) and k % c == 0:
            for f in weight:
                factors.remove(f)
            q = ONE
            for f in factors:
                q = sym.mul(q, f)
            for atom, m in (sym.terms_of(q)[1] or {ONE: 1}).items():
                quotient[atom] = quotient.get(atom, 0) + m * (k // c)
    return sym.add(*[sym.scale(q, m) for q, m in quotient.items()]) if quotient else ZERO


def most(x: Sym, path: frozenset[Sym]) -> float:
    """What x does not exceed where these conditions hold; each side of a choice in it under its own."""
    terms = sym.terms_of(x)[1]
    choice = x if x.op == "sel" else next((a for a in terms if a.op == "sel"), None)
    if choice is not None:
        cond, yes, no = choice.args
        times = 1 if choice is x else terms[choice]
        rest = ZERO if choice is x else sym.sub(x, sym.scale(choice, times))
        sides = ((yes, cond), (no, sym.negate(cond)))
        return max(most(sym.add(rest, sym.scale(side, times)), path.union(sym.conjuncts(told)))
                   for side, told in sides)
    either = next((c for c in path if c.op == "or"), None)
    if either is not None:
        return max(most(x, (path - {either}).union(sym.conjuncts(one))) for one in either.args)
    end = next((a for a in terms if a.op == "call" and a.data in ("min", "max")), None)
    if end is not None:
        w = terms[end]
        rest = sym.sub(x, sym.scale(end, w))
        tops = [most(sym.add(rest, sym.scale(a, w)), path) for a in end.args]
        return min(tops) if (end.data == "min") == (w > 0) else max(tops)
    top = x.hi
    for c in path:
        if c.op != "lt":
            continue
        for atom, k in sym.terms_of(c.args[0])[1].items():  # c says that its argument is at most -1
            w = terms.get(atom, 0)
            if w * k > 0 and w % k == 0:
                top = min(top, sym.sub(x, sym.scale(sym.add(c.args[0], ONE), w // k)).hi)
    return top


def one_sided(g: Sym) -> Sym:
    """x < (c ? a : b) as x < a, where both are so without c: the last chunk of many is as long as what is left.

    Likewise a || b as b, where a is never so without b."""
    if g.op == "or":
        for p in g.args:
            if p.op == "lt" and all(
                    q is p or most(p.args[0], frozenset(sym.conjuncts(q))) < 0 for q in g.args):
                return p
        return g
    if g.op != "lt":
        return g
    d = g.args[0]
    choice = next((a for a in sym.terms_of(d)[1] if a.op == "sel"), None)
    if choice is None:
        return g
    times = sym.terms_of(d)[1][choice]
    cond, yes, no = choice.args
    rest = sym.sub(d, sym.scale(choice, times))
    first, second = (sym.add(rest, sym.scale(side, times)) for side in (yes, no))
    for one, other, where in ((first, second, sym.negate(cond)), (second, first, cond)):
        path = frozenset(sym.conjuncts(where))
        if most(one, path) < 0 and most(other, path) < 0:
            return sym.compare("<", one, ZERO)
    return g


def settled(c: Sym, path: Sym) -> Sym:
    """c without its comparisons that one on the path decides: i + k < 12 where i < 10 and k < 3."""
    if c.op not in ("lt", "and"):
        return c
    known = [sym.add(p.args[0], ONE) for p in sym.conjuncts(path) if p.op == "lt"]  # none of these is positive
    left = []
    for p in sym.conjuncts(c):
        rests = [_beside(x, q) for x in _multiples(p.args[0]) for q in known] if p.op == "lt" else []
        if any(r < 0 and rest.lo >= 0 for r, rest in rests):
            return sym.FALSE
        if not any(r > 0 and rest.hi < 0 for r, rest in rests):
            left.append(p)
    return c if len(left) == len(sym.conjuncts(c)) else sym.conjoin(*left)


def _multiples(x: Sym) -> Iterator[Sym]:
    """x, and multiples of it without a quotient: 4 * (n + i / 4) is 4 * n + i - i % 4."""
    yield x
    for atom, c in sym.terms_of(x)[1].items():
        if atom.op == "div" and sym.is_const(atom.args[1]):
            a, m = atom.args
            whole = sym.scale(sym.sub(a, sym.mod(a, m)), c)
            yield sym.add(sym.scale(sym.sub(x, sym.scale(atom, c)), sym.value_of(m)), whole)


def _beside(x: Sym, q: Sym) -> tuple[int, Sym]:
    """x as r * q + rest, r from a term that both have; r is 0 where it is no whole number."""
    _, terms = sym.terms_of(x)
    for atom, c in sym.terms_of(q)[1].items():
        if atom in terms:
            r = terms[atom] // c if terms[atom] % c == 0 else 0
            return r, sym.sub(x, sym.scale(q, r)) if r else x
    return 0, x


def _in_a_row(vars_: list[Sym], guards: list[Sym], index: Sym, value: Sym) -> Write | None:
    """Chunks of one length or another that lie in a row, as one loop: v < n, i < count(v), base(v) + i, where
    base(v + 1) is base(v) + count(v)."""
    for i in vars_:
        longest = sym.extent_of(i)
        counts = [(longest, guards)] if longest.free & set(vars_) else [
            (sym.sub(i, g.args[0]), [h for h in guards if h is not g]) for g in guards
            if g.op == "lt" and sym.terms_of(g.args[0])[1].get(i) == 1]
        counts += [(longest, guards)] if not sym.is_const(longest) and not longest.free & set(vars_) else []
        for count, others in counts:
            if i in count.free:
                continue
            chosen = sym.collect(count, lambda n: n.op == "sel")
            for v in (v for v in vars_ if (v in count.free if chosen else _by_count(index, v, i, count))):
                found = _chunks(vars_, v, i, count, index)
                made = None if found is None else _one_after_another(vars_, v, i, found, (index, value, others))
                if made is not None:
                    return made
    return None


def _by_count(index: Sym, v: Sym, i: Sym, count: Sym) -> bool:
    """Whether chunks of one length that only sizes say lie in a row: v * count + i."""
    whole = sym.mul(v, count)
    return not sym.is_const(count) and v not in count.free and v in whole.free and not (
        {v, i} & sym.sub(index, sym.add(whole, i)).free)


def _one_after_another(
    vars_: list[Sym], v: Sym, i: Sym, found: tuple[Sym, Sym], parts: tuple[Sym, Sym, list[Sym]]
) -> Write | None:
    base, total = found
    index, value, others = parts
    rest = total.free & set(vars_)
    top = most(total, frozenset())
    if rest and top == float("inf"):
        return None
    j = sym.fresh("i", sym.integer(int(top)) if rest else total)
    within = {i: sym.sub(j, base)}
    index, guard, value = (sym.substitute(x, within) for x in (index, sym.conjoin(*others), value))
    if any(v in x.free for x in (index, guard, value)):
        return None  # a chunk's place in the row matters
    return Write((*(u for u in vars_ if u not in (v, i)), j), index,
                 sym.conjoin(sym.compare("<", j, total), guard), value)


def _chunks(vars_: list[Sym], v: Sym, i: Sym, count: Sym, index: Sym) -> tuple[Sym, Sym] | None:
    """Where chunk v begins, from the first on, and how long all of them are, if each begins where the last one ends."""
    n = sym.extent_of(v)
    terms = sym.terms_of(index)[1]
    unit = terms.get(i, 0)
    mine = {a: c for a, c in terms.items() if v in a.free}
    if not sym.is_const(n) or not 1 < sym.value_of(n) <= CHUNKS or not unit or any(c % unit for c in mine.values()):
        return None
    if any({v, i} & sym.extent_of(u).free for u in vars_ if u is not i):
        return None
    base = sym.linear(0, {a: c // unit for a, c in mine.items()})
    if base.free & set(vars_) != {v}:
        return None
    at = [sym.substitute(base, {v: sym.integer(k)}) for k in range(sym.value_of(n))]
    long = [sym.substitute(count, {v: sym.integer(k)}) for k in range(sym.value_of(n))]
    if any(sym.sub(b, a) is not k for a, b, k in zip(at, at[1:], long, strict=False)):
        return None
    if not all(sym.likely_le(ZERO, k) for k in long):
        return None
    return sym.sub(base, at[0]), sym.sub(sym.add(at[-1], long[-1]), at[0])


def normal(w: Write) -> Write:
    """Guards turned into extents and digits split, so that indices stay solvable."""
    vars_, index, value = list(w.vars), w.index, w.value
    guards = [h for g in sym.conjuncts(w.guard) for h in sym.conjuncts(one_sided(g))]
    row = _in_a_row(vars_, guards, index, value)
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


def supersedes(new: Write, old: Write) -> bool:
    """Everything old wrote, new writes again."""
    if new.vars == old.vars and new.index is old.index and new.guard in (old.guard, TRUE):
        return True
    if len(new.vars) == len(old.vars) and new.vars:
        mapping = dict(zip(old.vars, new.vars, strict=True))
        same = all(sym.extent_of(a) is sym.extent_of(b) for a, b in mapping.items())
        moved = old.at(mapping)
        return same and moved.index is new.index and new.guard in (moved.guard, TRUE)
    if new.guard is not TRUE or not new.vars:
        return False
    try:
        return solve(new, old.index)[0] is TRUE
    except Unsummarised:  # slots that take turns: not to be told
        return False


def rolled_up(old: Write, new: Write) -> Write | None:
    """Two writes of the same shape at indices a constant apart are one quantified write."""
    if old.guard is not new.guard:
        return None
    both = old.more is not None and new.more is not None and old.more[0] == new.more[0]
    if not old.vars:
        mores = [w.more[1] if both and w.more else ZERO for w in (old, new)]
        a = sym.make("pair", (old.index, old.value, mores[0]), None, DType.F32)
        b = sym.make("pair", (new.index, new.value, mores[1]), None, DType.F32)
        if old.index is new.index or not sym.is_const(sym.sub(new.index, old.index)) or not sym.is_shift(a, b):
            return None
        v = sym.fresh("r", sym.integer(2))
        moved = sym.between(a, b, v)
        if moved is None:
            return None
        index, value, more = moved.args
        return Write((v,), index, old.guard, value, (old.more[0], more) if both and old.more else None)
    if len(old.vars) == 1:
        (v,) = old.vars
        n = sym.extent_of(v)
        if sym.is_const(n) and v in old.index.free and _next(old, {v: n}, new):
            longer = sym.fresh("r", sym.add(n, ONE))
            same = both and old.more and new.more and sym.substitute(old.more[1], {v: n}) is new.more[1]
            more_of = (old.more[0], sym.substitute(old.more[1], {v: longer})) if same and old.more else None
            return replace(old.at({v: longer}), vars=(longer,), more=more_of)
    return None


def _next(old: Write, mapping: dict[Sym, Sym], new: Write) -> bool:
    moved = old.at(mapping)
    return moved.index is new.index and moved.value is new.value and moved.guard is new.guard


def _implied(guard: Sym, vs: Iterable[Sym]) -> bool:
    """The guard only says that one of the loops runs at all."""
    if guard.op != "lt":
        return False
    for v in vs:
        gap = sym.sub(guard.args[0], sym.sub(ONE, sym.extent_of(v)))
        if sym.is_const(gap) and sym.value_of(gap) < 0:
            return True
    return False


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


def join(writes: list[Write]) -> list[Write]:
    """Writes of one array that continue each other, or repeat at a constant distance, as one."""
    out: list[Write] = []
    for w in writes:
        while out:
            joined = _continued(out[-1], w) or _continued(w, out[-1]) or _repeated(out[-1], w)
            if joined is None:
                break
            out.pop()
            w = joined
        out.append(w)
    return out


def aligned(old: Write, new: Write, but: Sym | None = None) -> Write | None:
    """new with its variables renamed to those of old, extents equal except for `but`."""
    if len(old.vars) != len(new.vars):
        return None
    mapping = dict(zip(new.vars, old.vars, strict=True))
    if any(sym.extent_of(a) is not sym.extent_of(b) for a, b in mapping.items() if b is not but):
        return None
    return Write(old.vars, *new.at(mapping).parts())


def _continued(first: Write, second: Write) -> Write | None:
    """i < n: f(i) and j < m: f(n + j) are i < n + m: f(i)."""
    if first.guard is not second.guard or first.guard.free & {*first.vars, *second.vars}:
        return None
    for n, v in enumerate(first.vars):
        if len(first.vars) != len(second.vars):
            return None
        u = second.vars[n]
        moved = aligned(first, second, but=v)
        if moved is None:
            continue
        shifted = first.at({v: sym.add(sym.extent_of(v), v)})
        if shifted.index is moved.index and shifted.value is moved.value:
            longer = sym.fresh(sym.name_of(v).split("#")[0], sym.add(sym.extent_of(v), sym.extent_of(u)))
            return replace(first.at({v: longer}), vars=tuple(longer if x is v else x for x in first.vars))
    return None


def _repeated(old: Write, new: Write) -> Write | None:
    """The same nest again at indices a constant apart: one more loop around it."""
    moved = aligned(old, new)
    if moved is not None and moved.guard is old.guard:
        a = sym.make("pair", (old.index, old.value), None, DType.F32)
        b = sym.make("pair", (moved.index, moved.value), None, DType.F32)
        if a is not b and sym.is_const(sym.sub(moved.index, old.index)) and sym.is_shift(a, b):
            v = sym.fresh("r", sym.integer(2))
            both = sym.between(a, b, v)
            return None if both is None else Write((*old.vars, v), both.args[0], old.guard, both.args[1])
    if len(old.vars) == len(new.vars) + 1:
        v = old.vars[-1]
        n = sym.extent_of(v)
        rest = replace(old.at({v: n}), vars=old.vars[:-1])
        again = aligned(rest, new)
        if again is not None and again.parts() == rest.parts():
            longer = sym.fresh("r", sym.add(n, ONE))
            return replace(old.at({v: longer}), vars=(*old.vars[:-1], longer))
    return None


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
            if one and (sym.is_const(by) or by.op == "var" and not sym.bounded(by)):
                cuts.add(by)
    for c in sorted(cuts, key=lambda c: (not sym.is_const(c), c.lo, c.uid)):
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
    const, terms = sym.terms_of(guard.args[0])
    if len(terms) < 2 or any(a not in vars_ or c < 1 or not sym.is_const(sym.extent_of(a)) for a, c in terms.items()):
        return None
    digits = sorted(terms.items(), key=lambda t: t[1])
    unit, size = digits[0][1], 1
    for v, c in digits:
        if c != unit * size:
            return None
        size *= sym.value_of(sym.extent_of(v))
    extent = -(const // unit)  # unit * x + const < 0: x < ceil(-const / unit)
    if not 0 < extent < size:
        return None
    whole = sym.fresh(sym.name_of(digits[-1][0]).split("#")[0], sym.integer(extent))
    mapping = {v: sym.mod(sym.div(whole, sym.integer(c // unit)), sym.extent_of(v)) for v, c in digits}
    taken = sym.substitute(index, mapping)
    if any(whole in a.free and a is not whole for a in sym.terms_of(taken)[1]):
        return None
    return [whole if v is digits[-1][0] else v for v in vars_ if v not in mapping or v is digits[-1][0]], mapping


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
