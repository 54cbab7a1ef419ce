"""The holes of a text: places where a person may have written the wrong thing, and what could stand there instead.

The skeleton stays. Open are numbers and variables in bounds, subscripts, offsets, lengths and guards; operators;
intrinsics and their operands; directions of copies; memories and extents of arrays; barriers; launches. What could
stand in a hole comes from the text itself, from the platform's header, and from small changes of what stands there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xpiler.repair.combined import combined
from xpiler.repair.constants import lost
from xpiler.repair.declared import declared
from xpiler.repair.flow import Flow
from xpiler.repair.grafts import Lacking, grafted
from xpiler.repair.handed import handed
from xpiler.repair.hole import Choice, Hole, Kind, Made
from xpiler.repair.idle import stepped
from xpiler.repair.inserted import gaps_of, inserted
from xpiler.repair.integers import numbers
from xpiler.repair.looped import looped
from xpiler.repair.scope import Scope
from xpiler.repair.statements import statements
from xpiler.repair.unbegun import unbegun
from xpiler.repair.values import calls, literals, operators
from xpiler.text.sites import Sites

_FINDERS: tuple[Callable[[Sites, Scope, Made], None], ...] = (
    numbers, operators, literals, calls, statements, declared,
)


def holes(at: Sites, constants: Sequence[str] = ()) -> tuple[Hole, ...]:
    """The holes of a text, those around others first; `constants` are those of the right program."""
    made, scope = Made(at), Scope(at, lost(at, constants))
    for find in _FINDERS:
        find(at, scope, made)
    return made.holes()


def gaps(at: Sites, constants: Sequence[str] = ()) -> tuple[Hole, ...]:
    """Where a statement may be missing."""
    made, scope = Made(at), Scope(at, lost(at, constants))
    inserted(at, scope, made)
    return made.holes()


def around(at: Sites) -> tuple[Hole, ...]:
    """Where something may be missing around a value."""
    made, scope = Made(at), Scope(at)
    combined(at, scope, made)
    return made.holes()


def asked_for(at: Sites, constants: Sequence[str] = ()) -> tuple[Hole, ...]:
    """Statements that a name asks for which nothing is written to, or only a first value, or none, or which nobody
    reads, and those of a loop or branch that has none."""
    made, scope = Made(at), Scope(at, lost(at, constants))
    unbegun(at, scope, made)
    named = any(some for flow in (Flow(at), Flow(at, host=True)) for some in (*flow.asking, flow.stuck))
    if named or any(gap.idle for gap in gaps_of(at)):
        inserted(at, scope, made, asked=True)
        stepped(at, scope, made)
    return made.holes()


def grafts(at: Sites, texts: Sequence[str]) -> tuple[Hole, ...]:
    """Where expressions that are known to be missing may stand."""
    made, scope = Made(at), Scope(at)
    grafted(at, scope, made, texts)
    return made.holes()


def put_back(at: Sites, lacking: Lacking, constants: Sequence[str] = ()) -> tuple[Hole, ...]:
    """Statements and loops that make what is known to be missing."""
    made, scope = Made(at), Scope(at, lost(at, constants))
    handed(at, scope, made, lacking.parts)
    looped(at, scope, made, lacking.texts, lacking.terms)
    return made.holes()


__all__ = ["Choice", "Hole", "Kind", "around", "asked_for", "gaps", "grafts", "holes", "put_back"]
