"""Hard inputs refute what random ones spare, and spare what only rounds otherwise."""

from __future__ import annotations

import pytest

from tests.verify.kernels import complaint, each, row, scope

SUM = row("float s = 0.0f;\n    for (int i = 0; i < n; ++i) s += x[i];\n    for (int i = 0; i < n; ++i) y[i] = s;")
FROM_BEHIND = SUM.replace("for (int i = 0; i < n; ++i) s += x[i];", "for (int i = n - 1; i >= 0; --i) s += x[i];")
TOP = "float m = {};\n    for (int i = 0; i < n; ++i) {}\n    "
SOFTMAX = row(TOP.format("x[0]", "if (x[i] > m) m = x[i];") + """float s = 0.0f;
    for (int i = 0; i < n; ++i) s += expf(x[i] - m);
    for (int i = 0; i < n; ++i) y[i] = expf(x[i] - m) / s;""")
MAX = row(TOP.format("-INFINITY", "m = fmaxf(m, x[i]);") + "for (int i = 0; i < n; ++i) y[i] = m;")
FIRST = row("int at = 0;\n    for (int i = 1; i < n; ++i) if (x[i] > x[at]) at = i;\n"
            "    for (int i = 0; i < n; ++i) y[i] = at;", y="int")
TWICE = each("y[i] = 2.0f * x[i];")
WIDER = each("y[i] = (int)x[i] * 3;", "signed char", "int")
NEXT = each("y[i] = x[i] + 1;", "int", "int")
SUMS = each("y[i] = (int)((unsigned)x[i] + (unsigned)x[i]);", "int", "int")
HIGH = each("y[i] = (int)(((long long)x[i] * x[i]) >> 32);", "int", "int")
ROUNDED = each("y[i] = (int)rintf(x[i]);", y="int")
CENTRED = row("""float m = 0.0f, v = 0.0f;
    for (int i = 0; i < n; ++i) m += x[i];
    m = m / n;
    for (int i = 0; i < n; ++i) v += (x[i] - m) * (x[i] - m);
    for (int i = 0; i < n; ++i) y[i] = (x[i] - m) * rsqrtf(v / n + 1e-5f);""")


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("source", "target", "on"), [
    (SOFTMAX, SOFTMAX.replace("- m", "- 0.0f"), "cancellation"),
    (MAX, MAX.replace("-INFINITY", "n > 1 ? 0.0f : x[0]"), "all negative"),
    (FIRST, FIRST.replace("x[i] > x[at]", "x[i] >= x[at]"), "ties"),
    (TWICE, TWICE.replace("2.0f * x[i]", "(fabsf(x[i]) < 1e-37f ? 0.0f : 2.0f * x[i])"), "denormals"),
    (TWICE, TWICE.replace("2.0f * x[i]", "(isinf(x[i]) ? 0.0f : 2.0f * x[i])"), "infinities"),
    (TWICE, TWICE.replace("i < n", "i < n && n > 1"), "n=1,"),
    (TWICE, TWICE.replace("i < n", "i < n && i < 4096"), "n=4097,"),
    (TWICE, TWICE.replace("i < n", "i < n && n != 65"), "n=65,"),
    (each("y[i] = 1.0f / x[i];"), each("y[i] = x[i] == 0.0f ? INFINITY : 1.0f / x[i];"), "zeros of both signs"),
    (WIDER, WIDER.replace("(int)x[i]", "(int)(unsigned char)x[i]"), "differs"),
    (NEXT, NEXT.replace("x[i] + 1", "(short)x[i] + 1"), "integers"),
    (NEXT, NEXT.replace("x[i] + 1", "(int)((float)x[i] + 1.0f)"), "integers"),
    (HIGH, HIGH.replace("(int)(((long long)x[i] * x[i]) >> 32)", "0"), "integers"),
    (SUMS, SUMS.replace("(int)((unsigned)x[i] + (unsigned)x[i])", "max(min(2LL * x[i], 2147483647LL), -2147483648LL)"),
     "the whole range of integers"),
    (ROUNDED, ROUNDED.replace("rintf", "roundf"), "ties"),
    (SOFTMAX, SOFTMAX.replace("float m = x[0]", "float m = 0.0f"), "far from zero"),
    (CENTRED, CENTRED.replace("1e-5f", "(n > 1 ? 0.0f : 1e-5f)"), "constant rows"),
], ids=lambda x: x if len(x) < 24 else "")
def test_a_mistake_is_seen_on_the_inputs_made_for_it(source: str, target: str, on: str) -> None:
    assert on in complaint(source, target)


