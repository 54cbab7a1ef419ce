"""Equality in exact arithmetic: which rewrites it proves, what it refutes, and where it does not know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from xpiler import platforms
from xpiler.engine import Level, Options, translate
from xpiler.ir.nodes import Program
from xpiler.text.read import read
from xpiler.verify.runs.compare import Tolerance
from xpiler.verify.exact.exact import EXACT, equal_exact
from xpiler.verify.runs.inputs import Point, make
from xpiler.verify.runs.kinds import Kind
from xpiler.verify.runs.observe import Case, Effort, Reference, observe
from xpiler.verify.signature import given_sizes, signature
from xpiler.verify.runs.sizes import known_sizes, with_floats
from xpiler.verify.runs.trial import Trial
from xpiler.verify.verdict import SOURCE, Evidence, Proved, Refuted, Unknown, Verdict

C = platforms.get("c")
EFFORT = Effort(seeds=2, double=False)


def observed(given: Program) -> Reference:
    """What the judge needs to know of a source; it looks at what the source computed nowhere."""
    sig = signature(given)
    scalars = with_floats(sig, {})
    kinds = [(0, Kind.RANDOM), (1, Kind.RANDOM), (0, Kind.NEGATIVE)]
    points = [(Point(scalars, known_sizes(sig, scalars), kind=kind), seed) for seed, kind in kinds]
    ran = Trial({}, (), "ok", 0.001)
    cases = tuple(Case(point, seed, make(sig, point, seed), ran, None) for point, seed in points)
    return Reference(sig, cases, Tolerance(2.0**-23, 16), Evidence(SOURCE, Proved("")))


def program(text: str, sizes: Mapping[str, int] | None = None) -> Program:
    return given_sizes(read(text, C, "k.c"), sizes or {})


def verdict(source: str, target: str, **sizes: int) -> Verdict:
    given = program(source, sizes)
    evidence = equal_exact(given, program(target), observed(given))
    assert evidence.rung == EXACT
    return evidence.verdict


def elementwise(value: str) -> str:
    """y[i] = value of a = x[i], b = z[i] (and s, a scalar)."""
    return f"""
#include <math.h>
void f(const float* x, const float* z, float* y, float s) {{
  for (int i = 0; i < 64; ++i) {{ float a = x[i], b = z[i]; y[i] = {value}; }}
}}
"""


def together(values: Sequence[str]) -> str:
    """Each value of 16 elements, one after the other."""
    lines = "\n".join(f"    y[{k * 16} + i] = {value};" for k, value in enumerate(values))
    return f"""
#include <math.h>
void f(const float* x, const float* z, float* y, float s) {{
  for (int i = 0; i < 16; ++i) {{ float a = x[i], b = z[i];
{lines}
  }}
}}
"""


def elements(source: str, target: str) -> Verdict:
    return verdict(elementwise(source), elementwise(target), x=64, z=64, y=64)


def reduction(body: str) -> str:
    """Rows of 16 of x become rows of y."""
    return f"""
#include <math.h>
void f(const float* x, float* y) {{
  for (int r = 0; r < 8; ++r) {{ const float* in = x + r * 16; float* out = y + r * 16;
{body}
  }}
}}
"""


def rows(source: str, target: str) -> Verdict:
    return verdict(source, target, x=128, y=128)


SOFTMAX = reduction("""
    float top = -INFINITY, sum = 0.0f;
    for (int c = 0; c < 16; ++c) top = fmaxf(top, in[c]);
    for (int c = 0; c < 16; ++c) sum += expf(in[c] - top);
    for (int c = 0; c < 16; ++c) out[c] = expf(in[c] - top) / sum;
""")

ONLINE_SOFTMAX = reduction("""
    float top = -INFINITY, sum = 0.0f;
    for (int c = 0; c < 16; ++c) {
      float next = fmaxf(top, in[c]);
      sum = sum * expf(top - next) + expf(in[c] - next);
      top = next;
    }
    float scale = 1.0f / sum;
    for (int c = 0; c < 16; ++c) out[c] = expf(in[c] - top) * scale;
""")

BASE_TWO_SOFTMAX = reduction("""
    float sum = 0.0f;
    for (int c = 0; c < 16; ++c) sum += exp2f(in[c] * 1.44269504f);
    for (int c = 0; c < 16; ++c) out[c] = exp2f(in[c] * 1.44269504f) / sum;
