"""What is right only in one order of threads, or only once, is found; what must not be told apart is not."""

from __future__ import annotations

import pytest

from xpiler import platforms
from xpiler.text.read import read
from xpiler.verify.confirm import confirm
from xpiler.verify.ladder import Level
from xpiler.verify.runs.observe import Effort
from xpiler.verify.signature import given_sizes
from xpiler.verify.verdict import WATCHED, Evidence, Proved, Refuted, confirmed, refuted, source_defective

CUDA = platforms.get("cuda")


def cuda(body: str, launch: str = "(n + 63) / 64, 64", before: str = "", y: str = "float") -> str:
    return f"""
{before}
__global__ void k(const float* x, {y}* y, int n) {{ int i = blockIdx.x * 64 + threadIdx.x, t = threadIdx.x; {body} }}
extern "C" void entry(const float* x, {y}* y, int n) {{
  float* dx; {y}* dy;
  cudaMalloc(&dx, n * sizeof(float));
  cudaMalloc(&dy, n * sizeof({y}));
  cudaMemcpy(dx, x, n * sizeof(float), cudaMemcpyHostToDevice);
  k<<<{launch}>>>(dx, dy, n);
  cudaMemcpy(y, dy, n * sizeof({y}), cudaMemcpyDeviceToHost);
  cudaFree(dx);
  cudaFree(dy);
}}
"""


def evidence(source: str, target: str, level: Level = Level.TESTS) -> tuple[Evidence, ...]:
    program = read(source, CUDA, "k.cu")
    return confirm(source, CUDA, target, CUDA, program, effort=Effort(seeds=1, level=0), level=level)


def said(source: str, target: str) -> str:
    found = refuted(evidence(source, target))
    assert found is not None and isinstance(found.verdict, Refuted)
    return found.verdict.witness.what


PAIRS = cuda("if (i < n) y[i] = (t > 0 ? x[i - 1] : 0.0f) + x[i];")
STAGED = "__shared__ float s[64]; s[t] = i < n ? x[i] : 0.0f; {} if (i < n) y[i] = (t > 0 ? s[t - 1] : 0.0f) + s[t];"
RUNNING = cuda("if (i == 0) for (int j = 0; j < n; ++j) y[j] = x[j] + (j > 0 ? y[j - 1] : 0.0f);")
BY_BLOCKS = cuda("if (t == 0) for (int j = i; j < n && j < i + 64; ++j) y[j] = x[j] + (j > 0 ? y[j - 1] : 0.0f);")
TWICE = cuda("if (i < n) y[i] = 2.0f * x[i];")
FIRST = cuda("if (i < n) { y[i] = 2.0f * x[i]; if (i == 0) y[0] = x[0] + x[0]; }")
ONCE = cuda("if (i < n) y[i] = (calls == 0 ? 2.0f : 1.0f) * x[i]; __syncthreads(); if (i == 0) calls = 1;",
            "1, 1024", "__device__ int calls;").replace("blockIdx.x * 64 + ", "")
KEPT = cuda("for (int j = t; j < n; j += 64) { if (!filled) kept[j] = x[j]; y[j] = 2.0f * kept[j]; } "
            "__syncthreads(); if (t == 0) filled = 1;", "1, 64", "__device__ float kept[4096]; __device__ int filled;")
ONES = cuda("for (int j = t; j < n; j += 64) y[j] = 2.0f * x[j];", "1, 64")
PLACED = cuda("if (i < n) y[atomicAdd(&next, 1)] = x[i]; __syncthreads(); if (t == 0 && atomicAdd(&left, 1) == "
              "gridDim.x - 1) next = left = 0;", before="__device__ int next, left;")


def test_a_barrier_that_is_missing_shows_backwards() -> None:
    assert "the last block and the last thread start first" in said(PAIRS, cuda(STAGED.format("")))
    assert confirmed(evidence(PAIRS, cuda(STAGED.format("__syncthreads();"))))


def test_blocks_that_wait_for_no_one_are_seen() -> None:
    assert "the last block and the last thread start first" in said(RUNNING, BY_BLOCKS)


@pytest.mark.parametrize("target", [ONCE, KEPT], ids=["once", "kept"])
def test_what_is_right_once_is_refuted(target: str) -> None:
    assert "on a second call" in said(ONES, target)


@pytest.mark.parametrize("both", [PLACED, KEPT], ids=["order", "state"])
def test_what_the_source_does_too_is_no_difference(both: str) -> None:
    found = evidence(both, both)
    assert confirmed(found)
    assert isinstance(found[-1].verdict, Proved)
    assert "in both" in found[-1].verdict.scope or "hang on the order" in found[-1].verdict.scope


def test_the_second_call_has_more_than_one_block() -> None:
    target = TWICE.replace("k<<<(n + 63) / 64, 64>>>", "static int first = 1; k<<<first == 1 ? (n + 63) / 64 : 1, 64>>>")
    target = target.replace("cudaFree(dx);", "cudaFree(dx); first = 0;")
    assert "on a second call" in said(TWICE, target)


