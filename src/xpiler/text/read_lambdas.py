"""Lambdas: their bodies are read where they are called, with what they captured."""

from __future__ import annotations

from xpiler.text.clang import Node
from xpiler.text.inline import Inlining
from xpiler.text.read_values import Binding, Closure, Fields, Items, Each, Place, Pointer, Slot, Value

_MISSING = object()


class Lambdas(Inlining):
    """Reading lambdas."""

    def closure(self, n: Node) -> Closure:
        """What a lambda captures by copy and changes later, as it is now."""
        default, references = _captures(n)
        captured: dict[int, Binding] = {}
        for c in n.every_child:
            if c.kind in ("PARM_DECL", "COMPOUND_STMT"):
                break
            decl = c.referenced
            if decl is None or decl.kind not in ("VAR_DECL", "PARM_DECL"):
                continue
            if decl.key not in self.env and decl.initializer is not None:  # [c = b * 2]
                captured[decl.key] = self._copied(self.value(decl.initializer), decl)
            elif decl.key in self.env and decl.key in self.mutated and decl.spelling not in references and (
                default != "&" or c.kind == "VARIABLE_REF"
            ):
                captured[decl.key] = self._copied(self.loaded(self.env[decl.key], c), decl)
        return Closure(captured)

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