""")

EQUAL = {
    "reassociated": ("(a + b) * s", "s * b + a * s"),
    "divided": ("a / b", "a * (1.0f / b)"),
    "fused": ("a * b + s", "fmaf(b, a, s)"),
    "exp of a sum": ("expf(a + b - s)", "expf(b) * expf(a) / expf(s)"),
    "another base": ("expf(a)", "exp2f(a * 1.44269504f)"),
    "sigmoid": ("1.0f / (1.0f + expf(-a))", "expf(a) / (1.0f + expf(a))"),
    "tanh": ("tanhf(a)", "2.0f / (1.0f + expf(-2.0f * a)) - 1.0f"),
    "silu": ("a / (1.0f + expf(-a))", "0.5f * a * (1.0f + tanhf(0.5f * a))"),
    "maximum": ("fmaxf(a, 0.0f)", "a > 0.0f ? a : 0.0f"),
    "maximum, shifted": ("fmaxf(a, b) + s", "fmaxf(s + a, s + b)"),
    "absolute value": ("fabsf(a - b)", "fmaxf(a, b) - fminf(b, a)"),
    "a decimal in another type": ("a * 0.1f", "(float)(a * 0.1)"),
    "a root of a constant": ("a / sqrtf(64.0f)", "a * 0.125f"),
    "reciprocal of a root": ("(a - b) / sqrtf(a * a + s)", "(a - b) * (1.0f / sqrtf(s + a * a))"),
    "erf is odd": ("a * (1.0f + erff(b))", "a * erfcf(-b)"),
    "a square": ("powf(a, 2.0f)", "a * a"),
    "logarithms": ("logf(a * a + 1.0f)", "log1pf(a * a)"),
}

DIFFERENT = {
    "a missing term": ("a * b + s", "a * b"),
    "another constant": ("a * 0.5f", "a * 0.25f"),
    "a sign": ("a - b", "b - a"),
    "a sum instead of a maximum": ("fmaxf(a, b)", "a + b"),
    "a minimum": ("fmaxf(a, b)", "fminf(a, b)"),
    "an exponent": ("expf(a)", "expf(a) * expf(a)"),
    "a scalar left out": ("a * s", "a"),
}

# Pairs that exact arithmetic cannot tell apart, or together: never proved, never refuted.
UNDECIDED = {
    "a law of roots": ("sqrtf(a * a)", "fabsf(a)"),
    "a law of logarithms": ("logf(a * a * b * b)", "logf(a * a) + logf(b * b)"),
    "a rounded constant": ("a / 3.0f", "a * 0.333333343f"),
    "another function": ("sinf(a)", "a"),
}


def test_rewrites_over_the_reals_are_proved() -> None:
    """All in one pair of programs; where it fails, the element tells which."""
    found = verdict(*(together([pair[side] for pair in EQUAL.values()]) for side in (0, 1)), x=16, z=16,
                    y=16 * len(EQUAL))
    assert isinstance(found, Proved), (found, dict(enumerate(EQUAL)))


@pytest.mark.parametrize("pair", DIFFERENT.values(), ids=DIFFERENT)
def test_other_functions_are_refuted_at_an_element(pair: tuple[str, str]) -> None:
    found = elements(*pair)
    assert isinstance(found, Refuted), found
    w = found.witness
    assert w.buffer == "y" and w.index is not None and w.expected != w.actual


@pytest.mark.parametrize("pair", UNDECIDED.values(), ids=UNDECIDED)
def test_what_may_be_a_law_or_rounding_is_not_decided(pair: tuple[str, str]) -> None:
    found = elements(*pair)
    assert isinstance(found, Unknown), found


def test_a_scope_says_which_decisions_and_functions_it_rests_on() -> None:
    ring = elements("a * b", "b * a")
    assert isinstance(ring, Proved) and ring.scope.startswith("all real inputs;") and "2^-60" in ring.scope
    order = elements("fmaxf(a, b)", "fmaxf(b, a)")
    assert isinstance(order, Proved) and "on which comparisons fall as in the" in order.scope
    erf = elements("erff(a)", "erff(a)")
    assert isinstance(erf, Proved) and "erf taken as unknown functions" in erf.scope


@pytest.mark.parametrize("target", [ONLINE_SOFTMAX, BASE_TWO_SOFTMAX], ids=["online", "base two"])
def test_softmax_in_other_words_is_softmax(target: str) -> None:
    found = rows(SOFTMAX, target)
    assert isinstance(found, Proved), found


def test_an_online_softmax_that_forgets_to_rescale_is_not() -> None:
    found = rows(SOFTMAX, ONLINE_SOFTMAX.replace("sum * expf(top - next)", "sum"))
    assert isinstance(found, Refuted), found


def gemm(inner: str = "A[i * 24 + k] * B[k * 16 + j]", k: str = "24", rows: str = "12") -> str:
    return f"""
void f(const float* A, const float* B, float* C) {{
  for (int i = 0; i < {rows}; ++i)
    for (int j = 0; j < 16; ++j) {{
      float sum = 0.0f;
      for (int k = 0; k < {k}; ++k) sum += {inner};
      C[i * 16 + j] = sum;
    }}
}}
"""


def products(target: str) -> Verdict:
    return verdict(gemm(), target, A=288, B=384, C=192)


MUTANTS = {
    "transposed": gemm("A[i * 24 + k] * B[(k % 16) * 16 + j]"),
    "a term is missing": gemm(k="23"),
    "swapped axes": gemm("A[j * 12 + k % 12] * B[k * 16 + i]"),
    "a dropped row": gemm(rows="11"),
    "off by one": gemm("A[i * 24 + k] * B[k * 16 + (j + 1) % 16]"),
}


def test_a_product_summed_backwards_in_blocks_is_the_same() -> None:
    target = """
