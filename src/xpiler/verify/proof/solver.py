"""What follows from assumptions about integers: the only file of this folder that asks Z3."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import z3

from xpiler.verify.proof.index import Atom, Formula, Poly, both, digits, negated, put_in

# What one question may take; most take a few milliseconds, and one that does not is rarely answered later. The effort
# is counted too, so that a busy machine gives the same answers.
MILLISECONDS, EFFORT = 3000, 1_500_000
LOOKS = 128  # goes round for one look at the clock


class Outside(Exception):
    """The program leaves the part this proof understands; the message says what, and where."""


class TimeIsUp(Exception):
    """The proof took longer than it was given."""


@dataclass
class Oracle:
    """Z3 with a deadline. One a proof: its context belongs to the thread that uses it."""

    deadline: float
    context: z3.Context = field(default_factory=z3.Context)
    _polys: dict[Poly, z3.ArithRef] = field(default_factory=dict)
    _formulas: dict[Formula, z3.BoolRef] = field(default_factory=dict)
    _shown: dict[Formula, list[frozenset[Formula]]] = field(default_factory=dict)
    _not_shown: dict[Formula, list[frozenset[Formula]]] = field(default_factory=dict)
    _bounds: dict[Atom, tuple[Formula, ...]] = field(default_factory=dict)
    asked: int = 0
    _looks: int = 0

    def check_time(self) -> None:
        """Called wherever a proof goes round; the system's clock is not cheap, and only read now and then."""
        self._looks += 1
        if self._looks % LOOKS == 0 and time.thread_time() > self.deadline:
            raise TimeIsUp

    def bounds(self, symbols: Iterable[Atom]) -> set[Formula]:
        """What symbols say of themselves."""
        out: set[Formula] = set()
        for s in symbols:
            if s not in self._bounds:
                self._bounds[s] = tuple(bounds_of((s,)))
            out.update(self._bounds[s])
        return out

    def entails(self, facts: frozenset[Formula], goal: Formula) -> bool:
        """Whether the goal follows from the facts; no where Z3 does not know."""
        if goal.op == "true" or goal in facts:
            return True
        if goal.op == "false" and not facts:
            return False
        # What follows from some facts follows from more; what does not, does not from fewer.
        if any(known <= facts for known in self._shown.get(goal, ())):
            return True
        if any(facts <= known for known in self._not_shown.get(goal, ())):
            return False
        kept = _relevant(facts, goal)
        follows = self._entails(kept, goal)
        (self._shown if follows else self._not_shown).setdefault(goal, []).append(
            frozenset(kept) if follows else facts
        )
        return follows

    def _entails(self, facts: Iterable[Formula], goal: Formula) -> bool:
        left = int((self.deadline - time.thread_time()) * 1000)
        if left < 0:
            raise TimeIsUp
        self.asked += 1
        solver = z3.SimpleSolver(ctx=self.context)
        solver.set("timeout", min(MILLISECONDS, max(1, left)))
        solver.set("rlimit", EFFORT)
        said = [*facts, goal]
        spread = digits(said)
        new = both(bounds_of(x for total in spread.values() for x in total.symbols))
        solver.add(self.formula(new))
        for f in said[:-1]:
            solver.add(self.formula(put_in(f, spread)))
        solver.add(z3.Not(self.formula(put_in(goal, spread))))
        return bool(solver.check() == z3.unsat)

    def example(self, facts: Iterable[Formula], symbols: Iterable[Atom]) -> dict[Atom, int] | None:
        """Numbers for symbols at which the facts hold; None where Z3 has none."""
        solver = z3.SimpleSolver(ctx=self.context)
        solver.set("timeout", MILLISECONDS)
        solver.set("rlimit", EFFORT)
        own = sorted(set(symbols), key=lambda s: s.key)
        for f in (*facts, *self.bounds(own)):
            solver.add(self.formula(f))
        if solver.check() != z3.sat:
            return None
        found = solver.model()
        return {s: found.eval(self._atom(s), model_completion=True).as_long() for s in own}

    def formula(self, f: Formula) -> z3.BoolRef:
        if f not in self._formulas:
            self._formulas[f] = self._formula(f)
        return self._formulas[f]

    def _formula(self, f: Formula) -> z3.BoolRef:
        match f.op:
            case "true" | "false":
                return z3.BoolVal(f.op == "true", ctx=self.context)
            case "ge":
                assert f.p is not None
                return self.poly(f.p) >= 0
            case "eq":
                assert f.p is not None
                return self.poly(f.p) == 0
            case "not":
                return z3.Not(self.formula(f.parts[0]))
            case "and":
                return z3.And(*(self.formula(g) for g in f.parts))
        raise TypeError(f"not a condition: {f.op}")

    def poly(self, p: Poly) -> z3.ArithRef:
        if p not in self._polys:
            terms = [self._product(m, c) for m, c in p.sorted]
            self._polys[p] = z3.Sum(*terms) if len(terms) > 1 else terms[0] if terms else self._number(0)
        return self._polys[p]

    def _number(self, n: int) -> z3.ArithRef:
        return z3.IntVal(n, ctx=self.context)

    def _product(self, m: tuple[Atom, ...], c: int) -> z3.ArithRef:
        out = self._number(c)
        for a in m:
            out = out * self._atom(a)
        return out

    def _atom(self, a: Atom) -> z3.ArithRef:
        match a.kind:
            case "sym":
                return z3.Int(a.key, ctx=self.context)
            case "div":  # the divisor is positive: Z3's division is floor then
                return self.poly(a.args[0]) / self.poly(a.args[1])
            case "tdiv":
                x, y = self.poly(a.args[0]), self.poly(a.args[1])
                ax, ay = z3.If(x >= 0, x, -x), z3.If(y >= 0, y, -y)
                return z3.If((x >= 0) == (y >= 0), ax / ay, -(ax / ay))
            case "ite":
                assert a.cond is not None
                return z3.If(self.formula(a.cond), self.poly(a.args[0]), self.poly(a.args[1]))
            case "pow2":  # nothing is known of it but its name
                return z3.Int(a.key, ctx=self.context)
        raise TypeError(f"not an atom: {a.kind}")


