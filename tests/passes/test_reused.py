"""What several reductions compute for the same iterations is computed once, into an array."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.passes.random_kernels import same
from tests.passes.test_vector_choices import UNITS, agree, calls, vectorized
from xpiler import platforms
from xpiler.ir.nodes import Alloc, Buffer, Const, Kernel, Load
from xpiler.ir.types import DType
from xpiler.ir.walk import scalars_read, statements, walk
from xpiler.passes.contract import Contract
from xpiler.passes.lanes.vectors import VectorLoops
from xpiler.text.read import read
from xpiler.to_pivot import sequential
from xpiler.to_target import vector_unit

SIZES = {"q": 48, "k": 80, "y": 48}
ROWS = """void rows(const float* q, const float* k, float* y) {
  for (int i = 0; i < 6; ++i) {
    float s[10], top = -INFINITY, total = 0.0f;
    for (int j = 0; j < %s; ++j) {
      s[j] = 0.0f;
      for (int d = 0; d < 8; ++d) s[j] += q[i * 8 + d] * k[j * 8 + d];
      top = fmaxf(top, 0.5f * s[j]);
    }
    for (int j = 0; j < %s; ++j) { s[j] = expf(0.5f * s[j] - top); total += s[j]; }
    %s
  }
}"""
WEIGHTED = """for (int d = 0; d < 8; ++d) {
      float sum = 0.0f;
      for (int j = 0; j < %s; ++j) sum += s[j] * k[j * 8 + d];
      y[i * 8 + d] = sum / total;
    }"""
TEXTS = {
    "attention": ROWS % ("10", "10", WEIGHTED % "10"),
    "no later one": ROWS % ("i + 1", "i + 1", WEIGHTED % "(i + 1)"),
    "probabilities": ROWS % ("8", "8", "for (int j = 0; j < 8; ++j) y[i * 8 + j] = s[j] / total;"),
}


def kernel(name: str) -> Kernel:
    c = platforms.get("c")
    k = sequential(read(TEXTS[name], c, "k.c"), c, contracted=False)[0].kernels[0]
    params = tuple(replace(p, extent=Const(SIZES[p.name], DType.I32)) for p in k.params if isinstance(p, Buffer))
    return replace(k, params=params)


def reads(k: Kernel, name: str) -> int:
    return sum(isinstance(e, Load) and e.buffer == name for e in walk(k.body))


@pytest.mark.parametrize("name", TEXTS)
def test_products_are_summed_once(name: str) -> None:
    given = kernel(name)
    made = Contract().apply(given)
    assert reads(made, "q") == 1 and reads(made, "k") == (1 if name == "probabilities" else 2)
    same(given, made)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("name", TEXTS)
def test_and_in_lanes(name: str, unit: str) -> None:
    given = kernel(name)
    made = vectorized(given, unit)
    assert calls(made)
    agree(given, made, SIZES)


def test_the_arrays_are_called_after_what_they_hold() -> None:
    made = Contract().apply(kernel("attention"))
    assert {s.buffer.name for s in statements(made.body) if isinstance(s, Alloc)} == {"sums", "powers"}


SPREAD = """void spread(const float* x, float* y, int rows) {
  for (int t = 0; t < rows; ++t) {
    float s = 0.0f, a[8], q[8], p[8];
    for (int l = 0; l < 8; ++l) a[l] = q[l] = p[l] = 0.0f;
    for (int i = 0; i < 60; ++i) for (int l = 0; l < 8; ++l) a[l] += x[t * 500 + i * 8 + l];
    for (int l = 0; l < 4; ++l) a[l] += x[t * 500 + 496 + l];
    for (int l = 0; l < 8; ++l) s += a[l];
    for (int i = 0; i < 60; ++i)
      if (i % 2 == 0) for (int l = 0; l < 8; ++l) q[l] += (x[t * 500 + i * 8 + l] - s) * (x[t * 500 + i * 8 + l] - s);
      else for (int l = 0; l < 8; ++l) p[l] += (x[t * 500 + i * 8 + l] - s) * (x[t * 500 + i * 8 + l] - s);
    for (int l = 0; l < 4; ++l) p[l] += (x[t * 500 + 496 + l] - s) * (x[t * 500 + 496 + l] - s);
    float d = 0.0f;
    for (int l = 0; l < 8; ++l) d += q[l] + p[l];
    for (int i = 0; i < 500; ++i) y[t * 500 + i] = (x[t * 500 + i] - s) * d;
  }
}"""


def test_a_single_value_has_one_name_wherever_it_is_used() -> None:
    plain = platforms.get("c")
    pivot, _ = sequential(read(SPREAD, plain, "k.c"), plain)
    after = VectorLoops(vector_unit(platforms.get("bang")), 4096).apply(pivot.kernels[0])
    arrays = {s.buffer.name for s in statements(after) if isinstance(s, Alloc)}
    assert not arrays & {v.name for s in after.body for v in scalars_read(s)}
