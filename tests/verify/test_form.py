"""Shapes of specifications: what their letters stand for is found from sizes, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xpiler.fault import Fault
from xpiler.verify.spec.form import parse, solve

GEMM = parse("a[m,k], b[k,n] -> c[m,n]")
CONV = parse("x[n,h,w,c], f[o,kh,kw,c] -> y[n,(h-kh)//s+1,(w-kw)//s+1,o]", {"w": "h", "kw": "kh", "s": "1"})
side = st.integers(1, 200)


@settings(deadline=None, max_examples=60)
@given(side, side, side)
def test_three_products_determine_three_letters(m: int, k: int, n: int) -> None:
    assert solve(GEMM, {}, {"a": m * k, "b": k * n, "c": m * n}) == {"m": m, "k": k, "n": n}


def test_sizes_that_no_whole_numbers_give_are_a_contradiction() -> None:
    assert solve(GEMM, {}, {"a": 6, "b": 15, "c": 11}) is None
    assert solve(GEMM, {"m": 4}, {"a": 6, "b": 15, "c": 10}) is None
    assert solve(GEMM, {"m": 2, "k": 3, "n": 5}, {"a": 6, "b": 15, "c": 9}) is None


def test_a_letter_that_nothing_determines_is_missing_and_not_guessed() -> None:
    rows = parse("x[r,c] -> y[r,c]")
    assert solve(rows, {}, {"x": 12, "y": 12}) == {}
    assert solve(rows, {"c": 4}, {"x": 12, "y": 12}) == {"c": 4, "r": 3}


def test_a_stride_is_found_where_just_one_fits() -> None:
    known = {"n": 2, "h": 9, "kh": 3, "c": 4}
    sizes = {"x": 2 * 81 * 4, "f": 6 * 9 * 4}
    assert solve(CONV, known, sizes | {"y": 2 * 16 * 6}) == {**known, "w": 9, "kw": 3, "o": 6, "s": 2}
    assert solve(CONV, known, sizes | {"y": 2 * 49 * 6}) == {**known, "w": 9, "kw": 3, "o": 6, "s": 1}
    assert solve(CONV, known, sizes | {"y": 2 * 36 * 6}) is None  # no stride gives six


@pytest.mark.parametrize(
    "text", ["a[m,k]", "a[m -> c[m]", "a[m**k] -> c[m]", "a[f(m)] -> c[m]", "a[__import__('os')] -> c[m]", "a[m/k] -> c[m]"]
)
def test_what_is_no_shape_is_refused(text: str) -> None:
    with pytest.raises(Fault) as caught:
        parse(text)
    assert caught.value.code == "XP2301"
