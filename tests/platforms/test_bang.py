"""BANG C's device.h against numpy: what each intrinsic computes when a kernel runs on this CPU."""

from __future__ import annotations

from collections.abc import Callable
from math import erf
from typing import Any

import numpy as np
import pytest

from xpiler.emulate.build import build
from xpiler.emulate.entry import Entry, Run
from xpiler.emulate.run import from_bf16, run, to_bf16
from xpiler.ir.nodes import Buffer, Var
from xpiler.ir.types import DType
from xpiler.platforms import get
from xpiler.text.clang import parse

BANG = get("bang")
N = 192
Array = np.ndarray[Any, Any]

ERF = np.vectorize(erf, otypes=[np.float64])


def run_kernel(body: str, *, extents: dict[str, int] | None = None, text: str = "", **arrays: Array) -> Run:
    """Run `body` as a kernel over float and half arrays; names that start with `o` are written."""
    dtypes = {np.dtype(np.float32): DType.F32, np.dtype(np.float16): DType.F16, np.dtype(np.int32): DType.I32,
              np.dtype(np.int16): DType.I16, np.dtype(np.int8): DType.I8}
    spelled = {DType.F32: "float", DType.F16: "half", DType.I32: "int", DType.I16: "int16_t", DType.I8: "int8_t"}
    params = tuple(Buffer(n, dtypes[a.dtype], None, const=n[0] != "o") for n, a in arrays.items())
    signature = ", ".join(f"{'const ' * p.const}{spelled[p.dtype]}* {p.name}" for p in params)
    source = f"#include <bang.h>\n{text}\n__mlu_global__ void k({signature}) {{\n{body}\n}}\n"
    parse(source, "kernel.mlu", BANG.header, BANG.clang_args)
    entry = Entry("k", params, kernel=True, extents=extents or {"task": 1})
    return run(build(source, BANG, entry), entry, arrays)


def outcome(body: str, **arrays: Array) -> dict[str, Array]:
    done = run_kernel(body, **arrays)
    assert done.status == "ok", (done.findings, done.stderr)
    return dict(done.outputs)


def random(*shape: int, seed: int = 1, low: float = -3.0, high: float = 3.0) -> Array:
    return np.random.default_rng(seed).uniform(low, high, shape).astype(np.float32)


# ---------------------------------------------------------------- element-wise

ONE: dict[str, Callable[[Array], Array]] = {
    "__bang_abs": np.abs,
    "__bang_square": np.square,
    "__bang_relu": lambda a: np.maximum(a, 0),
    "__bang_active_relu": lambda a: np.maximum(a, 0),
    "__bang_active_abs": np.abs,
    "__bang_active_exp": np.exp,
    "__bang_active_exphp": np.exp,
    "__bang_active_sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "__bang_active_tanh": np.tanh,
    "__bang_active_sign": lambda a: np.where(a >= 0, 1.0, -1.0),
    "__bang_active_gelu": lambda a: 0.5 * a * (1 + ERF(a / np.sqrt(2.0))),
    "__bang_active_sin": np.sin,
    "__bang_active_cos": np.cos,
    "__bang_active_recip": np.reciprocal,
    "__bang_active_reciphp": np.reciprocal,
    "__bang_not": lambda a: (a == 0) * 1.0,
}
ONE_FLOAT: dict[str, Callable[[Array], Array]] = {
    "__bang_pow2": np.exp2,
    "__bang_recip": np.reciprocal,
    "__bang_sin": np.sin,
    "__bang_cos": np.cos,
    "__bang_floor": np.floor,
    "__bang_nearbyint": np.rint,
    "__bang_round": lambda a: np.trunc(a + np.copysign(0.5, a)),
}
POSITIVE: dict[str, Callable[[Array], Array]] = {
    "__bang_sqrt": np.sqrt,
    "__bang_rsqrt": lambda a: 1 / np.sqrt(a),
    "__bang_log": np.log2,
    "__bang_active_log": np.log,
    "__bang_active_loghp": np.log,
    "__bang_active_sqrthp": np.sqrt,
    "__bang_active_rsqrthp": lambda a: 1 / np.sqrt(a),
}
TWO: dict[str, Callable[[Array, Array], Array]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "maxequal": np.maximum,
    "minequal": np.minimum,
    "eq": lambda a, b: (a == b) * 1.0,
    "ne": lambda a, b: (a != b) * 1.0,
    "lt": lambda a, b: (a < b) * 1.0,
    "le": lambda a, b: (a <= b) * 1.0,
    "gt": lambda a, b: (a > b) * 1.0,
    "ge": lambda a, b: (a >= b) * 1.0,
}
VECTORS: dict[str, Callable[[Array, Array], Array]] = {
    **{f"__bang_{name}": f for name, f in TWO.items()},
    "__bang_div": np.divide,
    "__bang_and": lambda a, b: ((a != 0) & (b != 0)) * 1.0,
    "__bang_or": lambda a, b: ((a != 0) | (b != 0)) * 1.0,
    "__bang_xor": lambda a, b: ((a != 0) ^ (b != 0)) * 1.0,
}
SCALARS: dict[str, Callable[[Array, Array], Array]] = {
    **{f"__bang_{name}_scalar": f for name, f in TWO.items() if "equal" not in name},
    "__bang_maxeq_scalar": np.maximum,
    "__bang_mineq_scalar": np.minimum,
    "__bang_div": np.divide,
}
SEGMENT = 48


