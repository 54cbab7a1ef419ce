"""Bits of masks and of indices: lanes chosen by comparing, and what stands in a row of bits."""

from __future__ import annotations

import random

import pytest

from tests.verify.proof.test_random import agree, c
from xpiler import platforms
from xpiler.ir.nodes import Program
from xpiler.text.read import read
from xpiler.verify.proof.arith import binary
from xpiler.verify.proof.equal import equal_for_all
from xpiler.verify.proof.index import poly, put, symbol
from xpiler.verify.proof.solver import Facts, Oracle
from xpiler.verify.verdict import Proved

ZERO, ONE = "_mm512_setzero_ps()", "_mm512_set1_ps(1.0f)"
SIGN = c("for (int i = 0; i < 64; ++i) y[i] = (float)((x[i] > 0.0f) - (x[i] < 0.0f));")
CHOICE = c("for (int i = 0; i < 64; ++i) y[i] = x[i] > 0.0f ? 1.0f : x[i] < 0.0f ? -1.0f : 0.0f;")
MASKS = ("__mmask16 p = _mm512_cmp_ps_mask(v, z, _CMP_GT_OQ); __mmask16 n = _mm512_cmp_ps_mask(v, z, _CMP_LT_OQ);"
         " v = _mm512_sub_ps(_mm512_maskz_mov_ps(p, e), _mm512_maskz_mov_ps(n, e));")
RELU = "v = _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(v, z, _CMP_GT_OQ), v);"


def vnni(body: str) -> Program:
    return read(f"""#include <immintrin.h>
extern "C" void f(const float* x, const float* w, float* y) {{
  __m512 z = {ZERO}; __m512 e = {ONE};
  for (int i = 0; i < 64; i += 16) {{ __m512 v = _mm512_loadu_ps(x + i); {body} _mm512_storeu_ps(y + i, v); }} }}""",
                platforms.get("vnni"), "t.cpp")


@pytest.mark.parametrize(("a", "b"), [
    (vnni(MASKS), SIGN), (vnni(MASKS), CHOICE), (SIGN, CHOICE),
    (c("""for (int b = 0; b < 4; ++b) { unsigned short m = 0;
          for (int i = 0; i < 16; ++i) m |= (x[16 * b + i] > 0.0f) << i;
          for (int i = 0; i < 16; ++i) y[16 * b + i] = m >> i & 1 ? x[16 * b + i] : 0.0f; }"""),
     c("for (int i = 0; i < 64; ++i) y[i] = x[i] > 0.0f ? x[i] : 0.0f;")),
    (vnni(RELU), c("for (int i = 0; i < 64; ++i) y[i] = x[i] > 0.0f ? x[i] : 0.0f;")),
    (vnni("v = _mm512_mask_mov_ps(e, _mm512_cmp_ps_mask(v, z, _CMP_GT_OQ), v);"),
     c("for (int i = 0; i < 64; ++i) y[i] = x[i] > 0.0f ? x[i] : 1.0f;")),
])
def test_a_lane_is_chosen_by_its_own_comparison(a: Program, b: Program) -> None:
    found = equal_for_all(a, b, seconds=60).verdict
    assert isinstance(found, Proved), found


@pytest.mark.parametrize(("a", "b"), [
    (vnni(MASKS.replace("_CMP_LT_OQ", "_CMP_GT_OQ")), SIGN), (vnni(MASKS.replace("mov_ps(n, e)", "mov_ps(p, e)")), SIGN),
    (vnni(MASKS.replace("cmp_ps_mask(v, z, _CMP_GT", "cmp_ps_mask(e, z, _CMP_GT")), SIGN),
    (vnni(MASKS.replace("maskz_mov_ps(p, e)", "maskz_mov_ps(p << 1, e)")), SIGN),
    (vnni(MASKS.replace("maskz_mov_ps(p, e)", "maskz_mov_ps((__mmask8)p, e)")), SIGN),
    (c("""for (int b = 0; b < 4; ++b) { unsigned char m = 0;
          for (int i = 0; i < 16; ++i) m |= (x[16 * b + i] > 0.0f) << i;
          for (int i = 0; i < 16; ++i) y[16 * b + i] = m >> i & 1 ? x[16 * b + i] : 0.0f; }"""),
     c("for (int i = 0; i < 64; ++i) y[i] = x[i] > 0.0f ? x[i] : 0.0f;")),
    (c("for (int i = 0; i < 64; ++i) y[i] = (float)((x[i] > 0.0f) - 2 * (x[i] < 0.0f));"), SIGN),
    (vnni(RELU), c("for (int i = 0; i < 64; ++i) y[i] = x[i];")),
])
def test_other_lanes_are_never_proved(a: Program, b: Program) -> None:
    assert not isinstance(equal_for_all(a, b, seconds=60).verdict, Proved)


