"""How much of each array a sequential kernel touches."""

from __future__ import annotations

from dataclasses import dataclass

from xpiler.facts import sym
from xpiler.facts.summary import summarise
from xpiler.facts.sym import ONE, Sym
from xpiler.facts.writes import Unsummarised, Write
from xpiler.ir.nodes import Buffer, Expr, Kernel
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh
from xpiler.passes.nest import Nest


@dataclass(frozen=True)
class Range:
    """Elements 0 .. extent-1 are touched; `read`: some initial content is used; `covered`: all of it is written."""

    extent: Expr
    read: bool
    covered: bool


def ranges(kernel: Kernel) -> dict[str, Range]:
    """The range of every array parameter that the kernel touches; empty when its accesses have no closed form."""
    try:
        outputs = summarise(kernel)
    except Unsummarised:
        return {}
    tops: dict[str, list[Sym]] = {}
    reads: set[str] = set()
    for name, writes in outputs.items():
        for w in writes:
            tops.setdefault(name, []).append(_top(w.index))
            for part in w.parts():
                for n in sym.collect(part, lambda x: x.op == "ld"):
                    tops.setdefault(str(n.data), []).append(_top(n.args[0]))
                    reads.add(str(n.data))
    out: dict[str, Range] = {}
    for p in kernel.params:
        if not isinstance(p, Buffer) or p.name not in tops:
            continue
        extent = _largest(tops[p.name])
        if extent is None:
            continue
        covered = any(_size(w) is extent for w in outputs.get(p.name, []))
        nest = Nest(Fresh([q.name for q in kernel.params]))
        out[p.name] = Range(nest.plain(extent), p.name in reads, covered and p.name not in reads)
    return out


def _top(index: Sym) -> Sym:
    return sym.add(sym.bound(index, upper=True), ONE)


def _largest(tops: list[Sym]) -> Sym | None:
    best = tops[0]
    for t in tops[1:]:
        if t is best or sym.prove_lt(t, best):
            continue
        if sym.prove_lt(best, t):
            best = t
        else:
            best = sym.call("max", (best, t), DType.I32)
    if any(sym.bounded(v) for v in best.free) or best.has - {"call"}:
        return None
    return best


def _size(w: Write) -> Sym | None:
    if w.guard is not sym.TRUE:
        return None
    total = ONE
    for v in w.vars:
        total = sym.mul(total, sym.extent_of(v))
    return total
