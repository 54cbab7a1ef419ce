"""libclang's C interface for the calls made once a cursor, without the checks of its Python wrappers.

Reading a header takes some hundred thousand such calls: each wrapper asks whether its cursor is null, and wraps
kinds and strings in objects of their own, which together cost several times the call itself.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import clang.cindex as ci

LIB: Any = ci.conf.lib
_OWN: Any = ctypes.CDLL(LIB._name)  # the same library, with functions declared here
_FIRST_INVALID, _LAST_INVALID = 70, 73  # CXCursor_FirstInvalid, CXCursor_LastInvalid
_FIRST_EXPR, _LAST_STMT, _KINDS = 100, 349, 1024  # expressions and statements, whose address is the second datum

KINDS: dict[int, str] = {k.value: k.name for k in ci.CursorKind}
BINARY_KINDS: dict[int, str] = {k.value: k.name for k in ci.BinaryOperator}


class _String(ctypes.Structure):
    _fields_ = (("data", ctypes.c_void_p), ("flags", ctypes.c_uint))


def _function(name: str, result: Any, *args: Any) -> Any:
    found = getattr(_OWN, name)
    found.restype, found.argtypes = result, list(args)
    return found


_text = _function("clang_getCString", ctypes.c_char_p, _String)
_dispose = _function("clang_disposeString", None, _String)


def _string(name: str, argument: Any) -> Callable[[Any], str]:
    call = _function(name, _String, argument)

    def text(x: Any) -> str:
        held = call(x)
        found = _text(held)
        _dispose(held)
        return "" if found is None else str(found.decode())

    return text


spelling = _string("clang_getCursorSpelling", ci.Cursor)
type_spelling = _string("clang_getTypeSpelling", ci.Type)
is_definition = _function("clang_isCursorDefinition", ctypes.c_uint, ci.Cursor)
type_of = _function("clang_getCursorType", ci.Type, ci.Cursor)
result_type = _function("clang_getCursorResultType", ci.Type, ci.Cursor)
unary_kind = _function("clang_getCursorUnaryOperatorKind", ctypes.c_int, ci.Cursor)
binary_kind = _function("clang_getCursorBinaryOperatorKind", ctypes.c_int, ci.Cursor)
_count = _function("clang_Cursor_getNumArguments", ctypes.c_int, ci.Cursor)
_argument = _function("clang_Cursor_getArgument", ci.Cursor, ci.Cursor, ctypes.c_uint)
_referenced = _function("clang_getCursorReferenced", ci.Cursor, ci.Cursor)
_definition = _function("clang_getCursorDefinition", ci.Cursor, ci.Cursor)
_initializer = _function("clang_Cursor_getVarDeclInitializer", ci.Cursor, ci.Cursor)

evaluate = _function("clang_Cursor_Evaluate", ctypes.c_void_p, ci.Cursor)
evaluated_kind = _function("clang_EvalResult_getKind", ctypes.c_int, ctypes.c_void_p)
evaluated_signed = _function("clang_EvalResult_getAsLongLong", ctypes.c_longlong, ctypes.c_void_p)
evaluated_is_unsigned = _function("clang_EvalResult_isUnsignedInt", ctypes.c_uint, ctypes.c_void_p)
evaluated_unsigned = _function("clang_EvalResult_getAsUnsigned", ctypes.c_ulonglong, ctypes.c_void_p)
evaluated_float = _function("clang_EvalResult_getAsDouble", ctypes.c_double, ctypes.c_void_p)
dispose_evaluated = _function("clang_EvalResult_dispose", None, ctypes.c_void_p)


def _gather(child: ci.Cursor, _: ci.Cursor, into: list[ci.Cursor]) -> int:
    into.append(child)
    return 1  # CXChildVisit_Continue


_VISITOR = ctypes.CFUNCTYPE(ctypes.c_int, ci.Cursor, ci.Cursor, ctypes.py_object)
_GATHER = _VISITOR(_gather)
_visit = _function("clang_visitChildren", ctypes.c_uint, ci.Cursor, _VISITOR, ctypes.py_object)


def children(cursor: ci.Cursor) -> list[ci.Cursor]:
    """A cursor's children."""
    found: list[ci.Cursor] = []
    if _visit(cursor, _GATHER, found):  # the visitor could not be called, and nobody was told
        raise RecursionError("too deep to look at the children of a cursor")
    return found


