"""Vector values: a value of a nest in three-address form over temporaries in the target's vector space.

Every operation is unified with the bodies of the target's intrinsics (facts.offers); one that nothing matches stays a
scalar loop over the temporaries.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from xpiler.facts import sym
from xpiler.facts.offers import (
    Binding, Offer, apart, consecutive, covered, filling, gathers, in_turns, is_memory, is_widened, match, narrower,
    repeats, unbound,
)
from xpiler.facts.sym import ZERO, Sym
from xpiler.facts.writes import Unsummarised
from xpiler.ir.nodes import Addr, Buffer, Const, Expr, For, Intrinsic, Let, Load, Store, Var
from xpiler.ir.types import DType
from xpiler.passes.lanes.joined import joined
from xpiler.passes.lanes.memory import Lane, MemoryNest, Vector
from xpiler.passes.lanes.reciprocals import multiplied, of_bits
from xpiler.passes.nests.nest import converted

I32 = DType.I32
_ZERO, _ONE = Const(0, I32), Const(1, I32)
DEEPEST = 100  # operands of operands
_DIGITS = {DType.F16: 11, DType.F32: 24}  # bits of whole numbers that a float has exactly


class VectorNest(MemoryNest):
    """A nest builder that can write a value that differs between lanes as a vector."""

    # ------------------------------------------------------------ scalars that lanes have in common

    def expr(self, x: Sym) -> Expr:
        if x in self.shared and not any(x in s.named for s in self.scopes):
            return self.place(x)
        return super().expr(x)

    def share(self, x: Sym) -> None:
        """Scalars that x needs more than once, whatever its conditions say, are computed once."""
        lane = self.lane.var if self.lane is not None else None
        uses: dict[Sym, int] = {}
        seen: set[Sym] = set()
        always: set[Sym] = set()
        stack = [(x, True)]
        while stack:
            n, needed = stack.pop()
            if n in seen and (not needed or n in always):
                continue
            fresh = n not in seen
            seen.add(n)
            if needed:
                always.add(n)
            for k, a in enumerate(() if n.op == "fold" else n.args):
                if fresh:
                    uses[a] = uses.get(a, 0) + 1
                stack.append((a, needed and (k == 0 or n.op not in ("sel", "and", "or"))))
        self.shared |= {
            n for n in always if uses.get(n, 0) > 1 and n.op in ("bin", "call", "cast", "un", "ld")
            and "ld" in n.has and "fold" not in n.has and lane not in n.free}

    # ------------------------------------------------------------ vectors

    def vector(self, x: Sym) -> Vector:
        """x, which depends on the lane, as a vector; computed at the outermost loop that allows it."""
        assert self.lane is not None
        for scope in self.scopes:
            got = scope.held.get(x)
            if isinstance(got, Vector):
                return got
        if self.within > DEEPEST:
            raise Unsummarised("an expression is nested too deeply for vectors")
        level = max(self.level(x), self._floor())
        inner, self.scopes = self.scopes[level + 1:], self.scopes[: level + 1]
        self.within += 1
        try:
            out = self._vector(x)
        finally:
            self.within -= 1
        self.scopes[-1].held[x] = out
        self.scopes += inner
        return out

    def _floor(self) -> int:
        """Vectors of a chunk with a run-time count live inside that chunk's loop."""
        assert self.lane is not None
        if isinstance(self.lane.count, Const):
            return 0
        return next((n for n, s in enumerate(self.scopes)
                     if any(isinstance(t, Let) and t.var == self.lane.count for t in s.stmts)), 0)

    def _vector(self, x: Sym) -> Vector:
        assert self.lane is not None
        x = joined(x) or multiplied(x) or (self.unit.width and of_bits(x)) or x
        if x.op == "fold":
            small = self.inline(x)
            return self.vector(small) if small is not None else self._fold_vector(x)
        if x.op == "ld":
            return self._load(x)
        if x.dtype is I32 and x.free == {self.lane.var} and (listed := self._listed(x)) is not None:
            return listed
        best = self._best(x)
        if best is not None:
            return self._call(best[0], best[1], Vector(x.dtype, stem=stem_of(x)))
        steps = self._in_steps(x)
        return self._by_element(x) if steps is None else self._vector(steps)

    def _listed(self, x: Sym) -> Vector | None:
        """Whole numbers that nothing but the lane says, written out."""
        assert self.lane is not None
        for offer in self.unit.offers:
            if offer.value is not offer.lane or offer.width != self.lane.width or not offer.result:
                continue
            each = {name: sym.substitute(x, {self.lane.var: sym.integer(n)}) for name, n in offer.given}
            if all(map(sym.is_const, each.values())):
                return self._call(offer, each, Vector(x.dtype, stem=stem_of(x)))
        return None

    def _in_steps(self, x: Sym) -> Sym | None:
        """The same value by operations of two operands: a sum term after term, a small integer from a float by way of
        a large one; None if there is nothing to take apart, or nothing does the first of them."""
        assert self.lane is not None
        if x.op == "cast":
            return self._by_way(x)
        if x.op != "lin" or x.dtype is not I32:
            return None
        const, terms = sym.terms_of(x)
        moving = sorted((t for t in terms if self.lane.var in t.free), key=lambda t: (-terms[t], t.uid))
        still = sym.linear(const, {t: c for t, c in terms.items() if t not in moving})
        parts = [sym.scale(t, abs(terms[t])) for t in moving] + ([] if still is ZERO else [still])
        if len(parts) < 2 or terms[moving[0]] < 0:
            return None
        whole = [sym.stated(p, I32) for p in parts]
        held = [self._named(self.vector(p) if self.lane.var in p.free else self._broadcast(p)) for p in whole]
        total = held[0]
        for n, part in enumerate(held[1:], 1):
            total = total if n == 1 else self._named(self._vector(total))
            minus = n < len(moving) and terms[moving[n]] < 0
            total = sym.sub(total, part) if minus else sym.add(total, part)
        return total

    def _by_way(self, x: Sym) -> Sym | None:
        """A conversion by two, of which the first loses nothing."""
        (a,) = x.args
        ways: list[Sym] = []
        if a.dtype.is_float and narrower(x.dtype, I32):
            ways = [sym.cast(a, I32)]
        elif narrower(a.dtype, I32):
            ways = [sym.make("cast", (a,), t, t) for t, digits in _DIGITS.items() if a.dtype.bits <= digits]
        for way in ways:
            whole = sym.make("cast", (way,), x.dtype, x.dtype)
            if way.dtype is not x.dtype and way.op == "cast" and self._best(way) and self._best(whole):
                return whole
        return None

    def _named(self, v: Vector) -> Sym:
        """An element of an array without a name, which is this vector."""
        assert self.lane is not None
        self.unnamed += 1
        name = sym.load(f"~{self.unnamed}", self.lane.var, v.dtype)
        self.scopes[-1].held[name] = v
        return name

    def _best(
        self, x: Sym, changed: Sym | None = None, among: Sequence[Offer] | None = None
    ) -> tuple[Offer, Binding] | None:
        """The offer, `among` some if these are given, that covers most of x; among equals the one that needs fewest
        broadcasts. What is overwritten while it is read, `changed`, is read where it is written alone."""
        assert self.lane is not None
        found: list[tuple[tuple[int, int, int], Offer, Binding]] = []
        for offer in self.unit.offers if among is None else among:
            if offer.lane is None or (offer.width and offer.width != self.lane.width):
                continue
            if offer.result is False and is_memory(offer.param(offer.out)) and self.unit.width:
                continue  # stores its result: used by _write_back
            bound = match(offer, x, self.lane.var)
            if bound is None or unbound(offer, bound):
                continue
            if self.lane.live is not None and not self._spares(offer, bound):
                continue
            if any(e is changed and repeats(offer, n) for n, e in bound.items()):
                continue
            if any(e is x and not (self.unit.width and is_memory(offer.param(n))) for n, e in bound.items()):
                continue  # it computes x from x
            if not all(self._makes(e) for e in bound.values() if is_widened(e)):
                continue
            spread = sum(
                1 for n, e in bound.items() if isinstance(offer.param(n), Buffer)
                and (self.lane.var not in e.free or bool(in_turns(e, self.lane.var)) != repeats(offer, n)))
            covers = covered(offer, [n for n, e in bound.items() if self.lane.var not in e.free])
            again = self._again(x, bound) if covers > 1 else 0
            found.append(((again - covers, spread, again), offer, bound))
        if not found:
            return None
        _, offer, bound = min(found, key=lambda f: f[0])
        return offer, bound

    def _again(self, x: Sym, bound: Binding) -> int:
        """How many operations on what is bound are done once more that are, or have to be, vectors of their own."""
        assert self.lane is not None
        lane = self.lane.var
        operands = set(bound.values()) - {lane}
        inside = sym.collect(x, lambda n: n is not x and n.op != "ld" and lane in n.free and (
            not operands.isdisjoint(n.args)) and all(a in operands or lane not in a.free for a in n.args))
        first = {n for e in operands if lane not in e.free for f in sym.collect(e, lambda n: n.op == "fold")
                 for v in sym.fold_vars(f) for n in sym.collect(sym.substitute(f.args[0], {v: lane}), lambda n: True)}
        return sum(n in operands or n in first or any(n in s.held for s in self.scopes) for n in inside)

    def _makes(self, operand: Sym) -> bool:
        """Whether something makes an integer larger, in a step or two; not where that is just being asked."""
        assert self.lane is not None
        if self.lane.var not in operand.free:
            return True
        if operand in self.asked:
            return False
        self.asked.add(operand)
        try:
            return self._best(operand) is not None or self._by_way(operand) is not None
        finally:
            self.asked.discard(operand)

    def _spares(self, offer: Offer, bound: Binding) -> bool:
        """Whether it reads no memory in lanes without an iteration."""
        assert self.lane is not None
        return self.lane.runs in bound.values() or not any(is_memory(offer.param(n)) for n in bound)

    def _call(self, offer: Offer, bound: Binding, out: Vector) -> Vector:
        """Emit the call; operands first."""
        assert self.lane is not None
        args: list[Expr] = []
        operands: dict[str, Expr] = {}
        if offer.out in bound:
            self._beforehand(bound[offer.out], out)
        for name, e in bound.items():
            param = offer.param(name)
            if name == offer.out:
                continue
            if isinstance(param, Var) and e is self.lane.var:
                operands[name] = converted(self.lane.count, param.dtype)
            elif isinstance(param, Var) and e.dtype is DType.BOOL:
                operands[name] = self._mask(e, param.dtype)
            elif isinstance(param, Var):
                operands[name] = converted(self.expr(e), param.dtype)
            elif is_memory(param) and self.unit.width:
                operands[name] = Addr(str(e.data), self.plain_index(e.args[0]), e.dtype)
            elif in_turns(e, self.lane.var) and repeats(offer, name):
                operands[name] = self._repeated(e)
            else:
                operands[name] = self._operand(e, param)
        place = offer.param(offer.out)
        assert isinstance(place, Buffer)
        target = self._target(out, place)
        for p in offer.meaning.params:
            if p.name == offer.count:
                args.append(converted(self.lane.count, p.dtype))
            elif p.name == offer.out and not offer.result:
                args.append(target)
            else:
                args.append(operands[p.name])
        result = target if offer.result else None
        self.scopes[-1].stmts.append(
            Intrinsic(offer.meaning.name, tuple(args), result, offer.meaning.key))
        return out

    def _beforehand(self, e: Sym, out: Vector) -> None:
        """What an instruction that leaves some elements as they are finds in its destination."""
        assert self.lane is not None
        if self.lane.var not in e.free:
            self._filled(e, "", out)
            return
        v = self.vector(e)
        out.memory = out.memory or self._allocate(out.dtype, out.stem)
        self._copied(v, out)

    def _operand(self, e: Sym, param: Buffer) -> Addr:
        assert self.lane is not None
        v = self.vector(e) if self.lane.var in e.free else self._broadcast(e)
        if self.unit.width and not is_memory(param):
            return Addr(self._register(v), _ZERO, param.dtype)
        if v.memory and not self.unit.width:
            return Addr(v.memory, v.at, v.dtype)
        return Addr(self._memory(v), _ZERO, v.dtype)

    def _repeated(self, e: Sym) -> Addr:
        """The elements that lanes take in turns."""
        assert self.lane is not None
        turn = in_turns(e, self.lane.var)
        assert turn is not None
        start, n = turn
        whole, self.lane = self.lane, Lane(sym.var("lane", sym.integer(n)), Const(n, I32), n)
        v = self.vector(sym.load(str(e.data), sym.add(start, self.lane.var), e.dtype))
        self.lane = whole
        return Addr(v.memory, v.at, v.dtype)

    def _load(self, x: Sym) -> Vector:
        assert self.lane is not None
        if not consecutive(x, self.lane.var):
            return self._from_afar(x) or self._gathered(x) or self._by_element(x)
        if self.unit.width:
            best = self._best(self._loaded(x))
            return self._call(best[0], best[1], Vector(x.dtype, stem=stem_of(x))) if best else self._by_element(x)
        base = self.plain_index(x.args[0])
        if x.data in self.near:
            return Vector(x.dtype, "", str(x.data), stem_of(x), base)
        out = Vector(x.dtype, stem=stem_of(x))
        out.memory = self._allocate(x.dtype, out.stem)
        self._transfer(out.memory, _ZERO, str(x.data), base, x.dtype, ("global", self.unit.space))
        return out

    def _comes_at_once(self, x: Sym) -> bool:
        """Whether one copy brings in an element for each lane."""
        assert self.lane is not None
        return consecutive(x, self.lane.var) or x.data not in self.near and apart(x, self.lane.var) is not None

    def _from_afar(self, x: Sym) -> Vector | None:
        """Elements of far memory evenly apart, which one copy brings in, where the machine copies."""
        assert self.lane is not None
        step = None if self.unit.width or x.data in self.near else apart(x, self.lane.var)
        if step is None:
            return None
        out = Vector(x.dtype, stem=stem_of(x))
        out.memory = self._allocate(x.dtype, out.stem)
        self._collected(out.memory, str(x.data), self.plain_index(x.args[0]), self.expr(step), x.dtype)
        return out

    def _gathered(self, x: Sym) -> Vector | None:
        """Elements whose places are a vector too, where one instruction collects these in a register."""
        suited = [o for o in self.unit.offers if gathers(o.value)] if self.unit.width else []
        best = self._best(self._loaded(x), among=suited)
        return None if best is None else self._call(best[0], best[1], Vector(x.dtype, stem=stem_of(x)))

    def _loaded(self, x: Sym) -> Sym:
        """An element of memory, nothing where a lane has no iteration."""
        assert self.lane is not None
        return self.lane.where_it_runs(x, sym.number(0.0, x.dtype))

    def _broadcast(self, e: Sym) -> Vector:
        """A scalar in every lane, at the outermost loop that knows it; not to be overwritten."""
        assert self.lane is not None
        key = ("broadcast", e, self.unit.width or self.lane.var)
        for scope in self.scopes:
            got = scope.held.get(key)
            if isinstance(got, Vector):
                return got
        level = max(self.level(e), self._floor())
        inner, self.scopes = self.scopes[level + 1:], self.scopes[: level + 1]
        out = self._filled(e)
        self.scopes[-1].held[key] = out
        self.scopes += inner
        return out

    def _filled(self, e: Sym, stem: str = "", out: Vector | None = None) -> Vector:
        """A vector, a new one unless it is given, with a scalar in every lane."""
        assert self.lane is not None
        if is_widened(e):  # a fill is of the type of its value
            self.scopes[-1].named[e] = self.compute(e)
        scalar = self.expr(e)
        out = out or Vector(e.dtype, stem=stem or stem_of_all(scalar))
        suited = (o for o in self.unit.offers
                  if o.width in (0, self.lane.width) and (o.result or not self.unit.width))
        for offer, given in filling(suited, e):
            return self._call(offer, given, out)
        if out.register:
            raise Unsummarised("no instruction fills a register")
        out.memory = out.memory or self._allocate(e.dtype, out.stem)
        self._element_loop(out.memory, lambda _: scalar)
        return out

    def _by_element(self, x: Sym) -> Vector:
        """One scalar operation per lane, its vector operands through memory."""
        assert self.lane is not None
        out = Vector(x.dtype, stem=stem_of(x))
        lane = self.lane.var
        operands: dict[Sym, str] = {}
        if x.op != "ld":
            for a in x.args:
                if lane in a.free and (a.dtype.is_float or any(a in s.held for s in self.scopes)):
                    operands[a] = self._memory(self.vector(a))
            for a in _reduced_by_lane(x, lane, operands):
                operands[a] = self._memory(self.vector(a))
        if not self.unit.width:  # scalars do not come one by one from far memory
            for a in sym.collect(x, lambda n: n is not x and n.op == "ld" and self._comes_at_once(n), operands):
                operands[a] = self._memory(self.vector(a))
        i = Var(self.names("l"), I32)
        held = {a: Load(name, i, a.dtype) for a, name in operands.items()}
        scope = self.scopes[-1]
        before = dict(scope.named)
        outer = self.vars.get(lane)
        self.vars[lane] = i
        scope.named.update(held)
        inner, self.lane = self.lane, None
        value = self.plain(x)
        self.lane = inner
        if outer is None:
            del self.vars[lane]
        else:
            self.vars[lane] = outer
        scope.named = {k: e for k, e in scope.named.items() if k not in held} | {
            k: e for k, e in before.items() if k in held}
        out.memory = self._allocate(x.dtype, out.stem)
        body = Store(out.memory, i, converted(value, x.dtype))
        self.scopes[-1].stmts.append(For(i, _ZERO, self.lane.count, _ONE, (body,)))
        return out

    def _fold_vector(self, x: Sym) -> Vector:
        raise NotImplementedError


