"""What a text says about itself that running it does not show: where indices are worked out, and what is fed where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from xpiler.fault import Span
from xpiler.ir.types import DType
from xpiler.platforms.platform import Platform
from xpiler.text.clang import Node, Unit, parse

_CASTS = ("CSTYLE_CAST_EXPR", "CXX_REINTERPRET_CAST_EXPR", "CXX_STATIC_CAST_EXPR", "CXX_CONST_CAST_EXPR",
          "UNEXPOSED_EXPR", "PAREN_EXPR", "CXX_FUNCTIONAL_CAST_EXPR")

_UNSET = ("-Wuninitialized", "-Wsometimes-uninitialized", "-Wconditional-uninitialized")


def index_lines(text: str, platform: Platform, file: str) -> frozenset[int]:
    """The lines on which something is computed that an index or an address is made of."""
    unit = parse(text, file, platform.header, platform.clang_args)
    roots = list(_addressing(unit))
    given = _assigned(unit)
    lines: set[int] = set()
    seen: set[int] = set()
    while roots:
        root = roots.pop()
        lines.update(range(root.span.line, root.cursor.extent.end.line + 1))
        for n in root.walk():
            declared = n.referenced if n.kind == "DECL_REF_EXPR" else None
            if declared is not None and declared.key not in seen:
                seen.add(declared.key)
                roots += given.get(declared.key, ())
    return frozenset(lines)


def _addressing(unit: Unit) -> Iterator[Node]:
    """The indices of subscripts, and the numbers that are added to pointers."""
    for n in _all(unit):
        match n.kind:
            case "ARRAY_SUBSCRIPT_EXPR" if len(n.children) == 2:
                yield n.children[1]
            case "BINARY_OPERATOR" | "COMPOUND_ASSIGNMENT_OPERATOR" if len(n.children) == 2:
                kinds = [c.type.kind for c in n.children]
                if n.binary in ("+", "-", "+=", "-=") and kinds.count("pointer") == 1:
                    yield n.children[1 - kinds.index("pointer")]


def _assigned(unit: Unit) -> dict[int, list[Node]]:
    """Declaration -> every expression it is given: initialisers, assignments, arguments of the text's functions."""
    given: dict[int, list[Node]] = {}
    for n in _all(unit):
        match n.kind:
            case "VAR_DECL" if n.initializer is not None:
                given.setdefault(n.key, []).append(n.initializer)
            case "BINARY_OPERATOR" | "COMPOUND_ASSIGNMENT_OPERATOR" if len(n.children) == 2 and n.binary.endswith("="):
                to = n.children[0].referenced
                if to is not None and n.binary not in ("==", "!=", "<=", ">="):
                    given.setdefault(to.key, []).append(n.children[1])
            case "CALL_EXPR" if n.referenced is not None and n.referenced.in_text:
                fn = n.referenced.definition or n.referenced
                for p, a in zip(fn.params, n.arguments, strict=False):
                    given.setdefault(p.key, []).append(a)
    return given


def signed_into_unsigned(text: str, platform: Platform, file: str) -> tuple[tuple[Span, str], ...]:
    """Where bytes of a signed array go straight into an operand that is read as unsigned: place and message."""
    if not any(name in text for name in platform.unsigned_operands):
        return ()
    unit = parse(text, file, platform.header, platform.clang_args)
    given = _assigned(unit)
    found = []
    for n in _all(unit):
        callee = n.referenced if n.kind == "CALL_EXPR" else None
        position = platform.unsigned_operands.get(callee.spelling) if callee is not None else None
        if position is None or position >= len(n.arguments):
            continue
        for name in sorted(set(_signed_sources(n.arguments[position], given, set()))):
            what = f"`{n.spelling}` reads operand {position + 1} as unsigned bytes, and `{name}` holds signed ones"
            found.append((n.span, what))
    return tuple(found)


