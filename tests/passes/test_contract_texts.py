"""Kernels as people write them, contracted: the closed form computes what the loops did."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.passes.interpret import run
from tests.passes.random_kernels import same
from tests.passes.test_down import results
from xpiler import platforms
from xpiler.to_pivot import sequential
from xpiler.ir.nodes import Alloc, Buffer, Const, For, If, Kernel, Let, Load, Store
from xpiler.ir.types import DType
from xpiler.ir.walk import statements
from xpiler.ir.show import show
from xpiler.passes.contract import Contract
from xpiler.passes.step import NotApplicable
from xpiler.text.read import read

SIZES = {"x": 160, "idx": 8, "y": 64}
TOGETHER = {
    "two arrays made of each other": """
void k(float* x, const int* idx, float* y) {
  for (int i = 0; i < 64; ++i) {
    float a = x[i], b = y[i];
    x[i] = 3.0f * a - b;
    y[i] = 2.0f * (3.0f * a - b) + b;
  }
}""",
    "neighbours made of each other": """
void k(float* x, const int* idx, float* y) {
  for (int i = 0; i < 32; ++i) {
    float a = y[2 * i], b = y[2 * i + 1];
    y[2 * i] = a * x[i] - b;
    y[2 * i + 1] = a + b * x[i];
  }
}""",
}
TEXTS = {
    **TOGETHER,
    # an iteration that makes only the first sum, only the second, both or none
    "sums under two conditions": """
void k(const float* x, const int* idx, float* y) {
  float a[4];
  for (int r = 0; r < 4; ++r) a[r] = 0.0f;
  for (int l = 0; l < 3; ++l)
    for (int j = 0; j < 5; ++j) {
      if (idx[j] > 0) for (int r = 0; r < 4; ++r) a[r] += x[(l * 5 + j) * 4 + r];
      if (idx[j] > 1) for (int r = 0; r < 4; ++r) a[r] += 3.0f * x[(l * 5 + j) * 4 + r];
    }
  for (int r = 0; r < 4; ++r) y[r] = a[r];
}""",
    "two words that go as one number and come apart again": """
void k(const float* x, const int* idx, float* y) {
  for (int i = 0; i < 4; ++i) {
    unsigned long long w = (unsigned long long)(unsigned)(idx[2 * i] - 2) << 32 | (unsigned)(idx[2 * i + 1] - 3);
    y[2 * i] = x[i] > 0.0f ? (int)(w >> 32) : (int)w;
    y[2 * i + 1] = (int)((x[i] > 0.0f ? w : (unsigned long long)(unsigned)idx[i] << 32) >> 32);
  }
}""",
    # what `t` held is what `even` was before the outer iteration, not before the inner one
    "a copy from one loop outside": """
void k(const float* x, const int* idx, float* y) {
  float even[4], t[4];
  for (int i = 0; i < 4; ++i) even[i] = 0.0f;
  for (int r = 0; r < 3; ++r) {
    for (int j = 0; j < 4; j += 2) {
      for (int i = 0; i < 4; ++i) t[i] = even[i] + x[(r * 5 + j) * 4 + i];
      for (int i = 0; i < 4; ++i) even[i] = t[i];
    }
    for (int i = 0; i < 4; ++i) t[i] = even[i] + x[(r * 5 + 4) * 4 + i];
    for (int i = 0; i < 4; ++i) even[i] = t[i];
  }
  for (int i = 0; i < 4; ++i) y[i] = even[i];
}""",
    "halves of one array": """
void k(const float* x, const int* idx, float* y) {
  float acc[32];
  for (int r = 0; r < 2; ++r) {
    for (int i = 0; i < 8; ++i) acc[r * 16 + i] = 0.0f;
    for (int i = 0; i < 8; ++i) acc[r * 16 + 8 + i] = 0.0f;
  }
  for (int j = 0; j < 4; ++j)
    for (int r = 0; r < 2; ++r) {
      for (int i = 0; i < 8; ++i) acc[r * 16 + i] = acc[r * 16 + i] + x[(j * 4 + r * 2) * 8 + i];
      for (int i = 0; i < 8; ++i) acc[r * 16 + 8 + i] = acc[r * 16 + 8 + i] + x[(j * 4 + r * 2 + 1) * 8 + i];
    }
  for (int r = 0; r < 2; ++r) {
    for (int i = 0; i < 8; ++i) y[r * 16 + i] = acc[r * 16 + i];
    for (int i = 0; i < 8; ++i) y[r * 16 + 8 + i] = acc[r * 16 + 8 + i];
  }
}""",
    # the last round is partial, and how often the inner loop runs is not what its bounds allow at most
    "a start that depends on the round": """
