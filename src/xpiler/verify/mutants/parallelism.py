"""Mistakes about who does what: axes, barriers, strides, lanes, launches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from xpiler.text.clang import Node
from xpiler.text.edits import Change, Edit
from xpiler.text.hosts.bearing import is_launch
from xpiler.text.sites import Site, Sites, wrapped

WARPS = (32, 64)


def swapped_axes(at: Sites) -> Iterator[Change]:
    """blockIdx.x for blockIdx.y, taskIdX for taskIdY, and extents of a launch in the other order."""
    names = {name.partition(".")[0] for a in at.platform.axes for name in (a.index, a.extent)}
    group = "|".join(map(re.escape, sorted(names)))
    if group:
        for m in at.words(rf"\b({group})(\.?)([xyzXYZ])\b", at.functions):
            letter = m[3].decode()
            for other in {"x": "y", "y": "x", "z": "y", "X": "Y", "Y": "X", "Z": "Y"}[letter]:
                new = (m[1] + m[2]).decode() + other
                yield Change(m.start(), f"{m[0].decode()} is {new}", (Edit(m.start(), m.end(), new),))
    for dims in _dimensions(at):
        for a, b in pairwise(dims):
            yield from at.swapped(a, b, f"{at.source(a)} and {at.source(b)} change places")


def other_axis(at: Sites) -> Iterator[Change]:
    """The index or extent of another group: blockDim for gridDim, threadIdx for blockIdx, coreId for taskId."""
    names = [(a.index, a.extent) for a in at.platform.axes]
    for k in (0, 1):
        spelled = [n[k] for n in names]
        for one in spelled:
            head, _, letter = one.partition(".")
            others = [o for o in spelled if o != one and o.partition(".")[2] == letter and o.partition(".")[0] != head]
            for m in at.words(rf"(?<![\w.]){re.escape(one)}\b", at.functions) if others else ():
                for new in others:
                    yield Change(m.start(), f"{one} is {new}", (Edit(m.start(), m.end(), new),))


def missing_barrier(at: Sites) -> Iterator[Change]:
    """A barrier is not there."""
    for s in _barriers(at):
        yield Change(s.start, f"no {at.source(s.node)}", (Edit(s.start, s.end, ""),))


def divergent_barrier(at: Sites) -> Iterator[Change]:
    """A barrier that one half of the threads or tasks does not come to."""
    axes = [a for a in at.platform.axes if a.kind == "thread.x"] or list(at.platform.axes[:1])
    for s in _barriers(at) if axes else ():
        called = at.source(s.node)
        branch = f"if ({axes[0].index} < {axes[0].extent} / 2) {{ {called}; }}"
        yield Change(s.start, f"{called} in a branch that half of them take", (Edit(s.start, s.end, branch),))


def _barriers(at: Sites) -> Iterator[Site]:
    for s in at.calls(at.device):
        scope = at.primitive(s.node)
        if scope.startswith("barrier.") and scope != "barrier.core" and at.is_statement(s):
            yield s


def wrong_stride(at: Sites) -> Iterator[Change]:
    """A loop that advances by another step."""
    for s in at.device:
        if s.node.kind != "FOR_STMT":
            continue
        step = at.for_parts(s.node)[2]
        if step is None or not at.source(step):
            continue
        if step.kind == "COMPOUND_ASSIGNMENT_OPERATOR" and step.binary in ("+=", "-=", ">>="):
            by = step.children[1]
            for new in (f"2 * {wrapped(at.source(by))}", f"{wrapped(at.source(by))} + 1"):
                yield at.replaced(by, new, f"the step {at.source(by)} is {new}")
        elif step.kind == "UNARY_OPERATOR" and step.unary in ("x++", "++x"):
            new = f"{at.source(step.children[0])} += 2"
            yield at.replaced(step, new, f"the step is 2: {new}")


def other_warp(at: Sites) -> Iterator[Change]:
    """The number of lanes of the other vendor's machine: 32 for 64."""
    if not any(_lane_call(at, s) for s in at.device):
        return
    for m in at.words(r"(?<![\w.])(?:31|32|63|64)(?=[uU]?[lL]*\b)(?!\.)"):
        new = {"31": "63", "63": "31", "32": "64", "64": "32"}[m[0].decode()]
        yield Change(m.start(), f"{m[0].decode()} is {new}", (Edit(m.start(), m.end(), new),))


