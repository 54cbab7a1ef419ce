"""A text against its specification: right ones pass, wrong ones are refuted, with the slip that explains them."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpiler import platforms
from xpiler.bench.specs import named
from xpiler.emulate.entry import Limits
from xpiler.emulate.function import Function
from xpiler.fault import Fault
from xpiler.text.read import read
from xpiler.verify.spec.against import RUNG, against
from xpiler.verify.runs.observe import Effort
from xpiler.verify.spec.own_spec import own
from xpiler.verify.signature import given_sizes, signature
from xpiler.verify.spec.spec import Spec
from xpiler.verify.verdict import Proved, Refuted, Verdict

pytestmark = pytest.mark.slow

PRODUCT = """extern "C" void product(const float *A, const float *B, float *C) {{
  for (int i = 0; i < 16; ++i)
    for (int j = 0; j < 32; ++j) {{
      float sum = 0.0f;
      for (int k = 0; k < {inner}; ++k) sum += {a} * {b};
      C[i * 32 + j] {store} sum;
    }}
}}
"""
RIGHT = {"inner": 48, "a": "A[i * 48 + k]", "b": "B[k * 32 + j]", "store": "="}
C = platforms.get("c")


def verdict(text: str, spec: Spec, cache: Path, let: dict[str, int] | None = None, **pairs: str) -> Verdict:
    program = read(text, C, "k.c")
    effort = Effort(seeds=1, double=False, limits=Limits(20.0))
    _, evidence = against(
        text, C, program, spec, file="k.c", let={"m": 16, "k": 48, "n": 32} if let is None else let, pairs=pairs,
        effort=effort, cache=cache)
    assert evidence[-1].rung == RUNG, evidence
    return evidence[-1].verdict


def test_a_right_product_is_right(cache: Path) -> None:
    found = verdict(PRODUCT.format(**RIGHT), named("gemm"), cache)
    assert isinstance(found, Proved) and "gemm" in found.scope


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"inner": 47}, ""),
        ({"b": "B[k / 16 * 16 * 32 + j % 16 * 32 + j / 16 * 16 + k % 16]"}, "16x16 tile of `b` is read transposed"),
        ({"a": "(float)(signed char)A[i * 48 + k]", "b": "(float)(signed char)B[k * 32 + j]"}, "truncated to signed"),
        ({"a": "(A[i * 48 + k] < 0 ? -A[i * 48 + k] : A[i * 48 + k])"}, "a sign is lost"),
        ({"store": "+="}, "adds to what the output held before"),
    ],
)
def test_a_wrong_product_is_refuted_with_its_reason(wrong: dict[str, object], reason: str, cache: Path) -> None:
    found = verdict(PRODUCT.format(**{**RIGHT, **wrong}), named("gemm"), cache)
    assert isinstance(found, Refuted)
    w = found.witness
    assert w.buffer == "C" and w.index is not None and w.expected != w.actual
    assert reason in w.what
    assert reason or "elements differ" in w.what


def test_gelu_may_be_either_of_two_functions_and_nothing_else(cache: Path) -> None:
    text = 'extern "C" void g(const float *x, float *y) {{ for (int i = 0; i < 999; ++i) y[i] = {}; }}'
    forms = {
        "0.5f * x[i] * (1.0f + erff(x[i] * 0.70710678f))": "exact",
        "0.5f * x[i] * (1.0f + tanhf(0.7978845608f * (x[i] + 0.044715f * x[i] * x[i] * x[i])))": "tanh",
    }
    for form, way in forms.items():
        found = verdict(text.format(form), named("gelu"), cache, {"n": 999})
        assert isinstance(found, Proved) and f"gelu ({way})" in found.scope
    another = text.format("x[i] / (1.0f + expf(-1.702f * x[i]))")
    assert isinstance(verdict(another, named("gelu"), cache, {"n": 999}), Refuted)


def test_letters_that_sizes_do_not_tell_are_asked_for(cache: Path) -> None:
    text = 'extern "C" void f(const float *x, float *y, int n) { for (int i = 0; i < n; ++i) y[i] = x[i]; }'
    program = given_sizes(read(text, C, "k.c"), {"x": 64, "y": 64})
    with pytest.raises(Fault, match="needs the value of `r`, `c`") as caught:
        against(text, C, program, named("softmax"), let={"n": 64}, effort=Effort(seeds=1, double=False), cache=cache)
    assert caught.value.code == "XP2304"


def own_spec(text: str, kernel: str = PRODUCT.format(**RIGHT)) -> Spec:
    return own(text, "mine.py", signature(read(kernel, C, "k.c")), Limits(10.0))


def test_a_specification_of_ones_own(cache: Path) -> None:
    shaped = 'SHAPES = "p[m,k], q[k,n] -> r[m,n]"\ndef spec(p, q):\n    return p @ q\n'
    wrong = shaped.replace("p @ q", "p @ q + 1")
    text = PRODUCT.format(**RIGHT)
    assert isinstance(verdict(text, own_spec(shaped), cache), Proved)
    assert isinstance(verdict(text, own_spec(wrong), cache), Refuted)


def test_it_fails_at_its_own_line() -> None:
    with pytest.raises(Fault, match="specification failed") as caught:
        Function("def spec(a):\n    x = 1\n    return a / undefined\n", "mine.py").call({}, {"a": 1})
    assert caught.value.code == "XP2305" and caught.value.where.line == 3 and "undefined" in caught.value.why


@pytest.mark.parametrize(
    "act",
    [
        "open('{0}/made', 'w')", "__import__('socket').socket()", "__import__('os').fork()",
        "__import__('os').remove('{0}/kept')", "__import__('os').execv('/bin/true', ['true'])",
    ],
)
def test_it_can_do_no_more_than_compute(act: str, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("")
    with pytest.raises(Fault) as caught:
        Function(f"def spec(a):\n    return {act.format(tmp_path)}\n", "mine.py").call({}, {"a": 1})
    assert "PermissionError" in caught.value.why
    assert sorted(p.name for p in tmp_path.iterdir()) == ["kept"]


def test_it_ends_when_its_time_is_over() -> None:
    with pytest.raises(Fault, match="did not end"):
        Function("def spec(a):\n    while True: pass\n", "mine.py", Limits(seconds=1.0)).call({}, {"a": 1})


ATTENTION = """#include <math.h>
extern "C" void attend(const float *Q, const float *K, const float *V, float *O) {{
  for (int r = 0; r < {rows}; ++r) {{
    const float *q = Q + r * 12, *k = K + r * 12, *v = V + r * 12;
    for (int i = 0; i < 3; ++i) {{
      float w[3], sum = 0.0f;
      for (int j = 0; j < 3; ++j) {{
        float dot = 0.0f;
        for (int d = 0; d < 4; ++d) dot += q[i * 4 + d] * k[j * 4 + d];
        w[j] = expf(dot / 2.0f);
        sum += w[j];
      }}
      for (int d = 0; d < 4; ++d) {{
        float out = 0.0f;
        for (int j = 0; j < 3; ++j) out += w[j] / sum * v[j * 4 + d];
        O[r * 12 + i * 4 + d] = {result};
      }}
    }}
  }}
}}
"""


def test_a_large_case_is_compared_slice_by_slice_to_its_end(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xpiler.verify.spec.against.MOST_AT_ONCE", 1000)
    monkeypatch.setattr("xpiler.verify.spec.against.PIECE", 500)
    let = {"r": 100, "s": 3, "d": 4}
    right = verdict(ATTENTION.format(rows=100, result="out"), named("attention"), cache, let)
    assert isinstance(right, Proved)
    wrong = verdict(ATTENTION.format(rows=100, result="r == 99 && d == 1 ? 2 * out : out"), named("attention"), cache, let)
    assert isinstance(wrong, Refuted)
    assert wrong.witness.index == 99 * 12 + 1 and "`O`[99, 0, 1]" in wrong.witness.what


STEEP = """#include <math.h>
extern "C" void steep(const float *x, float *y) {{
  for (int i = 0; i < 65536; ++i) y[i] = sinf({});
}}
"""


def test_what_rounding_moves_far_may_be_off_as_far_everywhere(cache: Path) -> None:
    """sin(1000 x) of 65536 numbers: three nudges leave some 30 of these with too little room. A function that differs
    by no more than some hundred roundings of x is still another."""
    text = STEEP.format("1000.0f * x[i]")
    shaped = own_spec('SHAPES = "x[n] -> y[n]"\nimport numpy as np\ndef spec(x):\n    return np.sin(1000 * x)\n', text)
    found = verdict(text, shaped, cache, {"n": 65536})
    assert isinstance(found, Proved), found
    for wrong in ("1000.0f * x[i] * 1.00001f", "1000.0f * x[i] + (i == 777 ? 0.01f : 0.0f)", "i == 9 ? 1.0f : 1000.0f * x[i]"):
        found = verdict(STEEP.format(wrong), shaped, cache, {"n": 65536})
        assert isinstance(found, Refuted), wrong
    assert "1 elements differ" in found.witness.what
