"""Idioms of people who share out work by hand: uneven chunks, masks that are chosen, words put together, early ends."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from tests.passes.interpret import run
from tests.passes.random_kernels import same
from xpiler import platforms
from xpiler.ir.nodes import Alloc, Assign, Buffer, Const, Continue, For, If, Kernel, Launch, Let, Load
from xpiler.ir.show import show
from xpiler.ir.types import DType
from xpiler.ir.walk import expressions, statements, subexpressions
from xpiler.passes.contract import Contract
from xpiler.passes.plain.specialize import specialize
from xpiler.passes.plain.structured import without_continues
from xpiler.passes.recover import Recover
from xpiler.passes.step import NotApplicable
from xpiler.text.read import read
from xpiler.to_pivot import sequential

SIZES = {"x": 160, "idx": 160, "y": 160}
FORMS: dict[str, tuple[str, list[str]]] = {
    "the last chunk takes what is left": ("""
void k(const float* x, const int* idx, float* y) {
  for (int t = 0; t < 4; ++t) {
    int begin = t * 25, mine = t == 3 ? 103 - begin : 25;
    for (int i = 0; i < mine; ++i) y[begin + i] = x[begin + i] * 2.0f;
  }
}""", ["103"]),
    "the last chunk, tile by tile": ("""
void k(const float* x, const int* idx, float* y) {
  for (int t = 0; t < 4; ++t) {
    int begin = t * 25, mine = t == 3 ? 103 - begin : 25;
    int whole = mine / 8, rest = mine % 8;
    for (int i = 0; i < whole + (rest > 0 ? 1 : 0); ++i) {
      int deal = i < whole ? 8 : rest;
      for (int j = 0; j < deal; ++j) y[begin + i * 8 + j] = x[begin + i * 8 + j] * 2.0f;
    }
  }
}""", ["103"]),
    "the first chunks take one more": ("""
void k(const float* x, const int* idx, float* y) {
  for (int t = 0; t < 4; ++t) {
    int mine = 25 + (t < 3 ? 1 : 0), begin = t * 25 + (t < 3 ? t : 3);
    for (int i = 0; i < mine; ++i) y[begin + i] = x[begin + i] + 1.0f;
  }
}""", ["103"]),
    "rows in chunks, the last one short": ("""
void k(const float* x, const int* idx, float* y) {
  float v[8];
  for (int t = 0; t < 4; ++t) {
    int first = t * 3, last = first + 3;
    if (last > 11) last = 11;
    for (int r = first; r < last; ++r) {
      for (int i = 0; i < 8; ++i) v[i] = x[r * 8 + i];
      float s = 0.0f;
      for (int i = 0; i < 8; ++i) s += v[i];
      y[r] = s;
    }
  }
}""", ["8", "11"]),
    "lanes under a mask that is chosen": ("""
void k(const float* x, const int* idx, float* y) {
  for (int b = 0; b < 7; ++b) {
    int left = 103 - b * 16;
    unsigned short m = left >= 16 ? 65535 : (unsigned short)((1u << left) - 1);
    for (int l = 0; l < 16; ++l) if ((m >> l) & 1) y[b * 16 + l] = x[b * 16 + l];
  }
}""", ["103"]),
    "the greatest, kept where it goes": ("""
void k(const float* x, const int* idx, float* y) {
  for (int i = 0; i < 9; ++i) {
    for (int c = 0; c < 8; ++c) y[i * 8 + c] = -100.0f;
    for (int p = 0; p < 7; ++p)
      for (int c = 0; c < 8; ++c)
        if (x[(i + p) * 8 + c] > y[i * 8 + c]) y[i * 8 + c] = x[(i + p) * 8 + c];
  }
}""", ["7", "72"]),
    "a loop that goes on": ("""
