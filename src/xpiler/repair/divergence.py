"""Where a wrong program parts from a right one: the first values it computes that the right one never has.

Both programs tell what their expressions are worth (`instrument`). Programs that do the same in other ways have most
intermediate values in common: what is loaded, what a step makes of it, what a reduction ends with. So a value of the
wrong program that occurs nowhere in the right one is suspect; the way back from the wrong results, along such values,
ends where something was made of nothing but right ones."""

from __future__ import annotations

from copy import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from xpiler.repair.instrument import Role, Watched

Values = npt.NDArray[np.float64]
# How far values that mean the same are apart, relative to them, in float64 and in float: by the order of sums, and by
# constants that one of the programs has rounded to float. And how far at most, where the right results show more.
CLOSE, NEAR, FAR = 5e-7, 2e-5, 5e-6
ELSEWHERE = 64.0  # so many times as far away a value is another one
USUAL, MARGIN = 0.95, 4.0  # most results are not as far apart, and intermediate values perhaps more so
SELECTED = 0.1  # so much smaller the share of wrong values may become where a maximum or a branch selects some
MANY = 32  # of fewer values that is chance
FEW = 8  # of so many values that any program of the same hash keeps a share can be told
SOME = 2048  # values of one place by which it is told whether another place has them
ALIKE = 0.2  # a place of the right program has at least this share of the values of its counterpart


class Told(Protocol):
    """What the places of a program were worth in a run, as `emulate` gives it."""

    @property
    def met(self) -> int: ...
    @property
    def stride(self) -> int: ...
    @property
    def values(self) -> Values: ...


class Right:
    """All values the right program has: what it computes, what it is given, and what it leaves."""

    def __init__(self, told: Iterable[Told], others: Iterable[Values], close: float) -> None:
        self.places = [t for t in told if t.values.size]
        self.stride = max((t.stride for t in self.places), default=1)
        self.close = close
        everything = [t.values for t in self.places] + [np.asarray(x, np.float64).ravel() for x in others]
        found = np.unique(np.concatenate(everything)) if everything else np.zeros(0)
        self.nan = bool(found.size and np.isnan(found[-1]))
        self.values = found[~np.isnan(found)]

    def within(self, close: float) -> Right:
        """The same, where values count as one that are so far apart."""
        other = copy(self)
        other.close = close
        return other

    def has(self, x: Values) -> npt.NDArray[np.bool_]:
        """Which of these values the right program has, too."""
        return within(self.values, x, self.close) | (np.isnan(x) & self.nan)

    def wrong(self, told: Told) -> float:
        """The share of a place's values that the right program does not have, those left out that it has by chance: as
        many as of values next to them."""
        x = told.values
        if not x.size:  # a call that changes nothing
            return 1.0
        if self.stride > 1:  # of many values both programs keep those of the same hashes
            kept = x[hashes(x) % np.uint64(self.stride) == 0]
            x = kept if kept.size >= FEW else x
        unknown = float(1.0 - self.has(x).mean())
        chance = float(self.has(x * (1.0 + ELSEWHERE * self.close))[x != 0].mean()) if np.any(x) else 0.0
        return min(1.0, unknown / (1.0 - chance)) if chance < 0.9 else unknown


def within(known: Values, x: Values, close: float) -> npt.NDArray[np.bool_]:
    """Which of `x` are near a value of a sorted array."""
    if not known.size:
        return np.zeros(x.shape, np.bool_)
    i = np.searchsorted(known, x)
    below, above = known[np.clip(i - 1, 0, None)], known[np.clip(i, None, known.size - 1)]
    with np.errstate(invalid="ignore"):
        off = np.minimum(np.abs(x - below), np.abs(above - x))
        return np.asarray((off <= close * np.abs(x)) | (x == below) | (x == above), np.bool_)


