"""The road of a kernel: read, recover the sequential program, bring it to the target, write, confirm.

Roads are tried from the one that gives the fastest program to the one that always works; each ends with a text, and
the first text the judge confirms is the result.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from xpiler.fault import BROKEN, Fault
from xpiler.ir.check import check
from xpiler.ir.nodes import Program
from xpiler.locating import Located
from xpiler.mending import Judges, Repaired, repaired
from xpiler.model_road import tasks
from xpiler.neural_road import Neural, Place, repaired_road, repairs, tried
from xpiler.passes.machine.host import sized, with_host
from xpiler.platforms.platform import Platform
from xpiler.recent import Recent
from xpiler.text.pragmas import taken_at_its_word
from xpiler.text.read import read
from xpiler.text.write import write
from xpiler.text.writing.error import NotExpressible
from xpiler.to_pivot import accesses, sequential, with_extents
from xpiler.to_target import Attempt, Road, roads, same_text, suited_to, unchanged
from xpiler.verify.confirm import confirm
from xpiler.verify.ladder import Level
from xpiler.verify.runs.observe import Effort, observe
from xpiler.verify.signature import given_sizes, signature, unsized
from xpiler.verify.verdict import Evidence, against, confirmed, refuted

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Result:
    """A translation: the target text, the evidence for it, and how it was found."""

    text: str
    target: str
    program: Program
    pivot: Program | None
    evidence: tuple[Evidence, ...]
    trace: tuple[str, ...]
    attempts: tuple[Attempt, ...]
    seconds: float
    notes: tuple[str, ...] = ()
    road: str = ""  # the name of the way that was confirmed
    proposer: str = "rules"  # who proposed it: the rules of this project, or a model
    repairs: tuple[str, ...] = ()  # what a repair changed in the proposal, a line each

    @property
    def confirmed(self) -> bool:
        return confirmed(self.evidence)


@dataclass(frozen=True)
class Options:
    let: Mapping[str, int] = field(default_factory=dict)
    geometry: Mapping[str, str] = field(default_factory=dict)
    seeds: int = 3
    budget: float = 60.0
    cache: Path | None = None
    level: Level = Level.USUAL  # how far up the ladder the result is taken
    size: Mapping[str, int | str] = field(default_factory=dict)  # elements of arrays nothing in the file allocates
    kernel: str = ""  # the one to translate, of several
    neural: Neural | None = None  # a model that may propose, too
    plain: Platform | None = None  # the language of the clean sequential program, where a model is to see it
    repair: float = 30.0  # seconds to repair one text that was refuted; 0 for none
    recent: Recent = field(default_factory=Recent, compare=False, repr=False)  # shared by the targets of one source


def translate(
    text: str, source: Platform, target: Platform, *, file: str = "<text>",
    options: Options | None = None, progress: Progress = lambda _: None,
) -> Result:
    """The text of a kernel file on another platform, confirmed; a Fault when no road ends confirmed."""
    options = options or Options()
    start = time.monotonic()
    progress("reading")
    given = read(text, source, file, geometry=dict(options.geometry) or None, let=dict(options.let) or None)
    text += given.entry
    given = given_sizes(only(given, options.kernel), options.size)
    program = with_host(given)
    promised = taken_at_its_word(program, text, source)
    taken = unsized(given)
    attempts: list[Attempt] = []
    pivot: Program | None = None
    suited: Program | None = None
    steps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    try:
        (pivot, steps), _ = options.recent.pivot((promised, source.name), lambda: _pivot(promised, source))
        suited, notes = suited_to(target, pivot)
    except Fault as fault:
        if options.neural is None:
            raise
        attempts.append(Attempt("rules", f"{fault.what}: {fault.why}"))
    if program.launcher is not None and pivot is not None and pivot.launcher is not None:
        program = replace(program, launcher=replace(program.launcher, params=pivot.launcher.params))
    given = sized(given, program) if given.launcher is None else program
    effort = Effort(options.seeds, options.budget, level=int(options.level))
    progress("running the source")
    key = text, source.name, given, tuple(sorted(options.let.items())), effort, options.cache
    reference, again = options.recent.runs(key, lambda: observe(
        text, source, given, let=options.let or None, effort=effort, cache=options.cache, progress=progress))
    if again:
        reference = replace(reference, evidence=replace(reference.evidence, seconds=0.0))
    if refuted([reference.evidence]):
        return Result("", target.name, program, pivot, (reference.evidence,), steps, (),
                      time.monotonic() - start)
    last: tuple[Evidence, ...] = (reference.evidence,)

    def judge(out: str, on: Platform = target) -> tuple[Evidence, ...]:
        return confirm(text, source, out, on, given, let=options.let or None, cache=options.cache,
                       reference=reference, effort=effort, file=file, level=options.level, progress=progress,
                       taken=taken)

    def judges(on: Platform) -> Judges:
        return Judges(text, source, given, on, reference, options.let, options.level, effort, options.cache, file,
                      taken=taken)

    def mend(out: str, on: Platform, seconds: float) -> Repaired:
        return repaired(out, judges(on), seconds=seconds, progress=progress)

    def locate(out: str, on: Platform) -> Located:
        return judges(on).locate(out)

    def by_model() -> Result | None:
        """The first text of a model that is confirmed, as it is or repaired."""
        nonlocal last
        if options.neural is None:
            return None
        task, down = tasks(text, program, pivot, source, target, options.plain, options.neural.passages)
        if task is None:
            return None
        place = Place(task, down, judge, mend, options.repair, file, options.cache, progress, locate)
        for one in tried(options.neural, place):
            last = one.evidence or last
            if not one.why:
                return Result(one.text, target.name, program, pivot, one.evidence, (one.road,), tuple(attempts),
                              time.monotonic() - start, given.notes, one.road, "model", one.repairs)
            attempts.append(Attempt(one.road, one.why))
        return None

    if options.neural is not None and options.neural.first:
        found = by_model()
        if found is not None or options.neural.alone:
            return found or Result("", target.name, program, pivot, last, steps, tuple(attempts),
                                   time.monotonic() - start)
    every: Iterator[Road] = iter(()) if pivot is None or suited is None else chain(
        roads(program, suited, steps, source, target, attempts, options.cache,
              same_text(text, given, source, target, attempts)),
        unchanged(promised, pivot, source, target, attempts, options.cache))
    wrong: list[tuple[Road, str]] = []
    for road in every:
        progress(f"writing ({road.name})")
        try:
            out = road.text or write(road.program, target)
        except NotExpressible as e:
            attempts.append(Attempt(road.name, f"{e}"))
            continue
        except BROKEN as e:
            attempts.append(Attempt(road.name, f"internal error in writing: {type(e).__name__}: {e}"))
            continue
        progress(f"confirming ({road.name})")
        last = judge(out)
        if confirmed(last):
            kept = () if road.keeps else notes
            return Result(out, target.name, road.program, pivot, last, road.trace, tuple(attempts),
                          time.monotonic() - start, (*given.notes, *kept), road.name)
        attempts.append(Attempt(road.name, against(last)))
        if refuted(last) is not None:
            wrong.append((road, out))
    for road, out in wrong if options.repair else ():  # the next road costs less than a repair, so all come first
        progress(f"repairing ({road.name})")
        mended = mend(out, target, options.repair)
        name = repaired_road(road.name, mended)
        if mended.confirmed:
            return Result(mended.mended.text, target.name, road.program, pivot, mended.evidence,
                          (*road.trace, *repairs(mended)), tuple(attempts), time.monotonic() - start,
                          (*given.notes, *(() if road.keeps else notes)), name, repairs=repairs(mended))
        attempts.append(Attempt(name, mended.mended.why))
    if options.neural is not None and not options.neural.first and (found := by_model()) is not None:
        return found
    return Result("", target.name, program, pivot, last, steps, tuple(attempts), time.monotonic() - start)


def _pivot(program: Program, source: Platform) -> tuple[Program, tuple[str, ...]]:
    """The sequential program, with sizes and in order, and the steps to it."""
    pivot, steps = sequential(program, source)
    pivot = with_extents(pivot, accesses(program))
    check(pivot)
    return pivot, steps


def only(program: Program, kernel: str) -> Program:
    """The program of one kernel alone; Fault XP2013 where there is none of that name."""
    if not kernel:
        return program
    signature(program, kernel)
    return replace(program, kernels=(program.kernel(kernel),), launcher=None)
