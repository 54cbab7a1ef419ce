"""The programming manual of a platform: the sections of its guide, and a passage for every intrinsic it offers.

Nothing is written for it: a passage is an intrinsic's name, signatures and doc comment, with the spaces its operands
lie in and the rules its body states, all read from the platform's header."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from xpiler.platforms.platform import Platform
from xpiler.propose.header import headers
from xpiler.text.clang import Node
from xpiler.text.ctype import CType
from xpiler.text.library import declared

GUIDE = "guide.md"
_GENERAL = re.compile(r"^operand |is not in |must be positive$|^sizes must")  # said of every operand, or by its space


@dataclass(frozen=True)
class Passage:
    """One passage: a section of the guide, or an intrinsic (overloads together) with what its operands must satisfy.

    `spaces` are `operand: space`, `limits` the shapes and rules, as text."""

    title: str
    text: str
    signatures: tuple[str, ...] = ()
    spaces: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()

    @property
    def is_intrinsic(self) -> bool:
        return bool(self.signatures)

    @property
    def whole(self) -> str:
        """All of it, as it is searched and shown."""
        return "\n".join((self.title, *self.signatures, self.text, *self.spaces, *self.limits))


def manual(platform: Platform) -> tuple[Passage, ...]:
    """The passages of a platform: the guide's in its order, then the intrinsics' by name."""
    return _manual(platform.header, platform.clang_args, _Hidden(platform))


class _Hidden:
    """A platform that is no part of a key: its header and arguments are."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hidden)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=8)
def _manual(header: Path, args: tuple[str, ...], hidden: _Hidden) -> tuple[Passage, ...]:
    platform = hidden.platform
    return (*_sections(platform.folder / GUIDE), *_intrinsics(platform))


def _sections(guide: Path) -> Iterator[Passage]:
    for part in re.split(r"^## ", guide.read_text(), flags=re.MULTILINE)[1:]:
        title, _, text = part.partition("\n")
        yield Passage(title.strip(), text.strip())


def _intrinsics(platform: Platform) -> Iterator[Passage]:
    spaces, macros = {s.name for s in platform.spaces}, tuple(platform.macros.items())
    _, found = declared(platform)
    families: dict[str, list[Node]] = {}
    for (name, _), fn in found.items():
        families.setdefault(name, []).append(fn)
    for name, overloads in sorted(families.items()):
        places = [(Path(fn.span.file), fn.span.line) for fn in overloads]
        said = [headers(file.parent, macros).said(name, file, line) for file, line in places]
        shapes = dict.fromkeys(shape for fn in overloads for shape in _shapes(fn))
        rules = dict.fromkeys(r for s in said for r in s.rules if not _GENERAL.search(r))
        yield Passage(
            name, "\n".join(dict.fromkeys(s.comment for s in said)), tuple(dict.fromkeys(map(_signature, overloads))),
            tuple(dict.fromkeys(f"{p}: {space}" for s in said for p, space in s.spaces if space in spaces)),
            (*shapes, *rules))


def _signature(fn: Node) -> str:
    params = ", ".join(f"{_spelled(p.type)} {p.spelling}".strip() for p in fn.params)
    return f"{_spelled(fn.result)} {fn.qualified}({params})"


def _spelled(ctype: CType) -> str:
    return f"{'const ' if ctype.inner is not None and ctype.inner.const else ''}{ctype.name}"


def _shapes(fn: Node) -> Iterator[str]:
    """How many scalars of what type the registers among the operands hold."""
    for name, ctype in (*((p.spelling, p.type) for p in fn.params), ("result", fn.result)):
        if ctype.is_aggregate and ctype.dtype is not None:
            yield f"{name}: {ctype.count} x {ctype.dtype.value}"
