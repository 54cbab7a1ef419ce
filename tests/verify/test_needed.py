"""An array taken to be larger than the source needs it: what lies beyond is not the caller's, and no judge passes it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from xpiler import platforms
from xpiler.engine import Options, translate
from xpiler.ir.nodes import Buffer, Const, Program
from xpiler.ir.types import DType
from xpiler.text.read import read
from xpiler.verify.argue.bounds import BOUNDS
from xpiler.verify.confirm import confirm
from xpiler.verify.runs.observe import Effort
from xpiler.verify.verdict import Proved, Refuted

SOURCE = "void twice(const float* x, float* y) { for (int i = 0; i < 60; ++i) y[i] = 2.0f * x[i]; }\n"
TARGET = """#include <cuda_runtime.h>
__global__ void k(const float* x, float* y) { int i = threadIdx.x; if (i < 60) y[i] = 2.0f * x[i]; }
extern "C" void twice(const float* x, float* y) {
  float *a, *b;
  cudaMalloc(&a, 64 * 4);
  cudaMalloc(&b, 64 * 4);
  cudaMemcpy(a, x, 64 * 4, cudaMemcpyHostToDevice);
  cudaMemcpy(b, y, 64 * 4, cudaMemcpyHostToDevice);
  k<<<1, 64>>>(a, b);
  cudaMemcpy(y, b, 64 * 4, cudaMemcpyDeviceToHost);
  cudaFree(a);
  cudaFree(b);
}
"""
C, CUDA = platforms.get("c"), platforms.get("cuda")


def sized(n: int) -> Program:
    program = read(SOURCE, C, "k.c")
    assert program.launcher is not None
    params = tuple(replace(p, extent=Const(n, DType.I32)) if isinstance(p, Buffer) else p for p in program.launcher.params)
    return replace(program, launcher=replace(program.launcher, params=params))


@pytest.mark.parametrize(("taken", "verdict"), [((), Proved), (("x", "y"), Refuted)])
def test_what_nobody_states_is_no_larger_than_needed(taken: tuple[str, ...], verdict: type) -> None:
    """A caller may say that there are 64; nobody else may."""
    found = confirm(SOURCE, C, TARGET, CUDA, sized(64), effort=Effort(seeds=1), taken=taken)
    assert isinstance(next(e for e in found if e.rung == BOUNDS).verdict, verdict)


def test_what_the_user_states_is_copied() -> None:
    done = translate(SOURCE, C, CUDA, file="k.c", options=Options(seeds=1, size={"x": 64, "y": 61}))
    assert done.confirmed
    assert "cudaMemcpy(d_x, x, 64 * sizeof(float)" in done.text and "cudaMemcpy(y, d_y, 61 * sizeof(float)" in done.text
