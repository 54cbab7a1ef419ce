"""Every scalar function of the SIMT headers gives what the mathematics says, over edge values."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.platforms.simt_narrow_table import narrow
from tests.platforms.simt_program import mistakes, results
from tests.platforms.simt_registers_table import registers
from tests.platforms.simt_table import Row, conversions, directed, fast_functions, real_functions, several_results, smaller_and_larger
from tests.platforms.simt_words_table import bits, casts, fused, packed
from xpiler.platforms import get

_BFLOAT = {"cuda": "__nv_bfloat16", "hip": "__hip_bfloat16"}


def _words() -> Iterator[Row]:
    yield from bits()
    yield from casts()
    yield from packed()
    yield from fused()


def _reals() -> Iterator[Row]:
    yield from real_functions()
    yield from fast_functions()
    yield from directed()
    yield from several_results()
    yield from smaller_and_larger()


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", ["cuda", "hip"])
@pytest.mark.parametrize("rows", [_words, _reals, narrow])
def test_calls_give_what_they_must(name: str, rows: Callable[[], Iterator[Row]]) -> None:
    table = list(rows())
    assert not mistakes(table, *results(table, get(name), _BFLOAT[name]))


@pytest.mark.parametrize(("name", "nan_top"), [("cuda", True), ("hip", False)])
def test_conversions_round_and_saturate(name: str, nan_top: bool) -> None:
    table = list(conversions(nan_top))
    assert not mistakes(table, *results(table, get(name), _BFLOAT[name]))


def test_operations_on_registers_of_hip() -> None:
    table = list(registers())
    assert not mistakes(table, *results(table, get("hip"), _BFLOAT["hip"]))
