"""Statements and loops that make what the right program computes and a text never does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from tests.repair.test_grafts import IN, Seen, sites, worth
from xpiler import platforms
from xpiler.emulate.build import build
from xpiler.emulate.entry import Entry, Limits
from xpiler.emulate.many import run_many
from xpiler.repair.divergence import Values
from xpiler.repair.grafts import Lacking, Missing, Worth
from xpiler.repair.holes import put_back
from xpiler.repair.instrument import Role, instrumented
from xpiler.repair.opened import Text, following
from xpiler.repair.score import Score
from xpiler.repair.sketch import Sketch
from xpiler.repairing import repair
from xpiler.text.read import read
from xpiler.text.sites import Sites
from xpiler.verify.signature import signature

SCALED = """#include <bang.h>
__mlu_entry__ void k(const float *in, const float *w, float *out) {
    __nram__ float a[64];
    __nram__ float by[64];
    __nram__ float scaled[64];
    __nram__ float b[64];
    __memcpy(a, in, 64 * sizeof(float), GDRAM2NRAM);
    __memcpy(by, w, 64 * sizeof(float), GDRAM2NRAM);
    __bang_mul(scaled, a, by, 64);
    __bang_add(b, scaled, a, 64);
    __memcpy(out, b, 64 * sizeof(float), NRAM2GDRAM);
}
"""
LOST = SCALED.replace("    __bang_mul(scaled, a, by, 64);\n", "")
PLAIN = """void k(const float *in, const float *w, float *out) {
    for (int i = 0; i < 64; ++i)
        out[i] = in[i] * w[i] + in[i];
}
"""
BY = np.linspace(1.0, 2.0, 64)
REGISTERS = """#include <immintrin.h>
void dot(const float *x, const float *y, float *z) {
    __m512 sum = _mm512_set1_ps(0.0f);
    for (int i = 0; i < 64; i += 16) {
        __m512 a = _mm512_loadu_ps(x + i);
        __m512 b = _mm512_loadu_ps(y + i);
    }
    z[0] = _mm512_reduce_add_ps(sum);
}
"""
ROWS = """#include <math.h>
void rows(const float *x, float *y) {
    for (int r = 0; r < 4; ++r) {
        float sum = 0.0f;
        for (int k = 0; k < 64; ++k)
            sum += expf(x[r * 64 + k]);
        for (int k = 0; k < 64; ++k)
            y[r * 64 + k] = expf(x[r * 64 + k]) / sum;
    }
}
"""
TAIL = """        for (int k = 0; k < 64; ++k)
            y[r * 64 + k] = expf(x[r * 64 + k]) / sum;
