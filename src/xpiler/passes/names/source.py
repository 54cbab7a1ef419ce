"""Names: what a closed form counts and accumulates is called what the source calls it.

    least = min(least, in[(n * 8 + ph) * 64 + c]);        bottom = min(bottom, in[i * 512 + j * 64 + k])
                                                    ->    least = min(least, in[n * 512 + ph * 64 + c])

Names change nothing but what a reader sees. Those of loops are told by weight: in an index of the same array, what
counts in the same steps is the same thing, unless it does not go as far. Those of accumulators are told by the
operation, where the source has one scalar for it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from xpiler.facts.hulls import Hulls, hulls
from xpiler.facts.polynomial import Monomial, Poly, polynomial
from xpiler.ir.nodes import (
    Addr, Assign, Binary, Call, Const, Expr, For, Kernel, Let, Load, PLAIN, Store, Var,
)
from xpiler.ir.walk import Fresh, names, rename, scalars_read, statements, walk

DEEP = 4  # scalars made of scalars made of ..., so far
Weight = tuple[Monomial, int]  # what a scalar is multiplied by: sizes, and a number
Weighed = dict[Weight, list[Var]]


def named_after(kernel: Kernel, source: Kernel) -> Kernel:
    """The kernel, its sequential loops called as `source`, which it was made of, calls what they count."""
    names_of = _Names(hulls(kernel), hulls(source), _made(source))
    said = _said(source)
    loops = frozenset(s.var for s in statements(kernel) if isinstance(s, For))
    sizes = _sizes(kernel)
    accesses = [(b, _weights(polynomial(e, {}), loops, sizes)) for b, e in _accesses(kernel)]
    for _ in range(2):  # what the first round found tells apart what weighs the same
        for array, weighed in accesses:
            names_of.match(weighed, said.get(array, []))
    chosen = names_of.chosen | _accumulators(kernel, source)
    fixed = names(kernel) - {v.name for v in loops} - {v.name for v in chosen}
    chosen = {v: name for v, name in chosen.items() if name not in fixed}
    supply = Fresh(names(kernel) - {v.name for v in chosen})
    return replace(kernel, body=rename(kernel.body, {v.name: supply(name) for v, name in chosen.items()}))


def _accumulators(kernel: Kernel, source: Kernel) -> dict[Var, str]:
    """What a kernel accumulates in, and the source does in one scalar by the same operation."""
    theirs = _folded(source)
    return {v: stem(one) for op, found in _folded(kernel).items() for v in found
            if len(theirs[op]) == 1 for one in theirs[op]}


def _folded(kernel: Kernel) -> dict[str, set[Var]]:
    """The operations that scalars which are no integers accumulate by, and those scalars."""
    found = defaultdict[str, set[Var]](set)
    for s in statements(kernel):
        match s:
            case Assign(var, Binary("+" | "*" as op, a, b) | Call("min" | "max" as op, (a, b))) if (
                    var in (a, b) and var.dtype.is_float):
                found[op].add(var)
    return found


@dataclass
class _Names:
    """Loops that have found their names, and how far they and the scalars of the source go."""

    own: Hulls
    theirs: Hulls
    made: frozenset[Var]  # of blocks and threads alone
    chosen: dict[Var, str] = field(default_factory=dict)

    def match(self, weighed: Weighed, said: list[Weighed]) -> None:
        """Name what one access of an array counts; `said` is what the source has for it, as it is written first."""
        here = {self.chosen[v] for loops in weighed.values() for v in loops if v in self.chosen}
        for weight, loops in weighed.items():
            left = [v for v in loops if v not in self.chosen]
            for scalars in said:
                fit = {stem(u) for u in scalars.get(weight, ()) if all(map(self.far(u), left))} - here
                if len(left) == len(fit) == 1:
                    self.chosen[left[0]] = fit.pop()
                    here.add(self.chosen[left[0]])
                    break

    def far(self, scalar: Var) -> Callable[[Var], bool]:
        """Whether a scalar of the source goes as far as a loop does: farther only by threads that have no work."""
        reach = self.theirs.get(scalar)
        strict = scalar not in self.made

        def says(loop: Var) -> bool:
            own = self.own.get(loop)
            if reach is None or own is None:
                return not strict
            return reach[1] == own[1] or reach[1] > own[1] and not strict

        return says


def stem(scalar: Var) -> str:
    """What a scalar is called in the text, where blocks keep apart what goes by one name."""
    return re.sub(r"(?<=.)_\d+$", "", scalar.name)


def _made(source: Kernel) -> frozenset[Var]:
    """The scalars that are made of blocks and threads alone, or that are another name for one of those."""
    known = _axes(source) | _sizes(source)
    found = set[Var]()
    for s in statements(source):
        if isinstance(s, Let) and s.value is not None:
            read = scalars_read(s.value)
            if read <= known or len(read) == 1 and read <= found:
                found.add(s.var)
    return frozenset(found)


def _axes(source: Kernel) -> frozenset[Expr]:
    return frozenset(s.var for s in statements(source) if isinstance(s, For) and s.kind not in PLAIN)


def _said(source: Kernel) -> dict[str, list[Weighed]]:
    """What the scalars of the source count in each array: as written, then as what they are made of, and so on."""
    sizes = _sizes(source)
    leaps = _axes(source) | {s.var for s in statements(source) if isinstance(s, For | Let) and _leaps(s, sizes)}
    lets: dict[Expr, Poly] = {
        s.var: polynomial(s.value, {}) for s in statements(source) if isinstance(s, Let) and s.value is not None}
    found: dict[str, list[Weighed]] = {}
    for array, index in _accesses(source):
        p = polynomial(index, {})
        for level in found.setdefault(array, [defaultdict(list) for _ in range(DEEP)]):
            scalars = frozenset(a for a in p.atoms if isinstance(a, Var) and a not in leaps)
            for weight, counted in _weights(p, scalars, sizes).items():
                level[weight] += counted
            p = p.replaced(lets)
    return found


def _leaps(s: For | Let, sizes: frozenset[Expr]) -> bool:
    """Whether a scalar takes no two values that follow each other: the start of a row, of a block."""
    match s:
        case For(_, Const(), _, Const(step, _)):
            return step > 1
        case Let(_, value) if value is not None:
            return all(abs(c) > 1 or not m or bool(sizes & set(m)) for m, c in polynomial(value, {}).terms)
    return False


def _sizes(kernel: Kernel) -> frozenset[Expr]:
    return frozenset(p for p in kernel.params if isinstance(p, Var))


def _weights(p: Poly, counters: frozenset[Var], sizes: frozenset[Expr]) -> Weighed:
    """The counters of an index by what each is multiplied by, where that is sizes and numbers."""
    found = defaultdict[Weight, list[Var]](list)
    for m, c in p.terms:
        counted = [a for a in m if a not in sizes]
        if len(counted) == 1 and isinstance(v := counted[0], Var) and v in counters:
            found[tuple(a for a in m if a in sizes), c].append(v)
    return found


def _accesses(kernel: Kernel) -> Iterator[tuple[str, Expr]]:
    """The arrays a kernel was given, with the places it touches; what it writes comes first."""
    given = {p.name for p in kernel.params}
    nodes = [x for x in walk(kernel) if isinstance(x, Store | Load | Addr) and x.buffer in given]
    for x in sorted(nodes, key=lambda x: not isinstance(x, Store)):
        yield x.buffer, x.index
