"""Welford's recurrence is a mean and a sum of squared distances from it; what is none is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpiler import platforms
from xpiler.engine import Options, translate
from xpiler.verify.ladder import Level

NORM = """#include <math.h>
void norm(const float* x, float* y, int rows, int n) {
  for (int r = 0; r < rows; ++r) {
    float m = 0.0f, s = 0.0f;
    for (int i = 0; i < n; ++i) {
      float d = x[r * n + i] - m;
      m += %s;
      s += d * (x[r * n + i] - m);
    }
    for (int i = 0; i < n; ++i) y[r * n + i] = (x[r * n + i] - m) / sqrtf(s / n + 1e-5f);
  }
}
"""
C = platforms.get("c")


@pytest.mark.slow
@pytest.mark.parametrize("step", ["d / (i + 1)", "d * (1.0f / (float)(i + 1))"])
def test_a_running_mean_and_variance(step: str, cache: Path) -> None:
    options = Options(seeds=1, budget=20.0, level=Level.TESTS, cache=cache)
    done = translate(NORM % step, C, platforms.get("bang"), file="k.c", options=options)
    assert done.confirmed and not [s for s in done.trace if s.startswith("--")]
    assert "__bang_sub_scalar(" in done.text


@pytest.mark.slow
@pytest.mark.parametrize("step", ["d / (i + 2)", "d / n", "d * 0.1f"])
def test_another_recurrence_is_not_taken_for_it(step: str, cache: Path) -> None:
    options = Options(seeds=1, budget=20.0, level=Level.TESTS, cache=cache)
    done = translate(NORM % step, C, platforms.get("vnni"), file="k.c", options=options)
    assert done.confirmed and "_mm512" not in done.text  # it stays as it was written
