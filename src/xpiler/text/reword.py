"""Reword: a text in the words of another platform of the same model, everything else of it left as its owner has it.

    CHECK(hipMemcpy(d, x, n, hipMemcpyHostToDevice));        CHECK(cudaMemcpy(d, x, n, cudaMemcpyHostToDevice));
    hipLaunchKernelGGL(scale, blocks, 64, 0, 0, d, n);  ->   scale<<<blocks, 64>>>(d, n);
    v += __shfl_xor(v, 16, 32);                              v += __shfl_xor_sync(0xffffffff, v, 16, 32);

It knows words, not meanings: who uses it has the new text read and judged.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePath

from xpiler.fault import NOWHERE
from xpiler.platforms.platform import Platform
from xpiler.text.lane_operators import lane_operators
from xpiler.text.words import Words
from xpiler.text.writing.error import NotExpressible
from xpiler.text.writing.fold import WIDTH, fold

_TOKEN = re.compile(
    r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|[A-Za-z_]\w*|\.?\d(?:[eE][-+]|[\w.'])*|\s+|.",
    re.DOTALL)
_WORD = re.compile(r"[A-Za-z_]\w*")
_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"]+)[>\"][^\n]*\n?", re.MULTILINE)
_HERE = "\0"  # where the headers go
_CLOSES = {"(": ")", "[": "]", "{": "}"}
_OWN_VECTOR = r"\b(ext_vector_type|vector_size)\b"
_LIMITS = r"\b(INFINITY|NAN)\b"
_MATH = frozenset({"math.h", "cmath"})
_NO_TYPE = frozenset({"return", "else", "do", "case", "throw"})


def reworded(text: str, source: Platform, target: Platform, file: str, keep: str = "") -> str:
    """The text in the target's words; `keep` is a name that its callers know.

    Raises NotExpressible where a word of the source's platform has no like on the target's."""
    if source.wording is None or target.wording is None or source.model != target.model:
        raise NotExpressible(NOWHERE, "the text", f"{source.title} and {target.title} do not share their words")
    if not target.vector_type and (own := re.search(_OWN_VECTOR, text)):
        raise NotExpressible(NOWHERE, f"`{own[0]}`", f"{target.title} has vector types of its own alone")
    words = Words(source, target)
    bare, headers = _without_headers(text, words)
    pieces = _TOKEN.findall(bare)
    body = _Text(words, _own(pieces, words, keep), "warpSize" in pieces).said(pieces)
    if re.search(_LIMITS, body) and not re.search(_LIMITS, text) and not _MATH & set(_INCLUDE.findall(text)):
        headers.append("math.h")
    body = body.replace(_HERE, "".join(f"#include <{header}>\n" for header in headers))
    if words.here.operators and not words.there.operators and (brought := lane_operators(text, source, file)):
        end = max(m.end() for m in _INCLUDE.finditer(body))
        gap = "" if body[end:].startswith("\n") else "\n"
        body = "\n".join((body[:end], *brought)) + gap + body[end:]
    body = "\n".join(_tidied(text.split("\n"), body.split("\n")))
    return f"// {target.title}, translated from {PurePath(file).name}.\n{body}"


def _without_headers(text: str, words: Words) -> tuple[str, list[str]]:
    """The text with a mark where the first of the source's own headers stood, and the target's for all of them."""
    kinds = ["runtime"]

    def one(m: re.Match[str]) -> str:
        if m[1] in words.here.headers:
            kinds.append(words.here.headers[m[1]])
            return "" if len(kinds) > 2 else _HERE
        own = (words.source.folder / "sys" / m[1]).exists()
        if own and not (words.target.folder / "sys" / m[1]).exists():
            raise NotExpressible(NOWHERE, f"<{m[1]}>", f"{words.target.title} has no such header")
        return m[0]

    bare = _INCLUDE.sub(one, text)
    first: dict[str, str] = {}
    for header, kind in words.there.headers.items():
        first.setdefault(kind, header)
    if missing := next((kind for kind in kinds if kind not in first), ""):
        raise NotExpressible(NOWHERE, f"the header for {missing}", f"{words.target.title} has none")
    return bare if _HERE in bare else _HERE + bare, [first[kind] for kind in dict.fromkeys(kinds)]


# ---------------------------------------------------------------- the text's own names


def _own(pieces: list[str], words: Words, keep: str) -> dict[str, str]:
    """Names the text gave its own things after the source's platform, and what they are after the target's."""
    solid = [p for p in pieces if not p.isspace()]
    known = set(solid)
    loud, new = words.here.api.upper(), words.there.api.upper()
    out: dict[str, str] = {}
    for before, word, after in zip(["", *solid], solid, [*solid[1:], ""], strict=False):
        if word in out or word == keep or not _WORD.fullmatch(word) or words.tail(word):
            continue
        defined = before == "define"
        declared = after == "(" and before not in _NO_TYPE and (_WORD.fullmatch(before) or before in ("*", "&", ">"))
        if defined or declared:
            wish = re.sub(rf"(?<![A-Za-z0-9]){loud}(?![a-z])", new, word)
            wish = re.sub(rf"^{words.here.api}(?=[A-Z_])", words.there.api, wish)
            out[word] = wish if wish not in known else word
    return out


# ---------------------------------------------------------------- the rest


@dataclass
class _Text:
    """Rewrites pieces of text; `own` are the text's own names, `any_width` says that it asks how wide a warp is."""

    words: Words
    own: dict[str, str]
    any_width: bool

    def said(self, pieces: list[str]) -> str:
        out: list[str] = []
        i = 0
        while i < len(pieces):
            made, i = self._piece(pieces, i)
            out.append(made)
        return "".join(out)

    def _piece(self, pieces: list[str], i: int) -> tuple[str, int]:
        """One piece in the target's words, with its arguments where they change, and where the next begins."""
        piece = pieces[i]
        if piece.startswith(("//", "/*", '"')):
            return _WORD.sub(lambda m: self._told(m[0]), piece), i + 1
        if not _WORD.fullmatch(piece):
            return piece, i + 1
        if self._takes_arguments(piece) and (args := _arguments(pieces, i + 1)) is not None:
            given, end = args
            return self._call(piece, given), end
        return self._word(piece), i + 1

    def _told(self, word: str) -> str:
        """A word of a comment or a message."""
        if word == self.words.here.api.upper():
            return self.words.there.api.upper()
        if word in self.own:
            return self.own[word]
        return (self.words.word(word) if self.words.tail(word) else None) or word

    def _word(self, word: str) -> str:
        if word in self.own:
            return self.own[word]
        made = self.words.word(word)
        lone = made == word and (self.words.is_api(word) or word in self.words.here.macros)
        if made is None or lone:
            raise NotExpressible(NOWHERE, f"`{word}`", f"{self.words.target.title} has no word for it")
        mine, theirs = self.words.meeting
        if word == mine != theirs:
            if self.words.source.warp > self.words.target.warp:
                raise NotExpressible(NOWHERE, f"`{word}`", f"a warp of {self.words.target.title} is narrower")
            return theirs
        return made

    # ------------------------------------------------------------ calls

    def _takes_arguments(self, word: str) -> bool:
        """Whether a call of this function is more than another name."""
        words = self.words
        if word in self.own:
            return False
        symbol = words.there.symbol != "{name}" and "Symbol" in words.tail(word)
        return symbol or word in words.exchanges or word in words.here.macros or word in (
            words.here.launch, words.meeting[0])

    def _call(self, name: str, given: list[list[str]]) -> str:
        words = self.words
        args = [self.said(a).strip() for a in given]
        if name == words.here.launch:
            return _launched(args)
        if name in words.here.macros:
            return words.here.macros[name].format(*args, rest=", ".join(args))
        if name == words.meeting[0]:
            return f"{self._word(name)}({', '.join(args) if name == words.meeting[1] else ''})"
        if name in words.exchanges:
            return words.exchange(words.exchanges[name], args, self.any_width)
        at = 0 if "ToSymbol" in name else 1
        args[at] = words.there.symbol.format(name=args[at].removeprefix("&"))
        return f"{self._word(name)}({', '.join(args)})"


