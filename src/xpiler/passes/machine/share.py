"""Loop bind for a whole kernel: its outermost parallel nest is shared out over tasks, or blocks of threads.

    for i in n (parallel):            block b in (n + 255) / 256: thread t in 256:
        y[i] = x[i] + 1        ->         i = 256 * b + t;  if (i < n) y[i] = x[i] + 1
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from xpiler.ir.nodes import (
    Addr, Alloc, Assign, Atomic, Binary, Break, Buffer, Const, Continue, Expr, For, If, Intrinsic, Kernel, Let, Load,
    Return, Stmt, Store, Var,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import (
    Fresh, bodies, buffers_written, declared, expressions, free_vars, map_stmts, names, scalars_read, scalars_written,
    statements, subexpressions, walk,
)
from xpiler.passes.nests.chains import absorbed, chain_of, flattened, length_of, serial, split_nest, without_single
from xpiler.passes.plain.structured import negated
from xpiler.passes.split import rounded

I32 = DType.I32
ZERO, ONE = Const(0, I32), Const(1, I32)
MANY = 16  # elements that an instruction touches, at least, where a load takes one


def nests(kernel: Kernel) -> tuple[Kernel, ...]:
    """One kernel per top-level loop nest, in order: the points where a whole grid or all tasks must meet.

    Scalars computed before a nest at the top level are computed again in each kernel that uses them. What cannot be
    done twice, because it changes an array of the caller's or reads one that is changed meanwhile, stays in one kernel
    with what needs it, in the order of the text. The nests under a condition on parameters are each under it."""
    kernel = replace(kernel, body=tuple(part for s in kernel.body for part in _each_under(s, kernel)))
    body = kernel.body
    changed = [_changed(s, kernel) for s in body]
    groups: list[set[int]] = []
    for n in (n for n, arrays in enumerate(changed) if arrays):
        needed = _needed(kernel, n)
        group = {n, *needed}
        once = [h for h in needed if changed[h] or _arrays((body[h],)).intersection(*[set().union(*changed[h:n])])]
        while once and groups and max(groups[-1]) >= min(once):
            group |= groups.pop()
        groups.append(group)
    together = [sum(bool(changed[n]) for n in g) > 1 for g in groups]
    if len(groups) <= 1 and not any(together):
        return (kernel,)
    parts = [tuple(body[n] for n in sorted(g)) for g in groups]
    parts = [_in_turn(part) if several else part for part, several in zip(parts, together, strict=True)]
    if len(parts) == 1:
        return (replace(kernel, body=parts[0]),)
    return tuple(replace(kernel, name=f"{kernel.name}_{n}", body=part) for n, part in enumerate(parts))


def _each_under(s: Stmt, kernel: Kernel) -> tuple[Stmt, ...]:
    """A condition on parameters around several nests as one around each of them; nothing else is made under it."""
    if not isinstance(s, If) or not known_at_start(s.cond, kernel):
        return (s,)
    sides = [(s.cond, s.then)] + ([(negated(s.cond), s.orelse)] if s.orelse else [])
    if _left_behind(s, kernel) or any(isinstance(x, Return | Break | Continue) for _, side in sides for x in side):
        return (s,)
    return tuple(_if_both(If(cond, part.body, (), s.span), kernel)
                 for cond, side in sides for part in nests(replace(kernel, body=side)))


def _left_behind(s: If, kernel: Kernel) -> bool:
    """Whether scalars, or arrays of the kernel's own, that were there before get another value."""
    given = {p.name for p in kernel.params if isinstance(p, Buffer)}
    own = set(declared((s,)))
    return bool({v.name for v in scalars_written(s)} - own or buffers_written(s) - given - own)


def _if_both(s: If, kernel: Kernel) -> If:
    """A condition, and another one right inside it, as one."""
    match s.then:
        case (If(cond, then, ()),) if known_at_start(cond, kernel):
            return replace(s, cond=Binary("&&", s.cond, cond, DType.BOOL), then=then)
    return s


def known_at_start(cond: Expr, kernel: Kernel) -> bool:
    """Whether a condition hangs on scalar parameters alone, so that it is known when the kernel starts."""
    given = {p for p in kernel.params if isinstance(p, Var)}
    changed = {s.var for s in statements(kernel) if isinstance(s, Assign)}
    return scalars_read(cond) <= given - changed and not any(isinstance(x, Load) for x in subexpressions(cond))


