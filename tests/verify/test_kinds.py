"""Every kind of contents holds what its name says, in every type, and the same for the same seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xpiler.ir.nodes import Var
from xpiler.ir.types import DType
from xpiler.verify.runs.compare import to_double
from xpiler.verify.runs.hard import awkward, kinds_for, of_kinds
from xpiler.verify.runs.inputs import Domain, Point, make, stored
from xpiler.verify.runs.kinds import FLOATS, INTEGERS, OVERFLOWING, Kind
from xpiler.verify.signature import Array, Signature
from xpiler.verify.runs.sizes import MORE_ONE, SMALL_ONE, small

N, M = Var("n", DType.I32), Var("m", DType.I32)
REAL = (DType.F16, DType.BF16, DType.F32, DType.F64)
WHOLE = (DType.I8, DType.U8, DType.I16, DType.U16, DType.I32, DType.U32, DType.I64, DType.U64)
# The smallest normal number.
NORMAL = {DType.F16: 2.0**-14, DType.BF16: 2.0**-126, DType.F32: 2.0**-126, DType.F64: 2.0**-1022}


def drawn(kind: Kind, dtype: DType, n: int = 600, steers: bool = False, seed: int = 0) -> np.ndarray:
    a = Array("a", dtype, (N,), True, False, steers)
    sig = Signature("f", (), (a,), (N, M), False)
    value = make(sig, Point({"n": n // 20, "m": 20}, {"a": n}, kind=kind), seed)["a"]
    assert isinstance(value, np.ndarray) and value.size == n
    return to_double(dtype, value) if dtype.is_float else value


@pytest.mark.parametrize("dtype", REAL)
def test_floats_hold_what_their_kind_says(dtype: DType) -> None:
    x = drawn(Kind.CANCELLATION, dtype)
    assert abs(x.sum()) < np.abs(x).sum() / 30 and np.abs(x).max() > 8
    x = drawn(Kind.WIDE, dtype)
    assert np.abs(x).max() / np.abs(x).min() > 2.0 ** (8 if dtype is DType.F16 else 20) and (x < 0).any()
    x = drawn(Kind.DENORMALS, dtype)
    assert (np.abs(x) < NORMAL[dtype]).mean() > 0.5 and np.all(x != 0)
    x = drawn(Kind.ZEROS, dtype)
    assert (x[x == 0].size > 300) and np.signbit(x[x == 0]).any() and not np.signbit(x[x == 0]).all()
    assert np.unique(drawn(Kind.TIES, dtype)).size <= 4
    rows = drawn(Kind.ROWS, dtype).reshape(-1, 30)
    assert np.all(rows == rows[:, :1]) and np.unique(rows).size > 10
    assert (drawn(Kind.NEGATIVE, dtype) < 0).all()
    far = drawn(Kind.FAR, dtype).reshape(4, -1)
    assert (np.exp(far[[0, 2]]) < 1e-5).all() and (far[[1, 3]] > 10).all()
    x = np.abs(drawn(Kind.HALFWAY, dtype))
    assert (x % 1 == 0.5).mean() > 0.15 and (x == x.max()).mean() > 0.15
    if dtype in (DType.F32, DType.F64):  # the nearest bfloat of a tenth of them is as near as the next one
        low = np.asarray(x, np.float32).view(np.uint32) & 0xFFFF
        assert (low == 0x8000).mean() > 0.1
        assert (low & 0x1FFF == 0x1000).mean() > 0.1
    x = drawn(Kind.SMALL, dtype)
    assert np.square(x).mean() < (0.01 if dtype is DType.F16 else 1e-6) and (np.abs(x) > NORMAL[dtype]).mean() > 0.9
    x = drawn(Kind.INFINITIES, dtype)
    assert np.isposinf(x).any() and np.isneginf(x).any() and np.isfinite(x).sum() > 400
    x = drawn(Kind.NANS, dtype)
    assert np.isnan(x).any() and np.isfinite(x).sum() > 400


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("kind", [k for k in FLOATS if k not in (Kind.INFINITIES, Kind.NANS)])
def test_products_of_two_are_far_from_overflow(kind: Kind, dtype: DType) -> None:
    x = drawn(kind, dtype)
    largest = {DType.F16: 65504.0, DType.BF16: 3.3e38}.get(dtype, float(np.finfo(x.dtype).max))
    assert np.square(x).sum() < largest * (4 if dtype is DType.F16 else 1)


@pytest.mark.parametrize("dtype", WHOLE)
def test_integers_hold_what_their_kind_says(dtype: DType) -> None:
    x = drawn(Kind.EXTREMES, dtype)
    if dtype.bits <= 16 or not dtype.is_signed:
        assert (x.min(), x.max()) == (np.iinfo(x.dtype).min, np.iinfo(x.dtype).max)
    signed = x.astype(f"i{x.dtype.itemsize}")
    assert (signed < 0).any()
    assert (drawn(Kind.ZEROS, dtype) == 0).mean() > 0.6
    assert np.unique(drawn(Kind.TIES, dtype)).size <= 3
    assert (drawn(Kind.NEGATIVE, dtype).astype(signed.dtype) < 0).all()
    full = drawn(Kind.FULL, dtype).astype(object)
    assert max(abs(v) for v in full) * 8 > np.iinfo(x.dtype).max
    ends = drawn(Kind.ENDS, dtype)
    assert dtype.bits <= 16 or {int(x) >> (dtype.bits - 2) for x in ends} == ({-2, 1} if dtype.is_signed else {0, 3})
    large = drawn(Kind.LARGE, dtype).astype(object)
    assert max(abs(v) for v in large) * 8 > np.iinfo(x.dtype).max
    assert dtype.bits <= 16 or max(abs(v) for v in large) * 2 <= np.iinfo(x.dtype).max
    factors = drawn(Kind.FACTORS, dtype).astype(object)
    assert dtype.bits <= 16 or max(abs(v) for v in factors) ** 2 <= np.iinfo(x.dtype).max
    wide = drawn(Kind.EXTREMES, dtype).astype(object)
    assert dtype.bits <= 16 or not dtype.is_signed or max(abs(v) for v in wide) ** 2 * 1024 < 2**31


def test_what_steers_an_index_stays_where_it_was() -> None:
    for kind in INTEGERS:
        x = drawn(kind, DType.I32, steers=True)
        assert x.min() >= 0 and x.max() < 8


def test_equal_seeds_agree_and_others_do_not() -> None:
    for kind in FLOATS:
        same, other = drawn(kind, DType.F32, seed=3), drawn(kind, DType.F32, seed=4)
        assert np.array_equal(same, drawn(kind, DType.F32, seed=3), equal_nan=True)
        assert not np.array_equal(same, other, equal_nan=True)


def test_bfloat16_is_rounded_to_the_nearest() -> None:
    x = np.random.default_rng(0).normal(size=1000)
    assert np.all(np.abs(to_double(DType.BF16, stored(DType.BF16, x)) - x) <= np.abs(x) * 2.0**-8)


def test_kinds_suit_the_types_and_come_at_sizes_in_turn() -> None:
    floats = Array("a", DType.F32, (N,), True, False)
    bytes_, mask = Array("b", DType.U8, (N,), True, False), Array("m", DType.BOOL, (N,), True, False)
    words = replace(bytes_, dtype=DType.I32)
    assert kinds_for(Signature("f", (), (floats, mask), (N,), False), {}) == FLOATS
    assert kinds_for(Signature("f", (), (bytes_,), (N,), False), {}) == tuple(
        k for k in INTEGERS if k not in OVERFLOWING)
    assert set(kinds_for(Signature("f", (), (floats, words), (N,), False), {})) == {*FLOATS, *INTEGERS}
    assert kinds_for(Signature("f", (), (floats,), (N,), False), {"a": (1,)}) == ()
    points = awkward(Signature("f", (), (floats,), (N,), False), {}, {}, Domain.WIDE, False)
    hard = of_kinds(FLOATS, points, 1)
    assert [p.kind for p in hard] == list(FLOATS) and {p.scalars["n"] for p in hard} == {31, 65, 4097}


def test_small_sizes_have_one_and_neighbours_of_powers_of_two() -> None:
    sig = Signature("f", (), (Array("a", DType.F32, (N,), True, False),), (N,), False)
    usual = [s["n"] for s, _ in small(sig, {}, False)]
    assert usual == [n for n, in SMALL_ONE] and {1, 31, 65} <= set(usual)
    assert {s["n"] for s, _ in small(sig, {}, True)} == {n for n, in (*SMALL_ONE, *MORE_ONE)}
    assert list(small(sig, {"n": 10}, False)) == []


@pytest.mark.parametrize(("dtype", "least", "most"), [
    (DType.U8, 0, 255), (DType.I8, -128, 127), (DType.I16, -(2**15), 2**15 - 1), (DType.I32, -1000, 1000),
])
def test_arrays_are_at_either_end(dtype: DType, least: int, most: int) -> None:
    arrays = tuple(Array(name, dtype, (N,), True, False, False) for name in "ab")
    made = make(Signature("f", (), arrays, (N,), False), Point({"n": 40}, {"a": 40, "b": 40}, kind=Kind.CORNER), 0)
    assert [set(np.asarray(made[name]).tolist()) for name in "ab"] == [{most}, {least}]
