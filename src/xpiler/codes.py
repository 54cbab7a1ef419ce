"""Every numbered message a user may meet, room by room, and its page, for `xpiler explain`."""

from __future__ import annotations

from importlib.resources import files

from xpiler.ir.check import CODES as FORM
from xpiler.propose.codes import CODES as MODELS
from xpiler.text.codes import CODES as READING
from xpiler.verify.codes import CODES as CHECKING

CODES: dict[str, str] = {
    **READING,
    "XP1020": "the file cannot be opened, or is not text",
    **CHECKING,
    "XP3001": "the language is not one of the platforms, or the suffix does not say which one it is",
    "XP3002": "no sequential form of a kernel was found",
    "XP3003": "the target has no type that a kernel's arrays need",
    "XP3004": "an option's value cannot be understood",
    "XP3005": "no target language was given",
    "XP3006": "there is no message with that code",
    "XP3007": "a pass cannot be applied by hand as asked",
    "XP3010": "the output file cannot be written",
    "XP3020": "a benchmark suite's layout is unknown, or nothing of it is there",
    "XP3021": "a file given to `report` holds no result",
    **FORM,
    "XP4001": "no C++ compiler was found; running kernels needs g++",
    "XP4002": "the C++ compiler refuses the text",
    "XP4003": "a library that an extra of the package brings is not installed",
    "XP4004": "this machine failed, which says nothing about the text",
    **MODELS,
}

PAGES = files("xpiler") / "errors"


def page(code: str) -> str:
    """What a message means, an example that gives it, and what to do: a page in Markdown."""
    return (PAGES / f"{code}.md").read_text(encoding="utf-8")
