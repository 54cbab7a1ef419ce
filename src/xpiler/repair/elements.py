"""Elements of arrays in the right program, their subscripts spelled so that another text may use them.

Its constants are their numbers there, a variable that the other text does not have is what it began as where nothing
else is written to it, and a pointer that was moved is the array it was moved in: `row[c * C]` after
`row = x + i * W` becomes `x[i * 6 + c * 3]`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from xpiler.repair.flow import Flow
from xpiler.text.clang import Node
from xpiler.text.sites import Sites

_BINDS = {"+": 1, "-": 1, "*": 2, "/": 2, "%": 2}  # the higher, the closer
_LEAF = 3
DEPTH = 6  # variables one of which began as what the next one is


@dataclass(frozen=True)
class Elements:
    """Of the right program `at`; `known`: the variables of the other text, and whether they are numbers."""

    at: Sites
    known: Mapping[str, bool]

    @cached_property
    def _settled(self) -> frozenset[str]:
        """What keeps its first value."""
        flow = Flow(self.at)
        return flow.unwritten & flow.begun

    def element(self, n: Node) -> tuple[str, str] | None:
        """The array an element belongs to, under its name in the right program, and its subscript."""
        n = self.at.bare(n)
        if n.kind != "ARRAY_SUBSCRIPT_EXPR" or len(n.children) != 2:
            return None
        place = self._moved(n.children[0], DEPTH)
        own = self._spelled(n.children[1], DEPTH)
        if place is None or own is None:
            return None
        array, offset = place
        if offset is None:
            return array, own[0]
        return array, own[0] if offset[0] == "0" else offset[0] if own[0] == "0" else f"{offset[0]} + {own[0]}"

    def _moved(self, n: Node, depth: int) -> tuple[str, tuple[str, int] | None] | None:
        """The array a pointer leads into, and how far from where it begins."""
        n = self.at.bare(n)
        if n.kind == "BINARY_OPERATOR" and n.binary == "+" and len(n.children) == 2:
            return self._further(n.children[0], n.children[1], depth)
        if n.kind == "UNARY_OPERATOR" and n.unary == "&" and n.children:
            inner = self.at.bare(n.children[0])
            if inner.kind == "ARRAY_SUBSCRIPT_EXPR" and len(inner.children) == 2:
                return self._further(inner.children[0], inner.children[1], depth)
        ref = n.referenced if n.kind == "DECL_REF_EXPR" else None
        if ref is None:
            return None
        if depth and ref.initializer is not None and n.spelling in self._settled and ref.type.kind == "pointer":
            return self._moved(ref.initializer, depth - 1)
        return n.spelling, None

    def _further(self, pointer: Node, by: Node, depth: int) -> tuple[str, tuple[str, int] | None] | None:
        place, more = self._moved(pointer, depth), self._spelled(by, depth)
        if place is None or more is None:
            return None
        array, offset = place
        return array, more if offset is None else (f"{offset[0]} + {_within(more, 1)}", 1)

    def _spelled(self, n: Node, depth: int) -> tuple[str, int] | None:
        """An integer, and how close it binds; None where it cannot be spelled."""
        n = self.at.bare(n)
        if isinstance(n.constant, int) and not isinstance(n.constant, bool):
            return str(n.constant), _LEAF if n.constant >= 0 else 0
        match n.kind:
            case "DECL_REF_EXPR" if n.referenced is not None:
                first = n.referenced.initializer
                if self.known.get(n.spelling) is True:
                    return n.spelling, _LEAF
                return self._spelled(first, depth - 1) if depth and first is not None \
                    and n.spelling in self._settled else None
            case "BINARY_OPERATOR" if n.binary in _BINDS and len(n.children) == 2:
                a, b = (self._spelled(c, depth) for c in n.children)
                binds = _BINDS[n.binary]
                # what is on the right is done first in `a - (b - c)` and `a / (b * c)`
                later = binds + (n.binary not in ("+", "*"))
                return None if a is None or b is None else \
                    (f"{_within(a, binds)} {n.binary} {_within(b, later)}", binds)
            case "CSTYLE_CAST_EXPR" if n.children:
                return self._spelled(n.children[-1], depth)
            case "MEMBER_REF_EXPR":
                return self.at.source(n), _LEAF
            case _:
                return None


def _within(part: tuple[str, int], binds: int) -> str:
    """A part of what binds so close."""
    return part[0] if part[1] >= binds else f"({part[0]})"
