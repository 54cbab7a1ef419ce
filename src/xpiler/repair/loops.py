"""Subscripts that the loops around a place make: where an array has their axes, in any order, one behind another."""

from __future__ import annotations

from itertools import permutations

from xpiler.ir.nodes import Buffer, Const
from xpiler.text.sites import Site, Sites, wrapped

AXES = 3  # loops that are tried together


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


def _size(at: Sites, array: str) -> int:
    """How many elements an array has that is given, 0 where that is not known."""
    params = at.program.launcher.params if at.program.launcher is not None else ()
    extents = (p.extent for p in params if isinstance(p, Buffer) and p.name == array)
    return next((int(e.value) for e in extents if isinstance(e, Const)), 0)
