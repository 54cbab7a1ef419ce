"""What is tried on a text that is open, stage by stage: what takes longest last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice, takewhile

from xpiler.repair.grafts import Lacking
from xpiler.repair.holes import around, asked_for, gaps, grafts, put_back
from xpiler.repair.localise import distances
from xpiler.repair.nodes import SMALL, WIDTH, Deeper, Item, Node, United, best
from xpiler.repair.opened import Open, Text
from xpiler.repair.opening import Opening
from xpiler.repair.owed import credited, paying
from xpiler.repair.sketch import Picks
from xpiler.repair.solve import beside, combinations, pairs
from xpiler.repair.trying import SURE

COMPILED, COMBINED = 24, 160  # texts compiled for the sake of one choice; choices that are combined
# Things put in where something may be missing; wrong values this close are so by their precision.
LIKELY, AROUND, FILLED, CLOSE = 2000, 6000, 12000, 0.9
PAIRED = 3000  # pairs of choices on one line
ONWARD = 4  # choices that are made one after another in one open text
OPENED = 0.02  # seconds of a run from which on it is worth while to open a text anew
DEPTH, DEEPER = 2, 1500  # choices added one after another, and how many are tried each time
SOON, SOONER = 480, 1.0  # choices that are tried before the place is looked for, which takes seconds, and for so long
EARLY, FINDING = 3, 8  # texts compiled before others are followed, more where a rule is broken
SHORT, LONGEST = 1.5, 5.0  # seconds of work for choices alone, at first and then, and for what is put in
PUTTING = 2.5  # the same for what a text asks for, and for what the right program says is missing
# Elements, or the right program's values, that are right in a text that was given and is likely to be wrong in one
# thing only, and seconds for its choices alone.
NEARLY, INSIDE, THOROUGH = 0.5, 0.7, 12.0
OPERANDS, PLACED = "XP2120", 4  # what an instruction that takes no such operands breaks; memories tried for them
WIDER = 3.0  # how large a change it is that all types are as wide as is usual


@dataclass
class Stages(Opening):
    """Each stage gives the texts that came nearer."""

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

    def _first(self, o: Open) -> list[Text]:
        """Every choice alone; where an output is owed, what writes it too, before a text is followed that is nearer by
        luck."""
        found = self._alone(o)
        return found if not o.owed or o.base.met or o.given_up else found + self._asked_for(o)

    def _alone(self, o: Open) -> list[Text]:
        """Every choice alone, for a while, and those together that came nearer."""
        first = o.singles is None
        if first:
            self._begun(o)
        if o.watched and o.run is None:
            o.given_up = True
            return self._one_by_one(o)
        nearly = (o.base.right >= NEARLY or o.base.told >= INSIDE) and not o.origin.weight
        budget = THOROUGH if first and nearly else SHORT if first else LONGEST
        some = o.singles or iter(())
        if first and o.base.met.startswith(OPERANDS):
            placed = self._expanded(o, islice(self._fixings(o, memories=True), PLACED), lambda _: o.root, {}, PLACED)
            if placed:
                return self._texts(o, placed)
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
        if o.answered:
            return []
        o.answered = True
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
        return self._filled(None if self.late else self._opened_for(o, around(o.at)), AROUND)

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

    def _refused(self, o: Open) -> list[Text]:
        """What ran right and was refused all the same, the smallest changes: that much is done, and what is wrong
        besides shows on other inputs or to who looks at every access."""
        few = sorted(o.refused, key=lambda t: t.weight)[:1]
        o.refused.clear()
        return [replace(t, watched=t.watched or self.trials.fixed(t.text).perfect) for t in few]

    def _filled(
        self, wide: tuple[Open, Iterator[Item]] | None, most: int, budget: float = LONGEST,
    ) -> list[Text]:
        if wide is None or self.late:
            return []
        o, items = wide
        pays = list[Node]()
        found = best(self._expanded(o, islice(items, most), lambda _: o.root, {}, budget=budget, pays=pays))
        return self._texts(o, found) + [credited(t, [o.base]) for t in self._texts(o, paying(pays))]
