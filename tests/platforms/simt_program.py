"""The kernel that makes every call of a table over the edge values, and what came out of it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from tests.platforms.simt_oracle import COUNT, Array, operands
from tests.platforms.simt_table import Row
from xpiler.emulate.build import build
from xpiler.emulate.entry import Entry
from xpiler.emulate.run import run
from xpiler.ir.nodes import Buffer
from xpiler.ir.types import DType
from xpiler.platforms.platform import Platform
from xpiler.text.clang import parse

_TYPES = {
    **dict.fromkeys(("x", "y", "z"), ("float", DType.F32)), **dict.fromkeys(("dx", "dy", "dz"), ("double", DType.F64)),
    **dict.fromkeys("ijk", ("int", DType.I32)), **dict.fromkeys("uvw", ("unsigned", DType.U32)),
    **dict.fromkeys("lmn", ("long long", DType.I64)), **dict.fromkeys("pqr", ("unsigned long long", DType.U64)),
    **dict.fromkeys(("hx", "hy", "hz"), ("half", DType.F16)), **dict.fromkeys(("bx", "by", "bz"), ("float", DType.F32)),
}
_CHUNK = 40
_PUT = "__device__ void put(double* R, long long* Q, int at, {0} v) {{ {1}; }}\n"


def program(rows: Sequence[Row], bfloat: str, head: str = "") -> str:
    text = [head]
    text += [_PUT.format(t, "R[at] = (double)(float)v") for t in ("half", bfloat)]
    text += [_PUT.format(t, "R[at] = (double)v") for t in ("float", "double")]
    text += [_PUT.format(t, "Q[at] = (long long)v") for t in (
        "int", "unsigned", "long", "long long", "unsigned long long", "bool", "short", "unsigned short", "signed char", "unsigned char")]
    members = "".join(f"  {bfloat if n[0] == 'b' else t} {n};\n" for n, (t, _) in _TYPES.items())
    text.append(f"struct Operands {{\n{members}}};\n")
    bound = " ".join(f"const auto {n} = o.{n};" for n in _TYPES)
    for chunk in range(0, len(rows), _CHUNK):
        calls = "".join(f"  put(R, Q, {(chunk + at) * COUNT} + t, {row.code});\n" for at, row in enumerate(
            rows[chunk : chunk + _CHUNK]))
        text.append(f"__device__ void part{chunk}(const Operands& o, double* R, long long* Q, int t) {{\n"
                    f"  {bound} bool one, two; float fs, fc; double ds, dc; int e;\n{calls}}}\n")
    given = ", ".join(f"const {t}* {n.upper()}" for n, (t, _) in _TYPES.items())
    loads = " ".join(f"o.{n} = {f'__float2bfloat16({n.upper()}[t])' if n[0] == 'b' else f'{n.upper()}[t]'};" for n in _TYPES)
    parts = " ".join(f"part{chunk}(o, OR, OQ, t);" for chunk in range(0, len(rows), _CHUNK))
    text.append(f"__global__ void k({given}, double* OR, long long* OQ) {{\n"
                f"  const int t = threadIdx.x; Operands o;\n  {loads}\n  {parts}\n}}\n")
    return "".join(text)


def results(rows: Sequence[Row], platform: Platform, bfloat: str, head: str = "") -> tuple[Array, Array]:
    """Real and integer results, by row and operand; `head` is text of its own before the calls."""
    text = program(rows, bfloat, head)
    if not head:
        parse(text, "calls", platform.header, platform.clang_args)
    params = (*(Buffer(n.upper(), t, None, const=True) for n, (_, t) in _TYPES.items()),
              Buffer("OR", DType.F64, None), Buffer("OQ", DType.I64, None))
    entry = Entry("k", params, kernel=True, extents={"block.x": 1, "thread.x": COUNT})
    arrays: dict[str, Array] = {n.upper(): a for n, a in operands().items()}
    size = len(rows) * COUNT
    done = run(build(text, platform, entry), entry, {
        **arrays, "OR": np.zeros(size), "OQ": np.zeros(size, np.int64)})
    assert done.status == "ok", (done.status, done.findings, done.stderr)
    shape = (len(rows), COUNT)
    return done.outputs["OR"].reshape(shape), done.outputs["OQ"].reshape(shape)


def mistakes(rows: Sequence[Row], real: Array, integer: Array) -> list[str]:
    """What is not as it must be, one line for each call."""
    given = operands()
    wrong = []
    for row, r, q in zip(rows, real, integer, strict=True):
        with np.errstate(all="ignore"):
            want = row.want(given)
        if row.error is None:
            bits = want.view(np.int64) if want.dtype == np.uint64 else want.astype(np.int64)
            bad, got = bits != q, q
        else:
            got, bits = r, want.astype(np.float64)
            bad = ~(np.isclose(got, bits, rtol=row.error, atol=row.least or (1e-44 if row.error else 0), equal_nan=True) | (got == bits))
        if bad.any():
            at = int(np.argmax(bad))
            seen = {n: v[at] for n, v in given.items() if _uses(row.code, n)}
            wrong.append(f"{row.code} of {seen} is {got[at]!r}, must be {bits[at]!r} ({int(bad.sum())} of {COUNT})")
    return wrong


def _uses(code: str, name: str) -> bool:
    return re.search(rf"\b{name}\b", code) is not None
