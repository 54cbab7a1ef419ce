"""Pipeline: random kernels with a cached loop, directed ones, and asynchronous copies as a machine runs them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from tests.conftest import random_cases
from tests.passes.golden import golden
from tests.passes.programs import F, I, array, ex, load, loop, store, var, when
from tests.passes.random_kernels import N, Shape, kernels, program, same
from xpiler.emulate.build import build
from xpiler.emulate.entry import Entry
from xpiler.emulate.run import run
from xpiler.ir.check import check
from xpiler.ir.nodes import Addr, Alloc, Barrier, Break, Buffer, Const, For, Intrinsic, Kernel, Program, Stmt, Var
from xpiler.ir.walk import buffers_used, statements
from xpiler.passes.cache import Cache
from xpiler.passes.pipeline import Pipeline
from xpiler.passes.step import NotApplicable
from xpiler.platforms import NAMES, get
from xpiler.text.write import write

SLOW = settings(max_examples=random_cases(25), deadline=None, suppress_health_check=list(HealthCheck))
I_, J, C = var("i"), var("j"), var("c")


@pytest.mark.slow
@SLOW
@given(kernels(Shape(gather=False)), st.data())
def test_random_kernels_mean_the_same(k: Kernel, data: st.DataObject) -> None:
    made = k
    inner = [(s.var.name, b) for outer in statements(k.body) if isinstance(outer, For)
             for s in statements(outer.body) if isinstance(s, For) for b in sorted(buffers_used(s.body))]
    if inner:
        name, buffer = data.draw(st.sampled_from(inner))
        try:
            made = Cache(buffer, name, "near").apply(made)
        except NotApplicable:
            pass
    done = 0
    for s in [s for s in statements(made.body) if isinstance(s, For)]:
        try:
            made = Pipeline(s.var.name).apply(made)
            done += 1
        except NotApplicable:
            continue
    if not done:
        reject()
    check(program(made))
    same(k, made)


def kernel(*body: Stmt, x: int = 64, y: int = 64) -> Kernel:
    return Kernel("made", (Buffer("x", F, Const(x, I)), Buffer("y", F, Const(y, I)), N), body)


def tiles(n: object = 5, start: int = 0, step: int = 1) -> Kernel:
    """y[i, j] = 2 x[i, j] through a tile of four."""
    return kernel(loop(
        "i", n, array("t", 4, "near"), loop("c", 4, store("t", C, load("x", I_ * 4 + C))),
        loop("j", 4, store("y", I_ * 4 + J, load("t", J) * 2.0)), start=start, step=step))


@pytest.mark.parametrize("before", [
    tiles(), tiles(2), tiles(var("n")), tiles(5, 1), tiles(var("n"), 1), tiles(7, 1, 3), tiles(var("n"), 1, 2)])
def test_tiles_are_brought_in_one_ahead(before: Kernel) -> None:
    made = Pipeline("i").apply(before)
    check(program(made))
    same(before, made)
    (near,) = [s.buffer for s in statements(made.body) if isinstance(s, Alloc)]
    assert near.extent == Const(8, I)


def test_pictures() -> None:
    golden("pipeline_tiles", tiles(), Pipeline("i").apply(tiles()))
    golden("pipeline_run_time", tiles(var("n")), Pipeline("i").apply(tiles(var("n"))))


def test_a_tile_that_is_worked_on_in_place_and_a_sum_carried_on() -> None:
    k = kernel(
        loop("i", 5, array("t", 4, "near"), loop("c", 4, store("t", C, load("x", I_ * 4 + C))),
             loop("j", 4, store("t", J, load("t", J) * 2.0 + load("y", 0))),
             loop("k", 4, store("y", 0, load("y", 0) + load("t", var("k"))))))
    made = Pipeline("i").apply(k)
    check(program(made))
    same(k, made)


FILL = loop("c", 4, store("t", C, load("x", I_ * 4 + C)))
USE = loop("j", 4, store("y", I_ * 4 + J, load("t", J)))


@pytest.mark.parametrize(("body", "why"), [
    ((loop("i", 4, store("y", I_, load("x", I_))),), "no array of `i` is filled"),
    ((loop("i", 4, array("t", 4), loop("c", 4, store("t", C, load("y", I_ * 4 + C))), USE),), "no array of `i` is filled"),
    ((array("t", 4), loop("i", 4, FILL, USE)), "no array of `i` is filled"),
    ((loop("i", 1, array("t", 4), FILL, USE),), "`i` runs only once"),
    ((loop("i", 0, array("t", 4), FILL, USE),), "`i` never runs"),
    ((loop("i", 4, array("t", 4), FILL, USE, when(load("x", I_) < 1.0, Break())),), "left early"),
    ((loop("i", 4, array("t", 4), FILL, Barrier("block"), USE),), "meets others"),
    ((loop("i", 4, array("t", 4), FILL, USE, kind="block.x"),), r"runs along block\.x"),
])
def test_what_has_no_tiles_to_bring_in_is_refused(body: tuple[Stmt, ...], why: str) -> None:
    with pytest.raises(NotApplicable, match=why):
        Pipeline("i").apply(kernel(*body))


@pytest.mark.parametrize("name", NAMES)
def test_the_space_of_a_machine_applies_and_fits_twice(name: str) -> None:
    machine = get(name)
    for space in machine.spaces:
        if space.capacity is None or space.scope == "device":
            continue
        for size, fits in ((space.capacity // 8, True), (space.capacity // 8 + 1, False)):
            k = kernel(loop("i", 4, array("t", size, space.name), loop("c", size, store("t", C, load("x", C))),
                            loop("j", size, store("y", J, load("t", J)))))
            found = list(Pipeline.space(k, machine))
            assert [p.copies for p in found] == (["ordered"] if fits else [])
            for p in found:
                check(program(p.apply(k)))


# ---------------------------------------------------------------- asynchronous copies


TILE, ROWS = 64, 5
BANG = get("bang")


def copied(to: str, at: object, source: str, place: object, way: tuple[str, str]) -> Intrinsic:
    args = (Addr(to, ex(at).e, F), Addr(source, ex(place).e, F), Const(TILE * 4, I), Var(BANG.transfers[way], I))
    return Intrinsic(BANG.copy, args)


def bulk() -> Kernel:
    """Tiles that are brought in and out in bulk."""
    work = loop("j", TILE, store("u", J, load("t", J) * 2.0 + 1.0))
    body = loop("i", ROWS, array("t", TILE, "nram"), array("u", TILE, "nram"),
                copied("t", 0, "x", I_ * TILE, ("global", "nram")), work,
                copied("y", I_ * TILE, "u", 0, ("nram", "global")))
    params = (Buffer("x", F, Const(ROWS * TILE, I), const=True), Buffer("y", F, Const(ROWS * TILE, I)))
    return Kernel("bulk", params, (body,))


def emulated(k: Kernel) -> tuple[np.ndarray, np.ndarray, list[object]]:
    task = Kernel(k.name, k.params, (loop("task", 1, *k.body, kind="task"),))
    text = write(Program("bang", (task,), None), BANG)
    entry = Entry(k.name, tuple(p for p in k.params if isinstance(p, Buffer)), kernel=True, extents={"task": 1})
    x = np.random.default_rng(1).normal(size=ROWS * TILE).astype(np.float32)
    done = run(build(text, BANG, entry), entry, {"x": x, "y": np.zeros_like(x)})
    return x, done.outputs.get("y", np.zeros_like(x)), list(done.findings)


def test_asynchronous_copies_are_waited_for() -> None:
    (late, *_) = Pipeline.space(bulk(), BANG)
    assert late.copies == "asynchronous"
    made = late.apply(bulk())
    golden("pipeline_asynchronous", bulk(), made)
    x, y, findings = emulated(made)
    assert not findings
    np.testing.assert_allclose(y, x * 2 + 1, rtol=1e-6)


def test_the_emulator_sees_when_nobody_waits() -> None:
    made = next(Pipeline.space(bulk(), BANG)).apply(bulk())

    def without(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        return tuple(replace(s, body=without(s.body)) if isinstance(s, For) else s
                     for s in body if not isinstance(s, Barrier))

    x, y, findings = emulated(replace(made, body=without(made.body)))
    assert findings or not np.allclose(y, x * 2 + 1)


def test_a_machine_without_asynchronous_copies_has_none() -> None:
    with pytest.raises(NotApplicable, match="no asynchronous copy"):
        Pipeline("i", "asynchronous", **Pipeline.of_machine(get("c"))).apply(tiles())
    with pytest.raises(NotApplicable, match="by bulk copies"):
        Pipeline("i", "asynchronous", **Pipeline.of_machine(BANG)).apply(tiles())
