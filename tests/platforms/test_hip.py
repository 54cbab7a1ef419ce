"""HIP's device.h: it can be read, 64 lanes exchange values, and matrix instructions keep AMD's lane formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xpiler.emulate.build import build
from xpiler.emulate.entry import Entry, Run
from xpiler.emulate.run import run
from xpiler.ir.nodes import Buffer
from xpiler.ir.types import DType
from xpiler.platforms import get
from xpiler.text.clang import parse

HIP = get("hip")
TILES = (HIP.folder / "tiles.h").read_text().replace("#pragma once", "")
Array = np.ndarray[Any, Any]
DTYPES = {np.dtype(np.float32): DType.F32, np.dtype(np.float16): DType.F16}
SPELLED = {DType.F32: "float", DType.F16: "half"}
VECTORS = """
typedef float float4v __attribute__((__vector_size__(4 * sizeof(float))));
typedef float float16v __attribute__((__vector_size__(16 * sizeof(float))));
typedef _Float16 half4v __attribute__((__vector_size__(4 * sizeof(_Float16))));
"""


def run_kernel(body: str, text: str = VECTORS, threads: tuple[int, int] = (64, 1), **arrays: Array) -> Run:
    """Run `body` as a kernel of one block; arrays whose names start with `o` are written."""
    params = tuple(Buffer(n, DTYPES[a.dtype], None, const=n[0] != "o") for n, a in arrays.items())
    signature = ", ".join(f"{'const ' * p.const}{SPELLED[p.dtype]}* {p.name}" for p in params)
    head = "const int lane = threadIdx.x + blockDim.x * threadIdx.y;"
    source = f"{text}\n__global__ void k({signature}) {{\n{head}\n{body}\n}}\n"
    parse(source, "kernel.hip", HIP.header, HIP.clang_args)
    extents = {"block.x": 1, "thread.x": threads[0], "thread.y": threads[1]}
    entry = Entry("k", params, kernel=True, extents=extents)
    return run(build(source, HIP, entry), entry, arrays)


def random(count: int, dtype: type, seed: int) -> Array:
    return np.random.default_rng(seed).uniform(-1, 1, count).astype(dtype)


def test_the_header_is_legal_and_ordinary_texts_resolve_against_it() -> None:
    unit = parse(VECTORS + """
__global__ void k(float* a, unsigned long long* votes, int n) {
  float4v v = {0}; v[1] = a[threadIdx.x];
  v = __builtin_amdgcn_mfma_f32_16x16x4f32(a[0], a[1], v, 0, 0, 0);
  for (int d = warpSize / 2; d > 0; d >>= 1) v[0] += __shfl_down(v[0], d);
  votes[0] = __ballot(a[0] > 0) + __popcll(3ull) + __shfl_xor_sync(0xffffffffffffffffull, 1, 2);
  __builtin_amdgcn_wave_barrier();
  a[1] = __expf(v[0]) + __hip_bfloat16(1.0f);
}
void launch(float* a, int n) {
  float* d; unsigned long long* w;
  hipMalloc((void**)&d, 4 * n); hipMalloc(&w, 8); hipMemcpy(d, a, 4 * n, hipMemcpyHostToDevice);
  hipLaunchKernelGGL(k, dim3(n / 64), dim3(64), 0, 0, d, w, n);
  k<<<n / 64, 64>>>(d, w, n); k<<<n / 64, 64, 0, hipStreamDefault>>>(d, w, n);
  if (hipDeviceSynchronize() != hipSuccess) printf("%s", hipGetErrorString(hipGetLastError()));
}
""", "kernel.hip", HIP.header, HIP.clang_args)
    assert {f.spelling for f in unit.functions()} == {"k", "launch"}


def test_the_tile_functions_have_whole_tile_meanings() -> None:
    carried = parse(TILES, "tiles.hip", HIP.header, HIP.clang_args)
    names = {f.spelling for f in carried.functions()} - {"tile_lane"}
    uses = "tile_acc c; tile_a a; tile_b b; tile_fill(c, 0); tile_load_acc(c, q, 16); tile_load_a(a, p, 16);" \
           "tile_load_b_row(b, p, 16); tile_load_b_col(b, p, 16); tile_mma(c, a, b); tile_store(q, c, 16);"
    unit = parse(f"void uses(half* p, float* q) {{ {uses} }}", "uses.hip", HIP.header, (*HIP.clang_args, "-DXP_OFFERS"))
    called = [n.referenced for n in unit.functions()[0].walk() if n.kind == "CALL_EXPR"]
    assert {f.spelling for f in called if f is not None and "xp.intrinsic" in f.notes} == names


def test_sixty_four_lanes() -> None:
    x = np.arange(128, dtype=np.float32)
    done = run_kernel("""
