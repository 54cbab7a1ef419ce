"""Mutants are real files of their dialect with one mistake each, chosen by a seed; what shows one equivalent is sound.

The outcomes are compared with what gcc makes of the same two texts, outside of everything that judges here."""

from __future__ import annotations

import ctypes
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT
from xpiler import platforms
from xpiler.ir.nodes import Program
from xpiler.platforms.platform import Platform
from xpiler.text.read import read
from xpiler.verify.exact.exact import EXACT
from xpiler.verify.ladder import Level, Question, Side
from xpiler.verify.mutants import FAMILIES, KINDS, Mutant, mutants
from xpiler.text.edits import Edit, edited, tokens
from xpiler.verify.mutants.trial import (
    EQUIVALENT, INVALID, KILLED, SAME_PROGRAM, SURVIVED, Judged, judged, undecided, verdict_of,
)
from xpiler.verify.runs.observe import Effort, observe
from xpiler.verify.signature import given_sizes
from xpiler.verify.verdict import CLEAN, EQUAL, WATCHED, Evidence, Proved, Refuted, Unknown, Witness

CUDA, HIP, BANG, VNNI, C = map(platforms.get, ("cuda", "hip", "bang", "vnni", "c"))

# Something for nearly every kind to hold on to; the comment has letters of two bytes before all of it.
FULL = """// Größen: n Zeilen zu je m Spalten
#include <cuda_fp16.h>
__global__ void k(const float* x, const unsigned char* q, float* y, int* hits, int n, int m) {
  __shared__ float tile[16][32];
  int row = blockIdx.y * blockDim.y + threadIdx.y;
  int col = blockIdx.x * blockDim.x + threadIdx.x;
  float sum = 0.0f;
  for (int r = row; r < n; r += gridDim.y * blockDim.y) {
    if (col < m) {
      tile[threadIdx.y][threadIdx.x] = x[r * m + col] * 0.5f;
      sum += expf(tile[threadIdx.y][threadIdx.x] - 1.0f) + (float)q[r];
      atomicAdd(&hits[0], 1);
    } else {
      tile[threadIdx.y][threadIdx.x] = 0.0f;
    }
    __syncthreads();
  }
  for (int o = 16; o > 0; o /= 2) {
    float other = __shfl_down_sync(0xffffffffu, sum, o, 32);
    sum = sum > other ? sum : other;
  }
  float* out = y + row;
  if (threadIdx.x == 0) *out = sum / (float)m;
}
extern "C" void entry(const float* x, const unsigned char* q, float* y, int* hits, int n, int m) {
  float *dx, *dy; unsigned char* dq; int* dh;
  cudaMalloc(&dx, n * m * sizeof(float));
  cudaMalloc(&dq, n);
  cudaMalloc(&dy, 16 * sizeof(float));
  cudaMalloc(&dh, sizeof(int));
  cudaMemcpy(dx, x, n * m * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(dq, q, n, cudaMemcpyHostToDevice);
  cudaMemcpy(dh, hits, sizeof(int), cudaMemcpyHostToDevice);
  dim3 grid(1, 2);
  k<<<grid, dim3(32, 8)>>>(dx, dq, dy, dh, n, m);
  cudaMemcpy(y, dy, 16 * sizeof(float), cudaMemcpyDeviceToHost);
  cudaMemcpy(hits, dh, sizeof(int), cudaMemcpyDeviceToHost);
}
"""
# Kinds that only other texts have places for.
ELSEWHERE = {"missing wait", "other layout", "tail removed"}

SCALED = """void scaled(const float* x, float* y) {
  float top = x[0];
  for (int i = 1; i < 64; ++i) {
    if (x[i] > top) top = x[i];
  }
  for (int r = 0; r < 8; ++r) {
    for (int c = 0; c < 8; ++c) {
      y[r * 8 + c] = (x[r * 8 + c] - top) * 0.25f;
    }
  }
}
"""


def made(text: str, platform: Platform, kind: str = "", limit: int = 0, seed: int = 0) -> list[Mutant]:
    program = read(text, platform, "file")
    return list(mutants(text, platform, program, kinds=[kind] if kind else None, limit=limit, seed=seed))


def whats(found: list[Mutant]) -> set[str]:
    return {m.what for m in found}


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in ELSEWHERE])
def test_every_kind_finds_its_places(kind: str) -> None:
    found = made(FULL, CUDA, kind)
    assert found
    assert {m.kind for m in found} == {kind} and {m.family for m in found} == {KINDS[kind]}
    assert all(tokens(m.text) != tokens(FULL) for m in found)
    assert len({m.text for m in found}) == len(found)


