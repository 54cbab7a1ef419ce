"""The line of a text to blame for a wrong element: the one that wrote it last, told by a run that is watched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xpiler.emulate.entry import Finding, Limits, Writer
from xpiler.fault import Fault, Span
from xpiler.platforms.platform import Platform
from xpiler.verify.evaluate import Number
from xpiler.verify.runs.inputs import Point, Values
from xpiler.verify.signature import Signature
from xpiler.verify.runs.trial import machine

NEVER = "never written"


@dataclass(frozen=True)
class Blamed:
    """The line that wrote an element, None where none did or it is not known; and who ran it, in words.

    `made` is the line that made what the other only copied."""

    line: Span | None
    writer: str
    made: Span | None = None


def writer_of(
    text: str, platform: Platform, sig: Signature, point: Point, inputs: Mapping[str, Values | Number],
    element: tuple[str, int], *, file: str, limits: Limits, seed: int = 0, cache: Path | None = None,
) -> Blamed:
    """Who wrote `element` (an array and an index) last, when the text runs on these inputs."""
    try:
        watched = machine(text, platform, sig, file=file, cache=cache, watch=True)
        trial = watched.run(point, inputs, limits, seed, ask=(element,))
    except Fault as fault:
        return Blamed(None, f"not known: the text cannot be watched ({fault.what})")
    if trial.found:
        return of_finding(trial.found[0])
    told = next(iter(trial.writers), None)
    if told is None:
        return Blamed(None, f"not known: {trial.complaint}")
    return _of_writer(told, platform, file)


def of_finding(found: Finding) -> Blamed:
    """What a run that broke a rule says itself."""
    return Blamed(found.span if found.line else None, found.where)


def _of_writer(told: Writer, platform: Platform, file: str) -> Blamed:
    if not told.where:
        return Blamed(None, NEVER)
    made = Span(file, told.made) if told.made and told.made != told.line else None
    where = "" if platform.model == "serial" else told.where
    return Blamed(Span(file, told.line, told.column) if told.line else None, where, made)
