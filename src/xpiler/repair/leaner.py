"""A right text without the changes that only helped on the way to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from xpiler.repair.opened import Text


def leaner(found: Text, began: str, right: Callable[[str], bool]) -> Text:
    """`found` with lines as they were where it began, one after the other, as long as it is still right.

    The last changes are looked at first: they were made where the text was nearest. Choices keep lines apart, so a line
    has the same number before and after; a text where that is not so is left as it is."""
    was, now = began.split("\n"), found.text.split("\n")
    kept = {c.line for c in found.changes}
    lines = list(dict.fromkeys(c.line for c in reversed(found.changes) if c.line not in found.needed))
    if len(was) != len(now) or len(kept) < 2:
        return found
    for line in lines:
        tried = [*now[:line - 1], was[line - 1], *now[line:]]
        if tried != now and len(kept) > 1 and right("\n".join(tried)):
            now = tried
            kept.discard(line)
    return replace(found, text="\n".join(now), changes=tuple(c for c in found.changes if c.line in kept))
