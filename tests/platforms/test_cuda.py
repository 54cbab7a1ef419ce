"""CUDA's device.h: it can be read, and what its functions compute agrees with numpy."""

from __future__ import annotations

from typing import Any

import clang.cindex as ci
import numpy as np
import pytest

from xpiler.emulate.build import build
from xpiler.emulate.entry import Entry, Run
from xpiler.emulate.run import run
from xpiler.fault import Fault
from xpiler.ir.nodes import Buffer
from xpiler.ir.types import DType
from xpiler.platforms import get
from xpiler.text.clang import Unit, parse

CUDA = get("cuda")
Array = np.ndarray[Any, Any]
DTYPES = {np.dtype(np.float32): DType.F32, np.dtype(np.float16): DType.F16, np.dtype(np.int32): DType.I32,
          np.dtype(np.float64): DType.F64}
SPELLED = {DType.F32: "float", DType.F16: "half", DType.I32: "int", DType.F64: "double"}


def read(text: str) -> Unit:
    return parse(text, "kernel.cu", CUDA.header, CUDA.clang_args)


def run_kernel(body: str, threads: int = 32, real: str = "f32", **arrays: Array) -> Run:
    """Run `body` as a kernel of one block; arrays whose names start with `o` are written."""
    params = tuple(Buffer(n, DTYPES[a.dtype], None, const=n[0] != "o") for n, a in arrays.items())
    signature = ", ".join(f"{'const ' * p.const}{SPELLED[p.dtype]}* {p.name}" for p in params)
    source = f"__global__ void k({signature}) {{\nconst int i = threadIdx.x;\n{body}\n}}\n"
    read(source)
    entry = Entry("k", params, kernel=True, extents={"block.x": 1, "thread.x": threads})
    return run(build(source, CUDA, entry, real=real), entry, arrays)


def notes_of(use: str) -> tuple[str, ...]:
    """The marks of what an expression calls or names."""
    unit = read(f"__global__ void k(float* p, half h) {{ {use}; }}")
    kernel = next(f for f in unit.functions() if f.spelling == "k")
    found = (n.referenced for n in kernel.walk() if n.kind in ("CALL_EXPR", "DECL_REF_EXPR"))
    return next(f.notes for f in found if f is not None)


# ---------------------------------------------------------------- reading


def test_the_header_is_legal_and_ordinary_texts_resolve_against_it() -> None:
    unit = read("""
template <typename T> __device__ T twice(T a) { return a + a; }
__constant__ float weights[16];
__global__ __launch_bounds__(256) void k(const float* __restrict__ a, float* b, int n) {
  __shared__ float s[256];
  extern __shared__ float more[];
  float4 q = reinterpret_cast<const float4*>(a)[threadIdx.x];
  s[threadIdx.x] = max(a[0], 0.0f) + max(1, 2u) + powf(q.x, 2) + weights[3] + std::max(n, 1) + warpSize;
  __syncthreads();
  if (n > 3) atomicAdd(&b[0], twice(s[0]) + more[0] + __shfl_down_sync(0xffffffff, q.w, 16));
  half2 h = __floats2half2_rn(q.x, q.y);
  b[1] = __half2float(__hadd(h.x, h.y)) + __ldg(&a[1]) + (isnan(q.z) ? INFINITY : FLT_MAX);
  __nv_bfloat16 c = __float2bfloat16(q.x);
  b[2] = __bfloat162float(c) + make_float3(1, 2, 3).z;
}
extern "C" void launch(float* a, float* b, int n) {
  float *da, *db;
  if (cudaMalloc(&da, n * sizeof(float)) != cudaSuccess) { fprintf(stderr, "no memory"); exit(1); }
  cudaMalloc((void**)&db, n * 4);
  cudaMemcpy(da, a, n * 4, cudaMemcpyHostToDevice);
  cudaFuncSetAttribute(k, cudaFuncAttributeMaxDynamicSharedMemorySize, 65536);
  k<<<(n + 255) / 256, 256, 1024>>>(da, db, n);
  k<<<dim3(n, 2), dim3(16, 16)>>>(da, db, n);
  printf("%s", cudaGetErrorString(cudaGetLastError()));
  cudaFree(da);
}
""")
    assert {f.spelling for f in unit.functions()} >= {"k", "launch"}


@pytest.mark.parametrize(("use", "mark"), [
    ("expf(1.0f)", "xp.math:exp"),
    ("__expf(1.0f)", "xp.math:exp"),
    ("std::max(1, 2)", "xp.math:max"),
    ("__syncthreads()", "xp.primitive:barrier.block"),
    ("__shfl_xor_sync(~0u, 1.0f, 1)", "xp.primitive:shuffle.xor"),
    ("atomicExch(p, 1.0f)", "xp.primitive:atomic.exch"),
    ("threadIdx", "xp.axis"),
    ("__pipeline_memcpy_async(p, p, 4)", "xp.intrinsic"),
    ("__half2float(h)", None),
])
def test_marks_say_what_a_name_is(use: str, mark: str | None) -> None:
    assert notes_of(use) == (() if mark is None else (mark,))


@pytest.mark.parametrize("declaration", [
    "wmma::fragment<wmma::matrix_a, 16, 16, 16, float, wmma::row_major> f;",
    "wmma::fragment<wmma::accumulator, 16, 16, 8, half> f;",
    "wmma::fragment<wmma::matrix_a, 8, 8, 8, half, wmma::row_major> f;",
])
def test_illegal_fragments_do_not_exist(declaration: str) -> None:
    with pytest.raises(Fault):
        read(f"using namespace nvcuda;\n__global__ void k() {{ {declaration} }}")


