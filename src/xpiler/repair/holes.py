"""The holes of a text: places where a person may have written the wrong thing, and what could stand there instead.

The skeleton stays. Open are numbers and variables in bounds, subscripts, offsets, lengths and guards; operators;
intrinsics and their operands; directions of copies; memories and extents of arrays; barriers; launches. What could
stand in a hole comes from the text itself, from the platform's header, and from small changes of what stands there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from xpiler.repair.scope import Scope
from xpiler.text.clang import Node
from xpiler.text.edits import Edit
from xpiler.text.host_bearing import is_launch
from xpiler.text.offered import alike, letters_alike
from xpiler.text.sites import EXPRESSIONS, Site, Sites, wrapped

# How many other functions of the platform, expressions of the text, and variables are tried in the place of one.
STAND_INS, POOL, NAMES = 8, 12, 8
_ORDER = ("<", "<=", ">", ">=", "==", "!=")
_ARITHMETIC = ("+", "-", "*", "/", "%")
_COMPOUND = ("+=", "-=", "*=", "/=", "=")
_WORDS = re.compile(r"[A-Za-z_]\w*")


class Kind(StrEnum):
    """What a hole is for: an integer, any value, a whole statement (nothing, where one is only put in), or what the
    compiler has to know (a memory, an extent), so that every choice is a text of its own."""

    NUMBER = "number"
    VALUE = "value"
    STATEMENT = "statement"
    FIXED = "fixed"


@dataclass(frozen=True)
class Choice:
    """What could stand in a hole, what that changes in words, and how large a change it is."""

    spelled: str
    what: str
    cost: int


@dataclass(frozen=True)
class Hole:
    """Bytes of a text and what could stand there."""

    start: int
    end: int
    line: int
    kind: Kind
    choices: tuple[Choice, ...]
    names: frozenset[str] = frozenset()  # the words that stand there

    def edit(self, choice: int) -> Edit:
        """The change that makes a choice, counted from 1."""
        return Edit(self.start, self.end, self.choices[choice - 1].spelled)


@dataclass
class _Made:
    """Holes by the bytes they cover, as they are found."""

    at: Sites
    found: dict[tuple[int, int, Kind], dict[str, Choice]] = field(default_factory=dict)

    def add(self, span: tuple[int, int], new: str, what: str, cost: int, kind: Kind = Kind.VALUE) -> None:
        start, end = span
        if end < start or end == start and kind in (Kind.VALUE, Kind.NUMBER):
            return
        if new.split() != self.at.data[start:end].decode().split():
            what = " ".join(what.split())
            self.found.setdefault((start, end, kind), {}).setdefault(new, Choice(new, what, cost))

    def holes(self) -> tuple[Hole, ...]:
        out = []
        for (start, end, kind), choices in self.found.items():
            line, _ = self.at.place(start)
            words = frozenset(_WORDS.findall(self.at.data[start:end].decode()))
            out.append(Hole(start, end, line, kind, tuple(choices.values()), words))
        return tuple(sorted(out, key=lambda h: (h.start, h.start < h.end, -h.end, h.kind is not Kind.STATEMENT)))


def holes(at: Sites) -> tuple[Hole, ...]:
    """The holes of a text, those around others first."""
    made, scope = _Made(at), Scope(at)
    for find in _FINDERS:
        find(at, scope, made)
    return made.holes()


# ---------------------------------------------------------------- values


def _integral(n: Node) -> bool:
    dtype = n.type.dtype
    return n.type.is_scalar and dtype is not None and not dtype.is_float and not n.is_enum


def _value(at: Sites, n: Node) -> bool:
    """An expression that is written out and does nothing but have a value."""
    return bool(at.source(n)) and not any(_changes(x) for x in n.walk())


def _fixed(at: Sites, s: Site) -> bool:
    """Part of what the compiler has to know: an extent, a constant."""
    for n in s.above:
        if n.kind == "VAR_DECL" and (n.type.kind == "array" or b"constexpr" in at.mask[at.span(n)[0]:at.span(n)[1]]):
            first = at.span(n.initializer)[0] if n.initializer is not None and n.type.kind == "array" else 1 << 60
            if s.start < first:
                return True
    return False


def _stands_alone(at: Sites, s: Site) -> bool:
    """A statement that is not an argument of a macro."""
    return at.is_statement(s) and at.mask[:s.start].rstrip()[-1:] not in (b"(", b",")


def _changes(n: Node) -> bool:
    return n.kind == "COMPOUND_ASSIGNMENT_OPERATOR" or n.binary == "=" or n.unary in ("x++", "x--", "++x", "--x")


def _roots(at: Sites) -> Iterator[tuple[Site, Node, int]]:
    """Integers with a job: bounds, subscripts, offsets, lengths, conditions, first values, extents of launches; each
    with how likely it is to be wrong, the least likely last."""
    for s in at.every:
        n = s.node
        match n.kind:
            case "FOR_STMT":
                first, cond, step, _ = at.for_parts(n)
                parts = (*(cond.children if cond is not None else ()), *(step.children[1:] if step is not None else ()))
                yield from ((s, c, 0) for c in parts if _integral(at.bare(c)))
                for v in first.walk() if first is not None else ():
                    if v.kind == "VAR_DECL" and v.initializer is not None and _integral(v):
                        yield s, v.initializer, 0
            case "ARRAY_SUBSCRIPT_EXPR" if len(n.children) == 2:
                yield s, n.children[1], 1
            case "BINARY_OPERATOR" if n.binary in ("+", "-") and n.type.kind == "pointer" and len(n.children) == 2:
                yield s, n.children[1], 1
            case "BINARY_OPERATOR" if n.binary in _ORDER and len(n.children) == 2:
                yield from ((s, c, 1) for c in n.children if _integral(at.bare(c)))
            case "VAR_DECL" if n.initializer is not None and _integral(n) and "constexpr" not in at.source(n):
                yield s, n.initializer, 2
            case "CALL_EXPR" if is_launch(n):
                for shape in n.children[1].arguments[:2] if len(n.children) > 1 else ():
                    yield from ((s, d, 1) for d in _dimensions(at, shape))
            case "CALL_EXPR":
                for a in n.arguments:
                    if _integral(at.bare(a)):
                        yield s, a, 0
            case _:
                pass


def _dimensions(at: Sites, shape: Node) -> Iterator[Node]:
    if _integral(at.bare(shape)):
        yield shape
        return
    named = [n.referenced for n in shape.walk() if n.kind == "DECL_REF_EXPR"]
    for where in (shape, *(n for n in named if n is not None)):
        for n in where.walk():
            if n.kind in ("INIT_LIST_EXPR", "CALL_EXPR"):
                yield from (p for p in (n.children if n.kind == "INIT_LIST_EXPR" else n.arguments) if _integral(p))


def numbers(at: Sites, scope: Scope, made: _Made) -> None:
    """Integers: one more or less, twice or four times as many, another one of the text, without a term."""
    roots = list(_roots(at))
    pool = dict.fromkeys(at.source(e) for _, root, _ in roots for e in _parts(at, root))
    exprs = [(at.source(r), r) for _, r, _ in roots if at.source(r)]
    for s, root, cost in roots:
        site = Site(root, *at.span(root), s.above)
        spelled = at.source(root)
        if not _value(at, root):
            continue
        whole, held = at.span(root), wrapped(spelled)
        changes = {f"{held} + 1": 3, f"{held} - 1": 3, f"{held} * 2": 3, f"{held} / 2": 3, f"{held} * 4": 3,
                   f"{held} / 4": 3}
        for new, more in changes.items() if at.bare(root).kind != "INTEGER_LITERAL" else ():
            made.add(whole, new, f"{spelled} is {new}", cost + more, Kind.NUMBER)
        other = [(t, e) for t, e in exprs if t != spelled and not t.isdigit() and scope.visible(e, site)]
        for text, _ in list(dict(other).items())[:POOL]:
            made.add(whole, wrapped(text), f"{spelled} is {text}", cost + 4, Kind.NUMBER)
        for part in _parts(at, root):
            _part(at, scope, made, site, part, cost, pool)


def _parts(at: Sites, root: Node) -> Iterator[Node]:
    """The sums, products and leaves an integer is made of."""
    for n in root.walk():
        if n.kind in ("INTEGER_LITERAL", "DECL_REF_EXPR", "MEMBER_REF_EXPR", *EXPRESSIONS) and _integral(n) \
                and _value(at, n):
            yield n


def _part(at: Sites, scope: Scope, made: _Made, site: Site, n: Node, cost: int, pool: dict[str, None]) -> None:
    spelled, span = at.source(n), at.span(n)
    match n.kind:
        case "INTEGER_LITERAL":
            value = n.constant
            if not isinstance(value, int):
                return
            near = {value + 1: 2, value - 1: 2, value * 2: 3, value // 2: 3, value * 4: 3, value // 4: 3, 0: 4, 1: 4}
            for new, more in near.items():
                if new >= 0:
                    made.add(span, str(new), f"{spelled} is {new}", cost + more, Kind.NUMBER)
            for text in [p for p in pool if p.isdigit()][:POOL]:
                made.add(span, text, f"{spelled} is {text}", cost + 5, Kind.NUMBER)
        case "BINARY_OPERATOR" if len(n.children) == 2:
            a, b = n.children
            if not (at.source(a) and at.source(b)):
                return
            if n.binary in ("+", "-", "*", "/", "%"):
                for kept in (a, b):
                    made.add(span, wrapped(at.source(kept)), f"{spelled} is {at.source(kept)}", cost + 2, Kind.NUMBER)
            if n.binary in ("+", "*"):  # i * n + j with i and j, or their pitches, in each other's place
                leaves = [x for x in _parts(at, n) if x.kind not in EXPRESSIONS]
                for i, x in enumerate(leaves):
                    for y in leaves[i + 1:]:
                        text = _swapped(at, n, x, y)
                        made.add(span, f"({text})", f"{spelled} is {text}", cost + 2, Kind.NUMBER)
        case "DECL_REF_EXPR" | "MEMBER_REF_EXPR" | "CALL_EXPR" | "UNARY_OPERATOR":
            names = [v for v in scope.at_site(site) if _integral(v.node) and v.spelled != spelled]
            for v in names[:NAMES]:
                made.add(span, v.spelled, f"{spelled} is {v.spelled}", cost + 3, Kind.NUMBER)
            used, every = _axes(at)
            for axis in every if spelled in every else used:
                if axis != spelled:
                    made.add(span, axis, f"{spelled} is {axis}", 1 if spelled in every else cost + 5, Kind.NUMBER)
        case _:
            pass


def _axes(at: Sites) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the platform's indices and extents: those the text uses and those beside them, and all of them."""
    if at.platform.model == "serial":
        return (), ()
    every = tuple(dict.fromkeys(name for a in at.platform.axes for name in (a.index, a.extent) if name))
    text = at.mask.decode()
    used = {re.split(r"[.XYZ]", name)[0] for name in every if re.search(rf"\b{re.escape(name)}\b", text)}
    return tuple(name for name in every if re.split(r"[.XYZ]", name)[0] in used), every


