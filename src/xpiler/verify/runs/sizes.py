"""Choosing values for the scalars nobody fixed: a few typical combinations and an odd one, modest in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from xpiler.fault import Fault
from xpiler.ir.nodes import Var
from xpiler.verify.evaluate import NoValue, Number
from xpiler.verify.signature import Signature

MOST_ELEMENTS = 4_000_000

# One value per free integer scalar, cycled. Powers of two suit tiled kernels, descending ones suit windows that must
# fit in images, odd numbers show unguarded tails. Products stay small: a run must not take long.
TYPICAL: tuple[tuple[int, ...], ...] = (
    (64, 32, 48, 16), (64,), (256, 128), (32, 16, 3, 1), (2, 4, 32, 8), (2, 16, 8, 4, 3, 2), (16, 2, 3, 1),
)
ODD: tuple[tuple[int, ...], ...] = ((37, 23, 19, 29), (33, 7, 5, 3), (2, 3, 17, 5), (13, 2, 3, 1))
TYPICAL_ONE: tuple[tuple[int, ...], ...] = ((1024,), (1000,), (64,), (32,), (16,), (4,))
ODD_ONE: tuple[tuple[int, ...], ...] = ((997,), (131,), (37,), (5,))

# Small ones, around powers of two and the widths and chunks of vector instructions, and a single one of everything.
SMALL: tuple[tuple[int, ...], ...] = ((7, 5, 3, 2), (1,), (17, 31, 33, 15), (16, 16, 3, 1))
SMALL_ONE: tuple[tuple[int, ...], ...] = ((31,), (1,), (65,), (4097,))
# As many more as a person who waits has time for.
MORE: tuple[tuple[int, ...], ...] = (
    (2, 3, 5, 7), (16,), (65, 63, 33, 31), (1, 64), (64, 1), (1, 1, 64), (129, 3, 65, 2), (3, 127, 2, 65),
    (13, 11, 3, 1), (8, 9, 2, 3), (32, 33, 31, 4), (4, 1, 9, 3),
)
MORE_ONE: tuple[tuple[int, ...], ...] = tuple(
    (n,)
    for n in (2, 3, 7, 15, 16, 17, 33, 63, 64, 127, 129, 255, 257, 511, 513, 1023, 1025, 2047, 2049, 4095, 8193, 16381)
)
# Elements of all arrays together, so that a run takes no time at all.
MOST_SMALL = 1 << 16


def free_integers(sig: Signature, fixed: Mapping[str, Number]) -> tuple[Var, ...]:
    """The integer scalars of the entry that have no value yet."""
    return tuple(v for v in sig.scalars if v.name not in fixed and not v.dtype.is_float)


def candidates(
    sig: Signature, fixed: Mapping[str, Number], odd: bool
) -> Iterator[tuple[dict[str, Number], dict[str, int]]]:
    """Scalars and array sizes to try, best first. With nothing free there is exactly one; then `odd` has none."""
    free = free_integers(sig, fixed)
    if not free:
        if not odd:
            scalars = with_floats(sig, fixed)
            yield scalars, known_sizes(sig, scalars)
        return
    one = len(free) == 1
    yield from _patterned(sig, fixed, free, (ODD_ONE if one else ODD) if odd else (TYPICAL_ONE if one else TYPICAL))


def small(
    sig: Signature, fixed: Mapping[str, Number], more: bool
) -> Iterator[tuple[dict[str, Number], dict[str, int]]]:
    """Small and awkward choices, none where nothing is free; with `more` many of them."""
    free = free_integers(sig, fixed)
    if not free:
        return
    patterns = (SMALL_ONE, MORE_ONE) if len(free) == 1 else (SMALL, MORE)
    for scalars, sizes in _patterned(sig, fixed, free, (*patterns[0], *(patterns[1] if more else ()))):
        if sum(sizes.values()) <= MOST_SMALL:
            yield scalars, sizes


def _patterned(
    sig: Signature, fixed: Mapping[str, Number], free: Sequence[Var], patterns: Sequence[tuple[int, ...]]
) -> Iterator[tuple[dict[str, Number], dict[str, int]]]:
    """The scalars and array sizes that go with each pattern, where no array is empty and all are modest."""
    seen: set[tuple[int, ...]] = set()
    for pattern in patterns:
        values = tuple(pattern[i % len(pattern)] for i in range(len(free)))
        if values in seen:
            continue
        seen.add(values)
        scalars = with_floats(sig, {**fixed, **{v.name: x for v, x in zip(free, values, strict=True)}})
        try:
            sizes = sig.sizes(scalars)
        except NoValue:
            continue
        if all(n > 0 for n in sizes.values()) and sum(sizes.values()) <= MOST_ELEMENTS:
            yield scalars, sizes


def with_floats(sig: Signature, fixed: Mapping[str, Number]) -> dict[str, Number]:
    """`fixed` plus a value for every floating scalar without one; they differ, and none is 0 or 1."""
    floats = [v for v in sig.scalars if v.dtype.is_float and v.name not in fixed]
    return {**fixed, **{v.name: 0.75 + 0.375 * i for i, v in enumerate(floats)}}


def fractions(sig: Signature, fixed: Mapping[str, Number]) -> dict[str, Number]:
    """Values between 0 and 1 for the floating scalars that nobody fixed: shares, rates, and factors that decay."""
    free = [v.name for v in sig.scalars if v.dtype.is_float and v.name not in fixed]
    return {name: (i + 1) / (len(free) + 1) for i, name in enumerate(free)}


def floats_apart(sig: Signature, fixed: Mapping[str, Number]) -> Iterator[dict[str, Number]]:
    """Other values for the floating scalars that nobody fixed: negative, of both signs, small and large. They rise, so
    that a lower bound stays below an upper one; but for one choice in which they cross."""
    free = [v.name for v in sig.scalars if v.dtype.is_float and v.name not in fixed]
    if free:
        yield {name: i / (2 * len(free)) - 2.0 for i, name in enumerate(free)}
        yield {name: 2.0 * i - 1.5 for i, name in enumerate(free)}
        yield {name: 0.01 * (i + 1) for i, name in enumerate(free)}
        yield {name: 6.0 + 2.5 * i for i, name in enumerate(free)}
    if len(free) > 1:
        yield {name: 0.5 - 1.5 * i for i, name in enumerate(free)}


def known_sizes(sig: Signature, scalars: Mapping[str, Number]) -> dict[str, int]:
    """The array sizes at fully known scalars, as a Fault where one has none."""
    try:
        sizes = sig.sizes(scalars)
    except NoValue as e:
        raise Fault(
            "XP2011", f"cannot compute an array size of `{sig.name}`", sig.span,
            why=f"it needs `{e.name}`, which has no value",
            try_=f"--let {e.name}=VALUE",
        ) from e
    wrong = {k: n for k, n in sizes.items() if n <= 0}
    if wrong:
        name, n = next(iter(wrong.items()))
        raise Fault(
            "XP2012", f"`{name}` would have {n} elements", sig.span, why="the values given with --let make it empty",
            try_="other values for --let",
        )
    return sizes


def ask(sig: Signature, fixed: Mapping[str, Number], tried: Sequence[str]) -> Fault:
    """The Fault for a source no automatic choice suits."""
    names = [v.name for v in free_integers(sig, fixed)]
    return Fault(
        "XP2010", f"no sizes were found that suit `{sig.name}`", sig.span,
        why="; ".join(tried[:3]) or "no choice of sizes gives every array a positive, modest size",
        try_=" ".join(f"--let {n}=VALUE" for n in names),
    )
