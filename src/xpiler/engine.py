"""The road of a kernel: read, recover the sequential program, bring it to the target, write, confirm.

Roads are tried from the one that gives the fastest program to the one that always works; each ends with a text, and
the first text the judge confirms is the result.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from xpiler.facts.offers import offers
from xpiler.facts.tiles import tile_units
from xpiler.fault import NOWHERE, Fault
from xpiler.ir.check import check
from xpiler.ir.nodes import Addr, Buffer, Call, Const, Expr, Kernel, Launch, Program, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import buffers_used, statements, substitute_expr
from xpiler.locating import Located
from xpiler.mending import Judges, Repaired, repaired
from xpiler.model_road import tasks
from xpiler.neural_road import BROKEN, Neural, Place, repaired_road, repairs, tried
from xpiler.passes.bind import BindRows, BindTasks, BindThreads, nests
from xpiler.passes.contract import Contract
from xpiler.passes.count import Count
from xpiler.passes.detensorize import Detensorize
from xpiler.passes.dots import DotProducts
from xpiler.passes.host import sized, with_host
from xpiler.passes.matrix import TileProducts
from xpiler.passes.narrow import Narrow, uses
from xpiler.passes.ranges import Range, accessed, ranges
from xpiler.passes.recover import Recover
from xpiler.passes.rehost import on_device_memory, on_host_memory, split_launches
from xpiler.passes.specialize import specialize
from xpiler.passes.spill import spilled
from xpiler.passes.step import NotApplicable, Pass
from xpiler.passes.vectors import VectorLoops, VectorUnit
from xpiler.passes.weights import WeightProducts
from xpiler.platforms.platform import Platform
from xpiler.text.library import library, shelf
from xpiler.text.read import read
from xpiler.text.write import write
from xpiler.text.write_error import NotExpressible
from xpiler.verify.confirm import confirm
from xpiler.verify.ladder import Level
from xpiler.verify.runs.observe import Effort, observe
from xpiler.verify.signature import given_sizes, signature
from xpiler.verify.verdict import Evidence, confirmed, refuted

Progress = Callable[[str], None]
KEEP = "same structure"


@dataclass(frozen=True)
class Attempt:
    """A road that was tried and not taken, and why."""

    road: str
    why: str


@dataclass(frozen=True)
class Result:
    """A translation: the target text, the evidence for it, and how it was found."""

    text: str
    target: str
    program: Program
    pivot: Program | None
    evidence: tuple[Evidence, ...]
    trace: tuple[str, ...]
    attempts: tuple[Attempt, ...]
    seconds: float
    notes: tuple[str, ...] = ()
    road: str = ""  # the name of the way that was confirmed
    proposer: str = "rules"  # who proposed it: the rules of this project, or a model
    repairs: tuple[str, ...] = ()  # what a repair changed in the proposal, a line each

    @property
    def confirmed(self) -> bool:
        return confirmed(self.evidence)


@dataclass(frozen=True)
class Road:
    """A way to the target: its name, the steps taken, and the program it ends with."""

    name: str
    trace: tuple[str, ...]
    program: Program


@dataclass(frozen=True)
class Options:
    let: Mapping[str, int] = field(default_factory=dict)
    geometry: Mapping[str, str] = field(default_factory=dict)
    seeds: int = 3
    budget: float = 60.0
    cache: Path | None = None
    level: Level = Level.USUAL  # how far up the ladder the result is taken
    size: Mapping[str, int] = field(default_factory=dict)  # elements of arrays nothing in the file allocates
    kernel: str = ""  # the one to translate, of several
    neural: Neural | None = None  # a model that may propose, too
    plain: Platform | None = None  # the language of the clean sequential program, where a model is to see it
    repair: float = 30.0  # seconds to repair one text that was refuted; 0 for none


def translate(
    text: str, source: Platform, target: Platform, *, file: str = "<text>",
    options: Options | None = None, progress: Progress = lambda _: None,
) -> Result:
    """The text of a kernel file on another platform, confirmed; a Fault when no road ends confirmed."""
    options = options or Options()
    start = time.monotonic()
    progress("reading")
    given = read(text, source, file, geometry=dict(options.geometry) or None, let=dict(options.let) or None)
    text += given.entry
    given = given_sizes(only(given, options.kernel), options.size)
    program = with_host(given)
    taken = _unsized(given)
    attempts: list[Attempt] = []
    pivot: Program | None = None
    suited: Program | None = None
    steps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    try:
        pivot, steps = sequential(program, source)
        pivot = with_extents(pivot, accesses(program))
        check(pivot)
        suited, notes = suited_to(target, pivot)
    except Fault as fault:
        if options.neural is None:
            raise
        attempts.append(Attempt("rules", f"{fault.what}: {fault.why}"))
    if program.launcher is not None and pivot is not None and pivot.launcher is not None:
        program = replace(program, launcher=replace(program.launcher, params=pivot.launcher.params))
    given = sized(given, program) if given.launcher is None else program
    effort = Effort(options.seeds, options.budget, level=int(options.level))
    progress("running the source")
    reference = observe(text, source, given, let=options.let or None, effort=effort, cache=options.cache,
                        progress=progress)
    if refuted([reference.evidence]):
        return Result("", target.name, program, pivot, (reference.evidence,), steps, (),
                      time.monotonic() - start)
    last: tuple[Evidence, ...] = (reference.evidence,)

    def judge(out: str, on: Platform = target) -> tuple[Evidence, ...]:
        return confirm(text, source, out, on, given, let=options.let or None, cache=options.cache,
                       reference=reference, effort=effort, file=file, level=options.level, progress=progress,
                       taken=taken)

    def judges(on: Platform) -> Judges:
        return Judges(text, source, given, on, reference, options.let, options.level, effort, options.cache, file,
                      taken=taken)

    def mend(out: str, on: Platform, seconds: float) -> Repaired:
        return repaired(out, judges(on), seconds=seconds, progress=progress)

    def locate(out: str, on: Platform) -> Located:
        return judges(on).locate(out)

    def by_model() -> Result | None:
        """The first text of a model that is confirmed, as it is or repaired."""
        nonlocal last
        if options.neural is None:
            return None
        task, down = tasks(text, program, pivot, source, target, options.plain, options.neural.passages)
        if task is None:
            return None
        place = Place(task, down, judge, mend, options.repair, file, options.cache, progress, locate)
        for one in tried(options.neural, place):
            last = one.evidence or last
            if not one.why:
                return Result(one.text, target.name, program, pivot, one.evidence, (one.road,), tuple(attempts),
                              time.monotonic() - start, given.notes, one.road, "model", one.repairs)
            attempts.append(Attempt(one.road, one.why))
        return None

    if options.neural is not None and options.neural.first:
        found = by_model()
        if found is not None or options.neural.alone:
            return found or Result("", target.name, program, pivot, last, steps, tuple(attempts),
                                   time.monotonic() - start)
    every: Iterator[Road] = iter(()) if pivot is None or suited is None else chain(
        roads(program, suited, steps, source, target, attempts, options.cache),
        unchanged(program, pivot, source, target, attempts, options.cache))
    wrong: list[tuple[Road, str]] = []
    for road in every:
        progress(f"writing ({road.name})")
        try:
            out = write(road.program, target)
        except NotExpressible as e:
            attempts.append(Attempt(road.name, f"{e}"))
            continue
        except BROKEN as e:
            attempts.append(Attempt(road.name, f"internal error in writing: {type(e).__name__}: {e}"))
            continue
        progress(f"confirming ({road.name})")
        last = judge(out)
        if confirmed(last):
            kept = () if road.name == KEEP else notes
            return Result(out, target.name, road.program, pivot, last, road.trace, tuple(attempts),
                          time.monotonic() - start, (*given.notes, *kept), road.name)
        attempts.append(Attempt(road.name, "; ".join(
            f"{e.rung}: {e.verdict}" for e in last if not _fine(e))))
        if refuted(last) is not None:
            wrong.append((road, out))
    for road, out in wrong if options.repair else ():  # the next road costs less than a repair, so all come first
        progress(f"repairing ({road.name})")
        mended = mend(out, target, options.repair)
        name = repaired_road(road.name, mended)
        if mended.confirmed:
            return Result(mended.mended.text, target.name, road.program, pivot, mended.evidence,
                          (*road.trace, *repairs(mended)), tuple(attempts), time.monotonic() - start,
                          (*given.notes, *(() if road.name == KEEP else notes)), name, repairs=repairs(mended))
        attempts.append(Attempt(name, mended.mended.why))
    if options.neural is not None and not options.neural.first and (found := by_model()) is not None:
        return found
    return Result("", target.name, program, pivot, last, steps, tuple(attempts), time.monotonic() - start)


def _unsized(program: Program) -> frozenset[str]:
    """Arrays of the caller's whose sizes nobody says."""
    launcher = program.launcher
    if launcher is None:
        return frozenset(
            p.name for k in program.kernels for p in k.params if isinstance(p, Buffer) and p.extent is None)
    copied = {b.host for b in launcher.buffers}
    return frozenset(p.name for p in launcher.params
                     if isinstance(p, Buffer) and p.extent is None and p.name not in copied)


