"""Gathers: elements whose places differ by more than one from lane to lane, or are data, are collected in registers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.passes.interpret import run
from xpiler import platforms
from xpiler.facts import sym
from xpiler.ir.nodes import For, Intrinsic, Kernel
from xpiler.ir.types import DType
from xpiler.ir.walk import statements
from xpiler.passes.detensorize import Detensorize
from xpiler.passes.lanes.shortened import shortened
from xpiler.passes.lanes.vectors import VectorLoops
from xpiler.passes.step import NotApplicable
from xpiler.text.library import library
from xpiler.text.read import read
from xpiler.to_pivot import sequential
from xpiler.to_target import vector_unit

VNNI = platforms.get("vnni")
MEANINGS = {(m.name, m.key): m for m in library(VNNI)}
TEXT = """void k(const float* x, const int* at, float* y, int n) {
  for (int r = 0; r < 3; ++r)
    for (int c = 0; c < n; ++c) y[r * n + c] = %s;
}"""
CAUSAL = """void k(const float* x, float* y, int n) {
  for (int r = 0; r < n; ++r) {
    float s = 0.0f;
    for (int c = 0; c < (n + 3) / 4 * 4; ++c) if (c <= r) s += x[r * n + c];
    y[r] = s;
  }
}"""


def pivot(text: str) -> Kernel:
    c = platforms.get("c")
    return sequential(read(text, c, "k.c"), c)[0].kernels[0]


def vectors(given: Kernel) -> Kernel:
    return VectorLoops(vector_unit(VNNI)).apply(given)


def names(k: Kernel) -> set[str]:
    return {s.name for s in statements(k) if isinstance(s, Intrinsic)}


@pytest.mark.parametrize("value", [
    "x[at[r * n + c]]", "x[2 * c + r]", "x[c * n + r] + x[r * n + c]", "x[40 - c] * 2.0f",
    "x[(int)(c * 0.5f)]", "at[c] == r ? x[0] : 1.0f", "c == at[r] ? 2.5f : -1.0f", "x[at[c] < 3 ? at[c] + 1 : 3]"])
@pytest.mark.parametrize("n", [5, 16, 37])
def test_lanes_collect_what_is_not_in_their_order(value: str, n: int) -> None:
    given = pivot(TEXT % value)
    made = vectors(given)
    assert not any(isinstance(s, For) and s.var.name.startswith("l") for s in statements(made))  # nothing lane by lane
    assert any("gather" in name for name in names(made)) or "x[" not in value.replace("x[0]", "")
    rng, got = np.random.default_rng(n), []
    x, at = rng.standard_normal(2000), rng.integers(0, 6, 3 * n)
    for k in (given, Detensorize(MEANINGS).apply(made)):
        y = np.zeros(3 * n)
        run(k, {"x": x.copy(), "at": at.copy(), "y": y}, n=n)
        got.append(y)
    np.testing.assert_allclose(got[1], got[0], rtol=1e-6)


def test_not_under_a_condition_that_keeps_a_load_from_being_made() -> None:
    assert not any("i32gather" in s for s in _tried("r < at[c] && c > at[r] ? x[3 * c] : 0.0f"))


def _tried(value: str) -> set[str]:
    try:
        return {s for s in names(vectors(pivot(TEXT % value))) if "mask" not in s}
    except NotApplicable:
        return set()


def test_a_sum_that_a_condition_ends_has_no_condition() -> None:
    made = vectors(pivot(CAUSAL))
    assert any("reduce_add" in name for name in names(made))


def test_a_row_ends_before_its_matrix_does() -> None:
    n = sym.var("n")
    r, k = sym.var("r", n), sym.var("k", sym.scale(sym.div(sym.add(n, sym.integer(3)), sym.integer(4)), 4))
    x = sym.load("x", sym.add(sym.mul(r, n), k), DType.F32)
    zero = sym.number(0.0, DType.F32)
    body = sym.make("sel", (sym.compare("<=", k, r), x, zero), None, DType.F32)
    short = shortened(sym.make("fold", (body, zero), ("+", (k,)), DType.F32))
    assert sym.extent_of(sym.fold_vars(short)[0]) is sym.add(r, sym.ONE)
    assert short.args[0].op == "ld"


FIRST = """void k(const float* x, const int* at, float* y, int n) {
  for (int r = 0; r < 3; ++r) {
    float top = -1e9f, s = 0.0f;
    int first = 1000;
    for (int c = 0; c < n; ++c) top = x[r * n + c] > top ? x[r * n + c] : top;
    for (int c = 0; c < n; ++c) if (x[r * n + c] == top) first = c < first ? c : first;
    for (int c = 0; c < n; ++c) s += x[r * n + c] * x[at[c]];
    y[r * n] = s + first;
  }
}"""


@pytest.mark.parametrize("n", [16, 37])
def test_sums_of_what_is_collected_and_of_some_elements(n: int) -> None:
    given = pivot(FIRST)
    made = vectors(given)
    assert {"_mm512_i32gather_ps", "_mm512_reduce_min_epi32", "_mm512_cmpeq_ps_mask"} <= names(made)
    rng, got = np.random.default_rng(n), []
    x, at = np.float32(rng.standard_normal(2000)).astype(float), rng.integers(0, 6, 3 * n)
    for k in (given, Detensorize(MEANINGS).apply(made)):
        y = np.zeros(3 * n)
        run(k, {"x": x.copy(), "at": at.copy(), "y": y}, n=n)
        got.append(y)
    np.testing.assert_allclose(got[1], got[0], rtol=1e-6)


BYTES = """void k(const unsigned char* q, const signed char* z, float* y, int n) {
  for (int c = 0; c < n; ++c) y[c] = (q[c] % 16 - 8) * 0.5f + (q[c] / 16) * (float)z[c];
}"""


@pytest.mark.parametrize("n", [16, 37])
def test_halves_of_bytes_and_the_last_of_them_are_not_taken_one_by_one(n: int) -> None:
    given = pivot(BYTES)
    made = vectors(given)
    assert not any(isinstance(s, For) and s.var.name.startswith("l") for s in statements(made))
    assert {"_mm_maskz_loadu_epi8", "_mm512_srai_epi32", "_mm512_and_epi32"} <= names(made)
    rng, got = np.random.default_rng(n), []
    q, z = rng.integers(0, 256, n, dtype=np.uint8), rng.integers(-128, 128, n, dtype=np.int8)
    for k in (given, Detensorize(MEANINGS).apply(made)):
        y = np.zeros(n)
        run(k, {"q": q.copy(), "z": z.copy(), "y": y}, n=n)
        got.append(y)
    np.testing.assert_allclose(got[1], got[0], rtol=1e-6)


BLOCKS = """void k(const float* x, float* y, int n) {
  for (int c = 0; c < n; ++c) y[c] = x[c / 32 * 33] * x[c / 32 * 33 + 1 + c % 32];
}"""


@pytest.mark.parametrize("n", [37, 48, 64])
def test_rows_with_an_element_of_their_own_are_read_as_far_as_there_are_any(n: int) -> None:
    given = pivot(BLOCKS)
    made = vectors(given)
    assert not any("gather" in name for name in names(made)) and "_mm512_loadu_ps" in names(made)
    x, got = np.random.default_rng(n).standard_normal((n + 31) // 32 * 33), []
    for k in (given, Detensorize(MEANINGS).apply(made)):
        y = np.zeros(n)
        run(k, {"x": x.copy(), "y": y}, n=n)
        got.append(y)
    np.testing.assert_allclose(got[1], got[0], rtol=1e-6)
