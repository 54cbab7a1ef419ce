"""Any piece of the IR as C-like text, for traces, errors and debugging; it never fails on a node."""

from __future__ import annotations

import math
import struct

from xpiler.ir import nodes as n
from xpiler.ir.types import DType

# C's operator precedence (C17 6.5): a higher number binds tighter.
PRECEDENCE = {
    "||": 2, "&&": 3, "|": 4, "^": 5, "&": 6, "==": 7, "!=": 7, "<": 8, "<=": 8, ">": 8, ">=": 8,
    "<<": 9, ">>": 9, "+": 10, "-": 10, "*": 11, "/": 11, "%": 11,
}
TERNARY, UNARY, PRIMARY = 1, 12, 13

Shown = n.Expr | n.Stmt | n.Buffer | n.DeviceBuffer | n.Kernel | n.Launcher | n.Meaning | n.Program


def digits(value: float, dtype: DType) -> str:
    """The shortest decimal text that reads back as the finite `value` in `dtype`, always with a point or exponent."""
    text = repr(float(value))
    if dtype is not DType.F64:
        text = next((t for t in (f"{value:.{p}g}" for p in range(1, 10)) if _f32(float(t)) == _f32(value)), text)
    if "e" in text:
        mantissa, exponent = text.split("e")
        text = f"{mantissa}e{int(exponent)}"
    return text if set(text) & set(".e") else f"{text}.0"


def _f32(value: float) -> float:
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def show(node: Shown) -> str:
    """`node` as C-like text: an expression on one line, statements and programs indented."""
    match node:
        case n.Const() | n.Var() | n.Load() | n.Addr() | n.Unary() | n.Binary() | n.Select() | n.Cast() | n.Call():
            return _expr(node)
        case n.Buffer():
            return _buffer(node)
        case n.DeviceBuffer():
            return _device_buffer(node)
        case n.Kernel(name, params, body):
            return "\n".join([f"kernel {name}({_params(params)}) {{", *_block(body), "}"])
        case n.Launcher(name, params, buffers, body):
            held = [f"    {_device_buffer(b)};" for b in buffers]
            return "\n".join([f"launcher {name}({_params(params)}) {{", *held, *_block(body), "}"])
        case n.Meaning(name, _, params, result, body):
            given = f" -> {_param(result)}" if result is not None else ""
            return "\n".join([f"intrinsic {name}({_params(params)}){given} {{", *_block(body), "}"])
        case n.Program(platform, kernels, launcher, file):
            parts = [f"// {platform}{f' program from {file}' if file else ' program'}", *map(show, kernels)]
            return "\n\n".join([*parts, *([show(launcher)] if launcher else [])])
        case _:
            return "\n".join(_stmt(node))


def _params(params: tuple[n.Param, ...]) -> str:
    return ", ".join(map(_param, params))


def _param(param: n.Param) -> str:
    return _buffer(param) if isinstance(param, n.Buffer) else f"{param.dtype} {param.name}"


def _buffer(b: n.Buffer) -> str:
    extent = "" if b.extent is None else _expr(b.extent)
    ctype = f" /* {b.ctype} */" if b.ctype else ""
    return f"{'const ' if b.const else ''}{b.space} {b.dtype} {b.name}[{extent}]{ctype}"


def _device_buffer(b: n.DeviceBuffer) -> str:
    notes = [f"mirrors {b.host}"] if b.host else []
    notes += ["copied in"] * b.copy_in + [f"copied out to {b.back}" if b.back else "copied out"] * b.copy_out
    notes += [f"filled with {b.fill}"] if b.fill is not None else []
    return f"device {b.dtype} {b.name}[{_expr(b.extent)}]" + (f" /* {', '.join(notes)} */" if notes else "")


def _block(body: tuple[n.Stmt, ...]) -> list[str]:
    return [f"    {line}" for stmt in body for line in _stmt(stmt)]


