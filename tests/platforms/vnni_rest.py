"""Further calls for the table: masked logic, aligned and masked memory, casts and parts, masks as numbers."""

from __future__ import annotations

Call = tuple[str, tuple[str, ...], str]
_WIDTHS = (("_mm512", 512), ("_mm256", 256), ("_mm", 128))


def calls() -> list[Call]:
    """(code, types of a, b and c, type of the result)"""
    rows: list[Call] = []
    for p, bits in _WIDTHS:
        f, d, i = f"__m{bits}", f"__m{bits}d", f"__m{bits}i"
        for op in ("and", "or", "xor", "andnot"):
            rows += [(f"{p}_mask_{op}_epi32(c, k, a, b)", (i, i, i), i), (f"{p}_maskz_{op}_epi32(k, a, b)", (i, i), i)]
            if bits == 512:
                rows.append((f"{p}_{op}_epi32(a, b)", (i, i), i))
            else:
                rows.append((f"{p}_maskz_{op}_epi32(0xff, a, b)", (i, i), i))
        for v, e, pointer, load in ((f, "ps", "float", "fs"), (d, "pd", "double", "ds")):
            store = f"({pointer}*)out.v"
            rows += [
                (f"{p}_load_{e}({load})", (), v), (f"{p}_mask_load_{e}(a, k, {load})", (v,), v),
                (f"{p}_maskz_load_{e}(k, {load})", (), v), (f"{p}_mask_loadu_{e}(a, k, {load} + 1)", (v,), v),
                (f"{p}_maskz_loadu_{e}(k, {load} + 1)", (), v), (f"({p}_store_{e}({store}, a), out)", (v,), "Out"),
                (f"({p}_storeu_{e}({store} + 1, a), out)", (v,), "Out"), (f"({p}_stream_{e}({store}, a), out)",
                (v,), "Out"),
                (f"({p}_mask_store_{e}({store}, k, a), out)", (v,), "Out"),
                (f"({p}_mask_storeu_{e}({store} + 1, k, a), out)", (v,), "Out"),
            ]
        rows += [
            (f"{p}_load_epi32(is)", (), i), (f"{p}_mask_loadu_epi32(a, k, is + 1)", (i,), i),
            (f"{p}_loadu_epi64(is + 1)", (), i), (f"({p}_storeu_epi64(out.v + 4, a), out)", (i,), "Out"),
            (f"({p}_store_epi32(out.v, a), out)", (i,), "Out"),
            (f"({p}_mask_storeu_epi16(out.v + 2, k, a), out)", (i,), "Out"),
            (f"{p}_load_si{bits}((const {i}*)is)", (), i), (f"({p}_store_si{bits}(({i}*)out.v, a), out)", (i,), "Out"),
            (f"{p}_mask_set1_epi32(a, k, is[1])", (i,), i), (f"{p}_setzero_pd()", (), d), (f"{p}_set1_pd(ds[1])",
            (), d),
            (f"{p}_maskz_cvtepu32_ps(k, a)", (i,), f), (f"{p}_mask_cvtepu32_ps(b, k, a)", (i, f), f),
        ]
        n = bits // 64
        if bits > 128:
            half = f"__m{bits // 2}i"
            for sign in ("i", "u"):
                rows += [
                    (f"{p}_mask_cvtep{sign}16_epi32(a, k, b)", (i, half), i),
                    (f"{p}_maskz_cvtep{sign}16_epi32(k, a)", (half,), i),
                ]
            rows += [(f"({p}_stream_si{bits}(({i}*)out.v, a), out)", (i,), "Out")]
            for order in ("set", "setr"):
                rows.append((f"{p}_{order}_pd({', '.join(f'ds[{e}]' for e in range(n))})", (), d))
    return rows + _parts() + _mask_numbers()


