"""Copies between arrays of different types: of integers as wide they are copies of elements, others are refused."""

from __future__ import annotations

import pytest

from xpiler import platforms
from xpiler.fault import Fault
from xpiler.ir.nodes import For, Store
from xpiler.ir.walk import statements
from xpiler.text.read import read
from xpiler.to_pivot import sequential

TEXT = """\
#include <bang.h>
#include <cnrt.h>
__mlu_entry__ void k(const float* x, const {far}* mask, float* y) {{
  __nram__ float x_nram[1024];
  __nram__ {near} m_nram[1024];
  __memcpy_async(x_nram, x, 4096, GDRAM2NRAM);
  __memcpy_async(m_nram, mask, 1024 * sizeof({far}), GDRAM2NRAM);
  __sync();
  for (int i = 0; i < 1024; ++i) if (m_nram[i]) x_nram[i] = 2.0f;
  __memcpy(y, x_nram, 4096, NRAM2GDRAM);
}}
extern "C" void launch(const float* x, const {far}* mask, float* y) {{
  float *dx, *dy;
  {far}* dm;
  cnrtMalloc((void**)&dx, 4096);
  cnrtMalloc((void**)&dm, 1024 * sizeof({far}));
  cnrtMalloc((void**)&dy, 4096);
  cnrtMemcpy(dx, (void*)x, 4096, cnrtMemcpyHostToDev);
  cnrtMemcpy(dm, (void*)mask, 1024 * sizeof({far}), cnrtMemcpyHostToDev);
  cnrtDim3_t dim = {{1, 1, 1}};
  k<<<dim, cnrtFuncTypeBlock, 0>>>(dx, dm, dy);
  cnrtMemcpy(y, dy, 4096, cnrtMemcpyDevToHost);
}}
"""


@pytest.mark.parametrize(("far", "near"), [("unsigned char", "int8_t"), ("int", "unsigned int")])
def test_integers_with_and_without_a_sign_are_copied(far: str, near: str) -> None:
    bang = platforms.get("bang")
    kernel = sequential(read(TEXT.format(far=far, near=near), bang, "k.mlu"), bang)[0].kernels[0]
    assert [type(s) for s in statements(kernel)] == [For, Store]


@pytest.mark.parametrize(("far", "near"), [("unsigned char", "float"), ("int", "float"), ("int", "short")])
def test_a_copy_that_nothing_explains_is_not_left_out(far: str, near: str) -> None:
    bang = platforms.get("bang")
    with pytest.raises(Fault, match="no sequential form"):
        sequential(read(TEXT.format(far=far, near=near), bang, "k.mlu"), bang)
