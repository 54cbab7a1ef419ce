"""Hosts as people write them: what is made of them, and that running it gives what NumPy says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xpiler import platforms
from xpiler.emulate.entry import Limits
from xpiler.engine import Options, translate
from xpiler.fault import Fault
from xpiler.ir.nodes import Buffer, Launch, Launcher, Program
from xpiler.ir.walk import statements
from xpiler.text.read import read
from xpiler.verify.runs.inputs import Point
from xpiler.verify.signature import given_sizes, signature
from xpiler.verify.runs.trial import machine
from xpiler.verify.runs.whole import whole

HOSTS = Path(__file__).parent / "hosts"
Arrays = dict[str, Any]
RNG = np.random.default_rng(7)


def load(name: str, lenient: bool = False) -> tuple[str, Program]:
    path = HOSTS / name
    platform = platforms.of_file(path)
    assert platform is not None
    return path.read_text(), read(path.read_text(), platform, name, lenient=lenient)


def launcher(program: Program) -> Launcher:
    assert program.launcher is not None
    return program.launcher


def ran(name: str, given: Arrays, sizes: dict[str, int] | None = None, lenient: bool = False) -> Arrays:
    """The outputs of one run of a file's launcher."""
    text, program = load(name, lenient)
    platform = platforms.get(program.platform)
    program = given_sizes(program, sizes or {})
    sig = signature(program)
    made = machine(text + program.entry, platform, sig, file=name)
    scalars = {v.name: given[v.name] for v in sig.scalars}
    trial = made.run(Point(scalars, sig.sizes(scalars)), given, Limits())
    assert trial.clean, trial.complaint
    return dict(trial.outputs)


# ---------------------------------------------------------------- what is made of a host


MADE = {
    "vectoradd.cu": ("main_launcher", "h_A h_B h_C", "h_C"),
    "matmul_helper.cu": ("main_launcher", "h_A h_B h_C", "h_C"),
    "managed.cu": ("main_launcher", "h_x h_y", "h_y"),
    "containers.cu": ("main_launcher", "h_in h_out", "h_out"),
    "stencil_swap.cu": ("main_launcher", "FilesavingTemp FilesavingPower MatrixOut", "MatrixOut"),
    "constant_conv.cu": ("main_launcher", "h_Kernel h_Input h_Output", "h_Output"),
    "properties.cu": ("main_launcher", "h", "h"),
    "helpers.cu": ("main_launcher", "in out w", "out"),
    "square.hip": ("main_launcher", "A_h C_h", "C_h"),
    "struct_matmul.cu": ("main_launcher", "A_elements B_elements C_elements", "C_elements"),
    "add.mlu": ("main_launcher", "host_dst host_a host_b", "host_dst"),
    "old_names.mlu": ("MLURelu", "output input", "output"),
    "jacobi.cu": ("solve", "h_u n iters", "h_u"),
    "globals.cu": ("count_positive", "h_v n h_count h_total", "h_count h_total"),
    "wrapper.cu": ("launch_gelu", "d_y d_x n", "d_y"),
}


@pytest.mark.parametrize("name", MADE)
def test_a_launcher_is_made_of(name: str) -> None:
    made = launcher(load(name)[1])
    entry, params, written = MADE[name]
    assert (made.name, " ".join(p.name for p in made.params)) == (entry, params)
    assert " ".join(p.name for p in made.params if isinstance(p, Buffer) and not p.const) == written


def test_the_reader_says_what_it_left_out() -> None:
    _, program = load("vectoradd.cu")
    assert "made from main" in program.notes[0] and "main_launcher" in program.entry


def test_scalars_of_main_can_be_given() -> None:
    text = (HOSTS / "vectoradd.cu").read_text()
    program = read(text, platforms.get("cuda"), "k.cu", let={"numElements": 300})
    assert signature(program).sizes({}) == {"h_A": 300, "h_B": 300, "h_C": 300}


def test_what_the_host_does_between_copies_is_not_lost_silently() -> None:
    text = (
        "__global__ void k(float* x) { x[threadIdx.x] *= 2; }\n"
        "int main() {\n  float h[32]; float* d;\n  cudaMalloc(&d, sizeof(h));\n"
        "  cudaMemcpy(d, h, sizeof(h), cudaMemcpyHostToDevice);\n  k<<<1, 32>>>(d);\n"
        "  cudaMemcpy(h, d, sizeof(h), cudaMemcpyDeviceToHost);\n  for (int i = 0; i < 32; i++) h[i] += 1;\n"
        "  cudaMemcpy(d, h, sizeof(h), cudaMemcpyHostToDevice);\n  k<<<1, 32>>>(d);\n"
        "  cudaMemcpy(h, d, sizeof(h), cudaMemcpyDeviceToHost);\n}\n"
    )
    with pytest.raises(Fault, match="may change `h` between its copies") as caught:
        read(text, platforms.get("cuda"), "k.cu")
    assert (caught.value.code, caught.value.where.line) == ("XP1009", 8)


