"""Whole results that only look like answers: zeros, copies of an input, a part of the work, numbers in wrong places.

Where the host starts kernels, one more kernel spoils the result on the device before it is copied out, so that the text
stays one of its dialect; where there is one thread, a loop at the end of the function does it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from xpiler.ir.nodes import Buffer, Expr
from xpiler.ir.show import show
from xpiler.text.clang import Node
from xpiler.text.edits import Change, Edit
from xpiler.text.hosts.bearing import is_launch
from xpiler.text.sites import Site, Sites
from xpiler.verify.signature import signature

_LOOP = "for (int xp_i = 0; xp_i < {n}; ++xp_i) {{ {body} }}"


@dataclass(frozen=True)
class _Result:
    """An output where it can be spoilt: its element type, name and length, an input with its length, and the place."""

    ctype: str
    name: str
    count: str
    other: str
    others: str
    at: int


def zeros(at: Sites) -> Iterator[Change]:
    """Every element is zero."""
    for r in _results(at):
        yield _spoilt(at, r, f"y[xp_i] = ({r.ctype})0;", f"{r.name} is all zeros")


def input_copied(at: Sites) -> Iterator[Change]:
    """An input is handed back."""
    for r in _results(at):
        if r.other:
            yield _spoilt(at, r, "y[xp_i] = x[xp_i % m];", f"{r.name} is a copy of {r.other}")


def first_part_everywhere(at: Sites) -> Iterator[Change]:
    """The first eighth of the result over and over."""
    for r in _results(at):
        yield _spoilt(at, r, "if (n >= 8) y[xp_i] = y[xp_i % (n / 8)];", f"{r.name} repeats its first eighth")


def permuted(at: Sites) -> Iterator[Change]:
    """The right numbers in the opposite order."""
    for r in _results(at):
        body = f"if (xp_i < n / 2) {{ {r.ctype} xp_t = y[xp_i]; y[xp_i] = y[n - 1 - xp_i]; y[n - 1 - xp_i] = xp_t; }}"
        yield _spoilt(at, r, body, f"{r.name} is reversed")


def nothing_written(at: Sites) -> Iterator[Change]:
    """A kernel that returns at once."""
    for fn in at.functions:
        body = at.body(fn)
        if at.is_kernel(fn) and body is not None and fn.result.kind == "void":
            start = at.span(body)[0] + 1
            yield Change(start, f"{fn.spelling} does nothing", (Edit(start, start, " return;"),))


def first_part_alone(at: Sites) -> Iterator[Change]:
    """Only the first block, task or iteration does its work."""
    axes = at.platform.axes
    group = axes[0].kind.partition(".")[0] if axes else ""
    others = " + ".join(a.index for a in axes if a.kind.partition(".")[0] == group)
    for fn in at.functions:
        body = at.body(fn)
        if not at.is_kernel(fn) or body is None:
            continue
        start = at.span(body)[0] + 1
        if others and fn.result.kind == "void":
            yield Change(start, f"{fn.spelling} for the first {group} alone",
                         (Edit(start, start, f" if ({others} > 0) return;"),))
        elif not others:
            yield from _first_iteration(at, fn)


def _first_iteration(at: Sites, fn: Node) -> Iterator[Change]:
    for s in at.inside(fn):
        if s.node.kind != "FOR_STMT" or any(a.kind == "FOR_STMT" for a in s.above):
            continue
        first, _, _, inner = at.for_parts(s.node)
        v = next((v for v in (first.walk() if first is not None else ()) if v.kind == "VAR_DECL"), None)
        if v is None or v.initializer is None or inner is None or inner.kind != "COMPOUND_STMT":
            continue
        start = at.span(inner)[0] + 1
        test = f" if ({v.spelling} > {at.source(v.initializer)}) continue;"
        yield Change(start, f"the first iteration of {v.spelling} alone", (Edit(start, start, test),))


# ---------------------------------------------------------------- where results are


def _spoilt(at: Sites, r: _Result, body: str, what: str) -> Change:
    params = f"{r.ctype}* y, const {r.ctype}* x, int n, int m"
    launch = _launch(at)
    other, others = (r.other, r.others) if r.other else (r.name, r.count)
    if launch is None:
        loop = _LOOP.format(n=f"(int)({r.count})", body=body)
        given = f"{r.ctype}* y = {r.name}; const {r.ctype}* x = {other}; int n = {r.count}; int m = {others};"
        return Change(r.at, what, (Edit(r.at, r.at, f" {{ {given} {loop} }}\n"),))
    fn = launch.above[0]
    start = at.data.rfind(b"\n", 0, at.span(fn)[0]) + 1
    start = _outside(at, start, fn)
    head = at.platform.kernel_qualifier
    alone = " + ".join(a.index for a in at.platform.axes)
    kernel = f"{head} void xp_spoil({params}) {{ if ({alone} > 0) return; {_LOOP.format(n='n', body=body)} }}\n"
    config = at.source(launch.node.children[1])
    config = config if config.startswith("<<<") else "<<<1, 1>>>"
    call = f"xp_spoil{config}({r.name}, {other}, (int)({r.count}), (int)({others}));\n"
    return Change(r.at, what, (Edit(start, start, kernel), Edit(r.at, r.at, call)))


def _outside(at: Sites, start: int, fn: Node) -> int:
    """A place at file level before a function."""
    first = at.span(fn)[0]
    linkage = at.mask.rfind(b"extern", 0, first)
    between = at.mask[linkage:first] if linkage >= 0 else b";"
    return min(start, linkage) if linkage >= 0 and b";" not in between and b"}" not in between else min(start, first)


def _launch(at: Sites) -> Site | None:
    return next((s for s in at.host if is_launch(s.node)), None)


def _results(at: Sites) -> Iterator[_Result]:
    launcher = at.program.launcher
    if launcher is None:
        return
    sig = signature(at.program)
    fn = next((f for f in at.functions if f.spelling == launcher.name), None)
    if fn is None:
        return
    types = {p.spelling: p.type.inner for p in fn.params if p.type.inner is not None}
    pointers = [a for a in sig.arrays if a.name in types]
    if at.platform.model == "serial":
        body = at.body(fn)
        for a in pointers:
            if a.written and a.extents and body is not None:
                same = [b for b in pointers if b.read and b.extents and b.name != a.name and b.dtype == a.dtype]
                other, others = (same[0].name, _spelled(at, same[0].extents[0])) if same else ("", "")
                end = at.span(body)[1] - 1
                yield _Result(types[a.name].name, a.name, _spelled(at, a.extents[0]), other, others, end)
        return
    yield from _copied_out(at, fn, {a.name for a in pointers if a.written}, {p: t.name for p, t in types.items()})


def _spelled(at: Sites, e: Expr) -> str:
    """An extent in the text's own language."""
    types = {t.value: spelled for t, spelled in at.platform.types.items()}
    return re.sub(r"\((\w+)\)", lambda m: f"({types.get(m[1], m[1])})", show(e))


