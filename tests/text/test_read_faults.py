"""What cannot be read is a numbered message at its line, with a caret under the place."""

from __future__ import annotations

import pytest

from xpiler import platforms
from xpiler.fault import Fault
from xpiler.text.codes import CODES
from xpiler.text.read import read


def fault(text: str, platform: str = "c", **geometry: str) -> Fault:
    with pytest.raises(Fault) as caught:
        read(text, platforms.get(platform), "k.txt", geometry=geometry or None)
    assert caught.value.code in CODES
    return caught.value


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("void k(float* x) {\n  x[0] = 1\n}", "XP1003", 2, 11),
        ("void k(float* x) {\n  x[0] = y;\n}", "XP1004", 2, 10),
        ("void k(float* x) {\n  goto end;\nend:\n  x[0] = 1;\n}", "XP1005", 2, 3),
        ("void k(float* x, float* y, int n) {\n  float* p = n ? x : y;\n  p[0] = 1;\n}", "XP1007", 2, 14),
        ("void k(float* x, float* y) {\n  float* p = x;\n  p = y;\n  p[0] = 1;\n}", "XP1007", 3, 3),
        ("int f(int n) { return n ? f(n - 1) : 0; }\nvoid k(int* x) {\n  x[0] = f(3);\n}", "XP1008", 1, 27),
        ("void k(double* x) {\n  float* p = (float*)x;\n  p[1] = 1;\n}", "XP1011", 3, 3),
    ],
)
def test_where_and_which(text: str, code: str, line: int, column: int) -> None:
    found = fault(text)
    assert (found.code, found.where.line, found.where.column) == (code, line, column)
    assert found.source_line == text.splitlines()[line - 1]
    assert str(found).splitlines()[2].index("^") == 6 + column - 1


def test_further_errors_are_told_in_the_reason() -> None:
    assert "line 3" in fault("void k(float* x) {\n  x[0] = p;\n  x[1] = q;\n}").why


def test_an_unknown_function_gets_suggestions() -> None:
    found = fault("__global__ void k(float* x) { x[0] = __expff(x[1]); }", "cuda", **{"block.x": "1"})
    assert found.code == "XP1004" and "__expf" in found.try_


def test_an_empty_file() -> None:
    assert fault(" \n").code == "XP1001"


def test_a_file_without_kernels() -> None:
    assert fault("__device__ int f(int a) { return a; }", "cuda").code == "XP1002"
    assert "templates" in fault("template <class T> __global__ void k(T* x) {}", "cuda").why


def test_an_unknown_geometry_names_the_option() -> None:
    text = "__global__ void k(float* x) { x[0] = 1; }"
    assert "--grid" in fault(text, "cuda").try_
    assert "--tasks" in fault(text.replace("__global__", "__mlu_global__"), "bang").try_
    assert fault(text, "cuda", **{"block.x": "many"}).code == "XP1006"


def test_includes_keep_their_lines() -> None:
    found = fault("#include <nowhere.h>\n#include \"mine.h\"\nvoid k(int* x) { x[0] = w; }")
    assert (found.code, found.where.line) == ("XP1004", 3)


def test_file_scope_state_is_refused() -> None:
    assert fault("float state;\nvoid k(float* x) { state = x[0]; }").code == "XP1005"


def test_a_case_that_falls_through_is_refused() -> None:
    text = "void k(int* x, int n) { switch (n) { case 0: x[0] = 1; case 1: x[1] = 2; } }"
    assert "falls through" in fault(text).what
