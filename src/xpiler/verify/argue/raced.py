"""Whether a source races. A kernel with a race has no meaning that a translation could keep, and runs seldom show it:
threads run one after another, and a race gives them one of the results there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from xpiler.ir.nodes import Program
from xpiler.platforms.platform import Platform
from xpiler.text.pragmas import unfollowed, with_directives
from xpiler.verify.argue.races import races
from xpiler.verify.argue.solving import SOLVING
from xpiler.verify.evaluate import Number
from xpiler.verify.verdict import Refuted

SECONDS = 1.0  # of processor time; nearly all need a hundredth of it


def raced(
    program: Program, text: str, platform: Platform, *, kernel: str = "", let: Mapping[str, Number] | None = None,
) -> Refuted | None:
    """The race that an argument shows, None where it shows none or is not sure; sizes a caller may rule out do not
    count."""
    one = replace(program, kernels=(program.kernel(kernel),), launcher=None) if kernel else program
    parallel = one if unfollowed(text, platform) is not None else with_directives(one, text, platform)
    with SOLVING:
        found = races(parallel, platform, let=let, seconds=SECONDS).verdict
    if not isinstance(found, Refuted):
        return None
    return Refuted(replace(found.witness, what=f"a race: {found.witness.what}"))
