"""What a proposed text may not say at all: seen before anything parses it.

The judge finds out what a text computes. What a text asks of a compiler (files, switches, symbols) is another matter:
it could tell whether a file exists, or mean one thing here and another where it is compiled for good. No kernel
needs it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from xpiler.platforms.platform import Platform

# Headers of C and C++ that a kernel file may name; reading takes none of them from the disk.
_STANDARD = frozenset(
    "algorithm array assert.h cassert cfloat climits cmath cstddef cstdint cstdio cstdlib cstring float.h limits "
    "limits.h math.h stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h type_traits utility vector".split())
_DIRECTIVES = frozenset("include define undef if ifdef ifndef elif else endif pragma".split())
_PRAGMAS = frozenset("unroll nounroll omp once xpiler".split())
_ATTRIBUTES = frozenset(
    "aligned always_inline noinline unused maybe_unused vector_size ext_vector_type may_alias".split())
# Tokens of C++ that could hide others: names and numbers are among them so that `1'000` and `u8'"'` are told apart.
_TOKEN = re.compile(
    r"(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<word>[^\W\d][\w$]*|\.?\d(?:[eEpP][+-]|'?[\w.])*)"
    r"|(?P<string>\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')", re.DOTALL)
_DIRECTIVE = re.compile(r"^[ \t]*(?:#|%:|\?\?=)[ \t]*(\w*)[ \t]*(.*)$", re.MULTILINE)
_INCLUDE = re.compile(r"<([\w./+-]+)>|\"([\w./+-]+)\"")
_WORDS: tuple[tuple[str, str], ...] = (
    (r"\b_*asm(?:__)?\b", "inline assembly"),
    (r"\b_Pragma\b|\b__pragma\b", "a pragma within an expression"),
    (r"\b__has_\w*", "a question to the compiler"),
    (r"##|%:%:", "words pasted together"),
    (r"\\", "a backslash"),
    (r"\b__(?:FILE|DATE|TIME|TIMESTAMP|BASE_FILE|INCLUDE_LEVEL|COUNTER)__", "a macro of the compiler's own"),
)


def objection(text: str, platform: Platform) -> str:
    """Why a text is not looked at, "" where it may be."""
    joined = re.sub(r"\\[ \t]*\r?\n", "", text)  # as the compiler sees continued lines
    for pattern, what in ((r"\?\?[=/'()!<>-]", "a trigraph"), (r"R\"[^\s()\\]{0,16}\(", "a raw string")):
        if m := re.search(pattern, joined):
            return f"{what}: `{m[0]}`"
    code = _bare(joined)
    for pattern, what in _WORDS:
        if m := re.search(pattern, code):
            return f"{what}: `{m[0]}`"
    known = headers(platform)
    for m in _DIRECTIVE.finditer(_bare(joined, strings=True)):
        if why := _directive(m[1], m[2].strip(), known):
            return why
    return next((f"the attribute `{n}`" for n in _attributes(code) if n.strip("_") not in _ATTRIBUTES), "")


def headers(platform: Platform) -> frozenset[str]:
    """The names of files that a text of a platform may include."""
    lines = " ".join((*platform.includes, *platform.include_when.values()))
    return _STANDARD | {a or b for a, b in _INCLUDE.findall(lines)}


def _bare(text: str, strings: bool = False) -> str:
    """Without comments, and strings empty unless they are wanted."""

    def shown(m: re.Match[str]) -> str:
        if m["comment"]:
            return " "
        return m[0] if m["word"] or strings else m[0][0] * 2

    return _TOKEN.sub(shown, text)


def _directive(word: str, rest: str, known: Collection[str]) -> str:
    if word and word not in _DIRECTIVES:
        return f"the directive `#{word}`"
    if word == "include":
        m = _INCLUDE.fullmatch(rest)
        name = (m[1] or m[2]) if m else rest
        return "" if name in known else f"a header that the platform does not have: `{name[:80]}`"
    if word == "pragma" and (rest.split() or [""])[0].partition("(")[0] not in _PRAGMAS:
        return f"`#pragma {rest[:80]}`"
    return ""


def _attributes(code: str) -> Iterator[str]:
    """The names of attributes, without what stands in their parentheses."""
    for m in re.finditer(r"\b__attribute(?:__)?\b\s*|\[\s*\[", code):
        inner = code[m.end() - 1 if m[0].endswith("[") else m.end() :]
        open_, close = ("[", "]") if m[0].endswith("[") else ("(", ")")
        depth = 1 if open_ == "[" else 0
        for token in re.finditer(r"\w+|\S", inner):
            depth += (token[0] in "([{") - (token[0] in ")]}")
            if depth == 2 and re.match(r"\w", token[0]):
                yield token[0]
            if token[0] == close and depth <= (1 if open_ == "[" else 0):
                break