def _sequence(ctype: str) -> str:
    """A kernel that runs every element-wise intrinsic, one after another, each to its own N elements of o."""
    lines = [f"__nram__ {ctype} a[{N}], b[{N}], p[{N}], r[{N}];"]
    lines += [f"__memcpy({x}, i{x}, {N} * sizeof({ctype}), GDRAM2NRAM);" for x in "abp"]
    for at, (call, _) in enumerate(_calls(ctype)):
        lines += [call, f"__memcpy(o + {at * N}, r, {N} * sizeof({ctype}), NRAM2GDRAM);"]
    return "\n".join(lines)


def _calls(ctype: str) -> list[tuple[str, Callable[[Array, Array, Array], Array]]]:
    def wrap1(f: Callable[[Array], Array]) -> Callable[[Array, Array, Array], Array]:
        return lambda a, b, p: f(a)

    found: list[tuple[str, Callable[[Array, Array, Array], Array]]] = []
    one = {**ONE, **(ONE_FLOAT if ctype == "float" else {})}
    found += [(f"{name}(r, a, {N});", wrap1(f)) for name, f in one.items()]
    for name, f in POSITIVE.items():
        if ctype == "float" or "active" in name:
            found.append((f"{name}(r, p, {N});", lambda a, b, p, f=f: f(p)))
    found += [(f"{n}(r, a, b, {N});", lambda a, b, p, f=f: f(a, b)) for n, f in VECTORS.items()]
    found += [(f"{n}(r, a, b[3], {N});", lambda a, b, p, f=f: f(a, b[3])) for n, f in SCALARS.items()]
    for name, f in TWO.items():
        found.append((
            f"__bang_cycle_{name}(r, a, b, {N}, {SEGMENT});",
            lambda a, b, p, f=f: f(a.reshape(-1, SEGMENT), b[:SEGMENT]).ravel(),
        ))
    fusions = {"FMA": lambda a, b, c: a * b + c, "FSM": lambda a, b, c: (a - b) * c, "FSA": lambda a, b, c: a - b + c}
    for op, g in fusions.items():
        found.append((f"__bang_fusion(FUSION_{op}, r, a, b, p, {N}, {N});", lambda a, b, p, g=g: g(a, b, p)))
    return found


def _operands(dtype: type) -> tuple[Array, Array, Array]:
    a, b = random(N, seed=2), random(N, seed=3)
    a[::7], b[::5], b[::9] = 0.0, 0.0, a[::9]
    a[a == 0] += 0.25
    b[b == 0] -= 0.5
    return a.astype(dtype), b.astype(dtype), random(N, seed=4, low=0.1).astype(dtype)


@pytest.mark.slow
@pytest.mark.parametrize(("ctype", "dtype", "rtol"), [("float", np.float32, 2e-6), ("half", np.float16, 4e-3)])
def test_element_wise_intrinsics_compute_what_numpy_does(ctype: str, dtype: type, rtol: float) -> None:
    a, b, p = _operands(dtype)
    calls = _calls(ctype)
    got = outcome(_sequence(ctype), o=np.zeros(len(calls) * N, dtype), ia=a, ib=b, ip=p)["o"]
    wide = [x.astype(np.float64) for x in (a, b, p)]
    for at, (call, expected) in enumerate(calls):
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(got[at * N : at * N + N], expected(*wide), rtol, rtol, err_msg=call)


