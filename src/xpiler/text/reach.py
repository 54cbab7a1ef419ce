"""Where a text goes beyond what can be followed: a Fault, not a traceback."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

from xpiler.fault import Fault, Span

_WHY = "brackets, branches or operators are nested hundreds deep, or one expression has hundreds of terms"


def out_of_reach(file: str) -> Fault:
    """The Fault for a text that is too deep."""
    return Fault("XP1021", "the text is nested too deeply to be read", Span(file), _WHY, "to split what is nested")


@contextmanager
def within_reach(file: str) -> Iterator[None]:
    """Fault XP1021 when the interpreter's stack ends within the block, in Python or on the way to libclang."""
    try:
        yield
    except RecursionError:
        raise out_of_reach(file) from None
    except MemoryError:
        what, why = "the text describes more than fits into memory", "an array or a table of it is very large"
        raise Fault("XP1021", what, Span(file), why, "smaller sizes") from None
    except ctypes.ArgumentError as e:
        if "RecursionError" not in str(e):
            raise
        raise out_of_reach(file) from None
