"""Words that are parts of others or the bits of other numbers, and back: halves of two words, floats as bits."""

from __future__ import annotations

from xpiler.facts.sym.leaves import ZERO
from xpiler.facts.sym.nodes import I32, Sym, word_of
from xpiler.facts.sym.selection import select
from xpiler.facts.sym.sums import linear, scale, terms_of
from xpiler.ir.types import DType


def half(x: Sym, upper: bool) -> Sym | None:
    """The upper or the lower word of a number that is put together from two, as a signed one; None where it is not."""
    if x.op == "sel":
        one, other = (half(side, upper) for side in x.args[1:])
        return None if one is None or other is None else select(x.args[0], one, other)
    const, terms = terms_of(x)
    high = {t: c >> 32 for t, c in terms.items() if c % (1 << 32) == 0}
    low = linear(const, {t: c for t, c in terms.items() if t not in high})
    if not high or low.lo < 0 or low.hi >= 1 << 32:
        return None
    word = linear(0, high) if upper else low
    fits = word.lo >= -(1 << 31) and word.hi < 1 << 31
    return as_word(word) if fits or as_word(word) is not word else None


def as_word(x: Sym) -> Sym:
    """The signed word that has the bits of an unsigned one, where that is what it was made of."""
    return x.args[0] if x.op == "cast" and x.dtype is DType.U32 and x.args[0].dtype is I32 else x


def there_and_back(name: str, x: Sym) -> Sym | None:
    """The number whose bits are read as another one and then as it is; of a choice, each side's."""
    if x.op == "call":
        return x.args[0] if _undone(name, word_of(x)) else None
    if x.op != "sel":
        return None
    one = there_and_back(name, x.args[1])
    other = None if one is None else there_and_back(name, x.args[2])
    return None if one is None or other is None else select(x.args[0], one, other)


def _undone(name: str, before: str) -> bool:
    """bits.i32.f32 after bits.f32.i32: the bits of a number there and back."""
    return name.split(".") == [*before.split(".")[:1], *before.split(".")[:0:-1]]


def or_nothing(word: Sym) -> tuple[Sym, Sym, Sym] | None:
    """A condition, and a word with and without it, where one of the two is 0: of a lane that is masked."""
    const, terms = terms_of(word)
    if const or len(terms) != 1:
        return None
    ((x, c),) = terms.items()
    if x.op != "sel" or ZERO not in x.args[1:]:
        return None
    return x.args[0], scale(x.args[1], c), scale(x.args[2], c)
