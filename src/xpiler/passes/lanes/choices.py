"""Choices in lanes: conditions become masks or vectors of ones and zeros, and both sides are computed.

    y[i] = x[i] > 0 ? 1 : 0            ->      gt_scalar(t, x, 0, n)
    a[i] = c ? x[i] : 0                ->      if (c) copy x to a;  else fill a
    y[i] = x[i] < 0 ? z[i] : x[i]      ->      mask = cmplt(x, zero);  blend(mask, x, z)

A condition that all lanes share stays an `if`, and what is loaded under it stays there.
"""

from __future__ import annotations

from xpiler.facts import sym
from xpiler.facts.offers import consecutive
from xpiler.facts.sym import Sym
from xpiler.facts.writes import Unsummarised
from xpiler.ir.nodes import Assign, Binary, Const, Expr, For, If, Intrinsic, Let, Load, Select, Var
from xpiler.ir.types import DType
from xpiler.passes.lanes.memory import I32, Vector
from xpiler.passes.lanes.values import VectorNest, stem_of
from xpiler.passes.nests.nest import Scope, converted

_ZERO, _ONE = Const(0, I32), Const(1, I32)


class ChoiceNest(VectorNest):
    """A vector nest that chooses between values lane by lane."""

    def _vector(self, x: Sym) -> Vector:
        assert self.lane is not None
        if x.op == "cast" and x.dtype.is_float and (number := _in_floats(x)) is not None:
            return self.vector(number)
        if x.op == "un" and x.data == "-" and x.dtype.is_float and self._best(x) is None:
            return self.vector(sym.make("bin", (x.args[0], sym.number(-1.0, x.dtype)), "*", x.dtype))
        if x.op == "call" and x.data == "fma" and x.dtype.is_float and self._best(x) is None:  # one rounding more
            product = sym.make("bin", x.args[:2], "*", x.dtype)
            return self.vector(sym.make("bin", (product, x.args[2]), "+", x.dtype))
        if x.op != "sel" or not x.dtype.is_float:
            return super()._vector(x)
        cond, a, b = x.args
        uniform = [c for c in sym.conjuncts(cond) if self.lane.var not in c.free]
        if uniform:
            varying = [c for c in sym.conjuncts(cond) if self.lane.var in c.free]
            inner = _choice(sym.conjoin(*varying), a, b, x.dtype) if varying else a
            return self._either(sym.conjoin(*uniform), inner, b, x.dtype)
        return self._chosen(x)

    # ------------------------------------------------------------ the same for all lanes

    def _either(self, cond: Sym, a: Sym, b: Sym, dtype: DType) -> Vector:
        """cond ? a : b where all lanes agree on cond: each side is only computed where it is taken."""
        assert self.lane is not None
        out = Vector(dtype, stem=stem_of(a))
        self._reserve(out)
        constant = not b.args
        if constant:
            self._into(out, b)
        sides: list[tuple[Expr, ...]] = []
        test = self.expr(cond)
        for e in (a,) if constant else (a, b):
            self.scopes.append(Scope(None, guarded=True))
            self._into(out, e)
            sides.append(tuple(self.scopes.pop().stmts))  # type: ignore[arg-type]
        self.scopes[-1].stmts.append(If(test, *sides))  # type: ignore[arg-type]
        return out

    def _reserve(self, out: Vector) -> None:
        """Declare the place of a vector before the branches that set it."""
        assert self.lane is not None
        if not self.unit.width:
            out.memory = self._allocate(out.dtype, out.stem)
            return
        best = self._from_memory("~", out.dtype)
        if best is None:
            raise Unsummarised("no instruction loads a register")
        place = best[0].param(best[0].out)
        assert not isinstance(place, Var)
        out.register = self._declared(place, out.stem)

    def _into(self, out: Vector, e: Sym) -> None:
        """Leave a value in a vector that has a place."""
        assert self.lane is not None
        if self.lane.var not in e.free:
            self._filled(e, "", out)
        elif e.op == "ld" and consecutive(e, self.lane.var) and not self.unit.width:
            self._transfer(out.memory, _ZERO, str(e.data), self.plain_index(e.args[0]), e.dtype,
                           ("global", self.unit.space))
        elif (best := self._best(self._loaded(e) if e.op == "ld" else e)) is not None:
            self._call(best[0], best[1], out)
        else:
            self._copied(self.vector(e), out)

    # ------------------------------------------------------------ lane by lane

    def _chosen(self, x: Sym) -> Vector:
        """A choice by a condition that differs between lanes."""
        assert self.lane is not None
        cond, a, b = x.args
        best = self._best(x)
        if best is not None:
            return self._call(best[0], best[1], Vector(x.dtype, stem=stem_of(x)))
        one, zero = sym.number(1.0, x.dtype), sym.number(0.0, x.dtype)
        if a is one and b is zero:
            parts = self._truth(cond, x.dtype)
            return super()._vector(x) if parts is None else self.vector(parts)
        if a is zero and b is one:
            return self.vector(_choice(sym.negate(cond), one, zero, x.dtype))
        truth = _choice(cond, one, zero, x.dtype)
        if a.op == b.op == "flt" and (steps := _steps(truth, a, b, x.dtype)) is not None:
            return self.vector(steps)
        if a.op == "flt" and b.op == "sel" and (steps := _either_step(cond, a, b, x.dtype)) is not None:
            return self.vector(steps)
        told = _choice(sym.make("cmp", (truth, zero), "!=", DType.BOOL), a, b, x.dtype)
        best = self._best(told)
        if best is not None:
            return self._call(best[0], best[1], Vector(x.dtype, stem=stem_of(a)))
        return super()._vector(x)

    def _truth(self, cond: Sym, dtype: DType) -> Sym | None:
        """1 where a condition of several parts holds, else 0; None for one that has no parts."""
        one, zero = sym.number(1.0, dtype), sym.number(0.0, dtype)
        parts = [_choice(c, one, zero, dtype) for c in cond.args]
        match cond.op:
            case "and" | "or":
                out = parts[0]
                for p in parts[1:]:
                    op, name = ("bin", "*") if cond.op == "and" else ("call", "max")
                    out = sym.make(op, (out, p), name, dtype)
                return out
            case "not":
                return _choice(sym.make("cmp", (parts[0], zero), "==", DType.BOOL), one, zero, dtype)
        return None

    # ------------------------------------------------------------ masks

    def _mask(self, cond: Sym, dtype: DType) -> Expr:
        """The mask of the lanes in which a condition holds."""
        assert self.lane is not None
        lane, width = self.lane.var, self.lane.width
        full = Const((1 << width) - 1, dtype)
        if lane not in cond.free:
            return Select(self.expr(cond), full, Const(0, dtype), dtype)
        first = _first_lanes(cond, lane)
        if first is not None and sym.is_const(first):
            return Const((1 << min(max(sym.value_of(first), 0), width)) - 1, dtype)
        if first is not None and first.lo >= 0 and first.hi <= width:
            return converted(Binary("-", Binary("<<", _ONE, self.expr(first), I32), _ONE, I32), dtype)
        for scope in self.scopes:
            if isinstance(got := scope.held.get(("mask", cond)), Var):
                return got
        if cond.op in ("and", "or"):
            out = self._mask(cond.args[0], dtype)
            for c in cond.args[1:]:
                out = converted(Binary("&" if cond.op == "and" else "|", out, self._mask(c, dtype), I32), dtype)
            return out
        mask = Var(self.names("mask"), dtype)
        best = self._best(cond)
        if best is None and cond.op == "not":
            return converted(Binary("^", self._mask(cond.args[0], dtype), full, I32), dtype)
        if best is None:
            self._mask_by_lane(mask, cond)
        else:
            offer, bound = best
            operands = [self._operand(bound[p.name], p) for p in offer.meaning.params if not isinstance(p, Var)]
            self.scopes[-1].stmts.append(Let(mask, None))
            self.scopes[-1].stmts.append(Intrinsic(offer.meaning.name, tuple(operands), mask, offer.meaning.key))
        self.scopes[-1].held["mask", cond] = mask
        return mask

    def _mask_by_lane(self, mask: Var, cond: Sym) -> None:
        """A mask's bits one by one."""
        truth = self._by_element(_choice(cond, sym.number(1.0, DType.F32), sym.number(0.0, DType.F32), DType.F32))
        i = Var(self.names("l"), I32)
        holds = Binary("!=", Load(truth.memory, i, DType.F32), Const(0.0, DType.F32), DType.BOOL)
        bit = Select(holds, Binary("<<", _ONE, i, I32), _ZERO, I32)
        step = Assign(mask, converted(Binary("|", converted(mask, I32), bit, I32), mask.dtype))
        assert self.lane is not None
        self.scopes[-1].stmts += [Let(mask, Const(0, mask.dtype)), For(i, _ZERO, self.lane.count, _ONE, (step,))]


