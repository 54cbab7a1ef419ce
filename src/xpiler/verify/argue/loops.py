"""Loops in a walk: counters that stand for any iteration, scalars that loops change, iterations that meet barriers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from xpiler.fault import Span
from xpiler.ir.nodes import (
    Addr, Assign, Atomic, Barrier, Binary, Break, Cast, Const, Continue, Expr, For, If, Intrinsic, Let,
    Load, Return, Shuffle, Stmt, Store, Var, While,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import defines, free_vars, scalars_read, statements, subexpressions
from xpiler.verify.argue.ending import deciding
from xpiler.verify.argue.expressions import Expressions, Loop, Place, cells
from xpiler.verify.argue.question import guessed
from xpiler.verify.argue.symbolic import limits
from xpiler.verify.argue.terms import (
    GRID, ONE, THREAD, TRUE, ZERO, FALSE, Cond, Poly, at_most, below, both, equal, negate,
)
from xpiler.verify.argue.touched import Advance, Entry, Memory, Value, level_of_axis

LARGEST = (1 << 31) - 1  # of a size: arrays have fewer than 2^31 elements
_ROUNDS = 8  # in which the ranges of what a loop assigns must settle
_UNROLLED = 64  # iterations of a loop whose condition is known each time


class Loops(Expressions):
    """The part of a walk that knows about loops."""

    def body(self, stmts: tuple[Stmt, ...]) -> Cond:
        """Walk statements in order; the condition on which control goes on behind them."""
        raise NotImplementedError

    def sequence(self, stmts: tuple[Stmt, ...]) -> Cond:
        """Walk statements whose declarations end with them."""
        places = dict(self.places)
        live = self.body(stmts)
        self.places = places
        return live

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
        return self._repeat(s.body, name, most, at, trip, step)

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
            return self.cond(s.cond)

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

    def _snapshot(self) -> tuple[object, ...]:
        f = self.found
        return (dict(self.env), dict(self.places), list(self.current), len(f.accesses), len(f.intervals),
                len(f.meetings), len(f.doubts), len(f.together), self.span)

    def _restore(self, kept: tuple[object, ...]) -> None:
        env, places, current, a, i, m, d, t, span = kept
        assert isinstance(env, dict) and isinstance(places, dict) and isinstance(current, list)
        assert isinstance(a, int) and isinstance(i, int) and isinstance(m, int) and isinstance(d, int)
        assert isinstance(t, int) and isinstance(span, Span)
        self.env, self.places, self.current, self.span = env, places, current, span
        del self.found.accesses[a:]
        del self.found.intervals[i:]
        del self.found.meetings[m:]
        del self.found.doubts[d:]
        del self.found.together[t:]

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
                after[v] = old + self.terms.mul(trip, growing[v])
            elif v in growing and trip is None:
                old = before[v]
                assert isinstance(old, Poly), "only integers grow"
                k = self.terms.sym(f"turns, {name}", 0, LARGEST, self.own, abstract=True, inside=self.inside)
                after[v] = old + self.terms.mul(k, growing[v])
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

    def _after(self, name: str, old: Value, body: tuple[Stmt, ...]) -> Value:
        """What a scalar is behind a loop that changed it."""
        if not isinstance(old, Poly):
            return self._vague(name, old)
        dtype = _type_of(name, body)
        return None if dtype is None else self._ranged(name, old, dtype, body, self.own)

    def _vague(self, name: str, old: Value) -> Value:
        return self.terms.truth(name, self.own, self.inside) if isinstance(old, Cond) else None

    def _apart(
        self, body: tuple[Stmt, ...], name: str, most: int, at: Callable[[Poly], Cond], before: dict[str, Value],
        changed: Iterable[str], growing: Mapping[str, Poly], leaves: bool, step: Poly | None, steady: bool,
    ) -> Cond:
        """A loop in which threads are wherever they are."""
        k = self.terms.sym(name, 0, max(most, 0), self.own, abstract=not steady, inside=self.inside)
        begins = self._begins(at)
        self._enter(k, before, changed, growing, self.own, body)
        depth, places = len(self.path), dict(self.places)
        if step is not None:
            self.given(at_most(ONE, step))
        self.wandering += 1
        self.turns.append(k)
        self.branch(begins)
        self.branch(at(k))
        if leaves:
            self.branch(self.terms.truth(f"not left before {name}", self.own, self.inside))
        self.loops.append(Loop())
        self.body(body)
        self.loops.pop()
        self.turns.pop()
        self.wandering -= 1
        self.places = places
        del self.path[depth:]
        return TRUE

    def _together(
        self, body: tuple[Stmt, ...], name: str, most: int, at: Callable[[Poly], Cond], before: dict[str, Value],
        changed: Iterable[str], growing: Mapping[str, Poly], leaves: bool, step: Poly | None, steady: bool,
    ) -> Cond:
        """A loop with barriers: all threads are in the same iteration whenever they meet.

        An interval that begins in one iteration ends in the next at the latest, where every iteration has a barrier."""
        if not self.surely_meets(body):
            self.doubt("an iteration of this loop may pass by its barriers")
        level = GRID if self.hosting else self.shared
        lone: set[str] = set()
        leaving = level
        head = list(self.current)
        begins = self._begins(at)
        while True:
            kept = self._snapshot()
            k = self.terms.sym(name, 0, max(most, 0), level, abstract=not steady, inside=self.inside)
            loop = Loop(counts=True)
            last = k - ONE

            def enter(turn: Poly, values: Mapping[str, Value], extra: Cond, leaving: int = leaving) -> None:
                self.env = {**before, **values}
                for v, c in growing.items():
                    old = before[v]
                    assert isinstance(old, Poly), "only integers grow"
                    self.env[v] = old + self.terms.mul(turn, c)
                if step is not None:
                    self.given(at_most(ONE, step))
                self.given(extra)
                self.branch(begins)
                self.branch(at(turn))
                if leaves:
                    self.branch(self.terms.truth(f"not left before {name}", leaving, self.inside))

            fresh = {v: self._entering(v, before.get(v), body, THREAD if v in lone else level)
                     for v in changed if v not in growing}
            depth, places, intervals = len(self.path), dict(self.places), len(self.found.intervals)
            self.current, self.silent = [], self.silent + 1
            enter(last, fresh, at_most(ONE, k))
            self.loops.append(loop)
            self.body(body)
            self.loops.pop()
            self.silent -= 1
            del self.path[depth:]
            del self.found.intervals[intervals:]
            self.places = dict(places)
            tail, end = self.current, self.env
            worse = {v for v, x in fresh.items() if v not in lone and x is not None and _level(end.get(v)) > level}
            left = max(loop.levels, default=GRID)
            if not worse and left <= leaving:
                break
            lone |= worse
            leaving = max(left, leaving)
            self._restore(kept)
        first = equal(k, ZERO)
        values: dict[str, Value] = {}
        for v in fresh:
            x, y = before.get(v), end.get(v)
            values[v] = self.terms.ite(first, x, y) if isinstance(x, Poly) and isinstance(y, Poly) else (
                fresh[v] if isinstance(x, Poly) else self._vague(v, x))
        self.current = [*on(head, first), *on(tail, at_most(ONE, k))]
        loop = Loop(counts=True)
        enter(k, values, TRUE)
        self.loops.append(loop)
        self.body(body)
        self.loops.pop()
        del self.path[depth:]
        self.places = places
        tail, end = self.current, self.env
        self.silent += 1
        accesses = len(self.found.accesses)
        self.current = []
        never = negate(begins)
        self.env = dict(end)
        for v, c in growing.items():
            old = before[v]
            assert isinstance(old, Poly), "only integers grow"
            self.env[v] = old + self.terms.mul(k + ONE, c)
        out = self.terms.truth(f"left at {name}", leaving, self.inside)  # how a loop was left is not followed
        done = out if leaves else negate(at(k + ONE))
        del self.found.accesses[accesses:]
        self.silent -= 1
        self.current = once([*on(head, never), *on(tail, done), *on([e for part in loop.left for e in part], out)])
        return TRUE

    def _begins(self, at: Callable[[Poly], Cond]) -> Cond:
        """Whether there is a first iteration; asking it leaves no trace."""
        kept = self._snapshot()
        begins = at(ZERO)
        self._restore(kept)
        return begins

    def _enter(
        self, k: Poly, before: dict[str, Value], changed: Iterable[str], growing: Mapping[str, Poly], level: int,
        body: tuple[Stmt, ...],
    ) -> None:
        for v in changed:
            old = before.get(v)
            if v in growing:
                assert isinstance(old, Poly), "only integers grow"
                self.env[v] = old + self.terms.mul(k, growing[v])
            else:
                self.env[v] = self._entering(v, old, body, level)

    def _entering(self, name: str, old: Value, body: tuple[Stmt, ...], level: int) -> Value:
        """A scalar at the beginning of some iteration of a loop that changes it."""
        dtype = _type_of(name, body)
        if isinstance(old, Poly) and dtype is not None:
            return self._ranged(name, old, dtype, body, level)
        return self.terms.truth(name, level, self.inside) if isinstance(old, Cond) else None

    def _ranged(self, name: str, old: Poly, dtype: DType, body: tuple[Stmt, ...], level: int) -> Poly:
        """A scalar that a loop changes: any value of a range that the loop's assignments do not leave."""
        low, high = limits(dtype)
        kept = self.ranges[-1].get(name, (low, high))
        low, high = max(low, kept[0]), min(high, kept[1])
        ways = [s.value for s in statements(body) if isinstance(s, Assign) and s.var.name == name]
        others = any(isinstance(s, Shuffle | Atomic | Intrinsic) and (d := defines(s)) is not None and d.name == name
                     for s in statements(body))
        if not others and all(_moves(w, name, 1) for w in ways):
            low = max(low, old.low)
        if not others and all(_moves(w, name, -1) for w in ways):
            high = min(high, old.high)
        return self.terms.sym(name, low, max(low, high), level, abstract=True, inside=self.inside)

    def _kept_ranges(self, body: tuple[Stmt, ...], changed: frozenset[str]) -> dict[str, tuple[int, int]]:
        """For what a loop assigns, a range that holds its first value and all that any assignment makes of such."""
        every = [(v, s) for s in statements(body) if (v := defines(s)) is not None and not v.dtype.is_float]
        lost = {v.name for v, s in every if not isinstance(s, Assign | Let) or s.value is None or v.dtype is DType.BOOL}
        ways = [(v, s.value) for v, s in every
                if v.name not in lost and isinstance(s, Assign | Let) and s.value is not None]
        ranges: dict[str, tuple[int, int]] = {}
        for v, _ in ways:
            old = self.env.get(v.name)
            if v.name in changed:
                ranges[v.name] = (old.low, old.high) if isinstance(old, Poly) else limits(v.dtype)
        local = {v.name for v, _ in ways} - set(ranges)
        for turn in range(_ROUNDS):
            before = dict(ranges)
            for v, value in ways:
                if any(x.name in local and x.name not in ranges for x in scalars_read(value)):
                    continue  # what it reads has no value yet
                low, high = self._interval(value, ranges, changed) or limits(v.dtype)
                least, most = ranges.get(v.name, (low, high))
                ranges[v.name] = min(least, low), max(most, high)
                if turn >= _ROUNDS // 2 and ranges[v.name] != before.get(v.name):
                    ranges[v.name] = limits(v.dtype)  # it goes on growing
            if ranges == before:
                return {k: r for k, r in ranges.items() if k not in local}
        return {}

    def _interval(
        self, e: Expr, ranges: Mapping[str, tuple[int, int]], changed: frozenset[str]
    ) -> tuple[int, int] | None:
        """The range of an expression, by ranges of what it is made of."""
        if any(isinstance(x, Load | Addr) for x in subexpressions(e)) or e.dtype.is_float:
            return None if e.dtype.is_float else limits(e.dtype)
        env = dict(self.env)
        for v in scalars_read(e):
            if v.dtype.is_float:
                return limits(e.dtype)
            if v.name in ranges:
                lo, hi = ranges[v.name]
                env[v.name] = self.terms.sym(v.name, lo, hi)
            elif v.name in changed or not isinstance(env.get(v.name), Poly | Cond):
                lo, hi = limits(v.dtype)
                p = self.terms.sym(v.name, lo, hi)
                env[v.name] = equal(p, ONE) if v.dtype is DType.BOOL else p
        kept, self.env = self.env, env
        result = self.value(e)
        self.env = kept
        return (result.low, result.high) if isinstance(result, Poly) else limits(e.dtype)

    def _changed(self, body: tuple[Stmt, ...]) -> frozenset[str]:
        """Scalars, and remembered elements of a thread's own arrays, that a body changes."""
        names = {v.name for s in statements(body) if not isinstance(s, Let | For) and (v := defines(s)) is not None}
        stored: set[str] = set()
        for s in statements(body):
            if isinstance(s, Store | Atomic):
                stored.add(s.buffer)
            elif isinstance(s, Intrinsic):
                stored |= {a.buffer for a in (*s.args, s.result) if isinstance(a, Addr)}
        for b in stored & set(self.places):
            mark = cells(self.places[b].memory)
            names |= {c for c in self.env if c.startswith(mark)}
        return frozenset(n for n in names if n in self.env)

    def _growing(self, body: tuple[Stmt, ...], changed: frozenset[str]) -> dict[str, Poly]:
        """Scalars that each iteration moves by the same: name -> by how much."""
        if any(isinstance(s, Continue) for s in own_statements(body)):
            return {}
        out: dict[str, Poly] = {}
        inner = {v.name for s in statements(body) if isinstance(s, Let | For) and (v := defines(s)) is not None}
        for name in changed:
            if not isinstance(self.env.get(name), Poly):
                continue
            top = [s for s in body if isinstance(s, Assign) and s.var.name == name]
            every = [s for s in statements(body) if (d := defines(s)) is not None and d.name == name]
            if len(top) != len(every) or not top:
                continue
            total = ZERO
            for s in top:
                by = _increment(s.value, name)
                if by is None or any(isinstance(x, Load) for x in subexpressions(by[0])):
                    break
                if any(v.name in changed or v.name in inner or not isinstance(self.env.get(v.name), Poly)
                       for v in scalars_read(by[0])):
                    break
                amount = self.integer(by[0])
                total = total + amount if by[1] > 0 else total - amount
            else:
                out[name] = total
        return out

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


