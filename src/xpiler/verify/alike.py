"""Two programs that are one, statement by statement, but for the names in them and the order of operands that commute.

Whatever the statements are, loops that end when their data say so and subscripts that are data among them, both do the
same. What an intrinsic is called says nothing: what its meanings do is compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from typing import TypeVar

from xpiler.ir.nodes import (
    Addr, Alloc, Assign, Atomic, Binary, Buffer, Call, Const, DeviceBuffer, Expr, For, If, Intrinsic, Kernel, Launch,
    Launcher, Let, Load, Meaning, Param, Program, Shuffle, Stmt, Store, Var, While,
)
from xpiler.ir.walk import Body, defines, map_stmts, statements, substitute

# Exchanges in which a lane of a segment asks another one of it: how many lanes a warp has besides is no matter.
_WITHIN = frozenset({"idx", "up", "down", "xor"})
# Operands are pure, and numbers no NaN. Not && and ||: what stands first keeps what follows from being looked at.
_COMMUTE = frozenset({"+", "*", "&", "|", "^", "==", "!="})
_TURNED = {">": "<", ">=": "<="}
_TWO = frozenset({"min", "max", "fma"})  # functions of which the first two arguments commute
Entry = Kernel | Launcher
T = TypeVar("T")


def alike(a: Program, b: Program) -> bool:
    """Whether both are the same programs, from the launcher down, or kernel by kernel where there is none."""
    one, other = _begins(a), _begins(b)
    return len(one) == len(other) and all(alike_from(a, b, x, y) for x, y in zip(one, other, strict=True))


def _begins(p: Program) -> tuple[Entry, ...]:
    return (p.launcher,) if p.launcher is not None else p.kernels


def alike_from(a: Program, b: Program, one: Entry, other: Entry) -> bool:
    """Whether an entry of one program is that of another, with their parameters in one order; never where a body was
    not understood."""
    return _Alike(a, b).entries(one, other)


@dataclass
class _Alike:
    a: Program
    b: Program
    names: dict[str, str] = field(default_factory=dict)  # of a -> of b, of what is declared here
    taken: dict[str, str] = field(default_factory=dict)  # the other way

    def __post_init__(self) -> None:
        self._asked: dict[tuple[str, ...], bool] = {}
        self._means = tuple({(m.name, m.key): m for m in p.meanings} for p in (self.a, self.b))

    # ------------------------------------------------------------ names

    def bound(self, a: str, b: str) -> bool:
        self.names[a], self.taken[b] = b, a
        return True

    def named(self, a: str, b: str) -> bool:
        return self.names.get(a) == b and self.taken.get(b) == a

    @contextmanager
    def _scope(self, fresh: bool = False) -> Iterator[None]:
        """What is declared inside is forgotten after; `fresh`: nothing from outside is seen."""
        kept = self.names, self.taken
        self.names, self.taken = ({}, {}) if fresh else (dict(self.names), dict(self.taken))
        try:
            yield
        finally:
            self.names, self.taken = kept

    # ------------------------------------------------------------ programs

    def entries(self, a: Entry, b: Entry) -> bool:
        with self._scope(fresh=True):
            if a.name in self.a.unread or b.name in self.b.unread or not self._params(a.params, b.params):
                return False
            of_a, of_b = (x.buffers if isinstance(x, Launcher) else () for x in (a, b))
            return self._every(self._device, of_a, of_b) \
                and self._every(self.statements, _unnamed(a.body), _unnamed(b.body)) \
                and self._every(self.expressions, [d.extent for d in of_a], [d.extent for d in of_b])

    def _params(self, a: Sequence[Param], b: Sequence[Param]) -> bool:
        by_value = [[isinstance(p, Buffer) and bool(p.ctype) for p in params] for params in (a, b)]
        return by_value[0] == by_value[1] and self._every(self._declared, a, b)

    def _declared(self, a: Param, b: Param) -> bool:
        """A number or an array, and what its counterpart is called from here on; not how long it is."""
        spaces = [p.space if isinstance(p, Buffer) else None for p in (a, b)]
        return spaces[0] == spaces[1] and a.dtype is b.dtype and self.bound(a.name, b.name)

    def _device(self, a: DeviceBuffer, b: DeviceBuffer) -> bool:
        host = all((not x and not y) or self.named(x, y) for x, y in ((a.host, b.host), (a.out, b.out)))
        alike = (a.dtype, a.copy_in, a.copy_out) == (b.dtype, b.copy_in, b.copy_out) and (a.copy_in or a.fill == b.fill)
        return host and alike and self.bound(a.name, b.name)  # its length is said with scalars that come later

    def _every(self, same: Callable[[T, T], bool], a: Sequence[T], b: Sequence[T]) -> bool:
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))

    # ------------------------------------------------------------ statements

    def bodies(self, a: Body, b: Body) -> bool:
        with self._scope():
            return self._every(self.statements, a, b)

    def statements(self, a: Stmt, b: Stmt) -> bool:
        match a, b:
            case Let(v, x), Let(w, y):
                return v.dtype is w.dtype and self._maybe(x, y) and self.bound(v.name, w.name)
            case Assign(v, x), Assign(w, y):
                return self.expressions(v, w) and self.expressions(x, y)
            case Store(p, i, x), Store(q, j, y):
                return self.named(p, q) and self.expressions(i, j) and self.expressions(x, y)
            case Alloc(p, init), Alloc(q, other):
                return self._maybe(p.extent, q.extent) and self._every(self.expressions, init, other) \
                    and self._declared(p, q)
            case For() as x, For() as y:
                return self._loops(x, y)
            case While(x, inner), While(y, other):
                return self.expressions(x, y) and self.bodies(inner, other)
            case If(x, then, orelse), If(y, then_, orelse_):
                return self.expressions(x, y) and self.bodies(then, then_) and self.bodies(orelse, orelse_)
            case Intrinsic() as x, Intrinsic() as y:
                return self._every(self.expressions, x.args, y.args) and self._maybe(x.result, y.result) \
                    and self._meanings(x, y)
            case Shuffle() as x, Shuffle() as y:
                return self._exchanges(x, y)
            case Atomic(p, q, i, value, result, old), Atomic(p_, q_, i_, value_, result_, old_):
                return p == p_ and self.named(q, q_) and self._maybe(old, old_) and self._maybe(result, result_) \
                    and self._every(self.expressions, (i, value), (i_, value_))
            case Launch(k, args), Launch(k_, args_):
                return self._every(self.expressions, args, args_) and self._kernels(k, k_)
        return a == b  # what has no names in it

    def _loops(self, a: For, b: For) -> bool:
        if a.kind != b.kind or a.var.dtype is not b.var.dtype:
            return False
        bounds = [(x.start, x.stop, x.step) for x in (a, b)]
        with self._scope():
            return self._every(self.expressions, *bounds) and self.bound(a.var.name, b.var.name) \
                and self.bodies(a.body, b.body)

    def _exchanges(self, a: Shuffle, b: Shuffle) -> bool:
        alike = (a.kind, a.width) == (b.kind, b.width) and self.expressions(a.result, b.result) \
            and self.expressions(a.value, b.value) and self._lanes(a.lane, b.lane)
        if not alike or a.warp == b.warp:
            return alike and self.expressions(a.mask, b.mask)
        stays = a.kind != "xor" or isinstance(a.lane, Const) and 0 <= a.lane.value < a.width
        return a.kind in _WITHIN and stays and _everyone(a) and _everyone(b)

    def _lanes(self, a: Expr, b: Expr) -> bool:
        """Numbers of lanes, which a language may take as signed or not."""
        if isinstance(a, Const) and isinstance(b, Const):
            return 0 <= a.value == b.value
        return self.expressions(a, b)

    # ------------------------------------------------------------ what is called

    def _kernels(self, a: str, b: str) -> bool:
        key = ("kernel", a, b)
        if key not in self._asked:
            self._asked[key] = self.entries(self.a.kernel(a), self.b.kernel(b))
        return self._asked[key]

    def _meanings(self, a: Intrinsic, b: Intrinsic) -> bool:
        key = (a.name, a.key, b.name, b.key)
        if key not in self._asked:
            self._asked[key] = False  # where it is made of itself
            one, other = (m.get((x.name, x.key)) for m, x in zip(self._means, (a, b), strict=True))
            self._asked[key] = one is not None and other is not None and self._means_same(one, other)
        return self._asked[key]

    def _means_same(self, a: Meaning, b: Meaning) -> bool:
        with self._scope(fresh=True):
            results = [() if m.result is None else (m.result,) for m in (a, b)]
            return self._params(a.params, b.params) and self._params(*results) and self.bodies(a.body, b.body)

    # ------------------------------------------------------------ expressions

    def _maybe(self, a: Expr | None, b: Expr | None) -> bool:
        return a is b if a is None or b is None else self.expressions(a, b)

    def expressions(self, a: Expr, b: Expr) -> bool:
        return self._alike(a, b, {})

    def _alike(self, a: Expr, b: Expr, met: dict[tuple[int, int], bool]) -> bool:
        """`met`: parts that were compared before, as operands that commute may be in several orders."""
        key = id(a), id(b)
        if key not in met:
            met[key] = self._compared(_turned(a), _turned(b), lambda x, y: self._alike(x, y, met))
        return met[key]

    def _compared(self, a: Expr, b: Expr, same: Callable[[Expr, Expr], bool]) -> bool:
        match a, b:
            case Var(x, dtype), Var(y, other):
                return dtype is other and self.named(x, y)
            case (Load(p, i, dtype), Load(q, j, other)) | (Addr(p, i, dtype), Addr(q, j, other)):
                return dtype is other and self.named(p, q) and same(i, j)
            case Binary("+", dtype=dtype), Binary("+", dtype=other) if dtype is other and not dtype.is_float:
                return _matched(_sum(a), _sum(b), same)
            case (Binary(op, x, y, dtype), Binary(op_, x_, y_, other)) if op in _COMMUTE:
                return (op, dtype) == (op_, other) and _matched([x, y], [x_, y_], same)
            case (Call(f, (x, y, *rest), dtype), Call(f_, (x_, y_, *rest_), other)) if f in _TWO:
                return (f, dtype) == (f_, other) and _matched([x, y], [x_, y_], same) and self._every(same, rest, rest_)
        return type(a) is type(b) and all(_parts(getattr(a, f.name), getattr(b, f.name), same)
                                          for f in fields(a) if f.compare)


def _parts(a: object, b: object, same: Callable[[Expr, Expr], bool]) -> bool:
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(_parts(x, y, same) for x, y in zip(a, b, strict=True))
    if isinstance(a, Expr) and isinstance(b, Expr):
        return same(a, b)
    return repr(a) == repr(b)  # NaN is itself, and a zero of one sign not that of the other


def _matched(a: list[Expr], b: list[Expr], same: Callable[[Expr, Expr], bool]) -> bool:
    """Whether both are the same operands, in whatever order."""
    left = list(b)
    for x in a:
        at = next((n for n, y in enumerate(left) if same(x, y)), None)
        if at is None:
            return False
        del left[at]
    return not left


def _turned(e: Expr) -> Expr:
    return Binary(_TURNED[e.op], e.b, e.a, e.dtype) if isinstance(e, Binary) and e.op in _TURNED else e


def _sum(e: Expr) -> list[Expr]:
    """The terms of a sum of integers, however it is bracketed."""
    match e:
        case Binary("+", a, b, dtype):
            return [t for x in (a, b) for t in (_sum(x) if x.dtype is dtype else [x])]
    return [e]


def _unnamed(body: Body) -> Body:
    """A body without names for what has one already and keeps its value: `const int tx = threadIdx.x`."""
    set_again = {v.name for s in statements(body) if not isinstance(s, Let | For) and (v := defines(s)) is not None}
    other: dict[Var, Expr] = {}
    for s in statements(body):  # in the order of the text, so that a name of a name is known
        match s:
            case Let(v, Var(dtype=dtype) as x) if dtype is v.dtype and not {v.name, x.name} & set_again:
                other[v] = other.get(x, x)
    kept = map_stmts(body, lambda s: () if isinstance(s, Let) and s.var in other else s)
    return substitute(kept, other)


def _everyone(s: Shuffle) -> bool:
    return isinstance(s.mask, Const) and int(s.mask.value) in (-1, (1 << s.warp) - 1)
