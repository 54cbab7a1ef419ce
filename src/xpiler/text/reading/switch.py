"""Switches: a chain of choices, in which a case that falls through goes on with the statements of the next."""

from __future__ import annotations

from dataclasses import dataclass

from xpiler.ir.nodes import Expr
from xpiler.text.clang import Node
from xpiler.text.inline import always_returns, returns
from xpiler.text.reading.loops import Loops

_OWN_BREAKS = frozenset({"FOR_STMT", "WHILE_STMT", "DO_STMT", "SWITCH_STMT"})
_MOST_STATEMENTS = 256  # read for all cases together, each as often as it is reached


@dataclass(frozen=True)
class _Group:
    """Labels (None for default) and the statements from there to the end of the switch."""

    labels: tuple[Node | None, ...]
    statements: tuple[Node, ...]


class Switches(Loops):
    """Reading switches."""

    def switch(self, n: Node, rest: tuple[Node, ...] = ()) -> None:
        """A switch; `rest` follows where none of its cases returned."""
        parts = list(n.children)
        while parts[0].kind in ("DECL_STMT", "VAR_DECL"):
            self.statement(parts.pop(0))
        value = self.steady(self.scalar(parts[0]), "chosen")
        groups = _groups(parts[-1])
        if sum(len(_reached(g.statements)) for g in groups) > _MOST_STATEMENTS:
            raise self.unsupported(n, "a switch whose cases fall through this often")
        self._cases(value, groups, rest)

    def _cases(self, value: Expr, groups: list[_Group], rest: tuple[Node, ...]) -> None:
        ordered = [g for g in groups if None not in g.labels] + [g for g in groups if None in g.labels]
        if not ordered:
            self.sequence(rest)
            return
        first = ordered[0]
        if None in first.labels:
            self._until_break(first.statements, rest)
            return
        cond: Expr | None = None
        for label in first.labels:
            assert label is not None, "the default is handled above"
            one = self.math.binary("==", value, self.math.convert(self.scalar(label), value.dtype))
            cond = one if cond is None else self.math.binary("||", cond, one)
        assert cond is not None, "a group has labels"
        self.choice(
            cond, lambda: self._until_break(first.statements, rest), lambda: self._cases(value, ordered[1:], rest)
        )

    def _until_break(self, statements: tuple[Node, ...], rest: tuple[Node, ...]) -> None:
        """Statements of a case up to the break that ends it, and then `rest`."""
        for k, s in enumerate(statements):
            after = statements[k + 1:]
            if s.kind == "BREAK_STMT":
                break
            if s.kind in ("RETURN_STMT", "CONTINUE_STMT"):
                self.statement(s)
                return
            if not _breaks_out(s) and not (self.targets and returns(s)):
                self.statement(s)
                continue
            match s.kind:
                case "COMPOUND_STMT":
                    self._until_break((*s.children, *after), rest)
                case "IF_STMT":
                    self._if_in_case(s, after, rest)
                case _ if _breaks_out(s):
                    raise self.unsupported(s, "a break out of a switch from in here")
                case _ if any(map(_breaks_out, _reached(after))):
                    raise self.unsupported(s, "a return from a loop in a case with breaks inside branches")
                case _:
                    self.return_early(s, (*_reached(after), *rest))
            return
        self.sequence(rest)

    def _if_in_case(self, s: Node, after: tuple[Node, ...], rest: tuple[Node, ...]) -> None:
        parts = list(s.children)
        while parts[0].kind in ("DECL_STMT", "VAR_DECL"):
            self.statement(parts.pop(0))
        cond, yes, no = self.condition(parts[0]), parts[1], parts[2:3]
        more = () if always_returns(yes) else after
        others = () if no and always_returns(no[0]) else after
        self.choice(
            cond, lambda: self._until_break((yes, *more), rest), lambda: self._until_break((*no, *others), rest)
        )


def _groups(body: Node) -> list[_Group]:
    """The places a switch may jump to, in the order of the text."""
    flat: list[Node] = []
    starts: list[tuple[int, tuple[Node | None, ...]]] = []
    for s in body.children:
        labels: list[Node | None] = []
        while s.kind in ("CASE_STMT", "DEFAULT_STMT"):
            labels.append(s.children[0] if s.kind == "CASE_STMT" else None)
            s = s.children[-1]
        if labels:
            starts.append((len(flat), tuple(labels)))
        flat.append(s)
    return [_Group(labels, tuple(flat[at:])) for at, labels in starts]


def _reached(statements: tuple[Node, ...]) -> tuple[Node, ...]:
    """The statements of a case before the break that always ends it."""
    for k, s in enumerate(statements):
        if s.kind == "BREAK_STMT":
            return statements[:k]
        if s.kind in ("RETURN_STMT", "CONTINUE_STMT"):
            return statements[:k + 1]
        if s.kind == "COMPOUND_STMT" and len(inner := _reached(s.children)) < len(s.children):
            return (*statements[:k], *inner)
    return statements


def _breaks_out(n: Node) -> bool:
    """Whether a break inside a statement leaves the switch around it."""
    if n.kind == "BREAK_STMT":
        return True
    return n.kind not in _OWN_BREAKS and any(map(_breaks_out, n.children))
