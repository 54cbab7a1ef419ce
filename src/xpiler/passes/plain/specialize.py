"""Specialize: scalars a kernel is launched with become expressions of the launcher's own parameters.

    launch f(x, total = n * 64)        ->        launch f(x, n);  total is n * 64 inside
"""

from __future__ import annotations

from dataclasses import replace

from xpiler.ir.nodes import Assign, Const, Expr, Kernel, Launch, Let, Param, Program, Stmt, Var
from xpiler.ir.walk import map_stmts, names, scalars_read, scalars_written, statements, substitute, substitute_expr


def specialize(program: Program) -> Program:
    """Every kernel takes the launcher's scalars instead of values computed from them, where all its launches agree."""
    launcher = program.launcher
    if launcher is None:
        return program
    launches = [s for s in statements(launcher.body) if isinstance(s, Launch)]
    scalars = {p for p in launcher.params if isinstance(p, Var)}
    values: dict[Var, Expr] = {}
    given_values = [s.var for s in statements(launcher.body) if isinstance(s, Let | Assign)]
    changing = {v for v in given_values if given_values.count(v) > 1 or v in launcher.params}
    for s in launcher.body:
        if isinstance(s, Let) and s.value is not None and not changing & {s.var, *scalars_read(s.value)}:
            values[s.var] = substitute_expr(s.value, values)
    kernels: list[Kernel] = []
    calls: dict[str, list[tuple[Expr, ...]]] = {}
    for kernel in program.kernels:
        given = [tuple(substitute_expr(a, values) for a in s.args) for s in launches if s.kernel == kernel.name]
        if not given:
            kernels.append(kernel)
            continue
        made, calls[kernel.name] = _bind(kernel, given, scalars)
        kernels.append(made)

    def one(s: Stmt) -> Stmt:
        return replace(s, args=calls[s.kernel].pop(0)) if isinstance(s, Launch) and s.kernel in calls else s

    return replace(program, kernels=tuple(kernels), launcher=replace(launcher, body=map_stmts(launcher.body, one)))


def _bind(
    kernel: Kernel, given: list[tuple[Expr, ...]], scalars: set[Var]
) -> tuple[Kernel, list[tuple[Expr, ...]]]:
    """A kernel and the arguments of its launches, without what all of them say in the same way."""
    inside: dict[Var, Expr] = {}
    params: list[Param] = []
    passed: list[list[Expr]] = [[] for _ in given]
    assigned = scalars_written(kernel.body)
    for p, *each in zip(kernel.params, *given, strict=True):
        a = each[0]
        known = isinstance(a, Const) or not isinstance(a, Var) and scalars_read(a) <= scalars
        same = all(x == a for x in each)
        if isinstance(p, Var) and p not in assigned and not p.dtype.is_float and known and same:
            inside[p] = a
        else:
            params.append(p)
            for args, x in zip(passed, each, strict=True):
                args.append(x)
    wanted = sorted({v for e in inside.values() for v in scalars_read(e)}, key=lambda v: v.name)
    taken = names(kernel)
    rename: dict[Var, Expr] = {}
    for v in wanted:
        same_as = next((p for p, *each in zip(params, *passed, strict=True)
                        if isinstance(p, Var) and all(a == v for a in each)), None)
        if same_as is not None:
            rename[v] = same_as
            continue
        name = v.name if v.name not in taken else f"{v.name}_host"
        rename[v] = Var(name, v.dtype)
        params.append(Var(name, v.dtype))
        for args in passed:
            args.append(v)
    inside = {p: substitute_expr(e, rename) for p, e in inside.items()}
    return replace(kernel, params=tuple(params), body=substitute(kernel.body, inside)), [tuple(args) for args in passed]
