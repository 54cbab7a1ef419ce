"""Sizes at which a signed number of a program is larger than its type holds. A program has no meaning there; where it
was translated from one that computes without a sign, which wraps, the two part, and a run at such sizes shows it."""

from __future__ import annotations

import time
from collections.abc import Mapping

from xpiler.ir.nodes import Program
from xpiler.platforms.platform import Platform
from xpiler.verify.argue.accesses import TooMuch, Walk, walked
from xpiler.verify.argue.question import Clock, Model, OutOfTime, Question, ask
from xpiler.verify.argue.terms import Terms, at_most, number
from xpiler.verify.argue.touched import Overflow
from xpiler.verify.evaluate import Number

_SIZES = (10, 12, 14, 16, 18, 20, 22)  # sizes up to these powers of two, the largest of which people use
_MOST = 40  # numbers that are looked at


def overflowing(
    program: Program, platform: Platform, kernel: str, let: Mapping[str, Number], seconds: float
) -> dict[str, int] | None:
    """The smallest such sizes that were found; `seconds` are of processor time."""
    clock = Clock(time.thread_time() + seconds)
    try:
        walk = walked(lambda: Walk(program, platform, Terms(), let=let), kernel)
        different = {(o.outside, o.path): o for o in walk.found.overflows}
        for o in list(different.values())[:_MOST] if walk.free else ():
            found = _at(o, walk, _SIZES[-1], clock)
            if found is not None:
                least = next((m for power in _SIZES[:-1] if (m := _at(o, walk, power, clock))), found)
                return {name: least.of(p, 1) for name, p in walk.free.items()}
    except (TooMuch, OutOfTime):
        pass
    return None


def _at(o: Overflow, walk: Walk, power: int, clock: Clock) -> Model | None:
    small = [at_most(p, number(1 << power)) for p in walk.free.values()]
    answer = ask(Question(tuple((c, 1) for c in (*(s.cond for s in o.path), o.outside, *small))), clock)
    return answer if isinstance(answer, Model) else None