@pytest.mark.slow  # several builds
@pytest.mark.parametrize(("source", "target"), [
    (SUM, FROM_BEHIND), (CENTRED, CENTRED.replace("m = m / n;", "m = m * (1.0f / n);")),
    (SOFTMAX, SOFTMAX.replace("expf(x[i] - m) / s", "expf(x[i] - m) * (1.0f / s)")),
    (SOFTMAX, SOFTMAX.replace("for (int i = 0; i < n; ++i) s +=", "for (int i = n - 1; i >= 0; --i) s +=")),
    (each("y[i] = x[i] * (1.0f + tanhf(1.5f * x[i]));"),
     each("y[i] = x[i] * (1.0f + (1.0f - 2.0f / (expf(3.0f * x[i]) + 1.0f)));")),
    (each("y[i] = x[i] * x[i] - 0.1f * x[i];"), each("y[i] = x[i] * (x[i] - 0.1f);")),
], ids=["sum", "centred", "reciprocal", "softmax", "gelu", "factored"])
def test_another_rounding_is_the_same(source: str, target: str) -> None:
    told = scope(source, target)
    assert "13 hard, of 13 kinds" in told and "n=1024, 997, 31, 1, 65 and 4097, float32" in told


@pytest.mark.parametrize(("source", "target"), [
    (each("y[i] = x[i] * x[i] / 2;", "int", "int"), each("y[i] = (int)((long long)x[i] * x[i] / 2);", "int", "int")),
    (each("y[i] = x[i] + x[i] + x[i] > 0;", "int", "int"), each("y[i] = x[i] > 0;", "int", "int")),
    (each("y[i] = (signed char)(0.37f * x[i]);", "int", "signed char"),
     each("y[i] = (signed char)((double)0.37f * x[i]);", "int", "signed char")),
], ids=["product", "sum", "scaled"])
def test_what_the_source_leaves_undefined_is_not_held_against_a_target(source: str, target: str) -> None:
    assert "integers of half a word" in scope(source, target) or "large" not in scope(source, target)


HALVES = row("""float s = 0.0f;
    for (int i = 0; i < n; ++i) s += __half2float(x[i]);
    for (int i = 0; i < n; ++i) y[i] = __float2half(s);""", "__half", "__half")
IN_HALVES = HALVES.replace("float s = 0.0f", "__half s = __float2half(0.0f)").replace("__float2half(s);\n  }", "s;\n  }")
IN_HALVES = IN_HALVES.replace("s += __half2float(x[i])", "s = __hadd(s, x[i])")


@pytest.mark.slow  # several builds
def test_halves_are_held_to_the_precision_they_are_computed_in() -> None:
    """Summed in float and rounded once, or in halves: one is not the other, but either has its own leeway."""
    assert "float16" in scope(HALVES, HALVES.replace("int i = 0; i < n; ++i) s", "int i = n - 1; i >= 0; --i) s"))
    assert "float16" in scope(IN_HALVES, IN_HALVES.replace("int i = 0; i < n; ++i) s", "int i = n - 1; i >= 0; --i) s"))
    assert "differs" in complaint(HALVES, IN_HALVES)


def test_a_conversion_is_held_to_its_rounding() -> None:
    converts = each("y[i] = __float2half(x[i]);", y="__half")
    assert "differs" in complaint(converts, converts.replace("__float2half(", "__float2half_rz("))


@pytest.mark.slow  # several builds
def test_a_source_that_makes_noise_of_its_inputs_is_held_to_its_results() -> None:
    """Bits of a float move far when it moves a little: that is no leeway for a target."""
    noise = each("y[i] = (float)((__float_as_int(x[i]) * 2654435761u) >> 8);")
    assert "bit for bit" in scope(noise, noise.replace("2654435761u", "0x9E3779B1u"))
    assert "differs" in complaint(noise, noise.replace(">> 8", ">> 9"))


@pytest.mark.slow  # several builds
def test_a_size_the_source_is_not_made_for_is_not_tried() -> None:
    """Where n is no multiple of 4 it leaves elements unset; 31, 65 and 4097 say nothing about a target then."""
    fours = each("int b = n % 4 == 0 || n == 997 ? n : 0;\n    if (i < b) y[i] = x[i];")
    assert "n=1024 and 997" in scope(fours, each("y[i] = x[i];"))


@pytest.mark.slow  # several builds
def test_a_size_at_which_the_source_reads_past_an_end_is_not_tried() -> None:
    """It reads to the next multiple of 16, into what fills up an array's 64 bytes: no fault of a target."""
    last = "x[(n + 15) / 16 * 16 - 1]"
    sixteens = each(f"y[i] = x[i] + {last};")
    told = scope(sixteens, each(f"y[i] = x[i] + ((n + 15) / 16 * 16 > n ? 0.0f : {last});"))
    assert "n=1024, float32" in told and "not at n=997" in told


def test_a_difference_on_nan_alone_is_told_and_refutes_nothing() -> None:
    keeps, drops = each("y[i] = x[i] < 0.0f ? 0.0f : x[i];"), each("y[i] = fmaxf(x[i], 0.0f);")
    assert "differs on NaN only: `y`[" in scope(keeps, drops)
    assert "differs" not in scope(keeps, keeps)


