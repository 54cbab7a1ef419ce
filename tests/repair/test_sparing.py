"""A few passes of its outermost loops say of a text without launches what a few groups say of a launch."""

from __future__ import annotations


import numpy as np
import pytest

from xpiler import platforms
from xpiler.emulate.entry import Limits
from xpiler.repair.sketch import Sketch
from xpiler.repair.sparing import sparing
from xpiler.text.read import read
from xpiler.text.sites import Sites
from xpiler.verify.runs.inputs import Point
from xpiler.verify.runs.trial import machine
from xpiler.verify.signature import signature

ROWS = """void twice(const float *x, float *y) {
    for (int i = 0; i < 40; ++i)
        for (int j = 0; j < 40; j += 2) {
            y[i * 40 + j] = x[i * 40 + j] * 2.0f;
            y[i * 40 + j + 1] = x[i * 40 + j + 1] * 2.0f;
        }
}
"""
SUMS = """void sums(const float *x, float *y) {
    for (int i = 0; i < 40; ++i)
        for (int j = 0; j < 40; ++j)
            y[i] += x[i * 40 + j];
}
"""


def sites(text: str, platform: str = "c") -> Sites:
    return Sites(text, platforms.get(platform), read(text, platforms.get(platform), "t"), "t")


@pytest.mark.parametrize(("text", "loops"), [(ROWS, 2), (SUMS, 1), (SUMS.replace("++i", "--i"), 0)])
def test_loops_whose_passes_keep_apart_leave_some_out(text: str, loops: int) -> None:
    assert len(sparing(sites(text))) == loops


def test_a_text_with_launches_leaves_out_groups_instead() -> None:
    kernel = "__global__ void k(float *y) { for (int i = 0; i < 4; ++i) y[i] = i; }"
    assert sparing(sites(kernel + " void f(float *y) { k<<<1, 1>>>(y); }", "cuda")) == ()


def test_some_passes_are_run() -> None:
    at = sites(ROWS)
    sketch = Sketch(at.data, (), besides=sparing(at))
    assert sketch.filled({}) == ROWS
    made = machine(sketch.text, at.platform, signature(at.program), file="t", many=True)
    x = np.arange(1, 1601, dtype=np.float32)
    inputs = {"x": x, "y": np.zeros(1600, np.float32)}
    point = Point({}, {"x": 1600, "y": 1600})
    for clusters in (0, 32, 1):
        [trial] = made.run_many(point, inputs, Limits(), [{}], each=5.0, clusters=clusters)
        y = trial.outputs["y"].reshape(-1, 2)
        done = (y == 2 * x.reshape(-1, 2)).all(axis=1)
        assert trial.clean and done[0] and done[-1]
        assert done.sum() == {0: 800, 32: 33, 1: 2}[clusters]
