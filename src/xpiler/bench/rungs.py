"""How far results got: for each rung how many were shown, refuted or left open, why, and in what time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median

from xpiler.verify.ladder import meanings
from xpiler.verify.verdict import Evidence, Proved, Refuted, Unknown

HEADER = ("rung", "reached", "shown", "refuted", "open", "median s", "max s", "mostly open because")


def rows(records: Iterable[Sequence[Evidence]]) -> list[tuple[str, ...]]:
    """One row a rung, from the foot of the ladder up."""
    every = [e for record in records for e in record]
    found: dict[str, list[Evidence]] = {name: [] for name in meanings()}
    for e in every:
        found.setdefault(e.rung, []).append(e)
    return [_row(name, items) for name, items in found.items() if items]


def _row(name: str, items: Sequence[Evidence]) -> tuple[str, ...]:
    kinds = Counter(type(e.verdict) for e in items)
    reasons = Counter(_alike(e.verdict.reason) for e in items if isinstance(e.verdict, Unknown))
    mostly = "; ".join(f"{reason} ({n})" for reason, n in reasons.most_common(3))
    seconds = [e.seconds for e in items]
    return (name, str(len(items)), *(str(kinds[k]) for k in (Proved, Refuted, Unknown)),
            f"{median(seconds):.2f}", f"{max(seconds):.2f}", mostly)


def _alike(reason: str) -> str:
    """A reason without names and places, so that like ones count together."""
    return re.sub(r"`[^`]*`", "`..`", re.sub(r"\b(line )?\d+(\.\d+)?\b", "..", reason))[:110]
