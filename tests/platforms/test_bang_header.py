"""BANG C's header and manual as texts: every name the manual teaches exists, every intrinsic offered has a body."""

from __future__ import annotations

import re

import pytest

from xpiler.fault import Fault
from xpiler.platforms import get
from xpiler.text.clang import parse

BANG = get("bang")
ABSENT = {"__bang_exp", "__bang_sigmoid", "__bang_softmax"}  # the manual warns of these


def test_the_header_reads_alone() -> None:
    unit = parse("int nothing;", "empty.mlu", BANG.header, BANG.clang_args, whole=True)
    assert unit.top


def test_the_manual_names_only_what_the_header_knows() -> None:
    manual = (BANG.folder / "guide.md").read_text()
    names = set(re.findall(r"\b__(?:bang|mem|sync|is|nram|half|float|gdram)\w*", manual)) - ABSENT
    assert len(names) > 60
    known = {
        n.spelling for n in parse("", "empty.mlu", BANG.header, BANG.clang_args, whole=True).top
        if n.kind in ("FUNCTION_DECL", "FUNCTION_TEMPLATE")
    }
    assert not names - known - {"__nram__"}


@pytest.mark.parametrize("name", sorted(ABSENT))
def test_an_invented_intrinsic_is_refused(name: str) -> None:
    text = f"__mlu_global__ void k(float* a) {{ __nram__ float x[64]; {name}(x, x, 64); }}"
    with pytest.raises(Fault, match=name):
        parse(text, "invented.mlu", BANG.header, BANG.clang_args)


@pytest.mark.parametrize("call", [
    "__bang_add(x, h, h, 64)",  # operands of different types
    "__bang_matmul(h, h, h, 1, 32, 64)",  # a half product is stored as float
    "__bang_conv(x, x, x, 16, 4, 4, 2, 2, 1, 1, 64, 0)",  # no position with floats
    "__bang_reduce_sum(x, x)",
])
def test_overloads_that_do_not_exist_are_refused(call: str) -> None:
    text = f"__mlu_global__ void k() {{ __nram__ float x[64]; __nram__ half h[64]; {call}; }}"
    with pytest.raises(Fault, match="no matching function"):
        parse(text, "overload.mlu", BANG.header, BANG.clang_args)


def test_every_intrinsic_that_is_marked_has_a_body() -> None:
    unit = parse("", "empty.mlu", BANG.header, BANG.clang_args, whole=True)
    marked = [
        n for n in unit.top
        if n.kind in ("FUNCTION_DECL", "FUNCTION_TEMPLATE")
        and any(c.kind == "ANNOTATE_ATTR" and c.spelling == "xp.intrinsic" for c in n.every_child)
    ]
    without = {n.spelling for n in marked if not n.cursor.is_definition()}
    assert len(marked) > 400
    # Bytes moved between buffers of different types, and masks of bits, which no typed loop says.
    assert {n for n in without if "bitindex" not in n} == {
        "__memcpy", "__memcpy_async", "__bang_maskmove", "__gather", "__gather_async", "__scatter", "__scatter_async",
    }
