"""Loops that a directive makes parallel, written so that a run may take their last iteration first."""

from __future__ import annotations

import re
from collections.abc import Iterator

from xpiler.platforms.platform import Platform
from xpiler.text.pragmas import in_any_order

_FOR = re.compile(r"\s*\{?\s*\bfor\s*\(")
_START = re.compile(r"\s*(?:const\s+)?((?:\w|::)+(?:\s+(?:\w|::)+)*)\s+(\w+)\s*=(?!=)(.*)", re.DOTALL)
_STOP = re.compile(r"\s*(\w+)\s*(<=|>=|<|>|!=)(.*)", re.DOTALL)
_BY_ONE = re.compile(r"\s*(?:(\+\+|--)\s*(\w+)|(\w+)\s*(\+\+|--))\s*")
_BY = re.compile(r"\s*(\w+)\s*(?:([+-])=|=\s*(\w+)\s*([+-]))(.*)", re.DOTALL)

Rewritten = tuple[int, int, str]  # from where to where, and what stands there instead


def turned(masked: str, platform: Platform) -> Iterator[Rewritten]:
    """`for (int i = 0; i < n; ++i)` -> `for (int i : xp::iterations<int>(0, n, 1, false))` where iterations may come in
    any order; `masked` is the text without comments."""
    starts = [0, *(m.end() for m in re.finditer("\n", masked))]
    for line, depth in in_any_order(masked, platform).items():
        at = starts[line - 1] if line <= len(starts) else len(masked)
        for _ in range(depth):
            head = _FOR.match(masked, at)
            end = None if head is None else _closing(masked, head.end())
            if head is None or end is None:
                break
            made = _over(masked[head.end() : end])
            if made is not None:
                yield head.end(), end, made
            at = end + 1


def _over(head: str) -> str | None:
    """The head of a loop as one over its iterations, None where it is not written as such a loop is."""
    parts = head.split(";")
    if len(parts) != 3:
        return None
    start, stop, step = _START.fullmatch(parts[0]), _STOP.fullmatch(parts[1]), _step(parts[2])
    if start is None or stop is None or step is None or start[1] == "auto":
        return None
    name, by = step
    if not name == start[2] == stop[1]:
        return None
    whole = "true" if stop[2] in ("<=", ">=") else "false"
    return f"{start[1]} {name} : xp::iterations<{start[1]}>({start[3].strip()}, {stop[3].strip()}, {by}, {whole})"


def _step(text: str) -> tuple[str, str] | None:
    """The variable, and what is added to it."""
    one = _BY_ONE.fullmatch(text)
    if one is not None:
        return one[2] or one[3], "1" if "++" in text else "-1"
    by = _BY.fullmatch(text)
    if by is None or by[3] not in (None, by[1]):
        return None
    return by[1], f"{by[2] or by[4]}({by[5].strip()})"


def _closing(masked: str, start: int) -> int | None:
    """Where the parenthesis that is open at `start` is closed."""
    depth = 1
    for i in range(start, len(masked)):
        depth += {"(": 1, ")": -1}.get(masked[i], 0)
        if depth == 0:
            return i
    return None
