"""Floating-point constants of the right program: what stands in it stands in a translation too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from xpiler.text.sites import Sites

_PLAIN = (0.0, 1.0)  # that are tried in any case
_MOST = 8


def constants(right: Sites) -> tuple[str, ...]:
    """The constants of what runs on the machine, as they are spelled in any of the languages."""
    return tuple(dict.fromkeys(f"{value!s}f" for value in _values(right)))


def lost(at: Sites, of_right: Iterable[str]) -> list[str]:
    """Those of the right program's constants that a text has not."""
    here = {*_values(at), *_PLAIN}
    return [c for c in of_right if np.float32(c[:-1]) not in here][:_MOST]


def _values(at: Sites) -> Iterator[np.float32]:
    for s in at.device:
        value = s.node.constant if s.node.kind == "FLOATING_LITERAL" else None
        if value is not None and np.isfinite(np.float32(value)):
            yield np.float32(value)
