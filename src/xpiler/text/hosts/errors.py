"""Mistakes, and words that nobody knows, in host code alone: they matter only where they bear on a launch."""

from __future__ import annotations

from collections.abc import Sequence

import clang.cindex as ci

from xpiler.fault import Span
from xpiler.text import libclang

_ON_DEVICE = frozenset({"CUDAGLOBAL_ATTR", "CUDADEVICE_ATTR"})


def host_lines(tu: ci.TranslationUnit, file: str, serial: bool = False) -> list[range]:
    """The lines of functions that run on the host: those without a mark of the device, `main` alone on a serial one."""
    found = []
    for c in libclang.children(tu.cursor):
        c._tu = tu
        if libclang.KINDS[c._kind_id] not in ("FUNCTION_DECL", "LINKAGE_SPEC") or c.location.file is None:
            continue
        if c.location.file.name != file or not _of_host(c, serial):
            continue
        found.append(range(c.extent.start.line, c.extent.end.line + 1))
    return found


def _of_host(c: ci.Cursor, serial: bool) -> bool:
    if libclang.KINDS[c._kind_id] == "LINKAGE_SPEC":
        return not serial and all(_of_host(x, serial) for x in libclang.children(c))
    if serial:
        return libclang.spelling(c) == "main"
    marks = {libclang.KINDS[x._kind_id] for x in libclang.children(c)}
    return not marks & _ON_DEVICE


def only_in(errors: Sequence[Span], lines: Sequence[range], file: str) -> bool:
    """Whether all errors lie in those lines."""
    return all(e.file == file and any(e.line in r for r in lines) for e in errors)
