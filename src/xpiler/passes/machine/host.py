"""A host function for a file of kernels alone, so that what is written can be called.

    kernel f(x, n)        ->        kernel f_kernel(x, n);  launch f_kernel(x, n) in a function f(x, n)
"""

from __future__ import annotations

from dataclasses import replace

from xpiler.ir.nodes import Addr, Const, Expr, Launch, Launcher, Param, Program, Var
from xpiler.ir.types import DType


def with_host(program: Program) -> Program:
    """The program with a host function of its only kernel's name; unchanged with one, or with several kernels."""
    if program.launcher is not None or len(program.kernels) != 1:
        return program
    alone = program.kernels[0]
    kernel = replace(alone, name=f"{alone.name}_kernel")

    def argument(p: Param) -> Expr:
        return p if isinstance(p, Var) else Addr(p.name, Const(0, DType.I32), p.dtype)

    launch = Launch(kernel.name, tuple(map(argument, kernel.params)), kernel.span)
    return replace(
        program, kernels=(kernel,), launcher=Launcher(alone.name, kernel.params, (), (launch,), kernel.span))


def sized(alone: Program, hosted: Program) -> Program:
    """A file of kernels alone with the array sizes that were found for its host function."""
    if alone.launcher is not None or hosted.launcher is None:
        return alone
    return replace(alone, kernels=(replace(alone.kernels[0], params=hosted.launcher.params),))
