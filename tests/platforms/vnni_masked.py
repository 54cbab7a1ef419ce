"""Further calls for the table: bytes and words under masks, comparisons by name, doubles as other bits."""

from __future__ import annotations

Call = tuple[str, tuple[str, ...], str]
_WIDTHS = (("_mm512", 512), ("_mm256", 256), ("_mm", 128))
_WORDS = (
    "add_epi16 sub_epi16 adds_epi16 subs_epi16 adds_epu16 subs_epu16 mullo_epi16 mulhi_epi16 mulhrs_epi16 avg_epu16 "
    "max_epi16 min_epi16 max_epu16 min_epu16 packs_epi32 packus_epi32"
).split()
_BYTES = (
    "adds_epi8 subs_epi8 adds_epu8 subs_epu8 avg_epu8 max_epi8 min_epi8 max_epu8 min_epu8 packs_epi16 packus_epi16"
).split()
_ORDERS = ("eq", "neq", "lt", "le", "gt", "ge")


def calls() -> list[Call]:
    """(code, types of a, b and c, type of the result)"""
    rows: list[Call] = []
    for p, bits in _WIDTHS:
        f, i = f"__m{bits}", f"__m{bits}i"
        for op in (*_WORDS, *_BYTES):
            rows += [(f"{p}_mask_{op}(c, wide, a, b)", (i, i, i), i), (f"{p}_maskz_{op}(wide, a, b)", (i, i), i)]
        for op in ("abs_epi16", "abs_epi8"):
            rows += [(f"{p}_mask_{op}(b, wide, a)", (i, i), i), (f"{p}_maskz_{op}(wide, a)", (i,), i)]
        rows += [
            (f"{p}_castpd_si{bits}({p}_castps_pd(a))", (f,), i), (f"{p}_castpd_ps({p}_castsi{bits}_pd(a))", (i,), f),
            (f"{p}_castpd_ps({p}_unpackhi_pd({p}_castps_pd(a), {p}_castps_pd(b)))", (f, f), f),
        ]
    i = "__m512i"
    for order in _ORDERS:
        for e in ("epi16", "epu16", "epu32", "epi8", "epu8"):
            rows += [
                (f"(uint64_t)_mm512_cmp{order}_{e}_mask(a, b)", (i, i), "int:64"),
                (f"(uint64_t)_mm512_mask_cmp{order}_{e}_mask(wide, a, b)", (i, i), "int:64"),
            ]
    for order in ("eq", "neq", "lt", "le", "nlt", "nle", "ord", "unord"):
        for v, e in (("__m512", "ps"), ("__m512d", "pd")):
            rows += [
                (f"(int)_mm512_cmp{order}_{e}_mask(a, b)", (v, v), "int"),
                (f"(int)_mm512_mask_cmp{order}_{e}_mask(k, a, b)", (v, v), "int"),
            ]
    return rows