def _reduced_by_lane(x: Sym, lane: Sym, without: Iterable[Sym]) -> list[Sym]:
    """The reductions of which each lane has its own, those within others left out; `without` is not entered."""
    found: dict[Sym, None] = {}
    seen, todo = set(without), [x]
    while todo:
        n = todo.pop()
        if n in seen or lane not in n.free:
            continue
        seen.add(n)
        if n.op == "fold":
            found[n] = None
        else:
            todo += n.args
    return list(found)


def stem_of(x: Sym) -> str:
    """A word for a value: the array it was loaded from, or what was done last."""
    if x.op in ("ld", "call"):
        return str(x.data).lstrip("~")
    if is_widened(x):
        return f"{stem_of(x.args[0])}_wide"
    words = {"+": "sum", "-": "difference", "*": "product", "/": "quotient"}
    return words.get(str(x.data), "t") if x.op == "bin" else "sum" if x.op == "fold" else "t"


def stem_of_all(scalar: Expr) -> str:
    """A word for a vector with a scalar in every lane: its name, where it comes from, or what number it is."""
    match scalar:
        case Var(name):
            return name
        case Load(buffer) if buffer.isidentifier():
            return f"{buffer}_all"
        case Const(value) if value == 0:
            return "zero"
        case Const(value) if math.isfinite(value):
            return "c" + f"{value:.5g}".translate({ord("."): "_", ord("-"): "m", ord("+"): None})
    return "all"
