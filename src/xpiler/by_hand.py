"""Passes found by the names of their files, made from words, and applied to a program by hand.

A pass has parameters, which a person gives (`--loop i --factor 8`), and perhaps facts of the machine, which it takes
from the platform itself (`of_machine`). `stage` is how far down the road of a translation it is applied unless told
otherwise.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass, replace
from importlib import import_module
from itertools import islice
from typing import Any

from xpiler import passes, to_pivot, to_target
from xpiler.fault import Fault
from xpiler.ir.check import check
from xpiler.ir.nodes import Kernel, Program
from xpiler.passes.detensorize import Detensorize
from xpiler.passes.plain.count import Count
from xpiler.passes.plain.specialize import specialize
from xpiler.passes.recover import Recover
from xpiler.passes.step import NotApplicable, Pass
from xpiler.platforms.platform import Platform

_SCALARS = {"int": int, "str": str}
STAGES = ("read", "detensorized", "sequential", "pivot")  # from the text as it is down to the clean sequential program
MOST = 200  # instances of a pass on one kernel that are listed

# ---------------------------------------------------------------- the passes there are


def found() -> dict[str, Any]:
    """File name -> the pass of that file a person can apply: of several the one named like the file."""
    out: dict[str, Any] = {}
    for name, where in files().items():
        kinds = [k for k in steps(where) if _by_hand(k)]
        kinds.sort(key=lambda k: (k.__name__.lower() != name, not hasattr(k, "space")))
        if kinds:
            out[name] = kinds[0]
    return out


def enumerating() -> dict[str, Any]:
    """Name -> every pass that lists its own instances; of several in one file each under its own name too."""
    out: dict[str, Any] = {}
    for name, where in files().items():
        kinds = [k for k in steps(where) if hasattr(k, "space")]
        out |= {name if len(kinds) == 1 else f"{name}.{k.__name__}": k for k in kinds}
    return out


def files() -> dict[str, str]:
    """File name -> module of every file of passes, those in rooms too."""
    found = pkgutil.walk_packages(passes.__path__, f"{passes.__name__}.")
    return dict(sorted((m.name.rpartition(".")[2], m.name) for m in found if not m.ispkg))


def steps(module: str) -> list[Any]:
    """The classes of a file of passes that have `apply`."""
    held = import_module(module)
    return [k for k in vars(held).values() if isinstance(k, type) and is_dataclass(k) and hasattr(k, "apply")
            and k.__module__ == held.__name__]


def parameters(kind: Any) -> dict[str, Field[Any]]:
    """What a person says."""
    return {f.name: f for f in fields(kind) if str(f.type) in _SCALARS}


def _by_hand(kind: Any) -> bool:
    """Its other fields, if it has any, are facts that it finds itself."""
    return len(parameters(kind)) == len(fields(kind)) or hasattr(kind, "of_machine")


def usage(kind: Any) -> str:
    """The parameters of a pass as options."""
    return " ".join(f"--{f.name} {str(f.type).upper()}" if f.default is MISSING else
                    f"[--{f.name} {str(f.type).upper() if f.default == '' else f.default}]"
                    for f in parameters(kind).values())


def words(step: Pass) -> str:
    """The options that make this instance; those left as they are without being named are left out."""
    kind: Any = type(step)
    said = ((f, getattr(step, f.name)) for f in parameters(kind).values())
    return " ".join(f"--{f.name} {value}" for f, value in said if value != f.default)


# ---------------------------------------------------------------- one of them, from words


def of_name(name: str) -> Any:
    """The pass of file `name`; a Fault that says which there are."""
    known = found()
    if name not in known:
        raise Fault("XP3007", f"no pass `{name}` can be applied by hand", why=f"those that can are {', '.join(known)}",
                    try_="xpiler pass list")
    return known[name]


def made(name: str, options: Sequence[str], machine: Platform) -> Pass:
    """The pass of file `name` with these parameters; a Fault that says what it takes."""
    kind = of_name(name)
    takes = parameters(kind)
    it_takes = f"it takes {usage(kind)}" if takes else "it takes no parameters"
    given: dict[str, Any] = {}
    for option, text in zip(options[::2], options[1::2], strict=False):
        key = option.removeprefix("--")
        if not option.startswith("--") or key not in takes:
            raise Fault("XP3007", f"`{name}` has no parameter `{option}`", why=it_takes)
        given[key] = _value(name, takes[key], text)
    missing = [f.name for f in takes.values() if f.default is MISSING and f.name not in given]
    if missing or len(options) % 2:
        raise Fault("XP3007", f"`{name}` wants {' and '.join(f'--{m}' for m in missing) or 'a value for every option'}",
                    why=it_takes)
    return kind(**_facts(kind, machine), **given)  # type: ignore[no-any-return]


def _facts(kind: Any, machine: Platform) -> Mapping[str, Any]:
    return kind.of_machine(machine) if hasattr(kind, "of_machine") else {}


def _value(name: str, f: Field[Any], text: str) -> int | str:
    try:
        return _SCALARS[str(f.type)](text)  # type: ignore[no-any-return]
    except ValueError:
        raise Fault("XP3007", f"`{name}` takes a number for --{f.name}, not `{text}`") from None


# ---------------------------------------------------------------- where it is applied


@dataclass(frozen=True)
class Stand:
    """A program at a stage of the road, and the machine that passes are chosen for there."""

    program: Program
    stage: str
    machine: Platform


def stand(program: Program, source: Platform, stage: str, target: Platform) -> Stand:
    """The program brought down to `stage`: passes there are for the machine it is on, those on the pivot for `target`.

    Fault XP3002 where there is no such form of it."""
    if stage not in STAGES:
        raise Fault("XP3007", f"there is no stage `{stage}`", why=f"the stages are {', '.join(STAGES)}")
    here = replace(source, intrinsics=program.meanings)
    if stage == "read":
        return Stand(program, stage, here)
    if stage == "pivot":
        return Stand(to_target.suited_to(target, to_pivot.sequential(program, source)[0])[0], stage, target)
    down: list[Any] = [Detensorize(Detensorize.of_machine(here)["meanings"]), Count()]
    if stage == "sequential":
        down.append(Recover(Recover.of_machine(source)["lanes"]))
    kernels = []
    program = specialize(program)
    for k in program.kernels:
        for step in down:
            try:
                k = step.apply(k)
            except NotApplicable as e:
                raise Fault("XP3002", f"no {stage} form of `{k.name}` was found", e.span, e.why) from e
        kernels.append(k)
    machine = here if stage == "detensorized" else target
    return Stand(replace(program, kernels=tuple(kernels), meanings=()), stage, machine)


def applied(name: str, step: Pass, at: Stand, kernel: str = "") -> dict[str, tuple[Kernel, ...]]:
    """What each kernel becomes, of those the pass applies to (or of the one named); a Fault if there is none."""
    chosen = [k for k in at.program.kernels if kernel in ("", k.name)]
    if not chosen:
        there = ", ".join(k.name for k in at.program.kernels)
        raise Fault("XP3007", f"there is no kernel `{kernel}`", why=f"the kernels are {there}")
    out: dict[str, tuple[Kernel, ...]] = {}
    refused: dict[str, NotApplicable] = {}
    for k in chosen:
        try:
            made: Any = step.apply(k)
        except NotApplicable as e:
            refused[k.name] = e
            continue
        parts = made if isinstance(made, tuple) else (made,)
        if parts != (k,):
            out[k.name] = parts
    if not out:
        raise _nowhere(name, type(step), refused, at, chosen)
    return out


def _nowhere(name: str, kind: Any, refused: Mapping[str, NotApplicable], at: Stand, chosen: Sequence[Kernel]) -> Fault:
    """The pass applies to no kernel: why, and where it would apply instead."""
    reasons = [e.why if len(chosen) == 1 else f"{k}: {e.why}" for k, e in refused.items()]
    span = next((e.span for e in refused.values() if str(e.span)), chosen[0].span)
    said = [words(s) for k in chosen for s in instances(kind, k, at.machine)] if hasattr(kind, "space") else []
    there = list(dict.fromkeys(w for w in said if w))
    more = f", or {len(there) - 1} more: xpiler pass space {name}" if len(there) > 1 else ""
    advice = f"xpiler pass list {name}"
    if hasattr(kind, "of_machine") and not at.machine.intrinsics:
        advice = "--to with the machine whose instructions are meant"
    where = "the program as it is read" if at.stage == "read" else f"the {at.stage} program"
    return Fault("XP3007", f"`{name}` does not apply" if reasons else f"`{name}` changes nothing in {where}", span,
                 "\n".join(reasons) or "there is nothing in it that the pass is about",
                 f"{there[0]}{more}" if there else advice)


def instances(kind: Any, kernel: Kernel, machine: Platform) -> list[Pass]:
    """The instances of a pass on a kernel, as it lists them itself."""
    return list(islice(kind.space(kernel, machine), MOST))


def all_instances(name: str, at: Stand) -> Iterator[tuple[Kernel, Pass]]:
    """Every instance of the pass of file `name`, kernel by kernel; a Fault where it does not list them."""
    kind = of_name(name)
    if not hasattr(kind, "space"):
        raise Fault("XP3007", f"`{name}` does not list where it applies", why="it has no choices to make",
                    try_=f"xpiler pass apply {name} FILE")
    for k in at.program.kernels:
        for step in instances(kind, k, at.machine):
            yield k, step


def changed(at: Stand, became: Mapping[str, tuple[Kernel, ...]]) -> Program:
    """The program with kernels replaced, each by one; well formed, or a Fault."""
    kernels = tuple(part for k in at.program.kernels for part in became.get(k.name, (k,)))
    out = replace(at.program, kernels=kernels)
    if at.program.launcher is None:
        check(out)
    return out
