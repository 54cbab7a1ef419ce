"""Split, reorder, fuse, expand and contraction: what they make of small kernels, and what they refuse and why."""

from __future__ import annotations

import pytest

from tests.passes.golden import golden
from tests.passes.programs import F, I, array, assign, call, let, load, loop, store, var, when
from tests.passes.random_kernels import N, same
from xpiler.ir.nodes import Break, Buffer, Const, Continue, Kernel, Stmt
from xpiler.passes.contraction import Contraction
from xpiler.passes.expand import Expand
from xpiler.passes.fuse import Fuse
from xpiler.passes.jam import Jam
from xpiler.passes.reorder import Reorder
from xpiler.passes.split import Split
from xpiler.passes.step import NotApplicable, Pass

i, j, k = var("i"), var("j"), var("k")
X, Y = load("x", i), load("y", i)


def kernel(*body: Stmt) -> Kernel:
    return Kernel("made", (Buffer("x", F, Const(64, I)), Buffer("y", F, Const(64, I)), N), body)


TWICE = store("y", i, X * 2.0)
DOT = (let("s", 0.0), loop("k", 5, let("v", load("x", k)), assign("s", var("s", F) + load("x", i * 5 + k) * var("v", F))),
       store("y", i, var("s", F)))
SUM = loop("i", 4, loop("j", 5, store("y", i, Y + load("x", i * 5 + j))))
APPLIED: dict[str, tuple[Pass, Kernel]] = {
    "split_guarded": (Split("i", 4), kernel(loop("i", var("n"), TWICE))),
    "split_peeled": (Split("i", 4, "peel"), kernel(loop("i", 30, let("t", X), store("y", i, var("t", F) * 2.0), start=3, step=2))),
    "split_shorter": (Split("i", 4, "shorter"), kernel(loop("i", 30, let("t", X), store("y", i, var("t", F) * 2.0), start=3, step=2))),
    "reorder_sum": (Reorder("i"), kernel(SUM)),
    "fuse_next": (Fuse("i"), kernel(
        array("t", 8), loop("i", 8, store("t", i, X + 1.0)), let("s", 0.0), loop("j", 8, store("y", j, load("t", j))))),
    "fuse_inner": (Fuse("i", "inner"), kernel(loop("i", var("n"), loop("j", 4, store("y", i * 4 + j, load("x", j)))))),
    "expand_scalar": (Expand("i", 1), kernel(loop("i", 8, let("t", call("exp", X)), store("y", i, var("t", F) * var("t", F))))),
    "expand_array": (Expand("i", 2), kernel(loop(
        "i", 4, array("t", 3), loop("j", 3, store("t", j, load("x", i * 3 + j))), store("y", i, load("t", 2) + load("t", 0))))),
    "jam_sums": (Jam("i", 4), kernel(loop("i", 10, *DOT))),
    "jam_run_time": (Jam("i", 2), kernel(loop("i", var("n"), *DOT))),
    "contraction": (Contraction("t"), kernel(
        array("t", 8), loop("i", 8, store("t", i, X + 1.0)),
        loop("j", 8, store("y", j, load("t", j) * load("t", j))))),
}


@pytest.mark.parametrize("name", APPLIED)
def test_what_it_makes(name: str) -> None:
    step, before = APPLIED[name]
    after = step.apply(before)
    golden(name, before, after)
    same(before, after)


BACK = loop("j", 8, store("y", j, load("t", var("j") + 1)))
REFUSED: dict[str, tuple[Pass, Kernel, str]] = {
    "a break": (Split("i", 4), kernel(loop("i", 8, TWICE, when(X < 1.0, Break()))), "may be left early"),
    "no such tail": (Split("i", 4, "drop"), kernel(loop("i", 8, TWICE)), "no tail `drop`"),
    "what comes before": (Reorder("i"), kernel(loop("i", 4, loop("j", 4, store(
        "y", (i + 1) * 5 + j, load("y", i * 5 + j + 1) * 2.0)))), "depend on each other"),
    "a triangle": (Reorder("i"), kernel(loop("i", 4, loop("j", i, store("y", i * 4 + j, 1.0)))), "bounds of `j` depend"),
    "a difference": (Reorder("i"), kernel(loop("i", 4, loop("j", 5, store("y", 0, load("x", i * 5 + j) - load("y", 0))))), "depend on each other"),
    "an element to come": (Fuse("i"), kernel(array("t", 9), loop("i", 8, store("t", i, X)), BACK), "may need another"),
    "another length": (Fuse("i"), kernel(loop("i", 8, TWICE), loop("j", 7, store("x", j, 1.0))), "other iterations"),
    "a continue": (Fuse("i"), kernel(loop("i", 8, when(X < 1.0, Continue()), TWICE), loop("j", 8, store("y", j, 1.0))),
                   "may end early"),
    "something between": (Fuse("i"), kernel(loop("i", 8, TWICE), store("y", 9, 1.0), loop("j", 8, store("x", j, 1.0))),
                          "no loop follows"),
    "a carried scalar": (Expand("i", 1), kernel(
        let("s", 0.0), loop("i", 8, assign("s", var("s", F) + X), store("y", i, var("s", F)))), "carried"),
    "a scalar for the next": (Jam("i", 2), kernel(let("s", 0.0), loop("i", 8, loop("k", 4, assign("s", var("s", F) + X)))), "carried"),
    "too few": (Jam("i", 4), kernel(loop("i", 3, *DOT)), "fewer iterations"),
    "one that ends early": (Jam("i", 4), kernel(loop("i", 8, loop("k", 3, when(X < 1.0, Break()), TWICE))), "may end early"),
    "tables for each": (Jam("i", 2), kernel(loop(
        "i", 8, array("t", 40), loop("k", 40, store("t", k, X)), loop("j", 2, store("y", i * 2 + j, load("t", j))))),
        "`t` of its own"),
    "too many": (Expand("i", 1), kernel(loop("i", var("n"), let("t", X), store("y", i, var("t", F)))), "known only when it runs"),
    "used afterwards": (Contraction("t"), kernel(
        array("t", 8), loop("i", 8, store("t", i, X)), loop("j", 8, store("y", j, load("t", j))),
        store("y", 9, load("t", 3))), "used outside"),
    "another element": (Contraction("t"), kernel(
        array("t", 9), loop("i", 8, store("t", i, X), store("t", i + 1, X)), loop("j", 8, store("y", j, load("t", j)))),
        "may need another|other elements"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_it_refuses(name: str) -> None:
    step, before, why = REFUSED[name]
    with pytest.raises(NotApplicable, match=why):
        step.apply(before)