def _relevant(facts: Iterable[Formula], goal: Formula) -> list[Formula]:
    """The facts that share symbols with the goal, directly or through others; fewer facts prove less, never more."""
    reached, left = set(goal.symbols), [f for f in facts if f.op != "true"]
    kept: list[Formula] = []
    grown = True
    while grown:
        grown = False
        for f in list(left):
            if not f.symbols or f.symbols & reached:
                left.remove(f)
                kept.append(f)
                grown = grown or not f.symbols <= reached
                reached |= f.symbols
    return kept


def bounds_of(symbols: Iterable[Atom]) -> list[Formula]:
    out = []
    for s in symbols:
        p = Poly({(s,): 1})
        if s.lo is not None:
            out.append(Formula("ge", p - s.lo))
        if s.hi is not None:
            out.append(Formula("ge", -p + s.hi))
    return out


@dataclass(frozen=True)
class Facts:
    """What is assumed at a place: conditions, besides the bounds that symbols carry themselves."""

    oracle: Oracle
    known: frozenset[Formula] = frozenset()

    def assume(self, *more: Formula) -> Facts:
        new = [f for g in more for f in (g.parts if g.op == "and" else (g,)) if f.op != "true"]
        return Facts(self.oracle, self.known | set(new)) if new else self

    def entails(self, goal: Formula) -> bool:
        if goal.op == "true" or goal in self.known:
            return True
        if goal.op == "false" and not self.known:
            return False
        if goal.op == "and":
            return all(self.entails(g) for g in goal.parts)
        symbols = set(goal.symbols).union(*(f.symbols for f in self.known))
        return self.oracle.entails(self.known | self.oracle.bounds(symbols), goal)

    def refutes(self, goal: Formula) -> bool:
        return goal.op == "false" or self.entails(negated(goal))

    def consistent(self) -> bool:
        """False only where the assumptions contradict one another."""
        return not self.entails(Formula("false"))

    def equivalent(self, a: Formula, b: Formula) -> bool:
        return a == b or (self.assume(a).entails(b) and self.assume(b).entails(a))
