"""What a text uses of its machine: counted by hand here, and by the tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import ROOT

from xpiler import platforms
from xpiler.bench.idioms import Idioms, idioms
from xpiler.text.pragmas import with_directives
from xpiler.text.read import read


def of(text: str, dialect: str, **values: int) -> Idioms:
    platform = platforms.get(dialect)
    return idioms(with_directives(read(text, platform, "k"), text, platform), platform, values)


def test_plain_loops_use_no_intrinsics() -> None:
    found = of("void k(const float* x, float* y) { for (int i = 0; i < 100; ++i) y[i] = x[i] * 2.0f + 1.0f; }", "c")
    assert (found.work, found.by_intrinsics, found.reads, found.width) == (200.0, 0.0, 100.0, 1.0)


def test_vectors_and_a_scalar_tail() -> None:
    found = of("""
#include <immintrin.h>
void k(const float* x, float* y) {
  #pragma omp parallel for
  for (int i = 0; i < 6; ++i)
    _mm512_storeu_ps(y + 16 * i, _mm512_add_ps(_mm512_loadu_ps(x + 16 * i), _mm512_loadu_ps(x + 16 * i)));
  for (int i = 96; i < 100; ++i) y[i] = x[i] + x[i];
}""", "vnni")
    assert (found.work, found.by_intrinsics, found.width) == (100.0, 96.0, 6.0)


def test_integers_count_where_nothing_is_a_float() -> None:
    found = of((ROOT / "examples" / "gemm_u8s8.cpp").read_text(), "vnni")
    assert 0.95 < found.share <= 1.0


@pytest.mark.parametrize("name", ["gemm_half.cu", "gemm_half.mlu", "gemm.mlu"])
def test_matrix_units(name: str) -> None:
    platform = platforms.of_file(Path(name))
    assert platform is not None
    found = of((ROOT / "examples" / name).read_text(), platform.name)
    assert found.matrix / found.work > 0.99
    assert found.work == pytest.approx(2 * 128**3, rel=0.01)  # a warp's product is counted once, not by every lane


def test_the_same_after_json() -> None:
    found = of("void k(const float* x, float* y) { y[0] = x[0] + 1.0f; }", "c")
    assert Idioms.from_json(found.to_json()) == found
