"""Asynchronous copies in the argument about races: whoever uses what a copy moves waits for it first, and no sooner is
its buffer filled again."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.verify.test_races import BANG, THREAD, launched
from xpiler.text.read import read
from xpiler.verify.argue.races import races
from xpiler.verify.verdict import Proved, Refuted, Verdict

SUITE = Path(__file__).parent.parent.parent / "benchmarks" / "bang"
MEET = "__syncthreads();"
GROUP = "auto g = cooperative_groups::this_thread_block(); __shared__ float s[128];"
USE = MEET + "y[i] = s[127 - t];"
LATE = {  # each form of a copy, and of waiting for it
    "a thread's": ("__pipeline_memcpy_async(&s[t], &x[i], 4); __pipeline_commit();", "__pipeline_wait_prior(0);"),
    "zeros behind it": ("__pipeline_memcpy_async(&s[t], &x[i], 4, 0); __pipeline_commit();", "__pipeline_wait_prior(0);"),
    "a group's": ("cooperative_groups::memcpy_async(g, s, x, 512);", "cooperative_groups::wait(g);"),
    "a pipeline's": (
        "auto p = cuda::make_pipeline(); cuda::memcpy_async(s + t, x + i, 4, p); p.producer_commit();",
        "p.consumer_wait();"),
    "in pieces": (
        "for (int c = t; c < 128; c += 64) __pipeline_memcpy_async(&s[c], &x[c], 4); __pipeline_commit();",
        "__pipeline_wait_prior(0);"),
}


@pytest.mark.parametrize("name", LATE)
def test_every_form_of_a_copy_is_waited_for(name: str) -> None:
    copy, wait = LATE[name]
    if name != "in pieces":  # two threads copy the same there
        assert isinstance(launched(THREAD + GROUP + copy + wait + USE), Proved)
    assert isinstance(launched(THREAD + GROUP + copy + USE), Refuted)


# The tile after this one is on its way, in the other half of the buffer.
TURNS = """__shared__ float s[2][128]; float sum = 0; int now = 0;
__pipeline_memcpy_async(&s[0][t], &x[t], 4); __pipeline_commit();
for (int k = 0; k < m; ++k) {
  if (k + 1 < m) __pipeline_memcpy_async(&s[now ^ 1][t], &x[(k + 1) * 128 + t], 4);
  __pipeline_commit();
  __pipeline_wait_prior(1); __syncthreads();
  for (int j = 0; j < 128; ++j) sum += s[now][j];
  __syncthreads(); now ^= 1;
} y[i] = sum;"""
ALONE = TURNS.replace(MEET, "").replace("for (int j = 0; j < 128; ++j) sum += s[now][j]", "sum += s[now][t]")
AHEAD = """__shared__ float s[4][128]; float sum = 0;
for (int q = 0; q < 3; ++q) { if (q < m) __pipeline_memcpy_async(&s[q][t], &x[q * 128 + t], 4); __pipeline_commit(); }
for (int k = 0; k < m; ++k) {
  __pipeline_wait_prior(2); __syncthreads();
  for (int j = 0; j < 128; ++j) sum += s[k % 4][j];
  if (k + 3 < m) __pipeline_memcpy_async(&s[(k + 3) % 4][t], &x[(k + 3) * 128 + t], 4);
  __pipeline_commit();
} y[i] = sum;"""
LAST = TURNS.replace("4);\n  __pipeline_commit();\n", "4), __pipeline_commit();\n")
PLANTED = {
    "sound": (TURNS, "", ""), "sound, for a thread alone": (ALONE, "", ""), "sound, three ahead": (AHEAD, "", ""),
    "no wait": (TURNS, "__pipeline_wait_prior(1);", ""),
    "too shallow": (TURNS, "prior(1)", "prior(2)"),
    "the same half": (TURNS, "now ^ 1]", "now]"),
    "not met after the wait": (TURNS, "(1); __syncthreads();", "(1);"),
    "filled while it is read": (TURNS, "__syncthreads(); now", "now"),
    "no batch for the last": (LAST, "", ""),
    "no wait, alone": (ALONE, "__pipeline_wait_prior(1);", ""),
    "too shallow, alone": (ALONE, "prior(1)", "prior(2)"),
    "the same half, alone": (ALONE, "now ^ 1]", "now]"),
    "too shallow, three ahead": (AHEAD, "prior(2)", "prior(3)"),
    "filled while it is read, three ahead": (AHEAD, "(k + 3) % 4", "(k + 4) % 4"),
    "not met, three ahead": (AHEAD, MEET, ""),
    "not closed": (TURNS, "__pipeline_commit();\nfor", "for"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_tile_in_two_halves(name: str) -> None:
    text, old, new = PLANTED[name]
    assert old in text
    verdict = launched(THREAD + text.replace(old, new, 1))
    assert isinstance(verdict, Proved if name.startswith("sound") else Refuted), verdict


def bang(text: str) -> Verdict:
    return races(read(text, BANG, "k.mlu"), BANG).verdict


# Which statement of a file of the suite is taken out, or changed to what.
SPOILT = {
    ("add_pingpong", "__sync_compute();", ""),  # stored before it is computed
    ("add_pingpong", "    __sync();\n    slot", "    slot"),
    ("add_pingpong", "    __sync();\n    slot", "    __sync_io_move_compute(false, true, true);\n    slot"),
    ("add_pingpong", "slot ^ 1, next", "slot, next"),
    ("add_pingpong", "  __sync();\n  int slot", "  int slot"),
    ("relu_pingpong", "__sync();", "__sync_compute();"),
    ("softmax_pingpong", "buf[1 - now]", "buf[now]"),
    ("softmax_pingpong", "__sync();", "__sync_io();"),  # which is enough: the last vector instruction is behind
}


@pytest.mark.parametrize("file", sorted({name for name, _, _ in SPOILT}))
def test_cores_that_copy_ahead_are_proved(file: str) -> None:
    assert isinstance(bang((SUITE / f"{file}.mlu").read_text()), Proved)


@pytest.mark.parametrize(("file", "old", "new"), sorted(SPOILT))
def test_what_a_core_does_too_early_is_refuted(file: str, old: str, new: str) -> None:
    text = (SUITE / f"{file}.mlu").read_text()
    assert old in text
    assert isinstance(bang(text.replace(old, new)), Proved if new == "__sync_io();" else Refuted)


def test_what_is_under_way_in_loops_in_loops_is_followed_so_far() -> None:
    """Vector instructions between copies that may not happen, two loops deep in one that copies ahead: what is under
    way multiplies with every loop, and the argument says so instead of going on for hours."""
    step = "if (n[{0}] > k) __memcpy(b + {0} * 32, x + k * 32, 128, GDRAM2NRAM); __bang_add(c, b + {0} * 32, c, 32);"
    inner = "".join(step.format(i) for i in range(4))
    text = f"""#include <bang.h>
#include <cnrt.h>
__mlu_entry__ void kernel(const float* x, const int* n, float* y) {{
  __nram__ float a[64], b[128], c[32];
  __memcpy(a, x, 128, GDRAM2NRAM);
  for (int q = 0; q < 40; ++q) {{
    if (q < 39) __memcpy_async(a + (q + 1) % 2 * 32, x + (q + 1) * 32, 128, GDRAM2NRAM);
    for (int h = 0; h < 8; ++h) for (int k = 0; k < 10; ++k) {{ {inner} }}
    __sync();
    __memcpy_async(y + q * 32, a + q % 2 * 32, 128, NRAM2GDRAM);
  }}
  __sync();
}}
void host(const float* x, const int* n, float* y) {{
  cnrtDim3_t dim = {{1, 1, 1}};
  kernel<<<dim, cnrtFuncTypeBlock, nullptr>>>(x, n, y);
}}"""
    began = time.process_time()
    assert not isinstance(bang(text), Refuted)
    assert time.process_time() - began < 20
