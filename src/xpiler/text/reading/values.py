"""What an expression of the text stands for.

A scalar is an IR expression. Everything else that C can hold in a variable is one of the small records here: a place
in a buffer, a pointer into one, an aggregate on its way from one place to another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xpiler.ir.nodes import Expr, Stmt, Var
from xpiler.text.ctype import CType


@dataclass(frozen=True)
class Slot:
    """A scalar variable."""

    var: Var


@dataclass(frozen=True)
class Place:
    """Something of type `type` that starts at buffer[index]."""

    buffer: str
    index: Expr
    type: CType


@dataclass(frozen=True)
class Pointer:
    """&buffer[index], pointing to things of type `to`."""

    buffer: str
    index: Expr
    to: CType


@dataclass
class Roaming:
    """A pointer variable that moves: one buffer and an offset variable. Both are set at the first assignment.

    Where it moves between several buffers, they are `of`, and the variable `which` has the number of the one it is in.
    `home` and `at` say where among the statements it was declared, if that was before it pointed anywhere."""

    name: str
    to: CType
    buffer: str = ""
    offset: Var | None = None
    home: list[Stmt] | None = None
    at: int = 0
    key: int = 0
    of: tuple[str, ...] = ()
    which: Var | None = None


@dataclass(frozen=True)
class Items:
    """An aggregate value, one expression for each scalar."""

    items: tuple[Expr, ...]
    type: CType


@dataclass(frozen=True)
class Each:
    """An aggregate value whose scalar number i is at(i)."""

    at: Callable[[Expr], Expr]
    type: CType


@dataclass
class Fields:
    """A record whose members are kept apart, each wherever such a thing is kept."""

    members: dict[str, Binding]
    type: CType


@dataclass(frozen=True)
class Closure:
    """A lambda: what it captured by copy and what changes later, by declaration."""

    captured: dict[int, Binding]


@dataclass(frozen=True)
class Nothing:
    """A value no kernel can use: void, a stream, a null pointer."""

    what: str = "void"


NULL = Nothing("a null pointer")


@dataclass(frozen=True)
class Raw:
    """So many bytes of memory without a type yet."""

    bytes: Expr


@dataclass(frozen=True)
class Member:
    """A member of a record variable that is a value: a pointer, or nothing yet."""

    fields: Fields
    name: str


@dataclass(frozen=True)
class Table:
    """An array of pointers that stay what they are."""

    rows: tuple[Pointer, ...]


Aggregate = Items | Each
Value = Expr | Pointer | Place | Items | Each | Fields | Closure | Table | Nothing | Raw
Lvalue = Slot | Place | Roaming | Fields | Member
Binding = Slot | Place | Roaming | Pointer | Nothing | Items | Each | Fields | Member | Closure | Table | Raw | Expr
NOT_SCALAR = (Pointer, Place, Items, Each, Fields, Closure, Table, Nothing, Raw)
