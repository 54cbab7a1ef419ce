"""What is made of sums of products: in the kernel that makes these, or by another one after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpiler import engine, platforms
from xpiler.facts import sym
from xpiler.facts.contraction import SUM
from xpiler.ir.nodes import Kernel
from xpiler.passes.contract import in_two, sums_of_products
from xpiler.passes.step import NotApplicable
from xpiler.text.read import read
from xpiler.to_pivot import sequential
from xpiler.verify.ladder import Level

LINEAR = """
void linear(const {t} x[{m} * {k}], const {t} w[{k} * {n}], const float bias[{n}], float y[{m} * {n}]) {{
  for (int i = 0; i < {m}; ++i)
    for (int j = 0; j < {n}; ++j) {{
      float s = {first};
      for (int q = 0; q < {k}; ++q) s += (float)x[i * {k} + q] * (float)w[q * {n} + j];
      s += {then};
      y[i * {n} + j] = s > 0.0f ? s : 0.0f;
    }}
}}
"""
PLAIN = {"t": "float", "m": 64, "n": 64, "k": 64, "first": "0.0f", "then": "bias[j]"}


def linear(**other: object) -> str:
    return LINEAR.format(**{**PLAIN, **other})


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("text", "to", "road", "kernels", "products"), [
    (linear(), "cuda", "tiles in shared memory", 1, "__shared__"),
    (linear(t="_Float16"), "hip", "matrix tiles", 2, "tile_mma("),
    (linear(m=32, n=512, k=512), "bang", "matrix unit", 2, "__bang_matmul("),
    (linear(), "bang", "vectors of 4096", 1, "__bang_matmul("),
], ids=["tiles", "matrix tiles", "matrix unit", "all near"])
def test_a_layer_multiplies_where_products_are_fast(
    cache: Path, text: str, to: str, road: str, kernels: int, products: str,
) -> None:
    options = engine.Options(seeds=1, budget=20.0, level=Level.TESTS, cache=cache)
    result = engine.translate(text, platforms.get("c"), platforms.get(to), file="linear.c", options=options)
    assert result.confirmed and result.road.split(",")[0] == road and products in result.text
    assert result.text.count("__global__ void") + result.text.count("__mlu_global__ void") == kernels


@pytest.mark.parametrize("more", [{}, {"first": "bias[j]", "then": "0.5f"}], ids=["added after", "begun with"])
def test_a_sum_and_what_becomes_of_it(more: dict[str, str]) -> None:
    kernel = pivot(linear(**more))
    with pytest.raises(NotApplicable):
        sums_of_products(kernel)
    ((out, c),) = sums_of_products(kernel, finish=True)
    assert out == "y" and c.finish is not None and sym.var(SUM, dtype=c.dtype) in c.finish.free
    assert c.init.op != "ld" and "ld" not in c.init.has
    parts = in_two(kernel)
    assert parts is not None and [len(sums_of_products(parts[0])), parts[1].name] == [1, "linear_finish"]


def test_what_cannot_be_left_in_the_output_is_not_in_two() -> None:
    goes_on = linear(then="y[i * 64 + j]")
    assert in_two(pivot(goes_on)) is None, "the output was something before"
    assert in_two(pivot(linear().replace("float y", "int y"))) is None, "a sum does not fit there"


def pivot(text: str) -> Kernel:
    c = platforms.get("c")
    return sequential(read(text, c, "linear.c"), c)[0].kernels[0]
