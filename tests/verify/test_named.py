"""Numbers that a text compares its data with are among the inputs: a choice that hangs on one of them is seen."""

from __future__ import annotations

import numpy as np
import pytest

from tests.verify.kernels import CUDA, EFFORT, complaint, each, observed, side
from xpiler.ir.nodes import Var
from xpiler.ir.types import DType
from xpiler.verify.ladder import Question, Side, probed
from xpiler.verify.runs.inputs import Point, make
from xpiler.verify.runs.judge import judge
from xpiler.verify.runs.kinds import Kind
from xpiler.verify.runs.named import named
from xpiler.verify.runs.observe import Effort
from xpiler.verify.signature import Array, Signature
from xpiler.verify.verdict import refuted

LABELS = each("y[i] = x[i] == 12345 ? 0 : x[i];", "int", "int")
CLAMPED = each("float v = x[i] * 2.0f;\n    y[i] = (unsigned char)fminf(fmaxf(v, 0.0f), 255.0f);", y="unsigned char")
BINS = each("if (x[i] >= 0.0f && x[i] <= 1.0f) y[min((int)(x[i] * 4.0f), 3) % n] = 1;", y="int")
COUNTED = each("y[i] = x[i] >= 3.0f;", y="int")


@pytest.mark.parametrize(("text", "numbers"), [
    (LABELS, {12345.0}), (CLAMPED, {255.0, 127.5}), (COUNTED, {3.0}),
    (each("int v = x[i];\n    if (v > -7) y[i] = v + 9;", "int", "int"), {-7.0}),
    (each("y[i] = x[i] * 0.5f + 3.0f;"), set()),
    (each("float v = sqrtf(x[i]);\n    y[i] = v > 3.0f;", y="int"), {3.0, 9.0}),
    (each("y[i] = x[i] * 0.1f >= 3.0f ? 1.0f : x[i];"), {3.0, 30.0}),
    (each("y[i] = x[i] - x[n - 1] > 0.75f;", y="int"), {0.75, 1.5}),
    (each("y[i] = x[i] * 3 > 12;", "int", "int"), {12.0, 4.0}),
])
def test_what_data_are_compared_with_is_found(text: str, numbers: set[float]) -> None:
    assert set(named(side(text).program)) == numbers


@pytest.mark.parametrize(("source", "target"), [
    (LABELS, LABELS.replace("== 12345", "== 12346")), (CLAMPED, CLAMPED.replace("255.0f", "254.0f")),
    (BINS, BINS.replace("3) % n", "4) % n")),
], ids=["label", "clamp", "last bin"])
def test_a_choice_that_hangs_on_a_number_in_the_text_is_seen(source: str, target: str) -> None:
    assert "numbers that the texts name" in complaint(source, target)


def test_numbers_that_the_target_alone_names_are_tried_too() -> None:
    copied = each("y[i] = x[i];", "int", "int")
    one, two = (Side(s.text, CUDA, s.program, s.file) for s in (side(copied, "a.cu"), side(LABELS)))
    tried = probed(Question(one, two, observed(copied))).reference
    assert [c.point.named for c in tried.cases if c.point.kind is Kind.NAMED] == [(12345.0,)]
    found = refuted(judge(tried, LABELS, CUDA, two.program, effort=EFFORT))
    assert found is not None and "numbers that the texts name" in str(found.verdict)


@pytest.mark.parametrize(("dtype", "held"), [
    (DType.I8, {-100}), (DType.U8, {200}), (DType.I32, {-100, 200}), (DType.F32, {-100, 200, 1.5}),
])
def test_a_type_gets_the_numbers_that_it_holds(dtype: DType, held: set[float]) -> None:
    n = Var("n", DType.I32)
    sig = Signature("f", (), (Array("x", dtype, (n,), True, False),), (n,), False)
    x = make(sig, Point({"n": 99}, {"x": 99}, kind=Kind.NAMED, named=(-100.0, 200.0, 1.5)), 0)["x"]
    assert isinstance(x, np.ndarray)
    assert {-100, 200, 1.5} & set(x.tolist()) == held


@pytest.mark.parametrize(("source", "target"), [
    (LABELS, LABELS.replace("== 12345", "== 12346")),
    (each("y[i] = sqrtf(x[i]) > 3.0f;", y="int"), each("y[i] = sqrtf(x[i]) >= 3.0f;", y="int")),
    (each("y[i] = isnan(x[i]) ? 0.0f : x[i];"), each("y[i] = x[i];")),
    (each("y[i] = (unsigned)x[i] + 1u;", "unsigned", "unsigned"),
     each("unsigned v = x[i];\n    y[i] = v + 1u < v ? v : v + 1u;", "unsigned", "unsigned")),
], ids=["label", "behind a root", "NaN", "ends"])
def test_what_choices_hang_on_is_tried_where_only_tests_are_run(source: str, target: str) -> None:
    brief = Effort(seeds=1, level=0)
    found = refuted(judge(observed(source, brief), target, CUDA, side(target).program, effort=brief))
    assert found is not None
