"""A whole program in C++ over exact numbers, and the entry that runs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from xpiler.emulate.entry import Entry
from xpiler.emulate.lowered.expr import CTYPE, Constants, NotLowered, Scope, mixed
from xpiler.emulate.lowered.halves import Owner, words
from xpiler.emulate.lowered.stmt import Body
from xpiler.emulate.lowered.tiles import check_tiles
from xpiler.ir.nodes import (
    PLAIN, Buffer, Const, DeviceBuffer, For, Intrinsic, Kernel, Launch, Launcher, Meaning, Param, Program, Stmt, Var,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import statements
from xpiler.platforms.platform import Platform

ENTRY = "xp_exact_entry"
PRIME, KEY, REPORT, REPORTED = "xp_prime", "xp_key", "xp_report", 4
Words = Mapping[Owner, frozenset[str]]
Meanings = dict[tuple[str, str], tuple[str, Meaning]]


@dataclass(frozen=True)
class Lowered:
    """A text to build, and how its entry is called: a prime, a key, then the program's own parameters, scalars that are
    floats as arrays of one element, and the report."""

    text: str
    entry: Entry


def lower(program: Program, platform: Platform, *, kernel: str = "", fine: bool = False) -> Lowered:
    """The program's launcher, or the kernel named or alone, as C++. NotLowered where it has no exact form.

    `fine`: constants keep the precision of a double."""
    whole = program.launcher if not kernel else None
    kernels = _used(program, whole, kernel)
    for k in kernels:
        if k.name in program.unread:
            raise NotLowered(f"the body of `{k.name}` was not understood", k.span)
    constants = Constants(fine)
    meanings = _meanings(program, kernels)
    found = words(kernels, {key: m for key, (_, m) in meanings.items()})
    names = {k.name: f"k_{i}" for i, k in enumerate(kernels)}
    parts: list[str] = []
    for function, m in meanings.values():
        parts += _meaning(function, m, meanings, constants, found)
    for k in kernels:
        check_tiles(k, meanings, platform.together)
        parts += _kernel(names[k.name], k, meanings, constants, platform, found)
    launches = {name: f"run_{own}" for name, own in names.items()}
    parts += _host(whole, launches, constants) if whole is not None else _direct(kernels[0], launches)
    entry = whole or kernels[0]
    made = [f"{name} = {value};" for value, name in constants.made.items()]
    declared = [f"static Exact {name};" for name in constants.made.values()]
    prototypes = [f"{_head(f, m, found)};" for f, m in meanings.values()]
    lines = ["using namespace xp::exact;", *declared, *prototypes, *parts, *_entry(entry.params, made)]
    return Lowered("\n".join(lines) + "\n", Entry(ENTRY, (*_PARAMS, *map(_passed, entry.params), _REPORT)))


_PARAMS = (Var(PRIME, DType.I64), Var(KEY, DType.I64))
_REPORT = Buffer(REPORT, DType.I64, Const(REPORTED, DType.I32))


def _passed(p: Param) -> Param:
    """How the entry takes a parameter."""
    one = Const(1, DType.I32)
    return Buffer(p.name, p.dtype, one, const=True) if isinstance(p, Var) and p.dtype.is_float else p


def _used(program: Program, launcher: Launcher | None, kernel: str) -> tuple[Kernel, ...]:
    if launcher is not None:
        names = {s.kernel for s in statements(launcher) if isinstance(s, Launch)}
        return tuple(k for k in program.kernels if k.name in names)
    found = tuple(k for k in program.kernels if kernel in ("", k.name))
    if len(found) != 1:
        raise NotLowered(f"{len(found)} kernels and no function that launches them")
    return found


def _meanings(program: Program, kernels: tuple[Kernel, ...]) -> Meanings:
    """What the kernels call, and what that calls, with the names of C++ functions."""
    known = {(m.name, m.key): m for m in program.meanings}
    found: Meanings = {}
    left: list[Kernel | Meaning] = [*kernels]
    while left:
        for s in statements(left.pop()):
            if isinstance(s, Intrinsic) and (s.name, s.key) in known and (s.name, s.key) not in found:
                m = known[s.name, s.key]
                found[s.name, s.key] = f"m_{len(found)}", m
                left.append(m)
    return found


# ---------------------------------------------------------------- functions


def _spelled(p: Param, words: frozenset[str] | None = None) -> str:
    ctype = "xp::exact::Halves" if words and p.name in words else CTYPE[p.dtype]
    return f"{ctype}{'*' if isinstance(p, Buffer) else ''}"


def _params(params: tuple[Param, ...], scope: Scope) -> str:
    for p in params:
        if isinstance(p, Buffer):
            scope.buffers[p.name] = p.dtype
    names = [scope.name(p.name, "b" if isinstance(p, Buffer) else "v") for p in params]
    return ", ".join(f"{_spelled(p, scope.words)} {name}" for p, name in zip(params, names, strict=True))


def _head(function: str, m: Meaning, found: Words) -> str:
    own = found.get((m.name, m.key))
    params = [_spelled(p, own) for p in (*m.params, *([m.result] if isinstance(m.result, Buffer) else []))]
    result = _spelled(m.result, own) if isinstance(m.result, Var) else "void"
    return f"static {result} {function}({', '.join(params)})"


def _meaning(function: str, m: Meaning, meanings: Meanings, constants: Constants, found: Words) -> list[str]:
    scope = Scope(constants, words=found.get((m.name, m.key)))
    given = (*m.params, m.result) if isinstance(m.result, Buffer) else m.params
    params = _params(given, scope)
    if not isinstance(m.result, Var):
        return [f"static void {function}({params}) {{", *Body(scope, meanings, words=found).block(m.body), "}"]
    result, ctype = scope.name(m.result.name), scope.ctype(m.result.name, m.result.dtype)
    body = Body(scope, meanings, words=found, leave=f"return {result};")
    return [f"static {ctype} {function}({params}) {{", f"  {ctype} {result};", *body.block(m.body),
            f"  return {result};", "}"]


def _kernel(
    function: str, k: Kernel, meanings: Meanings, constants: Constants, platform: Platform, found: Words
) -> list[str]:
    """The kernel as one thread runs it, and the function that launches it for all."""
    scope = Scope(constants, mixed=mixed(k.body), words=found.get(k.name))
    params = _params(k.params, scope)
    axes = {s.kind: s for s in statements(k) if isinstance(s, For) and s.kind not in PLAIN}
    scopes = {s.name: s.scope for s in platform.spaces} if axes else {}
    body = Body(scope, meanings, scopes, together=platform.together, words=found)
    lines = [f"static void {function}({params}) {{", *body.block(k.body), "}"]
    names = ", ".join(scope.name(p.name, "b" if isinstance(p, Buffer) else "v") for p in k.params)
    lines += [f"static void run_{function}({params}) {{"]
    if not axes:
        return [*lines, f"  {function}({names});", "}"]
    lines += ["  xp::Geometry g;", *(f"  {line}" for line in _geometry(axes, scope, platform))]
    if body.shared:
        lines += [f"  g.shared = {' + '.join(map(body.bytes_of, body.shared))};"]
    return [*lines, f'  xp::launch_call(g, "{k.name}", [&] {{ {function}({names}); }});', "}"]


def _geometry(axes: dict[str, For], scope: Scope, platform: Platform) -> Iterator[str]:
    def extent(kind: str) -> str:
        return f"unsigned({scope.text(axes[kind].stop)})" if kind in axes else "1u"

    tasks = extent("task") if "task" in axes else f"{extent('cluster')} * {extent('core')}"
    across = extent("block.x") if "block.x" in axes else tasks
    yield f"g.grid = {{{across}, {extent('block.y')}, {extent('block.z')}}};"
    yield f"g.block = {{{extent('thread.x')}, {extent('thread.y')}, {extent('thread.z')}}};"
    yield f"g.warp = {max(platform.warp, 1)}u, g.cluster = {extent('core')};"


# ---------------------------------------------------------------- the host


def _direct(k: Kernel, launches: dict[str, str]) -> list[str]:
    params = _params(k.params, scope := Scope(Constants(False)))
    names = ", ".join(scope.name(p.name, "b" if isinstance(p, Buffer) else "v") for p in k.params)
    return [f"static void host({params}) {{", f"  {launches[k.name]}({names});", "}"]


def _host(launcher: Launcher, launches: dict[str, str], constants: Constants) -> list[str]:
    """The launcher: its scalars up to the first launch, its buffers, the rest, and what is copied out."""
    scope = Scope(constants)
    params = _params(launcher.params, scope)
    body = Body(scope, {}, launches=launches)
    first = next((i for i, s in enumerate(launcher.body) if _launches(s)), len(launcher.body))
    lines = body.block(launcher.body[:first])
    for b in launcher.buffers:
        lines += _device(b, scope)
    out = [f"std::memcpy({scope.name(b.out, 'b')}, {scope.name(b.name, 'b')}, {_bytes(b, scope)});"
           for b in launcher.buffers if b.out]
    lines += ["  auto finish = [&] {", *(f"    {line}" for line in out), "  };"]
    body.leave = "{ finish(); return; }"
    return [f"static void host({params}) {{", *lines, *body.block(launcher.body[first:]), "  finish();", "}"]


def _launches(s: Stmt) -> bool:
    return any(isinstance(x, Launch) for x in statements(s))


def _bytes(b: DeviceBuffer, scope: Scope) -> str:
    return f"std::size_t({scope.text(b.extent)}) * sizeof({CTYPE[b.dtype]})"


def _device(b: DeviceBuffer, scope: Scope) -> Iterator[str]:
    for host in {b.host, b.out} - {""}:
        if scope.buffers.get(host) is not b.dtype:
            raise scope.refuse(f"`{b.name}` holds {b.dtype}, `{host}` does not")
    if b.fill not in (None, 0, 255) and b.dtype.is_float:
        raise scope.refuse(f"the floats of `{b.name}` are filled with bytes of {b.fill}")
    scope.buffers[b.name] = b.dtype
    name = scope.name(b.name, "b")
    yield f'  {CTYPE[b.dtype]}* const {name} = device<{CTYPE[b.dtype]}>({scope.text(b.extent)}, "{b.name}");'
    if b.fill is not None:
        yield f"  std::memset({name}, {b.fill}, {_bytes(b, scope)});"
    if b.host and b.copy_in:
        yield f"  std::memcpy({name}, {scope.name(b.host, 'b')}, {_bytes(b, scope)});"


def _entry(params: tuple[Param, ...], made: list[str]) -> list[str]:
    taken, given = ["long long prime", "long long key"], []
    for i, p in enumerate(map(_passed, params)):
        taken.append(f"{_spelled(p)} a{i}")
        given.append(f"*a{i}" if isinstance(params[i], Var) and isinstance(p, Buffer) else f"a{i}")
    return [
        f"static void {ENTRY}({', '.join([*taken, 'long long* report'])}) {{",
        "  xp::exact::begin(prime, key);", *(f"  {line}" for line in made), f"  host({', '.join(given)});",
        f"  xp::exact::end(report, {REPORTED});", "}",
    ]


__all__ = ["Lowered", "NotLowered", "lower"]
