"""Masks of lanes: a bit of one is what people mean by it, for every number of lanes that are left."""

from __future__ import annotations

from dataclasses import replace

import pytest

from xpiler import platforms
from xpiler.ir.nodes import Buffer, Program, Var
from xpiler.text.read import read
from xpiler.verify.argue.bounds import bounds
from xpiler.verify.argue.masks import bit
from xpiler.verify.argue.races import races
from xpiler.verify.argue.terms import Cond, Terms, holds, number
from xpiler.verify.verdict import Proved

VNNI, CUDA = platforms.get("vnni"), platforms.get("cuda")
HEAD = "#include <immintrin.h>\n"


@pytest.mark.parametrize("m", [0, 1, 0b1011, 0xFFFF, 0x8000, (1 << 14) - 1, -1, -4])
def test_the_bits_of_a_number(m: int) -> None:
    for i in range(20):
        terms = Terms()
        at = terms.sym("i", 0, 19)
        found = bit(terms, {}, number(m), at)
        assert isinstance(found, Cond)
        assert holds(found, lambda _, i=i: i) == bool(m >> i & 1)  # type: ignore[misc]


@pytest.mark.parametrize("width", [8, 16, 32])
def test_the_lanes_below_a_number_and_those_of_a_choice(width: int) -> None:
    for n in range(width + 1):
        for i in range(width):
            terms = Terms()
            i_, n_ = terms.sym("i", 0, width - 1), terms.sym("n", 0, width)
            power = terms.sym("1 << n", 0, 1 << width, abstract=True)
            mask = terms.mod(power + number((1 << 32) - 1), 1 << 32)
            known = {i_.parts[0][0]: i, n_.parts[0][0]: n}
            found = bit(terms, {power.parts[0][0]: ("<<", number(1), n_)}, terms.mod(mask, 1 << width), i_)
            assert isinstance(found, Cond) and holds(found, known.__getitem__) == (i < n)


def test_what_is_no_mask_is_not_taken_for_one() -> None:
    terms = Terms()
    i, x = terms.sym("i", 0, 15), terms.sym("x", 0, 65535)
    assert bit(terms, {}, x, i) is None
    assert bit(terms, {}, x.times(2), i) is None
    assert bit(terms, {}, number(0x5555 << 4 | 0x5555 << 20), i) is None  # more runs than are looked at
    assert bit(terms, {x.parts[0][0]: ("<<", number(3), i)}, x + number(-1), i) is None


def vnni(body: str) -> bool:
    text = f'{HEAD}extern "C" void f(const float* x, float* y, int n) {{ {body} }}'
    p = read(text, VNNI, "k.cpp")
    return isinstance(bounds(_sized(p), VNNI, strict=True).verdict, Proved)


def _sized(p: Program) -> Program:
    """With arrays of n elements."""
    assert p.launcher is not None
    n = next(v for v in p.launcher.params if isinstance(v, Var))
    params = tuple(replace(v, extent=n) if isinstance(v, Buffer) else v for v in p.launcher.params)
    return replace(p, launcher=replace(p.launcher, params=params))


LOOP = "int i = 0; for (; i + 16 <= n; i += 16) _mm512_storeu_ps(y + i, _mm512_loadu_ps(x + i)); "
TAIL = "if (i < n) {{ __mmask16 m = (__mmask16)({}); _mm512_mask_storeu_ps(y + i, m, _mm512_maskz_loadu_ps(m, x + i)); }}"


@pytest.mark.parametrize(("mask", "sound"), [
    ("(1u << (n - i)) - 1u", True), ("(1 << (n - i)) - 1", True), ("0xFFFFu >> (16 - (n - i))", True),
    ("n - i >= 8 ? 0xFFu : 1u", True), ("(1u << (n - i)) - 1u & 0xFFFF", True),
    ("(1u << (n - i + 1)) - 1u", False), ("0xFFFFu", False), ("(1u << (n - i))", False),
    ("n - i >= 7 ? 0xFFu : 1u", False),
    ("0xFFFFu >> (15 - (n - i))", False),
])
def test_a_tail_under_a_mask(mask: str, sound: bool) -> None:
    assert vnni(LOOP + TAIL.format(mask)) == sound


@pytest.mark.parametrize(("mask", "of", "free"), [
    ("0x00FF", 8, True), ("0x0FF8", 9, True), ("0x01FF", 8, False), ("0x0FF8", 8, False),
])
def test_lanes_left_out_by_a_mask_do_not_race(mask: str, of: int, free: bool) -> None:
    """Neighbours that take part write other elements, as long as there are no more of them than elements."""
    text = f"""
__global__ void k(float* y) {{ int t = threadIdx.x; if ({mask} >> t & 1) y[t % {of}] = 1.0f * t; }}
extern "C" void run(float* y) {{ float* d; cudaMalloc(&d, 64); k<<<1, 16>>>(d);
  cudaMemcpy(y, d, 64, cudaMemcpyDeviceToHost); }}"""
    assert isinstance(races(read(text, CUDA, "k.cu"), CUDA).verdict, Proved) == free
