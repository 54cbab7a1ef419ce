"""Reading behind a Fault: a statement that cannot be read is left out, and the next ones are read."""

from __future__ import annotations

from typing import Any

from xpiler.fault import Fault
from xpiler.text.clang import Node
from xpiler.text.reading.base import Reader, usage_of


def read_part(reader: Reader, s: Node) -> None:
    """Read a statement; its Fault is kept for the end, unless it follows from an earlier one."""
    gathered = reader.unit.faults
    before, stacks, loops = gathered.seen, _stacks(reader), reader.loops
    depths = [len(stack) for stack in stacks]
    try:
        reader.statement(s)
    except Fault as fault:
        gathered.keep(fault, consequence=gathered.seen > before or _relies(s, gathered.spoiled))
        gathered.spoiled |= _changed(s)
        reader.loops = loops
        for stack, depth in zip(stacks, depths, strict=True):
            del stack[depth:]


def _stacks(reader: Reader) -> tuple[list[Any], ...]:
    """What is pushed while a statement is read, and stays there when it fails."""
    return reader.functions, reader.targets, reader.this, reader.loops


def _relies(s: Node, spoiled: set[int]) -> bool:
    """Whether a statement mentions something that an unread one declares or changes."""
    return any(
        n.kind == "DECL_REF_EXPR" and n.referenced is not None and n.referenced.key in spoiled for n in s.walk()
    )


def _changed(s: Node) -> set[int]:
    """What a statement declares or changes."""
    return {n.key for n in s.walk() if n.kind == "VAR_DECL"} | usage_of(s).mutated
