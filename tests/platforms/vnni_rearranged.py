"""Further calls for the table: elements packed, spread, taken by index and rotated; masked forms of moves."""

from __future__ import annotations

_WIDTHS = (("_mm512", 512), ("_mm256", 256), ("_mm", 128))
Call = tuple[str, tuple[str, ...], str]


def calls() -> list[Call]:
    """(code, types of a, b and c, type of the result)"""
    rows: list[Call] = []
    for p, bits in _WIDTHS:
        f, i = f"__m{bits}", f"__m{bits}i"
        for v, e, load in ((f, "ps", "fs"), (i, "epi32", "is")):
            rows += [
                (f"{p}_mask_compress_{e}(b, k, a)", (v, v), v), (f"{p}_maskz_compress_{e}(k, a)", (v,), v),
                (f"{p}_mask_expand_{e}(b, k, a)", (v, v), v), (f"{p}_maskz_expand_{e}(k, a)", (v,), v),
                (f"({p}_mask_compressstoreu_{e}(out.v + 1, k, a), out)", (v,), "Out"),
                (f"{p}_mask_expandloadu_{e}(a, k, {load} + 1)", (v,), v),
                (f"{p}_maskz_expandloadu_{e}(k, {load} + 1)", (), v),
            ]
            if bits > 128:
                rows += [(f"{p}_mask_permutexvar_{e}(c, k, b, a)", (v, i, v), v),
                         (f"{p}_maskz_permutexvar_{e}(k, b, a)", (v, i), v)]
                rows += [(f"{p}_mask_permutex2var_{e}(a, k, b, c)", (v, i, v), v),
                         (f"{p}_maskz_permutex2var_{e}(k, a, b, c)", (v, i, v), v)]
            rows.append((f"{p}_permutex2var_{e}(a, b, c)", (v, i, v), v))
        masked = [(f"{op}_epi32", i, f"a, b, {by}", 2) for op in ("alignr",) for by in (0, 1, 3, 15)]
        masked += [(f"{op}_epi32", i, f"a, {by}", 1) for op in ("ror", "rol") for by in (0, 7, 31)]
        masked += [(f"{op}_epi32", i, f"a, {by}", 1) for op in ("slli", "srli", "srai", "shuffle") for by in (0, 9, 27)]
        masked += [(op, i, "a, b", 2) for op in ("rorv_epi32", "rolv_epi32", "unpacklo_epi32", "unpackhi_epi32")]
        masked += [("lzcnt_epi32", i, "a", 1), ("permute_ps", f, "a, 0x1b", 1), ("shuffle_ps", f, "a, b, 0x4e", 2),
                   ("unpacklo_ps", f, "a, b", 2), ("unpackhi_ps", f, "a, b", 2), ("moveldup_ps", f, "a", 1),
                   ("movehdup_ps", f, "a", 1)]
        for op, v, args, count in masked:
            if op == "shuffle_epi32":
                args = args.replace("a, ", "a, (_MM_PERM_ENUM)")
            rows += [(f"{p}_mask_{op}(c, k, {args})", (v, v, v), v), (f"{p}_maskz_{op}(k, {args})", (v,) * count, v)]
        rows += [(f"{p}_{op}", types, i) for op, types in (
            ("alignr_epi32(a, b, 1)", (i, i)), ("alignr_epi64(a, b, 1)", (i, i)), ("alignr_epi64(a, b, 7)", (i, i)),
            ("ror_epi32(a, 5)", (i,)), ("rorv_epi32(a, b)", (i, i)), ("lzcnt_epi32(a)", (i,)),
            ("mask_broadcastd_epi32(b, k, a)", ("__m128i", i)), ("maskz_broadcastd_epi32(k, a)", ("__m128i",)))]
        rows += [(f"{p}_permutevar_ps(a, b)", (f, i), f), (f"{p}_mask_broadcastss_ps(b, k, a)", ("__m128", f), f),
                 (f"{p}_maskz_broadcastss_ps(k, a)", ("__m128",), f),
                 (f"{p}_mask_permutevar_ps(c, k, a, b)", (f, i, f), f), (f"{p}_maskz_permutevar_ps(k, a, b)", (f, i), f)]
        if bits > 128:
            half = f"__m{bits // 2}i"
            rows.append((f"{p}_permutexvar_epi16(a, b)", (i, i), i))
            rows += [(f"{p}_{op}_epi8(a)", (i,), half) for op in ("cvtepi16", "cvtsepi16", "cvtusepi16")]
    i, f = "__m512i", "__m512"
    near = "_mm512_and_epi32(a, _mm512_set1_epi32(7))"
    return rows + [
        ("_mm_broadcastd_epi32(a)", ("__m128i",), "__m128i"),
        ("_mm512_permutexvar_epi64(a, b)", (i, i), i), ("_mm512_permutex_epi64(a, 0x1b)", (i,), i),
        *[(f"_mm512_{op}_epi64(a, b)", (i, i), i) for op in ("and", "or", "xor", "andnot")],
        ("_mm512_ternarylogic_epi64(a, b, c, 0x96)", (i, i, i), i),
        ("_mm512_zextsi256_si512(a)", ("__m256i",), i), ("_mm512_zextsi128_si512(a)", ("__m128i",), i),
        (f"_mm512_mask_i32gather_epi32(b, k, {near}, is, 4)", (i, i), i),
        (f"(_mm512_i32scatter_epi32(out.v, {near}, b, 4), out)", (i, i), "Out"),
        (f"(_mm512_mask_i32scatter_epi32(out.v, k, {near}, b, 4), out)", (i, i), "Out"),
        (f"(_mm512_mask_i32scatter_ps(out.v, k, {near}, b, 4), out)", (i, f), "Out"),
    ]
