"""Sizes at which programs take the ways that other sizes did not: every loop repeats, every choice goes both ways.

A translation that shares its work among tasks in chunks does with a thousand elements what it does with ten; what is
wrong with the second round of its loop shows only where there is a second round. So the bounds of loops, the guards and
the minima of both programs are worked out at the sizes that were tried, and sizes are looked for at which they come out
another way. A loop that takes more than one at a time takes another way where one is left over, or one is missing.
Nothing is run for that."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from xpiler.ir.nodes import (
    Addr, Assign, Binary, Call, Cast, Const, Expr, For, If, Intrinsic, Kernel, Launch, Let, Program, Select, Stmt, Var,
    While,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import expressions, statements, subexpressions, walk
from xpiler.verify.evaluate import NoValue, Number, convert, evaluate, run_scalars
from xpiler.verify.signature import Signature
from xpiler.verify.runs.sizes import MOST_ELEMENTS, free_integers

# Values one free scalar takes while the others are small: around what tasks, blocks and chunks together hold.
RAISED = (2, 3, 5, 9, 17, 18, 33, 65, 129, 257, 513, 1025, 2049, 4097, 8193, *(2**k + 1 for k in range(14, 24)))
# Elements of all arrays together: more than are tried otherwise, since few probes are so large.
MOST_PROBED = 5 * MOST_ELEMENTS
# Numbers in the texts that are taken for sizes: so many of them, and no larger ones.
MOST_NAMED, LARGEST_NAMED = 24, 1 << 23
# So many sizes are added at most, and so many rounds of a loop told apart.
MOST_PROBES, MANY = 8, 2
# What scalars are that choose.
SWITCHES = (0, 1, -1)

# A place of a program (which one, the kernel, the number of its statement and expression), and the way taken there.
Way = tuple[int, str, int, int, int]


def probes(
    sig: Signature, programs: Sequence[tuple[Program, Mapping[str, str]]], tried: Sequence[Mapping[str, Number]],
    fixed: Mapping[str, Number],
) -> tuple[tuple[dict[str, Number], dict[str, int]], ...]:
    """Scalars and array sizes worth adding to those `tried`, the most telling first.

    Each program comes with its parameters' names by those of `sig`."""
    free, real = free_integers(sig, fixed), [v for v in sig.scalars if v.dtype.is_float and v.name not in fixed]
    if not (free or real) or not tried:
        return ()
    known = _Studied()
    seen = {way for scalars in tried for way in _ways(programs, scalars, known)}
    largest = [max((s[v.name] for v in free), default=0) for s in tried]
    least = tried[min(range(len(tried)), key=lambda i: (largest[i] == 1, largest[i]))]
    raised, switched = _raised(free, _named(programs)), _switched(free, real, programs)
    choices = _offered(sig, ({**least, **other} for other in chain(raised, switched)))
    offered = [(scalars, sizes, _ways(programs, scalars, known) - seen) for scalars, sizes in choices]
    found: list[tuple[dict[str, Number], dict[str, int]]] = []
    while len(found) < MOST_PROBES:
        left = [(len(new - seen), -sum(sizes.values()), i) for i, (_, sizes, new) in enumerate(offered)]
        best = max(left, default=(0, 0, 0))
        if not best[0]:
            break
        scalars, sizes, new = offered[best[2]]
        seen |= new
        found.append((scalars, sizes))
    return tuple(found)


def _offered(
    sig: Signature, choices: Iterable[Mapping[str, Number]]
) -> Iterator[tuple[dict[str, Number], dict[str, int]]]:
    """Those of the choices that give every array something, and all of them not too much."""
    for scalars in choices:
        try:
            sizes = sig.sizes(scalars)
        except NoValue:
            continue
        if all(n > 0 for n in sizes.values()) and sum(sizes.values()) <= MOST_PROBED:
            yield dict(scalars), sizes


def _raised(free: Sequence[Var], named: Sequence[int]) -> Iterator[Mapping[str, Number]]:
    """One free scalar raised at a time; it takes what the texts name too, and what lies beside that. And all of them
    equal."""
    values = sorted({*RAISED, *(x for n in named for x in (n - 1, n, n + 1))})
    yield from ({v.name: value} for v in free for value in values)
    yield from ({v.name: value for v in free} for value in named if len(free) > 1)


def _switched(
    free: Sequence[Var], real: Sequence[Var], programs: Sequence[tuple[Program, Mapping[str, str]]]
) -> Iterator[Mapping[str, Number]]:
    """One scalar at a time that is no size perhaps: off, on, negative, and a real one what the texts name."""
    yield from ({v.name: value} for v in free for value in SWITCHES if value >= 0 or v.dtype.is_signed)
    found = {float(e.value) for program, _ in programs for e in walk(program)
             if isinstance(e, Const) and e.dtype.is_float and math.isfinite(e.value)}
    values = dict.fromkeys((*map(float, SWITCHES), *sorted(found, key=abs)[:MOST_NAMED]))
    yield from ({v.name: value} for v in real for value in values)


