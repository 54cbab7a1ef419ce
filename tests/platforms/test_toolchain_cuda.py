"""NVRTC and nvcc: what each is given, and what is said of its answers."""

from __future__ import annotations

import shutil
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from xpiler.emulate.workshop import Caged, workshop
from xpiler.platforms.cuda import toolchain
from xpiler.platforms.cuda.device_part import device_part
from xpiler.platforms.toolchain import Checked, Outcome, Rejected, Unavailable

TEXT = """#include <cuda_runtime.h>
#include <math.h>
template <int N>
__global__ void scale(const float* x, float* y) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < N) y[i] = expf(x[i]) * BODY;
}
static int blocks(int n) { return (n + 127) / 128; }
extern "C" void run(const float* x, float* y) {
  float *a, *b;
  cudaMalloc(&a, 1000 * sizeof(float));
  cudaMalloc(&b, 1000 * sizeof(float));
  cudaMemcpy(a, x, 1000 * sizeof(float), cudaMemcpyHostToDevice);
  scale<1000><<<blocks(1000), 128>>>(a, b);
  cudaMemcpy(y, b, 1000 * sizeof(float), cudaMemcpyDeviceToHost);
}
"""


def _pip() -> bool:
    try:
        return bool(version("nvidia-cuda-nvrtc"))
    except PackageNotFoundError:
        return False


needs_nvrtc = pytest.mark.skipif(not _pip(), reason="the pip packages of the extra `cuda` are not installed")
needs_nvcc = pytest.mark.skipif(shutil.which("nvcc") is None, reason="no nvcc on PATH")


@pytest.fixture(scope="module")
def shop(cache: Path) -> Caged:
    return workshop(cache)


@pytest.fixture
def only_nvrtc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "_nvcc", lambda: None)


@pytest.fixture
def only_nvcc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "_nvrtc", lambda: None)


@needs_nvrtc
@pytest.mark.usefixtures("only_nvrtc")
def test_nvrtc_compiles_what_the_host_launches(shop: Caged) -> None:
    taken = toolchain.compile(TEXT.replace("BODY", "2.0f"), "sm_90", shop)
    assert isinstance(taken, Checked)
    assert taken.scope == f"NVRTC {version('nvidia-cuda-nvrtc')}, compute_80 and sm_90, to ISA, device code alone"


@needs_nvrtc
@pytest.mark.usefixtures("only_nvrtc")
@pytest.mark.parametrize("body", ["N.x", "unheard_of(i)", "__shfl_xor(2.0f, 1)"])
def test_nvrtc_refuses_what_is_wrong_in_an_instance(shop: Caged, body: str) -> None:
    refused = toolchain.compile(TEXT.replace("BODY", body), "sm_90", shop)
    assert isinstance(refused, Rejected)
    assert "kernel.cu(6)" in refused.message


@needs_nvrtc
@pytest.mark.usefixtures("only_nvrtc")
def test_limits_of_the_machine_are_found(shop: Caged) -> None:
    large = TEXT.replace("BODY", "big[i]").replace("int i =", "__shared__ float big[70000]; big[threadIdx.x] = 1; int i =")
    refused = toolchain.compile(large, "sm_90", shop)
    assert isinstance(refused, Rejected)


@needs_nvrtc
@pytest.mark.usefixtures("only_nvrtc")
def test_a_header_nvrtc_is_not_given_is_no_verdict(shop: Caged) -> None:
    asked = toolchain.compile("#include <cublas_v2.h>\n" + TEXT.replace("BODY", "1"), "sm_90", shop)
    assert isinstance(asked, Unavailable)


@needs_nvcc
@pytest.mark.usefixtures("only_nvcc")
def test_nvcc_compiles_the_host_too(shop: Caged) -> None:
    taken = toolchain.compile(TEXT.replace("BODY", "2.0f"), "sm_90", shop)
    assert isinstance(taken, Checked)
    assert taken.targets == ("sm_80", "sm_90")
    assert taken.scope.startswith("nvcc 1")
    refused = toolchain.compile(TEXT.replace("BODY", "2.0f").replace("cudaMalloc(&a,", "cudaMallok(&a,"), "sm_90", shop)
    assert isinstance(refused, Rejected)
    assert "kernel.cu(11)" in refused.message


@needs_nvcc
@needs_nvrtc
def test_nvcc_is_asked_where_nvrtc_refuses(shop: Caged, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "_by_nvrtc", lambda *_: Rejected("no"))
    taken = toolchain.compile(TEXT.replace("BODY", "2.0f"), "sm_90", shop)
    assert isinstance(taken, Checked)
    assert taken.compiler.startswith("nvcc")


