"""An array taken to be larger than the source needs it: what lies beyond is not the caller's, and no judge passes it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from xpiler import platforms
from xpiler.engine import Options, translate
from xpiler.ir.nodes import Binary, Buffer, Call, Const, Program, Select, Var
from xpiler.ir.types import DType
from xpiler.text.read import read
from xpiler.verify.argue.bounds import BOUNDS
from xpiler.verify.confirm import confirm
from xpiler.verify.extents import extents
from xpiler.verify.runs.observe import Effort
from xpiler.verify.verdict import Proved, Refuted

SOURCE = "void twice(const float* x, float* y) { for (int i = 0; i < 60; ++i) y[i] = 2.0f * x[i]; }\n"
TARGET = """#include <cuda_runtime.h>
__global__ void k(const float* x, float* y) { int i = threadIdx.x; if (i < 60) y[i] = 2.0f * x[i]; }
extern "C" void twice(const float* x, float* y) {
  float *a, *b;
  cudaMalloc(&a, 64 * 4);
  cudaMalloc(&b, 64 * 4);
  cudaMemcpy(a, x, 64 * 4, cudaMemcpyHostToDevice);
  cudaMemcpy(b, y, 64 * 4, cudaMemcpyHostToDevice);
  k<<<1, 64>>>(a, b);
  cudaMemcpy(y, b, 64 * 4, cudaMemcpyDeviceToHost);
  cudaFree(a);
  cudaFree(b);
}
"""
C, CUDA = platforms.get("c"), platforms.get("cuda")


def sized(n: int) -> Program:
    program = read(SOURCE, C, "k.c")
    assert program.launcher is not None
    params = tuple(replace(p, extent=Const(n, DType.I32)) if isinstance(p, Buffer) else p for p in program.launcher.params)
    return replace(program, launcher=replace(program.launcher, params=params))


@pytest.mark.parametrize(("taken", "verdict"), [((), Proved), (("x", "y"), Refuted)])
def test_what_nobody_states_is_no_larger_than_needed(taken: tuple[str, ...], verdict: type) -> None:
    """A caller may say that there are 64; nobody else may."""
    found = confirm(SOURCE, C, TARGET, CUDA, sized(64), effort=Effort(seeds=1), taken=taken)
    assert isinstance(next(e for e in found if e.rung == BOUNDS).verdict, verdict)


N = Var("n", DType.I32)
OF_N = "void twice(const float* x, float* y, int n) { for (int i = 0; i < n; ++i) y[i] = 2.0f * x[i]; }\n"
HUGE = Select(Binary(">", N, Const(1 << 20, DType.I32), DType.BOOL), N, Binary("+", N, Const(1, DType.I32), DType.I32),
              DType.I32)
TAKEN = {  # what the size of `x` was taken to be: whether it is wrong, and whether it is shown to be right
    "n": (N, False, True),
    "n + 1": (Binary("+", N, Const(1, DType.I32), DType.I32), True, False),
    "n - 1": (Binary("-", N, Const(1, DType.I32), DType.I32), True, False),
    "at least 64": (Call("max", (N, Const(64, DType.I32)), DType.I32), True, False),
    "at most 64": (Call("min", (N, Const(64, DType.I32)), DType.I32), True, False),
    "wrong above what is tried": (replace(HUGE, a=HUGE.b, b=N), False, False),
}


@pytest.mark.parametrize("what", TAKEN)
def test_sizes_are_argued_from_the_source_alone(what: str) -> None:
    taken, wrong, shown = TAKEN[what]
    program = read(OF_N, C, "k.c")
    assert program.launcher is not None
    sizes = {"x": taken, "y": N}
    params = tuple(replace(p, extent=sizes[p.name]) if isinstance(p, Buffer) else p for p in program.launcher.params)
    program = replace(program, launcher=replace(program.launcher, params=params))
    found = extents(program, C, {"x", "y"}, {}, [{"n": 7}, {"n": 100}], 1.0)
    assert (found.wrong is not None, "`x`" in found.given) == (wrong, not (wrong or shown)), found


def test_a_scope_says_which_sizes_were_not_shown() -> None:
    source = "void last(const int* k, float* y) { for (int i = 0; i < 8; ++i) if (k[i] > 0) y[i] = 1.0f; }\n"
    program = read(source, C, "k.c")
    assert program.launcher is not None
    params = tuple(replace(p, extent=Const(8, DType.I32)) for p in program.launcher.params if isinstance(p, Buffer))
    program = replace(program, launcher=replace(program.launcher, params=params))
    found = confirm(source, C, source, C, program, target_program=program, effort=Effort(seeds=1), taken={"k", "y"})
    said = next(e for e in found if e.rung == BOUNDS).verdict
    assert isinstance(said, Proved) and "given that `y` has as many elements" in said.scope


def test_what_the_user_states_is_copied() -> None:
    done = translate(SOURCE, C, CUDA, file="k.c", options=Options(seeds=1, size={"x": 64, "y": 61}))
    assert done.confirmed
    assert "cudaMemcpy(d_x, x, 64 * sizeof(float)" in done.text and "cudaMemcpy(y, d_y, 61 * sizeof(float)" in done.text
