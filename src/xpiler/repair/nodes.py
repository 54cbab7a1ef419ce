"""What is known of choices made in an open text, and which of them are followed first."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from xpiler.repair.hole import Hole
from xpiler.repair.localise import Distances
from xpiler.repair.score import Score
from xpiler.repair.sketch import Picks, Sketch

Item = tuple[float, Picks]  # how unlikely, and the choices
# Nodes that are followed side by side, the nearest and those that are the smallest change, and texts that are kept of
# them; how much later each node is followed than the one before it.
WIDTH, SMALL, TEXTS, LESSER, LATER = 12, 8, 3, 2, 0.3
AGAIN = 1.0  # and than one with the same result that is a smaller change
LUCK = 3.0  # so many times what a change brings at least, of one that is made together with another
# So many with one result are kept, of so many of the nearest results: where a change only stops a broken rule, what the
# right one makes shows no sooner than what the others make.
ALIKE, RESULTS = 5, 2


@dataclass(frozen=True)
class Node:
    """Choices made in an open text, and what came of them."""

    picks: Picks
    score: Score
    weight: float
    lost: float = 0.0  # of the right program's values that the text had

    @property
    def hope(self) -> tuple[bool, float]:
        """Larger is to be followed sooner: what many changes brought a little nearer was luck, and what was right
        before should be so still."""
        return self.score.built, self.score.value - self.score.grain * len(self.picks) - self.lost

    def lucky(self, other: Node) -> bool:
        """Whether all of this that the other has not brought less than changes do that undo a mistake."""
        more = len(self.picks) - len(other.picks)
        return more > 0 and other.picks.items() <= self.picks.items() \
            and self.score.value < other.score.value + LUCK * self.score.grain * more


def best(found: Iterable[Node], width: int = TEXTS, small: int = LESSER) -> list[Node]:
    """The nearest few, and those that are the smallest change: what got past a broken rule tells little of how near it
    is where something else is wrong. Of those with one result the smallest change, and a few more of the nearest;
    without what only luck brought nearer than some of it alone."""
    found, kept = list(found), dict[object, list[Node]]()
    for n in sorted((n for n in found if not any(n.lucky(m) for m in found)), key=lambda n: n.weight):
        kept.setdefault((n.score.order, n.score.met), []).append(n)
    nearest = sorted(kept.values(), key=lambda some: some[0].hope, reverse=True)[:width]
    first = [some[0] for some in nearest]
    lesser = [some[0] for some in list(kept.values())[:small] if some[0] not in first]
    return lesser + first + [n for some in nearest[:RESULTS] for n in some[1:ALIKE]]


def weighed(all_holes: Iterable[Hole], near: Distances) -> Iterator[tuple[float, int, int]]:
    """(how unlikely, hole, choice): the size of the change, and how far its line is from the fault."""
    for k, hole in enumerate(all_holes):
        far = near[hole.line]
        for c, cost in enumerate(hole.costs, 1):
            yield cost + far, k, c


def fitting(holes: Sequence[Hole], near: Distances, room: int) -> tuple[Hole, ...]:
    """The likeliest of these, as many as can be spelled in so many characters, in their order."""
    kept, left = set[int](), room
    for k in sorted(range(len(holes)), key=lambda k: min(holes[k].costs) + near[holes[k].line]):
        left -= holes[k].length
        if left >= 0 or not kept:
            kept.add(k)
    return tuple(h for k, h in enumerate(holes) if k in kept)


@dataclass
class Deeper:
    """Choices added to those of several nodes, the likeliest first, whichever node they are added to: a wrong step that
    looked nearest does not keep the right one waiting. `parent` tells which node that was."""

    nodes: Sequence[Node]
    singles: Callable[[Node], Iterator[Item]]

    done: set[frozenset[tuple[int, int]]] = field(default_factory=set)  # what was tried already

    def __post_init__(self) -> None:
        self._of = dict[frozenset[tuple[int, int]], Node]()

    def parent(self, picks: Picks) -> Node:
        return self._of[frozenset(picks.items())]

    def __iter__(self) -> Iterator[Item]:
        by_weight = {id(n): i for i, n in enumerate(sorted(self.nodes, key=lambda n: n.weight))}
        by_score = {id(n): i for i, n in enumerate(sorted(self.nodes, key=lambda n: n.hope, reverse=True))}
        streams = [self._stream(n, LATER * min(by_weight[id(n)], by_score[id(n)]) + AGAIN * before)
                   for n, before in self._alike()]
        for _, weight, picks, node in heapq.merge(*streams, key=lambda i: i[0]):
            key = frozenset(picks.items())
            if key not in self.done:
                self.done.add(key)
                self._of[key] = node
                yield weight, picks

    def _alike(self) -> Iterator[tuple[Node, int]]:
        """The nodes, each with how many smaller changes have the same result."""
        seen = Counter[object]()
        for n in sorted(self.nodes, key=lambda n: n.weight):
            yield n, seen[n.score.order, n.score.met]
            seen[n.score.order, n.score.met] += 1

    def _stream(self, node: Node, later: float) -> Iterator[tuple[float, float, Picks, Node]]:
        first = node.weight
        for weight, picks in self.singles(node):
            yield weight - first + later, weight, picks, node


@dataclass
class United:
    """What came nearer alone, together: the nearest, and with it one after another of the others; then two at a time.
    `parent` is the nearest of those that are united."""

    nodes: Sequence[Node]
    sketch: Sketch

    def __post_init__(self) -> None:
        self._of = dict[frozenset[tuple[int, int]], Node]()

    def parent(self, picks: Picks) -> Node:
        return self._of[frozenset(picks.items())]

    def __iter__(self) -> Iterator[Item]:
        order = sorted(self.nodes, key=lambda n: n.hope, reverse=True)
        for n, first in enumerate(order):
            so_far = first
            for other in order[n + 1:]:
                if self._apart(so_far.picks, other.picks):
                    so_far = Node({**so_far.picks, **other.picks}, first.score, so_far.weight + other.weight)
                    yield from self._new(so_far, first)
        for n, first in enumerate(order):
            for other in order[n + 1:]:
                if self._apart(first.picks, other.picks):
                    yield from self._new(Node({**first.picks, **other.picks}, first.score, first.weight + other.weight),
                                         first)

    def _apart(self, a: Picks, b: Picks) -> bool:
        return not any(k == o or self.sketch.nested(k, o) for k in a for o in b)

    def _new(self, made: Node, parent: Node) -> Iterator[Item]:
        key = frozenset(made.picks.items())
        if key not in self._of:
            self._of[key] = parent
            yield made.weight, made.picks
