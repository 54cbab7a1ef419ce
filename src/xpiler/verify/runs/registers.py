"""Whether a block's threads have registers enough, by the vendor's compiler where it is installed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path

from xpiler.emulate.workshop import workshop
from xpiler.platforms.platform import Platform

_MOST = 255  # registers a thread can have: smaller blocks always fit
_UNIT = 8


def too_many(
    text: str, platform: Platform, launches: Iterable[tuple[str, int]], cache: Path | None = None
) -> tuple[tuple[str, str], ...]:
    """Kernels whose blocks need more registers than there are, each with a message; nothing without a compiler."""
    toolchain = import_module(f"xpiler.platforms.{platform.name}.toolchain")
    most: int = getattr(toolchain, "REGISTERS", 0)
    large = sorted((name, threads) for name, threads in launches if threads * _MOST > most)
    if not most or not large:
        return ()
    needed: Mapping[str, int] = toolchain.registers(text, shop=workshop(cache))
    found = []
    for kernel, threads in large:
        name = re.split(r"[<:]", kernel.strip())[0]
        each = -(-needed.get(name, 0) // _UNIT) * _UNIT
        if each * threads > most:
            what = f"a block of {threads} threads of `{name}`, each with {each} registers, needs {each * threads}"
            found.append((name, f"{what}; a block has {most}"))
    return tuple(found)
