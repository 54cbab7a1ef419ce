"""Products of near matrices, what is done once before a loop, and elements that are carried in rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.passes import toy
from tests.passes.interpret import run
from tests.passes.programs import F, I, kernel, load, loop, store, var
from tests.passes.test_bulk import MOVER, Copied
from xpiler import engine, platforms
from xpiler.facts import sym
from xpiler.facts.products import matrix_product
from xpiler.facts.sym import Sym
from xpiler.ir.nodes import Addr, Alloc, Buffer, Const, For, Intrinsic, Kernel, Stmt, Var
from xpiler.ir.walk import statements
from xpiler.passes.near.in_rows import InRows
from xpiler.passes.near.once import Effects, Once
from xpiler.verify.ladder import Level

CONV = """
void conv(const float x[2 * 16 * 36], const float w[64 * 64], float y[2 * 64 * 25]) {
  for (int n = 0; n < 2; ++n) for (int o = 0; o < 64; ++o) for (int i = 0; i < 5; ++i) for (int j = 0; j < 5; ++j) {
    float s = 0.0f;
    for (int c = 0; c < 16; ++c) for (int k = 0; k < 2; ++k) for (int l = 0; l < 2; ++l)
      s += x[((n * 16 + c) * 6 + i + k) * 6 + j + l] * w[((o * 16 + c) * 2 + k) * 2 + l];
    y[(n * 64 + o) * 25 + i * 5 + j] = s;
  }
}"""
ROWS = """
#include <math.h>
void rows(const float q[64 * 64], const float k[64 * 64], const float v[64 * 128], float y[64 * 128]) {
  for (int i = 0; i < 64; ++i) {
    float p[64], top = -INFINITY, all = 0.0f;
    for (int j = 0; j < 64; ++j) {
      float s = 0.0f;
      for (int d = 0; d < 64; ++d) s += q[i * 64 + d] * k[j * 64 + d];
      p[j] = s;
      top = fmaxf(top, s);
    }
    for (int j = 0; j < 64; ++j) { p[j] = expf(p[j] - top); all += p[j]; }
    for (int d = 0; d < 128; ++d) {
      float s = 0.0f;
      for (int j = 0; j < 64; ++j) s += p[j] / all * v[j * 128 + d];
      y[i * 128 + d] = s;
    }
  }
}"""


SHORT = ROWS.replace("k[64 * 64], const float v[64 * 128]", "k[40 * 64], const float v[40 * 24]").replace(
    "j < 64", "j < 40").replace("d < 128", "d < 24").replace("* 128", "* 24").replace("p[64]", "p[40]")


@pytest.mark.sampled(2)
@pytest.mark.parametrize(("name", "text", "products"), [
    ("conv", CONV, 1), ("rows", ROWS, 2), ("short", SHORT, 2)])
def test_sums_of_products_near_by_use_the_matrix_unit(cache: Path, name: str, text: str, products: int) -> None:
    options = engine.Options(seeds=1, budget=20.0, level=Level.TESTS, cache=cache)
    result = engine.translate(text, platforms.get("c"), platforms.get("bang"), file=f"{name}.c", options=options)
    lines = [line.strip() for line in result.text.splitlines()]
    assert result.confirmed
    assert sum("__bang_matmul(" in line for line in lines) == products
    ready = max(n for n, line in enumerate(lines) if "NRAM2WRAM" in line)
    rows = [n for n, line in enumerate(lines) if line.startswith("for (int i_")]
    assert text == CONV or ready < max(rows), "a weight is made ready before the rows it serves"


def product(rows: int, a: tuple[int, int], b: tuple[int, int], out: tuple[int, int] = (64, 1)) -> Sym:
    i, j, k = (sym.var(n, sym.integer(e)) for n, e in (("i", rows), ("j", 64), ("k", 32)))
    x = sym.load("a", sym.add(sym.scale(i, a[0]), sym.scale(k, a[1])), F)
    y = sym.load("b", sym.add(sym.scale(j, b[0]), sym.scale(k, b[1])), F)
    value = sym.fold("+", (k,), sym.binary("*", x, y, F), sym.number(0.0, F), F)
    index = sym.add(sym.scale(i, out[0]), sym.scale(j, out[1]))
    found = matrix_product(value, index, (i, j))
    return None if found is None else (found.a.buffer, found.a.rows, found.a.across, found.b.rows, found.b.across)


def test_what_a_product_is() -> None:
    """Rows of either factor lie behind one another, or columns; of the result, those of the first factor."""
    assert product(8, (32, 1), (32, 1)) == ("a", 8, False, 64, False)
    assert product(8, (1, 8), (1, 64)) == ("a", 8, True, 64, True)
    assert product(8, (32, 1), (32, 1), (1, 8)) == ("b", 64, False, 8, False), "the other way round"
    assert product(8, (32, 1), (33, 1)) is None, "rows with something between them"
    assert product(8, (64, 2), (32, 1)) is None, "every other element"


def weighed(reads: str = "k", scalar: int = 0, before: tuple[Stmt, ...] = ()) -> Kernel:
    """Rows of which each fills `w` with what is in `k`, and adds it to what it writes."""
    def call(name: str, *args: object) -> Stmt:
        made = tuple(a if not isinstance(a, str) else Addr(a, Const(0, I), F) for a in args)
        return Intrinsic(name, made)

    r = Var("r", I)
    own = tuple(Alloc(Buffer(n, F, Const(32, I), "pad")) for n in ("k", "w", "t"))
    fill = call("pscale", "w", reads, r if scalar else Const(2.0, F), Const(32, I))
    body = (*before, fill, call("padd", "t", "t", "w", Const(32, I)))
    seen = store("y", 0, load("t", 0))
    return Kernel("rows", (), (*own, For(r, Const(0, I), Const(4, I), Const(1, I), body), seen))


def inside(k: Kernel) -> list[str]:
    (rows,) = (s for s in k.body if isinstance(s, For))
    return [s.name for s in statements(rows.body) if isinstance(s, Intrinsic)]


def test_what_is_the_same_each_time_is_done_once() -> None:
    once = Once(Effects({(m.name, m.key): m for m in (*toy.COUNTED, *toy.WINDOWS)}, "copy"))
    assert inside(once.apply(weighed())) == ["padd"]
    assert inside(once.apply(weighed(scalar=1))) == ["pscale", "padd"], "another number each time"
    assert inside(once.apply(weighed(reads="t"))) == ["pscale", "padd"], "it reads what the loop changes"
    used = Intrinsic("padd", tuple(Addr(n, Const(0, I), F) for n in ("t", "t", "w")) + (Const(32, I),))
    assert inside(once.apply(weighed(before=(used,)))) == ["padd", "pscale", "padd"], "what was there before is read"


def test_elements_are_carried_in_rows() -> None:
    x, packed = Alloc(Buffer("x", F, Const(256, I), "pad")), Alloc(Buffer("packed", F, Const(256, I), "pad"))
    fill = loop("e", 256, store("x", var("e"), load("in", var("e"))))
    carry = loop("c", 16, loop("k", 2, loop("l", 2, store(
        "packed", var("c") * 4 + var("k") * 2 + var("l"), load("x", var("c") * 16 + var("k") * 8 + var("l"))))))
    leave = loop("e", 64, store("y", var("e"), load("packed", var("e"))))
    before = kernel("carried", "in y", x, packed, fill, carry, leave)
    after = InRows(MOVER).apply(before)
    assert [s.name for s in statements(after) if isinstance(s, Intrinsic)] == ["copy"]
    results = []
    for k in (before, after):
        arrays = {"in": np.arange(256.0), "y": np.zeros(64)}
        run(k, arrays, meanings=toy.MEANINGS | {("copy", ""): Copied()}, IN=0, OUT=1, OVER=2)
        results.append(arrays["y"])
    np.testing.assert_array_equal(*results)
