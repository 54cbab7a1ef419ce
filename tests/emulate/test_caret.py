"""A finding's caret stands below the access: from the compiler's column, which names operators."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.emulate.conftest import Emulate
from xpiler.emulate.caret import caret


@pytest.mark.parametrize(
    ("line", "from_", "to"),
    [
        ("  c[i] = a[i] * 2;", "=", "c["),          # a store is placed at its operator
        ("  c[i] += 1;", "+=", "c["),
        ("  s.part[i][j] = 1;", "=", "s.part"),
        ("  *p = 1;", "=", "*p"),
        ("  x = a[i + b[j]];", "];", "a["),
        ("  c[0] = a[i] * 2;", "*", "a["),          # one side of an operator is an access
        ("  c[0] = 2 * a[i];", "*", "a["),
        ("  c[0] = a[i] * b[i];", "*", "*"),        # both are: nothing better is known
        ("  f(x, y);", "(", "f("),
        ("  name;", "name", "name"),
    ],
)
def test_where_it_stands(line: str, from_: str, to: str) -> None:
    assert caret(line, line.index(from_) + 1) == line.index(to) + 1


def test_a_read_is_not_what_is_assigned_to() -> None:
    line = "  float x = a[i + n];"
    assert caret(line, line.index("x") + 1, reads=True) == line.index("a[") + 1
    assert caret(line, line.index("=") + 1, reads=True) == line.index("a[") + 1


def test_without_a_column_the_first_word() -> None:
    assert (caret("   x = 1;", 0), caret("", 3)) == (4, 0)


# The statement that fails, its access between marks.
STATEMENTS = [
    "c[i] = «c[i + 3000]» * 2.0f;",
    "float x = «c[i - 3000]»; c[0] = x;",
    "for (int j = 0; j < 5000; ++j) «c[j]» += 1.0f;",
    "float* p = c + 3000; «*p» = 1.0f;",
]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("statement", STATEMENTS)
def test_findings_stand_at_the_access(emulate: Emulate, statement: str) -> None:
    plain, column = re.sub("[«»]", "", statement), statement.index("«") + 3
    text = f"__global__ void k(float* c, int n) {{\n  int i = threadIdx.x + n;\n  {plain}\n}}\n"
    (found,) = emulate(text, {"thread.x": 32}, c=np.zeros(64, np.float32), n=1).findings
    assert (found.line, found.column, found.source_line) == (3, column, f"  {plain}")
    told = str(found).splitlines()
    assert told[0].startswith(f"user.cu:3:{column}: ") and told[2].index("^") == 5 + column


def test_the_innermost_function_of_the_text_is_shown(emulate: Emulate) -> None:
    text = (
        "__device__ __attribute__((always_inline)) inline float get(float* c, int i) {\n  return c[i];\n}\n"
        "__global__ void k(float* c, int n) { c[0] = get(c, 3000 + n); }\n"
    )
    (found,) = emulate(text, {}, c=np.zeros(64, np.float32), n=1).findings
    assert (found.line, found.column) == (2, 10)
