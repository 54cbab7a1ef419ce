"""What scalars are called that no author named: after the operation that makes them."""

from __future__ import annotations

from xpiler.facts import sym
from xpiler.facts.sym import Sym

ACCUMULATORS = {"+": "sum", "*": "product", "max": "top", "min": "bottom"}
_WORDS = {"+": "total", "-": "difference", "*": "product", "/": "quotient", "max": "larger", "min": "smaller",
          "sqrt": "root", "rsqrt": "inverse", "rcp": "inverse", "exp": "power", "exp2": "power", "abs": "size",
          "floor": "whole", "ceil": "whole", "trunc": "whole", "round": "whole", "rint": "whole"}
_TELLING = {"inverse", "mean", "root"}  # names that say what a value is for, as far as an operation can


def word(x: Sym) -> str:
    """What a value is called: after the array it comes from, or the operation that makes it."""
    if x.op == "cast":
        return word(x.args[0])
    if x.op == "ld":
        return f"{str(x.data).lstrip('~')}_value"
    if x.op == "bin" and x.data == "/":
        over, by = x.args
        if over.op == "flt" and sym.float_of(over) == 1.0:
            return "inverse"
        if over.op == "fold" and sym.fold_op(over) == "+" and not by.has & {"ld", "fold"}:
            return "mean"
    return _WORDS.get(str(x.data), "v") if x.op in ("bin", "call") else "v"


def made_up(name: str) -> bool:
    """Whether a name is one that an operation or an array has given, for want of a better."""
    return name == "v" or name.endswith("_value") or name in {*_WORDS.values()} - _TELLING


def words(x: Sym) -> str:
    """What an array of such values is called."""
    one = ACCUMULATORS.get(sym.fold_op(x), "v") if x.op == "fold" else word(x)
    return "values" if one == "v" else f"{one}s"
