"""The real headers on the real runtime: a rule broken inside an intrinsic is found at the user's line."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from tests.emulate.conftest import STUB
from tests.emulate.test_execution import GEMM
from xpiler.emulate import Entry, build, run
from xpiler.emulate.compiler import Compiler
from xpiler.ir.nodes import Buffer, Var
from xpiler.ir.types import DType
from xpiler.platforms import get

PARAMS = (
    Buffer("a", DType.F32, None, const=True), Buffer("b", DType.F32, None, const=True), Buffer("c", DType.F32, None),
    Var("n", DType.I32),
)
ADD = """
#include <bang.h>
__nram__ float xs[64], ys[64];
__mlu_global__ void add(const float* a, const float* b, float* c, int n) {
  for (int i = taskId * 64; i < n; i += taskDim * 64) {
    __memcpy(xs, a + i, 64 * sizeof(float), GDRAM2NRAM);
    __memcpy(ys, b + i, 64 * sizeof(float), GDRAM2NRAM);
    __bang_add(xs, xs, ys, 64);
    __memcpy(c + i, xs, 64 * sizeof(float), NRAM2GDRAM);
  }
}
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cuda", "hip"])
def test_a_tiled_gemm(name: str, cache: Path) -> None:
    entry = Entry("run", PARAMS)
    built = build(GEMM.replace("cuda", name), get(name), entry, cache=cache)
    a, b = np.random.default_rng(1).random((2, 32, 32), dtype=np.float32)
    done = run(built, entry, {"a": a, "b": b, "c": np.zeros_like(a), "n": 32})
    assert done.status == "ok", done
    np.testing.assert_allclose(done.outputs["c"], a.astype(np.float64) @ b, rtol=1e-5)


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("change", "line"),
    [(("xs, xs, ys, 64", "xs, xs, (float*)b, 64"), 8), (("xs, xs, ys, 64", "xs, xs, ys, 90000"), 8), (("GDRAM2NRAM", "NRAM2GDRAM"), 6)],
)
def test_an_operand_in_the_wrong_space(change: tuple[str, str], line: int, cache: Path) -> None:
    entry = Entry("add", PARAMS, kernel=True, extents={"task": 4})
    a, b = np.random.default_rng(1).random((2, 512), dtype=np.float32)
    inputs = {"a": a, "b": b, "c": np.zeros_like(a), "n": 512}
    done = run(build(ADD, get("bang"), entry, cache=cache), entry, inputs)
    np.testing.assert_array_equal(done.outputs["c"], a + b)
    broken = ADD.replace(*change, 1)
    done = run(build(broken, get("bang"), entry, file="add.mlu", cache=cache), entry, inputs)
    assert done.status == "finding"
    assert (done.findings[0].code, done.findings[0].line) == ("XP2120", line)


def test_what_runs_beside_a_text_is_compiled_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Entry("add", PARAMS, kernel=True, extents={"task": 4})
    build(ADD, get("bang"), entry, cache=cache)
    compiler, calls = Compiler.__call__, list[list[str]]()

    def called(self: Compiler, folder: Path, *arguments: str | Path, **more: Any) -> None:
        calls.append([Path(a).name for a in arguments])
        compiler(self, folder, *arguments, **more)

    monkeypatch.setattr(Compiler, "__call__", called)
    build(f"{ADD}// {uuid4()}\n", get("bang"), entry, cache=cache)  # a text that no earlier run has built
    compiled, linked = calls  # the text, and nothing of the platform
    assert "text.cpp" in compiled and "beside.o" in linked


@pytest.mark.slow
def test_builds_side_by_side_in_an_empty_cache(tmp_path: Path) -> None:
    entry = Entry("k", (Buffer("a", DType.I32, None),), kernel=True)
    texts = [f"__global__ void k(int* a) {{ a[0] = {i // 2}; }}" for i in range(4)]
    with ThreadPoolExecutor(4) as pool:
        built = list(pool.map(lambda text: build(text, STUB, entry, cache=tmp_path), texts))
    results = [run(b, entry, {"a": np.zeros(1, np.int32)}).outputs["a"][0] for b in built]
    assert results == [0, 0, 1, 1]
    assert [p.name for p in (tmp_path / "tmp").iterdir()] == []
