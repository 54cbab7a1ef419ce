"""Vector intrinsics that this machine may lack, against numpy; rules; and what a reader sees."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.platforms.vnni_table import table
from xpiler import platforms
from xpiler.emulate import Entry, Run, build, run
from xpiler.emulate.run import from_bf16, to_bf16
from xpiler.ir.nodes import Buffer
from xpiler.ir.types import DType
from xpiler.text.clang import parse
from xpiler.text.read import library, read

VNNI = platforms.get("vnni")
I32, F32 = DType.I32, DType.F32
Ints = npt.NDArray[np.int32]
EXTREMES = np.array(
    [-(2**31), 2**31 - 1, 0, -1, 0x7F7F7F7F, -0x7F7F7F80, 0x7FFF8000, -0x7FFF8000], np.int64
).astype(np.int32)
_FORMS = [
    f"{prefix}_{op}" for prefix in ("_mm512", "_mm256", "_mm") for op in ("dpbusd", "dpbusds", "dpwssd", "dpwssds")
]
_BITS = {"_mm512": 512, "_mm256": 256, "_mm": 128}


def _dots() -> str:
    """A kernel that stores, for each form: the plain result, the masked and the zero-masked one."""
    lines = []
    for n, form in enumerate(_FORMS):
        prefix, op = form.rsplit("_", 1)
        vector = f"__m{_BITS[prefix]}i"
        load, store = f"{prefix}_loadu_epi32", f"{prefix}_storeu_epi32"
        calls = (
            f"{form}_epi32(s, a, b)", f"{prefix}_mask_{op}_epi32(s, 0xa5c3 >> 3, a, b)",
            f"{prefix}_maskz_{op}_epi32(0xa5c3 >> 3, s, a, b)",
        )
        lines += [f"{{ {vector} s = {load}(src + i), a = {load}(x + i), b = {load}(y + i);"]
        lines += [f"{store}(out + ({n} * 3 + {m}) * 64 + i, {c});" for m, c in enumerate(calls)]
        lines += ["}"]
    body = "\n".join(lines)
    steps = f"for (int i = 0; i < 64; i += 16) {{\n{body}\n}}"
    parameters = "const int* src, const int* x, const int* y, int* out"
    return f'#include <immintrin.h>\nextern "C" void dots({parameters}) {{\n{steps}\n}}\n'


def _exact(op: str, src: Ints, x: Ints, y: Ints) -> Ints:
    """One dot product in 64-bit integers."""
    a, b = (np.uint8, np.int8) if "bus" in op else (np.int16, np.int16)
    groups = 4 if "bus" in op else 2
    products = x.view(a).astype(np.int64) * y.view(b).astype(np.int64)
    total = src.astype(np.int64) + products.reshape(-1, groups).sum(axis=1)
    if op.endswith("ds"):
        total = np.clip(total, -(2**31), 2**31 - 1)
    wrapped: Ints = total.astype(np.uint64).astype(np.uint32).view(np.int32)
    return wrapped


def _run(text: str, name: str, cache: Path, **buffers: npt.NDArray[Any]) -> Run:
    kinds = {"int32": I32, "float32": F32}
    params = tuple(
        Buffer(n, kinds[a.dtype.name], None, const=not n.startswith("out")) for n, a in buffers.items()
    )
    entry = Entry(name, params)
    return run(build(text, VNNI, entry, file="k.cpp", cache=cache), entry, buffers)


@pytest.mark.slow
def test_dot_products_are_exact(cache: Path) -> None:
    rng = np.random.default_rng(7)
    src, x, y = (rng.integers(-(2**31), 2**31, 64, np.int64).astype(np.int32) for _ in range(3))
    src[:32], x[:32], y[:32] = (rng.choice(EXTREMES, 32) for _ in range(3))
    x[32:36], y[32:36], src[32:36] = -1, -0x7F7F7F80, -(2**31)  # 255 * -128, four times, below the smallest int
    x[36:40], y[36:40], src[36:40] = -0x7FFF8000, -0x7FFF8000, 2**31 - 1
    done = _run(_dots(), "dots", cache, src=src, x=x, y=y, out=np.zeros(len(_FORMS) * 3 * 64, np.int32))
    assert done.status == "ok", done
    out = done.outputs["out"].reshape(len(_FORMS), 3, 64)
    for form, (plain, mask, maskz) in zip(_FORMS, out, strict=True):
        prefix, op = form.rsplit("_", 1)
        lanes = _BITS[prefix] // 32
        want = _exact(op, src, x, y)
        bit = (0xA5C3 >> 3) >> np.arange(lanes) & 1 == 1
        seen = np.arange(64).reshape(4, 16)[:, :lanes]
        np.testing.assert_array_equal(plain[seen], want[seen], form)
        np.testing.assert_array_equal(mask[seen], np.where(bit, want[seen], src[seen]), form)
        np.testing.assert_array_equal(maskz[seen], np.where(bit, want[seen], 0), form)


@pytest.mark.slow
def test_reductions_and_approximations(cache: Path) -> None:
    text = """
