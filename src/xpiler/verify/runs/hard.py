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


def of_kinds(kinds: Sequence[Kind], points: Sequence[Point], each: int) -> tuple[Point, ...]:
    """Every kind at `each` of the points in turn, so that together they see many sizes; not the tiniest."""
    roomy = [p for p in points if max(p.sizes.values(), default=0) >= ENOUGH] or list(points)
    return tuple(
        replace(roomy[(i + k * (len(roomy) // each or 1)) % len(roomy)], kind=kind)
        for i, kind in enumerate(kinds) for k in range(min(each, len(roomy)))
    )
