"""Exact numbers against Python's integers: primes, field arithmetic, constants, laws and decisions."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest

from xpiler import platforms
from xpiler.emulate.lowered.build import build
from xpiler.emulate.lowered.constant import constant
from xpiler.emulate.lowered.element import DATA, ELEMENT, MINUS, NOTHING, ORDER, PLUS, PRIMES, UNDEFINED, UNSET
from xpiler.emulate.lowered.program import KEY, PRIME, REPORT, lower
from xpiler.emulate.run import run
from xpiler.ir.types import DType
from xpiler.text.read import read

C = platforms.get("c")
P = PRIMES[0]
Q = (P - 1) // 2
N = 8


def is_prime(n: int, rounds: int = 40) -> bool:
    """Miller and Rabin, with random bases."""
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    rng = random.Random(n)
    for _ in range(rounds):
        x = pow(rng.randrange(2, n - 1), odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


@pytest.mark.parametrize("p", PRIMES)
def test_primes_are_safe(p: int) -> None:
    assert 1 << 60 < p < 1 << 61 and is_prime(p) and is_prime((p - 1) // 2)
    assert not is_prime(p - 2) or not is_prime((p - 3) // 2)  # the test can fail


class Outcome:
    """What expressions of a = x[i] and b = z[i] gave: elements by expression, and the report."""

    def __init__(self, values: Sequence[str], x: np.ndarray | None = None, z: np.ndarray | None = None) -> None:
        lines = "\n".join(f"y[{k * N} + i] = {v};" for k, v in enumerate(values))
        text = f"""#include <math.h>
void f(const float* x, const float* z, float* y) {{
  for (int i = 0; i < {N}; ++i) {{ float a = x[i], b = z[i]; int k = i;
{lines}
  }}
}}
"""
        lowered = lower(read(text, C, "k.c"), C)
        self.x = numbers(1) if x is None else x
        self.z = numbers(2) if z is None else z
        y = np.full(len(values) * N * ELEMENT.itemsize, 0xFF, np.uint8).view(ELEMENT)
        inputs = {PRIME: P, KEY: 7, "x": self.x, "z": self.z, "y": y}
        done = run(build(lowered, C), lowered.entry, inputs)
        assert done.status == "ok", done
        self.rows = done.outputs["y"].reshape(len(values), N)
        self.seen = int(done.outputs[REPORT][0])

    def __getitem__(self, k: int) -> np.ndarray:
        return self.rows[k]


def numbers(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    out = np.zeros(N, ELEMENT)
    out["p"], out["q"] = rng.integers(0, P, N, np.uint64), rng.integers(0, Q, N, np.uint64)
    out["r"], out["flags"], out["degree"] = rng.normal(size=N), DATA, 1
    return out


def plain(raw: np.ndarray, m: int) -> list[int]:
    """Out of Montgomery's form: a * 2^-64."""
    back = pow(1 << 64, -1, m)
    return [int(v) * back % m for v in raw]


def modulo(x: Fraction, m: int) -> int:
    return x.numerator * pow(x.denominator, -1, m) % m


def test_the_ring_is_arithmetic_modulo_both_primes() -> None:
    got = Outcome(["a + b", "a - b", "a * b", "a / b", "-a", "a * a * a - 2.0f * b"])
    for name, m in (("p", P), ("q", Q)):
        a, b = plain(got.x[name], m), plain(got.z[name], m)
        wanted = [
            [(u + v) % m for u, v in zip(a, b, strict=True)], [(u - v) % m for u, v in zip(a, b, strict=True)],
            [u * v % m for u, v in zip(a, b, strict=True)],
            [u * pow(v, -1, m) % m for u, v in zip(a, b, strict=True)],
            [-u % m for u in a], [(u**3 - 2 * v) % m for u, v in zip(a, b, strict=True)],
        ]
        for k, row in enumerate(wanted):
            assert plain(got[k][name], m) == row
    assert np.allclose(got[5]["r"], got.x["r"] ** 3 - 2 * got.z["r"], rtol=1e-12)


def test_constants_are_the_numbers_that_were_meant() -> None:
    meant = {
        "0.1f": Fraction(1, 10), "1e-5f": Fraction(1, 100000), "0.1": Fraction(1, 10), "-2.5f": Fraction(-5, 2),
        "0.0009765625f": Fraction(1, 1024), "16777215.0f": Fraction(16777215), "3e38f": Fraction(3 * 10**38),
        "(float)(-7 * k)": None, "7.0f / 3.0f": Fraction(7, 3),
    }
    got = Outcome([*meant])
    for k, value in enumerate(meant.values()):
        for i in range(N):
            wanted = Fraction(-7 * i) if value is None else value
            assert plain(got[k]["p"], P)[i] == modulo(wanted, P), list(meant)[k]
            assert plain(got[k]["q"], Q)[i] == modulo(wanted, Q), list(meant)[k]