def _named(programs: Sequence[tuple[Program, Mapping[str, str]]]) -> list[int]:
    """The whole numbers that the programs name; the smaller ones where there are many."""
    found = {int(e.value) for program, _ in programs for e in walk(program)
             if isinstance(e, Const) and not e.dtype.is_float}
    return sorted(n for n in found if 2 < n <= LARGEST_NAMED)[:MOST_NAMED]


def _ways(
    programs: Sequence[tuple[Program, Mapping[str, str]]], scalars: Mapping[str, Number], known: _Studied
) -> set[Way]:
    """The ways that all programs take with these scalars, as far as scalars decide."""
    found: set[Way] = set()
    for number, (program, names) in enumerate(programs):
        values = {names[k]: v for k, v in scalars.items() if k in names}
        for last in (False, True):
            _Walk(program, number, last, found, known).entry(values)
    return found


class _Studied:
    """What is the same of a statement whatever the scalars, worked out at the first question."""

    def __init__(self) -> None:
        self._choices: dict[int, tuple[tuple[int, Expr], ...]] = {}
        self._assigned: dict[int, frozenset[str]] = {}
        self._count: dict[int, int] = {}

    def choices(self, s: Stmt) -> tuple[tuple[int, Expr], ...]:
        """The expressions of a statement that may go one way or another, each with its number."""
        if id(s) not in self._choices:
            every = enumerate(x for whole in expressions(s) for x in subexpressions(whole))
            self._choices[id(s)] = tuple((i, e) for i, e in every if _chooses(e))
        return self._choices[id(s)]

    def assigned(self, s: Stmt) -> frozenset[str]:
        """The scalars that are assigned in a statement."""
        if id(s) not in self._assigned:
            self._assigned[id(s)] = frozenset(x.var.name for x in statements(s) if isinstance(x, Assign))
        return self._assigned[id(s)]

    def count(self, s: Stmt) -> int:
        """The statements of a statement, itself included."""
        if id(s) not in self._count:
            self._count[id(s)] = sum(1 for _ in statements(s))
        return self._count[id(s)]


def _chooses(e: Expr) -> bool:
    match e:
        case Select():
            return True
        case Call("min" | "max") | Binary("/"):
            return not e.dtype.is_float
        case Cast(a, dtype):
            return not (dtype.is_float or a.dtype.is_float)
    return False


