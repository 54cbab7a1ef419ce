"""What the source does on chosen inputs: the yardstick a target is held against, made once and used for many."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from xpiler.emulate.entry import Limits
from xpiler.fault import Fault
from xpiler.ir.nodes import Program
from xpiler.platforms.platform import Platform
from xpiler.verify.argue.raced import raced
from xpiler.verify.runs.abreast import in_order
from xpiler.verify.runs.asking import asks_for_nan
from xpiler.verify.runs.compare import Tolerance, astray, to_double
from xpiler.verify.runs.depth import precision, terms
from xpiler.verify.evaluate import Number
from xpiler.verify.runs.hard import ENOUGH, awkward, kinds_for, of_kinds, of_names
from xpiler.verify.runs.inputs import Domain, Point, Values, make, poison
from xpiler.verify.runs.kinds import CHOOSING, MAY_OVERFLOW, NOT_FINITE, Kind
from xpiler.verify.runs.named import named
from xpiler.verify.signature import Signature, signature
from xpiler.verify.runs.sizes import ask, candidates, floats_apart, fractions, free_integers
from xpiler.verify.runs.order import APART, Source
from xpiler.verify.runs.threads import in_one_order
from xpiler.verify.runs.trial import Machine, Trial, machine
from xpiler.verify.verdict import SOURCE, Evidence, Proved, Refuted, Unknown, Witness

Progress = Callable[[str], None]
# What the user fixed: scalars, and the contents of small arrays.
Let = Mapping[str, Number | tuple[Number, ...]]
Data = Mapping[str, tuple[Number, ...]]

# A run slower than this share of the budget is repeated on fewer seeds and without its float64 double.
SLOW = 0.15
# Seconds for hard inputs inside the kernels, by level, so that what is tried does not hang on how busy the machine is;
# and how many times as long everything around them may take.
HARD, OVERHEAD = (0.4, 1.5, 15.0), 8.0
# The level at which there are none.
RANDOM_ALONE = -1
# The share of elements whose float64 run is something else, from which on that run is not believed.
STRANGE = 0.1
# Choices of sizes that are spelled out.
MOST_SPELLED = 6
# Kinds of hard inputs that are named one by one.
FEW = 3
# Bytes compared at a time.
PART = 1 << 24
# How many choices of sizes the source may turn down before the user is asked.
TRIES = 6
# Sizes of our own choosing that keep the source busy for longer (in seconds) give way to some SMALLER times as small.
BRISK, SMALLER = 2.0, 4


@dataclass(frozen=True)
class Effort:
    """How much is tried: random seeds at every point, and wall-clock seconds for all runs together.

    `double`: run the source in float64 too, to know its own rounding. `level`: 0 for random inputs and a few that are
    made for choices, 1 for hard ones of every kind, 2 for many of them; RANDOM_ALONE."""

    seeds: int = 3
    budget: float = 60.0
    limits: Limits = field(default_factory=Limits)
    double: bool = True
    level: int = 1


@dataclass(frozen=True)
class Case:
    """One input and what the source does with it. `reference` is the float64 run, None where there is none."""

    point: Point
    seed: int
    inputs: Mapping[str, Values | Number]
    source: Trial
    reference: Trial | None


@dataclass(frozen=True)
class Reference:
    """A source that ran: its signature, its cases, its tolerance, and the evidence that it is sane.

    `again` is the source to be run on inputs a little off, in float64 where it can be, and `own` is it in its own
    precision; None where that takes long. `runs` is the source to be run on further inputs. `ordered`: it has threads,
    and nothing (no atomic) lets what it computes hang on the order in which they come, unless they race. `asks`: it
    asks whether numbers are any, and so says what is to become of NaN."""

    signature: Signature
    cases: tuple[Case, ...]
    tolerance: Tolerance
    evidence: Evidence
    notes: tuple[str, ...] = ()
    again: Machine | None = field(default=None, compare=False, repr=False)
    own: Machine | None = field(default=None, compare=False, repr=False)
    runs: Runs | None = field(default=None, compare=False, repr=False)
    ordered: bool = False
    asks: bool = False

    def further(self, choices: Sequence[tuple[Mapping[str, Number], Mapping[str, int]]]) -> Reference:
        """The same with the source run at further sizes, those that it bears; a slow run is left out and noted."""
        if self.runs is None or not choices or not self.cases:
            return self
        first, found, left = self.cases[0], list[Case](), list[str]()
        limits = replace(self.runs.effort.limits, seconds=min(self.runs.effort.limits.seconds, 2 * BRISK))
        for scalars, sizes in choices:
            point = replace(first.point, scalars=scalars, sizes=sizes)
            done = self.runs.case(point, first.seed, None, limits)
            if done.source.clean and _wrote(self.signature, point, done.source, done.seed):
                found.append(replace(done, reference=None) if strange(self.signature, done) else done)
            else:
                left.append(spell(scalars))
        notes = (f"the source was not run at {' and at '.join(left)}, where loops go round again",) if left else ()
        return replace(self, cases=(*self.cases, *found), notes=(*self.notes, *notes))

    def naming(self, numbers: Sequence[float]) -> Reference:
        """The same with the source run on numbers that a target names too, where it bears them."""
        points = [c.point for c in self.cases if c.source.seconds < HARD[1] / 4]
        if self.runs is None or not points or not kinds_for(self.signature, points[0].data):
            return self
        found = [self.runs.case(p, self.cases[0].seed, None, self.runs.brief) for p in of_names(numbers, points)]
        return replace(self, cases=(*self.cases, *(c for c in found if self.runs.bears(c))))


def observe(
    text: str, platform: Platform, program: Program, *, file: str = "", let: Let | None = None, kernel: str = "",
    effort: Effort | None = None, cache: Path | None = None, seed: int = 0, progress: Progress = lambda _: None,
) -> Reference:
    """Run a source on chosen inputs, in float and in float64.

    The evidence of the result is refuted when the source itself misbehaves, or is shown to race.
    Fault XP2010 when no size suits it."""
    effort = effort or Effort()
    start = time.monotonic()
    sig = signature(program, kernel)
    name = file or program.file
    progress("building the source")
    with ThreadPoolExecutor(2) as pool:
        build = partial(machine, text, platform, sig, file=name, cache=cache)
        double = pool.submit(build, real="f64") if effort.double else None
        single = machine(text, platform, sig, file=name, cache=cache)
        wide = None if double is None else _or_none(double)
    progress("running the source")
    source = Source(single)
    fixed, data = divide(let or {}, sig)
    picked = _points(source, sig, fixed, data, effort, seed)
    if isinstance(picked, tuple) and fractions(sig, fixed) and _says_nothing(sig, picked[0], seed):
        fixed |= fractions(sig, fixed)
        picked = _points(source, sig, fixed, data, effort, seed)
    if isinstance(picked, Evidence):
        return Reference(sig, (), Tolerance(1.0, 1), replace(picked, seconds=time.monotonic() - start))
    tried, notes = picked
    if wide is None and effort.double:
        notes = (*notes, "no float64 run of the source to compare with")
    slow = max(trial.wall for _, trial in tried) > SLOW * effort.budget
    runs = Runs(source, None if slow else wide, effort)

    def case(repeat: int, point: Point, first: Trial) -> Case | None:
        """The source on one input, or None when its time is up; only the first seed's inputs are always run."""
        if repeat and time.monotonic() - start > effort.budget / 2:
            return None
        return runs.case(point, seed + repeat, None if repeat else first)

    planned = [(i, *at) for i in range(1 if slow else effort.seeds) for at in tried]
    cases: list[Case] = []
    for i, done in enumerate(in_order(case, planned)):
        progress(f"running the source on input {i + 1} of {len(planned)}")
        if done is not None and done.source.status == "order":
            continue
        if done is not None and not done.source.clean:
            verdict = blame(done.point, done.seed, done.source, "the source misbehaves")
            return Reference(sig, (), Tolerance(1.0, 1), Evidence(SOURCE, verdict, time.monotonic() - start))
        cases += [done] if done is not None else []
    doubled = any(c.reference is not None for c in cases if c.point == tried[0][0])
    odd = [c.point for c in cases if strange(sig, c, doubled and c.point != tried[0][0])]
    if tried[0][0] in odd:
        runs, cases = replace(runs, wide=None), [replace(c, reference=None) for c in cases]
        notes = (*notes, "in float64 the source computes something else, which was not compared with")
    elif odd:  # it computes with what lies around its arrays, which is something else in float64
        cases, tried = [c for c in cases if c.point not in odd], tuple(t for t in tried if t[0] not in odd)
        notes = (*notes, f"not at {spell(odd[0].scalars)}: in float64 the source computes something else there")
    asks = asks_for_nan(program)
    if effort.level != RANDOM_ALONE and not slow:
        progress("running the source on hard inputs")
        cases += runs.hard(sig, fixed, data, tried, seed, named(program), asks)
    race = raced(program, text, platform, kernel=kernel, let=divide(let or {}, sig)[0])
    if race is not None:
        return Reference(sig, (), Tolerance(1.0, 1), Evidence(SOURCE, race, time.monotonic() - start))
    depth = max(terms(program, c.point.scalars) for c in cases)
    empty = meaningless(sig, cases)
    said = Unknown(f"on finite inputs every result in `{empty}` is NaN") if empty else Proved(counted(cases))
    evidence = Evidence(SOURCE, said, time.monotonic() - start)
    notes = (*notes, *_in_one_order_only(source, cases))
    tolerance = Tolerance(precision(program), depth)
    again, own = (None, None) if slow else (runs.wide or single, single)
    return Reference(sig, tuple(cases), tolerance, evidence, notes, again, own, runs, in_one_order(program), asks)


