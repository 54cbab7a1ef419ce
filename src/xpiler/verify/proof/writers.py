"""Which statements write a place, and in which iteration of which thread: guessed by inverting the index, and
confirmed by the solver for every statement that may write it."""

from __future__ import annotations

from collections.abc import Iterable

from xpiler.ir.nodes import Alloc, Assign, For, If, Let, Shuffle, Store
from xpiler.verify.proof.expressions import Expressions
from xpiler.verify.proof.flatten import at_line
from xpiler.verify.proof.index import (
    TRUE, Atom, Formula, Poly, at_least, below, both, equal, floor_mod, negated, poly, put, symbol,
)
from xpiler.verify.proof.invert import equations, invert, named
from xpiler.verify.proof.scene import COUNT, Env, Place, Scene, Writer
from xpiler.verify.proof.solver import Facts, Outside
from xpiler.verify.proof.terms import Term
from xpiler.verify.proof.tree import Node


class Writers(Expressions):
    """One program, asked who wrote a place."""

    # ------------------------------------------------------------ iterations

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
        if count is None and not node.is_axis and scene.facts.entails(at_least(start + step, stop)):
            count = 1  # at most
        if limit is not None and limit.constant is not None:
            count = limit.constant if count is None else min(count, limit.constant)
        # Its bounds are part of what it is, and so of its name.
        name = f"{node.number}.{self._probing}.{count}" if probe else str(self.terms.number())
        k = symbol(f"{self.side}{node.loop.var.name}~{name}", 0, None if count is None else max(count - 1, 0))
        before = poly(0) if count == 1 else poly(k)  # the only one has no digit of its own in an index
        at = start + before * step
        domain = both([below(at, stop)] + ([below(before, limit)] if limit is not None else []))
        return k, domain, {**env, node.loop.var.name: at, node.loop.var.name + COUNT: before}, count

    def at_iteration(self, node: Node, env: Env, scene: Scene, k: Poly) -> Env:
        start, _, step = self.bounds(node, env, scene)
        return {**env, node.loop.var.name: start + k * step, node.loop.var.name + COUNT: k}

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


def _env_key(env: Env) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((k, v.key) for k, v in env.items()))
