"""A watched run tells who wrote an element last: the line, the thread, and what it was copied from."""

from __future__ import annotations

from functools import cache

import numpy as np

from xpiler import platforms
from xpiler.emulate.build import build
from xpiler.emulate.entry import Entry, Executable, Writer
from xpiler.emulate.run import run
from xpiler.text.read import read

TEXT = """
__device__ void store(float* p, float v) {
  *p = v;
}
__global__ void k(const float* x, float* y, int n) {
  __shared__ float s[64];
  int i = threadIdx.x;
  s[i] = 0.0f;
  __syncthreads();
  if (i == 0) y[0] = 1.0f;
  if (i == 0 && blockIdx.x == 1) y[0] = 2.0f;
  if (i == 1) atomicAdd(&y[1], x[1]);
  if (i == 2) store(&y[2], x[2]);
  if (i == 3) memcpy(&y[3], &s[3], n / 2);
}
extern "C" void run(const float* x, float* y, int n) {
  float *dx, *dy, *other;
  cudaMalloc(&dx, n * sizeof(float));
  cudaMalloc(&dy, n * sizeof(float));
  cudaMalloc(&other, n * sizeof(float));
  cudaMemcpy(dx, x, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(dy, y, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemset(dy + 4, 0, sizeof(float));
  k<<<2, 64>>>(dx, dy, n);
  cudaMemcpy(other, dy, n * sizeof(float), cudaMemcpyDeviceToDevice);
  cudaMemcpy(y, other, n * sizeof(float), cudaMemcpyDeviceToHost);
}
"""
LINES = TEXT.splitlines()


@cache
def built(watch: bool) -> tuple[Executable, Entry]:
    cuda = platforms.get("cuda")
    launcher = read(TEXT, cuda, "k.cu").launcher
    assert launcher is not None
    entry = Entry("run", launcher.params)
    return build(TEXT, cuda, entry, file="k.cu", watch=watch), entry


def told(*elements: int, watch: bool = True) -> list[Writer]:
    x = np.arange(8, dtype=np.float32)
    done = run(*built(watch), {"x": x, "y": x, "n": 8}, ask=[("y", i) for i in elements])
    assert done.status == "ok", done
    assert done.outputs["y"].tolist() == [2, 3, 2, 0, 0, 5, 6, 7]
    return list(done.writers)


def shown(w: Writer) -> str:
    return LINES[w.line - 1].strip() if w.line else ""


def test_the_last_one_counts_with_its_block_and_thread() -> None:
    first, = told(0)
    assert "= 2.0f" in shown(first) and first.where == "k, thread (0,0,0) of block (1,0,0)" and not first.made


def test_atomics_functions_and_the_host_write_too() -> None:
    atomic, called, filled = told(1, 2, 4)
    assert "atomicAdd" in shown(atomic) and "thread (1,0,0)" in atomic.where
    assert shown(called) == "*p = v;" and "thread (2,0,0)" in called.where
    assert "cudaMemset" in shown(filled) and filled.where == "host code"


def test_a_copy_tells_what_made_what_it_copied() -> None:
    copied, = told(3)
    assert "memcpy" in shown(copied) and copied.made == 1 + LINES.index("  s[i] = 0.0f;")


def test_nobody_wrote_what_only_the_host_copied() -> None:
    assert told(5, 7) == [Writer("y", 5), Writer("y", 7)]


def test_elements_that_are_not_there_and_runs_that_are_not_watched_tell_nothing() -> None:
    assert told(8) == [] and told(0, watch=False) == []


