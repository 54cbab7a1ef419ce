"""What reading one kernel keeps in mind: names, buffers, bindings, and the statements written so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from xpiler.fault import Fault, Span
from xpiler.ir.nodes import Alloc, Buffer, Expr, Let, Load, Stmt, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh, subexpressions
from xpiler.platforms.platform import Platform
from xpiler.text.arithmetic import Arithmetic, int_const
from xpiler.text.clang import Node, Unit
from xpiler.text.ctype import CType
from xpiler.text.instead import INSTEAD, NO_FORM, PLAINLY
from xpiler.text.reading.values import Binding, Fields, Place, Roaming, Value

_STRIPPED = ("PAREN_EXPR", "UNEXPOSED_EXPR")


@dataclass
class Target:
    """Where the returns of a function being inlined go.

    `result` is set when a result variable or buffer is needed; `value` is what a single final return gave."""

    type: CType
    result: Var | Place | Fields | Roaming | None = None
    value: Value | None = None
    done: Var | None = None
    loops: int = 0


@dataclass
class Loop:
    """A loop being read; `update` writes what must happen before `continue`."""

    update: Callable[[], None] | None = None


@dataclass
class Usage:
    """Which declarations a function changes, and of which it takes the address."""

    mutated: set[int] = field(default_factory=set)
    addressed: set[int] = field(default_factory=set)
    counts: dict[int, int] = field(default_factory=dict)
    views: dict[int, list[DType]] = field(default_factory=dict)
    words: set[int] = field(default_factory=set)  # arrays and pointers to them of which something is seen as an integer


def root(n: Node) -> Node | None:
    """The variable an lvalue lies in, if it is one variable's own storage."""
    while True:
        match n.kind:
            case "DECL_REF_EXPR":
                return n.referenced
            case "PAREN_EXPR" | "UNEXPOSED_EXPR" if n.children:
                n = n.children[-1]
            case "MEMBER_REF_EXPR" if n.children and n.children[0].type.kind != "pointer":
                n = n.children[0]
            case "ARRAY_SUBSCRIPT_EXPR" if _inner(n.children[0]).type.kind in ("array", "vector"):
                n = n.children[0]
            case _:
                return None


def _inner(n: Node) -> Node:
    while n.kind in _STRIPPED and n.children and n.type.kind == "pointer":
        n = n.children[-1]
    return n


def usage_of(body: Node) -> Usage:
    """What a function body changes."""
    use = Usage()
    for n in body.walk():
        match n.kind:
            case "BINARY_OPERATOR" if n.binary == "=":
                _mark(use.mutated, n.children[0])
            case "COMPOUND_ASSIGNMENT_OPERATOR":
                _mark(use.mutated, n.children[0])
            case "UNARY_OPERATOR" if n.unary in ("x++", "x--", "++x", "--x"):
                _mark(use.mutated, n.children[0])
            case "UNARY_OPERATOR" if n.unary == "&":
                _mark(use.addressed, n.children[0])
                _mark(use.mutated, n.children[0])
            case "CALL_EXPR":
                for a in (*n.arguments, *n.children[:1]):
                    if a.kind in ("DECL_REF_EXPR", "MEMBER_REF_EXPR", "ARRAY_SUBSCRIPT_EXPR"):
                        _mark(use.mutated, a)
            case "VAR_DECL" if n.type.reference and n.initializer is not None:
                _mark(use.mutated, n.initializer)
            case "CSTYLE_CAST_EXPR" | "CXX_REINTERPRET_CAST_EXPR" if n.type.kind == "pointer":
                _view(use, n)
            case "DECL_REF_EXPR" if n.referenced is not None:
                use.counts[n.referenced.key] = use.counts.get(n.referenced.key, 0) + 1
    return use


def _view(use: Usage, n: Node) -> None:
    """An array cast as a whole to a pointer to another type, or something in one as an integer."""
    inner = n.type.inner
    if inner is not None and inner.dtype in (DType.I32, DType.U32):
        base = n.children[-1]
        while base.kind in (*_STRIPPED, "BINARY_OPERATOR", "UNARY_OPERATOR", "ARRAY_SUBSCRIPT_EXPR") and base.children:
            base = base.children[0]
        if base.kind == "DECL_REF_EXPR" and base.referenced is not None:
            use.words.add(base.referenced.key)
    array = _inner(n.children[-1])
    if array.kind != "DECL_REF_EXPR" or array.referenced is None or array.type.kind != "array":
        return
    if inner is not None and inner.dtype is not None and inner.is_scalar:
        use.views.setdefault(array.referenced.key, []).append(inner.dtype)


def _mark(into: set[int], n: Node) -> None:
    variable = root(n)
    if variable is not None:
        into.add(variable.key)


def calls(fn: Node) -> Iterator[Node]:
    """The calls in a function's body."""
    body = fn.body
    if body is not None:
        yield from (n for n in body.walk() if n.kind == "CALL_EXPR")


