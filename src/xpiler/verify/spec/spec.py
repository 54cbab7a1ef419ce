"""What a specification is: a function on float64 arrays with named arguments, and the shapes it wants them in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xpiler.verify.spec.form import Form

F64 = NDArray[np.float64]
Arguments = Mapping[str, Any]  # arrays, and numbers by the name of a letter or of a scalar
Answer = tuple[F64, ...]


@dataclass(frozen=True)
class Spec:
    """`ways` are equally right answers (gelu with erf, gelu with tanh), by name; each takes the arrays by name and
    those letters and scalars it asks for.

    `form` is None where arrays are flat and only their names are known (`inputs`, then). `scalars`: numbers it takes
    besides letters, with what they are where the file has none; None asks for one. `also`: other names that files give
    an argument. `apart` is a letter, first in the shapes that have it: the slices along it have nothing to do with each
    other, so that large arrays need not be computed at once."""

    name: str
    ways: Mapping[str, Callable[[Arguments], Answer]]
    form: Form | None
    inputs: tuple[str, ...] = ()
    scalars: Mapping[str, float | None] = field(default_factory=dict)
    also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    title: str = ""
    apart: str = ""
