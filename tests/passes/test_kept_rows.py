"""What the passes over a row share stays in registers, and is what it was."""

from __future__ import annotations

import re

import pytest

from xpiler import platforms
from xpiler.ir.nodes import Alloc, Kernel, Program
from xpiler.ir.check import check
from xpiler.ir.walk import statements
from xpiler.passes.bind import BindRows
from xpiler.passes.names.radix import MixedRadix
from xpiler.text.read import read
from xpiler.text.write import write
from xpiler.to_pivot import sequential
from xpiler.verify.proof.equal import equal_for_all
from xpiler.verify.verdict import Proved

C, CUDA = platforms.get("c"), platforms.get("cuda")
SOFTMAX = """void k(const float x[5 * COUNT], float y[5 * COUNT]) {
  for (int r = 0; r < 5; r++) {
    float top = x[r * COUNT], sum = 0.0f;
    for (int i = 0; i < COUNT; i++) top = fmaxf(top, x[r * COUNT + i]);
    for (int i = 0; i < COUNT; i++) sum += expf(x[r * COUNT + i] - top);
    for (int i = 0; i < COUNT; i++) y[r * COUNT + i] = expf(x[r * COUNT + i] - top) / sum;
  }
}"""
OVERWRITTEN = SOFTMAX.replace("const float x[5 * COUNT], float y[5 * COUNT]", "float x[5 * COUNT]").replace("y[", "x[")


def _rows(text: str, count: int) -> tuple[Program, Kernel]:
    program = read(f"#include <math.h>\n{text.replace('COUNT', str(count))}", C, "k.c")
    return program, MixedRadix().apply(BindRows(lanes=32).apply(sequential(program, C)[0].kernels[0]))


def _registers(kernel: Kernel) -> dict[str, int]:
    return {s.buffer.name: int(s.buffer.extent.value) for s in statements(kernel)  # type: ignore[union-attr]
            if isinstance(s, Alloc) and s.buffer.space == "local"}


@pytest.mark.parametrize(("count", "each"), [(128, 4), (2048, 8), (4096, 16)])
def test_an_element_is_read_once_and_its_power_computed_once(count: int, each: int) -> None:
    program, kernel = _rows(SOFTMAX, count)
    check(Program("cuda", (kernel,), None))
    assert _registers(kernel) == {"x_row": each, "values": each}
    text = write(Program("cuda", (kernel,), None), CUDA)
    assert len(re.findall(r"\bexpf\(", text)) == 1 and len(re.findall(r"\bx\[[^]]*t\]", text)) == 1
    assert f"x_row[i] = x[r * {count} + i * {count // each} + t];" in text.replace("const ", "")
    geometry = {"block.x": "5", "thread.x": str(count // each)}
    back = read(text, CUDA, "k.cu", geometry=geometry)
    assert isinstance(equal_for_all(program, back, kernel="k").verdict, Proved)


@pytest.mark.parametrize(("text", "count"), [(SOFTMAX, 100), (SOFTMAX, 8192), (OVERWRITTEN, 128), (SOFTMAX, 32)])
def test_nothing_is_kept_of_ragged_or_long_rows_or_of_what_changes(text: str, count: int) -> None:
    assert not _registers(_rows(text, count)[1])
