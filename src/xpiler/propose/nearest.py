"""Which of several programs are most like another: by their words, their pairs of words, and their loops."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_TOKEN = re.compile(r"[A-Za-z_]\w*|\d[\w.]*|[-+*/%<>=!&|^]=?|[()\[\]{};,]")
_SHAPE = re.compile(r"\b(?:for|while|if)\b|[{}]")


def likeness(a: str, b: str) -> float:
    """From 0 to 1, 1 for texts of equal words: the mean of what tokens, their pairs and the nesting share."""
    pairs = [(_features(a)[n], _features(b)[n]) for n in range(3)]
    return sum(map(_shared, *zip(*pairs, strict=True))) / len(pairs)


def nearest(text: str, others: Iterable[tuple[str, str]], most: int) -> list[str]:
    """The names of the texts most like this one, best first; the text itself is no example of itself."""
    scored = [(likeness(text, other), name) for name, other in others if _words(other) != _words(text)]
    return [name for _, name in sorted(scored, key=lambda s: (-s[0], s[1]))[:most]]


def _words(text: str) -> list[str]:
    return _TOKEN.findall(_COMMENT.sub(" ", text))


def _features(text: str) -> tuple[Counter[str], Counter[str], Counter[str]]:
    words = _words(text)
    bare = ["0" if w[0].isdigit() else w for w in words]  # sizes say little about what a program does
    return Counter(bare), Counter(f"{a} {b}" for a, b in pairwise(bare)), _nesting(text)


def _nesting(text: str) -> Counter[str]:
    """How often each word of control stands so deep."""
    depth, found = 0, Counter[str]()
    for word in _SHAPE.findall(_COMMENT.sub(" ", text)):
        if word in "{}":
            depth += 1 if word == "{" else -1
        else:
            found[f"{word} {depth}"] += 1
    return found


def _shared(a: Counter[str], b: Counter[str]) -> float:
    whole = (a | b).total()
    return (a & b).total() / whole if whole else 1.0
