"""An array of bytes that pointers of several types cut up, each of whose stretches is an array of its own.

    __nram__ char all[3072];                 __nram__ float all_f32[512];
    float* a = (float*)all;          ->      __nram__ half all_f16[512];
    half* b = (half*)(a + 512);

Only where the text cannot be read as it stands: an instruction on such a stretch. What holds of the arrays holds of the
bytes where every access stays in its own stretch, so an access outside of one is doubted and not refuted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from xpiler.ir.nodes import Addr, Alloc, Buffer, Const, Expr, Intrinsic, Stmt
from xpiler.ir.types import DType
from xpiler.ir.walk import buffers_used
from xpiler.platforms.platform import Platform
from xpiler.text.arithmetic import int_const
from xpiler.text.clang import CType, Unit
from xpiler.text.read_values import Place, Pointer
from xpiler.text.read_views import Bytes, Views

Cut = tuple[int, DType]  # where a pointer begins, in bytes, and what it points to


@dataclass(frozen=True)
class Stretch:
    """Bytes start .. stop-1, of one type."""

    start: int
    stop: int
    dtype: DType


class Cuts(Exception):
    """An array of bytes is cut up by pointers; the kernel is to be read again, knowing where."""

    def __init__(self, buffer: str, cuts: frozenset[Cut]) -> None:
        super().__init__(buffer)
        self.buffer, self.cuts = buffer, cuts


def stretches(cuts: Iterable[Cut], size: int, own: DType) -> tuple[Stretch, ...] | None:
    """The stretches of an array of so many bytes, whose type is `own`; None where two types begin at one place, or one
    is cut short.

    Neighbours of one type are one: a pointer into the first may go on into the second."""
    kinds: dict[int, set[DType]] = {}
    for at, dtype in cuts:
        kinds.setdefault(at, set()).add(dtype)
    starts: list[Cut] = []
    for at in sorted(kinds):
        # A pointer of the array's own type, or to bytes, is on its way to another.
        wide = {t for t in kinds[at] if t.bytes > 1} or kinds[at] - {own} or kinds[at]
        if len(wide) > 1 or not 0 <= at < size:
            return None
        (dtype,) = wide
        if not starts or starts[-1][1] is not dtype:
            starts.append((at, dtype))
    out: list[Stretch] = []
    for (at, dtype), stop in zip(starts, [*(at for at, _ in starts[1:]), size], strict=True):
        if at % dtype.bytes or (stop - at) % dtype.bytes and stop != size:
            return None
        out.append(Stretch(at, at + (stop - at) // dtype.bytes * dtype.bytes, dtype))
    return tuple(out)


class Cutting(Views):
    """Finding where arrays are cut, and reading those that are."""

    def __init__(self, unit: Unit, platform: Platform, taken: frozenset[str] = frozenset()) -> None:
        super().__init__(unit, platform, taken)
        self.known_cuts: Mapping[str, frozenset[Cut]] = {}  # arrays to be read cut up
        self.cuts: dict[str, set[Cut]] = {}  # what pointers made of the others
        self.sizes: dict[str, int] = {}  # of the arrays of the text, in bytes
        self.stretched: dict[str, list[tuple[Stretch, str]]] = {}  # the arrays for the stretches of one
        self.origin: dict[str, tuple[str, int]] = {}  # such an array -> the one it is of, and where it begins

    def allocate(self, stem: str, ctype: CType, space: str = "local", init: tuple[Expr, ...] = ()) -> Place:
        place = super().allocate(stem, ctype, space, init)
        if ctype.kind != "array" or ctype.dtype is None or init:
            return place
        size, own = ctype.count * ctype.dtype.bytes, ctype.dtype
        self.sizes[place.buffer] = size
        found = stretches(self.known_cuts[place.buffer], size, own) if place.buffer in self.known_cuts else None
        if found is not None:
            self._cut_up(place.buffer, found)
        return place

    def _cut_up(self, whole: str, found: tuple[Stretch, ...]) -> None:
        """An array for each stretch instead of the whole."""
        where = self.shared if self.is_shared(self.buffers[whole].space) else self.out
        made = where.pop()
        assert isinstance(made, Alloc), "it was declared just now"
        self.stretched[whole] = []
        for s in found:
            name = self.fresh(f"{whole}_{s.dtype}")
            extent = int_const((s.stop - s.start) // s.dtype.bytes)
            self.buffers[name] = Buffer(name, s.dtype, extent, made.buffer.space, cut_from=whole)
            self.place_alloc(Alloc(self.buffers[name], (), made.span))
            self.stretched[whole].append((s, name))
            self.origin[name] = whole, s.start

    def in_stretch(self, p: Pointer, to: CType) -> Pointer:
        """A pointer as one into the stretch where it points; where the array is not cut up, it is noted for a cut."""
        held = self.views.get(p.buffer)
        name, unit = (held.of, 1) if isinstance(held, Bytes) else (p.buffer, self.buffers[p.buffer].dtype.bytes)
        whole, start = self.origin.get(name, (name, 0))
        if to.dtype is None or whole not in self.sizes or not isinstance(p.index, Const):
            return p
        at = start + int(p.index.value) * unit
        if whole not in self.stretched:
            self.cuts.setdefault(whole, set()).add((at, to.dtype))
            return p
        for s, part in self.stretched[whole]:
            if s.start <= at < s.stop and s.dtype is to.dtype and (at - s.start) % s.dtype.bytes == 0:
                return Pointer(part, int_const((at - s.start) // s.dtype.bytes), to)
        if to.dtype.bytes > 1:  # not all cuts were known
            self.cut(whole, self.known_cuts[whole] | {(at, to.dtype)})
        return p

    def cut(self, whole: str, cuts: frozenset[Cut]) -> None:
        """Begin again with an array cut up, if it is not already and can be."""
        if self.several is None or cuts == self.known_cuts.get(whole):
            return
        if stretches(cuts, self.sizes[whole], self.buffers[whole].dtype) is None:
            raise self.unit.fault("XP1011", f"bytes of `{whole}` are used as several types", self.here)
        raise Cuts(whole, cuts)

    def emit(self, statement: Stmt) -> None:
        if isinstance(statement, Intrinsic):
            self.cut_for({a.buffer for a in (*statement.args, statement.result) if isinstance(a, Addr)})
        super().emit(statement)

    def cut_for(self, given: Collection[str]) -> None:
        """Cut up the arrays of which an instruction is given these parts, where it takes them for another type."""
        for whole in self._of_another_type(given) if self.cuts else ():
            self.cut(whole, frozenset(self.cuts[whole]))

    def _of_another_type(self, given: Collection[str]) -> Iterator[str]:
        """The arrays that an instruction is given these parts of as another type than they have."""
        for name in given:
            if isinstance(self.views.get(name), Bytes) or self.buffers[name].dtype.bytes == 1:
                for b in self.bases((name,)):
                    if any(t is not self.buffers[b].dtype for _, t in self.cuts.get(b, ())):
                        yield b

    def refuse_whole(self, body: tuple[Stmt, ...]) -> None:
        """Fault where something is left of an array that was cut up."""
        left = sorted(self.stretched.keys() & buffers_used(body))
        if left:
            raise self.unit.fault("XP1011", f"bytes of `{left[0]}` are used as several types", self.here)
