"""A kernel whose body the reader does not understand, as its signature shows it: runnable, not translatable."""

from __future__ import annotations

from xpiler.ir.nodes import Buffer, Kernel, Let, Load, Param, Stmt, Store, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh
from xpiler.platforms.platform import Platform
from xpiler.text import axes
from xpiler.text.arithmetic import Arithmetic
from xpiler.text.clang import Node
from xpiler.text.reading.kernel import Shape


def opaque(fn: Node, name: str, shape: Shape, platform: Platform) -> Kernel | None:
    """The kernel with a body that reads every array, and writes those that are not const, nobody knows where.

    None where a parameter is of a type that a caller could not be told about."""
    params: list[Param] = []
    body: list[Stmt] = []
    somewhere = Var("somewhere", DType.I32)
    for p in (p for k, p in enumerate(fn.params) if k not in shape.null):
        inner = p.type.inner
        if p.type.kind in ("pointer", "array") and inner is not None and inner.dtype is not None:
            params.append(Buffer(p.spelling, inner.dtype, None, "global", "", inner.const))
            value = Load(p.spelling, somewhere, inner.dtype)
            if inner.const:
                body.append(Let(Var(f"{p.spelling}_value", inner.dtype), value))
            else:
                body.append(Store(p.spelling, somewhere, value))
        elif p.type.is_scalar and p.type.dtype is not None:
            params.append(Var(p.spelling, p.type.dtype))
        elif p.type.kind != "opaque":
            return None
    params += shape.extra
    whole: tuple[Stmt, ...] = (Let(somewhere, None), *body)
    fresh, math = Fresh([p.name for p in params]), Arithmetic()
    loops = axes.simt(platform, shape.extents, fresh, math) if platform.model == "simt" else axes.tasks(
        platform, shape.extents, fresh, math, False)
    return Kernel(name, tuple(params), loops.enclose((), whole, fn.span), fn.span)
