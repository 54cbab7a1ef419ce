"""Reductions across lanes by one instruction, on a toy machine whose instructions take a count."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.passes import toy
from tests.passes.programs import F, I, assign, call, ex, kernel, let, load, loop, store, var
from tests.passes.test_down import results
from tests.passes.test_vector_choices import calls
from xpiler import platforms, to_target
from xpiler.facts.offers import offers
from xpiler.ir.nodes import Addr, Alloc, Assign, Buffer, Const, For, Intrinsic, Kernel, Meaning, Var
from xpiler.ir.walk import statements
from xpiler.passes.contract import Contract
from xpiler.passes.detensorize import Detensorize
from xpiler.passes.near.moves import Mover, results_of
from xpiler.passes.lanes.vectors import VectorLoops
from xpiler.text.library import shelf

_SOURCE, _COUNT = Buffer("a", F, None), Var("n", I)
_WHOLE = (
    Meaning("psum", "psum", (_SOURCE, _COUNT), Var("s", F), (
        Assign(Var("s", F), ex(0.0).e),
        loop("i", var("n"), assign("s", var("s", F) + load("a", var("i")))))),
    Meaning("ptop", "ptop", (Buffer("dst", F, None), _SOURCE, _COUNT), None, (
        let("v", load("a", 0)),
        loop("i", var("n"), assign("v", call("max", var("v", F), load("a", var("i"))))),
        store("dst", 0, var("v", F)))),
)
UNIT = replace(toy.COUNTED_UNIT, offers=(*toy.COUNTED_UNIT.offers, *offers(_WHOLE)), result_bytes=32)
MEANINGS = toy.MEANINGS | {(m.name, m.key): m for m in _WHOLE}


def reduced(start: float, op: str, size: int = 50) -> Kernel:
    """The rows of x reduced to y."""
    s, x = var("s", F), load("x", var("r") * size + var("i"))
    step = s + x if op == "+" else call(op, s, x)
    return kernel("rows", "x y", loop("r", 3, let("s", start), loop("i", size, assign("s", step)), store("y", var("r"), s)))


@pytest.mark.parametrize(("start", "op", "size", "name"), [
    (0.0, "+", 50, "psum"), (2.5, "+", 50, "psum"), (0.0, "+", 300, "psum"), (0.25, "max", 50, "ptop"),
    (float("-inf"), "max", 50, "ptop"), (-1.0, "max", 300, "ptop")])
def test_one_instruction_reduces_all_lanes(start: float, op: str, size: int, name: str) -> None:
    k = reduced(start, op, size)
    made = VectorLoops(UNIT, 100).apply(Contract().apply(k))
    assert calls(made).count(name) == 1
    assert all(s.var.name[0] in "rbk" for s in statements(made.body) if isinstance(s, For)), "no loop over lanes"
    sizes = {"x": 3 * size, "y": 3}
    want, got = results(k, sizes, {}), results(Detensorize(MEANINGS).apply(made), sizes, {})
    assert got["y"] == pytest.approx(want["y"], rel=1e-12)


def test_the_result_has_the_room_that_the_instruction_takes() -> None:
    made = VectorLoops(UNIT, 100).apply(Contract().apply(reduced(0.25, "max")))
    assert [s.buffer.extent.value for s in statements(made.body)  # type: ignore[union-attr]
            if isinstance(s, Alloc) and "top" in s.buffer.name] == [8]


def test_a_result_is_one_element() -> None:
    """An array that holds one is not set as far as the instruction reads, and what it reads is not written."""
    mover = Mover("copy", (), "pad", results_of(UNIT.offers))
    (near, far), n = (Addr(a, Const(0, I), F) for a in ("near", "far")), Const(50, I)
    top, total = Intrinsic("ptop", (near, far, n), None, "ptop"), Intrinsic("psum", (far, n), Var("s", F), "psum")
    assert [mover.written(s) for s in (top, total)] == [{"near"}, set()]
    assert not any(mover.sets(s, a, n) for s in (top, total) for a in ("near", "far"))


def test_what_is_out_of_use_is_not_offered() -> None:
    bang = platforms.get("bang")
    assert bang.result_bytes == 128 and {"__bang_max", "__bang_min"} <= set(bang.avoid)


def test_an_architecture_offers_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for one after the other, and kept apart."""
    new, old = (platforms.get(f"bang@{a}") for a in ("mtp_592", "mtp_372"))
    monkeypatch.setattr(to_target, "_units", {})
    monkeypatch.setattr(to_target, "library", lambda target, cache: _WHOLE if target == new else ())
    assert [len(to_target.vector_unit(p).offers) for p in (new, old, new)] == [2, 0, 2]
    assert shelf(new, tmp_path) != shelf(old, tmp_path)
