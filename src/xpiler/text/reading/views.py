"""Buffers under other names: one of several, chosen when the kernel runs, or a buffer counted in bytes.

A view has a name like a buffer; what is loaded or stored through it becomes loads and stores of what it stands for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from xpiler.ir.nodes import Addr, Atomic, Buffer, Call, Const, Expr, If, Intrinsic, Load, Stmt, Store
from xpiler.ir.types import DType
from xpiler.text.arithmetic import ZERO, int_const
from xpiler.text.clang import Node
from xpiler.text.reading.base import Reader
from xpiler.text.reading.values import Pointer
from xpiler.text.sizes import divided


@dataclass(frozen=True)
class Either:
    """One of several buffers of one type: number `which`."""

    which: Expr
    of: tuple[str, ...]


@dataclass(frozen=True)
class Bytes:
    """A buffer seen as bytes."""

    of: str


View = Either | Bytes


class Several(Exception):
    """A pointer variable turned out to point into several buffers; the kernel is to be read again, knowing it."""

    def __init__(self, key: int, buffers: frozenset[str]) -> None:
        super().__init__(key)
        self.key, self.buffers = key, buffers


class Views(Reader):
    """Loading and storing through views."""

    # ------------------------------------------------------------ making

    def either(self, stem: str, which: Expr, of: Sequence[str], n: Node) -> str:
        """A name for one of several buffers."""
        dtypes = {self.buffers[name].dtype for name in of}
        if len(dtypes) > 1:
            raise self.fault(
                "XP1007", f"this pointer may point into {' or '.join(f'`{name}`' for name in self.bases(of))}", n,
                f"their elements are {' and '.join(sorted(dtypes))}", "one pointer for each of the types",
            )
        name = self.fresh(stem)
        self.views[name] = Either(which, tuple(of))
        self.buffers[name] = Buffer(name, dtypes.pop(), None)
        return name

    def in_bytes(self, p: Pointer) -> Pointer:
        """The same address, counted in bytes."""
        held = self.buffers[p.buffer].dtype
        known = next((v for v, view in self.views.items() if view == Bytes(p.buffer)), None)
        if known is None:
            known = self.fresh(f"{p.buffer}_bytes")
            self.views[known] = Bytes(p.buffer)
            self.buffers[known] = Buffer(known, DType.U8, None)
        return Pointer(known, self.math.binary("*", p.index, int_const(held.bytes)), p.to)

    def out_of_bytes(self, p: Pointer) -> Pointer:
        """The same address in elements, where a pointer to wide ones says that it is one's."""
        view = self.views.get(p.buffer)
        if not isinstance(view, Bytes) or p.to.dtype is None:
            return p
        wide = p.to.dtype.bytes * p.to.count % self.buffers[view.of].dtype.bytes == 0
        return self.in_elements(p) if wide else p

    def in_elements(self, p: Pointer) -> Pointer:
        """The same address counted in elements of its buffer, where it is that of one."""
        view = self.views.get(p.buffer)
        whole = divided(self.math, p.index, self.buffers[view.of].dtype.bytes) if isinstance(view, Bytes) else None
        return p if whole is None or not isinstance(view, Bytes) else Pointer(view.of, whole, p.to)

    def in_one_unit(self, a: Pointer, b: Pointer) -> tuple[Pointer, Pointer]:
        """Two pointers counted alike: both in bytes if one of them is."""
        x, y = (isinstance(self.views.get(p.buffer), Bytes) for p in (a, b))
        return (a if x or not y else self.in_bytes(a)), (b if y or not x else self.in_bytes(b))

    def bases(self, of: Sequence[str]) -> tuple[str, ...]:
        """The buffers that names stand for."""
        found: dict[str, None] = {}
        for name in of:
            match self.views.get(name):
                case Either(of=inner):
                    found |= dict.fromkeys(self.bases(inner))
                case Bytes(of=one):
                    found |= dict.fromkeys(self.bases((one,)))
                case None:
                    found[name] = None
        return tuple(found)

    def which_of(self, name: str, of: tuple[str, ...]) -> Expr | None:
        """The number of a buffer among several, None where it may be another."""
        if name in of:
            return int_const(of.index(name))
        view = self.views.get(name)
        if not isinstance(view, Either):
            return None
        total: Expr | None = None
        for k in reversed(range(len(view.of))):
            one = self.which_of(view.of[k], of)
            if one is None:
                return None
            total = one if total is None else self.math.select(self._is(view.which, k), one, total)
        return total

    def frozen(self, p: Pointer, n: Node) -> Pointer:
        """A pointer that stays where it is now: its choice of buffer is kept."""
        view = self.views.get(p.buffer)
        if not isinstance(view, Either) or self.stable(view.which):
            return p
        return Pointer(self.either("at", self.kept(view.which, "which"), view.of, n), p.index, p.to)

    # ------------------------------------------------------------ using

    def fetch(self, buffer: str, index: Expr) -> Expr:
        """An element of a buffer or view."""
        match self.views.get(buffer):
            case Either(which, of):
                total = self.fetch(of[-1], index)
                for k in reversed(range(len(of) - 1)):
                    total = self.math.select(self._is(which, k), self.fetch(of[k], index), total)
                return total
            case Bytes(of):
                each = self.buffers[of].dtype.bytes
                at, shift = self._split(index, each)
                word = self.same_bits(self.fetch(of, at), word_of(self.buffers[of].dtype))
                byte = self.math.convert(self.math.binary(">>", word, shift), DType.U8)
                self.byte_of[byte] = of, index
                return byte
        return Load(buffer, index, self.buffers[buffer].dtype)

    def put(self, buffer: str, index: Expr, value: Expr) -> None:
        """Store an element of a buffer or view."""
        match self.views.get(buffer):
            case Either(which, of):
                value, index = self.steady(value), self.steady(index)
                self._by_choice(which, [self._captured_put(name, index, value) for name in of])
            case Bytes(of):
                dtype = self.buffers[of].dtype
                at, shift = self._split(index, dtype.bytes)
                at, shift, word = self.steady(at), self.steady(shift), word_of(dtype)
                old = self.same_bits(self.fetch(of, at), word)
                hole = self.math.unary("~", self.math.binary("<<", Const(255, word), shift))
                byte = self.math.convert(value, DType.U8)
                new = self.math.binary("<<", self.math.convert(byte, word), shift)
                both = self.math.convert(self.math.binary("|", self.math.binary("&", old, hole), new), word)
                self.put(of, at, self.same_bits(both, dtype))
                if byte in self.byte_of:
                    self.byte_copies[self.out[-1]] = (of, index), self.byte_of[byte]
            case _:
                self.emit(Store(buffer, index, value, self.here))

    def emit(self, statement: Stmt) -> None:
        """Write a statement; one that takes the address of a view is written once for each buffer it may be."""
        name = self._viewed(statement) if self.views else None
        match None if name is None else self.views[name]:
            case Either(which, of):
                ways = []
                for one in of:
                    with self.captured() as inside:
                        self.emit(_renamed(statement, name or "", one))
                    ways.append(inside)
                self._by_choice(which, ways)
            case Bytes(of):
                raise self.unit.fault(
                    "XP1011", f"an intrinsic or atomic on a part of an element of `{of}`", self.here)
            case _:
                super().emit(statement)

    def _viewed(self, s: Stmt) -> str | None:
        if isinstance(s, Atomic):
            return s.buffer if s.buffer in self.views else None
        if isinstance(s, Intrinsic):
            given = (*s.args, s.result) if isinstance(s.result, Addr) else s.args
            return next((a.buffer for a in given if isinstance(a, Addr) and a.buffer in self.views), None)
        return None

    def _captured_put(self, name: str, index: Expr, value: Expr) -> list[Stmt]:
        with self.captured() as inside:
            self.put(name, index, value)
        return inside

    def _by_choice(self, which: Expr, ways: list[list[Stmt]]) -> None:
        rest = ways[-1]
        for k in reversed(range(len(ways) - 1)):
            cond = self._is(which, k)
            if isinstance(cond, Const):
                rest = ways[k] if cond.value else rest
            else:
                rest = [If(cond, tuple(ways[k]), tuple(rest), self.here)]
        self.out.extend(rest)

    def _is(self, which: Expr, k: int) -> Expr:
        return self.math.binary("==", which, int_const(k))

    def _split(self, index: Expr, each: int) -> tuple[Expr, Expr]:
        """An index in bytes as an element's, and the bits to shift it by."""
        whole = divided(self.math, index, each)
        if whole is not None:
            return self.math.index(whole), ZERO
        size = int_const(each)
        at = self.math.index(self.math.binary("/", index, size))
        return at, self.math.index(self.math.binary("*", self.math.binary("%", index, size), int_const(8)))

    # ------------------------------------------------------------ bits

    def same_bits(self, e: Expr, want: DType) -> Expr:
        """A value as another type of the same size."""
        if e.dtype == want:
            return e
        if e.dtype.is_float or want.is_float:
            if isinstance(e, Call) and e.name == f"bits.{want}.{e.dtype}":
                return e.args[0]
            return Call(f"bits.{e.dtype}.{want}", (e,), want)
        return self.math.convert(e, want)


def word_of(dtype: DType) -> DType:
    """The unsigned type of the same size."""
    return DType(f"u{max(dtype.bits, 8)}")


def _renamed(s: Stmt, old: str, new: str) -> Stmt:
    """The statement on another buffer."""

    def one(a: Expr) -> Expr:
        return replace(a, buffer=new) if isinstance(a, Addr) and a.buffer == old else a

    match s:
        case Atomic():
            return replace(s, buffer=new)
        case Intrinsic(args=args, result=result):
            renamed = one(result) if isinstance(result, Addr) else result
            return replace(s, args=tuple(map(one, args)), result=renamed)  # type: ignore[arg-type]
    return s


