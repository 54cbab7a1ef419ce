"""Plain C: one thread, one flat memory; the pivot of every translation."""

from __future__ import annotations

from pathlib import Path

from xpiler.ir.types import DType
from xpiler.platforms.bits import CARRIED, CARRIED_CALL, bit_casts
from xpiler.platforms.c_math import FURTHER, c_math, like_c, math_call
from xpiler.platforms.platform import Platform, Runtime, Space

PLATFORM = Platform(
    name="c",
    title="C",
    suffixes=(".c",),
    model="serial",
    clang_args=("-x", "c++", "-std=c++17"),
    folder=Path(__file__).parent,
    spaces=(
        Space("global", "", None, "device"),
        # A thread's stack is 8 MB by default on Linux (getrlimit(2), RLIMIT_STACK).
        Space("local", "", 8 << 20, "thread"),
    ),
    include_when={
        math_call(): "#include <math.h>",
        r"\bu?int\d+_t\b": "#include <stdint.h>",
        r"\b(malloc|free|ll?abs|abs)\(": "#include <stdlib.h>",
        r"\b(memset|memcpy)\(": "#include <string.h>",
        r"\b(bool|true|false)\b": "#include <stdbool.h>",
    },
    device_qualifier="static",
    types={
        DType.BOOL: "bool", DType.I8: "int8_t", DType.U8: "uint8_t", DType.I16: "int16_t", DType.U16: "uint16_t",
        DType.I32: "int", DType.U32: "unsigned int", DType.I64: "int64_t", DType.U64: "uint64_t",
        DType.F16: "_Float16", DType.F32: "float", DType.F64: "double",
    },
    math={**c_math(), **like_c(FURTHER), **bit_casts(CARRIED)},
    preludes={CARRIED_CALL: "bits.h"},
    barriers={"core": ""},  # plain loads and stores are in order within a thread
    runtime=Runtime(
        malloc="{ctype}* {name} = ({ctype}*)malloc({bytes});",
        fill="memset({device}, {value}, {bytes});",
        free="free({name});",
    ),
    # The text is both C and C++; the name is C's in either.
    linkage='#ifdef __cplusplus\nextern "C"\n#endif\n{function}',
    pragmas={"parallel": "#pragma omp parallel for"},
    target="x86-64",
)
