"""Memory of a host that does not say what it holds, and copies behind checks of sizes."""

from __future__ import annotations

import pytest

from xpiler import platforms
from xpiler.fault import Fault
from xpiler.ir.check import check
from xpiler.ir.nodes import Buffer, DeviceBuffer, If, Launch, Program, Var
from xpiler.ir.types import DType
from xpiler.text.read import read
from xpiler.text.write import write

KERNEL = """
typedef enum { HALF = 1, FLOAT = 2 } kind_t;
template <typename T> __mlu_global__ void twice(const T* x, T* y, int n) {
  __nram__ T a[1024];
  __memcpy(a, x, n * sizeof(T), GDRAM2NRAM);
  __bang_add(a, a, a, n);
  __memcpy(y, a, n * sizeof(T), NRAM2GDRAM);
}
"""
HOST = """
extern "C" int run(const {given}* x, {given}* y, int n{more}) {{
  if (n < 0 || n > 1024) return -1;
  if (n == 0) return 0;
  const size_t bytes = n * {size};
  void *d_x = NULL, *d_y = NULL;
  cnrtMalloc(&d_x, bytes);
  cnrtMalloc(&d_y, bytes);
  cnrtMemcpy(d_x, (void*)x, bytes, cnrtMemcpyHostToDev);
  cnrtDim3_t dim = {{1, 1, 1}};
  {launch}
  cnrtMemcpy(y, d_y, bytes, cnrtMemcpyDevToHost);
  return 0;
}}
"""
ONE = "twice<{0}><<<dim, cnrtFuncTypeBlock, 0>>>((const {0}*)d_x, ({0}*)d_y, n);"
BY_KIND = f"switch (kind) {{ case HALF: {ONE.format('half')} break; case FLOAT: {ONE.format('float')} break; }}"
N = Var("n", DType.I32)


def program(given: str, launch: str, size: str, more: str = "", let: dict[str, int] | None = None) -> Program:
    host = HOST.format(given=given, launch=launch, size=size, more=more)
    return read(KERNEL + host, platforms.get("bang"), "twice.mlu", let=let)


def arrays(of: Program) -> list[DType]:
    assert of.launcher is not None
    return [p.dtype for p in of.launcher.params if isinstance(p, Buffer)]


def test_untyped_memory_holds_what_it_is_cast_to() -> None:
    found = program("void", ONE.format("half"), "sizeof(half)")
    assert found.launcher is not None and arrays(found) == [DType.F16, DType.F16]
    assert found.launcher.buffers == (
        DeviceBuffer("d_x", DType.F16, N, "x", copy_in=True),
        DeviceBuffer("d_y", DType.F16, N, "y", copy_in=True, copy_out=True),
    )


def test_words_that_the_device_takes_for_halves_are_halves() -> None:
    assert arrays(program("unsigned short", ONE.format("half"), "2")) == [DType.F16, DType.F16]


def test_a_scalar_that_chooses_the_type_is_to_be_given() -> None:
    by_kind = "void", BY_KIND, "(kind == HALF ? 2 : 4)", ", kind_t kind"
    with pytest.raises(Fault, match="holds f16 or f32, as the host decides") as caught:
        program(*by_kind)
    assert caught.value.code == "XP1009" and caught.value.try_ == "--let kind=1 for f16; --let kind=2 for f32"
    for kind, dtype in ((1, DType.F16), (2, DType.F32)):
        found = program(*by_kind, let={"kind": kind})
        assert arrays(found) == [dtype, dtype] and found.only_for == (f"kind={kind}",)


def test_a_pointer_behind_which_nothing_is_seen_is_left_out() -> None:
    found = program("float", ONE.format("float"), "sizeof(float)", ", void* workspace")
    assert found.launcher is not None and [p.name for p in found.launcher.params] == ["x", "y", "n"]
    assert "run(x, y, n, {})" in found.entry


