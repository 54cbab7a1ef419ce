"""Addresses as numbers on the host: how memory is aligned, which launchers ask before they launch for wide loads."""

from __future__ import annotations

from xpiler.ir.nodes import Const
from xpiler.ir.types import DType
from xpiler.text.clang import Node
from xpiler.text.hosts.classes import HostClasses
from xpiler.text.hosts.objects import bare
from xpiler.text.reading.values import NULL, Pointer, Value

_ALIGNED = 256  # bytes: what a runtime's allocations are multiples of, CUDA C++ Programming Guide 5.3.2


class HostAddresses(HostClasses):
    """Reading `(uintptr_t)p % 16 == 0`, for memory that begins where the runtime's allocations do."""

    def start_host(self) -> None:
        super().start_host()
        self.aligned: set[str] = set()  # arrays of the caller that are taken to begin at such an address

    def value(self, n: Node) -> Value:
        if n.kind == "BINARY_OPERATOR" and n.binary in ("%", "&") and (found := self._beyond(n)) is not None:
            return found
        return super().value(n)

    def _beyond(self, n: Node) -> Const | None:
        """By how many bytes addresses go beyond a multiple of a power of two; None where that is not asked here."""
        left, right = n.children
        pointers = _addresses(left)
        by = self.scalar(right) if pointers else None
        if not isinstance(by, Const) or n.type.dtype is None:
            return None
        unit = int(by.value) + (n.binary == "&")
        found, names = 0, set()
        for p in map(self.value, pointers):
            if p == NULL:
                continue
            if not isinstance(p, Pointer) or not isinstance(p.index, Const):
                return None
            found |= int(p.index.value) * self.buffers[p.buffer].dtype.bytes
            names.add(p.buffer)
        if not 0 < unit <= _ALIGNED or unit & (unit - 1):
            return None
        self.aligned |= {name for name in names if name in self.hosts and self.hosts[name].param}
        return Const(found % unit, n.type.dtype if n.type.dtype.bits >= 32 else DType.I32)


def _addresses(n: Node) -> tuple[Node, ...]:
    """The pointers whose addresses, as numbers, an expression is, or the bits of all of them; () for any other."""
    inner = bare(n)
    if inner.type.kind == "pointer":
        return (inner,)
    if inner.kind == "BINARY_OPERATOR" and inner.binary == "|":
        parts = [_addresses(c) for c in inner.children]
        return tuple(p for part in parts for p in part) if all(parts) else ()
    return ()
