"""Ahead: the tiles of a whole kernel are copied in one ahead, where a loop has more of them than a few."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xpiler.facts.accesses import names_of_values
from xpiler.ir.nodes import PLAIN, For, Kernel
from xpiler.ir.walk import Body, bodies, statements
from xpiler.passes.near.traffic import runs_of
from xpiler.passes.pipeline import LATE, Pipeline, held
from xpiler.passes.step import NotApplicable
from xpiler.platforms.platform import Platform

ROUNDS = 3  # iterations that the first tile, for which all wait, is worth it for


@dataclass(frozen=True)
class Ahead:
    """Pipeline the innermost loops that copy tiles in, where both halves fit in the machine's memories.

    `bulk` is the machine's copy and its asynchronous form, `rooms` are the bytes there are of its memories."""

    bulk: tuple[str, str]
    rooms: tuple[tuple[str, int], ...]

    @classmethod
    def of_machine(cls, machine: Platform) -> Ahead:
        return cls((machine.copy, machine.copy_later),
                   tuple((s.name, s.capacity) for s in machine.spaces if s.capacity is not None))

    def apply(self, kernel: Kernel) -> Kernel:
        done: set[str] = set()
        lets = names_of_values(kernel.body)
        for loop in _inside_out(kernel.body):
            inside = {s.var.name for s in statements(loop.body) if isinstance(s, For)}
            if runs_of(loop, lets) < ROUNDS or inside & done:
                continue
            try:
                made = Pipeline(loop.var.name, LATE, self.bulk).apply(kernel)
            except NotApplicable:
                continue
            if all(held(made, space) <= room for space, room in self.rooms):
                kernel = made
                done.add(loop.var.name)
        return kernel


def _inside_out(body: Body) -> Iterator[For]:
    """The plain loops, those in others first."""
    for s in body:
        for part in bodies(s):
            yield from _inside_out(part)
        if isinstance(s, For) and s.kind in PLAIN:
            yield s
