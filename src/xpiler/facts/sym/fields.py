"""Bits and fields taken out of a word: of a mask, of a table in a constant, of lanes or neighbours packed into one."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from math import gcd, inf, prod

from xpiler.facts import sym
from xpiler.facts.sym.comparisons import compare
from xpiler.facts.sym.evaluation import evaluate
from xpiler.facts.sym.leaves import ONE, ZERO, integer, is_const, var
from xpiler.facts.sym.logic import conjoin, disjoin, negate
from xpiler.facts.sym.nodes import BOOL, I32, Sym, bounded, extent_of, make, value_of
from xpiler.facts.sym.quotients import div_const, mod_const
from xpiler.facts.sym.rewriting import rebuild, substitute
from xpiler.facts.sym.sums import add, linear, scale, sub, terms_of

_FIELDS = 64  # most fields of a constant that are looked at one by one


def mask_bit(a: Sym) -> Sym | None:
    """Bit i of a mask, for a = mask >> i: (1 << r) - 1 has it when i < r, a constant when it is set throughout."""
    if a.op != "bit" or a.data != ">>":
        return None
    mask, i = a.args
    while mask.op == "cast":
        mask = mask.args[0]
    if mask.op == "sel":
        sides = [mask_bit(make("bit", (m, i), ">>", I32)) for m in mask.args[1:]]
        told = [s for s in sides if s is not None]
        return sym.select(mask.args[0], *told) if len(told) == 2 else None
    if mask.op == "bit" and mask.data in ("&", "|"):
        one, other = (mask_bit(make("bit", (m, i), ">>", I32)) for m in mask.args)
        if one is None or other is None:
            return None
        both = conjoin if mask.data == "&" else disjoin
        return sym.select(both(_truth(one), _truth(other)), ONE, ZERO)
    if is_const(mask):
        low, high = i.lo, i.hi
        bits = value_of(mask)
        if high == inf or high > 63:
            return None
        chosen = {(bits >> n) & 1 for n in range(int(low), int(high) + 1)}
        if len(chosen) == 1:
            return integer(chosen.pop())
        if bits & (bits + 1) == 0:
            return sym.select(compare("<", i, integer(bits.bit_length())), ONE, ZERO)
        return None
    const, terms = terms_of(mask)
    if const == -1 and len(terms) == 1:
        (power, c), = terms.items()
        if c == 1 and power.op == "bit" and power.data == "<<" and power.args[0] is ONE:
            return sym.select(compare("<", i, power.args[1]), ONE, ZERO)
    return _lane_of(mask, i)


def _truth(x: Sym) -> Sym:
    """Whether a bit is set."""
    return x if x.dtype is BOOL else negate(compare("==", x, ZERO))


def _line(a: Sym, b: Sym, v: Sym) -> Sym | None:
    """What may be a where v is 0 and b where v is 1: integers that differ grow with v."""
    if a is b:
        return a
    if not a.dtype.is_float and not b.dtype.is_float and a.dtype is not BOOL and is_const(sub(b, a)):
        return add(a, scale(v, value_of(sub(b, a))))
    if (a.op, a.data, a.dtype) != (b.op, b.data, b.dtype) or len(a.args) != len(b.args) or not a.args:
        return None
    args = [_line(x, y, v) for x, y in zip(a.args, b.args, strict=True)]
    kept = [x for x in args if x is not None]
    return rebuild(a, tuple(kept)) if len(kept) == len(args) else None


_RUNS = 3  # most pieces of a word of lanes


def _lane_of(word: Sym, i: Sym) -> Sym | None:
    """Bit i of c(0) + 2 * c(1) + 4 * c(2) + ..., what a comparison of lanes leaves: c(i), in a few pieces at most."""
    const, terms = terms_of(word)
    lanes = sorted(terms.items(), key=lambda lane: lane[1])
    bits = [t for t, _ in lanes]
    if const or len(bits) < 2 or not 0 <= i.lo <= i.hi < len(bits):
        return None
    if [c for _, c in lanes] != [1 << k for k in range(len(bits))] or any(t.lo < 0 or t.hi > 1 for t in bits):
        return None
    pieces: list[tuple[int, Sym]] = []  # where each begins, and what its lanes are
    at = 0
    while at < len(bits) and len(pieces) < _RUNS:
        body, end = bits[at], at + 1
        v = var("r", integer(len(bits) - at))
        line = _line(bits[at], bits[end], v) if end < len(bits) else None
        if line is not None:
            body = line
            while end < len(bits) and substitute(body, {v: integer(end - at)}) is bits[end]:
                end += 1
            body = substitute(body, {v: sub(i, integer(at))})
        pieces.append((at, body))
        at = end
    if at < len(bits):
        return None
    out = pieces[-1][1]
    for begin, body in zip([b for b, _ in pieces[:0:-1]], [p for _, p in pieces[-2::-1]], strict=True):
        out = sym.select(compare("<", i, integer(begin)), body, out)
    return out


def read_off(table: int, at: Sym, field: int) -> Sym | None:
    """(table >> at) & field, a constant's fields looked up by small loop variables, as a sum of these if it is one: the
    lanes that a shuffle takes."""
    vs = sorted(at.free, key=lambda v: v.uid)
    sizes = [value_of(n) if bounded(v) and is_const(n := extent_of(v)) else 0 for v in vs]
    if not vs or not 0 < prod(sizes) <= _FIELDS or table < 0:
        return None
    found: dict[tuple[int, ...], int] = {}
    for places in itertools.product(*map(range, sizes)):
        by = evaluate(at, dict(zip(vs, places, strict=True)))
        if by is None or not 0 <= by < 32:
            return None
        found[places] = (table >> by) & field
    first = found[(0,) * len(vs)]
    steps = {v: found[tuple(int(u is v) for u in vs)] - first if n > 1 else 0 for v, n in zip(vs, sizes, strict=True)}
    for places, value in found.items():
        if value != first + sum(steps[v] * k for v, k in zip(vs, places, strict=True)):
            return None
    return linear(first, steps)


def taken_out(word: Sym, at: Sym, mask: int) -> Sym | None:
    """(word >> at) & mask, where the word is made of neighbours x[i], x[i + 1], ..., or of several such rows in turn,
    and `at` says which of them."""
    bits = mask.bit_length()
    const, parts = _parts_of(word)
    if mask != (1 << bits) - 1 or const or len(parts) * bits > 64 or not 0 <= at.lo <= at.hi < len(parts) * bits:
        return None
    places = sorted(parts.items(), key=lambda part: part[1])
    offset, steps = terms_of(at)
    if [c for _, c in places] != [1 << bits * k for k in range(len(places))] or offset % bits or any(
            c % bits for c in steps.values()):
        return None
    stride = gcd(*(c // bits for c in steps.values())) or len(places)
    which = linear(offset // bits // stride, {t: c // bits // stride for t, c in steps.items()})
    taken = [x for x, _ in places[offset // bits % stride::stride]]
    k = var("r", integer(len(taken)))
    line = _line(taken[0], taken[1], k) if len(taken) > 1 else taken[0]
    for n, x in enumerate(taken):
        if line is None or x.lo < 0 or x.hi > mask or substitute(line, {k: integer(n)}) is not x:
            return None
    return line and substitute(line, {k: which})


def _parts_of(word: Sym) -> tuple[int, Mapping[Sym, int]]:
    """The terms of a word; of one that has a part only under a condition, that part or nothing is one."""
    if word.op != "sel":
        return terms_of(word)
    cond, with_it, without = word.args
    none, more = terms_of(sub(with_it, without))
    const, parts = _parts_of(without)
    if none or len(more) != 1:
        return terms_of(word)
    ((x, c),) = more.items()
    part = sym.select(cond, x, ZERO)
    return terms_of(word) if part in parts else (const, {**parts, part: c})


def whole_field(word: Sym, at: Sym, mask: int) -> Sym | None:
    """(word >> at) & mask where no bit that is shifted in is taken, whether that would be a sign or not."""
    if not is_const(at) or mask < 1 or mask & (mask + 1) or word.lo < 0 or word.hi >= 1 << 32:
        return None
    shift = value_of(at)
    return mod_const(div_const(word, 1 << shift), mask + 1) if shift + mask.bit_length() <= 32 else None
