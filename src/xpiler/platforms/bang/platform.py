"""BANG C for Cambricon MLUs: tasks on cores with NRAM and WRAM scratchpads, vector and matrix instructions."""

from __future__ import annotations

from pathlib import Path

from xpiler.ir.types import DType
from xpiler.platforms.bits import CARRIED, CARRIED_CALL, bit_casts
from xpiler.platforms.c_math import c_math, math_call_in_double
from xpiler.platforms.platform import Axis, Platform, Queues, Runtime, Space, Target, WeightUnit


def _target(arch: int, nram: int, wram: int, sram: int) -> Target:
    """Sizes in KB; the compiler keeps 128 KB of NRAM (bang.md, "Usable NRAM")."""
    return Target(
        {"__BANG_ARCH__": str(arch)}, {"nram": (nram - 128) << 10, "wram": wram << 10, "sram": sram << 10}
    )


_TARGETS = {  # bang.md, "Memory capacity per architecture"
    "mtp_220": _target(220, 512, 512, 2048),
    "mtp_270": _target(270, 512, 1024, 2048),
    "mtp_290": _target(290, 512, 512, 2048),
    "mtp_372": _target(372, 768, 1024, 4096),
    "mtp_592": _target(592, 512, 512, 2048),
}
_REDUCIBLE = frozenset({DType.I16, DType.I32, DType.F16, DType.BF16, DType.F32})

PLATFORM = Platform(
    name="bang",
    title="BANG C",
    suffixes=(".mlu", ".bang"),
    model="task",
    # The cuda mode reads `<<<dim, type, queue>>>`; the qualifiers are macros of device.h.
    clang_args=(
        "-x", "cuda", "--cuda-host-only", "-nocudainc", "-nocudalib", "-std=c++17", "-Wno-unknown-cuda-version",
    ),
    folder=Path(__file__).parent,
    axes=(  # bang.md, "Built-in parallel variables" and "Task types"
        Axis("task", "taskId", "taskDim", 65535),
        Axis("cluster", "clusterId", "clusterDim", 16),
        Axis("core", "coreId", "coreDim", 4),
    ),
    spaces=(  # bang.md, "Memory capacity per architecture", row mtp_592
        Space("global", "", None, "device"),
        # bang.md, "Usable NRAM": 512 KB less the compiler's reserve of 128 KB.
        Space("nram", "__nram__", 384 << 10, "core"),
        # bang.md, "Alignment rules": 32 bytes as an operand of conv, matmul and mlp.
        Space("wram", "__wram__", 512 << 10, "core", align=32),
        Space("sram", "__mlu_shared__", 2 << 20, "cluster"),
        Space("ldram", "__ldram__", None, "core"),
        Space("local", "", None, "core"),
        Space("constant", "const", None, "device"),
    ),
    includes=("#include <bang.h>",),
    include_when={
        r"\bcnrt": "#include <cnrt.h>",
        rf"\b(INFINITY|NAN)\b|{math_call_in_double()}": "#include <math.h>",
        r"\bu?int\d+_t\b": "#include <stdint.h>",
    },
    kernel_qualifier="__mlu_global__",
    device_qualifier="__mlu_func__",
    types={  # bang.md, "Data types on the device": no double, no 64-bit vector arithmetic
        DType.BOOL: "bool", DType.I8: "int8_t", DType.U8: "uint8_t", DType.I16: "int16_t", DType.U16: "uint16_t",
        DType.I32: "int", DType.U32: "unsigned int", DType.I64: "int64_t", DType.U64: "uint64_t",
        DType.F16: "half", DType.BF16: "bfloat16_t", DType.F32: "float",
    },
    math={key: text for key, text in (c_math() | bit_casts(CARRIED)).items() if key[1] is not DType.F64},
    preludes={CARRIED_CALL: "bits.h"},
    # bang.md, "Synchronisation inside a core" and "between cores"
    barriers={"core": "__sync();", "cluster": "__sync_cluster();", "device": "__sync_all();"},
    atomics={  # bang.md, "__bang_atomic_reduce_add" and its kin: a scalar into global memory, no old value
        "add": "__bang_atomic_reduce_add({address}, {value}, 1)",
        "min": "__bang_atomic_reduce_min({address}, {value}, 1)",
        "max": "__bang_atomic_reduce_max({address}, {value}, 1)",
    },
    atomic_types={
        "add": _REDUCIBLE,
        "min": _REDUCIBLE | {DType.U16, DType.U32},
        "max": _REDUCIBLE | {DType.U16, DType.U32},
    },
    atomics_return=False,
    late=r"_async$",  # bang.md, "Synchronisation inside a core"
    queues=Queues(spaces={"io": frozenset({"global", "constant", "ldram"})}, others="move", compute=r"^__(bang|cn)_"),
    runtime=Runtime(  # bang.md, "Kernel launch and host runtime (cnrt)"
        malloc="{ctype}* {name};\ncnrtMalloc((void**)&{name}, {bytes});",
        copy_in="cnrtMemcpy({device}, (void*){host}, {bytes}, cnrtMemcpyHostToDev);",
        copy_out="cnrtMemcpy({host}, {device}, {bytes}, cnrtMemcpyDevToHost);",
        fill="cnrtMemset({device}, {value}, {bytes});",
        free="cnrtFree({name});",
        launch="cnrtDim3_t {dim_name} = {dim};\n{kernel}<<<{dim_name}, {type}, queue>>>({args});",
        dim3="{{{x}, {y}, {z}}}",
        prologue=("cnrtQueue_t queue;", "cnrtQueueCreate(&queue);"),
        epilogue=("cnrtQueueSync(queue);",),
        cleanup=("cnrtQueueDestroy(queue);",),
        # bang.md, "Task types": a Union job of N clusters takes 4 N tasks.
        groups={
            4: "cnrtFuncTypeUnion1", 8: "cnrtFuncTypeUnion2", 16: "cnrtFuncTypeUnion4", 32: "cnrtFuncTypeUnion8",
        },
        single="cnrtFuncTypeBlock",
    ),
    pragmas={"unroll": "#pragma unroll"},
    vector_space="nram",
    result_bytes=128,  # bang.md, "__bang_max": the value, its index behind it, and on mtp_2xx what fills 128 bytes
    avoid=("__bang_max", "__bang_min"),  # bang.md, "__bang_max": out of use since cncc 4.1.0, for __bang_argmax
    copy="__memcpy",
    copy_later="__memcpy_async",  # bang.md, "Synchronisation inside a core": __sync waits for all queues
    transfers={  # bang.md, "mluMemcpyDirection_t"
        ("global", "nram"): "GDRAM2NRAM", ("nram", "global"): "NRAM2GDRAM", ("nram", "wram"): "NRAM2WRAM",
        ("nram", "nram"): "NRAM2NRAM",
    },
    weights=WeightUnit(  # bang.md, "Canonical matrix multiplication sequence"
        product="__bang_matmul", reorder="__bang_reshape_filter", transpose="__bang_transpose", add="__bang_add",
        fill="__bang_write_value", space="wram", columns=64, depth_bytes=64,
        types=frozenset({DType.F32, DType.F16}), result=DType.F32,
    ),
    target="mtp_592",
    targets=_TARGETS,
)
