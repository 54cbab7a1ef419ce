"""Expressions in a normal form: sums, products, maxima and minima as multisets of terms over sets of indices.

The laws used are those of a commutative ring (for integers, modulo a power of two), of an ordered field, and that a
maximum is x > y ? x : y. Rounding between float types is left out: these are real numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from xpiler.ir.types import DType
from xpiler.verify.proof.arith import limits, wrapped
from xpiler.verify.proof.bits import bit, is_truth, set_one_by_one
from xpiler.verify.proof.index import TRUE, Atom, Formula, both, negated, poly, put_in
from xpiler.verify.proof.solver import Facts
from xpiler.verify.proof.terms import Term, Terms

FOLDS = frozenset({"+", "*", "max", "min"})
# Loops of at most this many iterations are written out where no law makes them a sum.
WRITTEN_OUT = 64
# The least and the greatest float32: nothing finite lies beyond, so they are neutral for a maximum and a minimum.
LOWEST = -Fraction(2**24 - 1) * 2**104
# How many binary digits a float holds; all that are no short ones count as float32.
DIGITS = {"real": 24, str(DType.F16): 11, str(DType.BF16): 8}
# Floats so short that numbers in them are not added up here, and integers, which wrap.
SHORT = frozenset({str(DType.F16), str(DType.BF16)})
WHOLE = frozenset(str(d) for d in DType if not d.is_float and d is not DType.BOOL)
SWAPPED = {">": "<", ">=": "<="}


@dataclass
class Normal:
    """Normal forms of one proof's terms, shared."""

    terms: Terms
    facts: Facts
    types: Mapping[int, DType] = field(default_factory=dict)
    doubles: bool = False  # whether numbers beyond the least and the greatest float32 may be met
    _done: dict[int, Term] = field(default_factory=dict)

    def form(self, t: Term) -> Term:
        """The normal form of a raw term."""
        if t.id not in self._done:
            self.facts.oracle.check_time()
            self._done[t.id] = self._form(t)
        return self._done[t.id]

    def _form(self, t: Term) -> Term:
        args = tuple(self.form(a) for a in t.args)
        match t.kind:
            case "op":
                name, sort = t.data  # a double is a real number, too
                return self._op(name, "real" if sort == str(DType.F64) and name != "narrowed" else sort, args)
            case "select":
                return self._select(t.data, args)
            case "rec":
                return self._rec(t.data[0], t.data[1], t.data[2], args)
            case "index" if t.data.constant is not None:
                return self.number(Fraction(t.data.constant))
            case "const" | "param" | "input" | "index" | "prev" | "undef":
                return t
        raise TypeError(f"not a raw term: {t.kind}")

    def number(self, x: Fraction) -> Term:
        return self.terms.make("const", x)

    # ------------------------------------------------------------ operations

    def _op(self, name: str, sort: str, args: tuple[Term, ...]) -> Term:
        match name, args:
            case ("max" | "min"), (a, b) if (one := self._larger(a, b)) is not None:
                return one if name == "max" else a if one is b else b
            case ("+" | "max" | "min"), (a, b):
                return self.fold(name, sort, (*self.items(name, sort, a), *self.items(name, sort, b)))
            case "-", (a, b):
                return self._op("+", sort, (a, self._op("neg", sort, (b,))))
            case "neg", (a,):
                return self._negative(sort, a)
            case "*", (a, b):
                return self._product(sort, (a, b))
            case "fma", (a, b, c):
                return self._op("+", sort, (self._product(sort, (a, b)), c))
            case "/", (a, b) if sort == "real":
                return self._product(sort, (a, self._inverse(b)))
            case "rcp", (a,) if sort == "real":
                return self._inverse(a)
            case "rsqrt", (a,):
                return self._inverse(self.terms.make("op", ("sqrt", sort), (a,)))
            case "narrowed", (a,) if sort == str(DType.F32):
                return a
            case ("trunc" | "floor" | "ceil" | "round" | "rint"), (a,) if self.range(a) is not None:
                return a
            case "exp2", (a,) if a.kind == "const" and a.data == 0:
                return self.number(Fraction(1))
            case "whole", (a,) if a.kind == "op" and a.data[0] == "real":
                if self._fits(a.args[0], DType(sort)) and self._exact(a.args[0], a.data[1]):
                    return a.args[0]
            case "whole", (a,) if a.kind == "const" and self._fits(a, DType(sort)):
                return a
            case "real", (a,) if a.kind == "const" and self._exact(a, sort):
                return a
            case "&", (a, b) if (one := self._bit(a, b) or self._bit(b, a)) is not None:
                return one
            case "!=", (a, b) if is_truth(a) and b.kind == "const" and b.data == 0:
                return a
            case "!=", (a, b) if b.kind == "const" and b.data == 0 and self._told(a) == (Fraction(1), Fraction(0)):
                return a.args[0]
            case "real", (a,) if (told := self._told(a)) and all(self._exact(self.number(x), sort) for x in told):
                return a
            case "real", (a,) if is_truth(a):
                return self._select(None, (a, self.number(Fraction(1)), self.number(Fraction(0))))
            case "real", (a,) if self._all_exact(a, sort):
                each = (self._op("real", sort, i.args) for i in a.args)
                return self.fold(a.data[0], "real", (j for x in each for j in self.items(a.data[0], "real", x)))
            case (">" | ">="), (a, b):
                return self.terms.make("op", (SWAPPED[name], sort), (b, a))
        return self.terms.make("op", (name, sort), args)

    def range(self, t: Term) -> tuple[Fraction, Fraction] | None:
        """The least and greatest value of a term that is a whole number of a narrow type."""
        match t.kind:
            case "const" if isinstance(t.data, Fraction) and t.data.denominator == 1:
                return t.data, t.data
            case "input":
                dtype = self.types.get(t.data[0])
                if dtype is None or dtype.is_float:
                    return None
                low = -(1 << (dtype.bits - 1)) if dtype.is_signed else 0
                return Fraction(low), Fraction((1 << (dtype.bits - dtype.is_signed)) - 1)
            case "op" if t.data == ("real", "real"):
                return self.range(t.args[0])
            case "op" if is_truth(t):
                return Fraction(0), Fraction(1)
            case "fold" if t.data[0] in "+*" and t.data[1] in WHOLE and not any(i.data[0] for i in t.args):
                return self._range_of(t.data[0], DType(t.data[1]), [self.range(i.args[0]) for i in t.args])
        return None

    def _range_of(
        self, op: str, dtype: DType, of: list[tuple[Fraction, Fraction] | None]
    ) -> tuple[Fraction, Fraction] | None:
        """The range of a sum or a product that does not wrap."""
        low = high = Fraction(0 if op == "+" else 1)
        for r in of:
            if r is None:
                return None
            ends = [low + r[0], high + r[1]] if op == "+" else [x * y for x in (low, high) for y in r]
            low, high = min(ends), max(ends)
        least, most = limits(dtype)
        return (low, high) if least <= low and high <= most else None

    def _bit(self, t: Term, one: Term) -> Term | None:
        """`t & 1`, where t is a mask shifted to the right."""
        if one.kind != "const" or one.data != 1:
            return None
        return bit(t, poly(0), self.facts, self.terms, self.rebuilt)

    def _told(self, t: Term) -> tuple[Fraction, Fraction] | None:
        """The two numbers that t may be, by a comparison of data."""
        if t.kind != "select" or t.data is not None:
            return None
        yes, no = (a.data if a.kind == "const" and isinstance(a.data, Fraction) else None for a in t.args[1:])
        return None if yes is None or no is None else (yes, no)

    def _all_exact(self, t: Term, sort: str) -> bool:
        """Whether t is a sum or a product of whole numbers so narrow that a float holds it and all of them."""
        return t.kind == "fold" and t.data[0] in "+*" and t.data[1] in WHOLE and self._exact(t, sort) \
            and all(self._exact(i.args[0], sort) for i in t.args)

    def _larger(self, a: Term, b: Term) -> Term | None:
        """Which of two is never the smaller one, where their types show it."""
        x, y = self.range(a), self.range(b)
        if x is None or y is None:
            return None
        return a if x[0] >= y[1] else b if y[0] >= x[1] else None

    def _fits(self, t: Term, dtype: DType) -> bool:
        r = self.range(t)
        low, high = limits(dtype)
        return r is not None and low <= r[0] and r[1] <= high

    def _exact(self, t: Term, sort: str) -> bool:
        """Whether a float of the sort holds every value of a whole number."""
        r = self.range(t)
        bits = DIGITS.get(sort)
        return r is not None and bits is not None and -(1 << bits) <= r[0] and r[1] <= 1 << bits

    def _negative(self, sort: str, a: Term) -> Term:
        minus = self.number(Fraction(-1))
        if a.kind == "fold" and a.data == ("+", sort):
            return self.fold("+", sort, tuple(
                self.item(i.data[0], i.data[1], self._product(sort, (minus, i.args[0]))) for i in a.args
            ))
        return self._product(sort, (minus, a))

    def _inverse(self, a: Term) -> Term:
        match a.kind:
            case "const" if isinstance(a.data, Fraction) and a.data:
                return self.number(1 / a.data)
            case "op" if a.data[0] == "inv":
                return a.args[0]
            case "fold" if a.data == ("*", "real") and all(not i.data[0] for i in a.args):
                return self._product("real", tuple(self._inverse(i.args[0]) for i in a.args))
        return self.terms.make("op", ("inv", "real"), (a,))

    def _product(self, sort: str, factors: Iterable[Term]) -> Term:
        return self.fold("*", sort, tuple(i for f in factors for i in self.items("*", sort, f)))

    def _select(self, cond: Formula | None, args: tuple[Term, ...]) -> Term:
        if cond is not None:
            return args[0] if args[0] is args[1] else self.terms.make("select", cond, args)
        test, a, b = args
        if a is b:
            return a
        if test.kind == "op" and test.data[0] in ("<", "<="):
            x, y = test.args
            if (a, b) == (x, y):
                return self._op("min", _sort(test, x, y), (x, y))
            if (a, b) == (y, x):
                return self._op("max", _sort(test, x, y), (x, y))
        return self.terms.make("select", None, args)

    # ------------------------------------------------------------ multisets

    def item(self, symbols: tuple[Atom, ...], domain: Formula, t: Term) -> Term:
        if symbols and domain.op not in ("true", "false") and self.facts.entails(domain):
            domain = TRUE
        return self.terms.make("item", (symbols, domain), (t,))

    def items(self, op: str, sort: str, t: Term) -> tuple[Term, ...]:
        """A term as what is summed (or multiplied, ...) in it."""
        if t.kind == "fold" and t.data == (op, sort):
            return t.args
        return (self.item((), TRUE, t),)

    def fold(self, op: str, sort: str, items: Iterable[Term]) -> Term:
        """The sum (product, ...) of items, in a normal form."""
        plain: list[Term] = []
        flat = [j for i in items for j in self._flat(op, sort, i)]
        number = Fraction(0) if op == "+" else Fraction(1)
        for i in flat:
            symbols, _ = i.data
            t = i.args[0]
            if t.kind == "const" and self._neutral(op, t) and (
                isinstance(t.data, str) or op in "+*" or any(self._surely(j) for j in flat if j is not i)
            ):
                continue
            if not symbols and t.kind == "const" and isinstance(t.data, Fraction) and op in "+*" and sort not in SHORT:
                number = number + t.data if op == "+" else number * t.data
                continue
            plain.append(i)
        if sort in WHOLE and number.denominator == 1:
            number = Fraction(wrapped(int(number), DType(sort)))
        if op in ("max", "min"):
            plain = list(dict.fromkeys(plain))
        known = not any(i.unset or i.endless or i.partial for i in plain)
        if op == "*" and number == 0 and known:
            return self.number(number)
        chosen = next((i for i in plain if op == "*" and known and self._or_nothing(i)), None)
        if chosen is not None:  # a * (c ? x : 0) is c ? a * x : 0
            rest = [i for i in plain if i is not chosen] + [self.item((), TRUE, self.number(number))]
            t = chosen.args[0]
            yes, no = (self.fold(op, sort, (*rest, self.item((), TRUE, x))) for x in t.args)
            return self._select(t.data, (yes, no))
        if op == "*" and len(plain) == 1 and not plain[0].data[0] and sort not in SHORT and number != 1 \
                and (told := self._told(plain[0].args[0])) is not None and known:
            return self._select(None, (plain[0].args[0].args[0], *(self.number(number * x) for x in told)))
        if op in "+*" and number != (0 if op == "+" else 1):
            plain.append(self.item((), TRUE, self.number(number)))
        if not plain:
            return self.terms.make("const", "-inf" if op == "max" else "inf") if op not in "+*" else self.number(number)
        if len(plain) == 1 and not plain[0].data[0] and plain[0].data[1].op == "true":
            return plain[0].args[0]
        return self.terms.make("fold", (op, sort), sorted(plain, key=lambda i: i.id))

    def _surely(self, i: Term) -> bool:
        """Whether an item has a term, and not a neutral one: over a set of no index it is no maximum."""
        symbols, domain = i.data
        first = put_in(domain, {s: poly(0) for s in symbols})
        some = all(s.hi is not None for s in symbols) if domain.op == "true" else self.facts.entails(first)
        return some and i.args[0].kind != "const" and not i.endless

    def _or_nothing(self, i: Term) -> bool:
        """Whether a factor is zero on one side of a condition on indices."""
        t = i.args[0]
        return not i.data[0] and t.kind == "select" and t.data is not None and any(
            a.kind == "const" and a.data == 0 for a in t.args
        )

    def _neutral(self, op: str, t: Term) -> bool:
        match op:
            case "+":
                return bool(t.data == 0)
            case "*":
                return bool(t.data == 1)
            case "max":
                return t.data == "-inf" or (
                    isinstance(t.data, Fraction) and t.data <= LOWEST and not self.doubles)
            case "min":
                return t.data == "inf" or (
                    isinstance(t.data, Fraction) and t.data >= -LOWEST and not self.doubles)
        return False

    def _flat(self, op: str, sort: str, i: Term) -> list[Term]:
        symbols, domain = i.data
        t = i.args[0]
        if domain.op == "false":
            return []
        if t.kind == "fold" and t.data == (op, sort):
            return [k for j in t.args for k in self._flat(op, sort, self.item(
                (*symbols, *j.data[0]), both([domain, j.data[1]]), j.args[0]))]
        if t.kind == "select" and t.data is not None and op != "*" and symbols:
            yes, no = t.args
            return [
                *self._flat(op, sort, self.item(symbols, both([domain, t.data]), yes)),
                *self._flat(op, sort, self.item(symbols, both([domain, negated(t.data)]), no)),
            ]
        return [i]

    # ------------------------------------------------------------ loops

    def _rec(self, k: Atom, domain: Formula, prev: int, args: tuple[Term, ...]) -> Term:
        first, body = args
        for op, sort in dict.fromkeys(_folds(body, prev)):
            grown = self._increments(op, sort, body, prev)
            if grown is not None:
                over = tuple(
                    self.item((k, *i.data[0]), both([domain, i.data[1]]), i.args[0]) for i in grown
                )
                return self.fold(op, sort, (*self.items(op, sort, first), *over))
        if set_one_by_one(k, domain, prev, first, body) is not None:
            return self.terms.make("rec", (k, domain, prev), args)  # its bits are asked for one at a time
        if k.hi is not None and k.hi < WRITTEN_OUT and domain.op == "true":
            return self._written_out(k, prev, first, body)
        return self.terms.make("rec", (k, domain, prev), args)

    def _written_out(self, k: Atom, prev: int, first: Term, body: Term) -> Term:
        assert k.hi is not None
        t = first
        for n in range(k.hi + 1):
            t = self.rebuilt(self.terms.put_prev(self.terms.put(body, {k: poly(n)}), prev, t))
        return t

    def rebuilt(self, t: Term, seen: dict[int, Term] | None = None) -> Term:
        """A term put together from normal parts, normal again; a part that occurs often is looked at once."""
        seen = {} if seen is None else seen
        if t.kind in ("const", "param", "input", "index", "prev", "undef"):
            return t
        if t.id not in seen:
            self.facts.oracle.check_time()
            seen[t.id] = self.rebuilt_of(t, tuple(self.rebuilt(a, seen) for a in t.args))
        return seen[t.id]

    def rebuilt_of(self, t: Term, args: tuple[Term, ...]) -> Term:
        """A term with other parts, all of them normal, in normal form."""
        match t.kind:
            case "fold":
                return self.fold(t.data[0], t.data[1], args)
            case "item":
                return self.item(t.data[0], t.data[1], args[0])
            case "select":
                return self._select(t.data, args)
            case "op":
                return self._op(t.data[0], t.data[1], args)
        return self.terms.make(t.kind, t.data, args)

    def _increments(self, op: str, sort: str, body: Term, prev: int) -> list[Term] | None:
        """What an iteration adds (multiplies, ...) to the value before; None where it does something else to it."""
        if body.kind == "prev" and body.data == prev:
            return []
        if body.kind == "select" and body.data is not None:
            sides = [self._increments(op, sort, a, prev) for a in body.args]
            if sides[0] is None or sides[1] is None:
                return None
            conds = (body.data, negated(body.data))
            return [self.item(i.data[0], both([c, i.data[1]]), i.args[0])
                    for c, side in zip(conds, sides, strict=True) for i in side or ()]
        if body.kind != "fold" or body.data != (op, sort):
            return None
        mine = [i for i in body.args if prev in i.prevs]
        if len(mine) != 1 or mine[0].data[0] or mine[0].data[1].op != "true":
            return None
        inner = self._increments(op, sort, mine[0].args[0], prev)
        return None if inner is None else [*inner, *(i for i in body.args if i is not mine[0])]


def _folds(t: Term, prev: int) -> list[tuple[str, str]]:
    """The operations a value before may be accumulated by, outermost first."""
    if prev not in t.prevs or t.kind == "prev":
        return []
    own = [t.data] if t.kind == "fold" else []
    return own + [f for a in t.args if prev in a.prevs for f in _folds(a, prev)]


def _sort(test: Term, x: Term, y: Term) -> str:
    """The type two compared terms are of: real unless one shows an integer's."""
    for t in (x, y):
        if t.kind in ("op", "fold") and t.data[1] not in ("real", "bool"):
            return str(t.data[1])
        if t.kind == "index":
            return "i32"
    return "real"
