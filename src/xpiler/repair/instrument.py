"""A text that tells what it computes: every value an expression has, and what every call of the platform changes.

`xp::seen(k, e)` stands in for an expression, `xp::changes(k, p)` around a call that writes through `p`. The text means
what it meant, and every line stays where it was."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from xpiler.ir.types import DType
from xpiler.repair.quickly import quickly
from xpiler.text.clang import Node
from xpiler.text.hosts.bearing import is_launch
from xpiler.text.sites import LOOP_OR_BRANCH, Site, Sites

MOST = 8192  # places one text may have; runtime.h keeps so many
_READS = ("DECL_REF_EXPR", "ARRAY_SUBSCRIPT_EXPR", "MEMBER_REF_EXPR")
_BLOCKS = ("COMPOUND_STMT", "FOR_STMT", "WHILE_STMT", "IF_STMT")
_LANES = {DType.F32: "float", DType.F64: "double", DType.I32: "int", DType.U32: "unsigned"}
_ASSIGNS = ("=", "+=", "-=", "*=", "/=", "%=", "<<=", ">>=", "&=", "^=", "|=")


class Role(StrEnum):
    """What a place tells: a value that was read, one that was computed, or what a call left behind."""

    READ = "read"
    RESULT = "result"
    CALL = "call"


@dataclass(frozen=True)
class Watched:
    """One place of a text that tells its values.

    `names`: the variables it is made of, by the keys of their declarations; for what a call left behind, those the call
    reads. `into`: the variable that gets it, 0 where it goes into a larger expression. A `partial` one is a step of an
    accumulation, and stands for nothing by itself; a `step` is what one adds to its variable. `block` is where the
    block around it ends; `inside` are the heads of the loops and branches around it, innermost first, with their lines.
    """

    start: int
    end: int
    line: int
    column: int
    role: Role
    spelled: str
    names: frozenset[int]
    into: int = 0
    partial: bool = False
    step: bool = False
    block: int = 0
    inside: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Instrumented:
    """The places of a text, those around others first, each with what is put before it and behind it."""

    data: bytes
    places: tuple[tuple[Watched, str, str], ...]

    @property
    def text(self) -> str:
        """The program that tells its values; the k-th place is site k."""
        before: dict[int, list[str]] = {}
        behind: dict[int, list[str]] = {}
        for k, (w, opening, closing) in enumerate(self.places):
            before.setdefault(w.start, []).append(opening.replace("{k}", str(k)))
            behind.setdefault(w.end, []).insert(0, closing)
        out, at = [], 0
        for cut in sorted({*before, *behind}):
            out += [self.data[at:cut].decode(), *behind.get(cut, ()), *before.get(cut, ())]
            at = cut
        return quickly("".join([*out, self.data[at:].decode()]))

    @property
    def watched(self) -> tuple[Watched, ...]:
        return tuple(w for w, _, _ in self.places)

    def without(self, lines: Collection[int]) -> Instrumented:
        """The same without the places on some lines."""
        return Instrumented(self.data, tuple(p for p in self.places if p[0].line not in lines))


def instrumented(at: Sites) -> Instrumented:
    """The places of what runs on the machine where a value can be told."""
    found: dict[tuple[int, int], tuple[Watched, str, str]] = {}
    for s in at.device:
        made = _place(at, s)
        if made is not None and (s.start, s.end) not in found:
            found[s.start, s.end] = made
    order = sorted(found.values(), key=lambda p: (p[0].start, -p[0].end))
    return Instrumented(at.data, tuple(order[:MOST]))


def _place(at: Sites, s: Site) -> tuple[Watched, str, str] | None:
    n = s.node
    if at.source(n).startswith("#") or at.is_fixed(s.start, s.end):
        return None
    if n.kind == "CALL_EXPR" and at.is_statement(s) and not is_launch(n):
        return _call(at, s)
    told = _telling(n)
    if told is None or not _is_value(at, s):
        return None
    role = Role.READ if at.bare(n).kind in _READS or n.unary == "*" else Role.RESULT
    names = _names(n)
    if not names and n.kind != "CALL_EXPR":  # a constant
        return None
    into, target = _assigned(at, s)
    made = _watched(at, s, role, names, into, target in names)
    return replace(made, step=bool(into) and (made.partial or _adds(s))), f"{told}({{k}}, ", ")"


def _watched(at: Sites, s: Site, role: Role, names: frozenset[int], into: int, partial: bool) -> Watched:
    line, column = at.place(s.start)
    spelled = " ".join(at.source(s.node).split())
    around = next((n for n in reversed(s.above) if n.kind in _BLOCKS), s.above[0])
    inside = tuple(head(at, n) for n in reversed(s.above) if n.kind in LOOP_OR_BRANCH)
    return Watched(s.start, s.end, line, column, role, spelled, names, into, partial, False, at.span(around)[1], inside)


def _adds(s: Site) -> bool:
    """The right side of `+=` and its like."""
    over = next((n for n in reversed(s.above) if n.kind not in ("UNEXPOSED_EXPR", "PAREN_EXPR")), None)
    return over is not None and over.kind == "COMPOUND_ASSIGNMENT_OPERATOR"


def head(at: Sites, n: Node) -> tuple[str, int]:
    """A loop or a branch without its body, and its line."""
    start, end = at.span(n)
    body = n.children[1 if n.kind == "IF_STMT" else -1] if len(n.children) > 1 else n
    stop = at.span(body)[0]
    text = at.data[start:stop if start < stop <= end else end].decode().split("{")[0]
    return " ".join(text.split()), at.place(start)[0]


def _telling(n: Node) -> str | None:
    """The function that tells a value of this type; None for one that is no datum."""
    t = n.type
    if t.is_aggregate and t.dtype is not None:
        return f"xp::seen_lanes<{_LANES[t.dtype]}>" if t.dtype in _LANES else None
    if not t.is_scalar or t.dtype is None or n.is_enum:
        return None
    if t.dtype.is_float or any(x.kind == "ARRAY_SUBSCRIPT_EXPR" or x.unary == "*" for x in n.walk()):
        return None if t.dtype is DType.BOOL else "xp::seen"
    return None


def _is_value(at: Sites, s: Site) -> bool:
    """An expression whose value is taken: no assignment, no place that is written to, nothing but a name in itself."""
    n = s.node
    if n.kind == "UNEXPOSED_EXPR":  # the value of a variable or an element, or a conversion
        return at.bare(n).kind in _READS or at.bare(n).unary == "*"
    if n.kind in ("BINARY_OPERATOR", "CONDITIONAL_OPERATOR"):
        return n.binary not in (*_ASSIGNS, ",")
    if n.kind == "UNARY_OPERATOR":
        return n.unary in ("-", "~")
    if n.kind == "CALL_EXPR":
        return not at.is_statement(s) and not is_launch(n) and n.type.kind != "void" and bool(at.callee(n))
    return n.kind == "CSTYLE_CAST_EXPR"


def _names(n: Node) -> frozenset[int]:
    """The variables of an expression, and the functions of the text that it calls."""
    named = [x.referenced for x in n.walk() if x.kind == "DECL_REF_EXPR"]
    return frozenset(x.key for x in named if x is not None and (
        x.kind in ("VAR_DECL", "PARM_DECL") or x.in_text and x.kind == "FUNCTION_DECL"))


def _assigned(at: Sites, s: Site) -> tuple[int, int]:
    """The variable (or parameter, or function that returns it) a whole expression goes into, 0 for part of another one;
    and the variable that the statement around it gives a value."""
    whole, span = True, (s.start, s.end)
    into = 0
    for n in reversed(s.above):
        if n.kind in ("UNEXPOSED_EXPR", "PAREN_EXPR"):
            span = at.span(n) if whole else span
            continue
        if n.kind == "VAR_DECL":
            return into or n.key * whole, n.key
        if (sides := assignment(n)) is not None:
            target = root(sides[0]) if at.span(sides[1])[0] <= s.start else 0
            return into or target * (whole and at.span(sides[1]) == span), target
        if n.kind == "RETURN_STMT":
            return into or s.above[0].key * whole, 0
        if n.kind == "CALL_EXPR" and whole and n.referenced is not None and n.referenced.in_text:
            given = zip(n.referenced.params, n.arguments, strict=False)
            into = next((p.key for p, a in given if at.span(a) == span), 0)
        if n.kind.endswith("_STMT"):
            break
        whole = False
    return into, 0


def assignment(n: Node) -> tuple[Node, Node] | None:
    """Both sides of an assignment, also of one of registers, which C++ sees as a call; None for anything else."""
    if (n.binary == "=" or n.kind == "COMPOUND_ASSIGNMENT_OPERATOR") and len(n.children) == 2:
        return n.children[0], n.children[1]
    if n.kind == "CALL_EXPR" and n.spelling == "operator=" and len(n.arguments) == 2:
        return n.arguments[0], n.arguments[1]
    return None


def root(n: Node) -> int:
    """The variable a place in memory belongs to: `a` for `a[i]`, `*(a + i)` and `a.x`."""
    found = next((x.referenced for x in n.walk() if x.kind == "DECL_REF_EXPR"), None)
    return 0 if found is None else found.key


# ---------------------------------------------------------------- calls


def _call(at: Sites, s: Site) -> tuple[Watched, str, str] | None:
    """A statement that calls the platform: what it changes behind each pointer it may write through."""
    n = s.node
    if not at.from_header(n) or at.mask[:s.start].rstrip()[-1:] in (b"(", b","):
        return None
    written = [a for a in outputs(n) if at.source(a)]
    if len(written) != 1:
        return None
    out = written[0]
    into = root(out)
    spelled = " ".join(at.source(out).split())
    size = f"sizeof({spelled})" if spelled.isidentifier() and _is_array(out) else "0"
    reads = frozenset(x for a in n.arguments if a is not out for x in _names(a))
    made = _watched(at, s, Role.CALL, reads, into, into in reads)
    return made, f"do {{ auto xp_seen = xp::changes({{k}}, {spelled}, {size}); ", "; } while (0)"


def _is_array(n: Node) -> bool:
    named = next((x.referenced for x in n.walk() if x.kind == "DECL_REF_EXPR"), None)
    return named is not None and named.kind == "VAR_DECL" and named.type.kind == "array"


def outputs(n: Node) -> Iterator[Node]:
    """The arguments a call may write through."""
    params = n.referenced.params if n.referenced is not None else ()
    for p, a in zip(params, n.arguments, strict=False):
        if p.type.kind == "pointer" and p.type.inner is not None and not p.type.inner.const:
            yield a
