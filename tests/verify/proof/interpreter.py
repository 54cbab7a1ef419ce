"""A small interpreter of programs, statement by statement: what the proofs are held against. It shares no code with
them. Threads of a block run in turn from barrier to barrier, in an order that can be given: a program whose results
depend on it has a race. What no program may do is an `Undefined`."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from xpiler.ir.nodes import (
    Addr, Alloc, Assign, Barrier, Binary, Call, Cast, Const, Expr, For, If, Intrinsic, Launch, Let, Load, Program,
    Return, Select, Shuffle, Stmt, Store, Unary, Var, While,
)
from xpiler.ir.types import DType

Number = int | float | Fraction
Memory = dict[str, dict[int, Number]]


class Left(Exception):
    """A thread returned."""


class Undefined(Exception):
    """What a program may not do: read what is not there, divide by zero."""


@dataclass
class Exchange:
    """A thread that waits for the others of its warp."""

    shuffle: Shuffle
    value: Number
    lane: int
    got: Number = 0


class Interpreter:
    """One program; floats are exact fractions. `order` shuffles the threads between barriers."""

    def __init__(self, program: Program, order: random.Random | None = None) -> None:
        self.program = program
        self.order = order
        self.meanings = {(m.name, m.key): m for m in program.meanings}

    def run(self, arrays: list[dict[int, Number]], scalars: dict[str, int]) -> list[dict[int, Number]]:
        """The arrays of the launcher's pointer parameters after it ran."""
        launcher = self.program.launcher
        assert launcher is not None
        pointers = [p for p in launcher.params if not isinstance(p, Var)]
        memory: Memory = {p.name: dict(a) for p, a in zip(pointers, arrays, strict=True)}
        for b in launcher.buffers:
            memory[b.name] = dict(memory[b.host]) if b.host and b.copy_in else {}
        for s in launcher.body:
            assert isinstance(s, Launch)
            k = self.program.kernel(s.kernel)
            names: dict[str, Number] = {}
            places: Memory = {}
            for p, a in zip(k.params, s.args, strict=True):
                if isinstance(a, Addr):
                    places[p.name] = memory[a.buffer]
                else:
                    names[p.name] = self.value(a, dict(scalars), {})
            try:
                for _ in self.body(k.body, names, places):
                    pass
            except Left:
                pass
        for b in launcher.buffers:
            if b.copy_out:
                memory[b.host] |= memory[b.name]
        return [memory[p.name] for p in pointers]

    def body(self, body: tuple[Stmt, ...], names: dict[str, Number], places: Memory) -> Iterator[Exchange | None]:
        for s in body:
            yield from self.statement(s, names, places)

    def statement(self, s: Stmt, names: dict[str, Number], places: Memory) -> Iterator[Exchange | None]:
        match s:
            case Let(v, value) | Assign(v, value):
                if value is not None:
                    names[v.name] = self.value(value, names, places)
            case Store(b, index, value):
                at = int(self.value(index, names, places))
                array = places[b]
                if at < 0 or (isinstance(array, Bounded) and at >= array.size):
                    raise Undefined
                places[b][at] = self.value(value, names, places)
            case Alloc(b, init):
                size = 0 if b.extent is None else int(self.value(b.extent, names, places))
                made = Bounded(size)
                made.update((i, self.value(x, names, places)) for i, x in enumerate(init))
                places[b.name] = made
            case While(cond, body):
                while self.value(cond, names, places):
                    yield from self.body(body, names, places)
            case If(cond, then, orelse):
                yield from self.body(then if self.value(cond, names, places) else orelse, names, places)
            case For(v, start, stop, step, body, kind):
                lo, hi, by = (int(self.value(e, names, places)) for e in (start, stop, step))
                if kind.startswith("thread"):
                    yield from self.threads(v.name, hi, body, names, places)
                    return
                axis = kind not in ("serial", "unroll", "vector", "parallel")
                turns = list(range(lo, hi, by))
                if axis and self.order is not None:
                    self.order.shuffle(turns)
                for i in turns:
                    names[v.name] = i
                    try:
                        yield from self.body(body, names, places)
                    except Left:
                        if not axis:
                            raise
            case Barrier():
                yield None
            case Shuffle(result, _, value, lane):
                met = Exchange(s, self.value(value, names, places), int(self.value(lane, names, places)))
                yield met
                names[result.name] = met.got
            case Return():
                raise Left
            case Intrinsic(name, args, result, key):
                assert result is None
                m = self.meanings[name, key]
                inner: dict[str, Number] = {}
                inside: Memory = {}
                for p, a in zip(m.params, args, strict=True):
                    if isinstance(a, Addr):
                        inside[p.name] = Window(places[a.buffer], int(self.value(a.index, names, places)))
                    else:
                        inner[p.name] = self.value(a, names, places)
                yield from self.body(m.body, inner, inside)
            case _:
                raise NotImplementedError(type(s).__name__)

    def threads(
        self, name: str, count: int, body: tuple[Stmt, ...], names: dict[str, Number], places: Memory
    ) -> Iterator[Exchange | None]:
        running = [self.body(body, {**names, name: t}, dict(places)) for t in range(count)]
        while running:
            met: dict[int, Exchange | None] = {}
            turns = list(range(len(running)))
            if self.order is not None:
                self.order.shuffle(turns)
            for t in turns:
                try:
                    met[t] = next(running[t])
                except (StopIteration, Left):
                    pass
            exchanges = [e for e in met.values() if e is not None]
            if exchanges and len(exchanges) < count:
                raise Undefined
            for t, e in met.items():
                if e is not None:
                    there = met[_partner(e, t)]
                    assert there is not None
                    e.got = there.value
            running = [running[t] for t in sorted(met)]
            if running and not exchanges:
                yield None

    def value(self, e: Expr, names: dict[str, Number], places: Memory) -> Number:
        match e:
            case Const(value, dtype):
                return _real(value) if dtype.is_float else int(value)
            case Var(name):
                return names[name]
            case Load(b, index):
                try:
                    return places[b][int(self.value(index, names, places))]
                except KeyError as none:
                    raise Undefined from none
            case Unary("-", a, dtype):
                return _held(-self.value(a, names, places), dtype)
            case Unary("!", a):
                return int(not self.value(a, names, places))
            case Binary(op, a, b, dtype):
                return _held(
                    self.binary(op, self.value(a, names, places), lambda: self.value(b, names, places)), dtype)
            case Select(cond, a, b):
                return self.value(a if self.value(cond, names, places) else b, names, places)
            case Cast(a, dtype):
                x = self.value(a, names, places)
                return _real(x) if dtype.is_float else int(bool(x)) if dtype is DType.BOOL else _wrapped(int(x), dtype)
            case Call("abs", (a,)):
                return abs(self.value(a, names, places))
            case Call("max", (a, b)):
                return max(self.value(a, names, places), self.value(b, names, places))
            case Call("min", (a, b)):
                return min(self.value(a, names, places), self.value(b, names, places))
        raise NotImplementedError(type(e).__name__)

    def binary(self, op: str, x: Number, later: Callable[[], Number]) -> Number:
        if op == "&&":
            return int(bool(x) and bool(later()))
        if op == "||":
            return int(bool(x) or bool(later()))
        y = later()
        if op in "/%" and not y:
            raise Undefined
        if op in ("<<", ">>") and not 0 <= y < 32:
            raise Undefined
        match op:
            case "+":
                return x + y
            case "-":
                return x - y
            case "*":
                return x * y
            case "/" | "%":
                if not isinstance(x, int):
                    return x / y
                q = abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)
                return q if op == "/" else x - q * y
            case "&":
                return int(x) & int(y)
            case "|":
                return int(x) | int(y)
            case "^":
                return int(x) ^ int(y)
            case "<<":
                return int(x) << int(y)
            case ">>":
                return int(x) >> int(y)
            case "<":
                return int(x < y)
            case "<=":
                return int(x <= y)
            case ">":
                return int(x > y)
            case ">=":
                return int(x >= y)
            case "==":
                return int(x == y)
            case "!=":
                return int(x != y)
        raise NotImplementedError(op)