def only(program: Program, kernel: str) -> Program:
    """The program of one kernel alone; Fault XP2013 where there is none of that name."""
    if not kernel:
        return program
    signature(program, kernel)
    return replace(program, kernels=(program.kernel(kernel),), launcher=None)


def _fine(e: Evidence) -> bool:
    return confirmed((e,)) or "Unknown" in type(e.verdict).__name__


# ---------------------------------------------------------------- down to the pivot


def sequential(program: Program, source: Platform, contracted: bool = True) -> tuple[Program, tuple[str, ...]]:
    """The sequential program of the same meaning: intrinsics inlined, parallel axes recovered, nests contracted."""
    program = specialize(program)
    meanings = {(m.name, m.key): m for m in program.meanings}
    lanes = tuple(a.kind for a in source.axes if a.kind.startswith("thread") or a.kind == "core")
    steps: list[str] = []
    kernels: list[Kernel] = []
    for kernel in program.kernels:
        try:
            flat = Recover(lanes).apply(Count().apply(Detensorize(meanings).apply(kernel)))
        except NotApplicable as e:
            raise Fault("XP3002", f"no sequential form of `{kernel.name}` was found", e.span or NOWHERE, e.why,
                        "rewrite this part of the kernel, or report it with the file") from e
        steps += [f"detensorize({kernel.name})", f"recover({kernel.name})"]
        if not contracted:
            kernels.append(flat)
            continue
        try:
            flat = Contract().apply(flat)
            steps.append(f"contract({kernel.name})")
        except NotApplicable as e:
            steps.append(f"-- contract({kernel.name}) does not apply: {e.why}")
        except BROKEN as e:
            steps.append(f"-- contract({kernel.name}) failed: {type(e).__name__}: {e}")
        kernels.append(flat)
    return replace(program, kernels=tuple(kernels), meanings=()), tuple(steps)


