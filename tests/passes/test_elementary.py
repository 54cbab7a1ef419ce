"""exp without exp: accurate to a rounding or two, and no calls left where the target is C with VNNI."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from xpiler import engine, platforms
from xpiler.facts import sym
from xpiler.facts.sym import Sym
from xpiler.ir.types import DType
from xpiler.passes.elementary import exponential
from xpiler.verify.ladder import Level

Floats = NDArray[np.float32]


def computed(x: Sym, at: Floats) -> Floats:
    """A formula in float32, `fma` with one rounding."""
    if x.op == "flt":
        return np.full_like(at, sym.float_of(x))
    if x.op == "var":
        return at
    a = [computed(p, at) for p in x.args]
    wide = [v.astype(np.float64) for v in a]
    match x.data:
        case "fma":
            return (wide[0] * wide[1] + wide[2]).astype(np.float32)
        case "floor":
            return np.floor(a[0])
        case "exp2":
            return np.exp2(a[0])
        case "min" | "max":
            return (np.minimum if x.data == "min" else np.maximum)(*a)
        case "+":
            return a[0] + a[1]
        case "*":
            return a[0] * a[1]
    raise AssertionError(x)


def test_the_exponential_is_right_to_two_roundings() -> None:
    x = np.concatenate([np.linspace(-87, 88.7, 400_001), [0.0, -0.0, 1e-30, -1e-7, np.log(2) / 2]]).astype(np.float32)
    true = np.exp(x.astype(np.float64))
    got = computed(exponential(sym.var("x", None, DType.F32)), x)
    assert np.max(np.abs(got - true) / true) < 2 * 2.0**-23
    with np.errstate(over="ignore"):
        ends = computed(exponential(sym.var("x", None, DType.F32)), np.array([-np.inf, -200, 89, np.inf, np.nan], np.float32))
    assert list(ends[:4]) == [0, 0, np.inf, np.inf] and np.isnan(ends[4])


@pytest.mark.slow  # a translation
def test_no_call_is_left_in_lanes(cache: Path) -> None:
    text = "void k(const float x[77], float y[77]) { for (int i = 0; i < 77; ++i) y[i] = expf(x[i]) + 1.0f; }"
    options = engine.Options(seeds=1, budget=20.0, level=Level.TESTS, cache=cache)
    result = engine.translate(text, platforms.get("c"), platforms.get("vnni"), file="k.c", options=options)
    assert result.confirmed and result.road == "vectors"
    assert "expf(" not in result.text and "_mm512_scalef_ps" in result.text and "NaN" not in str(result.evidence)