def lanes_left_out(at: Sites) -> Iterator[Change]:
    """Half the lanes take no part: a halving that starts too low, a mask that names too few, a segment too short."""
    for s in at.device:
        fields = _lane_call(at, s)
        for name, arg in zip(fields, s.node.arguments, strict=False):
            spelled = at.source(arg)
            if not spelled or name == "value":
                continue
            new = f"{wrapped(spelled)} >> 16" if name == "mask" else f"{wrapped(spelled)} / 2"
            yield at.replaced(arg, new, f"{name} {spelled} is {new}")
        loops = [n for n in s.above if n.kind == "FOR_STMT"] if fields else []
        for loop in loops[-1:]:
            start = next((v for v in (at.for_parts(loop)[0] or loop).walk() if v.kind == "VAR_DECL"), None)
            first = start.initializer if start is not None else None
            if first is not None and at.source(first):
                for new in (f"{wrapped(at.source(first))} / 2", f"{wrapped(at.source(first))} * 2"):
                    yield at.replaced(first, new, f"lanes are halved from {new}")


def _lane_call(at: Sites, s: Site) -> list[str]:
    """What the arguments of an exchange between lanes are, by the platform's template of it."""
    if not at.primitive(s.node).startswith(("shuffle.", "vote.")):
        return []
    kind = at.primitive(s.node).partition(".")[2]
    template = at.platform.shuffles.get(kind, "")
    fields = re.findall(r"\{(\w+)\}", template)
    return fields if template.startswith(at.callee(s.node) + "(") else [f for f in fields if f != "mask"]


def short_launch(at: Sites) -> Iterator[Change]:
    """One block, thread or task too few."""
    for dims in _dimensions(at):
        for d in dims:
            if at.source(d) not in ("", "1"):
                new = f"{wrapped(at.source(d))} - 1"
                yield at.replaced(d, new, f"{at.source(d)} is {new} in a launch")


def _dimensions(at: Sites) -> Iterator[tuple[Node, ...]]:
    """The extents of every launch, where they are written."""
    seen: set[tuple[int, int]] = set()
    for s in at.host:
        if not is_launch(s.node):
            continue
        for shape in s.node.children[1].arguments[:2]:
            named = [n.referenced for n in shape.walk() if n.kind == "DECL_REF_EXPR"]
            places = [shape, *(n for n in named if n is not None)]
            for where in places:
                for dims in _constructed(at, where):
                    spans = at.span(dims[0])
                    if spans not in seen and spans[1] > spans[0]:
                        seen.add(spans)
                        yield dims


def _constructed(at: Sites, where: Node) -> Iterator[tuple[Node, ...]]:
    """The written arguments that a shape is made of."""
    for n in where.walk():
        parts = n.children if n.kind == "INIT_LIST_EXPR" else n.arguments if n.kind == "CALL_EXPR" else ()
        written = tuple(p for p in parts if at.source(p) and p.type.is_scalar)
        if written and n.type.kind == "record":
            yield written
            return


def lost_update(at: Sites) -> Iterator[Change]:
    """An addition that is not indivisible."""
    add = at.platform.atomics.get("add", "").partition("(")[0]
    for s in at.calls(at.device):
        if add and at.callee(s.node) == add and len(s.node.arguments) >= 2 and at.is_statement(s):
            to, value = (at.source(a) for a in s.node.arguments[:2])
            yield Change(s.start, f"{add} is +=", (Edit(s.start, s.end, f"*({to}) += {value}"),))


KINDS = {
    "swapped axes": swapped_axes, "other axis": other_axis, "missing barrier": missing_barrier,
    "divergent barrier": divergent_barrier, "wrong stride": wrong_stride, "other warp width": other_warp,
    "lanes left out": lanes_left_out, "launch one short": short_launch, "lost update": lost_update,
}
