"""Which integers of a program may hold the bits of halves: registers of integers, of which a word holds two.

Bits are no matter of real numbers, so such a word is kept as exact.h's `Halves`, the bits with both floats beside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from xpiler.ir.nodes import (
    Addr, Alloc, Assign, Atomic, Binary, Buffer, Call, Cast, Const, Expr, Intrinsic, Kernel, Let, Load, Meaning, Select,
    Shuffle, Stmt, Store, Var,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import statements, subexpressions, walk

PACKED, UNPACKED = "bits.f16.u16", "bits.u16.f16"
WIDTHS = frozenset({DType.I16, DType.U16, DType.I32, DType.U32})
Owner = str | tuple[str, str]
Names = dict[Owner, set[str]]


def is_word(e: Expr, names: frozenset[str] | set[str]) -> bool:
    """Whether an integer may have the bits of a half in it; `names` are the variables and arrays that may."""
    match e:
        case Call(name) if name == PACKED:
            return True
        case Var(name) | Load(name):
            return name in names
        case Cast(a, dtype):
            return dtype in WIDTHS and is_word(a, names)
        case Binary("&" | "|", a, b, dtype):
            return dtype in WIDTHS and (is_word(a, names) or is_word(b, names))
        case Binary("<<" | ">>", a, _, dtype):
            return dtype in WIDTHS and is_word(a, names)
        case Select(_, a, b, dtype):
            return dtype in WIDTHS and (is_word(a, names) or is_word(b, names))
    return False


def packed(a: Expr, b: Expr) -> tuple[Expr, Expr] | None:
    """The two halves of `bits of x | bits of y << 16`."""
    match _low(b):
        case Binary("<<", y, Const(16)):
            lower, upper = _low(a), _low(y)
            if any(isinstance(x, Cast) and x.dtype is DType.I16 for x in subexpressions(a)):
                return None  # its sign may be in the upper half
            if isinstance(lower, Call) and isinstance(upper, Call) and lower.name == upper.name == PACKED:
                return lower.args[0], upper.args[0]
    return None


def unpacked(a: Expr) -> tuple[Expr, Expr | None]:
    """A word, and the bit at which 16 of its bits begin (None: the first), of `(word >> bit) & 65535`."""
    match _low(a):
        case Binary(">>", of, at):
            return of, at
        case of:
            return of, None


def _low(e: Expr) -> Expr:
    """An expression of which the same 16 bits are the lowest."""
    match e:
        case Cast(a, dtype) if dtype in WIDTHS and a.dtype in WIDTHS:
            return _low(a)
        case Binary("&", a, Const(0xFFFF)) | Binary("&", Const(0xFFFF), a):
            return _low(a)
    return e


def words(kernels: Sequence[Kernel], meanings: Mapping[tuple[str, str], Meaning]) -> Mapping[Owner, frozenset[str]]:
    """The variables and arrays that may hold such bits, of every kernel and every meaning; none where no half's bits
    are looked at, or where they would have to lie in memory."""
    owners: dict[Owner, Kernel | Meaning] = {k.name: k for k in kernels}
    owners.update(iter(meanings.items()))
    if not any(isinstance(e, Call) and e.name == PACKED for o in owners.values() for e in walk(o)):
        return {}
    found: Names = {o: set() for o in owners}
    grown = True
    while grown:
        grown = False
        for owner, of in owners.items():
            for s in statements(of):
                for o, name in _reached(s, owner, found, meanings):
                    grown = grown or name not in found[o]
                    found[o].add(name)
    kept = all(_own(of) >= found[o] for o, of in owners.items())
    moved = any(_moves(s, found[o]) for o, of in owners.items() for s in statements(of))
    return {o: frozenset(names) for o, names in found.items()} if kept and not moved else {}


def _reached(
    s: Stmt, owner: Owner, found: Names, meanings: Mapping[tuple[str, str], Meaning]
) -> Iterator[tuple[Owner, str]]:
    """What may hold bits of halves by a statement."""
    match s:
        case (Let(v, value) | Assign(v, value)) if value is not None and is_word(value, found[owner]):
            yield owner, v.name
        case Store(buffer, _, value) if is_word(value, found[owner]):
            yield owner, buffer
        case Intrinsic(name, args, result, key) if (name, key) in meanings:
            m = meanings[name, key]
            given: list[tuple[Expr | None, Buffer | Var | None]] = [*zip(args, m.params, strict=True)]
            for a, p in [*given, (result, m.result)]:
                if p is None or a is None:
                    continue
                own = a.buffer if isinstance(a, Addr) else a.name if isinstance(a, Var) and a is result else ""
                if p.name in found[name, key] and own:
                    yield owner, own
                if own in found[owner] or not isinstance(a, Addr) and a is not result and is_word(a, found[owner]):
                    yield (name, key), p.name


def _own(of: Kernel | Meaning) -> set[str]:
    """What an owner has to itself, of a type that holds a half: variables, arrays it declares, registers by value."""
    made = {s.buffer.name for s in statements(of) if isinstance(s, Alloc) and s.buffer.dtype in WIDTHS}
    made |= {s.var.name for s in statements(of) if isinstance(s, Let) and s.var.dtype in WIDTHS}
    given = (*of.params, *([of.result] if isinstance(of, Meaning) and of.result is not None else []))
    return made | {p.name for p in given if p.dtype in WIDTHS and (isinstance(p, Var) or p.ctype)}


def _moves(s: Stmt, names: set[str]) -> bool:
    """Whether a statement gives such bits to other threads."""
    match s:
        case Shuffle(value=value):
            return is_word(value, names)
        case Atomic(buffer=buffer, value=value):
            return buffer in names or is_word(value, names)
    return False
