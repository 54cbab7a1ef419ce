"""Random kernels of blocks of threads, and kernels that call intrinsics.

Threads keep out of each other's way by construction: between two barriers an array that the threads of a block share is
either read anywhere or written, each thread at its own place; the arrays of the grid likewise for the whole kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from tests.passes import toy
from tests.passes.random_kernels import (
    MOST, F, I, N, Quantity, Shape, _Array, _Maker, _Scope, combined, plus, times,
)
from xpiler.ir.nodes import (
    Addr, Alloc, Assign, Barrier, Binary, Buffer, Call, Const, Expr, For, If, Intrinsic, Kernel, Let, Load, Meaning, Param,
    Return, Shuffle, Stmt, Store, Var,
)
from xpiler.ir.types import DType

WARP = 4
FULL = Const((1 << WARP) - 1, I)


@dataclass
class _Threads(_Maker):
    """A kernel of blocks of threads: phases between barriers."""

    block: list[_Array] = field(default_factory=list)  # what a block's threads share
    meetings: int = 3

    def kernel(self) -> Kernel:
        self.left = self.number(4, 12)
        self.made = [_Array(x, F, 1) for x in ("x", "y", "z")] + [_Array("p", I, 1)]
        wide, high = self.one_of([4, 8, 2]), self.one_of([1, 1, 2])
        blocks = self.number(1, 2)
        b, t, u = Var("bx", I), Var("tx", I), Var("ty", I)
        rows = ((u, high),) if high > 1 else ()
        at: tuple[tuple[Var, int], ...] = ((b, blocks), *rows, (t, wide))
        self.block = [_Array(f"sh{n}", F, wide * high * self.number(1, 2), True, 1) for n in range(2 - self.number(0, 2))]
        tid = plus(times(u, wide), t) if rows else t
        scope = _Scope(
            quantities=(Quantity(b, blocks - 1), Quantity(tid, wide * high - 1), Quantity(t, wide - 1)), parallel=at,
            scalars=((Var("alpha", F), -1),), arrays=(*self.made, *self.block), loops=1, room=20)
        meets = self.chance(85)
        body: list[Stmt] = []
        if meets:
            body += self.filled(scope)
            body += self.phases(scope, (Quantity(b, blocks - 1),), wide * high % WARP == 0, (t, wide) if not rows else None)
        else:
            self.block = []
            scope = replace(scope, arrays=tuple(self.made))
            if self.chance(40):
                body.append(If(self.condition(scope), (Return(),)))
            body += self.body(scope)
        loop: Stmt = For(t, Const(0, I), Const(wide, I), Const(1, I), tuple(body), "thread.x")
        if rows:
            loop = For(u, Const(0, I), Const(high, I), Const(1, I), (loop,), "thread.y")
        shared = tuple(Alloc(Buffer(a.name, a.dtype, Const(a.size, I), "shared")) for a in self.block)
        grid = For(b, Const(0, I), Const(blocks, I), Const(1, I), (*shared, loop), "block.x")
        params: list[Param] = [Buffer(a.name, a.dtype, Const(a.size, I)) for a in self.made if not a.fixed]
        return Kernel("random", (*params, Var("alpha", F), N), (grid,))

    def filled(self, scope: _Scope) -> list[Stmt]:
        """Every thread writes its part of what the block shares, and they meet."""
        out: list[Stmt] = []
        tid = scope.quantities[1]
        for a in self.block:
            each = a.size // (tid.most + 1)
            for r in range(each):
                value = self.value(replace(scope, arrays=tuple(self.made)), a.dtype, 1)
                out.append(Store(a.name, plus(times(tid.e, each), Const(r, I)) if each > 1 else tid.e, value))
        return [*out, self.meet()]

    def meet(self) -> Barrier:
        for a in self.block:
            a.owned, a.shared = None, False
        return Barrier("block")

    def phases(
        self, scope: _Scope, uniform: Sequence[Quantity], warps: bool, row: tuple[Var, int] | None
    ) -> list[Stmt]:
        """Statements with meeting points among them; `uniform` is what all threads agree on."""
        out: list[Stmt] = []
        for _ in range(self.number(2, 5)):
            kinds = ["plain", "plain", "barrier"] + ["exchange", "vote"] * warps
            there = [a for a in self.block if self.places(a, scope, write=False)]
            kinds += ["other's"] * 3 * bool(there)
            if self.meetings > 0 and scope.loops < 3:
                kinds += ["loop", "branch"] + ["strided"] * (row is not None)
            match self.one_of(kinds):
                case "plain":
                    stmts, scope = self.statement(scope, False)
                    out += stmts
                case "barrier":
                    out.append(self.meet())
                case "other's":  # what another thread of the block has left
                    out.append(self.store(replace(scope, arrays=tuple(self.made)), self.load(self.one_of(there), scope)))
                case "exchange":
                    v = Var(self.name("got"), F)
                    kind = self.one_of(["xor", "down", "up", "idx"])
                    width = self.one_of([4, 2])
                    lane: Expr = Const(self.number(0, width - 1), I)
                    if kind == "idx" and self.chance(40):
                        lane = self.quantity(scope).e
                    out += [Let(v, None), Shuffle(v, kind, self.value(scope, F), lane, width, WARP, FULL)]
                    scope = replace(scope, scalars=(*scope.scalars, (v, len(scope.parallel))))
                case "vote":
                    v = Var(self.name("vote"), I)
                    kind = self.one_of(["any", "all"])
                    out += [Let(v, None), Shuffle(v, kind, self.value(scope, I), Const(0, I), WARP, WARP, FULL)]
                    scope = replace(scope, scalars=(*scope.scalars, (v, len(scope.parallel))))
                case "loop":
                    self.meetings -= 1
                    v = Var(self.name("i"), I)
                    extent = self.number(1, 3)
                    stop: Expr = N if self.chance(30) else Const(extent, I)
                    most = MOST - 1 if stop == N else extent - 1
                    out.append(For(v, Const(0, I), stop, Const(1, I), tuple(self.around(scope, uniform, v, most, warps))))
                case "strided" if row is not None:
                    self.meetings -= 1
                    v, (t, wide) = Var(self.name("i"), I), row
                    times_ = self.number(1, 2)
                    inside = self.around(scope, uniform, v, wide * times_ - 1, warps, agreed=False)
                    out.append(For(v, t, Const(wide * times_, I), Const(wide, I), tuple(inside)))
                case "branch":
                    self.meetings -= 1
                    q = self.one_of(uniform)
                    cond = Binary("<", q.e, Const(self.number(0, q.most + 1), I), DType.BOOL)
                    out.append(self.meet())
                    then = (*self.phases(scope, uniform, warps, None), self.meet())
                    orelse = (*self.phases(scope, uniform, warps, None), self.meet()) if self.chance(30) else ()
                    out += [If(cond, then, orelse), self.meet()]
        return out

    def around(
        self, scope: _Scope, uniform: Sequence[Quantity], v: Var, most: int, warps: bool, agreed: bool = True
    ) -> list[Stmt]:
        """The body of a loop that all threads go through together; what one round writes the next may read."""
        inner = replace(scope, quantities=(*scope.quantities, Quantity(v, most)), loops=scope.loops + 1)
        first = self.meet()
        agreeing = (*uniform, Quantity(v, most)) if agreed else uniform
        return [first, *self.phases(inner, agreeing, warps, None), self.meet()]


@st.composite
def threaded(draw: st.DrawFn) -> Kernel:
    """A random kernel of blocks of threads, with shared memory, barriers, lane exchanges and votes."""
    return _Threads(draw, Shape(parallel=False)).kernel()


# ---------------------------------------------------------------- intrinsics


TURN = Meaning("vturn", "vturn", toy.REGISTERS[1].params[1:], toy.REGISTERS[0].result,
               (For(Var("i", I), Const(0, I), Const(toy.WIDTH, I), Const(1, I),
                    (Store("r", Var("i", I), Load("a", Binary("-", Const(toy.WIDTH - 1, I), Var("i", I), I), F)),)),))
CALLED = {**toy.MEANINGS, ("vturn", "vturn"): TURN}  # what `calling` calls: not all of it goes lane by lane


@dataclass
class _Calls(_Maker):
    """A sequential kernel some of whose statements are calls of the toy machine's intrinsics."""

    def statement(self, scope: _Scope, top: bool) -> tuple[list[Stmt], _Scope]:
        if scope.parallel or not self.chance(45):
            return super().statement(scope, top)
        self.left -= 1
        if self.chance(50):
            return [self.counted(scope)], scope
        return self.registers(scope)

    def place(self, scope: _Scope, size: int, array: str = "") -> Addr:
        """Where `size` elements are, of the array of that name if there is one."""
        a = self.one_of([a for a in scope.arrays if a.dtype is F and not a.fixed and array in ("", a.name)])
        q = self.quantity(scope, gather=True)
        a.size = max(a.size, q.most + size)
        return Addr(a.name, q.e, F)

    def counted(self, scope: _Scope) -> Intrinsic:
        size: Expr = Const(count := self.number(1, MOST), I)
        if self.chance(25):
            size, count = N, MOST
        if self.chance(50):
            to = self.place(scope, count)
            value = self.value(scope, F)
            if self.chance(60):  # an operand that the call itself writes over
                value = Load(to.buffer, plus(to.index, Const(self.number(0, count - 1), I)), F)
                if self.chance(50):
                    to = self.place(scope, count, to.buffer)
            return Intrinsic("pfill", (to, size, value), None, "pfill")
        name = self.one_of(["padd", "psub", "pmul", "pmax"])
        places = (self.place(scope, count), self.place(scope, count), self.place(scope, count))
        return Intrinsic(name, (*places, size), None, name)

    def registers(self, scope: _Scope) -> tuple[list[Stmt], _Scope]:
        """A few registers, operated on and stored."""
        names = [self.name("v") for _ in range(2)]
        out: list[Stmt] = [Alloc(Buffer(r, F, Const(toy.WIDTH, I), "local", "vec4")) for r in names]

        def register() -> Addr:
            return Addr(self.one_of(names), Const(0, I), F)

        for r in names:
            to = Addr(r, Const(0, I), F)
            if self.chance(50):
                out.append(Intrinsic("splat", (self.value(scope, F),), to, "splat"))
            else:
                out.append(Intrinsic("load", (self.place(scope, toy.WIDTH),), to, "load"))
        for _ in range(self.number(1, 3)):
            name = self.one_of(["vturn", "splat", "vadd", "vturn", "vsub", "vmul", "splat", "vmax"])
            if name == "splat":
                lane = Load(self.one_of(names), Const(self.number(0, toy.WIDTH - 1), I), F)
                out.append(Intrinsic(name, (Binary("*", lane, self.value(scope, F, 1), F),), register(), name))
                continue
            out.append(Intrinsic(name, (register(), register())[: 1 if name == "vturn" else 2], register(), name))
        if self.chance(40):
            v = Var(self.name("total"), F)
            out += [Let(v, None), Intrinsic("vsum", (register(),), v, "vsum")]
            scope = replace(scope, scalars=(*scope.scalars, (v, len(scope.parallel))))
        out.append(Intrinsic("put", (self.place(scope, toy.WIDTH), register()), None, "put"))
        return out, scope


