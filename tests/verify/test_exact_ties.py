"""In exact arithmetic, equal numbers and numbers halfway between two fall one way, and rounding is no excuse."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.verify.test_exact import elementwise, together, verdict
from xpiler.emulate.lowered.constant import meant
from xpiler.verify.verdict import Proved, Refuted

SIZES = {"x": 64, "y": 64, "z": 64}


@pytest.mark.parametrize(("source", "target"), [
    ("a > 7.25f ? a : b", "a >= 7.25f ? a : b"),
    ("a / 3.0f > s ? a : b", "a / 3.0f > s || a == 0.1f ? a : b"), ("roundf(a)", "rintf(a)"),
    ("a > s ? a : b", "a >= s ? a : b"),
], ids=["constant", "decimal", "halfway", "scalar"])
def test_what_parts_at_one_number_alone_is_refuted(source: str, target: str) -> None:
    assert isinstance(verdict(elementwise(source), elementwise(target), **SIZES), Refuted)


def test_what_is_equal_there_too_is_proved() -> None:
    source = ["a / 3.0f > 0.5f ? b : a", "rintf(a / b)", "a > 0.1f ? a : 0.0f", "roundf(a)"]
    target = ["a * (1.0f / 3.0f) > 0.5f ? b : a", "rintf(a * (1.0f / b))", "a * 10.0f > 1.0f ? a : 0.0f",
              "a < 0.0f ? ceilf(a - 0.5f) : floorf(a + 0.5f)"]
    found = verdict(together(source), together(target), **SIZES)
    assert isinstance(found, Proved), str(found)


def test_rounding_by_a_large_number_is_not_decided() -> None:
    source, target = "rintf(a)", "(a + 12582912.0f) - 12582912.0f"
    found = verdict(elementwise(source), elementwise(target), **SIZES)
    assert not isinstance(found, Proved | Refuted)


def test_a_number_is_what_people_mean_by_it() -> None:
    assert [meant(x) for x in (0.0, -2.5, 0.10000000149011612, 3.0)] == [0, Fraction(-5, 2), Fraction(1, 10), 3]
