"""Text + device.h + runtime -> an executable, kept by content."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path

from xpiler.emulate import compiler as compilers
from xpiler.emulate import precompiled
from xpiler.emulate.caller import caller
from xpiler.emulate.entry import Entry, Executable
from xpiler.emulate.failing import on_this_machine
from xpiler.emulate.prepare import in_sections, is_tagged, prepare
from xpiler.emulate.store import Store, default_folder, digest
from xpiler.platforms.platform import Platform

# Loads and stores of whole registers that are not "u" (unaligned), pointers to registers, promises.
_ALIGNED = re.compile(r"_(?:load|store|stream)_\w|__m\d+[id]?\s*(?:const\s*)?\*|align|vector_size")


@on_this_machine()
def build(
    text: str,
    platform: Platform,
    entry: Entry,
    *,
    file: str = "<text>",
    real: str = "f32",
    watch: bool = False,
    many: bool = False,
    beside: Sequence[str] = (),
    cache: Path | None = None,
    compiler: str = "g++",
) -> Executable:
    """Compile `text` so that `entry` can be run.

    Faults: XP4001 without a working compiler, XP4002 with the compiler's first error at the user's line, XP4004 where
    this machine has no room for it.
    real="f64" makes every float of the text and of device.h a double. `watch` looks at every access: slower, and runs
    find races, memory read before it is written and undefined arithmetic too. `many`: to be run by `run_many`, once for
    each of many choices that the text leaves open; not with `watch`. `beside`: programs against the same header that it
    is linked with, each compiled once for all texts. `cache` keeps finished builds;
    None is a folder of this user. Equal builds are made once, by however many processes."""
    began = time.monotonic()
    store = Store(cache if cache is not None else default_folder())
    gxx = precompiled.caged(compilers.find(compiler), store)
    prepared = prepare(text, platform, real=real) + caller(entry, platform, many=many)
    running = () if platform.running is None else (platform.running,)
    key = digest(gxx.identity, precompiled.identity(platform, real, watch), prepared, *beside, "running", *running)
    target = store.root / "run" / key[:2] / key
    if not store.has(target):
        header = precompiled.header(gxx, platform, real, store, watch=watch)
        edge, *runtime = precompiled.runtime(gxx, store, watch=watch, many=many)
        linked, kept = (tuple(precompiled.beside(gxx, platform, real, store, other, watch=watch) for other in others)
                        for others in (beside, running))
        with store.scratch() as work:
            (work / "text.cpp").write_text(prepared)
            options = precompiled.flags(watch, real)
            if is_tagged(prepared):
                gxx(work, *options, "-include", header, "-S", "text.cpp", file=file, text=text)
                assembler = work / "text.s"
                assembler.write_text(in_sections(assembler.read_text()))
                gxx(work, "-c", assembler.name, file=file, text=text)
            else:
                gxx(work, *options, "-include", header, "-c", "text.cpp", file=file, text=text)
            # what a platform keeps lies behind the edge, with the runtime's own: a watched run does not look at it
            gxx(work, "text.o", *linked, edge, *kept, *runtime, "-no-pie", "-o", "program", file=file, text=text)
            store.publish(work, target, ("program",))
    seconds = time.monotonic() - began
    return Executable(target / "program", seconds, file, real, _loose(text, platform), watch, text, gxx.cage)


def _loose(text: str, platform: Platform) -> bool:
    """Whether a text works on host buffers itself and says nowhere that they are aligned."""
    return platform.model == "serial" and not _ALIGNED.search(text)
