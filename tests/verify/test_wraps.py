"""Numbers that come round again: what wraps, and what does not fit, is proved of no kernel, in bounds or free of races."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.verify.kernels import CUDA, each
from xpiler import platforms
from xpiler.ir.nodes import Buffer, Expr, Program, Var
from xpiler.ir.types import DType
from xpiler.text.read import read
from xpiler.verify.argue.bounds import bounds
from xpiler.verify.argue.overflows import overflowing
from xpiler.verify.argue.races import races
from xpiler.verify.confirm import confirm
from xpiler.verify.runs.observe import Effort
from xpiler.verify.signature import given_sizes
from xpiler.verify.verdict import Proved, Refuted, Unknown, Verdict, confirmed, refuted

C = platforms.get("c")


def said(body: str, elements: int, n: int | None = None, of: str = "unsigned") -> Verdict:
    """Of a C function on `y` of so many elements and `x` of 64."""
    program = read(f"void f(const float* x, float* y, {of} n) {{ {body} }}", C, "k.c")
    program = given_sizes(program, {"x": 64, "y": elements})
    return bounds(program, C, let={} if n is None else {"n": n}).verdict


COUNTED = "for (unsigned i = 0; i <= n - 4; i += 4) y[i + 3] = x[i];"
OUTSIDE = {  # each writes outside, or never ends, and only because something wraps
    "counts up past its type": ("unsigned j = 4294967290u; for (int i = 0; i < 10; ++i) { y[j < 9 ? 40 + j : 0] = 1; j += 1; }", 40, 1),
    "counts down past zero": ("unsigned j = 5; for (int i = 0; i < 10; ++i) { y[j > 99 ? 40 : 0] = 1; j -= 1; }", 40, 1),
    "is past it after the loop": ("unsigned j = 5; for (int i = 0; i < 10; ++i) j -= 1; if (j > 99) y[40] = 1;", 40, 1),
    "an end below zero": (COUNTED, 64, 2),
    "an end that is the largest there is": (COUNTED, 64, 3),
    "up to the largest there is": ("for (unsigned i = 0; i <= n; ++i) y[i % 64] = x[i % 64];", 64, 4294967295),
    "steps over its end": (
        "for (unsigned i = 0; i < n; i += 3000000000u) y[i / 100000000u] = 1;", 31, 4000000000),
    "a counter of two bytes": ("for (short i = 0; i < (int)n; ++i) y[i] = 1;", 70000, 65000),
    "a start below zero": ("for (unsigned i = n - 1; i < 10; ++i) y[i] = 1; y[n - 1 > 10 ? 40 : 0] = 1;", 40, 0),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_wraps_is_refuted(name: str) -> None:
    body, elements, n = OUTSIDE[name]
    assert isinstance(said(body, elements, n), Refuted)
    free = said(body, elements)  # with sizes that are free, too, unless that is said to be left out
    assert not isinstance(free, Proved) or n > 1 << 31 and "n < 2^31" in free.scope


def test_what_may_wrap_but_does_not_is_proved() -> None:
    assert isinstance(said(COUNTED, 64, 61), Proved)
    assert isinstance(said("unsigned j = 5; for (int i = 0; i < 5; ++i) { j -= 1; y[j] = 1; }", 5, 0), Proved)
    assert isinstance(said("for (unsigned i = 0; i < 250; i += 10) y[i] = 1;", 241, 0), Proved)
    assert isinstance(said("if (i_ok(n)) y[n - 1] = 1;".replace("i_ok(n)", "n - 1 < 40u"), 40), Proved)


def test_a_number_that_goes_down_on_some_turns() -> None:
    """Nothing says how often."""
    body = "unsigned j = 5; for (int i = 0; i < 10; ++i) { if (x[i] > 0.0f) j -= 1; if (j > 99) y[40] = 1; }"
    assert isinstance(said(body, 40, 0), Unknown)


LARGE = """__global__ void k(const float* x, float* y) { INDEX y[AT] = VALUE; }
extern "C" void run(const float* x, float* y) {
  float *dx, *dy; cudaMalloc(&dx, 4); cudaMalloc(&dy, 4ULL * 4294967296);
  k<<<4194304, 1024>>>(dx, dy);
  cudaMemcpy(y, dy, 4ULL * 4294967296, cudaMemcpyDeviceToHost); cudaFree(dx); cudaFree(dy);
}"""
WIDE, NARROW = "long long i = blockIdx.x * 1024LL + threadIdx.x;", "int i = (int)blockIdx.x * 1024 + (int)threadIdx.x;"


@pytest.mark.parametrize(("index", "at", "inside", "apart"), [
    (WIDE, "i", Proved, Proved), (WIDE, "i + 5", Refuted, Proved), (WIDE, "i / 2", Proved, Refuted),
    (NARROW, "i", Unknown, None),  # a signed number that is too large is undefined
])
def test_arrays_of_more_elements_than_an_int_counts(index: str, at: str, inside: type, apart: type | None) -> None:
    text = LARGE.replace("INDEX", index).replace("AT", at).replace("VALUE", "(float)threadIdx.x")
    program = read(text, CUDA, "k.cu")
    assert isinstance(bounds(program, CUDA).verdict, inside)
    assert apart is None or isinstance(races(program, CUDA).verdict, apart)


@pytest.mark.parametrize("body", ["unsigned u = i; y[u - 1u] = x[i];", "size_t u = i; y[u - 1] = x[i];"])
def test_an_index_below_zero(body: str) -> None:
    assert isinstance(bounds(read(each(body), CUDA, "k.cu"), CUDA).verdict, Refuted)


HASH = "void f(const float* x, float* y, int n) { for (int i = 0; i < n; ++i) y[i] = x[HASHED % n]; }"
UNSIGNED, SIGNED = HASH.replace("HASHED", "(unsigned)i * 1000003u"), HASH.replace("HASHED", "i * 1000003")


def test_a_translation_is_run_where_its_numbers_do_not_fit() -> None:
    """The source computes without a sign; the sizes that are tried otherwise do not tell the two apart."""
    n = Var("n", DType.I32)
    one, other = (with_sizes(read(text, C, "k.c"), n) for text in (UNSIGNED, SIGNED))
    at = overflowing(other, C, "", {}, 2.0)
    assert at is not None and 2147 < at["n"] <= 4096
    found = confirm(UNSIGNED, C, SIGNED, C, one, target_program=other, effort=Effort(seeds=1))
    assert refuted(found) is not None
    assert confirmed(confirm(UNSIGNED, C, UNSIGNED, C, one, target_program=one, effort=Effort(seeds=1)))


def with_sizes(program: Program, size: Expr) -> Program:
    assert program.launcher is not None
    params = tuple(replace(p, extent=size) if isinstance(p, Buffer) else p for p in program.launcher.params)
    return replace(program, launcher=replace(program.launcher, params=params))
