"""Is every access inside its array, whatever the inputs, and whatever the sizes where these are free?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xpiler.ir.nodes import Program
from xpiler.platforms.platform import Platform
from xpiler.verify.argue.accesses import Walk, walked
from xpiler.verify.argue.argue import Look, argue, at_thread, given, scope, sizes_of
from xpiler.verify.evaluate import Number
from xpiler.verify.argue.question import Clock, Model, Never, OutOfTime, Question, Undecided, always, ask, guessed
from xpiler.verify.argue.terms import ZERO, Poly, Terms, at_most, below, either
from xpiler.verify.argue.touched import Access, Advance, Overflow
from xpiler.verify.verdict import Evidence, Refuted, Unknown, Witness

BOUNDS = "in bounds"


def bounds(
    program: Program, platform: Platform, *, kernel: str = "", let: Mapping[str, Number] | None = None,
    seconds: float = 5.0, strict: bool = False,
) -> Evidence:
    """0 <= index < extent for every access of every launch; the verdict says for which inputs and sizes.

    `strict`: an access that is outside with some sizes only refutes a program that leaves sizes to its caller."""

    def look(sizes: Mapping[str, Number], clock: Clock) -> Look:
        return _look(program, platform, kernel, sizes, clock)

    return argue(BOUNDS, look, program, kernel, let or {}, seconds, strict)


def _look(program: Program, platform: Platform, kernel: str, let: Mapping[str, Number], clock: Clock) -> Look:
    walk = walked(lambda: Walk(program, platform, Terms(), let=let), kernel)
    found = walk.found
    free = (*walk.sizes, *walk.others)
    worst: Refuted | Unknown | None = None
    if found.doubts:
        what, span = found.doubts[0]
        worst = Unknown(f"line {span.line}: {what}")
    for loop in found.advances:
        try:
            looked = _goes_on(loop, walk, clock)
        except OutOfTime:
            return Look(worst or Unknown(f"the solver was not done with the loop of line {loop.span.line}"), "", free)
        if looked is None:
            continue
        if looked.always or (isinstance(looked.worst, Refuted) and not free):
            return looked
        worst = looked.worst if worst is None or isinstance(looked.worst, Refuted) else worst
    if worst is None and not free:  # with sizes that are free, that none does is assumed
        worst = _overflow(found.overflows, clock)
    seen: set[object] = set()
    for a in found.accesses:
        key = (a.memory, a.index, a.path)
        if key in seen:
            continue
        seen.add(key)
        try:
            looked = _judged(a, walk, clock)
        except OutOfTime:
            late = Unknown(f"the solver was not done with line {a.span.line} in time")
            return Look(worst or late, "", free)
        if looked is None:
            continue
        if looked.always or (isinstance(looked.worst, Refuted) and not free):
            return looked
        if worst is None or (isinstance(looked.worst, Refuted) and not isinstance(worst, Refuted)):
            worst = looked.worst
    return Look(worst, scope(walk, let), free)


def _goes_on(loop: Advance, walk: Walk, clock: Clock) -> Look | None:
    """Why a loop may never end, which everything said of its iterations takes for granted; None where it goes on."""
    conds = tuple((s.cond, 1) for s in loop.path)
    asked = Question((*conds, (loop.begins, 1), (loop.stays, 1)))
    answer = ask(asked, clock)
    match answer:
        case Never():
            return None
        case Undecided():
            return Look(Unknown(f"line {loop.span.line}: the solver was not done with the step of the loop"), "")
        case Model():
            where = ", ".join(w for w in (loop.kernel, at_thread(loop.axes, answer, 1)) if w)
            how = "past the end of its counter's type" if loop.past else f"by {answer.of(loop.step, 1)}"
            told = f"line {loop.span.line}: the loop goes on {how} ({where}), and does not end"
            by = guessed((*(s.cond for s in loop.path), loop.begins, loop.stays, loop.step))
            if by is not None or loop.left:
                doubt = "unless it is left early" if by is None else f"if {by.name} is {answer.known(1)(by)}"
                return Look(Unknown(f"{told}, {doubt}"), "")
            verdict = Refuted(Witness(told, sizes=sizes_of(walk, walk.let, answer)))
            free = walk.unknown_sizes
            sure = bool(free) and always(asked, answer, free, given(loop.path, free), clock)
            return Look(verdict, "", tuple(walk.free), sure)
    raise TypeError(f"not an answer: {answer!r}")


def _overflow(overflows: Sequence[Overflow], clock: Clock) -> Unknown | None:
    """Why a signed number may be larger than its type holds, at sizes that are all given."""
    asked: set[object] = set()
    for o in overflows:
        key = (o.outside, o.path)
        if key in asked:
            continue
        asked.add(key)
        try:
            answer = ask(Question((*((s.cond, 1) for s in o.path), (o.outside, 1))), clock)
        except OutOfTime:
            return Unknown(f"the solver was not done with a number of line {o.span.line} in time")
        match answer:
            case Undecided():
                return Unknown(f"line {o.span.line}: the solver was not done with whether a number fits its type")
            case Model():
                where = ", ".join(w for w in (o.kernel, at_thread(o.axes, answer, 1)) if w)
                held = answer.of(o.value, 1)
                return Unknown(f"line {o.span.line}: a signed number is {held}, beyond its type ({where})")
    return None


def _judged(a: Access, walk: Walk, clock: Clock) -> Look | None:
    """Why an access may be outside its array; None where it never is."""
    extent = a.memory.extent
    if extent is None:
        return Look(Unknown(f"line {a.span.line}: the size of `{a.memory.name}` is not known"), "")
    if a.index.low >= 0 and (a.index - extent).high < 0:
        return None
    outside = either((below(a.index, ZERO), at_most(extent, a.index)))
    asked = Question((*((c, 1) for c in a.conds), (outside, 1)))
    answer = ask(asked, clock)
    match answer:
        case Never():
            return None
        case Undecided():
            return Look(Unknown(f"line {a.span.line}: the solver was not done with an index of `{a.memory.name}`"), "")
        case Model():
            verdict = _violated(a, extent, walk, answer)
            free = walk.unknown_sizes
            sure = isinstance(verdict, Refuted) and bool(free)
            return Look(verdict, "", tuple(walk.free), sure and always(asked, answer, free, given(a.path, free), clock))
    raise TypeError(f"not an answer: {answer!r}")


def _violated(a: Access, extent: Poly, walk: Walk, m: Model) -> Refuted | Unknown:
    """A witness where everything on its path was followed; where something was not, what it would have to be."""
    index, size = m.of(a.index, 1), m.of(extent, 1)
    told = f"line {a.span.line} {a.kind} element {index} of `{a.memory.name}`, which has {size}"
    by = guessed((*a.conds, a.index))
    if by is not None:
        return Unknown(f"{told}, if {by.name} is {m.known(1)(by)}")
    where = ", ".join(w for w in (a.kernel, at_thread(a.axes, m, 1)) if w)
    if a.memory.cut_from:
        return Unknown(f"{told} ({where}): a stretch of `{a.memory.cut_from}`, whose next one has another type")
    sizes = sizes_of(walk, walk.let, m)
    return Refuted(Witness(f"{told} ({where})", sizes=sizes, buffer=a.memory.name, index=index))
