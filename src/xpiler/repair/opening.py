"""Texts whose holes are opened: compiled, run as they are, and looked at for the place where they go wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

from xpiler.repair.hole import Hole, Kind
from xpiler.repair.holes import holes
from xpiler.repair.inserted import held_together
from xpiler.repair.instrument import instrumented
from xpiler.repair.localise import ANYWHERE, distances, suspects
from xpiler.repair.nodes import Item, Node, fitting
from xpiler.repair.opened import Open, Text
from xpiler.repair.owed import owed
from xpiler.repair.score import Run, Score
from xpiler.repair.sketch import Sketch
from xpiler.repair.sparing import sparing
from xpiler.repair.trying import Trying
from xpiler.text.sites import Sites

TRIES = 6  # lines left alone so that a sketch compiles
ROOM = 150_000  # characters of what is put in, at most, that one program leaves open: they are what compiling takes
SLOW = 0.1  # seconds of a run from which on it tells nothing more, and choices are tried while the place is looked for
PATIENT = 10.0  # seconds that it is waited for the place


@dataclass
class Opening(Trying):
    """How a text is opened."""

    def _opened(self, now: Text, first: bool = False) -> Text:
        at = Sites(now.text, self.platform, self.read(now.text), "repair")
        places = () if now.watched else instrumented(at).places
        besides = (*sparing(at), *held_together(at))
        wanted = Sketch(at.data, holes(at, self.trials.constants), places=places, besides=besides)
        if first and (wide := self._widened(now, at, wanted)) is not None:
            return self._opened(wide)
        sketch, run = self._compiled(wanted)
        open_ = Open(now, at, sketch, run, Score(), now.near or ANYWHERE, now.near is not None,
                     watched=now.watched)
        self._based(open_)
        base = open_.base
        at.never = _never(sketch.holes, base)
        open_.owed = owed(at)
        open_.origin = replace(now, score=base)
        if base.line:
            open_.near, open_.known = distances(at, [base.line]), True
            self.suspects = self.suspects or suspects(at, [base.line])
        elif base.met or not base.built:
            self._looked(open_)
        self.progress(base.met or f"{base.right:.1%} of the elements are right")
        return replace(now, score=base, open=open_)

    def _widened(self, now: Text, at: Sites, sketch: Sketch) -> Text | None:
        """The text with all types as wide as is usual, where that compiles and is no worse: what a narrow one loses
        hides what else is wrong. Where it was right to be narrow, it is so again in the end."""
        node = Node(sketch.widened, Score(), 0.0)
        wide = self._text(Open(now, at, sketch, None, Score(), ANYWHERE), node) if node.picks else None
        if wide is None:
            return None
        narrow, score = self.trials.fixed(now.text), self.trials.fixed(wide.text)
        return replace(wide, near=None) if score.built and score.order >= narrow.order else None

    def _based(self, o: Open) -> None:
        """Runs the text as it is. Where that takes long it tells nothing more, and is compiled to be fast."""
        o.base = o.run([{}])[0] if o.run is not None else self.trials.fixed(o.origin.text)
        self.runs += 1
        if o.run is not None and not o.slow and not o.watched and o.base.seconds > SLOW:
            o.slow = True
            o.sketch, o.run = self._compiled(replace(o.sketch, hurried=False, places=()))
            o.base = o.run([{}])[0] if o.run is not None else o.base

    def _look(self, o: Open) -> Future[tuple[Sequence[int], Sequence[int]]]:
        """Who looks for the place where a text goes wrong, from now on if nobody did."""
        o.looking = o.looking or self.looking.submit(self.trials.blame, o.origin.text)
        return o.looking

    def _looked(self, o: Open) -> None:
        """Waits for what tells where a text goes wrong, where the rule it breaks does not."""
        if o.known:
            return
        try:
            first, then = self._look(o).result(timeout=PATIENT)
        except TimeoutError:  # all lines are as likely
            return
        o.near, o.known, o.looking = distances(o.at, first, then), True, None
        self.suspects = self.suspects or suspects(o.at, first, then)

    def _compiled(self, sketch: Sketch) -> tuple[Sketch, Run | None]:
        """The sketch as a program; holes on lines that do not compile are left out."""
        for _ in range(TRIES):
            made = self.trials.sketch(sketch.text, sketch.beside)
            if not isinstance(made, tuple):
                return sketch, made
            smaller = sketch.without(made)
            if smaller == sketch:
                break
            sketch = smaller
        return sketch, None

    def _opened_for(self, o: Open, found: tuple[Hole, ...]) -> tuple[Open, Iterator[Item]] | None:
        """The text opened where something may be missing, and what to try there."""
        if not found:
            return None
        places = () if o.slow or o.watched else instrumented(o.at).places
        wanted = replace(o.sketch, holes=fitting(found, o.near, ROOM), hurried=not o.slow, places=places)
        sketch, run = self._compiled(wanted)
        if run is None:
            return None
        wide = replace(o, sketch=sketch, run=run, base=run([{}])[0])
        return wide, self._singles(wide, wide.root)


def _never(holes: Sequence[Hole], base: Score) -> frozenset[int]:
    """The lines with holes of which a run that broke no rule came by none."""
    came_by = frozenset(holes[k].line for k in base.reached) if not base.met else frozenset()
    return frozenset(h.line for h in holes if h.kind is not Kind.FIXED) - came_by if came_by else frozenset()
