"""Is the last element of an array reached, whatever the sizes? Shown by the last iterations of the loops around its
accesses: where at all sizes one of them is of the last element, it is."""

from __future__ import annotations

import time
from collections.abc import Mapping

from xpiler.ir.nodes import Program
from xpiler.platforms.platform import Platform
from xpiler.verify.argue.accesses import TooMuch, Walk, walked
from xpiler.verify.argue.argue import given
from xpiler.verify.argue.question import Clock, Never, OutOfTime, Question, ask
from xpiler.verify.argue.terms import (
    ONE, Atom, Cond, Poly, Terms, all_atoms, below, both, either, equal, negate, number,
)
from xpiler.verify.argue.touched import Access
from xpiler.verify.evaluate import Number


_MOST = 8  # accesses that are looked at


def reached(program: Program, platform: Platform, array: str, let: Mapping[str, Number], seconds: float) -> bool:
    """Whether the argument shows it; `seconds` are of processor time."""
    clock = Clock(time.thread_time() + seconds)
    try:
        walk = walked(lambda: Walk(program, platform, Terms(), let=let), "")
        touching = [a for a in walk.found.accesses if a.memory.name == array and not a.late][:_MOST]
        free = walk.unknown_sizes
        known = [given(a.path, free) for a in touching]
        said = [c for c in dict.fromkeys(c for g in known for c in g) if all(c in g for g in known)]
        ends: dict[Atom, Poly] = {}
        for a in touching:
            said += _not_last(a, walk, ends)
        answer = ask(Question(tuple((c, 1) for c in said)), clock) if touching else None
        return isinstance(answer, Never)
    except (TooMuch, OutOfTime):
        return False


def _not_last(a: Access, walk: Walk, ends: dict[Atom, Poly]) -> list[Cond]:
    """That an access is not of the last element in the last iterations of the loops around it, if there are such.

    `ends` are the last iterations of the loops we know of: accesses that need others are left out."""
    free = walk.unknown_sizes
    loose = sorted((x for x in all_atoms((a.index, *a.conds)) if x.kind in ("sym", "truth") and x not in free),
                   key=lambda x: x.number)
    if a.memory.extent is None or any(x.abstract or x.where for x in loose):
        return []
    last = {x: _end(x, a.conds, loose, walk.terms) for x in loose}
    if any(ends.get(x, end) != end for x, end in last.items()):
        return []
    ends |= last
    none = either(c for x, end in last.items() for c in (below(end, number(x.low)), below(number(x.high), end)))
    there = both((*a.conds, equal(a.index, a.memory.extent - ONE)))
    return [either((none, equal(Poly(((x, 1),)), end))) for x, end in last.items()] + [either((none, negate(there)))]


def _end(x: Atom, conds: tuple[Cond, ...], loose: list[Atom], terms: Terms) -> Poly:
    """The largest that a counter is, by the its range and the conditions on it."""
    later = {y for y in loose if y.number > x.number}
    out = number(x.high)
    for c in conds:
        of = dict(c.sum.parts)
        if c.op != "le" or of.get(x, 0) <= 0:
            continue
        rest = Poly(tuple((y, k) for y, k in c.sum.parts if y is not x and y not in later), c.sum.constant)
        rest += number(sum(k * (y.low if k > 0 else y.high) for y, k in c.sum.parts if y in later))
        if any(y is x or y in later for y in all_atoms((rest,))):
            continue
        out = terms.minimum(terms.div(rest.times(-1), of[x]), out)
    return out
