"""The matrix operations of a warp against a product in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xpiler.emulate.build import build
from xpiler.emulate.entry import Entry, Run
from xpiler.emulate.run import run
from xpiler.ir.nodes import Buffer
from xpiler.ir.types import DType
from xpiler.platforms import get

CUDA = get("cuda")
Array = np.ndarray[Any, Any]
OPERANDS = {"half": DType.F16, "__nv_bfloat16": DType.BF16, "signed char": DType.I8, "unsigned char": DType.U8}
SUMS = {"float": DType.F32, "half": DType.F16, "int": DType.I32}


def multiply(shape: tuple[int, int, int], operand: str, total: str, layouts: tuple[str, str], a: Array, b: Array,
             c: Array, *, ldm: str = "", offset: int = 0, lanes: int = 32) -> Run:
    """c = a * b + c by one warp; c is loaded by rows and stored by columns."""
    m, n, k = shape
    lda = m if layouts[0] == "col_major" else k
    ldb = k if layouts[1] == "col_major" else n
    source = f"""
using namespace nvcuda::wmma;
__global__ void product(const {operand}* a, const {operand}* b, const {total}* c, {total}* o) {{
  fragment<matrix_a, {m}, {n}, {k}, {operand}, {layouts[0]}> fa;
  fragment<matrix_b, {m}, {n}, {k}, {operand}, {layouts[1]}> fb;
  fragment<accumulator, {m}, {n}, {k}, {total}> fc, twice;
  load_matrix_sync(fa, a + {offset}, {ldm or lda});
  load_matrix_sync(fb, b, {ldb});
  load_matrix_sync(fc, c, {n}, mem_row_major);
  fill_fragment(twice, 0);
  mma_sync(fc, fa, fb, fc);
  for (int t = 0; t < fc.num_elements; ++t) twice.x[t] = fc.x[t] + fc.x[t];
  store_matrix_sync(o, twice, {m}, mem_col_major);
}}"""
    t, s = OPERANDS[operand], SUMS[total]
    params = (Buffer("a", t, None, const=True), Buffer("b", t, None, const=True), Buffer("c", s, None, const=True),
              Buffer("o", s, None))
    entry = Entry("product", params, kernel=True, extents={"block.x": 1, "thread.x": lanes})
    stored = {"a": a.T if layouts[0] == "col_major" else a, "b": b.T if layouts[1] == "col_major" else b, "c": c}
    arrays = {name: np.ascontiguousarray(v).ravel() for name, v in stored.items()}
    return run(build(source, CUDA, entry), entry, {**arrays, "o": np.zeros(m * n, c.dtype)})


def small(shape: tuple[int, int], dtype: type, seed: int) -> Array:
    """Integers whose products are exact in every type."""
    low = 0 if dtype is np.uint8 else -4
    return np.random.default_rng(seed).integers(low, 5, shape).astype(dtype)


@pytest.mark.parametrize(("shape", "operand", "total", "layouts"), [
    ((16, 16, 16), "half", "float", ("row_major", "col_major")),
    ((32, 8, 16), "half", "half", ("col_major", "row_major")),
    ((8, 32, 16), "__nv_bfloat16", "float", ("row_major", "row_major")),
    ((16, 16, 16), "signed char", "int", ("row_major", "col_major")),
    ((8, 32, 16), "unsigned char", "int", ("row_major", "row_major")),
])
def test_products(shape: tuple[int, int, int], operand: str, total: str, layouts: tuple[str, str]) -> None:
    m, n, k = shape
    types = {"half": np.float16, "__nv_bfloat16": np.float32, "signed char": np.int8, "unsigned char": np.uint8}
    sums = {"float": np.float32, "half": np.float16, "int": np.int32}
    a, b = small((m, k), types[operand], 1), small((k, n), types[operand], 2)
    c = small((m, n), sums[total], 3)
    done = multiply(shape, operand, total, layouts, a, b, c)
    assert done.status == "ok", done.findings
    want = 2 * (a.astype(np.float64) @ b.astype(np.float64) + c.astype(np.float64))
    np.testing.assert_array_equal(done.outputs["o"].reshape(n, m).T, want)


def test_halves_of_every_size_are_widened_exactly() -> None:
    a = np.zeros((16, 16), np.float16)
    a[:, 0] = np.array([2**-24, -(2**-14), 65504, -65504, 1e-7, 0.1, -0.0, 3, 2**-15, 6e-5, 1, -1, 0.5, 7, 9, 11], np.float16)
    eye = np.eye(16, dtype=np.float16)
    done = multiply((16, 16, 16), "half", "float", ("row_major", "row_major"), a, eye, np.zeros((16, 16), np.float32))
    np.testing.assert_array_equal(done.outputs["o"].reshape(16, 16).T, 2 * a.astype(np.float32))


@pytest.mark.parametrize(("rule", "message"), [
    ({"offset": 8}, "not a multiple of 32 bytes"),
    ({"ldm": "9"}, "not a multiple of 16 bytes"),
    ({"lanes": 16}, "whole warps"),
])
def test_rules(rule: dict[str, Any], message: str) -> None:
    a = np.zeros((32, 16), np.float16)
    done = multiply((16, 16, 16), "half", "float", ("row_major", "row_major"), a, a[:16], np.zeros((16, 16), np.float32),
                    **rule)
    assert done.status == "finding"
    assert message in done.findings[0].message
