"""Leaves of symbolic values: numbers, variables, and what memory holds."""

from __future__ import annotations

from xpiler.facts.sym.nodes import BOOL, I32, Sym, make
from xpiler.ir.types import DType


def integer(value: int) -> Sym:
    return make("int", (), int(value), I32)


ZERO, ONE = integer(0), integer(1)


def boolean(value: bool) -> Sym:
    return make("int", (), int(bool(value)), BOOL)


TRUE, FALSE = boolean(True), boolean(False)


def number(value: float, dtype: DType) -> Sym:
    return make("flt", (), (float(value), str(value)), dtype) if dtype.is_float else integer(int(value))


def var(name: str, extent: Sym | None = None, dtype: DType = I32) -> Sym:
    """A variable; with an extent it ranges over 0 .. extent-1."""
    return make("var", (), (name, extent), dtype)


def is_const(x: Sym) -> bool:
    return x.op == "int"


def load(buffer: str, index: Sym, dtype: DType) -> Sym:
    """The initial content of a global buffer."""
    return make("ld", (index,), buffer, dtype)


def previous(name: str, dtype: DType) -> Sym:
    """A scalar's value at the start of the loop iteration being summarised."""
    return make("prev", (), name, dtype)


def previous_load(buffer: str, index: Sym, dtype: DType) -> Sym:
    return make("pld", (index,), buffer, dtype)


def undefined(dtype: DType) -> Sym:
    return make("undef", (), None, dtype)


_fresh = 0


def fresh(prefix: str, extent: Sym | None = None, dtype: DType = I32) -> Sym:
    """A variable nobody else has."""
    global _fresh
    _fresh += 1
    return var(f"{prefix}#{_fresh}", extent, dtype)
