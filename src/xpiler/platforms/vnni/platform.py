"""C with AVX-512 and VNNI intrinsics: one thread, 512-bit vectors, `vpdpbusd` for 8-bit integers."""

from __future__ import annotations

from pathlib import Path

from xpiler.ir.types import DType
from xpiler.platforms.bits import CARRIED, CARRIED_CALL, bit_casts
from xpiler.platforms.c_math import FURTHER, c_math, like_c, math_call
from xpiler.platforms.platform import DotUnit, Platform, Registers, Runtime, Space

PLATFORM = Platform(
    name="vnni",
    title="C with VNNI",
    suffixes=(".cpp",),
    model="serial",
    clang_args=("-x", "c++", "-std=c++17"),
    folder=Path(__file__).parent,
    spaces=(
        Space("global", "", None, "device"),
        # vnni.md, "Alignment rules": aligned 512-bit loads and stores fault unless 64-byte aligned.
        Space("local", "", 8 << 20, "thread", align=64),
    ),
    vector_bits=512,
    # SDM, volume 1, 15.1.1: ZMM0 to ZMM31 in 64-bit mode; Optimization Reference Manual, for servers with AVX-512.
    registers=Registers(count=32, latency=4, units=2),
    include_when={
        math_call(): "#include <math.h>",
        r"\bu?int\d+_t\b": "#include <stdint.h>",
        r"\b_mm\d*_|\b__m(128|256|512)|\b__mmask": "#include <immintrin.h>",
        r"\b(malloc|free|ll?abs|abs|aligned_alloc)\(": "#include <stdlib.h>",
        r"\b(memset|memcpy)\(": "#include <string.h>",
    },
    device_qualifier="static",
    types={
        DType.BOOL: "bool", DType.I8: "int8_t", DType.U8: "uint8_t", DType.I16: "int16_t", DType.U16: "uint16_t",
        DType.I32: "int", DType.U32: "unsigned int", DType.I64: "int64_t", DType.U64: "uint64_t",
        DType.F16: "_Float16", DType.F32: "float", DType.F64: "double",
    },
    # types.h: what intrinsics take and give of these types are masks, a bit for each lane
    masks={DType.U8: "__mmask8", DType.U16: "__mmask16"},
    math={**c_math(), **like_c(FURTHER), **bit_casts(CARRIED)},
    preludes={CARRIED_CALL: "../c/bits.h", r"\b(exp|tanh|erf)_ps\(": "elementary.h"},
    barriers={"core": ""},  # plain loads and stores are in order within a thread
    runtime=Runtime(
        # 64-byte aligned, as the aligned loads of vnni.md ask; C11 wants a size that is a multiple of it.
        malloc="{ctype}* {name} = ({ctype}*)aligned_alloc(64, ({bytes} + 63) / 64 * 64);",
        fill="memset({device}, {value}, {bytes});",
        free="free({name});",
    ),
    pragmas={"parallel": "#pragma omp parallel for"},
    collapse=" collapse({depth})",
    # vnni.md: the first factor of these is unsigned, the second signed
    unsigned_operands={
        **{f"{p}_dpbusd{s}{a}_epi32": 1 for p in ("_mm", "_mm256", "_mm512") for s in ("", "s") for a in ("", "_avx")},
        **{f"{p}_maddubs_epi16": 0 for p in ("_mm", "_mm256", "_mm512")},
    },
    dots=(
        DotUnit(  # vnni.md, "_mm512_dpbusd_epi32": the first factor unsigned, the second signed
            product="_mm512_dpbusd_epi32", broadcast="_mm512_set1_epi32", load="_mm512_loadu_si512",
            store="_mm512_storeu_si512", zero="_mm512_setzero_si512", register="__m512i", lanes=16, group=4,
            types=(DType.U8, DType.I8, DType.I32),
        ),
    ),
    avoid=(  # vnni.md, "Alignment rules": these fault on addresses that are not a multiple of the vector
        "_mm512_load_ps", "_mm512_store_ps", "_mm512_load_si512", "_mm512_store_si512", "_mm512_load_pd",
        "_mm512_store_pd", "_mm512_stream_ps", "_mm512_load_epi32", "_mm512_store_epi32",
        # SDM, VRCP14PS and VRSQRT14PS: good to 14 bits, where the program divides
        *(f"_mm512_{mask}{op}14_ps" for op in ("rcp", "rsqrt") for mask in ("", "mask_", "maskz_")),
    ),
    target="avx512vnni",
)
