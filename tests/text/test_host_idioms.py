"""How people write the host's part of a kernel, beyond plain allocations and copies."""

from __future__ import annotations

import pytest

from xpiler import platforms
from xpiler.fault import Fault
from xpiler.ir.nodes import Launch, Program
from xpiler.ir.show import show
from xpiler.ir.walk import statements
from xpiler.text import clang
from xpiler.text.prefixes import Prefixes
from xpiler.text.read import read

TEXT = """\
#include <cuda_runtime.h>
#include <algorithm>
#include <cstdio>
#include <new>
#include <stdexcept>
#include <string>
struct Shape { const float* x; float* y; int n; float by; };
__global__ void scale(Shape s) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < s.n) s.y[i] = s.x[i] * s.by;
}
TOP
extern "C" void launch(const float* x, float* y, int n) {
  float *dx = nullptr, *dy = nullptr;
  BODY
  cudaFree(dx);
  cudaFree(dy);
}
"""
PLAIN = """
  cudaMalloc(&dx, n * sizeof(float));
  cudaMalloc(&dy, n * sizeof(float));
  cudaMemcpy(dx, x, n * sizeof(float), cudaMemcpyHostToDevice);
  HOW
  cudaMemcpy(y, dy, n * sizeof(float), cudaMemcpyDeviceToHost);"""
IDIOMS = {
    "sizes that are set after a way out": ("", """
  size_t bytes;
  int blocks;
  cudaError_t status;
  if (n <= 0) return;
  bytes = (size_t)n * sizeof(float);
  status = cudaMalloc((void**)&dx, bytes);
  if (status != cudaSuccess) goto Error;
  cudaMalloc((void**)&dy, bytes);
  cudaMemcpy(dx, x, bytes, cudaMemcpyHostToDevice);
  blocks = (n + 255) / 256;
  scale<<<blocks, 256>>>(Shape{dx, dy, n, 2.0f});
  cudaMemcpy(y, dy, bytes, cudaMemcpyDeviceToHost);
Error:"""),
    "a grid that a lambda makes": ("", PLAIN.replace("HOW", """
  auto grid_for = [](int n, dim3 block) { return dim3((n + block.x - 1) / block.x); };
  const dim3 block(256);
  scale<<<grid_for(n, block), block>>>(Shape{dx, dy, n, 2.0f});""")),
    "a grid that a function makes": ("static dim3 grid_for(int n, int by) { return dim3((n + by - 1) / by); }",
                                     PLAIN.replace("HOW", "scale<<<grid_for(n, 256), 256>>>(Shape{dx, dy, n, 2.0f});")),
    "a grid that a function works out": ("""
static dim3 grid_for(int n, int by) {
  const int blocks = std::min((n - 1) / by + 1, 4096);
  const int rows = std::max(n / 65536, 1);
  return dim3(blocks, rows);
}""", PLAIN.replace("HOW", "scale<<<grid_for(n, 256), 256>>>(Shape{dx, dy, n, 2.0f});")),
    "a lambda that is const": ("", PLAIN.replace("HOW", """
  const auto div_up = [](int a, int b) { return static_cast<unsigned>((a + b - 1) / b); };
  scale<<<std::max(1u, div_up(n, 256)), 256>>>(Shape{dx, dy, n, 2.0f});""")),
    "parameters in a structure, after a way out": ("", "if (n <= 0) return;" + PLAIN.replace("HOW", """
  const int count = n;
  Shape s{dx, dy, count, 2.0f};
  scale<<<(n + 255) / 256, 256>>>(s);""")),
    "errors that are thrown with a text": ("""
static void check(cudaError_t e, const char* what) {
  if (e != cudaSuccess) throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(e));
}
static float* make(size_t n) {
  float* p = nullptr;
  if (cudaMalloc(&p, n * sizeof(float)) != cudaSuccess) throw std::bad_alloc();
  return p;
}""", """
  dx = make(n);
  dy = make(n);
  check(cudaMemcpy(dx, x, n * sizeof(float), cudaMemcpyHostToDevice), "in");
  scale<<<(n + 255) / 256, 256>>>(Shape{dx, dy, n, 2.0f});
  check(cudaMemcpy(y, dy, n * sizeof(float), cudaMemcpyDeviceToHost), "out");"""),
    "a pointer that is asked for": ("""
template <typename T> static T* stage(const T* host, size_t n) {
  T* p = nullptr;
  cudaMalloc(&p, (n ? n : 1) * sizeof(T));
  if (n && host) cudaMemcpy(p, host, n * sizeof(T), cudaMemcpyHostToDevice);
  return p;
}""", """
  dx = stage(x, n);
  dy = stage<float>(nullptr, n);
  scale<<<(n + 255) / 256, 256>>>(Shape{dx, dy, n, 2.0f});
  cudaMemcpy(y, dy, n * sizeof(float), cudaMemcpyDeviceToHost);"""),
}


def program(name: str) -> Program:
    top, body = IDIOMS[name]
    return read(TEXT.replace("TOP", top).replace("BODY", body), platforms.get("cuda"), "scale.cu")


@pytest.mark.parametrize("name", IDIOMS)
def test_is_read(name: str) -> None:
    found = program(name)
    assert found.launcher is not None
    (launch,) = [s for s in statements(found.launcher.body) if isinstance(s, Launch) and s.kernel == "scale"]
    assert "n" in {show(a) for a in launch.args}
    ends = {show(s.stop) for s in statements(found.kernel("scale")) if getattr(s, "kind", "") == "block.x"}
    assert len(ends) == 1 and "256" in "".join(ends) + "".join(show(a) for a in launch.args)
    assert {b.host for b in found.launcher.buffers if b.host} == {"x", "y"}


def test_what_a_text_instantiates_is_found_by_the_first_reading_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clang, "_PREFIXES", Prefixes())
    text = """
template <typename T> __global__ void twice(T* x) { x[threadIdx.x] *= 2; }
template <typename T> void run(T* x, int n) { twice<T><<<n, 64>>>(x); }
template void run<float>(float*, int);
"""
    found = read(text, platforms.get("cuda"), "twice.cu")
    assert found.launcher is not None and [p.name for p in found.launcher.params] == ["x", "n"]


def test_a_container_that_the_caller_gives_is_told() -> None:
    text = """
#include <vector>
__global__ void twice(float* x) { x[threadIdx.x] *= 2; }
void run(std::vector<float>& x) {
  float* d;
  cudaMalloc(&d, x.size() * sizeof(float));
  twice<<<1, 64>>>(d);
}
"""
    with pytest.raises(Fault, match="`size` of this container is not known") as caught:
        read(text, platforms.get("cuda"), "twice.cu")
    assert caught.value.code == "XP1009" and "a pointer and a count" in caught.value.try_


def test_a_choice_by_what_only_the_host_knows_is_told() -> None:
    text = """
#include <cstdint>
__global__ void twice(float* x) { x[threadIdx.x] *= 2; }
void run(float* x) {
  const bool whole = reinterpret_cast<uintptr_t>(x) % 4096 == 0;
  if (whole) twice<<<4, 64>>>(x);
  else twice<<<1, 256>>>(x);
}
"""
    with pytest.raises(Fault, match="the value of `whole` is not known here") as caught:
        read(text, platforms.get("cuda"), "twice.cu")
    assert (caught.value.code, caught.value.where.line) == ("XP1009", 6)
