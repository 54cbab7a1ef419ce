"""Strides over tasks by the name of their number: `for (int i = taskId; i < n; i += 16)` of 16 tasks is written
`i += taskDim`, so that the kernel is right for any number of tasks and says so."""

from __future__ import annotations

from dataclasses import replace

from xpiler.ir.nodes import PLAIN, Binary, Const, Expr, For, Kernel, Program, Stmt, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import map_exprs, map_stmts, statements
from xpiler.platforms.platform import Axis, Platform

I32 = DType.I32


def with_strides(program: Program, platform: Platform) -> Program:
    """The program with loops that every task takes its turns of in steps of the number of tasks."""
    if platform.model != "task":
        return program
    axes = {a.kind: a for a in platform.axes}
    return replace(program, kernels=tuple(_strided(k, axes) for k in program.kernels))


def _strided(kernel: Kernel, axes: dict[str, Axis]) -> Kernel:
    bound = [s for s in statements(kernel) if isinstance(s, For) and s.kind not in PLAIN]
    if len(bound) != 1 or bound[0].kind not in axes or bound[0].start != Const(0, I32):
        return kernel
    task, number = bound[0], Var(axes[bound[0].kind].extent, I32)

    def turns(s: Stmt) -> Stmt:
        """A loop that starts at the task's number and goes on by the number of tasks; so does what is said of the
        next turn in it."""
        if not isinstance(s, For) or s.kind not in PLAIN or (s.start, s.step) != (task.var, task.stop):
            return s

        def one(e: Expr) -> Expr:
            match e:
                case Binary("+" | "/", a, b, dtype) if (a, b) == (s.var, task.stop):
                    return Binary(e.op, a, number, dtype)
            return e

        return replace(s, step=number, body=map_exprs(s.body, one))

    return replace(kernel, body=map_stmts(kernel.body, turns))