void k(const float* x, const int* idx, float* y) {
  for (int i = 0; i < 40; ++i) {
    float s = 0.0f;
    for (int j = 0; j < 6; ++j) {
      int at = i + j - 1;
      if (at < 0) continue;
      if (at > 39) continue;
      s += x[at];
    }
    y[i] = s;
  }
}""", ["6", "40"]),
}


def _pivot(text: str, platform: str = "c") -> Kernel:
    p = platforms.get(platform)
    kernel = sequential(read(text, p, "k"), p, contracted=False)[0].kernels[0]
    return replace(kernel, params=tuple(
        replace(p, extent=Const(SIZES[p.name], DType.I32)) if isinstance(p, Buffer) else p for p in kernel.params))


@pytest.mark.parametrize("name", FORMS)
def test_one_loop_over_all(name: str) -> None:
    text, loops = FORMS[name]
    kernel = _pivot(text)
    after = Contract().apply(kernel)
    same(kernel, after)
    assert sorted((show(s.stop) for s in statements(after) if isinstance(s, For)), key=int) == loops


@pytest.mark.parametrize(("old", "new"), [
    ("x[begin + i] * 2.0f", "x[begin + i] * (float)t"),  # which chunk it is matters
    ("x[begin + i] * 2.0f", "x[i]"),  # and so does the place in a chunk
    ("t * 25,", "t * 24,"),  # the chunks overlap
    ("t * 25,", "t * 26,"),  # what lies between them stays as it is
])
def test_chunks_that_are_no_row_stay_right(old: str, new: str) -> None:
    kernel = _pivot(FORMS["the last chunk takes what is left"][0].replace(old, new))
    try:
        after = Contract().apply(kernel)
    except NotApplicable:
        return
    same(kernel, after)


def test_bits_are_shifted_as_those_of_an_unsigned_number() -> None:
    """Two rounded halves put together in a word and taken apart again."""
    text = """
void k(const float* x, const int* idx, float* y, unsigned short* h) {
  unsigned w[8];
  for (int i = 0; i < 8; ++i) {
    unsigned a = (unsigned)idx[2 * i], b = (unsigned)idx[2 * i + 1];
    w[i] = (a >> 16) | ((b >> 16) << 16);
  }
  for (int i = 0; i < 8; ++i) { h[2 * i] = (unsigned short)w[i]; h[2 * i + 1] = (unsigned short)(w[i] >> 16); }
}"""
    c = platforms.get("c")
    program = read(text, c, "k.c")
    flat = sequential(program, c, contracted=False)[0].kernels[0]
    clean = sequential(program, c)[0].kernels[0]
    bits = np.random.default_rng(3).integers(-(1 << 31), 1 << 31, 16)
    want = [(int(b) & 0xFFFFFFFF) >> 16 for b in bits]
    for kernel in (flat, clean):
        arrays = {"idx": bits.copy(), "h": np.zeros(16, np.int64)}
        run(kernel, arrays)
        assert list(arrays["h"]) == want, show(kernel)
    assert not any(isinstance(s, Alloc) for s in statements(clean)), show(clean)


def test_continue_becomes_a_condition_on_what_follows() -> None:
    text = FORMS["a loop that goes on"][0]
    kernel = read(text, platforms.get("c"), "k.c").kernels[0]
    assert any(isinstance(s, Continue) for s in statements(kernel))
    body = without_continues(kernel.body)
    assert not any(isinstance(s, Continue) for s in statements(body))
    nested = "if (at > 39) { if (j > 1) continue; s += 1.0f; }"  # what follows runs for some that pass here
    kernel = read(text.replace("if (at > 39) continue;", nested), platforms.get("c"), "k.c").kernels[0]
    assert any(isinstance(s, Continue) for s in statements(without_continues(kernel.body)))


def test_large_expressions_are_written_in_parts() -> None:
    """What is mentioned twice is computed once, but no load leaves the choice it is under."""
    part = "(a * a + a * 0.5f)"
    for _ in range(3):
        part = f"({part} * {part} + 1.0f)"
    text = f"""
