"""A proposer that makes the mistakes models make, seeded: correct text in, text with one to four mistakes out.

Its families of mistakes come as often as QiMeng-Xpiler's table 2 has them for a model that translates whole programs
from CUDA C to BANG C: the share of failing programs in which each was met, compilation and computation together."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

# Of programs that do not compile and of programs that compute something else, the percentage with such a mistake.
RATES: Mapping[str, float] = {
    "parallelism": (2.3 + 97.2) / 2, "memory": (27.1 + 2.8) / 2, "instruction": (76.5 + 94.4) / 2,
}
MOST = 4
DRAWS = 8  # kinds tried before a text counts as one in which nothing more can be got wrong


class Mistake(Protocol):
    """A text with one mistake more, and what it is."""

    @property
    def text(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def family(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def what(self) -> str: ...


# (text, family, seed) -> texts with one mistake of the family each.
Mistakes = Callable[[str, str, int], Iterable[Mistake]]


@dataclass(frozen=True)
class Proposal:
    """A text, and the mistakes in it, in the order in which they were made."""

    text: str
    mistakes: tuple[Mistake, ...]


def faulty(text: str, mistakes: Mistakes, count: int, seed: int = 0, rates: Mapping[str, float] = RATES) -> Proposal:
    """`text` with `count` mistakes, or as many as can be made; the same for the same seed."""
    rng = random.Random(f"{seed} {count}")
    made: list[Mistake] = []
    for n in range(min(count, MOST)):
        for draw in range(DRAWS):
            family = rng.choices(list(rates), list(rates.values()))[0]
            one = next(iter(mistakes(text, family, seed * 1000 + n * DRAWS + draw)), None)
            if one is not None:
                made.append(one)
                text = one.text
                break
    return Proposal(text, tuple(made))
