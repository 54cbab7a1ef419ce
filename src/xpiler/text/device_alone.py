"""A file's kernels without the host functions that cannot be read: those of a framework, of a language's bindings.

Whoever says how a kernel is launched needs none of its host code. Functions without a mark of the device, uses of
macros and `using` that the compiler has something against are blanked; lines and columns of the rest stay. What a
kernel needs is not lost this way: it would be missed when the rest is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from xpiler.fault import Fault
from xpiler.platforms.platform import Platform
from xpiler.text.clang import parse
from xpiler.text.edits import masked

_ROUNDS = 60  # an unknown name is told once, however often it is used
_DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\r?\n|[^\n])*", re.MULTILINE)
_OPENED = re.compile(r"(?:\bextern|\bnamespace\b[\w\s:]*)\s*\Z")  # a block whose inside counts as the top
_MARK = re.compile(r"\b__\w+__\b")
_ANYWHERE = frozenset({"__host__", "__attribute__", "__inline__", "__forceinline__", "__noinline__", "__restrict__"})
_NAMED = re.compile(r"([A-Za-z_]\w*)\s*\(")
_MACRO = re.compile(r"\s*[A-Z][A-Z0-9_]*\s*\(")


@dataclass(frozen=True)
class LeftOut:
    """What was blanked: its name, and the line it starts in."""

    name: str
    line: int

    def __str__(self) -> str:
        return f"`{self.name}` (line {self.line})"


@dataclass(frozen=True)
class _Item:
    """A declaration at the top of a file, by its bytes; `head` is what stands before its brace or end."""

    start: int
    end: int
    head: str

    @property
    def dispensable(self) -> bool:
        words = set(_MARK.findall(self.head)) - _ANYWHERE
        return not words and ("(" in self.head or self.head.split()[:1] == ["using"])

    @property
    def name(self) -> str:
        found = _NAMED.search(self.head)
        return found[1] if found else " ".join(self.head.split())[:40]


def device_alone(text: str, platform: Platform, file: str) -> tuple[str, tuple[LeftOut, ...]]:
    """The text without what keeps it from being read, and what that was; the Fault where it is not the host's."""
    left: list[LeftOut] = []
    first: Fault | None = None
    for _ in range(_ROUNDS):
        try:
            parse(text, file, platform.header, platform.clang_args)
        except Fault as fault:
            first = first or fault
            wrong = {f.where.line for f in fault.every}
            items = [i for i in _items(text) if wrong & set(_lines(text, i))]
            if not all(i.dispensable for i in items) or not wrong <= {n for i in items for n in _lines(text, i)}:
                raise first from None
            for item in reversed(items):
                left.append(LeftOut(item.name, _lines(text, item).start))
                blank = re.sub(r"[^\n]", " ", text[item.start:item.end])
                text = text[:item.start] + blank + text[item.end:]
            continue
        return text, tuple(sorted(left, key=lambda x: x.line))
    raise first or AssertionError("no round")


def _lines(text: str, item: _Item) -> range:
    return range(text.count("\n", 0, item.start) + 1, text.count("\n", 0, item.end) + 2)


def _items(text: str) -> Iterator[_Item]:
    """What stands at the top of a file, one after another."""
    seen = masked(text.encode("latin-1", "replace")).decode("latin-1")
    seen = _DIRECTIVE.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), seen)
    start = at = 0
    while at < len(seen):
        sign = seen[at]
        if sign == "{":
            head = seen[start:at]
            if _OPENED.search(head):
                start = at = at + 1
                continue
            at = _closed(seen, at, "{", "}")
            if at < len(seen) and seen[at:].lstrip()[:1] == ";":
                at = seen.index(";", at) + 1
            yield _item(seen, start, at, head)
            start = at
        elif sign == "(":
            at = _closed(seen, at, "(", ")")
            behind = seen[at:].lstrip()[:1]
            if _MACRO.match(seen[start:at]) and behind not in ("{", ";"):
                yield _item(seen, start, at, seen[start:at])
                start = at
        elif sign in ";}":
            if sign == ";":
                yield _item(seen, start, at + 1, seen[start:at])
            start = at = at + 1
        else:
            at += 1


def _item(seen: str, start: int, end: int, head: str) -> _Item:
    """From the first sign that is no comment and no directive."""
    return _Item(start + len(seen[start:end]) - len(seen[start:end].lstrip()), end, head)


def _closed(text: str, at: int, opening: str, closing: str) -> int:
    """Just behind the bracket that closes the one at `at`; the end where none does."""
    depth = 0
    for n in range(at, len(text)):
        depth += (text[n] == opening) - (text[n] == closing)
        if depth == 0:
            return n + 1
    return len(text)