def test_bfloat_operands_have_no_half_sums() -> None:
    shape = "16, 16, 16"
    with pytest.raises(Fault, match="mma_sync"):
        read(f"""using namespace nvcuda::wmma;
__global__ void k() {{
  fragment<matrix_a, {shape}, __nv_bfloat16, row_major> a; fragment<matrix_b, {shape}, __nv_bfloat16, row_major> b;
  fragment<accumulator, {shape}, half> c; mma_sync(c, a, b, c); }}""")


def test_reading_and_running_declare_the_same_type_sizes() -> None:
    unit = read("float4 a; half2 b; double2 c; uint3 d; __nv_bfloat162 e; uchar4 f;")
    sizes = [n.cursor.type.get_size() for n in unit.top if n.in_text and n.cursor.kind == ci.CursorKind.VAR_DECL]
    done = run_kernel("o[0] = sizeof(float4); o[1] = sizeof(half2); o[2] = sizeof(double2); o[3] = sizeof(uint3);"
                      "o[4] = sizeof(__nv_bfloat162); o[5] = sizeof(uchar4);", 1, o=np.zeros(6, np.int32))
    assert done.outputs["o"].tolist() == sizes == [16, 4, 16, 12, 4, 4]


# ---------------------------------------------------------------- running


def test_scalar_functions() -> None:
    x = np.linspace(0.1, 3, 32).astype(np.float32)
    done = run_kernel("""
float v = x[i];
o[i] = expf(v); o[32 + i] = __logf(v); o[64 + i] = rsqrtf(v); o[96 + i] = fmaxf(v, 1.0f); o[128 + i] = min(v, 1.0f);
o[160 + i] = __fdividef(1.0f, v); o[192 + i] = __powf(v, 2.5f); o[224 + i] = (float)(half)v; o[256 + i] = rintf(v);
o[288 + i] = __bfloat162float(__float2bfloat16(v)); o[320 + i] = __saturatef(v - 1); o[352 + i] = hexp((half)v);""",
        x=x, o=np.zeros(384, np.float32))
    got: Array = done.outputs["o"].reshape(12, 32)
    wide = x.astype(np.float64)
    bits = x.view(np.uint32)
    brain = ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)
    want = [np.exp(wide), np.log(wide), wide**-0.5, np.maximum(wide, 1), np.minimum(wide, 1), 1 / wide, wide**2.5,
            x.astype(np.float16), np.rint(wide), brain, np.clip(x - 1, 0, 1),
            np.exp(x.astype(np.float16).astype(np.float32)).astype(np.float16)]
    for row, (g, w) in enumerate(zip(got, want, strict=True)):
        np.testing.assert_allclose(np.asarray(g, np.float64), np.asarray(w, np.float64), rtol=3e-6, err_msg=str(row))


def test_bits_of_integers() -> None:
    x = np.array([0, 1, -1, 12, 1 << 30, -(1 << 31), 7, 255] * 4, np.int32)
    done = run_kernel("o[i] = __popc(x[i]); o[32 + i] = __clz(x[i]); o[64 + i] = __ffs(x[i]);"
                      "o[96 + i] = __dp4a(x[i], 0x01ff0203, 5);", x=x, o=np.zeros(128, np.int32))
    u = [int(v) & 0xFFFFFFFF for v in x]
    signed = np.array([[(v >> s & 255) - 256 * (v >> s & 128 > 0) for s in (0, 8, 16, 24)] for v in u])
    want = [[v.bit_count() for v in u], [32 - v.bit_length() for v in u], [(v & -v).bit_length() for v in u],
            (signed @ np.array([3, 2, -1, 1]) + 5).tolist()]
    assert done.outputs["o"].reshape(4, 32).tolist() == want


def test_exchanges_and_atomics() -> None:
    x = np.arange(64, dtype=np.float32)
    done = run_kernel("""
float v = x[i];
for (int d = 16; d > 0; d >>= 1) v += __shfl_down_sync(0xffffffffu, v, d);
o[i] = v; o[64 + i] = __shfl_up_sync(0xffffffffu, x[i], 3); o[128 + i] = __shfl_xor_sync(0xffffffffu, x[i], 5, 16);
o[192 + i] = __popc(__ballot_sync(0xffffffffu, i % 3 == 0)); o[256 + i] = __shfl_sync(0xffffffffu, x[i], 2, 8);
__shared__ int n; if (i == 0) n = 0; __syncthreads();
atomicAdd(&n, 2); atomicMax(&n, 1); __syncthreads(); o[320 + i] = n;""", threads=64, x=x, o=np.zeros(384, np.float32))
    got = done.outputs["o"].reshape(6, 64)
    lane = np.arange(64)
    assert got[0, 0] == x[:32].sum()
    assert got[0, 32] == x[32:].sum()
    assert got[1].tolist() == np.where(lane % 32 < 3, lane, lane - 3).tolist()
    assert got[2].tolist() == (lane ^ 5).tolist()
    assert set(got[3]) == {11}
    assert got[4].tolist() == (lane // 8 * 8 + 2).tolist()
    assert set(got[5]) == {128}


def test_float_can_mean_double() -> None:
    x = np.linspace(0.1, 3, 32)
    source = "__global__ void k(const float* x, float* o) { int i = threadIdx.x; o[i] = expf(x[i]) + rsqrtf(x[i]) * 0.1f; }"
    entry = Entry("k", (Buffer("x", DType.F32, None, const=True), Buffer("o", DType.F32, None)), kernel=True,
                  extents={"block.x": 1, "thread.x": 32})
    done = run(build(source, CUDA, entry, real="f64"), entry, {"x": x, "o": np.zeros(32)})
    np.testing.assert_allclose(np.asarray(done.outputs["o"], np.float64), np.exp(x) + x**-0.5 * 0.1, rtol=1e-14)