@needs_nvrtc
@pytest.mark.usefixtures("only_nvrtc")
def test_nvrtc_reads_no_other_files(shop: Caged, tmp_path: Path) -> None:
    secret = tmp_path / "secret.h"
    secret.write_text("")
    asked: Outcome = toolchain.compile(f'#include "{secret}"\n' + TEXT.replace("BODY", "1"), "sm_90", shop)
    assert not isinstance(asked, Checked)


# ---------------------------------------------------------------- which part of a text is for the device


def _kept(text: str) -> str:
    part = device_part(text).text
    assert len(part) == len(text)
    assert [i for i, c in enumerate(part) if c == "\n"] == [i for i, c in enumerate(text) if c == "\n"]
    return " ".join(part.split())


@pytest.mark.parametrize(("text", "kept"), [
    ("void f() { g({1}); }\n__global__ void k() {}", "__global__ void k() {}"),
    ("__device__ int f(int x) { return x; } int main() { return f(1); }", "__device__ int f(int x) { return x; }"),
    ('extern "C" { void f() {} __global__ void k() {} }', 'extern "C" { __global__ void k() {} }'),
    ("namespace a { namespace { void f() {} } }", "namespace a { namespace { } }"),
    ("struct S { int f() const { return 1; } };", "struct S { int f() const { return 1; } };"),
    ("const int table[2] = { 1, 2 };", "const int table[2] = { 1, 2 };"),
    ("constexpr int f(int x) { return x; }", "constexpr int f(int x) { return x; }"),
    ("enum E { A, B };", "enum E { A, B };"),
    ("template <class T> void host(T x) { x(); } typedef int I;", "typedef int I;"),
    ("auto f(int x) -> int { return x; } int y;", "int y;"),
    ('#define M(x) { x }\nvoid f() { puts("}"); /* } */ }', "#define M(x) { x }"),
    ("__global__ void k() { int x = 0; if (x) { } }", "__global__ void k() { int x = 0; if (x) { } }"),
])
def test_host_functions_are_blanked(text: str, kept: str) -> None:
    assert _kept(text) == kept


def test_instances_are_those_the_host_launches() -> None:
    text = "void f() { a::k<float, 4><<<1, 2>>>(); p<<<1, 2>>>(); k<N * 2><<<1, 2>>>(); /* q<1><<<1, 1>>>() */ }"
    assert device_part(text).instances == ("a::k<float, 4>", "k<N * 2>")


def test_constants_of_the_host_are_put_in() -> None:
    text = """void f() { constexpr int B = 4 * C; const unsigned int C = 8; k<float, B><<<1, B>>>(); }
void g() { k<float, B><<<1, 2>>>(); }"""
    assert device_part(text).instances == ("k<float, (4 * (8))>", "k<float, B>")


@needs_nvrtc
@pytest.mark.usefixtures("only_nvrtc")
def test_a_template_nobody_would_compile_is_no_verdict(shop: Caged) -> None:
    text = TEXT.replace("BODY", "N.x").replace("scale<1000><<<blocks(1000), 128>>>(a, b)", "launch(scale<1000>, a, b)")
    asked = toolchain.compile(text, "sm_90", shop)
    assert isinstance(asked, Unavailable)
    assert "`scale`" in asked.reason


def test_templates_without_a_launch_are_idle() -> None:
    text = """template <int N> __global__ void __launch_bounds__(N) a(int* x) {}
template <class T> __device__ T f(T x) { return x; } __global__ void plain(int* x) {}
template <class T> __global__ void b(T* x) {}
void run() { n::b<int><<<1, 2>>>(0); plain<<<1, 2>>>(0); }"""
    assert device_part(text).idle == ("a",)


@pytest.mark.parametrize("text", [
    "a" * 200_000, "a:" * 100_000, "const " * 40_000, "template " * 20_000, "x = {}" + "{}" * 50_000, "->" * 100_000,
    "{" * 100_000, "template __global__ " * 10_000, "a < " * 50_000, "const int a = " * 15_000, "k<" * 50_000 + "<<<",
    "namespace" + " " * 50_000 + "({}", "# \\" * 50_000, "/*" * 100_000, '"' * 100_001,
])
def test_no_text_takes_long(text: str) -> None:
    start = time.process_time()
    device_part(text)
    device_part(f"void f() {{ {text} }}")
    assert time.process_time() - start < 3
