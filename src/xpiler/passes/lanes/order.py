"""Order: of the independent loops around what runs in lanes, that one is innermost which most of what is read outlasts.

    for row: for head: reads k[.., head, ..] and v[.., head, ..]     ->     for head: for row: the same
"""

from __future__ import annotations

from xpiler.facts import sym
from xpiler.facts.sym import Sym
from xpiler.facts.writes import Write

LEAST = 1 << 12  # elements that are worth the change
GUESS = 16  # iterations of a loop whose length is known at run time
TIMES = 4  # as much more outlasts the loop than the one that was innermost


def ordered(buffer: str, w: Write) -> Write:
    """The write with its loops but for the last in that order; as it is where it reads what it writes to."""
    if len(w.vars) < 3 or any(sym.extent_of(u).free & {*w.vars} for u in w.vars):
        return w
    *outer, last = w.vars
    loads = sym.collect(w.value, lambda n: n.op == "ld")
    outlasting = {u: sum(_elements(n, outer) for n in loads if u not in n.free and n.free & {*outer}) for u in outer}
    best = max(outer, key=lambda u: outlasting[u])
    if any(n.data == buffer for n in loads) or outlasting[best] < max(LEAST, TIMES * outlasting[outer[-1]] + 1):
        return w
    return Write((*(u for u in outer if u is not best), best, last), w.index, w.guard, w.value)


def _elements(load: Sym, outer: list[Sym]) -> int:
    """How many elements a load brings while the outer loops stand still, as far as loops have a known length."""
    found = 1
    for v in load.free:
        if v not in outer and v.op == "var" and isinstance(v.data, tuple) and v.data[1] is not None:
            n = sym.extent_of(v)
            found *= sym.value_of(n) if sym.is_const(n) else GUESS
    return found
