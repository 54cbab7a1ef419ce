"""Trees in shared memory: `if (t < 64) s[t] += s[t + 64];`, then 32, 16, ... of it, as the sum that they make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from xpiler.ir.nodes import Barrier, Binary, Call, Cast, Const, Expr, If, Load, Store, Var
from xpiler.verify.proof.index import TRUE, at_least, below, both, poly, symbol
from xpiler.verify.proof.lanes import NEUTRAL, Lanes
from xpiler.verify.proof.scene import COUNT, Env, Place, Scene, Value
from xpiler.verify.proof.solver import Outside
from xpiler.verify.proof.tree import Node

@dataclass(frozen=True)
class _Level:
    """Threads whose `counter` is below `reach` each take in what stands `reach` further on."""

    counter: Var
    reach: int
    buffer: str
    at: Expr
    further: Expr
    joins: str


class Halving(Lanes):
    """One program, asked for the root of a tree."""

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
        self.reordered = True
        number = self.terms.number()
        k = symbol(f"{self.side}{low.buffer}~{number}", 0, 2 * high.reach // low.reach - 1)
        further = replace(place, index=at + poly(k) * low.reach, fixed=None)
        taken = self.lifted(self.before(first, further, env, scene))
        joined = self.op(low.joins, dtype, (self.terms.make("prev", number), taken))
        return self.terms.make("rec", (k, TRUE, number), (self.constant(NEUTRAL[low.joins], dtype), joined))


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
            counter = _plain(c)
            match value:
                case Binary("+" | "*" as joins, a, b) | Call("max" | "min" as joins, (a, b)):
                    if isinstance(b, Load) and b.buffer == buffer and b.index == at:
                        a, b = b, a
                    if isinstance(counter, Var) and isinstance(a, Load) and isinstance(b, Load) \
                            and a.buffer == b.buffer == buffer and a.index == at and a.dtype is b.dtype is value.dtype:
                        return _Level(counter, int(reach), buffer, at, b.index, joins)
    return None


def _plain(e: Expr) -> Expr:
    """A number of a thread, whatever type it is compared in."""
    return _plain(e.a) if isinstance(e, Cast) and not e.dtype.is_float and e.dtype.bits >= 32 else e
