"""Writes solved for the iteration that made an element."""

from __future__ import annotations

from collections import Counter

from xpiler.facts import sym
from xpiler.facts.decided import most, settled
from xpiler.facts.sym import ONE, TRUE, ZERO, Sym
from xpiler.facts.writes import Unsummarised, Write


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
    matched = _match_symbolic(digits, d, quantified, path, rest)
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
        fits = sym.prove_lt(sym.sub(span, ONE), sym.integer(size))
        if not fits and most(span, frozenset(sym.conjuncts(sym.conjoin(path, w.guard)))) > size:
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
    digits: list[tuple[int, Sym]], d: Sym, quantified: frozenset[Sym], path: Sym, first: Sym
) -> tuple[dict[Sym, Sym], Sym, list[tuple[int, Sym]], bool] | None:
    """Digits whose weight is symbolic (row * n) are read off d term by term; and whether what is left is below the
    weight, whatever that is. Where rows may be longer than they are apart, only an element that has its row is told.
    What is written of a row may begin at its `first` element, up to its end."""
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
        inside = _in_row(path, d, whole)
        if not inside and first is not ZERO and not any(map(sym.bounded, first.free)):
            last = sym.add(first, *(sym.scale(sym.sub(sym.extent_of(x), ONE), n)
                                    for n, x in digits if x in quantified and n > 0))
            inside = sym.prove_lt(last, whole) and _in_row(path, sym.add(d, first), whole)
        sure = sure and inside
    return mapping, d, [(c, a) for c, a in digits if a.op != "prod" and a not in mapping], sure


def _in_row(path: Sym, d: Sym, whole: Sym) -> bool:
    """Whether 0 <= d < whole wherever path holds."""
    return _negative_on(path, sym.sub(sym.scale(d, -1), ONE)) and _negative_on(path, sym.sub(d, whole))


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
        factors = Counter(t.args if t.op == "prod" else [t])
        if Counter(weight) <= factors and k % c == 0:  # n * n is twice in it, or it is no multiple
            q = ONE
            for f in (factors - Counter(weight)).elements():
                q = sym.mul(q, f)
            for atom, m in (sym.terms_of(q)[1] or {ONE: 1}).items():
                quotient[atom] = quotient.get(atom, 0) + m * (k // c)
    return sym.add(*[sym.scale(q, m) for q, m in quotient.items()]) if quotient else ZERO


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
