"""A source run with the iterations of its parallel loops in order, and with the last one first.

One of these is what happens where nothing runs at once; where its owner runs it, any is. A result that is another one
then is a race, and nothing that a translation could keep: of rows that are longer than they are apart, the parts that
lie over each other hold what came last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from xpiler.emulate.entry import Limits
from xpiler.text.pragmas import in_any_order
from xpiler.verify.evaluate import Number
from xpiler.verify.runs.inputs import Point, Values, make
from xpiler.verify.runs.trial import Machine, Trial

APART = "what it computes hangs on which iteration of its parallel loops comes first"


@dataclass(frozen=True)
class Source:
    """A source whose runs are no clean ones where they hang on that order; `apart` is where they were seen to."""

    machine: Machine
    apart: list[Point] = field(default_factory=list, compare=False)

    def run(self, point: Point, inputs: Mapping[str, Values | Number], limits: Limits, seed: int) -> Trial:
        trial = self.machine.run(point, inputs, limits, seed)
        if not trial.clean or not in_any_order(self.machine.text, self.machine.platform):
            return trial
        back = self.machine.run(point, inputs, limits, seed, backwards=True)
        if back.undecided or back.clean and all(_same(a, back.outputs[name]) for name, a in trial.outputs.items()):
            return trial
        self.apart.append(point)
        return replace(trial, status="order", findings=(APART,))

    def try_point(self, point: Point, seed: int, limits: Limits) -> Trial:
        """One run on freshly drawn inputs."""
        return self.run(point, make(self.machine.signature, point, seed), limits, seed)

    def try_seeds(self, point: Point, seed: int, limits: Limits, seeds: int) -> tuple[int, Trial]:
        """The first run at a point and its seed; where data choose addresses, which may stay inside by luck, the first
        that goes wrong of as many seeds."""
        first = self.try_point(point, seed, limits)
        if first.clean and any(a.steers for a in self.machine.signature.arrays):
            for other in range(seed + 1, seed + seeds):
                trial = self.try_point(point, other, limits)
                if not trial.clean and trial.status != "order":
                    return other, trial
        return seed, first


def _same(a: Values, b: Values) -> bool:
    return a.size == b.size and np.array_equal(a.view(np.uint8), b.view(np.uint8))