void k(const float* x, const int* idx, float* y) {
  for (int t = 0; t < 8; ++t)
    for (int i = t; i < 12; i += 8) {
      float m = -100.0f;
      for (int w = i % 3 * 2; w < i % 3 * 2 + 3; ++w) m = m > x[i / 3 * 7 + w] ? m : x[i / 3 * 7 + w];
      y[i] = m;
    }
}""",
    # what each of four warps has as a whole, made by all of its lanes
    "a tile that every lane makes": """
void k(const float* x, const int* idx, float* y) {
  float tile[64];
  for (int t = 0; t < 128; ++t)
    for (int i = 0; i < 16; ++i) tile[t / 32 * 16 + i] = x[t / 32 * 16 + i];
  for (int t = 0; t < 128; ++t)
    for (int i = 0; i < 16; ++i) y[t / 32 * 16 + i] = 2.0f * tile[t / 32 * 16 + i];
}""",
    "fetched ahead": """
void k(const float* x, const int* idx, float* y) {
  float next[4], tile[4], sum[4];
  for (int r = 0; r < 4; ++r) { next[r] = x[r]; sum[r] = 0.0f; }
  for (int j = 0; j < 24; j += 4) {
    for (int r = 0; r < 4; ++r) tile[r] = next[r];
    if (j + 4 < 24)
      for (int r = 0; r < 4; ++r) next[r] = x[j + 4 + r];
    for (int r = 0; r < 4; ++r) sum[r] += tile[r] * x[100 + j];
  }
  for (int r = 0; r < 4; ++r) y[r] = sum[r];
}""",
    # what the first iteration finds is not what the rule for the others would have fetched
    "fetched ahead, begun otherwise": """
void k(const float* x, const int* idx, float* y) {
  float next[4], sum[4];
  for (int r = 0; r < 4; ++r) { next[r] = 2.0f * x[r]; sum[r] = 0.0f; }
  for (int j = 0; j < 6; ++j) {
    for (int r = 0; r < 4; ++r) sum[r] += next[r] * x[100 + j];
    for (int r = 0; r < 4; ++r) next[r] = x[j * 4 + 4 + r];
  }
  for (int r = 0; r < 4; ++r) y[r] = sum[r];
}""",
    "the first row takes in the others": """
void k(const float* x, const int* idx, float* y) {
  float rows[40];
  for (int i = 0; i < 40; ++i) rows[i] = x[i];
  for (int r = 1; r < 5; ++r)
    for (int i = 0; i < 8; ++i) rows[i] = fminf(rows[i], rows[r * 8 + i]);
  for (int i = 0; i < 8; ++i) y[i] = rows[i];
}""",
    "a mask that ends the lanes": """
void k(const float* x, const int* idx, float* y) {
  const unsigned short rest = (unsigned short)((1u << 12) - 1u);
  for (int i = 0; i < 16; ++i)
    if (rest >> i & 1) y[48 + i] = x[i];
}""",
}


@pytest.mark.parametrize("name", TEXTS)
def test_contracted(name: str) -> None:
    c = platforms.get("c")
    pivot, _ = sequential(read(TEXTS[name], c, "k.c"), c, contracted=False)
    kernel = _sized(pivot.kernels[0])
    after = Contract().apply(kernel)
    same(kernel, after)


def test_words_that_no_int_holds_are_left_alone() -> None:
    """A contraction that would need such a constant does not apply; one with a wrapped constant would be wrong."""
    text = """
void k(const float* x, const int* idx, float* y) {
  for (unsigned i = 0; i < 64; ++i) y[i] = (float)((long long)(idx[i % 8] & 255) ^ 0x180808080ll);
}"""
    c = platforms.get("c")
    kernel = _sized(sequential(read(text, c, "k.c"), c, contracted=False)[0].kernels[0])
    with pytest.raises(NotApplicable, match=r"is no 32-bit integer|may not fit a signed one"):
        Contract().apply(kernel)


def test_a_contraction_that_is_not_well_formed_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake of one clean-up costs the clean form, not the translation."""
    c = platforms.get("c")
    program = read(TEXTS["halves of one array"], c, "k.c")
    unclean, _ = sequential(program, c, contracted=False)
    lost = Kernel("k", unclean.kernels[0].params, (Store("y", Const(1 << 40, DType.I32), Const(0.0, DType.F32)),))
    monkeypatch.setattr(Contract, "apply", lambda self, kernel: lost)
    pivot, steps = sequential(program, c)
    assert any("contract(k) failed" in s and "1099511627776 is no i32" in s for s in steps)
    same(_sized(unclean.kernels[0]), _sized(pivot.kernels[0]))


