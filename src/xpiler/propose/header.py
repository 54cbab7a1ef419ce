"""What a header says of a function beside its body's meaning: its comments, and the rules its body states.

A function that a macro makes is found where the macro is used: the comment above that paragraph is its comment, with
the one above the macro; its body is what the macro says with its arguments put in."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_DEFINE = re.compile(r"^#\s*define\s+(\w+)(?:\(([^)]*)\))?[ \t]*((?:.*\\\n)*.*)$", re.MULTILINE)
_WORD = re.compile(r"\bXP_\w+\b")
_USE = re.compile(r"\b(XP_\w+)(\s*\()?")
_NUMBER = re.compile(r"^#\s*define\s+(\w+)\s+(\d+)\s*$", re.MULTILINE)
_CONDITION = re.compile(r"^#\s*if\s+(\w+)\s*(<=|>=|==|!=|<|>)\s*(\d+)\s*$")
_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq,
            "!=": operator.ne}
_RULE = "XP_REQUIRE"  # (condition, message): what a call must satisfy
_PLACE = re.compile(r"^XP_(?:IN|OUT)_([A-Z]+)$")  # (operand, count): the space an operand lies in
_DEEP = 6


@dataclass(frozen=True)
class Macro:
    """One #define: its parameters, its text, and the comment above it."""

    params: tuple[str, ...]
    text: str
    comment: str


@dataclass(frozen=True)
class Said:
    """What the header says of one function: its comments; operand -> space; the rules a call must satisfy."""

    comment: str
    spaces: tuple[tuple[str, str], ...]
    rules: tuple[str, ...]


class Headers:
    """The headers of one folder, for an architecture that defines these numbers."""

    def __init__(self, folder: Path, numbers: Mapping[str, str]) -> None:
        self.macros: dict[str, Macro] = {}
        texts = {path: path.read_text() for path in sorted(folder.glob("*.h"))}
        known = {m[1]: int(m[2]) for text in texts.values() for m in _NUMBER.finditer(text)}
        known |= {name: int(value) for name, value in numbers.items() if value.isdigit()}
        for text in texts.values():
            lines = _live(text.splitlines(), known)
            text = "\n".join(lines)
            for m in _DEFINE.finditer(text):
                name, params, body = m[1], m[2], m[3].replace("\\\n", "\n")
                held = self.macros.get(name)
                if held is None or len(body) > len(held.text):  # an empty one is for those who only read
                    given = tuple(p.strip().replace("...", "__VA_ARGS__") for p in (params or "").split(","))
                    above = _block_above(lines, text.count("\n", 0, m.start()))
                    self.macros[name] = Macro(given if params else (), body, above)

    @lru_cache(maxsize=4096)  # noqa: B019  (as many as there are functions; the headers of a folder live as long)
    def said(self, name: str, file: Path, line: int) -> Said:
        """What is said of the function `name` whose definition begins at this line (1-based)."""
        lines = _lines(file)
        start = line - 1
        own = "\n".join(lines[start:])
        used = _WORD.match(own.lstrip())
        made = used is not None and used[0] in self.macros and self.macros[used[0]].params != ()
        shown = _balanced(own, "(", ")") if made else own
        comments = [_paragraph_above(lines, start)]
        if made:
            comments += [self.macros[w].comment for w in dict.fromkeys(_WORD.findall(shown)) if w in self.macros]
        comments.append(_head(lines))
        body = "".join(_bodies(self._expanded(shown) if made else shown, name.rpartition("::")[2], every=made))
        spaces: dict[str, str] = {}
        rules: dict[str, None] = {}
        for word, arguments in self._calls(body):
            place = _PLACE.match(word)
            if place:
                spaces.setdefault(arguments[0], place[1].lower())
            elif word == _RULE:
                rules[_message(arguments[-1])] = None
        return Said("\n".join(dict.fromkeys(c for c in comments if c)), tuple(spaces.items()), tuple(rules))

    def _calls(self, text: str, deep: int = 0) -> Iterator[tuple[str, list[str]]]:
        """The rules and places in a text, those inside its macros too."""
        for m in _USE.finditer(text):
            arguments = _split(_balanced(text[m.end() - 1 :], "(", ")")[1:-1]) if m[2] else []
            if m[1] == _RULE or _PLACE.match(m[1]):
                yield m[1], arguments
            elif m[1] in self.macros and deep < _DEEP:
                yield from self._calls(self._bound(self.macros[m[1]], arguments), deep + 1)

    def _bound(self, macro: Macro, arguments: list[str]) -> str:
        """A macro's text with these arguments."""
        given = arguments
        if macro.params and macro.params[-1] == "__VA_ARGS__":
            fixed = len(macro.params) - 1
            given = [*arguments[:fixed], ", ".join(arguments[fixed:])]
        held = dict(zip(macro.params, given, strict=False))
        text = re.sub(r"(?<!#)#\w+|\b\w+", lambda m: _put(m[0], held), macro.text)
        return re.sub(r"\s*##\s*", "", text)

    @lru_cache(maxsize=1024)  # noqa: B019  (one line makes many functions)
    def _expanded(self, text: str, deep: int = 0) -> str:
        """A text with the macros in it that make functions put in."""
        out, at = [], 0
        for m in re.finditer(r"\b(XP_\w+)\s*\(", text):
            if m.start() < at or m[1] not in self.macros or m[1] == _RULE or _PLACE.match(m[1]):
                continue
            call = _balanced(text[m.end() - 1 :], "(", ")")
            made = self._bound(self.macros[m[1]], _split(call[1:-1]))
            if "XP_INTRINSIC" in made or deep < _DEEP and any(w in self.macros for w in _WORD.findall(made)):
                out += [text[at : m.start()], self._expanded(made, deep + 1)]
                at = m.end() - 1 + len(call)
        return "".join((*out, text[at:]))


