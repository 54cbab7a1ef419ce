"""What a computation is, in words: found in its index maps, knowing no operator by name.

A `Step` is one thing a loop nest does (a contraction, a window, a reduction, an operation on every element, a copy);
its words are what the programming manual is searched with, so they hold no name of the program's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from xpiler.facts import sym
from xpiler.facts.sym import Sym
from xpiler.facts.writes import Write
from xpiler.ir.types import DType
from xpiler.propose.formula import Axis, axes, formula
from xpiler.propose.operations import bound_in, is_form, operand, operations, short, words_of
from xpiler.propose.words import OPERATIONS, TYPES

LONGEST = 120  # characters of a formula that still helps a reader
FOLDS = {"+": "sum", "max": "maximum", "min": "minimum", "*": "product", "&": "and", "|": "or", "^": "xor"}
_WHOLE = "all of it at once"  # for instructions that are a whole function


@dataclass(frozen=True)
class Step:
    """One thing that is done: its kind, said to a person, and the words that the manual is searched with."""

    kind: str
    says: str
    query: str
    width: str = ""  # of how many elements, and bits, where that is fixed: part of what an instruction is


@dataclass(frozen=True)
class Computation:
    """What is computed, as a sentence, and its steps: what is nearest to an instruction of its own comes first."""

    says: str
    steps: tuple[Step, ...]

    @property
    def query(self) -> str:
        """One query for the whole: its structure, else all its operations, else what little it does."""
        whole = [s for s in self.steps if s.kind not in ("map", "copy")] or [s for s in self.steps if s.says == _WHOLE]
        main = (whole or [*self.steps, Step("", "", "")])[0]
        return f"{main.query} {main.width}".strip()


def computation(writes: Iterable[tuple[str, Write]], registers: frozenset[str] = frozenset()) -> Computation:
    """The computation of these arrays, of which some may be registers: copies to and from those have names."""
    steps: dict[str, Step] = {}
    told: list[str] = []
    for name, w in writes:
        mine = list(_steps(w, name, registers))
        for s in mine:
            steps.setdefault(s.query, s)
        said = formula(name, w)
        main = _told(mine)
        parts = dict.fromkeys(main if len(said) <= LONGEST else [s.says for s in mine if s.says != _WHOLE])
        told.append("; ".join(parts) + (f": {said}" if len(said) <= LONGEST else ""))
    order = sorted(steps.values(), key=lambda s: s.kind in ("map", "copy"))  # stable: as they are computed
    return Computation("; ".join(dict.fromkeys(told)), tuple(order))


def _told(steps: list[Step]) -> list[str]:
    """The steps that tell the structure: a product and a sum inside a contraction are told by the contraction."""
    kinds = {s.kind for s in steps}
    for some in (("contraction", "convolution", "window", "copy"), ("reduction",)):
        if kinds & set(some):
            return [s.says for s in steps if s.kind in some]
    return [s.says for s in steps if s.says != _WHOLE]


def _steps(w: Write, name: str, registers: frozenset[str]) -> Iterator[Step]:
    lanes = _lanes(w.vars, w.value.dtype)
    moved = _moved(w)
    if moved is not None:
        loads = {n.data in registers for n in sym.collect(w.value, lambda n: n.op == "ld")}
        way = {(True, False): "load from memory", (False, True): "store to memory"}.get(
            (name in registers, loads == {True}), "") if registers and loads else ""
        yield Step("copy", moved, f"{way} {moved} {TYPES[w.value.dtype]}".strip(), lanes)
        return
    whole: list[str] = []
    for n in operations(w.value):
        if n.op == "fold":
            yield from _reduction(n, w)
        elif not (w.vars and not n.free & {*w.vars, *bound_in(w.value)}) and not is_form(n):
            says = words_of(n)
            whole.append(says)
            kinds = " ".join(dict.fromkeys(operand(a, w) for a in n.args)) if n.args else ""
            types = " ".join(dict.fromkeys(TYPES[a.dtype] for a in (n, *n.args) if a.dtype is not DType.BOOL))
            yield Step("map", short(n), f"{says} {kinds} {types}".strip(), lanes)
            if n.op == "bin" and n.data == "+" and any(a.op == "bin" and a.data == "*" for a in n.args):
                whole.append(OPERATIONS["fma"])
                yield Step("map", "fused multiply-add", f"{OPERATIONS['fma']} {types}", lanes)
    if len(whole) > 1:
        yield Step("map", _WHOLE, f"{' '.join(dict.fromkeys(whole))} {TYPES[w.value.dtype]}", lanes)


def _lanes(vars_: Iterable[Sym], dtype: DType) -> str:
    """How many elements, and bits, where that is a number."""
    total = 1
    for v in vars_:
        if not sym.is_const(sym.extent_of(v)):
            return ""
        total *= sym.value_of(sym.extent_of(v))
    return f"{total} {total * dtype.bits}" if total > 1 else ""


# ---------------------------------------------------------------- copies


def _moved(w: Write) -> str | None:
    """How elements travel, where nothing is computed; None where something is."""
    value = w.value
    if value.op in ("flt", "int"):
        return "fill with zero" if sym.is_identity("+", value) else "fill with a constant value"
    if value.op == "var":
        return "fill with a scalar value" if w.vars else "copy of a scalar"
    if value.op == "sel" and not value.args[0].has & {"ld", "fold"} and _bounds(value.args[0], w):
        inner = _moved(Write(w.vars, w.index, w.guard, value.args[1]))
        other = _moved(Write(w.vars, w.index, w.guard, value.args[2]))
        return f"{inner}, pad outside: {other}" if inner and other else None
    if value.op != "ld":
        return None
    (index,) = value.args
    if "ld" in index.has:
        return "gather elements by an index array"
    if not w.vars or index is w.index:
        return "copy move of elements"
    out, read = axes(w.index), axes(index)
    if out is None or read is None:
        return "copy of rearranged elements, permute shuffle"
    written, taken = ([v for axis in form for v, _ in axis] for form in (out, read))
    if set(written) - set(taken):
        return "broadcast elements, set1"
    if written == taken:
        steps, others = ({v: sym.sub(sym.substitute(x, {v: sym.ONE}), sym.substitute(x, {v: sym.ZERO})) for v in w.vars}
                         for x in (w.index, index))
        return "copy move of elements" if steps == others else "strided copy of rows and columns of a matrix"
    return "transpose, copy with permuted axes, reorder"


def _bounds(condition: Sym, w: Write) -> bool:
    """A condition of the loops alone: where an element lies."""
    return bool(condition.free & set(w.vars)) and all(sym.bounded(v) for v in condition.free)


# ---------------------------------------------------------------- reductions


def _reduction(fold: Sym, w: Write) -> Iterator[Step]:
    over = sym.fold_vars(fold)
    op = FOLDS.get(sym.fold_op(fold), sym.fold_op(fold))
    body, _ = fold.args
    loads = [n for n in sym.collect(body, lambda n: n.op == "ld") if n.free & set(over)]
    forms = [axes(n.args[0], digits=True) for n in loads]
    types = " ".join(dict.fromkeys(TYPES[n.dtype] for n in loads))
    shape = "x".join(sym.show(sym.extent_of(v)) for v in over)
    words = OPERATIONS.get(sym.fold_op(fold), op).split()
    sliding = any(form is not None and _slides(form, set(over), set(w.vars)) for form in forms)
    factors = _factors(body) if op == "sum" and len(loads) > 1 else None
    if sliding and factors is not None:
        shared = bool(factors[0].free & factors[1].free & set(w.vars))
        kind = "each channel apart (depthwise)" if shared else "all channels together"
        yield Step("convolution", f"sum of products over a sliding window, {kind}",
                   f"convolution sliding window of weights sum of products stride {types}")
    elif sliding:
        yield Step("window", f"{op} over a window of {shape}",
                   f"{op} {words[0]} {words[0].replace('add', 'sum')}pool pool window stride height width {types}")
    elif factors is not None:
        one, other = (set(w.vars) & n.free for n in factors)
        apart = [bool(one - other), bool(other - one)]
        says = {2: "matrix product", 1: "matrix times vector", 0: "dot product"}[sum(apart)]
        yield Step("contraction", f"{says}: sum of products over {shape}",
                   f"{says} matmul matrix product sum of products dot {types}",
                   _lanes(w.vars, w.value.dtype))
    where = _direction(forms, set(over))
    yield Step("reduction", f"{op} over {shape} {where}".strip(),
               f"{op} {words[0]} reduce the whole vector {'' if w.vars else 'as a scalar'} {where} {types}",
               _lanes(over, body.dtype))
    if over:  # many at a time, each iteration is an operation on elements
        yield Step("map", "accumulation", f"{OPERATIONS['fma'] if factors else ' '.join(words)} {types}")


def _factors(body: Sym) -> tuple[Sym, Sym] | None:
    """The two factors of a summed product, of a conditional one too."""
    while body.op in ("cast", "sel"):
        body = body.args[0 if body.op == "cast" else 1]
    product = body.op == "prod" or body.op == "bin" and body.data == "*"
    return (body.args[0], body.args[-1]) if product else None


def _slides(form: list[Axis], over: set[Sym], out: set[Sym]) -> bool:
    """A window slides along an axis, or lies in several axes of which an output has coarser and finer parts."""
    loops = [frozenset().union(*(v.free for v, _ in axis)) for axis in form]
    if any(mine & over and mine & out for mine in loops):
        return True
    marks = ["r" if mine & over else "o" for mine in loops]
    return marks.count("r") > 1 and "ror" in "".join(marks)


def _direction(forms: list[list[Axis] | None], over: set[Sym]) -> str:
    known = [form for form in forms if form]
    if not known:
        return ""
    last = all({v for v, _ in form[-1]} & over for form in known)
    return "along the last axis" if last else "along an axis that is not the last, of the rows"
