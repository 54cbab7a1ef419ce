"""Text in: a kernel file of some platform becomes a Program.

Files with host code get a launcher; kernel files alone get their geometry from the caller. On platforms with one
thread every function that no other one calls is a kernel and its own launcher.
"""

from __future__ import annotations

from collections.abc import Mapping

from xpiler.ir.nodes import Addr, Expr, Kernel, Launch, Launcher, Param, Program, Var
from xpiler.platforms.platform import Platform
from xpiler.fault import Fault, Span
from xpiler.text.arithmetic import ZERO, int_const
from xpiler.text.clang import Node, Unit, parse
from xpiler.text.host import HostReader, is_launch
from xpiler.text.library import library
from xpiler.text.read_base import calls
from xpiler.text.read_kernel import KernelReader, Reading, Shape
from xpiler.text.read_meaning import meanings

__all__ = ["library", "read"]


def read(
    text: str,
    platform: Platform,
    file: str = "<text>",
    *,
    geometry: Mapping[str, str] | None = None,
    let: Mapping[str, int] | None = None,
) -> Program:
    """Read a file of a platform.

    `geometry` gives the launch of kernels that no host code launches: axis kind -> an integer or the name of one of the
    kernel's scalar parameters. `let` fixes scalar parameters of the launcher. Raises Fault XP10xx."""
    if not text.strip():
        raise Fault("XP1001", f"{file} is empty", Span(file))
    unit = parse(text, file, platform.header, platform.clang_args)
    if platform.model == "serial":
        return _serial(unit, platform)
    launcher = _launcher(unit)
    if launcher is not None and not (launcher.spelling == "main" and geometry):
        return _launched(unit, platform, launcher, let or {})
    return _kernels_alone(unit, platform, geometry or {})


def _launched(unit: Unit, platform: Platform, fn: Node, let: Mapping[str, int]) -> Program:
    reading = HostReader(unit, platform, fn, let).read()
    if not reading.kernels:
        raise unit.fault("XP1002", f"`{fn.spelling}` launches no kernel", fn)
    known = meanings(unit, platform, reading.intrinsics)
    return Program(platform.name, reading.kernels, reading.launcher, unit.file, known)


# ---------------------------------------------------------------- launchers


def _launches(fn: Node, seen: set[int]) -> bool:
    """Whether a function launches a kernel, itself or through others of the text."""
    if fn.key in seen:
        return False
    seen.add(fn.key)
    for call in calls(fn):
        callee = call.referenced
        if is_launch(call):
            return True
        if callee is not None and callee.in_text and _launches(callee.definition or callee, seen):
            return True
    return False


def _called(functions: tuple[Node, ...]) -> set[int]:
    """The functions that others call."""
    found: set[int] = set()
    for fn in functions:
        for call in calls(fn):
            callee = call.referenced
            if callee is not None and callee.in_text:
                where = (callee.definition or callee).key
                if where != fn.key:
                    found.add(where)
    return found


def _launcher(unit: Unit) -> Node | None:
    """The function callers use: outermost among those that launch; an extern "C" one first, `main` last; among
    equals the last in the file."""
    functions = unit.functions()
    called = _called(tuple(f for f in functions if f.spelling != "main"))
    outer = [f for f in functions if f.key not in called and _launches(f, set())]
    return max(
        enumerate(outer), default=(0, None),
        key=lambda f: (f[1].spelling != "main", f[1].is_c and f[1].spelling != "main", f[0]),
    )[1]


# ---------------------------------------------------------------- kernels without host code


def _kernels_alone(unit: Unit, platform: Platform, geometry: Mapping[str, str]) -> Program:
    kernels = [f for f in unit.functions() if "CUDAGLOBAL_ATTR" in f.attributes]
    if not kernels:
        raise _no_kernel(unit, platform)
    readings = [_alone(unit, platform, fn, geometry) for fn in kernels]
    found = {key: fn for r in readings for key, fn in r.intrinsics.items()}
    return Program(
        platform.name, tuple(r.kernel for r in readings), None, unit.file, meanings(unit, platform, found)
    )


def _no_kernel(unit: Unit, platform: Platform) -> Fault:
    templates = [n for n in unit.top if n.kind == "FUNCTION_TEMPLATE" and n.in_text]
    why = "its templates are launched by nothing, so their arguments are not known" if templates else ""
    qualifier = platform.kernel_qualifier
    try_ = f"mark the kernel {qualifier}" if qualifier and not templates else ""
    return Fault("XP1002", f"no kernel in {unit.file}", Span(unit.file), why, try_)


def _alone(unit: Unit, platform: Platform, fn: Node, geometry: Mapping[str, str]) -> Reading:
    task = platform.model == "task"
    option = "--tasks 16" if task else "--grid 16 --block 256"
    scalars = {p.spelling: Var(p.spelling, p.type.dtype) for p in fn.params if p.type.dtype and p.type.is_scalar}
    extents: dict[str, Expr] = {}
    for kind, text in geometry.items():
        if text.strip().isdigit():
            extents[kind] = int_const(int(text))
        elif text.strip() in scalars:
            extents[kind] = scalars[text.strip()]
        else:
            raise unit.fault("XP1006", f"`{text}` is not a size for {kind}", fn, try_=option)
    if not extents:
        raise unit.fault(
            "XP1006", f"no launch says how many {'tasks' if task else 'threads'} run `{fn.spelling}`", fn,
            "the file has kernels but no host code that launches them", option,
        )
    dynamic = extents.pop("dynamic", None)
    return KernelReader(unit, platform, fn).read(fn.spelling, Shape(extents, dynamic))


# ---------------------------------------------------------------- one thread


def _serial(unit: Unit, platform: Platform) -> Program:
    functions = tuple(f for f in unit.functions() if f.spelling != "main")
    called = _called(functions)
    entries = [f for f in functions if f.key not in called and not f.is_static]
    if not entries:
        raise _no_kernel(unit, platform)
    readings = [KernelReader(unit, platform, f).read(f.spelling, Shape({})) for f in entries]
    kernels = tuple(r.kernel for r in readings)
    found = {key: fn for r in readings for key, fn in r.intrinsics.items()}
    chosen = max(enumerate(entries), key=lambda f: (f[1].is_c, f[0]))[0]
    return Program(
        platform.name, kernels, _own_launcher(kernels[chosen]), unit.file, meanings(unit, platform, found)
    )


def _own_launcher(kernel: Kernel) -> Launcher:
    def argument(p: Param) -> Expr:
        return p if isinstance(p, Var) else Addr(p.name, ZERO, p.dtype)

    launch = Launch(kernel.name, tuple(map(argument, kernel.params)), kernel.span)
    return Launcher(kernel.name, kernel.params, (), (launch,), kernel.span)
