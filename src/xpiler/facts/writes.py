"""Quantified writes: which elements of an array get which values.

They are brought into a normal form (`shaping`), joined with others that continue or repeat them (`joining`), and
solved for the iteration that made an element (`solving`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from xpiler.facts import sym
from xpiler.facts.sym import Sym
from xpiler.fault import NOWHERE, Span


class Unsummarised(Exception):
    """The kernel has no closed form here; `why` says what stood in the way."""

    def __init__(self, why: str, span: Span = NOWHERE) -> None:
        super().__init__(why)
        self.why, self.span = why, span


@dataclass(frozen=True)
class Write:
    """For every value of `vars` that satisfies `guard`: buffer[index] = value.

    `more`: (op, term) where the value is that of an earlier write to the element op term."""

    vars: tuple[Sym, ...]
    index: Sym
    guard: Sym
    value: Sym
    more: tuple[str, Sym] | None = field(default=None, compare=False)

    def at(self, mapping: Mapping[Sym, Sym]) -> Write:
        return Write(
            self.vars, sym.substitute(self.index, mapping), sym.substitute(self.guard, mapping),
            sym.substitute(self.value, mapping),
        )

    def parts(self) -> tuple[Sym, Sym, Sym]:
        return self.index, self.guard, self.value
