"""Writes of one array that continue each other, or repeat at a constant distance, as one."""

from __future__ import annotations

from dataclasses import replace

from xpiler.facts import sym
from xpiler.facts.fused import alike
from xpiler.facts.sym import ONE, ZERO, Sym
from xpiler.facts.writes import Write
from xpiler.ir.types import DType


def rolled_up(old: Write, new: Write) -> Write | None:
    """Two writes of the same shape at indices a constant apart are one quantified write."""
    if old.guard is not new.guard:
        return None
    both = old.more is not None and new.more is not None and old.more[0] == new.more[0]
    if not old.vars:
        mores = [w.more[1] if both and w.more else ZERO for w in (old, new)]
        a = sym.make("pair", (old.index, old.value, mores[0]), None, DType.F32)
        b = sym.make("pair", (new.index, new.value, mores[1]), None, DType.F32)
        if old.index is new.index or not sym.is_const(sym.sub(new.index, old.index)) or not sym.is_shift(a, b):
            return None
        v = sym.fresh("r", sym.integer(2))
        moved = sym.between(a, b, v)
        if moved is None:
            return None
        index, value, more = moved.args
        return Write((v,), index, old.guard, value, (old.more[0], more) if both and old.more else None)
    if len(old.vars) == 1:
        (v,) = old.vars
        n = sym.extent_of(v)
        if sym.is_const(n) and v in old.index.free and _next(old, {v: n}, new):
            longer = sym.fresh("r", sym.add(n, ONE))
            same = both and old.more and new.more and sym.substitute(old.more[1], {v: n}) is new.more[1]
            more_of = (old.more[0], sym.substitute(old.more[1], {v: longer})) if same and old.more else None
            return replace(old.at({v: longer}), vars=(longer,), more=more_of)
    return None


def _next(old: Write, mapping: dict[Sym, Sym], new: Write) -> bool:
    moved = old.at(mapping)
    return moved.index is new.index and moved.value is new.value and moved.guard is new.guard


def join(writes: list[Write]) -> list[Write]:
    """Writes of one array that continue each other, or repeat at a constant distance, as one."""
    out: list[Write] = []
    for w in writes:
        while out:
            joined = _continued(out[-1], w) or _continued(w, out[-1]) or _repeated(out[-1], w)
            if joined is None:
                break
            out.pop()
            w = joined
        out.append(w)
    return out


def aligned(old: Write, new: Write, but: Sym | None = None) -> Write | None:
    """new with its variables renamed to those of old, extents equal except for `but`."""
    if len(old.vars) != len(new.vars):
        return None
    mapping = dict(zip(new.vars, old.vars, strict=True))
    if any(sym.extent_of(a) is not sym.extent_of(b) for a, b in mapping.items() if b is not but):
        return None
    return Write(old.vars, *new.at(mapping).parts())


def _continued(first: Write, second: Write) -> Write | None:
    """i < n: f(i) and j < m: f(n + j) are i < n + m: f(i); f as the first has it."""
    if first.guard is not second.guard or first.guard.free & {*first.vars, *second.vars}:
        return None
    for n, v in enumerate(first.vars):
        if len(first.vars) != len(second.vars):
            return None
        u = second.vars[n]
        moved = aligned(first, second, but=v)
        if moved is None:
            continue
        shifted = first.at({v: sym.add(sym.extent_of(v), v)})
        if shifted.index is moved.index and alike(shifted.value, moved.value):
            longer = sym.fresh(sym.name_of(v).split("#")[0], sym.add(sym.extent_of(v), sym.extent_of(u)))
            return replace(first.at({v: longer}), vars=tuple(longer if x is v else x for x in first.vars))
    return None


def _repeated(old: Write, new: Write) -> Write | None:
    """The same nest again at indices a constant apart: one more loop around it."""
    moved = aligned(old, new)
    if moved is not None and moved.guard is old.guard:
        a = sym.make("pair", (old.index, old.value), None, DType.F32)
        b = sym.make("pair", (moved.index, moved.value), None, DType.F32)
        if a is not b and sym.is_const(sym.sub(moved.index, old.index)) and sym.is_shift(a, b):
            v = sym.fresh("r", sym.integer(2))
            both = sym.between(a, b, v)
            return None if both is None else Write((*old.vars, v), both.args[0], old.guard, both.args[1])
    if len(old.vars) == len(new.vars) + 1:
        v = old.vars[-1]
        n = sym.extent_of(v)
        rest = replace(old.at({v: n}), vars=old.vars[:-1])
        again = aligned(rest, new)
        if again is not None and again.parts() == rest.parts():
            longer = sym.fresh("r", sym.add(n, ONE))
            return replace(old.at({v: longer}), vars=(*old.vars[:-1], longer))
    return None