def test_a_form_that_nobody_could_write_out_is_none() -> None:
    """Each step mentions what came before it twice, 2 ** 10 times in all: few nodes, and many words, for each element."""
    steps = "".join(f"float t{k} = x[{k}] > 0.0f ? t{k - 1} * 0.5f : t{k - 1} - x[{k}];\n" for k in range(1, 11))
    last = "".join(f"y[{j}] = x[{j}] > 0.5f ? t10 + {j}.0f : 0.0f;\n" for j in range(14))
    c = platforms.get("c")
    text = f"void k(const float* x, const int* idx, float* y) {{\nfloat t0 = x[0];\n{steps}{last}}}"
    kernel = _sized(sequential(read(text, c, "k.c"), c, contracted=False)[0].kernels[0])
    with pytest.raises(NotApplicable, match="too long to be written"):
        Contract().apply(kernel)


def test_the_upper_half_of_a_word_is_shifted_in() -> None:
    """A product by 65536 would overflow an int where the half is 32768 or more."""
    text = "void k(const unsigned short* a, int* y) { for (int i = 0; i < 9; ++i) y[i] = a[i] | (int)((unsigned)a[i + 9] << 16); }"
    c = platforms.get("c")
    clean = sequential(read(text, c, "k.c"), c)[0].kernels[0]
    assert "y[i] = (i32)((u32)(i32)a[i + 9] << 16) + (i32)a[i];" in show(clean)


def test_lanes_that_write_the_same_are_one() -> None:
    """Nothing is left of the tile, nor of the lanes; where every lane writes something else, no closed form is found."""
    text, c = TEXTS["a tile that every lane makes"], platforms.get("c")

    def pivot(text: str) -> Kernel:
        return _sized(sequential(read(text, c, "k.c"), c, contracted=False)[0].kernels[0])

    after = list(statements(Contract().apply(pivot(text)).body))
    assert [show(s.stop) for s in after if isinstance(s, For)] == ["64"]
    assert not any(isinstance(s, Alloc) for s in after)
    last = pivot(text.replace("= 2.0f * tile[t / 32 * 16 + i]", "= tile[t / 32 * 16 + i] + (float)t"))
    with pytest.raises(NotApplicable):
        Contract().apply(last)


@pytest.mark.parametrize("mixed", ["(unsigned)i * 1500003u % 160u", "((unsigned)i * 2654435761u >> 7) % 160u",
                                   "(4000000000u + (unsigned)i) / 27000000u"])
def test_an_index_that_wraps_is_not_taken_for_a_number_that_does_not(mixed: str) -> None:
    c = platforms.get("c")
    text = f"void k(const float* x, const int* idx, float* y) {{ for (int i = 0; i < idx[0]; ++i) y[i] = x[{mixed}]; }}"
    before = sequential(read(text, c, "k.c"), c, contracted=False)[0].kernels[0]
    with pytest.raises(NotApplicable, match="may not fit"):
        Contract().apply(before)


def _sized(kernel: Kernel) -> Kernel:
    return replace(kernel, params=tuple(
        replace(p, extent=Const(SIZES[p.name], DType.I32)) if isinstance(p, Buffer) else p for p in kernel.params))


INTERLEAVED = """#include <immintrin.h>
#include <cstdint>
extern "C" void k(const int8_t* rows, int8_t* out) {
  const __m128i r0 = _mm_loadu_si128((const __m128i*)rows), r1 = _mm_loadu_si128((const __m128i*)(rows + 16));
  const __m128i r2 = _mm_loadu_si128((const __m128i*)(rows + 32)), r3 = _mm_loadu_si128((const __m128i*)(rows + 48));
  const __m128i lo01 = _mm_unpacklo_epi8(r0, r1), hi01 = _mm_unpackhi_epi8(r0, r1);
  const __m128i lo23 = _mm_unpacklo_epi8(r2, r3), hi23 = _mm_unpackhi_epi8(r2, r3);
  _mm_storeu_si128((__m128i*)out, _mm_unpacklo_epi16(lo01, lo23));
  _mm_storeu_si128((__m128i*)(out + 16), _mm_unpackhi_epi16(lo01, lo23));
  _mm_storeu_si128((__m128i*)(out + 32), _mm_unpacklo_epi16(hi01, hi23));
  _mm_storeu_si128((__m128i*)(out + 48), _mm_unpackhi_epi16(hi01, hi23));
}
"""


