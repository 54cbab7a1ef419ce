"""Recognising products summed over an index: out[.. m .. n ..] = init + sum_k a[.. m .. k ..] * b[.. k .. n ..].

Found from the index maps alone: a loop in the output and one factor is a row (m) or a column (n), a summed loop in both
factors is k. Everything else stays a loop around it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from xpiler.facts import sym
from xpiler.facts.sym import Sym
from xpiler.facts.writes import Write
from xpiler.ir.types import DType

SUM = "~sum"
LONG = 16  # iterations from which on a summed loop is as good as a longer one


@dataclass(frozen=True)
class Factor:
    """One operand: its buffer, its full index, and the strides of its two tile loops in elements."""

    buffer: str
    dtype: DType
    index: Sym
    strides: tuple[Sym, Sym]


@dataclass(frozen=True)
class Contraction:
    """`outer` are output loops and `around` summed loops left outside the (m, n, k) tile. `finish` is what becomes of a
    sum, SUM in it, where that is more than to be stored."""

    m: Sym
    n: Sym
    k: Sym
    outer: tuple[Sym, ...]
    around: tuple[Sym, ...]
    a: Factor  # strides of (m, k)
    b: Factor  # strides of (k, n)
    index: Sym
    strides: tuple[Sym, Sym]  # of (m, n) in the output
    init: Sym
    dtype: DType
    finish: Sym | None = None


def finished(w: Write) -> Contraction | None:
    """w as a contraction and what becomes of each sum; None if it is none. What a sum starts from, where that is an
    element, is added to it after."""
    sums = sym.collect(w.value, lambda n: n.op == "fold")
    if len(sums) != 1 or sym.fold_op(sums[0]) != "+":
        return contraction(w)
    (whole,) = sums
    body, init = whole.args
    total = after = sym.var(SUM, dtype=whole.dtype)
    bare = whole
    if "ld" in init.has:
        bare = sym.fold("+", sym.fold_vars(whole), body, sym.identity_of("+", whole.dtype), whole.dtype)
        after = sym.combine("+", init, total, whole.dtype)
    if after is total and whole is w.value:
        return contraction(w)
    c = contraction(replace(w, value=bare))
    return None if c is None else replace(c, finish=sym.rewrite(w.value, lambda n: after if n is whole else None))


def contraction(w: Write) -> Contraction | None:
    """w as a contraction, choosing the longest loops for m, n and k; None if it is not one."""
    if w.guard is not sym.TRUE or w.value.op != "fold" or sym.fold_op(w.value) != "+":
        return None
    body, init = w.value.args
    summed = sym.fold_vars(w.value)
    pair = factors(body)
    if pair is None or init.has & {"ld", "fold"}:
        return None
    for x, y in (pair, pair[::-1]):
        found = _arrange(w, x, y, summed, init)
        if found is not None:
            return found
    return None


def widened(c: Contraction, least: int) -> Contraction:
    """c whose rows and columns are of several output loops as one, where one loop has fewer iterations than `least`."""
    for role, own, other in (("m", c.a, c.b), ("n", c.b, c.a)):
        loops: list[Sym] = [getattr(c, role)]
        for v in reversed(c.outer):
            if math.prod(map(_length, loops)) < least and v in own.index.free and v not in other.index.free:
                loops.insert(0, v)
        if len(loops) == 1 or not all(sym.is_const(sym.extent_of(v)) for v in loops):
            continue
        whole = sym.fresh("f", sym.integer(int(math.prod(map(_length, loops)))))
        digits, below = dict[Sym, Sym](), 1
        for v in reversed(loops):
            digits[v] = sym.mod(sym.div(whole, sym.integer(below)), sym.extent_of(v))
            below *= sym.value_of(sym.extent_of(v))
        a, b = (replace(f, index=sym.substitute(f.index, digits)) for f in (c.a, c.b))
        outer = tuple(v for v in c.outer if v not in loops)
        c = replace(c, outer=outer, a=a, b=b,
                    index=sym.substitute(c.index, digits), init=sym.substitute(c.init, digits),
                    finish=None if c.finish is None else sym.substitute(c.finish, digits))
        c = replace(c, m=whole) if role == "m" else replace(c, n=whole)
    return c


def factors(body: Sym) -> tuple[Sym, Sym] | None:
    """The elements that are multiplied, whatever they were widened to."""
    if body.op == "bin" and body.data == "*":
        x, y = (_uncast(p) for p in body.args)
    elif body.op == "prod" and len(body.args) == 2:
        x, y = (_uncast(p) for p in body.args)
    else:
        return None
    return (x, y) if x.op == y.op == "ld" else None


def _uncast(x: Sym) -> Sym:
    return x.args[0] if x.op == "cast" else x


def _arrange(w: Write, x: Sym, y: Sym, summed: tuple[Sym, ...], init: Sym) -> Contraction | None:
    rows = [v for v in w.vars if v in x.free and v not in y.free]
    columns = [v for v in w.vars if v in y.free and v not in x.free]
    depth = [v for v in summed if v in x.free and v in y.free]
    if not rows or not columns or not depth:
        return None
    m = max(rows, key=_length)
    n = next((v for v in columns if stride(w.index, v) is sym.ONE), None)
    k = max(depth, key=lambda v: (min(_length(v), LONG), sym.ONE in (stride(x.args[0], v), stride(y.args[0], v)),
                                  depth.index(v)))
    if n is None:
        return None
    of_a, of_b, of_c = _strides(x.args[0], m, k), _strides(y.args[0], k, n), _strides(w.index, m, n)
    if of_a is None or of_b is None or of_c is None:
        return None
    return Contraction(
        m, n, k, tuple(v for v in w.vars if v not in (m, n)), tuple(v for v in summed if v is not k),
        Factor(sym.word_of(x), x.dtype, x.args[0], of_a),
        Factor(sym.word_of(y), y.dtype, y.args[0], of_b),
        w.index, of_c, init, w.value.dtype)


def _strides(index: Sym, row: Sym, column: Sym) -> tuple[Sym, Sym] | None:
    down, across = stride(index, row), stride(index, column)
    return None if down is None or across is None else (down, across)


def _length(v: Sym) -> float:
    n = sym.extent_of(v)
    return sym.value_of(n) if sym.is_const(n) else float("inf")


def stride(index: Sym, v: Sym) -> Sym | None:
    """How far index moves when v advances by one; None if that is not the same everywhere."""
    step = sym.sub(sym.substitute(index, {v: sym.add(v, sym.ONE)}), index)
    return None if v in step.free else step
