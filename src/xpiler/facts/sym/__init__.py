"""Symbolic values: interned expressions in normal form.

Integers are mathematical integers (a proposal's view; judges execute the real text). Every integer expression is a
sum of coefficient * atom plus a constant; division and remainder by constants are simplified with the ranges of
their atoms. Equal expressions are the same object, so equality is `is`. A `fold` is a reduction over bound
variables, named canonically so that alpha-equal folds are the same object too.

Normal forms are made of each other: a product of choices is a choice between products, what is selected is rewritten,
and rewriting builds products. The files stand in one order, from `nodes` and `leaves` up to `folds`: each imports names
from files below it, and what stands above it is asked of the whole package when it is needed: `sym.select`.
"""

from xpiler.facts.sym.associative import combine, identity_of, is_identity, reduce_pair
from xpiler.facts.sym.bits import bit, low_word, shifted_in_zeros
from xpiler.facts.sym.bounds import bound, prove_lt
from xpiler.facts.sym.comparisons import compare, negative, zero
from xpiler.facts.sym.evaluation import evaluate, likely_le
from xpiler.facts.sym.extents import merge_digits, tighten
from xpiler.facts.sym.fields import mask_bit
from xpiler.facts.sym.folds import fold
from xpiler.facts.sym.halves import half
from xpiler.facts.sym.leaves import (
    FALSE, ONE, TRUE, ZERO, boolean, fresh, integer, is_const, load, number, previous,
    previous_load, undefined, var,
)
from xpiler.facts.sym.logic import conjoin, conjuncts, disjoin, negate
from xpiler.facts.sym.nodes import (
    LOGICAL, METER, Exhausted, Sym, bounded, extent_of, float_of, fold_op, fold_vars, make, name_of,
    show, value_of, word_of,
)
from xpiler.facts.sym.operations import binary, call, cast, is_cut, is_exact, stated, unary
from xpiler.facts.sym.padding import padded_alike
from xpiler.facts.sym.quotients import div, mod
from xpiler.facts.sym.recombined import recombine, recombine_multiples
from xpiler.facts.sym.rewriting import collect, rebuild, rewrite, substitute
from xpiler.facts.sym.rolling import between, is_shift, reroll
from xpiler.facts.sym.selection import assume, select
from xpiler.facts.sym.sums import add, linear, mul, scale, sub, terms_of

__all__ = [
    "FALSE", "LOGICAL", "METER", "ONE", "TRUE", "ZERO", "Exhausted", "Sym", "add", "assume",
    "between", "binary", "bit", "boolean", "bound", "bounded", "call", "cast", "collect", "combine",
    "compare", "conjoin", "conjuncts", "disjoin", "div", "evaluate", "extent_of", "float_of",
    "fold", "fold_op", "fold_vars", "fresh", "half", "identity_of", "integer", "is_const", "is_cut",
    "is_exact", "is_identity", "is_shift", "likely_le", "linear", "load", "low_word", "make",
    "mask_bit", "merge_digits", "mod", "mul", "name_of", "negate", "negative", "number",
    "padded_alike", "previous", "previous_load", "prove_lt", "rebuild", "recombine", "recombine_multiples",
    "reduce_pair", "reroll", "rewrite", "scale", "select", "shifted_in_zeros", "show", "stated", "sub",
    "substitute", "terms_of", "tighten", "unary", "undefined", "value_of", "var", "word_of", "zero",
]
