"""Random well-formed kernels, and whether two kernels are the same program.

Every access is in bounds, nothing is read before it is written and the iterations of parallel loops are independent, all
by construction: an index is a sum of quantities whose largest values are known, an array is as large as the largest
index into it, and inside parallel loops an array is written only at the place of its own iteration.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.passes.exact import Residue, Residues, Unwritten
from tests.passes.interpret import IN_ORDER, Meanings, Order, run
from xpiler.ir.nodes import (
    Alloc, Assign, Binary, Buffer, Call, Cast, Const, Expr, For, If, Kernel, Let, Load, Param, Program, Select, Stmt,
    Store, Unary, Var,
)
from xpiler.ir.show import show
from xpiler.ir.types import DType
from xpiler.ir.walk import statements

F, I, B = DType.F32, DType.I32, DType.BOOL  # noqa: E741
N = Var("n", I)
MOST = 5  # the largest n, and the largest extent of a loop
SIZES = (5, 1, 4, 0)  # the values of n that programs are compared for
DEPTH = 3  # of loops
ROOM = 600  # iterations of the innermost statements


# ---------------------------------------------------------------- the same program


def program(*kernels: Kernel) -> Program:
    """A program of these kernels alone."""
    return Program("c", kernels, None)


def inputs(kernel: Kernel, n: int, seed: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays and scalars for a kernel's parameters: floats are residues, integers small and of both signs."""
    rng = random.Random(seed)
    arrays: dict[str, np.ndarray] = {}
    scalars: dict[str, Any] = {}
    for p in kernel.params:
        if isinstance(p, Var):
            scalars[p.name] = n if p == N else _number(rng, p.dtype)
            continue
        assert isinstance(p.extent, Const), f"the size of `{p.name}` is not known"
        arrays[p.name] = np.array([None] * int(p.extent.value), object)
        for at in range(len(arrays[p.name])):
            arrays[p.name][at] = _number(rng, p.dtype)
    return arrays, scalars


def _number(rng: random.Random, dtype: DType) -> Any:
    if dtype.is_float:
        return Residue(rng.getrandbits(60))
    return rng.randint(-9 if dtype.is_signed else 0, 9)


def results(
    kernels: Sequence[Kernel], n: int, seed: int = 0, order: Order = iter, like: Kernel | None = None,
    meanings: Meanings | None = None,
) -> dict[str, np.ndarray]:
    """What kernels run one after another leave in the arrays of `like`, else of the first."""
    like = like or kernels[0]
    arrays, scalars = inputs(like, n, seed)
    for k in kernels:
        run(k, arrays, numbers=Residues(), order=order, meanings=meanings, **scalars)
    return arrays


Left = dict[int, dict[str, np.ndarray]]  # what a kernel leaves in its arrays, for every n


def left(kernel: Kernel, sizes: Iterable[int] = SIZES, meanings: Meanings | None = None) -> Left:
    """What a kernel leaves at all sizes, for comparing several with it."""
    return {n: results((kernel,), n, seed=n, meanings=meanings) for n in (sizes if N in kernel.params else (MOST,))}


def same(
    before: Kernel, after: Kernel | Sequence[Kernel], sizes: Iterable[int] = SIZES, meanings: Meanings | None = None,
    wanted: Left | None = None,
) -> None:
    """AssertionError unless `after` (kernels run one after another) computes on random inputs what `before` does, or
    leaves what is `wanted`.

    Outputs are compared exactly. The independent iterations of `after` run forwards, backwards and shuffled.
    `meanings` says what the intrinsics of both do."""
    steps = (after,) if isinstance(after, Kernel) else tuple(after)
    free = any(isinstance(s, For) and s.kind not in IN_ORDER for k in steps for s in statements(k))
    for n, want in (wanted or left(before, sizes, meanings)).items():
        for name, order in ORDERS.items() if free else [("forwards", ORDERS["forwards"])]:
            try:
                got = results(steps, n, seed=n, order=order, like=before, meanings=meanings)
            except (AssertionError, KeyError, IndexError) as e:
                raise AssertionError(f"{type(e).__name__}: {e}; n={n}, {name}\n{_told(before, *steps)}") from e
            for array in want:
                for at, (x, y) in enumerate(zip(want[array], got[array], strict=True)):
                    if isinstance(y, Unwritten) or x != y:
                        raise AssertionError(f"{array}[{at}] is {y}, not {x}; n={n}, {name}\n{_told(before, *steps)}")


def _told(*kernels: Kernel) -> str:
    return "\n\n".join(map(show, kernels))