float v = x[lane];
for (int d = 32; d > 0; d >>= 1) v += __shfl_xor(v, d);
o[lane] = v; o[128 + lane] = __shfl_down(x[lane], 40); o[256 + lane] = __shfl(x[lane], 70);
o[384 + lane] = __popcll(__ballot(lane % 2)); o[512 + lane] = __shfl_up(x[lane], 1, 32);""",
        threads=(128, 1), x=x, o=np.zeros(640, np.float32))
    got = done.outputs["o"].reshape(5, 128)
    lane = np.arange(128)
    assert set(got[0, :64]) == {x[:64].sum()}
    assert set(got[0, 64:]) == {x[64:].sum()}
    assert got[1].tolist() == np.where(lane % 64 + 40 >= 64, lane, lane + 40).tolist()
    assert got[2].tolist() == (lane // 64 * 64 + 6).tolist()
    assert set(got[3]) == {32}
    assert got[4].tolist() == np.where(lane % 32 == 0, lane, lane - 1).tolist()


def test_a_shuffle_stays_one_meeting_whatever_the_lanes_do_after_it() -> None:
    # Both conditions are the same: a compiler may run the lanes that fulfil it through a copy of the call.
    done = run_kernel("""
const bool first = lane % 16 == 0;
int v = __shfl(__float_as_int(x[lane]), first ? lane : lane - 1);
if (first) v = 0;
o[lane] = __int_as_float(v);""", x=np.arange(1, 65, dtype=np.float32), o=np.zeros(64, np.float32))
    lane = np.arange(64)
    assert done.outputs["o"].tolist() == np.where(lane % 16 == 0, 0, lane).tolist()


def operand(values: Array, m: int, v: int) -> Array:
    """The M x K operand (B transposed) that the lanes hold: hip.md, "MFMA A/B register mapping"."""
    held = values.reshape(64, v).astype(np.float64)
    return np.array([[held[m * (k // v) + i, k % v] for k in range(64 * v // m)] for i in range(m)])


def result(values: Array, m: int) -> Array:
    """The M x M result that the lanes hold: hip.md, "MFMA C/D register mapping"."""

    def place(i: int, j: int) -> tuple[int, int]:
        return (16 * (i // 4) + j, i % 4) if m == 16 else ((32 * (i // 4)) % 64 + j, 4 * (i // 8) + i % 4)

    held = values.reshape(64, m * m // 64)
    return np.array([[held[place(i, j)] for j in range(m)] for i in range(m)])


@pytest.mark.parametrize("threads", [(64, 1), (16, 4)])
def test_mfma_keeps_the_lane_formulas(threads: tuple[int, int]) -> None:
    a, b = random(64, np.float32, 1), random(64, np.float32, 2)
    h, g = random(256, np.float16, 3), random(256, np.float16, 4)
    c = random(2560, np.float32, 5)
    done = run_kernel("""
