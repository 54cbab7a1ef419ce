"""Large launches: a few of their groups say soon that a candidate brings nothing.

In most programs groups keep apart, so what a few of them make is what they make when all are run. That is tried with
the text as it is; where it holds, a candidate that makes no more of the right elements there is not run in full."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from xpiler.repair.score import Score
from xpiler.repair.told import Had
from xpiler.verify.runs.inputs import Values
from xpiler.verify.runs.nearness import Sample, nearness, right, set_elements
from xpiler.verify.runs.observe import Case, Reference
from xpiler.verify.runs.trial import Trial

# Clusters, at most, that are run of a launch; where these take long; and those that show what others wrote.
CLUSTERS, LESS, FEWER = 32, 8, 1
SOME = 0.01  # of the right program's values: fewer that are new are no reason to run a candidate in full
MOSTLY = 0.9  # of the elements are right: what is wrong may then be in no group that is run
SLOW, FASTER = 0.01, 0.5  # seconds of a run from which on it is worth while; a run of few takes such a part of it


@dataclass(frozen=True)
class Screen:
    """What the text as it is did in full, and in so many clusters of each launch; `of` tells the share of some elements
    that is right, and of the right program's values."""

    full: Score
    clusters: int
    share: float
    told: float
    mark: int
    of: Callable[[Trial], tuple[float, float]]

    def seen(self, trial: Trial) -> Score | None:
        """What a clean run in few groups says of a candidate; None where it has to be run in full."""
        share, told = self.of(trial)
        if share > self.share or told > self.told + SOME:
            return None
        less = share / self.share if self.share else 1.0
        mark = trial_mark(trial)
        return replace(self.full, right=self.full.right * less, near=self.full.near * less, reached=trial.reached,
                       mark=self.full.mark if mark == self.mark else mark)


@dataclass(frozen=True)
class Past:
    """The same for a text that breaks a rule and has no results: what a candidate that gets past it writes in so many
    clusters says how near it is, where these are known to keep apart. `had`: which of the right program's values a run
    had."""

    reference: Reference
    case: Case
    names: Mapping[str, str]
    had: Callable[[Trial], Had | None]
    clusters: int = LESS

    def seen(self, trial: Trial) -> Score | None:
        """What a clean run in few groups says of a candidate; None where all that it writes is right."""
        written = {a.name: self.names[a.name] for a in self.reference.signature.arrays if a.written}
        own = {k: np.flatnonzero(set_elements(trial.outputs[n])) for k, n in written.items() if n in trial.outputs}
        score = Score(0.0, reached=trial.reached, mark=trial_mark(trial), seconds=trial.seconds, had=self.had(trial))
        if not all(at.size for at in own.values()):
            return score
        some = Sample.at(self.case, own)
        taken = some.taken(trial, self.names)
        share = right(self.reference, some.case, taken, self.names)
        return None if share == 1.0 else \
            replace(score, right=share, near=nearness(self.reference, some.case, taken, self.names), written=1.0)


def screen(
    reference: Reference, case: Case, names: Mapping[str, str], full: Score, runs: Callable[[int], Trial],
    told: Callable[[Trial], float],
) -> Screen | None:
    """The screen of an open text whose run in full is known; None where few groups say nothing of it, or not sooner.
    `runs`: the text as it is, with so many clusters of each launch; `told`: which share of the right program's values a
    run had."""
    if full.seconds < SLOW or full.met or full.passed or full.perfect:
        return None
    count, few = next((n, t) for n in (CLUSTERS, LESS) if (t := runs(n)).seconds < SLOW or n == LESS)
    fewer, whole = runs(FEWER), runs(0)
    if not (few.clean and fewer.clean and whole.clean) or few.seconds > FASTER * full.seconds:
        return None
    written = {a.name: names[a.name] for a in reference.signature.arrays if a.written}
    own = {k: np.flatnonzero(_bytes(few.outputs[n]) != _bytes(fewer.outputs[n])) for k, n in written.items()}
    apart = all(own[k].size and np.array_equal(_bytes(few.outputs[n])[own[k]], _bytes(whole.outputs[n])[own[k]])
                for k, n in written.items())
    theirs = Sample.at(case, own)
    shows = full.right < MOSTLY or right(reference, theirs.case, theirs.taken(few, names), names) < 1.0
    if not apart or not shows:
        return None
    usual = Sample.of(case).places
    some = Sample.at(case, {k: np.union1d(usual[k], at) if k in usual else at for k, at in own.items()})

    def of(trial: Trial) -> tuple[float, float]:
        return right(reference, some.case, some.taken(trial, names), names), told(trial)

    return Screen(replace(full, seconds=few.seconds), count, *of(few), trial_mark(few), of)


def trial_mark(trial: Trial) -> int:
    """Equal for equal results."""
    return hash(tuple((k, v.tobytes()) for k, v in trial.outputs.items()))


def _bytes(values: Values) -> Values:
    """The elements of an array as bytes, so that equal ones are equal whatever they are."""
    flat = np.ascontiguousarray(values).reshape(-1)
    return flat.view(np.dtype((np.void, flat.itemsize)))
