"""Repairing a refuted text: the search of `repair`, with the judges of `verify` to say what is right."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from math import inf
from pathlib import Path
from typing import Protocol

from xpiler.emulate.entry import Limits
from xpiler.emulate.many import LATE, NONE
from xpiler.fault import Fault
from xpiler.ir.nodes import Atomic, Buffer, Const, For, Launch, Param, Program, While
from xpiler.ir.types import DType
from xpiler.ir.walk import statements
from xpiler.locating import Located, Locator, Telling
from xpiler.platforms.platform import Platform
from xpiler.repair.constants import constants
from xpiler.repair.grafts import Lacking
from xpiler.repair.instrument import instrumented
from xpiler.repair.mend import mend
from xpiler.repair.mended import Mended
from xpiler.repair.score import Run, Score, Trials
from xpiler.repair.sketch import Picks
from xpiler.repair.told import Had, Wanted
from xpiler.screened import Past, Screen, screen, trial_mark
from xpiler.text.read import read
from xpiler.text.sites import Sites
from xpiler.verify.argue.races import races
from xpiler.verify.confirm import confirm
from xpiler.verify.ladder import Level
from xpiler.verify.pairing import pair
from xpiler.verify.runs.kinds import Kind
from xpiler.verify.runs.nearness import Sample, nearness, right, written
from xpiler.verify.runs.observe import Case, Effort, Let, Progress, Reference
from xpiler.verify.runs.probes import probes
from xpiler.verify.runs.sane import RACES, sane
from xpiler.verify.runs.steady import attempt
from xpiler.verify.runs.trial import Machine, Trial, machine
from xpiler.verify.signature import Signature, signature
from xpiler.verify.verdict import CLEAN, EQUAL, Evidence, Proved, Refuted, confirmed, refuted

# Cases a candidate is run on before a judge is asked; a candidate may take so much longer than the source.
CASES, PATIENCE, LEAST = 3, 20.0, 2.0
# The same for a candidate among many, in seconds, in times the source, and in times the text as it is.
SOON, OPEN, AGAIN = 0.03, 3.0, 8.0
SOME = 0.2  # seconds that are not many times the text's: one that stops early says little of how long a right one takes
BROKEN = 0.03  # seconds that a text takes, at least, as far as one knows that breaks a rule before it ends
SEVERAL = 3  # candidates that did not break it say how long others take
ARGUING = 2.0  # seconds for the argument that threads keep apart
SMALL = 1 << 14  # elements of all arrays together
DEVICE = "device"  # the space of arrays that a caller has on the device already


_Runs = Callable[[Case, bool, Sequence[Picks]], list[Trial]]


class _AtOnce(Protocol):
    """The same, where only so many clusters of each launch may be run; `patient` with what is likely to be right."""

    def __call__(
        self, case: Case, backwards: bool, some: Sequence[Picks], clusters: int = 0, patient: bool = False,
    ) -> list[Trial]: ...


@dataclass
class _Took:
    """How long the text as it is took, and, where it broke a rule, the slowest of the candidates that did not."""

    own: float = 0.0
    clean: bool = True
    past: list[float] = field(default_factory=list)

    def see(self, trial: Trial, candidate: bool) -> None:
        if not candidate:
            self.clean, self.own = trial.clean, trial.seconds if trial.clean else max(trial.seconds, BROKEN)
        elif trial.clean and not self.clean:
            self.past.append(trial.seconds)

    def each(self, source: float) -> float:
        """Seconds that a candidate may take; `source`: what the right program takes."""
        own = max(self.past) if len(self.past) >= SEVERAL else self.own
        return max(SOON + OPEN * source, min(AGAIN * own, SOME + OPEN * own))


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
    """The judges as `repair` sees them. `watch`: runs look at every access, for what no other run shows."""

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
    until: float = inf  # when the time is up
    cases: tuple[Case, ...] = field(init=False)
    _samples: dict[int, Sample] = field(default_factory=dict)
    _wanted: Wanted | None = None
    _asked: Case | None = None

    def __post_init__(self) -> None:
        usual = [c for c in self.reference.cases if c.point.kind is Kind.RANDOM] or list(self.reference.cases)
        self.cases = tuple(sorted(usual, key=_telling)[:CASES])

    @property
    def trials(self) -> Trials:
        return Trials(self.sketch, self.fixed, self.confirm, self.blame, self.missing, self.ask, self.watching,
                      self.apart, self._constants)

    @cached_property
    def _constants(self) -> tuple[str, ...]:
        return constants(Sites(self.source_text, self.source, self.source_program, "source"))

    def read(self, text: str) -> Program:
        program = self._program(text)
        self._signature = signature(program)
        self._groups_apart = self.target.model != "serial" and _one_launch(program)
        return self._sized(program)

    def _sized(self, program: Program) -> Program:
        """The program with the sizes that its arrays have in all runs, where it does not say them."""
        names = pair(self.reference.signature.params, self._signature.params, self.pairs).names
        if program.launcher is None or not self.cases:
            return program
        first, *others = [c.point.sizes for c in self.cases]
        sizes = {names[k]: n for k, n in first.items() if k in names and all(o.get(k) == n for o in others)}
        params = tuple(replace(p, extent=Const(sizes[p.name], DType.I64))
                       if isinstance(p, Buffer) and p.extent is None and p.name in sizes else p
                       for p in program.launcher.params)
        return replace(program, launcher=replace(program.launcher, params=params))

    def _program(self, text: str) -> Program:
        let = {k: v for k, v in self.let.items() if isinstance(v, int)}
        return read(text, self.target, self.file, geometry=dict(self.geometry) or None, let=let or None)

    def watching(self, every: bool) -> None:
        """Whether what is made from now on looks at every access."""
        self.watch = every

    def sketch(self, text: str, beside: Sequence[str] = ()) -> Run | tuple[int, ...]:
        try:
            made, names = self._machine(text, many=not self.watch, beside=beside)
        except Fault as fault:
            lines = {int(n) for n in re.findall(rf"{re.escape(self.file)}:(\d+)", str(fault))}
            return tuple(sorted(lines | ({fault.where.line} if fault.where.line else set())))
        if made.watch:
            runs = self._one_by_one(made, names)
            return lambda candidates: self._scores(runs, names, candidates)
        return self._screening(self._at_once(made, names), names)

    def fixed(self, text: str) -> Score:
        try:
            sig = signature(self.read(text))
            if self._wanted is not None and not self.watch and (score := self._telling_score(text)) is not None:
                return score
            made, names = self._machine(text, sig=sig)
        except Fault as fault:
            return Score(built=False, met=fault.what, line=fault.where.line)
        return self._score(made, names)

    def _telling_score(self, text: str) -> Score | None:
        """The same of a text that is made to tell its values; None where that does not compile."""
        run = self.sketch(instrumented(Sites(text, self.target, self.read(text), self.file)).text)
        return None if isinstance(run, tuple) else run([{}])[0]

    def confirm(self, text: str) -> bool:
        if (found := self._raced(text)) is not None:
            self.evidence = (found,)
            return False
        self.evidence = confirm(
            self.source_text, self.source, text, self.target, self.source_program, let=self.let or None,
            cache=self.cache, reference=self.reference, effort=self.effort, file=self.file, level=self.level,
            pairs=self.pairs, target_program=self.read(text) if self.geometry or self.let else None,
            taken=self.taken)
        first = refuted(self.evidence)
        if first is not None and first.rung in (CLEAN, EQUAL):
            self._learn(text)
        return confirmed(self.evidence)

    def _raced(self, text: str) -> Evidence | None:
        """What the judges find last, where no argument says that threads keep apart: it refutes in a second what they
        take long over. Nothing where the source has such a finding too."""
        if self.apart(text):
            return None
        try:
            found = sane(text, self.target, self.read(text), file=self.file, let=self.let or None, effort=self.effort,
                         cache=self.cache).evidence
        except Fault:
            return None
        return found if isinstance(found.verdict, Refuted) and self._source_sane else None

    def apart(self, text: str) -> bool:
        """Whether an argument says that threads keep apart."""
        fixed = {k: v for k, v in self.let.items() if isinstance(v, int)}
        return isinstance(races(self.read(text), self.target, let=fixed, seconds=ARGUING).verdict, Proved)

    @cached_property
    def _source_sane(self) -> bool:
        """Whether the source has no such finding."""
        found = sane(self.source_text, self.source, self.source_program, file="source", let=self.let or None,
                     effort=self.effort, cache=self.cache)
        return isinstance(found.evidence.verdict, Proved)

    def blame(self, text: str) -> tuple[Sequence[int], Sequence[int]]:
        """The lines to look at first, where something wrong is made of what is right; then those from there on."""
        try:
            found = self.locate(text, brief=True)
        except Fault:
            return (), ()
        self.located = self.located or found
        return found.lines, found.then

    def missing(self, text: str) -> Lacking:
        """What of the source a text lacks, as its values say; nothing where they say nothing."""
        try:
            made, names = self._machine(text, sig=signature(self._program(text)))
        except Fault:
            return Lacking()
        case, self._locator.until = self.cases[0], self.until
        return self._locator.missing(case, self._telling(text, made.signature), names)

    def ask(self) -> None:
        """From now on candidates are asked which of the source's values they have on the first case."""
        if self._wanted is None and not self.watch:
            self._wanted = self._locator.wanted(self.cases[0])
            self._asked = self.cases[0]

    def locate(self, text: str, brief: bool = False) -> Located:
        """Where a text goes wrong, on the first input that shows it; Fault where it does not read or compile."""
        self._locator.until = self.until
        made, names = self._machine(text, sig=signature(self._program(text)))
        for case in self.cases:
            for backwards in (False, True):
                if time.monotonic() > self.until:
                    return Located()
                trial = self._run(made, names, case, {}, backwards)
                found = self._locator.located(self.reference, case, trial, self._telling(text, made.signature), names,
                                              backwards, brief)
                if found != Located():
                    return found
        return Located()

    def _telling(self, text: str, sig: Signature) -> Telling:
        return Telling(text, self.target, sig, self._program, self.file, self.cache)

    @cached_property
    def _locator(self) -> Locator:
        right = Telling(self.source_text, self.source, self.reference.signature, lambda _: self.source_program,
                        "source", self.cache)
        return Locator(right, self.effort.limits)

    # ------------------------------------------------------------ runs

    _signature: Signature = field(init=False, repr=False)
    _groups_apart: bool = field(init=False, repr=False, default=False)  # as far as a text shows that was read last

    def _machine(
        self, text: str, many: bool = False, sig: Signature | None = None, beside: Sequence[str] = (),
    ) -> tuple[Machine, Mapping[str, str]]:
        sig = sig or self._signature
        paired = pair(self.reference.signature.params, sig.params, self.pairs)
        if paired.clash:
            raise Fault("XP2011", paired.clash)
        outputs = {paired.names[a.name] for a in self.reference.signature.arrays if a.written}
        called = replace(sig, params=_as_meant(sig.params, outputs))
        made = machine(text, self.target, called, file=self.file, cache=self.cache,
                       watch=self.watch, many=many, beside=beside)
        return made, paired.names

    def _score(self, made: Machine, names: Mapping[str, str]) -> Score:
        """One text as it is."""
        return self._scores(self._one_by_one(made, names), names, [{}])[0]

    def _screening(self, runs: _AtOnce, names: Mapping[str, str]) -> Run:
        """One open text, with many choices; those that bring nothing in a few groups are not run in full."""
        case, found = self.cases[0], list[Screen | Past]()

        def tried(candidates: Sequence[Picks]) -> list[Score]:
            if not any(candidates):
                out = self._scores(runs, names, candidates)
                made = screen(self.reference, case, names, out[0], lambda few: runs(case, False, [{}], few)[0],
                              lambda trial: 0.0 if (had := self._had(trial)) is None else had.share)
                past = Past(self.reference, case, names, self._had) if out[0].met and self._groups_apart else None
                found[:] = [s for s in (made, past) if s is not None and case is self.cases[0]]
                return [made.full] if found and made is not None else out
            if not found:
                return self._scores(runs, names, candidates)
            few = runs(case, False, candidates, found[0].clusters)
            known = [self._stopped(t, 0) or found[0].seen(t) for t in few]
            patient = partial(runs, patient=True) if isinstance(found[0], Past) else runs
            left = iter(self._scores(patient, names, [c for c, k in zip(candidates, known, strict=True) if k is None]))
            return [next(left) if k is None else k for k in known]
        return tried

    def _scores(self, runs: _Runs, names: Mapping[str, str], candidates: Sequence[Picks]) -> list[Score]:
        """Case by case; who is not right in one is not asked in the next."""
        out = [Score(1.0)] * len(candidates)
        left = list(range(len(candidates)))
        for passed, (case, backwards) in enumerate((c, b) for c in self.cases for b in (False, True)):
            known = dict[int, tuple[float, float, float]]()
            for i, trial in zip(left, runs(case, backwards, [candidates[i] for i in left]), strict=True):
                seen = self._seen(trial, case, names, passed, known)
                out[i] = replace(seen, had=self._had(trial) or out[i].had, reached=seen.reached | out[i].reached)
            left = [i for i in left if out[i].perfect]
            if not left:
                break
        return out

    def _had(self, trial: Trial) -> Had | None:
        """Which of the source's values a run had, where it was asked."""
        return None if self._wanted is None or trial.met is None else self._wanted.had(trial.met)

    def _seen(self, trial: Trial, case: Case, names: Mapping[str, str], passed: int,
              known: dict[int, tuple[float, float, float]]) -> Score:
        if (stopped := self._stopped(trial, passed)) is not None:
            return stopped
        mark = trial_mark(trial)
        if mark not in known:
            sample = self._sample(case)
            some = sample.taken(trial, names)
            share = right(self.reference, sample.case, some, names)
            near = 1.0 if share == 1.0 else nearness(self.reference, sample.case, some, names)
            share = right(self.reference, case, trial, names) if share == 1.0 else share
            known[mark] = share, near, 1.0 if share == 1.0 else written(self.reference, some, names)
        share, near, wrote = known[mark]
        return Score(share, passed=passed, near=near, reached=trial.reached, mark=mark, seconds=trial.seconds,
                     written=wrote)

    def _stopped(self, trial: Trial, passed: int) -> Score | None:
        """What is known of a run that broke a rule or did not end in time."""
        raced = [f for f in trial.noted if f.code in RACES]
        if trial.clean and not raced:
            return None
        first = next(iter((*trial.found, *raced)), None)
        met = f"{first.code} at line {first.line}, `{first.buffer}`" if first else trial.status
        return Score(0.0, met, first.line if first else 0, passed=passed, reached=trial.reached, mark=hash(met),
                     seconds=trial.seconds)

    def _sample(self, case: Case) -> Sample:
        if id(case) not in self._samples:
            self._samples[id(case)] = Sample.of(case)
        return self._samples[id(case)]

    def _run(self, made: Machine, names: Mapping[str, str], case: Case, picks: Picks, backwards: bool = False) -> Trial:
        limits = self._limits(case, made.watch)
        once = attempt(made, case, names, limits, backwards=backwards, picks=picks)
        if not made.watch or backwards or not once.clean or once.noted:
            return once
        return attempt(made, case, names, limits, calls=2, picks=picks)  # what goes wrong on a second call, too

    def _one_by_one(self, made: Machine, names: Mapping[str, str]) -> _Runs:
        late = Trial({}, (), LATE, 0.0)
        return lambda case, backwards, some: [
            self._run(made, names, case, picks, backwards) if time.monotonic() < self.until else late for picks in some]

    def _at_once(self, made: Machine, names: Mapping[str, str]) -> _AtOnce:
        took = dict[tuple[int, bool, int], _Took]()

        def runs(
            case: Case, backwards: bool, some: Sequence[Picks], clusters: int = 0, patient: bool = False,
        ) -> list[Trial]:
            scalars = {names[k]: v for k, v in case.point.scalars.items()}
            inputs = {names[k]: v for k, v in case.inputs.items()}
            asked = self._wanted if case is self._asked and not backwards else None
            own = took.setdefault((id(case), asked is not None, clusters), _Took())
            each = inf if patient or not any(some) else own.each(0.0 if clusters else case.source.seconds)
            done = made.run_many(replace(case.point, scalars=scalars), inputs, self.effort.limits, some, case.seed,
                                 each=min(each, self._limits(case, made.watch).seconds), backwards=backwards,
                                 until=self.until, wanted=NONE if asked is None else asked.keys, clusters=clusters)
            for picks, trial in zip(some, done, strict=True):
                own.see(trial, bool(picks))
            return done
        return runs

    def _limits(self, case: Case, watch: bool) -> Limits:
        seconds = LEAST + PATIENCE * case.source.seconds * (10 if watch else 1)
        return replace(self.effort.limits, seconds=min(self.effort.limits.seconds, seconds))

    def _learn(self, text: str) -> None:
        """A text was refused that is right on the cases tried here: one more of the source's is tried from now on,
        where there is one that tells them apart."""
        try:
            made, names = self._machine(text, sig=signature(self._program(text)))
        except Fault:
            return
        for case in (*self.reference.cases, *self._probed(text, names)):
            if not any(c is case for c in self.cases):
                trial = self._run(made, names, case, {})
                if not trial.clean or right(self.reference, case, trial, names) < 1.0:
                    self.cases = (case, *self.cases)
                    return

    def _probed(self, text: str, names: Mapping[str, str]) -> Iterator[Case]:
        """What the source does at sizes where the text goes another way."""
        sig = self.reference.signature
        here = {p.name: p.name for p in sig.params}
        fixed = {k: v for k, v in self.let.items() if not isinstance(v, tuple)}
        tried = [c.point.scalars for c in self.reference.cases]
        more = probes(sig, ((self.source_program, here), (self.read(text), names)), tried, fixed)
        yield from self.reference.further(more).cases[len(self.reference.cases):] if more else ()


def _telling(case: Case) -> tuple[bool, int]:
    """Small cases first, of these the largest: one of a single element tells right from wrong, and nothing between."""
    size = sum(case.point.sizes.values())
    return size > SMALL, size if size > SMALL else -size


def _one_launch(program: Program) -> bool:
    """Whether groups have nothing to say to each other: one kernel is launched, once, and counts nothing together."""
    host = list(statements(program.launcher)) if program.launcher is not None else []
    return sum(isinstance(s, Launch) for s in host) == 1 and not any(isinstance(s, For | While) for s in host) \
        and not any(isinstance(s, Atomic) for s in statements(program))


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
    judges.until = time.monotonic() + seconds
    done = mend(text, judges.target, judges.read, judges.trials, seconds=seconds, progress=progress)
    return Repaired(done, judges.evidence, judges.located)
