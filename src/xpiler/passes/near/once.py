"""Once: what every iteration of a loop does with near arrays, always with the same result, is done once before it.

    for r in rows:                                      ->      weight = reordered columns
        weight = reordered columns                              for r in rows:
        out[r] = row r times weight                                 out[r] = row r times weight
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from xpiler.ir.nodes import PLAIN, Addr, Alloc, Atomic, Buffer, For, Intrinsic, Kernel, Load, Meaning, Stmt, Store, Var
from xpiler.ir.walk import Body, buffers_used, map_stmts, scalars_read, scalars_written, statements, walk


@dataclass(frozen=True)
class Effects:
    """Which arrays calls change: `copy` the first it is given, others those that their headers do not call const."""

    meanings: Mapping[tuple[str, str], Meaning]
    copy: str

    @cached_property
    def _changed(self) -> dict[str, frozenset[int]]:
        out: dict[str, frozenset[int]] = {}
        for (name, _), m in self.meanings.items():
            at = {n for n, p in enumerate(m.params) if isinstance(p, Buffer) and not p.const}
            out[name] = out.get(name, frozenset()) | at
        return out | {self.copy: frozenset({0})}

    def written(self, body: Body) -> frozenset[str]:
        """The arrays that statements may change, however deep."""
        return frozenset().union(*map(self._own, statements(body)))

    def _own(self, s: Stmt) -> frozenset[str]:
        if isinstance(s, Store | Atomic):
            return frozenset({s.buffer})
        if not isinstance(s, Intrinsic):
            return frozenset()
        at = self._changed.get(s.name)
        args = s.args if at is None else (a for n, a in enumerate(s.args) if n in at)
        return frozenset(a.buffer for a in (*args, s.result) if isinstance(a, Addr))


@dataclass(frozen=True)
class Once:
    """Take statements out of loops, the innermost first; `effects` says what calls of a platform change."""

    effects: Effects

    def apply(self, kernel: Kernel) -> Kernel:
        def one(s: Stmt) -> Stmt | Body:
            if not isinstance(s, For) or s.kind not in PLAIN:
                return s
            before, within = self._parted(kernel, s)
            return (*before, replace(s, body=within)) if before else s

        return replace(kernel, body=map_stmts(kernel.body, one))

    def _parted(self, kernel: Kernel, loop: For) -> tuple[list[Stmt], Body]:
        """The statements of a loop that are done before it, and those that stay."""
        own = {s.buffer.name for s in statements(kernel.body) if isinstance(s, Alloc)}
        elsewhere = _uses(kernel.body) - _uses((loop,))
        changing, kept = scalars_written(loop), list(loop.body)
        before: list[Stmt] = []
        for s in loop.body:
            if not self._plain(s) or not buffers_used((s,)) <= own or scalars_read(s) & (changing - _loops(s)):
                continue
            at = next(n for n, x in enumerate(kept) if x is s)
            others = (*kept[:at], *kept[at + 1:])
            made, used = self.effects.written((s,)), buffers_used((s,))
            if used & self.effects.written(others) or made & (buffers_used(tuple(kept[:at])) | set(elsewhere)):
                continue
            before.append(s)
            kept.pop(at)
        used = buffers_used(tuple(before))
        moved = [s for s in kept if isinstance(s, Alloc) and s.buffer.name in used]
        return [*moved, *before], tuple(s for s in kept if not any(s is m for m in moved))

    def _plain(self, s: Stmt) -> bool:
        """Calls alone, and loops of them, that return nothing."""
        return isinstance(s, Intrinsic | For) and all(
            isinstance(x, For) and x.kind in PLAIN or isinstance(x, Intrinsic) and x.result is None
            for x in statements((s,)))


def _loops(s: Stmt) -> frozenset[Var]:
    return frozenset(x.var for x in statements((s,)) if isinstance(x, For))


def _uses(body: Body) -> Counter[str]:
    return Counter(x.buffer for x in walk(body) if isinstance(x, Load | Addr | Store | Atomic))
