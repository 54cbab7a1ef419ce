"""Kernels as IR, written with a few operators, for the pass tests."""

from __future__ import annotations

from dataclasses import dataclass

from xpiler.ir.nodes import (
    Alloc, Assign, Barrier, Binary, Buffer, Call, Const, Expr, For, If, Kernel, Let, Load, Shuffle, Stmt, Store, Var,
)
from xpiler.ir.types import DType

F, I, B = DType.F32, DType.I32, DType.BOOL


@dataclass(frozen=True)
class E:
    """An expression with Python's operators."""

    e: Expr

    def __add__(self, o: object) -> E:
        return _binary("+", self, o)

    def __radd__(self, o: object) -> E:
        return _binary("+", ex(o), self)

    def __sub__(self, o: object) -> E:
        return _binary("-", self, o)

    def __mul__(self, o: object) -> E:
        return _binary("*", self, o)

    def __rmul__(self, o: object) -> E:
        return _binary("*", ex(o), self)

    def __truediv__(self, o: object) -> E:
        return _binary("/", self, o)

    def __floordiv__(self, o: object) -> E:
        return _binary("/", self, o)

    def __mod__(self, o: object) -> E:
        return _binary("%", self, o)

    def __lt__(self, o: object) -> E:
        return _compare("<", self, o)

    def eq(self, o: object) -> E:
        return _compare("==", self, o)


def ex(x: object) -> E:
    if isinstance(x, E):
        return x
    return E(Const(x, F if isinstance(x, float) else I))  # type: ignore[arg-type]


def _binary(op: str, a: E, b: object) -> E:
    right = ex(b).e
    return E(Binary(op, a.e, right, a.e.dtype))


def _compare(op: str, a: E, b: object) -> E:
    return E(Binary(op, a.e, ex(b).e, B))


def var(name: str, dtype: DType = I) -> E:
    return E(Var(name, dtype))


def load(buffer: str, index: object, dtype: DType = F) -> E:
    return E(Load(buffer, ex(index).e, dtype))


def call(name: str, *args: object) -> E:
    parts = tuple(ex(a).e for a in args)
    return E(Call(name, parts, parts[0].dtype))


def store(buffer: str, index: object, value: object) -> Store:
    return Store(buffer, ex(index).e, ex(value).e)


def let(name: str, value: object, dtype: DType = F) -> Let:
    return Let(Var(name, dtype), None if value is None else ex(value).e)


def assign(name: str, value: object, dtype: DType = F) -> Assign:
    return Assign(Var(name, dtype), ex(value).e)


def loop(name: str, stop: object, *body: Stmt, start: object = 0, step: object = 1, kind: str = "serial") -> For:
    return For(Var(name, I), ex(start).e, ex(stop).e, ex(step).e, body, kind)


def when(cond: E, *body: Stmt, orelse: tuple[Stmt, ...] = ()) -> If:
    return If(cond.e, body, orelse)


def array(name: str, size: int, space: str = "local", dtype: DType = F) -> Alloc:
    return Alloc(Buffer(name, dtype, Const(size, I), space))


def shuffle(result: str, kind: str, value: E, lane: object, width: int = 32) -> tuple[Stmt, ...]:
    v = Var(result, value.e.dtype)
    return Let(v, None), Shuffle(v, kind, value.e, ex(lane).e, width, width, Const(0xFFFFFFFF, I))


def kernel(name: str, params: str, *body: Stmt) -> Kernel:
    """params: "x y n:i": arrays of float, and scalars marked with a type."""
    made = []
    for p in params.split():
        n, _, t = p.partition(":")
        made.append(Var(n, {"i": I, "f": F}[t]) if t else Buffer(n, F, None))
    return Kernel(name, tuple(made), body)


BARRIER = Barrier("block")


def threads(n: int, *body: Stmt) -> For:
    return loop("t", n, *body, kind="thread.x")


