"""Many choices in one process: each finds everything as the first one did, and none ends the others."""

from __future__ import annotations

import numpy as np
import pytest

from xpiler import platforms
from xpiler.emulate.build import build
from xpiler.emulate.entry import Entry, Executable, Limits, Run
from xpiler.emulate.many import run_many
from xpiler.emulate.run import run
from xpiler.ir.nodes import Param
from xpiler.repair.quickly import quickly
from xpiler.text.read import read
from xpiler.verify.signature import signature

HEAD = "#include <stdlib.h>\nstatic int calls; static float kept[8];\n"
BODY = """void f(const float *x, float *y) {
    y[0] = ++calls; kept[3] += 1; y[1] = kept[3];
    float *h = (float *)malloc(400);
    y[2] = h[50];
    for (int i = 0; i < 100; ++i) h[i] = 7;
    if (xp::pick(0) == 1) for (volatile int i = 0; i < 10; i += 0) ;
    if (xp::pick(0) == 2) exit(0);
    if (xp::pick(0) == 3) abort();
    if (xp::pick(0) == 4) ((volatile float *)y)[100000] = 1;
    if (xp::pick(0) == 5) ((float *)x)[2] = 5;
    if (xp::pick(0) == 6) { volatile int z = 0; y[1] = 5 / z; }
    for (int i = 3; i < 64; ++i) y[i] = x[i] * (2 + xp::pick(1));
    if (xp::pick(0) == 7) free(h), h = (float *)calloc(10, 4), y[2] = h[3];
    if (xp::pick(9) == 1) y[5] = 0;
}
"""
PLAIN = "void f(const float *x, float *y) { for (int i = 0; i < 64; ++i) y[i] = x[i] * 2; }"
ENDS = {1: "timeout", 2: "crash", 3: "finding", 4: "finding", 5: "finding", 6: "finding"}

CALLED = """extern "C" void f(const float *x, float *y) {
    float *a, *b;
    cudaMalloc(&a, 256); cudaMalloc(&b, 256);
    cudaMemcpy(a, x, 256, cudaMemcpyHostToDevice);
    k<<<1, 64>>>(a, b);
    cudaMemcpy(y, b, 256, cudaMemcpyDeviceToHost);
}
"""


def params() -> tuple[Param, ...]:
    platform = platforms.get("c")
    return signature(read(PLAIN, platform, "t")).params


@pytest.fixture(scope="module")
def tried() -> list[Run]:
    platform = platforms.get("c")
    entry = Entry("f", params())
    made = build(HEAD + BODY, platform, entry, many=True)
    given = {p.name: np.arange(64, dtype=np.float32) for p in entry.params}
    return run_many(made, entry, given, Limits(), [{0: n} for n in range(8)] + [{1: 1}], each=0.2)


def test_each_ends_as_it_would_alone(tried: list[Run]) -> None:
    assert [r.status for r in tried] == [ENDS.get(n, "ok") for n in range(9)]
    assert [f.code for r in tried[3:7] for f in r.findings] == ["XP2165", "XP2101", "XP2150", "XP2140"]
    assert tried[4].findings[0].line == (HEAD + BODY[:BODY.index("100000")]).count("\n") + 1


def test_what_breaks_a_rule_tells_how_long_it_took() -> None:
    """So that one that breaks none is not ended for being slower than what stopped early."""
    platform, entry = platforms.get("c"), Entry("f", params())
    busy = "for (volatile int n = 0; n < 200000000; n += 1) ; abort(); }"
    made = build(f"#include <stdlib.h>\nvoid f(const float *x, float *y) {{ {busy}", platform, entry, many=True)
    given = {p.name: np.arange(64, dtype=np.float32) for p in entry.params}
    assert run_many(made, entry, given, Limits(), [{}], each=5.0)[0].seconds > 0.005


