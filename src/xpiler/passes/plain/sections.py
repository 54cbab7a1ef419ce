"""An array of the kernel's own that is used in sections which no access leaves becomes one array for each.

    float near[12];                                          float near[8], near_1[4];
    near[t % 2 * 4 + j] = x[j];                              near[t % 2 * 4 + j] = x[j];
    near[8 + j] = near[(t + 1) % 2 * 4 + j] * 2;     ->      near_1[j] = near[(t + 1) % 2 * 4 + j] * 2;
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf

from xpiler.facts import sym
from xpiler.facts.decided import most
from xpiler.facts.reach import Touch, reach
from xpiler.facts.ring import turned
from xpiler.ir.nodes import Addr, Alloc, Atomic, Binary, Buffer, Const, Expr, Kernel, Load, Stmt, Store
from xpiler.ir.types import DType
from xpiler.ir.walk import Body, Fresh, map_exprs, map_stmts, names, statements, walk
from xpiler.passes.step import NotApplicable

I32 = DType.I32


@dataclass(frozen=True)
class Sections:
    """Each section of an array as an array."""

    def apply(self, kernel: Kernel) -> Kernel:
        arrays = {s.buffer.name: s.buffer for s in statements(kernel) if isinstance(s, Alloc) and not s.init}
        whole = {x.buffer for x in walk(kernel) if isinstance(x, Addr | Atomic)}
        known = {n: b for n, b in arrays.items() if n not in whole and isinstance(b.extent, Const)}
        told = _Told(known)
        apart = told.body(kernel.body)
        extra = tuple(replace(known[of], name=name) for name, of in told.accesses.items())
        touched, _ = reach(replace(kernel, params=(*kernel.params, *extra), body=apart))
        where: dict[str, tuple[str, int]] = {}
        parts: dict[str, list[Buffer]] = {}
        fresh = Fresh(names(kernel))
        for name, buffer in known.items():
            mine = [a for a, of in told.accesses.items() if of == name]
            parts[name] = _parted(buffer, {a: _span(touched.get(a, [])) for a in mine}, where, fresh)
        if not where:
            raise NotApplicable("no array is used in sections")
        return replace(kernel, body=_rewritten(apart, told.accesses, where, parts))


@dataclass
class _Told:
    """Gives every access to some arrays a name of its own."""

    arrays: dict[str, Buffer]
    accesses: dict[str, str] = field(default_factory=dict)

    def body(self, body: Body) -> Body:
        return map_stmts(map_exprs(body, self._load), self._store)

    def _load(self, e: Expr) -> Expr:
        return replace(e, buffer=self._name(e.buffer)) if isinstance(e, Load) and e.buffer in self.arrays else e

    def _store(self, s: Stmt) -> Stmt:
        return replace(s, buffer=self._name(s.buffer)) if isinstance(s, Store) and s.buffer in self.arrays else s

    def _name(self, of: str) -> str:
        name = f"{of}~{len(self.accesses)}"
        self.accesses[name] = of
        return name


Span = tuple[float, float]  # the first and the last element


def _span(touches: list[Touch]) -> Span:
    low, high = inf, -inf
    for t in touches:
        index = turned(t.index, sym.conjoin(*t.path))
        low, high = min(low, -most(sym.scale(index, -1), t.path)), max(high, most(index, t.path))
    return low, high


def _parted(
    whole: Buffer, spans: dict[str, Span], where: dict[str, tuple[str, int]], fresh: Fresh
) -> list[Buffer]:
    """The sections of an array; which of them an access is in, and where that begins."""
    ordered = sorted((s, name) for name, s in spans.items() if s[0] <= s[1])  # nobody makes the others
    if not ordered or ordered[0][0][0] < 0 or max(s[1] for s, _ in ordered) == inf:
        return [whole]
    groups: list[tuple[int, int, list[str]]] = []
    for (low, high), name in ordered:
        if groups and low <= groups[-1][1]:
            first, last, those = groups.pop()
            groups.append((first, max(last, int(high)), [*those, name]))
        else:
            groups.append((int(low), int(high), [name]))
    if len(groups) == 1:
        return [whole]
    never = [name for name in spans if spans[name][0] > spans[name][1]]
    out: list[Buffer] = []
    for first, last, those in groups:
        made = replace(whole, name=fresh(whole.name) if out else whole.name, extent=Const(last - first + 1, I32))
        where |= dict.fromkeys((*those, *(() if out else never)), (made.name, first))
        out.append(made)
    return out


def _rewritten(
    body: Body, accesses: dict[str, str], where: dict[str, tuple[str, int]], parts: dict[str, list[Buffer]]
) -> Body:
    def of(name: str) -> tuple[str, int]:
        return where.get(name) or (accesses[name], 0)

    def load(e: Expr) -> Expr:
        if not isinstance(e, Load) or e.buffer not in accesses:
            return e
        name, first = of(e.buffer)
        return replace(e, buffer=name, index=_less(e.index, first))

    def store(s: Stmt) -> Stmt | Body:
        match s:
            case Store(buffer, index, _) if buffer in accesses:
                name, first = of(buffer)
                return replace(s, buffer=name, index=_less(index, first))
            case Alloc(buffer, ()) if buffer.name in parts:
                return tuple(replace(s, buffer=b) for b in parts[buffer.name])
        return s

    return map_stmts(map_exprs(body, load), store)


def _less(index: Expr, first: int) -> Expr:
    """index - first, without what adds up to nothing."""
    match index:
        case _ if first == 0:
            return index
        case Const(int(v), dtype):
            return Const(v - first, dtype)
        case Binary("+", Const(int(v)), b, _) if v == first:
            return b
        case Binary("+", a, b, dtype) if _has(a, first):
            return Binary("+", _less(a, first), b, dtype)
        case Binary("+", a, b, dtype) if _has(b, first):
            return Binary("+", a, _less(b, first), dtype)
    return Binary("-", index, Const(first, index.dtype), index.dtype)


def _has(e: Expr, first: int) -> bool:
    """Whether a sum has this number in it."""
    match e:
        case Const(int(v)):
            return v == first
        case Binary("+", a, b, _):
            return _has(a, first) or _has(b, first)
    return False
