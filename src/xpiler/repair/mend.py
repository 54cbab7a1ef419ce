"""From a refuted text to one that is accepted, by the smallest change that is found.

The holes of a text are opened once, and then choices are only numbers that its runs are given. Each choice is tried
alone, those near the fault first, and what brings the text nearer is followed: in its results, or in the values on its
way, so that several mistakes are undone one by one. A text that came nearer is opened again, as its changes close the
holes around them. What takes longer is tried in stages, each when no other text is nearer. The text that comes out was
accepted by the judge, not by this search."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import chain, islice, takewhile
from math import inf

from xpiler.fault import Fault
from xpiler.ir.nodes import Program
from xpiler.platforms.platform import Platform
from xpiler.repair.hole import Hole, Kind
from xpiler.repair.grafts import Lacking
from xpiler.repair.holes import around, asked_for, gaps, grafts, holes, put_back
from xpiler.repair.instrument import instrumented
from xpiler.repair.leaner import leaner
from xpiler.repair.localise import distances, suspects
from xpiler.repair.mended import Changed, Mended
from xpiler.repair.nodes import SMALL, WIDTH, Deeper, Item, Node, United, best, fitting, weighed
from xpiler.repair.opened import Open, Text, following
from xpiler.repair.owed import credited, owed, paid, paying
from xpiler.repair.score import Run, Score, Trials
from xpiler.repair.sketch import Picks, Sketch
from xpiler.repair.solve import beside, combinations, pairs
from xpiler.repair.sparing import sparing
from xpiler.text.sites import Sites

Progress = Callable[[str], None]
# Steps that are taken; texts compiled for the sake of one choice; lines left alone so that a sketch compiles; programs
# run side by side.
ROUNDS, COMPILED, TRIES, ABREAST = 240, 24, 6, 2
# Candidates of one process, at first (fewer where they are slow) and at most, and the seconds it should take; choices
# that are combined; programs run for something nearer still than what is nearer, at least, and seconds of work for it.
FIRST, FEW, MOST, SECONDS, COMBINED, ENOUGH, LONG = 24, 4, 200, 1.0, 160, 60, 1.0
LONGER = 2.0  # seconds that are enough where each run takes long
# Things put in where something may be missing; wrong values this close are so by their precision.
LIKELY, FILLED, CLOSE = 2000, 12000, 0.9
ROOM = 150_000  # characters of what is put in, at most, that one program leaves open: they are what compiling takes
PAIRED = 3000  # pairs of choices on one line
ONWARD = 4  # choices that are made one after another in one open text
OPENED = 0.02  # seconds of a run from which on it is worth while to open a text anew
DEPTH, DEEPER = 2, 1500  # choices added one after another, and how many are tried each time
# Choices that are tried before the place is looked for, which takes seconds, and for so long; seconds of a run from
# which on they are tried meanwhile.
SOON, SOONER, SLOW = 480, 1.0, 0.1
PATIENT = 10.0  # seconds that it is waited for the place
EARLY, FINDING = 3, 8  # texts compiled before others are followed, more where a rule is broken
SHORT, LONGEST = 1.5, 5.0  # seconds of work for choices alone, at first and then, and for what is put in
PUTTING = 2.5  # the same for what a text asks for, and for what the right program says is missing
# Elements that are right in a text that was given and is likely to be wrong in one thing only, and seconds for its
# choices alone.
NEARLY, THOROUGH = 0.5, 12.0
WIDER = 3.0  # how large a change it is that all types are as wide as is usual
SURE = 0.1  # so much nearer is no luck
DOUBT = 96  # choices that are tried before a judge is asked about one whose threads may race


def worked() -> float:
    """Seconds that processors worked for this process, and for those it started that have ended."""
    of = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in of)


class _Found(Exception):
    """A text that was accepted."""

    def __init__(self, text: Text) -> None:
        self.text = text


@dataclass
class _Search:
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
    refused: set[str] = field(default_factory=set)
    looking: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    clock: Callable[[], float] = worked  # how long something took, whatever else the machine does

    @property
    def late(self) -> bool:
        return time.monotonic() > self.until

    def mend(self, text: str) -> Mended:
        """Texts are opened, the nearest first, until one is accepted; what takes longer is tried when no other text is
        nearer."""
        waiting, known = [Text(text, Score())], {text}
        furthest, why = waiting[0], ""
        stages = (self._alone, self._asked_for, self._unless_owed(self._grafted), self._unless_owed(self._put_back),
                  self._around, self._alone, self._paired, self._deeper, self._gaps, self._deeper, self._fixed,
                  self._together)
        for n in range(ROUNDS):
            if not waiting or self.late:
                break
            now = following(waiting, n)
            waiting.remove(now)
            try:
                self.trials.watching(now.open.watched if now.open is not None else now.watched)
                now = now if now.open else self._opened(now, first=n == 0)
                furthest = max(furthest, now, key=lambda t: t.score.order)
                found = [*stages[now.stage](now.open), *self._refused(now.open)] if now.open is not None else []
            except Fault as fault:
                why = why or f"the text does not read: {fault.what}"
                continue
            except _Found as done:
                return self._ended(self._leaner(done.text, text), True, "")
            waiting += [t for t in found if t.text not in known]
            known |= {t.text for t in found}
            if now.open is not None and not now.open.given_up and now.stage + 1 < len(stages):
                waiting.append(replace(now, stage=now.stage + 1, score=now.open.base))
            furthest = max([furthest, *found], key=lambda t: t.score.order)
        why = "the time is up" if self.late else why or self._why(furthest, bool(waiting))
        return self._ended(furthest, False, why)

    def _leaner(self, found: Text, began: str) -> Text:
        """The text that was accepted, without changes it does not need; a judge has the last word."""
        few = leaner(found, began, lambda text: not self.late and self.trials.fixed(text).perfect)
        if few.text == found.text or self.trials.confirm(few.text):
            return few
        self.trials.confirm(found.text)  # the evidence is of the text that is given
        return found

    def _why(self, furthest: Text, more: bool) -> str:
        if furthest.score.perfect:
            return "a judge refuses it for what no run shows"
        return f"not right after {ROUNDS} steps" if more else "no small change that was tried brings it nearer"

    def _ended(self, at: Text, accepted: bool, why: str) -> Mended:
        seconds = time.monotonic() - self.began
        return Mended(at.text, accepted, at.changes, self.suspects, why, self.runs, seconds, self.confirming)

    def _accept(self, text: Text) -> None:
        """The end, where a judge accepts this."""
        if text.text in self.refused:
            return
        self.progress("confirming")
        began = time.monotonic()
        good = self.trials.confirm(text.text)
        self.confirming += time.monotonic() - began
        if good:
            raise _Found(text)
        self.refused.add(text.text)

    # ------------------------------------------------------------ one text

    def _opened(self, now: Text, first: bool = False) -> Text:
        at = Sites(now.text, self.platform, self.read(now.text), "repair")
        places = () if now.watched else instrumented(at).places
        wanted = Sketch(at.data, holes(at, self.trials.constants), places=places, sparing=sparing(at))
        if first and (wide := self._widened(now, at, wanted)) is not None:
            return self._opened(wide)
        sketch, run = self._compiled(wanted)
        open_ = Open(now, at, sketch, run, Score(), now.near or distances(at, ()), now.near is not None,
                     watched=now.watched, owed=owed(at))
        self._based(open_)
        base = open_.base
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
        wide = self._text(Open(now, at, sketch, None, Score(), distances(at, ())), node) if node.picks else None
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

    # ------------------------------------------------------------ stages, what takes longest last

    def _begun(self, o: Open) -> None:
        """The smallest changes, until it is known where to look and which values the source has."""
        if o.base.perfect:
            self._accept(o.origin)
            o.base = self.trials.fixed(o.origin.text)  # by the input that refused it, if one did
            if o.base.perfect:
                o.watched = True
                self.trials.watching(True)
                o.base = self.trials.fixed(o.origin.text)
            o.given_up = o.base.perfect
            if o.given_up:
                return
            o.sketch, o.run = self._compiled(replace(o.sketch, places=()))
            if o.watched and (o.run is None or o.run([{}])[0].perfect):
                o.run, o.near = None, distances(o.at, [o.base.line])
                return
            o.known = False
            self._looked(o)
        if not self.asked:
            soon: Iterator[Item] = islice(self._singles(o, o.root), SOON)
            if o.slow:
                looking = None if o.known else self._look(o)
                soon = takewhile(lambda _: looking is not None and not looking.done(), soon)
            self._expanded(o, soon, lambda _: o.root, o.harmless, budget=SOONER)
        self._looked(o)
        if not self.asked and o.run is not None and not o.watched:
            self.trials.ask()
            self.asked = True
            self._based(o)
        o.singles = self._singles(o, o.root)

    def _alone(self, o: Open) -> list[Text]:
        """Every choice alone, for a while, and those together that came nearer."""
        first = o.singles is None
        if first:
            self._begun(o)
        if o.watched and o.run is None:
            o.given_up = True
            return self._one_by_one(o)
        nearly = o.base.right >= NEARLY and not o.origin.weight
        budget = THOROUGH if first and nearly else SHORT if first else LONGEST
        some = o.singles or iter(())
        if first and o.origin.tried:  # all others were
            lines = {c.line for c in o.origin.changes}
            changed = [i for i in self._singles(o, o.root) if {o.sketch.holes[k].line for k in i[1]} <= lines]
            some = iter(changed)
        level = self._expanded(o, some, lambda _: o.root, o.harmless, budget=budget)
        united = United([*o.level, *level], o.sketch)
        o.level = best([*o.level, *level, *self._expanded(o, iter(united), united.parent, {})], WIDTH, SMALL)
        return self._onward(o)

    def _onward(self, o: Open) -> list[Text]:
        """What came nearer alone, and from that one choice after another, as long as something comes much nearer:
        nothing is compiled for it. The nearest may have come near by luck, so the others are gone on with beside it.
        Where such a text is opened again, less is left to try."""
        kept = best(o.level)
        every, done, tried = list(kept), list[Picks](), set[frozenset[tuple[int, int]]]()
        broken = o.base.met and o.base.seconds > OPENED  # few groups do for a text that breaks no rule, opened again
        for _ in range(ONWARD if kept and not broken else 0):
            top = max(kept, key=lambda n: n.hope)
            if top.score.met or top.score.value < o.base.value + SURE:
                break
            deeper = Deeper(kept, lambda node: self._singles(o, node), tried)
            items = iter(deeper)
            found = best(self._expanded(o, items, deeper.parent, {}, budget=2 * SHORT))
            every += found
            done += [n.picks for n in kept] if next(items, None) is None else []
            if not any(n.hope > top.hope for n in found):
                break
            kept = best([*found, *kept])
        return [replace(t, tried=n.picks in done) for n in every if (t := self._text(o, n)) is not None]

    def _one_by_one(self, o: Open) -> list[Text]:
        """The likeliest choices, each compiled by itself: where arrays lie otherwise the rule is not broken, and so not
        in an open text."""
        both = zip(self._singles(o, o.root), self._fixings(o), strict=False)
        items = islice((item for pair in both for item in pair), 2 * FINDING)
        return self._texts(o, self._expanded(o, items, lambda _: o.root, {}, 2 * FINDING))

    def _grafted(self, o: Open) -> list[Text]:
        """What the right text computes and this one never does; and a few choices that only a compiler can make, as a
        memory breaks a rule and a type costs precision: all narrow types at once first."""
        found = list[Text]()
        if wide := o.sketch.widened:
            found = self._texts(o, self._expanded(o, iter([(WIDER, wide)]), lambda _: o.root, {}, 1))
            if found:
                return found
        if o.base.met or o.base.close > CLOSE:
            early = FINDING if o.base.met else EARLY
            found += self._texts(o, self._expanded(o, islice(self._fixings(o), early), lambda _: o.root, {}, early))
        texts = self._lacking(o).texts
        return found + self._filled(self._opened_for(o, grafts(o.at, texts)) if texts else None, FILLED)

    def _put_back(self, o: Open) -> list[Text]:
        """Calls and loops that make what the right text computes and this one never does of what this one has."""
        lacking = Lacking() if o.slow else self._lacking(o)
        found = put_back(o.at, lacking, self.trials.constants) if lacking != Lacking() else ()
        return self._filled(self._opened_for(o.anywhere, found), FILLED, PUTTING)

    def _lacking(self, o: Open) -> Lacking:
        """What a text lacks; nothing is known of one that breaks a rule."""
        had, known = o.base.had, o.origin.lacked
        if o.lacking is None and known is not None and had is not None and known[0].same(had):
            o.lacking = known[1]
        if o.lacking is None:
            o.lacking = Lacking() if o.base.met or self.late else self.trials.missing(o.origin.text)
        return o.lacking

    def _deeper(self, o: Open) -> list[Text]:
        """Choices added to what came nearer, one after another."""
        kept = list[Node]()
        for _ in range(DEPTH):
            deeper = Deeper(o.level, lambda node: self._singles(o, node))
            o.level = self._expanded(o, islice(deeper, DEEPER), deeper.parent, {})
            kept += o.level
            if o.base.met and any(not n.score.met for n in o.level):
                break  # no rule is broken any more: now it can be asked where it goes wrong
        return self._texts(o, best(kept))

    def _paired(self, o: Open) -> list[Text]:
        """Two choices on one line."""
        single = ((picks, w) for w, picks in self._singles(o, o.root))
        weights = {next(iter(picks.items())): w for picks, w in single}
        items = islice(beside(o.sketch, weights), PAIRED)
        return self._texts(o, best(self._expanded(o, items, lambda _: o.root, {}, budget=LONGEST)))

    def _asked_for(self, o: Open) -> list[Text]:
        """A statement put in that a name asks for: wherever that is. Where that is an output, what the right program
        says of it too, a statement before a loop."""
        asked = () if self.late else asked_for(o.at, self.trials.constants)
        found = self._filled(self._opened_for(o.anywhere, asked), LIKELY, PUTTING)
        if not o.owed:
            return found
        found, loops = found + self._grafted(o), self._put_back(o)
        return [credited(t, [o.base, *(loop.score for loop in loops)]) if t.credit else t for t in found] + loops

    def _unless_owed(self, stage: Callable[[Open], list[Text]]) -> Callable[[Open], list[Text]]:
        """A stage that was done with what is asked for where an output is owed."""
        return lambda o: [] if o.owed else stage(o)

    def _around(self, o: Open) -> list[Text]:
        """A value with a function around it, or combined with another one."""
        return self._filled(None if self.late else self._opened_for(o, around(o.at)), LIKELY)

    def _gaps(self, o: Open) -> list[Text]:
        """Something put in where it may be missing."""
        wide = None if self.late else self._opened_for(o, gaps(o.at, self.trials.constants))
        return self._filled(wide, LIKELY) or self._filled(wide, FILLED)

    def _fixed(self, o: Open) -> list[Text]:
        """What only a compiler can choose."""
        return self._texts(o, self._expanded(o, self._fixings(o), lambda _: o.root, {}, COMPILED))

    def _together(self, o: Open) -> list[Text]:
        """Choices that did no harm alone, two at a time, then three; the smallest change first."""
        likely = dict(sorted(o.harmless.items(), key=lambda i: i[1])[:COMBINED])
        every = ((sum(likely[i] for i in picks.items()), picks) for picks in combinations(o.sketch, likely)
                 if len(picks) > 2)
        items = chain(pairs(o.sketch, likely), every) if o.run is not None else iter(())
        return self._texts(o, self._expanded(o, items, lambda _: o.root, {}))

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

    def _least(self, o: Open, n: Node) -> Node:
        """Those of the choices that ran right which are needed for it."""
        while o.run is not None and len(n.picks) > 1:
            fewer = [{k: c for k, c in n.picks.items() if k != without} for without in n.picks]
            found = next((p for p, s in zip(fewer, o.run(fewer), strict=True) if s.perfect), None)
            if found is None:
                break
            n = replace(n, picks=found)
        return n

    def _refused(self, o: Open) -> list[Text]:
        """What ran right and was refused all the same, the smallest changes: that much is done, and what is wrong
        besides shows on other inputs or to who looks at every access."""
        few = sorted(o.refused, key=lambda t: t.weight)[:1]
        o.refused.clear()
        return [replace(t, watched=t.watched or self.trials.fixed(t.text).perfect) for t in few]

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

    def _filled(
        self, wide: tuple[Open, Iterator[Item]] | None, most: int, budget: float = LONGEST,
    ) -> list[Text]:
        if wide is None or self.late:
            return []
        o, items = wide
        pays = list[Node]()
        found = best(self._expanded(o, islice(items, most), lambda _: o.root, {}, budget=budget, pays=pays))
        return self._texts(o, found) + [credited(t, [o.base]) for t in self._texts(o, paying(pays))]

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
        for n, (weight, picks, score) in enumerate(self._tried(o, items, compiled, budget), 1):
            node = parent(picks)
            if score.perfect:
                if not self._right(o, Node(picks, score, weight), doubt=False):
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
            if found and sure and (since >= ENOUGH and waited > LONG or waited > LONGER):
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

    def _fixings(self, o: Open) -> Iterator[Item]:
        """The choices that only a compiler can make, each once."""
        items = [x for x in weighed(o.sketch.holes, o.near) if o.sketch.holes[x[1]].kind is Kind.FIXED]
        for weight, k, c in sorted(items, key=lambda x: x[0]):
            if (k, c) not in o.compiled:
                o.compiled.add((k, c))
                yield weight, {k: c}

    def _tried(
        self, o: Open, items: Iterator[Item], compiled: int, budget: float,
    ) -> Iterator[tuple[float, Picks, Score]]:
        """What came of each, in batches that take about as long."""
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
