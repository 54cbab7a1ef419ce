"""What can be argued of one text: that it stays in bounds, and that its threads keep apart, whatever the inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from xpiler.text.pragmas import unfollowed, with_directives
from xpiler.verify.argue.bounds import bounds
from xpiler.verify.argue.races import RACES, races
from xpiler.verify.argue.solving import SOLVING
from xpiler.verify.evaluate import Number
from xpiler.verify.extents import extents
from xpiler.verify.ladder import Side
from xpiler.verify.stretches import kept_apart
from xpiler.verify.verdict import Evidence, Proved, Unknown

SECONDS = 4.0  # of processor time for each; most need a hundredth of it


def argued_alone(
    one: Side, let: Mapping[str, Number], sizes: Iterable[Mapping[str, Number]], seconds: float = SECONDS,
) -> tuple[Evidence, ...]:
    """Both arguments, at the sizes that are fixed; `sizes` are those it was run at. What somebody worked out about
    the sizes of arrays is in the scope, unless it is shown; what only some sizes bring about is Unknown."""
    with SOLVING:
        within = bounds(one.program, one.platform, kernel=one.kernel, let=let, seconds=seconds)
        verdict = within.verdict
        if isinstance(verdict, Proved) and one.taken:
            alone = replace(one.program, kernels=(one.program.kernel(one.kernel),), launcher=None) if one.kernel else (
                one.program)
            known = extents(alone, one.platform, one.taken, let, [{**let, **s} for s in sizes], seconds / 4)
            if known.wrong is not None:
                within = replace(within, verdict=Unknown(known.wrong.what))
            elif known.given:
                within = replace(within, verdict=Proved(f"{verdict.scope}; {known.given}"))
        return within, _apart(one, let, seconds)


def _apart(one: Side, let: Mapping[str, Number], seconds: float) -> Evidence:
    """Loops that a directive makes parallel are so here: a run takes one iteration after another."""
    line = unfollowed(one.text, one.platform)
    if line is not None:
        return Evidence(RACES, Unknown(f"line {line}: a directive that is not followed"))
    program = with_directives(one.program, one.text, one.platform)
    found = races(program, one.platform, kernel=one.kernel, let=let, seconds=seconds)
    return kept_apart(found, [(one.program, one.platform, let)], seconds, one.kernel)
