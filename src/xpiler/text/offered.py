"""What a platform's header offers, by type: functions that may be taken for each other."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from xpiler.platforms.platform import Platform
from xpiler.text.clang import parse


@lru_cache(maxsize=8)
def _by_type(platform: str, header: object, args: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    """Function type -> the names a header offers with it."""
    unit = parse("\n", f"<{platform}>", header, args, whole=True)  # type: ignore[arg-type]
    found: dict[str, set[str]] = {}
    for n in unit.top:
        if n.kind == "FUNCTION_DECL" and (n.note("xp.intrinsic") is not None or n.note("xp.math:")):
            found.setdefault(n.signature, set()).add(n.spelling)
    return {k: tuple(sorted(v)) for k, v in found.items()}


def alike(platform: Platform) -> Mapping[str, tuple[str, ...]]:
    """What a platform's header offers, by function type: names that may be taken for each other."""
    return _by_type(platform.name, platform.header, platform.clang_args)


def letters_alike(a: str, b: str) -> int:
    """How many letters two names begin and end with alike."""
    front = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    back = next((i for i, (x, y) in enumerate(zip(a[::-1], b[::-1], strict=False)) if x != y), min(len(a), len(b)))
    return front + back
