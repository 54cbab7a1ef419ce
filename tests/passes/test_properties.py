"""Every instance that a pass says it has, applied to random kernels: well formed, and the same program.

A pass is found by having `space`, so that a new one is tested from the day it appears.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, note, settings
from hypothesis import strategies as st

from tests.conftest import random_cases
from tests.passes import toy
from tests.passes.interpret import Meanings
from tests.passes.programs import F, I, array, assign, let, load, loop, store, var, when
from tests.passes.random_kernels import Shape, kernels, left, program, same
from tests.passes.random_parallel import CALLED, TURN, calling, products, row_wise, threaded
from xpiler import by_hand, platforms
from xpiler.ir.check import check
from xpiler.ir.nodes import Addr, Alloc, Buffer, Const, For, Intrinsic, Kernel, Stmt, Var
from xpiler.ir.show import show
from xpiler.ir.types import DType
from xpiler.ir.walk import buffers_used, free_vars, map_exprs, scalars_read, statements
from xpiler.passes.step import NotApplicable
from xpiler.platforms.platform import Platform
from xpiler.text.library import library

PASSES = by_hand.enumerating()
MOST = 64  # instances of a pass on one kernel: a tuner goes through all of them
FEW = settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
SOME = settings(FEW, max_examples=12)
RARE = ("contraction", "fuse", "pipeline")  # passes that apply to so few of the kernels that a few may show none
MANY = settings(FEW, max_examples=random_cases(25))
COMMON = ("cache", "split")  # of which a kernel has dozens of instances


@dataclass(frozen=True)
class Field:
    """What a pass is tried on: random kernels, machines, and what the intrinsics of these do."""

    kernels: st.SearchStrategy[Kernel]
    machines: Callable[[], tuple[Platform, ...]]


class Case:
    """A kernel on a machine, shown so that a person can read it."""

    def __init__(self, kernel: Kernel, machine: Platform) -> None:
        self.kernel, self.machine = kernel, machine

    def __repr__(self) -> str:
        return f"on {self.machine.title}:\n{show(self.kernel)}\n"


@st.composite
def cases(draw: st.DrawFn, field: Field) -> Case:
    """A kernel and a machine of a field."""
    machines = field.machines()
    return Case(draw(field.kernels), machines[draw(st.integers(0, len(machines) - 1))])


@cache
def real() -> tuple[Platform, ...]:
    """The platforms, each with what its header offers."""
    return tuple(replace(p, intrinsics=library(p)) for p in map(platforms.get, platforms.NAMES))


@cache
def bare() -> tuple[Platform, ...]:
    return tuple(map(platforms.get, platforms.NAMES))


@cache
def toys() -> tuple[Platform, ...]:
    """A machine with the toy's registers, and one with its counted instructions."""
    plain, space = platforms.get("c"), platforms.get("bang").space("nram")
    both = (*toy.REGISTERS, *toy.COUNTED, TURN)
    return (
        replace(plain, vector_bits=32 * toy.WIDTH, intrinsics=both),
        replace(plain, model="task", spaces=(replace(space, name="pad", capacity=1 << 20),), vector_space="pad", copy="copy",
                transfers=dict(toy.COUNTED_UNIT.transfers), intrinsics=both),
    )


def on_vectors() -> tuple[Platform, ...]:
    return (*toys(), *(m for m in real() if m.vector_bits or m.vector_space))


def parallel() -> tuple[Platform, ...]:
    """The machines with parallel axes."""
    return tuple(p for p in bare() if p.axes)


def alone(kernel: Kernel) -> Kernel:
    """A kernel of one of the loops at the top of another, the first that needs nothing else of it."""
    given = {p.name for p in kernel.params}
    for s in kernel.body:
        if isinstance(s, For) and {v.name for v in free_vars(s)} | buffers_used((s,)) - allocated(s) <= given:
            return replace(kernel, body=(s,))
    return kernel


def allocated(s: For) -> set[str]:
    return {x.buffer.name for x in statements(s) if isinstance(x, Alloc)}


@st.composite
def handed_on(draw: st.DrawFn) -> Kernel:
    """A loop that makes an array and one behind it that uses it, nearly as often in ways that keep the two apart."""
    n = draw(st.sampled_from([1, 3, 4]))
    far = draw(st.sampled_from([0, 0, 0, 1]))
    first = [store("t", var("i"), load("x", var("i")) + float(draw(st.integers(1, 3))))]
    if draw(st.booleans()):
        first.append(store("t", var("i"), load("t", var("i")) * load("y", var("i") + draw(st.integers(0, 1)))))
    used = load("t", var("j") + far) * load("x", var("j"))
    into, at = draw(st.sampled_from(["y", "y", "x"])), var("j") + draw(st.sampled_from([0, 0, 1, 2]))
    second: list[Stmt] = [store(into, at, used)]
    if draw(st.booleans()):
        second = [when(load("x", var("j")) < float(draw(st.integers(0, 4))), *second)]
    if draw(st.booleans()):
        second.append(assign("s", var("s", F) + load("t", var("j"))))
    between: list[Stmt] = [let("s", 0.0)]
    behind: list[Stmt] = [store("y", 7, var("s", F))]
    if draw(st.integers(0, 3)) == 0:
        behind.append(store("y", 6, load("t", 0)))
    loops = [loop("i", n, *first), *between, loop("j", n, *second), *behind]
    made: list[Stmt] = [array("t", 8), loop("q", 8, store("t", var("q"), 2.0)), *loops] if far else [array("t", 8), *loops]
    if draw(st.booleans()):
        made = [loop("r", 2, *made)]
    return Kernel("handed_on", (Buffer("x", F, Const(8, I)), Buffer("y", F, Const(8, I))), tuple(made))