def _swapped(at: Sites, n: Node, x: Node, y: Node) -> str:
    start, end = at.span(n)
    (a, b), (c, d) = sorted((at.span(x), at.span(y)))
    data = at.data
    if b > c:  # both of one macro
        return data[start:end].decode()
    return (data[start:a] + data[c:d] + data[b:c] + data[a:b] + data[d:end]).decode()


# ---------------------------------------------------------------- operators, calls, statements


def operators(at: Sites, scope: Scope, made: _Made) -> None:
    """Another comparison, another arithmetic operation, operands in the other order."""
    for s in at.device:
        n = s.node
        sign = at.sign(n) if n.kind in ("BINARY_OPERATOR", "COMPOUND_ASSIGNMENT_OPERATOR") else None
        if sign is None or len(n.children) != 2 or _fixed(at, s):
            continue
        a, b = (at.source(c) for c in n.children)
        floats = n.type.dtype is not None and n.type.dtype.is_float
        table: tuple[str, ...] = _ORDER if n.binary in _ORDER else _ARITHMETIC if n.binary in _ARITHMETIC else ()
        table = tuple(o for o in table if not floats or o != "%")
        for new in table if n.type.kind != "pointer" else ():
            if new != n.binary:
                made.add((s.start, s.end), f"({a} {new} {b})", f"{n.binary} is {new}", 2 if n.binary in _ORDER else 3)
        if n.binary in ("-", "/") and n.type.kind != "pointer":
            made.add((s.start, s.end), f"({b} {n.binary} {a})", "the operands change places", 3)
        if n.binary in _COMPOUND and _stands_alone(at, s):
            for new in _COMPOUND:
                if new != n.binary and (new == "=" or n.binary != "="):
                    made.add((s.start, s.end), f"{a} {new} {b}", f"{n.binary} is {new}", 3, Kind.STATEMENT)


