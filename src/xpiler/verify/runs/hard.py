"""Cases chosen to be hard: awkward sizes, and contents of every kind that an array of numbers may have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from xpiler.ir.types import DType
from xpiler.verify.evaluate import Number
from xpiler.verify.runs.inputs import Domain, Point
from xpiler.verify.runs.kinds import FLOATS, INTEGERS, OVERFLOWING, Kind
from xpiler.verify.signature import Signature
from xpiler.verify.runs.sizes import small

# Fewer elements than this hardly hold what a kind is about.
ENOUGH = 8
# What many numbers, each at several elements, take.
ROOM = 64
# A product of two of these fits an integer.
MODEST = (1 << 15) - 1


def awkward(
    sig: Signature, fixed: Mapping[str, Number], data: Mapping[str, tuple[Number, ...]], domain: Domain, more: bool
) -> tuple[Point, ...]:
    """Points at small and awkward sizes, for the source to accept or not."""
    return tuple(Point(scalars, sizes, domain, data) for scalars, sizes in small(sig, fixed, more))


def kinds_for(sig: Signature, data: Mapping[str, object]) -> tuple[Kind, ...]:
    """The kinds that say something about this entry's inputs."""
    free = [a for a in sig.arrays if a.read and not a.steers and a.name not in data]
    found = FLOATS if any(a.dtype.is_float for a in free) else ()
    whole = any(a.dtype is not DType.BOOL and not a.dtype.is_float for a in free)
    wide = any(a.dtype.bits > 16 and not a.dtype.is_float for a in free)
    kinds = dict.fromkeys((*found, *(INTEGERS if whole else ())))
    return tuple(k for k in kinds if wide or k not in OVERFLOWING)


def of_names(named: Sequence[float], points: Sequence[Point]) -> tuple[Point, ...]:
    """The smallest of the points with room for the numbers that a text names, and what lies beside them; large ones
    apart, of which a sum or a product may overflow."""
    groups = tuple(n for n in named if abs(n) <= MODEST), tuple(n for n in named if abs(n) > MODEST)
    roomy = [p for p in points if max(p.sizes.values(), default=0) >= ROOM] or list(points)
    least = min(roomy, key=lambda p: sum(p.sizes.values()), default=None)
    return tuple(replace(least, kind=Kind.NAMED, named=g) for g in groups if g and least is not None)


def of_kinds(kinds: Sequence[Kind], points: Sequence[Point], each: int) -> tuple[Point, ...]:
    """Every kind at `each` of the points in turn, so that together they see many sizes; not the tiniest."""
    roomy = [p for p in points if max(p.sizes.values(), default=0) >= ENOUGH] or list(points)
    return tuple(
        replace(roomy[(i + k * (len(roomy) // each or 1)) % len(roomy)], kind=kind)
        for i, kind in enumerate(kinds) for k in range(min(each, len(roomy)))
    )
