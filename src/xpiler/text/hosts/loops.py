"""Loops and branches of a host function: tried one way and another, with pointers that take turns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from typing import Any

from xpiler.fault import Fault
from xpiler.ir.nodes import Assign, Break, Const, Continue, Expr, If, Var
from xpiler.ir.walk import statements
from xpiler.text.arithmetic import ONE, ZERO, int_const
from xpiler.text.clang import Node
from xpiler.text.gathering import Gathering
from xpiler.text.hosts.bearing import changed, declared
from xpiler.text.hosts.memory import HostMemory
from xpiler.text.hosts.values import UNSET, Address, Alias, Bag, Thing
from xpiler.text.inline import returns
from xpiler.text.reading.lambdas import is_lambda
from xpiler.text.reading.loops import head
from xpiler.text.reading.values import NULL, Binding, Items, Nothing, Pointer

_MOST_ROUNDS = 64  # of a loop that is written out
_MOST_STATES = 4  # of pointers that change places in a loop


class HostLoops(HostMemory):
    """Reading loops and branches of the host."""

    def start_host(self) -> None:
        super().start_host()
        self.shifting: dict[int, tuple[Var, tuple[Binding | Bag, ...]]] = {}  # pointers that took turns in a loop
        self._turns: tuple[Var, tuple[dict[int, Binding | Bag], ...]] | None = None
        self.left_out: list[Node] = []

    # ------------------------------------------------------------ trying

    @contextmanager
    def trial(self) -> Iterator[Callable[[], None]]:
        """Reading that may be taken back; its Faults are raised at once."""
        outer, self.unit.faults = self.unit.faults, Gathering()
        stacks: tuple[list[Any], ...] = (self.functions, self.targets, self.this, self.loops)
        depths, loops = [len(s) for s in stacks], self.loops
        undo_reading = self._undo()
        saved = dict(self.objects), dict(self.hosts), dict(self.devices), list(self.events), dict(self.symbols)
        level, depth, free, out, under = dict(self.level), self.depth, list(self.free), self.out, self.under
        length, left = len(out), len(self.left_out)
        shifting, fresh = dict(self.shifting), deepcopy(self.fresh)

        def undo() -> None:
            undo_reading()
            self.objects, self.hosts, self.devices, self.events, self.symbols = (
                dict(saved[0]), dict(saved[1]), dict(saved[2]), list(saved[3]), dict(saved[4]))
            self.level, self.depth, self.free, self.shifting = dict(level), depth, list(free), dict(shifting)
            self.out, self.under, self.fresh = out, under, deepcopy(fresh)
            del self.out[length:], self.left_out[left:]
            self.loops = loops
            for stack, d in zip(stacks, depths, strict=True):
                del stack[d:]

        try:
            yield undo
        finally:
            self.unit.faults = outer

    # ------------------------------------------------------------ loops

    def _host_loop(self, n: Node) -> None:
        """A loop with launches or copies: a loop of the launcher, written out, or with pointers that take turns."""
        ways = [self._symbolic, self._written_out, self._taking_turns]
        if n.kind == "WHILE_STMT":
            ways = [self._written_out, self._symbolic, self._taking_turns]
        elif n.kind == "DO_STMT":
            ways = [self._written_out, self._once_and_again]
        fault: Fault | None = None
        for way in ways:
            with self.trial() as undo:
                try:
                    if way(n):
                        return
                except Fault as f:
                    fault = fault or f
                undo()
        raise self._by_results(n) or fault or self.fault(
            "XP1009", "this loop of the host is not followed", n,
            "its pointers or sizes change from round to round in a way that is not known")

    def _by_results(self, n: Node) -> Fault | None:
        """A loop that goes on by what kernels computed in the round before."""
        test = head(n).test if n.kind == "FOR_STMT" else n.children[-1 if n.kind == "DO_STMT" else 0]
        body = n.children[0 if n.kind == "DO_STMT" else -1]
        asked = [x.referenced for x in (() if test is None else test.walk()) if x.kind == "DECL_REF_EXPR"]
        known = {d.key: d.spelling for d in asked if d is not None and not isinstance(self.env.get(d.key), Nothing)}
        name = ""
        with self.trial() as undo:
            with suppress(Fault):
                self.open_scalars(self.changes(n), declared(n))
                self.depth += 1
                self.sequence(body.children if body.kind == "COMPOUND_STMT" else (body,))
                name = next((name for key, name in known.items() if isinstance(self.env.get(key), Nothing)), "")
            undo()
        return self.fault(
            "XP1009", f"the host goes on by `{name}`, which only running it would give", n,
            "what a launcher does may depend on its scalars and on arrays that no kernel writes",
            "a number of rounds that follows from the parameters, or `xpiler run --main`") if name else None

    def _symbolic(self, n: Node) -> bool:
        """Read as a loop; not where it changes pointers, structures or sizes."""
        if _moves_what_it_declares(n):
            return False
        self.open_scalars(self.changes(n), declared(n))
        same = self._carried(n)
        self.depth += 1
        super().statement(n)
        self.depth -= 1
        return same()

    def _init(self, init: Node) -> None:
        """What the head of a loop declares lives through all rounds: scalars are variables before it."""
        super()._init(init)
        made = {d.key: d for d in init.children if d.kind == "VAR_DECL"} if init.kind == "DECL_STMT" else {}
        for key in made:
            self.level[key] = self.depth - 1
        self.open_scalars(set(made), made)

    def _carried(self, n: Node) -> Callable[[], bool]:
        """Whether, after a round of a loop, all that was visible before it is bound to what it was."""
        inside = {x.key for x in n.walk() if x.kind == "VAR_DECL"}
        env = {k: v for k, v in self.env.items() if k not in inside and self._in_scope(k)}
        objects = {k: v for k, v in self.objects.items() if k not in inside and self._in_scope(k)}

        def turning() -> dict[int, object]:
            return {k: v for k, v in self.shifting.items() if k not in inside and self._in_scope(k)}

        shifting = turning()
        return lambda: (
            turning() == shifting
            and all(self.env.get(k) == v for k, v in env.items())
            and all(self.objects.get(k) == v for k, v in objects.items())
        )

    def _in_scope(self, key: int) -> bool:
        """Whether a variable is one of the file, or of a function being read."""
        decl = self.unit.known(key)
        if decl is None or not decl.is_local:
            return True
        parent = decl.cursor.semantic_parent
        return self.unit.declaration(parent).key in {f.key for f in self.functions}

    def _written_out(self, n: Node) -> bool:
        """Round by round, while the condition is known."""
        test, body, step = n.children[0], n.children[-1], None
        if n.kind == "FOR_STMT":
            parts = head(n)
            if parts.init is not None:
                self.statement(parts.init)
            if parts.test is None:
                return False
            test, step = parts.test, parts.step
        elif n.kind == "DO_STMT":
            body, test = n.children[0], n.children[-1]
        leaves = [x for x in body.walk() if x.kind in ("BREAK_STMT", "CONTINUE_STMT")]
        if leaves:
            return n.kind == "DO_STMT" and test.constant == 0 and self._never_left(body)
        for round_ in range(_MOST_ROUNDS):
            if n.kind != "DO_STMT" or round_:
                known = self.condition(test)
                if not isinstance(known, Const):
                    return False
                if not known.value:
                    return True
            self.sequence(body.children if body.kind == "COMPOUND_STMT" else (body,))
            if step is not None:
                self.effect(step)
        return False

    def _never_left(self, body: Node) -> bool:
        """The body of do { ... } while (0) whose every `break` is behind a call that fails: none does."""
        before = len(self.out)
        self.sequence(body.children if body.kind == "COMPOUND_STMT" else (body,))
        return not any(isinstance(s, Break | Continue) for s in statements(tuple(self.out[before:])))

    def _taking_turns(self, n: Node) -> bool:
        """Pointers that change places in every round: a variable says whose turn it is."""
        body = n.children[-1]
        if _moves_what_it_declares(n):
            return False
        moved = self._rounds(n, body)
        if not moved:
            return False
        phase = self.kept(ZERO, "turn")
        self.moving.add(phase.name)
        self._turns = phase, moved
        self.open_scalars(self.changes(n), declared(n))
        same = self._carried(n)
        self.depth += 1
        super().statement(n)
        self.depth -= 1
        self._turns = None
        if not same():
            return False
        for key in moved[0]:
            self.shifting[key] = phase, tuple(state[key] for state in moved)
            self._bind_state({key: moved[0][key]})
        return True

    def _once_and_again(self, n: Node) -> bool:
        """do body while (test): the body once, and then a while loop."""
        body, test = n.children[0], n.children[-1]
        if any(x.kind in ("BREAK_STMT", "CONTINUE_STMT") for x in body.walk()) or returns(body):
            return False
        self.sequence(body.children if body.kind == "COMPOUND_STMT" else (body,))
        self.open_scalars(self.changes(n), declared(n))
        same = self._carried(n)
        self.depth += 1
        self._while(test, body, None)
        self.depth -= 1
        return same()

    def _rounds(self, n: Node, body: Node) -> tuple[dict[int, Binding | Bag], ...]:
        """The pointers that one round changes, in each state until they are back where they began."""
        keys: set[int] = set()
        states: list[dict[int, Binding | Bag]] = []
        with self.trial() as undo:
            start = self._host_pointers()
            init = head(n).init if n.kind == "FOR_STMT" else None
            if init is not None:
                self._init(init)
            self.open_scalars(self.changes(n), declared(n))
            seen = [start]
            for _ in range(_MOST_STATES):
                self.depth += 1
                with self.captured():
                    self.sequence(body.children if body.kind == "COMPOUND_STMT" else (body,))
                self.depth -= 1
                now = {k: v for k, v in self._host_pointers().items() if k in start}
                keys |= {k for k in start if now.get(k) != start[k]}
                if all(now.get(k) == start[k] for k in start):
                    states = seen
                    break
                seen.append(now)
            undo()
        return tuple({k: s[k] for k in keys if k in s} for s in states) if keys else ()

    def _host_pointers(self) -> dict[int, Binding | Bag]:
        found: dict[int, Binding | Bag] = {k: v for k, v in self.env.items() if isinstance(v, Pointer)}
        return {**found, **{k: v for k, v in self.objects.items() if isinstance(v, Bag)}}

    def _bind_state(self, state: dict[int, Binding | Bag]) -> None:
        for key, what in state.items():
            if isinstance(what, Bag):
                self.objects[key] = what
            else:
                self.env[key] = what

    def _loop_body(self, body: Node) -> None:
        turns, self._turns = self._turns, None
        if turns is None:
            super()._loop_body(body)
            return
        phase, states = turns
        self._turn_each(phase, states, lambda: HostMemory._loop_body(self, body))
        last = int_const(len(states) - 1)
        wrapped = self.math.select(
            self.math.binary("==", phase, last), ZERO, self.math.binary("+", phase, ONE))
        self.emit(Assign(phase, wrapped, self.here))
        self._turns = turns

    def _turn_each(self, phase: Var, states: tuple[dict[int, Binding | Bag], ...], read: Callable[[], None]) -> None:
        """What `read` writes, once for each state of the pointers."""
        def one(k: int) -> None:
            self._bind_state(states[k])
            read()

        def rest(k: int) -> None:
            if k == len(states) - 1:
                one(k)
                return
            with self.captured() as yes:
                one(k)
            with self.captured() as no:
                rest(k + 1)
            if yes or no:
                self.emit(If(self.math.binary("==", phase, int_const(k)), tuple(yes), tuple(no), self.here))

        rest(0)
        self._bind_state(states[0])

    def _may_turn(self, key: int) -> bool:
        """Whether a variable's turns could be followed: every statement that uses it mentions it."""
        decl = self.unit.known(key)
        return decl is not None and decl.is_local and self._in_scope(key) and key not in self.objects

    def _turning(self, n: Node) -> Var | None:
        """The variable that says where pointers of a statement point, if they took turns in a loop or by a branch."""
        if not self.shifting:
            return None
        for x in n.walk():
            if x.kind != "DECL_REF_EXPR" or x.referenced is None:
                continue
            thing = self.objects.get(x.referenced.key)
            key = thing.cell.key if isinstance(thing, Alias | Address) else x.referenced.key
            if key in self.shifting:
                return self.shifting[key][0]
            if is_lambda(x.referenced) and (init := x.referenced.initializer) is not None:
                inside = self._turning(init)
                if inside is not None:
                    return inside
        return None

    def _by_turns(self, phase: Var, n: Node) -> None:
        """A statement behind a loop in which pointers took turns: what it makes of each state takes turns too."""
        mine = {k: states for k, (v, states) in self.shifting.items() if v == phase}
        self.shifting = {k: s for k, s in self.shifting.items() if k not in mine}
        count = len(next(iter(mine.values())))
        states = tuple({k: s[i] for k, s in mine.items()} for i in range(count))
        env, objects = dict(self.env), dict(self.objects)
        after: list[tuple[dict[int, Binding], dict[int, Thing]]] = []

        def read() -> None:
            now = {k: self.objects.get(k) or self.env.get(k) for k in mine}
            self.env.clear()
            self.env.update(env)
            self.objects = dict(objects)
            self._bind_state({k: v for k, v in now.items() if isinstance(v, Bag) or v is not None})  # type: ignore[misc]
            self.statement(n)
            after.append((dict(self.env), dict(self.objects)))

        self.depth += 1
        self._turn_each(phase, states, read)
        self.depth -= 1
        self.shifting |= {k: (phase, s) for k, s in mine.items()}
        self._after_turns(phase, mine.keys(), after)

    def _after_turns(
        self, phase: Var, mine: Iterable[int], after: list[tuple[dict[int, Binding], dict[int, Thing]]]
    ) -> None:
        """What differs from state to state takes turns from here on, where it is a pointer or a structure."""
        keys = dict.fromkeys([*mine, *(k for env, objects in after for k in (*env, *objects))])
        for key in keys:
            found = [objects.get(key) or env.get(key) for env, objects in after]
            if all(f == found[0] for f in found) and key not in mine:
                continue
            if all(isinstance(f, Pointer) or f == NULL for f in found) or all(isinstance(f, Bag) for f in found):
                self.shifting[key] = phase, tuple(found)  # type: ignore[arg-type]
                self._bind_state({key: found[0]})  # type: ignore[dict-item]
                continue
            self.shifting.pop(key, None)
            self.objects.pop(key, None)
            self.env[key] = Nothing("one thing or another, as a loop left it")

    # ------------------------------------------------------------ branches

    def choice(self, cond: Expr, then: Callable[[], None], orelse: Callable[[], None] | None) -> None:
        if isinstance(cond, Const):
            super().choice(cond, then, orelse)
            return
        env, objects, shifting = dict(self.env), dict(self.objects), dict(self.shifting)
        after: list[tuple[dict[int, Binding], dict[int, object]]] = []

        def side(read: Callable[[], None], true: Expr) -> Callable[[], None]:
            def go() -> None:
                self.env.clear()
                self.env.update(env)
                self.objects = dict(objects)
                unset = [k for k, v in env.items() if v == Nothing(UNSET) and self.level.get(k, 0) == self.depth]
                self.depth += 1
                self.level |= dict.fromkeys(unset, self.depth)  # a value they get here is one of this side
                with self.inside(true):
                    read()
                self.depth -= 1
                self.level |= dict.fromkeys(unset, self.depth)
                after.append((dict(self.env), dict(self.objects)))
            return go

        super().choice(cond, side(then, cond), side(orelse or (lambda: None), self.math.unary("!", cond)))
        self._joined_state(cond, env, after)
        one_sided = {k for k, v in self.shifting.items() if shifting.get(k) != v}  # turns that one side alone knows
        for key in one_sided:
            del self.shifting[key]
            self.env[key] = Nothing("one thing or another, as a branch decides")
        self._turns_of_sides(cond, [k for k in env if k not in one_sided], [bound for bound, _ in after])

    def _turns_of_sides(self, cond: Expr, keys: Iterable[int], after: list[dict[int, Binding]]) -> None:
        """Pointers that a branch decides between: what follows is read for each of them, as if they took turns."""
        yes, no = after
        found = {k: (yes[k], no[k]) for k in keys if k in yes and k in no and yes[k] != no[k] and self._may_turn(k)}
        found = {k: sides for k, sides in found.items() if all(isinstance(p, Pointer) or p == NULL for p in sides)}
        if not found or not self.stable(cond):
            return
        phase = self.kept(self.math.select(cond, ZERO, ONE), "side")
        for key, sides in found.items():
            self.shifting[key] = phase, sides
            self._bind_state({key: sides[0]})

    def _joined_state(
        self, cond: Expr, env: dict[int, Binding], after: list[tuple[dict[int, Binding], dict[int, object]]]
    ) -> None:
        """After a branch: what both sides left alike, sizes chosen between, the rest no longer known."""
        (yes, yes_objects), (no, no_objects) = after
        for key in env:
            a, b = yes.get(key), no.get(key)
            if a is None or b is None or a == b:
                continue
            if isinstance(a, Items) and isinstance(b, Items):
                both = zip(a.items, b.items, strict=True)
                self.env[key] = Items(tuple(self.math.select(cond, x, y) for x, y in both), a.type)
            else:
                self.env[key] = Nothing("one thing or another, as a branch decides")
        for key in set(yes_objects) & set(no_objects):
            if yes_objects[key] != no_objects[key]:
                self.objects[key] = Bag()


def _moves_what_it_declares(n: Node) -> bool:
    """Whether a loop changes a pointer or a structure that its head declares."""
    init = head(n).init if n.kind == "FOR_STMT" else None
    if init is None:
        return False
    made = {d.key for d in init.walk() if d.kind == "VAR_DECL" and not (d.type.is_scalar and not d.type.reference)}
    return bool(made & n.unit.once(changed, n))
