"""Two texts that read as the same program, but for the order of operands that commute."""

from __future__ import annotations

from dataclasses import replace

from xpiler.ir.nodes import Binary, Call, Expr, Program
from xpiler.ir.walk import map_exprs

# Operands are pure, and numbers no NaN. Not && and ||: what stands first keeps what follows from being looked at.
_COMMUTE = frozenset({"+", "*", "&", "|", "^", "==", "!="})
_TURNED = {">": "<", ">=": "<="}
_TWO = {"min": 2, "max": 2, "fma": 2}  # how many of a function's first arguments commute


def alike(a: Program, b: Program) -> bool:
    """Whether both are the same statements over the same names; never where a body was not understood."""
    return not a.unread and not b.unread and _ordered(a) == _ordered(b)


def _ordered(p: Program) -> Program:
    """The program with operands that commute in an order that the text does not choose."""
    kernels = tuple(replace(k, body=map_exprs(k.body, _turned)) for k in p.kernels)
    host = p.launcher
    return replace(
        p, kernels=kernels, launcher=None if host is None else replace(host, body=map_exprs(host.body, _turned)))


def _turned(e: Expr) -> Expr:
    match e:
        case Binary(op, a, b, dtype) if op in _TURNED:
            return Binary(_TURNED[op], b, a, dtype)
        case Binary(op, a, b, dtype) if op in _COMMUTE and repr(b) < repr(a):
            return Binary(op, b, a, dtype)
        case Call(name, args, dtype) if name in _TWO and repr(args[1]) < repr(args[0]):
            return Call(name, (args[1], args[0], *args[2:]), dtype)
    return e
