"""What terms are worth at one choice of indices and inputs: a quick look, so that fewer pairs are compared.

Two terms that differ there are not equal, and nobody has to try to show that they are. Nothing is proved by it: where
rounding makes equal terms seem apart, a proof is missed."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product

from xpiler.verify.proof.index import Atom, Formula, Poly, poly, put, put_in
from xpiler.verify.proof.solver import Facts
from xpiler.verify.proof.terms import Term

Chosen = Mapping[Atom, int]
_DRAWS, _BITS = 24, 20
_MOST = 50_000  # parts looked at for one choice
_APART = 1e-6  # relative: far more than double precision rounds

_ONE: Mapping[str, Callable[[float], float]] = {
    "neg": lambda x: -x, "exp": math.exp, "exp2": lambda x: 2.0**x, "log": math.log, "sqrt": math.sqrt,
    "inv": lambda x: 1 / x, "rcp": lambda x: 1 / x, "rsqrt": lambda x: 1 / math.sqrt(x), "tanh": math.tanh,
    "erf": math.erf, "abs": abs, "!": lambda x: float(not x), "real": lambda x: x, "narrowed": lambda x: x,
}
_TWO: Mapping[str, Callable[[float, float], float]] = {
    "+": lambda x, y: x + y, "-": lambda x, y: x - y, "*": lambda x, y: x * y, "/": lambda x, y: x / y,
    "max": max, "min": min, "<": lambda x, y: float(x < y), "<=": lambda x, y: float(x <= y),
    "==": lambda x, y: float(x == y), "!=": lambda x, y: float(x != y), "&&": lambda x, y: float(bool(x) and bool(y)),
    "||": lambda x, y: float(bool(x) or bool(y)),
}


class _None(Exception):
    """There is no such value, or it would take long."""


@dataclass
class Samples:
    """Values of terms at indices drawn by chance, facts by facts."""

    _drawn: dict[tuple[frozenset[Formula], frozenset[Atom]], Chosen | None] = field(default_factory=dict)
    _values: dict[tuple[int, tuple[int, ...]], float | None] = field(default_factory=dict)
    _work: int = 0

    def at(self, facts: Facts, terms: Iterable[Term]) -> Chosen | None:
        """Indices at which the facts hold, by chance if it gives any; None where there are none to be had."""
        own = frozenset[Atom]().union(*(t.symbols for t in terms), *(f.symbols for f in facts.known))
        key = facts.known, own
        if key not in self._drawn:
            drawn = _draw(facts.known, sorted(own, key=lambda a: a.key))
            self._drawn[key] = drawn or facts.oracle.example(facts.known, own)
        return self._drawn[key]

    def apart(self, a: Term, b: Term, at: Chosen | None) -> bool:
        """Whether two terms differ there."""
        if at is None:
            return False
        x, y = self._known(a, at), self._known(b, at)
        return x is not None and y is not None and abs(x - y) > _APART * (abs(x) + abs(y))

    def _known(self, t: Term, at: Chosen) -> float | None:
        self._work = 0
        try:
            x = self._value(t, at)
        except (_None, ArithmeticError, ValueError):
            return None
        return x if math.isfinite(x) else None

    def _value(self, t: Term, at: Chosen) -> float:
        key = t.id, tuple(at[s] for s in sorted(t.symbols, key=lambda s: s.key))
        if key in self._values:
            known = self._values[key]
            if known is None:
                raise _None
            return known
        self._work += 1
        if self._work > _MOST:
            raise _None
        self._values[key] = None  # where what follows has no value
        out = self._values[key] = self._made(t, at)
        return out

    def _made(self, t: Term, at: Chosen) -> float:
        match t.kind:
            case "const":
                return float(t.data) if isinstance(t.data, Fraction) else float(str(t.data))
            case "param":
                return _chance("param", t.data)
            case "index":
                return float(_number(t.data, at))
            case "input":
                return _chance(t.data[0], _number(t.data[1], at))
            case "select":
                holds = bool(self._value(t.args[0], at)) if t.data is None else _holds(t.data, at)
                return self._value(t.args[-2 if holds else -1], at)
            case "op":
                args = [self._value(a, at) for a in t.args]
                return _applied(t.data[0], args)
            case "fold":
                op = _TWO[t.data[0]]
                values = [x for i in t.args for x in self._item(i, at)]
                if not values and t.data[0] not in "+*":
                    raise _None
                out = values[0] if values else 0.0 if t.data[0] == "+" else 1.0
                for x in values[1:]:
                    out = op(out, x)
                return out
        raise _None

    def _item(self, i: Term, at: Chosen) -> Iterator[float]:
        symbols, domain = i.data
        if any(s.hi is None for s in symbols):
            raise _None
        for values in product(*(range(s.hi + 1) for s in symbols)):
            self._work += 1
            if self._work > _MOST:
                raise _None
            inner = {**at, **dict(zip(symbols, values, strict=True))} if symbols else at
            if domain.op == "true" or _holds(domain, inner):
                yield self._value(i.args[0], inner)


def _applied(name: str, args: list[float]) -> float:
    match args:
        case [x] if name in _ONE:
            return float(_ONE[name](x))
        case [x, y] if name in _TWO:
            return float(_TWO[name](x, y))
        case [x, y, z] if name == "fma":
            return x * y + z
    raise _None


def _number(p: Poly, at: Chosen) -> int:
    n = put(p, {s: poly(at[s]) for s in p.symbols}).constant
    if n is None:
        raise _None
    return n


def _holds(f: Formula, at: Chosen) -> bool:
    said = put_in(f, {s: poly(at[s]) for s in f.symbols}).op
    if said not in ("true", "false"):
        raise _None
    return said == "true"


def _chance(*of: object) -> float:
    """A number in a range where functions part, the same whenever it is asked for."""
    return random.Random(repr(of)).uniform(0.3, 1.7)


def _draw(known: Iterable[Formula], symbols: list[Atom]) -> Chosen | None:
    chance = random.Random(0)
    facts = list(known)
    for _ in range(_DRAWS):
        at = {s: _drawn(s, chance) for s in symbols}
        if all(put_in(f, {s: poly(at[s]) for s in f.symbols}).op == "true" for f in facts):
            return at
    return None


def _drawn(s: Atom, chance: random.Random) -> int:
    low = 0 if s.lo is None else s.lo
    high = low + (1 << chance.randrange(_BITS)) if s.hi is None else s.hi
    return chance.randint(low, max(low, high))