def _parts() -> list[Call]:
    f4, f8, f16, i4, i8, i16 = "__m128", "__m256", "__m512", "__m128i", "__m256i", "__m512i"
    d2, d4, d8 = "__m128d", "__m256d", "__m512d"
    return [
        ("_mm256_broadcastd_epi32(a)", (i4,), i8), ("_mm256_castpd256_pd128(a)", (d4,), d2),
        ("_mm256_castps256_ps128(_mm256_castps128_ps256(a))", (f4,), f4),
        ("_mm256_castsi256_si128(_mm256_castsi128_si256(a))", (i4,), i4),
        ("_mm512_castps512_ps128(_mm512_castps128_ps512(a))", (f4,), f4),
        ("_mm512_castps512_ps256(_mm512_castps256_ps512(a))", (f8,), f8),
        ("_mm512_castsi512_si128(_mm512_castsi128_si512(a))", (i4,), i4),
        ("_mm512_castsi512_si256(_mm512_castsi256_si512(a))", (i8,), i8), ("_mm512_castpd512_pd256(a)", (d8,), d4),
        ("_mm256_cvtsi256_si32(a)", (i8,), "int"), ("_mm512_cvtsi512_si32(a)", (i16,), "int"),
        ("_mm256_cvtss_f32(a)", (f8,), "float"), ("_mm_set1_pd(_mm_cvtsd_f64(a))", (d2,), d2),
        ("_mm256_extract_epi32(a, 5)", (i8,), "int"), ("_mm256_extractf128_pd(a, 1)", (d4,), d2),
        ("_mm256_extractf128_si256(a, 1)", (i8,), i4), ("_mm256_extractf32x4_ps(a, 1)", (f8,), f4),
        ("_mm512_inserti32x4(a, b, 2)", (i16, i4), i16), ("_mm512_broadcast_i32x8(a)", (i8,), i16),
        ("_mm256_i32gather_epi32(is, _mm256_and_si256(a, _mm256_set1_epi32(31)), 4)", (i8,), i8),
        ("_mm512_i32gather_epi32(_mm512_and_si512(a, _mm512_set1_epi32(31)), is, 4)", (i16,), i16),
        ("_mm512_i32gather_epi32(_mm512_and_si512(a, _mm512_set1_epi32(31)), (const void*)is, 4)", (i16,), i16),
        ("_mm512_i32gather_pd(_mm256_and_si256(a, _mm256_set1_epi32(7)), ds, 8)", (i8,), d8),
        ("_mm512_mask_i32gather_pd(b, k, _mm256_and_si256(a, _mm256_set1_epi32(7)), ds, 8)", (i8, d8), d8),
        ("_cvtsh_ss((unsigned short)_mm_cvtsi128_si32(a))", (i4,), "float"),
        ("(int)_cvtss_sh(_mm_cvtss_f32(a), 0)", (f4,), "int"),
        ("_mm512_mask_i32gather_ps(b, k, _mm512_and_si512(a, _mm512_set1_epi32(31)), fs, 4)", (i16, f16), f16),
        ("(_mm512_i32scatter_ps((float*)out.v, _mm512_and_si512(a, _mm512_set1_epi32(31)), b, 4), out)",
        (i16, f16), "Out"),
        ("_mm256_lddqu_si256((const __m256i*)(bs + 3))", (), i8),
        ("_mm256_permutexvar_epi32(a, b)", (i8, i8), i8), ("_mm256_permutexvar_ps(a, b)", (i8, f8), f8),
        ("_mm256_set1_epi64x((long long)is[0] << 32 | 5)", (), i8), ("_mm_set1_epi64x((long long)is[0] << 32 | 5)",
        (), i4),
        ("_mm512_abs_pd(a)", (d8,), d8), ("_mm512_setzero()", (), f16), ("_mm512_setzero_epi32()", (), i16),
        ("_mm_blend_ps(a, b, 6)", (f4, f4), f4), ("_mm_broadcast_ss(fs + 1)", (), f4), ("_mm_broadcastss_ps(a)",
        (f4,), f4),
        ("_mm_cvtsi32_si128(is[1])", (), i4), ("_mm_load1_ps(fs + 1)", (), f4), ("_mm_load_ps1(fs + 1)", (), f4),
        ("(_mm_store_ss((float*)out.v, a), out)", (f4,), "Out"), ("(_mm_storel_epi64((__m128i*)out.v, a), out)",
        (i4,), "Out"),
        ("(_mm256_zeroupper(), _mm256_zeroall(), _mm_prefetch((const char*)fs, _MM_HINT_T0), is[0])", (), "int"),
        ("_mm256_and_ps(_mm256_undefined_ps(), _mm256_setzero_ps())", (), f8),
        ("_mm256_and_si256(_mm256_undefined_si256(), _mm256_setzero_si256())", (), i8),
        ("_mm512_and_si512(_mm512_undefined_epi32(), _mm512_setzero_si512())", (), i16),
        ("_mm512_and_ps(_mm512_undefined_ps(), _mm512_setzero_ps())", (), f16),
        ("(_mm_free(_mm_malloc(64, 64)), is[0])", (), "int"),
    ]


def _mask_numbers() -> list[Call]:
    rows: list[Call] = [(f"(int)_{name}(k)", (), "int") for name in (
        "cvtmask8_u32", "cvtmask16_u32", "cvtmask32_u32", "cvtu32_mask8", "cvtu32_mask16", "cvtu32_mask32",
        "knot_mask32",
        "mm512_int2mask", "mm512_knot",
    )]
    for bits in (8, 16, 32):
        rows += [(f"(int)_{op}_mask{bits}(k, 0x5a5a)", (), "int") for op in ("kand", "kor", "kxor", "kandn")]
    rows += [(f"(int)_mm512_{op}(k, 0x5a5a)", (), "int") for op in ("kand", "kor", "kxor")]
    whole = "_mm_cvtsi64_si128((long long)_{0})"
    rows += [(whole.format(f"{op}_mask64(wide, 0x5a5a5a5a5a5aull)"),
        (), "__m128i") for op in ("kand", "kor", "kxor", "kandn")]
    return [*rows, (whole.format("knot_mask64(wide)"), (), "__m128i"), (whole.format("cvtu64_mask64(wide)"),
        (), "__m128i")]
