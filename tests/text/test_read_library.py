"""The meanings of intrinsics: every platform's header reads whole, and bodies say what the manuals say."""

from __future__ import annotations

import pytest

from xpiler import platforms
from xpiler.ir.nodes import Buffer, Meaning
from xpiler.ir.show import show
from xpiler.text.read import library, read


def by_name(platform: str, name: str, *types: str) -> Meaning:
    for m in library(platforms.get(platform)):
        if m.name.endswith(name) and all(t in m.key for t in types):
            return m
    raise AssertionError(f"{name} is not in the library of {platform}")


@pytest.mark.parametrize("platform", ["c", "cuda", "hip"])
def test_headers_read_whole(platform: str) -> None:
    for m in library(platforms.get(platform)):
        assert m.body, m.name
        assert m.result is not None or any(isinstance(p, Buffer) and not p.const for p in m.params)


def test_a_meaning_is_a_body_over_its_parameters() -> None:
    m = by_name("cuda", "wmma::mma_sync", "float")
    d, a, b, c = m.params
    assert isinstance(d, Buffer) and not d.const
    assert all(isinstance(p, Buffer) and p.const for p in (a, b, c))
    assert "sum = sum + (f32)a[i * 16 + k] * (f32)b[k * 16 + j];" in show(m)


def test_calls_carry_the_key_of_their_meaning() -> None:
    text = "__mlu_global__ void k(float* x) { __nram__ float t[64]; __bang_add(t, t, t, 64); }"
    program = read(text, platforms.get("bang"), geometry={"task": "1"})
    (meaning,) = program.meanings
    assert f"{meaning.name}" == "__bang_add"
    assert "dst[i] = src0[i] + src1[i];" in show(meaning)


@pytest.mark.slow
@pytest.mark.parametrize("platform", ["bang", "vnni"])
def test_large_headers_read_whole(platform: str) -> None:
    found = library(platforms.get(platform))
    keys = [(m.name, m.key) for m in found]
    assert len(keys) == len(set(keys)) > 300