def test_bytes_that_are_shuffled_in_words_are_bytes() -> None:
    """Four rows of bytes into groups of four: out[4 * i + r] = rows[16 * r + i], and not a shift is left."""
    vnni = platforms.get("vnni")
    pivot, steps = sequential(read(INTERLEAVED, vnni, "k.cpp"), vnni)
    assert not [s for s in steps if s.startswith("--")]
    (store,) = (s for s in statements(pivot.kernels[0]) if isinstance(s, Store))
    assert isinstance(store.value, Load) and store.value.buffer == "rows"


MASKED = """#include <immintrin.h>
extern "C" void k(const float* x, const float* w, float* y) {
  for (int r = 0; r < 3; ++r) {
    const float* p = x + r * 152;
    __m512 s = _mm512_setzero_ps(), q = _mm512_setzero_ps(), top = _mm512_set1_ps(-INFINITY);
    int i = 0;
    for (; i + 16 <= 152; i += 16) {
      __m512 v = _mm512_loadu_ps(p + i);
      s = _mm512_add_ps(s, v);
      q = _mm512_fmadd_ps(v, _mm512_loadu_ps(w + i), q);
      top = _mm512_max_ps(top, v);
    }
    const __mmask16 m = (1u << (152 - i)) - 1;
    const __m512 v = _mm512_maskz_loadu_ps(m, p + i);
    s = _mm512_add_ps(s, v);
    q = _mm512_fmadd_ps(v, _mm512_maskz_loadu_ps(m, w + i), q);
    top = _mm512_mask_max_ps(top, m, top, v);
    y[r] = _mm512_reduce_add_ps(s) + _mm512_reduce_max_ps(top) * _mm512_reduce_add_ps(q);
  }
}
"""


def test_a_row_that_ends_under_a_mask_is_a_row() -> None:
    """Sums, products and maxima of whole vectors and of a last one that is shorter are over 152 elements."""
    vnni = platforms.get("vnni")
    pivot, steps = sequential(read(MASKED, vnni, "k.cpp"), vnni)
    assert not [s for s in steps if s.startswith("--")]
    loops = [s.stop for s in statements(pivot.kernels[0]) if isinstance(s, For)]
    assert loops == [Const(n, DType.I32) for n in (3, 152, 152, 152)]


BY_FOURS = """
void k(const float* x, const float* w, float* y, int m, int n) {
  for (int i = 0; i < m / 4; ++i)
    for (int r = 0; r < 4; ++r)
      for (int j = 0; j < n; ++j) y[(i * 4 + r) * n + j] = x[i * 4 + r] * w[j];
  for (int r = 0; r < m % 4; ++r)
    for (int j = 0; j < n; ++j) y[(m / 4 * 4 + r) * n + j] = x[m / 4 * 4 + r] * w[j];
}
"""


def test_rows_that_fours_leave_are_not_all_rows() -> None:
    """How long a row is nobody knows: what is written to the last ones is written to no other one."""
    c = platforms.get("c")
    (kernel,) = sequential(read(BY_FOURS, c, "k.c"), c)[0].kernels
    assert [show(s.stop) for s in statements(kernel) if isinstance(s, For)] == ["m", "n"], show(kernel)


BLOCK_OF_ROWS = """
void k(const float* x, const float* w, float* y) {
  for (int i = 0; i < 5; ++i) {
    for (int j = 0; j < 3; ++j)
      for (int r = 0; r < 4; ++r)
        for (int l = 0; l < 16; ++l) y[(i * 4 + r) * 58 + j * 16 + l] = x[i * 4 + r] * w[(j * 16 + l) % 3];
    for (int r = 0; r < 4; ++r)
      for (int l = 0; l < 10; ++l) y[(i * 4 + r) * 58 + 48 + l] = x[i * 4 + r] * w[(48 + l) % 3];
  }
}
"""


def test_a_block_of_rows_that_ends_in_fewer_lanes_is_rows() -> None:
    c = platforms.get("c")
    (kernel,) = sequential(read(BLOCK_OF_ROWS, c, "k.c"), c)[0].kernels
    assert [show(s.stop) for s in statements(kernel) if isinstance(s, For)] == ["20", "58"], show(kernel)


