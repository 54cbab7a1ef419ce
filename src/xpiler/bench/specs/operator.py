"""How a specification is written down: a NumPy function under a decorator with its shapes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from xpiler.verify.spec.form import Form, parse
from xpiler.verify.spec.spec import Answer, Arguments, Spec

Function = Callable[..., Any]


def operator(
    shapes: str, *, also: Mapping[str, str] | None = None, usual: Mapping[str, str] | None = None, way: str = "",
    apart: str = "",
) -> Callable[[Function], Function]:
    """Make a function a specification with these shapes (see `verify.form`).

    It takes arrays by name, then letters and scalars it asks for; a default is what a scalar is where the file has
    none. `also`: further names, as words. `way`: the name of this reading, where an operator has several; functions
    `gelu` and `gelu_tanh` are one operator. `apart`: a letter that is the first of all shapes that have it; the slices
    along it are computed independently (see `verify.spec`)."""
    form = parse(shapes, usual)

    def mark(function: Function) -> Function:
        words = {k: tuple(v.split()) for k, v in (also or {}).items()}
        function.__dict__["specification"] = (form, words, way, apart)
        return function

    return mark


def specs_of(names: Mapping[str, Any]) -> Iterator[Spec]:
    """The specifications among the functions of a module."""
    marked = [(n, f) for n, f in names.items() if callable(f) and "specification" in getattr(f, "__dict__", {})]
    for name, f in marked:
        form, also, way, apart = f.specification
        if any(name.startswith(other + "_") and g.specification[2] for other, g in marked if other != name) and way:
            continue
        ways = {way: _called(f, form)}
        ways |= {g.specification[2]: _called(g, form) for n, g in marked
                 if n.startswith(name + "_") and g.specification[2] and way}
        yield Spec(name, ways, form, scalars=_scalars(f, form), also=also, title=inspect.getdoc(f) or "",
                   apart=apart)


def _scalars(f: Function, form: Form) -> dict[str, float | None]:
    arrays = {a.name for a in form.inputs}
    return {
        n: None if p.default is inspect.Parameter.empty else p.default
        for n, p in inspect.signature(f).parameters.items() if n not in arrays and n not in form.letters
    }


def _called(f: Function, form: Form) -> Callable[[Arguments], Answer]:
    wanted = inspect.signature(f).parameters

    def call(arguments: Arguments) -> Answer:
        result = f(**{n: arguments[n] for n in wanted if n in arguments})
        return tuple(np.asarray(r, np.float64) for r in (result if isinstance(result, tuple) else (result,)))

    return call
