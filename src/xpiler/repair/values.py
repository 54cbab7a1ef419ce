"""Holes for values: operators, constants, functions, operands, arrays, directions."""

from __future__ import annotations

from xpiler.ir.types import DType
from xpiler.repair.hole import Kind, Made
from xpiler.repair.integers import NAMES
from xpiler.repair.parts import (
    ORDER, changes, computed, exchanged, frozen, integral, is_fixed, is_register, is_value, short, stands_alone,
)
from xpiler.repair.scope import Scope
from xpiler.text.clang import Node
from xpiler.text.offered import alike, letters_alike
from xpiler.text.sites import Site, Sites, wrapped

# How many other functions of the platform are tried in the place of one.
STAND_INS = 24
_ARITHMETIC = ("+", "-", "*", "/", "%")
_COMPOUND = ("+=", "-=", "*=", "/=", "=")
_ATOMIC = (DType.F32, DType.I32, DType.U32)
_PLACES = ("ARRAY_SUBSCRIPT_EXPR", "UNARY_OPERATOR")
# Functions of one value that are tried around an expression, beside those of the text; other values that are tried as
# its other operand.
_USUAL = ("expf", "sqrtf", "fabsf", "logf", "tanhf", "erff", "rsqrtf", "exp", "sqrt", "fabs", "log", "tanh")
_OPERANDS, _AROUND = 10, 12
_LEAVES = ("DECL_REF_EXPR", "ARRAY_SUBSCRIPT_EXPR", "FLOATING_LITERAL", "CALL_EXPR", "BINARY_OPERATOR",
           "UNARY_OPERATOR", "PAREN_EXPR", "CSTYLE_CAST_EXPR", "MEMBER_REF_EXPR")


def operators(at: Sites, scope: Scope, made: Made) -> None:
    """Another comparison, another arithmetic operation, operands in the other order."""
    for s in at.device:
        n = s.node
        base = at.bare(n.children[0]) if n.kind == "ARRAY_SUBSCRIPT_EXPR" and len(n.children) == 2 else None
        if base is not None and base.kind == n.kind and at.source(base) and at.source(n.children[1]):
            array, first, second = (at.source(x) for x in (*base.children, n.children[1]))
            made.add((s.start, s.end), f"{array}[{second}][{first}]", f"the indices of {array} change places", 3)
        sign = at.sign(n) if n.kind in ("BINARY_OPERATOR", "COMPOUND_ASSIGNMENT_OPERATOR") else None
        if sign is None or len(n.children) != 2 or is_fixed(at, s):
            continue
        a, b = (at.source(c) for c in n.children)
        floats = n.type.dtype is not None and n.type.dtype.is_float
        table: tuple[str, ...] = ORDER if n.binary in ORDER else _ARITHMETIC if n.binary in _ARITHMETIC else ()
        table = tuple(o for o in table if not floats or o != "%")
        for new in table if n.type.kind != "pointer" else ():
            if new != n.binary:
                made.add((s.start, s.end), f"({a} {new} {b})", f"{n.binary} is {new}", 2 if n.binary in ORDER else 3)
        if n.binary in ("-", "/") and n.type.kind != "pointer":
            made.add((s.start, s.end), f"({b} {n.binary} {a})", "the operands change places", 3)
        if n.binary in _COMPOUND and stands_alone(at, s):
            for new in _COMPOUND:
                if new != n.binary and at.bare(n.children[0]).type.kind not in ("vector", "record"):
                    made.add((s.start, s.end), f"{a} {new} {b}", f"{n.binary} is {new}", 3, Kind.STATEMENT)
            add = at.platform.atomics.get("add", "")
            if n.binary in ("+=", "=") and add and n.type.dtype in _ATOMIC and at.bare(n.children[0]).kind in _PLACES:
                told = add.format(address=f"&({a})", value=b)
                made.add((s.start, s.end), told, f"{told.partition('(')[0]} for {n.binary}", 4, Kind.STATEMENT)


