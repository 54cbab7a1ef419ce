"""Arrays that the source ignores, with some scalars, hold anything there: where beta is 0 nobody has set what beta * C
would read, and a factor of 0 makes no number of NaN."""

from __future__ import annotations

import math
from dataclasses import replace

from xpiler.ir.types import DType
from xpiler.verify.runs.inputs import make
from xpiler.verify.runs.kinds import Kind
from xpiler.verify.runs.observe import HARD, Case, Reference, Runs, same_bits, spell
from xpiler.verify.signature import Array

# So many choices of scalars among which there is a 0.
MOST = 4
# More than data are compared with, and a number of halves.
LARGE = 60000.0


def ignoring(reference: Reference) -> Reference:
    """The same with the source run once more where an array that it ignores is NaN: with its usual scalars, and where
    some are 0."""
    if reference.runs is None:
        return reference
    brisk = [c for c in reference.cases if c.point.kind is Kind.RANDOM and c.source.seconds < HARD[1] / 4]
    off = {spell(c.point.scalars): c for c in brisk if 0 in c.point.scalars.values()}
    tried = (*brisk[:1], *list(off.values())[:MOST])
    made = (_without(reference.runs, c, a) for c in tried for a in reference.signature.arrays)
    return replace(reference, cases=(*reference.cases, *(c for c in made if c is not None)))


def _without(runs: Runs, case: Case, array: Array) -> Case | None:
    """The case with nothing but NaN in the array, where neither that nor large numbers matter to the source."""
    floats = array.dtype in (DType.F16, DType.F32, DType.F64)
    if not (floats and array.read) or array.steers or array.name in case.point.data:
        return None
    for value in (LARGE, -LARGE, math.nan):
        point = replace(case.point, kind=Kind.IGNORED, data={**case.point.data, array.name: (value,)})
        trial = runs.source.run(point, make(runs.single.signature, point, case.seed), runs.brief, case.seed)
        if not trial.clean or not all(same_bits(v, trial.outputs[name]) for name, v in case.source.outputs.items()):
            return None
    return runs.case(point, case.seed, trial)