# Kernel -> each array it touches -> its range, None where that cannot be told.
Known = Mapping[str, Mapping[str, Range | None]]


def accesses(program: Program) -> Known:
    """The ranges of all accesses a program makes, those whose value nothing comes of too; only where it matters."""
    launcher = program.launcher
    if launcher is not None and not any(isinstance(p, Buffer) and p.extent is None for p in launcher.params):
        return {}
    meanings = {(m.name, m.key): m for m in program.meanings}
    found: dict[str, dict[str, Range | None]] = {}
    for kernel in specialize(program).kernels:
        try:
            flat = Count().apply(Detensorize(meanings).apply(kernel))
        except NotApplicable:
            continue
        extents = accessed(flat)
        found[kernel.name] = _touched(flat, {name: Range(e, True, False) for name, e in extents.items()})
    return found


def _touched(kernel: Kernel, known: Mapping[str, Range]) -> dict[str, Range | None]:
    names = buffers_used(kernel.body)
    return {p.name: known.get(p.name) for p in kernel.params if isinstance(p, Buffer) and p.name in names}


def with_extents(pivot: Program, known: Known | None = None) -> Program:
    """The launcher's array parameters with the extents their accesses need, where nothing else says; `known` are the
    accesses of the program the pivot was made from, which makes more of them."""
    launcher = pivot.launcher
    if launcher is None:
        return pivot
    found = launcher_ranges(pivot) | launcher_ranges(pivot, known or {})
    params = tuple(
        replace(p, extent=found[p.name].extent)
        if isinstance(p, Buffer) and p.extent is None and p.name in found
        and not any(b.host == p.name for b in launcher.buffers) else p
        for p in launcher.params)
    return replace(pivot, launcher=replace(launcher, params=params))


def _larger(a: Expr, b: Expr) -> Expr:
    if a == b:
        return a
    if isinstance(a, Const) and isinstance(b, Const):
        return a if int(a.value) >= int(b.value) else b
    return Call("max", (a, b), DType.I32)


