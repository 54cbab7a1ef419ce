"""Folds over whole vectors with one more, shorter vector beside them."""

from __future__ import annotations

from xpiler.facts.sym.associative import identity_of, is_identity
from xpiler.facts.sym.comparisons import compare
from xpiler.facts.sym.leaves import ONE, integer, is_const, var
from xpiler.facts.sym.nodes import Sym, extent_of, fold_op, fold_vars, value_of
from xpiler.facts.sym.operations import binary
from xpiler.facts.sym.rewriting import substitute
from xpiler.facts.sym.selection import select
from xpiler.facts.sym.sums import add, scale, sub, terms_of


def with_tail(op: str, lane: Sym, body: Sym) -> tuple[Sym, Sym] | None:
    """What lanes add up of whole vectors and of a last, shorter one, as one more loop and what both loops add up:

        sum(k < 9) x[16 * k + lane] + (lane < 8 ? x[144 + lane] : 0)    ->    16 * k + lane < 152 ? x[16 * k + lane] : 0
    """
    found = _vectors_and_last(op, body)
    if found is None or not is_const(extent_of(lane)):
        return None
    whole, within = found
    (k,) = fold_vars(whole)
    const, terms = terms_of(within.args[0])
    if within.op != "lt" or terms != {lane: 1} or not is_const(extent_of(k)):
        return None
    count, width = value_of(extent_of(k)), value_of(extent_of(lane))
    longer = var("~vectors", integer(count + 1))
    within = compare("<", add(scale(longer, width), lane), integer(count * width - const))
    return longer, select(within, substitute(whole.args[0], {k: longer}), identity_of(op, body.dtype))


def _vectors_and_last(op: str, body: Sym) -> tuple[Sym, Sym] | None:
    """What is folded over a count of vectors, and the condition under which one more belongs to it: there is a term for
    it beside the fold, or a fold that has it instead."""
    if body.op == "sel":
        more, whole = body.args[1:]
        if more.op == whole.op == "fold" and _alone(op, more) and _alone(op, whole):
            (k,), (j,) = fold_vars(whole), fold_vars(more)
            same = substitute(more.args[0], {j: k}) is whole.args[0]
            return (whole, body.args[0]) if same and sub(extent_of(j), extent_of(k)) is ONE else None
    parts = list(body.args)
    if op == "+" and body.op == "call" and body.data == "fma":
        parts = [binary("*", body.args[0], body.args[1], body.dtype), body.args[2]]
    elif body.op not in ("bin", "call") or body.data != op or len(parts) != 2:
        return None
    whole, last = sorted(parts, key=lambda x: x.op != "fold")
    if whole.op != "fold" or not _alone(op, whole) or last.op != "sel" or not is_identity(op, last.args[2]):
        return None
    (k,) = fold_vars(whole)
    return (whole, last.args[0]) if substitute(whole.args[0], {k: extent_of(k)}) is last.args[1] else None


def _alone(op: str, x: Sym) -> bool:
    """A fold with this operator over one loop, beginning with nothing."""
    return fold_op(x) == op and is_identity(op, x.args[1]) and len(fold_vars(x)) == 1