def literals(at: Sites, scope: Scope, made: Made) -> None:
    """Other float constants: those of the text, their negatives, a half, nought and one."""
    spelled = dict.fromkeys(at.source(s.node) for s in at.device if s.node.kind == "FLOATING_LITERAL")
    for s in at.device:
        if s.node.kind == "FLOATING_LITERAL" and (text := at.source(s.node)):
            for new in (*spelled, f"-{text}", f"({text} / 2)", f"({text} * 2)", f"({text} / 100)", f"({text} * 100)",
                        "0.0f", "1.0f"):
                made.add((s.start, s.end), new, f"{text} is {new}", 4)


def calls(at: Sites, scope: Scope, made: Made) -> None:
    """Another function of the same type, arguments in another order, another array, the other way of a copy."""
    for s in at.every:
        n = s.node
        if at.from_header(n) and n.referenced is not None:
            name, span = at.callee(n), (s.start, s.end)
            kind = Kind.STATEMENT if stands_alone(at, s) else Kind.VALUE
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
                    if one.type.name == other.type.name and frozen(one) == frozen(other) \
                            and at.source(a) and at.source(b):
                        text = exchanged(at, n, a, b)
                        made.add(span, text, f"the arguments of {name} change places", 3, kind)
        if n.kind == "DECL_REF_EXPR" and not is_fixed(at, s):
            _other_name(at, scope, made, s)
            _moved(at, scope, made, s)


def _element(n: Node) -> tuple[str, str]:
    """What a variable holds, or what the elements are that it leads to."""
    held = n.type.inner or n.type
    return held.kind, held.name.replace("const ", "").strip()


def _moved(at: Sites, scope: Scope, made: Made, s: Site) -> None:
    """A pointer that is handed over as it is, moved as others are."""
    parent = next((a for a in reversed(s.above) if a.kind not in ("UNEXPOSED_EXPR", "PAREN_EXPR")), None)
    inner = s.node.type.inner
    if inner is None or inner.dtype is None or s.node.type.kind not in ("array", "pointer") or not at.source(s.node):
        return
    if parent is None or parent.kind != "CALL_EXPR" or not at.callee(parent):
        return
    offsets: dict[str, None] = {}
    for x in at.device:
        n = x.node
        if n.kind == "BINARY_OPERATOR" and n.binary == "+" and n.type.kind == "pointer" and len(n.children) == 2 \
                and scope.visible(n.children[1], s):
            offsets.setdefault(at.source(n.children[1]))
        elif n.kind == "ARRAY_SUBSCRIPT_EXPR" and len(n.children) == 2 and scope.visible(n.children[1], s):
            offsets.setdefault(at.source(n.children[1]))
    for offset in [o for o in offsets if o][:NAMES]:
        spelled = f"({s.node.spelling} + {wrapped(offset)})"
        made.add((s.start, s.end), spelled, f"{s.node.spelling} is {spelled}", 4)


def _other_name(at: Sites, scope: Scope, made: Made, s: Site) -> None:
    ref, span = s.node.referenced, (s.start, s.end)
    if ref is None or not at.source(s.node) or s.above and s.parent.unary == "&":
        return
    if ref.kind == "ENUM_CONSTANT_DECL":
        parent = ref.cursor.semantic_parent
        same = [c.spelling for c in parent.get_children()] if parent is not None else []
        near = sorted((o for o in same if o and o != ref.spelling), key=lambda o: (-letters_alike(o, ref.spelling), o))
        for new in near[:16]:
            new = at.source(s.node).removesuffix(ref.spelling) + new
            made.add(span, new, f"{ref.spelling} is {new}", 1)
    elif ref.kind in ("VAR_DECL", "PARM_DECL") and ref.type.kind in ("array", "pointer", "scalar") \
            and not integral(ref):
        # The bounds of an array are known where it is named itself.
        named = ref.type.kind == "array" and any(n.kind == "ARRAY_SUBSCRIPT_EXPR" for n in s.above[-2:])
        inner = _element(ref)
        for v in list(scope.at_site(s))[:3 * NAMES]:
            other = _element(v.node)
            held = (v.node.type.kind in ("array", "pointer")) == (ref.type.kind in ("array", "pointer"))
            held = held and (ref.type.kind in ("array", "pointer") or v.node.type.kind == ref.type.kind)
            if v.spelled != ref.spelling and other == inner and held and frozen(v.node) <= frozen(ref):
                made.add(span, v.spelled, f"{ref.spelling} is {v.spelled}", 4, Kind.FIXED if named else Kind.VALUE)


