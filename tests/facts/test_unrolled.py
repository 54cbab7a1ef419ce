"""Loops that were unrolled over rows of a length that is not known, and their remainders, are one loop."""

from __future__ import annotations

import numpy as np
import pytest

from tests.passes.test_down import results
from xpiler import platforms
from xpiler.facts import sym
from xpiler.facts.summary import summarise
from xpiler.facts.writes import Write
from xpiler.ir.nodes import For
from xpiler.ir.show import show
from xpiler.ir.walk import statements
from xpiler.text.read import read
from xpiler.to_pivot import sequential

C = platforms.get("c")


def writes(text: str) -> list[Write]:
    pivot, steps = sequential(read(text, C, "k.c"), C)
    assert not [s for s in steps if s.startswith("--")]
    (found,) = summarise(pivot.kernels[0]).values()
    return found


def extents(w: Write) -> list[list[str]]:
    folds = set(sym.collect(w.value, lambda n: n.op == "fold"))
    return [[str(sym.extent_of(v)) for v in sym.fold_vars(f)] for f in folds]


def test_rows_that_are_added_two_at_a_time() -> None:
    (w,) = writes("""void k(const float* x, float* y, int n) {
        for (int j = 0; j < n; ++j) {
            float s = 0.0f;
            for (int i = 0; i < 8; i += 2) s += x[i * n + j] + x[(i + 1) * n + j];
            y[j] = s;
        }
    }""")
    assert extents(w) == [["8"]]


def test_a_sum_and_its_remainder() -> None:
    (w,) = writes("""void k(const float* x, float* y, int n) {
        for (int r = 0; r < 5; ++r) {
            float s = 0.0f;
            int i = 0;
            for (; i < n / 8 * 8; ++i) s += x[r * n + i];
            for (int t = 0; t < n % 8; ++t) s += x[r * n + n / 8 * 8 + t];
            y[r] = s;
        }
    }""")
    assert extents(w) == [["n"]]


def test_a_sum_and_its_remainder_end_where_the_row_does() -> None:
    """That an element is in the row holds of all in whole chunks, and not of all that could be left."""
    program = read("""void k(const float* x, float* y, int n) {
        for (int r = 0; r < 4; ++r) {
            int mine = n - r * 5 > 0 ? n - r * 5 : 0, left = mine % 8;
            float s = 0.0f;
            for (int i = 0; i < mine / 8; ++i)
                for (int j = 0; j < 8; ++j) s += x[r * 5 + i * 8 + j];
            if (left > 0) {
                float t = 0.0f;
                for (int j = 0; j < left; ++j) t += x[r * 5 + mine / 8 * 8 + j];
                s += t;
            }
            y[r] = s;
        }
    }""", C, "k.c")
    before, after = (sequential(program, C, contracted=c)[0].kernels[0] for c in (False, True))
    assert [show(s.stop) for s in statements(after) if isinstance(s, For)] == ["4", "n - r * 5"]
    for n in (1, 9, 13, 24):
        want, got = (results(k, {"x": n, "y": 4}, {"n": n}) for k in (before, after))
        np.testing.assert_allclose(got["y"], want["y"], rtol=1e-12)


def test_what_tasks_add_up_in_chunks_ends_where_all_of_it_does() -> None:
    program = read("""void k(const float* x, float* y, int n) {
        for (int t = 0; t < 4; ++t) {
            int per = (n + 3) / 4, begin = t * per, end = begin + per < n ? begin + per : n;
            int mine = end > begin ? end - begin : 0, left = mine % 8;
            float s = 0.0f;
            for (int i = 0; i < mine / 8; ++i)
                for (int j = 0; j < 8; ++j) s += x[begin + i * 8 + j];
            if (left > 0) {
                float rest = 0.0f;
                for (int j = 0; j < left; ++j) rest += x[begin + mine / 8 * 8 + j];
                s += rest;
            }
            y[t] = s;
        }
    }""", C, "k.c")
    before, after = (sequential(program, C, contracted=c)[0].kernels[0] for c in (False, True))
    ends = [show(s.stop) for s in statements(after) if isinstance(s, For)]
    assert len(ends) == 2 and ends[1].startswith("min(n - ") and "8" not in ends[1]
    for n in (1, 5, 9, 36, 51, 70):
        want, got = (results(k, {"x": n, "y": 4}, {"n": n}) for k in (before, after))
        np.testing.assert_allclose(got["y"], want["y"], rtol=1e-12)


FOURS = """void k(const float* a, const float* x, float* y, int n, int m) {
    for (int i = 0; i < 12; i += 4) {
        float s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        for (int k = 0; k < n; ++k) {
            s0 += a[i * n + k] * x[k];
            s1 += a[(i + 1) * n + k] * x[k];
            s2 += a[(i + 2) * n + k] * x[k];
            s3 += LAST * x[k];
        }
        y[i] = s0; y[i + 1] = s1; y[i + 2] = s2; y[i + 3] = s3;
    }
}"""


def test_rows_that_are_written_four_at_a_time() -> None:
    (w,) = writes(FOURS.replace("LAST", "a[(i + 3) * n + k]"))
    assert extents(w) == [["n"]] and [str(sym.extent_of(v)) for v in w.vars] == ["12"]


@pytest.mark.parametrize("last", ["a[(i + 3) * n + k + 1]", "a[(i + 4) * n + k]", "a[(i + 3) * m + k]"])
def test_rows_of_which_one_is_another_stay_apart(last: str) -> None:
    assert len(writes(FOURS.replace("LAST", last))) == 2
