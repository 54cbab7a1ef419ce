"""Elements of the tiles that a warp holds: which one a lane holds under a number, nothing says.

A meaning has the whole tile in every lane. What the program does to its elements means the same there only if it is
done to all of them alike: in a loop over all, whose counter chooses elements and is used for nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from xpiler.emulate.lowered.expr import NotLowered
from xpiler.fault import NOWHERE, Span
from xpiler.ir.nodes import (
    Addr, Alloc, Assign, Atomic, Barrier, Binary, Break, Buffer, Cast, Const, Continue, Expr, For, Intrinsic, Kernel,
    Let, Load, Meaning, Return, Shuffle, Stmt, Store, Var, While,
)
from xpiler.ir.walk import bodies, defines, expressions, operands, statements

Meanings = Mapping[tuple[str, str], tuple[str, Meaning]]


@dataclass(frozen=True)
class Tile:
    """What an array of one thread holds, once or several times."""

    ctype: str
    size: int


def check_tiles(kernel: Kernel, meanings: Meanings, together: str) -> None:
    """NotLowered where what a kernel does to a tile depends on where its elements lie."""
    tiles = _tiles(kernel, meanings, together) if together else {}
    if tiles:
        _Look(tiles).over(kernel.body, None)


def _tiles(kernel: Kernel, meanings: Meanings, together: str) -> dict[str, Tile]:
    """The arrays that what a warp does as one makes or looks at, except those in memory; and others of their types."""
    given: dict[str, Tile] = {}
    types: dict[str, Tile] = {}
    for s in statements(kernel):
        if not isinstance(s, Intrinsic) or (s.name, s.key) not in meanings:
            continue
        for a, p in zip(s.args, meanings[s.name, s.key][1].params, strict=True):
            if isinstance(a, Addr) and isinstance(p, Buffer) and isinstance(p.extent, Const):
                tile = Tile(p.ctype, int(p.extent.value))
                if given.setdefault(a.buffer, tile) != tile:
                    raise NotLowered(f"`{a.buffer}` is tiles of two types", s.span)
                if re.search(together, s.name):
                    types[tile.ctype] = tile
    found = {buffer: tile for buffer, tile in given.items() if tile.ctype in types}
    allocated = [s.buffer for s in statements(kernel) if isinstance(s, Alloc)]
    return {b.name: types[b.ctype] for b in allocated if b.ctype in types} | found


class _Look:
    """One look at a kernel."""

    def __init__(self, tiles: dict[str, Tile]) -> None:
        self.tiles = tiles
        self.span = NOWHERE

    def over(self, body: tuple[Stmt, ...], loop: For | None) -> None:
        """`loop`: the innermost around these that may run over elements."""
        for s in body:
            self.span = s.span if s.span.line else self.span
            for e in expressions(s):
                self._expression(e, loop)
            if isinstance(s, Store | Atomic) and s.buffer in self.tiles:
                self._element(s.buffer, s.index, loop)
            inner = loop
            if isinstance(s, For) and s.kind in ("serial", "unroll") and self._runs_over(s):
                self._alike(s)
                inner = s
            for b in bodies(s):
                self.over(b, inner)

    def _runs_over(self, s: For) -> bool:
        """Whether its counter chooses an element of a tile."""
        return any(
            any(self._chooses(term, s.var.name) for term in _terms(index))
            for buffer, index in _touched(s.body) if buffer in self.tiles)

    def _chooses(self, term: Expr, name: str) -> bool:
        return isinstance(term, Var) and term.name == name

    def _alike(self, s: For) -> None:
        """All elements, each for itself."""
        chosen = {self.tiles[b] for b, index in _touched(s.body) if b in self.tiles
                 and any(self._chooses(t, s.var.name) for t in _terms(index))}
        bounds = [e.value if isinstance(e, Const) else None for e in (s.start, s.stop, s.step)]
        if len(chosen) != 1:
            self._refuse("elements of tiles of several types", s.span)
        if bounds != [0, *(t.size for t in chosen), 1]:
            self._refuse("a loop over some elements of a tile", s.span)
        made = {x.var.name for x in statements(s.body) if isinstance(x, Let | For)}
        for x in statements(s.body):
            addressed = isinstance(x, Intrinsic) and any(isinstance(a, Addr) for a in (*x.args, x.result))
            if addressed or isinstance(x, Shuffle | Atomic | Barrier | Break | Continue | Return | While):
                self._refuse("more than arithmetic on the elements of a tile", x.span)
            if isinstance(x, Store) and x.buffer not in self.tiles:
                self._refuse("an element of a tile that is stored to memory", x.span)
            v = defines(x)
            if isinstance(x, Assign | Intrinsic) and v is not None and v.name not in made:
                self._refuse(f"`{v.name}`, which goes from one element of a tile to the next", x.span)
        uses = sum(_uses(e, s.var.name) for x in statements(s.body) for e in expressions(x))
        choices = sum(self._chooses(t, s.var.name) for b, index in _touched(s.body) if b in self.tiles
                      for t in _terms(index))
        if uses != choices:
            self._refuse(f"the number `{s.var.name}` of an element of a tile", s.span)

    def _expression(self, e: Expr, loop: For | None) -> None:
        if isinstance(e, Load) and e.buffer in self.tiles:
            self._element(e.buffer, e.index, loop)
        if isinstance(e, Addr) and e.buffer in self.tiles:
            self._whole(e.buffer, _terms(e.index))
        for x in operands(e):
            self._expression(x, loop)

    def _element(self, buffer: str, index: Expr, loop: For | None) -> None:
        terms = _terms(index)
        chosen = [t for t in terms if loop is not None and self._chooses(t, loop.var.name)]
        if len(chosen) != 1:
            self._refuse(f"one element of the tile `{buffer}`", self.span)
        self._whole(buffer, [t for t in terms if t is not chosen[0]])

    def _whole(self, buffer: str, terms: list[Expr]) -> None:
        """The terms are the place of a whole tile."""
        size = self.tiles[buffer].size
        for t in terms:
            match t:
                case Const(int() as n) if n % size == 0:
                    continue
                case Binary("*", _, Const(int() as n)) | Binary("*", Const(int() as n), _) if n % size == 0:
                    continue
                case _:
                    self._refuse(f"a part of the tile `{buffer}`", self.span)

    def _refuse(self, what: str, span: Span) -> None:
        raise NotLowered(f"{what}: which one a lane holds is not specified", span)


def _terms(e: Expr) -> list[Expr]:
    """What an index adds up."""
    match e:
        case Binary("+", a, b):
            return [*_terms(a), *_terms(b)]
        case Cast(a) if not a.dtype.is_float:
            return _terms(a)
    return [e]


def _touched(body: tuple[Stmt, ...]) -> list[tuple[str, Expr]]:
    """Every array and index that is read or written."""
    found: list[tuple[str, Expr]] = []
    for s in statements(body):
        if isinstance(s, Store | Atomic):
            found.append((s.buffer, s.index))
        for e in expressions(s):
            found += _loaded(e)
    return found


def _loaded(e: Expr) -> list[tuple[str, Expr]]:
    own = [(e.buffer, e.index)] if isinstance(e, Load) else []
    return own + [x for a in operands(e) for x in _loaded(a)]


def _uses(e: Expr, name: str) -> int:
    return (isinstance(e, Var) and e.name == name) + sum(_uses(a, name) for a in operands(e))