def launcher_ranges(pivot: Program, known: Known | None = None) -> dict[str, Range]:
    """Ranges of the arrays a launcher hands to its kernels, in the launcher's own scalars; of the kernels' by
    themselves unless they are given. Arrays that one of several launches touches in an unknown range are left out."""
    assert pivot.launcher is not None
    if known is None:
        known = {k.name: _touched(k, ranges(k)) for k in pivot.kernels}
    unknown: set[str] = set()
    out: dict[str, Range] = {}
    for s in statements(pivot.launcher.body):
        if not isinstance(s, Launch):
            continue
        kernel = pivot.kernel(s.kernel)
        args = dict(zip([p.name for p in kernel.params], s.args, strict=True))
        values: dict[Var, Expr] = {
            p: args[p.name] for p in kernel.params if isinstance(p, Var)}
        held = known.get(kernel.name, {})
        for name, arg in args.items():
            if not isinstance(arg, Addr) or name not in held:
                continue
            r, seen = held[name], out.get(arg.buffer)
            if r is None:
                unknown.add(arg.buffer)
                continue
            extent = substitute_expr(r.extent, values)
            out[arg.buffer] = Range(extent, r.read, r.covered) if seen is None else Range(
                _larger(seen.extent, extent), seen.read or r.read, seen.covered and r.covered)
    return {name: r for name, r in out.items() if name not in unknown}


# ---------------------------------------------------------------- up to the target


def suited_to(target: Platform, pivot: Program) -> tuple[Program, tuple[str, ...]]:
    """The pivot in types the target has, and what was changed for that in words."""
    if DType.F64 in target.types or not any(uses(k, {DType.F64}) for k in pivot.kernels):
        return pivot, ()
    try:
        kernels = tuple(Narrow().apply(k) for k in pivot.kernels)
    except NotApplicable as e:
        raise Fault("XP3003", f"{target.title} has no double", e.span, e.why, "a target that has double") from e
    return replace(pivot, kernels=kernels), (
        f"temporaries of type double are computed in float: {target.title} has no double",)


def roads(
    program: Program, pivot: Program, steps: tuple[str, ...], source: Platform, target: Platform,
    attempts: list[Attempt], cache: Path | None = None,
) -> Iterator[Road]:
    """Programs for the target, best first."""
    if source.model == target.model == "simt":
        yield Road(KEEP, ("keep",), replace(program, platform=target.name))
    ways = list(_lowerings(target, cache))
    table = {k.name: _Choices(k, ways, attempts) for k in pivot.kernels}
    seen: set[tuple[int, ...]] = set()
    for first in range(len(ways)):
        picked = tuple(table[k.name].at_or_after(first) for k in pivot.kernels)
        if None in picked or picked in seen:
            continue
        chosen = tuple(n for n in picked if n is not None)
        seen.add(chosen)
        name = " and ".join(dict.fromkeys(ways[n][0] for n in chosen)) or ways[first][0]
        try:
            yield _lowered(name, [table[k.name].made[n] for k, n in zip(pivot.kernels, chosen, strict=True)],
                           pivot, steps, target)
        except NotApplicable as e:
            attempts.append(Attempt(name, e.why))
        except BROKEN as e:  # a bug in one road must not cost the user the others
            attempts.append(Attempt(name, f"internal error: {type(e).__name__}: {e}"))


def unchanged(
    program: Program, pivot: Program, source: Platform, target: Platform, attempts: list[Attempt],
    cache: Path | None = None,
) -> Iterator[Road]:
    """The plainest way of the program as it was recovered: for when a clean-up on the way to the pivot was wrong."""
    plain, steps = sequential(program, source, contracted=False)
    if plain.kernels == pivot.kernels:
        return
    if plain.launcher is not None and pivot.launcher is not None:
        plain = replace(plain, launcher=replace(plain.launcher, params=pivot.launcher.params))
    suited, _ = suited_to(target, plain)
    name, lower = list(_lowerings(target, cache))[-1]
    name = f"{name}, as recovered"
    try:
        yield _lowered(name, [lower(k) for k in suited.kernels], suited, steps, target)
    except NotApplicable as e:
        attempts.append(Attempt(name, e.why))
    except BROKEN as e:
        attempts.append(Attempt(name, f"internal error: {type(e).__name__}: {e}"))


@dataclass
class _Choices:
    """The ways to bring one kernel to the target, tried only when asked for."""

    kernel: Kernel
    ways: list[tuple[str, Lowering]]
    attempts: list[Attempt]
    made: dict[int, Lowered] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)

    def at_or_after(self, first: int) -> int | None:
        """The first way from `first` on that applies to this kernel."""
        return next((n for n in range(first, len(self.ways)) if self._applies(n)), None)

    def _applies(self, n: int) -> bool:
        if n in self.made or n in self.refused:
            return n in self.made
        name, lower = self.ways[n]
        try:
            self.made[n] = lower(self.kernel)
        except NotApplicable as e:
            self.attempts.append(Attempt(name, e.why))
            self.refused.add(n)
        except BROKEN as e:
            self.attempts.append(Attempt(name, f"internal error: {type(e).__name__}: {e}"))
            self.refused.add(n)
        return n in self.made


