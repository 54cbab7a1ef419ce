"""Scalars that loops change: what they are at the beginning of some iteration, and behind the loop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from xpiler.fault import Span
from xpiler.ir.nodes import (
    Addr, Assign, Atomic, Binary, Const, Continue, Expr, For, If, Intrinsic, Let, Load, Shuffle, Stmt, Store, Var,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import defines, scalars_read, statements, subexpressions
from xpiler.verify.argue.expressions import Expressions, cells
from xpiler.verify.argue.symbolic import limits, wrapped
from xpiler.verify.argue.terms import ONE, THREAD, ZERO, Cond, Poly, equal, number
from xpiler.verify.argue.touched import Value

_ROUND = 4  # values that a scalar takes in turn
_ROUNDS = 8  # in which the ranges of what a loop assigns must settle


@dataclass(frozen=True)
class Growth:
    """By how much each iteration moves a scalar, and of what type it is; or the few values it takes in turn."""

    by: Poly
    dtype: DType
    cycle: tuple[Poly, ...] = ()


class Scalars(Expressions):
    """The part of a walk that knows what loops do to scalars."""

    def body(self, stmts: tuple[Stmt, ...]) -> Cond:
        """Walk statements in order; the condition on which control goes on behind them."""
        raise NotImplementedError

    def sequence(self, stmts: tuple[Stmt, ...]) -> Cond:
        """Walk statements whose declarations end with them."""
        places = dict(self.places)
        live = self.body(stmts)
        self.places = places
        return live

    def _snapshot(self) -> tuple[object, ...]:
        f = self.found
        return (dict(self.env), dict(self.places), list(self.current), len(f.accesses), len(f.intervals),
                len(f.meetings), len(f.doubts), len(f.together), self.span, list(self.flights.flying), len(f.early))

    def _restore(self, kept: tuple[object, ...]) -> None:
        env, places, current, a, i, m, d, t, span, flying, e = kept
        assert isinstance(env, dict) and isinstance(places, dict) and isinstance(current, list)
        assert isinstance(flying, list) and isinstance(e, int)
        assert isinstance(a, int) and isinstance(i, int) and isinstance(m, int) and isinstance(d, int)
        assert isinstance(t, int) and isinstance(span, Span)
        self.env, self.places, self.current, self.span, self.flights.flying = env, places, current, span, flying
        del self.found.accesses[a:]
        del self.found.intervals[i:]
        del self.found.meetings[m:]
        del self.found.doubts[d:]
        del self.found.together[t:]
        del self.found.early[e:]

    def _after(self, name: str, old: Value, body: tuple[Stmt, ...]) -> Value:
        """What a scalar is behind a loop that changed it."""
        if not isinstance(old, Poly):
            return self._vague(name, old)
        dtype = _type_of(name, body)
        return None if dtype is None else self._ranged(name, old, dtype, body, self.own)

    def _vague(self, name: str, old: Value) -> Value:
        return self.terms.truth(name, self.own, self.inside) if isinstance(old, Cond) else None

    def _moved(
        self, turn: Poly, before: Mapping[str, Value], values: Mapping[str, Value], growing: Mapping[str, Growth]
    ) -> None:
        """The scalars at the beginning of an iteration."""
        self.env = {**before, **values}
        for v, c in growing.items():
            old = before[v]
            assert isinstance(old, Poly), "only integers grow"
            self.env[v] = self.grown(old, c, turn)

    def _handed_on(
        self, first: Cond, before: Mapping[str, Value], fresh: Mapping[str, Value], end: Mapping[str, Value]
    ) -> dict[str, Value]:
        """What an iteration begins with: what the one before it left, where it is not the first."""
        values: dict[str, Value] = {}
        for v in fresh:
            x, y = before.get(v), end.get(v)
            values[v] = self.terms.ite(first, x, y) if isinstance(x, Poly) and isinstance(y, Poly) else (
                fresh[v] if isinstance(x, Poly) else self._vague(v, x))
        return values

    def _enter(
        self, k: Poly, before: Mapping[str, Value], changed: Iterable[str], growing: Mapping[str, Growth], level: int,
        body: tuple[Stmt, ...],
    ) -> None:
        for v in changed:
            old = before.get(v)
            if v in growing:
                assert isinstance(old, Poly), "only integers grow"
                self.env[v] = self.grown(old, growing[v], k)
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
        others = others or not dtype.is_signed  # what has no sign comes round again
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
        self.silent += 1
        result = self.value(e)
        self.silent -= 1
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

    def grown(self, old: Poly, by: Growth, turns: Poly) -> Poly:
        """A scalar after so many iterations: one without a sign wraps."""
        if by.cycle:
            turn, out = self.terms.mod(turns, len(by.cycle)), by.cycle[-1]
            for n in range(len(by.cycle) - 2, -1, -1):
                out = self.terms.ite(equal(turn, number(n)), by.cycle[n], out)
            return out
        return wrapped(self.terms, old + self.terms.mul(turns, by.by), by.dtype)

    def _cycle(self, name: str, e: Expr, changed: frozenset[str] | set[str]) -> tuple[Poly, ...]:
        """The values that `name = e` gives one after another, where they come round soon: the halves of a buffer."""
        others = {v.name for v in scalars_read(e)} - {name}
        if others & changed or not all(isinstance(self.env.get(v), Poly) for v in others) or any(
                isinstance(x, Load | Addr) for x in subexpressions(e)):
            return ()
        kept, first = self.env, self.env[name]
        assert isinstance(first, Poly), "only integers come round"
        values, self.silent = [first], self.silent + 1
        for _ in range(_ROUND):
            self.env = {**kept, name: values[-1]}
            after = self.value(e)
            if not isinstance(after, Poly) or after == first:
                break
            values.append(after)
        self.env, self.silent = kept, self.silent - 1
        return tuple(values) if len(values) > 1 and after == first else ()

    def _growing(self, body: tuple[Stmt, ...], changed: frozenset[str]) -> dict[str, Growth]:
        """Scalars that each iteration moves by the same: name -> by how much."""
        if any(isinstance(s, Continue) for s in own_statements(body)):
            return {}
        out: dict[str, Growth] = {}
        inner = {v.name for s in statements(body) if isinstance(s, Let | For) and (v := defines(s)) is not None}
        for name in changed:
            if not isinstance(self.env.get(name), Poly):
                continue
            top = [s for s in body if isinstance(s, Assign) and s.var.name == name]
            every = [s for s in statements(body) if (d := defines(s)) is not None and d.name == name]
            if len(top) != len(every) or not top:
                continue
            cycle = self._cycle(name, top[0].value, changed | inner) if len(top) == 1 else ()
            if cycle:
                out[name] = Growth(ZERO, top[0].var.dtype, cycle)
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
                out[name] = Growth(total, top[0].var.dtype)
        return out


def level_of(v: Value) -> int:
    return THREAD if v is None else v.level


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


def _type_of(name: str, body: tuple[Stmt, ...]) -> DType | None:
    found = next((v for s in statements(body) if (v := defines(s)) is not None and v.name == name), None)
    return None if found is None or found.dtype.is_float or found.dtype is DType.BOOL else found.dtype


def own_statements(body: tuple[Stmt, ...]) -> Iterable[Stmt]:
    """The statements of a loop's body that a break or continue in it would be about: nested loops left out."""
    for s in body:
        yield s
        if isinstance(s, If):
            yield from own_statements(s.then)
            yield from own_statements(s.orelse)
