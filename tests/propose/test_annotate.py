"""Annotations: found in a program, attached to its text, read back from it, and no part of the program."""

from __future__ import annotations

import json
from pathlib import Path as File

import pytest

from tests.conftest import ROOT
from xpiler import cli, platforms
from xpiler.annotated import pivot_text
from xpiler.given import program_of
from xpiler.ir.nodes import For, Program
from xpiler.ir.paths import Path, get
from xpiler.propose.annotate import Annotation, Reference, SymbolicAnnotator, every_loop
from xpiler.propose.manual import Passage, manual
from xpiler.propose.pragmas import attach, attached
from xpiler.propose.retrieval import Index
from xpiler.text.read import read

C = platforms.get("c")
SOFTMAX = """#include <math.h>
void softmax(const float* x, float* y) {
    #pragma omp parallel for
    for (int r = 0; r < 4; ++r) {
        float top = -INFINITY;
        for (int k = 0; k < 8; ++k) {
            top = fmaxf(top, x[r * 8 + k]);
        }
        float sum = 0.0f;
        for (int k = 0; k < 8; ++k) {
            sum += expf(x[r * 8 + k] - top);
        }
        for (int c = 0; c < 8; ++c) {
            y[r * 8 + c] = expf(x[r * 8 + c] - top) / sum;
        }
    }
}
"""
MANUAL = Index([
    Passage("vmax", "The maximum of a whole vector, as a scalar.", ("float vmax(const float* p)",), ("p: near",), ("n: 8",)),
    Passage("vexp", "The exponential of each element.", ("void vexp(float* p)",)),
    Passage("Barriers", "All tasks wait for each other."),
])


def program(text: str) -> Program:
    return read(text, C, "softmax.c")


def found(text: str) -> tuple[Annotation, ...]:
    return SymbolicAnnotator(MANUAL).annotate(program(text))


def test_a_nest_is_annotated_and_the_loops_side_by_side_in_it() -> None:
    said = found(SOFTMAX)
    loops = [get(program(SOFTMAX), a.loop) for a in said]
    assert [loop.var.name.split("_")[0] for loop in loops if isinstance(loop, For)] == ["r", "k", "k", "c"]
    whole, top, total, last = said
    assert whole.refers == () and "exp(" in whole.computation
    assert top.computation.startswith("maximum over 8") and total.computation.startswith("sum over 8")
    assert top.refers[0] == Reference("vmax", ("p: near",), ("n: 8",))
    assert "vexp" in [r.name for r in last.refers]
    assert "Barriers" not in [r.name for a in said for r in a.refers]


def test_a_perfect_nest_is_annotated_once() -> None:
    text = "void f(float* a, float* y) { for (int i = 0; i < 4; ++i) for (int j = 0; j < 8; ++j) y[i * 8 + j] = a[j * 4 + i]; }"
    (one,) = found(text)
    assert one.loop == Path(0, ((0, 0),)) and one.computation.startswith("transpose")


def test_where_the_whole_has_no_form_its_parts_are_annotated() -> None:
    text = """void f(float* a, float* y) { for (int i = 0; i < 4; ++i) {
        while (a[i] > 1.0f) a[i] = a[i] / 2.0f;
        for (int j = 0; j < 8; ++j) y[i * 8 + j] = a[j] + a[j]; } }"""
    (one,) = found(text)
    assert one.loop == Path(0, ((0, 0), (0, 1)))


def test_a_text_with_pragmas_reads_to_the_same_program() -> None:
    marked = attach(SOFTMAX, program(SOFTMAX), found(SOFTMAX))
    assert marked.count("#pragma xpiler computes(") == 4
    assert program(marked) == program(SOFTMAX)
    assert [loop.kind for _, loop in every_loop(program(marked))] == [loop.kind for _, loop in every_loop(program(SOFTMAX))]


def test_a_round_trip_keeps_annotations() -> None:
    marked = attach(SOFTMAX, program(SOFTMAX), found(SOFTMAX))
    assert attached(marked, program(marked)) == found(SOFTMAX)
    assert attached(SOFTMAX, program(SOFTMAX)) == ()


def test_a_directive_stays_next_to_its_loop() -> None:
    lines = attach(SOFTMAX, program(SOFTMAX), found(SOFTMAX)).splitlines()
    at = next(n for n, line in enumerate(lines) if "omp parallel" in line)
    assert lines[at + 1].lstrip().startswith("for") and "xpiler" in lines[at - 1]


@pytest.mark.parametrize("words", ['a "quoted" word', "back\\slash", "brackets ) and , commas", "sum(k<3) a[i+k] ≤ 2"])
def test_what_is_said_may_hold_any_character(words: str) -> None:
    one = Annotation(Path(0, ((0, 0),)), words, (Reference(words, (words,), (words, "n > 0")), Reference("bare")))
    text = "void f(float* y) {\n    for (int i = 0; i < 4; ++i) {\n        y[i] = 0;\n    }\n}\n"
    marked = attach(text, program(text), [one])
    assert attached(marked, program(marked)) == (one,)


@pytest.mark.parametrize("line", [
    "#pragma xpiler computes(nonsense)", '#pragma xpiler computes("a", "b")', '#pragma xpiler target("a")',
    "#pragma xpiler computes(1)", "#pragma xpiler", '#pragma xpiler target("a", "b", "c")',
])
def test_a_pragma_that_says_nothing_is_passed_over(line: str) -> None:
    text = f"void f(float* y) {{\n{line}\n    for (int i = 0; i < 4; ++i) {{\n        y[i] = 0;\n    }}\n}}\n"
    assert attached(text, program(text)) == ()


def test_a_pragma_above_no_loop_is_about_none() -> None:
    text = """void f(float* y) {
#pragma xpiler computes("this")
    y[0] = 1;
    for (int i = 0; i < 4; ++i) y[i] = 0;
}
"""
    assert attached(text, program(text)) == ()


def test_the_matrix_product_of_an_example_finds_the_matrix_instruction() -> None:
    source, _, given, _ = program_of(ROOT / "examples" / "gemm.cu", "", (), (), "", "", "", "")
    text, pivot = pivot_text(given, source)
    (one,) = SymbolicAnnotator(Index(manual(platforms.get("bang")))).annotate(pivot, text)
    matmul = next(r for r in one.refers if r.name == "__bang_matmul")
    assert "src1: wram" in matmul.spaces and "N must be a multiple of 64" in matmul.limits


def test_the_command_prints_pragmas_and_json(capsys: pytest.CaptureFixture[str], tmp_path: File) -> None:
    (tmp_path / "softmax.c").write_text(SOFTMAX)
    for more in ([], ["--json"]):
        with pytest.raises(SystemExit) as left:
            cli.main(["annotate", str(tmp_path / "softmax.c"), "--to", "hip", *more])
        assert left.value.code == 0
        said = capsys.readouterr().out
        if more:
            held = json.loads(said)
            assert held["target"] == "hip" and held["annotations"][0]["loop"] == "0:0"
            assert "#pragma xpiler" in held["text"]
        else:
            assert "#pragma xpiler computes(" in said and program(said) == program(SOFTMAX)
