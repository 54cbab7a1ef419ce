"""Which choices to try next: the smallest change that no run so far rules out, by Z3."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence

import z3

from xpiler.repair.sketch import Sketch

# Choices that are combined, and how many at a time.
MOST, TOGETHER = 40, 3
MILLISECONDS = 500


def pairs(
    sketch: Sketch, weights: Mapping[tuple[int, int], float]
) -> Iterator[tuple[float, dict[int, int]]]:
    """Two choices at once, out of (hole, choice) with how large a change each is, with how large both are; the smallest
    change first. Of two holes one in the other only one is chosen."""
    items = sorted(weights, key=lambda i: weights[i])
    heap = [(weights[items[n]] + weights[items[n + 1]], n, n + 1) for n in range(len(items) - 1)]
    heapq.heapify(heap)
    while heap:
        weight, a, b = heapq.heappop(heap)
        if b + 1 < len(items):
            heapq.heappush(heap, (weights[items[a]] + weights[items[b + 1]], a, b + 1))
        (x, c), (y, d) = items[a], items[b]
        if x != y and not sketch.nested(x, y):
            yield weight, {x: c, y: d}


def beside(
    sketch: Sketch, weights: Mapping[tuple[int, int], float]
) -> Iterator[tuple[float, dict[int, int]]]:
    """Two choices on one line at once: of mistakes that lie so near each other neither may show when it is undone."""
    lines = dict[int, dict[tuple[int, int], float]]()
    for item, weight in weights.items():
        lines.setdefault(sketch.holes[item[0]].line, {})[item] = weight
    yield from heapq.merge(*(pairs(sketch, some) for some in lines.values()), key=lambda p: p[0])


def combinations(sketch: Sketch, weights: Mapping[tuple[int, int], float]) -> Iterator[dict[int, int]]:
    """Several choices at once, out of (hole, choice) with how large a change each is; the smallest change first.

    Of two holes one in the other only one is chosen. What was given out failed, or nobody asked on: it is a constraint
    on what follows."""
    items = sorted(weights, key=lambda i: weights[i])[:MOST]
    if len(items) < 2:
        return
    taken = {i: z3.Bool(f"hole{i[0]}_{i[1]}") for i in items}
    solver = z3.Solver()
    solver.set("timeout", MILLISECONDS)
    for n, a in enumerate(items):
        for b in items[n + 1:]:
            if a[0] == b[0] or sketch.nested(a[0], b[0]):
                solver.add(z3.Not(z3.And(taken[a], taken[b])))
    solver.add(z3.PbGe([(v, 1) for v in taken.values()], 2), z3.PbLe([(v, 1) for v in taken.values()], TOGETHER))
    cost = [(v, max(1, round(weights[i]))) for i, v in taken.items()]
    for limit in _limits([c for _, c in cost]):
        within = z3.Bool(f"within{limit}")
        solver.add(z3.Implies(within, z3.PbLe(cost, limit)))
        while solver.check(within) == z3.sat:
            model = solver.model()
            chosen = {i[0]: i[1] for i, v in taken.items() if z3.is_true(model[v])}
            yield chosen
            solver.add(z3.Not(z3.And([taken[i] for i in chosen.items()])))


def _limits(costs: Sequence[int]) -> Iterator[int]:
    """Bounds on the size of a change, each a little larger than the one before."""
    most = sum(sorted(costs)[-TOGETHER:])
    at = sum(sorted(costs)[:2])
    while at <= most:
        yield at
        at += max(1, at // 4)
