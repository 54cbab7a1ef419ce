"""Terms that follow each other rolled up into a fold: x[i] + x[i + d], and one more iteration of a fold."""

from __future__ import annotations

from xpiler.facts import sym
from xpiler.facts.sym.associative import combine, identity_of, is_identity
from xpiler.facts.sym.leaves import ONE, integer, is_const, var
from xpiler.facts.sym.nodes import BOOL, Sym, bounded, extent_of, fold_op, fold_vars, value_of
from xpiler.facts.sym.quotients import div, mod
from xpiler.facts.sym.rewriting import rebuild, substitute
from xpiler.facts.sym.sums import add, mul, scale, sub
from xpiler.ir.types import DType


def reroll(op: str, a: Sym, b: Sym, dtype: DType) -> Sym | None:
    """x op x' -> fold, when x' is x with indices moved by a constant or with one bit of an index flipped."""
    if not (("ld" in a.has or "pld" in a.has or "fold" in a.has) and ("ld" in b.has or "pld" in b.has)):
        return None
    if a.size > 20000:
        return None
    grown = extend(op, a, b, dtype)
    if grown is None and "fold" in a.has and "fold" in b.has:
        grown = concat(op, a, b)
        grown = grown if grown is not None else concat(op, b, a)
    if grown is not None:
        return grown
    flipped = _flip(op, a, b, dtype)
    if flipped is not None:
        return flipped
    if not is_shift(a, b):
        return None
    v = var("r", integer(2))
    body = between(a, b, v)
    return None if body is None else sym.fold(op, [v], body, identity_of(op, dtype), dtype)


def _is_step(d: Sym) -> bool:
    """A number, or one that the sizes of arrays make: a row's length."""
    return is_const(d) or not d.has and not any(map(bounded, d.free))


def is_shift(a: Sym, b: Sym) -> bool:
    """True if b is a with some integers moved by such steps."""
    moved = False
    stack, seen = [(a, b)], set[tuple[Sym, Sym]]()
    while stack:
        x, y = stack.pop()
        if x is y or (x, y) in seen:
            continue
        seen.add((x, y))
        if not x.dtype.is_float and not y.dtype.is_float and x.dtype is not BOOL:
            if _is_step(sub(y, x)):
                moved = True
                continue
            if "ld" not in x.has and "ld" not in y.has:
                return False
        if x.op != y.op or x.dtype is not y.dtype or len(x.args) != len(y.args):
            return False
        if x.data != y.data:
            return False
        stack.extend(zip(x.args, y.args, strict=True))
    return moved


def between(a: Sym, b: Sym, v: Sym) -> Sym | None:
    """a with each integer that differs in b replaced by a + v * (b - a)."""
    done: dict[tuple[Sym, Sym], Sym | None] = {}

    def visit(x: Sym, y: Sym) -> Sym | None:
        if x is y:
            return x
        if (x, y) not in done:
            done[x, y] = one(x, y)
        return done[x, y]

    def one(x: Sym, y: Sym) -> Sym | None:
        if not x.dtype.is_float and x.dtype is not BOOL and _is_step(sub(y, x)):
            return add(x, mul(v, sub(y, x)))
        args = [visit(p, q) for p, q in zip(x.args, y.args, strict=True)]
        return rebuild(x, tuple(a for a in args if a is not None)) if None not in args else None

    return visit(a, b)


def concat(op: str, a: Sym, b: Sym) -> Sym | None:
    """fold(k < n: f(k)) op fold(k < m: f(k + n)) = fold(k < n + m: f(k)), over any one of their variables."""
    if a.op != "fold" or b.op != "fold" or fold_op(a) != op or fold_op(b) != op:
        return None
    va, vb = fold_vars(a), fold_vars(b)
    if len(va) != len(vb):
        return None
    differ = [n for n, (x, y) in enumerate(zip(va, vb, strict=True)) if x is not y]
    for n in differ or range(len(va)):
        offset = extent_of(va[n])
        if len(differ) > 1 or offset.lo < 0 or extent_of(vb[n]).lo < 0:
            return None
        if substitute(b.args[0], {vb[n]: sub(va[n], offset)}) is a.args[0]:
            longer = var("r", add(offset, extent_of(vb[n])))
            body = substitute(b.args[0], {vb[n]: sub(longer, offset)})  # which a's own may hold no further than a goes
            init = combine(op, a.args[1], b.args[1], a.dtype)
            return sym.fold(op, [longer if m == n else v for m, v in enumerate(va)], body, init, a.dtype)
    return None


def extend(op: str, a: Sym, b: Sym, dtype: DType) -> Sym | None:
    """fold(k < n: f(k)) op f(n) = fold(k < n+1: f(k)); also f(-1) in front, and init op f."""
    for x, y in ((a, b), (b, a)):
        if x.op != "fold" or fold_op(x) != op or len(fold_vars(x)) != 1:
            continue
        (k,) = fold_vars(x)
        body, init = x.args
        n = extent_of(k)
        if substitute(body, {k: n}) is y:
            longer = var("r", add(n, ONE))
            return sym.fold(op, [longer], substitute(body, {k: longer}), init, dtype)
        before = substitute(body, {k: integer(-1)})
        if before is y:
            longer = var("r", add(n, ONE))
            return sym.fold(op, [longer], substitute(body, {k: sub(longer, ONE)}), init, dtype)
        if is_identity(op, init):
            return None
        if y.op == "fold" and y.data == x.data and is_identity(op, y.args[1]):
            return None
    return None


def _flip(op: str, a: Sym, b: Sym, dtype: DType) -> Sym | None:
    """x(t) op x(t ^ s) with s one bit: fold over that bit of t."""
    if "bit" not in b.has:
        return None
    for flipped in _xor_sites(b):
        inner, s = flipped.args
        if not is_const(s) or value_of(s) & (value_of(s) - 1):
            continue
        for t in inner.free:
            lanes = inner.args[1] if inner.op == "mod" and inner.args[0] is t else None
            whole = flipped if inner is t else (
                add(flipped, scale(div(t, lanes), value_of(lanes))) if lanes is not None else None)
            if whole is None:
                continue
            if substitute(a, {t: whole}) is not b:
                continue
            step = value_of(s)
            v = var("r", integer(2))
            cleared = add(
                scale(div(t, integer(2 * step)), 2 * step), scale(v, step), mod(t, integer(step)))
            return sym.fold(op, [v], substitute(a, {t: cleared}), identity_of(op, dtype), dtype)
    return None


def _xor_sites(x: Sym) -> list[Sym]:
    found: list[Sym] = []
    seen: set[Sym] = set()
    stack = [x]
    while stack:
        n = stack.pop()
        if n in seen or "bit" not in n.has:
            continue
        seen.add(n)
        if n.op == "bit" and n.data == "^":
            found.append(n)
        stack.extend(n.args)
    return found
