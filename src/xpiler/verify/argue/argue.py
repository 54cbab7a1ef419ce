"""An argument about all inputs, over all sizes where sizes are free; a witness is looked for at sizes people use."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from xpiler.fault import Fault
from xpiler.ir.nodes import Program
from xpiler.verify.argue.accesses import TooMuch, Walk
from xpiler.verify.evaluate import Number
from xpiler.verify.argue.question import Clock, Model, OutOfTime
from xpiler.verify.signature import signature
from xpiler.verify.runs.sizes import candidates
from xpiler.verify.argue.terms import Atom, Cond, all_atoms
from xpiler.verify.argue.touched import FACT, Axes, Step
from xpiler.verify.verdict import Evidence, Proved, Refuted, Unknown, Verdict, Witness

_TRIED = 2  # usual, and as many odd, choices of sizes
_SMALL = (1, 2, 3)


@dataclass(frozen=True)
class Look:
    """What one argument gave: the worst verdict (None where all is well), over which sizes, and which are free."""

    worst: Refuted | Unknown | None
    scope: str
    free: tuple[str, ...] = ()
    always: bool = False  # a refutation holds whatever the free sizes are


Looking = Callable[[Mapping[str, Number], Clock], Look]  # with these sizes fixed


def argue(
    rung: str, look: Looking, program: Program, kernel: str, let: Mapping[str, Number], seconds: float, strict: bool
) -> Evidence:
    """The evidence of one judge. What goes wrong only with some sizes, where the caller chooses them, may be the
    caller's to avoid: it is `Unknown`, with the sizes, unless `strict`. `seconds` are of processor time."""
    began = time.monotonic()
    verdict = _verdict(look, program, kernel, let, Clock(time.thread_time() + seconds), strict)
    return Evidence(rung, verdict, time.monotonic() - began)


def _verdict(
    look: Looking, program: Program, kernel: str, let: Mapping[str, Number], clock: Clock, strict: bool
) -> Verdict:
    if program.unread:
        return Unknown(f"the body of `{program.unread[0]}` was not understood")
    half = replace(clock, until=clock.until - max(clock.left, 0) / 2)  # the other half is for witnesses
    try:
        first = look(let, half)
    except TooMuch:
        return Unknown("the program is too large to be looked at access by access")
    except OutOfTime:
        return Unknown("the time was spent before every access was looked at")
    if first.worst is None:
        return Proved(first.scope)
    if not first.free or first.always:
        return first.worst
    found = _at_sizes(look, program, kernel, let, clock, first)
    if strict or not isinstance(found, Refuted):
        return found
    w = found.witness
    return Unknown(f"with {spelled(w.sizes)}, which a caller may rule out: {w.what}")


def _at_sizes(
    look: Looking, program: Program, kernel: str, let: Mapping[str, Number], clock: Clock, first: Look
) -> Refuted | Unknown:
    """A witness at sizes a person would choose, where there is one; else what the free sizes gave."""
    fine: list[Mapping[str, Number]] = []
    tries = samples(program, kernel, let, first.free)
    for sizes in tries if isinstance(first.worst, Refuted) else islice(tries, 0, None, 2):
        try:
            at = look({**let, **sizes}, clock)
        except (OutOfTime, TooMuch):
            break
        if isinstance(at.worst, Refuted):
            w = at.worst.witness
            note = f"; not with {spelled(fine[0])}" if fine else ""
            return Refuted(Witness(w.what + note, sizes={**let, **sizes}, buffer=w.buffer, index=w.index))
        if at.worst is None:
            fine.append(sizes)
    if isinstance(first.worst, Unknown) and fine:
        return Unknown(f"{first.worst.reason} (shown with {spelled(fine[0])})")
    assert first.worst is not None, "what is proved was reported"
    return first.worst


def scope(walk: Walk, let: Mapping[str, Number]) -> str:
    """For which inputs and sizes an argument holds, in words."""
    filled = " and ".join(f"`{name}`" for name in walk.found.filled)
    given = f", given that {filled} {'is' if len(walk.found.filled) == 1 else 'are'} set before read" if filled else ""
    if not walk.sizes and not walk.others:
        fixed = f" ({spelled(let)})" if let else ""
        return f"all inputs, these sizes{fixed}, no signed overflow{given}"
    least = [f"{n} >= 1" for n in walk.sizes] + [f"{n} >= 0" for n in walk.others]
    least += [f"{n} < 2^31" for n in walk.small]
    sizes = ", ".join(dict.fromkeys(least))
    return f"all inputs, all sizes with {sizes}, arrays of fewer than 2^31 elements, no signed overflow{given}"


def spelled(sizes: Mapping[str, Number]) -> str:
    return ", ".join(f"{k}={v}" for k, v in sizes.items())


def samples(
    program: Program, kernel: str, let: Mapping[str, Number], free: tuple[str, ...]
) -> Iterator[dict[str, Number]]:
    """Sizes to look for a witness at: usual ones, odd ones, the smallest."""
    try:
        sig = signature(program, kernel)
        for odd in (False, True):
            for k, (scalars, _) in enumerate(candidates(sig, let, odd)):
                if k < _TRIED:
                    yield {n: scalars[n] for n in free if n in scalars}
    except Fault:
        pass  # nothing says how large its arrays are, or which kernel is meant
    for n in _SMALL:
        yield dict.fromkeys(free, n)


def sizes_of(walk: Walk, let: Mapping[str, Number], m: Model) -> dict[str, Number]:
    """The sizes of a witness."""
    return {**let, **{n: m.of(p, 1) for n, p in walk.free.items()}}


def given(path: Sequence[Step], free: frozenset[Atom]) -> list[Cond]:
    """What is taken for granted of the sizes alone."""
    return [s.cond for s in path if s.why == FACT and all(
        a in free or a.kind != "sym" for a in all_atoms((s.cond,)))]


def at_thread(axes: Axes, m: Model, copy: int) -> str:
    """Which thread of a launch, in words."""
    return ", ".join(f"{kind} {m.of(index, copy)}" for kind, index, _ in axes)
