"""Records whose members are kept apart, given by address."""

from __future__ import annotations

import numpy as np

from tests.passes.interpret import run
from xpiler import platforms
from xpiler.text.read import read
from xpiler.to_pivot import sequential

TEXT = """
#include <stddef.h>
typedef struct { const float* from; float* to; size_t work; int done; } job_t;
static void some(job_t* j, size_t most) {
  for (size_t i = 0; i < most && i < j->work; i++) j->to[i] = 2.0f * j->from[i];
  j->done += (int)most;
}
extern "C" void twice(const float* x, float* y, size_t n) {
  job_t j;
  j.from = x; j.to = y; j.work = n; j.done = 1;
  some(&j, n);
  y[n] = (float)j.done;
}
"""


def test_what_points_to_a_record_of_parts_stands_for_it() -> None:
    c = platforms.get("vnni")
    pivot, _ = sequential(read(TEXT, c, "twice.cpp"), c)
    arrays = {"x": np.arange(5.0), "y": np.zeros(6)}
    run(pivot.kernels[0], arrays, n=5)
    np.testing.assert_array_equal(arrays["y"], [0, 2, 4, 6, 8, 6])