def test_integer_arithmetic_wraps_in_the_width_of_its_type() -> None:
    a = np.arange(-128, 128, 2, dtype=np.int8)
    body = """__nram__ int8_t x[128], y[128];
    __memcpy(x, a, 128, GDRAM2NRAM);
    __bang_add(y, x, x, 128);
    __memcpy(o, y, 128, NRAM2GDRAM);"""
    np.testing.assert_array_equal(outcome(body, o=np.zeros(128, np.int8), a=a)["o"], (a + a).astype(np.int8))


# ---------------------------------------------------------------- copies and layout


def test_strided_copies_move_the_documented_segments() -> None:
    a = random(8, 32)
    body = """__nram__ float x[8 * 10], y[64];
    __memcpy(x, a + 4, 10 * sizeof(float), GDRAM2NRAM, 10 * sizeof(float), 32 * sizeof(float), 7);
    __memcpy_async(o, x, 80 * sizeof(float), NRAM2GDRAM);
    __sync();
    __memcpy(y, a, 4 * sizeof(float), GDRAM2NRAM, 16, 3, 64, 1, 32, 1, 128, 3);
    __memcpy(o + 80, y, 32 * sizeof(float), NRAM2GDRAM);"""
    got = outcome(body, o=np.zeros(112, np.float32), a=a)["o"]
    np.testing.assert_array_equal(got[:80].reshape(8, 10), a[:, 4:14])
    # Eight blocks of four floats: from two columns 32 bytes apart of four rows, to two groups of four.
    blocks = np.stack([a[row, col : col + 4] for row in range(4) for col in (0, 8)])
    np.testing.assert_array_equal(got[80:].reshape(8, 4), blocks)


def test_a_two_dimensional_array_is_copied_and_filled_by_its_elements() -> None:
    a = random(8, 16)
    body = """__nram__ float x[8][16], y[8][16];
    __memcpy(x, a, sizeof(x), GDRAM2NRAM);
    __bang_write_value(y, 128, 3.0f);
    __memcpy(y, x, 32, NRAM2NRAM, 64, 64, 3);
    __memcpy(o, y, sizeof(y), NRAM2GDRAM);"""
    expected = np.full((8, 16), 3.0, np.float32)
    expected[:4, :8] = a[:4, :8]
    np.testing.assert_array_equal(outcome(body, o=np.zeros((8, 16), np.float32), a=a)["o"], expected)


def test_layout_intrinsics_permute_as_numpy_does() -> None:
    a = random(2, 3, 4, 5)
    body = """__nram__ float x[120], y[400];
    __memcpy(x, a, 480, GDRAM2NRAM);
    __bang_transpose(y, x, 6, 20);
    __memcpy(o, y, 480, NRAM2GDRAM);
    __bang_reshape_nhwc2nchw(y, x, 2, 3, 4, 5);
    __memcpy(o + 120, y, 480, NRAM2GDRAM);
    __bang_reshape_nchw2nhwc(y, x, 2, 4, 5, 3);
    __memcpy(o + 240, y, 480, NRAM2GDRAM);
    __bang_pad(y, x, 5, 6, 4, 1, 2, 3, 0);
    __memcpy(o + 360, y, 9 * 7 * 5 * 4, NRAM2GDRAM);"""
    got = outcome(body, o=np.zeros(360 + 315, np.float32), a=a)["o"]
    np.testing.assert_array_equal(got[:120], a.reshape(6, 20).T.ravel())
    np.testing.assert_array_equal(got[120:240], a.transpose(0, 3, 1, 2).ravel())
    np.testing.assert_array_equal(got[240:360], a.reshape(2, 3, 4, 5).transpose(0, 2, 3, 1).ravel())
    np.testing.assert_array_equal(got[360:], np.pad(a.reshape(6, 4, 5), ((1, 2), (3, 0), (0, 0))).ravel())


# ---------------------------------------------------------------- reductions and pooling


