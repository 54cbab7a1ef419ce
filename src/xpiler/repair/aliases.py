"""Which variables of a text name the same memory: what a kernel or function is given, what is copied into what, and
pointers into other arrays. For suspecting, not for proving: whatever may be the same counts as the same."""

from __future__ import annotations

from collections.abc import Iterator

from xpiler.repair.instrument import root
from xpiler.text.clang import Node
from xpiler.text.hosts.bearing import is_launch
from xpiler.text.sites import Sites

_COPIES = ("host.copy", "host.rows")


def aliases(at: Sites) -> dict[int, int]:
    """Variable -> the one that stands for all that share its memory, by the keys of their declarations."""
    same: dict[int, int] = {}

    def top(key: int) -> int:
        while same.get(key, key) != key:
            key = same[key]
        return key

    for a, b in _pairs(at):
        if a and b and top(a) != top(b):
            same[top(b)] = top(a)
    return {key: top(key) for key in same}


def _pairs(at: Sites) -> Iterator[tuple[int, int]]:
    for s in at.every:
        n = s.node
        if n.kind == "VAR_DECL" and n.type.kind == "pointer" and n.initializer is not None:
            yield n.key, root(n.initializer)
        elif n.binary == "=" and len(n.children) == 2 and n.children[0].type.kind == "pointer":
            yield root(n.children[0]), root(n.children[1])
        elif is_launch(n):
            kernel = next((x.referenced for x in n.walk() if x.referenced is not None and x.referenced.params), None)
            yield from _given(kernel, n)
        elif n.kind == "CALL_EXPR" and n.referenced is not None and n.referenced.in_text:
            yield from _given(n.referenced, n)
        elif n.kind == "CALL_EXPR" and at.primitive(n) in _COPIES:
            yield tuple(root(a) for a in n.arguments[:2])  # type: ignore[misc]


def _given(fn: Node | None, call: Node) -> Iterator[tuple[int, int]]:
    """Parameters that point somewhere, with the variables they are given."""
    for p, a in zip(fn.params if fn is not None else (), call.arguments, strict=False):
        if p.type.kind in ("pointer", "array"):
            yield root(a), p.key
