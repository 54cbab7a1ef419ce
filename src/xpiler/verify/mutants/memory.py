"""Mistakes about what is touched: guards, bounds, subscripts, pitches, copies, spaces, first values."""

from __future__ import annotations

import re
from collections.abc import Iterator

from xpiler.text.clang import Node
from xpiler.text.edits import Change, Edit
from xpiler.text.sites import Site, Sites, wrapped

_ORDER = ("<", "<=", ">", ">=", "==", "!=")
_LEAVES = ("RETURN_STMT", "BREAK_STMT", "CONTINUE_STMT")


def _integral(n: Node) -> bool:
    dtype = n.type.dtype
    return n.type.is_scalar and dtype is not None and not dtype.is_float


def _guards(at: Sites) -> Iterator[tuple[Site, Node, Node]]:
    """The `if`s whose condition compares integers: condition, and what it guards."""
    for s in at.device:
        if s.node.kind == "IF_STMT" and len(s.node.children) >= 2:
            cond, then = s.node.children[:2]
            compared = [n for n in cond.walk() if n.kind == "BINARY_OPERATOR" and n.binary in _ORDER]
            if any(_integral(at.bare(c)) for n in compared for c in n.children[:1]) and at.source(cond):
                yield s, cond, then


def guard_deleted(at: Sites) -> Iterator[Change]:
    """What a guard kept from happening happens."""
    for _, cond, then in _guards(at):
        leaves = then.kind in _LEAVES or any(c.kind in _LEAVES for c in then.children[-1:])
        yield at.replaced(cond, "false" if leaves else "true", f"the guard {at.source(cond)} is gone")


def guard_shifted(at: Sites) -> Iterator[Change]:
    """A guard that is off by one, either way."""
    for _, cond, _then in _guards(at):
        for n in cond.walk():
            if n.kind == "BINARY_OPERATOR" and n.binary in _ORDER:
                yield from _shifted(at, n)


def bound_shifted(at: Sites) -> Iterator[Change]:
    """A loop that ends one iteration early or late."""
    for s in at.device:
        cond = at.for_parts(s.node)[1] if s.node.kind == "FOR_STMT" else None
        cond = s.node.children[0] if s.node.kind == "WHILE_STMT" and s.node.children else cond
        for n in cond.walk() if cond is not None else ():
            if n.kind == "BINARY_OPERATOR" and n.binary in _ORDER[:4]:
                yield from _shifted(at, n)


def _shifted(at: Sites, n: Node) -> Iterator[Change]:
    a, b = n.children
    where = at.sign(n)
    if where is None or not _integral(at.bare(a)):
        return
    other = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}[n.binary]
    said = at.source(n)
    yield Change(where[0], f"{n.binary} is {other} in {said}", (Edit(*where, other),))
    if n.binary in _ORDER[:4]:
        new = f"{wrapped(at.source(b))} - 1"
        yield at.replaced(b, new, f"{at.source(b)} is {new} in {said}")


def start_shifted(at: Sites) -> Iterator[Change]:
    """A loop that starts one too late, or at no particular place."""
    for s in at.device:
        first = at.for_parts(s.node)[0] if s.node.kind == "FOR_STMT" else None
        for v in first.walk() if first is not None else ():
            value = v.initializer if v.kind == "VAR_DECL" else None
            if value is not None and at.source(value) and _integral(v):
                spelled = at.source(value)
                yield at.replaced(value, f"{wrapped(spelled)} + 1", f"the loop starts at {spelled} + 1")
                if not spelled.isdigit():
                    yield at.replaced(value, "0", f"the loop starts at 0, not at {spelled}")


def tail_removed(at: Sites) -> Iterator[Change]:
    """A loop that goes on after another one, or the other half of a choice, is not there."""
    for s in at.device:
        n = s.node
        if n.kind == "COMPOUND_STMT":
            loops = [c for c in n.children if _loop(c) is not None]
            for c in loops[1:]:
                yield at.replaced(c, ";", "a second loop is gone")
        elif n.kind == "IF_STMT" and len(n.children) == 3:
            yield at.replaced(n.children[2], "{}", "nothing happens in the else branch")


def _loop(n: Node) -> Node | None:
    while n.kind == "UNEXPOSED_STMT" and n.children:
        n = n.children[-1]
    return n if n.kind in ("FOR_STMT", "WHILE_STMT") else None


# ---------------------------------------------------------------- subscripts