def test_a_mutant_changes_the_line_it_names_and_no_other() -> None:
    lines = FULL.splitlines()
    for m in made(FULL, CUDA):
        if KINDS[m.kind] == "whole result" or m.kind in ("tail removed", "missing factor"):
            continue
        mutated = m.text.splitlines()
        changed = [i for i, (a, b) in enumerate(zip(lines, mutated, strict=False), 1) if a != b]
        assert changed and abs(changed[0] - m.line) <= 4, m.name
        assert 0 < m.column <= len(lines[m.line - 1].encode()) + 1


def test_mutants_say_what_they_do() -> None:
    guard = made(FULL, CUDA, "guard off by one")
    assert {"< is <= in col < m", "m is m - 1 in col < m"} <= whats(guard)
    late = next(m for m in guard if m.what == "< is <= in col < m")
    assert "if (col <= m) {" in late.text and (late.line, late.column) == (9, 13)
    assert "blockDim.x is gridDim.x" in whats(made(FULL, CUDA, "other axis"))
    assert "1 and 2 change places" in whats(made(FULL, CUDA, "swapped axes"))
    assert any("if (threadIdx.x < blockDim.x / 2) { __syncthreads(); };" in m.text
               for m in made(FULL, CUDA, "divergent barrier"))
    assert any("fminf" in w or "expm1f" in w or "exp2f" in w for w in whats(made(FULL, CUDA, "intrinsic replaced")))
    assert any("x[col * m + r]" in m.text for m in made(FULL, CUDA, "transposed access"))
    assert any("tile[threadIdx.x][threadIdx.y] = x" in m.text for m in made(FULL, CUDA, "transposed access"))
    assert any("((int8_t)q[r])" in m.text for m in made(FULL, CUDA, "other sign"))
    assert any("dim3 grid(1, 2 - 1)" in m.text for m in made(FULL, CUDA, "launch one short"))
    assert any("*(&hits[0]) += 1;" in m.text for m in made(FULL, CUDA, "lost update"))


def test_stand_ins_come_from_the_platform_itself_by_type() -> None:
    offered = "__bang_maxequal" if "__bang_maxequal" in (ROOT / "src/xpiler/platforms/bang").joinpath(
        "vector.h").read_text() else "__bang_"
    found = made((ROOT / "examples/add.mlu").read_text(), BANG, "intrinsic replaced")
    assert found and all(m.what.startswith("__bang_add is __bang_") for m in found) and offered


def test_every_dialect_has_its_own_mistakes() -> None:
    def of(name: str, platform: Platform, kind: str) -> set[str]:
        return whats(made((ROOT / "examples" / name).read_text(), platform, kind))

    assert "__nram__ is __wram__" in of("gemm.mlu", BANG, "wrong space")
    assert "GDRAM2NRAM is NRAM2GDRAM" in of("gemm.mlu", BANG, "wrong direction")
    assert "taskId is coreId" in of("gemm.mlu", BANG, "other axis")
    assert "64 is 32" in of("softmax.hip", HIP, "other warp width") | of("layernorm.hip", HIP, "other warp width")
    assert any("row_major is" in w for w in of("gemm_half.cu", CUDA, "other layout"))
    assert any("dpbusd" in w for w in of("gemm_u8s8.cpp", VNNI, "operands swapped"))
    assert of("add.cpp", VNNI, "tail removed") or of("add.cpp", VNNI, "guard deleted")


def test_the_seed_and_the_text_decide() -> None:
    once, again = made(FULL, CUDA, limit=20), made(FULL, CUDA, limit=20)
    assert once == again and len(once) == 20
    assert {m.kind for m in once} != {m.kind for m in made(FULL, CUDA, limit=20, seed=1)}
    assert len({m.kind for m in once}) == 20, "kinds take turns"


@pytest.mark.slow
def test_all_families_are_met_in_every_example() -> None:
    for path in sorted((ROOT / "examples").iterdir()):
        platform = platforms.of_file(path)
        assert platform is not None
        found = made(path.read_text(), platform)
        assert len(found) >= 12, path.name
        missing = set(FAMILIES) - {m.family for m in found}
        assert missing <= ({"parallelism"} if platform.model == "serial" else set()), (path.name, missing)


def test_tokens_see_no_comments_and_no_blanks() -> None:
    assert tokens("a  =b+1; // c") == tokens("a = b /* d */ + 1;") == ["a", "=", "b", "+", "1", ";"]
    assert tokens('f("// no comment")') == ["f", "(", '"// no comment"', ")"]
    assert tokens("1e-5f") == ["1e-5f"]


def test_edits_are_made_together_or_not_at_all() -> None:
    assert edited("äbc".encode(), [Edit(3, 4, "X"), Edit(2, 3, "Y")]) == "äYX"
    assert edited(b"abc", [Edit(0, 2, "X"), Edit(1, 3, "Y")]) is None


# ---------------------------------------------------------------- outcomes


@cache
def question() -> Question:
    program = given_sizes(read(SCALED, C, "scaled.c"), {"x": 64, "y": 64})
    effort = Effort(seeds=2, level=0)
    reference = observe(SCALED, C, program, effort=effort)
    side = Side(SCALED, C, program, "scaled.c")
    return Question(side, side, reference, effort=effort, level=Level.TESTS)