def test_reductions() -> None:
    a = random(96)
    body = """__nram__ float x[96], y[96];
    __memcpy(x, a, 384, GDRAM2NRAM);
    o[0] = __bang_sum(x, 96);
    __bang_write_value(y, 96, 7.0f);
    __bang_reduce_sum(y, x, 96);
    __memcpy(o + 1, y, 384, NRAM2GDRAM);
    __bang_argmax(y, x, 96);
    o[97] = y[0];
    oi[0] = ((unsigned*)y)[1];
    __bang_sumpool(y, x, 1, 1, 96, 1, 96, 1, 1);
    o[98] = y[0];
    oi[1] = __bang_findfirst1(x, 96);"""
    a[:2] = 0
    got = outcome(body, o=np.zeros(99, np.float32), oi=np.zeros(2, np.int32), a=a)
    assert got["o"][0] == pytest.approx(a.sum(dtype=np.float64), abs=1e-5)
    expected = np.full(96, 7.0)
    expected[::32] = a.reshape(3, 32).sum(1)
    np.testing.assert_allclose(got["o"][1:97], expected, 1e-5)
    assert got["o"][97] == a.max() and got["oi"][0] == a.argmax()
    assert got["o"][98] == got["o"][0]
    assert got["oi"][1] == 2


@pytest.mark.parametrize(("ctype", "dtype"), [("float", np.float32), ("half", np.float16)])
def test_pooling_takes_the_width_stride_first(ctype: str, dtype: type) -> None:
    h, w, c, kh, kw, sw, sh = 7, 9, 5, 3, 2, 2, 3
    oh, ow = (h - kh) // sh + 1, (w - kw) // sw + 1
    size = oh * ow * c
    a = random(h, w, c).astype(dtype)
    body = f"__nram__ {ctype} x[{h * w * c}], y[{size}];\n__memcpy(x, a, sizeof(x), GDRAM2NRAM);\n"
    for at, name in enumerate(("__bang_sumpool", "__bang_avgpool", "__bang_maxpool", "__bang_minpool")):
        body += f"{name}(y, x, {c}, {h}, {w}, {kh}, {kw}, {sw}, {sh});\n"
        body += f"__memcpy(o + {at * size}, y, sizeof(y), NRAM2GDRAM);\n"
    got = outcome(body, o=np.zeros(4 * size, dtype), a=a)["o"].reshape(4, oh, ow, c)
    windows = np.lib.stride_tricks.sliding_window_view(a.astype(np.float64), (kh, kw), (0, 1))[::sh, ::sw]
    for result, f in zip(got, (np.sum, np.mean, np.max, np.min), strict=True):
        np.testing.assert_allclose(result, f(windows, axis=(-1, -2)), 2e-3 if ctype == "half" else 1e-5, 2e-3)


# ---------------------------------------------------------------- matrices

WEIGHTS = """__nram__ {t} x[{m} * {k}], f[{n} * {k}], g[{n} * {k}];
__nram__ float y[{m} * {n}];
__wram__ {t} w[{n} * {k}];
__memcpy(x, a, sizeof(x), GDRAM2NRAM);
__memcpy(f, b, sizeof(f), GDRAM2NRAM);
__bang_reshape_filter(g, f, {n}, 1, 1, {k});
__memcpy(w, g, sizeof(w), NRAM2WRAM);
"""


@pytest.mark.parametrize(("ctype", "dtype", "k"), [("float", np.float32, 48), ("half", np.float16, 32)])
def test_matmul_multiplies_by_the_transposed_weights(ctype: str, dtype: type, k: int) -> None:
    m, n = 5, 128
    a, b = random(m, k).astype(dtype), random(n, k, seed=7).astype(dtype)
    body = WEIGHTS.format(t=ctype, m=m, n=n, k=k)
    body += f"__bang_matmul(y, x, w, {m}, {k}, {n});\n__memcpy(o, y, sizeof(y), NRAM2GDRAM);\n"
    body += f"__bang_mlp(y, x + {k}, w, {n}, {k});\n__memcpy(o + {m * n}, y, {n} * 4, NRAM2GDRAM);"
    got = outcome(body, o=np.zeros(m * n + n, np.float32), a=a, b=b)["o"]
    expected = a.astype(np.float64) @ b.astype(np.float64).T
    np.testing.assert_allclose(got[: m * n].reshape(m, n), expected, 1e-4, 1e-4)
    np.testing.assert_allclose(got[m * n :], expected[1], 1e-4, 1e-4)


