"""What is wrong only where a loop goes round again, or a choice goes the other way, is found."""

from __future__ import annotations

import pytest

from xpiler import platforms
from xpiler.text.read import read
from xpiler.verify.confirm import confirm
from xpiler.verify.ladder import Level
from xpiler.verify.runs.observe import Effort
from xpiler.verify.runs.probes import probes
from xpiler.verify.signature import signature
from xpiler.verify.verdict import confirmed, refuted

CUDA = platforms.get("cuda")


def text(body: str, launch: str = "<<<16, 64>>>", guard: str = "") -> str:
    return f"""
__global__ void k(const float* x, float* y, int n) {{ {body} }}
extern "C" void entry(const float* x, float* y, int n) {{
  float *dx, *dy;
  cudaMalloc(&dx, n * sizeof(float));
  cudaMalloc(&dy, n * sizeof(float));
  cudaMemcpy(dx, x, n * sizeof(float), cudaMemcpyHostToDevice);
  {guard} k{launch}(dx, dy, n);
  cudaMemcpy(y, dy, n * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(dx);
  cudaFree(dy);
}}
"""


SOURCE = text("int i = blockIdx.x * 64 + threadIdx.x; if (i < n) y[i] = 2.0f * x[i];", "<<<(n + 63) / 64, 64>>>")
CHUNKS = """
  for (int c = blockIdx.x; c * 4096 < n; c += {step}) {{
    int count = min(4096, n - c * 4096);
    for (int j = threadIdx.x; j < count; j += 64) y[c * 4096 + j] = 2.0f * x[c * 4096 + j];
  }}
"""
FAR = "for (int i = blockIdx.x * 64 + threadIdx.x; i < n; i += 1024) y[i] = (n > 100000 ? 3.0f : 2.0f) * x[i];"
ONCE = "int i = blockIdx.x * 64 + threadIdx.x; if (n > 9000) i += 0; if (i < n && i < 8192) y[i] = 2.0f * x[i];"


def judged(target: str) -> bool:
    program = read(SOURCE, CUDA, "k.cu")
    found = confirm(SOURCE, CUDA, target, CUDA, program, effort=Effort(seeds=1, level=0), level=Level.TESTS)
    assert confirmed(found) is not bool(refuted(found))
    return confirmed(found)


@pytest.mark.slow
@pytest.mark.parametrize("body", [CHUNKS.format(step=16), FAR.replace("3.0f", "2.0f")])
def test_what_is_right_at_every_size_is_confirmed(body: str) -> None:
    assert judged(text(body))


@pytest.mark.slow
@pytest.mark.parametrize("body", [CHUNKS.format(step=32), FAR, ONCE])
def test_what_is_wrong_beyond_the_usual_sizes_is_refuted(body: str) -> None:
    assert not judged(text(body, "<<<(n + 63) / 64, 64>>>" if body is ONCE else "<<<16, 64>>>"))


def test_a_choice_of_the_host_is_seen() -> None:
    assert not judged(text("int i = blockIdx.x * 64 + threadIdx.x; if (i < n) y[i] = 2.0f * x[i];",
                           "<<<(n + 63) / 64, 64>>>", "if (n < 40000)"))


def test_nothing_is_added_where_nothing_is_free_or_new() -> None:
    program = read(SOURCE, CUDA, "k.cu")
    sig, names = signature(program), {"x": "x", "y": "y", "n": "n"}
    assert probes(sig, ((program, names),), [{"n": 7}], {"n": 7}) == ()
    assert probes(sig, ((program, names),), [], {}) == ()
    more = probes(sig, ((program, names),), [{"n": 64}], {})
    again = probes(sig, ((program, names),), [{"n": 64}, *(scalars for scalars, _ in more)], {})
    assert more and again == ()


@pytest.mark.parametrize("guard", ["if (n == 100)", "if (n > 4999 && n < 5002)"])
def test_sizes_that_a_text_names_are_tried(guard: str) -> None:
    wrong = text(f"int i = blockIdx.x * 64 + threadIdx.x; {guard} i += 1; if (i < n) y[i] = 2.0f * x[i];",
                 "<<<(n + 63) / 64, 64>>>")
    assert not judged(wrong)


@pytest.mark.parametrize("steps", ["for (; j + 47 <= n; j += 48)", "for (int j = 0; j < n; j += 48)"])
def test_a_size_that_lacks_one_of_a_whole_step_is_tried(steps: str) -> None:
    program = read(text(f"int j = 0; {steps} y[j] = x[j]; for (; j < n; ++j) y[j] = x[j];"), CUDA, "k.cu")
    tried = [{"n": n} for n in (1024, 997, 31, 1, 65, 4097)]
    more = probes(signature(program), ((program, {"x": "x", "y": "y", "n": "n"}),), tried, {})
    assert any(scalars["n"] % 48 == 47 for scalars, _ in more)


@pytest.mark.slow
def test_a_grid_that_stops_growing_is_followed_that_far() -> None:
    body = "int i = blockIdx.x * 64 + threadIdx.x; if (i < n) y[i] = 2.0f * x[i];"
    assert not judged(text(body, "<<<min((n + 63) / 64, 32768), 64>>>"))


@pytest.mark.parametrize(("body", "launch"), [
    ("for (int i = threadIdx.x; i < n; i += 64) y[i] = 2.0f * x[i / 7001 * 7001 + i % 7001 * (i < 7001)];", "1"),
    ("int i = blockIdx.x * 64 + threadIdx.x; if (i < (n < 4200 ? n : 4200)) y[i] = 2.0f * x[i];", "(n + 63) / 64"),
    ("unsigned short i = blockIdx.x * 64 + threadIdx.x; if (i < n) y[i] = 2.0f * x[i];", "(n + 63) / 64"),
], ids=["quotient", "choice", "narrow"])
def test_quotients_and_choices_of_sizes_go_further(body: str, launch: str) -> None:
    assert not judged(text(body, f"<<<{launch}, 64>>>"))


@pytest.mark.parametrize(("choice", "name", "value"), [
    ("flag ? x[i] : 0.0f", "flag", 0), ("flag < 0 ? x[i] : 0.0f", "flag", -1), ("a == 0.0f ? x[i] : 0.0f", "a", 0.0),
    ("a > 2.5f ? x[i] : 0.0f", "a", 2.5),
])
def test_scalars_that_choose_take_what_they_are_compared_with(choice: str, name: str, value: float) -> None:
    chosen = text(f"int i = blockIdx.x * 64 + threadIdx.x; if (i < n) y[i] = {choice};")
    chosen = chosen.replace("int n", "int n, int flag, float a").replace("dy, n)", "dy, n, flag, a)")
    program = read(chosen, CUDA, "k.cu")
    names = {v: v for v in ("x", "y", "n", "flag", "a")}
    tried = [{"n": n, "flag": n, "a": 0.75} for n in (64, 31, 1, 2)]
    more = probes(signature(program), ((program, names),), tried, {})
    assert any(scalars[name] == value for scalars, _ in more)