ROWS_BY_WARPS = """
__global__ void k(const int* ptr, const float* val, float* y, int rows) {
  int warp = (blockIdx.x * blockDim.x + threadIdx.x) >> 5, lane = threadIdx.x & 31;
  if (warp < rows) {
    float sum = 0;
    for (int j = ptr[warp] + lane; j < ptr[warp + 1]; j += 32) sum += val[j];
    for (int d = 16; d > 0; d >>= 1) sum += __shfl_down_sync(0xffffffff, sum, d);
    if (lane == 0) y[warp] = sum;
  }
}"""
LARGEST_BY_WARPS = """
__global__ void k(const float* x, float* y, int cols) {
  __shared__ float part[2];
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  float m = 0.f;
  for (int c = threadIdx.x; c < cols; c += 64) m = fmaxf(m, fabsf(x[blockIdx.x * cols + c]));
  for (int o = 16; o; o >>= 1) m = fmaxf(m, __shfl_xor_sync(~0u, m, o));
  if (lane == 0) part[warp] = m;
  __syncthreads();
  m = lane < 2 ? part[lane] : 0.f;
  for (int o = 16; o; o >>= 1) m = fmaxf(m, __shfl_xor_sync(~0u, m, o));
  if (threadIdx.x == 0) y[blockIdx.x] = m;
}"""


@pytest.mark.parametrize(("text", "extent"), [(ROWS_BY_WARPS, "ptr[warp + 1] - ptr[warp]"), (LARGEST_BY_WARPS, "cols")])
def test_lanes_that_share_a_row_are_one_loop_over_it(text: str, extent: str) -> None:
    """Between ends that are read, as in a sparse matrix; and with zeros in the lanes that stand for no warp."""
    cuda = platforms.get("cuda")
    program = read(text, cuda, "k.cu", geometry={"block.x": "8", "thread.x": "64"})
    pivot, _ = sequential(program, cuda)
    loops = [s for s in statements(pivot.kernels[0]) if isinstance(s, For)]
    assert len(loops) == 2 and show(loops[1].stop) == extent, show(pivot.kernels[0])


TAIL = """
__global__ void k(float* x, int n) {
  const int stride = gridDim.x * blockDim.x;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n / 4; i += stride) {
    float4 v = reinterpret_cast<float4*>(x)[i];
    v.x *= 2.0f; v.y *= 2.0f; v.z *= 2.0f; v.w *= 2.0f;
    reinterpret_cast<float4*>(x)[i] = v;
  }
  for (int i = n / 4 * 4 + blockIdx.x * blockDim.x + threadIdx.x; i < n; i += stride) x[i] *= FACTOR;
}"""


@pytest.mark.parametrize(("factor", "ends"), [("2.0f", ["n"]), ("3.0f", ["n / 4 * 4", "n % 4"])])
def test_what_fours_leave_is_no_loop_of_its_own(factor: str, ends: list[str]) -> None:
    """In place, too: what the fours wrote ends before the first of the others, of which no thread has a second one."""
    cuda = platforms.get("cuda")
    program = read(TAIL.replace("FACTOR", factor), cuda, "k.cu", geometry={"block.x": "16", "thread.x": "64"})
    (kernel,) = sequential(program, cuda)[0].kernels
    assert [show(s.stop) for s in statements(kernel) if isinstance(s, For)] == ends, show(kernel)


@pytest.mark.parametrize("name", TOGETHER)
def test_outputs_made_of_each_other_are_one_loop(name: str) -> None:
    """An iteration reads what it needs of all of them before it overwrites any: test_contracted runs them."""
    c = platforms.get("c")
    pivot, _ = sequential(read(TEXTS[name], c, "k.c"), c)
    (loop,) = pivot.kernels[0].body
    assert isinstance(loop, For) and loop.kind == "parallel"
    kinds = [type(s) for s in loop.body]
    assert kinds == [*(Let for _ in kinds[2:]), Store, Store]


@pytest.mark.parametrize("to", ["x[i] = y[i + 1]; y[i] = a", "x[i] = y[i]; y[i] = a + x[i + 1]"])
def test_an_iteration_that_reads_what_another_overwrites_is_not_one_of_such_a_loop(to: str) -> None:
    c = platforms.get("c")
    text = f"void k(float* x, const int* idx, float* y) {{ for (int i = 0; i < 32; ++i) {{ float a = x[i]; {to}; }} }}"
    kernel = _sized(sequential(read(text, c, "k.c"), c, contracted=False)[0].kernels[0])
    with pytest.raises(NotApplicable, match="read each other's"):
        Contract().apply(kernel)