def share(known: Values, x: Values, close: float) -> float:
    """Which share of `x` is near a value of a sorted array; of many, of some of them."""
    return float(within(known, x[::max(1, x.size // SOME)], close).mean()) if x.size else 0.0


def apart(mine: Iterable[Values], theirs: Iterable[Values], least: float) -> float:
    """How far values that mean the same are apart in two programs, as the results show that both have."""
    found = [least]
    for x, y in zip(mine, theirs, strict=True):
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            off = np.abs(x - y) / np.abs(y)
        near = off[off <= FAR]  # the others are wrong, or no numbers
        found += [min(MARGIN * float(np.quantile(near, USUAL)), FAR)] if near.size > off.size / 4 else []
    return max(found)


def hashes(x: Values) -> npt.NDArray[np.uint64]:
    """As seen.cpp has them."""
    with np.errstate(over="ignore"):
        h = ((x.view(np.uint64) + np.uint64(1 << 35)) >> np.uint64(36)) * np.uint64(0x9E3779B97F4A7C15)
        h = (h ^ (h >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
        return h ^ (h >> np.uint64(32))


@dataclass(frozen=True)
class Parting:
    """A place where something wrong is made of what is right.

    `share` of its values are unknown to the right program; `actual` is the first. `expected` is the first value of its
    counterpart that it lacks, and `like` that place of the right program, where there is one. `read` is where an
    accumulation is read with a wrong value, of which `place` is a step."""

    place: Watched
    share: float
    met: int
    actual: float
    expected: float | None = None
    like: Watched | None = None
    read: Watched | None = None


@dataclass
class Walk:
    """The way back from wrong results."""

    watched: Sequence[Watched]
    told: Mapping[int, Told]
    right: Right
    same: Mapping[int, int]  # a variable -> the one whose memory it names
    least: float = 0.0  # shares up to this are rounding
    wrong: dict[int, float] = field(init=False)
    inner: dict[int, list[int]] = field(init=False)
    seen: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.wrong = {k: self.right.wrong(t) for k, t in self.told.items()}
        self.inner = {}
        around: list[int] = []
        for k, w in enumerate(self.watched):  # those around others come first
            while around and self.watched[around[-1]].end < w.end or around and self.watched[around[-1]].end <= w.start:
                around.pop()
            if around:
                self.inner.setdefault(around[-1], []).append(k)
            around.append(k)

    def bad(self, k: int) -> bool:
        return self.wrong.get(k, 0.0) > self.least

    def root(self, key: int) -> int:
        while key in self.same and self.same[key] != key:
            key = self.same[key]
        return key

    def from_outputs(self, outputs: Iterable[int]) -> list[int]:
        """Places where wrong things are made of right ones, on the way to the results."""
        ends = {self.root(o) for o in outputs}
        first = [k for k, w in enumerate(self.watched) if w.into and self.root(w.into) in ends and self.bad(k)]
        return list(dict.fromkeys(k for f in first for k in self._back(f)))

    def _back(self, k: int) -> Iterator[int]:
        waiting = [k]
        while waiting:
            k = waiting.pop()
            if k in self.seen:
                continue
            self.seen.add(k)
            before = self._causes(k)
            if before:
                waiting += before
            else:
                yield k

    def _causes(self, k: int) -> list[int]:
        """The wrong places that explain this one; none where it is made of what is right.

        What is wrong more often than what comes of it is right sometimes: it is another way to the same."""
        told = self.told.get(k)
        most = self.wrong[k] + SELECTED if told is not None and told.values.size >= MANY else 1.0
        inner = [i for i in self.inner.get(k, ()) if not self._own(i)]
        bad = [i for i in inner if self.bad(i) and self.wrong[i] <= most]
        if bad:
            return bad
        named = {n for i in inner for n in self.watched[i].names}
        before = (w for n in self.watched[k].names if n not in named for w in self.writers(n, k))
        return [w for w in before if self.bad(w) and self.wrong[w] <= most and w not in self.seen]

    def steps(self, k: int) -> list[int]:
        """What is added to the accumulator that is read here."""
        every = [w for n in self.watched[k].names for w in self.writers(n, k)]
        return list(dict.fromkeys(w for w in every if self.watched[w].step))

    def _own(self, k: int) -> bool:
        """An accumulator read for its own next step."""
        return self.watched[k].partial and self.watched[k].role is Role.READ

    def writers(self, name: int, reader: int) -> list[int]:
        """The places whose values a variable may have where it is read: back to one that is met on every way there."""
        at, root = self.watched[reader].start, self.root(name)
        every = [k for k, w in enumerate(self.watched) if w.into and self.root(w.into) == root and k != reader]
        found: list[int] = []
        for k in reversed([k for k in every if self.watched[k].end <= at]):
            found.append(k)
            if self.watched[k].block >= at:
                return found
        return found or every


def path(walk: Walk) -> tuple[int, ...]:
    """The lines that were met on the way back, from where it ends to the results: each makes something unknown."""
    lines = sorted({walk.watched[k].line for k in walk.seen})
    return tuple(lines)


def partings(
    walk: Walk, outputs: Iterable[int], counterparts: Mapping[int, tuple[Told, Watched]]
) -> tuple[Parting, ...]:
    """The places where a program parts from the right one, those first that can hardly be another way to the same."""
    out = list[Parting]()
    for k in walk.from_outputs(outputs):
        told, place = walk.told[k], walk.watched[k]
        unknown = told.values[~walk.right.has(told.values)]
        expected, like = _counterpart(told.values, counterparts, walk.right.close)
        actual = float(unknown[0]) if unknown.size else float("nan")
        found = Parting(place, walk.wrong[k], told.met, actual, expected, like)
        steps = walk.steps(k) if place.role is Role.READ else []
        out += [replace(found, place=walk.watched[s], read=place) for s in steps] or [found]
    return tuple(sorted(out, key=_doubt))


def _doubt(p: Parting) -> tuple[bool, bool, bool]:
    """How well a place may be part of another way to the same results: a sum taken in other pieces has partial sums
    that nobody else has; what has a counterpart, or some right values, is meant to be the same."""
    accumulates = p.read is not None or p.place.partial or p.place.role is Role.READ
    return p.met > 0 and accumulates, p.met > 0 and p.like is None, p.share == 1.0


def _counterpart(
    x: Values, places: Mapping[int, tuple[Told, Watched]], close: float
) -> tuple[float | None, Watched | None]:
    """The first value that the place most alike has and this one lacks, and that place."""
    mine = np.unique(x[~np.isnan(x)])
    best: tuple[float, Values, Watched | None] = ALIKE, np.zeros(0), None
    for told, place in places.values():
        if not told.values.size or not mine.size:
            continue
        theirs = within(mine, told.values, close)
        share = float(theirs.mean()) * float(within(np.unique(told.values), mine, close).mean())
        if share > best[0]:
            best = share, told.values[~theirs], place
    _, lacking, place_of = best
    return (float(lacking[0]), place_of) if lacking.size else (None, None)
