"""What an array is, as a formula: flat indices as axes again, loops by one letter each."""

from __future__ import annotations

from math import inf

from xpiler.facts import sym
from xpiler.facts.sym import Sym
from xpiler.facts.writes import Write

Axis = list[tuple[Sym, int]]  # loop variables of one axis with their strides along it, the finest first

_FOLDED = "@"  # what the names of a fold's variables begin with
_OUT, _SUMMED = "ijlmnpq", "krstuvw"


def axes(index: Sym, digits: bool = False) -> list[Axis] | None:
    """The axes of a flat index, outermost first; None where it is no sum of multiples of loop variables.

    Terms whose ranges overlap belong to one axis: in `3*i + r` with r below 5 a window slides. What a fold runs over is
    finer than an output's loop of the same stride. `digits`: parts of a loop, `i / 7` and `i % 7`, count as loops."""
    _, terms = sym.terms_of(index)
    found: list[tuple[float, Sym, int]] = []
    for atom, c in terms.items():
        loops = [v for v in ((atom,) if atom.op == "var" else atom.args) if v.op == "var" and sym.bounded(v)]
        if digits and atom.op in ("div", "mod") and sym.is_const(atom.args[1]) and not atom.has:
            found.append((float(abs(c)), atom, c))
            continue
        if atom.op not in ("var", "prod") or len(loops) > 1:
            return None
        if loops:  # a symbolic stride is taken to be larger than any number
            weight = float(abs(c)) if atom.op == "var" else abs(c) * 1e9 ** (len(atom.args) - 1)
            found.append((weight, loops[0], c))
    out: list[Axis] = []
    span, unit = 0.0, 1.0
    for weight, v, _ in sorted(found, key=lambda f: (f[0], not sym.show(f[1]).startswith(_FOLDED))):
        if not out or weight >= span:
            out.append([(v, 1)])
            unit = weight
        else:
            out[-1].append((v, round(weight / unit)))
        n = v.hi + 1 if v.hi < inf else 1e9 if unit < 1e9 else inf
        span = max(span, weight * n)
    return out[::-1]


def formula(name: str, w: Write) -> str:
    """`C[i,j] = sum(k<128) A[i,k] * B[k,j]`."""
    form = axes(w.index)
    order = [v for axis in form for v, _ in axis] if form is not None else list(w.vars)
    names = dict(zip([*order, *(v for v in w.vars if v not in order)], _letters(_OUT), strict=False))
    where = "" if w.guard is sym.TRUE else f" where {_show(w.guard, names)}"
    place = f"{name}[{_index(w.index, names)}]" if w.vars else name
    return f"{place} = {_show(w.value, names)}{where}"


def _letters(first: str) -> list[str]:
    return [*first, *(f"{c}{n}" for n in range(1, 9) for c in first)]


def _index(index: Sym, names: dict[Sym, str]) -> str:
    form = axes(index, digits=True)
    const, terms = sym.terms_of(index)
    if not form or const or sum(map(len, form)) < len(terms):
        return _show(index, names)
    return ",".join("+".join(_show(v, names) if c == 1 else f"{c}*{_part(v, names)}" for v, c in axis[::-1])
                    for axis in form)


def _show(x: Sym, names: dict[Sym, str]) -> str:
    a = x.args
    match x.op:
        case "var":
            return names.get(x, sym.name_of(x))
        case "ld":
            return f"{sym.word_of(x)}[{_index(a[0], names)}]"
        case "fold":
            free = [n for n in _letters(_SUMMED) if n not in names.values()]
            inner = names | dict(zip(sym.fold_vars(x), free, strict=False))
            heads = ",".join(f"{inner[v]}<{_show(sym.extent_of(v), names)}" for v in sym.fold_vars(x))
            word = {"+": "sum", "*": "product"}.get(sym.fold_op(x), sym.fold_op(x))
            return f"{word}({heads}) {_show(a[0], inner)}"
        case "bin" | "bit" | "cmp":
            return f"{_part(a[0], names)} {x.data} {_part(a[1], names)}"
        case "lin":
            const, terms = sym.terms_of(x)
            parts = [_show(t, names) if c == 1 else f"{c}*{_part(t, names)}" for t, c in terms.items()]
            return " + ".join(parts + ([str(const)] if const else []))
        case "prod":
            return " * ".join(_part(t, names) for t in a)
        case "div" | "mod":
            return f"{_part(a[0], names)} {'/' if x.op == 'div' else '%'} {_part(a[1], names)}"
        case "un":
            return f"{x.data}{_part(a[0], names)}"
        case "cast":
            return _show(a[0], names)
        case "sel":
            return f"{_part(a[0], names)} ? {_part(a[1], names)} : {_part(a[2], names)}"
        case "lt":
            return f"{_show(a[0], names)} < 0"
        case "eq":
            return f"{_show(a[0], names)} == 0"
        case "call" if not a:
            return str(x.data)
        case "int" | "flt":
            return sym.show(x)
    word = str(x.data) if x.op == "call" else x.op
    return f"{word}({', '.join(_show(n, names) for n in a)})"


def _part(x: Sym, names: dict[Sym, str]) -> str:
    said = _show(x, names)
    return said if x.op in ("var", "ld", "call", "int", "flt", "cast", "un") else f"({said})"
