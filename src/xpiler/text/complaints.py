"""What clang says against a text, in the four parts of a Fault."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Sequence

import clang.cindex as ci

from xpiler.fault import Fault, Span, together

_UNKNOWN = re.compile(
    r"use of undeclared identifier '(\w+)'|unknown type name '(\w+)'"
    r"|no (?:member|template) named '(\w+)'|no matching function for call to '(\w+)'"
)


def complaint(
    errors: Sequence[ci.Diagnostic], file: str, fault: Callable[..., Fault], names: Callable[[], list[str]]
) -> Fault:
    """One Fault for all errors in `file`; for those of the platform's header only where the file has none.

    `fault` makes a Fault that shows its line; `names` are those that a misspelt one may have meant."""
    mine = [d for d in errors if place(d).file in (file, "")]
    if not mine:
        first = errors[0]
        return fault(
            "XP1013", f"the platform's header is not legal: {first.spelling}", place(first),
            "every file is read behind that header", "an unchanged installation of xpiler",
        )
    return together(_each(mine, fault, names))


def place(d: ci.Diagnostic) -> Span:
    at = d.location
    return Span("" if at.file is None else at.file.name, at.line, at.column)


def _each(
    errors: Sequence[ci.Diagnostic], fault: Callable[..., Fault], names: Callable[[], list[str]]
) -> Iterator[Fault]:
    """A Fault an error; an unknown name is told once, with the other lines that use it."""
    unknown: dict[str, list[ci.Diagnostic]] = {}
    for d in errors:
        name = _name(d)
        if name:
            unknown.setdefault(name, []).append(d)
        else:
            yield _illegal(d, fault)
    known = names() if unknown else []
    for name, uses in unknown.items():
        close = difflib.get_close_matches(name, known, n=3, cutoff=0.7)
        if name in close:
            yield from (_illegal(d, fault) for d in uses)
            continue
        others = sorted({place(d).line for d in uses} - {place(uses[0]).line})
        why = "nothing of that name is declared in the file or in the platform's headers"
        if others:
            why += f"; line{'s' * (len(others) > 1)} {', '.join(map(str, others))} use{'s' * (len(others) == 1)} it too"
        try_ = f"did you mean {' or '.join(f'`{c}`' for c in close)}?" if close else "declare it, or include its text"
        yield fault("XP1004", f"`{name}` is not known", place(uses[0]), why, try_)


def _name(d: ci.Diagnostic) -> str:
    found = _UNKNOWN.match(d.spelling)
    return next((g for g in found.groups() if g), "") if found else ""


def _illegal(d: ci.Diagnostic, fault: Callable[..., Fault]) -> Fault:
    notes = [str(d.children[k].spelling) for k in range(len(d.children)) if d.children[k].spelling]
    why = notes[0] if notes else "files are read as C++17 with the words of their platform"
    try_ = _mend(d) or "correct the line; a vendor's compiler refuses it too"
    return fault("XP1003", str(d.spelling), place(d), why, try_)


def _mend(d: ci.Diagnostic) -> str:
    """The change that clang proposes."""
    for k in range(len(d.fixits)):
        try:
            fix = d.fixits[k]
        except IndexError:  # how the bindings say that text should go
            continue
        empty = fix.range.start.offset == fix.range.end.offset
        return f"insert `{fix.value.strip()}`" if empty else f"`{fix.value.strip()}`"
    return ""
