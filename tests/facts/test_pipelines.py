"""Pipelines as people write them, with the first and last turns before and after their loop: loops over what there is."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.passes.test_down import results
from xpiler import platforms
from xpiler.facts import sym
from xpiler.facts.apart import never_meet
from xpiler.facts.decided import most
from xpiler.facts.few import chosen
from xpiler.facts.sym import ZERO
from xpiler.ir.nodes import Alloc, For, Kernel
from xpiler.ir.show import show
from xpiler.ir.types import DType
from xpiler.ir.walk import statements
from xpiler.text.read import read
from xpiler.to_pivot import sequential

C = platforms.get("c")


def contracted(text: str, sizes: tuple[int, ...], spare: int = 0) -> Kernel:
    """A kernel's closed form, which computes what the kernel does."""
    program = read(text, C, "k.c")
    before, after = (sequential(program, C, contracted=c)[0].kernels[0] for c in (False, True))
    for n in sizes:
        wanted, got = (results(k, {"x": n + spare, "y": n + spare}, {"n": n}) for k in (before, after))
        np.testing.assert_array_equal(got["y"], wanted["y"])
    return after


LOAD = "for (int j = 0; j < LENGTH; ++j) in[(TURN) % 2 * 4 + j] = x[(TURN) * 4 + j];"
COMPUTE = "for (int j = 0; j < LENGTH; ++j) out[(TURN) % 2 * 4 + j] = in[(TURN) % 2 * 4 + j] * 2.0f;"
SAVE = "for (int j = 0; j < LENGTH; ++j) y[(TURN) * 4 + j] = out[(TURN) % 2 * 4 + j];"


def stage(text: str, turn: str, length: str = "4") -> str:
    return text.replace("TURN", turn).replace("LENGTH", length)


STAGES = f"""
void k(const float* x, float* y, int n) {{
  float in[8], out[8];
  const int turns = n / 4, left = n % 4;
  if (turns > 0) {{ {stage(LOAD, "0")} }}
  if (turns > 1) {{ {stage(LOAD, "1")} {stage(COMPUTE, "0")} }}
  for (int i = 0; i < turns - 2; ++i) {{ {stage(SAVE, "i")} {stage(LOAD, "i + 2")} {stage(COMPUTE, "i + 1")} }}
  if (turns >= 2) {{ {stage(SAVE, "turns - 2")} }}
  if (left > 0) {{ {stage(LOAD, "turns", "left")} }}
  if (turns > 0) {{ {stage(COMPUTE, "turns - 1")} {stage(SAVE, "turns - 1")} }}
  if (left > 0) {{ {stage(COMPUTE, "turns", "left")} {stage(SAVE, "turns", "left")} }}
}}"""


def test_three_stages_over_two_halves_are_one_loop() -> None:
    (loop,) = contracted(STAGES, (0, 1, 3, 4, 5, 8, 9, 12, 15, 16, 22)).body
    assert isinstance(loop, For) and show(loop.stop) == "n" and len(loop.body) == 1


def test_a_stage_that_takes_the_wrong_half_is_no_such_loop() -> None:
    last = stage(COMPUTE, "turns - 1")
    wrong = STAGES.replace(last, last.replace("= in[(turns - 1)", "= in[(turns)"))
    assert wrong != STAGES
    kernel = contracted(wrong, (8, 9, 12, 16))
    assert len([s for s in statements(kernel) if isinstance(s, For)]) > 1


UNDER_CONDITIONS = f"""
void k(const float* x, float* y, int n) {{
  float in[8], out[8];
  const int whole = n / 4, left = n % 4, turns = whole + (left > 0);
  for (int i = 0; i < turns + 2; i++) {{
    if (i >= 2) {{ {stage(SAVE, "i - 2", "(i - 2 < whole ? 4 : left)")} }}
    if (i < turns) {{ {stage(LOAD, "i", "(i < whole ? 4 : left)")} }}
    if (i >= 1 && i < turns + 1) {{ {stage(COMPUTE, "i - 1", "(i - 1 < whole ? 4 : left)")} }}
  }}
}}"""


