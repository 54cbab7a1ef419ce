"""Operators on small vectors that a text uses and another platform has not: the functions it then brings itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from xpiler.platforms.platform import Platform
from xpiler.text.clang import Node, parse

_SMALL = re.compile(r"(?:u?(?:char|short|int|long|longlong)|float|double)([234])")
_OPERATOR = re.compile(r"operator([-+*/])(=?)")
_LANES = "xyzw"


def lane_operators(text: str, platform: Platform, file: str) -> list[str]:
    """The functions that say what the operators on small vectors do which a text has from its platform."""
    if not _SMALL.search(text):
        return []
    unit = parse(text, file, platform.header, platform.clang_args, tolerant="host")
    found = {one for fn in unit.functions() for n in fn.walk() if (one := _used(n))}
    return [_function(*one) for one in sorted(found)]


def _used(n: Node) -> tuple[str, str, str] | None:
    """The operator and the types on both sides, where it is the platform's and one side is a small vector."""
    callee = n.referenced if n.kind == "CALL_EXPR" else None
    if callee is None or callee.in_text or len(n.arguments) != 2 or not _OPERATOR.fullmatch(n.spelling):
        return None
    left, right = (a.type.name.removeprefix("const ") for a in n.arguments)
    small = [bool(_SMALL.fullmatch(t)) for t in (left, right)]
    if not any(small) or all(small) and left != right:
        return None
    element = re.sub(r"\d$", "", left if small[0] else right)
    return n.spelling, left if small[0] else element, right if small[1] else element


def _function(name: str, left: str, right: str) -> str:
    m = _OPERATOR.fullmatch(name)
    assert m is not None, "only such are asked for"
    whole = left if _SMALL.fullmatch(left) else right
    lanes = _LANES[: int(whole[-1])]
    of = {t: [f".{lane}" if _SMALL.fullmatch(t) else "" for lane in lanes] for t in (left, right)}
    pairs: Iterator[tuple[str, str]] = zip(of[left], of[right], strict=True)
    if m[2]:
        each = " ".join(f"a{x} {m[1]}= b{y};" for x, y in pairs)
        return f"__device__ inline {left}& {name}({left}& a, {right} b) {{\n    {each}\n    return a;\n}}\n"
    values = ", ".join(f"a{x} {m[1]} b{y}" for x, y in pairs)
    return f"__device__ inline {whole} {name}({left} a, {right} b) {{\n    return make_{whole}({values});\n}}\n"
