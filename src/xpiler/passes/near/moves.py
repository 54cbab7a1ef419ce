"""Moves: the bulk copies of a kernel between far memory and the memory a core computes in, read and written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from xpiler.facts import sym
from xpiler.facts.offers import Offer
from xpiler.ir.nodes import (
    Addr, Atomic, Binary, Buffer, Const, Expr, For, Intrinsic, Kernel, Load, Stmt, Store, Var,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh, statements, walk

I32 = DType.I32
ZERO, ONE = Const(0, I32), Const(1, I32)
GUESS = 16  # iterations of a loop whose length is known at run time
START = 4096  # bytes that are carried in the time a copy takes to start
BURST = 256  # bytes that a row of a copy takes the time of, at least
SINGLE = 1024  # bytes that are carried in the time a scalar takes to come, or go
NEAR = 8  # how many times faster a copy is that stays near


@dataclass(frozen=True)
class Move:
    """A copy of `rows` times `count` elements, the rows of both sides that many elements apart."""

    far: Addr
    near: Addr
    inwards: bool
    count: Expr
    rows: int = 1
    far_pitch: Expr = ZERO
    near_pitch: int = 0

    def cost(self, length: int) -> int:
        """What it costs, in bytes carried, where a row has that many elements."""
        return START + self.rows * max(length * self.far.dtype.bytes, BURST)


@dataclass(frozen=True)
class Loops:
    """A copy as loops: the outermost, the index into far memory, and the variables along a row and from row to row."""

    loop: For
    far: Expr
    along: Var
    down: Var


def length(f: For) -> int:
    """How often a loop runs, or a guess."""
    match f:
        case For(start=Const(first), stop=Const(last), step=Const(by)):
            return len(range(int(first), int(last), int(by)))
        case For(start=Var(), stop=Const(last), step=Const(by)) if int(by) > 1:  # iterations taken in turns
            return len(range(0, int(last), int(by)))
    return GUESS


@dataclass(frozen=True)
class Mover:
    """How a machine copies: the intrinsic, and the direction it takes for each pair of spaces; `space` is the memory it
    computes in. `results` are, by name and key, the positions of what its instructions write there and do not read, and
    of how many elements that is: -1 where it is one, and where none is written."""

    copy: str
    transfers: tuple[tuple[tuple[str, str], str], ...]
    space: str
    results: Mapping[tuple[str, str], tuple[int, int]]

    def read(self, s: Stmt) -> Move | None:
        """A statement as a copy between far memory and the near one."""
        ways = {Var(d, I32): pair for pair, d in self.transfers if set(pair) == {"global", self.space}}
        match s:
            case Intrinsic(self.copy, (Addr() as to, Addr() as source, size, Var() as way, *rest)) if way in ways:
                inwards = ways[way][1] == self.space
                far, near = (source, to) if inwards else (to, source)
                whole = [_elements(e, far.dtype) for e in (size, *rest[:2])]
                match [*whole, *rest[2:]]:
                    case [Const() | Binary() | Var() as count]:
                        return Move(far, near, inwards, count)
                    case [Const() | Binary() | Var() as count, Const() | Binary() | Var() as down,
                          Const() | Binary() | Var() as across, Const(segments)]:
                        pitch, near_pitch = (across, down) if inwards else (down, across)
                        if isinstance(near_pitch, Const):
                            rows = int(segments) + 1
                            return Move(far, near, inwards, count, rows, pitch, int(near_pitch.value))
        return None

    def write(self, m: Move) -> Intrinsic:
        """A copy between far memory and the near one."""
        spaces = ("global", self.space) if m.inwards else (self.space, "global")
        return self._call(m, spaces)

    def within(self, m: Move) -> Intrinsic:
        """The copy of what is in the near memory twice."""
        return self._call(m, (self.space, self.space))

    def _call(self, m: Move, spaces: tuple[str, str]) -> Intrinsic:
        to, source = (m.near, m.far) if m.inwards else (m.far, m.near)
        near = Const(m.near_pitch, I32)
        down, across = (near, m.far_pitch) if m.inwards else (m.far_pitch, near)
        args: list[Expr] = [to, source, _bytes(m.count, to.dtype), Var(dict(self.transfers)[spaces], I32)]
        if m.rows > 1:
            args += [_bytes(down, to.dtype), _bytes(across, to.dtype), Const(m.rows - 1, I32)]
        return Intrinsic(self.copy, tuple(args))

    def sets(self, s: Stmt, near: str, count: Expr) -> bool:
        """Whether a statement sets the first elements of a near array, as many as these and no others."""
        if not isinstance(s, Intrinsic) or s.name != self.copy and (s.name, s.key) not in self.results:
            return False
        at, many = self.results.get((s.name, s.key), (0, -1))
        to = s.args[at] if at >= 0 else None
        if not isinstance(to, Addr) or (to.buffer, to.index) != (near, ZERO):
            return False
        if many >= 0:
            return s.args[many] == count
        move = self.read(s)
        return move is not None and move.inwards and move.rows == 1 and move.count == count

    def overwrites(self, s: Stmt, near: str, count: Expr) -> bool:
        """Whether it sets them and reads none."""
        given = [a for a in (s.args if isinstance(s, Intrinsic) else ()) if isinstance(a, Addr) and a.buffer == near]
        return len(given) == 1 and self.sets(s, near, count)

    def written(self, s: Stmt) -> frozenset[str]:
        """The arrays that a statement may change; of those whose address a call is given, not those it only reads."""
        if isinstance(s, Store | Atomic):
            return frozenset({s.buffer})
        if not isinstance(s, Intrinsic):
            return frozenset()
        at = (0, 0) if s.name == self.copy else self.results.get((s.name, s.key))
        given = s.args if at is None else (s.args[at[0]],) if at[0] >= 0 else ()
        return frozenset(a.buffer for a in (*given, s.result) if isinstance(a, Addr))

    def one_way(self, kernel: Kernel) -> frozenset[str]:
        """The far arrays that are only copied and read, or only copied to and stored to."""
        used: dict[str, set[bool]] = {p.name: set() for p in kernel.params if isinstance(p, Buffer)}
        for x in walk(kernel):
            if isinstance(x, Load):
                used.setdefault(x.buffer, set()).add(False)
        for s in statements(kernel.body):
            for b in self.written(s):
                used.setdefault(b, set()).add(True)
            if isinstance(s, Intrinsic):
                for a in s.args:
                    if isinstance(a, Addr) and a.buffer not in self.written(s):
                        used.setdefault(a.buffer, set()).add(False)
        return frozenset(p.name for p in kernel.params if isinstance(p, Buffer) and len(used[p.name]) == 1)

    def as_loops(self, m: Move, fresh: Fresh) -> Loops:
        """What a copy does, element by element."""
        e, r = Var(fresh("e"), I32), Var(fresh("r"), I32)
        far = _plus(m.far.index, e if m.rows == 1 else _plus(_times(r, m.far_pitch), e))
        near = _plus(m.near.index, e if m.rows == 1 else _plus(_times(r, Const(m.near_pitch, I32)), e))
        dtype = m.far.dtype
        step = (Store(m.near.buffer, near, Load(m.far.buffer, far, dtype)) if m.inwards
                else Store(m.far.buffer, far, Load(m.near.buffer, near, dtype)))
        row = For(e, ZERO, m.count, ONE, (step,))
        return Loops(row if m.rows == 1 else For(r, ZERO, Const(m.rows, I32), ONE, (row,)), far, e, r)


def _plus(a: Expr, b: Expr) -> Expr:
    return Binary("+", a, b, I32)


def _times(a: Expr, b: Expr) -> Expr:
    return Binary("*", a, b, I32)


def _elements(size: Expr, dtype: DType) -> Expr | None:
    """A number of bytes in elements."""
    match size:
        case Const(n) if int(n) % dtype.bytes == 0:
            return Const(int(n) // dtype.bytes, I32)
        case Binary("*", n, Const(b)) if b == dtype.bytes:
            return n
    return size if dtype.bytes == 1 else None


def _bytes(count: Expr, dtype: DType) -> Expr:
    if isinstance(count, Const):
        return Const(int(count.value) * dtype.bytes, I32)
    return count if dtype.bytes == 1 else Binary("*", count, Const(dtype.bytes, I32), I32)


def results_of(offers: Iterable[Offer]) -> dict[tuple[str, str], tuple[int, int]]:
    """What a mover wants to know of instructions that take a count."""
    out: dict[tuple[str, str], tuple[int, int]] = {}
    for o in offers:
        at = {p.name: n for n, p in enumerate(o.meaning.params)}
        reads = {n.data for n in sym.collect(o.value, lambda n: n.op == "ld")}
        if o.lane is None and o.count:
            out[o.meaning.name, o.meaning.key] = at.get(o.out, -1), -1
        elif o.out in at and o.count in at and o.out not in reads:
            out[o.meaning.name, o.meaning.key] = at[o.out], at[o.count]
    return out
