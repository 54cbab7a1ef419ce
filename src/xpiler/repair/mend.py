"""From a refuted text to one that is accepted, by the smallest change that is found.

The holes of a text are opened once, and then choices are only numbers that its runs are given. Each choice is tried
alone, those near the fault first; what brings the text nearer is kept, the best few, and choices are added to these;
so several mistakes are undone one by one. Where nothing alone is nearer, choices are tried two and three at a time. A
text that came nearer is opened again, as its changes close the holes around them. The text that comes out was accepted
by the judge, not by this search."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice

from xpiler.fault import Fault
from xpiler.ir.nodes import Program
from xpiler.platforms.platform import Platform
from xpiler.repair.hole import Hole, Kind
from xpiler.repair.holes import gaps, grafts, holes
from xpiler.repair.localise import Distances, distances, suspects
from xpiler.repair.mended import Changed, Mended
from xpiler.repair.nodes import SMALL, WIDTH, Deeper, Item, Node, best, weighed
from xpiler.repair.score import Run, Score, Trials
from xpiler.repair.sketch import Picks, Sketch
from xpiler.repair.solve import combinations, pairs
from xpiler.text.sites import Sites

Progress = Callable[[str], None]
# Texts that are opened; texts compiled for the sake of one choice; lines left alone so that a sketch compiles; programs
# run side by side.
ROUNDS, COMPILED, TRIES, ABREAST = 24, 24, 6, 2
# Choices added one after another before a text is opened again.
DEPTH = 4
# Candidates of one process, at first (fewer where they are slow) and at most, and the seconds it should take; choices
# that are combined; programs run for something nearer still than what is nearer, at least, and the seconds for it.
FIRST, FEW, MOST, SECONDS, COMBINED, ENOUGH, LONG = 24, 4, 200, 1.0, 160, 60, 2.0
# Things put in where something may be missing; values this close are wrong by their precision.
LIKELY, FILLED, CLOSE = 2000, 12000, 0.9
DEEPER = 1500  # choices added to what came nearer before that is opened again
# Choices that are tried while the place is looked for, and seconds from which on a run is too slow for that.
SOON, SLOW = 192, 0.15
# Texts compiled before others are followed; the share of the time for following them.
EARLY, SHARE = 6, 0.3


@dataclass(frozen=True)
class _Text:
    """A text on the way: what its runs showed, and what was changed so far. `tried`: what may come nearer quickly was
    tried, and something did."""

    text: str
    score: Score
    changes: tuple[Changed, ...] = ()
    tried: bool = False
    weight: float = 0.0


@dataclass
class _Open:
    """A text with its holes open."""

    origin: _Text
    at: Sites
    sketch: Sketch
    run: Run | None
    base: Score
    near: Distances
    looking: Future[tuple[Sequence[int], Sequence[int]]] | None = None  # who is looking for the place
    slow: bool = False  # a run takes long enough to look for the place first


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
    looking: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

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
            now = self._next(waiting, n)
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
            known = {t.text for t in waiting}
            waiting += [t for t in found if t.tried or t.text not in opened and t.text not in known]
            furthest = max([furthest, *found], key=lambda t: t.score.order)
        why = "the time is up" if self.late else why or self._why(furthest, bool(waiting))
        return self._ended(furthest, False, why)

    def _next(self, waiting: list[_Text], n: int) -> _Text:
        """The nearest, and in every second round the smallest change that came nearer: nearness may be luck."""
        if n % 2:
            return min(waiting, key=lambda t: (t.tried, -t.score.passed, t.weight))
        return max(waiting, key=lambda t: (not t.tried, t.score.order, -t.weight))

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
        looking = self.looking.submit(self.trials.blame, now.text)
        sketch, run = self._compiled(Sketch(at.data, holes(at)))
        began = time.monotonic()
        base = run([{}])[0] if run is not None else self.trials.fixed(now.text)
        slow = time.monotonic() - began > SLOW
        if slow and run is not None:
            sketch, run = self._compiled(replace(sketch, hurried=False))
        self.runs += 1
        open_ = _Open(replace(now, score=base), at, sketch, run, base, distances(at, ()), looking, slow)
        if base.line or base.met or not base.built:
            self._looked(open_)
        return open_

    def _looked(self, o: _Open) -> None:
        """Waits for what tells where a text goes wrong: the rule it breaks, or who looks for the place meanwhile."""
        if o.looking is None:
            return
        first, then = ([o.base.line], ()) if o.base.line else o.looking.result()
        o.near, o.looking = distances(o.at, first, then), None
        self.suspects = self.suspects or suspects(o.at, first, then)

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
            o.looking = self.looking.submit(self.trials.blame, o.origin.text)
            self._looked(o)
        root, harmless, kept = Node({}, o.base, 0.0), dict[tuple[int, int], float](), list[Node]()
        fixed, between, began = self._fixed(o, root), list[_Text](), time.monotonic()
        level = self._expanded(o, self._first(o, root), lambda _: root, harmless, whole=True)
        if isinstance(level, Mended):
            return level
        kept += level
        if not o.origin.tried and (o.base.met or o.base.near > CLOSE):  # a memory breaks a rule, a type costs precision
            nodes = self._expanded(o, islice(fixed, EARLY), lambda _: root, {}, EARLY)
            if isinstance(nodes, Mended):
                return nodes
            kept += nodes
        done = self._filled_in(self._grafted(o), LIKELY)
        if isinstance(done, Mended):
            return done
        between += done
        for _ in range(DEPTH):
            if not level or self.late or time.monotonic() - began > SHARE * (self.until - began):
                break
            deeper = Deeper(level, lambda node: self._singles(o, node))
            found = self._expanded(o, islice(deeper, DEEPER), deeper.parent, {})
            if isinstance(found, Mended):
                return found
            level = found
            kept += level
            if o.base.met and any(not n.score.met for n in level):
                break  # no rule is broken any more: now it can be asked where it goes wrong
        near = between + self._texts(o, best(kept))
        if near and not o.origin.tried:
            return [*near, replace(o.origin, tried=True)]  # the rest, if these lead nowhere
        return self._thorough(o, root, fixed, harmless, near)

    def _thorough(
        self, o: _Open, root: Node, fixed: Iterator[Item], harmless: dict[tuple[int, int], float], near: list[_Text]
    ) -> Mended | list[_Text]:
        """What takes longer: something is missing, what only a compiler can choose, and several changes at once."""
        wide, kept = self._wide(o), list[Node]()
        for most in (LIKELY, FILLED):
            filled = self._filled_in(wide, most)
            if isinstance(filled, Mended):
                return filled
            near = near + filled
            if filled:
                break
        for items, compiled in ((fixed, COMPILED), (self._together(o, harmless), 0)):
            nodes = self._expanded(o, items, lambda _: root, {}, compiled)
            if isinstance(nodes, Mended):
                return nodes
            kept += nodes
        return near + self._texts(o, best(kept))

    def _grafted(self, o: _Open) -> tuple[_Open, Iterator[Item]] | None:
        """The text opened where something that the right one computes may be missing."""
        if o.base.met or self.late:
            return None
        missing = self.trials.missing(o.origin.text)
        return self._opened_for(o, grafts(o.at, missing)) if missing else None

    def _wide(self, o: _Open) -> tuple[_Open, Iterator[Item]] | None:
        """The text opened where something may be missing, and what to try there."""
        if self.late:
            return None
        return self._opened_for(o, gaps(o.at))

    def _opened_for(self, o: _Open, found: tuple[Hole, ...]) -> tuple[_Open, Iterator[Item]] | None:
        sketch, run = self._compiled(Sketch(o.at.data, found))
        if run is None:
            return None
        base = run([{}])[0]
        wide = replace(o, sketch=sketch, run=run, base=base)
        return wide, self._singles(wide, Node({}, base, 0.0))

    def _filled_in(self, wide: tuple[_Open, Iterator[Item]] | None, most: int) -> Mended | list[_Text]:
        """Something put in where it may be missing."""
        if wide is None or self.late:
            return []
        o, items = wide
        root = Node({}, o.base, 0.0)
        nodes = self._expanded(o, islice(items, most), lambda _: root, {})
        if isinstance(nodes, Mended):
            return nodes
        return self._texts(o, nodes)

    def _expanded(
        self, o: _Open, items: Iterator[Item], parent: Callable[[Picks], Node], harmless: dict[tuple[int, int], float],
        compiled: int = 0, whole: bool = False,
    ) -> Mended | list[Node]:
        """What is nearer than the node it was added to; or a text that was accepted. `compiled`: so many at most, each
        compiled for itself; `whole`: all of them, whatever is found."""
        found, since, began = list[Node](), 0, time.monotonic()
        nearest: Score | None = None
        for weight, picks, score in self._tried(o, items, compiled):
            node = parent(picks)
            if score.perfect:
                text = self._text(o, picks, score, weight)
                if text is not None and text.text not in self.refused and self._accepted(text.text):
                    return self._ended(text, True, "")
                continue
            since += 1
            if score.better(node.score) or score.further(node.score):
                found.append(Node(picks, score, weight))
                if nearest is None or score.better(nearest):
                    nearest, since, began = score, 0, time.monotonic()
            elif score.order == node.score.order and score.met == node.score.met or score.elsewhere(node.score) \
                    or score.near > 0.0:
                lost = 0.0 if score.mark == node.score.mark else 1.0
                harmless |= {i: weight + lost for i in picks.items() if i[0] not in node.picks}
            if found and not whole and since >= ENOUGH and time.monotonic() - began > LONG:
                break
        for n in found:
            harmless |= {i: n.weight / 4 for i in n.picks.items() if i[0] not in node.picks}
        return best(found, WIDTH, SMALL)

    # ------------------------------------------------------------ what is tried

    def _first(self, o: _Open, root: Node) -> Iterator[Item]:
        """All choices alone: the smallest changes, until it is known where to look; then what is near that place."""
        soon = list(islice(self._singles(o, root), SOON if o.looking is not None and not o.slow else 0))
        yield from soon
        self._looked(o)
        given = {frozenset(picks.items()) for _, picks in soon}
        yield from (i for i in self._singles(o, root) if frozenset(i[1].items()) not in given)

    def _singles(self, o: _Open, node: Node) -> Iterator[Item]:
        """Every choice of a hole that the node's run came by, added to those it has made; the likely ones first."""
        if o.run is None:
            return
        if node.score.line and node.picks:
            near = distances(o.at, [node.score.line])
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

    def _fixed(self, o: _Open, node: Node) -> Iterator[Item]:
        """The choices that only a compiler can make."""
        items = [x for x in weighed(o.sketch.holes, o.near) if o.sketch.holes[x[1]].kind is Kind.FIXED]
        for weight, k, c in sorted(items, key=lambda x: x[0]):
            yield weight, {**node.picks, k: c}

    def _together(self, o: _Open, harmless: Mapping[tuple[int, int], float]) -> Iterator[Item]:
        """Choices that did no harm alone, two at a time, then three; the smallest change first."""
        if o.run is None:
            return
        likely = dict(sorted(harmless.items(), key=lambda i: i[1])[:COMBINED])
        yield from pairs(o.sketch, likely)
        for picks in combinations(o.sketch, likely):
            if len(picks) > 2:
                yield sum(likely[i] for i in picks.items()), picks

    def _tried(self, o: _Open, items: Iterator[Item], compiled: int) -> Iterator[tuple[float, Picks, Score]]:
        """What came of each, in batches that take about as long."""
        steady = compiled > 0
        size = 1 if steady else FEW if o.slow else FIRST
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

    def _texts(self, o: _Open, nodes: Iterable[Node]) -> list[_Text]:
        return [t for n in nodes if (t := self._text(o, n.picks, n.score, n.weight)) is not None]

    def _text(self, o: _Open, picks: Picks, score: Score, weight: float) -> _Text | None:
        made = o.sketch.filled(picks)
        told = tuple(Changed(o.sketch.holes[k].line, o.sketch.holes[k].choices[c - 1].what) for k, c in picks.items())
        return None if made is None else _Text(made, score, o.origin.changes + told, weight=o.origin.weight + weight)


def mend(
    text: str, platform: Platform, read: Callable[[str], Program], trials: Trials, *, seconds: float = 60.0,
    progress: Progress = lambda _: None,
) -> Mended:
    """Search for a text near `text` that `trials.confirm` accepts, for so many seconds."""
    search = _Search(platform, read, trials, time.monotonic() + seconds, progress)
    try:
        return search.mend(text)
    finally:
        search.looking.shutdown(wait=False, cancel_futures=True)
