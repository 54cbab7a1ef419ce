"""What a person gives on the command line: files, languages, values, geometry; and the Faults where it is amiss."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from xpiler import platforms, to_pivot
from xpiler.fault import Fault, Span
from xpiler.ir.nodes import Buffer, Kernel, Program
from xpiler.passes.plain.ranges import Range, ranges
from xpiler.platforms.platform import Platform
from xpiler.text.device_alone import device_alone
from xpiler.text.instance import with_launcher
from xpiler.text.read import read
from xpiler.verify.evaluate import Number
from xpiler.verify.runs.whole import has_main
from xpiler.verify.signature import Signature, given_sizes, signature


def platform_of(file: Path, name: str) -> Platform:
    if name:
        return platforms.get(name)
    found = platforms.of_file(file)
    if found is None:
        raise Fault(
            "XP3001", f"cannot tell the language of {file}", why=f"no platform claims the suffix `{file.suffix}` alone",
            try_=f"--from with one of {', '.join(platforms.NAMES)}",
        )
    return found


def text_of(file: Path) -> str:
    try:
        return file.read_text()
    except OSError as e:
        raise Fault("XP1020", f"cannot read {file}", Span(str(file)), why=e.strerror or str(e)) from e
    except UnicodeDecodeError as e:
        raise Fault("XP1020", f"cannot read {file}", Span(str(file)), why="it is not text in UTF-8") from e


def source_of(
    file: Path, platform: Platform, geometry: Mapping[str, str], kernel: str = "",
) -> tuple[str, str, tuple[str, ...]]:
    """A file's text, the kernel that is meant, and notes. Where the launch is said, host functions that do not compile
    are left out, and a template that nothing launches gets a launcher, which then is what is meant."""
    text = text_of(file)
    if not geometry or not platform.kernel_qualifier or platform.kernel_qualifier not in text:
        return text, kernel, ()
    text, left = device_alone(text, platform, str(file))
    told = f"left out, since it does not compile: {', '.join(map(str, left))}; the kernel is launched as you say"
    launched = with_launcher(text, platform, str(file), kernel, geometry)
    return launched, kernel if launched == text else "", (told,) if left else ()


def for_the_kernel_alone(fault: Fault, file: Path, platform: Platform) -> Fault:
    """The Fault; where only the host's part of a file cannot be read, with the way around it."""
    try:
        if fault.code.startswith("XP10") and device_alone(text_of(file), platform, str(file))[1]:
            launch = "--grid X --block X" if any(a.kind.startswith("thread") for a in platform.axes) else "--tasks N"
            fault.every[-1].try_ += f"; or, for a kernel alone, {launch}, and --kernel NAME where there are several"
    except Fault:
        pass
    return fault


def program_of(
    file: Path, name: str, let: Sequence[str], size: Sequence[str], grid: str, block: str, tasks: str, kernel: str,
    sized: Callable[[Program, str], Program] | None = None,
) -> tuple[Platform, str, Program, str]:
    """The platform, the text, the program and the kernel that is meant, "" for its launcher.

    `sized` knows further sizes of arrays and further names for `let`; it is given the
    kernel too."""
    platform, text, program, kernel = stated_program_of(
        file, name, let, size, grid, block, tasks, kernel, sized)
    return platform, text, with_extents(program, platform, kernel), kernel


def stated_program_of(
    file: Path, name: str, let: Sequence[str], size: Sequence[str], grid: str, block: str, tasks: str, kernel: str,
    sized: Callable[[Program, str], Program] | None = None,
) -> tuple[Platform, str, Program, str]:
    """The same with the sizes of arrays that are stated, and no others."""
    platform = platform_of(file, name)
    geometry = geometry_of(platform, grid, block, tasks)
    text, kernel, notes = source_of(file, platform, geometry, kernel)
    try:
        program = read(
            text, platform, str(file), geometry=geometry or None, let=integers(let) or None, lenient=True)
    except Fault as fault:
        raise fault if geometry else for_the_kernel_alone(fault, file, platform) from None
    program = replace(program, notes=(*notes, *program.notes))
    text += program.entry
    program = given_sizes(program, sizes(size))
    sig = signature(program, kernel)
    if sized is None:
        _check_names(sig, values(let), program)
    else:
        program = sized(program, kernel)
        sig = signature(program, kernel)
    return platform, text, program, kernel


def runs_as_it_is(file: Path, fault: Fault, options: Sequence[object]) -> bool:
    """Whether a file that gave a Fault in reading can be run by its main: nothing was asked for that main ignores."""
    return fault.code.startswith("XP10") and not any(options) and has_main(text_of(file))


