"""Whether two expressions are equal: structure by structure, indices and conditions by a solver, sums as multisets.

Two sums are equal when a one-to-one map between their index tuples takes every term to an equal one. The map is guessed
from the places that are read, and each of its properties is asked of the solver.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

from xpiler.verify.proof.gather import gathered
from xpiler.verify.proof.index import (
    FALSE, TRUE, Atom, Formula, Poly, at_least, both, either, equal, negated, poly, put, put_in,
)
from xpiler.verify.proof.invert import invert
from xpiler.verify.proof.normal import Normal
from xpiler.verify.proof.sample import Chosen, Samples
from xpiler.verify.proof.solver import Facts
from xpiler.verify.proof.terms import Term, Terms

# Sets of indices are written out where they are no larger than this, and sums matched item by item up to that many.
WRITTEN_OUT, MATCHED = 4096, 40
FEW = 4  # pairs that are compared without a look at a sample

Map = dict[Atom, Poly]


@dataclass
class Comparison:
    """Equality of terms of one proof."""

    terms: Terms
    normal: Normal
    samples: Samples = field(default_factory=Samples)
    _known: dict[tuple[int, int, frozenset[Formula]], bool] = field(default_factory=dict)

    def same(self, a: Term, b: Term, facts: Facts) -> bool:
        """Whether two terms are equal wherever the facts hold. No means that it was not shown."""
        if a is b:
            return not a.unset
        key = (a.id, b.id, facts.known)
        if key not in self._known:
            facts.oracle.check_time()
            self._known[key] = self._same(a, b, facts)
        return self._known[key]

    def _same(self, a: Term, b: Term, facts: Facts) -> bool:
        for x, y in ((a, b), (b, a)):
            if x.kind == "select" and x.data is not None:
                return all(
                    facts.refutes(c) or self.same(branch, y, facts.assume(c))
                    for c, branch in zip((x.data, negated(x.data)), x.args, strict=True)
                )
        if a.kind == "fold" or b.kind == "fold":
            op, sort = a.data if a.kind == "fold" else b.data
            if a.kind == b.kind and a.data != b.data:
                return False
            return self._same_fold(op, self.normal.items(op, sort, a), self.normal.items(op, sort, b), facts)
        if a.kind != b.kind:
            return False
        match a.kind:
            case "input":
                return bool(a.data[0] == b.data[0]) and facts.entails(equal(a.data[1], b.data[1]))
            case "index":
                return facts.entails(equal(a.data, b.data))
            case "op":
                return bool(a.data == b.data) and len(a.args) == len(b.args) and all(
                    self.same(x, y, facts) for x, y in zip(a.args, b.args, strict=True)
                )
            case "select":
                return len(a.args) == len(b.args) and all(
                    self.same(x, y, facts) for x, y in zip(a.args, b.args, strict=True)
                )
            case "rec":
                return self._same_rec(a, b, facts)
        return False

    def _same_rec(self, a: Term, b: Term, facts: Facts) -> bool:
        (k, over, prev), (j, domain, before) = a.data, b.data
        # Each symbol carries bounds of its own, so that both directions have to be asked with its own symbol.
        renamed = {j: poly(k)}
        there = both([_limits(j, poly(k)), put_in(domain, renamed)])
        back = both([_limits(k, poly(j)), put_in(over, {k: poly(j)})])
        if not (facts.assume(over).entails(there) and facts.assume(domain).entails(back)):
            return False
        if not self.same(a.args[0], b.args[0], facts):
            return False
        body = self.terms.put_prev(self.terms.put(b.args[1], renamed), before, self.terms.make("prev", prev))
        return self.same(a.args[1], body, facts.assume(over))

    # ------------------------------------------------------------ multisets

    def _same_fold(self, op: str, a: tuple[Term, ...], b: tuple[Term, ...], facts: Facts) -> bool:
        if op in ("max", "min"):
            return self._covers(a, b, facts) and self._covers(b, a, facts)
        left, right = list(a), list(b)
        for i in a:
            if i in right:
                left.remove(i)
                right.remove(i)
        self._cancel(left, right, facts)
        if not left and not right:
            return True
        left, right = self._gathered(left), self._gathered(right)
        if len(left) <= MATCHED and len(right) <= MATCHED and self._bijection(left, right, facts):
            return True
        return self._written_out(left, right, facts)

    def _gathered(self, items: list[Term]) -> list[Term]:
        many = len(items) > 1 and any(i.data[0] for i in items)
        return [self.normal.rebuilt(i) for i in gathered(items, self.terms)] if many else items

    def _cancel(self, left: list[Term], right: list[Term], facts: Facts) -> None:
        """Take away plain terms that are equal, one for one."""
        at = self.samples.at(facts, (*left, *right)) if len(left) * len(right) > FEW else None
        for i in list(left):
            if i.data[0] or i.data[1].op != "true":
                continue
            match = next(
                (j for j in right if not j.data[0] and j.data[1].op == "true" and _alike(i.args[0], j.args[0])
                 and not self.samples.apart(i.args[0], j.args[0], at) and self.same(i.args[0], j.args[0], facts)), None
            )
            if match is not None:
                left.remove(i)
                right.remove(match)

    def _written_out(self, left: list[Term], right: list[Term], facts: Facts) -> bool:
        a, b = self._terms(left, facts), self._terms(right, facts)
        if a is None or b is None or len(a) != len(b):
            return False
        for t in list(a):
            if t in b:
                a.remove(t)
                b.remove(t)
        at = self.samples.at(facts, (*a, *b))
        for t in a:  # the one that reads the same place is likely the one
            read = next(_places(t), None)
            few = at is not None or len(a) <= MATCHED
            alike = [u for u in b if _alike(t, u) and not self.samples.apart(t, u, at)
                     and (few or next(_places(u), None) == read)]
            match = next((u for u in alike if self.same(t, u, facts)), None)
            if match is None:
                return False
            b.remove(match)
        return not b

    def _terms(self, items: list[Term], facts: Facts) -> list[Term] | None:
        """Every term of items over sets of a known, small size."""
        out: list[Term] = []
        for i in items:
            for t in self._instances(i, facts):
                if t is None or len(out) >= WRITTEN_OUT:
                    return None
                out.append(t)
        return out

    def _instances(self, i: Term, facts: Facts) -> Iterator[Term | None]:
        symbols, domain = i.data
        if any(s.hi is None for s in symbols):
            yield None
            return
        for values in product(*(range(s.hi + 1) for s in symbols)):
            at = {s: poly(v) for s, v in zip(symbols, values, strict=True)}
            held = put_in(domain, at)
            if held.op == "false" or facts.refutes(held):
                continue
            if not facts.entails(held):
                yield None
                return
            yield self.normal.rebuilt(self.terms.put(i.args[0], at))

    def _bijection(self, left: list[Term], right: list[Term], facts: Facts) -> bool:
        """Whether the index tuples of both sides correspond one to one, equal terms to equal terms."""
        at = self.samples.at(facts, (*left, *right)) if len(left) * len(right) > FEW else None
        pairs = {(i, j): None if self._apart(left[i], right[j], at) else self._paired(left[i], right[j], facts)
                 for i in range(len(left)) for j in range(len(right))}
        for i, a in enumerate(left):
            regions = [p[0] for j in range(len(right)) if (p := pairs[i, j]) is not None]
            if not self._partition(_domain(a), regions, facts):
                return False
        for j, b in enumerate(right):
            regions = [p[1] for i in range(len(left)) if (p := pairs[i, j]) is not None]
            if not self._partition(_domain(b), regions, facts):
                return False
        return True

    def _apart(self, a: Term, b: Term, at: Chosen | None) -> bool:
        """Whether two items that are one term each surely differ, where both are."""
        alone = not a.data[0] and not b.data[0] and a.data[1].op == b.data[1].op == "true"
        return alone and self.samples.apart(a.args[0], b.args[0], at)

    def _partition(self, whole: Formula, regions: list[Formula], facts: Facts) -> bool:
        held = facts.assume(whole)
        if not held.entails(either(regions) if regions else FALSE):
            return False
        return all(
            held.assume(r).refutes(s) for n, r in enumerate(regions) for s in regions[n + 1 :]
        )

    def _paired(self, a: Term, b: Term, facts: Facts) -> tuple[Formula, Formula] | None:
        """The indices of `a` with a partner of equal value in `b`, and those of `b` with one in `a`."""
        to, back = self._map(a, b), self._map(b, a)
        if to is None or back is None:
            return None
        there = both([_domain(a), _reached(b, to)])
        here = both([_domain(b), _reached(a, back)])
        inside, outside = facts.assume(there), facts.assume(here)
        if not all(inside.entails(equal(put(back[s], to), poly(s))) for s in a.data[0]):
            return None
        if not all(outside.entails(equal(put(to[s], back), poly(s))) for s in b.data[0]):
            return None
        if self.same(a.args[0], self._put(b.args[0], to), inside):
            return there, here
        # Equal where they read the same place, perhaps, and nowhere else.
        met = self._meeting(a, b, to), self._meeting(b, a, back)
        if met[0] is None or met[1] is None:
            return None
        there, here = both([there, met[0]]), both([here, met[1]])
        # The two have to be each other's, or one may be the larger.
        if not facts.assume(there).entails(put_in(here, to)) or not facts.assume(here).entails(put_in(there, back)):
            return None
        if not self.same(a.args[0], self._put(b.args[0], to), facts.assume(there)):
            return None
        return there, here

    def _meeting(self, a: Term, b: Term, to: Map) -> Formula | None:
        """Where the first place that `a` reads is the one `b` reads."""
        mine, theirs = (next(_places(t, True), None) for t in (a.args[0], self._put(b.args[0], to)))
        if mine is None or theirs is None or mine[0] != theirs[0]:
            return None
        return equal(mine[1], theirs[1])

    def _put(self, t: Term, values: Map) -> Term:
        return self.normal.rebuilt(self.terms.put(t, values)) if t.symbols & values.keys() else t

    def _map(self, a: Term, b: Term) -> Map | None:
        """A guess at which indices of `b` read what given indices of `a` read."""
        wanted: set[Atom] = set(b.data[0])
        out: Map = {}
        if not wanted:
            return out
        places = list(_places(a.args[0], True))
        for position, index in _places(b.args[0]):
            if not index.symbols & wanted:
                continue
            at = put(index, out)
            for where, read in places:
                if where != position:
                    continue
                found = {s: p for s, p in invert(at, sorted(wanted, key=lambda s: s.key), read).items()
                         if not p.symbols & set(b.data[0])}
                if found:
                    out |= found
                    wanted -= found.keys()
                    break
            if not wanted:
                return out
        for s in list(wanted):
            if s.hi == 0:
                out[s] = poly(0)
                wanted.remove(s)
        return None if wanted else out

    def _covers(self, a: tuple[Term, ...], b: tuple[Term, ...], facts: Facts) -> bool:
        """Whether every term of `a` is among those of `b`: enough for a maximum, both ways round."""
        return all(i in b or self._covered(i, b, facts) for i in a)

    def _covered(self, i: Term, b: tuple[Term, ...], facts: Facts) -> bool:
        if len(b) > MATCHED and i.data[0]:
            return self._covered_apart(i, b, facts)
        held = facts.assume(_domain(i))
        regions = []
        for j in b:
            to = self._map(i, j)
            if to is None:
                continue
            reached = _reached(j, to)
            if held.refutes(reached):
                continue
            met = None if j.data[0] and i.data[0] else self._meeting(i, j, to)
            reached = reached if met is None else both([reached, met])
            if self.same(i.args[0], self._put(j.args[0], to), held.assume(reached)):
                regions.append(reached)
                if held.entails(either(regions)):
                    return True
        return bool(i.data[0]) and self._covered_apart(i, b, facts)

    def _covered_apart(self, i: Term, b: tuple[Term, ...], facts: Facts) -> bool:
        """The same, term by term."""
        apart = self._terms([i], facts)
        return apart is not None and self._covers(
            tuple(self.normal.item((), TRUE, t) for t in apart), b, facts
        )


def _domain(i: Term) -> Formula:
    symbols, domain = i.data
    return both([domain, *(_limits(s, poly(s)) for s in symbols)])


def _limits(s: Atom, value: Poly) -> Formula:
    """What a symbol's own bounds say of a value."""
    parts = [at_least(value, s.lo)] if s.lo is not None else []
    return both(parts + ([at_least(poly(s.hi), value)] if s.hi is not None else []))


def _reached(i: Term, at: Map) -> Formula:
    """Whether an item's index tuple exists, given as expressions."""
    symbols, domain = i.data
    return both([put_in(domain, at), *(_limits(s, at[s]) for s in symbols)])


def _places(t: Term, known: bool = False) -> Iterator[tuple[object, Poly]]:
    """The places a term reads, and indices it uses as numbers, outside in; not those that a sum inside it varies.
    `known`: those that are numbers, too."""
    seen: set[int] = set()
    stack = [t]
    while stack:
        x = stack.pop()
        if x.id in seen or not (x.symbols or known):
            continue
        seen.add(x.id)
        if x.kind == "input" and x.data[1].symbols <= t.symbols:
            yield x.data
        if x.kind == "index" and x.data.symbols <= t.symbols:
            yield "index", x.data
        stack.extend(reversed(x.args))


def _alike(a: Term, b: Term) -> bool:
    """A quick look at whether comparing is worth it."""
    return a.kind == b.kind and (a.kind not in ("op", "fold") or a.data == b.data)