def _signed_sources(n: Node, given: dict[int, list[Node]], seen: set[int]) -> Iterator[str]:
    """The arrays of signed bytes that a register was loaded from with nothing done to it since."""
    n = _bare(n)
    if n.kind == "DECL_REF_EXPR" and n.referenced is not None:
        if n.referenced.key not in seen:
            seen.add(n.referenced.key)
            for value in given.get(n.referenced.key, ()):
                yield from _signed_sources(value, given, seen)
    elif n.kind == "CALL_EXPR":
        for a in n.arguments:
            base = _bare(a)
            if base.type.kind in ("pointer", "array"):
                inner = base.type.inner
                while inner is not None and inner.kind == "array":
                    inner = inner.inner
                if inner is not None and inner.dtype is DType.I8:
                    yield next((m.spelling for m in base.walk() if m.kind == "DECL_REF_EXPR"), "the array")


def too_much_on_chip(text: str, platform: Platform, file: str) -> tuple[tuple[Span, str], ...]:
    """Functions whose arrays are larger together than the memory they lie in: place of the last, and message."""
    capacities = {s.name: s.capacity for s in platform.spaces if s.scope != "device" and s.qualifier and s.capacity}
    if not any(s.qualifier in text for s in platform.spaces if s.name in capacities):
        return ()
    unit = parse(text, file, platform.header, platform.clang_args)
    found = []
    for fn in unit.functions():
        for space, capacity in capacities.items():
            arrays = [n for n in fn.walk() if n.kind == "VAR_DECL" and n.note("xp.space:") == space]
            used = sum(max(int(n.cursor.type.get_size()), 0) for n in arrays)
            if used > capacity:
                what = f"`{fn.spelling}` declares {used} bytes of {space} memory, which has {capacity}"
                found.append((arrays[-1].span, what))
    return tuple(found)


def _bare(n: Node) -> Node:
    """An expression without the casts, parentheses and copies around it."""
    while True:
        copies = n.kind == "CALL_EXPR" and n.referenced is not None and n.referenced.kind == "CONSTRUCTOR"
        inner = n.arguments if copies else n.children if n.kind in _CASTS else ()
        if len(inner) != 1:
            return n
        n = inner[0]


def unset_locals(text: str, platform: Platform, file: str) -> tuple[Span, ...]:
    """Where a local variable is used that nothing may have been assigned to."""
    unit = parse(text, file, platform.header, platform.clang_args, warn=_UNSET)
    diagnostics: Any = unit.tu.diagnostics
    places = [d.location for d in diagnostics]
    told = (Span(str(p.file), p.line, p.column) for p in places)
    return (*(p for p in told if p.file == file), *_unset_arrays(unit))


def _unset_arrays(unit: Unit) -> Iterator[Span]:
    """The first mention of each local array that is no plain assignment to an element and passes it to nobody; nor one
    of a value that is made of the array itself, which is read first."""
    arrays = {n.key for n in _all(unit) if n.kind == "VAR_DECL" and n.is_local and n.type.kind == "array"
              and n.initializer is None and not n.is_static and not n.is_extern and not n.notes}
    stored: set[int] = set()
    for n in _all(unit):
        if n.kind == "BINARY_OPERATOR" and n.binary == "=" or n.kind == "CALL_EXPR":
            targets, values = (n.children[:1], n.children[1:]) if n.kind == "BINARY_OPERATOR" else (n.arguments, ())
            before = {m.referenced.key for v in values for m in v.walk() if m.referenced is not None}
            stored |= {m.offset for t in targets for m in t.walk()
                       if m.kind == "DECL_REF_EXPR" and m.referenced is not None and m.referenced.key not in before}
    for n in _all(unit):
        if n.kind == "DECL_REF_EXPR" and n.referenced is not None and n.referenced.key in arrays:
            arrays.discard(n.referenced.key)
            if n.offset not in stored:
                yield n.span


def _all(unit: Unit) -> Iterator[Node]:
    for top in unit.top:
        if top.in_text:
            yield from top.walk()
