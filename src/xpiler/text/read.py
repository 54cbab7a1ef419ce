"""Text in: a kernel file of some platform becomes a Program.

Files with host code get a launcher; kernel files alone get their geometry from the caller. On platforms with one
thread every function that no other one calls is a kernel and its own launcher.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from xpiler.fault import Fault, Span
from xpiler.ir.nodes import Addr, Expr, Kernel, Launch, Launcher, Param, Program, Var
from xpiler.platforms.platform import Platform
from xpiler.text.arithmetic import ZERO, int_const
from xpiler.text.clang import Node, Unit, parse
from xpiler.text.gathering import Gathering
from xpiler.text.host import read_launcher
from xpiler.text.hosts.bearing import is_launch
from xpiler.text.hosts.broken import lost
from xpiler.text.library import library
from xpiler.text.main_entry import made_launcher, overload
from xpiler.text.opaque import opaque
from xpiler.text.reach import within_reach
from xpiler.text.reading.base import calls
from xpiler.text.reading.kernel import KernelReader, Reading, Shape
from xpiler.text.reading.meaning import meanings

__all__ = ["library", "read"]


def read(
    text: str,
    platform: Platform,
    file: str = "<text>",
    *,
    geometry: Mapping[str, str] | None = None,
    let: Mapping[str, int] | None = None,
    lenient: bool = False,
) -> Program:
    """Read a file of a platform.

    `geometry` gives the launch of kernels that no host code launches: axis kind -> an integer or the name of one of the
    kernel's scalar parameters. `let` fixes scalar parameters of the launcher. `lenient`: a kernel whose body
    cannot be read is kept as its signature, to be run as it is. Raises Fault XP10xx."""
    if not text.strip():
        raise Fault("XP1001", f"{file} is empty", Span(file))
    tolerant = "main" if platform.model == "serial" else "host"
    unit = parse(text, file, platform.header, platform.clang_args, tolerant=tolerant)
    with within_reach(file), unit.faults:
        return _read(unit, platform, geometry or {}, let or {}, lenient)


def _read(
    unit: Unit, platform: Platform, geometry: Mapping[str, str], let: Mapping[str, int], lenient: bool
) -> Program:
    if platform.model == "serial":
        return _serial(unit, platform, let)
    launchers = [f for f in _launchers(unit) if f.spelling != "main" or not geometry]
    if launchers:
        return _first_read(unit, platform, launchers, let, lenient)
    return _kernels_alone(unit, platform, geometry, lenient)


def _first_read(
    unit: Unit, platform: Platform, launchers: list[Node], let: Mapping[str, int], lenient: bool
) -> Program:
    """The first function that can be read as a launcher: one that main calls may take what only main can give."""
    first, *others = launchers
    if not others:
        return _launched(unit, platform, first, let, lenient)
    gathered, unit.faults = unit.faults, Gathering()
    try:
        return _launched(unit, platform, first, let, lenient)
    except Fault as fault:
        try:
            return _first_read(unit, platform, others, let, lenient)
        except Fault:
            raise fault from None
    finally:
        unit.faults = gathered


def _launched(unit: Unit, platform: Platform, fn: Node, let: Mapping[str, int], lenient: bool) -> Program:
    reading = read_launcher(unit, platform, fn, let, lenient)
    if not reading.kernels:
        raise unit.fault("XP1002", f"`{fn.spelling}` launches no kernel", fn)
    known = meanings(unit, platform, reading.intrinsics)
    notes = [*_unread(reading.unread), *_aligned(reading.aligned)]
    program = Program(platform.name, reading.kernels, reading.launcher, unit.file, known,
                      unread=tuple(reading.unread), notes=tuple(notes), fixed=reading.fixed,
                      only_for=tuple(f"{p.name}={let[p.name]}" for p in reading.launcher.params if p.name in let))
    if fn.spelling != "main":
        return replace(program, entry=overload(reading.skipped, fn.definition or fn))
    arrays = ", ".join(p.name for p in reading.launcher.params)
    notes.append(f"`{reading.launcher.name}({arrays})` was made from main: its allocations, copies and launches; "
                 "what main computes, checks and prints itself is not part of it")
    return replace(program, entry=made_launcher(reading, program, platform), notes=tuple(notes))


def _aligned(names: tuple[str, ...]) -> Iterator[str]:
    """What is said of arrays whose alignment the launcher asks for."""
    if names:
        yield (f"{' and '.join(f'`{n}`' for n in names)} taken to begin where memory of the runtime's own may: "
               "what the launcher does with other addresses is not part of it")


def _unread(unread: Mapping[str, Fault]) -> Iterator[str]:
    for name, fault in unread.items():
        yield (f"the body of `{name}` was not read ({fault.where.line}: {fault.what}); it runs as it is, "
               "with the sizes that a launcher, or --size, gives its arrays")


# ---------------------------------------------------------------- launchers


def _launches(fn: Node, seen: set[int]) -> bool:
    """Whether a function launches a kernel, itself or through others of the text."""
    if fn.key in seen:
        return False
    seen.add(fn.key)
    if "<<<" in lost(fn) or any(_launches(f, seen) for f in _lost_calls(fn)):
        return True
    for call in calls(fn):
        callee = call.referenced
        if is_launch(call):
            return True
        if callee is not None and callee.in_text and _launches(callee.definition or callee, seen):
            return True
    return False


def _lost_calls(fn: Node) -> list[Node]:
    """The functions of the text that statements which the compiler could not resolve mention."""
    words = lost(fn)
    return [f for f in fn.unit.functions() if f.spelling in words] if words else []


def _methods(unit: Unit) -> Iterator[Node]:
    """The functions that are members of the text's own classes."""
    for n in unit.top:
        if n.in_text and n.kind in ("STRUCT_DECL", "CLASS_DECL"):
            yield from (m for m in n.walk() if m.kind in ("CXX_METHOD", "CONSTRUCTOR"))


