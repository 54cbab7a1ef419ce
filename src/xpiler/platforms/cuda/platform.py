"""CUDA C for NVIDIA GPUs: a grid of blocks of threads, 32 lanes a warp."""

from __future__ import annotations

from pathlib import Path

from xpiler.ir.types import DType
from xpiler.platforms.bits import INTRINSIC, bit_casts
from xpiler.platforms.c_math import c_math, like_c
from xpiler.platforms.platform import Axis, Platform, Queues, Runtime, Space, Wording

_INTEGERS = frozenset({DType.I32, DType.U32, DType.U64})

PLATFORM = Platform(
    name="cuda",
    title="CUDA C",
    suffixes=(".cu",),
    model="simt",
    clang_args=(
        "-x", "cuda", "--cuda-host-only", "-nocudainc", "-nocudalib", "-std=c++17", "-Wno-unknown-cuda-version",
    ),
    folder=Path(__file__).parent,
    axes=(  # cuda.md, "CUDA parallel variables": grid and block limits
        Axis("block.x", "blockIdx.x", "gridDim.x", (1 << 31) - 1),
        Axis("block.y", "blockIdx.y", "gridDim.y", 65535),
        Axis("block.z", "blockIdx.z", "gridDim.z", 65535),
        Axis("thread.x", "threadIdx.x", "blockDim.x", 1024),
        Axis("thread.y", "threadIdx.y", "blockDim.y", 1024),
        Axis("thread.z", "threadIdx.z", "blockDim.z", 64),
    ),
    spaces=(
        Space("global", "", None, "device"),
        # cuda.md, "CUDA limits per architecture": static shared memory; 227 KB on sm_90 with opt-in.
        # cuda.md, "wmma: addressing rules": tiles are 32-byte aligned.
        Space("shared", "__shared__", 48 << 10, "block", align=32),
        Space("local", "", 512 << 10, "thread", align=16),  # local memory of a thread
        Space("constant", "const", 64 << 10, "device"),  # cuda.md, "Memory scopes in CUDA"
    ),
    warp=32,
    includes=("#include <cuda_runtime.h>",),
    include_when={
        r"\b((__)?half2?|__half_as_\w+|__\w+_as_half)\b": "#include <cuda_fp16.h>",
        r"\b(__nv_bfloat16|__bfloat16_as_|__\w+_as_bfloat16\b)": "#include <cuda_bf16.h>",
        r"\bwmma::": "#include <mma.h>\nusing namespace nvcuda;",
        r"\b__pipeline_": "#include <cuda_pipeline.h>",
        r"\b(INFINITY|NAN)\b": "#include <math.h>",
        r"\bu?int\d+_t\b": "#include <stdint.h>",
    },
    kernel_qualifier="__global__",
    device_qualifier="__device__",
    types={
        DType.BOOL: "bool", DType.I8: "int8_t", DType.U8: "uint8_t", DType.I16: "int16_t", DType.U16: "uint16_t",
        DType.I32: "int", DType.U32: "unsigned int", DType.I64: "long long", DType.U64: "unsigned long long",
        DType.F16: "half", DType.BF16: "__nv_bfloat16", DType.F32: "float", DType.F64: "double",
    },
    math={
        **c_math(), **bit_casts(INTRINSIC),
        **like_c("asinh acosh atanh copysign lgamma tgamma remainder fdim nextafter"),
        ("rsqrt", DType.F32): "rsqrtf", ("rsqrt", DType.F64): "rsqrt",
        ("exp10", DType.F32): "exp10f", ("exp10", DType.F64): "exp10",
        **{(name, t): name for name in ("min", "max")
           for t in (DType.I32, DType.U32, DType.I64, DType.U64)},
    },
    # cuda.md, "Synchronisation in CUDA". Code of one thread is in order: a core barrier is nothing.
    barriers={"block": "__syncthreads();", "warp": "__syncwarp();", "core": ""},
    shuffles={  # cuda.md, "Warp shuffles in CUDA"
        "idx": "__shfl_sync({mask}, {value}, {lane}, {width})",
        "up": "__shfl_up_sync({mask}, {value}, {lane}, {width})",
        "down": "__shfl_down_sync({mask}, {value}, {lane}, {width})",
        "xor": "__shfl_xor_sync({mask}, {value}, {lane}, {width})",
        "any": "__any_sync({mask}, {value})",
        "all": "__all_sync({mask}, {value})",
        "ballot": "__ballot_sync({mask}, {value})",
        "active": "__activemask()",
    },
    atomics={  # CUDA C++ Programming Guide, "Atomic Functions"
        "add": "atomicAdd({address}, {value})", "sub": "atomicSub({address}, {value})",
        "min": "atomicMin({address}, {value})", "max": "atomicMax({address}, {value})",
        "exch": "atomicExch({address}, {value})", "cas": "atomicCAS({address}, {compare}, {value})",
        "and": "atomicAnd({address}, {value})", "or": "atomicOr({address}, {value})",
        "xor": "atomicXor({address}, {value})",
    },
    atomic_types={
        "add": _INTEGERS | {DType.F16, DType.BF16, DType.F32, DType.F64},
        "sub": frozenset({DType.I32, DType.U32}),
        "min": _INTEGERS | {DType.I64}, "max": _INTEGERS | {DType.I64},
        "exch": _INTEGERS | {DType.F32}, "cas": _INTEGERS | {DType.U16},
        "and": _INTEGERS, "or": _INTEGERS, "xor": _INTEGERS,
    },
    late=r"_async$",  # cuda.md, asynchronous copies
    queues=Queues(batch="xp_batch", arrived="xp_arrived"),  # pipeline.h
    together=r"wmma::\w+_sync$",
    runtime=Runtime(  # CUDA Runtime API, "Memory Management"; cuda.md, "CUDA parallel variables" for the launch
        malloc="{ctype}* {name};\ncudaMalloc(&{name}, {bytes});",
        copy_in="cudaMemcpy({device}, {host}, {bytes}, cudaMemcpyHostToDevice);",
        copy_out="cudaMemcpy({host}, {device}, {bytes}, cudaMemcpyDeviceToHost);",
        fill="cudaMemset({device}, {value}, {bytes});",
        free="cudaFree({name});",
        launch="{kernel}<<<{grid}, {block}{dynamic}>>>({args});",
        dim3="dim3({dims})",
        opt_in="cudaFuncSetAttribute({kernel}, cudaFuncAttributeMaxDynamicSharedMemorySize, {bytes});",
        epilogue=("cudaDeviceSynchronize();",),
        copy_waits=True,  # CUDA Runtime API, "API synchronization behavior": memory copies, synchronous
    ),
    wording=Wording(
        "cuda",
        headers={
            "cuda_runtime.h": "runtime", "cuda_runtime_api.h": "runtime", "device_launch_parameters.h": "runtime",
            "math_constants.h": "runtime", "cuda_fp16.h": "fp16", "cuda_bf16.h": "bf16",
            "cooperative_groups.h": "groups",
        },
        own=dict.fromkeys((  # HIP's names alone
            "DeviceProp_t", "ErrorOutOfMemory", "HostFree", "HostMalloc", "HostMallocDefault", "HostMallocMapped",
            "HostMallocPortable", "HostMallocWriteCombined"), ""),
        words={"CUDART_INF_F": "INFINITY", "CUDART_NAN_F": "NAN", "CUDART_PI_F": "3.141592654f"},  # math_constants.h
    ),
    pragmas={"unroll": "#pragma unroll"},
    elements={
        r"u?(char|short|int|long|longlong|float|double|half)[1-4]|__half2": "{name}.{letter}",
        r"(nvcuda::)?(wmma::)?fragment<.*>": "{name}.x[{index}]",
    },
    counts={r"(nvcuda::)?(wmma::)?fragment<.*>": "{name}.num_elements"},
    aliases={"nvcuda::wmma::": "wmma::", ", void>": ">", "_Float16": "half", "__bf16": "__nv_bfloat16"},
    enumerators={("layout", 0): "wmma::mem_row_major", ("layout", 1): "wmma::mem_col_major"},
    target="sm_90",
)
