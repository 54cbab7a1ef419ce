"""Outputs made of what another output is made of: made after it, of what it leaves in its array.

    x[i], r[i] = (x[i] + r[i]) * scale, x[i] + r[i]      ->      r[i] = x[i] + r[i];      x[i] = r[i] * scale

Each reads what the other one held at first, as a residual that is added and normed in place does.
"""

from __future__ import annotations

from dataclasses import replace

from xpiler.facts import sym
from xpiler.facts.solving import solve
from xpiler.facts.sym import TRUE, ZERO, Sym
from xpiler.facts.writes import Unsummarised, Write

_NEW = "~new"  # an array's name, once it is overwritten


def renewed(name: str, w: Write, other: Write) -> Write | None:
    """`other`, which comes after `w` has overwritten `name`, as made of what that leaves there; None where it needs
    something of what was there."""
    made: dict[Sym, Sym] = {}
    for n in sym.collect(other.value, lambda x: x.op == "ld" and x.data == name):
        try:
            inside, mapping = solve(Write(w.vars, w.index, TRUE, ZERO), n.args[0], other.guard)
        except Unsummarised:
            return None
        if w.guard is TRUE and inside is TRUE or n.args[0] is w.index:
            made[sym.substitute(w.value, mapping)] = sym.load(name + _NEW, n.args[0], n.dtype)
    value = sym.rewrite(other.value, made.get)
    if any(sym.collect(x, lambda n: n.op == "ld" and n.data == name) for x in (value, other.guard, other.index)):
        return None
    back = {n: sym.load(name, n.args[0], n.dtype) for n in sym.collect(
        value, lambda n: n.op == "ld" and n.data == name + _NEW)}
    return replace(other, value=sym.rewrite(value, back.get))
