"""Values that lanes of one warp exchange."""

from __future__ import annotations

from xpiler.ir.nodes import Shuffle
from xpiler.verify.proof import arith
from xpiler.verify.proof.flatten import at_line
from xpiler.verify.proof.index import (
    Poly, at_least, below, both, equal, floor_div, floor_mod, ite, poly,
)
from xpiler.verify.proof.scene import COUNT, Env, Scene, Value
from xpiler.verify.proof.solver import Outside
from xpiler.verify.proof.tree import Node
from xpiler.verify.proof.writers import Writers

Geometry = list[tuple[Node, int]]  # the loops over threads, the innermost first, and how many there are


class Lanes(Writers):
    """One program, asked what another lane had."""

    def exchanged(self, s: Shuffle, node: Node, env: Env, scene: Scene) -> Value:
        """The value in another lane of the same warp, whose lanes all take part."""
        base, lane, geometry = self.lane(s, node, env, scene)
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
        return self.value(s.value, node, thread_at(thread, geometry, env, scene), scene)

    def lane(self, s: Shuffle, node: Node, env: Env, scene: Scene) -> tuple[Poly, Poly, Geometry]:
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


def thread_at(thread: Poly, geometry: Geometry, env: Env, scene: Scene) -> Env:
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
