"""Statements that make what is missing of what is there: calls on whole arrays, and registers that are assigned.

What the right program makes of parts that arrays and registers of the text hold, one function of the platform may make
of these: which one, the runs say. It stands where these were written, or where what it makes is read."""

from __future__ import annotations

import re
from collections.abc import Sequence

from xpiler.repair.hole import Made
from xpiler.repair.inserted import Gap, Gaps, gaps_of
from xpiler.repair.scope import Scope
from xpiler.text.sites import Sites

SETS = 4  # of parts that are tried
_WORD = re.compile(rb"[A-Za-z_]\w*")


def handed(at: Sites, scope: Scope, made: Made, parts: Sequence[frozenset[str]]) -> None:
    """At the gaps beside them, what may be made of each set of parts: of what nobody reads first."""
    into = Gaps(at, scope)
    few = sorted(parts, key=lambda p: (not p & into.flow.unread, len(p)))[:SETS]
    for gap in gaps_of(at):
        if gap.host:
            continue
        beside = _beside(at, gap)
        here = {v.spelled for v in scope.at_site(gap.site)}
        for names in dict.fromkeys(some & here for some in few):
            if names and beside & (names | into.flow.asking[0]):
                into.handed(gap, made, names)
                into.registers(gap, made, names)


def _beside(at: Sites, gap: Gap) -> set[str]:
    """The words of the statements before and behind a gap."""
    mask, place = at.mask, gap.at
    before = max(mask.rfind(c, 0, max(0, place - 1)) for c in (b";", b"{", b"}")) + 1
    behind = re.compile(rb"[^;{}]*[;{}]?").match(mask, place)
    return {w.decode() for w in _WORD.findall(mask[before:behind.end() if behind else place])}