@dataclass(frozen=True)
class Runs:
    """The source in float and, where there is one, in float64; and what may be spent on it."""

    source: Source
    wide: Machine | None
    effort: Effort

    @property
    def single(self) -> Machine:
        return self.source.machine

    def bears(self, case: Case) -> bool:
        """Whether the source stands an input, and what it computes of it is defined."""
        sound = case.point.kind not in MAY_OVERFLOW or not overflows(case)
        return sound and case.source.clean and _wrote(self.single.signature, case.point, case.source, case.seed)

    @property
    def brief(self) -> Limits:
        """For inputs that are tried beside those that must be."""
        return replace(self.effort.limits, seconds=min(self.effort.limits.seconds, 2 * BRISK))

    def case(self, point: Point, seed: int, first: Trial | None = None, limits: Limits | None = None) -> Case:
        made = make(self.single.signature, point, seed)
        trial = first or self.source.run(point, made, limits or self.effort.limits, seed)
        wide = None if self.wide is None or not trial.clean else _in_double(self.wide, point, made, self.effort)
        return Case(point, seed, made, trial, wide)

    def hard(
        self, sig: Signature, fixed: dict[str, Number], data: Data, tried: Tried, seed: int, names: Sequence[float],
        asks: bool,
    ) -> list[Case]:
        """The source on awkward sizes and contents of every kind, the numbers that it `names` among them, and NaN
        before the others, whatever time there is, where it `asks` for it. One that it does not bear is no case, and
        neither is a size at which it leaves more than usual unset, or computes with what lies around its arrays,
        which float64 tells: nobody says that it is made for them."""
        level, spent = min(self.effort.level, 2), list[float]()
        more, until = level > 1, time.monotonic() + OVERHEAD * HARD[level]

        def case(point: Point, seed: int = seed) -> Case | None:
            needed = asks and point.kind is Kind.NANS
            if not needed and (sum(spent) > HARD[level] or time.monotonic() > until):
                return None
            done = self.case(point, seed, None, self.brief)
            spent.append(done.source.seconds)
            return done if self.bears(done) else None

        usual = [point for point, trial in tried if trial.seconds < HARD[1] / 4]
        domain = tried[0][0].domain
        full = unfilled(sig, tried[0][1], seed) == 0
        small = awkward(sig, fixed, data, domain, more) if level else ()
        found = [c for c in in_order(case, [(p,) for p in small])
                 if c and not (full and unfilled(sig, c.source, seed)) and not strange(sig, c, self.wide is not None)]
        room = [c.point for c in found if max(c.point.sizes.values()) >= ENOUGH] or usual
        further = floats_apart(sig, fixed) if room and level else ()
        apart = [replace(room[0], scalars={**room[0].scalars, **s}) for s in further]
        others = [c for c in in_order(case, [(p,) for p in apart]) if c and not unfilled(sig, c.source, seed)]
        points = [c.point for c in found] + ([] if found and not more else usual)
        kinds = [k for k in kinds_for(sig, data) if level or k in CHOOSING or asks and k is Kind.NANS]
        first = [k for k in kinds if asks and k is Kind.NANS]
        later = [k for k in kinds if k not in first and (self.wide is not None or k not in NOT_FINITE)]
        if points:
            real = any(a.read and a.dtype.is_float and a.name not in data for a in sig.arrays)
            hard = (*of_kinds(first, points, len(points)), *(of_names(names, points) if kinds or real else ()),
                    *of_kinds(later, points, 4 if more else 1))
            seeds = (seed, seed + 1) if more else (seed,)
            found += [c for c in in_order(case, [(p, s) for s in seeds for p in hard]) if c]
        return [*found, *others]


