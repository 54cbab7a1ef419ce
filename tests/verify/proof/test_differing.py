"""Pairs that differ, each in a way that once passed for the same; and next to them pairs that do not."""

from __future__ import annotations

import pytest

from xpiler import platforms
from xpiler.ir.nodes import Program
from xpiler.text.read import read
from xpiler.verify.proof.equal import equal_for_all
from xpiler.verify.verdict import Proved

FLOATS, DOUBLES, INTS = "const float* x, float* y", "const double* x, double* y", "const int* x, int* y"
MIXED = "const int* x, float* y"


def c(signature: str, body: str) -> Program:
    text = f'#include <math.h>\n#include <float.h>\nextern "C" void f({signature}) {{ {body} }}'
    return read(text, platforms.get("c"), "t.c")


def cuda(value: str) -> Program:
    """A kernel whose only thread stores one value, computed from x[0], an int."""
    return read(f"""#include <cuda_fp16.h>
__global__ void k(const int* x, float* y, int n) {{ {value} }}
extern "C" void f(const int* x, float* y, int n) {{
  int* dx; float* dy; cudaMalloc(&dx, 64); cudaMalloc(&dy, 64);
  cudaMemcpy(dx, x, 64, cudaMemcpyHostToDevice); cudaMemcpy(dy, y, 64, cudaMemcpyHostToDevice);
  k<<<1, 1>>>(dx, dy, n);
  cudaMemcpy(y, dy, 64, cudaMemcpyDeviceToHost); }}""", platforms.get("cuda"), "t.cu")


def proved(a: Program, b: Program) -> bool:
    return isinstance(equal_for_all(a, b, seconds=20).verdict, Proved)


