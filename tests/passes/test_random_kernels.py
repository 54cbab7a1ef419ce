"""Random kernels are what they say they are."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from tests.passes.programs import F, I, assign, kernel, let, load, loop, store, var
from tests.passes.random_kernels import kernels, program, same
from tests.passes.random_parallel import CALLED, calling, threaded
from xpiler.ir.check import check
from xpiler.ir.nodes import Alloc, Buffer, Const, Kernel, Stmt

MANY = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
FEW = settings(MANY, max_examples=20)


@MANY
@given(kernels())
def test_random_kernels_are_well_formed_in_bounds_and_independent_where_they_say_so(kernel: Kernel) -> None:
    check(program(kernel))
    same(kernel, kernel)


def small(*body: Stmt) -> Kernel:
    made = kernel("small", "n:i", *body)
    sized = tuple(Buffer(name, F, Const(6, I)) for name in ("x", "y"))
    return Kernel("small", (*sized, *made.params), made.body)


def copy(**how: object) -> Kernel:
    """y[i] = x[i] + x[i + 1] for i < n."""
    i = var("i")
    return small(loop("i", var("n"), store("y", i, load("x", i) + load("x", i + 1)), **how))


@pytest.mark.parametrize("other", [
    small(loop("i", var("n") - 1, store("y", var("i"), load("x", var("i")) + load("x", var("i") + 1)))),
    small(loop("i", var("n"), store("y", var("i"), load("x", var("i")) + load("x", var("i"))))),
    small(loop("i", var("n"), store("y", 1, load("x", var("i")) + load("x", var("i") + 1)))),
    small(loop("i", var("n"), store("y", var("i"), load("y", var("i")) + load("x", var("i") + 1)))),
    small(loop("i", var("n"), store("x", var("i"), load("x", var("i")) + load("x", var("i") + 1)))),
    small(loop("i", 5, store("y", var("i"), load("x", var("i")) + load("x", var("i") + 1)))),
    small(loop("i", var("n"), let("s", None), assign("s", load("x", var("i"))), store("y", var("i"), var("s", F)))),
], ids=["short", "operand", "place", "old", "array", "size", "forgotten"])
def test_another_program_is_told_apart(other: Kernel) -> None:
    same(copy(), copy(kind="parallel"))
    with pytest.raises(AssertionError, match=r"\[\d\] is"):
        same(copy(), other)


def test_iterations_that_depend_on_each_other_are_not_parallel() -> None:
    def chain(kind: str) -> Kernel:
        return small(loop("i", 5, store("x", var("i"), load("x", var("i") + 1)), kind=kind))

    same(chain("serial"), chain("serial"))
    with pytest.raises(AssertionError, match="backwards"):
        same(chain("serial"), chain("parallel"))


def test_what_nobody_wrote_decides_nothing_and_is_no_result() -> None:
    alloc = Alloc(Buffer("t", F, Const(6, I), "local"))
    good = small(alloc, loop("i", 6, store("y", var("i"), load("x", var("i")))))
    copied = small(alloc, loop("i", 6, store("t", var("i"), load("t", var("i")))),
                   loop("j", 6, store("y", var("j"), load("x", var("j")))))
    same(good, copied)
    with pytest.raises(AssertionError, match="unwritten"):
        same(good, small(alloc, loop("i", 6, store("y", var("i"), load("t", var("i"))))))
    decided = loop("i", 6, store("y", var("i"), load("t", var("i")) < 1.0))
    with pytest.raises(AssertionError, match="nobody has written decides"):
        same(good, small(alloc, decided))


def test_out_of_bounds_is_an_error() -> None:
    with pytest.raises(AssertionError, match=r"x\[6\]"):
        same(copy(), small(loop("i", 6, store("y", var("i"), load("x", var("i")) + load("x", var("i") + 1)))))


@FEW
@given(threaded())
def test_random_threads_keep_out_of_each_others_way(kernel: Kernel) -> None:
    check(program(kernel))
    same(kernel, kernel)


@MANY
@given(calling())
def test_random_calls_are_well_formed_and_in_bounds(kernel: Kernel) -> None:
    check(program(kernel))
    same(kernel, kernel, meanings=CALLED)
