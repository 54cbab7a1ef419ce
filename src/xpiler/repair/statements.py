"""Holes for statements: barriers, guards, what is not done."""

from __future__ import annotations

from xpiler.repair.flow import Flow
from xpiler.repair.hole import Kind, Made
from xpiler.repair.parts import ORDER, after, integral, short, stands_alone
from xpiler.repair.scope import Scope
from xpiler.text.clang import Node
from xpiler.text.sites import EXPRESSIONS, Sites


# Conditions that are tried where a guard is gone.
COMPARED = 64


def _comparisons(at: Sites) -> list[tuple[str, tuple[Node, ...]]]:
    """What a guard may compare: those of the text, and an index with a bound of it, or with a size that is given and
    that nobody reads."""
    out: dict[str, tuple[Node, ...]] = {}
    unread = Flow(at).unread
    bounds = {p.spelling: p for fn in at.functions for p in fn.params if integral(p) and p.spelling in unread}
    indices: dict[str, Node] = {}
    for s in at.device:
        n = s.node
        if n.kind == "BINARY_OPERATOR" and n.binary in ORDER and len(n.children) == 2 and at.source(n):
            out.setdefault(at.source(n), (n,))
            bounds.setdefault(at.source(n.children[1]), n.children[1])
        if n.kind == "DECL_REF_EXPR" and integral(n) and at.source(n):
            indices.setdefault(at.source(n), n)
    for b, e in bounds.items():
        for i, a in indices.items():
            if i != b:
                for sign in ("<", ">="):
                    out.setdefault(f"{i} {sign} {b}", (a, e))
    return list(out.items())[:COMPARED]


def statements(at: Sites, scope: Scope, made: Made) -> None:
    """A barrier before a statement, a statement that is not done, a guard around it or none."""
    barriers = [t for t in dict.fromkeys((at.platform.barriers or {}).values()) if t]
    compared = _comparisons(at)
    guards = [(at.source(s.node.children[0]), s.node.children[0]) for s in at.device
              if s.node.kind == "IF_STMT" and s.node.children and at.source(s.node.children[0])]
    for s in at.device:
        n = s.node
        if n.kind == "IF_STMT" and n.children and at.source(n.children[0]):
            cond = n.children[0]
            made.add(at.span(cond), "true", f"no guard {at.source(cond)}", 4)
            made.add(at.span(cond), f"!({at.source(cond)})", f"not {at.source(cond)}", 4)
            if at.bare(cond).kind == "CXX_BOOL_LITERAL_EXPR":
                here = {v.node.key for v in scope.at_site(s)}
                for text, needed in compared:
                    if all(e.key in here if e.kind == "PARM_DECL" else scope.visible(e, s) for e in needed):
                        made.add(at.span(cond), text, f"{at.source(cond)} is {text}", 4)
        if n.kind not in ("FOR_STMT", "WHILE_STMT", "IF_STMT") and not (n.kind in EXPRESSIONS and stands_alone(at, s)):
            continue
        outer = next((a for a in reversed(s.above) if a.kind != "UNEXPOSED_EXPR"), None)
        for spelled in barriers if outer is not None and outer.kind == "COMPOUND_STMT" else ():
            end = after(at, s)
            made.add((s.start, s.start), spelled, f"{spelled} before {short(at.source(n))}", 3, Kind.STATEMENT)
            made.add((end, end), spelled, f"{spelled} behind {short(at.source(n))}", 3, Kind.STATEMENT)
        if n.kind in EXPRESSIONS and stands_alone(at, s):
            made.add((s.start, s.end), "(void)0", f"no {short(at.source(n))}", 5, Kind.STATEMENT)
            for text, cond in guards[:4]:
                if scope.visible(cond, s):
                    made.add((s.start, s.end), f"if ({text}) {at.source(n)}", f"if ({text})", 5, Kind.STATEMENT)