def _stmt(stmt: n.Stmt) -> list[str]:
    match stmt:
        case n.Let(var, value):
            return [f"{var.dtype} {var.name}{'' if value is None else f' = {_expr(value)}'};"]
        case n.Assign(var, value):
            return [f"{var.name} = {_expr(value)};"]
        case n.Store(buffer, index, value):
            return [f"{buffer}[{_expr(index)}] = {_expr(value)};"]
        case n.Alloc(buffer, init):
            given = f" = {{{_list(init)}}}" if init else ""
            return [f"{_buffer(buffer)}{given};"]
        case n.For(var, start, stop, step, body, kind):
            v, by = var.name, _expr(step)
            advance = f"++{v}" if by == "1" else f"{v} += {by}"
            head = f"for ({var.dtype} {v} = {_expr(start)}; {v} < {_expr(stop)}; {advance})"
            return [f"{head}{'' if kind == 'serial' else f' [{kind}]'} {{", *_block(body), "}"]
        case n.While(cond, body):
            return [f"while ({_expr(cond)}) {{", *_block(body), "}"]
        case n.If(cond, then, orelse):
            lines = [f"if ({_expr(cond)}) {{", *_block(then)]
            return [*lines, *(["} else {", *_block(orelse)] if orelse else []), "}"]
        case n.Intrinsic(name, args, result):
            return [f"{_result(result)}{name}({_list(args)});"]
        case n.Shuffle(result, kind, value, lane, width, warp, mask):
            given = f"{_expr(value)}, {_expr(lane)}, width={width}/{warp}, mask={_expr(mask)}"
            return [f"{result.name} = shuffle.{kind}({given});"]
        case n.Atomic(op, buffer, index, value, result, compare):
            compared = "" if compare is None else f", compare={_expr(compare)}"
            target = f"{buffer}[{_expr(index)}]"
            return [f"{_result(result)}atomic.{op}({target}, {_expr(value)}{compared});"]
        case n.Barrier(scope, _, queue):
            return [f"barrier.{scope}({queue});"]
        case n.Return():
            return ["return;"]
        case n.Break():
            return ["break;"]
        case n.Continue():
            return ["continue;"]
        case n.Launch(kernel, args):
            return [f"launch {kernel}({_list(args)});"]
        case _:
            return [f"<{stmt!r}>;"]


def _result(result: n.Addr | n.Var | None) -> str:
    match result:
        case None:
            return ""
        case n.Var(name):
            return f"{name} = "
        case n.Addr(buffer, index):
            return f"{buffer}[{_expr(index)}...] = "


def _list(args: tuple[n.Expr, ...]) -> str:
    return ", ".join(map(_expr, args))


def _expr(e: n.Expr, least: int = 0) -> str:
    text, binds = _spell(e)
    return f"({text})" if binds < least else text


def _spell(e: n.Expr) -> tuple[str, int]:
    match e:
        case n.Const(value, dtype):
            return _constant(value, dtype)
        case n.Var(name):
            return name, PRIMARY
        case n.Load(buffer, index):
            return f"{buffer}[{_expr(index)}]", PRIMARY
        case n.Addr(buffer, index):
            return f"&{buffer}[{_expr(index)}]", UNARY
        case n.Unary(op, a):
            return f"{op}{_expr(a, PRIMARY)}", UNARY
        case n.Binary(op, a, b):
            p = PRECEDENCE.get(op, 0)
            return f"{_expr(a, p)} {op} {_expr(b, p + 1)}", p
        case n.Select(cond, a, b):
            return f"{_expr(cond, 2)} ? {_expr(a, 2)} : {_expr(b, TERNARY)}", TERNARY
        case n.Cast(a, dtype):
            return f"({dtype}){_expr(a, UNARY)}", UNARY
        case n.Call(name, args):
            return f"{name}({_list(args)})", PRIMARY
        case _:
            return f"<{e!r}>", PRIMARY


def _constant(value: int | float, dtype: DType) -> tuple[str, int]:
    if dtype is DType.BOOL:
        return ("true" if value else "false"), PRIMARY
    if dtype.is_float:
        finite = math.isfinite(value)
        text = digits(value, dtype) + {DType.F32: "f", DType.F64: ""}.get(dtype, "h") if finite else str(float(value))
    else:
        text = str(value) if dtype is DType.I32 or dtype.bits < 32 else f"{value}{_SUFFIX[dtype]}"
    return text, UNARY if text.startswith("-") else PRIMARY


_SUFFIX = {DType.U32: "u", DType.I64: "l", DType.U64: "ul"}
