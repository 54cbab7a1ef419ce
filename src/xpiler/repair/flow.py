"""What of a text nothing is written to, and what is computed for nothing: where something may be missing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from xpiler.repair.instrument import assignment, outputs
from xpiler.repair.instrument import root as rooted
from xpiler.repair.parts import changes, computed, frozen
from xpiler.text.clang import Node
from xpiler.text.sites import LOOP_OR_BRANCH, Site, Sites


Named = tuple[str, int]  # a name, and the declaration it stands for: one name may be declared twice


@dataclass
class Flow:
    """The names of what runs on the machine, or of the host, by what becomes of them."""

    at: Sites
    host: bool = False

    @cached_property
    def _touched(self) -> tuple[frozenset[Named], frozenset[Named], frozenset[Named], frozenset[Named]]:
        """What is declared, what has a first value, what something is written to, and what is read."""
        declared, begun, writers, read = self._uses
        return declared, begun, frozenset(writers), read

    @cached_property
    def _uses(self) -> tuple[frozenset[Named], frozenset[Named], dict[Named, list[Site]], frozenset[Named]]:
        """The same, with the places where something is written; what no run comes by writes nothing."""
        declared, begun, written, read = set[Named](), set[Named](), dict[Named, list[Site]](), set[Named]()
        for fn in self.at.functions:
            declared |= {(p.spelling, p.key) for p in fn.params if self.at.is_device(fn) is not self.host}
        begun |= declared
        for s in self.at.host if self.host else self.at.device:
            n = s.node
            if n.kind == "VAR_DECL":
                declared.add((n.spelling, n.key))
                begun |= {(n.spelling, n.key)} if n.initializer is not None else set()
            if n.kind != "DECL_REF_EXPR" or n.referenced is None:
                continue
            named = n.spelling, n.referenced.key
            outer = [a for a in reversed(s.above) if a.kind not in ("UNEXPOSED_EXPR", "PAREN_EXPR")]
            while outer and (outer[0].kind == "ARRAY_SUBSCRIPT_EXPR" or outer[0].unary == "*"
                             or outer[0].kind == "BINARY_OPERATOR" and outer[0].type.kind == "pointer"):
                outer = outer[1:]
            parent = outer[0] if outer else None
            assigns = parent is not None and changes(parent) and bool(parent.children) \
                and self.at.span(parent.children[0])[0] <= s.start < self.at.span(parent.children[0])[1]
            handed = parent is not None and parent.kind == "CALL_EXPR" and self._writes(parent, s)
            if (assigns or handed or parent is not None and parent.unary in ("&", "x++", "x--", "++x", "--x")) \
                    and self.at.place(s.start)[0] not in self.at.never:
                written.setdefault(named, []).append(s)
            if not assigns and not handed and not self._goes_on(s):
                read.add(named)
        for pointer, array in reversed(self._leads.items()):
            if pointer in written:
                written.setdefault(array, []).extend(written[pointer])
        return frozenset(declared), frozenset(begun), written, frozenset(read)

    def _goes_on(self, s: Site) -> bool:
        """Whether a variable is read for nothing but a value of its own: `best = max(best, x)`."""
        key = s.node.referenced.key if s.node.referenced is not None else 0
        for n in reversed(s.above):
            if (sides := assignment(n)) is not None:
                return rooted(sides[0]) == key
            if n.kind == "CALL_EXPR" and n.type.kind == "void":
                return any(rooted(a) == key for a in outputs(n))
            if n.kind.endswith("_STMT"):
                return False
        return False

    @cached_property
    def _leads(self) -> dict[Named, Named]:
        """Pointers, and the arrays they begin in."""
        sites = self.at.host if self.host else self.at.device
        return dict(moved for s in sites if s.node.kind == "VAR_DECL" for moved in self._moved(s.node))

    def _moved(self, n: Node) -> list[tuple[Named, Named]]:
        """A pointer that begins in an array, and that array: what is written through one is written to the other."""
        if n.type.kind != "pointer" or n.initializer is None:
            return []
        names = (x for x in n.initializer.walk() if x.kind == "DECL_REF_EXPR" and x.type.kind in ("pointer", "array"))
        array = next((x.referenced for x in names if x.referenced is not None), None)
        return [((n.spelling, n.key), (array.spelling, array.key))] if array is not None else []

    def _writes(self, call: Node, s: Site) -> bool:
        """Whether a function may change what it is handed here."""
        params = call.referenced.params if call.referenced is not None else ()
        for p, a in zip(params, call.arguments, strict=False):
            start, end = self.at.span(a)
            if start <= s.start < end:
                const = frozen(p) or p.cursor.type.spelling.startswith("const ")
                return p.type.kind in ("pointer", "array") and not const or p.type.reference and not p.type.const
        return False

    @cached_property
    def unwritten(self) -> frozenset[str]:
        """What is written to nowhere but where it is declared: something may be missing."""
        declared, _, written, _ = self._touched
        return _names(declared - written)

    @cached_property
    def begun(self) -> frozenset[str]:
        """What has a first value."""
        return _names(self._touched[1])

    @cached_property
    def _params(self) -> list[Node]:
        return [p for fn in self.at.functions if self.at.is_device(fn) is not self.host for p in fn.params]

    @cached_property
    def inputs(self) -> frozenset[str]:
        """What is given to be read."""
        return frozenset(p.spelling for p in self._params if p.type.kind == "pointer" and frozen(p))

    @cached_property
    def outputs(self) -> frozenset[str]:
        """What is given to be written to."""
        return frozenset(p.spelling for p in self._params if p.type.kind == "pointer" and not frozen(p))

    @cached_property
    def asking(self) -> tuple[frozenset[str], frozenset[str]]:
        """What has no value where something must be missing: names without a first one that nothing is written to, an
        output among them; and what is computed for nothing, inputs and outputs apart."""
        given = {p.spelling for p in self._params}
        declared, begun, written, _ = self._touched
        owed = {d for d in declared - written if d not in begun or d[0] in self.outputs}
        for pointer, array in self._leads.items():
            owed |= {pointer} if array in owed and pointer not in written else set()
        return _names(owed), self.unread - given

    @cached_property
    def stuck(self) -> frozenset[str]:
        """Numbers with a fraction that are read, and never have but a first value that is written out."""
        sites = () if self.host else self.at.device
        first = {s.node.spelling for s in sites if s.node.kind == "VAR_DECL" and computed(s.node)
                 and s.node.type.is_scalar and not s.node.type.const and s.node.initializer is not None
                 and s.node.initializer.constant is not None}
        return frozenset(first) & self.unwritten - self.unread

    def spent(self, place: int) -> frozenset[str]:
        """What was computed before a place and is read nowhere behind it: something may be missing that reads it."""
        wrote, read = self._places
        return frozenset(name for name, first in wrote.items() if first < place and read.get(name, 0) <= place)

    def unmade(self, place: int) -> frozenset[str]:
        """What has no value yet at a place, and gets one further down: nothing can be made of it there."""
        declared, begun, writers, _ = self._uses
        early = {name for name, _ in declared & begun}
        some = {(name, key) for name, key in declared - begun if name not in early and (name, key) in writers}
        later = {n[0] for n in some if all(self._behind(s, place) for s in writers[n])}
        return frozenset(later - {n[0] for n in some if not all(self._behind(s, place) for s in writers[n])})

    def _behind(self, s: Site, place: int) -> bool:
        """Whether something is done behind a place, and not before it in an earlier pass of a loop around both."""
        loops = [self.at.span(n) for n in s.above if n.kind in LOOP_OR_BRANCH and n.kind != "IF_STMT"]
        return s.start >= place and not any(start < place < end for start, end in loops)

    @cached_property
    def _places(self) -> tuple[dict[str, int], dict[str, int]]:
        """Where a name is written to first, and where it stands last without being written to."""
        wrote, read = dict[str, int](), dict[str, int]()
        for s in self.at.host if self.host else self.at.device:
            n = s.node
            if n.kind == "VAR_DECL":
                wrote.setdefault(n.spelling, s.start)
            if n.kind == "DECL_REF_EXPR" and not self._assigned(s):
                read[n.spelling] = max(read.get(n.spelling, 0), s.start)
        return wrote, read

    def _assigned(self, s: Site) -> bool:
        """Whether this is what a statement assigns to."""
        parent = next((a for a in reversed(s.above) if a.kind not in ("UNEXPOSED_EXPR", "PAREN_EXPR")), None)
        return parent is not None and changes(parent) and bool(parent.children) \
            and self.at.span(parent.children[0])[0] <= s.start < self.at.span(parent.children[0])[1]

    @cached_property
    def unread(self) -> frozenset[str]:
        """What is computed for nothing."""
        declared, begun, written, read = self._touched
        return _names(declared & (begun | written) - read)


def _names(some: Iterable[Named]) -> frozenset[str]:
    return frozenset(name for name, _ in some)


def root(text: str) -> str:
    """The name an expression begins with."""
    m = re.search(r"[A-Za-z_]\w*(?!\s*\()", re.sub(r"\([\w\s]*\*\s*\)", "", text))
    return m[0] if m else ""
