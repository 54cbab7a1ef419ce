"""Kernels of every family of the SIMT headers are read, in the language a translation starts from."""

from __future__ import annotations

import pytest

from xpiler import platforms
from xpiler.engine import Options, translate
from xpiler.ir.check import check
from xpiler.text.read import read
from xpiler.verify.ladder import Level
from xpiler.verify.verdict import confirmed

CUDA = platforms.get("cuda")

HEAD = """#include <cuda_runtime.h>
#include <cuda_fp16.h>
#include <cooperative_groups.h>
namespace cg = cooperative_groups;
"""
HOST = """
extern "C" void launch(const {t}* a, {t}* b) {{
  {t} *da, *db;
  cudaMalloc(&da, 256 * sizeof({t})); cudaMalloc(&db, 256 * sizeof({t}));
  cudaMemcpy(da, a, 256 * sizeof({t}), cudaMemcpyHostToDevice);
  cudaMemcpy(db, b, 256 * sizeof({t}), cudaMemcpyHostToDevice);
  k<<<2, 128>>>(da, db);
  cudaMemcpy(b, db, 256 * sizeof({t}), cudaMemcpyDeviceToHost);
  cudaFree(da); cudaFree(db);
}}
"""
# The element type, and the body: i counts threads of the launch, t those of the block.
FAMILIES = {
    "atomics": ("int", """
atomicAdd(&b[a[i] & 15], 1);
atomicMax(&b[16], a[i]);
atomicMin(&b[17], a[i]);
atomicOr(&b[18], a[i]);"""),
    "atomic inc": ("unsigned", """
atomicInc(&b[0], 1000u);
atomicDec(&b[1], 500u);"""),
    "atomic cas": ("int", """
int old = b[a[i] & 3], seen;
do { seen = old;
old = atomicCAS(&b[a[i] & 3], seen, seen + 1);
} while (old != seen);"""),
    "atomic half2": ("half2", """
atomicAdd(&b[i / 64], a[i]);"""),
    "shuffle": ("float", """
float v = a[i];
for (int d = 16;
d > 0;
d >>= 1) v += __shfl_xor_sync(0xffffffffu, v, d);
b[i] = v;"""),
    "shuffle half": ("half", """
half v = a[i];
v = __shfl_down_sync(0xffffffffu, v, 1);
b[i] = v;"""),
    "vote": ("int", """
b[i] = __popc(__ballot_sync(0xffffffffu, a[i] > 0)) + __any_sync(0xffffffffu, a[i] > 100) + __all_sync(0xffffffffu, a[i] > -100);"""),
    "match": ("int", """
b[i] = __match_any_sync(0xffffffffu, a[i] & 3);"""),
    "reduce sync": ("int", """
b[i] = __reduce_add_sync(0xffffffffu, a[i]) + __reduce_max_sync(0xffffffffu, a[i]);"""),
    "sync count": ("int", """
b[i] = __syncthreads_count(a[i] > 0);"""),
    "activemask": ("int", """
if (a[i] > 0) b[i] = __popc(__activemask());
else b[i] = 0;"""),
    "ldg": ("float", """
float4 v = __ldg((const float4*)a + i / 4);
__stcs(b + i, v.x + v.w);"""),
    "dp4a": ("int", """
b[i] = __dp4a(a[i], 0x01020304, 5) + __dp2a_lo(a[i], 0x01020304, 1);"""),
    "packed": ("unsigned", """
b[i] = __vadd4(a[i], 0x01010101u) ^ __vmaxu4(a[i], 0x20202020u) ^ __vabsdiffs2(a[i], 5u);"""),
    "bits": ("unsigned", """
b[i] = __popc(a[i]) + __clz(a[i]) + __ffs(a[i]) + __brev(a[i]) + __byte_perm(a[i], 7u, 0x3210u) + __funnelshift_l(a[i], a[i], 7);"""),
    "math": ("float", """
b[i] = __expf(a[i]) + __fdividef(a[i], 3.0f) + rsqrtf(fabsf(a[i]) + 1) + erff(a[i]) + normcdff(a[i]) + __saturatef(a[i]) + __fmaf_rn(a[i], 2.0f, 1.0f) + __frcp_rn(a[i] + 10);"""),
    "math2": ("float", """
b[i] = asinhf(a[i]) + lgammaf(fabsf(a[i]) + 1) + copysignf(1.0f, a[i]) + fdimf(a[i], 1.0f) + cbrtf(a[i]) + sinpif(a[i]) + ldexpf(a[i], 2) + log1pf(fabsf(a[i])) + remainderf(a[i], 2.0f);"""),
    "math3": ("float", """
float s, c;
sincosf(a[i], &s, &c);
int e;
float m = frexpf(a[i], &e);
float w;
float f = modff(a[i], &w);
b[i] = s + c + m + e + w + f + hypotf(s, c) + erfinvf(s * 0.5f);"""),
    "directed": ("float", """
b[i] = __fadd_rd(a[i], 0.1f) + __fmul_ru(a[i], 3.3f) + __fdiv_rz(a[i], 7.0f) + __fsqrt_rd(fabsf(a[i]));"""),
    "convert": ("float", """
b[i] = __float2int_rn(a[i]) + __float2int_rd(a[i]) + __int2float_rn(t) + __float2uint_rz(fabsf(a[i])) + __int_as_float(__float_as_int(a[i]) & 0x7fffffff);"""),
    "half": ("half", """
half h = a[i];
h = __hadd(__hmul(h, __float2half(0.5f)), h);
h = __hfma(h, h, h);
h = __hmax(h, __float2half(0.0f));
b[i] = hexp(__hneg(h));"""),
    "half2": ("half2", """
half2 v = a[i];
v = __hfma2(v, v, __float2half2_rn(1.0f));
v += a[i];
v = v * __halves2half2(__low2half(v), __high2half(v));
b[i] = __hmax2(v, h2sqrt(__habs2(v)));"""),
    "half bits": ("half", """
unsigned short u = __half_as_ushort(a[i]);
b[i] = __ushort_as_half(u & 0x7fff);"""),
    "half convert": ("half", """
b[i] = __float2half_rz(__half2float(a[i]) * 1.1f);
if (__hgt(a[i], b[i])) b[i] = __int2half_rn(__half2int_rn(a[i]));"""),
    "vectors": ("float4", """
float4 v = a[i];
b[i] = make_float4(v.w, v.z, v.y, v.x);"""),
    "group reduce": ("float", """
auto tile = cg::tiled_partition<16>(cg::this_thread_block());
b[i] = cg::reduce(tile, a[i], cg::plus<float>());"""),
    "group scan": ("float", """
auto tile = cg::tiled_partition<32>(cg::this_thread_block());
b[i] = cg::inclusive_scan(tile, a[i]);"""),
    "group shfl": ("float", """
cg::thread_block_tile<8> tile = cg::tiled_partition<8>(cg::this_thread_block());
float v = a[i];
for (int d = tile.size() / 2;
d > 0;
d /= 2) v += tile.shfl_down(v, d);
b[i] = tile.shfl(v, 0) + tile.ballot(v > 0);"""),
    "pipeline": ("float", """
__shared__ float s[128];
__pipeline_memcpy_async(s + t, a + i, 4);
__pipeline_commit();
__pipeline_wait_prior(0);
__syncthreads();
b[i] = s[127 - t];"""),
    "group copy": ("float", """
__shared__ float s[128];
auto block = cg::this_thread_block();
cg::memcpy_async(block, s, a + blockIdx.x * 128, sizeof(float) * 128);
cg::wait(block);
b[i] = s[127 - t];"""),
    "cuda pipeline": ("float", """
__shared__ float s[128];
auto pipe = cuda::make_pipeline();
pipe.producer_acquire();
cuda::memcpy_async(s + t, a + i, sizeof(float), pipe);
pipe.producer_commit();
pipe.consumer_wait();
__syncthreads();
b[i] = s[127 - t];
pipe.consumer_release();"""),
    "bf16": ("__nv_bfloat16", """
__nv_bfloat16 v = a[i];
v = __hmul(v, v) + __float2bfloat16(1.0f);
b[i] = __hmax(v, a[i]);"""),
    "double": ("double", """
b[i] = __dadd_rn(a[i], 1.0) + rsqrt(fabs(a[i]) + 1) + __longlong_as_double(__double_as_longlong(a[i]));"""),
}


def text_of(family: str) -> str:
    ctype, body = FAMILIES[family]
    index = "const int i = blockIdx.x * blockDim.x + threadIdx.x, t = threadIdx.x;"
    return f"{HEAD}__global__ void k(const {ctype}* a, {ctype}* b) {{\n{index}\n{body}\n}}\n" + HOST.format(t=ctype)


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_reads(family: str) -> None:
    program = read(text_of(family), CUDA)
    assert program.kernels[0].body and program.launcher is not None
    check(program)


@pytest.mark.slow
@pytest.mark.parametrize(("family", "target"), [
    ("vote", "c"), ("match", "c"), ("group reduce", "vnni"), ("group scan", "c"), ("pipeline", "bang"), ("half2", "hip"),
    ("packed", "c"), ("convert", "bang"), ("directed", "c"), ("cuda pipeline", "hip"), ("atomic inc", "c"),
])
def test_a_sample_is_translated(family: str, target: str) -> None:
    found = translate(
        text_of(family), CUDA, platforms.get(target), file="family.cu", options=Options(seeds=2, level=Level.TESTS),
    )
    assert confirmed(found.evidence)
