"""Shapes: intrinsics that reduce over windows of an array, as patterns with numbers to be found.

    out[(oh * OW + ow) * C + c] = max over kh, kw of src[((oh * S + kh) * W + ow * S + kw) * C + c]

Their loops have extents and strides that follow from parameters: whether one computes given writes is asked by solving
the equations between its extents and strides and theirs, and then by putting the numbers into what it computes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations, product

from xpiler.facts import sym
from xpiler.facts.stored import Row, restored, rows
from xpiler.facts.summary import summarise
from xpiler.facts.sym import ONE, ZERO, Sym
from xpiler.facts.writes import Unsummarised, Write
from xpiler.ir.nodes import Buffer, For, Kernel, Meaning, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import statements
from xpiler.kept import Shelf


@dataclass(frozen=True)
class Shape:
    """out[index] = value for all values of the loops, where value is a reduction of one element after another."""

    meaning: Meaning
    out: str
    loops: tuple[Sym, ...]
    index: Sym
    value: Sym

    @property
    def source(self) -> str:
        """The parameter that is reduced."""
        return str(self.value.args[0].data)


def shapes(library: Iterable[Meaning], avoid: Iterable[str] = (), shelf: Shelf | None = None) -> tuple[Shape, ...]:
    """The shapes of a library, without those named in `avoid`; `shelf` keeps what is found between runs."""
    known, unwanted = tuple(library), frozenset(avoid)
    stored = _packed(known) if shelf is None else shelf.kept("shapes", lambda: _packed(known))
    return tuple(s for s in _unpacked(known, stored) if s.meaning.name not in unwanted)


_Line = tuple[int, str, tuple[int, ...], int, int]  # positions of the meaning, the loops, the index and the value


def _packed(library: tuple[Meaning, ...]) -> tuple[tuple[Row, ...], tuple[_Line, ...]]:
    found = [(k, s) for k, m in enumerate(library) for s in _shape(m)]
    nodes, at = rows(x for _, s in found for x in (*s.loops, s.index, s.value))
    return nodes, tuple((k, s.out, tuple(at[v] for v in s.loops), at[s.index], at[s.value]) for k, s in found)


def _unpacked(library: tuple[Meaning, ...], stored: tuple[tuple[Row, ...], tuple[_Line, ...]]) -> Iterator[Shape]:
    nodes = restored(stored[0])
    for k, out, loops, index, value in stored[1]:
        yield Shape(library[k], out, tuple(nodes[v] for v in loops), nodes[index], nodes[value])


def _shape(meaning: Meaning) -> Iterator[Shape]:
    nested = any(isinstance(x, For) for s in statements(meaning) if isinstance(s, For) for x in statements(s.body))
    whole = all(isinstance(p, Buffer) or p.dtype is DType.I32 for p in meaning.params)
    if meaning.result is not None or not nested or not whole:
        return
    try:
        ((out, writes),) = summarise(Kernel(meaning.name, meaning.params, meaning.body)).items()
        (w,) = writes
    except (Unsummarised, ValueError, TypeError, KeyError):
        return
    if w.guard is sym.TRUE and w.value.op == "fold" and w.value.args[0].op == "ld":
        yield Shape(meaning, out, w.vars, w.index, w.value)


Fit = dict[str, Sym]  # a number for each scalar parameter, for each array an element: the first


def fitted(shape: Shape, w: Write, sizes: Collection[int] = ()) -> Fit | None:
    """What the parameters are with which a shape does all that a write does; None where there are none.

    A loop of the write's reduction may be two of the shape's: of `sizes`, if these say so."""
    value = w.value
    if value.op != "fold" or value.args[0].op != "ld" or value.dtype is not shape.value.dtype:
        return None
    if sym.fold_op(value) != sym.fold_op(shape.value) or w.guard is not sym.TRUE:
        return None
    place = value.args[0].args[0]
    outer = [_Loop(sym.extent_of(v), (_step(place, v), _step(w.index, v)), v) for v in w.vars]
    inner = [_Loop(sym.extent_of(v), (_step(place, v),), v) for v in sym.fold_vars(value)]
    own = sym.fold_vars(shape.value)
    for reduced in (*_split(inner, len(own), sizes), inner):
        for pairs in product(_paired(shape.loops, outer), _paired(own, reduced)):
            found = _fitted(shape, *pairs, w)
            if found is not None:
                return found
    return None


@dataclass(frozen=True)
class _Loop:
    """A loop of a write: how often it runs, and by how much it moves what is read and what is written."""

    extent: Sym
    steps: tuple[Sym | None, ...]
    var: Sym


def _split(loops: list[_Loop], most: int, sizes: Collection[int]) -> Iterator[list[_Loop]]:
    """Loops of which one is two, where there are fewer than may be."""
    for n, x in enumerate(loops if len(loops) < most else ()):
        for low in sizes:
            high, rest = divmod(sym.value_of(x.extent), low) if sym.is_const(x.extent) else (0, 1)
            if rest == 0 and low > 1 and high in sizes and high > 1 and x.steps[0] is not None:
                two = (_Loop(sym.integer(high), (sym.scale(x.steps[0], low),), x.var),
                       replace(x, extent=sym.integer(low)))
                yield [*loops[:n], *two, *loops[n + 1:]]


def _paired(own: Sequence[Sym], theirs: Sequence[_Loop]) -> Iterator[dict[Sym, _Loop | None]]:
    """The ways to let each of their loops be one of its own; its others run once."""
    for places in permutations(range(len(own)), len(theirs)):
        at = dict(zip(places, theirs, strict=True))
        yield {v: at.get(n) for n, v in enumerate(own)}


def _fitted(
    shape: Shape, outer: Mapping[Sym, _Loop | None], inner: Mapping[Sym, _Loop | None], w: Write
) -> Fit | None:
    source, place = w.value.args[0], shape.value.args[0].args[0]
    equations: list[tuple[Sym | None, Sym | None]] = []
    for v, x in (*outer.items(), *inner.items()):
        equations.append((sym.extent_of(v), ONE if x is None else x.extent))
        if x is not None:
            equations += zip((_step(place, v), _step(shape.index, v)), x.steps, strict=False)
    if not all(a is not None and b is not None and sym.is_const(b) for a, b in equations):
        return None
    numbers = _solved([sym.var(p.name) for p in shape.meaning.params if isinstance(p, Var)],
                      [(a, sym.value_of(b)) for a, b in equations if a is not None and b is not None])
    if numbers is None:
        return None
    still = dict.fromkeys((*w.vars, *sym.fold_vars(w.value)), ZERO)
    first, start = sym.substitute(w.index, still), sym.substitute(source.args[0], still)
    chosen = {**numbers, **{v: ZERO if x is None else x.var for v, x in outer.items()}}
    if sym.add(first, sym.substitute(shape.index, chosen)) is not w.index:
        return None
    made = sym.rewrite(sym.substitute(shape.value, chosen), lambda n: (
        sym.load(str(source.data), sym.add(start, n.args[0]), n.dtype)
        if n.op == "ld" and n.data == shape.source else None))
    if made not in _reordered(w.value):
        return None
    return {**{sym.name_of(v): n for v, n in numbers.items()}, shape.out: first,
            shape.source: sym.load(str(source.data), start, source.dtype)}


def _reordered(x: Sym) -> Iterator[Sym]:
    """A reduction with its loops in each order: what it takes one after the other it may take in another."""
    fresh = {v: sym.fresh("k", sym.extent_of(v)) for v in sym.fold_vars(x)}
    body = sym.substitute(x.args[0], fresh)
    for loops in permutations(fresh.values()):
        yield sym.fold(sym.fold_op(x), loops, body, x.args[1], x.dtype)


def _step(index: Sym, v: Sym) -> Sym | None:
    """By how much an index grows with a variable; None if that differs."""
    step: Sym = ZERO
    for atom, c in sym.terms_of(index)[1].items():
        if v not in atom.free:
            continue
        others = [f for f in (atom.args if atom.op == "prod" else (atom,)) if f is not v]
        if any(v in f.free for f in others) or len(others) == len(atom.args if atom.op == "prod" else (atom,)):
            return None
        part = sym.integer(c)
        for f in others:
            part = sym.mul(part, f)
        step = sym.add(step, part)
    return step


def _solved(unknown: Sequence[Sym], equations: list[tuple[Sym, int]]) -> dict[Sym, Sym] | None:
    """Positive numbers that solve equations, the last of the unknown 1 where there are several solutions."""
    found: dict[Sym, Sym] = {}
    left = equations
    while left or len(found) < len(unknown):
        again = []
        before = len(found)
        for x, n in left:
            x = sym.substitute(x, found)
            root = _root(x, n)
            if root is not None:
                found[root[0]] = sym.integer(root[1])
            if sym.is_const(x) and sym.value_of(x) != n or root is not None and root[1] < 1:
                return None
            if not sym.is_const(x):
                again.append((x, n))
        if before == len(found):
            free = [v for v in unknown if v not in found]
            if not free and again:
                return None
            found.update(dict.fromkeys(free[-1:], ONE))
        left = again
    return found


def _root(x: Sym, n: int) -> tuple[Sym, int] | None:
    """The value of the only unknown in x with which x is n: the smallest, if a division leaves a choice."""
    const, terms = sym.terms_of(x)
    if len(terms) != 1:
        return None
    ((atom, c),) = terms.items()
    if (n - const) % c:
        return None
    value = (n - const) // c
    if atom.op == "div" and sym.is_const(atom.args[1]):
        return _root(atom.args[0], value * sym.value_of(atom.args[1]))
    return (atom, value) if atom.op == "var" else None