def _in_one_order_only(source: Source, cases: Sequence[Case]) -> tuple[str, ...]:
    """What is said of the sizes, or the inputs, that were left out since the source races there."""
    if not source.apart:
        return ()
    kept = [c.point.scalars for c in cases]
    sizes = list(dict.fromkeys(spell(p.scalars) for p in source.apart if p.scalars not in kept))
    at = f"not at {sizes[0]}" + (f" and {len(sizes) - 1} other choices of sizes" if len(sizes) > 1 else "") if sizes \
        else f"not on {len(source.apart)} other inputs"
    return (f"{at}, where the source is not defined: {APART}",)


def overflows(case: Case) -> bool:
    """Whether the source overflows its integers, as its float64 run tells; what it computes then is undefined."""
    return case.reference is None or any(f.code in ("XP2142", "XP2143") for f in case.reference.noted)


def unfilled(sig: Signature, trial: Trial, seed: int) -> int:
    """How many elements of pure outputs hold no number after a run, or what they held before it."""
    count = 0
    for a in sig.arrays:
        if a.read or a.name not in trial.outputs:
            continue
        x = trial.outputs[a.name]
        unset = np.isnan(to_double(a.dtype, x)) if a.dtype.is_float else x == poison(a.dtype, 1, seed)
        count += int(np.count_nonzero(unset))
    return count


