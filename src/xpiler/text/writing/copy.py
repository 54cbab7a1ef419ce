"""Copies of whole aggregates, which the IR spells element by element, found again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from xpiler.fault import NOWHERE, Span
from xpiler.ir.nodes import (
    Addr, Alloc, Binary, Const, Expr, For, Intrinsic, Kernel, Load, Stmt, Store,
)
from xpiler.ir.walk import walk
from xpiler.text.writing.scope import Scope


@dataclass(frozen=True)
class Copy:
    """target = source, both whole aggregates of one type."""

    target: Addr
    source: Addr
    span: Span = NOWHERE


Piece = Stmt | Copy


def mentions(kernel: Kernel) -> Counter[str]:
    """How often each buffer is read or its address taken."""
    return Counter(e.buffer for e in walk(kernel) if isinstance(e, Load | Addr))


def gathered(stmts: tuple[Stmt, ...], scope: Scope, uses: Counter[str]) -> tuple[Piece, ...]:
    """The statements with element-wise copies of aggregates made whole.

    A call whose result is only copied on gives its result to the copy's target."""
    out: list[Piece] = []
    i = 0
    while i < len(stmts):
        copy, count = _copy(stmts, i, scope)
        if copy is None:
            out.append(stmts[i])
            i += 1
            continue
        passed = _passed_on(out, copy, uses, count, scope)
        if passed is None:
            out.append(copy)
        else:
            out[-2:] = [passed]
        i += count
    return tuple(out)


def _copy(stmts: tuple[Stmt, ...], i: int, scope: Scope) -> tuple[Copy | None, int]:
    match stmts[i]:
        case For(var, Const(0), Const(stop), Const(1), (Store(target, at, Load(source, of, dtype)),)) if (
            at == of == var and _alike(target, source, scope) == stop
        ):
            zero = Const(0, at.dtype)
            return Copy(Addr(target, zero, dtype), Addr(source, zero, dtype), stmts[i].span), 1
        case Store(target, at, Load(source, of, dtype)) if lanes := _alike(target, source, scope):
            run = stmts[i : i + lanes]
            if len(run) == lanes and all(_element(s, k, target, at, source, of) for k, s in enumerate(run)):
                return Copy(Addr(target, at, dtype), Addr(source, of, dtype), stmts[i].span), lanes
    return None, 1


def _alike(target: str, source: str, scope: Scope) -> int:
    """The number of elements of two aggregates of one type, 0 if they are no such pair."""
    lanes = scope.aggregates.get(target, 0)
    same = lanes and scope.aggregates.get(source) == lanes and target != source
    return lanes if same and scope.buffers[target].ctype == scope.buffers[source].ctype else 0


def _element(s: Stmt, k: int, target: str, at: Expr, source: str, of: Expr) -> bool:
    match s:
        case Store(d, to, Load(e, by)):
            return d == target and e == source and _offset(to, at, k) and _offset(by, of, k)
    return False


def _offset(index: Expr, base: Expr, k: int) -> bool:
    """Whether index = base + k."""
    match index, base:
        case Const(x), Const(y):
            return x == y + k
        case Binary("+", inner, Const(x)), _ if inner == base:
            return x == k
    return k == 0 and index == base


def _passed_on(
    out: list[Piece], copy: Copy, uses: Counter[str], count: int, scope: Scope
) -> Intrinsic | None:
    """`T v = f(..); t = v;` as `t = f(..)`, if nothing else reads v."""
    if len(out) < 2:
        return None
    match out[-2], out[-1]:
        case Alloc(buffer, ()), Intrinsic(result=Addr(name)) as call if (
            buffer.name == name == copy.source.buffer
            # A loop names the source once, a run of stores once an element; the call's result is one more.
            and uses[name] == 1 + count
        ):
            return replace(call, result=copy.target)
    return None
