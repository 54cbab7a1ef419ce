"""libclang behind one door: syntax trees, types and constant values as plain Python.

With `libclang`, `prefixes` and `complaints`, the only module that imports `clang`. A `Node` is a cursor with its
children at hand; a `Unit` is one parsed text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar

import clang.cindex as ci

from xpiler.fault import Fault, Span
from xpiler.ir.types import DType
from xpiler.text import libclang
from xpiler.text.addressed import with_launches
from xpiler.text.complaints import complaint, place
from xpiler.text.ctype import VOID, CType, made_of
from xpiler.text.directives import without_files
from xpiler.text.gathering import Gathering
from xpiler.text.hosts.errors import host_lines, only_in
from xpiler.text.prefixes import FLAGS, Prefixes, folders, index
from xpiler.text.reach import out_of_reach

_BUILTIN = {
    "BOOL": DType.BOOL, "CHAR_U": DType.I8, "CHAR_S": DType.I8, "SCHAR": DType.I8,
    "UCHAR": DType.U8, "SHORT": DType.I16, "USHORT": DType.U16, "INT": DType.I32,
    "UINT": DType.U32, "LONG": DType.I64, "LONGLONG": DType.I64, "ULONG": DType.U64,
    "ULONGLONG": DType.U64, "FLOAT": DType.F32, "DOUBLE": DType.F64, "HALF": DType.F16,
    "FLOAT16": DType.F16, "BFLOAT16": DType.BF16,
}
_SPELLED = {"__bf16": DType.BF16, "_Float16": DType.F16}
_UNARY: dict[int, str] = {
    1: "x++", 2: "x--", 3: "++x", 4: "--x", 5: "&", 6: "*", 7: "+", 8: "-", 9: "~", 10: "!",
}
_OPERATORS = {
    "Mul": "*", "Div": "/", "Rem": "%", "Add": "+", "Sub": "-", "Shl": "<<", "Shr": ">>",
    "LT": "<", "GT": ">", "LE": "<=", "GE": ">=", "EQ": "==", "NE": "!=", "And": "&", "Xor": "^",
    "Or": "|", "LAnd": "&&", "LOr": "||", "Assign": "=", "Comma": ",",
    "MulAssign": "*=", "DivAssign": "/=", "RemAssign": "%=", "AddAssign": "+=", "SubAssign": "-=",
    "ShlAssign": "<<=", "ShrAssign": ">>=", "AndAssign": "&=", "XorAssign": "^=", "OrAssign": "|=",
}
_BINARY = {k: _OPERATORS.get(name, "?") for k, name in libclang.BINARY_KINDS.items()}
_NOT_VALUES = ("_REF", "_ATTR")


_T = TypeVar("_T")


class lazily(Generic[_T]):
    """A property computed at its first use; unlike functools.cached_property it takes no lock."""

    def __init__(self, compute: Callable[[Any], _T]) -> None:
        self.compute, self.__doc__ = compute, compute.__doc__

    def __set_name__(self, _: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, _: type | None = None) -> _T:
        value = instance.__dict__[self.name] = self.compute(instance)
        return value


class Node:
    """A cursor with its children, type and place."""

    def __init__(self, cursor: ci.Cursor, unit: Unit) -> None:
        self._raw, self.unit = cursor, unit

    @property
    def cursor(self) -> ci.Cursor:
        """The cursor as the Python wrappers want it, bound to its translation unit."""
        self._raw._tu = self.unit.tu
        return self._raw

    @lazily
    def kind(self) -> str:
        """What it is; a vector's lane named by its letter is a member."""
        found = libclang.KINDS[self._raw._kind_id]
        named = found == "UNEXPOSED_EXPR" and self.unit.named_lanes and self._lane
        return "MEMBER_REF_EXPR" if named else found

    @lazily
    def spelling(self) -> str:
        found = libclang.spelling(self._raw)
        return found or (self._lane if self.kind == "MEMBER_REF_EXPR" else found)

    @lazily
    def _lane(self) -> str:
        """The x, y, z or w of `v.x`, where v is a vector."""
        of = self.children[0].type if self.children and self.type.is_scalar else None
        of = of.inner if of is not None and of.kind == "pointer" else of
        if of is None or of.kind != "vector":
            return ""
        last = [t.spelling for t in self.cursor.get_tokens()][-1:]
        return last[0] if last and of.member(last[0]) is not None else ""

    @lazily
    def key(self) -> int:
        """The identity of a declaration, the same wherever it is referred to."""
        return libclang.identity(self._raw)

    @lazily
    def every_child(self) -> tuple[Node, ...]:
        unit = self.unit
        return tuple([Node(c, unit) for c in libclang.children(self._raw)])

    @lazily
    def children(self) -> tuple[Node, ...]:
        """The children that are statements, expressions or declarations (no mere mentions of names)."""
        return tuple([c for c in self.every_child if not c.kind.endswith(_NOT_VALUES)])

    @lazily
    def type(self) -> CType:
        return self.unit.ctype(libclang.type_of(self._raw))

    @lazily
    def result(self) -> CType:
        """A function's return type."""
        return self.unit.ctype(libclang.result_type(self._raw))

    @lazily
    def referenced(self) -> Node | None:
        found = libclang.referenced(self._raw)
        return None if found is None else self.unit.declaration(found)

    @lazily
    def definition(self) -> Node | None:
        """Where a function is defined, an instantiation of a template included."""
        here = self._raw
        found = here if libclang.is_definition(here) else libclang.definition(here)
        return None if found is None else self.unit.declaration(found)

    @lazily
    def arguments(self) -> tuple[Node, ...]:
        """The arguments of a call, operators written infix included."""
        return tuple(Node(a, self.unit) for a in libclang.arguments(self._raw))

    @lazily
    def params(self) -> tuple[Node, ...]:
        return tuple(self.unit.declaration(a) for a in libclang.arguments(self._raw))

    @lazily
    def initializer(self) -> Node | None:
        """What a variable is declared with."""
        found = libclang.initializer(self._raw)
        return None if found is None else Node(found, self.unit)

    @lazily
    def body(self) -> Node | None:
        where = self.definition
        if where is None:
            return None
        return next((c for c in where.every_child if c.kind == "COMPOUND_STMT"), None)

    @lazily
    def unary(self) -> str:
        return _UNARY.get(libclang.unary_kind(self._raw), "?")

    @lazily
    def binary(self) -> str:
        return _BINARY.get(libclang.binary_kind(self._raw), "?")

    @lazily
    def attributes(self) -> frozenset[str]:
        return frozenset(c.kind for c in self.every_child if c.kind.endswith("_ATTR"))

    @lazily
    def notes(self) -> tuple[str, ...]:
        """The XP_ marks on a declaration, from its redeclarations and its template too."""
        found = [c.spelling for c in self.every_child if c.kind == "ANNOTATE_ATTR"]
        if not found:
            other = self.cursor.specialized_template or self.cursor.canonical
            if other is not None and other != self.cursor:
                return self.unit.declaration(other).notes
        return tuple(found)

    def note(self, prefix: str) -> str | None:
        """The text after `prefix` in a mark, None without such a mark."""
        return next((n[len(prefix):] for n in self.notes if n.startswith(prefix)), None)

    @lazily
    def constant(self) -> int | float | None:
        """The value of an expression or variable if the compiler knows it."""
        result = libclang.evaluate(self._raw)
        if not result:
            return None
        try:
            match libclang.evaluated_kind(result):
                case 1 if libclang.evaluated_is_unsigned(result):
                    return int(libclang.evaluated_unsigned(result))
                case 1:
                    return int(libclang.evaluated_signed(result))
                case 2:
                    return float(libclang.evaluated_float(result))
        finally:
            libclang.dispose_evaluated(result)
        return None

    @property
    def enum_value(self) -> int:
        return int(self.cursor.enum_value)

    @property
    def is_static(self) -> bool:
        return bool(self.cursor.storage_class == ci.StorageClass.STATIC)

    @property
    def is_internal(self) -> bool:
        """Whether other files cannot call it: static, or in a namespace without a name."""
        return self.is_static or bool(self.cursor.linkage == ci.LinkageKind.INTERNAL)

    @property
    def is_extern(self) -> bool:
        return bool(self.cursor.storage_class == ci.StorageClass.EXTERN)

    @lazily
    def member_defaults(self) -> tuple[tuple[str, Node], ...]:
        """The members of an expression's or variable's class that have a value in its definition."""
        fields = [Node(f, self.unit) for f in self.cursor.type.get_canonical().get_fields()]
        given = [(f.spelling, f.initial) for f in fields]
        return tuple((name, value) for name, value in given if value is not None)

    @property
    def initial(self) -> Node | None:
        """The value a member has in its class; an array's bounds and a bit-field's width are none."""
        values = [c for c in self.children if c.kind.endswith(("_EXPR", "_LITERAL", "_OPERATOR"))]
        if self.cursor.is_bitfield():
            values = values[1:]
        if self.type.kind == "array":
            values = [c for c in values if c.kind == "INIT_LIST_EXPR"]
        return values[-1] if values else None

    @lazily
    def is_enum(self) -> bool:
        """Of an enumeration type (error codes, launch kinds)."""
        return bool(self.cursor.type.get_canonical().kind.name == "ENUM")

    @lazily
    def is_c(self) -> bool:
        """Declared extern "C"."""
        return bool(self.cursor.mangled_name == self.spelling)

    @lazily
    def is_local(self) -> bool:
        """Declared inside a function."""
        parent = self.cursor.semantic_parent
        return parent is not None and parent.kind.name not in (
            "TRANSLATION_UNIT", "NAMESPACE", "LINKAGE_SPEC"
        )

    @lazily
    def signature(self) -> str:
        """The canonical function type, with the values of non-type template arguments."""
        spelled = str(self.cursor.type.get_canonical().spelling)
        values = [
            str(self.cursor.get_template_argument_value(i))
            for i in range(max(self.cursor.get_num_template_arguments(), 0))
            if self.cursor.get_template_argument_kind(i).name == "INTEGRAL"
        ]
        return f"{spelled} <{', '.join(values)}>" if values else spelled

    @lazily
    def qualified(self) -> str:
        """The name with the namespaces it lives in."""
        names, parent = [self.spelling], self.cursor.semantic_parent
        while parent is not None and parent.kind.name == "NAMESPACE":
            if parent.spelling:
                names.insert(0, parent.spelling)
            parent = parent.semantic_parent
        return "::".join(names)

    @lazily
    def in_text(self) -> bool:
        """Written in the user's text, not in a header."""
        return self.unit.file_name(libclang.file_of(self._raw)) == self.unit.file

    @lazily
    def offset(self) -> int:
        return libclang.start(self._raw)[3]

    @lazily
    def end(self) -> int:
        """Where its text ends."""
        return int(self.cursor.extent.end.offset)

    @lazily
    def extent(self) -> tuple[int, int]:
        """The bytes of the text it takes; empty where it takes none."""
        extent = self.cursor.extent
        if extent.start.file is None or str(extent.start.file) != self.unit.file:
            return 0, 0
        return int(extent.start.offset), int(extent.end.offset)

    @lazily
    def written(self) -> tuple[int, int]:
        """The same, and of what is in a macro's argument its own; empty where it is only in part."""
        start, end = self.extent
        if end > start or (start, end) == (0, 0):
            return start, end
        extent = self.cursor.extent
        return libclang.written_at(extent.start), libclang.written_at(extent.end)

    @lazily
    def from_macro(self) -> bool:
        """Whether it begins what a macro stands for."""
        return libclang.from_macro(self.cursor.extent.start)

    @lazily
    def span(self) -> Span:
        file, line, column, _ = libclang.start(self._raw)
        comment = self.unit.comments.get(line, "") if self.in_text else ""
        return Span(self.unit.file_name(file), line, column, comment)

    @lazily
    def semicolons(self) -> tuple[int, ...]:
        """Where the two semicolons in a for's head stand."""
        depth, found = 0, []
        for token in self.cursor.get_tokens():
            depth += {"(": 1, ")": -1}.get(token.spelling, 0)
            if token.spelling == ";" and depth == 1:
                found.append(int(token.extent.start.offset))
            if len(found) == 2:
                break
        return tuple(found)

    @property
    def pretty(self) -> str:
        return f"{self.kind.lower().replace('_', ' ')} `{self.spelling}`".replace(" ``", "")

    def walk(self) -> Iterator[Node]:
        """The node and everything below it, in the order of the text."""
        waiting = [self]
        while waiting:
            n = waiting.pop()
            yield n
            waiting.extend(reversed(n.every_child))


