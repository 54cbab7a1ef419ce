"""Looking closely at one text: every planted defect is found at its line, and sound programs are left alone."""

import re
from pathlib import Path

import numpy as np
import pytest

from xpiler.emulate.entry import Limits
from xpiler.given import program_of
from xpiler.verify.runs.inputs import Domain, Point
from xpiler.verify.runs.observe import Effort
from xpiler.verify.runs.sane import RACES, Sanity, sane
from xpiler.verify.signature import signature
from xpiler.verify.runs.trial import Trial, machine
from xpiler.verify.verdict import Proved, Refuted

HERE = Path(__file__).parent / "sane"
PLANTED = re.compile(r"// (XP\d{4})$", re.MULTILINE)


def look(path: Path) -> Sanity:
    platform, text, program, _ = program_of(path, "vnni" if path.suffix == ".cpp" else "", [], [], "", "", "", "")
    return sane(text, platform, program, file=path.name)


def planted(path: Path) -> set[tuple[str, int]]:
    text = path.read_text()
    return {(m[1], text.count("\n", 0, m.start()) + 1) for m in PLANTED.finditer(text)}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", ["races.cu", "values.cu", "tasks.mlu", "early.mlu", "bytes.cpp"])
def test_every_planted_defect_is_found_and_nothing_else(name: str) -> None:
    result = look(HERE / name)
    races = {f for f in result.findings if f.code in RACES}
    # of a race, the upper place
    places = {(f.code, min(f.line, f.also) if f in races and f.also else f.line) for f in result.findings}
    assert places == planted(HERE / name)
    assert isinstance(result.evidence.verdict, Refuted)


def test_sound_programs_have_no_findings() -> None:
    result = look(HERE / "sound.cu")
    assert [str(f) for f in (*result.findings, *result.warnings)] == []
    assert isinstance(result.evidence.verdict, Proved)


def test_a_race_names_both_threads_both_lines_and_the_element() -> None:
    found = next(f for f in look(HERE / "races.cu").findings if f.line == 6)
    assert found.buffer == "tile"
    assert found.also == 7
    assert re.search(r"thread \((\d+),0,0\) of block \(0,0,0\) writes element \1 of `tile`", found.message)
    assert found.source_line.strip().startswith("tile[threadIdx.x] =")


GUARDED = """
__global__ void k(const float* x, float* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  y[i] = x[i];
}
extern "C" void run(const float* x, float* y, int n) {
  float *dx, *dy;
  cudaMalloc(&dx, n * sizeof(float));
  cudaMalloc(&dy, n * sizeof(float));
  cudaMemcpy(dx, x, n * sizeof(float), cudaMemcpyHostToDevice);
  k<<<(n + 255) / 256, 256>>>(dx, dy, n);
  cudaMemcpy(y, dy, n * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(dx);
  cudaFree(dy);
}
"""


def test_what_goes_wrong_only_with_odd_sizes_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "k.cu"
    path.write_text(GUARDED)
    result = look(path)
    assert not result.findings
    assert [(f.code, f.line) for f in result.warnings] == [("XP2101", 4)]
    assert "with n=997" in result.warnings[0].message


SCATTER = """
__global__ void k(const int* to, const float* x, float* y) { y[to[threadIdx.x]] = x[threadIdx.x]; }
extern "C" void run(const int* to, const float* x, float* y) {
  int* dto;
  float *dx, *dy;
  cudaMalloc(&dto, 256 * sizeof(int));
  cudaMalloc(&dx, 256 * sizeof(float));
  cudaMalloc(&dy, 256 * sizeof(float));
  cudaMemcpy(dto, to, 256 * sizeof(int), cudaMemcpyHostToDevice);
  cudaMemcpy(dx, x, 256 * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemset(dy, 0, 256 * sizeof(float));
  k<<<1, 256>>>(dto, dx, dy);
  cudaMemcpy(y, dy, 256 * sizeof(float), cudaMemcpyDeviceToHost);
}
"""


def test_threads_that_collide_only_where_indices_repeat_are_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "scatter.cu"
    path.write_text(SCATTER)
    result = look(path)
    assert not result.findings
    assert [(f.code, f.line) for f in result.warnings] == [("XP2106", 2)]


CLUSTERS = """#include <bang.h>
#include <cnrt.h>
__mlu_entry__ void k(const float* x, float* y) {
  __mlu_shared__ float s[64];
  __nram__ float a[64];
  if (coreId == 0) { __memcpy(s, x + taskId * 64, 256, GDRAM2SRAM); }
  BARRIER
  __memcpy(a, s, 256, SRAM2NRAM);
  __memcpy(y + taskId * 64, a, 256, NRAM2GDRAM);
}
extern "C" void run(const float* x, float* y) {
  float *dx, *dy;
  cnrtMalloc((void**)&dx, 2048);
  cnrtMalloc((void**)&dy, 2048);
  cnrtMemcpy(dx, (void*)x, 2048, cnrtMemcpyHostToDev);
  cnrtQueue_t q;
  cnrtQueueCreate(&q);
  cnrtDim3_t dim = {8, 1, 1};
  k<<<dim, cnrtFuncTypeUnion1, q>>>(dx, dy);
  cnrtQueueSync(q);
  cnrtMemcpy(y, dy, 2048, cnrtMemcpyDevToHost);
  cnrtFree(dx);
  cnrtFree(dy);
}
"""


