"""Which array is which argument: by name, by order, by size, else a question."""

from __future__ import annotations

import pytest

from xpiler.fault import Fault
from xpiler.ir.nodes import Const
from xpiler.ir.types import DType
from xpiler.verify.spec.binding import bind, plain
from xpiler.verify.spec.form import parse
from xpiler.verify.signature import Array, Signature
from xpiler.verify.spec.spec import Spec

GEMM = Spec("gemm", {}, parse("a[m,k], b[k,n], c?[m,n] -> c[m,n]"), also={"a": ("lhs",), "b": ("rhs",), "c": ("out",)})
ADD = Spec("sub", {}, parse("a[n], b[n] -> c[n]"))


def entry(*names: str, written: str, both: str = "") -> tuple[Signature, dict[str, int]]:
    """An entry whose arrays are spelled `name:elements`."""
    pairs = [(n.split(":")[0], int((n + ":8").split(":")[1])) for n in names]
    arrays = tuple(
        Array(n, DType.F32, (Const(k, DType.I64),), n not in written.split() or n in both.split(), n in written.split())
        for n, k in pairs)
    return Signature("f", (), arrays, (), False), dict(pairs)


def bound(spec: Spec, sig: Signature, sizes: dict[str, int], **given: str) -> dict[str, str]:
    b = bind(spec, sig, given, sizes, {})
    return {**b.inputs, **b.outputs}


def test_equal_names_win_over_order() -> None:
    sig, sizes = entry("d_b:15", "d_A:6", "C:10", written="C")
    assert bound(GEMM, sig, sizes) == {"a": "d_A", "b": "d_b", "c": "C"}


def test_other_names_win_over_order_too() -> None:
    sig, sizes = entry("rhs:15", "lhs:6", "out:10", written="out")
    assert bound(GEMM, sig, sizes) == {"a": "lhs", "b": "rhs", "c": "out"}


def test_names_that_say_nothing_leave_order_then_size() -> None:
    sig, sizes = entry("p:6", "q:15", "r:10", written="r")
    assert bound(GEMM, sig, sizes) == {"a": "p", "b": "q", "c": "r"}
    sig, sizes = entry("r:20", "q:15", "p:12", written="r")  # only q p gives 5x3 times 3x4
    assert bound(GEMM, sig, {"r": 20, "q": 12, "p": 15}) in (
        {"a": "q", "b": "p", "c": "r"}, {"a": "p", "b": "q", "c": "r"})


def test_the_user_has_the_last_word() -> None:
    sig, sizes = entry("p", "q", "r", written="r")
    assert bound(ADD, sig, sizes, a="q") == {"a": "q", "b": "p", "c": "r"}


def test_in_place_an_output_is_its_own_input() -> None:
    relu = Spec("relu", {}, parse("x[n] -> y[n]"))
    sig, sizes = entry("data", written="data", both="data")
    assert bound(relu, sig, sizes) == {"x": "data", "y": "data"}


@pytest.mark.parametrize("names", [("p", "q", "s", "r"), ("p", "r")])
def test_too_many_or_too_few_arrays_are_asked_about(names: tuple[str, ...]) -> None:
    sig, sizes = entry(*names, written="r")
    with pytest.raises(Fault, match="which argument") as caught:
        bound(ADD, sig, sizes)
    assert caught.value.code == "XP2302" and "--bind" in caught.value.try_


def test_a_binding_to_nothing_is_a_slip_of_the_pen() -> None:
    sig, sizes = entry("p", "q", "r", written="r")
    with pytest.raises(Fault, match="no array `zz`"):
        bound(ADD, sig, sizes, a="zz")


def test_words_that_say_where_memory_is_do_not_count() -> None:
    assert [plain(n) for n in ("d_A", "A_dev", "h_x_", "host_in", "d", "value_")] == ["a", "a", "x", "in", "d", "value"]