class Unit:
    """One parsed text."""

    def __init__(self, tu: ci.TranslationUnit, file: str, text: str) -> None:
        self.tu, self.file, self.text = tu, file, text
        self.named_lanes = "ext_vector_type" in text
        self._types: dict[int, CType] = {}
        self._spelled: dict[tuple[str, str], CType] = {}
        self._declarations: dict[int, Node] = {}
        self._pending: set[str] = set()
        self._files: dict[int, str] = {}
        self._known: dict[tuple[Hashable, Node], Any] = {}
        self.lambdas: dict[int, Node] = {}  # those that were met, by their classes
        self.faults = Gathering()
        self.hosted = False  # whether a launcher passes variables of the file to the kernels
        self.plain = ""  # the text as the compiler saw it, a character for each of its bytes
        self.broken: tuple[tuple[int, Fault], ...] = ()  # where the compiler did not understand host code, and why

    def declaration(self, cursor: ci.Cursor) -> Node:
        key = libclang.identity(cursor)
        found = self._declarations.get(key)
        if found is None:
            found = self._declarations[key] = Node(cursor, self)
        return found

    def known(self, key: int) -> Node | None:
        """A declaration met before, by its key."""
        return self._declarations.get(key)

    def once(self, study: Callable[[Node], _T], node: Node) -> _T:
        """What a function finds in a node, worked out at the first question."""
        key = (study, node)
        if key not in self._known:
            self._known[key] = study(node)
        found: _T = self._known[key]
        return found

    def file_name(self, handle: int) -> str:
        """The name of a file by its handle in libclang."""
        if handle not in self._files:
            self._files[handle] = libclang.file_name(handle)
        return self._files[handle]

    @lazily
    def top(self) -> tuple[Node, ...]:
        """The declarations at file level, through namespaces and extern "C" blocks."""
        return tuple(self._level(self.tu.cursor))

    def _level(self, cursor: ci.Cursor) -> Iterator[Node]:
        for c in libclang.children(cursor):
            if libclang.KINDS[c._kind_id] in ("NAMESPACE", "LINKAGE_SPEC"):
                yield from self._level(c)
            else:
                yield self.declaration(c)

    def functions(self) -> tuple[Node, ...]:
        """The functions defined in the user's own text."""
        return tuple(
            n for n in self.top
            if n.kind == "FUNCTION_DECL" and n.in_text and n.cursor.is_definition()
        )

    @lazily
    def comments(self) -> dict[int, str]:
        """Line -> the comment that ends on the line above it."""
        found: dict[int, str] = {}
        block = re.compile(r"(?:^[ \t]*//[^\n]*\n)+|^[ \t]*/\*.*?\*/[ \t]*\n", re.M | re.S)
        for m in block.finditer(self.text):
            words = re.sub(r"^[ \t]*(?://+|/\*+|\*+/|\*)[ \t]?|\*/[ \t]*$", "", m.group(), flags=re.M)
            below = self.text.count("\n", 0, m.end()) + 1
            found[below] = " ".join(w.strip() for w in words.splitlines() if w.strip())
        return found

    def line(self, number: int) -> str:
        lines = self.text.splitlines()
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def fault(
        self, code: str, what: str, where: Node | Span, why: str = "", try_: str = ""
    ) -> Fault:
        """A fault that shows the line it is about."""
        span = where.span if isinstance(where, Node) else where
        span = replace(span, comment="")
        line = self.line(span.line) if span.file == self.file else ""
        return Fault(code, what, span, why, try_, line)

    # ------------------------------------------------------------ types

    def ctype(self, t: ci.Type) -> CType:
        key = libclang.type_key(t)
        found = self._types.get(key)
        if found is None:
            t._tu = self.tu
            found = self._by_spelling(t)
            if not self._pending:
                self._types[key] = found
        return found

    def _by_spelling(self, t: ci.Type) -> CType:
        key = (libclang.type_spelling(t), libclang.type_spelling(t.get_canonical()))
        if key not in self._spelled:
            self._spelled[key] = self._ctype(t)
        return self._spelled[key]

    def _ctype(self, t: ci.Type) -> CType:
        spelled, c = _spelled(t), t.get_canonical()
        const, kind = c.is_const_qualified(), c.kind.name
        match kind:
            case "LVALUEREFERENCE" | "RVALUEREFERENCE":
                return replace(self.ctype(c.get_pointee()), reference=True)
            case "VOID":
                return replace(VOID, const=const)
            case "POINTER":
                return CType("pointer", spelled, const=const, inner=self.ctype(c.get_pointee()))
            case "CONSTANTARRAY" | "INCOMPLETEARRAY" | "VARIABLEARRAY":
                inner = self.ctype(c.get_array_element_type())
                n = c.get_array_size() if kind == "CONSTANTARRAY" else 0
                inside = inner.const or const
                count, mixed = n * inner.count, inner.mixed
                return CType("array", spelled, inner.dtype, count, inside, inner=inner, mixed=mixed, length=n)
            case "EXTVECTOR" | "VECTOR":
                inner = self.ctype(c.element_type)
                if inner.dtype is None or c.get_size() != c.element_count * inner.dtype.bytes:  # three take four's room
                    return CType("opaque", spelled, const=const)
                return CType("vector", spelled, inner.dtype, c.element_count, const, inner=inner)
            case "RECORD":
                return self._record(c, spelled, const)
            case "FUNCTIONPROTO" | "FUNCTIONNOPROTO":
                return CType("function", spelled)
        if c.spelling.removeprefix("const ") in _SPELLED:
            return CType("scalar", spelled, _SPELLED[c.spelling.removeprefix("const ")], 1, const)
        if kind == "ENUM":
            dtype = _BUILTIN[c.get_declaration().enum_type.get_canonical().kind.name]
            return CType("scalar", spelled, DType.I32 if dtype.bits == 32 else dtype, 1, const)
        if kind in _BUILTIN:
            return CType("scalar", spelled, _BUILTIN[kind], 1, const)
        return CType("opaque", spelled)

    def _record(self, c: ci.Type, spelled: str, const: bool) -> CType:
        opaque = CType("opaque", spelled, const=const)
        size = c.get_size()
        if size <= 0 or c.spelling in self._pending:
            return opaque
        self._pending.add(c.spelling)
        found = [(f, "" if f.is_anonymous() else f.spelling, _offset(f), self.ctype(f.type)) for f in c.get_fields()]
        bases = [(b, "", at, self.ctype(b.type)) for b, at in _bases(c)]
        self._pending.discard(c.spelling)
        if any(f.is_bitfield() for f, _, _, _ in found):
            return opaque
        members = [*((name, at, t) for _, name, at, t in bases if t.fields), *((n, at, t) for _, n, at, t in found)]
        union = len({at for _, at, _ in members}) < len(members)
        word, mixed = made_of(members, size)
        if word is None:
            plain = () if union else tuple((name, k, t) for k, (name, _, t) in enumerate(members))
            return opaque if union else CType("record", spelled, None, 0, const, fields=plain)
        fields = tuple((name, at // word.bytes, t) for name, at, t in members)
        return CType("record", spelled, word, size // word.bytes, const, fields=fields, mixed=mixed, union=union)


def _bases(c: ci.Type) -> list[tuple[ci.Cursor, int]]:
    """The base classes of a record, laid out one behind the other, and where they begin."""
    found, at = [], 0
    for child in c.get_declaration().get_children():
        if child.kind.name == "CXX_BASE_SPECIFIER" and any(True for _ in child.type.get_canonical().get_fields()):
            step = max(child.type.get_align(), 1)
            at = -(-at // step) * step
            found.append((child, at))
            at += child.type.get_size()
    return found


def _offset(f: ci.Cursor) -> int:
    return int(f.get_field_offsetof()) // 8


def _spelled(t: ci.Type) -> str:
    """How the owner wrote a type, without qualifiers; template arguments are spelled out."""
    name = str(t.spelling)
    canonical = str(t.get_canonical().spelling)
    name = canonical if "<" in canonical else name
    return re.sub(r"^(?:(?:const|volatile|struct|union|class)\s+)+", "", name)


# ---------------------------------------------------------------- parsing

_PREFIXES = Prefixes()
# template void f<float>(float*); what it makes is listed among a unit's declarations behind a precompiled header alone.
_EXPLICIT = re.compile(r"^[ \t]*template[ \t]+(?![ \t<])", re.M)


def parse(
    text: str, file: str, header: Path, args: tuple[str, ...], *, whole: bool = False, warn: tuple[str, ...] = (),
    tolerant: str = "",
) -> Unit:
    """Parse a text against a platform's header; the first error becomes a Fault.

    #include lines are blanked (columns stay): the header is all there is. `whole` lists its declarations too; `warn`
    are the warnings to ask for. `tolerant`: errors in functions of the "host", or in "main" alone, are kept aside."""
    plain = with_launches(without_files(text))
    prefix = None if whole else _PREFIXES.include(header, args, _EXPLICIT.search(plain) is not None)
    quiet = ("-Wno-everything", *warn) if warn else ("-w",)
    flags = [*args, *quiet, *FLAGS, *(prefix or ("-include", str(header))), *folders(header)]
    try:
        tu = index(prefix is not None).parse(file, args=flags, unsaved_files=[(file, plain)])
    except ci.TranslationUnitLoadError:
        if prefix is None:
            raise out_of_reach(file) from None
        return parse(text, file, header, args, whole=True, warn=warn, tolerant=tolerant)  # the header has changed
    unit = Unit(tu, file, text)
    errors = [d for d in tu.diagnostics if d.severity >= ci.Diagnostic.Error]
    if errors and prefix is not None:
        return parse(text, file, header, args, whole=True, tolerant=tolerant)
    if errors:
        said = complaint(errors, unit.file, unit.fault, lambda: _known_names(unit))
        if not tolerant or not only_in([place(d) for d in errors], host_lines(tu, file, tolerant == "main"), file):
            raise said
        unit.plain = plain.encode().decode("latin-1")
        names = lru_cache(maxsize=1)(lambda: _known_names(unit))
        unit.broken = tuple((int(d.location.offset), complaint([d], unit.file, unit.fault, names)) for d in errors)
    return unit


def _known_names(unit: Unit) -> list[str]:
    kinds = ("FUNCTION_DECL", "FUNCTION_TEMPLATE", "VAR_DECL", "STRUCT_DECL", "TYPEDEF_DECL")
    return sorted({n.spelling for n in unit.top if n.kind in kinds and n.spelling})
