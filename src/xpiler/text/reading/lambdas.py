"""Lambdas: their bodies are read where they are called, with what they captured."""

from __future__ import annotations

from collections.abc import Iterator

from clang.cindex import Type

from xpiler.text import libclang
from xpiler.text.clang import Node
from xpiler.text.inline import Inlining
from xpiler.text.reading.values import Binding, Closure, Fields, Items, Each, Place, Pointer, Slot, Value

_MISSING = object()


class Lambdas(Inlining):
    """Reading lambdas."""

    def closure(self, n: Node) -> Closure:
        """What a lambda captures by copy and changes later, as it is now."""
        self.unit.lambdas[class_of(n)] = n
        default, references = _captures(n)
        captured: dict[int, Binding] = {}
        for c, decl in _captured(n):
            if decl.key not in self.env and decl.initializer is not None:  # [c = b * 2]
                captured[decl.key] = self._copied(self.value(decl.initializer), decl)
            elif decl.key in self.env and self.may_change(decl) and decl.spelling not in references and (
                default != "&" or c.kind == "VARIABLE_REF"
            ):
                captured[decl.key] = self._copied(self.loaded(self.env[decl.key], c), decl)
        return Closure(captured)

    def may_change(self, decl: Node) -> bool:
        """Whether a variable's value may be another later."""
        return decl.key in self.mutated

    def _copied(self, v: Value, decl: Node) -> Binding:
        """A copy of a captured variable."""
        match v:
            case Pointer():
                return Pointer(v.buffer, self.kept(v.index, decl.spelling), v.to)
            case Fields():
                own = self.new_fields(decl.spelling, v.type)
                self.assign_members(own, v, decl)
                return own
            case Place() | Items() | Each():
                place = self.allocate(decl.spelling, v.type)
                self.copy(place, v, decl)
                return place
            case _ if isinstance(v, Closure):
                return v
        var = self.kept(self.scalar_of(v, decl), decl.spelling)
        self.moving.add(var.name)
        return Slot(var)

    def enter(
        self, closure: Closure, fn: Node, args: tuple[Node, ...], n: Node, into: Place | None
    ) -> Value:
        """Call a lambda."""
        before: dict[int, object] = {key: self.env.get(key, _MISSING) for key in closure.captured}
        given = self.bindings(fn, args, n)
        self.env.update(closure.captured)
        try:
            return self.inline(fn, args, n, into, bound=given)
        finally:
            for key, old in before.items():
                if old is _MISSING:
                    del self.env[key]
                elif isinstance(old, Binding):
                    self.env[key] = old


def class_of(n: Node) -> int:
    """What tells the type of a lambda, or of a parameter that is given one, from those of others."""
    return libclang.identity(_class(n).get_declaration())


def is_lambda(p: Node) -> bool:
    """Whether a parameter is given a lambda."""
    return str(_class(p).spelling).removeprefix("const ").startswith("(lambda")


def given(n: Node) -> Node:
    """What is copied, or moved, where a lambda is passed or kept."""
    while n.kind in ("CALL_EXPR", "UNEXPOSED_EXPR") and len(n.children) == 1 and n.children[0].type.name == n.type.name:
        n = n.children[0]
    return n


def captured_by_copy(n: Node) -> list[Node] | None:
    """The variables a lambda has copies of, in their order; None where it has references, or more than variables."""
    default, references = _captures(n)
    found = {decl.key: decl for _, decl in _captured(n)}
    whole = default != "&" and not references and len(found) == len(list(_class(n).get_fields()))
    return list(found.values()) if whole else None


def _class(n: Node) -> Type:
    found: Type = n.cursor.type.get_canonical()
    return found


def _captured(n: Node) -> Iterator[tuple[Node, Node]]:
    """The captures of a lambda, and the variables they are of."""
    for c in n.every_child:
        if c.kind in ("PARM_DECL", "COMPOUND_STMT"):
            return
        decl = c.referenced
        if decl is not None and decl.kind in ("VAR_DECL", "PARM_DECL"):
            yield c, decl


def _captures(n: Node) -> tuple[str, frozenset[str]]:
    """A capture list's default (= & or nothing), and what is captured by reference by name."""
    default, references, before = "", set(), ""
    for token in n.cursor.get_tokens():
        word = token.spelling
        if word == "]":
            break
        if word in ("=", "&") and before == "[":
            default = word
        elif before == "&" and word.isidentifier():
            references.add(word)
        before = word
    return default, frozenset(references)
