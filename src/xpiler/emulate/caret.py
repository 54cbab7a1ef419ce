"""Where in a line the caret goes: compilers name the operator of an access, people look for its array."""

from __future__ import annotations

import re

_ASSIGNS = re.compile(r"(?:<<|>>|[-+*/%&|^])?=(?!=)|\+\+|--")
_ACCESS = re.compile(r"[A-Za-z_]\w*(?:(?:\.|->)[A-Za-z_]\w*)*\s*\[")
_GIVEN = re.compile(r"(?:[A-Za-z_]\w*\s*)?=(?!=)\s*([^;]*)")
_OPERAND = re.compile(r"[\w.)\]]")


def caret(line: str, column: int, reads: bool = False) -> int:
    """A column to point at in a line of source: the start of the place assigned to, of the call or of the access that
    the compiler's column stands in; the first one of the line where the compiler gave none.

    `reads`: something is read, which an assignment's left side does not."""
    if not 0 < column <= len(line):
        return len(line) - len(line.lstrip()) + 1 if line.strip() else 0
    at = column - 1
    if reads and (found := _GIVEN.match(line, at)) and len(only := _ACCESS.findall(found[1])) == 1:
        return found.start(1) + found[1].index(only[0]) + 1
    if _ASSIGNS.match(line, at) or line[at] in "([":
        return _start(line, at) + 1
    if line[at] == "]":
        return _start(line, at + 1) + 1
    if _OPERAND.match(line, at):
        return column
    return _operand(line, at) + 1


def _operand(line: str, at: int) -> int:
    """The array access beside an operator, where only one of its sides is one."""
    end = len(line[:at].rstrip())
    left = _start(line, end) if line[:end].endswith("]") else None
    behind = re.compile(r"[^\w\s]+\s*").match(line, at)
    right = behind.end() if behind and _ACCESS.match(line, behind.end()) else None
    match left, right:
        case int(), None:
            return left
        case None, int():
            return right
        case _:
            return at


def _start(line: str, end: int) -> int:
    """Where the operand that ends before `end` starts: a name with subscripts, members and calls."""
    i = len(line[:end].rstrip())
    stop = i
    while i > 0:
        if line[i - 1] in ")]":
            i = _opening(line, i)
        elif re.match(r"[\w.:]", line[i - 1]):
            i -= 1
        elif line[i - 2 : i] == "->":
            i -= 2
        else:
            break
    while i > 0 and line[i - 1] == "*" and re.search(r"(?:^|[;{}])\s*$", line[: i - 1]):
        i -= 1  # `*p = ...` at the start of a statement
    return i if i < stop else end


def _opening(line: str, end: int) -> int:
    """Where the bracket that closes just before `end` opens; 0 where it does on another line."""
    depth = 0
    for i in range(end - 1, -1, -1):
        depth += (line[i] in ")]") - (line[i] in "([")
        if depth == 0:
            return i
    return 0