def literals(at: Sites, scope: Scope, made: _Made) -> None:
    """Other float constants: those of the text, their negatives, a half, nought and one."""
    spelled = dict.fromkeys(at.source(s.node) for s in at.device if s.node.kind == "FLOATING_LITERAL")
    for s in at.device:
        if s.node.kind == "FLOATING_LITERAL" and (text := at.source(s.node)):
            for new in (*spelled, f"-{text}", f"({text} / 2)", f"({text} * 2)", "0.0f", "1.0f"):
                made.add((s.start, s.end), new, f"{text} is {new}", 4)


def calls(at: Sites, scope: Scope, made: _Made) -> None:
    """Another function of the same type, arguments in another order, another array, the other way of a copy."""
    for s in at.every:
        n = s.node
        if at.from_header(n) and n.referenced is not None:
            name, span = at.callee(n), (s.start, s.end)
            kind = Kind.STATEMENT if _stands_alone(at, s) else Kind.VALUE
            start = at.data.find(name.encode(), s.start)
            behind = at.data[start + len(name):s.end].decode()
            others = sorted((o for o in alike(at.platform).get(n.referenced.signature, ()) if o != name),
                            key=lambda o: (-letters_alike(o, name), o))
            for new in others[:STAND_INS]:
                made.add(span, f"{new}{behind}", f"{name} is {new}", 3, kind)
            arguments = n.arguments
            for i, a in enumerate(arguments):
                for b in arguments[i + 1:]:
                    one, other = at.bare(a), at.bare(b)
                    if one.type.name == other.type.name and _frozen(one) == _frozen(other) \
                            and at.source(a) and at.source(b):
                        text = _swapped(at, n, a, b)
                        made.add(span, text, f"the arguments of {name} change places", 3, kind)
        if n.kind == "DECL_REF_EXPR" and not _fixed(at, s):
            _other_name(at, scope, made, s)


