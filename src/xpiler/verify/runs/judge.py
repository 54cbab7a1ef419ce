"""Whether a target text does what the source was seen to do. It never learns who wrote the target."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from xpiler.fault import Fault
from xpiler.ir.nodes import Program
from xpiler.platforms.platform import Platform
from xpiler.verify.runs.abreast import in_order
from xpiler.verify.runs.agree import Agreement
from xpiler.verify.runs.asking import asks_for_nan
from xpiler.verify.runs.kinds import AT_RANDOM, NOT_FINITE, Kind
from xpiler.verify.runs.observe import BRISK, HARD, Case, Effort, Progress, Reference, blame, counted, scope_of
from xpiler.verify.pairing import pair
from xpiler.verify.signature import signature
from xpiler.verify.runs.sizes import MOST_SMALL
from xpiler.verify.runs.threads import has_atomics
from xpiler.verify.runs.steady import Seen, Subject, told
from xpiler.verify.runs.trial import Trial, machine
from xpiler.verify.verdict import CLEAN, EQUAL, SOURCE, Evidence, Proved, Refuted, Unknown, Witness


def judge(
    reference: Reference, text: str, platform: Platform, program: Program, *, file: str = "", kernel: str = "",
    effort: Effort | None = None, cache: Path | None = None, pairs: Mapping[str, str] | None = None,
    progress: Progress = lambda _: None,
) -> tuple[Evidence, ...]:
    """Whether a target text does what the source was seen to do: the rungs "runs clean" and "equal on tests"; or that
    the source itself does it only in one order of its threads.

    `pairs` are parameters of the target by those of the source; without it they correspond by position, or by name
    where only that fits."""
    effort = effort or Effort()
    start = time.monotonic()
    sig = signature(program, kernel)
    pairing = pair(reference.signature.params, sig.params, pairs)
    if pairing.clash:
        return (Evidence(CLEAN, Refuted(Witness(pairing.clash))),)
    if not reference.cases:
        return (Evidence(CLEAN, Unknown("the source gave nothing to compare with")),)
    progress("building the target")
    try:
        target = machine(text, platform, sig, file=file or program.file, cache=cache)
    except Fault as fault:
        said = Unknown(f"it was not built: {fault.what}") if fault.of_machine else Refuted(Witness(str(fault)))
        return (Evidence(CLEAN, said, time.monotonic() - start),)
    reference = replace(reference, asks=reference.asks or asks_for_nan(program))
    source = None if reference.runs is None else reference.runs.single
    subject = Subject(source, target, pairing.names, Agreement(reference, effort.limits), effort.limits)
    worst, notes, tried = 0.0, dict.fromkeys(reference.notes), list[Case]()
    spent = list[float]()  # on hard inputs

    def run(number: int, case: Case) -> Trial | None:
        """The target on a case, its threads backwards on every other; None where the time for hard ones is up."""
        hard = case.point.kind not in AT_RANDOM and not (reference.asks and case.point.kind is Kind.NANS)
        if hard and sum(spent) > HARD[min(effort.level, 2)]:
            return None
        done = subject.run(case, backwards=number % 2 == 1)
        spent.extend([done.seconds] if hard else [])
        return done

    def refuted(case: Case, seen: Seen) -> tuple[Evidence, ...]:
        took = time.monotonic() - start
        if seen.compared is None or seen.compared.witness is None:
            what = told(Witness("the target misbehaves"), seen.when).what
            return (Evidence(CLEAN, blame(case.point, case.seed, seen.trial, what), took),)
        if reference.ordered and (hangs := subject.hangs(case)) is not None:
            return (Evidence(SOURCE, Refuted(hangs), took),)
        shown = Refuted(told(seen.compared.witness, seen.when))
        return Evidence(CLEAN, Proved(counted(tried))), Evidence(EQUAL, shown, took)

    trials = in_order(run, list(enumerate(reference.cases)))
    for i, (case, trial) in enumerate(zip(reference.cases, trials, strict=True)):
        progress(f"comparing on input {i + 1} of {len(reference.cases)}")
        if trial is None:
            continue
        seen = subject.settled(case, trial) if i % 2 == 1 else subject.seen(case, trial)
        if seen.trial.status == "timeout" and case.point.kind in NOT_FINITE:
            notes[f"it does not end in time on {case.point.kind.value}"] = None
            continue
        tried.append(case)
        if seen.compared is None or seen.compared.witness is not None:
            return refuted(case, seen)
        worst = max(worst, seen.compared.error)
        notes |= dict.fromkeys(filter(None, (seen.compared.note, seen.note)))
    once = max((c for c in reference.cases if c.point.kind is Kind.RANDOM), key=_telling)
    if once.source.seconds < BRISK:
        hangs = subject.hangs(once) if reference.ordered else None
        if hangs is not None:
            return (Evidence(SOURCE, Refuted(hangs), time.monotonic() - start),)
        for seen in (subject.again(once), *([subject.in_turns(once)] if has_atomics(program) else [])):
            if not seen.fine and not seen.trial.undecided:
                return refuted(once, seen)
            notes |= {seen.note: None} if seen.note else {}
    scope = scope_of(tried)
    exact = f"largest relative error {worst:.1e}" if worst else "bit for bit"
    equal = "; ".join([f"{scope}, {_types(reference)}{exact}", *notes])
    return Evidence(CLEAN, Proved(counted(tried))), Evidence(EQUAL, Proved(equal), time.monotonic() - start)


def _telling(case: Case) -> tuple[bool, int]:
    """How much a second call on a case may show: more than one block or task has its share of it, but no ocean."""
    total = sum(case.point.sizes.values())
    small = total <= MOST_SMALL
    return small, total if small else -total


def _types(reference: Reference) -> str:
    """The types of floats that were compared."""
    found = dict.fromkeys(a.dtype for a in reference.signature.arrays if a.written and a.dtype.is_float)
    return "".join(f"{d.value.replace('f', 'float')}, " for d in found)
