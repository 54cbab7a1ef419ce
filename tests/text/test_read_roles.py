"""What a cluster's memory core does for the compute cores is read with them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.passes.interpret import run
from xpiler import platforms
from xpiler.fault import Fault
from xpiler.to_pivot import sequential
from xpiler.text.read import read

BANG = platforms.get("bang")
COPY = "__memcpy(s, a, 64 * sizeof(float), GDRAM2SRAM);"
WORK = "__memcpy(x, s, 64 * sizeof(float), SRAM2NRAM); __bang_mul_scalar(x, x, 2.0f, 64); " \
       "for (int r = taskId; r < 6; r += taskDim) __memcpy(o + r * 64, x, 64 * sizeof(float), NRAM2GDRAM);"
SAME = {
    "two ifs": f"if (__is_mpu()) {{ {COPY} }} __sync_cluster(); if (__is_ipu()) {{ {WORK} }}",
    "either": f"if (__is_mpu()) {{ {COPY} }} else {{ x[0] = 0; }} __sync_cluster(); {WORK}",
    "either, turned": f"if (!__is_mpu()) {{ x[0] = 0; }} else {COPY} __sync_cluster(); {WORK}",
    "it leaves": f"{COPY} __sync_cluster(); if (__is_mpu()) return; {WORK}",
    "it works and leaves": f"if (__is_mpu()) {{ {COPY} return; }} __sync_cluster(); {WORK}",
    "with another condition": f"if (__is_mpu()) {{ {COPY} }} __sync_cluster(); if (__is_ipu() && a[1] > 0) {{ {WORK} }}",
    "it works at times": f"if (__is_mpu() && a[1] > 0 && a[2] > 0) {{ {COPY} }} if (coreId == 0x80 && a[1] < 0) "
                         f"{{ s[1] = 0; }} __sync_cluster(); {WORK}",
    "by its number": f"if (coreId == 0x80) {{ {COPY} }} __sync_cluster(); if (0x80 != coreId) {{ {WORK} }}",
}


def kernel(body: str) -> str:
    return f"""
#include <bang.h>
#include <cnrt.h>
__mlu_global__ void k(float* o, const float* a) {{
  __mlu_shared__ float s[64];
  __nram__ float x[64];
  {body}
}}
extern "C" void go(float* o, const float* a) {{
  cnrtQueue_t queue;
  cnrtDim3_t dim = {{4, 1, 1}};
  k<<<dim, cnrtFuncTypeUnion1, queue>>>(o, a);
}}"""


@pytest.mark.parametrize("name", SAME)
def test_one_compute_core_does_its_work(name: str) -> None:
    pivot, _ = sequential(read(kernel(SAME[name]), BANG, "k.mlu"), BANG)
    arrays = {"a": np.arange(64.0), "o": np.zeros(6 * 64)}
    run(pivot.kernels[0], arrays)
    np.testing.assert_array_equal(arrays["o"].reshape(6, 64), np.tile(2 * np.arange(64.0), (6, 1)))


@pytest.mark.parametrize(("body", "why"), [
    (f"if (__is_mpu()) {{ if (a[0] > 0) return; {COPY} }} __sync_cluster(); {WORK}", "leaves in the middle"),
    (f"if (__is_mpu()) {{ {COPY} __sync_cluster(); }} else {{ __sync_cluster(); {WORK} }}", "a meeting inside"),
    (f"bool memory = __is_mpu(); if (memory) {{ {COPY} }} __sync_cluster(); {WORK}", "whole condition of an if"),
    (f"if (__is_mpu() && a[0] > 0) {{ {COPY} }} else {{ x[0] = 0; }} __sync_cluster(); {WORK}", "at times"),
    (f"if (__is_mpu() && a[0] > 0) return; __sync_cluster(); {WORK}", "at times"),
])
def test_what_is_not_read_is_said(body: str, why: str) -> None:
    with pytest.raises(Fault, match=why):
        read(kernel(body), BANG, "k.mlu")
