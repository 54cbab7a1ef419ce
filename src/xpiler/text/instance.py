"""A launcher for a kernel that nothing launches and that is a template: which instance is meant has to be said.

    --kernel 'scale<float, 4>'    ->    void scale(float* x, int n) { scale<float, 4><<<...>>>(x, n); }
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import clang.cindex as ci

from xpiler.fault import Fault, Span
from xpiler.platforms.platform import Platform
from xpiler.text.clang import Node, Unit, parse
from xpiler.text.hosts.bearing import is_launch
from xpiler.text.reading.base import calls

_ASKED = re.compile(r"\s*([A-Za-z_]\w*)\s*(?:<(.*)>)?\s*\Z", re.DOTALL)
_GROUPS = (("block.x", "block.y", "block.z"), ("thread.x", "thread.y", "thread.z"), ("task",))
_PARAMETERS = ("TEMPLATE_TYPE_PARAMETER", "TEMPLATE_NON_TYPE_PARAMETER")


@dataclass(frozen=True)
class _Parameter:
    """A template's parameter, and its default as it is written; "" without one."""

    name: str
    default: str


def with_launcher(text: str, platform: Platform, file: str, kernel: str, geometry: Mapping[str, str]) -> str:
    """The text, with a launcher behind it where `kernel` is a template that nothing launches.

    `kernel`: a name, or a name and arguments in angle brackets. Fault where arguments are missing."""
    asked = _ASKED.match(kernel)
    if asked is None or not platform.runtime.launch:
        return text
    unit = parse(text, file, platform.header, platform.clang_args)
    found = [n for n in unit.top if n.kind == "FUNCTION_TEMPLATE" and n.in_text and n.spelling == asked[1]
             and any(c.kind.name == "CUDAGLOBAL_ATTR" for c in n.cursor.get_children())]
    if not found or any(is_launch(c) for f in unit.functions() for c in calls(f)):
        return text
    return text + _launcher(unit, platform, found[-1], asked[2], geometry)


def _launcher(unit: Unit, platform: Platform, kernel: Node, written: str | None, geometry: Mapping[str, str]) -> str:
    parameters = [_parameter(c) for c in kernel.cursor.get_children() if c.kind.name in _PARAMETERS]
    given = _arguments(written or "")
    values = [*given, *(p.default for p in parameters[len(given):])]
    missing = [p.name for p, v in zip(parameters, values, strict=False) if not v]
    if missing or len(given) > len(parameters):
        names = ", ".join(p.name for p in parameters)
        where = Span(unit.file, kernel.cursor.location.line)
        raise Fault("XP2013", f"`{kernel.spelling}` is a template of {names}", where,
                    why=f"nothing launches it, and nothing says what {missing[0]} is" if missing else
                    f"it has {len(parameters)} parameters, and {len(given)} arguments are given",
                    try_=f"--kernel '{kernel.spelling}<{names}>' with values for these")
    told: dict[str, str] = {}

    def meant(written: str) -> str:
        return re.sub(r"\b[A-Za-z_]\w*\b", lambda m: told.get(m[0], m[0]), written)

    for p, v in zip(parameters, values, strict=False):
        told[p.name] = meant(v)  # a default may be made of those before it
    params = [c for c in kernel.cursor.get_children() if c.kind is ci.CursorKind.PARM_DECL]
    passed = [c.spelling or f"p{n}" for n, c in enumerate(params)]
    declared = ", ".join(f"{meant(_type(c))} {name}" for c, name in zip(params, passed, strict=True))
    steps = platform.runtime
    grid, block, task = (_extent(steps.dim3, [geometry.get(kind, "1") for kind in kinds]) for kinds in _GROUPS)
    launch = steps.launch.format(
        kernel=f"{kernel.spelling}<{', '.join(told.values())}>", grid=grid, block=block, dynamic="", dim=task,
        dim_name="dim", type=steps.single, args=", ".join(passed))
    body = " ".join([*steps.prologue, launch, *steps.epilogue, *steps.cleanup])
    return f"\nvoid {kernel.spelling}({declared}) {{ {body} }}\n"


def _extent(dim3: str, parts: list[str]) -> str:
    x, y, z = (*parts, "1", "1")[:3]
    return dim3.format(x=x, y=y, z=z, dims=f"{x}, {y}, {z}")


def _parameter(c: ci.Cursor) -> _Parameter:
    words = [t.spelling for t in c.get_tokens()]
    default = " ".join(words[words.index("=") + 1:]) if "=" in words else ""
    return _Parameter(c.spelling, default)


def _type(c: ci.Cursor) -> str:
    """A parameter's type; an array is the pointer that it is passed as, and nobody restricts a caller."""
    return re.sub(r"\b__restrict(?:__)?\b", "", c.type.spelling).replace("[]", "*")


def _arguments(written: str) -> Sequence[str]:
    """What stands between commas, those inside of brackets apart."""
    out, depth = [""], 0
    for sign in written:
        depth += (sign in "<([{") - (sign in ">)]}")
        if sign == "," and depth == 0:
            out.append("")
        else:
            out[-1] += sign
    return [x.strip() for x in out if x.strip()]
