"""Calls of the vector intrinsics that exist on plain AVX-512 machines, and the C++ program that makes them.

The program runs every call over the same edge values and writes the results; compiled once with the vendor's
<immintrin.h> and once with device.h it must write the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.platforms import vnni_masked, vnni_more, vnni_narrow, vnni_quads, vnni_rearranged, vnni_rest, vnni_rounded

_FURTHER = (vnni_more, vnni_rest, vnni_rearranged, vnni_quads, vnni_rounded, vnni_narrow, vnni_masked)

TRIALS = 48


@dataclass(frozen=True)
class Row:
    """`code` is an expression over a, b, c (of the types `args`), k (a mask), fs/is/bs/hs (arrays of elements)."""

    code: str
    args: tuple[str, ...]
    result: str


def _widths(op: str, count: int, kind: str, masks: str = "") -> list[Row]:
    """An operation at 512, 256 and 128 bits; kind f, d or i; masks: "" none, "m" mask and maskz too."""
    rows = []
    for prefix, bits in (("_mm512", 512), ("_mm256", 256), ("_mm", 128)):
        v = f"__m{bits}" + {"f": "", "d": "d", "i": "i"}[kind]
        names = ", ".join("abc"[:count])
        args = (v,) * count
        rows.append(Row(f"{prefix}_{op}({names})", args, v))
        if masks == "m":
            source = "c, k, " if count < 3 else ""
            full = "a, k, b, c" if count == 3 else f"{source}{names}"
            rows.append(Row(f"{prefix}_mask_{op}({full})", (v, v, v), v))
            rows.append(Row(f"{prefix}_maskz_{op}(k, {names})", args, v))
            if count == 3:
                rows.append(Row(f"{prefix}_mask3_{op}(a, b, c, k)", args, v))
    return rows


def _only(rows: list[Row], *prefixes: str) -> list[Row]:
    return [r for r in rows if r.code.split("_")[1] in prefixes]


def table() -> list[Row]:
    rows: list[Row] = []
    for op in "add_ps sub_ps mul_ps div_ps max_ps min_ps and_ps or_ps xor_ps andnot_ps".split():
        rows += _widths(op, 2, "f", "m")
    for op in "fmadd_ps fmsub_ps fnmadd_ps fnmsub_ps".split():
        rows += _widths(op, 3, "f", "m")
    for op in ("fmaddsub_ps", "fmsubadd_ps"):
        rows += _widths(op, 3, "f")
    rows += _widths("sqrt_ps", 1, "f", "m")
    for op in "add_pd sub_pd mul_pd div_pd max_pd min_pd".split():
        rows += _widths(op, 2, "d", "m")
    rows += _widths("fmadd_pd", 3, "d", "m") + _widths("sqrt_pd", 1, "d", "m")
    for op in ("floor_ps", "ceil_ps"):
        rows += _widths(op, 1, "f")
    for op in ("unpacklo_ps", "unpackhi_ps"):
        rows += _widths(op, 2, "f")
    for op in ("moveldup_ps", "movehdup_ps"):
        rows += _widths(op, 1, "f")
    for op in (
        "add_epi32 sub_epi32 mullo_epi32 max_epi32 min_epi32 max_epu32 min_epu32 "
        "sllv_epi32 srlv_epi32 srav_epi32"
    ).split():
        rows += _widths(op, 2, "i", "m")
    rows += _widths("abs_epi32", 1, "i", "m")
    for op in (
        "add_epi8 sub_epi8 adds_epi8 subs_epi8 adds_epu8 subs_epu8 max_epi8 min_epi8 max_epu8 min_epu8 avg_epu8 "
        "add_epi16 sub_epi16 adds_epi16 subs_epi16 adds_epu16 mullo_epi16 mulhi_epi16 mulhi_epu16 max_epi16 min_epi16 "
        "madd_epi16 maddubs_epi16 sad_epu8 packs_epi32 packus_epi32 packs_epi16 packus_epi16 shuffle_epi8 "
        "unpacklo_epi32 unpackhi_epi32 unpacklo_epi64 unpackhi_epi64"
    ).split():
        rows += _widths(op, 2, "i")
    for op in ("abs_epi8", "abs_epi16"):
        rows += _widths(op, 1, "i")
    for op in "hadd_ps hsub_ps".split():
        rows += _only(_widths(op, 2, "f"), "mm256", "mm")
    for op in "hadd_epi32 sign_epi8 sign_epi16 cmpeq_epi8 cmpgt_epi8 cmpeq_epi32 cmpgt_epi32".split():
        rows += _only(_widths(op, 2, "i"), "mm256", "mm")
    return rows + _logic() + _immediates() + _compares() + _conversions() + _parts() + _memory() + _masks() + [
        Row(*c) for further in _FURTHER for c in further.calls()
    ]


def _logic() -> list[Row]:
    rows = []
    for prefix, bits in (("_mm512", 512), ("_mm256", 256), ("_mm", 128)):
        v = f"__m{bits}i"
        rows += [Row(f"{prefix}_{op}_si{bits}(a, b)", (v, v), v) for op in ("and", "or", "xor", "andnot")]
        rows += [Row(f"{prefix}_set1_{t}({x})", (), v) for t, x in (
            ("epi8", "(char)is[2]"), ("epi16", "(short)is[3]"), ("epi32", "is[1]"))]
        rows.append(Row(f"{prefix}_set1_ps(fs[1])", (), f"__m{bits}"))
        rows.append(Row(f"{prefix}_setzero_ps()", (), f"__m{bits}"))
        rows.append(Row(f"{prefix}_setzero_si{bits}()", (), v))
        rows.append(Row(f"{prefix}_maskz_set1_epi32(k, is[2])", (), v))
    for name, n, v in (("_mm512", 16, "__m512"), ("_mm256", 8, "__m256"), ("_mm", 4, "__m128")):
        for order in ("set", "setr"):
            rows.append(Row(f"{name}_{order}_ps({', '.join(f'fs[{i}]' for i in range(n))})", (), v))
            rows.append(Row(f"{name}_{order}_epi32({', '.join(f'is[{i}]' for i in range(n))})", (), v + "i"))
    rows += [Row("_mm512_set1_epi64(((long long)is[0] << 32) ^ is[1])", (), "__m512i")]
    for op in "add_ss sub_ss mul_ss div_ss max_ss min_ss move_ss movehl_ps movelh_ps".split():
        rows.append(Row(f"_mm_{op}(a, b)", ("__m128", "__m128"), "__m128"))
    return rows


def _immediates() -> list[Row]:
    rows = []
    for prefix, bits in (("_mm512", 512), ("_mm256", 256), ("_mm", 128)):
        f, i = f"__m{bits}", f"__m{bits}i"
        for count in (0, 1, 7, 8, 15, 16, 31, 32, 200):
            for op in ("slli_epi32", "srli_epi32", "srai_epi32", "slli_epi16", "srli_epi16", "srai_epi16"):
                rows.append(Row(f"{prefix}_{op}(a, {count})", (i,), i))
        for control in (0, 0x1B, 0x4E, 0xB1, 0xE4, 0xC6):
            rows.append(Row(f"{prefix}_shuffle_ps(a, b, {control})", (f, f), f))
            rows.append(Row(f"{prefix}_permute_ps(a, {control})", (f,), f))
            rows.append(Row(f"{prefix}_shuffle_epi32(a, (_MM_PERM_ENUM){control})", (i,), i))
        for mode in (0, 1, 2, 3, 4, 8, 9, 11):
            rows.append(Row(f"{prefix}_roundscale_ps(a, {mode})", (f,), f))
            if bits < 512 and mode < 12:
                rows.append(Row(f"{prefix}_round_ps(a, {mode})", (f,), f))
    for control in (0, 0x1B, 0x4E, 0xE4):
        rows.append(Row(f"_mm512_shuffle_f32x4(a, b, {control})", ("__m512", "__m512"), "__m512"))
        rows.append(Row(f"_mm512_shuffle_i32x4(a, b, {control})", ("__m512i", "__m512i"), "__m512i"))
        rows.append(Row(f"_mm256_permute4x64_epi64(a, {control})", ("__m256i",), "__m256i"))
        rows.append(Row(f"_mm256_blend_ps(a, b, {control})", ("__m256", "__m256"), "__m256"))
    for control in (0, 1, 0x21, 0x30, 0x08, 0x83, 0x13):
        rows.append(Row(f"_mm256_permute2f128_ps(a, b, {control})", ("__m256", "__m256"), "__m256"))
        rows.append(Row(f"_mm256_permute2x128_si256(a, b, {control})", ("__m256i", "__m256i"), "__m256i"))
    return rows


def _compares() -> list[Row]:
    rows = []
    for prefix, bits in (("_mm512", 512), ("_mm256", 256), ("_mm", 128)):
        f, i = f"__m{bits}", f"__m{bits}i"
        for p in range(32):
            rows.append(Row(f"(int){prefix}_cmp_ps_mask(a, b, {p})", (f, f), "int"))
            if bits < 512:
                rows.append(Row(f"{prefix}_castps_si{bits}({prefix}_cmp_ps(a, b, {p}))", (f, f), i))
        rows.append(Row(f"(int){prefix}_mask_cmp_ps_mask(k, a, b, 1)", (f, f), "int"))
        for p in range(8):
            rows.append(Row(f"(int){prefix}_cmp_epi32_mask(a, b, {p})", (i, i), "int"))
        for op in (
            "cmpeq_epi32 cmplt_epi32 cmple_epi32 cmpneq_epi32 cmpge_epi32 cmpgt_epi32 cmplt_epu32 cmpgt_epu32"
        ).split():
            rows.append(Row(f"(int){prefix}_{op}_mask(a, b)", (i, i), "int"))
            rows.append(Row(f"(int){prefix}_mask_{op}_mask(k, a, b)", (i, i), "int"))
        for op, v in (("ps", f), ("epi32", i)):
            rows.append(Row(f"{prefix}_mask_blend_{op}(k, a, b)", (v, v), v))
            rows.append(Row(f"{prefix}_mask_mov_{op}(a, k, b)", (v, v), v))
            rows.append(Row(f"{prefix}_maskz_mov_{op}(k, a)", (v,), v))
        if bits < 512:
            rows.append(Row(f"{prefix}_blendv_ps(a, b, c)", (f, f, f), f))
            rows.append(Row(f"{prefix}_movemask_ps(a)", (f,), "int"))
    for op in "cmpeq cmplt cmple cmpneq cmpnlt cmpnle cmpunord".split():
        rows.append(Row(f"(int)_mm512_{op}_ps_mask(a, b)", ("__m512", "__m512"), "int"))
    return rows


def _conversions() -> list[Row]:
    rows = []
    for prefix, bits in (("_mm512", 512), ("_mm256", 256), ("_mm", 128)):
        f, i = f"__m{bits}", f"__m{bits}i"
        half = f"__m{max(bits // 2, 128)}i"
        pairs = [
            ("cvtepi32_ps", i, f), ("cvtepu32_ps", i, f), ("cvtps_epi32", f, i), ("cvttps_epi32", f, i),
            ("cvtepi8_epi32", "__m128i", i), ("cvtepu8_epi32", "__m128i", i),
        ]
        for op, source, to in pairs:
            rows.append(Row(f"{prefix}_{op}(a)", (source,), to))
            if bits == 512 or op != "cvtepu32_ps":
                rows.append(Row(f"{prefix}_mask_{op}(b, k, a)", (source, to), to))
                rows.append(Row(f"{prefix}_maskz_{op}(k, a)", (source,), to))
        for op in ("cvtepi8_epi16", "cvtepu8_epi16", "cvtepi16_epi32", "cvtepu16_epi32"):
            rows.append(Row(f"{prefix}_{op}(a)", (half,), i))
        rows.append(Row(f"{prefix}_cvtph_ps(a)", (half,), f))
        for mode in (0, 4, 8):
            rows.append(Row(f"{prefix}_cvtps_ph(a, {mode})", (f,), f"half:{half}"))
        rows.append(Row(f"{prefix}_castps_si{bits}(a)", (f,), f"bits:{i}"))
        rows.append(Row(f"{prefix}_castsi{bits}_ps(a)", (i,), f))
    for op in ("cvtepi32", "cvtsepi32", "cvtusepi32"):
        for suffix, to, element in (("epi8", "__m128i", "char"), ("epi16", "__m256i", "short")):
            rows += [
                Row(f"_mm512_{op}_{suffix}(a)", ("__m512i",), to),
                Row(f"_mm512_mask_{op}_{suffix}(b, k, a)", ("__m512i", to), to),
                Row(f"_mm512_maskz_{op}_{suffix}(k, a)", ("__m512i",), to),
            ]
            rows += [
                Row(f"(_mm512_mask_{op}_storeu_{suffix}(({t})out.v + 1, k, a), out)", ("__m512i",), "Out")
                for t in (f"{'signed ' if element == 'char' else ''}{element}*", f"unsigned {element}*")
            ]
    rows += [
        Row("_mm512_cvtps_pd(a)", ("__m256",), "__m512d"), Row("_mm512_cvtpd_ps(a)", ("__m512d",), "__m256"),
        Row("_mm256_cvtps_pd(a)", ("__m128",), "__m256d"), Row("_mm256_cvtpd_ps(a)", ("__m256d",), "__m128"),
        Row("_mm256_cvtepi32_pd(a)", ("__m128i",), "__m256d"),
        Row("_mm_cvtss_f32(a)", ("__m128",), "float"), Row("_mm512_cvtss_f32(a)", ("__m512",), "float"),
        Row("_mm_cvtsi128_si32(a)", ("__m128i",), "int"), Row("_mm_extract_epi32(a, 2)", ("__m128i",), "int"),
        Row("_mm512_abs_ps(a)", ("__m512",), "__m512"), Row("_mm_set_ss(fs[0])", (), "__m128"),
    ]
    for op in "add mul max min and or".split():
        rows.append(Row(f"_mm512_reduce_{op}_epi32(a)", ("__m512i",), "int"))
        if op not in ("and", "or"):
            rows.append(Row(f"_mm512_mask_reduce_{op}_epi32(k, a)", ("__m512i",), "int"))
    return rows


def _parts() -> list[Row]:
    rows = []
    for name, source, to, count in (
        ("_mm512_extractf32x8_ps", "__m512", "__m256", 2), ("_mm512_extractf32x4_ps", "__m512", "__m128", 4),
        ("_mm512_extracti32x8_epi32", "__m512i", "__m256i", 2), ("_mm512_extracti64x4_epi64", "__m512i", "__m256i", 2),
        ("_mm512_extracti32x4_epi32", "__m512i", "__m128i", 4), ("_mm256_extractf128_ps", "__m256", "__m128", 2),
        ("_mm256_extracti128_si256", "__m256i", "__m128i", 2), ("_mm512_extractf64x4_pd", "__m512d", "__m256d", 2),
    ):
        rows += [Row(f"{name}(a, {n})", (source,), to) for n in range(count)]
    for name, whole, part, count in (
        ("_mm512_insertf32x8", "__m512", "__m256", 2), ("_mm512_insertf32x4", "__m512", "__m128", 4),
        ("_mm512_inserti32x8", "__m512i", "__m256i", 2), ("_mm512_inserti64x4", "__m512i", "__m256i", 2),
        ("_mm256_insertf128_ps", "__m256", "__m128", 2), ("_mm256_inserti128_si256", "__m256i", "__m128i", 2),
    ):
        rows += [Row(f"{name}(a, b, {n})", (whole, part), whole) for n in range(count)]
    for name, source, to in (
        ("_mm512_castps512_ps256", "__m512", "__m256"), ("_mm512_castps512_ps128", "__m512", "__m128"),
        ("_mm512_castsi512_si256", "__m512i", "__m256i"), ("_mm256_castps256_ps128", "__m256", "__m128"),
        ("_mm256_castsi256_si128", "__m256i", "__m128i"), ("_mm512_zextps256_ps512", "__m256", "__m512"),
        ("_mm512_broadcast_f32x8", "__m256", "__m512"), ("_mm512_broadcast_f32x4", "__m128", "__m512"),
        ("_mm512_broadcast_i32x4", "__m128i", "__m512i"), ("_mm256_broadcastsi128_si256", "__m128i", "__m256i"),
        ("_mm512_broadcastss_ps", "__m128", "__m512"), ("_mm512_broadcastd_epi32", "__m128i", "__m512i"),
        ("_mm256_broadcastss_ps", "__m128", "__m256"),
    ):
        rows.append(Row(f"{name}(a)", (source,), to))
    rows += [
        Row("_mm512_permutexvar_ps(b, a)", ("__m512", "__m512i"), "__m512"),
        Row("_mm512_permutexvar_epi32(b, a)", ("__m512i", "__m512i"), "__m512i"),
        Row("_mm256_permutevar8x32_ps(a, b)", ("__m256", "__m256i"), "__m256"),
        Row("_mm256_permutevar8x32_epi32(a, b)", ("__m256i", "__m256i"), "__m256i"),
        Row("_mm512_permutex2var_ps(a, b, c)", ("__m512", "__m512i", "__m512"), "__m512"),
    ]
    return rows


def _memory() -> list[Row]:
    rows = []
    for prefix, bits in (("_mm512", 512), ("_mm256", 256), ("_mm", 128)):
        f, i, d = f"__m{bits}", f"__m{bits}i", f"__m{bits}d"
        rows += [
            Row(f"{prefix}_loadu_ps(fs + 1)", (), f), Row(f"{prefix}_load_ps(fs)", (), f),
            Row(f"{prefix}_loadu_pd(ds + 1)", (), d),
            Row(f"{prefix}_mask_loadu_ps(a, k, fs + 3)", (f,), f), Row(f"{prefix}_maskz_loadu_ps(k, fs + 3)", (), f),
            Row(f"{prefix}_maskz_loadu_epi32(k, is + 1)", (), i),
            Row(f"{prefix}_maskz_loadu_epi16(k, is + 1)", (), i),
            Row(f"{prefix}_maskz_loadu_epi8(wide, bs + 1)", (), i),
            Row(f"{prefix}_loadu_epi8(bs + 3)", (), i), Row(f"{prefix}_loadu_epi16(hs + 1)", (), i),
            Row(f"{prefix}_loadu_epi32(is + 1)", (), i),
            Row(f"{prefix}_loadu_si{bits}(({'void' if bits == 512 else i} const*)(bs + 5))", (), i),
            Row(f"({prefix}_storeu_ps((float*)out.v + 1, a), out)", (f,), "Out"),
            Row(f"({prefix}_mask_storeu_ps((float*)out.v + 1, k, a), out)", (f,), "Out"),
            Row(f"({prefix}_mask_storeu_epi32((int*)out.v + 1, k, a), out)", (i,), "Out"),
            Row(f"({prefix}_mask_storeu_epi8((signed char*)out.v + 1, wide, a), out)", (i,), "Out"),
            Row(f"({prefix}_storeu_epi8((unsigned char*)out.v + 3, a), out)", (i,), "Out"),
            Row(f"({prefix}_storeu_epi16((short*)out.v + 3, a), out)", (i,), "Out"),
            Row(f"({prefix}_storeu_si{bits}(({'void' if bits == 512 else i}*)(out.v + 3), a), out)", (i,), "Out"),
        ]
        if bits < 512:
            rows.append(Row(f"{prefix}_maskload_ps(fs + 1, a)", (i,), f))
            rows.append(Row(f"({prefix}_maskstore_ps((float*)out.v, a, b), out)", (i, f), "Out"))
    rows += [
        Row("_mm512_loadu_si512(bs + 5)", (), "__m512i"), Row("_mm512_loadu_si512(hs + 5)", (), "__m512i"),
        Row("_mm512_i32gather_ps(_mm512_and_si512(a, _mm512_set1_epi32(31)), fs, 4)", ("__m512i",), "__m512"),
        Row("_mm256_i32gather_ps(fs, _mm256_and_si256(a, _mm256_set1_epi32(31)), 4)", ("__m256i",), "__m256"),
        Row("_mm_load_ss(fs + 1)", (), "__m128"), Row("_mm256_broadcast_ss(fs + 1)", (), "__m256"),
        Row("_mm_loadl_epi64((const __m128i*)(bs + 8))", (), "__m128i"),
    ]
    return rows


def _masks() -> list[Row]:
    return [
        Row("(int)_kand_mask16(k, 0x5a5a)", (), "int"), Row("(int)_kor_mask16(k, 0x5a5a)", (), "int"),
        Row("(int)_knot_mask16(k)", (), "int"), Row("(int)_knot_mask8(k)", (), "int"),
        Row("(int)_kandn_mask16(k, 0x5a5a)", (), "int"), Row("_mm512_mask2int(k)", (), "int"),
    ]


def expected_kind(row: Row) -> str:
    """How results compare: "f" and "d" as numbers with all NaN alike, "h" as halves, else byte by byte."""
    if ":" in row.result:
        return "h" if row.result.startswith("half") else "i"
    if row.result == "Out":
        return "i"
    last = {"float": "f", "int": "i"}.get(row.result, row.result[-1])
    return last if last in "di" else "f"


_PROGRAM = """
#include <stdint.h>
#include <stdio.h>
#include <string.h>
struct Out { unsigned char v[128]; };
static uint64_t state;
static uint32_t draw() { state = state * 6364136223846793005ull + 1442695040888963407ull; return state >> 33; }
static const uint32_t floats[] = {
  0x00000000, 0x80000000, 0x3f800000, 0xbf800000, 0x3f000000, 0xbf000000, 0x3fc00000, 0x40200000, 0xc0200000,
  0x7f800000, 0xff800000, 0x7fc00000, 0x00000001, 0x80000001, 0x007fffff, 0x00800000, 0x7f7fffff, 0xff7fffff,
  0x4effffff, 0x4f000000, 0xcf000000, 0x42f6e979, 0xc2f6e979, 0x3dcccccd, 0x33000000, 0x33800000, 0x477fe000,
  0x477ff000, 0x38800000, 0x387fc000};
