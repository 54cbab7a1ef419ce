"""A stranger's text, read and written again in a process of its own: what comes back holds nothing that was not read.

Comments, directives, macros, functions that no kernel uses and whatever else a program does not mean are gone. A text
that crashes or keeps the parser busy costs its seconds and nothing else."""

from __future__ import annotations

import json
import os
import sys
import sysconfig
import tempfile
from dataclasses import replace
from pathlib import Path

from xpiler.emulate import sandbox
from xpiler.emulate.entry import Limits
from xpiler.emulate.workshop import workshop
from xpiler.platforms.platform import Platform

_SECONDS, _MEMORY_MB, _FILE_MB = 30.0, 8192, 16
_MOST = 1 << 21  # characters of an answer
_START = """\
import runpy, sys
sys.path[:0] = sys.argv[1:3]
runpy.run_module("xpiler.emulate.restating", None, "__main__")
"""


class NotRestated(Exception):
    """The text means no program here, or reading it was stopped; the message says why."""


def restated(
    text: str, platform: Platform, *, origin: str = "<text>", cache: Path | None = None, seconds: float = _SECONDS
) -> str:
    """The text as the project writes what it reads, with `origin` as the file it comes from.

    NotRestated where it cannot be read or written."""
    limits = Limits(seconds, _MEMORY_MB, _FILE_MB)
    house = Path(__file__).parent.parent.parent
    packages = Path(sysconfig.get_paths()["purelib"])
    reads = [house, packages, *map(Path, dict.fromkeys((sys.prefix, sys.base_prefix)))]
    with tempfile.TemporaryDirectory(prefix="xpiler-") as name:
        folder = Path(name)
        (folder / "asked.json").write_text(json.dumps(
            {"text": text, "platform": platform.name, "target": platform.target, "origin": origin}))
        cage = replace(workshop(cache).cage, compiler=Path(sys.executable))
        done = sandbox.call([sys.executable, "-I", "-c", _START, house, packages], folder, limits,
                            tools=os.defpath, cage=cage, reads=reads)
        if done.late:
            raise NotRestated(f"reading it took more than {seconds:g} s")
        told = _told(folder / "told.json")
    if done.code != 0 or told is None:
        raise NotRestated("reading it was stopped: it is too deep for the parser, takes too much memory, or crashes it")
    if "why" in told:
        raise NotRestated(told["why"])
    return told["text"]


def _told(path: Path) -> dict[str, str] | None:
    """What the process left, which may be anything."""
    try:
        with path.open(encoding="utf-8") as f:
            told = json.loads(f.read(_MOST))
    except (OSError, ValueError, RecursionError):
        return None
    good = isinstance(told, dict) and len(told) == 1 and all(
        k in ("text", "why") and isinstance(v, str) for k, v in told.items())
    return told if good else None
