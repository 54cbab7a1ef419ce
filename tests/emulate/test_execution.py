"""Kernels compute what they say: against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from tests.emulate.conftest import Emulate

GEMM = """
#include <cuda_runtime.h>
#define B 16
__global__ void gemm(const float* a, const float* b, float* c, int n) {
  __shared__ float sa[B][B], sb[B][B];
  int x = threadIdx.x, y = threadIdx.y;
  float acc = 0.f;
  for (int t = 0; t < n / B; ++t) {
    sa[y][x] = a[(blockIdx.y * B + y) * n + t * B + x];
    sb[y][x] = b[(t * B + y) * n + blockIdx.x * B + x];
    __syncthreads();
    for (int k = 0; k < B; ++k) acc += sa[y][k] * sb[k][x];
    __syncthreads();
  }
  c[(blockIdx.y * B + y) * n + blockIdx.x * B + x] = acc;
}
extern "C" void run(const float* a, const float* b, float* c, int n) {
  float *da, *db, *dc;
  size_t bytes = n * n * sizeof(float);
  cudaMalloc((void**)&da, bytes); cudaMalloc(&db, bytes); cudaMalloc(&dc, bytes);
  cudaMemcpy(da, a, bytes, cudaMemcpyHostToDevice);
  cudaMemcpy(db, b, bytes, cudaMemcpyHostToDevice);
  gemm<<<dim3(n / B, n / B), dim3(B, B)>>>(da, db, dc, n);
  cudaMemcpy(c, dc, bytes, cudaMemcpyDeviceToHost);
  cudaFree(da); cudaFree(db); cudaFree(dc);
}
"""


@pytest.mark.parametrize(("real", "error"), [("f32", 1e-5), ("f64", 1e-14)])
def test_a_tiled_gemm_through_its_launcher(emulate: Emulate, real: str, error: float) -> None:
    rng = np.random.default_rng(1)
    a, b = rng.random((2, 48, 48), dtype=np.float32)
    run = emulate(GEMM, name="run", real=real, const=("a", "b"), a=a, b=b, c=np.zeros_like(a), n=48)
    assert run.status == "ok", run
    want = a.astype(np.float64) @ b
    assert np.abs(run.outputs["c"] - want).max() / want.max() < error


def test_a_butterfly_sums_a_warp(emulate: Emulate) -> None:
    text = """
__global__ void k(float* a) {
  float v = a[threadIdx.x];
  for (int o = 16; o; o >>= 1) v += __shfl_xor_sync(0xffffffffu, v, o);
  a[threadIdx.x] = v;
}
"""
    a = np.arange(64, dtype=np.float32)
    run = emulate(text, {"thread.x": 64}, a=a)
    np.testing.assert_array_equal(run.outputs["a"], np.repeat([a[:32].sum(), a[32:].sum()], 32))


def test_a_lane_that_left_reads_as_ones(emulate: Emulate) -> None:
    text = (
        "__global__ void k(int* a) {\n  if (threadIdx.x >= 8) return;\n"
        "  a[threadIdx.x] = __shfl_xor_sync(0xffu, (int)threadIdx.x, threadIdx.x < 4 ? 1 : 16);\n}\n"
    )
    run = emulate(text, {"thread.x": 32}, a=np.zeros(8, np.int32))
    assert run.outputs["a"].tolist() == [1, 0, 3, 2, -1, -1, -1, -1]


def test_dynamic_shared_memory_in_a_template(emulate: Emulate) -> None:
    text = """
template <typename T, int N> __global__ void rev(T* a) {
  extern __shared__ T s[];
  s[threadIdx.x] = a[threadIdx.x];
  __syncthreads();
  a[threadIdx.x] = s[N - 1 - threadIdx.x];
}
extern "C" void run(float* a) {
  float* d; cudaMalloc(&d, 256);
  cudaMemcpy(d, a, 256, cudaMemcpyHostToDevice);
  rev<float, 64><<<1, 64, 64 * sizeof(float)>>>(d);
  cudaMemcpy(a, d, 256, cudaMemcpyDeviceToHost);
}
"""
    a = np.arange(64, dtype=np.float32)
    run = emulate(text, name="run", a=a)
    assert run.status == "ok", run.findings
    np.testing.assert_array_equal(run.outputs["a"], a[::-1])


def test_statics_of_templates_and_inline_functions_share_a_section(emulate: Emulate) -> None:
    text = """
template <int N> __device__ inline float f(float x) { __shared__ float s[N]; s[N - 1] = x; return s[N - 1]; }
__global__ void k(float* a) { __shared__ float s[3]; s[2] = 1; a[0] = f<4>(2) + f<9>(3) + s[2]; }
"""
    assert emulate(text, {"thread.x": 1}, a=np.zeros(1, np.float32)).outputs["a"][0] == 6


def test_a_grid_barrier_keeps_every_block_alive(emulate: Emulate) -> None:
    text = """
__global__ void k(int* a) {
  __shared__ int mine;
  if (threadIdx.x == 0) { mine = blockIdx.x; a[blockIdx.x] = blockIdx.x + 1; }
  xp::barrier_all();
  if (threadIdx.x == 1) { int s = 0; for (int i = 0; i < 5; ++i) s += a[i]; a[5 + blockIdx.x] = s * 10 + mine; }
}
"""
    run = emulate(text, {"block.x": 5, "thread.x": 2}, a=np.zeros(10, np.int32))
    assert run.status == "ok", run.findings
    assert run.outputs["a"].tolist() == [1, 2, 3, 4, 5, 150, 151, 152, 153, 154]


def test_lanes_that_happen_to_be_together(emulate: Emulate) -> None:
    text = """
__global__ void k(unsigned long long* a) {
  if (threadIdx.x % 2) a[0] = xp::active_mask();
  else a[1] = xp::active_mask();
}
"""
    run = emulate(text, {"thread.x": 8}, a=np.zeros(2, np.uint64))
    assert run.outputs["a"].tolist() == [0b10101010, 0b01010101]


def test_cluster_cores_have_their_own_nram(emulate: Emulate) -> None:
    text = """
#define __nram__ XP_SPACE("nram")
#define __sram__ XP_SPACE("sram")
__sram__ int meet[4];
__global__ void k(int* a) {
  __nram__ int mine[16];
  mine[3] = xp::task;
  meet[xp::core] = xp::task;
  xp::barrier_cluster();
  a[xp::task] = mine[3] * 1000 + meet[(xp::core + 1) % 4];
}
"""
    run = emulate(text, {"cluster": 2, "core": 4}, a=np.zeros(8, np.int32))
    assert run.status == "ok", run.findings
    assert run.outputs["a"].tolist() == [1, 1002, 2003, 3000, 4005, 5006, 6007, 7004]