def _indices(at: Sites) -> Iterator[tuple[Site, Node]]:
    """Integers that choose an element: subscripts, and what is added to pointers."""
    for s in at.device:
        n = s.node
        if n.kind == "ARRAY_SUBSCRIPT_EXPR" and len(n.children) == 2:
            yield s, n.children[1]
        elif n.kind == "BINARY_OPERATOR" and n.binary == "+" and n.type.kind == "pointer":
            yield s, n.children[1]


def swapped_indices(at: Sites) -> Iterator[Change]:
    """A transposed access: a[j][i] for a[i][j], j * n + i for i * n + j."""
    for s, index in _indices(at):
        base = at.bare(s.node.children[0])
        if s.node.kind == base.kind == "ARRAY_SUBSCRIPT_EXPR":
            yield from at.swapped(base.children[1], index, f"the indices of {at.source(s.node)} change places")
    for outer, inner, _pitch in _rows(at):
        yield from at.swapped(outer, inner, f"{at.source(outer)} and {at.source(inner)} change places in an index")


def wrong_pitch(at: Sites) -> Iterator[Change]:
    """Rows taken to be as long as something else."""
    found = list(_rows(at))
    others = list(dict.fromkeys(at.source(p) for *_, p in found))
    for *_, pitch in found:
        spelled = at.source(pitch)
        for new in [o for o in others if o != spelled][:2] or [f"{wrapped(spelled)} + 1"]:
            yield at.replaced(pitch, wrapped(new), f"rows are {new} apart, not {spelled}")


def _rows(at: Sites) -> Iterator[tuple[Node, Node, Node]]:
    """outer, inner, pitch of every sum outer * pitch + inner that is part of an index."""
    seen: set[int] = set()
    roots = [index for _, index in _indices(at)]
    roots += [n.initializer for s in at.device if (n := s.node).kind == "VAR_DECL" and n.initializer and _integral(n)]
    for root in roots:
        for n in root.walk():
            if n.kind != "BINARY_OPERATOR" or n.binary != "+" or n.offset in seen:
                continue
            seen.add(n.offset)
            a, b = (at.bare(c) for c in n.children)
            for product, inner in ((a, b), (b, a)):
                written = product.kind == "BINARY_OPERATOR" and product.binary == "*" and at.sign(product)
                if written and at.source(inner):
                    yield product.children[0], inner, product.children[1]
                    break


def index_shifted(at: Sites) -> Iterator[Change]:
    """The element behind the right one."""
    for _, index in _indices(at):
        if at.source(index):
            new = f"{at.source(index)} + 1"
            yield at.replaced(index, new, f"{at.source(index)} is {new} in an index")


def wrong_offset(at: Sites) -> Iterator[Change]:
    """A pointer that was not moved to where it should be."""
    for s in at.device:
        n = s.node
        if n.kind == "BINARY_OPERATOR" and n.binary == "+" and n.type.kind == "pointer" and at.sign(n):
            base, offset = (at.source(c) for c in n.children)
            yield at.replaced(n, base, f"{base} without + {offset}")


def other_layout(at: Sites) -> Iterator[Change]:
    """Rows for columns in the words of matrix instructions."""
    for m in at.words(r"\b((?:mem_)?)(row|col)_major\b"):
        new = m[1].decode() + ("col" if m[2] == b"row" else "row") + "_major"
        yield Change(m.start(), f"{m[0].decode()} is {new}", (Edit(m.start(), m.end(), new),))


# ---------------------------------------------------------------- copies


def _counts(at: Sites) -> Iterator[tuple[Site, Node]]:
    """Integer arguments of what the platform offers: lengths, strides, counts."""
    for s in at.calls(at.every):
        for a in s.node.arguments:
            if _integral(at.bare(a)) and at.source(a) and not at.bare(a).is_enum:
                yield s, a


def elements_for_bytes(at: Sites) -> Iterator[Change]:
    """A length in elements where bytes are asked for."""
    for s, a in _counts(at):
        for n in a.walk():
            if n.kind == "CXX_UNARY_EXPR" and at.source(n).startswith("sizeof"):
                yield at.replaced(n, "1", f"{at.callee(s.node)} without {at.source(n)}")


def half_length(at: Sites) -> Iterator[Change]:
    """Half of what should be copied or worked on."""
    for s, a in _counts(at):
        if re.search(r"\w", at.source(a)) and at.source(a) not in ("0", "1"):
            new = f"{wrapped(at.source(a))} / 2"
            yield at.replaced(a, new, f"{at.callee(s.node)} with {new} for {at.source(a)}")


