"""What a reduction and the output of the same loop both compute, kept in the output until that is finished.

    s = sum(k: exp(x[k] - top))                 ->      for k: y[k] = exp(x[k] - top);  s += y[k]
    for i: y[i] = exp(x[i] - top) / s                   for i: y[i] = y[i] / s
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xpiler.facts import sym
from xpiler.facts.sym import TRUE, Sym
from xpiler.facts.writes import Write
from xpiler.ir.types import DType
from xpiler.passes.nests.nest import costly
from xpiler.passes.nests.reused import key


@dataclass(frozen=True)
class Kept:
    """A value of iteration `var` that a reduction leaves in an output, at `index`."""

    fold: Sym
    var: Sym
    value: Sym
    buffer: str
    index: Sym

    def element(self, at: Sym) -> Sym:
        """The value as one iteration computes it."""
        return sym.substitute(self.value, {self.var: at})

    def place(self, at: Sym) -> Sym:
        """Where it is kept."""
        return sym.substitute(self.index, {self.var: at})


def kept(buffer: str, dtype: DType, w: Write) -> Kept | None:
    """The largest such value: a function that takes long, of one iteration of the innermost loop and all those around.

    Only where every iteration computes it and the reduction, and writes the next element; of an array nothing reads."""
    if not w.vars or w.guard is not TRUE or "ld" in w.index.has:
        return None
    v = w.vars[-1]
    if sym.terms_of(w.index)[1].get(v) != 1 or sym.collect(w.value, lambda n: n.op == "ld" and n.data == buffer):
        return None
    parts = list(always(w.value))
    values = [n for n in parts if costly(n) and n.dtype is dtype and {*w.vars} <= n.free]
    for f in parts:
        if f.op != "fold" or v in f.free or len(sym.fold_vars(f)) != 1:
            continue
        (k,) = sym.fold_vars(f)
        computed = {key(n, k, TRUE) for n in always(f.args[0]) if costly(n)}
        found = next((n for n in values if key(n, v, TRUE) in computed), None)
        if found is not None:
            return Kept(f, v, found, buffer, w.index)
    return None


def always(x: Sym) -> Iterator[Sym]:
    """The parts of x that are computed whatever its conditions say, larger ones first; none within a reduction."""
    todo, seen = [x], {x}
    while todo:
        n = todo.pop(0)
        yield n
        for a in () if n.op in ("fold", "ld") else n.args[:1] if n.op in ("sel", "and", "or") else n.args:
            if a not in seen:
                seen.add(a)
                todo.append(a)
