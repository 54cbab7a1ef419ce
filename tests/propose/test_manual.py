"""The manual of a platform: what its passages hold, against the guide and the header as they are written."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from xpiler import platforms
from xpiler.fault import Fault
from xpiler.propose.manual import Passage, manual
from xpiler.propose.extra import extra
from xpiler.propose.retrieval import Index
from xpiler.propose.words import tokens
from xpiler.text.library import library


def passages(name: str) -> Mapping[str, Passage]:
    return {p.title: p for p in manual(platforms.get(name))}


@pytest.mark.parametrize("name", ["c", "cuda", "hip", "bang", pytest.param("vnni", marks=pytest.mark.slow)])
def test_every_section_and_every_intrinsic_has_one_passage(name: str) -> None:
    platform = platforms.get(name)
    headings = re.findall(r"^## (.+)$", (platform.folder / "guide.md").read_text(), re.MULTILINE)
    held = manual(platform)
    assert [p.title for p in held if not p.is_intrinsic] == headings
    assert [p.title for p in held if p.is_intrinsic] == sorted({m.name for m in library(platform)})


def test_overloads_are_one_passage_with_comment_spaces_and_limits() -> None:
    p = passages("bang")["__bang_matmul"]
    assert len(p.signatures) > 3 and all("__bang_matmul(" in s for s in p.signatures)
    assert "sum over k of src0[m][k] * src1[n][k]" in p.text and "weights in WRAM" in p.text
    assert set(p.spaces) == {"src0: nram", "src1: wram", "dst: nram"}
    assert "N must be a multiple of 64" in p.limits


def test_what_a_macro_makes_has_the_comment_above_its_use_and_the_rules_of_its_body() -> None:
    p = passages("bang")["__bang_cycle_add"]
    assert "Sums, differences and products." in p.text
    assert "The second operand repeats" in p.text
    assert set(p.spaces) == {"src: nram", "seg: nram", "dst: nram"}
    assert p.limits == ("src_elem_count must be a multiple of seg_elem_count",)
    assert passages("bang")["__bang_active_exp"].spaces == ("src: nram", "dst: nram")


def test_rules_of_other_architectures_are_no_limits() -> None:
    assert not [r for p in passages("bang").values() for r in p.limits if "mtp_2xx" in r]


def test_registers_are_limits_of_shape() -> None:
    assert "d: 256 x f32" in passages("cuda")["nvcuda::wmma::mma_sync"].limits


@pytest.mark.parametrize(("text", "words"), [
    ("__bang_active_exp", ["bang", "active", "exp"]),
    ("_mm512_mask_add_ps", ["mm512", "mm", "512", "mask", "add", "f32"]),
    ("__bang_half2float", ["bang", "half2float", "f16", "to", "f32"]),
    ("the Sums of vectors", ["add", "vector"]),
    ("loadMatrix", ["load", "matrix"]),
])
def test_words_of_identifiers_and_prose(text: str, words: list[str]) -> None:
    assert tokens(text) == words


def test_the_index_finds_the_passage_that_is_about_it() -> None:
    index = Index([Passage("one", "a matrix product"), Passage("two", "the exponential"), Passage("three", "barriers")])
    assert [p.title for p in index.search("exp of each element")] == ["two"]
    assert index.search("multiply matrices matrix")[0].title == "one"
    assert index.search("nothing of it") == []
    assert Index([]).search("matrix") == []


def test_a_missing_library_is_told_with_the_command_that_brings_it() -> None:
    with pytest.raises(Fault, match="not installed") as e:
        extra("a_library_nobody_has", "model")
    assert e.value.code == "XP4003" and "pip install 'xpiler[model]'" in str(e.value)
