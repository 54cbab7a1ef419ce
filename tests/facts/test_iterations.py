"""What a loop leaves behind where it has no iterations, and where one undoes what another wrote."""

from __future__ import annotations

import pytest

from tests.passes.programs import F, I, assign, ex, let, load, loop, store, var, when
from tests.passes.random_kernels import same
from xpiler.ir.nodes import Buffer, Const, Kernel, Stmt, Var
from xpiler.passes.contract import Contract
from xpiler.passes.step import NotApplicable


def kernel(*body: Stmt) -> Kernel:
    arrays = tuple(Buffer(name, F, Const(8, I)) for name in ("x", "y"))
    return Kernel("last", (*arrays, Var("n", I)), body)


N, i, j = var("n"), var("i"), var("j")
CASES = {
    "elements": (loop("i", N, loop("j", 4, store("x", j, load("y", j)))),),
    "the last of": (loop("i", 4, loop("j", N, store("x", i, load("y", j + i)))),),
    "a scalar": (let("s", 3.0), loop("i", N, assign("s", load("y", i))), store("x", 0, var("s", F))),
    "a counter": (let("c", 5, I), loop("i", N, assign("c", var("c") - 1, I), start=1), store("x", var("c"), 1.0)),
}


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_written_by_a_loop_without_iterations(case: str) -> None:
    k = kernel(*CASES[case])
    same(k, Contract().apply(k), sizes=(0, 1, 4))


BEGUN = {
    "a scalar": (let("s", 3.0), loop("i", N, when(i.eq(0), assign("s", load("y", i) * 2.0),
                                                orelse=(assign("s", var("s", F) + load("y", i)),))),
                 store("x", 0, var("s", F))),
    "elements": (loop("i", N, when(i.eq(0), loop("j", 4, store("x", j, load("y", j)))),
                      when(ex(0) < i, loop("j", 4, store("x", j, load("x", j) + load("y", j + i))))),),
    "cleared": (loop("i", N, when(i.eq(0), loop("j", 4, store("x", j, 0.0))),
                     loop("j", 4, store("x", j, load("x", j) + load("y", j + i)))),),
}


@pytest.mark.parametrize("case", BEGUN)
def test_what_the_first_iteration_sets_is_accumulated_into(case: str) -> None:
    k = kernel(*BEGUN[case])
    same(k, Contract().apply(k), sizes=(0, 1, 4))


def test_what_another_iteration_sets_is_no_sum() -> None:
    again = when(i.eq(1), assign("s", load("y", i)), orelse=(assign("s", var("s", F) + load("y", i)),))
    with pytest.raises(NotApplicable, match="carried between iterations"):
        Contract().apply(kernel(let("s", 3.0), loop("i", N, again), store("x", 0, var("s", F))))


def test_an_iteration_that_undoes_what_another_wrote_keeps_its_turn() -> None:
    k = kernel(loop("i", 100, store("x", 0, load("y", 1)), store("x", i, load("y", 2))))
    with pytest.raises(NotApplicable, match="over each other's elements"):
        Contract().apply(k)
    few = kernel(loop("i", 2, store("x", 0, load("y", 1)), store("x", i, load("y", 2))))
    same(few, Contract().apply(few))
    apart = kernel(loop("i", 4, store("x", i * 2, load("y", i)), store("x", i * 2 + 1, 1.0)))
    same(apart, Contract().apply(apart))
