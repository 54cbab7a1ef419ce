"""Quotients and remainders by what only a run knows, made of several sizes: w * h, a + b, 2 * w."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from tests.passes.interpret import run
from xpiler import platforms
from xpiler.facts import sym
from xpiler.ir.nodes import Binary, For, Kernel
from xpiler.ir.walk import expressions, statements, subexpressions
from xpiler.passes.contract import Contract
from xpiler.text.read import read
from xpiler.to_pivot import sequential

PARTS = {
    "planes": ("n * h * w", "x[(i / (w * h)) * h * w + i / w % h + h * (i % w)]"),
    "beside": ("n * (h + w)", "i % (h + w) < h ? x[i / (h + w) * h + i % (h + w)] : x[i % (h + w) - h]"),
    "shuffled": ("n * h * w * 4", "x[i / (4 * h * w) + i / (2 * w) % (2 * h) % 2 + i % (2 * w) / 2]"),
}
ROWS = "x[(i / 32) * w * 32 + (i / 8 % 4) * 8 * w + i % 8 * w]"


def kernel(extent: str, value: str) -> Kernel:
    c = platforms.get("c")
    loop = f"for (int i = 0; i < {extent}; ++i) y[i] = {value};"
    text = f"void k(const float* x, float* y, int n, int h, int w) {{ {loop} }}"
    return sequential(read(text, c, "k.c"), c, contracted=False)[0].kernels[0]


def divisions(k: Kernel) -> int:
    return sum(isinstance(e, Binary) and e.op in ("/", "%")
               for s in statements(k.body) for x in expressions(s) for e in subexpressions(x))


def agree(given: Kernel, made: Kernel) -> None:
    for n, h, w in product((1, 2), (1, 3), (1, 4)):
        kept = []
        for k in (given, made):
            y = np.zeros(200, np.float32)
            run(k, {"x": np.arange(400, dtype=np.float32), "y": y}, n=n, h=h, w=w)
            kept.append(y)
        np.testing.assert_array_equal(*kept)


@pytest.mark.parametrize("name", PARTS)
def test_loops_are_what_an_index_is_taken_apart_into(name: str) -> None:
    given = kernel(*PARTS[name])
    made = Contract().apply(given)
    assert divisions(made) == 0 and sum(isinstance(s, For) for s in statements(made.body)) > 1
    agree(given, made)


def test_rows_that_were_taken_apart_are_rows_again() -> None:
    given = kernel("n", ROWS)
    made = Contract().apply(given)
    assert divisions(made) == 0
    agree(given, made)


def test_a_rest_that_may_be_as_large_stays() -> None:
    h, w = sym.var("h"), sym.var("w")
    t = sym.var("t", sym.add(h, w))
    assert sym.div(sym.add(sym.mul(sym.var("i", h), w), t), w).op == "div"
    whole = sym.add(h, w)
    assert sym.div(sym.add(sym.mul(sym.var("i", h), whole), t), whole) is sym.var("i", h)
