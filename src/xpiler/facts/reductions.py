"""What one symbolic iteration does to a value it found: adds the same every time, or takes something in."""

from __future__ import annotations

from xpiler.facts import sym
from xpiler.facts.sym import ZERO, Sym
from xpiler.ir.types import DType


def induction(name: str, value: Sym, k: Sym) -> Sym | None:
    """The constant step of a scalar that only ever advances by it."""
    if value.dtype.is_float or value.dtype is DType.BOOL:
        return None
    step = sym.sub(value, sym.previous(name, value.dtype))
    if step is ZERO or k in step.free or step.has & {"prev", "pld", "ld", "fold", "undef"}:
        return None
    return step


def reduction(value: Sym, old: Sym) -> tuple[str, Sym] | None:
    """(op, e) with value = old op e and e free of old."""
    if value.op == "sel":
        cond, *sides = value.args
        forms = [None if side is old else reduction(side, old) for side in sides]
        ops = {form[0] for form in forms if form is not None}
        lost = any(form is None and side is not old for form, side in zip(forms, sides, strict=True))
        if lost or len(ops) != 1 or uses(cond, old):
            return None
        (op,) = ops
        one, other = (sym.identity_of(op, value.dtype) if form is None else form[1] for form in forms)
        return op, sym.select(cond, one, other)
    if value.op == "call" and value.data in ("max", "min"):
        return _spine(value, old, str(value.data))
    if value.op == "bin" and value.data in ("+", "*"):
        return _spine(value, old, str(value.data))
    if value.op == "bin" and value.data == "-" and value.args[0].op in ("bin", old.op):
        a, b = value.args
        left = ("+", sym.number(0.0, value.dtype)) if a is old else _spine(a, old, "+")
        if left is None or left[0] != "+" or uses(b, old):
            return None
        return "+", sym.combine("+", left[1], sym.unary("-", b, value.dtype), value.dtype)
    if value.op == "fold" and value.args[1].has:
        op, init = sym.fold_op(value), value.args[1]
        inner = None if init is old else reduction(init, old)
        if init is not old and (inner is None or inner[0] != op) or uses(value.args[0], old):
            return None
        bare = sym.fold(op, sym.fold_vars(value), value.args[0], sym.identity_of(op, value.dtype), value.dtype)
        return op, bare if inner is None else sym.combine(op, inner[1], bare, value.dtype)
    if value.op == "lin":
        const, terms = sym.terms_of(value)
        if terms.get(old) == 1:
            rest = sym.linear(const, {a: c for a, c in terms.items() if a is not old})
            return None if uses(rest, old) else ("+", rest)
    if value.op == "call" and value.data == "fma":
        a, b, c = value.args
        inner = None if c is old or not c.has else reduction(c, old)
        if not uses(a, old) and not uses(b, old) and (c is old or inner is not None and inner[0] == "+"):
            product = sym.binary("*", a, b, value.dtype)
            return "+", product if inner is None else sym.combine("+", inner[1], product, value.dtype)
    return None


def begun(value: Sym, old: Sym, k: Sym) -> tuple[str, Sym] | None:
    """(op, e) where iteration 0 sets the value whatever there was, and those after it make value = old op e:

        if (k == 0) top = x[0]; else top = max(top, x[k])
    """
    first, goes_on = first_and_later(value, k)
    form = None if uses(first, old) or goes_on is value else reduction(goes_on, old)
    if form is None:
        return None
    op, term = form
    if sym.substitute(term, {k: ZERO}) is not first:
        term = sym.select(sym.compare("==", k, ZERO), first, term)
    return op, term


def first_and_later(x: Sym, k: Sym) -> tuple[Sym, Sym]:
    """x in iteration 0, and in those after it."""
    later = sym.conjoin(sym.negate(sym.compare("==", k, ZERO)), sym.compare("<", ZERO, k))
    return sym.substitute(x, {k: ZERO}), sym.assume(x, later)


def _spine(value: Sym, old: Sym, op: str) -> tuple[str, Sym] | None:
    rest: list[Sym] = []
    count = 0
    stack = [value]
    while stack:
        n = stack.pop()
        if n is old:
            count += 1
        elif (n.op in ("bin", "call") and n.data == op) and uses(n, old):
            stack.extend(reversed(n.args))
        elif uses(n, old):
            inner = reduction(n, old)
            if inner is None or inner[0] != op:
                return None
            count += 1
            rest.append(inner[1])
        else:
            rest.append(n)
    if count != 1 or not rest:
        return None
    term = rest[0]
    for r in rest[1:]:
        term = sym.reduce_pair(op, term, r, value.dtype)
    return op, term


def uses(x: Sym, old: Sym) -> bool:
    return old.op in x.has and bool(sym.collect(x, lambda n: n is old))