def _called(functions: Iterable[Node]) -> set[int]:
    """The functions that others call."""
    found: set[int] = set()
    for fn in functions:
        found |= {f.key for f in _lost_calls(fn)} - {fn.key}
        for call in calls(fn):
            callee = call.referenced
            if callee is not None and callee.in_text:
                where = (callee.definition or callee).key
                if where != fn.key:
                    found.add(where)
    return found


def _launchers(unit: Unit) -> list[Node]:
    """The functions callers may use, best first: outermost among those that launch, an extern "C" one before others,
    the last in the file before others; `main` behind all of them."""
    functions = unit.functions()
    called = _called(tuple(f for f in functions if f.spelling != "main"))
    outer = [f for f in functions if f.key not in called and _launches(f, set())]
    mains = [f for f in outer if f.spelling == "main"]
    own = [f for f in outer if f.spelling != "main"]
    best = max(enumerate(own), default=None, key=lambda f: (f[1].is_c, f[0]))
    return [*([best[1]] if best is not None else []), *mains]


# ---------------------------------------------------------------- kernels without host code


def _kernels_alone(unit: Unit, platform: Platform, geometry: Mapping[str, str], lenient: bool = False) -> Program:
    kernels = [f for f in unit.functions() if "CUDAGLOBAL_ATTR" in f.attributes]
    if not kernels:
        raise _no_kernel(unit, platform)
    shapes = [_shape(unit, platform, fn, geometry) for fn in kernels]
    unread: dict[str, Fault] = {}
    if lenient:
        readings = [_or_opaque(unit, platform, fn, shape, unread) for fn, shape in zip(kernels, shapes, strict=True)]
    else:
        readings = _each(unit, platform, zip(kernels, shapes, strict=True))
    found = {key: fn for r in readings for key, fn in r.intrinsics.items()}
    return Program(
        platform.name, tuple(r.kernel for r in readings), None, unit.file, meanings(unit, platform, found),
        unread=tuple(unread), notes=tuple(_unread(unread)),
    )


