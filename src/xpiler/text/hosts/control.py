"""Control flow of a host function: what bears on the device is followed, the rest is left out where that is safe."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar


from xpiler.fault import Fault
from xpiler.ir.nodes import Assign, Const, Expr, For, If, Let, Load, Stmt, Store, While
from xpiler.ir.walk import expressions, statements, subexpressions
from xpiler.text.arithmetic import ZERO
from xpiler.text.clang import Node
from xpiler.text.hosts.bearing import bears, changed, declared, escapes, written_through
from xpiler.text.hosts.events import TO_HOST, Touched
from xpiler.text.hosts.loops import HostLoops
from xpiler.text.hosts.values import Container
from xpiler.text.inline import returns
from xpiler.text.reading.statements import Statements
from xpiler.text.reading.values import Nothing, Place, Pointer, Value

_LOOPS = ("FOR_STMT", "WHILE_STMT", "DO_STMT")
_V = TypeVar("_V")
_SCALAR = (Let, Assign, For, While, If)


class HostControl(HostLoops):
    """Reading statements of the host."""

    # ------------------------------------------------------------ sequences and statements

    def sequence(self, statements: tuple[Node, ...]) -> None:
        for k, s in enumerate(statements):
            if self.targets and returns(s) and not self._only_errors(s):
                self.here = s.span if s.in_text else self.here
                self.return_early(s, statements[k + 1:])
                return
            self.statement(s)

    def _only_errors(self, s: Node) -> bool:
        """Whether main returns here only where something went wrong: a condition on what the host computed."""
        if not self.is_main or s.kind != "IF_STMT" or bears(s):
            return False
        with self.trial() as undo:
            try:
                known = self.condition(s.children[0])
            except Fault:
                known = ZERO
            undo()
        return not isinstance(known, Const) or not known.value or "argc" in {x.spelling for x in s.children[0].walk()}

    def finish(self, n: Node, target: object) -> None:
        if not self.is_main or len(self.functions) > 1:
            super().finish(n, target)  # type: ignore[arg-type]

    def statement(self, n: Node) -> None:
        if n.kind in ("COMPOUND_STMT", "RETURN_STMT"):
            super().statement(n)
            return
        turning = self._turning(n)
        if turning is not None:
            self._by_turns(turning, n)
        elif self.unit.once(bears, n) or self.moves_managed(n) or self._fills_caller(n):
            self._bearing(n)
        else:
            self._tolerated(n)

    def _call(self, n: Node, into: Place | None, used: bool) -> Value:
        if self.moves_managed(n):
            self._copy(n)
            return Nothing()
        if self._fills_caller(n):
            self.fill(n, direction=TO_HOST[0])
            return Nothing()
        return super()._call(n, into, used)

    def _fills_caller(self, n: Node) -> bool:
        """Whether a statement is a memset of an array of the launcher's caller: a fill as any other, copied out."""
        if self.is_main or n.kind != "CALL_EXPR" or n.spelling != "memset" or len(n.arguments) != 3:
            return False
        with self.trial() as undo:
            dst = self.value(n.arguments[0])
            undo()
        return isinstance(dst, Pointer) and dst.buffer in self.hosts and self.hosts[dst.buffer].param

    def moves_managed(self, n: Node) -> bool:
        """Whether a statement is a memcpy from or to memory that both sides see."""
        if n.kind != "CALL_EXPR" or n.spelling not in ("memcpy", "memmove") or len(n.arguments) != 3:
            return False
        with self.trial() as undo:
            ends = [e.buffer for e in map(self.value, n.arguments[:2]) if isinstance(e, Pointer)]
            undo()
        return any(name in self.devices and self.devices[name].managed for name in ends)

    def _short_circuit(self, n: Node) -> Expr:
        return self._perhaps(n, n.children[1:], lambda: HostLoops._short_circuit(self, n))

    def _conditional(self, n: Node) -> Value:
        return self._perhaps(n, n.children[1:], lambda: HostLoops._conditional(self, n))

    def _perhaps(self, n: Node, parts: tuple[Node, ...], read: Callable[[], _V]) -> _V:
        """An expression whose parts may not be reached: what they change is a variable before it."""
        keys = {k for part in parts for k in self.unit.once(changed, part)}
        if not keys or self._decided(n):
            return read()
        self.open_scalars(keys, declared(n))
        same = self._carried(n)
        self.depth += 1
        found = read()
        self.depth -= 1
        if not same():
            raise self.fault("XP1009", "what this changes on the way is not followed", n, "", "a choice")
        return found

    def _bearing(self, n: Node) -> None:
        if n.kind in _LOOPS:
            self._host_loop(n)
            return
        if n.kind == "IF_STMT":
            if not self._decided(n):
                self.open_scalars(self.changes(n), declared(n))
        super().statement(n)

    def _decided(self, n: Node) -> bool:
        """Whether a condition is known."""
        with self.trial() as undo:
            try:
                known = isinstance(self.condition(n.children[0]), Const)
            except Fault:
                known = False
            undo()
        return known

    def _tolerated(self, n: Node) -> None:
        """A statement without a bearing on the device: kept where it computes scalars, else left out."""
        fault: Fault | None = None
        with self.trial() as undo, self.captured() as inside:
            try:
                if n.kind in (*_LOOPS, "IF_STMT", "SWITCH_STMT") and not (n.kind == "IF_STMT" and self._decided(n)):
                    self.open_scalars(self.changes(n), declared(n))
                if n.kind in _LOOPS:
                    self._loop_of_scalars(n)
                else:
                    super().statement(n)
            except Fault as f:
                fault = f
            kept = fault is None and all(isinstance(s, _SCALAR) and not _loads(s) for s in statements(tuple(inside)))
            if not kept:
                self._must_not_store(tuple(inside), n)
                undo()
                if escapes(n) or returns(n) and (not self.is_main or len(self.functions) > 1):
                    raise fault or self.fault(
                        "XP1009", "a loop of the host that is left, or goes on, from in here is not followed", n,
                        "a launcher's loops run to their ends", "a condition around what follows",
                    )
                self.left_out.append(n)
                if arrays := self._mentioned(n):
                    self.events.append(Touched(arrays, self.under, self.in_loop, n))
                made = {d.key for d in n.walk() if d.kind == "VAR_DECL"}
                self.forget(self.changes(n) | made, declared(n))
        if kept:
            self.out.extend(inside)

    def _loop_of_scalars(self, n: Node) -> None:
        """A loop of the host alone: it may not change what a loop of the launcher cannot carry."""
        same = self._carried(n)
        self.depth += 1
        Statements.statement(self, n)
        self.depth -= 1
        if not same():
            raise self.fault("XP1009", "this loop of the host is not followed", n)

    def _mentioned(self, n: Node) -> frozenset[str]:
        """The host arrays a statement mentions."""
        names: set[str] = set()
        for x in n.walk():
            if x.kind != "DECL_REF_EXPR" or x.referenced is None:
                continue
            cell = self.cell(x)
            held = None if cell is None else self.in_cell(cell)
            if isinstance(held, Pointer | Place | Container):
                names.add(held.buffer)
        managed = {d.name for d in self.devices.values() if d.managed}
        return frozenset(names & (set(self.hosts) | managed))

    def _must_not_store(self, inside: tuple[Stmt, ...], n: Node) -> None:
        """A launcher that computes on its caller's arrays is more than a launcher."""
        if self.is_main:
            return
        stored = {s.buffer for s in statements(inside) if isinstance(s, Store)}
        stored |= {p.buffer for k in written_through(n) if isinstance(p := self.env.get(k), Pointer | Place)}
        for buffer in stored:
            if (h := self.hosts.get(buffer)) is not None and h.param:
                raise self.fault(
                    "XP1009", "this host statement is not part of a launcher's vocabulary", n,
                    "launchers allocate, copy, launch and free; they do not compute on buffers",
                    "move it out of the function that launches",
                )


def _loads(s: Stmt) -> bool:
    return any(isinstance(x, Load) for e in expressions(s) for x in subexpressions(e))