@lru_cache(maxsize=8)
def headers(folder: Path, numbers: tuple[tuple[str, str], ...] = ()) -> Headers:
    """The headers of a folder, read once."""
    return Headers(folder, dict(numbers))


def _live(lines: list[str], known: Mapping[str, int]) -> list[str]:
    """The lines with those blank that another architecture has; a condition that is not about one counts as met."""
    out: list[str] = []
    taken: list[bool | None] = []  # of each open condition: whether this branch of it counts, None for every branch
    for line in lines:
        word = line.split()[0].replace("# ", "#") if line.startswith("#") else ""
        if word.startswith("#if"):
            m = _CONDITION.match(line)
            taken.append(_COMPARE[m[2]](known[m[1]], int(m[3])) if m and m[1] in known else None)
        elif word in ("#else", "#elif") and taken:
            taken[-1] = None if taken[-1] is None else not taken[-1]
        elif word == "#endif" and taken:
            taken.pop()
        out.append("" if False in taken else line)
    return out


@lru_cache(maxsize=256)
def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines()


def _put(word: str, held: Mapping[str, str]) -> str:
    if word.startswith("#"):
        return f'"{held[word[1:]]}"' if word[1:] in held else word
    return held.get(word, word)


def _message(text: str) -> str:
    """The literals of a message put together, without the marks around names."""
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', text)).replace("`", "")


# ---------------------------------------------------------------- text


def _uncommented(lines: list[str]) -> str:
    return " ".join(line.strip().removeprefix("//").strip() for line in lines).strip()


def _block_above(lines: list[str], at: int) -> str:
    """The comment that ends on the line before."""
    first = at
    while first and lines[first - 1].lstrip().startswith("//"):
        first -= 1
    return _uncommented(lines[first:at])


def _paragraph_above(lines: list[str], at: int) -> str:
    """The nearest comment above in the same paragraph."""
    while at and lines[at - 1].strip() and not lines[at - 1].lstrip().startswith("//"):
        at -= 1
    return _block_above(lines, at)


def _head(lines: list[str]) -> str:
    """The comment a file begins with."""
    last = 0
    while last < len(lines) and lines[last].lstrip().startswith("//"):
        last += 1
    return _uncommented(lines[:last])


def _balanced(text: str, opening: str, closing: str) -> str:
    """The text up to the mark that closes its first opening one."""
    depth = 0
    for n, c in enumerate(text):
        depth += (c == opening) - (c == closing)
        if c == closing and not depth:
            return text[: n + 1]
    return text


def _split(arguments: str) -> list[str]:
    """Arguments at the commas outside brackets and strings."""
    out, depth, quoted = [""], 0, False
    for n, c in enumerate(arguments):
        quoted ^= c == '"' and arguments[n - 1 : n] != "\\"
        depth += 0 if quoted else (c in "([{") - (c in ")]}")
        if c == "," and not depth and not quoted:
            out.append("")
        else:
            out[-1] += c
    return [a.strip() for a in out]


def _bodies(text: str, name: str, every: bool) -> Iterator[str]:
    """The bodies of the functions of this name; only the first one unless `every`."""
    for m in re.finditer(rf"\b{re.escape(name)}\s*\(", text):
        rest = text[m.end() - 1 :]
        after = rest[len(_balanced(rest, "(", ")")) :]
        if after.lstrip().startswith("{"):
            yield _balanced(after, "{", "}")
            if not every:
                return
