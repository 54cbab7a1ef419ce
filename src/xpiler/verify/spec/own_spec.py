"""A specification from a user's file: `def spec(a, b, m, k, n): return c`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from xpiler.emulate.entry import Limits
from xpiler.emulate.function import Function
from xpiler.fault import Fault, Span
from xpiler.verify.spec.binding import plain
from xpiler.verify.spec.form import parse
from xpiler.verify.signature import Signature
from xpiler.verify.spec.spec import Answer, Arguments, Spec


def own(text: str, file: str, sig: Signature, limits: Limits) -> Spec:
    """The specification in a file, for a text with this signature.

    With `SHAPES = "a[m,k], b[k,n] -> c[m,n]"` in the file arrays come in these shapes; without, flat, and a parameter
    is an array unless it is called like a scalar of the text or has a number for its default."""
    function = Function(text, file, limits)
    parameters, shapes = function.describe()
    names = tuple(n for n, _ in parameters)
    if not names:
        why = "its parameters name arrays and scalars"
        raise Fault("XP2301", f"`spec` in {file} takes nothing", Span(file), why, "--spec gemm, or --spec mine.py")
    form = parse(shapes) if shapes else None
    call: Callable[[Arguments], Answer] = partial(_call, function, names)
    name = Path(file).stem
    if form is not None:
        arrays = {a.name for a in form.inputs}
        scalars = {n: d for n, d in parameters if n not in arrays and n not in form.letters}
        return Spec(name, {"": call}, form, scalars=scalars)
    called = {plain(v.name) for v in sig.scalars}
    scalars = {n: d for n, d in parameters if d is not None or plain(n) in called}
    return Spec(name, {"": call}, None, tuple(n for n in names if n not in scalars), scalars)


def _call(function: Function, names: tuple[str, ...], arguments: Arguments) -> Answer:
    arrays = {n: a for n, a in arguments.items() if n in names and isinstance(a, np.ndarray)}
    numbers = {n: v for n, v in arguments.items() if n in names and not isinstance(v, np.ndarray)}
    return tuple(np.asarray(r, np.float64) for r in function.call(arrays, numbers))
