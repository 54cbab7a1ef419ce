"""A smaller text with the same outcome: lines, then tokens, taken away while the find stays the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from fuzz.bench import Bench
from fuzz.cases import Case
from fuzz.mutate import tokens
from fuzz.outcome import Outcome


def minimise(bench: Bench, case: Case, found: Outcome, seconds: float) -> Case:
    """The smallest case reached in the time given."""
    until = time.monotonic() + seconds

    def same(parts: Sequence[str]) -> bool:
        outcome = bench.attempt(replace(case, text="".join(parts)))
        return (outcome.kind, outcome.what) == (found.kind, found.what)

    parts: list[str] = [case.text]
    for pieces in (lambda text: text.splitlines(keepends=True), tokens):
        parts = _fewest(pieces("".join(parts)), same, until)
    return replace(case, text="".join(parts))


def _fewest(parts: list[str], same: Callable[[Sequence[str]], bool], until: float) -> list[str]:
    """Halves, quarters, ... of the parts are dropped as long as what is left has the same outcome."""
    size = max(len(parts) // 2, 1)
    while time.monotonic() < until:
        at, dropped = 0, False
        while at < len(parts) and time.monotonic() < until:
            rest = parts[:at] + parts[at + size :]
            if rest and same(rest):
                parts, dropped = rest, True
            else:
                at += size
        if size == 1 and not dropped:
            break
        size = max(size // 2, 1) if not dropped or size > len(parts) else size
    return parts
