"""What a platform's header offers to a writer: its words, its enumerators, and the types in an overload's key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from xpiler.ir.types import DType
from xpiler.platforms.platform import Platform


@dataclass(frozen=True)
class Vocabulary:
    """The identifiers of a platform's headers, the tails of its runtime's names, and the enumerators of each
    enumeration by value."""

    words: frozenset[str]
    tails: frozenset[str]
    pasted: tuple[str, ...]  # patterns of the names that macros build with `##`
    enumerators: Mapping[str, Mapping[int, str]]

    def knows(self, name: str) -> bool:
        """Whether the headers can have declared `name`; they can where there are none."""
        return not self.words or name in self.words or any(re.fullmatch(p, name) for p in self.pasted)


@cache
def _vocabulary(texts: tuple[str, ...]) -> Vocabulary:
    text = "\n".join(texts)
    enums: dict[str, Mapping[int, str]] = {}
    for name, body in re.findall(r"\benum\s+(?:class\s+)?(\w+)[^{;]*\{([^}]*)\}", _bare(text)):
        enums.setdefault(name, _values(body))
    tails = frozenset(re.findall(r"\bXP_API\((\w+)\)", text))
    return Vocabulary(frozenset(re.findall(r"[A-Za-z_]\w*", text)), tails, _pasted(text), enums)


def _pasted(text: str) -> tuple[str, ...]:
    """`_mm512_##op##_ps` as `_mm512_\\w+_ps`: the pieces at an underscore are literal, the others parameters."""
    found = set()
    for joined in re.findall(r"\w+(?:\s*##\s*\w+)+", text):
        pieces = re.split(r"\s*##\s*", joined)
        literal = [p.startswith("_") or p.endswith("_") for p in pieces]
        if any(literal):
            found.add("".join(p if known else r"\w+" for p, known in zip(pieces, literal, strict=True)))
    return tuple(sorted(found))


def vocabulary(platform: Platform) -> Vocabulary:
    """What the platform's header and the headers it includes say."""
    return _vocabulary(tuple(p.read_text() for p in _reached(platform.header)))


def _reached(header: Path) -> list[Path]:
    """The header and what it includes in quotes, each once."""
    found: dict[Path, None] = {}
    waiting = [header.resolve()] if header.exists() else []
    while waiting:
        path = waiting.pop()
        found[path] = None
        named = [(path.parent / n).resolve() for n in re.findall(r'#include "([^"]+)"', path.read_text())]
        waiting += [p for p in named if p.exists() and p not in found]
    return list(found)


def _bare(text: str) -> str:
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)


def _values(body: str) -> Mapping[int, str]:
    values: dict[int, str] = {}
    following = 0
    for entry in filter(None, (part.strip() for part in body.split(","))):
        name, _, given = (part.strip() for part in entry.partition("="))
        if re.fullmatch(r"-?(0[xX][0-9a-fA-F]+|\d+)", given):
            following = int(given, 0)
        values.setdefault(following, name)
        following += 1
    return values


VECTOR = "__vector"  # stands for a vector attribute, whose type has no name


@dataclass(frozen=True)
class Signature:
    """The types in an overload's key: `result (params)`; no params where the key does not say."""

    result: str
    params: tuple[str, ...]

    def param(self, i: int) -> str:
        return self.params[i] if i < len(self.params) else ""


@cache
def signature(key: str) -> Signature:
    """`void (const float *, int) <16>` taken apart; commas inside `<>` and `()` do not count."""
    key = re.sub(r"__attribute__\(\([^()]*(\([^()]*\)[^()]*)*\)\)", VECTOR, key)
    cuts, depth, opening = [], 0, -1
    for i, c in enumerate(key):
        if c == "(" and depth == 0 and opening < 0:
            opening = i
            cuts.append(i)
        elif c in "(<":
            depth += 1
        elif c in ">)" and depth:
            depth -= 1
        elif (c == "," and depth == 0 and opening >= 0) or (c == ")" and opening >= 0):
            cuts.append(i)
            if c == ")":
                break
    if opening < 0 or len(cuts) < 2:
        return Signature("", ())
    params = [key[a + 1 : b].strip() for a, b in pairwise(cuts)]
    return Signature(key[:opening].strip(), tuple(p for p in params if p not in ("", "void")))


# The compilers' canonical spellings of the element types.
_SCALARS = {
    "bool": DType.BOOL, "_Bool": DType.BOOL, "char": DType.I8, "signed char": DType.I8,
    "unsigned char": DType.U8, "short": DType.I16, "unsigned short": DType.U16, "int": DType.I32,
    "unsigned int": DType.U32, "long": DType.I64, "unsigned long": DType.U64, "long long": DType.I64,
    "unsigned long long": DType.U64, "float": DType.F32, "double": DType.F64, "_Float16": DType.F16,
    "__half": DType.F16, "half": DType.F16, "__bf16": DType.BF16, "bfloat16_t": DType.BF16,
    "int8_t": DType.I8, "uint8_t": DType.U8, "int16_t": DType.I16, "uint16_t": DType.U16,
    "int32_t": DType.I32, "uint32_t": DType.U32, "int64_t": DType.I64, "uint64_t": DType.U64,
    "size_t": DType.U64, "xp::half": DType.F16,
}


def pointee(ctype: str) -> str:
    """`const float *` -> `float`; "" if it is no pointer."""
    if not ctype.rstrip(" ").endswith("*"):
        return ""
    return unqualified(ctype.rstrip(" ")[:-1])


def unqualified(ctype: str) -> str:
    """A type without const, volatile, restrict and reference."""
    return " ".join(re.sub(r"\b(const|volatile|__restrict(__)?|restrict)\b|&", " ", ctype).split())


def scalar(ctype: str) -> DType | None:
    """The element type a canonical spelling means, if it is one."""
    return _SCALARS.get(unqualified(ctype))
