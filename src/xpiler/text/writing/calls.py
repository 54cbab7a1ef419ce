"""Calls of the IR in a platform's dialect: intrinsics, exchanges between lanes, atomics."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace

from xpiler.ir.nodes import (
    Addr, Alloc, Assign, Atomic, Binary, Call, Cast, Const, Expr, Intrinsic, Load, Select, Shuffle, Stmt,
    Store, Unary, Var,
)
from xpiler.ir.show import PRECEDENCE, PRIMARY
from xpiler.ir.types import DType
from xpiler.text.writing.expr import Spelled, Speller, type_of
from xpiler.text.writing.header import (
    VECTOR, Vocabulary, pointee, scalar, signature, unqualified, vocabulary,
)
from xpiler.text.writing.scope import Scope

INDENT = "    "
_SIZES = (2, 4, 5)  # the arguments of a bulk copy that are bytes: size, and strides if there are any


@dataclass
class Calls(ABC):
    """Writes the calls of one function into `lines`."""

    scope: Scope
    lines: list[str] = field(default_factory=list)
    depth: int = 1
    parallel: bool = False  # inside a loop whose iterations run at once
    masks: set[str] = field(default_factory=set)  # scalars that intrinsics take or give as masks
    used_next: set[str] = field(default_factory=set)  # results whose only use is in the next statement

    @property
    def spell(self) -> Speller:
        return Speller(self.scope)

    def put(self, text: str) -> None:
        self.lines += [INDENT * self.depth + line if line else "" for line in text.split("\n")]

    @abstractmethod
    def statement(self, s: Stmt, declare: Stmt | None = None) -> None:
        """Write any statement; `declare` is the declaration that it completes."""

    @abstractmethod
    def inside(self, stmts: tuple[Stmt, ...]) -> None:
        """Write the statements of a block."""

    def intrinsic(self, spell: Speller, s: Intrinsic, declare: Stmt | None) -> None:
        words = vocabulary(self.scope.platform)
        bare = re.sub(r"<.*>", "", s.name).rpartition("::")[2]
        if not words.knows(bare):
            raise spell.no(f"`{s.name}`", f"it is not an intrinsic of {self.scope.platform.title}")
        types = signature(s.key)
        args = [self._argument(spell, a, types.param(i), words) for i, a in enumerate(s.args)]
        if bare in self.scope.platform.copies and isinstance(s.args[0], Addr):
            for i in (n for n in _SIZES if n < len(args)):
                args[i] = self._bytes(spell, s.args[i], s.args[0].dtype) or args[i]
        call = f"{spell.spelling(s.name)}({', '.join(args)})"
        match s.result:
            case None:
                self.put(f"{call};")
            case Var(name, dtype):
                head = f"{self.scalar_type(spell, Var(name, dtype))} " if declare is not None else ""
                self.put(f"{head}{self.scope.names[name]} = {call};")
            case Addr(buffer, index) as target:
                if isinstance(declare, Alloc):
                    self.put(f"{spell.spelling(declare.buffer.ctype)} {self.scope.names[buffer]} = {call};")
                elif buffer in self.scope.aggregates:
                    self.put(f"{spell.aggregate(target)} = {call};")
                elif types.result and scalar(types.result) is None:
                    self.put(f"{self._as(spell, types.result, target)} = {call};")
                else:
                    self.put(f"{spell.element(buffer, index)} = {call};")

    def scalar_type(self, spell: Speller, var: Var) -> str:
        """What the type of a scalar is called where it is declared."""
        return self.scope.platform.masks[var.dtype] if var.name in self.masks else spell.ctype(var.dtype)

    def given(self, spell: Speller, var: Var, value: Expr) -> str:
        """What a scalar is given where it is declared."""
        return self.bits(spell, value, var.dtype) if var.name in self.masks else spell.value(value, var.dtype)

    def bits(self, spell: Speller, value: Expr, dtype: DType) -> str:
        """A value of that type; the number of a mask with the digits in which one sees its bits."""
        if isinstance(value, Const) and dtype in self.scope.platform.masks and value.value >= 0:
            return f"0x{int(value.value):x}"
        return spell.value(value, dtype)

    @staticmethod
    def _bytes(spell: Speller, size: Expr, dtype: DType) -> str:
        """A size in bytes that shows itself as a count of elements, spelled with `sizeof`; else ""."""
        match size:
            case Const(value) if value % dtype.bytes == 0:
                count: Expr = Const(int(value) // dtype.bytes, DType.I32)
            case Binary("*", a, Const(value)) | Binary("*", Const(value), a) if value == dtype.bytes:
                count = a
            case _:
                return ""
        text = spell.text(count, PRECEDENCE["*"])
        one = f"sizeof({spell.ctype(dtype)})"
        return "" if dtype.bytes == 1 else one if text == "1" else f"{text} * {one}"

    def _argument(self, spell: Speller, a: Expr, wanted: str, words: Vocabulary) -> str:
        match a:
            case Addr(buffer) if buffer in self.scope.aggregates:
                whole = spell.aggregate(a)
                return f"&{whole}" if pointee(wanted) else whole
            case Addr(buffer, index, dtype):
                pointer = spell.pointer(a)
                target = pointee(wanted)
                if target and target != "void" and "type-parameter" not in target and scalar(target) is not dtype:
                    const = "const " if re.match(r"const\b|.*\bconst \*$", wanted) else ""
                    return f"({const}{spell.spelling(target)}*){self._parenthesised(pointer)}"
                if target or not wanted or wanted.endswith("]"):
                    return pointer.text
                if scalar(wanted) is not None:
                    return spell.element(buffer, index)
                return self._as(spell, f"const {wanted}", a)
            case Const(value, dtype) if not dtype.is_float:
                enum = unqualified(wanted.removeprefix("enum "))
                prefix, _, last = enum.rpartition("::")
                name = words.enumerators.get(last, {}).get(int(value))
                if name is not None:
                    return spell.spelling(f"{prefix}::{name}") if prefix else name
        held = scalar(wanted)
        return self.bits(spell, a, held) if held is not None else spell.text(a)

    def _as(self, spell: Speller, ctype: str, a: Addr) -> str:
        """The aggregate of type `ctype` that lies at an element of a plain array."""
        if VECTOR in ctype:
            raise spell.no(f"`{self.scope.names[a.buffer]}` as a vector", "the vector type has no name")
        const = "const " if ctype.startswith("const ") else ""
        return f"*({const}{spell.spelling(unqualified(ctype))}*){self._parenthesised(spell.pointer(a))}"

    @staticmethod
    def _parenthesised(s: Spelled) -> str:
        return s.text if s.binds >= PRIMARY else f"({s.text})"

    def shuffle(self, spell: Speller, s: Shuffle, declare: Stmt | None) -> None:
        platform = self.scope.platform
        what = f"a {s.kind} exchange among {s.width} lanes"
        vote = s.kind in ("any", "all", "ballot", "active")
        if s.kind not in platform.shuffles:
            raise spell.no(what, f"{platform.title} has none")
        if s.width > platform.warp or (vote and s.warp != platform.warp):
            raise spell.no(what, f"a warp of {platform.title} has {platform.warp} lanes, not {s.warp}")
        template = platform.shuffles[s.kind]
        if s.width == platform.warp:
            template = template.replace(", {width}", "")
        mask: Expr = s.mask
        if isinstance(mask, Const) and s.warp != platform.warp:
            full = (1 << s.warp) - 1
            if int(mask.value) & full != full:
                raise spell.no(what, "its mask names lanes of another warp width")
            mask = Const((1 << platform.warp) - 1, DType.U32 if platform.warp == 32 else DType.U64)
        if isinstance(mask, Const):
            width = 1 << platform.warp
            mask = Const(int(mask.value) % width, DType.U32 if platform.warp == 32 else DType.U64)
        head = f"{spell.ctype(s.result.dtype)} " if declare is not None else ""
        call = spell.fill(template, mask=mask, value=s.value, lane=s.lane, width=s.width)
        if s.result.name in self.used_next:
            self.scope.inlined[s.result.name] = call
            return
        self.put(f"{head}{self.scope.names[s.result.name]} = {call};")

    def atomic(self, spell: Speller, s: Atomic, declare: Stmt | None) -> None:
        platform = self.scope.platform
        if platform.model == "serial":
            self._indivisible(spell, s)
            return
        dtype = self.element_type(s.buffer, s.value)
        what = f"an atomic {s.op} of {dtype}"
        if s.op == "sub" and dtype not in platform.atomic_types.get("sub", ()):
            s = replace(s, op="add", value=Unary("-", s.value, dtype))
        word = DType(f"u{max(dtype.bits, 8)}")
        kind = word if s.op == "cas" and dtype.is_float else dtype
        twin = DType(f"{'i' if dtype is word else 'u'}{word.bits}")
        signless = not dtype.is_float and s.op not in ("min", "max")  # either signedness does the same to the bits
        if signless and dtype not in platform.atomic_types.get(s.op, {dtype}):
            kind = twin
        if s.op not in platform.atomics or kind not in platform.atomic_types.get(s.op, {kind}):
            raise spell.no(what, f"{platform.title} has none")
        if s.result is not None and not platform.atomics_return:
            raise spell.no(what, f"{platform.title} does not give the old value back")
        pointer = spell.pointer(Addr(s.buffer, s.index, dtype))
        address = pointer.text if pointer.binds >= PRIMARY else f"&{spell.element(s.buffer, s.index)}"
        if s.op == "cas" and dtype.is_float and s.compare is not None:  # it compares bits
            address = f"({spell.ctype(word)}*){address if address.startswith('&') else f'({address})'}"
            bits = f"bits.{dtype}.{word}"
            value, compare = (spell.text(Call(bits, (e,), word)) for e in (s.value, s.compare))
            call = spell.fill(platform.atomics[s.op], address=address, value=value, compare=compare)
            call = spell.fill(platform.math[f"bits.{word}.{dtype}", word], _0=call)
        elif kind is not dtype:
            address = f"({spell.ctype(kind)}*){address if address.startswith('&') else f'({address})'}"
            value = spell.value(Cast(s.value, kind), kind)
            compare = "" if s.compare is None else spell.value(Cast(s.compare, kind), kind)
            call = spell.fill(platform.atomics[s.op], address=address, value=value, compare=compare)
        else:
            value = spell.value(s.value, dtype)
            compare = "" if s.compare is None else spell.value(s.compare, dtype)
            call = spell.fill(platform.atomics[s.op], address=address, value=value, compare=compare)
        head = f"{spell.ctype(s.result.dtype)} " if declare is not None and s.result is not None else ""
        result = "" if s.result is None else f"{head}{self.scope.names[s.result.name]} = "
        self.put(f"{result}{call};")

    def _indivisible(self, spell: Speller, s: Atomic) -> None:
        """An atomic of one thread is two statements; among parallel iterations a critical section."""
        dtype = self.element_type(s.buffer, s.value)
        old = Load(s.buffer, s.index, dtype)
        fetch: tuple[Stmt, ...] = () if s.result is None else (Assign(s.result, old, s.span),)
        new: Expr
        match s.op:
            case "exch":
                new = s.value
            case "cas" if s.compare is not None:
                new = Select(_same(old, s.compare, dtype), s.value, old, dtype)
            case "min" | "max":
                new = Call(s.op, (old, s.value), dtype)
            case _:
                op = {"add": "+", "sub": "-", "and": "&", "or": "|", "xor": "^"}[s.op]
                new = Binary(op, old, s.value, dtype)
        plain = s.op in ("add", "sub", "and", "or", "xor") and s.result is None
        if not self.parallel:
            for step in (*fetch, Store(s.buffer, s.index, new, s.span)):
                self.statement(step)
        elif plain and dtype not in (DType.F16, DType.BF16):
            self.put("#pragma omp atomic")
            self.statement(Store(s.buffer, s.index, new, s.span))
        else:
            self.put("#pragma omp critical")
            self.put("{")
            self.inside((*fetch, Store(s.buffer, s.index, new)))
            self.put("}")

    def element_type(self, buffer: str, value: Expr) -> DType:
        held = self.scope.buffers.get(buffer)
        return held.dtype if held is not None else type_of(value)


def _same(a: Expr, b: Expr, dtype: DType) -> Expr:
    """Whether two values have the same bits, as a compare-and-swap asks."""
    if not dtype.is_float:
        return Binary("==", a, b, DType.BOOL)
    word = DType(f"u{dtype.bits}")
    x, y = (Call(f"bits.{dtype}.{word}", (e,), word) for e in (a, b))
    return Binary("==", x, y, DType.BOOL)