def meaningless(sig: Signature, cases: Sequence[Case]) -> str:
    """An array of floats into which the source never writes a number, though its inputs are numbers; "" for none.

    A target that computes anything but NaN differs, and one that computes NaN for another reason does not: comparing
    says nothing either way."""
    for a in sig.arrays:
        changed = False
        for c in (c for c in cases if a.dtype.is_float and c.point.kind not in NOT_FINITE):
            before, after = c.inputs[a.name], c.source.outputs.get(a.name)
            if after is None or not isinstance(before, np.ndarray) or same_bits(before, after):
                continue
            changed = True
            if not np.isnan(to_double(a.dtype, after)).all():
                break
        else:
            if changed:
                return a.name
    return ""


def _says_nothing(sig: Signature, tried: Tried, seed: int) -> bool:
    """Whether a source gives NaN alone, as it may where a rate that should be below 1 is above."""
    point, trial = tried[0]
    return bool(meaningless(sig, [Case(point, seed, make(sig, point, seed), trial, None)]))


def strange(sig: Signature, case: Case, anywhere: bool = False) -> bool:
    """Whether the float64 run has little to do with the other: the text looks at the bits of its numbers, or (with
    `anywhere`, where one element is enough) computes with what lies around its arrays; there float64 may meet their
    ends, and not run."""
    if case.reference is None:
        return anywhere
    both = [(a.dtype, case.source.outputs.get(a.name), case.reference.outputs.get(a.name)) for a in sig.arrays]
    found = [astray(d, x, y) for d, x, y in both if d.is_float and x is not None and y is not None]
    return any(f.share > STRANGE or (anywhere and f.garbled) for f in found)


def divide(let: Let, sig: Signature) -> tuple[dict[str, Number], dict[str, tuple[Number, ...]]]:
    """The scalars, and the contents; names the entry does not have are left out."""
    known = {v.name for v in sig.scalars}
    scalars = {k: v for k, v in let.items() if not isinstance(v, tuple) and k in known}
    return scalars, {k: v for k, v in let.items() if isinstance(v, tuple)}


