"""Translating a whole suite and counting, per operator, what was confirmed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from xpiler import engine
from xpiler.bench.case import Case
from xpiler.bench.layouts import LAYOUTS
from xpiler.bench.progress import Kind, go_through
from xpiler.fault import Fault
from xpiler.platforms.platform import Platform
from xpiler.verify.verdict import Evidence, Refuted, Unknown, confirmed, refuted, source_defective

CONFIRMED, REFUTED, UNKNOWN, DEFECTIVE = "confirmed", "refuted", "undecided", "source defective"
BROKEN = "broken"
HEADER = ("operator", "files", "confirmed", "refuted", "undecided", "defective", "median s", "max s", "faults")


@dataclass(frozen=True)
class Outcome:
    """What became of one file; `outcome` is one of the words above or the code of a Fault."""

    name: str
    operator: str
    outcome: str
    why: str
    seconds: float
    evidence: tuple[Evidence, ...] = ()

    def to_json(self) -> dict[str, object]:
        return asdict(self) | {"evidence": [e.to_json() for e in self.evidence]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Outcome:
        """What `to_json` gave."""
        return cls(**(dict(data) | {"evidence": tuple(Evidence.from_json(e) for e in data["evidence"])}))


def cases(directory: Path, layout: str, platform: Platform, only: str = "*", limit: int = 0) -> tuple[Case, ...]:
    """The suite's sources of one dialect; Faults when the layout is unknown or nothing is there."""
    if layout not in LAYOUTS:
        raise Fault("XP3020", f"unknown layout `{layout}`", why=f"the layouts are {', '.join(LAYOUTS)}")
    found = tuple(LAYOUTS[layout](directory, platform, only, limit))
    if not found:
        raise Fault("XP3020", f"no file in {directory} matches `{only}`", try_="--only '*'")
    return found


TRANSLATED: Kind[Case, Outcome] = Kind(
    Outcome.from_json, lambda case, kind, why: Outcome(case.name, case.operator, BROKEN, f"{kind}: {why}", 0.0))


def measure(
    todo: Sequence[Case], source: Platform, target: Platform, jobs: int, options: engine.Options,
    progress: Callable[[str], None] = lambda _: None, kept: Path | None = None,
) -> tuple[Outcome, ...]:
    """Translate every case, `jobs` at a time; one bad file never stops the others, not even one that breaks xpiler."""
    return go_through(todo, lambda case: _one(case, source, target, options), jobs, kept, progress, TRANSLATED)


def _one(case: Case, source: Platform, target: Platform, options: engine.Options) -> Outcome:
    start = time.monotonic()
    try:
        result = engine.translate(
            case.text, source, target, file=case.path.name, options=replace(options, let=case.let),
        )
    except Fault as fault:
        why = str(fault).splitlines()[0] + (f" because {fault.why}" if fault.why else "")
        return Outcome(case.name, case.operator, fault.code, why, time.monotonic() - start)
    outcome, why = judged(result.evidence)
    if outcome == UNKNOWN:
        why = "; ".join(filter(None, (why, *(f"{a.road}: {a.why}" for a in result.attempts))))
    return Outcome(case.name, case.operator, outcome, why, time.monotonic() - start, result.evidence)


def judged(evidence: Sequence[Evidence]) -> tuple[str, str]:
    """The word for a piece of evidence, and the reason where it is not `confirmed`."""
    first = refuted(evidence)
    if first is not None and isinstance(first.verdict, Refuted):
        what = str(first.verdict.witness).replace("\n", " ")
        return (DEFECTIVE if source_defective(evidence) else REFUTED), f"{first.rung}: {what}"
    if confirmed(evidence):
        return CONFIRMED, ""
    return UNKNOWN, "; ".join(f"{e.rung}: {e.verdict.reason}" for e in evidence if isinstance(e.verdict, Unknown))


def rows(results: Iterable[Outcome]) -> list[tuple[str, ...]]:
    """One row an operator and one for all; a defective source is neither a success nor a failure."""
    items = list(results)
    operators = sorted({r.operator for r in items})
    table = [_row(o, [r for r in items if r.operator == o]) for o in operators]
    return [*table, _row("all", items)]


def _row(name: str, items: Sequence[Outcome]) -> tuple[str, ...]:
    count = Counter(r.outcome for r in items)
    plain = (CONFIRMED, REFUTED, UNKNOWN, DEFECTIVE)
    codes = Counter({k: v for k, v in count.items() if k not in plain})
    faults = " ".join(f"{code}:{n}" for code, n in sorted(codes.items()))
    seconds = [r.seconds for r in items]
    return (
        name, str(len(items)), str(count[CONFIRMED]), str(count[REFUTED]), str(count[UNKNOWN]), str(count[DEFECTIVE]),
        f"{median(seconds):.1f}", f"{max(seconds):.1f}", faults,
    )
