"""Loops that issue asynchronous copies, or run while some are under way: iterations behind those before them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from xpiler.ir.nodes import Break, Continue, For, Return, Stmt
from xpiler.ir.walk import statements
from xpiler.verify.argue.expressions import Loop
from xpiler.verify.argue.flights import Flying, on_flights
from xpiler.verify.argue.scalars import Growth, Scalars, own_statements
from xpiler.verify.argue.terms import ONE, TRUE, ZERO, Cond, Poly, at_most, below, equal, negate, number
from xpiler.verify.argue.touched import Value

FEW = 8  # iterations of a loop that issues copies in batches and are looked at one by one
DEEP = 4  # iterations that a copy may be under way


class Copying(Scalars):
    """The part of a walk that hands on what is under way from iteration to iteration."""

    def _in_order(self, body: tuple[Stmt, ...]) -> bool:
        """Whether what iterations have under way is told apart by how many came after, and all come."""
        return not self.call and self.flights.copying(body) and self.flights.closed(body) and not cut_short(body)

    def _each(self, s: For, start: Poly, step: Poly, trip: int) -> Cond:
        """The few iterations of a loop, one after another."""
        before = set(self.env)
        for n in range(trip):
            self.env[s.var.name] = start + step.times(n)
            self.sequence(s.body)
        self.env = {k: v for k, v in self.env.items() if k in before}
        return TRUE

    def _turn(self, k: Poly, enter: Callable[[Poly, Cond], None], body: tuple[Stmt, ...], extra: Cond) -> None:
        """One iteration of a loop in which threads are wherever they are."""
        depth, places = len(self.path), dict(self.places)
        enter(k, extra)
        self.loops.append(Loop())
        self.body(body)
        self.loops.pop()
        self.places = places
        del self.path[depth:]

    def _with_copies(
        self, k: Poly, at: Callable[[Poly], Cond], enter: Callable[[Poly, Cond], None], body: tuple[Stmt, ...],
        before: Mapping[str, Value], changed: Iterable[str], growing: Mapping[str, Growth], begins: Cond,
    ) -> None:
        """An iteration of a loop that issues copies or runs while some are under way, behind those before it."""
        head = self.flights.flying
        if cut_short(body):
            self.doubt("a loop with copies under way may be left early")
        if not self.flights.waited(body):
            if self.flights.closed(body):
                self.doubt("how many batches of copies a loop closes is not followed")
            self._after_any(k, enter, body, before, changed, growing, head)
            return
        for deep in range(1, DEEP + 1):
            kept, mark = self._snapshot(), object()
            self.silent += 1
            fresh = {v: self._entering(v, before.get(v), body, self.own) for v in changed if v not in growing}
            values: dict[str, Value] = dict(fresh)
            under_way: list[Flying] = []
            for back in range(deep, 0, -1):
                turn = k - number(back)
                self.flights.flying = [*under_way, *on_flights(head, equal(turn, ZERO))]
                self._moved(turn, before, values, growing)
                self._turn(turn, enter, body, at_most(ZERO, turn))
                under_way = on_flights(self.flights.flying, at_most(ZERO, turn))
                if back == deep:
                    under_way = [replace(f, marks=f.marks | {mark}) for f in under_way]
                values = self._handed_on(equal(turn + ONE, ZERO), before, fresh, self.env)
            self.silent -= 1
            self._restore(kept)
            self.flights.flying = [*under_way, *on_flights(head, equal(k, ZERO))]
            self._moved(k, before, values, growing)
            self._turn(k, enter, body, TRUE)
            if not any(mark in f.marks for f in self.flights.flying):
                break
            if deep == DEEP:
                self.doubt("copies are under way for longer than is followed")
            else:
                self._restore(kept)
        last = self.flights.flying
        self.flights.flying = [
            *on_flights(head, negate(begins)), *on_flights(last, self._is_last(k, at, before, growing))]

    def _after_any(
        self, k: Poly, enter: Callable[[Poly, Cond], None], body: tuple[Stmt, ...], before: Mapping[str, Value],
        changed: Iterable[str], growing: Mapping[str, Growth], head: list[Flying],
    ) -> None:
        """An iteration of a loop that waits for nothing, behind any one before it."""
        earlier: list[Flying] = []
        if self.flights.alone:
            kept = self._snapshot()
            one = self.terms.sym(f"an earlier {k}", 0, max(k.high, 0), self.own, abstract=_abstract(k),
                                 inside=self.inside)
            self.silent += 1
            self._enter(one, before, changed, growing, self.own, body)
            self._turn(one, enter, body, below(one, k))
            earlier = self.flights.flying[len(head):]
            self.silent -= 1
            self._restore(kept)
        self.flights.flying = [*head, *earlier]
        self._enter(k, before, changed, growing, self.own, body)
        self._turn(k, enter, body, TRUE)
        old = {id(f) for f in earlier}
        self.flights.flying = [f for f in self.flights.flying if id(f) not in old]

    def _is_last(
        self, k: Poly, at: Callable[[Poly], Cond], before: Mapping[str, Value], growing: Mapping[str, Growth]
    ) -> Cond:
        """Whether no iteration comes behind k; asking it leaves no trace."""
        kept = self._snapshot()
        self.silent += 1
        for v, c in growing.items():
            old = before[v]
            assert isinstance(old, Poly), "only integers grow"
            self.env[v] = self.grown(old, c, k + ONE)
        done = negate(at(k + ONE))
        self.silent -= 1
        self._restore(kept)
        return done


def cut_short(body: tuple[Stmt, ...]) -> bool:
    """Whether an iteration may not come to its end."""
    return any(isinstance(s, Break | Continue) for s in own_statements(body)) or any(
        isinstance(s, Return) for s in statements(body))


def _abstract(p: Poly) -> bool:
    return any(a.abstract for a, _ in p.parts)
