"""Can two threads touch one element, one of them writing, with nothing between that orders them?

Two arbitrary threads stand for all: what they share is one unknown, what is a thread's own is two. Threads of a block
share the intervals between barriers, which both must reach alike; blocks and tasks share the launch; iterations of a
parallel loop the loop."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from xpiler.ir.nodes import Barrier, Intrinsic, Program, Shuffle
from xpiler.ir.walk import statements
from xpiler.platforms.platform import Platform
from xpiler.verify.argue.accesses import Walk, walked
from xpiler.verify.argue.argue import Look, argue, at_thread, given, scope, sizes_of
from xpiler.verify.evaluate import Number
from xpiler.verify.argue.question import (
    Clock, Model, Never, OutOfTime, Question, Undecided, always, ask, guessed,
)
from xpiler.verify.argue.terms import (
    BLOCK, GRID, ONE, THREAD, ZERO, Atom, Cond, Poly, Terms, both, negate,
)
from xpiler.verify.argue.touched import (
    ATOMIC, BRANCH, FACT, READ, WRITE, Access, Axes, Early, Entry, Float, Found, Interval, Meeting, Memory, Step,
    Together, level_of_axis,
)
from xpiler.verify.verdict import Evidence, Refuted, Unknown, Witness

RACES = "free of races"
_GROUP = frozenset({"block", "cluster", "device"})  # barriers that order the threads of a group


def races(
    program: Program, platform: Platform, *, kernel: str = "", let: Mapping[str, Number] | None = None,
    seconds: float = 5.0, strict: bool = False,
) -> Evidence:
    """No two threads race, and all threads reach each barrier alike; the verdict says for which inputs and sizes.

    `strict`: a race with some sizes only refutes a program that leaves sizes to its caller."""

    def look(sizes: Mapping[str, Number], clock: Clock) -> Look:
        return _Judge(program, platform, kernel, sizes, clock).look()

    return argue(RACES, look, program, kernel, let or {}, seconds, strict)


@dataclass(frozen=True)
class Two:
    """Two threads: what they are, what they have in common, which barriers order them, which memory both see.

    `level`: axes of this level tell them apart. `warp`: True for lanes of one warp, False for lanes of two."""

    words: str
    shared: int
    level: int
    scopes: frozenset[str]
    sees: frozenset[str]
    warp: bool | None = None
    loop: int = 0  # of two iterations of this parallel loop

    def apart(self, a: Atom) -> bool:
        return self.loop in a.inside if self.loop else a.level > self.shared


class _Judge:
    """One look at a program, with sizes fixed or free."""

    def __init__(
        self, program: Program, platform: Platform, kernel: str, let: Mapping[str, Number], clock: Clock
    ) -> None:
        self.program, self.platform, self.kernel, self.let, self.clock = program, platform, kernel, let, clock
        every = [s for k in program.kernels for s in statements(k)]
        self.lanes = platform.warp > 1 and any(isinstance(s, Barrier) and s.scope == "warp" for s in every)
        self.shuffles = any(isinstance(s, Shuffle) for s in every)
        self.worst: Refuted | Unknown | None = None
        self.intervals = 0
        self.same_value = False
        self.always = False  # the refutation holds for all sizes
        self.walk: Walk  # the one being looked at

    def look(self) -> Look:
        walks: list[Walk] = []
        try:
            for two in self._pairs():
                walk = self.walk = self._walked(two)
                walks.append(walk)
                self._against(two, walk.found)
                if self.done:
                    break
            if not self.done:
                self.walk = self._walked(_GROUPS) if not walks else self.walk
                walks.append(self.walk)
                self._iterations(self.walk)
        except OutOfTime:
            self._note(Unknown("the solver was not done in time"))
        walk = walks[0]
        self._doubts(walk.found)
        said = f"{scope(walk, self.let)}; {self._how()}"
        return Look(self.worst, said, (*walk.sizes, *walk.others), self.always)

    @property
    def done(self) -> bool:
        """Whether nothing more need be looked at."""
        return isinstance(self.worst, Refuted) and (self.always or not self.walk.free)

    def _how(self) -> str:
        if not self.intervals:
            return "no memory is shared by threads that write it"
        plural = "" if self.intervals == 1 else "s"
        benign = "; some write the same value to one place" if self.same_value else ""
        return f"two-thread argument over {self.intervals} interval{plural}{benign}"

    def _walked(self, two: Two) -> Walk:
        return walked(
            lambda: Walk(self.program, self.platform, Terms(), scopes=two.scopes, shared=two.shared, let=self.let,
                         alone=two is _ALONE),
            self.kernel)

    def _pairs(self) -> list[Two]:
        kinds = {s.kind for k in self.program.kernels for s in statements(k) if hasattr(s, "kind")}
        axes = {a.kind for a in self.platform.axes} & kinds
        out = []
        inner = sorted(k for k in axes if level_of_axis(k) == THREAD)
        if inner:
            sees = frozenset({"device", "cluster", "block"})
            own = inner[0].split(".")[0]
            words = f"two {own}s of one group"
            if self.lanes:
                out.append(Two(words, BLOCK, THREAD, _GROUP | {"warp"}, sees, warp=True))
                out.append(Two(words, BLOCK, THREAD, _GROUP, sees, warp=False))
            else:
                out.append(Two(words, BLOCK, THREAD, _GROUP, sees))
        if any(level_of_axis(k) == BLOCK for k in axes):
            out.append(_GROUPS)
        every = [s for k in self.program.kernels for s in statements(k)]
        late = self.platform.late
        if late and any(isinstance(s, Intrinsic) and re.search(late, s.name) for s in every):
            out.append(_ALONE)
        return out

    def _doubts(self, found: Found) -> None:
        for what, span in found.doubts:
            self._note(Unknown(f"line {span.line}: {what}"))

    def _note(self, verdict: Refuted | Unknown | None) -> None:
        if self.worst is None or (isinstance(verdict, Refuted) and not isinstance(self.worst, Refuted)):
            self.worst = verdict

    # ------------------------------------------------------------ two threads

    def _against(self, two: Two, found: Found) -> None:
        for m in found.meetings:
            if m.scope in two.scopes:
                self._note(self._meeting(two, m))
            if self.done:
                return
        for t in found.together if two.level == THREAD and two.warp is not False else ():
            self._note(self._as_one(two, t))
            if self.done:
                return
        if two is _ALONE:
            self._too_early(found)
            return
        asked: set[object] = set()
        for interval in found.intervals:
            self._interval(two, interval, asked)
            if self.done:
                return

    def _too_early(self, found: Found) -> None:
        """What a thread does with memory that a copy of its own still reads or writes."""
        asked: set[object] = set()
        for e in found.early:
            key = (_key(Entry(e.first, e.conds)), _key(Entry(e.then)))
            if key not in asked:
                asked.add(key)
                self._note(self._early(e))
            if self.done:
                return

    def _early(self, e: Early) -> Refuted | Unknown | None:
        a, b = e.first, e.then
        said = tuple((c, 1) for c in (*a.conds, *e.conds, *b.conds))
        asked = Question(said, ((a.index, b.index),))
        answer = ask(asked, self.clock)
        match answer:
            case Never():
                return None
            case Undecided():
                return Unknown(f"line {b.span.line}: the solver was not done with copies of `{a.memory.name}`")
            case Model():
                told = (f"line {b.span.line}: the thread {at_thread(b.axes, answer, 1)} {b.kind} element "
                        f"{answer.of(b.index, 1)} of `{b.memory.name}`, which what line {a.span.line} began may still "
                        f"{'read' if a.kind == READ else 'write'}")
                by = guessed((*(c for c, _ in said), a.index, b.index))
                if by is not None or e.unsure:
                    return Unknown(told if by is None else f"{told}, if {by.name} is {answer.known(1)(by)}")
                verdict = Refuted(Witness(f"{told}: nothing waits for it", sizes=sizes_of(self.walk, self.let, answer),
                                          buffer=a.memory.name, index=answer.of(b.index, 1)))
                return self._surely(verdict, asked, answer, (*a.path, *b.path))
        raise TypeError(f"not an answer: {answer!r}")

    def _iterations(self, walk: Walk) -> None:
        """Iterations of each parallel loop, which nothing orders."""
        for mark in walk.found.parallel:
            two = Two("two iterations", GRID, THREAD, frozenset(), frozenset(), loop=mark)
            entries = tuple(Entry(a) for a in walk.found.accesses
                            if mark in a.inside and mark not in a.memory.inside)
            self._interval(two, entries, set(), everything=True)

    def _interval(self, two: Two, interval: Interval, asked: set[object], everything: bool = False) -> None:
        """Every two accesses of an interval of which one writes."""
        shared = [e for e in interval
                  if (everything or e.access.memory.scope in two.sees) and not e.access.memory.stable]
        by_memory: dict[Memory, list[Entry]] = {}
        for e in shared:
            by_memory.setdefault(e.access.memory, []).append(e)
        counted = False
        for entries in by_memory.values():
            different = _distinct(entries)
            if all(e.access.kind == READ for e in different):
                continue
            counted = True
            for i, a in enumerate(different):
                for b in different[: i + 1]:
                    if not _conflict(a.access, b.access):
                        continue
                    key = (_key(a), _key(b))
                    if key in asked:
                        continue
                    asked.add(key)
                    self._note(self._collide(two, a, b))
                    if self.done:
                        return
        self.intervals += counted

    def _collide(self, two: Two, one: Entry, other: Entry) -> Refuted | Unknown | None:
        a, b = one.access, other.access
        if a.index.high < b.index.low or b.index.high < a.index.low:
            return None
        said = [(c, copy) for e, copy in ((one, 1), (other, 2)) for c in (*e.access.conds, *e.extra)]
        differ = self._distinct_threads(two, a.axes)
        if a.one_lane and b.one_lane and two.level == THREAD:
            differ.append(((self._warp(a.axes), self._warp(a.axes)),))  # the lanes of a warp act as one
        same = [(a.index, b.index), *self._one_warp(two, a.axes)]
        values = _values(a, b)
        if values == ():
            self.same_value = True
            return None
        try:
            further = (values,) if values else ()
            asked = Question(tuple(said), tuple(same), (*differ, *further), two.apart)
            answer = ask(asked, self.clock)
        except OutOfTime:
            where = sorted({a.span.line, b.span.line})
            self._note(Unknown(f"the solver was not done with line{'s' * (len(where) > 1)} "
                               f"{' and '.join(map(str, where))} in time"))
            raise
        match answer:
            case Never():
                if values and not isinstance(ask(replace(asked, differ=tuple(differ)), self.clock), Never):
                    self.same_value = True
                return None
            case Undecided():
                return Unknown(f"lines {a.span.line} and {b.span.line}: the solver was not done with `{a.memory.name}`")
            case Model():
                verdict = self._raced(two, one, other, answer, values is not None)
                return self._surely(verdict, asked, answer, (*a.path, *b.path))
        raise TypeError(f"not an answer: {answer!r}")

    def _surely(
        self, verdict: Refuted | Unknown, asked: Question, m: Model, path: tuple[Step, ...]
    ) -> Refuted | Unknown:
        """The verdict, having noted whether a refutation holds for all sizes."""
        free = self.walk.unknown_sizes
        if isinstance(verdict, Refuted) and free and not self.always:
            self.always = always(asked, m, free, given(path, free), self.clock)
            if self.always:
                self.worst = None  # the better witness
        return verdict

    def _raced(self, two: Two, one: Entry, other: Entry, m: Model, decided: bool) -> Refuted | Unknown:
        a, b = one.access, other.access
        if a.kind == READ:
            a, b, first, second = b, a, 2, 1
        else:
            first, second = 1, 2
        told = (f"line {a.span.line}: {self._who(two, a, m, first)} {a.kind} element {m.of(a.index, first)} of "
                f"`{a.memory.name}`, which {self._who(two, b, m, second)} {b.kind} at line {b.span.line}")
        leaves = [p for x in (a, b) if isinstance(x.value, Float) and WRITE == x.kind for p in x.value.leaves]
        by = guessed((*a.conds, a.index, *one.extra, *b.conds, b.index, *other.extra, *leaves))
        if by is not None:
            return Unknown(f"{told}, if {by.name} is {m.known(first)(by)}")
        if not decided:
            return Unknown(f"{told}; whether that changes anything is not known")
        if two.level == THREAD and self.shuffles and self._lockstep(a.axes, m):
            return Unknown(f"{told}; they are lanes of one warp, which exchange values")
        return Refuted(Witness(f"{told}, and nothing orders the two", sizes=sizes_of(self.walk, self.let, m),
                               buffer=a.memory.name, index=m.of(a.index, first)))

    def _who(self, two: Two, a: Access, m: Model, copy: int) -> str:
        if two.loop:
            return f"the iteration {m.of(self.walk.found.parallel[two.loop], copy)}"
        return f"the thread {at_thread(a.axes, m, copy)}"

    def _lockstep(self, axes: Axes, m: Model) -> bool:
        linear = self._linear(axes)
        return m.of(linear, 1) // self.platform.warp == m.of(linear, 2) // self.platform.warp

    def _distinct_threads(self, two: Two, axes: Axes) -> list[tuple[tuple[Poly, Poly], ...]]:
        if two.loop:
            counter = self.walk.found.parallel[two.loop]
            return [((counter, counter),)]
        own = tuple((index, index) for kind, index, _ in axes if level_of_axis(kind) == two.level)
        out = [own]
        if two.warp is False:
            warp = self._warp(axes)
            out.append(((warp, warp),))
        return out

    def _one_warp(self, two: Two, axes: Axes) -> list[tuple[Poly, Poly]]:
        return [(self._warp(axes), self._warp(axes))] if two.warp else []

    def _warp(self, axes: Axes) -> Poly:
        return self.walk.terms.div(self._linear(axes), self.platform.warp)

    def _linear(self, axes: Axes) -> Poly:
        """The number of a thread in its block: x counts fastest."""
        total, stride = ZERO, ONE
        for kind, index, extent in reversed(axes):
            if level_of_axis(kind) == THREAD:
                total = total + self.walk.terms.mul(index, stride)
                stride = self.walk.terms.mul(stride, extent)
        return total

    # ------------------------------------------------------------ barriers

    def _meeting(self, two: Two, m: Meeting) -> Refuted | Unknown | None:
        """Whether one of two threads can come to a barrier that the other, not done yet, does not come to."""
        split = [s.cond for s in m.path if s.why == BRANCH and s.cond.level > two.shared]
        if not split:
            return None
        missing = negate(both(split))
        said = [(s.cond, 1) for s in m.path]
        said += [(s.cond, 2) for s in m.path if s.cond not in split]
        asked = Question((*said, (missing, 2)), tuple(self._one_warp(two, m.axes)),
                         tuple(self._distinct_threads(two, m.axes)), two.apart)
        answer = ask(asked, self.clock)
        match answer:
            case Never():
                return None
            case Undecided():
                return Unknown(f"line {m.span.line}: the solver was not done with the way to the barrier")
            case Model():
                told = (f"line {m.span.line}: the thread {at_thread(m.axes, answer, 1)} comes to the barrier, "
                        f"the thread {at_thread(m.axes, answer, 2)} does not")
                by = guessed([s.cond for s in m.path])
                if by is not None:
                    return Unknown(f"{told}, if {by.name} is {answer.known(2)(by)}")
                if m.scope == "warp":
                    return Unknown(f"{told}; which lanes it waits for is not known here")
                verdict = Refuted(Witness(told, sizes=sizes_of(self.walk, self.let, answer)))
                return self._surely(verdict, asked, answer, m.path)
        raise TypeError(f"not an answer: {answer!r}")

    # ------------------------------------------------------------ what a warp does as one

    def _as_one(self, two: Two, t: Together) -> Refuted | Unknown | None:
        """Whether two lanes of a warp part before it or give different operands, in one iteration of the loops around.

        Where no two do, all lanes of a warp do the same operations in the same order, so iterations are in common."""

        def apart(a: Atom) -> bool:
            return two.apart(a) and a not in t.turns

        lanes = ((self._warp(t.axes), self._warp(t.axes)),)
        threads = tuple(self._distinct_threads(replace(two, warp=True), t.axes))
        split = [s.cond for s in t.path if s.why != FACT and s.cond.level > two.shared]
        said = [(s.cond, 1) for s in t.path]
        if split:
            common = [(s.cond, 2) for s in t.path if s.cond not in split]
            asked = Question((*said, *common, (negate(both(split)), 2)), lanes, threads, apart)
            found = self._parted(t, asked, "does not come to it")
            if found is not None:
                return found
        own = tuple((p, p) for p in t.operands if p.level > two.shared)
        if not own:
            return None
        asked = Question((*said, *((s.cond, 2) for s in t.path)), lanes, (*threads, own), apart)
        return self._parted(t, asked, "gives it another operand")

    def _parted(self, t: Together, asked: Question, how: str) -> Refuted | Unknown | None:
        answer = ask(asked, self.clock)
        match answer:
            case Never():
                return None
            case Undecided():
                return Unknown(f"line {t.span.line}: the solver was not done with the lanes of `{t.name}`")
            case Model():
                told = (f"line {t.span.line}: the lanes of a warp do `{t.name}` as one; the thread "
                        f"{at_thread(t.axes, answer, 1)} comes to it, the thread {at_thread(t.axes, answer, 2)} {how}")
                by = guessed([*(s.cond for s in t.path), *t.operands])
                if by is not None:
                    return Unknown(f"{told}, if {by.name} is {answer.known(2)(by)}")
                verdict = Refuted(Witness(told, sizes=sizes_of(self.walk, self.let, answer)))
                return self._surely(verdict, asked, answer, t.path)
        raise TypeError(f"not an answer: {answer!r}")


_ALONE = Two("one thread", THREAD, THREAD, frozenset(), frozenset())
_GROUPS = Two("two groups", GRID, BLOCK, frozenset({"device"}), frozenset({"device"}))


def _conflict(a: Access, b: Access) -> bool:
    kinds = {a.kind, b.kind}
    return kinds != {READ} and kinds != {ATOMIC}


def _values(a: Access, b: Access) -> tuple[tuple[Poly, Poly], ...] | None:
    """Pairs of which one must differ for two stores to leave different things; () where they never do, None where
    that is not known. Of a store and a load: a pair that always differs, where the store changes what is there."""
    if a.kind == WRITE == b.kind:
        x, y = a.value, b.value
        if isinstance(x, Poly) and isinstance(y, Poly):
            return () if x == y and x.level == GRID else ((x, y),)
        if isinstance(x, Cond) and isinstance(y, Cond):
            return () if x == y and x.op in ("true", "false") else None
        if isinstance(x, Float) and isinstance(y, Float):
            if x.shape == y.shape:
                return tuple(zip(x.leaves, y.leaves, strict=True))
            return _DIFFERENT if not x.leaves or not y.leaves else None
        return None
    if ATOMIC in (a.kind, b.kind):
        return None
    store = a if a.kind == WRITE else b
    fixed = isinstance(store.value, Float) and not store.value.leaves or (
        isinstance(store.value, Poly) and store.value.known is not None) or (
        isinstance(store.value, Cond) and store.value.op in ("true", "false"))
    return None if fixed and store.memory.scope == "device" else _DIFFERENT


_DIFFERENT = ((ZERO, Poly((), 1)),)


def _distinct(entries: list[Entry]) -> list[Entry]:
    """Entries without those that say the same."""
    first: dict[object, Entry] = {}
    for e in entries:
        first.setdefault(_key(e), e)
    return list(first.values())


def _key(e: Entry) -> object:
    a = e.access
    value = a.value if a.kind == WRITE else None
    return a.memory, a.index, a.kind, a.path, e.extra, value, a.one_lane