@st.composite
def calling(draw: st.DrawFn) -> Kernel:
    """A random sequential kernel that calls intrinsics of tests/passes/toy.py, and one that turns a register around."""
    return _Calls(draw, Shape(parallel=False)).kernel()


# ---------------------------------------------------------------- what instructions are for


@st.composite
def row_wise(draw: st.DrawFn) -> Kernel:
    """A kernel whose innermost loops run over consecutive elements: maps, and reductions of rows."""
    rows, columns = draw(st.integers(1, 3)), draw(st.sampled_from([4, 7, 8, 12, 16, 35]))
    i, j = Var("i", I), Var("j", I)
    stop: Expr = Const(columns, I)
    if draw(st.booleans()):
        stop, columns = N, MOST
    at = plus(times(i, columns), j)

    def value(depth: int) -> Expr:
        kind = draw(st.sampled_from(["x", "row", "column", "alpha", "constant"] + ["op", "op", "call"] * (depth > 0)))
        match kind:
            case "x":
                return Load(draw(st.sampled_from(["x", "z"])), at, F)
            case "row":
                return Load("w", i, F)
            case "column":
                return Load("z", plus(j, Const(draw(st.integers(0, 2)), I)), F)
            case "alpha":
                return Var("alpha", F)
            case "constant":
                return Const(draw(st.sampled_from([0.0, 1.0, 2.5])), F)
            case "op":
                op = draw(st.sampled_from(["+", "-", "*", "/"]))
                return Binary(op, value(depth - 1), value(depth - 1), F)
        name = draw(st.sampled_from(["exp", "max", "min", "sqrt"]))
        args = (value(depth - 1),) if name in ("exp", "sqrt") else (value(depth - 1), value(depth - 1))
        return Call(name, args, F)

    kind = draw(st.sampled_from(["serial", "parallel"]))
    body: list[Stmt] = []
    if draw(st.booleans()):
        s, k = Var("s", F), Var("k", I)
        op = draw(st.sampled_from(["+", "max", "min", "*"]))
        term = Load("x", plus(times(i, columns), k), F)
        if draw(st.booleans()):
            term = Binary("*", term, Load("z", k, F), F)
        first = draw(st.sampled_from([Const(0.0, F), Load("x", times(i, columns), F)]))
        body += [Let(s, first), For(k, Const(0, I), stop, Const(1, I), (Assign(s, combined(op, s, term)),)),
                 Store("w", i, s)]
    body.append(For(j, Const(0, I), stop, Const(1, I), (Store("y", at, value(2)),), kind))
    params = tuple(Buffer(n, F, Const(max(rows * columns, columns + 2), I)) for n in ("x", "y", "z"))
    loop = For(i, Const(0, I), Const(rows, I), Const(1, I), tuple(body), kind)
    return Kernel("rows", (*params, Buffer("w", F, Const(rows, I)), Var("alpha", F), N), (loop,))


