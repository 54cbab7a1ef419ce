"""Bytes, words and halves in lanes: conversions are instructions, and what is between them too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.passes.interpret import run
from xpiler import engine, platforms
from xpiler.ir.walk import statements
from xpiler.text.read import read
from xpiler.to_pivot import sequential
from xpiler.verify.ladder import Level

KERNELS = {
    "dequantise": """void k(const int8_t* x, float* y, float s, int n) {
        for (int i = 0; i < n; ++i) y[i] = (float)x[i] * s; }""",
    "quantise": """void k(const float* x, int8_t* y, float s, int n) {
        for (int i = 0; i < n; ++i) y[i] = (int8_t)fminf(fmaxf(rintf(x[i] * s), -128.0f), 127.0f); }""",
    "mixed": """void k(const uint8_t* x, const int16_t* z, int* y, int b, int n) {
        for (int i = 0; i < n; ++i) y[i] = b + 5 * x[i] - 3 * z[i] + 7; }""",
    "products": """void k(const uint8_t* a, const int8_t* b, int* y, int m, int n) {
        for (int i = 0; i < m; ++i) { int s = 0; for (int j = 0; j < n; ++j) s += a[i * n + j] * b[j]; y[i] = s; } }""",
    "halves": """void k(const _Float16* x, const _Float16* z, _Float16* y, int n) {
        for (int i = 0; i < n; ++i) y[i] = (_Float16)((float)x[i] * 2.0f + (float)z[i]); }""",
    "cut": "void k(const float* x, int* y, int n) { for (int i = 0; i < n; ++i) y[i] = (int)(x[i] * 100.0f); }",
}
CALLS = {
    ("dequantise", "bang"): ("__bang_int82float(",), ("dequantise", "vnni"): ("_mm_loadu_epi8(", "_mm512_cvtepi8_epi32("),
    ("quantise", "vnni"): ("_mm512_cvttps_epi32(", "_mm512_cvtepi32_epi8(", "_mm_storeu_epi8("),
    ("mixed", "bang"): ("__bang_uchar2half(", "__bang_half2int32_tz(", "__bang_int162int32(", "__bang_sub("),
    ("mixed", "vnni"): ("_mm512_cvtepu8_epi32(", "_mm512_cvtepi16_epi32(", "_mm512_sub_epi32("),
    ("products", "bang"): ("__bang_int82int32(", "__bang_mul("),
    ("products", "vnni"): ("_mm512_cvtepu8_epi32(", "_mm512_mullo_epi32("),
    ("halves", "vnni"): ("_mm256_loadu_epi16(", "_mm512_cvtph_ps(", "_mm512_cvtps_ph(", "_mm256_storeu_epi16("),
    ("cut", "bang"): ("__bang_float2int32(",), ("cut", "vnni"): ("_mm512_cvttps_epi32(",),
}


@pytest.mark.slow  # translations
@pytest.mark.parametrize(("kernel", "target"), CALLS)
def test_small_elements_are_converted_in_lanes(kernel: str, target: str, cache: Path) -> None:
    text = "#include <math.h>\n#include <stdint.h>\n" + KERNELS[kernel]
    options = engine.Options(seeds=1, budget=20.0, level=Level.TESTS, cache=cache)
    result = engine.translate(text, platforms.get("c"), platforms.get(target), file="k.c", options=options)
    assert result.confirmed
    for call in CALLS[kernel, target]:
        assert call in result.text


@pytest.mark.parametrize("low", [4, 20, 31])
def test_bits_above_some_stay_those_of_the_word(low: int) -> None:
    """The highest, a sign, is no positive int."""
    text = f"void k(const int* x, int* y) {{ for (int i = 0; i < 64; ++i) y[i] = (x[i] & (-1 << {low})) | 7; }}"
    text = text.replace("(-1 << 31)", "(-2147483647 - 1)")
    c = platforms.get("c")
    kernel = sequential(read(text, c, "k.c"), c)[0].kernels[0]
    assert len(list(statements(kernel))) == 2
    x = np.random.default_rng(low).integers(-2**31, 2**31, 64, dtype=np.int32)
    arrays = {"x": x, "y": np.zeros(64, np.int32)}
    run(kernel, arrays)
    assert np.array_equal(arrays["y"], x & np.int32(-1 << low) | 7)
