"""Whether the arrays of two exact runs are the same, and what a difference is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xpiler.emulate.lowered.element import (
    CONVERT, CONVERTED, FUNCTIONS, MINUS, NOTHING, PLUS, ROUND, SPECIAL, TIE, UNDEFINED, UNSET,
)
from xpiler.verify.runs.inputs import Values
from xpiler.verify.verdict import Refuted, Unknown, Witness

Mask = NDArray[np.bool_]
_APPLIED = sum(FUNCTIONS)
_LAWLESS = 1 << 19
# How far reals may part that are equal in the field, and how far they must that are to refute, at least.
ALIKE, APART = 1e-3, 1e-6


@dataclass(frozen=True)
class Seen:
    """What the two runs did: the decisions of both, and the array being compared."""

    decisions: int
    array: str
    seed: int
    sizes: Mapping[str, int | float]


def integers(expected: Values, actual: Values, seen: Seen) -> Refuted | Unknown | None:
    """Bit for bit."""
    wrong = np.flatnonzero(expected != actual)
    if not wrong.size:
        return None
    i = int(wrong[0])
    if seen.decisions & (TIE | UNDEFINED | CONVERTED):
        return Unknown(f"`{seen.array}` differs at element {i}, but reals were rounded to integers on the way, or "
                       "nearly equal ones compared")
    return _refuted(seen, i, int(expected[i]), int(actual[i]))


def floats(expected: Values, actual: Values, apart: float, seen: Seen) -> Refuted | Unknown | None:
    """Equal field elements. A difference refutes only where its reals are `apart` too, relative to their size, at a
    place where both sides made the same decisions of the same functions."""
    fe, fa = np.ascontiguousarray(expected["flags"]), np.ascontiguousarray(actual["flags"])
    garbage = _garbage(expected) | _garbage(actual)
    if garbage.any():
        return Unknown(f"element {_first(garbage)} of `{seen.array}` is made from memory that was never written")
    wanting = ((fe | fa) & NOTHING != 0) & ((fe | fa) & UNSET == 0)
    if wanting.any():
        return Unknown(f"element {_first(wanting)} of `{seen.array}` has no value over the reals")
    unwritten = (fe & UNSET) != (fa & UNSET)
    if unwritten.any():
        i = _first(unwritten)
        only = "the target" if fe[i] & UNSET else "the source"
        what = f"element {i} of `{seen.array}` is written by {only} only"
        values = float(expected[i]["r"]), float(actual[i]["r"])
        return Refuted(Witness(what, seen.seed, seen.sizes, seen.array, i, *values))
    infinite = ((fe | fa) & (PLUS | MINUS)) != 0
    real = ((fe | fa) & SPECIAL) == 0
    differs = real & (expected["p"] != actual["p"]) | infinite & ((fe ^ fa) & SPECIAL != 0)
    gap, size = _gap(expected["r"], actual["r"], real)
    if differs.any():
        return _difference(expected, actual, differs, gap > max(APART, apart) * size, seen)
    doubtful = real & (gap > ALIKE * size)
    if doubtful.any():
        i = _first(doubtful)
        return Unknown(f"element {i} of `{seen.array}` is equal in exact arithmetic, but its real values are not")
    return None


def _difference(expected: Values, actual: Values, differs: Mask, apart: Mask, seen: Seen) -> Refuted | Unknown:
    fe, fa = expected["flags"], actual["flags"]
    through = (fe | fa) & (_APPLIED | ROUND)
    alike = ((fe ^ fa) & (_APPLIED | ROUND) == 0) & ((fe | fa) & (CONVERT | _LAWLESS | SPECIAL) == 0)
    sure = differs & apart & alike
    if sure.any() and not seen.decisions & (TIE | UNDEFINED):
        i = _first(sure)
        return _refuted(seen, i, float(expected[i]["r"]), float(actual[i]["r"]))
    i = _first(differs)
    where = f"element {i} of `{seen.array}`"
    if not apart[differs].any():
        return Unknown(f"{where} differs in exact arithmetic by rounding at most: constants may have been rounded, "
                       f"or a law of {_named(int(through[i]))} used")
    if seen.decisions & (TIE | UNDEFINED):
        return Unknown(f"{where} differs in exact arithmetic, but nearly equal numbers were compared on the way")
    return Unknown(f"{where} differs in exact arithmetic, but through {_named(int(through[i]))}: they may be equal by "
                   "a law this domain does not know")


def named(functions: int) -> list[str]:
    return [name for bit, name in FUNCTIONS.items() if functions & bit]


def _named(flags: int) -> str:
    return ", ".join([*named(flags), *(["rounding to integers"] if flags & ROUND else [])]) or "arithmetic"


def _refuted(seen: Seen, i: int, expected: float, actual: float) -> Refuted:
    what = f"element {i} of `{seen.array}` is {actual:.7g}, not {expected:.7g}, in exact arithmetic"
    return Refuted(Witness(what, seen.seed, seen.sizes, seen.array, i, expected, actual))


def _garbage(x: Values) -> Mask:
    """Computed from memory that was never written: not the poison as it lay there."""
    out: Mask = (x["flags"] & UNSET != 0) & (x["p"] != np.uint64(0xFFFFFFFFFFFFFFFF))
    return out


def _gap(e: Values, a: Values, real: Mask) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The distance of the real values, and the size it is measured by; 0 where one of them is none."""
    with np.errstate(invalid="ignore", over="ignore"):
        known = real & np.isfinite(e) & np.isfinite(a)
        finite = np.where(known, e, 0.0)
        typical = float(np.sqrt(np.mean(finite**2))) if finite.size else 0.0
        return np.where(known, np.abs(a - finite), 0.0), np.maximum(np.abs(finite), typical)


def _first(mask: Mask) -> int:
    return int(np.flatnonzero(mask)[0])
