"""Loops whose variable stands for several: iterations that workers take in turns, `for (i = worker; i < n; i +=
workers)`, and nests that were flattened, `for (i = 0; i < rows * 16; ++i) y[i / 16] += x[i]`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from xpiler.facts import sym
from xpiler.facts.sym import ONE, Sym
from xpiler.ir.nodes import Binary, Break, Const, Continue, Expr, For, If, Let, Return, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import expressions, free_vars, statements, subexpressions, substitute

_ZERO, _ONE = Const(0, DType.I32), Const(1, DType.I32)
_HIGH, _LOW = "~high", "~low"  # ends of names that no source has


def quotient(x: Sym, d: Sym) -> Sym | None:
    """x / d where d is a factor of every term of x."""
    const, terms = sym.terms_of(x)
    n, of_n = sym.terms_of(d)
    if not of_n:
        if n <= 0 or any(c % n for c in (const, *terms.values())):
            return None
        return sym.add(sym.integer(const // n), *(sym.scale(atom, c // n) for atom, c in terms.items()))
    lead, k = next(iter(of_n.items()))
    out = sym.times_of(x, lead, k)
    return out if sym.mul(out, d) is x else None


def turn(i: Sym, start: Sym, by: Sym) -> Sym | None:
    """The condition under which iteration i falls to the worker that begins with `start`, a number whose digits are
    loops: i % 16 == task; i % 128 == thread and i / 128 % 4 == block. None if these are not `by` workers."""
    const, terms = sym.terms_of(start)
    if const or not terms or not sym.is_const(by):
        return None
    conditions, unit = [], 1
    for v, weight in sorted(terms.items(), key=lambda term: term[1]):
        if v.op != "var" or weight != unit or not sym.bounded(v) or not sym.is_const(sym.extent_of(v)):
            return None
        digit = sym.mod(sym.div(i, sym.integer(unit)), sym.extent_of(v))
        conditions.append(sym.compare("==", digit, v))
        unit *= sym.value_of(sym.extent_of(v))
    return sym.conjoin(*conditions) if sym.integer(unit) is by and by is not ONE else None


def taken_apart(loop: For) -> bool:
    """The loop's variable is divided."""
    return any(True for _ in _quotients(loop))


_WHOLE, _LEFT = "~whole", "~left"  # behind a loop variable's name


def chunks(loop: For, trips: Sym) -> tuple[For, If, dict[str, Sym]] | None:
    """A loop over the chunks of something as one over whole chunks, and the same for what is left, where something is;
    with what two names in them mean. None where the number of iterations is not one of chunks.

    for c < (n + 63) / 64: f(c)  ->  for c < n / 64: f(c)
                                     if (n % 64 > 0) f(n / 64)"""
    leaves = any(isinstance(s, Break | Continue | Return) for s in statements(loop.body))
    parted = isinstance(loop.stop, Var) and loop.stop.name.endswith(_WHOLE)
    if leaves or parted or loop.start != Const(0, loop.start.dtype) or loop.step != Const(1, loop.step.dtype):
        return None
    if trips.op != "div" or not sym.is_const(trips.args[1]):
        return None
    whole, left = (Var(loop.var.name + part, loop.var.dtype) for part in (_WHOLE, _LEFT))
    size, zero = trips.args[1], Const(0, loop.var.dtype)
    covered = sym.sub(trips.args[0], sym.sub(size, ONE))
    some: tuple[Expr, Expr] = (Binary(">=", whole, zero, DType.BOOL), Binary(">", left, zero, DType.BOOL))
    rest = If(Binary("&&", *some, DType.BOOL), (Let(loop.var, whole), *loop.body))
    known = {whole.name: sym.div(covered, size), left.name: sym.mod(covered, size)}
    return replace(loop, stop=whole), rest, known


def nests(loop: For) -> Iterator[For]:
    """The loop as two, the outer one over a quotient that its body computes, the largest divisor first."""
    match loop:
        case For(var=Var(name)) if name.endswith((_HIGH, _LOW)):
            return  # it is one of two
        case For(start=Const(0), stop=Const(int() as trips), step=Const(1)):
            pass
        case _:
            return
    found = {int(e.b.value) for e in _quotients(loop) if e.op == "/" and isinstance(e.b, Const)}
    for size in sorted((n for n in found if 1 < n < trips and trips % n == 0), reverse=True):
        high, low = (Var(loop.var.name + end, DType.I32) for end in (_HIGH, _LOW))
        at = Binary("+", Binary("*", high, Const(size, DType.I32), DType.I32), low, DType.I32)
        body = substitute(loop.body, {loop.var: at})
        inner = For(low, _ZERO, Const(size, DType.I32), _ONE, body, loop.kind, loop.span)
        yield For(high, _ZERO, Const(trips // size, DType.I32), _ONE, (inner,), loop.kind, loop.span)


def _quotients(loop: For) -> Iterator[Binary]:
    """The quotients and remainders of the loop's variable in its body."""
    for s in statements(loop.body):
        for x in expressions(s):
            for e in subexpressions(x):
                if isinstance(e, Binary) and e.op in ("/", "%") and loop.var in free_vars(e.a):
                    yield e