def _other_name(at: Sites, scope: Scope, made: _Made, s: Site) -> None:
    ref, span = s.node.referenced, (s.start, s.end)
    if ref is None or not at.source(s.node) or s.above and s.parent.unary == "&":
        return
    if ref.kind == "ENUM_CONSTANT_DECL":
        parent = ref.cursor.semantic_parent
        same = [c.spelling for c in parent.get_children()] if parent is not None else []
        near = sorted((o for o in same if o and o != ref.spelling), key=lambda o: (-letters_alike(o, ref.spelling), o))
        for new in near[:16]:
            made.add(span, new, f"{ref.spelling} is {new}", 1)
    elif ref.kind in ("VAR_DECL", "PARM_DECL") and ref.type.kind in ("array", "pointer", "scalar") \
            and not _integral(ref):
        # The bounds of an array are known where it is named itself.
        named = ref.type.kind == "array" and any(n.kind == "ARRAY_SUBSCRIPT_EXPR" for n in s.above[-2:])
        inner = ref.type.inner.dtype if ref.type.inner is not None else ref.type.dtype
        for v in list(scope.at_site(s))[:3 * NAMES]:
            other = v.node.type.inner.dtype if v.node.type.inner is not None else v.node.type.dtype
            held = (v.node.type.kind in ("array", "pointer")) == (ref.type.kind in ("array", "pointer"))
            if v.spelled != ref.spelling and other == inner and held and _frozen(v.node) <= _frozen(ref):
                made.add(span, v.spelled, f"{ref.spelling} is {v.spelled}", 4, Kind.FIXED if named else Kind.VALUE)


def _frozen(n: Node) -> bool:
    return n.type.const if n.type.is_scalar else n.type.inner is not None and n.type.inner.const


