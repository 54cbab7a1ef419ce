"""Asynchronous copies happen when they are waited for, as late as the rules allow."""

from pathlib import Path

import numpy as np
import pytest

from xpiler import platforms
from xpiler.emulate.build import build
from xpiler.emulate.entry import Entry
from xpiler.emulate.run import run
from xpiler.ir.nodes import Buffer, Const
from xpiler.ir.types import DType

TEXT = """
__global__ void k(const float* x, float* y) {
  __shared__ float s[4];
  for (int i = 0; i < 4; ++i) s[i] = -1.0f;
  for (int i = 0; i < 3; ++i) {
    xp::async_copy(0, &s[i], &x[i], 4);
    xp::async_commit(0);
  }
  xp::async_copy(1, &s[3], &x[3], 4);
  BEFORE
  for (int i = 0; i < 4; ++i) y[i] = s[i];
}
"""
N, Y = Const(4, DType.I32), Const(4, DType.I32)


@pytest.mark.parametrize(
    ("before", "arrived"),
    [
        ("", []),
        ("xp::async_wait(0, 2);", [0]),
        ("xp::async_wait(0, 1);", [0, 1]),
        ("xp::async_wait(0, 0);", [0, 1, 2]),
        ("xp::async_wait(1, 0);", [3]),
        ("xp::async_wait(1, 1);", []),
        ("xp::async_commit(0); xp::async_wait(0, 1);", [0, 1, 2]),
    ],
)
def test_what_has_arrived_after_a_wait(before: str, arrived: list[int]) -> None:
    cuda = platforms.get("cuda")
    x = Buffer("x", DType.F32, N, const=True)
    entry = Entry("k", (x, Buffer("y", DType.F32, Y)), kernel=True, extents={"block.x": 1, "thread.x": 1})
    done = run(build(TEXT.replace("BEFORE", before), cuda, entry), entry, {"x": np.arange(1, 5, dtype=np.float32)})
    assert done.status == "ok", done
    expected = [float(i + 1) if i in arrived else -1.0 for i in range(4)]
    np.testing.assert_array_equal(done.outputs["y"], expected)


def test_a_thread_that_ends_has_all_its_copies_done(tmp_path: Path) -> None:
    text = """__global__ void k(const float* x, float* y) { xp::async_copy(0, y, x, 16); }"""
    cuda = platforms.get("cuda")
    entry = Entry(
        "k", (Buffer("x", DType.F32, N, const=True), Buffer("y", DType.F32, Y)), kernel=True,
        extents={"block.x": 1, "thread.x": 1},
    )
    x = np.arange(4, dtype=np.float32)
    done = run(build(text, cuda, entry), entry, {"x": x})
    np.testing.assert_array_equal(done.outputs["y"], x)