BYTES = """
#include <immintrin.h>
void k(const int* a, const signed char* w, const float* scale, signed char* y, int m) {
  for (int i = 0; i < m; ++i) {
    __m512i acc = _mm512_loadu_si512(a), sums = _mm512_setzero_si512();
    for (int k = 0; k < 8; ++k) {
      const __m512i b = _mm512_loadu_si512(w + k * 64);
      acc = _mm512_dpbusd_epi32(acc, _mm512_set1_epi32(a[i * 8 + k]), b);
      sums = _mm512_dpbusd_epi32(sums, _mm512_set1_epi8(1), b);
    }
    __m512 f = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(acc, _mm512_slli_epi32(sums, 7))), _mm512_loadu_ps(scale));
    f = _mm512_min_ps(_mm512_max_ps(f, _mm512_setzero_ps()), _mm512_set1_ps(127.0f));
    _mm_storeu_si128((__m128i*)(y + i * 16), _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(f)));
  }
}"""


def test_bytes_packed_into_words_are_stored_one_by_one() -> None:
    """Saturated to bytes, packed and stored: one loop over the bytes, without a mask, a shift or a check of a range."""
    vnni = platforms.get("vnni")
    pivot, _ = sequential(read(BYTES, vnni, "k.cpp"), vnni)
    stores = [s for s in statements(pivot.kernels[0]) if isinstance(s, Store) and s.buffer == "y"]
    assert [show(s.value) for s in stores] == [
        "(i8)(i32)rint(min(max((f32)(sum - (i32)(u32)sum_1 * 128) * scale[i_1], 0.0f), 127.0f))"]


RANGES = """
__mlu_entry__ void k(const float* x, float* y, int n) {
  __nram__ float t[TILE];
  const int per = (n + taskDim - 1) / taskDim, begin = taskId * per;
  HOW
    const int here = end - at < TILE ? end - at : TILE;
    __memcpy(t, x + at, here * sizeof(float), GDRAM2NRAM);
    __bang_mul_scalar(t, t, 2.0f, here);
    __memcpy(y + at, t, here * sizeof(float), NRAM2GDRAM);
  }
}"""


@pytest.mark.parametrize("how", [
    "const int end = begin + per < n ? begin + per : n; for (int at = begin; at < end; at += TILE) {",
    """const int count = n - begin < per ? n - begin : per;
  if (count <= 0) return;
  const int end = begin + count;
  for (int at = begin; at < end; at += TILE) {""",
    """const int extra = n % taskDim, mine = n / taskDim + (taskId < extra ? 1 : 0);
  const int first = taskId * (n / taskDim) + (taskId < extra ? taskId : extra), end = first + mine;
  for (int at = first; at < end; at += TILE) {""",
    """const int extra = n % taskDim, mine = n / taskDim + (taskId < extra ? 1 : 0);
  const int first = taskId * (n / taskDim) + (taskId < extra ? taskId : extra), end = first + mine;
  for (int i = 0; i <= mine / TILE; i++) {
    const int at = first + i * TILE;""",
])
def test_ranges_of_tasks_are_one_loop(how: str) -> None:
    """Each task has as many elements as the others, the last ones fewer or none, whatever the size; chunk by chunk."""
    bang = platforms.get("bang")
    text = RANGES.replace("HOW", how).replace("TILE", "8")
    program = read(text, bang, "k.mlu", geometry={"task": "3"})
    before, after = (sequential(program, bang, contracted=c)[0].kernels[0] for c in (False, True))
    (loop,) = after.body
    assert isinstance(loop, For) and show(loop.stop) == "n" and len(loop.body) == 1
    for n in (1, 2, 3, 20, 24, 25, 70):
        size, given = {"x": n, "y": n}, {"n": n}
        assert list(results(after, size, given)["y"]) == list(results(before, size, given)["y"])


GUARDED = {
    "begins with an element in bounds": """
void k(const float* x, const float* b, float* y, int n) {
  for (int t = 0; t < 8; ++t) {
    float low = 3.0e38f;
    for (int base = t * 16; base < n; base += 128) {
      float v = b[base];
      for (int i = 0; i < 16; ++i)
        if (base + i < n) v = v > x[base + i] ? v : x[base + i];
      low = low < v ? low : v;
    }
    y[t] = low;
  }
}""",
    "is made where it is chosen": """
void k(const float* x, const float* b, float* y, int n) {
  for (int t = 0; t < 8; ++t) {
    float v = 0.0f;
    if (t < n / 8) {
      v = b[8 * t];
      for (int i = 0; i < 8; ++i) v = v > x[t * 8 + i] ? v : x[t * 8 + i];
    }
    y[t] = v * 2.0f;
  }
}""",
    "begins with what comes first anyhow": """
void k(const float* x, const float* b, float* y, int n) {
  for (int t = 0; t < 8; ++t) {
    float low = 3.0e38f;
    for (int base = t * 16; base < n; base += 128) {
      int count = n - base < 16 ? n - base : 16;
      float v = x[base];
      for (int i = 0; i < count; ++i) v = v < x[base + i] ? v : x[base + i];
      low = low < v ? low : v;
    }
    y[t] = low;
  }
}""",
}


