"""Loop bind for a kernel of rows: a block for each row, whose threads share the loops inside.

    for i in m (parallel):                     block i in m: shared tree[256]: thread t in 256:
        sum = 0                                    part = 0
        for k in n: sum += x[n*i + k]      ->      for (k = t; k < n; k += 256) part += x[n*i + k]
        y[i] = sum                                 tree[t] = part;  fold the halves of the tree
                                                   sum = tree[0];  if (t == 0) y[i] = sum
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from xpiler.ir.nodes import (
    Alloc, Assign, Barrier, Binary, Buffer, Call, Const, Expr, For, If, Kernel, Let, Load, Shuffle, Stmt,
    Store, Var,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh, bodies, map_stmts, names, scalars_read, scalars_written, statements, substitute
from xpiler.passes.machine.kept_rows import kept_rows
from xpiler.passes.nests.chains import absorbed, chain_of, flattened, serial, split_nest, without_single
from xpiler.passes.nests.nest import combined
from xpiler.passes.step import NotApplicable

I32 = DType.I32
ZERO, ONE = Const(0, I32), Const(1, I32)
WARP = 32  # threads that run together at least, whatever they do
FEW = 8  # elements of a row that one lane takes, at most
BLOCKS = 128  # one for each processor of a large GPU
ANY = 1 << 31  # longer than any loop
LONG, SOME = 64, 12  # iterations worth a block, and worth the threads that are there anyway


@dataclass(frozen=True)
class BindRows:
    """One block per iteration of the outer parallel nest; its threads share the loops inside.

    Reductions become a partial result per thread and a tree in shared memory, or exchanges between the `lanes` of a
    warp, and in shared memory what the warps of a block have; `threads`, a power of two, is how many there are at
    most: fewer where no loop has as many iterations."""

    threads: int = 256
    lanes: int = 0

    def apply(self, kernel: Kernel) -> Kernel:
        kernel = without_single(kernel)
        fresh = Fresh(names(kernel))
        heads, nest = split_nest(kernel)
        if nest is None:
            chain: list[For] = []
            body: tuple[Stmt, ...] = kernel.body
            heads = ()
        else:
            chain, body = chain_of(nest, leave_last=True)
        threads = self._busy((*heads, *body))
        spread = _Spread(fresh, threads, self.lanes)
        given = [p.name for p in kernel.params if isinstance(p, Buffer)]
        inner = kept_rows(spread.body((*heads, *body)), spread.t, threads, fresh, given)
        if not spread.shared_loops:
            raise NotApplicable("no loop inside the rows is worth a block of threads")
        stmt = For(spread.t, ZERO, Const(threads, I32), ONE, tuple(inner), "thread.x")
        outer = list(chain)
        if len(outer) > 1:
            merged, joined = flattened(fresh, outer, (stmt,))
            outer, stmt = [merged], absorbed(joined)
        row = outer[0] if outer else For(Var(fresh("b"), I32), ZERO, ONE, ONE, (), "block.x")
        several = 1 if spread.shared or threads != self.lanes else _rows_a_block(row)
        if several > 1:
            return replace(kernel, body=(_in_blocks(fresh, row, several, stmt),))
        return replace(kernel, body=(
            For(row.var, ZERO, row.stop, ONE, (*spread.shared, stmt), "block.x"),))

    def _busy(self, body: tuple[Stmt, ...]) -> int:
        """As many threads as the longest loop they share keeps busy, a warp at least; one warp where each of its lanes
        has a few elements, which it needs no memory to put together."""
        shared = [s for s in body if isinstance(s, For) and (s.kind == "parallel" or _reduction_loop(s))]
        longest = max((int(s.stop.value) if isinstance(s.stop, Const) else ANY for s in shared), default=1)
        flat = not any(isinstance(s, Alloc) for s in body) and not any(
            isinstance(x, For) for s in body for inner in bodies(s) for x in statements(inner))
        if flat and longest <= FEW * self.lanes <= FEW * self.threads:
            return self.lanes
        threads = self.threads
        while threads > max(WARP, self.lanes) and longest <= threads // 2:
            threads //= 2
        return threads


class _Spread:
    """Rewrites the body of a row so that the threads of a block share its loops."""

    def __init__(self, fresh: Fresh, threads: int, lanes: int) -> None:
        self.fresh, self.threads, self.lanes = fresh, threads, lanes
        self.t = Var(fresh("t"), I32)
        self.size = Const(threads, I32)
        self.shared: list[Stmt] = []
        self.shared_loops = 0
        self.trees: dict[DType, str] = {}
        self.met = True  # whether all threads have met since one of them read a tree

    def body(self, stmts: tuple[Stmt, ...]) -> list[Stmt]:
        out: list[Stmt] = []
        for s in stmts:
            if isinstance(s, Alloc):
                self.shared.append(Alloc(replace(s.buffer, space="shared"), s.init))
            elif isinstance(s, For) and s.kind == "parallel":
                self.shared_loops += 1
                out += self._each(replace(s, body=serial(s.body)))
                if any(isinstance(x, Store) and any(x.buffer == a.buffer.name for a in self.shared
                                                    if isinstance(a, Alloc)) for x in statements(s)):
                    out.append(self._meet())
            elif isinstance(s, For) and (form := _reduction_loop(s)) is not None and _at_least(s, SOME):
                self.shared_loops += _at_least(s, LONG)
                out = self._reduce(out, s, *form)
            elif isinstance(s, Store):
                out.append(If(Binary("==", self.t, ZERO, DType.BOOL), (s,)))
            elif isinstance(s, Let | Assign):
                out.append(s)
            elif isinstance(s, For | If) and not any(isinstance(x, Store) for x in statements(s)):
                out.append(s)
            else:
                raise NotApplicable("a row whose body is not reductions and parallel loops", s.span)
        return out

    def _each(self, s: For) -> tuple[Stmt, ...]:
        """The iterations of a loop over the threads; no loop is left where each has one at most."""
        count = int(s.stop.value) if isinstance(s.stop, Const) else 0
        if not 0 < count <= self.threads:
            return (replace(s, start=self.t, step=self.size, kind="serial"),)
        body = substitute(s.body, {s.var: self.t})
        if count == self.threads:
            return body
        return (If(Binary("<", self.t, s.stop, DType.BOOL), body, (), s.span),)

    def _meet(self) -> Barrier:
        self.met = True
        return Barrier("block")

    def _reduce(self, before: list[Stmt], s: For, acc: Var, op: str) -> list[Stmt]:
        """Behind what is there already: partial results in registers, then what they make together."""
        part, identity = Var(self.fresh("part"), acc.dtype), _identity(op, acc.dtype)
        together = self._folded
        if self.lanes and acc.dtype.bits >= 32:  # no shuffle takes less
            together = self._exchanged if self.threads == self.lanes else self._by_warps
        loop = self._each(replace(s, body=_reassigned(s.body, acc, part)))
        out, whole = together(_begun(part, identity, loop, op), part, op)
        fresh = Let(acc, identity)
        if fresh not in before or _mentioned(acc, before[before.index(fresh) + 1:]):
            return [*before, *out, Assign(acc, combined(op, acc, whole))]
        # The partial results began with the identity too, and what that makes of a value it makes of it once.
        before = [x for x in before if x != fresh]
        return [*before, *(_renamed(out, whole, acc) if isinstance(whole, Var) else (*out, Let(acc, whole)))]

    def _folded(self, out: list[Stmt], part: Var, op: str) -> tuple[list[Stmt], Expr]:
        """Partial results folded together over shared memory."""
        out = out if self.met else [self._meet(), *out]
        tree = self._tree(part.dtype, self.threads)
        near = Load(tree, self.t, part.dtype)

        def step(half: Var) -> tuple[Stmt, ...]:
            far = Load(tree, Binary("+", self.t, half, I32), part.dtype)
            fold = (Store(tree, self.t, combined(op, near, far)),)
            return If(Binary("<", self.t, half, DType.BOOL), fold), Barrier("block")

        out += [Store(tree, self.t, part), self._meet(), self._halving("reach", self.threads, step)]
        self.met = False
        return out, Load(tree, ZERO, part.dtype)

    def _exchanged(self, out: list[Stmt], part: Var, op: str) -> tuple[list[Stmt], Expr]:
        """Partial results exchanged between lanes, until each has what all of them make."""
        all_lanes = Const((1 << self.lanes) - 1, DType.U32 if self.lanes <= 32 else DType.U64)
        other = Var(self.fresh("other"), part.dtype)
        return [*out, self._halving("offset", self.lanes, lambda reach: (
            Let(other, None), Shuffle(other, "xor", part, reach, self.lanes, self.lanes, all_lanes),
            Assign(part, combined(op, part, other))))], part

    def _by_warps(self, out: list[Stmt], part: Var, op: str) -> tuple[list[Stmt], Expr]:
        """Partial results exchanged within each warp, and those of the warps put together from shared memory by every
        thread for itself: the block meets once."""
        out, _ = self._exchanged(out if self.met else [self._meet(), *out], part, op)
        warps = self.threads // self.lanes
        shared, width = self._tree(part.dtype, warps), Const(self.lanes, I32)
        first = Binary("==", Binary("%", self.t, width, I32), ZERO, DType.BOOL)
        whole, w = Var(self.fresh("whole"), part.dtype), Var(self.fresh("warp"), I32)
        out += [If(first, (Store(shared, Binary("/", self.t, width, I32), part),)), self._meet(),
                Let(whole, Load(shared, ZERO, part.dtype)),
                For(w, ONE, Const(warps, I32), ONE, (
                    Assign(whole, combined(op, whole, Load(shared, w, part.dtype))),))]
        self.met = False
        return out, whole

    def _halving(self, name: str, many: int, step: Callable[[Var], tuple[Stmt, ...]]) -> For:
        """A step for half of so many threads, for a quarter of them and so on down to one."""
        level, half = Var(self.fresh("level"), I32), Var(self.fresh(name), I32)
        told = Let(half, Binary(">>", Const(many // 2, I32), level, I32))
        return For(level, ZERO, Const(many.bit_length() - 1, I32), ONE, (told, *step(half)))

    def _tree(self, dtype: DType, size: int) -> str:
        """The shared array partial results of this type meet in."""
        if dtype not in self.trees:
            self.trees[dtype] = self.fresh("tree" if size == self.threads else "parts")
            self.shared.append(Alloc(Buffer(self.trees[dtype], dtype, Const(size, I32), "shared")))
        return self.trees[dtype]


def _rows_a_block(row: For) -> int:
    """How many rows, of a warp each, a block takes: as many as leave a block for every processor."""
    count = int(row.stop.value) if isinstance(row.stop, Const) else 0
    return next((n for n in (8, 4, 2) if count % n == 0 and count // n >= BLOCKS), 1)


def _in_blocks(fresh: Fresh, row: For, several: int, lanes: For) -> For:
    """Blocks of several rows, each of which the lanes of a warp share."""
    b, warp, size = Var(fresh("b"), I32), Var(fresh("warp"), I32), Const(several, I32)
    told = Let(row.var, Binary("+", Binary("*", b, size, I32), warp, I32))
    lanes = replace(lanes, body=(told, *lanes.body))
    blocks = Const(int(row.stop.value) // several, I32) if isinstance(row.stop, Const) else row.stop
    return For(b, ZERO, blocks, ONE, (For(warp, ZERO, size, ONE, (lanes,), "thread.y"),), "block.x")


def _renamed(body: list[Stmt], old: Var, new: Var) -> tuple[Stmt, ...]:
    moved = _reassigned(tuple(body), old, new)
    return map_stmts(moved, lambda s: replace(s, var=new) if isinstance(s, Let) and s.var == old else s)


def _begun(part: Var, identity: Const, loop: tuple[Stmt, ...], op: str) -> list[Stmt]:
    """A partial result that begins with nothing; where there is one value, of a sum or a product, with that."""
    match loop:
        case (Assign(_, Binary(_, _, value)),) if op in ("+", "*"):
            return [Let(part, value)]
    return [Let(part, identity), *loop]


def _mentioned(v: Var, body: list[Stmt]) -> bool:
    return v in scalars_read(tuple(body)) or v in scalars_written(tuple(body))


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


def _at_least(s: For, count: int) -> bool:
    """Whether a loop runs so often, as far as is known."""
    return not isinstance(s.stop, Const) or int(s.stop.value) >= count


def _reassigned(body: tuple[Stmt, ...], old: Var, new: Var) -> tuple[Stmt, ...]:
    moved = substitute(body, {old: new})
    return map_stmts(moved, lambda s: replace(s, var=new) if isinstance(s, Assign) and s.var == old else s)
