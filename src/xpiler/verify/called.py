"""The target as the source's caller calls it: its arrays as large as the source's, its parameters in that order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from xpiler.ir.nodes import Binary, Buffer, Const, Expr, Param, Program, Var
from xpiler.ir.walk import free_vars, substitute_expr
from xpiler.verify.signature import Signature, signature


def sized(program: Program, kernel: str, source: Signature, names: Mapping[str, str]) -> Program:
    """The target with the source's array sizes where its own text says none; `names` are its by the source's."""
    params = signature(program, kernel).params
    mine = {p.name: p for p in params}
    if set(names.values()) != set(mine):
        return program
    values: dict[Var, Expr] = {p: v for p in source.scalars if isinstance(v := mine[names[p.name]], Var)}
    known = {names[a.name]: a.extents[0] for a in source.arrays if len(a.extents) == 1}

    def one(p: Param) -> Param:
        if not isinstance(p, Buffer) or p.extent is not None or p.name not in known:
            return p
        extent = known[p.name]
        return replace(p, extent=substitute_expr(extent, values)) if free_vars(extent) <= set(values) else p

    return _with(program, kernel, tuple(map(one, params)))


def arranged(program: Program, kernel: str, source: Signature, names: Mapping[str, str]) -> Program:
    """The target with its parameters in the source's order, for judges that argue about what was read."""
    mine = {p.name: p for p in signature(program, kernel).params}
    if set(names.values()) != set(mine):
        return program
    return _with(program, kernel, tuple(mine[names[p.name]] for p in source.params))


def shortened(program: Program, array: str) -> Program | None:
    """The program with one element less in an array of its caller's; None where its size is no expression."""
    entry = signature(program)
    held = next((p for p in entry.params if p.name == array), None)
    if not isinstance(held, Buffer) or held.extent is None:
        return None
    one = Const(1, held.extent.dtype)
    less: Expr = Binary("-", held.extent, one, held.extent.dtype)
    if isinstance(held.extent, Const):
        less = Const(int(held.extent.value) - 1, held.extent.dtype)
    params = tuple(replace(held, extent=less) if p is held else p for p in entry.params)
    return _with(program, "", params)


def _with(program: Program, kernel: str, params: tuple[Param, ...]) -> Program:
    """The program with these parameters of its entry."""
    if program.launcher is not None and not kernel:
        return replace(program, launcher=replace(program.launcher, params=params))
    return replace(program, kernels=tuple(
        replace(k, params=params) if k.name == kernel or not kernel else k for k in program.kernels))
