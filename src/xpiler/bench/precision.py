"""How near localisation comes: translations with one mistake put into each, and how far from it one is sent to look.

Two methods are held side by side: the line that wrote the first wrong element last, and the first values that the right
program never has. Where a run breaks a rule, both begin at the line that broke it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from xpiler import engine, platforms
from xpiler.bench.ablation import mistakes
from xpiler.bench.matrix import Item
from xpiler.bench.progress import Kind, go_through
from xpiler.fault import Fault
from xpiler.mending import Judges
from xpiler.repairing import judges_of
from xpiler.platforms.platform import Platform
from xpiler.propose.faulty import faulty
from xpiler.repair.localise import distances, suspects
from xpiler.text.sites import Sites
from xpiler.verify.mutants import FAMILIES, KINDS
from xpiler.verify.runs.observe import Effort

WRITER, SNAPSHOTS = "last writer", "snapshots"
METHODS = (WRITER, SNAPSHOTS)
HEAD = ("mistakes", "method", "texts", "exact %", "within 1 %", "within 3 %", "median lines off", "median rank",
        "rank 1 %", "rank <= 5 %", "not among them %")
MEASURED, EQUAL, NOT_MADE, UNREAD = "measured", "computes the same", "no mistake was made", "does not read or compile"


@dataclass(frozen=True)
class Found:
    """The lines where one method begins, and at which place of its list the mistake stands (0: nowhere)."""

    first: tuple[int, ...]
    rank: int

    @property
    def line(self) -> int:
        return self.first[0] if self.first else 0


@dataclass(frozen=True)
class Mutant:
    """One text with a mistake, and what the methods say. `rule`: the line of a rule that its run broke."""

    kind: str
    family: str
    what: str
    line: int
    outcome: str
    rule: int = 0
    found: Mapping[str, Found] | None = None
    seconds: float = 0.0

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Mutant:
        found = data.get("found")
        return cls(**{**data, "found": found and {
            k: Found(tuple(v["first"]), v["rank"]) for k, v in found.items()}})


@dataclass(frozen=True)
class Outcome:
    """The mistakes put into one translation."""

    name: str
    outcome: str
    mutants: tuple[Mutant, ...] = ()
    why: str = ""

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Outcome:
        return cls(**{**data, "mutants": tuple(Mutant.from_json(m) for m in data["mutants"])})


_KIND: Kind[Item, Outcome] = Kind(
    Outcome.from_json, lambda item, kind, why: Outcome(item.name, f"{kind}: {why}"))


def measure(
    items: Sequence[Item], options: engine.Options, jobs: int, kept: Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[Outcome, ...]:
    """Translate, break by one of `mistakes` at a time, locate; one bad case never stops the others."""
    return go_through(items, lambda item: _one(item, options), jobs, kept, progress, _KIND)


def _one(item: Item, options: engine.Options) -> Outcome:
    source, target = platforms.get(item.source), platforms.get(item.target)
    options = replace(options, let=item.case.let)
    try:
        right = engine.translate(item.case.text, source, target, file=item.case.path.name, options=options)
        if not right.confirmed:
            return Outcome(item.name, NOT_MADE, why="there is no translation to break")
        judges = judges_of(item.case.text, source, target, let=item.case.let, level=options.level, cache=options.cache,
                           effort=Effort(options.seeds, options.budget, level=int(options.level)))
    except Fault as fault:
        return Outcome(item.name, NOT_MADE, why=str(fault).splitlines()[0])
    made = tuple(_each(item, right.text, target, judges))
    return Outcome(item.name, MEASURED if made else NOT_MADE, made)


def _each(item: Item, right: str, target: Platform, judges: Judges) -> Iterator[Mutant]:
    seen = set[str]()
    for n in range(item.mistakes):
        proposal = faulty(right, lambda *a: mistakes(target, *a), 1, item.seed * 1000 + n)
        if proposal.text in seen or not proposal.mistakes:
            continue
        seen.add(proposal.text)
        m = proposal.mistakes[0]
        yield located(Mutant(m.kind, m.family, m.what, m.line, UNREAD), proposal.text, judges)


def located(m: Mutant, text: str, judges: Judges) -> Mutant:
    """Where both methods send one who looks for the mistake."""
    start = time.monotonic()
    try:
        score = judges.fixed(text)
        if not score.built:
            return m
        if score.perfect:
            return replace(m, outcome=EQUAL)
        at = Sites(text, judges.target, judges.read(text), "repair")
        told = None if score.line else judges.locate(text)
    except Fault:
        return m
    first = {WRITER: told.last_writer, SNAPSHOTS: told.lines} if told else dict.fromkeys(METHODS, (score.line,))
    begins = distances(at, ()).begins  # statements are what is looked at, wherever in one the mistake is
    line = begins.get(m.line, m.line)
    found = {}
    for method, lines in first.items():
        last = told.then if told else ()
        order = suspects(at, lines, last) if method == SNAPSHOTS else by_distance(at, lines)
        begin = tuple(dict.fromkeys(begins.get(n, n) for n in lines))
        found[method] = Found(begin, order.index(line) + 1 if line in order else 0)
    return replace(m, line=line, outcome=MEASURED, rule=score.line, found=found, seconds=time.monotonic() - start)


def by_distance(at: Sites, first: Iterable[int]) -> tuple[int, ...]:
    """The order in which the repair looked at lines before it took values into account."""
    near = distances(at, first)
    return tuple(sorted(near.of, key=lambda line: near[line]))


# ---------------------------------------------------------------- tables


def rows(outcomes: Sequence[Outcome]) -> list[tuple[str, ...]]:
    """By family, by whether a run broke a rule, and all together."""
    every = [m for o in outcomes for m in o.mutants if m.outcome == MEASURED]
    groups = [(f, [m for m in every if m.family == f]) for f in FAMILIES]
    groups += [("a rule is broken", [m for m in every if m.rule]), ("wrong results", [m for m in every if not m.rule]),
               ("all", every)]
    return [_row(name, method, group) for name, group in groups if group for method in METHODS]


def kinds(outcomes: Sequence[Outcome]) -> list[tuple[str, ...]]:
    """The same by the kind of the mistake."""
    every = [m for o in outcomes for m in o.mutants if m.outcome == MEASURED]
    return [_row(kind, method, of) for kind in KINDS if (of := [m for m in every if m.kind == kind])
            for method in METHODS]


def _row(name: str, method: str, group: Sequence[Mutant]) -> tuple[str, ...]:
    pairs = [(m, m.found[method]) for m in group if m.found is not None]
    off = [abs(m.line - f.line) if f.line else None for m, f in pairs]
    ranks = [f.rank for _, f in pairs]
    known = [o for o in off if o is not None]

    def share(n: int) -> str:
        return f"{100 * n / len(pairs):.0f}"

    return (
        name, method, str(len(pairs)), *(share(sum(o <= n for o in known)) for n in (0, 1, 3)),
        f"{statistics.median(known):.0f}" if known else "-",
        f"{statistics.median(r for r in ranks if r):.0f}" if any(ranks) else "-",
        share(sum(r == 1 for r in ranks)), share(sum(0 < r <= 5 for r in ranks)), share(sum(not r for r in ranks)))