DIFFERING = {
    "a case that nobody stores": (
        FLOATS, "y[0] = x[0] > 0.0f ? 1.0f : x[0] < 0.0f ? -1.0f : 0.0f;",
        "if (x[0] > 0.0f) y[0] = 1.0f; if (x[0] < 0.0f) y[0] = -1.0f;"),
    "equal numbers fall the other way": (
        FLOATS, "y[0] = x[0] > x[1] ? 1.0f : x[0] < x[1] ? -1.0f : 0.0f;",
        "y[0] = x[0] >= x[1] ? 1.0f : -1.0f;"),
    "a comparison of others": (
        FLOATS, "y[0] = x[0] > 0.0f ? 1.0f : x[1] > 0.0f ? 2.0f : 3.0f;",
        "y[0] = x[1] > 0.0f ? 2.0f : x[0] > 0.0f ? 1.0f : 3.0f;"),
    "a comparison that each term of a sum makes": (
        FLOATS, "float s = 0.0f; for (int i = 0; i < 9; ++i) s += x[i] > 0.0f ? 1.0f : 0.0f; y[0] = s;",
        "float s = 0.0f; for (int i = 0; i < 9; ++i) s += x[i] >= 0.0f ? 1.0f : 0.0f; y[0] = s;"),
    # The same iteration of a loop in another run of it, of the loop around it.
    "another run of a loop": (
        FLOATS,
        "float t[8]; for (int o = 0; o < 2; ++o) { float s = x[o]; for (int k = 0; k < 4; ++k) {"
        " s = s + (o > 0 ? t[(o - 1) * 4 + k] : 0.0f); t[o * 4 + k] = s; } y[o] = s; }",
        "for (int o = 0; o < 2; ++o) { float s = x[o]; for (int k = 0; k < 4; ++k) s = s + (o > 0 ? s : 0.0f); y[o] = s; }",
    ),
    # In one run of a loop each iteration writes an element of its own, in another all write the same.
    "alone in one run only": (
        FLOATS,
        "for (int o = 0; o < 2; ++o) for (int k = 0; k < 4; ++k) if (x[o * 4 + k] > 0.0f) y[o * k] = x[o * 4 + k];",
        "for (int o = 0; o < 2; ++o) for (int k = 0; k < 4; ++k) if (o > 0 || k == 3) {"
        " if (x[o * 4 + k] > 0.0f) y[o * k] = x[o * 4 + k]; }",
    ),
    "an unsigned sum wraps": (FLOATS, "unsigned a = 4294967295u; y[0] = (float)(a + 1u);", "y[0] = 4294967296.0f;"),
    "an unsigned number has no negative": (FLOATS, "unsigned a = 1u; y[0] = (float)(-a);", "y[0] = -1.0f;"),
    "a bit too high": (FLOATS, "y[0] = (float)(1 << 31);", "y[0] = 2147483648.0f;"),
    "an unsigned number as a signed one": (
        FLOATS, "unsigned a = 4294967295u; y[0] = (float)(int)a;", "y[0] = 4294967295.0f;"),
    "a long number cut short": (FLOATS, "long long a = 4294967297LL; y[0] = (float)(int)a;", "y[0] = 4294967297.0f;"),
    "a product that wraps": (
        FLOATS, "for (unsigned i = 0; i < 100u; ++i) y[i] = (float)(i * 1000000007u);",
        "for (long long i = 0; i < 100; ++i) y[i] = (float)(i * 1000000007LL);"),
    "a hash": (
        f"{FLOATS}, int n", "for (unsigned i = 0; i < n; ++i) y[i] = (float)(i * 2654435761u >> 16);",
        "for (long long i = 0; i < n; ++i) y[i] = (float)(i * 2654435761LL >> 16);"),
    "doubles lie below the lowest float": (
        DOUBLES, "double s = -FLT_MAX; for (int k = 0; k < 4; ++k) s = x[k] > s ? x[k] : s; y[0] = s;",
        "double s = -INFINITY; for (int k = 0; k < 4; ++k) s = x[k] > s ? x[k] : s; y[0] = s;"),
    "an infinity lies below the lowest float": (
        FLOATS, "y[0] = fmaxf(-FLT_MAX, x[0] > 0.0f ? x[0] : -INFINITY);", "y[0] = x[0] > 0.0f ? x[0] : -INFINITY;"),
    "what is no number is not ordered": (FLOATS, "y[0] = fmaxf(x[0], NAN);", "y[0] = x[0] > NAN ? x[0] : NAN;"),
    "nothing times infinity": (FLOATS, "y[0] = INFINITY * 0.0f;", "y[0] = 0.0f;"),
    "numbers that wrap while they are added up": (
        FLOATS, "unsigned s = 1; for (int k = 0; k < 25; ++k) s = s * 3u + 1u; y[0] = (float)s;",
        "long long s = 1; for (int k = 0; k < 25; ++k) s = s * 3 + 1; y[0] = (float)s;"),
    "a number that wraps while it grows": (
        FLOATS, "unsigned s = 0; for (int k = 0; k < 100000; ++k) s += 100000u; y[0] = (float)s;",
        "long long s = 0; for (int k = 0; k < 100000; ++k) s += 100000LL; y[0] = (float)s;"),
    "a number that may wrap while it grows": (
        f"{FLOATS}, int n", "unsigned s = 0; for (int k = 0; k < n; ++k) s += 100000u; y[0] = (float)s;",
        "long long s = 0; for (int k = 0; k < n; ++k) s += 100000LL; y[0] = (float)s;"),
    "nothing divided by nothing": (FLOATS, "y[0] = 0.0f / x[0];", "y[0] = 0.0f;"),
    "nothing times no number": (FLOATS, "y[0] = logf(0.0f) * 0.0f;", "y[0] = 0.0f;"),
    "an int through a float": (INTS, "y[0] = (int)(float)x[0];", "y[0] = x[0];"),
}


@pytest.mark.parametrize("name", DIFFERING)
def test_what_differs_is_never_proved_equal(name: str) -> None:
    signature, a, b = DIFFERING[name]
    assert not proved(c(signature, a), c(signature, b))


@pytest.mark.parametrize(("a", "b"), [
    ("y[0] = __half2float(__int2half_rn(x[0]));", "y[0] = (float)x[0];"),
    ("y[0] = (float)((half)2049);", "y[0] = 2049.0f;"),
    ("y[0] = __half2float(__float2half(0.1f));", "y[0] = 0.1f;"),
    ("half a = (half)2048; half b = (half)1; y[0] = (float)(a + b);", "y[0] = 2049.0f;"),
    ("for (int i = 0; i < 9; ++i) y[i] = (float)((half)(i + 2044));", "for (int i = 0; i < 9; ++i) y[i] = (float)(i + 2044);"),
    ("n = n - 1; for (int i = 0; i < n; ++i) y[i] = 0.0f;", "for (int i = 0; i < n; ++i) y[i] = 0.0f;"),
])
def test_what_a_kernel_does_to_halves_and_parameters_is_seen(a: str, b: str) -> None:
    assert not proved(cuda(a), cuda(b))


