"""Naming: what a large expression says more than once is computed once, and has a name.

    y[i] = f(a[i] + b[i]) * g(a[i] + b[i])        ->        float total = a[i] + b[i];
                                                            y[i] = f(total) * g(total)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from xpiler.facts import sym
from xpiler.facts.sym import Sym
from xpiler.facts.writes import Write
from xpiler.ir.nodes import Expr, If, Let, Stmt, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh
from xpiler.passes.names.words import word
from xpiler.passes.nests.nest import Nest, Output, Scope, conjunction, costly

LARGE = 64  # nodes, counted as a tree, of an expression that is read more easily in parts
PART = 6  # and of a part worth a name
OFTEN = 3  # uses of an element worth a name


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

    def take_in_where(self, guard: Sym, op: str, acc: Var, body: Sym) -> None:
        """As one `if`, or several where part of a condition gets a name that is not told before the others hold."""
        conditions = sym.conjuncts(guard)
        told: set[Sym] = set()
        for c in (*conditions, body):
            told |= _always(c, {})
        found = {x for x in _worth([*conditions, body]) if _tells(x, told)}
        if not found:
            super().take_in_where(guard, op, acc, body)
            return
        self.begin_with_a_load(body)
        opened: list[list[Expr]] = [[]]
        told = set()
        for c in conditions:
            told |= _always(c, {})
            self.shared |= {x for x in found if _tells(x, told)}
            if opened[-1] and self._names_more(c):
                opened.append([])
                self.scopes.append(Scope(None, guarded=True))
            opened[-1].append(self.expr(c))
        self.scopes.append(Scope(None, guarded=True))
        self.shared |= found
        self.take_in(op, acc, body)
        for tests in reversed(opened):
            stmts = self.scopes.pop().stmts
            self.scopes[-1].stmts.append(If(conjunction(tests), tuple(stmts)))

    def _names_more(self, x: Sym) -> bool:
        """Whether writing x gives something a name."""
        return bool(sym.collect(x, lambda n: n in self.shared and not any(n in s.named for s in self.scopes)))

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
    if whole.size < 2 * PART:
        return set()
    always = _always(whole, {})
    return {x for x in _worth([whole]) if _tells(x, always)}


def _worth(wholes: Sequence[Sym]) -> Iterator[Sym]:
    """The parts of some expressions that are worth a name, said more than once in all of them."""
    large = sum(x.size for x in wholes) >= LARGE
    for x, n in _uses(wholes).items():
        data = x.dtype.is_float or "ld" in x.has and x.dtype is not DType.BOOL
        if n < 2 or not data or x.op == "fold" or not (large or costly(x)):
            continue
        if n >= OFTEN and x.op == "ld" or x.size >= PART and x.op != "ld":
            yield x


def _tells(x: Sym, told: set[Sym]) -> bool:
    """Whether x may be computed where some values are, whatever conditions say: it only computes with what is loaded
    or made an integer anyway, and divides by nothing that may be zero."""
    if "ld" not in x.has:
        return True
    todo, seen = [x], {x} | told
    while todo:
        n = todo.pop()
        if n in told:
            continue
        whole = n.op == "cast" and not n.dtype.is_float and n.args[0].dtype.is_float
        if n.op in ("ld", "fold") or whole or n.op in ("div", "mod") and not sym.is_const(n.args[1]):
            return False
        new = [a for a in n.args if a not in seen]
        seen.update(new)
        todo += new
    return True


def length(whole: Sym) -> int:
    """The nodes of an expression as it is written, with names for its parts."""
    named, known = parts_of(whole), dict[Sym, int]()

    def written(x: Sym) -> int:
        if x not in known:
            known[x] = 1 + sum(1 if a in named else written(a) for a in x.args)
        return known[x]

    return sum(written(x) for x in (whole, *named))


def _uses(wholes: Sequence[Sym]) -> Counter[Sym]:
    """How often each part is mentioned by a part around it; what is summed up is a whole of its own."""
    uses: Counter[Sym] = Counter()
    todo, seen = [*wholes], {*wholes}
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
