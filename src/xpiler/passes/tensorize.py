"""Tensorize: loops become calls of the target's instructions.

    for i in n: y[i] = exp(x[i])       ->      copy x on chip;  exp(t, t, n);  copy t to y

    for i, j, k: c[i,j] += a[i,k] * b[k,j]       ->      per tile: load a;  load b;  multiply;  store c

What an instruction does is read from its body in the target's header; a loop is replaced where it is an instance of
such a body. Each kind of instruction has a file of its own: vectors, dots, weights (a matrix unit with a memory for its
second operand) and tiles (matrix.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from xpiler.facts.offers import Offer, offers
from xpiler.facts.tiles import TileUnit, tile_units
from xpiler.ir.nodes import Alloc, Const, Kernel
from xpiler.ir.walk import statements
from xpiler.passes.lanes.dots import DotProducts
from xpiler.passes.tiles.matrix import TileProducts
from xpiler.passes.step import NotApplicable, Pass
from xpiler.passes.lanes.vectors import VectorLoops, VectorUnit
from xpiler.passes.tiles.weights import WeightProducts
from xpiler.platforms.platform import Platform

KINDS = ("tiles", "weights", "dots", "vectors")  # most work an instruction first
CHUNKS = (4096, 1024, 256)


@dataclass(frozen=True)
class Tensorize:
    """Use one kind of the machine's instructions throughout a sequential kernel.

    `by` is tiles, weights, dots or vectors; `chunk` is how many elements a vector instruction with a count takes."""

    machine: Platform
    by: str = "vectors"
    chunk: int = 4096

    @classmethod
    def of_machine(cls, machine: Platform) -> Mapping[str, Any]:
        return {"machine": machine}

    def apply(self, kernel: Kernel) -> Kernel:
        if self.by not in KINDS:
            raise NotApplicable(f"`{self.by}` is no kind of instruction; the kinds are {', '.join(KINDS)}")
        if self.chunk < 1:
            raise NotApplicable(f"a chunk of {self.chunk} elements")
        unit = self._unit()
        if isinstance(unit, TileProducts):
            first, *more = unit.apply(kernel)
            if more:
                raise NotApplicable(
                    f"`{kernel.name}` has {len(more) + 1} nests, and blocks of tiles cannot wait for each other",
                    kernel.span)
            return first
        made = unit.apply(kernel)
        self._fits(made)
        return made

    def _unit(self) -> TileProducts | Pass:
        """The pass of this kind of instruction."""
        m, found = self.machine, _found(_Offered(self.machine))
        transfers = tuple(m.transfers.items())
        if self.by == "tiles" and found.tiles:
            return TileProducts(found.tiles, m.warp, tuple(m.enumerators.items()))
        if self.by == "weights" and m.weights is not None:
            room = m.space(m.vector_space).capacity or 0
            return WeightProducts(m.weights, m.copy, transfers, m.vector_space, room)
        if self.by == "dots" and m.dots:
            return DotProducts(m.dots)
        if self.by == "vectors" and (m.vector_bits or m.vector_space):
            unit = VectorUnit(found.offers, m.vector_bits // 32, m.vector_space, m.copy, transfers)
            return VectorLoops(unit, self.chunk)
        known = ", ".join(_kinds(m)) or "none"
        raise NotApplicable(f"{m.title} has no instructions of the kind `{self.by}`; it has {known}")

    def _fits(self, kernel: Kernel) -> None:
        """What the instructions are given on chip has room there."""
        taken: dict[str, int] = {}
        for s in statements(kernel):
            if isinstance(s, Alloc) and isinstance(s.buffer.extent, Const):
                size = int(s.buffer.extent.value) * s.buffer.dtype.bytes
                taken[s.buffer.space] = taken.get(s.buffer.space, 0) + size
        for space in self.machine.spaces:
            if space.capacity is not None and taken.get(space.name, 0) > space.capacity:
                raise NotApplicable(
                    f"it takes {taken[space.name]} bytes of {space.name}, of which there are {space.capacity}",
                    kernel.span)

    @classmethod
    def space(cls, kernel: Kernel, machine: Platform) -> Iterator[Tensorize]:
        """Each kind of instruction the machine has and the kernel suits; chunks only where they make a difference."""
        seen: set[Kernel] = set()
        for by in _kinds(machine):
            counted = by == "vectors" and not machine.vector_bits
            for chunk in CHUNKS if counted else CHUNKS[:1]:
                step = cls(machine, by, chunk)
                try:
                    made = step.apply(kernel)
                except NotApplicable:
                    continue
                if made not in seen:
                    seen.add(made)
                    yield step


def _kinds(machine: Platform) -> tuple[str, ...]:
    has = {
        "tiles": bool(_found(_Offered(machine)).tiles), "weights": machine.weights is not None,
        "dots": bool(machine.dots), "vectors": bool(machine.vector_bits or machine.vector_space),
    }
    return tuple(k for k in KINDS if has[k])


@dataclass(frozen=True)
class _Found:
    """What a header's intrinsics are good for."""

    offers: tuple[Offer, ...]
    tiles: tuple[TileUnit, ...]


class _Offered:
    """A machine's intrinsics as a key: the same tuple, not an equal one, which would take long to tell."""

    def __init__(self, machine: Platform) -> None:
        self.machine = machine

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Offered) and other.machine.intrinsics is self.machine.intrinsics

    def __hash__(self) -> int:
        return id(self.machine.intrinsics)


@lru_cache(maxsize=8)
def _found(held: _Offered) -> _Found:
    machine = held.machine
    tiles = tile_units(machine.intrinsics) if machine.model == "simt" else ()
    counted = machine.vector_bits or machine.vector_space
    return _Found(offers(machine.intrinsics, machine.avoid) if counted else (), tiles)
