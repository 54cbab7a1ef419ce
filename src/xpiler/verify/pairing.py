"""Which parameter of one entry is which of another: as the user says, by position, or by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xpiler.ir.nodes import Buffer, Param


@dataclass(frozen=True)
class Pairing:
    """`names`: parameters of the first entry -> those of the second. `clash` says why there is no such map, or ""."""

    names: Mapping[str, str]
    clash: str = ""


def pair(a: tuple[Param, ...], b: tuple[Param, ...], given: Mapping[str, str] | None = None) -> Pairing:
    """By position where the types fit so, else by name; with `given` by what it says, and the others by name, then by
    position."""
    given = given or {}
    if given:
        return _as_given(a, b, given)
    if list(map(_type, a)) == list(map(_type, b)):
        return Pairing({x.name: y.name for x, y in zip(a, b, strict=True)})
    types = {p.name: _type(p) for p in b}
    if len(a) == len(b) and all(types.get(p.name) == _type(p) for p in a):
        return Pairing({p.name: p.name for p in a})
    return Pairing({}, _clash(a, b, {}))


def _as_given(a: tuple[Param, ...], b: tuple[Param, ...], given: Mapping[str, str]) -> Pairing:
    mine, theirs = {p.name: p for p in a}, {p.name: p for p in b}
    for x, y in given.items():
        if x not in mine or y not in theirs:
            name, has = (x, mine) if x not in mine else (y, theirs)
            which = "first" if x not in mine else "second"
            return Pairing({}, f"the {which} entry has no parameter `{name}`; it has {', '.join(has)}")
        if _type(mine[x]) != _type(theirs[y]):
            return Pairing({}, f"`{_spell(mine[x])}` cannot be `{_spell(theirs[y])}`")
    if len(set(given.values())) < len(given):
        return Pairing({}, "two parameters of the first entry cannot be one of the second")
    names = dict(given)
    left = {n: p for n, p in theirs.items() if n not in names.values()}
    for n, p in mine.items():
        if n not in names and n in left and _type(left[n]) == _type(p):
            names[n] = n
            del left[n]
    rest = [p for n, p in mine.items() if n not in names]
    if list(map(_type, rest)) != [_type(p) for p in left.values()]:
        return Pairing({}, _clash(a, b, names))
    names |= {x.name: y for x, y in zip(rest, left, strict=True)}
    return Pairing({p.name: names[p.name] for p in a})


def _clash(a: tuple[Param, ...], b: tuple[Param, ...], names: Mapping[str, str]) -> str:
    """What differs, which parameters are left over, and how to say what belongs together."""
    said = f"the entries differ: ({', '.join(map(_spell, a))}) and ({', '.join(map(_spell, b))})"
    theirs = {p.name: p for p in b}
    fits = [p.name for p in a if p.name in names or (p.name in theirs and _type(theirs[p.name]) == _type(p))]
    taken = set(names.values()) | {n for n in fits if n not in names}
    mine = [p for p in a if p.name not in fits]
    left = [p for p in b if p.name not in taken]
    if not mine and not left:
        return said
    sides = ((mine, "first"), (left, "second"))
    told = [f"{', '.join(f'`{p.name}`' for p in ps)} of the {which}" for ps, which in sides if ps]
    said += f"; left over: {' and '.join(told)}"
    alike = [(x.name, y.name) for x in mine for y in left if _type(x) == _type(y)]
    hint = f"{alike[0][0]}={alike[0][1]}" if alike else ""
    return f"{said}; --map {hint} says which is which" if hint else said


def _type(p: Param) -> str:
    return f"{p.dtype}{'*' if isinstance(p, Buffer) else ''}"


def _spell(p: Param) -> str:
    return f"{_type(p)} {p.name}"