def test_what_is_behind_checks_is_copied_as_a_whole() -> None:
    """Behind n > 1024 the caller's y has elements, and they stay what they are."""
    found = program("float", ONE.format("float"), "sizeof(float)")
    assert found.launcher is not None and [b.copy_in for b in found.launcher.buffers] == [True, True]
    (guard,) = found.launcher.body
    assert isinstance(guard, If) and isinstance(inner := guard.then[0], If) and isinstance(inner.then[0], Launch)
    text = write(found, platforms.get("bang"))
    assert text.index("return;") < text.index("cnrtMalloc") and "copy_f32" not in text


def test_nothing_comes_in_where_a_check_only_finds_an_empty_array() -> None:
    host = HOST.replace(" || n > 1024", "").format(given="float", launch=ONE.format("float"), size="4", more="")
    found = read(KERNEL + host, platforms.get("bang"), "twice.mlu")
    assert found.launcher is not None and [b.copy_in for b in found.launcher.buffers] == [True, False]


def test_what_is_filled_behind_a_check_is_filled_there() -> None:
    """Where the check fails the caller's array is not filled either."""
    launch = "cnrtMemset(d_y, 0, bytes); " + ONE.format("float")
    found = program("float", launch, "sizeof(float)")
    assert found.launcher is not None and found.launcher.buffers[1].fill is None
    assert [k.name for k in found.kernels] == ["twice", "fill_f32"]


def test_a_kernel_is_read_for_what_the_memory_it_is_given_holds() -> None:
    """Bytes taken for words, by a pointer or a member of a structure, and words taken for halves."""
    given = read(
        "#include <cuda_fp16.h>\n#include <stdint.h>\nstruct Words { const int* x; int n; };\n"
        "__global__ void word(const int* a, Words w, int* y) { y[threadIdx.x] = __dp4a(a[threadIdx.x], w.x[w.n], 0); }\n"
        "__global__ void halves(const __half* a, __half* y) { y[threadIdx.x] = a[threadIdx.x]; }\n"
        "void run(const int8_t* a, int* y) {\n  int8_t* d_a;\n  int* d_y;\n"
        "  cudaMalloc(&d_a, 128);\n  cudaMalloc(&d_y, 128);\n"
        "  cudaMemcpy(d_a, a, 128, cudaMemcpyHostToDevice);\n"
        "  Words w = {reinterpret_cast<const int*>(d_a), 3};\n"
        "  word<<<1, 32>>>(reinterpret_cast<const int*>(d_a), w, d_y);\n"
        "  halves<<<1, 32>>>((const __half*)d_y, (__half*)d_y);\n"
        "  cudaMemcpy(y, d_y, 128, cudaMemcpyDeviceToHost);\n}\n", platforms.get("cuda"))
    check(given)
    held = {k.name: [p.dtype for p in k.params if isinstance(p, Buffer)] for k in given.kernels}
    assert held == {"word": [DType.I8, DType.I8, DType.I32], "halves": [DType.I32, DType.I32]}


@pytest.mark.parametrize(("ask", "launched"), [
    ("aligned(x, 16) && aligned(y + 4, 16)", "wide"),
    ("((uintptr_t)x | (uintptr_t)y) % 16 == 0", "wide"),
    ("aligned(x + 1, 8)", "one"),
    ("aligned(x, 4096)", ""),
    ("aligned(x + n, 16)", ""),
])
def test_memory_of_the_caller_is_aligned_as_the_runtimes_is(ask: str, launched: str) -> None:
    text = (
        "#include <cstdint>\n__global__ void wide(float* y, const float* x) { y[threadIdx.x] = x[threadIdx.x]; }\n"
        "__global__ void one(float* y, const float* x) { y[0] = x[0]; }\n"
        "static bool aligned(const void* p, size_t by) { return (reinterpret_cast<uintptr_t>(p) & (by - 1)) == 0; }\n"
        f"void run(float* y, const float* x, int n) {{\n  const bool vectors = {ask};\n"
        "  if (vectors) wide<<<1, 64>>>(y, x);\n  else one<<<1, 1>>>(y, x);\n}\n")
    if not launched:
        with pytest.raises(Fault):
            read(text, platforms.get("cuda"))
        return
    given = read(text, platforms.get("cuda"))
    assert [k.name for k in given.kernels] == [launched] and "`x`" in given.notes[0]
