"""Reciprocals: a quotient by a power of two is the same number as a product, bit for bit, and so it is one."""

from __future__ import annotations

import numpy as np
import pytest

from xpiler import platforms
from xpiler.facts import sym
from xpiler.ir.nodes import Intrinsic
from xpiler.ir.types import DType
from xpiler.ir.walk import statements
from xpiler.passes.lanes.reciprocals import multiplied
from xpiler.passes.lanes.vectors import VectorLoops
from xpiler.text.read import read
from xpiler.to_pivot import sequential
from xpiler.to_target import vector_unit

X = sym.load("x", sym.var("i"), DType.F32)


@pytest.mark.parametrize("by", [8.0, -0.25, 2.0**126, 2.0**-126])
def test_a_power_of_two_is_multiplied(by: float) -> None:
    product = multiplied(sym.binary("/", X, sym.number(by, DType.F32), DType.F32))
    assert product is not None and product.data == "*"
    values = np.random.default_rng(0).integers(0, 2**32, 100_000, dtype=np.uint32).view(np.float32)
    with np.errstate(all="ignore"):
        a, b = values / np.float32(by), values * np.float32(sym.float_of(product.args[1]))
    assert np.array_equal(a, b, equal_nan=True)


@pytest.mark.parametrize("by", [3.0, 0.0, 2.0**127, 2.0**-127, float("inf")])
def test_other_numbers_divide(by: float) -> None:
    assert multiplied(sym.binary("/", X, sym.number(by, DType.F32), DType.F32)) is None


@pytest.mark.parametrize("target", ["bang", "vnni"])
def test_vectors_are_multiplied(target: str) -> None:
    c = platforms.get("c")
    text = "void k(const float* x, float* y) { for (int i = 0; i < 4096; ++i) y[i] = x[i] / 8.0f; }"
    (kernel,) = sequential(read(text, c, "k.c"), c)[0].kernels
    made = VectorLoops(vector_unit(platforms.get(target)), 4096).apply(kernel)
    names = {s.name for s in statements(made) if isinstance(s, Intrinsic)}
    assert any("mul" in n for n in names) and not any("div" in n for n in names)
