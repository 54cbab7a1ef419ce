"""What the end of a loop hangs on."""

from __future__ import annotations

from xpiler.ir.nodes import Assign, Let, Load, While
from xpiler.ir.walk import defines, scalars_read, statements, subexpressions


def deciding(s: While) -> list[Let | Assign] | None:
    """The statements of an iteration that its next condition hangs on, in order, where every one is carried out each
    time and none looks into memory; else None."""
    if any(isinstance(x, Load) for x in subexpressions(s.cond)):
        return None
    names = {v.name for v in scalars_read(s.cond)}
    while True:
        found = [x for x in s.body if isinstance(x, Let | Assign) and x.var.name in names]
        if any(x.value is None or any(isinstance(e, Load) for e in subexpressions(x.value)) for x in found):
            return None
        more = names | {v.name for x in found if x.value is not None for v in scalars_read(x.value)}
        if more == names:
            break
        names = more
    every = [x for x in statements(s.body) if (v := defines(x)) is not None and v.name in names]
    return found if len(every) == len(found) else None
