"""Symbolic values: interned expressions in normal form.

Integers are mathematical integers (a proposal's view; judges execute the real text). Every integer expression is a
sum of coefficient * atom plus a constant; division and remainder by constants are simplified with the ranges of
their atoms. Equal expressions are the same object, so equality is `is`. A `fold` is a reduction over bound
variables, named canonically so that alpha-equal folds are the same object too.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import gcd, inf, isfinite, prod

from xpiler.facts.nodes import (
    BOOL as BOOL,
    I32 as I32,
    LOGICAL as LOGICAL,
    METER as METER,
    WHOLE as WHOLE,
    WHOLE_TO as WHOLE_TO,
    Exhausted as Exhausted,
    Sym as Sym,
    bounded as bounded,
    extent_of as extent_of,
    float_of as float_of,
    fold_op as fold_op,
    fold_vars as fold_vars,
    make as make,
    name_of as name_of,
    show as show,
    span as span,
    sum_of as sum_of,
    value_of as value_of,
    word_of as word_of,
)
from xpiler.ir.types import DType


# ---------------------------------------------------------------- leaves


def integer(value: int) -> Sym:
    return make("int", (), int(value), I32)


ZERO, ONE = integer(0), integer(1)


def boolean(value: bool) -> Sym:
    return make("int", (), int(bool(value)), BOOL)


TRUE, FALSE = boolean(True), boolean(False)


def number(value: float, dtype: DType) -> Sym:
    return make("flt", (), (float(value), str(value)), dtype) if dtype.is_float else integer(int(value))


def var(name: str, extent: Sym | None = None, dtype: DType = I32) -> Sym:
    """A variable; with an extent it ranges over 0 .. extent-1."""
    return make("var", (), (name, extent), dtype)


def is_const(x: Sym) -> bool:
    return x.op == "int"


# ---------------------------------------------------------------- integers


def terms_of(x: Sym) -> tuple[int, dict[Sym, int]]:
    """x as constant + {atom: coefficient}."""
    if x.op == "int":
        return value_of(x), {}
    if x.op == "lin":
        const, coefs = sum_of(x)
        return const, dict(zip(x.args, coefs, strict=True))
    return 0, {x: 1}


def linear(const: int, terms: Mapping[Sym, int]) -> Sym:
    live = {a: c for a, c in terms.items() if c}
    if any(a.op in ("div", "mod") for a in live):
        live, more = _recombine(live)
        const += more
    if not live:
        return integer(const)
    if const == 0 and len(live) == 1:
        atom, c = next(iter(live.items()))
        if c == 1:
            return atom
    atoms = tuple(sorted(live, key=lambda a: a.uid))
    return make("lin", atoms, (const, tuple(live[a] for a in atoms)), I32)


def _recombine(terms: dict[Sym, int]) -> tuple[dict[Sym, int], int]:
    """c*m*(x/m) + c*(x%m) = c*x, for whole and partial digits of x; and the constant that comes out of x."""
    again, constant = True, 0
    while again:
        again = False
        for high in list(terms):
            whole = high.op == "div" and high.args[0].op in ("var", "prod", "call")
            if not whole or not is_const(high.args[1]):
                continue
            x, m = high.args
            c = -terms.get(x, 0)
            if c and terms[high] == c * value_of(m):  # m * (x/m) - x = -(x%m)
                del terms[high], terms[x]
                rest = mod(x, m)
                terms[rest] = terms.get(rest, 0) - c
                terms = {a: k for a, k in terms.items() if k}
                again = True
                break
        if again:
            continue
        for low in list(terms):
            if low.op != "mod" or not is_const(low.args[1]):
                continue
            c, (x, m) = terms[low], low.args
            if terms.get(x) == -c:  # x - x%m = m * (x/m)
                del terms[low], terms[x]
                high = div(x, m)
                terms[high] = terms.get(high, 0) - c * value_of(m)
                terms = {a: k for a, k in terms.items() if k}
                again = True
                break
            high = div(x, m)
            if high.op == "lin" or high.op == "int":
                continue
            if terms.get(high) == c * value_of(m):
                del terms[low], terms[high]
                const, extra = terms_of(x)
                constant += c * const
                for a, k in extra.items():
                    terms[a] = terms.get(a, 0) + c * k
                terms = {a: k for a, k in terms.items() if k}
                again = True
                break
            for other, k in list(terms.items()):  # c*m*((x/m)%p) + c*(x%m) = c*(x % (m*p))
                digit = other.op == "mod" and other.args[0] is high and is_const(other.args[1])
                if digit and k == c * value_of(m):
                    merged = mod(x, integer(value_of(m) * value_of(other.args[1])))
                    if merged.op == "mod":
                        del terms[low], terms[other]
                        terms[merged] = terms.get(merged, 0) + c
                        again = True
                        break
            if again:
                break
        again = again or _whole_again(terms) or _carried_over(terms)
    return terms, constant


def _carried_over(terms: dict[Sym, int]) -> bool:
    """One step of x/m + (x%m + b)/m = (x + b)/m: a tile, and how many tiles further on something lies."""
    for more, c in list(terms.items()):
        if more.op != "div" or not is_const(more.args[1]) or more.args[0].lo < 0:
            continue
        y, m = more.args
        const, inside = terms_of(y)
        for rest, k in inside.items():
            if rest.op != "mod":
                continue
            x = rest.args[0]
            if rest.args[1] is m and k == 1 and x.lo >= 0 and terms.get(tile := div(x, m)) == c:
                whole = div(add(x, linear(const, {a: n for a, n in inside.items() if a is not rest})), m)
                if whole.op == "div" and whole not in terms:
                    del terms[more], terms[tile]
                    terms[whole] = c
                    return True
    return False


def _whole_again(terms: dict[Sym, int]) -> bool:
    """One step of c*m*(x/m) + c*(x%m) = c*x, and of c*m*((x/m)%p) + c*(x%m) = c*(x%(m*p)), where x is a sum: its
    remainder may be of a smaller sum, as of b + t for (4*b + t) % 3, or fall apart."""
    for high, k in list(terms.items()):
        digit = high.op == "mod" and is_const(high.args[1]) and high.args[0].op == "div"
        quotient, p = (high.args[0], value_of(high.args[1])) if digit else (high, 0)
        if quotient.op != "div" or quotient.args[0].op != "lin" or not is_const(quotient.args[1]):
            continue
        x, m = quotient.args[0], value_of(quotient.args[1])
        if k % m or x.lo < 0:
            continue
        c = k // m
        const, rest = terms_of(mod(x, integer(m)))
        if const or not rest or any(terms.get(a, 0) != c * n for a, n in rest.items()):
            continue
        const, whole = terms_of(mod(x, integer(m * p)) if digit else x)
        if const or high in whole:
            continue
        del terms[high]
        for a in rest:
            del terms[a]
        for a, n in whole.items():
            terms[a] = terms.get(a, 0) + c * n
            if not terms[a]:
                del terms[a]
        return True
    return False


def add(*xs: Sym) -> Sym:
    const = 0
    terms: dict[Sym, int] = {}
    for x in xs:
        if x.dtype.is_float:
            raise TypeError("integer sum of floats")
        c, more = terms_of(x)
        const += c
        for a, k in more.items():
            terms[a] = terms.get(a, 0) + k
    return linear(const, terms)


def scale(x: Sym, factor: int) -> Sym:
    const, terms = terms_of(x)
    return linear(const * factor, {a: c * factor for a, c in terms.items()})


def sub(a: Sym, b: Sym) -> Sym:
    if a.dtype.is_float or b.dtype.is_float:
        raise TypeError("integer difference of floats")
    const, terms = terms_of(a)
    less, minus = terms_of(b)
    for x, k in minus.items():
        terms[x] = terms.get(x, 0) - k
    return linear(const - less, terms)


def mul(a: Sym, b: Sym) -> Sym:
    if a.op == b.op == "sel" and (alike := _padded_alike((a, b))) is not None:
        return select(alike[0], mul(*alike[1]), ZERO)
    if is_const(a):
        return scale(b, value_of(a))
    if is_const(b):
        return scale(a, value_of(b))
    ca, ta = terms_of(a)
    cb, tb = terms_of(b)
    out: dict[Sym, int] = {}
    for x, i in ta.items():
        for y, j in tb.items():
            factors = (x.args if x.op == "prod" else (x,)) + (y.args if y.op == "prod" else (y,))
            atom = make("prod", tuple(sorted(factors, key=lambda s: s.uid)), None, I32)
            out[atom] = out.get(atom, 0) + i * j
        if cb:
            out[x] = out.get(x, 0) + i * cb
    if ca:
        for y, j in tb.items():
            out[y] = out.get(y, 0) + ca * j
    return linear(ca * cb, out)


def div(a: Sym, b: Sym) -> Sym:
    """a / b for b > 0; floor and C agree because a >= 0 where rules apply."""
    if is_const(b) and value_of(b) > 0:
        return _div_const(a, value_of(b))
    if a is b:
        return ONE
    quotient = _divide_by_atom(a, b)
    return quotient if quotient is not None else make("div", (a, b), None, I32)


def _divide_by_atom(a: Sym, b: Sym) -> Sym | None:
    """(b*q + r) / b = q for a symbolic b, when 0 <= r < b can be seen from r's extent."""
    if b.op != "var":
        return None
    const, terms = terms_of(a)
    quotient: dict[Sym, int] = {}
    rest: dict[Sym, int] = {}
    for atom, c in terms.items():
        if atom is b:
            quotient[ONE] = c
        elif atom.op == "prod" and b in atom.args:
            others = list(atom.args)
            others.remove(b)
            q = others[0] if len(others) == 1 else make("prod", tuple(others), None, I32)
            quotient[q] = quotient.get(q, 0) + c
        else:
            rest[atom] = c
    if not quotient:
        return None
    r = linear(const, rest)
    if r.lo >= 0 and prove_lt(r, b):
        return add(*[scale(q, c) for q, c in quotient.items()])
    return None


