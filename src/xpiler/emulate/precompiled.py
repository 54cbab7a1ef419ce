"""What every build of a platform shares: its precompiled header and the compiled runtime."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

from xpiler.emulate.cage import SOURCE, Cage
from xpiler.emulate.compiler import FLAGS, Compiler
from xpiler.emulate.prepare import double_literals
from xpiler.emulate.store import Store, digest
from xpiler.platforms.platform import Platform

# FRE takes a local that has its pattern for one without a value, and so for whatever suits.
_PLAIN = ("-fsanitize=bounds-strict", "-ftrivial-auto-var-init=pattern", "-fno-tree-fre")
# A run in float64 tells too where integers overflow, and where numbers do not fit into them.
_WIDE = (*_PLAIN, "-fno-wrapv", "-fsanitize=signed-integer-overflow,float-cast-overflow")
# Hooks before every access (hooks.cpp) and undefined arithmetic (undefined.cpp); locals start with other bytes than in
# plain builds, so that whoever reads them too early computes something else.
_WATCHED = (
    "-fsanitize=thread", "--param=tsan-distinguish-volatile=1", "--param=tsan-instrument-func-entry-exit=0",
    "-fno-wrapv", "-fsanitize=bounds-strict,alignment,signed-integer-overflow,float-cast-overflow",
    "-ftrivial-auto-var-init=zero",
)
_WRAPPED = ("-Wl,--wrap=memcpy", "-Wl,--wrap=memmove", "-Wl,--wrap=memset")
_HERE = Path(__file__).parent
_PARTS = (  # edge.cpp stays first
    "edge.cpp", "launch.cpp", "groups.cpp", "meetings.cpp", "later.cpp", "fibers.cpp", "memory.cpp",
    "findings.cpp", "undefined.cpp", "driver.cpp", "filter.cpp", "shadow.cpp", "share.cpp", "races.cpp",
    "noted.cpp", "origins.cpp", "seen.cpp",
)
_HOOKS = "hooks.cpp"
_MANY = "many.cpp"  # with a malloc of its own
_OWN = ("runtime.h", "vectors.h")  # before a platform's header
_INNER = ("runtime.h", "machine.h", "fibers.h", "report.h", "shadow.h", "driver.h", _HOOKS, _MANY)
_QUOTED = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.MULTILINE)


def caged(gxx: Compiler, store: Store) -> Compiler:
    """The compiler with the launcher that takes rights away from it and from what it builds."""
    target = store.root / "base" / digest(gxx.identity, SOURCE.read_text())
    with store.missing(target) as missing:
        if missing:
            with store.scratch() as work:
                gxx(work, "-O2", SOURCE, "-no-pie", "-Wl,--as-needed", "-o", "cage")
                store.publish(work, target, ("cage",))
    return replace(gxx, cage=Cage((target / "cage").absolute(), Path(gxx.path)))


def identity(platform: Platform, real: str, watch: bool) -> str:
    """A key for everything but the user's text."""
    return digest(*FLAGS, *flags(watch, real), _sources(), _header_identity(platform, real))


def flags(watch: bool, real: str = "f32") -> tuple[str, ...]:
    """How the user's text and the header it is compiled with are instrumented."""
    return _WATCHED if watch else _WIDE if real == "f64" else _PLAIN


def header(gxx: Compiler, platform: Platform, real: str, store: Store, *, watch: bool = False) -> Path:
    """The precompiled `all.h`: runtime.h and device.h, every `float` a double where real is "f64"."""
    target = store.root / "base" / digest(gxx.identity, *flags(watch, real), _header_identity(platform, real))
    with store.missing(target) as missing:
        if missing:
            with store.scratch() as work:
                lines = ["#define XP_RUNNING 1", *_macros(platform), *(f'#include "{_HERE}/{name}"' for name in _OWN)]
                device = platform.header
                if real == "f64":
                    lines.append(f'#include "{_HERE}/real_f64.h"')
                    device = _doubled(platform, work)
                lines.append(f'#include "{device}"\n')
                (work / "all.h").write_text("\n".join(lines))
                gxx(work, *flags(watch, real), "-x", "c++-header", "all.h", "-o", "all.h.gch", reads=_folders(platform))
                store.publish(work, target, ("all.h", "all.h.gch"))
    return target / "all.h"


def beside(gxx: Compiler, platform: Platform, real: str, store: Store, text: str, *, watch: bool = False) -> Path:
    """The object file of a program that texts are linked with, against the same header."""
    own = (*flags(watch, real), _header_identity(platform, real), "beside", text)
    target = store.root / "base" / digest(gxx.identity, *own)
    with store.missing(target) as missing:
        if missing:
            with store.scratch() as work:
                (work / "beside.cpp").write_text(text)
                included = header(gxx, platform, real, store, watch=watch)
                gxx(work, *flags(watch, real), "-include", included, "-c", "beside.cpp")
                store.publish(work, target, ("beside.o",))
    return target / "beside.o"


def runtime(
    gxx: Compiler, store: Store, *, watch: bool = False, many: bool = False
) -> tuple[str | Path, ...]:
    """What a program is linked with: the runtime as one object file, the same for every platform, and the hooks, or
    what tries many choices."""
    target = store.root / "base" / digest(gxx.identity, *FLAGS, _sources())
    with store.missing(target) as missing:
        if missing:
            with store.scratch() as work:
                gxx(work, "-O2", "-g0", "-I", _HERE, "-c", *(_HERE / part for part in (*_PARTS, _HOOKS, _MANY)))
                objects = [Path(part).with_suffix(".o").name for part in _PARTS]
                gxx(work, "-r", "-nostdlib", *objects, "-o", "all.o")
                store.publish(work, target, ("all.o", "hooks.o", "many.o"))
    if watch:
        return (target / "all.o", target / "hooks.o", *_WRAPPED)
    return (target / "all.o", target / "many.o") if many else (target / "all.o",)


def _header_identity(platform: Platform, real: str) -> str:
    own = (_HERE / name for name in (*_OWN, "real_f64.h"))
    headers = (f"{p}\n{p.read_text()}" for p in (*own, *_headers(platform)))
    return digest(*FLAGS, real, *_macros(platform), str(platform.header), *headers)


def _macros(platform: Platform) -> list[str]:
    return [f"#define {name} {value}" for name, value in platform.macros.items()]


def _sources() -> str:
    names = (*_PARTS, *_INNER)
    return digest(str(_HERE), *((_HERE / name).read_text() for name in names))


def _headers(platform: Platform) -> list[Path]:
    """device.h and every header it reaches by quoted includes."""
    found: dict[Path, None] = {}
    left = [platform.header]
    while left:
        path = left.pop()
        if path in found or not path.is_file():
            continue
        found[path] = None
        left += [Path(os.path.normpath(path.parent / name)) for name in _QUOTED.findall(path.read_text())]
    return sorted(found)


def _folders(platform: Platform) -> list[Path]:
    """Where its headers are."""
    return sorted({path.parent for path in _headers(platform)})


def _doubled(platform: Platform, work: Path) -> Path:
    """A copy of the platform's headers without float literals; the path of its device.h."""
    root = platform.folder.parent
    for path in _headers(platform):
        copy = work / "doubled" / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(f'#line 1 "{path}"\n' + double_literals(path.read_text()))
    return work / "doubled" / platform.header.relative_to(root)
