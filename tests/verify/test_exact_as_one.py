"""Exact arithmetic of what the lanes of a warp do as one: nothing is proved of lanes that do not agree."""

from __future__ import annotations

import pytest

from xpiler import platforms
from xpiler.ir.nodes import Program
from xpiler.text.read import read
from xpiler.verify.runs.compare import Tolerance
from xpiler.verify.exact.exact import equal_exact
from xpiler.verify.runs.inputs import Point, make
from xpiler.verify.runs.kinds import Kind
from xpiler.verify.runs.observe import Case, Reference
from xpiler.verify.signature import signature
from xpiler.verify.runs.sizes import known_sizes, with_floats
from xpiler.verify.runs.trial import Trial
from xpiler.verify.verdict import SOURCE, Evidence, Proved, Unknown, Verdict

CUDA = platforms.get("cuda")
SERIAL = """
  const int t = threadIdx.x;
  for (int i = t; i < 32 * 16; i += 64) {
    float sum = 0;
    for (int k = 0; k < 32; ++k) sum += (float)a[i / 16 * 32 + k] * (float)b[k * 16 + i % 16];
    o[i] = sum;
  }"""
TILES = """
  fragment<matrix_a, 16, 16, 16, half, row_major> fa, fa2;
  fragment<matrix_b, 16, 16, 16, half, row_major> fb;
  fragment<accumulator, 16, 16, 16, float> fc;
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  fill_fragment(fc, 0.0f);
"""


def program(body: str) -> Program:
    return read(f"""
#include <mma.h>
using namespace nvcuda::wmma;
__global__ void k(const half *a, const half *b, float *o) {{ {body} }}
extern "C" void run(const half *a, const half *b, float *o) {{
  half *da, *db; float *dout;
  cudaMalloc(&da, 32 * 32 * sizeof(half));
  cudaMalloc(&db, 32 * 16 * sizeof(half));
  cudaMalloc(&dout, 32 * 16 * sizeof(float));
  cudaMemcpy(da, a, 32 * 32 * sizeof(half), cudaMemcpyHostToDevice);
  cudaMemcpy(db, b, 32 * 16 * sizeof(half), cudaMemcpyHostToDevice);
  k<<<1, 64>>>(da, db, dout);
  cudaMemcpy(o, dout, 32 * 16 * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(da); cudaFree(db); cudaFree(dout);
}}""", CUDA, "k.cu")


def by_rows(row: str, before: str = "") -> str:
    """The rows of tiles from `row` on."""
    return TILES + before + f"""
  const int row = {row};
  for (int k = 0; k < 32; k += 16) {{
    load_matrix_sync(fa, a + row * 32 + k, 32);
    load_matrix_sync(fb, b + k * 16, 16);
    mma_sync(fc, fa, fb, fc);
  }}
  store_matrix_sync(o + row * 16, fc, 16, mem_row_major);"""


def verdict(target: str) -> Verdict:
    given = program(SERIAL)
    sig = signature(given)
    scalars = with_floats(sig, {})
    point = Point(scalars, known_sizes(sig, scalars), kind=Kind.RANDOM)
    case = Case(point, 0, make(sig, point, 0), Trial({}, (), "ok", 0.001), None)
    reference = Reference(sig, (case,), Tolerance(2.0**-23, 16), Evidence(SOURCE, Proved("")))
    return equal_exact(given, program(target), reference).verdict


BY_WARP = by_rows("warp * 16")
EACH = "for (int e = 0; e < fc.num_elements; ++e)"
PRODUCT = "mma_sync(fc, fa, fb, fc);"


@pytest.mark.parametrize("target", [
    BY_WARP,
    by_rows("warp * 16", "if (lane < 3) o[lane] = 1; __syncthreads();"),
    BY_WARP.replace(PRODUCT, "fa2 = fa; mma_sync(fc, fa2, fb, fc);"),
    BY_WARP.replace(PRODUCT, f"{PRODUCT} {EACH} fc.x[e] *= 1.0f;"),
    BY_WARP.replace(PRODUCT, f"fragment<accumulator, 16, 16, 16, float> of[2]; of[1] = fc; fill_fragment(of[0], 1);"
                    f"{EACH} {{ float v = of[1].x[e]; if (v > 0) v *= 1; fc.x[e] = v * of[0].x[e]; }} {PRODUCT}"),
])
def test_lanes_that_agree_are_proved(target: str) -> None:
    found = verdict(target)
    assert isinstance(found, Proved), found


@pytest.mark.parametrize(("target", "why"), [
    (by_rows("lane % 2 * 16"), "gives another address"),
    (BY_WARP.replace("a + row * 32 + k, 32", "a + row * 32 + k, lane ? 32 : 40"), "gives another operand"),
    (by_rows("warp * 16", "if (lane == 4) return;"), "has ended"),
    (BY_WARP.replace(PRODUCT, f"if (lane < 9) {PRODUCT} else {PRODUCT}"), "gives another operation"),
    (BY_WARP.replace(PRODUCT, f"{PRODUCT} {EACH} fc.x[e] += lane;"), "gives another tile"),
])
def test_lanes_that_do_not_agree_prove_nothing(target: str, why: str) -> None:
    found = verdict(target)
    assert isinstance(found, Unknown), found
    assert why in found.reason


@pytest.mark.parametrize(("edit", "why"), [
    ("fc.x[0] += 0;", "one element of the tile `fc`"),
    ("fc.x[lane % 8] += 0;", "one element of the tile `fc`"),
    ("for (int e = 0; e < 8; ++e) fc.x[e] += 0;", "some elements"),
    (EACH + " fc.x[e] += e - e;", "the number `e`"),
    (EACH + " if (e < 300) fc.x[e] += 0;", "the number `e`"),
    (EACH + " fc.x[e] += 0 * fc.x[(e + 1) % 8];", "which one a lane holds"),
    ("float sum = 0; " + EACH + " sum += fc.x[e];", "from one element"),
    (EACH + " if (fc.x[e] > 1e30f) o[0] = fc.x[e];", "stored to memory"),
    ("for (int e = 0; e < fc.num_elements; ++e) fa.x[e] = (half)fc.x[e];", "several types"),
])
def test_where_elements_of_a_tile_lie_is_not_assumed(edit: str, why: str) -> None:
    found = verdict(BY_WARP.replace(PRODUCT, PRODUCT + edit))
    assert isinstance(found, Unknown), found
    assert why in found.reason, found
