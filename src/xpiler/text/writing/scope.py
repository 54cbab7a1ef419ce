"""The names a kernel's text may use: what each buffer and scalar is called, and how each aggregate is held."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from xpiler.fault import NOWHERE
from xpiler.ir.nodes import (
    Addr, Alloc, Buffer, Const, For, Intrinsic, Kernel, Launcher, Let, Meaning, Stmt,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import bodies, defines, expressions, statements, subexpressions
from xpiler.platforms.c_math import c_math
from xpiler.platforms.platform import Axis, Platform

_KEYWORDS = frozenset(
    "alignas alignof asm auto bool break case catch char class const constexpr continue default delete do double "
    "else enum explicit export extern false float for friend goto half if inline int long mutable namespace new "
    "operator private protected public register restrict return short signed sizeof static struct switch template "
    "this throw true try typedef typename union unsigned using virtual void volatile while and or not xor "
    "dim3 warpSize grid block queue main printf abs min max".split()
)


@dataclass
class Scope:
    """Names and storage of one function; IR names are unique within it, C names are made so."""

    platform: Platform
    names: dict[str, str] = field(default_factory=dict)
    buffers: dict[str, Buffer] = field(default_factory=dict)
    aggregates: dict[str, int] = field(default_factory=dict)  # buffer -> scalars per aggregate
    built_in: dict[str, str] = field(default_factory=dict)  # scalar -> the built-in variable it is
    addressed: set[str] = field(default_factory=set)  # buffers an intrinsic takes the address of
    reserved: set[str] = field(default_factory=set)  # words that mean something else
    inlined: dict[str, str] = field(default_factory=dict)  # scalar -> the call that stands in its only use

    def __post_init__(self) -> None:
        self.reserved |= reserved(self.platform)

    def declare(self, name: str, wish: str = "", hidden: set[str] | None = None) -> str:
        """The C name of `name`, new if it has none yet; it hides none of the names in `hidden` (default: all)."""
        if name not in self.names:
            taken = set(self.names.values()) if hidden is None else hidden
            self.names[name] = fresh(wish or name, taken | self.reserved)
            if hidden is not None:
                hidden.add(self.names[name])
        return self.names[name]

    def temporary(self, wish: str) -> str:
        """A C name nothing else in the function has."""
        return self.declare(f"?{len(self.names)}", wish)


def reserved(platform: Platform) -> set[str]:
    """Words a local of the platform's text must not hide."""
    math = {m.group() for m in map(re.compile(r"\w+").match, platform.math.values()) if m}
    axes = {a.index.split(".")[0] for a in platform.axes} | {a.extent.split(".")[0] for a in platform.axes}
    return {*_KEYWORDS, *math, *axes, *platform.types.values()}


def fresh(wish: str, taken: set[str]) -> str:
    """`wish` as a C identifier that is not taken."""
    name = re.sub(r"\W", "_", wish) or "v"
    name = f"_{name}" if name[0].isdigit() else name
    if name not in taken:
        return name
    return next(n for n in (f"{name}_{i}" for i in range(1, len(taken) + 2)) if n not in taken)


def of_kernel(
    kernel: Kernel, platform: Platform, meanings: Collection[Meaning], aliases: Mapping[str, str] = MappingProxyType({})
) -> Scope:
    """The scope of a kernel, every name in it declared in the order of the text.

    `aliases` are axis variables that go by the name of a local."""
    scope = Scope(platform, reserved={m.name for m in meanings})
    for p in kernel.params:
        scope.declare(p.name)
        if isinstance(p, Buffer):
            scope.buffers[p.name] = p
    stems = {p.name for p in kernel.params} | {n for s in statements(kernel) if (n := _declares(s))}
    _declare_body(kernel.body, scope, set(scope.names.values()), stems, aliases)
    scope.names |= {axis: scope.names[local] for axis, local in aliases.items()}
    _find_aggregates(kernel, scope, {b.ctype: b for m in meanings for b in _held(m)})
    return scope


