"""Symbolic values as plain tuples and back, in the normal form of the process that reads them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from xpiler.facts import sym
from xpiler.facts.sym import Sym
from xpiler.ir.types import DType

Row = tuple[str, tuple[int, ...], Any, DType]  # op, positions of the args, data with positions, type
_ORDERED = frozenset({"lin", "prod", "and", "or", "eq"})  # normal forms that follow the order of creation
_FRESH = "#"  # marks the name of a variable that nobody else has


def rows(values: Iterable[Sym]) -> tuple[tuple[Row, ...], dict[Sym, int]]:
    """Every node of these values, parts first, and where each stands."""
    nodes: set[Sym] = set()
    waiting = list(values)
    while waiting:
        n = waiting.pop()
        if n not in nodes:
            nodes.add(n)
            waiting += [*n.args, *_inside(n)]
    found = sorted(nodes, key=lambda n: n.uid)
    at = {n: k for k, n in enumerate(found)}
    return tuple((n.op, tuple(at[a] for a in n.args), _packed(n, at), n.dtype) for n in found), at


def _inside(n: Sym) -> tuple[Sym, ...]:
    """The nodes that a node's data mentions."""
    data: Any = n.data
    match n.op:
        case "var":
            return () if data[1] is None else (data[1],)
        case "fold":
            return tuple(data[1])
    return ()


def _packed(n: Sym, at: dict[Sym, int]) -> Any:
    data: Any = n.data
    match n.op:
        case "var":
            return data[0], None if data[1] is None else at[data[1]]
        case "fold":
            return data[0], tuple(at[v] for v in data[1])
    return data


def restored(stored: Iterable[Row]) -> list[Sym]:
    """The nodes of these rows; variables nobody else had are new ones again."""
    found: list[Sym] = []
    for op, args, data, dtype in stored:
        found.append(_restored(op, tuple([found[a] for a in args]), data, dtype, found))
    return found


def _restored(op: str, args: tuple[Sym, ...], data: Any, dtype: DType, found: list[Sym]) -> Sym:
    match op:
        case "flt":
            return sym.number(data[0], dtype)
        case "var":
            name, extent = data[0], None if data[1] is None else found[data[1]]
            if _FRESH in name:
                return sym.fresh(name.partition(_FRESH)[0], extent, dtype)
            return sym.var(name, extent, dtype)
        case "fold":
            data = data[0], tuple(found[v] for v in data[1])
    n = sym.make(op, args, data, dtype)
    return sym.rebuild(n, args) if op in _ORDERED else n