def test_integer_matmul_scales_by_the_position() -> None:
    m, k, n = 2, 64, 64
    rng = np.random.default_rng(5)
    a, b = (rng.integers(-20, 20, s).astype(np.int8) for s in ((m, k), (n, k)))
    body = WEIGHTS.format(t="int8_t", m=m, n=n, k=k)
    body += f"__bang_matmul(y, x, w, {m}, {k}, {n}, -3);\n__memcpy(o, y, sizeof(y), NRAM2GDRAM);"
    got = outcome(body, o=np.zeros((m, n), np.float32), a=a, b=b)["o"]
    np.testing.assert_array_equal(got, (a.astype(int) @ b.astype(int).T) / 8.0)


def test_conv_slides_over_rows_and_columns() -> None:
    ci, h, w, kh, kw, sw, sh, co = 16, 5, 6, 2, 3, 1, 2, 64
    oh, ow, row = (h - kh) // sh + 1, (w - kw) // sw + 1, kh * kw * ci
    a, b = random(h, w, ci), random(co, kh, kw, ci, seed=8)
    body = f"""__nram__ float x[{h * w * ci}], f[{co * row}], g[{co * row}], y[{oh * ow * co}];
    __wram__ float k[{co * row}];
    __memcpy(x, a, sizeof(x), GDRAM2NRAM);
    __memcpy(f, b, sizeof(f), GDRAM2NRAM);
    __bang_reshape_filter(g, f, {co}, {kh}, {kw}, {ci});
    __memcpy(k, g, sizeof(k), NRAM2WRAM);
    __bang_conv(y, x, k, {ci}, {h}, {w}, {kh}, {kw}, {sw}, {sh}, {co});
    __memcpy(o, y, sizeof(y), NRAM2GDRAM);"""
    got = outcome(body, o=np.zeros((oh, ow, co), np.float32), a=a, b=b)["o"]
    windows = np.lib.stride_tricks.sliding_window_view(a.astype(np.float64), (kh, kw), (0, 1))[::sh, ::sw]
    np.testing.assert_allclose(got, np.einsum("yxcij,oijc->yxo", windows, b), 1e-4, 1e-4)


# ---------------------------------------------------------------- conversions


def _half_neighbours(x: Array) -> tuple[Array, Array]:
    """The halves just below and just above each float (equal where the float is a half)."""
    near = x.astype(np.float16)
    below = np.where(near.astype(np.float32) > x, np.nextafter(near, np.float16(-np.inf)), near)
    above = np.where(near.astype(np.float32) < x, np.nextafter(near, np.float16(np.inf)), near)
    return below.astype(np.float64), above.astype(np.float64)


def test_roundings_to_half_pick_the_named_neighbour() -> None:
    halves = np.random.default_rng(3).integers(0, 0x7B00, 60).astype(np.uint16).view(np.float16)
    step = np.nextafter(halves, np.float16(np.inf)).astype(np.float32)
    exact = halves.astype(np.float32)
    x = np.concatenate([exact, (exact + step) / 2, exact + (step - exact) * 0.3, [6e-8, 1e-9, 1.0, 2.0, 3e-5]])
    x = np.concatenate([x, -x]).astype(np.float32)
    n = len(x)
    kinds = ("tz", "oz", "up", "dn", "rd", "rn")
    body = f"__nram__ float x[{n}]; __nram__ half y[{n}];\n__memcpy(x, a, sizeof(x), GDRAM2NRAM);\n"
    for at, kind in enumerate(kinds):
        body += f"__bang_float2half_{kind}(y, x, {n});\n__memcpy(o + {at * n}, y, sizeof(y), NRAM2GDRAM);\n"
    got = outcome(body, o=np.zeros(len(kinds) * n, np.float16), a=x)["o"].reshape(-1, n).astype(np.float64)
    below, above = _half_neighbours(x)
    inner, outer = np.where(x > 0, below, above), np.where(x > 0, above, below)
    nearest = np.where(abs(outer - x) <= abs(x - inner), outer, inner)
    even = x.astype(np.float16).astype(np.float64)
    for kind, result, expected in zip(kinds, got, (inner, outer, above, below, nearest, even), strict=True):
        np.testing.assert_array_equal(result, expected, err_msg=kind)


def test_bfloat16_is_the_upper_half_of_a_float() -> None:
    a = np.concatenate([random(60), [1.00390625, 1.01171875, 0.0, -0.0]]).astype(np.float32)
    body = """__nram__ float x[64];
    __nram__ bfloat16_t y[64];
    __memcpy(x, a, 256, GDRAM2NRAM);
    __bang_float2bfloat16_rn(y, x, 64);
    __bang_bfloat162float(x, y, 64);
    __memcpy(o, x, 256, NRAM2GDRAM);"""
    got = outcome(body, o=np.zeros(64, np.float32), a=a)["o"]
    np.testing.assert_array_equal(got, from_bf16(to_bf16(a)))
    assert list(got[60:62]) == [1.0, 1.015625]  # ties go to the even neighbour


