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
        ("void k(float* x, int* y, int n) {\n  float* p = n ? x : (float*)y;\n  p[0] = 1;\n}", "XP1007", 2, 14),
        ("void k(float* x, int* y) {\n  float* p = x;\n  p = (float*)y;\n  p[0] = 1;\n}", "XP1007", 2, 3),
        ("int f(int n) { return n ? f(n - 1) : 0; }\nvoid k(int* x) {\n  x[0] = f(3);\n}", "XP1008", 1, 27),
    ],
)
def test_where_and_which(text: str, code: str, line: int, column: int) -> None:
    found = fault(text)
    assert (found.code, found.where.line, found.where.column) == (code, line, column)
    assert found.source_line == text.splitlines()[line - 1]
    assert str(found).splitlines()[2].index("^") == 6 + column - 1


def places(found: Fault) -> list[tuple[str, int, int]]:
    return [(f.code, f.where.line, f.where.column) for f in found.every]


def test_all_errors_of_the_compiler_are_told() -> None:
    text = "void k(float* x) {\n  x[0] = p;\n  x[1] = 2\n  x[2] = q + p;\n}"
    found = fault(text)
    assert places(found) == [("XP1004", 2, 10), ("XP1003", 3, 11), ("XP1004", 4, 10)]
    assert "line 4 uses it too" in found.every[0].why and "insert `;`" in found.every[1].try_
    assert str(found).count("[XP1004]") == 2 and "[XP1003]" in str(found)


def test_reading_goes_on_behind_a_statement_that_fails() -> None:
    text = (
        "int down(int n) { return n ? down(n - 1) : 0; }\n"
        "void first(int* x, int n) {\n"
        "  for (int i = 0; i < n; ++i) {\n"
        "    try { x[i] = 1; } catch (int) {}\n"
        "    x[i] = down(i);\n"
        "  }\n"
        "}\n"
        "void second(int* x) {\n"
        "  x[0] = 1;\n"
        '  asm("nop");\n'
        "}\n"
    )
    assert places(fault(text)) == [("XP1008", 1, 30), ("XP1005", 4, 5), ("XP1005", 10, 3)]


def test_what_follows_from_a_fault_is_not_told() -> None:
    text = "void k(int* x, int n) {\n  int* p = new int[n];\n  int y = p[0];\n  x[0] = y + p[1];\n  goto end;\nend:;\n}"
    told = places(fault(text))
    assert ("XP1005", 5, 3) in told and not [line for _, line, _ in told if line in (3, 4)]


def test_a_body_read_twice_is_told_once() -> None:
    text = 'template <int N> int f() { asm("nop"); return N; }\nvoid k(int* x) { x[0] = f<1>() + f<2>() + f<1>(); }'
    assert places(fault(text)) == [("XP1005", 1, 28)]


def test_many_faults_are_cut_short() -> None:
    found = fault("void k(int* x) {\n" + "  x[0] = 1 +;\n" * 30 + "}")
    assert len(found.every) == 20 and str(found).endswith("and 10 more")


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
    assert fault("float seen[4];\nvoid k(float* x) { seen[0] = x[0]; }").code == "XP1005"
    assert fault("static float kept[2] = {1, 2};\nvoid k(float* x) { kept[0] = x[0]; }").code == "XP1005"
