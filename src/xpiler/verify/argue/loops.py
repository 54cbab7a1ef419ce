"""Loops in a walk: counters that stand for any iteration, scalars that loops change, iterations that meet barriers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from xpiler.ir.nodes import (
    Assign, Atomic, Barrier, Binary, Break, Cast, Const, Continue, Expr, For, If, Intrinsic, Return, Shuffle, Stmt, Var,
    While,
)
from xpiler.ir.walk import defines, free_vars, statements
from xpiler.verify.argue.ending import deciding
from xpiler.verify.argue.copying import DEEP, FEW, Copying, cut_short
from xpiler.verify.argue.expressions import Loop, Place
from xpiler.verify.argue.flights import Flying, on_flights
from xpiler.verify.argue.question import guessed
from xpiler.verify.argue.scalars import Growth, level_of, own_statements
from xpiler.verify.argue.symbolic import limits
from xpiler.verify.argue.terms import (
    GRID, ONE, THREAD, TRUE, ZERO, FALSE, Cond, Poly, at_most, below, both, either, equal, negate, number,
)
from xpiler.verify.argue.touched import Advance, Entry, Memory, Value, level_of_axis

LARGEST = (1 << 31) - 1  # of a size: arrays have fewer than 2^31 elements
_UNROLLED = 64  # iterations of a loop whose condition is known each time


class Loops(Copying):
    """The part of a walk that knows about loops."""

    def _axis(self, s: For) -> Cond:
        stop = self.integer(s.stop)
        level = level_of_axis(s.kind)
        var = self.counter(s.var.name, stop.high - 1, level)
        self.env[s.var.name] = var
        self.axes = (*self.axes, (s.kind, var, stop))
        depth = len(self.path)
        self.given(below(var, stop))
        self.body(s.body)
        del self.path[depth:]
        return TRUE

    def _for(self, s: For) -> Cond:
        start, stop, step = self.integer(s.start), self.integer(s.stop), self.integer(s.step)
        if step.low < 1 and not self.silent:
            left = any(isinstance(x, Break | Return) for x in statements(s.body))
            self.found.advances.append(
                Advance(step, below(start, stop), at_most(step, ZERO), tuple(self.path), s.span, self.kernel,
                        self.axes, left))
        past = FALSE if self.silent else self._past(s, start, stop, step)
        if past != FALSE:
            self.found.advances.append(
                Advance(step, TRUE, past, tuple(self.path), s.span, self.kernel, self.axes, False, past=True))
        if s.kind == "parallel":
            return self._parallel(s, start, stop, step)
        most = (stop.high - 1 - start.low) // max(step.low, 1)
        plain = start == ZERO and step == ONE
        name = s.var.name if plain else f"{s.var.name}'s turn"

        def at(k: Poly) -> Cond:
            self.env[s.var.name] = start + self.terms.mul(k, step)
            return below(start + self.terms.mul(k, step), stop)

        self.env.pop(s.var.name, None)
        trip = self._trip(start, stop, step)
        if trip.known is not None and 0 < trip.known <= FEW and self._in_order(s.body):
            return self._each(s, start, step, trip.known)
        return self._repeat(s.body, name, most, at, trip, step)

    def _past(self, s: For, start: Poly, stop: Poly, step: Poly) -> Cond:
        """Whether a counter that wraps misses the end of the loop, which it does not as the loop was read: where the
        end does not fit its type, or the step goes beyond that."""
        out: list[Cond] = []
        kept, e = self._snapshot(), s.stop
        while isinstance(e, Cast) and not e.a.dtype.is_float:
            v, (low, high) = self.integer(e.a), limits(e.dtype)
            out += [below(v, number(low)), below(number(high), v)]
            e = e.a
        if isinstance(e, Binary) and e.op == "+" and e.b == Const(1, e.dtype) and not e.dtype.is_signed:
            out.append(at_most(number(limits(e.dtype)[1]), self.integer(e.a)))  # `<=`, as it was written
        _, high = limits(s.var.dtype)
        wraps = not s.var.dtype.is_signed or s.var.dtype.bits < 32  # more would be undefined
        if wraps and (stop + step).high - 1 > high:
            out.append(below(number(high), start + self.terms.mul(self._trip(start, stop, step), step)))
        self._restore(kept)
        return either(out)

    def _trip(self, start: Poly, stop: Poly, step: Poly) -> Poly:
        """How often a loop runs that nothing leaves early."""
        terms = self.terms
        return terms.maximum(terms.quo(stop - start + step - ONE, step), ZERO)

    def _parallel(self, s: For, start: Poly, stop: Poly, step: Poly) -> Cond:
        mark = len(self.found.parallel) + 1
        self.found.parallel[mark] = start
        outside = {v.name for v in free_vars(s.body)} & {
            v.name for x in statements(s.body) if isinstance(x, Assign | Shuffle | Atomic | Intrinsic)
            and (v := defines(x)) is not None}
        for name in sorted(outside):
            self.doubt(f"`{name}` belongs to all iterations of the parallel loop and is assigned in it")
            self.memories += 1
            self.places[name] = Place(Memory(self.memories, name, ONE, "device"), ZERO)
        kept = self.inside
        self.inside = kept | {mark}
        most = (stop.high - 1 - start.low) // max(step.low, 1)

        def at(k: Poly) -> Cond:
            self.found.parallel[mark] = self.env[s.var.name] = start + self.terms.mul(k, step)
            return below(start + self.terms.mul(k, step), stop)

        self.env.pop(s.var.name, None)
        live = self._repeat(s.body, s.var.name, most, at, None, step)
        self.inside = kept
        return live

    def _while(self, s: While) -> Cond:
        if self._unrolled(s):
            return TRUE
        self._advance(s)

        def at(_: Poly) -> Cond:
            self.ending += 1
            c = self.cond(s.cond)
            self.ending -= 1
            return c

        steady = isinstance(s.cond, Binary) and s.cond.op in _ORDER and _plain(s.cond.a) and _plain(s.cond.b)
        return self._repeat(s.body, f"turn of line {s.span.line}", LARGEST, at, None, None, steady=steady, cond=s.cond)

    def _advance(self, s: While, surely: bool = False) -> bool:
        """Note a loop of which an iteration that starts here may leave everything that its condition hangs on as it
        was, or only one that does so `surely`; whether one was noted.

        What is in memory, others may change; where a loop can be left early, that may be how it is meant to end."""
        if self.silent or any(isinstance(x, Break | Continue | Return) for x in statements(s.body)):
            return False
        steps = deciding(s)
        kept, cond = dict(self.env), self.cond(s.cond) if steps is not None else FALSE
        for x in steps or ():
            assert x.value is not None, "what decides has a value"
            self.env[x.var.name] = self.value(x.value)
        pairs = [(kept[n], self.env[n]) for n in sorted({x.var.name for x in steps or ()} & set(kept))]
        self.env = kept
        moved = [y - x for x, y in pairs if isinstance(x, Poly) and isinstance(y, Poly)]
        stays = both([equal(by, ZERO) for by in moved])
        if cond == FALSE or len(moved) < len(pairs) or guessed((stays,)) is not None:
            return False
        if surely and not cond == TRUE == stays:
            return False
        self.found.advances.append(
            Advance(moved[0] if moved else ZERO, cond, stays, tuple(self.path), s.span, self.kernel, self.axes, False))
        return True

    def _unrolled(self, s: While) -> bool:
        """Walk a loop whose condition is known each time; False, and nothing happened, where it is not."""
        kept = self._snapshot()
        for _ in range(_UNROLLED):
            c = self.cond(s.cond)
            if c == FALSE:
                return True
            if c != TRUE or self._advance(s, surely=True):
                break
            self.loops.append(Loop())
            live = self.sequence(s.body)
            left = self.loops.pop()
            sure = live == FALSE and len(left.left) == len(left.levels) == 1
            if sure and not any(isinstance(x, Return) for x in statements(s.body)):
                return True  # left for certain
            if live != TRUE or left.levels:
                break
        self._restore(kept)
        return False

    def _repeat(
        self, body: tuple[Stmt, ...], name: str, most: int, at: Callable[[Poly], Cond], trip: Poly | None,
        step: Poly | None, *, steady: bool = True, cond: Expr | None = None,
    ) -> Cond:
        """A loop: `at(k)` puts iteration k's variable into the environment and says whether there is such a one."""
        before = dict(self.env)
        changed = self._changed(body)
        self.ranges.append(self._kept_ranges(body, changed))
        growing = self._growing(body, changed)
        leaves = any(isinstance(x, Break | Return) for x in own_statements(body)) or any(
            isinstance(x, Return) for x in statements(body))
        if self.meets(body):
            live = self._together(body, name, most, at, before, changed, growing, leaves, step, steady)
        else:
            live = self._apart(body, name, most, at, before, changed, growing, leaves, step, steady)
        broken = any(isinstance(x, Break) for x in own_statements(body))
        after = dict(before)
        for v in changed:
            if v in growing and trip is not None and not leaves:
                old = before[v]
                assert isinstance(old, Poly), "only integers grow"
                after[v] = self.grown(old, growing[v], trip)
            elif v in growing and trip is None:
                old = before[v]
                assert isinstance(old, Poly), "only integers grow"
                k = self.terms.sym(f"turns, {name}", 0, LARGEST, self.own, abstract=True, inside=self.inside)
                after[v] = self.grown(old, growing[v], k)
            else:
                after[v] = self._after(v, before.get(v), body)
        self.env = {k: v for k, v in after.items() if k in before}
        self.ranges.pop()
        if cond is not None and not broken:
            self.silent += 1
            kept = self.current, len(self.found.accesses)
            self.current = list(self.current)
            self.given(negate(self.cond(cond)))
            self.current = kept[0]
            del self.found.accesses[kept[1]:]
            self.silent -= 1
        returned = any(isinstance(x, Return) for x in statements(body))
        return self.terms.truth(f"line {self.span.line} does not return", self.own, self.inside) if returned else live

    def _apart(
        self, body: tuple[Stmt, ...], name: str, most: int, at: Callable[[Poly], Cond], before: dict[str, Value],
        changed: Iterable[str], growing: Mapping[str, Growth], leaves: bool, step: Poly | None, steady: bool,
    ) -> Cond:
        """A loop in which threads are wherever they are."""
        k = self.terms.sym(name, 0, max(most, 0), self.own, abstract=not steady, inside=self.inside)
        begins = self._begins(at)

        def enter(turn: Poly, extra: Cond) -> None:
            self._underway(step, extra, begins, at(turn), name if leaves else "", self.own)

        self.wandering += 1
        self.turns.append(k)
        if self.call or not self.flights.copying(body):
            head = self.flights.flying
            self._enter(k, before, changed, growing, self.own, body)
            self._turn(k, enter, body, TRUE)
            self.flights.flying = list(dict.fromkeys([*head, *self.flights.flying]))
        else:
            self._with_copies(k, at, enter, body, before, changed, growing, begins)
        self.turns.pop()
        self.wandering -= 1
        return TRUE

    def _underway(
        self, step: Poly | None, extra: Cond, begins: Cond, reached: Cond, left: str, level: int,
    ) -> None:
        """What holds in an iteration; `left` names the loop if it may be left before."""
        if step is not None:
            self.given(at_most(ONE, step))
        self.given(extra)
        self.branch(begins)
        self.branch(reached)
        if left:
            self.branch(self.terms.truth(f"not left before {left}", level, self.inside))

    def _together(
        self, body: tuple[Stmt, ...], name: str, most: int, at: Callable[[Poly], Cond], before: dict[str, Value],
        changed: Iterable[str], growing: Mapping[str, Growth], leaves: bool, step: Poly | None, steady: bool,
    ) -> Cond:
        """A loop with barriers: all threads are in the same iteration whenever they meet.

        An interval that begins in one iteration ends in the next at the latest, where every iteration has a barrier."""
        if not self.surely_meets(body):
            self.doubt("an iteration of this loop may pass by its barriers")
        level = GRID if self.hosting else self.shared
        lone: set[str] = set()
        leaving = level
        head, flying, deep = list(self.current), self.flights.flying, 1
        begins = self._begins(at)
        if self.flights.copying(body) and cut_short(body):
            self.doubt("a loop with copies under way may be left early")
        while True:
            kept = self._snapshot()
            k = self.terms.sym(name, 0, max(most, 0), level, abstract=not steady, inside=self.inside)
            loop = Loop(counts=True)

            def enter(turn: Poly, values: Mapping[str, Value], extra: Cond, leaving: int = leaving) -> None:
                self.env = {**before, **values}
                for v, c in growing.items():
                    old = before[v]
                    assert isinstance(old, Poly), "only integers grow"
                    self.env[v] = self.grown(old, c, turn)
                self._underway(step, extra, begins, at(turn), name if leaves else "", leaving)

            fresh = {v: self._entering(v, before.get(v), body, THREAD if v in lone else level)
                     for v in changed if v not in growing}
            depth, places, intervals = len(self.path), dict(self.places), len(self.found.intervals)
            # What threads have of their own before the loop is what the first iteration begins with.
            own = {v: x for v in fresh if v not in lone and level_of(x := before.get(v)) > level}
            values: dict[str, Value] = fresh | self._handed_on(equal(k - number(deep), ZERO), before, own, fresh)
            under_way: list[Flying] = []
            worse: set[str] = set()
            mark = object()
            self.silent += 1
            for back in range(deep, 0, -1):
                turn = k - number(back)
                exists = at_most(ZERO, turn)
                self.current, self.flights.flying = [], [*under_way, *on_flights(flying, equal(turn, ZERO))]
                enter(turn, values, exists)
                self.loops.append(loop)
                self.body(body)
                self.loops.pop()
                del self.path[depth:]
                del self.found.intervals[intervals:]
                self.places = dict(places)
                under_way = on_flights(self.flights.flying, exists)
                if back == deep:
                    under_way = [replace(f, marks=f.marks | {mark}) for f in under_way]
                    worse = {v for v, x in fresh.items()
                             if v not in lone and x is not None and level_of(self.env.get(v)) > level}
                values = self._handed_on(equal(turn + ONE, ZERO), before, fresh, self.env)
            self.silent -= 1
            tail, end = self.current, self.env
            left = max(loop.levels, default=GRID)
            if worse or left > leaving:
                lone |= worse
                leaving = max(left, leaving)
                self._restore(kept)
                continue
            self.current = [*on(head, equal(k, ZERO)), *on(tail, at_most(ONE, k))]
            self.flights.flying = [*under_way, *on_flights(flying, equal(k, ZERO))]
            loop = Loop(counts=True)
            enter(k, values, TRUE)
            self.loops.append(loop)
            self.body(body)
            self.loops.pop()
            del self.path[depth:]
            self.places = places
            if not any(mark in f.marks for f in self.flights.flying):
                break
            if deep == DEEP:
                self.doubt("copies are under way for longer than is followed")
                break
            deep += 1
            self._restore(kept)
        tail, end = self.current, self.env
        self.silent += 1
        accesses = len(self.found.accesses)
        self.current = []
        never = negate(begins)
        self.env = dict(end)
        for v, c in growing.items():
            old = before[v]
            assert isinstance(old, Poly), "only integers grow"
            self.env[v] = self.grown(old, c, k + ONE)
        out = self.terms.truth(f"left at {name}", leaving, self.inside)  # how a loop was left is not followed
        done = out if leaves else negate(at(k + ONE))
        del self.found.accesses[accesses:]
        self.silent -= 1
        self.current = once([*on(head, never), *on(tail, done), *on([e for part in loop.left for e in part], out)])
        self.flights.flying = [*on_flights(flying, never), *on_flights(self.flights.flying, done)]
        return TRUE

    def _begins(self, at: Callable[[Poly], Cond]) -> Cond:
        """Whether there is a first iteration; asking it leaves no trace."""
        kept = self._snapshot()
        begins = at(ZERO)
        self._restore(kept)
        return begins

    def meets(self, body: tuple[Stmt, ...]) -> bool:
        """Whether a body has a barrier that counts."""
        return any(isinstance(s, Barrier) and s.scope in self.scopes for s in statements(body))


    def surely_meets(self, body: tuple[Stmt, ...]) -> bool:
        """Whether nobody comes through a body without a barrier that counts."""
        for s in body:
            match s:
                case Barrier(scope) if scope in self.scopes:
                    return True
                case If(_, then, orelse) if self.surely_meets(then) and self.surely_meets(orelse):
                    return True
                case For(_, Const(start), Const(stop), _, inner) if stop > start and self.surely_meets(inner):
                    return True
            if any(isinstance(x, Continue | Break) for x in own_statements((s,))):
                return False
        return False


def on(entries: Iterable[Entry], c: Cond) -> list[Entry]:
    """Entries on a further condition; those it rules out are dropped."""
    if c == FALSE:
        return []
    return list(entries) if c == TRUE else [Entry(e.access, (*e.extra, c)) for e in entries]


def once(entries: Iterable[Entry]) -> list[Entry]:
    return list(dict.fromkeys(entries))


_ORDER = ("<", "<=", ">", ">=")


def _plain(e: Expr) -> bool:
    """Whether an expression moves by the same whenever its scalars do."""
    match e:
        case Const() | Var():
            return True
        case Binary("+" | "-", a, b):
            return _plain(a) and _plain(b)
        case Cast(a):
            return _plain(a)
    return False