def same_bits(a: Values | Number, b: Values) -> bool:
    """Compared part by part, as the arrays may be large."""
    if not isinstance(a, np.ndarray) or a.nbytes != b.nbytes:
        return False
    x, y = (np.ascontiguousarray(v).reshape(-1).view(np.uint8) for v in (a, b))
    return all(np.array_equal(x[i : i + PART], y[i : i + PART]) for i in range(0, x.size, PART))


def blame(point: Point, seed: int, trial: Trial, what: str) -> Refuted | Unknown:
    """The verdict on a run that did not end well; one that had no time, or no room, decides nothing."""
    if trial.undecided:
        how = {"timeout": "it does not end in time", "memory": "it asks for more memory than it may have"}.get(
            trial.status, "it was not run to its end")
        return Unknown("; ".join((f"{what}: {how} ({spell(point.scalars)})", *_first_lines(trial))))
    if not trial.findings:
        what = f"{what}: {trial.complaint}"
    found = tuple(f.to_json() for f in trial.found)
    return Refuted(Witness(what, seed, point.scalars, findings=trial.findings, found=found))


def _first_lines(trial: Trial) -> tuple[str, ...]:
    return tuple(f.splitlines()[0] for f in trial.findings)


def scope_of(cases: tuple[Case, ...] | list[Case]) -> str:
    """What was tried, in words: "14 inputs (6 random, 8 hard, of 7 kinds), n=1024, 997, 31 and 1".

    docs/evidence.md tells which kinds there are."""
    kinds = list(dict.fromkeys(c.point.kind for c in cases))
    seeds = len({c.seed for c in cases if c.point.kind is Kind.RANDOM})
    if kinds == [Kind.RANDOM]:
        return f"{len(cases)} random inputs, {seeds} seeds, {sizes_of(cases)}"
    random = sum(c.point.kind is Kind.RANDOM for c in cases)
    hard = [k.value for k in kinds if k is not Kind.RANDOM]
    told = ", ".join(hard) if len(hard) <= FEW else f"{len(cases) - random} hard, of {len(hard)} kinds"
    return f"{len(cases)} inputs ({random} random, {told}), {sizes_of(cases)}"


def counted(cases: Sequence[Case]) -> str:
    """The same where the kinds are told elsewhere: "14 inputs, n=1024, 997, 31 and 1"."""
    return f"{len(cases)} inputs, {sizes_of(cases)}"


def sizes_of(cases: Sequence[Case]) -> str:
    """The sizes of all cases, in the order they were tried; of many the first ones."""
    first = cases[0].point.scalars
    apart = [n for n, x in first.items() if isinstance(x, float) and any(c.point.scalars[n] != x for c in cases)]
    scalars = [{k: x for k, x in c.point.scalars.items() if k not in apart} for c in cases]
    names = [n for n in scalars[0] if any(s[n] != scalars[0][n] for s in scalars)] or list(scalars[0])
    fixed = {n: x for n, x in scalars[0].items() if n not in names}
    if len(names) == 1:
        sizes = list(dict.fromkeys(str(s[names[0]]) for s in scalars))
        sizes[0] = f"{names[0]}={sizes[0]}"
    else:
        sizes = list(dict.fromkeys(spell({n: s[n] for n in names}) for s in scalars))
    if len(sizes) > MOST_SPELLED:
        sizes[MOST_SPELLED - 1 :] = [f"{len(sizes) - MOST_SPELLED + 1} more"]
    told = " and ".join(filter(None, (", ".join(sizes[:-1]), sizes[-1])))
    values = len({tuple(c.point.scalars[n] for n in apart) for c in cases})
    scaled = f"{values} values of {', '.join(apart)}" if apart else ""
    return ", ".join(filter(None, (told, spell(fixed) if fixed else "", scaled)))


def spell(scalars: Mapping[str, Number]) -> str:
    return " ".join(f"{k}={v}" for k, v in scalars.items()) or "the sizes in the text"


