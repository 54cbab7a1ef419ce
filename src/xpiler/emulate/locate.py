"""From machine addresses to the user's lines, columns and variables."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from xpiler.emulate import sandbox
from xpiler.emulate.cage import Cage
from xpiler.emulate.columns import column_at, column_before
from xpiler.emulate.entry import Limits
from xpiler.emulate.prepare import TEXT

_DATA = re.compile(r"^([0-9a-f]+) ([0-9a-f]+) [bBdDuV] (.+)$", re.MULTILINE)
_PLACE = re.compile(rf"{re.escape(TEXT)}:(\d+)")
_TAGGED = re.compile(r"\[abi:\w+\]$")
_ADDRESS = re.compile(r"^(?=0x[0-9a-f]+$)", re.MULTILINE)


def user_place(
    program: Path, addresses: Sequence[int], text: str = "", cage: Cage | None = None
) -> tuple[int, int]:
    """Line and column in the user's text of the innermost of these frames (innermost first) that is in it; or zeros.

    The column is 0 where the program does not tell it."""
    for part in _ADDRESS.split(_told(program, addresses, cage))[1:]:
        address, _, rest = part.partition("\n")
        frames = rest.splitlines()
        callee = ""  # of the frames of one address, each is inlined in the next
        for function, place in zip(frames[::2], frames[1::2], strict=False):
            if found := _PLACE.match(place):
                line = int(found[1])
                return line, _column(program, int(address, 16), line, callee, text)
            callee = function
    return 0, 0


def user_lines(program: Path, addresses: Sequence[int], cage: Cage | None = None) -> dict[int, int]:
    """The line of the user's text for every one of these addresses that has one, all told at once."""
    found = dict[int, int]()
    for part in _ADDRESS.split(_told(program, list(dict.fromkeys(addresses)), cage))[1:]:
        address, _, rest = part.partition("\n")
        if place := re.search(rf"^{_PLACE.pattern}", rest, re.MULTILINE):
            found[int(address, 16)] = int(place[1])
    return found


def _told(program: Path, addresses: Sequence[int], cage: Cage | None) -> str:
    tool = shutil.which("addr2line")
    if not tool or not addresses:
        return ""
    with tempfile.TemporaryDirectory() as folder:
        done = sandbox.call(
            [tool, "-a", "-f", "-i", "-C", "-e", program, *(hex(a) for a in addresses)], Path(folder),
            Limits(seconds=10), tools=str(Path(tool).parent), cage=cage,
        )
    return done.stdout


def _column(program: Path, address: int, line: int, callee: str, text: str) -> int:
    if not callee:
        return column_at(program, address, line)
    lines = text.splitlines()
    name = re.escape(re.split(r"[(<]", callee)[0].rsplit("::", 1)[-1])
    called = re.search(rf"\b{name}\s*[<(]", lines[line - 1]) if name and line <= len(lines) else None
    return called.start() + 1 if called else column_before(program, address, line)


def variable(program: Path, address: int, size: int, cage: Cage | None = None) -> tuple[str, int]:
    """The variable of the program that an address lies in, and which element of `size` bytes; "" if there is none."""
    for start, length, name in _symbols(str(program), cage):
        if start <= address < start + length:
            return name, (address - start) // max(size, 1)
    return "", 0


@cache
def _symbols(program: str, cage: Cage | None) -> tuple[tuple[int, int, str], ...]:
    """Address, size and name of every data symbol; of statics in functions the last part of the name."""
    tool = shutil.which("nm")
    if not tool:
        return ()
    with tempfile.TemporaryDirectory() as folder:
        command = [tool, "-S", "-C", program]
        done = sandbox.call(command, Path(folder), Limits(seconds=10), tools=str(Path(tool).parent), cage=cage)
    found = _DATA.finditer(done.stdout)
    return tuple((int(m[1], 16), int(m[2], 16), _TAGGED.sub("", m[3].rsplit("::", 1)[-1])) for m in found)