@st.composite
def products(draw: st.DrawFn) -> Kernel:
    """c = a b, plain or with an operand turned, of sizes that come in tiles or nearly."""
    m, n, k = draw(st.integers(1, 3)), draw(st.sampled_from([64, 32, 16])), draw(st.sampled_from([16, 32, 4, 18]))
    i, j, q, total = Var("i", I), Var("j", I), Var("q", I), Var("total", F)
    a = plus(times(q, m), i) if draw(st.booleans()) else plus(times(i, k), q)
    b = plus(times(j, k), q) if draw(st.booleans()) else plus(times(q, n), j)
    term = Binary("*", Load("a", a, F), Load("b", b, F), F)
    init = draw(st.sampled_from([Const(0.0, F), Const(1.0, F)]))
    body = (Let(total, init), For(q, Const(0, I), Const(k, I), Const(1, I), (Assign(total, combined("+", total, term)),)),
            Store("c", plus(times(i, n), j), total))
    inner = For(j, Const(0, I), Const(n, I), Const(1, I), body)
    sizes = {"a": m * k, "b": k * n, "c": m * n}
    params = tuple(Buffer(name, F, Const(size, I)) for name, size in sizes.items())
    return Kernel("product", params, (For(i, Const(0, I), Const(m, I), Const(1, I), (inner,)),))
