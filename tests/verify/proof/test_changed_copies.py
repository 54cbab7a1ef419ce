"""Random programs and copies of them with one node changed: where a pair is proved equal, running both gives the same.

A pair that does what no program may do, or whose result depends on the order its threads run in, says nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction

import pytest

from tests.conftest import random_cases
from tests.verify.proof.interpreter import Interpreter, Number, Undefined
from tests.verify.proof.programs import Maker, mutant, serial, threads
from xpiler.fault import Fault, Faults
from xpiler.ir.nodes import Program
from xpiler.ir.show import show
from xpiler.verify.proof.equal import equal_for_all
from xpiler.verify.verdict import Proved

KINDS = ["serial", "threads", "two kernels", "sized", "sized threads"]


def program(rng: random.Random, kind: str) -> Program:
    maker = Maker(rng, sized=kind.startswith("sized"))
    match kind:
        case "serial" | "sized":
            return serial(maker.serial(), sized=maker.sized)
        case "threads" | "sized threads":
            return threads(maker.threads(), sized=maker.sized)
    return threads(maker.threads(), maker.threads())


def arrays(rng: random.Random) -> list[dict[int, Number]]:
    """The contents of x, u, y, z: small numbers, which tie, or ones of any size."""
    reals, wholes = rng.choice([(3, 5), (99, 300), (99, 2**31 - 1)])
    out: list[dict[int, Number]] = []
    for whole in (False, True, False, True):
        out.append({i: rng.randint(-wholes, wholes) if whole else Fraction(rng.randint(-reals, reals)) for i in range(256)})
    return out


def differ(a: Program, b: Program, n: int, seed: int) -> bool:
    """Whether the two leave something else in memory on some input."""
    results = []
    for p in (a, b):
        ran = [
            Interpreter(p, random.Random(order) if order else None).run(arrays(random.Random(seed)), {"n": n})
            for order in range(3)
        ]
        if any(r != ran[0] for r in ran):
            return False  # a race
        results.append(ran[0])
    return results[0] != results[1]


def told_apart(a: Program, b: Program, sized: bool) -> Iterator[tuple[int, int]]:
    """Sizes and seeds at which the two differ."""
    for n in range(1, 8) if sized else [0]:
        for seed in range(4):
            try:
                if differ(a, b, n, seed):
                    yield n, seed
            except Undefined:
                continue


def check(kind: str, seed: int, copies: int) -> int:
    """How many copies of a random program were proved equal to it, having compared each of them."""
    rng = random.Random(seed)
    try:
        a = program(rng, kind)
    except (Fault, Faults):
        return 0  # no program of this language
    proofs = 0
    for _ in range(copies):
        b = mutant(a, rng)
        if isinstance(equal_for_all(a, b, seconds=3).verdict, Proved):
            proofs += 1
            wrong = next(told_apart(a, b, kind.startswith("sized")), None)
            kernels = "\n".join(show(k) for p in (a, b) for k in p.kernels)
            assert wrong is None, f"proved equal, but not for n and seed {wrong}:\n{kernels}"
    return proofs


@pytest.mark.sampled(3)
@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_copy_proved_equal_is_equal(kind: str) -> None:
    for seed in range(2):
        check(kind, seed, 3)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_many_changed_copies_proved_equal_are_equal(kind: str) -> None:
    proofs = sum(check(kind, seed, 10) for seed in range(100, 100 + random_cases(3)))
    assert proofs or kind == "sized threads"  # else nothing was compared


def test_changed_copies_differ_often_and_are_told_apart() -> None:
    rng = random.Random(1)
    a = serial("for (int i = 0; i < 8; ++i) y[i] = x[i] + 2.0f * x[i + 8];")
    copies = [mutant(a, rng) for _ in range(20)]
    assert sum(next(told_apart(a, b, False), None) is not None for b in copies) > 10
