"""NVRTC in a process of its own: python -I -S nvrtc.py LIBRARY ARCHITECTURE INCLUDES NAMES SOURCE.

It imports nothing of the project. INCLUDES are folders and NAMES the instances of templates to compile, each a JSON
list. Exit status: 0 taken, 1 refused (its log is on stderr), 3 where the library does not work."""

from __future__ import annotations

import ctypes
import json
import sys

BROKEN = 3
# What the compiler of whole programs has before the first line; NVRTC has no headers of the host's C library.
_PRELUDE = b"""
typedef signed char int8_t; typedef unsigned char uint8_t; typedef short int16_t; typedef unsigned short uint16_t;
typedef int int32_t; typedef unsigned int uint32_t; typedef long int64_t; typedef unsigned long uint64_t;
typedef unsigned long uintptr_t; typedef long intptr_t;
#define M_PI 3.14159265358979323846
#define M_E 2.7182818284590452354
#define M_SQRT1_2 0.70710678118654752440
#define M_SQRT2 1.41421356237309504880
#define M_2_SQRTPI 1.12837916709551257390
#define INFINITY __int_as_float(0x7f800000)
#define NAN __int_as_float(0x7fffffff)
#define HUGE_VALF INFINITY
#define FLT_MAX 3.402823466e+38F
#define FLT_MIN 1.175494351e-38F
#define FLT_EPSILON 1.192092896e-07F
#define DBL_MAX 1.7976931348623158e+308
#define DBL_MIN 2.2250738585072014e-308
#define DBL_EPSILON 2.2204460492503131e-16
#define CHAR_BIT 8
#define SCHAR_MIN (-128)
#define SCHAR_MAX 127
#define UCHAR_MAX 255
#define SHRT_MIN (-32768)
#define SHRT_MAX 32767
#define USHRT_MAX 65535
#define INT_MIN (-2147483647 - 1)
#define INT_MAX 2147483647
#define UINT_MAX 4294967295u
#define LLONG_MAX 9223372036854775807LL
#define LLONG_MIN (-LLONG_MAX - 1LL)
#define ULLONG_MAX 18446744073709551615ULL
#define INT8_MIN SCHAR_MIN
#define INT8_MAX SCHAR_MAX
#define UINT8_MAX UCHAR_MAX
#define INT32_MIN INT_MIN
#define INT32_MAX INT_MAX
#define UINT32_MAX UINT_MAX
#define INT64_MIN LLONG_MIN
#define INT64_MAX LLONG_MAX
#define UINT64_MAX ULLONG_MAX
"""


def main(library: str, architecture: str, includes: str, names: str, source: str) -> int:
    try:
        nvrtc = ctypes.CDLL(library)
    except OSError as failure:
        print(failure, file=sys.stderr)
        return BROKEN
    with open(source, "rb") as file:
        text = _PRELUDE + b'#line 1 "kernel.cu"\n' + file.read()
    program = ctypes.c_void_p()
    if nvrtc.nvrtcCreateProgram(ctypes.byref(program), text, b"kernel.cu", 0, None, None):
        return BROKEN
    for name in json.loads(names):
        nvrtc.nvrtcAddNameExpression(program, str(name).encode())
    options = [
        b"--std=c++17", b"-w", b"--device-int128", f"--gpu-architecture={architecture}".encode(),
        *(f"-I{folder}".encode() for folder in json.loads(includes)),
    ]
    code = nvrtc.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*options))
    size = ctypes.c_size_t()
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(max(1, size.value))
    nvrtc.nvrtcGetProgramLog(program, log)
    print(log.value.decode(errors="replace"), file=sys.stderr)
    if code == 0:
        return 0
    refused = code == 6  # NVRTC_ERROR_COMPILATION
    return 1 if refused else BROKEN


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
