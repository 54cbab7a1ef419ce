"""Repairing a refuted text: the search of `repair`, with the judges of `verify` to say what is right."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from xpiler.emulate.entry import Limits
from xpiler.fault import Fault
from xpiler.ir.nodes import Buffer, Param, Program
from xpiler.locating import Located, Locator, Telling
from xpiler.platforms.platform import Platform
from xpiler.repair.mend import Mended, mend
from xpiler.repair.score import Score, Trials
from xpiler.text.read import read
from xpiler.verify.confirm import confirm
from xpiler.verify.ladder import Level
from xpiler.verify.pairing import pair
from xpiler.verify.runs.kinds import Kind
from xpiler.verify.runs.nearness import right
from xpiler.verify.runs.observe import Case, Effort, Let, Progress, Reference
from xpiler.verify.runs.steady import attempt
from xpiler.verify.runs.trial import Machine, Trial, machine
from xpiler.verify.signature import Signature, signature
from xpiler.verify.verdict import CLEAN, EQUAL, Evidence, confirmed, refuted

# Cases a candidate is run on before a judge is asked; a candidate may take so much longer than the source.
CASES, PATIENCE, LEAST = 3, 20.0, 2.0
SMALL = 1 << 15  # elements of all arrays together
DEVICE = "device"  # the space of arrays that a caller has on the device already


@dataclass(frozen=True)
class Repaired:
    """What came of a repair: the text, its evidence, what was done to it, and where it went wrong at first."""

    mended: Mended
    evidence: tuple[Evidence, ...]
    located: Located | None = None

    @property
    def confirmed(self) -> bool:
        return self.mended.accepted and confirmed(self.evidence)


@dataclass
class Judges:
    """The judges as `repair` sees them. `watch`: runs look at every access, since a rung that does so refused."""

    source_text: str
    source: Platform
    source_program: Program
    target: Platform
    reference: Reference
    let: Let
    level: Level
    effort: Effort
    cache: Path | None
    file: str
    geometry: Mapping[str, str] = field(default_factory=dict)
    pairs: Mapping[str, str] = field(default_factory=dict)
    taken: frozenset[str] = frozenset()  # arrays of the caller's whose sizes nobody says
    watch: bool = False
    evidence: tuple[Evidence, ...] = ()
    located: Located | None = None
    cases: tuple[Case, ...] = field(init=False)

    def __post_init__(self) -> None:
        usual = [c for c in self.reference.cases if c.point.kind is Kind.RANDOM] or list(self.reference.cases)
        self.cases = tuple(sorted(usual, key=_telling)[:CASES])

    @property
    def trials(self) -> Trials:
        return Trials(self.sketch, self.fixed, self.confirm, self.blame)

    def read(self, text: str) -> Program:
        let = {k: v for k, v in self.let.items() if isinstance(v, int)}
        return read(text, self.target, self.file, geometry=dict(self.geometry) or None, let=let or None)

    def sketch(self, text: str) -> Callable[[Mapping[int, int]], Score] | tuple[int, ...]:
        try:
            made, names = self._machine(text, self._signature)
        except Fault as fault:
            lines = {int(n) for n in re.findall(rf"{re.escape(self.file)}:(\d+)", str(fault))}
            return tuple(sorted(lines | ({fault.where.line} if fault.where.line else set())))
        return lambda picks: self._score(made, names, picks)

    def fixed(self, text: str) -> Score:
        try:
            sig = signature(self.read(text))
            self._signature = sig
            made, names = self._machine(text, sig)
        except Fault as fault:
            return Score(built=False, met=fault.what, line=fault.where.line)
        return self._score(made, names, {})

    def confirm(self, text: str) -> bool:
        self.evidence = confirm(
            self.source_text, self.source, text, self.target, self.source_program, let=self.let or None,
            cache=self.cache, reference=self.reference, effort=self.effort, file=self.file, level=self.level,
            pairs=self.pairs, target_program=self.read(text) if self.geometry or self.let else None,
            taken=self.taken)
        first = refuted(self.evidence)
        self.watch |= first is not None and first.rung not in (CLEAN, EQUAL)
        return confirmed(self.evidence)

    def blame(self, text: str) -> tuple[Sequence[int], Sequence[int]]:
        """The lines to look at first, where something wrong is made of what is right; then those from there on."""
        try:
            found = self.locate(text, brief=True)
        except Fault:
            return (), ()
        self.located = self.located or found
        return found.lines, found.then

    def locate(self, text: str, brief: bool = False) -> Located:
        """Where a text goes wrong, on the first input that shows it; Fault where it does not read or compile."""
        made, names = self._machine(text, signature(self.read(text)))
        for case in self.cases:
            for backwards in (False, True):
                trial = self._run(made, names, case, {}, backwards)
                found = self._locator.located(self.reference, case, trial, self._telling(text, made.signature), names,
                                              backwards, brief)
                if found != Located():
                    return found
        return Located()

    def _telling(self, text: str, sig: Signature) -> Telling:
        return Telling(text, self.target, sig, self.read, self.file, self.cache)

    @cached_property
    def _locator(self) -> Locator:
        right = Telling(self.source_text, self.source, self.reference.signature, lambda _: self.source_program,
                        "source", self.cache)
        return Locator(right, self.effort.limits)

    # ------------------------------------------------------------ runs

    _signature: Signature = field(init=False, repr=False)

    def _machine(self, text: str, sig: Signature) -> tuple[Machine, Mapping[str, str]]:
        paired = pair(self.reference.signature.params, sig.params, self.pairs)
        if paired.clash:
            raise Fault("XP2011", paired.clash)
        outputs = {paired.names[a.name] for a in self.reference.signature.arrays if a.written}
        called = replace(sig, params=_as_meant(sig.params, outputs))
        made = machine(text, self.target, called, file=self.file, cache=self.cache, watch=self.watch)
        return made, paired.names

    def _score(self, made: Machine, names: Mapping[str, str], picks: Mapping[int, int]) -> Score:
        least = Score(1.0)
        for case in self.cases:
            for backwards in (False, True):
                trial = self._run(made, names, case, picks, backwards)
                if not trial.clean:
                    first = trial.found[0] if trial.found else None
                    return Score(0.0, f"{first.code} at line {first.line}, `{first.buffer}`" if first else trial.status,
                                 first.line if first else 0)
                least = min(least, Score(right(self.reference, case, trial, names)), key=lambda s: s.right)
                if not least.perfect:
                    return least
        return least

    def _run(self, made: Machine, names: Mapping[str, str], case: Case, picks: Mapping[int, int],
             backwards: bool = False) -> Trial:
        return attempt(made, case, names, self._limits(case), backwards=backwards, picks=picks)

    def _limits(self, case: Case) -> Limits:
        seconds = LEAST + PATIENCE * case.source.seconds * (10 if self.watch else 1)
        return replace(self.effort.limits, seconds=min(self.effort.limits.seconds, seconds))


def _telling(case: Case) -> tuple[bool, int]:
    """Small cases first, of these the largest: one of a single element tells right from wrong, and nothing between."""
    size = sum(case.point.sizes.values())
    return size > SMALL, size if size > SMALL else -size


def _as_meant(params: tuple[Param, ...], outputs: Collection[str]) -> tuple[Param, ...]:
    """Parameters of a wrong text as a right one has them: what it fails to write is still an output, and what it fails
    to copy is still the host's where another array is."""
    spaces = {p.space for p in params if isinstance(p, Buffer)}
    host = next((s for s in sorted(spaces) if s != DEVICE), DEVICE)
    return tuple(
        replace(p, const=p.const and p.name not in outputs, space=host if p.space == DEVICE else p.space)
        if isinstance(p, Buffer) else p for p in params)


def repaired(
    text: str, judges: Judges, *, seconds: float = 60.0, progress: Progress = lambda _: None
) -> Repaired:
    """A text near `text` that these judges accept, if one is found within so many seconds, confirmation apart."""
    if refuted([judges.reference.evidence]):
        none = Mended(text, False, (), (), "the source itself is not sane", 0, 0.0)
        return Repaired(none, (judges.reference.evidence,))
    done = mend(text, judges.target, judges.read, judges.trials, seconds=seconds, progress=progress)
    return Repaired(done, judges.evidence, judges.located)
