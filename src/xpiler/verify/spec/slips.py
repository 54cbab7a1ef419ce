"""The slips that turn a right kernel into a wrong one so often that it pays to ask: was it this?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from xpiler.verify.spec.spec import F64, Answer

# Arrays larger than this are not asked about: each question costs one evaluation of the specification.
MOST_ELEMENTS = 1 << 22
TILES = (16, 8, 32)


@dataclass(frozen=True)
class Slip:
    """A wrong computation: changed inputs, or a changed answer, and how a person would call it."""

    words: str
    arrays: Mapping[str, F64]
    after: Callable[[Answer], Answer] = lambda answer: answer


def slips(arrays: Mapping[str, F64], before: Sequence[F64 | None]) -> Iterator[Slip]:
    """Slips worth trying on these inputs, most frequent first. `before`: what the outputs held, where it is read."""
    if sum(a.size for a in arrays.values()) > MOST_ELEMENTS:
        return
    yield from _layouts(arrays)
    yield from _bytes(arrays)
    if any(b is not None for b in before):
        yield Slip("it adds to what the output held before", arrays, lambda answer: tuple(
            x if b is None else x + b[: x.size].reshape(x.shape) for x, b in zip(answer, before, strict=True)))
    yield Slip("its result is transposed", arrays, lambda answer: tuple(
        np.swapaxes(x, -1, -2) if x.ndim > 1 else x for x in answer))
    for name, a in arrays.items():
        if (a < 0).any():
            yield Slip(f"it is right for |{name}|: a sign is lost", {**arrays, name: np.abs(a)})
    for one, other in combinations(arrays, 2):
        if arrays[one].shape == arrays[other].shape:
            yield Slip(f"`{one}` and `{other}` are swapped", {**arrays, one: arrays[other], other: arrays[one]})


def _layouts(arrays: Mapping[str, F64]) -> Iterator[Slip]:
    for name, a in arrays.items():
        if a.ndim < 2:
            continue
        rows, columns = a.shape[-2:]
        for t in TILES:
            if rows % t == 0 and columns % t == 0:
                yield Slip(
                    f"it is what comes out when each {t}x{t} tile of `{name}` is read transposed "
                    "(a row-major matrix loaded as col_major)", {**arrays, name: _tiles_transposed(a, t)})
        yield Slip(f"it is what comes out when `{name}` is read transposed",
                   {**arrays, name: np.swapaxes(a.reshape(*a.shape[:-2], columns, rows), -1, -2)})


def _tiles_transposed(a: F64, t: int) -> F64:
    rows, columns = a.shape[-2:]
    tiles = a.reshape(*a.shape[:-2], rows // t, t, columns // t, t)
    return np.ascontiguousarray(np.swapaxes(tiles, -1, -3)).reshape(a.shape)


def _bytes(arrays: Mapping[str, F64]) -> Iterator[Slip]:
    """Floats quantised to bytes behind the user's back, and signed bytes fed to an operand that takes unsigned ones."""
    real = [n for n, a in arrays.items() if not np.array_equal(a, np.rint(a))]
    groups = [g for size in range(len(real), 0, -1) for g in combinations(real, size)] if len(real) < 4 else [real]
    for how, whole in (("truncated", np.trunc), ("rounded", np.round)):
        for group in groups:
            changed = {**arrays, **{n: _byte(whole(arrays[n]), np.int8) for n in group}}
            listed = " and ".join(f"`{n}`" for n in group)
            yield Slip(f"its floats are {how} to signed bytes ({listed})", changed)
            for unsigned in group:
                words = (f"its floats are {how} to bytes ({listed}), and those of `{unsigned}`, which are signed, are "
                         "taken for unsigned ones")
                mixed = {**changed, unsigned: _byte(whole(arrays[unsigned]), np.uint8)}
                yield Slip(words, mixed)
                yield Slip(words + ", as is their sum", mixed, _unsigned)


def _unsigned(answer: Answer) -> Answer:
    """Negative sums of 32 bits read as unsigned."""
    return tuple(np.where(x < 0, x + 2.0**32, x) for x in answer)


def _byte(a: F64, to: type[np.int8] | type[np.uint8]) -> F64:
    with np.errstate(invalid="ignore"):
        return a.astype(np.int64).astype(to).astype(np.float64)
