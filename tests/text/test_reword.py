"""A text in the words of the other GPU language: what changes, what stays, and what has no like."""

from __future__ import annotations

from textwrap import dedent

import pytest

from xpiler import platforms
from xpiler.text.read import read
from xpiler.text.reword import reworded
from xpiler.text.writing.error import NotExpressible
from xpiler.to_target import REWORD, Attempt, same_text

CUDA, HIP = platforms.get("cuda"), platforms.get("hip")

SCALE = """\
    // Scales by HIP.
    #include <hip/hip_runtime.h>
    #include <cstdio>

    #define HIP_CHECK(call)                                  \\
        if (hipError_t e = (call); e != hipSuccess) {        \\
            printf("HIP: %s\\n", hipGetErrorString(e));       \\
        }

    constexpr int N = 1024;
    __constant__ float factor[1];

    __global__ __launch_bounds__(64) void scale(float4* __restrict__ data)
    {
        // hipThreadIdx_x is the older name.
        const int i = hipBlockIdx_x * 64 + hipThreadIdx_x;
        float4 v = data[i];
    #pragma unroll
        for (int k = 0; k < 1; ++k)
            v.x *= factor[k];
        data[i] = v;
    }

    extern "C" void apply(const float* in, const float* by, float* out)
    {
        float4* d = nullptr;
        HIP_CHECK(hipMalloc(&d, N * sizeof(float)));
        HIP_CHECK(hipMemcpyToSymbol(HIP_SYMBOL(factor), by, sizeof(float)));
        HIP_CHECK(hipMemcpy(d, in, N * sizeof(float), hipMemcpyHostToDevice));
        hipLaunchKernelGGL(scale, dim3(N / 4 / 64), dim3(64), 0, hipStreamDefault, d);
        HIP_CHECK(hipMemcpy(out, d, N * sizeof(float), hipMemcpyDeviceToHost));
        HIP_CHECK(hipFree(d));
    }
    """

SCALED = """\
    // CUDA C, translated from scale.hip.
    // Scales by CUDA.
    #include <cuda_runtime.h>
    #include <cstdio>

    #define CUDA_CHECK(call)                                 \\
        if (cudaError_t e = (call); e != cudaSuccess) {      \\
            printf("CUDA: %s\\n", cudaGetErrorString(e));     \\
        }

    constexpr int N = 1024;
    __constant__ float factor[1];

    __global__ __launch_bounds__(64) void scale(float4* __restrict__ data)
    {
        // hipThreadIdx_x is the older name.
        const int i = blockIdx.x * 64 + threadIdx.x;
        float4 v = data[i];
    #pragma unroll
        for (int k = 0; k < 1; ++k)
            v.x *= factor[k];
        data[i] = v;
    }

    extern "C" void apply(const float* in, const float* by, float* out)
    {
        float4* d = nullptr;
        CUDA_CHECK(cudaMalloc(&d, N * sizeof(float)));
        CUDA_CHECK(cudaMemcpyToSymbol(factor, by, sizeof(float)));
        CUDA_CHECK(cudaMemcpy(d, in, N * sizeof(float), cudaMemcpyHostToDevice));
        scale<<<dim3(N / 4 / 64), dim3(64)>>>(d);
        CUDA_CHECK(cudaMemcpy(out, d, N * sizeof(float), cudaMemcpyDeviceToHost));
        CUDA_CHECK(cudaFree(d));
    }
    """


def to_cuda(text: str) -> str:
    return reworded(dedent(text), HIP, CUDA, "scale.hip", "apply").partition("\n")[2]


def to_hip(text: str) -> str:
    return reworded(dedent(text), CUDA, HIP, "scale.cu", "apply").partition("\n")[2].partition("\n")[2]


def test_all_but_the_words_stays() -> None:
    assert reworded(dedent(SCALE), HIP, CUDA, "scale.hip", "apply") == dedent(SCALED)


def test_there_and_back_is_the_same_program() -> None:
    back = reworded(dedent(SCALED), CUDA, HIP, "scale.hip", "apply")
    assert "hipMemcpyToSymbol(HIP_SYMBOL(factor), by, sizeof(float))" in back
    assert read(back, HIP).kernels == read(dedent(SCALE), HIP).kernels