Lowered = tuple[tuple[Kernel, ...], tuple[str, ...]]  # the kernels one became, and the passes that made them
Lowering = Callable[[Kernel], Lowered]


def _lowerings(target: Platform, cache: Path | None) -> Iterator[tuple[str, Lowering]]:
    match target.model:
        case "simt":
            tiles = TileProducts(tile_units(library(target, cache)), target.warp, tuple(target.enumerators.items()))
            yield "matrix tiles", lambda k: (tiles.apply(k), ("tensorize", "bind"))
            yield "rows over blocks", lambda k: _each(nests(k), RowsOrThreads(target.warp))
            yield "elements over threads", lambda k: _each(nests(k), BindThreads(warp=target.warp))
        case "task":
            unit = vector_unit(target, cache)
            if target.weights is not None:
                room = target.space(target.vector_space).capacity or 0
                staged = WeightProducts(
                    target.weights, target.copy, tuple(target.transfers.items()), target.vector_space, room)
                yield "matrix unit", lambda k: _each(nests(staged.apply(k)), BindTasks(), "tensorize")
            for chunk in (4096, 1024, 256):
                yield f"vectors of {chunk}", _in_chunks(unit, chunk)
            yield "scalar tasks", lambda k: _each(nests(k), BindTasks())
        case "serial":
            if target.dots:
                yield "dot products", lambda k: ((DotProducts(target.dots).apply(k),), ("tensorize",))
            if target.vector_bits:
                yield "vectors", lambda k: ((VectorLoops(vector_unit(target, cache)).apply(k),), ("tensorize",))
            yield "scalar loops", lambda k: ((k,), ())


@dataclass(frozen=True)
class RowsOrThreads:
    """A block for each row where there are rows, else a thread for each element."""

    warp: int

    def apply(self, kernel: Kernel) -> Kernel:
        try:
            return BindRows().apply(kernel)
        except NotApplicable:
            return BindThreads(warp=self.warp).apply(kernel)


def _in_chunks(unit: VectorUnit, chunk: int) -> Lowering:
    return lambda k: _each(nests(VectorLoops(unit, chunk).apply(k)), BindTasks(), "tensorize")


def _each(kernels: tuple[Kernel, ...], step: Pass, *before: str) -> Lowered:
    return tuple(step.apply(k) for k in kernels), (*before, "bind")


def _lowered(
    name: str, made: list[Lowered], pivot: Program, steps: tuple[str, ...], target: Platform
) -> Road:
    parts = {k.name: kernels for k, (kernels, _) in zip(pivot.kernels, made, strict=True)}
    trace = list(steps)
    for k, (_, taken) in zip(pivot.kernels, made, strict=True):
        trace += [f"{step}({k.name})" for step in taken]
    if target.model == "serial":
        hosted = on_host_memory(pivot)
    else:
        found = launcher_ranges(pivot)
        extents = {n: r.extent for n, r in found.items()}
        if pivot.launcher is not None:  # what somebody states comes first
            extents |= {p.name: _as_written(p.extent) for p in pivot.launcher.params
                        if isinstance(p, Buffer) and p.extent is not None}
        hosted = on_device_memory(pivot, extents, lambda n: n in found and found[n].covered)
    out = split_launches(hosted, parts)
    if target.model == "simt":
        room = target.space("local").capacity
        out = spilled(out, None if room is None else room // 2)
    trace.append(f"rehost({target.name})")
    return Road(name, tuple(trace), replace(out, platform=target.name))


def _as_written(extent: Expr) -> Expr:
    if isinstance(extent, Const) and abs(int(extent.value)) < 1 << 31:
        return Const(extent.value, DType.I32)
    return extent


_units: dict[str, VectorUnit] = {}


def vector_unit(target: Platform, cache: Path | None = None) -> VectorUnit:
    """The vector instructions of a platform, from its header."""
    if target.name not in _units:
        known = offers(library(target, cache), target.avoid, shelf(target, cache))
        _units[target.name] = VectorUnit(
            known, target.vector_bits // 32, target.vector_space, target.copy,
            tuple(target.transfers.items()))
    return _units[target.name]
