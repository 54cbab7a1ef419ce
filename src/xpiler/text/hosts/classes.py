"""Objects of a text's own classes on the host: their constructors and methods are read on the members they hold."""

from __future__ import annotations

from itertools import pairwise

from xpiler.text.clang import Node
from xpiler.text.ctype import CType
from xpiler.text.hosts.objects import HostObjects, bare
from xpiler.text.hosts.values import Bag, Cell
from xpiler.text.reading.values import Fields, Place, Value


class HostClasses(HostObjects):
    """Reading objects that hold memory of the device, or what a launch needs."""

    def start_host(self) -> None:
        super().start_host()
        self.owners: list[Cell] = []  # of the constructors and methods being read, innermost last
        self.titles: dict[int, str] = {}  # declaration of an object -> what the text calls it

    def cell(self, n: Node) -> Cell | None:
        inner = bare(n)
        if inner.kind == "MEMBER_REF_EXPR" and self.owners and _own(inner):
            return self.owners[-1] / inner.spelling
        if inner.kind == "UNARY_OPERATOR" and inner.unary == "*" and self.owners and _is_this(inner.children[-1]):
            return self.owners[-1]
        return super().cell(n)

    def _method(self, fn: Node, n: Node, into: Place | None) -> Value:
        callee = bare(n.children[0]) if n.children else n
        owner = self._owner(callee) if callee.kind == "MEMBER_REF_EXPR" else None
        if owner is None or not isinstance(self.in_cell(owner), Bag) or (fn.definition or fn).body is None:
            return super()._method(fn, n, into)
        return self._within(owner, fn, n.arguments, n)

    def _owner(self, callee: Node) -> Cell | None:
        """The object that a method is called on."""
        if _own(callee):
            return self.owners[-1] if self.owners else None
        base = callee.children[0]
        return self.pointed(base) if base.type.kind == "pointer" else self.cell(base)

    def named(self, cell: Cell, member: str) -> str:
        """What to call memory that a variable holds: by the object where a method of it asks for the memory."""
        return self.titles.get(cell.key, member) if self.owners and cell.path else member

    def record_owner(self, n: Node) -> Place | Fields:
        if self.owners and not self.this and _own(n):
            raise self.fault("XP1009", f"what `{n.spelling}` of this object is here is not known", n,
                             "a branch, or a statement that is not followed, may have changed it",
                             "a variable of its own for it")
        return super().record_owner(n)

    def _within(self, owner: Cell, fn: Node, args: tuple[Node, ...], n: Node) -> Value:
        given = self.bindings(fn, args, n)
        self.owners.append(owner)
        try:
            return self.inline(fn, args, n, bound=given)
        finally:
            self.owners.pop()

    def _bag(self, d: Node, ctype: CType, init: Node | None) -> Bag:
        made = None if init is None else bare(init)
        fn = None if made is None or made.kind != "CALL_EXPR" else made.referenced
        where = None if fn is None or fn.kind != "CONSTRUCTOR" else fn.definition
        if made is None or fn is None or where is None or where.body is None or not where.body.children:
            return super()._bag(d, ctype, init)
        self.objects[d.key], self.titles[d.key] = Bag(), d.spelling
        self._constructed(Cell(d.key), d, fn, made)
        found = self.objects[d.key]
        return found if isinstance(found, Bag) else Bag()

    def _constructed(self, owner: Cell, d: Node, fn: Node, n: Node) -> None:
        """What a constructor does: the values of its class, those it lists, and its body."""
        where, args = fn.definition or fn, n.arguments or n.children
        given = self.bindings(fn, args, n)
        self.env.update(given)
        self.owners.append(owner)
        listed = [(m, v) for m, v in pairwise(c for c in where.every_child if c.kind != "PARM_DECL")
                  if m.kind == "MEMBER_REF"]
        for name, value in (*d.member_defaults, *((m.spelling, v) for m, v in listed)):
            self.set_cell(owner / name, self._member_init(f"{d.spelling}_{name}", value))
        try:
            self.inline(fn, args, n, bound=given)
        finally:
            self.owners.pop()


def _own(member: Node) -> bool:
    """Whether a member expression is about the object itself."""
    return not member.children or _is_this(member.children[0])


def _is_this(n: Node) -> bool:
    return bare(n).kind == "CXX_THIS_EXPR"
