"""The judge at the end of the road: two texts, each read and executed, rung by rung, to the first refutation."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from pathlib import Path

from xpiler.fault import Fault
from xpiler.ir.nodes import Program
from xpiler.platforms.platform import Platform
from xpiler.text.read import read
from xpiler.verify.ladder import Level, Question, Side, climb
from xpiler.verify.runs.observe import Effort, Let, Progress, Reference, observe
from xpiler.verify.verdict import READS, Evidence, Proved, Refuted, Witness


def confirm(
    source_text: str, source_platform: Platform, target_text: str, target_platform: Platform, source_program: Program,
    *, let: Let | None = None, seeds: int = 3, budget: float = 60.0, cache: Path | None = None,
    target_program: Program | None = None, reference: Reference | None = None, kernel: str = "",
    effort: Effort | None = None, file: str = "", level: Level = Level.USUAL, every: bool = False,
    pairs: Mapping[str, str] | None = None, progress: Progress = lambda _: None, taken: Collection[str] = (),
) -> tuple[Evidence, ...]:
    """Evidence that the target text computes what the source text computes; see `verdict.confirmed` for the sum of it.

    `reference` saves running the source again. `target_program` stands in for reading the target back (a file of
    kernels alone needs its geometry); without it the text is read. `every`: go on after a refutation. `taken`: arrays
    of the source whose sizes were worked out by whoever proposes.
    Faults are the user's: no sizes that suit, no C++ compiler."""
    effort = effort or Effort(seeds, budget, level=int(level))
    start = time.monotonic()
    try:
        program = target_program or read(target_text, target_platform, file or "target")
    except Fault as fault:
        return (Evidence(READS, Refuted(Witness(str(fault))), time.monotonic() - start),)
    back = Evidence(READS, Proved("the text parses and means a program"), time.monotonic() - start)
    reference = reference or observe(
        source_text, source_platform, source_program, let=let, effort=effort, cache=cache, progress=progress,
    )
    if not isinstance(reference.evidence.verdict, Proved):
        return (back, reference.evidence)
    question = Question(
        Side(source_text, source_platform, source_program, source_program.file, kernel),
        Side(target_text, target_platform, program, file or program.file), reference, let or {}, pairs or {}, effort,
        level, cache, progress, frozenset(taken),
    )
    return (back, reference.evidence, *climb(question, every=every))
