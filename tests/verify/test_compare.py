"""What counts as the same result: rounding yes, anything else no."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from xpiler.ir.types import DType
from xpiler.verify.runs.compare import Tolerance, floats, integers
from xpiler.verify.runs.depth import EPS
from xpiler.verify.runs.inputs import poison

RNG = np.random.default_rng(7)
A = RNG.normal(size=(33, 257)).astype(np.float32)
B = RNG.normal(size=(257, 21)).astype(np.float32)
EXACT = (A.astype(np.float64) @ B.astype(np.float64)).ravel()
BLANK = poison(DType.F32, EXACT.size, 0)
TOLERANCE = Tolerance(EPS[DType.F32], 257)


def in_order(order: NDArray[Any]) -> NDArray[np.float32]:
    """The product summed in float, term by term, in a given order."""
    total = np.zeros((33, 21), np.float32)
    for k in order:
        total += A[:, k : k + 1] * B[k : k + 1]
    return total.ravel()


SOURCE = in_order(np.arange(257))


def verdict(actual: NDArray[Any], reference: NDArray[Any] | None = EXACT) -> bool:
    return floats(DType.F32, SOURCE, actual.astype(np.float32), reference, BLANK, TOLERANCE)[0] is None


@pytest.mark.parametrize("reference", [EXACT, None])
def test_another_order_of_summation_is_the_same(reference: NDArray[Any] | None) -> None:
    assert verdict(in_order(np.arange(257)[::-1]), reference)
    assert verdict(in_order(RNG.permutation(257)), reference)


@pytest.mark.parametrize("reference", [EXACT, None])
def test_one_dropped_term_of_many_is_not(reference: NDArray[Any] | None) -> None:
    assert not verdict(in_order(np.arange(256)), reference)


def test_half_precision_in_between_is_not() -> None:
    narrowed = (A.astype(np.float16).astype(np.float64) @ B.astype(np.float16).astype(np.float64)).ravel()
    assert not verdict(narrowed)


@pytest.mark.parametrize(
    "wrong", [np.zeros_like(SOURCE), BLANK, SOURCE.reshape(33, 21).T.ravel(), SOURCE[::-1], SOURCE * np.float32(1.001)]
)
def test_wrong_results_differ(wrong: NDArray[Any]) -> None:
    assert not verdict(wrong)


def test_one_wrong_element_is_found_and_named() -> None:
    actual = SOURCE.copy()
    actual[100] += 0.01
    found, _ = floats(DType.F32, SOURCE, actual, EXACT, BLANK, TOLERANCE)
    assert found is not None and (found.index, found.wrong) == (100, 1)
    assert found.expected == pytest.approx(float(SOURCE[100])) and found.actual != found.expected


def test_writing_where_the_source_does_not_is_wrong() -> None:
    partly = SOURCE.copy()
    partly[-1] = BLANK[-1]
    found, _ = floats(DType.F32, partly, SOURCE, EXACT, BLANK, TOLERANCE)
    assert found is not None and found.index == SOURCE.size - 1


def test_a_computed_nan_matches_a_nan_only() -> None:
    with_nan = SOURCE.copy()
    with_nan[3] = np.nan
    assert floats(DType.F32, with_nan, with_nan, None, BLANK, TOLERANCE)[0] is None
    found, _ = floats(DType.F32, with_nan, SOURCE, None, BLANK, TOLERANCE)
    assert found is not None and found.index == 3


def test_infinities_match_by_sign() -> None:
    up = np.array([np.inf, 1.0], np.float32)
    assert floats(DType.F32, up, up.copy(), None, BLANK[:2], TOLERANCE)[0] is None
    assert floats(DType.F32, up, up * np.float32([-1, 1]), None, BLANK[:2], TOLERANCE)[0] is not None


def test_integers_are_exact() -> None:
    a = np.arange(10, dtype=np.int32)
    assert integers(a, a.copy()) is None
    found = integers(a, a + (a == 7))
    assert found is not None and (found.index, found.expected, found.actual, found.wrong) == (7, 7, 8, 1)


def test_half_outputs_allow_half_rounding_only() -> None:
    exact = RNG.normal(size=500)
    source = exact.astype(np.float16)
    blank = poison(DType.F16, 500, 0)
    tolerance = Tolerance(EPS[DType.F32], 1)
    near = np.nextafter(source, np.float16(10))
    assert floats(DType.F16, source, near, exact, blank, tolerance)[0] is None
    assert floats(DType.F16, source, (exact * 1.02).astype(np.float16), exact, blank, tolerance)[0] is not None
