"""Loop bind for a whole kernel: its outermost parallel nest is shared out over tasks, or blocks of threads.

    for i in n (parallel):            block b in (n + 255) / 256: thread t in 256:
        y[i] = x[i] + 1        ->         i = 256 * b + t;  if (i < n) y[i] = x[i] + 1
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from xpiler.ir.nodes import (
    Addr, Alloc, Assign, Atomic, Barrier, Binary, Buffer, Call, Const, Expr, For, If, Intrinsic, Kernel, Let, Load,
    Stmt, Store, Var,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh, free_vars, map_stmts, names, scalars_read, statements, substitute, walk
from xpiler.passes.nest import combined
from xpiler.passes.split import rounded
from xpiler.passes.step import NotApplicable

I32 = DType.I32
ZERO, ONE = Const(0, I32), Const(1, I32)
WARP = 32  # threads that run together at least, whatever they do


def nests(kernel: Kernel) -> tuple[Kernel, ...]:
    """One kernel per top-level loop nest, in order: the points where a whole grid or all tasks must meet.

    Scalars computed before a nest at the top level are computed again in each kernel that uses them. What cannot be
    done twice, because it changes an array of the caller's or reads one that is changed meanwhile, stays in one kernel
    with what needs it, in the order of the text."""
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
        fresh = Fresh(names(kernel))
        t = Var(fresh("task"), I32)
        count = self.tasks
        scratch = [s for s in statements(kernel.body) if isinstance(s, Alloc) and s.buffer.space != "local"]
        body: list[Stmt] = []
        bound = False
        for s in map_stmts(kernel.body, lambda s: () if s in scratch else s):
            if not bound and isinstance(s, For) and s.kind == "parallel":
                shared = self._wide(fresh, s)
                if isinstance(shared.stop, Const):
                    count = max(1, min(count, int(shared.stop.value)))
                step = Const(count, I32)
                body.append(replace(shared, start=t, step=step, kind="serial", body=_serial(shared.body)))
                bound = True
            else:
                body.append(s)
        if not bound:
            count = 1
        loop = For(t, ZERO, Const(count, I32), ONE, (*scratch, *_serial(tuple(body))), self.axis)
        return replace(kernel, body=(loop,))

    def _wide(self, fresh: Fresh, s: For) -> For:
        """The outermost loops of a perfect nest as one, as many as it takes to keep all tasks busy."""
        if s.start != ZERO or s.step != ONE:
            return s
        chain, _ = _chain(s)
        first: tuple[Stmt, ...] = ()  # the indices of loops that are already one
        for inner in chain[1:]:
            if not isinstance(s.stop, Const) or int(s.stop.value) >= self.tasks:
                break
            merged, joined = _flatten(fresh, s, inner, (*first, *inner.body))
            first = joined[:len(joined) - len(inner.body)]
            s = replace(merged, body=joined)
        return s


@dataclass(frozen=True)
class BindThreads:
    """Spread the outermost parallel nest of a kernel over blocks of `threads` threads."""

    threads: int = 256
    warp: int = 32

    def apply(self, kernel: Kernel) -> Kernel:
        fresh = Fresh(names(kernel))
        heads, nest = _split_nest(kernel)
        if nest is None:
            t, b = Var(fresh("t"), I32), Var(fresh("b"), I32)
            alone = For(t, ZERO, ONE, ONE, _serial(kernel.body), "thread.x")
            return replace(kernel, body=(For(b, ZERO, ONE, ONE, (alone,), "block.x"),))
        chain, body = _chain(nest)
        body = _serial(body)
        last = chain[-1]
        outer = chain[:-1]
        while outer and isinstance(last.stop, Const) and int(last.stop.value) < self.warp:
            last, body = _flatten(fresh, outer[-1], last, body)
            outer = outer[:-1]
        threads = self._threads(last.stop)
        b, t = Var(fresh("b"), I32), Var(fresh("t"), I32)
        size = Const(threads, I32)
        whole = isinstance(last.stop, Const) and int(last.stop.value) == threads
        at: Expr = t if whole else Binary("+", Binary("*", b, size, I32), t, I32)
        inner: tuple[Stmt, ...] = (Let(last.var, at), *heads, *body)
        exact = isinstance(last.stop, Const) and int(last.stop.value) % threads == 0
        if not exact:
            inner = (Let(last.var, at), If(Binary("<", last.var, last.stop, DType.BOOL), (*heads, *body)))
        blocks = rounded(last.stop, threads)
        stmt: Stmt = For(t, ZERO, size, ONE, inner, "thread.x")
        while len(outer) > 2:
            merged, joined = _flatten(fresh, outer[-2], outer[-1], (stmt,))
            outer = [*outer[:-2], merged]
            stmt_body = joined
            stmt = _absorb(stmt_body)
        if not outer:
            stmt = For(b, ZERO, blocks, ONE, (stmt,), "block.x")
        else:
            near = outer[-1]
            stmt = For(near.var, ZERO, near.stop, ONE, (stmt,), "block.x")
            stmt = For(b, ZERO, blocks, ONE, (stmt,), "block.y") if not whole else stmt
            if len(outer) == 2:
                stmt = For(outer[0].var, ZERO, outer[0].stop, ONE, (stmt,), "block.z")
        return replace(kernel, body=(stmt,))

    def _threads(self, extent: Expr) -> int:
        if isinstance(extent, Const):
            n = int(extent.value)
            if n <= self.threads:
                return max(n, 1)
        return self.threads


def _absorb(body: tuple[Stmt, ...]) -> Stmt:
    """Lets in front of a thread loop move into it."""
    *lets, loop = body
    assert isinstance(loop, For)
    return replace(loop, body=(*lets, *loop.body))


@dataclass(frozen=True)
class BindRows:
    """One block per iteration of the outer parallel nest; its threads share the loops inside.

    Reductions become a partial result per thread and a tree in shared memory; `threads`, a power of two, is how many
    there are at most: fewer where no loop has as many iterations."""

    threads: int = 256

    def apply(self, kernel: Kernel) -> Kernel:
        fresh = Fresh(names(kernel))
        heads, nest = _split_nest(kernel)
        if nest is None:
            chain: list[For] = []
            body: tuple[Stmt, ...] = kernel.body
            heads = ()
        else:
            chain, body = _chain(nest, leave_last=True)
        threads = self._busy((*heads, *body))
        spread = _Spread(fresh, threads)
        inner = spread.body((*heads, *body))
        if not spread.shared_loops:
            raise NotApplicable("no loop inside the rows is worth a block of threads")
        stmt: Stmt = For(spread.t, ZERO, Const(threads, I32), ONE, tuple(inner), "thread.x")
        outer = list(chain)
        while len(outer) > 1:
            merged, joined = _flatten(fresh, outer[-2], outer[-1], (stmt,))
            outer = [*outer[:-2], merged]
            stmt = _absorb(joined)
        row = outer[0] if outer else For(Var(fresh("b"), I32), ZERO, ONE, ONE, (), "block.x")
        return replace(kernel, body=(
            For(row.var, ZERO, row.stop, ONE, (*spread.shared, stmt), "block.x"),))

    def _busy(self, body: tuple[Stmt, ...]) -> int:
        """As many threads as the longest loop they share keeps busy, a warp at least."""
        shared = [s for s in body if isinstance(s, For) and (s.kind == "parallel" or _reduction_loop(s))]
        threads = self.threads
        while threads > WARP and all(isinstance(s.stop, Const) and int(s.stop.value) <= threads // 2 for s in shared):
            threads //= 2
        return threads


class _Spread:
    """Rewrites the body of a row so that the threads of a block share its loops."""

    def __init__(self, fresh: Fresh, threads: int) -> None:
        self.fresh, self.threads = fresh, threads
        self.t = Var(fresh("t"), I32)
        self.size = Const(threads, I32)
        self.shared: list[Stmt] = []
        self.shared_loops = 0
        self.trees: dict[DType, str] = {}

    def body(self, stmts: tuple[Stmt, ...]) -> list[Stmt]:
        out: list[Stmt] = []
        for s in stmts:
            if isinstance(s, Alloc):
                self.shared.append(Alloc(replace(s.buffer, space="shared"), s.init))
            elif isinstance(s, For) and s.kind == "parallel":
                self.shared_loops += 1
                out.append(replace(s, start=self.t, step=self.size, kind="serial", body=_serial(s.body)))
                if any(isinstance(x, Store) and any(x.buffer == a.buffer.name for a in self.shared
                                                    if isinstance(a, Alloc)) for x in statements(s)):
                    out.append(Barrier("block"))
            elif isinstance(s, For) and (form := _reduction_loop(s)) is not None and _long(s):
                out += self._reduce(s, *form)
            elif isinstance(s, Store):
                out.append(If(Binary("==", self.t, ZERO, DType.BOOL), (s,)))
            elif isinstance(s, Let | Assign):
                out.append(s)
            elif isinstance(s, For | If) and not any(isinstance(x, Store) for x in statements(s)):
                out.append(s)
            else:
                raise NotApplicable("a row whose body is not reductions and parallel loops", s.span)
        return out

    def _reduce(self, s: For, acc: Var, op: str) -> list[Stmt]:
        """Partial results in registers, then a tree over shared memory."""
        self.shared_loops += 1
        part = Var(self.fresh("part"), acc.dtype)
        tree = self._tree(acc.dtype)
        loop = replace(s, start=self.t, step=self.size, body=_reassigned(s.body, acc, part))
        out: list[Stmt] = [Let(part, _identity(op, acc.dtype)), loop, Store(tree, self.t, part),
                           Barrier("block")]
        level, half = Var(self.fresh("level"), I32), Var(self.fresh("reach"), I32)
        near = Load(tree, self.t, acc.dtype)
        far = Load(tree, Binary("+", self.t, half, I32), acc.dtype)
        fold = If(Binary("<", self.t, half, DType.BOOL), (Store(tree, self.t, combined(op, near, far)),))
        first = Const(self.threads // 2, I32)
        steps = Const(self.threads.bit_length() - 1, I32)
        out.append(For(level, ZERO, steps, ONE, (
            Let(half, Binary(">>", first, level, I32)), fold, Barrier("block"))))
        out.append(Assign(acc, combined(op, acc, Load(tree, ZERO, acc.dtype))))
        out.append(Barrier("block"))  # the tree is used again
        return out

    def _tree(self, dtype: DType) -> str:
        """The shared array partial results of this type meet in."""
        if dtype not in self.trees:
            self.trees[dtype] = self.fresh("tree")
            self.shared.append(Alloc(Buffer(self.trees[dtype], dtype, self.size, "shared")))
        return self.trees[dtype]


def _identity(op: str, dtype: DType) -> Const:
    top = (1 << (dtype.bits - 1)) - 1
    match op:
        case "+":
            return Const(0.0 if dtype.is_float else 0, dtype)
        case "*":
            return Const(1.0 if dtype.is_float else 1, dtype)
        case "max":
            return Const(float("-inf") if dtype.is_float else -top - 1, dtype)
        case "min":
            return Const(float("inf") if dtype.is_float else top, dtype)
    raise NotApplicable(f"a reduction by {op}")


def _reduction_loop(s: For) -> tuple[Var, str] | None:
    """(accumulator, op) of a serial nest whose only effect is acc = acc op e."""
    if s.kind != "serial" or s.start != ZERO or s.step != ONE:
        return None
    effects = [x for x in statements(s.body) if not isinstance(x, For | If)]
    if len(effects) != 1 or not isinstance(effects[0], Assign):
        return None
    match effects[0]:
        case Assign(acc, Binary(op, a, _)) if a == acc and op in ("+", "*"):
            return acc, op
        case Assign(acc, Call(op, (a, _))) if a == acc and op in ("max", "min"):
            return acc, op
    return None


def _long(s: For) -> bool:
    return not isinstance(s.stop, Const) or int(s.stop.value) >= 64


def _reassigned(body: tuple[Stmt, ...], old: Var, new: Var) -> tuple[Stmt, ...]:
    moved = substitute(body, {old: new})
    return map_stmts(moved, lambda s: replace(s, var=new) if isinstance(s, Assign) and s.var == old else s)


# ---------------------------------------------------------------- chains of loops


def _split_nest(kernel: Kernel) -> tuple[tuple[Stmt, ...], For | None]:
    """Scalar statements at the top, and the parallel nest after them."""
    if not kernel.body:
        return (), None
    *heads, last = kernel.body
    if isinstance(last, For) and last.kind == "parallel" and last.start == ZERO and last.step == ONE:
        return tuple(heads), last
    return (), None


def _chain(nest: For, leave_last: bool = False) -> tuple[list[For], tuple[Stmt, ...]]:
    """The perfectly nested parallel loops from nest inwards, and the body of the last."""
    chain, body = [nest], nest.body
    while (len(body) == 1 and isinstance(body[0], For) and body[0].kind == "parallel"
           and body[0].start == ZERO and body[0].step == ONE
           and not scalars_read(body[0].stop) & {f.var for f in chain}):
        chain.append(body[0])
        body = body[0].body
    if leave_last and len(chain) > 1 and not any(isinstance(x, For) for x in body):
        raise NotApplicable("nothing to share inside the innermost parallel loop")
    return chain, body


def _flatten(
    fresh: Fresh, a: For, b: For, body: tuple[Stmt, ...]
) -> tuple[For, tuple[Stmt, ...]]:
    """Two nested loops as one over the product, the two indices recovered by division."""
    v = Var(fresh("p"), I32)
    total = _times(a.stop, b.stop)
    lets = (Let(a.var, Binary("/", v, b.stop, I32)), Let(b.var, Binary("%", v, b.stop, I32)))
    return For(v, ZERO, total, ONE, (), "parallel", a.span), (*lets, *body)


def _times(a: Expr, b: Expr) -> Expr:
    if isinstance(a, Const) and isinstance(b, Const):
        return Const(int(a.value) * int(b.value), I32)
    return Binary("*", a, b, I32)


def _serial(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    return map_stmts(body, lambda s: replace(s, kind="serial")
                     if isinstance(s, For) and s.kind == "parallel" else s)

