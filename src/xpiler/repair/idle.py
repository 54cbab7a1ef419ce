"""A loop that does nothing: what is missing there names its variable.

So a variable that stays what it began as takes in, or keeps, an element of an array at that place, or the product of
two."""

from __future__ import annotations

from itertools import combinations, combinations_with_replacement, product

from xpiler.repair.hole import Made
from xpiler.repair.inserted import Gap, Gaps, gaps_of
from xpiler.repair.loops import planes
from xpiler.repair.parts import integral
from xpiler.repair.scope import Scope
from xpiler.text.clang import Node
from xpiler.text.sites import Sites

PLACES, ELEMENTS, FACTORS = 3, 10, 4  # subscripts with the variable, elements that are tried, and those of products
PLANES = 64  # products of elements of two arrays of two axes


def stepped(at: Sites, scope: Scope, made: Made) -> None:
    """At the gap of every loop that does nothing, elements that name its variable."""
    into = Gaps(at, scope)
    for gap in gaps_of(at) if into.flow.stuck else ():
        variable = _variable(gap) if gap.idle and not gap.host else None
        if variable is not None:
            elements = _elements(at, scope, gap, variable, into)
            two = combinations_with_replacement(elements[:FACTORS], 2)
            planes = _of_planes(at, scope, gap, variable, into)
            products = [[f"{a} * {b}" for a, b in some] for some in (planes, two)]
            into.put(gap, made, [*products[0], *elements, *products[1]], into.flow.stuck)


def _variable(gap: Gap) -> Node | None:
    """The variable of the innermost loop around a gap."""
    loop = next((n for n in reversed(gap.site.above) if n.kind == "FOR_STMT"), None)
    head = loop.children[:-1] if loop is not None else ()
    return next((x for part in head for x in part.walk() if x.kind == "VAR_DECL" and integral(x)), None)


def _of_planes(at: Sites, scope: Scope, gap: Gap, variable: Node, into: Gaps) -> list[tuple[str, str]]:
    """Elements of two arrays of two axes that nobody reads, at the variable in one axis."""
    names = [v.spelled for v in scope.at_site(gap.site) if v.node.type.kind == "array"]
    unread = [a for a in reversed(names) if a in into.flow.unread]
    elements = [[e for e in planes(at, scope, gap.site, a) if f"[{variable.spelling}]" in e] for a in unread]
    return [pair for a, b in combinations(elements, 2) for pair in product(a, b)][:PLANES]


def _elements(at: Sites, scope: Scope, gap: Gap, variable: Node, into: Gaps) -> list[str]:
    """Those of the arrays at hand that are no outputs, where the text reads one at this variable, at the variable
    itself, or as far from another one."""
    subscripts = (s.node.children[1] for s in at.device
                  if s.node.kind == "ARRAY_SUBSCRIPT_EXPR" and len(s.node.children) == 2)
    named = [at.source(n) for n in subscripts if scope.visible(n, gap.site)
             and any(x.referenced is not None and x.referenced.key == variable.key for x in n.walk())]
    arrays = [v.spelled for v in scope.at_site(gap.site) if (inner := v.node.type.inner) is not None
              and inner.is_scalar and inner.dtype is not None and inner.dtype.is_float
              and v.spelled not in into.flow.outputs]
    others = [v.spelled for v in scope.at_site(gap.site) if integral(v.node) and v.node.key != variable.key]
    places = dict.fromkeys([variable.spelling, *named, *(f"{o} + {variable.spelling}" for o in others)])
    return [f"{a}[{p}]" for p in list(places)[:PLACES] for a in arrays][:ELEMENTS]
