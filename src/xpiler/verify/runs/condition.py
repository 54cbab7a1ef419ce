"""How far a result moves when its inputs move by a rounding: what an element deserves, well conditioned or not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from xpiler.emulate.entry import Limits
from xpiler.fault import Fault
from xpiler.ir.types import DType
from xpiler.verify.runs.abreast import in_order
from xpiler.verify.runs.compare import LEAST, UNITS, Tolerance, classes, to_double
from xpiler.verify.runs.depth import EPS
from xpiler.verify.evaluate import Number
from xpiler.verify.runs.inputs import Point, Values, stored
from xpiler.verify.signature import Array
from xpiler.verify.runs.trial import Machine

Doubles = NDArray[np.float64]
Room = dict[str, Doubles]

# Larger arrays stay as they are: what they do to a result is a sum of many, which the tolerance covers.
MOST_NUDGED = 1 << 22


def condition(
    source: Machine, point: Point, inputs: Mapping[str, Values | Number], still: Mapping[str, Values],
    tolerance: Tolerance, limits: Limits, seeds: range,
) -> Room:
    """For every array of floats, how far each element may be off since inputs are only known to a rounding.

    `still` is what the source gave for the inputs as they are; it runs once more for every seed, on nudged ones. The
    rounding that happens on the way is taken for as many such nudges as the tolerance grants to a reduction of its
    depth. Infinite where a nudge makes a number what is none, or the other way. Empty where nothing can move."""
    arrays = source.signature.arrays
    moving = [a for a in arrays if a.read and not a.steers and _moves(a, point, inputs)]
    if not moving:
        return {}
    room: Room = {}
    nudge = partial(_moved, source, point, inputs, moving, tolerance.unit, limits)
    for moved in in_order(nudge, [(n,) for n in seeds]):
        for a in arrays:
            if a.dtype.is_float and a.name in still and a.name in moved:
                by = _distance(a.dtype, still[a.name], moved[a.name])
                room[a.name] = np.maximum(room[a.name], by) if a.name in room else by
    granted = UNITS * math.sqrt(tolerance.depth) * _share(moving, tolerance.unit)
    return {name: granted * by for name, by in room.items()}


def _moves(a: Array, point: Point, inputs: Mapping[str, Values | Number]) -> bool:
    """Whether an array holds measured numbers; whole ones may be labels, and what the user fixed is what it is."""
    if not a.dtype.is_float or a.name in point.data:
        return False
    x = to_double(a.dtype, _array(inputs[a.name])[:MOST_NUDGED])
    x = x[np.isfinite(x)]
    return bool(x.size) and not np.array_equal(x, np.rint(x))


def _share(moving: list[Array], unit: float) -> float:
    """Halves cannot move by less than their own rounding, even where all arithmetic is finer."""
    return min(1.0, unit / min(EPS[a.dtype] for a in moving))


def _nudged(dtype: DType, x: Values, unit: float, rng: np.random.Generator, real: str) -> Values:
    """Every number moved by about one rounding, up or down; zeros and what is no number stay. Where the source runs in
    float64 a float moves by a rounding of the arithmetic, else by one of its own."""
    d = to_double(dtype, x)
    by = rng.choice(np.array([-1.0, 1.0]), d.size) * rng.uniform(0.5, 1.0, d.size)
    fine = dtype is DType.F64 or (dtype is DType.F32 and real == "f64")
    size = np.where(np.isfinite(d), np.abs(d), 0.0)
    ulp = size * (unit if fine else max(unit, EPS[dtype]))
    moved = np.where(size > 0, d + by * np.maximum(ulp, LEAST[dtype]), d)
    return moved if fine else stored(dtype, moved)


def _distance(dtype: DType, x: Values, y: Values) -> Doubles:
    """How far each element moved; without end where it is a number in one of the runs alone."""
    with np.errstate(invalid="ignore"):
        by = np.abs(to_double(dtype, x) - to_double(dtype, y))
    return np.where(classes(dtype, x) != classes(dtype, y), np.inf, np.where(np.isfinite(by), by, 0.0))


def _moved(
    source: Machine, point: Point, inputs: Mapping[str, Values | Number], moving: list[Array], unit: float,
    limits: Limits, seed: int,
) -> Mapping[str, Values]:
    """What the source makes of inputs that are a little off; nothing where it does not bear them."""
    rng = np.random.default_rng([seed, len(moving)])
    near = {a.name: _nudged(a.dtype, _array(inputs[a.name]), unit, rng, source.real) for a in moving}
    try:
        trial = source.run(point, {**inputs, **near}, limits)
    except Fault as fault:
        if fault.of_machine:  # else what it would have shown counts against the target
            raise
        return {}
    return trial.outputs if trial.clean else {}


def _array(value: Values | Number) -> Values:
    assert isinstance(value, np.ndarray), "an array's input is an array"
    return value
