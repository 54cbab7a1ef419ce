"""A flipped bit is arithmetic where it is a digit, and has the same value."""

from __future__ import annotations

import itertools

import pytest

from xpiler.facts import sym
from xpiler.facts.flips import without_flips
from xpiler.facts.sym import ZERO


@pytest.mark.parametrize("bit", [1, 2, 8, 32])
def test_a_bit_that_is_flipped_is_arithmetic_where_it_is_a_digit(bit: int) -> None:
    high, digit, low = (sym.fresh(name, sym.integer(n)) for name, n in (("h", 3), ("d", 2), ("l", bit)))
    low = low if bit > 1 else ZERO
    at = sym.add(sym.scale(high, 2 * bit), sym.scale(digit, bit), low)
    for whole in (at, sym.add(sym.scale(high, 2 * bit), low), sym.add(sym.scale(high, 2 * bit), low, sym.integer(bit))):
        flipped = without_flips(sym.bit("^", whole, sym.integer(bit)))
        assert "bit" not in flipped.has
        for h, d, n in itertools.product(range(3), range(2), range(bit)):
            where = {high: h, digit: d, low: n} if bit > 1 else {high: h, digit: d}
            number = sym.evaluate(whole, where)
            assert number is not None and sym.evaluate(flipped, where) == number ^ bit
    three, far = (sym.bit("^", x, sym.integer(bit)) for x in (sym.scale(high, bit), sym.add(at, low)))
    assert "bit" in without_flips(three).has, "three values are no bit"
    assert "bit" in without_flips(far).has or bit == 1, "low goes on into the digit"
