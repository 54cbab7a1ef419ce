"""What is left where no closed form is right: the loops as they were recovered, in parallel where they are apart."""

from __future__ import annotations

from xpiler import platforms
from xpiler.ir.nodes import Const, For
from xpiler.ir.walk import statements
from xpiler.text.read import read
from xpiler.to_pivot import sequential
from xpiler.to_target import unchanged

ROWS = """void rows(const float x[640], float y[40]) {
  for (int r = 0; r < 40; ++r) {
    float s[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    for (int k = 0; k < 16; ++k) s[k % 4] += x[r * 16 + k];
    y[r] = s[0] + s[1] + s[2] + s[3];
  }
}"""


def test_rows_that_are_apart_are_shared_out_first() -> None:
    c, cuda = platforms.get("c"), platforms.get("cuda")
    program = read(ROWS, c, "rows.c")
    pivot, _ = sequential(program, c)
    roads = list(unchanged(program, pivot, c, cuda, []))
    assert [r.name for r in roads] == ["elements over threads, as recovered"] * 2
    threads = [int(s.stop.value) for road in roads for s in statements(road.program.kernels[0])
               if isinstance(s, For) and s.kind == "thread.x" and isinstance(s.stop, Const)]
    assert threads == [40, 1]
