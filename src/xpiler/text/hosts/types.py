"""Memory of a host function that does not say what it holds: behind a `void*`, or numbers of the host that are halves.

It holds what its pointers are cast to on the way to kernels, and what it is copied from or to holds the same. That is
known once the function has been read, so it is read again with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from xpiler.fault import Fault
from xpiler.ir.nodes import Const, Expr, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import scalars_read, substitute_expr
from xpiler.text import sizes
from xpiler.text.clang import Node
from xpiler.text.ctype import CType
from xpiler.text.hosts.assign import HostAssignments
from xpiler.text.hosts.events import Device, Move, Ran, Touched
from xpiler.text.reading.untyped import IN_BYTES
from xpiler.text.reading.values import Pointer

_TRIED = range(16)  # values of a scalar that may choose a type


class HostTypes(HostAssignments):
    """What is seen of untyped memory while a function is read; `types` is what earlier readings found."""

    devices: dict[str, Device]
    events: list[Move | Ran | Touched]

    def start_host(self) -> None:
        super().start_host()
        self.types: Mapping[str, DType] = {}
        self.untyped: dict[str, Node] = {}
        self.under: tuple[Expr, ...] = ()  # the conditions of the branches around what is being read
        self._seen: dict[str, dict[DType, tuple[Expr, ...]]] = {}

    def type_of_untyped(self, name: str, n: Node) -> DType:
        """What untyped memory holds: bytes as long as that is not known."""
        if name not in self.types:
            self.untyped[name] = n
        return self.types.get(name, DType.U8)

    def pointing(self, p: Pointer, to: CType) -> Pointer:
        if p.buffer not in self.untyped or to.dtype is None:
            return super().pointing(p, to)
        if to.name not in IN_BYTES:
            self._seen.setdefault(p.buffer, {}).setdefault(to.dtype, self.under)
        return Pointer(p.buffer, p.index, to)

    @contextmanager
    def inside(self, condition: Expr) -> Iterator[None]:
        """Reading one side of a branch. Only a condition that stays what it is says anything behind it."""
        around = self.under
        self.under = (*around, condition) if self.stable(condition) else around
        try:
            yield
        finally:
            self.under = around

    @property
    def in_loop(self) -> bool:
        """Whether loops or branches that `under` does not tell of are around what is being read."""
        return self.depth > len(self.under)

    def without_type(self, n: Node) -> Fault:
        return self.fault("XP1009", "memory without an element type is not followed", n, "",
                          "a pointer to the elements' type instead of void*")

    # ------------------------------------------------------------ what was found

    def types_found(self) -> dict[str, DType]:
        """The types of untyped memory, as far as casts and copies decide them."""
        found = dict(self.types)
        for group in self._copied_together():
            typed = {self.hosts[n].dtype for n in group if n in self.hosts and n not in self.untyped}
            seen = self._seen_in(group) or dict.fromkeys(typed, ())
            if len(seen) == 1:
                (dtype,) = seen
                found |= {n: dtype for n in sorted(group) if n in self.untyped or self._is_words_for(n, dtype)}
        return found

    def _is_words_for(self, name: str, dtype: DType) -> bool:
        """Whether a caller's array has floats as integers of the same size."""
        host = self.hosts.get(name)
        words = host is not None and host.param and not host.dtype.is_float and dtype.is_float
        return words and host is not None and host.dtype.bits == dtype.bits

    def _seen_in(self, group: frozenset[str]) -> dict[DType, tuple[Expr, ...]]:
        """The types that memory copied from one to the other has on the device, each with the conditions of a cast."""
        found: dict[DType, tuple[Expr, ...]] = {}
        for name in sorted(group):
            if name in self.untyped:
                found = self._seen.get(name, {}) | found
            elif name in self.devices:
                found.setdefault(self.devices[name].dtype, ())
        return found

    def _copied_together(self) -> Iterator[frozenset[str]]:
        """Memory that is copied from one to the other, and so holds the same."""
        groups = {name: frozenset({name}) for name in (*self.hosts, *self.devices)}
        for e in self.events:
            if isinstance(e, Move) and e.src is not None:
                both = groups[e.dst.buffer] | groups[e.src.buffer]
                groups |= dict.fromkeys(both, both)
        yield from dict.fromkeys(groups.values())

    def type_chosen_late(self) -> Fault | None:
        """Untyped memory that holds one type or another, as the host decides when it runs."""
        for group in self._copied_together():
            seen, loose = self._seen_in(group), [n for n in self.untyped if n in group]
            if len(seen) > 1 and loose:
                common = set.intersection(*map(set, seen.values()))
                ways = [f"{given} for {t}" for t, c in seen.items() if (given := self._deciding(c, common))]
                return self.fault(
                    "XP1009", f"`{loose[0]}` holds {' or '.join(sorted(seen))}, as the host decides",
                    self.untyped[loose[0]], "in a translated file memory has elements of one type",
                    "; ".join(ways) or "a function for each of the types",
                )
        return None

    def _deciding(self, conditions: tuple[Expr, ...], common: set[Expr]) -> str:
        """The --let under which conditions hold, if one scalar decides those that are not common to all types."""
        deciding = {v for c in conditions if c not in common for v in scalars_read(c)}
        if len(deciding) != 1:
            return ""
        (var,) = deciding
        of_it = [c for c in conditions if scalars_read(c) == deciding]
        value = next((k for k in _TRIED if all(self._holds(c, var, k) for c in of_it)), None)
        return "" if value is None else f"--let {var.name}={value}"

    def _holds(self, condition: Expr, var: Var, value: int) -> bool:
        known = sizes.settled(self.math, substitute_expr(condition, {var: Const(value, var.dtype)}))
        return isinstance(known, Const) and bool(known.value)
