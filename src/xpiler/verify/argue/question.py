"""Is there an execution such that ...? Conditions of one or two threads, asked of Z3; an answer is replayed first."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import z3

from xpiler.verify.argue.digits import Equation, digits
from xpiler.verify.argue.terms import Atom, Cond, Poly, all_atoms, holds, value

Z: Any = z3  # most of its functions carry no types
Said = tuple[Cond, int]  # a condition of one copy
SHARED = 0  # the copy of atoms that both threads have in common
_PATIENCE = 6  # seconds of the clock on the wall for one of processor time, at most
MOST_PAIRS = 150  # of products that are compared with each other


class OutOfTime(Exception):
    """The time of the whole argument is spent."""


@dataclass
class Clock:
    """When an argument must be done, in processor time of its thread, and how many steps of the solver one question may
    take: 10 million are a second or so. Neither depends on what else a machine is doing."""

    until: float
    steps: int = 4_000_000
    context: z3.Context = field(default_factory=z3.Context)  # of the Python thread that argues

    @property
    def left(self) -> float:
        return self.until - time.thread_time()

    def milliseconds(self) -> int:
        if self.left <= 0.005:
            raise OutOfTime
        return int(self.left * 1000 * _PATIENCE)


@dataclass(frozen=True)
class Model:
    """Values of the unknowns, by atom and copy, that make all of a question's conditions true."""

    values: dict[tuple[Atom, int], int]
    apart: Callable[[Atom], bool] = field(compare=False)

    def known(self, copy: int) -> Callable[[Atom], int]:
        return lambda a: self.values.get((a, copy if self.apart(a) else SHARED), a.low)

    def of(self, p: Poly, copy: int) -> int:
        return value(p, self.known(copy))


@dataclass(frozen=True)
class Never:
    """There is no such execution."""


@dataclass(frozen=True)
class Question:
    """Conditions of one or two copies; sums that are `same` in both; of each of `differ` at least one pair differs."""

    said: tuple[Said, ...]
    same: tuple[tuple[Poly, Poly], ...] = ()
    differ: tuple[tuple[tuple[Poly, Poly], ...], ...] = ()
    apart: Callable[[Atom], bool] = field(default=lambda _: False, compare=False)

    def holds(self, m: Model) -> bool:
        try:
            return all(holds(c, m.known(copy)) for c, copy in self.said) and all(
                m.of(p, 1) == m.of(r, 2) for p, r in self.same) and all(
                any(m.of(p, 1) != m.of(r, 2) for p, r in d) for d in self.differ)
        except ZeroDivisionError:
            return False


@dataclass(frozen=True)
class Undecided:
    """The solver was not done, or what it found is no execution."""

    why: str = ""


Answer = Model | Never | Undecided


def ask(asked: Question, clock: Clock) -> Answer:
    """Whether all of it can hold at once; what Z3 finds is worked out again before it counts."""
    if any(c.op == "false" for c, _ in asked.said):
        return Never()
    q = _Encoding(asked.apart, clock.context)
    goals = q.goals(asked)
    if goals is None:
        return Never()
    q.products()
    for exact in (False, True) if q.muls else (False,):
        result, solver = _checked([*goals, *q.facts, *(q.exact() if exact else q.lemmas)], clock)
        if result == z3.unsat:
            return Never()
        if result == z3.sat:
            found = q.model(solver.model())
            if asked.holds(found) and q.coherent(found):
                return found
    return Undecided("the solver was not done")


def always(asked: Question, m: Model, free: frozenset[Atom], given: Sequence[Cond], clock: Clock) -> bool:
    """Whether what a model makes true stays true whatever the `free` unknowns are, if they fit what is `given`."""
    q = _Encoding(asked.apart, clock.context)
    goals = q.goals(asked)
    if goals is None:
        return False
    assumed = [q.cond(c, 1) for c in given]
    q.products()
    fixed = [x == m.values[key] for key, x in q.known.items() if key[0] not in free and key in m.values]
    result, _ = _checked([Z.Not(Z.And(*goals)) if goals else Z.BoolVal(False, clock.context), *assumed, *fixed,
                          *q.facts, *q.exact()], clock)
    return bool(result == z3.unsat)


def _checked(asserted: Sequence[Any], clock: Clock) -> tuple[Any, Any]:
    solver = Z.SimpleSolver(ctx=clock.context)
    solver.set("timeout", clock.milliseconds())
    solver.set("rlimit", clock.steps)
    solver.add(*asserted)
    return solver.check(), solver


def _alike(p: Poly, r: Poly, alike: set[Atom]) -> bool:
    """Whether two sums are the same for both copies, by what is known to be."""
    return p == r and all(a in alike for a, _ in p.parts)


