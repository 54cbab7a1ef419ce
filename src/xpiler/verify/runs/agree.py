"""Whether a run of the target gave what the source gave on the same inputs: element by element, each as closely as its
condition allows.

What is no number needs care. Where the source, run in float64, gives something of another class (a number, an infinity,
NaN), or a number its own result has nothing to do with, the result hangs on the precision and there is nothing to say
about hard inputs: a variance that is a difference of large squares may come out as anything, below zero too. Where that
is most of a result, the rest of it is near what it should be by luck. Where inputs are NaN themselves, `x > m ? x : m`
and a maximum instruction rightly part, so a difference there is told and refutes nothing, unless one of the two asks
whether a number is one; neither does one in NaN alone where inputs are infinite. NaN made of finite inputs is judged
like any other result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from xpiler.emulate.entry import Limits
from xpiler.verify.runs.compare import Difference, Leave, classes, floats, integers, most_room, to_double, unrelated
from xpiler.verify.runs.condition import Doubles, Room, condition
from xpiler.verify.evaluate import Number
from xpiler.verify.runs.inputs import Values, poison
from xpiler.verify.runs.kinds import LARGE, NOT_FINITE, OVERFLOWING, Kind
from xpiler.verify.runs.observe import Case, Reference, overflows, same_bits
from xpiler.verify.signature import Array
from xpiler.verify.verdict import Witness

# Nudges by which the condition of elements is told; more are made before a difference is believed.
FIRST, MORE = range(2), range(2, 8)
# The share of elements that may lie where a result jumps, and that from which on all of a result is noise.
JUMPS, NOISE = 0.01, 0.5


@dataclass(frozen=True)
class Compared:
    """A difference, or the largest relative error of what agrees; `note` tells of a difference that refutes nothing."""

    witness: Witness | None = None
    error: float = 0.0
    note: str = ""


@dataclass(frozen=True)
class Agreement:
    """Comparing with one reference. The condition of a case is found when a difference asks for it, and kept. That
    takes runs, so random numbers, all much alike, are held against their typical element first."""

    reference: Reference
    limits: Limits
    rooms: dict[int, Room] = field(default_factory=dict, compare=False)

    def compare(self, case: Case, outputs: Mapping[str, Values | Number]) -> Compared:
        """The first array that differs, else what can be said of all."""
        worst, note = 0.0, ""
        for a in self.reference.signature.arrays:
            expected, actual = _array(case.source.outputs.get(a.name, case.inputs[a.name])), _array(outputs[a.name])
            seen = self._compare(a, case, expected, actual)
            if seen.witness is not None:
                return seen
            worst, note = max(worst, seen.error), note or seen.note
        return Compared(None, worst, note)

    def _compare(self, a: Array, case: Case, expected: Values, actual: Values) -> Compared:
        before = _array(case.inputs[a.name])
        if a.dtype.is_float and same_bits(before, expected):
            return _compared(a, case, _untouched(a, expected, actual))
        if not a.dtype.is_float:
            return self._integers(a, case, expected, actual)
        other = None if case.reference is None else case.reference.outputs.get(a.name)
        blank = poison(a.dtype, expected.size, case.seed) if a.read else before
        tolerance = self.reference.tolerance
        if case.point.kind is Kind.NANS and not self.reference.asks:
            found, _ = floats(a.dtype, expected, actual, other, blank, tolerance)
            return Compared(note=_noted(a, case, found))
        if self.reference.again is None:
            return _compared(a, case, *floats(a.dtype, expected, actual, other, blank, tolerance))
        if case.point.kind is Kind.RANDOM:
            found, error = floats(a.dtype, expected, actual, other, blank, tolerance)
            if found is None:
                return Compared(None, error)
        excused, note = _excused(a, case, expected, actual, other)
        found, error = None, 0.0
        # As if all were well conditioned; if not so, by its condition; once more, to be sure.
        for tries in range(1 if tolerance.exact else 3):
            room = self._room(case, tries).get(a.name, np.zeros(expected.size))
            if case.point.kind is Kind.RANDOM:
                room = _believed(room, most_room(a.dtype, expected if other is None else other))
            leave = Leave(room + tolerance.relative(a.dtype) * self._size(case), excused)
            found, error = floats(a.dtype, expected, actual, other, blank, tolerance, leave)
            if found is None:
                break
        return _compared(a, case, found, error, note)

    def _size(self, case: Case) -> float:
        """The size of what a formula adds to its inputs, the 1 of 1 + tanh(x): it rounds, however small the result."""
        sizes = [0.0]
        for a in self.reference.signature.arrays:
            if a.read and a.dtype.is_float:
                x = np.abs(to_double(a.dtype, _array(case.inputs[a.name])))
                sizes.append(float(np.max(x[np.isfinite(x)], initial=0.0)))
        return min(max(sizes), 1.0)

    def _room(self, case: Case, tries: int) -> Room:
        """What the elements of a case may be off: nothing at first."""
        again = self.reference.again
        known = self.rooms.get(id(case), {})
        if not tries or again is None:
            return known
        seeds = FIRST if tries == 1 else MORE
        if tries == 1 and known:
            return known
        # In float64 that is the condition alone; in the source's own precision, what rounding does on the way too.
        both = [(again, case.source if case.reference is None else case.reference), (self.reference.own, case.source)]
        for source, still in both:
            if source is None or not still.outputs:
                continue
            found = condition(
                source, case.point, case.inputs, still.outputs, self.reference.tolerance, self.limits, seeds)
            known = known | {n: np.maximum(r, known[n]) if n in known else r for n, r in found.items()}
        self.rooms[id(case)] = known
        return known

    def _integers(self, a: Array, case: Case, expected: Values, actual: Values) -> Compared:
        """Exact; but integers made of floats may hang on rounding, and may not exist for large ones."""
        found = integers(expected, actual)
        kind = case.point.kind
        from_floats = kind in OVERFLOWING or any(x.read and x.dtype.is_float for x in self.reference.signature.arrays)
        if found is None or kind is Kind.RANDOM or not from_floats:
            return _compared(a, case, found)
        meant = self.reference.asks and kind in NOT_FINITE and not overflows(case)
        if kind in LARGE and not meant:
            return Compared(note=_noted(a, case, found))
        other = None if case.reference is None else case.reference.outputs.get(a.name)
        wrong = expected != actual if other is None else (expected != actual) & (expected == other)
        return _compared(a, case, integers(np.where(wrong, expected, actual), actual))


def _believed(room: Doubles, most: Doubles) -> Doubles:
    """The room of ordinary inputs. A few elements may lie where a result jumps; where many do, the source makes noise
    of its inputs, and its condition says nothing."""
    return room if np.count_nonzero(room > most) <= JUMPS * room.size else np.minimum(room, most)


def _excused(
    a: Array, case: Case, expected: Values, actual: Values, other: Values | None
) -> tuple[Values | None, str]:
    """The elements on which there is nothing to say, and a note on those that are NaN in one run alone."""
    if case.point.kind is Kind.RANDOM:
        return None, ""
    e = classes(a.dtype, expected)
    excused = np.zeros(e.shape, np.bool_) if other is None else (
        (e != classes(a.dtype, other)) | unrelated(a.dtype, expected, other))
    if excused.size and excused.mean() > NOISE:
        excused = np.ones(e.shape, np.bool_)
    if case.point.kind is Kind.BEYOND:  # what the source has no number for there, whoever asks it so much
        excused = excused | (e != 0)
    if case.point.kind is not Kind.INFINITIES:
        return excused, ""
    apart = ~excused & ((e == 2) != (classes(a.dtype, actual) == 2))
    if not apart.any():
        return excused, ""
    i, x, y = int(apart.argmax()), to_double(a.dtype, expected), to_double(a.dtype, actual)
    found = Difference(i, float(x[i]), float(y[i]), int(np.count_nonzero(apart)))
    return excused | apart, _noted(a, case, found)


def _untouched(a: Array, expected: Values, actual: Values) -> Difference | None:
    """What the source left as it was, NaN or not, is as it was; a zero may have lost its sign."""
    word = f"u{expected.itemsize}"
    x, y = np.ascontiguousarray(expected).view(word), np.ascontiguousarray(actual).view(word)
    if np.array_equal(x, y):
        return None
    zeros = (to_double(a.dtype, expected) == 0) & (to_double(a.dtype, actual) == 0)
    wrong = np.flatnonzero((x != y) & ~zeros)
    if not wrong.size:
        return None
    i, e, r = int(wrong[0]), to_double(a.dtype, expected), to_double(a.dtype, actual)
    return Difference(i, float(e[i]), float(r[i]), int(wrong.size))


def _compared(a: Array, case: Case, found: Difference | None, error: float = 0.0, note: str = "") -> Compared:
    if found is None:
        return Compared(None, error, note)
    on = "" if case.point.kind is Kind.RANDOM else f" on {case.point.kind.value}"
    what = f"`{a.name}` differs{on}: {found}"
    return Compared(Witness(what, case.seed, case.point.scalars, a.name, found.index, found.expected, found.actual))


def _noted(a: Array, case: Case, found: Difference | None) -> str:
    if found is None:
        return ""
    on = "on NaN" if case.point.kind is Kind.NANS or np.isnan(found.expected) != np.isnan(found.actual) else (
        f"on {case.point.kind.value}")
    return f"differs {on} only: `{a.name}`[{found.index}] is {found.actual:.7g}, not {found.expected:.7g}"


def _array(value: Values | Number) -> Values:
    assert isinstance(value, np.ndarray), "an array stays one"
    return value
