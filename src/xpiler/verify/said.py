"""Sizes as a person says them: a number of elements, or an expression in the scalars of a function."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from xpiler.fault import Fault
from xpiler.ir.nodes import Const, Expr, Var
from xpiler.ir.types import DType
from xpiler.text.arithmetic import Arithmetic, int_const

_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "/", ast.Mod: "%",
}


def size_of(said: int | str, array: str, scalars: Mapping[str, Var]) -> Expr:
    """The elements of an array as an expression; a Fault where it is none in these scalars."""
    if isinstance(said, int):
        return Const(said, DType.I64)
    try:
        return _read(ast.parse(said.strip(), mode="eval").body, scalars)
    except (SyntaxError, ValueError) as e:
        wrong = e.msg if isinstance(e, SyntaxError) else str(e)
        raise Fault("XP3004", f"cannot understand `--size {array}={said}`", why=wrong,
                    try_=f"a number, or + - * / % of numbers and of {_listed(scalars)}") from None


def how_to_say(arrays: list[str], scalars: tuple[Var, ...]) -> str:
    """What to try where the sizes of arrays are not known."""
    said = " ".join(f"--size {name}=ELEMENTS" for name in arrays)
    whole = [v.name for v in scalars if not v.dtype.is_float]
    return f"{said}{f' (a number, or an expression in {_listed(whole)})' if whole else ''}"


def _read(n: ast.expr, scalars: Mapping[str, Var]) -> Expr:
    match n:
        case ast.Constant(int() as value):
            return int_const(value)
        case ast.Name(name) if name in scalars:
            return scalars[name]
        case ast.Name(name):
            raise ValueError(f"there is no scalar `{name}`")
        case ast.BinOp(left, operator, right) if type(operator) in _OPERATORS:
            return Arithmetic().binary(_OPERATORS[type(operator)], _read(left, scalars), _read(right, scalars))
    raise ValueError(f"`{ast.unparse(n)}` is no size")


def _listed(names: Mapping[str, Var] | list[str]) -> str:
    *some, last = list(names) or ["the function's scalars"]
    return f"{', '.join(some)} and {last}" if some else last
