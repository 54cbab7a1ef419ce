"""What the lanes of a warp carry out as one: proved only where all of them come to it with the same operands."""

from __future__ import annotations

import pytest

from xpiler import platforms
from xpiler.text.read import read
from xpiler.verify.argue.races import races
from xpiler.verify.verdict import Proved, Refuted, Unknown, Verdict

CUDA = platforms.get("cuda")
LOAD = "load_matrix_sync(fa, a, 16); load_matrix_sync(fb, b, 16);"
MMA = "mma_sync(fc, fa, fb, fc);"
STORE = "store_matrix_sync(o + 256 * (4 * blockIdx.x + w), fc, 16, mem_row_major);"


def verdict(body: str) -> Verdict:
    program = read(f"""
#include <mma.h>
using namespace nvcuda::wmma;
__global__ void k(const half *a, const half *b, float *o, int n) {{
  const int t = threadIdx.x, w = t / 32;
  fragment<matrix_a, 16, 16, 16, half, row_major> fa;
  fragment<matrix_b, 16, 16, 16, half, row_major> fb;
  fragment<accumulator, 16, 16, 16, float> fc, fd[2];
  fill_fragment(fc, 0.0f);
  {body}
}}
extern "C" void run(const half *a, const half *b, float *o, int n) {{
  half *da, *db; float *dout;
  cudaMalloc(&da, 4096 * sizeof(half));
  cudaMalloc(&db, 4096 * sizeof(half));
  cudaMalloc(&dout, 8 * 256 * sizeof(float));
  cudaMemcpy(da, a, 4096 * sizeof(half), cudaMemcpyHostToDevice);
  cudaMemcpy(db, b, 4096 * sizeof(half), cudaMemcpyHostToDevice);
  k<<<2, 128>>>(da, db, dout, n);
  cudaMemcpy(o, dout, 8 * 256 * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(da); cudaFree(db); cudaFree(dout);
}}""", CUDA, "k.cu")
    return races(program, CUDA, strict=True).verdict


LAWFUL = {
    "straight on": LOAD + MMA + STORE,
    "each warp its own": "load_matrix_sync(fa, a + 256 * (t >> 5), 16); load_matrix_sync(fb, b, 16);" + MMA + STORE,
    "in a loop": "for (int i = 0; i < n; ++i) { load_matrix_sync(fa, a + i * 256, 16);" + LOAD + MMA + "}" + STORE,
    "as often as the warp says": "for (int i = w; i < n; i += 4) {" + LOAD + MMA + "}" + STORE,
    "with barriers": (
        "__shared__ half s[256]; for (int i = 0; i < n; ++i) { for (int j = t; j < 256; j += 128) s[j] = a[j];"
        "__syncthreads(); load_matrix_sync(fa, s, 16); load_matrix_sync(fb, b + i * 16, 16);" + MMA
        + "__syncthreads(); }" + STORE),
    "a branch of a warp": LOAD + "if (w < n) {" + MMA + "}" + STORE,
    "a warp that leaves": "if (blockIdx.x * 4 + w >= n) return;" + LOAD + MMA + STORE,
    "lanes that part and meet": LOAD + MMA + "float v = 0; if (t % 32 < 7) v = 1; fc.x[0] += v;" + STORE,
    "tiles of an array": "for (int i = 0; i < 2; ++i) fill_fragment(fd[i], 0); " + LOAD + (
        "for (int i = 0; i < 2; ++i) mma_sync(fd[i], fa, fb, fd[i]); fc = fd[1];") + STORE,
}
FAULTS = {
    "address": "load_matrix_sync(fa, a + 256 * (t % 2), 16);",
    "address by the warp and more": "load_matrix_sync(fa, a + 16 * (t / 16), 16);",
    "leading dimension": "load_matrix_sync(fa, a, t % 32 ? 16 : 24);",
    "layout": LOAD + MMA + "store_matrix_sync(o + 256 * (4 * blockIdx.x + w), fc, 16, t & 1 ? mem_row_major : "
              "mem_col_major);",
    "tile": LOAD + "mma_sync(fc, fa, fb, fd[t % 2]);",
    "a branch": LOAD + "if (t % 32 < 9) {" + MMA + "}",
    "a lane that leaves": "if (t == 40) return;" + LOAD,
    "turns": "load_matrix_sync(fb, b, 16); for (int i = 0; i < t; ++i) load_matrix_sync(fa, a, 16);",
    "in a loop": "for (int i = 0; i < 4; ++i) load_matrix_sync(fa, a + 16 * ((t + i) % 4), 16);",
}
UNDECIDED = {
    "an address of data": "load_matrix_sync(fa, a + (int)o[t], 16);",
    "a branch on data": LOAD + "if (b[t] > a[t]) {" + MMA + "}",
    "a loop that data ends": LOAD + "for (int i = 0; i < n; ++i) { if (a[t] > b[i]) break;" + MMA + "}",
}


@pytest.mark.parametrize("body", LAWFUL.values(), ids=LAWFUL)
def test_lanes_that_agree_are_proved(body: str) -> None:
    found = verdict(body)
    assert isinstance(found, Proved), found


@pytest.mark.parametrize("body", FAULTS.values(), ids=FAULTS)
def test_lanes_that_part_are_refuted(body: str) -> None:
    found = verdict(body)
    assert isinstance(found, Refuted), found
    assert "the lanes of a warp do" in found.witness.what


@pytest.mark.parametrize("body", UNDECIDED.values(), ids=UNDECIDED)
def test_what_data_decides_is_not_proved(body: str) -> None:
    found = verdict(body)
    assert isinstance(found, Unknown), found
