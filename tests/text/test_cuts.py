"""An array of bytes that pointers of several types cut up."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from tests.passes.test_down import results
from xpiler import platforms
from xpiler.fault import Fault
from xpiler.ir.nodes import Alloc, Const, Program, Store
from xpiler.ir.show import show
from xpiler.ir.types import DType
from xpiler.ir.walk import statements
from xpiler.text.read import read
from xpiler.text.reading.cuts import Stretch, stretches
from xpiler.to_pivot import sequential
from xpiler.verify.argue.bounds import bounds
from xpiler.verify.verdict import Proved, Unknown

F16, F32, I8 = DType.F16, DType.F32, DType.I8

TEXT = """\
#include <bang.h>
#include <cnrt.h>
#define N 64
__nram__ char all[{size}];
__mlu_entry__ void widened(const half* x, float* y) {{
  {pointers}
  __memcpy(narrow, x + taskId * N, N * sizeof(half), GDRAM2NRAM);
  __bang_half2float(wide, narrow, {count});
  __bang_add(twice, wide, wide, N);
  __memcpy(y + taskId * N, twice, N * sizeof(float), NRAM2GDRAM);
}}
extern "C" void launch(const half* x, float* y) {{
  half* d_x;
  float* d_y;
  cnrtMalloc((void**)&d_x, 4 * N * sizeof(half));
  cnrtMalloc((void**)&d_y, 4 * N * sizeof(float));
  cnrtMemcpy(d_x, (void*)x, 4 * N * sizeof(half), cnrtMemcpyHostToDev);
  cnrtDim3_t dim = {{4, 1, 1}};
  widened<<<dim, cnrtFuncTypeBlock, 0>>>(d_x, d_y);
  cnrtMemcpy(y, d_y, 4 * N * sizeof(float), cnrtMemcpyDevToHost);
}}
"""


def program(pointers: str, size: str = "N * 10", count: str = "N") -> Program:
    return read(TEXT.format(pointers=pointers, size=size, count=count), platforms.get("bang"), "all.mlu")


def arrays(of: Program, space: str = "nram") -> dict[DType, object]:
    found = [s.buffer for s in statements(of.kernels[0].body) if isinstance(s, Alloc) and s.buffer.cut_from]
    assert {b.cut_from for b in found} <= {"all"} and {b.space for b in found} <= {space}
    return {b.dtype: b.extent.value for b in found if isinstance(b.extent, Const)}


@pytest.mark.parametrize("pointers", [
    "float* wide = (float*)all; float* twice = wide + N; half* narrow = (half*)(twice + N);",
    "half* narrow = (half*)(all + N * 8); float* wide = (float*)all; float* twice = (float*)(all + N * 4);",
    "char* rest = all + N * 8; half* narrow = (half*)rest; float* wide = (float*)(rest - N * 8); float* twice = wide + N;",
])
def test_each_stretch_of_a_type_is_an_array(pointers: str) -> None:
    found = program(pointers)
    assert arrays(found) == {F32: 128, F16: 64}
    assert isinstance(bounds(found, platforms.get("bang")).verdict, Proved)


def test_what_the_text_first_takes_bytes_for_is_cut_as_well() -> None:
    """The name of the array stands in one place alone, where it is cast to the narrower type."""
    narrow_first = program("half* narrow = (half*)all; float* wide = (float*)(narrow + N); float* twice = wide + N;")
    assert arrays(narrow_first) == {F32: 128, F16: 64}


BY_SIZE = """\
#include <bang.h>
#include <cnrt.h>
__nram__ char all[4096];
__mlu_entry__ void widened(const half* x, float* y, int n) {
  const int padded = (n + 31) / 32 * 32;
  float* wide = (float*)all;
  float* twice = wide + padded;
  half* narrow = (half*)(twice + padded);
  __memcpy(narrow + taskId % 2 * padded, x + taskId * n, n * sizeof(half), GDRAM2NRAM);
  __bang_half2float(wide, narrow + taskId % 2 * padded, n);
  __bang_add(twice, wide, wide, n);
  __memcpy(y + taskId * n, twice, n * sizeof(float), NRAM2GDRAM);
}
"""


def test_a_stretch_may_begin_where_a_parameter_says() -> None:
    found = read(BY_SIZE, platforms.get("bang"), "all.mlu", geometry={"task": "4"})
    made = {s.buffer.dtype: s.buffer for s in statements(found.kernels[0].body) if isinstance(s, Alloc)}
    padded = "(n + 31) / 32 * 32"
    assert {t: show(b.extent) for t, b in made.items() if b.extent is not None} == {
        F32: f"{padded} + {padded}", F16: f"2048 - ({padded} + {padded}) * 2"}
    assert {b.cut_from for b in made.values()} == {"all"}
    assert "__bang_half2float(&all_f32[0], &all_f16[" in show(found)


def test_an_access_outside_of_a_stretch_is_doubted_and_not_refuted() -> None:
    found = program("float* wide = (float*)all; half* narrow = (half*)(all + N * 4); float* twice = (float*)(all + N * 6);",
                    count="N + 1")
    verdict = bounds(found, platforms.get("bang")).verdict
    assert isinstance(verdict, Unknown) and "a stretch of `all`" in verdict.reason, verdict


def test_bytes_of_two_types_are_no_array() -> None:
    with pytest.raises(Fault) as e:
        program("float* wide = (float*)all; float* twice = (float*)(all + N * 4); half* narrow = (half*)all;")
    assert e.value.code == "XP1011"


ARENA = """
__global__ void pairs(const float* x, const int* at, float* y) {{
  extern __shared__ {type} all[];
  {pointers}
  values[threadIdx.x] = x[threadIdx.x];
  places[threadIdx.x] = at[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = values[63 - threadIdx.x] + places[{place}];
}}
void launch(const float* x, const int* at, float* y) {{ pairs<<<1, 64, 64 * 8>>>(x, at, y); }}
"""


@pytest.mark.parametrize("pointers", [
    "float* values = reinterpret_cast<float*>(all); int* places = (int*)(all + blockDim.x * sizeof(float));",
    "float* values = (float*)all; int* places = (int*)(values + 64);",
])
def test_memory_that_is_shared_out_is_arrays_though_nothing_needs_it(pointers: str) -> None:
    found = read(ARENA.format(type="unsigned char", pointers=pointers, place="threadIdx.x"), platforms.get("cuda"), "k.cu")
    assert arrays(found, "shared") == {F32: 64, DType.I32: 64}


@pytest.mark.parametrize("pointers", [
    "float* values = (float*)all; int* places = (int*)all;",
    "float* values = (float*)all; int* places = (int*)(all + 256); all[threadIdx.x] = 1;",
    "float* values = (float*)all; float* places = values + 64;",
])
def test_memory_that_is_not_several_arrays_stays_what_it_is(pointers: str) -> None:
    text = ARENA.format(type="unsigned char", pointers=pointers, place="threadIdx.x")
    assert arrays(read(text, platforms.get("cuda"), "k.cu"), "shared") == {}


@pytest.mark.parametrize(("cuts", "size", "found"), [
    ([(0, F32), (256, F16)], 384, [Stretch(0, 256, F32), Stretch(256, 384, F16)]),
    ([(0, F32), (64, F32), (0, I8), (256, F16)], 384, [Stretch(0, 256, F32), Stretch(256, 384, F16)]),
    ([(64, F32)], 131, [Stretch(64, 128, F32)]),
    ([(0, I8), (64, F32)], 128, [Stretch(0, 64, I8), Stretch(64, 128, F32)]),
    ([(0, DType.U8), (0, I8), (64, F32)], 128, [Stretch(0, 64, DType.U8), Stretch(64, 128, F32)]),
    ([(0, F32), (0, F16)], 64, None),  # two types at one place
    ([(0, F32), (30, F16)], 64, None),  # a number would be cut
    ([(2, F32)], 64, None),
    ([(0, F32), (64, F16)], 64, None),  # behind the end
])
def test_stretches(cuts: Iterable[tuple[int, DType]], size: int, found: list[Stretch] | None) -> None:
    assert stretches(cuts, size, I8) == (None if found is None else tuple(found))


IN_BYTES = """\
#include <bang.h>
#include <cnrt.h>
#define LIMIT 64
__nram__ char all[2 * LIMIT];
template <typename T>
__mlu_func__ void twice(char* out, char* in, int count) {{ __bang_mul_scalar((T*)out, (T*)in, (T)2, count); }}
template <typename T>
__mlu_global__ void k(const char* x, char* y, int n) {{
  char* in = all;
  size_t per = n / taskDim;
  const char* from = x + taskId * per * sizeof(T);
  if (taskId == taskDim - 1) per += n % taskDim;
  for (int i = 0; i < per; i += LIMIT / sizeof(T)) {{
    const int now = per - i < LIMIT / sizeof(T) ? per - i : LIMIT / sizeof(T);
    __memcpy(in + (i / 16) % 2 * LIMIT, from + i * sizeof(T), {size}, GDRAM2NRAM);
    twice<T>(in + (i / 16) % 2 * LIMIT, in + (i / 16) % 2 * LIMIT, now);
    __memcpy(y + (taskId * (n / taskDim) + i) * sizeof(T), in + (i / 16) % 2 * LIMIT, {size}, NRAM2GDRAM);
  }}
}}
extern "C" void launch(const float* x, float* y, int n) {{
  float *dx, *dy;
  cnrtMalloc((void**)&dx, n * sizeof(float));
  cnrtMalloc((void**)&dy, n * sizeof(float));
  cnrtMemcpy(dx, (void*)x, n * sizeof(float), cnrtMemcpyHostToDev);
  cnrtDim3_t dim = {{4, 1, 1}};
  k<float><<<dim, cnrtFuncTypeBlock, 0>>>((const char*)dx, (char*)dy, n);
  cnrtMemcpy(y, dy, n * sizeof(float), cnrtMemcpyDevToHost);
}}
"""


def test_copies_of_bytes_that_are_of_one_type_are_copies_of_elements() -> None:
    """All is counted in bytes, and all that is computed with is of one type."""
    bang = platforms.get("bang")
    program = read(IN_BYTES.format(size="now * sizeof(T)"), bang, "k.mlu")
    assert arrays(program) == {F32: 32}
    kernel = sequential(program, bang)[0].kernels[0]
    found = results(kernel, {"x": 43, "y": 43}, {"n": 43})
    np.testing.assert_array_equal(found["y"], found["x"] * 2)
    assert len(list(statements(kernel))) == 2  # a loop, and what is stored in it


def test_a_copy_of_parts_of_elements_is_one_of_bytes() -> None:
    program = read(IN_BYTES.format(size="now * sizeof(T) - 2"), platforms.get("bang"), "k.mlu")
    stores = [s for s in statements(program.kernels[0]) if isinstance(s, Store)]
    assert len(stores) == 2 and all("bits" in show(s.value) for s in stores)
