"""A small, slow, obvious interpreter of the IR: the independent meaning passes are tested against.

Threads are Python generators that yield at barriers and lane exchanges; blocks run one after another. The numbers are
an argument: double precision, or the exact ones of exact.py.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

import numpy as np

from xpiler.ir.nodes import (
    Addr, Alloc, Assign, Barrier, Binary, Buffer, Call, Cast, Const, Expr, For, If, Intrinsic, Kernel, Let, Load,
    Meaning, Return, Select, Shuffle, Stmt, Store, Unary, Var, While,
)
from xpiler.ir.types import DType

NUMPY = {
    DType.BOOL: np.bool_, DType.I8: np.int8, DType.U8: np.uint8, DType.I16: np.int16, DType.U16: np.uint16,
    DType.I32: np.int64, DType.U32: np.int64, DType.I64: np.int64, DType.U64: np.int64,
    DType.F16: np.float16, DType.F32: np.float64, DType.F64: np.float64,
}
AXES = ("block.z", "block.y", "block.x", "task")
THREADS = ("thread.z", "thread.y", "thread.x")
MATH = {
    "exp": math.exp, "sqrt": math.sqrt, "abs": abs, "max": max, "min": min, "tanh": math.tanh,
    "fma": lambda a, b, c: a * b + c, "rsqrt": lambda a: 1 / math.sqrt(a), "floor": lambda a: float(math.floor(a)),
    "trunc": lambda a: float(math.trunc(a)),
    "bits.f16.u16": lambda a: int(np.float16(a).view(np.uint16)),
    "bits.u16.f16": lambda a: float(np.uint16(a).view(np.float16)),
}


class _Left(Exception):
    """A thread returned."""


class Numbers(Protocol):
    """What the values of a program are. Operators are Python's own, on what these functions make."""

    unset: Any  # a scalar nobody has assigned

    def settled(self, x: Any, dtype: DType) -> Any:
        """The result of an operation, as its type holds it."""

    def cast(self, x: Any, dtype: DType) -> Any:
        """x converted to a type; constants come this way too."""

    def array(self, size: int, dtype: DType) -> np.ndarray:
        """An array nobody has written."""

    def loaded(self, x: Any) -> Any:
        """An element of an array as a value."""

    def call(self, name: str, args: list[Any]) -> Any:
        """A function of the IR."""


class Doubles:
    """Floats are computed in double, integers without a bound."""

    unset = None

    def settled(self, x: Any, dtype: DType) -> Any:
        return x

    def cast(self, x: Any, dtype: DType) -> Any:
        return _cast(x, dtype)

    def array(self, size: int, dtype: DType) -> np.ndarray:
        return np.full(size, np.nan if dtype.is_float else 77, NUMPY[dtype])

    def loaded(self, x: Any) -> Any:
        return x.item()

    def call(self, name: str, args: list[Any]) -> Any:
        return MATH[name](*args)


IN_ORDER = ("serial", "unroll", "vector")  # loops whose iterations follow each other
Order = Callable[[Iterable[int]], Iterable[int]]  # in which order independent iterations run


# What an intrinsic does: its body, or a function of its operands, addresses as the array from there on.
Meanings = Mapping[tuple[str, str], "Meaning | Callable[[Intrinsic, list[Any]], None]"]


def run(
    kernel: Kernel, arrays: dict[str, np.ndarray], *, numbers: Numbers | None = None, order: Order = iter,
    meanings: Meanings | None = None, **scalars: Any,
) -> None:
    """Execute a kernel on flat arrays, in place."""
    env = {"~numbers": numbers or Doubles(), "~order": order, "~meanings": meanings or {}}
    _body(kernel.body, env | scalars, dict(arrays))


def _body(body: tuple[Stmt, ...], env: dict[str, Any], memory: dict[str, np.ndarray]) -> None:
    for s in body:
        if isinstance(s, For) and s.kind in THREADS:
            _block(s, env, memory)
        else:
            for _ in _step(s, env, memory):
                raise AssertionError("a meeting point outside thread loops")