"""


def left(at: Sites, values: Mapping[str, Values]) -> Worth:
    """A text whose calls leave this behind in the array they write."""
    written = {k: (x.spelled.partition("(")[2].partition(",")[0], x) for k, x in enumerate(instrumented(at).watched)}
    return Worth(at, {k: (Seen(values[name]), x) for k, (name, x) in written.items()
                      if x.role is Role.CALL and name in values})


def bang(text: str) -> Sites:
    platform = platforms.get("bang")
    return Sites(text, platform, read(text, platform, "t", geometry={"task": "1"}), "t")


def offered(at: Sites, lacking: Lacking) -> dict[str, float]:
    return {c.spelled: c.cost for h in put_back(at, lacking) for c in h.choices}


def test_what_holds_the_parts_of_what_is_missing_is_found_by_its_values() -> None:
    at = bang(LOST)
    wrong = left(at, {"a": IN, "by": BY})
    right = worth(PLAIN, {"in[i]": IN, "w[i]": BY, "in[i] * w[i]": IN * BY, "in[i] * w[i] + in[i]": IN * BY + IN})
    found = Missing(right, wrong, 1e-6, {n: n for n in ("in", "w", "out")}, {"in": IN, "w": BY}).lacking()
    assert frozenset({"a", "by"}) in found.parts
    words = offered(at, found)
    assert words["__bang_mul(scaled, by, a, 64);"] < words["__bang_mul(b, by, a, 64);"], "nothing else writes it"


def test_calls_of_a_right_program_say_what_they_read() -> None:
    has = {"a": IN, "by": BY}
    right = left(bang(SCALED), {**has, "scaled": IN * BY, "b": IN * BY + IN})
    found = Missing(right, left(bang(LOST), has), 1e-6, {n: n for n in ("in", "w", "out")}, {"in": IN, "w": BY})
    assert frozenset({"a", "by"}) in found.parts()


def test_a_register_takes_what_a_function_makes_of_others_and_itself() -> None:
    platform = platforms.get("vnni")
    at = Sites(REGISTERS, platform, read(REGISTERS, platform, "t"), "t")
    assert "sum = _mm512_fmadd_ps(a, b, sum);" in offered(at, Lacking(parts=(frozenset({"a", "b"}),)))


def test_a_loop_is_offered_over_what_has_no_value() -> None:
    at = sites(ROWS.replace(TAIL, ""))
    words = offered(at, Lacking(("(expf(x[r * 64 + k]) / sum)", "nobody")))
    assert "for (int i = 0; i < 64; ++i) { y[r * 64 + i] = (expf(x[r * 64 + i]) / sum); }" in words
    assert not offered(sites(ROWS), Lacking(("(expf(x[@@]) / sum)",))), "every array has its values"


def test_a_loop_is_offered_that_adds_up() -> None:
    at = sites(ROWS.replace("            sum += expf(x[r * 64 + k]);\n", "            ;\n"))
    words = offered(at, Lacking())
    assert "for (int i = 0; i < 64; ++i) { sum += x[r * 64 + i]; }" in words


SOURCE_ROWS = """#include <math.h>
void rows(const float *x, float *y) {
    for (int r = 0; r < 4; ++r) {
        float e[64], sum = 0.0f;
        for (int k = 0; k < 64; ++k) {
            e[k] = expf(x[r * 64 + k]);
            sum += e[k];
        }
        for (int k = 0; k < 64; ++k)
            y[r * 64 + k] = e[k] / sum;
    }
}
"""


def test_what_a_source_adds_up_is_added_up_in_a_loop() -> None:
    """The text has the terms, and no sum of them."""
    x = np.linspace(-1, 1, 256)
    e, sums = np.exp(x), np.exp(x).reshape(4, 64).sum(axis=1)
    told = {"x[r * 64 + k]": x, "expf(x[r * 64 + k])": e, "e[k]": e, "sum": sums, "e[k] / sum": e / np.repeat(sums, 64)}
    lost = ROWS.replace("        for (int k = 0; k < 64; ++k)\n            sum += expf(x[r * 64 + k]);\n", "")
    has = {"x[r * 64 + k]": x, "expf(x[r * 64 + k])": e, "sum": np.zeros(4)}
    found = Missing(worth(SOURCE_ROWS, told), worth(lost, has), 1e-6, {n: n for n in ("x", "y")}, {"x": x}).lacking()
    assert found.terms == ("(expf(x[@r * 64 + k@]))",)
    words = offered(sites(lost), found)
    assert "for (int i = 0; i < 64; ++i) { sum += (expf(x[r * 64 + i])); }" in words
    assert "for (int i = 0; i < 64; ++i) { sum += x[r * 64 + i]; }" not in words, "it is known what is added up"
    whole = Missing(worth(SOURCE_ROWS, told), worth(ROWS, {**has, "sum": sums}), 1e-6, {n: n for n in ("x", "y")}, {})
    assert not whole.terms()


def test_a_loop_does_what_its_text_does() -> None:
    at = sites(ROWS.replace(TAIL, ""))
    sketch = Sketch(at.data, put_back(at, Lacking(("(expf(x[@@]) / sum)",))))
    k, c = [(k, c) for k, h in enumerate(sketch.holes) for c, one in enumerate(h.choices, 1)
            if "i < 64; ++i) { y[r * 64 + i] = (expf(x[r * 64 + i]) / sum); }" in one.spelled][-1]
    sig = signature(sites(ROWS).program)
    entry = Entry(sig.name, sig.params)
    x = np.linspace(-1, 1, 256, dtype=np.float32)
    given = {"x": x, "y": np.zeros(256, np.float32)}
    made = build(sketch.text, at.platform, entry, many=True, beside=sketch.beside)
    done = run_many(made, entry, given, Limits(), [{k: c}], each=0.5)[0]
    e = np.exp(x.reshape(4, 64))
    assert np.allclose(done.outputs["y"], (e / e.sum(axis=1, keepdims=True)).ravel(), atol=1e-6), sketch.filled({k: c})


@pytest.mark.slow
def test_a_loop_that_was_lost_is_put_in() -> None:
    c = platforms.get("c")
    done = repair(ROWS, c, ROWS.replace(TAIL, ""), c)
    assert done.confirmed, done.mended


def test_what_is_missing_waits_until_the_rule_holds() -> None:
    """Of a text that breaks none it is tried before a change that brought it a little nearer."""
    lacking = Text("a", Score(0.5), stage=1)
    nearer = Text("b", Score(0.6))
    assert following([lacking, nearer], 0) is lacking
    broken = replace(lacking, score=replace(lacking.score, right=0.0, met="rule"))
    assert following([broken, replace(nearer, score=replace(nearer.score, right=0.1))], 0).text == "b"
