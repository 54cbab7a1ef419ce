"""From a refuted text to one that is accepted, by the smallest change that is found.

A round opens the holes of the text, tries each choice alone, those near the fault first, then several at once. What
brings the text nearer is kept, and the next round starts from there; so several mistakes are undone one by one. The
text that comes out was accepted by the judge, not by this search."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from xpiler.fault import Fault
from xpiler.ir.nodes import Program
from xpiler.platforms.platform import Platform
from xpiler.repair.holes import Hole, Kind, holes
from xpiler.repair.localise import Distances, distances, suspects
from xpiler.repair.score import Score, Trials
from xpiler.repair.sketch import Picks, Sketch
from xpiler.repair.solve import combinations
from xpiler.text.sites import Sites

Progress = Callable[[str], None]
Run = Callable[[Mapping[int, int]], Score]
# Mistakes undone one after another; texts compiled for the sake of one choice; lines left alone so that a sketch
# compiles; programs run side by side; programs run for something nearer still than what is nearer.
ROUNDS, COMPILED, TRIES, ABREAST, ENOUGH = 12, 24, 6, 2, 40


@dataclass(frozen=True)
class Changed:
    """One change that was made: its line in the text before, and what it is in words."""

    line: int
    what: str


@dataclass(frozen=True)
class Mended:
    """A text, whether it was accepted, what was changed, and where the fault was looked for.

    `why`: what stopped the search where it was not accepted. `runs` and `seconds` are what it cost."""

    text: str
    accepted: bool
    changes: tuple[Changed, ...]
    suspects: tuple[int, ...]
    why: str
    runs: int
    seconds: float


@dataclass
class _Search:
    platform: Platform
    read: Callable[[str], Program]
    trials: Trials
    until: float
    progress: Progress
    began: float = field(default_factory=time.monotonic)
    runs: int = 0
    suspects: tuple[int, ...] = ()
    refused: set[str] = field(default_factory=set)
    dead: set[str] = field(default_factory=set)  # texts from where nothing was nearer

    @property
    def late(self) -> bool:
        return time.monotonic() > self.until

    def mend(self, text: str, score: Score) -> Mended:
        """Rounds until a text is accepted; from where nothing is nearer, back to the round before."""
        road = [(text, score, tuple[Changed, ...]())]
        furthest = road[-1]
        for n in range(ROUNDS):
            text, score, changes = road[-1]
            if score.perfect:
                if text not in self.refused and self._accepted(text):
                    return self._ended(text, True, changes, "")
                score = self.trials.fixed(text)  # what refused it is looked at from now on
                if score.perfect:
                    return self._ended(text, False, changes, "a judge refuses it for what no run shows")
            self.progress(f"round {n + 1}: {score.met or f'{score.right:.1%} of the elements are right'}")
            try:
                step = self._step(text, score)
            except Fault as fault:
                return self._ended(text, False, changes, f"the text does not read: {fault.what}")
            if step is not None:
                road.append((step[0], step[1], changes + step[2]))
                furthest = max(furthest, road[-1], key=lambda at: at[1].order)
                continue
            if self.late or len(road) == 1:
                why = "the time is up" if self.late else "no small change that was tried brings it nearer"
                return self._ended(furthest[0], False, furthest[2], why)
            self.dead.add(road.pop()[0])
        return self._ended(furthest[0], False, furthest[2], f"not right after {ROUNDS} rounds")

    def _ended(self, text: str, accepted: bool, changes: tuple[Changed, ...], why: str) -> Mended:
        return Mended(text, accepted, changes, self.suspects, why, self.runs, time.monotonic() - self.began)

    def _accepted(self, text: str) -> bool:
        self.progress("confirming")
        good = self.trials.confirm(text)
        if not good:
            self.refused.add(text)
        return good

    # ------------------------------------------------------------ one round

    def _step(self, text: str, base: Score) -> tuple[str, Score, tuple[Changed, ...]] | None:
        """The text after the best change, accepted where its score is perfect; None where nothing is nearer."""
        at = Sites(text, self.platform, self.read(text), "repair")
        with ThreadPoolExecutor(1) as pool:  # both compile, and neither waits for the other
            blamed = None if base.line else pool.submit(self.trials.blame, text)
            sketch, run = self._compiled(Sketch(at.data, holes(at)))
            first, then = blamed.result() if blamed is not None else ((base.line,), ())
        near = distances(at, first, then)
        self.suspects = self.suspects or suspects(at, first, then)
        best: tuple[Score, Picks] | None = None
        since = 0  # programs run since something nearer was found
        harmless: dict[tuple[int, int], float] = {}
        for weight, picks, score in self._tried(sketch, run, near, base):
            if score.perfect:
                made = sketch.filled(picks)
                if made is not None and made not in self.refused and self._accepted(made):
                    return made, score, self._told(sketch, picks)
                continue
            since += 1
            if score.better(best[0] if best else base) and sketch.filled(picks) not in self.dead:
                best, since = (score, picks), 0
            if best is not None and since >= ENOUGH:
                break
            if score.better(base) or score.elsewhere(base):
                harmless |= dict.fromkeys(picks.items(), weight / 4)
            elif score.order == base.order and score.met == base.met:
                harmless |= dict.fromkeys(picks.items(), weight)
        if best is None and run is not None:
            for picks in combinations(sketch, harmless):
                if self.late:
                    break
                self.runs += 1
                score = run(picks)
                made = sketch.filled(picks) if score.perfect else None
                if made is not None and made not in self.refused and self._accepted(made):
                    return made, score, self._told(sketch, picks)
                if score.better(best[0] if best else base) and not score.perfect:
                    best = score, picks
                    break
        if best is None:
            return None
        made = sketch.filled(best[1])
        return None if made is None else (made, best[0], self._told(sketch, best[1]))

    def _told(self, sketch: Sketch, picks: Picks) -> tuple[Changed, ...]:
        return tuple(Changed(sketch.holes[k].line, sketch.holes[k].choices[c - 1].what) for k, c in picks.items())

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

    def _tried(
        self, sketch: Sketch, run: Run | None, near: Distances, base: Score
    ) -> Iterator[tuple[float, Picks, Score]]:
        """Every choice alone, the likely ones first, with what became of it."""
        order = sorted(_weighed(sketch.holes, near, base), key=lambda x: x[0])
        if run is None:
            order = [x for x in order if sketch.holes[x[1]].kind is Kind.FIXED]
        compiled = 0
        with ThreadPoolExecutor(ABREAST) as pool:
            for group in _groups(order, 2 * ABREAST):
                if self.late:
                    return
                some = []
                for weight, hole, choice in group:
                    fixed = sketch.holes[hole].kind is Kind.FIXED
                    if fixed and compiled >= COMPILED:
                        continue
                    compiled += fixed
                    self.runs += 1
                    made = sketch.filled({hole: choice}) if fixed else None
                    act = (self.trials.fixed, made) if made is not None else (run, {hole: choice})
                    if act[0] is not None:
                        some.append((weight, {hole: choice}, pool.submit(*act)))
                for weight, picks, future in some:
                    yield weight, picks, future.result()


def _weighed(all_holes: Iterable[Hole], near: Distances, base: Score) -> Iterator[tuple[float, int, int]]:
    """(how unlikely, hole, choice): the size of the change, and how far its line is from the fault."""
    for k, hole in enumerate(all_holes):
        for c, choice in enumerate(hole.choices, 1):
            compiled = 2.0 if hole.kind is Kind.FIXED and not base.met else 0.0
            yield choice.cost + near[hole.line] + compiled, k, c


def _groups(items: list[tuple[float, int, int]], size: int) -> Iterator[list[tuple[float, int, int]]]:
    for i in range(0, len(items), size):
        yield items[i:i + size]


def mend(
    text: str, platform: Platform, read: Callable[[str], Program], trials: Trials, *, seconds: float = 60.0,
    progress: Progress = lambda _: None,
) -> Mended:
    """Search for a text near `text` that `trials.confirm` accepts, for so many seconds."""
    search = _Search(platform, read, trials, time.monotonic() + seconds, progress)
    return search.mend(text, trials.fixed(text))
