"""What a mutant is: a text with one plausible mistake in it, and words for the mistake."""

from __future__ import annotations

from dataclasses import dataclass

PARALLELISM, MEMORY, INSTRUCTION, RESULT = "parallelism", "memory", "instruction", "whole result"
FAMILIES = (PARALLELISM, MEMORY, INSTRUCTION, RESULT)


@dataclass(frozen=True)
class Mutant:
    """A text that differs from a correct one by one mistake: its kind and family, its place, and what was done."""

    kind: str
    family: str
    line: int
    column: int
    what: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.line}:{self.column}: {self.kind}: {self.what}"
