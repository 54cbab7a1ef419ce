"""Ahead: tiles that are copied in one ahead, on a toy machine whose late copies come to pass when they are waited for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from tests.passes import toy
from tests.passes.interpret import run
from xpiler import platforms
from xpiler.ir.nodes import Barrier, Intrinsic, Kernel
from xpiler.ir.show import show
from xpiler.ir.walk import map_stmts, statements
from xpiler.passes.bind import BindTasks
from xpiler.passes.lanes.vectors import VectorLoops
from xpiler.passes.machine.share import at_top
from xpiler.passes.near.ahead import Ahead
from xpiler.passes.pipeline import held
from xpiler.passes.step import NotApplicable
from xpiler.text.read import read
from xpiler.to_pivot import sequential
from xpiler.to_target import _in_tiles

AHEAD = Ahead(("copy", "start"), (("pad", 1 << 18),))
ROWS = """
void k(const float* x, float* y) {
  for (int i = 0; i < 9; ++i) {
    float s = 0.0f;
    for (int j = 0; j < 96; ++j) s += x[i * 96 + j];
    for (int j = 0; j < 96; ++j) y[i * 96 + j] = x[i * 96 + j] * s;
  }
}"""
CHUNKS = "void k(const float* x, float* y) { for (int i = 0; i < 300; ++i) y[i] = x[i] * x[i]; }"
COPIED = "void k(const float* x, float* y) { for (int i = 0; i < 300; ++i) y[i] = x[i]; }"

DOUBLED = """
#include <bang.h>
__mlu_global__ void k(const float* x, float* y) {
    const int task = taskId;
    __nram__ float x_nram[8192];
    __nram__ float sum_nram[8192];
    __memcpy(x_nram, x + task * 4096, 4096 * sizeof(float), GDRAM2NRAM);
    for (int b = task; b < 128; b += 16) {
        int slot = b / 16 % 2;
        int next = b + 16;
        if (next < 128) {
            __memcpy_async(x_nram + (1 - slot) * 4096, x + next * 4096, 4096 * sizeof(float), GDRAM2NRAM);
        }
        __bang_add(sum_nram + slot * 4096, x_nram + slot * 4096, x_nram + slot * 4096, 4096);
        __sync();
        __memcpy_async(y + b * 4096, sum_nram + slot * 4096, 4096 * sizeof(float), NRAM2GDRAM);
    }
    __sync();
}
extern "C" void run(const float* x, float* y) {
    cnrtQueue_t queue;
    cnrtQueueCreate(&queue);
    float *x_d, *y_d;
    cnrtMalloc((void**)&x_d, 524288 * sizeof(float));
    cnrtMalloc((void**)&y_d, 524288 * sizeof(float));
    cnrtMemcpy(x_d, (void*)x, 524288 * sizeof(float), cnrtMemcpyHostToDev);
    cnrtDim3_t dim = {16, 1, 1};
    k<<<dim, cnrtFuncTypeBlock, queue>>>(x_d, y_d);
    cnrtQueueSync(queue);
    cnrtMemcpy(y, y_d, 524288 * sizeof(float), cnrtMemcpyDevToHost);
}
"""


@dataclass
class Copies:
    """The copies of a run; those that are started take what is there, and leave it, when they are waited for."""

    done: int = 0
    started: list[tuple[Any, Any, int]] = field(default_factory=list)

    def at_once(self, s: Intrinsic, operands: list[Any]) -> None:
        to, source, size, *_ = operands
        to[:size // 4] = source[:size // 4]
        self.done += 1

    def later(self, s: Intrinsic, operands: list[Any]) -> None:
        to, source, size, *_ = operands
        self.started.append((to, source, size))
        to[:size // 4] = np.nan

    def wait(self, *_: object) -> None:
        for to, source, size in self.started:
            to[:size // 4] = source[:size // 4]
        self.done += len(self.started)
        self.started = []


def lowered(text: str, chunk: int = 32) -> Kernel:
    c = platforms.get("c")
    pivot = sequential(read(text, c, "k.c"), c)[0].kernels[0]
    return BindTasks(tasks=2).shared(VectorLoops(toy.COUNTED_UNIT, chunk).apply(pivot))


def ran(k: Kernel, size: int) -> tuple[np.ndarray, int]:
    """What it leaves in y, and how many copies that took."""
    copies = Copies()
    arrays = {"x": np.random.default_rng(5).normal(size=size), "y": np.zeros(size)}
    waiting = map_stmts(k.body, lambda s: Intrinsic("wait", ()) if isinstance(s, Barrier) else s)
    does = {("copy", ""): copies.at_once, ("start", ""): copies.later, ("wait", ""): copies.wait}
    run(Kernel(k.name, k.params, waiting), arrays, meanings=toy.MEANINGS | does, IN=0, OUT=1)
    assert not copies.started
    return arrays["y"], copies.done


def late(k: Kernel) -> int:
    return sum(isinstance(s, Intrinsic) and s.name == "start" for s in statements(k.body))


@pytest.mark.parametrize(("text", "chunk", "size"), [(ROWS, 96, 864), (ROWS, 32, 864), (CHUNKS, 32, 300)])
def test_each_tile_comes_once_and_early_and_goes_late(text: str, chunk: int, size: int) -> None:
    plain = lowered(text, chunk)
    made = at_top(AHEAD.apply(plain))
    assert late(made) >= 1
    (want, before), (got, after) = ran(plain, size), ran(made, size)
    np.testing.assert_array_equal(got, want)
    assert after == before


def test_rows_and_chunks_are_stored_while_the_next_are_worked_on() -> None:
    assert [late(AHEAD.apply(lowered(*x))) for x in ((ROWS, 96), (CHUNKS, 32))] == [2, 2]


@pytest.mark.parametrize(("text", "chunk"), [
    (COPIED, 32),  # nothing is done meanwhile
    (CHUNKS.replace("300", "90"), 32),  # two chunks for a task, at most
    (ROWS.replace("x[", "y["), 96),  # a row could be one that was stored to
])
def test_what_gains_nothing_or_cannot_be_told_ahead_stays(text: str, chunk: int) -> None:
    k = lowered(text, chunk)
    assert AHEAD.apply(k) == k


def test_two_halves_have_to_fit() -> None:
    k = lowered(ROWS, 96)
    made = AHEAD.apply(k)
    room = held(made, "pad")
    assert Ahead(("copy", "start"), (("pad", room),)).apply(k) == made
    assert Ahead(("copy", "start"), (("pad", room - 1),)).apply(k) == k


def test_the_plain_loop_is_the_next_way() -> None:
    c = platforms.get("c")
    (early, ahead), (name, plain) = _in_tiles("tiles", VectorLoops(toy.COUNTED_UNIT, 4), {}, AHEAD)
    assert (early, name) == ("tiles, one tile ahead", "tiles")
    (k,) = sequential(read(CHUNKS, c, "k.c"), c)[0].kernels
    assert (ahead(k)[1][-1], plain(k)[1][-1]) == ("pipeline", "bind")
    (k,) = sequential(read(COPIED, c, "k.c"), c)[0].kernels
    with pytest.raises(NotApplicable, match="no loop brings in tiles"):
        ahead(k)


def test_text_with_tiles_ahead_is_read_as_the_plain_loop() -> None:
    bang = platforms.get("bang")
    kernel, _ = sequential(read(DOUBLED, bang, "doubled.mlu"), bang)
    assert show(kernel.kernels[0]).count("for (") == 1