def _shuffled(steps: Iterable[int]) -> list[int]:
    out = list(steps)
    random.Random(len(out)).shuffle(out)
    return out


ORDERS: dict[str, Order] = {
    "forwards": iter, "backwards": lambda steps: list(steps)[::-1], "shuffled": _shuffled,
}


# ---------------------------------------------------------------- random kernels


@dataclass(frozen=True)
class Quantity:
    """An integer expression that is never negative, and the largest value it has."""

    e: Expr
    most: int


@dataclass(frozen=True)
class Owned:
    """How a parallel nest splits an array: the place of an iteration of `chain`, then `inner` elements of its own."""

    chain: tuple[Var, ...]
    inner: int


@dataclass
class _Array:
    name: str
    dtype: DType
    size: int  # as large as it has to be; fixed for a local one
    fixed: bool = False
    depth: int = 0  # parallel loops around its declaration
    owned: Owned | None = None  # within the outermost parallel nest
    shared: bool = False  # read by all iterations of the nest, so not to be written


@dataclass
class _Scope:
    """Where a statement stands."""

    quantities: tuple[Quantity, ...] = ()
    parallel: tuple[tuple[Var, int], ...] = ()  # loop and extent
    scalars: tuple[tuple[Var, int], ...] = ()  # scalar, and the parallel loops around its declaration
    arrays: tuple[_Array, ...] = ()
    loops: int = 0
    room: int = ROOM


@dataclass(frozen=True)
class Shape:
    """Which kernels: what each field names may occur in them; `in_place` is reading what the same nest writes."""

    parallel: bool = True
    in_place: bool = True
    guards: bool = True
    locals: bool = True
    run_time: bool = True  # an extent that is a parameter
    gather: bool = True
    ints: bool = True
    statements: int = 11


