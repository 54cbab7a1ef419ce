"""How near a run of a target comes to what the source was seen to do: the share of elements that are right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from xpiler.verify.evaluate import Number
from xpiler.verify.runs.compare import Difference, floats, integers, to_double
from xpiler.verify.runs.inputs import Values
from xpiler.verify.runs.observe import Case, Reference
from xpiler.verify.runs.steady import outputs_of
from xpiler.verify.runs.trial import Trial
from xpiler.verify.signature import Array


# Elements of a large array that are looked at first: scattered ones, and so many at either end.
SAMPLED, ENDS = 2048, 64
UNSET = 0xFF  # the bytes of memory that nobody has written yet


def right(reference: Reference, case: Case, trial: Trial, names: Mapping[str, str]) -> float:
    """The share of elements of the source's outputs that a clean run has right, each array counting alike.

    Held against the typical element: a search wants to know this quickly, and asks a judge in the end."""
    outputs = outputs_of(trial, case, names)
    shares = []
    for a in reference.signature.arrays:
        if a.written:
            found = difference(reference, case, a, outputs)
            shares.append(1.0 if found is None else 1.0 - max(found.wrong, 1) / max(case.point.sizes[a.name], 1))
    return float(np.mean(shares)) if shares else 1.0


@dataclass(frozen=True)
class Sample:
    """Some elements of a case's large arrays, and those at their ends: enough to tell that a run is wrong."""

    case: Case
    places: Mapping[str, Values]

    @classmethod
    def of(cls, case: Case) -> Sample:
        rng = np.random.default_rng(0)
        places = dict[str, Values]()
        for name, x in case.inputs.items():
            if isinstance(x, np.ndarray) and x.size > 2 * SAMPLED:
                some = np.concatenate([np.arange(ENDS), np.arange(x.size - ENDS, x.size), rng.choice(x.size, SAMPLED)])
                places[name] = np.unique(some)
        return cls.at(case, places)

    @classmethod
    def at(cls, case: Case, places: Mapping[str, Values]) -> Sample:
        """These elements of some arrays, and all others whole."""
        sizes = {k: places[k].size if k in places else n for k, n in case.point.sizes.items()}
        source = replace(case.source, outputs=_at(places, case.source.outputs))
        other = None if case.reference is None else replace(case.reference, outputs=_at(places, case.reference.outputs))
        small = replace(case, source=source, reference=other, inputs=_at(places, case.inputs),
                        point=replace(case.point, sizes=sizes))
        return cls(small, places)

    def taken(self, trial: Trial, names: Mapping[str, str]) -> Trial:
        """These elements of what a run left."""
        places = {names[k]: v for k, v in self.places.items() if k in names}
        return replace(trial, outputs=_at(places, trial.outputs)) if places else trial


def _at(places: Mapping[str, Values], arrays: Mapping[str, Any]) -> dict[str, Any]:
    return {k: x.reshape(-1)[places[k]] if k in places and isinstance(x, np.ndarray) else x for k, x in arrays.items()}


def nearness(reference: Reference, case: Case, trial: Trial, names: Mapping[str, str]) -> float:
    """How close the elements come to the source's, between 0 and 1, those that are wrong too: a search has to tell
    which of two texts is less wrong where no element of either is right."""
    outputs = outputs_of(trial, case, names)
    shares = []
    for a in reference.signature.arrays:
        if a.written:
            expected = to_double(a.dtype, _array(case.source.outputs.get(a.name, case.inputs[a.name])))
            actual = to_double(a.dtype, _array(outputs[a.name]))
            with np.errstate(all="ignore"):
                usual = float(np.sqrt(np.nanmean(np.where(np.isfinite(expected), expected, np.nan) ** 2))) or 1.0
                off = np.abs(actual - expected) / (np.abs(expected) + usual)
                alike = np.where(np.isnan(off), 0.0, 1.0 / (1.0 + 8.0 * off))
            shares.append(float(np.mean(np.where(np.isnan(expected) & np.isnan(actual), 1.0, alike))))
    return float(np.mean(shares)) if shares else 1.0


def written(reference: Reference, trial: Trial, names: Mapping[str, str]) -> float:
    """The share of elements of the source's outputs in which a clean run of a text left other bytes than those of
    memory that nobody has written yet."""
    shares = []
    for a in reference.signature.arrays:
        values = trial.outputs.get(names[a.name]) if a.written else None
        if values is not None and values.size:
            shares.append(float(set_elements(values).mean()))
    return float(np.mean(shares)) if shares else 1.0


def set_elements(values: Values) -> npt.NDArray[np.bool_]:
    """Which elements of an array, one after another, have other bytes than memory that nobody has written yet."""
    flat = np.ascontiguousarray(values).reshape(-1)
    return np.asarray((flat.view(np.uint8).reshape(flat.size, -1) != UNSET).any(axis=1), np.bool_)


def first_wrong(
    reference: Reference, case: Case, trial: Trial, names: Mapping[str, str]
) -> tuple[str, int] | None:
    """The first array of the source, by its name, and its element that a clean run has wrong."""
    outputs = outputs_of(trial, case, names)
    for a in reference.signature.arrays:
        found = difference(reference, case, a, outputs) if a.written else None
        if found is not None:
            return a.name, found.index
    return None


def difference(
    reference: Reference, case: Case, a: Array, outputs: Mapping[str, Values | Number]
) -> Difference | None:
    """How an array that a run left differs from the source's."""
    expected, actual = _array(case.source.outputs.get(a.name, case.inputs[a.name])), _array(outputs[a.name])
    if not a.dtype.is_float:
        return integers(expected, actual)
    other = None if case.reference is None else case.reference.outputs.get(a.name)
    before = _array(case.inputs[a.name])
    return floats(a.dtype, expected, actual, other, before, reference.tolerance)[0]


def _array(value: Values | Number) -> Values:
    assert isinstance(value, np.ndarray), "arrays are given as arrays"
    return value
