"""Long lines folded where a reader would fold them."""

from __future__ import annotations

import re

WIDTH = 100
# Looser operators first: `a + b * c` breaks before the +.
_RANK = {op: rank for rank, ops in enumerate(("", "? :", "||", "&&", "| ^ &", "<< >>", "+ -", "* /"))
         for op in ops.split()}
_BREAKS = re.compile(r", | (?:&&|\|\||\?|<<|>>|[-+*/:|&^]) |; ")


def fold(line: str, width: int = WIDTH) -> str:
    """`line` broken after commas or before operators, at the shallowest nesting that fits and the loosest operator;
    what follows is indented once."""
    if line.lstrip().startswith(("//", "#")) or '"' in line:
        return line
    step = 8 if line.endswith("{") else 4  # apart from the body that follows
    pad = " " * (_indent(line) + step)
    done: list[str] = []
    rest = line
    while len(rest) > width and (cut := _cut(rest, width)):
        after = pad + rest[cut:].lstrip()
        if len(after) >= len(rest):
            break
        done.append(rest[:cut].rstrip())
        rest = after
    return "\n".join([*done, rest])


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _cut(line: str, width: int) -> int:
    """Where a line is broken, 0 for nowhere."""
    indent, depth, places = _indent(line), 0, []
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
    return -min(places)[2] if places else 0
