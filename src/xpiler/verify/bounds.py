"""Is every access inside its array, whatever the inputs, and whatever the sizes where these are free?"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from xpiler.fault import Fault
from xpiler.ir.nodes import Program
from xpiler.platforms.platform import Platform
from xpiler.verify.accesses import TooMuch, Walk
from xpiler.verify.evaluate import Number
from xpiler.verify.question import Clock, Model, Never, OutOfTime, Undecided, ask, guessed
from xpiler.verify.signature import signature
from xpiler.verify.sizes import candidates
from xpiler.verify.terms import ZERO, Poly, Terms, at_most, below, either
from xpiler.verify.touched import Access
from xpiler.verify.verdict import Evidence, Proved, Refuted, Unknown, Verdict, Witness

BOUNDS = "in bounds"
_TRIED = 4  # choices of sizes a witness is looked for at
_SMALL = (1, 2, 3)


def bounds(
    program: Program, platform: Platform, *, kernel: str = "", let: Mapping[str, Number] | None = None,
    seconds: float = 5.0,
) -> Evidence:
    """0 <= index < extent for every access of every launch; the verdict says for which inputs and sizes."""
    began = time.monotonic()
    clock = Clock(began + seconds)
    verdict = _verdict(program, platform, kernel, dict(let or {}), clock)
    return Evidence(BOUNDS, verdict, time.monotonic() - began)


def _verdict(
    program: Program, platform: Platform, kernel: str, let: Mapping[str, Number], clock: Clock
) -> Verdict:
    if program.unread:
        return Unknown(f"the body of `{program.unread[0]}` was not understood")
    try:
        first = _look(program, platform, kernel, let, clock)
    except TooMuch:
        return Unknown("the program is too large to be looked at access by access")
    except OutOfTime:
        return Unknown("the time was spent before every access was looked at")
    match first.worst:
        case None:
            return Proved(first.scope)
        case Refuted() if not first.free:
            return first.worst
    if not first.free:
        return first.worst
    return _at_sizes(program, platform, kernel, let, clock, first)


def _at_sizes(
    program: Program, platform: Platform, kernel: str, let: Mapping[str, Number], clock: Clock, first: _Look
) -> Verdict:
    """A witness at sizes a person would choose, where there is one; else what the free sizes gave."""
    fine: list[Mapping[str, Number]] = []
    for sizes in samples(program, kernel, let, first.free):
        try:
            at = _look(program, platform, kernel, {**let, **sizes}, clock)
        except (OutOfTime, TooMuch):
            break
        if isinstance(at.worst, Refuted):
            w = at.worst.witness
            note = f"; none with {spelled(fine[0])}" if fine else ""
            return Refuted(Witness(w.what + note, sizes={**let, **sizes}, buffer=w.buffer, index=w.index))
        if at.worst is None:
            fine.append(sizes)
    if isinstance(first.worst, Unknown) and fine:
        return Unknown(f"{first.worst.reason} (in bounds with {spelled(fine[0])})")
    assert first.worst is not None, "what is proved was reported"
    return first.worst


@dataclass(frozen=True)
class _Look:
    """What one argument gave: the worst verdict on an access (None when all are proved), over which sizes."""

    worst: Refuted | Unknown | None
    scope: str
    free: tuple[str, ...]


def _look(
    program: Program, platform: Platform, kernel: str, let: Mapping[str, Number], clock: Clock
) -> _Look:
    walk = Walk(program, platform, Terms(), let=let)
    found = walk.launches(kernel)
    free = (*walk.sizes, *walk.others)
    worst: Refuted | Unknown | None = None
    if found.doubts:
        what, span = found.doubts[0]
        worst = Unknown(f"line {span.line}: {what}")
    seen = set()
    for a in found.accesses:
        key = (id(a.memory), a.index, a.path)
        if key in seen:
            continue
        seen.add(key)
        try:
            verdict = _judged(a, clock)
        except OutOfTime:
            verdict = Unknown(f"the solver was not done with line {a.span.line} in time")
            return _Look(worst or verdict, "", free)
        if isinstance(verdict, Refuted):
            return _Look(verdict, "", free)
        worst = worst or verdict
    return _Look(worst, scope(walk, let), free)


def scope(walk: Walk, let: Mapping[str, Number]) -> str:
    """For which inputs and sizes an argument holds, in words."""
    if not walk.sizes and not walk.others:
        fixed = f" ({spelled(let)})" if let else ""
        return f"all inputs, these sizes{fixed}"
    least = [f"{n} >= 1" for n in walk.sizes] + [f"{n} >= 0" for n in walk.others]
    return f"all inputs, all sizes with {', '.join(least)}, arrays of fewer than 2^31 elements"


def spelled(sizes: Mapping[str, Number]) -> str:
    return ", ".join(f"{k}={v}" for k, v in sizes.items())


def samples(
    program: Program, kernel: str, let: Mapping[str, Number], free: tuple[str, ...]
) -> Iterator[dict[str, Number]]:
    """Sizes to look for a witness at: usual ones, odd ones, the smallest."""
    try:
        sig = signature(program, kernel)
        known = {k: v for k, v in let.items()}
        for odd in (False, True):
            for k, (scalars, _) in enumerate(candidates(sig, known, odd)):
                if k < _TRIED // 2:
                    yield {n: scalars[n] for n in free if n in scalars}
    except Fault:
        pass  # nothing says how large its arrays are, or which kernel is meant
    for n in _SMALL:
        yield dict.fromkeys(free, n)


def _judged(a: Access, clock: Clock) -> Refuted | Unknown | None:
    extent = a.memory.extent
    if extent is None:
        return Unknown(f"line {a.span.line}: the size of `{a.memory.name}` is not known")
    if a.index.low >= 0 and (a.index - extent).high < 0:
        return None
    outside = either((below(a.index, ZERO), at_most(extent, a.index)))
    answer = ask([*((c, 1) for c in a.conds), (outside, 1)], clock)
    match answer:
        case Never():
            return None
        case Undecided():
            return Unknown(f"line {a.span.line}: the solver was not done with an index of `{a.memory.name}`")
        case Model():
            return _violated(a, extent, answer)
    raise TypeError(f"not an answer: {answer!r}")


def _violated(a: Access, extent: Poly, m: Model) -> Refuted | Unknown:
    """A witness where everything on its path was followed; where something was not, what it would have to be."""
    index, size = m.of(a.index, 1), m.of(extent, 1)
    told = f"line {a.span.line} {a.kind} element {index} of `{a.memory.name}`, which has {size}"
    by = guessed((*a.conds, a.index))
    if by is not None:
        return Unknown(f"{told}, if {by.name} is {m.known(1)(by)}")
    return Refuted(Witness(f"{told}{at_thread(a, m, 1)}", buffer=a.memory.name, index=index))


def at_thread(a: Access, m: Model, copy: int) -> str:
    """Which thread of the launch, in words."""
    where = [f"{kind}={m.of(index, copy)}" for kind, index, _ in a.axes]
    where = [w for w in where if w]
    return f" (`{a.kernel}`, {', '.join(where)})" if where else f" (`{a.kernel}`)"
