"""Subscripts for an array that nobody reads: what the loops around a place make where it has their axes, in any order,
one behind another, and what is like the subscripts that there are."""

from __future__ import annotations

from itertools import permutations

from xpiler.ir.nodes import Buffer, Const
from xpiler.repair.parts import integral
from xpiler.repair.scope import Scope
from xpiler.text.sites import Site, Sites, wrapped

AXES, PITCHES = 3, 4  # loops that are tried together; variables and pitches of subscripts like others


def flat(at: Sites, s: Site, array: str) -> list[str]:
    """The index of an element in an array whose axes are two or three of the innermost loops around, as long as these
    go; only those that have as many elements as the array, where any have."""
    loops = list[tuple[str, str, int]]()
    for first, cond, _, _ in (at.for_parts(n) for n in s.above if n.kind == "FOR_STMT"):
        named = next((x.spelling for x in first.walk() if x.kind == "VAR_DECL"), "") if first is not None else ""
        bound = cond.children[1] if cond is not None and len(cond.children) == 2 else None
        if named and bound is not None and at.source(bound):
            value = at.bare(bound).constant
            loops.append((named, wrapped(at.source(bound)), value if isinstance(value, int) else 0))
    size, found = _size(at, array), list[tuple[str, int]]()
    for count in range(AXES, 1, -1):
        for axes in permutations(loops[-AXES:], count):
            index, elements = axes[0][0], axes[0][2]
            for name, end, length in axes[1:]:
                index, elements = f"{wrapped(index)} * {end} + {name}", elements * length
            found.append((index, elements))
    fits = [index for index, elements in found if elements and elements == size]
    return fits or [index for index, _ in found]


def formed(at: Sites, scope: Scope, s: Site) -> list[str]:
    """Subscripts like `row * n + col` of the text, with its pitches, and numbers that are given, and with other
    variables."""
    rows, pitches = dict[str, None](), dict[str, None]()
    for x in at.device:
        n = at.bare(x.node.children[1]) if x.node.kind == "ARRAY_SUBSCRIPT_EXPR" and len(x.node.children) == 2 else None
        row = at.bare(n.children[0]) if n is not None and n.binary == "+" and len(n.children) == 2 else None
        if n is not None and row is not None and row.binary == "*" and len(row.children) == 2:
            rows.update({at.source(v): None for v in (row.children[0], n.children[1])
                         if at.bare(v).kind == "DECL_REF_EXPR" and scope.visible(v, s)})
            pitches.update({at.source(row.children[1]): None} if scope.visible(row.children[1], s) else {})
    given = (v.spelled for v in scope.at_site(s) if v.node.kind == "PARM_DECL" and integral(v.node))
    every = list(dict.fromkeys([*pitches, *given]))[:PITCHES] if pitches else []
    return [f"{a} * {wrapped(p)} + {b}" for a, b in permutations(list(rows)[:PITCHES], 2) for p in every if p]


def planes(at: Sites, scope: Scope, s: Site, array: str) -> list[str]:
    """Elements of an array of two axes: at what it is written at, and at the innermost loop's variable."""
    axes = dict[str, None]()
    for x in at.device:
        n = x.node
        inner = at.bare(n.children[0]) if n.kind == "ARRAY_SUBSCRIPT_EXPR" and len(n.children) == 2 else None
        if inner is not None and inner.kind == n.kind and at.bare(inner.children[0]).spelling == array:
            axes.update({at.source(i): None for i in (inner.children[1], n.children[1]) if scope.visible(i, s)})
    loop = next((n for n in reversed(s.above) if n.kind == "FOR_STMT"), None)
    first = at.for_parts(loop)[0] if loop is not None else None
    axes.update({x.spelling: None for x in first.walk() if x.kind == "VAR_DECL"} if first is not None else {})
    return [f"{array}[{a}][{b}]" for a, b in permutations([a for a in axes if a][:PITCHES], 2)]


def _size(at: Sites, array: str) -> int:
    """How many elements an array has that is given, 0 where that is not known."""
    params = at.program.launcher.params if at.program.launcher is not None else ()
    extents = (p.extent for p in params if isinstance(p, Buffer) and p.name == array)
    return next((int(e.value) for e in extents if isinstance(e, Const)), 0)
