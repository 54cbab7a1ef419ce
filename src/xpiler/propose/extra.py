"""Libraries that only an extra of the package brings, loaded when they are needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from xpiler.fault import Fault


def extra(module: str, name: str) -> Any:
    """A library of the extra `name`; Fault XP4003, which says how to get it, where it is not there."""
    try:
        return import_module(module)
    except ImportError as e:
        raise Fault("XP4003", f"the library `{module}` is not installed",
                    why=f"it comes with the extra `{name}` of the package, which translating does not need",
                    try_=f"pip install 'xpiler[{name}]'") from e
