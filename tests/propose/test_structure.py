"""What loop nests compute, told from their index maps: the structure of small programs whose structure is known."""

from __future__ import annotations

import pytest

from xpiler import platforms
from xpiler.ir.nodes import For, Program
from xpiler.propose.annotate import computed
from xpiler.propose.structure import Computation
from xpiler.text.read import read

C = platforms.get("c")


def nest(body: str) -> Computation | None:
    """The computation of the first loop of a function with arrays a, b and y."""
    text = f"#include <math.h>\nvoid f(float* a, float* b, float* y, int n) {{ {body} }}"
    program: Program = read(text, C, "f.c")
    loop = next(s for s in program.kernels[0].body if isinstance(s, For))
    return computed(program.kernels[0], loop)


def kinds(body: str) -> list[str]:
    found = nest(body)
    assert found is not None
    return [s.says for s in found.steps]


FOR = "for (int i = 0; i < 8; ++i) for (int j = 0; j < 16; ++j) "


@pytest.mark.parametrize(("body", "says"), [
    (FOR + "{ float s = 0; for (int k = 0; k < 4; ++k) s += a[i * 4 + k] * b[k * 16 + j]; y[i * 16 + j] = s; }",
     "matrix product: sum of products over 4: y[i,j] = sum(k<4) a[i,k] * b[k,j]"),
    (FOR + "{ float s = 0; for (int k = 0; k < 4; ++k) s += b[j * 4 + k] * a[i * 4 + k]; y[i * 16 + j] = s; }",
     "matrix product: sum of products over 4: y[i,j] = sum(k<4) b[j,k] * a[i,k]"),
    ("for (int i = 0; i < 8; ++i) { float s = 0; for (int k = 0; k < 4; ++k) s += a[i * 4 + k] * b[k]; y[i] = s; }",
     "matrix times vector: sum of products over 4: y[i] = sum(k<4) a[i,k] * b[k]"),
    ("for (int i = 0; i < 8; ++i) { float s = 0; for (int k = 0; k < 3; ++k) s += a[i + k] * b[k]; y[i] = s; }",
     "sum of products over a sliding window, all channels together: y[i] = sum(k<3) a[i+k] * b[k]"),
    ("for (int i = 0; i < 8; ++i) { float m = a[2 * i]; for (int k = 0; k < 3; ++k) m = fmaxf(m, a[2 * i + k]); y[i] = m; }",
     "maximum over a window of 3: y[i] = max(k<3) a[2*i+k]"),
    ("for (int i = 0; i < 12; ++i) { float m = a[0]; for (int k = 0; k < 3; ++k) m = fmaxf(m, a[i / 4 * 16 + i % 4 * 2 + k]); y[i] = m; }",
     "maximum over a window of 3: y[i,j] = max(k<3) a[i,2*j+k]"),
    ("for (int i = 0; i < n * 4; ++i) { float m = a[0]; for (int k = 0; k < 3; ++k) m = fmaxf(m, a[i / 4 * 16 + i % 4 * 2 + k]); y[i] = m; }",
     "maximum over a window of 3: y[i,j] = max(k<3) a[i,2*j+k]"),
    ("for (int i = 0; i < 8; ++i) { float m = 1e30f; for (int k = 0; k < 4; ++k) m = fminf(m, a[i * 4 + k]); y[i] = m; }",
     "minimum over 4 along the last axis: y[i] = min(k<4) a[i,k]"),
    ("for (int i = 0; i < 8; ++i) { float s = 0; for (int k = 0; k < 4; ++k) s += a[k * 8 + i]; y[i] = s; }",
     "sum over 4 along an axis that is not the last, of the rows: y[i] = sum(k<4) a[k,i]"),
    (FOR + "y[i * 16 + j] = a[j * 8 + i];", "transpose, copy with permuted axes, reorder: y[i,j] = a[j,i]"),
    (FOR + "y[i * 16 + j] = a[i * 16 + j];", "copy move of elements: y[i] = a[i]"),
    (FOR + "y[i * 16 + j] = a[i * 20 + j];", "strided copy of rows and columns of a matrix: y[i,j] = a[i,j]"),
    (FOR + "y[i * 16 + j] = 0;", "fill with zero: y[i] = 0"),
    (FOR + "y[i * 16 + j] = expf(a[i * 16 + j]);", "exp: y[i] = exp(a[i])"),
    (FOR + "y[i * 16 + j] = a[i * 16 + j] + b[i * 16 + j];", "sum of two: y[i] = a[i] + b[i]"),
])
def test_the_structure_and_the_formula(body: str, says: str) -> None:
    found = nest(body)
    assert found is not None and found.says == says


def test_the_way_an_operand_goes_along_is_in_the_query() -> None:
    row = nest(FOR + "y[i * 16 + j] = a[i * 16 + j] * b[j];")
    one = nest(FOR + "y[i * 16 + j] = a[i * 16 + j] * 3.0f;")
    two = nest(FOR + "y[i * 16 + j] = a[i * 16 + j] * b[i * 16 + j];")
    assert row and one and two
    assert "cycle" in row.query and "scalar" in one.query
    assert not {"cycle", "scalar"} & set(two.query.split())


def test_choices_that_are_the_larger_the_smaller_or_the_magnitude_are_told_as_such() -> None:
    assert kinds(FOR + "y[i * 16 + j] = a[i * 16 + j] > b[i] ? a[i * 16 + j] : b[i];") == ["max"]
    assert kinds(FOR + "y[i * 16 + j] = a[i * 16 + j] < b[i] ? a[i * 16 + j] : b[i];") == ["min"]


def test_a_normalisation_is_told_by_its_parts() -> None:
    says = kinds("""for (int i = 0; i < 8; ++i) {
        float s = 0; for (int k = 0; k < 16; ++k) s += expf(a[i * 16 + k]);
        for (int k = 0; k < 16; ++k) y[i * 16 + k] = expf(a[i * 16 + k]) / s; }""")
    assert says[0] == "sum over 16 along the last axis" and {"exp", "quotient"} <= set(says)


def test_what_has_no_closed_form_is_not_described() -> None:
    assert nest("for (int i = 0; i < 8; ++i) { while (a[i] > 1) a[i] = a[i] / 2; }") is None


def test_no_query_holds_a_name_of_the_program() -> None:
    found = nest(FOR + "y[i * 16 + j] = sqrtf(a[i * 16 + j]) + b[j];")
    assert found is not None
    assert not {"a", "b", "y"} & {w for s in found.steps for w in s.query.split()}
