"""The host function that allocates, copies, launches and frees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from xpiler.ir.nodes import (
    Addr, Buffer, Const, DeviceBuffer, Expr, If, Kernel, Launch, Launcher,
    Load, Param, Program, Return, Stmt, Var,
)
from xpiler.ir.show import PRECEDENCE
from xpiler.ir.types import DType
from xpiler.ir.walk import map_expr, scalars_read, subexpressions
from xpiler.platforms.platform import Platform
from xpiler.text import sizes
from xpiler.text.arithmetic import Arithmetic
from xpiler.text.writing.expr import Speller
from xpiler.text.writing.geometry import Geometry, geometry
from xpiler.text.writing.scope import Scope, of_launcher
from xpiler.text.writing.stmt import Writer, byte_count

# ---------------------------------------------------------------- serial platforms


def merged(program: Program, kernel: Kernel, launcher: Launcher) -> tuple[Param, ...] | None:
    """The launcher's parameters under the kernel's names, if all it does is pass them on."""
    if launcher.buffers or len(program.kernels) != 1 or len(launcher.body) != 1:
        return None
    launch = launcher.body[0]
    if not isinstance(launch, Launch):
        return None
    renamed: dict[str, Param] = {}
    own = {p.name: p for p in launcher.params}
    for inner, given in zip(kernel.params, launch.args, strict=True):
        match inner, given:
            case Buffer(), Addr(name, Const(0)) if isinstance(own.get(name), Buffer) and name not in renamed:
                renamed[name] = inner
            case Var(_, dtype), Var(name) if own.get(name) == Var(name, dtype) and name not in renamed:
                renamed[name] = inner
            case _:
                return None
    spare = [p.name for p in launcher.params if p.name not in renamed]
    if set(spare) & {p.name for p in kernel.params}:
        return None
    return tuple(renamed.get(p.name, p) for p in launcher.params)


# ---------------------------------------------------------------- the host function

_DECLARATION = "{ctype}* {name};\n"  # how an allocation starts whose call fills in a declared pointer


@dataclass(frozen=True)
class Own:
    """Kernels and variables of the text the launcher stands in: the types of each of these kernels' arguments, each
    with how many of ours make one, the variable that a device buffer is, and the bytes of dynamic memory that launches
    of these kernels ask for, over their parameters."""

    takes: Mapping[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    symbols: Mapping[str, str] = field(default_factory=dict)
    dynamic: Mapping[str, Expr] = field(default_factory=dict)


def host_body(
    program: Program, launcher: Launcher, names: dict[str, str], platform: Platform, within: Own | None = None
) -> Writer:
    """The statements of the launcher; kernels go by `names`."""
    scope = of_launcher(launcher, platform)
    within = within or Own()
    writer = _Host(scope, program=program, kernels=names, text=within)
    runtime = platform.runtime
    mirrors = platform.model != "serial"
    held = {b.name: _device_name(b, launcher) for b in launcher.buffers}
    for b in launcher.buffers:
        if not mirrors and b.host:
            scope.names[held[b.name]] = scope.names[b.host]
    writer.held = held
    own = [b for b in launcher.buffers if (mirrors or not b.host) and b.name not in within.symbols]
    body = writer.left_early(launcher) if own else launcher.body
    for text in runtime.prologue:
        writer.put(text)
    writer.allocate(own)
    for b in launcher.buffers:
        if b.name in within.symbols:
            ctype = writer.spell.ctype(b.dtype)
            writer.put(f"{ctype}* {scope.names[held[b.name]]} = ({ctype}*)&::{within.symbols[b.name]};")
    for b in launcher.buffers:
        if b.name in within.symbols:
            if b.copy_in and b.host:
                writer.put("memcpy({device}, {host}, {bytes});".format(**writer.fields(b)))
        elif mirrors and b.copy_in and b.host:
            writer.put(runtime.copy_in.format(**writer.fields(b)))
        elif b.fill is not None:
            writer.put(runtime.fill.format(value=b.fill, **writer.fields(b)))
    writer.body(body)
    copied = [b for b in launcher.buffers if b.out and (mirrors or b.name in within.symbols)]
    if not copied or not runtime.copy_waits or any(b.name in within.symbols for b in copied):
        for text in runtime.epilogue:
            writer.put(text)
    for b in copied:
        call = "memcpy({host}, {device}, {bytes});" if b.name in within.symbols else runtime.copy_out
        writer.put(call.format(**writer.fields(b) | {"host": scope.names[b.out]}))
    for b in own:
        writer.put(runtime.free.format(name=scope.names[held[b.name]]))
    for text in runtime.cleanup:
        writer.put(text)
    return writer


def _device_name(b: DeviceBuffer, launcher: Launcher) -> str:
    """The scope's key of a device buffer: a host pointer may have the same name."""
    return f"device {b.name}" if b.name in {p.name for p in launcher.params} else b.name