def _copied_out(at: Sites, fn: Node, outputs: set[str], types: dict[str, str]) -> Iterator[_Result]:
    """Before each copy of a result to the host: device pointer, bytes, and an input of the same type."""
    copies = [s for s in at.calls(at.inside(fn)) if len(s.node.arguments) >= 3 and "emcpy" in at.callee(s.node)]
    arrays = {p.name for p in (at.program.launcher.params if at.program.launcher else ()) if isinstance(p, Buffer)}
    inputs: dict[str, tuple[str, str]] = {}
    for s in copies:
        to, host, size = s.node.arguments[:3]
        name = _name(at, host)
        if name in arrays:
            inputs[name] = _name(at, to), at.source(size)
    for s in copies:
        host, of, size = s.node.arguments[:3]
        name = _name(at, host)
        if name not in outputs or not at.is_statement(s):
            continue
        ctype = types[name]
        same = [v for k, v in inputs.items() if types.get(k) == ctype and k != name]
        other, length = same[0] if same else ("", "")
        one = f"sizeof({ctype})"
        yield _Result(ctype, _name(at, of), f"({at.source(size)}) / {one}", other, f"({length}) / {one}", s.start)


def _name(at: Sites, n: Node) -> str:
    """The variable an argument is."""
    found = [x for x in n.walk() if x.kind == "DECL_REF_EXPR" and x.type.kind in ("pointer", "array")]
    return found[0].spelling if found else ""


KINDS = {
    "zeros": zeros, "input copied": input_copied, "first part everywhere": first_part_everywhere,
    "permuted": permuted, "nothing written": nothing_written, "first part alone": first_part_alone,
}
