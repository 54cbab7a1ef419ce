"""The smallest input that still shows a difference: sizes first, then contents; a change stays while the two differ."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from xpiler.emulate.entry import Limits
from xpiler.fault import Fault
from xpiler.ir.types import DType
from xpiler.verify.runs.abreast import in_order
from xpiler.verify.runs.agree import Agreement
from xpiler.verify.runs.compare import to_double
from xpiler.verify.evaluate import NoValue, Number
from xpiler.verify.runs.inputs import Values, make, stored
from xpiler.verify.runs.observe import Case, Reference, same_bits
from xpiler.verify.signature import Array
from xpiler.verify.runs.sizes import free_integers
from xpiler.verify.runs.steady import attempt, outputs_of
from xpiler.verify.runs.trial import Machine, Trial
from xpiler.verify.verdict import Witness

# Values to try for a scalar, from below: all small ones, and the neighbours of powers of two.
LADDER = (1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65, 96, 127, 128, 129, 255, 256, 257,
          511, 512, 513, 1023, 1024, 1025, 2048, 4096, 4097)
# The share of the time that may go into sizes, and how many numbers are made round one by one.
ON_SIZES, ROUNDED = 0.5, 24


@dataclass(frozen=True)
class Failing:
    """A case on which the two programs part: how (a finding's code, or "" for a difference), and where."""

    case: Case
    trial: Trial
    witness: Witness
    code: str = ""

    @property
    def number(self) -> bool:
        """Whether a number was expected where it is wrong."""
        return self.witness.expected is None or bool(np.isfinite(self.witness.expected))


@dataclass(frozen=True)
class Pair:
    """The two programs and how they are compared; `double` is the source in float64, where there is one."""

    source: Machine
    target: Machine
    names: Mapping[str, str]
    reference: Reference
    limits: Limits

    def closely(self, case: Case) -> Failing | None:
        """Whether a case fails, judged as in a test."""
        again = self.reference.again
        if case.reference is None and again is not None and again.real != self.source.real:
            try:
                wide = again.run(case.point, case.inputs, self.limits)
            except Fault:
                wide = None
            case = replace(case, reference=wide if wide is not None and wide.clean else None)
        trial = attempt(self.target, case, self.names, self.limits)
        return self._judged(case, trial, Agreement(self.reference, self.limits))

    def roughly(self, case: Case) -> Failing | None:
        """The same with the two runs alone, which is what a quick search can afford; the case's run is made here."""
        def one(machine: Machine) -> Trial:
            if machine is self.source:
                return machine.run(case.point, case.inputs, self.limits, case.seed)
            return attempt(machine, case, self.names, self.limits)

        try:
            source, target = in_order(one, [(self.source,), (self.target,)])
        except Fault:
            return None
        if not source.clean or not self._wrote(case, source):
            return None
        case = replace(case, source=source, reference=None)
        return self._judged(case, target, Agreement(replace(self.reference, again=None), self.limits))

    def _wrote(self, case: Case, source: Trial) -> bool:
        return any(not same_bits(case.inputs[k], v) for k, v in source.outputs.items())

    def _judged(self, case: Case, trial: Trial, agreement: Agreement) -> Failing | None:
        if not trial.clean:
            if trial.undecided:
                return None
            code = trial.found[0].code if trial.found else trial.status
            what = f"the target misbehaves: {trial.complaint}"
            return Failing(case, trial, Witness(what, case.seed, case.point.scalars, findings=trial.findings), code)
        seen = agreement.compare(case, outputs_of(trial, case, self.names))
        return None if seen.witness is None else Failing(case, trial, seen.witness)


def shrink(
    pair: Pair, failing: Failing, let: Mapping[str, Number], seconds: float = 5.0,
    clock: Callable[[], float] = time.monotonic,
) -> Failing:
    """A smaller case that fails in the same way; the one given, where none is found in time.

    `let` are scalars that stay. What the search finds roughly is judged once more as in a test, the smallest first."""
    search = _Search(pair, failing, let, clock() + seconds, clock)
    found = [failing, search.sizes(failing, seconds)]
    for step in (search.zeros, search.round_numbers):
        found.append(step(found[-1]))
    for smaller in reversed(found[1:]):
        sure = pair.closely(replace(smaller.case, reference=None)) if smaller is not failing else None
        if sure is not None and sure.code == failing.code:
            return sure
    return failing


@dataclass
class _Search:
    pair: Pair
    first: Failing
    let: Mapping[str, Number]
    until: float
    clock: Callable[[], float]
    tried: dict[tuple[tuple[str, Number], ...], Failing | None] = field(default_factory=dict)

    def fails(self, case: Case) -> Failing | None:
        """Whether a case fails as the first one did."""
        found = self.pair.roughly(case)
        if found is None or found.code != self.first.code or (self.first.number and not found.number):
            return None
        return found

    # ------------------------------------------------------------ sizes

    def sizes(self, failing: Failing, seconds: float) -> Failing:
        """Every free scalar as small as it goes, all together first and then one by one until none gives."""
        until = self.until - (1 - ON_SIZES) * seconds
        free = [v.name for v in free_integers(self.pair.source.signature, self.let)]
        best = failing
        if not free:
            return best
        for value in LADDER:
            now = {n: int(best.case.point.scalars[n]) for n in free}
            if self.clock() > until or value >= max(now.values()):
                break
            found = self.at(best, {n: min(value, x) for n, x in now.items()})
            if found is not None:
                best = found
                break
        changed = True
        while changed and self.clock() < until:
            changed = False
            for name in sorted(free, key=lambda n: -int(best.case.point.scalars[n])):
                smaller = self.less(best, name, until)
                changed, best = changed or smaller is not best, smaller
        return best

    def less(self, failing: Failing, name: str, until: float) -> Failing:
        """One scalar as small as it goes: up the ladder, then down between its rungs."""
        now = int(failing.case.point.scalars[name])
        below = 0
        for value in (v for v in LADDER if v < now):
            if self.clock() > until:
                return failing
            found = self.at(failing, {name: value})
            if found is not None:
                failing, now = found, value
                break
            below = value
        while now - below > 1 and self.clock() < until:
            middle = (now + below) // 2
            found = self.at(failing, {name: middle})
            if found is None:
                below = middle
            else:
                failing, now = found, middle
        return failing

    def at(self, failing: Failing, values: Mapping[str, int]) -> Failing | None:
        """The failure at other sizes, on contents drawn as before."""
        case = failing.case
        scalars = {**case.point.scalars, **values}
        key = tuple(sorted(scalars.items()))
        if key in self.tried:
            return self.tried[key]
        self.tried[key] = None
        try:
            sizes = {**self.pair.source.signature.sizes(scalars)}
        except (NoValue, Fault):
            return None
        if any(n <= 0 for n in sizes.values()):
            return None
        point = replace(case.point, scalars=scalars, sizes=sizes)
        made = make(self.pair.source.signature, point, case.seed)
        self.tried[key] = self.fails(replace(case, point=point, inputs=made))
        return self.tried[key]

    # ------------------------------------------------------------ contents

    def zeros(self, failing: Failing) -> Failing:
        """As many zeros as it goes: whole arrays, then halves of what is left, down to single elements."""
        for a in self.contents(failing):
            size = _array(failing.case.inputs[a.name]).size
            step = size
            while step >= 1 and self.clock() < self.until:
                for at in range(0, size, step):
                    if self.clock() > self.until:
                        return failing
                    x = _array(failing.case.inputs[a.name])
                    if not np.any(x[at : at + step]):
                        continue
                    zeroed = x.copy()
                    zeroed[at : at + step] = 0
                    failing = self.fails(self.with_array(failing, a, zeroed)) or failing
                step //= 2
        return failing

    def round_numbers(self, failing: Failing) -> Failing:
        """Numbers as simple as they go: 1, else whole ones; of all at once, then one by one."""
        for a in self.contents(failing):
            for made in self.simpler(a, _array(failing.case.inputs[a.name])):
                if self.clock() > self.until:
                    return failing
                found = self.fails(self.with_array(failing, a, made))
                if found is not None:
                    failing = found
                    break
            left = np.flatnonzero(_array(failing.case.inputs[a.name]))
            for i in left[:ROUNDED]:
                x = _array(failing.case.inputs[a.name])
                for one in self.simpler(a, x[i : i + 1]):
                    if self.clock() > self.until:
                        return failing
                    made = x.copy()
                    made[i : i + 1] = one
                    found = self.fails(self.with_array(failing, a, made))
                    if found is not None:
                        failing = found
                        break
        return failing

    def simpler(self, a: Array, x: Values) -> Iterator[Values]:
        """The same with simpler numbers where there were any, the simplest first."""
        d = to_double(a.dtype, x) if a.dtype.is_float else x.astype(np.float64)
        finite = np.isfinite(d) & (d != 0)
        seen = [x]
        for made in (np.ones_like(d), np.arange(1.0, d.size + 1), np.sign(d), np.rint(d), np.rint(4 * d) / 4):
            now = np.where(finite & (made != 0), made, d)
            kept = stored(a.dtype, now) if a.dtype.is_float else now.astype(x.dtype)
            if not any(np.array_equal(kept, s) for s in seen):
                seen.append(kept)
                yield kept

    def contents(self, failing: Failing) -> list[Array]:
        """The arrays whose contents are ours to choose, larger ones first."""
        arrays = self.pair.source.signature.arrays
        ours = [a for a in arrays if a.read and a.name not in failing.case.point.data and a.dtype is not DType.BOOL]
        return sorted(ours, key=lambda a: -_array(failing.case.inputs[a.name]).size)

    def with_array(self, failing: Failing, a: Array, x: Values) -> Case:
        return replace(failing.case, inputs={**failing.case.inputs, a.name: x})


def _array(value: Values | Number) -> Values:
    assert isinstance(value, np.ndarray), "an array's input is an array"
    return value
