"""Whether two programs compute the same function of real numbers: both run over finite fields, without tolerance.

Both are lowered from their IR with every float an exact number (emulate/exact.h, docs/exact-arithmetic.md). The runs in
floats are the judges of rounding, bounds and capacities; this one is about the function alone."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xpiler import platforms
from xpiler.emulate.entry import Entry, Executable, Limits
from xpiler.emulate.lowered.build import build
from xpiler.emulate.lowered.element import CONVERTED, ORDER, UNDEFINED
from xpiler.emulate.lowered.program import KEY, PRIME, REPORT, NotLowered, lower
from xpiler.emulate.run import run
from xpiler.fault import Fault
from xpiler.ir.nodes import Program
from xpiler.ir.types import DType
from xpiler.verify.abreast import in_order
from xpiler.verify.evaluate import Number
from xpiler.verify.exact_bound import Bound, probability
from xpiler.verify.exact_compare import Seen, floats, integers, named
from xpiler.verify.exact_numbers import Trial, trials
from xpiler.verify.inputs import Values
from xpiler.verify.judge import mismatch
from xpiler.verify.observe import Progress, Reference, spell
from xpiler.verify.signature import Signature, signature
from xpiler.verify.verdict import Evidence, Proved, Refuted, Unknown

EXACT = "equal in exact arithmetic"
TRIALS = 2  # at every point: an error survives only if it fools all of them
# An error must be this unlikely, as a power of two, for anything to be proved.
ENOUGH = -40.0
# How far reals must part to refute, in units of what rounding may do.
BEYOND_ROUNDING = 8.0
_MEMORY = 4096


@dataclass(frozen=True)
class Side:
    """One program made executable."""

    executable: Executable
    entry: Entry
    signature: Signature


@dataclass(frozen=True)
class Result:
    """What one run of one side left: its arrays by their place among the parameters, and its report."""

    arrays: Mapping[int, Values]
    decisions: int
    functions: int
    degree: float


def equal_exact(
    source: Program, target: Program, reference: Reference, *, kernel: str = "", seconds: float = 20.0,
    cache: Path | None = None, progress: Progress = lambda _: None,
) -> Evidence:
    """Whether the target is the source's function of its inputs, at the sizes of the reference's cases.

    `Unknown` where a program has no exact form, time runs out, or a difference may be a law of a function that exact
    numbers do not know."""
    start = time.monotonic()
    progress("comparing in exact arithmetic")
    try:
        verdict = _verdict(source, target, reference, kernel, start + seconds, cache)
    except NotLowered as e:
        verdict = Unknown(f"no exact form: {e}")
    except Fault as e:
        verdict = Unknown(f"no exact form: {e.what}")
    return Evidence(EXACT, verdict, time.monotonic() - start)


def _verdict(
    source: Program, target: Program, reference: Reference, kernel: str, until: float, cache: Path | None,
) -> Proved | Refuted | Unknown:
    if not reference.cases:
        return Unknown("the source gave nothing to compare with")
    fine = any(a.dtype is DType.F64 for a in reference.signature.arrays)
    called = kernel if any(k.name == kernel for k in target.kernels) else ""
    clash = mismatch(reference.signature.params, signature(target, called).params)
    if clash:
        return Unknown(clash)
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(_side, source, kernel, fine, cache)
        two = pool.submit(_side, target, called, fine, cache)
        sides = one.result(), two.result()
    done: list[Bound] = []
    cost = 0.0
    for group in trials(reference.cases, TRIALS):
        known = group[0].case.source.seconds
        if done and (cost * known > until - time.monotonic() or time.monotonic() > until):
            break
        began = time.monotonic()
        found = _point(sides, reference, group, until)
        if not isinstance(found, Bound):
            return found
        done.append(found)
        cost = max(cost, (time.monotonic() - began) / max(known, 1e-3))
    return _conclude(reference.signature, done)


def _side(program: Program, kernel: str, fine: bool, cache: Path | None) -> Side:
    platform = platforms.get(program.platform)
    lowered = lower(program, platform, kernel=kernel, fine=fine)
    return Side(build(lowered, platform, cache=cache), lowered.entry, signature(program, kernel))


# ---------------------------------------------------------------- running


def _point(
    sides: tuple[Side, Side], reference: Reference, group: list[Trial], until: float
) -> Bound | Refuted | Unknown:
    """All trials at one point; what they say together, or the first difference."""
    sig = reference.signature
    both: dict[int, list[Result]] = {}

    def attempt(trial: Trial, which: int) -> Result | str:
        return _run(sides[which], sig, trial, until)

    planned = [(trial, which) for trial in group for which in (0, 1)]
    for (trial, which), result in zip(planned, in_order(attempt, planned), strict=True):
        if isinstance(result, str):
            name = ("source", "target")[which]
            return Unknown(f"the exact run of the {name} {result} ({spell(trial.case.point.scalars)})")
        both.setdefault(trial.number, []).append(result)
    for trial in group:
        found = _compare(reference, trial, *both[trial.number])
        if found is not None:
            return found
    return _bound(sig, group, [r for pair in both.values() for r in pair])


def _run(side: Side, sig: Signature, trial: Trial, until: float) -> Result | str:
    """One side on one trial, or how its run ended."""
    left = until - time.monotonic()
    if left <= 0:
        return "found no time"
    names = [p.name for p in side.entry.params[2:-1]]
    made = trial.inputs(sig)
    inputs: dict[str, Values | Number] = {PRIME: trial.prime, KEY: trial.key}
    inputs |= {own: made[p.name] for own, p in zip(names, sig.params, strict=True)}
    done = run(side.executable, side.entry, inputs, Limits(left, _MEMORY))
    if done.status != "ok":
        return f"ended with {done.status}" + "".join(f": {f.message}" for f in done.findings[:1])
    seen, functions, _, degree = (int(x) for x in done.outputs[REPORT].tolist())
    arrays = {i: done.outputs[own] for i, own in enumerate(names) if own in done.outputs}
    return Result(arrays, seen, functions, float(degree))


def _compare(reference: Reference, trial: Trial, expected: Result, actual: Result) -> Refuted | Unknown | None:
    sig = reference.signature
    decisions = expected.decisions | actual.decisions
    before = trial.inputs(sig)
    for i, p in enumerate(sig.params):
        if p not in sig.params or (i not in expected.arrays and i not in actual.arrays):
            continue
        as_it_was = before[p.name]
        assert isinstance(as_it_was, np.ndarray), "arrays have contents"
        e, a = expected.arrays.get(i, as_it_was), actual.arrays.get(i, as_it_was)
        seen = Seen(decisions, p.name, trial.case.seed, trial.case.point.scalars)
        if p.dtype.is_float:
            apart = BEYOND_ROUNDING * reference.tolerance.relative(p.dtype)
            found = floats(e, a, p.dtype, apart, seen)
        else:
            found = integers(e, a, seen)
        if found is not None:
            return found
    if decisions & UNDEFINED:
        return Unknown("a decision depends on memory that was never written, or on a number that is not real")
    return None


# ---------------------------------------------------------------- what it is worth


def _bound(sig: Signature, group: list[Trial], results: list[Result]) -> Bound:
    elements, degree = 1, 1.0
    for r in results:
        for i, values in r.arrays.items():
            if sig.params[i].dtype.is_float:
                elements = max(elements, values.size)
                written = values["degree"][values["flags"] < 1 << 31]
                degree = max(degree, float(written.max()) if written.size else 1.0)
    count = len(sig.arrays)
    return Bound(
        spell(group[0].case.point.scalars), elements * count, degree, max(r.degree for r in results), len(group),
        _union([r.decisions for r in results]), _union([r.functions for r in results]),
    )


def _union(flags: list[int]) -> int:
    out = 0
    for f in flags:
        out |= f
    return out


def _conclude(sig: Signature, done: list[Bound]) -> Proved | Unknown:
    """The scope in words."""
    decisions, functions = _union([b.decisions for b in done]), _union([b.functions for b in done])
    sizes = " and ".join(dict.fromkeys(b.sizes for b in done))
    tried = sum(b.trials for b in done)
    reals = any(a.dtype.is_float and a.read for a in sig.arrays) or any(v.dtype.is_float for v in sig.scalars)
    whole = any(not a.dtype.is_float and a.read for a in sig.arrays)
    if not reals:
        return Proved(f"the {tried} inputs tried, {sizes}; floats as real numbers")
    certain = probability(done)
    if certain > ENOUGH:
        return Unknown(f"equal on {tried} trials, but the programs are so large that chance could be the reason: up to "
                       f"2^{certain:.0f}")
    falls = [what for bit, what in ((ORDER, "comparisons fall"), (CONVERTED, "roundings to integers end")) if decisions & bit]
    parts = ["all real inputs" + (f" on which {' and '.join(falls)} as in the {tried} tried" if falls else ""), sizes]
    parts += [f"integers as in the {tried} tried"] if whole else []
    unknown = [n for n in named(functions) if n != "exp"]
    parts += [f"{', '.join(unknown)} taken as unknown functions"] if unknown else []
    parts += [f"error probability below 2^{max(certain, -60):.0f}"]
    return Proved("; ".join(parts))


__all__ = ["EXACT", "equal_exact"]
