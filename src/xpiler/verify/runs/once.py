"""One checked run of one text, for a person to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xpiler.ir.nodes import Program
from xpiler.platforms.platform import Platform
from xpiler.verify.runs.compare import to_double
from xpiler.verify.runs.inputs import Domain, Point, make
from xpiler.verify.runs.observe import TRIES, Effort, Let, Progress, divide
from xpiler.verify.signature import Signature, signature
from xpiler.verify.runs.sizes import ask, candidates
from xpiler.verify.runs.trial import Trial, machine


@dataclass(frozen=True)
class Summary:
    """One output array at a glance; `checksum` weighs every element by its place, so that a permutation shows."""

    name: str
    dtype: str
    elements: int
    mean: float
    least: float
    most: float
    checksum: float
    nans: int
    untouched: int


@dataclass(frozen=True)
class Once:
    signature: Signature
    point: Point
    seed: int
    trial: Trial
    outputs: tuple[Summary, ...]


def once(
    text: str, platform: Platform, program: Program, *, file: str = "", let: Let | None = None, kernel: str = "",
    effort: Effort | None = None, cache: Path | None = None, seed: int = 0, progress: Progress = lambda _: None,
) -> Once:
    """Run a text once on random inputs, at the first choice of sizes it runs cleanly with (else at the first one)."""
    effort = effort or Effort()
    sig = signature(program, kernel)
    progress("building")
    exe = machine(text, platform, sig, file=file or program.file, cache=cache)
    progress("running")
    fixed, data = divide(let or {}, sig)
    first: tuple[Point, Trial] | None = None
    for scalars, sizes in list(candidates(sig, fixed, odd=False))[:TRIES]:
        for domain in (Domain.WIDE, Domain.NARROW):
            point = Point(scalars, sizes, domain, data)
            trial = exe.try_point(point, seed, effort.limits)
            first = first or (point, trial)
            if trial.clean:
                return Once(sig, point, seed, trial, _summaries(sig, point, seed, trial))
            if not any(a.steers for a in sig.arrays):
                break
    if first is None:
        raise ask(sig, fixed, ())
    return Once(sig, first[0], seed, first[1], _summaries(sig, first[0], seed, first[1]))


def _summaries(sig: Signature, point: Point, seed: int, trial: Trial) -> tuple[Summary, ...]:
    before = make(sig, point, seed)
    out = []
    for a in sig.arrays:
        if not a.written or a.name not in trial.outputs:
            continue
        raw, was = trial.outputs[a.name], before[a.name]
        assert isinstance(was, np.ndarray), "an array's input is an array"
        word = f"u{raw.itemsize}"
        x = to_double(a.dtype, raw)
        good = x[np.isfinite(x)]
        weights = np.arange(1, x.size + 1, dtype=np.float64) / x.size
        total = float(np.sum(np.where(np.isfinite(x), x, 0.0) * weights))
        low, mean, high = (good.min(), good.mean(), good.max()) if good.size else (np.nan,) * 3
        same = int(np.count_nonzero(raw.view(word) == was.view(word)))
        nans = int(np.count_nonzero(np.isnan(x)))
        out.append(Summary(a.name, a.dtype, x.size, float(mean), float(low), float(high), total, nans, same))
    return tuple(out)
