"""What a written text carries with it: the device functions of a platform's own files that its kernels call."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from xpiler.platforms.platform import Platform

_COMMENT = re.compile(r"//[^\n]*")
_TYPE = re.compile(r"(?:struct\s+(\w+)|typedef\b.*?(\w+)\s*(?:__attribute__.*)?;)", re.DOTALL)
_FUNCTION = re.compile(r"[^(]*?(\w+)\s*\(([^)]*)\)")


@dataclass(frozen=True)
class _Piece:
    """A declaration of a prelude, or the comment of its paragraph (no name)."""

    text: str
    name: str = ""
    params: frozenset[str] = frozenset()  # words of a function's parameter list
    words: frozenset[str] = frozenset()


def preludes(code: str, platform: Platform) -> str:
    """The parts of the platform's prelude files that `code` needs, "" if it needs none."""
    files = [f for pattern, f in platform.preludes.items() if re.search(pattern, code)]
    return "\n\n".join(_needed(code, platform.folder / f) for f in files)


def _needed(code: str, file: Path) -> str:
    paragraphs = _paragraphs(file)
    pieces = [p for paragraph in paragraphs for p in paragraph if p.name]
    types = {p.name for p in pieces if not p.params}
    wanted = _words(code)
    kept: set[_Piece] = set()
    while True:
        # An overload is called only where the types it takes are in use.
        more = {p for p in pieces if p.name in wanted and p.params & types <= wanted} - kept
        if not more:
            break
        kept |= more
        wanted = wanted.union(*(p.words for p in more))
    texts = ["\n".join(p.text for p in paragraph if p in kept or (not p.name and kept & set(paragraph)))
             for paragraph in paragraphs]
    head = "\n".join(p.text for p in paragraphs[0]) if not any(p.name for p in paragraphs[0]) else ""
    return "\n\n".join(filter(None, [head, *texts]))


@cache
def _paragraphs(file: Path) -> tuple[tuple[_Piece, ...], ...]:
    text = re.sub(r"^#pragma once\n", "", file.read_text(), flags=re.MULTILINE)
    return tuple(_pieces(paragraph) for paragraph in re.split(r"\n\s*\n", text.strip()))


def _pieces(paragraph: str) -> tuple[_Piece, ...]:
    """The declarations of a paragraph; each ends with a line that closes what it opened."""
    found, lines, depth = [], [""][:0], 0
    for line in paragraph.split("\n"):
        bare = _COMMENT.sub("", line)
        if not lines and not bare.strip():
            found.append(_Piece(line))
            continue
        lines.append(line)
        depth += bare.count("{") - bare.count("}")
        if depth == 0 and bare.rstrip().endswith(("}", ";")):
            found.append(_piece("\n".join(lines)))
            lines = []
    return tuple(found)


def _piece(text: str) -> _Piece:
    bare = _COMMENT.sub("", text)
    if (m := _TYPE.match(bare)) is not None:
        return _Piece(text, m[1] or m[2], words=_words(bare))
    function = _FUNCTION.match(bare)
    assert function is not None, text
    return _Piece(text, function[1], _words(function[2]) | {function[1]}, _words(bare))


def _words(code: str) -> frozenset[str]:
    return frozenset(re.findall(r"[A-Za-z_]\w*", code))
