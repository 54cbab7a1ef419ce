"""Changes to a text that exists: tokens and lines lost, doubled, swapped, taken from elsewhere, or made extreme."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

_TOKEN = re.compile(r"\s+|\w+|<<<|>>>|::|->|\+\+|--|&&|\|\||[<>=!+\-*/%&|^]=|.", re.DOTALL)
_HARD = (
    "0", "-1", "2147483648", "18446744073709551615ull", "1e999", "n", "i", "&", "*", "(", ")", "{", "}", "[", "]", ";",
    "<<<", ">>>", "template <int N>", "struct", "const", "volatile", "static", "unsigned", "float4", "half", "__half2",
    "goto out", "sizeof", "void*", "double", "auto", "...", "##", "#", "\\\n", "/*", "//", "'", '"', "\0", "\t", "é",
    "return", "break", "continue", "switch (n) { case 0: }", "nullptr", "this", "operator()", "[=]{}", "#if 1\n",
    "\n#else\n", "\n#endif\n", "\n#define n n n\n", "\n#define float double\n", "\n#include \"x\"\n", "namespace q {",
    "extern \"C\"", "__shared__", "__syncthreads();", "threadIdx.y", "gridDim.z", "__nram__", "taskId", "a", "b[0]",
    "(float)", "(char*)", "%", "/ 0", "<< 40", "1 /", "? 1 :", ",", "~", "!", "reinterpret_cast<int*>(b)", "while (1)",
    "typedef float F;", "using namespace std;", "alignas(64)", "__attribute__((aligned(16)))", "int x[0];", "0x", "1e",
    "const char* s = \"a\";", "union { int q; float r; } u;", "enum E { P };", "float& r = b[0];", "decltype(n)",
)
_NESTS = (
    ("(", ")"), ("{", "}"), ("[", "]"), ("if (n) {", "}"), ("-", ""), ("for (int z = 0; z < 2; ++z) {", "}"),
    ("n ? 1 : ", ""),
)
_CHARACTERS = (0, 7, 13, 92, 127, 160, 0x2028, 0xFEFF, 0x1F600)


def tokens(text: str) -> list[str]:
    """The text in pieces that make it up again."""
    return _TOKEN.findall(text)


def mutate(rng: Random, text: str, others: Sequence[str]) -> str:
    """The text after one to six changes."""
    for _ in range(rng.choice([1, 1, 1, 2, 2, 3, 6])):
        text = rng.choice(_CHANGES)(rng, text, others)
    return text


def _delete(rng: Random, text: str, others: Sequence[str]) -> str:
    words = tokens(text)
    at = rng.randrange(len(words) + 1)
    return "".join(words[:at] + words[at + rng.choice([1, 1, 1, 2, 5, 20]):])


def _double(rng: Random, text: str, others: Sequence[str]) -> str:
    words = tokens(text)
    at, count = rng.randrange(len(words) + 1), rng.choice([1, 1, 3, 10])
    return "".join(words[: at + count] + words[at : at + count] * rng.choice([1, 1, 2, 30]) + words[at + count :])


def _swap(rng: Random, text: str, others: Sequence[str]) -> str:
    words = tokens(text)
    if len(words) < 2:
        return text
    a, b = rng.randrange(len(words)), rng.randrange(len(words))
    words[a], words[b] = words[b], words[a]
    return "".join(words)


def _insert(rng: Random, text: str, others: Sequence[str]) -> str:
    words = tokens(text)
    words.insert(rng.randrange(len(words) + 1), f" {rng.choice(_HARD)} ")
    return "".join(words)


def _replace(rng: Random, text: str, others: Sequence[str]) -> str:
    """A name becomes another name of the file, a number another number, a sign another sign."""
    words = tokens(text)
    solid = [i for i, w in enumerate(words) if not w.isspace()]
    if not solid:
        return text
    at = rng.choice(solid)
    like = [w for w in words if w.isidentifier() == words[at].isidentifier() and not w.isspace()]
    words[at] = rng.choice([*like, rng.choice(_HARD)])
    return "".join(words)


def _number(rng: Random, text: str, others: Sequence[str]) -> str:
    found = list(re.finditer(r"\b\d+\b", text))
    if not found:
        return text
    m = rng.choice(found)
    new = rng.choice(["0", "1", "-1", "3", "65536", "1000000007", "2147483647", "4294967296", "99999999999999999999"])
    return text[: m.start()] + new + text[m.end() :]


def _line(rng: Random, text: str, others: Sequence[str]) -> str:
    """A line is lost, moved, or comes from another file."""
    lines = text.splitlines(keepends=True)
    if not lines:
        return text
    at = rng.randrange(len(lines))
    match rng.randrange(3):
        case 0:
            del lines[at]
        case 1:
            lines.insert(rng.randrange(len(lines)), lines.pop(at))
        case _:
            other = rng.choice(others).splitlines(keepends=True) if others else lines
            start = rng.randrange(len(other) or 1)
            lines[at:at] = other[start : start + rng.choice([1, 2, 5, 20])]
    return "".join(lines)


def _nest(rng: Random, text: str, others: Sequence[str]) -> str:
    """Something wrapped in itself, a few or very many times."""
    words = tokens(text)
    at, span = rng.randrange(len(words) + 1), rng.choice([0, 1, 1, 6])
    open_, close = rng.choice(_NESTS)
    times = rng.choice([1, 2, 5, 40, 300, 3000])
    return "".join([*words[:at], open_ * times, *words[at : at + span], close * times, *words[at + span :]])


def _bytes(rng: Random, text: str, others: Sequence[str]) -> str:
    at = rng.randrange(len(text) + 1)
    return text[:at] + chr(rng.choice(_CHARACTERS)) + text[at + rng.randrange(2) :]


def _cut(rng: Random, text: str, others: Sequence[str]) -> str:
    return text[: rng.randrange(len(text) + 1)]


_CHANGES: tuple[Callable[[Random, str, Sequence[str]], str], ...] = (
    _delete, _delete, _double, _swap, _insert, _insert, _replace, _replace, _replace, _number, _number, _line, _line,
    _nest, _bytes, _cut,
)
