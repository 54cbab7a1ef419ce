"""Texts that are compiled once and run a few times on small inputs: how long the compiler takes is what counts."""

from __future__ import annotations

from xpiler.emulate.prepare import TEXT

# The header was compiled before with optimisation and stays as it is. Thousands of choices in one function take the
# optimiser many times as long as all their runs do without it.
_PLAIN = "#pragma GCC optimize (\"O0\")"


def quickly(opened: str, before: str = "", hurried: bool = True) -> str:
    """A text, with `before` before it, that the compiler is to translate as it comes if that is `hurried`; lines stay
    what they are."""
    return f'{_PLAIN if hurried else ""}\n{before}\n#line 1 "{TEXT}"\n{opened}'