@pytest.mark.parametrize("what", GUARDED)
@pytest.mark.parametrize("n", [1, 9, 33, 64, 70, 200])
def test_a_reduction_under_a_condition_reads_nothing_without_it(what: str, n: int) -> None:
    c = platforms.get("c")
    program = read(GUARDED[what], c, "k.c")
    before, after = (sequential(program, c, contracted=k)[0].kernels[0] for k in (False, True))
    assert before != after
    size, given = {"x": n, "b": n, "y": 8}, {"n": n}
    assert list(results(after, size, given)["y"]) == list(results(before, size, given)["y"])
    if "anyhow" in what:
        assert "v = x[" not in show(after) and "if" in show(after)


def test_a_negative_number_in_an_unsigned_array_is_converted() -> None:
    text = "void k(const float* x, unsigned* y, int n) { for (int i = 0; i < n; ++i) y[i] = x[i] > 0.0f ? (int)x[i] : -1; }"
    c = platforms.get("c")
    (after,) = sequential(read(text, c, "k.c"), c)[0].kernels
    assert "-1" in show(after) and list(results(after, {"x": 40, "y": 40}, {"n": 40})["y"]).count(2**32 - 1) > 5


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (3, 5), (16, 2)])
def test_a_flat_number_of_a_matrix_is_a_row_and_a_column(rows: int, columns: int) -> None:
    """Where the number of columns is known when it runs: gate * up, each half of a row."""
    text = """
void k(const float* x, float* y, int rows, int dim) {
  for (int i = 0; i < rows * dim; ++i) {
    int row = i / dim, col = i % dim;
    y[i] = x[row * 2 * dim + col] * x[row * 2 * dim + dim + col];
  }
}"""
    c = platforms.get("c")
    program = read(text, c, "k.c")
    before, after = (sequential(program, c, contracted=k)[0].kernels[0] for k in (False, True))
    assert "/" not in show(after) and "%" not in show(after)
    size, given = {"x": 2 * rows * columns, "y": rows * columns}, {"rows": rows, "dim": columns}
    assert list(results(after, size, given)["y"]) == list(results(before, size, given)["y"])


WORD = """
void k(const unsigned char* x, int* y, int n) {
  for (int i = 0; i < n; ++i) {
    int w = (int)((unsigned)x[4 * i] | (unsigned)x[4 * i + 1] << 8 | (unsigned)x[4 * i + 2] << 16
                  | (unsigned)x[4 * i + 3] << 24);
    int v = w ^ (int)0x80808080u;
    y[i] = HOW;
  }
}"""


@pytest.mark.parametrize(("how", "taken"), [
    ("((v >> 8) & 255) * 3 + ((v >> 24) & 255) + (w & 7)", True),
    ("(w >> 28) + (v >> 24)", True),
    ("v / 256 + w % 16", False),
    ("w < 3 ? 1 : 2", False),
    ("(int)((float)w / 1048576.0f)", False),
])
def test_the_highest_bit_of_a_word_is_a_sign_where_it_is_read_as_one(how: str, taken: bool) -> None:
    c = platforms.get("c")
    program = read(WORD.replace("HOW", how), c, "k.c")
    (before,), (after,) = (sequential(program, c, contracted=k)[0].kernels for k in (False, True))
    assert (before != after) or not taken
    bytes_of = np.random.default_rng(5).integers(0, 256, 160)
    found = []
    for kernel in (before, after):
        arrays = {"x": bytes_of.copy(), "y": np.zeros(40, int)}
        run(kernel, arrays, n=40)
        found.append(list(arrays["y"]))
    assert found[0] == found[1]


def test_an_array_that_all_need_is_filled_by_all() -> None:
    """The outermost loop that fills an array of the kernel's own is not shared out where nothing else was found."""
    text = """
void k(const unsigned long* x, unsigned long* y, int n) {
  int own[16];
  for (int i = 0; i < 16; ++i) own[i] = i * i;
  for (int i = 0; i < n; ++i) y[i] = (x[i] >> 40) + own[i % 16];
}"""
    c = platforms.get("c")
    program = read(text, c, "k.c")
    plain, steps = sequential(program, c)
    assert "does not apply" in " ".join(steps)
    kinds = [s.kind for s in plain.kernels[0].body if isinstance(s, For)]
    assert kinds == ["serial", "parallel"]