def statements(at: Sites, scope: Scope, made: _Made) -> None:
    """A barrier before a statement, a statement that is not done, a guard around it or none."""
    barriers = [t for t in dict.fromkeys((at.platform.barriers or {}).values()) if t]
    guards = [(at.source(s.node.children[0]), s.node.children[0]) for s in at.device
              if s.node.kind == "IF_STMT" and s.node.children and at.source(s.node.children[0])]
    for s in at.device:
        n = s.node
        if n.kind == "IF_STMT" and n.children and at.source(n.children[0]):
            cond = n.children[0]
            made.add(at.span(cond), "true", f"no guard {at.source(cond)}", 4)
            made.add(at.span(cond), f"!({at.source(cond)})", f"not {at.source(cond)}", 4)
        if n.kind not in ("FOR_STMT", "WHILE_STMT", "IF_STMT") and not (n.kind in EXPRESSIONS and _stands_alone(at, s)):
            continue
        outer = next((a for a in reversed(s.above) if a.kind != "UNEXPOSED_EXPR"), None)
        for spelled in barriers if outer is not None and outer.kind == "COMPOUND_STMT" else ():
            end = _after(at, s)
            made.add((s.start, s.start), spelled, f"{spelled} before {_short(at.source(n))}", 3, Kind.STATEMENT)
            made.add((end, end), spelled, f"{spelled} behind {_short(at.source(n))}", 3, Kind.STATEMENT)
        if n.kind in EXPRESSIONS and _stands_alone(at, s):
            made.add((s.start, s.end), "(void)0", f"no {_short(at.source(n))}", 5, Kind.STATEMENT)
            for text, cond in guards[:4]:
                if scope.visible(cond, s):
                    made.add((s.start, s.end), f"if ({text}) {at.source(n)}", f"if ({text})", 5, Kind.STATEMENT)


def _after(at: Sites, s: Site) -> int:
    """The byte behind a statement and its semicolon."""
    m = re.compile(rb"\s*;").match(at.mask, s.end)
    return m.end() if m else s.end


def _short(source: str) -> str:
    said = " ".join(source.split())
    return said if len(said) <= 48 else f"{said[:45]}..."


# ---------------------------------------------------------------- what the compiler has to know


def declared(at: Sites, scope: Scope, made: _Made) -> None:
    """The memory of an array, its extent, the first value of a variable."""
    qualifiers = [s.qualifier for s in at.platform.spaces if s.qualifier.startswith("__")]
    pool = dict.fromkeys(m[1].decode() for m in re.finditer(rb"\[\s*([\w\s*+]+?)\s*\]", at.mask))
    for s in at.device:
        n = s.node
        if n.kind != "VAR_DECL":
            continue
        if n.type.kind == "array":
            _array(at, made, s, qualifiers, pool)
        elif n.type.is_scalar and n.initializer is None:
            made.add((s.end, s.end), " = 0", f"{n.spelling} starts at 0", 2, Kind.FIXED)


def _array(at: Sites, made: _Made, s: Site, qualifiers: list[str], pool: dict[str, None]) -> None:
    start = at.mask.rfind(b"\n", 0, s.start) + 1
    start = max(start, *(at.mask.rfind(c, 0, s.start) + 1 for c in (b";", b"{", b"}")))
    head = at.mask[start:s.end]
    here = [q for q in qualifiers if re.search(rb"\b" + q.encode() + rb"\b", head)]
    for one in here:
        at_byte = start + head.find(one.encode())
        for new in (*(q for q in qualifiers if q != one), ""):
            made.add((at_byte, at_byte + len(one)), new, f"{one} is {new or 'gone'}", 2, Kind.FIXED)
    if not here:
        first = start + len(head) - len(head.lstrip())
        for new in qualifiers:
            made.add((first, first), f"{new} ", f"{s.node.spelling} is {new}", 2, Kind.FIXED)
    dims = re.search(rb"\b" + re.escape(s.node.spelling.encode()) + rb"((?:\s*\[[^\[\]]+\])+)", at.mask[s.start:s.end])
    for m in re.finditer(rb"\[([^\[\]]+)\]", dims[1]) if dims else ():
        begin = s.start + dims.start(1) + m.start(1) if dims else 0
        spelled = m[1].decode().strip()
        held = wrapped(spelled)
        for new in (f"{held} + 1", f"{held} * 2", f"{held} * 4", f"{held} - 1", *list(pool)[:POOL]):
            made.add((begin, begin + len(m[1])), new, f"{s.node.spelling} has {new}, not {spelled}", 3, Kind.FIXED)


_FINDERS: tuple[Callable[[Sites, Scope, _Made], None], ...] = (
    numbers, operators, literals, calls, statements, declared,
)
