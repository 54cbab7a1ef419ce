"""Launches that pass the addresses of their arguments, as a reader wants them: `kernel<<<grid, block>>>(a, b)`."""

from __future__ import annotations

import re
from collections.abc import Mapping

_TABLE = re.compile(r"\bvoid\s*\*\s*(\w+)\s*\[\s*\w*\s*\]\s*=\s*\{([^{};]*)\}\s*;")
_ADDRESS = re.compile(r"\s*(?:\(\s*void\s*\*+\s*\)\s*)?&\s*(\w+)\s*")
_CALL = re.compile(r"\b(\w+)Launch(?:Cooperative)?Kernel\s*\(")
_KERNEL = re.compile(r"\s*(?:\(\s*(?:const\s+)?void\s*\*\s*\)\s*)?(\w[\w:<>]*)\s*")


def with_launches(text: str) -> str:
    """The text with each such launch spelled out; lines stay. One whose arguments are not seen stays as it is."""
    out, at = [], 0
    for call in _CALL.finditer(text):
        end = _closing(text, call.end())
        if end is None or call.start() < at:
            continue
        parts = _split(text[call.end():end])
        tables = {m[1]: m for m in _TABLE.finditer(text, 0, call.start())}
        new = _launch(call[1], parts, tables, alone=_is_statement(text, call.start(), end + 1))
        if new is not None:
            lines = text.count("\n", call.start(), end) - new.count("\n")
            out += [text[at:call.start()], new, "\n" * lines]
            at = end + 1
    plain = "".join([*out, text[at:]])
    return _without_tables(plain) if out else text


def _launch(prefix: str, parts: list[str], tables: Mapping[str, re.Match[str]], *, alone: bool) -> str | None:
    if not 4 <= len(parts) <= 6 or (kernel := _KERNEL.fullmatch(parts[0])) is None:
        return None
    table = tables.get(parts[3].strip())
    given = None if table is None else [_ADDRESS.fullmatch(item) for item in table[2].split(",") if item.strip()]
    if given is None:
        return None
    names = [m[1] for m in given if m is not None]
    if len(names) < len(given):
        return None
    shape = ",".join([parts[1], parts[2], *parts[4:]])
    launch = f"{kernel[1]}<<<{shape}>>>({', '.join(names)})"
    return launch if alone else f"({launch}, {prefix}Success)"


def _without_tables(text: str) -> str:
    """The text without the tables of addresses that nothing mentions any more."""
    until: dict[str, int] = {}  # where the next table of that name is
    for m in reversed(list(_TABLE.finditer(text))):
        used = re.search(rf"\b{m[1]}\b", text[m.end():until.get(m[1], len(text))])
        until[m[1]] = m.start()
        if used is None and all(_ADDRESS.fullmatch(item) for item in m[2].split(",") if item.strip()):
            text = text[:m.start()] + re.sub(r"[^\n]", " ", m[0]) + text[m.end():]
    return text


def _is_statement(text: str, start: int, end: int) -> bool:
    before, after = text[:start].rstrip()[-1:], text[end:].lstrip()[:1]
    return before in ("", ";", "{", "}") and after == ";"


def _closing(text: str, start: int) -> int | None:
    depth = 1
    for i in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[i], 0)
        if depth == 0:
            return i
    return None


def _split(text: str) -> list[str]:
    """The arguments of a call."""
    found, depth, at = [], 0, 0
    for i, c in enumerate(text):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(c, 0)
        if c == "," and depth == 0:
            found.append(text[at:i])
            at = i + 1
    return [*found, text[at:]]