def _as_taken(given: list[str], types: tuple[tuple[str, int], ...]) -> list[str]:
    """Arguments as the kernel of the text wants them: cast, or put together to structures."""
    out = []
    for spelled, count in types:
        mine, given = given[:count], given[count:]
        out.append(f"({spelled})({mine[0]})" if spelled and count == 1 else f"{spelled}{{{', '.join(mine)}}}")
    return out


class _Host(Writer):
    """Writes a launcher: as a kernel's writer, and launches besides."""

    program: Program
    kernels: dict[str, str]
    held: dict[str, str]

    def __init__(self, scope: Scope, program: Program, kernels: dict[str, str], text: Own) -> None:
        super().__init__(scope)
        self.program, self.kernels, self.held, self.text = program, kernels, {}, text

    def fields(self, b: DeviceBuffer) -> dict[str, str]:
        name = self.scope.names[self.held[b.name]]
        host = self.scope.names.get(b.host, "")
        size = byte_count(self.spell, b.extent, b.dtype)
        return {"name": name, "device": name, "host": host, "bytes": size}

    def allocate(self, buffers: list[DeviceBuffer]) -> None:
        """Allocate in order; where the runtime fills in declared pointers, those of a type are declared together."""
        call = self.scope.platform.runtime.malloc
        if call.startswith(_DECLARATION):
            call = call.removeprefix(_DECLARATION)
            for dtype in dict.fromkeys(b.dtype for b in buffers):
                names = [self.scope.names[self.held[b.name]] for b in buffers if b.dtype is dtype]
                ctype = self.spell.ctype(dtype)
                self.put(f"{ctype}* {names[0]};" if len(names) == 1 else f"{ctype} *{', *'.join(names)};")
        for b in buffers:
            self.put(call.format(ctype=self.spell.ctype(b.dtype), **self.fields(b)))

    def left_early(self, launcher: Launcher) -> tuple[Stmt, ...]:
        """What is behind checks of the parameters; where they fail, nothing need be allocated, as nothing changes."""
        math, body, known = Arithmetic(), launcher.body, set(launcher.params)
        blank = [b.extent for b in launcher.buffers if b.copy_out and not b.copy_in]
        while len(body) == 1 and isinstance(s := body[0], If) and not s.orelse and scalars_read(s.cond) <= known \
                and all(sizes.empty_without(math, (s.cond,), extent) for extent in blank):
            self.statement(If(math.negated(s.cond), (Return(s.span),), (), s.span))
            body = s.then
        return body

    def statement(self, s: Stmt, declare: Stmt | None = None) -> None:
        if isinstance(s, Launch):
            self._launch(self.spell.at(s.span), s)
        else:
            super().statement(s, declare)

    def _launch(self, spell: Speller, s: Launch) -> None:
        platform, runtime = self.scope.platform, self.scope.platform.runtime
        kernel = self.program.kernel(s.kernel)
        name = self.kernels[s.kernel]
        given = [self._given(spell, p, a) for p, a in zip(kernel.params, s.args, strict=True)]
        args = ", ".join(_as_taken(given, self.text.takes[s.kernel]) if s.kernel in self.text.takes else given)
        if not runtime.launch:
            self.put(f"{name}({args});")
            return
        shape = geometry(kernel, platform)
        bound = {p: a for p, a in zip(kernel.params, s.args, strict=True) if isinstance(p, Var)}

        def here(e: Expr) -> Expr:
            return map_expr(e, lambda x: bound.get(x, x) if isinstance(x, Var) else x)

        for e in shape.extents.values():
            free = [x for x in subexpressions(e) if isinstance(x, Load) or (isinstance(x, Var) and x not in bound)]
            if free:
                raise spell.no(f"the launch of `{name}`", "its geometry depends on what the kernel computes")
        dynamic = ""
        asked = self._asked(spell, s.kernel, shape, here)
        if asked is not None:
            size, constant = asked
            dynamic = f", {size}"
            if runtime.opt_in and constant:
                self.put(runtime.opt_in.format(kernel=name, bytes=size))
        grid, block, dim = "", "", ""
        if platform.model == "simt":
            grid = self._dim3(spell, [here(e) for e in shape.of("block")])
            block = self._dim3(spell, [here(e) for e in shape.of("thread")])
            self.put(runtime.launch.format(kernel=name, grid=grid, block=block, dynamic=dynamic, args=args))
            return
        tasks, kind = self._tasks(spell, shape, here)
        dim = runtime.dim3.format(x=tasks, y="1", z="1")
        self.put(runtime.launch.format(
            kernel=name, dim=dim, dim_name=self.scope.temporary("dim"), type=kind, args=args))

    def _asked(
        self, spell: Speller, kernel: str, shape: Geometry, here: Callable[[Expr], Expr]
    ) -> tuple[str, bool] | None:
        """The bytes of dynamic memory a launch asks for, and whether they are a constant; None where it asks for none.

        A kernel of the text takes what the text gives it, also where its arrays turned out to have constant sizes."""
        if (said := self.text.dynamic.get(kernel)) is not None:
            return spell.index(here(said)), isinstance(said, Const)
        if shape.dynamic is None or shape.dynamic.extent is None:
            return None
        extent = shape.dynamic.extent
        return byte_count(spell, here(extent), shape.dynamic.dtype), isinstance(extent, Const)

    def _given(self, spell: Speller, param: Param, a: Expr) -> str:
        match param, a:
            case Buffer(), Addr(buffer) if self._of_host(buffer):
                raise spell.no(f"the argument `{param.name}`", f"`{buffer}` is not in device memory")
            case Buffer(), Addr(buffer, index, dtype):
                text = spell.pointer(Addr(self.held.get(buffer, buffer), index, dtype)).text
                launcher = self.program.launcher
                assert launcher is not None
                source = next((p for p in launcher.params if p.name == buffer), None)
                if isinstance(source, Buffer) and source.const and not param.const and buffer not in self.held:
                    return f"({spell.ctype(dtype)}*)({text})" if " " in text else f"({spell.ctype(dtype)}*){text}"
                return text
            case Var(_, dtype), _:
                return spell.value(a, dtype)
        raise spell.no(f"an argument of `{param.name}`", "a buffer parameter takes an address")

    def _of_host(self, buffer: str) -> bool:
        """Whether a kernel on a device cannot reach an array."""
        assert self.program.launcher is not None
        there = any(isinstance(p, Buffer) and p.name == buffer and p.space == "device"
                    for p in self.program.launcher.params)
        return buffer not in self.held and self.scope.platform.model != "serial" and not there

    def _dim3(self, spell: Speller, extents: list[Expr]) -> str:
        while len(extents) > 1 and isinstance(extents[-1], Const) and extents[-1].value == 1:
            extents.pop()
        texts = [spell.index(e) for e in extents]
        if len(texts) == 1:
            return texts[0]
        return self.scope.platform.runtime.dim3.format(dims=", ".join(texts))

    def _tasks(self, spell: Speller, shape: Geometry, here: Callable[[Expr], Expr]) -> tuple[str, str]:
        runtime = self.scope.platform.runtime
        extents = [here(e) for e in shape.extents.values()]
        text = " * ".join(spell.text(e, PRECEDENCE["*"]) for e in extents) or "1"
        paired = "cluster" in shape.extents or "core" in shape.extents
        if not shape.grouped and not paired:
            # The geometry is a braced list of unsigned numbers, which refuses an int.
            constant = all(isinstance(e, Const) for e in extents)
            return text if constant else f"({spell.ctype(DType.U32)})({text})", runtime.single
        count = 1
        for e in extents:
            if not isinstance(e, Const):
                raise spell.no("a launch of tasks that meet", "their number is not a constant")
            count *= int(e.value)
        if count == 1 and not shape.shares:
            return "1", runtime.single
        smallest = min(runtime.groups)
        if count in runtime.groups:
            return str(count), runtime.groups[count]
        if count % smallest == 0 and not paired:
            return str(count), runtime.groups[smallest]
        raise spell.no(f"a launch of {count} tasks that meet", f"a job has {sorted(runtime.groups)} tasks")
