"""Automatic sizes shrink where the source is slow, and a slow source is better than none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np

from xpiler import platforms
from xpiler.emulate.entry import Limits
from xpiler.text.read import read
from xpiler.verify.runs.inputs import Point
from xpiler.verify.runs.observe import BRISK, Effort, _points
from xpiler.verify.signature import signature
from xpiler.verify.runs.order import Source
from xpiler.verify.runs.trial import Trial

TEXT = """
__global__ void fill(float* a, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) a[i] = 1.0f;
}
extern "C" void run(float* a, int n) {
  float* d;
  cudaMalloc(&d, n * sizeof(float));
  fill<<<(n + 255) / 256, 256>>>(d, n);
  cudaMemcpy(a, d, n * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(d);
}
"""
SIGNATURE = signature(read(TEXT, platforms.get("cuda"), "fill.cu"), "")


@dataclass
class Clock:
    """A source that takes `cost(n)` seconds and turns down what `suits` does not like."""

    cost: Callable[[int], float]
    suits: Callable[[int], bool] = lambda n: True

    def try_seeds(self, point: Point, seed: int, limits: Limits, seeds: int) -> tuple[int, Trial]:
        return seed, self.try_point(point, limits)

    def try_point(self, point: Point, limits: Limits) -> Trial:
        n = int(point.scalars["n"])
        seconds = self.cost(n)
        if seconds > limits.seconds:
            return Trial({}, (), "timeout", 0.0, wall=limits.seconds)
        if not self.suits(n):
            return Trial({}, ("it does not suit",), "finding", 0.0, wall=seconds)
        return Trial({"a": np.ones(n, np.float32)}, (), "ok", seconds, wall=seconds)


def sizes(clock: Clock) -> list[int]:
    picked = _points(cast(Source, clock), SIGNATURE, {}, {}, Effort(), 0)
    assert isinstance(picked, tuple)
    return [int(point.scalars["n"]) for point, _ in picked[0]]


def test_a_quick_source_runs_at_the_first_sizes() -> None:
    assert sizes(Clock(lambda n: 0.1)) == [1024, 997]


def test_a_slow_source_runs_at_smaller_ones() -> None:
    assert sizes(Clock(lambda n: 3 * BRISK * (n / 1024) ** 3)) == [64, 131]


def test_a_slow_source_that_wants_large_sizes_gets_them() -> None:
    assert sizes(Clock(lambda n: 1.5 * BRISK * n / 1024, lambda n: n > 500)) == [1024]


def test_the_smallest_sizes_may_take_their_time() -> None:
    assert sizes(Clock(lambda n: 5 * BRISK))[0] == 4