@pytest.mark.slow
@pytest.mark.parametrize(("barrier", "codes"), [("__sync_cluster();", set()), ("", {"XP2107"})])
def test_clusters_have_their_own_sram(tmp_path: Path, barrier: str, codes: set[str]) -> None:
    """Two clusters that write it at the same place do not race; two cores of one cluster do."""
    path = tmp_path / "clusters.mlu"
    path.write_text(CLUSTERS.replace("BARRIER", barrier))
    assert {f.code for f in look(path).findings} & {"XP2107"} == codes


def test_the_watched_run_computes_what_the_plain_one_does() -> None:
    path = HERE / "sound.cu"
    platform, text, program, _ = program_of(path, "", [], [], "", "", "", "")
    sig = signature(program, "")
    point = Point({}, sig.sizes({}), Domain.WIDE, {})
    plain, watched = (
        machine(text, platform, sig, file=path.name, watch=w).try_point(point, 0, Limits()) for w in (False, True)
    )
    assert plain.clean and watched.clean
    for name, value in plain.outputs.items():
        np.testing.assert_array_equal(value, watched.outputs[name])


# A kernel whose blocks have a race each, and one that none has; the blocks have plenty to do.
BUSY = """
__global__ void k(const float* x, float* y) {{
  __shared__ float tile[64];
  float sum = 0.0f;
  for (int j = 0; j < {work}; ++j) sum += x[(blockIdx.x * 64 + threadIdx.x + j) % {n}];
  tile[threadIdx.x] = sum;
  {barrier}
  y[blockIdx.x * 64 + threadIdx.x] = tile[63 - threadIdx.x];
}}
extern "C" void run(const float* x, float* y) {{
  float *dx, *dy;
  cudaMalloc(&dx, {n} * sizeof(float));
  cudaMalloc(&dy, {n} * sizeof(float));
  cudaMemcpy(dx, x, {n} * sizeof(float), cudaMemcpyHostToDevice);
  k<<<{n} / 64, 64>>>(dx, dy);
  cudaMemcpy(y, dy, {n} * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(dx);
  cudaFree(dy);
}}
"""


def shared_out(tmp_path: Path, share: int, barrier: str) -> tuple[Trial, Trial]:
    """A plain run and one that looks at a share, of 256 blocks."""
    path = tmp_path / "k.cu"
    path.write_text(BUSY.format(n=256 * 64, work=8, barrier=barrier))
    platform, text, program, _ = program_of(path, "", [], [], "", "", "", "")
    sig = signature(program)
    point = Point({}, {"x": 256 * 64, "y": 256 * 64}, Domain.WIDE)
    plain, watched = (machine(text, platform, sig, file="k.cu", watch=w) for w in (False, True))
    return plain.try_point(point, 0, Limits(20.0)), watched.try_point(point, 0, Limits(20.0), share)


@pytest.mark.parametrize("share", [1, 3, 16, 1000])
def test_looking_at_a_share_finds_what_every_block_does_and_blames_nothing_else(tmp_path: Path, share: int) -> None:
    for barrier, codes in (("", {"XP2105", "XP2106"}), ("__syncthreads();", set())):
        plain, watched = shared_out(tmp_path, share, barrier)
        assert watched.status == "ok" and {f.code for f in watched.noted} == codes
        # what blocks nobody looked at wrote is not taken for unset memory
        same = watched.outputs["y"].tobytes() == plain.outputs["y"].tobytes()
        assert watched.untouched == {} and same == bool(barrier)
        told = re.match(r"(\d+) of 256 blocks", watched.looked_at)
        assert (told is None) == (share == 1)
        if told:
            assert max(4, 256 / share / 3) <= int(told[1]) <= max(256 / share * 3, 80)


def test_a_write_outside_is_found_whoever_looks(tmp_path: Path) -> None:
    path = tmp_path / "k.cu"
    path.write_text(BUSY.format(n=256 * 64, work=1, barrier="__syncthreads();").replace(
        "  y[", "  if (blockIdx.x == 100) y[-1] = 0.0f;\n  y["))
    platform, text, program, _ = program_of(path, "", [], [], "", "", "", "")
    point = Point({}, {"x": 256 * 64, "y": 256 * 64}, Domain.WIDE)
    for share in (1, 1000):
        trial = machine(text, platform, signature(program), file="k.cu", watch=True).try_point(
            point, 0, Limits(20.0), share)
        assert {f.code for f in trial.found} <= {"XP2101", "XP2104"} and trial.found


