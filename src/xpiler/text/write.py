"""A program as text in its platform's dialect: includes, kernels and the launcher a caller links against."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import PurePath

from xpiler.ir.nodes import Buffer, For, Kernel, Param, Program, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import statements, walk
from xpiler.platforms.platform import Axis, Platform
from xpiler.text.writing.const import with_const
from xpiler.text.writing.copy import mentions
from xpiler.text.writing.error import NotExpressible
from xpiler.text.writing.expr import Speller
from xpiler.text.writing.fold import fold
from xpiler.text.writing.geometry import described, geometry
from xpiler.text.writing.header import vocabulary
from xpiler.text.writing.launch import host_body, merged
from xpiler.text.writing.prelude import preludes
from xpiler.text.writing.scope import Scope, fresh, of_kernel, of_launcher, reserved, unnamed
from xpiler.text.writing.strides import with_strides
from xpiler.text.writing.stmt import Writer, alias, built_in_once, masks

__all__ = ["NotExpressible", "write"]


def write(program: Program, platform: Platform) -> str:
    """The text of `program`, which must already be a program of `platform`.

    Raises NotExpressible where the platform has no words for something in it.
    """
    program = with_strides(with_const(program, platform), platform)
    names = _kernel_names(program, platform)
    launcher = program.launcher
    functions: list[str] = []
    alone = None
    if launcher is not None and platform.model == "serial" and len(program.kernels) == 1:
        alone = merged(program, program.kernels[0], launcher)
    for k in program.kernels:
        if alone is not None and launcher is not None:
            head = platform.linkage.replace("{function}", f"void {launcher.name}")
            functions.append(_kernel(replace(k, params=alone), platform, program, head))
        else:
            qualifier = platform.kernel_qualifier if platform.model != "serial" or launcher is None else ""
            if platform.model == "serial" and launcher is not None:
                qualifier = platform.device_qualifier
            head = f"void {names[k.name]}"
            if platform.model == "serial" and launcher is None:
                head = platform.linkage.replace("{function}", head)
            functions.append(_kernel(k, platform, program, f"{qualifier} {head}".lstrip()))
    if launcher is not None and alone is None:
        scope = of_launcher(launcher, platform)
        head = platform.linkage.replace("{function}", f"void {launcher.name}")
        body = host_body(program, launcher, names, platform)
        functions.append(_function(f"{head}({_params(launcher.params, scope)})", body.lines))
    code = "\n\n".join(functions)
    source = f", translated from {PurePath(program.file).name}" if program.file else ""
    only = f", for {', '.join(program.only_for)} alone" if program.only_for else ""
    carried = preludes(code, platform)
    parts = [f"// {platform.title}{source}{only}.", _includes(f"{carried}\n{code}", platform),
             _types(program, platform), carried, code]
    return "\n".join(fold(line) for line in "\n\n".join(filter(None, parts)).split("\n")) + "\n"


def _kernel_names(program: Program, platform: Platform) -> dict[str, str]:
    """C names of the kernels, none equal to the launcher's or to a function of the platform."""
    taken = reserved(platform) | {m.name for m in program.meanings}
    taken |= {program.launcher.name} if program.launcher else set()
    names: dict[str, str] = {}
    for k in program.kernels:
        bare = re.sub(r"\W", "_", k.name)
        wish = f"{bare}_kernel" if bare in taken and bare not in names.values() else bare
        names[k.name] = fresh(wish, taken | set(names.values()))
    return names


def _kernel(kernel: Kernel, platform: Platform, program: Program, head: str) -> str:
    shape = geometry(kernel, platform)
    axes = {a.kind: a for a in platform.axes}
    loops = [(s, axes[s.kind]) for s in statements(kernel) if isinstance(s, For) and s.kind in axes]
    aliases = {s.var.name: local.name for s, axis in loops if (local := alias(s, axis)) is not None}
    scope = of_kernel(kernel, platform, program.meanings, aliases)
    writer = Writer(scope, dynamic=shape.dynamic.name if shape.dynamic else "", aliases=aliases)
    scope.built_in |= {a.extent: a.extent for a in platform.axes}
    writer.direct = {s.var.name for s, axis in loops if s.var.name not in aliases and _is_built_in(s, axis)}
    writer.reads = mentions(kernel)
    writer.masks = masks(kernel, platform)
    writer.uses = Counter(e.name for e in walk(kernel) if isinstance(e, Var))
    writer.depth = 0
    writer.comment(kernel.span)
    if program.launcher is None and (expected := described(shape, writer.spell)):
        writer.put(expected)
    above, writer.lines, writer.depth = writer.lines, [], 1
    writer.body(kernel.body)
    return "\n".join([*above, _function(f"{head}({_params(kernel.params, scope)})", writer.lines)])


def _is_built_in(loop: For, axis: Axis) -> bool:
    """The built-in itself may stand where its unsigned type does not matter or is the variable's own."""
    own = unnamed(loop.var.name, axis) and loop.var.dtype is DType.U32
    return own or built_in_once(loop.body, loop.var)


def _function(head: str, lines: list[str]) -> str:
    return "\n".join([f"{head} {{", *lines, "}"])


def _params(params: tuple[Param, ...], scope: Scope) -> str:
    spell = Speller(scope)
    texts = []
    for p in params:
        scope.declare(p.name)
        star = "*" if isinstance(p, Buffer) else ""
        const = "const " if isinstance(p, Buffer) and p.const else ""
        texts.append(f"{const}{spell.ctype(p.dtype)}{star} {scope.names[p.name]}")
    return ", ".join(texts)


def kernel_text(kernel: Kernel, program: Program, platform: Platform, name: str) -> str:
    """One kernel as a function of that name."""
    return _kernel(kernel, platform, program, f"{platform.kernel_qualifier} void {name}")


def function_text(head: str, lines: list[str]) -> str:
    """A function with that head and body."""
    return _function(head, lines)


def params_text(params: tuple[Param, ...], scope: Scope) -> str:
    """A function's parameters."""
    return _params(params, scope)


def _includes(code: str, platform: Platform) -> str:
    wanted = [*platform.includes, *(line for token, line in platform.include_when.items() if re.search(token, code))]
    lines = list(dict.fromkeys(line for block in wanted for line in block.split("\n")))
    return "\n".join(sorted(lines, key=lambda line: not line.startswith("#include")))


def _types(program: Program, platform: Platform) -> str:
    """Declarations of the vector types that the source had made for itself."""
    known = vocabulary(platform).words
    found: dict[str, str] = {}
    for k in program.kernels:
        scope = of_kernel(k, platform, program.meanings)
        for name, lanes in scope.aggregates.items():
            b = scope.buffers[name]
            if platform.vector_type and re.fullmatch(r"\w+", b.ctype) and b.ctype not in known:
                ctype = "_Float16" if b.dtype is DType.F16 else Speller(scope).ctype(b.dtype)
                found[b.ctype] = platform.vector_type.format(
                    ctype=ctype, name=b.ctype, bytes=lanes * b.dtype.bytes)
    return "\n".join(found[name] for name in sorted(found))