def test_stages_under_conditions_are_one_loop() -> None:
    """The pipeline is filled and emptied in the same loop, and the last turn has what is left."""
    (loop,) = contracted(UNDER_CONDITIONS, (0, 1, 4, 6, 8, 11, 16)).body
    assert isinstance(loop, For) and show(loop.stop) == "n"


def test_tasks_with_a_pipeline_each_are_one_loop() -> None:
    """The last task has what is left over as well."""
    mine = "const int first = t * (n / 3), mine = t == 2 ? n / 3 + n % 3 : n / 3;"
    text = UNDER_CONDITIONS.replace("  float in", f"  for (int t = 0; t < 3; ++t) {{ {mine}\n  float in")
    text = text.replace("n / 4, left = n % 4", "mine / 4, left = mine % 4").rstrip()[:-1] + "}}"
    (loop,) = contracted(text.replace("x[(", "x[first + (").replace("y[(", "y[first + ("), (0, 1, 4, 13, 27, 40)).body
    assert isinstance(loop, For) and show(loop.stop) == "n"


@settings(deadline=None)
@given(st.integers(1, 5), st.integers(-2, 2), st.integers(1, 4))
def test_how_long_a_chunk_is(each: int, before: int, extent: int) -> None:
    n, v = sym.var("n"), sym.var("k", sym.integer(extent))
    whole, rest = sym.div(n, sym.integer(each)), sym.mod(n, sym.integer(each))
    for k in (sym.add(v, sym.integer(before)), sym.var("k", sym.add(whole, sym.ONE))):
        said = sym.select(sym.compare("<", k, whole), sym.integer(each), rest)
        for size, at in itertools.product(range(11), range(extent)):
            values = {n: size} | dict.fromkeys((x for x in k.free), at)
            here = sym.evaluate(k, values)
            if here is not None and (k.op != "var" or here <= size // each):
                assert sym.evaluate(said, values) == (each if here < size // each else size % each)


@pytest.mark.parametrize(("ahead", "dissolves"), [("i + 1", True), ("i", False)])
def test_what_is_worked_on_where_it_was_fetched_to_is_a_row(ahead: str, dissolves: bool) -> None:
    """The next row is fetched into one half while the other half is changed in place; or into the same one, too early."""
    text = f"""
void k(const float* x, float* y, int n) {{
  float near[8];
  const int turns = n / 4;
  if (turns > 0) {{ for (int j = 0; j < 4; ++j) near[j] = x[j]; }}
  for (int i = 0; i < turns; i++) {{
    if (i + 1 < turns) {{ for (int j = 0; j < 4; ++j) near[({ahead}) % 2 * 4 + j] = x[(i + 1) * 4 + j]; }}
    for (int j = 0; j < 4; ++j) near[i % 2 * 4 + j] += 1.0f;
    for (int j = 0; j < 4; ++j) near[i % 2 * 4 + j] *= 2.0f;
    for (int j = 0; j < 4; ++j) y[i * 4 + j] = near[i % 2 * 4 + j];
  }}
}}"""
    kernel = contracted(text, (3, 4, 8, 13, 16))
    assert dissolves != any(isinstance(s, Alloc) for s in statements(kernel))


def test_rows_that_cores_of_clusters_take_in_blocks_are_rows() -> None:
    """Each core of each cluster has as many rows as the others, the last ones fewer or none, block by block."""
    (rows,) = contracted("""
void k(const float* x, float* y, int n) {
  const int rows = n / 4, per = (rows + 7) / 8;
  for (int cluster = 0; cluster < 2; ++cluster)
    for (int core = 0; core < 4; ++core) {
      int begin = (cluster * 4 + core) * per, left = rows - begin < per ? rows - begin : per;
      while (left > 0) {
        const int now = left < 2 ? left : 2;
        for (int j = 0; j < now; ++j)
          for (int i = 0; i < 4; ++i) y[(begin + j) * 4 + i] = x[(begin + j) * 4 + i] * x[i];
        begin += now;
        left -= now;
      }
    }
}""", (4, 8, 36, 64, 100)).body
    assert isinstance(rows, For) and show(rows.stop) == "n / 4"


@pytest.mark.parametrize("slots", [2, 3])
def test_slots_hold_what_came_last(slots: int) -> None:
    """What a ring holds after a loop of any number of iterations, and what it began with where there were too few."""
    text = f"""
void k(const float* x, float* y, int n) {{
  float near[{slots}];
  for (int s = 0; s < {slots}; ++s) near[s] = 7.0f;
  for (int i = 0; i < n; ++i) near[(i + 1) % {slots}] = x[i];
  for (int s = 0; s < {slots}; ++s) y[s] = near[s];
}}"""
    contracted(text, (0, 1, 2, 3, 4, 7), spare=slots)


@settings(deadline=None)
@given(st.integers(-4, 4), st.integers(-9, 9), st.integers(0, 3), st.integers(1, 3), st.integers(2, 4))
def test_remainders_taken_away_are_seen_through(c: int, d: int, ahead: int, times: int, m: int) -> None:
    v = sym.var("n")
    inner = sym.mod(sym.add(v, sym.integer(ahead)), sym.integer(times * m))
    whole = sym.add(sym.scale(v, 3), sym.scale(inner, c), sym.integer(d))
    said = sym.mod(whole, sym.integer(m))
    for n in range(30):
        number = 3 * n + c * ((n + ahead) % (times * m)) + d
        if number >= 0:
            assert sym.evaluate(said, {v: n}) == number % m


@settings(deadline=None)
@given(st.integers(0, 3), st.integers(0, 3), st.integers(2, 4), st.integers(1, 9), st.integers(1, 6))
def test_elements_of_other_slots_are_others(a: int, b: int, slots: int, apart: int, extent: int) -> None:
    n, i, j = sym.var("n"), sym.var("i", sym.integer(extent)), sym.var("j", sym.integer(extent))

    def at(ahead: int, v: sym.Sym) -> sym.Sym:
        return sym.add(sym.scale(sym.mod(sym.add(n, sym.integer(ahead)), sym.integer(slots)), apart), v)

    if never_meet(at(a, i), at(b, j)):
        places = itertools.product(range(9), range(extent), range(extent))
        assert all((k + a) % slots * apart + p != (k + b) % slots * apart + q for k, p, q in places)


@settings(deadline=None)
@given(st.integers(-3, 3), st.integers(1, 4), st.integers(0, 20), st.integers(0, 20))
def test_a_quotient_is_as_large_as_what_it_is_of(w: int, m: int, low: int, high: int) -> None:
    n = sym.var("n")
    path = frozenset({*sym.conjuncts(sym.compare("<=", sym.integer(low), n)),
                      *sym.conjuncts(sym.compare("<=", n, sym.integer(high)))})
    top = most(sym.scale(sym.div(n, sym.integer(m)), w), path)
    assert all(w * (k // m) <= top for k in range(low, high + 1))


def test_a_choice_whose_sides_are_alike_where_few_values_are_left_is_none() -> None:
    n, later = sym.var("n"), sym.compare("<", sym.integer(2), sym.var("n"))
    even = sym.compare("==", sym.mod(n, sym.integer(2)), ZERO)
    last, early, first = (sym.load("x", at, DType.F32) for at in (
        sym.sub(n, sym.ONE), sym.select(even, sym.ONE, ZERO), ZERO))
    assert chosen(later, last, early, sym.compare("<", ZERO, n)) is last
    assert chosen(later, last, early, sym.TRUE) is not last  # where n is 0, x[1] is no x[-1]
    assert chosen(later, last, first, sym.compare("<", ZERO, n)).op == "sel"


def test_a_row_is_below_as_many_as_there_are() -> None:
    rows = sym.mod(sym.var("n"), sym.integer(64))
    j = sym.var("j", sym.scale(rows, 96))
    assert sym.prove_lt(sym.div(j, sym.integer(96)), rows)
    assert not sym.prove_lt(sym.div(j, sym.integer(48)), rows)
