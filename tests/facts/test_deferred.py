"""A tree over lanes of which some have more to add than others is one sum."""

from __future__ import annotations

from pathlib import Path

from xpiler import platforms
from xpiler.facts import sym
from xpiler.facts.deferred import Deferred
from xpiler.facts.summary import summarise
from xpiler.facts.writes import Write
from xpiler.ir.types import DType
from xpiler.text.read import read
from xpiler.to_pivot import sequential

HERE = Path(__file__).parent


def test_lanes_with_a_tail_are_summed_over_their_row() -> None:
    hip = platforms.get("hip")
    program = read((HERE / "ragged_waves.hip").read_text(), hip, "ragged_waves.hip")
    pivot, steps = sequential(program, hip)
    assert not [s for s in steps if s.startswith("--")]
    (writes,) = summarise(pivot.kernels[0]).values()
    folds = {f for w in writes for f in sym.collect(w.value, lambda n: n.op == "fold")}
    assert len(folds) == 2 and {str(sym.extent_of(v)) for f in folds for v in sym.fold_vars(f)} == {"196"}


def test_a_value_is_put_in_where_it_was_asked_for() -> None:
    f32 = DType.F32
    lane, block = sym.var("lane", sym.integer(8)), sym.var("block", sym.integer(3))
    value = sym.binary("+", sym.load("x", sym.add(lane, block), f32), sym.number(1.0, f32), f32)
    deferred = Deferred()
    first = deferred.named(Write((lane,), lane, sym.TRUE, value), {lane: sym.integer(2)})
    assert first is not None
    doubled = sym.binary("+", first, first, f32)
    second = deferred.named(Write((lane,), lane, sym.TRUE, sym.binary("*", doubled, doubled, f32)), {lane: lane})
    assert second is not None
    moved = sym.substitute(second, {block: sym.integer(1)})  # a loop around it is closed meanwhile
    got = deferred.expanded(moved)
    x = sym.binary("+", sym.load("x", sym.integer(3), f32), sym.number(1.0, f32), f32)
    twice = sym.binary("+", x, x, f32)
    assert got is sym.binary("*", twice, twice, f32)


def test_what_is_as_well_put_in_at_once_has_no_name() -> None:
    lane = sym.var("lane", sym.integer(8))
    deferred = Deferred()
    for value in (sym.load("x", lane, DType.F32), sym.number(0.0, DType.F32), sym.load("n", lane, DType.I32)):
        assert deferred.named(Write((lane,), lane, sym.TRUE, value), {}) is None
