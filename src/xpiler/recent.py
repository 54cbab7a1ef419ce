"""What follows from a source alone, remembered for its next target: the sequential program, and its own runs."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from xpiler.ir.nodes import Program
from xpiler.verify.runs.observe import Reference

T = TypeVar("T")


@dataclass
class Latest(Generic[T]):
    """The result for the latest key; more would be held in memory for nobody."""

    known: tuple[Hashable, T] | None = field(default=None, repr=False)

    def __call__(self, key: Hashable, make: Callable[[], T]) -> tuple[T, bool]:
        """The result, and whether it was there. What cannot be made leaves nothing."""
        if self.known is not None and self.known[0] == key:
            return self.known[1], True
        self.known = None  # before the next is made: both at once may be too large
        made = make()
        self.known = key, made
        return made, False


@dataclass(frozen=True)
class Recent:
    """Of one source: its sequential program with the steps to it, and what it does on chosen inputs."""

    pivot: Latest[tuple[Program, tuple[str, ...]]] = field(default_factory=Latest)
    runs: Latest[Reference] = field(default_factory=Latest)
