"""Statistics that are kept up while elements come in, as Welford's recurrence keeps them.

    m' = m + (x - m) / n;  s' = s + (x - m) * (x - m')      ->      m = (sum of x) / n;  s = sum of (x - m)^2

where n counts the elements, the new one included. By induction over n: over the reals. And where the largest is:

    x > m ? (m = x, at = e(k)) : nothing      ->      at = e(the first k for which x is the largest, if that is above m)
"""

from __future__ import annotations

from xpiler.facts import sym
from xpiler.facts.reductions import uses
from xpiler.facts.rescaled import summands
from xpiler.facts.sym import ONE, Sym

MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}


def mean(value: Sym, old: Sym, k: Sym) -> Sym | None:
    """x where value is the mean of k + 1 elements, x the last, and old that of the k before."""
    change = _change(value, old)
    if change is None or change.op != "bin" or change.data not in ("/", "*"):
        return None
    for part, by in (change.args, change.args[::-1]):
        if change.data == "*" and not (by.op == "bin" and by.data == "/" and by.args[0] is sym.number(1.0, by.dtype)):
            continue
        count = by.args[1] if change.data == "*" else by
        counted = count.op == "cast" and count.args[0] is sym.add(k, ONE)
        if counted and part.op == "bin" and part.data == "-" and part.args[1] is old and not uses(part.args[0], old):
            return part.args[0]
        if change.data == "/":
            break
    return None


def spread(value: Sym, old: Sym, before: Sym, after: Sym) -> Sym | None:
    """x where value adds to old what x adds to the sum of squared distances from a mean, `before` without x and
    `after` with it."""
    change = _change(value, old)
    if change is None or change.op != "bin" or change.data != "*":
        return None
    for a, b in (change.args, change.args[::-1]):
        if all(d.op == "bin" and d.data == "-" for d in (a, b)) and a.args[0] is b.args[0]:
            x = a.args[0]
            if a.args[1] is before and b.args[1] is after and not uses(x, before) and not uses(x, old):
                return x
    return None


def place(value: Sym, old: Sym, before: Sym, after: Sym, op: str, term: Sym) -> tuple[str, Sym] | None:
    """(comparison, e) where value is e when `term` goes beyond the extreme so far, `before`, of which `after` is the
    next, and `old` otherwise."""
    if value.op != "sel" or old not in value.args[1:]:
        return None
    test, e, kept = value.args
    if e is old:
        test, e, kept = sym.negate(test), kept, e
    test, e = (sym.rewrite(x, lambda n: term if n is after else None) for x in (test, e))
    if test.op != "cmp" or {*test.args} != {term, before} or uses(e, before) or uses(e, old):
        return None
    compared = str(test.data) if test.args[0] is term else MIRRORED[str(test.data)]
    return (compared, e) if compared[0] == {"max": ">", "min": "<"}[op] else None


def located(x: Sym, op: str, extreme: Sym) -> tuple[Sym, Sym] | None:
    """(w, condition) where x is the first w, or the last, that has the extreme: of a loop with a known count."""
    if sym.fold_op(x) != op or len(sym.fold_vars(x)) != 1 or x.args[0].op != "sel":
        return None
    (w,) = sym.fold_vars(x)
    test, at, none = x.args[0].args
    equal = any(c.op == "cmp" and c.data == "==" and extreme in c.args for c in sym.conjuncts(test))
    whole = at is w and sym.is_identity(op, none) and sym.is_identity(op, x.args[1])
    return (w, test) if equal and whole and sym.is_const(sym.extent_of(w)) else None


def _change(value: Sym, old: Sym) -> Sym | None:
    """What is added to old."""
    parts = summands(value)
    rest = [p for p in parts if p is not old]
    return rest[0] if len(rest) == 1 and len(parts) == 2 else None

