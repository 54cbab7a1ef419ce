"""Where a refuted text goes wrong: its runs beside those of the program it should equal.

What is asked, in this order: the rule a run breaks; the first values it computes that the right program never has
(`repair.divergence`); the line that wrote the first wrong element last. From these lines the others are as far as data
and control go."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from threading import Lock

import numpy as np
import numpy.typing as npt

from xpiler.emulate.entry import Finding, Limits, Seen
from xpiler.emulate.many import rounded
from xpiler.fault import Fault
from xpiler.ir.nodes import Program
from xpiler.platforms.platform import Platform
from xpiler.repair.aliases import aliases
from xpiler.repair.divergence import CLOSE, NEAR, Parting, Right, Values, Walk, apart, partings, path
from xpiler.repair.grafts import Lacking, Missing, Worth
from xpiler.repair.instrument import Instrumented, Role, Watched, instrumented
from xpiler.repair.told import Wanted, wanted
from xpiler.text.clang import Node
from xpiler.text.hosts.bearing import is_launch
from xpiler.text.sites import Sites
from xpiler.verify.runs.compare import to_double
from xpiler.verify.runs.nearness import UNSET, difference, first_wrong
from xpiler.verify.runs.observe import Case, Reference
from xpiler.verify.runs.steady import attempt, outputs_of
from xpiler.verify.runs.trial import Trial, machine
from xpiler.verify.signature import Signature
from xpiler.verify.witness.blame import NEVER, Blamed, writer_of

REALS = ("f64", "f32")  # with more digits fewer values are the same by chance
TRIES = 4  # of a text without the places on lines that do not compile
SECONDS, LEAST = 20.0, 0.1  # of one run that tells its values, at most and however late it is
PART = 0.25  # of the time that is left, for one run
TOLERATED = 0.02  # the share of values that rounding in float makes unknown


@dataclass(frozen=True)
class Telling:
    """A program made to tell its values, and how its texts are read."""

    text: str
    platform: Platform
    signature: Signature
    read: Callable[[str], Program]
    file: str
    cache: Path | None = None

    def sites(self) -> Sites:
        return Sites(self.text, self.platform, self.read(self.text), self.file)


@dataclass(frozen=True)
class Located:
    """Where a text goes wrong: the rule that its run breaks; or the first wrong element, who wrote it last, and where
    something wrong is made of what is right (`partings`, those most wrong first; none where every value it computes is
    one of the right program's).

    `array` is named as in the text. `storing`: where nobody wrote that element, the lines that decide whether it is.
    `copied`: the lines that gave its value to what the last writer only copies. `path`: the lines from there to the
    wrong results that compute something the right program never has."""

    finding: Finding | None = None
    partings: tuple[Parting, ...] = ()
    array: str = ""
    index: int = 0
    expected: float = 0.0
    actual: float = 0.0
    writer: Blamed | None = None
    storing: tuple[int, ...] = ()
    copied: tuple[int, ...] = ()
    path: tuple[int, ...] = ()

    @property
    def lines(self) -> tuple[int, ...]:
        """The lines to look at first."""
        if self.finding is not None:
            return (self.finding.line,) if self.finding.line else ()
        made = tuple(dict.fromkeys(p.place.line for p in self.partings))
        return made or self.storing or self.copied or self.last_writer

    @property
    def then(self) -> tuple[int, ...]:
        """The lines to look at after those."""
        return (*self.path, *self.last_writer)

    @property
    def last_writer(self) -> tuple[int, ...]:
        """The line that made the wrong element, or wrote it."""
        told = None if self.writer is None else self.writer.made or self.writer.line
        return (told.line,) if told is not None and told.line else ()


@dataclass(frozen=True)
class _Told:
    """What the right program told on one input: all its values, those of each place, and its floating-point outputs."""

    values: Right
    places: Mapping[int, tuple[Seen, Watched]]
    outputs: Mapping[str, Values]


@dataclass
class Locator:
    """Holds wrong texts against one right program, whose values are asked for once for each input."""

    source: Telling
    limits: Limits = Limits()
    until: float = inf  # when the time for it is up
    _right: dict[tuple[int, str], _Told | None] = field(default_factory=dict)
    _asking: Lock = field(default_factory=Lock)

    def located(
        self, reference: Reference, case: Case, trial: Trial, target: Telling, names: Mapping[str, str],
        backwards: bool = False, brief: bool = False,
    ) -> Located:
        """Where a text goes wrong, of which this is a run on a case of the source; nowhere if the run is right.

        `brief`: the last writer, which takes a build of its own, only where nothing else says where to look."""
        if not trial.clean:
            return Located(trial.found[0] if trial.found else None)
        wrong = first_wrong(reference, case, trial, names)
        if wrong is None:
            return Located()
        array, index = names[wrong[0]], wrong[1]
        dtype = next(a.dtype for a in reference.signature.arrays if a.name == wrong[0])
        expected, actual = case.source.outputs[wrong[0]], outputs_of(trial, case, names)[wrong[0]]
        assert isinstance(actual, np.ndarray), "arrays are given as arrays"
        right, got = (float(to_double(dtype, x.ravel()[index : index + 1])[0]) for x in (expected, actual))
        scalars = {names[k]: v for k, v in case.point.scalars.items()}
        inputs = {names[k]: v for k, v in case.inputs.items()}
        every = [names[a.name] for a in reference.signature.arrays
                 if a.written and difference(reference, case, a, outputs_of(trial, case, names)) is not None]
        at = target.sites()
        unset = set(np.ascontiguousarray(actual).ravel()[index : index + 1].tobytes()) == {UNSET}
        found, way = self.partings(target, names, case, every, backwards)
        if found and brief:
            return Located(None, found, array, index, right, got, path=way)
        told = writer_of(target.text, target.platform, target.signature, replace(case.point, scalars=scalars), inputs,
                         (array, index), file=target.file, limits=self._limits, seed=case.seed, cache=target.cache)
        only_copied = told.made is None and told.line is not None and told.line.line in host_lines(at)
        if not found and (told.writer == NEVER or unset and only_copied):
            storing = stores(at, target.signature.name, array)
            return Located(None, (), array, index, right, got, told, storing)
        last = told.made or told.line
        copied = () if found or last is None else handed_on(at, last.line)
        return Located(None, found, array, index, right, got, told, copied=copied, path=way)

    def partings(
        self, target: Telling, names: Mapping[str, str], case: Case, outputs: Collection[str], backwards: bool = False
    ) -> tuple[tuple[Parting, ...], tuple[int, ...]]:
        """Where a wrong text parts from the source on the way to its wrong `outputs`, and the lines on that way;
        nothing where that does not show.

        `names`: parameter of the source -> that of the text."""
        at = target.sites()
        watched = instrumented(at)
        for real in REALS:
            right = self._known(case, real)
            made = None if right is None else self._run(watched, target, case, real, names, backwards)
            if right is None or made is None:
                continue
            places, trial = made
            keys = [key for name in outputs for key in parameter(at, target.signature.name, name)]
            mine = self._floats({a: trial.outputs[b] for a, b in names.items() if b in trial.outputs})
            both = [a for a in right.outputs if a in mine]
            close = apart([mine[a] for a in both], [right.outputs[a] for a in both], right.values.close)
            least = 0.0 if real == "f64" else TOLERATED
            walk = Walk(places.watched, trial.seen, right.values.within(close), aliases(at), least)
            return partings(walk, keys, right.places), path(walk)
        return (), ()

    def missing(self, case: Case, target: Telling, names: Mapping[str, str]) -> Lacking:
        """What of the source a text lacks, as its values say (`repair.grafts`)."""
        at = target.sites()
        watched = instrumented(at)
        for real in REALS:
            right = self._known(case, real)
            made = None if right is None else self._run(watched, target, case, real, names)
            if right is None or made is None:
                continue
            places, trial = made
            wrong = Worth(at, {k: (t, places.watched[k]) for k, t in trial.seen.items()})
            given = {name: to_double(a.dtype, x) for a in self.source.signature.arrays
                     if a.read and not a.written and isinstance(x := case.inputs[a.name], np.ndarray)
                     for name in known_as(at, target.signature.name, names[a.name])}
            return Missing(Worth(self.source.sites(), right.places), wrong, right.values.close, names, given).lacking()
        return Lacking()

    def wanted(self, case: Case) -> Wanted | None:
        """The values of the source that a text is asked for; None where it does not tell them."""
        for real in REALS:
            if (known := self._known(case, real)) is not None:
                return wanted(known.places.values(), rounded)
        return None

    def _known(self, case: Case, real: str) -> _Told | None:
        key = id(case), real
        with self._asking:
            if key not in self._right:
                self._right[key] = self._told(case, real)
            return self._right[key]

    def _told(self, case: Case, real: str) -> _Told | None:
        names = {k: k for k in (*case.point.scalars, *case.inputs)}
        made = self._run(instrumented(self.source.sites()), self.source, case, real, names)
        if made is None:
            return None
        places, trial = made
        given = [case.inputs[a.name] for a in self.source.signature.arrays if a.read]
        arrays = [x for x in (*given, *trial.outputs.values()) if isinstance(x, np.ndarray)]
        counterparts = {k: (t, places.watched[k]) for k, t in trial.seen.items()}
        close = CLOSE if real == "f64" else NEAR
        return _Told(Right(trial.seen.values(), arrays, close), counterparts, self._floats(trial.outputs))

    def _floats(self, outputs: Mapping[str, npt.NDArray[np.generic]]) -> dict[str, Values]:
        """The arrays of floating point among outputs, by their names in the source."""
        arrays = [a for a in self.source.signature.arrays if a.dtype.is_float and a.name in outputs]
        return {a.name: to_double(a.dtype, outputs[a.name]) for a in arrays}

    def _run(
        self, places: Instrumented, of: Telling, case: Case, real: str, names: Mapping[str, str],
        backwards: bool = False,
    ) -> tuple[Instrumented, Trial] | None:
        """A run of a text that tells its values; None where it does not compile or does not end well."""
        for _ in range(TRIES):
            try:
                made = machine(places.text, of.platform, of.signature, file=of.file, real=real, cache=of.cache)
                trial = attempt(made, case, names, self._limits, backwards=backwards)
            except Fault as fault:
                lines = {int(n) for n in re.findall(rf"{re.escape(of.file)}:(\d+)", str(fault))}
                lines |= {fault.where.line}
                smaller = places.without(lines)
                if smaller == places:
                    return None
                places = smaller
                continue
            return (places, trial) if trial.clean else None
        return None

    @property
    def _limits(self) -> Limits:
        left = max(PART * (self.until - time.monotonic()), LEAST)
        return replace(self.limits, seconds=min(self.limits.seconds, SECONDS, left))


def parameter(at: Sites, entry: str, name: str) -> list[int]:
    """The key of a parameter of the entry."""
    return [p.key for fn in at.functions if fn.spelling == entry for p in fn.params if p.spelling == name]


def known_as(at: Sites, entry: str, name: str) -> list[str]:
    """What kernels call the memory that a parameter of the entry is copied to; then the parameter itself."""
    same = aliases(at)
    roots = {same.get(k, k) for k in parameter(at, entry, name)}
    inner = (p for fn in at.functions if at.is_kernel(fn) for p in fn.params)
    return list(dict.fromkeys([*(p.spelling for p in inner if same.get(p.key, p.key) in roots), name]))


def host_lines(at: Sites) -> set[int]:
    """The lines of what starts the kernels."""
    return {at.place(s.start)[0] for s in at.host}


def stores(at: Sites, entry: str, name: str) -> tuple[int, ...]:
    """The lines that decide whether the memory of a parameter of the entry is written: the loops and branches around
    what writes it, the launches, where threads learn which ones they are, and the lines that write."""
    same = aliases(at)
    keys = {same.get(k, k) for k in parameter(at, entry, name)}
    found = [w for w in instrumented(at).watched if w.into and same.get(w.into, w.into) in keys]
    heads = [line for w in found for _, line in w.inside]
    inner = [line for w in found for _, line in w.inside[:1]]
    launches = [line for s in at.host if is_launch(s.node) for line in (at.place(s.start)[0], *_shapes(at, s.node))]
    axes = {a.index for a in at.platform.axes}
    indices = [at.place(s.start)[0] for s in at.device if at.source(s.node) in axes]
    return tuple(dict.fromkeys((*inner, *launches, *indices, *heads, *(w.line for w in found))))


def _shapes(at: Sites, launch: Node) -> Iterator[int]:
    """The lines of the variables that say how many threads a launch has."""
    for n in launch.children[1].walk():
        if n.kind == "DECL_REF_EXPR" and n.referenced is not None and n.referenced.kind == "VAR_DECL":
            yield n.referenced.span.line


def handed_on(at: Sites, line: int) -> tuple[int, ...]:
    """Where what a line only copies got its value: the lines that gave a variable what is read of it there."""
    walk = Walk(instrumented(at).watched, {}, Right((), (), CLOSE), aliases(at))
    here = [k for k, w in enumerate(walk.watched) if w.line == line]
    made = any(walk.watched[k].role is Role.RESULT for k in here)
    waiting = [k for k in here if _is_copy(walk.watched[k]) or not made and _is_variable(walk.watched[k])]
    seen, found = set(waiting), list[int]()
    while waiting:
        k = waiting.pop(0)
        before = [w for n in walk.watched[k].names for w in walk.writers(n, k) if w not in seen]
        seen |= set(before)
        for w in before:
            if _is_copy(walk.watched[w]):
                waiting.append(w)
            else:
                found.append(walk.watched[w].line)
    return tuple(dict.fromkeys(found))


def _is_copy(w: Watched) -> bool:
    """A variable that becomes another one."""
    return _is_variable(w) and bool(w.into) and not w.step


def _is_variable(w: Watched) -> bool:
    return w.role is Role.READ and w.spelled.isidentifier()
