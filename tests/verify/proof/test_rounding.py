"""What rounds is not what it rounds: roundings to short types and functions that round are kept."""

from __future__ import annotations

import pytest

from xpiler import platforms
from xpiler.ir.nodes import Program
from xpiler.text.read import read
from xpiler.verify.proof.equal import equal_for_all
from xpiler.verify.verdict import Proved

CUDA = platforms.get("cuda")


def program(value: str) -> Program:
    text = f"""
#include <cuda_fp16.h>
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
    return read(text, CUDA, "k.cu")


HALF = "__half2float(__float2half(x[i]))"


@pytest.mark.parametrize(("a", "b"), [
    ("roundf(x[i])", "x[i]"), ("rintf(x[i])", "x[i]"), ("floorf(x[i])", "roundf(x[i])"), (HALF, "x[i]"),
    (f"{HALF} + 1.0f", "x[i] + 1.0f"), ("(float)(int)x[i]", "x[i]"),
    ("__half2float(__hadd(__float2half(x[i]), __float2half(x[i])))", f"{HALF} + {HALF}"),
])
def test_a_rounding_is_never_proved_away(a: str, b: str) -> None:
    assert not isinstance(equal_for_all(program(a), program(b), seconds=20).verdict, Proved)
    assert isinstance(equal_for_all(program(a), program(a), seconds=20).verdict, Proved)


def test_what_is_computed_in_double_is_not_the_same_operations() -> None:
    found = equal_for_all(program("x[i] * 3.0f + 1.0f"), program("(float)((double)x[i] * 3.0 + 1.0)"), seconds=20)
    assert isinstance(found.verdict, Proved) and "real arithmetic" in found.verdict.scope
