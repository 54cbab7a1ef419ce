"""Holes between statements, where one may be missing: what is put in is made from what the text has.

Assignments and accumulations to what the text assigns to; calls of what the platform offers, with arrays in scope and
the lengths that other calls use; statements of the text with another power of two. Too many to be spelled one by one,
so a choice is a number in mixed radix: which function, which operands."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from xpiler.repair.combined import BOTH, of_two
from xpiler.repair.flow import Flow, root
from xpiler.repair.hole import Kind, Made, Radix, mixed
from xpiler.repair.offers import Table, table, ways
from xpiler.repair.parts import (
    FRACTIONS, STEPS, after, changes, computed, counts, frozen, integral, is_register, is_value, short, stands_alone,
)
from xpiler.repair.scope import Name, Scope
from xpiler.text.clang import Node
from xpiler.text.hosts.bearing import is_launch
from xpiler.text.offered import alike, letters_alike
from xpiler.text.sites import EXPRESSIONS, LOOP_OR_BRANCH, Site, Sites

# What is tried at one place: places that are assigned to, values, pointers, lengths, indices, functions of one type,
# and choices of one function's operands.
PLACES, VALUES, POINTERS, LENGTHS, INDICES, FUNCTIONS, MOST = 10, 12, 8, 3, 8, 48, 3000
EXTENTS = 2  # lengths that arrays have
INTO = 3  # registers that are assigned to
BOTH_ENDS = 2  # variables that may be an index: those read least, and those declared first
SOME = 3  # operands of each kind that are tried whatever else is
# How large a change it is to put something in; more for each operand that nothing says is wanted there, and for each
# choice that comes later.
COST, UNASKED, LATER = 5.0, 1.0, 0.05
_WORD = re.compile(r"[A-Za-z_]\w*")
_PARAMS = re.compile(r"[^(]*\((.*)\)")  # of a function type
KNOWN = 2.0  # the same for a value that is known to be missing


@dataclass(frozen=True)
class Gap:
    """A place between two statements, told by the statement before it or around it; `idle`: the loop or branch around
    it does nothing."""

    at: int
    site: Site
    host: bool
    idle: bool = False


def inserted(at: Sites, scope: Scope, made: Made, asked: bool = False) -> None:
    """At every gap, what could be missing there; `asked`: only what writes a name that nothing is written to, or else
    reads one that nobody reads, and all where a loop or a branch does nothing."""
    text = Gaps(at, scope, asked)
    every = Gaps(at, scope)
    for gap in gaps_of(at):
        some = every if gap.idle else text
        if not gap.host:
            some.assignments(gap, made)
        if not (asked and gap.host):
            some.calls(gap, made)
        some.again(gap, made, alone=asked and not gap.idle)


def gaps_of(at: Sites) -> Iterator[Gap]:
    """Behind every statement of a block that is no declaration of a loop, and where a block begins; of the host's only
    those around a launch."""
    seen = set[int]()
    for sites, host in ((at.device, False), (at.host, True)):
        for s in sites:
            n = s.node
            found = list[int]()
            outer = next((a for a in reversed(s.above) if a.kind != "UNEXPOSED_EXPR"), None)
            inside = outer is not None and outer.kind == "COMPOUND_STMT"
            if host:
                if is_launch(n):
                    found = [s.start, after(at, s)]
            elif n.kind == "COMPOUND_STMT" or _is_empty(n, outer):
                found = [s.start + (n.kind == "COMPOUND_STMT")]
            elif inside and n.kind in ("FOR_STMT", "WHILE_STMT", "IF_STMT"):
                found = [s.end if at.mask[s.end - 1:s.end] in (b"}", b";") else after(at, s)]
            elif inside and n.kind == "DECL_STMT":
                found = [s.end if at.mask[s.end - 1:s.end] == b";" else after(at, s)]
            elif inside and stands_alone(at, s):
                found = [after(at, s)]
            for place in found:
                empty = _is_empty(n, outer)
                if place not in seen and (host or empty or at.mask[place - 1:place] in (b";", b"}", b"{")):
                    seen.add(place)
                    above = (*s.above, n) if n.kind == "COMPOUND_STMT" else s.above
                    idle = outer is not None and outer.kind in LOOP_OR_BRANCH and n.kind == "COMPOUND_STMT" \
                        and all(c.kind == "NULL_STMT" for c in n.children) or empty
                    yield Gap(place, Site(n, place, place, above), host, idle)


def held_together(at: Sites) -> Iterator[tuple[int, str]]:
    """Braces around empty bodies, so that whatever is put in there is in them."""
    for s in at.every:
        if _is_empty(s.node, s.parent):
            yield from ((s.start, "{ "), (s.end + (at.mask[s.end - 1:s.end] != b";"), " }"))


def _is_empty(n: Node, outer: Node | None) -> bool:
    """The body of a loop or branch that is nothing but a semicolon."""
    return n.kind == "NULL_STMT" and outer is not None and outer.kind in LOOP_OR_BRANCH and outer.children[-1] is n


@dataclass
class Gaps:
    """What a text has to make statements from."""

    at: Sites
    scope: Scope
    asked: bool = False  # only what a name asks for
    _unmade: dict[int, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def flow(self) -> Flow:
        return Flow(self.at)

    @cached_property
    def host_flow(self) -> Flow:
        return Flow(self.at, host=True)

    def _flow(self, gap: Gap) -> Flow:
        return self.host_flow if gap.host else self.flow

    @cached_property
    def targets(self) -> dict[str, Node]:
        """What is assigned to somewhere, or declared to be."""
        found: dict[str, Node] = {}
        for s in self.at.device:
            n = s.node
            if changes(n) and n.unary not in STEPS and n.children and self._computed(n.children[0]):
                found.setdefault(self.at.source(n.children[0]), n.children[0])
        for s in self.at.device:
            if s.node.kind == "DECL_REF_EXPR" and self._computed(s.node) and not self._frozen(s.node):
                found.setdefault(self.at.source(s.node), s.node)
        return found

    @cached_property
    def sources(self) -> dict[str, Node]:
        """Values that something is computed from."""
        kinds = ("DECL_REF_EXPR", "ARRAY_SUBSCRIPT_EXPR", "CALL_EXPR", "BINARY_OPERATOR", "FLOATING_LITERAL")
        return {self.at.source(s.node): s.node for kind in kinds for s in self.at.device
                if s.node.kind == kind and self._computed(s.node) and is_value(self.at, s.node)
                and not (kind == "CALL_EXPR" and not self.at.callee(s.node))}

    def _computed(self, n: Node) -> bool:
        return bool(self.at.source(n)) and (computed(n) or integral(n) and n.kind == "ARRAY_SUBSCRIPT_EXPR")

    def _frozen(self, n: Node) -> bool:
        return n.type.const or (n.referenced is not None and n.referenced.type.const)

    def assignments(self, gap: Gap, made: Made) -> None:
        """Something is assigned, added, multiplied; or the greater of two is kept."""
        used = self._callees
        for target, kind, scalar in self._targets(gap):
            here = [v.spelled for v in self.scope.at_site(gap.site) if _fits(_plain(v.node), kind)]
            more = (t for t, v in self.sources.items() if _fits(_plain(v), kind) and self.scope.visible(v, gap.site))
            spent = self._elements(gap, kind) if target in self.flow.stuck else ()
            values = [t for t in dict.fromkeys([*spent, *here, *more]) if t != target and self._made(t, gap)][:VALUES]
            two = of_two(self.at, kind, used)[:BOTH]
            acts = ["{0} = {1};", *(f"{{0}} = {f}({{0}}, {{1}});" for f in two)]
            if scalar:
                acts[1:1] = ["{0} += {1};", "{0} *= {1};", "{0} /= {1};", "{0} -= {1};"]
            asked = 0.0 if target in self.flow.unwritten or root(target) in self.flow.unwritten else UNASKED
            unread = self.flow.unread | self.flow.spent(gap.at)
            if root(target) in self.flow.asking[0]:
                acts = acts[:1]  # there is nothing it could be added to
            if self.asked and root(target) not in self.flow.asking[0] | self.flow.stuck:
                values = [t for t in values if root(t) in self.flow.asking[1]]
            if values:
                read = [(t, LATER * i + (0.0 if root(t) in unread else UNASKED)) for i, t in enumerate(values)]
                todo = [(a, asked + LATER * i) for i, a in enumerate(acts)]
                self._put(gap, made, [todo, read],
                          lambda d, target=target: d[0].format(target, d[1]), COST, scalar)  # type: ignore[misc]

    def _elements(self, gap: Gap, kind: str) -> Iterator[str]:
        """Elements of arrays, of those first that are read no more: the first one, and where others are read."""
        wanted = self.flow.unread | self.flow.spent(gap.at)
        for v in sorted(self.scope.at_site(gap.site), key=lambda v: v.spelled not in wanted):
            if v.node.type.kind == "array" and _element(v.node) == kind:
                yield from (f"{v.spelled}[{place}]" for place in dict.fromkeys(("0", *self._places(gap)[:SOME])))

    def put(self, gap: Gap, made: Made, values: Sequence[str], into: Collection[str] = ()) -> None:
        """Values that are likely to be missing here: assigned, added, or kept if they are the greater ones; to these
        variables alone, where any are named."""
        used = self._callees
        some = [(t, LATER * i) for i, t in enumerate(t for t in values if self._made(t, gap))]
        for n, (target, kind, scalar) in enumerate(self._targets(gap) if some else ()):
            if scalar and (not into or target in into):
                greater = of_two(self.at, kind, used)[:2]
                acts = ["{0} = {1};", "{0} += {1};", *(f"{{0}} = {f}({{0}}, {{1}});" for f in greater)]
                if root(target) in self.flow.unwritten:  # what has a first value is added to
                    acts = [acts[1], acts[0], *acts[2:]] if target in self.flow.begun else acts[:1]
                todo = [(a, LATER * (n + i)) for i, a in enumerate(acts)]
                self._put(gap, made, [todo, some],
                          lambda d, target=target: d[0].format(target, d[1]), KNOWN, True)  # type: ignore[misc]

    def _made(self, text: str, gap: Gap) -> bool:
        """Whether all that an expression names has a value at a gap."""
        if gap.at not in self._unmade:
            self._unmade[gap.at] = self._flow(gap).unmade(gap.at)
        return self._unmade[gap.at].isdisjoint(_WORD.findall(text))

    def _targets(self, gap: Gap) -> list[tuple[str, str, bool]]:
        """What may be assigned to at a gap, with its type, and whether that is one number; first what nothing is
        written to."""
        out: dict[str, tuple[str, bool]] = {}
        asking = self.flow.asking[0] | self.flow.stuck
        for v in sorted(self.scope.at_site(gap.site), key=lambda v: v.spelled not in asking):
            if v.spelled not in self.flow.unwritten or v.node.type.const:
                continue
            inner = v.node.type.inner
            if computed(v.node):
                out[v.spelled] = _plain(v.node), v.node.type.is_scalar
            elif inner is not None and inner.is_scalar and inner.dtype is not None and not frozen(v.node):
                for place in self._places(gap):
                    out[f"{v.spelled}[{place}]"] = _element(v.node), True
        for text, n in self.targets.items():
            if self.scope.visible(n, gap.site):
                out.setdefault(text, (_plain(n), n.type.is_scalar))
        return [(t, kind, scalar) for t, (kind, scalar) in out.items()][:PLACES]

    def _places(self, gap: Gap) -> list[str]:
        """Indices of the text, and variables that may be one, those first that are read least."""
        seen = {text: None for s in self.at.device if s.node.kind == "ARRAY_SUBSCRIPT_EXPR"
                and len(s.node.children) == 2 and (text := self.at.source(s.node.children[1]))
                and self.scope.visible(s.node.children[1], gap.site)}
        some = [v for v in self.scope.at_site(gap.site) if integral(v.node)]
        seldom = [v.spelled for v in sorted(some, key=lambda v: self._named[v.node.key])]
        outer = [v.spelled for v in reversed(some)]  # what all the rest is made of
        likely = [*list(seen)[:INDICES - 2 * BOTH_ENDS], *seldom[:BOTH_ENDS], *outer[:BOTH_ENDS]]
        return list(dict.fromkeys([*likely, *seen, *seldom]))[:INDICES]

    @cached_property
    def _named(self) -> Counter[int]:
        """How often a variable is named."""
        return Counter(s.node.referenced.key for s in self.at.device
                       if s.node.kind == "DECL_REF_EXPR" and s.node.referenced is not None)

    def again(self, gap: Gap, made: Made, alone: bool = False) -> None:
        """A statement of the text once more, with a variable nobody reads, or, if not that `alone`, as it is and with
        numbers twice or half as large."""
        found: dict[str, None] = {}
        unread = [v for v in self.scope.at_site(gap.site) if v.spelled in self.flow.asking[1]]
        for s in self.at.device if not gap.host else ():
            outer = next((a for a in reversed(s.above) if a.kind != "UNEXPOSED_EXPR"), None)
            whole = s.node.kind in EXPRESSIONS and stands_alone(self.at, s)
            if not whole or outer is None or outer.kind != "COMPOUND_STMT" \
                    or not self.scope.visible(s.node, gap.site, alike=True):
                continue
            source = self.at.source(s.node)
            for other in self._others(s.node, unread) if self._beside(gap, s) else ():
                found.setdefault(other)
            if alone:
                continue
            for digits in dict.fromkeys(m[0] for m in re.finditer(r"\b[1-9]\d*\b", source)):
                for new in (int(digits) // 2, int(digits) * 2):
                    if new:
                        found.setdefault(re.sub(rf"\b{digits}\b", str(new), source) + ";")
            found.setdefault(source + ";")
        for spelled in found:
            told = f"{short(spelled.rstrip(';'))} is put in"
            made.add((gap.at, gap.at), spelled, told, COST - 1, Kind.STATEMENT)

    def _beside(self, gap: Gap, s: Site) -> bool:
        """Whether nothing lies between a gap and a statement."""
        start, end = sorted((gap.at, s.start if gap.at <= s.start else after(self.at, s)))
        return not self.at.mask[start:end].strip()

    def _others(self, n: Node, unread: Sequence[Name]) -> Iterator[str]:
        """A statement with a variable that nobody reads in the place of one of its type, and at one of the numbers its
        like are at, or halfway."""
        source = self.at.source(n)
        for v in unread:
            for name in dict.fromkeys(x.spelling for x in n.walk() if x.kind == "DECL_REF_EXPR"
                                      and x.spelling != v.spelled and _plain(x) == _plain(v.node)):
                one = re.sub(rf"\b{re.escape(name)}\b", v.spelled, source)
                for digits in dict.fromkeys(m[0] for m in re.finditer(r"\b[1-9]\d*\b", one)):
                    for new in (int(digits) // 2, int(digits) * 2, int(digits) * 3):
                        yield re.sub(rf"\b{digits}\b", str(new), one) + ";"
                yield f"{one};"

    # ------------------------------------------------------------ calls

    @cached_property
    def called(self) -> dict[str, list[Node]]:
        """Function type -> its calls, of functions of the platform that are called for what they do."""
        found: dict[str, list[Node]] = {}
        for s in self.at.every:
            n = s.node
            if self.at.from_header(n) and n.referenced is not None and stands_alone(self.at, s) \
                    and (self._on_device(n) or self._copies(n)) \
                    and not self.at.primitive(n).startswith("barrier") and n.arguments \
                    and all(self.at.source(a) for a in n.arguments):
                found.setdefault(n.referenced.signature, []).append(n)
        return found

    @cached_property
    def _callees(self) -> frozenset[str]:
        return frozenset(self.at.callee(s.node) for s in self.at.calls(self.at.device))

    @cached_property
    def pointers(self) -> dict[str, Node]:
        """Pointers and arrays as they are handed to functions, those alone first."""
        names: dict[str, Node] = {}
        moved: dict[str, Node] = {}
        for s in self.at.every:
            n = self.at.bare(s.node)
            text = self.at.source(n)
            if text and n.kind == "DECL_REF_EXPR" and n.type.kind in ("array", "pointer"):
                names.setdefault(text, n)
            elif text and n.kind == "BINARY_OPERATOR" and n.binary == "+" and n.type.kind == "pointer":
                moved.setdefault(text, n)
        return names | moved

    @cached_property
    def _moved(self) -> frozenset[str]:
        """Pointers that are handed over with an offset: alone they are less likely."""
        return frozenset(root(t) for t, n in self.pointers.items() if n.kind == "BINARY_OPERATOR")

    def _pointers(self, gap: Gap) -> dict[str, Node]:
        """Those that can be named at a gap, arrays that nobody names yet among them, and pointers moved as others."""
        here = {v.spelled: v.node for v in self.scope.at_site(gap.site) if v.node.type.kind in ("array", "pointer")}
        out = here | {t: n for t, n in self.pointers.items() if self.scope.visible(n, gap.site, alike=True)}
        for text, n in list(out.items()):
            named = n.kind == "BINARY_OPERATOR" and self.at.bare(n.children[0]).kind == "DECL_REF_EXPR"
            for name, v in here.items() if named else ():
                if v.type.kind == "pointer" and _element(v) == _element(n):  # another pointer moved as far
                    out.setdefault(re.sub(rf"\b{re.escape(root(text))}\b", name, text), v)
        return out

    def calls(self, gap: Gap, made: Made) -> None:
        """A function of the platform is called, with operands that are at hand."""
        for kind, examples in self._kinds(gap):
            self._call(gap, made, kind, examples)

    def handed(self, gap: Gap, made: Made, names: frozenset[str]) -> None:
        """The same of functions that read nothing but these arrays and registers."""
        for kind, examples in self._kinds(gap):
            if not any(self._copies(e) for e in examples):
                self._call(gap, made, kind, examples, names)

    def _kinds(self, gap: Gap) -> Iterator[tuple[str, list[Node]]]:
        """The types of functions that may be called, with the calls there are."""
        device = not gap.host
        for kind, examples in self.called.items():
            here = [e for e in examples if self._on_device(e) is device]
            if here:
                yield kind, here
        held = {_element(n) for n in self.pointers.values() if self.scope.visible(n, gap.site)} - {""}
        for element in held if device else ():
            seconds = ("", f"const {element} *, ", f"{element}, ")
            more = [f"void ({element} *, const {element} *, {second}int)" for second in seconds]
            for v in sorted({_plain(v.node) for v in self._unread(gap)}):
                more += [f"void ({element} *, {v})", *(f"void ({element} *, {m}, {v})" for m in self._masks)]
            yield from ((k, []) for k in more if k not in self.called and k in alike(self.at.platform))

    @cached_property
    def _masks(self) -> dict[str, dict[str, Node]]:
        """What says which lanes of a register count: types of parameters, and what is handed over for them."""
        found: dict[str, dict[str, Node]] = {}
        for s in self.at.calls(self.at.device):
            if s.node.referenced is None or not any(map(is_register, (s.node, *s.node.arguments))):
                continue
            m = _PARAMS.fullmatch(s.node.referenced.signature)
            for kind, a in zip(m[1].split(", ") if m else (), s.node.arguments, strict=False):
                if kind.startswith("unsigned") and self.at.source(a):
                    found.setdefault(kind, {}).setdefault(self.at.source(a), a)
        return found

    def _unread(self, gap: Gap) -> list[Name]:
        """Registers that were computed for nothing."""
        return [v for v in self.scope.at_site(gap.site) if is_register(v.node) and v.spelled in self.flow.unread]

    def _call(
        self, gap: Gap, made: Made, kind: str, examples: list[Node], only: frozenset[str] = frozenset(),
    ) -> None:
        examples = sorted(examples, key=lambda e: not any(root(self.at.source(a)) in only for a in e.arguments))
        used = list(dict.fromkeys(self.at.source(e).partition("(")[0] for e in examples))
        others = [o for o in alike(self.at.platform).get(kind, ()) if o not in used] if not gap.host else []
        others.sort(key=lambda o: (-max((letters_alike(o, u) for u in self._callees), default=0), o))
        names = [*used, *others][:FUNCTIONS]
        m = _PARAMS.fullmatch(kind)
        types = [t.strip() for t in m[1].split(",")] if m else []
        count = len(examples[0].arguments) if examples else len(types)
        if len(types) != count and not examples:
            return
        operands = [self._operands(gap, types[i] if i < len(types) else "", [e.arguments[i] for e in examples
                    if i < len(e.arguments)]) for i in range(count)]
        operands = [[t for t in some if not (p and _reads(p)) or self._made(t, gap)]
                    for p, some in zip([*types, *[""] * count], operands, strict=False)]
        if self.asked:
            operands = self._asked(gap, [types[i] if i < len(types) else "" for i in range(count)], operands)
        if only:
            registers = {_plain(v.node) for v in self.scope.at_site(gap.site) if is_register(v.node)}
            held = [p in registers or p.endswith("*") and _reads(p) for p in [*types, *[""] * count]]
            operands = [[t for t in some if root(t) in only] if h else some
                        for h, some in zip(held, operands, strict=False)]
        if not names or not operands or not all(operands):
            return
        digits = [[(f, LATER * i) for i, f in enumerate(names)]]
        flow = self._flow(gap)
        read = flow.inputs & flow.unread | (flow.unread | flow.spent(gap.at)) - flow.unwritten - flow.outputs
        for p, some in zip([*types, *[""] * count], operands, strict=False):
            wanted = read if _reads(p) else flow.unwritten
            taken = [] if _reads(p) else [self.at.source(a) for e in examples for a in e.arguments]
            likely = {t for t in some if root(t) in wanted or not p.endswith("*")}
            likely |= {t for t in some if t not in taken and root(t) in map(root, taken)}  # in arrays others write to
            digits.append([(t, LATER * i + (0.0 if t in likely else UNASKED)) for i, t in enumerate(some)])
            digits[-1].sort(key=lambda d: d[1])
        while math.prod(len(d) for d in digits) > MOST:
            longest = max(range(len(digits)), key=lambda i: (i > 0 and len(digits[i]) > SOME, len(digits[i])))
            digits[longest] = digits[longest][:-1]
        self._put(gap, made, digits, lambda d: f"{d[0]}({', '.join(d[1:])});", KNOWN if only else COST,
                  among=table(self.at.platform, kind))

    def registers(self, gap: Gap, made: Made, names: frozenset[str]) -> None:
        """A register is assigned what a function makes of these, and of what it held."""
        here = [v for v in self.scope.at_site(gap.site) if is_register(v.node)]
        changing = [v for v in here if not v.node.type.const and v.start < gap.at]
        changing.sort(key=lambda v: (v.end, -v.start), reverse=True)  # what outlives the block around a gap
        for v in changing[:INTO]:
            kind = _plain(v.node)
            values = [x.spelled for x in here if x.spelled in names and _plain(x.node) == kind and x is not v]
            some = [(t, LATER * i) for i, t in enumerate([*values, v.spelled])]
            for count in (1, 2, 3) if values else ():
                signature = f"{kind} ({', '.join([kind] * count)})"
                offered = sorted(alike(self.at.platform).get(signature, ()), key=lambda o: (
                    o not in self._callees, -max((letters_alike(o, u) for u in self._callees), default=0), o))
                acts = [(f, LATER * i) for i, f in enumerate(offered[:MOST // len(some) ** count])]
                if acts:
                    self._put(gap, made, [acts, *[some] * count],
                              lambda d, into=v.spelled: f"{into} = {d[0]}({', '.join(d[1:])});",  # type: ignore[misc]
                              KNOWN, among=table(self.at.platform, signature))

    def _asked(self, gap: Gap, types: Sequence[str], operands: list[list[str]]) -> list[list[str]]:
        """The operands without what nothing asks for; none where nothing asks for any."""
        for writes, wanted in zip((True, False), self._flow(gap).asking, strict=True):
            for i, (kind, some) in enumerate(zip(types, operands, strict=True)):
                few = [t for t in some if root(t) in wanted]
                if few and _reads(kind) is not writes:
                    return [*operands[:i], few, *operands[i + 1:]]
        return []

    def _operands(self, gap: Gap, param: str, examples: list[Node]) -> list[str]:
        """What could be handed over for a parameter: what is handed over elsewhere, and what else has its type."""
        seen = dict.fromkeys(self.at.source(e) for e in examples if self.scope.visible(e, gap.site, alike=True))
        bare = param.replace("const ", "").strip()
        if bare.endswith("*"):
            element, writes = bare[:-1].strip(), not param.startswith("const")
            for text, n in self._pointers(gap).items():
                numbers = n.type.inner is not None and n.type.inner.dtype is not None and _element(n)
                fits = bool(numbers) and (element == "void" or _element(n) == element)
                if fits and not (writes and frozen(n)):
                    seen.setdefault(text)
            flow = self._flow(gap)
            wanted = flow.unwritten if writes else flow.unread
            taken = {self.at.source(e) for e in examples} if writes else set()  # these are written already
            pointers = sorted(seen, key=lambda t: (root(t) not in wanted, t in taken, t in self._moved))[:POINTERS]
            return [f"(({param})({t}))" for t in pointers] if element == "void" else pointers
        if examples and self.at.bare(examples[0]).is_enum:
            enum = self.at.bare(examples[0]).referenced
            parent = enum.cursor.semantic_parent if enum is not None else None
            siblings = [c.spelling for c in parent.get_children()] if parent is not None and enum is not None else []
            spelled = next(iter(seen), "")
            name = enum.spelling if enum is not None else ""
            siblings = [spelled.removesuffix(name) + o for o in siblings] if spelled.endswith(name) else []
            usual = ways(self.at.platform)
            near = sorted(siblings, key=lambda o: (o not in usual, -letters_alike(o, name)))
            return list(dict.fromkeys([*seen, *near]))[:POINTERS]
        if bare in ("float", "_Float16", "double"):
            seen = {**dict.fromkeys(self.scope.constants), **seen}
            for text, n in self.sources.items():
                if _plain(n) == bare and self.scope.visible(n, gap.site):
                    seen.setdefault(text)
            return list(seen)[:POINTERS]
        if some := [v.spelled for v in self.scope.at_site(gap.site) if is_register(v.node) and _plain(v.node) == bare]:
            some.sort(key=lambda t: t not in self.flow.unread)
            return list(dict.fromkeys([*some, *seen]))[:POINTERS]
        if masks := self._masks.get(bare):
            return list(dict.fromkeys([*seen, *(t for t, n in masks.items() if self.scope.visible(n, gap.site))]))
        if not re.fullmatch(r"(?:unsigned |signed )?(?:int|long|long long|short|char)|size_t|u?int\d+_t", bare):
            return list(seen)[:POINTERS]
        extents = [] if gap.host else self._extents(gap, any("sizeof" in t for t in seen))
        seen |= dict.fromkeys(extents)
        for e in (e for calls in self.called.values() for e in calls if self._on_device(e) is not gap.host):
            for a in (n for given in e.arguments for n in counts(self.at.bare(given))):
                if integral(self.at.bare(a)) and self.at.source(a) and self.scope.visible(a, gap.site):
                    seen.setdefault(self.at.source(a))
        return list(seen)[:max(LENGTHS, len(examples)) + len(extents)][:POINTERS]

    def _extents(self, gap: Gap, in_bytes: bool) -> list[str]:
        """How many elements the arrays at a gap have, of those first that are read no more."""
        read = self.flow.unread | self.flow.spent(gap.at)
        arrays = [v for v in self.scope.at_site(gap.site) if v.node.type.kind == "array" and _element(v.node)]
        arrays.sort(key=lambda v: v.spelled not in read)
        sizes = (f"{v.node.type.count} * sizeof({_element(v.node)})" if in_bytes else str(v.node.type.count)
                 for v in arrays if v.node.type.count)
        return list(dict.fromkeys(sizes))[:EXTENTS]

    def _copies(self, call: Node) -> bool:
        return "memcpy" in self.at.callee(call).lower() or self.at.primitive(call) in ("host.copy", "host.rows")

    def _on_device(self, call: Node) -> bool:
        start = self.at.span(call)[0]
        return any(a <= start < b for a, b in self._kernels)

    @cached_property
    def _kernels(self) -> list[tuple[int, int]]:
        return [self.at.span(f) for f in self.at.functions if self.at.is_device(f)]

    # ------------------------------------------------------------ programs

    def _put(
        self, gap: Gap, made: Made, digits: list[list[tuple[str, float]]], spell: Callable[[Sequence[str]], str],
        cost: float = COST, tell: bool = False, among: Table | None = None,
    ) -> None:
        """The first digit is what is done; the others are operands, the only one of which is to `tell` its values."""
        first, at = len(digits[0]), len(digits[0])
        fields, named = [], []
        for n, d in enumerate(digits[1:]):
            texts = [t for t, _ in d]
            fields.append(texts[0] if len(texts) == 1 else f"xp_{n}")
            if len(texts) > 1:
                digit = f"xp_c / {at} % {len(texts)}"
                named.append(f"auto xp_{n} = {mixed(texts, digit)};")
            at *= len(d)
        cases = [f"if (xp_c % {first} == {n}) {{ {spell([act, *fields])} }}" for n, (act, _) in enumerate(digits[0])]
        telling = [f"xp::seen(0, {fields[0]});"] if tell else []
        acts = [act for act, _ in digits[0]]
        if among is not None and set(acts) <= set(among.names):
            cases = [spell([among.chosen(acts, f"xp_c % {first}"), *fields])]
        program = " ".join([*named, *telling, " else ".join(cases)])
        made.programs.append((gap.at, program, Radix(cost, digits, spell, "", " is put in"), among))


def _fits(kind: str, target: str) -> bool:
    """Whether what is of one type is assigned to the other: numbers with a fraction may have another width."""
    return kind == target or {kind, target} <= FRACTIONS


def _reads(param: str) -> bool:
    """Whether a function only reads what it is handed for a parameter of this type."""
    return param.startswith("const") or not param.endswith("*")


def _plain(n: Node) -> str:
    return n.type.name.replace("const ", "").strip()


def _element(n: Node) -> str:
    return n.type.inner.name.replace("const ", "").strip() if n.type.inner is not None else ""