def test_where_all_would_take_too_long_some_blocks_are_looked_at_and_the_result_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xpiler.verify.runs.sane.WATCHING", 1e6)  # as if looking were that slow
    path = tmp_path / "k.cu"
    path.write_text(BUSY.format(n=256 * 64, work=50, barrier="__syncthreads();"))
    platform, text, program, _ = program_of(path, "", [], [], "", "", "", "")
    result = sane(text, platform, program, file="k.cu", effort=Effort(limits=Limits(30.0)))
    assert not result.findings and isinstance(result.evidence.verdict, Proved)
    assert re.match(r"\d+ of 256 blocks", result.evidence.verdict.scope)
    assert any("of 256 blocks" in n for n in result.notes)


HIGHEST = """
__global__ void k(const float* x, float* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  float top;
  for (int j = 0; j < 32; ++j) top = fmaxf(top, x[i * 32 + j]);
  if (i < n) y[i] = top;
}
extern "C" void run(const float* x, float* y) {
  float *dx, *dy;
  cudaMalloc(&dx, 64 * 32 * 4); cudaMalloc(&dy, 64 * 4);
  cudaMemcpy(dx, x, 64 * 32 * 4, cudaMemcpyHostToDevice);
  k<<<2, 32>>>(dx, dy, 64);
  cudaMemcpy(y, dy, 64 * 4, cudaMemcpyDeviceToHost);
}
"""


def test_a_maximum_that_starts_at_nothing_in_particular_shows_below_zero(tmp_path: Path) -> None:
    path = tmp_path / "highest.cu"
    path.write_text(HIGHEST)
    assert [(f.code, f.line) for f in look(path).findings] == [("XP2105", 5)]
    path.write_text(HIGHEST.replace("float top;", "float top = x[i * 32];"))
    assert look(path).findings == ()


@pytest.mark.parametrize("size", [1, 2])
def test_an_array_whose_first_value_is_made_of_itself_was_not_set(size: int, tmp_path: Path) -> None:
    path = tmp_path / "highest.cu"
    text = HIGHEST.replace("float top;", "float top[SIZE];").replace("top = fmaxf(top,", "top[0] = fmaxf(top[0],")
    text = text.replace("= top;", "= top[0];").replace("SIZE", str(size))
    path.write_text(text)
    assert [(f.code, f.line) for f in look(path).findings] == [("XP2105", 5)]
    path.write_text(text.replace("  for", "  top[0] = x[i * 32];\n  for"))
    assert look(path).findings == ()


TEMPLATES = {
    "k.mlu": """
template <typename T, int N>
__mlu_global__ void twice(const T* x, T* y) {
  __nram__ T t[N];
  __memcpy(t, x + taskId * N, N * sizeof(T), GDRAM2NRAM);
  __bang_add(t, t, t, N);
  __memcpy(y + taskId * N, t, N * sizeof(T), NRAM2GDRAM);
}
extern "C" void run(const float* x, float* y) {
  cnrtQueue_t queue;
  cnrtQueueCreate(&queue);
  cnrtDim3_t dim = {4, 1, 1};
  twice<float, 64><<<dim, cnrtFuncTypeBlock, queue>>>(x, y);
  cnrtQueueSync(queue);
}
""",
    "k.cu": """
template <typename T, int N>
__device__ T total(T v) {
  __shared__ T part[N];
  part[threadIdx.x] = v;
  __syncthreads();
  T sum = 0;
  for (int i = 0; i < N; ++i) sum += part[i];
  return sum;
}
template <int N>
__global__ void sums(const float* x, float* y) { y[blockIdx.x * N + threadIdx.x] = total<float, N>(x[blockIdx.x * N + threadIdx.x]); }
extern "C" void run(const float* x, float* y) { sums<64><<<4, 64>>>(x, y); }
"""}


@pytest.mark.parametrize("name", TEMPLATES)
def test_arrays_of_templates_lie_in_their_spaces(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(TEMPLATES[name])
    assert not look(tmp_path / name).findings


@pytest.mark.parametrize(("name", "change", "code"), [
    ("k.mlu", ("float, 64>", "float, 4000000>"), "XP2122"),
    ("k.cu", ("<64><<<4, 64>>>", "<32000><<<4, 64>>>"), "XP2122"),
    ("k.cu", ("  __syncthreads();\n", ""), "XP2106"),
    ("k.cu", ("i < N; ++i) sum", "i < N + 1; ++i) sum"), "XP2102"),
])
def test_rules_of_spaces_hold_in_templates(name: str, change: tuple[str, str], code: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(TEMPLATES[name].replace(*change))
    assert code in {f.code for f in look(tmp_path / name).findings}
