"""Outgoing: the near array that alone is copied to a far one is called after it.

    __bang_add(sum_nram, a_nram, b_nram, n);  __memcpy(c, sum_nram, ...);     ->     sum_nram is c_nram
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

from xpiler.ir.nodes import Alloc, Kernel
from xpiler.ir.walk import names, rename, statements
from xpiler.passes.near.moves import Mover


@dataclass(frozen=True)
class Outgoing:
    """Renames near arrays of which a copy to one far array is all that leaves, where nothing else is copied to that.
    `movers` read the machine's copies, the asynchronous ones too."""

    movers: tuple[Mover, ...]

    def apply(self, kernel: Kernel) -> Kernel:
        ends = {True: defaultdict[str, set[str]](set), False: defaultdict[str, set[str]](set)}
        senders = defaultdict[str, set[str]](set)
        for s in statements(kernel):
            for m in filter(None, (mover.read(s) for mover in self.movers)):
                ends[m.inwards][m.near.buffer].add(m.far.buffer)
                if not m.inwards:
                    senders[m.far.buffer].add(m.near.buffer)
        own = {s.buffer.name for s in statements(kernel) if isinstance(s, Alloc)}
        taken = names(kernel)
        called = {near: name for near, far in ends[False].items()
                  if near in own and len(far) == 1 and senders[min(far)] == {near} and not ends[True][near]
                  and (name := f"{min(far)}_{self.movers[0].space}") not in taken}
        return replace(kernel, body=rename(kernel.body, called))
