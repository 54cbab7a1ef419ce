"""Up to the target: the ways a pivot may take to a platform, the best first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache as remembered
from pathlib import Path

from xpiler.facts import sym
from xpiler.facts.offers import offers
from xpiler.facts.shapes import Shape, shapes
from xpiler.facts.tiles import tile_units
from xpiler.fault import BROKEN, Fault
from xpiler.ir.nodes import Buffer, Const, Expr, Intrinsic, Kernel, Meaning, Program
from xpiler.ir.types import DType
from xpiler.ir.walk import statements
from xpiler.passes.bind import BindRows, BindTasks, BindThreads, nests
from xpiler.passes.contract import in_two, sums_of_products
from xpiler.passes.lanes.dots import DotProducts
from xpiler.passes.lanes.panels import in_panels
from xpiler.passes.lanes.register_blocks import blocked
from xpiler.passes.lanes.vectors import VectorLoops, VectorUnit
from xpiler.passes.machine.asked import asking_first, within_condition
from xpiler.passes.machine.narrow import Narrow, uses
from xpiler.passes.machine.rehost import copies, on_device_memory, on_host_memory, returned, split_launches
from xpiler.passes.machine.share import at_top
from xpiler.passes.machine.spill import spilled
from xpiler.passes.machine.threads import shared_out
from xpiler.passes.names.blocks import Blocks
from xpiler.passes.names.digits import Digits
from xpiler.passes.names.outgoing import Outgoing
from xpiler.passes.names.radix import MixedRadix
from xpiler.passes.names.source_values import values_named_after
from xpiler.passes.near.ahead import Ahead
from xpiler.passes.near.at_once import AtOnce
from xpiler.passes.near.bands import Bands
from xpiler.passes.near.bulk import InBulk
from xpiler.passes.near.in_rows import InRows
from xpiler.passes.near.moves import Mover, results_of
from xpiler.passes.near.once import Effects, Once
from xpiler.passes.near.weighing import Weighing
from xpiler.passes.step import NotApplicable, Pass
from xpiler.passes.tiles.matrix import TileProducts
from xpiler.passes.tiles.products import SharedProducts
from xpiler.passes.tiles.weights import WeightProducts
from xpiler.platforms.platform import Platform, Registers
from xpiler.text.library import library, shelf
from xpiler.text.read import read
from xpiler.text.reword import reworded
from xpiler.text.writing.error import NotExpressible
from xpiler.to_pivot import launcher_ranges, sequential, told_apart

KEEP = "same structure"
TILES = "matrix tiles"
REWORD = "same text"


@dataclass(frozen=True)
class Attempt:
    """A road that was tried and not taken, and why."""

    road: str
    why: str


@dataclass(frozen=True)
class Road:
    """A way to the target: its name, the steps taken, the program it ends with, and its text where that is made first.
    """

    name: str
    trace: tuple[str, ...]
    program: Program
    text: str = ""

    @property
    def keeps(self) -> bool:
        """Whether the program is the source's own, with its types."""
        return self.name in (KEEP, REWORD)


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


def same_text(
    text: str, program: Program, source: Platform, target: Platform, attempts: list[Attempt]
) -> Iterator[Road]:
    """The source's own text in the target's words, where the two platforms share most of them."""
    if program.launcher is None or program.entry or source.wording is None or target.wording is None:
        return
    try:
        made = reworded(text, source, target, program.file, program.launcher.name)
        yield Road(REWORD, ("reword",), read(made, target, program.file), made)
    except NotExpressible as e:
        attempts.append(Attempt(REWORD, f"{e}"))
    except Fault as fault:
        attempts.append(Attempt(REWORD, f"{fault.what}: {fault.why}"))
    except BROKEN as e:
        attempts.append(Attempt(REWORD, f"internal error: {type(e).__name__}: {e}"))


