"""All lanes of a warp give the same operands to a matrix operation, and all of them come to it."""

from __future__ import annotations

import numpy as np
import pytest

from xpiler.emulate.build import build
from xpiler.emulate.entry import Entry, Run
from xpiler.emulate.run import run
from xpiler.ir.nodes import Buffer
from xpiler.ir.types import DType
from xpiler.platforms import get

CUDA = get("cuda")
SIZE = 4 * 256  # elements of each array

HEAD = """
using namespace nvcuda::wmma;
__global__ void k(const half* a, const half* b, float* o) {
  const int t = threadIdx.x, lane = t % 32, warp = t / 32;
  fragment<matrix_a, 16, 16, 16, half, row_major> fa, fa2;
  fragment<matrix_b, 16, 16, 16, half, row_major> fb;
  fragment<accumulator, 16, 16, 16, float> fc, fc2;
  fill_fragment(fc, 0.0f);
"""
LOAD = "load_matrix_sync(fa, a, 16); load_matrix_sync(fb, b, 16);"
MMA = "mma_sync(fc, fa, fb, fc);"
STORE = "store_matrix_sync(o + 256 * warp, fc, 16, mem_row_major);"

LAWFUL = {
    "one warp after another": LOAD + MMA + STORE,
    "each warp its own": "load_matrix_sync(fa, a + 256 * warp, 16); load_matrix_sync(fb, b, 16);" + MMA + STORE,
    "each warp as often as it likes": (
        "load_matrix_sync(fb, b, 16); for (int i = 0; i <= warp; ++i) { load_matrix_sync(fa, a + 256 * i, 16);"
        + MMA + "}" + STORE),
    "a branch of a warp": LOAD + "if (warp == 1) {" + MMA + "}" + STORE,
    "a warp that leaves": "if (warp == 1) return;" + LOAD + MMA + STORE,
    "lanes that part before": "if (lane < 5) o[t] = 1; for (int i = 0; i < lane; ++i) o[t] += 1;" + LOAD + MMA + STORE,
    "a lane that leaves behind it": LOAD + MMA + STORE + "if (lane == 3) return; o[256 * 2 + t] = 1;",
    "through shared memory": (
        "__shared__ half s[256]; for (int i = t; i < 256; i += 64) s[i] = a[i]; __syncthreads();"
        "load_matrix_sync(fa, s, 16); load_matrix_sync(fb, b, 16);" + MMA + "__syncthreads();" + STORE),
    "elements by lane": LOAD + MMA + "for (int e = 0; e < fc.num_elements; ++e) fc.x[e] += lane;" + STORE,
    "a copy of a tile": LOAD + "fa2 = fa; mma_sync(fc2, fa2, fb, fc); fc = fc2;" + STORE,
    "tiles of an array": (
        "fragment<accumulator, 16, 16, 16, float> cs[2];"
        "for (int i = 0; i < 2; ++i) { fill_fragment(cs[i], i); }" + LOAD
        + "for (int i = 0; i < 2; ++i) { mma_sync(cs[i], fa, fb, cs[i]);"
          "store_matrix_sync(o + 256 * (2 * warp + i), cs[i], 16, mem_row_major); }"),
}
FAULTS = {
    "address of a load": ("load_matrix_sync(fa, a + 256 * (lane % 2), 16);", "another address"),
    "leading dimension": ("load_matrix_sync(fa, a, lane < 31 ? 16 : 24);", "another leading dimension"),
    "layout": (
        LOAD + MMA + "store_matrix_sync(o, fc, 16, lane ? mem_row_major : mem_col_major);", "another layout"),
    "address of a store": (LOAD + MMA + "store_matrix_sync(o + 16 * lane, fc, 16, mem_row_major);", "another address"),
    "tile of a product": (
        LOAD + "load_matrix_sync(fa2, a + 256, 16); if (lane < 16) fa2 = fa; mma_sync(fc, fa2, fb, fc);",
        "another tile of A"),
    "tile of a store": (
        LOAD + MMA + "mma_sync(fc2, fa, fb, fc); if (lane > 7) fc = fc2;" + STORE, "another tile"),
    "operation": (LOAD + "if (lane) {" + MMA + "} else " + STORE, "another operation"),
    "a lane that does not come": (LOAD + "if (lane) {" + MMA + "}", "has ended"),
    "a lane that left before": ("if (lane == 9) return;" + LOAD + MMA + STORE, "thread (9,0,0) of the warp has ended"),
    "a lane that comes less often": (
        "load_matrix_sync(fb, b, 16); for (int i = 0; i < (lane ? 2 : 1); ++i) { load_matrix_sync(fa, a, 16);"
        + MMA + "}" + STORE, "another operation"),
    "while others meet elsewhere": (
        "if (lane == 0 || lane == 31) __syncwarp(0x80000001); load_matrix_sync(fa, a + (lane == 7 ? 256 : 0), 16);",
        "another address"),
    "a lane that waits elsewhere": (LOAD + "if (lane) {" + MMA + "} __syncwarp();", "divergent barrier"),
}


def ran(body: str) -> Run:
    params = (Buffer("a", DType.F16, None, const=True), Buffer("b", DType.F16, None, const=True),
              Buffer("o", DType.F32, None))
    entry = Entry("k", params, kernel=True, extents={"block.x": 1, "thread.x": 64})
    return run(build(f"{HEAD}{body}\n}}", CUDA, entry), entry, {
        "a": np.ones(SIZE, np.float16), "b": np.ones(SIZE, np.float16), "o": np.zeros(SIZE, np.float32)})


@pytest.mark.sampled(3)
@pytest.mark.parametrize("body", LAWFUL.values(), ids=LAWFUL)
def test_what_lanes_do_as_one_is_silent(body: str) -> None:
    done = ran(body)
    assert done.status == "ok", done.findings


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("body", "message"), FAULTS.values(), ids=FAULTS)
def test_lanes_that_part(body: str, message: str) -> None:
    done = ran(body)
    assert done.status == "finding"
    found = done.findings[0]
    assert message in found.message, found
    assert found.line == HEAD.count("\n") + 1
    assert found.code == ("XP2110" if "divergent" in message else "XP2120")
