"""Programs that are the same but for the order of operands that commute."""

from __future__ import annotations

from dataclasses import replace

import pytest

from xpiler import platforms
from xpiler.ir.nodes import Program
from xpiler.text.read import read
from xpiler.verify.alike import alike

CUDA = platforms.get("cuda")


def program(value: str) -> Program:
    text = f"__global__ void k(const float* x, float* y, int n) {{ int i = threadIdx.x; if (i < n) y[i] = {value}; }}"
    return read(text, CUDA, "k.cu", geometry={"block.x": "1", "thread.x": "32"})


@pytest.mark.parametrize(("one", "other", "same"), [
    ("fmaxf(x[i], x[0])", "fmaxf(x[0], x[i])", True),
    ("x[i] * 2.0f + x[0]", "x[0] + 2.0f * x[i]", True),
    ("fmaf(x[i], x[0], x[1])", "fmaf(x[0], x[i], x[1])", True),
    ("fmaf(x[i], x[0], x[1])", "fmaf(x[i], x[1], x[0])", False),
    ("x[i] > x[0] ? 1.0f : 2.0f", "x[0] < x[i] ? 1.0f : 2.0f", True),
    ("x[i] > x[0] ? 1.0f : 2.0f", "x[i] < x[0] ? 1.0f : 2.0f", False),
    ("x[i] >= x[0] ? 1.0f : 2.0f", "x[0] < x[i] ? 1.0f : 2.0f", False),
    ("x[i] - x[0]", "x[0] - x[i]", False),
    ("x[i] / x[0]", "x[0] / x[i]", False),
    ("powf(x[i], x[0])", "powf(x[0], x[i])", False),
    ("i < 3 && x[i] > 0.0f ? 1.0f : 0.0f", "x[i] > 0.0f && i < 3 ? 1.0f : 0.0f", False),
    ("(x[i] + x[0]) + x[1]", "x[i] + (x[0] + x[1])", False),
])
def test_operands_that_commute_may_stand_in_any_order(one: str, other: str, same: bool) -> None:
    assert alike(program(one), program(other)) is same
    assert alike(program(one), program(one)) and alike(program(other), program(other))


def test_bodies_that_nobody_understood_are_like_nothing() -> None:
    whole = program("x[i]")
    opaque = replace(whole, unread=("k",))
    assert opaque == whole and not alike(opaque, whole) and not alike(opaque, opaque)
