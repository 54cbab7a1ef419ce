"""What is said of a program whose arrays of bytes are read as several, one for each stretch that has a type of its own.

The text keeps them in one piece of memory: a program that goes from one stretch on into the next reads there what it
wrote as another type. What is said of the arrays is said of the text where every access is shown to stay in its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from xpiler.ir.nodes import Alloc, Program
from xpiler.ir.walk import statements
from xpiler.platforms.platform import Platform
from xpiler.verify.argue.bounds import bounds
from xpiler.verify.evaluate import Number
from xpiler.verify.verdict import Evidence, Proved, Unknown

Read = tuple[Program, Platform, Mapping[str, Number]]  # and the scalars that are fixed


def kept_apart(found: Evidence, programs: Iterable[Read], seconds: float, kernel: str = "") -> Evidence:
    """The same evidence where every access of these programs stays in its own stretch, else that this is not shown."""
    if not isinstance(found.verdict, Proved):
        return found
    for program, platform, let in programs:
        kernels = [k for k in program.kernels if not kernel or k.name == kernel]
        cut = sorted({s.buffer.cut_from for k in kernels for s in statements(k) if isinstance(s, Alloc)} - {""})
        if not cut:
            continue
        inside = bounds(program, platform, kernel=kernel, let=let, seconds=seconds)
        found = replace(found, seconds=found.seconds + inside.seconds)
        if not isinstance(inside.verdict, Proved):
            why = f"that every access to `{cut[0]}` stays in the stretch of its own type was not shown"
            return replace(found, verdict=Unknown(why))
    return found
