"""Choices between what is the same: a side that cannot be taken, or that equals the other one wherever it is taken.

    x > 0 && x % 16 == 0 ? row[x / 16 * 16 - 1] : row[x - 1]          ->      row[x - 1]

So the borders of a tile, loaded by the threads that are nearest, are elements of the array like the rest of the tile.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from xpiler.facts import sym
from xpiler.facts.sym import FALSE, Sym
from xpiler.facts.writes import Write

ALTERNATIVES = 16  # of a condition with choices of its own that are looked at one by one
ROUNDS = 4  # what one bound says of another variable may bound a third


def by_cases(w: Write) -> Write:
    """A write whose value has no choice left that decides nothing."""
    value = _visit(w.value, w.guard, {})
    return w if value is w.value else replace(w, value=value)


def _visit(x: Sym, path: Sym, known: dict[tuple[Sym, Sym], Sym]) -> Sym:
    if x.size < 4 or not sym.collect(x, lambda n: n.op == "sel"):
        return x
    if (x, path) in known:
        return known[x, path]
    sym.METER.spend()
    if x.op == "sel":
        new = _chosen(x, path, known)
    else:
        args = tuple(_visit(a, path, known) for a in x.args)
        new = x if args == x.args else sym.rebuild(x, args)
    known[x, path] = new
    return new


def _chosen(x: Sym, path: Sym, known: dict[tuple[Sym, Sym], Sym]) -> Sym:
    cond, a, b = x.args
    yes, no = sym.conjoin(path, cond), sym.conjoin(path, sym.negate(cond))
    first, second = list(_alternatives(yes)), list(_alternatives(no))
    if not second:
        return _visit(a, path, known)
    if not first:
        return _visit(b, path, known)
    a, b = _visit(a, yes, known), _visit(b, no, known)
    if all(c.of(a) is c.of(b) for c in first):
        return b
    if all(c.of(a) is c.of(b) for c in second):
        return a
    return sym.select(cond, a, b)


def _alternatives(condition: Sym) -> Iterator[Case]:
    """The possible ways in which a condition holds."""
    todo, left = [condition], ALTERNATIVES
    while todo:
        c = todo.pop()
        either = next((p for p in sym.conjuncts(c) if p.op == "or"), None)
        if either is not None and left > 0:
            rest = [p for p in sym.conjuncts(c) if p is not either]
            todo += [sym.conjoin(*rest, p) for p in either.args]
            left -= len(either.args)
            continue
        case = Case.where(c)
        if case is not None:
            yield case


class Case:
    """What variables and remainders are where some comparisons hold at once."""

    def __init__(self) -> None:
        self.low: dict[Sym, float] = {}
        self.high: dict[Sym, float] = {}
        self.moved: dict[Sym, Sym] = {}
        self.rests: dict[Sym, Sym] = {}  # remainders that are known

    @staticmethod
    def where(condition: Sym) -> Case | None:
        """None where the condition holds nowhere."""
        if condition is FALSE:
            return None
        case, parts = Case(), sym.conjuncts(condition)
        for _ in range(ROUNDS):
            before = dict(case.low), dict(case.high)
            for p in parts:
                case._learn(p)
            if any(case.low[a] > case.high[a] for a in case.low):
                return None
            case._settle()
            if any(case.of(p) is FALSE for p in parts):
                return None
            if before == (case.low, case.high):
                break
            parts = tuple(q for p in parts for q in (p, *sym.conjuncts(case._shifted_back(p))))
        return case

    def of(self, x: Sym) -> Sym:
        """x where they hold."""
        x = sym.substitute(x, self.moved)
        return sym.rewrite(x, self._known) if self.rests else x

    def _learn(self, p: Sym) -> None:
        """Bounds from a comparison of one variable or remainder with a number."""
        kind, d = p.op, p.args[0] if p.args else p
        if kind == "not" and d.op == "eq":
            kind, d = "ne", d.args[0]
        if kind not in ("lt", "eq", "ne"):
            return
        const, terms = sym.terms_of(d)
        if len(terms) != 1:
            return
        ((atom, c),) = terms.items()
        if abs(c) != 1 or atom.op not in ("var", "mod"):
            return
        low, high = self.low.get(atom, atom.lo), self.high.get(atom, atom.hi)
        at = -const * c
        if kind == "eq":
            low, high = max(low, at), min(high, at)
        elif kind == "ne":
            low, high = low + (low == at), high - (high == at)
        elif c > 0:
            high = min(high, at - 1)
        else:
            low = max(low, at + 1)
        self.low[atom], self.high[atom] = low, high

    def _settle(self) -> None:
        self.moved = {}
        for v, low in self.low.items():
            high = self.high[v]
            if v.op != "var" or (low, high) == (v.lo, v.hi) or low == -float("inf"):
                continue
            if low == high:
                self.moved[v] = sym.integer(int(low))
            elif high != float("inf"):
                self.moved[v] = sym.add(sym.var(f"{sym.name_of(v)}'", sym.integer(int(high - low) + 1)),
                                        sym.integer(int(low)))
        self.rests = {}
        for a, low in self.low.items():
            if a.op == "mod" and low == self.high[a]:
                here = sym.substitute(a, self.moved)
                if here.op == "mod" and sym.is_const(here.args[1]):
                    self.rests[here] = sym.integer(int(low))

    def _known(self, x: Sym) -> Sym | None:
        """A remainder by its value; a multiple of the quotient beside it by what is left of the number."""
        if x in self.rests:
            return self.rests[x]
        if x.op != "lin":
            return None
        const, terms = sym.terms_of(x)
        for rest, value in self.rests.items():
            number, by = rest.args
            quotient = sym.div(number, by)
            c = terms.get(quotient, 0)
            if c and c % sym.value_of(by) == 0:
                whole = sym.scale(sym.sub(number, value), c // sym.value_of(by))
                left = sym.linear(const, {a: k for a, k in terms.items() if a is not quotient})
                return sym.rewrite(sym.add(left, whole), self._known)
        return None

    def _shifted_back(self, p: Sym) -> Sym:
        """A comparison where they hold, in the variables as they were."""
        back = {}
        for v, to in self.moved.items():
            const, terms = sym.terms_of(to)
            for new in terms:
                back[new] = sym.sub(v, sym.integer(const))
        return sym.substitute(sym.substitute(p, self.moved), back)

