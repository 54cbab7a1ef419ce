"""What is done to single values: the operations in an expression, in words."""

from __future__ import annotations

from collections.abc import Iterator

from xpiler.facts import sym
from xpiler.facts.sym import Sym
from xpiler.facts.writes import Write
from xpiler.ir.types import DType
from xpiler.propose.formula import axes
from xpiler.propose.words import OPERATIONS, TYPES


def operations(value: Sym) -> Iterator[Sym]:
    """What is done to values, the arguments of each operation before it; what an index is made of is none of it."""
    seen: set[Sym] = set()

    def visit(n: Sym) -> Iterator[Sym]:
        if n in seen:
            return
        seen.add(n)
        if n.op == "ld":
            return
        for a in n.args[1 if _chosen(n) else 0 :]:
            yield from visit(a)
        data = n.has & {"ld", "fold"} or n.dtype.is_float
        if data and n.op in ("bin", "call", "un", "cast", "cmp", "sel", "fold", "bit", "lt", "eq", "and", "or", "not"):
            yield n
        elif n.op in ("lin", "prod") and n.has & {"ld", "fold"}:
            yield n

    yield from visit(value)


def bound_in(value: Sym) -> set[Sym]:
    """The variables that its folds run over; what has none of them and none of the loops is one scalar for all."""
    return {v for n in sym.collect(value, lambda n: n.op == "fold") for v in sym.fold_vars(n)}


def _chosen(n: Sym) -> str:
    """`max`, `min` or `abs` where a choice is one: `a < b ? a : b`, `a < 0 ? -a : a`; "" for another."""
    if n.op != "sel" or n.args[0].op not in ("lt", "cmp"):
        return ""
    cond, one, other = n.args
    if cond.op == "cmp":
        low, high = cond.args if cond.data in ("<", "<=") else cond.args[::-1]
        if cond.data not in ("<", "<=", ">", ">=") or {one, other} != {low, high}:
            return ""
        return "min" if one is low else "max"
    if other.dtype.is_float or one.dtype.is_float:
        return ""
    (below,) = cond.args
    if below is other and one is sym.scale(other, -1):
        return "abs"
    gap = sym.sub(one, other)
    return "min" if below is gap else "max" if below is sym.scale(gap, -1) else ""


def is_form(n: Sym) -> bool:
    """No operation of its own: a truth value written as a number, 1 or 0 for a condition or that in another type; or
    an integer back in its type after an operation in C's int."""
    if n.op == "sel":
        return all(sym.show(a) == x for a, x in zip(n.args[1:], "10", strict=True))
    if n.op != "cast":
        return False
    (inner,) = n.args
    back = not n.dtype.is_float and not inner.dtype.is_float and inner.op not in ("ld", "var", "fold")
    return back or inner.dtype is DType.BOOL or bool(inner.args) and is_form(inner)


def words_of(n: Sym) -> str:
    """The words for an operation."""
    match n.op:
        case "cast":
            return f"convert {TYPES[n.args[0].dtype]} to {TYPES[n.dtype]}"
        case "un":
            return OPERATIONS.get(sym.word_of(n), sym.word_of(n)) if n.data != "-" else "neg"
        case "sel" if _chosen(n):
            return _chosen(n)
        case "sel":
            cond, *branches = n.args
            masked = "mask" if "bit" in cond.has else ""  # a lane's bit: what is done under a mask is no choice itself
            done = any(a.args and a.op != "ld" for a in branches)
            zero = "maskz zero" if masked and any(sym.is_identity("+", a) for a in branches) else ""
            return f"{masked} {zero} {'' if masked and done else 'select'}".strip() or "select"
        case "lt":
            return OPERATIONS["<"]
        case "eq":
            return OPERATIONS["=="]
        case "lin":
            minus = any(c < 0 for c in sym.terms_of(n)[1].values())
            return OPERATIONS["-" if minus else "+"]
        case "prod":
            return OPERATIONS["*"]
        case "bin" if n.data == "/" and n.args[0].op == "flt" and sym.float_of(n.args[0]) == 1.0:
            return "recip div"
        case "bin" if n.data == "*" and n.args[0] is n.args[1]:
            return "square mul"
        case "bin" | "call" | "bit" | "cmp":
            return OPERATIONS.get(sym.word_of(n), sym.word_of(n))
    return OPERATIONS.get(n.op, n.op)


def short(n: Sym) -> str:
    """An operation said to a person."""
    if n.op == "cast":
        return f"{n.args[0].dtype.value} to {n.dtype.value}"
    first = words_of(n).split()[0]
    return {"add": "sum of two", "mul": "product of two", "sub": "difference", "div": "quotient"}.get(first, first)


def operand(a: Sym, w: Write) -> str:
    """How an operand goes along with the elements: one by one, again and again, or as one scalar for all."""
    loads = sym.collect(a, lambda n: n.op == "ld")
    if a.op in ("flt", "int") or not loads and not a.free & set(w.vars):
        return "scalar"
    inner = _innermost(w)
    if inner is None or a.op != "ld":
        return "" if inner is None or inner in a.free else "scalar"
    if inner not in a.free:
        return "scalar"
    again = "mod" in {n.op for n in sym.collect(a.args[0], lambda n: True)} or set(w.vars) - a.free
    return "cycle repeat broadcast" if again else ""


def _innermost(w: Write) -> Sym | None:
    form = axes(w.index)
    return form[-1][0][0] if form and form[-1] else None