def _or_opaque(unit: Unit, platform: Platform, fn: Node, shape: Shape, unread: dict[str, Fault]) -> Reading:
    """A kernel as it reads, or else as its signature shows it."""
    gathered, unit.faults = unit.faults, Gathering()
    try:
        return KernelReader(unit, platform, fn).read(fn.spelling, shape)
    except Fault as fault:
        made = opaque(fn, fn.spelling, shape, platform)
        if made is None:
            raise
        unread[fn.spelling] = fault
        return Reading(made, {})
    finally:
        unit.faults = gathered


def _no_kernel(unit: Unit, platform: Platform) -> Fault:
    templates = [n for n in unit.top if n.kind == "FUNCTION_TEMPLATE" and n.in_text]
    why = "its templates are launched by nothing, so their arguments are not known" if templates else ""
    qualifier = platform.kernel_qualifier
    try_ = f"mark the kernel {qualifier}" if qualifier and not templates else ""
    return Fault("XP1002", f"no kernel in {unit.file}", Span(unit.file), why, try_)


def _each(
    unit: Unit, platform: Platform, functions: Iterable[tuple[Node, Shape]], let: Mapping[str, int] | None = None
) -> list[Reading]:
    """Every function read, those behind another's Fault too."""
    readings = []
    for fn, shape in functions:
        with unit.faults.part():
            readings.append(KernelReader(unit, platform, fn, let).read(fn.spelling, shape))
    return readings


def _shape(unit: Unit, platform: Platform, fn: Node, geometry: Mapping[str, str]) -> Shape:
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
    return Shape(extents, dynamic)


# ---------------------------------------------------------------- one thread


def _serial(unit: Unit, platform: Platform, let: Mapping[str, int]) -> Program:
    functions = tuple(f for f in unit.functions() if f.spelling != "main")
    called = _called((*functions, *_methods(unit)))
    entries = [f for f in functions if f.key not in called and not f.is_internal] or _of_main(unit)
    if not entries:
        raise _no_kernel(unit, platform)
    readings, given = _with_types(unit, platform, [(f, Shape({})) for f in entries], let)
    kernels = tuple(r.kernel for r in readings)
    found = {key: fn for r in readings for key, fn in r.intrinsics.items()}
    chosen = max(enumerate(entries), key=lambda f: (f[1].is_c, f[0]))[0]
    return Program(
        platform.name, kernels, _own_launcher(kernels[chosen]), unit.file, meanings(unit, platform, found),
        entry=overload(readings[chosen].skipped, entries[chosen].definition or entries[chosen]),
        only_for=tuple(f"{p.name}={given[p.name]}" for p in kernels[chosen].params if p.name in given),
    )


def _with_types(
    unit: Unit, platform: Platform, functions: list[tuple[Node, Shape]], let: Mapping[str, int]
) -> tuple[list[Reading], Mapping[str, int]]:
    """Functions read for all values of their scalars; where these decide what an array holds, for given ones alone."""
    if not let:
        return _each(unit, platform, functions), {}
    gathered, unit.faults = unit.faults, Gathering()
    try:
        return _each(unit, platform, functions), {}
    except Fault as fault:
        unit.faults = gathered
        if fault.code != "XP1011":
            raise
        return _each(unit, platform, functions, let), let
    finally:
        unit.faults = gathered


def _of_main(unit: Unit) -> list[Node]:
    """What a program of static functions computes with: a function that main calls and that calls itself a kernel, else
    the only one that main calls."""
    mains = [f for f in unit.functions() if f.spelling == "main"]
    used = _called(tuple(mains))
    found = [f for f in unit.functions() if f.key in used]
    named = [f for f in found if "kernel" in f.spelling.lower()]
    return named[:1] or (found if len(found) == 1 else [])


def _own_launcher(kernel: Kernel) -> Launcher:
    def argument(p: Param) -> Expr:
        return p if isinstance(p, Var) else Addr(p.name, ZERO, p.dtype)

    launch = Launch(kernel.name, tuple(map(argument, kernel.params)), kernel.span)
    return Launcher(kernel.name, kernel.params, (), (launch,), kernel.span)
