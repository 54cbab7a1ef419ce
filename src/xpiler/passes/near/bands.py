"""Bands: a task takes rows that lie next to each other together, where that saves copies.

    for i in 105 (parallel):                       ->      for io in 15 (parallel): for ii in 7:
        copy near = x[i * 32 ..], 32                           copy near = x[(io * 7 + ii) * 32 ..], 32
        work on near;  y[i] = sum                              work on near;  y[io * 7 + ii] = sum

What is copied row by row comes at once, `InBulk`, when the rows of a task are neighbours; so do results that are a
scalar each. The last band has fewer rows where their number says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import ceil, inf, prod

from xpiler.ir.nodes import For, Kernel
from xpiler.ir.walk import map_stmts, scalars_read, statements
from xpiler.passes.machine.share import BindTasks
from xpiler.passes.near.ahead import ROUNDS
from xpiler.passes.near.bulk import WORTH, InBulk, held
from xpiler.passes.near.moves import START
from xpiler.passes.near.traffic import moved
from xpiler.passes.nests.chains import length_of
from xpiler.passes.split import Split
from xpiler.passes.step import NotApplicable

SMALL = 3 * START  # bytes whose copy takes a quarter less time where it need not be started
SOME = 4 * START  # bytes of a band where only a run says how many there are, and more would leave tasks without one
PLENTY = 8 * START  # bytes of a band where a task has several


@dataclass(frozen=True)
class Bands:
    """Split the loop whose iterations `tasks` take in turns, where what `bulk` makes of that costs less."""

    bulk: InBulk
    tasks: BindTasks = field(default_factory=BindTasks)

    def apply(self, kernel: Kernel) -> Kernel:
        first = next((s for s in kernel.body if isinstance(s, For) and s.kind == "parallel"), None)
        if first is None:
            return kernel
        taken = self.tasks.taken(first, kernel)
        rows = self._rows(kernel, taken)
        if rows < 2:
            return kernel
        try:
            made = Split(taken[-1].var.name, rows, "shorter").apply(kernel)
        except NotApplicable:
            return kernel
        there = {s.var for s in statements(kernel.body) if isinstance(s, For)}
        _, inner = (s.var for s in statements(made.body) if isinstance(s, For) and s.var not in there)
        made = replace(made, body=map_stmts(
            made.body, lambda s: replace(s, kind="serial") if isinstance(s, For) and s.var == inner else s))
        return made if self._better(kernel, made, rows if length_of(taken[-1]) == inf else 1) else kernel

    def _rows(self, kernel: Kernel, taken: list[For]) -> int:
        """How many rows a band has: all that are a task's where they fit, else some in each of a few rounds."""
        loop = taken[-1]
        step, all_of_it = self._steps(kernel, loop)
        if not step:
            return 0
        free = self.bulk.room - held(kernel, self.bulk.mover.space)
        if length_of(loop) == inf:
            most = min(SOME // all_of_it, free // (2 * step))
            return 1 << most.bit_length() >> 1
        many = int(length_of(loop))
        bands = ceil(self.tasks.tasks / prod(length_of(f) for f in taken[:-1]))
        share = -(-many // bands)
        if share * step <= free:
            return share
        rounds = max(-(-share * step // min(PLENTY, free // 2)), ROUNDS) if free > 1 else many
        return -(-many // (bands * rounds))

    def _steps(self, kernel: Kernel, loop: For) -> tuple[int, int]:
        """Bytes of what an iteration moves of arrays of which it moves too little, and of all that it moves."""
        arrays: dict[str, int] = {}
        for m in moved(self.bulk.mover, kernel, loop.body):
            if loop.var in scalars_read(m.index):
                arrays[m.array] = arrays.get(m.array, 0) + m.bytes * m.runs
        return sum(size for size in arrays.values() if size < SMALL), sum(arrays.values())

    def _better(self, kernel: Kernel, made: Kernel, more: int) -> bool:
        """Whether bands cost so much less, or leave fewer scalars to be moved one by one.

        Where nobody knows how many iterations there are, both are taken to have as many: one does `more` in each."""
        (before, alone), (after, left) = map(self._cost, (kernel, made))
        return after <= WORTH * before * more or left < alone * more and after < before * more

    def _cost(self, kernel: Kernel) -> tuple[int, int]:
        """What a task's copies and scalars cost, and how many scalars it moves."""
        found = list(moved(self.bulk.mover, k := self.bulk.apply(self.tasks.shared(kernel)), k.body))
        return sum(m.cost * m.runs for m in found), sum(m.runs for m in found if m.alone)