def functions(at: Sites, scope: Scope, made: Made) -> None:
    """A value that a function is not applied to, or that is not combined with another one; a conversion too many."""
    offered = alike(at.platform)
    used = {at.callee(s.node) for s in at.calls(at.device)}
    places = [s for s in at.device if _computes(at, s)]
    others = [(at.source(s.node), s.node) for s in at.device if _operand(at, s)]
    for s in places:
        text, kind = at.source(s.node), s.node.type.name.replace("const ", "")
        span, held, vector = (s.start, s.end), wrapped(text), is_register(s.node)
        hole = Kind.REGISTER if vector else Kind.VALUE
        one = _ranked(offered.get(f"{kind} ({kind})", ()), used)
        for name in one[:_AROUND]:
            made.add(span, f"{name}({text})", f"{short(text)} is {name} of it", 4, hole)
        beside = dict.fromkeys(t for t, e in others if t != text and e.type.name.replace("const ", "") == kind
                               and not s.start <= at.span(e)[0] < s.end and scope.visible(e, s))
        two = [name for name in offered.get(f"{kind} ({kind}, {kind})", ()) if name in used]
        for n, other in enumerate(list(beside)[:_OPERANDS // 2 if vector else _OPERANDS]):
            new = [f"{name}({text}, {other})" for name in two[:3]]
            new += [f"{name}({other}, {text})" for name in two[:3]] if vector else []
            if not vector:
                new += [f"({held} {sign} {wrapped(other)})" for sign in "*/+-"]
                new += [f"({wrapped(other)} {sign} {held})" for sign in "-/"]
            for spelled in new:
                made.add(span, spelled, f"{short(text)} is {short(spelled)}", 4 + 0.1 * n, hole)
        if s.node.kind == "CSTYLE_CAST_EXPR" and s.node.children and at.source(s.node.children[-1]):
            inner = at.source(s.node.children[-1])
            made.add(span, wrapped(inner), f"{short(text)} is {short(inner)}", 3)


def _ranked(names: tuple[str, ...], used: set[str]) -> list[str]:
    """Those the text uses first, then those in wide use."""
    return sorted((n for n in names if n in used or n in _USUAL), key=lambda n: (n not in used, n))


def _computes(at: Sites, s: Site) -> bool:
    """A number with a fraction, or a register of numbers, that something is computed from or that is kept."""
    n = s.node
    if n.kind not in _LEAVES or not computed(n) or is_fixed(at, s) or not is_value(at, n) or not at.source(n):
        return False
    parent = next((a for a in reversed(s.above) if a.kind not in ("UNEXPOSED_EXPR", "PAREN_EXPR")), None)
    if parent is None or parent.unary in ("&", "x++", "x--", "++x", "--x"):
        return False
    assigns = parent.binary in ("=", "+=", "-=", "*=", "/=") or changes(parent)
    if assigns and parent.children and at.span(parent.children[0])[1] >= s.end:
        return False  # what is assigned to
    return parent.kind in ("BINARY_OPERATOR", "COMPOUND_ASSIGNMENT_OPERATOR", "VAR_DECL", "RETURN_STMT", "CALL_EXPR")


def _operand(at: Sites, s: Site) -> bool:
    """What may be the other operand of an operation: a variable, an element, a constant, an inner call."""
    n = s.node
    leaf = n.kind in ("DECL_REF_EXPR", "ARRAY_SUBSCRIPT_EXPR", "FLOATING_LITERAL", "CALL_EXPR")
    return leaf and computed(n) and is_value(at, n) and bool(at.source(n)) \
        and not (n.kind == "CALL_EXPR" and not at.callee(n))
