"""Cache: random kernels and directed ones, and which elements of the arrays the copies touch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st

from tests.passes.exact import Residues
from tests.passes.golden import golden
from tests.passes.interpret import run
from tests.passes.programs import E, F, I, assign, call, ex, let, load, loop, store, var, when
from tests.passes.random_kernels import N, SIZES, inputs, kernels, program, same
from xpiler.ir.check import check
from xpiler.ir.nodes import Alloc, Atomic, Buffer, Cast, Const, For, Kernel, Let, Return, Stmt, Var
from xpiler.ir.show import show
from xpiler.ir.types import DType
from xpiler.ir.walk import buffers_used, loads, statements
from xpiler.passes.cache import Cache
from xpiler.passes.step import NotApplicable
from xpiler.platforms import NAMES, get

SLOW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


class Watched(np.ndarray):
    """An array that remembers which of its elements were read and stored to."""

    reads: set[int]
    writes: set[int]

    def __getitem__(self, at: object) -> object:
        self.reads.add(at)  # type: ignore[arg-type]
        return super().__getitem__(at)  # type: ignore[index]

    def __setitem__(self, at: object, value: object) -> None:
        self.writes.add(at)  # type: ignore[arg-type]
        super().__setitem__(at, value)  # type: ignore[index]


def touched(k: Kernel, like: Kernel, n: int) -> dict[str, tuple[set[int], set[int]]]:
    arrays, scalars = inputs(like, n, n)
    watched = {name: a.view(Watched) for name, a in arrays.items()}
    for w in watched.values():
        w.reads, w.writes = set(), set()
    run(k, watched, numbers=Residues(), **scalars)
    return {name: (w.reads, w.writes) for name, w in watched.items()}


def unsized(k: Kernel) -> Kernel:
    return replace(k, params=tuple(replace(p, extent=None) if isinstance(p, Buffer) else p for p in k.params))


def sized(k: Kernel, like: Kernel) -> Kernel:
    return replace(k, params=like.params)


@SLOW
@given(kernels(), st.data())
def test_random_kernels_mean_the_same(k: Kernel, data: st.DataObject) -> None:
    loops = [s for s in statements(k.body) if isinstance(s, For) and buffers_used(s.body)]
    assume(loops)
    target = data.draw(st.sampled_from(loops))
    buffer = data.draw(st.sampled_from(sorted(buffers_used(target.body))))
    known = data.draw(st.booleans())
    try:
        made = Cache(buffer, target.var.name, "local", data.draw(st.sampled_from(["around", "within"]))).apply(
            k if known else unsized(k))
    except NotApplicable:
        reject()
    made = sized(made, k)
    check(program(made))
    same(k, made)
    if known:
        return
    for n in SIZES if N in k.params else (5,):
        before, after = touched(k, k, n), touched(made, k, n)
        for name, (reads, writes) in after.items():
            assert reads <= before[name][0] | before[name][1], f"{name}, n={n}\n{show(k)}\n{show(made)}"
            assert writes == before[name][1], f"{name}, n={n}\n{show(k)}\n{show(made)}"




# ---------------------------------------------------------------- directed


def made(*body: Stmt, x: int = 256, y: int = 256) -> Kernel:
    sizes = {"x": x, "w": 16, "y": y}
    return Kernel("made", (*(Buffer(n, F, Const(c, I)) for n, c in sizes.items()), N), body)


def product(m: int = 3, n: int = 5, k: int = 7) -> Kernel:
    """y = x w, accumulated in place."""
    i, j, at = var("i"), var("j"), var("i") * n + var("j")
    return made(loop("i", m, loop("j", n, loop("k", k, store(
        "y", at, load("y", at) + load("x", i * k + var("k")) * load("w", var("k") * n + j))))), x=m * k, y=m * n)


def window() -> Kernel:
    """y[i, j] = the sum of what there is of the 3 x 3 window of x around it."""
    row, column = var("i") + var("u"), var("j") + var("v")
    add = assign("s", var("s", F) + load("x", row * 8 + column - 9))
    inside: Stmt = add
    for at in (row, column):
        inside = when(at < 9, when(ex(0) < at, inside))
    return made(loop("i", 8, loop("j", 8, let("s", 0.0), loop("u", 3, loop("v", 3, inside)),
                                  store("y", var("i") * 8 + var("j"), var("s", F)))), x=64, y=64)


def near(k: Kernel) -> tuple[str, int]:
    """Space and size of the array a kernel keeps near."""
    (b,) = [s.buffer for s in statements(k.body) if isinstance(s, Alloc)]
    assert isinstance(b.extent, Const)
    return b.space, int(b.extent.value)


@pytest.mark.parametrize(("buffer", "where", "size"), [
    ("x", "k", 7), ("x", "j", 7), ("x", "i", 21), ("w", "i", 35), ("w", "k", 7), ("y", "j", 5), ("y", "i", 15)])
def test_the_copy_is_as_large_as_what_is_touched(buffer: str, where: str, size: int) -> None:
    k = product()
    k = replace(k, params=tuple(replace(p, extent=Const(64, I)) if isinstance(p, Buffer) else p for p in k.params))
    cached = Cache(buffer, where, "shared").apply(k)
    assert near(cached) == ("shared", size)
    check(program(cached))
    same(k, cached)


def test_an_accumulator_becomes_a_scalar_written_back_once() -> None:
    k = product(k=3)
    cached = Cache("y", "k").apply(k)
    assert not any(isinstance(s, Alloc) for s in statements(cached.body))
    assert any(isinstance(s, Let) and s.var == Var("y_near", F) for s in statements(cached.body))
    same(k, cached)
    golden("cache_accumulator", k, cached)


def test_a_padded_window_is_copied_where_it_is_inside() -> None:
    k = window()
    cached = Cache("x", "j").apply(unsized(k))
    assert near(cached) == ("local", 30), "three rows of ten"
    same(k, sized(cached, k))
    golden("cache_window", k, sized(cached, k))


def test_a_tile_whose_last_part_is_cut_off() -> None:
    o, i = var("o"), var("t")
    at = o * 4 + i
    k = made(loop("o", (var("n") + 3) // 4, loop("t", 4, when(at < var("n"), store("y", at, load("x", at) * 2.0)))),
             x=5, y=5)
    for buffer in "xy":
        cached = sized(Cache(buffer, "t", "shared").apply(unsized(k)), k)
        assert near(cached) == ("shared", 4)
        same(k, cached)
    golden("cache_tail", k, cached)


def test_rows_of_a_width_known_at_run_time() -> None:
    n, o, i, j = (var(x) for x in ("n", "o", "i", "j"))
    length = call("min", ex(2), n - o * 2)
    at = i * n + o * 2 + j
    k = made(loop("o", (n + 1) // 2, loop("i", 3, loop("j", length, store("y", at, load("y", at) + load("x", at))))),
             x=15, y=15)
    for buffer in "xy":
        cached = sized(Cache(buffer, "i", "shared").apply(unsized(k)), k)
        assert near(cached) == ("shared", 6)
        same(k, cached)


def test_a_row_that_several_loops_of_an_iteration_read() -> None:
    i, j = var("i"), var("j")
    at = i * 4 + j
    k = made(loop("i", var("n"), let("s", 0.0), loop("j", 4, assign("s", var("s", F) + load("x", at))),
                  loop("k", 4, store("y", i * 4 + var("k"), load("x", i * 4 + var("k")) * var("s", F)))), x=20, y=20)
    with pytest.raises(NotApplicable, match="the length of `i` is bounded by no constant"):
        Cache("x", "i", "shared").apply(k)
    cached = Cache("x", "i", "shared", "within").apply(unsized(k))
    assert near(cached) == ("shared", 4)
    check(program(cached))
    same(k, sized(cached, k))
    golden("cache_within", k, sized(cached, k))
    assert Cache("x", "i", "shared", "within") in list(Cache.space(k, get("cuda")))


def test_an_index_of_64_bits_stays_one() -> None:
    wide = E(Cast(var("i").e, DType.I64)) * E(Cast(var("n").e, DType.I64)) + E(Cast(var("j").e, DType.I64))
    k = made(loop("i", 3, loop("j", 2, when(var("j") < var("n"), store("y", var("i") * 2 + var("j"), load("x", wide))))),
             x=12, y=6)
    cached = sized(Cache("x", "j").apply(unsized(k)), k)
    check(program(cached))
    same(k, cached)
    (far,) = {e.index.dtype for e in loads(cached.body, "x")}
    assert far is DType.I64


I_, X = var("i"), load("x", var("i"))


@pytest.mark.parametrize(("body", "buffer", "why"), [
    ((loop("i", var("n"), store("y", I_, X)),), "x", "the length of `i` is bounded by no constant"),
    ((loop("i", 4, store("y", I_, X)),), "w", "`i` does not touch `w`"),
    ((loop("i", 4, store("y", I_, X)),), "z", "no array `z` lives longer than `i`"),
    ((loop("i", 4, store("y", call("max", I_, ex(2)), X)),), "y", "not a sum of loop variables"),
    ((loop("i", 4, loop("j", 4, store("y", I_ * var("n") + var("j"), X))),), "y", "rows of `y` may overlap"),
    ((loop("i", 4, when(X < 1.0, store("y", I_, 1.0))),), "y", "whether `y` is stored to depends on data"),
    ((loop("i", 4, when(X < 1.0, Return()), store("y", I_, 1.0)),), "y", "left before the copy is written back"),
    ((let("s", 0, I), loop("i", 4, assign("s", var("s", I) + 1, I), store("y", I_, X), start=var("s", I))), "y",
     "the bounds of `i` change"),
    ((loop("i", 4, Atomic("add", "y", I_.e, X.e)),), "y", "updated by an atomic"),
])
def test_what_cannot_be_cached_is_refused(body: tuple[Stmt, ...], buffer: str, why: str) -> None:
    with pytest.raises(NotApplicable, match=why):
        Cache(buffer, "i").apply(unsized(made(*body)))


def test_threads_do_not_share_a_copy() -> None:
    k = made(loop("t", 4, loop("i", 4, store("y", var("t") * 4 + I_, X)), kind="thread.x"))
    with pytest.raises(NotApplicable, match="cache before binding"):
        Cache("x", "i", "shared").apply(k)
    Cache("x", "i").apply(k)


@pytest.mark.parametrize("name", NAMES)
def test_the_space_of_a_machine_applies_and_fits(name: str) -> None:
    machine = get(name)
    k = made(loop("i", 64, loop("j", 64, loop("k", 2048, store(
        "y", I_ * 64 + var("j"), load("y", I_ * 64 + var("j")) + load("x", I_ * 2048 + var("k"))
        * load("w", var("k") * 64 + var("j")))))))
    found = list(Cache.space(k, machine))
    assert found and found == list(Cache.space(k, machine))
    capacities = {s.name: s.capacity for s in machine.spaces}
    for c in found:
        for s in statements(c.apply(k).body):
            if isinstance(s, Alloc):
                assert isinstance(s.buffer.extent, Const)
                assert int(s.buffer.extent.value) * 4 <= (capacities[s.buffer.space] or 0)
    if name == "bang":
        assert Cache("x", "i", "nram") not in found, "64 x 2048 floats are more than the 384 KB there are"
        assert Cache("x", "j", "nram") in found
