"""Arrays that a thread or task cannot have for itself live in global memory, a part for each."""

from __future__ import annotations

import pytest

from xpiler import platforms
from xpiler.engine import Options, translate
from xpiler.ir.nodes import Const
from xpiler.ir.types import DType
from xpiler.passes.machine.rehost import on_device_memory
from xpiler.passes.machine.spill import spilled
from xpiler.text.read import read
from xpiler.to_pivot import sequential
from xpiler.verify.ladder import Level

TEXT = """
void counts(const unsigned char* x, int* y) {
  for (int r = 0; r < 6; ++r) {
    int seen[SIZE];
    for (int i = 0; i < SIZE; ++i) seen[i] = 0;
    for (int i = 0; i < 100; ++i) seen[x[r * 100 + i] * 150] += i;
    int best = 0;
    for (int i = 0; i < SIZE; ++i) best = seen[i] > best ? seen[i] : best;
    y[r] = best + r;
  }
}
"""


@pytest.mark.slow
@pytest.mark.parametrize(("elements", "moves"), [(38400, True), (8000, False)])
def test_a_large_array_of_a_thread_moves(elements: int, moves: bool) -> None:
    text = TEXT.replace("SIZE", str(elements)).replace("* 150", "* 150" if elements > 38000 else "* 30")
    done = translate(text, platforms.get("c"), platforms.get("hip"), file="k.c", options=Options(seeds=1, level=Level.TESTS))
    assert done.confirmed
    assert ("d_seen" in done.text) is moves
    assert (f"int seen[{elements}]" in done.text) is not moves


COUNTED = """
#include <cuda_runtime.h>
__global__ void counted(const int* x, unsigned* out, int n, int bins) {
  extern __shared__ unsigned own[];
  for (int b = threadIdx.x; b < bins; b += blockDim.x) own[b] = 0;
  __syncthreads();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    if (x[i] >= 0) atomicAdd(&own[x[i] % bins], 1u);
  __syncthreads();
  for (int b = threadIdx.x; b < bins; b += blockDim.x) if (own[b]) atomicAdd(&out[b], own[b]);
}
extern "C" void counts(const int* x, unsigned* out, int n, int bins) {
  int* d_x;
  unsigned* d_out;
  cudaMalloc(&d_x, n * sizeof(int));
  cudaMalloc(&d_out, bins * sizeof(unsigned));
  cudaMemcpy(d_x, x, n * sizeof(int), cudaMemcpyHostToDevice);
  cudaMemset(d_out, 0, bins * sizeof(unsigned));
  counted<<<3, 64, bins * sizeof(unsigned)>>>(d_x, d_out, n, bins);
  cudaMemcpy(out, d_out, bins * sizeof(unsigned), cudaMemcpyDeviceToHost);
  cudaFree(d_x);
  cudaFree(d_out);
}
"""


@pytest.mark.parametrize("to", ["bang", "vnni"])
def test_an_array_whose_size_is_known_when_it_runs(to: str) -> None:
    found = translate(COUNTED, platforms.get("cuda"), platforms.get(to), file="counts.cu",
                      options=Options(seeds=1, level=Level.TESTS))
    assert found.confirmed
    assert ("&d_own, " in found.text) is (to == "bang")


@pytest.mark.parametrize(("size", "moves"), [("half + 1", True), ("sizes[0]", False)])
def test_only_a_size_that_the_host_knows_is_one(size: str, moves: bool) -> None:
    """Scalars that are made of the kernel's own say a size; what memory of the device holds does not."""
    text = f"""
#include <vector>
extern "C" void turned(const float* x, const int* sizes, float* y, int n) {{
  const int half = n / 2;
  std::vector<float> kept({size});
  for (int i = 0; i < half; ++i) kept[i] = x[i];
  for (int i = 0; i < half; ++i) y[i] = kept[half - 1 - i];
}}"""
    extents = {name: Const(64, DType.I32) for name in ("x", "sizes", "y")}
    flat, _ = sequential(read(text, platforms.get("vnni"), "turned.cpp"), platforms.get("vnni"), contracted=False)
    hosted = on_device_memory(flat, extents, lambda name: False)
    assert any("memory" in b.name for b in spilled(hosted, None).launcher.buffers) is moves
