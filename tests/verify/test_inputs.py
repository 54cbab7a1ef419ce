"""Inputs are what the judge's power rests on: skewed, signed, different in every buffer, repeatable."""

from __future__ import annotations

import numpy as np
import pytest

from xpiler import platforms
from xpiler.fault import Fault
from xpiler.given import with_extents
from xpiler.ir.nodes import Binary, Buffer, Const, DeviceBuffer, Expr, Launcher, Program, Var
from xpiler.ir.types import DType
from xpiler.text.read import read
from xpiler.verify.runs.inputs import LARGE, PART, Domain, Point, make, poison
from xpiler.verify.runs.observe import Effort, observe
from xpiler.verify.verdict import Proved
from xpiler.verify.signature import Array, Signature, signature
from xpiler.verify.runs.sizes import MOST_ELEMENTS, candidates

N, M = Var("n", DType.I32), Var("m", DType.I32)


def of(*arrays: Array, scalars: tuple[Var, ...] = ()) -> Signature:
    return Signature("f", (), arrays, scalars, False)


def array(name: str, dtype: DType = DType.F32, extent: Expr = N, read: bool = True, steers: bool = False) -> Array:
    return Array(name, dtype, (extent,), read, not read, steers)


def drawn(a: Array, seed: int = 0, n: int = 4096, domain: Domain = Domain.WIDE) -> np.ndarray:
    value = make(of(a), Point({}, {a.name: n}, domain), seed)[a.name]
    assert isinstance(value, np.ndarray)
    return value


def test_floats_are_signed_asymmetric_and_hold_zeros() -> None:
    x = drawn(array("a"))
    assert x.dtype == np.float32 and (x < 0).any() and (x > 0).any() and (x == 0).any()
    assert abs(x.mean()) > 0.01 and np.unique(x).size > x.size * 0.9


def test_one_seed_in_three_is_positive() -> None:
    assert (drawn(array("a"), seed=1) > 0).all()


def test_equal_seeds_agree_and_others_do_not() -> None:
    assert (drawn(array("a"), 5) == drawn(array("a"), 5)).all()
    assert not (drawn(array("a"), 5) == drawn(array("a"), 6)).all()


def test_buffers_of_one_call_differ() -> None:
    sig = of(array("a"), array("b"))
    values = make(sig, Point({}, {"a": 64, "b": 64}), 0)
    assert not np.array_equal(values["a"], values["b"])


@pytest.mark.parametrize(("dtype", "low", "high"), [(DType.U8, 0, 255), (DType.I8, -128, 127)])
def test_bytes_use_their_whole_range(dtype: DType, low: int, high: int) -> None:
    x = drawn(array("a", dtype))
    assert (x.min(), x.max()) == (low, high)


def test_what_steers_an_index_stays_small() -> None:
    x = drawn(array("i", DType.I32, steers=True))
    assert x.min() >= 0 and x.max() < 8
    x = drawn(array("i", DType.I32, steers=True), domain=Domain.NARROW)
    assert x.min() >= 1 and x.max() < 4


def test_lengths_that_stay_inside_by_luck_are_not_relied_on() -> None:
    """With some draws a row is longer than there is room for: all of them are drawn more narrowly then."""
    text = """
void sums(const float* x, const int* lengths, float* y) {
  for (int i = 0; i < 2; ++i) {
    float s = 0.0f;
    for (int t = 0; t < lengths[i]; ++t) s += x[i * 4 + t];
    y[i] = s;
  }
}"""
    c = platforms.get("c")
    seen = observe(text, c, with_extents(read(text, c, "sums.c"), c), effort=Effort(level=0))
    assert isinstance(seen.evidence.verdict, Proved)
    assert {case.point.domain for case in seen.cases} == {Domain.NARROW} and len(seen.cases) >= 3


def test_outputs_start_poisoned() -> None:
    assert np.isnan(drawn(array("c", read=False))).all()
    a, b = drawn(array("c", DType.I32, read=False), 0), drawn(array("c", DType.I32, read=False), 1)
    assert (a == -1).all() and (a != b).all()


def test_given_contents_are_used() -> None:
    a = array("shape", DType.I32)
    values = make(of(a), Point({}, {"shape": 4}, data={"shape": (84, 117)}), 0)
    assert list(np.asarray(values["shape"])) == [84, 117, 84, 117]


def test_sizes_are_chosen_positive_and_modest() -> None:
    valid = Binary("-", N, Binary("*", M, Const(2, DType.I32), DType.I32), DType.I32)
    sig = of(array("a"), array("c", extent=valid), scalars=(N, M))
    for odd in (False, True):
        found = list(candidates(sig, {}, odd))
        assert found
        for scalars, sizes in found:
            assert sizes == {"a": scalars["n"], "c": scalars["n"] - 2 * scalars["m"]}
            assert min(sizes.values()) > 0 and sum(sizes.values()) <= MOST_ELEMENTS
    assert any(s["n"] % 2 for s, _ in candidates(sig, {}, True))


def test_what_the_user_fixed_stays_fixed() -> None:
    sig = of(array("a"), scalars=(N, M))
    assert all(s["n"] == 10 for s, _ in candidates(sig, {"n": 10}, False))
    assert [s for s, _ in candidates(sig, {"n": 10, "m": 3}, False)] == [{"n": 10, "m": 3}]
    assert not list(candidates(sig, {"n": 10, "m": 3}, True))


def test_an_empty_array_is_a_fault() -> None:
    with pytest.raises(Fault, match="0 elements") as caught:
        list(candidates(of(array("a"), scalars=(N,)), {"n": 0}, False))
    assert caught.value.code == "XP2012"


def test_an_array_of_unknown_size_is_asked_for_by_name() -> None:
    launcher = Launcher("f", (Buffer("q", DType.F32, None),), (), ())
    with pytest.raises(Fault, match="`q`") as caught:
        signature(Program("c", (), launcher)).sizes({})
    assert caught.value.code == "XP2011" and "--size q=" in caught.value.try_


def test_a_launcher_array_is_as_large_as_its_device_mirror() -> None:
    size = Binary("*", N, Const(3, DType.I32), DType.I32)
    launcher = Launcher(
        "f", (Buffer("h", DType.F32, None), N), (DeviceBuffer("d", DType.F32, size, "h", copy_out=True),), ()
    )
    sig = signature(Program("cuda", (), launcher))
    assert sig.sizes({"n": 5}) == {"h": 15}
    assert sig.arrays[0].written and not sig.arrays[0].read


def test_large_arrays_repeat_a_part_whose_length_strides_do_not_meet() -> None:
    n = LARGE // 4
    x = drawn(array("a"), n=n)
    assert x.size == n and np.array_equal(x[PART : PART + 1000], x[:1000])
    assert np.unique(x[:PART]).size > PART * 0.9
    rows = x[: n // 4096 * 4096].reshape(-1, 4096)[:400]
    assert np.unique(rows[:, 0]).size > 300  # rows of a power of two differ
    assert np.isnan(poison(DType.F32, n, 0)[[0, n // 2, n - 1]]).all()
