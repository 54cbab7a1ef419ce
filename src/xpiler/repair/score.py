"""How near a program is to being right, as a search wants to know it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from xpiler.repair.grafts import Lacking
from xpiler.repair.told import Had

# Values that are nearer by less than this are as near.
FINE = 3
# What it counts that no rule is broken, and that values come close which are not right, more than any do.
DONE, CLOSENESS, ANY = 0.1, 0.06, 0.3
WRITTEN = 0.03  # and that something is written to all elements
MOSTLY, CLOSER = 0.9, 0.3  # elements that are right, and how much closer the others come
GRAIN, COARSE = 0.02, 0.03  # what one change that undoes a mistake brings at least


@dataclass(frozen=True)
class Score:
    """What runs of a program showed: which share of the elements is right, or the first rule it broke.

    `met`: the rule, in words that tell two findings apart; "" where none was broken. `line` is where, 0 where that is
    not known. A program that does not compile has `built` False. `passed`: runs that were right in all elements before
    the one this is about. `near`: how close the values come where they are not right. `reached`: the open choices it
    came by, where that is known; `mark`: equal for equal results. `had`: which of the right program's values it had on
    its way, where these were asked for. `seconds`: how long its run took. `written`: the share of elements that have a
    value."""

    right: float = 0.0
    met: str = ""
    line: int = 0
    built: bool = True
    passed: int = 0
    near: float = 0.0
    reached: frozenset[int] = field(default=frozenset(), compare=False)
    mark: int = field(default=0, compare=False)
    had: Had | None = field(default=None, compare=False)
    seconds: float = field(default=0.0, compare=False)
    written: float = 0.0

    @property
    def perfect(self) -> bool:
        return self.built and not self.met and self.right == 1.0

    @property
    def told(self) -> float:
        return 0.0 if self.had is None else self.had.share

    @property
    def grain(self) -> float:
        """So much nearer every change has to bring a text: what a quarter of a place of the right program counts."""
        return GRAIN if self.had is None else min(COARSE, max(GRAIN, 0.25 / max(1, self.had.wanted.starts.size)))

    @property
    def close(self) -> float:
        """How close the wrong elements come."""
        return (self.near - self.right) / (1.0 - self.right) if self.right < 1.0 else 0.0

    def lost(self, other: Score) -> float:
        """The share of the right program's values that the other had and this one has not."""
        return 0.0 if self.had is None or other.had is None else self.had.lost(other.had)

    @property
    def value(self) -> float:
        """How near it is: the elements that are right and the values it has on its way; the runs that were right before
        count as much as all of that. A program that does nothing breaks no rule, so that alone is no merit."""
        done = not self.met and (self.had is not None or self.right > 0.0 or self.near > 0.0)
        return 2.0 * self.passed + DONE * done + self.right + self.told + CLOSENESS * max(self.near, ANY) \
            + WRITTEN * self.written

    @property
    def order(self) -> tuple[bool, float]:
        """Larger is nearer."""
        return self.built, round(self.value, FINE)

    def better(self, other: Score) -> bool:
        """Whether this is nearer: another finding in the place of one is neither. Where few elements are wrong,
        these may have come close, which is not much nearer altogether."""
        closer = self.right == other.right >= MOSTLY and self.passed == other.passed and self.built \
            and self.told >= other.told and self.close > other.close + CLOSER
        return closer or self.order > other.order

    def elsewhere(self, other: Score) -> bool:
        """Whether it got past what stopped the other, only to be stopped by something else."""
        return self.built and bool(self.met) and self.met != other.met and bool(other.met)

    def further(self, other: Score) -> bool:
        """Whether it got past what stopped the other and is stopped on another line, having come by as much of the text
        at least: in a loop, all of it was met before either."""
        return self.elsewhere(other) and self.passed >= other.passed and self.line != other.line \
            and bool(self.reached) and self.reached >= other.reached


# One open text and many choices for it, and what came of each.
Run = Callable[[Sequence[Mapping[int, int]]], list[Score]]


@dataclass(frozen=True)
class Trials:
    """How programs are tried: what judges, seen from the side of repair.

    `sketch`: a text that leaves choices open, compiled and linked with programs that it uses; the lines that do not
    compile where it does not.
    `fixed`: one text as it is. `confirm`: whether a text is right for good. `blame`: the lines to look at first,
    and those to look at then. `missing`: what a right text has and this one lacks (`repair.grafts`). `ask`: scores have
    `told` from now on, of texts that tell their values. `watching`: whether what is made from now on looks at every
    access, which is slow. `apart`: whether a text's threads are known to keep apart. `constants`: those of floating
    point in the right program."""

    sketch: Callable[[str, Sequence[str]], Run | tuple[int, ...]]
    fixed: Callable[[str], Score]
    confirm: Callable[[str], bool]
    blame: Callable[[str], tuple[Sequence[int], Sequence[int]]]
    missing: Callable[[str], Lacking] = lambda _: Lacking()
    ask: Callable[[], None] = lambda: None
    watching: Callable[[bool], None] = lambda _: None
    apart: Callable[[str], bool] = lambda _: True
    constants: Sequence[str] = ()