def test_float_to_integer_rounds_scales_and_saturates() -> None:
    x = np.array([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 2.4, -2.6, 1e10, -1e10, 40.0, -33.3], np.float32)
    n = len(x)
    ops = ("int32_rd", "int32_rn", "int32_tz", "int32_up", "int32_dn")
    body = f"__nram__ float x[{n}]; __nram__ int y[{n}]; __nram__ int8_t z[{n}];\n"
    body += "__memcpy(x, a, sizeof(x), GDRAM2NRAM);\n"
    for at, op in enumerate(ops):
        body += f"__bang_float2{op}(y, x, {n}, 0);\n__memcpy(o + {at * n}, y, sizeof(y), NRAM2GDRAM);\n"
    body += f"__bang_float2int8_rd(z, x, {n}, -2);\n__memcpy(oz, z, sizeof(z), NRAM2GDRAM);"
    got = outcome(body, o=np.zeros((len(ops), n), np.int32), oz=np.zeros(n, np.int8), a=x)
    away = np.trunc(x.astype(np.float64) + np.copysign(0.5, x))
    for result, e in zip(got["o"], (away, np.rint(x), np.trunc(x), np.ceil(x), np.floor(x)), strict=True):
        np.testing.assert_array_equal(result, np.clip(e.astype(np.float64), -(2.0**31), 2.0**31 - 1))
    scaled = 4.0 * x.astype(np.float64)
    np.testing.assert_array_equal(got["oz"], np.clip(np.trunc(scaled + np.copysign(0.5, scaled)), -128, 127))


# ---------------------------------------------------------------- selection and atomics


def test_selection_packs_or_overwrites_where_the_mask_is_set() -> None:
    a = random(64)
    body = """__nram__ float x[64], m[64], y[64];
    __memcpy(x, a, 256, GDRAM2NRAM);
    __bang_gt_scalar(m, x, 0.5f, 64);
    oi[0] = __bang_filter(y, x, m, 64);
    oi[1] = __bang_count(m, 64);
    __memcpy(o, y, oi[0] * 4, NRAM2GDRAM);
    __bang_write_value(y, 64, -9.0f);
    __bang_maskmove(y, x, m, 64);
    __memcpy(o + 64, y, 256, NRAM2GDRAM);"""
    got = outcome(body, o=np.zeros(128, np.float32), oi=np.zeros(2, np.int32), a=a)
    kept = a[a > 0.5]
    assert list(got["oi"]) == [len(kept)] * 2
    np.testing.assert_array_equal(got["o"][: len(kept)], kept)
    np.testing.assert_array_equal(got["o"][64:], np.where(a > 0.5, a, -9.0))


def test_atomics_add_every_tasks_share_and_return_the_old_value() -> None:
    body = """__nram__ float x[4], old[1];
    __bang_write_value(x, 4, (float)(taskId + 1));
    __bang_atomic_reduce_add(o, x, 4);
    __bang_atomic_reduce_max(o + 4, (float)taskId);
    __bang_atomic_add(old, o + 5, 1.0f);
    o[6 + (int)old[0]] = old[0] + 0.5f;"""
    done = run_kernel(body, extents={"task": 5}, o=np.zeros(11, np.float32))
    assert done.status == "ok", done.findings
    np.testing.assert_array_equal(done.outputs["o"], [15] * 4 + [4, 5, 0.5, 1.5, 2.5, 3.5, 4.5])


# ---------------------------------------------------------------- tasks and the host


def test_cores_of_a_cluster_share_sram_and_meet_at_its_barrier() -> None:
    body = """__mlu_shared__ float s[4];
    __nram__ float x[16];
    x[0] = (float)(taskId + 1);
    __memcpy(s + coreId, x, 4, NRAM2SRAM);
    __sync_cluster();
    __memcpy(x, s, 16, SRAM2NRAM);
    o[taskId] = __bang_sum(x, 4) * 100.0f + clusterId * 10 + coreDim;
    """
    done = run_kernel(body, extents={"cluster": 2, "core": 4}, o=np.zeros(8, np.float32))
    assert done.status == "ok", done.findings
    np.testing.assert_array_equal(done.outputs["o"], [1004] * 4 + [2614] * 4)


