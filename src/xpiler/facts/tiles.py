"""Finding a matrix unit in a platform's intrinsics: a tile product, and what fills, loads and stores its operands.

Recognised by meaning: d = c + a b on whole tiles held in opaque aggregates, copies between those and memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from xpiler.facts import sym
from xpiler.facts.contraction import stride
from xpiler.facts.summary import summarise
from xpiler.facts.sym import Sym
from xpiler.facts.writes import Unsummarised, Write
from xpiler.ir.nodes import Buffer, Const, Kernel, Meaning, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import substitute


@dataclass(frozen=True)
class Move:
    """A copy between a tile and memory: `rows` and `columns` are the memory strides, one of them the parameter
    `pitch`, the other 1. `row_major` says which. `fixed` are the values other parameters must have."""

    meaning: Meaning
    tile: Buffer
    pointer: str
    pitch: str
    row_major: bool
    fixed: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class TileUnit:
    """out = acc + a b for m x k and k x n tiles."""

    product: Meaning
    m: int
    n: int
    k: int
    out: Buffer
    a: Buffer
    b: Buffer
    acc: Buffer
    fill: Meaning
    load_a: Move
    load_b: Move
    store: Move

    @property
    def types(self) -> tuple[DType, DType, DType]:
        return self.a.dtype, self.b.dtype, self.out.dtype


def tile_units(library: Iterable[Meaning]) -> tuple[TileUnit, ...]:
    """Every way to multiply tiles that the library has loads and stores for."""
    effects = [x for m in library for x in _effects(m)]
    units = []
    for meaning, (out, w), _ in effects:
        found = _product(meaning, out, w)
        if found is None:
            continue
        a, b, acc, depth = found
        target = next(p for p in meaning.params if p.name == out)
        assert isinstance(target, Buffer)
        rows, columns = (sym.value_of(sym.extent_of(v)) for v in w.vars)
        fill = next((m for m, (o, f), _ in effects if _fills(m, o, f, target)), None)
        store = next((x for m, (o, f), v in effects if (x := _store(m, o, f, target, v)) is not None), None)
        if fill is None or store is None:
            continue
        for load_a in (x for m, (o, f), v in effects if (x := _load(m, o, f, a, v)) is not None):
            for load_b in (x for m, (o, f), v in effects if (x := _load(m, o, f, b, v)) is not None):
                units.append(TileUnit(
                    meaning, rows, columns, depth, target, a, b, acc, fill, load_a, load_b, store))
    return tuple(units)


Fixed = tuple[tuple[str, int], ...]


def _effects(meaning: Meaning) -> list[tuple[Meaning, tuple[str, Write], Fixed]]:
    """What the intrinsic stores; where a parameter chooses between effects, one for each value 0 and 1."""
    whole = _effect(meaning)
    if whole is not None:
        return [(meaning, whole, ())]
    found: list[tuple[Meaning, tuple[str, Write], Fixed]] = []
    for p in meaning.params:
        if isinstance(p, Var) and not p.dtype.is_float:
            for value in (0, 1):
                body = substitute(meaning.body, {p: Const(value, p.dtype)})
                one = _effect(replace(meaning, body=body))
                if one is not None:
                    found.append((meaning, one, ((p.name, value),)))
    return found


def _effect(meaning: Meaning) -> tuple[str, Write] | None:
    if meaning.result is not None:
        return None
    try:
        outputs = summarise(Kernel(meaning.name, meaning.params, meaning.body))
    except (Unsummarised, TypeError, KeyError):
        return None
    if len(outputs) != 1:
        return None
    ((out, writes),) = outputs.items()
    return (out, writes[0]) if len(writes) == 1 and writes[0].guard is sym.TRUE else None


def _param(meaning: Meaning, name: str) -> Buffer | None:
    p = next((p for p in meaning.params if p.name == name), None)
    return p if isinstance(p, Buffer) else None


def _product(meaning: Meaning, out: str, w: Write) -> tuple[Buffer, Buffer, Buffer, int] | None:
    if len(w.vars) != 2 or w.value.op != "fold" or sym.fold_op(w.value) != "+":
        return None
    body, init = w.value.args
    (*more, k) = sym.fold_vars(w.value)
    if more or init.op != "ld" or init.args[0] is not w.index or not sym.is_const(sym.extent_of(k)):
        return None
    if body.op not in ("bin", "prod") or len(body.args) != 2:
        return None
    x, y = (p.args[0] if p.op == "cast" else p for p in body.args)
    if x.op != "ld" or y.op != "ld":
        return None
    i = w.vars[0] if stride(w.index, w.vars[1]) is sym.ONE else w.vars[1]
    if i in y.free:
        x, y = y, x
    a, b, acc = (_param(meaning, str(n.data)) for n in (x, y, init))
    if a is None or b is None or acc is None or not (a.ctype and b.ctype and acc.ctype):
        return None
    return a, b, acc, sym.value_of(sym.extent_of(k))


def _fills(meaning: Meaning, out: str, w: Write, tile: Buffer) -> bool:
    p = _param(meaning, out)
    return (p is not None and p.ctype == tile.ctype and w.value.op == "var" and w.value not in w.vars
            and _whole(w, tile))


def _whole(w: Write, tile: Buffer) -> bool:
    total = sym.ONE
    for v in w.vars:
        total = sym.mul(total, sym.extent_of(v))
    return tile.extent is not None and sym.is_const(total) and (
        sym.value_of(total) == getattr(tile.extent, "value", None))


def _load(meaning: Meaning, out: str, w: Write, tile: Buffer, fixed: Fixed) -> Move | None:
    p = _param(meaning, out)
    if p is None or p.ctype != tile.ctype or len(w.vars) != 2 or w.value.op != "ld":
        return None
    source = _param(meaning, str(w.value.data))
    if source is None or source.ctype:
        return None
    return _move(meaning, p, source.name, w, w.index, w.value.args[0], fixed)


def _store(meaning: Meaning, out: str, w: Write, tile: Buffer, fixed: Fixed) -> Move | None:
    p = _param(meaning, out)
    if p is None or p.ctype or len(w.vars) != 2 or w.value.op != "ld":
        return None
    source = _param(meaning, str(w.value.data))
    if source is None or source.ctype != tile.ctype:
        return None
    return _move(meaning, source, p.name, w, w.value.args[0], w.index, fixed)


def _move(
    meaning: Meaning, tile: Buffer, pointer: str, w: Write, inside: Sym, memory: Sym, fixed: Fixed
) -> Move | None:
    row, column = w.vars if stride(inside, w.vars[1]) is sym.ONE else w.vars[::-1]
    if stride(inside, column) is not sym.ONE:
        return None
    down, across = stride(memory, row), stride(memory, column)
    scalars = {p.name for p in meaning.params if isinstance(p, Var)}
    for pitch, unit, row_major in ((down, across, True), (across, down, False)):
        if unit is sym.ONE and pitch is not None and pitch.op == "var" and sym.name_of(pitch) in scalars:
            return Move(meaning, tile, pointer, sym.name_of(pitch), row_major, fixed)
    return None
