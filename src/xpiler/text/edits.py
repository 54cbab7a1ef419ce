"""Edits of a text: bytes that become other bytes, and what of a text a compiler sees."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    """The bytes from `start` up to `end` become `new`."""

    start: int
    end: int
    new: str


@dataclass(frozen=True)
class Change:
    """A mistake to be made: where it is shown, in words, and the edits it takes."""

    at: int
    what: str
    edits: tuple[Edit, ...]


def edited(data: bytes, edits: Iterable[Edit]) -> str | None:
    """The text with the edits made; None where they overlap."""
    out, at = [], 0
    for e in sorted(edits, key=lambda e: (e.start, e.end)):
        if e.start < at:
            return None
        out += [data[at:e.start], e.new.encode()]
        at = e.end
    return b"".join([*out, data[at:]]).decode()


_TOKEN = re.compile(
    r"//[^\n]*|/\*.*?\*/|(\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|[A-Za-z_]\w*|\.?\d(?:[\w.]|(?<=[eEpP])[+-])*|\S)",
    re.DOTALL,
)


def tokens(text: str) -> list[str]:
    """What a compiler sees of a text: its words, numbers, strings and signs, without comments and blanks."""
    return [m[1] for m in _TOKEN.finditer(text) if m[1] is not None]


_MASKED = re.compile(rb"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)


def masked(data: bytes) -> bytes:
    """The text with comments and strings blanked; every other byte stays where it was."""
    return _MASKED.sub(lambda m: re.sub(rb"[^\n]", b" ", m[0]), data)
