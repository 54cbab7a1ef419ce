"""Is the last element of an array reached, whatever the sizes? Shown by the last iterations of the loops around an
access: where one of them is that of the last element at all sizes, it is."""

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


def reached(program: Program, platform: Platform, array: str, let: Mapping[str, Number], seconds: float) -> bool:
    """Whether the argument shows it; `seconds` are of processor time."""
    clock = Clock(time.thread_time() + seconds)
    try:
        walk = walked(lambda: Walk(program, platform, Terms(), let=let), "")
        return any(_last(a, walk, clock) for a in walk.found.accesses if a.memory.name == array)
    except (TooMuch, OutOfTime):
        return False


def _last(a: Access, walk: Walk, clock: Clock) -> bool:
    free = walk.unknown_sizes
    loose = sorted((x for x in all_atoms((a.index, *a.conds)) if x.kind in ("sym", "truth") and x not in free),
                   key=lambda x: x.number)
    if a.memory.extent is None or any(x.abstract or x.where for x in loose):
        return False
    assumed = given(a.path, free)
    said = list(assumed)
    for x in loose:
        end = _end(x, a.conds, loose, walk.terms)
        if not _never((*said, either((below(end, number(x.low)), below(number(x.high), end)))), clock):
            return False
        said.append(equal(Poly(((x, 1),)), end))
    there = both((*(c for c in a.conds if c not in assumed), equal(a.index, a.memory.extent - ONE)))
    return _never((*said, negate(there)), clock)


def _end(x: Atom, conds: tuple[Cond, ...], loose: list[Atom], terms: Terms) -> Poly:
    """The largest that a counter is, by the conditions on it and on those before it, else by its range."""
    later = {y for y in loose if y.number > x.number}
    ends = [Poly(tuple((y, -k) for y, k in c.sum.parts if y is not x), -c.sum.constant)
            for c in conds if c.op == "le" and (x, 1) in c.sum.parts
            and not any(y in later for y in all_atoms((c,)))]
    out: Poly | None = None
    for end in ends:
        if all(y is not x for y in all_atoms((end,))):
            out = end if out is None else terms.minimum(out, end)
    return number(x.high) if out is None else out


def _never(conds: tuple[Cond, ...], clock: Clock) -> bool:
    return isinstance(ask(Question(tuple((c, 1) for c in conds)), clock), Never)
