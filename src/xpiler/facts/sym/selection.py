"""Choices between two values, and values where a condition holds."""

from __future__ import annotations

from xpiler.facts import sym
from xpiler.facts.sym.comparisons import compare
from xpiler.facts.sym.leaves import FALSE, TRUE, integer, is_const, var
from xpiler.facts.sym.logic import conjoin, conjuncts, disjoin, negate
from xpiler.facts.sym.nodes import BOOL, I32, Sym, float_of, make, name_of, value_of
from xpiler.facts.sym.rewriting import rewrite, substitute
from xpiler.facts.sym.sums import linear, sub, terms_of


def select(c: Sym, a: Sym, b: Sym) -> Sym:
    if is_const(c):
        return a if value_of(c) else b
    if a is b or b.op == "undef":
        return a
    if a.op == "undef":
        return b
    a, b = assume(a, c), assume(b, negate(c))
    if a is b:
        return a
    if c.op == "lt" and _same_where_pinned(c, b, a):
        return b
    if c.op == "lt" and _same_where_pinned(negate(c), a, b):
        return a
    if b.op == "sel" and b.args[2] is a:  # c ? a : (d ? b : a)
        return select(conjoin(negate(c), b.args[0]), b.args[1], a)
    if a.op == "sel" and a.args[2] is b:
        return select(conjoin(c, a.args[0]), a.args[1], b)
    if c.op == "cmp" and a.dtype.is_float and {*c.args} == {a, b}:
        greater = (c.data in (">", ">=")) == (c.args[0] is a)
        return sym.call("max" if greater else "min", (a, b), a.dtype)
    if c.op == "lt" and not a.dtype.is_float and a.dtype is not BOOL and c.args[0] is sub(a, b):
        return sym.call("min", (a, b), a.dtype)
    if c.op == "lt" and not a.dtype.is_float and a.dtype is not BOOL and c.args[0] is sub(b, a):
        return sym.call("max", (a, b), a.dtype)
    if c.op == "lt" and a.op == "int" and b.op == "mod" and (chunk := _chunk(c.args[0], a, b)) is not None:
        return chunk
    if c.op == "lt" and b.op == "int" and (whole := _whole_steps(c.args[0], a, b)) is not None:
        return whole
    if c.op in ("and", "or") and not a.dtype.is_float and a.dtype is not BOOL:
        if compare("<", a, b) is c:
            return sym.call("min", (a, b), a.dtype)
        if compare("<", b, a) is c:
            return sym.call("max", (a, b), a.dtype)
    if c.op == "lt" and a.op == "int" and (b.args[0] if sym.is_cut(b) else b).op == "call":
        clamped = _clamped(c.args[0], a, b)
        if clamped is not None:
            return clamped
    if a.dtype is BOOL and b.dtype is BOOL:
        return disjoin(conjoin(c, a), conjoin(negate(c), b))
    return make("sel", (c, a, b), None, a.dtype)


def _same_where_pinned(c: Sym, x: Sym, y: Sym) -> bool:
    """c leaves one value for a variable, and with it x is y: i < 15 ? 256 * i + 256 : 4096 where i < 16."""
    if c.op != "lt":
        return False
    const, terms = terms_of(c.args[0])
    ((v, k), *others) = terms.items()
    if others or v.op != "var" or v not in x.free or abs(k) != 1:
        return False
    only = v.lo if k == 1 and const == -1 else v.hi if k == -1 and const == v.hi - 1 else None
    return only is not None and substitute(x, {v: integer(int(only))}) is y


def _whole_steps(d: Sym, a: Sym, b: Sym) -> Sym | None:
    """15 < n ? 16 * (n / 16) : 0 as 16 * max(n / 16, 0): where a loop in whole steps ends, however it is said."""
    const, terms = terms_of(a)
    ((steps, k),) = terms.items() if len(terms) == 1 else ((a, 0),)
    if not k or const or value_of(b) or steps.op != "div" or not is_const(steps.args[1]):
        return None
    n, each = steps.args
    if value_of(each) < 1 or d is not sub(integer(value_of(each) - 1), n):
        return None
    return sym.scale(sym.call("max", (steps, integer(0)), I32), k)


def _chunk(d: Sym, a: Sym, b: Sym) -> Sym | None:
    """k < n / 8 ? 8 : n % 8 as min(8, n - 8 * k) where k is no more than n / 8: how long a chunk is."""
    n, each = b.args
    if a is not each:
        return None
    whole = sym.div(n, each)
    k = sym.add(d, whole)
    if whole in terms_of(k)[1] or not sym.prove_lt(k, sym.add(whole, integer(1))):
        return None
    return sym.call("min", (sub(n, sym.scale(k, value_of(each))), each), I32)


def _clamped(d: Sym, end: Sym, inner: Sym) -> Sym | None:
    """x < end ? end : min(x, other) with end <= other as max(end, min(x, other)), and the same the other way round."""
    found = inner.args[0] if sym.is_cut(inner) else inner
    if found.data not in ("min", "max"):
        return None
    for x, other in (found.args, found.args[::-1]):
        if found is not inner and other.op == "flt" and float_of(other).is_integer():
            x, other = sym.cast(x, I32), integer(int(float_of(other)))
        if not is_const(other):
            continue
        if found.data == "min" and value_of(end) <= value_of(other) and d is sub(x, end):
            return sym.call("max", (end, inner), inner.dtype)
        if found.data == "max" and value_of(end) >= value_of(other) and d is sub(end, x):
            return sym.call("min", (end, inner), inner.dtype)
    return None


def assume(x: Sym, c: Sym) -> Sym:
    """x simplified where c holds."""
    if not x.args or (not x.free and not x.has):
        return x
    facts: dict[Sym, Sym] = {}
    for p in conjuncts(c):
        facts[p] = TRUE
        facts[negate(p)] = FALSE
    narrowed: dict[Sym, Sym] = {}
    restore: dict[Sym, Sym] = {}
    tops: dict[Sym, int] = {}  # the most that sums are
    for p in conjuncts(c):
        if p.op == "lt":
            const, terms = terms_of(p.args[0])
            whole = linear(0, terms)
            if const < 0 <= whole.lo:
                tops[whole] = -const - 1
            if len(terms) == 1:
                (v, k), = terms.items()
                if v.op == "var" and k == 1 and -const < v.hi + 1:
                    small = var(name_of(v) + "'", integer(-const))
                    narrowed[v], restore[small] = small, v
        elif p.op == "eq":
            const, terms = terms_of(p.args[0])
            vs = [(a, k) for a, k in terms.items() if a.op == "var" and abs(k) == 1]
            if vs and len(terms) == 1:
                narrowed[vs[0][0]] = integer(-const * vs[0][1])

    def known(n: Sym) -> Sym | None:
        if n.op in ("mod", "div") and n.args[0] in tops and is_const(n.args[1]):
            if tops[n.args[0]] < value_of(n.args[1]):
                return n.args[0] if n.op == "mod" else integer(0)
        return facts.get(n)

    out = rewrite(x, known)
    if narrowed and (out.free & narrowed.keys()):
        out = substitute(out, narrowed)
        if restore:
            out = substitute(out, restore)
    return out
