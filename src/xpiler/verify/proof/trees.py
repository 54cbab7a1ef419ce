"""Trees of additions over threads, as the sums that they make.

In shared memory: `if (t < 64) s[t] += s[t + 64];`, then 32, 16, ... of it. Between the lanes of a warp:
`v += shfl_xor(v, 16);`, then 8, 4, ... of it, after which every lane has the sum; or `shfl_down`, after which the first
one has."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from xpiler.ir.nodes import Assign, Barrier, Binary, Call, Const, Expr, If, Let, Load, Shuffle, Store, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import unwidened
from xpiler.verify.proof.index import TRUE, Poly, at_least, below, both, floor_div, floor_mod, poly, symbol
from xpiler.verify.proof.lanes import Lanes, thread_at
from xpiler.verify.proof.scene import COUNT, Env, Place, Scene, Value
from xpiler.verify.proof.solver import Outside
from xpiler.verify.proof.tree import Node

NEUTRAL = {"+": 0.0, "*": 1.0, "max": -math.inf, "min": math.inf}


class Trees(Lanes):
    """One program, asked for what threads made together."""

    reordered = False  # whether a sum was taken in another order than the program's

    def owners(self, name: str) -> tuple[Node, ...]:
        """The thread loops inside which a name is declared: every thread has its own."""
        declared = self.tree.declared.get(name)
        return declared.threads if declared is not None else ()

    def made_of_all(self, joins: str, dtype: DType, count: int, part: Callable[[Poly], Value]) -> Value:
        """The sum (product, ...) of so many parts, the k-th of which is `part(k)`."""
        self.reordered = True
        number = self.terms.number()
        k = symbol(f"{self.side}part~{number}", 0, count - 1)
        joined = self.op(joins, dtype, (self.terms.make("prev", number), self.lifted(part(poly(k)))))
        return self.terms.make("rec", (k, TRUE, number), (self.constant(NEUTRAL[joins], dtype), joined))

    def exchanged_all(self, node: Node, place: Place, env: Env, scene: Scene) -> Value | None:
        """What several exchanges with lanes across, or further down, make of a number; None where it is no such."""
        own = _own(node)
        if own is None or not own.dtype.is_float or any(t.loop.var.name not in env for t in node.threads):
            return None
        if isinstance(node.stmt, Store) and self.owners(node.stmt.buffer) != node.threads:
            return None
        levels = list(_exchanges(node, own))
        reach, alike = sorted(e.reach for e in levels), {(e.shuffle.kind, e.shuffle.width) for e in levels}
        if len(reach) < 2 or len(alike) > 1 or reach != [reach[0] << n for n in range(len(reach))]:
            return None
        s, low, count = levels[0].shuffle, reach[0], 1 << len(reach)
        base, lane, geometry = self.lane(s, node, env, scene)
        if s.kind == "xor":
            lane = lane - floor_mod(floor_div(lane, poly(low)), poly(count)) * low
        elif not scene.facts.entails(below(lane + low * (count - 1), s.width)):  # the last ones ask nobody
            return None
        first = levels[-1].node
        return self.made_of_all(levels[0].joins, own.dtype, count, lambda k: self.before(
            first, place, thread_at(base + lane + k * low, geometry, env, scene), scene))

    def halved(self, node: Node, place: Place, env: Env, scene: Scene) -> Value | None:
        """What a tree leaves at a place, from all that it began with there; None where this is none.

        Of the levels down to `reach`, element p < reach has taken in every element p + reach * m, once each."""
        levels = list(_levels(node))
        if len(levels) < 2 or place.index is None or place.buffer != levels[0][0].buffer or not node.threads:
            return None
        if node.divergent:  # not all threads are there
            return None
        (low, _), (high, first) = levels[0], levels[-1]
        x, counter = node.threads[-1], low.counter
        name = x.loop.var.name
        wide = self.bounds(x, {}, scene)[1].constant
        dtype = self.tree.types[low.buffer]
        if name not in env or wide is None or wide < high.reach or not dtype.is_float:
            return None
        try:
            t, at = self.index(counter, node, env, scene), self.index(low.at, node, env, scene)
            there = {**env, name: env[name] + low.reach, name + COUNT: env[name] + low.reach}
            apart = self.index(counter, node, there, scene) - t, self.index(low.at, node, there, scene) - at
            taken_in = [self.index(level.further, node, env, scene) - at for level, _ in levels]
        except Outside:
            return None
        span = poly(low.reach)
        if apart != (span, span) or taken_in != [poly(level.reach) for level, _ in levels]:
            return None
        if t != env[name] or at != place.index:
            return None
        if not scene.facts.entails(both([at_least(t, 0), below(t, low.reach)])):
            return None
        return self.made_of_all(low.joins, dtype, 2 * high.reach // low.reach, lambda k: self.before(
            first, replace(place, index=at + k * low.reach, fixed=None), env, scene))


# ---------------------------------------------------------------- in shared memory


@dataclass(frozen=True)
class _Level:
    """Threads whose `counter` is below `reach` each take in what stands `reach` further on."""

    counter: Var
    reach: int
    buffer: str
    at: Expr
    further: Expr
    joins: str


def _levels(node: Node) -> Iterator[tuple[_Level, Node]]:
    """The levels of a tree that end with a statement, the last one first."""
    last: _Level | None = None
    for n in reversed(node.block.nodes[: node.position + 1]):
        if isinstance(n.stmt, Barrier):
            continue
        level = _level(n)
        if level is None:
            return
        if last is not None and replace(level, reach=last.reach, further=last.further) != last:
            return
        if last is not None and level.reach != 2 * last.reach:
            return
        yield level, n
        last = level


def _level(n: Node) -> _Level | None:
    match n.stmt:
        case If(Binary("<", c, Const(reach)), (Store(buffer, at, value),), ()):
            counter = unwidened(c, natural=True)
            joins, other = _joined(value, Load(buffer, at, value.dtype))
            if isinstance(counter, Var) and isinstance(other, Load) and other.buffer == buffer \
                    and other.dtype is value.dtype:
                return _Level(counter, int(reach), buffer, at, other.index, joins)
    return None


def _joined(value: Expr | None, own: Expr) -> tuple[str, Expr | None]:
    """The operation and the other operand of `own + x` or `x + own`."""
    match value:
        case Binary("+" | "*" as joins, a, b) | Call("max" | "min" as joins, (a, b)):
            return joins, b if a == own else a if b == own else None
    return "", None


# ---------------------------------------------------------------- between lanes


@dataclass(frozen=True)
class _Exchange:
    """`v = v + t`, where t is the v of the lane `reach` away, as the exchange at `node` gave it."""

    shuffle: Shuffle
    reach: int
    joins: str
    node: Node


def _exchanges(node: Node, own: Expr) -> Iterator[_Exchange]:
    """The exchanges of one number between lanes that a statement ends, the last one first."""
    name = own.name if isinstance(own, Var) else own.buffer if isinstance(own, Load) else ""
    joins = ""
    for n in reversed(node.block.nodes[: node.position + 1]):
        other = _own(n)
        if name not in n.writes or isinstance(other, Load) and other != own and isinstance(n.stmt, Store):
            continue
        found = _exchange(n, own) if other == own else None
        if found is None or found.joins != (joins or found.joins):
            return
        joins = found.joins
        yield found


def _exchange(node: Node, own: Expr) -> _Exchange | None:
    """The exchange right before a statement that takes in what it gave, maybe under a second name."""
    before = node.position - 1
    while before >= 0 and isinstance(node.block.nodes[before].stmt, Let):
        before -= 1
    s = node.block.nodes[before].stmt if before >= 0 else None
    if not isinstance(s, Shuffle) or s.kind not in ("xor", "down") or s.value != own or s.result == own:
        return None
    got: list[Expr] = [s.result]
    for n in node.block.nodes[before + 1: node.position]:
        if isinstance(n.stmt, Let) and n.stmt.value in got:
            got.append(n.stmt.var)
    joins, other = _joined(node.stmt.value if isinstance(node.stmt, Assign | Store) else None, own)
    if other not in got or not isinstance(s.lane, Const):
        return None
    w = int(s.lane.value)
    return _Exchange(s, w, joins, node.block.nodes[before]) if 0 < w < s.width and not w & (w - 1) else None


def _own(node: Node) -> Expr | None:
    """The number a statement gives a value to."""
    match node.stmt:
        case Assign(var):
            return var
        case Store(buffer, Const() as at, value):
            return Load(buffer, at, value.dtype)
    return None
