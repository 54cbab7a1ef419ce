"""Refutations come with the smallest input, the line to blame, and a folder that shows them again."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.verify.kernels import EFFORT, Side, each, observed, row, side
from xpiler import platforms
from xpiler.fault import Fault
from xpiler.text.read import read
from xpiler.verify.runs.observe import observe
from xpiler.verify.witness.witness import Explained, Reading, explain, replay, save

COPY = each("y[i] = x[i];")
SUM = row("float s = 0.0f;\n    for (int i = 0; i < n; ++i) s += x[i];\n    for (int i = 0; i < n; ++i) y[i] = s;")
TAIL = COPY.replace("if (i < n)", "if (i < n / 4 * 4)")
SEVENTH = COPY.replace("y[i] = x[i];", "if (i == 6)\n      y[i] = x[i - 1];\n    else\n      y[i] = x[i];")
DROPS = SUM.replace("s += x[i];", "s += i == 4 ? 0.0f : x[i];")
OUTSIDE = COPY.replace("y[i] = x[i];", "y[i] = x[n > 9 ? i + 1 : i];")


@cache
def explained(source: str, target: str) -> Explained:
    found = explain(observed(source), side(source, "a.cu"), side(target), effort=EFFORT, seconds=60.0)
    assert found is not None
    return found


def x_of(found: Explained) -> list[float]:
    x = found.case.inputs["x"]
    assert isinstance(x, np.ndarray)
    return [float(v) for v in x]


def line_of(text: str, part: str) -> int:
    return next(i for i, line in enumerate(text.splitlines(), 1) if part in line)


@pytest.mark.slow
def test_the_size_is_the_smallest_that_fails() -> None:
    """By the texts: a tail of four is dropped from 1 on, the seventh element needs 7, the fifth term needs 5. An access
    past an end is one where a buffer fills its 64 bytes, and those are 16 elements."""
    for source, target, n in ((COPY, TAIL, 1), (COPY, SEVENTH, 7), (SUM, DROPS, 5), (COPY, OUTSIDE, 16)):
        assert explained(source, target).case.point.scalars == {"n": n}


def test_contents_are_zeros_but_for_what_it_takes() -> None:
    assert x_of(explained(SUM, DROPS)) == [0, 0, 0, 0, 1]
    assert sorted(x_of(explained(COPY, SEVENTH))) == [0, 0, 0, 0, 0, 0, 1]


def test_the_witness_names_the_first_wrong_element() -> None:
    w = explained(SUM, DROPS).witness
    assert (w.buffer, w.index, w.expected, w.actual, dict(w.sizes)) == ("y", 0, 1.0, 0.0, {"n": 5})


def test_the_line_that_wrote_it_is_blamed_with_its_thread() -> None:
    found = explained(COPY, SEVENTH)
    assert found.line is not None and found.line.line == line_of(SEVENTH, "y[i] = x[i - 1]")
    assert found.line.file == "b.cu" and found.writer == "k, thread (6,0,0) of block (0,0,0)"
    assert found.written == f"written at {found.line} by {found.writer}"


def test_what_nobody_wrote_is_said_to_be_so() -> None:
    found = explained(COPY, TAIL)
    assert (found.line, found.writer) == (None, "never written")


def test_what_breaks_a_rule_is_blamed_where_it_does() -> None:
    found = explained(COPY, OUTSIDE)
    assert found.line is not None and found.line.line == line_of(OUTSIDE, "x[n > 9")
    assert "read of element 16 of `x`" in str(found.witness)


def test_the_same_question_has_the_same_answer() -> None:
    again = explain(observed(SUM), side(SUM, "a.cu"), side(DROPS), effort=EFFORT, seconds=60.0)
    assert again is not None and str(again) == str(explained(SUM, DROPS))


def test_nothing_is_explained_where_nothing_is_wrong() -> None:
    assert explain(observed(COPY), side(COPY), side(COPY), effort=EFFORT) is None
    assert explain(observed(COPY), side(COPY), side(each("y[i] = 1;", "int", "int")), effort=EFFORT) is None


@pytest.mark.slow
def test_what_was_copied_is_blamed_with_what_made_it() -> None:
    """On-chip results are copied out: the copy wrote the element, an instruction before it made the mistake."""
    root = Path(__file__).parents[2] / "examples"
    text, bang = (root / "add.mlu").read_text(), platforms.get("bang")
    wrong = text.replace("__bang_add(", "__bang_sub(")
    a, b = (Side(t, bang, read(t, bang, f), f) for t, f in ((text, "a.mlu"), (wrong, "b.mlu")))
    reference = observe(text, bang, a.program, effort=EFFORT)
    found = explain(reference, a, b, effort=EFFORT, seconds=60.0)
    assert found is not None and found.line is not None and found.made is not None
    assert found.line.line == line_of(wrong, "NRAM2GDRAM") and found.made.line == line_of(wrong, "__bang_sub(")
    assert dict(found.case.point.scalars) == {"n": 1} and "which copies what line" in found.written


def test_a_saved_witness_can_be_run_again(tmp_path: Path) -> None:
    found = explained(SUM, DROPS)
    save(tmp_path, found, side(SUM, "a.cu"), side(DROPS), Reading(options=("--grid 4",)))
    assert (tmp_path / "a.cu").read_text() == SUM and (tmp_path / "b.cu").read_text() == DROPS
    assert np.load(tmp_path / "inputs" / "x.npy").tolist() == [0, 0, 0, 0, 1]
    assert np.load(tmp_path / "expected" / "y.npy").tolist() == [1] * 5
    assert np.load(tmp_path / "actual" / "y.npy").tolist() == [0] * 5
    readme = (tmp_path / "README.md").read_text()
    assert "xpiler check a.cu b.cu --grid 4 --let n=5\n" in readme and "xpiler replay .\n" in readme
    assert str(found.witness) in readme
    again = replay(tmp_path, effort=EFFORT)
    assert again is not None and str(again) == str(found)
    (tmp_path / "b.cu").write_text(SUM)
    assert replay(tmp_path, effort=EFFORT) is None


def test_a_folder_that_is_no_witness_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="cannot read"):
        replay(tmp_path)
    (tmp_path / "case.json").write_text(json.dumps([1]))
    with pytest.raises(Fault):
        replay(tmp_path)


def test_parameters_keep_the_names_that_the_map_gives_them(tmp_path: Path) -> None:
    other = TAIL.replace("const float* x, float* y", "float* out, const float* in")
    other = other.replace("dx, dy, n)", "dy, dx, n)").replace("x[i]", "in[i]").replace("y[i]", "out[i]")
    other = other.replace("(dx, x,", "(dx, in,").replace("(y, dy", "(out, dy")
    found = explain(observed(COPY), side(COPY, "a.cu"), side(other), pairs={"x": "in", "y": "out"}, effort=EFFORT)
    assert found is not None and (found.witness.buffer, found.writer) == ("y", "never written")
    save(tmp_path, found, side(COPY, "a.cu"), side(other))
    assert "--map x=in --map y=out" in (tmp_path / "README.md").read_text()
    again = replay(tmp_path, effort=EFFORT)
    assert again is not None and str(again.witness) == str(found.witness)
