"""What a call on whole arrays makes of one element, spelled in the names of another text.

`__bang_mul(y, x, w, n)` makes `x * w`, as its definition in the header says. What was in an array when the call read it
is a variable or an element of the other text that has the same values, or what the call before made of others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from xpiler.ir.nodes import Binary, Call, Cast, Const, Expr, For, Load, Meaning, Select, Stmt, Store, Unary, Var
from xpiler.repair.divergence import Told, Values
from xpiler.repair.instrument import Role, Watched, outputs, root
from xpiler.text.clang import Node
from xpiler.text.sites import Sites

DEPTH = 8  # calls one before the other
OPERATORS = ("+", "-", "*", "/", "<", ">", "<=", ">=", "==", "!=", "&&", "||")


@dataclass(frozen=True)
class _Made:
    """A call that changes an array: what it left there, itself, and what the header says it does."""

    told: Told
    into: int
    node: Node
    meaning: Meaning


@dataclass
class Wholes:
    """The calls of a right text. `counterpart`: a variable or element of the other text with some values; `scalar`: a
    number that is handed over, in its names; `function`: what a function of so many numbers is called there."""

    at: Sites
    places: Mapping[int, tuple[Told, Watched]]
    counterpart: Callable[[Values], str | None]
    scalar: Callable[[Node], str | None]
    function: Callable[[str, int], str]
    given: Callable[[str], Values | None]  # what the caller hands over under a name

    def spelled(self, w: Watched) -> str | None:
        """What the call at a place makes."""
        n = next((n for n, c in enumerate(self._calls) if self.at.span(c.node) == (w.start, w.end)), None)
        return None if n is None else self._element(n, DEPTH)

    def handed(self, w: Watched) -> Iterator[Values]:
        """What was in the arrays that the call at a place reads."""
        n = next((n for n, c in enumerate(self._calls) if self.at.span(c.node) == (w.start, w.end)), None)
        if n is None:
            return
        call = self._calls[n].node
        written = {self.at.span(a) for a in outputs(call)}
        for a in call.arguments:
            if a.type.kind in ("pointer", "array") and self.at.span(a) not in written:
                last = self._before(a, n)
                named = next((x.spelling for x in a.walk() if x.kind == "DECL_REF_EXPR"), "")
                values = self._calls[last].told.values if last >= 0 else self.given(named)
                if values is not None:
                    yield values

    @cached_property
    def _calls(self) -> list[_Made]:
        """In the order of the text."""
        meanings = {(m.name, m.key): m for m in self.at.program.meanings}
        nodes = {(s.start, s.end): s.node for s in self.at.device if s.node.kind == "CALL_EXPR"}
        found = list[_Made]()
        for told, w in sorted(self.places.values(), key=lambda p: p[1].start):
            node = nodes.get((w.start, w.end)) if w.role is Role.CALL else None
            fn = node.referenced if node is not None else None
            meaning = meanings.get((fn.qualified, fn.signature)) if fn is not None else None
            written = next(outputs(node), None) if node is not None else None
            if node is not None and meaning is not None and written is not None:
                found.append(_Made(told, root(written), node, meaning))
        return found

    def _element(self, n: int, depth: int) -> str | None:
        call = self._calls[n]
        stores = list(_stores(call.meaning.body))
        arguments = dict(zip((p.name for p in call.meaning.params), call.node.arguments, strict=False))
        return self._text(stores[0].value, arguments, n, depth) if len(stores) == 1 else None

    def _text(self, e: Expr, given: Mapping[str, Node], n: int, depth: int) -> str | None:
        def part(x: Expr) -> str | None:
            return self._text(x, given, n, depth)

        match e:
            case Load(buffer=name) if name in given:
                return self._array(given[name], n, depth)
            case Var(name=name) if name in given:
                return self.scalar(given[name])
            case _:
                return operation(e, part, self.function)

    def _array(self, a: Node, n: int, depth: int) -> str | None:
        """What an element of an array was when call `n` read it."""
        last = self._before(a, n)
        if last < 0:
            return self.scalar(a)
        return self.counterpart(self._calls[last].told.values) or (self._element(last, depth - 1) if depth else None)

    def _before(self, a: Node, n: int) -> int:
        """The call that wrote an array before call `n` read it; -1 where none did."""
        before = [i for i, c in enumerate(self._calls) if c.into == root(a)]
        return max((i for i in before if i < n), default=max(before, default=-1))


IN_C = {"max": "fmax", "min": "fmin", "abs": "fabs"}


def operation(e: Expr, part: Callable[[Expr], str | None], function: Callable[[str, int], str]) -> str | None:
    """A number, or what an operation makes of its parts; `function`: what a function of so many numbers is called."""
    match e:
        case Const(value=value) if not isinstance(value, bool):
            return f"{value!r}f" if isinstance(value, float) else str(value)
        case Binary(op=op, a=a, b=b) if op in OPERATORS:
            return joined(f"({{}} {op} {{}})", part(a), part(b))
        case Unary(op="-", a=a):
            return joined("(-{})", part(a))
        case Select(cond=c, a=a, b=b):
            return joined("({} ? {} : {})", part(c), part(a), part(b))
        case Cast(a=a) if e.dtype.is_float:
            return part(a)
        case Call(name=name, args=args):
            called = function(f"{IN_C.get(name, name)}f", len(args))
            return joined(f"{called}({', '.join('{}' for _ in args)})", *map(part, args)) if called else None
        case _:
            return None


def _stores(body: tuple[Stmt, ...]) -> Iterator[Store]:
    for s in body:
        match s:
            case For(body=inner):
                yield from _stores(inner)
            case Store():
                yield s
            case _:  # more than one element is made of each
                yield from ()


def joined(form: str, *parts: str | None) -> str | None:
    return form.format(*parts) if all(p is not None for p in parts) else None
