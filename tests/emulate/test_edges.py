"""Nothing past the end of a buffer goes unseen, and nobody who keeps to the rules is accused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.emulate.conftest import Emulate
from xpiler import platforms
from xpiler.emulate import Entry, Run, build, run
from xpiler.ir.nodes import Buffer, Param, Var
from xpiler.ir.types import DType

ARRAYS = tuple(Buffer(name, DType.F32, None) for name in "abc")
PARAMS: tuple[Param, ...] = (*ARRAYS, Var("n", DType.I32))


def host(text: str, platform: str, n: int, cache: Path, flush: bool) -> Run:
    """`k` of a serial text, on three arrays of n floats."""
    entry = Entry("k", PARAMS)
    rng = np.random.default_rng(0)
    arrays = {p.name: rng.normal(size=n).astype(np.float32) for p in ARRAYS}
    built = build(text, platforms.get(platform), entry, file="user", cache=cache)
    return run(built, entry, {**arrays, "n": n}, flush=flush)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("body", ["c[i] = a[i];", "c[i] = a[i] + b[i];", "c[i] = -c[i];", "c[i] = fmaxf(a[i], 0.0f);"])
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int32, np.int8])
def test_results_made_past_the_end_from_what_lies_past_the_end_are_seen(
    emulate: Emulate, body: str, dtype: type[np.generic]
) -> None:
    kind = {"float32": "float", "float16": "_Float16", "int32": "int", "int8": "signed char"}[dtype.__name__]
    text = f"__global__ void k({kind}* a, {kind}* b, {kind}* c) {{\n  int i = threadIdx.x;\n  {body}\n}}\n"
    arrays: dict[str, object] = {name: np.ones(1003, dtype) for name in "abc"}
    found = emulate(text, {"thread.x": 1008 if dtype is np.int8 else 1006}, **arrays)
    assert found.status == "finding" and found.findings[0].code == "XP2104"
    assert (found.findings[0].buffer, found.findings[0].index in range(1003, 1008)) == ("c", True)


def test_what_lies_past_the_end_spoils_a_sum(emulate: Emulate) -> None:
    text = "__global__ void k(float* a, float* c) {\n  for (int i = 0; i < 6; ++i) c[0] += a[i];\n}\n"
    done = emulate(text, {}, a=np.ones(5, np.float32), c=np.zeros(1, np.float32))
    assert done.status == "finding" or abs(done.outputs["c"][0]) > 1e9


@pytest.mark.parametrize(("end", "code"), [("n", ""), ("n + 1", "XP2101")])
def test_a_flush_host_buffer_ends_at_its_guard(cache: Path, end: str, code: str) -> None:
    text = (
        'extern "C" void k(const float* a, const float* b, float* c, int n) {\n'
        f"  for (int i = 0; i < {end}; ++i)\n    c[i] = a[i] + b[i];\n}}\n"
    )
    done = host(text, "c", 1003, cache, flush=True)
    assert [(f.code, f.line, f.index) for f in done.findings] == ([(code, 3, 1003)] if code else [])


@pytest.mark.parametrize(
    ("load", "store"),
    [("_mm512_load_ps(a)", "_mm512_store_ps"), ("_mm512_loadu_ps(a)", "_mm512_storeu_ps"),
     ("*(const __m512*)a", "_mm512_storeu_ps")],
)
@pytest.mark.parametrize("flush", [False, True])
def test_aligned_accesses_of_a_buffers_start_are_allowed(cache: Path, load: str, store: str, flush: bool) -> None:
    text = (
        '#include <immintrin.h>\nextern "C" void k(const float* a, const float* b, float* c, int n) {\n'
        f"  {store}(c, {load});\n}}\n"
    )
    done = host(text, "vnni", 21, cache, flush)
    assert done.status == "ok", (done.findings, done.stderr)
