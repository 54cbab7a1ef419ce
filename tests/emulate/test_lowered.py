"""Lowered programs against the texts they come from: the real values of an exact run are what the emulator computes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xpiler import platforms
from xpiler.emulate.entry import Limits
from xpiler.emulate.lowered.build import build
from xpiler.emulate.lowered.element import DATA, ELEMENT, PRIMES, UNDEFINED, UNSET
from xpiler.emulate.lowered.expr import NotLowered
from xpiler.emulate.lowered.program import KEY, PRIME, REPORT, lower
from xpiler.emulate.run import run
from xpiler.ir.nodes import Program
from xpiler.platforms.platform import Platform
from xpiler.text.read import read
from xpiler.verify.runs.compare import to_double
from xpiler.verify.runs.inputs import Point, make
from xpiler.verify.signature import given_sizes, signature
from xpiler.verify.runs.trial import machine

CUDA = platforms.get("cuda")
LIMITS = Limits(60)


def platform_of(path: Path) -> Platform:
    return next(p for p in map(platforms.get, platforms.NAMES) if path.suffix in p.suffixes)


def agree(text: str, platform: Platform, program: Program, **scalars: float) -> None:
    """The text, run in floats, and the lowered program, run in exact numbers, on the same inputs."""
    sig = signature(program)
    sizes = sig.sizes(scalars)
    point = Point(scalars, sizes)
    given = make(sig, point, 0)
    wanted = machine(text, platform, sig, file=program.file).try_point(point, 0, limits=LIMITS)
    assert wanted.clean, wanted
    lowered = lower(program, platform)
    inputs = {PRIME: PRIMES[1], KEY: 5}
    for a in sig.arrays:
        values = given[a.name]
        assert isinstance(values, np.ndarray)
        inputs[a.name] = exact(to_double(a.dtype, values), a.read) if a.dtype.is_float else values
    for v in sig.scalars:
        inputs[v.name] = exact(np.array([scalars[v.name]]), True) if v.dtype.is_float else int(scalars[v.name])
    done = run(build(lowered, platform), lowered.entry, inputs, LIMITS)
    assert done.status == "ok", done
    for name, values in wanted.outputs.items():
        a = next(a for a in sig.arrays if a.name == name)
        got = done.outputs[name]
        if not a.dtype.is_float:
            assert (got == values).all()
            continue
        expected = to_double(a.dtype, values)
        written = got["flags"] & UNSET == 0
        assert (np.isnan(expected) == ~written).all() and written.any()
        close = np.abs(got["r"] - expected)[written] <= 2e-3 * (1 + np.abs(expected[written]))
        assert close.all(), np.flatnonzero(~close)


def exact(values: np.ndarray, known: bool) -> np.ndarray:
    if not known:
        return np.full(values.size * ELEMENT.itemsize, 0xFF, np.uint8).view(ELEMENT)
    rng = np.random.default_rng(3)
    out = np.zeros(values.size, ELEMENT)
    out["p"], out["q"] = rng.integers(0, PRIMES[1], values.size), rng.integers(0, PRIMES[1] // 2, values.size)
    out["r"], out["flags"], out["degree"] = values, DATA, 1
    return out


LAUNCH = """
extern "C" void run(const float* x, float* y, int n) {
  float *dx, *dy;
  cudaMalloc(&dx, n * sizeof(float));
  cudaMalloc(&dy, n * sizeof(float));
  cudaMemcpy(dx, x, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemset(dy, 0, n * sizeof(float));
  k<<<GRID>>>(dx, dy, n);
  cudaMemcpy(y, dy, n * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(dx);
  cudaFree(dy);
}
"""
KERNELS = {
    "tree": ("(n + 63) / 64, 64", """
  __shared__ float t[64];
  int i = blockIdx.x * 64 + threadIdx.x;
  t[threadIdx.x] = i < n ? x[i] : 0.0f;
  __syncthreads();
  for (int s = 32; s > 0; s /= 2) {
    if (threadIdx.x < s) t[threadIdx.x] += t[threadIdx.x + s];
    __syncthreads();
  }
  if (threadIdx.x == 0) atomicAdd(&y[0], t[0]);
"""),
    "lanes": ("1, 64", """
  float v = x[threadIdx.x];
  for (int s = 16; s > 0; s /= 2) v += __shfl_down_sync(0xffffffffu, v, s);
  int all = __all_sync(0xffffffffu, v == v);
  if (threadIdx.x % 32 == 0 && all) y[threadIdx.x / 32] = v;
"""),
    "dynamic": ("1, 32, 64 * sizeof(float)", """
  extern __shared__ float t[];
  t[threadIdx.x] = x[threadIdx.x];
  t[32 + threadIdx.x] = x[32 + threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = t[63 - threadIdx.x] * t[threadIdx.x];
"""),
    "while": ("1, 1", """
  int i = 0;
  float v = 1.0f;
  while (i < n) {
    if (x[i] > 1.0f) { i += 2; continue; }
    v = v * 0.5f + expf(x[i]);
    if (i > 50) break;
    ++i;
  }
  y[0] = v;
"""),
    "vectors": ("1, 16", """
  float4 a = reinterpret_cast<const float4*>(x)[threadIdx.x];
  a.x = a.w * a.y; a.z = fmaf(a.x, a.y, a.z);
  reinterpret_cast<float4*>(y)[threadIdx.x] = a;
"""),
    "records": ("1, 64", """
  struct Best { float v; int at; };
  __shared__ Best best[64];
  best[threadIdx.x] = {x[threadIdx.x], (int)threadIdx.x};
  __syncthreads();
  for (int s = 32; s > 0; s /= 2) {
    if (threadIdx.x < s && best[threadIdx.x + s].v > best[threadIdx.x].v) best[threadIdx.x] = best[threadIdx.x + s];
    __syncthreads();
  }
  if (threadIdx.x == 0) { y[0] = best[0].v; y[1] = (float)best[0].at; }
"""),
    "convert": ("1, 64", """
  int q = (int)rintf(x[threadIdx.x] * 16.0f);
  q = q > 20 ? 20 : q < -20 ? -20 : q;
  y[threadIdx.x] = (float)q / 16.0f + (float)(threadIdx.x / 3);
"""),
}


def test_half_a_wave_exchanges_while_the_other_half_waits_elsewhere() -> None:
    body = """
  float v = x[threadIdx.x];
  if (threadIdx.x < 32) {
    for (int s = 16; s > 0; s /= 2) v += __shfl_xor(v, s, 32);
    y[threadIdx.x] = v;
  }
  __syncthreads();
  if (threadIdx.x >= 32) y[threadIdx.x] = v;
"""
    launch = LAUNCH.replace("cuda", "hip").replace("GRID", "1, 64")
    text = f"__global__ void k(const float* x, float* y, int n) {{{body}}}\n{launch}"
    hip = platforms.get("hip")
    agree(text, hip, read(text, hip, "k.hip"), n=64)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", KERNELS)
def test_kernels_do_what_the_emulator_does(name: str) -> None:
    grid, body = KERNELS[name]
    text = f"__global__ void k(const float* x, float* y, int n) {{{body}}}" + LAUNCH.replace("GRID", grid)
    agree(text, CUDA, read(text, CUDA, "k.cu"), n=64)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(p.name for p in (Path(__file__).parents[2] / "examples").iterdir()
                                        if p.suffix not in (".c", ".cpp")))
def test_examples_do_what_the_emulator_does(examples: Path, name: str) -> None:
    text = (examples / name).read_text()
    platform = platform_of(examples / name)
    program = read(text, platform, name)
    scalars = {v.name: 0.75 if v.dtype.is_float else 35 for v in signature(program).scalars}
    agree(text, platform, program, **scalars)


def test_what_has_no_exact_form_says_why_and_where() -> None:
    text = "__global__ void k(const float* x, float* y, int n) {\n  y[0] = __int_as_float(__float_as_int(x[0]) + 1);\n}"
    program = read(text + LAUNCH.replace("GRID", "1, 1"), CUDA, "k.cu")
    with pytest.raises(NotLowered, match=r"looks at the bits of a float.*line 2"):
        lower(program, CUDA)
    with pytest.raises(NotLowered, match="was not understood"):
        lower(replace(program, unread=("k",)), CUDA)


VNNI = platforms.get("vnni")
# Halves in registers of integers, two to a word, moved about between loading and storing.
HALVES = """#include <immintrin.h>
extern "C" void f(const _Float16* x, _Float16* y) {
  for (int i = 0; i < 32; i += 16) {
    __m256i h = _mm256_loadu_si256((const __m256i*)(x + i));
    @MOVED@
    _mm256_storeu_si256((__m256i*)(y + i), _mm512_cvtps_ph(_mm512_mul_ps(_mm512_cvtph_ps(h), _mm512_set1_ps(3.0f)), 0));
  }
}
"""
MOVES = {
    "nothing": "",
    "loaded as words": "h = _mm256_loadu_epi16(x + i);",
    "the other half of the register": "h = _mm256_permute2x128_si256(h, h, 1);",
    "the upper half of each word alone": "h = _mm256_srli_epi32(h, 16);",
    "the lower half twice": "h = _mm256_or_si256(_mm256_slli_epi32(h, 16), _mm256_and_si256(h, _mm256_set1_epi32(65535)));",
    "a constant in every other place":
        "h = _mm256_or_si256(_mm256_slli_epi32(h, 16), _mm256_set1_epi32(0x3e00));",  # 1.5
}


@pytest.mark.parametrize("moved", MOVES.values(), ids=MOVES)
def test_halves_in_words_stay_what_they_are(moved: str) -> None:
    text = HALVES.replace("@MOVED@", moved)
    agree(text, VNNI, given_sizes(read(text, VNNI, "halves.cpp"), {"x": 32, "y": 32}))


@pytest.mark.parametrize("moved", ["h = _mm256_add_epi32(h, h);", "h = _mm256_srli_epi32(h, 8);",
                                   "h = _mm256_and_si256(h, _mm256_set1_epi32(0x7fff7fff));"])
def test_who_counts_with_the_bits_of_halves_learns_nothing(moved: str) -> None:
    text = HALVES.replace("@MOVED@", moved)
    lowered = lower(read(text, VNNI, "halves.cpp"), VNNI)
    inputs = {PRIME: PRIMES[1], KEY: 5, "x": exact(np.arange(1.0, 33.0), True), "y": exact(np.zeros(32), False)}
    done = run(build(lowered, VNNI), lowered.entry, inputs, LIMITS)
    assert done.status == "ok" and int(done.outputs[REPORT][0]) & UNDEFINED, done
