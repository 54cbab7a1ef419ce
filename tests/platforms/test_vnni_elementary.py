"""Functions that texts for AVX-512 carry: accurate, right at the ends, and in place of calls lane by lane."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from xpiler import engine, platforms
from xpiler.emulate import Entry, build, run
from xpiler.ir.nodes import Buffer
from xpiler.ir.types import DType
from xpiler.text.writing.prelude import preludes
from xpiler.verify.ladder import Level

VNNI = platforms.get("vnni")
N = 1 << 14
NONE = float("nan")
# what it does to how many units in the last place, where it is tried, and what it does to the ends of that and no number
FUNCTIONS: dict[str, tuple[Callable[[float], float], float, tuple[float, float], list[tuple[float, float]]]] = {
    "exp": (math.exp, 1.0, (-87.0, 88.7), [(-math.inf, 0), (-200, 0), (89, math.inf), (math.inf, math.inf), (NONE, NONE)]),
    "tanh": (math.tanh, 2.5, (-12.0, 12.0), [(-math.inf, -1), (math.inf, 1), (0, 0), (1e-40, 1e-40), (NONE, NONE)]),
    "erf": (math.erf, 1.2, (-5.0, 5.0), [(-math.inf, -1), (math.inf, 1), (0, 0), (NONE, NONE)]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_is_accurate_and_right_at_the_ends(name: str, cache: Path) -> None:
    true, ulps, (low, high), ends = FUNCTIONS[name]
    call = f"_mm512_storeu_ps(y + i, {name}_ps(_mm512_loadu_ps(x + i)));"
    kernel = f'extern "C" void k(const float* x, float* y) {{ for (int i = 0; i < {N}; i += 16) {call} }}'
    x = np.linspace(low, high, N).astype(np.float32)
    x[::3] *= np.float32(2.0) ** -np.arange(len(x[::3])).astype(np.float32) % 40
    x[: len(ends)] = [a for a, _ in ends]
    entry = Entry("k", (Buffer("x", DType.F32, None, const=True), Buffer("y", DType.F32, None)))
    text = f"#include <immintrin.h>\n{preludes(kernel, VNNI)}\n{kernel}\n"
    done = run(build(text, VNNI, entry, file="k.cpp", cache=cache), entry, {"x": x, "y": np.zeros(N, np.float32)})
    y = done.outputs["y"]
    np.testing.assert_array_equal(y[: len(ends)], np.array([v for _, v in ends], np.float32))
    want = np.array([true(v) for v in x[len(ends):].tolist()])
    off = np.abs(y[len(ends):].astype(np.float64) - want) / np.spacing(np.abs(want).astype(np.float32))
    assert off.max() < ulps


@pytest.mark.slow  # a translation
def test_no_call_is_left_in_lanes_and_no_name_hides_one(cache: Path) -> None:
    text = "void k(const float x[77], float y[77]) { for (int i = 0; i < 77; ++i) y[i] = expf(x[i]) + 1.0f; }"
    options = engine.Options(seeds=1, budget=20.0, level=Level.TESTS, cache=cache)
    text = text.replace("x[", "exp_ps[")
    result = engine.translate(text, platforms.get("c"), VNNI, file="k.c", options=options)
    assert result.confirmed and result.road == "vectors"
    assert "expf(" not in result.text and "= exp_ps(exp_ps_v)" in result.text and "NaN" not in str(result.evidence)