def _div_const(a: Sym, m: int) -> Sym:
    if m == 1:
        return a
    if a.op == "sel" and any(map(is_const, a.args[1:])):
        return select(a.args[0], _div_const(a.args[1], m), _div_const(a.args[2], m))
    if is_const(a):
        return integer(value_of(a) // m) if value_of(a) >= 0 else integer(-((-value_of(a)) // m))
    if 0 <= a.lo and a.hi < m:
        return ZERO
    const, terms = terms_of(a)
    whole = {x: c // m for x, c in terms.items() if c % m == 0}
    rest = {x: c for x, c in terms.items() if c % m}
    if whole and a.lo >= 0 or (whole and linear(const, rest).lo >= 0):
        high, low = (const // m, const % m)
        return add(linear(high, whole), _div_const(linear(low, rest), m))
    if a.lo >= 0:
        if const >= m and linear(const % m, terms).lo >= 0:
            return add(integer(const // m), _div_const(linear(const % m, terms), m))
        g = m
        big = {}
        for c in terms.values():
            if gcd(c, m) > 1:
                g = gcd(g, c)
        if g == 1 or g == m:
            g = max((gcd(c, m) for c in terms.values() if gcd(c, m) not in (1, m)), default=1)
        if g > 1:
            big = {x: c // g for x, c in terms.items() if c % g == 0}
            small = linear(const % g, {x: c for x, c in terms.items() if c % g})
            if big and 0 <= small.lo and small.hi < g:
                return _div_const(linear(const // g, big), m // g)
        if a.op == "div" and is_const(a.args[1]):
            return _div_const(a.args[0], m * value_of(a.args[1]))
        if a.op == "mod" and is_const(a.args[1]) and value_of(a.args[1]) % m == 0:
            return mod(_div_const(a.args[0], m), integer(value_of(a.args[1]) // m))
        if a.op == "bit" and a.data in _BITWISE and m & (m - 1) == 0 and min(x.lo for x in a.args) >= 0:
            return bit(str(a.data), _div_const(a.args[0], m), _div_const(a.args[1], m))
    return make("div", (a, integer(m)), None, I32)


_BITWISE = ("&", "|", "^")  # they work on the bits above and below a place alone


def mod(a: Sym, b: Sym) -> Sym:
    if is_const(b) and value_of(b) > 0:
        return _mod_const(a, value_of(b))
    quotient = _divide_by_atom(a, b)
    if quotient is not None:
        return sub(a, mul(quotient, b))
    return make("mod", (a, b), None, I32)


def _mod_const(a: Sym, m: int) -> Sym:
    if m == 1:
        return ZERO
    if a.op == "sel" and any(map(is_const, a.args[1:])):
        return select(a.args[0], _mod_const(a.args[1], m), _mod_const(a.args[2], m))
    if is_const(a):
        v = value_of(a)
        return integer(v % m if v >= 0 else -((-v) % m))
    if 0 <= a.lo and a.hi < m:
        return a
    if m == 2:
        picked = mask_bit(a)
        if picked is not None:
            return picked
    if a.lo < 0:
        return make("mod", (a, integer(m)), None, I32)
    whole = _up_to(a, m)
    if whole is not None:
        return _mod_const(whole, m)
    const, terms = terms_of(a)
    rest = {x: c % m if c > 0 else c for x, c in terms.items() if c % m}
    reduced = linear(const % m, rest)
    if reduced is not a and reduced.lo >= 0:
        return _mod_const(reduced, m)
    g = max((gcd(c, m) for c in terms.values() if gcd(c, m) not in (1, m)), default=1)
    if g > 1:
        big = {x: c // g for x, c in terms.items() if c % g == 0}
        small = linear(const % g, {x: c for x, c in terms.items() if c % g})
        if big and 0 <= small.lo and small.hi < g:
            return add(scale(_mod_const(linear(const // g, big), m // g), g), small)
    if a.op == "mod" and is_const(a.args[1]) and value_of(a.args[1]) % m == 0:
        return _mod_const(a.args[0], m)
    if a.op == "bit" and a.data in _BITWISE and m & (m - 1) == 0:
        return bit(str(a.data), _mod_const(a.args[0], m), _mod_const(a.args[1], m))
    return make("mod", (a, integer(m)), None, I32)


def _up_to(a: Sym, m: int) -> Sym | None:
    """a with c*(x%q) + d*(x/q) as c*x where c*q and d are the same up to a multiple of m, which the remainder of a by m
    does not see; likewise of a digit (x/q)%p."""
    const, terms = terms_of(a)
    for low, c in terms.items():
        if low.op != "mod" or not is_const(low.args[1]):
            continue
        x, q = low.args
        high = div(x, q)
        for other, d in terms.items():
            digit = other.op == "mod" and other.args[0] is high and is_const(other.args[1])
            if other is not high and not digit or (c * value_of(q) - d) % m:
                continue
            merged = mod(x, integer(value_of(q) * value_of(other.args[1]))) if digit else x
            rest = linear(const, {t: k for t, k in terms.items() if t is not low and t is not other})
            whole = add(rest, scale(merged, c))
            return whole if whole is not a and whole.lo >= 0 else None
    return None


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
        return select(mask.args[0], sides[0], sides[1]) if sides[0] is not None and sides[1] is not None else None
    if mask.op == "bit" and mask.data in ("&", "|"):
        one, other = (mask_bit(make("bit", (m, i), ">>", I32)) for m in mask.args)
        if one is None or other is None:
            return None
        both = conjoin if mask.data == "&" else disjoin
        return select(both(_truth(one), _truth(other)), ONE, ZERO)
    if is_const(mask):
        low, high = i.lo, i.hi
        bits = value_of(mask)
        if high == inf or high > 63:
            return None
        chosen = {(bits >> n) & 1 for n in range(int(low), int(high) + 1)}
        if len(chosen) == 1:
            return integer(chosen.pop())
        if bits & (bits + 1) == 0:
            return select(compare("<", i, integer(bits.bit_length())), ONE, ZERO)
        return None
    const, terms = terms_of(mask)
    if const == -1 and len(terms) == 1:
        (power, c), = terms.items()
        if c == 1 and power.op == "bit" and power.data == "<<" and power.args[0] is ONE:
            return select(compare("<", i, power.args[1]), ONE, ZERO)
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
        out = select(compare("<", i, integer(begin)), body, out)
    return out


def _read_off(table: int, at: Sym, field: int) -> Sym | None:
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


def _taken_out(word: Sym, at: Sym, mask: int) -> Sym | None:
    """(word >> at) & mask, where the word is made of neighbours x[i], x[i + 1], ..., or of several such rows in turn,
    and `at` says which of them."""
    bits = mask.bit_length()
    const, parts = terms_of(word)
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


def _field(word: Sym, at: Sym, mask: int) -> Sym | None:
    """(word >> at) & mask where no bit that is shifted in is taken, whether that would be a sign or not."""
    if not is_const(at) or mask < 1 or mask & (mask + 1) or word.lo < 0 or word.hi >= 1 << 32:
        return None
    shift = value_of(at)
    return _mod_const(_div_const(word, 1 << shift), mask + 1) if shift + mask.bit_length() <= 32 else None


def bit(op: str, a: Sym, b: Sym) -> Sym:
    """a op b for op in & | ^ << >>, turned into arithmetic where a constant allows it."""
    if op in ("<<", ">>") and is_const(b) and not 0 <= value_of(b) < 64:
        return make("bit", (a, b), op, I32)  # C gives it no meaning
    if is_const(a) and is_const(b):
        x, y = value_of(a), value_of(b)
        table: dict[str, Callable[[], int]] = {
            "&": lambda: x & y, "|": lambda: x | y, "^": lambda: x ^ y,
            "<<": lambda: x << y, ">>": lambda: x >> y,
        }
        return integer(table[op]())
    if op in ("&", "|", "^") and is_const(a):
        a, b = b, a
    if op in (">>", "&") and is_const(b) and a.op == "sel" and any(map(is_const, a.args[1:])):
        return select(a.args[0], bit(op, a.args[1], b), bit(op, a.args[2], b))
    if is_const(b):
        c = value_of(b)
        if op == "<<":
            return scale(a, 1 << c)
        if c == 0:
            return ZERO if op == "&" else a
        if op == ">>" and a.lo >= 0:
            return _div_const(a, 1 << c)
        if op == "&" and c == 1:
            told = mask_bit(a)
            if told is not None:
                return told
        if op == "&" and a.op == "bit" and a.data == ">>" and is_const(a.args[0]):
            read = _read_off(value_of(a.args[0]), a.args[1], c)
            if read is not None:
                return read
        if op == "&" and a.op == "bit" and a.data == ">>":
            part = _taken_out(a.args[0], a.args[1], c) or _field(a.args[0], a.args[1], c)
            if part is not None:
                return part
        if op == "&" and c > 0 and c & (c + 1) == 0 and a.lo >= 0:
            return _mod_const(a, c + 1)
        if op == "&" and c < -1 and -c & (-c - 1) == 0:  # x & -16 is x >> 4 << 4, of whatever sign x is
            shift = (-c).bit_length() - 1
            return scale(bit(">>", a, integer(shift)), -c)
    if op == "|" and a.lo >= 0 and b.lo >= 0:
        for low, high in ((a, b), (b, a)):
            const, terms = terms_of(high)
            g = const
            for k in terms.values():
                g = gcd(g, k)
            if g and low.hi < (g & -g):
                return add(low, high)  # no bit in common
    return make("bit", (a, b), op, I32)


# ---------------------------------------------------------------- conditions


@functools.lru_cache(maxsize=1 << 17)
def bound(x: Sym, upper: bool) -> Sym:
    """x with every bounded variable at the end of its range that makes x largest (or smallest)."""
    for _ in range(8):
        const, terms = terms_of(x)
        out, changed = integer(const), False
        for atom, c in terms.items():
            factors = atom.args if atom.op == "prod" else (atom,)
            if (c > 0) == upper and any(f.op == "var" and bounded(f) for f in factors):
                new = integer(c)
                for f in factors:
                    loop = f.op == "var" and bounded(f)
                    new = mul(new, sub(extent_of(f), ONE) if loop else f)
                out, changed = add(out, new), True
            elif any(f.op == "var" and bounded(f) for f in factors):
                changed = True  # at its smallest: 0
            else:
                out = add(out, scale(atom, c))
        x = out
        if not changed:
            return x
    return x


def _below_zero(d: Sym) -> bool:
    """d < 0 everywhere; a minimum is as small as either of its arguments, and no smaller than the smaller one."""
    if d.hi < 0:
        return True
    _, terms = terms_of(d)
    for a, c in terms.items():
        if a.op == "call" and a.data in ("min", "max"):
            way = any if (c > 0) == (a.data == "min") else all
            return way(_below_zero(bound(add(sub(d, scale(a, c)), scale(x, c)), True)) for x in a.args)
        if c < 0 and a.op == "div" and is_const(a.args[1]) and value_of(a.args[1]) > 0 > a.lo:
            if sub(d, scale(a, c)).hi < 0:
                return _not_negative(a.args[0])
        if a.op == "div" and is_const(a.args[1]) and any(a.args[0].free & x.free for x in terms if x is not a):
            m = value_of(a.args[1])
            # What is rounded down is no more, and less by less than the divisor.
            if m > 0 and (c < 0 or _not_negative(a.args[0])):
                most = a.args[0] if c > 0 else sub(a.args[0], integer(m - 1))
                return _below_zero(bound(add(scale(sub(d, scale(a, c)), m), scale(most, c)), True))
    return False


def _not_negative(x: Sym) -> bool:
    return x.lo >= 0 or _below_zero(bound(sub(integer(-1), x), True))


def prove_lt(a: Sym, b: Sym) -> bool:
    """a < b for every value of the variables in range."""
    d = sub(a, b)
    return d.hi < 0 or _below_zero(bound(d, True))


def compare(op: str, a: Sym, b: Sym) -> Sym:
    if a.dtype.is_float or b.dtype.is_float:
        if a.op == b.op == "flt" and op in ("==", "!="):
            return boolean((float_of(a) == float_of(b)) == (op == "=="))
        told = _told(op, span(a), span(b))
        return make("cmp", (a, b), op, BOOL) if told is None else boolean(told)
    match op:
        case "<":
            return _negative(sub(a, b))
        case "<=":
            return _negative(sub(sub(a, b), ONE))
        case ">":
            return _negative(sub(b, a))
        case ">=":
            return _negative(sub(sub(b, a), ONE))
        case "==":
            return _zero(sub(a, b))
        case "!=":
            return negate(_zero(sub(a, b)))
    raise ValueError(op)


def _told(op: str, a: tuple[float, float], b: tuple[float, float]) -> bool | None:
    """How numbers within these bounds compare, where the bounds say: what has none may be a NaN."""
    if op in (">", ">="):
        return _told({">": "<", ">=": "<="}[op], b, a)
    if op == "<" and a[0] >= b[1] or op == "<=" and a[0] > b[1]:
        return False
    sure = op in ("<", "<=") and (a[1] < b[0] or op == "<=" and a[1] == b[0] and abs(a[1]) != inf)
    return True if sure else None


def _negative(d: Sym) -> Sym:
    """d < 0"""
    if d.hi < 0 or _below_zero(bound(d, True)):
        return TRUE
    if d.lo >= 0 or bound(d, False).lo >= 0:
        return FALSE
    const, terms = terms_of(d)
    for a, c in terms.items():
        if a.op == "call" and a.data in ("min", "max"):
            parts = [_negative(add(sub(d, scale(a, c)), scale(x, c))) for x in a.args]
            both = (a.data == "max") == (c > 0)  # x < min(p, q): below both
            return conjoin(*parts) if both else disjoin(*parts)
    g = 0
    for c in terms.values():
        g = gcd(g, c)
    if g > 1:
        return _negative(linear(const // g, {a: c // g for a, c in terms.items()}))
    if len(terms) > 1:
        coarse = _by_high_digit(const, terms)
        if coarse is not None:
            return _negative(coarse)
    if len(terms) == 1:
        ((a, c),) = terms.items()
        if a.op == "sel" and is_const(a.args[1]) and is_const(a.args[2]):
            return select(a.args[0], *(boolean(const + c * value_of(x) < 0) for x in a.args[1:]))
        if a.op == "div" and is_const(a.args[1]) and a.args[0].lo >= 0:
            x, m = a.args[0], value_of(a.args[1])
            if c == 1:  # x / m < k is x < k * m
                return _negative(add(x, integer(const * m)))
            if c == -1:  # x / m > k is x >= (k + 1) * m
                return _negative(sub(integer((const + 1) * m - 1), x))
    return make("lt", (d,), None, BOOL)


def _by_high_digit(const: int, terms: Mapping[Sym, int]) -> Sym | None:
    """16 * b + lane - 96 is negative where b - 6 is: what is negative where the terms are, of their largest alone."""
    g = max(map(abs, terms.values()))
    low = linear(const, {a: c for a, c in terms.items() if c % g})
    if g == 1 or not (-inf < low.lo and low.hi < inf):
        return None
    t = -(int(low.lo) // g)  # from here on it is not negative
    if g * (t - 1) + low.hi >= 0:
        return None
    return linear(-t, {a: c // g for a, c in terms.items() if c % g == 0})


def _known(x: Sym) -> bool:
    """A number, or a choice between numbers."""
    return is_const(x) or x.op == "sel" and all(map(_known, x.args[1:]))


def _zero(d: Sym) -> Sym:
    """d == 0"""
    if d.op == "sel" and _known(d):
        return select(d.args[0], _zero(d.args[1]), _zero(d.args[2]))
    if d.lo > 0 or d.hi < 0:
        return FALSE
    if is_const(d):
        return boolean(value_of(d) == 0)
    const, terms = terms_of(d)
    if all(c < 0 for c in terms.values()):
        d = scale(d, -1)
    if len(terms) == 1:
        ((a, c),) = terms.items()
        if a.op == "div" and is_const(a.args[1]) and a.args[0].lo >= 0 and abs(c) == 1:
            x, first = a.args[0], -const * c * value_of(a.args[1])  # x / m == k is k * m <= x < (k + 1) * m
            return conjoin(compare(">=", x, integer(first)), compare("<", x, integer(first + value_of(a.args[1]))))
        if a.op == "call" and a.data in ("min", "max") and abs(c) == 1 and (end := integer(-const * c)) in a.args:
            other = a.args[a.args[0] is end]
            return compare(">=" if a.data == "min" else "<=", other, end)
    if const == 0 and len(terms) == 2 and sum(terms.values()) == 0 and _in_other_slots(*terms):
        return FALSE
    return make("eq", (d,), None, BOOL)


def _in_other_slots(a: Sym, b: Sym) -> bool:
    """x % n and y % n differ: y - x is no multiple of n."""
    if a.op != "mod" or b.op != "mod" or a.args[1] is not b.args[1] or not is_const(a.args[1]):
        return False
    x, y, n = a.args[0], b.args[0], value_of(a.args[1])
    apart = sub(y, x)
    return min(x.lo, y.lo) >= 0 and -inf < apart.lo and apart.hi < inf and int(apart.hi) // n * n < apart.lo


_opposites: dict[Sym, Sym] = {}


def negate(c: Sym) -> Sym:
    """The opposite of a condition, remembered as nodes are."""
    known = _opposites.get(c)
    if known is None:
        known = _opposites[c] = _negated(c)
    return known


def _negated(c: Sym) -> Sym:
    match c.op:
        case "int":
            return boolean(not value_of(c))
        case "not":
            return c.args[0]
        case "lt":
            return _negative(sub(scale(c.args[0], -1), ONE))
        case "and":
            return disjoin(*[negate(a) for a in c.args])
        case "or":
            return conjoin(*[negate(a) for a in c.args])
    return make("not", (c,), None, BOOL)


def conjoin(*cs: Sym) -> Sym:
    parts: dict[Sym, None] = {}
    for c in cs:
        for p in c.args if c.op == "and" else (c,):
            if p is FALSE or (is_const(p) and not value_of(p)):
                return FALSE
            if not is_const(p):
                parts[p] = None
    if not parts:
        return TRUE
    if len(parts) == 1:
        return next(iter(parts))
    if any(negate(p) in parts for p in parts if p.op != "and"):
        return FALSE
    lines = {p.args[0]: p for p in parts if p.op == "lt"}
    for d in lines if len(lines) > 1 else ():
        other = lines.get(sub(integer(-2), d))
        if other is not None:  # d is -1: it is negative, and so is -2 - d
            return conjoin(_zero(add(d, ONE)), *(p for p in parts if p is not lines[d] and p is not other))
    return make("and", tuple(sorted(parts, key=lambda p: p.uid)), None, BOOL)


def conjuncts(c: Sym) -> tuple[Sym, ...]:
    return c.args if c.op == "and" else () if c is TRUE else (c,)


def disjoin(*cs: Sym) -> Sym:
    parts: dict[Sym, None] = {}
    for c in cs:
        for p in c.args if c.op == "or" else (c,):
            if is_const(p) and value_of(p):
                return TRUE
            if not is_const(p):
                parts[p] = None
    if not parts:
        return FALSE
    if len(parts) == 1:
        return next(iter(parts))
    if any(p.op != "and" and negate(p) in parts for p in parts):
        return TRUE
    orders = [p for p in parts if p.op == "lt"]
    for p in parts if orders else ():
        if any(q is not p and _follows(q, p) for q in orders):
            return disjoin(*(q for q in parts if q is not p))
    return make("or", tuple(sorted(parts, key=lambda p: p.uid)), None, BOOL)


def _follows(less: Sym, given: Sym) -> bool:
    """Whether something is negative wherever something else is 0 or negative too: i < n where n is 32, or more than
    that, and i is less."""
    if given.op == "eq":
        return any(add(less.args[0], scale(given.args[0], way)).hi < 0 for way in (1, -1))
    return given.op == "lt" and sub(less.args[0], given.args[0]).hi <= 0


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
        return call("max" if greater else "min", (a, b), a.dtype)
    if c.op == "lt" and not a.dtype.is_float and a.dtype is not BOOL and c.args[0] is sub(a, b):
        return call("min", (a, b), a.dtype)
    if c.op == "lt" and not a.dtype.is_float and a.dtype is not BOOL and c.args[0] is sub(b, a):
        return call("max", (a, b), a.dtype)
    if c.op in ("and", "or") and not a.dtype.is_float and a.dtype is not BOOL:
        if compare("<", a, b) is c:
            return call("min", (a, b), a.dtype)
        if compare("<", b, a) is c:
            return call("max", (a, b), a.dtype)
    if c.op == "lt" and a.op == "int" and (b.args[0] if _cut(b) else b).op == "call":
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


def _clamped(d: Sym, end: Sym, inner: Sym) -> Sym | None:
    """x < end ? end : min(x, other) with end <= other as max(end, min(x, other)), and the same the other way round."""
    found = inner.args[0] if _cut(inner) else inner
    if found.data not in ("min", "max"):
        return None
    for x, other in (found.args, found.args[::-1]):
        if found is not inner and other.op == "flt" and float_of(other).is_integer():
            x, other = cast(x, I32), integer(int(float_of(other)))
        if not is_const(other):
            continue
        if found.data == "min" and value_of(end) <= value_of(other) and d is sub(x, end):
            return call("max", (end, inner), inner.dtype)
        if found.data == "max" and value_of(end) >= value_of(other) and d is sub(end, x):
            return call("min", (end, inner), inner.dtype)
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
    for p in conjuncts(c):
        if p.op == "lt":
            const, terms = terms_of(p.args[0])
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
    out = rewrite(x, lambda n: facts.get(n))
    if narrowed and (out.free & narrowed.keys()):
        out = substitute(out, narrowed)
        if restore:
            out = substitute(out, restore)
    return out


# ---------------------------------------------------------------- values

_IDENTITY = {"+": 0.0, "*": 1.0, "max": -inf, "min": inf, "|": 0, "^": 0}


def binary(op: str, a: Sym, b: Sym, dtype: DType) -> Sym:
    """C's a op b at type dtype."""
    if op in ("&&", "||"):
        return conjoin(a, b) if op == "&&" else disjoin(a, b)
    if op in ("<", "<=", ">", ">=", "==", "!="):
        return compare(op, a, b)
    if not dtype.is_float:
        match op:
            case "+":
                return reduce_pair("+", a, b, dtype)
            case "-":
                return sub(a, b)
            case "*":
                return mul(a, b)
            case "/":
                return div(a, b)
            case "%":
                return mod(a, b)
        return bit(op, a, b)
    if op == "+":
        return reduce_pair("+", a, b, dtype)
    if op == "*":
        if a.op == "flt" and float_of(a) == 1.0:
            return b
        if b.op == "flt" and float_of(b) == 1.0:
            return a
        if a.op == b.op == "sel" and (alike := _padded_alike((a, b))) is not None:
            x, y = alike[1]
            return select(alike[0], binary("*", x, y, dtype), number(0.0, dtype))
    return make("bin", (a, b), op, dtype)


def is_identity(op: str, x: Sym) -> bool:
    if x.op == "int" and op in ("max", "min"):
        return x is identity_of(op, I32)
    if x.op == "int":
        return op in ("+", "|", "^") and value_of(x) == 0
    return x.op == "flt" and float_of(x) == _IDENTITY.get(op)


def combine(op: str, a: Sym, b: Sym, dtype: DType) -> Sym:
    """a op b for an associative op, without looking for folds."""
    if is_identity(op, a):
        return b
    if is_identity(op, b):
        return a
    if op in ("max", "min"):
        return _outdone(op, a, b) or make("call", (a, b), op, dtype)
    if not dtype.is_float:
        return add(a, b) if op == "+" else mul(a, b) if op == "*" else bit(op, a, b)
    return make("bin", (a, b), op, dtype)


def _outdone(op: str, a: Sym, b: Sym) -> Sym | None:
    """The one of two numbers that is the greatest (or least) of them wherever they lie, and no NaN."""
    if a is b:
        return a
    (low, high), (least, most) = span(a), span(b)
    if not a.dtype.is_float:
        return None
    if op == "max":
        return a if low >= most and low != -inf else b if least >= high and least != -inf else None
    return a if high <= least and high != inf else b if most <= low and most != inf else None


def reduce_pair(op: str, a: Sym, b: Sym, dtype: DType) -> Sym:
    """a op b for an associative op; x[i] op x[i+d] becomes a fold."""
    if is_identity(op, a):
        return b
    if is_identity(op, b):
        return a
    if op in ("max", "min") and (one := _outdone(op, a, b)) is not None:
        return one
    rolled = _reroll(op, a, b, dtype)
    return rolled if rolled is not None else combine(op, a, b, dtype)


def call(name: str, args: tuple[Sym, ...], dtype: DType) -> Sym:
    if name in ("max", "min") and len(args) == 2:
        if not dtype.is_float:
            a, b = args
            if prove_lt(a, add(b, ONE)):
                return a if name == "min" else b
            if prove_lt(b, add(a, ONE)):
                return b if name == "min" else a
            for end, x in ((a, b), (b, a)):
                if is_const(end) and abs(value_of(end)) <= 1 << 24 and _cut(x):
                    # Before it is cut: the same where it fits, and all others are at the end they lie beyond.
                    real = x.args[0]
                    return cast(call(name, (real, number(float(value_of(end)), real.dtype)), real.dtype), dtype)
        for x, y in ((args[0], args[1]), (args[1], args[0])):
            if x.op == "cast" and not x.args[0].dtype.is_float and y.op == "flt":
                n, limit = x.args[0], float_of(y)
                if (n.hi <= limit) if name == "min" else (n.lo >= limit):
                    return x
        made = reduce_pair(name, args[0], args[1], dtype)
        if made.op == "call" and made.data == "min" and not dtype.is_float and made.lo < 0:
            if all(map(_not_negative, made.args)):
                made.lo = 0  # its own bounds do not know that they depend on each other
        return made
    if name.startswith(("bits.i32.", "bits.u32.")):
        args = (low_word(args[0]),)
    if name.startswith("bits.") and args[0].op == "call" and _undone(name, word_of(args[0])):
        return args[0].args[0]
    if name in WHOLE and args[0].op == "cast" and not args[0].args[0].dtype.is_float:
        return args[0]
    if name in _FOLDED and len(args) == 1 and args[0].op == "flt":
        try:
            return number(_FOLDED[name](float_of(args[0])), dtype)
        except (ValueError, OverflowError):
            pass
    return make("call", args, name, dtype)


def _cut(x: Sym) -> bool:
    """A float cut to an integer."""
    return x.op == "cast" and x.dtype is I32 and x.args[0].dtype in WHOLE_TO


_FOLDED: dict[str, Callable[[float], float]] = {
    "exp2": lambda x: 2.0 ** x, "sqrt": math.sqrt, "abs": abs, "floor": math.floor, "ceil": math.ceil,
}


def _undone(name: str, before: str) -> bool:
    """bits.i32.f32 after bits.f32.i32: the bits of a number there and back."""
    return name.split(".") == [*before.split(".")[:1], *before.split(".")[:0:-1]]


def cast(a: Sym, dtype: DType) -> Sym:
    if a.dtype is dtype:
        return a
    if a.op == "sel" and any(x.op in ("int", "flt") for x in a.args[1:]) and DType.BOOL not in (dtype, a.dtype):
        return select(a.args[0], cast(a.args[1], dtype), cast(a.args[2], dtype))
    if not dtype.is_float and dtype is not BOOL and not a.dtype.is_float:
        if dtype is DType.U32 and a.lo < 0 and a.has & {"ld", "pld", "fold"} and a.dtype is not dtype:
            return make("cast", (a,), dtype, dtype)  # data that may be negative wraps
        top = (1 << (dtype.bits - (1 if dtype.is_signed else 0))) - 1
        low = -(1 << (dtype.bits - 1)) if dtype.is_signed else 0
        if dtype.bits >= 32 or (a.lo >= low and a.hi <= top):
            return a
        const, terms = terms_of(a)
        bits = (1 << dtype.bits) - 1
        if is_const(a):
            return integer(((const - low) & bits) + low)
        part = linear(const, {t: c for t, c in terms.items() if c & bits})
        if part is not a:
            return cast(part, dtype)  # what else there is lies beyond its bits
        if a.op == "bit" and a.data == "&" and is_const(a.args[1]) and not ~value_of(a.args[1]) & bits:
            return cast(a.args[0], dtype)
        if a.op == "mod" and is_const(a.args[1]) and value_of(a.args[1]) % (bits + 1) == 0:
            return cast(a.args[0], dtype)
        inner = a.args[0] if a.op == "cast" else a
        if inner is not a and not inner.dtype.is_float and inner.dtype is not BOOL and a.dtype.bits >= dtype.bits:
            return cast(inner, dtype)
    if a.op == "cast" and dtype is I32 and a.dtype is DType.F64 and not a.args[0].dtype.is_float:
        return a.args[0]  # a double holds every int
    if a.op == "call" and a.data == "trunc" and not dtype.is_float and dtype is not BOOL:
        return cast(a.args[0], dtype)  # as a cast to an integer does
    if is_exact(a) and not dtype.is_float and dtype is not BOOL:
        return cast(a.args[0], dtype)
    if a.op == "int" and dtype.is_float:
        return number(float(value_of(a)), dtype)
    if a.op == "flt" and dtype in (DType.F32, DType.F64) and float_of(a).is_integer():
        return number(float_of(a), dtype)
    if dtype is BOOL and not a.dtype.is_float:
        return negate(compare("==", a, ZERO))
    return make("cast", (a,), dtype, dtype)


def stated(a: Sym, dtype: DType) -> Sym:
    """a as this type, written down even where `cast` changes nothing and leaves it away."""
    out = cast(a, dtype)
    return out if out.dtype is dtype else make("cast", (out,), dtype, dtype)


def is_exact(a: Sym) -> bool:
    """A float as one of a type that has more of them."""
    return a.op == "cast" and a.dtype.is_float and a.args[0].dtype.is_float and a.dtype.bits > a.args[0].dtype.bits


def unary(op: str, a: Sym, dtype: DType) -> Sym:
    if op == "!":
        return negate(a if a.dtype is BOOL else negate(compare("==", a, ZERO)))
    if op == "-" and not dtype.is_float:
        return scale(a, -1)
    if op == "-" and a.op == "flt":
        return number(-float_of(a), dtype)
    return make("un", (a,), op, dtype)


def load(buffer: str, index: Sym, dtype: DType) -> Sym:
    """The initial content of a global buffer."""
    return make("ld", (index,), buffer, dtype)


def previous(name: str, dtype: DType) -> Sym:
    """A scalar's value at the start of the loop iteration being summarised."""
    return make("prev", (), name, dtype)


def previous_load(buffer: str, index: Sym, dtype: DType) -> Sym:
    return make("pld", (index,), buffer, dtype)


def undefined(dtype: DType) -> Sym:
    return make("undef", (), None, dtype)


# ---------------------------------------------------------------- folds


def _runs(v: Sym) -> bool:
    """A loop over v has an iteration, whatever the sizes."""
    return extent_of(v).lo >= 1


def fold(op: str, vars_: Iterable[Sym], body: Sym, init: Sym, dtype: DType) -> Sym:
    """init op (op over vars of body): one reduction, its variables canonical and its nest flattened."""
    live = list(vars_)
    guards: list[Sym] = []
    if len(live) == 1 and "bit" in body.has and is_const(extent_of(live[0])):
        count = value_of(extent_of(live[0]))
        if count <= 8 and collect(body, lambda n: n.op == "bit" and live[0] in n.args[1].free):
            terms = [substitute(body, {live[0]: integer(n)}) for n in range(count)]
            total = terms[0]  # bytes of a word, one by one: the shifts resolve, and the sum rolls up again
            for t in terms[1:]:
                total = reduce_pair(op, total, t, dtype)
            return reduce_pair(op, init, total, dtype) if not is_identity(op, init) else total
    tail = _with_tail(op, live[0], body) if len(live) == 1 else None
    if tail is not None:
        longer, body = tail
        live.append(longer)
    if op in ("max", "min") and body.op == "sel" and body.args[2] is init:
        body = make("sel", (*body.args[:2], identity_of(op, dtype)), None, dtype)  # with which it begins anyhow
    if (op in ("max", "min") and body.op == "sel" and not body.args[2].free & set(live)
            and all(_runs(v) for v in live) and _outdone(op, *body.args[1:]) is body.args[1]):
        init = combine(op, init, body.args[2], dtype)  # what others reach anyhow
        body = make("sel", (body.args[0], body.args[1], identity_of(op, dtype)), None, dtype)
    while (padded := _padded(body) if op == "+" else _or_neutral(op, body)) is not None:
        guards += conjuncts(padded[0])
        body = padded[1]
    if op == "+" and not guards and (terms := _padded_apart(body)):
        parts = [fold(op, live, x, identity_of(op, dtype), dtype) for x in terms]
        total = functools.reduce(lambda x, y: reduce_pair(op, x, y, dtype), parts)
        return total if is_identity(op, init) else reduce_pair(op, init, total, dtype)
    if op in ("max", "min") and body.op == "call" and body.data == op and not guards and all(_runs(v) for v in live):
        for p, rest in (body.args, body.args[::-1]):
            if not p.free & set(live):
                return fold(op, live, rest, combine(op, init, p, dtype), dtype)  # once or many times is the same
    if (op in ("max", "min") and body.op == "fold" and fold_op(body) == op
            and not is_identity(op, body.args[1]) and not body.args[1].free & set(live)
            and (not guards or combine(op, init, body.args[1], dtype) is init)
            and all(_runs(v) for v in live)):
        init = combine(op, init, body.args[1], dtype)  # once or many times is the same
        body = make("fold", (body.args[0], identity_of(op, dtype)), body.data, dtype)
    if op in ("max", "min") and body.op == "fold" and fold_op(body) == op and _begins_with(body, guards):
        body = make("fold", (body.args[0], identity_of(op, dtype)), body.data, dtype)
    if (body.op == "fold" and fold_op(body) == op and body.dtype is dtype
            and is_identity(op, body.args[1])):
        apart = {v: var(f"{name_of(v)}~{len(live)}", extent_of(v)) for v in fold_vars(body)}
        inner = substitute(body.args[0], apart)
        if inner.op == "sel" and is_identity(op, inner.args[2]):
            guards += conjuncts(inner.args[0])
            inner = inner.args[1]
        live += apart.values()
        body = inner
    if len(guards) > 1:
        guards = [g for g in guards if not any(h is not g and _implies(h, g) for h in guards)]
    if op == "+" and is_identity(op, body):
        return init  # however often
    live, body, guards = _tidy(live, body, guards)
    for v in [v for v in live if extent_of(v) is ONE] if len(live) > 1 else []:
        live.remove(v)
        body = substitute(body, {v: ZERO})
        guards = [g for h in guards for g in conjuncts(substitute(h, {v: ZERO}))]
    pinned = _pinned(live, guards)
    while pinned and len(live) > 1:  # one iteration of a loop is meant
        live = [v for v in live if v not in pinned]
        body = substitute(body, pinned)
        guards = [h for g in guards for h in conjuncts(substitute(g, pinned)) if h is not TRUE]
        pinned = _pinned(live, guards)
    dead = [v for v in live if v not in body.free and not any(v in g.free for g in guards) and _runs(v)]
    if op in ("max", "min") and dead:
        live = [v for v in live if v not in dead]
    if len(live) == 1 and is_const(extent_of(live[0])) and value_of(extent_of(live[0])) == 1 and not guards:
        return combine(op, init, substitute(body, {live[0]: ZERO}), dtype)
    if not live and not guards:
        return combine(op, init, body, dtype)
    if init.op == "fold" and fold_op(init) == op and not guards:
        joined = _concat(op, init, fold(op, live, body, identity_of(op, dtype), dtype))
        if joined is not None:
            return joined
    if not guards and not is_identity(op, init) and init.has & {"ld", "pld"}:
        first = substitute(body, dict.fromkeys(live, ZERO))
        if op in ("max", "min") and first is init and all(_runs(v) for v in live):
            init = identity_of(op, dtype)  # the first element once more
        elif len(live) == 1:
            joined = _extend(op, fold(op, live, body, identity_of(op, dtype), dtype), init, dtype)
            if joined is not None:
                return joined
    if guards:
        identity = identity_of(op, dtype)
        guard = conjoin(*guards)
        body = make("sel", (guard, assume(body, guard), identity), None, dtype)
    base = max([body.depth, *(_rank(v) + 1 for v in body.free if v not in live)])
    canonical: list[Sym] = []
    mapping: dict[Sym, Sym] = {}
    for n, v in enumerate(live):
        e = substitute(extent_of(v), mapping)
        c = var(f"{_BOUND}{base + len(live) - 1 - n}", e)
        mapping[v] = c
        canonical.append(c)
    body = substitute(body, mapping)
    return make("fold", (body, init), (op, tuple(canonical)), dtype)


def _begins_with(x: Sym, given: Iterable[Sym]) -> bool:
    """Whether a fold begins with what its first iteration adds anyhow, where these conditions hold."""
    start, init = dict.fromkeys(fold_vars(x), ZERO), x.args[1]
    if not init.has & {"ld", "pld"}:
        return False
    first, held = substitute(x.args[0], start), set(given)
    if first.op == "sel" and is_identity(fold_op(x), first.args[2]) and held.issuperset(conjuncts(first.args[0])):
        first = first.args[1]
    return first is init and all(map(_runs, fold_vars(x)))


def _implies(h: Sym, g: Sym) -> bool:
    """Whether h < 0 says that g < 0, as a - 1 + b < 0 does of a - 1 < 0 where b is not negative."""
    return h.op == g.op == "lt" and sub(h.args[0], g.args[0]).lo >= 0


def _pinned(live: list[Sym], guards: list[Sym]) -> dict[Sym, Sym]:
    """The first of these loops of which a condition leaves one iteration, with that: sum(t < 64, k < 256) of what has
    k % 64 == t is a sum over k alone."""
    for g in guards:
        _, terms = terms_of(g.args[0]) if g.op == "eq" else (0, {})
        for v, c in terms.items():
            if v not in live or abs(c) != 1 or any(v in extent_of(w).free for w in live):
                continue
            only = scale(sub(g.args[0], scale(v, c)), -c)
            if v not in only.free and 0 <= only.lo and only.hi < extent_of(v).lo:
                return {v: only}
    return {}


def _with_tail(op: str, lane: Sym, body: Sym) -> tuple[Sym, Sym] | None:
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


def _padded(x: Sym) -> tuple[Sym, Sym] | None:
    """(c, a) where x is a while c holds and otherwise zero: (c ? p : 0) + (c ? q : 0) is c ? p + q : 0.

    Every factor of a product is zero where c is false: zero times an infinity would not be. The same of other
    operations and functions that make zero of zeros."""
    if (chosen := _or_neutral("+", x)) is not None:
        return chosen
    const, terms = terms_of(x) if not x.dtype.is_float else (0, {})
    if x.op == "lin" and const == 0:
        parts = _padded_alike(tuple(terms))
        return parts and (parts[0], add(*(scale(p, c) for p, c in zip(parts[1], terms.values(), strict=True))))
    if x.op == "prod" or x.op == "bin" and x.data in ("*", "+", "-"):
        parts, op = _padded_alike(x.args), "*" if x.op == "prod" else word_of(x)
        return parts and (parts[0], functools.reduce(lambda p, q: binary(op, p, q, x.dtype), parts[1]))
    if x.op == "un" and x.data == "-" or x.op == "call" and x.data in ("abs", "sqrt", "fma"):
        parts = _padded_alike(x.args)
        return parts and (parts[0], make(x.op, tuple(parts[1]), x.data, x.dtype))
    return None


def _or_neutral(op: str, x: Sym) -> tuple[Sym, Sym] | None:
    """(c, a) where x is a while c holds and otherwise neutral for an operation."""
    if x.op != "sel":
        return None
    c, a, b = x.args
    return (c, a) if is_identity(op, b) else (negate(c), b) if is_identity(op, a) else None


def _padded_apart(x: Sym) -> list[Sym]:
    """What x is the sum of, where that is one term for each of several conditions outside which it is zero."""
    terms = _addends(x)
    found = [p for t in terms if (p := _padded(t)) is not None]
    if len(terms) < 2 or len(found) < len(terms) or len({c for c, _ in found}) < len(terms):
        return []
    return terms


def _addends(x: Sym) -> list[Sym]:
    return [t for a in x.args for t in _addends(a)] if x.op == "bin" and word_of(x) == "+" else [x]


def _padded_alike(xs: tuple[Sym, ...]) -> tuple[Sym, list[Sym]] | None:
    """The condition outside which each of them is zero, and what they are inside."""
    found = [p for x in xs if (p := _padded(x)) is not None]
    conditions = {c for c, _ in found}
    if len(found) < len(xs) or len(conditions) != 1:
        return None
    return conditions.pop(), [a for _, a in found]


_BOUND = "@"  # prefix of canonical bound variables; no source name has it


def _rank(v: Sym) -> int:
    name = name_of(v)
    digits = name[1:].rstrip("'")
    return int(digits) if name.startswith(_BOUND) and digits.isdigit() else -1


def _tidy(live: list[Sym], body: Sym, guards: list[Sym]) -> tuple[list[Sym], Sym, list[Sym]]:
    """Merge variables that occur only as digits of one number; turn guards into extents."""
    again = True
    while again:
        again = False
        for v in live:
            for g in guards:
                tightened = tighten(v, g)
                if tightened is not None:
                    new = var(name_of(v), tightened)
                    live = [new if w is v else w for w in live]
                    body = substitute(body, {v: new})
                    guards = [substitute(h, {v: new}) for h in guards if h is not g]
                    guards = [h for h in guards if h is not TRUE]
                    again = True
                    break
            if again:
                break
        if again:
            continue
        fewer = next(((v, n) for v in live for g in guards if (n := _at_most(v, g)) is not None), None)
        if fewer is not None:
            v, n = fewer
            new = var(name_of(v), integer(n))
            live = [new if w is v else w for w in live]
            body = substitute(body, {v: new})
            guards = [h for g in guards for h in conjuncts(substitute(g, {v: new})) if h is not TRUE]
            again = True
            continue
        merged = merge_digits(live, [body, *guards])
        if merged is not None:
            live, (body, *guards) = merged
            guards = [h for h in guards if h is not TRUE]
            again = True
    return live, body, guards


def _at_most(v: Sym, guard: Sym) -> int | None:
    """How many iterations of v a guard leaves at most, whatever the other loops do; None where that is all."""
    if guard.op != "lt" or not is_const(extent_of(v)):
        return None
    const, terms = terms_of(guard.args[0])
    c = terms.get(v, 0)
    least = linear(const, {a: k for a, k in terms.items() if a is not v}).lo
    if c < 1 or any(v in a.free for a in terms if a is not v) or not isfinite(least):
        return None
    most = int(-(least // c)) if least < 0 else 0
    return most if 1 <= most < value_of(extent_of(v)) else None


def tighten(v: Sym, guard: Sym) -> Sym | None:
    """The new extent of v if the guard is exactly v < e with e free of other loops."""
    if guard.op != "lt":
        return None
    const, terms = terms_of(guard.args[0])
    c = terms.get(v, 0)
    if c < 1 or any(v in a.free for a in terms if a is not v):
        return None
    others = {a: k for a, k in terms.items() if a is not v}
    low = {a: k for a, k in others.items() if k % c}
    rest = linear(0, low)
    if low and not (rest.lo >= 0 and rest.hi < c and const % c == 0):
        if c > 1 and any(_loops(a) for a in low):
            return None
        low, rest = {}, ZERO
    # c * v + rest < top, 0 <= rest < c  and c divides top:  v < top / c;  without rest: v < ceil(top / c)
    top = scale(linear(const, {a: k for a, k in others.items() if a not in low}), -1)
    limit = div(top, integer(c)) if low else _ceil(top, c)
    extent = extent_of(v)
    if any(_loops(a) and a not in extent.free for a in limit.free):
        return None  # depends on another loop: keep it a guard
    if limit is extent:
        return None
    return limit if likely_le(limit, extent) else call("min", (limit, extent), I32)


def _ceil(top: Sym, c: int) -> Sym:
    return top if c == 1 else div(add(top, integer(c - 1)), integer(c))


def _loops(x: Sym) -> bool:
    return any(bounded(u) for u in x.free)


def evaluate(x: Sym, values: Mapping[Sym, int]) -> int | None:
    """The value of an integer expression; None if it reads memory or is not an integer."""
    return _value(x, dict(values))


def _value(x: Sym, known: dict[Sym, int | None]) -> int | None:
    """As `evaluate`; parts that an expression shares are worked out once, as there may be exponentially many paths."""
    if x not in known:
        known[x] = _worked_out(x, known)
    return known[x]


def _worked_out(x: Sym, known: dict[Sym, int | None]) -> int | None:
    parts = [_value(y, known) for y in x.args]
    if any(p is None for p in parts):
        return None
    p = [q for q in parts if q is not None]
    match x.op:
        case "int":
            return value_of(x)
        case "lin":
            const, coefs = sum_of(x)
            return int(const + sum(c * q for c, q in zip(coefs, p, strict=True)))
        case "prod":
            out = 1
            for q in p:
                out *= q
            return out
        case "div":
            return int(p[0] / p[1]) if p[1] else None
        case "mod":
            return p[0] - p[1] * int(p[0] / p[1]) if p[1] else None
        case "call" if x.data in ("min", "max"):
            return min(p) if x.data == "min" else max(p)
        case "bit" if x.data == ">>" and 0 <= p[1] < 64:
            return p[0] >> p[1]
        case "lt" | "eq":
            return int(p[0] < 0 if x.op == "lt" else p[0] == 0)
        case "and" | "or":
            return int(all(p) if x.op == "and" else any(p))
        case "not":
            return 1 - p[0]
        case "sel":
            return p[1] if p[0] else p[2]
    return None


_PARTS = 60
_WITHOUT = 12  # places without a value, the first ones, before there is none to be expected


def likely_le(a: Sym, b: Sym) -> bool:
    """a <= b wherever it can be seen, else on many sizes, but for the few at which something is divided by nothing: a
    guess for a proposal, never for a judge."""
    if prove_lt(a, add(b, ONE)):
        return True
    a, b = (rewrite(x, lambda n: var(f"ld{n.uid}") if n.op == "ld" else None) for x in (a, b))
    symbols = sorted(a.free | b.free, key=lambda s: s.uid)
    if len(symbols) > 3 or any(bounded(s) for s in symbols) or not _small((a, b)):
        return False
    orders = (symbols, symbols[::-1]) if len(symbols) > 1 else (symbols,)
    seen, without = 0, 0
    for n in (*range(1, 70), *range(100, 5000, 61), 65_537, 1_000_003, 20_000_003):
        for order, stretch in itertools.product(orders, (1, 3, 17)):
            METER.spend()
            values = {s: n + i * stretch for i, s in enumerate(order)}
            x, y = evaluate(a, values), evaluate(b, values)
            if x is None or y is None:
                without += 1
            elif x > y:
                return False
            else:
                seen += 1
        if without > max(seen, _WITHOUT):
            return False
    return seen > without


def _small(exprs: Sequence[Sym]) -> bool:
    """Whether expressions have few enough parts to be worked out at a thousand places."""
    seen: set[Sym] = set()
    left = list(exprs)
    while left and len(seen) < _PARTS:
        x = left.pop()
        if x not in seen:
            seen.add(x)
            left += x.args
    return not left


def merge_digits(live: list[Sym], exprs: list[Sym]) -> tuple[list[Sym], list[Sym]] | None:
    """If h and l occur only as n*h + l with n the extent of l, one variable over both replaces them."""
    if len(live) < 2:
        return None
    uses = _linear_uses(exprs, frozenset(live))
    for low in live:
        n = extent_of(low)
        for high in live:
            if high is low or low in extent_of(high).free or high in n.free:
                continue
            if is_const(n) and not _digits(uses, high, low, value_of(n)):
                continue
            merged = var(f"{name_of(high)}_{name_of(low)}", mul(extent_of(high), n))
            out = [substitute(e, {low: merged, high: ZERO}) for e in exprs]
            if not is_const(n):
                back = {merged: add(mul(high, n), low)}
                together = any(high in e.free and low in e.free for e in exprs)
                same = all(substitute(o, back) is e for o, e in zip(out, exprs, strict=True))
                if not together or not same:
                    continue
            return [merged if v is high else v for v in live if v is not low], out
    return None


def _linear_uses(exprs: list[Sym], watch: frozenset[Sym]) -> list[dict[Sym, int]]:
    """Every place one of the watched variables occurs: as the coefficients of the sum it stands in."""
    found: list[dict[Sym, int]] = []
    seen: set[Sym] = set()

    def visit(x: Sym) -> None:
        if x in seen or not (x.free & watch):
            return
        seen.add(x)
        if x.op == "var":
            found.append({x: 1})
            return
        if x.op == "lin":
            _, terms = terms_of(x)
            rows: dict[tuple[Sym, ...], dict[Sym, int]] = {}  # by what else they are multiplied by
            for a, c in terms.items():
                factors = a.args if a.op == "prod" else (a,)
                mine = [f for f in factors if f in watch]
                others = tuple(f for f in factors if f not in watch)
                if len(mine) == 1 and not any(f.free & watch for f in others):
                    rows.setdefault(others, {})[mine[0]] = c
                else:
                    visit(a)
            found.extend(rows.values())
            return
        for a in x.args:
            visit(a)

    for e in exprs:
        visit(e)
    return found


def _digits(uses: list[dict[Sym, int]], high: Sym, low: Sym, n: int) -> bool:
    together = False
    for use in uses:
        upper, lower = use.get(high, 0), use.get(low, 0)
        if upper == 0 and lower == 0:
            continue
        if upper != n * lower:
            return False
        together = True
    return together


def _reroll(op: str, a: Sym, b: Sym, dtype: DType) -> Sym | None:
    """x op x' -> fold, when x' is x with indices moved by a constant or with one bit of an index flipped."""
    if not (("ld" in a.has or "pld" in a.has or "fold" in a.has) and ("ld" in b.has or "pld" in b.has)):
        return None
    if a.size > 20000:
        return None
    grown = _extend(op, a, b, dtype)
    if grown is None and "fold" in a.has and "fold" in b.has:
        grown = _concat(op, a, b)
        grown = grown if grown is not None else _concat(op, b, a)
    if grown is not None:
        return grown
    flipped = _flip(op, a, b, dtype)
    if flipped is not None:
        return flipped
    if not is_shift(a, b):
        return None
    v = var("r", integer(2))
    body = between(a, b, v)
    return None if body is None else fold(op, [v], body, identity_of(op, dtype), dtype)


def identity_of(op: str, dtype: DType) -> Sym:
    if dtype.is_float:
        return number(_IDENTITY[op], dtype)
    if op in ("max", "min"):
        top = (1 << (dtype.bits - 1)) - 1
        return integer(-top - 1 if op == "max" else top)
    return integer(int(_IDENTITY[op]))


def _is_step(d: Sym) -> bool:
    """A number, or one that the sizes of arrays make: a row's length."""
    return is_const(d) or not d.has and not any(map(bounded, d.free))


def is_shift(a: Sym, b: Sym) -> bool:
    """True if b is a with some integers moved by such steps."""
    moved = False
    stack, seen = [(a, b)], set[tuple[Sym, Sym]]()
    while stack:
        x, y = stack.pop()
        if x is y or (x, y) in seen:
            continue
        seen.add((x, y))
        if not x.dtype.is_float and not y.dtype.is_float and x.dtype is not BOOL:
            if _is_step(sub(y, x)):
                moved = True
                continue
            if "ld" not in x.has and "ld" not in y.has:
                return False
        if x.op != y.op or x.dtype is not y.dtype or len(x.args) != len(y.args):
            return False
        if x.data != y.data:
            return False
        stack.extend(zip(x.args, y.args, strict=True))
    return moved


def between(a: Sym, b: Sym, v: Sym) -> Sym | None:
    """a with each integer that differs in b replaced by a + v * (b - a)."""
    done: dict[tuple[Sym, Sym], Sym | None] = {}

    def visit(x: Sym, y: Sym) -> Sym | None:
        if x is y:
            return x
        if (x, y) not in done:
            done[x, y] = one(x, y)
        return done[x, y]

    def one(x: Sym, y: Sym) -> Sym | None:
        if not x.dtype.is_float and x.dtype is not BOOL and _is_step(sub(y, x)):
            return add(x, mul(v, sub(y, x)))
        args = [visit(p, q) for p, q in zip(x.args, y.args, strict=True)]
        return rebuild(x, tuple(a for a in args if a is not None)) if None not in args else None

    return visit(a, b)


def _concat(op: str, a: Sym, b: Sym) -> Sym | None:
    """fold(k < n: f(k)) op fold(k < m: f(k + n)) = fold(k < n + m: f(k)), over any one of their variables."""
    if a.op != "fold" or b.op != "fold" or fold_op(a) != op or fold_op(b) != op:
        return None
    va, vb = fold_vars(a), fold_vars(b)
    if len(va) != len(vb):
        return None
    differ = [n for n, (x, y) in enumerate(zip(va, vb, strict=True)) if x is not y]
    for n in differ or range(len(va)):
        offset = extent_of(va[n])
        if len(differ) > 1 or offset.lo < 0 or extent_of(vb[n]).lo < 0:
            return None
        if substitute(b.args[0], {vb[n]: sub(va[n], offset)}) is a.args[0]:
            longer = var("r", add(offset, extent_of(vb[n])))
            body = substitute(a.args[0], {va[n]: longer})
            init = combine(op, a.args[1], b.args[1], a.dtype)
            return fold(op, [longer if m == n else v for m, v in enumerate(va)], body, init, a.dtype)
    return None


def _extend(op: str, a: Sym, b: Sym, dtype: DType) -> Sym | None:
    """fold(k < n: f(k)) op f(n) = fold(k < n+1: f(k)); also f(-1) in front, and init op f."""
    for x, y in ((a, b), (b, a)):
        if x.op != "fold" or fold_op(x) != op or len(fold_vars(x)) != 1:
            continue
        (k,) = fold_vars(x)
        body, init = x.args
        n = extent_of(k)
        if substitute(body, {k: n}) is y:
            longer = var("r", add(n, ONE))
            return fold(op, [longer], substitute(body, {k: longer}), init, dtype)
        before = substitute(body, {k: integer(-1)})
        if before is y:
            longer = var("r", add(n, ONE))
            return fold(op, [longer], substitute(body, {k: sub(longer, ONE)}), init, dtype)
        if is_identity(op, init):
            return None
        if y.op == "fold" and y.data == x.data and is_identity(op, y.args[1]):
            return None
    return None


def _flip(op: str, a: Sym, b: Sym, dtype: DType) -> Sym | None:
    """x(t) op x(t ^ s) with s one bit: fold over that bit of t."""
    if "bit" not in b.has:
        return None
    for flipped in _xor_sites(b):
        inner, s = flipped.args
        if not is_const(s) or value_of(s) & (value_of(s) - 1):
            continue
        for t in inner.free:
            lanes = inner.args[1] if inner.op == "mod" and inner.args[0] is t else None
            whole = flipped if inner is t else (
                add(flipped, scale(div(t, lanes), value_of(lanes))) if lanes is not None else None)
            if whole is None:
                continue
            if substitute(a, {t: whole}) is not b:
                continue
            step = value_of(s)
            v = var("r", integer(2))
            cleared = add(
                scale(div(t, integer(2 * step)), 2 * step), scale(v, step), mod(t, integer(step)))
            return fold(op, [v], substitute(a, {t: cleared}), identity_of(op, dtype), dtype)
    return None




def shifted_in_zeros(x: Sym, by: int) -> Sym:
    """The unsigned 32-bit number that x is read as, >> by."""
    if x.lo >= 0 and x.hi < 1 << 31:
        return bit(">>", x, integer(by))
    const, terms = terms_of(x)
    upper = {a: c >> by for a, c in terms.items() if c % (1 << by) == 0}
    lower = linear(const, {a: c for a, c in terms.items() if a not in upper})
    whole = linear(0, upper)
    if upper and lower.lo >= 0 and lower.hi < 1 << by and whole.lo >= 0 and whole.hi < 1 << (32 - by):
        return whole  # a word put together from parts
    return make("call", (x, integer(by)), LOGICAL, DType.U32)


def low_word(x: Sym) -> Sym:
    """x without the parts that lie beyond its lowest 32 bits."""
    const, terms = terms_of(x)
    if not any(c % (1 << 32) == 0 for c in terms.values()):
        return x
    return linear(const, {t: c for t, c in terms.items() if c % (1 << 32)})


def _xor_sites(x: Sym) -> list[Sym]:
    found: list[Sym] = []
    seen: set[Sym] = set()
    stack = [x]
    while stack:
        n = stack.pop()
        if n in seen or "bit" not in n.has:
            continue
        seen.add(n)
        if n.op == "bit" and n.data == "^":
            found.append(n)
        stack.extend(n.args)
    return found


# ---------------------------------------------------------------- rewriting


def rebuild(n: Sym, args: tuple[Sym, ...]) -> Sym:
    """n with new args, in normal form again."""
    match n.op:
        case "lin":
            const, coefs = sum_of(n)
            return add(integer(const), *[scale(a, c) for a, c in zip(args, coefs, strict=True)])
        case "prod":
            out = args[0]
            for a in args[1:]:
                out = mul(out, a)
            return out
        case "div":
            return div(*args)
        case "mod":
            return mod(*args)
        case "bit":
            return bit(word_of(n), *args)
        case "cmp":
            return compare(word_of(n), *args)
        case "lt":
            return _negative(args[0])
        case "eq":
            return _zero(args[0])
        case "and":
            return conjoin(*args)
        case "or":
            return disjoin(*args)
        case "not":
            return negate(args[0])
        case "sel":
            return select(*args)
        case "bin":
            return binary(word_of(n), args[0], args[1], n.dtype)
        case "call":
            return call(word_of(n), args, n.dtype)
        case "cast":
            return cast(args[0], n.dtype)
        case "un":
            return unary(word_of(n), args[0], n.dtype)
        case "fold":
            return fold(fold_op(n), fold_vars(n), args[0], args[1], n.dtype)
    return make(n.op, args, n.data, n.dtype)


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
            if n.args:
                args = tuple(visit(a) for a in n.args)
                new = n if all(p is q for p, q in zip(args, n.args, strict=True)) else rebuild(n, args)
            else:
                new = n
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
            args = tuple(visit(a) for a in n.args)
            new = n if all(p is q for p, q in zip(args, n.args, strict=True)) else rebuild(n, args)
        memo[n] = new
        return new

    return visit(x)


_fresh = 0


def fresh(prefix: str, extent: Sym | None = None, dtype: DType = I32) -> Sym:
    """A variable nobody else has."""
    global _fresh
    _fresh += 1
    return var(f"{prefix}#{_fresh}", extent, dtype)


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
    return fold(fold_op(n), new_vars, body, visit(n.args[1]), n.dtype)


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