def _check_names(sig: Signature, let: Mapping[str, Any], program: Program) -> None:
    """A --let for something the entry does not have is a slip of the pen."""
    known = [p.name for p in sig.params] + list(program.fixed)
    for name in let:
        if name not in known:
            why = f"its parameters are {', '.join(known)}"
            raise Fault("XP3004", f"`{sig.name}` has no parameter `{name}`", why=why, try_="--let with one of these")


def with_extents(program: Program, platform: Platform, kernel: str = "") -> Program:
    """The sizes of arrays nothing allocates, from what the kernels access; unchanged where that cannot be told."""
    if program.unread or all(a.extents for a in signature(program, kernel).arrays):
        return program
    try:
        pivot, _ = to_pivot.sequential(program, platform)
    except Fault:
        return program
    known = to_pivot.accesses(program)
    sized = to_pivot.with_extents(pivot, known).launcher
    if program.launcher is not None and sized is not None:
        return replace(program, launcher=replace(program.launcher, params=sized.params))
    more = {name: {n: r for n, r in held.items() if r} for name, held in known.items()}
    found = {k.name: to_pivot.joined(ranges(k), more.get(k.name, {})) for k in pivot.kernels}
    return replace(program, kernels=tuple(_sized(k, found[k.name]) for k in program.kernels))


def _sized(kernel: Kernel, found: Mapping[str, Range]) -> Kernel:
    params = (
        replace(p, extent=found[p.name].extent) if isinstance(p, Buffer) and p.extent is None and p.name in found else p
        for p in kernel.params
    )
    return replace(kernel, params=tuple(params))


def values(items: Sequence[str]) -> dict[str, Any]:
    """Scalars as numbers, and the contents of arrays (values with commas) as tuples of them."""
    out: dict[str, Number | tuple[Number, ...]] = {}
    for item in items:
        name, equals, value = item.partition("=")
        try:
            numbers = tuple(int(v, 0) if _is_integer(v) else float(v) for v in value.split(","))
        except ValueError:
            numbers = ()
        if not (name and equals and numbers):
            raise Fault("XP3004", f"cannot understand `--let {item}`", why="it is not NAME=NUMBER", try_="--let n=1000")
        out[name] = numbers[0] if len(numbers) == 1 else numbers
    return out


def pairs(items: Sequence[str], option: str = "--bind", form: str = "ARGUMENT=ARRAY") -> dict[str, str]:
    """What `--bind a=A` or `--map x=input` says: one name -> the other."""
    out: dict[str, str] = {}
    for item in items:
        one, equals, other = (part.strip() for part in item.partition("="))
        if not (one and equals and other):
            raise Fault("XP3004", f"cannot understand `{option} {item}`", why=f"it is not {form}",
                        try_=f"{option} a=A")
        out[one] = other
    return out


def integers(items: Sequence[str]) -> dict[str, int]:
    """The integer scalars among them."""
    return {name: value for name, value in values(items).items() if isinstance(value, int)}


def sizes(items: Sequence[str]) -> dict[str, int | str]:
    """Sizes of arrays, as numbers or as expressions that are not read yet."""
    out: dict[str, int | str] = {}
    for item in items:
        name, equals, value = (part.strip() for part in item.partition("="))
        if not (name and equals and value):
            raise Fault("XP3004", f"cannot understand `--size {item}`", why="it is not NAME=ELEMENTS",
                        try_="--size a=1024")
        out[name] = int(value, 0) if _is_integer(value) else value
    return out


def _is_integer(text: str) -> bool:
    return text.strip().lstrip("+-").isdigit() or text.strip().lower().startswith("0x")


def geometry_of(platform: Platform, grid: str, block: str, tasks: str) -> dict[str, str]:
    """What was said of the launch of a kernel without host code: axis kind -> a number or a scalar's name."""
    out: dict[str, str] = {}
    for option, text, group in (("--grid", grid, "block"), ("--block", block, "thread")):
        parts = [p.strip() for p in text.split(",")] if text else []
        if len(parts) > 3 or not all(p.isidentifier() or (p.isdigit() and int(p) > 0) for p in parts):
            raise Fault(
                "XP3004", f"cannot understand `{option} {text}`", why="it is not X, X,Y or X,Y,Z", try_=f"{option} 32,8"
            )
        out |= dict(zip((f"{group}.{axis}" for axis in "xyz"), parts, strict=False))
    if tasks:
        out["task"] = tasks
    unknown = sorted(set(out) - {a.kind for a in platform.axes})
    if unknown:
        raise Fault("XP2001", f"{platform.title} has no axis {unknown[0]}", why=f"it has {_kinds(platform)}")
    return out


def _kinds(platform: Platform) -> str:
    return ", ".join(a.kind for a in platform.axes) or "no parallel axis"
