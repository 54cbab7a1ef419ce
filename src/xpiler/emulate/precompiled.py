"""What every build of a platform shares: its precompiled header and the compiled runtime."""

from __future__ import annotations

import os
import re
from pathlib import Path

from xpiler.emulate.compiler import FLAGS, Compiler
from xpiler.emulate.prepare import double_literals
from xpiler.emulate.store import Store, digest
from xpiler.platforms.platform import Platform

BOUNDS = "-fsanitize=bounds-strict"  # declared arrays; the handlers are in findings.cpp
_HERE = Path(__file__).parent
_PARTS = (
    "launch.cpp", "groups.cpp", "meetings.cpp", "later.cpp", "fibers.cpp", "memory.cpp", "findings.cpp", "driver.cpp",
    "filter.cpp",
)
_QUOTED = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.MULTILINE)


def identity(platform: Platform, real: str) -> str:
    """A key for everything but the user's text."""
    return digest(*FLAGS, _sources(), _header_identity(platform, real))


def header(gxx: Compiler, platform: Platform, real: str, store: Store) -> Path:
    """The precompiled `all.h`: runtime.h and device.h, every `float` a double where real is "f64"."""
    target = store.root / "base" / digest(gxx.identity, _header_identity(platform, real))
    with store.missing(target) as missing:
        if missing:
            with store.scratch() as work:
                lines = ["#define XP_RUNNING 1", f'#include "{_HERE}/runtime.h"']
                device = platform.header
                if real == "f64":
                    lines.append(f'#include "{_HERE}/real_f64.h"')
                    device = _doubled(platform, work)
                lines.append(f'#include "{device}"\n')
                (work / "all.h").write_text("\n".join(lines))
                gxx(work, BOUNDS, "-x", "c++-header", "all.h", "-o", "all.h.gch")
                store.publish(work, target, ("all.h", "all.h.gch"))
    return target / "all.h"


def runtime(gxx: Compiler, store: Store) -> Path:
    """The runtime as one object file, the same for every platform."""
    target = store.root / "base" / digest(gxx.identity, *FLAGS, _sources())
    with store.missing(target) as missing:
        if missing:
            with store.scratch() as work:
                gxx(work, "-O2", "-I", _HERE, "-c", *(_HERE / part for part in _PARTS))
                objects = [Path(part).with_suffix(".o").name for part in _PARTS]
                gxx(work, "-r", "-nostdlib", *objects, "-o", "all.o")
                store.publish(work, target, ("all.o",))
    return target / "all.o"


def _header_identity(platform: Platform, real: str) -> str:
    own = (_HERE / name for name in ("runtime.h", "real_f64.h"))
    headers = (f"{p}\n{p.read_text()}" for p in (*own, *_headers(platform)))
    return digest(*FLAGS, BOUNDS, real, str(platform.header), *headers)


def _sources() -> str:
    names = (*_PARTS, "runtime.h", "machine.h", "fibers.h")
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


def _doubled(platform: Platform, work: Path) -> Path:
    """A copy of the platform's headers without float literals; the path of its device.h."""
    root = platform.folder.parent
    for path in _headers(platform):
        copy = work / "doubled" / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(f'#line 1 "{path}"\n' + double_literals(path.read_text()))
    return work / "doubled" / platform.header.relative_to(root)
