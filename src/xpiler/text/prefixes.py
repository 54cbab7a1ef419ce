"""Headers parsed once for many texts, and how every text is parsed."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

import clang.cindex as ci

FLAGS = ("-DXP_READING", "-nostdinc", "-ferror-limit=0", "-fbracket-depth=256")
_FOR_SERIALIZATION = 0x10  # CXTranslationUnit_ForSerialization


@lru_cache(maxsize=2)
def index(exclude: bool) -> Any:
    return ci.Index.create(excludeDecls=exclude)  # type: ignore[no-untyped-call]


class Prefixes:
    """Headers parsed once for many texts: from its second use on, a header is loaded from a precompiled form."""

    def __init__(self) -> None:
        self._uses: dict[tuple[str, ...], int] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._lock = threading.Lock()

    def include(self, header: Path, args: tuple[str, ...], at_once: bool = False) -> list[str] | None:
        """The flags that load the precompiled header, None for the first use if it need not be there `at_once`."""
        with self._lock:
            if at_once:
                self._include(header, args)
            return self._include(header, args)

    def _include(self, header: Path, args: tuple[str, ...]) -> list[str] | None:
        stamps = [str(f.stat().st_mtime_ns) for f in sorted(header.parent.parent.rglob("*.h"))]
        key = (str(header), *args, *stamps)
        self._uses[key] = self._uses.get(key, 0) + 1
        if self._uses[key] == 1:
            return None
        self._folder = self._folder or tempfile.TemporaryDirectory(prefix="xpiler-")
        name = hashlib.sha256("\0".join(key).encode()).hexdigest()[:16]
        path = Path(self._folder.name) / f"{name}.pch"
        if self._uses[key] == 2 and not self._save(header, args, path):
            self._uses[key] = 0
            return None
        return ["-include-pch", str(path)]

    def _save(self, header: Path, args: tuple[str, ...], path: Path) -> bool:
        flags = [*args, "-w", *FLAGS, "-include", str(header), *folders(header)]
        options = ci.TranslationUnit.PARSE_INCOMPLETE | _FOR_SERIALIZATION
        name = "prefix.cpp"  # the language is in the arguments
        tu = index(False).parse(name, args=flags, unsaved_files=[(name, "\n")], options=options)
        if any(d.severity >= ci.Diagnostic.Error for d in tu.diagnostics):
            return False
        tu.save(str(path))
        return True


def folders(header: Path) -> tuple[str, ...]:
    return ("-I", str(header.parent / "sys"))
