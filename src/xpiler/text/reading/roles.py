"""Work for a core of another kind: what a memory core does between two meetings, one compute core does as well."""

from __future__ import annotations

from xpiler.ir.nodes import Binary, Const
from xpiler.ir.types import DType
from xpiler.text.clang import Node
from xpiler.text.inline import returns
from xpiler.text.reading.switch import Switches

_WRAPPED = ("PAREN_EXPR", "UNEXPOSED_EXPR")


class Roles(Switches):
    """Reading choices between kinds of cores (`xp.role:own` and `xp.role:other` mark what asks for one).

    The body of what asks is true on the core that does the other kind's work, where it asks for that kind, and false
    there where it asks for the kind that is read. The work ends where the other core leaves; all that it may share with
    the cores that are read is memory, and when, meetings say."""

    def role(self, n: Node) -> str | None:
        """Whether the condition of a choice asks: "own", "other" or None. For a core of the other kind it may ask with
        more: `other && more`."""
        cond, swapped = n, False
        while True:
            cond = _bare(cond)
            if cond.kind != "UNARY_OPERATOR" or cond.unary != "!":
                break
            cond, swapped = cond.children[-1], not swapped
        if _is_both(cond) and not swapped:
            return "other" if self.role(cond.children[0]) == "other" else None
        fn = cond.referenced if cond.kind == "CALL_EXPR" else None
        asked = fn.note("xp.role:") if fn is not None else None
        if cond.kind == "BINARY_OPERATOR" and self._stated(cond) is not None:
            asked = {"==": "other", "!=": "own"}.get(cond.binary)
        return asked if asked is None or not swapped else "own" if asked == "other" else "other"

    def _stated(self, n: Node) -> Node | None:
        """What tells the kinds of cores apart, where n compares it with the number of the other kind (`xp.other:`)."""
        sides = [_bare(c) for c in n.children]
        for number, value in (sides, sides[::-1]) if len(sides) == 2 else ():
            var = number.referenced if number.kind == "DECL_REF_EXPR" else None
            told = var.note("xp.other:") if var is not None else None
            if told is not None and value.constant is not None and int(value.constant) == int(told):
                return number
        return None

    def by_role(self, n: Node, role: str) -> None:
        """if (asked) A else B, in the order of the text."""
        then, orelse = n.children[1], n.children[2] if len(n.children) > 2 else None
        if _is_both(_bare(n.children[0])) and (orelse is not None or returns(then)):
            raise self.unsupported(n, "a way that a core of another kind goes with other cores, or leaves by, at times")
        for branch, first in ((then, True), (orelse, False)):
            if branch is None:
                continue
            if (role == "own") == first:
                self.sequence((branch,))
            else:
                self._other(n, branch, first)

    def _compared(self, cond: Node) -> Node | None:
        cond = _bare(cond)
        if cond.kind == "UNARY_OPERATOR":
            return self._compared(cond.children[-1])
        return self._stated(cond) if cond.kind == "BINARY_OPERATOR" else None

    def _other(self, n: Node, branch: Node, first: bool) -> None:
        work = list(branch.children) if branch.kind == "COMPOUND_STMT" else [branch]
        while work and work[-1].kind in ("RETURN_STMT", "NULL_STMT"):
            work.pop()
        if any(map(returns, work)):
            raise self.unsupported(n, "a core of another kind that leaves in the middle of its work")
        if any(map(_meets, work)):
            raise self.unsupported(n, "a meeting inside what is the work of a core of another kind alone")
        if not work:
            return
        asks, more = _bare(n.children[0]), []
        while _is_both(asks):
            more.append(asks.children[1])
            asks = _bare(asks.children[0])
        self.asking = True
        cond, at = self.condition(asks), self._compared(asks)
        self.asking = False
        if at is not None:
            first, number = True, self.scalar(at)
            cond = Binary("==", number, Const(0, number.dtype), DType.BOOL)
        read = lambda: self._where(more, tuple(work))  # noqa: E731
        self.choice(cond, read if first else lambda: None, None if first else read)

    def _where(self, conditions: list[Node], work: tuple[Node, ...]) -> None:
        """Statements where conditions hold, the last of which is asked first."""
        if not conditions:
            self.sequence(work)
            return
        self.choice(self.condition(conditions[-1]), lambda: self._where(conditions[:-1], work), None)


def _bare(n: Node) -> Node:
    while n.kind in _WRAPPED and len(n.children) == 1:
        n = n.children[0]
    return n


def _is_both(n: Node) -> bool:
    return n.kind == "BINARY_OPERATOR" and n.binary == "&&"


def _meets(n: Node) -> bool:
    fn = n.referenced if n.kind == "CALL_EXPR" else None
    name = fn.note("xp.primitive:barrier.") if fn is not None else None
    return name not in (None, "core") or any(map(_meets, n.every_child))
