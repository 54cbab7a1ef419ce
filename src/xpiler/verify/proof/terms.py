"""The value of an element as an expression over the program's inputs, shared where it repeats."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from xpiler.verify.proof.index import Atom, Formula, Poly, put, put_in


# Operations that not all numbers have a result of.
PARTIAL = frozenset(
    "/ % inv rcp sqrt rsqrt log log2 log10 log1p pow fmod remainder tan asin acos acosh atanh tgamma lgamma".split()
)


class Term:
    """A node of an expression; equal ones are one object (see `Terms`). `symbols` are the index symbols inside it.

    kind and data:
      const Fraction or "inf" "-inf"   param position   input (position, index)   index polynomial
      op (name, sort), args         select condition on indices, or None with the condition as args[0]
      rec (symbol, domain, prev), args (initial value, value after an iteration)
      prev, undef: a number that tells them apart
      fold (op, sort), args of kind item            item (symbols, domain), args (term,)
    """

    __slots__ = ("args", "data", "endless", "id", "kind", "partial", "prevs", "symbols", "unset")

    def __init__(self, number: int, kind: str, data: Any, args: tuple[Term, ...]) -> None:
        self.id, self.kind, self.data, self.args = number, kind, data, args
        own: frozenset[Atom] = frozenset()
        bound: frozenset[Atom] = frozenset()
        prevs = frozenset({data}) if kind == "prev" else frozenset[int]()
        match kind:
            case "input":
                own = data[1].symbols
            case "index":
                own = data.symbols
            case "select":
                own = data.symbols if data is not None else own
            case "rec":
                own, bound = data[1].symbols, frozenset({data[0]})
            case "item":
                own, bound = data[1].symbols, frozenset(data[0])
        self.symbols: frozenset[Atom] = own.union(*(a.symbols for a in args)) - bound
        self.prevs: frozenset[int] = prevs.union(*(a.prevs for a in args)) - (
            frozenset({data[2]}) if kind == "rec" else frozenset()
        )
        self.unset: bool = kind == "undef" or any(a.unset for a in args)
        # Where an infinity is in it: the laws of numbers do not hold.
        self.endless: bool = (kind == "const" and isinstance(data, str)) or any(a.endless for a in args)
        # Where it may have no value for some inputs, not even among the real numbers: zero times it need not be zero.
        self.partial: bool = (kind == "op" and data[0] in PARTIAL) or any(a.partial for a in args)

    def __repr__(self) -> str:
        return spell(self)


@dataclass
class Terms:
    """The terms of one proof."""

    _made: dict[Any, Term] = field(default_factory=dict)
    _count: int = 0

    def make(self, kind: str, data: Any = None, args: Iterable[Term] = ()) -> Term:
        given = tuple(args)
        key = (kind, data, tuple(a.id for a in given))
        if key not in self._made:
            self._made[key] = Term(len(self._made), kind, data, given)
        return self._made[key]

    def number(self) -> int:
        """A number no other symbol, earlier value or unset value has."""
        self._count += 1
        return self._count

    def put(self, t: Term, values: Mapping[Atom, Poly], seen: dict[int, Term] | None = None) -> Term:
        """The term with symbols replaced; those put in are not bound inside it."""
        seen = {} if seen is None else seen
        if not t.symbols & values.keys():
            return t
        if t.id in seen:
            return seen[t.id]
        args = tuple(self.put(a, values, seen) for a in t.args)
        match t.kind:
            case "input":
                data: Any = (t.data[0], put(t.data[1], values))
            case "index":
                data = put(t.data, values)
            case "select":
                data = None if t.data is None else put_in(t.data, values)
            case "rec":
                data = (t.data[0], put_in(t.data[1], values), t.data[2])
            case "item":
                data = (t.data[0], put_in(t.data[1], values))
            case _:
                data = t.data
        seen[t.id] = self._select(data, args) if t.kind == "select" else self.make(t.kind, data, args)
        return seen[t.id]

    def _select(self, cond: Formula | None, args: tuple[Term, ...]) -> Term:
        if cond is not None and cond.op in ("true", "false"):
            return args[0] if cond.op == "true" else args[1]
        return self.make("select", cond, args)

    def put_prev(self, t: Term, prev: int, value: Term) -> Term:
        """The term with the value of the iteration before put in."""
        if prev not in t.prevs:
            return t
        if t.kind == "prev":
            return value
        return self.make(t.kind, t.data, tuple(self.put_prev(a, prev, value) for a in t.args))


def spell(t: Term, depth: int = 6) -> str:
    """A term as text, for debugging and reasons."""
    if depth == 0:
        return "..."
    args = ", ".join(spell(a, depth - 1) for a in t.args)
    match t.kind:
        case "const":
            return str(t.data)
        case "input":
            return f"in{t.data[0]}[{t.data[1]}]"
        case "param" | "index":
            return f"{t.kind}({t.data})"
        case "op":
            return f"{t.data[0]}({args})"
        case "select":
            return f"select({t.data.key + ', ' if t.data is not None else ''}{args})"
        case "rec":
            return f"rec({t.data[0].key} in {t.data[1].key}; {args})"
        case "fold":
            return f"{t.data[0]}{{{args}}}"
        case "item":
            where = f" for {', '.join(a.key for a in t.data[0])} in {t.data[1].key}" if t.data[0] else ""
            return args + where
    return f"{t.kind}{t.data}"