void k(const float* x, const int* idx, float* y) {{
  for (int i = 0; i < 20; ++i) {{
    float r = 0.0f;
    if (i < 10) {{ float a = x[i * 16]; r = {part}; }}
    float a = x[i];
    y[i] = {part} + r;
  }}
}}"""
    kernel = _pivot(text)
    after = Contract().apply(kernel)
    same(kernel, after)
    lets = [s for s in statements(after) if isinstance(s, Let)]
    assert lets and not any("* 16" in show(s.value) for s in lets if s.value is not None)
    loads = [x for s in statements(after) for e in expressions(s) for x in subexpressions(e) if isinstance(x, Load)]
    assert len([x for x in loads if "16" not in show(x.index)]) == 1, show(after)


# ---------------------------------------------------------------- what all threads have in common

SCAN = """
__global__ void scan(const int* in, int* out) {
  __shared__ int temp[16];
  int tid = threadIdx.x, offset = 1;
  int mine = in[tid];
  temp[2 * tid] = in[2 * tid];
  temp[2 * tid + 1] = in[2 * tid + 1];
  for (int d = 8; d > 0; d >>= 1) {
    __syncthreads();
    if (tid < d) {
      int ai = offset * (2 * tid + 1) - 1, bi = offset * (2 * tid + 2) - 1;
      temp[bi] += temp[ai];
    }
    offset *= 2;
  }
  __syncthreads();
  out[2 * tid] = temp[2 * tid] + mine;
  out[2 * tid + 1] = temp[2 * tid + 1] * offset;
}"""


def _scans(text: str) -> tuple[Kernel, Kernel]:
    cuda = platforms.get("cuda")
    kernel = read(text, cuda, "k.cu", geometry={"thread.x": "8", "block.x": "1"}).kernels[0]
    flat = Recover(**Recover.of_machine(cuda)).apply(kernel)
    got = []
    for k in (kernel, flat):
        arrays = {"in": np.arange(3, 19), "out": np.zeros(16, np.int64)}
        run(k, arrays)
        got.append(list(arrays["out"]))
    assert got[0] == got[1], show(flat)
    return kernel, flat


def test_threads_have_numbers_and_what_changes_for_all_in_common() -> None:
    _, flat = _scans(SCAN)
    kept = [s.buffer.name for s in statements(flat) if isinstance(s, Alloc)]
    assert sorted(re.sub(r"_\d+$", "", name) for name in kept) == ["mine", "temp"]


@pytest.mark.parametrize("change", [
    "if (tid < d) offset *= 2;",  # not for all
    "offset += tid;",  # not the same
    "if (tid < 4) { mine += __shfl_xor_sync(0xf, mine, 1); offset *= 2; }",  # together, but not for all
    "offset += temp[0] * 0 + 1;",  # what is in memory may change meanwhile
    "int old = mine; offset *= 2; mine = old + offset;",  # what is private lives on across the change
])
def test_what_threads_do_alone_stays_theirs(change: str) -> None:
    _scans(SCAN.replace("offset *= 2;", change).replace("offset * (", "1 * ("))


# ---------------------------------------------------------------- launchers

HOST = """
#include <cuda_runtime.h>
#include <stdio.h>
#define CHECK(x) do { cudaError_t e_ = (x); if (e_ != cudaSuccess) { printf("%d", (int)e_); return; } } while (0)
__global__ void step(const float* in, float* out, int n, int lag) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = i < lag ? in[i] : in[i - lag];
}
void run(const float* x, float* y) {
  const int n = 100;
  float *a, *b;
  CHECK(cudaMalloc(&a, n * sizeof(float)));
  CHECK(cudaMalloc(&b, n * sizeof(float)));
  CHECK(cudaMemcpy(a, x, n * sizeof(float), cudaMemcpyHostToDevice));
  step<<<4, 32>>>(a, b, n, 1);
  step<<<4, 32>>>(b, a, n, 2);
  CHECK(cudaMemcpy(y, a, n * sizeof(float), cudaMemcpyDeviceToHost));
}"""


def test_a_macro_that_returns_on_an_error_leaves_no_trace() -> None:
    program = read(HOST, platforms.get("cuda"), "k.cu")
    assert program.launcher is not None
    assert not any(isinstance(s, If | Assign) for s in statements(program.launcher.body)), show(program.launcher)


def test_scalars_that_all_launches_agree_on_are_bound() -> None:
    program = specialize(read(HOST, platforms.get("cuda"), "k.cu"))
    assert [p.name for p in program.kernels[0].params] == ["in", "out", "lag"]
    assert program.launcher is not None
    launches = [s for s in statements(program.launcher.body) if isinstance(s, Launch) and s.kernel == "step"]
    assert [show(s.args[2]) for s in launches] == ["1", "2"]


def test_an_outermost_loop_without_a_closed_form_is_parallel_where_nothing_needs_another() -> None:
    text = """
