"""A small interpreter of programs, statement by statement: what the proofs are held against. It shares no code with
them. Threads of a block run in turn from barrier to barrier."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from xpiler.ir.nodes import (
    Addr, Alloc, Assign, Barrier, Binary, Call, Cast, Const, Expr, For, If, Intrinsic, Launch, Let, Load, Program,
    Return, Select, Stmt, Store, Unary, Var,
)

Number = int | float | Fraction
Memory = dict[str, dict[int, Number]]


class Left(Exception):
    """A thread returned."""


class Interpreter:
    """One program; floats are exact fractions."""

    def __init__(self, program: Program) -> None:
        self.program = program
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

    def body(self, body: tuple[Stmt, ...], names: dict[str, Number], places: Memory) -> Iterator[None]:
        for s in body:
            yield from self.statement(s, names, places)

    def statement(self, s: Stmt, names: dict[str, Number], places: Memory) -> Iterator[None]:
        match s:
            case Let(v, value) | Assign(v, value):
                if value is not None:
                    names[v.name] = self.value(value, names, places)
            case Store(b, index, value):
                places[b][int(self.value(index, names, places))] = self.value(value, names, places)
            case Alloc(b):
                places[b.name] = {}
            case If(cond, then, orelse):
                yield from self.body(then if self.value(cond, names, places) else orelse, names, places)
            case For(v, start, stop, step, body, kind):
                lo, hi, by = (int(self.value(e, names, places)) for e in (start, stop, step))
                if kind.startswith("thread"):
                    yield from self.threads(v.name, hi, body, names, places)
                    return
                axis = kind not in ("serial", "unroll", "vector", "parallel")
                for i in range(lo, hi, by):
                    names[v.name] = i
                    try:
                        yield from self.body(body, names, places)
                    except Left:
                        if not axis:
                            raise
            case Barrier():
                yield
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
    ) -> Iterator[None]:
        running = [self.body(body, {**names, name: t}, dict(places)) for t in range(count)]
        while running:
            met = []
            for thread in running:
                try:
                    next(thread)
                    met.append(thread)
                except (StopIteration, Left):
                    pass
            running = met
            if running:
                yield

    def value(self, e: Expr, names: dict[str, Number], places: Memory) -> Number:
        match e:
            case Const(value, dtype):
                return _real(value) if dtype.is_float else int(value)
            case Var(name):
                return names[name]
            case Load(b, index):
                return places[b][int(self.value(index, names, places))]
            case Unary("-", a):
                return -self.value(a, names, places)
            case Unary("!", a):
                return int(not self.value(a, names, places))
            case Binary(op, a, b):
                return self.binary(op, self.value(a, names, places), lambda: self.value(b, names, places))
            case Select(cond, a, b):
                return self.value(a if self.value(cond, names, places) else b, names, places)
            case Cast(a, dtype):
                x = self.value(a, names, places)
                return _real(x) if dtype.is_float else int(x)
            case Call("max", (a, b)):
                return max(self.value(a, names, places), self.value(b, names, places))
            case Call("min", (a, b)):
                return min(self.value(a, names, places), self.value(b, names, places))
        raise NotImplementedError(type(e).__name__)

    def binary(self, op: str, x: Number, later: object) -> Number:
        assert callable(later)
        if op == "&&":
            return int(bool(x) and bool(later()))
        if op == "||":
            return int(bool(x) or bool(later()))
        y = later()
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


class Window(dict[int, Number]):
    """A buffer seen from a place in it."""

    def __init__(self, under: dict[int, Number], base: int) -> None:
        super().__init__()
        self.under, self.base = under, base

    def __getitem__(self, i: int) -> Number:
        return self.under[self.base + i]

    def __setitem__(self, i: int, x: Number) -> None:
        self.under[self.base + i] = x