def _or_none(future: Future[Machine]) -> Machine | None:
    """The float64 build, or None: code that looks at the bits of its floats may not compile so."""
    try:
        return future.result()
    except Fault as fault:
        if fault.of_machine:
            raise
        return None


Tried = tuple[tuple[Point, Trial], ...]


def _points(
    source: Source, sig: Signature, let: dict[str, Number], data: Data, effort: Effort, seed: int
) -> tuple[Tried, tuple[str, ...]] | Evidence:
    """The points to test at with the source's first run at each, and notes on what was left out; or what is wrong
    with the source at the sizes given."""
    free = bool(free_integers(sig, let))
    refused: list[str] = []
    chosen = [*candidates(sig, let, odd=False)][:TRIES]
    slow: tuple[Point, Trial] | None = None
    most = math.inf  # elements of a choice worth trying
    for scalars, sizes in chosen:
        if sum(sizes.values()) > most:
            continue
        hurry = free and _room_below(sizes, chosen)
        limits = replace(effort.limits, seconds=min(effort.limits.seconds, 2 * BRISK)) if hurry else effort.limits
        first: tuple[Point, int, Trial] | None = None
        for domain in _domains(sig):
            point = Point(scalars, sizes, domain, data)
            drawn, trial = source.try_seeds(point, seed, limits, effort.seeds)
            first = first or (point, drawn, trial)
            if hurry and trial.wall > BRISK and (trial.clean or trial.status == "timeout"):
                most = sum(sizes.values()) / SMALLER
                slow = (point, trial) if trial.clean and _wrote(sig, point, trial, seed) else slow
                break
            if not trial.clean:
                continue
            if not _wrote(sig, point, trial, seed):
                refused.append(f"with {spell(scalars)} it writes nothing")
                break
            if not free:
                return ((point, trial),), ()
            odd = _odd_point(source, sig, let, data, domain, limits, seed, most, effort.seeds)
            return ((point, trial), *odd), () if odd else ("no odd size suits the source",)
        if first is not None and not first[-1].clean:
            refused.append(f"with {spell(scalars)}: {first[-1].complaint}")
            if not free:
                return Evidence(SOURCE, blame(*first, "the source misbehaves"))
    if slow is not None:
        return (slow,), ("no smaller and no odd size suits the source",)
    if not free and refused:
        return Evidence(SOURCE, Refuted(Witness(f"the source: {refused[0]}", seed, let)))
    raise ask(sig, let, refused)


def _room_below(sizes: Mapping[str, int], chosen: Sequence[tuple[object, Mapping[str, int]]]) -> bool:
    """Whether a much smaller choice is left."""
    return any(sum(other.values()) <= sum(sizes.values()) / SMALLER for _, other in chosen)


def _odd_point(
    source: Source, sig: Signature, let: dict[str, Number], data: Data, domain: Domain, limits: Limits, seed: int,
    most: float, seeds: int,
) -> Tried:
    """One odd choice of sizes, of no more than `most` elements, the source runs cleanly with, if there is one."""
    for scalars, sizes in candidates(sig, let, odd=True):
        if sum(sizes.values()) > most:
            continue
        point = Point(scalars, sizes, domain, data)
        _, trial = source.try_seeds(point, seed, limits, seeds)
        if trial.clean and _wrote(sig, point, trial, seed):
            return ((point, trial),)
    return ()


def _domains(sig: Signature) -> tuple[Domain, ...]:
    """Tighter values are a way out only where data choose addresses."""
    return (Domain.WIDE, Domain.NARROW) if any(a.steers for a in sig.arrays) else (Domain.WIDE,)


def _wrote(sig: Signature, point: Point, trial: Trial, seed: int) -> bool:
    """Whether a run changed anything at all."""
    before = make(sig, point, seed)
    return any(
        isinstance(before[k], np.ndarray) and not same_bits(before[k], v) for k, v in trial.outputs.items()
    )


def _in_double(wide: Machine, point: Point, inputs: Mapping[str, Values | Number], effort: Effort) -> Trial | None:
    """The float64 run, or None where the text does not compile or behave so."""
    try:
        trial = wide.run(point, inputs, effort.limits)
    except Fault as fault:
        if fault.of_machine:
            raise
        return None
    return trial if trial.clean else None
