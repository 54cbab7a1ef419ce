"""What the finders of holes ask of a text."""

from __future__ import annotations

import re

from xpiler.text.clang import Node
from xpiler.text.sites import Site, Sites

STEPS = ("x++", "x--", "++x", "--x")
FRACTIONS = {"float", "double", "half", "_Float16", "__half"}  # what types of numbers with one are called
ORDER = ("<", "<=", ">", ">=", "==", "!=")


def integral(n: Node) -> bool:
    dtype = n.type.dtype
    return n.type.is_scalar and dtype is not None and not dtype.is_float and not n.is_enum


def is_value(at: Sites, n: Node) -> bool:
    """An expression that is written out and does nothing but have a value."""
    return bool(at.source(n)) and not any(changes(x) for x in n.walk())


def is_bound(at: Sites, s: Site) -> bool:
    """What a reference is bound to that something may be written through: a place, and no other value."""
    parent = next((a for a in reversed(s.above) if a.kind not in ("UNEXPOSED_EXPR", "PAREN_EXPR")), None)
    if parent is None or parent.kind == "VAR_DECL":
        return parent is not None and _writes(parent)
    params = parent.referenced.params if parent.kind == "CALL_EXPR" and parent.referenced is not None else ()
    given = zip(params, parent.arguments, strict=False)
    return any(_writes(p) for p, a in given if at.span(a)[0] <= s.start and s.end <= at.span(a)[1])


def _writes(n: Node) -> bool:
    return n.type.reference and not n.type.const


def stands_alone(at: Sites, s: Site) -> bool:
    """A statement that is not an argument of a macro."""
    return at.is_statement(s) and at.mask[:s.start].rstrip()[-1:] not in (b"(", b",")


def changes(n: Node) -> bool:
    own = n.kind == "CALL_EXPR" and n.spelling in ("operator=", "operator+=", "operator-=", "operator*=", "operator/=")
    return n.kind == "COMPOUND_ASSIGNMENT_OPERATOR" or n.binary == "=" or own \
        or n.unary in STEPS


def is_register(n: Node) -> bool:
    """Several numbers in one variable, as a platform has them."""
    return n.type.kind in ("vector", "record") and n.type.dtype is not None and n.type.count > 1


def computed(n: Node) -> bool:
    """A number with a fraction, or a register of numbers."""
    return is_register(n) or n.type.is_scalar and n.type.dtype is not None and n.type.dtype.is_float


def components(at: Sites, n: Node) -> list[str]:
    """The other numbers of the structure that one of them is taken from, as they are spelled: v.y for v.x."""
    if n.kind != "MEMBER_REF_EXPR" or n.referenced is None or not computed(n):
        return []
    text, own = at.source(n), n.referenced.spelling
    parent = n.referenced.cursor.semantic_parent
    if parent is None or not text.endswith(own):
        return []
    fields = [c for c in parent.get_children() if c.kind.name == "FIELD_DECL" and c.spelling != own]
    return [text.removesuffix(own) + c.spelling for c in fields if c.type.spelling == n.type.name.replace("const ", "")]


def counts(n: Node) -> tuple[Node, ...]:
    """A length, or what is a number of elements in one of bytes, and that."""
    sized = n.binary == "*" and [c for c in n.children if not any(x.kind == "CXX_UNARY_EXPR" for x in c.walk())]
    return (*sized, n) if sized and len(sized) < len(n.children) else (n,)


def frozen(n: Node) -> bool:
    return n.type.const if n.type.is_scalar else n.type.inner is not None and n.type.inner.const


def after(at: Sites, s: Site) -> int:
    """The byte behind a statement and its semicolon."""
    m = re.compile(rb"\s*;").match(at.mask, s.end)
    return m.end() if m else s.end


_NAMED = re.compile(
    rb"^[ \t]*(?:#[ \t]*define[ \t]+(\w+)[ \t]+([^\n]*)|(?:static |inline )*(?:constexpr|const) (?:static )?"
    rb"(?:unsigned |std::)*(?:int|long|size_t|unsigned|u?int\d+_t) (\w+)\s*=([^;{]*);)", re.MULTILINE)


def named_sizes(at: Sites) -> dict[str, int]:
    """What the whole text calls its constant integers, those first that it names nowhere else, and from where on."""
    found: dict[str, int] = {}
    for m in _NAMED.finditer(at.mask):
        if at.mask.count(b"{", 0, m.start()) == at.mask.count(b"}", 0, m.start()):
            name, value = (m[1] or m[3]).decode(), (m[2] or m[4]).decode()
            words = re.findall(r"[A-Za-z_]\w*|\d+\.|\.\d", value)
            if value.strip() and all(w in found for w in words) and not re.search(r"[^\w\s()+*/%-]", value):
                found[name] = m.end()
    used = {name: len(re.findall(rb"\b" + name.encode() + rb"\b", at.mask)) for name in found}
    return {name: found[name] for name in sorted(found, key=lambda name: used[name] > 1)}


def short(source: str) -> str:
    said = " ".join(source.split())
    return said if len(said) <= 48 else f"{said[:45]}..."


def exchanged(at: Sites, n: Node, x: Node, y: Node) -> str:
    start, end = at.span(n)
    (a, b), (c, d) = sorted((at.span(x), at.span(y)))
    data = at.data
    if b > c:  # both of one macro
        return data[start:end].decode()
    return (data[start:a] + data[c:d] + data[b:c] + data[a:b] + data[d:end]).decode()
