"""A look at one choice of indices tells terms apart, and never two that are equal."""

from __future__ import annotations

from fractions import Fraction

import pytest

from xpiler.verify.proof.index import below, equal, negated, poly, symbol
from xpiler.verify.proof.sample import Samples
from xpiler.verify.proof.solver import Facts, Oracle
from xpiler.verify.proof.terms import Term, Terms

N, K = symbol("i", 0, 63), symbol("k", 0, 7)
TRUE = equal(poly(0), 0)


@pytest.fixture
def terms() -> Terms:
    return Terms()


def read(terms: Terms, index: object) -> Term:
    return terms.make("input", (0, poly(index)))  # type: ignore[arg-type]


def op(terms: Terms, name: str, *args: Term) -> Term:
    return terms.make("op", (name, "real"), args)


def apart(a: Term, b: Term, facts: Facts | None = None) -> bool:
    samples, facts = Samples(), facts or Facts(Oracle(1e9))
    return samples.apart(a, b, samples.at(facts, (a, b)))


def test_other_places_other_functions_and_other_sums_are_told_apart(terms: Terms) -> None:
    x, y = read(terms, N), read(terms, poly(N) + 1)
    assert apart(x, y)
    assert apart(op(terms, "exp", x), op(terms, "exp", y))
    assert apart(op(terms, "exp", x), op(terms, "tanh", x))
    over = [terms.make("item", ((K,), d), (read(terms, poly(N) + K),)) for d in (TRUE, below(poly(K), 7))]
    assert apart(*(terms.make("fold", ("+", "real"), (i,)) for i in over))


def test_the_same_in_another_order_or_written_out_is_not(terms: Terms) -> None:
    parts = [read(terms, poly(N) + n) for n in range(8)]
    plain = [terms.make("item", ((), TRUE), (p,)) for p in parts]
    out = parts[7]
    for p in parts[:7]:
        out = op(terms, "+", p, out)
    assert not apart(terms.make("fold", ("+", "real"), plain), out)
    over = terms.make("item", ((K,), TRUE), (read(terms, poly(N) + K),))
    assert not apart(terms.make("fold", ("+", "real"), (over,)), out)
    assert not apart(op(terms, "/", parts[0], parts[1]), op(terms, "*", op(terms, "inv", parts[1]), parts[0]))


def test_only_where_the_facts_hold(terms: Terms) -> None:
    x, y = read(terms, N), read(terms, 5)
    assert apart(x, y)
    oracle = Oracle(1e9)
    assert not apart(x, y, Facts(oracle).assume(equal(poly(N), 5)))
    assert apart(x, y, Facts(oracle).assume(negated(equal(poly(N), 5))))


def test_what_has_no_value_is_not_told_apart(terms: Terms) -> None:
    x = read(terms, N)
    assert not apart(op(terms, "a function nobody knows", x), x)
    assert not apart(terms.make("undef", 1), x)
    negative = terms.make("const", Fraction(-1))
    assert not apart(op(terms, "log", negative), x)
