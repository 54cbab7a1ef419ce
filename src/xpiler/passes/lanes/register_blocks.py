"""Register blocks: reductions into vectors for several outputs at once, so that what is in registers is used again, and
no sum waits for the one before it.

    for i in 32: for j in 64:                         for i in 8: for j in 16:
        acc = 0                                           acc[16] = 0
        for k in n:                             ->        for k in n:
            acc = fma(all(a[i, k]), b[k, j], acc)             for c in 4: v[c] = b[k, 4*j + c]
        c[i, j] = acc                                         for r in 4: u = all(a[4*i + r, k])
                                                                  for c in 4: acc[4*r + c] = fma(u, v[c], acc[4*r + c])
                                                          for r in 4: for c in 4: c[4*i + r, 4*j + c] = acc[4*r + c]

The block is the one for which a processor with such registers takes the least time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf, prod

from xpiler.facts.polynomial import polynomial
from xpiler.ir.nodes import Addr, Alloc, Binary, Const, Expr, For, Intrinsic, Kernel, Load, Stmt, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh, bodies, expressions, names, statements, subexpressions
from xpiler.passes.jam import jammed, same_in_all
from xpiler.passes.split import loop_named, swapped
from xpiler.passes.step import NotApplicable
from xpiler.platforms.platform import Registers

FACTORS = range(2, 9)
USUAL = 4  # iterations together where no number of them divides all there are, or that is not known
WORTH = 0.8  # of the time without a block, at most
AROUND = 32  # statements that are no part of the reductions, at most: more is not about these
CLOSE = 1.05  # times the least time, for what is simpler
NAMES = ((), ("u",), ("r", "c"))  # of the iterations that run together: one loop's, a row's and a column's
Body = tuple[Stmt, ...]
Block = tuple[tuple[For, int], ...]  # loops, and how many of their iterations run together


def blocked(kernel: Kernel, registers: Registers) -> Kernel:
    """The kernel with its reductions in blocks, for a machine with such vector registers; NotApplicable where none is
    faster in one."""
    vectors = {s.buffer.name for s in statements(kernel) if isinstance(s, Alloc) and s.buffer.ctype}
    plan: dict[str, tuple[int, str]] = {}
    for nest in _nests(kernel.body, (), vectors):
        block = _best(nest, {name: factor for name, (factor, _) in plan.items()}, registers)
        for (loop, factor), stem in zip(block, NAMES[len(block)], strict=True):
            plan.setdefault(loop.var.name, (factor, stem))
    if not plan:
        raise NotApplicable("no reduction is faster in a block of registers", kernel.span)
    fresh = Fresh(names(kernel))
    for name, (factor, stem) in plan.items():
        loop = loop_named(kernel, name)
        kernel = replace(kernel, body=swapped(kernel.body, loop, *jammed(loop, factor, fresh, stem)))
    return kernel


def _best(nest: Nest, plan: Mapping[str, int], registers: Registers) -> Block:
    """The block of a nest, one of an outer loop that is in the plan already."""
    *outer, inner = nest.loops
    if inner.var.name in plan or nest.around() > AROUND:
        return ()
    given = [(u, plan[u.var.name]) for u in outer if u.var.name in plan]
    rows = [_along(u) for u in reversed(outer)] if not given else []
    columns = [(), *_along(inner)]

    def time(block: Block) -> float:
        return _time(nest, block, registers)

    chosen: Block = ()
    for row in ([tuple(given[-1:])], *rows):
        best = min((r + c for c in reversed(columns) for r in row), key=time, default=())
        if time(best) * CLOSE < time(chosen):
            chosen = best
    return chosen if time(chosen) <= time(()) * WORTH else ()


def _time(nest: Nest, block: Block, registers: Registers) -> float:
    """Cycles of a step of one output; infinite where registers do not hold the block, or it serves nothing."""
    outputs = prod(f for _, f in block)
    sums = outputs * nest.sums
    most = registers.count
    if sums > most // 2 or sums + nest.fixed + max((f for _, f in block), default=1) > most - 2:
        return inf
    if block and not nest.shares(block[0][0]) or not all(nest.fits(u) for u, _ in block):
        return inf
    total = 0.0
    for step in nest.steps:
        copies = [(s, prod(f for u, f in block if id(s) not in nest.same(u))) for s in step]
        loads = sum(n for s, n in copies if nest.loads(s))
        arithmetic = sum(n for s, n in copies if nest.computes(s))
        total += max(loads / registers.units, arithmetic / registers.units, registers.latency)
        total += loads / registers.latency
    return total / outputs


@dataclass
class Nest:
    """Reductions into vectors within loops of independent iterations, the last of which has no such loop in it.

    `steps` are the calls that each of them makes in an iteration."""

    loops: tuple[For, ...]
    steps: list[tuple[Intrinsic, ...]]
    vectors: set[str]
    known: dict[str, frozenset[int]] = field(default_factory=dict)
    fit: dict[str, bool] = field(default_factory=dict)

    @property
    def sums(self) -> int:
        """Vectors that hold what a step is added to."""
        return max(sum(_adds(s) for s in step) for step in self.steps)

    @property
    def fixed(self) -> int:
        """Vectors from outside the innermost loop."""
        inside = {s.buffer.name for s in statements(self.loops[-1].body) if isinstance(s, Alloc)}
        return len({a.buffer for step in self.steps for s in step for a in s.args if isinstance(a, Addr)}
                   & self.vectors - inside)

    def loads(self, s: Intrinsic) -> bool:
        """Whether a call reads memory."""
        return any(isinstance(x, Load) or isinstance(x, Addr) and x.buffer not in self.vectors
                   for a in s.args for x in subexpressions(a))

    def computes(self, s: Intrinsic) -> bool:
        """Whether it does more than read it."""
        return not self.loads(s) or not all(isinstance(a, Load | Addr | Const) for a in s.args)

    def same(self, loop: For) -> frozenset[int]:
        """The statements that do the same in all iterations of a loop; none where these cannot run together."""
        name = loop.var.name
        if name not in self.known:
            try:
                self.known[name] = same_in_all(loop)
            except NotApplicable:
                self.known[name] = frozenset()
        return self.known[name]

    def shares(self, loop: For) -> bool:
        """Whether iterations of a loop load the same. Where they do not, a processor overlaps one reduction with the
        next by itself: pools were a tenth slower in blocks."""
        return any(self.loads(s) and id(s) in self.same(loop) for step in self.steps for s in step)

    def fits(self, loop: For) -> bool:
        """Whether iterations of a loop can run together."""
        if loop.var.name not in self.fit:
            self.fit[loop.var.name] = _together(loop)
        return self.fit[loop.var.name]

    def around(self) -> int:
        """The statements in the innermost loop that are in none of the reductions."""
        calls = {id(s) for step in self.steps for s in step}
        within = [s for s in statements(self.loops[-1].body) if isinstance(s, For)
                  and any(id(x) in calls for x in statements(s.body))]
        inside = {id(x) for s in within for x in statements(s.body)}
        return sum(id(s) not in inside for s in statements(self.loops[-1].body))


def _together(loop: For) -> bool:
    """Whether iterations of a loop can run together."""
    try:
        jammed(loop, max(FACTORS), Fresh(), "")
    except NotApplicable:
        return False
    return True


def _nests(body: Body, loops: tuple[For, ...], vectors: set[str]) -> Iterator[Nest]:
    for s in body:
        around = (*loops, s) if isinstance(s, For) and s.kind == "parallel" else loops
        inner = [n for part in bodies(s) for n in _nests(part, around, vectors)]
        yield from inner
        if around is not loops and not inner and (steps := list(_reductions(bodies(s)[0], vectors))):
            yield Nest(around, steps, vectors)


def _reductions(body: Body, vectors: set[str]) -> Iterator[tuple[Intrinsic, ...]]:
    """What the innermost loops that add to vectors do in an iteration."""
    for s in body:
        step = tuple(x for x in statements(bodies(s)[0]) if isinstance(x, Intrinsic)) if isinstance(s, For) else ()
        if isinstance(s, For) and not any(isinstance(x, For) for x in statements(s.body)):
            if any(_adds(x) for x in step):
                yield step
            continue
        for part in bodies(s):
            yield from _reductions(part, vectors)


def _adds(s: Intrinsic) -> bool:
    """Whether a call changes a vector."""
    return isinstance(s.result, Addr) and any(isinstance(a, Addr) and a.buffer == s.result.buffer for a in s.args)


def _along(loop: For) -> list[Block]:
    """The blocks of several iterations of one loop."""
    return [((loop, f),) for f in _factors(loop)]


def _factors(loop: For) -> Sequence[int]:
    """How many iterations may run together: what divides their number, if that is known."""
    if isinstance(loop.stop, Const):
        n = int(loop.stop.value)
        return [f for f in FACTORS if n % f == 0] or [f for f in (USUAL,) if n > max(FACTORS)]
    return [USUAL] if _linear(loop) else []


def _linear(loop: For) -> bool:
    """Whether its variable is multiplied by numbers only: what is left over then begins where others can see it."""
    for s in statements(loop.body):
        for e in expressions(s):
            for x in subexpressions(e):
                if isinstance(x, Binary) and x.dtype is DType.I32 and not _is_linear(x, loop.var):
                    return False
    return True


def _is_linear(e: Expr, var: Var) -> bool:
    terms = polynomial(e, {}).terms
    return all(m == (var,) or not any(var in subexpressions(a) for a in m) for m, _ in terms)
