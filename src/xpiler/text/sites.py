"""Where a text can be changed: its syntax tree, with the bytes every node covers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from xpiler.ir.nodes import Program
from xpiler.platforms.platform import Platform
from xpiler.text.addressed import with_launches
from xpiler.text.clang import Node, parse
from xpiler.text.edits import Change, Edit, masked
from xpiler.text.hosts.bearing import is_launch

# What statements begin with that are written out; where they do not, a macro stands for them.
_BEGIN = {"DO_STMT": b"do", "COMPOUND_STMT": b"{", "IF_STMT": b"if", "WHILE_STMT": b"while", "FOR_STMT": b"for"}
# The arguments of a template, of a function that is called or launched with them; what compares `a < b && c > (d)` is
# none, unless the text has such a template.
_ARGUMENTS = re.compile(rb"\b([A-Za-z_]\w*)[ ]?<(?!<)([^;{}<>]+)>(?=\s*(?:\(|<<<))")
_COMPARES = re.compile(rb"[(=&|?]")
_NAME = re.compile(rb"(?<!\w)\w+")
_WRAPS = ("UNEXPOSED_EXPR", "PAREN_EXPR")
_SEQUENCES = ("COMPOUND_STMT", "FUNCTION_DECL", "LABEL_STMT", "CASE_STMT", "DEFAULT_STMT")
_HEADS = {"IF_STMT": 1, "FOR_STMT": -1, "WHILE_STMT": 1}  # how many children come before the statements
LOOP_OR_BRANCH = tuple(_HEADS)
EXPRESSIONS = ("BINARY_OPERATOR", "COMPOUND_ASSIGNMENT_OPERATOR", "CALL_EXPR", "UNARY_OPERATOR")


@dataclass(frozen=True)
class Site:
    """A node of a function's body: its bytes, and the nodes around it, the innermost last."""

    node: Node
    start: int
    end: int
    above: tuple[Node, ...]

    @property
    def parent(self) -> Node:
        return self.above[-1]


