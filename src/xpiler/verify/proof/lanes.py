"""Values that lanes of one warp exchange."""

from __future__ import annotations

import math
from collections.abc import Iterator

from xpiler.ir.nodes import Assign, Binary, Call, Const, Expr, Let, Load, Shuffle, Store, Var
from xpiler.verify.proof import arith
from xpiler.verify.proof.flatten import at_line
from xpiler.verify.proof.index import (
    TRUE, Poly, at_least, below, both, equal, floor_div, floor_mod, ite, poly, symbol,
)
from xpiler.verify.proof.scene import COUNT, Env, Place, Scene, Value
from xpiler.verify.proof.solver import Outside
from xpiler.verify.proof.tree import Node
from xpiler.verify.proof.writers import Writers

NEUTRAL = {"+": 0.0, "*": 1.0, "max": -math.inf, "min": math.inf}
Geometry = list[tuple[Node, int]]  # the loops over threads, the innermost first, and how many there are


class Lanes(Writers):
    """One program, asked what another lane had."""

    reordered = False  # whether a sum was taken in another order than the program's

    def owners(self, name: str) -> tuple[Node, ...]:
        """The thread loops inside which a name is declared: every thread has its own."""
        declared = self.tree.declared.get(name)
        return declared.threads if declared is not None else ()

    def exchanged(self, s: Shuffle, node: Node, env: Env, scene: Scene) -> Value:
        """The value in another lane of the same warp, whose lanes all take part."""
        base, lane, geometry = self._lane(s, node, env, scene)
        width = s.width
        by = self.index(s.lane, node, env, scene)
        match s.kind:
            case "xor" if by.constant is not None and 0 <= by.constant < width:
                return self._flipped(s, node, env, scene, lane, base, by.constant, geometry)
            case "idx":
                other = floor_mod(by, poly(width))
            case "down":
                other = ite(below(lane + by, width), lane + by, lane)
            case "up":
                other = ite(at_least(lane - by, 0), lane - by, lane)
            case _:
                raise Outside(f"an exchange of kind {s.kind}{at_line(node.span)}")
        return self._asked(s, node, env, scene, base + other, geometry)

    def _flipped(
        self, s: Shuffle, node: Node, env: Env, scene: Scene, lane: Poly, base: Poly, mask: int,
        geometry: Geometry,
    ) -> Value:
        if not mask:
            return self._asked(s, node, env, scene, base + lane, geometry)
        w = mask & -mask
        is_set = equal(floor_mod(floor_div(lane, poly(w)), poly(2)), 1)
        rest = mask & (mask - 1)
        return self.choose(
            is_set, lambda x: self._flipped(s, node, env, x, lane - w, base, rest, geometry),
            lambda x: self._flipped(s, node, env, x, lane + w, base, rest, geometry), scene,
        )

    def _asked(
        self, s: Shuffle, node: Node, env: Env, scene: Scene, thread: Poly, geometry: Geometry
    ) -> Value:
        return self.value(s.value, node, _thread(thread, geometry, env, scene), scene)

    def across(self, node: Node, env: Env, scene: Scene) -> Env:
        """The thread to ask for what `v = v + t` leaves, where t is the v of the lane across, whose number differs in
        one bit: both lanes have the same then, so the one without that bit is asked."""
        found = _exchange(node)
        if found is None or found[0].kind != "xor" or any(t.loop.var.name not in env for t in node.threads):
            return env
        if isinstance(node.stmt, Store) and self.owners(node.stmt.buffer) != node.threads:
            return env
        s, bit = found
        base, lane, geometry = self._lane(s, node, env, scene)
        set_ = floor_mod(floor_div(lane, poly(bit)), poly(2))
        return env if set_.constant == 0 else _thread(base + lane - set_ * bit, geometry, env, scene)

    def folded(self, node: Node, place: Place, env: Env, scene: Scene) -> Value | None:
        """What several exchanges with lanes across, or further down, make of a number: the sum of what all of these
        lanes had."""
        own = _own(node)
        if own is None or not own.dtype.is_float or any(t.loop.var.name not in env for t in node.threads):
            return None
        if isinstance(node.stmt, Store) and self.owners(node.stmt.buffer) != node.threads:
            return None
        levels = list(_levels(node))
        bits, alike = sorted(bit for _, bit, _ in levels), {(s.kind, s.width) for s, _, _ in levels}
        if len(bits) < 2 or len(alike) > 1 or bits != [bits[0] << n for n in range(len(bits))]:
            return None
        s, _, first = levels[-1]
        base, lane, geometry = self._lane(s, node, env, scene)
        low, count = bits[0], 1 << len(bits)
        number = self.terms.number()
        k = symbol(f"{self.side}lane~{number}", 0, count - 1)
        rest = lane
        if s.kind == "xor":
            rest = lane - floor_mod(floor_div(lane, poly(low)), poly(count)) * low
        elif not scene.facts.entails(below(lane + low * (count - 1), s.width)):  # the last ones ask nobody
            return None
        there = _thread(base + rest + poly(k) * low, geometry, env, scene)
        start = first.block.nodes[first.position - 1]
        while not isinstance(start.stmt, Shuffle):
            start = start.block.nodes[start.position - 1]
        self.reordered = True
        taken = self.lifted(self.before(start, place, there, scene))
        joined = self.op(_joins(node), own.dtype, (self.terms.make("prev", number), taken))
        return self.terms.make("rec", (k, TRUE, number), (self.constant(NEUTRAL[_joins(node)], own.dtype), joined))

    def _lane(self, s: Shuffle, node: Node, env: Env, scene: Scene) -> tuple[Poly, Poly, Geometry]:
        """The first thread of the segment a thread is in, its number there, and what the block is made of."""
        threads = list(reversed(node.threads))  # x is innermost
        sizes = []
        for t in threads:
            n = self.bounds(t, {}, scene)[1].constant
            if n is None:
                raise Outside(f"an exchange in a block of no fixed size{at_line(node.span)}")
            sizes.append(n)
        me, weight = poly(0), 1
        for t, n in zip(threads, sizes, strict=True):
            me, weight = me + env[t.loop.var.name] * weight, weight * n
        if weight % s.warp:
            raise Outside(f"an exchange in a warp that is not full{at_line(node.span)}")
        base = floor_div(me, poly(s.width)) * s.width
        return base, me - base, list(zip(threads, sizes, strict=True))


