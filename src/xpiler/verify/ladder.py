"""The ladder: every judge, in order, to the first refutation. None of them learns who wrote the target.

The runs come first: they are cheap and refute nearly everything that is wrong. Those that argue, and those that ask
other compilers, follow side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from xpiler.fault import Fault
from xpiler.ir.nodes import PLAIN, For, Program
from xpiler.ir.walk import statements
from xpiler.platforms.platform import Platform
from xpiler.text.pragmas import unfollowed, with_directives
from xpiler.verify.argue.bounds import BOUNDS, bounds
from xpiler.verify.called import arranged, sized
from xpiler.verify.compiles import compiles
from xpiler.verify.devices import DEVICE, on_device
from xpiler.verify.evaluate import NoValue, Number
from xpiler.verify.extents import Extents, extents
from xpiler.verify.exact.exact import EXACT, equal_exact
from xpiler.verify.runs.ignored import ignoring
from xpiler.verify.runs.judge import judge
from xpiler.verify.runs.observe import Effort, Let, Progress, Reference
from xpiler.verify.pairing import pair
from xpiler.verify.runs.named import named
from xpiler.verify.runs.probes import MOST_PROBED, probes
from xpiler.verify.runs.sizes import free_integers
from xpiler.verify.proof.equal import ALL_INPUTS, equal_for_all
from xpiler.verify.argue.overflows import overflowing
from xpiler.verify.argue.races import RACES, races
from xpiler.verify.argue.solving import SOLVING
from xpiler.verify.runs.sane import RACES as RACING
from xpiler.verify.runs.sane import sane
from xpiler.verify.stretches import kept_apart
from xpiler.verify.signature import signature
from xpiler.verify.verdict import (
    CLEAN, COMPILES, EQUAL, READS, SOURCE, WATCHED, Evidence, Proved, Refuted, Unknown, Witness, refuted,
)


class Level(IntEnum):
    """How far up a result is taken."""

    TESTS = 0  # what is run, and no more
    USUAL = 1  # arguments too, for as long as a person waits without noticing
    FULL = 2  # everything, for up to a minute


@dataclass(frozen=True)
class Side:
    """One of the two programs: its text, its language, and what it was read as.

    `taken` are arrays whose sizes neither its text nor its user states: somebody worked them out, and may be wrong."""

    text: str
    platform: Platform
    program: Program
    file: str = ""
    kernel: str = ""
    taken: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Question:
    """Does the target compute what the source computes? All that a judge may look at.

    `reference` is what the source was seen to do; `let` are the scalars the user fixed; `pairs` name parameters of the
    target by those of the source where they do not correspond by position; `taken` are arrays of the source whose sizes
    neither its text nor its user states: somebody worked them out, and may be wrong."""

    source: Side
    target: Side
    reference: Reference
    let: Let = field(default_factory=dict)
    pairs: Mapping[str, str] = field(default_factory=dict)
    effort: Effort = field(default_factory=Effort)
    level: Level = Level.USUAL
    cache: Path | None = None
    progress: Progress = lambda _: None
    taken: frozenset[str] = frozenset()

    @property
    def names(self) -> Mapping[str, str]:
        """The target's name for every parameter of the source; none where they cannot be told."""
        entry = signature(self.target.program, self.target.kernel)
        return pair(self.reference.signature.params, entry.params, self.pairs).names

    @property
    def sized(self) -> Program:
        """The target's program with arrays as large as the source's caller makes them."""
        t = self.target
        return sized(t.program, t.kernel, self.reference.signature, self.names)

    @property
    def called(self) -> Program:
        """The same with its parameters in the source's order, for judges that argue."""
        kernel = self.target.kernel
        return _alone(arranged(self.sized, kernel, self.reference.signature, self.names), kernel)

    @property
    def calling(self) -> Program:
        """The source's program, with the kernel that is meant."""
        return _alone(self.source.program, self.source.kernel)

    @property
    def fixed(self) -> dict[str, Number]:
        """The scalars the user fixed, by the source's names."""
        return {k: v for k, v in self.let.items() if not isinstance(v, tuple)}

    @property
    def let_in_target(self) -> dict[str, Any]:
        """What the user fixed, by the target's names."""
        names = self.names
        return {names[k]: v for k, v in self.let.items() if k in names}

    @property
    def fixed_in_target(self) -> dict[str, Number]:
        """The scalars among them."""
        return {k: v for k, v in self.let_in_target.items() if not isinstance(v, tuple)}

    @cached_property
    def extents(self) -> Extents:
        """What can be shown of sizes that somebody worked out."""
        return extents(self.calling, self.source.platform, self.taken, self.fixed,
                       [{**self.fixed, **c.point.scalars} for c in self.reference.cases], self.seconds(1.0, 5.0))

    def seconds(self, usual: float, full: float) -> float:
        """How long a judge may take, which a timeout of its own turns into `Unknown`."""
        return full if self.level is Level.FULL else usual


