"""Whether two programs compute the same function of real numbers: both run over finite fields, without tolerance.

Both are lowered from their IR with every float an exact number (emulate/exact.h, docs/exact-arithmetic.md). The runs in
floats are the judges of rounding, bounds and capacities; this one is about the function alone."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xpiler import platforms
from xpiler.emulate.entry import Entry, Executable, Limits
from xpiler.emulate.lowered.build import build
from xpiler.emulate.lowered.element import CONVERTED, ORDER, UNDEFINED, UNSET
from xpiler.emulate.lowered.program import KEY, PRIME, REPORT, NotLowered, lower
from xpiler.emulate.run import run
from xpiler.fault import Fault
from xpiler.ir.nodes import Const, Program
from xpiler.ir.types import DType
from xpiler.ir.walk import walk
from xpiler.verify.runs.abreast import in_order
from xpiler.verify.evaluate import Number
from xpiler.verify.exact.bound import Bound, probability
from xpiler.verify.exact.compare import Seen, floats, integers, named
from xpiler.verify.exact.numbers import Trial, decisive, trials
from xpiler.verify.runs.inputs import Values
from xpiler.verify.runs.named import named as named_by
from xpiler.verify.runs.observe import Progress, Reference, spell
from xpiler.verify.pairing import pair
from xpiler.verify.signature import Signature, signature
from xpiler.verify.verdict import Evidence, Proved, Refuted, Unknown

EXACT = "equal in exact arithmetic"
TRIALS = 2  # at every point: an error survives only if it fools all of them
# An error must be this unlikely, as a power of two, for anything to be proved.
ENOUGH = -32.0
# Elements of all points tried, beyond which the third point and further ones are left out.
MOST_ELEMENTS = 1 << 18
# Larger points are not tried, and where there are this many seconds none that is twice as large; an element takes 32
# bytes. Starting a run takes as long as so many elements.
LARGEST, PATIENT, START = 1 << 23, 20.0, 1 << 16
# How far reals must part to refute, in units of what rounding may do.
BEYOND_ROUNDING = 8.0
_MEMORY = 4096


@dataclass(frozen=True)
class Side:
    """One program made executable; `names` are its own names of the source's parameters."""

    executable: Executable
    entry: Entry
    names: Mapping[str, str]


@dataclass(frozen=True)
class Ended:
    """A run that gave nothing, and why; `late`: it only needed more time."""

    how: str
    late: bool = False


@dataclass(frozen=True)
class Result:
    """What one run of one side left: its arrays by the source's names, and its report."""

    arrays: Mapping[str, Values]
    decisions: int
    functions: int
    degree: float


def equal_exact(
    source: Program, target: Program, reference: Reference, *, kernel: str = "", seconds: float = 20.0,
    cache: Path | None = None, progress: Progress = lambda _: None, pairs: Mapping[str, str] | None = None,
) -> Evidence:
    """Whether the target is the source's function of its inputs, at the sizes of the reference's cases.

    `pairs` says which parameter is which, where neither position nor name does. `Unknown` where a program has no exact
    form, time runs out, or a difference may be a law of a function that exact numbers do not know."""
    start = time.monotonic()
    progress("comparing in exact arithmetic")
    try:
        verdict = _verdict(source, target, reference, kernel, start + seconds, cache, pairs)
    except NotLowered as e:
        verdict = Unknown(f"no exact form: {e}")
    except Fault as e:
        verdict = Unknown(f"no exact form: {e.what}")
    return Evidence(EXACT, verdict, time.monotonic() - start)


def _verdict(
    source: Program, target: Program, reference: Reference, kernel: str, until: float, cache: Path | None,
    pairs: Mapping[str, str] | None,
) -> Proved | Refuted | Unknown:
    if not reference.cases:
        return Unknown("the source gave nothing to compare with")
    fine = any(a.dtype is DType.F64 for a in reference.signature.arrays) or all(map(_doubles, (source, target)))
    called = kernel if any(k.name == kernel for k in target.kernels) else ""
    own = reference.signature.params
    pairing = pair(own, signature(target, called).params, pairs)
    if pairing.clash:
        return Unknown(pairing.clash)
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(_side, source, kernel, fine, cache, {p.name: p.name for p in own})
        two = pool.submit(_side, target, called, fine, cache, pairing.names)
        sides = one.result(), two.result()
    return _tried(sides, reference, until, named_by(source, target))