@dataclass(frozen=True)
class _Product:
    result: Any
    factors: tuple[Any, Any]
    sums: tuple[Poly, Poly]


class _Encoding:
    """One question in Z3's terms."""

    def __init__(self, apart: Callable[[Atom], bool], context: z3.Context) -> None:
        self.apart, self.context = apart, context
        self.known: dict[tuple[Atom, int], Any] = {}
        self.facts: list[Any] = []
        self.lemmas: list[Any] = []
        self.muls: list[_Product] = []
        self.monomials: dict[tuple[tuple[Atom, int], ...], Any] = {}

    def goals(self, asked: Question) -> list[Any] | None:
        """The question, or None where it is plain that the answer is no."""
        goals = [self.cond(c, copy) for c, copy in asked.said if c.op != "true"]
        alike: set[Atom] = set()
        for p, r in asked.same:
            parts = digits(p, r, self.apart)
            if parts is None:
                return None
            goals += [self.equation(e) for e in parts]
            alike |= {e.same for e in parts if e.same is not None}
        for d in asked.differ:
            if all(_alike(p, r, alike) for p, r in d):
                return None
            goals.append(Z.Or(*(self.sum(p, 1) != self.sum(r, 2) for p, r in d)))
        return goals

    def coherent(self, m: Model) -> bool:
        """Whether a model keeps what holds of the unknowns themselves."""
        return all(holds(w, m.known(copy or 1)) for a, copy in self.known for w in a.where)

    def whole(self, name: str) -> Any:
        return Z.Int(name, self.context)

    def cond(self, c: Cond, copy: int) -> Any:
        match c.op:
            case "true" | "false":
                return Z.BoolVal(c.op == "true", self.context)
            case "le":
                return self.sum(c.sum, copy) <= 0
            case "eq":
                return self.sum(c.sum, copy) == 0
            case "truth":
                assert c.atom is not None, "a truth has its atom"
                return self.atom(c.atom, copy) == 1
            case "not":
                return Z.Not(self.cond(c.of[0], copy))
            case "and":
                return Z.And(*(self.cond(x, copy) for x in c.of))
            case "or":
                return Z.Or(*(self.cond(x, copy) for x in c.of))
        raise TypeError(f"not a condition: {c.op}")

    def sum(self, p: Poly, copy: int) -> Any:
        parts = [self.atom(a, copy) * k if k != 1 else self.atom(a, copy) for a, k in p.parts]
        if p.constant or not parts:
            parts.append(Z.IntVal(p.constant, self.context))
        return parts[0] if len(parts) == 1 else Z.Sum(parts)

    def equation(self, e: Equation) -> Any:
        parts = [
            t.coefficient * (self.atom(t.atom, 1) - self.atom(t.atom, 2) if t.minus else self.atom(t.atom, t.copy))
            for t in e.terms]
        return Z.Sum([*parts, Z.IntVal(e.constant, self.context)]) == 0

    def atom(self, a: Atom, copy: int) -> Any:
        copy = copy if self.apart(a) else SHARED
        if (a, copy) not in self.known:
            x = self.whole(f"{a.kind}{a.number}_{copy}")
            self.known[a, copy] = x
            self.facts += [x >= a.low, x <= a.high]
            self._define(a, copy, x)
            self.facts += [self.cond(w, copy) for w in a.where]
        return self.known[a, copy]

    def _define(self, a: Atom, copy: int, x: Any) -> None:
        match a.kind, a.args:
            case ("sym" | "truth"), _:
                return
            case "mul", (Poly() as p, Poly() as q):
                self.muls.append(_Product(x, (self.sum(p, copy), self.sum(q, copy)), (p, q)))
            case "prod", factors:
                atoms = [f.parts[0][0] for f in factors if isinstance(f, Poly)]
                self.facts.append(x == self.monomial(tuple((b, copy if self.apart(b) else SHARED) for b in atoms)))
            case "div", (Poly() as p, Poly(constant=k)):
                n = self.sum(p, copy)
                self.facts += [k * x <= n, n < k * x + k]
            case "mod", (Poly() as p, Poly(constant=k)):
                n, whole = self.sum(p, copy), self.whole(f"whole{a.number}_{copy}")
                self.facts += [n == k * whole + x]
            case ("quo" | "rem"), (Poly() as p, Poly() as q):
                self._division(a.kind, p, q, copy, x)
            case "ite", (Cond() as c, Poly() as p, Poly() as q):
                self.facts.append(x == Z.If(self.cond(c, copy), self.sum(p, copy), self.sum(q, copy)))
            case _:
                raise TypeError(f"not an atom: {a.kind}")

    def monomial(self, factors: tuple[tuple[Atom, int], ...]) -> Any:
        """A product of atoms, which is each of them times the product of the others."""
        if len(factors) == 1:
            return self.atom(*factors[0])
        if factors not in self.monomials:
            m = self.monomials[factors] = self.whole("_".join(["times", *(f"{a.number}.{c}" for a, c in factors)]))
            for k, f in enumerate(factors):
                if f not in factors[:k] and (k == 0 or len(factors) > 2):
                    others = (*factors[:k], *factors[k + 1 :])
                    self.muls.append(_Product(m, (self.atom(*f), self.monomial(others)), (Poly(), Poly())))
        return self.monomials[factors]

    def _division(self, kind: str, p: Poly, q: Poly, copy: int, x: Any) -> None:
        """n == d * whole + rest, the rest smaller than d and of n's sign."""
        n, d = self.sum(p, copy), self.sum(q, copy)
        name = f"{n.get_id()}_{d.get_id()}"
        whole, rest = self.whole(f"whole{name}"), self.whole(f"rest{name}")
        self.facts.append(x == (whole if kind == "quo" else rest))
        if q.known is not None:
            back = whole * q.known
        else:
            back = self.whole(f"back{name}")
            self.muls.append(_Product(back, (whole, d), (Poly(), q)))
        size = Z.If(d >= 0, d, -d)
        self.facts += [
            n == back + rest, Z.Implies(d != 0, Z.And(rest < size, -rest < size)),
            Z.Implies(n >= 0, rest >= 0), Z.Implies(n <= 0, rest <= 0),
            Z.Implies(Z.And(n >= 0, d > 0), Z.And(whole >= 0, whole <= n)),
            Z.Implies(Z.And(n >= 0, d > 0, n < d), whole == 0),
            Z.Implies(Z.And(n >= d, d > 0), whole >= 1),
        ]

    def products(self) -> None:
        """What is true of products without multiplying: signs, bounds, and order among those that share a factor."""
        for m in self.muls:
            (x, y), (p, q) = m.factors, m.sums
            self.lemmas += [
                Z.Implies(Z.And(x >= 0, y >= 0), m.result >= 0),
                Z.Implies(Z.And(x >= 1, y >= 1), Z.And(m.result >= x, m.result >= y)),
                Z.Implies(Z.Or(x == 0, y == 0), m.result == 0),
                Z.Implies(x == 1, m.result == y), Z.Implies(y == 1, m.result == x),
            ]
            for g, s in ((y, p), (x, q)):
                if s.parts and s.high - s.low < 1 << 20:
                    self.lemmas.append(Z.Implies(g >= 0, Z.And(m.result <= s.high * g, m.result >= s.low * g)))
        pairs = 0
        for i, m in enumerate(self.muls):
            for o in self.muls[:i]:
                for f, g, h in _shared(m, o):
                    pairs += 1
                    if pairs > MOST_PAIRS:
                        return
                    self.lemmas += _ordered(m.result, o.result, f, g, h)

    def exact(self) -> list[Any]:
        return [*self.lemmas, *(m.result == m.factors[0] * m.factors[1] for m in self.muls)]

    def model(self, m: Any) -> Model:
        values: dict[tuple[Atom, int], int] = {}
        for (a, copy), x in self.known.items():
            if a.kind in ("sym", "truth"):
                found = m.eval(x, model_completion=True)
                values[a, copy] = found.as_long()
        return Model(values, self.apart)


def _shared(a: _Product, b: _Product) -> list[tuple[Any, Any, Any]]:
    """(the factor both have, the other one of a, the other one of b)"""
    found = []
    for i in (0, 1):
        for j in (0, 1):
            if a.factors[i].eq(b.factors[j]):
                found.append((a.factors[i], a.factors[1 - i], b.factors[1 - j]))
    return found


def _ordered(
    a: Any, b: Any, f: Any, g: Any, h: Any
) -> list[Any]:
    """a = f * g and b = f * h are in the order of g and h, at least f apart where these differ."""
    step: Any = Z.simplify(g - h)
    if isinstance(step, z3.IntNumRef):
        return [a == b + step.as_long() * f]
    return [
        Z.Implies(g == h, a == b),
        Z.Implies(Z.And(f >= 1, g < h), a + f <= b),
        Z.Implies(Z.And(f >= 1, h < g), b + f <= a),
    ]


def guessed(things: Iterable[Cond | Poly]) -> Atom | None:
    """The first atom among these that stands for a value nobody followed."""
    return min((a for a in all_atoms(things) if a.abstract), key=lambda a: a.number, default=None)

