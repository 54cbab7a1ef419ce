"""Holes for integers: bounds, subscripts, offsets, lengths, launches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

from xpiler.repair.hole import Kind, Made
from xpiler.repair.parts import ORDER, changes, exchanged, integral, is_value, named_sizes
from xpiler.repair.scope import Scope
from xpiler.text.clang import Node
from xpiler.text.hosts.bearing import is_launch
from xpiler.text.sites import EXPRESSIONS, Site, Sites, wrapped

# How many other expressions of the text, variables, and named sizes, are tried in the place of one.
POOL, NAMES, SIZES = 12, 8, 8
# What has two numbers in each other's place as a whole: a product, a quotient; and how many of these are tried.
_FACTORS, WHOLES = ("*", "/", "%"), 4
# So much smaller a change it is to leave a number out that is added, and so much larger that a number and a variable
# change places: many changes only stop a broken rule, and the likelier ones are to be followed first.
SLIGHTLY = 0.5
# How large a change another index or extent of the platform is; and an index for an extent.
ALIKE, UNLIKE = 1, 2.5


def _roots(at: Sites) -> Iterator[tuple[Site, Node, int]]:
    """Integers with a job: bounds, subscripts, offsets, lengths, conditions, first values and others that a variable
    gets, extents of launches; each with how likely it is to be wrong, the least likely last."""
    for s in at.every:
        n = s.node
        match n.kind:
            case "FOR_STMT":
                first, cond, step, _ = at.for_parts(n)
                parts = (*(cond.children if cond is not None else ()), *(step.children[1:] if step is not None else ()))
                yield from ((s, c, 0) for c in parts if integral(at.bare(c)))
                for v in first.walk() if first is not None else ():
                    if v.kind == "VAR_DECL" and v.initializer is not None and integral(v):
                        yield s, v.initializer, 0
            case "ARRAY_SUBSCRIPT_EXPR" if len(n.children) == 2:
                yield s, n.children[1], 1
            case "BINARY_OPERATOR" if n.binary in ("+", "-") and n.type.kind == "pointer" and len(n.children) == 2:
                yield s, n.children[1], 1
            case "BINARY_OPERATOR" | "COMPOUND_ASSIGNMENT_OPERATOR" if changes(n) and len(n.children) == 2 \
                    and (integral(n.children[0]) or n.children[0].type.kind == "pointer"):
                yield s, n.children[1], 1
            case "BINARY_OPERATOR" if n.binary in ORDER and len(n.children) == 2:
                yield from ((s, c, 1) for c in n.children if integral(at.bare(c)))
            case "VAR_DECL" if n.initializer is not None and integral(n) and "constexpr" not in at.source(n):
                yield s, n.initializer, 2
            case "CALL_EXPR" if is_launch(n):
                for shape in n.children[1].arguments[:2] if len(n.children) > 1 else ():
                    yield from ((s, d, 1) for d in _dimensions(at, shape))
            case "CALL_EXPR":
                for a in n.arguments:
                    if integral(at.bare(a)):
                        yield s, a, 0
            case _:
                pass


def _dimensions(at: Sites, shape: Node) -> Iterator[Node]:
    if integral(at.bare(shape)):
        yield shape
        return
    named = [n.referenced for n in shape.walk() if n.kind == "DECL_REF_EXPR"]
    for where in (shape, *(n for n in named if n is not None)):
        for n in where.walk():
            if n.kind in ("INIT_LIST_EXPR", "CALL_EXPR"):
                yield from (p for p in (n.children if n.kind == "INIT_LIST_EXPR" else n.arguments) if integral(p))


def numbers(at: Sites, scope: Scope, made: Made) -> None:
    """Integers: one more or less, twice or four times as many, another one of the text, without a term."""
    roots = [(s, part, cost) for s, root, cost in _roots(at) for part in _written(at, root)]
    pool = dict.fromkeys(at.source(e) for _, root, _ in roots for e in _parts(at, root))
    sizes = named_sizes(at)
    exprs = [(at.source(r), r) for _, r, _ in roots if at.source(r)]
    for s, root, cost in roots:
        site = Site(root, *at.span(root), s.above)
        spelled = at.source(root)
        if not is_value(at, root) or root.type.kind == "pointer":
            continue  # a 0 that is no number
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
            if (text := at.source(part)) in sizes:
                for other_size in [t for t, known in sizes.items() if t != text and known <= site.start][:SIZES]:
                    made.add(at.span(part), other_size, f"{text} is {other_size}", cost + 3, Kind.NUMBER)


def _written(at: Sites, root: Node) -> Iterator[Node]:
    """An integer, or where a macro stands for it what of it is written as its arguments."""
    if at.source(root):
        yield root
        return
    for c in root.children:
        yield from (n for n in _written(at, c) if integral(at.bare(n)))


def _parts(at: Sites, root: Node) -> Iterator[Node]:
    """The sums, products and leaves an integer is made of."""
    for n in root.walk():
        if n.kind in ("INTEGER_LITERAL", "DECL_REF_EXPR", "MEMBER_REF_EXPR", *EXPRESSIONS) and integral(n) \
                and is_value(at, n):
            yield n


def _part(at: Sites, scope: Scope, made: Made, site: Site, n: Node, cost: int, pool: dict[str, None]) -> None:
    spelled, span = at.source(n), at.span(n)
    match n.kind:
        case "INTEGER_LITERAL":
            value = n.constant
            if not isinstance(value, int):
                return
            near = [(value + 1, 2), (value - 1, 2), (value * 2, 3), (value // 2, 3), (value * 4, 3), (value // 4, 3),
                    (0, 4), (1, 4)]
            if value > 1 and not value & (value + 1):  # a mask of so many lanes
                near += [(2 * value + 1, 3), (value // 2, 3)]
            for new, more in near:  # the first of each counts
                if new >= 0:
                    made.add(span, str(new), f"{spelled} is {new}", cost + more, Kind.NUMBER)
            for text in [p for p in pool if p.isdigit()][:POOL]:
                made.add(span, text, f"{spelled} is {text}", cost + 5, Kind.NUMBER)
            for v in [v for v in scope.at_site(site) if integral(v.node)][:NAMES] if value > 1 else ():
                made.add(span, v.spelled, f"{spelled} is {v.spelled}", cost + 4, Kind.NUMBER)
        case "BINARY_OPERATOR" if len(n.children) == 2:
            a, b = n.children
            if not (at.source(a) and at.source(b)):
                return
            if n.binary in ("+", "-", "*", "/", "%", ">>", "<<", "&", "|", "^"):
                for kept, left in ((a, b), (b, a)):
                    less = SLIGHTLY * (n.binary in ("+", "-") and at.bare(left).kind == "INTEGER_LITERAL")
                    made.add(span, wrapped(at.source(kept)), f"{spelled} is {at.source(kept)}", cost + 2 - less,
                             Kind.NUMBER)
            if n.binary in ("+", "*"):  # i * n + j with i and j, or their pitches, in each other's place
                inner = list(_parts(at, n))[1:]
                leaves = [x for x in inner if x.kind not in EXPRESSIONS]
                wholes = [x for x in inner if at.bare(x).binary in _FACTORS][:WHOLES] if n.binary == "+" else []
                some = list(combinations(leaves, 2))
                some += [(x, y) for x in wholes for y in inner if _apart(at, x, y) and (y, x) not in some][:POOL]
                for x, y in some:
                    text = exchanged(at, n, x, y)
                    unlike = SLIGHTLY * (x.kind != y.kind or x in wholes)
                    made.add(span, f"({text})", f"{spelled} is {text}", cost + 2 + unlike, Kind.NUMBER)
        case "DECL_REF_EXPR" | "MEMBER_REF_EXPR" | "CALL_EXPR" | "UNARY_OPERATOR":
            names = [v for v in scope.at_site(site) if integral(v.node) and v.spelled != spelled]
            for v in names[:NAMES]:
                made.add(span, v.spelled, f"{spelled} is {v.spelled}", cost + 3, Kind.NUMBER)
            used, every = _axes(at)
            indices = {a.index for a in at.platform.axes}
            for axis in every if spelled in every else used:
                if axis != spelled:
                    likely = ALIKE if (spelled in indices) == (axis in indices) else UNLIKE
                    made.add(span, axis, f"{spelled} is {axis}", likely if spelled in every else cost + 5, Kind.NUMBER)
        case _:
            pass


def _apart(at: Sites, x: Node, y: Node) -> bool:
    """Whether neither of two expressions lies in the other."""
    (a, b), (c, d) = at.span(x), at.span(y)
    return b <= c or d <= a


def _axes(at: Sites) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the platform's indices and extents: those the text uses and those beside them, and all of them."""
    if at.platform.model == "serial":
        return (), ()
    every = tuple(dict.fromkeys(name for a in at.platform.axes for name in (a.index, a.extent) if name))
    text = at.mask.decode()
    used = {re.split(r"[.XYZ]", name)[0] for name in every if re.search(rf"\b{re.escape(name)}\b", text)}
    return tuple(name for name in every if re.split(r"[.XYZ]", name)[0] in used), every
