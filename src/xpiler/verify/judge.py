"""Whether a target text does what the source was seen to do. It never learns who wrote the target."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from xpiler.emulate.entry import Limits
from xpiler.fault import Fault
from xpiler.ir.nodes import Program
from xpiler.platforms.platform import Platform
from xpiler.verify.abreast import in_order
from xpiler.verify.agree import Agreement
from xpiler.verify.evaluate import Number
from xpiler.verify.inputs import Values
from xpiler.verify.kinds import NOT_FINITE, Kind
from xpiler.verify.observe import HARD, Case, Effort, Progress, Reference, blame, counted, scope_of
from xpiler.verify.pairing import pair
from xpiler.verify.signature import signature
from xpiler.verify.trial import Machine, Trial, machine
from xpiler.verify.verdict import CLEAN, EQUAL, Evidence, Proved, Refuted, Unknown, Witness


def judge(
    reference: Reference, text: str, platform: Platform, program: Program, *, file: str = "", kernel: str = "",
    effort: Effort | None = None, cache: Path | None = None, pairs: Mapping[str, str] | None = None,
    progress: Progress = lambda _: None,
) -> tuple[Evidence, ...]:
    """Whether a target text does what the source was seen to do: the rungs "runs clean" and "equal on tests".

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
        return (Evidence(CLEAN, Refuted(Witness(str(fault))), time.monotonic() - start),)
    agreement = Agreement(reference, effort.limits)
    worst, notes, tried = 0.0, dict.fromkeys(reference.notes), list[Case]()
    spent = list[float]()  # on hard inputs

    def run(case: Case) -> Trial | None:
        """The target on a case; None where the time for hard ones is up."""
        if case.point.kind is Kind.RANDOM:
            return attempt(target, case, pairing.names, effort.limits)
        if sum(spent) > HARD[min(effort.level, 2)]:
            return None
        done = attempt(target, case, pairing.names, effort.limits)
        spent.append(done.seconds)
        return done

    trials = in_order(run, [(case,) for case in reference.cases])
    for i, (case, trial) in enumerate(zip(reference.cases, trials, strict=True)):
        progress(f"comparing on input {i + 1} of {len(reference.cases)}")
        done = time.monotonic() - start
        if trial is None:
            continue
        if trial.status == "timeout" and case.point.kind in NOT_FINITE:
            notes[f"it does not end in time on {case.point.kind.value}"] = None
            continue
        tried.append(case)
        if not trial.clean:
            return (Evidence(CLEAN, blame(case.point, case.seed, trial, "the target misbehaves"), done),)
        seen = agreement.compare(case, outputs_of(trial, case, pairing.names))
        if seen.witness is not None:
            return Evidence(CLEAN, Proved(counted(tried))), Evidence(EQUAL, Refuted(seen.witness), done)
        worst = max(worst, seen.error)
        notes |= {seen.note: None} if seen.note else {}
    scope = scope_of(tried)
    exact = f"largest relative error {worst:.1e}" if worst else "bit for bit"
    equal = "; ".join([f"{scope}, {_types(reference)}{exact}", *notes])
    return Evidence(CLEAN, Proved(counted(tried))), Evidence(EQUAL, Proved(equal), time.monotonic() - start)


def attempt(target: Machine, case: Case, names: Mapping[str, str], limits: Limits) -> Trial:
    """The target on a case's inputs, its parameters named by those of the source."""
    scalars = {names[k]: v for k, v in case.point.scalars.items()}
    inputs = {names[k]: v for k, v in case.inputs.items()}
    return target.run(replace(case.point, scalars=scalars), inputs, limits, case.seed)


def outputs_of(trial: Trial, case: Case, names: Mapping[str, str]) -> dict[str, Values | Number]:
    """What a run of the target left in every parameter, by its name in the source."""
    return {a: trial.outputs.get(b, case.inputs[a]) for a, b in names.items()}


def _types(reference: Reference) -> str:
    """The types of floats that were compared."""
    found = dict.fromkeys(a.dtype for a in reference.signature.arrays if a.written and a.dtype.is_float)
    return "".join(f"{d.value.replace('f', 'float')}, " for d in found)