def _launched(args: list[str]) -> str:
    """A launch in triple angle brackets, without the zeros that go without saying."""
    kernel, *how = args[:5]
    while len(how) > 2 and how[-1] in ("0", "nullptr", "NULL"):
        how.pop()
    if kernel.startswith("(") and kernel.endswith(")"):
        kernel = kernel[1:-1].strip()
    return f"{kernel}<<<{', '.join(how)}>>>({', '.join(args[5:])})"


def _arguments(pieces: list[str], i: int) -> tuple[list[list[str]], int] | None:
    """The arguments in parentheses that begin at `i`, and what follows them; None where there are none."""
    while i < len(pieces) and pieces[i].isspace():
        i += 1
    if i == len(pieces) or pieces[i] != "(":
        return None
    args: list[list[str]] = [[]]
    open_: list[str] = [")"]
    for k in range(i + 1, len(pieces)):
        piece = pieces[k]
        if piece == open_[-1]:
            open_.pop()
            if not open_:
                return ([] if args == [[]] else args), k + 1
        elif piece in _CLOSES:
            open_.append(_CLOSES[piece])
        if piece == "," and len(open_) == 1:
            args.append([])
        else:
            args[-1].append(" " if piece.isspace() else piece)
    return None


# ---------------------------------------------------------------- layout


def _tidied(before: list[str], after: list[str]) -> Iterator[str]:
    """The lines, those folded that became too long, and the backslashes of macros below each other as they were."""
    width = max(WIDTH, *map(len, before))
    gaps = any(not a.strip() and not b.strip() for a, b in pairwise(before))
    column, often = (Counter(len(line) for line in before if line.endswith("\\")).most_common(1) or [(0, 0)])[0]
    for line, following in pairwise([*after, "."]):
        if not gaps and not line.strip() and not following.strip():
            continue
        if line.endswith("\\") and often > 1:
            yield line[:-1].rstrip().ljust(column - 2) + " \\"
        else:
            yield fold(line, width)