def _block(s: For, env: dict[str, Any], memory: dict[str, np.ndarray]) -> None:
    nest, inner = [s], s.body
    while len(inner) == 1 and isinstance(inner[0], For) and inner[0].kind in THREADS:
        nest.append(inner[0])
        inner = inner[0].body
    shared: dict[str, np.ndarray] = {}
    threads = []
    ids = list(itertools.product(*[range(int(_value(f.stop, env, memory))) for f in nest]))
    for lane, index in enumerate(ids):
        own = env | {f.var.name: i for f, i in zip(nest, index, strict=True)} | {"~lane": lane}
        threads.append(_thread(inner, own, memory, shared))
    waiting: dict[int, Any] = {}
    live = set(range(len(threads)))
    sent: dict[int, Any] = dict.fromkeys(live)
    while live:
        waiting = {}
        for t in sorted(live):
            try:
                waiting[t] = threads[t].send(sent[t])
            except StopIteration:
                live.discard(t)
            sent[t] = None
        for t, request in waiting.items():
            if isinstance(request, tuple):
                sent[t] = _exchange(t, request, waiting)


def _exchange(t: int, request: tuple[Any, ...], waiting: dict[int, Any]) -> Any:
    kind, _, lane, width = request
    base, place = t - t % width, t % width
    if kind in ("any", "all"):
        votes = [waiting[lane][1] for lane in range(base, base + width) if lane in waiting]
        return int(any(votes) if kind == "any" else all(votes))
    source = {"xor": place ^ lane, "down": place + lane, "up": place - lane, "idx": lane % width}[kind]
    if not 0 <= source < width:
        source = place
    return waiting[base + source][1]


def _thread(
    body: tuple[Stmt, ...], env: dict[str, Any], memory: dict[str, np.ndarray], shared: dict[str, np.ndarray]
) -> Iterator[Any]:
    own = dict(memory)
    env["~shared"] = shared
    try:
        for s in body:
            yield from _step(s, env, own)
    except _Left:
        return


def _step(s: Stmt, env: dict[str, Any], memory: dict[str, np.ndarray]) -> Iterator[Any]:
    match s:
        case Let(v, value):
            numbers = env["~numbers"]
            env[v.name] = numbers.unset if value is None else numbers.cast(_value(value, env, memory), v.dtype)
        case Assign(v, value):
            env[v.name] = env["~numbers"].cast(_value(value, env, memory), v.dtype)
        case Store(buffer, index, value):
            i = int(_value(index, env, memory))
            assert 0 <= i < len(memory[buffer]), f"{buffer}[{i}]"
            memory[buffer][i] = _value(value, env, memory)
        case Alloc(buffer, init):
            size = int(_value(buffer.extent, env, memory))  # type: ignore[arg-type]
            fresh = env["~numbers"].array(size, buffer.dtype)
            for n, e in enumerate(init):
                fresh[n] = _value(e, env, memory)
            if buffer.space == "shared" and "~shared" in env:
                fresh = env["~shared"].setdefault(buffer.name, fresh)
            memory[buffer.name] = fresh
        case For(v, start, stop, step, body, kind):
            if kind in THREADS:
                _block(s, env, memory)
                return
            first, last, by = (int(_value(e, env, memory)) for e in (start, stop, step))
            steps: Iterable[int] = range(first, last, by)
            for i in steps if kind in IN_ORDER else env["~order"](steps):
                env[v.name] = i
                if kind in AXES:
                    _body(body, dict(env), dict(memory))
                    continue
                for inner in body:
                    yield from _step(inner, env, memory)
        case If(cond, then, orelse):
            for inner in then if _value(cond, env, memory) else orelse:
                yield from _step(inner, env, memory)
        case While(cond, body):
            while _value(cond, env, memory):
                for inner in body:
                    yield from _step(inner, env, memory)
        case Intrinsic():
            _call(s, env, memory)
        case Barrier():
            yield "barrier"
        case Shuffle():
            lane = int(_value(s.lane, env, memory))
            env[s.result.name] = yield (s.kind, _value(s.value, env, memory), lane, s.width)
        case Return():
            raise _Left
        case _:
            raise AssertionError(f"not interpreted: {s}")


