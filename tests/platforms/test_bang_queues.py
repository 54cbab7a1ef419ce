"""Asynchronous copies, memory cores and architectures: what a kernel finds when it does not wait, and where it runs."""

from __future__ import annotations

import numpy as np
import pytest
from test_bang import BANG, run_kernel

from xpiler.emulate.build import build
from xpiler.emulate.entry import Entry, Run
from xpiler.emulate.run import run
from xpiler.fault import Fault
from xpiler.ir.nodes import Buffer
from xpiler.ir.types import DType
from xpiler.platforms import get
from xpiler.platforms.platform import Platform
from xpiler.text.clang import parse

HEAD = "__nram__ float x[256], y[256]; __wram__ float w[256];\n__memcpy(y, a, 1024, GDRAM2NRAM);\n"
LATE = {
    "computing on what is being loaded": (
        "__memcpy_async(x, a, 256, GDRAM2NRAM); __bang_add(y, x, x, 64);", "`src0` is still being written",
    ),
    "waiting for another queue": (
        "__memcpy_async(x, a, 256, GDRAM2NRAM); __sync_move(); __bang_add(y, x, x, 64);",
        "`src0` is still being written",
    ),
    "overwriting what is being stored": (
        "__memcpy_async(o, y, 256, NRAM2GDRAM); __bang_add(y, y, y, 64);", "is still in use",
    ),
    "storing what is being computed": (
        "__bang_add(x, y, y, 64); __memcpy_async(o, x, 256, NRAM2GDRAM); __sync();", "`src` is still being written",
    ),
    "a fill that has not arrived": ("__nramset_async(x, 64, 1.0f); __bang_add(y, x, x, 64);", "is still being written"),
}
FINE = {
    "waiting for the queue": "__memcpy_async(x, a, 256, GDRAM2NRAM); __sync_io(); __bang_add(y, x, x, 64);",
    "waiting for chosen queues":
        "__memcpy_async(x, a, 256, GDRAM2NRAM); __sync_io_move_compute(true, false, false, false, false, true);"
        "__bang_add(y, x, x, 64);",
    "one queue keeps its order":
        "__memcpy_async(x, a, 256, GDRAM2NRAM); __memcpy_async(o, x, 256, NRAM2GDRAM); __sync();"
        "__memcpy(y, x, 256, NRAM2NRAM);",
    "another part of the array":
        "__memcpy_async(x, a, 256, GDRAM2NRAM); __bang_write_zero(x + 64, 64); __sync();",
    "rows between those being loaded":
        "__memcpy_async(x, a, 64, GDRAM2NRAM, 128, 64, 3); __bang_write_zero(x + 16, 16); __sync();",
    "computing, then storing": "__bang_add(x, y, y, 64); __sync_compute(); __memcpy_async(o, x, 256, NRAM2GDRAM);",
    "computing, then storing at once": "__bang_add(x, y, y, 64); __memcpy(o, x, 256, NRAM2GDRAM);",
    "moves within NRAM are computed": "__memcpy_async(x, y, 256, NRAM2NRAM); __bang_add(y, x, x, 64);",
    "a barrier of cores waits too": "__memcpy_async(x, a, 256, GDRAM2NRAM); __sync_all_ipu(); __bang_add(y, x, x, 64);",
    "every barrier does":
        "__memcpy_async(x, a, 256, GDRAM2NRAM); __sync_all(); __bang_add(y, x, x, 64); __sync_all_mpu();"
        "__memcpy_async(x, a, 256, GDRAM2NRAM); __sync_all_ipu_within_cluster(); __bang_add(y, x, x, 64);",
}


def tried(body: str) -> Run:
    return run_kernel(HEAD + body, o=np.zeros(256, np.float32), a=np.arange(256, dtype=np.float32))


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", LATE)
def test_what_has_not_arrived_must_not_be_touched(name: str) -> None:
    body, message = LATE[name]
    done = tried(body)
    assert done.status == "finding" and message in done.findings[0].message, (done.status, done.findings)


def test_correct_waits_are_not_findings() -> None:
    body = "\n".join(f"{{ {text} }} __sync();" for text in FINE.values())
    done = tried(body)
    assert done.status == "ok", done.findings


def test_a_scalar_that_looks_too_early_sees_what_was_there() -> None:
    done = tried("x[0] = 5; __memcpy_async(x, a + 1, 256, GDRAM2NRAM); o[0] = x[0]; __sync(); o[1] = x[0];")
    assert list(done.outputs["o"][:2]) == [5, 1]


# ---------------------------------------------------------------- memory cores