def test_a_grid_of_no_more_blocks_than_so_many_strides_over_all_there_is() -> None:
    """The step is nothing where there is nothing to do, but then there is no block that would take it."""
    text = """
__global__ void doubled(const float4* x, float4* y, size_t n4) {
  const size_t stride = static_cast<size_t>(gridDim.x) * blockDim.x;
  for (size_t i = static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n4; i += stride) {
    float4 v = x[i];
    v.x *= 2; v.y *= 2; v.z *= 2; v.w *= 2;
    y[i] = v;
  }
}
static int blocks(size_t n) { return static_cast<int>((n + 255) / 256 < 4096 ? (n + 255) / 256 : 4096); }
void run(const float* x, float* y, int n) {
  doubled<<<blocks(n / 4), 256>>>((const float4*)x, (float4*)y, n / 4);
}"""
    cuda = platforms.get("cuda")
    pivot, steps = sequential(read(text, cuda, "doubled.cu"), cuda)
    assert "contract(doubled)" in steps
    (stop,) = {show(s.stop) for s in statements(pivot.kernels[0]) if isinstance(s, For)} - {"4"}
    assert stop == "n / 4 * 4"


VECTORS_AND_THE_LAST_ONES = """#include <immintrin.h>
extern "C" void k(const float* x, float* y, float* z, float a, int n, int step) {
  if (n <= 0 || step < 1) return;
  int i = 0;
  for (; i + 16 <= n; i += 16) {
    __m512 v = _mm512_fmadd_ps(_mm512_set1_ps(a), _mm512_loadu_ps(x + i), _mm512_loadu_ps(z + i));
    _mm512_storeu_ps(y + i, _mm512_fnmadd_ps(v, _mm512_loadu_ps(x + i), _mm512_loadu_ps(y + i)));
    _mm512_storeu_ps(z + i, v);
  }
  if (n % 64) for (; i < n; ++i) { z[i] += a * x[i]; y[i] -= z[i] * x[i]; }
}"""


def test_what_the_vectors_fuse_and_the_rest_does_not_is_one_loop() -> None:
    """Over both arrays, which are made of the same elements, where only a condition on parameters is left around it."""
    vnni = platforms.get("vnni")
    pivot = sequential(read(VECTORS_AND_THE_LAST_ONES, vnni, "k.cpp"), vnni)[0]
    (kernel,) = pivot.kernels
    assert [show(s.stop) for s in statements(kernel) if isinstance(s, For)] == ["n"], show(kernel)
    assert [show(s.cond) for s in statements(kernel) if isinstance(s, If)] == ["0 < step"], show(kernel)


def test_loops_that_read_nothing_in_common_stay_apart() -> None:
    c = platforms.get("c")
    text = """
void k(const float* x, const int* idx, float* y) {
  for (int i = 0; i < 8; ++i) { y[i] = x[i]; y[i + 8] = x[i + 8]; y[i + 32] = (float)idx[i]; }
}"""
    (kernel,) = sequential(read(text, c, "k.c"), c)[0].kernels
    loops = [s for s in statements(kernel) if isinstance(s, For)]
    assert len(loops) == 2, show(kernel)


COLUMNS_BY_EIGHTS = """
__global__ void k(const float* x, float* y, int n, int d) {
  __shared__ float s[8][33];
  int col = blockIdx.x * 32 + threadIdx.x;
  float sum = 0.f;
  if (col < d) for (int r = threadIdx.y; r < n; r += 8) sum += x[r * d + col];
  s[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y == 0 && col < d) {
    for (int j = FIRST; j < 8; ++j) sum += s[j][threadIdx.x];
    y[col] = sum;
  }
}"""


@pytest.mark.parametrize(("first", "extents"), [("1", ["n"]), ("2", ["(n + 7) / 8", "6", "(n + 7) / 8"])])
def test_who_adds_up_what_others_left_keeps_a_row_of_its_own(first: str, extents: list[str]) -> None:
    """Thread 0 begins with its own sum: with those of the seven others it is that of all rows, with six of them not."""
    cuda = platforms.get("cuda")
    text = COLUMNS_BY_EIGHTS.replace("FIRST", first)
    program = read(text, cuda, "k.cu", geometry={"block.x": "2", "thread.x": "32", "thread.y": "8"})
    (kernel,) = sequential(program, cuda)[0].kernels
    assert [show(s.stop) for s in statements(kernel) if isinstance(s, For)][1:] == extents, show(kernel)
