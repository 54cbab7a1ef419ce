"""Numbers by the names that the source has for them: `i < ROWS` for `i < 36`, `ROWS * COLS` for the 4608 elements.

Which name is meant follows from the value where one size alone has it, or from the scalar that the source compares with
the name. Where neither says, the number stays."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from xpiler.ir.nodes import PLAIN, Const, For, Named, Program
from xpiler.ir.walk import statements
from xpiler.platforms.platform import Platform
from xpiler.text.writing.header import vocabulary

FEWEST = 3  # a smaller number is more often something else
FEW = 8  # and so is one up to this where work is shared out
SHORTEST = 2  # letters of a word of a header that is no parameter of a macro


@dataclass
class SizeNames:
    """The names a text may use, and those that it has used. `machine`: numbers by which work is shared out in it."""

    named: tuple[Named, ...] = ()
    machine: frozenset[int] = frozenset()
    used: set[str] = field(default_factory=set)

    def bound(self, value: int, var: str) -> str:
        """What a loop's end is called, "" for none; `var` is what the loop counts by."""
        told = [n for n in self.named if n.size and n.value == value and re.sub(r"_\d+$", "", var) in n.bounds]
        return self._use(told[0]) if len(told) == 1 else self.factor(value)

    def factor(self, value: int) -> str:
        """What a number is called that an index is made of; "" for none."""
        return self._only([n for n in self.named if n.name.isidentifier()], value)

    def blocks(self, value: int) -> str:
        """What a number of blocks is called; "" for none."""
        return self.factor(value) if value > FEW else ""

    def size(self, value: int) -> str:
        """What the number of an array's elements is called, by one name or as a product of several; "" for none."""
        if value in {a * b for a in self.machine for b in self.machine}:
            return ""
        return self.factor(value) or self._only([n for n in self.named if not n.name.isidentifier()], value)

    def lines(self, form: str) -> str:
        """The definitions of the names in use, and of what these are defined by."""
        wanted = set(self.used)
        for n in reversed(self.named):
            if n.name in wanted:
                wanted |= set(_words(n.text))
        return "\n".join(form.format(name=n.name, value=n.text)
                         for n in self.named if n.name in wanted and n.name.isidentifier())

    def _only(self, named: Iterable[Named], value: int) -> str:
        found = [n for n in named if n.size and n.value == value >= FEWEST and value not in self.machine]
        same = len({tuple(sorted(_words(n.name))) for n in found}) == 1
        return self._use(found[0]) if same else ""

    def _use(self, n: Named) -> str:
        self.used |= {n.name, *_words(n.name)}
        return n.name


def size_names(program: Program, platform: Platform) -> SizeNames:
    """The names of a program's sizes that mean nothing else in its text on a platform."""
    words = {w for w in vocabulary(platform).words if len(w) > SHORTEST}
    functions = [f for f in (*program.kernels, program.launcher) if f is not None]
    taken = {p.name for f in functions for p in f.params} | {f.name for f in functions} | words
    taken |= {m.name for m in program.meanings}
    kept: list[Named] = []
    for n in program.constants:
        if n.name not in taken and set(_words(n.text)) <= {k.name for k in kept}:
            kept.append(n)
    return SizeNames(tuple(kept), _shared_out(program, platform)) if kept else SizeNames()


def _shared_out(program: Program, platform: Platform) -> frozenset[int]:
    """The numbers by which a program shares work out: lanes, threads of a block, steps of loops."""
    found = {platform.warp, platform.vector_bits // 32}
    for s in (s for k in program.kernels for s in statements(k) if isinstance(s, For)):
        together = s.kind == "unroll" or s.kind not in PLAIN and not s.kind.startswith("block")
        found |= {int(e.value) for e in (s.step, s.stop if together else s.step) if isinstance(e, Const)}
    return frozenset(found)


def _words(text: str) -> list[str]:
    return re.findall(r"[A-Za-z_]\w*", text)