def roads(
    program: Program, pivot: Program, steps: tuple[str, ...], source: Platform, target: Platform,
    attempts: list[Attempt], cache: Path | None = None, own: Iterable[Road] = (),
) -> Iterator[Road]:
    """Programs for the target, best first; `own` are those that keep the source's text."""
    ways = list(_lowerings(target, cache))
    table = {k.name: _Choices(k, ways, attempts) for k in pivot.kernels}
    seen: set[tuple[int, ...]] = set()
    tried: list[list[tuple[Kernel, ...]]] = []
    keep = len(ways)  # the way before which the structure of the source is tried
    if source.model == target.model == "simt":
        gains = ways[0][0] == TILES and all(c.applies(0) and _narrow(c.kernel) for c in table.values())
        keep = int(gains and not _on_tiles(program, source, cache))
    for first in range(len(ways)):
        if first == keep:
            yield from own
            yield Road(KEEP, ("keep",), replace(returned(program, copies(pivot)), platform=target.name))
        picked = tuple(table[k.name].at_or_after(first) for k in pivot.kernels)
        if None in picked or picked in seen:
            continue
        chosen = tuple(n for n in picked if n is not None)
        seen.add(chosen)
        name = " and ".join(dict.fromkeys(ways[n][0] for n in chosen)) or ways[first][0]
        made = [table[k.name].made[n] for k, n in zip(pivot.kernels, chosen, strict=True)]
        if (lowered := [k for k, _ in made]) in tried:  # chunks larger than all loops are all the same
            continue
        tried.append(lowered)
        try:
            road = _lowered(name, made, pivot, steps, target, cache)
            kernels = tuple(values_named_after(k, program.kernels) for k in road.program.kernels)
            yield replace(road, program=replace(road.program, kernels=kernels))
        except NotApplicable as e:
            attempts.append(Attempt(name, e.why))
        except BROKEN as e:  # a bug in one road must not cost the user the others
            attempts.append(Attempt(name, f"internal error: {type(e).__name__}: {e}"))


def _narrow(kernel: Kernel) -> bool:
    """Whether it multiplies halves or less alone, which is what a matrix unit is many times as fast at."""
    return all(c.a.dtype.bits < 32 for _, c in sums_of_products(kernel, finish=True))


def _on_tiles(program: Program, platform: Platform, cache: Path | None) -> bool:
    """Whether a program multiplies on its platform's matrix unit."""
    products = {u.product.name for u in tile_units(library(platform, cache))}
    return any(isinstance(s, Intrinsic) and s.name in products for k in program.kernels for s in statements(k))


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
    marked = tuple(told_apart(k) for k in suited.kernels)
    for kernels in dict.fromkeys((marked, suited.kernels)):
        try:
            yield _lowered(name, [lower(k) for k in kernels], replace(suited, kernels=kernels), steps, target, cache)
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
        return next((n for n in range(first, len(self.ways)) if self.applies(n)), None)

    def applies(self, n: int) -> bool:
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
            rows = RowsOrThreads(target.warp)
            yield TILES, _finishing(lambda k: (tiles.apply(k), ("tensorize", "bind")), lambda k: _each(nests(k), rows))
            yield "tiles in shared memory", lambda k: (SharedProducts().apply(k), ("cache", "bind"))
            yield "rows over blocks", lambda k: _each(nests(k), rows)
            yield "elements over threads", lambda k: _each(nests(k), BindThreads(warp=target.warp))
        case "task":
            unit, ahead = vector_unit(target, cache), Ahead.of_machine(target)
            room = target.space(target.vector_space).capacity or 0
            products: list[tuple[str, Lowering]] = []
            if target.weights is not None:
                staged = WeightProducts(
                    target.weights, target.copy, tuple(target.transfers.items()), target.vector_space, room)
                products = list(_in_tiles("matrix unit", staged, {}, ahead))
            carried, made = in_bulk(target, unit), at_once(target, unit, cache)
            bulk: dict[str, Pass] = {"bulk": carried}
            whole: dict[str, Pass] = {"at once": made, "once": Once(Effects(made.meanings, made.copy))}
            bands = Bands(carried)
            if target.weights is not None:
                rest = [way for _, way in _in_tiles("", VectorLoops(unit, 4096), bulk | whole, ahead, bands)]
                for name, product in products:
                    yield name, _finishing(product, _first_of(rest), lambda k: _beyond(k, room))
            for words, first, later in (
                ("", bands, bulk | whole), (", row by row", None, bulk | whole), (", loop by loop", None, bulk),
                (", copied piece by piece", None, {}),
            ):
                for chunk in (4096, 1024, 256):
                    yield from _in_tiles(f"vectors of {chunk}{words}", VectorLoops(unit, chunk), later, ahead, first)
            yield "scalar tasks", lambda k: _each(nests(k), BindTasks())
        case "serial":
            if target.dots:
                yield from _on_registers("dot products", DotProducts(target.dots), target.registers)
            if target.vector_bits:
                unit = vector_unit(target, cache)
                yield from _on_registers("vectors", VectorLoops(unit), target.registers, unit)
                own = replace(unit, offers=tuple(o for o in unit.offers if not target.carries(o.meaning.name)))
                yield "vectors, functions one by one", lambda k: ((VectorLoops(own).apply(k),), ("tensorize",))
            yield "scalar loops", lambda k: ((k,), ())


