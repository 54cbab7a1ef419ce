"""Assignments of a host function: what straight-line code computes is kept as values, not as statements."""

from __future__ import annotations

from xpiler.ir.nodes import Assign, Const, Expr, Let, Var
from xpiler.ir.types import DType
from xpiler.text.arithmetic import ZERO
from xpiler.text.clang import Node
from xpiler.text.hosts.addresses import HostAddresses
from xpiler.text.hosts.bearing import changed, declared
from xpiler.text.hosts.objects import bare, cell_name
from xpiler.text.hosts.values import UNKNOWN, UNSET, Address, Alias, Bag, Cell, Container
from xpiler.text.reading.values import Items, Lvalue, Nothing, Place, Pointer, Raw, Roaming, Slot, Value

_STEPS = {"x++": "+", "++x": "+", "x--": "-", "--x": "-"}


class HostAssignments(HostAddresses):
    """Reading assignments of the host."""

    # ------------------------------------------------------------ assignment

    def _rebinds(self, cell: Cell) -> bool:
        """Whether a variable may simply stand for a new value here: nothing between it and here may be skipped."""
        return self.level.get(cell.key, 0) == self.depth

    def value(self, n: Node) -> Value:
        """An assignment's value is what the variable then holds."""
        made = n.kind == "COMPOUND_ASSIGNMENT_OPERATOR" or n.kind == "BINARY_OPERATOR" and n.binary == "="
        if not made:
            return super().value(n)
        found = self.compound(n) if n.kind == "COMPOUND_ASSIGNMENT_OPERATOR" else self.assign(n)
        return self.value(n.children[0]) if found == self._nowhere else self.loaded(found, n)

    def assign(self, n: Node) -> Lvalue:
        left, right = n.children
        cell = self.cell(left)
        if cell is not None and left.type.kind in ("pointer", "scalar", "opaque", "record"):
            source = self.cell(right) if left.type.kind == "record" else None
            if source is not None and isinstance(held := self.in_cell(source), Bag):
                self.set_cell(cell, held)
                return self._nowhere
            if self._set_cell_from(cell, left, right):
                return self._nowhere
        return super().assign(n)

    def _set_cell_from(self, cell: Cell, left: Node, right: Node) -> bool:
        v = self.value(right)
        if left.type.kind == "pointer":
            inner = left.type.inner
            if isinstance(v, Raw) and inner is not None:
                v = self._array_of(cell_name(left), v, inner)  # type: ignore[assignment]
            if isinstance(v, Pointer) and inner is not None and inner.dtype is not None:
                v = Pointer(v.buffer, v.index, inner)
            if not isinstance(v, Pointer | Nothing) or isinstance(self.env.get(cell.key), Roaming):
                return False
            self.set_cell(cell, v)
            return True
        return self._set_scalar(cell, left, v)

    def _set_scalar(self, cell: Cell, left: Node, v: Value) -> bool:
        if isinstance(v, Pointer | Place | Items | Raw) or not left.type.is_scalar:
            return isinstance(v, Nothing)
        if bare(left).is_enum or isinstance(v, Nothing):
            self.set_cell(cell, v if isinstance(v, Nothing) or isinstance(v, Expr) and self.stable(v) else ZERO)
            return True
        e = self.math.convert(self.scalar_of(v, left), left.type.dtype or DType.I32)
        held = self.in_cell(cell)
        if isinstance(held, Slot) and not (self._rebinds(cell) and not cell.path):
            self.emit(Assign(held.var, self.math.convert(e, held.var.dtype), self.here))
            return True
        if not self._rebinds(cell) and not cell.path:
            return False
        self.set_cell(cell, e if self.stable(e) else Slot(self.kept(e, cell_name(left))))
        return True

    def compound(self, n: Node) -> Lvalue:
        left, right = n.children
        cell = self.cell(left)
        if cell is not None and left.type.is_scalar:
            old = self.in_cell(cell)
            if isinstance(old, Slot) and not self._aliased(left):
                return super().compound(n)
            if old is not None and not isinstance(old, Bag | Container | Address | Alias):
                v = self.loaded(old, n)
                if isinstance(v, Nothing):
                    return self._nowhere
                e = self.math.binary(n.binary[:-1], self.scalar_of(v, left), self.scalar(right))
                if self._set_scalar(cell, left, e):
                    return self._nowhere
        return super().compound(n)

    def step(self, n: Node, keep: bool) -> Value:
        cell = self.cell(n.children[0])
        held = None if cell is None else self.in_cell(cell)
        if cell is None or held is None or isinstance(held, Bag | Container | Address | Alias | Roaming):
            return super().step(n, keep)
        if isinstance(held, Slot) and not self._aliased(n.children[0]):
            return super().step(n, keep)
        v = self.loaded(held, n)
        if isinstance(v, Pointer | Place | Items | Raw | Nothing) or not n.type.is_scalar:
            return super().step(n, keep)
        e = self.scalar_of(v, n)
        e = self.kept(e, cell_name(n.children[0])) if isinstance(held, Slot) else e
        one = Const(1.0 if e.dtype.is_float else 1, e.dtype)
        new = self.math.convert(self.math.binary(_STEPS[n.unary], e, one), e.dtype)
        if not self._set_scalar(cell, n.children[0], new):
            return super().step(n, keep)
        return e if keep else new

    @property
    def _nowhere(self) -> Slot:
        return Slot(Var("unused", DType.I32))

    # ------------------------------------------------------------ what cannot be followed

    def changes(self, n: Node) -> set[int]:
        """The variables a statement may change, those it knows by another name or by their address too."""
        keys = set(self.unit.once(changed, n))
        for key in (*keys, *declared(n)):
            thing = self.objects.get(key)
            if isinstance(thing, Address) or isinstance(thing, Alias) and key in keys:
                keys.add(thing.cell.key)
        return keys

    def forget(self, keys: set[int], nodes: dict[int, Node]) -> None:
        """Variables whose values only running the host would give: scalars, pointers and structures."""
        for key in sorted(keys, key=self._order):
            thing = self.objects.get(key)
            if isinstance(thing, Alias):
                self._forget_cell(thing.cell)
            elif isinstance(thing, Address):
                self.objects.pop(key)
                self.env[key] = Nothing(UNKNOWN)
            elif isinstance(thing, Bag):
                self.objects[key] = Bag()
            elif thing is None and (decl := nodes.get(key) or self.unit.known(key)) is not None:
                self._forget_variable(key, decl)

    def _order(self, key: int) -> tuple[int, int]:
        """Where a variable is declared: readings do not depend on the numbers that a run gives declarations."""
        decl = self.unit.known(key)
        return (0, key) if decl is None else (decl.offset, 0)

    def _forget_cell(self, cell: Cell) -> None:
        """What a reference stood for."""
        held = self.in_cell(cell)
        if isinstance(held, Bag):
            self.set_cell(cell, Bag())
        elif held is not None and not isinstance(held, Container | Place):
            self.set_cell(cell, Nothing(UNKNOWN))

    def _forget_variable(self, key: int, decl: Node) -> None:
        held = self.env.get(key)
        if decl.type.kind == "pointer" and not decl.type.reference:
            if isinstance(held, Pointer | Roaming):
                self.env[key] = Nothing(UNKNOWN)
            return
        if not decl.type.is_scalar or decl.type.dtype is None or decl.is_enum or isinstance(held, Place | Pointer):
            return
        if self.is_main and self._rebinds(Cell(key)):
            var = Var(self.fresh(decl.spelling), decl.type.dtype)
            self.free.append(var)
            self.env[key] = var
        else:
            self.env[key] = Nothing(UNKNOWN)

    def open_scalars(self, keys: set[int], nodes: dict[int, Node]) -> None:
        """Scalars that change inside a loop or branch become variables before it."""
        for key in sorted(keys, key=self._order):
            held, decl = self.env.get(key), nodes.get(key) or self.unit.known(key)
            if decl is None or not decl.type.is_scalar or decl.type.dtype is None or decl.is_enum:
                continue
            if held is None and key not in self.objects and not decl.is_local and decl.in_text:
                held = self.foreign(decl, decl)
            if key in self.objects or isinstance(held, Slot | Place | Pointer | Items | Roaming | Raw) or held is None:
                continue
            if isinstance(held, Nothing) and held.what != UNSET:
                continue
            value = held if isinstance(held, Expr) else None
            var = Var(self.fresh(decl.spelling), decl.type.dtype)
            self.emit(Let(var, value, self.here))
            self.moving.add(var.name)
            self.env[key] = Slot(var)
