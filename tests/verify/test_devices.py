"""The device's rung: what this machine can run is run on it and compared; all else says why not."""

from __future__ import annotations

import shutil
from importlib import import_module
from pathlib import Path

import pytest

from xpiler import platforms
from xpiler.emulate.store import default_folder
from xpiler.platforms.toolchain import Unavailable
from xpiler.platforms.vnni import toolchain as vnni
from xpiler.text.read import read
from xpiler.verify.devices import DEVICE, on_device
from xpiler.verify.runs.observe import Effort, Reference, observe
from xpiler.verify.verdict import Evidence, Proved, Refuted, Unknown

pytestmark = pytest.mark.skipif(not shutil.which("gcc") or not shutil.which("g++"), reason="no gcc or g++ on PATH")
needs_avx512 = pytest.mark.skipif(isinstance(vnni.device(), Unavailable), reason="this CPU has no AVX-512")

SOURCE = """#include <cuda_runtime.h>
__global__ void add(const float* x, float* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = x[i] * 2.0f + 1.0f;
}
extern "C" void run(const float* x, float* y, int n) {
  float *a, *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, x, n * sizeof(float), cudaMemcpyHostToDevice);
  add<<<(n + 127) / 128, 128>>>(a, b, n);
  cudaMemcpy(y, b, n * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(a);
  cudaFree(b);
}
"""
TARGET = "void run(const float* x, float* y, int n) {\n  for (int i = 0; i < n; ++i) { BODY }\n}\n"


@pytest.fixture(scope="module")
def cache() -> Path:
    return default_folder()


@pytest.fixture(scope="module")
def reference(cache: Path) -> Reference:
    cuda = platforms.get("cuda")
    seen = observe(SOURCE, cuda, read(SOURCE, cuda, "add.cu"), effort=Effort(seeds=2), cache=cache)
    assert isinstance(seen.evidence.verdict, Proved)
    return seen


def _judged(reference: Reference, text: str, cache: Path, to: str = "c", seconds: float = 30.0) -> Evidence:
    platform = platforms.get(to)
    return on_device(reference, text, platform, read(text, platform, "target"), seconds=seconds, cache=cache)


def test_a_right_text_agrees_on_this_cpu(reference: Reference, cache: Path) -> None:
    found = _judged(reference, TARGET.replace("BODY", "y[i] = 2 * x[i] + 1;"), cache)
    assert found.rung == DEVICE
    assert isinstance(found.verdict, Proved)
    assert "gcc" in found.verdict.scope
    assert f"{len(reference.cases)} " in found.verdict.scope


@pytest.mark.parametrize(("body", "index"), [
    ("y[i] = 2 * x[i] + 1.001f;", 0), ("if (i > 0) y[i] = 2 * x[i] + 1;", 0),
    ("y[i] = i == n - 1 ? 0 : 2 * x[i] + 1;", None),
])
def test_a_wrong_one_is_refuted_at_an_element(reference: Reference, cache: Path, body: str, index: int | None) -> None:
    verdict = _judged(reference, TARGET.replace("BODY", body), cache).verdict
    assert isinstance(verdict, Refuted)
    w = verdict.witness
    assert w.buffer == "y"
    assert w.index == (w.sizes["n"] - 1 if index is None else index)


@pytest.mark.parametrize(("body", "said"), [
    ("y[i] = 2 * x[i] + 1; y[n] = 0;", ""), ("y[i + (1 << 28)] = 0;", "signal 11"),
    ("y[i] = 2 * x[i] + 1; ((float*)x)[i] = 0;", "`x`"),
])
def test_misbehaviour_is_refuted(reference: Reference, cache: Path, body: str, said: str) -> None:
    verdict = _judged(reference, TARGET.replace("BODY", body), cache).verdict
    assert isinstance(verdict, Refuted)
    assert said in verdict.witness.what


def test_time_that_is_up_is_no_verdict(reference: Reference, cache: Path) -> None:
    verdict = _judged(reference, TARGET.replace("BODY", "for (volatile int k = 0; k >= 0;) y[i] = 1;"), cache, seconds=1.5).verdict
    assert isinstance(verdict, Unknown)
    assert "in time" in verdict.reason


def test_a_text_that_does_not_compile_is_no_verdict(reference: Reference, cache: Path) -> None:
    """That is the compilers' rung."""
    verdict = _judged(reference, TARGET.replace("BODY", "y[i] = 2 * x[i] + 1;") + "static bool unused(void);", cache).verdict
    assert isinstance(verdict, Unknown)
    assert "does not compile" in verdict.reason


@needs_avx512
@pytest.mark.parametrize("right", [True, False])
def test_vector_code_runs_on_this_cpu(reference: Reference, cache: Path, right: bool) -> None:
    text = f"""#include <immintrin.h>
extern "C" void run(const float* x, float* y, int n) {{
  for (int i = 0; i < n; i += 16) {{
    __mmask16 m = n - i < 16 ? (__mmask16)((1u << (n - i)) - 1) : (__mmask16)0xFFFF;
    __m512 v = _mm512_maskz_loadu_ps(m, x + i);
    v = _mm512_fmadd_ps(v, _mm512_set1_ps(2.0f), _mm512_set1_ps({1.0 if right else 1.5}f));
    _mm512_mask_storeu_ps(y + i, m, v);
  }}
}}
"""
    verdict = _judged(reference, text, cache, "vnni").verdict
    assert isinstance(verdict, Proved if right else Refuted)


def test_without_host_code_there_is_nothing_to_call(reference: Reference, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = platforms.get("cuda")
    monkeypatch.setattr("xpiler.platforms.cuda.toolchain.device", lambda: "a GPU")
    kernel = SOURCE.split('extern "C"')[0]
    program = read(kernel, cuda, "add.cu", geometry={"grid": "8", "block": "128"})
    verdict = on_device(reference, kernel, cuda, program, cache=cache).verdict
    assert isinstance(verdict, Unknown)
    assert "no host code" in verdict.reason


@pytest.mark.parametrize("to", ["cuda", "hip", "bang"])
def test_a_device_that_is_not_here_is_told_at_once(reference: Reference, cache: Path, to: str) -> None:
    toolchain = import_module(f"xpiler.platforms.{to}.toolchain")
    if not isinstance(toolchain.device(), Unavailable):
        pytest.skip("there is one")
    cuda = platforms.get("cuda")
    found = on_device(reference, SOURCE, platforms.get(to), read(SOURCE, cuda, "add.cu"), cache=cache)
    assert isinstance(found.verdict, Unknown)
    assert "there is no" in found.verdict.reason
    assert found.seconds < 0.05