def wrong_direction(at: Sites) -> Iterator[Change]:
    """A copy that is said to go another way."""
    device = sorted(set(at.platform.transfers.values()))
    runtime = at.platform.runtime
    host = [m[1] for t in (runtime.copy_in, runtime.copy_out) if (m := re.search(r",\s*(\w+)\s*\)", t))]
    for group in (device, host):
        for one in group:
            for word in at.words(rf"\b{re.escape(one)}\b"):
                for new in (o for o in group if o != one):
                    yield Change(word.start(), f"{one} is {new}", (Edit(*word.span(), new),))


def wrong_space(at: Sites) -> Iterator[Change]:
    """An array in another memory, or in none in particular."""
    qualifiers = [s.qualifier for s in at.platform.spaces if s.qualifier.startswith("__")]
    for one in qualifiers:
        for word in at.words(rf"\b{one}\b"):
            start, end = word.span()
            if at.mask[max(0, start - 12):start].rstrip().endswith(b"extern"):
                continue
            for new in ("", *(o for o in qualifiers if o != one)):
                yield Change(start, f"{one} is {new or 'gone'}", (Edit(start, end, new),))


def dropped_copy(at: Sites) -> Iterator[Change]:
    """A copy that does not take place."""
    runtime = at.platform.runtime
    names = {at.platform.copy, *(t.partition("(")[0] for t in (runtime.copy_in, runtime.copy_out))}
    for s in at.calls(at.every):
        name = at.callee(s.node)
        copies = name in names or "memcpy" in name.lower() or at.primitive(s.node) in ("host.copy", "host.rows")
        if copies and at.is_statement(s):
            yield Change(s.start, f"no {at.source(s.node)}", (Edit(s.start, s.end, ""),))


def missing_wait(at: Sites) -> Iterator[Change]:
    """Data used before it is known to have arrived."""
    for s in at.calls(at.device):
        waits = at.primitive(s.node) == "barrier.core" or "wait" in at.callee(s.node)
        if waits and at.is_statement(s):
            yield Change(s.start, f"no {at.source(s.node)}", (Edit(s.start, s.end, ""),))


# ---------------------------------------------------------------- what is declared


def short_array(at: Sites) -> Iterator[Change]:
    """An array with one element, or a pitch with one column, too few."""
    for s in at.device:
        if s.node.kind == "VAR_DECL" and s.node.type.kind == "array":
            dims = re.search(rb"\b" + re.escape(s.node.spelling.encode()) + rb"((?:\s*\[[^\[\]]+\])+)",
                             at.mask[s.start:s.end])
            last = re.search(rb"\[([^\[\]]+)\]$", dims[1]) if dims else None
            if dims and last:
                start = s.start + dims.start(1) + last.start(1)
                spelled = last[1].decode().strip()
                edit = Edit(start, start + len(last[1]), f"{wrapped(spelled)} - 1")
                yield Change(s.start, f"{s.node.spelling} has {spelled} - 1", (edit,))


def uninitialised(at: Sites) -> Iterator[Change]:
    """A variable without its first value."""
    for s in at.device:
        n = s.node
        if n.kind != "VAR_DECL" or n.initializer is None or n.type.const or n.type.reference:
            continue
        if any(a.kind == "FOR_STMT" and a.children and n in a.children[0].walk() for a in s.above):
            continue
        value = at.span(n.initializer)
        equals = at.mask.find(b"=", s.start, value[0] + 1)
        assigned = any(
            x.node.kind in ("BINARY_OPERATOR", "COMPOUND_ASSIGNMENT_OPERATOR") and x.node.binary.endswith("=")
            and x.node.binary not in _ORDER and x.start > s.end and x.node.children
            and (r := at.bare(x.node.children[0]).referenced) is not None and r.key == n.key
            for x in at.device
        )
        if equals > 0 and assigned:
            yield Change(s.start, f"{n.spelling} without a first value", (Edit(equals, s.end, ""),))


KINDS = {
    "guard deleted": guard_deleted, "guard off by one": guard_shifted, "bound off by one": bound_shifted,
    "start off by one": start_shifted, "tail removed": tail_removed, "transposed access": swapped_indices,
    "wrong pitch": wrong_pitch, "index off by one": index_shifted, "wrong offset": wrong_offset,
    "other layout": other_layout, "elements for bytes": elements_for_bytes, "half the length": half_length,
    "wrong direction": wrong_direction, "wrong space": wrong_space, "dropped copy": dropped_copy,
    "missing wait": missing_wait, "short array": short_array, "uninitialised": uninitialised,
}
