"""Are the arrays whose sizes nobody states as large as somebody worked out? Argued from the source alone.

A caller's array has what the source reaches, and no judge may take more or less for granted: all that the source does
must be inside, and with one element less something must be outside."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from xpiler.ir.nodes import Program
from xpiler.platforms.platform import Platform
from xpiler.verify.argue.bounds import bounds
from xpiler.verify.argue.reached import reached
from xpiler.verify.called import shortened
from xpiler.verify.evaluate import Number
from xpiler.verify.verdict import Proved, Refuted, Unknown, Verdict, Witness

_TRIED = 3  # sizes at which it is asked again


@dataclass(frozen=True)
class Extents:
    """`wrong`: where an array is shown to be larger or smaller than was taken. `given`: what is taken for granted of
    those that nothing was shown of, in words, or ""."""

    wrong: Witness | None = None
    given: str = ""


def extents(
    program: Program, platform: Platform, taken: Collection[str], let: Mapping[str, Number],
    sizes: Iterable[Mapping[str, Number]], seconds: float,
) -> Extents:
    """What can be shown of the arrays `taken`, of a program with one entry; `sizes` are those it was run at, `seconds`
    of processor time for each question, and four times as many for all of them."""
    if not taken:
        return Extents()
    tried = list({tuple(sorted(s.items())): s for s in sizes}.values())[:_TRIED]
    until = time.thread_time() + 4 * seconds
    open_: list[str] = []
    nowhere: list[str] = []  # not even at those that were tried

    def inside(p: Program, at: Mapping[str, Number]) -> Verdict:
        left = min(seconds, until - time.thread_time())
        return bounds(p, platform, let=at, seconds=left).verdict if left > 0 else Unknown("no time was left")

    def asked(p: Program) -> tuple[Verdict, list[tuple[Mapping[str, Number], Verdict]]]:
        """For all sizes; and where that is not clear, at those that were tried."""
        said = inside(p, let)
        return said, [(s, inside(p, s)) for s in tried] if isinstance(said, Unknown) else []

    def told(wrong: Witness | None) -> Extents:
        named = ", ".join(f"`{n}`" for n in open_)
        given = f"given that {named} {'has' if len(open_) == 1 else 'have'} as many elements as were worked out"
        given += ", which is shown at the sizes that were run" if open_ and not nowhere else ""
        return Extents(wrong, given if open_ else "")

    said, some = asked(program)
    for at, found in (({}, said), *some):
        if isinstance(found, Refuted) and found.witness.buffer in taken:
            what = f"`{found.witness.buffer}` was taken to be smaller than it is: {found.witness.what}"
            return told(Witness(what, sizes=at, buffer=found.witness.buffer))
    within = isinstance(said, Proved)
    at_tried = within or bool(some) and all(isinstance(found, Proved) for _, found in some)
    for name in sorted(taken):
        less = shortened(program, name)
        if less is None:
            open_.append(name)
            nowhere.append(name)
            continue
        said, some = asked(less)
        for at, found in (({}, said), *some):
            if isinstance(found, Proved):
                what = f"`{name}` was taken to be larger than it is: the source never reaches its last element"
                return told(Witness(what, sizes=at, buffer=name))
        if not within or not (isinstance(said, Refuted) or reached(program, platform, name, let, seconds)):
            open_.append(name)
        if not at_tried or not all(isinstance(found, Refuted) for _, found in some or ((let, said),)):
            nowhere.append(name)
    return told(None)