@cache
def outcome(kind: str) -> tuple[Judged, ...]:
    return tuple(judged(m, question()) for m in made(SCALED, C, kind)[:3])


@pytest.mark.sampled(3)
@pytest.mark.parametrize("kind", ["operator replaced", "zeros", "permuted", "bound off by one", "transposed access"])
def test_gcc_agrees_with_the_outcome(kind: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    inputs = [rng.normal(0.2, 1.0, 64).astype(np.float32) for _ in range(4)]
    expected = [called(SCALED, x, tmp_path / "source") for x in inputs]
    for i, j in enumerate(outcome(kind)):
        same = all(np.array_equal(called(j.mutant.text, x, tmp_path / f"m{i}"), e)
                   for x, e in zip(inputs, expected, strict=True))
        assert j.outcome != INVALID
        assert same == (j.outcome != KILLED) or CLEAN in j.killers, j.mutant.name


def called(text: str, x: np.ndarray, where: Path) -> np.ndarray:  # type: ignore[type-arg]
    """What gcc makes of a text, with room around the arrays for a mutant to err in."""
    library = where.with_suffix(".so")
    if not library.exists():
        where.with_suffix(".c").write_text(text)
        subprocess.run(["gcc", "-O1", "-w", "-shared", "-fPIC", where.with_suffix(".c"), "-o", library], check=True)
    padded = np.pad(x, (0, 64), constant_values=np.float32(3.0))
    y = np.full(128, np.float32(-7.0))
    ctypes.CDLL(str(library)).scaled(padded.ctypes.data_as(ctypes.c_void_p), y.ctypes.data_as(ctypes.c_void_p))
    return y


def text_of(old: str, new: str) -> Mutant:
    assert old in SCALED
    return Mutant("by hand", "memory", 1, 1, f"{old} is {new}", SCALED.replace(old, new))


def test_what_does_not_compile_is_invalid_and_no_kill() -> None:
    for broken in (text_of("float top", "float rop"), text_of("* 0.25f", "* nobody")):
        j = judged(broken, question())
        assert j.outcome == INVALID and len(j.evidence) == 1


def test_the_same_program_is_shown_to_be_it_when_every_access_was_looked_at() -> None:
    renamed = text_of("(x[r * 8 + c] - top) * 0.25f", "((x[(r * 8) + c]) - top) * 0.25f")
    tests = question()
    assert judged(renamed, tests).outcome == SURVIVED, "nobody looked"
    full = Question(tests.source, tests.target, tests.reference, effort=tests.effort, level=Level.FULL)
    j = judged(renamed, full)
    assert (j.outcome, j.shown) == (EQUIVALENT, SAME_PROGRAM)


def test_who_was_not_asked_in_time_is_told() -> None:
    j = judged(text_of("* 0.25f", "* 0.5f"), question(), seconds=0.0)
    assert "were up" in undecided(j.evidence) and len(j.evidence) == 3


def rung(name: str, verdict: Proved | Refuted | Unknown) -> Evidence:
    return Evidence(name, verdict)


def test_what_evidence_amounts_to() -> None:
    fine, watched = rung(EQUAL, Proved("tests")), rung(WATCHED, Proved("every access"))
    raced = rung(WATCHED, Refuted(Witness("a race")))
    exact = rung("equal for all inputs", Proved("all inputs, these sizes"))
    assert verdict_of([fine, watched], same=False) == (SURVIVED, "")
    assert verdict_of([fine, watched], same=True) == (EQUIVALENT, SAME_PROGRAM)
    assert verdict_of([fine, watched, exact], same=False) == (EQUIVALENT, "equal for all inputs")
    real = rung(EXACT, Proved("all real inputs"))
    assert verdict_of([fine, watched, real], same=False) == (EQUIVALENT, EXACT)
    assert verdict_of([fine, watched, real], same=False, real=False) == (SURVIVED, ""), "reals are not rounded"
    assert verdict_of([fine, watched, exact], same=False, real=False) == (SURVIVED, ""), "and do not overflow"
    assert verdict_of([fine, exact], same=True) == (SURVIVED, ""), "nobody looked at its accesses"
    assert verdict_of([fine, raced, exact], same=True) == (KILLED, ""), "the same to a reader, and yet a race"
    assert verdict_of([rung(CLEAN, Refuted(Witness("no [XP4002]")))], same=False) == (INVALID, "")
    assert verdict_of([rung(EQUAL, Unknown("late")), watched], same=False) == (SURVIVED, "")


def test_programs_differ_by_what_they_do_and_not_by_where() -> None:
    program = read(SCALED, C, "scaled.c")
    again: Program = read("\n\n" + SCALED, C, "scaled.c")
    assert program == again
