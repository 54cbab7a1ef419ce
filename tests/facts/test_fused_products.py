"""Values that differ by how often a product that is added up is rounded."""

from __future__ import annotations

import pytest

from xpiler.facts import sym
from xpiler.facts.fused import alike
from xpiler.facts.sym import Sym, ZERO
from xpiler.ir.types import DType

F32 = DType.F32
A, B, C = (sym.load(name, ZERO, F32) for name in "abc")


def fma(a: Sym, b: Sym, c: Sym) -> Sym:
    return sym.make("call", (a, b, c), "fma", F32)


def op(word: str, a: Sym, b: Sym) -> Sym:
    return sym.make("bin", (a, b), word, F32)


def minus(a: Sym) -> Sym:
    return sym.make("un", (a,), "-", F32)


@pytest.mark.parametrize(("one", "other"), [
    (fma(A, B, C), op("+", C, op("*", B, A))),
    (fma(minus(A), B, C), op("-", C, op("*", A, B))),
    (fma(A, B, minus(C)), op("-", op("*", A, B), C)),
    (op("/", A, fma(B, B, C)), op("/", A, op("+", op("*", B, B), C))),
])
def test_a_rounding_apart(one: Sym, other: Sym) -> None:
    assert alike(one, other) and alike(other, one)


@pytest.mark.parametrize(("one", "other"), [
    (fma(A, B, C), op("+", A, op("*", B, C))),
    (fma(minus(A), B, C), op("+", C, op("*", A, B))),
    (op("-", fma(A, B, C), A), op("-", A, op("+", op("*", A, B), C))),
])
def test_other_values(one: Sym, other: Sym) -> None:
    assert not alike(one, other)


def test_bits_tell_them_apart() -> None:
    """What looks at the bits of a number, or at which of two is the larger, is not the same for both."""
    fused, apart = fma(A, B, C), op("+", C, op("*", A, B))
    assert not alike(*(sym.make("call", (x,), "floor", F32) for x in (fused, apart)))
    assert not alike(*(sym.select(sym.compare("<", A, x), B, C) for x in (fused, apart)))
