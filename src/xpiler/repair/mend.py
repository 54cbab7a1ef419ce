"""From a refuted text to one that is accepted, by the smallest change that is found.

The holes of a text are opened once, and then choices are only numbers that its runs are given. Each choice is tried
alone, those near the fault first; what brings the text nearer is kept, the best few, and choices are added to these;
so several mistakes are undone one by one. Where nothing alone is nearer, choices are tried two and three at a time. A
text that came nearer is opened again, as its changes close the holes around them. The text that comes out was accepted
by the judge, not by this search."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice

from xpiler.fault import Fault
from xpiler.ir.nodes import Program
from xpiler.platforms.platform import Platform
from xpiler.repair.hole import Hole, Kind
from xpiler.repair.holes import gaps, holes
from xpiler.repair.localise import Distances, distances, suspects
from xpiler.repair.score import Run, Score, Trials
from xpiler.repair.sketch import Picks, Sketch
from xpiler.repair.solve import combinations, pairs
from xpiler.text.sites import Sites

Progress = Callable[[str], None]
Item = tuple[float, Picks]  # how unlikely, and the choices
# Texts that are opened; texts compiled for the sake of one choice; lines left alone so that a sketch compiles; programs
# run side by side.
ROUNDS, COMPILED, TRIES, ABREAST = 12, 24, 6, 2
# Texts that are followed side by side, the nearest and those that are the smallest change; choices added one after
# another before a text is opened again.
WIDTH, SMALL, DEPTH = 3, 2, 4
# Candidates of one process, at first and at most, and the seconds it should take; choices that are combined; programs
# run for something nearer still than what is nearer, at least, and the seconds for it.
FIRST, MOST, SECONDS, COMBINED, ENOUGH, LONG = 24, 400, 1.0, 160, 60, 6.0
# Things put in where something may be missing; values this close are wrong by their precision.
LIKELY, FILLED, CLOSE = 2000, 12000, 0.9
# Texts compiled before others are followed; the share of the time for following them.
EARLY, SHARE = 6, 0.3


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


@dataclass(frozen=True)
class _Text:
    """A text on the way: what its runs showed, and what was changed so far."""

    text: str
    score: Score
    changes: tuple[Changed, ...] = ()


@dataclass(frozen=True)
class _Node:
    """Choices made in an open text, and what came of them."""

    picks: Picks
    score: Score
    weight: float


@dataclass
class _Open:
    """A text with its holes open."""

    origin: _Text
    at: Sites
    sketch: Sketch
    run: Run | None
    base: Score
    near: Distances
    each: float = 0.0  # seconds for one candidate, as they were so far


@dataclass
class _Search:
    platform: Platform
    read: Callable[[str], Program]
    trials: Trials
    until: float
    progress: Progress
    began: float = field(default_factory=time.monotonic)
    runs: int = 0
    confirming: float = 0.0
    suspects: tuple[int, ...] = ()
    refused: set[str] = field(default_factory=set)

    @property
    def late(self) -> bool:
        return time.monotonic() > self.until

    def mend(self, text: str) -> Mended:
        """Texts are opened, the nearest first, until one is accepted."""
        waiting, opened = [_Text(text, Score())], set[str]()
        furthest, why = waiting[0], ""
        for n in range(ROUNDS):
            if not waiting or self.late:
                break
            now = max(waiting, key=lambda t: (t.score.order, -len(t.changes)))
            waiting.remove(now)
            opened.add(now.text)
            try:
                open_ = self._opened(now)
            except Fault as fault:
                why = why or f"the text does not read: {fault.what}"
                continue
            now = open_.origin
            furthest = max(furthest, now, key=lambda t: t.score.order)
            self.progress(f"round {n + 1}: {now.score.met or f'{now.score.right:.1%} of the elements are right'}")
            found = self._search(open_)
            if isinstance(found, Mended):
                return found
            waiting += [t for t in found if t.text not in opened]
            furthest = max([furthest, *found], key=lambda t: t.score.order)
        why = "the time is up" if self.late else why or self._why(furthest, bool(waiting))
        return self._ended(furthest, False, why)

    def _why(self, furthest: _Text, more: bool) -> str:
        if furthest.score.perfect:
            return "a judge refuses it for what no run shows"
        return f"not right after {ROUNDS} rounds" if more else "no small change that was tried brings it nearer"

    def _ended(self, at: _Text, accepted: bool, why: str) -> Mended:
        seconds = time.monotonic() - self.began
        return Mended(at.text, accepted, at.changes, self.suspects, why, self.runs, seconds, self.confirming)

    def _accepted(self, text: str) -> bool:
        self.progress("confirming")
        began = time.monotonic()
        good = text not in self.refused and self.trials.confirm(text)
        self.confirming += time.monotonic() - began
        if not good:
            self.refused.add(text)
        return good

    # ------------------------------------------------------------ one text

    def _opened(self, now: _Text) -> _Open:
        at = Sites(now.text, self.platform, self.read(now.text), "repair")
        sketch, run = self._compiled(Sketch(at.data, holes(at)))
        base = run([{}])[0] if run is not None else self.trials.fixed(now.text)
        self.runs += 1
        first = [base.line] if base.line else []
        near = distances(at, first)
        self.suspects = self.suspects or suspects(at, first)
        return _Open(replace(now, score=base), at, sketch, run, base, near)

    def _compiled(self, sketch: Sketch) -> tuple[Sketch, Run | None]:
        """The sketch as a program; holes on lines that do not compile are left out."""
        for _ in range(TRIES):
            made = self.trials.sketch(sketch.text)
            if not isinstance(made, tuple):
                return sketch, made
            smaller = sketch.without(made)
            if smaller == sketch:
                break
            sketch = smaller
        return sketch, None

    def _search(self, o: _Open) -> Mended | list[_Text]:
        """A text that was accepted; or the texts that are nearest."""
        if o.base.perfect:
            if self._accepted(o.origin.text):
                return self._ended(o.origin, True, "")
            o.base = self.trials.fixed(o.origin.text)  # what refused it is looked at from now on
            if o.base.perfect:
                return []
            o.sketch, o.run = self._compiled(o.sketch)
            o.near = distances(o.at, [o.base.line] if o.base.line else [])
        root, harmless, kept = _Node({}, o.base, 0.0), dict[tuple[int, int], float](), list[_Node]()
        fixed, between, wide = self._fixed(o, root), list[_Text](), None
        began = time.monotonic()
        level = [root]
        for depth in range(DEPTH):
            found = list[_Node]()
            for node in level:
                nodes = self._expanded(o, node, self._singles(o, node), harmless if depth == 0 else {},
                                       whole=depth == 0)
                if isinstance(nodes, Mended):
                    return nodes
                found += nodes
            if depth == 0:
                if o.base.met or o.base.near > CLOSE:  # a memory breaks a rule, a type costs precision
                    nodes = self._expanded(o, root, islice(fixed, EARLY), {}, EARLY)
                    if isinstance(nodes, Mended):
                        return nodes
                    kept += nodes
                wide = self._wide(o)
                filled = self._filled_in(wide, LIKELY)
                if isinstance(filled, Mended):
                    return filled
                between += filled
            level = _best(found)
            kept += level
            if not level or self.late or time.monotonic() - began > SHARE * (self.until - began):
                break
        filled = self._filled_in(wide, FILLED)
        if isinstance(filled, Mended):
            return filled
        between += filled
        for items, compiled in ((fixed, COMPILED), (self._together(o, harmless), 0)):
            nodes = self._expanded(o, root, items, {}, compiled)
            if isinstance(nodes, Mended):
                return nodes
            kept += nodes
        return between + [t for node in _best(kept) if (t := self._text(o, node.picks, node.score)) is not None]

    def _wide(self, o: _Open) -> tuple[_Open, Iterator[Item]] | None:
        """The text opened where something may be missing, and what to try there."""
        if self.late:
            return None
        sketch, run = self._compiled(Sketch(o.at.data, gaps(o.at)))
        if run is None:
            return None
        base = run([{}])[0]
        wide = replace(o, sketch=sketch, run=run, base=base)
        return wide, self._singles(wide, _Node({}, base, 0.0))

    def _filled_in(self, wide: tuple[_Open, Iterator[Item]] | None, most: int) -> Mended | list[_Text]:
        """Something put in where it may be missing."""
        if wide is None or self.late:
            return []
        o, items = wide
        nodes = self._expanded(o, _Node({}, o.base, 0.0), islice(items, most), {})
        if isinstance(nodes, Mended):
            return nodes
        return [t for n in nodes if (t := self._text(o, n.picks, n.score)) is not None]

    def _expanded(
        self, o: _Open, node: _Node, items: Iterator[Item], harmless: dict[tuple[int, int], float],
        compiled: int = 0, whole: bool = False,
    ) -> Mended | list[_Node]:
        """What is nearer than a node among what can be added to it; or a text that was accepted. `compiled`: so many at
        most, each compiled for itself; `whole`: all of them, whatever is found."""
        found, since, began = list[_Node](), 0, time.monotonic()
        best = node.score
        for weight, picks, score in self._tried(o, items, compiled):
            if score.perfect:
                text = self._text(o, picks, score)
                if text is not None and text.text not in self.refused and self._accepted(text.text):
                    return self._ended(text, True, "")
                continue
            since += 1
            if score.better(node.score) or score.further(node.score):
                found.append(_Node(picks, score, weight))
                if score.better(best):
                    best, since, began = score, 0, time.monotonic()
            elif score.order == node.score.order and score.met == node.score.met or score.elsewhere(node.score) \
                    or score.near > 0.0:
                lost = 0.0 if score.mark == node.score.mark else 1.0
                harmless |= {i: weight + lost for i in picks.items() if i[0] not in node.picks}
            if found and not whole and since >= ENOUGH and time.monotonic() - began > LONG:
                break
        for n in found:
            harmless |= {i: n.weight / 4 for i in n.picks.items() if i[0] not in node.picks}
        return _best(found)

    # ------------------------------------------------------------ what is tried

    def _singles(self, o: _Open, node: _Node) -> Iterator[Item]:
        """Every choice of a hole that the node's run came by, added to those it has made; the likely ones first."""
        if o.run is None:
            return
        if node.score.line and node.picks:
            near = distances(o.at, [node.score.line])
        else:
            near = o.near
        came_by = node.score.reached
        items = sorted(_weighed(o.sketch.holes, near), key=lambda x: x[0])
        for weight, k, c in items:
            if o.sketch.holes[k].kind is Kind.FIXED or came_by and k not in came_by:
                continue
            if k in node.picks or any(o.sketch.nested(k, other) for other in node.picks):
                continue
            yield node.weight + weight, {**node.picks, k: c}

    def _fixed(self, o: _Open, node: _Node) -> Iterator[Item]:
        """The choices that only a compiler can make."""
        items = [x for x in _weighed(o.sketch.holes, o.near) if o.sketch.holes[x[1]].kind is Kind.FIXED]
        for weight, k, c in sorted(items, key=lambda x: x[0]):
            yield weight, {**node.picks, k: c}

    def _together(self, o: _Open, harmless: Mapping[tuple[int, int], float]) -> Iterator[Item]:
        """Choices that did no harm alone, two at a time, then three; the smallest change first."""
        if o.run is None:
            return
        if not o.base.line and harmless:
            first, then = self.trials.blame(o.origin.text)
            o.near = distances(o.at, first, then)
            self.suspects = self.suspects or suspects(o.at, first, then)
            harmless = {(k, c): w + o.near[o.sketch.holes[k].line] for (k, c), w in harmless.items()}
        likely = dict(sorted(harmless.items(), key=lambda i: i[1])[:COMBINED])
        yield from pairs(o.sketch, likely)
        for picks in combinations(o.sketch, likely):
            if len(picks) > 2:
                yield sum(likely[i] for i in picks.items()), picks

    def _tried(self, o: _Open, items: Iterator[Item], compiled: int) -> Iterator[tuple[float, Picks, Score]]:
        """What came of each, in batches that take about as long."""
        steady = compiled > 0
        size = 1 if steady else FIRST
        with ThreadPoolExecutor(ABREAST) as pool:
            while not self.late:
                groups = [g for _ in range(ABREAST) if (g := list(islice(items, size)))]
                if not groups:
                    return
                began = time.monotonic()
                waiting = [(g, pool.submit(self._compiling if steady else self._running, o, g)) for g in groups]
                for group, future in waiting:
                    scores = future.result()
                    compiled -= len(group) if steady else 0
                    for (weight, picks), score in zip(group, scores, strict=True):
                        self.runs += 1
                        yield weight, picks, score
                if steady:
                    if compiled <= 0:
                        return
                    continue
                took = max(time.monotonic() - began, 0.01)
                size = max(4, min(MOST, int(size * max(0.25, min(4.0, SECONDS / took)))))

    def _running(self, o: _Open, group: list[Item]) -> list[Score]:
        return o.run([picks for _, picks in group]) if o.run is not None else []

    def _compiling(self, o: _Open, group: list[Item]) -> list[Score]:
        made = [o.sketch.filled(picks) for _, picks in group]
        return [self.trials.fixed(text) if text is not None and not self.late else Score(built=False) for text in made]

    # ------------------------------------------------------------ what came of it

    def _text(self, o: _Open, picks: Picks, score: Score) -> _Text | None:
        made = o.sketch.filled(picks)
        told = tuple(Changed(o.sketch.holes[k].line, o.sketch.holes[k].choices[c - 1].what) for k, c in picks.items())
        return None if made is None else _Text(made, score, o.origin.changes + told)


