"""Recall of the right passage: the measure itself, and its figures on the platforms that are quick to read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from xpiler import platforms
from xpiler.bench import recall
from xpiler.bench.recall import Operator, Sought


def test_the_shares_are_of_all_and_of_the_described() -> None:
    found = [Sought("p", "a", "x", True, True, False), Sought("p", "b", "y", False, True, True), Sought("p", "c", ""),
             Sought("q", "d", "")]
    assert recall.of_intrinsics(found) == [
        ("p", "3", "2", "1 (33.3 %)", "2 (66.7 %)", "1 (50.0 %)", "1 (33.3 %)"),
        ("q", "1", "0", "0 (0.0 %)", "0 (0.0 %)", "-", "0 (0.0 %)")]


def test_operators_without_intrinsics_count_for_nothing() -> None:
    found = [Operator("t", "a", ("x", "y"), ("x",)), Operator("t", "b", ("x",), ()), Operator("t", "c", (), ()),
             Operator("t", "d", (), (), "no form")]
    assert recall.of_operators(found) == [("t", "4", "1", "2", "1 (50.0 %)", "3", "1 (33.3 %)")]
    assert list(recall.missed([Sought("p", "i", "")], found)) == ["p: i: no closed form", "t: a: y", "t: b: x", "t: d: no form"]


def test_a_query_comes_from_the_body_alone(cache: Path) -> None:
    queries = recall.described(platforms.get("cuda"), cache)
    assert "matrix product" in queries["nvcuda::wmma::mma_sync"]
    assert not [n for n, q in queries.items() if {"wmma", "nvcuda", "fragment", "sync"} & set(re.findall(r"\w+", q))]


@pytest.mark.parametrize(("name", "product"), [("cuda", "nvcuda::wmma::mma_sync"), ("hip", "tile_mma")])
def test_the_matrix_product_of_a_gpu_is_found_by_what_it_does(name: str, product: str, cache: Path) -> None:
    found = {s.name: s for s in recall.intrinsics(platforms.get(name), cache)}
    assert found[product].found and found[product].back


def test_a_platform_without_intrinsics_has_none_to_find(cache: Path) -> None:
    assert recall.intrinsics(platforms.get("c"), cache) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cuda", "hip", "bang", "vnni"])
def test_the_page_shows_the_figures_that_are_measured(name: str, cache: Path) -> None:
    platform = platforms.get(name)
    (one,) = recall.of_intrinsics(recall.intrinsics(platform, cache))
    (other,) = recall.of_operators(list(recall.operators(ROOT / "benchmarks", platform, cache)))
    page = (ROOT / "docs" / "annotation.md").read_text()
    shown = [tuple(c.strip() for c in line.strip("|").split("|")) for line in page.splitlines() if line.startswith("|")]
    assert one in shown and other in shown