@dataclass(frozen=True)
class Rung:
    """A place on the ladder: the names of its evidence with what each means, and who is asked from which level on.

    `solver`: it argues with Z3, whose terms belong to one thread at a time."""

    means: Mapping[str, str]
    level: Level
    ask: Callable[[Question], tuple[Evidence, ...]]
    solver: bool = False


def probed(q: Question) -> Question:
    """The question with what the source does at further sizes, where one of the programs goes another way, and on
    numbers that the target alone compares data with, and with nothing in what the source ignores."""
    sig, here = q.reference.signature, {p.name: p.name for p in q.reference.signature.params}
    tried = [c.point.scalars for c in q.reference.cases]
    more = probes(sig, ((q.calling, here), (_alone(q.target.program, q.target.kernel), q.names)), tried, q.fixed)
    more += _too_large(q, tried)
    found = q.reference.further(more) if more else q.reference
    if numbers := set(named(q.target.program)) - set(named(q.calling)):
        found = found.naming(sorted(numbers))
    return replace(q, reference=ignoring(found))


def _too_large(
    q: Question, tried: Sequence[Mapping[str, Number]]
) -> tuple[tuple[dict[str, Number], dict[str, int]], ...]:
    """Sizes at which a number of the target may not fit its type, where that of the source does or wraps."""
    sig, t = q.reference.signature, q.target
    if q.level < Level.USUAL or not tried or not free_integers(sig, q.fixed):
        return ()
    with SOLVING:
        found = overflowing(q.sized, t.platform, t.kernel, q.fixed_in_target, q.seconds(0.5, 5.0))
    if found is None:
        return ()
    scalars = {**tried[0], **{own: found[name] for own, name in q.names.items() if name in found}}
    try:
        sizes = sig.sizes(scalars)
    except NoValue:
        return ()
    return ((scalars, sizes),) if min(sizes.values()) > 0 and sum(sizes.values()) <= MOST_PROBED else ()


def _alone(program: Program, kernel: str) -> Program:
    """The program of one kernel, where one is named."""
    return replace(program, kernels=(program.kernel(kernel),), launcher=None) if kernel else program


def climb(question: Question, *, every: bool = False) -> Iterator[Evidence]:
    """The evidence, rung by rung, to the first refutation; with `every` to the end, whatever is refuted."""
    rungs = [r for r in LADDER if question.level >= r.level]
    question = probed(question)
    for rung in rungs[:1]:
        found = _ask(rung, question)
        yield from found
        if refuted(found) and not every:
            return
    argued = list[Evidence]()
    for e in _side_by_side(question, rungs[1:], every):
        argued.append(e)
        yield e
    if (every or not refuted(argued)) and _in_doubt(question, argued):
        yield from _ask(WATCHING, question)


def _in_doubt(q: Question, argued: Iterable[Evidence]) -> bool:
    """Whether no argument says that threads keep apart. Runs see the order of threads, and no update that is lost."""
    asked = {e.rung: e.verdict for e in argued}
    inside = (s for k in q.target.program.kernels for s in statements(k))
    threads = any(isinstance(s, For) and s.kind not in PLAIN for s in inside)
    return threads and WATCHED not in asked and isinstance(asked.get(RACES), Unknown)


