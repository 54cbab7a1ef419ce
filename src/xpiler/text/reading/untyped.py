"""Parameters that are `void*`: what they point to is what they are cast to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xpiler.ir.types import DType
from xpiler.text.clang import Node
from xpiler.text.ctype import CType
from xpiler.text.reading.statements import Statements
from xpiler.text.reading.values import Pointer

IN_BYTES = frozenset({"char", "const char"})  # what memory is cast to in order to count in bytes


@dataclass(frozen=True)
class Held:
    """What a `void*` points to; `guessed` where only the platform's own functions say so, which load registers."""

    dtype: DType
    guessed: bool = False


class Typed(Exception):
    """A `void*` turned out to point to elements of a type; the kernel is to be read again, knowing it."""

    def __init__(self, buffer: str, held: Held) -> None:
        super().__init__(buffer)
        self.buffer, self.held = buffer, held


class Untyped(Statements):
    """Reading casts of untyped parameters; `types` is what is known of them, `let` are values given for scalars."""

    types: Mapping[str, Held]
    let: Mapping[str, int]
    untyped: dict[str, Node]

    def pointing(self, p: Pointer, to: CType) -> Pointer:
        node, dtype = self.untyped.get(p.buffer), to.dtype
        if node is not None and dtype is not None and to.name not in IN_BYTES:
            held, said = self.types.get(p.buffer), to.is_scalar and self.functions[-1].in_text
            if held is None or held.guessed and said:
                raise Typed(p.buffer, Held(dtype, not said))
            if held.dtype is not dtype and said:
                raise self.fault(
                    "XP1011", f"`{p.buffer}` points to {held.dtype} or to {dtype}, as the function decides", node,
                    "in a translated file an array has elements of one type",
                    "--let for the scalar that decides it, or a function for each of the types")
        return super().pointing(p, to)
