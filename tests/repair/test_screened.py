"""A few groups of a launch say what candidates bring, where groups keep apart."""

from __future__ import annotations

import numpy as np
import pytest

from xpiler import platforms
from xpiler.repair.score import Score
from xpiler.screened import CLUSTERS, LESS, Past, Screen, screen
from xpiler.text.read import read
from xpiler.verify.runs.compare import Tolerance
from xpiler.verify.runs.inputs import Point
from xpiler.verify.runs.observe import Case, Reference
from xpiler.verify.runs.trial import Trial
from xpiler.verify.signature import signature
from xpiler.verify.verdict import EQUAL, Evidence, Proved

SIZE, GROUP = 8192, 16
SOURCE = "void f(const float *x, float *y) { for (int i = 0; i < 8192; ++i) y[i] = x[i] * 2; }"
NAMES = {"x": "x", "y": "y"}
X = np.arange(SIZE, dtype=np.float32)


def ran(y: np.ndarray, seconds: float = 0.1) -> Trial:
    return Trial({"y": y.astype(np.float32)}, (), "ok", seconds)


def some(y: np.ndarray, clusters: int) -> Trial:
    """What so many groups leave in an array that held -1."""
    taken = np.arange(SIZE) // GROUP % (SIZE // GROUP // clusters) == 0 if clusters else np.ones(SIZE, bool)
    return ran(np.where(taken, y, -1), 0.005 if clusters else 0.1)


def screened(y: np.ndarray, right: float, together: bool = False) -> Screen | None:
    sig = signature(read(SOURCE, platforms.get("c"), "t"))
    point = Point({}, {"x": SIZE, "y": SIZE})
    case = Case(point, 0, {"x": X, "y": np.zeros(SIZE, np.float32)}, ran(X * 2), None)
    reference = Reference(sig, (case,), Tolerance(2.0**-24, 1), Evidence(EQUAL, Proved("all")))
    full = Score(right, seconds=0.1)
    return screen(reference, case, NAMES, full, lambda n: some(y + (n if together else 0), n), lambda _: 0.0)


def test_what_is_no_better_in_few_groups_is_not_run_in_full() -> None:
    broken = np.where(X % 2 == 0, X * 2, X)
    found = screened(broken, 0.5)
    assert found is not None
    same, less = found.seen(some(broken, CLUSTERS)), found.seen(some(X * 3, CLUSTERS))
    assert same is not None and less is not None
    assert same.right == 0.5 and same.mark == found.full.mark and less.right < 0.01
    assert found.seen(some(X * 2, CLUSTERS)) is None and found.seen(some(np.where(X % 3, X * 2, X), CLUSTERS)) is None


@pytest.mark.parametrize(("y", "right", "together"), [
    (np.where(X % 2 == 0, X * 2, X), 0.5, True),  # groups do not keep apart
    (np.where(X // GROUP == 5, X, X * 2), 0.99, False),  # what is wrong is in no group that is run
])
def test_few_groups_say_nothing(y: np.ndarray, right: float, together: bool) -> None:
    assert screened(y, right, together) is None


def test_what_gets_past_a_rule_is_as_near_as_what_it_writes() -> None:
    """There is nothing to compare with; where all of that is right, it is run in full."""
    sig = signature(read(SOURCE, platforms.get("c"), "t"))
    case = Case(Point({}, {"x": SIZE, "y": SIZE}), 0, {"x": X, "y": np.zeros(SIZE, np.float32)}, ran(X * 2), None)
    reference = Reference(sig, (case,), Tolerance(2.0**-24, 1), Evidence(EQUAL, Proved("all")))
    past = Past(reference, case, NAMES, lambda _: None)

    def few(y: np.ndarray) -> Trial:
        values = np.full(SIZE, -1, np.int32).view(np.float32)
        taken = np.arange(SIZE) // GROUP % (SIZE // GROUP // LESS) == 0
        values[taken] = y.astype(np.float32)[taken]
        return Trial({"y": values}, (), "ok", 0.005)

    half = past.seen(few(np.where(X % 2, X, X * 2)))
    nothing = past.seen(Trial({"y": np.full(SIZE, -1, np.int32).view(np.float32)}, (), "ok", 0.1))
    assert past.seen(few(X * 2)) is None
    assert half is not None and 0.4 < half.right < 0.6 and nothing is not None and nothing.right == 0.0
