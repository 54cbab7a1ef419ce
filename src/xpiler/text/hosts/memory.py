"""Device memory of a host function: allocations, copies, fills and symbols, noted as they are met."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from xpiler.ir.nodes import Addr, Buffer, Const, Expr, Launch, Var
from xpiler.ir.types import DType
from xpiler.text import sizes
from xpiler.text.arithmetic import ONE, ZERO, int_const
from xpiler.text.clang import Node
from xpiler.text.hosts.bearing import bears
from xpiler.text.hosts.events import ON_DEVICE, TO_DEVICE, TO_HOST, Device, End, Move, Ran, Touched
from xpiler.text.hosts.objects import bare
from xpiler.text.hosts.types import HostTypes
from xpiler.text.hosts.values import Address, Bag, Cell, HostArray
from xpiler.text.reading.values import Nothing, Place, Pointer, Slot, Value


class HostMemory(HostTypes):
    """Reading calls of the runtime that move and make memory."""

    def start_host(self) -> None:
        super().start_host()
        self.devices: dict[str, Device] = {}
        self.events: list[Move | Ran | Touched] = []
        self.symbols: dict[int, str] = {}  # declaration of a file's variable -> its hidden device buffer

    def _primitive(self, name: str, fn: Node, n: Node, used: bool) -> Value:
        group, _, kind = name.partition(".")
        if group != "host":
            return super()._primitive(name, fn, n, used)
        done: Value = Nothing() if n.type.dtype is None else Const(0, n.type.dtype)
        actions: dict[str, Callable[[Node], None]] = {
            "malloc": self._malloc, "managed": self._managed, "pinned": self._pinned, "pitch": self._pitch,
            "copy": self._copy, "rows": self._copy_rows, "fill": self.fill,
            "fill2": lambda n: self.fill(n, 2), "fill4": lambda n: self.fill(n, 4),
            "to_symbol": self._to_symbol, "from_symbol": self._from_symbol, "symbol_address": self._symbol_address,
            "properties": self._properties,
        }
        if kind in actions:
            actions[kind](n)
        elif kind.startswith("gives:"):
            for a, text in zip(n.arguments, kind.removeprefix("gives:").split(","), strict=False):
                self._give_number(a, int(text))
        elif kind.startswith("attribute:"):
            self._give_number(n.arguments[0], self._attribute(n.arguments[1], kind.removeprefix("attribute:")))
        elif kind.startswith("quotient:"):
            by = self.scalar(n.arguments[2])
            whole, each = int(kind.removeprefix("quotient:")), int(by.value) if isinstance(by, Const) else 0
            self._give_number(n.arguments[0], whole // each if each > 0 else None)
        elif kind == "assert" and bears(n):  # assert(hipMalloc(...) == hipSuccess)
            self.value(n.arguments[0])
        elif kind == "asks":
            self._give_number(n.arguments[0], None)
        return done

    # ------------------------------------------------------------ making memory

    def _target(self, n: Node) -> tuple[Cell, str, Node]:
        """The variable an allocation is put into, its name, and an expression of its type."""
        cell, inner = self.pointed(n), bare(n)
        if inner.kind == "UNARY_OPERATOR" and inner.unary == "&":
            inner = bare(inner.children[-1])
        if cell is None:
            raise self.fault(
                "XP1009", "the pointer that gets this memory is not a plain variable", n,
                "allocations are followed through variables, members and elements with known indices",
                "a variable of its own for each allocation",
            )
        return cell, self.named(cell, inner.spelling) or "device", inner

    def _new_device(self, name: str, dtype: DType, extent: Expr, symbol: str = "") -> str:
        self.devices[name] = Device(name, dtype, extent, symbol=symbol)
        self.buffers[name] = Buffer(name, dtype, extent)
        return name

    def _malloc(self, n: Node) -> None:
        if len(n.arguments) < 2:
            raise self.fault("XP1009", "memory allocated on the host is not followed", n)
        self._allocated(n, n.arguments[0], self.scalar(n.arguments[1]))

    def _allocated(self, n: Node, target: Node, size: Expr, of_host: bool = False) -> None:
        cell, stem, node = self._target(target)
        ctype = node.type
        inner = ctype.inner
        if inner is not None and inner.kind == "pointer":  # T** that a function was given
            ctype = inner
            inner = inner.inner
        if inner is None or inner.dtype is None and (of_host or inner.kind != "void"):
            raise self.without_type(n)
        if of_host and inner.dtype is not None:
            name = self.new_array(stem, inner.dtype, sizes.elements(self.math, size, inner.dtype.bytes))
        else:
            name = self.fresh(stem)
            dtype = inner.dtype or self.type_of_untyped(name, n)
            self._new_device(name, dtype, sizes.elements(self.math, size, dtype.bytes))
        self.set_cell(cell, Pointer(name, ZERO, inner))

    def _managed(self, n: Node) -> None:
        known = set(self.devices)
        self._malloc(n)
        for name in set(self.devices) - known:
            self.devices[name].managed = True

    def _pinned(self, n: Node) -> None:
        self._allocated(n, n.arguments[0], self.scalar(n.arguments[1]), of_host=True)

    def _pitch(self, n: Node) -> None:
        width = self.math.convert(self.scalar(n.arguments[2]), DType.I32)
        up = self.math.binary("/", self.math.binary("+", width, int_const(511)), int_const(512))
        pitch = self.math.binary("*", up, int_const(512))
        cell = self.pointed(n.arguments[1])
        if cell is not None:
            self.set_cell(cell, self.math.convert(pitch, DType.U64))
        self._allocated(n, n.arguments[0], self.math.binary("*", pitch, self.scalar(n.arguments[3])))

    def _give_number(self, n: Node, value: int | None) -> None:
        cell = self.pointed(n)
        if cell is None:
            return
        if value is None:
            known = {x.referenced.key: x.referenced for x in n.walk() if x.referenced is not None}
            self.forget({cell.key}, known)
            return
        dtype = bare(n).type.inner.dtype if bare(n).type.inner is not None else None  # type: ignore[union-attr]
        self.set_cell(cell, Const(value, dtype or DType.I32))

    def _attribute(self, which: Node, told: str) -> int | None:
        """What a number says of the device, of those that its header has answers for."""
        asked, answers = self.scalar(which), dict(each.split("=") for each in told.split(","))
        found = answers.get(str(asked.value)) if isinstance(asked, Const) else None
        return self.platform.warp if found == "warp" else None if found is None else int(found)

    def _properties(self, n: Node) -> None:
        """The members of the device's description that its declaration gives numbers for."""
        cell = self.pointed(n.arguments[0])
        inner = bare(n.arguments[0])
        if cell is None or inner.kind != "UNARY_OPERATOR":
            return
        made = Bag()
        for name, value in inner.children[-1].member_defaults:
            known = value.constant
            if known is not None and value.type.dtype is not None and value.type.is_scalar:
                made = made.put((name,), Const(int(known), value.type.dtype))
        self.objects[cell.key] = made

    # ------------------------------------------------------------ copies

    def _note_move(
        self, node: Node, dst: End, src: End | None, count: Expr, rows: Expr = ONE, value: Expr | None = None,
        fill: bool = False, direction: str = "",
    ) -> None:
        mark = f"?{len(self.events)}"
        while any(isinstance(e, Move) and e.mark == mark for e in self.events):
            mark += "'"
        self.events.append(
            Move(mark, dst, src, count, rows, value, self.under, self.in_loop, node, fill, direction))
        dtype = self.buffers[dst.buffer].dtype
        self.emit(Launch(mark, (Addr(dst.buffer, ZERO, dtype),), self.here))

    def _copy_end(self, n: Node) -> End | Expr | Cell:
        """Where a copy begins or ends: in a buffer, or a variable of the host (its value where that is known)."""
        address = self.pointed(n)
        if address is not None:
            held = self.in_cell(address)
            if held is not None and not isinstance(held, Bag) and not isinstance(held, Place):
                inside = self._element_of(n)
                if inside is not None:
                    return inside
                if isinstance(held, Slot):
                    return held.var
                return address if isinstance(held, Nothing) else self._number(held, n) or address
        p = self.value(n)
        if isinstance(p, Pointer):
            return End(p.buffer, self.math.index(p.index))
        raise self.fault("XP1009", "a copy from or to here is not followed", n,
                         "it is neither device memory nor an array of the host that is known here")

    def _element_of(self, n: Node) -> End | None:
        inner = bare(n)
        if inner.kind == "UNARY_OPERATOR" and bare(inner.children[-1]).kind == "ARRAY_SUBSCRIPT_EXPR":
            p = self.value(n)
            return End(p.buffer, self.math.index(p.index)) if isinstance(p, Pointer) else None
        return None

    def _number(self, held: object, n: Node) -> Expr | None:
        if isinstance(held, Const | Var):
            return held
        return None if isinstance(held, Pointer | Address) else held  # type: ignore[return-value]

    def _copy(self, n: Node) -> None:
        self._moved(n, n.arguments[0], n.arguments[1], self.scalar(n.arguments[2]), None)

    def _copy_rows(self, n: Node) -> None:
        a = n.arguments
        pitches = (self.scalar(a[1]), self.scalar(a[3]), self.scalar(a[5]))
        self._moved(n, a[0], a[2], self.scalar(a[4]), pitches)

    def _moved(
        self, n: Node, to: Node, from_: Node, size: Expr, rows: tuple[Expr, Expr, Expr] | None
    ) -> None:
        dst, src = self._copy_end(to), self._copy_end(from_)
        direction = _direction(n)
        if not isinstance(dst, End):
            self._to_variable(n, dst, src, to, direction)
            return
        dtype = self.buffers[dst.buffer].dtype
        if not isinstance(src, End):
            if isinstance(src, Cell):
                raise self.fault("XP1009", "the value of this variable is not known", from_, try_="a constant value")
            value = src if src.dtype == dtype else self.math.convert(src, dtype)
            self._note_move(n, dst, None, ONE, value=value)
            return
        if self.buffers[src.buffer].dtype.bytes != dtype.bytes and not self.untyped.keys() & {dst.buffer, src.buffer}:
            held = self.buffers[src.buffer].dtype
            raise self.fault("XP1009", f"a copy between {held} and {dtype} is not followed", n)
        self._directed(n, dst, src, direction)
        count = sizes.narrowed(self.math, sizes.elements(self.math, size, dtype.bytes))
        if rows is None:
            self._note_move(n, dst, src, count, direction=direction)
            return
        strides = [sizes.narrowed(self.math, sizes.elements(self.math, p, dtype.bytes)) for p in rows[:2]]
        self._note_move(n, replace(dst, stride=strides[0]), replace(src, stride=strides[1]), count,
                   sizes.narrowed(self.math, rows[2]), direction=direction)

    def _directed(self, n: Node, dst: End, src: End, direction: str) -> None:
        """A direction that the places do not bear out: the vendor's runtime would answer with an error."""
        on = dst.buffer in self.devices, src.buffer in self.devices
        params = [self.hosts[e.buffer].param for e in (dst, src) if e.buffer in self.hosts]
        said = {TO_DEVICE: (True, False), TO_HOST: (False, True), ON_DEVICE: (True, True)}
        wanted = next((v for names, v in said.items() if direction.endswith(names)), None)
        if wanted is None or wanted == on or any(params) and not self.is_main:
            return
        raise self.fault(
            "XP1009", "a copy between these places is not followed", n,
            f"the direction says {direction}, but `{dst.buffer}` is on the {'device' if on[0] else 'host'} and "
            f"`{src.buffer}` on the {'device' if on[1] else 'host'}", "the direction that fits",
        )

    def _to_variable(self, n: Node, dst: Expr | Cell, src: End | Expr | Cell, to: Node, direction: str) -> None:
        """A copy into a scalar of the host: an output of one element where the launcher is made from main."""
        cell = dst if isinstance(dst, Cell) else self.pointed(to)
        if cell is None or not isinstance(src, End):
            raise self.fault("XP1009", "a copy from or to here is not followed", n)
        inner = bare(to)
        ctype = inner.children[-1].type if inner.kind == "UNARY_OPERATOR" else inner.type.inner or inner.type
        if self.is_main and ctype.dtype is not None and not self.depth:
            name = self.new_array(bare(inner.children[-1]).spelling or "result", ctype.dtype, ONE)
            self._note_move(n, End(name, ZERO), src, ONE)
        self.set_cell(cell, Nothing("what the device computed"))

    def fill(self, n: Node, width: int = 1, direction: str = "") -> None:
        """A fill with a byte, or an element of `width` equal bytes; of the host's memory where `direction` says so."""
        dst, value = self._copy_end(n.arguments[0]), self.scalar(n.arguments[1])
        if not isinstance(dst, End) or not isinstance(value, Const):
            raise self.fault("XP1009", "this fill is not followed", n, "its place or its byte is not known")
        whole, one = int(value.value) % 256**width, int(value.value) % 256
        if width > 1 and whole.to_bytes(width, "little") != bytes([one]) * width:
            raise self.fault("XP1009", "this fill is not followed", n, "its element is not made of equal bytes")
        dtype = self.buffers[dst.buffer].dtype
        size = self.scalar(n.arguments[2])
        if width > 1:
            size = self.math.binary("*", size, Const(width, size.dtype))
        count = sizes.narrowed(self.math, sizes.elements(self.math, size, dtype.bytes))
        self._note_move(n, dst, None, count, value=value if width == 1 else Const(one, DType.I32), fill=True,
                        direction=direction)

    # ------------------------------------------------------------ variables of the file

    def symbol_buffer(self, decl: Node) -> str:
        """The hidden device buffer of a variable of the file."""
        if decl.key not in self.symbols:
            assert decl.type.dtype is not None, "the caller has checked"
            extent = int_const(max(decl.type.count, 1))
            name = self._new_device(self.fresh(decl.spelling), decl.type.dtype, extent, decl.spelling)
            self.symbols[decl.key] = name
            self.devices[name].start = self._initial_values(decl)
            if not self.devices[name].start:
                self.devices[name].fill = 0
        return self.symbols[decl.key]

    def _initial_values(self, decl: Node) -> tuple[Expr, ...]:
        init, dtype = decl.initializer, decl.type.dtype
        if init is None or dtype is None:
            return ()
        if init.kind == "INIT_LIST_EXPR":
            return self.items(init).items
        known = decl.constant
        return () if known is None else (Const(float(known) if dtype.is_float else int(known), dtype),)

    def _symbol_of(self, n: Node) -> str:
        inner = bare(n)
        if inner.kind == "UNARY_OPERATOR" and inner.unary == "&":
            inner = bare(inner.children[-1])
        decl = inner.referenced
        if inner.kind != "DECL_REF_EXPR" or decl is None or decl.type.dtype is None:
            raise self.fault("XP1009", "this symbol is not followed", n, "it is not a variable of the file")
        return self.symbol_buffer(decl)

    def _symbol_copy(self, n: Node, symbol: Node, other: Node, into: bool) -> None:
        name = self._symbol_of(symbol)
        dtype = self.devices[name].dtype
        size = sizes.narrowed(self.math, sizes.elements(self.math, self.scalar(n.arguments[2]), dtype.bytes))
        given = n.arguments[3] if len(n.arguments) > 3 else None
        written = given is not None and (given.children or given.constant is not None)
        offset = self.scalar(given) if written and given is not None else ZERO
        at = End(name, sizes.narrowed(self.math, sizes.elements(self.math, offset, dtype.bytes)))
        end = self._copy_end(other)
        if into and isinstance(end, End):
            self._note_move(n, at, end, size)
        elif into and not isinstance(end, Cell):
            assert not isinstance(end, End), "the caller has checked"
            self._note_move(n, at, None, ONE, value=self.math.convert(end, dtype))
        elif not into and isinstance(end, End):
            self._note_move(n, end, at, size)
        elif not into:
            assert not isinstance(end, End), "the case before this one"
            self._to_variable(n, end, at, other, "")
        else:
            raise self.fault("XP1009", "the value of this variable is not known", other)

    def _to_symbol(self, n: Node) -> None:
        self._symbol_copy(n, n.arguments[0], n.arguments[1], True)

    def _from_symbol(self, n: Node) -> None:
        self._symbol_copy(n, n.arguments[1], n.arguments[0], False)

    def _symbol_address(self, n: Node) -> None:
        cell, _, node = self._target(n.arguments[0])
        inner = node.type.inner
        name = self._symbol_of(n.arguments[1])
        if inner is not None:
            self.set_cell(cell, Pointer(name, ZERO, inner))

    # ------------------------------------------------------------ what became of the arrays

    def as_param(self, name: str) -> HostArray:
        """A host array that becomes a parameter of the launcher."""
        array = replace(self.hosts[name], param=True)
        self.hosts[name] = array
        return array


def _direction(n: Node) -> str:
    return next(
        (c.spelling for a in n.arguments[3:] for c in a.walk()
         if c.kind == "DECL_REF_EXPR" and c.referenced is not None and c.referenced.kind == "ENUM_CONSTANT_DECL"), "",
    )
