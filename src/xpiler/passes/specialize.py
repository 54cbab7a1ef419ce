"""Specialize: scalars a kernel is launched with become expressions of the launcher's own parameters.

    launch f(x, total = n * 64)        ->        launch f(x, n);  total is n * 64 inside
"""

from __future__ import annotations

from dataclasses import replace

from xpiler.ir.nodes import Const, Expr, Kernel, Launch, Let, Param, Program, Stmt, Var
from xpiler.ir.walk import map_stmts, names, scalars_read, scalars_written, statements, substitute, substitute_expr


def specialize(program: Program) -> Program:
    """Every kernel launched from one place takes the launcher's scalars instead of values computed from them."""
    launcher = program.launcher
    if launcher is None:
        return program
    launches = [s for s in statements(launcher.body) if isinstance(s, Launch)]
    scalars = {p for p in launcher.params if isinstance(p, Var)}
    values: dict[Var, Expr] = {}
    for s in launcher.body:
        if isinstance(s, Let) and s.value is not None:
            values[s.var] = substitute_expr(s.value, values)
    once = {s.kernel for s in launches if sum(t.kernel == s.kernel for t in launches) == 1}
    kernels: list[Kernel] = []
    calls: dict[str, tuple[Expr, ...]] = {}
    for kernel in program.kernels:
        launch = next((s for s in launches if s.kernel == kernel.name), None)
        if launch is None or kernel.name not in once:
            kernels.append(kernel)
            continue
        made, args = _bind(kernel, tuple(substitute_expr(a, values) for a in launch.args), scalars)
        kernels.append(made)
        calls[kernel.name] = args

    def one(s: Stmt) -> Stmt:
        return replace(s, args=calls[s.kernel]) if isinstance(s, Launch) and s.kernel in calls else s

    return replace(program, kernels=tuple(kernels), launcher=replace(launcher, body=map_stmts(launcher.body, one)))


def _bind(kernel: Kernel, args: tuple[Expr, ...], scalars: set[Var]) -> tuple[Kernel, tuple[Expr, ...]]:
    inside: dict[Var, Expr] = {}
    params: list[Param] = []
    passed: list[Expr] = []
    assigned = scalars_written(kernel.body)
    for p, a in zip(kernel.params, args, strict=True):
        known = isinstance(a, Const) or not isinstance(a, Var) and scalars_read(a) <= scalars
        if isinstance(p, Var) and p not in assigned and not p.dtype.is_float and known:
            inside[p] = a
        else:
            params.append(p)
            passed.append(a)
    wanted = sorted({v for e in inside.values() for v in scalars_read(e)}, key=lambda v: v.name)
    taken = names(kernel)
    rename: dict[Var, Expr] = {}
    for v in wanted:
        same = next((p for p, a in zip(params, passed, strict=True) if a == v and isinstance(p, Var)), None)
        if same is not None:
            rename[v] = same
            continue
        name = v.name if v.name not in taken else f"{v.name}_host"
        rename[v] = Var(name, v.dtype)
        params.append(Var(name, v.dtype))
        passed.append(v)
    inside = {p: substitute_expr(e, rename) for p, e in inside.items()}
    return replace(kernel, params=tuple(params), body=substitute(kernel.body, inside)), tuple(passed)
