"""What a repair says of itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Changed:
    """One change that was made: its line in the text before, and what it is in words."""

    line: int
    what: str


@dataclass(frozen=True)
class Mended:
    """A text, whether it was accepted, what was changed, and where the fault was looked for.

    `why`: what stopped the search where it was not accepted. `runs` and `seconds` are what it cost, `confirming` those
    seconds that the judge took."""

    text: str
    accepted: bool
    changes: tuple[Changed, ...]
    suspects: tuple[int, ...]
    why: str
    runs: int
    seconds: float
    confirming: float = 0.0