def _choice(cond: Sym, a: Sym, b: Sym, dtype: DType) -> Sym:
    """cond ? a : b as it stands."""
    return sym.make("sel", (cond, a, b), None, dtype)


def _first_lanes(cond: Sym, lane: Sym) -> Sym | None:
    """n in lane < n; None for another condition."""
    if cond.op != "lt":
        return None
    const, terms = sym.terms_of(cond.args[0])
    if terms.get(lane) != 1 or any(lane in a.free for a in terms if a is not lane):
        return None
    return sym.scale(sym.linear(const, {a: c for a, c in terms.items() if a is not lane}), -1)


def _steps(truth: Sym, a: Sym, b: Sym, dtype: DType) -> Sym | None:
    """b + (a - b) * truth for constants that this is exact for."""
    one, other = sym.float_of(a), sym.float_of(b)
    if not all(abs(v) < 1 << 10 and v.is_integer() for v in (one, other)):
        return None
    gap = sym.number(one - other, dtype)
    scaled = truth if one - other == 1.0 else sym.make("bin", (truth, gap), "*", dtype)
    return scaled if other == 0.0 else sym.make("bin", (scaled, b), "+", dtype)


def _in_floats(x: Sym) -> Sym | None:
    """A sum of truth values made a float as the same sum of floats; None for anything else."""
    const, terms = sym.terms_of(x.args[0]) if not x.args[0].dtype.is_float else (0, {})
    parts: list[tuple[int, Sym]] = []
    for atom, c in sorted(terms.items(), key=lambda t: -t[1]):
        truth = atom
        while truth.op == "cast":
            (truth,) = truth.args
        if truth.dtype is not DType.BOOL and not (truth.op == "sel" and all(a.op == "int" for a in truth.args[1:])):
            return None
        yes, no = (1, 0) if truth.dtype is DType.BOOL else (sym.value_of(truth.args[1]), sym.value_of(truth.args[2]))
        cond = truth if truth.dtype is DType.BOOL else truth.args[0]
        if abs(c) > 1 << 10 or max(abs(yes), abs(no)) > 1 << 10:
            return None
        parts.append((c, _choice(cond, sym.number(float(yes), x.dtype), sym.number(float(no), x.dtype), x.dtype)))
    return _weighted(parts, const, x.dtype) if parts and abs(const) <= 1 << 10 else None