class _Walk:
    """One program with the first or the last round of each of its loops."""

    def __init__(self, program: Program, number: int, last: bool, found: set[Way], known: _Studied) -> None:
        self.program, self.number, self.last, self.found, self.known = program, number, last, found, known
        self.place = ("", 0)

    def entry(self, values: Mapping[str, Number]) -> None:
        if self.program.launcher is not None:
            self.body(self.program.launcher.body, run_scalars(self.program.launcher.body, values) | dict(values))
            return
        for kernel in self.program.kernels:
            self.kernel(kernel, dict(values))

    def kernel(self, kernel: Kernel, values: dict[str, Number]) -> None:
        before, self.place = self.place, (kernel.name, 0)
        self.body(kernel.body, values)
        self.place = before

    def body(self, stmts: Sequence[Stmt], values: dict[str, Number]) -> None:
        for s in stmts:
            self.statement(s, values)

    def statement(self, s: Stmt, values: dict[str, Number]) -> None:
        self.place = (self.place[0], self.place[1] + 1)
        for i, e in self.known.choices(s):
            self.choice(e, i, values)
        match s:
            case Let(var, value) | Assign(var, value):
                self.assign(var, value, values)
            case For():
                self.loop(s, values)
            case If(cond, then, orelse):
                way = _value(cond, values)
                if way is not None:
                    self.note(-1, int(bool(way)))
                self.sides(cond, -5, values)
                for part, side in ((then, True), (orelse, False)):
                    taken = way is None or bool(way) is side
                    self.part(part, values if way is not None and taken else dict(values), taken)
                if way is None:
                    self.forget((s,), values)
            case While():
                self.again(s, values)
            case Launch(kernel, args):
                k = self.program.kernel(kernel)
                bound = {p.name: x for p, a in zip(k.params, args, strict=True)
                         if isinstance(p, Var) and (x := _value(a, values)) is not None}
                self.kernel(k, bound)
            case Intrinsic(result=Var(name)):
                values.pop(name, None)
            case _:
                pass

    def assign(self, var: Var, value: Expr | None, values: dict[str, Number]) -> None:
        known = None if value is None or var.dtype.is_float else _value(value, values)
        if known is None:
            values.pop(var.name, None)
        else:
            values[var.name] = convert(known, var.dtype)

    def loop(self, s: For, values: dict[str, Number]) -> None:
        """How often it goes round, as far as `MANY`; inside, its variable is that of one of its rounds."""
        start, stop, step = (_value(e, values) for e in (s.start, s.stop, s.step))
        inner, taken = dict(values), True
        inner.pop(s.var.name, None)
        if start is not None and stop is not None and step is not None and step > 0:
            rounds = max(0, -(-(int(stop) - int(start)) // int(step)))
            self.note(-2, min(rounds, MANY))
            if rounds:
                self.note(-4, _left_over(int(stop) - int(start), int(step)))
            taken = rounds > 0
            if taken:
                inner[s.var.name] = int(start) + (rounds - 1) * int(step) if self.last else int(start)
        for scalars in inner, values:  # what a round leaves behind is not known
            self.forget(s.body, scalars)
        self.part(s.body, inner, taken)

    def again(self, s: While, values: dict[str, Number]) -> None:
        """The same for a loop that computes its own counter: the first rounds, one by one."""
        here, inner, rounds = self.place, dict(values), 0
        going, room = _value(s.cond, inner), _room(s.cond, inner)
        self.part(s.body, inner if going else dict(inner), going != 0)
        end, left = self.place, _room(s.cond, inner)
        while going and (rounds := rounds + 1) < MANY:
            going = _value(s.cond, inner)
            self.place = here
            if going:
                self.part(s.body, inner, True)
        self.place = here
        if going is not None:
            self.note(-3, rounds)
        if rounds and room is not None and left is not None:
            self.note(-4, _left_over(room, abs(room - left)))
        self.place = end
        self.forget(s.body, values)

    def forget(self, stmts: Sequence[Stmt], values: dict[str, Number]) -> None:
        """What is assigned there is not known any more."""
        for s in stmts:
            for name in self.known.assigned(s) & values.keys():
                del values[name]

    def part(self, stmts: Sequence[Stmt], values: dict[str, Number], taken: bool) -> None:
        """A part of the program; one that is not taken is counted, so that places keep their numbers."""
        if taken:
            self.body(stmts, values)
        else:
            self.place = (self.place[0], self.place[1] + sum(map(self.known.count, stmts)))

    def choice(self, e: Expr, number: int, values: Mapping[str, Number]) -> None:
        """Which side a minimum, a maximum or a choice between numbers comes from; whether a quotient is more than 0,
        and a narrower type holds a number.
        Where both sides are equal nothing is chosen, so that counts as a way of its own."""
        match e:
            case Call("min" | "max", (a, b), dtype) if not dtype.is_float:
                self.sides(Binary("<", a, b, DType.BOOL), number, values)
            case Select(Binary("<" | "<=" | ">" | ">=") as cond):
                self.sides(cond, number, values)
            case Binary("/", a, b, dtype) if not dtype.is_float:
                x, y = _value(a, values), _value(b, values)
                if x is not None and y:
                    self.note(number, int(abs(x) >= abs(y)))
            case Cast(a, dtype) if not (dtype.is_float or a.dtype.is_float):
                x = _value(a, values)
                if x is not None:
                    self.note(number, int(convert(x, dtype) != x))
            case Select(cond):
                way = _value(cond, values)
                if way is not None:
                    self.note(number, int(bool(way)))
            case _:
                pass

    def sides(self, cond: Expr, number: int, values: Mapping[str, Number]) -> None:
        """Which side of a comparison is larger, or that none is."""
        match cond:
            case Binary("<" | "<=" | ">" | ">=", a, b):
                x, y = _value(a, values), _value(b, values)
                if x is not None and y is not None:
                    self.note(number, (x > y) - (x < y))

    def note(self, expression: int, way: int) -> None:
        self.found.add((self.number, *self.place, expression, way))


def _left_over(count: int, step: int) -> int:
    """Whether steps of this size come out even, leave one over, lack one, or none of that."""
    left = count % step if step > 1 else 0
    return left if left < 2 else -1 if left == step - 1 else 2


def _room(cond: Expr, values: Mapping[str, Number]) -> int | None:
    """How far the sides of a comparison of integers are from each other."""
    match cond:
        case Binary("<" | "<=" | ">" | ">=" | "!=", a, b) if not a.dtype.is_float:
            x, y = _value(a, values), _value(b, values)
            return None if x is None or y is None else int(abs(x - y))
    return None


def _value(e: Expr, values: Mapping[str, Number]) -> Number | None:
    if isinstance(e, Addr):
        return None
    try:
        return evaluate(e, values)
    except NoValue:
        return None
