"""Launches by the addresses of their arguments, spelled out."""

from __future__ import annotations

import pytest

from xpiler.text.addressed import with_launches

TABLE = "void* args[] = {&a, (void*)&n};"


@pytest.mark.parametrize(
    ("call", "launch"),
    [
        ("cudaLaunchKernel((void*)k, dim3(1, 2), b, args, 0, s);", "k<<<dim3(1, 2), b, 0, s>>>(a, n);"),
        ("hipLaunchCooperativeKernel(ns::k<float>, g, b, args);", "ns::k<float><<<g, b>>>(a, n);"),
        ("e = cudaLaunchKernel(k, g, b, args, 0);", "e = (k<<<g, b, 0>>>(a, n), cudaSuccess);"),
    ],
)
def test_a_launch_becomes(call: str, launch: str) -> None:
    found = with_launches(f"void f() {{\n{TABLE}\n{call}\n}}").split("\n")
    assert found[1].strip() == "" and found[2].replace(" ", "") == launch.replace(" ", "") and len(found) == 4


@pytest.mark.parametrize("call", ["cudaLaunchKernel(k, g, b, other, 0, s);", "cudaLaunchKernel(pick(k), g, b, args);"])
def test_what_is_not_seen_stays(call: str) -> None:
    text = f"void f() {{ {TABLE} {call} }}"
    assert with_launches(text) == text


def test_each_function_has_its_own_table() -> None:
    text = "void f() { void* args[] = {&a}; cudaLaunchKernel(k, g, b, args); }\n"
    text += "void h() { void* args[] = {&c}; use(args); }"
    first, second = with_launches(text).split("\n")
    assert "k<<< g, b>>>(a);" in first and "args" not in first and "void* args[] = {&c}; use(args);" in second


def test_a_table_with_a_value_of_another_kind_stays() -> None:
    text = "void f() { void* args[] = {&a, p}; cudaLaunchKernel(k, g, b, args); }"
    assert with_launches(text) == text
