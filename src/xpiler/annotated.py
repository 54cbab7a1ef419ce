"""A program's clean sequential form as text in C, which annotations stand in."""

from __future__ import annotations

from xpiler import before_after, by_hand, platforms
from xpiler.ir.nodes import Program
from xpiler.platforms.platform import Platform
from xpiler.text.read import read


def plain() -> Platform:
    """The platform of sequential programs without vectors: the language of the pivot."""
    return next(p for p in map(platforms.get, platforms.NAMES) if p.model == "serial" and not p.vector_bits)


def pivot_text(program: Program, source: Platform) -> tuple[str, Program]:
    """The clean sequential program as text, and that text as it is read; Fault XP3007 where C has no words for it."""
    language = plain()
    at = by_hand.stand(program, source, "pivot", language)
    text = before_after.texts(at, {}, [language], asked=True).after
    return text, read(text, language, f"the sequential form of {program.file}")
