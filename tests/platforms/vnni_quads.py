"""Further calls for the table: 64-bit integers, to and from narrower ones, in memory and under masks."""

from __future__ import annotations

_WIDTHS = (("_mm512", 512), ("_mm256", 256), ("_mm", 128))
_TWO = (
    "add_epi64 sub_epi64 mullo_epi64 mul_epu32 mul_epi32 max_epi64 min_epi64 max_epu64 min_epu64 "
    "sllv_epi64 srlv_epi64 srav_epi64 rolv_epi64 rorv_epi64"
).split()
_BY = ("slli_epi64", "srli_epi64", "srai_epi64", "rol_epi64", "ror_epi64")
Call = tuple[str, tuple[str, ...], str]


def calls() -> list[Call]:
    """(code, types of a, b and c, type of the result)"""
    rows: list[Call] = []
    for p, bits in _WIDTHS:
        i = f"__m{bits}i"
        rows += [(f"{p}_{op}(a, b)", (i, i), i) for op in _TWO]
        # Counts near 63 are drawn seldom: here they are made.
        near = f"{p}_and_si{bits}(b, {p}_set1_epi64{'' if bits == 512 else 'x'}(127))"
        rows += [(f"{p}_{op}(a, {near})", (i, i), i) for op in _TWO[-5:]]
        rows += [(f"{p}_{op}(a, {count})", (i,), i) for op in _BY for count in (0, 1, 31, 32, 33, 63)]
        rows += [(f"{p}_{op}(a, {count})", (i,), i) for op in _BY[:3] for count in (64, 200)]
        masked = [(op, "a, b", 2) for op in _TWO] + [(op, "a, 37", 1) for op in _BY]
        masked += [(op, "a", 1) for op in ("abs_epi64", "lzcnt_epi64")]
        for op, args, count in masked:
            rows += [(f"{p}_mask_{op}(c, k, {args})", (i,) * 3, i), (f"{p}_maskz_{op}(k, {args})", (i,) * count, i)]
        rows += [(f"{p}_{op}(a)", (i,), i) for op in ("abs_epi64", "lzcnt_epi64")]
        # The bits above are clear, so that zeros are counted in both halves.
        rows += [(f"{p}_lzcnt_epi64({p}_srli_epi64(a, {n}))", (i,), i) for n in (1, 20, 32, 50, 63, 64)]
        for op in (f"cmp{how}_{e}_mask" for how in ("eq", "lt", "le", "neq", "ge", "gt") for e in ("epi64", "epu64")):
            rows += [(f"(int){p}_{op}(a, b)", (i, i), "int"), (f"(int){p}_mask_{op}(k, a, b)", (i, i), "int")]
            # Elements that are equal, and that differ in their low halves alone.
            rows.append((f"(int){p}_{op}(a, {p}_mask_set1_epi32(a, 0x21, is[0]))", (i,), "int"))
        rows += _widened(p, bits) + _narrowed(p, bits) + _in_memory(p, bits)
    return rows + _reduced() + _listed()


def _widened(p: str, bits: int) -> list[Call]:
    i, half = f"__m{bits}i", f"__m{max(bits // 2, 128)}i"
    rows: list[Call] = []
    for sign in ("i", "u"):
        for size, source in (("8", "__m128i"), ("16", "__m128i"), ("32", half)):
            op = f"cvtep{sign}{size}_epi64"
            rows += [
                (f"{p}_{op}(a)", (source,), i), (f"{p}_mask_{op}(b, k, a)", (source, i), i),
                (f"{p}_maskz_{op}(k, a)", (source,), i),
            ]
    return rows


def _narrowed(p: str, bits: int) -> list[Call]:
    i, half = f"__m{bits}i", f"__m{max(bits // 2, 128)}i"
    small = f"{p}_maskz_cvtepi32_epi64(5, {p}_castsi{bits}_si{bits // 2}(a))" if bits > 128 else "a"
    rows: list[Call] = []
    for kind in ("", "s", "us"):
        for size, to, types in (
            ("8", "__m128i", ("void", "signed char", "unsigned char")),
            ("16", "__m128i", ("void", "short", "unsigned short")), ("32", half, ("void", "int", "unsigned")),
        ):
            op = f"cvt{kind}epi64_epi{size}"
            rows += [
                (f"{p}_{op}(a)", (i,), to), (f"{p}_{op}({small})", (i,), to), (f"{p}_{op}({p}_srai_epi64(a, 48))",
                (i,), to), (f"{p}_mask_{op}(b, k, a)", (i, to), to), (f"{p}_maskz_{op}(k, a)", (i,), to),
            ]
            store = f"{p}_mask_cvt{kind}epi64_storeu_epi{size}"
            rows += [(f"({store}(({t}*)(out.v + 4), k, a), out)", (i,), "Out") for t in types]
    return rows


def _in_memory(p: str, bits: int) -> list[Call]:
    i = f"__m{bits}i"
    quad = "(long long)is[0] << 32 | 5"
    return [
        (f"{p}_load_epi64(is)", (), i), (f"({p}_store_epi64(out.v, a), out)", (i,), "Out"),
        (f"{p}_mask_loadu_epi64(a, k, is + 1)", (i,), i), (f"{p}_maskz_loadu_epi64(k, is + 1)", (), i),
        (f"({p}_mask_storeu_epi64(out.v + 4, k, a), out)", (i,), "Out"),
        (f"{p}_mask_loadu_epi32(a, k, (unsigned*)is + 1)", (i,), i),
        (f"{p}_maskz_loadu_epi32(k, (unsigned*)is + 1)", (), i),
        (f"({p}_mask_storeu_epi32((unsigned*)out.v + 1, k, a), out)", (i,), "Out"),
        (f"{p}_mask_set1_epi64(a, k, {quad})", (i,), i), (f"{p}_maskz_set1_epi64(k, {quad})", (), i),
    ]


def _reduced() -> list[Call]:
    v = "__m512i"
    rows: list[Call] = []
    for op in ("add_epi64", "mul_epi64", "and_epi64", "or_epi64", "max_epi64", "min_epi64", "max_epu64", "min_epu64"):
        rows += [
            (f"_mm_cvtsi64_si128((long long)_mm512_reduce_{op}(a))", (v,), "__m128i"),
            (f"_mm_cvtsi64_si128((long long)_mm512_mask_reduce_{op}(k, a))", (v,), "__m128i"),
        ]
    for op in ("max_epu32", "min_epu32"):
        rows += [(f"(int)_mm512_reduce_{op}(a)", (v,), "int"), (f"(int)_mm512_mask_reduce_{op}(k, a)", (v,), "int")]
    return rows + [(f"_mm512_mask_reduce_{op}_epi32(k, a)", (v,), "int") for op in ("and", "or")]


def _listed() -> list[Call]:
    quads = ", ".join(f"(long long)is[{n}] << 32 | (unsigned)is[{n + 1}]" for n in range(8))
    values = {"epi8": ", ".join(f"(char)bs[{n}]" for n in range(64)), "epi16": ", ".join(f"hs[{n}]" for n in range(32))}
    return [
        (f"_mm512_set_epi64({quads})", (), "__m512i"), (f"_mm512_setr_epi64({quads})", (), "__m512i"),
        *[(f"_mm512_set_{e}({listed})", (), "__m512i") for e, listed in values.items()],
    ]
