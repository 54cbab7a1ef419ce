"""An instruction that leaves an integer in the bits behind a float, for a text that looks at it."""

from __future__ import annotations

import pytest

from xpiler import platforms
from xpiler.engine import Level, Options, translate
from xpiler.ir.nodes import Intrinsic
from xpiler.ir.walk import statements
from xpiler.text.read import read

TEXT = """\
#include <bang.h>
#include <cnrt.h>
#include <stdint.h>
#define COLS 40
__mlu_entry__ void places(const float* x, int* at, int rows) {
  __nram__ float row[COLS];
  __nram__ float found[32];
  for (int r = taskId; r < rows; r += taskDim) {
    __memcpy(row, x + r * COLS, COLS * sizeof(float), GDRAM2NRAM);
    NAME(found, row, COLS);
    at[r] = TAKEN;
  }
}
extern "C" void launch(const float* x, int* at, int rows) {
  float* d_x;
  int* d_at;
  cnrtMalloc((void**)&d_x, rows * COLS * sizeof(float));
  cnrtMalloc((void**)&d_at, rows * sizeof(int));
  cnrtMemcpy(d_x, (void*)x, rows * COLS * sizeof(float), cnrtMemcpyHostToDev);
  cnrtDim3_t dim = {4, 1, 1};
  places<<<dim, cnrtFuncTypeBlock, 0>>>(d_x, d_at, rows);
  cnrtMemcpy(at, d_at, rows * sizeof(int), cnrtMemcpyDevToHost);
}
"""


def called(text: str) -> set[str]:
    program = read(text, platforms.get("bang"), "places.mlu")
    return {s.name for k in program.kernels for s in statements(k) if isinstance(s, Intrinsic)}


@pytest.mark.parametrize("taken", ["(int)((unsigned*)found)[1]", "*(int*)(found + 1)", "(int)((uint32_t*)&found[0])[1]"])
def test_the_index_is_read_where_the_text_looks_at_it(taken: str) -> None:
    assert "__bang_argmax" not in called(TEXT.replace("NAME", "__bang_argmax").replace("TAKEN", taken))


def test_it_stays_an_instruction_where_the_text_does_not() -> None:
    assert "__bang_argmax" in called(TEXT.replace("NAME", "__bang_argmax").replace("TAKEN", "(int)found[0]"))


@pytest.mark.parametrize("name", ["__bang_argmax", "__bang_argmin"])
def test_it_is_the_first_of_the_best(name: str) -> None:
    text = TEXT.replace("NAME", name).replace("TAKEN", "(int)((unsigned*)found)[1]")
    done = translate(text, platforms.get("bang"), platforms.get("c"), file="places.mlu",
                     options=Options(seeds=1, level=Level.TESTS))
    assert done.confirmed and "as recovered" not in done.road
