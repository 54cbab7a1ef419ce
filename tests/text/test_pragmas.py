"""Which loops a directive makes parallel, and which directives are not followed."""

from __future__ import annotations

import pytest

from xpiler import platforms
from xpiler.ir.nodes import For
from xpiler.ir.walk import statements
from xpiler.text.pragmas import taken_at_its_word, unfollowed, with_directives
from xpiler.text.read import read
from xpiler.to_pivot import sequential, told_apart
from xpiler.verify.argue.races import races
from xpiler.verify.verdict import Proved, Refuted

C = platforms.get("c")


def kinds(body: str) -> list[str]:
    text = f"void f(const float* x, float* y, int n) {{\n{body}\n}}\n"
    marked = with_directives(read(text, C, "f.c"), text, C)
    return [s.kind for s in statements(marked.kernels[0]) if isinstance(s, For)]


@pytest.mark.parametrize(("body", "found"), [
    ("for (int i = 0; i < n; ++i) y[i] = x[i];", ["serial"]),
    ("#pragma omp parallel for\nfor (int i = 0; i < n; ++i) y[i] = x[i];", ["parallel"]),
    ("#  pragma omp parallel for schedule(static) // why\n\n// a loop\nfor (int i = 0; i < n; ++i) y[i] = x[i];", ["parallel"]),
    ("#pragma omp parallel for \\\n  schedule(static)\nfor (int i = 0; i < n; ++i) y[i] = x[i];", ["parallel"]),
    ("#pragma omp simd\nfor (int i = 0; i < n; ++i) y[i] = x[i];", ["serial"]),
    ("#pragma omp parallel for\nfor (int i = 0; i < n; ++i)\n  for (int j = 0; j < 4; ++j) y[i * 4 + j] = x[i];",
     ["parallel", "serial"]),
    ("#pragma omp parallel for collapse(2)\nfor (int i = 0; i < n; ++i)\n  for (int j = 0; j < 4; ++j) y[i * 4 + j] = x[i];",
     ["parallel", "parallel"]),
])
def test_a_directive_marks_the_loop_below_it(body: str, found: list[str]) -> None:
    assert kinds(body) == found


@pytest.mark.parametrize(("text", "line"), [
    ("#pragma omp parallel for\n#pragma omp simd\n", None), ("\n#pragma omp parallel\n{ }", 2),
    ("#pragma omp atomic\n", 1), ("#pragma omp critical\n", 1), ("#pragma unroll 4\n#pragma once\n", None),
    ("#pragma omp parallel for reduction(+ : s)\n", 1), ("#pragma omp parallel for private(t)\n", 1),
    ('_Pragma("omp parallel for")', 1), ("#define LOOP _Pragma (\"omp for\")", 1),
])
def test_other_directives_about_threads_are_not_followed(text: str, line: int | None) -> None:
    assert unfollowed(text, C) == line
    assert unfollowed(text, platforms.get("cuda")) is None


@pytest.mark.parametrize("body", ["s += x[i];", "s = x[i]; y[i] = s;"])
def test_a_scalar_of_all_iterations_races(body: str) -> None:
    text = ("void f(const float* x, float* y) {\nfloat s = 0.0f;\n#pragma omp parallel for\n"
            f"for (int i = 0; i < 64; ++i) {{ {body} }}\ny[0] = s;\n}}\n")
    found = races(with_directives(read(text, C, "f.c"), text, C), C).verdict
    assert isinstance(found, Refuted) and found.witness.buffer == "s"


@pytest.mark.parametrize(("body", "sound"), [
    ("y[i] = x[i];", True), ("y[i / 2] = x[i];", False), ("y[0] += x[i];", False), ("y[i] = i ? y[i - 1] : x[0];", False),
])
def test_iterations_of_a_parallel_loop_may_race(body: str, sound: bool) -> None:
    text = ("void f(const float* x, float* y, int n) {\n#pragma omp parallel for\n"
            f"for (int i = 0; i < n; ++i) {body}\n}}\n")
    marked = with_directives(read(text, C, "f.c"), text, C)
    assert isinstance(races(marked, C).verdict, Proved) is sound


TAILED = """
void f(const float* x, float* y, int rows, int cols, int pitch) {
  if (rows <= 0 || cols <= 0) return;
  int full = cols / 4, rem = cols % 4;
  {}
  for (int r = 0; r < rows; ++r) {
    float* o = y + (size_t)r * pitch;
    const float* i = x + r * cols;
    for (int g = 0; g < full; ++g, o += 4, i += 4)
      for (int k = 0; k < 4; ++k) o[k] = 2.0f * i[k];
    if (rem) for (int k = 0; k < rem; ++k) o[k] = 2.0f * i[k];
  }
}
"""


@pytest.mark.parametrize(("directive", "closed"), [("#pragma omp parallel for", True), ("#pragma omp parallel for private(rem)", False)])
def test_rows_of_a_parallel_loop_are_taken_to_lie_apart(directive: str, closed: bool) -> None:
    text = TAILED.replace("{}", directive)
    _, steps = sequential(taken_at_its_word(read(text, C, "f.c"), text, C), C)
    assert (steps[-1] == "contract(f)") is closed


def test_a_parallel_loop_that_fills_an_array_of_the_kernels_own_is_not_shared_out() -> None:
    text = ("void f(const float* x, float* y) {\nfloat t[64];\n#pragma omp parallel for\n"
            "for (int i = 0; i < 64; ++i) t[i] = x[i];\n#pragma omp parallel for\n"
            "for (int i = 0; i < 64; ++i) y[i] = t[63 - i];\n}\n")
    (kernel,) = taken_at_its_word(read(text, C, "f.c"), text, C).kernels
    assert [s.kind for s in told_apart(kernel).body if isinstance(s, For)] == ["serial", "parallel"]
