"""How near a program is to being right, as a search wants to know it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """What a run of a program showed: which share of the elements is right, or the first rule it broke.

    `met`: the rule, in words that tell two findings apart; "" where none was broken. `line` is where, 0 where that is
    not known. A program that does not compile has `built` False."""

    right: float = 0.0
    met: str = ""
    line: int = 0
    built: bool = True

    @property
    def perfect(self) -> bool:
        return self.built and not self.met and self.right == 1.0

    @property
    def order(self) -> tuple[bool, bool, float]:
        """Larger is nearer. A program that does nothing breaks no rule, so that alone is no merit."""
        return self.built, not self.met and self.right > 0.0, self.right

    def better(self, other: Score) -> bool:
        """Whether this is nearer: another finding in the place of one is neither."""
        return self.order > other.order

    def elsewhere(self, other: Score) -> bool:
        """Whether it got past what stopped the other, only to be stopped by something else."""
        return self.built and bool(self.met) and self.met != other.met and bool(other.met)


@dataclass(frozen=True)
class Trials:
    """How programs are tried: what judges, seen from the side of repair.

    `sketch`: a text that leaves choices open, compiled; None with the lines that do not compile where it does not.
    `fixed`: one text as it is. `confirm`: whether a text is right for good. `blame`: the lines to look at first,
    and those to look at then."""

    sketch: Callable[[str], Callable[[Mapping[int, int]], Score] | tuple[int, ...]]
    fixed: Callable[[str], Score]
    confirm: Callable[[str], bool]
    blame: Callable[[str], tuple[Sequence[int], Sequence[int]]]
