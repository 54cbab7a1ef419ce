"""What localisation found, in words and as data."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from xpiler.fault import Span, told
from xpiler.locating import Located
from xpiler.repair.divergence import Parting
from xpiler.repair.instrument import Role

MOST = 3  # places that are shown; the others are counted
NOT_SEEN = "no run shows a difference"


def said(found: Located, a: Path, b: Path, text: str) -> Iterator[str]:
    """Paragraphs for a person: where the text parts from the source and why that is suspected, the first wrong element,
    and its last writer."""
    lines = text.splitlines()
    if found.finding is not None:
        yield str(found.finding)
        return
    if not found.array:
        yield f"{b}: {NOT_SEEN}"
        return
    for p in found.partings[:MOST]:
        yield _parting(p, a, b, lines)
    if len(found.partings) > MOST:
        yield f"and {len(found.partings) - MOST} more such places"
    yield _element(found, b, lines)


def _parting(p: Parting, a: Path, b: Path, lines: list[str]) -> str:
    place = p.place
    if p.read is not None:
        what = f"`{place.spelled}` is added up to something wrong"
        why = [f"what is added occurs in {a.name} too, what `{p.read.spelled}` is at line {p.read.line} does not:"]
    elif place.role is Role.READ:
        what = f"`{place.spelled}` is something wrong"
        why = [f"what is written there occurs in {a.name} too, what is read does not:"]
    else:
        what = f"`{place.spelled}` makes something wrong"
        why = [f"what it is made of occurs in {a.name} too, what comes of it does not:"]
    if not p.met:
        what, why = f"`{place.spelled}` changes nothing", ["what it writes to holds the same before and after"]
    else:
        why.append(f"of {p.met} values {_share(p.share)} occur nowhere in {a.name}, such as {p.actual:.6g}")
    if p.expected is not None and p.like is not None:
        why.append(f"{p.expected:.6g} is missing, which `{p.like.spelled}` makes at line {p.like.line} of {a.name}")
    if place.inside:
        head, line = place.inside[0]
        why.append(f"it stands in `{head}` (line {line})")
    return _place(what, b, place.line, place.column, lines, why)


def _element(found: Located, b: Path, lines: list[str]) -> str:
    wrong = f"`{found.array}[{found.index}]` is {found.actual:.6g}, and must be {found.expected:.6g}"
    blamed = found.writer
    if found.storing:
        copied = f", line {blamed.line.line} only copied it" if blamed is not None and blamed.line is not None else ""
        return f"{b}: {wrong}: nobody wrote it{copied}; lines {', '.join(map(str, found.storing))} decide that"
    if blamed is None or blamed.line is None:
        return f"{b}: {wrong}"
    why = [f"this line wrote it last{f', {blamed.writer}' if blamed.writer else ''}"]
    why += [f"what it copied was made at line {blamed.made.line}"] if blamed.made is not None else []
    why += [] if found.partings else [
        "all values the program computes are among those of the source: they are in the wrong places, or come too late"]
    return _place(wrong, b, blamed.line.line, blamed.line.column, lines, why)


def _place(what: str, b: Path, line: int, column: int, lines: list[str], why: list[str]) -> str:
    shown = lines[line - 1] if 0 < line <= len(lines) else ""
    return told("", what, Span(str(b), line, column), "\n".join(why), "", shown)


def _share(share: float) -> str:
    return "all" if share == 1.0 else f"{share:.2%}"


def as_data(found: Located) -> dict[str, object]:
    """The same for `--json`."""
    writer = None if found.writer is None or found.writer.line is None else found.writer.line.line
    return {
        "finding": None if found.finding is None else found.finding.to_json(),
        "partings": [_as_data(p) for p in found.partings],
        "element": {"array": found.array, "index": found.index, "expected": _plain(found.expected),
                    "actual": _plain(found.actual), "written_at": writer} if found.array else None,
    }


def _as_data(p: Parting) -> dict[str, object]:
    like = None if p.like is None else {"text": p.like.spelled, "line": p.like.line}
    return {
        "line": p.place.line, "column": p.place.column, "text": p.place.spelled, "share": p.share, "met": p.met,
        "actual": _plain(p.actual), "expected": _plain(p.expected), "like": like,
        "inside": [{"head": h, "line": n} for h, n in p.place.inside],
    }


def _plain(value: float | None) -> float | None:
    """Numbers that JSON has."""
    return value if value is not None and math.isfinite(value) else None
