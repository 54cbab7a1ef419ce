"""Sums that were written out, taken together: x[4 * k] + x[4 * k + 1] + ... over k is x[4 * k + j] over k and j."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from xpiler.verify.proof.index import Atom, Poly, poly, put_in, symbol
from xpiler.verify.proof.terms import Term, Terms

Row = tuple[Poly, ...]
MOST = 64  # items that are looked at together


def gathered(items: Sequence[Term], terms: Terms) -> list[Term]:
    """Items over sets of indices, with those as one that are the same but for where they read, at one distance.

    Their terms are no longer in normal form."""
    left, out = [i for i in items if i.data[0]], [i for i in items if not i.data[0]]
    while left:
        alike = [(row, i) for i in left[:MOST] if (row := _apart(left[0], i, terms)) is not None]
        alike.sort(key=lambda x: [p.constant or 0 for p in x[0]])
        steps = {tuple(b - a for a, b in zip(x, y, strict=True)) for (x, _), (y, _) in pairwise(alike)}
        step = steps.pop() if len(steps) == 1 else ()
        if any(p.constant for p in step):
            out.append(_over(alike[0][1], step, symbol(f"part~{terms.number()}", 0, len(alike) - 1), terms))
            left = [i for i in left if not any(i is j for _, j in alike)]
        else:
            out.append(left.pop(0))
    return out


def _apart(a: Term, b: Term, terms: Terms) -> Row | None:
    """By how much the places that b reads are further on than those of a, where that is all that differs."""
    mine, theirs = a.data[0], b.data[0]
    if [s.hi for s in mine] != [s.hi for s in theirs]:
        return None
    renamed = {t: poly(s) for s, t in zip(mine, theirs, strict=True) if s != t}
    if put_in(b.data[1], renamed) != a.data[1]:
        return None
    return _distances(a.args[0], terms.put(b.args[0], renamed))


def _distances(a: Term, b: Term) -> Row | None:
    if a is b:
        return tuple(poly(0) for _ in _reads(a))
    if a.kind == b.kind == "input" and a.data[0] == b.data[0]:
        by = b.data[1] - a.data[1]
        return (by,) if by.constant is not None else None
    if (a.kind, len(a.args)) != (b.kind, len(b.args)) or a.kind in ("input", "index") or a.data != b.data:
        return None
    parts = [_distances(x, y) for x, y in zip(a.args, b.args, strict=True)]
    return None if any(p is None for p in parts) else tuple(d for p in parts for d in p or ())


def _reads(t: Term) -> Iterator[Term]:
    """Every place where a term reads an input, in the order of its parts, as often as it does."""
    if t.kind == "input":
        yield t
    for a in t.args:
        yield from _reads(a)


def _over(i: Term, step: Row, j: Atom, terms: Terms) -> Term:
    """An item over one index more, by which all that it reads moves on."""
    steps = iter(step)

    def moved(t: Term) -> Term:
        if t.kind == "input":
            return terms.make("input", (t.data[0], t.data[1] + poly(j) * next(steps)))
        return terms.make(t.kind, t.data, tuple(moved(a) for a in t.args)) if t.args else t

    return terms.make("item", ((*i.data[0], j), i.data[1]), (moved(i.args[0]),))