def test_a_loop_that_swaps_its_buffers_takes_turns() -> None:
    made = launcher(load("jacobi.cu")[1])
    kernels = [[a.buffer for a in s.args[:2]] for s in statements(made.body)  # type: ignore[union-attr]
               if isinstance(s, Launch) and s.kernel == "jacobi"]
    assert kernels == [["d_a", "d_b"], ["d_b", "d_a"]]


@pytest.mark.slow
def test_a_launcher_made_from_main_is_translated() -> None:
    text = (HOSTS / "vectoradd.cu").read_text()
    result = translate(text, platforms.get("cuda"), platforms.get("c"), file="v.cu", options=Options(seeds=1))
    assert result.confirmed and "void main_launcher(" in result.text and "made from main" in result.notes[0]


# ---------------------------------------------------------------- what running it gives


def jacobi(g: Arrays) -> Arrays:
    u = g["h_u"].copy()
    for _ in range(g["iters"]):
        v = u.copy()
        v[1:-1] = np.float32(0.5) * (u[:-2] + u[2:])
        u = v
    return {"h_u": u}


def poly(g: Arrays) -> Arrays:
    r = np.zeros_like(g["h_x"], np.float64)
    for k in range(7, -1, -1):
        r = r * g["h_x"] + g["h_coef"][k]
    return {"h_y": r + g["s"]}


def floats(n: int) -> Any:
    return RNG.uniform(-1, 1, n).astype(np.float32)


def ints(n: int, low: int = -50, high: int = 50) -> Any:
    return RNG.integers(low, high, n).astype(np.int32)


def nothing(n: int) -> Any:
    return np.full(n, np.nan, np.float32)


RUNS: dict[str, tuple[Callable[[], Arrays], Callable[[Arrays], Arrays]]] = {
    "jacobi.cu": (lambda: {"h_u": floats(70), "n": 70, "iters": 5}, jacobi),
    "constant_poly.cu": (
        lambda: {"h_coef": floats(8), "h_x": floats(33), "h_y": nothing(33), "n": 33, "s": 3}, poly),
    "lambdas.cu": (
        lambda: {"h_x": floats(70), "h_y": floats(70), "n": 70, "a": 0.5},
        lambda g: {"h_y": (g["h_y"] + 0.5 * g["h_x"]) ** 2}),
    "globals.cu": (
        lambda: {"h_v": ints(300), "n": 300, "h_count": ints(1), "h_total": nothing(1)},
        lambda g: {"h_count": (g["h_v"] > 0).sum(keepdims=True), "h_total": np.array([0.25])}),
    "concat.cu": (
        lambda: {"a": floats(20), "b": floats(13), "out": nothing(33), "copy": nothing(33), "n": 20, "m": 13},
        lambda g: {"out": 2 * np.concatenate([g["a"], g["b"]]), "copy": np.concatenate([g["a"], g["b"]])}),
    "late_copy.cu": (
        lambda: {"a": floats(40), "b": floats(40), "mid": nothing(40), "out": nothing(40), "n": 40},
        lambda g: {"mid": g["a"], "out": g["a"] + g["b"]}),
    "streams.cu": (
        lambda: {"a": floats(512), "n": 512},
        lambda g: {"a": g["a"] + np.sqrt((np.arange(512) % 7).astype(np.float32) ** 2 + 1)}),
    "scan.cu": (
        lambda: {"h_in": ints(100), "h_out": ints(100), "n": 100}, lambda g: {"h_out": np.cumsum(g["h_in"])}),
    "rows.cu": (
        lambda: {"in": floats(5 * 37), "out": nothing(5 * 37), "w": 37, "h": 5}, lambda g: {"out": g["in"] + 1}),
    "reduction.cu": (
        lambda: {"h_in": floats(1000), "h_out": nothing(1), "n": 1000},
        lambda g: {"h_out": g["h_in"].sum(keepdims=True, dtype=np.float64)}),
    "symbol_address.cu": (
        lambda: {"h_data": RNG.integers(0, 256, 400).astype(np.uint8), "h_hist": np.zeros(16, np.uint32), "n": 400},
        lambda g: {"h_hist": np.bincount(g["h_data"] & 15, minlength=16)}),
}
SLOW = {"rows.cu", "reduction.cu", "concat.cu", "scan.cu", "symbol_address.cu"}


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in RUNS])
def test_a_launcher_runs(name: str) -> None:
    make, expected = RUNS[name]
    given = make()
    found = ran(name, given)
    for array, values in expected(given).items():
        np.testing.assert_allclose(found[array].astype(np.float64), values.astype(np.float64), rtol=2e-5, atol=2e-5)


