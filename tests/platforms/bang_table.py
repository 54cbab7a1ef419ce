"""What NumPy says every vector intrinsic of BANG C computes, by name and type; the calls that ask the header the same.

A case is one overload as the header declares it. Operands: a and b hold edge values, c values without surprises.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import erf
from typing import Any

import numpy as np

from xpiler.emulate.run import from_bf16, to_bf16
from xpiler.ir.nodes import Buffer, Meaning
from xpiler.ir.types import DType

Array = np.ndarray[Any, Any]
ROOM = 128  # elements of every vector
NUMPY: dict[DType, type] = {
    DType.F32: np.float32, DType.F16: np.float16, DType.BF16: np.uint16, DType.I32: np.int32, DType.U32: np.uint32,
    DType.I16: np.int16, DType.U16: np.uint16, DType.I8: np.int8, DType.U8: np.uint8,
}
SPELLED = {
    DType.F32: "float", DType.F16: "half", DType.BF16: "bfloat16_t", DType.I32: "int", DType.U32: "unsigned",
    DType.I16: "short", DType.U16: "unsigned short", DType.I8: "signed char", DType.U8: "unsigned char",
}
EDGES = [
    float("nan"), float("inf"), float("-inf"), 0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 127.0, -128.0,
    127.5, -128.5, 255.0, 256.0, 32767.0, -32768.0, 32768.0, 65504.0, -65504.0, 65519.0, 2.0**31, -(2.0**31), 3e38,
    -3e38, 1e-40, -1e-40, 6e-8, 1e-9, -1e-9, 2049.0, 2051.0, -2051.0, 100.0, -100.0, 1.00048828125, 3.14159,
]


def edges(dtype: DType, seed: int) -> Array:
    """ROOM values with every edge of the type among them."""
    rng = np.random.default_rng(seed)
    kind = NUMPY[dtype]
    with np.errstate(all="ignore"):
        if dtype in (DType.F32, DType.F16, DType.BF16):
            values = np.concatenate([EDGES, rng.uniform(-4, 4, ROOM - len(EDGES))]).astype(np.float32)
            values = rng.permutation(values)
            return to_bf16(values) if dtype is DType.BF16 else values.astype(kind)
    low, high = np.iinfo(kind).min, np.iinfo(kind).max
    ends = [low, low + 1, -1 if low else 0, 0, 1, 2, 3, high - 1, high]
    return rng.permutation(np.concatenate([ends, rng.integers(low, high, ROOM - len(ends))])).astype(kind)


def plain(dtype: DType, seed: int) -> Array:
    """ROOM different finite values, none of them zero."""
    rng = np.random.default_rng(seed)
    if dtype in (DType.F32, DType.F16, DType.BF16):
        values = rng.permutation(np.concatenate([np.linspace(-7, -0.5, ROOM // 2), np.linspace(0.25, 6, ROOM // 2)]))
        return to_bf16(values.astype(np.float32)) if dtype is DType.BF16 else values.astype(NUMPY[dtype])
    low = 0 if np.iinfo(NUMPY[dtype]).min == 0 else -50
    values = rng.integers(low, 100, ROOM)
    return np.where(values % 101 < 2, 7, values).astype(NUMPY[dtype])


# ---------------------------------------------------------------- families

ERF = np.vectorize(erf, otypes=[np.float32])
BITS: Mapping[str, Callable[[Array, Array], Array]] = {"band": np.bitwise_and, "bor": np.bitwise_or,
    "bxor": np.bitwise_xor}
PAIRS: Mapping[str, Callable[[Array, Array], Array]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply,
    "maxequal": np.fmax, "minequal": np.fmin, "maxeq": np.fmax, "mineq": np.fmin,
    "maximum": np.fmax, "minimum": np.fmin, "nan_maximum": np.maximum, "nan_minimum": np.minimum,
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
    "and": lambda a, b: (a != 0) & (b != 0), "or": lambda a, b: (a != 0) | (b != 0),
    "xor": lambda a, b: (a != 0) ^ (b != 0),
    "div": np.divide, "rem": lambda a, b: np.fmod(a, b),
    "mulh": lambda a, b: (_wide(a) * _wide(b)) >> (8 * a.itemsize),
    "adds": lambda a, b: _clip(_wide(a) + _wide(b), a.dtype), "subs": lambda a, b: _clip(_wide(a) - _wide(b), a.dtype),
}
SINGLES: Mapping[str, Callable[[Array], Array]] = {
    "abs": np.abs, "neg": np.negative, "square": np.square, "not": lambda a: a == 0, "bnot": np.invert,
    "relu": lambda a: np.fmax(a, a.dtype.type(0)), "floor": np.floor, "nearbyint": np.rint,
    "round": lambda a: np.where(np.abs(a) < 2.0**23, np.trunc(a.astype(np.float64) + np.copysign(0.5, a)), a),
}
SMOOTH: Mapping[str, Callable[[Array], Array]] = {
    "sqrt": np.sqrt, "rsqrt": lambda a: 1 / np.sqrt(a), "recip": lambda a: 1 / a, "sin": np.sin, "cos": np.cos,
    "log": np.log2, "log2": np.log2, "pow2": np.exp2,
    "active_exp": np.exp, "active_exphp": np.exp, "active_exp_less_0": np.exp, "active_log": np.log,
    "active_loghp": np.log,
    "active_pow2": np.exp2, "active_recip": lambda a: 1 / a, "active_reciphp": lambda a: 1 / a,
    "active_recip_greater_1": lambda a: 1 / a, "active_sqrt": np.sqrt, "active_sqrthp": np.sqrt,
    "active_rsqrt": lambda a: 1 / np.sqrt(a), "active_rsqrthp": lambda a: 1 / np.sqrt(a),
    "active_sin": np.sin, "active_cos": np.cos, "active_tanh": np.tanh, "active_abs": np.abs,
    "active_relu": lambda a: np.fmax(a, np.float32(0)), "active_sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "active_sign": lambda a: np.where(a >= 0, 1.0, -1.0),
    "active_gelu": lambda a: a * np.float32(0.5) * (1 + ERF(a / np.sqrt(np.float32(2)))),
    "active_gelup": lambda a: a * np.float32(0.5) * (1 + ERF(a / np.sqrt(np.float32(2)))),
    "taylor3_sigmoid": lambda a: 1 / (1 + np.exp(-a)), "taylor4_sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "taylor3_tanh": np.tanh, "taylor4_tanh": np.tanh,
    "taylor3_softplus": lambda a: np.log(1 + np.exp(a)), "taylor4_softplus": lambda a: np.log(1 + np.exp(a)),
    "vector_sin_f32": np.sin, "vector_cos_f32": np.cos,
}
FUSED: tuple[Callable[[Array, Array, Array], Array], ...] = (
    lambda a, b, c: a * b + c, lambda a, b, c: a * b - c, lambda a, b, c: (a + b) * c, lambda a, b, c: (a - b) * c,
    lambda a, b, c: a + b + c, lambda a, b, c: a + b - c, lambda a, b, c: a - b + c, lambda a, b, c: a - b - c,
)


def _wide(a: Array) -> Array:
    return a.astype(np.int64)


def _clip(a: Array, dtype: np.dtype[Any]) -> Array:
    info = np.iinfo(dtype)
    return np.clip(a, info.min, info.max)


# ---------------------------------------------------------------- conversions


def rounded(values: Array, kind: str) -> Array:
    """Whole numbers, by the suffix of a conversion."""
    match kind:
        case "up":
            return np.ceil(values)
        case "dn":
            return np.floor(values)
        case "rd":
            return np.trunc(values + np.copysign(0.5, values))
        case "rn":
            return np.rint(values)
        case _:
            return np.trunc(values)


def to_half(values: Array, kind: str) -> Array:
    """The half next to each float in the direction of the suffix."""
    x = values.astype(np.float32)
    near = x.astype(np.float16)
    below = np.where(near.astype(np.float32) > x, np.nextafter(near, np.float16(-np.inf)), near)
    above = np.where(near.astype(np.float32) < x, np.nextafter(near, np.float16(np.inf)), near)
    inner, outer = np.where(x > 0, below, above), np.where(x > 0, above, below)
    wide_in, wide_out = inner.astype(np.float64), outer.astype(np.float64)
    away = np.isfinite(wide_out) & (np.abs(wide_out - x) == np.abs(x - wide_in))
    picked = {"tz": inner, "oz": outer, "up": above, "dn": below, "rd": np.where(away, outer, near), "rn": near}[kind]
    return np.where(np.isnan(x), x.astype(np.float16), picked).astype(np.float16)


def saturated(values: Array, dtype: type) -> Array:
    """Integers; the ends of the range outside of it, the lowest for NaN."""
    info = np.iinfo(dtype)
    clipped = np.clip(np.where(np.isnan(values), info.min, values).astype(np.float64), info.min, info.max)
    return clipped.astype(np.int64).astype(dtype)


def real(values: Array, dtype: DType) -> Array:
    return from_bf16(values) if dtype is DType.BF16 else values


# ---------------------------------------------------------------- cases


@dataclass(frozen=True)
class Point:
    """What one pass over all calls uses: the count, the position of fixed-point numbers, the operation of a fusion."""

    n: int
    position: int
    op: int


POINTS = tuple(Point(n, position, op) for op, (n, position) in enumerate(
    [(123, 0), (1, 2), (121, -3), (2, 5), (128, -8), (7, 1), (64, 0), (33, -1)]
))


@dataclass(frozen=True)
class Case:
    """A call, in whose text N is the count, P the position and O the operation; what it leaves in dst; how exactly."""

    name: str
    call: str
    dtype: DType  # of dst
    expected: Callable[[Mapping[str, Array], Point], Array]
    tolerance: float = 0.0
    fixed: int = 0  # a count that the call has whatever the pass


def _operand(letter: str, dtype: DType) -> str:
    return f"{letter}_{dtype.name.lower()}"


def _tolerance(dtype: DType) -> float:
    return 2e-3 if dtype is DType.F16 else 4e-6


def case(m: Meaning) -> Case | None:
    """The case of one overload; None where the family is tested elsewhere."""
    types = [p.dtype for p in m.params if isinstance(p, Buffer)]
    names = tuple(p.name for p in m.params)
    base = re.sub(r"^__(bang_|cn_)", "", m.name)
    if not types:
        return None
    d, s = types[0], types[-1]
    dst = f"({SPELLED[d]}*)dst"
    a, b, c = (_operand(x, s) for x in "abc")
    kind = NUMPY[d]
    match names:
        case ("dst", "src0", "src1", "elem_count") if base in PAIRS or base in BITS:
            second = c if base == "rem" else b
            f = (PAIRS | BITS)[base]
            return Case(m.name, f"{m.name}({dst}, {a}, {second}, N)", d, lambda v, p: f(v[a], v[second])[: p.n])
        case ("dst", "src", "value", "elem_count"):
            word = re.sub(r"_(scalar|const)$", "", base)
            scalar = c if word == "rem" else b
            if word in BITS and d in (DType.F32, DType.F16):
                whole = np.uint32 if d is DType.F32 else np.uint16
                return Case(m.name, f"{m.name}({dst}, {a}, {b}[9], N)", d,
                            lambda v, p: BITS[word](v[a].view(whole), v[b].view(whole)[9]).view(kind)[: p.n])
            g = (PAIRS | BITS)[word]
            return Case(m.name, f"{m.name}({dst}, {a}, {scalar}[9], N)", d, lambda v, p: g(v[a], v[scalar][9])[: p.n])
        case ("dst", "src", "seg", "src_elem_count", "seg_elem_count"):
            h = (PAIRS | BITS)[base.removeprefix("cycle_")]
            return Case(m.name, f"{m.name}({dst}, {a}, {b}, 121, 11)", d,
                        lambda v, p: h(v[a][:121].reshape(11, 11), v[b][:11]).ravel())
        case ("dst", "src", "elem_count") | ("elem_count", "dst", "src") | ("dst", "src", "aux1", "aux2", "elem_count"):
            return _single(m, base, d, dst, a, c)
        case ("elem_count", "dst", "src0", "src1"):
            return Case(m.name, f"{m.name}(N, {dst}, {c}, {a})", d, lambda v, p: np.hypot(v[c], v[a])[: p.n], 1e-6)
        case ("dst", "src", "shift_bits", "elem_count"):
            shift = {"sll": np.left_shift, "sra": np.right_shift, "srl": np.right_shift}[base]
            return Case(m.name, f"{m.name}({dst}, {a}, 3, N)", d, lambda v, p: shift(v[a], v[a].dtype.type(3))[: p.n])
        case ("dst", "src", "elem_count", "nvalue"):
            return Case(m.name, f"{m.name}({dst}, {a}, N, ({SPELLED[d]})2)", d,
                        lambda v, p: np.fmin(np.fmax(v[a], kind(0)), kind(2))[: p.n])
        case ("dst", "src", "src_count") | ("dst", "src", "src_count", "fix_position"):
            return _converting(m, base, d, s, dst, a, len(names) == 4)
        case ("dst", "src", "src_count", "dst_position", "src_position"):
            return Case(m.name, f"{m.name}({dst}, {a}, N, P, 1)", d,
                        lambda v, p: saturated(np.trunc(v[a] * 2.0 ** (1 - p.position)), kind)[: p.n])
        case ("src", "elem_count"):
            return _counting(m, base, s)
        case ("dst", "elem_count"):
            whole_row = np.arange(ROOM) if base == "incseq" else np.zeros(ROOM)
            return Case(m.name, f"{m.name}({dst}, N)", d, lambda v, p: whole_row[: p.n])
        case ("dst", "elem_count", "value"):
            return Case(m.name, f"{m.name}({dst}, N, {a}[5])", d, lambda v, p: np.full(p.n, v[a][5]))
        case ("dst", "src", "size"):
            return Case(m.name, f"{m.name}({dst}, {a}, N * (int)sizeof(*{a}))", d, lambda v, p: v[a][: p.n])
        case ("dst", "src", "size", "dir"):
            wait = " __sync();" if "async" in m.name else ""
            return Case(m.name, f"{m.name}({dst}, {a}, N * (int)sizeof(*{a}), NRAM2NRAM);{wait}",
                d, lambda v, p: v[a][: p.n])
        case ("dst", "src", "index" | "mask", "elem_count"):
            return _selecting(m, base, d, dst, c, b)
        case ("op_code", "dst", "src0", *_):
            return _fused(m, d, dst, [isinstance(p, Buffer) for p in m.params[3:5]])
        case ("dst", "index", "table", "elem_count", "table_length"):
            i = _operand("c", types[1])
            table = _operand("a", d)
            return Case(m.name, f"{m.name}({dst}, {i}, {table}, N, 64)",
                d, lambda v, p: _looked_up(v[i], v[table], p.n))
    return None


def _single(m: Meaning, base: str, d: DType, dst: str, a: str, c: str) -> Case | None:
    if base in ("argmax", "argmin", "max", "min"):
        pick = np.argmax if "max" in base else np.argmin
        kind = NUMPY[d]

        def extreme(v: Mapping[str, Array], p: Point) -> Array:
            at = int(pick(v[c][: p.n]))
            return np.concatenate([v[c][at : at + 1], np.array([at], np.uint32).view(kind)])

        return Case(m.name, f"{m.name}({dst}, {c}, N)", d, extreme)
    if base == "reduce_sum":
        block = 128 // np.dtype(NUMPY[d]).itemsize
        return Case(m.name, f"{m.name}({dst}, {c}, {block})", d,
                    lambda v, p: v[c][:block].astype(np.float64).sum(keepdims=True), 1e-3 if d is DType.F16 else 1e-5)
    if base in SINGLES:
        f = SINGLES[base]
        source = c if base in ("abs", "neg") and NUMPY[d] is np.int32 else a
        return Case(m.name, f"{m.name}({dst}, {source}, N)", d, lambda v, p: f(v[source])[: p.n])
    if base == "vector_cast_f32_to_s32":
        return Case(m.name, f"{m.name}(N, {dst}, {a})", d, lambda v, p: saturated(np.trunc(v[a]), np.int32)[: p.n])
    if base not in SMOOTH:
        return None
    g = SMOOTH[base]
    call = f"{m.name}({dst}, {a}, N)"
    if m.params[0].name == "elem_count":
        call = f"{m.name}(N, {dst}, {a})"
    elif len(m.params) == 5:
        call = f"{m.name}({dst}, {a}, (const {SPELLED[d]}*)aux1, (const {SPELLED[d]}*)aux2, N)"
    return Case(m.name, call, d, lambda v, p: g(v[a].astype(np.float32))[: p.n], _tolerance(d))


def _counting(m: Meaning, base: str, s: DType) -> Case:
    b, c = _operand("b", s), _operand("c", s)
    if base == "sum":
        return Case(m.name, f"*({SPELLED[s]}*)dst = {m.name}({c}, N)", s,
                    lambda v, p: v[c][: p.n].astype(np.float64).sum(keepdims=True), 2e-2 if s is DType.F16 else 1e-4)

    def count(v: Mapping[str, Array], p: Point) -> Array:
        at = np.flatnonzero(v[b][: p.n] != 0)
        if base == "count":
            return np.array([len(at)])
        return np.array([2**32 - 1 if not len(at) else at[0] if "first" in base else at[-1]])

    return Case(m.name, f"*(unsigned*)dst = {m.name}({b}, N)", DType.U32, count)


def _selecting(m: Meaning, base: str, d: DType, dst: str, c: str, b: str) -> Case:
    def select(v: Mapping[str, Array], p: Point) -> Array:
        mask = v[b][: p.n] != 0
        return v[c][: p.n][mask]

    def moved(v: Mapping[str, Array], p: Point) -> Array:
        old = np.full(ROOM, 0x5A5A5A5A, np.uint32).view(NUMPY[d])[: p.n]
        return np.where(v[b][: p.n] != 0, v[c][: p.n], old)

    return Case(m.name, f"{m.name}({dst}, {c}, {b}, N)", d, moved if base == "maskmove" else select)


def _looked_up(index: Array, table: Array, n: int) -> Array:
    old = np.full(ROOM, 0x5A5A5A5A, np.uint32).view(table.dtype)[:n]
    at = index[:n].astype(np.int64)
    return np.where(at < 64, table[np.minimum(at, 63)], old)


def _fused(m: Meaning, d: DType, dst: str, vectors: list[bool]) -> Case:
    a, b, c = (_operand(x, d) for x in "abc")
    texts = [x if vector else f"{x}[5]" for x, vector in zip((b, c), vectors, strict=True)]
    counts = "121, 11" if any(vectors) else "121"

    def fuse(v: Mapping[str, Array], p: Point) -> Array:
        x = v[a][:121].reshape(11, 11)
        y, z = (v[name][:11] if vector else v[name][5] for name, vector in zip((b, c), vectors, strict=True))
        return FUSED[p.op](x, y, z).ravel()

    call = f"{m.name}((mluFusionOpCode)O, {dst}, {a}, {texts[0]}, {texts[1]}, {counts})"
    return Case(m.name, call, d, fuse, 2e-3 if d is DType.F16 else 1e-6)


def _converting(m: Meaning, base: str, d: DType, s: DType, dst: str, a: str, fixed: bool) -> Case:
    kind = base.rpartition("_")[2] if "_" in base else ""

    def convert(v: Mapping[str, Array], p: Point) -> Array:
        x = real(v[a][: p.n], s)
        position = p.position if fixed else 0
        if d in (DType.F32, DType.F16, DType.BF16):
            scaled = x.astype(np.float32) * np.float32(2.0**position)
            if d is DType.BF16:
                return to_bf16(scaled) if kind == "rn" else (scaled.view(np.uint32) >> 16).astype(np.uint16)
            return scaled if d is DType.F32 else to_half(scaled, kind or "tz")
        unscaled = x.astype(np.float32) * np.float32(2.0**-position)
        if d is DType.U8:
            return np.clip(np.where(np.isnan(unscaled), 0, rounded(unscaled, kind)), 0, 255)
        return saturated(rounded(unscaled.astype(np.float64), kind), NUMPY[d])

    return Case(m.name, f"{m.name}({dst}, {a}, N{', P' if fixed else ''})", d, convert)