static const uint64_t doubles[] = {
  0x0, 0x8000000000000000, 0x3ff0000000000000, 0xbff0000000000000, 0x7ff0000000000000, 0xfff0000000000000,
  0x7ff8000000000000, 0x1, 0x7fefffffffffffff, 0x3fb999999999999a, 0xc05edd2f1a9fbe77, 0x47efffffe0000000,
  0x47effffff0000000, 0x36a0000000000000};
static const uint32_t words[] = {
  0, 1, 0xffffffff, 0x7fffffff, 0x80000000, 0x80808080, 0x7f7f7f7f, 0xff00ff00, 0x00ff00ff, 0x80008000, 0x7fff7fff,
  0x7fff8000, 0xff80017f, 0x12345678, 5, 31, 32, 0x7c007bff, 0x03ff0400, 0xfc008001};
static float one_float() {
  uint32_t x = floats[draw() % (sizeof(floats) / 4)];
  if (draw() % 4 == 0) x = (draw() & 0x807fffff) | ((draw() % 40 + 107) << 23);
  float r; memcpy(&r, &x, 4); return r;
}
static double one_double() {
  uint64_t x = doubles[draw() % (sizeof(doubles) / 8)];
  double r; memcpy(&r, &x, 8); return r;
}
static int one_int() { return draw() % 3 ? words[draw() % (sizeof(words) / 4)] : draw() * 2 + draw() % 2; }
template <class V, class T> static V filled(T (*one)()) {
  T t[sizeof(V) / sizeof(T)];
  for (T& x : t) x = one();
  V v; memcpy((void*)&v, t, sizeof(v)); return v;
}
template <class V> static V make();
MAKERS
template <class R> static void put(const R& r) { fwrite(&r, sizeof(r), 1, stdout); }
alignas(64) static float fs[40];
alignas(64) static double ds[20];
alignas(64) static int is[40];
alignas(64) static unsigned char bs[160];
alignas(64) static short hs[80];
alignas(64) static Out out;
static unsigned short k;
static unsigned long long wide;
static void begin(unsigned trial) {
  state = trial * 7919u + 1;
  for (float& x : fs) x = one_float();
  for (double& x : ds) x = one_double();
  for (int& x : is) x = one_int();
  memcpy(bs, is, 160);
  memcpy(hs, is, 160);
  memset(&out, 0xee, sizeof(out));
  k = trial == 0 ? 0 : trial == 1 ? 0xffff : draw();
  wide = trial == 0 ? 0 : trial == 1 ? ~0ull : ((unsigned long long)draw() << 33) ^ draw();
}
"""


def program(rows: list[Row], header: str) -> str:
    """The C++ text that writes the result of every row for every trial, row by row."""
    makers = "".join(
        f"template <> __m{bits}{s} make<__m{bits}{s}>() {{ return filled<__m{bits}{s}>(one_{t}); }}\n"
        for bits in (512, 256, 128) for s, t in (("", "float"), ("d", "double"), ("i", "int"))
    )
    functions, calls = [], []
    for n, row in enumerate(rows):
        lets = " ".join(f"{t} {x} = make<{t}>();" for t, x in zip(row.args, "abc", strict=False))
        functions.append(f"static void row{n}() {{ {lets} put({row.code}); }}")
        calls.append(f"row{n}")
    return (
        f"{header}\n{_PROGRAM.replace('MAKERS', makers)}\n" + "\n".join(functions)
        + f"\nstatic void (*rows[])() = {{{', '.join(calls)}}};\n"
        + f"int main() {{ for (auto row : rows) for (unsigned t = 0; t < {TRIALS}; ++t) {{ begin(t); row(); }} }}\n"
    )
