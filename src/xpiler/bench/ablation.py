"""What repair is worth: translations with mistakes put into them, with and without it.

The rows are those of the paper's ablation that need no model. A case counts as correct where the ladder accepts the
text, so a mistake that changes nothing counts as correct everywhere."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from xpiler import engine, platforms
from xpiler.bench.matrix import Item
from xpiler.bench.progress import Kind, go_through
from xpiler.fault import Fault
from xpiler.mending import repair
from xpiler.platforms.platform import Platform
from xpiler.propose.faulty import Proposal, faulty
from xpiler.text.read import read
from xpiler.verify.mutants import KINDS, Mutant, mutants
from xpiler.verify.runs.observe import Effort

HEAD = ("mistakes", "texts", "correct as they are", "repaired", "given up", "correct with repair",
        "median s", "95th percentile s", "lines off")
OF_KIND = ("kind of the mistake (texts with one)", "texts", "repaired", "given up")
UNTOUCHED, REPAIRED, GIVEN_UP, NOT_MADE = "correct as it is", "repaired", "given up", "no mistake was made"


@dataclass(frozen=True)
class Draw:
    """A translation that gets so many mistakes."""

    item: Item
    count: int
    seed: int

    @property
    def name(self) -> str:
        return f"{self.item.name} {self.count} {self.seed}"


@dataclass(frozen=True)
class Outcome:
    """What became of it. `off`: lines between the nearest mistake and the nearest change of the repair, or, where there
    is none, the first suspect."""

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

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Outcome:
        return cls(**{**data, "kinds": tuple(data["kinds"]), "what": tuple(data["what"]),
                      "changes": tuple(data["changes"])})


@dataclass(frozen=True)
class Options:
    """Seconds for one repair, and how results are confirmed."""

    engine: engine.Options
    seconds: float = 60.0


_KIND: Kind[Draw, Outcome] = Kind(
    Outcome.from_json, lambda draw, kind, why: Outcome(draw.name, draw.count, (), (), f"{kind}: {why}"))


def measure(
    draws: Sequence[Draw], options: Options, jobs: int, kept: Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[Outcome, ...]:
    """Translate, break, repair; one bad case never stops the others."""
    return go_through(draws, lambda draw: _one(draw, options), jobs, kept, progress, _KIND)


def _one(draw: Draw, options: Options) -> Outcome:
    item = draw.item
    source, target = platforms.get(item.source), platforms.get(item.target)
    asked = replace(options.engine, let=item.case.let)
    done = Outcome(draw.name, draw.count, (), (), NOT_MADE)
    try:
        right = engine.translate(item.case.text, source, target, file=item.case.path.name, options=asked)
    except Fault as fault:
        return replace(done, why=str(fault).splitlines()[0])
    if not right.confirmed:
        return replace(done, why="there is no translation to break")
    made = faulty(right.text, lambda *a: mistakes(target, *a), draw.count, draw.seed)
    if not made.mistakes:
        return done
    done = replace(done, kinds=tuple(m.kind for m in made.mistakes), what=tuple(m.what for m in made.mistakes))
    return _repaired(done, draw, made, right.text, source, target, options)


def _repaired(
    done: Outcome, draw: Draw, made: Proposal, right: str, source: Platform, target: Platform, options: Options
) -> Outcome:
    asked = options.engine
    effort = Effort(asked.seeds, asked.budget, level=int(asked.level))
    start = time.monotonic()
    try:
        out = repair(draw.item.case.text, source, made.text, target, let=draw.item.case.let, seconds=options.seconds,
                     level=asked.level, effort=effort, cache=asked.cache)
    except Fault as fault:
        return replace(done, outcome=GIVEN_UP, why=str(fault).splitlines()[0], seconds=time.monotonic() - start)
    seconds = time.monotonic() - start
    if out.confirmed and not out.mended.changes:
        return replace(done, outcome=UNTOUCHED, seconds=seconds)
    changed = [c.line for c in out.mended.changes] or list(out.mended.suspects[:1])
    off = min((abs(m.line - line) for m in made.mistakes for line in changed), default=None)
    return replace(done, outcome=REPAIRED if out.confirmed else GIVEN_UP, seconds=seconds, off=off,
                   changes=tuple(f"{c.line}: {c.what}" for c in out.mended.changes), why=out.mended.why,
                   runs=out.mended.runs)


def mistakes(target: Platform, text: str, family: str, seed: int) -> Iterator[Mutant]:
    """Texts with one mistake of a family each; none where the text does not read any more."""
    try:
        program = read(text, target, "proposal")
    except Fault:
        return
    kinds = [k for k, f in KINDS.items() if f == family]
    yield from mutants(text, target, program, kinds=kinds, limit=1, seed=seed)


# ---------------------------------------------------------------- tables


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
