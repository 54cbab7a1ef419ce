"""Lowered text + exact.h + runtime -> an executable, kept by content."""

from __future__ import annotations

import time
from pathlib import Path

from xpiler.emulate import compiler as compilers
from xpiler.emulate import precompiled
from xpiler.emulate.caller import caller
from xpiler.emulate.compiler import FLAGS, Compiler
from xpiler.emulate.entry import Executable
from xpiler.emulate.failing import on_this_machine
from xpiler.emulate.lowered.element import REAL
from xpiler.emulate.lowered.program import Lowered
from xpiler.emulate.store import Store, default_folder, digest
from xpiler.platforms.platform import Platform

_HERE = Path(__file__).parent.parent
_HEADERS = ("runtime.h", "exact.h")
_BODY = "exact.cpp"


@on_this_machine()
def build(lowered: Lowered, platform: Platform, *, cache: Path | None = None, compiler: str = "g++") -> Executable:
    """Compile a lowered program. Faults: XP4001 without a working compiler, XP4002 where the text does not compile."""
    began = time.monotonic()
    store = Store(cache if cache is not None else default_folder())
    gxx = precompiled.caged(compilers.find(compiler), store)
    text = lowered.text + caller(lowered.entry, platform)
    own = digest(gxx.identity, *FLAGS, *precompiled.flags(False), str(_HERE), *_sources())
    runtime = precompiled.runtime(gxx, store)
    key = digest(own, *(str(part) for part in runtime), text)
    target = store.root / "run" / key[:2] / key
    if not store.has(target):
        header, functions = _base(gxx, store, own)
        with store.scratch() as work:
            (work / "text.cpp").write_text(text)
            gxx(work, *precompiled.flags(False), "-include", header, "-c", "text.cpp", text=text)
            gxx(work, "text.o", functions, *runtime, "-no-pie", "-o", "program", text=text)
            store.publish(work, target, ("program",))
    seconds = time.monotonic() - began
    return Executable(target / "program", seconds, "", REAL, False, False, text, gxx.cage)


def _base(gxx: Compiler, store: Store, own: str) -> tuple[Path, Path]:
    """The precompiled exact.h, and its functions."""
    target = store.root / "base" / own
    with store.missing(target) as missing:
        if missing:
            with store.scratch() as work:
                lines = [f'#include "{_HERE}/{name}"' for name in _HEADERS]
                (work / "all.h").write_text("\n".join(lines) + "\n")
                gxx(work, *precompiled.flags(False), "-x", "c++-header", "all.h", "-o", "all.h.gch", reads=(_HERE,))
                gxx(work, "-O2", "-I", _HERE, "-c", _HERE / _BODY, "-o", "exact.o", reads=(_HERE,))
                store.publish(work, target, ("all.h", "all.h.gch", "exact.o"))
    return target / "all.h", target / "exact.o"


def _sources() -> tuple[str, ...]:
    return tuple((_HERE / name).read_text() for name in (*_HEADERS, _BODY))
