"""Values that are looked at later: what an array of lanes holds has a name while the tree over it is followed.

    t[l] = x[l] + (l < 4 ? x[l + 8] : 0);  u[l] = t[l] + t[l + 4];  ...      u[0] is a sum of t[l], and then of x

Where values are put in at once, a condition that differs between lanes is simplified in each of them, and what a tree
adds up is no longer of one kind. Here the last array is put in first."""

from __future__ import annotations

from collections.abc import Mapping

from xpiler.facts import sym
from xpiler.facts.sym import Sym
from xpiler.facts.writes import Write


class Deferred:
    """The values of arrays by their names, in the order in which they came to be."""

    def __init__(self) -> None:
        self.names: dict[tuple[tuple[Sym, ...], Sym], str] = {}
        self.values: dict[str, tuple[tuple[Sym, ...], Sym]] = {}

    def named(self, w: Write, at: Mapping[Sym, Sym]) -> Sym | None:
        """The value of a write where its variables are these; None where it is as well put in at once."""
        value = w.value
        summed = value.dtype.is_float or "fold" in value.has  # other whole numbers are indices, of which more is known
        if not w.vars or not summed or value.op in ("ld", "flt") or value.has & {"prev", "pld", "undef"}:
            return None
        around = sorted(value.free - {*w.vars}, key=lambda v: v.uid)
        variables = (*w.vars, *around)
        key = (variables, value)
        if key not in self.names:
            self.names[key] = f"~{len(self.names)}"
            self.values[self.names[key]] = key
        return sym.make("ld", tuple(at.get(v, v) for v in variables), self.names[key], value.dtype)

    def expanded(self, x: Sym) -> Sym:
        """x with every value put in, the last first."""
        for name, (variables, value) in reversed(self.values.items()):
            def put(n: Sym, name: str = name, variables: tuple[Sym, ...] = variables, value: Sym = value) -> Sym | None:
                if n.op != "ld" or n.data != name:
                    return None
                args = [sym.rewrite(a, put) for a in n.args]
                return sym.substitute(value, dict(zip(variables, args, strict=True)))

            x = sym.rewrite(x, put)
        return x
