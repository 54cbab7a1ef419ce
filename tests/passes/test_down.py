"""From parallel kernels to clean sequential ones: recovery and contraction, against the interpreter."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.passes import programs
from tests.passes.interpret import run
from xpiler import platforms
from xpiler.fault import Fault
from xpiler.ir.check import check
from xpiler.ir.nodes import Alloc, For, Kernel
from xpiler.ir.walk import statements
from xpiler.passes.contract import Contract
from xpiler.passes.recover import Recover
from xpiler.text.read import read
from xpiler.to_pivot import sequential

Case = tuple[Callable[[], Kernel], dict[str, int], dict[str, int]]

CASES: dict[str, Case] = {
    "softmax": (programs.softmax_block, {"x": 3 * 128, "y": 3 * 128}, {"rows": 3}),
    "softmax with a tail": (lambda: programs.softmax_block(96), {"x": 3 * 96, "y": 3 * 96}, {"rows": 3}),
    "tree": (programs.tree_sum, {"x": 128, "y": 2}, {"blocks": 2}),
    "product": (programs.tiled_product, {"A": 256, "B": 256, "C": 256}, {}),
    "scale": (programs.guarded_scale, {"x": 21, "y": 21}, {"n": 21}),
    "down": (programs.down_sum, {"x": 128, "y": 4}, {"blocks": 2}),
}


def results(kernel: Kernel, sizes: dict[str, int], scalars: dict[str, int]) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(7)
    arrays = {name: rng.normal(size=n) for name, n in sizes.items()}
    run(kernel, arrays, **scalars)
    return arrays


@pytest.mark.parametrize("case", CASES)
def test_recovery_keeps_the_meaning(case: str) -> None:
    make, sizes, scalars = CASES[case]
    kernel = make()
    flat = Recover().apply(kernel)
    assert not any(isinstance(s, For) and s.kind.startswith(("thread", "block")) for s in statements(flat))
    want, got = results(kernel, sizes, scalars), results(flat, sizes, scalars)
    for name in sizes:
        np.testing.assert_allclose(got[name], want[name], rtol=1e-12)


BLOCK_OF_ANY_SIZE = """
__global__ void k(const float* x, float* y) {{
  extern __shared__ float t[];
  float s = 2.0f * x[threadIdx.x];
  t[threadIdx.x] = s;
  __syncthreads();
  for (int half = blockDim.x / 2; half > 0; half /= 2) {{
    if (threadIdx.x < half) t[threadIdx.x] += t[threadIdx.x + half];
    __syncthreads();
  }}
  y[threadIdx.x] = x[threadIdx.x] / t[0]{0};
}}
void run(const float* x, float* y, int n) {{ k<<<1, n, n * sizeof(float)>>>(x, y); }}
"""


def test_threads_of_a_block_of_any_size_may_meet() -> None:
    """Where none has a value of its own from before that is needed after it: nothing has an element for each."""
    cuda = platforms.get("cuda")
    pivot, _ = sequential(read(BLOCK_OF_ANY_SIZE.format(""), cuda, "k.cu"), cuda, contracted=False)
    check(pivot)
    for n in (1, 4, 32):
        arrays = {"x": np.arange(1.0, n + 1), "y": np.zeros(n)}
        run(pivot.kernels[0], arrays, n=n)
        np.testing.assert_allclose(arrays["y"], arrays["x"] / (2 * arrays["x"].sum()))
    with pytest.raises(Fault, match="threads keep values of their own"):
        sequential(read(BLOCK_OF_ANY_SIZE.format(" + s"), cuda, "k.cu"), cuda, contracted=False)


def test_what_all_threads_compute_alike_may_be_declared_before() -> None:
    """`float s; s = 2.0f;` before a barrier: one scalar of the block, in scope of the loops on both sides."""
    text = """
