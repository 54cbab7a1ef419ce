"""Naming: what a large expression says more than once is computed once, and has a name.

    y[i] = f(a[i] + b[i]) * g(a[i] + b[i])        ->        float total = a[i] + b[i];
                                                            y[i] = f(total) * g(total)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from xpiler.facts.sym import Sym
from xpiler.facts.writes import Write
from xpiler.ir.nodes import Expr, Let, Stmt, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh
from xpiler.passes.nest import Nest, Output, costly
from xpiler.passes.value_names import word

LARGE = 64  # nodes, counted as a tree, of an expression that is read more easily in parts
PART = 6  # and of a part worth a name


class NamingNest(Nest):
    """A nest whose large expressions are written in parts."""

    def __init__(self, names: Fresh) -> None:
        super().__init__(names)
        self.shared: set[Sym] = set()

    def build(self, buffer: str, dtype: DType, w: Write) -> list[Stmt]:
        self.in_parts(w.value)
        return super().build(buffer, dtype, w)

    def together(self, outputs: Sequence[Output]) -> list[Stmt]:
        for _, _, w in outputs if len(outputs) > 1 else ():
            self.in_parts(w.value)
        return super().together(outputs)

    def in_parts(self, whole: Sym) -> None:
        self.shared |= parts_of(whole)

    def expr(self, x: Sym) -> Expr:
        if x not in self.shared:
            return super().expr(x)
        for scope in self.scopes:
            if x in scope.named:
                return scope.named[x]
        value = self.plain(x)
        scope = self.scopes[-1 if "ld" in x.has else self.level(x)]
        named = Var(self.names(word(x)), x.dtype)
        scope.stmts.append(Let(named, value))
        scope.named[x] = named
        return named


def parts_of(whole: Sym) -> set[Sym]:
    """The parts of an expression that get a name."""
    large = whole.size >= LARGE
    if whole.size < 2 * PART:
        return set()
    uses, always = _uses(whole), _always(whole, {})
    found = set()
    for x, n in uses.items():
        data = x.dtype.is_float or "ld" in x.has and x.dtype is not DType.BOOL
        worth = data and x.size >= PART and x.op not in ("fold", "ld") and (large or costly(x))
        if n > 1 and worth and (x in always or "ld" not in x.has):
            found.add(x)
    return found


def length(whole: Sym) -> int:
    """The nodes of an expression as it is written, with names for its parts."""
    named, known = parts_of(whole), dict[Sym, int]()

    def written(x: Sym) -> int:
        if x not in known:
            known[x] = 1 + sum(1 if a in named else written(a) for a in x.args)
        return known[x]

    return sum(written(x) for x in (whole, *named))


def _uses(whole: Sym) -> Counter[Sym]:
    """How often each part is mentioned by a part around it; what is summed up is a whole of its own."""
    uses: Counter[Sym] = Counter()
    todo, seen = [whole], {whole}
    while todo:
        x = todo.pop()
        for a in x.args if x.op != "fold" else x.args[1:]:
            uses[a] += 1
            if a not in seen:
                seen.add(a)
                todo.append(a)
    return uses


def _always(whole: Sym, known: dict[Sym, set[Sym]]) -> set[Sym]:
    """The parts that are computed whatever a choice in it comes to: those that both sides of one need are."""
    if whole in known:
        return known[whole]
    todo, seen = [whole], {whole}
    while todo:
        x = todo.pop()
        parts = x.args[:1] if x.op in ("sel", "and", "or") else x.args[1:] if x.op == "fold" else x.args
        if x.op == "sel":
            parts = (*parts, *(_always(x.args[1], known) & _always(x.args[2], known)))
        for a in parts:
            if a not in seen:
                seen.add(a)
                todo.append(a)
    known[whole] = seen
    return seen