HOST = """#include <bang.h>
#include <cnrt.h>
__nram__ float x[64];
__mlu_entry__ void twice(float* y, const float* a, int n) {
  int per = n / taskDim;
  __memcpy(x, a + taskId * per, per * sizeof(float), GDRAM2NRAM);
  __bang_mul_const(x, x, 2.0f, per);
  __memcpy(y + taskId * per, x, per * sizeof(float), NRAM2GDRAM);
}
extern "C" void host(float* out, const float* in, int n) {
  cnrtQueue_t queue;
  cnrtSetDevice(0);
  cnrtQueueCreate(&queue);
  float *y, *a;
  CNRT_CHECK(cnrtMalloc((void**)&y, n * sizeof(float)));
  cnrtMalloc((void**)&a, n * sizeof(float));
  cnrtMemcpy(a, (void*)in, n * sizeof(float), CNRT_MEM_TRANS_DIR_HOST2DEV);
  cnrtDim3_t dim = {8, 1, 1};
  twice<<<dim, cnrtFuncTypeUnion1, queue>>>(y, a, n);
  cnrtQueueSync(queue);
  cnrtMemcpy(out, y, n * sizeof(float), cnrtMemcpyDevToHost);
  cnrtFree(y);
  cnrtFree(a);
  cnrtQueueDestroy(queue);
}
"""


@pytest.mark.parametrize(
    ("job", "clusters", "cluster"),
    [("Block", 0, [0] * 16), ("Union1", 1, [0] * 16), ("Union2", 2, [0] * 4 + [1] * 4 + [0] * 4 + [1] * 4)],
)
def test_cluster_numbers_repeat_in_every_round_of_a_job(job: str, clusters: int, cluster: list[int]) -> None:
    text = HOST.replace("{8, 1, 1}", "{16, 1, 1}").replace("Union1", job)
    text = text.replace("y + taskId * per, x", "y, a").replace("__bang_mul_const(x, x, 2.0f, per);", "")
    text = text.replace("__memcpy(y, a, per * sizeof(float), NRAM2GDRAM);", "y[taskId] = clusterId * 10 + clusterDim;")
    params = (Buffer("out", DType.F32, None), Buffer("in", DType.F32, None, const=True), Var("n", DType.I32))
    entry = Entry("host", params)
    done = run(build(text, BANG, entry), entry, {"out": random(64), "in": random(64), "n": 64})
    assert done.status == "ok", (done.findings, done.stderr)
    np.testing.assert_array_equal(done.outputs["out"][:16], [10 * c + clusters for c in cluster])


@pytest.mark.slow
def test_a_double_run_of_the_same_text_is_a_reference_for_the_float_one() -> None:
    a = random(64).astype(np.float64)
    source = """__mlu_global__ void k(float* o, const float* a) {
    __nram__ float x[64], y[64];
    __memcpy(x, a, 64 * sizeof(float), GDRAM2NRAM);
    __bang_active_gelup(x, x, 64);
    __bang_write_zero(y, 64);
    __bang_reduce_sum(y, x, 64);
    o[0] = y[0] + y[32];\n}"""
    entry = Entry("k", (Buffer("o", DType.F32, None), Buffer("a", DType.F32, None, const=True)), kernel=True)
    done = run(build(source, BANG, entry, real="f64"), entry, {"o": np.zeros(1), "a": a})
    assert done.status == "ok", (done.findings, done.stderr)
    expected = np.sum(0.5 * a * (1 + ERF(a / np.sqrt(2.0))))
    np.testing.assert_allclose(done.outputs["o"], expected, 1e-13)


def test_a_host_launches_a_job_and_copies_its_result_back() -> None:
    parse(HOST, "host.mlu", BANG.header, BANG.clang_args)
    params = (Buffer("out", DType.F32, None), Buffer("in", DType.F32, None, const=True), Var("n", DType.I32))
    entry, a = Entry("host", params), random(256)
    done = run(build(HOST, BANG, entry), entry, {"out": np.zeros(256, np.float32), "in": a, "n": 256})
    assert done.status == "ok", (done.findings, done.stderr)
    np.testing.assert_array_equal(done.outputs["out"], 2 * a)
