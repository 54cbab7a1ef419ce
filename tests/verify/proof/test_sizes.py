"""Programs whose sizes are parameters: equal for every size, or not shown to be."""

from __future__ import annotations

import pytest

from xpiler import platforms
from xpiler.ir.nodes import Program
from xpiler.text.read import read
from xpiler.verify.proof.equal import equal_for_all
from xpiler.verify.verdict import Proved, Unknown

GEMM = """void gemm(const float* A, const float* B, float* C, int M, int N, int K) {
  for (int m = 0; m < M; ++m) for (int n = 0; n < N; ++n) { float s = 0.0f;
    for (int k = 0; k < K; ++k) s += A[m * K + k] * B[k * N + n];
    C[m * N + n] = s; } }"""
LAUNCH = """
extern "C" void gemm(const float* A, const float* B, float* C, int M, int N, int K) {
  float *a, *b, *c;
  cudaMalloc(&a, M * K * sizeof(float)); cudaMalloc(&b, K * N * sizeof(float)); cudaMalloc(&c, M * N * sizeof(float));
  cudaMemcpy(a, A, M * K * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, B, K * N * sizeof(float), cudaMemcpyHostToDevice);
  dim3 grid((N + 15) / 16, (M + 15) / 16); dim3 block(16, 16);
  gk<<<grid, block>>>(a, b, c, M, N, K);
  cudaMemcpy(C, c, M * N * sizeof(float), cudaMemcpyDeviceToHost); }"""
NAIVE = """
__global__ void gk(const float* A, const float* B, float* C, int M, int N, int K) {
  int n = blockIdx.x * 16 + threadIdx.x; int m = blockIdx.y * 16 + threadIdx.y;
  if (m < M && n < N) { float s = 0.0f; for (int k = 0; k < K; ++k) s += A[m * K + k] * B[k * N + n];
    C[m * N + n] = s; } }""" + LAUNCH
TILED = """
__global__ void gk(const float* A, const float* B, float* C, int M, int N, int K) {
  __shared__ float as[16][16], bs[16][16];
  int tx = threadIdx.x, ty = threadIdx.y;
  int n = blockIdx.x * 16 + tx; int m = blockIdx.y * 16 + ty; float s = 0.0f;
  for (int k0 = 0; k0 < K; k0 += 16) {
    as[ty][tx] = m < M && k0 + tx < K ? A[m * K + k0 + tx] : 0.0f;
    bs[ty][tx] = n < N && k0 + ty < K ? B[(k0 + ty) * N + n] : 0.0f;
    __syncthreads();
    for (int k = 0; k < 16; ++k) s += as[ty][k] * bs[k][tx];
    __syncthreads(); }
  if (m < M && n < N) C[m * N + n] = s; }""" + LAUNCH
SOFTMAX = """#include <math.h>
void softmax(const float* x, float* y, int rows, int cols) {
  for (int r = 0; r < rows; ++r) {
    float t = x[r * cols]; for (int c = 1; c < cols; ++c) t = fmaxf(t, x[r * cols + c]);
    float s = 0.0f; for (int c = 0; c < cols; ++c) s += expf(x[r * cols + c] - t);
    for (int c = 0; c < cols; ++c) y[r * cols + c] = expf(x[r * cols + c] - t) / s; } }"""
STORED = """#include <math.h>
void softmax(const float* x, float* y, int rows, int cols) {
  for (int r = 0; r < rows; ++r) {
    float t = -INFINITY; for (int c = 0; c < cols; ++c) t = fmaxf(t, x[r * cols + c]);
    float s = 0.0f;
    for (int c = 0; c < cols; ++c) { float e = expf(x[r * cols + c] - t); y[r * cols + c] = e; s += e; }
    float inv = 1.0f / s;
    for (int c = 0; c < cols; ++c) y[r * cols + c] *= inv; } }"""
CONV = """void conv(const float* x, const float* w, float* y, int n) {
  for (int b = 0; b < n; ++b) for (int o = 0; o < 8; ++o) for (int h = 0; h < 6; ++h) for (int v = 0; v < 6; ++v) {
    float s = 0.0f;
    for (int c = 0; c < 4; ++c) for (int i = 0; i < 3; ++i) for (int j = 0; j < 3; ++j) {
      int hh = h + i - 1, vv = v + j - 1;
      if (hh >= 0 && hh < 6 && vv >= 0 && vv < 6)
        s += x[((b * 4 + c) * 6 + hh) * 6 + vv] * w[((o * 4 + c) * 3 + i) * 3 + j]; }
    y[((b * 8 + o) * 6 + h) * 6 + v] = s; } }"""
FLAT = """void conv(const float* x, const float* w, float* y, int n) {
  for (int q = 0; q < n * 288; ++q) { int v = q % 6, h = q / 6 % 6, o = q / 36 % 8, b = q / 288; float s = 0.0f;
    for (int i = 0; i < 3; ++i) for (int j = 0; j < 3; ++j) for (int c = 0; c < 4; ++c) {
      int hh = h + i - 1, vv = v + j - 1;
      float e = (hh >= 0 && hh < 6 && vv >= 0 && vv < 6) ? x[((b * 4 + c) * 6 + hh) * 6 + vv] : 0.0f;
      s += w[((o * 4 + c) * 3 + i) * 3 + j] * e; }
    y[q] = s; } }"""


def load(text: str) -> Program:
    language = "cuda" if "__global__" in text else "c"
    return read(text, platforms.get(language), "t.cu" if language == "cuda" else "t.c")


PAIRS = {"naive": (GEMM, NAIVE), "tiled": (GEMM, TILED), "softmax": (SOFTMAX, STORED), "conv": (CONV, FLAT)}


@pytest.mark.parametrize(("a", "b"), PAIRS.values(), ids=PAIRS)
def test_every_size_is_proved(a: str, b: str) -> None:
    found = equal_for_all(load(a), load(b), seconds=60).verdict
    assert isinstance(found, Proved), found
    assert "all sizes with" in found.scope


@pytest.mark.parametrize(
    ("pair", "old", "new"),
    [
        ("naive", "n < N)", "n < N - 1)"), ("naive", "k < K", "k < K - 1"), ("naive", "A[m * K + k]", "A[m * N + k]"),
        ("naive", "m < M && n < N", "m < M || n < N"), ("naive", "dim3 grid((N + 15)", "dim3 grid((N + 14)"),
        ("tiled", "k0 + tx < K ?", "k0 + tx < K - 1 ?"), ("tiled", "k0 + ty < K ? B", "k0 + ty + 1 < K ? B"),
        ("tiled", "k < 16", "k < 15"), ("tiled", "bs[k][tx]", "bs[tx][k]"), ("tiled", "k0 = 0", "k0 = 16"),
        ("tiled", ": 0.0f;", ": 1.0f;"),
        ("softmax", "float t = -INFINITY; for (int c = 0", "float t = -INFINITY; for (int c = 1"),
        ("softmax", "float t = -INFINITY", "float t = 0.0f"), ("softmax", "s = 0.0f", "s = 1.0f"),
        ("conv", "vv < 6) ?", "vv < 5) ?"), ("conv", "hh >= 0", "hh > 0"), ("conv", "q / 36 % 8", "q / 36 % 4"),
    ],
)
def test_a_changed_one_is_not(pair: str, old: str, new: str) -> None:
    a, b = PAIRS[pair]
    assert old in b
    assert isinstance(equal_for_all(load(a), load(b.replace(old, new)), seconds=20).verdict, Unknown)
