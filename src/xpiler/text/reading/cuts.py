"""An array of bytes that pointers of several types cut up, each of whose stretches is an array of its own.

    __nram__ char all[3072];                 __nram__ float all_f32[512];
    float* a = (float*)all;          ->      __nram__ half all_f16[512];
    half* b = (half*)(a + 512);

Where a stretch begins may depend on the kernel's parameters; which is where is then seen from a few values of these.

Where every pointer into it is one into a stretch of its type; or where the text cannot be read as it stands, for an
instruction on such a stretch. What holds of the arrays holds of the bytes where every access stays in its own stretch,
so an access outside of one is doubted and not refuted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from xpiler.ir.nodes import Addr, Alloc, Buffer, Const, Expr, Intrinsic, Let, Load, Param, Stmt, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import buffers_used, scalars_read, subexpressions, substitute_expr
from xpiler.platforms.platform import Platform
from xpiler.text import sizes
from xpiler.text.arithmetic import ZERO, Arithmetic, int_const
from xpiler.text.clang import Unit
from xpiler.text.ctype import CType
from xpiler.text.reading.values import Place, Pointer
from xpiler.text.reading.views import Bytes, Views

Cut = tuple[Expr, DType]  # where a pointer begins, in bytes, and what it points to
_SAMPLES = 3  # values that are tried for the parameters on which cuts depend, whole rows of a line
_LINE = 64


@dataclass(frozen=True)
class Stretch:
    """Bytes start .. stop-1, of one type."""

    start: int
    stop: int
    dtype: DType


@dataclass(frozen=True)
class Part:
    """An array for a stretch, which has these bounds for each of the sampled values."""

    name: str
    start: Expr
    at: tuple[Stretch, ...]


class Cuts(Exception):
    """An array of bytes is cut up by pointers; the kernel is to be read again, knowing where."""

    def __init__(self, buffer: str, cuts: frozenset[Cut]) -> None:
        super().__init__(buffer)
        self.buffer, self.cuts = buffer, cuts


def stretches(cuts: Iterable[tuple[int, DType]], size: int, own: DType) -> tuple[Stretch, ...] | None:
    """The stretches of an array of so many bytes, whose type is `own`; None where two types begin at one place, or one
    is cut short.

    Neighbours of one type are one: a pointer into the first may go on into the second."""
    kinds: dict[int, set[DType]] = {}
    for at, dtype in cuts:
        kinds.setdefault(at, set()).add(dtype)
    starts: list[tuple[int, DType]] = []
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


def sampled(math: Arithmetic, e: Expr) -> list[int] | None:
    """An expression over parameters for a few values of these."""
    e, found = sizes.narrowed(math, e), []
    for k in range(_SAMPLES):
        # Another value for each of them, in another order each time.
        values = {v: Const(_LINE * (1 + (_weight(v.name) * (k + 1)) % 5), v.dtype) for v in scalars_read(e)}
        known = sizes.settled(math, substitute_expr(e, dict(values)))
        if not isinstance(known, Const):
            return None
        found.append(int(known.value))
    return found


def _weight(name: str) -> int:
    return sum(map(ord, name))


def sampled_stretches(
    math: Arithmetic, cuts: Collection[Cut], size: int, own: DType
) -> list[tuple[Expr, tuple[Stretch, ...]]] | None:
    """Where each stretch begins, and what it is for each of the sampled values; None where these do not agree."""
    where = {e: found for e, _ in cuts if (found := sampled(math, e)) is not None}
    if len(where) < len({e for e, _ in cuts}):
        return None
    columns = [stretches([(where[e][k], dtype) for e, dtype in cuts], size, own) for k in range(_SAMPLES)]
    rows: list[tuple[Expr, tuple[Stretch, ...]]] = []
    if any(c is None or len(c) != len(columns[0] or ()) for c in columns):
        return None
    for row in zip(*(c for c in columns if c is not None), strict=True):
        start = next((e for e, at in where.items() if at == [s.start for s in row]), None)
        if start is None or len({s.dtype for s in row}) > 1:
            return None
        rows.append((start, row))
    return rows


class Cutting(Views):
    """Finding where arrays are cut, and reading those that are."""

    def __init__(self, unit: Unit, platform: Platform, taken: frozenset[str] = frozenset()) -> None:
        super().__init__(unit, platform, taken)
        self.known_cuts: Mapping[str, frozenset[Cut]] = {}  # arrays to be read cut up; with no cuts, as they are
        self.cuts: dict[str, set[Cut]] = {}  # what pointers made of the others
        self.somewhere: dict[str, set[DType]] = {}  # and of what types where it is not known
        self.sizes: dict[str, int] = {}  # of the arrays of the text, in bytes
        self.stretched: dict[str, list[Part]] = {}  # the arrays for the stretches of one
        self.origin: dict[str, tuple[str, Expr]] = {}  # such an array -> the one it is of, and where it begins
        self.params: list[Param] = []
        self.means: dict[str, Expr] = {}  # the values that variables were declared with

    def allocate(self, stem: str, ctype: CType, space: str = "local", init: tuple[Expr, ...] = ()) -> Place:
        place = super().allocate(stem, ctype, space, init)
        if ctype.kind == "array" and ctype.dtype is not None and not init:
            self.cut_up_as_known(place.buffer, ctype.count)
        return place

    def cut_up_as_known(self, name: str, count: int) -> None:
        """An array of so many elements was declared, which is cut up where it is known to be."""
        own = self.buffers[name].dtype
        self.sizes[name] = size = count * own.bytes
        cuts = self.known_cuts.get(name)
        found = sampled_stretches(self.math, cuts, size, own) if cuts else None
        if found is not None:
            self._cut_up(name, found)

    def _cut_up(self, whole: str, found: list[tuple[Expr, tuple[Stretch, ...]]]) -> None:
        """An array for each stretch instead of the whole."""
        where = self.shared if self.is_shared(self.buffers[whole].space) else self.out
        made = where.pop()
        assert isinstance(made, Alloc), "it was declared just now"
        self.stretched[whole] = []
        ends = [*(start for start, _ in found[1:]), int_const(found[-1][1][0].stop)]
        for (start, row), stop in zip(found, ends, strict=True):
            dtype = row[0].dtype
            name = self.fresh(f"{whole}_{dtype}")
            extent = sizes.elements(self.math, self.math.binary("-", stop, start), dtype.bytes)
            self.buffers[name] = Buffer(name, dtype, extent, made.buffer.space, cut_from=whole)
            self.place_alloc(Alloc(self.buffers[name], (), made.span))
            self.stretched[whole].append(Part(name, start, row))
            self.origin[name] = whole, start
        if len(found) == 1 and found[0][1][0].start == 0:  # what still counts in bytes does so in this one
            self.views[whole] = Bytes(name)

    def in_stretch(self, p: Pointer, to: CType) -> Pointer:
        """A pointer as one into the stretch where it points; where the array is not cut up, it is noted for a cut."""
        held = self.views.get(p.buffer)
        name, unit = (held.of, 1) if isinstance(held, Bytes) else (p.buffer, self.buffers[p.buffer].dtype.bytes)
        whole, start = self.origin.get(name, (name, ZERO))
        if to.dtype is None or whole not in self.sizes:
            return p
        if (index := self._over_params(p.index)) is None:
            self.somewhere.setdefault(whole, set()).add(to.dtype)
            return p
        at = self.math.add(start, self.math.binary("*", index, int_const(unit)))
        if whole not in self.stretched:
            self.cuts.setdefault(whole, set()).add((at, to.dtype))
            return p
        values = sampled(self.math, at)
        for part in self.stretched[whole] if values is not None else ():
            if all(_within(v, s, to.dtype) for v, s in zip(values or (), part.at, strict=True)):
                if part.name == p.buffer:
                    return Pointer(part.name, p.index, to)
                behind = ZERO if at == part.start else self.math.binary("-", at, part.start)
                return Pointer(part.name, self.math.index(sizes.elements(self.math, behind, to.dtype.bytes)), to)
        if to.dtype.bytes > 1:  # not all cuts were known
            self.cut(whole, self.known_cuts[whole] | {(at, to.dtype)})
        return p

    def _over_params(self, e: Expr) -> Expr | None:
        """An expression in the kernel's parameters alone, None where it is none."""
        params = {p for p in self.params if isinstance(p, Var)}
        while (local := scalars_read(e) - params) and not any(isinstance(x, Load) for x in subexpressions(e)):
            if any(v.name in self.moving or v.name not in self.means for v in local):
                return None
            e = substitute_expr(e, {v: self.means[v.name] for v in local})
        return None if local else sizes.narrowed(self.math, e)

    def cut(self, whole: str, cuts: frozenset[Cut]) -> None:
        """Begin again with an array cut up, if it is not already and can be."""
        if self.several is None or cuts == self.known_cuts.get(whole):
            return
        if sampled_stretches(self.math, cuts, self.sizes[whole], self.buffers[whole].dtype) is None:
            raise self.unit.fault("XP1011", f"bytes of `{whole}` are used as several types", self.here)
        raise Cuts(whole, cuts)

    def typed_stretches(self) -> dict[str, frozenset[Cut]]:
        """Where arrays could be cut up into several, of which some have another type."""
        found: dict[str, frozenset[Cut]] = {}
        for whole, cuts in self.cuts.items():
            own = self.buffers[whole].dtype
            rows = sampled_stretches(self.math, cuts, self.sizes[whole], own) or ()
            if any(s.dtype is not own for _, row in rows for s in row):
                found[whole] = frozenset(cuts)
        return found

    def emit(self, statement: Stmt) -> None:
        if isinstance(statement, Let) and statement.value is not None:
            self.means[statement.var.name] = statement.value
        if isinstance(statement, Intrinsic):
            given = {a.buffer for a in (*statement.args, statement.result) if isinstance(a, Addr)}
            self.cut_for(given)
            self._left_whole(given)
        super().emit(statement)

    def _left_whole(self, given: Collection[str]) -> None:
        """Begin again with an array as it is declared where it was taken for one of another type, and an instruction
        takes its bytes."""
        for name in given:
            held = self.views.get(name)
            if isinstance(held, Bytes) and len(self.known_cuts.get(name, ())) == 1 and self.several is not None:
                raise Cuts(name, frozenset())

    def cut_for(self, given: Collection[str]) -> None:
        """Cut up the arrays of which an instruction is given these parts, where it takes them for another type."""
        for whole in self._of_another_type(given) if self.cuts or self.somewhere else ():
            self.cut(whole, self._noted(whole))

    def _noted(self, whole: str) -> frozenset[Cut]:
        """Where pointers cut an array; if that is only known of pointers to bytes, all is of the others' type."""
        cuts = frozenset(self.cuts.get(whole, ()))
        wide = {t for t in self.somewhere.get(whole, ()) if t.bytes > 1}
        placed = any(t.bytes > 1 for _, t in cuts)
        return frozenset((ZERO, t) for t in wide) if len(wide) == 1 and not placed else cuts

    def _of_another_type(self, given: Collection[str]) -> Iterator[str]:
        """The arrays that an instruction is given these parts of as another type than they have: arrays of bytes, and
        those of what the text first takes bytes for, where they can be cut."""
        for name in given:
            for b in self.bases((name,)):
                own, cuts = self.buffers[b].dtype, self._noted(b)
                if all(t is own for _, t in cuts) or self.known_cuts.get(b) == frozenset():
                    continue
                if isinstance(self.views.get(name), Bytes) or self.buffers[name].dtype.bytes == 1:
                    yield b
                elif b in self.sizes and sampled_stretches(self.math, cuts, self.sizes[b], own) is not None:
                    yield b

    def refuse_whole(self, body: tuple[Stmt, ...]) -> None:
        """Fault where something is left of an array that was cut up, unless all of it may be of one type."""
        left = sorted(self.stretched.keys() & buffers_used(body))
        if left:
            wide = {(at, t) for at, t in self.known_cuts[left[0]] if t.bytes > 1}
            for whole in {t for _, t in wide} if len({t for _, t in wide}) == 1 else ():
                self.cut(left[0], frozenset({*wide, (ZERO, whole)}))
            raise self.unit.fault("XP1011", f"bytes of `{left[0]}` are used as several types", self.here)


def _within(at: int, s: Stretch, dtype: DType) -> bool:
    """Whether elements of a type that begin there are a stretch's."""
    return s.start <= at < s.stop and s.dtype is dtype and (at - s.start) % dtype.bytes == 0
