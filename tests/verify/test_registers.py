"""A block whose threads need more registers than a block has: by nvcc, which counts them."""

import shutil
from pathlib import Path

import pytest

from xpiler.given import program_of
from xpiler.verify.runs.sane import sane

TEXT = """
template <int N> __global__ void many(const float* x, float* y) {
  float a[N];
  for (int i = 0; i < N; ++i) a[i] = x[i * 1024 + threadIdx.x];
  float s = 0;
  for (int j = 0; j < 50; ++j) {
#pragma unroll
    for (int i = 0; i < N; ++i) {
      a[i] = a[i] * a[(i * 7 + 3) % N] + x[j];
      s += a[i];
    }
  }
  y[threadIdx.x] = s;
}
extern "C" void run(const float* x, float* y) {
  float *dx, *dy;
  cudaMalloc(&dx, 96 * 1024 * sizeof(float));
  cudaMalloc(&dy, 1024 * sizeof(float));
  cudaMemcpy(dx, x, 96 * 1024 * sizeof(float), cudaMemcpyHostToDevice);
  many<96><<<1, THREADS>>>(dx, dy);
  cudaMemcpy(y, dy, THREADS * sizeof(float), cudaMemcpyDeviceToHost);
}
"""


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("nvcc"), reason="nvcc counts registers, and is not on PATH")
@pytest.mark.parametrize(("threads", "found"), [(1024, True), (512, False)])
def test_registers_of_a_block(tmp_path: Path, threads: int, found: bool) -> None:
    path = tmp_path / "k.cu"
    path.write_text(TEXT.replace("THREADS", str(threads)))
    platform, text, program, _ = program_of(path, "", [], [], "", "", "", "")
    told = [f for f in sane(text, platform, program, file=path.name).findings if f.code == "XP2122"]
    assert bool(told) == found
    assert all(f.line == 2 and "registers" in f.message for f in told)
