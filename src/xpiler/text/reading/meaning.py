"""What intrinsics mean: their bodies in a platform's header, as IR."""

from __future__ import annotations

from collections.abc import Mapping

from xpiler.ir.nodes import Buffer, Meaning, Var
from xpiler.ir.types import DType
from xpiler.platforms.platform import Platform
from xpiler.text.arithmetic import ZERO, int_const
from xpiler.text.clang import Node, Unit
from xpiler.text.ctype import CType
from xpiler.text.inline import returned_local
from xpiler.text.reading.base import Target
from xpiler.text.reading.kernel import KernelReader
from xpiler.text.reading.values import Nothing, Place


class MeaningReader(KernelReader):
    """Reads one intrinsic's body; calls of other intrinsics inside it are expanded."""

    def __init__(self, unit: Unit, platform: Platform, fn: Node) -> None:
        super().__init__(unit, platform, fn)
        self.expand_intrinsics = True

    def meaning(self) -> Meaning:
        where = self.fn
        body = where.body
        self.functions.append(where)
        self.study(where)
        for p in where.params:
            self._parameter(p)
        params = tuple(self.params)
        result = self._result(where.result)
        if body is None:
            return Meaning(where.qualified, where.signature, params, result, ())
        statements = body.children
        target = Target(where.result)
        if isinstance(result, Var):
            target.result = result
            self.moving.add(result.name)
        elif isinstance(result, Buffer):
            target.result = Place(result.name, ZERO, where.result)
            self._own(statements, target.result)
        self.targets.append(target)
        with self.captured() as inner:
            self._unpack(where)
            self.sequence(statements)
        return Meaning(
            where.qualified, where.signature, tuple(self._sealed(p, tuple(inner)) for p in params),
            result, (*self.tables, *inner),
        )

    def _own(self, statements: tuple[Node, ...], place: Place) -> None:
        """A local that is returned whole is the result itself."""
        local = returned_local(statements[-1]) if statements else None
        if local is not None:
            self.env[local.key] = place

    def _result(self, ctype: CType) -> Buffer | Var | None:
        if ctype.dtype is None:
            return None
        name = self.fresh("result")
        if ctype.is_scalar:
            return Var(name, ctype.dtype)
        buffer = Buffer(name, ctype.dtype, int_const(ctype.count), "local", self.spelled(ctype))
        self.buffers[name] = buffer
        return buffer

    def _parameter(self, p: Node) -> None:
        ctype = p.type
        if ctype.is_aggregate or ctype.reference and ctype.dtype is not None:
            assert ctype.dtype is not None, "an aggregate has a scalar type"
            name = self.fresh(p.spelling or "arg")
            const = ctype.const or not ctype.reference
            spelled = self.spelled(ctype)
            buffer = Buffer(name, ctype.dtype, int_const(ctype.count), "local", spelled, const)
            self.buffers[name] = buffer
            self.params.append(buffer)
            self.env[p.key] = Place(name, ZERO, ctype)
            return
        if ctype.kind == "pointer" and ctype.inner is not None and ctype.inner.dtype is None:
            self.params.append(Buffer(self.fresh(p.spelling or "arg"), DType.U8, None, "global"))
            self.env[p.key] = Nothing(ctype.name)
            return
        super()._parameter(p)

    def _unpack(self, where: Node) -> None:
        """By-value aggregates that the body changes are copied first."""
        for p in where.params:
            found = self.env.get(p.key)
            if isinstance(found, Place) and not p.type.reference and p.key in self.mutated:
                copy = self.allocate(p.spelling, p.type)
                self.copy(copy, found, p)
                self.env[p.key] = copy
        super()._unpack(where)


def meanings(
    unit: Unit, platform: Platform, found: Mapping[tuple[str, str], Node]
) -> tuple[Meaning, ...]:
    """The meanings of these intrinsics."""
    return tuple(MeaningReader(unit, platform, fn).meaning() for fn in found.values())
