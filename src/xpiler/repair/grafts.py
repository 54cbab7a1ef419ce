"""What the right program computes and the wrong one never has, spelled in the names of the wrong one.

Both programs told their values (`instrument`). An expression of the right one whose values occur nowhere in the wrong
one is missing there. Its parts are found again by what they are worth: a part whose values a variable or an element of
the wrong text has too, is that variable or element. So `__bang_sum(row, N) / N` becomes `sum / 128.0f` where `sum` is
what the call gives. What has no counterpart keeps its name where the wrong text has that name, and an element that
nobody reads any more is tried at the places at hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, product, zip_longest
from types import MappingProxyType

import numpy as np

from xpiler.ir.nodes import Meaning
from xpiler.repair.divergence import Told, Values, share
from xpiler.repair.elements import Elements
from xpiler.repair.hole import Made
from xpiler.repair.inserted import Gaps, gaps_of
from xpiler.repair.instrument import Role, Watched
from xpiler.repair.lanes import Lane
from xpiler.repair.loops import flat
from xpiler.repair.parts import computed, is_register, is_value, named_sizes, short
from xpiler.repair.scope import Scope
from xpiler.repair.wholes import Wholes
from xpiler.text.clang import Node
from xpiler.text.offered import alike
from xpiler.text.sites import Site, Sites

# Expressions that are tried, the values two places must share to count as one, those an expression must lack to count
# as missing, and subscripts tried for an element.
MOST, SHARED, LACKING, SUBSCRIPTS = 16, 0.98, 0.5, 3
MOSTLY = 0.5  # of an array that is given; what is left over by lanes may be read elsewhere
ALIKE, HOLDING = 0.2, 2  # of the values of a part that an array holds at least, and so many arrays that hold one
PLACE = "@@"  # stands in for a subscript; between its signs is what it was in the right program
PLACE_OF = re.compile(r"@([^@]*)@")
_ARRAY = re.compile(r"(\w+)\[$")
NEXT = 2  # subscripts that come after those an array is read at
Subscripts = Callable[[str], Sequence[str]]  # those at hand, for an array, or for any
_ELEMENT = re.compile(r"(\w+)\[([^\[\]@]*)\]")
TOGETHER = 27  # texts of one expression in which every element has a subscript of its own
PLACED = 64  # texts of all expressions at one place
# How large a change it is to put one in the place of a whole right side, and of a part of one.
WHOLE, PART, LATER = 1.0, 3.0, 0.1
_OPERATORS = ("+", "-", "*", "/", "<", ">", "<=", ">=", "==", "!=", "&&", "||", "%", "&", "|", "^")
_SAME = {"rsqrtf": "sqrtf({})"}  # of which a function is the reciprocal
_NAMED = re.compile(r"[A-Za-z_]\w*(?![\w(]|\s*\()(?!\.\d)")


@dataclass(frozen=True)
class Worth:
    """A program with what its places were worth in a run."""

    at: Sites
    places: Mapping[int, tuple[Told, Watched]]


@dataclass(frozen=True)
class Lacking:
    """What a wrong text lacks: expressions of the right program, spelled in its names; for each expression that is
    missing the arrays and registers that hold what it is made of; and what is added up in sums that it never has."""

    texts: tuple[str, ...] = ()
    parts: tuple[frozenset[str], ...] = ()
    terms: tuple[str, ...] = ()


@dataclass
class Missing:
    """What of `right` is missing in `wrong`; values count as one that are `close`."""

    right: Worth
    wrong: Worth
    close: float
    names: Mapping[str, str]  # parameter of the right program -> that of the wrong one
    given: Mapping[str, Values]  # what the wrong program is given in the arrays it only reads, by its names

    def lacking(self) -> Lacking:
        return Lacking(self.spelled(), self.parts(), self.terms())

    def spelled(self) -> tuple[str, ...]:
        """The missing expressions, the larger of those that lie in each other first; `@...@` is a subscript to find."""
        out: dict[str, None] = {}
        for w in self._places:
            node = self._nodes.get((w.start, w.end))
            if w.role is Role.CALL:
                text = self._wholes.spelled(w)
            else:
                text = self._text(node, whole=True) if node is not None else None
            if text:
                out.setdefault(text)
        return tuple(out)[:MOST]

    def parts(self) -> tuple[frozenset[str], ...]:
        """Of each missing expression the arrays and registers of the wrong text that hold what it is made of."""
        out: dict[frozenset[str], None] = {}
        for w in self._places:
            node = self._nodes.get((w.start, w.end))
            if w.role is Role.CALL:
                names = frozenset(name for x in self._wholes.handed(w) for name in self._holding(_unique(x)))
            else:
                names = frozenset(self._made_of(node) if node is not None else ())
            if names:
                out.setdefault(names)
        return tuple(out)[:MOST]

    def terms(self) -> tuple[str, ...]:
        """What the right program adds up, where the wrong one never has what comes of it."""
        told = list(self.right.places.values())
        totals = {key: _unique(t.values) for t, w in told if w.role is Role.READ and not w.partial for key in w.names}
        out: dict[str, None] = {}
        for t, w in told:
            total = totals.get(w.into)
            if w.step and not w.partial and total is not None and total.size and self._lacks(total):
                node = self._nodes.get((w.start, w.end))
                text = self._placed(t.values) or (self._text(node) if node is not None else None)
                out.setdefault(text) if text else None
        return tuple(out)[:MOST]

    def _lacks(self, values: Values) -> bool:
        return 1.0 - share(self._have, values, self.close) >= LACKING

    @cached_property
    def _places(self) -> list[Watched]:
        """The places of the right program whose values the wrong one never has."""
        found = list[Watched]()
        for told, w in self.right.places.values():
            if w.role is not Role.READ and not (w.partial and w.role is Role.RESULT) and told.values.size:
                values = _unique(told.values)
                if values.size and self._lacks(values):
                    found.append(w)
        return found

    def _made_of(self, n: Node) -> Iterator[str]:
        """What holds the largest parts of an expression that something holds."""
        for c in n.children:
            told = self._told.get(self.right.at.span(c))
            names = self._holding(_unique(told.values)) if told is not None else []
            yield from names or self._made_of(c)

    def _holding(self, mine: Values) -> list[str]:
        """The arrays and registers of the wrong text that hold these values, or those of them that its run came by."""
        found = list[tuple[float, str]]()
        held = {name: values for name, values in self._held.items() if values.size} if mine.size > 1 else {}
        for name, values in held.items():
            both = share(mine, values, self.close), share(values, mine, self.close)
            if max(both) >= SHARED and min(both) >= ALIKE:
                found.append((-sum(both), name))
        return [name for _, name in sorted(found)[:HOLDING]]

    @cached_property
    def _held(self) -> dict[str, Values]:
        """Arrays and registers of the wrong text, with all that they held."""
        at, every = self.wrong.at, dict[str, list[Values]]()
        named = {s.node.key: s.node for s in at.device if s.node.kind == "VAR_DECL"}
        for told, w in self.wrong.places.values():
            n = named.get(w.into)
            if n is not None and told.values.size and (n.type.kind == "array" or is_register(n)):
                every.setdefault(n.spelling, []).append(told.values)
        return {name: _unique(np.concatenate(some)) for name, some in every.items()}

    @cached_property
    def _wholes(self) -> Wholes:
        return Wholes(self.right.at, self.right.places, self._placed, self._handed, self._function, self._given_as)

    def _given_as(self, name: str) -> Values | None:
        """What the wrong text is given in an array that the right one is given under this name."""
        return self._given.get(self.names.get(name, name))

    def _placed(self, values: Values) -> str | None:
        """What the wrong text computes or reads with such values; the subscripts of elements are to be found."""
        mine = _unique(values)
        made = (f"({text})" for text, x in self._results if x.size > 1 and self._shared(mine, x))
        found = self._valued(mine, PLACE) or next(made, None)
        return _ELEMENT.sub(r"\1[@\2@]", found) if found is not None else None

    def _shared(self, mine: Values, values: Values) -> bool:
        return mine.size > 1 and min(share(mine, values, self.close), share(values, mine, self.close)) \
            >= SHARED

    @cached_property
    def _results(self) -> list[tuple[str, Values]]:
        """What the wrong text computes, the smaller of two that lie in each other last."""
        return [(w.spelled, _unique(told.values)) for told, w in self.wrong.places.values()
                if w.role is Role.RESULT and not w.partial]

    def _handed(self, n: Node) -> str | None:
        """A number or an array of the caller's that is handed over."""
        if n.type.is_scalar:
            return self._text(n)
        named = next((x for x in n.walk() if x.kind == "DECL_REF_EXPR"), None)
        name = self.names.get(named.spelling, named.spelling) if named is not None else ""
        return f"{name}[{PLACE}]" if self._known.get(name) is False else None

    @cached_property
    def _have(self) -> Values:
        every = [t.values for t, _ in self.wrong.places.values()]
        return _unique(np.concatenate(every)) if every else np.zeros(0)

    @cached_property
    def _meanings(self) -> dict[tuple[str, str], Meaning]:
        """What functions of the right program's platform do, as its header says."""
        return {(m.name, m.key): m for m in self.right.at.program.meanings}

    @cached_property
    def _nodes(self) -> dict[tuple[int, int], Node]:
        found: dict[tuple[int, int], Node] = {}
        for s in self.right.at.device:
            found.setdefault((s.start, s.end), s.node)
        return found

    @cached_property
    def _told(self) -> dict[tuple[int, int], Told]:
        return {(w.start, w.end): told for told, w in self.right.places.values()}

    @cached_property
    def _given(self) -> dict[str, Values]:
        return {name: _unique(np.asarray(x, np.float64).ravel()) for name, x in self.given.items()}

    @cached_property
    def _reads(self) -> list[tuple[str, Values]]:
        """Variables and elements of the wrong text, with what they are worth."""
        return [(w.spelled, _unique(told.values)) for told, w in self.wrong.places.values()
                if w.role is Role.READ and not w.partial]

    def _counterpart(self, n: Node) -> str | None:
        """The variable or element of the wrong text that has the values of this part."""
        told = self._told.get(self.right.at.span(n))
        return self._valued(_unique(told.values), self._place(n)) if told is not None else None

    def _valued(self, mine: Values, place: str) -> str | None:
        """The variable or element of the wrong text that has these values, or an array it is given."""
        if mine.size < 2:
            return None
        best, most = None, 0.0
        for text, values in self._reads:  # fewer where something else lets the wrong one stop early
            if values.size > 1 and share(mine, values, self.close) >= SHARED:
                back = share(values, mine, self.close)
                best, most = (text, back) if back > most else (best, most)
        if best is None:
            every = ((a, share(values, mine, self.close), share(mine, values, self.close))
                     for a, values in self._given.items())
            best = next((f"{a}[{place}]" for a, *both in every if max(both) >= SHARED and min(both) >= MOSTLY), None)
        return best

    def _text(self, n: Node, whole: bool = False, given: Mapping[int, str | None] = MappingProxyType({})) -> str | None:
        """An expression in the names of the wrong text; `given`: what the parameters of a function stand for whose body
        it is in."""
        at = self.right.at
        outer, n = n, at.bare(n)
        found = None if whole else self._counterpart(outer) or self._counterpart(n)
        if found is not None:
            return found
        if n.kind == "DECL_REF_EXPR" and n.referenced is not None and n.referenced.key in given:
            return given[n.referenced.key]
        if n.constant is not None:
            return _number(at.source(n), n.constant)
        made = n.referenced.initializer if n.kind == "DECL_REF_EXPR" and n.referenced is not None else None

        def part(c: Node) -> str | None:
            return self._text(c, given=given)

        match n.kind:
            case "DECL_REF_EXPR" if made is not None and (n.type.is_scalar or is_register(n)) \
                    and n.referenced is not None:
                named = self._named(n) if n.type.is_scalar else None
                return named or self._text(made, given=given)  # what it began as
            case "BINARY_OPERATOR" if n.binary in _OPERATORS and len(n.children) == 2:
                return _joined(f"({{}} {n.binary} {{}})", *map(part, n.children))
            case "CONDITIONAL_OPERATOR" if len(n.children) == 3:
                return _joined("({} ? {} : {})", *map(part, n.children))
            case "UNARY_OPERATOR" if n.unary in ("-", "!"):
                return _joined(f"({n.unary}{{}})", part(n.children[0]))
            case "CSTYLE_CAST_EXPR" if n.type.dtype is not None and n.type.is_scalar and n.children:
                return part(n.children[-1])
            case "CALL_EXPR" if n.referenced is not None and is_register(n):
                meaning = self._meanings.get((n.referenced.qualified, n.referenced.signature))
                return Lane(part, self._function).spelled(meaning, n) if meaning is not None else None
            case "CALL_EXPR" if n.referenced is not None:
                return self._call(n, n.referenced, [part(a) for a in n.arguments])
            case "ARRAY_SUBSCRIPT_EXPR" | "DECL_REF_EXPR":
                return self._named(n)
            case _:
                return None

    def _call(self, n: Node, called: Node, arguments: list[str | None]) -> str | None:
        """A function of numbers: the same one, or what its body returns."""
        if any(not a.type.is_scalar for a in n.arguments):
            return None
        if (name := self._function(called.spelling, len(arguments))):
            return _joined(f"{name}({', '.join('{}' for _ in arguments)})", *arguments)
        if (form := _SAME.get(called.spelling)) and self._function(form.partition("(")[0], len(arguments)):
            return _joined(f"(1.0f / {form})", *arguments)
        body = next((c for c in called.children if c.kind == "COMPOUND_STMT"), None)
        only = body.children[0] if body is not None and len(body.children) == 1 else None
        if only is None or only.kind != "RETURN_STMT" or not only.children:
            return None
        given = {p.key: a for p, a in zip(called.params, arguments, strict=False)}
        return self._text(only.children[0], given=given)

    def _function(self, name: str, count: int) -> str:
        """The name a function of numbers has in the wrong text's language; "" where it has none."""
        for spelled in dict.fromkeys((name, name.lstrip("_"))):
            if any(spelled in names and kind.count(",") == count - 1 and "*" not in kind
                   for kind, names in alike(self.wrong.at.platform).items()):
                return spelled
        return ""

    def _named(self, n: Node) -> str | None:
        """Under the name it has in the right program, where that is a like thing in the wrong one."""
        at = self.right.at
        text = at.source(n)
        for x in n.walk():
            ref = x.referenced if x.kind == "DECL_REF_EXPR" else None
            if ref is not None and self._known.get(ref.spelling) is not ref.type.is_scalar:
                array = at.bare(n.children[0]) if n.kind == "ARRAY_SUBSCRIPT_EXPR" else None
                found = self._elements.element(n)
                named = found[0] if found is not None else array.spelling if array is not None else ""
                name = self.names.get(named, named)
                return f"{name}[{self._place(n)}]" if name in self._known else None
        return text if text and set(_NAMED.findall(text)) <= set(self._known) else None

    def _place(self, n: Node) -> str:
        """The subscript of an element, to be found, or what it is in the right program."""
        n = self.right.at.bare(n)
        spelled = self._elements.element(n)
        found = self.right.at.source(n.children[1]) if n.kind == "ARRAY_SUBSCRIPT_EXPR" and len(n.children) == 2 else ""
        found = spelled[1] if spelled is not None else found
        return f"@{found}@" if not {"@", "["} & set(found) else PLACE

    @cached_property
    def _elements(self) -> Elements:
        return Elements(self.right.at, self._known)

    @cached_property
    def _known(self) -> dict[str, bool]:
        """The variables of the wrong text, and whether they are numbers."""
        return {n.spelled: n.node.type.is_scalar for n in Scope(self.wrong.at).names}


