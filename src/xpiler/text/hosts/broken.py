"""Statements of the host that the compiler could not resolve: which of them a launcher may do without.

Such a statement is not in the syntax tree, or only in part, so its words are looked at. It is left out only where
nothing it names bears on a launch, or where it prints; whatever else it may do is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from xpiler.fault import Fault
from xpiler.text.clang import Node, Unit
from xpiler.text.hosts.bearing import allocates_or_copies, bears

_SKIPPED = r"//[^\n]*|/\*.*?\*/|^[ \t]*#(?:\\.|[^\n\\])*"
_WORDS = re.compile(
    rf'(?P<no>{_SKIPPED}|\s+)|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|[A-Za-z_]\w*|\.?\d(?:[\w.\']|[eEpP][+-])*'
    r"|<<<|>>>|<<=|>>=|\+\+|--|->|::|<<|>>|&&|\|\||[-+*/%&|^!=<>]=|.", re.S | re.M,
)
_DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)((?:\\.|[^\n\\])*)", re.S | re.M)
_NAME = re.compile(r"[A-Za-z_]\w*\Z")
_PRINTS = re.compile(r"\w*(?:print|puts|putc)\w*\Z", re.I)
_CHANGES = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=", "++", "--"})
_JUMPS = frozenset({"break", "continue", "goto", "return", "throw"})
_CASTS = frozenset({"sizeof", "int", "long", "unsigned", "float", "double", "size_t", "char"})
_KEYWORDS = frozenset({
    "if", "else", "for", "while", "do", "switch", "case", "return", "const", "auto", "void", "static", "std", "struct",
    "new", "true", "false", "nullptr", "NULL", "static_cast", "reinterpret_cast", *_CASTS, *_JUMPS,
})
_MOST_MACROS = 8  # one inside the other


@dataclass(frozen=True)
class _Part:
    """A simple statement, or the head of a compound one; `inside` is what is in the braces behind it."""

    start: int
    end: int
    words: tuple[str, ...]
    inside: tuple[_Part, ...] = ()

    def all(self) -> Iterator[_Part]:
        yield self
        for p in self.inside:
            yield from p.all()

    @property
    def names(self) -> set[str]:
        return {w for w in self.words if _NAME.match(w)} - _KEYWORDS


def unresolved(fn: Node) -> Fault | None:
    """What the compiler said against the first statement of a function that may bear on a launch."""
    broken = _broken(fn)
    if not broken:
        return None
    parts, cores = _parts(fn), _cores(fn.unit)
    launches = any(_is_core(p, cores) for top in parts for p in top.all())
    bearing = _bearing(parts, cores, fn.spelling == "main") if launches else None
    for where, fault in broken:
        whole = _statement(parts, where)
        if not all(_harmless(p, bearing, cores, fn.spelling == "main" and launches) for w in whole for p in w.all()):
            return fault
    return None


def lost(fn: Node) -> frozenset[str]:
    """The words of a function's unresolved statements: calls among them are not in the syntax tree."""
    broken = _broken(fn)
    parts = _parts(fn) if broken else ()
    return frozenset(w for at, _ in broken for whole in _statement(parts, at) for p in whole.all() for w in p.words)


def _broken(fn: Node) -> list[tuple[int, Fault]]:
    body = fn.body
    if body is None or not fn.unit.broken:
        return []
    return [(at, fault) for at, fault in fn.unit.broken if body.offset <= at < body.end]


# ---------------------------------------------------------------- the words of a function


def _parts(fn: Node) -> tuple[_Part, ...]:
    """What is between the braces of a body."""
    unit, body = fn.unit, fn.body
    assert body is not None, "the caller has checked"
    macros = unit.once(_macros, unit.top[0]) if unit.top else {}
    words: list[tuple[int, str]] = []
    text = unit.plain
    for m in _WORDS.finditer(text, body.offset, body.end):
        if m.group("no") is None:
            words.append((m.start(), m.group()))
    found, _ = _block(words, 1, macros)
    return tuple(found)


def _macros(top: Node) -> dict[str, tuple[str, ...]]:
    return {m.group(1): tuple(_split(m.group(2))) for m in _DEFINE.finditer(top.unit.plain)}


def _split(text: str) -> Iterator[str]:
    return (m.group() for m in _WORDS.finditer(text.replace("\\\n", " ")) if m.group("no") is None)


def _block(words: list[tuple[int, str]], k: int, macros: Mapping[str, tuple[str, ...]]) -> tuple[list[_Part], int]:
    """The statements from word `k` on to the brace that closes them, and where that is."""
    found: list[_Part] = []
    own: list[tuple[int, str]] = []
    depth = 0

    def close(inside: Sequence[_Part], last: int) -> None:
        if own:
            found.append(_Part(own[0][0], last, tuple(_expanded([w for _, w in own], macros)), tuple(inside)))
            own.clear()

    while k < len(words):
        at, w = words[k]
        if w == "}" and not depth:
            close((), at)
            return found, k
        if w == "{" and not depth and _opens(own):
            inner, k = _block(words, k + 1, macros)
            close(inner, words[min(k, len(words) - 1)][0]) if own else found.extend(inner)
        elif w == ";" and not depth:
            close((), at)
        else:
            depth += (w in "([{") - (w in ")]}")
            own.append((at, w))
        k += 1
    close((), words[-1][0] if words else 0)
    return found, k


