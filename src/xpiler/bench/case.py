"""One source file of a suite, with the values its launcher is to be called with."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xpiler.bench.inclusion import inlined
from xpiler.fault import Fault, Span


@dataclass(frozen=True)
class Sizes:
    """Values for one run: of the launcher's scalars, and of the letters of its operator's specification."""

    let: Mapping[str, Any]
    letters: Mapping[str, int]

    @property
    def weight(self) -> int:
        """How large a run is, to compare it with another of the same file."""
        return math.prod(self.letters.values())


@dataclass(frozen=True)
class Case:
    """One source file of a suite with the values its launcher is to be called with.

    `spec` names what it should compute, `letters` the sizes of that; `less` are smaller sizes the file does not rule
    out, worth trying first."""

    path: Path
    operator: str
    let: Mapping[str, Any] = field(default_factory=dict)

    prelude: str = ""  # what the suite's own harness puts before a text; one line, so that lines keep their numbers
    spec: str = ""
    letters: Mapping[str, int] = field(default_factory=dict)
    less: Sizes | None = None
    says: str = ""  # what its own `main` prints when it works, as a pattern; such a file checks itself
    folders: tuple[Path, ...] = ()  # where its includes are looked for
    instead: Mapping[str, Path] = field(default_factory=dict)  # name of an include -> what stands in for it
    called: str = ""  # where several cases are made of one file
    shape: str = ""
    constants: Mapping[str, int] = field(default_factory=dict)  # what those of the text are set to

    @property
    def name(self) -> str:
        return self.called or self.path.stem

    @property
    def text(self) -> str:
        """The text to translate; an empty file stays empty."""
        text = filled_in(self.path.read_text(), self.constants, self.path.name)
        if self.folders:
            text = inlined(text, self.folders, self.instead)
        return self.prelude + text if text.strip() else text


def filled_in(text: str, values: Mapping[str, int], file: str = "") -> str:
    """A text with its constants set: each is defined once, as `constexpr int M = 32;` or `#define M 32`."""
    for name, value in values.items():
        text, n = re.subn(
            rf"^(\s*(?:(?:static|constexpr|const)\s+)+\w+\s+{name}\s*=\s*|\s*#\s*define\s+{name}\s+\(?)\d+\b",
            rf"\g<1>{value}", text, flags=re.MULTILINE)
        if n != 1:
            raise Fault("XP3020", f"{file} defines the constant `{name}` {n} times", Span(file),
                        why="a template defines each constant of its shape once, as a number of its own line",
                        try_=f"constexpr int {name} = {value};")
    return text