def _declares(s: Stmt) -> str:
    """The name a statement brings into being, "" for none."""
    match s:
        case Alloc(buffer):
            return buffer.name
        case Let(var) | For(var):
            return var.name
    return ""


def _declare_body(
    body: tuple[Stmt, ...], scope: Scope, visible: set[str], stems: set[str], aliases: Mapping[str, str]
) -> None:
    """Names of a body; where C's blocks keep them apart, `i_1` may be `i` again."""
    axes = {a.kind: a for a in scope.platform.axes}
    for s in body:
        axis = axes.get(s.kind) if isinstance(s, For) else None
        name = _declares(s)
        inner = visible if axis is not None else set(visible)  # an axis loop has no block of its own
        if name:
            numbered = re.fullmatch(r"(.*?)_\d+", name)
            # A loop's number says nothing, nor one that no author wrote.
            idle = (isinstance(s, For) and axis is None) or s.span == NOWHERE
            wish = numbered[1] if numbered and (idle or numbered[1] in stems) else name
            if axis is not None and unnamed(name, axis):
                wish = _short(axis.kind)
                wish = axis.kind.replace(".", "_") if wish in stems else wish
            if name not in aliases:
                scope.declare(name, wish, inner if isinstance(s, For) else visible)
        if isinstance(s, Alloc):
            scope.buffers[s.buffer.name] = s.buffer
        for nested in bodies(s):
            _declare_body(nested, scope, inner if axis is not None else set(inner), stems, aliases)


def of_launcher(launcher: Launcher, platform: Platform) -> Scope:
    """The scope of a launcher: its parameters and device buffers."""
    scope = Scope(_of_host(platform))
    for p in launcher.params:
        scope.declare(p.name)
    for b in launcher.buffers:
        wish = f"d_{b.host}" if b.name in scope.names and b.host else b.name
        scope.declare(b.name if b.name not in scope.names else f"device {b.name}", wish)
    for s in statements(launcher):
        if (var := defines(s)) is not None:
            scope.declare(var.name)
    return scope


def _of_host(platform: Platform) -> Platform:
    """How the host of a platform writes: in C++, which has its own functions and a double whatever the device lacks."""
    return replace(platform, math={**platform.math, **c_math()}, types={DType.F64: "double", **platform.types})


def unnamed(name: str, axis: Axis) -> bool:
    """Whether an axis variable goes by the built-in's name, so that nobody chose it."""
    return re.sub(r"\W", "_", name).startswith(re.sub(r"\W", "_", axis.index))


def _short(kind: str) -> str:
    """block.x -> bx, task -> task."""
    head, _, tail = kind.partition(".")
    return head[0] + tail if tail else head


def _held(m: Meaning) -> Iterable[Buffer]:
    return (b for b in (*m.params, m.result) if isinstance(b, Buffer) and b.ctype)


def _find_aggregates(kernel: Kernel, scope: Scope, known: dict[str, Buffer]) -> None:
    """A buffer stays the aggregate its owner wrote only if an intrinsic takes it; otherwise an array does."""
    for s in statements(kernel):
        if isinstance(s, Intrinsic):
            for e in expressions(s):
                scope.addressed |= {a.buffer for a in subexpressions(e) if isinstance(a, Addr)}
    params = {p.name for p in kernel.params}
    for name, buffer in scope.buffers.items():
        if not buffer.ctype or name in params or name not in scope.addressed:
            continue
        whole = buffer.extent.value if isinstance(buffer.extent, Const) else 0
        like = known.get(buffer.ctype)
        lanes = 0
        if like is not None and isinstance(like.extent, Const):  # which may count in elements of another size
            lanes = int(like.extent.value) * like.dtype.bytes // buffer.dtype.bytes
        if not lanes and (vector := re.fullmatch(r"[a-z]+([1-4])|\w*x(\d+)", buffer.ctype)):
            lanes = int(vector[1] or vector[2])
        scope.aggregates[name] = int(lanes) if lanes and whole % lanes == 0 else int(whole) or 1
