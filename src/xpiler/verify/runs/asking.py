"""Whether a program asks if its numbers are any, and so says what is to become of NaN: `isnan(x)`, `x != x`, an
instruction that tells whether operands are ordered.

A predicate that is a constant leaves one of the comparisons that an instruction may be, so branches that constants rule
out are not looked at, and neither are truths that nobody uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xpiler.ir.nodes import Assign, Binary, Call, Cast, Const, Expr, If, Let, Program, Select, Stmt, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import Body, bodies, expressions, operands, statements, subexpressions, substitute_expr
from xpiler.verify.evaluate import NoValue, evaluate


def asks_for_nan(program: Program) -> bool:
    """Whether kernels do, or instructions in them; but for those that make integers of floats, which must."""
    meanings = [m.body for m in program.meanings if not _makes_integers(m.body)]
    return any(_Part(body).asks(body, {}) for body in (*(k.body for k in program.kernels), *meanings))


def _makes_integers(body: Body) -> bool:
    every = (x for s in statements(body) for e in expressions(s) for x in subexpressions(e))
    return any(isinstance(x, Cast) and x.a.dtype.is_float and not x.dtype.is_float for x in every)


class _Part:
    """A kernel, or what an instruction does."""

    def __init__(self, body: Body) -> None:
        self.changing = {s.var for s in statements(body) if isinstance(s, Assign)}

    def asks(self, body: Body, outer: Mapping[Var, Expr]) -> bool:
        """`outer` are scalars that are constants there, or truths that are looked at where they are used."""
        known = dict(outer)
        for s in body:
            if isinstance(s, Let) and s.value is not None and s.var not in self.changing:
                value = substitute_expr(s.value, known)
                number = _number(value)
                if number is not None and not s.var.dtype.is_float:
                    value = Const(int(number), s.var.dtype)
                if isinstance(value, Const) or s.var.dtype is DType.BOOL:
                    known[s.var] = value
                    continue
            if self.asked_in(s, known):
                return True
        return False

    def asked_in(self, s: Stmt, known: Mapping[Var, Expr]) -> bool:
        given = [substitute_expr(e, known) for e in expressions(s)]
        if isinstance(s, If) and (way := _number(given[0])) is not None:
            return self.asks(s.then if way else s.orelse, known)
        return any(_unordered(x) for e in given for x in _reached(e)) or any(self.asks(b, known) for b in bodies(s))


def _unordered(e: Expr) -> bool:
    match e:
        case Call("isnan" | "isinf" | "isfinite"):
            return True
        case Binary("==" | "!=", a, b):
            return a.dtype.is_float and a == b
    return False


def _reached(e: Expr) -> Iterator[Expr]:
    """The parts of an expression that constants in it do not rule out."""
    if isinstance(e, Select) and (way := _number(e.cond)) is not None:
        yield from _reached(e.a if way else e.b)
    elif _number(e) is None:
        yield e
        yield from (x for part in operands(e) for x in _reached(part))


def _number(e: Expr) -> float | None:
    try:
        return evaluate(e, {})
    except NoValue:
        return None
