"""Bounds for all inputs: sound kernels are proved for every size, planted faults never are, witnesses are true."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.verify.enumerated import enumerate_all
from xpiler import platforms
from xpiler.ir.nodes import Buffer, Program
from xpiler.text.read import read
from xpiler.verify.argue.bounds import bounds
from xpiler.verify.verdict import Proved, Refuted, Unknown, Verdict

CUDA = platforms.get("cuda")
EXAMPLES = Path(__file__).parent.parent.parent / "examples"
GUARDED = "int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) y[i] = x[i] * 2.0f + 1.0f;"


def launched(body: str, *, grid: str = "(n + 127) / 128", block: str = "128", size: str = "n", of: str = "") -> Program:
    """A CUDA kernel on two arrays, launched by a host function."""
    return read(f"""
__global__ void k(const float *x, float *y, const int *t, int n, int m) {{ {body} }}
extern "C" void run(const float *x, float *y, const int *t, int n, int m) {{
  float *dx, *dy; int *dt;
  cudaMalloc(&dx, {of or size} * sizeof(float));
  cudaMalloc(&dy, {size} * sizeof(float));
  cudaMalloc(&dt, n * sizeof(int));
  cudaMemcpy(dx, x, {of or size} * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(dt, t, n * sizeof(int), cudaMemcpyHostToDevice);
  k<<<{grid}, {block}>>>(dx, dy, dt, n, m);
  cudaMemcpy(y, dy, {size} * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(dx); cudaFree(dy); cudaFree(dt);
}}""", CUDA, "k.cu")


def said(program: Program, strict: bool = True, **more: int) -> Verdict:
    return bounds(program, CUDA, let=more, strict=strict).verdict


SOUND = {
    "guarded": launched(GUARDED),
    "strided": launched("for (int i = blockIdx.x * 128 + threadIdx.x; i < n; i += gridDim.x * 128) y[i] = x[i];",
                        grid="64"),
    "strided by the grid": launched(
        "for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += blockDim.x * gridDim.x) y[i] = x[i];"),
    "returned early": launched("int i = blockIdx.x * 128 + threadIdx.x; if (i >= n) return; y[i] = x[i];"),
    "two axes": launched(
        "int c = blockIdx.x * 16 + threadIdx.x, r = blockIdx.y * 16 + threadIdx.y;"
        "if (r < n && c < m) y[r * m + c] = x[c * n + r];",
        grid="dim3((m + 15) / 16, (n + 15) / 16)", block="dim3(16, 16)", size="n * m"),
    "divided back": launched(
        "int i = blockIdx.x * 128 + threadIdx.x; if (i < n * m) { int r = i / m, c = i % m; y[c * n + r] = x[i]; }",
        grid="(n * m + 127) / 128", size="n * m"),
    "clamped": launched("int i = min(blockIdx.x * 128 + threadIdx.x, (unsigned)n - 1); y[i] = x[max(i - 3, 0)];"),
    "unsigned": launched("unsigned i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) y[i] = x[i];"),
    "one test for two": launched(
        "int i = (int)(blockIdx.x * 128 + threadIdx.x) - 5; if ((unsigned)i < (unsigned)n) y[i] = x[n - 1 - i];"),
    "halved": launched(
        "__shared__ float s[128]; s[threadIdx.x] = x[blockIdx.x];"
        "for (int w = 64; w > 0; w >>= 1) { __syncthreads(); if (threadIdx.x < w) s[threadIdx.x] += s[threadIdx.x + w]; }"
        "if (threadIdx.x == 0) y[blockIdx.x] = s[0];", grid="n"),
    "guarded by its own value": launched(
        "int i = blockIdx.x * 128 + threadIdx.x; if (i < n) { int j = t[i]; if (j >= 0 && j < n) y[j] = x[i]; }"),
    "masked": launched("int i = blockIdx.x * 128 + threadIdx.x; if (i < n) y[i + (t[i] & 7)] = x[i]; ",
                       size="(n + 7)"),
    "double buffered": launched(
        "__shared__ float s[256]; int cur = 0; for (int i = 0; i < m; ++i) {"
        "s[cur * 128 + threadIdx.x] = i; __syncthreads(); cur = 1 - cur; }"),
}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_kernel_is_proved_for_all_sizes(name: str) -> None:
    verdict = said(SOUND[name])
    assert isinstance(verdict, Proved), verdict
    assert "all sizes with n >= 1" in verdict.scope


FAULTY = {
    "guard dropped": launched("int i = blockIdx.x * 128 + threadIdx.x; y[i] = x[i];"),
    "off by one": launched("int i = blockIdx.x * 128 + threadIdx.x; if (i <= n) y[i] = x[i];"),
    "reads its neighbour": launched("int i = blockIdx.x * 128 + threadIdx.x; if (i < n) y[i] = x[i + 1];"),
    "reads before": launched("int i = blockIdx.x * 128 + threadIdx.x; if (i < n) y[i] = x[i - 1];"),
    "axes swapped": launched(
        "int c = blockIdx.y * 16 + threadIdx.y, r = blockIdx.x * 16 + threadIdx.x;"
        "if (c < n && r < m) y[r * m + c] = x[r * m + c];",
        grid="dim3((m + 15) / 16, (n + 15) / 16)", block="dim3(16, 16)", size="n * m"),
    "shared too small": launched("__shared__ float s[64]; s[threadIdx.x] = 1.0f; y[blockIdx.x] = s[0];", grid="n"),
    "unsigned goes round": launched("unsigned i = blockIdx.x * 128 + threadIdx.x; if (i < n) y[i] = x[i - 1];"),
    "one test for two, of no elements": launched(
        "int i = blockIdx.x * 128 + threadIdx.x; if ((unsigned)(i - 1) < (unsigned)(n - 2)) y[i] = x[i - 1] + x[i + 1];"),
    "signed goes below": launched("int i = (int)(blockIdx.x * 128 + threadIdx.x) - 2; if (i < n) y[i] = x[i];"),
    "one turn too many": launched("for (int i = threadIdx.x; i <= n; i += 128) y[i] = x[i];", grid="1"),
    "last row": launched(
        "int i = blockIdx.x * 128 + threadIdx.x; if (i < n) for (int j = 0; j < m; ++j) y[(i + 1) * m + j] = 1.0f;",
        size="n * m"),
    "counted too far": launched(
        "int j = 0; for (int i = 0; i < n; ++i) { y[j] = x[i]; j += 2; }", grid="1", block="1"),
}


@pytest.mark.parametrize("name", FAULTY)
def test_a_planted_fault_is_refuted(name: str) -> None:
    verdict = said(FAULTY[name])
    assert isinstance(verdict, Refuted), verdict
    w = verdict.witness
    assert w.sizes and w.index is not None
    # The witness is a real access: running every thread at its sizes makes it.
    program = FAULTY[name]
    sizes = {k: int(v) for k, v in w.sizes.items()}
    if max(sizes.values()) > 1100:
        pytest.skip("too large to be enumerated")
    runs = enumerate_all(_alone(program), sizes, {"t": [0] * 8})
    buffer = {"dx": "x", "dy": "y", "dt": "t"}.get(w.buffer, w.buffer)
    assert any((t.buffer, t.index) == (buffer, w.index) for t in runs.outside()), w


def test_what_only_some_sizes_bring_about_may_be_the_callers_to_avoid() -> None:
    verdict = said(FAULTY["guard dropped"], strict=False)
    assert isinstance(verdict, Unknown) and "which a caller may rule out" in verdict.reason
    assert isinstance(said(FAULTY["shared too small"], strict=False), Refuted)


def _alone(program: Program) -> Program:
    """The kernel with the extents its launcher gives its arrays."""
    launcher = program.launcher
    assert launcher is not None
    extents = {b.host or b.name: b.extent for b in launcher.buffers}
    (kernel,) = program.kernels
    params = tuple(replace(p, extent=extents[p.name]) if isinstance(p, Buffer) else p for p in kernel.params)
    return replace(program, kernels=(replace(kernel, params=params),), launcher=None)


UNKNOWN = {
    "scattered": (launched("int i = blockIdx.x * 128 + threadIdx.x; if (i < n) y[t[i]] = x[i];"), "line 2"),
    "gathered": (launched("int i = blockIdx.x * 128 + threadIdx.x; if (i < n) y[i] = x[t[i]];"), "line 2"),
    "half a guard": (
        launched("int i = blockIdx.x * 128 + threadIdx.x; if (i < n) { int j = t[i]; if (j < n) y[j] = x[i]; }"),
        "element -"),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_hangs_on_data_is_not_decided(name: str) -> None:
    program, words = UNKNOWN[name]
    verdict = said(program)
    assert isinstance(verdict, Unknown), verdict
    assert words in verdict.reason


def test_sizes_may_be_fixed() -> None:
    bare = FAULTY["guard dropped"]
    assert isinstance(said(bare, n=1024, m=1), Proved)
    assert isinstance(said(bare, n=1000, m=1), Refuted)
    fixed = said(SOUND["guarded"], n=1000, m=1)
    assert isinstance(fixed, Proved) and "n=1000" in fixed.scope


def test_an_array_of_no_known_size_is_not_decided() -> None:
    program = read("__global__ void k(float *y) { y[threadIdx.x] = 1.0f; }", CUDA, "k.cu",
                   geometry={"block.x": "1", "thread.x": "32"})
    (kernel,) = program.kernels
    params = tuple(replace(p, extent=None) if isinstance(p, Buffer) else p for p in kernel.params)
    verdict = bounds(replace(program, kernels=(replace(kernel, params=params),)), CUDA).verdict
    assert isinstance(verdict, Unknown) and "`y`" in verdict.reason


@pytest.mark.parametrize("file", [f for f in sorted(EXAMPLES.iterdir()) if f.suffix in (".cu", ".hip", ".mlu")],
                         ids=lambda f: f.name)
def test_every_example_with_host_code_is_proved(file: Path) -> None:
    platform = next(p for p in map(platforms.get, ("cuda", "hip", "bang")) if file.suffix in p.suffixes)
    verdict = bounds(read(file.read_text(), platform, str(file)), platform).verdict
    assert isinstance(verdict, Proved), verdict


@pytest.mark.parametrize(("step", "end", "sound"), [
    ("blockDim.x * gridDim.x", "n", True), ("(int)threadIdx.x + 1", "n", True), ("max(m, 1)", "n", True),
    ("(int)threadIdx.x", "n", False), ("(int)threadIdx.x", "0", True), ("(int)threadIdx.x - 5", "n", False),
])
def test_a_loop_that_does_not_go_on_is_found(step: str, end: str, sound: bool) -> None:
    verdict = said(launched(f"for (int i = threadIdx.x; i < {end}; i += {step}) y[i] = 1.0f;"))
    assert isinstance(verdict, Proved) if sound else isinstance(verdict, Refuted)
    assert sound or "does not end" in str(verdict)


@pytest.mark.parametrize(("body", "sound"), [
    ("int i = threadIdx.x; while (i < n) { y[i] = 1.0f; i += 0; }", False),
    ("int i = threadIdx.x; while (i < n) { y[i] = 1.0f; i = i; }", False),
    ("int i = threadIdx.x, by = blockDim.x; while (i < n) { y[i] = 1.0f; i += by; }", True),
    ("int i = threadIdx.x, by = threadIdx.x; while (i < n) { y[i] = 1.0f; i += by; }", False),
    ("int i = threadIdx.x, k = n; while (i < k) { y[i] = 1.0f; }", False),
    ("int i = threadIdx.x; while (i < n) { y[i] = 1.0f; i = n; }", True),
    ("int i = threadIdx.x; while (i < n) { y[i] = 1.0f; if (i > 3) i = n; else i = n + 1; }", True),
    ("int i = threadIdx.x; while (i < 0) { y[0] = 1.0f; }", True),
    ("for (int i = 1; i < n; i *= 2) y[threadIdx.x % n] = 1.0f;", True),
    ("for (int i = 0; i < n; i *= 2) y[i] = 1.0f;", False),
    ("for (int i = threadIdx.x; i < n; i *= 2) y[i] = 1.0f;", False),
    ("for (int s = blockDim.x / 2; s > 0; s >>= 1) y[threadIdx.x % n] = 1.0f;", True),
    ("for (int s = blockDim.x / 2; s >= 0; s >>= 1) y[threadIdx.x % n] = 1.0f;", False),
    ("for (int s = n; s > 0; s /= 1) y[0] = 1.0f;", False),
    ("int i = 0; while (i < n) { int by = i + 1; y[threadIdx.x % n] = 1.0f; i += by; }", True),
    ("int i = 0; while (i < n) { int by = i; y[i] = 1.0f; i += by; }", False),
])
def test_a_loop_whose_condition_stays_as_it_is_does_not_end(body: str, sound: bool) -> None:
    verdict = said(launched(body))
    assert isinstance(verdict, Proved) if sound else isinstance(verdict, Refuted), verdict
    assert sound or "does not end" in str(verdict)


JOB = """__mlu_global__ void k(float* y, int n) {
    for (int i = taskId; i < n; i += clusterDim) y[i] = i;
}
extern "C" void host(float* y, int n) {
    float* d; cnrtQueue_t queue; cnrtQueueCreate(&queue);
    cnrtMalloc((void**)&d, n * sizeof(float));
    cnrtDim3_t dim = {8, 1, 1};
    k<<<dim, cnrtFuncTypeJOB, queue>>>(d, n);
    cnrtQueueSync(queue);
    cnrtMemcpy(y, d, n * sizeof(float), cnrtMemcpyDevToHost);
    cnrtFree(d); cnrtQueueDestroy(queue);
}"""


@pytest.mark.parametrize(("job", "ends"), [("Block", False), ("Union1", True), ("Union2", True)])
def test_a_job_that_is_no_union_of_clusters_has_none_of_them(job: str, ends: bool) -> None:
    bang = platforms.get("bang")
    verdict = bounds(read(JOB.replace("JOB", job), bang, "k.mlu"), bang, let={"n": 64}).verdict
    assert isinstance(verdict, Proved) if ends else isinstance(verdict, Refuted)
    assert ends or "goes on by 0" in str(verdict)


def test_a_loop_that_may_be_left_or_hangs_on_data_is_not_known_to_end() -> None:
    left = "for (int i = threadIdx.x; i < n; i += threadIdx.x) { if (x[i] > 0.0f) break; y[i] = 1.0f; }"
    data = "for (int i = threadIdx.x; i < n; i += t[0]) y[i] = 1.0f;"
    for body in (left, data):
        assert isinstance(said(launched(body)), Unknown)
