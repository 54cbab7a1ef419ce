"""What a platform offers: the meaning of every intrinsic of its header.

Reading a header of a thousand intrinsics takes seconds, so its meanings are kept on disk where a folder is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from xpiler.ir.nodes import Meaning
from xpiler.kept import Shelf, digest
from xpiler.platforms.platform import Platform
from xpiler.text.clang import Node, Unit, parse
from xpiler.text.reading.base import calls
from xpiler.text.reading.meaning import meanings

_OFFERS = "xp_offers"  # the function of a header that calls the template instantiations it offers
_ASK = "-DXP_OFFERS"  # for headers whose offers no text needs
_SOURCES = ("text", "ir", "facts")  # the packages that meanings and what is found in them follow from


def library(platform: Platform, cache: Path | None = None) -> tuple[Meaning, ...]:
    """What every intrinsic of a platform's header means; templates as its `xp_offers` instantiates them.

    `cache` is the folder that keeps it between runs."""
    return _library(_Held(platform), cache)


def shelf(platform: Platform, cache: Path | None) -> Shelf | None:
    """Where what follows from a platform's header is kept; None without a folder."""
    return None if cache is None else _shelf(_Held(platform), cache)


class _Held:
    """A platform as a key by what its header is read with."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.key = (platform.name, platform.header, platform.clang_args)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)


def made_from(platform: Platform) -> list[Path]:
    """The files that the meanings of a platform's intrinsics, and what is found in them, follow from."""
    house = Path(__file__).parent.parent
    files = [f for f in platform.folder.rglob("*") if f.is_file() and f.suffix != ".pyc"]
    files += [f for f in platform.folder.parent.iterdir() if f.suffix in (".h", ".py")]
    return files + [f for name in _SOURCES for f in (house / name).rglob("*.py")]


@lru_cache(maxsize=16)
def _shelf(held: _Held, cache: Path) -> Shelf:
    name = "-".join(filter(None, (held.platform.name, held.platform.target)))
    return Shelf(cache / "library", name, digest(made_from(held.platform)))


@lru_cache(maxsize=16)
def _library(held: _Held, cache: Path | None) -> tuple[Meaning, ...]:
    where = shelf(held.platform, cache)
    if where is None:
        return _read(held.platform)
    return where.kept("meanings", lambda: _read(held.platform))


def _read(platform: Platform) -> tuple[Meaning, ...]:
    unit, found = declared(platform)
    return meanings(unit, platform, found)


def declared(platform: Platform) -> tuple[Unit, dict[tuple[str, str], Node]]:
    """Where a platform's header defines each intrinsic it offers, by its name and signature."""
    args = (*platform.clang_args, _ASK)
    unit = parse("\n", f"<{platform.name}>", platform.header, args, whole=True)
    found: dict[tuple[str, str], Node] = {}
    for fn in _offered(unit.top):
        if fn.note("xp.intrinsic") is not None and fn.body is not None:
            where = fn.definition or fn
            found.setdefault((where.qualified, where.signature), where)
    return unit, found


def _offered(top: tuple[Node, ...]) -> Iterator[Node]:
    for n in top:
        if n.kind == "FUNCTION_DECL" and n.spelling == _OFFERS:
            yield from (c.referenced for c in calls(n) if c.referenced is not None)
        elif n.kind == "FUNCTION_DECL":
            yield n
