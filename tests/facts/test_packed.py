"""Bytes, words of 16 bits and halves in registers of 32-bit words."""

from __future__ import annotations

import pytest

from xpiler import platforms
from xpiler.facts import sym
from xpiler.facts.offers import Offer, match
from xpiler.facts.packed import put_in, taken_out
from xpiler.facts.sym import Sym
from xpiler.ir.types import DType
from xpiler.to_target import vector_unit

I32, LANE = DType.I32, sym.var("lane", sym.integer(16))


def offered(platform: str, name: str) -> list[Offer]:
    return [o for o in vector_unit(platforms.get(platform)).offers if o.meaning.name == name]


def element(array: str, dtype: DType) -> Sym:
    return sym.load(array, LANE, dtype)


@pytest.mark.parametrize(("name", "dtype"), [
    ("_mm512_cvtepi8_epi32", DType.I8), ("_mm512_cvtepu8_epi32", DType.U8),
    ("_mm512_cvtepi16_epi32", DType.I16), ("_mm512_cvtepu16_epi32", DType.U16),
])
def test_integers_are_taken_out_of_words(name: str, dtype: DType) -> None:
    wide = sym.stated(element("x", dtype), I32)
    bound = [b for o in offered("vnni", name) if (b := match(o, wide, LANE)) is not None]
    assert [b["a"] for b in bound] == [element("x", dtype)]


def test_another_type_of_the_same_size_is_not_taken_for_it() -> None:
    wide = sym.stated(element("x", DType.U8), I32)
    assert not any(match(o, wide, LANE) for o in offered("vnni", "_mm512_cvtepi8_epi32"))


def test_halves_are_taken_out_and_put_in() -> None:
    half, single = element("x", DType.F16), element("y", DType.F32)
    assert any(match(o, sym.cast(half, DType.F32), LANE) for o in offered("vnni", "_mm512_cvtph_ps"))
    (stored,) = [b for o in offered("vnni", "_mm512_cvtps_ph")
                 if (b := match(o, sym.cast(single, DType.F16), LANE)) is not None]
    assert stored["a"] is single and stored["rounding"] is sym.ZERO  # it is left to the nearest


def masked(i: Sym, order: tuple[int, int] = (0, 1)) -> Sym:
    """The word of elements i and i + 1 of x, those below n alone."""
    n, word = sym.var("n"), sym.ZERO
    for k, at in enumerate(order):
        x = sym.scale(sym.load("x", sym.add(i, sym.integer(at)), DType.U16), 1 << 16 * k)
        with_it = sym.binary("|", x, word, I32)
        word = sym.select(sym.compare("<", sym.add(i, sym.integer(at)), n), with_it, word)
    return word


def test_a_masked_element_is_taken_out_of_its_word() -> None:
    pair, shift = sym.scale(sym.div(LANE, sym.integer(2)), 2), sym.scale(sym.mod(LANE, sym.integer(2)), 16)
    one = sym.select(sym.compare("<", LANE, sym.var("n")), element("x", DType.U16), sym.ZERO)
    shifted = sym.bit(">>", masked(pair), shift)
    assert sym.bit("&", shifted, sym.integer(65535)) is one
    assert sym.cast(shifted, DType.U16) is one
    turned = sym.bit("&", sym.bit(">>", masked(pair, (1, 0)), shift), sym.integer(65535))
    assert turned is sym.substitute(one, {LANE: sym.add(pair, sym.sub(sym.ONE, sym.mod(LANE, sym.integer(2))))})


def test_a_masked_lane_is_nothing_as_a_number_too() -> None:
    kept, x = sym.compare("<", LANE, sym.var("n")), element("x", DType.U16)
    wide = sym.call("bits.i32.f32", (sym.scale(sym.select(kept, x, sym.ZERO), 1 << 16),), DType.F32)
    assert wide is sym.select(kept, sym.call("bits.i32.f32", (sym.scale(x, 1 << 16),), DType.F32), sym.number(0.0, DType.F32))


def test_words_in_another_order_are_not_one_after_another() -> None:
    i = sym.fresh("i", sym.integer(4))

    def word(order: tuple[int, ...]) -> Sym:
        byte = [sym.load("p", sym.add(sym.scale(i, 4), sym.integer(k)), DType.U8) for k in order]
        return sym.linear(0, {b: 1 << 8 * n for n, b in enumerate(byte)})

    assert [v.dtype for _, v in put_in(word((0, 1, 2, 3)), i)] == [DType.I8, DType.U8]
    assert not list(put_in(word((1, 0, 2, 3)), i))
    assert not list(put_in(word((0, 1, 2, 2)), i))


def test_a_word_that_is_used_whole_as_well_is_no_bytes() -> None:
    word = sym.load("a", sym.div(LANE, sym.integer(4)), I32)
    byte = sym.cast(sym.bit(">>", word, sym.scale(sym.mod(LANE, sym.integer(4)), 8)), DType.I8)
    assert taken_out(byte, {"a"}.__contains__, LANE) is element("a", DType.I8)
    assert taken_out(sym.add(byte, word), {"a"}.__contains__, LANE) is None


def test_a_conversion_without_a_scale_is_the_plain_one() -> None:
    wide = sym.stated(element("x", DType.I8), I32)
    (bound,) = [b for o in offered("bang", "__bang_int82int32") if (b := match(o, wide, LANE)) is not None]
    assert bound["dst_position"] is bound["src_position"] is sym.ZERO
    scaled = sym.cast(element("x", DType.I8), DType.F32)
    (bound,) = [b for o in offered("bang", "__bang_int82float") if (b := match(o, scaled, LANE)) is not None]
    assert bound["fix_position"] is sym.ZERO


def test_what_no_int_can_hold_is_nobody_s_matter() -> None:
    cut = sym.cast(element("x", DType.F32), I32)
    assert any(match(o, cut, LANE) for o in offered("vnni", "_mm512_cvttps_epi32"))
    assert any(match(o, cut, LANE) for o in offered("bang", "__bang_float2int32"))
    assert not any(match(o, cut, LANE) for o in offered("vnni", "_mm512_cvtps_epi32"))  # to nearest
