"""The columns of a program's machine code in the user's text, from its DWARF 4 line table.

The tools of binutils tell lines only. See the DWARF Debugging Information Format, version 4, section 6.2.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from xpiler.emulate.prepare import TEXT


@dataclass(frozen=True)
class Row:
    """From `address` on the code comes from here; `own` in the user's text. `last` ends a sequence."""

    address: int = 0
    line: int = 1
    column: int = 0
    own: bool = False
    last: bool = False


def column_at(program: Path, address: int, line: int) -> int:
    """The column of the code at an address that lies in this line of the user's text; 0 where it does not say."""
    row = next((r for r, end in _ranges(program) if r.address <= address < end), None)
    return row.column if row is not None and row.own and row.line == line else 0


def column_before(program: Path, address: int, line: int) -> int:
    """The column of the last code of a line before an address, for code from elsewhere that stands in its midst."""
    found = [r for r, _ in _ranges(program) if r.own and r.line == line and r.address <= address and r.column]
    return max(found, key=lambda r: r.address).column if found else 0


def _ranges(program: Path) -> Iterator[tuple[Row, int]]:
    rows = _rows(program)
    for row, following in pairwise(rows):
        if not row.last:
            yield row, following.address


@lru_cache(maxsize=4)
def _rows(program: Path) -> tuple[Row, ...]:
    """The rows of the unit with the user's text; none where a text has written a table of its own that is none."""
    try:
        return _user_rows(_section(program.read_bytes(), b".debug_line"))
    except (struct.error, IndexError, ValueError, OverflowError, ZeroDivisionError):
        return ()


def _user_rows(data: bytes) -> tuple[Row, ...]:
    at = 0
    while at + 4 <= len(data):
        length = struct.unpack_from("<I", data, at)[0]
        unit = _Unit(data[at + 4 : at + 4 + length])
        if unit.own:
            return tuple(unit.rows())
        at += 4 + length
    return ()


def _section(elf: bytes, name: bytes) -> bytes:
    """A section of a 64-bit little-endian ELF file; empty if it has none."""
    table, = struct.unpack_from("<Q", elf, 40)
    size, count, names = struct.unpack_from("<HHH", elf, 58)
    headers = [struct.unpack_from("<IIQQQQ", elf, table + k * size) for k in range(count)]
    strings = headers[names][4] if names < count else 0
    for label, _, _, _, offset, length in headers:
        if elf[strings + label : strings + label + len(name) + 1] == name + b"\0":
            return elf[offset : offset + length]
    return b""


class _Unit:
    """One unit of a line table, behind its length."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0
        version, header = struct.unpack_from("<HI", data, 0)
        self.at = 6
        self.start = self.at + header
        self.step = self._byte()
        self.at += 2 if version >= 4 else 1  # operations an instruction, default_is_stmt
        self.base = struct.unpack_from("<b", data, self.at)[0]
        self.at += 1
        self.range, self.first = self._byte(), self._byte()
        self.lengths = [self._byte() for _ in range(self.first - 1)]
        self.own = self._own_file() if version <= 4 else 0

    def _own_file(self) -> int:
        """The number of the user's text among the unit's files, 0 without it."""
        folders = [""]
        while folder := self._string():
            folders.append(folder)
        number = 0
        while name := self._string():
            number += 1
            folder = folders[self._number()]
            self._number(), self._number()  # time and size
            if f"{folder}/{name}" == TEXT or name == TEXT:
                return number
        return 0

    def rows(self) -> Iterator[Row]:
        """Runs the line number program."""
        self.at = self.start
        row = Row(own=self.own == 1)
        while self.at < len(self.data):
            op = self._byte()
            if op >= self.first:
                op -= self.first
                row = replace(row, address=row.address + op // self.range * self.step,
                              line=row.line + self.base + op % self.range)
                yield row
                continue
            match op:
                case 0:
                    end = self._number() + self.at
                    kind = self._byte()
                    if kind == 1:
                        yield replace(row, last=True)
                        row = Row(own=self.own == 1)
                    elif kind == 2:
                        row = replace(row, address=struct.unpack_from("<Q", self.data, self.at)[0])
                    self.at = end
                case 1:
                    yield row
                case 2:
                    row = replace(row, address=row.address + self._number() * self.step)
                case 3:
                    row = replace(row, line=row.line + self._signed())
                case 4:
                    row = replace(row, own=self._number() == self.own)
                case 5:
                    row = replace(row, column=self._number())
                case 8:
                    row = replace(row, address=row.address + (255 - self.first) // self.range * self.step)
                case 9:
                    row = replace(row, address=row.address + struct.unpack_from("<H", self.data, self.at)[0])
                    self.at += 2
                case _:
                    for _ in range(self.lengths[op - 1]):
                        self._number()

    def _byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def _string(self) -> str:
        end = self.data.index(0, self.at)
        text, self.at = self.data[self.at : end].decode(errors="replace"), end + 1
        return text

    def _number(self) -> int:
        """An unsigned LEB128."""
        value, shift = 0, 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def _signed(self) -> int:
        """A signed LEB128."""
        start = self.at
        value = self._number()
        bits = 7 * (self.at - start)
        return value - (1 << bits) if value >> (bits - 1) else value