def _either_step(cond: Sym, a: Sym, b: Sym, dtype: DType) -> Sym | None:
    """cond ? a : (other ? v : w) as w + (a - w) * cond + (v - w) * other, for conditions that do not hold both and
    constants that this is exact for."""
    other, *values = b.args
    if any(v.op != "flt" for v in values) or not _exclude(cond, other):
        return None
    ends = [sym.float_of(v) for v in (a, *values)]
    if not all(abs(v) < 1 << 10 and v.is_integer() for v in ends):
        return None
    one, zero = sym.number(1.0, dtype), sym.number(0.0, dtype)
    gaps = [(int(v - ends[2]), _choice(c, one, zero, dtype)) for v, c in zip(ends, (cond, other), strict=False)]
    return _weighted(sorted(gaps, key=lambda g: -g[0]), int(ends[2]), dtype)


_ORDERS = {"<": "l", ">": "g", "==": "e", "<=": "le", ">=": "ge", "!=": "lgu"}  # less, greater, equal, none of these
_SWAPPED = str.maketrans("lg", "gl")


def _exclude(a: Sym, b: Sym) -> bool:
    """Whether two comparisons of the same values never hold both."""
    if a.op != "cmp" or b.op != "cmp" or {*a.args} != {*b.args}:
        return False
    held = _ORDERS[str(b.data)]
    return not {*_ORDERS[str(a.data)]} & {*(held if a.args == b.args else held.translate(_SWAPPED))}


def _weighted(parts: list[tuple[int, Sym]], const: int, dtype: DType) -> Sym:
    """const + the sum of weight * part."""
    out: Sym | None = sym.number(float(const), dtype) if const else None
    for c, part in parts:
        size = part if abs(c) == 1 else sym.make("bin", (part, sym.number(float(abs(c)), dtype)), "*", dtype)
        if out is None:
            out = size if c > 0 else sym.make("bin", (sym.number(0.0, dtype), size), "-", dtype)
        else:
            out = sym.make("bin", (out, size), "+" if c > 0 else "-", dtype)
    assert out is not None
    return out
