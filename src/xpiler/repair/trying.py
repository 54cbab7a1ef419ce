"""Choices made in an open text: which are tried, in which order and for how long, and what came of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from math import inf

from xpiler.ir.nodes import Program
from xpiler.platforms.platform import Platform
from xpiler.repair.clock import worked
from xpiler.repair.hole import Kind
from xpiler.repair.localise import ANYWHERE, DECLARED, distances
from xpiler.repair.mended import Changed
from xpiler.repair.nodes import SMALL, WIDTH, Item, Node, best, weighed
from xpiler.repair.opened import Open, Text
from xpiler.repair.owed import paid
from xpiler.repair.score import Score, Trials
from xpiler.repair.sketch import Picks

ABREAST = 2  # programs run side by side
# Candidates of one process, at first (fewer where they are slow) and at most, and the seconds it should take; programs
# run for something nearer still than what is nearer, at least, and seconds of work for it.
FIRST, FEW, MOST, SECONDS, ENOUGH, LONG = 24, 4, 200, 1.0, 60, 1.0
LONGER = 2.0  # seconds that are enough where each run takes long
SURE = 0.1  # so much nearer is no luck
# Seconds of work for others than those that leave something out, and of these so many that a judge is asked about.
OTHERS, ASKED = 4.0, 3
DOUBT = 96  # choices that are tried before a judge is asked about one whose threads may race
Progress = Callable[[str], None]


class Found(Exception):
    """A text that was accepted."""

    def __init__(self, text: Text) -> None:
        self.text = text


@dataclass
class Trying:
    """What a search has, and how it tries choices. `clock`: how long something took; `runs`: how much was tried."""

    platform: Platform
    read: Callable[[str], Program]
    trials: Trials
    until: float
    progress: Progress
    began: float = field(default_factory=time.monotonic)
    runs: int = 0
    asked: bool = False  # for the values of the source
    confirming: float = 0.0
    suspects: tuple[int, ...] = ()
    lesser: list[Text] = field(default_factory=list)  # that ran right and leave out what was done before
    since: float = 0.0  # there were any
    refused: set[str] = field(default_factory=set)
    looking: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    clock: Callable[[], float] = worked  # how long something took, whatever else the machine does

    @property
    def late(self) -> bool:
        return time.monotonic() > self.until

    def _accept(self, text: Text) -> None:
        """The end, where a judge accepts this."""
        if text.text in self.refused:
            return
        self.progress("confirming")
        began = time.monotonic()
        good = self.trials.confirm(text.text)
        self.confirming += time.monotonic() - began
        if good:
            raise Found(text)
        self.refused.add(text.text)

    def _right(self, o: Open, n: Node, doubt: bool = True) -> bool:
        """Asks a judge about choices that ran right, which is the end if he accepts them; whether he was asked. Without
        `doubt` only where threads are known to keep apart."""
        n = self._least(o, n)
        text = self._text(o, n)
        if text is not None and text.text not in self.refused:
            if not doubt and not self.trials.apart(text.text):
                return False
            self._accept(text)
            o.refused.append(text)
        return True

    def _skips(self, o: Open, picks: Picks, score: Score) -> bool:
        """Whether something of the text that was done before is done no more, what these choices change apart."""
        left_out = o.base.reached - score.reached
        return any(k not in picks and not any(o.sketch.nested(k, other) for other in picks) for k in left_out)

    def _kept(self, o: Open, n: Node) -> None:
        """Choices that ran right by leaving something out, as a loop that is passed by: where nothing else is found."""
        text = self._text(o, self._least(o, n))
        self.since = self.since or self.clock()
        if text is not None and all(t.text != text.text for t in self.lesser):
            self.lesser.append(text)

    def _lesser(self, ended: bool = False) -> None:
        """These are put before a judge, the smallest change first, when the search ended or a while after the first."""
        if self.lesser and (ended or self.clock() - self.since > OTHERS):
            for text in sorted(self.lesser, key=lambda t: t.weight)[:ASKED]:
                self._accept(text)
            self.lesser.clear()

    def _least(self, o: Open, n: Node) -> Node:
        """Those of the choices that ran right which are needed for it."""
        while o.run is not None and len(n.picks) > 1:
            fewer = [{k: c for k, c in n.picks.items() if k != without} for without in n.picks]
            found = next((p for p, s in zip(fewer, o.run(fewer), strict=True) if s.perfect), None)
            if found is None:
                break
            n = replace(n, picks=found)
        return n

    def _expanded(
        self, o: Open, items: Iterator[Item], parent: Callable[[Picks], Node], harmless: dict[tuple[int, int], float],
        compiled: int = 0, budget: float = inf, pays: list[Node] | None = None,
    ) -> list[Node]:
        """What is nearer than the node it was added to. `compiled`: so many at most, each compiled by itself; `budget`:
        seconds after which no more are begun. Without one it ends where nothing nearer still was found for a while.
        `pays` gets what writes an output that nothing is written to."""
        found, since, began = list[Node](), 0, self.clock()
        nearest: Score | None = None
        doubtful = list[Node]()
        for n, (weight, picks, score, last) in enumerate(self._tried(o, items, compiled, budget), 1):
            node = parent(picks)
            if score.perfect:
                if self._skips(o, picks, score):
                    self._kept(o, Node(picks, score, weight))
                elif not self._right(o, Node(picks, score, weight), doubt=False):
                    doubtful.append(Node(picks, score, weight))
                continue
            if n % DOUBT == 0:
                doubtful = [d for d in doubtful if not self._right(o, d)]
            since += 1
            if pays is not None and o.owed and score.built and o.owed & paid(o.sketch, picks):
                pays.append(Node(picks, score, weight, score.lost(o.base)))
            if score.better(node.score) or score.further(node.score):
                found.append(Node(picks, score, weight, score.lost(o.base)))
                if nearest is None or score.better(nearest):
                    nearest, since, began = score, 0, self.clock()
            elif score.met == node.score.met or score.elsewhere(node.score) or score.near > 0.0:
                lost = 0.0 if score.mark == node.score.mark else 1.0
                harmless |= {i: weight + lost for i in picks.items() if i[0] not in node.picks}
            sure = budget == inf or nearest is not None and nearest.value > o.base.value + SURE
            waited = self.clock() - began
            if last and found and sure and (since >= ENOUGH and waited > LONG or waited > LONGER):
                break
        for d in doubtful:
            self._right(o, d)
        for one in found:
            harmless |= {i: one.weight / 4 for i in one.picks.items() if i[0] not in node.picks}
        return best(found, WIDTH, SMALL)

    # ------------------------------------------------------------ what is tried

    def _singles(self, o: Open, node: Node) -> Iterator[Item]:
        """Every choice of a hole that the node's run came by, added to those it has made; the likely ones first."""
        if o.run is None and not o.watched:
            return
        if node.score.line and node.picks:
            near = distances(o.at, [node.score.line])
        elif o.base.line and node.picks:  # the rule holds now: its line says nothing of what else is wrong
            near = ANYWHERE
        else:
            near = o.near
        came_by = node.score.reached
        items = sorted(weighed(o.sketch.holes, near), key=lambda x: x[0])
        for weight, k, c in items:
            if o.sketch.holes[k].kind is Kind.FIXED or came_by and k not in came_by:
                continue
            if k in node.picks or any(o.sketch.nested(k, other) for other in node.picks):
                continue
            yield node.weight + weight, {**node.picks, k: c}

    def _fixings(self, o: Open, memories: bool = False) -> Iterator[Item]:
        """The choices that only a compiler can make, each once; `memories`: only of arrays where the fault is."""
        holes = o.sketch.holes
        items = [x for x in weighed(holes, o.near) if holes[x[1]].kind is Kind.FIXED]
        if memories:
            items = [x for x in items if holes[x[1]].choices[x[2] - 1].memory and o.near[holes[x[1]].line] <= DECLARED]
        for weight, k, c in sorted(items, key=lambda x: x[0]):
            if (k, c) not in o.compiled:
                o.compiled.add((k, c))
                yield weight, {k: c}

    def _tried(
        self, o: Open, items: Iterator[Item], compiled: int, budget: float,
    ) -> Iterator[tuple[float, Picks, Score, bool]]:
        """What came of each, in batches that take about as long, and whether it is the last of one."""
        steady = compiled > 0
        size = 1 if steady else FEW if o.slow else FIRST
        with ThreadPoolExecutor(ABREAST) as pool:
            until = self.clock() + budget
            while not self.late and self.clock() < until:
                groups = [g for _ in range(ABREAST) if (g := list(islice(items, size)))]
                if not groups:
                    return
                began = time.monotonic()
                waiting = [(g, pool.submit(self._compiling if steady else self._running, o, g)) for g in groups]
                done = [(item, score) for group, future in waiting
                        for item, score in zip(group, future.result(), strict=True)]
                compiled -= len(done) if steady else 0
                for left, ((weight, picks), score) in zip(range(len(done) - 1, -1, -1), done, strict=True):
                    self.runs += 1
                    yield weight, picks, score, not left
                if steady:
                    if compiled <= 0:
                        return
                    continue
                took = max(time.monotonic() - began, 0.01)
                size = max(4, min(MOST, int(size * max(0.25, min(4.0, SECONDS / took)))))

    def _running(self, o: Open, group: list[Item]) -> list[Score]:
        return o.run([picks for _, picks in group]) if o.run is not None else []

    def _compiling(self, o: Open, group: list[Item]) -> list[Score]:
        made = [o.sketch.filled(picks) for _, picks in group]
        return [self.trials.fixed(text) if text is not None and not self.late else Score(built=False) for text in made]

    # ------------------------------------------------------------ what came of it

    def _texts(self, o: Open, nodes: Iterable[Node]) -> list[Text]:
        return [t for n in nodes if (t := self._text(o, n)) is not None]

    def _text(self, o: Open, n: Node) -> Text | None:
        made, now = o.sketch.filled(n.picks), o.origin
        told = tuple(Changed(o.sketch.holes[k].line, o.sketch.holes[k].choices[c - 1].what) for k, c in n.picks.items())
        near = None if o.base.line else o.near
        needed = frozenset(c.line for c in told)
        lacked = (o.base.had, o.lacking) if o.base.had is not None and o.lacking is not None else now.lacked
        return None if made is None else Text(made, n.score, now.changes + told, now.weight + n.weight,
                                              now.lost + n.lost, near, watched=o.watched, needed=needed,
                                              lacked=lacked)
