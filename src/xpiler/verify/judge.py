"""Whether a target text does what the source was seen to do. It never learns who wrote the target."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from xpiler.fault import Fault
from xpiler.ir.nodes import Buffer, Param, Program
from xpiler.platforms.platform import Platform
from xpiler.verify.abreast import in_order
from xpiler.verify.compare import Difference, floats, integers
from xpiler.verify.evaluate import Number
from xpiler.verify.inputs import Values, poison
from xpiler.verify.observe import Case, Effort, Progress, Reference, blame, same_bits, scope_of
from xpiler.verify.signature import Array, signature
from xpiler.verify.trial import Trial, machine
from xpiler.verify.verdict import CLEAN, EQUAL, Evidence, Proved, Refuted, Unknown, Witness


def judge(
    reference: Reference, text: str, platform: Platform, program: Program, *, file: str = "", kernel: str = "",
    effort: Effort | None = None, cache: Path | None = None, progress: Progress = lambda _: None,
) -> tuple[Evidence, ...]:
    """Whether a target text does what the source was seen to do: the rungs "runs clean" and "equal on tests"."""
    effort = effort or Effort()
    start = time.monotonic()
    sig = signature(program, kernel)
    clash = mismatch(reference.signature.params, sig.params)
    if clash:
        return (Evidence(CLEAN, Refuted(Witness(clash))),)
    if not reference.cases:
        return (Evidence(CLEAN, Unknown("the source gave nothing to compare with")),)
    progress("building the target")
    try:
        target = machine(text, platform, sig, file=file or program.file, cache=cache)
    except Fault as fault:
        return (Evidence(CLEAN, Refuted(Witness(str(fault))), time.monotonic() - start),)
    rename = {a.name: b.name for a, b in zip(reference.signature.params, sig.params, strict=True)}
    worst = 0.0

    def attempt(case: Case) -> Trial:
        scalars = {rename[k]: v for k, v in case.point.scalars.items()}
        inputs = {rename[k]: v for k, v in case.inputs.items()}
        return target.run(replace(case.point, scalars=scalars), inputs, effort.limits, case.seed)

    trials = in_order(attempt, [(case,) for case in reference.cases])
    for i, (case, trial) in enumerate(zip(reference.cases, trials, strict=True)):
        progress(f"comparing on input {i + 1} of {len(reference.cases)}")
        done = time.monotonic() - start
        if not trial.clean:
            return (Evidence(CLEAN, blame(case.point, case.seed, trial, "the target misbehaves"), done),)
        outputs = {a: trial.outputs.get(b, case.inputs[a]) for a, b in rename.items()}
        found, error = _compare(reference, case, outputs)
        if found is not None:
            return Evidence(CLEAN, Proved(scope_of(reference.cases[: i + 1]))), Evidence(EQUAL, Refuted(found), done)
        worst = max(worst, error)
    scope = scope_of(reference.cases)
    exact = f"largest relative error {worst:.1e}" if worst else "bit for bit"
    equal = "; ".join([f"{scope}, {exact}", *reference.notes])
    return Evidence(CLEAN, Proved(scope)), Evidence(EQUAL, Proved(equal), time.monotonic() - start)


def mismatch(a: tuple[Param, ...], b: tuple[Param, ...]) -> str:
    """Why two entries cannot be called with the same arguments, or ""."""

    def spell(p: Param) -> str:
        return f"{p.dtype}{'*' if isinstance(p, Buffer) else ''} {p.name}"

    if [spell(p).split()[0] for p in a] == [spell(p).split()[0] for p in b]:
        return ""
    return f"the entries differ: ({', '.join(map(spell, a))}) and ({', '.join(map(spell, b))})"


def _compare(reference: Reference, case: Case, outputs: Mapping[str, Values | Number]) -> tuple[Witness | None, float]:
    worst = 0.0
    for a in reference.signature.arrays:
        expected, actual = case.source.outputs.get(a.name, case.inputs[a.name]), outputs[a.name]
        assert isinstance(expected, np.ndarray) and isinstance(actual, np.ndarray), "an array stays one"
        found, error = _array(a, reference, case, expected, actual)
        if found is not None:
            what = f"`{a.name}` differs: {found}"
            return Witness(what, case.seed, case.point.scalars, a.name, found.index, found.expected, found.actual), 0.0
        worst = max(worst, error)
    return None, worst


def _array(
    a: Array, reference: Reference, case: Case, expected: Values, actual: Values
) -> tuple[Difference | None, float]:
    before = case.inputs[a.name]
    assert isinstance(before, np.ndarray), "an array's input is an array"
    if not a.dtype.is_float:
        return integers(expected, actual), 0.0
    if same_bits(before, expected):  # the source left it alone, NaN or not
        word = f"u{expected.itemsize}"
        return integers(expected.view(word), actual.view(word)), 0.0
    ref = None if case.reference is None else case.reference.outputs.get(a.name)
    blank = poison(a.dtype, expected.size, case.seed) if a.read else before
    return floats(a.dtype, expected, actual, ref, blank, reference.tolerance)
