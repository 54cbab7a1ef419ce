"""A pass applied by hand: found by the name of its file, its parameters from `--name value` pairs."""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from importlib import import_module
from typing import Any

from xpiler import engine, passes, platforms
from xpiler.fault import Fault
from xpiler.ir.nodes import Kernel, Program
from xpiler.passes.rehost import on_host_memory
from xpiler.passes.step import NotApplicable, Pass
from xpiler.platforms.platform import Platform
from xpiler.text.write import write

_SCALARS = {"int": int, "str": str}


def made(name: str, words: Sequence[str]) -> Pass:
    """The pass of file `name` with these parameters; a Fault that says what it takes."""
    known = {c.__module__.rsplit(".", 1)[-1]: c for c in _by_hand()}
    if name not in known:
        raise Fault("XP3007", f"no pass `{name}` can be applied by hand", why=f"those that can are {', '.join(known)}",
                    try_="xpiler pass list")
    kind = known[name]
    takes: dict[str, Field[Any]] = {f.name: f for f in fields(kind)}
    usage = " ".join(f"--{f.name} {f.type.upper()}" if f.default is MISSING else f"[--{f.name} {f.default}]"
                     for f in takes.values())
    given: dict[str, Any] = {}
    for option, text in zip(words[::2], words[1::2], strict=False):
        key = option.removeprefix("--")
        if not option.startswith("--") or key not in takes:
            raise Fault("XP3007", f"`{name}` has no parameter `{option}`", why=f"it takes {usage}")
        given[key] = _value(name, takes[key], text)
    missing = [f.name for f in takes.values() if f.default is MISSING and f.name not in given]
    if missing or len(words) % 2:
        raise Fault("XP3007", f"`{name}` wants {' and '.join(f'--{m}' for m in missing) or 'a value for every option'}",
                    why=f"it takes {usage}")
    return kind(**given)  # type: ignore[no-any-return]


def _value(name: str, f: Field[Any], text: str) -> int | str:
    try:
        return _SCALARS[str(f.type)](text)  # type: ignore[no-any-return]
    except ValueError:
        raise Fault("XP3007", f"`{name}` takes a number for --{f.name}, not `{text}`") from None


def _by_hand() -> list[Any]:
    """The passes whose parameters are all numbers or words, one a file."""
    found = []
    for module in pkgutil.iter_modules(passes.__path__):
        held = import_module(f"{passes.__name__}.{module.name}")
        for kind in vars(held).values():
            if (isinstance(kind, type) and is_dataclass(kind) and hasattr(kind, "apply")
                    and kind.__module__ == held.__name__
                    and fields(kind) and all(str(f.type) in _SCALARS for f in fields(kind))):
                found.append(kind)
                break
    return found


def applied(step: Pass, program: Program, source: Platform) -> str:
    """The pivot of a program with a pass applied to every kernel it applies to, as C; a Fault if there is none."""
    pivot, _ = engine.sequential(program, source)
    kernels: list[Kernel] = []
    refused: list[NotApplicable] = []
    for k in pivot.kernels:
        try:
            kernels.append(step.apply(k))
        except NotApplicable as e:
            refused.append(e)
            kernels.append(k)
    if len(refused) == len(kernels):
        raise Fault("XP3007", "the pass does not apply", refused[0].span, refused[0].why)
    plain = platforms.get(platforms.NAMES[0])
    out = replace(engine.with_extents(replace(pivot, kernels=tuple(kernels))), platform=plain.name)
    return write(on_host_memory(out) if out.launcher is not None else out, plain)
