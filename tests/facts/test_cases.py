"""Choices that decide nothing go; every other one stays what it was."""

from __future__ import annotations

import itertools
from functools import reduce
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from xpiler import platforms
from xpiler.facts import sym
from xpiler.facts.cases import by_cases
from xpiler.facts.sym import TRUE, Sym
from xpiler.facts.writes import Write
from xpiler.ir.nodes import Const, For, Select
from xpiler.ir.types import DType
from xpiler.ir.walk import walk
from xpiler.text.read import read
from xpiler.to_pivot import sequential

ROW, COL = sym.var("i", sym.integer(9)), sym.var("j", sym.integer(5))
ATOMS = (ROW, COL, sym.mod(sym.add(ROW, sym.ONE), sym.integer(4)), sym.div(ROW, sym.integer(3)), sym.mod(ROW, sym.integer(3)))
sums = st.builds(lambda n, cs: sym.add(sym.integer(n), *(sym.scale(a, c) for a, c in zip(ATOMS, cs, strict=True))),
                 st.integers(-8, 8), st.tuples(*[st.sampled_from((0, 0, 1, -1, 3))] * len(ATOMS)))
conditions = st.recursive(
    st.builds(sym.compare, st.sampled_from(("<", "==", "!=", ">=")), sums, sums),
    lambda c: st.builds(sym.conjoin, c, c) | st.builds(sym.disjoin, c, c), max_leaves=3)


def element(at: Sym) -> Sym:
    return sym.load("x", at, DType.F32)


@given(st.lists(st.tuples(conditions, sums), min_size=1, max_size=3), sums)
@settings(max_examples=80, deadline=None)
def test_a_value_stays_what_it_is(choices: list[tuple[Sym, Sym]], last: Sym) -> None:
    value = element(last)
    for cond, at in choices:
        value = sym.select(cond, element(at), value)
    less = by_cases(Write((ROW, COL), sym.add(sym.scale(ROW, 5), COL), TRUE, value)).value
    for i, j in itertools.product(range(9), range(5)):
        here = {ROW: sym.integer(i), COL: sym.integer(j)}
        assert sym.substitute(less, here) is sym.substitute(value, here)


@settings(deadline=None)
@given(st.integers(2, 9), st.integers(-40, 40), st.integers(1, 9))
def test_a_number_is_compared_by_its_high_digit_where_that_decides(base: int, limit: int, low: int) -> None:
    digit = sym.var("d", sym.integer(low))
    said = sym.compare("<", sym.add(sym.scale(ROW, base), digit), sym.integer(limit))
    for i, d in itertools.product(range(9), range(low)):
        here = {ROW: sym.integer(i), digit: sym.integer(d)}
        assert sym.substitute(said, here) is sym.boolean(base * i + d < limit)
    if low <= base and limit % base == 0:
        assert digit not in said.free


@settings(deadline=None)
@given(st.permutations([87, 13, 1]), st.integers(1, 8))
def test_digits_below_any_stride_do_not_decide(order: list[int], low: int) -> None:
    """Of 87 * a + 13 * b + c in eighths, and a lane, the lane does not decide, whichever stride is the largest."""
    high = [sym.var(n, sym.integer(9)) for n in ("a", "b", "c")]
    lane = sym.var("l", sym.integer(low))
    whole = reduce(sym.add, (sym.scale(v, c) for v, c in zip(high, order, strict=True)))
    said = sym.compare("<", sym.add(sym.scale(whole, 8), lane), sym.integer(8 * 308))
    assert lane not in said.free
    for at in itertools.product(range(0, 9, 4), repeat=3):
        here = dict(zip(high, map(sym.integer, at), strict=True))
        below = sum(v * c for v, c in zip(at, order, strict=True)) < 308
        assert sym.substitute(said, here) is sym.boolean(below)


def test_a_tile_with_a_margin_is_the_array() -> None:
    """A stencil: margins loaded by the nearest threads, the planes before and after kept in registers."""
    text = (Path(__file__).parent / "stencil.cu").read_text()
    cuda = platforms.get("cuda")
    pivot, steps = sequential(read(text, cuda, "stencil.cu"), cuda)
    assert not [s for s in steps if s.startswith("--")]
    (body,) = (k.body for k in pivot.kernels if k.name == "stencil")
    assert not [e for e in walk(body) if isinstance(e, Select)]
    assert [s.stop for s in walk(body) if isinstance(s, For)] == [Const(n, DType.I32) for n in (18, 14, 30)]
