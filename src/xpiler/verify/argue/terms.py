"""Integers and conditions as a judge reasons about them: sums of atoms over mathematical integers, with C's division.

A `Poly` is a sum of atoms with constant coefficients; what is not linear is an atom of its own: a product of two sums,
a quotient, a remainder, a choice. An atom knows the range it lies in, whether it differs from thread to thread (its
`level`), and whether it is `abstract`: it stands for a value nobody followed, so that a model that chooses it is not
yet an execution."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import gcd, prod

GRID, BLOCK, THREAD = 0, 1, 2  # who shares a value: everybody, a group of threads, nobody


@dataclass(frozen=True, eq=False)
class Atom:
    """One unknown, or one operation that is not linear. kind: sym truth prod mul quo rem div mod ite.

    prod multiplies atoms, in the order of their numbers; mul two sums. quo and rem truncate as in C; div and mod round
    down (shifts, masks). `inside` are the parallel loops it was made in; `where` holds of it whenever it is spoken of.
    """

    number: int
    kind: str
    name: str
    args: tuple[Poly | Cond, ...]
    low: int
    high: int
    level: int = GRID
    abstract: bool = False
    inside: frozenset[int] = frozenset()
    where: tuple[Cond, ...] = ()

    def __repr__(self) -> str:
        match self.kind, self.args:
            case ("sym" | "truth"), _:
                return self.name
            case "mul", (a, b):
                return f"({a})*({b})"
            case "prod", factors:
                return "*".join(map(str, factors))
            case "quo" | "div", (a, b):
                return f"({a})/({b})"
            case "rem" | "mod", (a, b):
                return f"({a})%({b})"
            case _, (c, a, b):
                return f"({c} ? {a} : {b})"
        return self.name


@dataclass(frozen=True)
class Poly:
    """constant + sum of coefficient * atom; atoms in the order of their numbers."""

    parts: tuple[tuple[Atom, int], ...] = ()
    constant: int = 0

    @property
    def known(self) -> int | None:
        """Its value where it is a constant."""
        return None if self.parts else self.constant

    @property
    def low(self) -> int:
        return self.constant + sum(k * (a.low if k > 0 else a.high) for a, k in self.parts)

    @property
    def high(self) -> int:
        return self.constant + sum(k * (a.high if k > 0 else a.low) for a, k in self.parts)

    @property
    def level(self) -> int:
        return max((a.level for a, _ in self.parts), default=GRID)

    def __repr__(self) -> str:
        words = [f"{a}" if k == 1 else f"{k}*{a}" for a, k in self.parts]
        words += [str(self.constant)] if self.constant or not words else []
        return " + ".join(words)

    def __add__(self, other: Poly) -> Poly:
        if not other.parts:
            return Poly(self.parts, self.constant + other.constant) if other.constant else self
        sums = dict(self.parts)
        for a, k in other.parts:
            sums[a] = sums.get(a, 0) + k
        return _poly(sums, self.constant + other.constant)

    def __sub__(self, other: Poly) -> Poly:
        return self + other.times(-1)

    def times(self, k: int) -> Poly:
        if k == 0:
            return Poly()
        return self if k == 1 else Poly(tuple((a, c * k) for a, c in self.parts), self.constant * k)

    @property
    def content(self) -> int:
        """The largest number that divides all coefficients and the constant; 0 for 0."""
        return gcd(self.constant, *(k for _, k in self.parts))

    def over(self, k: int) -> Poly:
        """The sum divided by a number that divides all of it."""
        return Poly(tuple((a, c // k) for a, c in self.parts), self.constant // k)


def _poly(sums: Mapping[Atom, int], constant: int) -> Poly:
    return Poly(tuple(sorted(((a, k) for a, k in sums.items() if k), key=lambda x: x[0].number)), constant)


def number(n: int) -> Poly:
    return Poly((), n)


ZERO, ONE = number(0), number(1)


# ---------------------------------------------------------------- conditions


@dataclass(frozen=True)
class Cond:
    """op: true false le (the sum is at most 0) eq (it is 0) truth not and or."""

    op: str
    sum: Poly = ZERO
    atom: Atom | None = None
    of: tuple[Cond, ...] = ()

    @property
    def level(self) -> int:
        own = self.atom.level if self.atom is not None else self.sum.level
        return max((own, *(c.level for c in self.of)))

    def __repr__(self) -> str:
        match self.op:
            case "le":
                return f"{self.sum} <= 0"
            case "eq":
                return f"{self.sum} == 0"
            case "truth":
                return str(self.atom)
            case "not":
                return f"!({self.of[0]})"
            case "and" | "or":
                return f" {self.op} ".join(f"({c})" for c in self.of)
        return self.op


TRUE, FALSE = Cond("true"), Cond("false")


def at_most(a: Poly, b: Poly) -> Cond:
    """a <= b"""
    d = a - b
    if d.high <= 0:
        return TRUE
    if d.low > 0:
        return FALSE
    k = gcd(*(c for _, c in d.parts))
    return Cond("le", Poly(tuple((x, c // k) for x, c in d.parts), -(-d.constant // k)))


def below(a: Poly, b: Poly) -> Cond:
    """a < b"""
    return at_most(a + ONE, b)


def equal(a: Poly, b: Poly) -> Cond:
    d = a - b
    if d.known is not None:
        return TRUE if d.known == 0 else FALSE
    k = gcd(*(c for _, c in d.parts))
    if d.low > 0 or d.high < 0 or d.constant % k:
        return FALSE
    return Cond("eq", d.over(k) if d.parts[0][1] > 0 else d.over(-k))


def negate(c: Cond) -> Cond:
    match c.op:
        case "true":
            return FALSE
        case "false":
            return TRUE
        case "not":
            return c.of[0]
        case "le":
            return below(ZERO, c.sum)
        case "and":
            return either(negate(x) for x in c.of)
        case "or":
            return both(negate(x) for x in c.of)
    return Cond("not", of=(c,))


def both(conds: Iterable[Cond]) -> Cond:
    return _joined(conds, "and", TRUE, FALSE)


def either(conds: Iterable[Cond]) -> Cond:
    return _joined(conds, "or", FALSE, TRUE)


def _joined(conds: Iterable[Cond], op: str, neutral: Cond, decisive: Cond) -> Cond:
    flat: dict[Cond, None] = {}
    for c in conds:
        for x in c.of if c.op == op else (c,):
            flat[x] = None
    flat.pop(neutral, None)
    if decisive in flat or any(negate_plain(c) in flat for c in flat):
        return decisive
    kept = tuple(flat)
    return neutral if not kept else kept[0] if len(kept) == 1 else Cond(op, of=kept)


def parts(c: Cond) -> tuple[Cond, ...]:
    """The conditions all of which it says."""
    return c.of if c.op == "and" else (c,)


def negate_plain(c: Cond) -> Cond:
    """The negation of a single comparison; FALSE of false for what is composed, which matches nothing kept."""
    return negate(c) if c.op in ("le", "truth", "not") else Cond("not", of=(c,))


# ---------------------------------------------------------------- making atoms


@dataclass
class Terms:
    """The atoms of one argument; equal operations on equal sums are one atom."""

    made: dict[tuple[object, ...], Atom] = field(default_factory=dict)
    count: int = 0

    def sym(
        self, name: str, low: int, high: int, level: int = GRID, *, abstract: bool = False,
        inside: frozenset[int] = frozenset(), where: tuple[Cond, ...] = (),
    ) -> Poly:
        """A fresh unknown in [low, high]."""
        if low == high and not where:
            return number(low)
        self.count += 1
        return _of(Atom(self.count, "sym", name, (), low, high, level, abstract, inside, where))

    def truth(self, name: str, level: int, inside: frozenset[int] = frozenset()) -> Cond:
        """A fresh condition nobody followed."""
        self.count += 1
        return Cond("truth", atom=Atom(self.count, "truth", name, (), 0, 1, level, True, inside))

    def _made(self, kind: str, args: tuple[Poly | Cond, ...], low: int, high: int) -> Poly:
        key = (kind, *args)
        if key not in self.made:
            self.count += 1
            atoms = list(atoms_of(args))
            level = max((a.level for a in atoms), default=GRID)
            inside = frozenset[int]().union(*(a.inside for a in atoms))
            self.made[key] = Atom(self.count, kind, kind, args, low, high, level, False, inside)
        a = self.made[key]
        return number(a.low) if a.low == a.high else _of(a)

    def mul(self, p: Poly, q: Poly) -> Poly:
        if p.known is not None:
            return q.times(p.known)
        if q.known is not None:
            return p.times(q.known)
        k, j = p.content or 1, q.content or 1
        p, q = p.over(k), q.over(j)
        factors = (*_factors(p), *_factors(q))
        if ZERO not in factors:
            return self._product(factors).times(k * j)
        p, q = sorted((p, q), key=_rank)
        corners = [x * y for x in (p.low, p.high) for y in (q.low, q.high)]
        return self._made("mul", (p, q), min(corners), max(corners)).times(k * j)

    def _product(self, factors: tuple[Poly, ...]) -> Poly:
        factors = tuple(sorted(factors, key=_rank))
        low, high = 1, 1
        for f in factors:
            corners = [x * y for x in (low, high) for y in (f.low, f.high)]
            low, high = min(corners), max(corners)
        return self._made("prod", factors, low, high)

    def quo(self, p: Poly, q: Poly) -> Poly:
        """C's division."""
        if q.known is not None and q.known > 0 and p.low >= 0:
            return self.div(p, q.known)
        if q.known == 1:
            return p
        if q.known is not None and q.known != 0 and p.content % q.known == 0:
            return p.over(q.known)
        if q.known == 0:
            return self.sym("division by zero", -(1 << 63), 1 << 63, THREAD, abstract=True)
        if p == q and q.low > 0:
            return ONE
        most = max(abs(p.low), abs(p.high))
        if q.low > 0:
            return self._made("quo", (p, q), -(max(-p.low, 0) // q.low), max(p.high, 0) // q.low)
        return self._made("quo", (p, q), -most, most)

    def rem(self, p: Poly, q: Poly) -> Poly:
        """C's remainder."""
        if q.known is not None and q.known > 0 and p.low >= 0:
            return self.mod(p, q.known)
        if q.known == 0:
            return self.sym("division by zero", -(1 << 63), 1 << 63, THREAD, abstract=True)
        most = max(abs(q.low), abs(q.high)) - 1
        if p.low >= 0 and p.high < q.low:
            return p
        low = 0 if p.low >= 0 else -min(most, -p.low)
        return self._made("rem", (p, q), low, min(most, max(p.high, 0)))

    def div(self, p: Poly, k: int) -> Poly:
        """p / k rounded down, k > 0."""
        if k == 1:
            return p
        whole, rest = _split(p, k)
        if rest.low // k == rest.high // k:
            return whole + number(rest.low // k)
        return whole + self._made("div", (rest, number(k)), rest.low // k, rest.high // k)

    def mod(self, p: Poly, k: int) -> Poly:
        """What p / k rounded down leaves, k > 0."""
        _, rest = _split(p, k)
        if rest.low // k == rest.high // k:
            return rest - number(rest.low // k * k)
        return self._made("mod", (rest, number(k)), 0, k - 1)

    def ite(self, c: Cond, p: Poly, q: Poly) -> Poly:
        if c == TRUE or p == q:
            return p
        if c == FALSE:
            return q
        return self._made("ite", (c, p, q), min(p.low, q.low), max(p.high, q.high))

    def minimum(self, p: Poly, q: Poly) -> Poly:
        chosen = self.ite(at_most(p, q), p, q)
        return self._narrowed(chosen, max(chosen.low, min(p.low, q.low)), min(p.high, q.high))

    def maximum(self, p: Poly, q: Poly) -> Poly:
        chosen = self.ite(at_most(q, p), p, q)
        return self._narrowed(chosen, max(p.low, q.low), max(p.high, q.high))

    def _narrowed(self, chosen: Poly, low: int, high: int) -> Poly:
        """A choice with the tighter range that is known of it."""
        if len(chosen.parts) != 1 or chosen.constant or chosen.parts[0][0].kind != "ite":
            return chosen
        old = chosen.parts[0][0]
        if (old.low, old.high) == (low, high) or low >= high:
            return chosen
        return self._again(old, low, high)

    def _again(self, old: Atom, low: int, high: int) -> Poly:
        key = (old.kind, *old.args, low, high)
        if key not in self.made:
            self.count += 1
            self.made[key] = Atom(self.count, old.kind, old.name, old.args, low, high, old.level, False, old.inside)
        return _of(self.made[key])


def _of(a: Atom) -> Poly:
    return Poly(((a, 1),))


def _factors(p: Poly) -> tuple[Poly, ...]:
    """The atoms that an atom, or a product of atoms, multiplies; an empty sum for what is neither."""
    if len(p.parts) != 1 or p.constant or p.parts[0][1] != 1:
        return (ZERO,)
    a = p.parts[0][0]
    return tuple(f for f in a.args if isinstance(f, Poly)) if a.kind == "prod" else (p,)


def _rank(p: Poly) -> tuple[object, ...]:
    return (len(p.parts), tuple((a.number, k) for a, k in p.parts), p.constant)


def _split(p: Poly, k: int) -> tuple[Poly, Poly]:
    """p as k * whole + rest, the rest with coefficients below k."""
    whole: dict[Atom, int] = {}
    rest: dict[Atom, int] = {}
    for a, c in p.parts:
        if c % k == 0:
            whole[a] = c // k
        else:
            rest[a] = c
    return _poly(whole, p.constant // k), _poly(rest, p.constant % k)


# ---------------------------------------------------------------- questions


def atoms_of(things: Iterable[Poly | Cond]) -> Iterator[Atom]:
    """The atoms a sum or a condition names itself."""
    for x in things:
        if isinstance(x, Poly):
            yield from (a for a, _ in x.parts)
            continue
        if x.atom is not None:
            yield x.atom
        yield from (a for a, _ in x.sum.parts)
        yield from atoms_of(x.of)


def all_atoms(things: Iterable[Poly | Cond]) -> frozenset[Atom]:
    """The atoms of sums and conditions, and those these are made of."""
    found: set[Atom] = set()
    open_ = list(atoms_of(things))
    while open_:
        a = open_.pop()
        if a not in found:
            found.add(a)
            open_ += atoms_of((*a.args, *a.where))
    return frozenset(found)


Known = Callable[[Atom], int]


def value(p: Poly, known: Known) -> int:
    """The sum where the unknowns have values."""
    return p.constant + sum(k * atom_value(a, known) for a, k in p.parts)


def atom_value(a: Atom, known: Known) -> int:
    """An atom worked out from the unknowns by C's rules."""
    match a.kind, a.args:
        case ("sym" | "truth"), _:
            return known(a)
        case "mul", (Poly() as p, Poly() as q):
            return value(p, known) * value(q, known)
        case "prod", factors:
            return prod(value(f, known) for f in factors if isinstance(f, Poly))
        case ("quo" | "rem"), (Poly() as p, Poly() as q):
            n, d = value(p, known), value(q, known)
            if d == 0:
                raise ZeroDivisionError
            whole = abs(n) // abs(d) * (1 if (n < 0) == (d < 0) else -1)
            return whole if a.kind == "quo" else n - whole * d
        case "div", (Poly() as p, Poly() as q):
            return value(p, known) // value(q, known)
        case "mod", (Poly() as p, Poly() as q):
            return value(p, known) % value(q, known)
        case "ite", (Cond() as c, Poly() as p, Poly() as q):
            return value(p if holds(c, known) else q, known)
    raise TypeError(f"not an atom: {a.kind}")


def holds(c: Cond, known: Known) -> bool:
    """Whether a condition is true where the unknowns have values."""
    match c.op:
        case "true":
            return True
        case "false":
            return False
        case "le":
            return value(c.sum, known) <= 0
        case "eq":
            return value(c.sum, known) == 0
        case "truth":
            assert c.atom is not None, "a truth has its atom"
            return bool(known(c.atom))
        case "not":
            return not holds(c.of[0], known)
        case "and":
            return all(holds(x, known) for x in c.of)
        case "or":
            return any(holds(x, known) for x in c.of)
    raise TypeError(f"not a condition: {c.op}")
