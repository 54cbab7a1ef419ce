"""Every access of a small program, by running each of its threads: what the judges of all inputs are held against.

Slow and obvious on purpose, and it shares nothing with them. A thread runs alone; loads give what the input arrays
hold, or 0. Barriers are counted: two threads of a block are unordered where their counts are the same."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from xpiler.ir.nodes import (
    Alloc, Assign, Atomic, Barrier, Binary, Break, Call, Cast, Const, Continue, Expr, For, If, Let, Load, Program,
    Return, Select, Stmt, Store, Unary, Var, While,
)
from xpiler.verify.evaluate import convert

PLAIN = ("serial", "unroll", "vector", "parallel")
Id = tuple[int, ...]


class Endless(Exception):
    """More steps than a small program takes."""


class _Return(Exception):
    pass


class _Break(Exception):
    pass


class _Continue(Exception):
    pass


@dataclass(frozen=True)
class Touch:
    block: Id
    thread: Id
    buffer: str
    index: int
    kind: str
    interval: int
    value: Any = None


@dataclass
class Thread:
    block: Id
    thread: Id
    env: dict[str, Any]
    touches: list[Touch]
    barriers: list[int]  # the barriers it came to, by their place in the text
    steps: int = 0
    returned: bool = False


@dataclass
class Runs:
    """All threads of one launch, and the extents of the arrays."""

    threads: list[Thread]
    extents: dict[str, int]
    private: set[str]
    shared: set[str]

    def outside(self) -> list[Touch]:
        return [t for r in self.threads for t in r.touches if not 0 <= t.index < self.extents[t.buffer]]

    def divergent(self, strict: bool = False) -> bool:
        """Whether a thread of some block passes barriers that another never comes to. A thread that returned is not
        waited for; `strict`: it counts too, for it may have gone round the barrier before."""
        for _, group in itertools.groupby(self.threads, key=lambda r: r.block):
            runs = list(group)
            longest = max((r.barriers for r in runs), key=len)
            for r in runs:
                short = len(r.barriers) < len(longest) and (strict or not r.returned)
                if short or r.barriers != longest[: len(r.barriers)]:
                    return True
        return False

    def racing(self) -> list[tuple[Touch, Touch]]:
        """Pairs that conflict: unordered, one writes, not both atomic, and not two stores of one value."""
        places: dict[tuple[str, int], list[Touch]] = {}
        for r in self.threads:
            for t in r.touches:
                if t.buffer not in self.private:
                    places.setdefault((t.buffer, t.index), []).append(t)
        return [(a, b) for ts in places.values() for a, b in itertools.combinations(ts, 2) if self._race(a, b)]

    def _race(self, a: Touch, b: Touch) -> bool:
        if (a.block, a.thread) == (b.block, b.thread) or {a.kind, b.kind} in ({"read"}, {"atomic"}):
            return False
        if a.buffer in self.shared and a.block != b.block:
            return False
        if a.block == b.block and a.interval != b.interval:
            return False
        return not (a.kind == b.kind == "write" and a.value == b.value)


def enumerate_all(program: Program, scalars: dict[str, int], inputs: dict[str, list[int]]) -> Runs:
    """Run every thread of the one kernel of a program."""
    (kernel,) = program.kernels
    extents = {p.name: int(_value(p.extent, dict(scalars), {}, None)) for p in kernel.params if hasattr(p, "extent")}
    runs: list[Thread] = []
    private: set[str] = set()
    shared: set[str] = set()

    def nest(body: tuple[Stmt, ...], env: dict[str, Any], block: Id, thread: Id) -> Iterator[Thread]:
        for s in body:
            if isinstance(s, Alloc):
                (shared if s.buffer.space == "shared" else private).add(s.buffer.name)
                extents[s.buffer.name] = s.buffer.extent.value
        axis = next((s for s in body if isinstance(s, For) and s.kind not in PLAIN), None)
        if axis is None:
            me = Thread(block, thread, dict(env), [], [])
            try:
                _run(body, me, inputs, extents, private)
            except _Return:
                me.returned = True
            yield me
            return
        for k in range(int(_value(axis.stop, env, inputs, None))):
            deeper = {**env, axis.var.name: k}
            if axis.kind.startswith("thread"):
                yield from nest(axis.body, deeper, block, (*thread, k))
            else:
                yield from nest(axis.body, deeper, (*block, k), thread)

    runs += nest(kernel.body, dict(scalars), (), ())
    return Runs(runs, extents, private, shared)


def _run(body: tuple[Stmt, ...], me: Thread, inputs: Any, extents: dict[str, int], private: set[str]) -> None:
    def value(e: Expr) -> Any:
        return _value(e, me.env, inputs, me)

    for s in body:
        me.steps += 1
        if me.steps > 3000:
            raise Endless
        match s:
            case Let(var, v):
                me.env[var.name] = None if v is None else value(v)
            case Assign(var, v):
                me.env[var.name] = value(v)
            case Store(buffer, index, v):
                at, x = value(index), value(v)
                _touch(me, buffer, at, "write", x)
            case Atomic(buffer=buffer, index=index, value=v):
                _touch(me, buffer, value(index), "atomic", value(v))
            case Alloc(b):
                extents[b.name] = b.extent.value
                private.add(b.name)
            case If(cond, then, orelse):
                _run(then if value(cond) else orelse, me, inputs, extents, private)
            case For(var, start, stop, step, inner):
                lo, hi, by = value(start), value(stop), value(step)
                for k in range(lo, hi, by):
                    me.env[var.name] = k
                    if not _iteration(inner, me, inputs, extents, private):
                        break
            case While(cond, inner):
                while value(cond):
                    me.steps += 1
                    if me.steps > 3000:
                        raise Endless
                    if not _iteration(inner, me, inputs, extents, private):
                        break
            case Barrier():
                me.barriers.append(s.span.line)
            case Return():
                raise _Return
            case Break():
                raise _Break
            case Continue():
                raise _Continue
            case _:
                raise TypeError(s)


def _iteration(inner: tuple[Stmt, ...], me: Thread, inputs: Any, extents: Any, private: Any) -> bool:
    try:
        _run(inner, me, inputs, extents, private)
    except _Break:
        return False
    except _Continue:
        pass
    return True


def _touch(me: Thread, buffer: str, index: int, kind: str, value: Any = None) -> None:
    me.touches.append(Touch(me.block, me.thread, buffer, int(index), kind, len(me.barriers), value))


def _value(e: Expr, env: dict[str, Any], inputs: dict[str, list[int]], me: Thread | None) -> Any:
    def of(x: Expr) -> Any:
        return _value(x, env, inputs, me)

    match e:
        case Const(v):
            return v
        case Var(name):
            return env[name]
        case Load(buffer, index):
            at = int(of(index))
            assert me is not None
            _touch(me, buffer, at, "read")
            held = inputs.get(buffer)
            return held[at] if held is not None and 0 <= at < len(held) else 0
        case Cast(a, dtype):
            return convert(of(a), dtype)
        case Select(c, a, b):
            return of(a) if of(c) else of(b)
        case Unary("!", a):
            return not of(a)
        case Unary(op, a, dtype):
            return convert(-of(a) if op == "-" else ~of(a), dtype)
        case Binary("&&", a, b):
            return of(a) and of(b)
        case Binary("||", a, b):
            return of(a) or of(b)
        case Binary(op, a, b, dtype):
            return convert(_operated(op, of(a), of(b)), dtype)
        case Call("min", (a, b)):
            return min(of(a), of(b))
        case Call("max", (a, b)):
            return max(of(a), of(b))
    raise TypeError(e)


def _operated(op: str, a: Any, b: Any) -> Any:
    match op:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "/":
            return a / b if isinstance(a, float) else int(abs(a) // abs(b)) * (1 if (a < 0) == (b < 0) else -1)
        case "%":
            return a - b * (int(abs(a) // abs(b)) * (1 if (a < 0) == (b < 0) else -1))
        case "<<":
            return a << b
        case ">>":
            return a >> b
        case "&":
            return a & b
        case "|":
            return a | b
        case "^":
            return a ^ b
        case "<":
            return a < b
        case "<=":
            return a <= b
        case ">":
            return a > b
        case ">=":
            return a >= b
        case "==":
            return a == b
        case "!=":
            return a != b
    raise TypeError(op)
