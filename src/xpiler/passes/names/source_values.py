"""Named values: what a kernel computes once is called what the source calls it.

    int whole_1 = (int)floorf(difference_1);        ->        int x0 = (int)floorf(x);

A closed form has no names for its parts, and those made up after operations say little. Two scalars are taken for the
same where they are made by the same operations of elements at the same offsets. Names change nothing but what a reader
sees: only those made up are changed, and only to what one scalar of the source alone is called.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain

from xpiler.facts.polynomial import polynomial
from xpiler.ir.nodes import Assign, Binary, Buffer, Call, Cast, Const, Expr, Kernel, Let, Load, Select, Unary, Var
from xpiler.ir.walk import Fresh, names, rename, statements
from xpiler.passes.names.source import stem
from xpiler.passes.names.words import made_up


def values_named_after(kernel: Kernel, sources: Iterable[Kernel]) -> Kernel:
    """The kernel, its values called as one of `sources` calls what it computes in the same way."""
    forms = _Forms()
    theirs = defaultdict[int, set[str]](set)
    for v, form in chain.from_iterable(forms.of(s).items() for s in sources):
        theirs[form].add(stem(v))
    chosen = {v: min(theirs[form]) for v, form in forms.of(kernel).items()
              if made_up(stem(v)) and len(theirs.get(form, ())) == 1}
    supply = Fresh(names(kernel) - {v.name for v in chosen})
    return replace(kernel, body=rename(kernel.body, {v.name: supply(name) for v, name in chosen.items()}))


class _Forms:
    """The operations that make values, by numbers: equal ones for what is made in the same way."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[object, ...], int] = {}
        self.telling: set[int] = set()  # of what says more than that it is a number or some scalar

    def of(self, kernel: Kernel) -> dict[Var, int]:
        """The telling forms of the scalars that are set once."""
        lets = _set_once(kernel)
        arrays = [p.name for p in kernel.params if isinstance(p, Buffer)]
        known: dict[Var, int] = {}
        found: dict[Var, int] = {}
        for v, e in lets.items():
            known[v] = self._form(e, lets, known)
            match e:
                case Load(array, index):
                    own = next((a for a in arrays if array == a or array.startswith(f"{a}_")), "")
                    form = self._number(("element of", own, polynomial(index, lets).constant), own != "")
                case _:
                    form = known[v]
            if form in self.telling:
                found[v] = form
        return found

    def _number(self, form: tuple[object, ...], tells: bool) -> int:
        n = self.numbers.setdefault(form, len(self.numbers))
        if tells:
            self.telling.add(n)
        return n

    def _form(self, e: Expr, lets: Mapping[Var, Expr], known: Mapping[Var, int]) -> int:
        """Of an element, its place among its neighbours: copies near by have other names."""
        match e:
            case Var() if e in known:
                return known[e]
            case Const(value):
                return self._number(("number", float(value)), False)
            case Cast(a):
                return self._form(a, lets, known)
            case Load(_, index):
                return self._number(("element", polynomial(index, lets).constant), True)
            case Unary(op, a):
                return self._made(op, (a,), lets, known)
            case Binary(op, a, b):
                return self._made(op, (a, b), lets, known, not e.dtype.is_float and op in ("+", "*"))
            case Call(op, args):
                return self._made(op, args, lets, known)
            case Select(cond, a, b):
                return self._made("?", (cond, a, b), lets, known)
        return self._number(("scalar",), False)

    def _made(
        self, op: str, args: Iterable[Expr], lets: Mapping[Var, Expr], known: Mapping[Var, int], either: bool = False
    ) -> int:
        parts = [self._form(a, lets, known) for a in args]
        return self._number((op, *(sorted(parts) if either else parts)), not self.telling.isdisjoint(parts))


def _set_once(kernel: Kernel) -> dict[Var, Expr]:
    """The scalars that have one value wherever they are read, in the order in which they are declared."""
    lets: dict[Var, Expr] = {}
    again = {s.var for s in statements(kernel) if isinstance(s, Assign)}
    for s in statements(kernel):
        if isinstance(s, Let) and (s.var in lets or s.value is None):
            again.add(s.var)
        elif isinstance(s, Let) and s.value is not None:
            lets[s.var] = s.value
    return {v: e for v, e in lets.items() if v not in again}
