"""What is in an array of integers that a kernel fills itself: one function of the index, or a range.

`lane[t] = t % 32`, then `x[lane[t] + ...]`: recovering loops from threads leaves such arrays behind. Where every store
to an array leaves the same function of the index there, whoever stores and whenever, what is loaded is that function of
the place it is loaded from, if anything was stored there at all. That is for other rungs to say; an argument that needs
it says so in its scope."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce

from xpiler.verify.argue.terms import ONE, ZERO, Atom, Cond, Poly, Terms, at_most, both, either, equal, negate, number
from xpiler.verify.argue.touched import Memory, Value

Key = tuple[str, str]  # a kernel, and an array of its own
_MOST = 24  # stores that are looked at


@dataclass(frozen=True)
class Filled:
    """`value` of the atom `at`, or no more than the range of what is stored."""

    low: int
    high: int
    at: Atom | None = None
    value: Poly | None = None

    def within(self, other: Filled) -> bool:
        """Whether what is taken for granted with `other` holds of this."""
        if other.value is not None:
            return self.value is not None
        return other.low <= self.low and self.high <= other.high


@dataclass
class Filling:
    """The stores that a walk meets, array by array."""

    terms: Terms
    keys: dict[int, tuple[Key, int]] = field(default_factory=dict)  # memory -> array, the atoms there were before it
    spots: dict[Key, Poly] = field(default_factory=dict)
    found: dict[Key, Filled | None] = field(default_factory=dict)  # None: anything may be in it
    count: dict[Key, int] = field(default_factory=dict)

    def born(self, memory: Memory, kernel: str) -> None:
        """An array of a kernel's own. One of a thread is there anew each time the thread comes by; others stay."""
        before = self.terms.count if memory.scope == "thread" else 0
        self.keys.setdefault(memory.number, ((kernel, memory.name), before))

    def lose(self, memory: Memory) -> None:
        if memory.number in self.keys:
            self.found[self.keys[memory.number][0]] = None

    def store(self, memory: Memory, index: Poly, value: Value, fixed: frozenset[Atom]) -> None:
        """A store; `fixed` are the atoms that all threads which see an array of a group have in common."""
        if memory.number not in self.keys:
            return
        key, birth = self.keys[memory.number]
        self.count[key] = self.count.get(key, 0) + 1
        value = self.terms.ite(value, ONE, ZERO) if isinstance(value, Cond) else value
        if self.found.get(key, value) is None or not isinstance(value, Poly) or self.count[key] > _MOST:
            self.found[key] = None
            return
        spot = self.spots.setdefault(key, self.terms.sym(f"an index of {key[1]}", 0, (1 << 31) - 1))
        of = function(self.terms, index, value, spot, lambda a: a in fixed or a.number <= birth)
        before = self.found.get(key)
        if before is None:
            self.found[key] = Filled(value.low, value.high, spot.parts[0][0], of)
        else:
            kept = of if of == before.value else None
            self.found[key] = Filled(min(before.low, value.low), max(before.high, value.high), before.at, kept)

    def loaded(self, memory: Memory, index: Poly, taken: Filled) -> Poly | None:
        """What is loaded, where the stores of this walk so far bear out what was `taken` for granted."""
        mine = self.found.get(self.keys[memory.number][0])
        if mine is None or mine.at is None or mine.value is None or taken.value is None:
            return None
        spot = mine.at
        return put(self.terms, mine.value, lambda a: index if a is spot else Poly(((a, 1),)) if not a.args else None)

    def key(self, memory: Memory) -> Key | None:
        known = self.keys.get(memory.number)
        return None if known is None else known[0]

    @property
    def functions(self) -> dict[Key, Filled]:
        return {k: f for k, f in self.found.items() if f is not None}


def function(terms: Terms, index: Poly, value: Poly, spot: Poly, fixed: Callable[[Atom], bool]) -> Poly | None:
    """The value as a function of the index: its digits are taken apart, and nothing else may be in it but what is
    fixed."""
    digits: dict[Atom, Poly] = {}
    parts = sorted((p for p in index.parts if not fixed(p[0])), key=lambda p: p[1])
    rest = Poly(tuple(p for p in index.parts if fixed(p[0])), index.constant)
    below = 0
    for n, (a, k) in enumerate(parts):
        following = parts[n + 1][1] if n + 1 < len(parts) else 0
        below += k * a.high
        if k <= 0 or a.low < 0 or (following and (following % k or below >= following)):
            return None
        digit = terms.div(spot - rest, k)
        digits[a] = terms.mod(digit, following // k) if following else digit

    def leaf(a: Atom) -> Poly | None:
        return digits[a] if a in digits else Poly(((a, 1),)) if fixed(a) else None

    return put(terms, value, leaf)


Leaf = Callable[[Atom], Poly | None]


def put(terms: Terms, p: Poly, leaf: Leaf) -> Poly | None:
    """A sum with other things for some of its atoms; None where there is none for an unknown."""
    total = number(p.constant)
    for a, k in p.parts:
        q = _put_atom(terms, a, leaf)
        if q is None:
            return None
        total = total + q.times(k)
    return total


def _put_atom(terms: Terms, a: Atom, leaf: Leaf) -> Poly | None:
    known = leaf(a)
    if known is not None or a.kind in ("sym", "truth"):
        return known
    args: list[Poly | Cond] = []
    for x in a.args:
        new = put(terms, x, leaf) if isinstance(x, Poly) else _put_cond(terms, x, leaf)
        if new is None:
            return None
        args.append(new)
    if tuple(args) == a.args:
        return Poly(((a, 1),))
    match a.kind, args:
        case "ite", [Cond() as c, Poly() as p, Poly() as q]:
            return terms.ite(c, p, q)
        case ("mul" | "prod"), [Poly() as p, *more]:
            return reduce(terms.mul, [q for q in more if isinstance(q, Poly)], p)
        case "quo", [Poly() as p, Poly() as q]:
            return terms.quo(p, q)
        case "rem", [Poly() as p, Poly() as q]:
            return terms.rem(p, q)
        case "div", [Poly() as p, Poly(parts=(), constant=k)]:
            return terms.div(p, k)
        case "mod", [Poly() as p, Poly(parts=(), constant=k)]:
            return terms.mod(p, k)
    return None


def _put_cond(terms: Terms, c: Cond, leaf: Leaf) -> Cond | None:
    match c.op:
        case "true" | "false":
            return c
        case "le" | "eq":
            p = put(terms, c.sum, leaf)
            return None if p is None else at_most(p, ZERO) if c.op == "le" else equal(p, ZERO)
        case "not" | "and" | "or":
            of = [_put_cond(terms, x, leaf) for x in c.of]
            whole = [x for x in of if x is not None]
            if len(whole) < len(of):
                return None
            return negate(whole[0]) if c.op == "not" else both(whole) if c.op == "and" else either(whole)
    return None

