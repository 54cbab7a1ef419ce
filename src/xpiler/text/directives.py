"""Directives that would bring other files into a text: blanked before anything reads them."""

from __future__ import annotations

import re

_GAP = r"(?:[ \t\f\v]|\\\r?\n|/\*.*?\*/)*"  # what may stand between the parts of a directive
_SPLICE = r"(?:\\\r?\n)*"  # a line may be continued within a word


def _spelled(word: str) -> str:
    return _SPLICE.join(word)


_WORDS = "|".join(map(_spelled, ("include_next", "include", "__include_macros", "import")))
_REST = r"(?:\\\r?\n|[^\n])*"
_INCLUDE = re.compile(rf"(?:^|(?<=\r)){_GAP}(?:#|%:|\?\?=){_GAP}(?:{_WORDS})\b{_REST}", re.MULTILINE | re.DOTALL)
_EMBED = re.compile(rf"(?:#|%:|\?\?=){_GAP}{_spelled('embed')}\b{_REST}", re.DOTALL)


def without_files(text: str) -> str:
    """The text with its #include, #import and #embed lines blanked; every other character stays where it was."""
    for pattern in (_INCLUDE, _EMBED):
        text = pattern.sub(lambda m: re.sub(r"[^\r\n]", " ", m[0]), text)
    return text.replace("#pragma once", "            ")