HONEST = {
    "three stores for one choice": (
        FLOATS, "y[0] = x[0] > 0.0f ? 1.0f : x[0] < 0.0f ? -1.0f : 0.0f;",
        "if (x[0] > 0.0f) y[0] = 1.0f; if (!(x[0] > 0.0f) && x[0] < 0.0f) y[0] = -1.0f;"
        " if (!(x[0] > 0.0f) && !(x[0] < 0.0f)) y[0] = 0.0f;"),
    "comparisons as numbers": (
        FLOATS, "y[0] = x[0] > 0.0f ? 1.0f : x[0] < 0.0f ? -1.0f : 0.0f;",
        "y[0] = (float)((0.0f < x[0]) - (x[0] < 0.0f));"),
    "the other way round": (
        FLOATS, "y[0] = x[0] < x[1] ? x[2] : x[0] == x[1] ? x[3] : x[4];",
        "y[0] = x[0] > x[1] ? x[4] : x[1] != x[0] ? x[2] : x[3];"),
    "an unsigned number wraps": (FLOATS, "unsigned a = 1u; y[0] = (float)(-a);", "y[0] = 4294967295.0f;"),
    "small ints through a float": (
        "const short* x, short* y", "y[0] = (short)(float)x[0];", "y[0] = x[0];"),
    "the lowest float": (
        FLOATS, "float s = -FLT_MAX; for (int k = 0; k < 4; ++k) s = fmaxf(s, x[k]); y[0] = s;",
        "float s = -INFINITY; for (int k = 0; k < 4; ++k) s = fmaxf(s, x[k]); y[0] = s;"),
    "runs of a loop": (
        FLOATS, "for (int o = 0; o < 3; ++o) { float s = 0.0f; for (int k = 0; k < 4; ++k) s += x[o * 4 + k]; y[o] = s; }",
        "float s; for (int o = 0; o < 3; ++o) { s = x[o * 4]; for (int k = 1; k < 4; ++k) s = x[o * 4 + k] + s; y[o] = s; }"),
    "a parameter counted down": (
        f"{FLOATS}, int n", "n = n - 1; for (int i = 0; i < n; ++i) y[i] = x[i];",
        "for (int i = 0; i < n - 1; ++i) y[i] = x[i];"),
}


@pytest.mark.parametrize("name", HONEST)
def test_what_does_not_differ_is_proved(name: str) -> None:
    signature, a, b = HONEST[name]
    assert proved(c(signature, a), c(signature, b))


def test_a_double_and_a_float_are_not_the_same_operations() -> None:
    a, b = (c("const int* x, double* y", f"y[0] = {v};") for v in ("(double)x[0]", "(double)(float)x[0]"))
    found = equal_for_all(a, b, seconds=20).verdict
    assert not isinstance(found, Proved) or "same operations" not in found.scope


def copied(size: str) -> Program:
    """A copy made on the device, of so many elements."""
    return read(f"""
__global__ void k(const float* x, float* y, int m) {{
  int i = blockIdx.x * 64 + threadIdx.x;
  if (i < m) y[i] = x[i];
}}
extern "C" void f(const float* x, float* y, int n) {{
  float *dx, *dy; cudaMalloc(&dx, ({size}) * sizeof(float)); cudaMalloc(&dy, ({size}) * sizeof(float));
  cudaMemcpy(dx, x, ({size}) * sizeof(float), cudaMemcpyHostToDevice);
  k<<<(({size}) + 63) / 64, 64>>>(dx, dy, {size});
  cudaMemcpy(y, dy, ({size}) * sizeof(float), cudaMemcpyDeviceToHost); }}""", platforms.get("cuda"), "t.cu")


@pytest.mark.parametrize(("size", "same"), [("n", True), ("n / 2", False), ("64", False)])
def test_what_is_not_copied_back_stays_as_it_was(size: str, same: bool) -> None:
    plain = c(f"{FLOATS}, int n", "for (int i = 0; i < n; ++i) y[i] = x[i];")
    assert proved(plain, copied(size)) == same
    assert proved(copied(size), plain) == same
