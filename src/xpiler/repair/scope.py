"""What is in scope at a place of a text, and which expressions of it could stand there instead."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from xpiler.text.clang import Node
from xpiler.text.sites import Site, Sites

_WORD = re.compile(r"[A-Za-z_]\w*")
_SCOPES = ("COMPOUND_STMT", "FOR_STMT", "WHILE_STMT", "IF_STMT")


@dataclass(frozen=True)
class Name:
    """A variable: its declaration, and the bytes within which it can be named."""

    node: Node
    start: int
    end: int

    @property
    def spelled(self) -> str:
        return self.node.spelling


@dataclass(frozen=True)
class _Needed:
    """The local variables an expression names, and where all else that it names is declared."""

    variables: tuple[Node, ...]
    since: int


class Scope:
    """The variables of a text, each where it can be named; and the constants it may have lost."""

    def __init__(self, at: Sites, constants: Sequence[str] = ()) -> None:
        self.at, self.constants = at, constants
        self._here: dict[tuple[int, int], dict[str, Name]] = {}
        self._naming: dict[Node, _Needed] = {}

    @cached_property
    def names(self) -> tuple[Name, ...]:
        found: list[Name] = []
        for fn in self.at.functions:
            body = self.at.body(fn)
            start, end = self.at.span(body) if body is not None else (0, 0)
            found += [Name(p, start, end) for p in fn.params if p.spelling]
        for s in self.at.every:
            if s.node.kind == "VAR_DECL" and s.node.spelling:
                scope = next((a for a in reversed(s.above) if a.kind in _SCOPES), s.above[0])
                found.append(Name(s.node, s.end, self.at.span(scope)[1]))
            elif s.node.kind == "FOR_STMT":
                found += [Name(v, s.start, s.end) for v in s.node.children[0].walk()
                          if v.kind == "VAR_DECL" and self.at.span(v) == (0, 0)]  # a macro declares it
        return tuple(found)

    def at_site(self, s: Site) -> Iterator[Name]:
        """What can be named at a site, the nearest declaration first; a name that is hidden is left out."""
        yield from self._named(s).values()

    def _named(self, s: Site) -> dict[str, Name]:
        if (s.start, s.end) not in self._here:
            seen: dict[str, Name] = {}
            for n in sorted(self.names, key=lambda n: -n.start):
                if n.start <= s.start < n.end and s.end <= n.end:
                    seen.setdefault(n.spelled, n)
            self._here[s.start, s.end] = seen
        return self._here[s.start, s.end]

    def visible(self, node: Node, s: Site, alike: bool = False) -> bool:
        """Whether every variable an expression names means the same at a site, or is one of that name and type there,
        if it may be `alike`; and what else it names is declared before."""
        here, needed = self._named(s), self._needed(node)
        if needed.since > s.start:
            return False
        return all(ref.spelling in here and (here[ref.spelling].node.key == ref.key
                                             or alike and _serves(here[ref.spelling].node, ref))
                   for ref in needed.variables) \
            and all(self._of_its_own(n, s) for n in node.walk() if _is_argument(n))

    @cached_property
    def _defined(self) -> dict[str, int]:
        """Where the macros of the text are defined."""
        return {m[1].decode(): m.start() for m in self.at.words(r"#[ \t]*define[ \t]+(\w+)")}

    def _of_its_own(self, n: Node, s: Site) -> bool:
        """Whether a site lies in the template that has a name for this, too."""
        return any(start <= n.extent[0] < end and start <= s.start < end for start, end in self.at.templates)

    def _needed(self, node: Node) -> _Needed:
        """What an expression names. What is declared in a function may lie outside of it, as memory that a launch says
        the size of."""
        if node not in self._naming:
            every = [n.referenced for n in node.walk() if n.kind == "DECL_REF_EXPR"]
            known = [ref for ref in every if ref is not None and ref.in_text
                     and ref.kind in ("VAR_DECL", "PARM_DECL", "FUNCTION_DECL")]
            inner = [ref for ref in known if ref.kind != "FUNCTION_DECL"
                     and (ref.is_local or any(start <= ref.extent[0] < end for start, end in self._bodies))]
            since = [self._defined.get(w, 0) for w in _WORD.findall(self.at.source(node))]
            since += [ref.extent[0] for ref in known if ref not in inner]
            self._naming[node] = _Needed(tuple(inner), max(since, default=0))
        return self._naming[node]

    @cached_property
    def _bodies(self) -> tuple[tuple[int, int], ...]:
        return tuple(self.at.span(body) for fn in self.at.functions if (body := self.at.body(fn)) is not None)


def _serves(here: Node, ref: Node) -> bool:
    """Whether a variable may stand for one of another function."""
    return here.type.name == ref.type.name and here.type.const <= ref.type.const


def _is_argument(n: Node) -> bool:
    """The name of a number that is an argument of a template: in what is made of the template it refers to nothing."""
    return n.kind == "DECL_REF_EXPR" and (n.referenced is None or n.referenced.kind == "TEMPLATE_NON_TYPE_PARAMETER")