half4v u, w; float4v c1, c2; float16v c3, c4;
for (int r = 0; r < 4; ++r) u[r] = h[4 * lane + r], w[r] = g[4 * lane + r], c1[r] = c[4 * lane + r];
for (int r = 0; r < 16; ++r) c3[r] = c[256 + 16 * lane + r];
c2 = c1; c4 = c3;
c1 = __builtin_amdgcn_mfma_f32_16x16x4f32(a[lane], b[lane], c1, 0, 0, 0);
c2 = __builtin_amdgcn_mfma_f32_16x16x16f16(u, w, c2, 0, 0, 0);
c3 = __builtin_amdgcn_mfma_f32_32x32x2f32(a[lane], b[lane], c3, 0, 0, 0);
c4 = __builtin_amdgcn_mfma_f32_32x32x8f16(u, w, c4, 0, 0, 0);
for (int r = 0; r < 4; ++r) o[4 * lane + r] = c1[r], o[256 + 4 * lane + r] = c2[r];
for (int r = 0; r < 16; ++r) o[512 + 16 * lane + r] = c3[r], o[1536 + 16 * lane + r] = c4[r];""",
        threads=threads, a=a, b=b, h=h, g=g, c=c, o=np.zeros(2560, np.float32))
    assert done.status == "ok", done.findings
    o = done.outputs["o"]
    for m, v, x, y, was, got in (
        (16, 1, a, b, c[:256], o[:256]), (16, 4, h, g, c[:256], o[256:512]),
        (32, 1, a, b, c[256:1280], o[512:1536]), (32, 4, h, g, c[256:1280], o[1536:]),
    ):
        want = operand(x, m, v) @ operand(y, m, v).T + result(was, m)
        np.testing.assert_allclose(result(got, m), want, atol=1e-5, err_msg=f"{m}x{m}, {v} values a lane")


def test_a_partial_wavefront_may_not_multiply() -> None:
    done = run_kernel("float4v c = {0}; c = __builtin_amdgcn_mfma_f32_16x16x4f32(a[lane], a[lane], c, 0, 0, 0);"
                      "o[lane] = c[0];", threads=(32, 1), a=random(64, np.float32, 1), o=np.zeros(64, np.float32))
    assert done.status == "finding"
    assert "64 lanes" in done.findings[0].message


@pytest.mark.parametrize(("kind", "dtype", "deep"), [("", np.float16, 16), ("4", np.float32, 4)])
@pytest.mark.parametrize("order", ["row", "col"])
def test_tile_functions_multiply_tiles(kind: str, dtype: type, deep: int, order: str) -> None:
    a, b, c = random(16 * deep, dtype, 1), random(16 * deep, dtype, 2), random(256, np.float32, 3)
    ld = 16 if order == "row" else deep
    done = run_kernel(f"""
tile_a{kind} ta; tile_b{kind} tb; tile_acc tc, zero;
tile_load_a(ta, a, {deep}); tile_load_b_{order}(tb, b, {ld}); tile_load_acc(tc, c, 16); tile_fill(zero, 0.0f);
tile_mma(tc, ta, tb); tile_mma(zero, ta, tb);
tile_store(o, tc, 16); tile_store(o + 256, zero, 16);""",
        text=TILES, threads=(16, 4), a=a, b=b, c=c, o=np.zeros(512, np.float32))
    assert done.status == "ok", done.findings
    right = b.reshape(deep, 16) if order == "row" else b.reshape(16, deep).T
    product = a.reshape(16, deep).astype(np.float64) @ right.astype(np.float64)
    got = done.outputs["o"].reshape(2, 16, 16)
    np.testing.assert_allclose(got[0], product + c.reshape(16, 16), atol=1e-5)
    np.testing.assert_allclose(got[1], product, atol=1e-5)


def test_register_vectors_behave_like_hipcc_ones() -> None:
    done = run_kernel("""
