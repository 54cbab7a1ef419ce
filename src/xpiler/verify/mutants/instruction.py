"""Mistakes about what is computed: operators, intrinsics, operands, constants, types."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from xpiler.ir.types import DType
from xpiler.text.clang import Node
from xpiler.text.offered import alike, letters_alike
from xpiler.text.edits import Change, Edit
from xpiler.text.sites import Site, Sites, wrapped

# So many other functions of the same type are tried in the place of one.
STAND_INS = 12
_ARITHMETIC = {"+": ("-",), "-": ("+",), "*": ("+", "/"), "/": ("*",)}
_COMPARISONS = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_COMPOUND = {"+=": ("-=", "="), "-=": ("+=",), "*=": ("/=", "="), "/=": ("*=",)}
_NARROWER = {DType.F64: DType.F32, DType.F32: DType.F16, DType.I64: DType.I32, DType.I32: DType.I16,
             DType.U32: DType.U16}
_OTHER_SIGN = {DType.U8: DType.I8, DType.I8: DType.U8, DType.U16: DType.I16, DType.I16: DType.U16,
               DType.U32: DType.I32}


def _real(n: Node) -> bool:
    """A float, or several of them in one register."""
    return n.type.dtype is not None and n.type.dtype.is_float


def operator_replaced(at: Sites) -> Iterator[Change]:
    """Another arithmetic operator."""
    for s in at.device:
        n = s.node
        table: Mapping[str, tuple[str, ...]] = {}
        if n.kind == "BINARY_OPERATOR" and (_real(n) or _computed(at, s)):
            table = _ARITHMETIC
        elif n.kind == "COMPOUND_ASSIGNMENT_OPERATOR" and not _in_head(s):
            table = _COMPOUND
        where = at.sign(n) if n.binary in table else None
        if where is not None:
            for new in table[n.binary]:
                yield Change(where[0], f"{n.binary} is {new} in {_short(at.source(n))}", (Edit(*where, new),))


def _computed(at: Sites, s: Site) -> bool:
    """An integer that is a result: part of what is assigned to an element, or added up, and not of an index."""
    below = s.node
    for n in reversed(s.above):
        if n.kind == "ARRAY_SUBSCRIPT_EXPR" and below in n.children[1:] or n.type.kind == "pointer":
            return False
        if n.kind in ("BINARY_OPERATOR", "COMPOUND_ASSIGNMENT_OPERATOR") and n.binary in ("=", *_COMPOUND):
            return below in n.children[1:] and n.type.is_scalar and not _in_head(s)
        below = n
    return False


def _in_head(s: Site) -> bool:
    below = s.node
    for n in reversed(s.above):
        if n.kind == "FOR_STMT" and below in n.children[:-1]:
            return True
        below = n
    return False


def comparison_replaced(at: Sites) -> Iterator[Change]:
    """The other way of a comparison of numbers."""
    for s in at.device:
        n = s.node
        if n.kind == "BINARY_OPERATOR" and n.binary in _COMPARISONS and _real(at.bare(n.children[0])):
            where = at.sign(n)
            if where:
                new = _COMPARISONS[n.binary]
                yield Change(where[0], f"{n.binary} is {new} in {_short(at.source(n))}", (Edit(*where, new),))


def intrinsic_replaced(at: Sites) -> Iterator[Change]:
    """Another function of the platform with the same type."""
    for s in at.calls(at.device):
        n = s.node
        if n.referenced is None:
            continue
        name = at.callee(n)
        names = [o for o in alike(at.platform).get(n.referenced.signature, ()) if o != name]
        names.sort(key=lambda o: (-letters_alike(o, name), o))
        start = at.data.find(name.encode(), s.start)
        for new in names[:STAND_INS]:
            yield Change(s.start, f"{name} is {new}", (Edit(start, start + len(name), new),))


def operands_swapped(at: Sites) -> Iterator[Change]:
    """Operands in the other order, where the order matters."""
    for s in at.device:
        n = s.node
        if n.kind == "BINARY_OPERATOR" and n.binary in ("-", "/") and _real(n) and at.sign(n):
            yield from at.swapped(n.children[0], n.children[1], f"the operands of {_short(at.source(n))} change places")
        elif at.from_header(n):
            for a, b in zip(n.arguments, n.arguments[1:], strict=False):
                if at.bare(a).type.name == at.bare(b).type.name or _integers(at, a, b):
                    told = f"{_short(at.source(a))} and {_short(at.source(b))} change places in {at.callee(n)}"
                    yield from at.swapped(a, b, told)


def _integers(at: Sites, a: Node, b: Node) -> bool:
    return all(x.type.is_scalar and not _real(x) and not x.is_enum for x in (at.bare(a), at.bare(b)))


def constant_changed(at: Sites) -> Iterator[Change]:
    """Another number: twice a factor, a hundred times an epsilon, one for zero; one more for an integer in a sum."""
    for s in at.device:
        n, spelled = s.node, at.source(s.node)
        m = re.fullmatch(r"([\d.]+(?:[eE][+-]?\d+)?)([fFlLhH]*)", spelled)
        if m is None:
            continue
        if n.kind == "FLOATING_LITERAL":
            value = float(m[1])
            new = 1.0 if value == 0 else value * 100 if value < 1e-2 else value * 2
            yield at.replaced(n, f"{new!r}{m[2]}", f"{spelled} is {new!r}{m[2]}")
        elif n.kind == "INTEGER_LITERAL" and m[1].isdigit() and _operand(s):
            new_integer = str(int(m[1]) + 1)
            yield at.replaced(n, new_integer, f"{spelled} is {new_integer}")


def _operand(s: Site) -> bool:
    parent = next((n for n in reversed(s.above) if n.kind not in ("UNEXPOSED_EXPR", "PAREN_EXPR")), None)
    arithmetic = ("+", "-", "*", "/", "%", "<<", ">>", "&", *_COMPOUND)
    return parent is not None and parent.kind in (
        "BINARY_OPERATOR", "COMPOUND_ASSIGNMENT_OPERATOR"
    ) and parent.binary in arithmetic


def argument_shifted(at: Sites) -> Iterator[Change]:
    """An integer argument of an intrinsic that is one too large or too small."""
    for s in at.calls(at.device):
        for a in s.node.arguments:
            bare = at.bare(a)
            if bare.type.is_scalar and not _real(bare) and not bare.is_enum and at.source(a):
                for new in (f"{wrapped(at.source(a))} + 1", f"{wrapped(at.source(a))} - 1"):
                    yield at.replaced(a, new, f"{new} for {at.source(a)} in {at.callee(s.node)}")


def missing_function(at: Sites) -> Iterator[Change]:
    """An argument in the place of its function value: no exponential, no maximum."""
    for s in at.calls(at.device):
        n = s.node
        held = (n.type.dtype, n.type.count)
        same = [a for a in n.arguments if at.source(a) and (a.type.dtype, a.type.count) == held]
        if _real(n) and len(same) == len(n.arguments) and not at.primitive(n):
            for a in same[:2]:
                new = wrapped(at.source(a))
                yield at.replaced(n, new, f"{_short(at.source(a))} for {_short(at.source(n))}")


def missing_factor(at: Sites) -> Iterator[Change]:
    """A product without one of its factors, a quotient without its divisor, a sum without a term."""
    for s in at.device:
        n = s.node
        if n.kind == "BINARY_OPERATOR" and n.binary in "+-*/" and _real(n) and at.sign(n):
            for kept in n.children[: 1 if n.binary in "-/" else 2]:
                yield at.replaced(n, wrapped(at.source(kept)), f"{_short(at.source(kept))} for {_short(at.source(n))}")


def other_sign(at: Sites) -> Iterator[Change]:
    """Signed numbers read as unsigned ones, and the other way."""
    for s in at.device:
        n = s.node
        dtype = n.type.dtype
        to = _OTHER_SIGN.get(dtype) if dtype is not None and n.type.is_scalar else None
        kind, sign = s.parent.kind, s.parent.binary
        stored = kind == "BINARY_OPERATOR" and sign == "=" or kind in ("UNARY_OPERATOR", "COMPOUND_ASSIGNMENT_OPERATOR")
        if n.kind == "ARRAY_SUBSCRIPT_EXPR" and to in at.platform.types and to is not None and not stored:
            new = f"(({at.platform.types[to]}){at.source(n)})"
            yield at.replaced(n, new, f"{at.source(n)} is read as {to.value}")
    for a, b in ((DType.U8, DType.I8), (DType.I8, DType.U8)):
        one, other = at.platform.types.get(a, ""), at.platform.types.get(b, "")
        for m in at.words(rf"\b{one}\b(?=\s*\*?\s*\))", at.functions) if one and other else ():
            yield Change(m.start(), f"{one} is {other} in a cast", (Edit(m.start(), m.end(), other),))


def narrower_integer(at: Sites) -> Iterator[Change]:
    """An integer variable or conversion with fewer bits."""
    return _narrower(at, floats=False)


def narrower_float(at: Sites) -> Iterator[Change]:
    """A float variable or conversion with fewer bits."""
    return _narrower(at, floats=True)


def _narrower(at: Sites, floats: bool) -> Iterator[Change]:
    for s in at.device:
        n = s.node
        to = _NARROWER.get(n.type.dtype) if n.type.is_scalar and n.type.dtype is not None else None
        if to is None or to.is_float != floats or to not in at.platform.types or _in_head(s):
            continue
        if n.kind not in ("VAR_DECL", "CSTYLE_CAST_EXPR"):
            continue
        m = re.match(rb"((?:const\s+|volatile\s+)*\(?)\b(float|double|int|int32_t|long long|unsigned int|unsigned)\b",
                     at.mask[s.start:s.end])
        if m:
            new = at.platform.types[to]
            said = f"{n.spelling or _short(at.source(n))} is {new}"
            yield Change(s.start, said, (Edit(s.start + m.start(2), s.start + m.end(2), new),))


def dropped_statement(at: Sites) -> Iterator[Change]:
    """Something that is not done."""
    for s in at.device:
        n = s.node
        assigns = n.kind == "BINARY_OPERATOR" and n.binary == "=" or n.kind == "COMPOUND_ASSIGNMENT_OPERATOR"
        calls = at.from_header(n) and not at.primitive(n)
        if (assigns or calls) and at.is_statement(s) and not _in_head(s):
            yield Change(s.start, f"no {_short(at.source(n))}", (Edit(s.start, s.end, ""),))


def _short(source: str) -> str:
    said = " ".join(source.split())
    return said if len(said) <= 60 else f"{said[:57]}..."


KINDS = {
    "operator replaced": operator_replaced, "comparison replaced": comparison_replaced,
    "intrinsic replaced": intrinsic_replaced, "operands swapped": operands_swapped,
    "constant changed": constant_changed, "argument off by one": argument_shifted,
    "missing function": missing_function, "missing factor": missing_factor, "other sign": other_sign,
    "narrower integer": narrower_integer, "narrower float": narrower_float, "dropped statement": dropped_statement,
}