MEMORY_CORE = """#include <bang.h>
__mlu_global__ void k(float* o, const float* a) {
  __mlu_shared__ float s[64];
  __nram__ float x[64];
  if (__is_mpu()) {
    __memcpy_async(s, a + clusterId * 64, 256, GDRAM2SRAM);
    o[24 + clusterId] = coreId;
  }
  __sync_cluster();
  if (__is_ipu()) {
    __memcpy(x, s, 256, SRAM2NRAM);
    o[taskId] = __bang_sum(x, 64) + taskDim * 10000 + coreId;
    __bang_atomic_reduce_add(o + 30, 1.0f);
  }
}
"""
RETURNS = """#include <bang.h>
__mlu_global__ void k(float* o, const float* a) {
  if (__is_mpu()) {
    return;
  }
  o[taskId] = a[taskId] * 2;
}
"""


def on(platform: Platform, text: str, extents: dict[str, int], **arrays: np.ndarray) -> Run:
    entry = Entry(
        "k", tuple(Buffer(n, DType.F32, None, const=n == "a") for n in arrays), kernel=True, extents=extents
    )
    return run(build(text, platform, entry), entry, arrays)


def test_the_memory_core_of_each_cluster_runs_its_part() -> None:
    a = np.arange(128, dtype=np.float32)
    done = on(BANG, MEMORY_CORE, {"cluster": 2, "core": 4}, o=np.zeros(32, np.float32), a=a)
    assert done.status == "ok", (done.findings, done.stderr)
    sums = a.reshape(2, 64).sum(1)
    expected = [sums[t // 4] + 80000 + t % 4 for t in range(8)]
    np.testing.assert_array_equal(done.outputs["o"][:8], expected)
    assert list(done.outputs["o"][24:26]) == [0x80, 0x80] and done.outputs["o"][30] == 8


@pytest.mark.parametrize("extents", [{"task": 8}, {"cluster": 2, "core": 4}])
def test_a_memory_core_that_returns_leaves_all_tasks(extents: dict[str, int]) -> None:
    a = np.arange(8, dtype=np.float32)
    done = on(BANG, RETURNS, extents, o=np.zeros(8, np.float32), a=a)
    assert done.status == "ok", (done.findings, done.stderr)
    np.testing.assert_array_equal(done.outputs["o"], a * 2)


# ---------------------------------------------------------------- architectures

ROOMY = """__mlu_global__ void k(float* o, const float* a) {
  __nram__ float x[150 * 1024];
  __bang_write_zero(x, 150 * 1024);
  o[0] = x[0] + __BANG_ARCH__;
}
"""
NARROW = """__mlu_global__ void k(float* o, const float* a) {{
  __nram__ float x[64], y[64];
  __memcpy(x, a, 256, GDRAM2NRAM);
  {call}
}}
"""


@pytest.mark.slow
def test_capacities_are_those_of_the_architecture() -> None:
    arrays = {"o": np.zeros(1, np.float32), "a": np.zeros(1, np.float32)}
    small = on(BANG, ROOMY, {"task": 1}, **arrays)
    assert small.status == "finding" and "512 KB of NRAM" in small.findings[0].message
    large = on(get("bang@mtp_372"), ROOMY, {"task": 1}, **arrays)
    assert large.status == "ok" and large.outputs["o"][0] == 372


@pytest.mark.slow
@pytest.mark.parametrize(("call", "message"), [
    ("__bang_add(y, x, x, 40);", "multiple of 128 (mtp_2xx)"),
    ("__bang_add(y + 8, x, x, 32);", "aligned to 64 bytes (mtp_2xx)"),
    ("__memcpy(y, x, 64, NRAM2NRAM);", "multiples of 128 bytes (mtp_2xx)"),
    ("__bang_transpose(y, x, 4, 8);", "multiple of 64 (mtp_2xx)"),
    ("__bang_maxpool(y, x, 16, 2, 2, 2, 2, 1, 1);", "multiple of 128 (mtp_2xx)"),
])
def test_the_first_architectures_have_rules_that_later_ones_lack(call: str, message: str) -> None:
    arrays = {"o": np.zeros(64, np.float32), "a": np.ones(64, np.float32)}
    done = on(get("bang@mtp_270"), NARROW.format(call=call), {"task": 1}, **arrays)
    assert done.status == "finding" and message in done.findings[0].message, (done.status, done.findings)
    assert on(BANG, NARROW.format(call=call), {"task": 1}, **arrays).status == "ok"


def test_an_intrinsic_exists_from_its_architecture_on() -> None:
    text = NARROW.format(call="__bang_abs(y, x, 64);")
    parse(text, "a.mlu", BANG.header, BANG.clang_args)
    older = get("bang@mtp_290")
    with pytest.raises(Fault, match="__bang_abs"):
        parse(text, "a.mlu", older.header, older.clang_args)


def test_an_architecture_that_does_not_exist_is_refused() -> None:
    with pytest.raises(Fault, match="mtp_999"):
        get("bang@mtp_999")
