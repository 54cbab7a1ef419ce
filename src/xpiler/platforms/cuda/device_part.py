"""A CUDA text without its host functions: what NVRTC, which compiles device code alone, can be given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_MASKED = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.MULTILINE)
# Bounded, so that no text takes longer than its length says.
_LAUNCH = re.compile(r"(?<![\w:])([A-Za-z_][\w:]*\s*<[\w\s:,*]*>)\s*<<<")
_CONSTANT = re.compile(r"\bconst(?:expr)?\s+[\w\s:]{0,100}?\b(\w{1,200})\s*=\s*([^;{}]{1,200});")
_HEAD = 2000  # characters before a brace that tell what it opens
_NESTED = 8  # constants made of constants
_DEVICE = re.compile(r"\b(?:__global__|__device__|constexpr)\b")
_TRANSPARENT = re.compile(r"^\s*(?:extern|(?:inline\s+)?namespace\b[\w\s:]*)\s*$")


@dataclass(frozen=True)
class DevicePart:
    """Device code, every line where it was, and the instances of templates that the host launches.

    `idle` are the kernel templates of which no launch names an instance: nothing would compile them."""

    text: str
    instances: tuple[str, ...]
    idle: tuple[str, ...] = ()


def device_part(text: str) -> DevicePart:
    """The text with its host functions blanked. Purely lexical: macros that hide braces are not seen through."""
    masked = _mask(text)
    out, at, instances = [], 0, dict[str, None]()
    for start, end in _host_functions(masked):
        out += [text[at:start], re.sub(r"[^\n]", " ", text[start:end])]
        instances |= dict.fromkeys(_instances(masked[start:end]))
        at = end
    launched = {re.split(r"[<:]", i.partition("<")[0])[-1].strip() for i in instances}
    idle = [k for k in _templates(masked) if k not in launched]
    return DevicePart("".join([*out, text[at:]]), tuple(instances), tuple(idle))


def _templates(masked: str) -> Iterator[str]:
    """The names of kernel templates."""
    for m in re.finditer(r"\b__global__\b", masked):
        before = re.split(r"[;{}]", masked[max(0, m.start() - _HEAD) : m.start()])[-1]
        after, brace, _ = masked[m.end() : m.end() + _HEAD].partition("{")
        if brace and ";" not in after and re.search(r"\btemplate\b", before):
            yield from [n for n in re.findall(r"\b(\w+)\s*\(", after) if not n.startswith("__")][:1]


def _instances(function: str) -> Iterator[str]:
    """The instances a host function launches, its own constants replaced by their values."""
    constants = {m[1]: f"({' '.join(m[2].split())})" for m in _CONSTANT.finditer(function)}
    for m in _LAUNCH.finditer(function):
        name, angle, arguments = m[1].partition("<")
        for _ in range(_NESTED):
            arguments = re.sub(r"\b[A-Za-z_]\w*\b", lambda w: constants.get(w[0], w[0]), arguments)
        yield " ".join(f"{name}{angle}{arguments}".split())


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
            head = masked[max(start, at - 1 - _HEAD) : at - 1]
            if not re.match(r"[\w):>*&]", head.rstrip()[-1:]):  # a value, not a body
                at = _closed(masked, at)
                continue
            if _TRANSPARENT.match(head):
                start = at
                continue
            at_word = at - 1 - len(head.lstrip())
            at = _closed(masked, at)
            if _is_function(head):
                if not _DEVICE.search(head):
                    yield at_word, at
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
