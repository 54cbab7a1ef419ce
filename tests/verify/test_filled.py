"""Arrays of integers that a kernel fills itself: what is known of them proves what holds, and nothing else."""

from __future__ import annotations

import pytest

from xpiler import platforms
from xpiler.ir.nodes import Program
from xpiler.text.read import read
from xpiler.verify.argue.bounds import bounds
from xpiler.verify.argue.races import races
from xpiler.verify.verdict import Proved, Verdict

CUDA = platforms.get("cuda")


def kernel(body: str, size: int = 256) -> Program:
    """Four blocks of 64 threads on an array of some size."""
    return read(f"""
__global__ void k(float* y, const int* t) {{ int tid = threadIdx.x; {body} }}
extern "C" void run(float* y, const int* t) {{
  float* dy; int* dt;
  cudaMalloc(&dy, {size} * sizeof(float));
  cudaMalloc(&dt, 64 * sizeof(int));
  cudaMemcpy(dt, t, 64 * sizeof(int), cudaMemcpyHostToDevice);
  k<<<4, 64>>>(dy, dt);
  cudaMemcpy(y, dy, {size} * sizeof(float), cudaMemcpyDeviceToHost);
}}""", CUDA, "k.cu")


def both(body: str, size: int = 256) -> tuple[Verdict, Verdict]:
    p = kernel(body, size)
    return bounds(p, CUDA).verdict, races(p, CUDA).verdict


def proved(body: str, size: int = 256) -> tuple[bool, bool]:
    in_bounds, free = both(body, size)
    return isinstance(in_bounds, Proved), isinstance(free, Proved)


LANES = "__shared__ int lane[64]; lane[tid] = F; __syncthreads(); "
OWN = "int own[8]; for (int i = 0; i < 8; ++i) own[i] = F; for (int j = 0; j < 8; ++j) "
DIGITS = ("int row[64]; for (int r = 0; r < 8; ++r) for (int c = 0; c < 8; ++c) row[r * 8 + c] = c; "
          "for (int e = 0; e < 64; ++e) ")


@pytest.mark.parametrize(("body", "size"), [
    (LANES.replace("F", "63 - tid") + "y[blockIdx.x * 64 + lane[tid]] = 1.0f * tid;", 256),
    (LANES.replace("F", "tid ^ 0") + "y[blockIdx.x * 64 + lane[tid]] = 1.0f * tid;", 256),
    (LANES.replace("F", "blockIdx.x * 64 + tid") + "y[lane[tid]] = 1.0f * tid;", 256),
    (OWN.replace("F", "(blockIdx.x * 64 + tid) * 8 + i") + "y[own[j]] = 1.0f;", 2048),
    (DIGITS + "y[(blockIdx.x * 64 + tid) * 8 + row[e]] = 1.0f * row[e];", 2048),
    ("bool on[2]; on[0] = tid < 8; on[1] = tid < 8; "
     "for (int i = 0; i < 2; ++i) if (on[i]) y[blockIdx.x * 8 + tid] = 1.0f;", 32),
    (LANES.replace("F", "tid") + "__shared__ int at[64]; at[tid] = 2 * lane[tid]; __syncthreads(); "
     "y[blockIdx.x * 128 + at[tid]] = 1.0f;", 512),
], ids=range(7))
def test_what_holds_is_proved_and_the_scope_says_what_is_taken_for_granted(body: str, size: int) -> None:
    for verdict in both(body, size):
        assert isinstance(verdict, Proved), verdict
        assert "set before read" in verdict.scope


@pytest.mark.parametrize("body", [
    LANES.replace("F", "tid + 1") + "y[blockIdx.x * 64 + lane[tid]] = 1.0f;",
    OWN.replace("F", "(blockIdx.x * 64 + tid) * 8 + i + 1") + "y[own[j] / 8] = 1.0f;",
    LANES.replace("F", "t[tid]") + "y[lane[tid]] = 1.0f;",  # any number
    LANES.replace("F", "tid") + "if (tid == 0) lane[5] = 300; __syncthreads(); y[lane[tid]] = 1.0f;",
    LANES.replace("F", "tid") + "atomicAdd(&lane[0], 300); __syncthreads(); y[lane[tid]] = 1.0f;",
    DIGITS.replace("= c;", "= c + r * 100;") + "y[row[e]] = 1.0f;",
], ids=range(6))
def test_what_is_outside_is_not_proved(body: str) -> None:
    assert not proved(body)[0]


@pytest.mark.parametrize("body", [
    LANES.replace("F", "tid / 2") + "y[blockIdx.x * 64 + lane[tid]] = 1.0f * tid;",
    LANES.replace("F", "tid") + "y[lane[tid]] = 1.0f * blockIdx.x;",
    LANES.replace("F", "t[tid]") + "y[blockIdx.x * 64 + (lane[tid] & 63)] = 1.0f * tid;",
    # One half is stored over by the other: each store is one to one, both are not.
    LANES.replace("F", "tid") + "if (tid < 32) lane[tid] = 63 - tid; __syncthreads(); "
    "y[blockIdx.x * 64 + lane[tid]] = 1.0f * tid;",
    # What an earlier turn left is still there for another thread.
    "__shared__ int at[64]; for (int k = 0; k < 4; ++k) { if (k > 0) y[at[63 - tid] / 2] = 1.0f * tid;"
    " __syncthreads(); at[tid] = k * 64 + tid; __syncthreads(); }",
], ids=range(5))
def test_what_races_is_not_proved(body: str) -> None:
    assert not proved(body)[1]


def test_a_value_of_an_earlier_turn_is_not_taken_for_this_ones() -> None:
    """In turn k the array still holds what turn k - 1 put there: y[(k - 1) * 64 + ...], one row too low for k = 0."""
    body = ("__shared__ int at[64]; at[tid] = -64 + tid; __syncthreads(); for (int k = 0; k < 4; ++k) {"
            " y[at[tid]] = 1.0f * tid; at[tid] = k * 64 + tid; }")
    assert not proved(body)[0]
