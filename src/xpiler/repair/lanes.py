"""What a function of registers makes of one lane, spelled in the names of another text.

`_mm512_fmadd_ps(a, b, c)` makes `a * b + c`, as its definition in the header says; what becomes of a lane by what
stands in another one is not spelled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from xpiler.ir.nodes import Buffer, Expr, For, Let, Load, Meaning, Store, Var
from xpiler.repair.wholes import operation
from xpiler.text.clang import Node

_RESULT = "result"  # what a meaning calls what a function returns


@dataclass(frozen=True)
class Lane:
    """One lane of what a call returns. `argument`: what is handed over, in the other text's names; `function`: what a
    function of so many numbers is called there."""

    argument: Callable[[Node], str | None]
    function: Callable[[str, int], str]

    def spelled(self, meaning: Meaning, call: Node) -> str | None:
        if len(meaning.body) != 1 or not isinstance(loop := meaning.body[0], For):
            return None
        *lets, last = loop.body
        if not isinstance(last, Store) or last.buffer != _RESULT or last.index != loop.var:
            return None
        given = dict(zip((p.name for p in meaning.params), call.arguments, strict=False))
        registers = {p.name for p in meaning.params if isinstance(p, Buffer)}
        bound = dict[str, Expr]()
        for s in lets:
            if not isinstance(s, Let) or s.value is None:
                return None
            bound[s.var.name] = s.value
        return self._text(last.value, loop.var, {k: v for k, v in given.items() if k in registers},
                          {k: v for k, v in given.items() if k not in registers}, bound)

    def _text(
        self, e: Expr, lane: Var, registers: Mapping[str, Node], numbers: Mapping[str, Node], bound: Mapping[str, Expr],
    ) -> str | None:
        def part(x: Expr) -> str | None:
            return self._text(x, lane, registers, numbers, bound)

        match e:
            case Load(buffer=name, index=index) if name in registers and index == lane:
                return self.argument(registers[name]) if registers[name].type.kind != "pointer" else None
            case Var(name=name) if name in bound:
                return part(bound[name])
            case Var(name=name) if name in numbers:
                return self.argument(numbers[name])
            case _:
                return operation(e, part, self.function)