def _real(x: Number) -> Number:
    return x if isinstance(x, float) and math.isinf(x) else Fraction(x)


def _held(x: Number, dtype: DType) -> Number:
    """The result of an operation of a type: integers wrap, as those of machines do."""
    return x if dtype.is_float or not isinstance(x, int) else _wrapped(x, dtype)


def _wrapped(x: int, dtype: DType) -> int:
    low = -(1 << (dtype.bits - 1)) if dtype.is_signed else 0
    return (x - low) % (1 << dtype.bits) + low


def _partner(e: Exchange, t: int) -> int:
    """The thread of a one-dimensional block whose value an exchange gets."""
    width = e.shuffle.width
    base, lane = t - t % width, t % width
    match e.shuffle.kind:
        case "xor":
            other = lane ^ e.lane
        case "idx":
            other = e.lane % width
        case "down":
            other = lane + e.lane if lane + e.lane < width else lane
        case "up":
            other = lane - e.lane if lane >= e.lane else lane
        case _:
            raise NotImplementedError(e.shuffle.kind)
    return base + other


class Bounded(dict[int, Number]):
    """An array that ends somewhere."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size


class Window(dict[int, Number]):
    """A buffer seen from a place in it."""

    def __init__(self, under: dict[int, Number], base: int) -> None:
        super().__init__()
        self.under, self.base = under, base

    def __getitem__(self, i: int) -> Number:
        return self.under[self.base + i]

    def __setitem__(self, i: int, x: Number) -> None:
        self.under[self.base + i] = x
