"""Sums relative to a running maximum: softmax in one pass and attention over tiles become what they compute."""

from __future__ import annotations

import pytest

from xpiler import platforms
from xpiler.engine import Options, translate
from xpiler.to_pivot import sequential
from xpiler.ir.nodes import Call
from xpiler.ir.walk import walk
from xpiler.text.read import read
from xpiler.verify.exact.exact import EXACT
from xpiler.verify.verdict import Proved

SOFTMAX = """#include <math.h>
void softmax(const float* x, float* y) {
  for (int r = 0; r < 5; ++r) {
    float m = -INFINITY, d = 0.0f;
    for (int c = 0; c < 150; ++c) {
      float top = fmaxf(m, x[r * 150 + c]);
      d = d * expf(m - top) + expf(x[r * 150 + c] - top);
      m = top;
    }
    for (int c = 0; c < 150; ++c) y[r * 150 + c] = expf(x[r * 150 + c] - m) / d;
  }
}
"""
ATTENTION = """#include <math.h>
void attend(const float* s, const float* v, float* y) {
  for (int r = 0; r < 3; ++r) {
    float acc[4], m = -INFINITY, d = 0.0f;
    for (int i = 0; i < 4; ++i) acc[i] = 0.0f;
    for (int t = 0; t < 40; t += 8) {
      float top = m;
      for (int c = 0; c < 8; ++c) top = fmaxf(top, s[r * 40 + t + c]);
      const float by = exp2f(1.5f * (m - top));
      d *= by;
      for (int i = 0; i < 4; ++i) acc[i] *= by;
      for (int c = 0; c < 8; ++c) {
        const float p = exp2f((s[r * 40 + t + c] - top) * 1.5f);
        d += p;
        for (int i = 0; i < 4; ++i) acc[i] += p * v[(t + c) * 4 + i];
      }
      m = top;
    }
    for (int i = 0; i < 4; ++i) y[r * 4 + i] = acc[i] / d;
  }
}
"""
BRANCHY = """#include <math.h>
void softmax(const float* x, float* y) {
  for (int r = 0; r < 5; ++r) {
    float m = -INFINITY, d = 0.0f;
    for (int c = 0; c < 150; ++c) {
      const float v = x[r * 150 + c];
      if (v > m) { d = d * expf(m - v) + 1.0f; m = v; } else d += expf(v - m);
    }
    for (int c = 0; c < 150; ++c) y[r * 150 + c] = expf(x[r * 150 + c] - m) / d;
  }
}
"""
PAIRS = """#include <math.h>
struct MD { float m, d; };
static struct MD merge(struct MD a, struct MD b) {
  const int first = a.m > b.m;
  const struct MD l = first ? a : b, s = first ? b : a;
  struct MD r;
  r.m = l.m;
  r.d = l.d + s.d * expf(s.m - l.m);
  return r;
}
void softmax(const float* x, float* y) {
  for (int r = 0; r < 5; ++r) {
    struct MD lane[8];
    for (int l = 0; l < 8; ++l) {
      lane[l].m = -1e30f;
      lane[l].d = 0.0f;
      for (int c = l; c < 152; c += 8) {
        const struct MD one = {x[r * 152 + c], 1.0f};
        lane[l] = merge(lane[l], one);
      }
    }
    struct MD all = lane[0];
    for (int l = 1; l < 8; ++l) all = merge(all, lane[l]);
    for (int c = 0; c < 152; ++c) y[r * 152 + c] = expf(x[r * 152 + c] - all.m) / all.d;
  }
}
"""
C = platforms.get("c")


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", [SOFTMAX, ATTENTION, BRANCHY, PAIRS], ids=["softmax", "attention", "branchy", "pairs"])
def test_a_sum_relative_to_a_running_maximum(text: str) -> None:
    done = translate(text, C, platforms.get("bang"), file="k.c", options=Options(seeds=1))
    assert done.confirmed and done.pivot is not None
    assert not [s for s in done.trace if s.startswith("--")]
    rung = next(e for e in done.evidence if e.rung == EXACT)
    assert isinstance(rung.verdict, Proved)
    exponentials = [e for e in walk(done.pivot.kernels[0].body) if isinstance(e, Call) and e.name.startswith("exp")]
    assert len(exponentials) <= 2 + (text is ATTENTION)  # none is left that rescales


@pytest.mark.parametrize(("right", "wrong"), [
    ("d * expf(m - top) +", "d * expf(top - m) +"), ("expf(x[r * 150 + c] - top);", "expf(x[r * 150 + c] - m);"),
    ("d * expf(m - top) +", "d * d * expf(m - top) +"), ("expf(x[r * 150 + c] - top);", "expf(x[r * 150 + c] - 2.0f * top);"),
    ("m = top;", "m = top + 1.0f;"), ("d * expf(m - top) +", "d * exp2f(m - top) +"),
])
def test_what_is_no_such_sum_stays_as_it_is(right: str, wrong: str) -> None:
    assert right in SOFTMAX
    _, steps = sequential(read(SOFTMAX.replace(right, wrong), C, "k.c"), C)
    assert any(s.startswith("-- contract") for s in steps)
