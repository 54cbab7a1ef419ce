"""Every example becomes every other dialect, is confirmed, and uses what the target has."""

from __future__ import annotations

import re
from functools import cache as remember
from pathlib import Path

import pytest

from tests.conftest import ROOT
from xpiler import platforms
from xpiler.engine import Options, Result, translate
from xpiler.platforms.platform import Platform
from xpiler.recent import Recent
from xpiler.verify.ladder import Level
from xpiler.verify.verdict import EQUAL, REQUIRED, Proved

FILES = sorted(p.name for p in (ROOT / "examples").iterdir())

# Each dialect as source and as target, and each operator, at least once.
SAMPLE = (
    ("softmax.cu", "bang"), ("layernorm.cu", "vnni"), ("gemm_half.cu", "hip"), ("maxpool.hip", "cuda"),
    ("gemm_u8s8.mlu", "vnni"), ("softmax.mlu", "c"), ("gemm.cpp", "bang"), ("add.c", "vnni"),
    ("relu_runtime.cu", "bang"), ("scale_template.cu", "hip"),
)

# What a text of the dialect always has.
SPOKEN = {
    "cuda": ("__global__", "threadIdx", "blockIdx", "<<<", "cudaMemcpy"),
    "hip": ("__global__", "threadIdx", "blockIdx", "<<<", "hipMemcpy"),
    "bang": ("__mlu_global__", "taskId", "__nram__", "__bang_", "cnrtMemcpy"),
    "vnni": ("immintrin.h", "_mm512_"),
    "c": ("for (",),
}
# What no text of it may have: the source's way of speaking.
FOREIGN = {
    "cuda": ("hip", "__bang", "_mm512", "cnrt"),
    "hip": ("cuda", "__bang", "_mm512", "cnrt"),
    "bang": ("threadIdx", "cuda", "hip", "_mm512"),
    "vnni": ("threadIdx", "<<<", "__nram__", "cuda", "hip", "cnrt"),
    "c": ("threadIdx", "<<<", "__nram__", "_mm512", "__shared__", "cuda", "hip", "cnrt"),
}
COMMENT = re.compile(r"//.*")

# What an operator must find on a target: its matrix unit, its dot product.
BEST = {
    ("gemm_half", "cuda"): ("mma_sync",),
    ("gemm_half", "hip"): ("mfma",),
    ("gemm_half", "bang"): ("__bang_matmul",),
    ("gemm", "bang"): ("__bang_matmul", "__wram__"),
    ("gemm", "vnni"): ("_mm512_fmadd_ps",),
    ("gemm_u8s8", "vnni"): ("dpbusd",),
    ("softmax", "vnni"): ("_mm512_max_ps",),
    ("layernorm", "bang"): ("__bang_",),
}


def of_file(name: str) -> Platform:
    found = platforms.of_file(Path(name))
    assert found is not None
    return found


def every_pair() -> list[tuple[str, str]]:
    return [(name, to) for name in FILES for to in platforms.NAMES if of_file(name).name != to]


def needed() -> list[tuple[str, str]]:
    """Pairs in which every file becomes plain C and something else, every operator reaches every platform, and every
    platform every other: what else a file becomes follows from what its operator does, once both are plain C."""
    in_turn = sorted(every_pair(), key=lambda p: (FILES.index(p[0]) + platforms.NAMES.index(p[1])) % len(platforms.NAMES))
    seen: set[tuple[str, ...]] = set()
    chosen = set()
    for name, to in (*SAMPLE, *in_turn):
        wanted = {(name, str(to == "c")), (name.split(".")[0], to), (of_file(name).name, to)}
        if not wanted <= seen:
            seen |= wanted
            chosen.add((name, to))
    return [p for p in every_pair() if p in chosen]


RECENT = Recent()  # what follows from a source alone is worked out once for all its targets


@remember
def translated(name: str, to: str) -> Result:
    """One translation, made once a session; builds are kept in the user's cache, by content."""
    path = ROOT / "examples" / name
    options = Options(seeds=2, level=Level.TESTS, recent=RECENT)
    return translate(path.read_text(), of_file(name), platforms.get(to), file=f"examples/{name}", options=options)


def assert_good(name: str, to: str) -> None:
    result = translated(name, to)
    tried = "\n".join(f"{a.road}: {a.why}" for a in result.attempts)
    assert result.confirmed, f"{tried}\n{result.evidence}"
    proved = {e.rung: e.verdict.scope for e in result.evidence if isinstance(e.verdict, Proved)}
    assert set(REQUIRED) <= set(proved)
    assert "random" in proved[EQUAL]
    operator = name.split(".")[0]
    wanted = (*SPOKEN[to], *BEST.get((operator, to), ()))
    assert [w for w in wanted if w not in result.text] == [], result.text
    code = COMMENT.sub("", result.text)
    assert [w for w in FOREIGN[to] if w in code] == [], code


@pytest.mark.sampled(2)
@pytest.mark.parametrize(("name", "to"), SAMPLE, ids=lambda x: x)
def test_translates(name: str, to: str) -> None:
    assert_good(name, to)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "to"), [p for p in needed() if p not in SAMPLE], ids=lambda x: x)
def test_translates_every_other_pair_that_is_needed(name: str, to: str) -> None:
    assert_good(name, to)


def test_the_sample_covers_everything() -> None:
    assert {of_file(name).name for name, _ in SAMPLE} == {to for _, to in SAMPLE} == set(platforms.NAMES)
    assert {name.split(".")[0] for name, _ in SAMPLE} == {name.split(".")[0] for name in FILES}
    assert len(every_pair()) == 4 * len(FILES)


def test_the_launcher_keeps_its_signature() -> None:
    """Callers do not change: the function's name and parameters are those of the source."""
    result = translated("relu_runtime.cu", "bang")
    assert result.program.launcher is not None
    assert [p.name for p in result.program.launcher.params] == ["x", "y", "n"]
    assert 'extern "C" void relu(const float* x, float* y, int n)' in " ".join(result.text.split())
