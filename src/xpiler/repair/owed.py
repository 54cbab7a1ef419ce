"""What a text owes whatever else is wrong in it: an output that nothing is written to has to be written, and a number
that goes on from what it held has to begin.

So a statement that writes one is followed although nothing is nearer with it, as something else is wrong besides: when
what is nearer was followed, and before what takes longer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from xpiler.repair.flow import Flow
from xpiler.repair.nodes import Node
from xpiler.repair.opened import Text
from xpiler.repair.parts import frozen
from xpiler.repair.score import Score
from xpiler.repair.sketch import Picks, Sketch
from xpiler.repair.unbegun import never_begun
from xpiler.text.sites import Sites

KEPT, CHEAPEST = 2, 2  # of the nearest that write an output, and of those that are the smallest change
AHEAD = 0.05  # so much before the text that owes it, and before loops that pay it: more than a change costs
_CAST = re.compile(r"\(\s*[\w\s]*\*\s*\)")
_WRITTEN = re.compile(r"(?:.*\{)?\s*(?:\w+\s*\()?[\s(&*]*([A-Za-z_]\w*)", re.DOTALL)


def owed(at: Sites) -> frozenset[str]:
    """The outputs of what runs on the machine that nothing is written to, and the numbers that never begin."""
    outputs = {p.spelling for fn in at.functions if at.is_kernel(fn) for p in fn.params
               if p.type.kind == "pointer" and not frozen(p)}
    return Flow(at).asking[0] & outputs | {n.spelling for n in never_begun(at).values()}


def paid(sketch: Sketch, picks: Picks) -> frozenset[str]:
    """The names that statements write which these choices put in."""
    chosen = ((sketch.holes[k], c) for k, c in picks.items())
    return frozenset(writes(h.choices[c - 1].spelled) for h, c in chosen if h.start == h.end)


def writes(statement: str) -> str:
    """The name of what an assignment, a call or a loop around one writes to."""
    found = _WRITTEN.match(_CAST.sub("", statement))
    return found[1] if found else ""


def paying(nodes: Iterable[Node]) -> list[Node]:
    """Those to follow of the choices that write what is owed: the nearest, and the smallest changes."""
    every = sorted(nodes, key=lambda n: n.weight)
    nearest = sorted(every, key=lambda n: (bool(n.score.met), -n.hope[1]))[:KEPT]
    return nearest + [n for n in every if n not in nearest][:CHEAPEST]


def credited(text: Text, others: Iterable[Score]) -> Text:
    """A text that writes what is owed counts as a little nearer than these, whatever it breaks."""
    return replace(text, credit=max(0.0, *(s.value - text.score.value for s in others)) + text.lost + AHEAD)