def _tried(
    sides: tuple[Side, Side], reference: Reference, until: float, numbers: Sequence[float]
) -> Proved | Refuted | Unknown:
    """Point after point, the smallest first, as long as there is time; then numbers that decide, such as `numbers`."""
    done: list[Bound] = []
    doubt: Unknown | None = None
    elements, cost = 0, 0.0
    largest = LARGEST if until - time.monotonic() < PATIENT else 2 * LARGEST
    each = TRIALS if _reals(reference.signature) else 1
    for group in trials(reference.cases, each):
        size = sum(group[0].case.point.sizes.values())
        if size > largest and not done:
            return Unknown(f"{size} elements are too many to run it exactly")
        late = bool(done) and cost * size > until - time.monotonic()
        if late or size > largest or len(done) > 1 and elements + size > MOST_ELEMENTS:
            break
        began = time.monotonic()
        found, reason = _point(sides, reference, group, until)
        doubt = doubt or reason
        if isinstance(found, Unknown) and done and time.monotonic() > until:
            break
        if not isinstance(found, Bound):
            return doubt if doubt and isinstance(found, Unknown) else found
        done.append(found)
        elements += size
        cost = max(cost, (time.monotonic() - began) / (size + START))
    if not done:
        return Unknown("the source ran on no inputs that suit an exact run")
    turned = _turned(sides, reference, until, numbers) if _reals(reference.signature) else None
    return turned or doubt or _conclude(reference.signature, done)


def _turned(
    sides: tuple[Side, Side], reference: Reference, until: float, numbers: Sequence[float]
) -> Refuted | None:
    """Whether they part where numbers are equal, or halfway between whole ones. Nothing else is learnt there."""
    for trial in decisive(reference.cases, numbers):
        before = trial.inputs(reference.signature)
        both = [r for r in _pair(sides, before, trial, until) if isinstance(r, Result)]
        found = _compare(reference, trial, before, *both) if len(both) == len(sides) else None
        if isinstance(found, Refuted):
            return found
    return None


def _doubles(program: Program) -> bool:
    """Whether it has constants in double precision."""
    return any(isinstance(e, Const) and e.dtype is DType.F64 for e in walk(program))


def _side(program: Program, kernel: str, fine: bool, cache: Path | None, names: Mapping[str, str]) -> Side:
    platform = platforms.get(program.platform)
    lowered = lower(program, platform, kernel=kernel, fine=fine)
    return Side(build(lowered, platform, cache=cache), lowered.entry, names)


# ---------------------------------------------------------------- running


def _point(
    sides: tuple[Side, Side], reference: Reference, group: list[Trial], until: float
) -> tuple[Bound | Refuted | Unknown, Unknown | None]:
    """All trials at one point, or those there is time for: what they say together, or what ended them; and the first
    difference that decides nothing, which leaves the others to refute."""
    sig = reference.signature
    results: list[Result] = []
    doubt: Unknown | None = None
    for trial in group:
        before = trial.inputs(sig)
        both = _pair(sides, before, trial, until)
        ended = {name: r for name, r in zip(("source", "target"), both, strict=True) if isinstance(r, Ended)}
        if results and any(end.late for end in ended.values()):
            break
        for name, end in ended.items():
            return Unknown(f"the exact run of the {name} {end.how} ({spell(trial.case.point.scalars)})"), doubt
        expected, actual = (r for r in both if isinstance(r, Result))
        found = _compare(reference, trial, before, expected, actual)
        if isinstance(found, Refuted):
            return found, doubt
        doubt = doubt or found
        results += [expected, actual]
    return _bound(sig, group, results), doubt


def _pair(
    sides: tuple[Side, Side], inputs: Mapping[str, Values | Number], trial: Trial, until: float
) -> list[Result | Ended]:
    """Both sides on one trial, next to each other."""
    return list(in_order(lambda side: _run(side, inputs, trial, until), [(side,) for side in sides]))


