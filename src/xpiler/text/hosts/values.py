"""What host variables hold besides scalars and pointers: structures, containers, addresses of variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from xpiler.ir.nodes import Expr
from xpiler.ir.types import DType
from xpiler.text.ctype import CType
from xpiler.text.reading.values import Binding

Key = str | int
UNKNOWN = "a value that only running the host would give"
UNSET = "a variable without a value"


@dataclass(frozen=True)
class Bag:
    """A structure or a short array whose members are followed one by one."""

    fields: Mapping[Key, Binding | Bag] = field(default_factory=dict)

    def at(self, path: tuple[Key, ...]) -> Binding | Bag | None:
        found: Binding | Bag | None = self
        for key in path:
            found = found.fields.get(key) if isinstance(found, Bag) else None
        return found

    def put(self, path: tuple[Key, ...], what: Binding | Bag) -> Bag:
        """The bag with another member."""
        if not path:
            return what if isinstance(what, Bag) else self
        inner = self.fields.get(path[0], Bag())
        new = what if len(path) == 1 else (inner if isinstance(inner, Bag) else Bag()).put(path[1:], what)
        return Bag({**self.fields, path[0]: new})


@dataclass(frozen=True)
class Cell:
    """A variable (by its declaration's key), or a member of one."""

    key: int
    path: tuple[Key, ...] = ()

    def __truediv__(self, key: Key) -> Cell:
        return Cell(self.key, (*self.path, key))


@dataclass(frozen=True)
class Alias:
    """Another name of a variable: a reference."""

    cell: Cell


@dataclass(frozen=True)
class Address:
    """&variable, where the variable is not memory of its own here."""

    cell: Cell


@dataclass(frozen=True)
class Container:
    """A container of the standard library: its elements, once something asks for them, are a host array."""

    name: str
    count: Expr | None
    buffer: str = ""


Thing = Bag | Alias | Address | Container


@dataclass(frozen=True)
class HostArray:
    """Memory of the host; `param` says that it is a parameter of the launcher."""

    name: str
    dtype: DType
    extent: Expr | None
    param: bool = False
    const: bool = False


def is_dim(t: CType) -> bool:
    """Whether a type has the members of dim3."""
    return t.kind == "record" and tuple(name for name, _, _ in t.fields) == ("x", "y", "z")


def is_container(t: CType) -> bool:
    return t.name.startswith(("std::vector<", "vector<", "std::array<", "array<"))
