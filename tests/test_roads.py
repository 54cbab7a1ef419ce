"""The order in which ways to a target are tried."""

from __future__ import annotations

import pytest

from tests.conftest import ROOT
from xpiler import platforms, to_target
from xpiler.text.read import read
from xpiler.to_pivot import sequential
from xpiler.to_target import KEEP, TILES, Attempt, roads, same_text

BY_HAND = """
#include <cuda_fp16.h>
__global__ void product(const half* a, const half* b, float* c) {
  int i = blockIdx.y * 16 + threadIdx.y, j = blockIdx.x * 16 + threadIdx.x;
  float sum = 0.0f;
  for (int k = 0; k < 32; ++k) sum += __half2float(a[i * 32 + k]) * __half2float(b[k * 64 + j]);
  c[i * 64 + j] = sum;
}
extern "C" void run(const half* a, const half* b, float* c) {
  half *a_, *b_;
  float* c_;
  cudaMalloc(&a_, 1024 * sizeof(half));
  cudaMalloc(&b_, 2048 * sizeof(half));
  cudaMalloc(&c_, 2048 * sizeof(float));
  cudaMemcpy(a_, a, 1024 * sizeof(half), cudaMemcpyHostToDevice);
  cudaMemcpy(b_, b, 2048 * sizeof(half), cudaMemcpyHostToDevice);
  product<<<dim3(4, 2), dim3(16, 16)>>>(a_, b_, c_);
  cudaMemcpy(c, c_, 2048 * sizeof(float), cudaMemcpyDeviceToHost);
}
"""


@pytest.mark.parametrize(("text", "first"), [
    (BY_HAND, TILES),
    (BY_HAND.replace("half", "float").replace("__float2float", "").replace("cuda_fp16", "cuda_runtime"), KEEP),
    ((ROOT / "examples" / "gemm_half.cu").read_text(), KEEP),  # on the matrix unit already
])
def test_structure_stays_unless_a_matrix_unit_is_gained(text: str, first: str) -> None:
    source, target = platforms.get("cuda"), platforms.get("hip")
    program = read(text, source, "product.cu")
    pivot, steps = sequential(program, source)
    names = [r.name for r in roads(program, pivot, steps, source, target, [])]
    assert names[0] == first and KEEP in names


def test_a_mistake_in_one_road_costs_that_road_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def mistaken(*_: object) -> str:
        raise IndexError("no such piece")

    monkeypatch.setattr(to_target, "reworded", mistaken)
    source, target = platforms.get("cuda"), platforms.get("hip")
    attempts: list[Attempt] = []
    assert not list(same_text(BY_HAND, read(BY_HAND, source, "product.cu"), source, target, attempts))
    assert [a.why for a in attempts] == ["internal error: IndexError: no such piece"]
