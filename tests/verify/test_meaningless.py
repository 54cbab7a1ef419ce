"""A source that makes no numbers of numbers is nothing to compare with."""

from __future__ import annotations

import pytest

from xpiler import platforms
from xpiler.text.read import read
from xpiler.verify.confirm import confirm
from xpiler.verify.ladder import Level
from xpiler.verify.runs.observe import Effort
from xpiler.verify.signature import given_sizes
from xpiler.verify.verdict import SOURCE, Proved, Unknown, confirmed

CUDA = platforms.get("cuda")


def text(value: str) -> str:
    return f"""
__global__ void k(const float* x, float* y, int n) {{
  int i = blockIdx.x * 64 + threadIdx.x;
  if (i < n) y[i] = {value};
}}
extern "C" void entry(const float* x, float* y, int n) {{
  float *dx, *dy;
  cudaMalloc(&dx, n * sizeof(float));
  cudaMalloc(&dy, n * sizeof(float));
  cudaMemcpy(dx, x, n * sizeof(float), cudaMemcpyHostToDevice);
  k<<<(n + 63) / 64, 64>>>(dx, dy, n);
  cudaMemcpy(y, dy, n * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(dx);
  cudaFree(dy);
}}
"""


@pytest.mark.slow
@pytest.mark.parametrize(("value", "meant"), [
    ("sqrtf(-1.0f - x[i] * x[i])", False), ("x[i] - x[i] / 0.0f * 0.0f", False), ("sqrtf(x[i])", True), ("x[i]", True),
])
def test_nan_is_equal_to_nan_only_beside_numbers(value: str, meant: bool) -> None:
    source, other = text(value), text("sqrtf(-2.0f - x[i] * x[i])" if not meant else value)
    found = confirm(source, CUDA, other, CUDA, read(source, CUDA, "k.cu"), effort=Effort(seeds=1, level=0),
                    level=Level.TESTS)
    verdict = next(e.verdict for e in found if e.rung == SOURCE)
    assert isinstance(verdict, Proved if meant else Unknown) and confirmed(found) is meant


RATES = """
#include <math.h>
void entry(const float* x, float* y, float rate, float decay) {
  for (int i = 0; i < 64; ++i) y[i] = rate * x[i] / sqrtf(1.0f - decay);
}
"""


def test_rates_are_tried_below_one_where_others_give_no_numbers() -> None:
    plain = platforms.get("c")
    program = given_sizes(read(RATES, plain, "k.c"), {"x": 64, "y": 64})
    found = confirm(RATES, plain, RATES, plain, program, effort=Effort(seeds=1, level=0), level=Level.TESTS)
    assert confirmed(found) and isinstance(found[-1].verdict, Proved) and "decay=0.666" in found[-1].verdict.scope
