"""Anew: what loops of instructions compute, by their closed form, with other instructions on all elements at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from xpiler.facts import sym
from xpiler.facts.offers import Offer, consecutive, covered, filling, in_turns, match, repeats, unbound
from xpiler.facts.products import Matrix, matrix_product, multiplied
from xpiler.facts.shapes import Shape, fitted
from xpiler.facts.sym import ZERO, Sym
from xpiler.facts.writes import Unsummarised, Write
from xpiler.ir.nodes import Addr, Alloc, Buffer, Const, Expr, For, Intrinsic, Kernel, Meaning, Stmt, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import Body, Fresh, map_stmts, names, scalars_written, statements
from xpiler.passes.lanes.values import stem_of
from xpiler.passes.names.words import ACCUMULATORS
from xpiler.passes.near.bulk import held
from xpiler.passes.near.moves import length
from xpiler.passes.near.once import Effects
from xpiler.passes.near.weighing import Weighed, Weighing
from xpiler.passes.nests.nest import Nest, converted

I32 = DType.I32
MODEST = 8  # of the room, a part that what makes a weight ready may take where it can do with less


@dataclass(frozen=True)
class Instructions:
    """What a machine has for arrays in `space`, of which there are `room` bytes: `offers` work element by element,
    `shapes` reduce, `weighing` multiplies matrices; `meanings` says what each does, `copy` is none of them."""

    offers: tuple[Offer, ...]
    shapes: tuple[Shape, ...]
    meanings: Mapping[tuple[str, str], Meaning]
    copy: str
    space: str
    room: int
    weighing: Weighing | None = None


class Anew:
    """The instructions that compute what a write says; Unsummarised where there are none. `gone` are arrays that nobody
    else uses, `around` is the loop that the statements are in."""

    def __init__(
        self, unit: Instructions, kernel: Kernel, part: Body, out: str, w: Write, gone: frozenset[str],
        around: For | None,
    ) -> None:
        self.unit, self.kernel, self.out, self.w, self.around = unit, kernel, out, w, around
        self.fresh = Fresh(names(kernel))
        self.gone = [s.buffer for s in statements(kernel.body) if isinstance(s, Alloc) and s.buffer.name in gone]
        self.first = sym.substitute(w.index, dict.fromkeys(w.vars, ZERO))
        self.index = sym.sub(w.index, self.first)
        self.size = _dense(self.index, w.vars)
        self.lane = sym.var("lane", sym.integer(self.size))
        self.digits = {v: sym.mod(sym.div(self.lane, sym.integer(step)), sym.extent_of(v))
                       for v, step in sym.terms_of(self.index)[1].items()}
        self.sizes = dict.fromkeys(length(s) for s in statements(part) if isinstance(s, For))
        self.own: list[Buffer] = []
        self.places: dict[Sym, Addr] = {}  # of values that are in arrays of its own
        self.reductions: dict[str, Sym] = {}  # by the arrays without a name that their values are elements of
        self.stmts: list[Stmt] = []
        value = w.value if w.value.op == "fold" and _bare(w.value) is w.value else self._in_lanes(w.value)
        self._put(value, Addr(out, self._expr(self.first), w.value.dtype))

    @property
    def takes(self) -> int:
        """Bytes of near memory that its arrays need more than there are taken."""
        return sum(_bytes(b) for b in self.own if b.space == self.unit.space) - sum(map(_bytes, self.gone))

    def declared(self, body: Body) -> Body:
        """A body without declarations of arrays that are not used any more, and with those that are used again as long
        as they are now."""
        gone, own = {b.name for b in self.gone}, {b.name: b for b in self.own}

        def one(s: Stmt) -> Stmt | Body:
            if not isinstance(s, Alloc) or s.buffer.name in gone - own.keys():
                return () if isinstance(s, Alloc) else s
            return replace(s, buffer=own.get(s.buffer.name, s.buffer))

        return map_stmts(body, one)

    # ------------------------------------------------------------ element by element

    def _in_lanes(self, x: Sym) -> Sym:
        """x as a function of the place among all elements, its reductions those of arrays without a name."""
        loops = frozenset(self.w.vars)

        def one(n: Sym) -> Sym | None:
            if n.op == "fold" and n.free & loops:
                if _bare(n) is not n:
                    return sym.combine(sym.fold_op(n), self._reduction(_bare(n)), self._in_lanes(n.args[1]), n.dtype)
                return self._reduction(n)
            if n.op != "ld" or not n.free & loops:
                return None
            start = sym.sub(n.args[0], self.index)
            if n.data == self.out and start is not self.first:
                raise Unsummarised(f"elements of `{n.data}` are read where others are written")
            if not start.free & loops:
                return sym.load(str(n.data), sym.add(start, self.lane), n.dtype)
            turned = sym.load(str(n.data), sym.substitute(n.args[0], self.digits), n.dtype)
            if in_turns(turned, self.lane) is None:
                raise Unsummarised(f"elements of `{n.data}` are not next to each other")
            return turned

        made = sym.rewrite(x, one)
        if made.free & loops:
            raise Unsummarised("a value depends on where it is")
        return made

    def _reduction(self, x: Sym) -> Sym:
        name = next((n for n, y in self.reductions.items() if y is x), f"~{len(self.reductions)}")
        self.reductions[name] = x
        return sym.load(name, self.lane, x.dtype)

    def _put(self, x: Sym, to: Addr) -> None:
        """The instructions that leave the values of x in an array, one behind the other."""
        if x.op == "fold":
            self._reduced(x, to)
            return
        offer, bound = self._best(x)
        operands = {n: self._operand(offer.param(n), e) for n, e in bound.items()}
        operands |= {offer.out: to, offer.count: Const(self.size, I32)}
        self._call(offer.meaning, operands)

    def _best(self, x: Sym) -> tuple[Offer, Mapping[str, Sym]]:
        """The instruction that does most of x."""
        found = []
        for o in self.unit.offers:
            bound = match(o, x, self.lane) if o.count and o.lane is not None and not o.result else None
            if bound is None or unbound(o, bound) or o.out in bound or x in bound.values():
                continue
            if all(self._takes(o, n, e) for n, e in bound.items() if isinstance(o.param(n), Buffer)):
                found.append((o, bound))
        if not found:
            raise Unsummarised("no instruction does this element by element")
        return max(found, key=lambda f: covered(f[0]))

    def _takes(self, o: Offer, name: str, x: Sym) -> bool:
        """Whether an instruction takes these values for an array: in turns where it repeats them, else all of them."""
        if repeats(o, name):
            return in_turns(x, self.lane) is not None and x.data != self.out and x.data not in self.reductions
        return self.lane in x.free and in_turns(x, self.lane) is None

    def _operand(self, param: Buffer | Var, x: Sym) -> Expr:
        if isinstance(param, Var):
            return converted(Const(self.size, I32) if x is self.lane else self._expr(x), param.dtype)
        if x.data not in self.reductions and (turns := in_turns(x, self.lane)) is not None:
            return Addr(str(x.data), self._expr(turns[0]), x.dtype)
        if consecutive(x, self.lane) and x.data not in self.reductions:
            return Addr(str(x.data), self._expr(sym.substitute(x.args[0], {self.lane: ZERO})), x.dtype)
        x = self.reductions.get(str(x.data), x) if x.op == "ld" else x
        if x not in self.places:
            to = Addr(self._array(x), Const(0, I32), x.dtype)
            self._put(x, to)
            self.places[x] = to
        return self.places[x]

    def _array(self, x: Sym) -> str:
        """An array for all elements of x: one that is not used any more, or a new one."""
        taken = {b.name for b in self.own}
        name = next((b.name for b in self.gone if b.dtype is x.dtype and b.name not in taken), "")
        if not name:
            stem = ACCUMULATORS.get(sym.fold_op(x), "t") if x.op == "fold" else stem_of(x)
            name = self.fresh(f"{stem}_{self.unit.space}")
        self.own.append(Buffer(name, x.dtype, Const(self.size, I32), self.unit.space))
        return name

    # ------------------------------------------------------------ reductions

    def _reduced(self, x: Sym, to: Addr) -> None:
        if self.out in {n.data for n in sym.collect(x, lambda n: n.op == "ld")}:
            raise Unsummarised("it reduces what it writes")
        w = Write(self.w.vars, self.index, self.w.guard, x)
        found = next(((s, f) for s in self.unit.shapes if (f := fitted(s, w, self.sizes)) is not None), None)
        if found is None:
            if not self._multiplied(x, to):
                self._accumulated(x, to)
            return
        shape, numbers = found
        source = numbers.pop(shape.source)
        operands: dict[str, Expr] = {n: self._expr(e) for n, e in numbers.items()}
        self._call(shape.meaning, operands | {
            shape.out: to, shape.source: Addr(str(source.data), self._expr(source.args[0]), source.dtype)})

    def _multiplied(self, x: Sym, to: Addr) -> bool:
        """A product of matrices, where it is one that a unit has. One row alone is worth it where its weight serves
        more."""
        unit = self.unit.weighing
        if unit is None:
            return False
        stmts, own = list(self.stmts), list(self.own)
        p = matrix_product(self._of_elements(x), self.index, self.w.vars)
        ways = [] if p is None else list(unit.ways(p, x.dtype))
        known = {w: self._steady(w.product.b) for w in ways}
        ways = [w for w in ways if known[w] or w.product.a.rows > 1]
        operand, arrays = list(self.stmts[len(stmts):]), list(self.own)
        for way in sorted(ways, key=lambda w: (not known[w], w.filled, w.piece > self.unit.room // MODEST)):
            self.own = list(arrays)
            made = Weighed(way, to, self._new, self._expr, self.fresh)
            if self._fits(unit):
                self.stmts = [*stmts, *made.before, *operand, *made.after]
                return True
        self.stmts, self.own = stmts, own
        return False

    def _fits(self, unit: Weighing) -> bool:
        """Whether there is room for the arrays of its own."""
        space = unit.unit.space
        weights = sum(_bytes(b) for b in self.own if b.space == space) + held(self.kernel, space)
        return weights <= unit.room and self.takes <= self.unit.room - held(self.kernel, self.unit.space)

    def _of_elements(self, x: Sym) -> Sym:
        """A sum of products whose factors are elements: what is the same for all elements gets an array."""
        alike, others = list[Sym](), list[Sym]()
        for part in multiplied(x.args[0]):
            (others if part.free & set(self.w.vars) else alike).append(part)
        if not alike or len(others) != 1 or len(sym.fold_vars(x)) != 1:
            return x
        (k,), value = sym.fold_vars(x), alike[0]
        for part in alike[1:]:
            value = sym.binary("*", value, part, x.dtype)
        if value.op in ("ld", "cast") or not sym.is_const(sym.extent_of(k)):
            return x
        before = self.lane, self.size, self.places
        self.lane, self.size, self.places = sym.var("lane", sym.extent_of(k)), sym.value_of(sym.extent_of(k)), {}
        to = Addr(self._array(value), Const(0, I32), value.dtype)
        self._put(sym.substitute(value, {k: self.lane}), to)
        self.lane, self.size, self.places = before
        term = sym.binary("*", sym.load(to.buffer, k, value.dtype), others[0], x.dtype)
        return sym.fold("+", (k,), term, x.args[1], x.dtype)

    def _steady(self, m: Matrix) -> bool:
        """Whether a matrix is the same in all iterations of the loop around."""
        if self.around is None or m.buffer in Effects(self.unit.meanings, self.unit.copy).written(self.around.body):
            return False
        changing = {v.name for v in scalars_written(self.around)}
        return not any(sym.name_of(v) in changing for v in m.first.free)

    def _new(self, stem: str, size: int, dtype: DType, space: str) -> Addr:
        self.own.append(Buffer(self.fresh(stem), dtype, Const(size, I32), space))
        return Addr(self.own[-1].name, Const(0, I32), dtype)

    def _accumulated(self, x: Sym, to: Addr) -> None:
        """One term after the other, each of all elements."""
        op, counted = sym.fold_op(x), sym.fold_vars(x)
        if not all(sym.is_const(sym.extent_of(v)) for v in counted):
            raise Unsummarised("how many terms it has is not known")
        variables = [sym.var(self.fresh("k"), sym.extent_of(v)) for v in counted]
        term = self._in_lanes(sym.substitute(x.args[0], dict(zip(counted, variables, strict=True))))
        so_far = sym.load(to.buffer, sym.add(self.first if to.buffer == self.out else ZERO, self.lane), x.dtype)
        self._filled(sym.identity_of(op, x.dtype), to)
        before, places = self.stmts, self.places
        self.stmts, self.places = [], {}
        self._put(sym.combine(op, so_far, term, x.dtype), to)
        body = tuple(self.stmts)
        for v in reversed(variables):
            body = (For(Var(sym.name_of(v), I32), Const(0, I32), self._expr(sym.extent_of(v)), Const(1, I32), body),)
        self.stmts, self.places = [*before, *body], places

    def _filled(self, x: Sym, to: Addr) -> None:
        """The same number everywhere."""
        for o, bound in filling((o for o in self.unit.offers if o.count and not o.result), x):
            given = {n: self._expr(e) for n, e in bound.items()}
            self._call(o.meaning, given | {o.out: to, o.count: Const(self.size, I32)})
            return
        raise Unsummarised("no instruction fills an array")

    def _call(self, meaning: Meaning, operands: Mapping[str, Expr]) -> None:
        self.stmts.append(Intrinsic(meaning.name, tuple(operands[p.name] for p in meaning.params), None, meaning.key))

    def _expr(self, x: Sym) -> Expr:
        if "fold" in x.has:
            raise Unsummarised("a scalar that is a reduction")
        return Nest(self.fresh).expr(x)


def _bare(x: Sym) -> Sym:
    """A reduction that starts from nothing."""
    op = sym.fold_op(x)
    return x if sym.is_identity(op, x.args[1]) else sym.fold(
        op, sym.fold_vars(x), x.args[0], sym.identity_of(op, x.dtype), x.dtype)


def _dense(index: Sym, loops: tuple[Sym, ...]) -> int:
    """How many elements loops write, all that there are between the first and the last."""
    const, terms = sym.terms_of(index)
    size = 1
    for v, step in sorted(terms.items(), key=lambda t: t[1]):
        if v not in loops or step != size or not sym.is_const(sym.extent_of(v)):
            raise Unsummarised("it does not write one element behind the other")
        size *= sym.value_of(sym.extent_of(v))
    if const or len(terms) != len(loops):
        raise Unsummarised("it does not write one element behind the other")
    return size


def _bytes(b: Buffer) -> int:
    return int(b.extent.value) * b.dtype.bytes if isinstance(b.extent, Const) else 0
