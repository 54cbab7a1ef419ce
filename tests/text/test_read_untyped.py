"""Parameters that are `void*` hold what they are cast to."""

from __future__ import annotations

import pytest

from xpiler import platforms
from xpiler.fault import Fault
from xpiler.ir.nodes import Buffer, Program
from xpiler.ir.types import DType
from xpiler.text.read import read

SPAN = """
#include <immintrin.h>
template <class T> static void twice(const void* from, void* to, int n) {
  auto* x = static_cast<const T*>(from);
  T* y = (T*)to;
  for (int i = 0; i < n; i++) y[i] = x[i] + x[i];
}
"""


def program(body: str, let: dict[str, int] | None = None) -> Program:
    text = f'{SPAN}extern "C" void f(const void* a, void* b, void* unused, int n, int kind) {{ {body} }}'
    return read(text, platforms.get("vnni"), "f.cpp", let=let)


def params(of: Program) -> dict[str, DType]:
    assert of.launcher is not None
    return {p.name: p.dtype for p in of.launcher.params if isinstance(p, Buffer)}


def test_a_parameter_has_the_type_it_is_cast_to() -> None:
    assert params(program("twice<float>(a, (char*)b, n);")) == {"a": DType.F32, "b": DType.F32}


def test_registers_are_loaded_from_any_elements() -> None:
    body = "const short* x = (const short*)a; _mm256_storeu_si256((__m256i*)b, _mm256_loadu_si256((const __m256i*)x));"
    assert params(program(f"{body} ((short*)b)[16] = x[16];")) == {"a": DType.I16, "b": DType.I16}


def test_a_scalar_may_decide_the_type() -> None:
    body = "if (kind == 0) twice<float>(a, b, n); else twice<short>(a, b, n);"
    with pytest.raises(Fault, match="`a` points to f32 or to i16, as the function decides") as caught:
        program(body)
    assert caught.value.every[0].code == "XP1011" and "--let" in caught.value.every[0].try_
    for kind, dtype in ((0, DType.F32), (1, DType.I16)):
        found = program(body, {"kind": kind, "n": 8})
        assert params(found) == {"a": dtype, "b": dtype} and found.only_for == ("n=8", f"kind={kind}")


def test_one_that_is_not_used_is_left_out() -> None:
    assert "f(a, b, {}, n, kind)" in program("twice<float>(a, b, n);").entry


def test_values_that_decide_no_type_fix_nothing() -> None:
    assert program("twice<float>(a, b, n);", {"n": 8}).only_for == ()