def test_a_launcher_made_from_main_runs_the_kernels_of_the_text() -> None:
    given = {"h_Kernel": floats(9), "h_Input": floats(192 * 16), "h_Output": nothing(192 * 16)}
    found = ran("constant_conv.cu", given)["h_Output"].reshape(16, 192)
    padded = np.pad(given["h_Input"].reshape(16, 192), ((0, 0), (4, 4)))
    want = sum(given["h_Kernel"][8 - j] * padded[:, j:j + 192] for j in range(9))
    np.testing.assert_allclose(found, want, atol=1e-5)


def test_a_launcher_made_from_main_gives_kernels_their_dynamic_memory() -> None:
    text = (
        "__global__ void turned(const float* x, float* y) {\n  extern __shared__ float s[];\n"
        "  s[threadIdx.x * STEP] = x[threadIdx.x];\n  __syncthreads();\n"
        "  y[threadIdx.x] = s[(31 - threadIdx.x) * STEP];\n}\n"
        "int main() {\n  float h_x[32], h_y[32], *x, *y;\n  const int bytes = 32 * STEP * sizeof(float);\n"
        "  cudaMalloc(&x, sizeof(h_x));\n  cudaMalloc(&y, sizeof(h_y));\n"
        "  cudaMemcpy(x, h_x, sizeof(h_x), cudaMemcpyHostToDevice);\n"
        "  cudaFuncSetAttribute(turned, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);\n"
        "  turned<<<1, 32, bytes>>>(x, y);\n"
        "  cudaMemcpy(h_y, y, sizeof(h_y), cudaMemcpyDeviceToHost);\n}\n"
    )
    for step in (1, 512):
        made = read(f"#define STEP {step}\n{text}", platforms.get("cuda")).entry
        assert f"<<<1, 32, {128 * step}>>>" in made


def test_device_pointers_stay_device_pointers() -> None:
    x = floats(6 * 8)
    given = {"d_y": nothing(48), "d_x": x, "d_sums": nothing(6), "rows": 6, "cols": 8}
    found = ran("wrapper_fill.cu", given, {"d_y": 48, "d_x": 48, "d_sums": 6})
    sums = x.reshape(6, 8).sum(1)
    np.testing.assert_allclose(found["d_sums"], sums, atol=1e-5)
    np.testing.assert_allclose(found["d_y"], (x.reshape(6, 8) / (abs(sums) + 1)[:, None]).ravel(), atol=1e-5)


def test_a_kernel_that_cannot_be_read_runs_as_it_is() -> None:
    with pytest.raises(Fault):
        load("recursive_body.cu")
    x = floats(50)
    found = ran("recursive_body.cu", {"x": x, "y": nothing(50), "n": 50}, lenient=True)
    np.testing.assert_allclose(found["y"], x * np.array([1, 1, 2, 6, 24])[np.arange(50) % 5], rtol=1e-6)


# ---------------------------------------------------------------- main as it is


@pytest.mark.parametrize(
    ("name", "said"),
    [("vectoradd.cu", "Test PASSED"), ("flag_loop.cu", "levels 64 last 35"),
     pytest.param("containers.cu", "PASS", marks=pytest.mark.slow),
     pytest.param("matmul_helper.cu", "Result = PASS", marks=pytest.mark.slow),
     pytest.param("add.mlu", "PASSED", marks=pytest.mark.slow)],
)
def test_main_runs_as_it_is(name: str, said: str) -> None:
    platform = platforms.of_file(HOSTS / name)
    assert platform is not None
    done = whole((HOSTS / name).read_text(), platform, file=name)
    assert done.clean and said in done.stdout


def test_the_exit_status_and_findings_of_main_are_told() -> None:
    text = (
        "#include <cstdlib>\n__global__ void k(float* x) { x[threadIdx.x] = 1; }\n"
        "int main() { float* d; cudaMalloc(&d, 16 * 4); k<<<1, COUNT>>>(d); exit(3); }\n"
    )
    good = whole(text.replace("COUNT", "16"), platforms.get("cuda"), file="k.cu")
    assert (good.code, good.findings) == (3, ())
    bad = whole(text.replace("COUNT", "64"), platforms.get("cuda"), file="k.cu")
    assert bad.code is None and [f.line for f in bad.findings] == [2]


def test_a_lambda_that_refers_to_variables_is_not_passed_to_a_kernel() -> None:
    path = HOSTS / "lambdas.cu"
    text = path.read_text().replace("[=] __device__", "[&] __device__")
    with pytest.raises(Fault, match="captures more than copies"):
        read(text, platforms.get("cuda"), str(path))
