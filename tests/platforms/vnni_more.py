"""Further calls for the table: bytes, 64-bit integers, doubles in pairs, single lanes."""

from __future__ import annotations

_WIDTHS = (("_mm512", 512), ("_mm256", 256), ("_mm", 128))
_ALL = (
    "unpacklo_epi8 unpackhi_epi8 unpacklo_epi16 unpackhi_epi16 mulhrs_epi16 avg_epu16 subs_epu16 max_epu16 min_epu16 "
    "add_epi64 sub_epi64 mullo_epi64 mul_epu32 mul_epi32 rolv_epi32"
).split()
_NARROW = "cmpeq_epi16 cmpgt_epi16 hadd_epi16 sign_epi32".split()

Call = tuple[str, tuple[str, ...], str]


def calls() -> list[Call]:
    """(code, types of a, b and c, type of the result)"""
    rows: list[Call] = []
    for p, bits in _WIDTHS:
        f, d, i = f"__m{bits}", f"__m{bits}d", f"__m{bits}i"
        rows += [(f"{p}_{op}(a, b)", (i, i), i) for op in _ALL]
        shift = "si128" if bits == 128 else "epi128"
        for count in (0, 1, 5, 15, 16, 200):
            rows += [(f"{p}_{op}_{shift}(a, {count})", (i,), i) for op in ("bslli", "bsrli")]
            rows.append((f"{p}_alignr_epi8(a, b, {count})", (i, i), i))
        rows.append((f"{p}_alignr_epi8(a, b, 21)", (i, i), i))
        for control in (0, 0x1B, 0x4E, 0xE4):
            rows += [(f"{p}_{op}(a, {control})", (i,), i) for op in ("shufflelo_epi16", "shufflehi_epi16")]
            rows.append((f"{p}_ternarylogic_epi32(a, b, c, {control + 0x61})", (i, i, i), i))
        for count in (0, 1, 31, 63, 64):
            rows += [(f"{p}_{op}(a, {count})", (i,), i) for op in ("slli_epi64", "srli_epi64")]
        rows += [(f"{p}_rol_epi32(a, {count})", (i,), i) for count in (0, 7, 31)]
        rows += [(f"{p}_{op}_pd(a, b)", (d, d), d) for op in ("unpacklo", "unpackhi")]
        rows += [(f"{p}_shuffle_pd(a, b, {imm})", (d, d), d) for imm in (0, 1, 2, 3)]
        for op in ("fmsub_pd", "fnmadd_pd", "fnmsub_pd"):
            rows += [
                (f"{p}_{op}(a, b, c)", (d, d, d), d), (f"{p}_mask_{op}(a, k, b, c)", (d, d, d), d),
                (f"{p}_maskz_{op}(k, a, b, c)", (d, d, d), d), (f"{p}_mask3_{op}(a, b, c, k)", (d, d, d), d),
            ]
        if bits < 512:
            rows += [(f"{p}_{op}(a, b)", (i, i), i) for op in _NARROW]
            rows += [(f"{p}_blend_epi16(a, b, {imm})", (i, i), i) for imm in (0, 0xA5, 0x3C)]
            rows += [(f"{p}_blend_epi32(a, b, {imm})", (i, i), i) for imm in (0, 5, 10)]
            rows.append((f"{p}_blendv_epi8(a, b, c)", (i, i, i), i))
            rows.append((f"{p}_movemask_epi8(a)", (i,), "int"))
            rows.append((f"{p}_hadd_pd(a, b)", (d, d), d))
            rows.append((f"{p}_addsub_ps(a, b)", (f, f), f))
            rows += [(f"{p}_{op}(a, b, c)", (f, f, f), f) for op in ("fmaddsub_ps", "fmsubadd_ps")]
            rows += [(f"{p}_dp_ps(a, b, {imm})", (f, f), f) for imm in (0xFF, 0x71, 0x3A)]
            for name, element, n in (("epi8", "(char)bs", bits // 8), ("epi16", "hs", bits // 16)):
                values = ", ".join(f"{element}[{e}]" for e in range(n))
                rows += [(f"{p}_{order}_{name}({values})", (), i) for order in ("set", "setr")]
    return rows + _single() + _masks()


def _single() -> list[Call]:
    i, f, d = "__m128i", "__m128", "__m128d"
    quad = "((long long)is[{0}] << 32 | (unsigned)is[{1}])"
    rows: list[Call] = []
    for at in (0, 3, 7):
        rows += [
            (f"_mm_extract_epi8(a, {at})", (i,), "int"), (f"_mm_extract_epi16(a, {at})", (i,), "int"),
            (f"_mm_insert_epi8(a, is[0], {at})", (i,), i), (f"_mm_insert_epi16(a, is[0], {at})", (i,), i),
            (f"_mm_insert_epi32(a, is[0], {at % 4})", (i,), i),
            (f"_mm256_insert_epi32(a, is[0], {at})", ("__m256i",), "__m256i"),
        ]
    rows += [(f"_mm_cmp{op}_ps(a, b)", (f, f), f"int:{128}") for op in ("eq", "neq", "lt", "le", "gt", "ge")]
    # Not on NaN: compilers differ from the guide there.
    rows += [
        (f"_mm_{op}(_mm_cvtsi32_ss(a, is[0]), _mm_cvtsi32_ss(b, is[1]))",
        (f, f), "int") for op in ("comilt_ss", "comigt_ss")
    ]
    rows += [(f"_mm_{op}(a)", (f,), "int") for op in ("cvtss_si32", "cvt_ss2si", "cvttss_si32")]
    rows += [
        ("_mm_slli_si128(a, 3)", (i,), i), ("_mm_srli_si128(a, 3)", (i,), i),
        ("_mm256_slli_si256(a, 3)", ("__m256i",), "__m256i"), ("_mm256_srli_si256(a, 3)", ("__m256i",), "__m256i"),
        ("_mm256_testz_si256(a, b)", ("__m256i", "__m256i"), "int"),
        ("_mm256_testz_si256(a, _mm256_setzero_si256())", ("__m256i",), "int"),
        ("_mm_cvtsi32_ss(a, is[1])", (f,), f), ("_mm_sqrt_ss(a)", (f,), f), ("_mm_fmadd_ss(a, b, c)", (f, f, f), f),
        ("_mm_set_ps1(fs[2])", (), f), ("_mm_add_sd(a, b)", (d, d), d),
        ("_mm256_broadcast_sd(ds + 1)", (), "__m256d"), ("_mm_set1_pd(_mm256_cvtsd_f64(a))", ("__m256d",), d),
        ("_mm256_set_m128(a, b)", (f, f), "__m256"), ("_mm256_setr_m128(a, b)", (f, f), "__m256"),
        ("_mm256_set_m128i(a, b)", (i, i), "__m256i"), ("_mm512_broadcast_i64x4(a)", ("__m256i",), "__m512i"),
        ("_mm512_permutex2var_epi32(a, b, c)", ("__m512i",) * 3, "__m512i"),
        (f"_mm_cvtsi64_si128({quad.format(0, 1)})", (), i),
        ("_mm_cvtsi64_si128(_mm_cvtsi128_si64(a))", (i,), i),
        ("_mm_cvtsi64_si128(_mm512_reduce_add_epi64(a))", ("__m512i",), i),
        (f"_mm_set_epi64x({quad.format(0, 1)}, {quad.format(2, 3)})", (), i),
        ("_mm256_set_epi64x(" + ", ".join(quad.format(n, n + 1) for n in range(4)) + ")", (), "__m256i"),
        ("_mm_popcnt_u32((unsigned)is[0])", (), "int"),
        (f"(int)_mm_popcnt_u64((unsigned long long){quad.format(0, 1)})", (), "int"),
    ]
    return rows


def _masks() -> list[Call]:
    v, i = "__m512i", "__m128i"
    rows: list[Call] = [
        (f"_mm_cvtsi64_si128((long long)_mm512_{op}_mask(a, b))", (v, v), i)
        for op in ("cmpeq_epi8", "cmpneq_epi8", "cmplt_epi8", "cmple_epi8", "cmpgt_epi8", "cmpge_epi8", "cmplt_epu8",
                   "cmpgt_epu8", "test_epi8")
    ]
    return [
        *rows, ("_mm_cvtsi64_si128((long long)_mm512_movepi8_mask(a))", (v,), i), ("_mm512_movm_epi8(wide)", (), v),
        ("_mm512_mask_add_epi8(c, wide, a, b)", (v, v, v), v), ("_mm512_mask_sub_epi8(c, wide, a, b)", (v, v, v), v),
        ("(int)_mm512_test_epi32_mask(a, b)", (v, v), "int"),
        ("(int)_mm512_cmp_pd_mask(a, b, 1)", ("__m512d", "__m512d"), "int"),
        ("(int)_mm512_cmp_pd_mask(a, b, 30)", ("__m512d", "__m512d"), "int"),
        ("_mm512_mask_blend_pd(k, a, b)", ("__m512d", "__m512d"), "__m512d"),
    ]
