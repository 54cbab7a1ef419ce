"""What a loop leaves behind where it has no iterations, and where one undoes what another wrote."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.passes.programs import E, F, I, array, assign, ex, let, load, loop, store, var, when
from tests.passes.random_kernels import same
from xpiler.facts import sym
from xpiler.facts.sym import ZERO
from xpiler.facts.decided import settled
from xpiler.ir.nodes import Alloc, Binary, Buffer, Call, Cast, Const, For, Kernel, Select, Stmt, Var
from xpiler.ir.walk import statements, walk
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


def ring(slots: int, rows: int, ahead: int) -> Kernel:
    """Rows in a ring: each is loaded once, some iterations before the last that reads it."""
    def at(row: E, n: int) -> E:
        return (row + n) % slots * 4 + j

    first = loop("h", ahead, loop("j", 4, store("near", at(var("h"), 0), load("y", var("h") * 4 + j))))
    fetch = loop("j", 4, store("near", at(i, ahead), load("y", (i + ahead) * 4 + j)))
    row = loop("j", 4, store("x", i * 4 + j, load("near", at(i, 0)) + load("near", at(i, ahead - 1))))
    arrays = (Buffer("x", F, Const(rows * 4, I)), Buffer("y", F, Const((rows + ahead) * 4, I)))
    body = (array("near", slots * 4), first, loop("i", rows, when(i + 1 < rows, fetch), row))
    return Kernel("ring", arrays, body)


@pytest.mark.parametrize(("slots", "ahead"), [(4, 3), (3, 2), (5, 3)])
def test_rows_in_a_ring_are_the_rows(slots: int, ahead: int) -> None:
    k = ring(slots, 90, ahead)
    clean = Contract().apply(k)
    same(k, clean, sizes=(1,))
    assert not [e for e in walk(clean) if isinstance(e, Select) or isinstance(e, Binary) and e.op == "%"]


def test_two_slots_that_take_turns_hold_the_rows() -> None:
    """Ping-pong: near[1 - i % 2] is loaded while near[i % 2] is used, by tasks of which the last ends with the array."""
    task, rows = var("task"), 12
    cur, begin = var("cur"), task * rows

    def at(slot: E) -> E:
        return slot * 4 + j

    load_first = loop("j", 4, store("near", j, load("y", begin * 4 + j)))
    ahead = loop("j", 4, store("near", at(ex(1) - cur), load("y", (var("r") + 1) * 4 + j)))
    use = loop("j", 4, store("x", var("r") * 4 + j, load("near", at(cur)) * 2.0))
    end = let("end", E(Call("min", ((begin + rows).e, Const(36, I)), I)), I)
    march = loop("r", var("end"), let("cur", (var("r") - begin) % 2, I),
                 when(var("r") + 1 < var("end"), ahead), use, start=begin)
    arrays = (Buffer("x", F, Const(144, I)), Buffer("y", F, Const(148, I)))
    k = Kernel("pingpong", arrays, (loop("task", 3, array("near", 8), end, load_first, march, kind="parallel"),))
    clean = Contract().apply(k)
    same(k, clean, sizes=(1,))
    assert len([s for s in statements(clean) if isinstance(s, For)]) == 1


TURNS = {
    "1 - slot": (2, ex(1) - var("slot")),
    "slot ^ 1": (2, E(Binary("^", var("slot").e, Const(1, I), I))),
    "(slot + 1) % 3": (3, (var("slot") + 1) % 3),
    "slot + 1 == 3 ? 0 : slot + 1": (3, E(Select((var("slot") + 1).eq(3).e, Const(0, I), (var("slot") + 1).e, I))),
    "slot < 2 ? slot + 1 : 0": (3, E(Select((var("slot") < 2).e, (var("slot") + 1).e, Const(0, I), I))),
}


@pytest.mark.parametrize("turn", TURNS)
def test_a_slot_that_goes_around_is_a_remainder(turn: str) -> None:
    """Slots of a buffer by a scalar that is taken further, for more iterations than are unrolled."""
    slots, following = TURNS[turn]
    at = var("slot") * 4 + j
    body = (loop("j", 4, store("near", at, load("y", i * 4 + j))), loop("j", 4, store("x", i * 4 + j, load("near", at))))
    k = Kernel("slots", (Buffer("x", F, Const(360, I)), Buffer("y", F, Const(360, I))), (
        array("near", slots * 4), let("slot", 0, I), loop("i", 90, *body, assign("slot", following, I)),
        store("x", 0, load("y", var("slot")))))
    clean = Contract().apply(k)
    same(k, clean, sizes=(1,))
    assert not any(isinstance(s, Alloc) for s in statements(clean))


@pytest.mark.parametrize("scratch", [False, True])
def test_a_flattened_nest_accumulates_row_by_row(scratch: bool) -> None:
    """for i in 24: a[i / 6] += y[i], into an array of the caller's or into one of its own."""
    into = "near" if scratch else "x"
    body = [loop("j", 4, store(into, j, 1.0)),
            loop("i", 24, store(into, i // 6, load(into, i // 6) + load("y", i)))]
    if scratch:
        body = [array("near", 4), *body, loop("j", 4, store("x", j, load("near", j)))]
    k = Kernel("flat", (Buffer("x", F, Const(4, I)), Buffer("y", F, Const(24, I))), tuple(body))
    clean = Contract().apply(k)
    same(k, clean, sizes=(1,))
    assert [s.stop for s in statements(clean) if isinstance(s, For)] == [Const(4, I), Const(6, I)]


def test_a_ring_with_a_slot_too_few_gives_the_row_that_is_there() -> None:
    k = ring(3, 9, 3)
    same(k, Contract().apply(k), sizes=(1,))


def test_a_ring_holds_what_it_began_with_until_it_is_written() -> None:
    """Slots that are zero at first: what iteration 0 would have been handed is zero too, and iteration 1 is not."""
    fetch = store("near", (i + 2) % 3, E(Cast((i + 2).e, F)))
    k = Kernel("zeros", (Buffer("x", F, Const(90, I)),), (
        array("near", 3), loop("h", 3, store("near", var("h"), 0.0)),
        loop("i", 90, store("x", i, load("near", i % 3)), fetch)))
    same(k, Contract().apply(k), sizes=(1,))


@settings(deadline=None)
@given(st.integers(0, 5), st.integers(0, 5), st.integers(1, 4), st.integers(2, 6))
def test_slots_of_a_ring_are_told_apart(a: int, b: int, extent: int, slots: int) -> None:
    vi, vk = sym.var("i", sym.integer(7)), sym.var("k", sym.integer(extent))
    numbers = (sym.add(vi, vk, sym.integer(a)), sym.add(vi, sym.integer(b)))
    said = sym.compare("==", *(sym.mod(x, sym.integer(slots)) for x in numbers))
    for n, k in itertools.product(range(7), range(extent)):
        holds = sym.substitute(said, {vi: sym.integer(n), vk: sym.integer(k)})
        assert holds is sym.boolean((n + k + a) % slots == (n + b) % slots)


def test_an_iteration_that_undoes_what_another_wrote_keeps_its_turn() -> None:
    k = kernel(loop("i", 100, store("x", 0, load("y", 1)), store("x", i, load("y", 2))))
    with pytest.raises(NotApplicable, match="over each other's elements"):
        Contract().apply(k)
    few = kernel(loop("i", 2, store("x", 0, load("y", 1)), store("x", i, load("y", 2))))
    same(few, Contract().apply(few))
    apart = kernel(loop("i", 4, store("x", i * 2, load("y", i)), store("x", i * 2 + 1, 1.0)))
    same(apart, Contract().apply(apart))


def tiles(workers: int, rows: int, per_row: int, tile: int, across: int) -> Kernel:
    """Rows in tiles of which the last is shorter, taken in turns by workers who copy a tile with its margin first."""
    t, oh, ow, width = var("t"), var("oh"), var("ow"), var("width")
    body = (
        let("oh", t // per_row, I), let("ow", t % per_row * tile, I),
        let("width", E(Call("min", ((ex(across) - ow).e, Const(tile, I)), I)), I),
        loop("s", 2, loop("i", width + 1, store("near", var("s") * (width + 1) + i,
                                                load("y", (oh + var("s")) * (across + 1) + ow + i)))),
        loop("j", width, store("x", oh * across + ow + j, load("near", width + 1 + j) + load("near", j + 1))),
    )
    strided = loop("t", rows * per_row, *body, start=var("task"), step=workers)
    arrays = (Buffer("x", F, Const(rows * across, I)), Buffer("y", F, Const((rows + 1) * (across + 1), I)))
    return Kernel("tiles", arrays, (loop("task", workers, array("near", 2 * tile + 2), strided, kind="parallel"),))


@pytest.mark.parametrize(("workers", "rows", "per_row", "tile", "across"), [(4, 5, 3, 4, 10), (2, 3, 3, 4, 9)])
def test_tiles_that_workers_take_in_turns_are_rows(
    workers: int, rows: int, per_row: int, tile: int, across: int
) -> None:
    k = tiles(workers, rows, per_row, tile, across)
    clean = Contract().apply(k)
    same(k, clean, sizes=(1,))
    loops = [s for s in statements(clean) if isinstance(s, For)]
    assert [s.stop for s in loops] == [Const(rows, I), Const(across, I)]


@settings(deadline=None)
@given(st.integers(1, 4), st.integers(-9, 9), st.integers(1, 4), st.integers(-9, 9), st.integers(1, 6))
def test_what_the_path_decides_is_so(a: int, b: int, c: int, d: int, m: int) -> None:
    """a * i + b < 0 given, is c * (i / m) + k + d < 0?"""
    vi, vk = sym.var("i", sym.integer(12)), sym.var("k", sym.integer(4))
    path = sym.compare("<", sym.add(sym.scale(vi, a), sym.integer(b)), ZERO)
    asked = sym.compare("<", sym.add(sym.scale(sym.div(vi, sym.integer(m)), c), vk, sym.integer(d)), ZERO)
    said = settled(asked, path)
    for i, k in itertools.product(range(12), range(4)):
        if a * i + b < 0:
            holds = sym.substitute(said, {vi: sym.integer(i), vk: sym.integer(k)})
            assert holds is sym.boolean(c * (i // m) + k + d < 0)


def test_rows_further_apart_than_they_are_long_are_rows() -> None:
    """A leading dimension that nobody compares with the width: each element is told by its row and column."""
    def at(array: str) -> E:
        return load(array, i * var("ld") + j)

    arrays = (Buffer("x", F, Const(64, I)), Buffer("y", F, Const(64, I)))
    scaled = loop("i", N, loop("j", 3, store("x", i * var("ld") + j, at("y") * 2.0)))
    again = loop("i", N, loop("j", 3, store("x", i * var("ld") + j, at("x") + 1.0)))
    clean = Contract().apply(Kernel("rows", (*arrays, Var("n", I), Var("ld", I)), (scaled, again)))
    assert len([s for s in statements(clean) if isinstance(s, For)]) == 2


def test_planes_of_n_by_n_are_planes() -> None:
    """Both factors of n * n weigh a plane: a row, which has one of them, is not taken for one."""
    n = var("n")

    def at(array: str) -> E:
        return load(array, (i * n + j) * n + var("k"))

    def planes(value: E) -> Stmt:
        return loop("i", 2, loop("j", n, loop("k", n, store("x", (i * n + j) * n + var("k"), value))))

    arrays = (Buffer("x", F, Const(64, I)), Buffer("y", F, Const(64, I)))
    clean = Contract().apply(Kernel("planes", (*arrays, Var("n", I)), (planes(at("y") * 2.0), planes(at("x") + 1.0))))
    assert len([s for s in statements(clean) if isinstance(s, For)]) == 1


def test_the_first_element_of_a_row_that_every_iteration_fills() -> None:
    """It is filled in every iteration, or in none where rows have no elements; no iteration has that of another."""
    body = loop("i", N, loop("j", N, store("row", j, load("y", i * N + j))),
                let("m", load("row", 0)), loop("k", N, assign("m", var("m", F) * load("row", var("k")))),
                store("x", i, var("m", F)))
    k = kernel(array("row", 8), body)
    made = Contract().apply(k)
    assert not any(isinstance(s, Alloc) for s in statements(made))
    same(k, made, sizes=(1, 2))