def softmax_block(n: int = 128, t: int = 64) -> Kernel:
    """One block per row; warp shuffles, then shared memory between the warps."""
    warps = t // 32
    tid, row = var("t"), var("row")

    def reduce(what: str, acc: str, op: str) -> list[Stmt]:
        out: list[Stmt] = []
        for s in (16, 8, 4, 2, 1):
            other = f"{what}{s}"
            out += shuffle(other, "xor", var(acc, F), s)
            mine, theirs = var(acc, F), var(other, F)
            out.append(assign(acc, call("max", mine, theirs) if op == "max" else mine + theirs))
        out.append(when((tid % 32).eq(0), store("scratch", tid // 32, var(acc, F))))
        out.append(BARRIER)
        out.append(assign(acc, load("scratch", 0)))
        for w in range(1, warps):
            mine, theirs = var(acc, F), load("scratch", w)
            out.append(assign(acc, call("max", mine, theirs) if op == "max" else mine + theirs))
        out.append(BARRIER)
        return out

    body = [
        let("m", -1e30),
        loop("j", n, assign("m", call("max", var("m", F), load("x", row * n + var("j")))), start=tid, step=t),
        *reduce("a", "m", "max"),
        let("s", 0.0),
        loop("j2", n, assign("s", var("s", F) + call("exp", load("x", row * n + var("j2")) - var("m", F))),
             start=tid, step=t),
        *reduce("b", "s", "+"),
        loop("j3", n, store("y", row * n + var("j3"),
                            call("exp", load("x", row * n + var("j3")) - var("m", F)) / var("s", F)),
             start=tid, step=t),
    ]
    return kernel("softmax", "x y rows:i", loop(
        "row", var("rows"), array("scratch", warps, "shared"), threads(t, *body), kind="block.x"))


def tree_sum(t: int = 64) -> Kernel:
    """A sum per block by halving in shared memory."""
    tid, b = var("t"), var("b")
    steps: list[Stmt] = []
    s = t // 2
    while s:
        steps += [when(tid < s, store("sh", tid, load("sh", tid) + load("sh", tid + s))), BARRIER]
        s //= 2
    return kernel("tree", "x y blocks:i", loop(
        "b", var("blocks"), array("sh", t, "shared"), threads(
            t, store("sh", tid, load("x", b * t + tid)), BARRIER, *steps,
            when(tid.eq(0), store("y", b, load("sh", 0)))), kind="block.x"))


def tiled_product(n: int = 16, t: int = 4) -> Kernel:
    """C = A B in shared-memory tiles, a barrier before and after each use."""
    ty, tx, by, bx, kt = var("t") // t, var("t") % t, var("by"), var("bx"), var("kt")
    row, col = by * t + ty, bx * t + tx
    acc = assign("acc", var("acc", F) + load("As", ty * t + var("k")) * load("Bs", var("k") * t + tx))
    inner = threads(
        t * t, let("acc", 0.0),
        loop("kt", n // t,
             store("As", ty * t + tx, load("A", row * n + kt * t + tx)),
             store("Bs", ty * t + tx, load("B", (kt * t + ty) * n + col)),
             BARRIER, loop("k", t, acc), BARRIER),
        store("C", row * n + col, var("acc", F)))
    return kernel("product", "A B C", loop("by", n // t, loop(
        "bx", n // t, array("As", t * t, "shared"), array("Bs", t * t, "shared"), inner, kind="block.x"),
        kind="block.y"))


def guarded_scale(t: int = 8) -> Kernel:
    """y[i] = 2 x[i] + 1 for i < n, one element per thread."""
    at = var("b") * t + var("t")
    return kernel("scale", "x y n:i", loop("b", (var("n") + (t - 1)) // t, threads(
        t, let("i", at, I), when(var("i") < var("n"), store("y", var("i"), load("x", var("i")) * 2.0 + 1.0))),
        kind="block.x"))


def down_sum(t: int = 64) -> Kernel:
    """A sum per warp by shuffling down."""
    tid = var("t")
    body: list[Stmt] = [let("v", load("x", var("b") * t + tid))]
    for s in (16, 8, 4, 2, 1):
        body += shuffle(f"o{s}", "down", var("v", F), s)
        body.append(assign("v", var("v", F) + var(f"o{s}", F)))
    body.append(when((tid % 32).eq(0), store("y", var("b") * (t // 32) + tid // 32, var("v", F))))
    return kernel("down", "x y blocks:i", loop("b", var("blocks"), threads(t, *body), kind="block.x"))
