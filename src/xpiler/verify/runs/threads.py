"""What a program says of its threads: whether the order in which they come may matter."""

from __future__ import annotations

from collections.abc import Iterator

from xpiler.ir.nodes import PLAIN, Atomic, For, Program, Stmt
from xpiler.ir.walk import statements


def in_one_order(program: Program) -> bool:
    """Whether there are threads, and nothing lets what they compute hang on their order, unless they race."""
    threads = any(isinstance(s, For) and s.kind not in PLAIN for s in _on_device(program))
    return threads and not program.unread and not has_atomics(program)


def has_atomics(program: Program) -> bool:
    """Whether kernels, or the instructions in them, change memory in one step."""
    return any(isinstance(s, Atomic) for s in _on_device(program))


def _on_device(program: Program) -> Iterator[Stmt]:
    for kernel in program.kernels:
        yield from statements(kernel)
    for meaning in program.meanings:
        yield from statements(meaning)
