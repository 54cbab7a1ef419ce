"""Calls of HIP's built-in operations on registers. See `simt_table`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tests.platforms.simt_oracle import Array
from tests.platforms.simt_table import Row, _of
from tests.platforms.simt_words_table import _dot, _parts, _word

_B = "__builtin_amdgcn_"


def _field(a: int, start: int, count: int, signed: bool) -> int:
    count &= 31
    if count == 0:
        return 0
    value = a >> (start & 31) & 2**count - 1
    return value - (value >> (count - 1) << count) if signed else value


def _permuted(a: int, b: int, selector: int) -> int:
    both = a << 32 | b
    found = 0
    for n, s in enumerate(_parts(selector, 8, False)):
        sign = 255 if s < 12 and both >> (16 * (s & 3) + 15) & 1 else 0
        found |= (both >> 8 * s & 255 if s < 8 else sign if s < 12 else 0 if s == 12 else 255) << 8 * n
    return found


def _median(a: Array, b: Array, c: Array) -> Array:
    return np.sort(np.stack([a, b, c]), axis=0)[1]


def registers() -> Iterator[Row]:
    yield Row(f"{_B}rcpf(x)", _of("x", lambda a: np.float32(1) / a), 1e-6)
    yield Row(f"{_B}sqrtf(x)", _of("x", np.sqrt), 1e-6)
    yield Row(f"{_B}rsqf(x)", _of("x", lambda a: 1 / np.sqrt(a.astype(np.float64)), np.float32), 1e-6)
    yield Row(f"{_B}exp2f(x)", _of("x", lambda a: np.exp2(a.astype(np.float64)), np.float32), 5e-6)
    yield Row(f"{_B}logf(x)", _of("x", lambda a: np.log2(a.astype(np.float64)), np.float32), 5e-6)
    turn = lambda f: lambda a: f(2 * np.pi * (np.where(np.abs(a) < 9, a, 0.25).astype(np.float64) % 1))  # noqa: E731
    yield Row(f"{_B}sinf(fabsf(x) < 9 ? x : 0.25f)", _of("x", turn(np.sin)), 1e-5, 1e-6)
    yield Row(f"{_B}cosf(fabsf(x) < 9 ? x : 0.25f)", _of("x", turn(np.cos)), 1e-5, 1e-6)
    yield Row(f"{_B}fractf(x)", _of("x", lambda a: a - np.floor(a)), 1e-6)
    yield Row(f"{_B}fmed3f((float)i, (float)j, (float)k)", _of(
        "i j k", lambda a, b, c: _median(*(v.astype(np.float32) for v in (a, b, c)))), 0)
    yield _word(f"{_B}ubfe(u, v, w & 31)", "u v w", lambda a, b, c: _field(a, b, c, False))
    yield _word(f"{_B}sbfe(i, v, w & 31)", "u v w", lambda a, b, c: _field(a, b, c, True))
    yield _word(f"{_B}perm(u, v, w & 0x0f0f0f0fu)", "u v w", lambda a, b, c: _permuted(a, b, c & 0x0F0F0F0F))
    signed = lambda a, b, c: _dot(a, b, c, 8, 0, True)  # noqa: E731
    yield _word(f"{_B}sdot4(i, j, k, false)", "i j k", signed)
    yield _word(f"{_B}sdot4(i, j, k, true)", "i j k", lambda a, b, c: min(max(signed(a, b, c), -(2**31)), 2**31 - 1))
    unsigned = lambda a, b, c: _dot(a, b, c, 8, 0, False)  # noqa: E731
    yield _word(f"{_B}udot4(u, v, w, false)", "u v w", unsigned)
    yield _word(f"{_B}udot4(u, v, w, true)", "u v w", lambda a, b, c: min(unsigned(a, b, c), 2**32 - 1))
    yield Row("(int)__builtin_amdgcn_wavefrontsize()", _of("i", lambda a: np.full(len(a), 64)))
    yield Row("(int)__builtin_amdgcn_workitem_id_x()", _of("i", lambda a: np.arange(len(a))))
