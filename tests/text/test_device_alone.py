"""Kernels of files whose host part belongs to a framework: read, where their launch is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import Call, within
from xpiler import platforms
from xpiler.fault import Fault
from xpiler.text.device_alone import device_alone
from xpiler.text.instance import with_launcher
from xpiler.text.read import read

CUDA = platforms.get("cuda")


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    return within(tmp_path, monkeypatch, capfd)


BOUND = r"""
#include <torch/extension.h>
using namespace torch::indexing;
#define OFFER(name, type) \
  torch::Tensor name(torch::Tensor x) { name##_kernel<<<1, 64>>>(x.data_ptr<type>(), x.numel()); return x; }

template <typename T>
__device__ __forceinline__ T twice(T x) { return x + x; }  // } of a comment, and "{" in words

__global__ void scale_kernel(float* x, long long n, float by) {
  long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
  if (i < n) x[i] = by * twice(x[i]);
}

extern "C" {
torch::Tensor scale(torch::Tensor x, double by) {
  TORCH_CHECK(x.is_cuda(), "not on the device {");
  scale_kernel<<<(x.numel() + 63) / 64, 64>>>(x.data_ptr<float>(), x.numel(), (float)by);
  return x;
}
}
OFFER(scale, float)
OFFER(scaled, float)

PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) { m.def("scale", &scale); }
"""


def test_what_the_host_needs_of_others_is_left_out() -> None:
    text, left = device_alone(BOUND, CUDA, "k.cu")
    assert [x.name for x in left] == ["using namespace torch::indexing", "scale", "OFFER", "OFFER", "PYBIND11_MODULE"]
    assert text.count("\n") == BOUND.count("\n") and "scale_kernel(float* x" in text and "twice" in text
    assert "TORCH" not in text and "#define OFFER" in text
    for line, was in zip(text.splitlines(), BOUND.splitlines(), strict=True):
        assert line.strip() in ("", was.strip())
    program = read(text, CUDA, "k.cu", geometry={"block.x": "16", "thread.x": "64"})
    assert [k.name for k in program.kernels] == ["scale_kernel"]


def test_a_text_that_compiles_stays() -> None:
    plain = "__global__ void k(float* x) { x[threadIdx.x] = 0; }\nvoid host(float* x) { k<<<1, 32>>>(x); }\n"
    assert device_alone(plain, CUDA, "k.cu") == (plain, ())


@pytest.mark.parametrize(("change", "line"), [
    (("return x + x;", "return x + y;"), 8),  # a mistake of the device's own
    (("template <typename T>", "template <typename T> struct Of { T t; U u; };"), 7),  # a type may be the kernel's
    (("#define OFFER", "__device__ int table[SIZE];\n#define OFFER"), 4),
    (("__global__ void scale", "const int many = MANY;\n__global__ void scale"), 10),
])
def test_what_a_kernel_may_need_is_not_left_out(change: tuple[str, str], line: int) -> None:
    with pytest.raises(Fault) as told:
        device_alone(BOUND.replace(*change), CUDA, "k.cu")
    assert line in {f.where.line for f in told.value.every}


def test_the_command_says_what_was_left_out_and_what_to_try(call: Call, tmp_path: Path) -> None:
    (tmp_path / "k.cu").write_text(BOUND)
    said = call("run", "k.cu")
    assert said.status == 2 and "for a kernel alone, --grid X --block X" in " ".join(said.err.split())
    said = call("run", "k.cu", "--grid", "16", "--block", "64", "--let", "n=1000")
    assert said.status == 0, said.err
    assert "left out, since it does not compile:" in said.err and "`PYBIND11_MODULE` (line 25)" in said.err


TEMPLATE = r"""
template <typename T, int EACH = 2, typename U = const T*>
__global__ void scale_kernel(T* __restrict__ y, U x, const int n, T by) {
  int i = (blockIdx.x * blockDim.x + threadIdx.x) * EACH;
  for (int k = 0; k < EACH; ++k) if (i + k < n) y[i + k] = by * x[i + k];
}
torch::Tensor scale(torch::Tensor x) { scale_kernel<float><<<4, 64>>>(x.y(), x.x(), 7, 2.0f); return x; }
"""


def test_a_template_that_nothing_launches_is_launched_as_it_is_said() -> None:
    text, _ = device_alone(TEMPLATE, CUDA, "k.cu")
    geometry = {"block.x": "4", "block.y": "1", "thread.x": "32"}
    made = with_launcher(text, CUDA, "k.cu", "scale_kernel<float, (1, 3)>", geometry)
    assert made.splitlines()[-1] == (
        "void scale_kernel(float * y, const float * x, const int n, float by) "
        "{ scale_kernel<float, (1, 3), const float *><<<dim3(4, 1, 1), dim3(32, 1, 1)>>>(y, x, n, by); cudaDeviceSynchronize(); }")
    assert read(made, CUDA, "k.cu", geometry=geometry).launcher is not None
    assert with_launcher(BOUND.replace("TORCH", "//"), CUDA, "k.cu", "", geometry).count("<<<") == BOUND.count("<<<")
    with pytest.raises(Fault, match="is a template of T, EACH, U"):
        with_launcher(text, CUDA, "k.cu", "scale_kernel", geometry)
    with pytest.raises(Fault) as told:
        with_launcher(text, CUDA, "k.cu", "scale_kernel<float, 1, int*, 4>", geometry)
    assert "4 arguments are given" in told.value.why


def test_an_instance_is_run_checked_and_translated(call: Call, tmp_path: Path) -> None:
    (tmp_path / "k.cu").write_text(TEMPLATE)
    said = ("--kernel", "scale_kernel<float>", "--grid", "4", "--block", "32", "--let", "n=200")
    assert call("run", "k.cu", *said).status == 0
    done = call("translate", "k.cu", "--to", "c", "--evidence", "tests", *said)
    assert done.status == 0 and "void scale_kernel(float* y, const float* x, int n, float by)" in done.out
    assert "not used" not in done.err


def test_tasks_are_launched_as_their_platform_launches() -> None:
    text = "template <int N>\n__mlu_global__ void clear(float* y) { for (int i = 0; i < N; ++i) y[taskId * N + i] = 0.0f; }\n"
    made = with_launcher(text, platforms.get("bang"), "k.mlu", "clear<64>", {"task": "4"})
    assert "cnrtDim3_t dim = {4, 1, 1};\nclear<64><<<dim, cnrtFuncTypeBlock, queue>>>(y);" in made
    assert read(made, platforms.get("bang"), "k.mlu").launcher is not None