def _opens(own: list[tuple[int, str]]) -> bool:
    """Whether a brace behind these words begins a block, not a list of values."""
    return not own or own[-1][1] in (")", "else", "do", "try", ":")


def _expanded(words: list[str], macros: Mapping[str, tuple[str, ...]], depth: int = 0) -> Iterator[str]:
    """The words, and behind a macro's name what it stands for."""
    for w in words:
        yield w
        if w in macros and depth < _MOST_MACROS:
            yield from _expanded(list(macros[w]), macros, depth + 1)


def _statement(parts: tuple[_Part, ...], where: int) -> tuple[_Part, ...]:
    """The innermost statement around a place; with an if its else."""
    for k, p in enumerate(parts):
        if not p.start <= where <= p.end:
            continue
        if any(i.start <= where <= i.end for i in p.inside):
            return _statement(p.inside, where)
        last = k + 1
        while last < len(parts) and parts[last].words[:1] in (("else",), ("catch",)):
            last += 1
        first = k
        while parts[first].words[:1] == ("catch",) and first:
            first -= 1
        return parts[first:last]
    return parts


# ---------------------------------------------------------------- what bears on a launch


def _cores(unit: Unit) -> frozenset[str]:
    """Functions that launch, allocate or copy, by name."""
    found: frozenset[str] = unit.once(_core_names, unit.top[0])
    return found


def _core_names(top: Node) -> frozenset[str]:
    functions = [n for n in top.unit.top if n.kind in ("FUNCTION_DECL", "FUNCTION_TEMPLATE")]
    own = {f.spelling for f in functions if f.in_text and f.body is not None and bears(f.body)}
    return frozenset(own | {f.spelling for f in functions if allocates_or_copies(f)})


def _is_core(p: _Part, cores: frozenset[str]) -> bool:
    return "<<<" in p.words or not cores.isdisjoint(p.words)


def _bearing(parts: tuple[_Part, ...], cores: frozenset[str], main: bool) -> frozenset[str]:
    """The names that launches, allocations, copies and the control flow around them mention, and what these are made
    from."""
    jumps = _JUMPS - {"return"} if main else _JUMPS
    every = [p for top in parts for p in top.all()]
    found: set[str] = set()
    for p in every:
        if any(_is_core(x, cores) or not jumps.isdisjoint(x.words) for x in p.all()):
            found |= p.names
    while True:
        made = found.union(*(p.names for p in every if _written(p) & found))
        if made == found:
            return frozenset(found)
        found = made


def _written(p: _Part) -> set[str]:
    """The names that a statement gives values, or whose addresses it takes."""
    found = set()
    for k, w in enumerate(p.words):
        before, after = p.words[k - 1] if k else "", p.words[k + 1] if k + 1 < len(p.words) else ""
        made = before in ("*", "&", ">") or bool(_NAME.match(before)) and before not in ("return", "else")
        if _NAME.match(w) and (
            after in _CHANGES or before in ("++", "--", "&") or after in ("[", ".", "->")
            or made and after in ("(", "{", "")
        ):
            found.add(w)
    return found


def _harmless(p: _Part, bearing: frozenset[str] | None, cores: frozenset[str], main: bool) -> bool:
    """Whether a launcher is the same without a statement; `bearing` None: all names bear."""
    jumps = _JUMPS - {"return"} if main else _JUMPS
    if _is_core(p, cores) or not jumps.isdisjoint(p.words):
        return False
    used = p.names if bearing is None else p.names & bearing
    return not used or _prints(p, used)


def _prints(p: _Part, used: set[str]) -> bool:
    """Whether a statement mentions names only to print them."""
    words = p.words
    while len(words) > 2 and words[1] == "::":
        words = words[2:]
    if not words or not _NAME.match(words[0]) or not _CHANGES.isdisjoint(words) or p.inside:
        return False
    if _PRINTS.match(words[0]):
        inner = words[2:-1] if words[1:2] == ("(",) and words[-1] == ")" else ()
        return bool(inner) and _plain(inner, used)
    return words[1:2] == ("<<",) and _plain(words[2:], used)


def _plain(words: tuple[str, ...], used: set[str]) -> bool:
    """Whether names stand there by value: not behind `&`, not as arguments of another call."""
    calls: list[bool] = []
    for k, w in enumerate(words):
        before = words[k - 1] if k else ""
        if w == "(":
            calls.append(bool(_NAME.match(before)) and before not in _CASTS)
        elif w == ")" and calls:
            calls.pop()
        elif w in used and (any(calls) or before == "&"):
            return False
        elif w in ("{", "["):
            return False
    return True
