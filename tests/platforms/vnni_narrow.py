"""Further calls for the table: bits counted, bytes and words moved and shifted, parts put in and taken out."""

from __future__ import annotations

_WIDTHS = (("_mm512", 512), ("_mm256", 256), ("_mm", 128))
Call = tuple[str, tuple[str, ...], str]


def calls() -> list[Call]:
    """(code, types of a, b and c, type of the result)"""
    rows: list[Call] = []
    for p, bits in _WIDTHS:
        d, i = f"__m{bits}d", f"__m{bits}i"
        for e in ("epi8", "epi16", "epi32", "epi64"):
            rows += _masked(p, f"popcnt_{e}", "a", (i,), i) + [(f"{p}_movm_{e}(wide)", (), i)]
        for op in ("sllv_epi16", "srlv_epi16", "srav_epi16"):
            rows += _masked(p, op, "a, b", (i, i), i)
            # Counts of words that shift something out and leave something.
            rows.append((f"{p}_{op}(a, {p}_and_si{bits}(b, {p}_set1_epi16(31)))", (i, i), i))
        for op in ("broadcastb_epi8", "broadcastw_epi16", "broadcastq_epi64"):
            rows += _masked(p, op, "a", ("__m128i",), i)
        for e in ("epi8", "epi16"):
            rows += _masked(p, f"permutexvar_{e}", "a, b", (i, i), i) + _of_two(p, e, i, i)
        for e, v in (("epi64", i), ("pd", d)):
            if bits > 128:
                rows += _masked(p, f"permutexvar_{e}", "a, b", (i, v), v)
                rows += [(f"{p}_permutex_{e}(a, {control})", (v,), v) for control in (0, 0x1B, 0xE4)]
            rows += _of_two(p, e, v, i)
        for e in ("epi8", "epi16", "epi64"):
            rows += [
                (f"{p}_mask_mov_{e}(a, wide, b)", (i, i), i), (f"{p}_maskz_mov_{e}(wide, a)", (i,), i),
                (f"{p}_mask_blend_{e}(wide, a, b)", (i, i), i),
            ]
    return rows + _parts()


def _masked(p: str, op: str, args: str, source: tuple[str, ...], to: str) -> list[Call]:
    types = (*source, *(to,) * (3 - len(source)))
    return [
        (f"{p}_{op}({args})", source, to), (f"{p}_mask_{op}(c, wide, {args})", types, to),
        (f"{p}_maskz_{op}(wide, {args})", source, to),
    ]


def _of_two(p: str, e: str, v: str, i: str) -> list[Call]:
    types = (v, i, v)
    return [
        (f"{p}_permutex2var_{e}(a, b, c)", types, v), (f"{p}_mask_permutex2var_{e}(a, wide, b, c)", types, v),
        (f"{p}_maskz_permutex2var_{e}(wide, a, b, c)", types, v),
    ]


def _parts() -> list[Call]:
    f4, f8, f16, i4, i8, i16 = "__m128", "__m256", "__m512", "__m128i", "__m256i", "__m512i"
    d2, d4, d8 = "__m128d", "__m256d", "__m512d"
    rows: list[Call] = []
    for name, source, to, count in (
        ("_mm512_extractf64x2_pd", d8, d2, 4), ("_mm256_extractf64x2_pd", d4, d2, 2),
        ("_mm512_extracti64x2_epi64", i16, i4, 4), ("_mm256_extracti64x2_epi64", i8, i4, 2),
        ("_mm256_extracti32x4_epi32", i8, i4, 2),
    ):
        rows += [(f"{name}(a, {n})", (source,), to) for n in range(count)]
    for name, whole, part, count in (
        ("_mm512_insertf64x4", d8, d4, 2), ("_mm512_insertf64x2", d8, d2, 4), ("_mm512_inserti64x2", i16, i4, 4),
        ("_mm256_insertf64x2", d4, d2, 2), ("_mm256_insertf128_pd", d4, d2, 2), ("_mm256_inserti64x2", i8, i4, 2),
        ("_mm256_insertf32x4", f8, f4, 2), ("_mm256_inserti32x4", i8, i4, 2),
    ):
        rows += [(f"{name}(a, b, {n})", (whole, part), whole) for n in range(count)]
    rows += [(f"_{name}(a)", (source,), to) for name, source, to in (
        ("mm512_broadcast_f32x2", f4, f16), ("mm256_broadcast_f32x2", f4, f8), ("mm256_broadcast_f32x4", f4, f8),
        ("mm512_broadcast_i32x2", i4, i16), ("mm256_broadcast_i32x2", i4, i8), ("mm_broadcast_i32x2", i4, i4),
        ("mm256_broadcast_i32x4", i4, i8), ("mm512_broadcast_i64x2", i4, i16), ("mm256_broadcast_i64x2", i4, i8),
        ("mm512_broadcast_f64x4", d4, d8), ("mm512_broadcast_f64x2", d2, d8), ("mm256_broadcast_f64x2", d2, d4),
        ("mm512_broadcastsd_pd", d2, d8), ("mm256_broadcastsd_pd", d2, d4),
    )]
    for name, v in (
        ("_mm512_shuffle_i64x2", i16), ("_mm512_shuffle_f64x2", d8), ("_mm256_shuffle_f32x4", f8),
        ("_mm256_shuffle_i32x4", i8), ("_mm256_shuffle_i64x2", i8), ("_mm256_shuffle_f64x2", d4),
    ):
        controls = (0, 0x1B, 0x4E, 0xE4) if "512" in v else range(4)
        rows += [(f"{name}(a, b, {control})", (v, v), v) for control in controls]
    return rows
