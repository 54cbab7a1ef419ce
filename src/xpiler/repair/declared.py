"""Holes for what is declared: memories, extents, types, which only a compiler can fill, and first values."""

from __future__ import annotations

import re
from itertools import pairwise

from xpiler.ir.types import DType
from xpiler.repair.hole import Kind, Made
from xpiler.repair.integers import POOL
from xpiler.repair.parts import after
from xpiler.repair.scope import Scope
from xpiler.text.sites import Site, Sites, wrapped

_TYPE = re.compile(
    rb"((?:const\s+|volatile\s+)*\(?(?:const\s+)?)\b([A-Za-z_]\w*(?:\s+(?:int|long|char|short))?)\b(?=\s*[*)\w])")
USUAL = 4  # bytes of a number
_PLAIN = ("short", "unsigned short", "signed char", "unsigned char")  # beside the names a platform has for its numbers
_OTHERS = {
    DType.F16: (DType.F32,), DType.BF16: (DType.F32,), DType.F32: (DType.F64,), DType.I32: (DType.I64, DType.U32),
    DType.I16: (DType.I32, DType.U16), DType.U16: (DType.U32, DType.I16), DType.I8: (DType.U8, DType.I32),
    DType.U8: (DType.I8,), DType.U32: (DType.I32,),
}


def declared(at: Sites, scope: Scope, made: Made) -> None:
    """The memory of an array, its extent, the first value of a variable."""
    qualifiers = [s.qualifier for s in at.platform.spaces if s.qualifier.startswith("__")]
    pool = dict.fromkeys(m[1].decode() for m in re.finditer(rb"\[\s*([\w\s*+]+?)\s*\]", at.mask))
    for m in at.words(r"\b((?:mem_)?)(row|col)_major\b"):
        new = m[1].decode() + ("col" if m[2] == b"row" else "row") + "_major"
        made.add(m.span(), new, f"{m[0].decode()} is {new}", 2, Kind.FIXED)
    for s in at.host:
        inside = s.node.walk() if s.node.kind == "VAR_DECL" else ()
        for shape in [c for c in inside if c.kind in ("INIT_LIST_EXPR", "CALL_EXPR")][:1]:
            parts = [p for p in (shape.children if shape.kind == "INIT_LIST_EXPR" else shape.arguments)
                     if p.type.is_scalar and at.source(p)]
            for a, b in pairwise(parts):
                (a0, _), (_, b1) = at.span(a), at.span(b)
                new = at.source(b) + at.data[at.span(a)[1]:at.span(b)[0]].decode() + at.source(a)
                made.add((a0, b1), new, f"{at.source(a)} and {at.source(b)} change places", 3, Kind.FIXED)
    firsts = [s.node for s in at.device if s.node.kind == "VAR_DECL" and s.node.initializer is not None
              and s.node.initializer.constant is not None and at.source(s.node.initializer)]
    for s in at.device:
        n = s.node
        if n.kind == "CSTYLE_CAST_EXPR":
            _type(at, made, s)
        if n.kind != "VAR_DECL":
            continue
        if n.type.kind == "array":
            _array(at, made, s, qualifiers, pool)
        elif n.type.is_scalar and n.initializer is None and not n.type.const:
            same = (v for v in firsts if v.type.name.replace("const ", "") == n.type.name)
            values = dict.fromkeys(("0", *(at.source(v.initializer) for v in same if v.initializer is not None)))
            for value in list(values)[:POOL]:
                told = f"{n.spelling} starts at {value}"
                made.add((after(at, s),) * 2, f"{n.spelling} = {value};", told, 2, Kind.STATEMENT)
        if n.type.is_scalar and n.type.dtype is not None:
            _type(at, made, s)


def _type(at: Sites, made: Made, s: Site) -> None:
    """A number with more bits, or with a sign, or without one."""
    m = _TYPE.match(at.mask, s.start, s.end)
    dtype = s.node.type.dtype
    if m is None or dtype is None:
        return
    for to in _OTHERS.get(dtype, ()):
        new = at.platform.types.get(to, "")
        if new and new != m[2].decode():
            number = m[2].decode() in {*at.platform.types.values(), *_PLAIN}
            wider = number and dtype.bytes < USUAL == to.bytes and dtype.is_float == to.is_float
            made.add(m.span(2), new, f"{s.node.spelling or 'a conversion'} is {new}", 2, Kind.FIXED, wider)


def _array(at: Sites, made: Made, s: Site, qualifiers: list[str], pool: dict[str, None]) -> None:
    start = at.mask.rfind(b"\n", 0, s.start) + 1
    start = max(start, *(at.mask.rfind(c, 0, s.start) + 1 for c in (b";", b"{", b"}")))
    head = at.mask[start:s.end]
    here = [q for q in qualifiers if re.search(rb"\b" + q.encode() + rb"\b", head)]
    for one in here:
        at_byte = start + head.find(one.encode())
        for new in (*(q for q in qualifiers if q != one), ""):
            made.add((at_byte, at_byte + len(one)), new, f"{one} is {new or 'gone'}", 2, Kind.FIXED, memory=True)
    if not here:
        first = start + len(head) - len(head.lstrip())
        for new in qualifiers:
            made.add((first, first), f"{new} ", f"{s.node.spelling} is {new}", 2, Kind.FIXED, memory=True)
    dims = re.search(rb"\b" + re.escape(s.node.spelling.encode()) + rb"((?:\s*\[[^\[\]]+\])+)", at.mask[s.start:s.end])
    for m in re.finditer(rb"\[([^\[\]]+)\]", dims[1]) if dims else ():
        begin = s.start + dims.start(1) + m.start(1) if dims else 0
        spelled = m[1].decode().strip()
        held = wrapped(spelled)
        for new in (f"{held} + 1", f"{held} * 2", f"{held} * 4", f"{held} - 1", *list(pool)[:POOL]):
            made.add((begin, begin + len(m[1])), new, f"{s.node.spelling} has {new}, not {spelled}", 3, Kind.FIXED)