__global__ void k(const float* x, float* y) {
  __shared__ float t[32];
  float s;
  s = 2.0f;
  t[threadIdx.x] = s * x[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = s + t[31 - threadIdx.x];
}"""
    cuda = platforms.get("cuda")
    program = read(text, cuda, "k.cu", geometry={"block.x": "1", "thread.x": "32"})
    pivot, _ = sequential(program, cuda, contracted=False)
    check(pivot)
    x = np.arange(32.0)
    arrays = {"x": x, "y": np.zeros(32)}
    run(pivot.kernels[0], arrays)
    np.testing.assert_array_equal(arrays["y"], 2 + 2 * x[::-1])


@pytest.mark.parametrize("case", CASES)
def test_contraction_keeps_the_meaning_and_leaves_no_scratch(case: str) -> None:
    make, sizes, scalars = CASES[case]
    kernel = make()
    clean = Contract().apply(Recover().apply(kernel))
    assert not any(isinstance(s, Alloc) for s in statements(clean)), "scratch arrays dissolve"
    want, got = results(kernel, sizes, scalars), results(clean, sizes, scalars)
    for name in sizes:
        np.testing.assert_allclose(got[name], want[name], rtol=1e-9)


@pytest.mark.parametrize(("case", "loops"), [("softmax", 4), ("tree", 2), ("product", 3), ("scale", 1), ("down", 2)])
def test_the_pivot_has_as_few_loops_as_a_person_would_write(case: str, loops: int) -> None:
    clean = Contract().apply(Recover().apply(CASES[case][0]()))
    assert sum(isinstance(s, For) for s in statements(clean)) == loops


def test_a_warp_that_goes_on_by_long_steps_keeps_their_type() -> None:
    text = """
__global__ void sums(const float* x, float* y, long long rows) {
  const long long warps = (static_cast<long long>(gridDim.x) * blockDim.x) >> 5;
  for (long long r = (static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x) >> 5; r < rows; r += warps) {
    float v = x[r * 32 + (threadIdx.x & 31)];
    for (int d = 16; d > 0; d >>= 1) v += __shfl_down_sync(0xffffffffu, v, d);
    if ((threadIdx.x & 31) == 0) y[r] = v;
  }
}
extern "C" void run(const float* x, float* y, long long rows) { sums<<<2, 64>>>(x, y, rows); }
"""
    cuda = platforms.get("cuda")
    pivot, _ = sequential(read(text, cuda, "sums.cu"), cuda, contracted=False)
    check(pivot)
    x, y = np.arange(7 * 32, dtype=np.float64), np.zeros(7)
    run(pivot.kernels[0], {"x": x, "y": y}, rows=7)
    assert y.tolist() == x.reshape(7, 32).sum(1).tolist()


BY_LENGTH = """
__global__ void sums(const float* x, const int* lengths, float* y) {{
  const int b = blockIdx.x;
  {before}
  float s = 0.0f;
  for (int t = 0; t < {length}; ++t) {{
    float v = x[t * 32 + threadIdx.x];
    for (int d = 16; d > 0; d >>= 1) v += __shfl_xor_sync(0xffffffffu, v, d);
    s += v * (b + 1);
  }}
  y[b * 32 + threadIdx.x] = s;
}}
extern "C" void launch(const float* x, const int* lengths, float* y) {{ sums<<<3, 32>>>(x, lengths, y); }}
"""


@pytest.mark.parametrize(("before", "length"), [("const int n = lengths[b];", "n"), ("", "lengths[b]")])
def test_threads_meet_as_often_as_memory_says_that_nobody_writes(before: str, length: str) -> None:
    cuda = platforms.get("cuda")
    pivot, _ = sequential(read(BY_LENGTH.format(before=before, length=length), cuda, "k.cu"), cuda, contracted=False)
    rows, lengths = np.arange(160.0).reshape(5, 32), np.array([5, 0, 2])
    arrays = {"x": rows.ravel(), "lengths": lengths, "y": np.zeros(96)}
    run(pivot.kernels[0], arrays)
    sums = [rows[:n].sum() * (b + 1) for b, n in enumerate(lengths)]
    np.testing.assert_array_equal(arrays["y"].reshape(3, 32), np.repeat(sums, 32).reshape(3, 32))


def test_only_those_who_take_part_read_how_often_threads_meet() -> None:
    cuda = platforms.get("cuda")
    text = BY_LENGTH.format(before="if (threadIdx.x < y[0])", length="lengths[b]").replace("float s = 0.0f;\n", "")
    text = text.replace("s += v * (b + 1);", "y[b] = v;").replace("y[b * 32 + threadIdx.x] = s;", "")
    with pytest.raises(Fault, match="no sequential form"):
        sequential(read(text, cuda, "k.cu"), cuda, contracted=False)


def test_what_an_atomic_gives_is_each_thread_s_own() -> None:
    text = """
__global__ void tickets(int* y) {
  __shared__ int next;
  if (threadIdx.x == 0) next = 0;
  __syncthreads();
  int mine = atomicAdd(&next, 1);
  __syncthreads();
  y[mine] = 2 * mine;
}
extern "C" void launch(int* y) { tickets<<<1, 32>>>(y); }
"""
    cuda = platforms.get("cuda")
    pivot, _ = sequential(read(text, cuda, "k.cu"), cuda, contracted=False)
    check(pivot)
    arrays = {"y": np.zeros(32, int)}
    run(pivot.kernels[0], arrays)
    np.testing.assert_array_equal(arrays["y"], 2 * np.arange(32))
