"""Sums of products through tiles in shared memory: any layout, ragged ends, loops around the sum, batches."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpiler import engine, platforms
from xpiler.verify.ladder import Level

PRODUCT = """
void product(const {a} x[3000], const {b} y[3000], {c} z[6000])
{{
    for (int t = 0; t < {t}; t++)
        for (int i = 0; i < {m}; i++)
            for (int j = 0; j < {n}; j++) {{
                {c} sum = 0;
                for (int r = 0; r < {r}; r++)
                    for (int q = 0; q < {k}; q++)
                        sum += x[{x}] * y[{y}];
                z[(t * {m} + i) * {n} + j] = sum;
            }}
}}
"""
FLOATS = {"a": "float", "b": "float", "c": "float", "t": 1, "r": 1}
CASES = {
    "rows and columns": FLOATS | {"m": 32, "n": 50, "k": 16, "x": "i * 16 + q", "y": "q * 50 + j"},
    "both turned, ragged": FLOATS | {"m": 20, "n": 70, "k": 33, "x": "q * 20 + i", "y": "j * 33 + q"},
    "batches": FLOATS | {"t": 3, "m": 17, "n": 31, "k": 9, "x": "(t * 17 + i) * 9 + q", "y": "(t * 9 + q) * 31 + j"},
    "windows": FLOATS | {"m": 40, "n": 16, "k": 12, "r": 3, "x": "(i + r) * 12 + q", "y": "(r * 12 + q) * 16 + j"},
    "columns of two loops": FLOATS | {
        "t": 4, "m": 32, "n": 7, "k": 9, "x": "i * 9 + q", "y": "(t * 9 + q) * 7 + j"},
    "bytes": FLOATS | {"a": "unsigned char", "b": "signed char", "c": "int", "m": 16, "n": 16, "k": 40,
                       "x": "i * 40 + q", "y": "q * 16 + j"},
}


def translated(case: dict[str, object], target: str, cache: Path) -> engine.Result:
    options = engine.Options(seeds=1, budget=20.0, level=Level.TESTS, cache=cache)
    text = PRODUCT.format(**case)
    return engine.translate(text, platforms.get("c"), platforms.get(target), file="product.c", options=options)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("target", ["cuda", "hip"])
@pytest.mark.parametrize("case", CASES)
def test_operands_are_read_from_shared_memory(case: str, target: str, cache: Path) -> None:
    result = translated(CASES[case], target, cache)
    assert result.confirmed and "__shared__" in result.text and result.text.count("__syncthreads()") == 2
    ragged = any(int(str(CASES[case][size])) % 16 for size in "mk")
    assert ("? x[" in " ".join(result.text.split())) == ragged


def test_what_shares_too_little_is_left_alone(cache: Path) -> None:
    few = FLOATS | {"m": 3, "n": 5, "k": 16, "x": "i * 16 + q", "y": "q * 5 + j"}
    result = translated(few, "cuda", cache)
    assert result.confirmed and result.road != "tiles in shared memory"
