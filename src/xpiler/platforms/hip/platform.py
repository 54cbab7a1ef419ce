"""HIP for AMD CDNA GPUs: a grid of blocks of threads, 64 lanes a wavefront."""

from __future__ import annotations

from pathlib import Path

from xpiler.ir.types import DType
from xpiler.platforms.bits import INTRINSIC, bit_casts
from xpiler.platforms.c_math import c_math, like_c
from xpiler.platforms.platform import Axis, Platform, Runtime, Space, Wording

_INTEGERS = frozenset({DType.I32, DType.U32, DType.U64})

PLATFORM = Platform(
    name="hip",
    title="HIP",
    suffixes=(".hip",),
    model="simt",
    # The cuda mode reads HIP: all it has to know is `<<< >>>`, and it leaves the amdgcn built-ins free for device.h.
    clang_args=(
        "-x", "cuda", "--cuda-host-only", "-nocudainc", "-nocudalib", "-std=c++17", "-Wno-unknown-cuda-version",
    ),
    folder=Path(__file__).parent,
    axes=(  # hip.md, "HIP limits": gridDim * blockDim below 2^32 per dimension, 1024 threads per block
        Axis("block.x", "blockIdx.x", "gridDim.x", (1 << 31) - 1),
        Axis("block.y", "blockIdx.y", "gridDim.y", 65535),
        Axis("block.z", "blockIdx.z", "gridDim.z", 65535),
        Axis("thread.x", "threadIdx.x", "blockDim.x", 1024),
        Axis("thread.y", "threadIdx.y", "blockDim.y", 1024),
        Axis("thread.z", "threadIdx.z", "blockDim.z", 1024),
    ),
    spaces=(
        Space("global", "", None, "device"),
        Space("shared", "__shared__", 64 << 10, "block", align=16),  # hip.md, "HIP limits": LDS per workgroup
        Space("local", "", 131056, "thread", align=16),  # the largest stack frame LLVM's AMDGPU backend takes
        Space("constant", "const", 64 << 10, "device"),
    ),
    warp=64,
    includes=("#include <hip/hip_runtime.h>",),
    include_when={
        r"\b((__)?half2?|__half_as_\w+|__\w+_as_half)\b": "#include <hip/hip_fp16.h>",
        r"\b(__hip_bfloat16|__bfloat16_as_|__\w+_as_bfloat16\b)": "#include <hip/hip_bf16.h>",
        r"\b(INFINITY|NAN)\b": "#include <math.h>",
        r"\bu?int\d+_t\b": "#include <stdint.h>",
    },
    kernel_qualifier="__global__",
    device_qualifier="__device__",
    types={
        DType.BOOL: "bool", DType.I8: "int8_t", DType.U8: "uint8_t", DType.I16: "int16_t", DType.U16: "uint16_t",
        DType.I32: "int", DType.U32: "unsigned int", DType.I64: "long long", DType.U64: "unsigned long long",
        DType.F16: "_Float16", DType.BF16: "__hip_bfloat16", DType.F32: "float", DType.F64: "double",
    },
    math={
        **c_math(), **bit_casts(INTRINSIC),
        **like_c("asinh acosh atanh copysign lgamma tgamma remainder fdim nextafter"),
        ("rsqrt", DType.F32): "rsqrtf", ("rsqrt", DType.F64): "rsqrt",
        ("exp10", DType.F32): "exp10f", ("exp10", DType.F64): "exp10",
        **{(name, t): name for name in ("min", "max")
           for t in (DType.I32, DType.U32, DType.I64, DType.U64)},
    },
    # hip.md, "Synchronisation in HIP": __syncwarp exists only from ROCm 7.0; the wave barrier is a compiler built-in.
    barriers={"block": "__syncthreads();", "warp": "__builtin_amdgcn_wave_barrier();", "core": ""},
    shuffles={  # hip.md, "__shfl, ...": mask-free, 64 lanes; "Vote and ballot in HIP": 64-bit ballot
        "idx": "__shfl({value}, {lane}, {width})",
        "up": "__shfl_up({value}, {lane}, {width})",
        "down": "__shfl_down({value}, {lane}, {width})",
        "xor": "__shfl_xor({value}, {lane}, {width})",
        "any": "__any({value})",
        "all": "__all({value})",
        "ballot": "__ballot({value})",
        "active": "__activemask()",
    },
    atomics={  # HIP documentation, "Atomic functions"
        "add": "atomicAdd({address}, {value})", "sub": "atomicSub({address}, {value})",
        "min": "atomicMin({address}, {value})", "max": "atomicMax({address}, {value})",
        "exch": "atomicExch({address}, {value})", "cas": "atomicCAS({address}, {compare}, {value})",
        "and": "atomicAnd({address}, {value})", "or": "atomicOr({address}, {value})",
        "xor": "atomicXor({address}, {value})",
    },
    atomic_types={
        "add": _INTEGERS | {DType.F32, DType.F64},
        "sub": frozenset({DType.I32, DType.U32}),
        "min": _INTEGERS | {DType.I64}, "max": _INTEGERS | {DType.I64},
        "exch": _INTEGERS | {DType.F32}, "cas": _INTEGERS,
        "and": _INTEGERS, "or": _INTEGERS, "xor": _INTEGERS,
    },
    runtime=Runtime(  # hip.md, "CUDA to HIP name map" and "HIP parallel variables and launch"
        malloc="{ctype}* {name};\nhipMalloc(&{name}, {bytes});",
        copy_in="hipMemcpy({device}, {host}, {bytes}, hipMemcpyHostToDevice);",
        copy_out="hipMemcpy({host}, {device}, {bytes}, hipMemcpyDeviceToHost);",
        fill="hipMemset({device}, {value}, {bytes});",
        free="hipFree({name});",
        launch="{kernel}<<<{grid}, {block}{dynamic}>>>({args});",
        dim3="dim3({dims})",
        epilogue=("hipDeviceSynchronize();",),
        copy_waits=True,  # HIP Runtime API, "hipMemcpy": in the order of the null stream, and the host waits
    ),
    wording=Wording(  # hip.md, "CUDA to HIP name map"; the macros are those of launch.h
        "hip",
        headers={
            "hip/hip_runtime.h": "runtime", "hip/hip_runtime_api.h": "runtime", "hip/hip_vector_types.h": "runtime",
            "hip/hip_fp16.h": "fp16", "hip/hip_bf16.h": "bf16", "hip/hip_cooperative_groups.h": "groups",
        },
        own={
            "DeviceProp": "hipDeviceProp_t", "FreeHost": "hipHostFree", "MallocHost": "hipHostMalloc",
            **dict.fromkeys((  # of other names throughout, or not told by the type of their argument
                "DeviceAttr", "DevAttrMaxThreadsPerBlock", "DevAttrMaxSharedMemoryPerBlock", "DevAttrWarpSize",
                "DevAttrMultiProcessorCount", "FuncSetAttribute", "FuncSetCacheConfig", "MallocPitch", "ThreadExit",
                "ThreadSynchronize"), ""),
        },
        words={
            **{f"hip{name}_{axis}": f"{name[0].lower()}{name[1:]}.{axis}"
               for name in ("ThreadIdx", "BlockIdx", "BlockDim", "GridDim") for axis in "xyz"},
            "hipStreamDefault": "0", "HIP_DYNAMIC_SHARED_ATTRIBUTE": "",
        },
        macros={
            "HIP_KERNEL_NAME": "{rest}", "HIP_SYMBOL": "{0}", "HIP_DYNAMIC_SHARED": "extern __shared__ {0} {1}[];",
        },
        launch="hipLaunchKernelGGL",
        symbol="HIP_SYMBOL({name})",
        operators=True,
        absent=r"__(v[a-z]|reduce_|match_|dp[24]a|st(cg|cs|wb|wt)|ld(ca|cg|cs|cv|lu)|tanhf)\w*|__\w+_relu|CUDART_\w+",
    ),
    pragmas={"unroll": "#pragma unroll"},
    elements={
        r"u?(char|short|int|long|longlong|float|double|half)[1-4]|__half2": "{name}.{letter}",
        r"\w+": "{name}[{index}]",  # clang's vector types are subscripted
    },
    aliases={"__bf16": "__hip_bfloat16"},
    preludes={r"\btile_\w+\(": "tiles.h"},
    vector_type="typedef {ctype} {name} __attribute__((vector_size({bytes})));",
    target="gfx942",
)
