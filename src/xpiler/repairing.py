"""The repair of one text against one source: both read, the source run, and the search of `mending`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from xpiler.given import with_extents
from xpiler.mending import Judges, Repaired, repaired
from xpiler.platforms.platform import Platform
from xpiler.text.read import read
from xpiler.verify.ladder import Level
from xpiler.verify.runs.observe import Effort, Let, Progress, observe
from xpiler.verify.signature import given_sizes


def judges_of(
    source_text: str, source: Platform, target: Platform, *, file: str = "target",
    source_file: str = "source", let: Let | None = None, geometry: Mapping[str, str] | None = None,
    target_geometry: Mapping[str, str] | None = None, pairs: Mapping[str, str] | None = None,
    level: Level = Level.USUAL, effort: Effort | None = None, cache: Path | None = None,
    size: Mapping[str, int | str] | None = None, progress: Progress = lambda _: None,
) -> Judges:
    """The judges that hold texts against a source, which is run for it; Fault where it does not read."""
    # Hard inputs too, whatever the level: there are small ones among them.
    let, effort = let or {}, effort or Effort(2, 30.0, level=max(1, int(level)))
    whole = {k: v for k, v in let.items() if isinstance(v, int)}
    program = read(source_text, source, source_file, geometry=dict(geometry or {}) or None, let=whole or None)
    source_text += program.entry
    program = with_extents(given_sizes(program, dict(size or {})), source)
    progress("running the source")
    reference = observe(source_text, source, program, let=let or None, effort=effort, cache=cache, progress=progress)
    return Judges(source_text, source, program, target, reference, let, level, effort, cache, file,
                  target_geometry or {}, pairs or {})


def repair(
    source_text: str, source: Platform, text: str, target: Platform, *, file: str = "target",
    source_file: str = "source", let: Let | None = None, geometry: Mapping[str, str] | None = None,
    target_geometry: Mapping[str, str] | None = None, pairs: Mapping[str, str] | None = None, seconds: float = 60.0,
    level: Level = Level.USUAL,
    effort: Effort | None = None, cache: Path | None = None, size: Mapping[str, int | str] | None = None,
    progress: Progress = lambda _: None,
) -> Repaired:
    """A text near `text` that does what the source does, confirmed like any translation; Fault where either does not
    read. `seconds` bounds the search, not the last confirmation."""
    judges = judges_of(source_text, source, target, file=file, source_file=source_file, let=let, geometry=geometry,
                       target_geometry=target_geometry, pairs=pairs, level=level, effort=effort, cache=cache, size=size,
                       progress=progress)
    return repaired(text, judges, seconds=seconds, progress=progress)
