"""Sums of what is under conditions: each term under its own, all under what they share, and nothing said twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from tests.passes.random_kernels import same
from tests.passes.test_vector_choices import agree, calls, vectorized
from xpiler import platforms
from xpiler.ir.nodes import Buffer, Call, Const, If, Kernel, Load, Select
from xpiler.ir.types import DType
from xpiler.ir.walk import statements, walk
from xpiler.passes.contract import Contract
from xpiler.text.read import read
from xpiler.to_pivot import sequential

SIZES = {"x": 40, "at": 16, "map": 64, "y": 12}
BILINEAR = """void k(const float* x, const float* at, const float* map, float* y) {
  float acc[4];
  for (int r = 0; r < 3; ++r) {
    for (int c = 0; c < 4; ++c) acc[c] = 0.0f;
    for (int p = 0; p < 8; ++p) {
      float h = at[p * 2] * 3.0f - 0.5f, w = at[p * 2 + 1] * 3.0f - 0.5f;
      if (h <= -1.0f || w <= -1.0f || h >= 3.0f || w >= 3.0f) continue;
      int h0 = (int)floorf(h), w0 = (int)floorf(w);
      float lh = h - h0, lw = w - w0, weight = x[p * 3 + r];
      %s
    }
    for (int c = 0; c < 4; ++c) y[r * 4 + c] = acc[c];
  }
}"""
CORNER = "if (%s >= 0 && %s < 3 && %s >= 0 && %s < 3) for (int c = 0; c < 4; ++c) acc[c] += map[(%s * 3 + %s) * 4 + c] * (%s * weight);"
PLACES = [("h0", "w0", "(1 - lh) * (1 - lw)"), ("h0", "(w0 + 1)", "(1 - lh) * lw"),
          ("(h0 + 1)", "w0", "lh * (1 - lw)"), ("(h0 + 1)", "(w0 + 1)", "lh * lw")]


@pytest.fixture(scope="module")
def given() -> Kernel:
    c = platforms.get("c")
    text = BILINEAR % "\n".join(CORNER % (h, h, w, w, h, w, share) for h, w, share in PLACES)
    k = sequential(read(text, c, "k.c"), c, contracted=False)[0].kernels[0]
    params = tuple(replace(p, extent=Const(SIZES[p.name], DType.I32)) for p in k.params if isinstance(p, Buffer))
    return replace(k, params=params)


def test_each_term_of_a_guarded_sum_is_under_its_own_condition(given: Kernel) -> None:
    made = Contract().apply(given)
    assert sum(isinstance(e, Select) for e in walk(made.body)) == len(PLACES)
    assert Counter(e.buffer for e in walk(made.body) if isinstance(e, Load))["map"] == len(PLACES)
    same(given, made)


def test_what_all_of_them_need_is_computed_once_where_it_may_be(given: Kernel) -> None:
    made = Contract().apply(given)
    assert sum(isinstance(e, Call) and e.name == "floor" for e in walk(made.body)) == 2
    assert Counter(e.buffer for e in walk(made.body) if isinstance(e, Load))["at"] == 2
    outer, inner = (s for s in statements(made.body) if isinstance(s, If))
    assert inner in outer.then  # what the second coordinate is, is only told where the first one lies inside


def test_and_in_lanes(given: Kernel) -> None:
    made = vectorized(given, "registers")
    agree(given, made, SIZES)
    corners = [s for s in statements(made.body) if isinstance(s, If) and "load" in calls(replace(made, body=s.then))]
    outer, *inner = corners
    assert len(inner) == len(PLACES) and all(s in statements(outer.then) for s in inner)
    assert sum(isinstance(e, Call) and e.name == "floor" for e in walk(made.body)) == 2


CAUSAL = """#include <math.h>
void k(const float* x, float* y, int n) {
  for (int r = 0; r < n; ++r) {
    float s = 0.0f;
    for (int c = 0; c < (n + 7) / 8 * 8; ++c) if (c < r + 1) s += expf(x[r * n + c]);
    y[r] = s;
  }
}"""


def test_what_is_read_for_a_term_is_read_under_its_condition() -> None:
    c = platforms.get("c")
    k = sequential(read(CAUSAL, c, "k.c"), c)[0].kernels[0]
    (guard,) = (s for s in statements(k.body) if isinstance(s, If))
    assert {e.buffer for s in guard.then for e in walk(s) if isinstance(e, Load)} == {"x"}
    assert sum(isinstance(e, Load) for e in walk(k.body)) == 1