def _side_by_side(question: Question, rungs: list[Rung], every: bool) -> Iterator[Evidence]:
    """Two lanes, since the solver is one thread and the others mostly wait for processes; results in order."""
    lanes = (ThreadPoolExecutor(1), ThreadPoolExecutor(1))
    try:
        asked: list[Future[tuple[Evidence, ...]]] = [lanes[r.solver].submit(_ask, r, question) for r in rungs]
        for future in asked:
            found = future.result()
            yield from found
            if refuted(found) and not every:
                return
    finally:
        for lane in lanes:
            lane.shutdown(cancel_futures=True)


def _ask(rung: Rung, question: Question) -> tuple[Evidence, ...]:
    """What a judge says. One that cannot read or build something has not decided."""
    question.progress(next(iter(rung.means)))
    start = time.monotonic()
    try:
        if not rung.solver:
            return rung.ask(question)
        with SOLVING:
            return rung.ask(question)
    except (Fault, OSError) as failure:
        why = failure.what if isinstance(failure, Fault) else f"this machine failed: {failure}"
        return tuple(Evidence(name, Unknown(f"it was not asked: {why}"), time.monotonic() - start)
                     for name in rung.means)


def _tests(q: Question) -> tuple[Evidence, ...]:
    t = q.target
    return judge(q.reference, t.text, t.platform, t.program, file=t.file, kernel=t.kernel, effort=q.effort,
                 cache=q.cache, pairs=q.pairs or None, progress=q.progress)


def _watched(q: Question) -> tuple[Evidence, ...]:
    start = time.monotonic()
    t = q.target
    found = sane(t.text, t.platform, q.sized, file=t.file, let=q.let_in_target, kernel=t.kernel, effort=q.effort,
                 cache=q.cache).evidence
    return (Evidence(found.rung, found.verdict, time.monotonic() - start),)


def _watched_instead(q: Question) -> tuple[Evidence, ...]:
    """What is found where it stands in for an argument counts where the source has none of it. Where the source races
    itself it is the source that is wrong: it has no meaning to keep."""
    (found,) = _watched(q)
    if not isinstance(found.verdict, Refuted):
        return (found,)
    s = q.source
    own = sane(s.text, s.platform, q.calling, file=s.file, let=q.let, kernel=s.kernel, effort=q.effort, cache=q.cache)
    if isinstance(own.evidence.verdict, Proved):
        return (found,)
    what = f"{found.verdict.witness.what}; the source is not without either"
    said = Evidence(WATCHED, Unknown(what), found.seconds)
    race = next((f for f in own.findings if f.code in RACING), None)
    if race is None:
        return (said,)
    witness = Witness(race.message, sizes=q.fixed, findings=(str(race),), found=(race.to_json(),))
    return said, Evidence(SOURCE, Refuted(witness), own.evidence.seconds)


def _compiles(q: Question) -> tuple[Evidence, ...]:
    return (compiles(q.target.text, q.target.platform, cache=q.cache),)


def _bounds(q: Question) -> tuple[Evidence, ...]:
    return (_sized(q, _for_all_sizes(bounds, q, q.called, q.calling)),)


def _sized(q: Question, found: Evidence) -> Evidence:
    """What holds given sizes that somebody worked out says so; refuted where the source shows that they are wrong: what
    is beyond them is not the caller's, and what is left out is."""
    began = time.monotonic()
    match found.verdict:
        case Proved(scope):
            known = q.extents
            verdict = Proved(f"{scope}; {known.given}" if known.given else scope) if known.wrong is None else Refuted(
                known.wrong)
            return replace(found, verdict=verdict, seconds=found.seconds + time.monotonic() - began)
    return found


def _races(q: Question) -> tuple[Evidence, ...]:
    """Loops that a directive makes parallel are so here, though nothing else runs them that way."""
    start = time.monotonic()
    t, s = q.target, q.source
    line = unfollowed(t.text, t.platform)
    if line is not None:
        return (Evidence(RACES, Unknown(f"line {line}: a directive that is not followed"), time.monotonic() - start),)
    source = q.calling if unfollowed(s.text, s.platform) is not None else with_directives(q.calling, s.text, s.platform)
    return (_kept_apart(q, _for_all_sizes(races, q, with_directives(q.called, t.text, t.platform), source)),)


