"""Where in an execution a question is asked: the iteration, what is assumed, and the accumulations being summed up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from xpiler.verify.proof.index import Atom, Formula, Poly
from xpiler.verify.proof.solver import Facts
from xpiler.verify.proof.terms import Term

Value = Poly | Term
# The value of every enclosing loop's variable, and (after a mark) how many iterations came before this one. A thread
# whose number is left out may be any of its block.
Env = Mapping[str, Poly]
COUNT = "#"


@dataclass(frozen=True)
class Place:
    """An element of a buffer, or a scalar (no index).

    `alone`: loops of which no iteration but the one looked at writes it. `fixed`: the statement inside which only the
    thread looked at writes it. `others`: of an axis, iterations that may have written it where this one has not."""

    buffer: str
    index: Poly | None
    alone: frozenset[int] = frozenset()
    fixed: int | None = None
    others: tuple[tuple[int, tuple[Poly, ...]], ...] = ()

    @property
    def key(self) -> tuple[object, ...]:
        return (self.buffer, self.index, self.alone, self.fixed, self.others)

    def left(self, loop: int) -> tuple[Poly, ...]:
        """The iterations of an axis still to be looked at."""
        return next((them for number, them in self.others if number == loop), ())

    def leaving(self, loop: int, them: tuple[Poly, ...]) -> Place:
        """The place with other iterations of an axis to be looked at next."""
        rest = tuple(o for o in self.others if o[0] != loop)
        return replace(self, others=(*rest, (loop, them)) if them else rest)


@dataclass(frozen=True)
class Summing:
    """An iteration of a loop whose effect on one element is being found: what it held before is `before`.

    `around`: the iterations of the loops outside it that this is about; in others the element held something else."""

    loop: int
    buffer: str
    where: tuple[Poly, ...]
    count: Poly
    around: tuple[Poly | None, ...]
    before: Value


@dataclass(frozen=True)
class Scene:
    """`back`: loops of whose iterations the latest is looked at, as often as one before it was."""

    facts: Facts
    summing: tuple[Summing, ...] = ()
    back: tuple[int, ...] = ()

    def assume(self, *more: Formula) -> Scene:
        return replace(self, facts=self.facts.assume(*more))

    @property
    def key(self) -> tuple[object, ...]:
        return (self.facts.known, self.summing, self.back)


@dataclass(frozen=True)
class Writer:
    """A statement that writes a buffer: at which index, in an iteration of unknown symbols, and when."""

    index: Poly | None
    unknown: tuple[Atom, ...]
    facts: Facts


class Split(Exception):
    """A condition on the element and the sizes that has to be decided first, one way and the other."""

    def __init__(self, cond: Formula) -> None:
        super().__init__(cond.key)
        self.cond = cond
