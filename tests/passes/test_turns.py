"""Elements that lanes take in turns, on a toy machine with an instruction for that."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.passes import toy
from tests.passes.programs import F, I, assign, kernel, let, load, loop, store, var
from tests.passes.test_down import results
from tests.passes.test_vector_choices import calls
from xpiler.facts import sym
from xpiler.facts.offers import in_turns, offers
from xpiler.ir.nodes import Buffer, For, Kernel, Meaning, Var
from xpiler.ir.walk import statements
from xpiler.passes.contract import Contract
from xpiler.passes.detensorize import Detensorize
from xpiler.passes.lanes.vectors import VectorLoops

i, c, t, n, m = (var(v) for v in "ictnm")
CYCLE = Meaning(
    "pcycle", "pcycle", (*(Buffer(p, F, None) for p in ("dst", "a", "b")), Var("n", I), Var("m", I)), None,
    (loop("i", n // m, loop("c", m, store("dst", i * m + c, load("a", i * m + c) * load("b", c)))),))
UNIT = replace(toy.COUNTED_UNIT, offers=(*toy.COUNTED_UNIT.offers, *offers([CYCLE])))
MEANINGS = toy.MEANINGS | {("pcycle", "pcycle"): CYCLE}


def weighed(taps: int) -> Kernel:
    """Each of three channels times its weight, summed over taps."""
    s = var("s", F)
    step = assign("s", s + load("x", i * 3 + c + t * 3) * load("w", t * 3 + c))
    return kernel("weighed", "x w y", loop("i", 40, loop("c", 3, let("s", 0.0), loop("t", taps, step), store("y", i * 3 + c, s))))


def agree(given: Kernel, made: Kernel) -> None:
    sizes = {"x": 135, "w": 15, "y": 120}
    want, got = results(given, sizes, {}), results(Detensorize(MEANINGS).apply(made), sizes, {})
    np.testing.assert_allclose(got["y"], want["y"], rtol=1e-12)


@pytest.mark.parametrize("taps", [1, 5])
def test_channels_of_all_places_take_their_weights_in_turns(taps: int) -> None:
    given = weighed(taps)
    made = VectorLoops(UNIT, 128).apply(Contract().apply(given))
    assert calls(made).count("pcycle") == 1 and "pmul" not in calls(made)
    assert sum(isinstance(s, For) for s in statements(made.body)) == (taps > 1), "no weight is put beside each place"
    agree(given, made)


def test_a_vector_that_ends_within_a_turn_is_none() -> None:
    given = weighed(5)
    made = VectorLoops(UNIT, 64).apply(Contract().apply(given))
    assert "pcycle" not in calls(made)
    agree(given, made)


def test_what_is_taken_in_turns() -> None:
    lane = sym.var("lane", sym.integer(120))
    base = sym.var("b")
    at = sym.add(base, sym.mod(lane, sym.integer(3)))
    assert in_turns(sym.load("w", at, F), lane) == (base, 3)
    for other in (sym.mod(lane, sym.integer(7)), sym.scale(sym.mod(lane, sym.integer(3)), 2), sym.add(at, lane)):
        assert in_turns(sym.load("w", other, F), lane) is None