def _for_all_sizes(argue: Callable[..., Evidence], q: Question, target: Program, source: Program) -> Evidence:
    """What goes wrong with some sizes only is the caller's to avoid, unless the source shows that it need not be."""
    seconds = q.seconds(2.0, 20.0)
    found = argue(target, q.target.platform, let=q.fixed_in_target, seconds=seconds)
    if not isinstance(found.verdict, Unknown):
        return found
    own = argue(source, q.source.platform, let=q.fixed, seconds=seconds)
    if not isinstance(own.verdict, Proved):
        return replace(found, seconds=found.seconds + own.seconds)
    again = argue(target, q.target.platform, let=q.fixed_in_target, seconds=seconds, strict=True)
    return replace(again, seconds=found.seconds + own.seconds + again.seconds)


def _all_inputs(q: Question) -> tuple[Evidence, ...]:
    found = equal_for_all(q.calling, q.called, let=q.fixed, seconds=q.seconds(3.0, 30.0))
    return (_kept_apart(q, _sized(q, found)),)


def _exact(q: Question) -> tuple[Evidence, ...]:
    found = equal_exact(q.calling, q.called, q.reference, seconds=q.seconds(5.0, 40.0), cache=q.cache, pairs=q.names)
    return (_kept_apart(q, found),)


def _kept_apart(q: Question, found: Evidence) -> Evidence:
    read = (q.calling, q.source.platform, q.fixed), (q.called, q.target.platform, q.fixed_in_target)
    return kept_apart(found, read, q.seconds(2.0, 20.0))


def _device(q: Question) -> tuple[Evidence, ...]:
    t = q.target
    return (on_device(q.reference, t.text, t.platform, t.program, kernel=t.kernel, pairs=q.pairs or None,
                      cache=q.cache, seconds=q.seconds(3.0, 30.0)),)


# Asked where the races were argued about in vain, whatever the level.
WATCHING = Rung({WATCHED: "every access of a run was looked at"}, Level.USUAL, _watched_instead)

# Words for what each piece of evidence means stand beside who gives it.
LADDER: tuple[Rung, ...] = (
    Rung({CLEAN: "the translation, executed, breaks no rule of its platform",
          EQUAL: "both were executed on the same inputs, and every element agrees"}, Level.TESTS, _tests),
    Rung({BOUNDS: "every index of the translation is inside its array, by argument, for all inputs"},
         Level.USUAL, _bounds, solver=True),
    Rung({RACES: "no two threads of the translation touch one element unordered, by argument, for all inputs"},
         Level.USUAL, _races, solver=True),
    Rung({ALL_INPUTS: "both write the same expression of the same inputs to every element, by proof"},
         Level.USUAL, _all_inputs, solver=True),
    Rung({EXACT: "both compute the same function of exact numbers, at random points, without a tolerance"},
         Level.USUAL, _exact),
    Rung({WATCHED: "every access of a run was looked at: races, memory read before it is written, data used too early"},
         Level.FULL, _watched),
    Rung({COMPILES: "the compiler of the target's platform takes the text"}, Level.USUAL, _compiles),
    Rung({DEVICE: "the translation was run on the machine it is written for, on the inputs of the tests"},
         Level.USUAL, _device),
)


def meanings() -> dict[str, str]:
    """What each piece of evidence means, in a sentence, from the foot of the ladder up."""
    below = {READS: "the text that was written is read again, in its own language, and is well formed",
             SOURCE: "the source, executed from its own text, breaks no rule of its platform, and is not shown to race"}
    return below | {name: text for rung in LADDER for name, text in rung.means.items()}


def not_tried(evidence: Iterable[Evidence]) -> tuple[str, ...]:
    """The rungs a record does not have."""
    had = {e.rung for e in evidence}
    return tuple(name for name in meanings() if name not in had)