@dataclass
class _Maker:
    draw: Any
    shape: Shape
    left: int = 0
    names: dict[str, int] = field(default_factory=dict)
    made: list[_Array] = field(default_factory=list)

    # ------------------------------------------------------------ choices

    def chance(self, percent: int) -> bool:
        return bool(self.draw(st.integers(0, 99)) >= 100 - percent)

    def number(self, low: int, high: int) -> int:
        return int(self.draw(st.integers(low, max(low, high))))

    def one_of(self, things: Sequence[Any]) -> Any:
        return things[self.number(0, len(things) - 1)]

    def name(self, stem: str) -> str:
        count = self.names[stem] = self.names.get(stem, -1) + 1
        return f"{stem}{count or ''}"

    # ------------------------------------------------------------ the kernel

    def kernel(self) -> Kernel:
        self.left = self.number(3, self.shape.statements)
        self.made = [_Array(x, F, 1) for x in ("x", "y", "z")]
        if self.shape.ints:
            self.made += [_Array("p", I, 1), _Array("q", I, 1)]
        scope = _Scope(scalars=((Var("alpha", F), -1),), arrays=tuple(self.made))
        body = self.body(scope, top=True)
        params: list[Param] = [Buffer(a.name, a.dtype, Const(a.size, I)) for a in self.made if not a.fixed]
        return Kernel("random", (*params, Var("alpha", F), N), tuple(body))

    def body(self, scope: _Scope, top: bool = False) -> list[Stmt]:
        out: list[Stmt] = []
        for _ in range(self.number(1, 3 if scope.loops else 4)):
            if not scope.parallel:
                for a in scope.arrays:
                    a.owned, a.shared = None, False
            stmts, scope = self.statement(scope, top)
            out += stmts
            if self.left <= 0:
                break
        return out or [self.store(scope)]

    def statement(self, scope: _Scope, top: bool) -> tuple[list[Stmt], _Scope]:
        self.left -= 1
        deep = scope.loops < DEPTH and scope.room >= 2
        kinds = ["store"] if scope.loops else []
        if deep:
            kinds += ["loop"] * (4 if top else 2)
        if deep and self.left >= 2:
            kinds.append("sum")
            if self.shape.locals:
                kinds.append("local")
            if self.shape.guards:
                kinds.append("tail")
        if scope.loops:
            kinds += ["element sum", "let"]
            if self.shape.guards:
                kinds.append("if")
            if any(depth == len(scope.parallel) for _, depth in scope.scalars):
                kinds.append("assign")
        match self.one_of(kinds or ["store"]):
            case "store":
                return [self.store(scope)], scope
            case "loop":
                return [self.loop(scope)], scope
            case "tail":
                return [self.tail(scope)], scope
            case "if":
                return [self.branch(scope)], scope
            case "let":
                return self.let(scope)
            case "assign":
                return [self.assign(scope)], scope
            case "sum":
                return self.sum(scope)
            case "element sum":
                return [self.store(scope, add=True)], scope
            case "local":
                return self.local(scope)
        raise AssertionError("no such statement")

    # ------------------------------------------------------------ loops

    def loop(self, scope: _Scope, body: Any = None) -> For:
        parallel = self.shape.parallel and self.chance(40)
        v = Var(self.name("i"), I)
        extent = min(self.number(1, MOST), scope.room)
        stop: Expr = Const(extent, I)
        start = step = 0
        most = extent - 1
        if self.shape.run_time and scope.room >= MOST and self.chance(30):
            stop, extent, most = N, MOST, MOST - 1
        elif not parallel and scope.quantities and self.chance(15):
            bound = self.one_of(scope.quantities)
            if bound.most < scope.room:
                stop, extent, most = plus(bound.e, Const(1, I)), bound.most + 1, bound.most
        if not parallel and self.chance(15):
            start, step = self.number(0, 2), self.number(0, 2)
        inner = replace(
            scope, quantities=(*scope.quantities, Quantity(v, most)), loops=scope.loops + 1,
            room=scope.room // extent, parallel=(*scope.parallel, (v, extent)) if parallel else scope.parallel)
        stmts = self.body(inner) if body is None else body(inner)
        return For(v, Const(start, I), stop, Const(step + 1, I), tuple(stmts), "parallel" if parallel else "serial")

    def tail(self, scope: _Scope) -> Stmt:
        """Two loops over one range whose last part is guarded."""
        factor = self.number(2, 3)
        o, i, at = Var(self.name("o"), I), Var(self.name("t"), I), Var(self.name("at"), I)
        whole: Expr = N if self.shape.run_time and self.chance(50) else Const(self.number(1, MOST), I)
        most = MOST if whole == N else int(getattr(whole, "value", 0))
        size = Const(factor, I)
        rounded = Binary("/", plus(whole, Const(factor - 1, I)), size, I)
        inner = replace(scope, quantities=(*scope.quantities, Quantity(at, most - 1)), loops=scope.loops + 1,
                        room=scope.room // (most + 1))
        guarded = If(Binary("<", at, whole, B), tuple(self.body(inner)))
        inside = For(i, Const(0, I), size, Const(1, I), (Let(at, plus(times(o, factor), i)), guarded))
        return For(o, Const(0, I), rounded, Const(1, I), (inside,))

    def branch(self, scope: _Scope) -> If:
        cond = self.condition(scope)
        then = tuple(self.body(scope))
        orelse = tuple(self.body(scope)) if self.left > 0 and self.chance(30) else ()
        return If(cond, then, orelse)

    # ------------------------------------------------------------ scalars and arrays

    def let(self, scope: _Scope) -> tuple[list[Stmt], _Scope]:
        if scope.quantities and self.chance(25):
            q = self.quantity(scope)
            v = Var(self.name("at"), I)
            return [Let(v, q.e)], replace(scope, quantities=(*scope.quantities, Quantity(v, q.most)))
        v = Var(self.name("s"), self.dtype())
        value = self.value(scope, v.dtype)
        return [Let(v, value)], replace(scope, scalars=(*scope.scalars, (v, len(scope.parallel))))

    def assign(self, scope: _Scope) -> Assign:
        v = self.one_of([v for v, depth in scope.scalars if depth == len(scope.parallel)])
        return Assign(v, self.value(scope, v.dtype))

    def sum(self, scope: _Scope) -> tuple[list[Stmt], _Scope]:
        """A reduction in a scalar, and a statement that uses it."""
        acc = Var(self.name("s"), self.dtype())
        op = self.one_of(["+", "max", "min", "*"])
        start = self.value(scope, acc.dtype, 1)
        after = replace(scope, scalars=(*scope.scalars, (acc, len(scope.parallel))))
        parallel, self.shape = self.shape.parallel, replace(self.shape, parallel=False)

        def body(inner: _Scope) -> list[Stmt]:
            add: Stmt = Assign(acc, combined(op, acc, self.value(inner, acc.dtype)))
            if self.shape.guards and self.chance(20):
                add = If(self.condition(inner), (add,))
            return [self.loop(inner, body)] if inner.loops < DEPTH and self.chance(25) else [add]

        loop = self.loop(after, body)
        self.shape = replace(self.shape, parallel=parallel)
        return [Let(acc, start), loop, *([self.store(after, acc)] if scope.loops or self.chance(90) else [])], after

    def local(self, scope: _Scope) -> tuple[list[Stmt], _Scope]:
        """A temporary array, written throughout before anything reads it, and a statement that may."""
        size = min(self.number(1, MOST), scope.room)
        array = _Array(self.name("t"), self.dtype(), size, True, len(scope.parallel))
        k = Var(self.name("k"), I)
        inner = replace(scope, quantities=(*scope.quantities, Quantity(k, size - 1)), loops=scope.loops + 1,
                        room=scope.room // size)
        fill = For(k, Const(0, I), Const(size, I), Const(1, I), (Store(array.name, k, self.value(inner, array.dtype)),),
                   "parallel" if self.shape.parallel and self.chance(30) else "serial")
        alloc = Alloc(Buffer(array.name, array.dtype, Const(size, I), "local"))
        after = replace(scope, arrays=(array, *scope.arrays))
        self.left = max(self.left, 2)
        then, after = self.statement(after, False)
        return [alloc, fill, *then], after

    # ------------------------------------------------------------ accesses

    def store(self, scope: _Scope, value: Expr | None = None, add: bool = False) -> Store:
        fits = [a for a in scope.arrays if (value is None or a.dtype is value.dtype)
                and self.places(a, scope, write=True)]
        if not fits:  # every array is read by all iterations: one of its own
            array = _Array(self.name("w"), F if value is None else value.dtype, 1)
            self.made.append(array)
        else:
            array = self.one_of(fits)
        index = self.index(array, scope, write=True)
        if value is None:
            value = self.value(scope, array.dtype)
        if add and self.shape.in_place:
            value = combined(self.one_of(["+", "max", "*"]), Load(array.name, index, array.dtype), value)
        return Store(array.name, index, value)

    def places(self, a: _Array, scope: _Scope, *, write: bool) -> bool:
        """Whether iterations of the parallel loops around stay out of each other's way in `a`."""
        chain = tuple(v for v, _ in scope.parallel[a.depth:])
        if not self.shape.in_place and not write and a.owned is not None:
            return False
        if not chain:
            return True
        if write:
            room = not a.fixed or a.size >= _product(n for _, n in scope.parallel[a.depth:])
            return room and not a.shared and (a.owned is None or a.owned.chain == chain)
        return a.owned is None or a.owned.chain == chain

    def index(self, a: _Array, scope: _Scope, *, write: bool) -> Expr:
        chain = scope.parallel[a.depth:]
        if not chain or (not write and a.owned is None):
            a.shared = a.shared or (not write and bool(scope.parallel))
            return self.fitted(a, self.quantity(scope, gather=not write or not scope.parallel))
        if a.owned is None:
            total = _product(n for _, n in chain)
            inner = self.number(1, a.size // total if a.fixed else 3)
            a.owned = Owned(tuple(v for v, _ in chain), inner)
        at: Expr = Const(0, I)
        for v, extent in chain:
            at = v if at == Const(0, I) else plus(times(at, extent), v)
        total = _product(n for _, n in chain) * a.owned.inner
        if not a.fixed:
            a.size = max(a.size, total)
        if a.owned.inner == 1:
            return at
        own = self.quantity(scope)
        part = own.e if own.most < a.owned.inner else Binary("%", own.e, Const(a.owned.inner, I), I)
        return plus(times(at, a.owned.inner), part)

    def fitted(self, a: _Array, q: Quantity) -> Expr:
        """q as an index of `a`, which grows if it may."""
        if a.fixed and q.most >= a.size:
            return Binary("%", q.e, Const(a.size, I), I)
        if not a.fixed:
            a.size = max(a.size, q.most + 1)
        return q.e

    def quantity(self, scope: _Scope, gather: bool = False) -> Quantity:
        """An index: affine in the loop variables, or nearly."""
        if not scope.quantities:
            c = self.number(0, 3)
            return Quantity(Const(c, I), c)
        q: Quantity = self.one_of(scope.quantities[::-1])
        match self.one_of(["it", "it", "shifted", "scaled", "sum", "sum", "row", "turned", "digit", "gather"]):
            case "shifted":
                c = self.number(1, 2)
                return Quantity(plus(q.e, Const(c, I)), q.most + c)
            case "scaled":
                c = self.number(2, 3)
                return Quantity(times(q.e, c), q.most * c)
            case "sum":
                other: Quantity = self.one_of(scope.quantities)
                return Quantity(plus(q.e, other.e), q.most + other.most)
            case "row":
                other = self.one_of(scope.quantities)
                return Quantity(plus(times(other.e, q.most + 1), q.e), other.most * (q.most + 1) + q.most)
            case "turned":
                return Quantity(Binary("-", Const(q.most, I), q.e, I), q.most)
            case "digit":
                op, c = self.one_of(["/", "%"]), self.number(2, 3)
                return Quantity(Binary(op, q.e, Const(c, I), I), q.most // c if op == "/" else min(q.most, c - 1))
            case "gather" if gather and self.shape.gather:
                held = [a for a in scope.arrays if a.dtype is I and self.places(a, scope, write=False)]
                if held:
                    where = self.load(self.one_of(held), scope)
                    return Quantity(Binary("&", where, Const(3, I), I), 3)
        return q

    def load(self, a: _Array, scope: _Scope) -> Load:
        return Load(a.name, self.index(a, scope, write=False), a.dtype)

    # ------------------------------------------------------------ values

    def dtype(self) -> DType:
        return I if self.shape.ints and self.chance(25) else F

    def value(self, scope: _Scope, dtype: DType, depth: int = 2) -> Expr:
        kinds = ["load", "load", "load", "scalar", "constant"]
        if depth:
            kinds += ["arithmetic", "arithmetic", "extreme", "select", "function", "index"]
        match self.one_of(kinds):
            case "load":
                held = [a for a in scope.arrays if a.dtype is dtype and self.places(a, scope, write=False)]
                if held:
                    return self.load(self.one_of(held), scope)
            case "scalar":
                held = [v for v, _ in scope.scalars if v.dtype is dtype]
                if held:
                    return self.one_of(held)  # type: ignore[no-any-return]
            case "arithmetic":
                op = self.one_of(["+", "*", "-"])
                return Binary(op, self.value(scope, dtype, depth - 1), self.value(scope, dtype, depth - 1), dtype)
            case "extreme":
                sides = self.value(scope, dtype, depth - 1), self.value(scope, dtype, depth - 1)
                return Call(self.one_of(["max", "min"]), sides, dtype)
            case "select":
                return Select(self.condition(scope), self.value(scope, dtype, depth - 1),
                              self.value(scope, dtype, depth - 1), dtype)
            case "function" if dtype.is_float:
                if self.chance(30):
                    return Binary("/", self.value(scope, F, depth - 1), self.value(scope, F, depth - 1), F)
                return Call(self.one_of(["exp", "sqrt", "tanh", "abs"]), (self.value(scope, F, depth - 1),), F)
            case "index" if scope.quantities:
                e = self.quantity(scope).e
                return Cast(e, F) if dtype.is_float else e
        return Const(self.one_of([1.0, 0.0, 0.5, -2.0, 3.0]), F) if dtype.is_float else Const(self.number(-2, 3), I)

    def condition(self, scope: _Scope) -> Expr:
        if scope.quantities and self.chance(75):
            q = self.one_of(scope.quantities[::-1])
            match self.one_of(["below", "equal", "other", "parity"]):
                case "below":
                    bound = N if self.shape.run_time and self.chance(20) else Const(self.number(0, q.most + 1), I)
                    return Binary(self.one_of(["<", "<=", ">", ">="]), q.e, bound, B)
                case "equal":
                    return Binary(self.one_of(["==", "!="]), q.e, Const(self.number(0, q.most), I), B)
                case "other":
                    return Binary(self.one_of(["<", "=="]), q.e, self.one_of(scope.quantities).e, B)
                case _:
                    return Binary("==", Binary("%", q.e, Const(2, I), I), Const(0, I), B)
        dtype = self.dtype()
        test: Expr = Binary(self.one_of(["<", ">="]), self.value(scope, dtype, 1), self.value(scope, dtype, 0), B)
        return Unary("!", test, B) if self.chance(15) else test


@st.composite
def kernels(draw: st.DrawFn, shape: Shape = Shape()) -> Kernel:
    """A random kernel with parameters x y z (float), p q (int), perhaps more arrays, `alpha` and `n`."""
    return _Maker(draw, shape).kernel()


# ---------------------------------------------------------------- pieces


def plus(a: Expr, b: Expr) -> Expr:
    return Binary("+", a, b, I)


def times(a: Expr, c: int) -> Expr:
    return a if c == 1 else Binary("*", a, Const(c, I), I)


def combined(op: str, a: Expr, b: Expr) -> Expr:
    return Call(op, (a, b), a.dtype) if op in ("max", "min") else Binary(op, a, b, a.dtype)


def _product(extents: Iterable[int]) -> int:
    total = 1
    for n in extents:
        total *= n
    return total
