"""memcpy, memmove and memset in a kernel: copies and fills of elements, as wide as both sides allow."""

from __future__ import annotations

from collections.abc import Callable

from xpiler.ir.nodes import Const, Expr, For
from xpiler.ir.types import DType
from xpiler.text.arithmetic import ONE, ZERO, int_const
from xpiler.text.clang import Node
from xpiler.text.ctype import scalar
from xpiler.text.reading.lambdas import Lambdas
from xpiler.text.reading.values import Place, Pointer, Value
from xpiler.text.sizes import elements

_COPIES = frozenset({"memcpy", "memmove", "__builtin_memcpy", "__builtin_memmove"})
_FILLS = frozenset({"memset", "__builtin_memset"})
_UNROLLED = 4


class Bytes(Lambdas):
    """Reading calls that move or set bytes."""

    def moves_bytes(self, fn: Node) -> bool:
        """Whether a function without a body is one of C's that copy or fill memory."""
        return fn.body is None and fn.spelling in _COPIES | _FILLS

    def move_bytes(self, n: Node) -> Value:
        to, size = self.pointer(n.arguments[0]), self.scalar(n.arguments[2])
        if n.spelling in _FILLS:
            self._fill_bytes(to, self.scalar(n.arguments[1]), size, n)
        else:
            self._copy_bytes(to, self.pointer(n.arguments[1]), size, n)
        return to

    def _copy_bytes(self, to: Pointer, source: Pointer, size: Expr, n: Node) -> None:
        a, b = self.buffers[to.buffer].dtype, self.buffers[source.buffer].dtype
        unit = a if a == b else DType(f"u{max(a.bits, b.bits, 8)}")
        if isinstance(size, Const) and int(size.value) % unit.bytes:
            raise self.fault("XP1011", f"a part of an element of `{to.buffer}` is copied", n)

        def one(k: Expr) -> None:
            self.store(self._unit(to, unit, k), self.load(self._unit(source, unit, k), n), n)

        self._each(elements(self.math, size, unit.bytes), one)

    def _fill_bytes(self, to: Pointer, byte: Expr, size: Expr, n: Node) -> None:
        unit = self.buffers[to.buffer].dtype
        if byte != Const(0, byte.dtype) and unit.bits > 8 and not isinstance(byte, Const):
            raise self.unsupported(n, f"filling `{to.buffer}`, of {unit}, with bytes that are not constant,")
        word = DType(f"u{max(unit.bits, 8)}")
        each = byte
        if isinstance(byte, Const):
            each = Const((int(byte.value) & 255) * (((1 << word.bits) - 1) // 255), word)

        def one(k: Expr) -> None:
            at = self._unit(to, unit, k)
            if each == Const(0, word) or unit.bits == 8:
                self.store(at, self.math.convert(each, unit), n)
            else:
                self.store(Place(at.buffer, at.index, scalar(word)), each, n)

        self._each(elements(self.math, size, unit.bytes), one)

    def _unit(self, p: Pointer, unit: DType, k: Expr) -> Place:
        """Unit number k behind a pointer."""
        step = max(unit.bytes // self.buffers[p.buffer].dtype.bytes, 1)
        index = self.math.add(p.index, self.math.binary("*", k, int_const(step)))
        return Place(p.buffer, index, scalar(unit))

    def _each(self, count: Expr, one: Callable[[Expr], None]) -> None:
        if isinstance(count, Const) and int(count.value) <= _UNROLLED:
            for k in range(int(count.value)):
                one(int_const(k))
            return
        var = self.variable("i", DType.I32)
        self.math.counters.add(var.name)
        with self.captured() as body:
            one(var)
        self.emit(For(var, ZERO, self.math.index(count), ONE, tuple(body), "serial", self.here))
