"""Texts on the way to a right one, and which of them is followed next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from xpiler.repair.grafts import Lacking
from xpiler.repair.localise import ANYWHERE, Distances
from xpiler.repair.mended import Changed
from xpiler.repair.nodes import Item, Node
from xpiler.repair.score import Run, Score
from xpiler.repair.sketch import Sketch
from xpiler.repair.told import Had
from xpiler.text.sites import Sites

# How much nearer another text must be than this one for what takes longer to be put off, stage by stage; what a text
# asks for, or lacks, is tried before anything that only came a little nearer is followed.
STAGES = (0.0, -0.15, -0.15, -0.15, 0.0, 0.001, 0.001, 0.002, 0.005, 0.03, 0.05, 0.08)
ASIDE = 8  # every so many rounds the smallest change is followed: nearness may be luck
# And every so many rounds the nearest text on which less was tried, where from the nearest of all so many stages led
# nowhere: what takes long is tried on it, and another way may be short.
FRESH, LED = 3, 4


@dataclass(frozen=True)
class Text:
    """A text on the way: what its runs showed, and what was changed so far. `stage`: what was tried on it."""

    text: str
    score: Score
    changes: tuple[Changed, ...] = ()
    weight: float = 0.0
    lost: float = 0.0  # of the right program's values, by the changes
    near: Distances | None = None  # from where the text went wrong that this one was made of
    stage: int = 0
    watched: bool = False  # it goes wrong where every access is watched, and nowhere else
    tried: bool = False  # every choice was tried alone where it was not open again
    needed: frozenset[int] = frozenset()  # lines of changes without which it is not right, if it is
    lacked: tuple[Had, Lacking] | None = field(default=None, compare=False)  # what one that had these values lacked
    credit: float = 0.0  # so much nearer it counts, as it writes an output that nothing was written to
    open: Open | None = field(default=None, compare=False)

    @property
    def hope(self) -> tuple[bool, float]:
        """Larger is to be followed sooner."""
        later = STAGES[self.stage]
        if self.score.met:  # what is missing does not show before the rule holds
            later = max(later, 0.0)
        cost = self.score.grain * len(self.changes) + self.lost + later
        return self.score.built, self.score.value + self.credit - cost


@dataclass
class Open:
    """A text with its holes open."""

    origin: Text
    at: Sites
    sketch: Sketch
    run: Run | None
    base: Score
    near: Distances
    known: bool = False  # `near` is from where it goes wrong
    looking: Future[tuple[Sequence[int], Sequence[int]]] | None = None  # who is looking for the place
    answered: bool = False  # what it asks for was tried
    given_up: bool = False  # no run tells what is wrong
    watched: bool = False  # only runs that look at every access do
    owed: frozenset[str] = frozenset()  # outputs that nothing is written to
    lacking: Lacking | None = None  # what it is known to lack; None where that was not asked
    refused: list[Text] = field(default_factory=list)  # what ran right, and a judge refused
    slow: bool = False  # a run takes long enough to look for the place first
    singles: Iterator[Item] | None = None  # the choices that were not tried alone yet; None where none was
    level: list[Node] = field(default_factory=list)  # what came nearer
    harmless: dict[tuple[int, int], float] = field(default_factory=dict)  # choices that did no harm, and how likely
    compiled: set[tuple[int, int]] = field(default_factory=set)  # choices that were compiled

    @property
    def anywhere(self) -> Open:
        """The same where no line is likelier than another: what is missing breaks the way back to its place."""
        return replace(self, near=ANYWHERE)

    @property
    def root(self) -> Node:
        return Node({}, self.base, 0.0)


def following(waiting: Sequence[Text], n: int) -> Text:
    """What to follow in round `n`."""
    if n % ASIDE == ASIDE - 1:
        return min(waiting, key=lambda t: (t.stage, -t.score.passed, t.weight))
    nearest = max(waiting, key=lambda t: (t.hope, -t.weight))
    known = {t.score.order for t in waiting if t.stage}
    fresh = [t for t in waiting if t.score.built and t.score.order != nearest.score.order
             and (t.stage < LED if t.stage else t.score.order not in known)]
    if nearest.stage < LED or n % FRESH or not fresh:
        return nearest
    return max(fresh, key=lambda t: (t.hope, -t.weight))
