"""Values that are the same but for products that one of them adds up without rounding them: fma(a, b, c) and c + a * b.

The lanes of a vector loop multiply and add in one instruction; the loop over the last few elements, which is the same
function, is often written without. What a compiler may contract differs by a rounding at most; what looks at bits tells
them apart."""

from __future__ import annotations

from xpiler.facts import sym
from xpiler.facts.sym import Sym

_SMOOTH = frozenset({
    "fma", "max", "min", "abs", "sqrt", "exp", "exp2", "log", "log2", "tanh", "sin", "cos", "pow", "erf", "rsqrt",
})  # functions whose value changes little where their arguments do


def alike(a: Sym, b: Sym) -> bool:
    """Whether two values are the same but for how often they are rounded in products that are added up."""
    if a is b:
        return True
    if "call" not in a.has | b.has or a.dtype is not b.dtype or not a.dtype.is_float:
        return False
    return _plain(a) is _plain(b)


def _plain(x: Sym) -> Sym:
    """x with its products and sums apart and in one order, where only their values matter."""
    if not x.dtype.is_float or not _passes(x):
        return x
    args = tuple(map(_plain, x.args))
    match x.op, x.data:
        case "call", "fma":
            return _sum(_product(args[0], args[1]), args[2])
        case "bin", "*":
            return _product(args[0], args[1])
        case "bin", "+":
            return _sum(args[0], args[1])
        case "bin", "-":
            return _sum(args[0], _opposite(args[1]))
        case "un", "-":
            return _opposite(args[0])
    return sym.make(x.op, args, x.data, x.dtype)


def _passes(x: Sym) -> bool:
    """Whether the value of x changes little where those it is made of do."""
    if x.op == "bin":
        return x.data in ("+", "-", "*", "/")
    return x.op == "un" and x.data == "-" or x.op == "call" and x.data in _SMOOTH


def _product(a: Sym, b: Sym) -> Sym:
    """a * b, its sign in front."""
    (minus, a), (also, b) = _sign(a), _sign(b)
    first, second = sorted((a, b), key=lambda x: x.uid)
    made = sym.make("bin", (first, second), "*", first.dtype)
    return made if minus == also else _opposite(made)


def _sum(a: Sym, b: Sym) -> Sym:
    first, second = sorted((a, b), key=lambda x: x.uid)
    return sym.make("bin", (first, second), "+", first.dtype)


def _opposite(x: Sym) -> Sym:
    minus, x = _sign(x)
    return x if minus else sym.make("un", (x,), "-", x.dtype)


def _sign(x: Sym) -> tuple[bool, Sym]:
    return (True, x.args[0]) if x.op == "un" and x.data == "-" else (False, x)