xp_vector<float, 4> v = {1, 2}, w; w = {4, 5, 6, 7};
v += w * 2.0f; v[1] = v.x; o[0] = v.x; o[1] = v.y; o[2] = v.z; o[3] = -v[3]; o[4] = sizeof(v);""".replace(
        "xp_vector<float, 4>", "vec4"),
        text="#ifdef XP_READING\ntypedef float vec4 __attribute__((ext_vector_type(4)));\n#else\n"
             "typedef xp_vector<float, 4> vec4;\n#endif",
        threads=(1, 1), o=np.zeros(5, np.float32))
    assert done.outputs["o"].tolist() == [9, 9, 12, -14, 16]


def test_float_can_mean_double() -> None:
    x = np.linspace(0.1, 3, 64)
    text = """__global__ void k(const float* x, float* o) {
  const float v = x[threadIdx.x]; o[threadIdx.x] = __expf(v) + rsqrtf(v) * 0.1f + __shfl_xor(v, 1) + __fadd_rd(v, 1.0f); }"""
    entry = Entry("k", (Buffer("x", DType.F32, None, const=True), Buffer("o", DType.F32, None)), kernel=True,
                  extents={"block.x": 1, "thread.x": 64})
    done = run(build(text, HIP, entry, real="f64"), entry, {"x": x, "o": np.zeros(64)})
    swapped = x.reshape(-1, 2)[:, ::-1].ravel()
    np.testing.assert_allclose(done.outputs["o"], np.exp(x) + x**-0.5 * 0.1 + swapped + x + 1, rtol=1e-14)


def test_a_number_beside_a_pair_of_halves_stands_for_both() -> None:
    x = random(128, np.float16, 5).reshape(64, 2)
    done = run_kernel("""
__half2 v = __halves2half2(x[2 * lane], x[2 * lane + 1]), w = +v;
w += 1; w *= 3.0f; w = 2 - w / (half)2;
o[2 * lane] = w.x; o[2 * lane + 1] = w.y;
of[2 * lane] = v != 0; of[2 * lane + 1] = (v < 0.5) + 2 * (0.5 > v);
""", x=x.ravel(), o=np.zeros(128, np.float16), of=np.zeros(128, np.float32))
    half = np.float16
    want = half(2) - (x + half(1)) * half(3) / half(2)
    assert np.array_equal(done.outputs["o"].reshape(64, 2), want)
    less = (x < 0.5).all(1)
    assert np.array_equal(done.outputs["of"].reshape(64, 2), np.stack([(x != 0).all(1), 3 * less], 1))


def test_fma_of_half_and_other_numbers_is_promoted_as_in_cmath() -> None:
    h = np.float16(1 / 3)
    done = run_kernel("""
half h = x[0];
o[0] = fma(h, h, (half)3); o[1] = fma(h, h, 3); o[2] = fma(h, 3u, h); o[3] = fma(h, h, 3.0f); o[4] = fma(true, h, 3.0);
o[5] = sizeof(fma(h, h, 3)) + sizeof(fma(h, h, 3.0f)) / 100.0f + sizeof(fma(h, h, h)) / 1000.0f;
""", x=np.full(1, h), o=np.zeros(6, np.float32))
    wide = np.float64(h)
    assert done.outputs["o"][0] == np.float16(wide * wide + 3) != np.float32(wide * wide + 3)
    assert np.array_equal(done.outputs["o"][1:5], np.float32(
        [wide * wide + 3, wide * 3 + wide, np.float32(wide * wide) + np.float32(3), wide + 3]))
    assert abs(done.outputs["o"][5] - 8.042) < 1e-5


def test_half_has_limits_and_device_code_a_clock() -> None:
    done = run_kernel("""
using L = std::numeric_limits<half>;
long before = clock();
o[0] = L::max(); o[1] = L::min(); o[2] = L::epsilon(); o[3] = L::denorm_min(); o[4] = L::lowest(); o[5] = L::infinity();
o[6] = isnan((float)L::quiet_NaN()); o[7] = L::digits; o[8] = clock() >= before && clock64() < clock64();
""", text="#include <limits>\n#ifdef XP_READING\nnamespace std { template <> struct numeric_limits<half> { static half max();"
     "static half min(); static half epsilon(); static half denorm_min(); static half lowest(); static half infinity();"
     "static half quiet_NaN(); static const int digits = 11; }; }\n#endif\n", threads=(1, 1), o=np.zeros(9, np.float32))
    info = np.finfo(np.float16)
    want = [info.max, info.smallest_normal, info.eps, info.smallest_subnormal, info.min, np.inf, 1, info.nmant + 1, 1]
    assert done.outputs["o"].tolist() == [float(v) for v in want]
