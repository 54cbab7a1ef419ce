"""Holes for values: operators, constants, functions, operands, arrays, directions."""

from __future__ import annotations


from collections.abc import Iterator

from xpiler.ir.types import DType
from xpiler.repair.hole import Kind, Made
from xpiler.repair.instrument import root
from xpiler.repair.integers import NAMES
from xpiler.repair.offers import USUAL, table, ways
from xpiler.repair.parts import ORDER, changes, components, counts, exchanged, frozen, integral, stands_alone
from xpiler.repair.scope import Scope
from xpiler.text.clang import Node
from xpiler.text.offered import alike, letters_alike
from xpiler.text.sites import Site, Sites, wrapped

# How many other functions of the platform are tried in the place of one, and of one that is called for its value;
# those in wide use come behind so many whose names are most like its own.
STAND_INS, VALUED, NEAREST = 64, 48, 6
SELDOM = 4  # how large a change a copy is between memories that are seldom used
STRIDES = 3  # indices by which a pointer may be moved
LATER = 0.05  # each is tried a little later than the one before
_ARITHMETIC = ("+", "-", "*", "/", "%")
_COMPOUND = ("+=", "-=", "*=", "/=", "=")
_MOVES = ("+=", "-=")  # what is done with a pointer
_ATOMIC = (DType.F32, DType.I32, DType.U32)
_PLACES = ("ARRAY_SUBSCRIPT_EXPR", "UNARY_OPERATOR")


def operators(at: Sites, scope: Scope, made: Made) -> None:
    """Another comparison, another arithmetic operation, operands in the other order."""
    for s in at.device:
        n = s.node
        base = at.bare(n.children[0]) if n.kind == "ARRAY_SUBSCRIPT_EXPR" and len(n.children) == 2 else None
        if base is not None and base.kind == n.kind and at.source(base) and at.source(n.children[1]):
            array, first, second = (at.source(x) for x in (*base.children, n.children[1]))
            made.add((s.start, s.end), f"{array}[{second}][{first}]", f"the indices of {array} change places", 3)
        sign = at.sign(n) if n.kind in ("BINARY_OPERATOR", "COMPOUND_ASSIGNMENT_OPERATOR") else None
        if sign is None or len(n.children) != 2:
            continue
        a, b = (at.source(c) for c in n.children)
        floats = n.type.dtype is not None and n.type.dtype.is_float
        table: tuple[str, ...] = ORDER if n.binary in ORDER else _ARITHMETIC if n.binary in _ARITHMETIC else ()
        table = tuple(o for o in table if not floats or o != "%")
        for new in table if n.type.kind != "pointer" else ():
            if new != n.binary:
                cost = 2 if n.binary in ORDER else 3
                made.add((s.start, s.end), f"({a} {new} {b})", f"{n.binary} is {new}", cost)
        if n.binary in ("-", "/") and n.type.kind != "pointer":
            made.add((s.start, s.end), f"({b} {n.binary} {a})", "the operands change places", 3)
        if n.binary in _COMPOUND and stands_alone(at, s):
            pointer = at.bare(n.children[0]).type.kind == "pointer"
            for new in _MOVES if pointer else _COMPOUND:
                if new != n.binary and at.bare(n.children[0]).type.kind not in ("vector", "record"):
                    made.add((s.start, s.end), f"{a} {new} {b}", f"{n.binary} is {new}", 3, Kind.STATEMENT)
            add = at.platform.atomics.get("add", "")
            if n.binary in ("+=", "=") and add and n.type.dtype in _ATOMIC and at.bare(n.children[0]).kind in _PLACES:
                told = add.format(address=f"&{a}", value=b)
                made.add((s.start, s.end), told, f"{told.partition('(')[0]} for {n.binary}", 4, Kind.STATEMENT)