def _on_registers(
    name: str, step: Pass, registers: Registers | None, unit: VectorUnit | None = None
) -> Iterator[tuple[str, Lowering]]:
    """A step that computes in registers, and blocks of what it makes first."""
    made = remembered(step.apply)

    def in_blocks(k: Kernel) -> Lowered:
        assert registers is not None
        block = blocked(made(k), registers)
        whole = block if unit is None else in_panels(block, unit)
        return (whole,), ("tensorize", "jam") if whole == block else ("tensorize", "jam", "cache")

    if registers is not None:
        yield f"{name} in blocks", in_blocks
    yield name, lambda k: ((made(k),), ("tensorize",))


@dataclass(frozen=True)
class RowsOrThreads:
    """A block for each row where there are rows, else a thread for each element."""

    warp: int

    def apply(self, kernel: Kernel) -> Kernel:
        try:
            return BindRows(lanes=self.warp).apply(kernel)
        except NotApplicable:
            return BindThreads(warp=self.warp).apply(kernel)


def _in_tiles(
    name: str, step: Pass, later: Mapping[str, Pass], ahead: Ahead, bands: Bands | None = None
) -> Iterator[tuple[str, Lowering]]:
    """A step whose tiles tasks take in turn, copied in one ahead first, then each as it is worked on.

    Tasks take `bands` of them where these gain by that."""
    @remembered
    def shared(k: Kernel) -> Lowered:
        parts = nests(step.apply(k))
        steps: tuple[str, ...] = ("tensorize", "bind")
        if bands is not None:
            made = tuple(map(within_condition(bands.apply), parts))
            parts, steps = made, steps if made == parts else ("tensorize", "split", "bind")
        made = tuple(map(asking_first(BindTasks().shared), parts))
        for what, then in later.items():
            changed = tuple(map(then.apply, made))
            steps = steps if changed == made else (*steps, what)
            made = changed
        return made, steps

    def early(k: Kernel) -> Lowered:
        kernels, steps = shared(k)
        made = tuple(map(ahead.apply, kernels))
        if made == kernels:
            raise NotApplicable("no loop brings in tiles of which the next could be copied ahead")
        return tuple(map(at_top, made)), (*steps, "pipeline")

    def plain(k: Kernel) -> Lowered:
        kernels, steps = shared(k)
        return tuple(map(at_top, kernels)), steps

    yield f"{name}, one tile ahead", early
    yield name, plain


def _finishing(product: Lowering, rest: Lowering, where: Callable[[Kernel], bool] = lambda k: True) -> Lowering:
    """How products are lowered, of which something more is made after it, by another kernel, `where` that is better."""
    def lowered(k: Kernel) -> Lowered:
        try:
            return product(k)
        except NotApplicable:
            parts = in_two(k) if where(k) else None
            if parts is None:
                raise
        (first, steps), (then, more) = product(parts[0]), rest(parts[1])
        return (*first, *then), ("expand", *steps, *more)

    return lowered


def _first_of(ways: Iterable[Lowering]) -> Lowering:
    """The first that applies."""
    def lowered(k: Kernel) -> Lowered:
        why = NotApplicable("there is no way")
        for way in ways:
            try:
                return way(k)
            except NotApplicable as e:
                why = e
        raise why

    return lowered


def _beyond(kernel: Kernel, room: int) -> bool:
    """Whether a matrix that products are made with, and what makes a weight of it, do not all fit near by."""
    held = (sym.mul(sym.extent_of(c.n), sym.mul(sym.extent_of(c.k), sym.integer(c.b.dtype.bytes * 3)))
            for _, c in sums_of_products(kernel, finish=True))
    return any(not sym.is_const(n) or sym.value_of(n) > room for n in held)


def _each(kernels: tuple[Kernel, ...], step: Pass, *before: str) -> Lowered:
    return tuple(map(asking_first(step.apply), kernels)), (*before, "bind")


