"""The value of an element at the end of a program, found by walking backwards from there to the inputs.

At a statement that writes the element's buffer the question is which iteration, of which thread, wrote it: the index
is inverted, and a solver confirms that no other iteration writes it. What it stored is then asked for at that place.

Threads of a block are taken to run in lockstep, statement by statement; without races every order gives the same. Only
where all threads meet (a barrier, an exchange) does that need them to run the same iterations, and `tree` makes sure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

from xpiler.ir.nodes import Alloc, Assign, Expr, For, If, Let, Load, Shuffle, Store, Var
from xpiler.verify.proof.flatten import Flat, Start, at_line, plain
from xpiler.verify.proof.index import Atom, Poly, at_least, below, both, equal, poly
from xpiler.verify.proof.loops import Loops
from xpiler.verify.proof.scene import COUNT, Env, Place, Scene, Value
from xpiler.verify.proof.solver import Outside
from xpiler.verify.proof.terms import Term, Terms
from xpiler.verify.proof.tree import Block, Node, plant


class Evaluator(Loops):
    """One program, asked about its elements."""

    # ------------------------------------------------------------ places

    def final(self, name: str, index: Poly, scene: Scene) -> Value:
        """What element `index` of an array holds at the end."""
        return self.end(self.tree.root, Place(name, index), {}, scene)

    def before(self, node: Node, place: Place, env: Env, scene: Scene) -> Value:
        """What a place holds just before a statement runs."""
        key = (place.key, node.number, tuple(sorted((k, v.key) for k, v in env.items())), scene.key)
        if key not in self._read:
            self._read[key] = self._before(node, place, env, scene)
        return self._read[key]

    def _before(self, node: Node, place: Place, env: Env, scene: Scene) -> Value:
        scene.facts.oracle.check_time()
        while True:
            if place.fixed == node.number:
                place = replace(place, fixed=None)
            for sibling in reversed(node.block.nodes[: node.position]):
                if place.buffer in sibling.writes:
                    return self.after(sibling, place, self.released(sibling, place, env), scene)
            owner = node.block.owner
            if owner is None:
                return self.initial(place)
            if isinstance(owner.stmt, For):
                if place.buffer in owner.writes and not owner.is_axis and owner.number not in place.alone:
                    return self.earlier(owner, place, env, scene)
                others = place.left(owner.number)
                gone = {owner.loop.var.name, owner.loop.var.name + COUNT}
                env = {k: v for k, v in env.items() if k not in gone}
                if others:
                    return self.tried(owner, place, env, scene, others)
                if owner.number in place.alone:  # when the loop is met again, it is for another run of it
                    place = replace(place, alone=place.alone - {owner.number})
            node = owner

    def end(self, block: Block, place: Place, env: Env, scene: Scene) -> Value:
        """What a place holds at the end of a body."""
        if not block.nodes:
            if block.owner is None:
                return self.initial(place)
            return self.before(block.owner, place, env, scene)
        last = block.nodes[-1]
        if place.buffer in last.writes:
            return self.after(last, place, self.released(last, place, env), scene)
        return self.before(last, place, env, scene)

    def released(self, node: Node, place: Place, env: Env) -> Env:
        """The iteration with the thread left open, where any thread may have written the place in that statement."""
        if node.divergent or not node.threads or self._inside(node, place.fixed):
            return env
        own = self.owners(place.buffer)
        open_ = {t.loop.var.name for t in node.threads if t not in own}
        return {k: v for k, v in env.items() if k not in open_} if open_ & env.keys() else env

    def _inside(self, node: Node, number: int | None) -> bool:
        if number is None:
            return False
        at: Node | None = node
        while at is not None:
            if at.number == number:
                return True
            at = at.block.owner
        return False

    def initial(self, place: Place) -> Value:
        if place.index is None and place.buffer in self.scalars:
            return self.scalars[place.buffer]
        start = self.flat.starts.get(place.buffer)
        if start is None:
            return self.unset()
        assert place.index is not None
        if start.position is not None:
            return self.terms.make("input", (start.position, place.index))
        return self._filled(start)

    def _filled(self, start: Start) -> Value:
        if start.fill == 0:
            return self.constant(0, start.dtype) if start.dtype.is_float else poly(0)
        return self.unset()

    def unset(self) -> Term:
        return self.terms.make("undef", self.terms.number())

    # ------------------------------------------------------------ statements, backwards

    def after(self, node: Node, place: Place, env: Env, scene: Scene) -> Value:
        """What a place holds just after a statement that may write it."""
        scene.facts.oracle.check_time()
        open_ = [t for t in node.threads if t.loop.var.name not in env]
        if open_:
            found = self.threads(node, place, env, scene, open_)
            if found is not None:
                cond, inside = found
                mine = replace(place, fixed=node.number)
                return self.choose(
                    cond, lambda s: self.after(node, mine, inside, s), lambda s: self.before(node, place, env, s), scene
                )
            if not node.blocks:
                raise Outside(f"which thread writes `{plain(place.buffer)}` is not clear{at_line(node.span)}")
        match node.stmt:
            case Let(value=None):
                return self.unset()
            case Let(value=value) | Assign(value=value):
                assert value is not None
                if (made := self.exchanged_all(node, place, env, scene)) is not None:
                    return made
                return self.value(value, node, env, scene)
            case Store(buffer, index, value):
                if value.dtype is not self.tree.types.get(buffer):
                    raise Outside(f"`{plain(buffer)}` is written as another type{at_line(node.span)}")
                at = self.index(index, node, env, scene)
                assert place.index is not None
                return self.choose(
                    equal(at, place.index),
                    lambda s: self.exchanged_all(node, place, env, s) or self.value(value, node, env, s),
                    lambda s: self.before(node, place, env, s), scene,
                )
            case Alloc(init=init):
                return self._initialised(node, init, place, env, scene)
            case If(test):
                if (root := self.halved(node, place, env, scene)) is not None:
                    return root
                return self.choose(
                    self.condition(test, node, env, scene),
                    lambda s: self.end(node.blocks[0], place, env, s),
                    lambda s: self.end(node.blocks[1], place, env, s), scene,
                )
            case For():
                return self.after_loop(node, place, env, scene)
            case Shuffle() as s:
                return self.exchanged(s, node, env, scene)
        raise Outside(f"{type(node.stmt).__name__.lower()}{at_line(node.span)}")

    def _initialised(
        self, node: Node, init: tuple[Expr, ...], place: Place, env: Env, scene: Scene
    ) -> Value:
        if not init:
            return self.unset()
        at = None if place.index is None else place.index.constant
        if at is None and len(set(init)) == 1 and place.index is not None:  # one value, wherever
            inside = both([at_least(place.index, 0), below(place.index, len(init))])
            return self.choose(inside, lambda s: self.value(init[0], node, env, s), lambda _: self.unset(), scene)
        if at is None and (row := self._in_a_row(node, init, place, env, scene)) is not None:
            return self.before(node, row, env, scene)
        if at is None:
            raise Outside(f"a table read at an index that varies{at_line(node.span)}")
        if not 0 <= at < len(init):
            return self.unset()
        return self.value(init[at], node, env, scene)

    def _in_a_row(
        self, node: Node, init: tuple[Expr, ...], place: Place, env: Env, scene: Scene
    ) -> Place | None:
        """The element of another array that one of a table began as, where they stand there at one distance."""
        first = init[0]
        if place.index is None or not isinstance(first, Load) or self.tree.types.get(first.buffer) is not first.dtype:
            return None
        if not scene.facts.entails(both([at_least(place.index, 0), below(place.index, len(init))])):
            return None
        at: list[Poly] = []
        for x in init:
            if not isinstance(x, Load) or (x.buffer, x.dtype) != (first.buffer, first.dtype):
                return None
            at.append(self.index(x.index, node, env, scene))
        if len({b - a for a, b in pairwise(at)}) != 1:
            return None
        return Place(first.buffer, at[0] + (at[1] - at[0]) * place.index)


def evaluator(
    flat: Flat, terms: Terms, scalars: Mapping[str, Value], free: frozenset[Atom], side: str = ""
) -> Evaluator:
    """A flat program ready to be asked."""
    types = {n: s.dtype for n, s in flat.starts.items()}
    types |= {p.name: p.dtype for p in flat.params if isinstance(p, Var)}
    tree = plant(flat.body, types, frozenset(flat.starts))
    return Evaluator(flat, tree, terms, scalars, free, side=side)
