"""Matrix instructions with a weight memory: sums that fill no whole tile, in either layout, and rows that serve all."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpiler import engine, platforms
from xpiler.verify.ladder import Level

PRODUCT = """
void product(const float a[{m} * {k}], const float b[{k} * 128], float c[{m} * 128])
{{
    for (int i = 0; i < {m}; i++)
        for (int j = 0; j < 128; j++) {{
            float sum = 0;
            for (int q = 0; q < {k}; q++)
                sum += a[{a}] * b[{b}];
            c[i * 128 + j] = sum;
        }}
}}
"""


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("m", "k", "a", "b"), [
    (8, 24, "i * 24 + q", "q * 128 + j"), (8, 24, "q * 8 + i", "j * 24 + q"), (6, 5, "i * 5 + q", "j * 5 + q"),
    (1024, 32, "i * 32 + q", "q * 128 + j")])
def test_a_sum_that_fills_no_tile_is_filled_with_zeros(cache: Path, m: int, k: int, a: str, b: str) -> None:
    text = PRODUCT.format(m=m, k=k, a=a, b=b)
    options = engine.Options(seeds=1, budget=20.0, level=Level.TESTS, cache=cache)
    result = engine.translate(text, platforms.get("c"), platforms.get("bang"), file="product.c", options=options)
    assert result.confirmed and result.road == "matrix unit"
    lines = [line.strip() for line in result.text.splitlines()]
    assert ("__bang_write_value(" in result.text) == (k % 16 > 0)
    copied = next(n for n, line in enumerate(lines) if line.startswith("__memcpy(a_"))
    after = [line for line in lines[copied:] if line.startswith("for (int t")]
    assert len(after) == (m > 512)  # its rows serve all columns, where there are rows for all tasks