def _call(s: Intrinsic, env: dict[str, Any], memory: dict[str, np.ndarray]) -> None:
    """An intrinsic: its operands first, then its body on them, then its result to where it goes."""
    operands = [_address(a, env, memory) if isinstance(a, Addr) else _value(a, env, memory) for a in s.args]
    to = _address(s.result, env, memory) if isinstance(s.result, Addr) else None
    meaning = env["~meanings"][s.name, s.key]
    if not isinstance(meaning, Meaning):
        meaning(s, operands)
        return
    numbers, own = env["~numbers"], {k: v for k, v in env.items() if k.startswith("~")}
    held: dict[str, np.ndarray] = {}
    for p, x in zip(meaning.params, operands, strict=True):
        if isinstance(p, Buffer):
            held[p.name] = x
        else:
            own[p.name] = numbers.cast(x, p.dtype)
    match meaning.result:
        case Buffer(name, dtype, Const(size)):
            held[name] = numbers.array(int(size), dtype)
        case Var(name):
            own[name] = numbers.unset
    _body(meaning.body, own, held)
    if to is not None and meaning.result is not None:
        made = held[meaning.result.name]
        to[: len(made)] = made
    elif isinstance(s.result, Var) and meaning.result is not None:
        env[s.result.name] = numbers.cast(own[meaning.result.name], s.result.dtype)


def _address(a: Addr, env: dict[str, Any], memory: dict[str, np.ndarray]) -> np.ndarray:
    i = int(_value(a.index, env, memory))
    assert 0 <= i < len(memory[a.buffer]), f"&{a.buffer}[{i}]"
    return memory[a.buffer][i:]


def _cast(x: Any, dtype: DType) -> Any:
    if dtype.is_float:
        return float(np.float16(x)) if dtype is DType.F16 else float(x)
    if dtype is DType.BOOL:
        return bool(x)
    bits = dtype.bits
    n = int(x) & ((1 << bits) - 1)
    return n - (1 << bits) if dtype.is_signed and n >> (bits - 1) else n


def _value(e: Expr, env: dict[str, Any], memory: dict[str, np.ndarray]) -> Any:
    match e:
        case Const(v, dtype):
            return env["~numbers"].cast(v, dtype)
        case Var(name):
            return env[name]
        case Load(buffer, index):
            i = int(_value(index, env, memory))
            assert 0 <= i < len(memory[buffer]), f"{buffer}[{i}]"
            return env["~numbers"].loaded(memory[buffer][i])
        case Unary(op, a, dtype):
            x = _value(a, env, memory)
            out = {"-": lambda: -x, "!": lambda: not x, "~": lambda: ~int(x)}[op]()
            return env["~numbers"].settled(out, dtype)
        case Binary(op, a, b, dtype):
            out = _binary(op, _value(a, env, memory), lambda: _value(b, env, memory), dtype)
            return env["~numbers"].settled(out, dtype)
        case Select(c, a, b):
            return _value(a if _value(c, env, memory) else b, env, memory)
        case Cast(a, dtype):
            return env["~numbers"].cast(_value(a, env, memory), dtype)
        case Call(name, args, dtype):
            out = env["~numbers"].call(name, [_value(a, env, memory) for a in args])
            return env["~numbers"].settled(out, dtype)
    raise AssertionError(f"not interpreted: {e}")


def _binary(op: str, x: Any, later: Any, dtype: DType) -> Any:
    if op == "&&":
        return bool(x) and bool(later())
    if op == "||":
        return bool(x) or bool(later())
    y = later()
    if op == "/" and not dtype.is_float:
        return _quotient(int(x), int(y)) if y else 0
    if op == "%":
        return int(x) - int(y) * _quotient(int(x), int(y))
    table = {
        "+": lambda: x + y, "-": lambda: x - y, "*": lambda: x * y, "/": lambda: x / y, "<": lambda: x < y,
        "<=": lambda: x <= y, ">": lambda: x > y, ">=": lambda: x >= y, "==": lambda: x == y, "!=": lambda: x != y,
        "&": lambda: int(x) & int(y), "|": lambda: int(x) | int(y), "^": lambda: int(x) ^ int(y),
        "<<": lambda: int(x) << int(y), ">>": lambda: int(x) >> int(y),
    }
    return table[op]()


def _quotient(x: int, y: int) -> int:
    """x / y, rounded towards zero as in C."""
    return abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)


def buffers(kernel: Kernel) -> list[Buffer]:
    """The array parameters of a kernel."""
    return [p for p in kernel.params if isinstance(p, Buffer)]
