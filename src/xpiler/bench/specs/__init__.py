"""The specifications `--spec NAME` knows: what an operator means, in NumPy, in float64."""

from __future__ import annotations

from collections.abc import Mapping

from xpiler.bench.specs import attention, matrices, pointwise, rows, windows
from xpiler.bench.specs.operator import specs_of
from xpiler.fault import Fault
from xpiler.verify.spec.spec import Spec

SPECS: Mapping[str, Spec] = {
    s.name: s for module in (matrices, pointwise, rows, windows, attention) for s in specs_of(vars(module))
}


def named(name: str) -> Spec:
    """A specification by its name; Fault XP2301 when there is none."""
    if name not in SPECS:
        raise Fault("XP2301", f"no specification is called `{name}`", why=f"there are {', '.join(sorted(SPECS))}",
                    try_="one of these, or a file: --spec mine.py")
    return SPECS[name]