def literals(at: Sites, scope: Scope, made: Made) -> None:
    """Other float constants: those of the text and those it lost, their negatives, a half, nought and one; nought is
    likely where a sum begins."""
    spelled = dict.fromkeys(at.source(s.node) for s in at.device if s.node.kind == "FLOATING_LITERAL")
    sums = {root(s.node.children[0]) for s in at.device if s.node.binary == "+=" and s.node.children}
    for s in at.device:
        if s.node.kind == "FLOATING_LITERAL" and (text := at.source(s.node)):
            if any(n.kind == "VAR_DECL" and n.key in sums for n in s.above[-3:]):
                made.add((s.start, s.end), "0.0f", f"{text} is 0.0f", 2)
            for new in (*scope.constants, *spelled, f"-{text}", f"({text} / 2)", f"({text} * 2)", f"({text} / 100)",
                        f"({text} * 100)", "0.0f", "1.0f"):
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
            whole = len(n.arguments) == len(n.referenced.params) and at.data[s.start:start] == b""
            likely = [o for o in others if o in USUAL and o not in others[:NEAREST]]
            others = list(dict.fromkeys([*others[:NEAREST], *likely, *others]))
            pointer, among = n.referenced.signature.replace("(", "(*)(", 1), table(at.platform, n.referenced.signature)
            for later, new in enumerate(others[:STAND_INS if kind is Kind.STATEMENT else VALUED]):
                cost = 3 + LATER * later
                if whole:  # the name alone, so that its arguments can be changed with it
                    made.types[start, start + len(name)] = pointer, among
                    made.add((start, start + len(name)), new, f"{name} is {new}", cost, Kind.FUNCTION)
                else:
                    made.add(span, f"{new}{behind}", f"{name} is {new}", cost, kind)
            arguments = n.arguments
            for i, a in enumerate(arguments):
                for b in arguments[i + 1:]:
                    one, other = at.bare(a), at.bare(b)
                    same = one.type.name == other.type.name and frozen(one) == frozen(other)
                    if (same or integral(one) and integral(other)) \
                            and at.source(a) and at.source(b):
                        text = exchanged(at, n, a, b)
                        told = f"the arguments of {name} change places"
                        made.add(span, text, told, 3, Kind.ORDER if whole else kind)
        for beside in components(at, n):
            made.add((s.start, s.end), beside, f"{at.source(n)} is {beside}", 3)
        if n.kind == "DECL_REF_EXPR" and not at.is_fixed(s.start, s.end):
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
    for later, offset in enumerate([*[o for o in offsets if o][:NAMES], *_strides(at, scope, s, parent)]):
        spelled = f"({s.node.spelling} + {wrapped(offset)})"
        made.add((s.start, s.end), spelled, f"{s.node.spelling} is {spelled}", 4 + LATER * later)


def _strides(at: Sites, scope: Scope, s: Site, call: Node) -> Iterator[str]:
    """How far a piece lies that is as long as the call says, by the indices there are: i * LENGTH."""
    lengths = [at.source(n) for a in call.arguments if integral(at.bare(a)) for n in counts(at.bare(a))]
    indices = [v.spelled for v in scope.at_site(s) if integral(v.node) and not v.node.type.const][:STRIDES]
    for length in dict.fromkeys(t for t in lengths if t and "sizeof" not in t):
        yield from (f"{i} * {wrapped(length)}" for i in indices if i != length)


def _other_name(at: Sites, scope: Scope, made: Made, s: Site) -> None:
    ref, span = s.node.referenced, (s.start, s.end)
    if ref is None or not at.source(s.node) or s.above and s.parent.unary == "&":
        return
    if ref.kind == "ENUM_CONSTANT_DECL":
        parent = ref.cursor.semantic_parent
        same = [c.spelling for c in parent.get_children()] if parent is not None else []
        usual = ways(at.platform)
        near = sorted((o for o in same if o and o != ref.spelling), key=lambda o: (-letters_alike(o, ref.spelling), o))
        for new in near[:16]:
            new = at.source(s.node).removesuffix(ref.spelling) + new
            made.add(span, new, f"{ref.spelling} is {new}", 1 if new in usual else SELDOM)
    elif ref.kind in ("VAR_DECL", "PARM_DECL") and ref.type.kind in ("array", "pointer", "scalar") \
            and not integral(ref):
        # The bounds of an array are known where it is named itself.
        named = ref.type.kind == "array" and any(n.kind == "ARRAY_SUBSCRIPT_EXPR" for n in s.above[-2:])
        kind = Kind.FIXED if named else Kind.POINTER if ref.type.kind == "pointer" else Kind.VALUE
        written = _is_written(s)
        inner = _element(ref)
        for v in list(scope.at_site(s))[:3 * NAMES]:
            other = _element(v.node)
            held = (v.node.type.kind in ("array", "pointer")) == (ref.type.kind in ("array", "pointer"))
            held = held and (ref.type.kind in ("array", "pointer") or v.node.type.kind == ref.type.kind)
            if v.spelled != ref.spelling and other == inner and held and frozen(v.node) <= frozen(ref) \
                    and not (written and kind is Kind.POINTER):
                made.add(span, v.spelled, f"{ref.spelling} is {v.spelled}", 4, kind)


def _is_written(s: Site) -> bool:
    """Whether a variable itself gets another value here."""
    n = s.parent
    return changes(n) and n.children[:1] == (s.node,)