void k(const float* x, const int* idx, float* y) {
  for (int r = 0; r < 8; ++r) {
    float best = x[r * 16]; int at = 0;
    for (int j = 1; j < 16; ++j) if (x[r * 16 + j] > best) { best = x[r * 16 + j]; at = j; }
    y[r] = (float)at;
  }
}"""
    c = platforms.get("c")

    def outer(text: str) -> str:
        kernel = sequential(read(text, c, "k.c"), c)[0].kernels[0]
        return next(s.kind for s in kernel.body if isinstance(s, For))

    assert outer(text) == "parallel"
    assert outer(text.replace("y[r] =", "y[r + 1] = y[r] +")) == "serial"


TILES = """
void k(const float* x, float* y, int n) {
  float v[32], w[32];
  for (int t = 0; t < 2; ++t)
    for (int r = t * 4; r < n; r += 8) {
      int now = n - r < 4 ? n - r : 4;
      for (int i = 0; i < now * 8; ++i) v[i] = x[r * 8 + i];
      for (int o = 0; o < now; ++o)
        for (int i = 0; i < 8; ++i) w[o * 8 + i] = v[o * 8 + i] + x[i];
      for (int i = 0; i < now * 8; ++i) w[i] = w[i] * v[i];
      for (int i = 0; i < now * 8; ++i) y[r * 8 + i] = w[i];
    }
}"""
ROWS = """
#include <bang.h>
__mlu_global__ void k(const float* x, float* y, int heads, int q, int n) {
  __nram__ float v[64];
  __nram__ float top[64];
  for (int i = taskId; i < q; i += taskDim)
    for (int h = 0; h < heads; h++) {
      const int row = h * q + i;
      __memcpy(v, x + row * n, n * sizeof(float), GDRAM2NRAM);
      __bang_argmax(top, v, n);
      __bang_sub_scalar(v, v, top[0], n);
      __memcpy(y + row * n, v, n * sizeof(float), NRAM2GDRAM);
    }
}
void host(const float* x, float* y, int heads, int q, int n) {
  float *dx, *dy;
  cnrtMalloc((void**)&dx, heads * q * n * sizeof(float));
  cnrtMalloc((void**)&dy, heads * q * n * sizeof(float));
  cnrtMemcpy(dx, (void*)x, heads * q * n * sizeof(float), cnrtMemcpyHostToDev);
  cnrtQueue_t queue;
  cnrtQueueCreate(&queue);
  cnrtDim3_t d = {16, 1, 1};
  k<<<d, cnrtFuncTypeUnion4, queue>>>(dx, dy, heads, q, n);
  cnrtQueueSync(queue);
  cnrtMemcpy(y, dy, heads * q * n * sizeof(float), cnrtMemcpyDevToHost);
}"""


def test_rows_of_a_tile_of_which_the_last_has_fewer_are_rows() -> None:
    kernel = _pivot(TILES)
    after = Contract().apply(kernel)
    same(kernel, after, sizes=(1, 2, 7))
    assert [show(s.stop) for s in statements(after) if isinstance(s, For)] == ["n", "8"]


def test_a_row_begins_with_its_first_element_where_it_has_one() -> None:
    """What is read to begin with would be an earlier row's in a row of no elements, which nobody asks for."""
    after = Contract().apply(_pivot(ROWS, "bang"))
    assert not any(isinstance(s, Alloc) for s in statements(after))


SPANS = """
void k(const float* x, float* y, int n) {
  if (n <= 0) return;
  int chunks = (n + 63) / 64;
  for (int c = 0; c < chunks; ++c) {
    const float* a = x + c * 64;
    float* b = y + c * 64;
    int len = n - c * 64 < 64 ? n - c * 64 : 64, i = 0;
    for (; i + 16 <= len; i += 16)
      for (int l = 0; l < 16; ++l) b[i + l] = 2.0f * a[i + l] + b[i + l];
    for (; i < len; ++i) b[i] = a[i] - b[i];
  }
}
"""


def test_the_last_chunk_is_as_long_as_what_is_left() -> None:
    """Chunks that end in elements taken one by one are whole vectors of the array, and what is left of it."""
    c = platforms.get("c")
    pivot, steps = sequential(read(SPANS, c, "k.c"), c)
    assert steps[-1] == "contract(k)" and sum(isinstance(s, For) for s in statements(pivot.kernels[0])) == 2
    for n in (1, 15, 16, 17, 63, 64, 65, 127, 128, 150):
        x, y = np.arange(160.0), np.arange(160.0)[::-1].copy()
        whole = n // 16 * 16
        want = np.concatenate([2 * x[:whole] + y[:whole], x[whole:n] - y[whole:n], y[n:]])
        run(pivot.kernels[0], {"x": x, "y": y}, n=n)
        np.testing.assert_array_equal(y, want)