def _in_turn(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Statements that depend on each other, run by one thread."""
    return map_stmts(body, lambda s: replace(s, kind="serial") if isinstance(s, For) and s.kind == "parallel" else s)


def _changed(s: Stmt, kernel: Kernel) -> set[str]:
    """The arrays of the caller's that a statement may change; an intrinsic may where it is given one's address."""
    arrays = {p.name for p in kernel.params if isinstance(p, Buffer)}
    outputs = {p.name for p in kernel.params if isinstance(p, Buffer) and not p.const}
    stored = {x.buffer for x in walk(s) if isinstance(x, Store | Atomic) and x.buffer in arrays}
    return stored | {x.buffer for x in walk(s) if isinstance(x, Addr) and x.buffer in outputs}


def _needed(kernel: Kernel, n: int) -> list[int]:
    """Earlier top-level statements that make scalars, or arrays of the kernel's own, which statement n depends on."""
    callers = {p.name for p in kernel.params if isinstance(p, Buffer)}
    keep: list[int] = []
    wanted = {v.name for v in free_vars(kernel.body[n])} | _arrays((kernel.body[n],)) - callers
    for h in range(n - 1, -1, -1):
        s = kernel.body[h]
        made = {x.var.name for x in statements(s) if isinstance(x, Let | Assign)}
        made |= {x.buffer.name for x in statements(s) if isinstance(x, Alloc)}
        made |= {x.buffer for x in statements(s) if isinstance(x, Store)}
        made |= {e.buffer for x in statements(s) if isinstance(x, Intrinsic) for e in x.args if isinstance(e, Addr)}
        if made & wanted:
            keep.append(h)
            wanted |= {v.name for v in free_vars(s)} | _arrays((s,)) - callers
    return keep


def _arrays(body: tuple[Stmt, ...]) -> set[str]:
    return {e.buffer for e in walk(body) if isinstance(e, Load | Addr)}


@dataclass(frozen=True)
class BindTasks:
    """Share the outermost parallel loop of a kernel between `tasks` tasks, with the next ones where it has fewer
    iterations than that; on-chip buffers move to the top."""

    tasks: int = 16
    axis: str = "task"

    def apply(self, kernel: Kernel) -> Kernel:
        return at_top(self.shared(kernel))

    def shared(self, kernel: Kernel) -> Kernel:
        """The kernel shared out, its on-chip buffers where they were."""
        fresh = Fresh(names(kernel))
        t = Var(fresh("task"), I32)
        count = self.tasks
        body: list[Stmt] = []
        bound = False
        for s in kernel.body:
            if not bound and isinstance(s, For) and s.kind == "parallel":
                shared, bound = self._wide(fresh, s, kernel), True
                if isinstance(shared.stop, Const):
                    count = max(1, min(count, int(shared.stop.value)))
                if (shared.start, shared.stop, shared.step) == (ZERO, Const(count, I32), ONE):  # one for each
                    t = shared.var
                    body += serial(shared.body)
                    continue
                body.append(replace(shared, start=t, step=Const(count, I32), kind="serial", body=serial(shared.body)))
            else:
                body.append(s)
        if not bound:
            count = 1
        return replace(kernel, body=(For(t, ZERO, Const(count, I32), ONE, serial(tuple(body)), self.axis),))

    def _wide(self, fresh: Fresh, s: For, kernel: Kernel) -> For:
        """The loops that are taken as one."""
        taken = self.taken(s, kernel)
        if len(taken) == 1:
            return s
        merged, body = flattened(fresh, taken, taken[-1].body)
        return replace(merged, body=body)

    def taken(self, s: For, kernel: Kernel) -> list[For]:
        """The outermost loops of a perfect nest, as many as it takes to keep all tasks busy; half of them will do where
        the next loop works on what stays as it is meanwhile."""
        taken, wide = [s], length_of(s)
        if s.start != ZERO or s.step != ONE:
            return taken
        arrays = {p.name for p in kernel.params if isinstance(p, Buffer)}
        for inner in chain_of(s)[0][1:]:
            if wide >= self.tasks or 2 * wide >= self.tasks and _outlasted(inner, arrays):
                break
            taken.append(inner)
            wide *= length_of(inner)
        return taken


def _outlasted(loop: For, arrays: Collection[str]) -> bool:
    """Whether most of what a loop touches of these arrays is the same in all its iterations; an instruction touches
    many elements where a load takes one."""
    same = others = 0.0

    def count(body: tuple[Stmt, ...], times: float) -> None:
        nonlocal same, others
        for s in body:
            for x in (x for e in expressions(s) for x in subexpressions(e)):
                if isinstance(x, Load | Addr) and x.buffer in arrays:
                    many = times * (MANY if isinstance(x, Addr) else 1)
                    if loop.var in scalars_read(x.index):
                        others += many
                    else:
                        same += many
            for b in bodies(s):
                count(b, times * length_of(s) if isinstance(s, For) else times)

    count(loop.body, 1)
    return same > 4 * others


def at_top(kernel: Kernel) -> Kernel:
    """A kernel that is one loop along an axis, with its on-chip buffers at the top."""
    (axis,) = kernel.body
    assert isinstance(axis, For)
    scratch = [s for s in statements(axis.body) if isinstance(s, Alloc) and s.buffer.space != "local"]
    rest = map_stmts(axis.body, lambda s: () if s in scratch else s)
    return replace(kernel, body=(replace(axis, body=(*scratch, *rest)),))


@dataclass(frozen=True)
class BindThreads:
    """Spread the outermost parallel nest of a kernel over blocks of `threads` threads."""

    threads: int = 256
    warp: int = 32

    def apply(self, kernel: Kernel) -> Kernel:
        kernel = without_single(kernel)
        fresh = Fresh(names(kernel))
        heads, nest = split_nest(kernel)
        if nest is None:
            t, b = Var(fresh("t"), I32), Var(fresh("b"), I32)
            alone = For(t, ZERO, ONE, ONE, serial(kernel.body), "thread.x")
            return replace(kernel, body=(For(b, ZERO, ONE, ONE, (alone,), "block.x"),))
        chain, body = chain_of(nest)
        body = serial(body)
        last = chain[-1]
        outer = chain[:-1]
        taken, wide = [last], length_of(last)
        while outer and wide < self.warp:
            taken, outer = [outer[-1], *taken], outer[:-1]
            wide *= length_of(taken[0])
        if len(taken) > 1:
            last, body = flattened(fresh, taken, body)
        threads = self._threads(last.stop)
        size = Const(threads, I32)
        whole = isinstance(last.stop, Const) and int(last.stop.value) == threads
        b, t = Var(fresh("b"), I32), last.var if whole else Var(fresh("t"), I32)
        at = Binary("+", Binary("*", b, size, I32), t, I32)
        inner: tuple[Stmt, ...] = (*heads, *body) if whole else (Let(last.var, at), *heads, *body)
        exact = isinstance(last.stop, Const) and int(last.stop.value) % threads == 0
        if not exact:
            inner = (Let(last.var, at), If(Binary("<", last.var, last.stop, DType.BOOL), (*heads, *body)))
        blocks = rounded(last.stop, threads)
        stmt: Stmt = For(t, ZERO, size, ONE, inner, "thread.x")
        if len(outer) > 2:
            merged, joined = flattened(fresh, outer[1:], (stmt,))
            outer, stmt = [outer[0], merged], absorbed(joined)
        if not outer:
            stmt = For(b, ZERO, blocks, ONE, (stmt,), "block.x")
        else:
            near = outer[-1]
            stmt = For(near.var, ZERO, near.stop, ONE, (stmt,), "block.x")
            stmt = For(b, ZERO, blocks, ONE, (stmt,), "block.y") if not whole else stmt
            if len(outer) == 2:
                stmt = For(outer[0].var, ZERO, outer[0].stop, ONE, (stmt,), "block.y" if whole else "block.z")
        return replace(kernel, body=(stmt,))

    def _threads(self, extent: Expr) -> int:
        if isinstance(extent, Const):
            n = int(extent.value)
            if n <= self.threads:
                return max(n, 1)
        return self.threads
