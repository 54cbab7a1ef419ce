"""Rules and substitutions over whole expressions, and what they leave in normal form again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from xpiler.facts import sym
from xpiler.facts.sym.leaves import fresh, integer
from xpiler.facts.sym.nodes import METER, Sym, extent_of, fold_op, fold_vars, make, sum_of, word_of
from xpiler.facts.sym.sums import add, mul, scale


def rebuild(n: Sym, args: tuple[Sym, ...]) -> Sym:
    """n with new args, in normal form again."""
    match n.op:
        case "lin":
            const, coefs = sum_of(n)
            return _joined(add(integer(const), *[scale(a, c) for a, c in zip(args, coefs, strict=True)]))
        case "prod":
            out = args[0]
            for a in args[1:]:
                out = mul(out, a)
            return out
        case "div":
            return sym.div(*args)
        case "mod":
            return sym.mod(*args)
        case "bit":
            return sym.bit(word_of(n), *args)
        case "cmp":
            return sym.compare(word_of(n), *args)
        case "lt":
            return sym.negative(args[0])
        case "eq":
            return sym.zero(args[0])
        case "and":
            return sym.conjoin(*args)
        case "or":
            return sym.disjoin(*args)
        case "not":
            return sym.negate(args[0])
        case "sel":
            return sym.select(*args)
        case "bin":
            return sym.binary(word_of(n), args[0], args[1], n.dtype)
        case "call":
            return sym.call(word_of(n), args, n.dtype)
        case "cast":
            return sym.cast(args[0], n.dtype)
        case "un":
            return sym.unary(word_of(n), args[0], n.dtype)
        case "fold":
            return sym.fold(fold_op(n), fold_vars(n), args[0], args[1], n.dtype)
    return make(n.op, args, n.data, n.dtype)


def _joined(x: Sym) -> Sym:
    """A sum of whole numbers whose reductions follow each other, once what they are made of is put in, as one of them:
    of floats a pair is put together when it is added again, which such a sum's terms are not."""
    const, terms = sum_of(x) if x.op == "lin" and x.has & {"fold", "ld"} else (0, ())
    folds = [a for a, c in zip(x.args, terms, strict=False) if c == 1 and _adds(a)]
    left, again = folds, len(folds) > 1
    while again:
        again, pairs, left = False, left, []
        while pairs:
            a, *pairs = pairs
            whole = sym.reroll("+", a, pairs[0], a.dtype) if pairs else None
            if whole is not None:
                again, pairs = True, pairs[1:]
            left.append(a if whole is None else whole)
    if len(left) == len(folds):
        return x
    rest = [scale(a, c) for a, c in zip(x.args, terms, strict=True) if a not in folds]
    return add(integer(const), *rest, *left)


def _adds(x: Sym) -> bool:
    """Whether x is a sum, or what a lane holds."""
    return x.op == "fold" and fold_op(x) == "+" or x.op == "ld" and word_of(x).startswith("~")


def _of_parts(n: Sym, visit: Callable[[Sym], Sym]) -> Sym:
    """n made anew of its parts, each as `visit` has it; n itself where all stay."""
    args = tuple(map(visit, n.args))
    return n if all(p is q for p, q in zip(args, n.args, strict=True)) else rebuild(n, args)


def rewrite(x: Sym, rule: Callable[[Sym], Sym | None]) -> Sym:
    """x with rule applied to every node top-down: a node for which rule answers is replaced, not entered."""
    memo: dict[Sym, Sym] = {}

    def visit(n: Sym) -> Sym:
        got = memo.get(n)
        if got is not None:
            return got
        METER.spend()
        new = rule(n)
        if new is None:
            new = _of_parts(n, visit)
        memo[n] = new
        return new

    return visit(x)


def substitute(x: Sym, mapping: Mapping[Sym, Sym]) -> Sym:
    """x with variables replaced, capture-free; extents of folds follow."""
    if not mapping or not (x.free & mapping.keys()) and x.op != "var":
        if x.op != "fold" and "fold" not in x.has:
            return x
    memo: dict[Sym, Sym] = {}

    def visit(n: Sym) -> Sym:
        got = memo.get(n)
        if got is not None:
            return got
        METER.spend()
        if n in mapping:
            new = mapping[n]
        elif not n.args or not (n.free & mapping.keys()) and "fold" not in n.has:
            new = n
        elif n.op == "fold":
            new = _substitute_fold(n, mapping, visit)
        else:
            new = _of_parts(n, visit)
        memo[n] = new
        return new

    return visit(x)


def _substitute_fold(n: Sym, mapping: Mapping[Sym, Sym], visit: Callable[[Sym], Sym]) -> Sym:
    bound_vars = fold_vars(n)
    inside = any(extent_of(v).free & mapping.keys() for v in bound_vars)
    if not inside and not n.free & mapping.keys():
        return n
    inner = dict(mapping)
    new_vars = []
    for v in bound_vars:
        w = fresh("s", substitute(extent_of(v), inner))
        inner[v] = w
        new_vars.append(w)
    body = substitute(n.args[0], inner)
    return sym.fold(fold_op(n), new_vars, body, visit(n.args[1]), n.dtype)


def collect(x: Sym, want: Callable[[Sym], bool], without: Iterable[Sym] = ()) -> list[Sym]:
    """Every distinct node that want accepts, outermost first; folds are entered, and `without` is not."""
    found: list[Sym] = []
    seen: set[Sym] = set(without)
    stack = [x]
    while stack:
        n = stack.pop()
        if n in seen:
            continue
        seen.add(n)
        if want(n):
            found.append(n)
        stack.extend(n.args)
    return found
