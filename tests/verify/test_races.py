"""Races for all inputs: sound kernels are proved, planted faults never are, witnesses name threads that really collide."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from xpiler import platforms
from xpiler.fault import Fault, Span
from xpiler.ir.nodes import (
    Addr, Alloc, Assign, Binary, Buffer, Const, DeviceBuffer, For, Kernel, Launch, Launcher, Let, Load, Program, Store,
    Var,
)
from xpiler.ir.types import DType
from xpiler.text.read import read
from xpiler.verify.argue.races import races
from xpiler.verify.verdict import Proved, Refuted, Unknown, Verdict

CUDA, BANG = platforms.get("cuda"), platforms.get("bang")
EXAMPLES = Path(__file__).parent.parent.parent / "examples"
THREAD = "int t = threadIdx.x, i = blockIdx.x * 128 + t;"


def launched(body: str, *, grid: str = "(n + 127) / 128", block: str = "128", strict: bool = True) -> Verdict:
    """The verdict on a CUDA kernel whose arrays are large enough."""
    program = read(f"""
__global__ void k(const float *x, float *y, const int *key, int *count, int n, int m) {{ {body} }}
extern "C" void run(const float *x, float *y, const int *key, int *count, int n, int m) {{
  float *dx, *dy; int *dkey, *dcount;
  cudaMalloc(&dx, n * sizeof(float));
  cudaMalloc(&dy, n * m * sizeof(float));
  cudaMalloc(&dkey, n * sizeof(int));
  cudaMalloc(&dcount, n * sizeof(int));
  cudaMemcpy(dx, x, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(dkey, key, n * sizeof(int), cudaMemcpyHostToDevice);
  k<<<{grid}, {block}>>>(dx, dy, dkey, dcount, n, m);
  cudaMemcpy(y, dy, n * m * sizeof(float), cudaMemcpyDeviceToHost);
  cudaMemcpy(count, dcount, n * sizeof(int), cudaMemcpyDeviceToHost);
  cudaFree(dx); cudaFree(dy); cudaFree(dkey); cudaFree(dcount);
}}""", CUDA, "k.cu")
    return races(program, CUDA, strict=strict).verdict


TREE = ("__shared__ float s[128]; s[t] = x[i]; for (int w = 64; w > 0; w >>= 1) {{ {} if (t < w) s[t] += s[t + w]; {} }}"
        "{} if (t == 0) y[blockIdx.x] = s[0];")
TILED = ("__shared__ float s[128]; float sum = 0; for (int k = 0; k < m; ++k) {{ s[t] = x[k * 128 + t]; {}"
         "for (int j = 0; j < 128; ++j) sum += s[j]; {} }} y[i] = sum;")
SYNC = "__syncthreads();"

SOUND = {
    "one element each": THREAD + "if (i < n) y[i] = x[i];",
    "strided": "for (int i = blockIdx.x * 128 + threadIdx.x; i < n; i += gridDim.x * 128) y[i] = x[i];",
    "in place": THREAD + "if (i < n) y[i] = y[i] * 2.0f + 1.0f;",
    "returned early": THREAD + "if (i >= n) return; y[i] = x[i];",
    "tree": THREAD + TREE.format(SYNC, "", SYNC),
    "tree, meeting last": THREAD + TREE.format("", SYNC, "").replace("for", SYNC + "for"),
    "tiled": THREAD + TILED.format(SYNC, SYNC),
    "two buffers in turn": THREAD + (
        "__shared__ float s[256]; float sum = 0; s[t] = x[t]; for (int k = 0; k < m; ++k) { __syncthreads();"
        "if (k + 1 < m) s[(k + 1) % 2 * 128 + t] = x[t + k]; sum += s[k % 2 * 128 + 127 - t]; } y[i] = sum;"),
    "rows of a matrix": "for (int c = threadIdx.x; c < m; c += 128) y[blockIdx.x * m + c] = x[blockIdx.x];",
    "columns of a matrix": THREAD + "if (i < m) for (int r = 0; r < n; ++r) y[r * m + i] = x[r];",
    "a flag": THREAD + "if (i < n && x[i] < 0.0f) count[0] = 1;",
    "the same from everywhere": THREAD + "if (i < n) y[i / 2] = x[i / 2];",
    "counted": THREAD + "if (i < n) atomicAdd(&count[key[i]], 1);",
    "counted in the block first": THREAD + (
        "__shared__ int own[16]; if (t < 16) own[t] = 0; __syncthreads(); if (i < n) atomicAdd(&own[key[i] & 15], 1);"
        "__syncthreads(); if (t < 16) atomicAdd(&count[t], own[t]);"),
    "lanes that meet": THREAD + (
        "__shared__ float s[128]; s[t] = x[i]; __syncwarp(); y[i] = s[t ^ 1];"),
    "a barrier in a uniform branch": THREAD + (
        "__shared__ float s[128]; s[t] = x[i]; if (m > 3) { __syncthreads(); y[i] = s[127 - t]; }"),
    "what all read alike decides": THREAD + (
        "__shared__ int s[1]; if (t == 0) s[0] = key[blockIdx.x]; __syncthreads();"
        "if (s[0] > 3) { __shared__ float v[128]; v[t] = x[i]; __syncthreads(); y[i] = v[127 - t]; }"),
}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_kernel_is_proved_for_all_sizes(name: str) -> None:
    grid = {"rows of a matrix": "n", "columns of a matrix": "(m + 127) / 128"}.get(name, "(n + 127) / 128")
    verdict = launched(SOUND[name], grid=grid)
    assert isinstance(verdict, Proved), verdict
    assert "all sizes with n >= 1" in verdict.scope and "two-thread" in verdict.scope


FAULTY = {
    "a barrier too few": THREAD + "__shared__ float s[128]; s[t] = x[i]; y[i] = s[127 - t];",
    "a tree without barriers": THREAD + TREE.format("", "", SYNC),
    "the tree's first barrier is missing": THREAD + TREE.format("", SYNC, ""),
    "a tile overwritten too early": THREAD + TILED.format(SYNC, ""),
    "a tile read too early": THREAD + TILED.format("", SYNC),
    "axes swapped": "int i = threadIdx.x * 128 + blockIdx.x; y[blockIdx.x] = x[i % n];",
    "blocks overlap": "int i = blockIdx.x * 64 + threadIdx.x; if (i < n) y[i] = x[blockIdx.x];",
    "blocks overlap, in place": "int i = blockIdx.x * 64 + threadIdx.x; if (i < n) y[i] = y[i] * 2.0f;",
    "everybody writes one place": THREAD + "if (i < n) y[0] = x[i];",
    "a neighbour's element": THREAD + "if (i + 1 < n) y[i] = y[i + 1];",
    "a barrier not all come to": THREAD + "__shared__ float s[128]; s[t] = x[i]; if (t < 64) { __syncthreads(); } y[i] = s[t];",
    "a barrier in a loop of unequal length": THREAD + "for (int k = t; k < n; k += 100) { __syncthreads(); y[i] = 1.0f; }",
    "lanes that do not meet": THREAD + "__shared__ float s[128]; s[t] = x[i]; y[i] = s[t ^ 1];",
    "lanes of two warps": THREAD + "__shared__ float s[128]; s[t] = x[i]; __syncwarp(); y[i] = s[t ^ 32];",
    "the same buffer in both turns": THREAD + (
        "__shared__ float s[256]; float sum = 0; s[t] = x[t]; for (int k = 0; k < m; ++k) { __syncthreads();"
        "if (k + 1 < m) s[k % 2 * 128 + t] = x[t + k]; sum += s[k % 2 * 128 + 127 - t]; } y[i] = sum;"),
}


@pytest.mark.parametrize("name", FAULTY)
def test_a_planted_fault_is_refuted(name: str) -> None:
    verdict = launched(FAULTY[name])
    assert isinstance(verdict, Refuted), verdict
    told = verdict.witness.what
    first, second = re.findall(r"the thread ((?:[a-z.]+ \d+(?:, )?)+)", told)[:2]
    assert first.rstrip(", ") != second.rstrip(", "), "two threads, not one"


def test_what_only_some_sizes_bring_about_may_be_the_callers_to_avoid() -> None:
    verdict = launched(FAULTY["blocks overlap, in place"], strict=False)
    assert isinstance(verdict, Unknown) and "which a caller may rule out" in verdict.reason
    assert isinstance(launched(FAULTY["a tree without barriers"], strict=False), Refuted)


UNDECIDED = {
    "what a thread had before the loop": THREAD + (
        "__shared__ float s[256]; int p = 0 - t, q = 0; s[t] = 0; s[t + 128] = 0; for (int k = 0; k < m; ++k) {"
        "y[i] = s[t + q]; __syncthreads(); s[t + p] = 1.0f; q = p; p = 0; }"),
    "scattered": THREAD + "if (i < n) y[key[i]] = x[i];",
    "counted without an atomic": THREAD + "if (i < n) count[key[i]] += 1;",
    "sums of their own": THREAD + "float sum = 0; for (int k = 0; k < m; ++k) sum += x[k] * i; if (i < n) y[0] = sum;",
    "a barrier on data": THREAD + "__shared__ float s[128]; if (key[t] > 0) { s[t] = 1.0f; __syncthreads(); }",
}


@pytest.mark.parametrize("name", UNDECIDED)
def test_what_is_not_followed_is_not_decided(name: str) -> None:
    verdict = launched(UNDECIDED[name])
    assert isinstance(verdict, Unknown), verdict
    assert "line 2" in verdict.reason


def tasks(body: str) -> Verdict:
    program = read(f"""
__mlu_global__ void k(const float *x, float *y, int n) {{
  __nram__ float a[64];
  __mlu_shared__ float s[64];
  {body}
}}
extern "C" void run(const float *x, float *y, int n) {{
  float *dx, *dy;
  cnrtQueue_t queue; cnrtQueueCreate(&queue);
  cnrtMalloc((void**)&dx, n * 64 * sizeof(float));
  cnrtMalloc((void**)&dy, n * 64 * sizeof(float));
  cnrtMemcpy(dx, (void*)x, n * 64 * sizeof(float), cnrtMemcpyHostToDev);
  cnrtDim3_t dim = {{16, 1, 1}};
  k<<<dim, cnrtFuncTypeUnion4, queue>>>(dx, dy, n);
  cnrtQueueSync(queue);
  cnrtMemcpy(y, dy, n * 64 * sizeof(float), cnrtMemcpyDevToHost);
  cnrtFree(dx); cnrtFree(dy); cnrtQueueDestroy(queue);
}}""", BANG, "k.mlu")
    return races(program, BANG).verdict


IN, OUT = "__memcpy(a, x + r * 64, 256, GDRAM2NRAM);", "__memcpy(y + {} * 64, a, 256, NRAM2GDRAM);"


def test_tasks_that_take_turns_are_proved() -> None:
    assert isinstance(tasks(f"for (int r = taskId; r < n; r += taskDim) {{ {IN} {OUT.format('r')} }}"), Proved)


@pytest.mark.parametrize("body", [
    f"for (int r = taskId; r < n; r += taskDim - 1) {{ {IN} a[0] += 1; {OUT.format('r')} }}",
    f"for (int r = taskId; r < n; r += taskDim) {{ {IN} {OUT.format('(r / 2)')} }}",
    "__memcpy(s, x, 256, GDRAM2SRAM); a[coreId] = s[0]; __memcpy(y + taskId * 64, a, 256, NRAM2GDRAM);",
])
def test_tasks_that_collide_are_not_proved(body: str) -> None:
    assert not isinstance(tasks(body), Proved)


def test_cores_that_meet_are_proved() -> None:
    verdict = tasks("if (coreId == 0) { __memcpy(s, x, 256, GDRAM2SRAM); } __sync_cluster();"
                    "a[0] = s[coreId]; __memcpy(y + taskId * 64, a, 256, NRAM2GDRAM);")
    assert not isinstance(verdict, Refuted), verdict


C = platforms.get("c")
J, N, F = Var("j", DType.I32), Var("n", DType.I32), DType.F32


def parallel(*body: object, before: tuple[object, ...] = ()) -> Verdict:
    """The verdict on a loop whose iterations run at once."""
    zero, one = Const(0, DType.I32), Const(1, DType.I32)
    loop = For(J, zero, N, one, body, "parallel", Span("k.c", 1, 1))
    x, y = Buffer("x", F, N, const=True), Buffer("y", F, N)
    kernel = Kernel("k", (x, y, N), (*before, loop))
    return races(Program("c", (kernel,), None, "k.c"), C, strict=True).verdict


def test_iterations_of_a_parallel_loop() -> None:
    one = Const(1, DType.I32)
    after = Binary("+", J, one, DType.I32)
    assert isinstance(parallel(Store("y", J, Load("x", J, F))), Proved)
    assert isinstance(parallel(Store("y", J, Load("y", after, F))), Refuted)
    own, shared = Buffer("own", F, one, "local"), Store("own", Const(0, DType.I32), Load("x", J, F))
    assert isinstance(parallel(Alloc(own), shared), Proved)
    assert isinstance(parallel(shared, before=(Alloc(own),)), Refuted)
    total = Var("total", F)
    grow = Assign(total, Binary("+", total, Load("x", J, F), F))
    assert isinstance(parallel(grow, before=(Let(total, Const(0.0, F)),)), Refuted)


def test_launches_follow_each_other() -> None:
    """What one launch writes, the next may read."""
    zero, one = Const(0, DType.I32), Const(1, DType.I32)
    i, n = Var("i", DType.I32), Var("n", DType.I32)
    body = For(i, zero, n, one, (Store("y", i, Load("x", Binary("-", Binary("-", n, one, DType.I32), i, DType.I32),
                                                    F)),), "block.x")
    kernel = Kernel("k", (Buffer("x", F, None, const=True), Buffer("y", F, None), n), (body,))
    buffers = tuple(DeviceBuffer(b, F, n) for b in ("da", "db"))
    args = {a: Addr(a, zero, F) for a in ("da", "db")}

    def program(*pairs: tuple[str, str]) -> Program:
        launches = tuple(Launch("k", (args[a], args[b], n)) for a, b in pairs)
        return Program("cuda", (kernel,), Launcher("run", (n,), buffers, launches), "k.cu")

    assert isinstance(races(program(("da", "db"), ("db", "da")), CUDA).verdict, Proved)
    assert isinstance(races(program(("da", "da")), CUDA, strict=True).verdict, Refuted)


@pytest.mark.parametrize("file", [f for f in sorted(EXAMPLES.iterdir()) if f.suffix in (".cu", ".hip", ".mlu")],
                         ids=lambda f: f.name)
def test_every_example_with_host_code_is_proved(file: Path) -> None:
    platform = next(p for p in map(platforms.get, ("cuda", "hip", "bang")) if file.suffix in p.suffixes)
    verdict = races(read(file.read_text(), platform, str(file)), platform).verdict
    assert isinstance(verdict, Proved), verdict


@pytest.mark.parametrize("passed", ["0 < 0", "i > 0", "i == 1"])
def test_an_interval_may_go_through_an_iteration_that_passes_by_its_barrier(passed: str) -> None:
    text = (
        "__global__ void k(float* x) {\n  __shared__ float s[64];\n  atomicAdd(&s[0], 1.0f);\n"
        f"  for (int i = 0; i < 2; ++i) {{ if ({passed}) __syncthreads(); else x[threadIdx.x] = s[0]; }}\n}}\n"
        'extern "C" void e(float* x) {\n  float* d;\n  cudaMalloc(&d, 64 * sizeof(float));\n  k<<<1, 64>>>(d);\n'
        "  cudaMemcpy(x, d, 64 * sizeof(float), cudaMemcpyDeviceToHost);\n  cudaFree(d);\n}\n"
    )
    assert not isinstance(races(read(text, CUDA, "k.cu"), CUDA).verdict, Proved)


MEETING = """__mlu_global__ void k(float* x, float* y) {
    x[taskId] = taskId;
    MEET();
    y[taskId] = x[OTHER];
}
extern "C" void host(float* x, float* y) {
    float *a, *b; cnrtQueue_t queue; cnrtQueueCreate(&queue);
    cnrtMalloc((void**)&a, 16 * sizeof(float)); cnrtMalloc((void**)&b, 16 * sizeof(float));
    cnrtDim3_t dim = {TASKS, 1, 1};
    k<<<dim, cnrtFuncTypeJOB, queue>>>(a, b);
    cnrtQueueSync(queue);
    cnrtMemcpy(x, a, TASKS * sizeof(float), cnrtMemcpyDevToHost);
    cnrtMemcpy(y, b, TASKS * sizeof(float), cnrtMemcpyDevToHost);
    cnrtFree(a); cnrtFree(b); cnrtQueueDestroy(queue);
}"""
NEXT, MATE = "(taskId + 1) % taskDim", "taskId / 4 * 4 + (taskId + 1) % 4"


@pytest.mark.parametrize(("job", "tasks", "meet", "other", "ordered"), [
    ("Union1", 4, "__sync_all", NEXT, True), ("Union2", 8, "__sync_all", NEXT, True),
    ("Block", 4, "__sync_all", NEXT, False), ("Block", 4, "__sync_cluster", NEXT, False),
    ("Union1", 8, "__sync_all", NEXT, False), ("Union1", 8, "__sync_all", MATE, True),
    ("Union1", 8, "__sync_cluster", MATE, True), ("Union2", 8, "__sync_cluster", NEXT, False),
])
def test_a_barrier_spans_one_job(job: str, tasks: int, meet: str, other: str, ordered: bool) -> None:
    text = MEETING.replace("TASKS", str(tasks)).replace("JOB", job).replace("MEET", meet).replace("OTHER", other)
    bang = platforms.get("bang")
    verdict = races(read(text, bang, "k.mlu"), bang).verdict
    assert isinstance(verdict, Proved) if ordered else isinstance(verdict, Refuted), verdict


def test_clusters_that_meet_in_a_job_of_several_rounds_are_not_read() -> None:
    text = MEETING.replace("TASKS", "16").replace("JOB", "Union2").replace("MEET", "__sync_all").replace("OTHER", NEXT)
    with pytest.raises(Fault, match="several rounds"):
        read(text, platforms.get("bang"), "k.mlu")
