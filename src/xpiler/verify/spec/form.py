"""The shapes of a specification: `a[m,k], b[k,n], c?[m,n] -> c[m,n]`, and the numbers its letters stand for."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from xpiler.fault import Fault

_ARRAY = re.compile(r"\s*(\w+)(\??)\s*\[([^\]]*)\]\s*(?:,|$)")
# A letter that nothing but an expression names (a stride, a window) is looked for up to here.
MOST_SEARCHED = 64


@dataclass(frozen=True)
class Shaped:
    """One array of a specification; `shape` holds expressions over the letters; `optional` may be left unbound."""

    name: str
    shape: tuple[str, ...]
    optional: bool = False

    @property
    def letters(self) -> set[str]:
        return {w for e in self.shape for w in re.findall(r"[A-Za-z_]\w*", e)}

    def sides(self, dims: Mapping[str, int]) -> tuple[int, ...]:
        return tuple(evaluated(e, dims) for e in self.shape)

    def elements(self, dims: Mapping[str, int]) -> int:
        return math.prod(self.sides(dims))


@dataclass(frozen=True)
class Form:
    """What goes in and what comes out. `usual`: expressions for letters that nothing else determines."""

    inputs: tuple[Shaped, ...]
    outputs: tuple[Shaped, ...]
    usual: Mapping[str, str] = field(default_factory=dict)

    @property
    def letters(self) -> tuple[str, ...]:
        """Every letter, in order of appearance."""
        found = (w for a in (*self.inputs, *self.outputs) for e in a.shape for w in re.findall(r"[A-Za-z_]\w*", e))
        return tuple(dict.fromkeys(found))


def parse(text: str, usual: Mapping[str, str] | None = None) -> Form:
    """The form a text spells; Fault XP2301 where it is not one."""
    left, arrow, right = text.partition("->")
    if not arrow:
        raise _unclear(text, "it has no `->`")
    return Form(_arrays(left, text), _arrays(right, text), dict(usual or {}))


def _arrays(part: str, text: str) -> tuple[Shaped, ...]:
    out, at = [], 0
    part = part.strip()
    while at < len(part):
        found = _ARRAY.match(part, at)
        if found is None:
            raise _unclear(text, f"`{part[at:].strip()}` is not NAME[LETTERS]")
        name, optional, shape = found.groups()
        sides = tuple(s.strip() for s in shape.split(",") if s.strip())
        for side in sides:
            try:
                evaluated(side, dict.fromkeys(_names(side), 1))
            except (ValueError, SyntaxError, ZeroDivisionError):
                raise _unclear(text, f"`{side}` is not a product, sum or quotient of letters and numbers") from None
        out.append(Shaped(name, sides, bool(optional)))
        at = found.end()
    return tuple(out)


def _unclear(text: str, why: str) -> Fault:
    return Fault("XP2301", f"cannot understand the shapes `{text}`", why=why, try_='"a[m,k], b[k,n] -> c[m,n]"')


def evaluated(text: str, dims: Mapping[str, int]) -> int:
    """The value of an expression over letters: + - * // and brackets. KeyError for a letter without a value."""
    return _value(ast.parse(text, mode="eval").body, dims)


def _value(e: ast.expr, dims: Mapping[str, int]) -> int:
    match e:
        case ast.Constant(value=int(n)):
            return n
        case ast.Name(id=name):
            return dims[name]
        case ast.BinOp(left=a, op=op, right=b):
            x, y = _value(a, dims), _value(b, dims)
            match op:
                case ast.Add():
                    return x + y
                case ast.Sub():
                    return x - y
                case ast.Mult():
                    return x * y
                case ast.FloorDiv():
                    return x // y
    raise ValueError(ast.dump(e))


# ---------------------------------------------------------------- what the letters stand for


def solve(form: Form, known: Mapping[str, int], sizes: Mapping[str, int]) -> dict[str, int] | None:
    """Values for all letters, from some and from the elements of the arrays by the form's names; None when they
    contradict each other. Letters that nothing determines are missing from the result."""
    dims = dict(known)
    arrays = [(a, sizes[a.name]) for a in _each(form) if a.name in sizes]
    while True:
        before = len(dims)
        if not _products(arrays, dims) or not _searched(arrays, dims):
            return None
        if len(dims) == before:
            for letter, text in form.usual.items():
                if letter in form.letters and letter not in dims and _names(text) <= set(dims):
                    dims[letter] = evaluated(text, dims)
                    break
        if len(dims) == before:
            break
    return dims if all(a.elements(dims) == n for a, n in arrays if a.letters <= set(dims)) else None


def _each(form: Form) -> Iterator[Shaped]:
    """Outputs last; an accumulator that is also read counts once."""
    names = {o.name for o in form.outputs}
    yield from (a for a in form.inputs if a.name not in names)
    yield from form.outputs


def _names(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z_]\w*", text))


def _products(arrays: list[tuple[Shaped, int]], dims: dict[str, int]) -> bool:
    """Determine what the products of plain letters determine; False where they do not come out whole."""
    rows: list[dict[str, int]] = []
    right: list[float] = []
    for a, n in arrays:
        if n <= 0 or not all(s.isdigit() or s.isidentifier() for s in a.shape):
            continue
        fixed = math.prod(int(s) if s.isdigit() else dims[s] for s in a.shape if s.isdigit() or s in dims)
        open_ = [s for s in a.shape if not s.isdigit() and s not in dims]
        if not fixed or n % fixed:
            return False
        if open_:
            rows.append({s: open_.count(s) for s in open_})
            right.append(math.log(n // fixed))
    letters = sorted({s for r in rows for s in r})
    if not letters:
        return True
    matrix = np.array([[r.get(s, 0) for s in letters] for r in rows], np.float64)
    answer, _, rank, _ = np.linalg.lstsq(matrix, np.array(right), rcond=None)
    _, _, vt = np.linalg.svd(matrix)
    free = vt[rank:]
    for i, s in enumerate(letters):
        if np.all(np.abs(free[:, i]) < 1e-9):
            value = math.exp(float(answer[i]))
            if abs(value - round(value)) > 1e-6 * value:
                return False
            dims[s] = round(value)
    return True


def _searched(arrays: list[tuple[Shaped, int]], dims: dict[str, int]) -> bool:
    """Determine a letter that stands alone in an expression, where exactly one small value fits."""
    for a, n in arrays:
        open_ = a.letters - set(dims)
        if len(open_) != 1 or all(s.isdigit() or s.isidentifier() for s in a.shape):
            continue
        (letter,) = open_
        fits = [v for v in range(1, MOST_SEARCHED) if _positive(a, {**dims, letter: v}) == n]
        if not fits:
            return False
        if len(fits) == 1:
            dims[letter] = fits[0]
    return True


def _positive(a: Shaped, dims: Mapping[str, int]) -> int:
    """The elements of an array, 0 where a side would not be positive."""
    try:
        sides = a.sides(dims)
    except ZeroDivisionError:
        return 0
    return math.prod(sides) if all(s > 0 for s in sides) else 0