def test_a_row_of_ones_is_a_digit() -> None:
    rng, facts, x = random.Random(3), Facts(Oracle(1e9)), symbol("x", 0)
    for _ in range(200):
        k, at = rng.randint(-4000, 4000), rng.randint(0, 5000)
        assert put(binary("&", poly(x), poly(k), facts), {x: poly(at)}).constant == at & k
        assert binary("&", poly(-at), poly(k), facts).constant == -at & k


TABLE = "float t[4] = {x[2], x[4], x[6], x[8]}; for (int i = 0; i < 4; ++i) y[i] = t[i];"


@pytest.mark.parametrize(("a", "b", "equal"), [
    (TABLE, "for (int i = 0; i < 4; ++i) y[i] = x[2 * i + 2];", True),
    (TABLE.replace("x[6]", "x[7]"), "for (int i = 0; i < 4; ++i) y[i] = x[2 * i + 2];", False),
    (TABLE.replace("x[6]", "w[6]"), "for (int i = 0; i < 4; ++i) y[i] = x[2 * i + 2];", False),
    ("float t[4] = {0, 0, 0, 0}; for (int i = 0; i < 4; ++i) { t[i] += x[i]; y[i] = t[i]; }",
     "for (int i = 0; i < 4; ++i) y[i] = x[i];", True),
])
def test_a_table_that_began_in_a_row(a: str, b: str, equal: bool) -> None:
    assert isinstance(equal_for_all(c(a), c(b), seconds=60).verdict, Proved) is equal
    assert agree(c(a), c(b)) is equal


WALK = "int b = 5; for (int i = 3; i <= 11; i += 4, b += 2) y[i] = x[b];"


@pytest.mark.parametrize(("a", "b", "equal"), [
    (WALK, "for (int k = 0; k < 3; ++k) y[3 + 4 * k] = x[5 + 2 * k];", True),
    (WALK.replace("<=", "<"), "for (int k = 0; k < 3; ++k) y[3 + 4 * k] = x[5 + 2 * k];", False),
    (WALK, "for (int k = 0; k < 3; ++k) y[3 + 4 * k] = x[5 + k];", False),
    ("int i = 9; while (i > 0) { y[i] = x[i]; i -= 3; }", "for (int k = 1; k < 4; ++k) y[3 * k] = x[3 * k];", True),
    ("int i = 9; while (i >= 0) { y[i] = x[i]; i -= 3; }", "for (int k = 1; k < 4; ++k) y[3 * k] = x[3 * k];", False),
    ("int i = 0; while (i < 8) { i += 2; y[i] = x[i]; }", "for (int k = 1; k < 5; ++k) y[2 * k] = x[2 * k];", True),
    ("int i = -4; unsigned last = 8; while ((unsigned)i < last) { y[i + 4] = x[i + 4]; i += 4; }",
     "for (int k = 0; k < 3; ++k) y[4 * k] = x[4 * k];", False),
    ("int i = 0; while (i < 8) { if (x[i] > 0.0f) i += 1; i += 1; y[i] = x[i]; }",
     "for (int k = 1; k < 9; ++k) y[k] = x[k];", False),
])
def test_a_loop_with_a_condition_that_is_counted(a: str, b: str, equal: bool) -> None:
    assert isinstance(equal_for_all(c(a), c(b), seconds=60).verdict, Proved) is equal
    if equal:
        assert agree(c(a), c(b))
