"""Equality for all inputs: the examples against one another, and never against a mutant of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpiler import platforms
from xpiler.ir.nodes import Program
from xpiler.text.read import read
from xpiler.verify.proof.equal import ALL_INPUTS, equal_for_all
from xpiler.verify.verdict import Proved, Unknown

EXAMPLES = Path(__file__).parents[3] / "examples"
LANGUAGES = {".cu": "cuda", ".hip": "hip", ".mlu": "bang", ".cpp": "vnni", ".c": "c"}


def load(name: str, *swaps: tuple[str, str]) -> Program:
    """An example, or what becomes of it when words in it are changed."""
    path = EXAMPLES / name
    text = path.read_text()
    for old, new in swaps:
        assert old in text, f"{name} has no `{old}`"
        text = text.replace(old, new)
    return read(text, platforms.get(LANGUAGES[path.suffix]), name)


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ("relu_runtime.cu", "relu_runtime.cu", "all sizes with n >= 1"),
        ("add.c", "add.cpp", "all sizes with n >= 1 (products below 2^31), same operations in the same order"),
        ("add.c", "add.mlu", "all sizes with n >= 1 (products below 2^31), same operations in the same order"),
        ("gemm.c", "gemm.mlu", "these sizes, same operations in the same order"),
        ("gemm.c", "gemm.cu", "these sizes, real arithmetic with reassociation"),
        ("gemm_u8s8.cu", "gemm_u8s8.hip", "these sizes"),
        ("maxpool.hip", "maxpool.mlu", "all sizes with n >= 1"),
        ("softmax.c", "softmax.mlu", "all sizes with rows >= 1"),
        ("layernorm.cpp", "layernorm.mlu", "all sizes with rows >= 1"),
        pytest.param("add.c", "add.cu", "all sizes with n >= 1", marks=pytest.mark.slow),
        pytest.param("gemm.c", "gemm.cpp", "these sizes", marks=pytest.mark.slow),
        pytest.param("gemm_half.cu", "gemm_half.mlu", "these sizes", marks=pytest.mark.slow),
        pytest.param("softmax.c", "softmax.cpp", "all sizes with rows >= 1", marks=pytest.mark.slow),
    ],
)
def test_examples_are_the_same_for_all_inputs(a: str, b: str, words: str) -> None:
    found = equal_for_all(load(a), load(b), seconds=60)
    assert found.rung == ALL_INPUTS
    assert isinstance(found.verdict, Proved), found.verdict
    assert words in found.verdict.scope
    assert found.verdict.scope.endswith("given that both are in bounds and free of races")


MUTANTS = [
    ("add.c", "add.c", [("a[i] + b[i]", "a[i] - b[i]")]),
    ("add.c", "add.c", [("a[i] + b[i]", "a[i] + a[i]")]),
    ("add.c", "add.c", [("i < n", "i < n - 1")]),
    ("add.c", "add.c", [("int i = 0", "int i = 1")]),
    ("add.c", "add.c", [("b[i];", "b[n - 1 - i];")]),
    ("add.c", "add.mlu", [("base < n; base", "base + 4096 <= n; base")]),
    ("add.c", "add.cpp", [("if (full < n)", "if (full + 1 < n)")]),
    ("add.c", "add.cpp", [("(1u << (n - full)) - 1u", "(1u << (n - full - 1)) - 1u")]),
    ("gemm.c", "gemm.c", [("k < K", "k < K - 1")]),
    ("gemm.c", "gemm.c", [("k * N + n", "n * N + k")]),
    ("gemm.c", "gemm.c", [("sum = 0.0f", "sum = 1.0f")]),
    ("gemm.c", "gemm.cu", [("a_tile[ty][k]", "a_tile[k][ty]")]),
    ("gemm.c", "gemm.cu", [("b_tile[k][tx]", "b_tile[k][ty]")]),
    ("gemm.c", "gemm.cu", [("k0 < K", "k0 < K - TILE")]),
    ("gemm.c", "gemm.cu", [("k < TILE", "k < TILE - 1")]),
    ("maxpool.cu", "maxpool.cu", [("h = oh * STRIDE", "h = oh")]),
    ("softmax.c", "softmax.c", [("/ sum", "* sum")]),
    ("softmax.c", "softmax.c", [("- top", "+ top")]),
    ("relu_runtime.cu", "relu_runtime.cu", [("x[i] > 0.0f ? x[i] : 0.0f", "x[i] > 1.0f ? x[i] : 0.0f")]),
    ("relu_runtime.cu", "relu_runtime.cu", [("x[i] > 0.0f ? x[i] : 0.0f", "x[i] > 0.0f ? 0.0f : x[i]")]),
]


@pytest.mark.parametrize(("a", "b", "swaps"), MUTANTS, ids=lambda x: str(x) if isinstance(x, list) else x)
def test_a_mutant_is_never_proved_equal(a: str, b: str, swaps: list[tuple[str, str]]) -> None:
    assert isinstance(equal_for_all(load(a), load(b, *swaps), seconds=20).verdict, Unknown)


def test_a_function_of_one_of_two_ends_the_proof_at_once() -> None:
    text = "void k(const float x[8], float y[8]) { for (int i = 0; i < 8; ++i) y[i] = %s; }"
    c = platforms.get("c")
    a, b = (read(text % value, c, "k.c") for value in ("expf(x[i])", "1.0f + x[i]"))
    said = equal_for_all(a, b).verdict
    assert isinstance(said, Unknown) and "`exp` is computed by one of the two alone" in said.reason