def _lowered(
    name: str, made: list[Lowered], pivot: Program, steps: tuple[str, ...], target: Platform, cache: Path | None
) -> Road:
    parts = {k.name: kernels for k, (kernels, _) in zip(pivot.kernels, made, strict=True)}
    trace = list(steps)
    for k, (_, taken) in zip(pivot.kernels, made, strict=True):
        trace += [f"{step}({k.name})" for step in taken]
    if target.model == "serial":
        parts = {name: tuple(map(shared_out, kernels)) for name, kernels in parts.items()}
        hosted = on_host_memory(pivot)
    else:
        found = launcher_ranges(pivot)
        extents = {n: r.extent for n, r in found.items()}
        if pivot.launcher is not None:  # what somebody states comes first
            extents |= {p.name: _as_written(p.extent) for p in pivot.launcher.params
                        if isinstance(p, Buffer) and p.extent is not None}
        hosted = on_device_memory(
            returned(pivot, copies(pivot)), extents, lambda n: n in found and found[n].covered)
    out = split_launches(hosted, parts)
    if target.model != "serial":
        room = target.space("local").capacity
        out = spilled(out, None if room is None else room // 2)
    trace.append(f"rehost({target.name})")
    meanings = _called(out.kernels, target, cache)
    kernels = tuple(map(Digits().apply, out.kernels))
    if target.vector_bits:
        kernels = tuple(map(Blocks(target.vector_bits).apply, kernels))
    if target.model == "task":
        now = mover(target, vector_unit(target, cache))
        kernels = tuple(map(Outgoing((now, replace(now, copy=target.copy_later))).apply, kernels))
        kernels = tuple(InRows(now).apply(MixedRadix().apply(k)) for k in kernels)
    kernels = tuple(map(MixedRadix().apply, kernels))
    return Road(name, tuple(trace), replace(out, platform=target.name, kernels=kernels, meanings=meanings))


def _called(kernels: tuple[Kernel, ...], target: Platform, cache: Path | None) -> tuple[Meaning, ...]:
    """What the intrinsics that kernels call mean."""
    called = {(s.name, s.key) for k in kernels for s in statements(k) if isinstance(s, Intrinsic)}
    return tuple(m for m in library(target, cache) if {(m.name, m.key), (m.name, "")} & called) if called else ()


def _as_written(extent: Expr) -> Expr:
    if isinstance(extent, Const) and abs(int(extent.value)) < 1 << 31:
        return Const(extent.value, DType.I32)
    return extent


def in_bulk(target: Platform, unit: VectorUnit) -> InBulk:
    """How what is copied piece by piece is copied at once on a platform whose vectors are in memory."""
    return InBulk(mover(target, unit), target.space(target.vector_space).capacity or 0)


def mover(target: Platform, unit: VectorUnit) -> Mover:
    """How a platform copies between its memories."""
    return Mover(target.copy, tuple(target.transfers.items()), target.vector_space, results_of(unit.offers))


def at_once(target: Platform, unit: VectorUnit, cache: Path | None) -> AtOnce:
    """How loops of instructions become one on a platform whose vectors are in memory."""
    known, space, made = library(target, cache), target.space(target.vector_space), (target.name, target.target)
    if made not in _shapes:
        _shapes[made] = shapes(known, target.avoid, shelf(target, cache))
    meanings = {(m.name, m.key): m for m in known}
    weighing = None
    if target.weights is not None:
        memory, near = target.space(target.weights.space), space.name
        ways = target.transfers[near, memory.name], target.transfers[near, near]
        weighing = Weighing(target.weights, target.copy, ways, near, memory.capacity or 0)
    return AtOnce(unit.offers, _shapes[made], meanings, target.copy, space.name, space.capacity or 0, weighing)


# by platform and architecture
_units: dict[tuple[str, str], VectorUnit] = {}
_shapes: dict[tuple[str, str], tuple[Shape, ...]] = {}


def vector_unit(target: Platform, cache: Path | None = None) -> VectorUnit:
    """The vector instructions of a platform, from its header."""
    made = target.name, target.target
    if made not in _units:
        known = offers(library(target, cache), target.avoid, shelf(target, cache))
        _units[made] = VectorUnit(
            known, target.vector_bits // 32, target.vector_space, target.copy,
            tuple(target.transfers.items()), result_bytes=target.result_bytes)
    return _units[made]
