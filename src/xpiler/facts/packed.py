"""Small elements in registers of words: what an instruction does to each of them.

    r[i] = (int)(signed char)(a[i / 4] >> 8 * (i % 4))          is      r[i] = a[i] of bytes
    r[j] = (f(4j) & 255) | (f(4j + 1) & 255) << 8 | ...         is      r[i] = f(i) of bytes

A register that holds bytes, words of 16 bits or halves is declared as words of 32: the first form takes them out, the
second puts them in, the lowest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from xpiler.facts import sym
from xpiler.facts.sym import Sym
from xpiler.ir.types import DType

WORD = 32
_WHOLE = {8: (DType.I8, DType.U8), 16: (DType.I16, DType.U16)}


def taken_out(x: Sym, arrays: Callable[[str], bool], lane: Sym) -> Sym | None:
    """x with the elements it takes out of words as elements of arrays; None where it uses words otherwise, or none."""
    words = {str(n.data) for n in sym.collect(x, lambda n: n.op == "ld" and arrays(str(n.data)))}
    if not words:
        return None
    for size, (signed, unsigned) in _WHOLE.items():
        known: dict[Sym, Sym] = {}
        for a in words:
            piece = _piece(a, lane, size)
            bare = sym.load(a, lane, unsigned)
            whole = sym.bit("&", piece, sym.integer((1 << size) - 1))
            known[whole] = bare
            known[sym.cast(piece, signed)] = sym.load(a, lane, signed)
            known[sym.cast(piece, unsigned)] = bare
            if size == DType.F16.bits:
                known[sym.call("bits.u16.f16", (whole,), DType.F16)] = sym.load(a, lane, DType.F16)
        out = sym.rewrite(x, known.get)
        left = sym.collect(out, lambda n: n.op == "ld" and str(n.data) in words)
        if out is not x and all(n.args[0] is lane and n.dtype.bits == size for n in left):
            return out
    return None


def _piece(array: str, lane: Sym, size: int) -> Sym:
    """Element `lane` of this size, with all that lies above it in its word."""
    each = sym.integer(WORD // size)
    word = sym.load(array, sym.div(lane, each), DType.I32)
    return sym.bit(">>", word, sym.scale(sym.mod(lane, each), size))


def put_in(x: Sym, word: Sym) -> Iterator[tuple[Sym, Sym]]:
    """(lane, value) for what a word is made of, where it is of equal pieces, one after another; as every type it
    may be."""
    if x.dtype is not DType.I32:
        return
    const, terms = sym.terms_of(x)
    for size, types in _WHOLE.items():
        each = WORD // size
        parts = {c: t for t, c in terms.items()}
        if const or len(terms) != each or sorted(parts) != [1 << size * k for k in range(each)]:
            continue
        lane = sym.fresh("i", sym.scale(sym.extent_of(word), each))
        if (first := _element(parts[1], size)) is None:
            return
        general = sym.substitute(first, {word: lane})
        general = sym.rewrite(general, _spread(each, lane))
        elements = [_element(parts[1 << size * k], size) for k in range(each)]
        at = [sym.add(sym.scale(word, each), sym.integer(k)) for k in range(each)]
        if any(sym.substitute(general, {lane: i}) is not e for i, e in zip(at, elements, strict=True)):
            return
        if general.dtype is DType.F16:
            yield lane, general
            return
        for t in types:
            yield lane, sym.stated(general, t)


def _spread(each: int, lane: Sym) -> Callable[[Sym], Sym | None]:
    """Element `lane` where every `each`-th was read."""
    stride = sym.scale(lane, each)

    def at(n: Sym) -> Sym | None:
        if n.op == "bit" and n.data == ">>" and n.args[1] is stride:  # an element's bit of a mask
            return sym.bit(">>", n.args[0], lane)
        return sym.load(str(n.data), lane, n.dtype) if n.op == "ld" and n.args[0] is stride else None

    return at


def _element(x: Sym, size: int) -> Sym | None:
    """e in e & (2^size - 1), or in the bits of a half; a small number that needs no mask is itself. A choice between
    such is the choice between these."""
    if x.op == "sel":
        a, b = (side if side is sym.ZERO else _element(side, size) for side in x.args[1:])
        return None if a is None or b is None else sym.select(x.args[0], a, b)
    if x.op == "call" and x.data == "bits.f16.u16":
        return x.args[0]
    mask = (1 << size) - 1
    if x.op == "bit" and x.data == "&" and sym.is_const(x.args[1]) and sym.value_of(x.args[1]) == mask:
        return x.args[0]
    return x if x.op == "ld" and 0 <= x.lo and x.hi <= mask else None

