"""The value of a scalar expression when its variables have values: extents, grids, launcher scalars."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, MutableMapping

from xpiler.ir.nodes import Assign, Binary, Call, Cast, Const, Expr, If, Let, Select, Stmt, Unary, Var
from xpiler.ir.types import DType

Number = int | float


class NoValue(Exception):
    """The expression needs something that has no value here; `name` says what."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def evaluate(e: Expr, values: Mapping[str, Number]) -> Number:
    """C's value of `e`. NoValue where a variable is unbound, memory is read, or C leaves the result undefined."""
    match e:
        case Const(value, dtype):
            return convert(value, dtype)
        case Var(name):
            if name not in values:
                raise NoValue(name)
            return values[name]
        case Cast(a, dtype):
            return convert(evaluate(a, values), dtype)
        case Unary(op, a, dtype):
            x = evaluate(a, values)
            return convert(-x if op == "-" else int(not x) if op == "!" else ~int(x), dtype)
        case Select(cond, a, b):
            return evaluate(a if evaluate(cond, values) else b, values)
        case Binary("&&", a, b):
            return int(bool(evaluate(a, values)) and bool(evaluate(b, values)))
        case Binary("||", a, b):
            return int(bool(evaluate(a, values)) or bool(evaluate(b, values)))
        case Binary(op, a, b, dtype):
            x, y = evaluate(a, values), evaluate(b, values)
            return convert(_computed(op, lambda: _binary(op, x, y)), dtype)
        case Call(name, args, dtype):
            given = [evaluate(a, values) for a in args]
            return convert(_computed(name, lambda: _call(name, given)), dtype)
    raise NoValue(type(e).__name__)


def _computed(name: str, compute: Callable[[], Number]) -> Number:
    """What is computed; no value where Python has none and C has an infinity, a NaN, or nothing defined."""
    try:
        return compute()
    except (ArithmeticError, ValueError) as e:
        raise NoValue(name) from e


def convert(x: Number, dtype: DType) -> Number:
    """C's conversion of a value to an element type (integers wrap, as on every machine we run on)."""
    if dtype.is_float:
        return float(x)
    if dtype is DType.BOOL:
        return int(bool(x))
    if isinstance(x, float) and not math.isfinite(x):
        raise NoValue(str(x))
    n = int(x) & ((1 << dtype.bits) - 1)
    return n - (1 << dtype.bits) if dtype.is_signed and n >> (dtype.bits - 1) else n


def run_scalars(body: tuple[Stmt, ...], values: Mapping[str, Number]) -> dict[str, Number]:
    """The host scalars after a launcher's straight-line code; what has no value is left out."""
    env: dict[str, Number] = dict(values)
    _run(body, env)
    return env


def _run(body: tuple[Stmt, ...], env: MutableMapping[str, Number]) -> None:
    for s in body:
        match s:
            case Let(var, value) | Assign(var, value) if value is not None:
                try:
                    env[var.name] = convert(evaluate(value, env), var.dtype)
                except NoValue:
                    env.pop(var.name, None)
            case If(cond, then, orelse):
                try:
                    _run(then if evaluate(cond, env) else orelse, env)
                except NoValue:
                    continue


def _binary(op: str, a: Number, b: Number) -> Number:
    match op:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "/" | "%" if not b:
            raise NoValue("division by zero")
        case "/":
            if isinstance(a, float) or isinstance(b, float):
                return a / b
            return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        case "%":
            return math.fmod(a, b) if isinstance(a, float) else abs(int(a)) % abs(int(b)) * (-1 if a < 0 else 1)
        case "<<":
            return int(a) << (int(b) & 63)
        case ">>":
            return int(a) >> (int(b) & 63)
        case "&":
            return int(a) & int(b)
        case "|":
            return int(a) | int(b)
        case "^":
            return int(a) ^ int(b)
        case "<":
            return int(a < b)
        case "<=":
            return int(a <= b)
        case ">":
            return int(a > b)
        case ">=":
            return int(a >= b)
        case "==":
            return int(a == b)
        case "!=":
            return int(a != b)
    raise NoValue(op)


def _call(name: str, args: list[Number]) -> Number:
    match name, args:
        case "min", [a, b]:
            return min(a, b)
        case "max", [a, b]:
            return max(a, b)
        case "abs", [a]:
            return abs(a)
        case "floor", [a]:
            return math.floor(a)
        case "ceil", [a]:
            return math.ceil(a)
        case "sqrt", [a] if a >= 0:
            return math.sqrt(a)
        case "rsqrt", [a] if a > 0:
            return 1 / math.sqrt(a)
        case "exp", [a] if a < 700:
            return math.exp(a)
        case "exp2", [a] if a < 1000:
            return float(2.0**a)
        case "tanh", [a]:
            return math.tanh(a)
        case "erf", [a]:
            return math.erf(a)
        case "trunc", [a]:
            return math.trunc(a)
        case "rint", [a]:
            return round(a)
        case "log2", [a] if a > 0:
            return math.log2(a)
        case "log", [a] if a > 0:
            return math.log(a)
        case "pow", [a, b] if a > 0:
            return float(a**b)
    raise NoValue(name)
