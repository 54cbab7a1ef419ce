"""A CUDA text without its host functions: what NVRTC, which compiles device code alone, can be given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_MASKED = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.MULTILINE)
_LAUNCH = re.compile(r"([A-Za-z_][\w:]*\s*<[\w\s:,*]*>)\s*<<<")
_DEVICE = re.compile(r"\b(?:__global__|__device__|constexpr)\b")
_TRANSPARENT = re.compile(r"^\s*(?:extern|(?:inline\s+)?namespace\b[\w\s:]*)\s*$")


@dataclass(frozen=True)
class DevicePart:
    """Device code, every line where it was, and the instances of templates that the host launches."""

    text: str
    instances: tuple[str, ...]


def device_part(text: str) -> DevicePart:
    """The text with its host functions blanked. Purely lexical: macros that hide braces are not seen through."""
    masked = _mask(text)
    out, at = [], 0
    for start, end in _host_functions(masked):
        out += [text[at:start], re.sub(r"[^\n]", " ", text[start:end])]
        at = end
    instances = dict.fromkeys(re.sub(r"\s+", " ", m[1]) for m in _LAUNCH.finditer(masked))
    return DevicePart("".join([*out, text[at:]]), tuple(instances))


def _mask(text: str) -> str:
    """Comments, strings and directives blanked; same length, same newlines."""

    def blank(m: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", m[0])

    return _DIRECTIVE.sub(blank, _MASKED.sub(blank, text))


def _host_functions(masked: str) -> Iterator[tuple[int, int]]:
    """Where the definitions of functions that are not for the device start and end."""
    start = at = 0
    while at < len(masked):
        letter = masked[at]
        at += 1
        if letter in ";}":  # the end of a declaration, or of a namespace
            start = at
        elif letter == "{":
            head = masked[start : at - 1]
            if _TRANSPARENT.match(head):
                start = at
                continue
            at = _closed(masked, at)
            if _is_function(head):
                if not _DEVICE.search(head):
                    yield start + len(head) - len(head.lstrip()), at
                start = at


def _is_function(head: str) -> bool:
    """Whether what stands before a brace declares a function: parameters, and no value."""
    tail = re.sub(r"\b(?:const|noexcept|override|final)\b|->[\w\s:<>,*&]*$", "", head).rstrip()
    return tail.endswith(")") and not re.search(r"=\s*$|\b(?:struct|class|union|enum)\s+\w+\s*$", head)


def _closed(masked: str, at: int) -> int:
    """Behind the brace that closes the one before `at`."""
    depth = 1
    while at < len(masked) and depth:
        depth += {"{": 1, "}": -1}.get(masked[at], 0)
        at += 1
    return at
