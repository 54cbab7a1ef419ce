"""What a kernel is launched under is known of its scalars."""

from __future__ import annotations

import numpy as np
import pytest

from tests.passes.test_down import results
from xpiler import platforms
from xpiler.ir.nodes import Alloc, For
from xpiler.ir.show import show
from xpiler.ir.walk import statements
from xpiler.passes.plain.launched import launched_under
from xpiler.text.read import read
from xpiler.to_pivot import sequential

BANG = platforms.get("bang")
ROWS = """
#include <bang.h>
#define MOST 8
__nram__ float near[2 * MOST];
__mlu_global__ void k(const float* x, float* y, int rows, int cols) {
  const int extra = rows % taskDim, mine = rows / taskDim + (taskId < extra);
  const int first = taskId * (rows / taskDim) + (taskId < extra ? taskId : extra);
  if (mine == 0) return;
  __memcpy(near, x + first * cols, cols * sizeof(float), GDRAM2NRAM);
  for (int i = 0; i < mine; i++) {
    float* now = near + i % 2 * MOST;
    if (i < mine - 1)
      __memcpy(near + (i + 1) % 2 * MOST, x + (first + i + 1) * cols, cols * sizeof(float), GDRAM2NRAM);
    float sum = 0.0f;
    for (int j = 0; j < cols; j++) sum += now[j];
    __bang_sub_scalar(now, now, sum, cols);
    __memcpy(y + (first + i) * cols, now, cols * sizeof(float), NRAM2GDRAM);
  }
}
void run(const float* x, float* y, int rows, int cols) {
  BEFORE
  float *dx, *dy;
  cnrtMalloc((void**)&dx, rows * cols * sizeof(float));
  cnrtMalloc((void**)&dy, rows * cols * sizeof(float));
  cnrtMemcpy(dx, (void*)x, rows * cols * sizeof(float), cnrtMemcpyHostToDev);
  cnrtDim3_t dim = {3, 1, 1};
  LAUNCH
  cnrtMemcpy(y, dy, rows * cols * sizeof(float), cnrtMemcpyDevToHost);
}
"""
LAUNCH = "k<<<dim, cnrtFuncTypeBlock, 0>>>(dx, dy, rows, cols);"


def test_rows_no_longer_than_their_place_are_rows() -> None:
    """That the next row is not fetched over this one is known where the kernel is launched."""
    text = ROWS.replace("BEFORE", "if (cols > MOST || cols < 1) return;").replace("LAUNCH", LAUNCH)
    program = read(text, BANG, "k.mlu")
    before, after = (sequential(program, BANG, contracted=c)[0].kernels[0] for c in (False, True))
    assert not any(isinstance(s, Alloc) for s in statements(after))
    assert [show(s.stop) for s in after.body if isinstance(s, For)] == ["rows"]
    for rows, cols in ((1, 7), (3, 8), (10, 3), (2, 1)):
        n = rows * cols
        want, got = (results(k, {"x": n, "y": n}, {"rows": rows, "cols": cols}) for k in (before, after))
        np.testing.assert_allclose(got["y"], want["y"], rtol=1e-12)


@pytest.mark.parametrize(("before", "launch", "wanted"), [
    ("if (cols > MOST) return;", LAUNCH, "cols <= 8"),
    ("", f"if (cols < 4) {LAUNCH}", "cols < 4"),
    ("", f"if (cols < 4) {LAUNCH} else {LAUNCH}", None),
    ("", LAUNCH, None),
    ("int most = 8; for (int i = 0; i < rows; i++) most += i; if (cols > most) return;", LAUNCH, None),
])
def test_conditions_around_launches(before: str, launch: str, wanted: str | None) -> None:
    program = read(ROWS.replace("BEFORE", before).replace("LAUNCH", launch), BANG, "k.mlu")
    found = launched_under(program, "k")
    assert (None if found is None else show(found)) == wanted
