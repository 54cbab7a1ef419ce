"""Every vector intrinsic of BANG C, in every type it is declared for, over edge values against NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from tests.platforms.bang_table import NUMPY, POINTS, ROOM, SPELLED, Array, Case, case, edges, plain
from xpiler.emulate.build import build
from xpiler.emulate.entry import Entry
from xpiler.emulate.run import run
from xpiler.ir.nodes import Buffer
from xpiler.ir.types import DType
from xpiler.platforms import get
from xpiler.text.clang import parse
from xpiler.text.read import library

BANG = get("bang")
SLOT = 4 * ROOM + 64  # bytes that one result gets: a vector of the widest type, and what lies behind it
HERE = Path(__file__).parent
# Families that are not one vector in, one vector out: each has tests of its own, which name it.
ELSEWHERE = ("__bang_matmul", "__bang_mlp", "__bang_conv", "pool", "reshape", "__bang_pad", "__bang_transpose",
    "__memcpy")


def operands() -> dict[str, Array]:
    found = {}
    for at, dtype in enumerate(NUMPY):
        for seed, letter in enumerate("abc"):
            values = plain(dtype, seed) if letter == "c" else edges(dtype, 10 * at + seed)
            found[f"{letter}_{dtype.name.lower()}"] = values
    return found


def kernel(cases: list[Case], arrays: Mapping[str, Array]) -> str:
    """All calls, at all points, each result in a slot of its own, over bytes that were 0x5A."""
    lines, at = [], 0
    for name, values in arrays.items():
        dtype = next(d for d in NUMPY if d.name.lower() == name[2:])
        lines += [f"__nram__ {SPELLED[dtype]} {name}[{ROOM}];",
                  f"__memcpy((int8_t*){name}, in + {at}, {values.nbytes}, GDRAM2NRAM);"]
        at += values.nbytes
    lines.append(f"__nram__ int8_t dst[{SLOT}], aux1[{SLOT}], aux2[{SLOT}];\nint at = 0;")
    lines.append(f"static const int counts[] = {{{', '.join(str(p.n) for p in POINTS)}}};")
    lines.append(f"static const int positions[] = {{{', '.join(str(p.position) for p in POINTS)}}};")
    lines.append(f"for (int O = 0; O < {len(POINTS)}; ++O) {{\nint N = counts[O], P = positions[O];")
    for c in cases:
        lines.append(f"__memset_nram(dst, {SLOT}, (int8_t)0x5A);\n{c.call};")
        lines.append(f"__memcpy(o + at, dst, {SLOT}, NRAM2GDRAM);\nat += {SLOT};")
    body = "\n".join([*lines, "}"])
    return f"#include <bang.h>\n__mlu_global__ void k(int8_t* o, const int8_t* in) {{\n{body}\n}}\n"


def same(c: Case, got: Array, expected: Array) -> bool:
    if got.dtype.kind != "f":
        return bool(np.array_equal(got, expected))
    nan = np.isnan(got) & np.isnan(expected)
    if not c.tolerance:
        return bool(np.all(nan | (got == expected)))
    x, y = got.astype(np.float64), expected.astype(np.float64)
    near = np.abs(x - y) <= c.tolerance * np.maximum(np.abs(y), 1.0)
    return bool(np.all(nan | (x == y) | (np.isfinite(x) & np.isfinite(y) & near)))


def disagreements(cases: list[Case]) -> list[str]:
    arrays = operands()
    text = kernel(cases, arrays)
    entry = Entry("k", (Buffer("o", DType.I8, None), Buffer("in", DType.I8, None, const=True)), kernel=True)
    given = np.concatenate([v.view(np.int8) for v in arrays.values()])
    size = len(cases) * len(POINTS) * SLOT
    done = run(build(text, BANG, entry), entry, {"o": np.zeros(size, np.int8), "in": given})
    assert done.status == "ok", (done.findings, done.stderr)
    slots = iter(done.outputs["o"].reshape(-1, SLOT))
    wrong = []
    with np.errstate(all="ignore"):
        for point in POINTS:
            for c in cases:
                got, kind = next(slots), NUMPY[c.dtype]
                expected = np.asarray(c.expected(arrays, point)).astype(kind)
                if not same(c, got[: expected.nbytes].view(kind), expected):
                    wrong.append(f"{c.call} N={point.n} P={point.position} O={point.op}")
                elif "reduce_sum" not in c.name and not np.all(got[expected.nbytes :] == 0x5A):
                    wrong.append(f"{c.call} writes past its {len(expected)} results")
    return wrong


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float", "half", "int", "short", "bytes"])
def test_every_overload_agrees_with_numpy(dtype: str) -> None:
    of = {"float": [DType.F32], "half": [DType.F16, DType.BF16], "int": [DType.I32, DType.U32],
          "short": [DType.I16, DType.U16], "bytes": [DType.I8, DType.U8]}[dtype]
    cases = [c for c in map(case, library(BANG)) if c is not None and c.dtype in of]
    assert len(cases) > 40
    wrong = disagreements(cases)
    assert not wrong, f"{len(wrong)} differ: {wrong[:30]}"


def test_every_function_of_the_header_is_tried_against_something_else() -> None:
    covered = {m.name for m in library(BANG) if case(m) is not None}
    texts = "\n".join(p.read_text() for p in HERE.glob("test_bang*.py"))
    missing = {m.name for m in library(BANG)} - covered
    assert all(any(word in name for word in ELSEWHERE) for name in missing), missing
    known = {
        n.spelling for n in parse("", "empty.mlu", BANG.header, BANG.clang_args, whole=True).top
        if n.kind in ("FUNCTION_DECL", "FUNCTION_TEMPLATE") and n.spelling.startswith("__")
    }
    assert len(known) > 250
    vendors = {name for name in known if not name.startswith("__cuda")}
    untried = {name for name in vendors - covered if name not in texts}
    assert not untried, sorted(untried)