def _level(v: Value) -> int:
    return THREAD if v is None else v.level


def on(entries: Iterable[Entry], c: Cond) -> list[Entry]:
    """Entries on a further condition; those it rules out are dropped."""
    if c == FALSE:
        return []
    return list(entries) if c == TRUE else [Entry(e.access, (*e.extra, c)) for e in entries]


def once(entries: Iterable[Entry]) -> list[Entry]:
    return list(dict.fromkeys(entries))


def own_statements(body: tuple[Stmt, ...]) -> Iterable[Stmt]:
    """The statements of a loop's body that a break or continue in it would be about: nested loops left out."""
    for s in body:
        yield s
        if isinstance(s, If):
            yield from own_statements(s.then)
            yield from own_statements(s.orelse)


def _increment(e: Expr, name: str) -> tuple[Expr, int] | None:
    """By what, and in which direction, `name = e` moves name."""
    match e:
        case Binary("+", Var(n), by) if n == name:
            return by, 1
        case Binary("+", by, Var(n)) if n == name:
            return by, 1
        case Binary("-", Var(n), by) if n == name:
            return by, -1
        case Var(n, dtype) if n == name:
            return Const(0, dtype), 1
    return None


def _moves(e: Expr, name: str, way: int) -> bool:
    """Whether `name = e` moves name by a constant in one direction, or leaves it."""
    by = _increment(e, name)
    return by is not None and isinstance(by[0], Const) and by[0].value * by[1] * way >= 0


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


def _type_of(name: str, body: tuple[Stmt, ...]) -> DType | None:
    found = next((v for s in statements(body) if (v := defines(s)) is not None and v.name == name), None)
    return None if found is None or found.dtype.is_float or found.dtype is DType.BOOL else found.dtype
