"""Copies that a thread waits for later: they arrive with the wait, and the rules of their operands are kept."""

from __future__ import annotations

import numpy as np
import pytest

from tests.platforms.simt_run import run_body

_GROUPS = "#include <cooperative_groups.h>\nnamespace cg = cooperative_groups;\n"
X = np.arange(128, dtype=np.float32) + 1

WAYS = {
    "primitives": """
__shared__ __align__(16) float s[128];
__pipeline_memcpy_async(s + 4 * t, x + 4 * t, 16); __pipeline_commit(); __pipeline_wait_prior(0); __syncthreads();
for (int n = t; n < 128; n += 32) o[n] = s[127 - n];""",
    "two batches": """
__shared__ __align__(16) float s[128];
__pipeline_memcpy_async(s + 2 * t, x + 2 * t, 8); __pipeline_commit();
__pipeline_memcpy_async(s + 64 + 2 * t, x + 64 + 2 * t, 8); __pipeline_commit();
__pipeline_wait_prior(1); __syncthreads(); o[127 - t] = s[t]; o[95 - t] = s[32 + t];
__pipeline_wait_prior(0); __syncthreads(); o[63 - t] = s[64 + t]; o[31 - t] = s[96 + t];""",
    "groups": """
__shared__ __align__(16) float s[128];
auto block = cg::this_thread_block();
cg::memcpy_async(block, s, x, sizeof(float) * 128); cg::wait(block);
for (int n = t; n < 128; n += 32) o[n] = s[127 - n];""",
    "groups, one left": """
__shared__ __align__(16) float s[128];
auto block = cg::this_thread_block();
cg::memcpy_async(block, s, x, 256); cg::memcpy_async(block, s + 64, x + 64, cuda::aligned_size_t<16>(256));
cg::wait_prior<1>(block); o[127 - t] = s[t]; o[95 - t] = s[t + 32];
cg::wait(block); o[63 - t] = s[64 + t]; o[31 - t] = s[96 + t];""",
    "a thread's pipeline": """
__shared__ float s[128];
cuda::pipeline<cuda::thread_scope_thread> pipe = cuda::make_pipeline();
for (int n = 0; n < 4; ++n) {
  pipe.producer_acquire(); cuda::memcpy_async(s + 32 * n + t, x + 32 * n + t, sizeof(float), pipe); pipe.producer_commit();
}
for (int n = 0; n < 3; ++n) { pipe.consumer_wait(); o[127 - 32 * n - t] = s[32 * n + t]; pipe.consumer_release(); }
cuda::pipeline_consumer_wait_prior<0>(pipe); o[31 - t] = s[96 + t]; pipe.quit();""",
    "a block's pipeline": """
__shared__ float s[2][32];
__shared__ cuda::pipeline_shared_state<cuda::thread_scope_block, 2> state;
auto block = cg::this_thread_block();
auto pipe = cuda::make_pipeline(block, &state);
for (int n = 0; n < 2; ++n) {
  pipe.producer_acquire(); cuda::memcpy_async(block, s[n], x + 32 * n, 128, pipe); pipe.producer_commit();
}
for (int n = 0; n < 4; ++n) {
  pipe.consumer_wait(); o[127 - 32 * n - t] = s[n % 2][31 - (31 - t)]; pipe.consumer_release();
  if (n < 2) { pipe.producer_acquire(); cuda::memcpy_async(block, s[n % 2], x + 32 * (n + 2), 128, pipe); pipe.producer_commit(); }
}""",
    "a barrier": """
__shared__ float s[128];
__shared__ cuda::barrier<cuda::thread_scope_block> bar;
if (t == 0) init(&bar, blockDim.x);
__syncthreads();
cuda::memcpy_async(cg::this_thread_block(), s, x, 256, bar); cuda::memcpy_async(s + 64 + 2 * t, x + 64 + 2 * t, 8, bar);
bar.wait(bar.arrive());
for (int n = t; n < 128; n += 32) o[n] = s[127 - n];
bar.arrive_and_wait();""",
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_copying_and_waiting(way: str) -> None:
    done = run_body("cuda", WAYS[way], 32, head=_GROUPS, x=X, o=np.zeros(128, np.float32))
    assert done.status == "ok", (done.findings, done.stderr)
    assert done.outputs["o"].tolist() == X[::-1].tolist()


def test_before_the_wait_nothing_has_arrived() -> None:
    done = run_body("cuda", """
__shared__ float s[32];
s[t] = -1; __pipeline_memcpy_async(s + t, x + t, 4); __pipeline_commit();
o[t] = s[t]; __pipeline_wait_prior(0); o[32 + t] = s[t];""", 32, x=X, o=np.zeros(64, np.float32))
    early = done.status == "finding" or done.outputs["o"][:32].tolist() == [-1] * 32
    assert early, done
    assert done.status == "finding" or done.outputs["o"][32:].tolist() == X[:32].tolist()


def test_what_is_not_read_becomes_zero() -> None:
    done = run_body("cuda", """
__shared__ __align__(16) float s[128];
__pipeline_memcpy_async(s + 4 * t, x + 4 * t, 16, 4 * (t % 5)); __pipeline_commit(); __pipeline_wait_prior(0);
for (int n = 0; n < 4; ++n) o[4 * t + n] = s[4 * t + n];""", 32, x=X, o=np.zeros(128, np.float32))
    assert done.status == "ok", done.findings
    want = [X[4 * t + n] if n < 4 - t % 5 else 0 for t in range(32) for n in range(4)]
    assert done.outputs["o"].tolist() == want


@pytest.mark.parametrize(("call", "message"), [
    ("__pipeline_memcpy_async(s, x, 12)", "4, 8 or 16"),
    ("__pipeline_memcpy_async(s + 1, x, 8)", "destination is not aligned"),
    ("__pipeline_memcpy_async(s, x + 2, 16)", "source is not aligned"),
    ("__pipeline_memcpy_async(s, x, 4, 8)", "more bytes with zero"),
    ("__pipeline_memcpy_async(o, x, 4)", "shared memory"),
    ("cuda::barrier<cuda::thread_scope_block> b; init(&b, 7)", "all threads of a block"),
])
def test_misuse_is_a_finding_at_its_line(call: str, message: str) -> None:
    done = run_body("cuda", f"__shared__ __align__(16) float s[8];\n{call};\no[t] = s[0];", 1, x=X, o=np.zeros(1, np.float32))
    assert done.status == "finding"
    assert message in done.findings[0].message
    assert done.findings[0].line == 5