#include <immintrin.h>
extern "C" void k(const float* x, float* out) {
  __m512 v = _mm512_loadu_ps(x);
  out[0] = _mm512_reduce_add_ps(v);
  out[1] = _mm512_reduce_max_ps(v);
  out[2] = _mm512_reduce_min_ps(v);
  out[3] = _mm512_mask_reduce_add_ps(0x00ff, v);
  _mm512_storeu_ps(out + 4, _mm512_rsqrt14_ps(v));
}
"""
    x = np.random.default_rng(1).uniform(0.5, 9, 16).astype(np.float32)
    out = _run(text, "k", cache, x=x, out=np.zeros(20, np.float32)).outputs["out"].astype(np.float64)
    np.testing.assert_allclose(out[:4], [x.sum(), x.max(), x.min(), x[:8].sum()], rtol=1e-6)
    np.testing.assert_allclose(out[4:], 1 / np.sqrt(x), rtol=2.0**-14)


ALIGNED = """
#include <immintrin.h>
extern "C" void k(const float* x, float* out) {
  _mm512_storeu_ps(out, _mm512_load_ps(x + 16));
}
"""


@pytest.mark.parametrize(("offset", "status"), [(16, "ok"), (8, "finding"), (1, "finding")])
def test_an_aligned_load_of_an_unaligned_address(offset: int, status: str, cache: Path) -> None:
    x = np.arange(64, dtype=np.float32)
    done = _run(ALIGNED.replace("16", str(offset)), "k", cache, x=x, out=np.zeros(16, np.float32))
    assert done.status == status
    if status == "finding":
        assert done.findings[0].line == 4 and "64-byte aligned" in done.findings[0].message


ROUNDED = """
#include <immintrin.h>
extern "C" void k(const float* x, float* out) {
  __m512 v = _mm512_loadu_ps(x);
  _mm512_storeu_ps(out, CALL);
}
"""


@pytest.mark.parametrize(("call", "complaint"), [
    ("_mm512_add_round_ps(v, v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)", ""),
    ("_mm512_add_round_ps(v, v, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC)", "sums rounded otherwise"),
    ("_mm512_fmadd_round_ps(v, v, v, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC)", "products rounded otherwise"),
    ("_mm512_max_round_ps(v, v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC)", "without rounding"),
    ("_mm512_getmant_ps(v, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_src)", ""),
    ("_mm512_getmant_ps(v, _MM_MANT_NORM_p5_1, _MM_MANT_SIGN_src)", "elsewhere than 1 to 2"),
])
def test_what_cannot_be_meant_is_a_finding(call: str, complaint: str, cache: Path) -> None:
    x = np.arange(16, dtype=np.float32)
    done = _run(ROUNDED.replace("CALL", call), "k", cache, x=x, out=np.zeros(16, np.float32))
    assert done.status == ("finding" if complaint else "ok")
    assert not complaint or complaint in done.findings[0].message


@pytest.mark.parametrize(
    ("load", "status"),
    [("_mm512_maskz_loadu_ps(0x000f, x + 1)", "ok"), ("_mm512_loadu_ps(x + 1)", "finding")],
)
def test_only_a_masked_load_may_reach_past_the_end(load: str, status: str, cache: Path) -> None:
    body = f"_mm512_storeu_ps(out, {load});"
    text = f'#include <immintrin.h>\nextern "C" void k(const float* x, float* out) {{ {body} }}\n'
    x = np.arange(5, dtype=np.float32)
    assert _run(text, "k", cache, x=x, out=np.zeros(16, np.float32)).status == status


def test_floats_can_be_doubles(cache: Path) -> None:
    """The reference run: the same text with every float a double."""
    text = (Path(__file__).parent.parent.parent / "examples" / "layernorm.cpp").read_text()
    params = (*(Buffer(n, F32, None, const=True) for n in ("x", "gamma", "beta")), Buffer("y", F32, None))
    program = read(text, VNNI)
    entry = Entry("layernorm", (*params, program.kernels[0].params[-1]))
    rng = np.random.default_rng(3)
    x, gamma, beta = rng.normal(size=(2, 256)), rng.normal(size=256), rng.normal(size=256)
    built = build(text, VNNI, entry, real="f64", cache=cache)
    done = run(built, entry, {"x": x, "gamma": gamma, "beta": beta, "y": np.zeros((2, 256)), "rows": 2})
    assert done.status == "ok", done
    want = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5) * gamma + beta
    np.testing.assert_allclose(done.outputs["y"].astype(np.float64).reshape(2, 256), want, rtol=1e-9, atol=1e-12)


def test_every_intrinsic_has_a_meaning() -> None:
    meanings = library(VNNI)
    assert len(meanings) > 900
    assert not [m.name for m in meanings if not m.body]
    assert not [m.name for m in meanings if re.search(r"cmp_ps_mask|loadu_si256", m.name)], "these are inlined"


@pytest.mark.parametrize(
    ("pointer", "element"),
    [("int8_t", "signed char"), ("uint8_t", "unsigned char"), ("int16_t", "short"), ("int", "int")],
)
def test_an_untyped_load_is_read_by_its_element(pointer: str, element: str) -> None:
    text = (
        "#include <immintrin.h>\n#include <stdint.h>\n"
        f"void k(const {pointer}* p, int* q) {{ _mm512_storeu_si512(q, _mm512_loadu_si512(p)); }}\n"
    )
    keys = {m.name: m.key for m in read(text, VNNI).meanings}
    assert keys["_mm512_loadu_si512"] == f"__m512i (const {element} *)"


@pytest.mark.parametrize(("pointer", "element"), [("int32_t", "int"), ("uint32_t", "unsigned int")])
def test_a_masked_access_is_read_by_its_element(pointer: str, element: str) -> None:
    text = (
        "#include <immintrin.h>\n#include <stdint.h>\n"
        f"void k(const {pointer}* p, {pointer}* q)"
        " { _mm512_mask_storeu_epi32(q, 0xff, _mm512_maskz_loadu_epi32(0xff, p)); }\n"
    )
    keys = {m.name: m.key for m in read(text, VNNI).meanings}
    assert keys["_mm512_maskz_loadu_epi32"] == f"__m512i (unsigned short, const {element} *)"
    assert keys["_mm512_mask_storeu_epi32"] == f"void ({element} *, unsigned short, __m512i)"


@pytest.mark.parametrize("name", ["add", "gemm", "gemm_half", "gemm_u8s8", "layernorm", "maxpool", "softmax"])
def test_the_examples_read(name: str, examples: Path) -> None:
    assert read((examples / f"{name}.cpp").read_text(), VNNI, f"{name}.cpp").kernels


BFLOAT = """
#include <immintrin.h>
extern "C" void k(const float* x, const float* y, float* out) {
  __m512bh a = _mm512_cvtne2ps_pbh(_mm512_loadu_ps(x + 16), _mm512_loadu_ps(x));
  __m512bh b = _mm512_cvtne2ps_pbh(_mm512_loadu_ps(y + 16), _mm512_loadu_ps(y));
  _mm512_storeu_ps(out, _mm512_dpbf16_ps(_mm512_set1_ps(0.5f), a, b));
  __m256bh c = _mm512_cvtneps_pbh(_mm512_loadu_ps(x));
  _mm512_storeu_ps(out + 16, _mm512_cvtpbh_ps(c));
  __m256bh d = _mm256_cvtne2ps_pbh(_mm256_loadu_ps(x + 8), _mm256_loadu_ps(x));
  _mm256_storeu_ps(out + 32, _mm256_dpbf16_ps(_mm256_set1_ps(0.0f), d, d));
  _mm256_storeu_ps(out + 40, _mm256_cvtpbh_ps(_mm256_cvtneps_pbh(_mm256_loadu_ps(x))));
  __m128bh e = _mm_cvtne2ps_pbh(_mm_loadu_ps(x + 4), _mm_loadu_ps(x));
  _mm_storeu_ps(out + 48, _mm_dpbf16_ps(_mm_set1_ps(0.0f), e, e));
}
"""


def test_bfloat16_pairs(cache: Path) -> None:
    """Products of bfloat16 are exact in a float, so only the order of sums matters; ties, zeros included."""
    x = np.random.default_rng(2).normal(size=32).astype(np.float32)
    y = np.random.default_rng(3).normal(size=32).astype(np.float32)
    x[:4] = [1.00390625, 1.01171875, -0.0, 1e-40]
    out = _run(BFLOAT, "k", cache, x=x, y=y, out=np.zeros(52, np.float32)).outputs["out"]
    a, b = (from_bf16(to_bf16(np.where(np.abs(v) < 1e-38, 0, v).astype(np.float32))) for v in (x, y))

    def dots(p: npt.NDArray[np.float32], q: npt.NDArray[np.float32], start: float) -> npt.NDArray[np.float32]:
        first = np.float32(start) + p[1::2] * q[1::2]
        return np.asarray(first + p[::2] * q[::2], np.float32)

    np.testing.assert_array_equal(out[:16], dots(a, b, 0.5))
    np.testing.assert_array_equal(out[16:32], a[:16])
    np.testing.assert_array_equal(out[32:40], dots(a[:16], a[:16], 0.0))
    np.testing.assert_array_equal(out[40:48], a[:8])
    np.testing.assert_array_equal(out[48:52], dots(a[:8], a[:8], 0.0))


def _estimates() -> list[tuple[str, str]]:
    """Calls on a vector v, and what they estimate."""
    calls = []
    for p, bits in _BITS.items():
        ops = ("rcp14", "rsqrt14") if bits == 512 else ("rcp14", "rsqrt14", "rcp", "rsqrt")
        for op in ops:
            kind = "rsqrt" if "rsqrt" in op else "rcp"
            calls.append((f"{p}_{op}_ps(v{bits})", kind))
            if "14" in op:
                calls += [(f"{p}_mask_{op}_ps(v{bits}, 0xff, v{bits})", kind),
                    (f"{p}_maskz_{op}_ps(0xff, v{bits})", kind)]
        two = f"{p}_set1_ps(2.0f)"
        calls += [(f"{p}_scalef_ps(v{bits}, {two})", "four"),
            (f"{p}_mask_scalef_ps(v{bits}, 0xff, v{bits}, {two})", "four"),
                  (f"{p}_maskz_scalef_ps(0xff, v{bits}, {two})", "four")]
    return calls


def test_estimates_and_sums_in_any_order(cache: Path) -> None:
    """What hardware approximates, or may add in another order: near the exact value."""
    kinds = {"rcp": lambda v: 1 / v, "rsqrt": lambda v: 1 / np.sqrt(v), "four": lambda v: 4 * v}
    lines = [f"__m{bits} v{bits} = {p}_loadu_ps(x);" for p, bits in _BITS.items()]
    for n, (call, _) in enumerate(_estimates()):
        lines.append(f"_{call.split('_')[1]}_storeu_ps(out + {16 * n}, {call});")
    at = 16 * len(_estimates())
    lines.append("double d[8]; for (int i = 0; i < 8; ++i) d[i] = x[i]; __m512d w = _mm512_loadu_pd(d);")
    sums = {
        "_mm512_reduce_add_pd(w)": sum, "_mm512_reduce_max_pd(w)": max, "_mm512_reduce_min_pd(w)": min,
        "_mm512_mask_reduce_add_pd(0xff, w)": sum, "_mm512_mask_reduce_max_pd(0xff, w)": max,
        "_mm512_mask_reduce_min_pd(0xff, w)": min, "_mm512_mask_reduce_max_ps(0xff, v512)": max,
        "_mm512_mask_reduce_min_ps(0xff, v512)": min,
        "_mm512_reduce_mul_ps(_mm512_maskz_mov_ps(0, v512))": lambda v: 0.0,
        "_mm512_reduce_mul_pd(w)": np.prod, "_mm512_mask_reduce_mul_pd(0x3, w)": lambda v: v[0] * v[1],
        "_mm512_mask_reduce_mul_ps(0x3, v512)": lambda v: v[0] * v[1],
    }
    lines += [f"out[{at + n}] = (float){call};" for n, call in enumerate(sums)]
    text = '#include <immintrin.h>\nextern "C" void k(const float* x, float* out) {\n' + "\n".join(lines) + "\n}\n"
    x = np.random.default_rng(4).uniform(0.5, 3, 16).astype(np.float32)
    out = _run(text, "k", cache, x=x, out=np.zeros(at + len(sums), np.float32)).outputs["out"]
    for n, (call, kind) in enumerate(_estimates()):
        lanes = 8 if "0xff" in call and "512" in call else min(16, _BITS["_" + call.split("_")[1]] // 32)
        np.testing.assert_allclose(out[16 * n : 16 * n + lanes], kinds[kind](x[:lanes]), 4e-4, err_msg=call)
    np.testing.assert_allclose(out[at:], [f(x[:8].astype(float)) for f in sums.values()], 1e-6)


# Spellings that not every compiler has, and the tried function each is another name of.
SAME = {
    f"{p}_{op}_avx_epi32": f"{p}_{op}_epi32(s, a, b)" for p in ("_mm256", "_mm")
    for op in ("dpbusd", "dpbusds", "dpwssd", "dpwssds")
} | {f"{p}_{op}_epi32": f"{p}_{op}_si{_BITS[p]}(a, b)" for p in ("_mm256", "_mm")
     for op in ("and", "or", "xor", "andnot")}


def test_other_spellings_are_the_same(cache: Path) -> None:
    lines = []
    for n, (name, other) in enumerate(SAME.items()):
        p = name.rpartition("_mm")[1] + name.removeprefix("_mm").split("_")[0]
        call = name + ("(s, a, b)" if "avx" in name else "(a, b)")
        for half, text in enumerate((call, other)):
            lines.append(f"{{ __m{_BITS[p]}i s = {p}_loadu_epi32(x), a = {p}_loadu_epi32(x + 8);"
                         f" __m{_BITS[p]}i b = {p}_loadu_epi32(x + 16);"
                         f" {p}_storeu_epi32(out + {(2 * n + half) * 8}, {text}); }}")
    text = '#include <immintrin.h>\nextern "C" void k(const int* x, int* out) {\n' + "\n".join(lines) + "\n}\n"
    x = np.random.default_rng(8).integers(-(2**31), 2**31, 24, np.int64).astype(np.int32)
    out = _run(text, "k", cache, x=x, out=np.zeros(len(SAME) * 16, np.int32)).outputs["out"].reshape(-1, 2, 8)
    for name, (got, want) in zip(SAME, out, strict=True):
        np.testing.assert_array_equal(got, want, name)
        assert want.any(), name


def test_every_function_of_the_header_is_tried_against_something_else() -> None:
    """Every name of the vendor's is called in the table for the CPU or in a test of this folder."""
    unit = parse("", "empty.cpp", VNNI.header, VNNI.clang_args, whole=True)
    known = {
        n.spelling for n in unit.top
        if n.kind in ("FUNCTION_DECL", "FUNCTION_TEMPLATE") and re.match(r"_(mm|k|cvt)", n.spelling)
    }
    assert len(known) > 1200
    tried = {name for row in table() for name in re.findall(r"\b_\w+", row.code)}
    texts = "\n".join(p.read_text() for p in Path(__file__).parent.glob("test_vnni*.py"))
    texts += _dots() + str(_estimates()) + str(SAME)
    untried = {name for name in known - tried if not re.search(rf"\b{name}\b", texts)}
    assert not untried, sorted(untried)
