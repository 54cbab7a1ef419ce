"""Further calls for the table: rounding that is named, exponents and mantissas, doubles to and from other numbers."""

from __future__ import annotations

_WIDTHS = (("_mm512", 512), ("_mm256", 256), ("_mm", 128))
_TO_NEAREST = ("_MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC", "_MM_FROUND_CUR_DIRECTION")
_WAYS = (*_TO_NEAREST, *(f"_MM_FROUND_TO_{way} | _MM_FROUND_NO_EXC" for way in ("NEG_INF", "POS_INF", "ZERO")))
_SAE = ("_MM_FROUND_NO_EXC", "_MM_FROUND_CUR_DIRECTION")
Call = tuple[str, tuple[str, ...], str]


def _forms(op: str, source: tuple[str, ...], to: str, after: str = "") -> list[Call]:
    """An operation of 512 bits on a, or a and b, and its masked forms, whose src is c."""
    args = ", ".join("ab"[: len(source)]) + after
    types = (*source, *(to,) * (3 - len(source)))
    return [
        (f"_mm512_{op}({args})", source, to), (f"_mm512_mask_{op}(c, k, {args})", types, to),
        (f"_mm512_maskz_{op}(k, {args})", source, to),
    ]


def calls() -> list[Call]:
    """(code, types of a, b and c, type of the result)"""
    f, i, h = "__m512", "__m512i", "__m256i"
    rows: list[Call] = []
    for way in _WAYS:
        for op in ("cvt_roundps_epi32", "cvt_roundps_epu32"):
            rows += _forms(op, (f,), i, f", {way}")
    for sae in _SAE:
        for op in ("cvtt_roundps_epi32", "cvtt_roundps_epu32"):
            rows += _forms(op, (f,), i, f", {sae}")
        for op in ("max_round_ps", "min_round_ps"):
            rows += _forms(op, (f, f), f, f", {sae}")
        rows += _forms("cvt_roundph_ps", (h,), f, f", {sae}")
    for near in _TO_NEAREST:
        for op in ("cvt_roundepi32_ps", "cvt_roundepu32_ps"):
            rows += _forms(op, (i,), f, f", {near}")
        for op in ("add_round_ps", "sub_round_ps", "mul_round_ps", "div_round_ps"):
            rows += _forms(op, (f, f), f, f", {near}")
        rows += _forms("sqrt_round_ps", (f,), f, f", {near}")
        for op in ("fmadd_round_ps", "fmsub_round_ps", "fnmadd_round_ps", "fnmsub_round_ps"):
            rows += [(f"_mm512_{form}, {near})", (f,) * 3, f) for form in (
                f"{op}(a, b, c", f"mask_{op}(a, k, b, c", f"mask3_{op}(a, b, c, k", f"maskz_{op}(k, a, b, c")]
        for op in ("cvt_roundps_ph", "cvtps_ph"):
            rows += [(code, types, f"half:{to}") for code, types, to in _forms(op, (f,), h, f", {near}")]
    rows += _forms("cvtph_ps", (h,), f)[1:]
    return rows + _unsigned() + _exponents() + _doubles()


def _unsigned() -> list[Call]:
    rows: list[Call] = []
    for p, bits in _WIDTHS:
        f, i = f"__m{bits}", f"__m{bits}i"
        for op in ("cvtps_epu32", "cvttps_epu32"):
            rows += [
                (f"{p}_{op}(a)", (f,), i), (f"{p}_mask_{op}(b, k, a)", (f, i), i), (f"{p}_maskz_{op}(k, a)", (f,), i),
            ]
    return rows


def _exponents() -> list[Call]:
    rows: list[Call] = []
    how = "_MM_MANT_NORM_1_2, _MM_MANT_SIGN_src"
    for p, bits in _WIDTHS:
        f = f"__m{bits}"
        for op, after in (("getexp_ps", ""), ("getmant_ps", f", {how}")):
            rows += [
                (f"{p}_{op}(a{after})", (f,), f), (f"{p}_mask_{op}(c, k, a{after})", (f,) * 3, f),
                (f"{p}_maskz_{op}(k, a{after})", (f,), f),
            ]
    return rows


def _doubles() -> list[Call]:
    rows: list[Call] = []
    for p, bits in _WIDTHS:
        d, half_f, half_i = f"__m{bits}d", f"__m{max(bits // 2, 128)}", f"__m{max(bits // 2, 128)}i"
        rows += [(f"{p}_cvtep{s}32_pd(a)", (half_i,), d) for s in ("i", "u")]
        rows += [(f"{p}_{op}_epi32(a)", (d,), half_i) for op in ("cvtpd", "cvttpd")]
        # Most doubles that are drawn are out of an int's range: here none is.
        near = f"{p}_div_pd({p}_cvtepi32_pd(a), {p}_set1_pd(2.0))"
        rows += [(f"{p}_{op}_epi32({near})", (half_i,), half_i) for op in ("cvtpd", "cvttpd")]
        rows += [(f"{p}_{op}_pd({near})", (half_i,), d) for op in ("floor", "ceil")]
        rows += [(f"{p}_{op}_pd(a)", (d,), d) for op in ("floor", "ceil")]
        rows += [
            (f"{p}_mask_mov_pd(a, k, b)", (d, d), d), (f"{p}_maskz_mov_pd(k, a)", (d,), d),
            (f"{p}_mask_blend_pd(k, a, b)", (d, d), d), (f"{p}_cvtps_pd(a)", (half_f,), d),
            (f"{p}_cvtpd_ps(a)", (d,), half_f),
        ]
    d8 = "__m512d"
    return [
        *rows, ("_mm_set_pd(ds[0], ds[1])", (), "__m128d"), ("_mm_setr_pd(ds[0], ds[1])", (), "__m128d"),
        ("_mm_set1_pd(_mm512_cvtsd_f64(a))", (d8,), "__m128d"),
        ("_mm512_castpd512_pd128(_mm512_castpd128_pd512(a))", ("__m128d",), "__m128d"),
        ("_mm512_castpd512_pd256(_mm512_castpd256_pd512(a))", ("__m256d",), "__m256d"),
        ("_mm256_castpd256_pd128(_mm256_castpd128_pd256(a))", ("__m128d",), "__m128d"),
    ]
