"""Broken rules are found at the user's line, with the thread that broke them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.emulate.conftest import Emulate
from xpiler.emulate import Finding, Limits, Run


def only(run: Run) -> Finding:
    assert run.status == "finding", (run.status, run.stderr)
    assert run.outputs == {}
    (finding,) = run.findings
    assert finding.file == "user.cu"
    return finding


@pytest.mark.parametrize(("store", "index"), [("a[n] = 1;", 100), ("a[-1] = 1;", -1), ("a[n + 5000] = 1;", 5100)])
def test_a_write_outside_a_buffer_names_element_and_thread(emulate: Emulate, store: str, index: int) -> None:
    text = f"__global__ void k(float* a, int n) {{\n  int i = blockIdx.x * 32 + threadIdx.x;\n  if (i == 37)\n    {store}\n}}\n"
    found = only(emulate(text, {"block.x": 2, "thread.x": 32}, a=np.zeros(100, np.float32), n=100))
    assert (found.buffer, found.index) == ("a", index)
    if found.code == "XP2101":  # within the red zone the place is known only after the run
        assert (found.line, "write" in found.message) == (4, True)
        assert "thread (5,0,0) of block (1,0,0)" in found.where
    else:
        assert found.code == "XP2104"


def test_a_read_past_the_end_is_found_where_the_buffer_fills_its_lines(emulate: Emulate) -> None:
    text = "__global__ void k(const float* a, float* c) {\n  int i = threadIdx.x;\n  c[i] = a[i + 1];\n}\n"
    found = only(emulate(text, {"thread.x": 16}, a=np.ones(16, np.float32), c=np.zeros(16, np.float32)))
    assert (found.code, found.buffer, found.index, found.line) == ("XP2101", "a", 16, 3)
    assert found.message.startswith("read") and "thread (15,0,0)" in found.where


def test_a_shared_array_has_bounds(emulate: Emulate) -> None:
    text = (
        "__global__ void k(float* a) {\n  __shared__ float s[4][8];\n  int i = threadIdx.x;\n"
        "  s[i / 8][i % 8] = a[i];\n  a[i] = s[i / 8][7];\n}\n"
    )
    found = only(emulate(text, {"thread.x": 33}, a=np.zeros(64, np.float32)))
    assert (found.code, found.line, found.index) == ("XP2102", 4, 4)
    assert "thread (32,0,0)" in found.where and "float [4][8]" in found.message


def test_a_barrier_some_threads_miss(emulate: Emulate) -> None:
    text = (
        "__global__ void k(float* a) {\n  if (threadIdx.x < 16)\n    __syncthreads();\n  else\n"
        "    __shfl_xor_sync(0xffffffffu, 1, 1);\n}\n"
    )
    found = only(emulate(text, {"thread.x": 32}, a=np.zeros(1, np.float32)))
    assert (found.code, {found.line, found.also}) == ("XP2110", {3, 5})


def test_barriers_at_different_lines_do_not_match(emulate: Emulate) -> None:
    text = (
        "__global__ void k(float* a) {\n  if (threadIdx.x < 16) {\n    a[0] = 1;\n    __syncthreads();\n  } else {\n"
        "    __syncthreads();\n    a[1] = 1;\n  }\n}\n"
    )
    found = only(emulate(text, {"thread.x": 32}, a=np.zeros(2, np.float32)))
    assert (found.code, {found.line, found.also}) == ("XP2110", {4, 6})


def test_threads_that_left_are_not_waited_for(emulate: Emulate) -> None:
    text = "__global__ void k(int* a) {\n  if (threadIdx.x > 20) return;\n  __syncthreads();\n  a[threadIdx.x] = 1;\n}\n"
    run = emulate(text, {"thread.x": 64}, a=np.zeros(64, np.int32))
    assert run.status == "ok" and run.outputs["a"].sum() == 21


def test_shared_memory_starts_as_nan_in_every_block(emulate: Emulate) -> None:
    text = (
        "__global__ void k(float* a) {\n  __shared__ float s[2];\n  if (blockIdx.x == 0) s[0] = s[1] = 1;\n"
        "  a[blockIdx.x] = s[1];\n}\n"
    )
    run = emulate(text, {"block.x": 3, "thread.x": 1}, a=np.zeros(3, np.float32))
    np.testing.assert_array_equal(run.outputs["a"], [1, np.nan, np.nan])


def test_an_input_must_stay_as_it_was(emulate: Emulate) -> None:
    text = "__global__ void k(const int* a) { ((int*)a)[3] = 5; }\n"
    found = only(emulate(text, {}, const=("a",), a=np.zeros(8, np.int32)))
    assert (found.code, "element 3" in found.message) == ("XP2150", True)


def test_a_kernel_that_never_ends_says_where_it_is(emulate: Emulate) -> None:
    text = "__global__ void k(volatile int* a) {\n  while (a[0] == 0)\n    a[1] = 2;\n}\n"
    run = emulate(text, {}, limits=Limits(seconds=0.5), a=np.zeros(2, np.int32))
    assert run.status == "timeout" and run.findings[0].line in (2, 3)


def test_a_null_pointer(emulate: Emulate) -> None:
    found = only(emulate("__global__ void k(int* a) {\n  int* p = nullptr;\n  *(volatile int*)p = 3;\n}\n", {}, a=np.zeros(2, np.int32)))
    assert (found.code, found.line) == ("XP2103", 3)


def test_a_division_by_zero(emulate: Emulate) -> None:
    found = only(emulate("__global__ void k(int* a, int n) {\n  a[0] =\n    a[1] / n;\n}\n", {}, a=np.ones(2, np.int32), n=0))
    assert (found.code, found.line) == ("XP2140", 3)


def test_a_stack_overflow(emulate: Emulate) -> None:
    text = (
        "__device__ int f(int n) {\n  volatile int x[1000];\n  x[n % 1000] = n;\n  return n ? f(n - 1) + x[3] : 0;\n}\n"
        "__global__ void k(int* a) { a[0] = f(1000000); }\n"
    )
    assert only(emulate(text, {}, a=np.ones(2, np.int32))).code == "XP2170"


def test_too_many_threads_in_a_block(emulate: Emulate) -> None:
    found = only(emulate("__global__ void k(int* a) {}\n", {"thread.x": 1025}, a=np.ones(2, np.int32)))
    assert found.code == "XP2121" and "1025" in found.message


def test_a_copy_in_the_wrong_direction_or_too_long(emulate: Emulate) -> None:
    text = (
        'extern "C" void run(float* a, int n, int kind) {\n  float* d;\n  cudaMalloc(&d, 64);\n'
        "  cudaMemcpy(d, a, n, (cudaMemcpyKind)kind);\n}\n"
    )
    a = np.zeros(64, np.float32)
    assert emulate(text, name="run", a=a, n=64, kind=1).status == "ok"
    for n, kind in ((65, 1), (64, 2), (64, 0)):
        found = only(emulate(text, name="run", a=a, n=n, kind=kind))
        assert (found.code, found.line) == ("XP2130", 4)


def test_use_after_free(emulate: Emulate) -> None:
    text = (
        "__global__ void g(float* d) { d[3] = 1; }\n"
        'extern "C" void run(float* a) {\n  float* d;\n  cudaMalloc(&d, 64);\n  cudaFree(d);\n  g<<<1, 1>>>(d);\n}\n'
    )
    found = only(emulate(text, name="run", a=np.zeros(1, np.float32)))
    assert (found.line, "freed" in found.message) == (1, True)
