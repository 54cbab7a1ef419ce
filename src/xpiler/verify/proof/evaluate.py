"""The value of an element at the end of a program, found by walking backwards from there to the inputs.

At a statement that writes the element's buffer the question is which iteration, of which thread, wrote it: the index
is inverted, and a solver confirms that no other iteration writes it. What it stored is then asked for at that place.

Threads of a block are taken to run in lockstep, statement by statement; without races every order gives the same. Only
where all threads meet (a barrier, an exchange) does that need them to run the same iterations, and `tree` makes sure.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from xpiler.ir.nodes import (
    Alloc, Assign, Binary, Call, Cast, Const, Expr, For, If, Let, Load, Select, Shuffle, Store, Unary, Var,
)
from xpiler.ir.types import DType
from xpiler.verify.proof import arith
from xpiler.verify.proof.flatten import Flat, Start, at_line
from xpiler.verify.proof.index import (
    FALSE, TRUE, Atom, Formula, Poly, at_least, below, both, either, equal, floor_div, floor_mod, interval, ite,
    negated, poly, put, symbol,
)
from xpiler.verify.proof.invert import equations, invert, named
from xpiler.verify.proof.scene import COUNT, Env, Place, Scene, Split, Summing, Value
from xpiler.verify.proof.solver import Facts, Outside
from xpiler.verify.proof.terms import Term, Terms
from xpiler.verify.proof.tree import Block, Node, Tree, plant

COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})
# How many iterations of a loop are looked at one by one, where it is no reduction and no map.
UNROLLED = 64
# Accumulations of one loop that depend on one another are followed this far, and no further.
NESTED = 3
# What an integer was before an iteration, where it is tried whether it grows by the same in each.
OLD = "before~"
# Statements of a kernel that spread one array over threads in ways of their own.
TRIED = 8


@dataclass(frozen=True)
class Writer:
    """A statement that writes a buffer: at which index, in an iteration of unknown symbols, and when."""

    index: Poly | None
    unknown: tuple[Atom, ...]
    facts: Facts


@dataclass
class Evaluator:
    """One program, asked about its elements. `free` are the symbols a case split may be made on."""

    flat: Flat
    tree: Tree
    terms: Terms
    scalars: Mapping[str, Value]
    free: frozenset[Atom]
    _read: dict[object, Value] = field(default_factory=dict)
    _writers: dict[object, tuple[Writer, ...]] = field(default_factory=dict)
    side: str = ""  # tells the symbols of two programs apart
    _probing: int = 0
    _asked_of: set[tuple[int, str]] = field(default_factory=set)

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

    def owners(self, name: str) -> tuple[Node, ...]:
        """The thread loops inside which a name is declared: every thread has its own."""
        declared = self.tree.declared.get(name)
        return declared.threads if declared is not None else ()

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
                raise Outside(f"which thread writes `{_plain(place.buffer)}` is not clear{at_line(node.span)}")
        match node.stmt:
            case Let(value=None):
                return self.unset()
            case Let(value=value) | Assign(value=value):
                assert value is not None
                return self.value(value, node, env, scene)
            case Store(buffer, index, value):
                if value.dtype is not self.tree.types.get(buffer):
                    raise Outside(f"`{_plain(buffer)}` is written as another type{at_line(node.span)}")
                at = self.index(index, node, env, scene)
                assert place.index is not None
                return self.choose(
                    equal(at, place.index), lambda s: self.value(value, node, env, s),
                    lambda s: self.before(node, place, env, s), scene,
                )
            case Alloc(init=init):
                return self._initialised(node, init, place, env, scene)
            case If(test):
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
        if at is None:
            raise Outside(f"a table read at an index that varies{at_line(node.span)}")
        if not 0 <= at < len(init):
            return self.unset()
        return self.value(init[at], node, env, scene)

    def choose(
        self, cond: Formula | Term, yes: Callable[[Scene], Value], no: Callable[[Scene], Value], scene: Scene
    ) -> Value:
        """cond ? yes : no, where only what can happen is asked for."""
        if isinstance(cond, Term):
            return self.merged(cond, yes(scene), no(scene))
        if scene.facts.entails(cond):
            return yes(scene)
        if scene.facts.refutes(cond):
            return no(scene)
        a, b = yes(scene.assume(cond)), no(scene.assume(negated(cond)))
        if a == b:
            return a
        if cond.symbols <= self.free:
            raise Split(_undecided(cond, scene.facts))
        return self.merged(cond, a, b)

    def merged(self, cond: Formula | Term, a: Value, b: Value) -> Value:
        if isinstance(a, Poly) and isinstance(b, Poly) and isinstance(cond, Formula):
            return ite(cond, a, b)
        x, y = self.lifted(a), self.lifted(b)
        if x is y:
            return x
        if isinstance(cond, Term):
            return self.terms.make("select", None, (cond, x, y))
        return self.terms.make("select", cond, (x, y))

    def lifted(self, v: Value) -> Term:
        return v if isinstance(v, Term) else self.terms.make("index", v)

    # ------------------------------------------------------------ loops

    def bounds(self, node: Node, env: Env, scene: Scene) -> tuple[Poly, Poly, Poly]:
        """Start, stop and step of a loop; the step is positive."""
        loop = node.loop
        step = self.index(loop.step, node, env, scene)
        if not scene.facts.entails(at_least(step, 1)):
            raise Outside(f"a step that may not be positive{at_line(node.span)}")
        return self.index(loop.start, node, env, scene), self.index(loop.stop, node, env, scene), step

    def iteration(
        self, node: Node, env: Env, scene: Scene, limit: Poly | None = None, probe: bool = False
    ) -> tuple[Atom, Formula, Env, int | None]:
        """An unknown iteration of a loop: its symbol, what holds of it, and how many there are where that is known.

        The symbol is new; that of a `probe`, which ends up in no expression, is the same every time it is asked for at
        the same depth, so that the same questions are asked of the solver."""
        start, stop, step = self.bounds(node, env, scene)
        span, by = (stop - start).constant, step.constant
        count = None if span is None or by is None else max(0, -(-span // by))
        if limit is not None and limit.constant is not None:
            count = limit.constant if count is None else min(count, limit.constant)
        # Its bounds are part of what it is, and so of its name.
        name = f"{node.number}.{self._probing}.{count}" if probe else str(self.terms.number())
        k = symbol(f"{self.side}{node.loop.var.name}~{name}", 0, None if count is None else max(count - 1, 0))
        at = start + poly(k) * step
        domain = both([below(at, stop)] + ([below(poly(k), limit)] if limit is not None else []))
        return k, domain, {**env, node.loop.var.name: at, node.loop.var.name + COUNT: poly(k)}, count

    def at_iteration(self, node: Node, env: Env, scene: Scene, k: Poly) -> Env:
        start, _, step = self.bounds(node, env, scene)
        return {**env, node.loop.var.name: start + k * step, node.loop.var.name + COUNT: k}

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
        if count == 1 and domain.op == "true":
            once = self.at_iteration(node, env, scene, poly(0))
            return self.end(body, self._mine(node, alone), once, scene)
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
            raise Outside(f"a loop that may not run writes `{_plain(place.buffer)}`{at_line(node.span)}")
        alone = replace(place, alone=place.alone | {node.number})
        v = self.end(node.blocks[0], self._mine(node, alone), inside, scene.assume(domain))
        if k in (v.symbols):
            if node.is_thread:
                return self.end(node.blocks[0], place, env, scene)
            raise Outside(f"iterations disagree about `{_plain(place.buffer)}`{at_line(node.span)}")
        return v

    def unrolled(
        self, node: Node, place: Place, env: Env, scene: Scene, count: int | None, limit: Poly | None
    ) -> Value:
        """The last iteration, which asks the one before it, and so on."""
        if count is None or count > UNROLLED or (limit is not None and limit.constant is None):
            raise Outside(f"which iteration writes `{_plain(place.buffer)}` is not clear{at_line(node.span)}")
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
            raise Outside(f"whose `{_plain(place.buffer)}` is meant is not clear{at_line(node.span)}")
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
        return first + step * times if isinstance(first, Poly) and times is not None else None

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

    # ------------------------------------------------------------ who wrote it

    def threads(
        self, node: Node, place: Place, env: Env, scene: Scene, open_: list[Node]
    ) -> tuple[Formula, Env] | None:
        """The one thread that writes a place in a statement, and whether it exists; None where none can be told."""
        self._probing += 1
        try:
            inside = dict(env)
            some: list[tuple[Node, Atom, Formula]] = []
            for t in open_:
                k, domain, inside_t, _ = self.iteration(t, env, scene, probe=True)
                inside |= inside_t
                some.append((t, k, domain))
            domains = both(d for _, _, d in some)
            key = ("threads", node.number, place.buffer, _env_key(env), scene.key, self._probing)
            if key not in self._writers:
                unknown = tuple(k for _, k, _ in some)
                found = self._collect(node, place.buffer, inside, scene.assume(domains), unknown)
                self._writers[key] = tuple(found)
            writers = self._writers[key]
        finally:
            self._probing -= 1
        wanted = [k for _, k, _ in some]
        values = self.determined(wanted, writers, place.index, scene.facts)
        if len(values) < len(wanted):
            return None
        fixed = dict(env)
        conds = []
        for (t, k, domain), w in zip(some, wanted, strict=True):
            fixed |= self.at_iteration(t, env, scene, values[w])
            conds += [at_least(values[w], 0), put_domain(domain, k, values[w])]
        return both(conds), fixed

    def writers(
        self, node: Node, buffer: str, env: Env, scene: Scene, some: tuple[Atom, Formula, Env]
    ) -> tuple[Writer, ...]:
        """The statements in a loop that write a buffer, in an unknown iteration."""
        k, domain, inside = some
        open_ = [t for t in node.threads if t.loop.var.name not in env]
        held, unknown = scene.assume(domain), [k]
        self._probing += 1
        try:
            for t in open_:
                kt, dt, it, _ = self.iteration(t, env, scene, probe=True)
                inside = {**it, **inside}
                held, unknown = held.assume(dt), [*unknown, kt]
            return tuple(w for n in node.blocks[0].nodes
                         for w in self._collect(n, buffer, inside, held, tuple(unknown)))
        finally:
            self._probing -= 1

    def _collect(
        self, node: Node, buffer: str, env: Env, scene: Scene, unknown: tuple[Atom, ...]
    ) -> list[Writer]:
        if buffer not in node.writes:
            return []
        if (node.number, buffer) in self._asked_of:  # where it writes depends on what it wrote
            raise Outside(f"an index or a condition that depends on data{at_line(node.span)}")
        self._asked_of.add((node.number, buffer))
        try:
            return self._collected(node, buffer, env, scene, unknown)
        finally:
            self._asked_of.remove((node.number, buffer))

    def _collected(
        self, node: Node, buffer: str, env: Env, scene: Scene, unknown: tuple[Atom, ...]
    ) -> list[Writer]:
        match node.stmt:
            case Store(_, index):
                return [Writer(self.index(index, node, env, scene), unknown, scene.facts)]
            case If(cond):
                f: Formula | Term = TRUE
                try:
                    f = self.condition(cond, node, env, scene)
                except Outside:
                    pass  # a condition on data: the statement may run or not
                f = f if isinstance(f, Formula) else TRUE
                no = negated(f) if f.op != "true" else TRUE
                return [w for block, g in zip(node.blocks, (f, no), strict=True) for n in block.nodes
                        for w in self._collect(n, buffer, env, scene.assume(g), unknown)]
            case For():
                k, domain, inside, _ = self.iteration(node, env, scene, probe=True)
                held = scene.assume(domain)
                return [w for n in node.blocks[0].nodes
                        for w in self._collect(n, buffer, inside, held, (*unknown, k))]
            case Let() | Assign() | Shuffle() | Alloc():
                return [Writer(None, unknown, scene.facts)]
        raise Outside(f"{type(node.stmt).__name__.lower()}{at_line(node.span)}")

    def determined(
        self, wanted: list[Atom], writers: tuple[Writer, ...], target: Poly | None, facts: Facts,
        like: tuple[Writer, ...] = (),
    ) -> dict[Atom, Poly]:
        """The values that wanted symbols have in every execution of a writer that writes the target.

        Guesses are taken from other writers `like` them too."""
        guesses: dict[Atom, dict[Poly, None]] = {s: {} for s in wanted}
        for w in like or writers:
            if w.index is None or target is None:
                continue
            found = invert(w.index, w.unknown, target)
            for s in wanted:
                if s in found:
                    guesses[s][found[s]] = None
        for s in wanted:
            for w in writers:
                inner = set(w.unknown)
                guesses[s] |= {g: None for g in named(s, w.facts) if not g.symbols & inner}
            if s.hi is not None:  # where several statements write side by side, the digit they have in common
                guesses[s] |= {floor_mod(g, poly(s.hi + 1)): None for g in guesses[s]}
            guesses[s][poly(0)] = None
        given: list[tuple[Writer, tuple[Formula, ...]]] = []
        for w in writers:
            if w.index is None or target is None:
                given.append((w, ()))
            else:
                given.append((w, equations(w.index, target, w.facts)))
        out = {}
        for s in wanted:
            for guess in list(guesses[s])[:8]:
                goal = equal(poly(s), guess)
                if all(w.facts.assume(*eqs).entails(goal) for w, eqs in given):
                    out[s] = guess
                    break
        return out

    def strides(self, name: str, scene: Scene, sizes: Iterable[Atom]) -> set[tuple[Atom, ...]]:
        """The products of sizes that unknown iterations are multiplied by in the indices an array is written at."""
        found: set[tuple[Atom, ...]] = set()
        known = set(sizes)
        try:
            writers = [w for n in self.tree.root.nodes for w in self._collect(n, name, {}, scene, ())]
        except Outside:
            return found
        for w in writers:
            for m in (w.index or poly(0)).terms:
                stride = tuple(a for a in m if a in known)
                if stride and len(stride) < len(m):
                    found.add(stride)
        return found

    # ------------------------------------------------------------ exchanges between lanes

    def exchanged(self, s: Shuffle, node: Node, env: Env, scene: Scene) -> Value:
        """The value in another lane of the same warp, whose lanes all take part."""
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
        width = s.width
        if weight % s.warp:
            raise Outside(f"an exchange in a warp that is not full{at_line(node.span)}")
        base = floor_div(me, poly(width)) * width
        lane = me - base
        by = self.index(s.lane, node, env, scene)
        match s.kind:
            case "xor" if by.constant is not None and 0 <= by.constant < width:
                return self._flipped(s, node, env, scene, lane, base, by.constant, (threads, sizes))
            case "idx":
                other = floor_mod(by, poly(width))
            case "down":
                other = ite(below(lane + by, width), lane + by, lane)
            case "up":
                other = ite(at_least(lane - by, 0), lane - by, lane)
            case _:
                raise Outside(f"an exchange of kind {s.kind}{at_line(node.span)}")
        return self._asked(s, node, env, scene, base + other, (threads, sizes))

    def _flipped(
        self, s: Shuffle, node: Node, env: Env, scene: Scene, lane: Poly, base: Poly, mask: int,
        geometry: tuple[list[Node], list[int]],
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
        self, s: Shuffle, node: Node, env: Env, scene: Scene, thread: Poly, geometry: tuple[list[Node], list[int]]
    ) -> Value:
        there = dict(env)
        for t, n in zip(*geometry, strict=True):
            name = t.loop.var.name
            there[name] = arith.small(floor_mod(thread, poly(n)), scene.facts) if n > 1 else poly(0)
            if n > 1 and scene.facts.entails(both([at_least(thread, 0), below(thread, n)])):
                there[name] = thread
            there[name + COUNT] = there[name]
            thread = floor_div(thread, poly(n))
        return self.value(s.value, node, there, scene)

    # ------------------------------------------------------------ expressions

    def index(self, e: Expr, node: Node, env: Env, scene: Scene) -> Poly:
        v = self.value(e, node, env, scene)
        if isinstance(v, Poly):
            return v
        raise Outside(f"an index or a bound that depends on data{at_line(node.span)}")

    def value(self, e: Expr, node: Node, env: Env, scene: Scene) -> Value:
        """What an expression is worth just before a statement."""
        try:
            return self._value(e, node, env, scene)
        except Outside as o:
            if ", line" in str(o):
                raise
            raise Outside(f"{o}{at_line(node.span)}") from o

    def _value(self, e: Expr, node: Node, env: Env, scene: Scene) -> Value:
        match e:
            case Const(value, dtype):
                return self.constant(value, dtype) if dtype.is_float else poly(int(value))
            case Var(name):
                return self._scalar(name, node, env, scene)
            case Load(buffer, index, dtype):
                if self.tree.types.get(buffer) is not dtype:
                    raise Outside(f"`{_plain(buffer)}` is read as another type")
                at = self.index(index, node, env, scene)
                return self.before(node, Place(buffer, at), env, scene)
            case Unary("!", _) | Binary("&&" | "||", _, _):
                return self.truth(self.condition(e, node, env, scene))
            case Binary(op, _, _) if op in COMPARISONS:
                return self.truth(self.condition(e, node, env, scene))
            case Unary("-", a, dtype):
                v = self.value(a, node, env, scene)
                if isinstance(v, Poly):
                    return self._binary("-", poly(0), v, dtype, scene.facts)
                return self.op("neg", dtype, (v,))
            case Binary(op, a, b, dtype):
                return self._binary(op, self.value(a, node, env, scene), self.value(b, node, env, scene), dtype,
                                    scene.facts)
            case Select(cond, a, b):
                return self.choose(
                    self.condition(cond, node, env, scene), lambda s: self.value(a, node, env, s),
                    lambda s: self.value(b, node, env, s), scene,
                )
            case Cast(a, dtype):
                return self._cast(self.value(a, node, env, scene), a.dtype, dtype, scene.facts)
            case Call(name, args, dtype):
                return self._call(name, [self.value(a, node, env, scene) for a in args], dtype, scene)
        raise Outside(f"an expression of kind {type(e).__name__.lower()}")

    def _scalar(self, name: str, node: Node, env: Env, scene: Scene) -> Value:
        if name in env:
            return env[name]
        if name in self.scalars and not any(name in n.writes for n in self.tree.root.nodes):
            return self.scalars[name]
        declared = self.tree.declared.get(name)
        if declared is not None and isinstance(declared.stmt, For):
            raise Outside("a thread's number where any thread is meant")
        return self.before(node, Place(name, None), env, scene)

    def constant(self, value: int | float, dtype: DType) -> Term:
        x = rounded(float(value), dtype)
        if math.isnan(x):
            raise Outside("a NaN")
        if math.isinf(x):
            return self.terms.make("const", str(x))
        return self.terms.make("const", Fraction(x))

    def op(self, name: str, dtype: DType, args: tuple[Term, ...]) -> Term:
        return self.terms.make("op", (name, "real" if dtype is DType.F32 else str(dtype)), args)

    def truth(self, c: Formula | Term) -> Value:
        return ite(c, poly(1), poly(0)) if isinstance(c, Formula) else c

    def _binary(self, op: str, a: Value, b: Value, dtype: DType, facts: Facts) -> Value:
        if isinstance(a, Poly) and isinstance(b, Poly):
            out = arith.binary(op, a, b, facts)
            if out.constant is not None:
                return arith.held(out, dtype, facts)
            if not dtype.is_signed and op == "-" and not self._not_negative(out, facts):
                raise Outside("an unsigned difference that may wrap")
            return arith.held(out, dtype, facts)
        return self.op(op, dtype, (self.data(a, dtype, facts), self.data(b, dtype, facts)))

    def data(self, v: Value, dtype: DType, facts: Facts) -> Term:
        """An integer as data: that it does not overflow is assumed of sizes, and shown where these are numbers."""
        fixed = not any(s.symbols for s in self.scalars.values() if isinstance(s, Poly))
        if isinstance(v, Poly) and fixed and not dtype.is_float and not any(s.key.startswith(OLD) for s in v.symbols):
            if not arith.fits(v, dtype, facts):
                raise Outside(f"a number that may not fit {dtype}")
        return self.lifted(v)

    def _not_negative(self, p: Poly, facts: Facts) -> bool:
        low, _ = interval(p)
        if low is not None and low >= 0:
            return True
        powers = [a for m in p.terms for a in m if a.kind == "pow2"]
        known = [at_least(poly(a), 1) for a in powers]
        return facts.assume(*known).entails(at_least(p, 0))

    def _cast(self, v: Value, old: DType, new: DType, facts: Facts) -> Value:
        if isinstance(v, Poly):
            if new is DType.BOOL:
                return ite(arith.nonzero(v), poly(1), poly(0))
            if new.is_float:
                n = v.constant
                return self.constant(n, new) if n is not None else self.op("real", new, (self.data(v, old, facts),))
            if v.constant is not None:
                return poly(arith.wrapped(v.constant, new))
            if old is new or (new.bits > old.bits and (new.is_signed or not old.is_signed)):
                return v
            if arith.fits(v, new, facts):
                return v
            if new.bits >= 32 and (new.is_signed or self._not_negative(v, facts)):
                return arith.held(v, new, facts)
            raise Outside(f"an index that may not fit {new}")
        if old.is_float and new.is_float:
            return v if new.bits >= old.bits and not _narrow(old, new) else self.terms.make(
                "op", ("narrowed", str(new)), (v,)
            )
        if old.is_float:
            return self.terms.make("op", ("whole", str(new)), (v,))
        if new.is_float:
            return self.op("real", new, (v,))
        wider = new.bits > old.bits and (new.is_signed or not old.is_signed)
        if old is new or wider or (old is DType.BOOL):
            return v
        return self.terms.make("op", ("wrap", str(new)), (v,))

    def _call(self, name: str, args: list[Value], dtype: DType, scene: Scene) -> Value:
        if all(isinstance(a, Poly) for a in args):
            whole = [a for a in args if isinstance(a, Poly)]
            match name, whole:
                case ("min" | "max"), [a, b]:
                    cond = below(a, b) if name == "min" else below(b, a)
                    return self.choose(cond, lambda _: a, lambda _: b, scene)
                case "abs", [a]:
                    return self.choose(at_least(a, 0), lambda _: a, lambda _: -a, scene)
        return self.op(name, dtype, tuple(self.lifted(a) for a in args))

    def condition(self, e: Expr, node: Node, env: Env, scene: Scene) -> Formula | Term:
        """An expression as a condition: on indices where it can be, else on data."""
        match e:
            case Unary("!", a):
                c = self.condition(a, node, env, scene)
                return negated(c) if isinstance(c, Formula) else self.op("!", DType.BOOL, (c,))
            case Binary("&&" | "||" as op, a, b):
                x = self.condition(a, node, env, scene)
                if isinstance(x, Formula):
                    x = TRUE if scene.facts.entails(x) else FALSE if scene.facts.refutes(x) else x
                    if x.op == ("false" if op == "&&" else "true"):
                        return x
                    y = self.condition(b, node, env, scene.assume(x if op == "&&" else negated(x)))
                else:
                    y = self.condition(b, node, env, scene)
                if isinstance(x, Formula) and isinstance(y, Formula):
                    return both([x, y]) if op == "&&" else either([x, y])
                if isinstance(x, Formula) and x.op in ("true", "false"):
                    return y
                return self.op(op, DType.BOOL, (self.lifted(self.truth(x)), self.lifted(self.truth(y))))
            case Binary(op, a, b) if op in COMPARISONS:
                x_, y_ = self.value(a, node, env, scene), self.value(b, node, env, scene)
                if isinstance(x_, Poly) and isinstance(y_, Poly):
                    return arith.compared(op, x_, y_)
                return self.op(op, DType.BOOL, (self.lifted(x_), self.lifted(y_)))
            case Cast(a, DType.BOOL):
                return self.condition(a, node, env, scene)
        v = self.value(e, node, env, scene)
        if isinstance(v, Poly):
            return arith.nonzero(v)
        if e.dtype is DType.BOOL:
            return v
        return self.op("!=", DType.BOOL, (v, self.lifted(poly(0))))


def put_domain(domain: Formula, k: Atom, value: Poly) -> Formula:
    """What holds of an iteration, said of a known one; bounds that its symbol carried are said too."""
    out = [_put(domain, k, value)]
    if k.hi is not None:
        out.append(at_least(poly(k.hi), value))
    return both(out)


def _put(f: Formula, k: Atom, value: Poly) -> Formula:
    match f.op:
        case "ge":
            assert f.p is not None
            return at_least(put(f.p, {k: value}), 0)
        case "and":
            return both(_put(g, k, value) for g in f.parts)
        case "true" | "false":
            return f
    raise TypeError(f"not a domain: {f.op}")


def _undecided(cond: Formula, facts: Facts) -> Formula:
    """The part of a conjunction to decide first."""
    if cond.op == "and":
        return next((f for f in cond.parts if not facts.entails(f)), cond)
    return cond


def rounded(x: float, dtype: DType) -> float:
    """A number as a type of floats holds it."""
    try:
        match dtype:
            case DType.F32:
                return float(struct.unpack("f", struct.pack("f", x))[0])
            case DType.F16:
                return float(struct.unpack("e", struct.pack("e", x))[0])
            case DType.BF16:
                (bits,) = struct.unpack("I", struct.pack("f", x))
                kept = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000
                return float(struct.unpack("f", struct.pack("I", kept))[0])
    except OverflowError:
        return math.copysign(math.inf, x)
    return x


def _narrow(old: DType, new: DType) -> bool:
    return {old, new} == {DType.F16, DType.BF16}


def _env_key(env: Env) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((k, v.key) for k, v in env.items()))


def _plain(name: str) -> str:
    return name.split("'")[0]


def evaluator(
    flat: Flat, terms: Terms, scalars: Mapping[str, Value], free: frozenset[Atom], side: str = ""
) -> Evaluator:
    """A flat program ready to be asked."""
    types = {n: s.dtype for n, s in flat.starts.items()}
    types |= {p.name: p.dtype for p in flat.params if isinstance(p, Var)}
    tree = plant(flat.body, types, frozenset(flat.starts))
    return Evaluator(flat, tree, terms, scalars, free, side=side)

