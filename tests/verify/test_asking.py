"""Who asks whether numbers are any is told from who compares them."""

from __future__ import annotations

import pytest

from tests.verify.kernels import each, side
from xpiler import platforms
from xpiler.text.read import read
from xpiler.verify.runs.asking import asks_for_nan

VNNI = platforms.get("vnni")


def vectors(mask: str) -> str:
    return f"""#include <immintrin.h>
extern "C" void f(const float* x, const float* w, float* y, int n) {{
  for (int i = 0; i + 16 <= n; i += 16) {{
    __m512 a = _mm512_loadu_ps(x + i), b = _mm512_loadu_ps(w + i);
    _mm512_storeu_ps(y + i, _mm512_mask_blend_ps({mask}, a, b));
  }}
}}
"""


@pytest.mark.parametrize(("mask", "asks"), [
    ("_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ)", False), ("_mm512_cmp_ps_mask(a, b, _CMP_NEQ_UQ)", False),
    ("_mm512_cmp_ps_mask(a, b, _CMP_NLT_UQ)", True), ("_mm512_cmp_ps_mask(a, a, _CMP_ORD_Q)", True),
    ("_mm512_cmp_ps_mask(a, b, _CMP_EQ_UQ)", True), ("_mm512_cmple_ps_mask(a, b)", False),
    ("_mm512_cmpunord_ps_mask(a, b)", True),
    ("_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ) & _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ)", False),
])
def test_a_predicate_says_whether_it_asks_for_nan(mask: str, asks: bool) -> None:
    assert asks_for_nan(read(vectors(mask), VNNI, "f.cpp")) is asks


@pytest.mark.parametrize(("body", "asks"), [
    ("y[i] = fmaxf(x[i], 0.0f);", False), ("y[i] = x[i] != 0.0f;", False), ("y[i] = (float)__float2int_rn(x[i]);", False),
    ("bool no = isnan(x[i]); y[i] = no ? 0.0f : x[i];", True), ("float v = x[i]; if (v == v) y[i] = v;", True),
    ("bool no = isnan(x[i]); y[i] = x[i];", False),
])
def test_a_kernel_says_whether_it_asks_for_nan(body: str, asks: bool) -> None:
    assert asks_for_nan(side(each(body)).program) is asks