def _unique(x: Values) -> Values:
    return np.unique(x[~np.isnan(x)])


def _number(source: str, value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if re.fullmatch(r"[\d.]+(?:[eE][+-]?\d+)?[fF]?", source):
        return source
    return str(value) if isinstance(value, int) else f"{value!r}f"


def _joined(form: str, *parts: str | None) -> str | None:
    return form.format(*parts) if all(p is not None for p in parts) else None


# ---------------------------------------------------------------- holes


def grafted(at: Sites, scope: Scope, made: Made, texts: Sequence[str]) -> None:
    """Missing expressions in the place of what stands there, and between statements."""
    seen = set[tuple[int, int]]()
    for s in at.device:
        if (s.start, s.end) in seen or not _slot(at, s):
            continue
        seen.add((s.start, s.end))
        cost = WHOLE if _whole(at, s) else PART
        for n, text in enumerate(_placed(at, scope, s, texts)):
            made.add((s.start, s.end), text, f"{short(at.source(s.node))} is {text}", cost + LATER * n)
    into = Gaps(at, scope)
    for gap in gaps_of(at):
        values = [] if gap.host else list(_placed(at, scope, gap.site, texts))
        if values:
            into.put(gap, made, values)


def _slot(at: Sites, s: Site) -> bool:
    """A number with a fraction that is computed or read."""
    n = s.node
    return n.type.is_scalar and computed(n) and not is_register(n) and is_value(at, n) \
        and not at.is_fixed(s.start, s.end) and n.kind not in ("VAR_DECL", "PARM_DECL") and not _assigned(at, s)


def _assigned(at: Sites, s: Site) -> bool:
    parent = _around(s)
    if parent is None or parent.unary in ("&", "x++", "x--", "++x", "--x"):
        return True
    assigns = parent.binary == "=" or parent.kind == "COMPOUND_ASSIGNMENT_OPERATOR"
    return assigns and bool(parent.children) and at.span(parent.children[0])[1] >= s.end


def _whole(at: Sites, s: Site) -> bool:
    parent = _around(s)
    return parent is not None and (parent.kind in ("VAR_DECL", "RETURN_STMT", "COMPOUND_ASSIGNMENT_OPERATOR")
                                   or parent.binary == "=")


def _around(s: Site) -> Node | None:
    return next((a for a in reversed(s.above) if a.kind not in ("UNEXPOSED_EXPR", "PAREN_EXPR")), None)


def _placed(at: Sites, scope: Scope, s: Site, texts: Sequence[str]) -> Iterator[str]:
    """The expressions that can be named at a site, with the subscripts at hand there."""
    here = {n.spelled for n in scope.at_site(s)} | {name for name, known in named_sizes(at).items() if known <= s.start}
    subscripts = _subscripts(at, scope, s)
    each = [islice(_spelled(to_find(text, here), subscripts, here), TOGETHER) for text in texts]
    yield from islice((t for some in zip_longest(*each) for t in some if t is not None), PLACED)


def _spelled(text: str, subscripts: Subscripts, here: set[str]) -> Iterator[str]:
    """One expression with each of its elements where it may be, as far as that can be named."""
    places = subscripts("") if "@" in text else ()
    every = [PLACE_OF.sub(r"\1", text), *(PLACE_OF.sub(i.replace("\\", ""), text) for i in places)]
    every += _each(text, subscripts, here)
    yield from (t for t in dict.fromkeys(every) if "[]" not in t and nameable(t, here))


def to_find(text: str, here: set[str]) -> str:
    """An expression in which subscripts that mean nothing here are to be found."""
    return _ELEMENT.sub(lambda m: m[0] if nameable(m[2], here) else f"{m[1]}[@{m[2]}@]", text)


def _each(text: str, subscripts: Subscripts, here: set[str]) -> Iterator[str]:
    """The expression with each element where it is read elsewhere, as far as that can be named, or where its array is
    read here."""
    parts = PLACE_OF.split(text)
    if len(parts) > 1:
        arrays = [m[1] if (m := _ARRAY.search(before)) else "" for before in parts[:-1:2]]
        own = [[*([i] if i and set(_NAMED.findall(i)) <= here else []), *subscripts(a)]
               for a, i in zip(arrays, parts[1::2], strict=True)]
        own = [list(dict.fromkeys(some)) for some in own]
        for some in islice(product(*own), TOGETHER):
            yield "".join(t for pair in zip(parts[::2], (*some, ""), strict=True) for t in pair)


def nameable(text: str, here: set[str]) -> bool:
    """Whether an expression names nothing but this, where its subscripts are to be found."""
    text = PLACE_OF.sub("", text)
    return set(_NAMED.findall(text)) <= here | _suffixes(text)


def _suffixes(text: str) -> set[str]:
    """What in a number looks like a name."""
    return {m[1] for m in re.finditer(r"\d\.?([A-Za-z_]\w*)", text)}


def _subscripts(at: Sites, scope: Scope, s: Site) -> Subscripts:
    """Those of the statement first, then those nearest; of an array those it is read at, and those that come next, or
    where it is read nowhere what the loops around make."""
    own = [a for a in s.above if a.kind in ("BINARY_OPERATOR", "COMPOUND_ASSIGNMENT_OPERATOR")]
    start, end = at.span(own[0]) if own else (s.start, s.end)
    found = [x for x in at.device if x.node.kind == "ARRAY_SUBSCRIPT_EXPR" and len(x.node.children) == 2
             and scope.visible(x.node.children[1], s)]
    found.sort(key=lambda x: (not start <= x.start < end, abs(x.start - s.start)))
    texts = [(at.source(x.node.children[0]), at.source(x.node.children[1])) for x in found]
    names = [v.spelled for v in scope.at_site(s) if v.node.type.is_scalar and v.node.type.dtype is not None
             and not v.node.type.dtype.is_float]

    def of(array: str) -> list[str]:
        here = [t for a, t in texts if not array or a == array][:SUBSCRIPTS if array else len(texts)]
        more = [next_to(t) for t in here] if here else flat(at, s, array)[:NEXT] if array else []
        every = dict.fromkeys(t for t in (*here, *more, *(t for _, t in texts), *names) if t)
        return list(every)[:SUBSCRIPTS + (NEXT if more else 0)]
    return of


def next_to(subscript: str) -> str:
    """The one that comes after a number, or after one that is moved by a number; "" where that is not seen."""
    m = re.fullmatch(r"((?:.*\+ ?)?)(\d+)", subscript, re.DOTALL)
    if m is not None:
        return f"{m[1]}{int(m[2]) + 1}"
    return f"{subscript} + 1" if subscript.isidentifier() else ""