def arguments(cursor: ci.Cursor) -> list[ci.Cursor]:
    """The arguments of a call or the parameters of a function; none for other cursors."""
    found = [_argument(cursor, k) for k in range(_count(cursor))]
    return [a for a in found if _kept(a) is not None]


def referenced(cursor: ci.Cursor) -> ci.Cursor | None:
    """The declaration a cursor mentions."""
    return _kept(_referenced(cursor))


def definition(cursor: ci.Cursor) -> ci.Cursor | None:
    """Where what a cursor declares or mentions is defined."""
    return _kept(_definition(cursor))


def initializer(cursor: ci.Cursor) -> ci.Cursor | None:
    """What a variable is declared with."""
    return _kept(_initializer(cursor))


def _kept(found: ci.Cursor) -> ci.Cursor | None:
    """A cursor, None for the null cursor."""
    return None if _FIRST_INVALID <= found._kind_id <= _LAST_INVALID else found


def identity(cursor: ci.Cursor) -> int:
    """A number for what a cursor stands for, no other's within one translation unit.

    clang_hashCursor packs the same kind and address into 32 bits: among the thousands of declarations of a header two
    share a hash once in some hundred runs."""
    kind: int = cursor._kind_id
    return (cursor.data[_FIRST_EXPR <= kind <= _LAST_STMT] or 0) * _KINDS + kind


def type_key(t: ci.Type) -> int:
    """The identity of a type with its qualifiers and its spelling within one translation unit."""
    return int(t.data[0] or 0)


_locate = LIB.clang_getInstantiationLocation
_file_location = _function("clang_getFileLocation", None, ci.SourceLocation, *(ctypes.c_void_p,) * 4)
_spelling_location = _function("clang_getSpellingLocation", None, ci.SourceLocation, *(ctypes.c_void_p,) * 4)


def written_at(location: ci.SourceLocation) -> int:
    """The offset in a file at which a location is written: of a macro's argument its own, of what a macro stands for
    that of the macro's name."""
    return place(location, _file_location)[3]


def from_macro(location: ci.SourceLocation) -> bool:
    """Whether a location lies in what a macro stands for."""
    here = place(location)
    return place(location, _spelling_location) != here and written_at(location) == here[3]


def place(location: ci.SourceLocation, locate: Any = _locate) -> tuple[int, int, int, int]:
    """A location's file handle (0 for none), line, column and offset; where a macro's name is, unless `locate` says
    otherwise."""
    file, line, column, offset = ci.c_object_p(), ctypes.c_uint(), ctypes.c_uint(), ctypes.c_uint()
    locate(location, ctypes.byref(file), ctypes.byref(line), ctypes.byref(column), ctypes.byref(offset))
    handle = ctypes.cast(file, ctypes.c_void_p).value or 0
    return handle, line.value, column.value, offset.value


_start = _function("clang_getRangeStart", ci.SourceLocation, ci.SourceRange)
_extent = _function("clang_getCursorExtent", ci.SourceRange, ci.Cursor)
_location = _function("clang_getCursorLocation", ci.SourceLocation, ci.Cursor)
_file_name = _string("clang_getFileName", ctypes.c_void_p)


def start(cursor: ci.Cursor) -> tuple[int, int, int, int]:
    """Where a cursor's text begins."""
    return place(_start(_extent(cursor)))


def file_of(cursor: ci.Cursor) -> int:
    """The handle of the file a cursor's name stands in, 0 for none."""
    return place(_location(cursor))[0]


def file_name(handle: int) -> str:
    """The name of a file."""
    return _file_name(handle) if handle else ""