COUNTS = cuda("__shared__ int h[8]; if (t < 8) h[t] = 0; __syncthreads(); for (int j = t; j < n; j += 64) {} "
              "__syncthreads(); for (int j = t; j < n; j += 64) y[j] = h[j % 8];", "1, 64", y="int")
ADDED = COUNTS.replace("{}", "atomicAdd(&h[x[j] > 0.0f], 1);")
LOST = COUNTS.replace("{}", "h[x[j] > 0.0f] += 1;")


@pytest.mark.slow  # all rungs
def test_an_update_that_may_be_lost_is_watched_for_where_no_argument_decides() -> None:
    assert confirmed(evidence(ADDED, LOST))
    found = refuted(evidence(ADDED, LOST, Level.USUAL))
    assert found is not None and found.rung == WATCHED
    assert source_defective(evidence(LOST, LOST, Level.USUAL))


SUMS = cuda("if (i < n && x[i] > 0.0f) { int* p = &y[BLOCKS]; {} }", y="int").replace("k<<<", "cudaMemset(dy, 0, n * 4); k<<<")
THREADS, BLOCKS = SUMS.replace("BLOCKS", "i / 7"), SUMS.replace("BLOCKS", "t")
WHOLE = "atomicAdd(p, 3);"
AGAIN = "int o = *p, s; do { s = o; o = atomicCAS(p, s, s + 3); } while (s != o);"


def test_an_update_that_is_repeated_until_it_holds_is_one() -> None:
    assert confirmed(evidence(BLOCKS.replace("{}", WHOLE), BLOCKS.replace("{}", AGAIN)))


@pytest.mark.parametrize(("among", "update"), [
    (BLOCKS, "int o = *p; atomicCAS(p, o, o + 3);"), (THREADS, "int o = atomicAdd(p, 0); atomicExch(p, o + 3);"),
], ids=["nobody repeats it", "two steps"])
def test_an_update_that_others_come_between_is_refuted(among: str, update: str) -> None:
    assert "let the others come as far" in said(among.replace("{}", WHOLE), among.replace("{}", update))


VNNI = platforms.get("vnni")
ROWS = """
extern "C" void shift(const float* x, float* y, int rows, int cols, int ldx, int ldy) {
{}
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < cols; ++c) y[r * ldy + c] = x[r * ldx + c] + r;
}
"""
APART = ROWS.replace("{}", "#pragma omp parallel for schedule(static)")


def of_c(source: str, target: str, let: dict[str, int]) -> tuple[Evidence, ...]:
    program = given_sizes(read(source, VNNI, "k.cpp"), {"x": "rows * ldx + cols", "y": "rows * ldy + cols"})
    return confirm(source, VNNI, target, VNNI, program, effort=Effort(seeds=1), level=Level.TESTS, let=let)


def test_a_size_at_which_parallel_rows_overlap_is_left_out_and_told() -> None:
    found = of_c(APART, ROWS.replace("{}", ""), {})
    assert confirmed(found) and isinstance(found[-1].verdict, Proved)
    assert "not at rows=64 cols=32 ldx=48 ldy=16" in found[-1].verdict.scope
    assert "where the source is not defined: what it computes hangs on which iteration" in found[-1].verdict.scope


def test_a_source_whose_parallel_rows_overlap_has_no_meaning() -> None:
    found = of_c(APART, APART, {"rows": 4, "cols": 8, "ldx": 8, "ldy": 4})
    assert source_defective(found)


def test_a_target_whose_parallel_rows_overlap_is_refuted() -> None:
    found = refuted(of_c(ROWS.replace("{}", ""), APART, {"rows": 4, "cols": 8, "ldx": 8, "ldy": 4}))
    assert found is not None and isinstance(found.verdict, Refuted)
    assert "where the last iteration of each parallel loop comes first" in found.verdict.witness.what


SCALED = cuda("if (i < n) y[i] = {};").replace("int n", "float b, int n").replace("(dx, dy, n)", "(dx, dy, b, n)")
SCALED = SCALED.replace("k<<<", "cudaMemcpy(dy, y, n * sizeof(float), cudaMemcpyHostToDevice); k<<<")


def test_what_the_source_ignores_may_be_nan() -> None:
    ignores, reads = SCALED.replace("{}", "b == 0.0f ? x[i] : x[i] + b * y[i]"), SCALED.replace("{}", "x[i] + b * y[i]")
    assert "is nan, not" in said(ignores, reads)
    assert confirmed(evidence(ignores, ignores))


def test_what_the_source_compares_is_not_ignored() -> None:
    """All random numbers are below it, and NaN is, too."""
    compares = cuda("if (i < n) y[i] = x[i] > 500.0f ? 1.0f : 0.0f;")
    assert confirmed(evidence(compares, compares.replace("x[i] > 500.0f ? 1.0f : 0.0f", "x[i] <= 500.0f ? 0.0f : 1.0f")))
