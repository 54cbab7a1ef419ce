"""What one symbolic iteration does to a value it found: adds the same every time, or takes something in."""

from __future__ import annotations

from dataclasses import dataclass

from xpiler.facts import sym
from xpiler.facts.sym import ONE, ZERO, Sym
from xpiler.ir.types import DType


@dataclass(frozen=True)
class Advance:
    """A scalar that every iteration takes further by the same step, around a circle where there is a size."""

    step: Sym
    size: Sym | None = None

    def at(self, first: Sym, n: Sym) -> Sym:
        """What it is after n iterations."""
        reached = sym.add(first, sym.mul(n, self.step))
        return reached if self.size is None else sym.mod(reached, self.size)


@dataclass(frozen=True)
class Turn:
    """A scalar that is one of two in turn: other = total - one."""

    total: Sym

    def at(self, first: Sym, n: Sym) -> Sym:
        """What it is after n iterations."""
        return sym.add(first, sym.mul(sym.mod(n, sym.integer(2)), sym.sub(self.total, sym.scale(first, 2))))


def induction(name: str, value: Sym, k: Sym, first: Sym) -> Advance | Turn | None:
    """How a scalar that was `first` before a loop advances in each iteration k of it."""
    if value.dtype.is_float or value.dtype is DType.BOOL:
        return None
    old = sym.previous(name, value.dtype)
    step = sym.sub(value, old)
    if step is not ZERO and k not in step.free and not step.has & {"prev", "pld", "ld", "fold", "undef"}:
        return Advance(step)
    if value.op == "lin":
        const, terms = sym.terms_of(value)
        return Turn(sym.integer(const)) if terms == {old: -1} and sym.is_const(first) else None
    if value.op == "bit" and value.data == "^" and value.args == (old, ONE) and first in (ZERO, ONE):
        return Turn(ONE)
    around = _around(value, old)
    return around if around and around.size and 0 <= first.lo and sym.prove_lt(first, around.size) else None


def _around(value: Sym, old: Sym) -> Advance | None:
    """(old + step) % size, or old + 1 == size ? 0 : old + 1."""
    if value.op == "mod" and sym.is_const(value.args[1]):
        step = sym.sub(value.args[0], old)
        return Advance(step, value.args[1]) if sym.is_const(step) and sym.value_of(step) > 0 else None
    if value.op != "sel" or ZERO not in value.args[1:]:
        return None
    cond, a, b = value.args
    if (b if a is ZERO else a) is not sym.add(old, ONE):
        return None
    const, terms = sym.terms_of(cond.args[0]) if cond.op in ("lt", "eq") else (0, {})
    (sign,) = terms.values() if terms.keys() == {old} else (0,)
    if cond.op == "eq" and a is ZERO and abs(sign) == 1:
        return Advance(ONE, sym.integer(1 - const * sign))
    if cond.op == "lt" and (sign, a is ZERO) in ((1, False), (-1, True)):  # old < size - 1; old > size - 2
        return Advance(ONE, sym.integer(1 - const if sign == 1 else const + 2))
    return None


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
    if old.op in ("prev", "pld") and old.op not in x.has:
        return False
    return bool(sym.collect(x, lambda n: n is old))
