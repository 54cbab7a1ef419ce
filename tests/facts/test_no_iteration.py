"""What a loop of a run-time number of iterations leaves behind where there are none."""

from __future__ import annotations

import pytest

from tests.passes.programs import F, I, assign, let, load, loop, store, var
from tests.passes.random_kernels import same
from xpiler.ir.nodes import Buffer, Const, Kernel, Stmt, Var
from xpiler.passes.contract import Contract


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