def _best(found: Iterable[_Node]) -> list[_Node]:
    """The nearest few, and those that are the smallest change: what got past a broken rule tells little of how near it
    is where something else is wrong. Of those with one result the smallest change."""
    kept: dict[object, _Node] = {}
    for n in sorted(found, key=lambda n: n.weight):
        kept.setdefault((n.score.order, n.score.met), n)
    nearest = sorted(kept.values(), key=lambda n: n.score.order, reverse=True)[:WIDTH]
    small = [n for n in list(kept.values())[:SMALL] if n not in nearest]
    return small + nearest


def _weighed(all_holes: Iterable[Hole], near: Distances) -> Iterator[tuple[float, int, int]]:
    """(how unlikely, hole, choice): the size of the change, and how far its line is from the fault."""
    for k, hole in enumerate(all_holes):
        far = near[hole.line]
        for c, cost in enumerate(hole.costs, 1):
            yield cost + far, k, c


def mend(
    text: str, platform: Platform, read: Callable[[str], Program], trials: Trials, *, seconds: float = 60.0,
    progress: Progress = lambda _: None,
) -> Mended:
    """Search for a text near `text` that `trials.confirm` accepts, for so many seconds."""
    return _Search(platform, read, trials, time.monotonic() + seconds, progress).mend(text)
