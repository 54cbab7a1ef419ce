"""Where a program lives: one folder a platform. The only module that lists them."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from xpiler.fault import Fault
from xpiler.platforms.platform import Platform

NAMES = ("c", "cuda", "hip", "bang", "vnni")


def get(name: str) -> Platform:
    """The platform called `name`, or `name@architecture`; a Fault that lists the known ones otherwise."""
    name, _, target = name.partition("@")
    if name not in NAMES:
        raise Fault(
            "XP3001", f"unknown platform `{name}`", why=f"the platforms are {', '.join(NAMES)}",
            try_="xpiler platforms",
        )
    platform = import_module(f"xpiler.platforms.{name}.platform").PLATFORM
    assert isinstance(platform, Platform)
    if not target:
        return platform
    if target not in platform.targets:
        raise Fault(
            "XP3001", f"unknown architecture `{target}` of {platform.title}",
            why=f"its architectures are {', '.join(platform.targets)}" if platform.targets else "it has only one",
            try_=f"{name}@{platform.target}" if platform.targets else name,
        )
    return platform.on(target)


def of_file(path: Path) -> Platform | None:
    """The platform a file's suffix belongs to, if exactly one claims it."""
    claims = [p for p in map(get, NAMES) if path.suffix in p.suffixes]
    return claims[0] if len(claims) == 1 else None
