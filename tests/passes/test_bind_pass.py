"""Bind one loop to one axis: random kernels and directed ones, whose axes run in any order."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st

from tests.conftest import random_cases
from tests.passes.golden import golden
from tests.passes.programs import F, I, array, assign, call, ex, let, load, loop, store, var, when
from tests.passes.random_kernels import N, kernels, program, same
from xpiler.ir.check import check
from xpiler.ir.nodes import Buffer, Const, For, Kernel, Return, Stmt
from xpiler.ir.walk import statements
from xpiler.passes.bind import Bind
from xpiler.passes.step import NotApplicable
from xpiler.platforms import NAMES, get

SLOW = settings(max_examples=random_cases(50), deadline=None, suppress_health_check=list(HealthCheck))
AXES = ("block.z", "block.y", "block.x", "thread.z", "thread.y", "thread.x", "task")


@pytest.mark.slow
@SLOW
@given(kernels(), st.data())
def test_random_kernels_mean_the_same_in_any_order(k: Kernel, data: st.DataObject) -> None:
    made, bound = k, 0
    for _ in range(3):
        loops = [s.var.name for s in statements(made.body) if isinstance(s, For) and s.kind not in AXES]
        assume(loops or bound)
        if not loops:
            break
        for name in loops:
            try:
                made = Bind(name, data.draw(st.sampled_from(AXES))).apply(made)
                bound += 1
                break
            except NotApplicable:
                continue
    if not bound:
        reject()
    check(program(made))
    same(k, made)


def kernel(*body: Stmt, x: int = 64, y: int = 64) -> Kernel:
    return Kernel("made", (Buffer("x", F, Const(x, I)), Buffer("y", F, Const(y, I)), N), body)


def bound(k: Kernel) -> list[tuple[str, str]]:
    return [(s.var.name, s.kind) for s in statements(k.body) if isinstance(s, For) and s.kind in AXES]


I_, J, X = var("i"), var("j"), load("x", var("i"))


def rows(n: object = 5) -> Kernel:
    """y[i, j] = 2 x[i, j], for i < n and j < 4, with a scalar in front of each loop."""
    base = let("base", I_ * 4, I)
    return kernel(let("two", 2.0), loop("i", n, base, loop("j", 4, store(
        "y", var("base") + J, load("x", I_ * 4 + J) * var("two", F)))))


def test_loops_become_axes_one_by_one() -> None:
    once = Bind("i", "block.x").apply(rows(var("n")))
    twice = Bind("j", "thread.x").apply(once)
    assert bound(twice) == [("i", "block.x"), ("j", "thread.x")]
    for k in (once, twice):
        check(program(k))
        same(rows(var("n")), k)
    golden("bind_rows", rows(var("n")), twice)


def test_axes_stand_in_their_order() -> None:
    made = Bind("j", "block.y").apply(Bind("i", "block.x").apply(rows()))
    assert bound(made) == [("j", "block.y"), ("i", "block.x")]
    check(program(made))
    same(rows(), made)


def test_an_axis_counts_from_0_by_1() -> None:
    k = kernel(loop("i", 11, store("y", I_, X), start=2, step=3))
    made = Bind("i", "thread.x").apply(k)
    assert bound(made) == [("thread", "thread.x")]
    check(program(made))
    same(k, made)
    golden("bind_strided", k, made)


def test_rows_of_a_width_known_at_run_time() -> None:
    k = kernel(loop("i", var("n"), loop("j", var("n"), store("y", I_ * var("n") + J, load("x", J * var("n") + I_)))))
    made = Bind("j", "thread.x").apply(Bind("i", "block.x").apply(k))
    check(program(made))
    same(k, made)
    turned = kernel(loop("i", var("n"), loop("j", var("n"), store("y", J * var("n") + I_, X))))
    same(turned, Bind("i", "task").apply(turned))


@pytest.mark.parametrize(("body", "why"), [
    ((loop("i", 4, store("y", I_, load("y", I_ + 1))),), "may touch the same element of `y`"),
    ((loop("i", 4, store("y", 0, X)),), "may touch the same element of `y`"),
    ((loop("i", 4, loop("j", 4, store("y", I_ * 3 + J, X))),), "may touch the same element of `y`"),
    ((loop("i", 4, loop("j", 4, store("y", I_ * var("n") + J, X))),), "rows of `y` may overlap"),
    ((loop("i", 4, store("y", call("max", I_, ex(2)), X)),), "not a sum of loop variables"),
    ((let("s", 0.0), loop("i", 4, assign("s", var("s", F) + X)), store("y", 0, var("s", F))), "stands behind it"),
    ((let("s", 0.0), loop("i", 4, assign("s", var("s", F) + X), store("y", I_, var("s", F)))), "`s` is carried"),
    ((let("s", load("y", 0)), loop("i", 4, store("y", I_, var("s", F)))), "`s`, set in front of `i`, changes in it"),
    ((loop("i", 4, store("y", I_, X), start=load("y", 0, I)),), "the bounds of `i` change"),
    ((loop("i", 4, store("y", I_, X), start=load("y", 0, I), kind="parallel"),), "where `i` starts changes"),
    ((store("y", 0, 1.0), loop("i", 4, store("y", I_, X))), "stands in front of it"),
    ((loop("j", 4, loop("i", 4, store("y", J * 4 + I_, X))),), "`j` is around `i` and is bound to no axis"),
    ((when(X < 1.0, loop("i", 4, store("y", I_, X))),), "stands in a statement that is no axis"),
    ((loop("i", 4, when(X < 1.0, Return()), store("y", I_, X)),), "may be left early"),
    ((loop("j", 4, loop("i", J + 1, store("y", J * 4 + I_, X)), kind="block.x"),), "not known when the kernel starts"),
    ((loop("j", 4, loop("i", 4, store("y", J * 4 + I_, X)), kind="thread.x"),), "bound to thread.x already"),
    ((loop("i", 4, array("t", 4, "shared"), store("t", 0, X), store("y", I_, load("t", 0))),), "would share `t`"),
])
def test_what_cannot_be_bound_is_refused(body: tuple[Stmt, ...], why: str) -> None:
    with pytest.raises(NotApplicable, match=why):
        Bind("i", "thread.x").apply(kernel(*body))


def test_a_machine_has_its_axes_and_their_limits() -> None:
    cuda = Bind.of_machine(get("cuda"))
    long = kernel(loop("i", 70000, loop("j", 1025, store("y", I_ * 1025 + J, X))))
    with pytest.raises(NotApplicable, match=r"length of `i` is 70000, and block\.y takes 65535"):
        Bind("i", "block.y", **cuda).apply(long)
    with pytest.raises(NotApplicable, match=r"no axis `task`; its axes are block\.x"):
        Bind("i", "task", **cuda).apply(long)
    with pytest.raises(NotApplicable, match=r"known when the kernel runs, and thread\.x takes 1024"):
        Bind("i", "thread.x", **cuda).apply(rows(var("n")))
    once = Bind("i", "block.x", **cuda).apply(long)
    with pytest.raises(NotApplicable, match="is 1025, and"):
        Bind("j", "thread.x", **cuda).apply(once)
    square = kernel(loop("i", 64, loop("j", 64, store("y", I_ * 64 + J, X))))
    with pytest.raises(NotApplicable, match="4096 threads a block are more than 1024"):
        Bind("j", "thread.x", **cuda).apply(Bind("i", "thread.y", **cuda).apply(square))
    near = kernel(loop("i", 4, array("t", 4, "nram"), store("t", 0, X), store("y", I_, load("t", 0))))
    same(near, Bind("i", "task", **Bind.of_machine(get("bang"))).apply(near))


@pytest.mark.parametrize("name", NAMES)
def test_the_space_of_a_machine_applies(name: str) -> None:
    machine = get(name)
    found = list(Bind.space(rows(), machine))
    assert bool(found) == bool(machine.axes) and found == list(Bind.space(rows(), machine))
    for b in found:
        made = b.apply(rows())
        check(program(made))
        same(rows(), made)
    if name == "cuda":
        assert (found[0].loop, found[0].axis) == ("i", "block.x")
    assert {b.loop for b in found} <= {"i"}, "no loop inside one that is not bound"