def test_exp_is_a_power_of_a_generator() -> None:
    got = Outcome(["expf(a)", "expf(b)", "expf(a + b)", "expf(a - b)", "exp2f(a)", "exp2f(a + 3.0f)", "expf(0.0f)",
                   "expf(a) + expf(-INFINITY)"])
    ea, eb = plain(got[0]["p"], P), plain(got[1]["p"], P)
    assert plain(got[2]["p"], P) == [u * v % P for u, v in zip(ea, eb, strict=True)]
    assert plain(got[3]["p"], P) == [u * pow(v, -1, P) % P for u, v in zip(ea, eb, strict=True)]
    assert all(pow(u, Q, P) == 1 and u != 1 for u in ea)  # squares: of order q
    shifted = [v * pow(u, -1, P) % P for u, v in zip(plain(got[4]["p"], P), plain(got[5]["p"], P), strict=True)]
    assert len(set(shifted)) == 1
    assert plain(got[6]["p"], P) == [1] * N and plain(got[7]["p"], P) == ea


def test_unknown_functions_are_functions() -> None:
    got = Outcome(["sinf(a)", "sinf(a * 1.0f + b - b)", "sinf(-a)", "cosf(a)", "cosf(-a)", "erff(a) + erfcf(a)",
                   "sqrtf(2.25f)", "sqrtf(a * a)", "logf(1.0f)", "tanhf(a) + tanhf(-a)"])
    p = [plain(row["p"], P) for row in got.rows]
    assert p[0] == p[1] and p[2] == [-v % P for v in p[0]] and p[3] == p[4] and p[0] != p[3]
    assert p[5] == [1] * N and p[6] == [modulo(Fraction(3, 2), P)] * N and p[8] == [0] * N and p[9] == [0] * N
    a = plain(got.x["p"], P)
    assert all(root not in (v, -v % P) for root, v in zip(p[7], a, strict=True))  # the sign of a root is not known
    assert np.allclose(got[0]["r"], np.sin(got.x["r"]))


def test_decisions_follow_the_reals_and_are_told() -> None:
    got = Outcome(["fmaxf(a, b)", "a < b ? a : b", "fabsf(a)", "floorf(a * 8.0f)"])
    larger = got.x["r"] > got.z["r"]
    assert (got[0]["p"] == np.where(larger, got.x["p"], got.z["p"])).all()
    assert (got[1]["p"] == np.where(larger, got.z["p"], got.x["p"])).all()
    assert plain(got[3]["p"], P) == [math.floor(v * 8) % P for v in got.x["r"]]
    assert got.seen & ORDER
    assert Outcome(["a + b", "fmaxf(a + b, b + a)", "fmaxf(-INFINITY, a)"]).seen == 0  # nothing was decided by chance


def test_infinities_and_garbage_stay_what_they_are() -> None:
    x = numbers(3)
    x[0] = np.frombuffer(b"\xff" * ELEMENT.itemsize, ELEMENT)[0]
    got = Outcome(["a + b", "0.0f * a", "INFINITY - b", "-INFINITY * 2.0f", "INFINITY - INFINITY", "b / (b - b)",
                   "fmaxf(a, b)", "a > b ? a : b"], x)
    assert got[0]["flags"][0] & UNSET and got[1]["flags"][0] & UNSET and not got[0]["flags"][1:].max() & UNSET
    assert got[6]["flags"][0] & UNSET and got[7]["flags"][0] & UNSET and not got.seen & UNDEFINED
    assert Outcome(["(float)(a > b)"], x).seen & UNDEFINED  # a number that rests on garbage
    assert (got[2]["flags"] == PLUS).all() and (got[3]["flags"] == MINUS).all()
    assert (got[4]["flags"] == NOTHING).all() and (got[5]["flags"] == NOTHING).all()


@pytest.mark.parametrize(
    ("a", "b"), [(0.1, float(np.float32(0.1))), (0.7978845608028654, float(np.float32(0.7978845608)))]
)
def test_a_constant_is_one_number_in_all_types_unless_doubles_matter(a: float, b: float) -> None:
    alike = [constant(a, DType.F64, False), constant(b, DType.F32, False)]
    assert len({text.rsplit(",", 1)[0] for text in alike}) == 1
    apart = [constant(0.1, DType.F64, True), constant(0.1000000001, DType.F64, True)]
    assert len({text.rsplit(",", 1)[0] for text in apart}) == 2
