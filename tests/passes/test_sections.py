"""Sections of an array that no access leaves are arrays; what they compute stays."""

from __future__ import annotations

import numpy as np
import pytest

from tests.passes.test_down import results
from xpiler import platforms
from xpiler.ir.nodes import Alloc, For, Kernel
from xpiler.ir.show import show
from xpiler.ir.walk import statements
from xpiler.passes.plain.sections import Sections
from xpiler.passes.step import NotApplicable
from xpiler.text.read import read
from xpiler.to_pivot import sequential

TEXT = """
void k(const float* x, float* y, int n) {
  float near[20];
  for (int t = 0; t < n; ++t) {
    for (int j = 0; j < 4; ++j) near[t % 2 * 4 + j] = x[4 * t + j];
    if (t > 0)
      for (int j = 0; j < 4; ++j) near[j + 8] = near[(t - 1) % 2 * 4 + j] * 2.0f;
    if (t > 0)
      for (int j = 0; j < LEFT; ++j) near[12 + j] = near[8 + j] + near[t % 2 * 4 + j];
    if (t > 0)
      for (int j = 0; j < LEFT; ++j) y[4 * t + j] = near[12 + j];
  }
}"""


def kernel(text: str) -> Kernel:
    c = platforms.get("c")
    return sequential(read(text, c, "k.c"), c, contracted=False)[0].kernels[0]


def sizes(k: Kernel) -> list[str]:
    return [f"{s.buffer.name} {show(s.buffer.extent)}" for s in statements(k) if isinstance(s, Alloc) and s.buffer.extent]


@pytest.mark.parametrize(("left", "wanted"), [
    ("4", ["near 8", "near_1 4", "near_2 4"]), ("n % 4", ["near 8", "near_1 4", "near_2 3"])])
def test_two_halves_and_what_is_made_of_them_are_arrays(left: str, wanted: list[str]) -> None:
    before = kernel(TEXT.replace("LEFT", left))
    after = Sections().apply(before)
    assert sizes(after) == wanted
    for n in (0, 1, 2, 5, 7):
        want, got = (results(k, {"x": 28, "y": 28}, {"n": n}) for k in (before, after))
        np.testing.assert_array_equal(got["y"], want["y"])


@pytest.mark.parametrize("wider", ["near[j + 7]", "near[j * n]", "near[j - 1]"])
def test_an_access_that_may_leave_its_section_keeps_the_array_whole(wider: str) -> None:
    k = kernel(TEXT.replace("LEFT", "4").replace("near[j + 8]", wider))
    try:
        assert len(sizes(Sections().apply(k))) < 3
    except NotApplicable as e:
        assert e.why == "no array is used in sections"


def test_a_pipeline_over_parts_of_one_array_is_one_loop() -> None:
    """Kept in one array of a task's, as people do who count the bytes they have."""
    text = """
#define SPAN 8
__nram__ char all[6 * SPAN * sizeof(float)];
__mlu_entry__ void k(const float* x, float* y, int n) {
  float* in = (float*)all;
  float* out = in + 2 * SPAN;
  float* aux = out + 2 * SPAN;
  const int turns = n / SPAN, left = n % SPAN;
  if (taskId != 0) return;
  for (int i = 0; i <= turns; i++) {
    if (i < turns) __memcpy(in + i % 2 * SPAN, x + i * SPAN, SPAN * sizeof(float), GDRAM2NRAM);
    if (i > 0) {
      __bang_mul_scalar(aux, in + (i - 1) % 2 * SPAN, 0.5f, SPAN);
      __bang_maxequal(out + (i - 1) % 2 * SPAN, in + (i - 1) % 2 * SPAN, aux, SPAN);
      __memcpy(y + (i - 1) * SPAN, out + (i - 1) % 2 * SPAN, SPAN * sizeof(float), NRAM2GDRAM);
    }
  }
  if (left > 0) {
    __memcpy(in, x + turns * SPAN, left * sizeof(float), GDRAM2NRAM);
    __bang_mul_scalar(aux, in, 0.5f, left);
    __bang_maxequal(out, in, aux, left);
    __memcpy(y + turns * SPAN, out, left * sizeof(float), NRAM2GDRAM);
  }
}"""
    bang = platforms.get("bang")
    program = read(text, bang, "k.mlu", geometry={"task": "2"})
    before, after = (sequential(program, bang, contracted=c)[0].kernels[0] for c in (False, True))
    (loop,) = after.body
    assert isinstance(loop, For) and show(loop.stop) == "n"
    for n in (0, 1, 7, 8, 16, 27):
        want, got = (results(k, {"x": n, "y": n}, {"n": n}) for k in (before, after))
        np.testing.assert_array_equal(got["y"], want["y"])
