"""xpiler translates tensor kernels between accelerator languages and says what it proved or tested.

Public names: `translate`, `load`, `check`, `platforms`, `Fault`. They are loaded when first asked for, so that a tool
which only wants the IR does not start a C++ front end."""

from __future__ import annotations

from importlib import import_module

_HOMES = {
    "translate": "xpiler.engine",
    "load": "xpiler.text.read",
    "check": "xpiler.verify.confirm",
    "Fault": "xpiler.fault",
}
_NAMES = {"load": "read", "check": "confirm"}

__all__ = ["Fault", "check", "load", "translate"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module `xpiler` has no `{name}`")
    return getattr(import_module(_HOMES[name]), _NAMES.get(name, name))
