"""Expressions that choose by their data: equal where they are however the comparisons in them fall.

One program may ask `x > 0 ? 1 : x < 0 ? -1 : 0`, another store three times under conditions that exclude each other.
As everywhere in a proof, numbers are real: of x < y, x = y and y < x one holds, and no two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from xpiler.verify.proof.compare import Comparison
from xpiler.verify.proof.normal import Normal
from xpiler.verify.proof.solver import Facts
from xpiler.verify.proof.terms import Term

# Cases looked at before the attempt is given up.
MOST = 256

Test = tuple[str, Term, Term]  # "<" or "=", and what is compared
Fallen = dict[Test, bool]


@dataclass
class Cases:
    """One attempt: the comparisons that both expressions make, each taken to hold and not to."""

    normal: Normal
    compare: Comparison
    done: int = 0

    def same(self, a: Term, b: Term, facts: Facts, fallen: Fallen | None = None) -> bool:
        """Whether two normal forms are equal in every case there is."""
        fallen = fallen or {}
        if fallen and self.compare.same(a, b, facts):
            return True
        test = next((t for x in (a, b) for t in _tests(x)), None)
        if test is None or self.done > MOST:
            return False
        for holds in (True, False):
            self.done += 1
            held = fallen | {test: holds}
            if _possible(held) and not self.same(self.fall(a, held), self.fall(b, held), facts, held):
                return False
        return True

    def fall(self, t: Term, fallen: Mapping[Test, bool], seen: dict[int, Term] | None = None) -> Term:
        """A term where comparisons fall like this, in normal form."""
        seen = {} if seen is None else seen
        if t.id not in seen:
            self.normal.facts.oracle.check_time()
            seen[t.id] = self._fall(t, fallen, seen)
        return seen[t.id]

    def _fall(self, t: Term, fallen: Mapping[Test, bool], seen: dict[int, Term]) -> Term:
        asked = _test(t)
        if asked is not None and asked[0] in fallen:
            return self._number(fallen[asked[0]] == asked[1])
        if not t.args or t.kind in ("item", "rec") and _binds(t):
            return t
        if t.kind == "select" and t.data is None:
            cond = _truth(self.fall(t.args[0], fallen, seen))
            if cond is not None:
                return self.fall(t.args[1 if cond else 2], fallen, seen)
        args = tuple(self.fall(a, fallen, seen) for a in t.args)
        if t.kind == "op" and t.data[0] in ("!", "&&", "||"):
            return self._logic(t, args)
        return t if args == t.args else self.normal.rebuilt_of(t, args)

    def _logic(self, t: Term, args: tuple[Term, ...]) -> Term:
        known = [_truth(a) for a in args]
        match t.data[0]:
            case "!" if known[0] is not None:
                return self._number(not known[0])
            case "&&" if False in known:
                return self._number(False)
            case "||" if True in known:
                return self._number(True)
            case "&&" | "||" if None not in known:
                return self._number(bool(known[0]))
        return t if args == t.args else self.normal.rebuilt_of(t, args)

    def _number(self, holds: bool) -> Term:
        return self.normal.number(Fraction(int(holds)))


def _truth(t: Term) -> bool | None:
    """Whether a condition holds, where it is a number by now."""
    if t.kind == "const" and isinstance(t.data, Fraction):
        return bool(t.data)
    if t.kind == "index" and t.data.constant is not None:
        return bool(t.data.constant)
    return None


def _test(t: Term) -> tuple[Test, bool] | None:
    """A comparison of data as one of two kinds, and whether it holds when that one does."""
    if t.kind != "op" or len(t.args) != 2:
        return None
    a, b = t.args
    match t.data[0]:
        case "<":
            return ("<", a, b), True
        case "<=":
            return ("<", b, a), False
        case "==" | "!=":
            return _equality(a, b), t.data[0] == "=="
    return None


def _equality(a: Term, b: Term) -> Test:
    return ("=", a, b) if a.id <= b.id else ("=", b, a)


def _tests(t: Term) -> Iterator[Test]:
    """The comparisons in a term, outside in; not those that a sum inside it varies."""
    seen: set[int] = set()
    stack = [t]
    while stack:
        x = stack.pop()
        if x.id in seen or x.kind in ("item", "rec") and _binds(x):
            continue
        seen.add(x.id)
        asked = _test(x)
        if asked is not None:
            yield asked[0]
        stack.extend(reversed(x.args))


def _binds(t: Term) -> bool:
    """Whether what is inside is meant for every index of a set."""
    return t.kind == "rec" or bool(t.data[0])


def _possible(fallen: Fallen) -> bool:
    """Whether comparisons of the same two numbers can fall like this."""
    for (kind, a, b), holds in fallen.items():
        if kind != "<":
            continue
        other = fallen.get(("<", b, a))
        same = fallen.get(_equality(a, b))
        if holds and (other or same) or not (holds or other or same) and other is not None and same is not None:
            return False
    return True