def test_nan_made_of_numbers_is_a_difference() -> None:
    assert "is nan, not 1" in complaint(each("y[i] = x[i] == 0.0f ? 1.0f : sinf(x[i]) / x[i];"),
                                          each("y[i] = sinf(x[i]) / x[i];"))


def test_what_no_digit_of_the_source_is_right_about_is_not_held_against_a_target() -> None:
    """A variance as a difference of moments: where squares are large it is noise, and its root may be NaN."""
    moments = each("""float s = 0.0f, q = 0.0f;
    for (int j = 0; j < 8; ++j) { float v = x[i / 8 * 8 + j < n ? i / 8 * 8 + j : i]; s += v; q += v * v; }
    y[i] = (x[i] - s / 8) / sqrtf(q / 8 - s / 8 * (s / 8) + 1e-5f);""")
    assert "13 hard, of 13 kinds" in scope(moments, moments.replace("int j = 0; j < 8; ++j", "int j = 7; j >= 0; --j"))
    assert "differs" in complaint(moments, moments.replace("1e-5f", "1.5e-5f"))


def test_what_is_mostly_noise_is_noise() -> None:
    """Of such a variance a few digits may be right somewhere by luck, and in another order they are not."""
    lanes = each("""float s[16], q[16];
    for (int l = 0; l < 16; ++l) s[l] = q[l] = 0.0f;
    for (int j = 0; j < 128; ++j) { float v = x[i / 128 * 128 + j < n ? i / 128 * 128 + j : i]; s[j % 16] += v; q[j % 16] += v * v; }
    for (int l = 1; l < 16; ++l) { s[0] += s[l]; q[0] += q[l]; }
    y[i] = (x[i] - s[0] / 128) / sqrtf(q[0] / 128 - s[0] / 128 * (s[0] / 128) + 1e-5f);""")
    assert "13 hard, of 13 kinds" in scope(lanes, lanes.replace("% 16", "% 1").replace("int l = 1; l < 16", "int l = 1; l < 1"))
    assert "differs" in complaint(lanes, lanes.replace("1e-5f", "1.5e-5f"))


def test_small_elements_are_compared_closely_beside_large_ones() -> None:
    """A relative error of 1e-3 in elements that are a thousandth of the others."""
    source = each("y[i] = i % 2 ? 1000.0f * x[i] : x[i];")
    assert "differs" in complaint(source, each("y[i] = i % 2 ? 1000.0f * x[i] : x[i] * 1.00001f;"))


def scaled(body: str) -> str:
    """`each` with two more scalars."""
    text = each(body)
    text = text.replace("float* y, int n)", "float* y, int n, float a, float b)")
    return text.replace("(dx, dy, n)", "(dx, dy, n, a, b)")


CLAMPED = scaled("y[i] = fminf(fmaxf(x[i], a), b);")
LEAKY = scaled("y[i] = x[i] > 0.0f ? x[i] * a + b : b;")


@pytest.mark.parametrize(("source", "target"), [
    (CLAMPED, CLAMPED.replace("x[i], a", "x[i], fmaxf(a, 0.0f)")),
    (CLAMPED, CLAMPED.replace(", b)", ", fminf(b, 3.0f))")),
    (CLAMPED, CLAMPED.replace("fminf(fmaxf(x[i], a), b)", "fmaxf(fminf(x[i], b), a)")),
    (LEAKY, LEAKY.replace("* a", "* fabsf(a)")), (LEAKY, LEAKY.replace("* a", "* (a < 0.1f ? 0.0f : a)")),
], ids=["low", "high", "order", "sign", "small"])
def test_scalars_are_tried_in_more_than_one_range(source: str, target: str) -> None:
    assert "differs" in complaint(source, target)
    assert "6 values of a, b" in scope(source, source)


def test_a_source_that_asks_for_nan_is_held_to_what_it_does_with_it() -> None:
    kept = each("y[i] = x[i];")
    asking = kept.replace("= x[i]", "= isnan(x[i]) ? 0.0f : x[i]")
    assert "NaN" in complaint(asking, kept)
    assert "NaN" in complaint(kept, asking)
    marked = each("y[i] = x[i] != x[i];", y="int")
    assert "NaN" in complaint(marked, marked.replace("x[i] != x[i]", "0"))


def test_a_sum_that_wraps_at_the_end_of_the_integers_is_no_saturated_one() -> None:
    wraps = each("y[i] = (int)((unsigned)x[i] + 100u);", "int", "int")
    saturated = wraps.replace("(int)((unsigned)x[i] + 100u)", "(int)min(x[i] + 100LL, 2147483648LL - 1)")
    assert "the ends of integers" in complaint(wraps, saturated)
