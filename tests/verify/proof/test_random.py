"""Random small programs, two at a time: where they are proved equal, running both gives the same."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import random_cases
from tests.verify.proof.interpreter import Interpreter, Number
from xpiler import platforms
from xpiler.ir.nodes import Program
from xpiler.text.read import read
from xpiler.verify.proof.equal import equal_for_all
from xpiler.verify.verdict import Proved

small = st.integers(1, 4)
PROFILE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def program(text: str, language: str) -> Program:
    return read(text, platforms.get(language), "t.c" if language == "c" else "t.cu")


def c(body: str) -> Program:
    return program(f'#include <math.h>\nextern "C" void f(const float* x, const float* w, float* y) {{ {body} }}', "c")


def cuda(body: str, blocks: int, threads: int, shared: int = 0) -> Program:
    scratch = f"__shared__ float s[{shared}];" if shared else ""
    return program(f"""#include <math.h>
__global__ void k(const float* x, const float* w, float* y) {{ {scratch} int b = blockIdx.x; int t = threadIdx.x;
{body} }}
extern "C" void f(const float* x, const float* w, float* y) {{
  float *dx, *dw, *dy; cudaMalloc(&dx, 1024); cudaMalloc(&dw, 1024); cudaMalloc(&dy, 1024);
  cudaMemcpy(dx, x, 1024, cudaMemcpyHostToDevice); cudaMemcpy(dw, w, 1024, cudaMemcpyHostToDevice);
  cudaMemcpy(dy, y, 1024, cudaMemcpyHostToDevice);
  k<<<{blocks}, {threads}>>>(dx, dw, dy);
  cudaMemcpy(y, dy, 1024, cudaMemcpyDeviceToHost); }}""", "cuda")


@st.composite
def maps(draw: st.DrawFn) -> Program:
    """An elementwise map over a range, in one of several shapes, often a little wrong."""
    n, tile = draw(st.integers(1, 12)), draw(small)
    outer = draw(st.sampled_from([-(-n // tile), n // tile, n // tile + 1]))
    stride, shift = draw(st.sampled_from([1, 1, 1, 2])), draw(st.sampled_from([0, 0, 0, 1]))
    what = draw(st.sampled_from([
        "x[{i}] + w[{i}]", "w[{i}] + x[{i}]", "x[{i}] - w[{i}]", "x[{i}] * 2.0f", "x[{i}] + x[{i}]",
        "x[{i}] > 0.0f ? x[{i}] : 0.0f", "fmaxf(x[{i}], 0.0f)", "fmaxf(0.0f, x[{i}] + 0.0f)",
    ]))
    i = f"{stride} * i + {shift}"
    store = f"y[{i}] = {what.format(i=i)};"
    match draw(st.integers(0, 5)):
        case 0:
            return c(f"for (int i = 0; i < {n}; ++i) {{ {store} }}")
        case 1:
            return c(f"for (int o = 0; o < {outer}; ++o) for (int j = 0; j < {tile}; ++j) {{"
                     f" int i = o * {tile} + j; if (i < {n}) {{ {store} }} }}")
        case 2:
            return c(f"for (int j = 0; j < {tile}; ++j) for (int i = j; i < {n}; i += {tile}) {{ {store} }}")
        case 3:
            return c(f"int full = {n} / {tile} * {tile}; for (int o = 0; o < full; o += {tile})"
                     f" for (int j = 0; j < {tile}; ++j) {{ int i = o + j; {store} }}"
                     f" for (int i = full; i < {n}; ++i) {{ {store} }}")
        case 4:
            return cuda(f"int i = b * {tile} + t; if (i < {n}) {{ {store} }}", outer, tile)
        case _:
            return cuda(f"for (int i = b * {tile} + t; i < {n}; i += {2 * tile}) {{ {store} }}", 2, tile)


@st.composite
def sums(draw: st.DrawFn) -> Program:
    """Rows reduced, in one of several orders, often a little wrong."""
    rows, n, tile = draw(st.integers(1, 3)), draw(st.integers(2, 9)), draw(small)
    count = draw(st.sampled_from([n // tile, -(-n // tile)]))
    lead = draw(st.sampled_from([n, n, n, 9]))
    op = draw(st.sampled_from(["{s} + {v}", "{v} + {s}", "fmaxf({s}, {v})"]))
    first = draw(st.sampled_from(["0.0f", "0.0f", "-INFINITY", "x[r * 9]"]))
    term = draw(st.sampled_from(["x[r * {l} + k]", "x[r * {l} + k] * w[k]", "w[k] * x[r * {l} + k]"]))
    v = term.format(l=lead)
    step = f"s = {op.format(s='s', v=v)};"
    match draw(st.integers(0, 4)):
        case 0:
            return c(f"for (int r = 0; r < {rows}; ++r) {{ float s = {first};"
                     f" for (int k = 0; k < {n}; ++k) {step} y[r] = s; }}")
        case 1:
            return c(f"for (int r = 0; r < {rows}; ++r) {{ float s = {first}; for (int o = 0; o < {count}; ++o)"
                     f" for (int j = 0; j < {tile}; ++j) {{ int k = o * {tile} + j; if (k < {n}) {step} }} y[r] = s; }}")
        case 2:
            return c(f"for (int r = 0; r < {rows}; ++r) {{ float s = {first}; for (int j = 0; j < {tile}; ++j)"
                     f" for (int k = j; k < {n}; k += {tile}) {step} y[r] = s; }}")
        case 3:
            return cuda(f"int r = b; float s = {first}; for (int k = 0; k < {n}; ++k) {step}"
                        f" if (t == 0) y[r] = s;", rows, 2)
        case _:
            grow = f"a = {op.format(s='a', v=v)};"
            join = f"z = {op.format(s='z', v='s[j]')};"
            return cuda(f"int r = b; float a = 0.0f; for (int k = t; k < {n}; k += {tile}) {grow}"
                        f" s[t] = a; __syncthreads(); if (t == 0) {{ float z = {first};"
                        f" for (int j = 0; j < {tile}; ++j) {join} y[r] = z; }}", rows, tile, tile)


def agree(a: Program, b: Program) -> bool:
    """Whether both leave the same in memory, on a few random inputs."""
    for seed in range(3):
        rng = random.Random(seed)
        arrays: list[dict[int, Number]] = [
            {i: Fraction(rng.randint(-50, 50)) for i in range(256)} for _ in range(3)
        ]
        if Interpreter(a).run(arrays, {}) != Interpreter(b).run(arrays, {}):
            return False
    return True


def check(a: Program, b: Program) -> None:
    if isinstance(equal_for_all(a, b, seconds=20).verdict, Proved):
        assert agree(a, b)


@given(maps(), maps())
@settings(PROFILE, max_examples=10)
def test_maps_proved_equal_are_equal(a: Program, b: Program) -> None:
    check(a, b)


@given(sums(), sums())
@settings(PROFILE, max_examples=10)
def test_sums_proved_equal_are_equal(a: Program, b: Program) -> None:
    check(a, b)


@pytest.mark.slow
@given(st.one_of(st.tuples(maps(), maps()), st.tuples(sums(), sums())))
@settings(PROFILE, max_examples=random_cases(60))
def test_many_proved_equal_are_equal(pair: tuple[Program, Program]) -> None:
    check(*pair)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (c("for (int i = 0; i < 12; ++i) y[i] = x[i] + w[i];"),
         cuda("int i = b * 4 + t; if (i < 12) y[i] = w[i] + x[i];", 3, 4)),
        (c("for (int r = 0; r < 3; ++r) { float s = 0.0f; for (int k = 0; k < 9; ++k) s += x[r * 9 + k]; y[r] = s; }"),
         cuda("float a = 0.0f; for (int k = t; k < 9; k += 4) a += x[b * 9 + k]; s[t] = a; __syncthreads();"
              " if (t == 0) { float z = 0.0f; for (int j = 0; j < 4; ++j) z += s[j]; y[b] = z; }", 3, 4, 4)),
    ],
)
def test_equal_ones_are_proved(a: Program, b: Program) -> None:
    assert isinstance(equal_for_all(a, b, seconds=30).verdict, Proved)
    assert agree(a, b)


def test_sums_of_different_lengths_are_not_proved_equal() -> None:
    a, b = (c(f"float s = 0.0f; for (int k = 0; k < {n}; ++k) s += x[k]; y[0] = s;") for n in (2, 3))
    for left, right in ((a, b), (b, a)):
        assert not isinstance(equal_for_all(left, right, seconds=20).verdict, Proved)


@pytest.mark.parametrize("shape", [0, 1])
def test_the_interpreter_tells_programs_apart(shape: int) -> None:
    a = c("for (int i = 0; i < 4; ++i) y[i] = x[i];")
    b = [c("for (int i = 0; i < 3; ++i) y[i] = x[i];"), c("for (int i = 0; i < 4; ++i) y[i] = w[i];")][shape]
    assert agree(a, a)
    assert not agree(a, b)
