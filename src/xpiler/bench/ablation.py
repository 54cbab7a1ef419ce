"""What each part of the road is worth, in the shape of the paper's ablation (table 6): a proposer that makes mistakes,
alone and with another draw, self-debugging, repair, and pass by pass; and the rules alone.

A case counts as correct where the ladder accepts the text, so a mistake that changes nothing counts as correct
everywhere."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from xpiler import annotated, engine, platforms
from xpiler.bench import paper
from xpiler.bench.matrix import Item
from xpiler.bench.progress import Kind, go_through
from xpiler.fault import Fault
from xpiler.mending import Judges, Repaired, repaired
from xpiler.repairing import judges_of
from xpiler.model_road import pivot_task
from xpiler.platforms.platform import Platform
from xpiler.propose.faulty import Proposal, faulty
from xpiler.propose.prompt import Task
from xpiler.repair.localise import distances
from xpiler.text.read import read
from xpiler.text.sites import Sites
from xpiler.verify.mutants import KINDS, Mutant, mutants
from xpiler.verify.runs.observe import Effort

HEAD = ("mistakes", "texts", "correct as they are", "repaired", "given up", "correct with repair",
        "median s", "95th percentile s", "lines off")
OF_KIND = ("kind of the mistake (texts with one)", "texts", "repaired", "given up")
UNTOUCHED, REPAIRED, GIVEN_UP, NOT_MADE = "correct as it is", "repaired", "given up", "no mistake was made"
WHOLE, STEPS = "whole program", "pass by pass"
AGAIN, DEBUGGED, MENDED = "another draw", "self-debugging", "repair"
RULES = "rules alone"
ROWS = (WHOLE, f"{WHOLE}, {AGAIN}", f"{WHOLE}, {DEBUGGED}", f"{WHOLE}, {MENDED}", STEPS, f"{STEPS}, {MENDED}", RULES)
PARTS = ("proposer and what follows", "cases", "correct %", "median s", "published %")
# The published row that has the same parts.
PUBLISHED = {WHOLE: "o1 few-shot", STEPS: "passes without SMT", f"{STEPS}, {MENDED}": paper.METHOD}
DRAWN = 7919  # the seeds of another draw are so much further


@dataclass(frozen=True)
class Went:
    """How one row did on one case: whether its text was accepted in the end, and the seconds from the proposal on."""

    correct: bool
    seconds: float


@dataclass(frozen=True)
class Outcome:
    """What became of a translation with mistakes. `off`: lines between the nearest mistake and the nearest change of
    the repair, or, where there is none, the first suspect."""

    name: str
    count: int
    kinds: tuple[str, ...]
    what: tuple[str, ...]
    outcome: str
    changes: tuple[str, ...] = ()
    off: int | None = None
    why: str = ""
    runs: int = 0
    seconds: float = 0.0
    went: Mapping[str, Went] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Outcome:
        return cls(**{**data, "kinds": tuple(data["kinds"]), "what": tuple(data["what"]),
                      "changes": tuple(data["changes"]),
                      "went": {k: Went(**v) for k, v in data.get("went", {}).items()}})


@dataclass(frozen=True)
class Options:
    """Seconds for one repair, answers to one question, the rows that are wanted, and how results are confirmed."""

    engine: engine.Options
    seconds: float = 60.0
    tries: int = 3
    rows: tuple[str, ...] = ROWS


KIND: Kind[Item, Outcome] = Kind(
    Outcome.from_json, lambda item, kind, why: Outcome(item.name, item.mistakes, (), (), f"{kind}: {why}"))


def measure(
    items: Sequence[Item], options: Options, jobs: int, kept: Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[Outcome, ...]:
    """Translate, break, and go on as every row does; one bad case never stops the others."""
    return go_through(items, lambda item: _one(item, options), jobs, kept, progress, KIND)


def _one(item: Item, options: Options) -> Outcome:
    source, target = platforms.get(item.source), platforms.get(item.target)
    asked = replace(options.engine, let=item.case.let)
    done = Outcome(item.name, item.mistakes, (), (), NOT_MADE)
    start = time.monotonic()
    try:
        right = engine.translate(item.case.text, source, target, file=item.case.path.name, options=asked)
        rules = {RULES: Went(right.confirmed, time.monotonic() - start)}
        if not right.confirmed:
            return replace(done, why="there is no translation to break", went=rules)
        bench = _Bench(item, options, source, target, right, _judges(item, source, target, asked))
    except Fault as fault:
        why = str(fault).splitlines()[0]
        return replace(done, why=why, went={RULES: Went(False, time.monotonic() - start)})
    made = bench.proposal(right.text, target, item.mistakes, item.seed)
    if not made.mistakes:
        return replace(done, went=rules)
    done = replace(done, kinds=tuple(m.kind for m in made.mistakes), what=tuple(m.what for m in made.mistakes))
    whole = bench.known[WHOLE] = bench.plain(made.text, target)
    done = replace(done, outcome=UNTOUCHED, seconds=whole.seconds) if whole.correct else bench.mended(done, made)
    return replace(done, went={**bench.rows(made), **rules})


def _judges(item: Item, source: Platform, target: Platform, asked: engine.Options) -> Judges:
    return judges_of(item.case.text, source, target, let=item.case.let, level=asked.level, cache=asked.cache,
                     effort=Effort(asked.seeds, asked.budget, level=int(asked.level)))


@dataclass
class _Bench:
    """One translation that proposals with mistakes are made of; each row is worked out once."""

    item: Item
    options: Options
    source: Platform
    target: Platform
    right: engine.Result
    judges: Judges
    known: dict[str, Went] = field(default_factory=dict)

    def proposal(self, text: str, language: Platform, count: int, seed: int) -> Proposal:
        return faulty(text, lambda *a: mistakes(language, *a), count, seed)

    def rows(self, made: Proposal) -> dict[str, Went]:
        """How the rows went that are wanted; what is accepted as it is needs nothing more."""
        acts: Mapping[str, Callable[[Proposal], Went]] = {
            ROWS[1]: self._again, ROWS[2]: self._debugged, ROWS[3]: lambda p: self._repaired(p.text, self.target),
            ROWS[4]: lambda p: self._steps(p, self.plain), ROWS[5]: lambda p: self._steps(p, self._repaired)}
        whole = self.known[WHOLE]
        for row, act in acts.items():
            if row in self.options.rows and row not in self.known:
                self.known[row] = whole if whole.correct and row in ROWS[:4] else act(made)
        return {row: went for row, went in self.known.items() if row in self.options.rows}

    # ------------------------------------------------------------ what follows a proposal

    def _on(self, language: Platform) -> Judges:
        """Judges that have seen nothing yet."""
        return replace(self.judges, target=language)

    def plain(self, text: str, language: Platform) -> Went:
        start = time.monotonic()
        return Went(_accepted(text, self._on(language)), time.monotonic() - start)

    def _repaired(self, text: str, language: Platform) -> Went:
        start = time.monotonic()
        out = self._mend(text, language)
        return Went(out is not None and out.confirmed, time.monotonic() - start)

    def _mend(self, text: str, language: Platform) -> Repaired | None:
        try:
            return repaired(text, self._on(language), seconds=self.options.seconds)
        except Fault:
            return None

    def _again(self, made: Proposal) -> Went:
        """Another draw of the same proposer, where the first was refuted."""
        start = time.monotonic()
        drawn = self.proposal(self.right.text, self.target, self.item.mistakes, self.item.seed + DRAWN)
        return Went(_accepted(drawn.text, self._on(self.target)), time.monotonic() - start)

    def _debugged(self, made: Proposal) -> Went:
        """The proposer is told where its text goes wrong, and writes these statements as they should be."""
        start, text = time.monotonic(), made.text
        for _ in range(self.options.tries - 1):
            judges = self._on(self.target)
            try:
                better = corrected(text, self.right.text, self.target, judges.locate(text).lines)
            except Fault:
                break
            if better == text:
                break
            text = better
            if _accepted(text, self._on(self.target)):
                return Went(True, time.monotonic() - start)
        return Went(False, time.monotonic() - start)

    def _steps(self, made: Proposal, act: Callable[[str, Platform], Went]) -> Went:
        """As many mistakes, dealt out to the passes down to plain C and those up to the target: each text is judged
        (and repaired) before the next is proposed, which then starts from a right one."""
        went = []
        for text, language, count in self._stages():
            drawn = self.proposal(text, language, count, self.item.seed)
            went.append(act(drawn.text, language) if count else Went(True, 0.0))
            if not went[-1].correct:
                break
        return Went(went[-1].correct, sum(w.seconds for w in went))

    def _stages(self) -> Iterator[tuple[str, Platform, int]]:
        plain, launcher = annotated.plain(), self.right.pivot and self.right.pivot.launcher
        task = launcher and Task(self.item.case.text, self.source, self.target, launcher)
        down = pivot_task(self.right.pivot, task, plain) if task else None
        first = self.item.mistakes // 2 if down is not None else 0
        if down is not None:
            yield down.text, plain, first
        yield self.right.text, self.target, self.item.mistakes - first

    def mended(self, done: Outcome, made: Proposal) -> Outcome:
        """What a repair made of the proposal."""
        start = time.monotonic()
        try:
            out = repaired(made.text, self._on(self.target), seconds=self.options.seconds)
        except Fault as fault:
            return replace(done, outcome=GIVEN_UP, why=str(fault).splitlines()[0], seconds=time.monotonic() - start)
        seconds = time.monotonic() - start
        self.known[f"{WHOLE}, {MENDED}"] = Went(out.confirmed, seconds)
        changed = [c.line for c in out.mended.changes] or list(out.mended.suspects[:1])
        off = min((abs(m.line - line) for m in made.mistakes for line in changed), default=None)
        return replace(done, outcome=REPAIRED if out.confirmed else GIVEN_UP, seconds=seconds, off=off,
                       changes=tuple(f"{c.line}: {c.what}" for c in out.mended.changes), why=out.mended.why,
                       runs=out.mended.runs)


def _accepted(text: str, judges: Judges) -> bool:
    try:
        return judges.confirm(text)
    except Fault:
        return False


def corrected(text: str, right: str, language: Platform, told: Sequence[int]) -> str:
    """The text with the statements on some lines as the right text has them; as it is where lines are not the same."""
    lines, should = text.splitlines(keepends=True), right.splitlines(keepends=True)
    if len(lines) != len(should):
        return text
    begins = distances(Sites(text, language, read(text, language, "proposal"), "proposal"), ()).begins
    first = {begins.get(n, n) for n in told}
    return "".join(s if begins.get(n, n) in first else t for n, (t, s) in enumerate(zip(lines, should, strict=True), 1))


def mistakes(target: Platform, text: str, family: str, seed: int) -> Iterator[Mutant]:
    """Texts with one mistake of a family each; none where the text does not read any more."""
    try:
        program = read(text, target, "proposal")
    except Fault:
        return
    kinds = [k for k, f in KINDS.items() if f == family]
    yield from mutants(text, target, program, kinds=kinds, limit=1, seed=seed)


# ---------------------------------------------------------------- tables


def parts(outcomes: Sequence[Outcome], directions: Sequence[tuple[str, str]] = ()) -> list[tuple[str, ...]]:
    """A row for every proposer and what follows it, beside what was published for these directions."""
    named = dict.fromkeys(row for o in outcomes for row in o.went)
    order = [*(r for r in ROWS if r in named), *(r for r in named if r not in ROWS)]
    out: list[tuple[str, ...]] = []
    for row in order:
        went = [o.went[row] for o in outcomes if row in o.went]
        theirs = [x for d in directions if (x := paper.COMPUTES.get(d, {}).get(PUBLISHED.get(row, ""))) is not None]
        out.append((row, str(len(went)), _share(sum(w.correct for w in went), len(went)),
                    f"{statistics.median(w.seconds for w in went):.1f}",
                    f"{statistics.mean(theirs):.1f}" if theirs else ""))
    return out


def rows(outcomes: Sequence[Outcome]) -> list[tuple[str, ...]]:
    """By the number of mistakes, and all together."""
    counts = sorted({o.count for o in outcomes})
    groups = [(str(n), [o for o in outcomes if o.count == n]) for n in counts] + [("all", list(outcomes))]
    return [_row(name, [o for o in group if o.outcome in (UNTOUCHED, REPAIRED, GIVEN_UP)]) for name, group in groups]


def _row(name: str, group: Sequence[Outcome]) -> tuple[str, ...]:
    count = Counter(o.outcome for o in group)
    wrong = count[REPAIRED] + count[GIVEN_UP]
    times = sorted(o.seconds for o in group if o.outcome == REPAIRED)
    off = sorted(o.off for o in group if o.outcome == REPAIRED and o.off is not None)
    last = times[min(len(times) - 1, round(0.95 * (len(times) - 1)))] if times else 0.0
    return (name, str(len(group)), str(count[UNTOUCHED]), f"{count[REPAIRED]} ({_share(count[REPAIRED], wrong)})",
            str(count[GIVEN_UP]), _share(count[UNTOUCHED] + count[REPAIRED], len(group)),
            f"{statistics.median(times):.1f}" if times else "-", f"{last:.1f}" if times else "-",
            f"{statistics.median(off):.0f}" if off else "-")


def kinds(outcomes: Sequence[Outcome]) -> list[tuple[str, ...]]:
    """What became of texts with one mistake, by its kind."""
    single = [o for o in outcomes if len(o.kinds) == 1 and o.outcome in (REPAIRED, GIVEN_UP)]
    out: list[tuple[str, ...]] = []
    for kind in KINDS:
        of = [o for o in single if o.kinds[0] == kind]
        if of:
            good = sum(o.outcome == REPAIRED for o in of)
            out.append((kind, str(len(of)), str(good), str(len(of) - good)))
    return out


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "-"