void f(const float* A, const float* B, float* C) {
  for (int j = 0; j < 16; ++j)
    for (int i = 0; i < 12; ++i) {
      float parts[4] = {0.0f, 0.0f, 0.0f, 0.0f};
      for (int k = 5; k >= 0; --k)
        for (int u = 0; u < 4; ++u) parts[u] += B[(k * 4 + u) * 16 + j] * A[i * 24 + k * 4 + u];
      C[i * 16 + j] = (parts[3] + parts[1]) + (parts[0] + parts[2]);
    }
}
"""
    found = products(target)
    assert isinstance(found, Proved) and found.scope.startswith("all real inputs; the sizes in the text;"), found


@pytest.mark.parametrize("target", MUTANTS.values(), ids=MUTANTS)
def test_wrong_products_are_refuted(target: str) -> None:
    found = products(target)
    assert isinstance(found, Refuted), found


def test_a_tail_that_is_dropped_is_refuted() -> None:
    source = "void f(const float* x, float* y) { for (int i = 0; i < 37; ++i) y[i] = x[i] + 1.0f; }"
    found = verdict(source, source.replace("i < 37;", "i < 36;"), x=37, y=37)
    assert isinstance(found, Refuted) and "written by the source only" in found.witness.what, found


def test_a_maximum_that_starts_at_zero_is_refuted() -> None:
    source = reduction("float t = -INFINITY; for (int c = 0; c < 16; ++c) t = fmaxf(t, in[c]);"
                       "for (int c = 0; c < 16; ++c) out[c] = t;")
    found = rows(source, source.replace("-INFINITY", "0.0f"))
    assert isinstance(found, Refuted), found


def test_bits_of_floats_are_not_reals() -> None:
    text = """
#include <string.h>
void f(const float* x, float* y) {
  for (int i = 0; i < 64; ++i) { unsigned b; memcpy(&b, &x[i], 4); b &= 0x7fffffffu; memcpy(&y[i], &b, 4); }
}
"""
    found = verdict(text, text, x=64, y=64)
    assert isinstance(found, Unknown) and "bits of a float" in found.reason, found


def test_no_inputs_are_no_verdict() -> None:
    given = program(elementwise("a"), {"x": 64, "z": 64, "y": 64})
    reference = observed(given)
    only = replace(reference, cases=tuple(c for c in reference.cases if c.point.kind is Kind.NEGATIVE))
    for cases in (only, replace(reference, cases=())):
        assert isinstance(equal_exact(given, given, cases).verdict, Unknown)


def test_a_variable_called_like_a_bound_is_another() -> None:
    source = "void f(const float* x, float* y) { for (int i = 0; i < 64; ++i) { int i_stop = 7; y[i] = x[i] * i_stop; } }"
    found = verdict(source, source.replace("* i_stop", "* 64"), x=64, y=64)
    assert isinstance(found, Refuted), found


def test_no_time_is_no_verdict() -> None:
    text = elementwise("a")
    given = program(text, {"x": 64, "z": 64, "y": 64})
    found = equal_exact(given, given, observed(given), seconds=-1.0).verdict
    assert isinstance(found, Unknown) and "no time" in found.reason, found


@pytest.mark.slow
@pytest.mark.parametrize("name", ["softmax.cu", "gemm_half.hip", "layernorm.mlu", "relu_runtime.cu"])
def test_translations_of_examples_are_the_same_function(examples: Path, name: str) -> None:
    path = examples / name
    source = next(p for p in map(platforms.get, platforms.NAMES) if path.suffix in p.suffixes)
    text = path.read_text()
    given = read(text, source, name)
    reference = observe(text, source, given, file=name, effort=EFFORT)
    options = Options(level=Level.TESTS)
    for target in (p for p in map(platforms.get, platforms.NAMES) if p.name != source.name):
        made = translate(text, source, target, file=name, options=options).text
        found = equal_exact(given, read(made, target, name), reference).verdict
        if target.name == "vnni" and "expf" in text:  # which is a polynomial there
            assert isinstance(found, Unknown) and "law of exp" in found.reason
        else:
            assert isinstance(found, Proved), (target.name, found)


@pytest.mark.parametrize(("largest", "seconds", "shown"), [(192, 5.0, True), (96, 60.0, True), (96, 5.0, False),
                                                          (64, 60.0, False)])
def test_how_many_elements_are_run_hangs_on_the_time_there_is(
    largest: int, seconds: float, shown: bool, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three arrays of 64; twice as many elements as usual where there is time."""
    monkeypatch.setattr("xpiler.verify.exact.exact.LARGEST", largest)
    given = program(elementwise("a + b"), {"x": 64, "z": 64, "y": 64})
    found = equal_exact(given, program(elementwise("b + a")), observed(given), seconds=seconds).verdict
    assert isinstance(found, Proved) if shown else isinstance(found, Unknown) and "too many" in found.reason