# What needs more than sequential kernels and bare machines says so; every other pass is tried on those.
FIELDS: dict[str, Field] = {
    "contraction": Field(handed_on(), bare),
    "fuse": Field(st.one_of(kernels(), handed_on()), bare),
    "recover": Field(threaded(), bare),
    "bind": Field(kernels().map(alone), parallel),
    "detensorize": Field(calling(), toys),
    # Loops of a run-time length in rows only: what else becomes of one without iterations is contract's to keep.
    "tensorize": Field(
        st.one_of(row_wise(), products(), kernels(Shape(in_place=False, gather=False, run_time=False))), on_vectors),
}
USUAL = Field(kernels(), bare)
PRODUCTS = Field(products(), lambda: tuple(m for m in real() if m.weights is not None))


def explained(machine: Platform) -> Meanings:
    """What the intrinsics of a machine and of the toy do; a bulk copy by what platform.py says of it."""
    known: dict[tuple[str, str], Any] = {**CALLED, **{(m.name, m.key): m for m in machine.intrinsics}}
    if machine.copy:
        known[machine.copy, ""] = _copy
    if machine.weights is not None and machine.intrinsics:  # called without a key: the instance that fits the operands
        for name in (machine.weights.product, machine.weights.reorder, machine.weights.transpose, machine.weights.add,
                     machine.weights.fill):
            known[name, ""] = next(m for m in machine.intrinsics if m.name == name and _float(m))
    return known


def _float(m: Any) -> bool:
    return all(p.dtype in (DType.F32, DType.I32) for p in m.params) and m.params[0].dtype is DType.F32


def _copy(call: Intrinsic, operands: list[Any]) -> None:
    to, source, size, *strided = operands
    assert isinstance(call.args[0], Addr)
    width = call.args[0].dtype.bytes
    down, across, more = strided[1:] if len(strided) > 1 else (0, 0, 0)
    assert size % width == 0 and down % width == 0 and across % width == 0
    for segment in range(more + 1):
        for k in range(size // width):
            to[segment * down // width + k] = source[segment * across // width + k]


def with_constants(kernel: Kernel, machine: Platform) -> Kernel:
    """The constants of the machine's language as numbers."""
    free = {v for v in scalars_read(kernel.body) if v.name in machine.constants}
    values = {text: value for (_, value), text in machine.enumerators.items()}
    numbers = {v: Const(values.get(v.name, 0), v.dtype) for v in free}
    return replace(kernel, body=map_exprs(kernel.body, lambda e: numbers.get(e, e) if isinstance(e, Var) else e))


def tried(name: str, case: Case) -> int:
    """One kernel and machine: all instances of the pass are applied; how many there were."""
    kind, kernel, machine = PASSES[name], case.kernel, case.machine
    check(program(kernel))
    steps = list(kind.space(kernel, machine))
    assert steps == list(kind.space(kernel, machine)), "in another order the second time"
    assert len(steps) <= MOST
    meanings = explained(machine)
    wanted = left(kernel, meanings=meanings) if steps else {}
    for step in steps:
        note(f"{name} {by_hand.words(step)}")
        try:
            made = step.apply(kernel)
        except NotApplicable as e:
            raise AssertionError(f"`{by_hand.words(step)}`, which `space` lists, does not apply: {e.why}") from e
        after = tuple(with_constants(k, machine) for k in (made if isinstance(made, tuple) else (made,)))
        check(program(*after))
        same(kernel, after, meanings=meanings, wanted=wanted)
    event("applies" if steps else "does not apply")
    return len(steps)


def held(name: str, effort: settings, field: Field | None = None) -> None:
    """The property of a pass over many random kernels, on some of which it applies."""
    applied = 0

    @effort
    @given(cases(field or FIELDS.get(name, USUAL)))
    def holds(case: Case) -> None:
        nonlocal applied
        applied += tried(name, case)

    holds()
    assert applied, f"`{name}` lists no instance on any of these kernels"


@pytest.mark.parametrize("name", PASSES)
def test_every_instance_keeps_the_meaning(name: str) -> None:
    held(name, SOME if name in RARE else FEW)


@pytest.mark.slow
@pytest.mark.parametrize("name", PASSES)
def test_every_instance_keeps_the_meaning_of_many_kernels(name: str) -> None:
    held(name, settings(MANY, max_examples=random_cases(12)) if name in COMMON else MANY)


def test_products_keep_their_meaning_on_matrix_units() -> None:
    held("tensorize", settings(FEW, max_examples=4), PRODUCTS)


def test_passes_are_found() -> None:
    assert {"recover", "detensorize", "tensorize"} <= {n.partition(".")[0] for n in PASSES}
    assert set(FIELDS) <= set(PASSES)
