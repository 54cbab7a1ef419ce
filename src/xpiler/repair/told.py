"""Which of the values that the right program computes occur in a run of a candidate: how near it is inside.

Of several mistakes that hide each other none shows in the results when it is undone alone. It does in between: what a
line makes of right values is right again, whatever becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from xpiler.repair.divergence import Told, Values, hashes
from xpiler.repair.instrument import Role, Watched

EACH = 128  # values that are asked for of one place
READ = 0.25  # how much a place counts that only reads


@dataclass(frozen=True)
class Wanted:
    """Values of the right program, rounded, and the places that have them."""

    keys: npt.NDArray[np.uint64]
    flat: npt.NDArray[np.intp]  # place by place, the numbers of its keys
    starts: npt.NDArray[np.intp]
    counts: npt.NDArray[np.float64] | None = None  # how much each place counts; alike where nothing is said
    weights: npt.NDArray[np.float64] = field(init=False)  # of the keys

    def __post_init__(self) -> None:
        sizes = np.diff(np.append(self.starts, self.flat.size))
        weights = np.zeros(self.keys.size)
        counts = np.ones(sizes.size) if self.counts is None else self.counts
        np.add.at(weights, self.flat, np.repeat(counts / (counts.sum() * sizes), sizes))
        object.__setattr__(self, "weights", weights)

    def had(self, met: npt.NDArray[np.uint8]) -> Had:
        """What a run had of them; `met` has a bit for each key."""
        return Had(self, np.unpackbits(met, bitorder="little")[:self.keys.size].astype(np.bool_))


@dataclass(frozen=True)
class Had:
    """Which of the wanted values a run had."""

    wanted: Wanted
    bits: npt.NDArray[np.bool_]

    @property
    def share(self) -> float:
        """Their share, every place counting as much as is said of it."""
        return float(self.wanted.weights @ self.bits)

    def same(self, other: Had) -> bool:
        """Whether another run had the same of them."""
        return self.wanted is other.wanted and bool(np.array_equal(self.bits, other.bits))

    def lost(self, other: Had) -> float:
        """The share of those the other had and this has not."""
        return float(self.wanted.weights @ (other.bits & ~self.bits))


def wanted(
    places: Iterable[tuple[Told, Watched]], rounded: Callable[[Values], npt.NDArray[np.uint64]]
) -> Wanted | None:
    """What is asked for of the places of a right program; steps of a sum stand for nothing by themselves, and what is
    only read counts little: any loop over an array that is given has these values."""
    found, made = dict[bytes, npt.NDArray[np.uint64]](), set[bytes]()
    for told, w in places:
        values = np.unique(told.values[np.isfinite(told.values) & (told.values != 0.0)])
        if not w.partial and values.size:
            some = values[np.argsort(hashes(values), kind="stable")[:EACH]]
            keys = np.unique(rounded(some))
            found.setdefault(keys.tobytes(), keys)
            made |= {keys.tobytes()} if w.role is not Role.READ else set()
    if not found:
        return None
    keys, flat = np.unique(np.concatenate(list(found.values())), return_inverse=True)
    sizes = [k.size for k in found.values()]
    counts = np.array([1.0 if key in made else READ for key in found])
    return Wanted(keys, np.asarray(flat, np.intp), np.cumsum([0, *sizes[:-1]], dtype=np.intp), counts)
