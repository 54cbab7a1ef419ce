"""The rewrite keeps lines and touches only what it must."""

from __future__ import annotations

import pytest

from tests.emulate.conftest import STUB
from xpiler import platforms
from xpiler.emulate.prepare import double_literals, prepare


def body(text: str, real: str = "f32") -> str:
    whole = prepare(text, STUB, real=real)
    return whole.partition('#line 1 "/xp/text"\n')[2].removesuffix("\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("k<<<g, b>>>(x);", "XP_LAUNCH((k), g, b)(x);"),
        ("ns::k<float, (4 > 3)><<<dim3(1, 2), 32, n * 4, s>>>(x);", "XP_LAUNCH((ns::k<float, (4 > 3)>), dim3(1, 2), 32, n * 4, s)(x);"),
        ("(f)<<<1, 2>>>(x); h<<<3, 4>>>(y);", "XP_LAUNCH(((f)),1, 2)(x); XP_LAUNCH((h),3, 4)(y);"),
        ('puts("k<<<1, 2>>>(x)"); // k<<<1, 1>>>()', 'puts("k<<<1, 2>>>(x)"); // k<<<1, 1>>>()'),
        ("int main() { }", "int xp_user_main() { }"),
        ("extern __shared__ float s[];", "static float *&s = (float *&)xp::dynamic_shared;"),
        ("{ extern __shared__ int s[][8]; }", "{ int (*s)[8] = (int (*)[8])xp::dynamic_shared; }"),
        ("{ extern __shared__ __align__(16) unsigned char s[]; }", "{ unsigned char *s = (unsigned char *)xp::dynamic_shared; }"),
        ("{ extern __attribute__((aligned(8))) __shared__ T s[]; }", "{ T *s = (T *)xp::dynamic_shared; }"),
        ("static __shared__ int s[3];", "       __shared__ int s[3];"),
        ("void f(__nram__ float* p);", "void f(         float* p);"),
        ("__nram__ float* p = q + 3;", "         float* p = q + 3;"),
        ("__nram__ float p[4];", "__nram__ float p[4];"),
        ("#define NRAM(x) __nram__ x", "#define NRAM(x) __nram__ x"),
        ("typedef float f4 __attribute__((ext_vector_type(4)));", "typedef xp_vector<float, 4> f4;"),
        ("using h2 = _Float16 __attribute__((ext_vector_type(2)));", "using h2 = xp_vector<_Float16, 2>;"),
        ("typedef __attribute__((__ext_vector_type__(8))) unsigned short us;", "typedef xp_vector<unsigned short, 8> us;"),
        ("typedef unsigned int __attribute__((ext_vector_type(2 * (2)))) u4;", "typedef xp_vector<unsigned int, 2 * (2)> u4;"),
        ("typedef float f4 __attribute__((vector_size(16)));", "typedef float f4 __attribute__((vector_size(16)));"),
        ("cudaLaunchKernel((void*)k, g, b, args, 0, s);", "cudaLaunchKernel(       k, g, b, args, 0, s);"),
        ("a <<= 3; b = c << 2 >> 1;", "a <<= 3; b = c << 2 >> 1;"),
    ],
)
def test_a_line_becomes(before: str, after: str) -> None:
    assert body(before).replace(", ", ",") == after.replace(", ", ",")


OMP = "#pragma omp parallel for"
C = platforms.get("c")


@pytest.mark.parametrize(("before", "after"), [
    (f"{OMP}\nfor (int i = 0; i < n; ++i) f(i);", f"{OMP}\nfor (int i : xp::iterations<int>(0, n, 1, false)) f(i);"),
    (f"{OMP} collapse(2)\nfor (size_t i = 0; i != n; i += 4)\n  for (int j = m; j >= f(0, 1); j--) {{ }}",
     f"{OMP} collapse(2)\nfor (size_t i : xp::iterations<size_t>(0, n, +(4), false))\n"
     "  for (int j : xp::iterations<int>(m, f(0, 1), -1, true)) { }"),
    (f"{OMP}\nfor (i = 0; i < n; ++i) f(i);", None), (f"{OMP}\nfor (int i = 0; i < n; i *= 2) f(i);", None),
    (f"{OMP} reduction(+ : s)\nfor (int i = 0; i < n; ++i) s += x[i];", None),
    (f"{OMP}\nfor (int i = 0; i < n; ++i) {{\n#pragma omp atomic\ns += x[i]; }}", None),
    ("for (int i = 0; i < n; ++i) f(i);", None),
])
def test_parallel_loops_may_run_backwards(before: str, after: str | None) -> None:
    prepared = prepare(before, C).partition('#line 1 "/xp/text"\n')[2].removesuffix("\n")
    assert prepared == (after or before)


def test_lines_stay_where_they_are() -> None:
    text = "#include <cuda_runtime.h>\n/* a\n b */\nvoid f() {\n  k<int,\n    4>\n  <<<1,\n  2>>>\n  (x);\n  here();\n}\n"
    assert [i for i, line in enumerate(body(text).split("\n"), 1) if "here" in line] == [10]


def test_standard_headers_are_included_before_the_text_where_float_is_float() -> None:
    text = "#include <random>\n#include <mma.h>\nfloat x = 1.5f;\n"
    assert prepare(text, STUB, real="f64").startswith("#undef float\n#include <random>\n#define float double\n#line 1")
    assert "include" not in body(text) and body(text, "f64").split("\n")[2] == "float x = 1.5 ;"


@pytest.mark.parametrize(
    ("before", "after"), [("1.f + .5F", "1.  + .5 "), ("1e3f", "1e3 "), ("0x1f", "0x1f"), ("xf 12", "xf 12"), ('"1.0f"', '"1.0f"')]
)
def test_literals_become_double(before: str, after: str) -> None:
    assert double_literals(before) == after
