"""Loops of which only a few passes are run, in a text that has no launches: what a few groups of a launch say of
candidates, a few passes of its outermost loops do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xpiler.repair.instrument import assignment, outputs, root
from xpiler.text.clang import Node
from xpiler.text.sites import Sites

_STEPS = ("++x", "x++")


@dataclass(frozen=True)
class _Loop:
    """A loop that counts up: its variable, its body, and how the runtime is told about a pass of it."""

    variable: int
    body: Node
    told: str


def sparing(at: Sites) -> tuple[tuple[int, str], ...]:
    """Where to write what leaves passes out, and what: before the bodies of outermost loops, and of loops that are all
    that is in one and where no pass goes on with what another one wrote."""
    if at.platform.model != "serial":
        return ()
    bodies = (at.body(fn) for fn in at.functions if at.is_kernel(fn))
    return tuple(guard for body in bodies if body is not None for n in body.children
                 for guard in _guards(at, _nest(at, n)))


def _guards(at: Sites, nest: list[_Loop]) -> Iterator[tuple[int, str]]:
    for depth, loop in enumerate(nest, 1):
        passes = ", ".join(outer.told for outer in nest[:depth])
        deepest = "true" if depth == len(nest) else "false"
        yield at.span(loop.body)[0], f"if (xp::left_out({{{passes}}}, {deepest})) {{}} else "


def _nest(at: Sites, n: Node) -> list[_Loop]:
    """A loop, and those within that are all it does."""
    found = list[_Loop]()
    while (loop := _loop(at, n)) is not None and (not found or not _goes_on(at, loop)):
        found.append(loop)
        inner = loop.body.children if loop.body.kind == "COMPOUND_STMT" else (loop.body,)
        if len(inner) != 1:
            break
        n = inner[0]
    return found


def _loop(at: Sites, n: Node) -> _Loop | None:
    if n.kind != "FOR_STMT":
        return None
    start, until, step, body = at.for_parts(n)
    if start is None or until is None or step is None or body is None or not at.source(body):
        return None
    variable = next((x for x in start.walk() if x.kind == "VAR_DECL" and x.initializer is not None), None)
    if variable is None or variable.initializer is None or until.binary not in ("<", "<=", "!="):
        return None
    named, end = until.children
    by = "1" if step.unary in _STEPS else at.source(step.children[1]) if step.binary == "+=" else ""
    parts = (at.source(named), at.source(variable.initializer), at.source(end), by)
    if root(at.bare(named)) != variable.key or root(step) != variable.key or not all(parts):
        return None
    return _Loop(variable.key, body, "{" + ", ".join(f"(long long)({p})" for p in parts) + "}")


def _goes_on(at: Sites, loop: _Loop) -> bool:
    """Whether something outlives a pass of a loop and does not say which pass it is of."""
    start, end = at.span(loop.body)
    for n in loop.body.walk():
        sides = assignment(n)
        for target in (sides[0],) if sides is not None else outputs(n) if n.kind == "CALL_EXPR" else ():
            named = [x.referenced for x in target.walk() if x.kind == "DECL_REF_EXPR" and x.referenced is not None]
            here = bool(named) and start <= at.span(named[0])[0] < end
            if not here and not any(x.key == loop.variable for x in named):
                return True
    return False