def test_operators_that_cuda_has_not_are_brought() -> None:
    text = """\
        #include <hip/hip_runtime.h>
        #include <cstdio>
        __global__ void lerp(float4* x, const float4* y) {
            x[0] = x[0] - y[0] * 2.0f;
            x[1] += x[0];
        }
        extern "C" void run(float4* x, const float4* y) { lerp<<<1, 1>>>(x, y); }
        """
    made = to_cuda(text)
    assert made.startswith("""\
#include <cuda_runtime.h>
#include <cstdio>

__device__ inline float4 operator*(float4 a, float b) {
    return make_float4(a.x * b, a.y * b, a.z * b, a.w * b);
}

__device__ inline float4& operator+=(float4& a, float4 b) {
    a.x += b.x; a.y += b.y; a.z += b.z; a.w += b.w;
    return a;
}

__device__ inline float4 operator-(float4 a, float4 b) {
    return make_float4(a.x - b.x, a.y - b.y, a.z - b.z, a.w - b.w);
}

__global__ void lerp""")
    (kernel,), (same,) = read(made, CUDA).kernels, read(dedent(text), HIP).kernels
    assert len(kernel.params) == len(same.params)


def test_a_road_of_its_own_that_is_read_back() -> None:
    attempts: list[Attempt] = []
    program = read(dedent(SCALE), HIP, "scale.hip")
    (road,) = same_text(dedent(SCALE), program, HIP, CUDA, attempts)
    assert (road.name, road.text, attempts) == (REWORD, dedent(SCALED), [])
    assert road.program.launcher is not None and len(road.program.launcher.params) == 3


@pytest.mark.parametrize(("cuda", "hip"), [
    ("v += __shfl_xor_sync(0xffffffff, v, m);", "v += __shfl_xor(v, m, 32);"),
    ("v += __shfl_down_sync(~0u, f(v, 1), 1, 16);", "v += __shfl_down(f(v, 1), 1, 16);"),
    ("int l = warpSize; v += __shfl_xor_sync(~0u, v, l / 2);", "int l = warpSize; v += __shfl_xor(v, l / 2);"),
    ("__syncwarp();", "__builtin_amdgcn_wave_barrier();"),
    ("__nv_bfloat162 x;", "__hip_bfloat162 x;"),
    ("cudaMallocHost(&p, 4); cudaFreeHost(p);", "hipHostMalloc(&p, 4); hipHostFree(p);"),
    ("float least = CUDART_INF_F;", "#include <math.h>\nfloat least = INFINITY;"),
    ("#include <cuda_fp16.h>\n__half h;", "#include <hip/hip_fp16.h>\n__half h;"),
    ("static int cudaCheck(int e) { return e; }", "static int hipCheck(int e) { return e; }"),
    ('printf("// cuda %d", 1);', 'printf("// cuda %d", 1);'),
])
def test_words_of_cuda_in_hip(cuda: str, hip: str) -> None:
    assert to_hip(cuda) == hip


@pytest.mark.parametrize(("hip", "cuda"), [
    ("v += __shfl_xor(v, 8, 16);", "#include <cuda_runtime.h>\nv += __shfl_xor_sync(0xffffffff, v, 8, 16);"),
    ("HIP_DYNAMIC_SHARED(float, s)", "#include <cuda_runtime.h>\nextern __shared__ float s[];"),
    ("hipLaunchKernelGGL(HIP_KERNEL_NAME(k<1, 2>), 1, 2, 8, 0, a, b);",
     "#include <cuda_runtime.h>\nk<1, 2><<<1, 2, 8>>>(a, b);"),
])
def test_words_of_hip_in_cuda(hip: str, cuda: str) -> None:
    assert to_cuda(hip) == cuda


@pytest.mark.parametrize("text", [
    "v += __shfl_xor(v, m);",  # 64 lanes
    "__builtin_amdgcn_wave_barrier();",
    "typedef float four __attribute__((ext_vector_type(4)));",
    "hipHostMalloc(&p, 4, hipHostMallocMapped);",
    "hipMemsetD8(p, 0, 4);",
])
def test_what_cuda_has_no_word_for(text: str) -> None:
    with pytest.raises(NotExpressible):
        to_cuda(text)


@pytest.mark.parametrize("text", [
    "if (__any_sync(~0u, v)) v = 1;",  # of 32 lanes
    "#include <mma.h>",
    "v = __vadd4(v, v);",
    "cudaFuncSetAttribute(k, cudaFuncAttributeMaxDynamicSharedMemorySize, 4);",
])
def test_what_hip_has_no_word_for(text: str) -> None:
    with pytest.raises(NotExpressible):
        to_hip(text)