class Sites:
    """One text, looked at once for all kinds of mistakes."""

    def __init__(self, text: str, platform: Platform, program: Program, file: str) -> None:
        self.text = with_launches(text)
        self.data = self.text.encode()
        self.mask = masked(self.data)
        self.platform, self.program = platform, program
        self.never: frozenset[int] = frozenset()  # lines that no run came by, where that is known
        self._callees: dict[Node, str] = {}
        tolerant = "main" if platform.model == "serial" else "host"
        self.unit = parse(self.text, file, platform.header, platform.clang_args, tolerant=tolerant)

    # ------------------------------------------------------------ places

    def span(self, n: Node) -> tuple[int, int]:
        """The bytes of a node; empty where it has none of its own, as in what a macro stands for."""
        return (0, 0) if n.key in self._unwritten else self._written(n)

    def _written(self, n: Node) -> tuple[int, int]:
        start, end = n.written
        if (start, end) != n.extent and (named := _NAME.match(self.mask, end)):
            end = named.end()  # of a macro's argument that ends with the name of another macro
            start, end = (0, 0) if self.mask[end:end + 1] == b"(" else (start, end)
        return start, end

    @cached_property
    def _unwritten(self) -> frozenset[int]:
        """What lies in what a macro stands for: each part of it has the bytes of the macro, and they are those of the
        whole. Statements may begin with one, as a loop whose head it is."""
        found: set[int] = set()
        for n in (n for fn in self.functions for n in fn.walk()):
            if n.kind in _BEGIN:
                start, end = self._written(n)
                if end > start and not self.mask.startswith(_BEGIN[n.kind], start):
                    found |= {x.key for x in n.walk() if x is not n and self._written(x)[0] == start}
            elif n.key in found or n.kind not in _WRAPS:
                found |= {c.key for c in n.children if c.from_macro and self._written(c) == self._written(n)}
        return frozenset(found)

    def source(self, n: Node) -> str:
        start, end = self.span(n)
        return self.data[start:end].decode()

    def place(self, at: int) -> tuple[int, int]:
        """Line and column of a byte."""
        return self.data.count(b"\n", 0, at) + 1, at - (self.data.rfind(b"\n", 0, at) + 1) + 1

    def between(self, a: Node, b: Node, word: str) -> tuple[int, int] | None:
        """Where a word stands between two nodes; None where it does not, as in what a macro stands for."""
        start, end = self.span(a)[1], self.span(b)[0]
        at = self.mask.find(word.encode(), start, end) if start and end else -1
        return None if at < 0 else (at, at + len(word))

    def sign(self, n: Node) -> tuple[int, int] | None:
        """Where the operator of a binary expression is written."""
        return self.between(n.children[0], n.children[1], n.binary) if len(n.children) == 2 else None

    # ------------------------------------------------------------ functions

    @cached_property
    def functions(self) -> tuple[Node, ...]:
        """Those that have a body; of a template what is made of it, where that is known: its types are."""
        made = {self._body_at(n) for n in self._bodied if n.kind == "FUNCTION_DECL"}
        return tuple(n for n in self._bodied if n.kind == "FUNCTION_DECL" or self._body_at(n) not in made)

    @cached_property
    def templates(self) -> tuple[tuple[int, int], ...]:
        """The bytes of functions that have arguments of a template."""
        return tuple(n.extent for n in self._bodied if n.kind == "FUNCTION_TEMPLATE")

    @cached_property
    def _bodied(self) -> tuple[Node, ...]:
        kinds = ("FUNCTION_DECL", "FUNCTION_TEMPLATE")
        return tuple(n for n in self.unit.top if n.kind in kinds and n.in_text and self.body(n) is not None)

    def _body_at(self, fn: Node) -> tuple[int, int]:
        """The bytes of a function's body."""
        body = self.body(fn)
        return body.extent if body is not None else (0, 0)

    def body(self, fn: Node) -> Node | None:
        return next((c for c in fn.every_child if c.kind == "COMPOUND_STMT"), None)

    def is_kernel(self, fn: Node) -> bool:
        """A function that the machine runs and the host starts."""
        return "CUDAGLOBAL_ATTR" in fn.attributes or self.platform.model == "serial" and fn.spelling != "main"

    def is_device(self, fn: Node) -> bool:
        return self.is_kernel(fn) or "CUDADEVICE_ATTR" in fn.attributes

    @cached_property
    def device(self) -> tuple[Site, ...]:
        """The nodes of what runs on the machine."""
        return tuple(s for fn in self.functions if self.is_device(fn) for s in self._below(fn))

    @cached_property
    def host(self) -> tuple[Site, ...]:
        """The nodes of the functions that start it."""
        return tuple(s for fn in self.functions if not self.is_device(fn) for s in self._below(fn))

    @cached_property
    def every(self) -> tuple[Site, ...]:
        return (*self.device, *self.host)

    def _below(self, fn: Node) -> Iterator[Site]:
        body = self.body(fn)
        waiting: list[tuple[Node, tuple[Node, ...]]] = [(body, (fn,))] if body is not None else []
        while waiting:
            n, above = waiting.pop()
            start, end = self.span(n)
            if end > start:
                yield Site(n, start, end, above)
            waiting += [(c, (*above, n)) for c in reversed(n.children) if c.kind != "STATIC_ASSERT"]

    def inside(self, fn: Node) -> tuple[Site, ...]:
        return tuple(s for s in self.every if fn in s.above)

    # ------------------------------------------------------------ what a compiler has to know

    def is_fixed(self, start: int, end: int) -> bool:
        """Whether bytes are part of what the compiler has to know."""
        return any(a <= start and end <= b for a, b in self._fixed)

    @cached_property
    def _fixed(self) -> tuple[tuple[int, int], ...]:
        """Arguments of templates, extents of arrays, constants, labels of cases, and the first values of integers that
        stand among the former."""
        own = {n.spelling for n in self._bodied if n.kind == "FUNCTION_TEMPLATE"}
        found = [m.span(2) for fn in self.functions for m in _ARGUMENTS.finditer(self.mask, *self.span(fn))
                 if m[1].decode() in own or not _COMPARES.search(m[2])]
        firsts: list[tuple[str, tuple[int, int]]] = []
        for s in self.every:
            n = s.node
            first = self.span(n.initializer) if n.kind == "VAR_DECL" and n.initializer is not None else (0, 0)
            if n.kind == "VAR_DECL" and b"constexpr" in self.mask[s.start:s.end]:
                found.append((s.start, s.end))
            elif n.kind == "VAR_DECL" and n.type.kind == "array":
                found.append((s.start, first[0] if first[1] else s.end))
            elif n.kind == "VAR_DECL" and n.type.const and first[1]:
                firsts.append((n.spelling, first))
            elif n.kind == "CASE_STMT" and n.children:
                found.append(self.span(n.children[0]))
        known = {w.decode() for start, end in found for w in re.findall(rb"[A-Za-z_]\w*", self.mask[start:end])}
        return (*found, *(span for name, span in firsts if name in known))

    # ------------------------------------------------------------ what a node is

    def is_statement(self, s: Site) -> bool:
        """An expression evaluated for what it does, not for its value."""
        above = list(s.above)
        node = s.node
        while above and above[-1].kind in _WRAPS and self.span(above[-1]) == (s.start, s.end):
            node = above.pop()
        if not above:
            return False
        outer = above[-1]
        if outer.kind in _SEQUENCES:
            return True
        heads = _HEADS.get(outer.kind)
        if heads is None:
            return False
        return node in (outer.children[-1:] if heads < 0 else outer.children[heads:])

    def callee(self, n: Node) -> str:
        """The name a call is written with, "" for what is no plain call."""
        if n.kind != "CALL_EXPR":
            return ""
        if n not in self._callees:
            self._callees[n] = self._callee(n)
        return self._callees[n]

    def _callee(self, n: Node) -> str:
        if is_launch(n) or n.referenced is None:
            return ""
        name = n.referenced.spelling
        start, _ = self.span(n)
        return name if re.match(rf"(?:\w+::)*{re.escape(name)}\b".encode(), self.data[start:]) else ""

    def from_header(self, n: Node) -> bool:
        """A call of something the platform offers."""
        return bool(self.callee(n)) and n.referenced is not None and not n.referenced.in_text

    def primitive(self, n: Node) -> str:
        """What a called function is to the IR: barrier.block, shuffle.xor, host.copy ..."""
        return (n.referenced.note("xp.primitive:") or "") if n.referenced is not None and self.callee(n) else ""

    def calls(self, sites: tuple[Site, ...]) -> Iterator[Site]:
        return (s for s in sites if self.from_header(s.node))

    def for_parts(self, n: Node) -> tuple[Node | None, Node | None, Node | None, Node | None]:
        """Start, condition, step and body of a `for`."""
        marks = n.semicolons
        if len(marks) < 2:
            return None, None, None, None
        parts: list[Node | None] = [None, None, None]
        *head, body = n.children
        for c in head:
            at = self.span(c)[0]
            parts[0 if at < marks[0] else 1 if at < marks[1] else 2] = c
        return parts[0], parts[1], parts[2], body

    def bare(self, n: Node) -> Node:
        """An expression without conversions and parentheses around it."""
        while n.kind in _WRAPS and len(n.children) == 1:
            n = n.children[0]
        return n

    def replaced(self, n: Node, new: str, what: str) -> Change:
        start, end = self.span(n)
        return Change(start, what, (Edit(start, end, new),))

    def swapped(self, a: Node, b: Node, what: str) -> Iterator[Change]:
        """Two expressions in each other's place, where both are written out and differ."""
        (a0, a1), (b0, b1) = self.span(a), self.span(b)
        one, other = self.source(a), self.source(b)
        if a1 > a0 and b1 > b0 and (a1 <= b0 or b1 <= a0) and one != other:
            yield Change(min(a0, b0), what, (Edit(a0, a1, wrapped(other)), Edit(b0, b1, wrapped(one))))

    def words(self, pattern: str, sites: tuple[Node, ...] | None = None) -> Iterator[re.Match[bytes]]:
        """Where a pattern occurs outside comments and strings, within functions if these are given."""
        spans = [self.span(f) for f in sites] if sites is not None else [(0, len(self.mask))]
        for start, end in spans:
            yield from re.compile(pattern.encode()).finditer(self.mask, start, end)


def wrapped(expression: str) -> str:
    """An expression that keeps together wherever it is put."""
    return expression if re.fullmatch(r"[\w.]+(?:(?:\[[^\[\]]*\])+|\([^()]*\))?", expression) else f"({expression})"




__all__ = ["Site", "Sites", "wrapped"]
