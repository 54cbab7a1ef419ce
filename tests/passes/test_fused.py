"""Two operations by one instruction, whose code says which, on a toy machine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.passes import toy
from tests.passes.programs import E, F, I, assign, kernel, let, load, loop, store, var
from tests.passes.test_down import results
from tests.passes.test_vector_choices import calls
from xpiler.facts.offers import offers
from xpiler.ir.nodes import Buffer, Const, If, Intrinsic, Kernel, Meaning, Var
from xpiler.ir.walk import statements
from xpiler.passes.contract import Contract
from xpiler.passes.detensorize import Detensorize
from xpiler.passes.lanes.vectors import VectorLoops

i, r, n, m, code = (var(v) for v in ("i", "r", "n", "m", "code"))
S = Var("s", F)


def _fused(name: str, b: Buffer | Var) -> Meaning:
    """dst = a * b + c where the code is 0, (a - b) * c where it is not; c begins anew after m elements."""
    x, c = load("a", i), load("c", i % m)
    y = load("b", i % m) if isinstance(b, Buffer) else E(b)
    made = If(code.eq(0).e, (store("dst", i, x * y + c),), (store("dst", i, (x - y) * c),))
    return Meaning(name, name, (Var("code", I), Buffer("dst", F, None), Buffer("a", F, None), b, Buffer("c", F, None),
                                Var("n", I), Var("m", I)), None, (loop("i", n, made),))


FUSED = (_fused("pfused", Buffer("b", F, None)), _fused("pfuses", Var("b", F)))
UNIT = replace(toy.COUNTED_UNIT, offers=(*toy.COUNTED_UNIT.offers, *offers(FUSED)))
MEANINGS = toy.MEANINGS | {(f.name, f.name): f for f in FUSED}
x, z, w = (load(b, i) for b in "xzw")


def lowered(given: Kernel) -> Kernel:
    made = VectorLoops(UNIT, 64).apply(Contract().apply(given))
    sizes = {"x": 300, "z": 300, "w": 100, "y": 100}
    want, got = results(given, sizes, {}), results(Detensorize(MEANINGS).apply(made), sizes, {})
    np.testing.assert_allclose(got["y"], want["y"], rtol=1e-9)
    return made


@pytest.mark.parametrize("size", [50, 100])
@pytest.mark.parametrize(("value", "name", "code"), [
    (x * z + w, "pfused", 0), (x * load("z", 0) + w, "pfuses", 0), ((x - z) * w, "pfused", 1)])
def test_a_code_is_chosen(value: E, name: str, code: int, size: int) -> None:
    made = lowered(kernel("k", "x z w y", loop("i", size, store("y", i, value))))
    (call,) = (s for s in statements(made.body) if isinstance(s, Intrinsic) and s.name != "copy")
    assert call.name == name and call.args[0] == Const(code, I) and call.args[-1] == call.args[-2]


def test_what_there_is_anyhow_is_not_computed_again() -> None:
    made = lowered(kernel("k", "x z w y", loop("i", 50, store("y", i, (x - z) * (x - z)))))
    assert [c for c in calls(made) if c != "copy"] == ["psub", "pmul"]


def test_what_a_scalar_needs_first_is_not_computed_again() -> None:
    """The sum of the differences is there before they are multiplied with it."""
    s = E(S)
    total = (let("s", 0.0), loop("r", 50, assign("s", s + (load("x", r) - load("z", r)))))
    made = lowered(kernel("k", "x z w y", *total, loop("i", 50, store("y", i, (x - z) * s))))
    assert calls(made).count("psub") == 1 and not {"pfused", "pfuses"} & set(calls(made))


def test_what_is_read_again_after_m_elements_is_not_overwritten() -> None:
    """A sum that grows is read where it is written: it is an operand of what reads each element once."""
    step = assign("s", E(S) + load("x", r * 50 + i) * load("z", r))
    made = lowered(kernel("k", "x z w y", loop("i", 50, let("s", 0.0), loop("r", 5, step), store("y", i, E(S)))))
    assert not {"pfused", "pfuses"} & set(calls(made)) and "padd" in calls(made)
