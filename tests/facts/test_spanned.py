"""Scattered elements as one row, with what lies between."""

from __future__ import annotations

from dataclasses import replace

from xpiler.facts.pieces import Dim, Footprint, Piece, Side, spanned
from xpiler.facts.polynomial import I32, atom, number
from xpiler.ir.nodes import Binary, Const, Var
from xpiler.ir.types import DType

ROW, PAIR = (Var(n, I32) for n in "ik")
PAIRS = Piece((Side(0, number(16), 16), Side(-1, number(2), 2)), (), ())
# Elements 16 * i + 3 * k - 3 of what begins at `base`, for i < 16 and k < 2.
SCATTERED = Footprint(
    atom(Var("base", I32)), (Dim((), 16), Dim((), 3)), (0, -1), (16, 2), (PAIRS,), (), ((atom(ROW), atom(PAIR) + -1),))


def test_the_first_and_the_last_element_are_touched() -> None:
    row = spanned(SCATTERED)
    assert row is not None and row.size == 15 * 16 + 3 + 1
    assert (row.low, row.dims, row.base) == ((-3,), (Dim((), 1),), SCATTERED.base)
    assert row.places == ((atom(ROW) * 16 + atom(PAIR) * 3 + -3,),)


def test_what_hangs_on_more_than_the_place_is_no_row() -> None:
    known = Binary("<", ROW, Const(3, I32), DType.BOOL)
    for p in (replace(PAIRS, guards=(known,)), replace(PAIRS, always=(known,)),
              replace(PAIRS, sides=(Side(0, atom(PAIR), 16), PAIRS.sides[1]))):
        assert spanned(replace(SCATTERED, reads=(p,))) is None
    assert spanned(replace(SCATTERED, writes=(PAIRS,))) is None
    assert spanned(replace(SCATTERED, dims=(Dim((PAIR,), 16), Dim((), 3)))) is None