def _thread(thread: Poly, geometry: Geometry, env: Env, scene: Scene) -> Env:
    """The iteration in which a thread runs that has a number in its block."""
    there = dict(env)
    for t, n in geometry:
        name = t.loop.var.name
        there[name] = arith.small(floor_mod(thread, poly(n)), scene.facts) if n > 1 else poly(0)
        if n > 1 and scene.facts.entails(both([at_least(thread, 0), below(thread, n)])):
            there[name] = thread
        there[name + COUNT] = there[name]
        thread = floor_div(thread, poly(n))
    return there


def _exchange(node: Node) -> tuple[Shuffle, int] | None:
    """The exchange right before `v = v + t`, where t is the v of a lane across or further down, and how far away that
    is: a power of two."""
    own, got = _own(node), list[Expr]()
    before = node.position - 1
    while before >= 0 and isinstance(node.block.nodes[before].stmt, Let):  # t may have a second name
        before -= 1
    s = node.block.nodes[before].stmt if before >= 0 else None
    if own is None or not isinstance(s, Shuffle) or s.kind not in ("xor", "down") or s.value != own or s.result == own:
        return None
    got.append(s.result)
    for n in node.block.nodes[before + 1: node.position]:
        if isinstance(n.stmt, Let) and n.stmt.value in got:
            got.append(n.stmt.var)
    value = node.stmt.value if isinstance(node.stmt, Assign | Store) else None
    match value:
        case Binary("+" | "*", a, b) | Call("min" | "max", (a, b)):
            other = b if a == own else a if b == own else None
            if other in got and isinstance(s.lane, Const):
                w = int(s.lane.value)
                return (s, w) if 0 < w < s.width and not w & (w - 1) else None
    return None


def _own(node: Node) -> Expr | None:
    """The number a statement gives a value to."""
    match node.stmt:
        case Assign(var):
            return var
        case Store(buffer, Const() as at, value):
            return Load(buffer, at, value.dtype)
    return None


def _levels(node: Node) -> Iterator[tuple[Shuffle, int, Node]]:
    """The exchanges of one number between lanes that a statement ends, the last one first."""
    own = _own(node)
    assert own is not None
    name = own.name if isinstance(own, Var) else own.buffer if isinstance(own, Load) else ""
    for n in reversed(node.block.nodes[: node.position + 1]):
        other = _own(n)
        if name not in n.writes or isinstance(other, Load) and other != own and isinstance(n.stmt, Store):
            continue
        found = _exchange(n) if other == own else None
        if found is None or _joins(n) != _joins(node):
            return
        yield *found, n


def _joins(n: Node) -> str:
    value = n.stmt.value if isinstance(n.stmt, Assign | Store) else None
    return value.op if isinstance(value, Binary) else value.name if isinstance(value, Call) else ""