def test_each_finds_what_the_first_one_found(tried: list[Run]) -> None:
    """Variables of the program, its heap, its arguments."""
    outputs = [next(iter(tried[n].outputs.values())) for n in (0, 7, 8)]
    assert all(list(y[:3]) == [1, 1, 0] for y in outputs)
    assert np.array_equal(outputs[0][3:], np.arange(3, 64) * 2) and np.array_equal(outputs[2][3:], np.arange(3, 64) * 3)


def test_the_choices_a_run_came_by_are_told(tried: list[Run]) -> None:
    assert tried[0].reached == {0, 1, 9}
    assert tried[3].reached == {0}


def test_threads_that_were_left_waiting_are_gone() -> None:
    """A candidate that ends at a barrier, and the next one on the same stacks."""
    text = """__global__ void k(const float *x, float *y) {
    __shared__ float row[64];
    row[threadIdx.x] = x[threadIdx.x];
    if (xp::pick(0) == 0 || threadIdx.x < 32) __syncthreads();
    y[threadIdx.x] = row[63 - threadIdx.x + 64 * (xp::pick(0) == 2)];
}
""" + CALLED
    platform = platforms.get("cuda")
    entry = Entry("f", params())
    made = build(text, platform, entry, many=True)
    given = {p.name: np.arange(64, dtype=np.float32) for p in entry.params}
    done = run_many(made, entry, given, Limits(), [{0: n % 3} for n in range(60)], each=0.5)
    alone = [_alone(text, entry, n) for n in range(3)]
    for n, r in enumerate(done):
        assert r.status == alone[n % 3].status
        for name, values in r.outputs.items():
            assert np.array_equal(values, alone[n % 3].outputs[name])


def test_some_clusters_of_a_launch_are_run() -> None:
    """The first, the last, and others between; all of them where nothing else is asked for."""
    text = """__global__ void k(float *y) { y[blockIdx.x] = 1; }
extern "C" void f(const float *x, float *y) {
    float *b;
    cudaMalloc(&b, 256);
    cudaMemcpy(b, x, 256, cudaMemcpyHostToDevice);
    k<<<64, 1>>>(b);
    cudaMemcpy(y, b, 256, cudaMemcpyDeviceToHost);
}
"""
    entry = Entry("f", params())
    made = build(text, platforms.get("cuda"), entry, many=True)
    given = {p.name: np.full(64, 7, np.float32) for p in entry.params}
    few, every = (next(iter(run_many(made, entry, given, Limits(), [{}], each=0.5, clusters=n)[0].outputs.values()))
                  for n in (4, 0))
    assert few[0] == few[63] == 1 and set(few) == {1, 7} and 3 <= np.sum(few == 1) <= 5
    assert np.all(every == 1)


MET = """__global__ void k(const float *x, float *y) {
    if (xp::pick(0) == 0 || threadIdx.x < 32)
        __syncthreads();
    y[threadIdx.x] = x[63 - threadIdx.x];
    __syncthreads();
}
""" + CALLED


@pytest.mark.parametrize("hurried", [True, False])
def test_threads_that_meet_at_different_barriers_are_found(hurried: bool) -> None:
    """As in a run of one text, also where the compiler does not optimise."""
    entry = Entry("f", params())
    made = build(quickly(MET, hurried=hurried), platforms.get("cuda"), entry, many=True)
    given = {p.name: np.arange(64, dtype=np.float32) for p in entry.params}
    apart, together = run_many(made, entry, given, Limits(), [{0: 1}, {}], each=0.5)
    assert [(f.code, f.line) for f in apart.findings] == [("XP2110", 3)] and apart.status == "finding"
    assert together.status == "ok" and not together.findings
    assert [f.code for f in _alone(MET, entry, 1).findings] == ["XP2110"]


def _alone(text: str, entry: Entry, choice: int) -> Run:
    made: Executable = build(text, platforms.get("cuda"), entry)
    return run(made, entry, {p.name: np.arange(64, dtype=np.float32) for p in entry.params}, picks={0: choice})