def _run(side: Side, given: Mapping[str, Values | Number], trial: Trial, until: float) -> Result | Ended:
    """One side on one trial, or how its run ended."""
    left = until - time.monotonic()
    if left <= 0:
        return Ended("found no time", late=True)
    inputs: dict[str, Values | Number] = {PRIME: trial.prime, KEY: trial.key}
    inputs |= {side.names[name]: value for name, value in given.items()}
    done = run(side.executable, side.entry, inputs, Limits(left, _MEMORY))
    if done.status != "ok":
        how = f"ended with {done.status}" + "".join(f": {f.message}" for f in done.findings[:1])
        return Ended(how, done.status == "timeout")
    seen, functions, _, degree = (int(x) for x in done.outputs[REPORT].tolist())
    arrays = {name: done.outputs[own] for name, own in side.names.items() if own in done.outputs}
    return Result(arrays, seen, functions, float(degree))


def _compare(
    reference: Reference, trial: Trial, before: Mapping[str, Values | Number], expected: Result, actual: Result
) -> Refuted | Unknown | None:
    """The first difference of one trial."""
    decisions = expected.decisions | actual.decisions
    for array in reference.signature.arrays:
        as_it_was = before[array.name]
        assert isinstance(as_it_was, np.ndarray), "arrays have contents"
        e, a = (side.arrays.get(array.name, as_it_was) for side in (expected, actual))
        seen = Seen(decisions, array.name, trial.case.seed, trial.case.point.scalars)
        if array.dtype.is_float:
            found = floats(e, a, BEYOND_ROUNDING * reference.tolerance.relative(array.dtype), seen)
        else:
            found = integers(e, a, seen)
        if found is not None:
            return found
    if decisions & UNDEFINED:
        return Unknown("a decision depends on memory that was never written, or on a number that is not real")
    return None


# ---------------------------------------------------------------- what it is worth


def _bound(sig: Signature, group: list[Trial], results: list[Result]) -> Bound:
    floating = [a.name for a in sig.arrays if a.dtype.is_float]
    outputs = [r.arrays[name] for r in results for name in floating if name in r.arrays]
    degree = 1.0
    for values in outputs:
        degree = max(degree, float(np.max(values["degree"], where=values["flags"] < UNSET, initial=1.0)))
    whole = {v.name for v in sig.scalars if not v.dtype.is_float}
    sizes = {k: v for k, v in group[0].case.point.scalars.items() if k in whole}
    return Bound(
        spell(sizes), sum(x.size for x in outputs), degree, max(r.degree for r in results),
        len(results) // 2, _union([r.decisions for r in results]), _union([r.functions for r in results]),
    )


def _reals(sig: Signature) -> bool:
    """Whether any input is a float."""
    return any(a.dtype.is_float and a.read for a in sig.arrays) or any(v.dtype.is_float for v in sig.scalars)


def _union(flags: list[int]) -> int:
    out = 0
    for f in flags:
        out |= f
    return out


def _conclude(sig: Signature, done: list[Bound]) -> Proved | Unknown:
    """The scope in words."""
    decisions, functions = _union([b.decisions for b in done]), _union([b.functions for b in done])
    sizes = _listed(list(dict.fromkeys(b.sizes for b in done)))
    tried = sum(b.trials for b in done)
    whole = any(not a.dtype.is_float and a.read for a in sig.arrays)
    if not _reals(sig):
        return Proved(f"{tried} inputs of integers, {sizes}; floats as real numbers")
    certain = probability(done)
    if certain > ENOUGH:
        return Unknown(f"equal on {tried} trials, but the programs are so large that chance could be the reason, with "
                       f"probability 2^{certain:.0f}")
    decided = ((ORDER, "comparisons fall"), (CONVERTED, "roundings to integers end"))
    falls = [what for bit, what in decided if decisions & bit]
    parts = ["all real inputs" + (f" on which {' and '.join(falls)} as in the {tried} tried" if falls else ""), sizes]
    parts += [f"integers as in the {tried} tried"] if whole else []
    unknown = [n for n in named(functions) if n != "exp"]
    parts += [f"{', '.join(unknown)} taken as unknown functions"] if unknown else []
    parts += [f"error probability below 2^{max(certain, -60):.0f}"]
    return Proved("; ".join(parts))


def _listed(sizes: list[str]) -> str:
    """Sizes one after another, the name of a single one told once."""
    names = {s.partition("=")[0] for s in sizes}
    single = len(names) == 1 and all(s.count("=") == 1 for s in sizes)
    told = [sizes[0], *(s.partition("=")[2] if single else s for s in sizes[1:])]
    return " and ".join(filter(None, (", ".join(told[:-1]), told[-1])))


__all__ = ["EXACT", "equal_exact"]
