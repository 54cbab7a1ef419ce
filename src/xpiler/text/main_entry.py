"""Text that makes an entry callable where the source has no function of that shape, for running the source.

For a launcher made from `main` it is that launcher, in the source's own runtime, calling the source's own kernels; for
a function with a stream or handle among its parameters it is an overload without them.
"""

from __future__ import annotations

from collections.abc import Collection

from xpiler.ir.nodes import Expr, Program
from xpiler.platforms.platform import Platform
from xpiler.text.clang import Node
from xpiler.text.host import HostReading
from xpiler.text.write import function_text, kernel_text, params_text
from xpiler.text.writing.launch import Own, host_body
from xpiler.text.writing.scope import of_launcher


def made_launcher(reading: HostReading, program: Program, platform: Platform) -> str:
    """The launcher that was made from main."""
    launcher = reading.launcher
    names: dict[str, str] = {}
    parts: list[str] = []
    takes: dict[str, tuple[tuple[str, int], ...]] = {}
    dynamic: dict[str, Expr] = {}
    for k in program.kernels:
        callee = reading.callees.get(k.name)
        if callee is not None:
            names[k.name], takes[k.name] = callee.spelled, callee.takes
            if callee.dynamic is not None:
                dynamic[k.name] = callee.dynamic
            continue
        names[k.name] = f"xp_{k.name}"
        parts.append(kernel_text(k, program, platform, names[k.name]))
    body = host_body(program, launcher, names, platform, Own(takes, reading.symbols, dynamic))
    head = platform.linkage.replace("{function}", f"void {launcher.name}")
    scope = of_launcher(launcher, platform)
    parts.append(function_text(f"{head}({params_text(launcher.params, scope)})", body.lines))
    return "\n" + "\n\n".join(parts) + "\n"


def overload(left: Collection[Node], fn: Node) -> str:
    """A function of the launcher's name without the parameters that are left out, as no caller here can give them."""
    skipped = {n.key for n in left if not _has_default(n)}
    if not skipped:
        return ""
    given = [p for p in fn.params if p.key not in {n.key for n in left}]
    head = ", ".join(f"{p.cursor.type.get_canonical().spelling} {p.spelling}" for p in given)
    args = ", ".join("{}" if p.key in skipped else p.spelling for p in fn.params if p in given or p.key in skipped)
    return f"\nstatic inline void {fn.spelling}({head}) {{ {fn.spelling}({args}); }}\n"


def _has_default(p: Node) -> bool:
    return any(c.kind != "PARM_DECL" for c in p.children)
