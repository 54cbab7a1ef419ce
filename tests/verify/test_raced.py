"""A source that races has no meaning to keep: it is found where runs find nothing, and sound ones are left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import ROOT
from xpiler import platforms
from xpiler.text.read import read
from xpiler.verify.argue.raced import raced
from xpiler.verify.confirm import confirm
from xpiler.verify.ladder import Level
from xpiler.verify.runs.observe import Effort
from xpiler.verify.verdict import SOURCE, Evidence, confirmed, refuted, source_defective

CUDA = platforms.get("cuda")
HOST = """
void launch(const float* x, float* y) {
  float *a, *b;
  cudaMalloc(&a, 256 * sizeof(float));
  cudaMalloc(&b, 256 * sizeof(float));
  cudaMemcpy(a, x, 256 * sizeof(float), cudaMemcpyHostToDevice);
  k<<<4, 64>>>(a, b);
  cudaMemcpy(y, b, 256 * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(a);
  cudaFree(b);
}
"""
NEIGHBOUR = "__shared__ float s[64];\n  s[t] = x[i];\n  SYNC\n  y[i] = s[t > 0 ? t - 1 : 0];"


def file(body: str) -> str:
    head = "__global__ void k(const float* x, float* y) {\n  int t = threadIdx.x, i = blockIdx.x * 64 + t;\n  "
    return head + body + "\n}" + HOST


def race(text: str, platform: str = "cuda", **let: int) -> str:
    p = platforms.get(platform)
    found = raced(read(text, p, "a"), text, p, let=let)
    return str(found.witness) if found else ""


@pytest.mark.parametrize(("body", "line"), [
    (NEIGHBOUR.replace("SYNC", ""), "line 4: "),
    ("y[0] += x[i];", "line 3: "),
    ("y[t] = x[i];", "line 3: "),
    ("y[i / 2] = x[i];", "line 3: "),
])
def test_a_race_is_told_with_its_line(body: str, line: str) -> None:
    told = race(file(body))
    assert told.startswith("a race: " + line) and "nothing orders the two" in told


@pytest.mark.parametrize("body", [
    NEIGHBOUR.replace("SYNC", "__syncthreads();"), "atomicAdd(&y[0], x[i]);", "y[t] = 1.0f;",
    "y[i] = x[i]; y[i] += x[t];", "if (t == 0) y[blockIdx.x] = x[i];", "y[__popc(i)] = x[i];",
])
def test_what_is_ordered_or_not_known_is_no_race(body: str) -> None:
    assert race(file(body)) == ""


def test_sizes_that_a_caller_may_rule_out_are_no_race() -> None:
    text = ("__global__ void k(float* y, int pitch) { y[blockIdx.x * pitch + threadIdx.x] = threadIdx.x; }\n"
            "void launch(float* y, int pitch) {\n  float* a;\n  cudaMalloc(&a, 4 * pitch * sizeof(float));\n"
            "  k<<<4, 64>>>(a, pitch);\n  cudaMemcpy(y, a, 4 * pitch * sizeof(float), cudaMemcpyDeviceToHost);\n}\n")
    assert race(text) == ""
    assert "race" in race(text, pitch=3)


@pytest.mark.parametrize("path", sorted((ROOT / "examples").iterdir()), ids=lambda p: p.name)
def test_no_example_races(path: Path) -> None:
    platform = platforms.of_file(path)
    assert platform is not None
    assert race(path.read_text(), platform.name) == ""


def judged(text: str, level: Level) -> tuple[Evidence, ...]:
    return confirm(text, CUDA, text, CUDA, read(text, CUDA, "a.cu"), file="a.cu", level=level,
                   effort=Effort(seeds=1, level=int(level)))


@pytest.mark.parametrize("level", [Level.TESTS, Level.USUAL])
def test_nothing_made_of_a_racing_source_is_confirmed(level: Level) -> None:
    """Run one thread after another, its last one first, this one gives the same; another order would not."""
    found = judged(file("if (t < 2) y[0] = x[t];\n  if (t == 63) y[i] = x[i];"), level)
    assert not confirmed(found) and source_defective(found)


def test_a_race_of_the_source_that_only_watching_finds_is_the_sources() -> None:
    """How many bits are set is beyond the argument."""
    found = judged(file("y[i] = x[i];\n  if (t < 2) y[__popc(t + 1)] = 0.0f * x[t];"), Level.USUAL)
    wrong = refuted(found)
    assert wrong is not None and wrong.rung == SOURCE and "race" in str(wrong.verdict)


@pytest.mark.parametrize(("body", "sane"), [
    ("y[__popc(t)] = x[t];", False),  # who comes last is seen
    ("y[i] = x[i] + __popc(t);", True),
    ("atomicExch(&y[__popc(t)], x[t]);", True),  # who comes last is seen, and may be
])
def test_a_source_that_hangs_on_the_order_of_its_threads_is_not_sane(body: str, sane: bool) -> None:
    wrong = refuted(judged(file(body), Level.TESTS))
    assert (wrong is None) == sane
    if wrong is not None:
        assert wrong.rung == SOURCE and "the last thread start first" in str(wrong.verdict)
