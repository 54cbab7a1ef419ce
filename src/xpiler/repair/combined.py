"""Holes around values: a function that is not applied, another value that it is not combined with.

Too many to be spelled one by one: a choice is a number in mixed radix, what is done and with what."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import combinations_with_replacement

from xpiler.repair.hole import Made, Radix
from xpiler.repair.flow import Flow, root
from xpiler.repair.instrument import assignment
from xpiler.repair.loops import flat, formed, planes
from xpiler.repair.offers import USUAL
from xpiler.repair.parts import (
    FRACTIONS, changes, components, computed, integral, is_bound, is_register, is_value, short,
)
from xpiler.repair.scope import Scope
from xpiler.text.clang import Node
from xpiler.text.ctype import CType
from xpiler.text.offered import alike, letters_alike
from xpiler.text.sites import Site, Sites, wrapped

# Functions of one value that are tried around an expression, beside those of the text; other values that are tried as
# its other operand, the nearest in the text first; functions that make one of a register of another type; indices of an
# array that nobody reads; bounds of loops.
OPERANDS, ALONE, BOTH, CONVERTED, INDICES, BOUNDS = 12, 12, 7, 2, 4, 2
# How large a change it is; more where nothing says that the operand is wanted, and for each that comes later.
COST, UNASKED, LATER = 3.5, 1.0, 0.05
_PLAIN = re.compile(r"(?<![a-z])f?(?:add|sub|mul|div|max|min)(?![a-eg-z])")
_LEAVES = ("DECL_REF_EXPR", "ARRAY_SUBSCRIPT_EXPR", "FLOATING_LITERAL", "CALL_EXPR", "BINARY_OPERATOR",
           "UNARY_OPERATOR", "PAREN_EXPR", "CSTYLE_CAST_EXPR", "MEMBER_REF_EXPR")


def combined(at: Sites, scope: Scope, made: Made) -> None:
    """A value that a function is not applied to, or that is not combined with another one."""
    flow = Flow(at)
    used = {at.callee(s.node) for s in at.calls(at.device)}
    others = [(text, s) for s in at.device if _operand(at, s) for text in (at.source(s.node), *components(at, s.node))]
    bounds = _bounds(at)
    for s in (s for s in at.device if _computes(at, s)):
        text, kind = at.source(s.node), s.node.type.name.replace("const ", "").strip()
        known = _known(at, s.node, kind)
        acts = _acts(at, known, used, is_register(s.node))
        here = (v.spelled for v in scope.at_site(s) if v.node.type.name.replace("const ", "").strip() == kind)
        beside = {v: 0.0 if v in flow.unread else UNASKED for v in here if v != text}
        for other, o in sorted(others, key=lambda o: abs(o[1].start - s.start)):
            if o.node.type.name.replace("const ", "").strip() == kind and other != text \
                    and not s.start <= o.start < s.end and scope.visible(o.node, s):
                beside.setdefault(other, LATER * len(beside) + (0.0 if root(other) in flow.unread else UNASKED))
        unread = list(_unread(at, s, scope, kind, flow))
        for other in unread:
            beside.setdefault(other, LATER * len(beside))
        for other in _divisors([t for t, n in bounds if scope.visible(n, s)]) if kind in FRACTIONS else ():
            beside.setdefault(other, UNASKED + LATER * len(beside))
        for other in _converted(at, s, scope, kind, used) if is_register(s.node) else ():
            beside.setdefault(other, UNASKED + LATER * len(beside))
        operands = sorted(beside.items(), key=lambda b: b[1])[:OPERANDS + len(unread)] or [(text, UNASKED)]
        digits = [[(a, LATER * i) for i, a in enumerate(acts)], operands]
        for three in _onto(at, s, known, used):
            for other, more in operands:
                whole = three.format(text, other)
                made.add((s.start, s.end), whole, f"{short(text)} is {whole}", COST + more)
        if acts:
            held = wrapped(text)

            def spell(d: Sequence[str], text: str = text, held: str = held) -> str:
                return d[0].format(x=held, y=wrapped(d[1]), X=text, Y=d[1])

            made.around.append((s.start, s.end, known, tuple(acts), Radix(COST, digits, spell, f"{short(text)} is ")))


def _known(at: Sites, n: Node, kind: str) -> str:
    """A type as it is known before the text, which may have a name of its own for it."""
    own = re.search(rf"\btypedef\b[^;{{}}]*\b{re.escape(kind)}\s*;|\busing\s+{re.escape(kind)}\b".encode(), at.mask)
    return kind if own is None or n.type.dtype is None else at.platform.types.get(n.type.dtype, kind)


def _bounds(at: Sites) -> list[tuple[str, Node]]:
    """Where loops end that end at a number of the text."""
    ends = dict[str, Node]()
    for s in at.device:
        _, cond, _, _ = at.for_parts(s.node) if s.node.kind == "FOR_STMT" else (None, None, None, None)
        if cond is not None and len(cond.children) == 2 and isinstance(at.bare(cond.children[1]).constant, int):
            ends.setdefault(at.source(cond.children[1]), cond.children[1])
    return [(text, n) for text, n in ends.items() if text]


def _divisors(ends: Sequence[str]) -> list[str]:
    """How often loops go, and two of them together: what a mean divides by."""
    some = ends[:BOUNDS]
    return [*some, *(f"{a} * {b}" for a, b in combinations_with_replacement(some, 2))]


def _unread(at: Sites, s: Site, scope: Scope, kind: str, flow: Flow) -> Iterator[str]:
    """Of what was written for nothing: elements of arrays at the indices there are, the innermost first, and at those
    of the loops around in any order, one behind another; the same component of another structure."""
    here = list(scope.at_site(s))
    held = s.node.referenced.cursor.semantic_parent if s.node.kind == "MEMBER_REF_EXPR" and s.node.referenced else None
    for v in here:
        if held is not None and v.spelled in flow.unread and v.node.type.name.replace("const ", "") == held.spelling:
            yield f"{v.spelled}.{s.node.spelling}"
        inner = v.node.type.inner
        if v.spelled in flow.unread and inner is not None and inner.name.replace("const ", "").strip() == kind:
            numbers = [i.spelled for i in here if integral(i.node)][:INDICES]
            indices = dict.fromkeys([*numbers, *flat(at, s, v.spelled), *formed(at, scope, s)])
            yield from (f"{v.spelled}[{i}]" for i in indices)
        elif v.spelled in flow.unread and inner is not None and _element(inner) == kind:
            yield from planes(at, scope, s, v.spelled)


def _element(inner: CType) -> str:
    """What a row of an array holds."""
    return inner.inner.name.replace("const ", "").strip() if inner.inner is not None and inner.kind == "array" else ""


def _converted(at: Sites, s: Site, scope: Scope, kind: str, used: Collection[str]) -> Iterator[str]:
    """What a register of another type is as one of this, by functions whose names are most like those of the text."""
    for v in scope.at_site(s):
        other = v.node.type.name.replace("const ", "").strip()
        if is_register(v.node) and other != kind:
            offered = alike(at.platform).get(f"{kind} ({other})", ())
            near = sorted(offered, key=lambda o: (-max((letters_alike(o, u) for u in used), default=0), o))
            yield from (f"{f}({v.spelled})" for f in near[:CONVERTED])


def _acts(at: Sites, kind: str, used: set[str], register: bool) -> list[str]:
    """What is done with a value x and another one y."""
    offered = alike(at.platform)
    two = of_two(at, kind, used)[:BOTH]
    out = [f"{name}({{X}}, {{Y}})" for name in two]
    out += [f"{name}({{Y}}, {{X}})" for name in two] if register else []
    if not register:
        out[:0] = ["({x} * {y})", "({x} + {y})", "({x} - {y})", "({x} / {y})", "({y} - {x})", "({y} / {x})"]
    return out + [f"{name}({{X}})" for name in _ranked(offered.get(f"{kind} ({kind})", ()), used)[:ALONE]]


def _onto(at: Sites, s: Site, kind: str, used: Collection[str]) -> list[str]:
    """What the text does with three values, where the third is what this one is assigned to: a product and a sum."""
    n = next((n for n in reversed(s.above) if n.kind not in ("UNEXPOSED_EXPR", "PAREN_EXPR")), None)
    sides = assignment(n) if n is not None else None
    into = at.source(sides[0]) if sides is not None and at.span(at.bare(sides[1])) == (s.start, s.end) else ""
    names = alike(at.platform).get(f"{kind} ({kind}, {kind}, {kind})", ()) if into else ()
    return [f"{name}({{}}, {{}}, {into})" for name in names if name in used]


def of_two(at: Sites, kind: str, used: Collection[str]) -> list[str]:
    """Functions of two values of a type: those of the text, then the greater, the sum and their like."""
    names = alike(at.platform).get(f"{kind} ({kind}, {kind})", ())
    return sorted((n for n in names if n in used or _PLAIN.search(n)), key=lambda n: (n not in used, len(n), n))


def _ranked(names: tuple[str, ...], used: set[str]) -> list[str]:
    """Those the text uses first, then those in wide use."""
    return sorted((n for n in names if n in used or n in USUAL), key=lambda n: (n not in used, n))


def _computes(at: Sites, s: Site) -> bool:
    """A number with a fraction, or a register of numbers, that something is computed from or that is kept."""
    n = s.node
    if n.kind not in _LEAVES or not computed(n) or at.is_fixed(s.start, s.end) or not is_value(at, n):
        return False
    parent = next((a for a in reversed(s.above) if a.kind not in ("UNEXPOSED_EXPR", "PAREN_EXPR")), None)
    if parent is None or parent.unary in ("&", "x++", "x--", "++x", "--x") or is_bound(at, s):
        return False
    assigns = parent.binary in ("=", "+=", "-=", "*=", "/=") or changes(parent)
    if assigns and parent.children and at.span(parent.children[0])[1] >= s.end:
        return False  # what is assigned to
    return parent.kind in ("BINARY_OPERATOR", "COMPOUND_ASSIGNMENT_OPERATOR", "VAR_DECL", "RETURN_STMT", "CALL_EXPR")


def _operand(at: Sites, s: Site) -> bool:
    """What may be the other operand of an operation: a variable, an element, a constant, an inner call."""
    n = s.node
    leaf = n.kind in ("DECL_REF_EXPR", "ARRAY_SUBSCRIPT_EXPR", "FLOATING_LITERAL", "CALL_EXPR", "MEMBER_REF_EXPR")
    return leaf and computed(n) and is_value(at, n) and bool(at.source(n)) \
        and not (n.kind == "CALL_EXPR" and not at.callee(n))
