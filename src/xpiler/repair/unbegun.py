"""A variable that only goes on from what it held: its first value is missing."""

from __future__ import annotations

from xpiler.repair.hole import Kind, Made
from xpiler.repair.inserted import KNOWN, gaps_of
from xpiler.repair.instrument import assignment, root
from xpiler.repair.scope import Scope
from xpiler.text.clang import Node
from xpiler.text.sites import Sites


def unbegun(at: Sites, scope: Scope, made: Made) -> None:
    """Behind the declaration of a number that has no first value, and is assigned nothing but what it held and more:
    nought."""
    never = never_begun(at)
    for gap in gaps_of(at) if never else ():
        for n in gap.site.node.walk() if gap.site.node.kind == "DECL_STMT" else ():
            if n.kind == "VAR_DECL" and n.key in never:
                text = f"{n.spelling} = 0;"
                made.add((gap.at, gap.at), text, f"{text.rstrip(';')} is put in", KNOWN, Kind.STATEMENT)


def never_begun(at: Sites) -> dict[int, Node]:
    """The declarations of such numbers, by their keys."""
    begun = _begun(at)
    return {key: n for key, n in _declared(at).items() if key not in begun}


def _declared(at: Sites) -> dict[int, Node]:
    """Numbers that are declared without a first value and are assigned to."""
    assigned = {root(sides[0]) for s in at.device if (sides := assignment(s.node)) is not None}
    assigned |= {root(s.node) for s in at.device if s.node.unary in ("x++", "++x", "x--", "--x")}
    return {s.node.key: s.node for s in at.device if s.node.kind == "VAR_DECL" and s.node.initializer is None
            and s.node.type.is_scalar and s.node.type.dtype is not None and s.node.key in assigned}


def _begun(at: Sites) -> set[int]:
    """What is assigned a value it has no part in, or handed over to be written."""
    found = set[int]()
    for s in at.device:
        sides = assignment(s.node)
        if sides is not None and s.node.kind != "COMPOUND_ASSIGNMENT_OPERATOR":
            own = root(sides[0])
            if not any(x.referenced is not None and x.referenced.key == own for x in sides[1].walk()):
                found.add(own)
        elif s.node.unary == "&":
            found.add(root(s.node))
    return found
