"""The rules of BANG C that device.h enforces while a kernel runs: each broken one is a finding at its line."""

from __future__ import annotations

import numpy as np
import pytest
from test_bang import BANG, HOST, run_kernel

from xpiler.emulate.build import build
from xpiler.emulate.entry import Entry
from xpiler.emulate.run import run
from xpiler.ir.nodes import Buffer, Var
from xpiler.ir.types import DType

LOAD = "__nram__ float x[256], y[256];\n__memcpy(x, a, 1024, GDRAM2NRAM);\n"
BROKEN = {
    "an operand in global memory": ("__bang_add(y, x, a, 64);", "`src1` is not in NRAM"),
    "a result in global memory": ("__bang_active_exp(o, x, 64);", "`dst` is not in NRAM"),
    "source and destination of the direction swapped": (
        "__memcpy(y, a, 256, NRAM2GDRAM);", "direction does not name the space of `dst`",
    ),
    "a direction for another source": (
        "__memcpy(y, a, 256, NRAM2NRAM);", "direction does not name the space of `src`",
    ),
    "elements taken for bytes on the way out": (
        "__memcpy(o, x, 256 * 8, NRAM2GDRAM);", "past the end of `dst`",
    ),
    "a copy from beyond a buffer": ("__memcpy(x, a + 200, 512, GDRAM2NRAM);", "past the end of `src`"),
    "an empty vector": ("__bang_add(y, x, x, 0);", "must be positive"),
    "a transposition in place": ("__bang_transpose(x, x, 16, 16);", "must not overlap"),
    "half a block for reduce_sum": ("__bang_reduce_sum(y, x, 48);", "whole blocks of 128 bytes"),
    "a segment that does not divide the vector": (
        "__bang_cycle_add(y, x, x, 64, 48);", "multiple of seg_elem_count",
    ),
    "a fill of another width": ("__bang_write_value(y, 64, (half)1);", "its bits are written"),
    "a window larger than the tensor": (
        "__bang_maxpool(y, x, 1, 4, 4, 5, 5, 1, 1);", "window is larger than the tensor",
    ),
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_a_finding_at_its_line(name: str) -> None:
    call, message = BROKEN[name]
    done = run_kernel(LOAD + call, o=np.zeros(256, np.float32), a=np.ones(256, np.float32))
    assert done.status == "finding", (done.status, done.stderr)
    assert message in done.findings[0].message
    assert done.findings[0].line == 6


WEIGHTS = """__nram__ float f[64 * 16], g[64 * 16], x[16], y[64];
__wram__ float w[64 * 16];
__memcpy(f, b, sizeof(f), GDRAM2NRAM);
__memcpy(x, b, sizeof(x), GDRAM2NRAM);
__bang_reshape_filter(g, f, 64, 1, 1, 16);
{load}
__bang_mlp(y, x, w, {n}, {k});
__memcpy(o, y, sizeof(y), NRAM2GDRAM);
"""
LAYOUTS = {
    "reshaped and copied whole": ("__memcpy(w, g, sizeof(w), NRAM2WRAM);", 64, 16, ""),
    "never reshaped": ("__memcpy(w, f, sizeof(w), NRAM2WRAM);", 64, 16, "weight layout"),
    "copied in two parts": (
        "__memcpy(w, g, 2048, NRAM2WRAM); __memcpy(w + 512, g + 512, 2048, NRAM2WRAM);", 64, 16, "weight layout",
    ),
    "changed after the reshape": (
        "__bang_add(g, g, g, 16); __memcpy(w, g, sizeof(w), NRAM2WRAM);", 64, 16, "weight layout",
    ),
    "used under another shape": ("__memcpy(w, g, sizeof(w), NRAM2WRAM);", 32, 32, "multiple of 64"),
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", LAYOUTS)
def test_weights_must_be_in_the_layout_of_their_shape(name: str) -> None:
    load, n, k, message = LAYOUTS[name]
    body = WEIGHTS.format(load=load, n=n, k=k)
    done = run_kernel(body, o=np.zeros(64, np.float32), b=np.ones(1024, np.float32))
    assert (done.status == "ok") == (not message), done.findings
    assert not message or message in done.findings[0].message


def test_arrays_beyond_the_capacity_of_nram_are_a_finding() -> None:
    body = """__nram__ float x[100 * 1024], y[100 * 1024];
    __bang_write_zero(x, 100 * 1024);
    __bang_write_zero(y, 100 * 1024);
    __memcpy(o, y, 4, NRAM2GDRAM);"""
    done = run_kernel(body, o=np.zeros(1, np.float32))
    assert done.status == "finding"
    assert "512 KB of NRAM" in done.findings[0].message


def test_a_union_job_needs_whole_clusters() -> None:
    text = HOST.replace("{8, 1, 1}", "{6, 1, 1}")
    params = (Buffer("out", DType.F32, None), Buffer("in", DType.F32, None, const=True), Var("n", DType.I32))
    entry = Entry("host", params)
    arrays = {"out": np.zeros(96, np.float32), "in": np.ones(96, np.float32), "n": 96}
    done = run(build(text, BANG, entry), entry, arrays)
    assert done.status == "finding"
    assert "multiple of the cores" in done.findings[0].message
