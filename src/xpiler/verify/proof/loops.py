"""What a place holds after a loop: what one iteration left, or what all of them made of it."""

from __future__ import annotations

from dataclasses import replace

from xpiler.ir.nodes import For
from xpiler.verify.proof import arith
from xpiler.verify.proof.expressions import OLD
from xpiler.verify.proof.flatten import at_line, plain
from xpiler.verify.proof.index import (
    Atom, Formula, Poly, at_least, below, both, equal, floor_div, poly, put, symbol,
)
from xpiler.verify.proof.scene import COUNT, Env, Place, Scene, Split, Summing, Value, Writer
from xpiler.verify.proof.solver import Outside
from xpiler.verify.proof.tree import Block, Node
from xpiler.verify.proof.trees import Trees
from xpiler.verify.proof.writers import put_domain

# How many iterations of a loop are looked at one by one, where it is no reduction and no map.
UNROLLED = 64
# Accumulations of one loop that depend on one another are followed this far, and no further.
NESTED = 3
# Iterations before one, any of which may have written where it reads, as with the halves of a buffer: the latest ones.
LATEST = 2
# Statements of a kernel that spread one array over threads in ways of their own.
TRIED = 8


class Loops(Trees):
    """One program, asked about its loops."""

    def end(self, block: Block, place: Place, env: Env, scene: Scene) -> Value:
        """What a place holds at the end of a body."""
        raise NotImplementedError

    def released(self, node: Node, place: Place, env: Env) -> Env:
        """The iteration with the thread left open, where any thread may have written the place in that statement."""
        raise NotImplementedError

    def earlier(self, node: Node, place: Place, env: Env, scene: Scene) -> Value:
        """What a place holds at the start of an iteration of a loop that writes it."""
        name = node.loop.var.name
        count = env[name + COUNT]
        where = self.where(place, env)
        for s in scene.summing:
            if s.loop != node.number or s.buffer != place.buffer or s.count != count or where is None:
                continue
            if s.around != self.around(node, env):
                continue
            same = both(equal(a, b) for a, b in zip(where, s.where, strict=True))
            if scene.facts.entails(same):
                return s.before
            if not scene.facts.refutes(same):
                raise Outside(f"an element an earlier iteration may have written{at_line(node.span)}")
        outer = {k: v for k, v in env.items() if k not in (name, name + COUNT)}
        # Where threads meet inside, an earlier iteration of another thread may have written it.
        mine = node.blocks[0].nodes[0].divergent
        return self.after_loop(node, place, outer if mine else self.released(node, place, outer), scene, count)

    def around(self, node: Node, env: Env) -> tuple[Poly | None, ...]:
        """The iterations of the loops outside one; threads do not count, for they go through it together."""
        out: list[Poly | None] = []
        owner = node.block.owner
        while owner is not None:
            if isinstance(owner.stmt, For) and not owner.is_thread:
                out.append(env.get(owner.loop.var.name))
            owner = owner.block.owner
        return tuple(out)

    def where(self, place: Place, env: Env) -> tuple[Poly, ...] | None:
        """What tells one instance of a place from another: its index, and whose it is."""
        own = [env.get(t.loop.var.name) for t in self.owners(place.buffer)]
        if any(p is None for p in own):
            return None
        return (place.index if place.index is not None else poly(0), *(p for p in own if p is not None))

    def after_loop(
        self, node: Node, place: Place, env: Env, scene: Scene, limit: Poly | None = None
    ) -> Value:
        """What a place holds after the iterations of a loop (the first `limit` of them)."""
        self._probing += 1
        try:
            k, domain, inside, count = self.iteration(node, env, scene, limit, probe=True)
        finally:
            self._probing -= 1
        if count == 0:
            return self.before(node, place, env, scene)
        body = node.blocks[0]
        alone = replace(place, alone=place.alone | {node.number})
        if count == 1 and not (node.is_axis and domain.op != "true"):
            once = self.at_iteration(node, env, scene, poly(0))
            return self.choose(domain, lambda s: self.end(body, self._mine(node, alone), once, s),
                               lambda s: self.before(node, place, env, s), scene)
        if place.index is None and not node.is_axis:
            return self.accumulated(node, place, env, scene, limit)
        writers = self.writers(node, place.buffer, env, scene, (k, domain, inside))
        chosen = self.determined([k], writers, place.index, scene.facts).get(k)
        if chosen is not None:
            reached = put_domain(domain, k, chosen)
            at = self.at_iteration(node, env, scene, chosen)
            return self.choose(
                both([at_least(chosen, 0), reached]),
                lambda s: self.end(body, self._mine(node, alone), at, s),
                lambda s: self.before(node, place, env, s), scene,
            )
        if any(w.index is not None and k in w.index.symbols for w in writers) or node.is_axis:
            if node.is_axis:
                apart = [self.determined([k], (w,), place.index, scene.facts, writers).get(k) for w in writers]
                known = tuple(dict.fromkeys(p for p in apart if p is not None))
                # Threads that meet may write in turn: which was last is not for this to say.
                alike = not (node.is_thread and node.meets)
                if alike and None not in apart and place.index is not None and len(known) <= TRIED:
                    return self.tried(node, alone, env, scene, known)
                self._separate(k, writers, apart, place, scene)
                return self.any_iteration(node, place, env, scene, (k, domain, inside), writers)
            if limit is not None and limit.constant is None and scene.back.count(node.number) < LATEST:
                latest = replace(scene, back=(*scene.back, node.number))
                return self.last(node, place, env, latest, (k, domain, inside), limit)
            return self.unrolled(node, place, env, scene, count, limit)
        return self.accumulated(node, place, env, scene, limit)

    def _separate(
        self, k: Atom, writers: tuple[Writer, ...], apart: list[Poly | None], place: Place, scene: Scene
    ) -> None:
        """Decide first on which side of what all iterations write the element lies."""
        for w, known in zip(writers, apart, strict=True):
            if known is None and w.index is not None and place.index is not None and k not in w.index.symbols:
                first = put(w.index, {s: poly(0) for s in w.unknown})
                cond = at_least(place.index, first)
                if cond.symbols <= self.free and not (scene.facts.entails(cond) or scene.facts.refutes(cond)):
                    raise Split(cond)

    def tried(self, node: Node, place: Place, env: Env, scene: Scene, them: tuple[Poly, ...]) -> Value:
        """What the first of some iterations of an axis leaves, or else the next; without races one of them writes."""
        k, domain, _, _ = self.iteration(node, env, scene)
        rest = place.leaving(node.number, them[1:])
        at = self.at_iteration(node, env, scene, them[0])
        return self.choose(
            both([at_least(them[0], 0), put_domain(domain, k, them[0])]),
            lambda s: self.end(node.blocks[0], self._mine(node, rest), at, s),
            lambda s: self.tried(node, rest, env, s, them[1:]) if them[1:] else self.before(node, rest, env, s), scene,
        )

    def _mine(self, node: Node, place: Place) -> Place:
        """In the thread that was found, nobody else is looked for."""
        return replace(place, fixed=node.number) if node.is_thread else place

    def any_iteration(
        self, node: Node, place: Place, env: Env, scene: Scene, some: tuple[Atom, Formula, Env],
        writers: tuple[Writer, ...],
    ) -> Value:
        """All iterations of an axis write the place: without races they write the same, so any of them will do."""
        k, _, _ = some
        if node.is_thread and any(w.index is not None and k in w.index.symbols for w in writers):
            # Threads take turns at it: each statement has a thread of its own.
            return self.end(node.blocks[0], place, env, scene)
        k, domain, inside, _ = self.iteration(node, env, scene)
        if not scene.facts.entails(put_domain(domain, k, poly(0))):
            raise Outside(f"a loop that may not run writes `{plain(place.buffer)}`{at_line(node.span)}")
        alone = replace(place, alone=place.alone | {node.number})
        v = self.end(node.blocks[0], self._mine(node, alone), inside, scene.assume(domain))
        if k in (v.symbols):
            if node.is_thread:
                return self.end(node.blocks[0], place, env, scene)
            raise Outside(f"iterations disagree about `{plain(place.buffer)}`{at_line(node.span)}")
        return v

    def unrolled(
        self, node: Node, place: Place, env: Env, scene: Scene, count: int | None, limit: Poly | None
    ) -> Value:
        """The last iteration, which asks the one before it, and so on."""
        if count is None or count > UNROLLED or (limit is not None and limit.constant is None):
            raise Outside(f"which iteration writes `{plain(place.buffer)}` is not clear{at_line(node.span)}")
        at = self.at_iteration(node, env, scene, poly(count - 1))
        return self.end(node.blocks[0], place, at, scene)

    def accumulated(
        self, node: Node, place: Place, env: Env, scene: Scene, limit: Poly | None
    ) -> Value:
        """Every iteration writes the place: what one of them makes of it, from the first to the last."""
        k, domain, inside, _ = self.iteration(node, env, scene, limit)
        some, held = (k, domain, inside), scene.assume(domain)
        nested = sum(s.loop == node.number for s in scene.summing)
        if nested >= NESTED:
            raise Outside(f"accumulations that depend on one another{at_line(node.span)}")
        where = self.where(place, env)
        if where is None:
            raise Outside(f"whose `{plain(place.buffer)}` is meant is not clear{at_line(node.span)}")
        dtype = self.tree.types[place.buffer]
        number = self.terms.number()
        body = node.blocks[0]
        if not dtype.is_float:
            old = poly(symbol(f"{OLD}{number}"))
            made = self.end(body, place, inside, self._summing(held, node, place, where, inside, old))
            closed = self.closed(made, old, some, node, place, env, scene, limit)
            if closed is not None:
                return closed
        before = self.terms.make("prev", number)
        made = self.lifted(self.end(body, place, inside, self._summing(held, node, place, where, inside, before)))
        if number not in made.prevs:
            return self.last(node, place, env, scene, some, limit)
        first = self.lifted(self.before(node, place, env, scene))
        return self.terms.make("rec", (k, domain, number), (first, made))

    def _summing(
        self, scene: Scene, node: Node, place: Place, where: tuple[Poly, ...], inside: Env, before: Value
    ) -> Scene:
        count = inside[node.loop.var.name + COUNT]
        one = Summing(node.number, place.buffer, where, count, self.around(node, inside), before)
        return replace(scene, summing=(*scene.summing, one))

    def closed(
        self, made: Value, old: Poly, some: tuple[Atom, Formula, Env], node: Node, place: Place, env: Env,
        scene: Scene, limit: Poly | None,
    ) -> Poly | None:
        """first + n * c for what grows by the same c in each of n iterations."""
        k, _, _ = some
        (before,) = old.symbols
        if not isinstance(made, Poly):
            return None
        if before not in made.symbols:
            return None
        step = made - old
        if {before, k} & step.symbols:
            return None
        first = self.before(node, place, env, scene)
        times = self.trips(node, env, scene, limit)
        if not isinstance(first, Poly) or times is None:
            return None
        return arith.held(first + step * times, self.tree.types[place.buffer], scene.facts)

    def trips(self, node: Node, env: Env, scene: Scene, limit: Poly | None) -> Poly | None:
        if limit is not None:
            return limit
        start, stop, step = self.bounds(node, env, scene)
        if not scene.facts.entails(at_least(stop, start)):
            return None
        return floor_div(stop - start + step - 1, step)

    def last(
        self, node: Node, place: Place, env: Env, scene: Scene, some: tuple[Atom, Formula, Env], limit: Poly | None
    ) -> Value:
        """What the last iteration leaves, where it does not ask what was there."""
        start, stop, step = self.bounds(node, env, scene)
        final = floor_div(stop - start - 1, step) if limit is None else limit - 1
        at = self.at_iteration(node, env, scene, final)
        return self.choose(
            both([below(start, stop), at_least(final, 0)]), lambda s: self.end(node.blocks[0], place, at, s),
            lambda s: self.before(node, place, env, s), scene,
        )
