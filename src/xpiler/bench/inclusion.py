"""One file out of many: quoted includes of a suite's own headers, put where they are included."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">].*$', re.MULTILINE)
DEEPEST = 16


def inlined(text: str, folders: Sequence[Path], instead: Mapping[str, Path], depth: int = 0) -> str:
    """The text with every include of a file in one of the folders replaced by that file, or by what stands in for it;
    other includes stay."""

    def replaced(found: re.Match[str]) -> str:
        if found[1] in instead:
            return instead[found[1]].read_text()
        for folder in folders:
            path = folder / found[1]
            if depth < DEEPEST and path.is_file() and path.resolve().is_relative_to(folder.resolve()):
                return inlined(path.read_text(errors="replace"), folders, instead, depth + 1)
        return found[0]

    return _INCLUDE.sub(replaced, text)
