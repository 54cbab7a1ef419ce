"""Which independent loops threads share: so many that there is an iteration for everybody, none where all is soon done.

    parallel i in 4: parallel j in 90: parallel k in 9: f     ->     parallel i in 4: parallel j in 90: for k in 9: f
    parallel i in 60: y[i] = x[i]                             ->     for i in 60: y[i] = x[i]
"""

from __future__ import annotations

from dataclasses import replace
from math import inf

from xpiler.ir.nodes import For, Kernel, Stmt, While
from xpiler.ir.walk import bodies, free_vars, with_bodies
from xpiler.passes.nests.chains import length_of, serial

ENOUGH = 256  # iterations: a few for each core of a large server
SOON = 1 << 14  # statements: what takes no longer than it takes to wake the threads and to wait for them


def shared_out(kernel: Kernel) -> Kernel:
    """The kernel with the loops that threads share as the only parallel ones; a loop of a length that is not known is
    one of them."""
    return replace(kernel, body=tuple(_shared(s) for s in kernel.body))


def _shared(s: Stmt) -> Stmt:
    if not isinstance(s, For) or s.kind != "parallel":
        return with_bodies(s, lambda body: tuple(_shared(x) for x in body))
    if _work(s) <= SOON:
        return serial((s,))[0]
    return _nest(s, 1)


def _nest(loop: For, outside: float) -> For:
    """A loop that is shared out, and those directly inside as long as there are too few iterations."""
    iterations = outside * length_of(loop)
    match loop.body:
        case (For(kind="parallel") as inner,) if iterations < ENOUGH and loop.var not in free_vars(inner.stop):
            return replace(loop, body=(_nest(inner, iterations),))
    return replace(loop, body=serial(loop.body))


def _work(s: Stmt) -> float:
    """How many statements are executed."""
    if isinstance(s, While):
        return inf
    inside = sum(_work(x) for part in bodies(s) for x in part)
    return length_of(s) * inside if isinstance(s, For) else 1 + inside
