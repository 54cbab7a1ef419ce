"""Shapes: which parameters an instruction that reduces windows has to do what writes do."""

from __future__ import annotations

import pytest

from tests.passes.toy import WINDOWS
from xpiler.facts import sym
from xpiler.facts.shapes import Fit, fitted, shapes
from xpiler.facts.sym import Sym
from xpiler.facts.writes import Write
from xpiler.ir.types import DType

F = DType.F32
SHAPES = {s.meaning.name: s for s in shapes(WINDOWS)}
c, ow, k, m = (sym.fresh(n, sym.integer(size)) for n, size in (("c", 128), ("ow", 26), ("k", 5), ("m", 5)))
BASE = sym.var("b")


def fit(
    name: str, op: str, steps: dict[Sym, int], loops: tuple[Sym, ...], sizes: tuple[int, ...] = (),
    order: tuple[Sym, ...] = (k, m),
) -> Fit | None:
    """The write of every 128 elements of `loops` the reduction over k and m of what is `steps` apart."""
    at = sym.add(BASE, *(sym.scale(v, n) for v, n in steps.items()))
    value = sym.fold(op, order, sym.load("x", at, F), sym.identity_of(op, F), F)
    index = sym.add(c, sym.scale(ow, 128)) if ow in loops else c
    return fitted(SHAPES[name], Write(loops, index, sym.TRUE, value), sizes)


def numbers(found: Fit | None) -> dict[str, int]:
    assert found is not None and found["src"] is sym.load("x", BASE, F) and found["dst"] is sym.ZERO
    return {n: sym.value_of(x) for n, x in found.items() if n not in ("dst", "src")}


@pytest.mark.parametrize("order", [(k, m), (m, k)])
@pytest.mark.parametrize(("name", "op"), [("psums", "+"), ("ptops", "max")])
def test_windows_that_overlap(name: str, op: str, order: tuple[Sym, ...]) -> None:
    found = numbers(fit(name, op, {c: 1, m: 128, k: 55 * 128, ow: 256}, (ow, c), order=order))
    assert found == {"ch": 128, "h": 5, "w": 55, "kh": 5, "kw": 5, "sw": 2, "sh": 1}


@pytest.mark.parametrize(("sizes", "window"), [((), [1, 25]), ((5,), [5, 5])])
def test_a_window_whose_rows_follow_each_other(sizes: tuple[int, ...], window: list[int]) -> None:
    """Either is right; one is what the loops said."""
    found = numbers(fit("psums", "+", {c: 1, m: 128, k: 5 * 128}, (c,), sizes))
    assert sorted((found["kh"], found["kw"])) == window


@pytest.mark.parametrize("steps", [
    {c: 1, m: 256, k: 55 * 128, ow: 256},  # elements of a window that lie apart
    {c: 2, m: 256, k: 55 * 256, ow: 512},  # channels that do
    {c: 1, m: 128, k: 54 * 128, ow: 256},  # rows too short for so many windows
    {c: 1, m: 128, k: 55 * 128 + 1, ow: 256},  # rows that no whole number of channels fills
])
def test_there_are_no_parameters_for_what_it_does_not_do(steps: dict[Sym, int]) -> None:
    assert fit("psums", "+", steps, (ow, c)) is None


def test_another_operation_is_not_its() -> None:
    assert fit("psums", "max", {c: 1, m: 128, k: 55 * 128, ow: 256}, (ow, c)) is None
