"""Named values: what a kernel computes once is called what the source calls it.

    int whole_1 = (int)floorf(difference_1);        ->        int x0 = (int)floorf(x);

A closed form has no names for its parts, and those made up after operations say little. Two scalars are taken for the
same where they are made by the same operations of elements at the same offsets. Names change nothing but what a reader
sees: only those made up are changed, and only to what one scalar of the source alone is called.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain

from xpiler.facts.polynomial import polynomial
from xpiler.ir.nodes import Assign, Binary, Buffer, Call, Cast, Const, Expr, Kernel, Let, Load, Select, Unary, Var
from xpiler.ir.walk import Fresh, names, rename, statements
from xpiler.passes.source_names import stem
from xpiler.passes.value_names import made_up

DEEPEST = 24  # operations of operations
Form = tuple[object, ...]


def values_named_after(kernel: Kernel, sources: Iterable[Kernel]) -> Kernel:
    """The kernel, its values called as one of `sources` calls what it computes in the same way."""
    theirs = defaultdict[Form, set[str]](set)
    for v, form in chain.from_iterable(_forms(s).items() for s in sources):
        theirs[form].add(stem(v))
    chosen = {v: min(theirs[form]) for v, form in _forms(kernel).items()
              if made_up(stem(v)) and len(theirs.get(form, ())) == 1}
    supply = Fresh(names(kernel) - {v.name for v in chosen})
    return replace(kernel, body=rename(kernel.body, {v.name: supply(name) for v, name in chosen.items()}))


def _forms(kernel: Kernel) -> dict[Var, Form]:
    """How the scalars are made that are set once."""
    set_again = {s.var for s in statements(kernel) if isinstance(s, Assign)}
    lets: dict[Var, Expr] = {}
    for s in statements(kernel):
        if isinstance(s, Let) and (s.var in lets or s.value is None):
            set_again.add(s.var)
        elif isinstance(s, Let) and s.value is not None:
            lets[s.var] = s.value
    lets = {v: e for v, e in lets.items() if v not in set_again}
    arrays = [p.name for p in kernel.params if isinstance(p, Buffer)]
    found = {v: _form(e, lets, arrays) for v, e in lets.items()}
    return {v: form for v, form in found.items() if _tells(form)}


def _form(e: Expr, lets: Mapping[Var, Expr], arrays: list[str], depth: int = 0) -> Form:
    """The operations that make a value; of an element its place among its neighbours, and alone the array it is of."""
    if depth > DEEPEST:
        return ("deep",)
    match e:
        case Var() if e in lets:
            return _form(lets[e], lets, arrays, depth + 1)
        case Const(value):
            return "const", float(value)
        case Cast(a):
            return _form(a, lets, arrays, depth)
        case Load(array, index):
            own = next((a for a in arrays if array == a or array.startswith(f"{a}_")), "") if depth == 0 else ""
            return "element", own, polynomial(index, lets).constant
        case Unary(op, a):
            return op, _form(a, lets, arrays, depth + 1)
        case Binary(op, a, b):
            sides = [_form(x, lets, arrays, depth + 1) for x in (a, b)]
            return op, *(sides if e.dtype.is_float else sorted(sides, key=repr))
        case Call(op, args):
            return op, *(_form(x, lets, arrays, depth + 1) for x in args)
        case Select(cond, a, b):
            return "?", *(_form(x, lets, arrays, depth + 1) for x in (cond, a, b))
    return ("scalar",)


def _tells(form: Form) -> bool:
    """Whether a form says more than that it is a number or some scalar."""
    if form[0] == "element":
        return form[1] != ""
    return any(isinstance(f, tuple) and (f[0] == "element" or _tells(f)) for f in form)
