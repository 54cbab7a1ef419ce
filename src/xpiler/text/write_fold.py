"""Long lines folded where a reader would fold them."""

from __future__ import annotations

import re

WIDTH = 100
# Looser operators first: `a + b * c` breaks before the +.
_RANK = {op: rank for rank, ops in enumerate(("", "? :", "||", "&&", "| ^ &", "<< >>", "+ -", "* /"))
         for op in ops.split()}
_BREAKS = re.compile(r", | (?:&&|\|\||\?|<<|>>|[-+*/:|&^]) |; ")


def fold(line: str, width: int = WIDTH) -> str:
    """`line` broken after commas or before operators, at the shallowest nesting that fits and the loosest operator."""
    if len(line) <= width or line.lstrip().startswith(("//", "#")) or '"' in line:
        return line
    indent = len(line) - len(line.lstrip())
    depth, places = 0, []
    for i, c in enumerate(line):
        if c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif (m := _BREAKS.match(line, i)) and i > indent:
            comma = m.group()[0] in ",;"
            cut = m.end() if comma else i + 1
            if indent + 20 < cut <= width:
                places.append((depth, 0 if comma else _RANK[m.group().strip()], -cut))
    if not places:
        return line
    cut = -min(places)[2]
    step = 8 if line.endswith("{") else 4  # apart from the body that follows
    rest = " " * (indent + step) + line[cut:].lstrip()
    if len(rest) >= len(line):
        return line
    return f"{line[:cut].rstrip()}\n{_again(rest, width)}"


def _again(rest: str, width: int) -> str:
    """Continuation lines keep one indentation."""
    indent = len(rest) - len(rest.lstrip())
    if len(rest) <= width:
        return rest
    first, _, more = fold(rest, width).partition("\n")
    if not more:
        return first
    return "\n".join([first, *(" " * indent + line.lstrip() for line in more.split("\n"))])
