"""How many terms one output sums up: rounding grows with it, so the tolerance does."""

from __future__ import annotations

from collections.abc import Mapping

from xpiler.ir.nodes import (
    Addr, Alloc, Assign, Atomic, Binary, Call, Cast, Expr, For, If, Intrinsic, Kernel, Launch, Load, Program, Shuffle,
    Stmt, Store, Unary, Var, While,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import bodies, loads, statements, subexpressions, walk
from xpiler.verify.evaluate import NoValue, Number, evaluate, run_scalars

# A loop whose length cannot be computed here counts as this many terms.
UNKNOWN_LENGTH = 64
# Threads a tree over shared memory may gather from: the largest block.
BLOCK = 1024
# What one intrinsic may sum up inside (a matrix instruction's inner dimension).
UNKNOWN_INTRINSIC = 64

EPS: Mapping[DType, float] = {
    DType.F64: 2.0**-52, DType.F32: 2.0**-23, DType.F16: 2.0**-10, DType.BF16: 2.0**-7,
}


def terms(program: Program, scalars: Mapping[str, Number]) -> int:
    """An upper estimate of the number of terms accumulated into one element, at these scalars."""
    if program.launcher is None:
        return max((_kernel(k, dict(scalars)) for k in program.kernels), default=1)
    env = run_scalars(program.launcher.body, scalars)
    found = [1]
    for s in statements(program.launcher):
        if isinstance(s, Launch):
            k = program.kernel(s.kernel)
            found.append(_kernel(k, _bind(k, s.args, env)))
    return max(found)


def precision(program: Program) -> float:
    """The unit of rounding of the least precise arithmetic or conversion the kernels do.

    A conversion on the way into an array that nobody reads does not count: it rounds the result, once. 0 where numbers
    are only moved about, and converted once: each result has one right value."""
    if _only_moves(program):
        return 0.0
    read = {e.buffer for k in program.kernels for e in walk(k) if isinstance(e, Load | Addr)}
    last = {
        id(s.value) for k in program.kernels for s in statements(k)
        if isinstance(s, Store) and isinstance(s.value, Cast) and s.buffer not in read
    }
    units = {
        EPS[e.dtype]
        for k in program.kernels
        for e in walk(k)
        if isinstance(e, Binary | Unary | Call | Cast) and e.dtype in EPS and id(e) not in last
    }
    return max(units, default=EPS[DType.F32])


def _only_moves(program: Program) -> bool:
    """Whether nothing is computed of floats, but that one conversion at the end may go to a type that does not hold
    them."""
    known = {(m.name, m.key) for m in program.meanings}
    parts = (*program.kernels, *program.meanings, *(() if program.launcher is None else (program.launcher,)))
    narrowed, widened = list[DType](), set[DType]()
    for part in parts:
        for x in walk(part):
            match x:
                case Atomic():
                    return False
                case Intrinsic(name, key=key) if (name, key) not in known:
                    return False
                case Binary(dtype=to) | Call(dtype=to) if to.is_float:
                    return False
                case Cast(a, to) if to.is_float and a.dtype.is_float and EPS[to] <= EPS[a.dtype]:
                    widened.add(a.dtype)
                case Cast(_, to) if to.is_float:
                    narrowed.append(to)
    return len(narrowed) <= 1 and not widened & {*narrowed} and not program.unread


def _bind(k: Kernel, args: tuple[Expr, ...], env: Mapping[str, Number]) -> dict[str, Number]:
    out: dict[str, Number] = {}
    for p, a in zip(k.params, args, strict=True):
        if isinstance(p, Var) and not isinstance(a, Addr):
            try:
                out[p.name] = evaluate(a, env)
            except NoValue:
                continue
    return out


def _kernel(k: Kernel, env: dict[str, Number]) -> int:
    shared = frozenset(
        s.buffer.name for s in statements(k) if isinstance(s, Alloc) and s.buffer.space not in ("local", "global"))
    return max((_body((s,), env, 1, 1, shared) for s in k.body), default=1)


def _body(
    body: tuple[Stmt, ...], env: dict[str, Number], around: int, copies: int, shared: frozenset[str]
) -> int:
    """The largest product of loop lengths around an accumulation. `copies` counts the iterations of the axis loops
    around: they add up where an element is shared (atomics) or was made by others (a tree over shared memory)."""
    most = 1
    for s in body:
        match s:
            case For(var, start, stop, step, inner, kind):
                env[var.name] = _or_zero(start, env)
                serial = kind in ("serial", "unroll", "vector")
                length = _length(start, stop, step, env)
                inside = (around * length, copies) if serial else (around, copies * length)
                most = max(most, _body(inner, env, *inside, shared))
            case While(_, inner):
                most = max(most, _body(inner, env, around * UNKNOWN_LENGTH, copies, shared))
            case If():
                most = max([most, *(_body(b, env, around, copies, shared) for b in bodies(s))])
            case Assign(var, value) if any(e == var for e in subexpressions(value)):
                most = max(most, around)
            case Store(buffer, _, value) if any(loads(value, buffer)):
                most = max(most, around * (min(copies, BLOCK) if buffer in shared else 1))
            case Atomic():
                most = max(most, around * copies)
            case Shuffle():
                most = max(most, around * s.warp)
            case Intrinsic():
                most = max(most, around * UNKNOWN_INTRINSIC)
    return most


def _or_zero(e: Expr, env: Mapping[str, Number]) -> Number:
    try:
        return evaluate(e, env)
    except NoValue:
        return 0


def _length(start: Expr, stop: Expr, step: Expr, env: Mapping[str, Number]) -> int:
    try:
        a, b, c = (int(evaluate(e, env)) for e in (start, stop, step))
    except NoValue:
        return UNKNOWN_LENGTH
    return max(1, -(-(b - a) // c)) if c > 0 else UNKNOWN_LENGTH


__all__ = ["EPS", "precision", "terms"]