class Reader:
    """The state of reading one kernel, intrinsic or launcher; the mixins add how each construct is read."""

    def __init__(self, unit: Unit, platform: Platform, taken: frozenset[str] = frozenset()) -> None:
        self.unit, self.platform = unit, platform
        self.math = Arithmetic()
        self.fresh = Fresh(taken)
        self.env: dict[int, Binding] = {}
        self.out: list[Stmt] = []
        self.asking = False  # which kind of core this is, in the condition of a choice between kinds
        self.shared: list[Alloc] = []
        self.buffers: dict[str, Buffer] = {}
        self.views: dict[str, Any] = {}  # names that stand for buffers; see `views`
        self.byte_of: dict[Expr, tuple[str, Expr]] = {}  # bytes of elements: of which buffer, and which one
        self.byte_copies: dict[Stmt, tuple[tuple[str, Expr], tuple[str, Expr]]] = {}  # stores of bytes: to and from
        self.several: dict[int, frozenset[str]] | None = None  # pointers known to point into several buffers
        self.builtins: Mapping[str, Expr] = {}
        self.reach: Mapping[str, str] = {}
        self.mutated: set[int] = set()
        self.addressed: set[int] = set()
        self.words: set[int] = set()  # arrays of which something is seen as an integer
        self.seen_as: dict[int, DType] = {}  # arrays only ever used as another type
        self.moving: set[str] = set()
        self.functions: list[Node] = []
        self.tables: list[Stmt] = []
        self.targets: list[Target] = []
        self.loops: list[Loop] = []
        self.this: list[Place | Fields] = []
        self.intrinsics: dict[tuple[str, str], Node] = {}
        self.expand_intrinsics = False
        self.dynamic_shared: Expr | None = None
        self._usages: dict[int, Usage] = {}
        self.here = Span()

    # ------------------------------------------------------------ writing

    def emit(self, statement: Stmt) -> None:
        self.out.append(statement)

    @contextmanager
    def captured(self) -> Iterator[list[Stmt]]:
        """Statements written inside go to a list of their own."""
        outer, self.out = self.out, []
        try:
            yield self.out
        finally:
            self.out = outer

    def variable(self, stem: str, dtype: DType) -> Var:
        return Var(self.fresh(stem), dtype)

    def kept(self, e: Expr, stem: str = "t") -> Var:
        """The value of an expression now, in a variable."""
        var = self.variable(stem, e.dtype)
        self.emit(Let(var, e, self.here))
        if self.math.nonnegative(e):
            self.math.counters.add(var.name)
        return var

    def steady(self, e: Expr, stem: str = "t") -> Expr:
        """The expression itself if its value cannot change, a variable that holds it otherwise."""
        return e if self.stable(e) else self.kept(e, stem)

    def stable(self, e: Expr) -> bool:
        return not any(
            isinstance(x, Load) or isinstance(x, Var) and x.name in self.moving
            for x in subexpressions(e)
        )

    def allocate(self, stem: str, ctype: CType, space: str = "local", init: tuple[Expr, ...] = ()) -> Place:
        """A new buffer for an array or aggregate."""
        assert ctype.dtype is not None, "a buffer holds scalars of one type"
        spelled = self.spelled(ctype)
        name = self.fresh(stem)
        buffer = Buffer(name, ctype.dtype, int_const(ctype.count), space, spelled)
        self.buffers[name] = buffer
        self.place_alloc(Alloc(buffer, init, self.here))
        return Place(name, int_const(0), ctype)

    def spelled(self, ctype: CType) -> str:
        """An aggregate's type in the platform's own words."""
        name = ctype.name if ctype.is_aggregate and not ctype.mixed else ""
        for word, dtype in (("_Float16", DType.F16), ("__bf16", DType.BF16)):
            name = name.replace(word, self.platform.types.get(dtype, word))
        return name

    def place_alloc(self, alloc: Alloc) -> None:
        (self.shared if self.is_shared(alloc.buffer.space) else self.out).append(alloc)

    def is_shared(self, space: str) -> bool:
        """Whether threads or cores share one copy of what is declared in a space."""
        scope = next((s.scope for s in self.platform.spaces if s.name == space), "")
        return scope in ("block", "cluster", "device")

    # ------------------------------------------------------------ complaining

    def fault(self, code: str, what: str, n: Node, why: str = "", try_: str = "") -> Fault:
        span = n.span
        if span.file != self.unit.file and self.here.line:
            span = self.here
        return self.unit.fault(code, what, span, why, try_)

    def unsupported(self, n: Node, what: str = "") -> Fault:
        name, why, try_ = INSTEAD.get(n.kind, (n.pretty, NO_FORM, PLAINLY))
        return self.fault("XP1005", f"{what or name} is not supported", n, why, try_)

    # ------------------------------------------------------------ about the text

    def study(self, fn: Node) -> Usage:
        """Learn what a function changes before it is read."""
        if fn.key not in self._usages:
            body = fn.body
            use = Usage() if body is None else self.unit.once(usage_of, body)
            self._usages[fn.key] = use
            self.mutated |= use.mutated
            self.addressed |= use.addressed
            self.words |= use.words
            for key, views in use.views.items():
                if len(views) == use.counts.get(key) and len({v.bits for v in views}) == 1:
                    self.seen_as[key] = views[0]
        return self._usages[fn.key]

    # ------------------------------------------------------------ given by the mixins

    def value(self, n: Node) -> Value:
        raise NotImplementedError

    def statement(self, n: Node) -> None:
        raise NotImplementedError

    def sequence(self, statements: tuple[Node, ...]) -> None:
        raise NotImplementedError
