"""The target as the source's caller calls it: its arrays as large as the source's, its parameters in that order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from xpiler.ir.nodes import Buffer, Expr, Param, Program, Var
from xpiler.ir.walk import free_vars, substitute_expr
from xpiler.verify.signature import Signature, signature


def called(program: Program, kernel: str, source: Signature, names: Mapping[str, str]) -> Program:
    """`names`: parameters of the source -> those of the target. Sizes that the target's own text says are kept."""
    entry = signature(program, kernel)
    if set(names.values()) != {p.name for p in entry.params}:
        return program
    mine = {p.name: p for p in entry.params}
    new: dict[Var, Expr] = {
        p: v for p in source.scalars if isinstance(v := mine[names[p.name]], Var)
    }
    extents = {a.name: a.extents for a in source.arrays}

    def sized(p: Param, of: str) -> Param:
        known = extents.get(of, ())
        told = isinstance(p, Buffer) and p.extent is None and len(known) == 1 and free_vars(known[0]) <= set(new)
        return replace(p, extent=substitute_expr(known[0], new)) if told and isinstance(p, Buffer) else p

    return _with(program, kernel, tuple(sized(mine[names[p.name]], p.name) for p in source.params))


def _with(program: Program, kernel: str, params: tuple[Param, ...]) -> Program:
    """The program with these parameters of its entry."""
    if program.launcher is not None and not kernel:
        return replace(program, launcher=replace(program.launcher, params=params))
    return replace(program, kernels=tuple(
        replace(k, params=params) if k.name == kernel or not kernel else k for k in program.kernels))
