"""Loops put in where one is missing: over an array that nothing is written to, or over one that nobody reads.

Its body is an expression of the right program, spelled in the names of this text, that is stored element by element;
or it adds up an array in a variable that has a first value and no other. How far it goes, and where in the array it
begins, are bounds, offsets and numbers of the text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, product

from xpiler.repair.flow import Flow
from xpiler.repair.grafts import PLACE_OF, nameable, to_find
from xpiler.repair.hole import Made, Radix, mixed
from xpiler.repair.inserted import Gap, gaps_of
from xpiler.repair.parts import frozen, integral
from xpiler.repair.scope import Name, Scope
from xpiler.text.clang import Node
from xpiler.text.offered import alike
from xpiler.text.sites import Sites

# How large a change a loop is, and each choice that comes later; what is tried of each kind; elements of an expression
# each of which has a place of its own.
COST, LATER = 5.0, 0.05
KNOWN = 3.0  # the same for what is known to be added up
TEXTS, ARRAYS, RANGES, BASES, APART = 4, 3, 12, 4, 3
_NAMES = ("i", "j", "k", "l", "m", "n", "e", "element", "put_in")
_GREATER = ("fmaxf", "fminf")

_Range = tuple[str, str, str]  # where a loop begins, ends, and by how much it goes on


def looped(at: Sites, scope: Scope, made: Made, texts: Sequence[str], terms: Sequence[str] = ()) -> None:
    """At every gap, loops over what asks for one: `texts` are stored, `terms` are added up."""
    loops = _Loops(at, scope)
    for gap in gaps_of(at):
        if not gap.host:
            loops.stores(gap, made, texts)
            loops.sums(gap, made, terms)


@dataclass
class _Loops:
    at: Sites
    scope: Scope

    @cached_property
    def flow(self) -> Flow:
        return Flow(self.at)

    @cached_property
    def index(self) -> str:
        """A name the text does not have."""
        words = set(re.findall(r"\w+", self.at.mask.decode()))
        return next((n for n in _NAMES if n not in words), "put_in_here")

    def stores(self, gap: Gap, made: Made, texts: Sequence[str]) -> None:
        """A missing expression is stored, element by element, in an array that nothing is written to."""
        here = list(self.scope.at_site(gap.site))
        names = {v.spelled for v in here}
        asked = self.flow.asking[0]
        into = [v.spelled for v in here if v.spelled in asked and _floats(v) and not frozen(v.node)][:ARRAYS]
        spelled = [to_find(t, names) for t in texts[:TEXTS]] if into else []
        for n, text in enumerate(t for t in spelled if nameable(t, names)):
            parts = PLACE_OF.split(text)[::2]
            for array in into:
                self._put(gap, made, COST + LATER * n, f"{array}[{{0}}] = {{1}};", parts)

    def sums(self, gap: Gap, made: Made, terms: Sequence[str]) -> None:
        """A variable that has nothing but its first value takes in what is known to be added up, or else an array: what
        is read of one soon makes a text look nearer."""
        here = list(self.scope.at_site(gap.site))
        into = [v.spelled for v in here if v.spelled in self.flow.unwritten & self.flow.begun and _is_sum(v)]
        names = {v.spelled for v in here}
        known = [t for term in terms[:TEXTS] if into and nameable(t := to_find(term, names), names)]
        for n, (total, term) in enumerate(product(into[:ARRAYS], known)):
            self._put(gap, made, KNOWN + LATER * n, f"{total} += {{1}};", PLACE_OF.split(term)[::2])
        if known:
            return
        arrays = sorted((v.spelled for v in here if _floats(v)), key=lambda a: a not in self.flow.unread)
        greater = [f for f in _GREATER if f in alike(self.at.platform).get("float (float, float)", ())]
        forms = ["{0} += {1};", *(f"{{0}} = {f}({{0}}, {{1}});" for f in greater)]
        for n, (total, array, form) in enumerate(product(into[:ARRAYS], arrays[:ARRAYS], forms)):
            self._put(gap, made, COST + LATER * n, form.format(total, "{1}"), [f"{array}[", "]"])

    def _put(self, gap: Gap, made: Made, cost: float, form: str, parts: Sequence[str]) -> None:
        """A loop whose body is `form` of a place and of an expression, the pieces between whose places are given."""
        count, i = len(parts) - 1, self.index
        ways = list(product((0, 1), repeat=count)) if count <= APART else [(0,) * count, (1,) * count]
        ranges, bases = self._ranges(gap), self._bases(gap)
        if not ranges:
            return
        r, b = len(ranges), len(bases)
        digits = [[(str(k), LATER * k) for k in range(n)] for n in (r, b, len(ways))]

        def spell(d: Sequence[str]) -> str:
            (start, stop, step), base, way = ranges[int(d[0])], bases[int(d[1])], ways[int(d[2])]
            place = f"{base} + {i}" if base else i
            value = _filled(parts, [i if w else place for w in way])
            on = f"++{i}" if step == "1" else f"{i} += {step}"
            return f"for (int {i} = {start}; {i} < {stop}; {on}) {{ {form.format(place, value)} }}"

        start, stop, step = (mixed([x[k] for x in ranges], f"xp_c % {r}") for k in range(3))
        place = mixed([f"{base} + {i}" if base else i for base in bases], f"xp_c / {r} % {b}")
        bits = [mixed([str(way[k]) for way in ways], f"xp_c / {r * b} % {len(ways)}") for k in range(count)]
        value = _filled(parts, [f"({bit} ? {i} : xp_p)" for bit in bits])
        body = f"const int xp_p = {place}; const auto xp_v = {value}; xp::seen(0, xp_v); {form.format('xp_p', 'xp_v')}"
        program = f"for (int {i} = {start}; {i} < {stop}; {i} += {step}) {{ {body} }}"
        made.programs.append((gap.at, program, Radix(cost, digits, spell, "", " is put in"), None))

    def _ranges(self, gap: Gap) -> list[_Range]:
        """Those of the loops of the text, and from 0 to numbers of it, the most frequent first."""
        found = dict.fromkeys(r for r in self._heads(gap) if all(r))
        ends = [str(n) for n, _ in self._numbers.most_common()]
        ends[:0] = [v.spelled for v in self.scope.at_site(gap.site) if integral(v.node) and v.node.kind == "PARM_DECL"]
        return list(dict.fromkeys((*found, *(("0", e, "1") for e in ends))))[:RANGES]

    def _heads(self, gap: Gap) -> Iterator[_Range]:
        for s in self.at.device:
            if s.node.kind == "FOR_STMT" and not s.start <= gap.at < s.end:
                first, cond, step, _ = self.at.for_parts(s.node)
                begun = next((v for v in first.walk() if v.kind == "VAR_DECL"), None) if first is not None else None
                start = begun.initializer if begun is not None else None
                stop = cond.children[1] if cond is not None and cond.binary == "<" else None
                on = step.children[1] if step is not None and len(step.children) == 2 else None
                nodes = [n for n in (start, stop, on) if n is not None]
                if start is not None and stop is not None and all(self.scope.visible(n, gap.site) for n in nodes):
                    yield self.at.source(start), self.at.source(stop), self.at.source(on) if on is not None else "1"

    @cached_property
    def _numbers(self) -> Counter[int]:
        """The integers of what runs on the machine, and the products of bounds and steps that lie in each other."""
        found = Counter(s.node.constant for s in self.at.device if s.node.kind == "INTEGER_LITERAL")
        return Counter({n: count for n, count in found.items() if isinstance(n, int) and n > 1})

    def _bases(self, gap: Gap) -> list[str]:
        """Where in an array a loop may begin: offsets and subscripts of the text, without what has no meaning here."""
        found: dict[str, None] = {"": None}
        for s in self.at.device:
            n = s.node
            moved = n.kind == "BINARY_OPERATOR" and n.binary == "+" and n.type.kind == "pointer"
            if len(n.children) == 2 and (moved or n.kind == "ARRAY_SUBSCRIPT_EXPR"):
                terms = [t for t in _terms(self.at, n.children[1]) if self.scope.visible(t, gap.site)]
                found.setdefault(" + ".join(t for x in terms if (t := self.at.source(x)) and not t.isdigit()))
        return list(islice(found, BASES))


def _terms(at: Sites, n: Node) -> Iterator[Node]:
    n = at.bare(n)
    if n.binary == "+" and len(n.children) == 2:
        for c in n.children:
            yield from _terms(at, c)
    else:
        yield n


def _filled(parts: Sequence[str], places: Sequence[str]) -> str:
    return "".join(t for pair in zip(parts, (*places, ""), strict=True) for t in pair)


def _floats(v: Name) -> bool:
    """An array of numbers with a fraction."""
    inner = v.node.type.inner
    return inner is not None and inner.is_scalar and inner.dtype is not None and inner.dtype.is_float


def _is_sum(v: Name) -> bool:
    t = v.node.type
    return t.is_scalar and not t.const and t.dtype is not None and t.dtype.is_float
